package keeper

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/midwatch-cli/midwatch/fleet"
	"github.com/midwatch-cli/midwatch/fleet/change"
)

// LogFile is what keepers write into the state folder.
const LogFile = "keeper.log"

// maxLog is when a keeper's log is begun anew.
const maxLog = 1 << 20

// begins is how long a keeper that was started has until it shows in the
// journal.
const begins = 10 * time.Second

// Ensure returns the keeper that lives, and starts one where none does. It is
// seen alive in the journal when Ensure returns.
func Ensure(ctx context.Context, j change.Journal, dir string, args ...string) (change.Keeper, error) {
	k, err := living(ctx, j)
	if err != nil || !k.IsZero() {
		return k, err
	}
	if err := start(dir, args); err != nil {
		return change.Keeper{}, &fleet.Error{Detail: "no keeper could be started, who would put it back: " + err.Error(), Hint: waitInstead, Err: err}
	}
	ctx, stop := context.WithTimeout(ctx, begins)
	defer stop()
	for tick := time.NewTicker(20 * time.Millisecond); ; {
		if k, err := living(ctx, j); err != nil || !k.IsZero() {
			tick.Stop()
			return k, err
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			tick.Stop()
			return change.Keeper{}, &fleet.Error{Detail: fmt.Sprintf("the keeper that was started did not begin within %v", begins), Hint: filepath.Join(dir, LogFile) + " may say why; " + waitInstead, Err: ctx.Err()}
		}
	}
}

// Dismiss ends the keeper of a journal that is about to go, with the fleet that it is
// about: there is nothing left that it could put back. One on another machine stays.
func Dismiss(ctx context.Context, j change.Journal) error {
	k, err := living(ctx, j)
	if err != nil || k.IsZero() || k.Host != Host() {
		return err
	}
	return end(k.PID)
}

const waitInstead = "--wait stays and puts it back itself"

// living is the keeper that lives; zero where none does.
func living(ctx context.Context, j change.Journal) (change.Keeper, error) {
	k, err := j.Keeper(ctx)
	if err != nil || k.IsZero() || time.Since(k.Beat) > change.KeeperLost || !Alive(k.Host, k.PID) {
		return change.Keeper{}, err
	}
	return k, nil
}

// start runs this program again, on its own: in a session without a terminal,
// in no folder that somebody may want to remove.
func start(dir string, args []string) error {
	log, err := Log(dir)
	if err != nil {
		return err
	}
	defer func() { _ = log.Close() }() // the keeper has its own
	exe, err := program()
	if err != nil {
		return err
	}
	c := exec.CommandContext(context.Background(), exe, args...) // it outlives whatever ends us
	c.Stdout, c.Stderr, c.Dir = log, log, string(filepath.Separator)
	c.Env = append(os.Environ(), "XDG_STATE_HOME="+filepath.Dir(dir)) // it keeps this journal, wherever the usual one is
	detach(c)
	if err := c.Start(); err != nil {
		return err
	}
	return c.Process.Release()
}

// program is the file of this program, under the name it was called by where
// that is the same file.
func program() (string, error) {
	exe, err := os.Executable()
	if err != nil {
		return "", err
	}
	called, err := exec.LookPath(os.Args[0])
	if err != nil {
		return exe, nil
	}
	if called, err = filepath.Abs(called); err != nil {
		return exe, nil
	}
	a, first := os.Stat(exe)
	b, second := os.Stat(called)
	if first == nil && second == nil && os.SameFile(a, b) {
		return called, nil
	}
	return exe, nil
}

// Log opens the log in the state folder, for the user alone.
func Log(dir string) (*os.File, error) {
	path := filepath.Join(dir, LogFile)
	how := os.O_APPEND | os.O_CREATE | os.O_WRONLY
	if info, err := os.Stat(path); err == nil && info.Size() > maxLog {
		how |= os.O_TRUNC
	}
	return os.OpenFile(path, how, 0o600)
}

// Self is this process as a keeper.
func Self() change.Keeper {
	return change.Keeper{PID: os.Getpid(), Host: Host(), Env: variables()}
}

// variables lists the names of the environment's variables.
func variables() []string {
	var names []string
	for _, line := range os.Environ() {
		if name, value, _ := strings.Cut(line, "="); name != "" && value != "" {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return names
}

// Lacks lists which of the variables that hold a change's secrets a keeper was
// started without.
func Lacks(k change.Keeper, needed []string) []string {
	var lacks []string
	for _, name := range needed {
		if !slices.Contains(k.Env, name) {
			lacks = append(lacks, name)
		}
	}
	return lacks
}
