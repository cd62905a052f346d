package breakers

import (
	"context"
	"errors"

	"github.com/spf13/cobra"

	"github.com/midwatch-cli/midwatch/cmd/app"
	"github.com/midwatch-cli/midwatch/cmd/write"
	"github.com/midwatch-cli/midwatch/cmd/write/proposal"
	"github.com/midwatch-cli/midwatch/fleet"
)

// verb is one of the commands that give an order.
type verb struct {
	name    fleet.Verb
	short   string
	long    string
	example string
}

// orders is the table of the commands that give one.
func orders() []verb {
	return []verb{
		{
			fleet.Trip, "Hold a circuit breaker open: calls are refused at once",
			"trip holds a breaker open on every selected instance, until it is reset or its --ttl\nis over. Calls through it are refused at once.",
			`  midwatch breakers trip order/payment --ttl 10m --reason "payment db failover"
  midwatch breakers trip '*/payment' --dry-run     everyone's towards payment
  midwatch breakers trip order/payment --zone b --batch 5 --pause 30s
  midwatch breakers trip edge/shop --percent 20    a proxy sheds a fifth
  midwatch breakers trip --retry 1K9XQ2M7AB        what a change did not do`,
		},
		{
			fleet.Reset, "Leave a circuit breaker to itself again, closed",
			"reset lifts whatever was ordered and closes the breaker: it is left to itself, and may\nopen again at once.",
			`  midwatch breakers reset order/payment
  midwatch breakers reset order --instance order-2 --yes`,
		},
		{
			fleet.Bypass, "Take a circuit breaker out of the way: calls pass unprotected",
			"bypass takes a breaker out of the way: calls pass UNPROTECTED, whatever becomes of\nthem. It ends with a reset or its --ttl.",
			`  midwatch breakers bypass order/payment --ttl 5m --reason "false alarm"
  midwatch breakers bypass order/payment --dry-run`,
		},
		{
			fleet.HalfOpen, "Let a few calls through a circuit breaker, to try",
			"half-open lets a few calls through; by them the breaker closes or opens again. Not\nevery API can: midwatch registries says which.",
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
	t := &proposal.Breakers{
		Session: s, Selection: sel, Services: services, Wanted: o.wanted.breakers, Verb: o.verb.name, Percent: o.percent, Flags: &o.flags,
		None: func(ctx context.Context, r app.Reading, _ error) error { return o.nothing(ctx, a, r) },
	}
	if err := t.Read(ctx); err != nil {
		return err
	}
	w, err := write.New(ctx, s, t.Fleet(), &o.flags)
	if err != nil {
		return err
	}
	defer w.Close()
	_, err = w.Make(ctx, t.Proposal(retry))
	return err
}

// nothing says why there is no breaker to give an order to: "there is none" and
// "it could not be found out" are two answers.
func (o *ordering) nothing(ctx context.Context, a *app.App, r app.Reading) error {
	read := o.wanted.find(ctx, a, r)
	if listed := read.end(a); listed != nil {
		return &app.Error{Code: app.CannotSay, Err: errors.New("nothing was changed")}
	}
	return &app.Error{Code: app.CannotSay, Err: errors.New("nothing was changed: there is no such breaker")}
}
