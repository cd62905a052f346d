package measure

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"github.com/midwatch-cli/midwatch/cmd/app"
	"github.com/midwatch-cli/midwatch/fleet"
	"github.com/midwatch-cli/midwatch/fleet/metrics"
	"github.com/midwatch-cli/midwatch/fleet/metrics/joined"
	"github.com/midwatch-cli/midwatch/fleet/metrics/promql"
	"github.com/midwatch-cli/midwatch/fleet/metrics/red"
	"github.com/midwatch-cli/midwatch/fleet/metrics/series"
	"github.com/midwatch-cli/midwatch/fleet/wiring"
)

// Source is the flag that says who answers.
type Source struct {
	Prometheus string
}

// Instances is the word of --prometheus for no server, whatever is configured.
const Instances = "none"

// Add declares the flag.
func (s *Source) Add(cmd *cobra.Command, a *app.App) {
	cmd.Flags().StringVar(&s.Prometheus, "prometheus", "", "`URL` of a Prometheus server to ask, so that no instance is read; none is the instances (default: $MIDWATCH_PROMETHEUS, else the context's)")
	a.Complete(cmd, "prometheus", Instances, "http://127.0.0.1:9090")
}

// Prepare puts what the flag, or the environment, says into p, which the contexts
// are opened with.
func (s *Source) Prepare(a *app.App, p *app.Probing) {
	if p.Prometheus = cmp.Or(s.Prometheus, a.Getenv("MIDWATCH_PROMETHEUS")); p.Prometheus == Instances {
		p.Prometheus = ""
	}
}

// Over says who answers in a session that was opened with what Prepare wrote: a
// server, with its address for people, or, where it is empty, what the session's
// passes read of instances. In any case they keep what they see, under the names
// that begin with midwatch_. Window says over what the numbers of services are that
// are computed when somebody asks for them; the store keeps that much at least.
func (s *Source) Over(a *app.App, session *app.Session, window Window) (over metrics.Querier, server string, err error) {
	far, server, err := s.server(a, session)
	if err != nil {
		return nil, "", err
	}
	length := window.of(far != nil)
	session.Measures = wiring.Measure(session.Fleets, series.Options{Window: max(length+slack, window.Keep+slack, kept)}, 0)
	q := joined.New(joined.Options{Own: session.Measures.Store, Server: far, RED: red.Options{Window: length}})
	if far != nil {
		return foreign{q, far}, server, nil
	}
	return q, "", nil
}

// How long samples are kept: a little longer than they are asked about, because
// the first reading was asked for before the last one's time began.
const (
	kept  = 15 * time.Minute
	slack = time.Minute
)

// The times that are meant where no flag says another.
const (
	UsualWindow  = time.Minute      // over which numbers of services are computed
	ServerWindow = 5 * time.Minute  // ... where a Prometheus server answers, which reads seldom
	UsualGather  = 10 * time.Second // for numbers of services, where nothing else says how long
)

// Window is over how long numbers of services are computed.
type Window struct {
	Given time.Duration // by a flag; 0: the usual one
	Least time.Duration // at least so long, as what was gathered is
	Keep  time.Duration // for so long samples are kept at least: a question may reach further back
}

func (w Window) of(server bool) time.Duration {
	switch {
	case w.Given > 0:
		return max(w.Given, w.Least)
	case server:
		return max(ServerWindow, w.Least)
	}
	return max(UsualWindow, w.Least)
}

// server is the one there is; nil where instances are read.
func (s *Source) server(a *app.App, session *app.Session) (far metrics.Querier, at string, err error) {
	if cmp.Or(s.Prometheus, a.Getenv("MIDWATCH_PROMETHEUS")) == Instances {
		return nil, "", nil
	}
	for _, f := range session.Fleets {
		q, found, err := f.Prometheus()
		switch {
		case err != nil:
			return nil, "", wrong(err)
		case !found:
		case far == nil:
			far, at = q, fmt.Sprint(q)
		case at != fmt.Sprint(q):
			return nil, "", app.Usagef("choose one with --context", "the contexts have several Prometheus servers: %s and %v", at, q)
		}
	}
	return far, at, nil
}

// foreign asks a server also what only it understands, as servers of other makers
// do more than Prometheus.
type foreign struct {
	metrics.Querier
	far metrics.Querier
}

// Query is described at metrics.Querier.
func (f foreign) Query(ctx context.Context, q metrics.Question) (metrics.Answer, error) {
	if _, err := promql.Parse(q.Expr); err != nil {
		return f.far.Query(ctx, q)
	}
	return f.Querier.Query(ctx, q)
}

// wrong is a server that was named wrongly.
func wrong(err error) error {
	e := &app.Error{Code: app.Usage, Err: err}
	var said *fleet.Error
	if errors.As(err, &said) {
		e.Hint = said.Hint
	}
	return e
}
