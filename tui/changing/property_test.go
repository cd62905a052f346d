package changing_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"go.uber.org/goleak"

	"github.com/midwatch-cli/midwatch/fleet/change"
	"github.com/midwatch-cli/midwatch/tui/changing"
	"github.com/midwatch-cli/midwatch/tui/desk"
	"github.com/midwatch-cli/midwatch/tui/dialog"
	"github.com/midwatch-cli/midwatch/tui/page"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// TestNeverWithoutYes: whatever a person presses and says in whatever order, while the
// desk asks once or several times, it is written only where each question was answered
// with yes, by y and enter, while changes were allowed; and whoever leaves waits for it.
func TestNeverWithoutYes(t *testing.T) {
	wrote, refused := 0, 0
	for seed := range uint64(400) {
		rnd := rand.New(rand.NewPCG(seed, 1))
		questions, written := 1+rnd.IntN(3), false
		m := begin(t, want(desk.Trip, "prod", target("prod", "a")).Wish, func(ctx context.Context, p desk.Person) (desk.End, error) {
			p.Tell("beside it")
			for n := range questions {
				if yes, err := p.Ask(ctx, desk.Question{Lines: []string{fmt.Sprint("question ", n)}, Again: n > 0}); err != nil || !yes {
					return desk.End{}, err
				}
			}
			written = true
			p.Done(change.Result{State: change.Done}, 1)
			return desk.End{Change: "01J9K", Agreed: true, Results: []change.Result{{State: change.Done}}}, ctx.Err()
		})
		yes, did := 0, []string{}
		for !m.ended() {
			q, asked := m.s.Top().(*dialog.Question)
			if !asked || !strings.Contains(m.s.text(), "question") {
				m.ch.Heard(m.hear())
				continue
			}
			keys := [][]string{{"y", "enter"}, {"y", "enter"}, {"y", "enter"}, {"enter"}, {"y", "x", "enter"}, {"esc"}, {"right", "enter"}, {"tab", "tab", "enter"}, {"n"}}[rnd.IntN(9)]
			if rnd.IntN(8) == 0 {
				m.command("readonly")
			}
			if rnd.IntN(8) == 0 { // within the first moment nothing counts
				v := m.s.View()
				for _, k := range []string{"y", "enter"} {
					if i, over := q.Press(&v, k, k); i != nil || over {
						t.Fatalf("seed %d: %q counts at once", seed, k)
					}
				}
			}
			if slices.Equal(keys, []string{"y", "enter"}) || keys[0] == "right" {
				if m.ch.Writing() {
					yes++
				}
			}
			did = append(did, strings.Join(keys, " "))
			m.press(keys...)
		}
		<-m.over
		if written != (yes == questions) {
			t.Fatalf("seed %d: wrote %v after %d yes of %d: %v", seed, written, yes, questions, did)
		}
		if written {
			wrote++
		} else {
			refused++
			if !strings.HasPrefix(m.s.note, "nothing else was changed; beside it") {
				t.Fatalf("seed %d: said %q", seed, m.s.note)
			}
		}
		if lines := m.ch.Close(); len(lines) > 0 || m.ch.Busy() {
			t.Fatalf("seed %d: %q is left to say", seed, lines)
		}
	}
	if wrote < 50 || refused < 50 {
		t.Errorf("wrote %d times, refused %d times: it says little", wrote, refused)
	}
}

// TestGivenUp: planning that is given up is forgotten at once, whatever the desk still
// says; another change can be planned, and the first one never writes.
func TestGivenUp(t *testing.T) {
	late, told := make(chan struct{}), false
	m := begin(t, want(desk.Trip, "prod", target("prod", "a")).Wish, func(ctx context.Context, p desk.Person) (desk.End, error) {
		<-late
		p.Done(change.Result{State: change.Done}, 1)
		yes, err := p.Ask(ctx, desk.Question{Lines: []string{"too late"}})
		told = true
		if yes || err == nil {
			t.Errorf("agreed %v, %v", yes, err)
		}
		return desk.End{}, err
	})
	if m.press("esc"); len(m.s.dialogs) > 0 || m.ch.Busy() {
		t.Errorf("%d dialogs are open, busy %v", len(m.s.dialogs), m.ch.Busy())
	}
	if m.command("result"); m.s.note != "nothing was changed from here yet" {
		t.Error(m.s.note)
	}
	m.s.note = ""
	if m.ch.Want(want(desk.Trip, "prod", target("prod", "a"))); m.s.note != "" {
		t.Errorf("another one is refused: %q", m.s.note)
	}
	form := m.s.Top()
	close(late)
	m.until(m.ended)
	if <-m.over; !told || m.s.Top() != form || m.s.note != "" {
		t.Errorf("told %v, said %q, on top %T", told, m.s.note, m.s.Top())
	}
	if m.ch.Quit(); !m.s.quit {
		t.Error("what was given up holds up who leaves")
	}
}

// TestRetryWant: trying again needs no targets: the journal has them.
func TestRetryWant(t *testing.T) {
	s := &screen{}
	ch := changing.New(&maker{}, true, s)
	ch.Want(page.Want{Wish: desk.Wish{Verb: desk.Retry, Change: "01J9K", Context: "prod"}})
	if _, form := s.Top().(*dialog.Form); !form || s.note != "" {
		t.Errorf("said %q", s.note)
	}
}
