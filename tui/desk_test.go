package tui_test

import (
	"context"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	tea "charm.land/bubbletea/v2"
	"go.uber.org/goleak"

	"github.com/midwatch-cli/midwatch/fleet"
	"github.com/midwatch-cli/midwatch/fleet/change"
	"github.com/midwatch-cli/midwatch/tui"
	"github.com/midwatch-cli/midwatch/tui/desk"
	"github.com/midwatch-cli/midwatch/tui/dialog"
	"github.com/midwatch-cli/midwatch/tui/theme"
)

// scripted is a desk that says what a test has it say.
type scripted struct {
	questions []desk.Question // asked one after the other
	plan      error           // there is no plan
	refusal   string
	results   []change.Result
	end       desk.End
	err       error
	hold      chan struct{} // each target waits for one; nil: none does
	planning  chan struct{} // planning waits for it; nil: it does not

	mu     sync.Mutex
	wishes []desk.Wish
	wrote  int // targets that were written to
}

func (s *scripted) Refusal(string) string { return s.refusal }

func (s *scripted) Changes(context.Context) ([]desk.Change, error) { return nil, nil }

func (s *scripted) Make(ctx context.Context, w desk.Wish, p desk.Person) (desk.End, error) {
	s.mu.Lock()
	s.wishes = append(s.wishes, w)
	s.mu.Unlock()
	if s.planning != nil {
		select {
		case <-s.planning:
		case <-ctx.Done():
			return desk.End{}, ctx.Err()
		}
	}
	if s.plan != nil {
		return desk.End{}, s.plan
	}
	for _, q := range s.questions {
		if yes, err := p.Ask(ctx, q); err != nil || !yes {
			return desk.End{}, err
		}
	}
	end := s.end
	end.Agreed = true
	for i, r := range s.results {
		if s.hold != nil {
			select {
			case <-s.hold:
			case <-ctx.Done():
				for k := i; k < len(s.results); k++ {
					end.Results = append(end.Results, change.Result{Step: s.results[k].Step, N: k, State: change.NotDone})
				}
				return end, ctx.Err()
			}
		}
		s.mu.Lock()
		s.wrote++
		s.mu.Unlock()
		r.N = i
		end.Results = append(end.Results, r)
		p.Done(r, len(s.results))
	}
	return end, s.err
}

func (s *scripted) writes() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.wrote
}

// step is a result of one target.
func step(instance string, state change.State, now string, err error) change.Result {
	return change.Result{
		Step:  change.Step{Intent: change.Intent{Target: change.Target{Service: "order", Instance: instance, Breaker: "payment"}}, Was: "closed"},
		State: state, Now: now, Err: err, Began: at(),
	}
}

// tripping is a desk that trips the breaker of order.
func tripping() *scripted {
	return &scripted{
		questions: []desk.Question{{Lines: []string{
			"This opens breaker payment on 2 of 2 instances of order (prod).",
			"  order-1  closed  →  forced open", "  order-2  open    →  forced open",
			"Calls from order to payment will be refused at once.", "Put back at 02:24:33 UTC (10 m) by keeper 4711 on bastion-1.",
		}}},
		results: []change.Result{step("order-1", change.Done, "forced open", nil), step("order-2", change.Done, "forced open", nil)},
		end:     desk.End{Change: "01J9K2M7AB", Lines: []string{"Opened on 2 of 2."}},
	}
}

// refusedHalfWay is one of which the second target fails.
func refusedHalfWay() *scripted {
	s := tripping()
	s.results[1] = step("order-2", change.Failed, "", &fleet.Error{Reason: "auth", Detail: "401 after a read that was let in", Hint: `set csrf: spring in profile "spring"`})
	s.end.Lines = []string{"Opened on 1 of 2."}
	return s
}

// desked drives a dashboard that can change things. It belongs into a bubble of
// synctest: keys return when whatever they began waits for somebody.
func desked(t testing.TB, s *scripted, o theme.Options, width, height int, writing bool) *dash {
	d := &dash{t: t, now: at()}
	var mu sync.Mutex
	var came []tea.Msg
	d.run = func(cmd tea.Cmd) (quits bool) {
		begin := func(c tea.Cmd) {
			go func() {
				m := c()
				mu.Lock()
				came = append(came, m)
				mu.Unlock()
			}()
		}
		if cmd != nil {
			begin(cmd)
		}
		for {
			synctest.Wait()
			mu.Lock()
			all := came
			came = nil
			mu.Unlock()
			if len(all) == 0 {
				return quits
			}
			for _, m := range all {
				switch m := m.(type) {
				case tea.QuitMsg:
					quits = true
				case tea.BatchMsg:
					for _, c := range m {
						begin(c)
					}
				case nil:
				default:
					if _, c := d.app.Update(m); c != nil {
						begin(c)
					}
				}
			}
		}
	}
	d.app = tui.New(tui.Options{
		Context: "prod", Interval: 5 * time.Second, Theme: o, Fixed: true, Now: func() time.Time { return d.now }, Zone: time.UTC, Desk: s, Writing: writing,
		Hands: tui.Hands{Refresh: func() { d.refreshed++ }},
	})
	d.size(width, height)
	d.take(night())
	return d
}

// alone runs in a bubble, and fails where something is left behind.
func alone(t *testing.T, f func(t *testing.T)) {
	t.Helper()
	before := goleak.IgnoreCurrent()
	synctest.Test(t, func(t *testing.T) {
		f(t)
		time.Sleep(time.Second) // of the bubble: ticks that were begun come
	})
	goleak.VerifyNone(t, before)
}

// moment lets a question be seen.
func (d *dash) moment() { d.now = d.now.Add(dialog.Moment) }

// sees fails where texts are not on the screen; one that begins with ! must not be.
func (d *dash) sees(texts ...string) {
	d.t.Helper()
	for _, text := range texts {
		if not, ok := strings.CutPrefix(text, "!"); ok == strings.Contains(d.screen(), not) {
			d.t.Errorf("%q has to be there: %v\n%s", not, !ok, d.screen())
		}
	}
}

// toPlan goes from the fleet to the plan of a trip of order's breaker.
func (d *dash) toPlan() {
	d.t.Helper()
	d.press("down", "down", "T", "enter")
	d.sees("This opens breaker payment", "[ No ]", "a moment")
	d.moment()
}

func TestTripAndUndo(t *testing.T) {
	alone(t, func(t *testing.T) {
		s := tripping()
		d := desked(t, s, theme.Options{}, 80, 24, true)
		d.sees("writing", "T trip")
		d.press("down", "down", "T")
		d.sees("Trip breaker payment on all 4 instances of order (prod): calls through it are", "reason", "10m")
		d.types("payment db")
		d.app.Update(tea.PasteMsg{Content: " failover\n\x1b[2J"})
		d.press("tab", "backspace", "backspace", "backspace")
		d.types("x")
		d.press("enter")
		d.sees("x is no duration", `payment db failover \x1b[2J`)
		d.press("ctrl+u")
		d.types("90s")
		d.press("enter")
		d.sees("This opens breaker payment on 2 of 2", "[ No ]")
		w := s.wishes[0]
		if w.Verb != desk.Trip || w.TTL != 90*time.Second || w.Reason != `payment db failover \x1b[2J` || w.Context != "prod" || w.Targets[0].Breaker != "payment" || w.Targets[0].Key.Ref != ref("order") {
			t.Errorf("wished %+v", w)
		}
		d.press("y", "enter") // typed before it was seen
		d.sees("[ No ]", "This opens")
		d.moment()
		d.press("y")
		d.sees("[ Yes ]")
		d.press("x")
		d.sees("[ No ]")
		if d.refreshed != 0 {
			t.Error("read anew before anything was written")
		}
		d.press("right", "enter")
		if d.refreshed != 1 {
			t.Errorf("read anew %d times after the change", d.refreshed)
		}
		d.sees("Opened on 2 of 2.", "✓ order/order-1 payment  done  closed → forced open", "Change 01J9K2M7AB; U undoes it.")
		d.press("esc")
		d.sees("!Opened", "payment     down")
		d.types(":result")
		d.press("enter")
		d.sees("Opened on 2 of 2.")
		d.press("U")
		d.sees("Undo change 01J9K2M7AB", "reason", "!back after")
		d.press("enter")
		d.moment()
		d.press("tab", "enter")
		if w := s.wishes[1]; w.Verb != desk.Undo || w.Change != "01J9K2M7AB" || s.writes() != 4 {
			t.Errorf("wished %+v, wrote %d", w, s.writes())
		}
		d.sees("!U undoes")
		if !d.press("esc", "q") {
			t.Error("it does not end")
		}
	})
}

// TestNo: whatever says no, or nothing, writes nothing.
func TestNo(t *testing.T) {
	for _, keys := range [][]string{{"enter"}, {"n"}, {"esc"}, {"ctrl+c"}, {"q"}, {"y", "n"}, {"right", "left", "enter"}, {"y", "x", "enter"}, {"tab", "tab", "enter"}, {"G", "enter"}} {
		alone(t, func(t *testing.T) {
			s := tripping()
			d := desked(t, s, theme.Options{}, 80, 24, true)
			d.toPlan()
			d.press(keys...)
			if s.writes() != 0 {
				t.Errorf("%v wrote", keys)
			}
			d.sees("nothing was changed", "!This opens")
		})
	}
}

// TestNotAllowed: without :write a key says what to do, and does nothing; :write
// asks once, :readonly ends it.
func TestNotAllowed(t *testing.T) {
	alone(t, func(t *testing.T) {
		s := tripping()
		d := desked(t, s, theme.Options{}, 80, 24, false)
		d.sees("!writing", "!T trip")
		d.press("down", "down", "T")
		d.sees(":write allows it", "!calls through it")
		d.types(":write")
		d.press("enter")
		d.sees("Allow changes?", "[ No ]", "Changes to prod are allowed from here")
		d.press("enter")
		d.press("T")
		d.sees(":write allows it", "!writing")
		d.types(":write")
		d.press("enter", "y", "enter")
		d.sees("writing", "T trip")
		d.press("T")
		d.sees("calls through it")
		d.press("esc")
		d.types(":readonly")
		d.press("enter")
		d.press("T")
		d.sees(":write allows it", "!· writing")
		s.refusal = "prod is read-only"
		d.types(":write")
		d.press("enter")
		d.sees("prod is read-only", "!Allow")
		if len(s.wishes) != 0 {
			t.Errorf("wished %v", s.wishes)
		}
	})
	alone(t, func(t *testing.T) {
		d := start(t, theme.Options{}, 80, 24, night())
		d.press("T")
		d.sees("nothing can be changed from here")
	})
}

// TestOnTheMap: an order is about the call of the cursor; what has no breaker says
// so, and nothing is asked.
func TestOnTheMap(t *testing.T) {
	alone(t, func(t *testing.T) {
		s := tripping()
		d := desked(t, s, theme.Options{}, 100, 30, true)
		d.types(":map")
		d.press("enter", "down", "T")
		d.sees("gateway has no breaker we know of towards order", "!calls through it")
		d.press("down", "T")
		d.sees("Trip breaker payment on all 4 instances of order")
		d.press("esc")
		d.sees("order calls it", "!Trip breaker")
		if len(s.wishes) != 0 {
			t.Errorf("wished %v", s.wishes)
		}
	})
}

// TestTypedName: only the exact name does it.
func TestTypedName(t *testing.T) {
	alone(t, func(t *testing.T) {
		s := tripping()
		s.questions[0].Type = "order"
		d := desked(t, s, theme.Options{}, 80, 24, true)
		d.press("down", "down", "T", "enter")
		d.types("order")
		d.press("enter")
		d.moment()
		d.sees("Type order to go on: █")
		d.press("enter")
		d.sees(" type the name")
		d.types("Order")
		d.press("enter")
		d.sees("that is not the name")
		d.press("ctrl+u")
		d.types("orderx")
		d.press("enter")
		d.sees("that is not the name")
		if s.writes() != 0 {
			t.Error("it was done")
		}
		d.press("backspace", "enter")
		d.sees("Opened on 2 of 2.")
	})
}

// TestPlanRefused: it says why and what to do, and the form is there again.
func TestPlanRefused(t *testing.T) {
	alone(t, func(t *testing.T) {
		s := tripping()
		s.plan = &fleet.Error{Reason: "policy", Detail: "alice holds it", Hint: "midwatch changes show 01J9"}
		d := desked(t, s, theme.Options{}, 80, 24, true)
		d.press("down", "down", "T")
		d.types("because")
		d.press("enter")
		d.sees("✗ alice holds it", "hint: midwatch changes show 01J9", "Nothing was changed.", "!U undo")
		d.press("esc")
		d.sees("because", "A plan comes first")
	})
}

// TestRefusedHalfWay: what failed stands first, with its hint; the rest can be
// undone. The feed and the size may change meanwhile, and so may what is there.
func TestRefusedHalfWay(t *testing.T) {
	alone(t, func(t *testing.T) {
		s := refusedHalfWay()
		s.hold = make(chan struct{})
		d := desked(t, s, theme.Options{}, 80, 24, true)
		d.toPlan()
		d.size(40, 10)
		d.sees("[ No ]", "more below")
		d.size(20, 3)
		d.sees("too small")
		d.press("y", "enter")
		if s.writes() != 0 {
			t.Error("what cannot be seen was agreed to")
		}
		d.size(80, 24)
		d.toPlanAgain()
		d.press("y", "enter")
		d.sees("being made", "X stop it")
		s.hold <- struct{}{}
		d.run(nil)
		d.sees("1 of 2 done", "order-1")
		d.press("esc") // it goes on
		d.take(without(night(), "order"))
		d.press("T")
		d.sees("one change at a time")
		d.now = d.now.Add(20 * time.Second)
		d.send(tui.TickMsg())
		d.sees("no news for 20 s")
		s.hold <- struct{}{}
		d.run(nil)
		d.sees("Opened on 1 of 2. · :result shows it")
		d.types(":result")
		d.press("enter")
		d.sees("✗ order/order-2 payment  failed", "401 after a read that was let in", "hint: set csrf", "U undoes it")
		if lines := strings.Split(d.screen(), "\n"); slices.IndexFunc(lines, func(l string) bool { return strings.Contains(l, "order-2 payment") }) > slices.IndexFunc(lines, func(l string) bool { return strings.Contains(l, "order-1 payment") }) {
			t.Error("what failed does not stand first")
		}
	})
}

// toPlanAgain comes to the plan where the one before was answered with no.
func (d *dash) toPlanAgain() {
	d.t.Helper()
	if !strings.Contains(d.screen(), "This opens") {
		d.press("T", "enter")
	}
	d.moment()
}

// TestQuitWhileMaking: it is said first; what is in hand is finished, then it ends.
func TestQuitWhileMaking(t *testing.T) {
	alone(t, func(t *testing.T) {
		s := tripping()
		s.hold = make(chan struct{})
		d := desked(t, s, theme.Options{}, 80, 24, true)
		d.toPlan()
		d.press("y", "enter", "esc")
		if d.press("q") {
			t.Fatal("it ended")
		}
		d.sees("A change is being made.", "Stop it and quit?", "[ No ]")
		if d.press("enter") {
			t.Fatal("it ended")
		}
		if d.press("q", "y", "enter"); s.writes() != 0 || !d.ended {
			t.Errorf("wrote %d, ended %v", s.writes(), d.ended)
		}
		if lines := strings.Join(d.app.Close(), "\n"); !strings.Contains(lines, "Opened on 2 of 2.\n") || !strings.Contains(lines, "undo: midwatch changes undo 01J9K2M7AB") {
			t.Errorf("said %q", lines)
		}
	})
	// The terminal goes away: it is stopped, waited for, and said.
	alone(t, func(t *testing.T) {
		s := tripping()
		s.hold = make(chan struct{})
		d := desked(t, s, theme.Options{}, 80, 24, true)
		d.toPlan()
		d.press("y", "enter")
		if lines := strings.Join(d.app.Close(), "\n"); !strings.Contains(lines, "undo: midwatch changes undo 01J9K2M7AB") {
			t.Errorf("said %q", lines)
		}
	})
	// While it is only planned, nothing is asked, and nothing written.
	alone(t, func(t *testing.T) {
		s := tripping()
		s.planning = make(chan struct{})
		d := desked(t, s, theme.Options{}, 80, 24, true)
		d.press("down", "down", "T", "enter")
		d.sees("Reading what is there. Nothing is changed yet.")
		d.press("esc")
		d.sees("A plan comes first")
		d.press("enter")
		if lines := d.app.Close(); len(lines) != 0 || s.writes() != 0 {
			t.Errorf("said %v", lines)
		}
	})
}

// TestOddPlan: nothing of a plan is obeyed, however long it is.
func TestOddPlan(t *testing.T) {
	alone(t, func(t *testing.T) {
		s := tripping()
		s.questions = []desk.Question{{Lines: []string{strings.Repeat("x", 300), "\x1b[2J\x07red", strings.Repeat("日本 ", 90), ""}, Type: strings.Repeat("n", 300)}}
		s.results[0].Intent.Target.Instance, s.results[0].Now = "\x1b]0;t\x07"+strings.Repeat("y", 300), "\x9b"
		s.end.Lines = []string{"\x1b[31m" + strings.Repeat("z", 300)}
		for _, size := range [][2]int{{80, 24}, {40, 10}, {200, 60}, {3, 2}, {25, 4}} {
			d := desked(t, s, theme.Options{}, 80, 24, true)
			d.press("down", "down", "T", "enter")
			d.moment()
			d.types(strings.Repeat("n", 300))
			for range 2 {
				d.size(size[0], size[1])
				if fault := faultOf(d.app.View().Content, size); fault != "" {
					t.Errorf("%v: %s\n%s", size, fault, d.screen())
				}
				d.size(80, 24)
				d.press("enter")
			}
			d.app.Close()
		}
		if s.writes() != 10 {
			t.Errorf("wrote %d", s.writes())
		}
	})
}

// TestSlippedKeys: whatever is pressed, something is written only where Yes was lit
// on the frame that was seen when enter was pressed, or the name stood there; keys
// of one burst never do it.
func TestSlippedKeys(t *testing.T) {
	keys := []string{
		"enter", "enter", "enter", "esc", "up", "down", "left", "right", "tab", "pgdown", "space", "backspace", "y", "Y", "n", "q", "T", "R", "B", "H", "D", "E", "U", "X",
		"j", "k", "l", "h", "o", "d", ":", "/", "?", "s", "g", "G", "1", "m",
	}
	wrote := 0
	for seed := range uint64(120) {
		alone(t, func(t *testing.T) {
			r := rand.New(rand.NewPCG(seed, 6))
			s := tripping()
			burst, typed := seed%3 == 1, seed%3 == 2
			if typed {
				s.questions[0].Type = "order"
			}
			if seed%5 == 0 {
				s.questions = append(s.questions, desk.Question{Lines: s.questions[0].Lines, Again: true})
			}
			d := desked(t, s, theme.Options{}, 80, 24, true)
			defer d.app.Close()
			var done []string
			for range 120 {
				key := keys[r.IntN(len(keys))]
				seen, before := d.screen(), s.writes()
				if key == "q" && !strings.Contains(seen, "[ No ]") {
					continue // it would end
				}
				if !burst {
					d.now = d.now.Add(time.Duration(r.IntN(500)) * time.Millisecond)
				}
				seen = d.screen()
				d.press(key)
				done = append(done, key)
				if s.writes() != before && (burst || typed || key != "enter" || !strings.Contains(seen, "[ Yes ]")) {
					t.Fatalf("seed %d: written by %v on\n%s", seed, done, seen)
				}
			}
			wrote += s.writes()
		})
	}
	if wrote == 0 {
		t.Error("nothing was ever written: the test sees nothing")
	}
}

// TestChangingFrames holds the dialogs of a change at every size.
func TestChangingFrames(t *testing.T) {
	for _, l := range looks() {
		if l.name == "dark" {
			continue
		}
		alone(t, func(t *testing.T) {
			for _, name := range changingFrames() {
				s := refusedHalfWay()
				if name == "typed" {
					s.questions[0].Type = "order"
				}
				d := desked(t, s, l.theme, l.width, l.height, true)
				d.press("down", "down", "T")
				if name != "form" {
					d.press("enter")
					d.moment()
					d.press("down", "up")
				}
				if name == "result" {
					d.press("y", "enter")
				}
				frame := d.app.View().Content
				if fault := faultOf(frame, [2]int{l.width, l.height}); fault != "" {
					t.Error(fault)
				}
				d.app.Close() // a plan may still wait for its answer
				golden(t, name+"-"+l.name, d.screen())
				if l.theme.Colorless {
					weightOnly(t, name, frame)
				}
			}
		})
	}
}

// changingFrames are the dialogs that have frames.
func changingFrames() []string { return []string{"form", "plan", "typed", "result"} }
