package graph_test

import (
	"math/rand/v2"
	"reflect"
	"slices"
	"testing"
	"testing/quick"

	"github.com/midwatch-cli/midwatch/fleet/graph"
)

func TestComponents(t *testing.T) {
	for _, tt := range []struct {
		name  string
		edges [][]int
		want  [][]int
	}{
		{"nothing", nil, nil},
		{"one", [][]int{nil}, [][]int{{0}}},
		{"one that points at itself", [][]int{{0}}, [][]int{{0}}},
		{"a chain: what is reached comes first", [][]int{{1}, {2}, nil}, [][]int{{2}, {1}, {0}}},
		{"a pair", [][]int{{1}, {0}}, [][]int{{0, 1}}},
		{"a pair above a pair", [][]int{{1, 2}, {0}, {3}, {2}}, [][]int{{2, 3}, {0, 1}}},
		{"a cycle of three and one who calls it", [][]int{{1}, {2}, {0}, {0}}, [][]int{{0, 1, 2}, {3}}},
		{"apart", [][]int{nil, nil}, [][]int{{0}, {1}}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got, of := graph.Components(tt.edges)
			if !reflect.DeepEqual(got, tt.want) {
				t.Errorf("components %v, want %v", got, tt.want)
			}
			for c, members := range got {
				for _, v := range members {
					if of[v] != c {
						t.Errorf("of[%d] = %d, want %d", v, of[v], c)
					}
				}
			}
		})
	}
}

func TestDistances(t *testing.T) {
	edges := [][]int{{1}, {2}, {0}, {2, 4}, nil}
	for _, tt := range []struct {
		from, want []int
	}{
		{nil, []int{-1, -1, -1, -1, -1}},
		{[]int{0}, []int{0, 1, 2, -1, -1}},
		{[]int{3}, []int{2, 3, 1, 0, 1}},
		{[]int{3, 0}, []int{0, 1, 1, 0, 1}},
	} {
		if got := graph.Distances(tt.from, edges); !slices.Equal(got, tt.want) {
			t.Errorf("from %v: %v, want %v", tt.from, got, tt.want)
		}
	}
}

// random makes a graph out of a seed.
func random(seed uint64) [][]int {
	rng := rand.New(rand.NewPCG(seed, 1))
	n := 1 + rng.IntN(12)
	edges := make([][]int, n)
	for v := range edges {
		for range rng.IntN(4) {
			edges[v] = append(edges[v], rng.IntN(n))
		}
	}
	return edges
}

// TestComponentsAreMutualReach checks the definition on random graphs: two
// nodes share a component if and only if each reaches the other, and whatever a
// component reaches comes before it.
func TestComponentsAreMutualReach(t *testing.T) {
	property := func(seed uint64) bool {
		edges := random(seed)
		_, of := graph.Components(edges)
		reach := make([][]int, len(edges))
		for v := range edges {
			reach[v] = graph.Distances([]int{v}, edges)
		}
		for v := range edges {
			for w := range edges {
				if (of[v] == of[w]) != (reach[v][w] >= 0 && reach[w][v] >= 0) {
					t.Logf("edges %v: %d and %d", edges, v, w)
					return false
				}
				if reach[v][w] >= 0 && of[w] > of[v] {
					t.Logf("edges %v: %d reaches %d, which comes later", edges, v, w)
					return false
				}
			}
		}
		return true
	}
	if err := quick.Check(property, &quick.Config{MaxCount: 2000}); err != nil {
		t.Error(err)
	}
}

// TestComponentsOfALongChain stays within the stack.
func TestComponentsOfALongChain(t *testing.T) {
	edges := make([][]int, 50_000)
	for v := range len(edges) - 1 {
		edges[v] = []int{v + 1}
	}
	if got, _ := graph.Components(edges); len(got) != len(edges) {
		t.Errorf("%d components, want %d", len(got), len(edges))
	}
}
