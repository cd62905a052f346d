package gate_test

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/midwatch-cli/midwatch/fleet"
	"github.com/midwatch-cli/midwatch/fleet/gate"
)

// some is a fleet of a few services by chance, from a seed that a failure names.
func some(seed uint64) (*fleet.Snapshot, *rand.Rand) {
	r := rand.New(rand.NewPCG(seed, 17))
	words := []string{"up", "up", "maintenance", "unknown:auth", "degraded:slow", "down:timeout", "down:refused"}
	var lines []string
	for i := range 1 + r.IntN(4) {
		line := fmt.Sprint("s", i)
		for range r.IntN(5) {
			line += " " + words[r.IntN(len(words))]
		}
		lines = append(lines, line)
	}
	s := snap(lines...)
	if r.IntN(5) == 0 {
		withSource(s, "refused")
	}
	return s, r
}

// ruled are rules by chance.
func ruled(r *rand.Rand) gate.Rules {
	var rules gate.Rules
	for _, st := range []fleet.Status{fleet.Maintenance, fleet.Unknown, fleet.Degraded} {
		if r.IntN(4) == 0 {
			rules.FailOn = append(rules.FailOn, st)
		}
	}
	if r.IntN(3) == 0 {
		rules.Ignore = append(rules.Ignore, gate.Ignore{Match: only(fmt.Sprint("s", r.IntN(4))), Text: "by chance"})
	}
	if r.IntN(3) == 0 {
		rules.Ignore = append(rules.Ignore, gate.Ignore{Match: func(fleet.Ref) bool { return true }, Reason: "timeout", Text: "timeouts"})
	}
	rules.MaxUnknown, rules.MinInstances = gate.Count(r.IntN(3)), r.IntN(3)
	return rules
}

// TestEveryInstanceIsAccountedFor: one that is not well is found, ignored,
// counted as degraded, tolerated, or in maintenance: never in two of them, never in
// none. The outcome is the worst of what was found.
func TestEveryInstanceIsAccountedFor(t *testing.T) {
	for seed := range uint64(3000) {
		s, r := some(seed)
		rules := ruled(r)
		v := gate.Check(s, rules)
		seen := map[fleet.Key]int{}
		worst := gate.Passed
		for _, f := range v.Findings {
			seen[f.Key]++
			worst = max(worst, f.Outcome)
		}
		for _, g := range v.Ignored {
			seen[g.Key]++
		}
		unknown, degraded := 0, 0
		for i := range s.Services {
			for k := range s.Services[i].Instances {
				in := &s.Services[i].Instances[k]
				n := seen[in.Key]
				switch {
				case n > 1:
					t.Errorf("seed %d: %v is told %d times", seed, in.Key, n)
				case n == 1 && in.Status == fleet.Up:
					t.Errorf("seed %d: %v is up and told", seed, in.Key)
				case n == 0 && in.Status == fleet.Down:
					t.Errorf("seed %d: %v is down and not told", seed, in.Key)
				case n == 0 && in.Status == fleet.Unknown:
					unknown++
				case n == 0 && in.Status == fleet.Degraded:
					degraded++
				}
			}
		}
		if v.Outcome != worst || unknown > rules.MaxUnknown.AtMost(0) || degraded != v.Degraded {
			t.Errorf("seed %d: %v of the worst %v, %d tolerated, %d degraded of %d", seed, v.Outcome, worst, unknown, v.Degraded, degraded)
		}
	}
}

// TestWorseIsNeverBetter: an instance that falls from up to down, to unknown or to
// degraded never makes a verdict better, whatever the rules; and the order in which
// services come decides nothing.
func TestWorseIsNeverBetter(t *testing.T) {
	for seed := range uint64(2000) {
		s, r := some(seed)
		rules := ruled(r)
		before := gate.Check(s, rules)
		slices.Reverse(s.Services)
		if v := gate.Check(s, rules); v.Outcome != before.Outcome || len(v.Findings) != len(before.Findings) {
			t.Errorf("seed %d: from behind it is %v, not %v", seed, v.Outcome, before.Outcome)
		}
		svc := &s.Services[r.IntN(len(s.Services))]
		if len(svc.Instances) == 0 {
			continue
		}
		in := &svc.Instances[r.IntN(len(svc.Instances))]
		if in.Status != fleet.Up {
			continue
		}
		for _, worse := range []fleet.Status{fleet.Degraded, fleet.Unknown, fleet.Down} {
			in.Status, in.Why = worse, fleet.Why{Reason: "body", Detail: "by chance"}
			if v := gate.Check(s, rules); v.Outcome < before.Outcome {
				t.Errorf("seed %d: with %v %v it is %v, before it was %v", seed, in.Key, worse, v.Outcome, before.Outcome)
			}
		}
	}
}

// TestMoreIgnoredIsNeverWorse: --ignore takes from what decides, and adds nothing.
func TestMoreIgnoredIsNeverWorse(t *testing.T) {
	for seed := range uint64(2000) {
		s, r := some(seed)
		rules := ruled(r)
		rules.MaxUnknown = gate.Count(r.IntN(2))
		before := gate.Check(s, rules)
		rules.Ignore = append(slices.Clip(rules.Ignore), gate.Ignore{Match: only("s0"), Text: "one more"})
		if after := gate.Check(s, rules); after.Outcome > before.Outcome || len(after.Ignored) < len(before.Ignored) {
			t.Errorf("seed %d: %v with one more ignored, %v before", seed, after.Outcome, before.Outcome)
		}
	}
}

// TestPatienceAgainstItsMeaning: a feed by chance is waited for, and the look at
// which Until ends is the first one that its comment allows.
func TestPatienceAgainstItsMeaning(t *testing.T) {
	for seed := range uint64(2000) {
		r := rand.New(rand.NewPCG(seed, 23))
		p := gate.Patience{StableFor: time.Duration(r.IntN(4)) * time.Second, Consecutive: 1 + r.IntN(3)}
		if r.IntN(4) == 0 {
			p.FailOn = []fleet.Status{fleet.Down}
		}
		var states []string
		var snaps []*fleet.Snapshot
		for range 12 {
			state := []string{"up", "up", "up", "degraded", "down", "silent"}[r.IntN(6)]
			states = append(states, state)
			if state == "silent" {
				snaps = append(snaps, withSource(snap("a up"), "timeout"))
			} else {
				snaps = append(snaps, snap("a "+state))
			}
		}
		end, done, ticks := expected(states, p), false, 0
		p.Tick = func(w gate.Wait) { ticks++ }
		w := gate.Until(t.Context(), feed(snaps...), want(t, "up", nil), p)
		if done = w.Done; done != (end > 0) || done && ticks != end || !done && ticks != len(states) {
			t.Errorf("seed %d: %s under %+v: done %v after %d looks, want %d", seed, strings.Join(states, " "), p, done, ticks, end)
		}
	}
}

// expected is the number of the look that ends the waiting, looks being a second
// apart; 0 where none does.
func expected(states []string, p gate.Patience) int {
	for i := range states {
		if states[i] == "down" && len(p.FailOn) > 0 {
			return i + 1
		}
		run := 0
		for run <= i && states[i-run] == "up" {
			run++
		}
		if run >= p.Consecutive && run > 0 && time.Duration(run-1)*time.Second >= p.StableFor {
			return i + 1
		}
	}
	return 0
}

// FuzzParseWant: what is taken is written back as it was read, but for the digits
// of a number.
func FuzzParseWant(f *testing.F) {
	for _, s := range []string{"up", "down", "gone", "drained", "count=3", "count=+03", "version=2.4.1", "version==", "up=", "count=9999999999999999999", "\x00"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		w, err := gate.ParseWant(s)
		if err != nil {
			if strings.ContainsAny(err.Error(), "\x1b\x00") && !strings.HasPrefix(s, "count=") {
				t.Errorf("%q: raw text in %q", s, err)
			}
			return
		}
		again, err := gate.ParseWant(w.String())
		if err != nil || again != w {
			t.Errorf("%q is written as %q, which is %+v, %v", s, w, again, err)
		}
		if w.Word != gate.ForCount && w.String() != s {
			t.Errorf("%q is written as %q", s, w)
		}
	})
}
