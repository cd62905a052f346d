// Package registrytest holds every registry to the contract of package
// registry. An adapter hands the suite a World, one fresh and isolated far end
// with the hands to change and to break it, and runs all cases on it:
//
//	func TestConformance(t *testing.T) { registrytest.Run(t, freshWorld) }
//	func TestMain(m *testing.M)        { registrytest.Main(m) }
//
// Each case carries the sentence of its rule and prints it when it fails. No
// adapter can drop a case: what a world cannot do is in a closed list in this
// package, see excusable.
package registrytest

import (
	"slices"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/midwatch-cli/midwatch/fleet"
	"github.com/midwatch-cli/midwatch/fleet/registry"
	"github.com/midwatch-cli/midwatch/fleet/worldtest"
)

// Fault is a way for the far end to fail.
type Fault string

// The faults every far end is put through.
const (
	Refuse     Fault = "refuse"      // nobody answers, and that is seen at once
	Hang       Fault = "hang"        // it accepts the question and never answers
	HalfAnswer Fault = "half-answer" // every answer ends in the middle
	HalfCalls  Fault = "half-calls"  // every second call fails
	Garbage    Fault = "garbage"     // it answers what nobody can read
	Deny       Fault = "deny"        // it answers that we have no right to read
)

// Faults lists all of them.
func Faults() []Fault { return []Fault{Refuse, Hang, HalfAnswer, HalfCalls, Garbage, Deny} }

// Hand is something a world may be unable to do. Every Fault is one too.
type Hand string

// The hands beside the faults.
const (
	HandSecret     Hand = "secret"     // there is a credential
	HandNamespaces Hand = "namespaces" // a service name can be there in two namespaces
	HandUnreadable Hand = "unreadable" // an entry can be put there that cannot be read
	HandLease      Hand = "lease"      // an entry without a heartbeat stops being offered
)

// World is one fresh far end and the hands to change it. The hands work on the
// far end itself, not through the registry that is tested, and also while it
// is broken.
type World struct {
	// Driver is the row of the table the world belongs to: its abilities and
	// options are checked.
	Driver *registry.Driver
	// Open connects to the far end with this environment. Env.Secret resolves
	// every reference to Secret; Env.Log is read afterwards. The suite closes
	// what is opened.
	Open func(t testing.TB, env registry.Env) registry.Registry
	// Seed is what the far end holds at the start, exactly as List has to
	// return it but for ClaimNote, LastSeen and Lease: at least two services,
	// one of two instances or more, one name in two namespaces unless there
	// are none, and with registry.HasHealth a claim on every instance.
	Seed []fleet.Service
	// Put adds or replaces a service. Only name, namespace and the instances'
	// ids and addresses have to arrive.
	Put func(t testing.TB, s fleet.Service)
	// Drop removes a service with all its instances.
	Drop func(t testing.TB, r fleet.Ref)
	// Unreadable puts an entry there that cannot be read, and returns a part
	// of the text by which a warning has to name it.
	Unreadable func(t testing.TB) (named string)
	// Break makes the far end fail until heal is called.
	Break func(t testing.TB, how Fault) (heal func())
	// Secret is a token the world uses; it must never surface. The far end
	// need not check it.
	Secret string
	// Namespace is where the suite's own services go.
	Namespace string
	// TTL is the shortest lease the far end grants.
	TTL time.Duration
	// Settle is the longest a change may take to be seen; 5 s if zero.
	Settle time.Duration
	// Burst is how many quick changes watch/coalesce makes; 1,000 if zero,
	// never under 100.
	Burst int
	// Cannot says why a hand is nil or a fault cannot be had. Only what
	// excusable lists for the driver is accepted.
	Cannot map[Hand]string
}

// excusable is the closed list of what the worlds of a driver may be unable to
// do. A row here is a decision about the far system, not about the adapter.
func excusable(driver string) []Hand {
	switch driver {
	case "memory": // lives in the process: nobody to authenticate to
		return []Hand{HandSecret}
	case "file": // the user's own words: read whole or refused whole, without credentials; a file neither hangs nor answers by halves
		return []Hand{HandSecret, HandNamespaces, HandUnreadable, Hand(Hang), Hand(HalfCalls), Hand(Deny)}
	case "etcd": // the layouts have no namespaces
		return []Hand{HandNamespaces}
	case "consul": // only the paid edition has namespaces; a real agent refuses unreadable entries
		return []Hand{HandNamespaces, HandUnreadable}
	}
	return nil
}

// cannot says whether the world has excused itself from a hand.
func (w *World) cannot(h Hand) bool { return w.Cannot[h] != "" }

// settle is the time a change may take.
func (w *World) settle() time.Duration {
	if w.Settle > 0 {
		return w.Settle
	}
	return 5 * time.Second
}

// check says what is missing or not allowed in the world itself.
func (w *World) check() (problems []string) {
	say := func(bad bool, text string) {
		if bad {
			problems = append(problems, text)
		}
	}
	if w.Driver == nil || w.Open == nil || w.Put == nil || w.Drop == nil {
		return []string{"Driver, Open, Put and Drop are never nil"}
	}
	allowed := excusable(w.Driver.Name)
	for h, why := range w.Cannot {
		say(!slices.Contains(allowed, h), "a world of "+w.Driver.Name+" may not excuse itself from "+string(h))
		say(strings.TrimSpace(why) == "", "no reason is given for "+string(h))
	}
	for _, f := range Faults() {
		say(w.Break == nil && !w.cannot(Hand(f)), "Break is nil, and nothing says why "+string(f)+" cannot be had")
	}
	say(w.Unreadable == nil && !w.cannot(HandUnreadable), "Unreadable is nil, and nothing says why")
	say(w.Secret == "" && !w.cannot(HandSecret), "Secret is empty, and nothing says why")
	say(w.TTL == 0 && w.Driver.Has(registry.CanRegister) && !w.cannot(HandLease), "TTL is zero, and nothing says why")
	say(w.Burst != 0 && w.Burst < 100, "Burst is under 100")
	return append(problems, w.checkSeed()...)
}

// checkSeed says what the seed lacks to prove anything.
func (w *World) checkSeed() (problems []string) {
	byName := map[string]int{}
	several, unclaimed := false, false
	for _, s := range w.Seed {
		byName[s.Name]++
		several = several || len(s.Instances) > 1
		for _, in := range s.Instances {
			unclaimed = unclaimed || in.Claimed == nil
		}
	}
	twice := false
	for _, n := range byName {
		twice = twice || n > 1
	}
	if len(w.Seed) < 2 || !several {
		problems = append(problems, "Seed has to hold two services, one of them with two instances")
	}
	if !twice && !w.cannot(HandNamespaces) {
		problems = append(problems, "Seed has to hold one name in two namespaces")
	}
	if unclaimed && w.Driver.Has(registry.HasHealth) {
		problems = append(problems, "Seed has to claim a status for every instance, as the driver declares health")
	}
	return problems
}

// Run runs every case on a world of its own.
func Run(t *testing.T, fresh func(t testing.TB) World) {
	t.Helper()
	for _, c := range cases() {
		t.Run(c.name, func(t *testing.T) { c.try(t, fresh(t)) })
	}
}

// Main runs a package's tests and fails when a goroutine is left behind.
func Main(m *testing.M, options ...goleak.Option) { goleak.VerifyTestMain(m, options...) }

// MustRunVariable is that of worldtest.
const MustRunVariable = worldtest.MustRunVariable

// Missing skips a test whose real server is not on this machine, as
// registry/etcd, or fails it where it must run.
func Missing(t testing.TB, world, why string) {
	t.Helper()
	worldtest.Missing(t, world, why)
}

// Eventually waits until something is so, asking every few milliseconds, and
// fails the test when it is not so in time. It is for states of a far end that
// announces nothing.
func Eventually(t testing.TB, within time.Duration, what string, is func() bool) {
	t.Helper()
	if !eventually(within, is) {
		t.Fatalf("not so within %v: %s", within, what)
	}
}

// eventually says whether it came to be so in time.
func eventually(within time.Duration, is func() bool) bool {
	end := time.NewTimer(within)
	defer end.Stop()
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	for !is() {
		select {
		case <-end.C:
			return is()
		case <-tick.C:
		}
	}
	return true
}
