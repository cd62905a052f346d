package measure

import (
	"context"
	"fmt"
	"time"

	"github.com/midwatch-cli/midwatch/cmd/app"
	"github.com/midwatch-cli/midwatch/cmd/term"
)

// Run gathers for so long, at every interval and at the end, and hands what was
// read to ask, which returns what shows the answer. With -w it does so again after
// each interval of --interval. The last one's end is the end of the command.
func (s *Session) Run(ctx context.Context, collect, every time.Duration, ask func(Reading) (show func() error, err error)) error {
	if s.session.Past() != nil {
		return s.recorded(ctx, collect, ask)
	}
	start := s.app.Now()
	r, err := s.gather(ctx, start, collect, every)
	if err != nil {
		return err
	}
	var end error
	for due := start.Add(collect); ; {
		show, err := ask(r)
		switch {
		case err != nil:
			return err // it will not be right the next time either
		case !s.look.Watching.Watch:
			return show()
		case ctx.Err() != nil && due.After(start.Add(collect)):
			return end // half an answer is none
		case s.app.IO.OutTTY && !s.app.IO.Quiet:
			fmt.Fprint(s.app.IO.Out, term.Redraw)
		}
		end = show()
		due = s.soonest(due.Add(s.look.Watching.Interval)) // at once, where a pass took longer
		if !s.wait(ctx, due) {
			return end
		}
		if r, err = s.pass(ctx, nil); err != nil {
			return err
		}
		if ctx.Err() != nil {
			return end // half a pass is no picture
		}
	}
}

// gather makes a pass at the start and the end of a time, and at every interval
// between.
func (s *Session) gather(ctx context.Context, start time.Time, collect, every time.Duration) (Reading, error) {
	progress := s.app.IO.Progress()
	defer progress.Done()
	for at := time.Duration(0); ; {
		r, err := s.pass(ctx, func(done, total int) { progress.Count(done, total, "instances read") })
		if err != nil || !s.passing() || at >= collect || ctx.Err() != nil {
			return r, err
		}
		for gone := s.app.Now().Sub(start); at <= gone; {
			at += max(every, shortest)
		}
		at = min(at, collect)
		progress.Set(fmt.Sprintf("gathering for %s: read %s", term.Duration(collect), times(s.passes)))
		if !s.wait(ctx, s.soonest(start.Add(at))) {
			return r, nil
		}
	}
}

// shortest is the least interval between passes that gather; apart is what lies
// between the end of one and the beginning of the next in any case, so that no
// two readings are of one moment.
const (
	shortest = 100 * time.Millisecond
	apart    = 10 * time.Millisecond
)

// soonest is a time, or the next at which there may be a pass.
func (s *Session) soonest(due time.Time) time.Time {
	if least := s.app.Now().Add(apart); due.Before(least) {
		return least
	}
	return due
}

func times(n int) string {
	if n == 1 {
		return "once"
	}
	return fmt.Sprintf("%d times", n)
}

// wait waits until a time; false when nobody waits any more.
func (s *Session) wait(ctx context.Context, until time.Time) bool {
	timer := time.NewTimer(until.Sub(s.app.Now()))
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-ctx.Done():
	case <-s.app.IO.Gone():
	}
	return false
}

// passing says that passes over the instances are made: always, but where a
// server answers what is not about what they see.
func (s *Session) passing() bool { return s.Server == "" || s.Needs.Sees && s.registries() }

// registries says whether there is one to read.
func (s *Session) registries() bool {
	for _, f := range s.session.Fleets {
		if len(f.Keeper().Sources()) > 0 {
			return true
		}
	}
	return false
}

// pass reads what is needed once: the registries, and of the selected instances
// their metrics and how they are.
func (s *Session) pass(ctx context.Context, progress func(done, total int)) (Reading, error) {
	if s.passes++; s.passes == 1 {
		s.start = s.app.Now()
	}
	r := Reading{Passes: s.passes, pages: s.Server == "" && s.Needs.Pages, server: s.Server, start: s.start}
	r.seen = s.passing() && !r.pages
	var err error
	switch {
	case r.pages:
		r.Reading, err = s.session.Pass(ctx, s.sel, s.Needs.Asking|app.Metrics, progress)
	case r.seen:
		r.Reading, err = s.session.Pass(ctx, s.sel, s.Needs.Asking|app.Seen, progress)
	case s.Registries && s.registries():
		r.Reading, err = s.session.Held(ctx, s.sel)
	}
	if err != nil {
		return r, err
	}
	s.note(&r)
	r.At = s.app.Now() // what a pass saw was kept before
	if s.passes == 1 {
		s.began = r.At
	}
	if s.passing() {
		r.Gathered = r.At.Sub(s.began)
	}
	return r, nil
}

// note remembers how the reading of instances failed, in case that the next one
// does not.
func (s *Session) note(r *Reading) {
	r.missed = s.missed
	if !r.pages {
		return
	}
	for in := range instances(r.Snapshot) {
		if in.Scrape.Why.Reason != "" {
			s.missed[in.Key] = in.Scrape
		}
	}
}
