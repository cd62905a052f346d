// Package register is `midwatch register`: write an instance's entry into a
// registry, and keep it alive if wanted.
package register

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
	"github.com/midwatch-cli/midwatch/fleet/match"
	"github.com/midwatch-cli/midwatch/fleet/registry"
)

type options struct {
	source    string
	namespace string
	id        string
	zone      string
	version   string
	weight    int
	labels    []string
	ttl       time.Duration
	hold      bool
	changing  write.Flags
}

const example = `  midwatch register payment 10.0.0.7:9000 --id payment-4 --zone b --yes
  midwatch register payment 127.0.0.1:9000 --label health_path=/ready --dry-run
  midwatch register payment 127.0.0.1:9000 --hold --ttl 10s --yes   until Ctrl-C`

// New returns the command.
func New(a *app.App) *cobra.Command {
	var o options
	cmd := &cobra.Command{
		Use: "register SERVICE ADDRESS", Short: "Write an instance's entry into a registry", Example: example,
		Long: `register adds an entry, or replaces the one with the same id. The plan is shown and
asked for first, and the entry is read back. With --hold it stays as long as the
command runs: it is kept alive, and taken away at Ctrl-C.`,
		Args: cobra.ExactArgs(2), ValidArgsFunction: func(cmd *cobra.Command, args []string, word string) ([]string, cobra.ShellCompDirective) {
			if len(args) > 0 {
				return nil, cobra.ShellCompDirectiveNoFileComp
			}
			return a.ServiceArgs(cmd, args, word)
		},
		RunE: func(cmd *cobra.Command, args []string) error { return run(cmd.Context(), a, &o, args[0], args[1]) },
	}
	f := cmd.Flags()
	f.StringVar(&o.source, "source", "", "the `NAME` of the registry to write to, where there are several")
	f.StringVarP(&o.namespace, "namespace", "n", "", "namespace of the entry")
	f.StringVar(&o.id, "id", "", "the instance's `ID` (default: its address)")
	f.StringVar(&o.zone, "zone", "", "where it runs")
	f.StringVar(&o.version, "service-version", "", "what it runs")
	f.IntVar(&o.weight, "weight", 0, "share of the calls")
	f.StringArrayVar(&o.labels, "label", nil, "metadata: `KEY=VALUE`, repeatable")
	f.DurationVar(&o.ttl, "ttl", 0, "how long it stays without a heartbeat (default with --hold: 10s; else until it is deregistered)")
	f.BoolVar(&o.hold, "hold", false, "keep it alive, and take it away at Ctrl-C")
	o.changing.Add(cmd, a)
	a.NoComplete(cmd, "source", "namespace", "id", "service-version", "weight", "label", "ttl")
	a.CompleteFunc(cmd, "zone", a.Zones)
	a.AddOutput(cmd, false)
	return cmd
}

func (o *options) entry(service, address string) (change.Target, change.Entry, error) {
	t := change.Target{Namespace: o.namespace, Service: service, Instance: o.id}
	e := change.Entry{Address: address, Zone: o.zone, Version: o.version, Weight: o.weight, TTL: o.ttl}
	switch {
	case o.ttl < 0:
		return t, e, app.Usagef("", "--ttl %v: must not be negative", o.ttl)
	case o.weight < 0:
		return t, e, app.Usagef("", "--weight %d: must not be negative", o.weight)
	case o.ttl > 0 && !o.hold:
		return t, e, app.Usagef("add --hold to keep it alive, or leave --ttl out", "--ttl %v without --hold: the entry would be gone after it", o.ttl)
	}
	if err := match.CheckAddress(address); err != nil {
		return t, e, app.Usagef("want HOST:PORT, such as 10.0.0.7:9000", "address %q: %v", address, err)
	}
	if err := match.CheckName(service); err != nil {
		return t, e, app.Usagef("", "service %q: %v", service, err)
	}
	if o.hold && o.ttl == 0 {
		e.TTL = 10 * time.Second
	}
	for _, l := range o.labels {
		key, value, ok := strings.Cut(l, "=")
		if !ok || key == "" {
			return t, e, app.Usagef("want KEY=VALUE, such as zone=b", "--label %q", l)
		}
		if e.Labels == nil {
			e.Labels = map[string]string{}
		}
		e.Labels[key] = value
	}
	return t, e, nil
}

func run(ctx context.Context, a *app.App, o *options, service, address string) error {
	target, entry, err := o.entry(service, address)
	if err != nil {
		return err
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
	target.Source = src.Name()
	intent, err := change.RegisterIntent(w.Context, target, entry)
	if err != nil {
		return err
	}
	results, err := w.Make(ctx, write.Intents(intent))
	if err != nil || !o.hold || results == nil {
		return err
	}
	return hold(ctx, a, src, w, results, entry.TTL)
}

// hold keeps the entry alive until the context ends, and takes it away.
func hold(ctx context.Context, a *app.App, src *registry.Source, w *write.Writer, results []change.Result, ttl time.Duration) error {
	writer, ok := registry.As[registry.Registrar](src.Registry())
	if !ok {
		return fmt.Errorf("%s: %w", src.Name(), change.ErrUnable)
	}
	target := results[0].Intent.Target
	if !a.IO.Quiet {
		fmt.Fprintf(a.IO.Err, "held: kept alive every %v, taken away at Ctrl-C\n", ttl/3)
	}
	beat := time.NewTicker(ttl / 3)
	defer beat.Stop()
	for {
		select {
		case <-ctx.Done():
			return takeAway(ctx, a, w)
		case <-beat.C:
		}
		err := writer.Heartbeat(ctx, target.Key())
		switch {
		case ctx.Err() != nil:
			return takeAway(ctx, a, w)
		case errors.Is(err, fleet.ErrNotFound):
			return &app.Error{Code: app.NotWell, Err: fmt.Errorf("%s/%s is gone from %s: somebody removed it, or it was not kept alive in time", target.Service, target.Instance, src.Name())}
		case err != nil && !a.IO.Quiet:
			fmt.Fprintf(a.IO.Err, "heartbeat failed, trying again: %v\n", err)
		}
	}
}

// takeAway undoes the registration under a time of its own: the command's has
// ended.
func takeAway(ctx context.Context, a *app.App, w *write.Writer) error {
	undoing, stop := context.WithTimeout(context.WithoutCancel(ctx), 5*time.Second)
	defer stop()
	if err := w.Undo(undoing); err != nil {
		return err
	}
	if !a.IO.Quiet {
		fmt.Fprintln(a.IO.Err, "taken away")
	}
	return nil
}
