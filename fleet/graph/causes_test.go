package graph_test

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"testing/quick"

	"github.com/midwatch-cli/midwatch/fleet/graph"
)

// facts reads a letter a node: . well, w unwell, f failing; "f>2" accuses node 2.
func facts(text string) []graph.Facts {
	var all []graph.Facts
	for _, word := range strings.Fields(text) {
		var f graph.Facts
		f.Unwell, f.Failing = word[0] != '.', word[0] == 'f'
		for _, name := range strings.Split(word, ">")[1:] {
			f.Accuses = append(f.Accuses, int(name[0]-'0'))
		}
		all = append(all, f)
	}
	return all
}

func TestCauses(t *testing.T) {
	chain := [][]int{{1}, {2}, nil} // 0 depends on 1, 1 on 2
	for _, tt := range []struct {
		name  string
		deps  [][]int
		facts string
		want  string // causes, then who waits for which of them
	}{
		{"nothing", nil, "", "[] []"},
		{"all well", chain, ". . .", "[] [[] [] []]"},
		{"the last fails", chain, ". . f", "[{[2] [1 0]}] [[0] [0] []]"},
		{"the last is unwell", chain, ". . w", "[{[2] []}] [[] [] []]"},
		{"the middle fails", chain, ". f .", "[{[1] [0]}] [[0] [] []]"},
		{"unwell behind failing", chain, "w w f", "[{[2] [1 0]}] [[0] [0] []]"},
		{"unwell behind unwell", chain, "w w w", "[{[0] []} {[1] []} {[2] []}] [[] [] []]"},
		{"failing behind failing", chain, ". f f", "[{[1] [0]} {[2] []}] [[0 1] [] []]"},
		{"failing behind failing, which it accuses", chain, ". f>2 f", "[{[2] [1 0]}] [[0] [0] []]"},
		{"accusing what is well", chain, ". f>0 f", "[{[1] [0]} {[2] []}] [[0 1] [] []]"},
		{"accusing itself", chain, ". f>1 f", "[{[1] [0]} {[2] []}] [[0 1] [] []]"},
		{"accusing what only waits", chain, "f>1 . f", "[{[2] [1 0]}] [[0] [0] []]"},
		{"accusing what is far", chain, "f>2 . f", "[{[2] [1 0]}] [[0] [0] []]"},
		{"accusing what only is unwell", chain, ". f>2 w", "[{[1] [0]} {[2] []}] [[0] [] []]"},
		{"a cycle", [][]int{{1}, {0}, {1}}, ". f .", "[{[0 1] [2]}] [[] [] [0]]"},
		{"a cycle accusing within", [][]int{{1}, {0}}, "f>1 f>0", "[{[0 1] []}] [[] []]"},
		{"a cycle behind", [][]int{{1}, {0, 2}, nil}, ". . f", "[{[2] [1 0]}] [[0] [0] []]"},
		{"two roots, one nearer", [][]int{{1, 2}, nil, {3}, nil}, ". f . f", "[{[1] [0]} {[3] [2]}] [[0 1] [] [1] []]"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			causes, waits := graph.Causes(tt.deps, facts(tt.facts))
			if got := fmt.Sprint(causes, waits); got != tt.want {
				t.Errorf("got  %s\nwant %s", got, tt.want)
			}
		})
	}
}

// TestCausesAreComplete: on any graph whatever is unwell is a member or a victim
// of one cause and of one only, and whoever can reach what fails is too.
func TestCausesAreComplete(t *testing.T) {
	property := func(seed uint64) bool {
		deps := random(seed)
		rng := rand.New(rand.NewPCG(seed, 4))
		all := make([]graph.Facts, len(deps))
		for v := range all {
			all[v].Unwell = rng.IntN(2) == 0
			all[v].Failing = all[v].Unwell && rng.IntN(2) == 0
			all[v].Accuses = []int{rng.IntN(len(deps))}
		}
		causes, waits := graph.Causes(deps, all)
		listed := make([]int, len(deps))
		for _, c := range causes {
			for _, v := range append(c.Members, c.Victims...) {
				listed[v]++
			}
		}
		for v := range deps {
			far := graph.Distances([]int{v}, deps)
			reaches := false
			for w := range deps {
				reaches = reaches || far[w] > 0 && all[w].Failing
			}
			if listed[v] > 1 || (all[v].Unwell || reaches) && listed[v] == 0 {
				t.Logf("%v %+v: %d is listed %d times", deps, all, v, listed[v])
				return false
			}
			if len(waits[v]) > 0 && listed[v] == 0 {
				return false
			}
		}
		return true
	}
	if err := quick.Check(property, &quick.Config{MaxCount: 3000}); err != nil {
		t.Error(err)
	}
}
