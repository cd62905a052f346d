package changing

import (
	"cmp"
	"context"
	"errors"
	"strings"
	"sync"

	tea "charm.land/bubbletea/v2"

	"github.com/midwatch-cli/midwatch/fleet/change"
	"github.com/midwatch-cli/midwatch/tui/desk"
	"github.com/midwatch-cli/midwatch/tui/dialog"
)

// making is one change while it is planned and made. Desk.Make runs in the
// goroutine of one command; what it says goes into a box, so that the screen
// never holds it up, and another command brings what is there to the root.
// Answers go back through a channel. Both commands end when Make does, and Make
// is told to by cancel.
type making struct {
	wish   desk.Wish
	result *dialog.Result
	form   dialog.Dialog // it came from; nil where it is not shown any more
	asked  dialog.Dialog // the question that waits for an answer; nil: none
	cancel context.CancelFunc

	agreed, refused bool     // what the person answered last
	why             string   // why that was no, where it was not the person's own
	told            []string // what was done beside the plan: it may have been written

	mu   sync.Mutex
	box  []said
	last said          // what was said last: in the end, the end
	news chan struct{} // something was put into the box
}

// question is one that waits for its own answer: one that was given to another
// question is never taken for it.
type question struct {
	desk.Question
	answer chan bool // has room for one
}

// nothing says that the change was not made, and what was done before it all the
// same.
func (m *making) nothing() string {
	words := "nothing was changed"
	if m.why != "" {
		words += ": " + m.why
	}
	if len(m.told) > 0 {
		words = "nothing else was changed; " + strings.Join(m.told, "; ")
	}
	return words
}

// said is one thing that was said while a change was made: one of them is there.
type said struct {
	ask  *question
	tell string
	done *change.Result
	of   int
	over bool // Make has returned
	end  desk.End
	err  error
}

// Said is a message: it brings what was said while a change was planned or made.
type Said struct {
	of   *making
	said []said
}

func newMaking(w desk.Wish) *making {
	return &making{wish: w, news: make(chan struct{}, 1), cancel: func() {}}
}

// say puts something into the box. It does not block.
func (m *making) say(s said) {
	m.mu.Lock()
	m.box, m.last = append(m.box, s), s
	m.mu.Unlock()
	select {
	case m.news <- struct{}{}:
	default: // it is known that something is there
	}
}

// take empties the box.
func (m *making) take() []said {
	m.mu.Lock()
	defer m.mu.Unlock()
	all := m.box
	m.box = nil
	return all
}

// hear waits until something was said. It is a command.
func (m *making) hear() tea.Msg {
	<-m.news
	return Said{m, m.take()}
}

// person is who is asked by Make.
type person struct {
	*making
	ctx context.Context // it is that of the one call that the person is handed to
}

// Ask waits for the person's answer. Once the change is given up or stopped there
// is none, not even one that was given.
func (p person) Ask(ctx context.Context, q desk.Question) (bool, error) {
	asked := &question{q, make(chan bool, 1)}
	p.say(said{ask: asked})
	yes := false
	select {
	case yes = <-asked.answer:
	case <-p.ctx.Done():
	case <-ctx.Done():
	}
	if err := cmp.Or(context.Cause(p.ctx), context.Cause(ctx)); err != nil {
		return false, err
	}
	return yes, nil
}

// Tell hands a line on.
func (p person) Tell(line string) { p.say(said{tell: line}) }

// Done hands a result on.
func (p person) Done(r change.Result, of int) { p.say(said{done: &r, of: of}) }

// makers counts the changes that are being made, so that who leaves can wait for
// them. One that was not begun before it closed is never begun.
type makers struct {
	mu     sync.Mutex
	closed bool
	wait   sync.WaitGroup
}

func (m *makers) enter() bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	if !m.closed {
		m.wait.Add(1)
	}
	return !m.closed
}

func (m *makers) close() {
	m.mu.Lock()
	m.closed = true
	m.mu.Unlock()
	m.wait.Wait()
}

// run is the command that makes a change. Whatever becomes of Make, its end is
// said, and said last.
func (m *making) run(in *makers, d desk.Desk) tea.Cmd {
	ctx, cancel := context.WithCancel(context.Background())
	m.cancel = cancel
	return func() tea.Msg {
		defer cancel()
		begins := in.enter()
		if begins {
			defer in.wait.Done() // after the end was said: who waits reads it
		}
		s := said{over: true, err: context.Canceled}
		defer func() { m.say(s) }()
		if begins {
			s.err = errors.New("it ended without a word")
			s.end, s.err = d.Make(ctx, m.wish, person{m, ctx})
		}
		return nil
	}
}
