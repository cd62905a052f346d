package condition

import (
	"context"
	"fmt"
	"time"

	"github.com/midwatch-cli/midwatch/cmd/app"
	"github.com/midwatch-cli/midwatch/cmd/measure"
	"github.com/midwatch-cli/midwatch/cmd/term"
	"github.com/midwatch-cli/midwatch/fleet"
	"github.com/midwatch-cli/midwatch/fleet/gate"
	"github.com/midwatch-cli/midwatch/fleet/selection"
)

// slack is how much longer a window may be than what was gathered in it: the
// first reading was asked for before the last one's time began.
const slack = 10 * time.Second

// Prepare puts what says who answers into p, which a session is opened with.
func (s *Set) Prepare(a *app.App, p *app.Probing) {
	if s.Any() {
		s.source.Prepare(a, p)
	}
}

// Open makes the expressions ask what a session gathers, or a Prometheus server.
// It is called before the first pass.
func (s *Set) Open(a *app.App, session *app.Session) error {
	if !s.Any() {
		return nil
	}
	over, server, err := s.source.Over(a, session, measure.Window{Given: s.window, Least: s.gather() + slack})
	if err != nil {
		return err
	}
	s.server = server
	for _, c := range s.All() {
		if c.Over = over; server != "" || a.Past != nil {
			c.Gather = "" // what there is is all there will be
		}
	}
	return nil
}

// gather is how long is gathered before judging.
func (s *Set) gather() time.Duration {
	if s.Collect == 0 && s.computes && s.server == "" && s.once {
		return measure.UsualGather
	}
	return s.Collect
}

// Asking is what passes have to ask for, once the session is open.
func (s *Set) Asking() app.Asking {
	switch {
	case !s.Any():
		return app.Everything
	case s.server != "":
		return app.Everything | app.Seen
	}
	return app.Everything | app.Metrics
}

// Gather reads the metrics of the selected instances at every interval, for as
// long as was asked for; the pass that is judged comes after it.
func (s *Set) Gather(ctx context.Context, a *app.App, session *app.Session, sel *selection.Selection, interval time.Duration) error {
	whole := s.gather()
	if !s.Any() || whole <= 0 || a.Past != nil {
		return nil // a recording has what was gathered then
	}
	progress := a.IO.Progress()
	defer progress.Done()
	start := a.Now()
	every := max(min(interval, whole/leastGathers), time.Millisecond)
	asking := app.Nothing | app.Metrics
	if s.server != "" {
		asking = s.Asking() // what a server has need not be gathered: only what passes see
	}
	for due := time.Duration(0); due < whole && ctx.Err() == nil; {
		if _, err := session.Pass(ctx, sel, asking, nil); err != nil {
			return err
		}
		gone := a.Now().Sub(start)
		for due += every; due <= gone; {
			due += every
		}
		due = min(due, whole)
		progress.Set(fmt.Sprintf("gathering metrics: %s of %s", term.Duration(gone.Round(time.Second)), term.Duration(whole)))
		timer := time.NewTimer(due - gone)
		select {
		case <-timer.C:
		case <-ctx.Done():
		}
		timer.Stop()
	}
	return nil
}

// Ask asks each expression about a snapshot, and returns what they came to. Its
// errors are wrong usage.
func (s *Set) Ask(ctx context.Context, snap *fleet.Snapshot) ([]gate.Measured, error) {
	for _, c := range s.All() {
		c.Ask(ctx, snap)
	}
	return s.Measured(), s.Wrong()
}
