package breakers

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/midwatch-cli/midwatch/cmd/app"
	"github.com/midwatch-cli/midwatch/cmd/write"
	"github.com/midwatch-cli/midwatch/fleet"
	"github.com/midwatch-cli/midwatch/fleet/change"
	"github.com/midwatch-cli/midwatch/fleet/selection"
)

// verb is one of the commands that give an order.
type verb struct {
	name    fleet.Verb
	short   string
	long    string
	does    string // to "breaker payment on 4 of 4 instances of order"
	means   string // for the calls to what the breaker protects
	example string
}

// orders is the table of the commands that give one.
func orders() []verb {
	return []verb{
		{
			fleet.Trip, "Hold a circuit breaker open: calls are refused at once",
			"trip holds a breaker open on every selected instance, until it is reset or its --ttl\nis over. Calls through it are refused at once.", "opens", "will be refused at once",
			`  midwatch breakers trip order/payment --ttl 10m --reason "payment db failover"
  midwatch breakers trip '*/payment' --dry-run     everyone's towards payment
  midwatch breakers trip order/payment --zone b --batch 5 --pause 30s
  midwatch breakers trip edge/shop --percent 20    a proxy sheds a fifth
  midwatch breakers trip --retry 1K9XQ2M7AB        what a change did not do`,
		},
		{
			fleet.Reset, "Leave a circuit breaker to itself again, closed",
			"reset lifts whatever was ordered and closes the breaker: it is left to itself, and may\nopen again at once.", "closes", "will pass as long as they succeed",
			`  midwatch breakers reset order/payment
  midwatch breakers reset order --instance order-2 --yes`,
		},
		{
			fleet.Bypass, "Take a circuit breaker out of the way: calls pass unprotected",
			"bypass takes a breaker out of the way: calls pass UNPROTECTED, whatever becomes of\nthem. It ends with a reset or its --ttl.", "bypasses", "will pass unprotected, whatever becomes of them",
			`  midwatch breakers bypass order/payment --ttl 5m --reason "false alarm"
  midwatch breakers bypass order/payment --dry-run`,
		},
		{
			fleet.HalfOpen, "Let a few calls through a circuit breaker, to try",
			"half-open lets a few calls through; by them the breaker closes or opens again. Not\nevery API can: midwatch registries says which.", "half-opens", "will be tried a few at a time",
			`  midwatch breakers half-open order/payment --instance order-2
  midwatch breakers half-open order/payment --dry-run`,
		},
	}
}

// ordering is a command that gives an order to breakers.
type ordering struct {
	verb    verb
	wanted  wanted
	flags   write.Flags
	percent int
}

// command makes it.
func (v verb) command(a *app.App) *cobra.Command {
	o := &ordering{verb: v}
	cmd := &cobra.Command{
		Use: string(v.name) + " SERVICE/BREAKER...", Short: v.short, Example: v.example,
		Long: v.long + `

The plan is shown first: on which instances, how many of how many, what else it does.
It is written down before anything is sent, read back instance by instance, and can be
taken back by "midwatch changes undo". It ends with 4 where it was done on some only.

` + grammar,
		Args: cobra.ArbitraryArgs, ValidArgsFunction: a.ServiceArgs,
		RunE: func(cmd *cobra.Command, args []string) error { return o.run(cmd.Context(), a, args) },
	}
	o.wanted.add(cmd, a)
	o.flags.Add(cmd, a)
	o.flags.AddMany(cmd, a)
	o.flags.AddRetry(cmd, a)
	if v.name.State().Held() {
		o.flags.AddTTL(cmd, a)
	}
	if v.name == fleet.Trip {
		cmd.Flags().IntVar(&o.percent, "percent", 100, "refuse this share of the calls, where the API can: `1 to 100`")
		a.NoComplete(cmd, "percent")
	}
	a.AddOutput(cmd, false)
	return cmd
}

func (o *ordering) run(ctx context.Context, a *app.App, args []string) error {
	switch {
	case o.flags.Retry != "" && len(args) > 0:
		return app.Usagef("", "--retry goes on with a change as it was: name no breaker beside it")
	case o.flags.Retry == "" && len(args) == 0 && o.wanted.name == "":
		return app.Usagef("such as "+string(o.verb.name)+" order/payment; midwatch breakers lists what there is", "which breaker?")
	case o.verb.name == fleet.Trip && (o.percent < 1 || o.percent > 100):
		return app.Usagef("", "--percent %d: want 1 to 100", o.percent)
	}
	services, err := o.wanted.parse(args)
	if err != nil {
		return err
	}
	if err := o.wanted.look.Probing.Check(); err != nil {
		return err
	}
	sel, err := o.wanted.look.Selection.Compile(services)
	if err != nil {
		return err
	}
	s, err := a.Open(ctx, o.wanted.look.Probing)
	if err != nil {
		return err
	}
	defer s.Close()
	if o.flags.Retry != "" {
		return o.make(ctx, s, fleetOf(s), write.Proposal{Retry: o.retry()})
	}
	t := &targets{ordering: o, app: a, session: s, selection: sel}
	if err := t.read(ctx); err != nil {
		return err
	}
	return o.make(ctx, s, t.context, write.Proposal{Plan: t.plan, Says: t.says, Retry: o.retry()})
}

// fleetOf is the context of a session that has one; empty where there are
// several, for which a change that is retried says its own.
func fleetOf(s *app.Session) string { return s.Fleets[0].Context }

func (o *ordering) retry() string { return "midwatch breakers " + string(o.verb.name) + " --retry" }

// make writes to a context.
func (o *ordering) make(ctx context.Context, s *app.Session, context string, p write.Proposal) error {
	for _, f := range s.Fleets {
		if f.Context != context {
			continue
		}
		w, err := write.New(ctx, s, f, &o.flags)
		if err != nil {
			return err
		}
		defer w.Close()
		if p.Plan != nil {
			p.Plan = replanned(w, p.Plan)
		}
		_, err = w.Make(ctx, p)
		return err
	}
	return app.Usagef("", "context %q is not open", context)
}

// replanned hands what was read to the desk that prepares it.
func replanned(w *write.Writer, read func(context.Context, change.Plan) (change.Plan, error)) func(context.Context, change.Plan) (change.Plan, error) {
	return func(ctx context.Context, old change.Plan) (change.Plan, error) {
		wanted, err := read(ctx, old)
		if err != nil {
			return change.Plan{}, err
		}
		intents := make([]change.Intent, len(wanted.Steps))
		for i := range wanted.Steps {
			intents[i] = wanted.Steps[i].Intent
		}
		return w.Desk().Replan(ctx, wanted, intents)
	}
}

// targets are the breakers an order goes to.
type targets struct {
	*ordering
	app       *app.App
	session   *app.Session
	selection *selection.Selection

	context  string
	snapshot *fleet.Snapshot
	names    map[fleet.Ref][]string // of the breakers that are meant, by their owner
	unread   map[fleet.Key]error    // instances that could not be asked
}

// read finds the breakers that are meant.
func (t *targets) read(ctx context.Context) error {
	progress := t.app.IO.Progress()
	r, err := t.session.Pass(ctx, t.selection, app.BreakersOnly, func(done, total int) { progress.Count(done, total, "instances asked") })
	progress.Done()
	if err != nil {
		return err
	}
	t.snapshot, t.names, t.unread = r.Snapshot, map[fleet.Ref][]string{}, map[fleet.Key]error{}
	found, err := t.wanted.breakers.Targets(r.Snapshot)
	if err != nil || len(found) == 0 {
		return t.nothing(ctx, r, err)
	}
	t.context = found[0].In.Context
	for _, f := range found {
		if f.In.Context != t.context {
			return app.Usagef("choose one with --context", "these breakers are in several contexts")
		}
		if ref := f.In.Key.Ref; !slices.Contains(t.names[ref], f.Breaker.Name) {
			t.names[ref] = append(t.names[ref], f.Breaker.Name)
		}
	}
	for _, in := range t.wanted.breakers.Unread(r.Snapshot) {
		t.unread[in.Key] = &fleet.Error{Reason: in.BreakersWhy.Reason, Detail: in.BreakersWhy.Detail, Hint: in.BreakersHint}
	}
	return nil
}

// nothing says why there is no breaker to give an order to: "there is none" and
// "it could not be found out" are two answers.
func (t *targets) nothing(ctx context.Context, r app.Reading, err error) error {
	var said *fleet.Error
	if errors.As(err, &said) && !errors.Is(err, fleet.ErrNotFound) {
		return &app.Error{Code: app.Usage, Err: said, Hint: said.Hint}
	}
	read := t.wanted.find(ctx, t.app, r)
	if listed := read.end(t.app); listed != nil {
		return &app.Error{Code: app.CannotSay, Err: errors.New("nothing was changed")}
	}
	return &app.Error{Code: app.CannotSay, Err: errors.New("nothing was changed: there is no such breaker")}
}

// plan is what is wanted of each instance that is there now. What could not be
// asked is part of it, as what cannot be done.
func (t *targets) plan(ctx context.Context, old change.Plan) (change.Plan, error) {
	known := map[string]error{}
	if len(old.Steps) > 0 { // it is read again: who is there may have changed
		r, err := t.session.Pass(ctx, t.selection, app.Places, nil)
		if err != nil {
			return change.Plan{}, err
		}
		t.snapshot = r.Snapshot
		for i := range old.Steps {
			known[old.Steps[i].Intent.Key()] = old.Steps[i].Err
		}
	}
	var p change.Plan
	for i := range t.snapshot.Services {
		s := &t.snapshot.Services[i]
		for j := range s.Instances {
			for _, name := range t.names[s.Ref] {
				step, err := t.step(&s.Instances[j], name)
				if err != nil {
					return p, err
				}
				if err := known[step.Intent.Key()]; err != nil {
					step.Err = err
				}
				p.Steps = append(p.Steps, step)
			}
		}
	}
	return p, nil
}

// step is an order to one breaker of one instance.
func (t *targets) step(in *fleet.InstanceView, name string) (change.Step, error) {
	k := in.Key
	o := change.Order{Verb: t.verb.name}
	if t.percent > 0 && t.percent < 100 {
		o.Share = float64(t.percent) / 100
	}
	intent, err := change.BreakerIntent(k.Context, change.Target{
		Source: k.Source, Namespace: k.Namespace, Service: k.Name, Instance: k.Instance, Address: in.Addr, Breaker: name, Admin: in.Plan.Admin,
	}, o)
	return change.Step{Intent: intent, Err: t.unread[k]}, err
}

// says is the plan in sentences: what it does to whom, and to how many of them.
func (t *targets) says(p change.Plan) []string {
	type group struct{ service, breaker string }
	var order []group
	n, failed := map[group]int{}, map[group]int{}
	for i := range p.Steps {
		target := p.Steps[i].Intent.Target
		g := group{target.Service, target.Breaker}
		if n[g]++; n[g] == 1 {
			order = append(order, g)
		}
		if p.Steps[i].Err != nil {
			failed[g]++
		}
	}
	var lines []string
	for _, g := range order {
		what, calls := "breaker "+g.breaker, "Calls"
		if t.percent > 0 && t.percent < 100 {
			calls = fmt.Sprintf("%d%% of the calls", t.percent)
			what += " for " + calls
		}
		line := fmt.Sprintf("This %s %s on %d of %s of %s%s.", t.verb.does, what, n[g]-failed[g], app.Count(t.total(g.service), "instance"), g.service, t.where())
		lines = append(lines, line, fmt.Sprintf("%s from %s to %s %s.", calls, g.service, g.breaker, t.verb.means))
	}
	return lines
}

// total counts the instances that a service has, selected or not.
func (t *targets) total(service string) (n int) {
	for ref := range t.names {
		if ref.Name == service {
			n += t.session.Size(ref)
		}
	}
	return n
}

// where names the context and how it is guarded: (prod, protected).
func (t *targets) where() string {
	var words []string
	for _, f := range t.session.Fleets {
		if f.Context == t.context {
			if f.Context != "" {
				words = append(words, f.Context)
			}
			if f.Protected {
				words = append(words, "protected")
			}
		}
	}
	if len(words) == 0 {
		return ""
	}
	return " (" + strings.Join(words, ", ") + ")"
}
