package sweep_test

import (
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/midwatch-cli/midwatch/fleet"
	"github.com/midwatch-cli/midwatch/probe"
)

const impossible = "/midwatch-no-such-path-5d0c8f"

// everywhere makes n addresses that all answer alike.
func everywhere(n int, script map[string]probe.Result) (*far, []string) {
	f := &far{answers: map[string]map[string]probe.Result{}}
	all := addrs(n)
	for _, a := range all {
		f.answers[a] = script
	}
	return f, all
}

func TestGuess(t *testing.T) {
	for _, c := range []struct {
		name   string
		script map[string]probe.Result // of all four instances
		want   string
		asked  int // questions in all
	}{
		{"the first path speaks", at("/ready", well), "up up up up", 4},
		{"the second path speaks", at("/health", well), "up up up up", 2 + 3},
		{"a path that says unwell speaks", at("/health", unwell), strings.Repeat(" down:reported", 4)[1:], 2 + 3},
		{"gRPC after two paths", at("grpc", well), "up up up up", 3 + 3},
		{"it hangs up at HTTP and speaks gRPC", at("/ready", hungUp, "/health", hungUp, "grpc", well), "up up up up", 2 + 3},
		{"it hangs up at everything", at("*", hungUp), strings.Repeat(" down:closed", 4)[1:], 4 * 3},
		{"bare 200s that are proved", at("/health", bare), "up up up up", 4 + 1 + 3},
		{"bare 200s to everything", at("*", bare, "grpc", missing, "tcp", accepts), strings.Repeat(" unknown:alike", 4)[1:], 4 + 1 + 3},
		{"a word is better than a bare 200", at("/ready", bare, "/health", well), "up up up up", 2 + 3},
		{"bare 200s, and the impossible path hangs", at("/health", bare, impossible, timeout), strings.Repeat(" unknown:body", 4)[1:], 3*5 + 1},
		{"credentials are wanted everywhere", at("*", denied, "grpc", missing, "tcp", accepts), strings.Repeat(" unknown:auth", 4)[1:], 4 + 3},
		{"there is nothing anywhere", at(), strings.Repeat(" unknown:not_found", 4)[1:], 3*4 + 1},
		{"only a port answers", at("*", probe.Result{Reason: probe.ReasonInternal}, "tcp", accepts), strings.Repeat(" unknown:tcp_only", 4)[1:], 3*4 + 1},
		{"it speaks something else", at("*", probe.Result{Reason: probe.ReasonProtocol, Answered: true}, "tcp", accepts), strings.Repeat(" unknown:tcp_only", 4)[1:], 3*4 + 1},
		{"refused", at("*", refused), strings.Repeat(" down:refused", 4)[1:], 4},
		{"no such host", at("*", unresolved), strings.Repeat(" unknown:resolve", 4)[1:], 4},
		{"nothing to ask with", at("*", probe.Result{Reason: probe.ReasonPolicy}), strings.Repeat(" unknown:policy", 4)[1:], 4},
	} {
		t.Run(c.name, func(t *testing.T) {
			f, all := everywhere(4, c.script)
			s := sweeper(f, guessing("/ready", "/health"))
			expect(t, pass(t, s, service("a", all...)), c.want)
			expectAsked(t, f, c.asked)
			if n := f.count(impossible); n > 3 {
				t.Errorf("the impossible path was asked %d times", n)
			}
		})
	}
}

func TestTheImpossiblePathIsAskedOncePerService(t *testing.T) {
	f, all := everywhere(40, at("*", bare, "grpc", missing))
	s := sweeper(f, guessing("/ready", "/health"))
	pass(t, s, service("a", all[:20]...), service("b", all[20:]...))
	expectAsked(t, f, 2, impossible)
	pass(t, s, service("a", all[:20]...), service("b", all[20:]...))
	expectAsked(t, f, 2, impossible)
}

func TestAScoutThatCannotBeReachedSaysNothing(t *testing.T) {
	f, all := everywhere(9, at("/health", well))
	for _, a := range all[:5] {
		f.answers[a] = at("*", refused)
	}
	snap := pass(t, sweeper(f, guessing("/ready", "/health")), service("a", all...))
	expect(t, snap, strings.Repeat("down:refused ", 5)+"up up up up")
	// Rounds of one, two and four: of the last, two are there, and the last two follow.
	expectAsked(t, f, 5*1+2*2+2*1)
}

// TestRoundsGrow: a service of which nothing answers takes few rounds, of 1, 2,
// 4, 8, 16, 32 and the rest.
func TestRoundsGrow(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f, all := everywhere(100, at("*", refused))
		s := sweeper(f, guessing("/ready"))
		slow := &counting{Prober: f, pause: time.Second}
		s.Prober = func(string, bool) probe.Prober { return slow }
		s.Pool.Parallel = 100
		if snap := pass(t, s, service("a", all...)); slow.n != 100 || slow.most != 37 || snap.Took != 7*time.Second {
			t.Errorf("%d questions, %d at once, in %v", slow.n, slow.most, snap.Took)
		}
	})
}

// TestAScoutThatCouldNotBeResolvedIsNoScout is a bug that was: its first path
// became everybody's.
func TestAScoutThatCouldNotBeResolvedIsNoScout(t *testing.T) {
	f, all := everywhere(3, at("/ready", bare, "/health", well))
	f.answers[all[0]] = at("*", unresolved)
	expect(t, pass(t, sweeper(f, guessing("/ready", "/health")), service("a", all...)), "unknown:resolve up up")
	expectAsked(t, f, 1, all[0])
}

func TestMixedVersionsOfAService(t *testing.T) {
	f, all := everywhere(10, at("/ready", well))
	f.answers[all[7]] = at("/health", well)
	s := sweeper(f, guessing("/ready", "/health", "/status"))
	expect(t, pass(t, s, service("a", all...)), strings.Repeat(" up", 10)[1:])
	f.forget()
	for range 3 {
		expect(t, pass(t, s, service("a", all...)), strings.Repeat(" up", 10)[1:])
	}
	// The path of most is asked first; the odd one is asked for its own besides.
	expectAsked(t, f, 3*11)
	expectAsked(t, f, 3*2, all[7])
	expectAsked(t, f, 0, "/status")
}

// TestAServiceWithoutHealthIsNotSearchedEverywhere is a bug that was: every
// instance was asked for every path in every pass.
func TestAServiceWithoutHealthIsNotSearchedEverywhere(t *testing.T) {
	f, all := everywhere(200, at("tcp", accepts))
	s := sweeper(f, guessing("/1", "/2", "/3", "/4", "/5", "/6", "/7", "/8", "/9"))
	for range 3 {
		f.forget()
		snap := pass(t, s, service("a", all...))
		if c := snap.Counts(); c.Unknown != 200 {
			t.Errorf("%+v", c)
		}
		if n := f.count(); n > 3*11+200 {
			t.Errorf("%d questions for 200 instances", n)
		}
	}
	// When the service gets a health path, it is found.
	for _, a := range all {
		f.set(a, "/5", well)
	}
	if c := pass(t, s, service("a", all...)).Counts(); c.Up != 200 {
		t.Errorf("after the service got a health path: %+v", c)
	}
}

// TestTheFirstInstanceHasNoHealth: the others are found out all the same.
func TestTheFirstInstanceHasNoHealth(t *testing.T) {
	f, all := everywhere(5, at("/health", well))
	f.answers[all[0]] = at()
	expect(t, pass(t, sweeper(f, guessing("/ready", "/health")), service("a", all...)), "unknown:not_found up up up up")
}

func TestChoicesAreRemembered(t *testing.T) {
	f, all := everywhere(6, at("/health", well))
	s := sweeper(f, guessing("/ready", "/health"))
	pass(t, s, service("a", all...))
	f.forget()
	pass(t, s, service("a", all...))
	expectAsked(t, f, 6)
	expectAsked(t, f, 6, "/health")
}

func TestRememberedProofHolds(t *testing.T) {
	f, all := everywhere(3, at("/health", bare))
	s := sweeper(f, guessing("/ready", "/health"))
	expect(t, pass(t, s, service("a", all...)), "up up up")
	f.forget()
	expect(t, pass(t, s, service("a", all...)), "up up up")
	expectAsked(t, f, 3)
}

func TestMemoryIsCorrected(t *testing.T) {
	for _, c := range []struct {
		name          string
		before, after map[string]probe.Result
		want          string
		asked         int // in the second pass
		later         int // in the third
	}{
		{"another path", at("/health", well), at("/status", well), "up up up", 3 + 4 + 2*1, 3},
		{"from a gateway's error to bare answers", at("*", unwell), at("*", bare, "grpc", missing), strings.Repeat(" unknown:alike", 3)[1:], 3 + 6 + 2, 3},
		{"from HTTP to gRPC", at("/health", well), at("*", probe.Result{Reason: probe.ReasonProtocol, Answered: true}, "grpc", well), "up up up", 3 + 4 + 2*1, 3},
		{"it went away and came back as it was", at("/health", well), at("/health", well), "up up up", 3, 3},
	} {
		t.Run(c.name, func(t *testing.T) {
			f, all := everywhere(3, c.before)
			s := sweeper(f, guessing("/ready", "/health", "/status"))
			s.Pool.Parallel = 3
			pass(t, s, service("a", all...))
			for _, a := range all {
				f.answers[a] = c.after
			}
			f.forget()
			expect(t, pass(t, s, service("a", all...)), c.want)
			if n := f.count(); n > c.asked {
				t.Errorf("%d questions to correct it, want at most %d: %q", n, c.asked, f.asked)
			}
			f.forget()
			expect(t, pass(t, s, service("a", all...)), c.want)
			expectAsked(t, f, c.later)
		})
	}
}

func TestAnOutageDoesNotCostTheMemory(t *testing.T) {
	f, all := everywhere(3, at("/health", well))
	s := sweeper(f, guessing("/ready", "/health"))
	pass(t, s, service("a", all...))
	for _, a := range all {
		f.answers[a] = at("*", refused)
	}
	f.forget()
	expect(t, pass(t, s, service("a", all...)), "down:refused down:refused down:refused")
	expectAsked(t, f, 3, "/health")
	for _, a := range all {
		f.answers[a] = at("/health", well)
	}
	f.forget()
	expect(t, pass(t, s, service("a", all...)), "up up up")
	expectAsked(t, f, 3)
}

// TestWhatWasAskedIsShown: --explain lists every question, the deciding one
// first.
func TestWhatWasAskedIsShown(t *testing.T) {
	f, all := everywhere(1, at("/health", bare))
	snap := pass(t, sweeper(f, guessing("/ready", "/health")), service("a", all...))
	var got []string
	for _, r := range snap.Services[0].Instances[0].Probes {
		got = append(got, question(r.Target))
	}
	if want := []string{"/health", "/ready", "grpc", "tcp"}; !slices.Equal(got, want) {
		t.Errorf("asked %q, want %q", got, want)
	}
	if snap.Services[0].Instances[0].Plan.Candidates == nil {
		t.Error("the plan is not kept")
	}
	s := sweeper(f, guessing("/health"))
	s.Terse = true
	if v := pass(t, s, service("a", all...)).Services[0].Instances[0]; v.Plan.Candidates != nil || v.Status != fleet.Up {
		t.Errorf("a terse pass keeps its plans, or forgets its results: %+v", v)
	}
}
