package screen_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/midwatch-cli/midwatch/cmd/render"
	"github.com/midwatch-cli/midwatch/cmd/term"
	"github.com/midwatch-cli/midwatch/cmd/write/screen"
	"github.com/midwatch-cli/midwatch/fleet"
	"github.com/midwatch-cli/midwatch/fleet/change"
)

// trips are steps that trip a breaker on the instances of a service.
func trips(t *testing.T, service string, n int) []change.Step {
	t.Helper()
	var steps []change.Step
	for i := range n {
		id := fmt.Sprintf("%s-%d", service, i+1)
		intent, err := change.BreakerIntent("prod", change.Target{
			Source: "etcd", Service: service, Instance: id, Breaker: "payment", Admin: &fleet.Administration{API: "httpapi", Base: "http://10.0.0." + fmt.Sprint(i) + ":80"},
		}, change.Order{Verb: fleet.Trip})
		if err != nil {
			t.Fatal(err)
		}
		steps = append(steps, change.Step{Intent: intent, What: "trip breaker payment of " + service + "/" + id, Was: "closed", Will: "forced open"})
	}
	return steps
}

func same(t *testing.T, what string, got []string, want string) {
	t.Helper()
	if text := strings.Join(got, "\n"); text != strings.Trim(want, "\n") {
		t.Errorf("%s: got\n%s\nwant\n%s", what, text, strings.Trim(want, "\n"))
	}
}

// TestPlan: what differs is said of each, what is the same once.
func TestPlan(t *testing.T) {
	plan := &change.Plan{Steps: trips(t, "order", 5)}
	plan.Steps[1].Was, plan.Steps[1].Already = "forced open (alice)", true
	plan.Steps[2].Err = &fleet.Error{Detail: "no answer in 2 s", Hint: "is it there?"}
	for i := range plan.Steps {
		plan.Steps[i].SideEffects = []string{"its /health says so"}
	}
	plan.Steps[3].SideEffects = append(plan.Steps[3].SideEffects, "it is the last")
	plan.Steps[4].Held = []change.Holding{{By: "bob@b-2", What: "trip order/payment", Reason: "db move"}}
	part := []screen.Passage{{Says: "This opens it.", Steps: screen.Every(plan), Then: []string{"Calls will be refused."}}}
	const rest = `
Also: its /health says so.
Also, on order-4: it is the last.
Calls will be refused.
In the hands of bob@b-2: trip order/payment ("db move")`
	same(t, "off a terminal", screen.Page{}.Plan(plan, part), `
This opens it.
  order-1  closed               →  forced open
  order-2  forced open (alice)  already
  order-4  closed               →  forced open
  order-5  closed               →  forced open
  order-3  cannot be done: no answer in 2 s (is it there?)`+rest)
	same(t, "with an end", screen.Page{Options: change.Options{TTL: time.Minute}}.Plan(plan, part)[2:3], "  order-2  forced open (alice)  →  forced open")
	same(t, "on a wide terminal", screen.Page{Width: 120}.Plan(plan, part)[1:3], `
  order-1  closed               →  forced open      order-4  closed               →  forced open
  order-2  forced open (alice)  already             order-5  closed               →  forced open`)
	for width := 20; width < 140; width += 7 {
		for _, line := range (screen.Page{Width: width}).Plan(plan, part) {
			if n := utf8.RuneCountInString(line); n > width && !strings.Contains(line, "→") && strings.Contains(strings.TrimSpace(line), " ") && width > 40 {
				t.Errorf("%d columns of %d: %s", n, width, line)
			}
		}
	}
}

// TestPlanWithoutPassages: each step says itself what it does; many are counted.
func TestPlanWithoutPassages(t *testing.T) {
	plan := &change.Plan{What: "trip order/payment", Steps: trips(t, "order", 2)}
	same(t, "two", screen.Page{}.Plan(plan, nil), `
trip breaker payment of order/order-1
  closed  →  forced open
trip breaker payment of order/order-2
  closed  →  forced open`)
	plan.Steps = trips(t, "order", 30)
	for i := range plan.Steps {
		if i%3 == 0 {
			plan.Steps[i].Err = fmt.Errorf("http://10.0.0.%d:80/midwatch: connection refused", i)
		}
	}
	plan.Steps[1].Was = "open"
	plan.Steps[2].Already = true
	same(t, "many", screen.Page{}.Plan(plan, nil), `
trip order/payment: 30 targets
  18  closed  →  forced open
  10  cannot be done: …/midwatch: connection refused
   1  open  →  forced open (order-2)
   1  closed  already (order-3)`)
	for i := range plan.Steps {
		plan.Steps[i].Err = fmt.Errorf("trouble %d", i)
	}
	if lines := (screen.Page{}).Plan(plan, nil); len(lines) != 22 || lines[21] != "  and 10 groups more; --dry-run -o wide has a row for each target" {
		t.Errorf("%d lines, the last is %q", len(lines), lines[len(lines)-1])
	}
}

// TestLabels: targets are named by what differs between them.
func TestLabels(t *testing.T) {
	plan := &change.Plan{Steps: append(trips(t, "order", 1), trips(t, "gateway", 1)...)}
	lines := screen.Page{}.Plan(plan, []screen.Passage{{Says: "This.", Steps: screen.Every(plan)}})
	same(t, "two services", lines, `
This.
  order/order-1 payment      closed  →  forced open
  gateway/gateway-1 payment  closed  →  forced open`)
}

// TestSplit: what is carried out, what is so already, what cannot be.
func TestSplit(t *testing.T) {
	plan := &change.Plan{Steps: trips(t, "order", 4)}
	plan.Steps[0].Already, plan.Steps[1].Err = true, errors.New("no")
	if todo, so, cannot := (screen.Page{}).Split(plan, screen.Every(plan)); todo != 2 || so != 1 || cannot != 1 {
		t.Error(todo, so, cannot)
	}
	for want, n := range map[string][2]int{"": {}, ", 1 is so already": {1, 0}, ", 2 are so already, 1 cannot be done": {2, 1}} {
		if got := screen.Besides(n[0], n[1]); got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
}

// drawn are results as a terminal shows them.
func drawn(t *testing.T, lines [][]render.Cell) []string {
	t.Helper()
	io, out, _ := term.Test("")
	io.OutTTY = true
	if err := render.Write(io, render.Options{}, render.View{Lead: lines}); err != nil {
		t.Fatal(err)
	}
	return strings.Split(strings.TrimSuffix(out.String(), "\n"), "\n")
}

// outcome gives each step an end: d done, a already, f failed, u unknown, n not
// done, l left.
func outcome(plan *change.Plan, ends string) *change.Outcome {
	out := &change.Outcome{Batch: &change.Batch{ID: "1KZQ3TNV9J"}}
	for i, end := range ends {
		r := change.Result{Step: plan.Steps[i], N: i, Began: time.Unix(1, 0)}
		switch end {
		case 'd':
			r.State = change.Done
		case 'a':
			r.State, r.Already, r.Began = change.Done, true, time.Time{}
		case 'f':
			r.State, r.Err = change.Failed, &fleet.Error{Detail: "401: who are you", Hint: "see auth"}
		case 'u':
			r.State, r.Err = change.Unknown, errors.New("it was done and could not be read back: reset")
		case 'n':
			r.State, r.Err = change.NotDone, errors.New("context canceled")
		case 'l':
			r.State, r.Err = change.Left, errors.New("left alone")
		}
		out.Results = append(out.Results, r)
	}
	return out
}

// TestResults: who is done side by side, who is not with the reason.
func TestResults(t *testing.T) {
	plan := &change.Plan{Steps: trips(t, "order", 60)}
	first := func(n int) *change.Plan { return &change.Plan{Steps: plan.Steps[:n]} }
	same(t, "all ends", drawn(t, screen.Results(60, first(8), outcome(plan, "ddaddfnu"))), `
✓ order-1   ✓ order-2   ✓ order-3 (already)   ✓ order-4
✓ order-5
✗ order-6  401: who are you (see auth)
– order-7  context canceled
? order-8  it was done and could not be read back: reset`)
	same(t, "alike", drawn(t, screen.Results(80, first(6), outcome(plan, "ffffll"))), `
✗ order-1, order-2, order-3 and 1 more  401: who are you (see auth)
! order-5, order-6  left alone`)
	same(t, "many", drawn(t, screen.Results(80, plan, outcome(plan, strings.Repeat("d", 30)+strings.Repeat("a", 5)+strings.Repeat("f", 25)))), `
✓ 30 done, 5 so already
✗ order-36, order-37, order-38 and 22 more  401: who are you (see auth)`)
	same(t, "a dry run", drawn(t, screen.Results(80, plan, nil)), "nothing was changed: --dry-run")
	for _, line := range drawn(t, screen.Results(30, first(6), outcome(plan, "ddddfu"))) {
		if utf8.RuneCountInString(line) > 34 {
			t.Errorf("too wide: %q", line)
		}
	}
}

// TestSummary: one line that says how many, how it is undone, how to go on.
func TestSummary(t *testing.T) {
	plan := &change.Plan{Steps: trips(t, "order", 4)}
	const retry = "midwatch breakers trip --retry"
	for _, c := range []struct {
		ends, want string
		spoil      func(out *change.Outcome)
	}{
		{"dddd", "opened on 4 of 4. change 1KZQ3TNV9J · undo: midwatch changes undo 1KZQ3TNV9J", nil},
		{"dddf", "opened on 3 of 4. change 1KZQ3TNV9J · undo: midwatch changes undo 1KZQ3TNV9J · retry: midwatch breakers trip --retry 1KZQ3TNV9J", nil},
		{"ffff", "opened on 0 of 4. change 1KZQ3TNV9J · retry: midwatch breakers trip --retry 1KZQ3TNV9J", nil},
		{"uuuu", "opened on 0 of 4. change 1KZQ3TNV9J · undo: midwatch changes undo 1KZQ3TNV9J · retry: midwatch breakers trip --retry 1KZQ3TNV9J", nil},
		{"ddaa", "opened on 2 of 4, 2 already. change 1KZQ3TNV9J · undo: midwatch changes undo 1KZQ3TNV9J", nil},
		{"aaaa", "nothing was changed", func(out *change.Outcome) { out.Batch.ID = "" }},
		{"dddd", "opened on 4 of 4", func(out *change.Outcome) { out.Batch.ID = "" }},
		{"ddlf", "took back 2 of 4. change 1KZQ3TNV9J · retry: midwatch breakers trip --retry 1KZQ000000", func(out *change.Outcome) {
			out.Batch.Undoes = "1KZQ000000"
			for i := range out.Results {
				out.Results[i].Undo = true
			}
		}},
	} {
		out := outcome(plan, c.ends)
		if c.spoil != nil {
			c.spoil(out)
		}
		same(t, c.ends, screen.Page{}.Summary(out, retry), c.want)
	}
	same(t, "narrow", screen.Page{Width: 80}.Summary(outcome(plan, "dddf"), retry), `
opened on 3 of 4. change 1KZQ3TNV9J
undo: midwatch changes undo 1KZQ3TNV9J
retry: midwatch breakers trip --retry 1KZQ3TNV9J`)
}

// TestLeft: what a command that was ended left changed; what nobody could read
// back may be.
func TestLeft(t *testing.T) {
	plan := &change.Plan{Steps: trips(t, "order", 8)}
	for ends, want := range map[string]string{
		"nnn": "", "afn": "",
		"dun":     "2 of 3: order/order-1 payment, order/order-2 payment",
		"ddddddd": "7 of 7: order/order-1 payment, order/order-2 payment, order/order-3 payment, order/order-4 payment, order/order-5 payment and 2 more",
	} {
		if got := screen.Left(outcome(plan, ends)); got != want {
			t.Errorf("%s: %q, want %q", ends, got, want)
		}
	}
}

// TestHostileTextIsClean: names and errors of services are cleaned on their way.
func TestHostileTextIsClean(t *testing.T) {
	plan := &change.Plan{Steps: trips(t, "order", 3)}
	for i := range plan.Steps {
		plan.Steps[i].Intent.Target.Instance = "\x1b[2J"
	}
	plan.Steps[0].Was, plan.Steps[1].Err = "\x1b]0;x\a", errors.New("\x1b[1m::error::")
	for _, line := range (screen.Page{Width: 80}).Plan(plan, []screen.Passage{{Says: "\x1b[0m", Steps: screen.Every(plan)}}) {
		if strings.ContainsRune(line, '\x1b') {
			t.Errorf("%q", line)
		}
	}
}
