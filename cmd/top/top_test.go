package top_test

import (
	"errors"
	"os"
	"strings"
	"testing"

	"github.com/spf13/cobra"

	"github.com/midwatch-cli/midwatch/cmd/app"
	"github.com/midwatch-cli/midwatch/cmd/cmdtest"
	"github.com/midwatch-cli/midwatch/cmd/term"
	"github.com/midwatch-cli/midwatch/cmd/top"
)

// command is the command without recordings.
func command(a *app.App) *cobra.Command { return top.New(a, nil) }

// TestNoTerminal: there is something else to use, and it is said.
func TestNoTerminal(t *testing.T) {
	url := cmdtest.Inventory(t, "pay 1=10.0.0.1:80")
	for name, prepare := range map[string]func(*app.App){
		"a file":          nil,
		"a dumb terminal": func(a *app.App) { a.IO.OutTTY, a.IO.Dumb = true, true },
		"nobody types":    func(a *app.App) { a.IO.OutTTY = true },
		"nobody may type": func(a *app.App) {
			a.IO.OutTTY = true
			a.IO.Console = func() (term.Console, error) { return nil, os.ErrNotExist }
		},
		"nothing is shown": func(a *app.App) { a.IO.OutTTY, a.IO.Quiet = true, true },
	} {
		r := cmdtest.Command{New: command, Prepare: prepare}.Run(t, "--registry", url)
		var said *app.Error
		if r.Code() != app.Usage || !errors.As(r.Err, &said) || !strings.Contains(said.Hint, "watch") || !strings.Contains(said.Hint, "services -w") {
			t.Errorf("%s: ended with %d, %v", name, r.Code(), r.Err)
		}
		if r.Out != "" {
			t.Errorf("%s: wrote %q", name, r.Out)
		}
	}
}

func TestWrongUsage(t *testing.T) {
	for args, says := range map[string]string{
		"--palette pink":     "auto, dark or light",
		"--interval 1ms":     "at least 100ms",
		"--attempts 0":       "at least 1",
		"--selector ,,=":     "=",
		"pay[":               "pay[",
		"--probe-timeout 0s": "more than 0",
	} {
		r := cmdtest.Command{New: command}.Run(t, strings.Fields(args)...)
		if r.Code() != app.Usage || r.Err == nil || !strings.Contains(r.Err.Error(), says) {
			t.Errorf("%s: ended with %d, %v", args, r.Code(), r.Err)
		}
	}
}

// TestOverSSH: a command that ssh runs without a terminal is told how to have one.
func TestOverSSH(t *testing.T) {
	for env, want := range map[string]bool{"": true, "/dev/pts/1": false} {
		c := cmdtest.Command{New: command, Env: map[string]string{"SSH_CONNECTION": "10.0.0.1 5 10.0.0.2 22", "SSH_TTY": env}}
		if got := c.Run(t, "--registry", "file:///a.yaml").Hint(); strings.Contains(got, "ssh -t") != want {
			t.Errorf("SSH_TTY=%q: %s", env, got)
		}
	}
}

// TestRecordingFlags: what is said of flags that say nothing about a recording, or
// only about one.
func TestRecordingFlags(t *testing.T) {
	for args, says := range map[string]string{
		"--at 03:04":                   "none is named",
		"--speed 2":                    "none is named",
		"--replay a.zst --interval 1s": "cannot change them",
		"--replay a.zst --write":       "cannot be changed",
		"--replay=":                    "names no file",
	} {
		r := cmdtest.Command{New: command}.Run(t, strings.Fields(args)...)
		if r.Code() != app.Usage || r.Err == nil || !strings.Contains(r.Err.Error(), says) {
			t.Errorf("%s: ended with %d, %v", args, r.Code(), r.Err)
		}
	}
}
