// Package cmd is the command line: the tree of commands, and what their ends
// come to as an exit code.
package cmd

import (
	"context"
	"errors"
	"os"
	"strings"

	"github.com/spf13/cobra"

	"github.com/midwatch-cli/midwatch/cmd/app"
	"github.com/midwatch-cli/midwatch/cmd/breakers"
	"github.com/midwatch-cli/midwatch/cmd/changes"
	"github.com/midwatch-cli/midwatch/cmd/check"
	"github.com/midwatch-cli/midwatch/cmd/completion"
	"github.com/midwatch-cli/midwatch/cmd/config"
	contexts "github.com/midwatch-cli/midwatch/cmd/context"
	"github.com/midwatch-cli/midwatch/cmd/demo"
	"github.com/midwatch-cli/midwatch/cmd/deregister"
	"github.com/midwatch-cli/midwatch/cmd/doctor"
	"github.com/midwatch-cli/midwatch/cmd/drain"
	"github.com/midwatch-cli/midwatch/cmd/instances"
	"github.com/midwatch-cli/midwatch/cmd/man"
	"github.com/midwatch-cli/midwatch/cmd/metrics"
	"github.com/midwatch-cli/midwatch/cmd/query"
	"github.com/midwatch-cli/midwatch/cmd/record"
	"github.com/midwatch-cli/midwatch/cmd/register"
	"github.com/midwatch-cli/midwatch/cmd/registries"
	"github.com/midwatch-cli/midwatch/cmd/replay"
	"github.com/midwatch-cli/midwatch/cmd/resolve"
	"github.com/midwatch-cli/midwatch/cmd/schema"
	"github.com/midwatch-cli/midwatch/cmd/services"
	"github.com/midwatch-cli/midwatch/cmd/term"
	"github.com/midwatch-cli/midwatch/cmd/top"
	"github.com/midwatch-cli/midwatch/cmd/version"
	"github.com/midwatch-cli/midwatch/cmd/wait"
	"github.com/midwatch-cli/midwatch/cmd/watch"
	"github.com/midwatch-cli/midwatch/cmd/write"
	"github.com/midwatch-cli/midwatch/probe"
)

// Main runs the process's own command line and returns its exit code.
func Main() int {
	probe.Quiet()
	return Run(context.Background(), os.Args[1:], term.System(), os.Getenv)
}

// Run runs one command line on the given streams and environment.
func Run(parent context.Context, args []string, io *term.IO, getenv func(string) string) int {
	ctx, stop := withSignals(parent)
	defer stop()
	a := app.New(io, getenv)
	root := New(a)
	root.SetArgs(args)
	root.SetIn(io.In)
	root.SetOut(io.Out)
	root.SetErr(io.Err)
	return int(finish(ctx, a, root.ExecuteContext(ctx)))
}

const long = `midwatch finds a fleet of services in its registries, asks every instance how
it is, reads its metrics, shows and switches its circuit breakers, and says in an
exit code whether a deploy may go on.

  midwatch demo                                     a real little fleet to try
  midwatch top                                      the dashboard, worst first
  midwatch check --registry etcd://10.0.0.5:2379    how is everything?
  midwatch wait order --for up --timeout 5m         until it is so
  midwatch breakers trip order/payment --ttl 10m    refuse its calls for a while
  midwatch metrics                                  rate, errors, durations
  midwatch doctor payment                           what is wrong, step by step`

// New returns the tree of commands.
func New(a *app.App) *cobra.Command {
	root := &cobra.Command{
		Use: "midwatch", Short: "See and run a fleet of services, in one tool", Long: long,
		SilenceErrors: true, SilenceUsage: true,
		Args: cobra.ArbitraryArgs,
		RunE: func(cmd *cobra.Command, args []string) error {
			if len(args) > 0 {
				return unknownCommand(cmd, args[0])
			}
			return alone(cmd, a)
		},
		PersistentPreRunE: func(cmd *cobra.Command, _ []string) error {
			if err := a.Begin(); err != nil {
				return err
			}
			if a.Global.Timeout > 0 && a.Past == nil { // a recording has a time of its own
				ctx, cancel := context.WithTimeout(cmd.Context(), a.Global.Timeout)
				context.AfterFunc(cmd.Context(), cancel) // Run ends its parent
				cmd.SetContext(ctx)
			}
			if looksAtFleets(cmd) {
				write.Overdue(cmd.Context(), a)
			}
			return nil
		},
	}
	root.CompletionOptions.DisableDefaultCmd = true
	root.SuggestionsMinimumDistance = 2
	root.SetFlagErrorFunc(func(cmd *cobra.Command, err error) error {
		return flagError(cmd, err)
	})
	a.AddGlobal(root)
	addCommands(root, a)
	root.AddCommand(topics()...)
	strict(root)
	return root
}

// looksAtFleets says whether a command is about fleets: those say what is
// overdue, and the others have no time for it.
func looksAtFleets(cmd *cobra.Command) bool {
	for c := cmd; c.HasParent(); c = c.Parent() {
		if c.GroupID == "look" {
			return true
		}
	}
	return false
}

// addCommands puts the commands into their groups.
func addCommands(root *cobra.Command, a *app.App) {
	groups := []struct {
		group    cobra.Group
		commands []*cobra.Command
	}{
		{cobra.Group{ID: "look", Title: "Look:"}, []*cobra.Command{
			services.New(a), instances.New(a), check.New(a), wait.New(a), watch.New(a), top.New(a, recorded(a)), metrics.New(a), query.New(a), breakers.New(a),
			resolve.New(a), doctor.New(a), record.New(a), replay.New(a, replay.Commands{Find: find(a), Run: again(a)}),
		}},
		{cobra.Group{ID: "try", Title: "Try it:"}, []*cobra.Command{
			demo.New(a, again(a)),
		}},
		{cobra.Group{ID: "change", Title: "Change:"}, []*cobra.Command{
			changes.New(a), drain.New(a), drain.NewUndrain(a), register.New(a), deregister.New(a),
		}},
		{cobra.Group{ID: "about", Title: "Set up and look up:"}, []*cobra.Command{
			config.New(a), contexts.New(a), registries.New(a), schema.New(a), completion.New(a), man.New(a), version.New(a),
		}},
	}
	for _, g := range groups {
		root.AddGroup(&g.group)
		for _, c := range g.commands {
			c.GroupID = g.group.ID
			root.AddCommand(c)
		}
	}
}

// again runs another command line in this process.
func again(a *app.App) func(ctx context.Context, args []string) error {
	return func(ctx context.Context, args []string) error {
		root := New(a)
		root.SetArgs(args)
		root.SetOut(a.IO.Out)
		root.SetErr(a.IO.Err)
		return root.ExecuteContext(ctx)
	}
}

// recorded runs what top shows on a recording, as replay does.
func recorded(a *app.App) top.Replay {
	return func(ctx context.Context, file, at, speed string, command func(context.Context) error) error {
		return replay.In(ctx, a, "top", file, at, speed, command)
	}
}

// find says which command another command line means, and whether that goes on
// until it is ended.
func find(a *app.App) func(args []string) (path string, goesOn bool) {
	return func(args []string) (string, bool) {
		cmd, rest, err := New(a).Find(args)
		if err != nil || !cmd.HasParent() {
			return "", false
		}
		path := strings.TrimPrefix(cmd.CommandPath(), "midwatch ")
		watch := cmd.Flags().Lookup("watch")
		_ = cmd.ParseFlags(rest) // what is wrong with them is said when it is run
		always := path == "watch" || path == "wait" || path == "top"
		return path, always || watch != nil && watch.Changed
	}
}

// strict gives every command that takes no arguments the same refusal, those
// that have commands below them a guess at words that are nearly one, and all of
// them help that fits a terminal.
func strict(cmd *cobra.Command) {
	cmd.SuggestionsMinimumDistance = 2
	cmd.Long = wrapped(cmd.Long)
	for _, c := range cmd.Commands() {
		if c.HasSubCommands() && c.RunE == nil {
			c.Args = cobra.ArbitraryArgs
			c.RunE = func(cmd *cobra.Command, args []string) error {
				if len(args) > 0 {
					return unknownCommand(cmd, args[0])
				}
				return cmd.Help()
			}
		}
		if args := c.Args; args != nil {
			c.Args = func(cmd *cobra.Command, given []string) error {
				if err := args(cmd, given); err != nil {
					return app.Usagef("usage: "+cmd.UseLine(), "%v", err)
				}
				return nil
			}
		}
		strict(c)
	}
}

func unknownCommand(cmd *cobra.Command, word string) error {
	hint := "midwatch help lists the commands"
	if near := cmd.SuggestionsFor(word); len(near) > 0 {
		hint = "did you mean " + cmd.CommandPath() + " " + strings.Join(near, " or ") + "?"
	}
	return app.Usagef(hint, "there is no command %q", cmd.CommandPath()+" "+word)
}

func flagError(cmd *cobra.Command, err error) error {
	if errors.Is(err, context.Canceled) {
		return err
	}
	return app.Usagef(cmd.CommandPath()+" --help lists its flags", "%v", err)
}
