// Package schema is `midwatch schema`: the contract of the JSON documents.
package schema

import (
	"strings"

	"github.com/spf13/cobra"

	"github.com/midwatch-cli/midwatch/cmd/app"
	"github.com/midwatch-cli/midwatch/cmd/render"
	"github.com/midwatch-cli/midwatch/fleet/document/kinds"
	"github.com/midwatch-cli/midwatch/fleet/match"
)

const example = `  midwatch schema                                  the kinds there are
  midwatch schema Check > check.schema.json`

// New returns the command.
func New(a *app.App) *cobra.Command {
	cmd := &cobra.Command{
		Use: "schema [KIND]", Short: "Print the JSON Schema of a document", Example: example,
		Args: cobra.MaximumNArgs(1), ValidArgs: names(),
		RunE: func(_ *cobra.Command, args []string) error { return run(a, args) },
	}
	a.AddOutput(cmd, false)
	return cmd
}

func names() []string {
	var out []string
	for _, k := range kinds.All() {
		out = append(out, k.Kind)
	}
	return out
}

func run(a *app.App, args []string) error {
	if len(args) == 1 {
		for _, k := range names() {
			if strings.EqualFold(k, args[0]) {
				data, err := kinds.Schema(k)
				if err == nil && !a.IO.Quiet {
					_, err = a.IO.Out.Write(data)
				}
				return err
			}
		}
		hint := "there are: " + strings.Join(names(), ", ")
		if near := match.Nearest(args[0], names()); len(near) > 0 {
			hint = "did you mean " + near[0] + "?"
		}
		return app.Usagef(hint, "no document is of the kind %q", args[0])
	}
	v := render.View{Document: kinds.Schemas(a.Now()), Names: names(), Table: render.Table{Columns: []render.Column{{Name: "KIND"}, {Name: "WHAT IT IS", Flex: true}}}}
	for _, k := range kinds.All() {
		v.Table.Rows = append(v.Table.Rows, render.Row{Cells: []render.Cell{render.Text(k.Kind), render.Text(k.Summary)}})
	}
	return render.Write(a.IO, a.Output, v)
}
