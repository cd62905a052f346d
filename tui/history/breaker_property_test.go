package history_test

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/midwatch-cli/midwatch/fleet"
	"github.com/midwatch-cli/midwatch/probe"
	"github.com/midwatch-cli/midwatch/tui/history"
)

// switches are passes in which breakers go from state to state, could not be read,
// or come and go, and in some of which their instance is not there.
func switches(r *rand.Rand, n int) []*fleet.Snapshot {
	all := make([]*fleet.Snapshot, n)
	states := map[string]fleet.BreakerState{}
	for i := range all {
		var told []string
		for _, name := range []string{"a", "b", "c"} {
			if r.IntN(5) == 0 {
				states[name] = fleet.BreakerStates()[1+r.IntN(6)]
			}
			if state, ok := states[name]; ok && r.IntN(8) > 0 {
				told = append(told, name+"="+state.String())
			}
		}
		r.Shuffle(len(told), func(x, y int) { told[x], told[y] = told[y], told[x] })
		all[i] = switched(i, told...)
		in := &all[i].Services[0].Instances[0]
		switch r.IntN(12) {
		case 0:
			in.Breakers, in.BreakersWhy = nil, fleet.Why{Reason: probe.ReasonTimeout}
		case 1:
			all[i] = pass(i, "other", fleet.Up, 1)
		}
	}
	return all
}

// model is what a breaker was in at each of some passes, told by hand: a letter
// each, a point where nothing is known.
func model(world []*fleet.Snapshot, name string) (letters []string) {
	known := false
	for _, s := range world {
		in := &s.Services[0].Instances[0]
		letter := "."
		if in.Name == "pay" {
			state, told := fleet.BreakerUnknown, false
			for _, b := range in.Breakers {
				if b.Name == name {
					state, told = b.State, true
				}
			}
			if known = known || told; known {
				letter = state.String()[:1]
			}
		}
		letters = append(letters, letter)
	}
	return letters
}

// TestSpellsAreWhatWasSeen: over any passes the spells are those that a plain
// reading of the snapshots gives, as far as both are remembered.
func TestSpellsAreWhatWasSeen(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 4))
	for round := range 200 {
		world := switches(r, 2+r.IntN(40))
		var h history.History
		for _, s := range world {
			h.Add(s)
		}
		l := h.Life(key("pay"))
		if l == nil {
			continue
		}
		for _, name := range []string{"a", "b", "c"} {
			if len(l.Breaker(name)) == history.Changes {
				continue // what was before those is forgotten
			}
			want := strings.Join(model(world, name), "")
			if got := strip(l, name, len(world)); got != want {
				t.Fatalf("round %d, %s:\n got %s\nwant %s", round, name, got, want)
			}
		}
	}
}

// TestChangesAreChanges: each is another state than the one before, and later.
func TestChangesAreChanges(t *testing.T) {
	r := rand.New(rand.NewPCG(5, 6))
	for range 50 {
		var h history.History
		for _, s := range switches(r, 100) {
			h.Add(s)
		}
		for _, name := range []string{"a", "b", "c"} {
			changes := h.Life(key("pay")).Breaker(name)
			for i := 1; i < len(changes); i++ {
				if changes[i].State == changes[i-1].State || !changes[i].At.After(changes[i-1].At) {
					t.Fatalf("%s: %+v is followed by %+v", name, changes[i-1], changes[i])
				}
			}
		}
	}
}

// TestSlices: a slice has the worst of its passes, and all passes are in one.
func TestSlices(t *testing.T) {
	r := rand.New(rand.NewPCG(7, 8))
	for range 50 {
		n := 2 + r.IntN(history.Kept-2)
		var h history.History
		for _, s := range switches(r, n) {
			h.Add(s)
		}
		l := h.Life(key("pay"))
		if l == nil {
			continue
		}
		each := l.Spells("a", n)
		for _, many := range []int{1, 2, min(3, n), n / 2, n - 1, n} {
			all, worst := l.Spells("a", many), make([]history.Spell, many)
			for i, s := range each {
				if w := &worst[i*many/n]; s.Known && (!w.Known || s.State.Rank() > w.State.Rank()) {
					*w = s
				}
			}
			if got, want := fmt.Sprint(all), fmt.Sprint(worst); got != want {
				t.Fatalf("%d passes in %d slices:\n got %s\nwant %s", n, many, got, want)
			}
		}
	}
}

// TestBackAndOn: who goes back in time and on from there knows what one knows who
// came straight.
func TestBackAndOn(t *testing.T) {
	r := rand.New(rand.NewPCG(9, 10))
	for round := range 100 {
		world := switches(r, 20)
		var turned, straight history.History
		for _, s := range world {
			turned.Add(s)
		}
		stop := 1 + r.IntN(18)
		for _, s := range world[stop:] {
			turned.Add(s) // the first is older than the last that was seen
		}
		for _, s := range world {
			straight.Add(s)
		}
		for _, name := range []string{"a", "b", "c"} {
			a, b := turned.Life(key("pay")), straight.Life(key("pay"))
			if a == nil || b == nil || len(b.Breaker(name)) == history.Changes {
				continue
			}
			if got, want := did(a, name)+" "+strip(a, name, 20), did(b, name)+" "+strip(b, name, 20); got != want {
				t.Fatalf("round %d, back to %d, %s:\n got %s\nwant %s", round, stop, name, got, want)
			}
		}
	}
}
