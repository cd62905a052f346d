package dialog_test

import (
	"strings"
	"testing"
	"time"

	"github.com/midwatch-cli/midwatch/fleet/change"
	"github.com/midwatch-cli/midwatch/tui/desk"
	"github.com/midwatch-cli/midwatch/tui/dialog"
	"github.com/midwatch-cli/midwatch/tui/page"
)

// TestFormInLines: a field after the other, each with what stands in it; what is
// no answer is asked again.
func TestFormInLines(t *testing.T) {
	v := view(500, 20)
	f := dialog.NewForm(v, choosing(wish(desk.Drain, "order/order-2")))
	for _, step := range [][2]string{
		{"where, this instance, order-2; or all 2 instances of order:", "nowhere"},
		{"there is no nowhere. where, this instance, order-2; or all 2 instances of order:", "ALL"},
		{"reason:", "db move"},
		{"back after, 10m where you say nothing:", "5 apples"},
		{"5apples is no duration: such as 90s, 10m, 1h30m, or never. back after, 10m where you say nothing:", "90s"},
		{"how many, half at most, not the last; or all, the last one too:", "all"},
	} {
		if got := f.Ask(v); got != step[0] {
			t.Fatalf("asks %q, want %q", got, step[0])
		}
		want, over := f.Answer(v, step[1])
		if over {
			t.Fatal("it is over")
		}
		if m, ok := want.(page.Make); ok != (step[1] == "all") {
			t.Fatalf("%q: wants %v", step[1], want)
		} else if ok {
			w := m.Wish
			if w.Reason != "db move" || w.TTL != 90*time.Second || !w.AllowEmpty || len(w.Targets) != 1 || w.Targets[0].Key.Instance != "" {
				t.Errorf("wishes %+v", w)
			}
		}
	}
	if !strings.HasPrefix(f.Ask(v), "where") {
		t.Errorf("a plan that was refused begins with %q", f.Ask(v))
	}
	if want, over := f.Answer(v, "esc"); want != nil || !over {
		t.Errorf("esc: %v, %v", want, over)
	}
}

// TestQuestionInLines: yes is the word, or the name where that is wanted; all else
// is no, and for a moment nothing is.
func TestQuestionInLines(t *testing.T) {
	v := view(500, 20)
	yes, no := page.Call(func() {}), page.Back{}
	for _, c := range []struct {
		typed, answer string
		yes           bool
	}{{"", "yes", true}, {"", "YES", true}, {"", "y", false}, {"", "", false}, {"", "no", false}, {"order", "order", true}, {"order", "yes", false}, {"order", "", false}} {
		q := dialog.NewQuestion(v.Now.Add(-time.Minute), "Go on?", desk.Question{Lines: []string{"This opens it."}, Type: c.typed}, yes, no)
		if lines := q.Hear(v); len(lines) != 1 || q.Ask(v) == "" {
			t.Errorf("hears %v, asks %q", lines, q.Ask(v))
		}
		want, over := q.Answer(v, c.answer)
		if _, agreed := want.(page.Call); !over || agreed != c.yes {
			t.Errorf("%+v: wants %T, over %v", c, want, over)
		}
	}
	q := dialog.NewQuestion(v.Now, "Go on?", desk.Question{}, yes, no)
	if want, over := q.Answer(v, "yes"); want != nil || over || q.Ask(v) != "" {
		t.Errorf("at once: wants %v, over %v, asks %q", want, over, q.Ask(v))
	}
}

// TestResultInLines: what came of each target; it can be stopped, and undone.
func TestResultInLines(t *testing.T) {
	v := view(500, 20)
	r := dialog.NewResult("Trip it.", desk.Wish{Verb: desk.Trip}, page.Back{})
	if want, over := r.Answer(v, ""); want != nil || over || r.Ask(v) != "" {
		t.Errorf("an empty line while it is planned: %v, %v, %q", want, over, r.Ask(v))
	}
	r.Agreed()
	r.Done(change.Result{State: change.Done}, 2)
	if lines := r.Hear(v); len(lines) != 1 || !strings.Contains(r.Ask(v), "X stops it") {
		t.Errorf("hears %v, asks %q", lines, r.Ask(v))
	}
	if want, over := r.Answer(v, "X"); want == nil || over {
		t.Errorf("X: %v, %v", want, over)
	}
	r.End(desk.End{Change: "01J9", Results: []change.Result{{State: change.Done}, {State: change.Failed}}}, nil)
	if !strings.Contains(r.Ask(v), "U undoes it") {
		t.Errorf("asks %q", r.Ask(v))
	}
	if want, over := r.Answer(v, "U"); want == nil || !over {
		t.Errorf("U: %v, %v", want, over)
	}
	if want, over := r.Answer(v, ""); want != nil || !over {
		t.Errorf("nothing: %v, %v", want, over)
	}
}
