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
	"github.com/midwatch-cli/midwatch/cmd/write/screen"
	"github.com/midwatch-cli/midwatch/fleet"
	"github.com/midwatch-cli/midwatch/fleet/change"
	"github.com/midwatch-cli/midwatch/fleet/selection"
	"github.com/midwatch-cli/midwatch/fleet/wiring"
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
		Args: cobra.ArbitraryArgs, ValidArgsFunction: addresses(a, v.name),
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

// check refuses what makes no sense.
func (o *ordering) check(args []string) error {
	switch {
	case o.flags.Retry != "" && (len(args) > 0 || o.wanted.name != ""):
		return app.Usagef("", "--retry goes on with a change as it was: name no breaker beside it")
	case o.flags.Retry == "" && len(args) == 0 && o.wanted.name == "":
		return app.Usagef("such as "+string(o.verb.name)+" order/payment; midwatch breakers lists what there is", "which breaker?")
	case o.verb.name == fleet.Trip && (o.percent < 1 || o.percent > 100):
		return app.Usagef("", "--percent %d: want 1 to 100", o.percent)
	}
	return o.wanted.look.Probing.Check()
}

func (o *ordering) run(ctx context.Context, a *app.App, args []string) error {
	if err := o.check(args); err != nil {
		return err
	}
	retry := "midwatch breakers " + string(o.verb.name) + " --retry"
	if o.flags.Retry != "" {
		return write.Retry(ctx, a, &o.flags, string(o.verb.name), retry)
	}
	services, err := o.wanted.parse(args)
	if err != nil {
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
	t := &targets{ordering: o, app: a, session: s, selection: sel, services: services}
	if err := t.read(ctx); err != nil {
		return err
	}
	w, err := write.New(ctx, s, t.fleet, &o.flags)
	if err != nil {
		return err
	}
	defer w.Close()
	_, err = w.Make(ctx, write.Proposal{Steps: t.steps, Says: t.says, Retry: retry})
	return err
}

// targets are the breakers an order goes to.
type targets struct {
	*ordering
	app       *app.App
	session   *app.Session
	selection *selection.Selection
	services  []string // as they were written

	fleet    *wiring.Fleet // the one context they are in
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
	if err := write.Unread(r, t.services); err != nil {
		return err
	}
	for _, f := range found {
		t.mean(f.In.Key.Ref, f.Breaker.Name)
	}
	if err := t.addUnread(); err != nil {
		return err
	}
	return t.oneContext()
}

func (t *targets) mean(ref fleet.Ref, name string) {
	if !slices.Contains(t.names[ref], name) {
		t.names[ref] = append(t.names[ref], name)
	}
}

// addUnread puts the instances that could not be asked beside those that could:
// they are meant too. Of a service of which none could be asked it is known what
// is meant only where the breaker was named, and not by a glob.
func (t *targets) addUnread() error {
	for _, in := range t.wanted.breakers.Unread(t.snapshot) {
		t.unread[in.Key] = &fleet.Error{Reason: in.BreakersWhy.Reason, Detail: in.BreakersWhy.Detail, Hint: in.BreakersHint}
		if len(t.names[in.Key.Ref]) > 0 {
			continue
		}
		names, exact := t.wanted.breakers.Named(in.Key.Ref)
		if !exact {
			return &app.Error{
				Code: app.CannotSay, Hint: "name the breakers, or the services, that are meant",
				Err: fmt.Errorf("breakers of %s could not be read, and some of them may be meant: %s: nothing was changed", in.Key, in.BreakersWhy.Detail),
			}
		}
		for _, name := range names {
			t.mean(in.Key.Ref, name)
		}
	}
	return nil
}

// oneContext finds the context that is written to.
func (t *targets) oneContext() error {
	for ref := range t.names {
		for _, f := range t.session.Fleets {
			if f.Context != ref.Context {
				continue
			}
			if t.fleet != nil && t.fleet != f {
				return app.Usagef("choose one with --context", "these breakers are in several contexts")
			}
			t.fleet = f
		}
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

// steps are what is wanted of each instance that is there now. What could not be
// asked is among them, as what cannot be done.
func (t *targets) steps(ctx context.Context, old change.Plan) ([]change.Step, error) {
	if len(old.Steps) > 0 { // who is there may have changed
		r, err := t.session.Pass(ctx, t.selection, app.Places, nil)
		if err != nil {
			return nil, err
		}
		if err := write.Unread(r, t.services); err != nil {
			return nil, err
		}
		t.snapshot = r.Snapshot
	}
	var steps []change.Step
	for i := range t.snapshot.Services {
		s := &t.snapshot.Services[i]
		for j := range s.Instances {
			for _, name := range t.names[s.Ref] {
				step, err := t.step(&s.Instances[j], name)
				if err != nil {
					return nil, err
				}
				steps = append(steps, step)
			}
		}
	}
	return steps, nil
}

// step is an order to one breaker of one instance.
func (t *targets) step(in *fleet.InstanceView, name string) (change.Step, error) {
	k := in.Key
	o := change.Order{Verb: t.verb.name}
	if t.shared() {
		o.Share = float64(t.percent) / 100
	}
	intent, err := change.BreakerIntent(k.Context, change.Target{
		Source: k.Source, Namespace: k.Namespace, Service: k.Name, Instance: k.Instance, Address: in.Addr, Breaker: name, Admin: in.Plan.Admin,
	}, o)
	return change.Step{Intent: intent, Err: t.unread[k]}, err
}

// shared says that a share of the calls is meant, not all.
func (t *targets) shared() bool { return t.percent > 0 && t.percent < 100 }

// says is the plan in sentences: what it does to whom, and to how many of them.
func (t *targets) says(p change.Plan) []screen.Passage {
	type group struct {
		ref     fleet.Ref
		breaker string
	}
	var parts []screen.Passage
	var order []group
	at := map[group]int{}
	for i := range p.Steps {
		target := p.Steps[i].Intent.Target
		ref := target.Key().Ref
		ref.Context, ref.Source = p.Steps[i].Intent.Context, target.Source
		g := group{ref, target.Breaker}
		n, known := at[g]
		if !known {
			n = len(parts)
			at[g], parts, order = n, append(parts, screen.Passage{}), append(order, g)
		}
		parts[n].Steps = append(parts[n].Steps, i)
	}
	for n, g := range order {
		var needed bool
		parts[n].Says, needed = t.sentence(&p, parts[n].Steps, g.ref, g.breaker)
		if !needed {
			continue
		}
		calls := "Calls"
		if t.shared() {
			calls = fmt.Sprintf("%d%% of the calls", t.percent)
		}
		parts[n].Then = []string{fmt.Sprintf("%s from %s to %s %s.", calls, g.ref.Name, g.breaker, t.verb.means)}
	}
	return parts
}

// sentence says on how many instances of how many something is done, and why
// not on the others.
func (t *targets) sentence(p *change.Plan, steps []int, ref fleet.Ref, name string) (line string, needed bool) {
	n, so, cannot := t.flags.Page().Split(p, steps)
	of := app.Count(t.session.Size(ref), "instance") + " of " + t.owner(ref)
	if n > 0 {
		return fmt.Sprintf("This %s breaker %s on %d of %s%s.", t.verb.does, name, n, of, screen.Besides(so, cannot)), true
	}
	return fmt.Sprintf("Breaker %s is %s on %d of %s already: there is nothing to do%s.", name, t.verb.name.State().Words(), so, of, screen.Besides(0, cannot)), false
}

// owner names a service, where it is, and how that is guarded: order (prod,
// protected).
func (t *targets) owner(ref fleet.Ref) string {
	name := ref.Name
	for other := range t.names {
		if other.Name == ref.Name && other != ref {
			name = strings.TrimPrefix(ref.Namespace+"/", "/") + ref.Name + " in " + ref.Source
		}
	}
	var words []string
	if t.fleet.Context != "" {
		words = append(words, t.fleet.Context)
	}
	if t.fleet.Protected {
		words = append(words, "protected")
	}
	if len(words) == 0 {
		return name
	}
	return name + " (" + strings.Join(words, ", ") + ")"
}
