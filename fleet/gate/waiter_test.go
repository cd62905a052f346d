package gate_test

import (
	"context"
	"math"
	"slices"
	"testing"
	"time"

	"github.com/midwatch-cli/midwatch/fleet"
	"github.com/midwatch-cli/midwatch/fleet/gate"
)

// TestWhatAGlobMetIsRemembered: without a name that was given, what has been
// seen is what can be gone. A waiter that forgot it waited for ever.
func TestWhatAGlobMetIsRemembered(t *testing.T) {
	for _, c := range []struct {
		name  string
		word  string
		snaps []*fleet.Snapshot
		want  gate.Outcome
		text  string
	}{
		{"gone", "gone", []*fleet.Snapshot{snap("a up"), snap()}, gate.Passed, "a: gone"},
		{"one of two is gone", "gone", []*fleet.Snapshot{snap("a up", "b up"), snap("b up")}, gate.Failed, "b: 1 still registered; a: gone"},
		{"one after the other", "gone", []*fleet.Snapshot{snap("a up", "b up"), snap("b up"), snap()}, gate.Passed, "a: gone; b: gone"},
		{"came later and went", "gone", []*fleet.Snapshot{snap(), snap("a up"), snap()}, gate.Passed, "a: gone"},
		{"back again", "gone", []*fleet.Snapshot{snap("a up"), snap(), snap("a up")}, gate.Failed, "a: 1 still registered"},
		{"never there", "gone", []*fleet.Snapshot{snap(), snap()}, gate.Unknown, "no service matches yet"},
		{"known but empty was never there", "gone", []*fleet.Snapshot{snap("a"), snap()}, gate.Unknown, "no service matches yet"},
		{"drained, then taken away", "drained", []*fleet.Snapshot{snap("a maintenance"), snap()}, gate.Passed, "a: gone"},
		{"counted down to none", "count=0", []*fleet.Snapshot{snap("a up up"), snap()}, gate.Passed, "a: 0 of 0 instances"},
		{"up again is as many services as at the start", "up", []*fleet.Snapshot{snap("a up", "b up"), snap("b up")}, gate.Failed, "b: 1/1 up; a: gone"},
		{"down is not gone", "down", []*fleet.Snapshot{snap("a up"), snap()}, gate.Failed, "a: gone"},
	} {
		w := want(t, c.word, nil)
		var f gate.Finding
		for _, s := range c.snaps {
			f = w.Eval(t.Context(), s)
		}
		if f.Outcome != c.want || f.Text != c.text {
			t.Errorf("%s: got %v %q, want %v %q", c.name, f.Outcome, f.Text, c.want, c.text)
		}
	}
}

func TestProgressOfEachService(t *testing.T) {
	half, err := gate.ParseAmount("50%")
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		word string
		with func(*gate.Waiter)
		snap *fleet.Snapshot
		want []gate.Progress
	}{
		{"up", nil, snap("a up down maintenance", "b up"), []gate.Progress{
			{Service: "a", Have: 1, Need: 2, Total: 2, Text: "1/2 up"}, {Service: "b", Have: 1, Need: 1, Total: 1, Text: "1/1 up"},
		}},
		{"up", func(w *gate.Waiter) { w.MinHealthy = half }, snap("a up down down"), []gate.Progress{{Service: "a", Have: 1, Need: 2, Total: 3, Text: "1/3 up"}}},
		{"up", func(w *gate.Waiter) { w.MinHealthy = gate.Count(0) }, snap("a down"), []gate.Progress{{Service: "a", Have: 0, Need: 1, Total: 1, Text: "0/1 up"}}},
		{"up", func(w *gate.Waiter) { w.MinInstances = 3 }, snap("a up up"), []gate.Progress{{Service: "a", Have: 2, Need: 2, Total: 2, Text: "2/2 up, 2 instances of 3"}}},
		{"down", nil, snap("a down up unknown"), []gate.Progress{{Service: "a", Have: 1, Need: 3, Total: 3, Text: "1/3 down"}}},
		{"drained", nil, snap("a maintenance up"), []gate.Progress{{Service: "a", Have: 1, Need: 2, Total: 2, Text: "1/2 drained"}}},
		{"gone", nil, snap("a up up"), []gate.Progress{{Service: "a", Total: 2, Text: "2 still registered"}}},
		{"count=3", nil, snap("a up up"), []gate.Progress{{Service: "a", Have: 2, Need: 3, Total: 2, Text: "2 of 3 instances"}}},
		{"version=2", nil, snap("a up@2 up@1 down@2 maintenance@2"), []gate.Progress{{Service: "a", Have: 1, Need: 3, Total: 3, Text: "3/4 at 2, 2/3 up"}}},
		{"up", func(w *gate.Waiter) { w.Names = []string{"z", "a"} }, snap("a up", "b up"), []gate.Progress{
			{Service: "z", Text: "not there yet"}, {Service: "a", Have: 1, Need: 1, Total: 1, Text: "1/1 up"}, {Service: "b", Have: 1, Need: 1, Total: 1, Text: "1/1 up"},
		}},
	} {
		if _, got := want(t, c.word, c.with).Progress(c.snap); !slices.Equal(got, c.want) {
			t.Errorf("%s: got %+v\nwant %+v", c.word, got, c.want)
		}
	}
}

// TestSameNameInTwoSources: a bare name selects both, and both are waited for.
func TestSameNameInTwoSources(t *testing.T) {
	two := snap("a up up", "a up down")
	two.Services[1].Source = "consul"
	if f := want(t, "up", nil).Eval(t.Context(), two); f.Outcome != gate.Failed || f.Text != "a: 3/4 up" {
		t.Errorf("got %v %q", f.Outcome, f.Text)
	}
	w := want(t, "up", nil)
	w.Eval(t.Context(), two)
	if f := w.Eval(t.Context(), snap("a up up up")); f.Outcome != gate.Failed || f.Text != "a: 3/3 up, 3 instances of 4" {
		t.Errorf("one of the four left: %v %q", f.Outcome, f.Text)
	}
}

// TestSilentSnapshotsAreNoStart: what a registry that does not answer shows is
// not "as many as at the start".
func TestSilentSnapshotsAreNoStart(t *testing.T) {
	w := want(t, "up", nil)
	f := w.Eval(t.Context(), withSource(snap("a up up up"), "timeout"))
	if f.Outcome != gate.Unknown || f.Reason != "timeout" || f.Key.Source != "consul" {
		t.Errorf("silent: %+v", f)
	}
	if f := w.Eval(t.Context(), snap("a up")); f.Outcome != gate.Passed {
		t.Errorf("after it: %v %q", f.Outcome, f.Text)
	}
}

// ended is a condition that says when waiting is over.
type ended struct{ *gate.Waiter }

func (ended) Terminal(_ context.Context, s *fleet.Snapshot) (gate.Finding, bool) {
	return gate.Finding{Outcome: gate.Unknown, Text: "no such service: a"}, len(s.Services) == 0
}

func TestUntilAsksWhetherWaitingIsOver(t *testing.T) {
	w := gate.Until(t.Context(), feed(snap("a down"), snap(), snap("a up")), ended{want(t, "up", nil)}, gate.Patience{})
	if !w.Done || w.Finding.Outcome != gate.Unknown || w.Finding.Text != "no such service: a" {
		t.Errorf("got %+v", w)
	}
}

func TestUntilTellsWhereItStands(t *testing.T) {
	type stand struct {
		passes  int
		held    time.Duration
		outcome gate.Outcome
		done    bool
	}
	var got []stand
	up, down := "a up", "a down:timeout"
	w := gate.Until(
		t.Context(), feed(snap(up), snap(up), snap(down), snap(up), snap(up), snap(up), snap(up)), want(t, "up", nil),
		gate.Patience{StableFor: 2 * time.Second, Consecutive: 3, Tick: func(w gate.Wait) {
			got = append(got, stand{w.Passes, w.Held, w.Finding.Outcome, w.Done})
		}},
	)
	all := []stand{
		{1, 0, gate.Passed, false},
		{2, time.Second, gate.Passed, false},
		{0, 0, gate.Failed, false},
		{1, 0, gate.Passed, false},
		{2, time.Second, gate.Passed, false},
		{3, 2 * time.Second, gate.Passed, true},
	}
	if !slices.Equal(got, all) || !w.Done || w.Snapshot == nil {
		t.Errorf("got %+v\nwant %+v", got, all)
	}
}

// TestUntilKeepsTheLastLook: when time runs out the answer is where it stood.
func TestUntilKeepsTheLastLook(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	ch := make(chan *fleet.Snapshot, 1)
	ch <- snap("a down:timeout")
	w := gate.Until(ctx, ch, want(t, "up", nil), gate.Patience{Tick: func(gate.Wait) { cancel() }})
	if w.Done || w.Finding.Outcome != gate.Failed || w.Finding.Text != "a: 0/1 up" || w.Snapshot == nil {
		t.Errorf("got %+v", w)
	}
}

func TestFailOnNamesTheInstance(t *testing.T) {
	for _, c := range []struct {
		line   string
		failOn []fleet.Status
		text   string // empty: the waiting goes on
	}{
		{"a up down:timeout", []fleet.Status{fleet.Down}, "a/a-2 is down: because timeout"},
		{"a unknown:auth up", []fleet.Status{fleet.Down, fleet.Unknown}, "a/a-1 is unknown: because auth"},
		{"a maintenance:draining", []fleet.Status{fleet.Maintenance}, "a/a-1 is maintenance: because draining"},
		{"a degraded:slow", []fleet.Status{fleet.Down}, ""},
	} {
		w := gate.Until(t.Context(), feed(snap(c.line)), want(t, "count=9", nil), gate.Patience{FailOn: c.failOn})
		if w.Done != (c.text != "") || w.Done && (w.Finding.Text != c.text || w.Finding.Outcome != gate.Failed) {
			t.Errorf("%s: got %+v, want %q", c.line, w, c.text)
		}
	}
}

func TestWantIsWrittenBack(t *testing.T) {
	for _, word := range []string{"up", "down", "gone", "drained", "count=0", "count=12", "version=2.4.1", "version=a=b"} {
		w, err := gate.ParseWant(word)
		if err != nil || w.String() != word {
			t.Errorf("%s: got %s, %v", word, w, err)
		}
		if w.MinInstances != -1 || w.MinHealthy.AtLeast(7) != 7 {
			t.Errorf("%s: the defaults are %+v", word, w)
		}
	}
	if got := len(gate.Words()); got != 6 {
		t.Errorf("%d words", got)
	}
}

func TestAmountOfAGreatFleet(t *testing.T) {
	for _, c := range []struct {
		amount          string
		total           int
		atLeast, atMost int
	}{
		{"99.9%", 10_000, 9990, 9990},
		{"0.01%", 10_000, 1, 1},
		{"0.009%", 10_000, 1, 0},
		{"66.67%", 3, 3, 2},
		{"100%", 10_000, 10_000, 10_000},
		{"0%", 10_000, 0, 0},
		{"15", 10, 15, 15}, // a number is a number, however few there are
	} {
		a, err := gate.ParseAmount(c.amount)
		if err != nil {
			t.Fatal(err)
		}
		if l, m := a.AtLeast(c.total), a.AtMost(c.total); l != c.atLeast || m != c.atMost {
			t.Errorf("%s of %d: at least %d, at most %d; want %d, %d", c.amount, c.total, l, m, c.atLeast, c.atMost)
		}
	}
	if w, err := gate.ParseWant("up"); err != nil || w.MinHealthy.String() != "100%" {
		t.Errorf("the default is %v, %v", w.MinHealthy, err)
	}
	if got := gate.Count(math.MaxInt32).String(); got != "2147483647" {
		t.Errorf("got %s", got)
	}
}
