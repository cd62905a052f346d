package write

import (
	"os"
	"os/user"
	"path/filepath"
	"strings"

	"github.com/midwatch-cli/midwatch/cmd/app"
	"github.com/midwatch-cli/midwatch/cmd/term"
	"github.com/midwatch-cli/midwatch/fleet/change"
	"github.com/midwatch-cli/midwatch/fleet/change/keeper"
)

// who is who runs the command, and from where.
func who(a *app.App) change.Who {
	w := change.Who{
		User: userName(a), SudoUser: a.Getenv("SUDO_USER"), Host: keeper.Host(), Terminal: terminalName(), Run: run(a), PID: os.Getpid(),
	}
	if w.SudoUser == w.User {
		w.SudoUser = ""
	}
	return w
}

func userName(a *app.App) string {
	if u, err := user.Current(); err == nil && u.Username != "" {
		_, name, domain := strings.Cut(u.Username, `\`)
		if domain {
			return name
		}
		return u.Username
	}
	for _, name := range []string{"USER", "LOGNAME", "USERNAME"} {
		if value := a.Getenv(name); value != "" {
			return value
		}
	}
	return "somebody"
}

// terminalName is the name of the one that standard input comes from: pts/3.
func terminalName() string {
	name, err := os.Readlink("/proc/self/fd/0")
	if err != nil || !strings.HasPrefix(name, "/dev/") || name == os.DevNull {
		return ""
	}
	return filepath.ToSlash(strings.TrimPrefix(name, "/dev/"))
}

// run is the address of the CI run, or what names it.
func run(a *app.App) string {
	if a.IO.CI == term.NoCI {
		return ""
	}
	if server, repo, id := a.Getenv("GITHUB_SERVER_URL"), a.Getenv("GITHUB_REPOSITORY"), a.Getenv("GITHUB_RUN_ID"); server != "" && id != "" {
		return server + "/" + repo + "/actions/runs/" + id
	}
	for _, name := range []string{"CI_JOB_URL", "BUILD_URL", "CIRCLE_BUILD_URL", "BUILD_BUILDURI", "BUILDKITE_BUILD_URL"} {
		if value := a.Getenv(name); value != "" {
			return value
		}
	}
	return string(a.IO.CI)
}
