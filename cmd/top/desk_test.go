package top_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/midwatch-cli/midwatch/cmd/breakers"
	"github.com/midwatch-cli/midwatch/cmd/cmdtest"
	"github.com/midwatch-cli/midwatch/cmd/top"
	"github.com/midwatch-cli/midwatch/fleet/change"
	"github.com/midwatch-cli/midwatch/tui/desk"
)

// shop is order of two instances with breakers payment and user, and gateway of one
// with breaker order.
func shop(t *testing.T) (w *world, order [2]*far, gateway *far) {
	t.Helper()
	order = [2]*far{newFar(t, "payment", "user"), newFar(t, "payment", "user")}
	gateway = newFar(t, "order")
	return newWorld(t, map[string][]*far{"order": order[:], "gateway": {gateway}}), order, gateway
}

// TestNoChangesNothing: a plan that is not agreed to is written nowhere.
func TestNoChangesNothing(t *testing.T) {
	w, order, _ := shop(t)
	m := w.make(t, wish(desk.Trip, "order:payment"), false)
	m.says(t, "This opens breaker payment on 2 of 2 instances of order (prod).\n  order-1  closed  →  forced open\n", "Calls from order to payment will be refused at once.", "!error")
	if m.Agreed || m.Change != "" || len(m.Results) != 0 || len(m.asked) != 1 || m.asked[0].Type != "" || m.asked[0].Again {
		t.Errorf("%+v", m.End)
	}
	if all := w.journal(t); len(all) != 0 || order[0].ordered()+order[1].ordered() != 0 {
		t.Errorf("journalled %v, ordered %d", all, order[0].ordered())
	}
}

// TestTripAndUndo: it is done, read back, told one by one, written down, and taken
// back.
func TestTripAndUndo(t *testing.T) {
	w, order, gateway := shop(t)
	want := wish(desk.Trip, "order:payment")
	want.Reason = "db failover"
	m := w.make(t, want, true)
	m.says(t, "order/order-1 payment done: closed -> forced open (", "Opened on 2 of 2.\n", "!undo:", "!error")
	if !m.Agreed || m.Change == "" || len(m.Results) != 2 || len(m.done) != 2 || m.of != 2 {
		t.Fatalf("%+v", m)
	}
	if got := states("payment", order[:]...) + " " + states("user", order[:]...); got != "forced_open forced_open closed closed" {
		t.Error(got)
	}
	all := w.journal(t)
	if len(all) != 1 || all[0].ID != m.Change || all[0].Reason != "db failover" || all[0].Context != "prod" || all[0].Finished.IsZero() {
		t.Fatalf("%+v", all)
	}
	d := w.desk(t)
	listed, err := d.Changes(t.Context())
	if err != nil || len(listed) != 1 || listed[0].Batch.ID != m.Change || listed[0].Stand != change.StandInForce {
		t.Errorf("%+v, %v", listed, err)
	}

	again := w.make(t, want, true)
	again.says(t, "Breaker payment is forced open on 2 of 2 instances of order (prod) already: there is nothing to do.", "!error")
	if len(again.asked) != 0 || again.Change != "" || !again.Agreed {
		t.Errorf("%+v", again)
	}

	back := w.make(t, desk.Wish{Verb: desk.Undo, Change: m.Change, Context: "prod"}, true)
	back.says(t, "This takes back "+m.Change+": trip order/payment", `("db failover")`, "Took back 2 of 2.", "!error")
	if got := states("payment", order[:]...); got != "closed closed" || back.Change == "" || back.Change == m.Change {
		t.Errorf("%s, %+v", got, back.End)
	}
	w.make(t, desk.Wish{Verb: desk.Undo, Change: m.Change, Context: "prod"}, true).says(t, "error: nothing of change "+m.Change+" is left to take back: nothing was changed")
	if gateway.ordered() != 0 {
		t.Error("another was ordered something")
	}
}

// TestSameAsTheCommand: what is written down is what midwatch breakers trip writes.
func TestSameAsTheCommand(t *testing.T) {
	entry := func(by func(w *world)) string {
		w, order, _ := shop(t)
		by(w)
		all := w.journal(t)
		if len(all) != 1 {
			t.Fatal(all)
		}
		b := all[0]
		b.ID, b.At, b.Finished, b.Who.Terminal = "ID", time.Time{}, time.Time{}, ""
		for i := range b.Steps {
			s := &b.Steps[i]
			s.Began, s.Ended = time.Time{}, time.Time{}
			s.Intent.Target.Admin.Base = "BASE"
		}
		text, err := json.MarshalIndent(b, "", " ")
		if err != nil {
			t.Fatal(err)
		}
		return strings.NewReplacer(w.home, "HOME", order[0].addr, "ONE", order[1].addr, "TWO").Replace(string(text))
	}
	dashboard := entry(func(w *world) {
		want := wish(desk.Trip, "order:payment")
		want.Reason = "db"
		w.make(t, want, true).says(t, "Opened on 2 of 2")
	})
	command := entry(func(w *world) {
		if r := w.run(t, cmdtest.Command{New: breakers.New}, "trip", "order/payment", "--yes", "--reason", "db"); r.Err != nil {
			t.Fatal(r.Err)
		}
	})
	if dashboard != command {
		t.Errorf("the dashboard wrote\n%s\nthe command\n%s", dashboard, command)
	}
	if strings.Contains(command, token) || !strings.Contains(command, "FAR_TOKEN") {
		t.Error("its secret is not by reference")
	}
}

// TestManyTargets: what was marked is one change: breakers of several services,
// each with its own name, and no others.
func TestManyTargets(t *testing.T) {
	w, order, gateway := shop(t)
	m := w.make(t, wish(desk.Bypass, "order/order-2:payment", "gateway/gateway-1:order", "order/order-1:user"), true)
	m.says(t, "This bypasses breaker order on 1 of 1 instance of gateway", "on 1 of 2 instances of order", "will pass unprotected", "!error")
	got := states("payment", order[:]...) + ", " + states("user", order[:]...) + ", " + states("order", gateway)
	if got != "closed disabled, disabled closed, disabled" || len(w.journal(t)) != 1 || len(m.Results) != 3 {
		t.Errorf("%s; %+v", got, m.End)
	}
}

// TestEveryOrder gives each of them to what can take it.
func TestEveryOrder(t *testing.T) {
	w, order, _ := shop(t)
	for _, c := range []struct {
		verb desk.Verb
		says string
		is   string
	}{
		{desk.Trip, "Opened on 1 of 1.", "forced_open"},
		{desk.Bypass, "Bypassed on 1 of 1.", "disabled"},
		{desk.Reset, "Closed on 1 of 1.", "closed"},
		{desk.HalfOpen, "half-open", "closed"},
	} {
		m := w.make(t, wish(c.verb, "order/order-1:payment"), true)
		m.says(t, c.says)
		if got := states("payment", order[:]...); got != c.is+" closed" {
			t.Errorf("%s: %s\n%s", c.verb, got, m.text())
		}
	}
}

// TestRefusedHalfWay: one instance does not obey. The others are done, each is
// told with its reason, and what the far side repeats of our secret is not seen.
func TestRefusedHalfWay(t *testing.T) {
	for status, says := range map[int]string{
		http.StatusForbidden:           "order/order-1 payment failed",
		http.StatusInternalServerError: "order/order-1 payment failed",
	} {
		w, order, _ := shop(t)
		order[0].answers(status, fmt.Sprintf(`{"title":"no","detail":"not with Bearer %s, \u001b[31m"}`, token))
		m := w.make(t, wish(desk.Trip, "order:payment"), true)
		m.says(t, says, fmt.Sprint(status), "order/order-2 payment done", "Opened on 1 of 2.", "midwatch breakers trip --retry "+m.Change, "!error")
		if got := states("payment", order[:]...); got != "closed forced_open" || m.Change == "" || len(m.Results) != 2 {
			t.Errorf("%s, %+v", got, m.End)
		}
		all := w.journal(t)
		if len(all) != 1 || all[0].Steps[0].State != change.Failed || all[0].Steps[1].State != change.Done || strings.Contains(fmt.Sprint(*all[0]), token) {
			t.Errorf("%+v", all)
		}
	}
}

// TestProtected: the service's name is what has to be typed, and of two services
// there is no such name.
func TestProtected(t *testing.T) {
	w, order, _ := shop(t)
	w.config = "contexts:\n  - {name: prod, protected: true, write: true, registries: [\"FLEET\"]}\n"
	m := w.make(t, wish(desk.Trip, "order:payment"), true)
	m.says(t, "instances of order (prod, protected)", "Opened on 2 of 2")
	if len(m.asked) != 1 || m.asked[0].Type != "order" {
		t.Errorf("%+v", m.asked)
	}
	back := w.make(t, desk.Wish{Verb: desk.Undo, Change: m.Change, Context: "prod"}, true)
	if len(back.asked) != 1 || back.asked[0].Type != "order" || states("payment", order[:]...) != "closed closed" {
		t.Errorf("%+v", back.asked)
	}
	two := w.make(t, wish(desk.Trip, "order:payment", "gateway:order"), true)
	two.says(t, "error: this context is protected: one service at a time; hint: change gateway and order one after the other")
	if len(two.asked) != 0 || len(w.journal(t)) != 2 {
		t.Error("it was asked, or written")
	}
}

// TestTryAgain: what a change did not do is done by another one, which ends by itself
// as the first one did; what was done is left alone.
func TestTryAgain(t *testing.T) {
	w, order, _ := shop(t)
	order[1].answers(http.StatusForbidden, `{"error":"not yet"}`)
	m := w.make(t, wish(desk.Trip, "order:payment"), true)
	if m.says(t, "Opened on 1 of 2."); states("payment", order[:]...) != "forced_open closed" {
		t.Fatal(states("payment", order[:]...))
	}
	order[1].mu.Lock()
	order[1].post = nil
	order[1].mu.Unlock()
	again := desk.Wish{Verb: desk.Retry, Change: m.Change, Context: "prod", Reason: "once more"}
	no := w.make(t, again, false)
	no.says(t, "This goes on with "+m.Change+": trip order/payment", "1 of 2 targets.", "!error")
	if no.Agreed || order[1].Guard("payment").State() != "closed" {
		t.Errorf("no: %+v", no.End)
	}
	before := order[0].ordered()
	rest := w.make(t, again, true)
	rest.says(t, "order/order-2 payment done", "!error")
	if got := states("payment", order[:]...); got != "forced_open forced_open" || order[0].ordered() != before || rest.Change == "" || len(rest.Results) != 1 {
		t.Errorf("%s, %d orders more, %+v", got, order[0].ordered()-before, rest.End)
	}
	w.make(t, again, true).says(t, "nothing was changed", "error: ")
	w.make(t, desk.Wish{Verb: desk.Retry, Change: "nothing", Context: "prod"}, true).says(t, "error: ")
}

// TestReadOnly: whoever says so, nothing is asked and nobody else says otherwise.
func TestReadOnly(t *testing.T) {
	for name, spoil := range map[string]func(w *world){
		"the context": func(w *world) {
			w.config = strings.Replace(w.config, "name: prod", "name: prod, readOnly: true, write: true", 1)
		},
		"the flag":        func(w *world) { w.flags = []string{"--read-only"} },
		"the environment": func(w *world) { w.env["MIDWATCH_READ_ONLY"] = "1" },
	} {
		w, order, _ := shop(t)
		spoil(w)
		d := w.desk(t)
		if got := d.Refusal("prod"); got != "prod is read-only: writes are refused" {
			t.Errorf("%s: %q", name, got)
		}
		if top.Begins(d, true) {
			t.Errorf("%s: writing all the same", name)
		}
		m := w.make(t, wish(desk.Trip, "order:payment"), true)
		m.says(t, "error: nothing was changed: prod is read-only: writes are refused")
		if len(m.asked) != 0 || order[0].ordered() != 0 || len(w.journal(t)) != 0 {
			t.Errorf("%s: it was asked, or ordered", name)
		}
	}
	// A context that became read-only after the dashboard was started.
	w, order, _ := shop(t)
	d := w.desk(t)
	w.config = strings.Replace(w.config, "name: prod", "name: prod, readOnly: true", 1)
	w.args(t)
	m := &made{someone: someone{says: true}}
	if m.End, m.err = d.Make(t.Context(), wish(desk.Trip, "order:payment"), &m.someone); len(m.asked) != 0 || order[0].ordered() != 0 {
		t.Error("it was asked, or ordered")
	}
	m.says(t, "error: writes are refused here: read-only")
}

// TestContexts: each context is refused for itself, a change goes to the one that it
// is of, and those of contexts that are not shown are not listed.
func TestContexts(t *testing.T) {
	w, order, _ := shop(t)
	w.config = "contexts:\n  - {name: prod, registries: [\"FLEET\"]}\n  - {name: dev, registries: [\"FLEET\"]}\n  - {name: still, readOnly: true, registries: [\"FLEET\"]}\n"
	w.flags = []string{"--context", "prod,still"}
	d := w.desk(t)
	for context, want := range map[string]string{"prod": "", "still": "still is read-only: writes are refused", "dev": ""} {
		if got := d.Refusal(context); got != want {
			t.Errorf("%s: %q, want %q", context, got, want)
		}
	}
	w.make(t, in("still", "file", wish(desk.Trip, "order:payment")), true).says(t, "error: nothing was changed: still is read-only")
	w.make(t, wish(desk.Trip, "order/order-1:payment"), true).says(t, "on 1 of 2 instances of order (prod)", "Opened on 1 of 1.")
	w.make(t, in("dev", "file", wish(desk.Trip, "order/order-2:payment")), true).says(t, "on 1 of 2 instances of order (dev)", "Opened on 1 of 1.")
	listed, err := w.desk(t).Changes(t.Context())
	if err != nil || len(listed) != 1 || listed[0].Batch.Context != "prod" || states("payment", order[:]...) != "forced_open forced_open" {
		t.Errorf("%+v, %v", listed, err)
	}
}

// TestBegins: who allows changes from the start.
func TestBegins(t *testing.T) {
	for _, c := range []struct {
		contexts string
		flag     bool
		begins   bool
	}{
		{"a:", false, false},
		{"a:", true, true},
		{"a: write", false, true},
		{"a: write, b:", false, false},
		{"a: write, b: write", false, true},
		{"a: write, b: readOnly", false, true},
		{"a: readOnly", true, false},
		{"a: write readOnly", false, false},
		{"a: write protected", false, true},
	} {
		w, _, _ := shop(t)
		w.config, w.flags = "contexts:\n", []string{"--all-contexts"}
		for _, one := range strings.Split(c.contexts, ", ") {
			name, more, _ := strings.Cut(one, ":")
			w.config += "  - {name: " + name + ", registries: [\"FLEET\"]"
			for _, key := range strings.Fields(more) {
				w.config += ", " + key + ": true"
			}
			w.config += "}\n"
		}
		if _, d := w.open(t); top.Begins(d, c.flag) != c.begins {
			t.Errorf("%q, --write %v: not %v", c.contexts, c.flag, c.begins)
		}
	}
}

// TestNothingCanBeWrittenDown: it is said before anything is planned.
func TestNothingCanBeWrittenDown(t *testing.T) {
	w, order, _ := shop(t)
	d := w.desk(t)
	if why := d.Refusal("prod"); why != "" {
		t.Fatal(why)
	}
	w.env["XDG_STATE_HOME"] = w.write(t, "file", "")
	if _, err := d.Changes(t.Context()); err == nil {
		t.Error("a journal below a file was read")
	}
	path := filepath.Join(w.home, "file", "midwatch", "journal.db")
	if got := d.Refusal("prod"); got != "the journal "+path+" cannot be used: not a directory" {
		t.Errorf("%q", got)
	}
	m := &made{someone: someone{says: true}}
	m.End, m.err = d.Make(t.Context(), wish(desk.Trip, "order:payment"), &m.someone)
	m.says(t, "error: nothing was changed: the journal "+path)
	if len(m.asked) != 0 || order[0].ordered() != 0 {
		t.Error("it was asked, or ordered")
	}
	delete(w.env, "XDG_STATE_HOME")
	if _, err := d.Changes(t.Context()); err != nil || d.Refusal("prod") != "" {
		t.Errorf("%v, %q: it can be written again", err, d.Refusal("prod"))
	}
	ctx, stop := context.WithCancel(t.Context())
	stop()
	if _, err := d.Changes(ctx); d.Refusal("prod") != "" {
		t.Errorf("%v: no time is no fault of the journal", err)
	}
}

// TestJournalIsReadWhenItChanged: while nobody writes it is not read again, and what
// another process writes is seen.
func TestJournalIsReadWhenItChanged(t *testing.T) {
	w, _, _ := shop(t)
	w.make(t, wish(desk.Trip, "order:payment"), true).says(t, "Opened on 2 of 2.")
	d := w.desk(t)
	read := func() []desk.Change {
		t.Helper()
		all, err := d.Changes(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		return all
	}
	before := time.Now().Add(-time.Hour)
	for _, name := range []string{"journal.db", "journal.db-wal"} {
		if err := os.Chtimes(filepath.Join(w.home, "midwatch", name), before, before); err != nil && !os.IsNotExist(err) {
			t.Fatal(err)
		}
	}
	first := read()
	if again := read(); len(first) != 1 || len(again) != 1 || first[0] != again[0] {
		t.Errorf("%v and %v: it was read again", first, again)
	}
	w.run(t, cmdtest.Command{New: breakers.New}, "trip", "gateway/order", "--yes")
	if now := read(); len(now) != 2 {
		t.Errorf("%v: another process wrote", now)
	}
	w.run(t, cmdtest.Command{New: breakers.New}, "reset", "gateway/order", "--yes")
	if now := read(); len(now) != 3 {
		t.Errorf("%v: another process wrote again at once", now)
	}
}

// TestLastOne: the last instance that serves stays, unless that is wanted.
func TestLastOne(t *testing.T) {
	payments := []*far{newFar(t), newFar(t)}
	payments[1].sick = true
	w := newWorld(t, map[string][]*far{"payment": payments})
	last := wish(desk.Drain, "payment/payment-1")
	m := w.make(t, last, true)
	m.says(t, "error: payment-1 is the last of payment that serves, of 2 instances: nothing was changed; hint: the form can allow it: how many, all")
	if len(m.asked) != 0 || payments[0].Draining() || len(w.journal(t)) != 0 {
		t.Error("it was asked, or done")
	}
	last.AllowEmpty = true
	w.make(t, last, true).says(t, "This takes 1 of 2 instances of payment (prod) out of use", "Took out 1 of 1.", "!error")
	if !payments[0].Draining() {
		t.Error("it was not done")
	}
	w.make(t, wish(desk.Undrain, "payment/payment-1"), true).says(t, "back into use", "Put back 1 of 1.", "!error")
	if payments[0].Draining() {
		t.Error("it was not put back")
	}
}

// TestTooMany: more than half of a service is a matter for the command.
func TestTooMany(t *testing.T) {
	payments := []*far{newFar(t), newFar(t), newFar(t)}
	w := newWorld(t, map[string][]*far{"payment": payments})
	w.make(t, wish(desk.Drain, "payment/payment-1", "payment/payment-2"), true).says(t,
		"error: 2 of 3 of payment would not serve, and --max-unavailable is 50%: nothing was changed; hint: take out fewer; the form can allow it: how many, all; as a command: more is allowed by --max-unavailable 2")
}

// TestStopped: what is in hand when it is stopped is finished, the rest is not
// begun; all of it is written down, and can be taken back.
func TestStopped(t *testing.T) {
	var names, targets []string
	for i := range 12 {
		names = append(names, fmt.Sprintf("b%02d", i))
		targets = append(targets, "order/order-1:"+names[i])
	}
	f := newFar(t, names...)
	w := newWorld(t, map[string][]*far{"order": {f}})
	ctx, stop := context.WithCancel(t.Context())
	f.post = func(http.ResponseWriter, *http.Request) bool { stop(); return false }
	m := &made{someone: someone{says: true}}
	m.End, m.err = w.desk(t).Make(ctx, wish(desk.Trip, targets...), &m.someone)
	done, not := 0, 0
	for _, r := range m.Results {
		switch r.State {
		case change.Done:
			done++
		case change.NotDone:
			not++
		case change.Failed, change.Intended, change.Left, change.Unknown:
			t.Errorf("%s: %s", r.Intent.Target.Name(), r.State)
		}
	}
	if done == 0 || not == 0 || done+not != 12 {
		t.Errorf("%d done, %d not", done, not)
	}
	m.says(t, "Stopped. Left changed: ", fmt.Sprintf("Opened on %d of 12.", done))
	all := w.journal(t)
	if len(all) != 1 || all[0].ID != m.Change || all[0].Finished.IsZero() {
		t.Fatalf("%+v", all)
	}
	w.make(t, desk.Wish{Verb: desk.Undo, Change: m.Change, Context: "prod"}, true).says(t, fmt.Sprintf("Took back %d of %d.", done, done))
	if got := states(names[0], f) + states(names[11], f); got != "closedclosed" {
		t.Error(got)
	}
}

// TestGivenUp: who gives up while it is planned, or asked, changes nothing, and the
// next change is not in the way of it.
func TestGivenUp(t *testing.T) {
	w, order, _ := shop(t)
	d := w.desk(t)
	ctx, stop := context.WithCancel(t.Context())
	first := &made{someone: someone{says: true, on: func(int) { stop() }}}
	first.End, first.err = d.Make(ctx, wish(desk.Trip, "order:payment"), &first.someone)
	if !errors.Is(first.err, context.Canceled) || first.Agreed || first.Change != "" || order[0].ordered() != 0 || len(w.journal(t)) != 0 {
		t.Errorf("%+v, %v", first.End, first.err)
	}
	if _, err := d.Make(ctx, wish(desk.Trip, "order:payment"), &someone{says: true}); !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
	held, second := make(chan struct{}), make(chan error, 1)
	waits := &made{someone: someone{says: false, on: func(int) {
		go func() {
			close(held)
			_, err := d.Make(t.Context(), wish(desk.Trip, "order:payment"), &someone{says: true})
			second <- err
		}()
		<-held
	}}}
	waits.End, waits.err = d.Make(t.Context(), wish(desk.Trip, "order:user"), &waits.someone)
	if err := <-second; err != nil || waits.err != nil || states("payment", order[:]...) != "forced_open forced_open" {
		t.Errorf("%v, %v, %s", err, waits.err, states("payment", order[:]...))
	}
}

// TestChangedMeanwhile: what is there is not what was agreed to: it is asked again.
func TestChangedMeanwhile(t *testing.T) {
	w, order, _ := shop(t)
	m := &made{someone: someone{says: true}}
	m.on = func(n int) {
		if n == 1 {
			w.run(t, cmdtest.Command{New: breakers.New}, "trip", "order/payment", "--instance", "order-1", "--yes")
		}
	}
	m.End, m.err = w.desk(t).Make(t.Context(), wish(desk.Trip, "order:payment"), &m.someone)
	if len(m.asked) != 2 || m.asked[0].Again || !m.asked[1].Again {
		t.Fatalf("%+v", m.asked)
	}
	m.says(t, "This opens breaker payment on 1 of 2 instances of order (prod), 1 is so already.", "!error")
	if states("payment", order[:]...) != "forced_open forced_open" || len(w.journal(t)) != 2 {
		t.Error(states("payment", order[:]...))
	}
}

// TestWhatMakesNoSense is refused, with words.
func TestWhatMakesNoSense(t *testing.T) {
	w, order, _ := shop(t)
	with := func(w desk.Wish, change func(*desk.Wish)) desk.Wish { change(&w); return w }
	ttl := func(w *desk.Wish) { w.TTL = time.Minute }
	for says, wish := range map[string]desk.Wish{
		"nobody knows how to dance": wish("dance", "order:payment"),
		"nothing was chosen":        wish(desk.Trip),
		"reset holds nothing that could end by itself; hint: choose never":     with(wish(desk.Reset, "order:payment"), ttl),
		"half-open holds nothing that could end by itself; hint: choose never": with(wish(desk.HalfOpen, "order:payment"), ttl),
		"undrain holds nothing that could end by itself; hint: choose never":   with(wish(desk.Undrain, "order/order-1"), ttl),
		"order is in another context":                                          with(wish(desk.Trip, "order:payment"), func(w *desk.Wish) { w.Context = "stage" }),
		"no such breaker: order/nobody; hint: some appear at the first call":   wish(desk.Trip, "order:nobody"),
		"it is not said which breaker of order":                                wish(desk.Trip, "order:payment", "order/order-2"),
		"order, or that none is meant":                                         wish(desk.Drain, "order/order-1:payment"),
		"no such service: ":                                                    wish(desk.Drain, "nobody/nobody-1"),
		"nobody-1 is not there any more":                                       wish(desk.Trip, "nobody/nobody-1:payment"),
		"there is no change 1":                                                 {Verb: desk.Undo, Change: "1", Context: "prod"},
		"--reason: 2000 bytes, at most 1000":                                   with(wish(desk.Trip, "order:payment"), func(w *desk.Wish) { w.Reason = strings.Repeat("x", 2000) }),
	} {
		m := w.make(t, wish, true)
		m.says(t, "error: ", says)
		if len(m.asked) != 0 || m.Change != "" {
			t.Errorf("%s: it was asked", says)
		}
	}
	if order[0].ordered() != 0 || len(w.journal(t)) != 0 {
		t.Error("something was ordered")
	}
}

// TestUnread: breakers that cannot be read are no breakers that are not there.
func TestUnread(t *testing.T) {
	order := newFar(t, "payment")
	order.Token = token
	w := newWorld(t, map[string][]*far{"order": {order}})
	w.env["FAR_TOKEN"] = "another"
	m := w.make(t, wish(desk.Trip, "order:payment"), true)
	m.says(t, "error: nothing was changed: breakers of order/order-1 could not be read: ", "401", "hint: the profile's credentials", "!no such breaker")
	delete(w.env, "FAR_TOKEN")
	w.make(t, wish(desk.Trip, "order:payment"), true).says(t, "Opened on 1 of 1.")
}

// TestHere: a hint that names flags says that they are a command's.
func TestHere(t *testing.T) {
	for hint, want := range map[string]string{
		"":                                   "",
		"add --wait: the command stays":      "choose never in the form; as a command: add --wait: the command stays",
		"look at the disk":                   "look at the disk",
		"--allow-empty does it all the same": "the form can allow it: how many, all",
		"midwatch changes show 1 says more, midwatch changes undo 1 ends it; --override does it all the same": ":changes says more, and U there ends it; as a command: --override does it all the same",
		"look at the disk; a change can be made without one by --no-journal":                                  "look at the disk; as a command: a change can be made without one by --no-journal",
	} {
		if got := top.Here(hint); got != want {
			t.Errorf("%q: %q", hint, got)
		}
	}
}
