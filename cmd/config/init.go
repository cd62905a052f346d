package config

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/spf13/cobra"

	"github.com/midwatch-cli/midwatch/cmd/app"
	"github.com/midwatch-cli/midwatch/cmd/term"
	"github.com/midwatch-cli/midwatch/fleet/config/environ"
	"github.com/midwatch-cli/midwatch/fleet/registry/all"
)

type initOptions struct {
	force  bool
	dryRun bool
}

func newInit(a *app.App) *cobra.Command {
	var o initOptions
	cmd := &cobra.Command{
		Use: "init [FILE]", Short: "Write a commented file to begin with",
		Long: `init looks at the environment (CONSUL_HTTP_ADDR, ETCDCTL_ENDPOINTS, ...) and writes a
commented file with the registries it finds there, or with an example. A file that
is already there is left alone. No secret is written, only where each is found.`,
		Example: `  midwatch config init
  midwatch config init --dry-run                   show it, write nothing
  midwatch config init deploy/midwatch.yaml`,
		Args: cobra.MaximumNArgs(1), ValidArgsFunction: yamlFiles,
		RunE: func(_ *cobra.Command, args []string) error { return begin(a, &o, args) },
	}
	cmd.Flags().BoolVar(&o.force, "force", false, "replace a file that is already there")
	cmd.Flags().BoolVar(&o.dryRun, "dry-run", false, "print the file, write nothing")
	return cmd
}

func begin(a *app.App, o *initOptions, args []string) error {
	found, err := environ.Look(a.Getenv, all.Schemes())
	if err != nil {
		return &app.Error{Code: app.Usage, Err: err}
	}
	data, err := environ.Init(found)
	if err != nil {
		return err
	}
	if o.dryRun {
		_, err := answer(a).Write(data)
		return err
	}
	path, err := file(a, args)
	if err != nil {
		return err
	}
	switch err := write(path, data, o.force); {
	case errors.Is(err, fs.ErrExist):
		return app.Usagef("--force replaces it; --dry-run shows what would be written", "%s is already there", path)
	case err != nil:
		return &app.Error{Code: app.NotWell, Err: fmt.Errorf("nothing was written: %w", err)}
	}
	if a.IO.Quiet {
		return nil
	}
	fmt.Fprintln(a.IO.Err, "written: "+term.Clean(path))
	taken := 0
	for _, c := range found {
		if c.Supported {
			taken++
			fmt.Fprintln(a.IO.Err, term.Clean(fmt.Sprintf("  %s %s (from %s)", c.Kind, c.Shown, c.Variable)))
		}
		for _, name := range c.Unused {
			fmt.Fprintln(a.IO.Err, "warning: "+name+" is set and not honoured")
		}
	}
	if taken == 0 {
		fmt.Fprintln(a.IO.Err, "hint: the environment shows no registry: fill in the example, then `midwatch config validate`")
	}
	return nil
}

// write makes the file, for the user alone, with the folders above it. Without
// force an existing one is an error; with it, it is replaced whole.
func write(path string, data []byte, force bool) error {
	dir := filepath.Dir(path)
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return err
	}
	if !force {
		out, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
		if err != nil {
			return err
		}
		_, err = out.Write(data)
		return errors.Join(err, out.Close())
	}
	out, err := os.CreateTemp(dir, ".midwatch-*") // made with mode 0600
	if err != nil {
		return err
	}
	_, err = out.Write(data)
	if err = errors.Join(err, out.Close()); err == nil {
		err = os.Rename(out.Name(), path)
	}
	if err != nil {
		return errors.Join(err, os.Remove(out.Name()))
	}
	return nil
}

// answer is where what was asked for goes.
func answer(a *app.App) io.Writer {
	if a.IO.Quiet {
		return io.Discard
	}
	return a.IO.Out
}
