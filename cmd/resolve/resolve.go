// Package resolve is `midwatch resolve`: one address to use, for scripts.
package resolve

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"

	"github.com/spf13/cobra"

	"github.com/midwatch-cli/midwatch/cmd/app"
	"github.com/midwatch-cli/midwatch/cmd/render"
	"github.com/midwatch-cli/midwatch/cmd/term"
	"github.com/midwatch-cli/midwatch/fleet"
	"github.com/midwatch-cli/midwatch/fleet/balance"
	"github.com/midwatch-cli/midwatch/fleet/config"
	"github.com/midwatch-cli/midwatch/fleet/document"
)

type options struct {
	name    string
	sel     app.Selection
	probing app.Probing
	policy  string
	near    string
	seed    uint64
	all     bool
}

const example = `  curl "http://$(midwatch resolve payment)/pay"
  midwatch resolve payment --policy round-robin
  midwatch resolve payment --policy least-latency --prefer-zone b
  midwatch resolve payment --all                   every usable one, in order
  midwatch resolve payment --policy weighted --seed 7 -o json`

// New returns the command.
func New(a *app.App) *cobra.Command {
	var o options
	cmd := &cobra.Command{
		Use: "resolve SERVICE", Short: "Print one address to use, by a load-balancing policy", Example: example,
		Long: `resolve asks the instances of a service and prints the address of one that is up.
What is draining, degraded or unknown is never given out. Where none is up it ends
with 3 and prints nothing on standard output.`,
		Args:              cobra.ExactArgs(1),
		ValidArgsFunction: a.ServiceArgs,
		RunE: func(cmd *cobra.Command, args []string) error {
			o.name = args[0]
			return run(cmd.Context(), a, &o, cmd.Flags().Changed("seed"))
		},
	}
	o.sel.Add(cmd, a)
	o.probing.Add(cmd, a)
	f := cmd.Flags()
	f.StringVar(&o.policy, "policy", string(balance.Random), "how to choose: random, round-robin, least-latency, two-choices or weighted")
	f.StringVar(&o.near, "prefer-zone", "", "instances of this `ZONE` first, the others only if it has none")
	f.Uint64Var(&o.seed, "seed", 0, "makes what is chosen by chance the same each time")
	f.BoolVar(&o.all, "all", false, "print all usable addresses, in the order they should be tried")
	a.Complete(cmd, "policy", balance.Policies()...)
	a.CompleteFunc(cmd, "prefer-zone", a.Zones)
	a.NoComplete(cmd, "seed")
	a.AddOutput(cmd, false)
	return cmd
}

func run(ctx context.Context, a *app.App, o *options, seeded bool) error {
	policy, err := balance.Parse(o.policy)
	if err != nil {
		return app.Usagef("", "--policy: %v", err)
	}
	if policy == balance.RoundRobin && a.Past != nil {
		return app.Usagef("", "--policy %s: whose turn it was is not in a recording", policy)
	}
	if err := o.probing.Check(); err != nil {
		return err
	}
	sel, err := o.sel.Compile([]string{o.name})
	if err != nil {
		return err
	}
	s, err := a.Open(ctx, o.probing)
	if err != nil {
		return err
	}
	defer s.Close()
	r, err := s.Pass(ctx, sel, app.HealthOnly, nil)
	if err != nil {
		return err
	}
	if err := one(r); err != nil {
		return err
	}
	random := rand.New(rand.NewPCG(rand.Uint64(), rand.Uint64()))
	if seeded {
		random = rand.New(rand.NewPCG(o.seed, o.seed))
	}
	svc := &r.Snapshot.Services[0]
	choose := func(cursor string) []*fleet.InstanceView {
		return balance.Order(svc.Instances, balance.Options{Policy: policy, Zone: o.near, Rand: random, Cursor: cursor})
	}
	var chosen []*fleet.InstanceView
	if policy == balance.RoundRobin {
		chosen, err = turn(config.StateDir(a.Getenv), svc.Ref, choose)
		if err != nil {
			return err
		}
	} else {
		chosen = choose("")
	}
	if len(chosen) > 1 && !o.all {
		chosen = chosen[:1]
	}
	return show(a, r.Snapshot, chosen, o)
}

// one refuses what is not one service that was found out.
func one(r app.Reading) error {
	if len(r.Missing) > 0 {
		return unknown(r)
	}
	switch n := len(r.Snapshot.Services); n {
	case 1:
		return nil
	case 0:
		return &app.Error{Code: app.CannotSay, Err: errors.New("no instance matched")}
	default:
		return app.Usagef("name one: "+r.Snapshot.Services[0].Ref.String(), "%d services have that name", n)
	}
}

// unknown says that no source knows the service, or which source did not say.
func unknown(r app.Reading) error {
	m := r.Missing[0]
	e := &app.Error{Code: app.CannotSay, Err: errors.New("no such service: " + m.Name)}
	if len(m.Suggestions) > 0 {
		e.Hint = "did you mean " + m.Suggestions[0] + "?"
	}
	for _, src := range r.Snapshot.Sources {
		if src.Reason != "" {
			e.Err, e.Hint = errors.New("registry "+src.Name+": "+src.Detail), src.Hint
		}
	}
	return e
}

func show(a *app.App, s *fleet.Snapshot, chosen []*fleet.InstanceView, o *options) error {
	v := render.View{
		Document: document.Resolve(s, chosen, o.policy),
		Table:    render.Table{Columns: []render.Column{{Name: "ADDRESS"}, {Name: "INSTANCE", Wide: true}, {Name: "ZONE", Wide: true}, {Name: "VERSION", Wide: true}}},
	}
	for _, c := range chosen {
		v.Names = append(v.Names, c.Key.String())
		v.Table.Rows = append(v.Table.Rows, render.Row{Cells: []render.Cell{render.Text(c.Addr), render.Text(c.ID), render.Text(c.Zone), render.Text(c.Version)}})
	}
	if len(chosen) == 0 && (a.Output.Format == "" || a.Output.Format == render.FormatTable || a.Output.Format == render.FormatWide) {
		return &app.Error{Code: app.CannotSay, Err: fmt.Errorf("no instance of %s is up", term.Clean(o.name)), Hint: "midwatch check " + o.name}
	}
	if a.Output.Format == "" {
		// A script wants the address and nothing else.
		for _, c := range chosen {
			if !a.IO.Quiet {
				if _, err := fmt.Fprintln(a.IO.Out, term.Clean(c.Addr)); err != nil {
					return err
				}
			}
		}
		return nil
	}
	if err := render.Write(a.IO, a.Output, v); err != nil {
		return err
	}
	if len(chosen) == 0 {
		return app.End(app.CannotSay)
	}
	return nil
}
