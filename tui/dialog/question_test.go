package dialog_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/midwatch-cli/midwatch/tui/desk"
	"github.com/midwatch-cli/midwatch/tui/dialog"
	"github.com/midwatch-cli/midwatch/tui/page"
)

// plan is one that is not short.
func plan(lines int) desk.Question {
	q := desk.Question{Lines: []string{"This opens breaker payment on 2 of 2 instances of order (prod)."}}
	for i := 1; i < lines; i++ {
		q.Lines = append(q.Lines, fmt.Sprintf("  order-%d  closed  →  forced open", i))
	}
	return q
}

// asked is a question whose moment is over.
func asked(v *page.View, q desk.Question) (d *dialog.Question, answered func() string) {
	said := "nothing"
	answer := func(word string) page.Call { return func() { said = word } }
	d = dialog.NewQuestion(v.Now.Add(-dialog.Moment), "Go on?", q, answer("yes"), answer("no"))
	return d, func() string { return said }
}

// obey does what a key came to.
func obey(i page.Intent) {
	if c, ok := i.(page.Call); ok {
		c()
	}
}

// TestQuestion: No is lit until the person lights Yes, and only enter answers yes.
func TestQuestion(t *testing.T) {
	for keys, want := range map[string]string{
		"enter": "no", "esc": "no", "ctrl+c": "no", "n": "no", "N": "no", "q": "no",
		"y": "nothing", "y enter": "yes", "Y enter": "yes", "right enter": "yes", "l enter": "yes", "tab enter": "yes", "shift+tab enter": "yes",
		"tab tab enter": "no", "y left enter": "no", "y n": "no", "y x enter": "no", "y space enter": "no", "y q": "no", "y esc": "no",
		"y down enter": "yes", "y G up enter": "yes", "down down": "nothing", "space": "nothing", "x": "nothing", "y y enter": "yes",
	} {
		v := view(80, 24)
		d, answered := asked(v, plan(3))
		var i page.Intent
		for _, k := range strings.Fields(keys) {
			i, _ = press(d, v, k)
		}
		obey(i)
		if got := answered(); got != want {
			t.Errorf("%s: %s, want %s", keys, got, want)
		}
	}
}

// TestQuestionWaits: keys that were meant for the screen before are swallowed, as
// long as they keep coming; a clock that goes back keeps nobody waiting.
func TestQuestionWaits(t *testing.T) {
	v := view(80, 24)
	d := dialog.NewQuestion(v.Now, "Go on?", plan(3), page.Call(func() { t.Error("yes") }), nil)
	sees(t, d, v, "[ No ]", "a moment")
	for range 10 {
		if i, over := press(d, v, "y", "enter", "esc", "n", "q"); i != nil || over {
			t.Fatalf("%v, %v", i, over)
		}
		v.Now = v.Now.Add(dialog.Moment / 2)
	}
	v.Now = v.Now.Add(dialog.Moment / 2)
	sees(t, d, v, "[ No ]", "~a moment")
	press(d, v, "y")
	sees(t, d, v, "[ Yes ]", "enter does it")
	if got := d.Waits(v.Now.Add(-time.Hour)); got != 0 {
		t.Errorf("a clock that was put back: %v", got)
	}
	if _, over := press(dialog.NewQuestion(v.Now, "Go on?", plan(1), nil, nil), v, "ctrl+c"); !over {
		t.Error("ctrl-c has to wait")
	}
}

// TestTypedName: nothing but the name does it, whatever it is made of.
func TestTypedName(t *testing.T) {
	for _, c := range []struct {
		name, typed string
		want        string
	}{
		{"order", "order", "yes"},
		{"order", "Order", "nothing"},
		{"order", "orde", "nothing"},
		{"order", "order ", "nothing"},
		{"order", "", "nothing"},
		{"y", "y", "yes"},
		{"支払い", "支払い", "yes"},
		{"支払い", "支払", "nothing"},
		{"pay\x1b[2J", `pay\x1b[2J`, "yes"}, // as it is seen
		{"pay\x1b[2J", "pay", "nothing"},
	} {
		v := view(80, 24)
		q := plan(3)
		q.Type = c.name
		d, answered := asked(v, q)
		sees(t, d, v, " to go on: █", "~[ No ]")
		for _, r := range c.typed {
			d.Press(v, string(r), string(r))
		}
		i, over := press(d, v, "enter")
		obey(i)
		if answered() != c.want || over != (c.want == "yes") {
			t.Errorf("%q for %q: %s, want %s", c.typed, c.name, answered(), c.want)
		}
		switch {
		case c.want == "yes":
		case c.typed == "":
			sees(t, d, v, "! type the name, or esc")
		default:
			sees(t, d, v, "! that is not the name")
		}
		looks(t, d)
	}
	v := view(80, 24)
	q := plan(30)
	q.Type = "order"
	d, answered := asked(v, q)
	d.Press(v, "", "orders") // pasted
	press(d, v, "backspace", "x", "ctrl+u", "o", "r", "d", "e", "r", "down", "pgdown")
	sees(t, d, v, "go on: order█", "more")
	if press(d, v, "esc"); answered() != "nothing" {
		t.Error(answered())
	}
	if i, over := press(d, v, "esc"); !over {
		t.Error("esc does not end it")
	} else if obey(i); answered() != "no" {
		t.Error(answered())
	}
}

// TestQuestionOnSmallScreens: what is not seen is said; where no plan finds room
// nothing can be agreed to.
func TestQuestionOnSmallScreens(t *testing.T) {
	q := plan(12)
	q.Lines = append(q.Lines, "Put back at 02:24:33 UTC (10 m) by keeper 4711 on bastion-1.")
	v := view(40, 8) // of 40x10
	d, _ := asked(v, q)
	sees(t, d, v, "This opens breaker", "↓ 9 more below", "Go on?  [ No ]", "~Put back")
	press(d, v, "G")
	sees(t, d, v, "↑ more above", "keeper 4711 on", "~This opens")
	d.Wheel(v, -100)
	sees(t, d, v, "This opens breaker")
	d.Wheel(v, 3)
	sees(t, d, v, "~This opens", "more below")
	press(d, v, "g", "pgdown", "pgup", "down", "up", "home")
	sees(t, d, v, "This opens breaker")
	press(d, v, "G")
	sees(t, d, view(200, 60), "This opens breaker", "Put back at") // it became larger
	looks(t, d)
	small := view(23, 8)
	d, answered := asked(small, q)
	sees(t, d, small, "too small")
	i, over := press(d, small, "y", "enter")
	if obey(i); answered() == "yes" || over && i == nil {
		t.Error("what cannot be seen was agreed to")
	}
	named, answered := asked(view(80, 3), desk.Question{Lines: q.Lines, Type: "y"})
	if i, _ := press(named, view(80, 3), "y", "enter"); i != nil || answered() != "nothing" {
		t.Error("what cannot be seen was agreed to")
	}
}

// TestQuestionAgain says that it is another plan now, and nothing of a plan is
// obeyed.
func TestQuestionAgain(t *testing.T) {
	v := view(80, 24)
	d, _ := asked(v, desk.Question{Lines: []string{odd, "  " + odd, ""}, Again: true, Type: strings.Repeat(odd, 20)})
	sees(t, d, v, "What is there changed meanwhile. It is now:", `\x1b[2Jp`)
	looks(t, d)
	long, _ := asked(v, desk.Question{Lines: []string{strings.Repeat("x", 500), strings.Repeat("支払い ", 99), strings.Repeat(" ", 99) + "x"}})
	looks(t, long)
	empty, _ := asked(v, desk.Question{})
	looks(t, empty)
}

func TestQuestionKeys(t *testing.T) {
	v := view(80, 24)
	d, _ := asked(v, plan(2))
	before := fmt.Sprint(d.Keys())
	press(d, v, "y")
	q := plan(2)
	q.Type = "order"
	named, _ := asked(v, q)
	all := []string{before, fmt.Sprint(d.Keys()), fmt.Sprint(named.Keys())}
	if slices.Sort(all); len(slices.Compact(all)) != 3 {
		t.Errorf("%q", all)
	}
}
