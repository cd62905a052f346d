// Package measure is what commands that query have in common: whom they ask, a
// Prometheus server or the instances themselves; how long they gather first; and
// how they say what could not be read.
package measure

import (
	"context"
	"time"

	"github.com/spf13/cobra"

	"github.com/midwatch-cli/midwatch/cmd/app"
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
	Needs      Needs // what passes have to bring; at first pages of metrics
	Registries bool  // where a server answers, the registries are read all the same

	app     *app.App
	look    *Look
	session *app.Session
	sel     *selection.Selection
	start   time.Time // of the first pass
	began   time.Time // when it had ended
	passes  int
	missed  map[fleet.Key]fleet.Scrape // the last reading that failed of each instance
}

// Open opens the contexts of the command, or a Prometheus server. Nothing is read
// yet. Window is described at Source.Over.
func (l *Look) Open(ctx context.Context, a *app.App, names []string, window Window) (*Session, error) {
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
	s := &Session{app: a, look: l, sel: sel, Needs: Needs{Asking: app.Nothing, Pages: true}, missed: map[fleet.Key]fleet.Scrape{}}
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
