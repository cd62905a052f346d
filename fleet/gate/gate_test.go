package gate_test

import (
	"context"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/midwatch-cli/midwatch/fleet"
	"github.com/midwatch-cli/midwatch/fleet/gate"
	"github.com/midwatch-cli/midwatch/probe"
)

// snap makes a snapshot from lines such as "payment up down:timeout".
func snap(lines ...string) *fleet.Snapshot {
	s := &fleet.Snapshot{At: time.Unix(1000, 0)}
	for _, line := range lines {
		words := strings.Fields(line)
		v := fleet.ServiceView{Ref: fleet.Ref{Source: "memory", Name: words[0]}}
		for i, w := range words[1:] {
			state, reason, _ := strings.Cut(w, ":")
			state, version, _ := strings.Cut(state, "@")
			st, err := fleet.ParseStatus(state)
			if err != nil {
				panic(err)
			}
			id := words[0] + "-" + string(rune('1'+i))
			v.Instances = append(v.Instances, fleet.InstanceView{
				Key: fleet.Key{Ref: v.Ref, Instance: id}, Instance: fleet.Instance{ID: id, Version: version},
				Status: st, Why: fleet.Why{Reason: fleet.Reason(reason), Detail: "because " + reason},
			})
		}
		s.Services = append(s.Services, v)
	}
	return s
}

func withSource(s *fleet.Snapshot, reason fleet.Reason) *fleet.Snapshot {
	s.Sources = append(s.Sources, fleet.SourceView{Name: "consul", Reason: reason, Detail: "connection refused"})
	return s
}

func only(name string) func(fleet.Ref) bool {
	return func(r fleet.Ref) bool { return r.Name == name }
}

func TestCheck(t *testing.T) {
	for _, c := range []struct {
		name     string
		snap     *fleet.Snapshot
		rules    gate.Rules
		want     gate.Outcome
		headline string
		findings int
		ignored  int
		degraded int
	}{
		{name: "well", snap: snap("a up up", "b up"), want: gate.Passed},
		{name: "degraded alone is a warning", snap: snap("a up degraded"), want: gate.Passed, degraded: 1},
		{name: "degraded fails on demand", snap: snap("a up degraded"), rules: gate.Rules{FailOn: []fleet.Status{fleet.Degraded}}, want: gate.Failed, findings: 1},
		{name: "maintenance is no failure", snap: snap("a maintenance maintenance"), want: gate.Passed},
		{name: "down", snap: snap("a up down:timeout"), want: gate.Failed, findings: 1},
		{name: "all down has its word", snap: snap("a down:refused", "b down:refused"), want: gate.Failed, findings: 2, headline: "all down"},
		{name: "unknown", snap: snap("a up unknown:auth"), want: gate.Unknown, findings: 1},
		{name: "a certain failure beats a doubt", snap: withSource(snap("a unknown:auth down:timeout"), "refused"), want: gate.Failed, findings: 3},
		{name: "a silent registry is a doubt", snap: withSource(snap("a up"), "refused"), want: gate.Unknown, findings: 1},
		{name: "unknown within the limit", snap: snap("a up unknown:auth"), rules: gate.Rules{MaxUnknown: gate.Count(1)}, want: gate.Passed},
		{name: "unknown beyond the limit shows all", snap: snap("a unknown:auth unknown:auth"), rules: gate.Rules{MaxUnknown: gate.Count(1)}, want: gate.Unknown, findings: 2},
		{name: "unknown fails on demand", snap: snap("a up unknown:auth"), rules: gate.Rules{FailOn: []fleet.Status{fleet.Unknown}}, want: gate.Failed, findings: 1},
		{name: "known but empty", snap: snap("a"), rules: gate.Rules{MinInstances: 1}, want: gate.Failed, findings: 1, headline: "known but empty"},
		{name: "known but empty may be", snap: snap("a"), want: gate.Passed},
		{name: "too few", snap: snap("a up up"), rules: gate.Rules{MinInstances: 3}, want: gate.Failed, findings: 1, headline: "a has 2 instances, wanted 3"},
		{name: "no such service", snap: snap("a up"), rules: gate.Rules{Missing: []gate.Missing{{Name: "b"}}}, want: gate.Unknown, findings: 1, headline: "no such service"},
		{name: "nothing matched", snap: snap(), want: gate.Unknown, findings: 1, headline: "nothing matched"},
		{name: "nothing because the registry is silent", snap: withSource(snap(), "refused"), want: gate.Unknown, findings: 1},
		{name: "ignored", snap: snap("a up", "b down:timeout"), rules: gate.Rules{Ignore: []gate.Ignore{{Match: only("b")}}}, want: gate.Passed, ignored: 1},
		{name: "ignored for another reason", snap: snap("a up", "b down:timeout"), rules: gate.Rules{Ignore: []gate.Ignore{{Match: only("b"), Reason: "auth"}}}, want: gate.Failed, findings: 1},
		{name: "ignored for this reason", snap: snap("a up", "b down:timeout unknown:auth"), rules: gate.Rules{Ignore: []gate.Ignore{{Match: only("b"), Reason: "auth"}}}, want: gate.Failed, findings: 1, ignored: 1},
		{name: "an empty service ignored", snap: snap("a up", "b"), rules: gate.Rules{MinInstances: 1, Ignore: []gate.Ignore{{Match: only("b")}}}, want: gate.Passed, ignored: 1},
	} {
		t.Run(c.name, func(t *testing.T) {
			v := gate.Check(c.snap, c.rules)
			if v.Outcome != c.want || v.Headline != c.headline || len(v.Findings) != c.findings || len(v.Ignored) != c.ignored || v.Degraded != c.degraded {
				t.Errorf("got %v %q, %d findings, %d ignored, %d degraded; want %v %q, %d, %d, %d\n%+v",
					v.Outcome, v.Headline, len(v.Findings), len(v.Ignored), v.Degraded, c.want, c.headline, c.findings, c.ignored, c.degraded, v.Findings)
			}
			if !slices.IsSortedFunc(v.Findings, func(a, b gate.Finding) int { return int(b.Outcome) - int(a.Outcome) }) {
				t.Errorf("findings are not worst first: %+v", v.Findings)
			}
		})
	}
}

func TestCheckSuggests(t *testing.T) {
	v := gate.Check(snap("payment up"), gate.Rules{Missing: []gate.Missing{{Name: "paymnt", Suggestions: []string{"payment", "shipment", "pay"}}}})
	if got, want := v.Findings[0].Hint, "did you mean payment, shipment or pay?"; got != want {
		t.Errorf("hint %q, want %q", got, want)
	}
}

func TestAmount(t *testing.T) {
	for _, c := range []struct {
		in              string
		total           int
		atLeast, atMost int
		bad             bool
	}{
		{in: "3", total: 10, atLeast: 3, atMost: 3},
		{in: "0", total: 10},
		{in: "90%", total: 10, atLeast: 9, atMost: 9},
		{in: "50%", total: 3, atLeast: 2, atMost: 1},
		{in: "7%", total: 100, atLeast: 7, atMost: 7},
		{in: "100%", total: 0},
		{in: "33.3%", total: 3, atLeast: 1, atMost: 0},
		{in: "-1", bad: true},
		{in: "101%", bad: true},
		{in: "NaN%", bad: true},
		{in: "many", bad: true},
		{in: "", bad: true},
		{in: "%", bad: true},
	} {
		a, err := gate.ParseAmount(c.in)
		if (err != nil) != c.bad {
			t.Errorf("ParseAmount(%q): %v", c.in, err)
			continue
		}
		if c.bad {
			continue
		}
		if got := a.AtLeast(c.total); got != c.atLeast {
			t.Errorf("%s of %d at least: %d, want %d", c.in, c.total, got, c.atLeast)
		}
		if got := a.AtMost(c.total); got != c.atMost {
			t.Errorf("%s of %d at most: %d, want %d", c.in, c.total, got, c.atMost)
		}
		if a.String() != c.in {
			t.Errorf("%q is written back as %q", c.in, a)
		}
	}
}

func FuzzParseAmount(f *testing.F) {
	for _, s := range []string{"3", "90%", "33.3%", "1e3%", "0x1p-2%", "+5", ""} {
		f.Add(s, 7)
	}
	f.Fuzz(func(t *testing.T, s string, total int) {
		a, err := gate.ParseAmount(s)
		if err != nil || total < 0 || total > 1e6 {
			return
		}
		if strings.HasSuffix(s, "%") && (a.AtMost(total) > a.AtLeast(total) || a.AtLeast(total) > total) {
			t.Errorf("%q of %d: at most %d, at least %d", s, total, a.AtMost(total), a.AtLeast(total))
		}
	})
}

func want(t *testing.T, s string, f func(*gate.Waiter)) *gate.Waiter {
	t.Helper()
	w, err := gate.ParseWant(s)
	if err != nil {
		t.Fatal(err)
	}
	waiter := &gate.Waiter{Want: w}
	if f != nil {
		f(waiter)
	}
	return waiter
}

func TestWords(t *testing.T) {
	half, err := gate.ParseAmount("50%")
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		name  string
		word  string
		with  func(*gate.Waiter)
		snaps []*fleet.Snapshot
		want  gate.Outcome // of the last snapshot
		text  string
	}{
		{name: "up", word: "up", snaps: []*fleet.Snapshot{snap("a up up")}, want: gate.Passed, text: "a: 2/2 up"},
		{name: "degraded is not up", word: "up", snaps: []*fleet.Snapshot{snap("a up degraded")}, want: gate.Failed, text: "a: 1/2 up"},
		{name: "enough are up", word: "up", with: func(w *gate.Waiter) { w.MinHealthy = half }, snaps: []*fleet.Snapshot{snap("a up down")}, want: gate.Passed},
		{name: "maintenance does not count", word: "up", snaps: []*fleet.Snapshot{snap("a up maintenance")}, want: gate.Passed, text: "a: 1/1 up"},
		{name: "nothing is not everything", word: "up", snaps: []*fleet.Snapshot{snap("a maintenance")}, want: gate.Failed},
		{name: "fewer than at the start", word: "up", snaps: []*fleet.Snapshot{snap("a up up up"), snap("a up up")}, want: gate.Failed, text: "a: 2/2 up, 2 instances of 3"},
		{name: "fewer are enough", word: "up", with: func(w *gate.Waiter) { w.MinInstances = 2 }, snaps: []*fleet.Snapshot{snap("a up up up"), snap("a up up")}, want: gate.Passed},
		{name: "more are wanted", word: "up", with: func(w *gate.Waiter) { w.MinInstances = 3 }, snaps: []*fleet.Snapshot{snap("a up up")}, want: gate.Failed},
		{name: "not there yet", word: "up", with: func(w *gate.Waiter) { w.Names = []string{"b"} }, snaps: []*fleet.Snapshot{snap("a up")}, want: gate.Failed, text: "b: not there yet; a: 1/1 up"},
		{name: "no service at all", word: "up", snaps: []*fleet.Snapshot{snap()}, want: gate.Failed, text: "no service matches yet"},
		{name: "down", word: "down", snaps: []*fleet.Snapshot{snap("a down down")}, want: gate.Passed},
		{name: "unknown is not down", word: "down", snaps: []*fleet.Snapshot{snap("a down unknown")}, want: gate.Failed, text: "a: 1/2 down"},
		{name: "gone after it was seen", word: "gone", with: func(w *gate.Waiter) { w.Names = []string{"a"} }, snaps: []*fleet.Snapshot{snap("a up"), snap()}, want: gate.Passed, text: "a: gone"},
		{name: "gone, known but empty", word: "gone", with: func(w *gate.Waiter) { w.Names = []string{"a"} }, snaps: []*fleet.Snapshot{snap("a up"), snap("a")}, want: gate.Passed},
		{name: "gone, never seen", word: "gone", with: func(w *gate.Waiter) { w.Names = []string{"a"} }, snaps: []*fleet.Snapshot{snap()}, want: gate.Unknown},
		{name: "gone, never seen, allowed", word: "gone", with: func(w *gate.Waiter) { w.Names = []string{"a"}; w.OKIfAbsent = true }, snaps: []*fleet.Snapshot{snap()}, want: gate.Passed},
		{name: "gone while the registry is silent", word: "gone", with: func(w *gate.Waiter) { w.Names = []string{"a"} }, snaps: []*fleet.Snapshot{snap("a up"), withSource(snap(), "timeout")}, want: gate.Unknown, text: "registry consul: connection refused"},
		{name: "still there", word: "gone", snaps: []*fleet.Snapshot{snap("a down")}, want: gate.Failed, text: "a: 1 still registered"},
		{name: "drained", word: "drained", snaps: []*fleet.Snapshot{snap("a maintenance maintenance")}, want: gate.Passed},
		{name: "half drained", word: "drained", snaps: []*fleet.Snapshot{snap("a maintenance up")}, want: gate.Failed, text: "a: 1/2 drained"},
		{name: "drained of what was never seen", word: "drained", with: func(w *gate.Waiter) { w.Names = []string{"a"} }, snaps: []*fleet.Snapshot{snap()}, want: gate.Unknown},
		{name: "count", word: "count=2", snaps: []*fleet.Snapshot{snap("a up down")}, want: gate.Passed},
		{name: "count too few", word: "count=3", snaps: []*fleet.Snapshot{snap("a up down")}, want: gate.Failed, text: "a: 2 of 3 instances"},
		{name: "count to none", word: "count=0", with: func(w *gate.Waiter) { w.Names = []string{"a"} }, snaps: []*fleet.Snapshot{snap("a up"), snap()}, want: gate.Passed},
		{name: "version", word: "version=2.4.1", snaps: []*fleet.Snapshot{snap("a up@2.4.1 up@2.4.1")}, want: gate.Passed, text: "a: 2/2 at 2.4.1, 2/2 up"},
		{name: "version mixed", word: "version=2.4.1", snaps: []*fleet.Snapshot{snap("a up@2.4.1 up@2.4.0")}, want: gate.Failed},
		{name: "version mixed and allowed", word: "version=2.4.1", with: func(w *gate.Waiter) { w.AllowMixed = true; w.MinHealthy = half }, snaps: []*fleet.Snapshot{snap("a up@2.4.1 up@2.4.0")}, want: gate.Passed},
		{name: "version there and not up", word: "version=2.4.1", snaps: []*fleet.Snapshot{snap("a up@2.4.1 down@2.4.1")}, want: gate.Failed, text: "a: 2/2 at 2.4.1, 1/2 up"},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := want(t, c.word, c.with)
			var f gate.Finding
			for _, s := range c.snaps {
				f = w.Eval(t.Context(), s)
			}
			if f.Outcome != c.want || c.text != "" && f.Text != c.text {
				t.Errorf("got %v %q, want %v %q", f.Outcome, f.Text, c.want, c.text)
			}
		})
	}
}

func TestParseWantRefuses(t *testing.T) {
	for in, part := range map[string]string{
		"":          "want up, down, gone, drained, count=N or version=V",
		"healthy":   "want up, down",
		"up=2":      "takes no value",
		"count":     "want a number",
		"count=-1":  "want a number",
		"count=x":   "want a number",
		"version":   "want a version",
		"version==": "",
	} {
		w, err := gate.ParseWant(in)
		switch {
		case part == "" && (err != nil || w.String() != in):
			t.Errorf("ParseWant(%q) = %v, %v", in, w, err)
		case part != "" && (err == nil || !strings.Contains(err.Error(), part)):
			t.Errorf("ParseWant(%q): error %v, want one with %q", in, err, part)
		}
	}
}

// feed plays snapshots a second apart.
func feed(snaps ...*fleet.Snapshot) <-chan *fleet.Snapshot {
	ch := make(chan *fleet.Snapshot, len(snaps))
	for i, s := range snaps {
		s.At = time.Unix(1000+int64(i), 0)
		ch <- s
	}
	close(ch)
	return ch
}

func TestUntil(t *testing.T) {
	up, down := func() *fleet.Snapshot { return snap("a up") }, func() *fleet.Snapshot { return snap("a down:timeout") }
	for _, c := range []struct {
		name     string
		snaps    []*fleet.Snapshot
		patience gate.Patience
		done     bool
		outcome  gate.Outcome
		ticks    int
	}{
		{name: "at once", snaps: []*fleet.Snapshot{up(), up()}, done: true, outcome: gate.Passed, ticks: 1},
		{name: "later", snaps: []*fleet.Snapshot{down(), down(), up()}, done: true, outcome: gate.Passed, ticks: 3},
		{name: "never", snaps: []*fleet.Snapshot{down(), down()}, outcome: gate.Failed, ticks: 2},
		{name: "fails at once", snaps: []*fleet.Snapshot{down(), up()}, patience: gate.Patience{FailOn: []fleet.Status{fleet.Down}}, done: true, outcome: gate.Failed, ticks: 1},
		{name: "stable", snaps: []*fleet.Snapshot{up(), up(), up(), up()}, patience: gate.Patience{StableFor: 2 * time.Second}, done: true, outcome: gate.Passed, ticks: 3},
		{name: "a break starts it again", snaps: []*fleet.Snapshot{up(), up(), down(), up(), up()}, patience: gate.Patience{StableFor: 2 * time.Second}, outcome: gate.Passed, ticks: 5},
		{name: "consecutive", snaps: []*fleet.Snapshot{up(), down(), up(), up()}, patience: gate.Patience{Consecutive: 2}, done: true, outcome: gate.Passed, ticks: 4},
		{name: "nothing came", outcome: 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			ticks := 0
			c.patience.Tick = func(gate.Wait) { ticks++ }
			w := gate.Until(t.Context(), feed(c.snaps...), want(t, "up", nil), c.patience)
			if w.Done != c.done || w.Finding.Outcome != c.outcome || ticks != c.ticks {
				t.Errorf("done %v, %v after %d; want %v, %v after %d", w.Done, w.Finding.Outcome, ticks, c.done, c.outcome, c.ticks)
			}
		})
	}
}

func TestUntilEndsWithItsContext(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if w := gate.Until(ctx, make(chan *fleet.Snapshot), want(t, "up", nil), gate.Patience{}); w.Done {
		t.Error("done without a snapshot")
	}
}

func TestOutcomeWords(t *testing.T) {
	for o, word := range map[gate.Outcome]string{gate.Passed: "passed", gate.Failed: "failed", gate.Unknown: "unknown", 0: "unknown"} {
		if o.String() != word {
			t.Errorf("%d is %q, want %q", o, o, word)
		}
	}
	if probe.ReasonTimeout != "timeout" {
		t.Error("the words of findings are the probe's")
	}
}
