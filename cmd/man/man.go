// Package man is `midwatch man`: the manual pages.
package man

import (
	"fmt"
	"os"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/cobra/doc"

	"github.com/midwatch-cli/midwatch/cmd/app"
)

const example = `  midwatch man | man -l -                          the page of midwatch itself
  midwatch man --dir ~/.local/share/man/man1       one page a command`

// New returns the command.
func New(a *app.App) *cobra.Command {
	dir := ""
	cmd := &cobra.Command{
		Use: "man", Short: "Print the manual page, or write all of them to a folder", Example: example,
		Args: cobra.NoArgs, ValidArgsFunction: cobra.NoFileCompletions,
		RunE: func(cmd *cobra.Command, _ []string) error {
			root := cmd.Root()
			root.DisableAutoGenTag = true
			head := &doc.GenManHeader{Title: "MIDWATCH", Section: "1", Source: "midwatch " + a.Build.Version, Manual: "midwatch"}
			if date, err := time.Parse(time.RFC3339, a.Build.Date); err == nil {
				head.Date = &date
			}
			if dir == "" {
				return doc.GenMan(root, head, a.IO.Out)
			}
			err := os.MkdirAll(dir, 0o755)
			if err == nil {
				err = doc.GenManTree(root, head, dir)
			}
			if err != nil {
				return &app.Error{Code: app.Usage, Err: fmt.Errorf("--dir: %w", err)}
			}
			return nil
		},
	}
	cmd.Flags().StringVar(&dir, "dir", "", "write one page a command into this `FOLDER`")
	if err := cmd.MarkFlagDirname("dir"); err != nil {
		panic(err) // the flag is declared one line above
	}
	return cmd
}
