package top

import (
	"context"
	"errors"
	"io"
	"slices"
	"strings"
	"sync/atomic"

	"github.com/midwatch-cli/midwatch/cmd/app"
	"github.com/midwatch-cli/midwatch/cmd/term"
	"github.com/midwatch-cli/midwatch/cmd/write"
	"github.com/midwatch-cli/midwatch/cmd/write/proposal"
	"github.com/midwatch-cli/midwatch/fleet"
	"github.com/midwatch-cli/midwatch/fleet/change/journal"
	"github.com/midwatch-cli/midwatch/fleet/config"
	"github.com/midwatch-cli/midwatch/fleet/selection"
	"github.com/midwatch-cli/midwatch/fleet/wiring"
	"github.com/midwatch-cli/midwatch/tui/desk"
)

// writing is the dashboard's desk: it changes what it is asked to by the same way
// as the commands, with the dashboard's person in front instead of a terminal.
type writing struct {
	app     *app.App     // whose streams nobody sees
	probing app.Probing  // how instances are asked, as the dashboard asks them
	session *app.Session // of the dashboard, which is never written to
	broken  atomic.Pointer[string]
	making  chan struct{} // holds one while a change is made
	ledger  ledger
}

// newDesk returns the desk of a dashboard's session.
func newDesk(s *app.Session, p app.Probing) *writing {
	return &writing{app: unseen(s.App()), probing: p, session: s, making: make(chan struct{}, 1)}
}

// unseen is an App of which nothing reaches the terminal, on which the dashboard
// is drawn.
func unseen(a *app.App) *app.App {
	quiet, streams := *a, *a.IO
	streams.In, streams.Out, streams.Err = strings.NewReader(""), io.Discard, io.Discard
	streams.OutTTY, streams.ErrTTY, streams.Quiet = false, false, true
	streams.Console = func() (term.Console, error) { return nil, term.ErrNoTerminal }
	quiet.IO = &streams
	return &quiet
}

// begins says whether changes are allowed from the start: by the flag, or because
// every context that can be changed says so.
func (w *writing) begins(flag bool) (allowed bool) {
	for _, f := range w.session.Fleets {
		switch {
		case w.session.ReadOnly(f): // it stays so, whatever else is said
		case !flag && !f.Write:
			return false
		default:
			allowed = true
		}
	}
	return allowed
}

// Refusal is described at desk.Desk. Of a context that is not shown here its own
// writer says more.
func (w *writing) Refusal(context string) string {
	of := &wiring.Fleet{Context: context}
	for _, f := range w.session.Fleets {
		if f.Context == context {
			of = f
		}
	}
	if w.session.ReadOnly(of) {
		if context == "" {
			return "writes are refused here: read-only"
		}
		return context + " is read-only: writes are refused"
	}
	if broken := w.broken.Load(); broken != nil {
		return *broken
	}
	return ""
}

// Make is described at desk.Desk. One change is made at a time: the one before may
// still be ending.
func (w *writing) Make(ctx context.Context, wish desk.Wish, p desk.Person) (desk.End, error) {
	select {
	case w.making <- struct{}{}:
		defer func() { <-w.making }()
	case <-ctx.Done():
	}
	if ctx.Err() != nil {
		return desk.End{}, context.Cause(ctx)
	}
	if why := w.Refusal(wish.Context); why != "" {
		return desk.End{}, &fleet.Error{Detail: "nothing was changed: " + why}
	}
	f := &front{person: p}
	err := w.make(ctx, wish, f)
	return f.end, said(err)
}

// make makes a wish that makes sense.
func (w *writing) make(ctx context.Context, wish desk.Wish, front *front) error {
	flags := &write.Flags{Reason: wish.Reason, TTL: wish.TTL, AllowEmpty: wish.AllowEmpty}
	takes, verb := false, fleet.Verb(wish.Verb)
	switch wish.Verb {
	case desk.Trip, desk.Bypass, desk.Reset, desk.HalfOpen:
	case desk.Drain, desk.Undrain:
		takes = true
	case desk.Undo:
		return write.TakeBack(ctx, w.app, flags, wish.Change, front)
	case desk.Retry:
		return write.GoOn(ctx, w.app, flags, wish.Change, front)
	default:
		return app.Usagef("", "nothing was changed: nobody knows how to %s", wish.Verb)
	}
	if wish.TTL != 0 && wish.Verb != desk.Drain && (takes || !verb.State().Held()) {
		return app.Usagef("choose never", "nothing was changed: %s holds nothing that could end by itself", wish.Verb)
	}
	m, err := meant(&wish, takes)
	if err != nil {
		return err
	}
	s, err := w.open(ctx, wish.Context)
	if err != nil {
		return err
	}
	defer s.Close()
	if takes {
		t := &proposal.Instances{Session: s, Selection: m.selection, Names: m.services, Out: wish.Verb == desk.Drain, Flags: flags}
		return propose(ctx, s, t, flags, front, "midwatch "+string(verb)+" --retry")
	}
	t := &proposal.Breakers{
		Session: s, Selection: m.selection, Services: m.services, Wanted: selection.ExactBreakers(m.breakers...), Verb: verb, Flags: flags,
		None: func(_ context.Context, r app.Reading, err error) error { return none(r, m.services, err) },
	}
	return propose(ctx, s, t, flags, front, "midwatch breakers "+string(verb)+" --retry")
}

// proposed is what is wanted of breakers, or of instances.
type proposed interface {
	Read(ctx context.Context) error
	Fleet() *wiring.Fleet
	Proposal(retry string) write.Proposal
}

// propose has a change planned, agreed to and made.
func propose(ctx context.Context, s *app.Session, t proposed, flags *write.Flags, front *front, retry string) error {
	if err := t.Read(ctx); err != nil {
		return err
	}
	w, err := write.For(ctx, s, t.Fleet(), flags, front)
	if err != nil {
		return err
	}
	defer w.Close()
	_, err = w.Make(ctx, t.Proposal(retry))
	return err
}

// open opens the context of a wish by itself, as a command would: what is meant
// is read anew, and what the configuration says by now counts.
func (w *writing) open(ctx context.Context, context string) (*app.Session, error) {
	a := *w.app
	if context != "" {
		a.Global.Contexts, a.Global.AllContexts = []string{context}, false
	}
	return a.Open(ctx, w.probing)
}

// Changes is described at desk.Desk: those of the contexts that are shown; where
// registries were named instead, those that were made in them.
func (w *writing) Changes(ctx context.Context) (all []desk.Change, err error) {
	looked, err := w.ledger.changes(ctx, w.app)
	w.judge(err)
	if err != nil {
		return nil, err
	}
	write.Sort(looked)
	for _, l := range looked {
		if w.shows(l.Batch.Context, l.Batch.Origin.Registries) {
			all = append(all, desk.Change{Batch: l.Batch, Stand: l.Stand})
		}
	}
	return all, nil
}

// judge keeps what is in the way of writing something down: it is said before
// anything is planned. That a reading had no time is nothing of the kind.
func (w *writing) judge(err error) {
	if errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) {
		return
	}
	if err == nil {
		err = journal.Writable(config.StateDir(w.app.Getenv))
	}
	if err == nil {
		w.broken.Store(nil)
		return
	}
	why := err.Error()
	w.broken.Store(&why)
}

// shows says whether a change is of what is shown.
func (w *writing) shows(context string, registries []string) bool {
	return slices.Contains(w.session.Contexts(), context) && (context != "" || slices.Equal(registries, w.session.Origin("").Registries))
}
