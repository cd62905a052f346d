// Package config is `midwatch config`: the configuration file, looked at,
// explained and begun.
package config

import (
	"errors"
	"fmt"
	"io/fs"
	"os"

	"github.com/spf13/cobra"

	"github.com/midwatch-cli/midwatch/cmd/app"
	"github.com/midwatch-cli/midwatch/cmd/render"
	"github.com/midwatch-cli/midwatch/cmd/term"
	"github.com/midwatch-cli/midwatch/fleet/config"
	"github.com/midwatch-cli/midwatch/fleet/document"
	"github.com/midwatch-cli/midwatch/fleet/wiring"
)

const example = `  midwatch config init                             write a commented file
  midwatch config validate                         is it right? all that is wrong, with its place
  midwatch config show                             what it comes to, without secrets
  midwatch config path                             where it is`

// New returns the command and those below it.
func New(a *app.App) *cobra.Command {
	cmd := &cobra.Command{
		Use: "config", Short: "Check, show and begin the configuration file", Example: example,
		Long: `The configuration file is named by --config or $MIDWATCH_CONFIG, else it is the
user's own (midwatch/midwatch.yaml in the configuration folder). It is never looked
for in the working folder. Secrets stand in it by reference only.`,
	}
	cmd.AddCommand(newValidate(a), newShow(a), newSchema(a), newInit(a), newPath(a))
	return cmd
}

func newValidate(a *app.App) *cobra.Command {
	cmd := &cobra.Command{
		Use: "validate [FILE]", Short: "Say all that is wrong with the file, with its place",
		Long: "validate reads the file and nothing else: no registry is asked, no secret looked up.\nIt ends with 0 or, if anything is wrong, with 2.",
		Example: `  midwatch config validate
  midwatch config validate deploy/midwatch.yaml -o json`,
		Args: cobra.MaximumNArgs(1), ValidArgsFunction: yamlFiles,
		RunE: func(_ *cobra.Command, args []string) error { return validate(a, args) },
	}
	a.AddOutput(cmd, false)
	return cmd
}

// yamlFiles completes a file.
func yamlFiles(_ *cobra.Command, args []string, _ string) ([]string, cobra.ShellCompDirective) {
	if len(args) > 0 {
		return nil, cobra.ShellCompDirectiveNoFileComp
	}
	return []string{"yaml", "yml"}, cobra.ShellCompDirectiveFilterFileExt
}

// file is the path of the file that a command is about.
func file(a *app.App, args []string) (string, error) {
	if len(args) > 0 {
		return args[0], nil
	}
	path, _ := config.Find(a.Getenv, a.Global.Config)
	if path == "" {
		return "", app.Usagef("name a file with --config", "this user has no configuration folder: neither XDG_CONFIG_HOME nor HOME is set")
	}
	return path, nil
}

func validate(a *app.App, args []string) error {
	path, err := file(a, args)
	if err != nil {
		return err
	}
	f, err := config.Load(path, wiring.Known())
	var wrong *config.Error
	if err != nil && !errors.As(err, &wrong) {
		return err
	}
	v := render.View{Table: render.Table{Columns: []render.Column{{Name: "PROBLEM", Flex: true}}}}
	items := []document.Problem{}
	if wrong != nil {
		for _, p := range wrong.Problems {
			items = append(items, document.Problem{File: p.File, Line: p.Line, Column: p.Column, Path: p.Path, Detail: p.Message, Hint: p.Hint})
			v.Names = append(v.Names, fmt.Sprintf("%s:%d:%d", p.File, p.Line, p.Column))
			v.Table.Rows = append(v.Table.Rows, render.Row{Cells: []render.Cell{render.Text(p.String())}})
		}
		v.Notes = []string{path + ": " + count(len(items), "problem")}
	} else {
		v.Notes = []string{path + ": " + contents(f) + ", nothing wrong"}
	}
	v.Document = document.Config(a.Now(), items)
	if err := render.Write(a.IO, a.Output, v); err != nil {
		return err
	}
	if wrong != nil {
		return app.End(app.Usage)
	}
	return nil
}

// contents says how much a file holds.
func contents(f *config.File) string {
	registries, profiles := 0, len(f.Profiles)
	for _, c := range f.Contexts {
		registries += len(c.Registries)
		profiles += len(c.Profiles)
	}
	return count(len(f.Contexts), "context") + ", " + registriesOf(registries) + ", " + count(profiles, "profile")
}

func registriesOf(n int) string {
	if n == 1 {
		return "1 registry"
	}
	return fmt.Sprintf("%d registries", n)
}

func count(n int, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return fmt.Sprintf("%d %ss", n, what)
}

func newShow(a *app.App) *cobra.Command {
	format := "yaml"
	cmd := &cobra.Command{
		Use: "show", Short: "Print what the configuration comes to, without secrets",
		Long:    "show prints the file as canonical YAML or JSON: comments gone, relative paths resolved,\nreferences to secrets as references. Its form is that of `midwatch config schema`.",
		Example: "  midwatch config show\n  midwatch config show -o json\n  midwatch config show --config deploy/midwatch.yaml",
		Args:    cobra.NoArgs, ValidArgsFunction: cobra.NoFileCompletions,
		RunE: func(*cobra.Command, []string) error { return show(a, format) },
	}
	cmd.Flags().StringVarP(&format, "output", "o", format, "`FORMAT`: yaml, json")
	a.Complete(cmd, "output", "yaml", "json")
	return cmd
}

func show(a *app.App, format string) error {
	write := config.Show
	switch format {
	case "yaml":
	case "json":
		write = config.ShowJSON
	default:
		return app.Usagef("there are: yaml, json", "the configuration is not shown as %q", format)
	}
	f, err := a.Config()
	if err != nil {
		return err
	}
	data, err := write(f)
	if err != nil || a.IO.Quiet {
		return err
	}
	if f.Path == "" {
		fmt.Fprintln(a.IO.Err, "there is no configuration file")
		fmt.Fprintln(a.IO.Err, "hint: `midwatch config init` writes one")
	} else {
		fmt.Fprintln(a.IO.Err, "from "+term.Clean(f.Path))
	}
	_, err = answer(a).Write(data)
	return err
}

func newSchema(a *app.App) *cobra.Command {
	return &cobra.Command{
		Use: "schema", Short: "Print the JSON Schema of the file, for editors",
		Example: "  midwatch config schema > midwatch.schema.json",
		Args:    cobra.NoArgs, ValidArgsFunction: cobra.NoFileCompletions,
		RunE: func(*cobra.Command, []string) error {
			_, err := answer(a).Write(config.Schema())
			return err
		},
	}
}

func newPath(a *app.App) *cobra.Command {
	return &cobra.Command{
		Use: "path", Short: "Print where the file is, or would be",
		Example: "  midwatch config path\n  $EDITOR \"$(midwatch config path)\"",
		Args:    cobra.NoArgs, ValidArgsFunction: cobra.NoFileCompletions,
		RunE: func(*cobra.Command, []string) error { return path(a) },
	}
}

func path(a *app.App) error {
	p, err := file(a, nil)
	if err != nil {
		return err
	}
	if _, err := os.Stat(p); errors.Is(err, fs.ErrNotExist) && !a.IO.Quiet {
		fmt.Fprintln(a.IO.Err, "not there yet: `midwatch config init` writes it")
	}
	_, err = fmt.Fprintln(answer(a), term.Clean(p))
	return err
}
