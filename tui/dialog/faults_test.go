package dialog_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/midwatch-cli/midwatch/fleet"
	"github.com/midwatch-cli/midwatch/fleet/change"
	"github.com/midwatch-cli/midwatch/fleet/plain"
	"github.com/midwatch-cli/midwatch/tui/desk"
	"github.com/midwatch-cli/midwatch/tui/dialog"
	"github.com/midwatch-cli/midwatch/tui/page"
	"github.com/midwatch-cli/midwatch/tui/widget"
)

// later is a view some time later.
func later(v *page.View, d time.Duration) *page.View {
	w := *v
	w.Now = w.Now.Add(d)
	return &w
}

// TestHeldKey: the key that opened the form chooses nothing in it while it is held
// still; pressed anew, or after another one, it does.
func TestHeldKey(t *testing.T) {
	type pressed struct {
		after time.Duration
		key   string
	}
	const soon, repeat = 500 * time.Millisecond, 30 * time.Millisecond
	for name, c := range map[string]struct {
		verb    desk.Verb
		keys    []pressed
		breaker string
	}{
		"held":                  {desk.Trip, []pressed{{soon, "T"}, {repeat, "T"}, {repeat, "T"}}, "payment"},
		"held for long":         {desk.Trip, []pressed{{soon, "T"}, {soon, "T"}, {soon, "T"}, {soon, "T"}}, "payment"},
		"let go":                {desk.Trip, []pressed{{time.Second, "T"}}, "turbo"},
		"the small one":         {desk.Trip, []pressed{{repeat, "t"}}, "turbo"},
		"held, then another":    {desk.Trip, []pressed{{soon, "T"}, {repeat, "r"}}, "rates"},
		"another, then it":      {desk.Trip, []pressed{{repeat, "p"}, {repeat, "T"}}, "turbo"},
		"held, let go, pressed": {desk.Trip, []pressed{{soon, "T"}, {time.Second, "T"}}, "turbo"},
		"R":                     {desk.Reset, []pressed{{soon, "R"}}, "payment"},
		"T of another order":    {desk.Reset, []pressed{{soon, "T"}}, "turbo"},
		"a tab between":         {desk.Trip, []pressed{{repeat, "shift+tab"}, {repeat, "tab"}, {repeat, "T"}}, "turbo"},
	} {
		v := view(80, 20)
		f := dialog.NewForm(v, choosing(wish(c.verb, "order"), "payment", "turbo", "rates"))
		for _, p := range c.keys {
			v = later(v, p.after)
			press(f, v, p.key)
		}
		i, _ := press(f, v, "enter")
		if got := i.(page.Make).Wish.Targets[0].Breaker; got != c.breaker {
			t.Errorf("%s: chose %s, want %s", name, got, c.breaker)
		}
	}
}

// TestNamesakes: targets of one name are told apart by where they are.
func TestNamesakes(t *testing.T) {
	of := func(namespace, source, service, breaker string) desk.Target {
		return desk.Target{Key: fleet.Key{Ref: fleet.Ref{Context: "prod", Namespace: namespace, Source: source, Name: service}}, Breaker: breaker}
	}
	for _, c := range []struct {
		targets []desk.Target
		says    string
	}{
		{[]desk.Target{of("", "a", "order", "db"), of("", "b", "order", "db")}, "Trip 2 breakers, order/db in a, order/db in b (prod)"},
		{[]desk.Target{of("shop", "a", "order", "db"), of("", "a", "order", "db")}, "Trip 2 breakers, shop/order/db in a, order/db in a (prod)"},
		{[]desk.Target{of("", "a", "order", "db"), of("", "b", "order", "user")}, "Trip 2 breakers, order/db, order/user (prod)"},
		{[]desk.Target{of("", "a", "1", "x"), of("", "a", "2", "x"), of("", "a", "3", "x"), of("", "a", "4", "x"), of("", "b", "1", "x")}, "Trip 5 breakers, 1/x in a, 2/x in a, 3/x in a, 2 more (prod)"},
	} {
		f := dialog.NewForm(view(200, 20), page.Want{Wish: desk.Wish{Verb: desk.Trip, Context: "prod", Targets: c.targets}})
		if got := f.Says(); !strings.HasPrefix(got, c.says) {
			t.Errorf("says %q, want %q", got, c.says)
		}
	}
}

// TestOverdueIsSaidFirst: what is overdue in the same context is put back before the
// plan; the form does not promise that nothing is changed.
func TestOverdueIsSaidFirst(t *testing.T) {
	overdue := func(context string, stand change.Stand) desk.Change {
		return desk.Change{Batch: &change.Batch{ID: "1", Context: context}, Stand: stand}
	}
	for name, c := range map[string]struct {
		changes []desk.Change
		says    string
	}{
		"none":              {nil, "A plan comes first: nothing is changed before you agree to it."},
		"in force":          {[]desk.Change{overdue("prod", change.StandInForce)}, "A plan comes first"},
		"of another":        {[]desk.Change{overdue("stage", change.StandOverdue)}, "A plan comes first"},
		"one":               {[]desk.Change{overdue("prod", change.StandOverdue), overdue("stage", change.StandOverdue)}, "A change is overdue and is put back first, without a question."},
		"two":               {[]desk.Change{overdue("prod", change.StandOverdue), overdue("prod", change.StandOverdue)}, "2 changes are overdue and are put back first, without a question."},
		"interrupted stays": {[]desk.Change{overdue("prod", change.StandInterrupted)}, "A plan comes first"},
	} {
		v := view(200, 20)
		v.Changes = c.changes
		f := dialog.NewForm(v, wish(desk.Trip, "order:payment"))
		sees(t, f, v, c.says)
		heard := ""
		for _, l := range f.Hear(v) {
			heard += widget.Say(v.Theme, l) + "\n"
		}
		if !strings.Contains(heard, c.says) {
			t.Errorf("%s: heard %q", name, heard)
		}
		looks(t, f)
	}
}

// TestTryAgain: what was not done can be tried again, with the reason and the end of
// the first time; an undo, what is all done, and what was never written down cannot.
func TestTryAgain(t *testing.T) {
	v := view(120, 20)
	end := func(id string, states ...change.State) desk.End {
		e := desk.End{Change: id, Agreed: true, Lines: []string{"Opened on some."}}
		for _, s := range states {
			e.Results = append(e.Results, one("order-1", s, "closed", "", nil))
		}
		return e
	}
	for name, c := range map[string]struct {
		verb desk.Verb
		end  desk.End
		can  bool
	}{
		"one failed":         {desk.Trip, end("01J9K", change.Done, change.Failed), true},
		"not begun":          {desk.Drain, end("01J9K", change.Done, change.NotDone), true},
		"not known":          {desk.Retry, end("01J9K", change.Unknown), true},
		"all done":           {desk.Trip, end("01J9K", change.Done, change.Done), false},
		"an undo":            {desk.Undo, end("01J9K", change.Failed), false},
		"not written down":   {desk.Trip, end("", change.Failed), false},
		"nothing came of it": {desk.Trip, desk.End{}, false},
	} {
		r := dialog.NewResult(tripping, desk.Wish{Verb: c.verb, Context: "prod", Reason: "db", TTL: 90 * time.Minute}, page.Back{})
		r.Agreed()
		if i, over := press(r, v, "A"); i != nil || over {
			t.Errorf("%s: while it is made: %v, %v", name, i, over)
		}
		r.End(c.end, nil)
		i, over := press(r, v, "A")
		w, is := i.(page.Want)
		if is != c.can || over != c.can || strings.Contains(r.Ask(v), "A tries again") != c.can {
			t.Errorf("%s: %v, %v, asks %q", name, i, over, r.Ask(v))
		}
		if !is {
			continue
		}
		if want := (desk.Wish{Verb: desk.Retry, Change: "01J9K", Context: "prod", Reason: "db", TTL: 90 * time.Minute}); w.Wish.Verb != want.Verb || w.Wish.Change != want.Change || w.Wish.Reason != want.Reason || w.Wish.TTL != want.TTL || w.Wish.Context != want.Context {
			t.Errorf("%s: wants %+v", name, w.Wish)
		}
		v.Changes = []desk.Change{{Batch: &change.Batch{ID: "01J9K", What: "trip order/payment"}}}
		f := dialog.NewForm(v, w)
		sees(t, f, v, "Go on with change 01J9K, trip order/payment: what it did not do is tried again.", "reason      db", "back after  1h30m")
		again, _ := press(f, v, "enter")
		if m := again.(page.Make).Wish; m.TTL != 90*time.Minute || m.Reason != "db" || m.Change != "01J9K" {
			t.Errorf("%s: makes %+v", name, m)
		}
		looks(t, f)
		looks(t, r)
	}
	forever := dialog.NewForm(v, page.Want{Wish: desk.Wish{Verb: desk.Retry, Change: "1"}})
	sees(t, forever, v, "~back after")
}

// TestShort: a duration stands in the form as people type it, and is read as the same.
func TestShort(t *testing.T) {
	for d, want := range map[time.Duration]string{
		time.Second: "1s", 90 * time.Second: "1m30s", 10 * time.Minute: "10m", time.Hour: "1h", 20 * time.Hour: "20h",
		90 * time.Minute: "1h30m", 48 * time.Hour: "48h", time.Hour + time.Second: "1h0m1s", time.Hour + 10*time.Minute: "1h10m",
	} {
		got := dialog.Short(d)
		if back, fault := dialog.Duration(got); got != want || back != d || fault != "" {
			t.Errorf("%v: %q, read as %v, %s", d, got, back, fault)
		}
	}
}

// TestNothingWasChanged: it is said only where that is known. What was told target by
// target before the end was lost stays, and so does what was put back before the plan.
func TestNothingWasChanged(t *testing.T) {
	v := view(120, 30)
	r, _ := result(desk.Trip)
	r.Agreed()
	r.Done(one("order-1", change.Done, "closed", "forced open", nil), 2)
	r.End(desk.End{}, errors.New("it ended without a word"))
	sees(t, r, v, "✗ it ended without a word", "What is not listed here is not known; :changes has what was written down.", "order-1 payment  done", "~Nothing was changed")

	r, _ = result(desk.Trip)
	r.Tell("overdue, put back: 01J8, trip a/b")
	sees(t, r, v, "Reading what is there. Nothing else is changed yet.")
	r.End(desk.End{}, errors.New("no such service"))
	sees(t, r, v, "overdue, put back: 01J8", "Nothing else was changed.")

	r, _ = result(desk.Trip)
	r.End(desk.End{}, context.Canceled)
	sees(t, r, v, "It was stopped.", "Nothing was changed.", "~Nothing else")

	r, _ = result(desk.Trip)
	r.Agreed()
	r.End(desk.End{Change: "01J9K"}, errors.New("the journal is locked"))
	sees(t, r, v, "the journal is locked", "Change 01J9K", "~Nothing was changed", "~not known")
}

// TestDoneIsDoneOnly: no state but Done counts as done, or looks like it.
func TestDoneIsDoneOnly(t *testing.T) {
	v := view(120, 30)
	for state, word := range map[change.State]string{
		change.Done: "✓ order/order-1 payment  done", change.Failed: "✗ order/order-1 payment  failed", change.NotDone: "– order/order-1 payment  not begun",
		change.Left: "! order/order-1 payment  left alone", change.Unknown: "? order/order-1 payment  not known", change.Intended: "? order/order-1 payment  not known",
		change.State("of tomorrow"): "? order/order-1 payment  not known",
	} {
		r, _ := result(desk.Trip)
		r.Agreed()
		r.Done(one("order-1", state, "closed", "", nil), 1)
		counts := "0 of 1 done, 1 not"
		if state == change.Done {
			counts = "1 of 1 done"
		}
		sees(t, r, v, counts, word)
		r.End(desk.End{Results: []change.Result{one("order-1", state, "closed", "", nil)}}, nil)
		sees(t, r, v, "Done on "+counts[:6], word)
		if strings.Contains(drawn(t, r, v), "✓") != (state == change.Done) {
			t.Errorf("%s looks well", state)
		}
	}
	already := one("order-1", change.Done, "forced open", "forced open", nil)
	already.Already, already.Began = true, time.Time{}
	r, _ := result(desk.Trip)
	r.End(desk.End{Results: []change.Result{already}}, nil)
	sees(t, r, v, "✓ order/order-1 payment  so already  forced open")
}

// FuzzForm: whatever is typed into whichever form, it writes nothing by itself, draws
// within its lines, and asks for a plan only of targets that the page chose.
func FuzzForm(f *testing.F) {
	for _, seed := range []string{"", "\r", "TTTT\r", "db\tnever\r", "\t\t\t10m\r", "\x1b[200~x\x1b[201~", "支払い\t\b\b\r", "←→\r"} {
		f.Add(uint8(len(seed)), seed)
	}
	verbs := []desk.Verb{desk.Trip, desk.Reset, desk.Bypass, desk.HalfOpen, desk.Drain, desk.Undrain, desk.Undo, desk.Retry, "dance"}
	named := map[rune]string{'\r': "enter", '\t': "tab", '\b': "backspace", '\x1b': "esc", '←': "left", '→': "right", '↑': "up", '↓': "down", ' ': "space"}
	f.Fuzz(func(t *testing.T, kind uint8, typed string) {
		v := view(60, 12)
		verb := verbs[int(kind)%len(verbs)]
		want := wish(verb, "order/order-1")
		switch verb {
		case desk.Undo, desk.Retry:
			want = page.Want{Wish: desk.Wish{Verb: verb, Change: "01J9K", Context: "prod"}}
		case desk.Trip:
			want = choosing(want, "payment", "turbo")
		}
		form := dialog.NewForm(v, want)
		for _, r := range typed {
			key, text := string(r), string(r)
			if name, ok := named[r]; ok {
				key, text = name, ""
			}
			if key == "space" {
				text = " "
			}
			i, over := form.Press(v, key, text)
			drawn(t, form, v)
			if over {
				if i != nil || key != "esc" {
					t.Fatalf("%q ends it: %v", key, i)
				}
				return
			}
			m, is := i.(page.Make)
			if i != nil && !is || is && key != "enter" {
				t.Fatalf("%q wants %v", key, i)
			}
			if !is {
				continue
			}
			w := m.Wish
			if w.Verb != verb || w.Context != "prod" || w.Change != want.Wish.Change || len(w.Targets) != len(want.Wish.Targets) || w.TTL < 0 || w.TTL > 0 && w.TTL < time.Second || len(w.Reason) > 1000 {
				t.Fatalf("makes %+v", w)
			}
			for _, target := range w.Targets {
				if target.Key.Ref != key0().Ref || target.Key.Instance != "" && target.Key != key0() || (target.Breaker != "") != (verb == desk.Trip) {
					t.Fatalf("is about %+v", target)
				}
			}
		}
	})
}

func key0() fleet.Key { return key("order", "order-1") }

// FuzzQuestion: nothing but what agrees agrees: y or an arrow and then enter, or the
// name, and never within the first moment.
func FuzzQuestion(f *testing.F) {
	for _, seed := range []string{"y\r", "\r\r\r", "yn\r", "order\r", "orde\r", "ORDER\r", "order \r", "→\r", "yx\r", "\ty\r"} {
		f.Add(seed, false, uint16(301))
		f.Add(seed, true, uint16(301))
		f.Add(seed, true, uint16(10))
	}
	f.Fuzz(func(t *testing.T, typed string, name bool, gap uint16) {
		v := view(60, 12)
		q := desk.Question{Lines: []string{"This does it."}}
		if name {
			q.Type = "order"
		}
		yes, no := page.Call(func() {}), page.Back{}
		d := dialog.NewQuestion(v.Now, "Go on?", q, yes, no)
		lit, text := false, ""
		for _, r := range typed {
			v = later(v, time.Duration(gap)*time.Millisecond)
			key := string(r)
			switch r {
			case '\r':
				key = "enter"
			case '→':
				key = "right"
			case '\t':
				key = "tab"
			}
			swallowed := d.Waits(v.Now) > 0
			i, over := d.Press(v, key, strings.TrimFunc(string(r), func(r rune) bool { return r == '\r' || r == '\t' || r == '→' }))
			drawn(t, d, v)
			_, agreed := i.(page.Call)
			if agreed && (swallowed || key != "enter" || !over || name && text != "order" || !name && !lit) {
				t.Fatalf("%q agrees at %q: typed %q, lit %v, swallowed %v", typed, key, text, lit, swallowed)
			}
			if over {
				return
			}
			if swallowed {
				continue
			}
			switch {
			case key == "tab":
				lit = !lit
			case key == "y" || key == "Y" || key == "right" || key == "l":
				lit = true
			case !strings.ContainsAny(key, "jkgG"):
				lit = false
			}
			if key != "enter" && key != "tab" && key != "right" {
				text += plain.Line(key)
			}
		}
	})
}
