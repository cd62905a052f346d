package condition

import (
	"context"
	"fmt"
	"time"

	"github.com/midwatch-cli/midwatch/cmd/app"
	"github.com/midwatch-cli/midwatch/cmd/term"
	"github.com/midwatch-cli/midwatch/fleet"
	"github.com/midwatch-cli/midwatch/fleet/gate"
	"github.com/midwatch-cli/midwatch/fleet/metrics/joined"
	"github.com/midwatch-cli/midwatch/fleet/metrics/red"
	"github.com/midwatch-cli/midwatch/fleet/metrics/series"
	"github.com/midwatch-cli/midwatch/fleet/selection"
	"github.com/midwatch-cli/midwatch/fleet/wiring"
)

// slack is how much longer a window may be than what was gathered in it: the
// first reading was asked for before the last one's time began.
const slack = 10 * time.Second

// Asking is what passes have to ask for.
func (s *Set) Asking() app.Asking {
	if s.Any() {
		return app.Everything | app.Metrics
	}
	return app.Everything
}

// Over makes the expressions ask what a session gathers. It is called before the
// first pass.
func (s *Set) Over(session *app.Session) {
	if !s.Any() {
		return
	}
	session.Measures = wiring.Measure(session.Fleets, series.Options{Window: s.gather() + s.window + 2*slack}, 0)
	over := joined.New(joined.Options{Own: session.Measures.Store, RED: red.Options{Window: max(s.window, s.gather()+slack)}})
	for _, c := range s.All() {
		c.Over = over
	}
}

// gather is how long is gathered before judging.
func (s *Set) gather() time.Duration {
	if s.Collect == 0 && s.computes {
		return usualGather
	}
	return s.Collect
}

// Gather reads the metrics of the selected instances at every interval, for as
// long as was asked for; the pass that is judged comes after it.
func (s *Set) Gather(ctx context.Context, a *app.App, session *app.Session, sel *selection.Selection, interval time.Duration) error {
	whole := s.gather()
	if !s.Any() || whole <= 0 {
		return nil
	}
	progress := a.IO.Progress()
	defer progress.Done()
	start := a.Now()
	every := min(interval, whole/leastGathers)
	for due := time.Duration(0); due < whole && ctx.Err() == nil; {
		if _, err := session.Pass(ctx, sel, app.Nothing|app.Metrics, nil); err != nil {
			return err
		}
		gone := a.Now().Sub(start)
		for due <= gone {
			due += max(every, time.Millisecond)
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
