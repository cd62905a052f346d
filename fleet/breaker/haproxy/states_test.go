package haproxy_test

import (
	"errors"
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/midwatch-cli/midwatch/fleet"
	"github.com/midwatch-cli/midwatch/fleet/breaker"
	"github.com/midwatch-cli/midwatch/fleet/breaker/breakertest"
)

// list reads the fake.
func (f *fake) list(t testing.TB) []fleet.Breaker {
	t.Helper()
	list, err := open(t).List(t.Context(), breaker.Site{Base: f.base()})
	if err != nil {
		t.Fatal(err)
	}
	return list
}

// The bits of srv_admin_state and what checks say, told apart.
func TestStates(t *testing.T) {
	for _, c := range []struct {
		what            string
		row             row
		state, observed fleet.BreakerState
		note            string
	}{
		{"up", row{check: true}, fleet.BreakerClosed, fleet.BreakerClosed, ""},
		{"nobody checks", row{}, fleet.BreakerClosed, fleet.BreakerUnknown, ""},
		{"going down", row{check: true, status: "UP 1/3"}, fleet.BreakerClosed, fleet.BreakerClosed, "UP 1/3"},
		{"down", row{check: true, down: true, checkWord: "L7STS", lastly: "HTTP 503"}, fleet.BreakerOpen, fleet.BreakerOpen, "DOWN, L7STS HTTP 503"},
		{"down by its agent", row{check: true, down: true, status: "DOWN (agent)", agent: "out of paper"}, fleet.BreakerOpen, fleet.BreakerOpen, "DOWN (agent), out of paper"},
		{"maintenance", row{check: true, admin: 0x01}, fleet.BreakerForcedOpen, fleet.BreakerUnknown, "MAINT"},
		{"inherited", row{tracks: "a/b", admin: 0x02}, fleet.BreakerForcedOpen, fleet.BreakerUnknown, "MAINT (via a/b)"},
		{"by configuration", row{check: true, admin: 0x05}, fleet.BreakerForcedOpen, fleet.BreakerUnknown, "MAINT, its configuration starts it in maintenance"},
		{"its marker alone", row{check: true, admin: 0x04}, fleet.BreakerClosed, fleet.BreakerClosed, ""},
		{"no address", row{check: true, admin: 0x20}, fleet.BreakerOpen, fleet.BreakerOpen, "MAINT (resolution)"},
		{"another address", row{check: true, admin: 0x40}, fleet.BreakerClosed, fleet.BreakerClosed, ""},
		{"drain", row{check: true, admin: 0x08}, fleet.BreakerClosed, fleet.BreakerClosed, "DRAIN"},
		{"inherited drain", row{check: true, admin: 0x10}, fleet.BreakerClosed, fleet.BreakerClosed, "DRAIN"},
		{"drain by its agent", row{check: true, admin: 0x08, status: "DRAIN (agent)"}, fleet.BreakerClosed, fleet.BreakerClosed, "DRAIN (agent)"},
		{"drain and down", row{check: true, admin: 0x08, down: true}, fleet.BreakerOpen, fleet.BreakerOpen, "DOWN"},
		{"404 takes it out", row{check: true, status: "NOLB"}, fleet.BreakerClosed, fleet.BreakerClosed, "NOLB"},
		{"less weight", row{check: true, weight: 25, initial: 100}, fleet.BreakerClosed, fleet.BreakerClosed, "weight 25, configured 100"},
		{"no weight", row{check: true, weight: 0, initial: 100}, fleet.BreakerClosed, fleet.BreakerClosed, "weight 0, configured 100"},
	} {
		t.Run(c.what, func(t *testing.T) {
			c.row.backend, c.row.name = "orders", "o1"
			b := newFake(t, &c.row).list(t)[0]
			if b.State != c.state || b.Observed != c.observed || b.Note != c.note {
				t.Errorf("%s, observed %s, %q; want %s, %s, %q", b.State, b.Observed, b.Note, c.state, c.observed, c.note)
			}
		})
	}
}

func TestRates(t *testing.T) {
	f := newFake(t, &row{backend: "a", name: "none"}, &row{backend: "b", name: "some", calls: 200, failed: 50}, &row{backend: "c", name: "retries", calls: 2, failed: 9})
	list := f.list(t)
	if !math.IsNaN(list[0].FailureRate) || list[1].FailureRate != 0.25 || list[2].FailureRate != 1 || list[1].Calls != 200 {
		t.Errorf("%+v", list)
	}
}

// An HAProxy of several processes may give a row for each.
func TestProcesses(t *testing.T) {
	head, row, _ := strings.Cut(strings.TrimRight(reply(t, "09-stat-after-maint.txt"), "\n"), "\n")
	row, _, _ = strings.Cut(row, "\n")
	a, _ := script(t, reply(t, "08-state-after-maint.txt")+head+"\n"+row+"\n"+row+"\n\n")
	list, err := a.List(t.Context(), at)
	if err != nil || len(list) != 3 || list[0].Calls != 2 || list[1].Calls != -1 || list[1].State != fleet.BreakerClosed {
		t.Errorf("%+v, %v", list, err)
	}
}

// No name ever makes a second command, wherever it comes from.
func TestNamesAreNoCommands(t *testing.T) {
	evil := []string{"o1;shutdown frontend fe", "o1\nset server orders/o1 state maint", `o1\`, `o1\;x`, "o1 x", "o1 <<", "#1", "é", "o1\x00", ""}
	f := newFake(t, &row{backend: "orders", name: "o1"})
	a, site := open(t), breaker.Site{Base: f.base()}
	for _, name := range evil {
		for _, full := range []string{"orders/" + name, name + "/o1", name} {
			_, setErr := a.Set(t.Context(), site, full, fleet.Order{Verb: fleet.Trip})
			_, drainErr := a.(breaker.Drainer).SetDrain(t.Context(), site, full, true, fleet.Order{})
			if !errors.Is(setErr, fleet.ErrNotFound) || !errors.Is(drainErr, fleet.ErrNotFound) && !errors.Is(drainErr, errors.ErrUnsupported) {
				t.Errorf("%q: %v, %v", full, setErr, drainErr)
			}
		}
	}
	// Also where the listing itself has such a name.
	for _, name := range []string{"o1;x", `o\1`, "#1", "<HTTPCLIENT>", "é"} {
		bad := newFake(t, &row{backend: "orders", name: name})
		b := bad.list(t)[0]
		if b.Name != "orders/"+name || b.Verbs == nil || len(b.Verbs) != 0 {
			t.Errorf("%+v", b)
		}
		site := breaker.Site{Base: bad.base()}
		_, setErr := a.Set(t.Context(), site, b.Name, fleet.Order{Verb: fleet.Trip})
		_, drainErr := a.(breaker.Drainer).SetDrain(t.Context(), site, b.Name, true, fleet.Order{})
		_, adviceErr := a.(breaker.Advisor).Advise(t.Context(), site, b.Name, fleet.Order{Verb: fleet.Trip})
		for _, err := range []error{setErr, drainErr, adviceErr} {
			if !errors.Is(err, errors.ErrUnsupported) || !strings.Contains(err.Error(), "cannot be put into a command") {
				t.Errorf("%q: %v", name, err)
			}
		}
		if got := bad.sent(); len(got) > 0 {
			t.Errorf("%q was sent", got)
		}
	}
	if got := f.sent(); len(got) > 0 {
		t.Errorf("%q was sent", got)
	}
}

// A drain and a trip do not undo each other unasked.
func TestDrainAndTrip(t *testing.T) {
	f := newFake(t, &row{backend: "orders", name: "o1", check: true, sessions: 3}, &row{backend: "shop", name: "s1", tracks: "orders/o1"})
	a, site := open(t), breaker.Site{Base: f.base()}
	d := a.(breaker.Drainer)
	drain := func(name string, on bool) (breaker.DrainState, error) {
		return d.SetDrain(t.Context(), site, name, on, fleet.Order{})
	}
	expect := func(what string, got breaker.DrainState, err error, on bool, text string) {
		t.Helper()
		if err != nil || got.On != on || got.Text != text {
			t.Errorf("%s: %+v, %v; want %v, %q", what, got, err, on, text)
		}
	}
	got, err := drain("orders/o1", true)
	expect("drained", got, err, true, "drain")
	if got.InFlight != 3 {
		t.Errorf("%d in flight, want 3", got.InFlight)
	}
	if _, err := drain("shop/s1", false); !errors.Is(err, errors.ErrUnsupported) || !strings.Contains(err.Error(), "tracks") {
		t.Errorf("putting back what follows: %v", err)
	}
	// A reset is of the trip: the drain stays.
	if b, err := a.Set(t.Context(), site, "orders/o1", fleet.Order{Verb: fleet.Reset}); err != nil || b.Note != "DRAIN" {
		t.Errorf("%+v, %v", b, err)
	}
	advice, err := a.(breaker.Advisor).Advise(t.Context(), site, "orders/o1", fleet.Order{Verb: fleet.Trip})
	if text := strings.Join(advice, "\n"); err != nil || !strings.Contains(text, "it is draining") || !strings.Contains(text, "shop/s1 tracks it") {
		t.Errorf("%v in\n%s", err, text)
	}
	if _, err := a.Set(t.Context(), site, "orders/o1", fleet.Order{Verb: fleet.Trip}); err != nil {
		t.Error(err)
	}
	got, err = drain("orders/o1", true)
	expect("drained while it is tripped", got, err, true, "maint")
	if _, err = drain("orders/o1", false); !errors.Is(err, errors.ErrUnsupported) || !strings.Contains(err.Error(), "not a drain") {
		t.Errorf("putting back what is tripped: %v", err)
	}
	if want := []string{"set server orders/o1 state drain", "set server orders/o1 state maint"}; !slices.Equal(f.sent(), want) {
		t.Errorf("sent %q, want %q", f.sent(), want)
	}
	if _, err := drain("", true); !errors.Is(err, errors.ErrUnsupported) {
		t.Errorf("the whole: %v", err)
	}
	if _, err := d.DrainEffects(t.Context(), site, "", true); !errors.Is(err, errors.ErrUnsupported) {
		t.Errorf("the whole: %v", err)
	}
	if _, err := d.Drained(t.Context(), site, "orders/nope"); !errors.Is(err, fleet.ErrNotFound) {
		t.Errorf("an unknown one: %v", err)
	}
}

// What cannot come to be is said with what stands in its way.
func TestNoEffectWords(t *testing.T) {
	f := newFake(t, &row{backend: "orders", name: "o1", check: true, admin: 0x01, agent: "maint"}, &row{backend: "orders", name: "o2", check: true, weight: 0, initial: 1})
	a, site := open(t), breaker.Site{Base: f.base()}
	_, err := a.Set(t.Context(), site, "orders/o1", fleet.Order{Verb: fleet.Reset})
	if !errors.Is(err, breaker.ErrNoEffect) || !strings.Contains(err.Error(), "its agent says maint") {
		t.Errorf("%v", err)
	}
	if got, err := a.(breaker.Drainer).Drained(t.Context(), site, "orders/o2"); err != nil || !got.On || got.Text != "up, weight 0" {
		t.Errorf("%+v, %v", got, err)
	}
	if _, err = a.(breaker.Drainer).SetDrain(t.Context(), site, "orders/o2", false, fleet.Order{}); !errors.Is(err, breaker.ErrNoEffect) || !strings.Contains(err.Error(), "its weight is 0") {
		t.Errorf("%v", err)
	}
}

// A server that follows another is tripped for itself too; that the other holds
// it is no proof that it was.
func TestTripOfWhatFollows(t *testing.T) {
	f := newFake(t, &row{backend: "a", name: "b", check: true, admin: 0x01}, &row{backend: "shop", name: "x", tracks: "a/b", admin: 0x02})
	a, site, trip := open(t), breaker.Site{Base: f.base()}, fleet.Order{Verb: fleet.Trip}
	heal := f.breakIt(t, breakertest.NoEffect)
	if _, err := a.Set(t.Context(), site, "shop/x", trip); !errors.Is(err, breaker.ErrNoEffect) || !strings.Contains(err.Error(), "it follows a/b") {
		t.Errorf("%v", err)
	}
	heal()
	if b, err := a.Set(t.Context(), site, "shop/x", trip); err != nil || b.Note != "MAINT" || b.Verbs != nil {
		t.Errorf("%+v, %v", b, err)
	}
}

func TestEffects(t *testing.T) {
	f := newFake(t,
		&row{backend: "orders", name: "o1", check: true}, &row{backend: "orders", name: "o2", check: true},
		&row{backend: "spare", name: "s1", check: true, admin: 0x05}, &row{backend: "shop", name: "x", tracks: "spare/s1", admin: 0x02},
		&row{backend: "alone", name: "a1", check: true},
	)
	f.nbproc = 4
	a, site := open(t), breaker.Site{Base: f.base()}
	d := a.(breaker.Drainer)
	advise := func(name string, v fleet.Verb) []string {
		effects, err := a.(breaker.Advisor).Advise(t.Context(), site, name, fleet.Order{Verb: v})
		if err != nil {
			t.Error(err)
		}
		return effects
	}
	effects := func(name string, on bool) []string {
		effects, err := d.DrainEffects(t.Context(), site, name, on)
		if err != nil {
			t.Error(err)
		}
		return effects
	}
	for _, c := range []struct {
		what        string
		got         []string
		want, never string
	}{
		{"trip", advise("orders/o1", fleet.Trip), "its checks stop", "503"},
		{"trip of the only one", advise("alone/a1", fleet.Trip), "no other server of backend alone is up", "tracks it"},
		{"drain of the only one", effects("alone/a1", true), "no other server of backend alone is up", "its checks stop"},
		{"processes", advise("orders/o1", fleet.Trip), "process 1 of 4", "no other server"},
		{"reset of a configured one", advise("spare/s1", fleet.Reset), "a reload puts it there again", "checks stop"},
		{"reset with a follower", advise("spare/s1", fleet.Reset), "shop/x tracks it and comes back with it", "maintenance with it"},
		{"drain", effects("orders/o1", true), "still reach it", "503"},
		{"put back", effects("orders/o1", false), "forgets it", "still reach it"},
	} {
		if text := strings.Join(c.got, "\n"); !strings.Contains(text, c.want) || strings.Contains(text, c.never) {
			t.Errorf("%s: want %q and not %q in\n%s", c.what, c.want, c.never, text)
		}
	}
	if got := f.sent(); len(got) > 0 {
		t.Errorf("asking for advice sent %q", got)
	}
	if _, err := a.(breaker.Advisor).Advise(t.Context(), site, "shop/x", fleet.Order{Verb: fleet.Reset}); !errors.Is(err, errors.ErrUnsupported) {
		t.Errorf("%v", err)
	}
	if _, err := a.(breaker.Advisor).Advise(t.Context(), site, "shop/nope", fleet.Order{Verb: fleet.Trip}); !errors.Is(err, fleet.ErrNotFound) {
		t.Errorf("%v", err)
	}
}
