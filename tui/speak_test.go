package tui_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/midwatch-cli/midwatch/fleet"
	"github.com/midwatch-cli/midwatch/tui"
	"github.com/midwatch-cli/midwatch/tui/desk"
	"github.com/midwatch-cli/midwatch/tui/spoken"
)

// ear is a dashboard that is heard, in a synctest bubble.
type ear struct {
	t     *testing.T
	feed  chan *fleet.Snapshot
	in    *io.PipeWriter
	ended chan error
	stop  context.CancelFunc

	mu   sync.Mutex
	text bytes.Buffer // what was said since the last line was typed
	all  string
}

func (e *ear) Write(p []byte) (int, error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.text.Write(p)
}

// heard is what was said since it was asked for last.
func (e *ear) heard() string {
	synctest.Wait()
	e.mu.Lock()
	defer e.mu.Unlock()
	text := e.text.String()
	e.text.Reset()
	e.all += text
	return text
}

// types types a line and returns what is said; a question that takes no answers
// for a moment is waited for.
func (e *ear) types(line string) string {
	if _, err := io.WriteString(e.in, line+"\n"); err != nil {
		e.t.Fatal(err)
	}
	synctest.Wait()
	<-time.After(time.Second / 2)
	return e.heard()
}

func (e *ear) takes(s *fleet.Snapshot) string {
	e.feed <- s
	return e.heard()
}

// hear runs one with a desk, which may be nil, until do is over.
func hear(t *testing.T, d desk.Desk, do func(e *ear)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		r, w := io.Pipe()
		ctx, stop := context.WithCancel(context.Background())
		defer stop()
		e := &ear{t: t, feed: make(chan *fleet.Snapshot), in: w, ended: make(chan error, 1), stop: stop}
		begun := time.Now()
		now := func() time.Time { return at().Add(time.Since(begun)) } // the night of the snapshots
		go func() {
			e.ended <- tui.Speak(ctx, r, e, tui.Options{Feed: e.feed, Now: now, Interval: 5 * time.Second, Context: "prod", Zone: time.UTC, Desk: d, Writing: d != nil})
			_ = r.Close()
		}()
		do(e)
		_ = w.Close()
		close(e.feed)
		<-time.After(time.Minute) // its last ticks are over
		e.heard()
		if strings.ContainsAny(e.all, "\x1b\r\a") {
			t.Errorf("more than lines was said:\n%q", e.all)
		}
	})
}

func says(t *testing.T, got string, wants ...string) {
	t.Helper()
	for _, want := range wants {
		if !strings.Contains(got, want) {
			t.Errorf("%q is not said:\n%s", want, got)
		}
	}
}

// TestSpeak: what is found on coming, walking through it, and what happens meanwhile.
func TestSpeak(t *testing.T) {
	hear(t, nil, func(e *ear) {
		says(t, e.heard(), "Reading the registries, asking every instance.\n")
		if said := e.types("payment"); said != "" { // it is kept until there is a page
			t.Errorf("said %q before there was anything", said)
		}
		says(t, e.takes(night()), "midwatch; context prod; etcd answers; consul does not answer, 40 s old, refused; 12 of 14 instances answer; 02:14:33; live.\n",
			"6 services: 1 down, 2 degraded, 1 unknown, 2 up.\n", "payment is down: payment-2 timeout after 2 s, payment-3 timeout after 2 s, 1 of 3 serve\n",
			"fleet; sort: worst; 6 rows\n1 of 6: payment; status down; instances 1 up, 2 down; rate 41 per second; errors 38%; p99 2 s; breakers 1 unknown; versions 2.4.0",
			"fleet, payment; sort: worst; 3 rows\n", "called by, ", "order degraded", "1 of 3: payment-2; status down", "\n> ")
		says(t, e.types("j"), "2 of 3: payment-3; status down")
		says(t, e.types("back"), "fleet; sort: worst; 6 rows\n1 of 6: payment")
		says(t, e.types("j j j"), "4 of 6: inventory; status unknown; instances 2 unknown; rate not known")
		says(t, e.types("nosuch"), "nosuch")
		says(t, e.types("7"), "There is no key 7 here")
		e.types("g")
		says(t, e.types("/pay"), "5 hidden", "1 of 1: payment")
		says(t, e.types("/pay["), "pay[")
		says(t, e.types("/"), "1 of 6: payment")
		says(t, e.types("where"), "12 of 14 instances answer")
		says(t, e.types("list"), "payment; status down", "user; status up")
		says(t, e.types("?"), "A line is one of these:", "enter, open", ":breakers")
		says(t, e.types(""), "1 of 6: payment")
		if got := e.takes(night()); got != "" {
			t.Errorf("nothing happened, and it said %q", got)
		}
		says(t, e.takes(healed()), "payment/payment-2 down to up\n", "> ")
		e.types("q")
		if err := <-e.ended; err != nil {
			t.Errorf("ended with %v", err)
		}
	})
}

// TestSpeakChange: a form, a plan, a result, by typed lines; a no and anything else
// that is no yes change nothing.
func TestSpeakChange(t *testing.T) {
	d := tripping()
	hear(t, d, func(e *ear) {
		e.takes(night())
		e.types("order/payment")
		says(t, e.types("T"), "Trip breaker payment on all 4 instances of order", "nothing is changed before you agree to it", "\nreason: ")
		says(t, e.types("esc"), "fleet, breakers")
		e.types("T")
		says(t, e.types("db failover"), "back after, 10m where you say nothing: ")
		says(t, e.types("5 apples"), "no duration", "back after")
		plan := e.types("5m")
		says(t, plan, "This opens breaker payment on 2 of 2 instances of order (prod).\norder-1, closed to forced open\n", "Go on? Type yes, anything else is no: ")
		says(t, e.types("y"), "nothing was changed")
		if d.writes() != 0 {
			t.Fatal("it was written without a yes")
		}
		e.types("T")
		e.types("db failover")
		e.types("")
		says(t, e.types("yes"), "order-1 payment, done", "Opened on 2 of 2.", "Change 01J9K2M7AB", "U undoes it, an empty line goes back: ")
		if d.writes() != 2 || d.wishes[1].Reason != "db failover" || d.wishes[0].TTL != 5*time.Minute || d.wishes[1].TTL != 10*time.Minute {
			t.Errorf("wrote %d, wished %+v", d.writes(), d.wishes)
		}
		says(t, e.types(""), "fleet, breakers")
		e.types("q")
		<-e.ended
	})
}

// TestSpeakName: where the name has to be typed, a yes is no.
func TestSpeakName(t *testing.T) {
	d := tripping()
	d.questions[0].Type = "order"
	hear(t, d, func(e *ear) {
		e.takes(night())
		e.types("order/payment")
		e.types("T")
		e.types("")
		says(t, e.types(""), "Type order to go on, anything else is no: ")
		says(t, e.types("yes"), "nothing was changed")
		e.types("T")
		e.types("")
		e.types("")
		says(t, e.types("order"), "Opened on 2 of 2.")
		if d.writes() != 2 {
			t.Errorf("wrote %d", d.writes())
		}
	})
}

// TestSpeakEnds: the end of what is typed ends it well, a context with its cause;
// silence is said once.
func TestSpeakEnds(t *testing.T) {
	hear(t, nil, func(e *ear) {
		e.takes(night())
		_ = e.in.Close()
		if err := <-e.ended; err != nil {
			t.Errorf("the end of input: %v", err)
		}
	})
	hear(t, nil, func(e *ear) {
		e.takes(night())
		<-time.After(time.Minute)
		if said := e.heard(); strings.Count(said, "no news") != 1 {
			t.Errorf("silence: %q", said)
		}
		says(t, e.takes(night()), "live\n")
		e.stop()
		if err := <-e.ended; !errors.Is(err, context.Canceled) {
			t.Errorf("ended by its context with %v", err)
		}
	})
}

// FuzzSpeak: whatever lines are typed, and whatever services call themselves, only
// lines are said, and each line that is typed is asked for.
func FuzzSpeak(f *testing.F) {
	for _, lines := range []string{"j\nenter\nj j j\nback", "T\nreason\n5m\nyes", ":\n:x\n/\n/a[\n/ord*", "order/payment\nT\nesc\nq", "?\nd\ny\nlist\nwhere\nmore\nmore", "\x1b[2J\n:\x1b\n/\x07", "events\nG\ng\npgup\nbreakers\nmap\nsources\nchanges\nenter"} {
		f.Add(lines)
	}
	f.Fuzz(func(t *testing.T, lines string) {
		if len(lines) > 500 {
			return
		}
		var said strings.Builder
		now := at()
		m := tui.Spoken(tui.Options{Context: "prod", Zone: time.UTC, Now: func() time.Time { return now }, Desk: tripping(), Writing: true}, func(s string) { said.WriteString(s) })
		for i, s := range []*fleet.Snapshot{night(), odd(), healed()} {
			m.Update(tui.SnapshotMsg(s))
			for line := range strings.Lines(lines) {
				said.Reset()
				m.Update(spoken.Line(strings.TrimSuffix(line, "\n")))
				now = now.Add(time.Second)
				text := said.String()
				if !strings.HasSuffix(text, " ") {
					t.Fatalf("%d, %q: nothing is asked for after %q", i, line, text)
				}
				if at := strings.IndexFunc(text, func(r rune) bool { return r < ' ' && r != '\n' || r >= 0x7f && r < 0xa0 }); at >= 0 {
					t.Fatalf("%q: %q is said", line, text)
				}
			}
		}
	})
}
