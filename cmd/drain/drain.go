// Package drain is `midwatch drain` and `midwatch undrain`: take instances out
// of use so that their calls finish, and put them back.
package drain

import (
	"context"
	"slices"

	"github.com/spf13/cobra"

	"github.com/midwatch-cli/midwatch/cmd/app"
	"github.com/midwatch-cli/midwatch/cmd/write"
	"github.com/midwatch-cli/midwatch/cmd/write/proposal"
	"github.com/midwatch-cli/midwatch/fleet/change"
)

const drainExample = `  midwatch drain payment/payment-2 --reason "kernel update" --ttl 1h
  midwatch drain payment --zone b --max-unavailable 2 --dry-run
  midwatch drain edge/lb-1                         a whole proxy
  midwatch drain edge --server shop/s1             one server of a proxy, on all of them`

const undrainExample = `  midwatch undrain payment/payment-2
  midwatch undrain payment --yes                   whatever of it is out
  midwatch undrain edge --server shop/s1`

const drainLong = `drain takes instances out of use: no new calls come, those in flight finish. How, is
said in the plan: by the registry where it can (Consul's maintenance), else by the
instance's own admin API (HAProxy, Envoy, Spring Cloud, the breaker contract).

The last healthy instance of a service is never taken out without --allow-empty, and
not more than half of one without --max-unavailable. "midwatch undrain" and "midwatch
changes undo" put them back; "midwatch wait SERVICE --for drained" waits for the calls.`

const undrainLong = `undrain puts instances back into use that a drain, or somebody else, took out. What
somebody else holds wants --override too.`

// draining is one of the two commands.
type draining struct {
	out       bool
	selection app.Selection
	probing   app.Probing
	flags     write.Flags
	via       string
	server    string
}

// New returns midwatch drain.
func New(a *app.App) *cobra.Command {
	d := &draining{out: true}
	cmd := d.command(a, "drain", "Take instances out of use, so that their calls finish", drainLong, drainExample)
	d.flags.AddTTL(cmd, a)
	d.flags.AddTakingOut(cmd, a)
	return cmd
}

// NewUndrain returns midwatch undrain.
func NewUndrain(a *app.App) *cobra.Command {
	d := &draining{}
	return d.command(a, "undrain", "Put instances back into use", undrainLong, undrainExample)
}

func (d *draining) command(a *app.App, name, short, long, example string) *cobra.Command {
	cmd := &cobra.Command{
		Use: name + " SERVICE...", Short: short, Long: long, Example: example,
		Args: cobra.ArbitraryArgs, ValidArgsFunction: func(cmd *cobra.Command, args []string, _ string) ([]string, cobra.ShellCompDirective) {
			all := append(a.ServiceNames(cmd.Context()), a.InstanceKeys(cmd.Context())...)
			return slices.DeleteFunc(all, func(n string) bool { return slices.Contains(args, n) }), cobra.ShellCompDirectiveNoFileComp
		},
		RunE: func(cmd *cobra.Command, args []string) error { return d.run(cmd.Context(), a, cmd.Name(), args) },
	}
	d.selection.Add(cmd, a)
	d.probing.Add(cmd, a)
	f := cmd.Flags()
	f.StringVar(&d.via, "via", "", "how: `registry or admin` (default: the registry where it can, else the admin API)")
	f.StringVar(&d.server, "server", "", "a proxy's server, by its `NAME` as midwatch breakers has it, instead of the proxy itself")
	a.Complete(cmd, "via", change.ViaRegistry, change.ViaAdmin)
	a.CompleteFunc(cmd, "server", a.BreakerNames)
	d.flags.Add(cmd, a)
	d.flags.AddMany(cmd, a)
	d.flags.AddRetry(cmd, a)
	a.AddOutput(cmd, false)
	return cmd
}

func (d *draining) check(name string, args []string) error {
	switch {
	case d.flags.Retry != "" && len(args) > 0:
		return app.Usagef("", "--retry goes on with a change as it was: name no service beside it")
	case d.flags.Retry == "" && len(args) == 0:
		return app.Usagef("such as "+name+" payment/payment-2; midwatch instances lists what there is", "which instances?")
	case d.via != "" && d.via != change.ViaRegistry && d.via != change.ViaAdmin:
		return app.Usagef("", "--via %q: want registry or admin", d.via)
	case d.via == change.ViaRegistry && d.server != "":
		return app.Usagef("", "--server is drained by way of its proxy's admin API, not of the registry")
	}
	return d.probing.Check()
}

func (d *draining) run(ctx context.Context, a *app.App, name string, args []string) error {
	if err := d.check(name, args); err != nil {
		return err
	}
	retry := "midwatch " + name + " --retry"
	if d.flags.Retry != "" {
		return write.Retry(ctx, a, &d.flags, name, retry)
	}
	sel, err := d.selection.Compile(args)
	if err != nil {
		return err
	}
	s, err := a.Open(ctx, d.probing)
	if err != nil {
		return err
	}
	defer s.Close()
	t := &proposal.Instances{Session: s, Selection: sel, Names: args, Out: d.out, Via: d.via, Server: d.server, Flags: &d.flags}
	if err := t.Read(ctx); err != nil {
		return err
	}
	w, err := write.New(ctx, s, t.Fleet(), &d.flags)
	if err != nil {
		return err
	}
	defer w.Close()
	_, err = w.Make(ctx, t.Proposal(retry))
	return err
}
