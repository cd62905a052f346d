// Package watch is `midwatch watch`: events as they happen, one line each.
package watch

import (
	"context"
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"github.com/midwatch-cli/midwatch/cmd/app"
	"github.com/midwatch-cli/midwatch/cmd/render"
	"github.com/midwatch-cli/midwatch/cmd/term"
	"github.com/midwatch-cli/midwatch/fleet"
	"github.com/midwatch-cli/midwatch/fleet/diff"
	"github.com/midwatch-cli/midwatch/fleet/document"
)

type options struct {
	sel      app.Selection
	probing  app.Probing
	watching app.Watching
	held     bool
}

const example = `  midwatch watch                                   until Ctrl-C
  midwatch watch payment -o jsonl --timeout 10m
  midwatch watch --registry-only                   registrations only, nothing is asked`

// New returns the command.
func New(a *app.App) *cobra.Command {
	var o options
	cmd := &cobra.Command{
		Use: "watch [SERVICE...]", Short: "Print what happens, one line each", Example: example,
		Long: `watch prints one line for each thing that happens: a service or an instance that is
new or gone, a status, a version, an address or a breaker that changed, a registry that
is lost or back. A registry that stops answering keeps its last set: nothing is called gone.
With -o json or jsonl each line is the item as it is listed, plus what happened.
It ends by Ctrl-C, or with 0 when --timeout is over.`,
		ValidArgsFunction: a.ServiceArgs,
		RunE: func(cmd *cobra.Command, args []string) error {
			return run(cmd.Context(), a, &o, args)
		},
	}
	o.sel.Add(cmd, a)
	o.probing.Add(cmd, a)
	o.watching.AddInterval(cmd, fleet.Interval)
	cmd.Flags().BoolVar(&o.held, "registry-only", false, "watch the registries and ask no instance")
	a.AddOutput(cmd, false)
	return cmd
}

func run(ctx context.Context, a *app.App, o *options, names []string) error {
	if err := o.probing.Check(); err != nil {
		return err
	}
	if err := o.watching.Check(); err != nil {
		return err
	}
	sel, err := o.sel.Compile(names)
	if err != nil {
		return err
	}
	s, err := a.Open(ctx, o.probing)
	if err != nil {
		return err
	}
	defer s.Close()
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	asking := app.Everything
	if o.held {
		asking = app.Nothing
	}
	snaps := s.Watch(ctx, sel, o.watching.Interval, asking)
	var last *fleet.Snapshot
	for {
		select {
		case snap, ok := <-snaps:
			if !ok {
				return nil
			}
			if err := s.ConfigError(); err != nil {
				return err
			}
			if last == nil {
				begin(a, snap)
			}
			for _, e := range diff.Between(last, snap) {
				if err := print(a, e, last, snap); err != nil {
					return err
				}
			}
			last = snap
		case <-a.IO.Gone():
			return nil
		}
	}
}

// begin says on standard error what is watched: the first line may be long in
// coming.
func begin(a *app.App, s *fleet.Snapshot) {
	if a.IO.Quiet {
		return
	}
	c := s.Counts()
	fmt.Fprintf(a.IO.Err, "watching %s of %s\n", app.Count(c.Instances, "instance"), app.Count(c.Services, "service"))
	for i := range s.Sources {
		if src := &s.Sources[i]; src.Reason != "" {
			fmt.Fprintln(a.IO.Err, term.Clean("registry "+src.Name+": "+src.Detail))
		}
	}
}

// print writes one event.
func print(a *app.App, e fleet.Event, before, after *fleet.Snapshot) error {
	switch {
	case a.IO.Quiet:
		return nil
	case a.Output.Format == render.FormatJSON, a.Output.Format == render.FormatJSONL, a.Output.JQ != "", a.Output.Template != "":
		return render.Line(a.IO, a.Output, document.Event(e, before, after))
	case a.Output.Format == render.FormatName:
		_, err := fmt.Fprintln(a.IO.Out, term.Clean(e.Who()))
		return err
	}
	at := e.At
	if a.IO.OutTTY && !a.Global.UTC {
		at = at.Local()
	} else {
		at = at.UTC()
	}
	layout := time.RFC3339
	if a.IO.OutTTY {
		layout = "15:04:05 MST"
	}
	_, err := fmt.Fprintln(a.IO.Out, term.Clean(at.Format(layout)+"  "+e.Sentence()))
	return err
}
