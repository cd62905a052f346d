// Package breakertest holds every admin API to the contract of package breaker.
// An adapter hands the suite a World, one fresh far end with the hands to use
// and to break it, and runs all cases on it:
//
//	func TestConformance(t *testing.T) { breakertest.Run(t, freshWorld) }
//	func TestMain(m *testing.M)        { breakertest.Main(m) }
//
// Each case carries the sentence of its rule and prints it when it fails. No
// adapter can drop a case: what a world cannot do is in a closed list in this
// package, see excusable.
package breakertest

import (
	"slices"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/midwatch-cli/midwatch/fleet/breaker"
	"github.com/midwatch-cli/midwatch/fleet/worldtest"
)

// Fault is a way for the far end to fail.
type Fault string

// The faults every far end is put through.
const (
	Refuse   Fault = "refuse"    // nobody answers, and that is seen at once
	Hang     Fault = "hang"      // it accepts the question and never answers
	Half     Fault = "half"      // every answer ends in the middle
	Garbage  Fault = "garbage"   // it answers what nobody can read
	Deny     Fault = "deny"      // it answers that we have no right
	NoEffect Fault = "no-effect" // it answers orders well and does nothing
)

// Faults lists all of them.
func Faults() []Fault { return []Fault{Refuse, Hang, Half, Garbage, Deny, NoEffect} }

// Hand is something a world may be unable to do. Every Fault is one too.
type Hand string

// The hands beside the faults.
const (
	HandSecret  Hand = "secret"  // there is a credential
	HandCall    Hand = "call"    // calls can be sent through a breaker
	HandTrouble Hand = "trouble" // a breaker can be made to open by itself
)

// World is one fresh far end and the hands to use it.
type World struct {
	// Driver is the row of the table the world belongs to.
	Driver *breaker.Driver
	// Open makes the Admin, as a profile with the world's credentials would.
	Open func(t testing.TB) breaker.Admin
	// Site is the instance that is administered.
	Site breaker.Site
	// Names are at least two of its breakers, closed at the start. There may be
	// more.
	Names []string
	// Unknown is a name that no breaker has and that looks like one; empty is
	// "suite-no-such-breaker".
	Unknown string
	// DrainName is what the Drainer takes: empty for the instance itself.
	DrainName string
	// Call sends one call through a breaker and says whether it got through.
	Call func(t testing.TB, name string) bool
	// Trouble makes a breaker open by itself.
	Trouble func(t testing.TB, name string)
	// Break makes the far end fail until heal is called.
	Break func(t testing.TB, how Fault) (heal func())
	// Secret is a credential that Open uses; it must never surface.
	Secret string
	// Settle is the longest an order may take to be seen in traffic; 5 s if zero.
	Settle time.Duration
	// Cannot says why a hand is nil or a fault cannot be had. Only what
	// excusable lists for the driver is accepted.
	Cannot map[Hand]string
}

// excusable is the closed list of what the worlds of a driver may be unable to
// do. A row here is a decision about the far system, not about the adapter.
func excusable(driver string) []Hand {
	switch driver {
	case "memory": // lives in the process: no wire, nobody to authenticate to, nothing of its own to observe
		return []Hand{HandSecret, HandTrouble, Hand(Hang), Hand(Half), Hand(Garbage), Hand(NoEffect)}
	case "envoy", "haproxy": // no credentials in the API itself
		return []Hand{HandSecret}
	case "metrics": // pages of numbers: nothing is ordered
		return []Hand{HandCall, Hand(NoEffect)}
	}
	return nil
}

// real is what a world may excuse itself from where the far end is the server
// itself and not a fake: a server cannot be told to misbehave. Its fake does.
const realWorld = "the server itself"

// Real is the excuse of a world that runs the server itself, for all faults but
// those that end or deny it.
func Real(extra map[Hand]string) map[Hand]string {
	out := map[Hand]string{Hand(Hang): realWorld, Hand(Half): realWorld, Hand(Garbage): realWorld, Hand(NoEffect): realWorld, Hand(Deny): realWorld, Hand(Refuse): realWorld, HandSecret: realWorld}
	for h, why := range extra {
		out[h] = why
	}
	return out
}

// cannot says whether the world has excused itself from a hand.
func (w *World) cannot(h Hand) bool { return w.Cannot[h] != "" }

// settle is the time an order may take.
func (w *World) settle() time.Duration {
	if w.Settle > 0 {
		return w.Settle
	}
	return 5 * time.Second
}

// unknown is a name no breaker has.
func (w *World) unknown() string {
	if w.Unknown != "" {
		return w.Unknown
	}
	return "suite-no-such-breaker"
}

// check says what is missing or not allowed in the world itself.
func (w *World) check() (problems []string) {
	say := func(bad bool, text string) {
		if bad {
			problems = append(problems, text)
		}
	}
	if w.Driver == nil || w.Open == nil {
		return []string{"Driver and Open are never nil"}
	}
	allowed := excusable(w.Driver.Name)
	for h, why := range w.Cannot {
		fault := slices.Contains(Faults(), Fault(h)) || h == HandSecret
		say(!slices.Contains(allowed, h) && (why != realWorld || !fault), "a world of "+w.Driver.Name+" may not excuse itself from "+string(h))
		say(strings.TrimSpace(why) == "", "no reason is given for "+string(h))
	}
	for _, f := range Faults() {
		say(w.Break == nil && !w.cannot(Hand(f)), "Break is nil, and nothing says why "+string(f)+" cannot be had")
	}
	say(len(w.Names) < 2, "at least two breakers are there")
	say(w.Secret == "" && !w.cannot(HandSecret), "Secret is empty, and nothing says why")
	say(w.Call == nil && !w.cannot(HandCall), "Call is nil, and nothing says why")
	say(w.Trouble == nil && !w.cannot(HandTrouble), "Trouble is nil, and nothing says why")
	return problems
}

// Main runs a package's tests and fails them for goroutines that are left.
func Main(m *testing.M) { goleak.VerifyTestMain(m) }

// Missing skips a test whose real server is not on this machine, as
// breaker/haproxy, or fails it where it must run.
func Missing(t testing.TB, name, why string) {
	t.Helper()
	worldtest.Missing(t, name, why)
}
