package top

import (
	"cmp"
	"context"
	"fmt"
	"os/exec"
	"runtime"
	"slices"
	"strings"
	"syscall"

	"github.com/midwatch-cli/midwatch/fleet"
)

// browser is the program that opens addresses of the web, and what stands before
// and behind the address: the person's own ($BROWSER), else the desktop's. Empty
// where there is none, or where it would open on a machine that nobody sits at.
func browser(getenv func(string) string, system string, find func(string) (string, error)) []string {
	if getenv("SSH_CONNECTION") != "" || getenv("SSH_TTY") != "" {
		return nil
	}
	var wanted [][]string
	for one := range strings.SplitSeq(getenv("BROWSER"), ":") {
		wanted = append(wanted, strings.Fields(one))
	}
	switch {
	case system == "darwin":
		wanted = append(wanted, []string{"open"})
	case getenv("WSL_DISTRO_NAME") != "":
		wanted = append(wanted, []string{"wslview"})
	case cmp.Or(getenv("WAYLAND_DISPLAY"), getenv("DISPLAY")) != "":
		wanted = append(wanted, []string{"xdg-open"})
	}
	for _, line := range wanted {
		if len(line) == 0 {
			continue
		}
		if path, err := find(line[0]); err == nil {
			line = append([]string{path}, line[1:]...)
			if !slices.ContainsFunc(line, func(arg string) bool { return strings.Contains(arg, "%s") }) {
				line = append(line, "%s")
			}
			return line
		}
	}
	return nil
}

// browse opens addresses by a program, without a shell. The program has no terminal
// and lives on by itself: only one that ends soon, and badly, is an error.
func browse(line []string) func(ctx context.Context, url string) error {
	return func(ctx context.Context, url string) error {
		args := make([]string, len(line))
		for i := range line {
			args[i] = strings.ReplaceAll(line[i], "%s", url)
		}
		cmd := exec.Command(line[0], args[1:]...) //nolint:noctx // it outlives what opened it
		cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
		if err := cmd.Start(); err != nil {
			return &fleet.Error{Detail: line[0] + " does not start: " + err.Error(), Hint: "BROWSER names another program", Err: err}
		}
		ended := make(chan error, 1)
		go func() { ended <- cmd.Wait() }()
		select {
		case err := <-ended:
			if err != nil {
				return &fleet.Error{Detail: fmt.Sprintf("%s: %v", line[0], err), Hint: "BROWSER names another program", Err: err}
			}
		case <-ctx.Done(): // it is open as long as the person likes
		}
		return nil
	}
}

// opener is what opens addresses here; nil where nothing does.
func opener(getenv func(string) string) func(ctx context.Context, url string) error {
	if line := browser(getenv, runtime.GOOS, exec.LookPath); line != nil {
		return browse(line)
	}
	return nil
}
