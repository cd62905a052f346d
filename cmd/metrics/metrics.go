// Package metrics is `midwatch metrics`: rate, errors and durations of every
// service, and how loaded its processes are.
package metrics

import (
	"context"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/midwatch-cli/midwatch/cmd/app"
	"github.com/midwatch-cli/midwatch/cmd/measure"
	"github.com/midwatch-cli/midwatch/fleet/document/measured"
	"github.com/midwatch-cli/midwatch/fleet/metrics/red"
)

// Window is the one that is meant where no flag says another.
const Window = 10 * time.Second

type options struct {
	look    measure.Look
	window  time.Duration
	by      string
	sort    string
	explain bool
	every   time.Duration // --interval; 0: it was not given
}

const example = `  midwatch metrics                                 every service, the worst first
  midwatch metrics payment order --window 30s
  midwatch metrics --by instance --sort p99
  midwatch metrics -w                              a running window, until Ctrl-C
  midwatch metrics -o wide --explain payment       what was it read from?
  midwatch metrics --prometheus http://10.0.0.9:9090 --window 15m
  midwatch metrics -o json --jq '.items[] | select(.errorRatio > 0.01) | .service'`

// New returns the command.
func New(a *app.App) *cobra.Command {
	var o options
	cmd := &cobra.Command{
		Use: "metrics [SERVICE...]", Short: "Rate, errors and durations of every service", Example: example,
		Long: `metrics reads the metrics of every selected instance twice, --window apart, and shows
what happened between: calls per second, the share that failed, and how long they
took. What a page calls them is found out by a table of conventions of many stacks
(-o wide names the one that was used, docs/red.md lists them). What a page does not
say is n/a, with the reason, and never 0.

On a terminal it reads more often inside the window, and draws the rate over it.
` + "`!`" + ` is a service of whose calls 1% failed, ` + "`✗`" + ` one with 10%.

It ends with 0 where the metrics were read, whatever they are; with 3 where nothing
could be read, or not of every instance that has metrics.`,
		ValidArgsFunction: a.ServiceArgs,
		RunE: func(cmd *cobra.Command, args []string) error {
			if cmd.Flags().Changed("interval") {
				o.every = o.look.Watching.Interval
			}
			if cmd.Flags().Changed("window") && o.window == 0 {
				o.window = -1 // as wrong as less; 0 is that nothing was said
			}
			return o.run(cmd.Context(), a, args)
		},
	}
	o.look.Add(cmd, a)
	f := cmd.Flags()
	f.DurationVar(&o.window, "window", 0, "over how long (default: 10s; 5m where a Prometheus server answers)")
	f.StringVar(&o.by, "by", "service", "a row for each service or each instance")
	f.StringVar(&o.sort, "sort", "", "by this `COLUMN`: numbers from the highest, -COLUMN from the lowest (default: the worst first)")
	f.BoolVar(&o.explain, "explain", false, "show what was read, and what numbers rest on")
	a.Complete(cmd, "by", "service", "instance")
	a.CompleteFunc(cmd, "sort", func(context.Context) []string { return sortable() })
	a.NoComplete(cmd, "window")
	a.AddOutput(cmd, false)
	return cmd
}

func (o *options) run(ctx context.Context, a *app.App, names []string) error {
	switch {
	case o.window < 0:
		return app.Usagef("durations look like 10s, 1m", "--window: must be more than 0")
	case !slices.Contains([]string{"service", "instance"}, o.by):
		return app.Usagef("", "--by %q: want service or instance", o.by)
	case o.sort != "" && !slices.Contains(sortable(), strings.TrimPrefix(strings.ToLower(o.sort), "-")):
		return app.Usagef("there are: "+strings.Join(sortable(), ", "), "--sort %q: there is no such column", o.sort)
	case o.by != "instance" && slices.Contains(ofInstances(), strings.TrimPrefix(strings.ToLower(o.sort), "-")):
		return app.Usagef("--by instance", "--sort %q: a row for each service has no such column", o.sort)
	}
	s, err := o.look.Open(ctx, a, names, measure.Window{Given: o.window})
	if err != nil {
		return err
	}
	defer s.Close()
	s.Registries = true
	if o.window == 0 {
		o.window = Window
		if s.Server != "" {
			o.window = measure.ServerWindow
		}
	}
	return s.Run(ctx, o.window, o.interval(a), func(r measure.Reading) (func() error, error) {
		t, err := o.compute(ctx, a, s, r)
		return func() error { return t.show(a) }, err
	})
}

// interval is how often pages are read inside the window: at its ends, and on a
// terminal often enough to draw it.
func (o *options) interval(a *app.App) time.Duration {
	switch {
	case o.every > 0:
		return o.every
	case a.IO.OutTTY:
		return max(o.window/5, time.Second)
	}
	return o.window
}

// most is how many bars a trend has.
const most = 12

// asking is what is computed after a reading.
func (o *options) asking(a *app.App, s *measure.Session, r *measure.Reading) red.Options {
	q := red.Options{At: r.At, Window: o.window}
	step := o.interval(a)
	switch {
	case s.Server != "":
		q.Service = []string{"service"}
		q.History = red.History{Range: most * o.window, Step: o.window}
	case o.look.Watching.Watch:
		// A reading that should have come at its beginning may have come a little later.
		q.Window = min(o.window+time.Second, r.Since())
		step = o.look.Watching.Interval
		q.History = red.History{Range: max(min(time.Minute, r.Since()).Truncate(step), step), Step: step}
	default:
		q.Window = r.Since()
		q.History = red.History{Range: max(o.window, step), Step: step}
	}
	if !a.IO.OutTTY && o.every == 0 {
		q.History = red.History{}
	}
	return q
}

// table is what a reading came to.
type table struct {
	o       *options
	session *measure.Session
	reading measure.Reading
	asked   red.Options
	report  red.Report
	rows    []row
	failed  error // nobody answered
}

func (t *table) by() measured.By { return measured.By(t.o.by) }
