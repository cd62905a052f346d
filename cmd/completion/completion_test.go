package completion_test

import (
	"strings"
	"testing"

	"github.com/midwatch-cli/midwatch/cmd/app"
	"github.com/midwatch-cli/midwatch/cmd/cmdtest"
	"github.com/midwatch-cli/midwatch/cmd/completion"
)

func TestShells(t *testing.T) {
	for shell, want := range map[string]string{
		"bash": "__start_midwatch", "zsh": "#compdef midwatch", "fish": "complete -c midwatch", "powershell": "Register-ArgumentCompleter",
	} {
		r := cmdtest.Command{New: completion.New}.Run(t, shell)
		if r.Err != nil || !strings.Contains(r.Out, want) {
			t.Errorf("%s: ended with %v, %d bytes without %q", shell, r.Err, len(r.Out), want)
		}
	}
}

func TestUnknownShell(t *testing.T) {
	r := cmdtest.Command{New: completion.New}.Run(t, "tcsh")
	if r.Code() != app.Usage || r.Out != "" || r.Hint() != "there are: bash, zsh, fish, powershell" {
		t.Errorf("ended with %d, %v, hint %q", r.Code(), r.Err, r.Hint())
	}
	if r := (cmdtest.Command{New: completion.New}).Run(t); r.Err == nil {
		t.Error("no shell is fine")
	}
}
