// Package query is `midwatch query`: one expression in PromQL, answered.
package query

import (
	"context"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/midwatch-cli/midwatch/cmd/app"
	"github.com/midwatch-cli/midwatch/cmd/measure"
	"github.com/midwatch-cli/midwatch/fleet/metrics"
	"github.com/midwatch-cli/midwatch/fleet/metrics/promql"
)

// options are what the command line says.
type options struct {
	expr    string
	names   []string
	look    measure.Look
	back    time.Duration // --range
	step    time.Duration
	at      string
	collect time.Duration
	window  time.Duration
	explain bool

	known *promql.Expr // nil where only a server understands it
	when  moment
}

const example = `  midwatch query 'sum by (service) (up)'
  midwatch query 'rate(http_requests_total[30s])' --collect 30s
  midwatch query 'midwatch_instance_up == 0' -o name
  midwatch query 'process_resident_memory_bytes' order --zone b
  midwatch query 'sum(rate(http_requests_total[15s]))' --collect 1m --range 1m
  midwatch query 'up' --prometheus http://10.0.0.9:9090 --range 1h --step 1m
  midwatch query 'go_goroutines' --explain -o json --jq '.selected'`

// New returns the command.
func New(a *app.App) *cobra.Command {
	var o options
	cmd := &cobra.Command{
		Use: "query PROMQL [SERVICE...]", Short: "Ask in PromQL what instances say of themselves", Example: example,
		Long: `query reads the metrics of the selected instances once and answers an expression
over them. Nothing is kept from one run to the next: an expression that looks back,
as rate(...[1m]) does, has something to look at only with --collect, which reads
again and again first. With --prometheus a server that has the past is asked instead,
and no instance is.

Beside what instances say there are series of what midwatch sees itself:
midwatch_instance_up, midwatch_registry_up and others.

It ends with 0 where there is an answer, also where it is that nothing satisfies a
comparison; with 3 where there was nothing to compare, or something could not be read.`,
		Args:              cobra.MinimumNArgs(1),
		ValidArgsFunction: completer(a),
		RunE: func(cmd *cobra.Command, args []string) error {
			o.expr, o.names = args[0], args[1:]
			return o.run(cmd.Context(), a)
		},
	}
	o.look.Add(cmd, a)
	f := cmd.Flags()
	f.DurationVar(&o.back, "range", 0, "over so long a time that ends now, or at --at: a chart on a terminal")
	f.DurationVar(&o.step, "step", 0, "between the instants of --range (default: a sixtieth of it)")
	f.StringVar(&o.at, "at", "", "ask about another `TIME` than now: 2026-01-02T03:04:05Z, seconds since 1970, or 10m ago as 10m")
	f.DurationVar(&o.collect, "collect", 0, "gather for so long first (default: read once)")
	f.DurationVar(&o.window, "window", 0, "over which midwatch_service_error_ratio and the like are computed (default: 1m; 5m where a Prometheus server answers)")
	f.BoolVar(&o.explain, "explain", false, "show which series answered, and how many samples")
	a.NoComplete(cmd, "range", "step", "at", "collect", "window")
	a.AddOutput(cmd, false)
	return cmd
}

func (o *options) run(ctx context.Context, a *app.App) error {
	if err := o.check(a); err != nil {
		return err
	}
	var wrong error // to us; a server may understand it
	o.known, wrong = promql.Parse(o.expr)
	back := o.back + o.reach() + max(0, a.Now().Sub(o.when.of(a.Now())))
	s, err := o.look.Open(ctx, a, o.names, measure.Window{Given: o.window, Least: o.collect, Keep: back})
	if err != nil {
		return err
	}
	defer s.Close()
	if wrong != nil && s.Server == "" {
		return o.misplaced(wrong)
	}
	if s.Needs = measure.NeedsOf(o.families()); s.Server != "" && !s.Needs.Sees && o.selects() {
		return app.Usagef(
			"write it into the expression, as in up{job=\"order\"}; or --prometheus none reads the instances",
			"%s answers, and no instance is selected to be read", s.Server,
		)
	}
	return s.Run(ctx, o.collect, o.look.Watching.Interval, func(r measure.Reading) (func() error, error) {
		res := o.ask(ctx, s, r)
		return func() error { return res.show(a) }, res.err
	})
}

// check refuses what makes no sense.
func (o *options) check(a *app.App) error {
	for _, name := range o.names {
		if strings.ContainsAny(name, "(){}<>\"' ") || strings.Contains(name, "==") {
			return app.Usagef("quote the expression: midwatch query '"+strings.Join(append([]string{o.expr}, o.names...), " ")+"'", "%q is no name of a service", name)
		}
	}
	var err error
	switch o.when, err = parseMoment(o.at, a.Now()); {
	case err != nil:
		return err
	case o.window < 0:
		return app.Usagef("", "--window %v: must not be negative", o.window)
	case o.collect < 0:
		return app.Usagef("", "--collect %v: must not be negative", o.collect)
	case o.back < 0:
		return app.Usagef("", "--range %v: must not be negative", o.back)
	case o.step < 0, o.step > 0 && o.step < time.Millisecond:
		return app.Usagef("", "--step %v: must be at least 1ms", o.step)
	case o.step > 0 && o.back == 0:
		return app.Usagef("--range 5m --step "+o.step.String(), "--step is for a range")
	case o.back > 0 && o.step > 0 && int64(o.back/o.step) > mostSteps:
		return app.Usagef("a longer --step", "--range %v has more than %d steps of %v", o.back, mostSteps, o.step)
	}
	if o.back > 0 && o.step == 0 {
		o.step = max((o.back / usualSteps).Round(time.Second), min(time.Second, o.back))
	}
	return nil
}

// The steps of a range: as many as a terminal has room for, and as a Prometheus
// server gives at most.
const (
	usualSteps = 60
	mostSteps  = 11_000
)

// question is what is asked at a moment.
func (o *options) question(now time.Time) metrics.Question {
	at := o.when.of(now)
	q := metrics.Question{Expr: o.expr, At: at}
	if o.back > 0 {
		q.Start, q.End, q.Step = at.Add(-o.back), at, o.step
	}
	return q
}

// selects says whether only some of the instances are to be read.
func (o *options) selects() bool { return len(o.names) > 0 || o.look.Selection != app.Selection{} }
