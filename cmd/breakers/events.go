package breakers

import (
	"cmp"
	"context"
	"slices"

	"github.com/spf13/cobra"

	"github.com/midwatch-cli/midwatch/cmd/app"
	"github.com/midwatch-cli/midwatch/cmd/render"
	"github.com/midwatch-cli/midwatch/fleet"
	"github.com/midwatch-cli/midwatch/fleet/breaker"
	"github.com/midwatch-cli/midwatch/fleet/document"
	"github.com/midwatch-cli/midwatch/fleet/selection"
	"github.com/midwatch-cli/midwatch/probe"
)

const eventsExample = `  midwatch breakers events                         of all of them, oldest first
  midwatch breakers events order/payment --utc
  midwatch breakers events '*/payment' -o jsonl`

// telling is breakers events.
func telling(a *app.App) *cobra.Command {
	w := &wanted{}
	cmd := &cobra.Command{
		Use: "events [SERVICE|SERVICE/BREAKER...]", Short: "Tell what happened to circuit breakers, oldest first", Example: eventsExample,
		Long: `events asks the owners of breakers what they remember: when they opened, tried and
closed. Not every API keeps that: midwatch registries says which have events. What
happens from now on, midwatch watch tells of all.

` + grammar,
		Args: cobra.ArbitraryArgs, ValidArgsFunction: addresses(a, ""),
		RunE: func(cmd *cobra.Command, args []string) error {
			services, err := w.parse(args)
			if err != nil {
				return err
			}
			return w.tell(cmd.Context(), a, services)
		},
	}
	w.add(cmd, a)
	a.AddOutput(cmd, false)
	return cmd
}

// errUnasked is why there is nothing to tell.
var errUnasked = &fleet.Error{Reason: fleet.ReasonUnasked, Detail: "time ran out before it was asked"}

// told is what one instance remembers.
type told struct {
	in     *fleet.InstanceView
	names  []string // of the breakers that were asked for
	events []breaker.Event
	err    error
}

func (w *wanted) tell(ctx context.Context, a *app.App, services []string) error {
	w.look.Watching.Interval = fleet.Interval
	return w.look.With(ctx, a, services, func(s *app.Session, read app.Reading) error {
		r := w.find(ctx, a, read)
		asked := owners(r.found)
		jobs := make([]probe.Job, len(asked))
		for i, t := range asked {
			t.err = errUnasked
			jobs[i] = probe.Job{Group: t.in.Key.Ref.String(), Host: t.in.Plan.Admin.Base, Do: func(ctx context.Context) []probe.Job {
				ctx, stop := context.WithTimeout(ctx, fleet.AttemptsBudget)
				defer stop()
				t.events, t.err = t.remembered(ctx, s)
				return nil
			}}
		}
		probe.Pool{Parallel: w.look.Probing.Parallel, PerHost: fleet.ParallelHost, QPS: w.look.Probing.QPS}.Run(ctx, jobs)
		return r.timeline(a, asked)
	})
}

// owners are the instances of what was found, each once.
func owners(found []selection.Found) (all []*told) {
	for _, f := range found {
		if len(all) == 0 || all[len(all)-1].in != f.In {
			all = append(all, &told{in: f.In})
		}
		last := all[len(all)-1]
		last.names = append(last.names, f.Breaker.Name)
	}
	return all
}

// remembered asks one instance, about one breaker where it is one.
func (t *told) remembered(ctx context.Context, s *app.Session) ([]breaker.Event, error) {
	historian, err := s.Historian(t.in)
	if err != nil {
		return nil, err
	}
	name := ""
	if len(t.names) == 1 {
		name = t.names[0]
	}
	return historian.Events(ctx, breaker.Site{Key: t.in.Key, Addr: t.in.Addr, Base: t.in.Plan.Admin.Base}, name)
}

// timeline shows the events of all, oldest first.
func (r *reading) timeline(a *app.App, asked []*told) error {
	contexts, sources, _ := app.Several(r.Snapshot)
	v := render.View{Names: r.names(), Table: render.Table{Columns: []render.Column{
		{Name: "TIME"},
		{Name: "CONTEXT", Wide: !contexts},
		{Name: "SOURCE", Wide: !sources},
		{Name: "INSTANCE"},
		{Name: "BREAKER"},
		{Name: "EVENT", Wide: true},
		{Name: "FROM"},
		{Name: "TO"},
		{Name: "TEXT", Flex: true},
	}}}
	var items []document.BreakerEvent
	errs := r.document().Errors
	code := app.OK
	for _, t := range asked {
		if t.err != nil {
			code = app.CannotSay
			reason, detail := fleet.ReasonOf(t.err)
			k := t.in.Key
			errs = append(errs, document.Error{
				Context: k.Context, Source: k.Source, Namespace: k.Namespace, Service: k.Name, Instance: k.Instance,
				Reason: string(reason), Detail: detail, Hint: fleet.HintOf(t.err),
			})
			a.Complain(k.String()+": "+detail, fleet.HintOf(t.err))
		}
		for _, e := range t.events {
			if slices.Contains(t.names, e.Breaker) {
				items = append(items, document.BreakerEvent{
					Ref: document.RefOf(t.in.Key.Ref), Instance: t.in.Key.Instance, Breaker: e.Breaker, At: document.Time{Time: e.At},
					Event: e.Kind, From: document.BreakerState(e.From.String()), To: document.BreakerState(e.To.String()), Text: e.Text,
				})
			}
		}
	}
	slices.SortStableFunc(items, func(a, b document.BreakerEvent) int {
		return cmp.Or(a.At.Compare(b.At.Time), cmp.Compare(a.Service, b.Service), cmp.Compare(a.Instance, b.Instance))
	})
	for _, e := range items {
		from, to := moved(e)
		v.Table.Rows = append(v.Table.Rows, render.Row{Cells: []render.Cell{
			clock(a, e.At.Time), render.Text(e.Context), render.Text(e.Source), render.Text(e.Service + "/" + e.Instance), render.Text(e.Breaker),
			render.Text(e.Event), render.Text(from), to, render.Text(e.Text),
		}})
	}
	if len(items) == 0 && len(asked) > 0 && code == app.OK {
		v.Notes = []string{"nothing is remembered of " + app.Count(len(r.found), "breaker")}
	}
	v.Document = document.BreakerEvents(r.Snapshot.Context, r.Snapshot.At, items, errs)
	if err := render.Write(a.IO, a.Output, v); err != nil {
		return err
	}
	if err := r.end(a); err != nil {
		return err
	}
	return app.End(code)
}

// moved are the states of a transition; empty for other events.
func moved(e document.BreakerEvent) (from string, to render.Cell) {
	state, err := fleet.ParseBreakerState(string(e.To))
	if err != nil || state == fleet.BreakerUnknown {
		return "", render.Text("")
	}
	if was, err := fleet.ParseBreakerState(string(e.From)); err == nil && was != fleet.BreakerUnknown {
		from = was.Words()
	}
	return from, render.Said(mark(state), state.Words())
}
