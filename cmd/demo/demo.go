// Package demo is `midwatch demo`: a real little fleet on this machine.
package demo

import (
	"context"
	"errors"
	"fmt"
	"os"

	"github.com/spf13/cobra"

	"github.com/midwatch-cli/midwatch/cmd/app"
	"github.com/midwatch-cli/midwatch/fleet/change/journal"
	"github.com/midwatch-cli/midwatch/fleet/change/keeper"
	"github.com/midwatch-cli/midwatch/fleet/config"
	"github.com/midwatch-cli/midwatch/fleet/demo"
)

type options struct {
	faults []string
	keep   bool
}

// Runner runs one command line in this process, as if it had been typed, and
// returns how it ended.
type Runner func(ctx context.Context, args []string) error

const example = `  midwatch demo                                    look at a fleet, until q
  midwatch demo --fault payment#2:hang             ... with something wrong in it
  midwatch demo -- check -o json                   one command against it
  midwatch demo --fault user#1:crash -- doctor user
  midwatch demo --keep                             for a second terminal`

// New returns the command. Run is what runs a command line.
func New(a *app.App, run Runner) *cobra.Command {
	var o options
	cmd := &cobra.Command{
		Use: "demo [-- COMMAND...]", Short: "Bring up a real little fleet on this machine", Example: example,
		Long: `demo starts an etcd and five services of several instances in this process, on
loopback only: a gateway, orders, payments, users and an inventory, which call each
other over REST and gRPC through circuit breakers, under a steady load. On a terminal
it shows them on the dashboard until q; elsewhere it makes one full pass and ends by its verdict.

Faults: SERVICE[#N]:errors=40%, latency=800ms, hang or crash. They can be set while it
runs, through the address that --keep prints.`,
		ValidArgsFunction: cobra.NoFileCompletions,
		RunE: func(cmd *cobra.Command, args []string) error {
			if at := cmd.ArgsLenAtDash(); at != 0 && len(args) > 0 {
				return app.Usagef("midwatch demo -- "+args[0], "a command to run stands behind --")
			}
			return start(cmd.Context(), a, &o, args, run)
		},
	}
	f := cmd.Flags()
	f.StringArrayVar(&o.faults, "fault", nil, "something wrong: `SERVICE[#N]:KIND`, repeatable (payment#2:hang)")
	f.BoolVar(&o.keep, "keep", false, "print where it is and stay, for a second terminal")
	a.CompleteFunc(cmd, "fault", func(context.Context) []string {
		return []string{"payment#2:hang", "inventory#1:crash", "payment:errors=40%", "order#2:latency=1500ms", "user#1:hang", "gateway#1:crash"}
	})
	return cmd
}

func start(ctx context.Context, a *app.App, o *options, args []string, run Runner) error {
	if o.keep && len(args) > 0 {
		return app.Usagef("", "--keep and a command exclude each other")
	}
	var faults []demo.Fault
	for _, text := range o.faults {
		f, err := demo.ParseFault(text)
		if err != nil {
			return &app.Error{Code: app.Usage, Err: fmt.Errorf("--fault: %w", err)}
		}
		faults = append(faults, f)
	}
	progress := a.IO.Progress()
	progress.Set("starting the fleet")
	d, err := demo.Start(ctx, demo.Options{Faults: faults})
	if err == nil {
		err = d.Settle(ctx)
	}
	progress.Done()
	if d != nil {
		defer d.Close()
	}
	if err != nil {
		return fmt.Errorf("the demo fleet did not start: %w", err)
	}
	if !o.keep {
		forget, err := journalled(ctx, a)
		if err != nil {
			return err
		}
		defer forget()
	}
	// The fleet is the command's only source, whatever is configured.
	against := func(args ...string) error {
		return run(ctx, append(args, "--registry", "etcd="+d.URL, "--context", "none"))
	}
	switch {
	case len(args) > 0:
		return against(args...)
	case o.keep:
		return keep(ctx, a, d)
	case a.IO.OutTTY && !a.IO.Dumb && !a.IO.Quiet:
		return against("top", "--interval", "2s")
	case a.IO.OutTTY:
		return against("check", "-o", "wide", "-w", "--interval", "2s")
	default:
		return against("check", "-o", "wide")
	}
}

// journalled gives the command a journal of its own until forget: what is in force
// when the fleet goes is nobody's to put back, nor to be reminded of. Who was to put it
// back goes too.
func journalled(ctx context.Context, a *app.App) (forget func(), err error) {
	dir, err := os.MkdirTemp("", "midwatch-demo-")
	if err != nil {
		return nil, fmt.Errorf("the demo has no folder for its journal: %w", err)
	}
	getenv := a.Getenv
	a.Getenv = func(name string) string {
		if name == "XDG_STATE_HOME" {
			return dir
		}
		return getenv(name)
	}
	return func() {
		if j, err := journal.Read(context.WithoutCancel(ctx), config.StateDir(a.Getenv), journal.Options{}); err == nil {
			_ = errors.Join(keeper.Dismiss(context.WithoutCancel(ctx), j), j.Close()) // else it ends when it finds nobody
		}
		a.Getenv = getenv
		_ = os.RemoveAll(dir) // what is left is in the system's folder for such
	}, nil
}

// keep stays until the context ends.
func keep(ctx context.Context, a *app.App, d *demo.Fleet) error {
	fmt.Fprintf(a.IO.Out, "%s\n", d.URL)
	if !a.IO.Quiet {
		fmt.Fprintf(a.IO.Err, "another terminal: midwatch check --registry '%s'\n", d.URL)
		fmt.Fprintf(a.IO.Err, "faults:           curl -H 'Content-Type: application/json' -d '{\"fault\":\"payment#2:hang\"}' %s/admin/faults\n", d.AdminURL)
		fmt.Fprintln(a.IO.Err, "Ctrl-C ends it")
	}
	<-ctx.Done()
	if errors.Is(ctx.Err(), context.DeadlineExceeded) {
		return nil
	}
	return ctx.Err()
}
