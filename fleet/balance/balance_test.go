package balance_test

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/midwatch-cli/midwatch/fleet"
	"github.com/midwatch-cli/midwatch/fleet/balance"
	"github.com/midwatch-cli/midwatch/probe"
)

func view(id string, st fleet.Status, zone string, weight int, took time.Duration) fleet.InstanceView {
	return fleet.InstanceView{
		Key: fleet.Key{Instance: id}, Instance: fleet.Instance{ID: id, Zone: zone, Weight: weight},
		Status: st, Probes: []probe.Result{{Took: took}},
	}
}

func ids(in []*fleet.InstanceView) []string {
	out := []string{}
	for _, v := range in {
		out = append(out, v.ID)
	}
	return out
}

func seeded(n uint64) *rand.Rand { return rand.New(rand.NewPCG(n, n)) }

func TestOnlyWhatIsUp(t *testing.T) {
	in := []fleet.InstanceView{
		view("down", fleet.Down, "", 0, 1), view("unknown", fleet.Unknown, "", 0, 1), view("draining", fleet.Maintenance, "", 0, 1),
		view("slow", fleet.Degraded, "", 0, 1), view("up", fleet.Up, "", 0, 9),
	}
	for _, p := range balance.Policies() {
		policy, err := balance.Parse(p)
		if err != nil {
			t.Fatal(err)
		}
		if got := ids(balance.Order(in, balance.Options{Policy: policy, Rand: seeded(1)})); !slices.Equal(got, []string{"up"}) {
			t.Errorf("%s chose %v, want only what is up", p, got)
		}
		if got := balance.Order(in[:4], balance.Options{Policy: policy, Rand: seeded(1)}); len(got) != 0 {
			t.Errorf("%s chose %v where nothing is up", p, ids(got))
		}
	}
}

func TestRoundRobin(t *testing.T) {
	in := []fleet.InstanceView{view("c", fleet.Up, "", 0, 1), view("a", fleet.Up, "", 0, 1), view("b", fleet.Up, "", 0, 1)}
	for cursor, want := range map[string][]string{
		"":   {"a", "b", "c"},
		"a":  {"b", "c", "a"},
		"b":  {"c", "a", "b"},
		"c":  {"a", "b", "c"},
		"bb": {"c", "a", "b"}, // gone since: the one after its place
		"z":  {"a", "b", "c"},
	} {
		if got := ids(balance.Order(in, balance.Options{Policy: balance.RoundRobin, Cursor: cursor})); !slices.Equal(got, want) {
			t.Errorf("after %q: %v, want %v", cursor, got, want)
		}
	}
}

func TestLeastLatency(t *testing.T) {
	in := []fleet.InstanceView{view("a", fleet.Up, "", 0, 30), view("b", fleet.Up, "", 0, 10), view("c", fleet.Up, "", 0, 20)}
	in = append(in, fleet.InstanceView{Instance: fleet.Instance{ID: "unasked"}, Status: fleet.Up})
	if got := ids(balance.Order(in, balance.Options{Policy: balance.LeastLatency})); !slices.Equal(got, []string{"b", "c", "a", "unasked"}) {
		t.Errorf("got %v", got)
	}
}

func TestTwoChoicesNeverTakesTheSlowest(t *testing.T) {
	in := []fleet.InstanceView{view("a", fleet.Up, "", 0, 30), view("b", fleet.Up, "", 0, 10), view("c", fleet.Up, "", 0, 20)}
	first := map[string]int{}
	for seed := range uint64(600) {
		first[balance.Order(in, balance.Options{Policy: balance.TwoChoices, Rand: seeded(seed)})[0].ID]++
	}
	// b wins whenever it is one of the two (2 of 3), c when the pair is a and c.
	if first["a"] != 0 || first["b"] < 340 || first["c"] < 140 {
		t.Errorf("chosen: %v", first)
	}
}

func TestWeighted(t *testing.T) {
	in := []fleet.InstanceView{view("heavy", fleet.Up, "", 9, 0), view("light", fleet.Up, "", 0, 0)}
	first := map[string]int{}
	for seed := range uint64(1000) {
		order := balance.Order(in, balance.Options{Policy: balance.Weighted, Rand: seeded(seed)})
		if len(order) != 2 {
			t.Fatalf("order of %d", len(order))
		}
		first[order[0].ID]++
	}
	if first["heavy"] < 850 || first["light"] < 50 {
		t.Errorf("9 to 1 came out as %v", first)
	}
}

func TestZoneFirst(t *testing.T) {
	in := []fleet.InstanceView{view("a", fleet.Up, "x", 0, 1), view("b", fleet.Up, "y", 0, 5), view("c", fleet.Up, "y", 0, 3), view("d", fleet.Down, "z", 0, 1)}
	for zone, want := range map[string][]string{
		"y": {"c", "b", "a"},
		"x": {"a", "c", "b"},
		"z": {"a", "c", "b"}, // nothing up there: the others
		"":  {"a", "c", "b"},
	} {
		if got := ids(balance.Order(in, balance.Options{Policy: balance.LeastLatency, Zone: zone})); !slices.Equal(got, want) {
			t.Errorf("zone %q: %v, want %v", zone, got, want)
		}
	}
}

func TestSameSeedSameOrder(t *testing.T) {
	var in []fleet.InstanceView
	for _, id := range []string{"a", "b", "c", "d", "e"} {
		in = append(in, view(id, fleet.Up, "", 1, 1))
	}
	for _, p := range []balance.Policy{balance.Random, balance.TwoChoices, balance.Weighted} {
		one := ids(balance.Order(in, balance.Options{Policy: p, Rand: seeded(7)}))
		two := ids(balance.Order(in, balance.Options{Policy: p, Rand: seeded(7)}))
		if !slices.Equal(one, two) {
			t.Errorf("%s: %v and %v from the same seed", p, one, two)
		}
	}
}

func TestParseRefuses(t *testing.T) {
	if _, err := balance.Parse("fastest"); err == nil {
		t.Error("took an unknown policy")
	}
}

// TestWeightsOfAnySize: a registry holds what anybody wrote. The sum of great
// weights once overflowed, and choosing panicked.
func TestWeightsOfAnySize(t *testing.T) {
	in := []fleet.InstanceView{
		view("a", fleet.Up, "", math.MaxInt, 0), view("b", fleet.Up, "", math.MaxInt, 0), view("c", fleet.Up, "", math.MinInt, 0), view("d", fleet.Up, "", -5, 0),
	}
	first := map[string]int{}
	for seed := range uint64(200) {
		order := ids(balance.Order(in, balance.Options{Policy: balance.Weighted, Rand: seeded(seed)}))
		if len(order) != 4 {
			t.Fatalf("order of %v", order)
		}
		first[order[0]]++
		if slices.Sort(order); !slices.Equal(order, []string{"a", "b", "c", "d"}) {
			t.Fatalf("order of %v", order)
		}
	}
	if first["a"] < 70 || first["b"] < 70 || first["c"]+first["d"] > 0 {
		t.Errorf("two great weights beside two of none: %v", first)
	}
}

// TestRoundRobinGoesRound: the choice as the next cursor visits everyone in turn,
// also when one goes and one comes meanwhile.
func TestRoundRobinGoesRound(t *testing.T) {
	in := []fleet.InstanceView{view("a", fleet.Up, "", 0, 1), view("b", fleet.Up, "", 0, 1), view("c", fleet.Up, "", 0, 1)}
	cursor, visited := "", []string{}
	next := func() {
		cursor = balance.Order(in, balance.Options{Policy: balance.RoundRobin, Cursor: cursor})[0].ID
		visited = append(visited, cursor)
	}
	for range 4 {
		next()
	}
	in[1].Status = fleet.Down // b, whose turn it is
	next()
	in = append(in, view("ca", fleet.Up, "", 0, 1))
	for range 3 {
		next()
	}
	if want := []string{"a", "b", "c", "a", "c", "ca", "a", "c"}; !slices.Equal(visited, want) {
		t.Errorf("visited %v, want %v", visited, want)
	}
}
