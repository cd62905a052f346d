package haproxy_test

import (
	"errors"
	"fmt"
	"net"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/midwatch-cli/midwatch/fleet"
	"github.com/midwatch-cli/midwatch/fleet/breaker"
	"github.com/midwatch-cli/midwatch/fleet/breaker/breakertest"
	"github.com/midwatch-cli/midwatch/fleet/breaker/haproxy"
	"github.com/midwatch-cli/midwatch/fleet/breaker/peertest"
)

// real is an HAProxy that also has a backend that shows what else servers can
// be.
type real struct {
	*peertest.HAProxy
	agent *agent
}

const oddServers = `
backend odd
    option httpchk GET /health
    default-server inter 50ms fall 2 rise 1
    server leads %[1]s check
    server follows %[1]s track odd/leads
    server disabled %[1]s check disabled
    server a.b:c_d-e %[1]s track odd/disabled
    server asked %[1]s check agent-check agent-addr 127.0.0.1 agent-port %[2]d agent-inter 50ms
`

func startReal(t testing.TB) *real {
	t.Helper()
	agent := newAgent(t)
	odd := func(upstream string) string { return fmt.Sprintf(oddServers, upstream, agent.port()) }
	return &real{peertest.StartHAProxy(t, odd), agent}
}

func TestConformanceReal(t *testing.T) {
	breakertest.Run(t, func(t testing.TB) breakertest.World {
		r := startReal(t)
		return breakertest.World{
			Driver: haproxy.Driver(), Open: open, Site: breaker.Site{Base: r.Base},
			Names: []string{"orders/o1", "payments/p1"}, Unknown: "orders/nope", DrainName: "orders/o1",
			Call:    func(t testing.TB, name string) bool { return breakertest.Through(t, 1, r.URL(name)) == 1 },
			Trouble: func(_ testing.TB, name string) { r.Up[name].Unwell.Store(true) },
			Cannot:  breakertest.Real(nil),
		}
	})
}

// Traffic proves it: the upstream's own counter moves, stands still, moves.
func TestTrafficReal(t *testing.T) {
	r := startReal(t)
	const name, calls = "orders/o1", 50
	a, site, up := open(t), breaker.Site{Base: r.TCP}, r.Up[name]
	expect := func(when string, passed, reached int) {
		t.Helper()
		before := up.Calls.Load()
		got := breakertest.Through(t, calls, r.URL(name))
		if moved := int(up.Calls.Load() - before); got != passed || moved != reached {
			t.Errorf("%s: of %d calls %d passed and %d reached the upstream, want %d and %d", when, calls, got, moved, passed, reached)
		}
	}
	set := func(v fleet.Verb) fleet.Breaker {
		t.Helper()
		b, err := a.Set(t.Context(), site, name, fleet.Order{Verb: v})
		if err != nil {
			t.Fatal(err)
		}
		return b
	}
	expect("before", calls, calls)
	if b := set(fleet.Trip); b.State != fleet.BreakerForcedOpen || b.Note != "MAINT" || b.Calls != calls || b.FailureRate != 0 || time.Since(b.Since) > 10*time.Second {
		t.Errorf("tripped it is %+v", b)
	}
	expect("tripped", 0, 0)
	set(fleet.Reset)
	expect("after", calls, calls)
}

// A socket below admin reads, says so in the plan, and is denied.
func TestLevelReal(t *testing.T) {
	r := startReal(t)
	a, site := open(t), breaker.Site{Base: r.Operator}
	if list, err := a.List(t.Context(), site); err != nil || len(list) != 7 {
		t.Fatalf("%d breakers, %v", len(list), err)
	}
	trip := fleet.Order{Verb: fleet.Trip}
	_, setErr := a.Set(t.Context(), site, "orders/o1", trip)
	_, adviceErr := a.(breaker.Advisor).Advise(t.Context(), site, "orders/o1", trip)
	_, drainErr := a.(breaker.Drainer).SetDrain(t.Context(), site, "orders/o1", true, fleet.Order{})
	_, effectsErr := a.(breaker.Drainer).DrainEffects(t.Context(), site, "orders/o1", true)
	for what, err := range map[string]error{"Set": setErr, "Advise": adviceErr, "SetDrain": drainErr, "DrainEffects": effectsErr} {
		var said *fleet.Error
		if !errors.Is(err, fleet.ErrDenied) || !errors.As(err, &said) || !strings.Contains(said.Hint, "level admin") {
			t.Errorf("%s: %v (%+v), want denied and the level", what, err, said)
		}
	}
	for want, name := range map[string]string{
		"no other server of backend orders": "orders/o1", "a reload or restart of HAProxy forgets it": "orders/o1",
		"odd/follows tracks it and is in maintenance with it": "odd/leads",
	} {
		effects, err := a.(breaker.Advisor).Advise(t.Context(), breaker.Site{Base: r.Base}, name, trip)
		if text := strings.Join(effects, "\n"); err != nil || !strings.Contains(text, want) {
			t.Errorf("%v; want %q in\n%s", err, want, text)
		}
	}
}

// What the servers of odd are, told apart.
func TestOddServersReal(t *testing.T) {
	r := startReal(t)
	a, site := open(t), breaker.Site{Base: r.Base}
	see := func(name string) fleet.Breaker {
		list, err := a.List(t.Context(), site)
		b := breaker.Find(list, name)
		if err != nil || b == nil {
			t.Fatal(name, err)
		}
		return *b
	}
	set := func(name string, v fleet.Verb) error {
		_, err := a.Set(t.Context(), site, name, fleet.Order{Verb: v})
		return err
	}
	expect := func(name string, state fleet.BreakerState, note string, verbs ...fleet.Verb) {
		t.Helper()
		if b := see(name); b.State != state || b.Note != note || !slices.Equal(b.Verbs, verbs) {
			t.Errorf("%s is %s, %q, %v; want %s, %q, %v", name, b.State, b.Note, b.Verbs, state, note, verbs)
		}
	}
	expect("odd/disabled", fleet.BreakerForcedOpen, "MAINT, its configuration starts it in maintenance")
	expect("odd/a.b:c_d-e", fleet.BreakerForcedOpen, "MAINT (via odd/disabled)", fleet.Trip)
	if err := set("odd/a.b:c_d-e", fleet.Reset); !errors.Is(err, errors.ErrUnsupported) || !strings.Contains(err.Error(), "odd/disabled") {
		t.Errorf("resetting one that follows: %v", err)
	}
	if err := set("odd/disabled", fleet.Reset); err != nil {
		t.Error(err)
	}
	if b := see("odd/a.b:c_d-e"); b.State != fleet.BreakerClosed {
		t.Errorf("what followed is %+v", b)
	}
	if err := set("odd/follows", fleet.Trip); err != nil {
		t.Error(err)
	}
	expect("odd/follows", fleet.BreakerForcedOpen, "MAINT")
	if b := see("odd/leads"); b.State != fleet.BreakerClosed {
		t.Errorf("what is followed is %+v", b)
	}

	waits := func(what string, ok func(fleet.Breaker) bool) {
		t.Helper()
		end := time.NewTimer(10 * time.Second)
		defer end.Stop()
		for !ok(see("odd/asked")) {
			select {
			case <-end.C:
				t.Fatalf("not seen: %s, it is %+v", what, see("odd/asked"))
			case <-time.After(20 * time.Millisecond):
			}
		}
	}
	r.agent.say("drain")
	waits("drained by its agent", func(b fleet.Breaker) bool { return b.Note == "DRAIN (agent)" && b.State == fleet.BreakerClosed })
	r.agent.say("down #out of paper")
	waits("down by its agent", func(b fleet.Breaker) bool {
		return strings.HasPrefix(b.Note, "DOWN (agent)") && strings.Contains(b.Note, "out of paper") && b.State == fleet.BreakerOpen
	})
	r.agent.say("maint")
	waits("in maintenance by its agent", func(b fleet.Breaker) bool { return b.State == fleet.BreakerForcedOpen })
	r.agent.say("ready up")
	waits("well again", func(b fleet.Breaker) bool { return b.State == fleet.BreakerClosed })
}

// agent is an agent that HAProxy asks how a server is.
type agent struct {
	l    net.Listener
	word chan string // holds the word it says
}

func newAgent(t testing.TB) *agent {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	a := &agent{l: l, word: make(chan string, 1)}
	a.word <- "ready up"
	done := make(chan struct{})
	go func() {
		defer close(done)
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			word := <-a.word
			a.word <- word
			_, _ = c.Write([]byte(word + "\n"))
			c.Close()
		}
	}()
	t.Cleanup(func() {
		l.Close()
		<-done
	})
	return a
}

func (a *agent) port() int { return a.l.Addr().(*net.TCPAddr).Port }

func (a *agent) say(word string) {
	<-a.word
	a.word <- word
}
