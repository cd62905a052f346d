// Package top is `midwatch top`: the dashboard.
package top

import (
	"context"
	"errors"
	"time"

	"github.com/spf13/cobra"

	"github.com/midwatch-cli/midwatch/cmd/app"
	"github.com/midwatch-cli/midwatch/fleet"
	"github.com/midwatch-cli/midwatch/fleet/metrics/series"
	"github.com/midwatch-cli/midwatch/fleet/wiring"
	"github.com/midwatch-cli/midwatch/tui"
	"github.com/midwatch-cli/midwatch/tui/theme"
)

type options struct {
	sel      app.Selection
	probing  app.Probing
	watching app.Watching
	recorded recording
	palette  string
	blind    bool
	write    bool
	spoken   bool
}

const example = `  midwatch top
  midwatch top payment 'ord*' --interval 2s
  midwatch top --palette light --color-blind
  midwatch top --screen-reader                     for who hears the terminal
  midwatch top --write                             trip, drain, undo from the start
  midwatch top --replay incident.jsonl.zst --at 02:11  walk through what was
  midwatch demo -- top                             on a real little fleet`

// New returns the command. Replay is what plays recordings.
func New(a *app.App, replay Replay) *cobra.Command {
	var o options
	cmd := &cobra.Command{
		Use: "top [SERVICE...]", Short: "Watch the fleet on a screen that one can walk through", Example: example,
		Long: `top shows the fleet on the whole terminal, worst first, and goes on until q. Every
service and instance has a page: enter goes in, esc back, / filters, : goes anywhere, and
? lists the keys. What stands there is what check and metrics read, again and again.
With --replay it shows a recording instead, which can be paused, sought in and stepped.
It changes nothing until --write, :write in it, or the context's write: true allows it;
then T trips, D drains, U undoes, and every change shows its plan first and asks.
With --screen-reader it draws nothing: it says in lines what there is and what happens,
and is told what to do in lines. Without a terminal there is midwatch watch, too.`,
		ValidArgsFunction: a.ServiceArgs,
		RunE: func(cmd *cobra.Command, args []string) error {
			o.spoken = o.spoken || a.Getenv("MIDWATCH_SCREEN_READER") != ""
			show := func(ctx context.Context) error { return run(ctx, a, &o, args) }
			if err := o.recorded.check(cmd, a); err != nil {
				return err
			}
			if o.recorded.file != "" {
				return replay(cmd.Context(), o.recorded.file, o.recorded.at, o.recorded.speed, show)
			}
			return show(cmd.Context())
		},
	}
	o.sel.Add(cmd, a)
	o.probing.Add(cmd, a)
	o.watching.AddInterval(cmd, fleet.Interval)
	o.recorded.add(cmd, a)
	f := cmd.Flags()
	f.StringVar(&o.palette, "palette", "auto", "colours for a ground that is dark or light; auto asks the terminal")
	f.BoolVar(&o.blind, "color-blind", false, "colours that do not rest on red and green")
	f.BoolVar(&o.write, "write", false, "allow changes from the start; else :write in it asks once")
	f.BoolVar(&o.spoken, "screen-reader", false, "draw nothing: say what there is in lines, and take lines; for who hears the terminal, and for terminals that nothing can be drawn on")
	a.Complete(cmd, "palette", "auto", "dark", "light")
	return cmd
}

func (o *options) check() error {
	if err := o.probing.Check(); err != nil {
		return err
	}
	if o.palette != "auto" && o.palette != "dark" && o.palette != "light" {
		return app.Usagef("", "--palette %q: want auto, dark or light", o.palette)
	}
	return o.watching.Check()
}

// reachable refuses where there is no terminal to draw on or none to type on. Lines
// need neither.
func (o *options) reachable(a *app.App) error {
	if o.spoken {
		return nil
	}
	refused := func() error {
		hint := "midwatch top --screen-reader needs none, midwatch watch prints what happens, midwatch services -w lists again and again"
		if a.Getenv("SSH_CONNECTION") != "" && a.Getenv("SSH_TTY") == "" {
			hint = "over ssh a command has one with ssh -t; else " + hint
		}
		if a.IO.OutTTY && a.IO.Dumb {
			return app.Usagef(hint, "top needs a terminal that can be drawn on: TERM is dumb")
		}
		return app.Usagef(hint, "top needs a terminal")
	}
	if !a.IO.OutTTY || a.IO.Dumb || a.IO.Quiet || a.IO.Screen() == nil {
		return refused()
	}
	console, err := a.IO.Console()
	if err != nil {
		return refused()
	}
	return console.Close()
}

func run(ctx context.Context, a *app.App, o *options, names []string) error {
	if err := o.check(); err != nil {
		return err
	}
	sel, err := o.sel.Compile(names)
	if err != nil {
		return err
	}
	if err := o.reachable(a); err != nil {
		return err
	}
	o.probing.Explain = true // the page of an instance shows who decided how it is asked
	s, err := a.Open(ctx, o.probing)
	if err != nil {
		return err
	}
	defer s.Close()
	s.Measures = wiring.Measure(s.Fleets, series.Options{}, 0)
	ctx, stop := context.WithCancelCause(ctx)
	defer stop(nil)
	zone := time.Local
	if a.Global.UTC {
		zone = time.UTC
	}
	view := tui.Options{
		Interval: o.watching.Interval, Now: a.Now, Zone: zone, Fixed: o.palette != "auto",
		World: world(a), Theme: theme.Options{Light: o.palette == "light", ColorBlind: o.blind, Colorless: !a.IO.OutColor, ASCII: a.IO.OutASCII()},
	}
	if s.Past() != nil {
		view.Interval = 0 // a recording is never late
		view.Hands.Player, view.Feed = walk(ctx, s, sel)
	} else {
		view.Hands, view.Feed = live(ctx, s, sel, o.watching.Interval)
		d := newDesk(s, o.probing)
		view.Desk, view.Writing = d, d.begins(o.write)
	}
	view.Feed = watched(s, view.Feed, stop)
	if names := s.Contexts(); len(names) == 1 {
		view.Context = names[0]
	}
	err = o.show(ctx, a, view)
	if errors.Is(err, context.DeadlineExceeded) {
		return nil // --timeout: that long was wanted
	}
	return err
}

// show is the dashboard, until it is left.
func (o *options) show(ctx context.Context, a *app.App, view tui.Options) error {
	if !o.spoken {
		return tui.Run(ctx, a.IO.Screen(), view)
	}
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	go func() {
		select {
		case <-a.IO.Gone(): // nobody hears it any more
			stop()
		case <-ctx.Done():
		}
	}()
	err := tui.Speak(ctx, a.IO.In, a.IO.Out, view)
	select {
	case <-a.IO.Gone():
		return nil
	default:
		return err
	}
}

// watched hands snapshots on, the newest only, and ends everything where a source
// has a fault that its owner has to correct.
func watched(s *app.Session, from <-chan *fleet.Snapshot, stop context.CancelCauseFunc) <-chan *fleet.Snapshot {
	to := make(chan *fleet.Snapshot, 1)
	go func() {
		defer close(to)
		for snap := range from {
			if err := s.ConfigError(); err != nil {
				stop(err)
				return
			}
			select {
			case <-to: // nobody has seen the last one
			default:
			}
			to <- snap
		}
		if err := s.ConfigError(); err != nil { // a recording that cannot be read on
			stop(err)
		}
	}()
	return to
}
