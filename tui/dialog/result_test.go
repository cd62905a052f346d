package dialog_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/midwatch-cli/midwatch/fleet"
	"github.com/midwatch-cli/midwatch/fleet/change"
	"github.com/midwatch-cli/midwatch/tui/desk"
	"github.com/midwatch-cli/midwatch/tui/dialog"
	"github.com/midwatch-cli/midwatch/tui/page"
)

const tripping = "Trip breaker payment on all 2 instances of order (prod): calls through it are refused at once."

// one is what came of one target.
func one(instance string, state change.State, was, now string, err error) change.Result {
	r := change.Result{
		Step:  change.Step{Intent: change.Intent{Target: change.Target{Service: "order", Instance: instance, Breaker: "payment"}}, Was: was},
		State: state, Now: now, Err: err,
	}
	if state == change.Done || state == change.Failed {
		r.Began = time.Unix(1, 0)
	}
	return r
}

func result(verb desk.Verb) (*dialog.Result, *bool) {
	stopped := false
	return dialog.NewResult(tripping, desk.Wish{Verb: verb, Context: "prod"}, page.Call(func() { stopped = true })), &stopped
}

// TestResult goes through the life of one: planned, made, over.
func TestResult(t *testing.T) {
	v := view(80, 20)
	r, stopped := result(desk.Trip)
	sees(t, r, v, "Trip breaker payment on all 2", "Reading what is there. Nothing is changed yet.", "~done")
	r.Tell("overdue, put back: 01J8, trip a/b")
	sees(t, r, v, "overdue, put back: 01J8")
	r.Agreed()
	sees(t, r, v, "being made")
	if !r.Running() {
		t.Error("it does not run")
	}
	r.Done(one("order-2", change.Done, "closed", "forced open", nil), 3)
	sees(t, r, v, "1 of 3 done", "✓ order/order-2 payment  done  closed → forced open")
	r.Done(one("order-1", change.Failed, "closed", "", &fleet.Error{Detail: "403 as " + odd, Hint: "look at " + odd}), 3)
	sees(t, r, v, "1 of 3 done, 1 not", "✗ order/order-1 payment  failed", `403 as \x1b[2Jp`, "hint: look at")
	if screen := drawn(t, r, v); strings.Index(screen, "order-1 payment") > strings.Index(screen, "order-2 payment") {
		t.Error("what failed does not stand first")
	}
	i, over := press(r, v, "X")
	if obey(i); !*stopped || over {
		t.Errorf("%v, %v", *stopped, over)
	}
	r.Stopped()
	sees(t, r, v, "stopping: what is in hand is finished")
	*stopped = false
	if i, _ := press(r, v, "X", "U"); i != nil || *stopped {
		t.Error("it is stopped twice, or undone while it is made")
	}
	looks(t, r)
	if _, over := press(r, v, "esc"); !over || *stopped {
		t.Error("esc does not leave it running")
	}
	r.End(desk.End{Change: "01J9K", Agreed: true, Lines: []string{"Opened on 1 of 3."}, Results: []change.Result{
		one("order-1", change.Failed, "closed", "", errors.New("403")), one("order-2", change.Done, "closed", "forced open", nil), one("order-3", change.NotDone, "", "", nil),
	}}, context.Canceled)
	sees(t, r, v, "✗ It was stopped.", "Opened on 1 of 3.", "Change 01J9K; U undoes it.", "– order/order-3 payment  not begun", "~being made", "~Nothing was changed.")
	looks(t, r)
	i, over = press(r, v, "U")
	if w, ok := i.(page.Want); !ok || !over || w.Wish.Verb != desk.Undo || w.Wish.Change != "01J9K" || w.Wish.Context != "prod" {
		t.Errorf("%+v, %v", i, over)
	}
}

// TestResultEnds: how it ends, in words, and whether there is something to undo.
func TestResultEnds(t *testing.T) {
	done := one("order-1", change.Done, "closed", "forced open", nil)
	already := one("order-1", change.Done, "forced open", "forced open", nil)
	already.Already, already.Began = true, time.Time{}
	for _, c := range []struct {
		name string
		verb desk.Verb
		end  desk.End
		err  error
		says []string
	}{
		{"done", desk.Trip, desk.End{Change: "1", Results: []change.Result{done}}, nil, []string{"Done on 1 of 1.", "Change 1; U undoes it.", "✓ order/order-1 payment  done"}},
		{"its own words", desk.Trip, desk.End{Change: "1", Lines: []string{"Opened on 1 of 1."}, Results: []change.Result{done}}, nil, []string{"Opened on 1 of 1.", "~Done on"}},
		{"so already", desk.Trip, desk.End{Lines: []string{"nothing was changed"}, Results: []change.Result{already}}, nil, []string{"nothing was changed", "so already  forced open", "~U undoes", "~→"}},
		{"refused", desk.Trip, desk.End{}, &fleet.Error{Detail: "alice holds it", Hint: "midwatch changes show 1"}, []string{"✗ alice holds it", "hint: midwatch changes show 1", "Nothing was changed.", "~U undoes"}},
		{"it says so itself", desk.Trip, desk.End{}, errors.New("it is the last one: nothing was changed"), []string{"✗ it is the last one: nothing was changed", "~Nothing was changed."}},
		{"given up", desk.Trip, desk.End{}, fmt.Errorf("so: %w", context.Canceled), []string{"✗ It was stopped.", "Nothing was changed."}},
		{"the journal broke", desk.Trip, desk.End{Change: "1", Results: []change.Result{done}}, errors.New("the disk is full"), []string{"✗ the disk is full", "U undoes it.", "~Nothing was changed."}},
		{"taken back", desk.Undo, desk.End{Change: "2", Lines: []string{"Took back 1 of 1."}, Results: []change.Result{done}}, nil, []string{"Took back 1 of 1.", "This is change 2.", "~U undoes"}},
		{"odd", desk.Trip, desk.End{Change: odd, Lines: []string{odd, ""}, Results: []change.Result{one(odd, change.Unknown, odd, odd, errors.New(odd)), one(odd, change.Left, "", odd, nil), one("", change.Intended, odd, "", nil)}}, errors.New(odd), []string{"not known", "left alone"}},
	} {
		v := view(100, 30)
		r, _ := result(c.verb)
		r.Agreed()
		r.End(c.end, c.err)
		sees(t, r, v, c.says...)
		looks(t, r)
		if r.Running() {
			t.Errorf("%s: it runs", c.name)
		}
		for _, k := range []string{"esc", "q", "enter", "left", "h", "backspace", "ctrl+c"} {
			if _, over := press(r, v, k); !over {
				t.Errorf("%s: %s does not close it", c.name, k)
			}
		}
		undoes := c.end.Change != "" && c.verb != desk.Undo
		if i, over := press(r, v, "U"); (i != nil) != undoes || over != undoes {
			t.Errorf("%s: U is %v", c.name, i)
		}
		if got := strings.Contains(fmt.Sprint(r.Keys()), "undo"); got != undoes {
			t.Errorf("%s: %v", c.name, r.Keys())
		}
	}
}

// TestResultGivesUp: while it is only read, esc gives it up.
func TestResultGivesUp(t *testing.T) {
	v := view(80, 20)
	r, stopped := result(desk.Trip)
	if i, over := press(r, v, "enter", "X", "U"); i != nil || over || *stopped {
		t.Error("it was stopped, or closed")
	}
	i, over := press(r, v, "esc")
	if obey(i); !over || !*stopped {
		t.Error("esc does not give it up")
	}
}

// TestManyResults on 40x10: what came of it is seen first, what is below is said,
// and all of it can be reached.
func TestManyResults(t *testing.T) {
	v := view(40, 8)
	r, _ := result(desk.Trip)
	r.Agreed()
	end := desk.End{Change: "01J9K", Lines: []string{"Opened on 98 of 100."}}
	for i := range 100 {
		one := one(fmt.Sprintf("order-%d-支払い", i), change.Done, "closed", "forced open (oncall@bastion-1)", nil)
		if i%50 == 7 {
			one.State, one.Err = change.Failed, errors.New("timeout")
		}
		end.Results = append(end.Results, one)
	}
	r.End(end, nil)
	sees(t, r, v, "Trip breaker payment on all 2 instance…", "Opened on 98 of 100.", "U undoes it.", "✗ order-7-支払い payment  failed", "↓ 98 more below")
	press(r, v, "down", "j")
	sees(t, r, v, "~Opened on", "✗ order-57-支払い payment  failed", "↓ 96 more below")
	press(r, v, "G")
	sees(t, r, v, "✓ order-99-支払い payment  done", "↑ more above")
	press(r, v, "k")
	sees(t, r, v, "↓ 1 more below", "~order-99-")
	r.Wheel(v, -1000)
	sees(t, r, v, "Opened on")
	r.Wheel(v, 1000)
	sees(t, r, v, "order-99-")
	press(r, v, "pgup", "pgdown", "home")
	sees(t, r, v, "Opened on")
	wide := view(200, 120)
	sees(t, r, wide, "order/order-99-支払い payment  done  closed → forced open (oncall@bastion-1)", "~more")
	looks(t, r)
}

// TestResultKeys: the footer says what each state takes.
func TestResultKeys(t *testing.T) {
	r, _ := result(desk.Trip)
	has := func(word string) {
		t.Helper()
		if got := fmt.Sprint(r.Keys()); !strings.Contains(got, word) {
			t.Errorf("%s lacks %s", got, word)
		}
	}
	has("give up")
	r.Agreed()
	has("stop it")
	r.Stopped()
	has("leave it running")
	r.End(desk.End{}, errors.New("no"))
	has("close")
}
