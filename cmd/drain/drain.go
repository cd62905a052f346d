// Package drain is `midwatch drain` and `midwatch undrain`: take instances out
// of use so that their calls finish, and put them back.
package drain

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"github.com/midwatch-cli/midwatch/cmd/app"
	"github.com/midwatch-cli/midwatch/cmd/write"
	"github.com/midwatch-cli/midwatch/fleet"
	"github.com/midwatch-cli/midwatch/fleet/breaker"
	"github.com/midwatch-cli/midwatch/fleet/change"
	"github.com/midwatch-cli/midwatch/fleet/registry"
	"github.com/midwatch-cli/midwatch/fleet/selection"
	"github.com/midwatch-cli/midwatch/fleet/wiring"
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
	on        bool
	selection app.Selection
	probing   app.Probing
	flags     write.Flags
	via       string
	server    string
}

// New returns midwatch drain.
func New(a *app.App) *cobra.Command {
	d := &draining{on: true}
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
		Args: cobra.ArbitraryArgs, ValidArgsFunction: a.ServiceArgs,
		RunE: func(cmd *cobra.Command, args []string) error { return d.run(cmd.Context(), a, cmd.Name(), args) },
	}
	d.selection.Add(cmd, a)
	d.probing.Add(cmd, a)
	f := cmd.Flags()
	f.StringVar(&d.via, "via", "", "how: `registry or admin` (default: the registry where it can, else the admin API)")
	f.StringVar(&d.server, "server", "", "a proxy's server, by its `NAME` as midwatch breakers has it, instead of the proxy itself")
	a.Complete(cmd, "via", change.ViaRegistry, change.ViaAdmin)
	a.NoComplete(cmd, "server")
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
	sel, err := d.selection.Compile(args)
	if err != nil {
		return err
	}
	s, err := a.Open(ctx, d.probing)
	if err != nil {
		return err
	}
	defer s.Close()
	t := &targets{draining: d, app: a, session: s, selection: sel}
	proposal := write.Proposal{Intents: t.intents, Says: t.says, Retry: "midwatch " + name + " --retry"}
	if d.on {
		proposal.Fleet = t.health
	}
	t.fleet = s.Fleets[0]
	if d.flags.Retry == "" {
		if _, err := t.intents(ctx); err != nil {
			return err
		}
	}
	w, err := write.New(ctx, s, t.fleet, &d.flags)
	if err != nil {
		return err
	}
	defer w.Close()
	_, err = w.Make(ctx, proposal)
	return err
}

// targets are the instances that are meant.
type targets struct {
	*draining
	app       *app.App
	session   *app.Session
	selection *selection.Selection
	fleet     *wiring.Fleet // the one context they are in
	refs      []fleet.Ref   // their services
}

// intents reads who is meant now.
func (t *targets) intents(ctx context.Context) ([]change.Intent, error) {
	r, err := t.session.Pass(ctx, t.selection, app.Places, nil)
	if err != nil {
		return nil, err
	}
	if err := t.found(r); err != nil {
		return nil, err
	}
	var intents []change.Intent
	t.refs = nil
	for i := range r.Snapshot.Services {
		s := &r.Snapshot.Services[i]
		if len(s.Instances) > 0 {
			t.refs = append(t.refs, s.Ref)
		}
		for j := range s.Instances {
			intent, err := t.intent(&s.Instances[j])
			if err != nil {
				return nil, err
			}
			intents = append(intents, intent)
		}
	}
	return intents, nil
}

// found refuses a reading that does not say who is meant.
func (t *targets) found(r app.Reading) error {
	nothing := func(hint, format string, args ...any) error {
		return &app.Error{Code: app.CannotSay, Err: fmt.Errorf("%s: nothing was changed", fmt.Sprintf(format, args...)), Hint: hint}
	}
	if len(r.Missing) > 0 {
		m, hint := r.Missing[0], "midwatch instances lists what the registries hold"
		if len(m.Suggestions) > 0 {
			hint = "did you mean " + strings.Join(m.Suggestions, " or ") + "?"
		}
		return nothing(hint, "no such service: %s", m.Name)
	}
	for i := range r.Snapshot.Sources {
		if src := &r.Snapshot.Sources[i]; src.Reason != "" {
			return nothing(src.Hint, "registry %s: %s", src.Name, src.Detail)
		}
	}
	contexts := map[string]bool{}
	for i := range r.Snapshot.Services {
		if len(r.Snapshot.Services[i].Instances) > 0 {
			contexts[r.Snapshot.Services[i].Context] = true
		}
	}
	if len(contexts) == 0 {
		return nothing("midwatch instances lists what the registries hold", "no instance matched")
	}
	if len(contexts) > 1 {
		return app.Usagef("choose one with --context", "these instances are in several contexts")
	}
	for _, f := range t.session.Fleets {
		if contexts[f.Context] {
			t.fleet = f
		}
	}
	return nil
}

// intent is what is wanted of one instance, and the way to it.
func (t *targets) intent(in *fleet.InstanceView) (change.Intent, error) {
	k := in.Key
	via, err := t.way(in)
	if err != nil {
		return change.Intent{}, err
	}
	target := change.Target{Source: k.Source, Namespace: k.Namespace, Service: k.Name, Instance: k.Instance, Address: in.Addr, Breaker: t.server}
	if via == change.ViaAdmin {
		target.Admin = in.Plan.Admin
	}
	return change.DrainIntent(k.Context, target, change.Drain{On: t.on, Via: via})
}

// way finds how an instance can be drained: by the registry, which callers
// look at, where it can; else by its own admin API.
func (t *targets) way(in *fleet.InstanceView) (string, error) {
	byRegistry, byAdmin := false, false
	if reg, err := t.fleet.Registry(in.Key.Source); err == nil {
		_, byRegistry = registry.As[registry.Drainer](reg)
	}
	var refused error
	if a := in.Plan.Admin; a != nil {
		admin, err := t.fleet.Admin(*a)
		_, drains := admin.(breaker.Drainer)
		byAdmin, refused = err == nil && drains, err
	}
	switch {
	case t.via == change.ViaRegistry && byRegistry, t.via == "" && byRegistry && t.server == "":
		return change.ViaRegistry, nil
	case t.via != change.ViaRegistry && byAdmin:
		return change.ViaAdmin, nil
	}
	text := in.Key.String() + ": "
	switch {
	case t.via == change.ViaRegistry:
		text += "registry " + in.Key.Source + " takes no instance out of use"
	case refused != nil:
		text += refused.Error()
	case in.Plan.Admin == nil:
		text += "registry " + in.Key.Source + " takes no instance out of use, and nobody says how it is administered"
	default:
		text += "its API " + in.Plan.Admin.API + " takes nothing out of use, nor does registry " + in.Key.Source
	}
	return "", &app.Error{Code: app.Usage, Err: errors.New(text), Hint: "midwatch registries says which can; set profile or breakers.api"}
}

// health is how the whole services are, for who counts what stays.
func (t *targets) health(ctx context.Context) (*fleet.Snapshot, error) {
	if t.server != "" {
		return &fleet.Snapshot{}, nil // a proxy's servers are no instances of ours
	}
	whole := app.Selection{Namespace: t.draining.selection.Namespace}
	var names []string
	for _, ref := range t.refs {
		names = append(names, ref.Source+":"+ref.Name)
	}
	sel, err := whole.Compile(names)
	if err != nil {
		return nil, err
	}
	progress := t.app.IO.Progress()
	defer progress.Done()
	r, err := t.session.Pass(ctx, sel, app.HealthOnly, func(done, total int) { progress.Count(done, total, "instances asked") })
	return r.Snapshot, err
}

// says is the plan in sentences: how many of how many, and how many stay.
func (t *targets) says(p change.Plan) []string {
	counts := map[string]int{}
	var order []string
	for i := range p.Steps {
		name := p.Steps[i].Intent.Target.Service
		if counts[name]++; counts[name] == 1 {
			order = append(order, name)
		}
	}
	var lines []string
	for _, name := range order {
		total := 0
		for _, ref := range t.refs {
			if ref.Name == name {
				total += t.session.Size(ref)
			}
		}
		switch {
		case t.server != "":
			lines = append(lines, fmt.Sprintf("This is about server %s of %d of %s of %s.", t.server, counts[name], app.Count(total, "instance"), name))
		case t.on:
			lines = append(lines, fmt.Sprintf("This takes %d of %s of %s out of use; %d stay.", counts[name], app.Count(total, "instance"), name, total-counts[name]))
		default:
			lines = append(lines, fmt.Sprintf("This puts %d of %s of %s back into use.", counts[name], app.Count(total, "instance"), name))
		}
	}
	return lines
}
