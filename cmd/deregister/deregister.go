// Package deregister is `midwatch deregister`: remove an instance's entry from
// a registry, and say whether it stayed away.
package deregister

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/midwatch-cli/midwatch/cmd/app"
	"github.com/midwatch-cli/midwatch/cmd/write"
	"github.com/midwatch-cli/midwatch/fleet"
	"github.com/midwatch-cli/midwatch/fleet/change"
)

type options struct {
	source    string
	namespace string
	observe   time.Duration
	changing  write.Flags
}

const example = `  midwatch deregister payment/payment-4 --dry-run
  midwatch deregister payment/payment-4 --yes
  midwatch deregister payment/10.0.0.7:9000 --observe 30s --yes
  midwatch deregister payment/payment-4 --ttl 10m --yes     for ten minutes
  midwatch deregister --retry 1K9XQ2M7AB --yes              what failed, again`

// New returns the command.
func New(a *app.App) *cobra.Command {
	var o options
	cmd := &cobra.Command{
		Use: "deregister SERVICE/INSTANCE...", Short: "Remove an instance's entry from a registry", Example: example,
		Long: `deregister removes entries and looks for a while whether they stay away: a living
service may write its own again, and then it says so and ends with 1. The plan is
shown and asked for first.`,
		ValidArgsFunction: func(cmd *cobra.Command, _ []string, _ string) ([]string, cobra.ShellCompDirective) {
			return a.InstanceKeys(cmd.Context()), cobra.ShellCompDirectiveNoFileComp
		},
		RunE: func(cmd *cobra.Command, args []string) error { return run(cmd.Context(), a, &o, args) },
	}
	f := cmd.Flags()
	f.StringVar(&o.source, "source", "", "the `NAME` of the registry to write to, where there are several")
	f.StringVarP(&o.namespace, "namespace", "n", "", "namespace of the entries")
	f.DurationVar(&o.observe, "observe", 5*time.Second, "how long to look whether an entry comes back")
	o.changing.Add(cmd, a)
	o.changing.AddMany(cmd, a)
	o.changing.AddTTL(cmd, a)
	o.changing.AddRetry(cmd, a)
	a.NoComplete(cmd, "source", "namespace", "observe")
	a.AddOutput(cmd, false)
	return cmd
}

func run(ctx context.Context, a *app.App, o *options, args []string) error {
	if o.observe < 0 {
		return app.Usagef("", "--observe %v: must not be negative", o.observe)
	}
	if len(args) == 0 && o.changing.Retry == "" {
		return app.Usagef("midwatch instances -o name lists what is accepted", "name the SERVICE/INSTANCE, or the change to --retry")
	}
	if o.changing.Retry != "" {
		if len(args) > 0 {
			return app.Usagef("", "--retry goes on with a change as it was: name no entry beside it")
		}
		return write.Retry(ctx, a, &o.changing, change.KindDeregister, retry)
	}
	var targets []change.Target
	for _, arg := range args {
		service, instance, ok := strings.Cut(arg, "/")
		if !ok || service == "" || instance == "" {
			return app.Usagef("midwatch instances "+arg+" -o name lists what is accepted", "%q is no SERVICE/INSTANCE", arg)
		}
		targets = append(targets, change.Target{Namespace: o.namespace, Service: service, Instance: instance})
	}
	s, err := a.Open(ctx, app.Probing{})
	if err != nil {
		return err
	}
	defer s.Close()
	f, src, err := s.Registry(o.source)
	if err != nil {
		return err
	}
	w, err := write.New(ctx, s, f, &o.changing)
	if err != nil {
		return err
	}
	defer w.Close()
	var intents []change.Intent
	for _, t := range targets {
		t.Source = src.Name()
		intent, err := change.DeregisterIntent(w.Context, t, change.Observe{For: o.observe})
		if err != nil {
			return err
		}
		intents = append(intents, intent)
	}
	if _, err = w.Make(ctx, o.proposal(intents)); errors.Is(err, fleet.ErrNotFound) {
		return &app.Error{Code: app.CannotSay, Err: fmt.Errorf("%w: nothing was changed", err), Hint: "midwatch instances -o name lists what there is"}
	}
	return err
}

const retry = "midwatch deregister --retry"

func (o *options) proposal(intents []change.Intent) write.Proposal {
	p := write.Intents(intents...)
	p.Retry = retry
	return p
}
