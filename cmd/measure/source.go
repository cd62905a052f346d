package measure

import (
	"cmp"
	"errors"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/midwatch-cli/midwatch/cmd/app"
	"github.com/midwatch-cli/midwatch/fleet"
	"github.com/midwatch-cli/midwatch/fleet/metrics"
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

// Of says who answers in a session that was opened with what Prepare wrote: a
// server, with its address for people, or else what is gathered from instances,
// which the session's passes then read and keep.
func (s *Source) Of(a *app.App, session *app.Session) (over metrics.Querier, server string, err error) {
	if cmp.Or(s.Prometheus, a.Getenv("MIDWATCH_PROMETHEUS")) != Instances {
		for _, f := range session.Fleets {
			q, found, err := f.Prometheus()
			if err != nil {
				return nil, "", wrong(err)
			}
			if !found {
				continue
			}
			if at := fmt.Sprint(q); server == "" {
				over, server = q, at
			} else if at != server {
				return nil, "", app.Usagef("choose one with --context", "the contexts have several Prometheus servers: %s and %s", server, at)
			}
		}
	}
	if over != nil {
		return over, server, nil
	}
	session.Measures = wiring.Measure(session.Fleets, series.Options{}, 0)
	return session.Measures.Querier, "", nil
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
