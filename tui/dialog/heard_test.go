package dialog_test

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"github.com/midwatch-cli/midwatch/fleet/change"
	"github.com/midwatch-cli/midwatch/tui/desk"
	"github.com/midwatch-cli/midwatch/tui/dialog"
	"github.com/midwatch-cli/midwatch/tui/page"
	"github.com/midwatch-cli/midwatch/tui/widget"
)

// TestLinesThatAreWrong: a line that fills no field in says why and is asked again;
// what stood there stays, and no plan is made before all is right.
func TestLinesThatAreWrong(t *testing.T) {
	v := view(500, 20)
	for _, c := range []struct {
		lines []string
		asks  string // then
		makes bool
	}{
		{nil, "breaker, payment; or turbo, rates:", false},
		{[]string{"x"}, "there is no x. breaker, payment; or turbo, rates:", false},
		{[]string{"x", "tur"}, "where, this instance, order-2; or all 2 instances of order:", false},
		{[]string{"TURBO", "every"}, "there is no every. where, this instance, order-2; or all 2 instances of order:", false},
		{[]string{"", "all"}, "reason:", false},
		{[]string{"", "", "db"}, "back after, 10m where you say nothing:", false},
		{[]string{"", "", "db", "10"}, "10 of what? 10m is in minutes. back after, 10m where you say nothing:", false},
		{[]string{"", "", "db", "soon"}, "soon is no duration: such as 90s, 10m, 1h30m, or never. back after, 10m where you say nothing:", false},
		{[]string{"", "", "db", "1ms"}, "1ms is too short: at least 1s, or never. back after, 10m where you say nothing:", false},
		{[]string{"", "", "", "never"}, "breaker, payment; or turbo, rates:", true},
		{[]string{"rates", "", "", ""}, "breaker, rates; or payment, turbo:", true},
		{[]string{"", "", strings.Repeat("x", 1001)}, "at most 1000 bytes: far systems keep it. reason:", false},
	} {
		f := dialog.NewForm(v, choosing(wish(desk.Trip, "order/order-2"), "payment", "turbo", "rates"))
		var i page.Intent
		for _, line := range c.lines {
			var over bool
			if i, over = f.Answer(v, line); over {
				t.Fatalf("%q: it is over", c.lines)
			}
		}
		if _, makes := i.(page.Make); f.Ask(v) != c.asks || makes != c.makes {
			t.Errorf("%q: asks %q, makes %v", c.lines, f.Ask(v), makes)
		}
	}
}

// TestTypedNameIsExact: in a protected context the name agrees and nothing else does, neither
// a part of it, nor another case, nor more than it; a paste types like keys.
func TestTypedNameIsExact(t *testing.T) {
	for typed, yes := range map[string]bool{
		"order": true, "orde": false, "orders": false, "Order": false, "": false, " order": false, "order ": false, "order\n": false, "y": false, "yes": false,
		"ord\x00er": false, "order\u200b": false, "оrder": false, // a Cyrillic o
	} {
		v := view(80, 20)
		d, answered := asked(v, desk.Question{Lines: []string{"This opens it."}, Type: "order"})
		if i, over := d.Press(v, "", typed); i != nil || over { // a paste
			t.Errorf("%q: a paste answers", typed)
		}
		i, over := d.Press(v, "enter", "")
		if obey(i); (answered() == "yes") != yes || yes != over {
			t.Errorf("%q: %s, over %v", typed, answered(), over)
		}
		if !yes && typed != "" {
			sees(t, d, v, "! that is not the name")
			d.Press(v, "ctrl+u", "")
			d.Press(v, "", "order")
			if i, over := d.Press(v, "enter", ""); i == nil || !over {
				t.Errorf("%q: not even after it was corrected", typed)
			}
		}
	}
}

// TestHearProperty: while a change is made every target is said once it is known, in
// full, whatever the size of the screen would be; and what failed has its reason.
func TestHearProperty(t *testing.T) {
	rnd := rand.New(rand.NewPCG(2, 9))
	states := []change.State{change.Done, change.Failed, change.NotDone, change.Left, change.Unknown}
	for range 60 {
		v := view(1000, 1+rnd.IntN(40))
		r, _ := result(desk.Trip)
		r.Agreed()
		var want []string
		for n := range 1 + rnd.IntN(12) {
			state := states[rnd.IntN(len(states))]
			var err error
			if state == change.Failed {
				err = fmt.Errorf("reason %d", n)
				want = append(want, err.Error())
			}
			name := fmt.Sprint("order-", n)
			r.Done(one(name, state, "closed", "", err), 20)
			want = append(want, "order/"+name+" payment")
		}
		heard := ""
		for _, l := range r.Hear(v) {
			heard += widget.Say(v.Theme, l) + "\n"
		}
		for _, text := range want {
			if strings.Count(heard, text+"\n")+strings.Count(heard, text+", ") != 1 {
				t.Fatalf("%q is not said once:\n%s", text, heard)
			}
		}
		if got := r.Ask(v); got != "it is being made; X stops it:" {
			t.Fatalf("asks %q", got)
		}
		r.Stopped()
		if got := r.Ask(v); got != "" {
			t.Fatalf("while it stops: asks %q", got)
		}
	}
}

// TestScrollProperty: however one scrolls, and whatever comes meanwhile, what is drawn
// fits, is of the result, and says how much is below; going home shows the first line.
func TestScrollProperty(t *testing.T) {
	rnd := rand.New(rand.NewPCG(4, 4))
	keys := []string{"up", "down", "pgup", "pgdown", "g", "G", "j", "k", "x", "tab"}
	for range 60 {
		v := view(20+rnd.IntN(100), rnd.IntN(16))
		r, _ := result(desk.Trip)
		r.Agreed()
		for n := range 40 {
			switch rnd.IntN(4) {
			case 0:
				r.Done(one(fmt.Sprint("order-", n), change.Done, "closed", "forced open", nil), 40)
			case 1:
				r.Wheel(v, rnd.IntN(9)-4)
			default:
				if i, over := press(r, v, keys[rnd.IntN(len(keys))]); i != nil || over {
					t.Fatalf("scrolling comes to %v, %v", i, over)
				}
			}
			drawn(t, r, v)
		}
		press(r, v, "g")
		if v.Height > 1 && !strings.HasPrefix(strings.TrimSpace(drawn(t, r, v)), "Trip") {
			t.Fatalf("the beginning:\n%s", drawn(t, r, v))
		}
	}
}

// TestMomentGrows: each key that comes too early makes the moment last: a key that is
// leant on never answers, however long.
func TestMomentGrows(t *testing.T) {
	v := view(80, 20)
	d := dialog.NewQuestion(v.Now, "Go on?", plan(2), page.Call(func() {}), page.Back{})
	for n := range 100 {
		v = later(v, 100*time.Millisecond)
		key := []string{"y", "enter"}[n%2]
		if i, over := press(d, v, key); i != nil || over || d.Waits(v.Now) != dialog.Moment {
			t.Fatalf("after %d keys: %v, %v, waits %v", n, i, over, d.Waits(v.Now))
		}
	}
	sees(t, d, v, "[ No ]", "a moment")
	v = later(v, dialog.Moment)
	if i, over := press(d, v, "enter"); over != true || i != page.Intent(page.Back{}) {
		t.Errorf("no: %v, %v", i, over)
	}
}
