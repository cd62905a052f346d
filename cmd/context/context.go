// Package context is `midwatch context`: which of the configured fleets the
// other commands are about.
package context

import (
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/midwatch-cli/midwatch/cmd/app"
	"github.com/midwatch-cli/midwatch/cmd/render"
	"github.com/midwatch-cli/midwatch/cmd/term"
	"github.com/midwatch-cli/midwatch/fleet/config"
	"github.com/midwatch-cli/midwatch/fleet/document"
)

// previous is how the context before the present one is called.
const previous = "-"

const example = `  midwatch context list
  midwatch context use stage
  midwatch context -                               back to the one before
  midwatch check --context prod,stage              for one command only`

// New returns the command and those below it.
func New(a *app.App) *cobra.Command {
	cmd := &cobra.Command{
		Use: "context", Short: "List, show and choose the configured fleets", Example: example,
		SuggestionsMinimumDistance: 2,
		Long: `A context is a named fleet of the configuration file. Commands are about the one
that --context or $MIDWATCH_CONTEXT names, else the one chosen with "context use",
else the only one there is.`,
		Args:      cobra.ArbitraryArgs,
		ValidArgs: []string{previous + "\tback to the one before"},
		RunE: func(cmd *cobra.Command, args []string) error {
			switch {
			case len(args) == 0:
				return cmd.Help()
			case len(args) == 1 && args[0] == previous:
				return use(a, previous)
			}
			return unknown(cmd, a, args[0])
		},
	}
	cmd.AddCommand(newList(a), newUse(a), newShow(a))
	return cmd
}

// unknown refuses a word that is no command, and knows what is meant by the
// name of a context.
func unknown(cmd *cobra.Command, a *app.App, word string) error {
	hint := "there are: list, use, show, -"
	if near := cmd.SuggestionsFor(word); len(near) > 0 {
		hint = "did you mean midwatch context " + strings.Join(near, " or ") + "?"
	}
	if f, err := a.Config(); err == nil && f.Context(word) != nil {
		hint = "did you mean midwatch context use " + word + "?"
	}
	return app.Usagef(hint, "there is no command %q", "midwatch context "+word)
}

func newList(a *app.App) *cobra.Command {
	cmd := &cobra.Command{
		Use: "list", Short: "List the configured contexts", Aliases: []string{"ls"},
		Example: "  midwatch context list\n  midwatch context list -o name",
		Args:    cobra.NoArgs, ValidArgsFunction: cobra.NoFileCompletions,
		RunE: func(*cobra.Command, []string) error { return list(a) },
	}
	a.AddOutput(cmd, false)
	return cmd
}

func list(a *app.App) error {
	f, err := a.Config()
	if err != nil {
		return err
	}
	// None may be chosen among several: that is no fault of a list.
	choice, err := choose(a, f)
	v := view(a, f, pointers(f), choice.Contexts)
	switch {
	case len(f.Contexts) == 0:
		v.Notes, v.Hint = []string{"no contexts are configured"}, "`midwatch config init` writes a file; --registry URL needs none"
	case err != nil:
		v.Hint = "none is chosen: midwatch context use NAME"
	}
	return render.Write(a.IO, a.Output, v)
}

func pointers(f *config.File) []*config.Context {
	var out []*config.Context
	for i := range f.Contexts {
		out = append(out, &f.Contexts[i])
	}
	return out
}

func choose(a *app.App, f *config.File) (config.Choice, error) {
	words := strings.Join(a.Global.Contexts, ",")
	if a.Global.AllContexts {
		words = strings.Join(f.Names(), ",")
	}
	return f.Choose(words, a.Getenv, config.StateIn(a.Getenv))
}

// view shows some contexts, the chosen ones marked.
func view(a *app.App, f *config.File, some, chosen []*config.Context) render.View {
	v := render.View{Table: render.Table{Columns: []render.Column{
		{Name: "CHOSEN"}, {Name: "CONTEXT"}, {Name: "REGISTRIES", Flex: true}, {Name: "WRITES"},
	}}}
	items := []document.Context{}
	for _, c := range some {
		item := document.Context{Name: c.Name, Chosen: slices.Contains(chosen, c), Registries: []string{}, ReadOnly: c.ReadOnly, Protected: c.Protected}
		for _, r := range c.Registries {
			item.Registries = append(item.Registries, r.URL)
		}
		mark, writes := "", "asked"
		if item.Chosen {
			mark = "*"
		}
		switch {
		case c.ReadOnly:
			writes = "refused"
		case c.Protected:
			writes = "protected"
		}
		v.Names = append(v.Names, c.Name)
		v.Table.Rows = append(v.Table.Rows, render.Row{Cells: []render.Cell{
			render.Text(mark), render.Text(c.Name), render.Text(strings.Join(item.Registries, " ")), render.Text(writes),
		}})
		items = append(items, item)
	}
	v.Document = document.Contexts(a.Now(), items)
	return v
}

func newShow(a *app.App) *cobra.Command {
	cmd := &cobra.Command{
		Use: "show", Short: "Show the context that commands are about, and who chose it",
		Example: "  midwatch context show\n  midwatch context show -o name",
		Args:    cobra.NoArgs, ValidArgsFunction: cobra.NoFileCompletions,
		RunE: func(*cobra.Command, []string) error { return show(a) },
	}
	a.AddOutput(cmd, false)
	return cmd
}

func show(a *app.App) error {
	f, err := a.Config()
	if err != nil {
		return err
	}
	choice, err := choose(a, f)
	if err != nil {
		return &app.Error{Code: app.Usage, Err: err}
	}
	v := view(a, f, choice.Contexts, choice.Contexts)
	if v.Notes = []string{"chosen by: " + choice.From}; len(choice.Contexts) == 0 {
		v.Notes, v.Hint = []string{"no context: commands use --registry, or what the environment shows"}, ""
	}
	return render.Write(a.IO, a.Output, v)
}

func newUse(a *app.App) *cobra.Command {
	return &cobra.Command{
		Use: "use NAME|-", Short: "Choose the context that commands are about from now on",
		Example: "  midwatch context use prod\n  midwatch context use -",
		Args:    cobra.ExactArgs(1),
		ValidArgsFunction: func(_ *cobra.Command, args []string, _ string) ([]string, cobra.ShellCompDirective) {
			f, err := a.Config()
			if err != nil || len(args) > 0 {
				return nil, cobra.ShellCompDirectiveNoFileComp
			}
			return f.Names(), cobra.ShellCompDirectiveNoFileComp
		},
		RunE: func(_ *cobra.Command, args []string) error { return use(a, args[0]) },
	}
}

func use(a *app.App, name string) error {
	f, err := a.Config()
	if err != nil {
		return err
	}
	state := config.StateIn(a.Getenv)
	current, before, unread := state.Read()
	if name == previous {
		if unread != nil {
			return &app.Error{Code: app.Usage, Err: unread, Hint: "midwatch context use NAME writes it anew"}
		}
		if name = before; name == "" {
			return app.Usagef("midwatch context use NAME chooses one", "there was no context before")
		}
	}
	if _, err := f.Named(name); err != nil {
		return &app.Error{Code: app.Usage, Err: err}
	}
	if err := state.Use(name); err != nil {
		return &app.Error{Code: app.NotWell, Err: err}
	}
	if a.IO.Quiet {
		return nil
	}
	line := "context " + name
	if current != "" && current != name {
		line += " (was " + current + "; midwatch context - goes back)"
	}
	fmt.Fprintln(a.IO.Err, term.Clean(line))
	if over := a.Getenv("MIDWATCH_CONTEXT"); over != "" && over != name {
		fmt.Fprintln(a.IO.Err, term.Clean("warning: MIDWATCH_CONTEXT="+over+" is set and wins"))
	}
	return nil
}
