package changing_test

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/midwatch-cli/midwatch/fleet"
	"github.com/midwatch-cli/midwatch/fleet/change"
	"github.com/midwatch-cli/midwatch/tui/changing"
	"github.com/midwatch-cli/midwatch/tui/desk"
	"github.com/midwatch-cli/midwatch/tui/dialog"
	"github.com/midwatch-cli/midwatch/tui/page"
)

// script is a desk of which a test says what Make does.
type script struct {
	maker
	make func(ctx context.Context, p desk.Person) (desk.End, error)
}

func (s *script) Make(ctx context.Context, _ desk.Wish, p desk.Person) (desk.End, error) {
	return s.make(ctx, p)
}

// made is a change that is being made in a goroutine of its own, as the program does.
type made struct {
	t    *testing.T
	s    *screen
	ch   *changing.Changing
	hear func() changing.Said
	over chan struct{}
}

// begin makes a wish by a script.
func begin(t *testing.T, w desk.Wish, do func(ctx context.Context, p desk.Person) (desk.End, error)) *made {
	t.Helper()
	m := &made{t: t, s: &screen{}, over: make(chan struct{})}
	m.ch = changing.New(&script{make: do}, true, m.s)
	m.ch.Make(w)
	if len(m.s.commands) != 2 {
		t.Fatalf("%d commands", len(m.s.commands))
	}
	run, hear := m.s.commands[0], m.s.commands[1]
	m.hear = func() changing.Said { return hear().(changing.Said) }
	go func() {
		defer close(m.over)
		run()
	}()
	return m
}

// until hears what is said until something is so.
func (m *made) until(so func() bool) {
	m.t.Helper()
	for n := 0; !so(); n++ {
		if n > 100 {
			m.t.Fatal("it never is")
		}
		m.ch.Heard(m.hear())
	}
}

// asked waits for a question.
func (m *made) asked() {
	m.t.Helper()
	m.until(func() bool {
		_, is := m.s.Top().(*dialog.Question)
		return is
	})
}

// press gives keys to the dialog on top, some time after it appeared.
func (m *made) press(keys ...string) {
	m.t.Helper()
	for _, k := range keys {
		top := m.s.Top()
		if top == nil {
			m.t.Fatal("no dialog is open")
		}
		v := m.s.View()
		v.Now = v.Now.Add(dialog.Moment)
		i, over := top.Press(&v, k, "")
		if over {
			m.s.Close(top)
		}
		if call, ok := i.(page.Call); ok {
			call()
		}
	}
}

func (m *made) ended() bool { return len(m.s.wrote) > 0 }

func (m *made) command(name string) {
	m.t.Helper()
	if err := m.ch.Commands().Find(name).Do(""); err != nil {
		m.t.Error(err)
	}
}

// TestAnswerIsOfItsQuestion: a desk that asked, did not wait for the answer, and asks
// again does not get the answer to the first question for one to the second.
func TestAnswerIsOfItsQuestion(t *testing.T) {
	gone := make(chan struct{})
	var answers []bool
	m := begin(t, want(desk.Trip, "prod", target("prod", "a")).Wish, func(ctx context.Context, p desk.Person) (desk.End, error) {
		short, stop := context.WithCancel(ctx)
		stop()
		yes, err := p.Ask(short, desk.Question{Lines: []string{"This does little."}})
		if answers = append(answers, yes); !errors.Is(err, context.Canceled) {
			t.Errorf("nobody waited: %v", err)
		}
		<-gone
		yes, err = p.Ask(ctx, desk.Question{Lines: []string{"This does much."}})
		answers = append(answers, yes)
		return desk.End{}, err
	})
	m.asked()
	m.press("y", "enter")
	close(gone)
	m.asked()
	if !strings.Contains(m.s.text(), "This does much.") {
		t.Errorf("asked:\n%s", m.s.text())
	}
	m.press("enter")
	m.until(m.ended)
	if <-m.over; !slices.Equal(answers, []bool{false, false}) {
		t.Errorf("answered %v", answers)
	}
}

// TestOneQuestionIsOpen: a question that nobody waits for any more is closed by the
// next one, not left below it.
func TestOneQuestionIsOpen(t *testing.T) {
	m := begin(t, want(desk.Trip, "prod", target("prod", "a")).Wish, func(ctx context.Context, p desk.Person) (desk.End, error) {
		short, stop := context.WithCancel(ctx)
		stop()
		_, _ = p.Ask(short, desk.Question{Lines: []string{"one"}})
		_, err := p.Ask(ctx, desk.Question{Lines: []string{"two"}})
		return desk.End{}, err
	})
	m.until(func() bool { return strings.Contains(m.s.text(), "two") })
	questions := 0
	for _, d := range m.s.dialogs {
		if _, is := d.(*dialog.Question); is {
			questions++
		}
	}
	if questions != 1 {
		t.Errorf("%d questions are open", questions)
	}
	m.press("esc")
	m.until(m.ended)
	<-m.over
}

// TestReadonlyWhileItIsAsked: a yes after :readonly is none, and why is said; what was
// agreed to before goes on, and that is said.
func TestReadonlyWhileItIsAsked(t *testing.T) {
	wrote := false
	again := make(chan struct{})
	m := begin(t, want(desk.Trip, "prod", target("prod", "a")).Wish, func(ctx context.Context, p desk.Person) (desk.End, error) {
		if yes, err := p.Ask(ctx, desk.Question{Lines: []string{"This does it."}}); !yes {
			return desk.End{}, err
		}
		<-again
		yes, err := p.Ask(ctx, desk.Question{Lines: []string{"This does it."}, Again: true})
		wrote = yes
		return desk.End{}, err
	})
	m.asked()
	m.press("y", "enter")
	if m.command("readonly"); m.s.note != "nothing else can be changed from here now; what is being made goes on, X in :result stops it" {
		t.Error(m.s.note)
	}
	close(again)
	m.asked()
	m.press("y", "enter")
	m.until(m.ended)
	if <-m.over; wrote || m.s.note != "nothing was changed: this changes the fleet: :write allows it" {
		t.Errorf("wrote %v, said %q", wrote, m.s.note)
	}
}

// TestPutBackBefore: what was overdue is put back before the plan. Who then says no, or
// gives up, is not told that nothing was changed, and the fleet is read anew.
func TestPutBackBefore(t *testing.T) {
	const back = "overdue, put back: 01J9K, trip order/payment"
	ask := func(ctx context.Context, p desk.Person) (desk.End, error) {
		p.Tell(back)
		_, err := p.Ask(ctx, desk.Question{Lines: []string{"This does it."}})
		return desk.End{}, err
	}
	m := begin(t, want(desk.Trip, "prod", target("prod", "a")).Wish, ask)
	m.asked()
	m.press("esc")
	m.until(m.ended)
	if m.s.note != "nothing else was changed; "+back || !slices.Equal(m.s.wrote, []bool{true}) {
		t.Errorf("no: said %q, wrote %v", m.s.note, m.s.wrote)
	}
	<-m.over

	m = begin(t, want(desk.Trip, "prod", target("prod", "a")).Wish, func(ctx context.Context, p desk.Person) (desk.End, error) {
		p.Tell(back)
		<-ctx.Done()
		return desk.End{}, context.Cause(ctx)
	})
	m.until(func() bool { return strings.Contains(m.s.text(), back) })
	if !strings.Contains(m.s.text(), "Nothing else is changed yet.") {
		t.Errorf("while it is read:\n%s", m.s.text())
	}
	if m.press("esc"); m.s.note != "nothing else was changed; "+back || len(m.s.dialogs) > 0 {
		t.Errorf("given up: said %q", m.s.note)
	}
	m.until(m.ended)
	<-m.over

	late := make(chan struct{})
	m = begin(t, want(desk.Trip, "prod", target("prod", "a")).Wish, func(ctx context.Context, p desk.Person) (desk.End, error) {
		<-late
		p.Tell(back)
		return desk.End{}, ctx.Err()
	})
	m.press("esc")
	close(late)
	m.until(m.ended)
	if <-m.over; m.s.note != back || !slices.Equal(m.s.wrote, []bool{true}) {
		t.Errorf("after it was given up: said %q, wrote %v", m.s.note, m.s.wrote)
	}
}

// TestMarksAfterAChange: those are taken off that it was carried out on, whole; what
// failed, and what it was not about, keeps its mark.
func TestMarksAfterAChange(t *testing.T) {
	ref := func(name string) fleet.Ref { return fleet.Ref{Context: "prod", Source: "etcd", Name: name} }
	at := func(service, instance, breaker string) desk.Target {
		return desk.Target{Key: fleet.Key{Ref: ref(service), Instance: instance}, Breaker: breaker}
	}
	of := func(t desk.Target, state change.State) change.Result {
		i := change.Intent{Context: t.Key.Context, Target: change.Target{Source: t.Key.Source, Service: t.Key.Name, Instance: t.Key.Instance, Breaker: t.Breaker}}
		return change.Result{Step: change.Step{Intent: i}, State: state}
	}
	for _, c := range []struct {
		about   string
		wish    []desk.Target
		marks   []desk.Target
		results []change.Result
		left    []desk.Target
	}{
		{
			"all are done",
			[]desk.Target{at("a", "a-1", ""), at("a", "a-2", "")},
			[]desk.Target{at("a", "a-1", ""), at("a", "a-2", "")},
			[]change.Result{of(at("a", "a-1", ""), change.Done), of(at("a", "a-2", ""), change.Done)},
			nil,
		},
		{
			"one failed",
			[]desk.Target{at("a", "a-1", ""), at("a", "a-2", "")},
			[]desk.Target{at("a", "a-1", ""), at("a", "a-2", "")},
			[]change.Result{of(at("a", "a-1", ""), change.Done), of(at("a", "a-2", ""), change.Failed)},
			[]desk.Target{at("a", "a-2", "")},
		},
		{
			"a breaker was chosen in the form",
			[]desk.Target{at("a", "a-1", "x")},
			[]desk.Target{at("a", "a-1", "")},
			[]change.Result{of(at("a", "a-1", "x"), change.Done)},
			nil,
		},
		{
			"of a service one instance failed",
			[]desk.Target{at("a", "", "x"), at("b", "", "x")},
			[]desk.Target{at("a", "", ""), at("b", "", "")},
			[]change.Result{of(at("a", "a-1", "x"), change.Done), of(at("a", "a-2", "x"), change.Unknown), of(at("b", "b-1", "x"), change.Done)},
			[]desk.Target{at("a", "", "")},
		},
		{
			"of one instance alone: the service is not done",
			[]desk.Target{at("a", "a-1", "x")},
			[]desk.Target{at("a", "", "x"), at("a", "a-1", "x")},
			[]change.Result{of(at("a", "a-1", "x"), change.Done)},
			[]desk.Target{at("a", "", "x")},
		},
		{
			"of all instances, as the form was told",
			[]desk.Target{at("a", "", "x")},
			[]desk.Target{at("a", "a-1", ""), at("a", "a-2", ""), at("b", "b-1", "")},
			[]change.Result{of(at("a", "a-1", "x"), change.Done), of(at("a", "a-2", "x"), change.NotDone)},
			[]desk.Target{at("a", "a-2", ""), at("b", "b-1", "")},
		},
		{
			"of another breaker",
			[]desk.Target{at("a", "", "x")},
			[]desk.Target{at("a", "", "y")},
			[]change.Result{of(at("a", "a-1", "x"), change.Done)},
			[]desk.Target{at("a", "", "y")},
		},
		{"nobody knows of it any more", []desk.Target{at("a", "a-1", "")}, []desk.Target{at("a", "a-1", "")}, nil, []desk.Target{at("a", "a-1", "")}},
		{
			"left alone is not done",
			[]desk.Target{at("a", "a-1", "")},
			[]desk.Target{at("a", "a-1", "")},
			[]change.Result{of(at("a", "a-1", ""), change.Left)},
			[]desk.Target{at("a", "a-1", "")},
		},
		{"an undo is about no marks", nil, []desk.Target{at("a", "a-1", "")}, []change.Result{of(at("a", "a-1", ""), change.Done)}, []desk.Target{at("a", "a-1", "")}},
	} {
		m := begin(t, desk.Wish{Verb: desk.Trip, Context: "prod", Targets: c.wish}, func(context.Context, desk.Person) (desk.End, error) {
			return desk.End{Agreed: true, Results: c.results}, nil
		})
		m.s.marks = slices.Clone(c.marks)
		m.until(m.ended)
		if <-m.over; !slices.Equal(m.s.marks, c.left) {
			t.Errorf("%s: marked are %v", c.about, m.s.marks)
		}
	}
}

// TestBreakersThatWereNotRead: that none is there, and that it could not be found out,
// are two answers.
func TestBreakersThatWereNotRead(t *testing.T) {
	key := fleet.Key{Ref: target("prod", "").Key.Ref, Instance: "order-1"}
	other := key
	other.Instance = "order-2"
	unread := fleet.InstanceView{Key: key}
	unread.BreakersWhy.Reason, unread.BreakersWhy.Detail = "auth", "401"
	for _, c := range []struct {
		of   desk.Target
		says string
	}{
		{desk.Target{Key: key}, "breakers of order-1 could not be read: 401"},
		{target("prod", ""), "breakers of order-1 could not be read: 401"},
		{desk.Target{Key: other}, "no breaker is known here: those of its callers are on :map"},
		{desk.Target{Key: fleet.Key{Ref: fleet.Ref{Context: "prod", Name: "gone"}}}, "no breaker is known here: those of its callers are on :map"},
	} {
		s := &screen{snapshot: &fleet.Snapshot{Services: []fleet.ServiceView{{Ref: key.Ref, Instances: []fleet.InstanceView{unread, {Key: other}}}}}}
		ch := changing.New(&maker{}, true, s)
		if ch.Want(want(desk.Trip, "prod", c.of)); s.note != c.says || len(s.dialogs) > 0 {
			t.Errorf("%v: said %q", c.of, s.note)
		}
	}
}

// TestBusy: only what was agreed to and is not over holds up who leaves; what came of
// it is said after the screen is gone.
func TestBusy(t *testing.T) {
	begun := make(chan struct{})
	m := begin(t, want(desk.Trip, "prod", target("prod", "a")).Wish, func(ctx context.Context, p desk.Person) (desk.End, error) {
		if yes, err := p.Ask(ctx, desk.Question{Lines: []string{"This does it."}}); !yes {
			return desk.End{}, err
		}
		close(begun)
		<-ctx.Done() // what is in hand is finished
		return desk.End{Change: "01J9K", Agreed: true, Lines: []string{"Opened on 1 of 2."}, Results: []change.Result{{State: change.Done}, {State: change.NotDone}}}, ctx.Err()
	})
	if m.ch.Busy() {
		t.Error("planning holds nobody up")
	}
	m.asked()
	m.press("y", "enter")
	if <-begun; !m.ch.Busy() {
		t.Error("it is being made")
	}
	m.ch.Quit()
	if m.s.quit || !strings.Contains(m.s.text(), "Stop it and quit?") {
		t.Errorf("quit %v\n%s", m.s.quit, m.s.text())
	}
	m.press("enter") // no
	if m.ch.Quit(); m.s.quit {
		t.Error("it was not asked again")
	}
	m.press("y", "enter")
	m.until(m.ended)
	lines := m.ch.Close()
	if want := []string{"Opened on 1 of 2.", "the change was stopped", "undo: midwatch changes undo 01J9K"}; !m.s.quit || m.ch.Busy() || !slices.Equal(lines, want) {
		t.Errorf("quit %v, busy %v, said %q", m.s.quit, m.ch.Busy(), lines)
	}
}

// TestClosedBeforeItBegan: a change whose command runs after the end is never begun.
func TestClosedBeforeItBegan(t *testing.T) {
	s := &screen{}
	ch := changing.New(&script{make: func(context.Context, desk.Person) (desk.End, error) {
		t.Error("it was begun")
		return desk.End{}, nil
	}}, true, s)
	ch.Make(want(desk.Trip, "prod", target("prod", "a")).Wish)
	if lines := ch.Close(); len(lines) > 0 {
		t.Errorf("%q", lines)
	}
	s.commands[0]()
}
