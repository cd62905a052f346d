package breakers

import (
	"strings"

	"github.com/spf13/cobra"

	"github.com/midwatch-cli/midwatch/cmd/app"
	"github.com/midwatch-cli/midwatch/cmd/render"
	"github.com/midwatch-cli/midwatch/fleet"
	"github.com/midwatch-cli/midwatch/fleet/selection"
)

const showExample = `  midwatch breakers show order/payment
  midwatch breakers show order --breaker 'a/b c'   a name as it is
  midwatch breakers show order/payment -o json --jq '.items[].failureRate'`

// showing is breakers show.
func showing(a *app.App) *cobra.Command {
	w := &wanted{}
	cmd := &cobra.Command{
		Use: "show SERVICE/BREAKER...", Short: "Show a circuit breaker, instance by instance", Example: showExample,
		Long: `show has a row for each instance: state, what the breaker observes by itself, rates,
calls, who holds it and until when, what can be ordered of it, and where.

` + grammar,
		Args: cobra.MinimumNArgs(1), ValidArgsFunction: addresses(a, ""),
		RunE: func(cmd *cobra.Command, args []string) error {
			services, err := w.parse(args)
			if err != nil {
				return err
			}
			return w.look.Run(cmd.Context(), a, services, func(read app.Reading) error {
				r := w.find(cmd.Context(), a, read)
				if err := render.Write(a.IO, a.Output, render.View{Document: r.document(), Names: r.names(), Table: r.each(a)}); err != nil {
					return err
				}
				return r.end(a)
			})
		},
	}
	w.add(cmd, a)
	w.look.Watching.Add(cmd)
	a.AddOutput(cmd, false)
	return cmd
}

// each has a row for each instance, with everything.
func (r *reading) each(a *app.App) render.Table {
	contexts, sources, namespaces := app.Several(r.Snapshot)
	t := render.Table{Columns: []render.Column{
		{Tight: true},
		{Name: "CONTEXT", Wide: !contexts},
		{Name: "SOURCE", Wide: !sources},
		{Name: "NAMESPACE", Wide: !namespaces},
		{Name: "INSTANCE"},
		{Name: "BREAKER"},
		{Name: "STATE"},
		{Name: "OBSERVED", Spare: 1},
		{Name: "FAIL", Right: true},
		{Name: "SLOW", Right: true, Spare: 4},
		{Name: "CALLS", Right: true, Spare: 2},
		{Name: "REJECTED", Right: true, Spare: 3},
		{Name: "SINCE"},
		{Name: "HELD BY", Flex: true},
		{Name: "CHANGE", Plain: true},
		{Name: "CAN", Plain: true},
		{Name: "API", Plain: true},
		{Name: "AT", Plain: true},
	}}
	for _, f := range r.found {
		b, hold := f.Breaker, r.hold(f)
		g := group{state: b.State, worst: []selection.Found{f}}
		can := verbs(b.Verbs)
		row := render.Row{Cells: []render.Cell{
			render.Sign(mark(b.State)), render.Text(f.In.Key.Context), render.Text(f.In.Key.Source), render.Text(f.In.Key.Namespace),
			render.Text(f.In.Key.String()), render.Text(b.Name), render.Said(mark(b.State), b.State.Words()+shed(b)), render.Text(observed(&g)),
			share(a, b.FailureRate), share(a, b.SlowRate), count(a, b.Calls), count(a, b.Rejected),
			render.Age(b.Since), render.Text(held(a, r.Snapshot.At, b.State, hold)), render.Text(hold.Change), render.Text(can), render.Text(b.API), render.Text(f.In.Plan.Admin.Base),
		}}
		if can == "" {
			can = "nothing"
		}
		row.Under = append(row.Under, "can be ordered: "+can+", over "+b.API+" at "+f.In.Plan.Admin.Base)
		if hold.Change != "" {
			row.Under = append(row.Under, "change "+hold.Change)
		}
		t.Rows = append(t.Rows, row)
	}
	return t
}

// shed is how much a breaker that is held open refuses, where that is not all;
// and the far side's word for a state that is none of ours.
func shed(b *fleet.Breaker) string {
	if b.Word != "" {
		return " (" + b.Word + ")"
	}
	if b.State != fleet.BreakerForcedOpen {
		return ""
	}
	_, share, _ := strings.Cut(b.Refusing(), b.State.Words())
	return share
}

// verbs are the orders that can be given.
func verbs(list []fleet.Verb) string {
	words := make([]string, len(list))
	for i, v := range list {
		words[i] = string(v)
	}
	return strings.Join(words, ", ")
}
