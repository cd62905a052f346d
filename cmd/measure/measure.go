// Package measure is what commands that query have in common: whom they ask, a
// Prometheus server or the instances themselves; how long they gather first; and
// how they say what could not be read.
package measure

import (
	"context"
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"github.com/midwatch-cli/midwatch/cmd/app"
	"github.com/midwatch-cli/midwatch/cmd/term"
	"github.com/midwatch-cli/midwatch/fleet"
	"github.com/midwatch-cli/midwatch/fleet/match"
	"github.com/midwatch-cli/midwatch/fleet/metrics"
	"github.com/midwatch-cli/midwatch/fleet/selection"
)

// Look is one command that queries: once, or again and again with -w.
type Look struct {
	Selection app.Selection
	Probing   app.Probing
	Watching  app.Watching
	Source    Source
}

// Add declares the flags.
func (l *Look) Add(cmd *cobra.Command, a *app.App) {
	l.Selection.Add(cmd, a)
	l.Probing.AddReading(cmd, a)
	l.Watching.Add(cmd)
	l.Source.Add(cmd, a)
}

// Session answers PromQL for one command.
type Session struct {
	Over   metrics.Querier // everything there is to ask about
	Plain  metrics.Querier // the same without what is computed when somebody asks for it
	Server string          // the URL of the server that answers, without secrets; empty: the instances are read

	// Set before the first pass:
	Asking     app.Asking // what instances are asked for beside their metrics; app.Nothing: nothing
	Sees       bool       // what passes see is asked for, so that there are passes also where a server answers
	Registries bool       // where a server answers, the registries are read all the same

	app     *app.App
	look    *Look
	session *app.Session
	sel     *selection.Selection
	start   time.Time // of the first pass
	began   time.Time // when it had ended
	passes  int
}

// Open opens the contexts of the command, or a Prometheus server. Nothing is read
// yet. Window is described at Source.Over.
func (l *Look) Open(ctx context.Context, a *app.App, names []string, window time.Duration) (*Session, error) {
	if err := l.Probing.Check(); err != nil {
		return nil, err
	}
	if err := l.Watching.Check(); err != nil {
		return nil, err
	}
	sel, err := l.Selection.Compile(names)
	if err != nil {
		return nil, err
	}
	l.Source.Prepare(a, &l.Probing)
	s := &Session{app: a, look: l, sel: sel, Asking: app.Nothing}
	if s.session, err = a.Open(ctx, l.Probing); err != nil {
		return nil, err
	}
	if s.Over, s.Server, err = l.Source.Over(a, s.session, window); err != nil {
		s.Close()
		return nil, err
	}
	s.Plain = s.session.Measures.Querier
	if s.Server != "" {
		s.Plain = s.Over.(foreign).far
	}
	return s, nil
}

// Close closes what was opened.
func (s *Session) Close() { s.session.Close() }

// Context is the one that is open; empty where there are several, or none.
func (s *Session) Context() string {
	if names := s.Contexts(); len(names) == 1 {
		return names[0]
	}
	return ""
}

// Contexts are the names of those that are open.
func (s *Session) Contexts() []string { return s.session.Contexts() }

// Select finds the services that were selected among others than those of the
// registries, and the names that none of them has.
func (s *Session) Select(services []fleet.Service) ([]fleet.Service, []app.Missing) {
	selected, unknown := s.sel.Apply(services)
	var missing []app.Missing
	var known []string
	for i := range services {
		known = append(known, services[i].Name)
	}
	for _, name := range unknown {
		missing = append(missing, app.Missing{Name: name, Suggestions: match.Nearest(name, known)})
	}
	return selected, missing
}

// Run gathers for so long, at every interval and at the end, and hands what came
// of it to show; with -w again after each interval of --interval. The last one's
// end is the end of the command.
func (s *Session) Run(ctx context.Context, collect, every time.Duration, show func(Reading) error) error {
	if s.session.Past() != nil {
		return s.recorded(ctx, collect, show)
	}
	start := s.app.Now()
	r, err := s.gather(ctx, start, collect, every)
	if err != nil {
		return err
	}
	if !s.look.Watching.Watch {
		return show(r)
	}
	for due := start.Add(collect); ; {
		if s.app.IO.OutTTY && !s.app.IO.Quiet {
			fmt.Fprint(s.app.IO.Out, term.Redraw)
		}
		end := show(r)
		now := s.app.Now()
		due = due.Add(s.look.Watching.Interval)
		if due.Before(now) {
			due = now // a pass took longer than that: the next one is now
		}
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
		if err != nil || s.Server != "" && !s.Sees || at >= collect || ctx.Err() != nil {
			return r, err
		}
		for gone := s.app.Now().Sub(start); at <= gone; {
			at += max(every, shortest)
		}
		at = min(at, collect)
		progress.Set(fmt.Sprintf("gathering for %s: read %s", term.Duration(collect), times(s.passes)))
		if !s.wait(ctx, start.Add(at)) {
			return r, nil
		}
	}
}

// shortest is the least time between two passes that gather.
const shortest = 100 * time.Millisecond

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

// pass reads the registries and the metrics of the selected instances once. Of a
// server nothing is read.
func (s *Session) pass(ctx context.Context, progress func(done, total int)) (Reading, error) {
	if s.passes++; s.passes == 1 {
		s.start = s.app.Now()
	}
	r := Reading{Passes: s.passes, server: s.Server, start: s.start}
	switch {
	case s.Server == "", s.Sees && s.registries():
		asking := s.Asking | app.Metrics
		if s.Server != "" {
			asking = s.Asking | app.Seen
		}
		read, err := s.session.Pass(ctx, s.sel, asking, progress)
		if err != nil {
			return r, err
		}
		r.Reading = read
		if s.passes == 1 {
			s.began = read.Snapshot.At
		}
		r.Gathered = read.Snapshot.At.Sub(s.began)
	case s.Registries && s.registries():
		read, err := s.session.Held(ctx, s.sel)
		if err != nil {
			return r, err
		}
		r.Reading = read
	}
	r.At = s.app.Now() // what a pass saw was kept after it
	return r, nil
}

// registries says whether there is one to read.
func (s *Session) registries() bool {
	for _, f := range s.session.Fleets {
		if len(f.Keeper().Sources()) > 0 {
			return true
		}
	}
	return false
}
