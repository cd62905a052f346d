package breakers

import (
	"cmp"
	"context"
	"fmt"
	"math"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/midwatch-cli/midwatch/cmd/app"
	"github.com/midwatch-cli/midwatch/cmd/render"
	"github.com/midwatch-cli/midwatch/cmd/term"
	"github.com/midwatch-cli/midwatch/fleet"
	"github.com/midwatch-cli/midwatch/fleet/document"
	"github.com/midwatch-cli/midwatch/fleet/selection"
)

const listExample = `  midwatch breakers                                all of them, the worst first
  midwatch breakers --open                         only those that refuse calls
  midwatch breakers '*/payment' -o wide            everyone's towards payment, instance by instance
  midwatch breakers -w                             until Ctrl-C`

// listing is breakers itself, and breakers list.
func listing(a *app.App, use string) *cobra.Command {
	w, open := &wanted{}, false
	cmd := &cobra.Command{
		Use: use, Short: "List circuit breakers, the worst first", Example: listExample,
		Long: `breakers reads the circuit breakers of every selected instance and shows them by
service and name: the state, on how many instances, since when, and who put them there.
It asks no health and writes nothing. On a terminal those that are closed and well are
only counted; -o wide has a row for each instance.

` + grammar + `

It ends with 3 where something could not be read, or nobody says how it is read.`,
		Args: cobra.ArbitraryArgs, ValidArgsFunction: addresses(a, ""),
		RunE: func(cmd *cobra.Command, args []string) error {
			services, err := w.parse(args)
			if err != nil {
				return err
			}
			return w.look.Run(cmd.Context(), a, services, func(r app.Reading) error { return show(cmd.Context(), a, w, r, open) })
		},
	}
	w.add(cmd, a)
	w.look.Watching.Add(cmd)
	cmd.Flags().BoolVar(&open, "open", false, "only breakers that refuse calls")
	a.AddOutput(cmd, false)
	return cmd
}

func show(ctx context.Context, a *app.App, w *wanted, reading app.Reading, open bool) error {
	r := w.find(ctx, a, reading)
	all := len(r.found)
	if open {
		r.found = slices.DeleteFunc(r.found, func(f selection.Found) bool { return !f.Breaker.State.Refuses() })
	}
	v := render.View{Document: r.document(), Names: r.names(), Table: r.table(a)}
	switch {
	case open && len(r.found) == 0 && all > 0:
		v.Notes = append(v.Notes, "none of "+app.Count(all, "breaker")+" refuses calls")
	case open || all == 0 || !a.IO.OutTTY || a.Output.Format == render.FormatWide:
	default:
		v.Table, v.Notes = fold(v.Table, r.groups())
	}
	if all > 0 && r.silent > 0 {
		v.Notes = append(v.Notes, "nobody says how the breakers of "+app.Count(r.silent, "other instance")+" are read")
	}
	if err := render.Write(a.IO, a.Output, v); err != nil {
		return err
	}
	if open && all > 0 && len(r.unread)+len(r.missing) == 0 {
		return a.Listed(r.Reading)
	}
	return r.end(a)
}

// group is a breaker of a service: the same name on its instances.
type group struct {
	ref     fleet.Ref
	name    string
	state   fleet.BreakerState // the worst
	members []selection.Found  // all
	worst   []selection.Found  // those in that state
}

// severity orders states, the worst first: what refuses by itself is a failure,
// what is held was somebody's choice.
func severity(s fleet.BreakerState) int {
	return slices.Index([]fleet.BreakerState{
		fleet.BreakerOpen, fleet.BreakerForcedOpen, fleet.BreakerHalfOpen, fleet.BreakerDisabled,
		fleet.BreakerUnknown, fleet.BreakerMetricsOnly, fleet.BreakerClosed,
	}, s)
}

// mark is the status whose sign and colour a state has.
func mark(s fleet.BreakerState) fleet.Status {
	switch s {
	case fleet.BreakerOpen:
		return fleet.Down
	case fleet.BreakerForcedOpen, fleet.BreakerHalfOpen, fleet.BreakerDisabled:
		return fleet.Degraded
	case fleet.BreakerMetricsOnly:
		return fleet.Maintenance
	case fleet.BreakerClosed:
		return fleet.Up
	case fleet.BreakerUnknown:
	}
	return fleet.Unknown
}

// groups are the breakers by service and name, the worst first, then those on
// most instances.
func (r *reading) groups() []group {
	type key struct {
		ref  fleet.Ref
		name string
	}
	at := map[key]int{}
	var all []group
	for _, f := range r.found {
		k := key{f.In.Key.Ref, f.Breaker.Name}
		i, known := at[k]
		if !known {
			i = len(all)
			at[k] = i
			all = append(all, group{ref: k.ref, name: k.name, state: f.Breaker.State})
		}
		g := &all[i]
		g.members = append(g.members, f)
		switch {
		case severity(f.Breaker.State) < severity(g.state):
			g.state, g.worst = f.Breaker.State, []selection.Found{f}
		case f.Breaker.State == g.state:
			g.worst = append(g.worst, f)
		}
	}
	slices.SortStableFunc(all, func(a, b group) int {
		return cmp.Or(cmp.Compare(severity(a.state), severity(b.state)), cmp.Compare(len(b.worst), len(a.worst)), a.ref.Compare(b.ref), cmp.Compare(a.name, b.name))
	})
	return all
}

// table has a row for each group, or, wide, for each instance.
func (r *reading) table(a *app.App) render.Table {
	contexts, sources, namespaces := app.Several(r.Snapshot)
	t := render.Table{Columns: []render.Column{
		{Tight: true},
		{Name: "CONTEXT", Wide: !contexts},
		{Name: "SOURCE", Wide: !sources},
		{Name: "NAMESPACE", Wide: !namespaces},
		{Name: "SERVICE"},
		{Name: "BREAKER"},
		{Name: "STATE"},
		{Name: "OBSERVED", Spare: 1},
		{Name: "INSTANCES"},
		{Name: "FAIL", Right: true},
		{Name: "SLOW", Right: true, Spare: 3},
		{Name: "CALLS", Wide: true, Right: true},
		{Name: "REJECTED", Right: true, Spare: 2},
		{Name: "SINCE"},
		{Name: "HELD BY", Flex: true},
		{Name: "API", Wide: true},
	}}
	wide := a.Output.Format == render.FormatWide
	if wide {
		t.Columns[8].Name = "INSTANCE"
	}
	for _, g := range r.groups() {
		if !wide {
			t.Rows = append(t.Rows, r.row(a, &g, fmt.Sprintf("%d of %d", len(g.worst), len(g.members))))
			continue
		}
		slices.SortStableFunc(g.members, func(a, b selection.Found) int {
			return cmp.Compare(severity(a.Breaker.State), severity(b.Breaker.State))
		})
		for i := range g.members {
			one := group{ref: g.ref, name: g.name, state: g.members[i].Breaker.State, members: g.members[i : i+1], worst: g.members[i : i+1]}
			t.Rows = append(t.Rows, r.row(a, &one, g.members[i].In.Key.Instance))
		}
	}
	return t
}

func (r *reading) row(a *app.App, g *group, instances string) render.Row {
	s := summary(g)
	state := render.Said(mark(g.state), g.state.Words()+shed(g.worst[0].Breaker))
	return render.Row{Cells: []render.Cell{
		render.Sign(mark(g.state)), render.Text(g.ref.Context), render.Text(g.ref.Source), render.Text(g.ref.Namespace),
		render.Text(g.ref.Name), render.Text(g.name), state, render.Text(observed(g)), render.Text(instances),
		share(a, s.failed), share(a, s.slow), count(a, s.calls), count(a, s.rejected),
		render.Age(s.since), render.Text(r.heldBy(a, g)), render.Text(s.api),
	}}
}

// observed is the state that the breakers would be in by themselves, where that
// is another than the one they are in.
func observed(g *group) string {
	var words []string
	for _, f := range g.worst {
		if o := f.Breaker.Observed; o != fleet.BreakerUnknown && o != g.state && !slices.Contains(words, o.Words()) {
			words = append(words, o.Words())
		}
	}
	return strings.Join(words, ", ")
}

// sums are the figures of a group.
type sums struct {
	failed, slow    float64
	calls, rejected int64
	since           time.Time
	api             string
}

// summary adds up what is known: of those in the worst state the rates, by the
// calls they are of, and the first moment; of all the counts.
func summary(g *group) sums {
	s := sums{calls: -1, rejected: -1}
	rates := [2]struct{ sum, weight float64 }{}
	for _, f := range g.worst {
		b := f.Breaker
		for i, rate := range [2]float64{b.FailureRate, b.SlowRate} {
			if weight := math.Max(float64(b.Calls), 1); !math.IsNaN(rate) {
				rates[i].sum += rate * weight
				rates[i].weight += weight
			}
		}
		if !b.Since.IsZero() && (s.since.IsZero() || b.Since.Before(s.since)) {
			s.since = b.Since
		}
	}
	for _, f := range g.members {
		s.calls, s.rejected = plus(s.calls, f.Breaker.Calls), plus(s.rejected, f.Breaker.Rejected)
		s.api = f.Breaker.API
	}
	s.failed, s.slow = rates[0].sum/rates[0].weight, rates[1].sum/rates[1].weight // nothing of nothing is NaN: nobody knows
	return s
}

// plus adds counts; below 0 is one that nobody knows.
func plus(a, b int64) int64 {
	switch {
	case b < 0:
		return a
	case a < 0:
		return b
	}
	return a + b
}

// heldBy says who put the worst of a group into their state, and until when.
func (r *reading) heldBy(a *app.App, g *group) string {
	var words []string
	for _, f := range g.worst {
		if word := held(a, r.Snapshot.At, f.Breaker.State, r.hold(f)); word != "" && !slices.Contains(words, word) {
			words = append(words, word)
		}
	}
	if len(words) > 2 {
		words = append(words[:1], fmt.Sprintf("%d others", len(words)-1))
	}
	return strings.Join(words, "; ")
}

// held is one holder: itself; oncall-1: "db move", ends in 51 s; someone else.
func held(a *app.App, now time.Time, state fleet.BreakerState, h fleet.Hold) string {
	text := document.HeldBy(state, h)
	if h.Reason != "" {
		text += fmt.Sprintf(": %q", h.Reason)
	}
	switch left := h.Until.Sub(now); {
	case h.Until.IsZero():
	case !a.IO.OutTTY:
		text += ", ends at " + h.Until.UTC().Format(time.RFC3339)
	case left < 0:
		text += ", should have ended " + term.Duration(-left) + " ago"
	default:
		text += ", ends in " + term.Duration(left)
	}
	return text
}

// fold leaves out what is closed and well, and says how much that is.
func fold(t render.Table, groups []group) (render.Table, []string) {
	rows := t.Rows
	t.Rows = nil
	services := map[fleet.Ref]bool{}
	folded := 0
	for i := range groups {
		services[groups[i].ref] = true
		if s := summary(&groups[i]); groups[i].state == fleet.BreakerClosed && (math.IsNaN(s.failed) || s.failed == 0) {
			folded++
			continue
		}
		t.Rows = append(t.Rows, rows[i])
	}
	switch {
	case len(t.Rows) == 0:
		return t, []string{app.Count(folded, "breaker") + " of " + app.Count(len(services), "service") + ": all closed"}
	case folded == 1:
		return t, []string{"  1 more is closed"}
	case folded > 1:
		return t, []string{fmt.Sprintf("  %d more are closed", folded)}
	}
	return t, nil
}
