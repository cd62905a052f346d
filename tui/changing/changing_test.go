package changing_test

import (
	"cmp"
	"context"
	"slices"
	"strings"
	"testing"

	tea "charm.land/bubbletea/v2"

	"github.com/midwatch-cli/midwatch/fleet"
	"github.com/midwatch-cli/midwatch/fleet/change"
	"github.com/midwatch-cli/midwatch/tui/changing"
	"github.com/midwatch-cli/midwatch/tui/desk"
	"github.com/midwatch-cli/midwatch/tui/dialog"
	"github.com/midwatch-cli/midwatch/tui/page"
	"github.com/midwatch-cli/midwatch/tui/page/pagetest"
	"github.com/midwatch-cli/midwatch/tui/widget"
)

// screen is one that remembers what it was told.
type screen struct {
	dialogs  []dialog.Dialog
	note     string
	contexts []string
	commands []tea.Cmd
	wrote    []bool
	quit     bool
	marks    []desk.Target
	snapshot *fleet.Snapshot
}

func (s *screen) Open(d dialog.Dialog) { s.dialogs = append(s.dialogs, d) }

func (s *screen) Close(d dialog.Dialog) {
	s.dialogs = slices.DeleteFunc(s.dialogs, func(o dialog.Dialog) bool { return o == d })
}
func (s *screen) Shows(d dialog.Dialog) bool { return slices.Contains(s.dialogs, d) }

func (s *screen) Top() dialog.Dialog {
	if len(s.dialogs) == 0 {
		return nil
	}
	return s.dialogs[len(s.dialogs)-1]
}
func (s *screen) Interrupt()         {}
func (s *screen) Say(note string)    { s.note = note }
func (s *screen) Do(c tea.Cmd)       { s.commands = append(s.commands, c) }
func (s *screen) Changed(wrote bool) { s.wrote = append(s.wrote, wrote) }
func (s *screen) Quit()              { s.quit = true }
func (s *screen) Carried(done func(desk.Target) bool) {
	s.marks = slices.DeleteFunc(s.marks, done)
}

func (s *screen) View() page.View {
	return *pagetest.View(cmp.Or(s.snapshot, &fleet.Snapshot{}), 80, 20)
}
func (s *screen) Contexts() []string { return s.contexts }

// text is the dialog on top.
func (s *screen) text() string {
	v := s.View()
	var b strings.Builder
	if top := s.Top(); top != nil {
		for _, l := range top.Draw(&v) {
			widget.Write(&b, v.Theme, l, v.Width)
			b.WriteByte('\n')
		}
	}
	return b.String()
}

// maker is a desk that refuses some contexts, and else ends at once.
type maker struct {
	refuses map[string]string
	end     desk.End
	asks    bool
}

func (m *maker) Refusal(context string) string                  { return m.refuses[context] }
func (m *maker) Changes(context.Context) ([]desk.Change, error) { return nil, nil }

func (m *maker) Make(ctx context.Context, _ desk.Wish, p desk.Person) (desk.End, error) {
	if m.asks {
		if yes, err := p.Ask(ctx, desk.Question{Lines: []string{"This does it."}}); err != nil || !yes {
			return desk.End{}, err
		}
	}
	return m.end, nil
}

func want(verb desk.Verb, context string, targets ...desk.Target) page.Want {
	return page.Want{Wish: desk.Wish{Verb: verb, Context: context, Targets: targets}}
}

func target(context, breaker string) desk.Target {
	return desk.Target{Key: fleet.Key{Ref: fleet.Ref{Context: context, Source: "etcd", Name: "order"}}, Breaker: breaker}
}

// TestWant: what is in the way is said in a line; what is not leads to a form.
func TestWant(t *testing.T) {
	d := &maker{refuses: map[string]string{"still": "still is read-only"}}
	for _, c := range []struct {
		name    string
		desk    desk.Desk
		writing bool
		want    page.Want
		says    string // empty: a form
	}{
		{"nobody can", nil, true, want(desk.Trip, "prod", target("prod", "a")), "nothing can be changed from here"},
		{"nothing, where nobody can", nil, true, want(desk.Trip, "prod"), "nothing can be changed from here"},
		{"not allowed", d, false, want(desk.Trip, "prod", target("prod", "a")), "this changes the fleet: :write allows it"},
		{"refused, and not allowed either", d, false, want(desk.Trip, "still", target("still", "a")), "still is read-only"},
		{"refused", d, true, want(desk.Trip, "still", target("still", "a")), "still is read-only"},
		{"nothing is chosen", d, true, want(desk.Trip, "prod"), "nothing is chosen: what was marked or under the cursor is gone"},
		{"of several contexts", d, true, want(desk.Trip, "prod", target("prod", "a"), target("stage", "a")), "what is marked is in several contexts: a change is made in one"},
		{"no breaker", d, true, want(desk.Trip, "prod", target("prod", "")), "no breaker is known here: those of its callers are on :map"},
		{"a breaker", d, true, want(desk.Trip, "prod", target("prod", "a")), ""},
		{"one to choose", d, true, page.Want{Wish: want(desk.Trip, "prod", target("prod", "")).Wish, Breakers: []string{"a"}}, ""},
		{"instances have none", d, true, want(desk.Drain, "prod", target("prod", "")), ""},
		{"an undo", d, true, page.Want{Wish: desk.Wish{Verb: desk.Undo, Change: "1", Context: "prod"}}, ""},
	} {
		s := &screen{}
		ch := changing.New(c.desk, c.writing, s)
		ch.Want(c.want)
		if _, form := s.Top().(*dialog.Form); s.note != c.says || form != (c.says == "") {
			t.Errorf("%s: said %q, form %v", c.name, s.note, form)
		}
		if ch.Writing() != (c.writing && c.desk != nil) {
			t.Errorf("%s: writing %v", c.name, ch.Writing())
		}
		allowed := map[bool]string{true: "allowed until :readonly", false: ":write allows it"}[c.writing]
		if c.desk == nil {
			allowed = "not from here"
		}
		if got := ch.Allowed(); got != allowed {
			t.Errorf("%s: %q, want %q", c.name, got, allowed)
		}
		if lines := ch.Close(); len(lines) > 0 {
			t.Errorf("%s: %q", c.name, lines)
		}
	}
}

// TestAllow: :write asks once, names what it allows, and says where it does not.
func TestAllow(t *testing.T) {
	d := &maker{refuses: map[string]string{"still": "still is read-only"}}
	s := &screen{contexts: []string{"prod", "stage", "still"}}
	ch := changing.New(d, false, s)
	command := func(name string) {
		t.Helper()
		for _, c := range ch.Commands() {
			if c.Name == name {
				if err := c.Do(""); err != nil {
					t.Error(err)
				}
				return
			}
		}
		t.Errorf("there is no :%s", name)
	}
	command("write")
	for _, text := range []string{"Changes to prod, stage are allowed from here until :readonly.", "Not everywhere: still is read-only", "Allow changes?  [ No ]"} {
		if !strings.Contains(s.text(), text) {
			t.Errorf("%q is not there:\n%s", text, s.text())
		}
	}
	answer := func(keys ...string) {
		t.Helper()
		v := s.View()
		for _, k := range keys {
			top := s.Top()
			i, over := top.Press(&v, k, "")
			if over {
				s.Close(top)
			}
			if call, ok := i.(page.Call); ok {
				call()
			}
		}
	}
	if answer("enter"); ch.Writing() || len(s.dialogs) > 0 {
		t.Error("no is yes")
	}
	command("write")
	if answer("y", "enter"); !ch.Writing() {
		t.Error("yes is no")
	}
	if command("write"); s.note != "changes are allowed already; :readonly ends it" || len(s.dialogs) > 0 {
		t.Error(s.note)
	}
	if command("readonly"); ch.Writing() || !strings.Contains(s.note, ":write allows it") {
		t.Error(s.note)
	}
	if command("result"); s.note != "nothing was changed from here yet" {
		t.Error(s.note)
	}
	s.contexts = []string{"still"}
	if command("write"); s.note != "still is read-only" || len(s.dialogs) > 0 {
		t.Error(s.note)
	}
	if all := changing.New(nil, true, s).Commands(); all != nil {
		t.Errorf("%v, where nobody can", all)
	}
}

// TestOneAtATime: a second change is refused while one is made; its end is said on
// the screen, or in a line where it is not shown any more, and what is read anew is
// what was written to.
func TestOneAtATime(t *testing.T) {
	d := &maker{end: desk.End{Change: "01J9K", Agreed: true, Lines: []string{"Opened on 1 of 1."}, Results: []change.Result{{State: change.Done}}}}
	s := &screen{}
	ch := changing.New(d, true, s)
	w := want(desk.Trip, "prod", target("prod", "a"))
	ch.Want(w)
	ch.Make(w.Wish)
	if ch.Want(w); s.note != "one change at a time: :result shows the one that is being made" {
		t.Error(s.note)
	}
	if ch.Make(w.Wish); len(s.commands) != 2 {
		t.Errorf("%d commands: it is made twice", len(s.commands))
	}
	s.note = ""
	make, hear := s.commands[0], s.commands[1]
	if msg := make(); msg != nil {
		t.Errorf("%v", msg)
	}
	ch.Heard(hear().(changing.Said))
	if !strings.Contains(s.text(), "Opened on 1 of 1.") || !slices.Equal(s.wrote, []bool{true}) || s.note != "" {
		t.Errorf("%v, %q\n%s", s.wrote, s.note, s.text())
	}

	d.end, s.dialogs, s.commands = desk.End{}, nil, nil
	ch.Make(w.Wish)
	s.dialogs = nil // it was left
	s.commands[0]()
	ch.Heard(s.commands[1]().(changing.Said))
	if s.note != "the change is done · :result shows it" || !slices.Equal(s.wrote, []bool{true, false}) {
		t.Errorf("%q, %v", s.note, s.wrote)
	}
	if ch.Quit(); !s.quit || len(ch.Close()) > 0 {
		t.Error("it does not end")
	}
}
