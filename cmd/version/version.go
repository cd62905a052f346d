// Package version is `midwatch version`: what this binary was made from.
package version

import (
	"fmt"
	"runtime"

	"github.com/spf13/cobra"

	"github.com/midwatch-cli/midwatch/cmd/app"
	"github.com/midwatch-cli/midwatch/cmd/render"
	"github.com/midwatch-cli/midwatch/fleet/document"
)

const example = `  midwatch version
  midwatch version -o json --jq '.items[0].commit'`

// New returns the command.
func New(a *app.App) *cobra.Command {
	cmd := &cobra.Command{
		Use: "version", Short: "Print what this binary was made from", Example: example,
		Args: cobra.NoArgs, ValidArgsFunction: cobra.NoFileCompletions,
		RunE: func(*cobra.Command, []string) error { return run(a) },
	}
	a.AddOutput(cmd, false)
	return cmd
}

func run(a *app.App) error {
	b := a.Build
	if a.Output.Format == "" && a.Output.JQ == "" && a.Output.Template == "" {
		if a.IO.Quiet {
			return nil
		}
		_, err := fmt.Fprintf(a.IO.Out, "midwatch %s (%s, %s, %s, %s/%s)\n", b.Version, b.Commit, b.Date, b.Go, runtime.GOOS, runtime.GOARCH)
		return err
	}
	item := document.Build{Version: b.Version, Commit: b.Commit, Date: b.Date, Go: b.Go, OS: runtime.GOOS, Arch: runtime.GOARCH}
	return render.Write(a.IO, a.Output, render.View{
		Document: document.Version(a.Now(), item),
		Names:    []string{b.Version},
		Table: render.Table{
			Columns: []render.Column{{Name: "VERSION"}, {Name: "COMMIT"}, {Name: "DATE"}, {Name: "GO"}, {Name: "OS"}, {Name: "ARCH"}},
			Rows: []render.Row{{Cells: []render.Cell{
				render.Text(item.Version), render.Text(item.Commit), render.Text(item.Date), render.Text(item.Go), render.Text(item.OS), render.Text(item.Arch),
			}}},
		},
	})
}
