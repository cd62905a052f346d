package config

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"strings"

	"github.com/midwatch-cli/midwatch/fleet/config/form"
)

// State keeps which context is chosen, and which was before it, in
// $XDG_STATE_HOME/midwatch/context: two lines, the present one first. The
// folder is the user's alone (0700), the file too (0600).
type State struct {
	path string // empty where the user has no such folder
}

// StateIn returns the state of the user whose environment it is.
func StateIn(env Getenv) State {
	dir := StateDir(env)
	if dir == "" {
		return State{}
	}
	return State{path: filepath.Join(dir, "context")}
}

// StateDir is midwatch's folder for what it keeps between runs; empty where
// the user has no home.
func StateDir(env Getenv) string {
	dir := env("XDG_STATE_HOME")
	if !filepath.IsAbs(dir) {
		dir = absolute(env("HOME"), ".local", "state")
	}
	if dir == "" && runtime.GOOS == "windows" {
		dir = absolute(env("LocalAppData"))
	}
	if dir == "" {
		return ""
	}
	return filepath.Join(dir, "midwatch")
}

// Read returns the chosen context and the one before it; both are empty where
// nothing was chosen. A file that does not hold names is an *Error.
func (s State) Read() (current, previous string, err error) {
	if s.path == "" {
		return "", "", nil
	}
	data, err := os.ReadFile(s.path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return "", "", nil
	case err != nil:
		return "", "", &Error{Problems: []Problem{{File: s.path, Message: "cannot be read: " + form.ReasonOf(err), Cause: err}}}
	}
	lines := strings.Split(strings.TrimSuffix(string(data), "\n")+"\n", "\n")
	current, previous = lines[0], lines[1]
	if badContext(current) != "" || previous != "" && badContext(previous) != "" || len(lines) > 3 {
		return "", "", &Error{Problems: []Problem{{
			File: s.path, Message: "does not hold the name of a context", Hint: "`midwatch context use NAME` writes it anew",
		}}}
	}
	return current, previous, nil
}

// Use chooses a context and remembers the one before. The caller has checked
// that there is one of that name. Another process sees the old choice or the
// new one, nothing between.
func (s State) Use(name string) error {
	if wrongName := badContext(name); wrongName != "" {
		return form.Wrong("context", wrongName, form.NameHint, nil)
	}
	if s.path == "" {
		return form.Wrong("XDG_STATE_HOME", "there is no folder to keep the choice in", "set XDG_STATE_HOME or HOME", nil)
	}
	current, previous, err := s.Read()
	if err != nil {
		// What cannot be read is written anew.
		current, previous = "", ""
	}
	if current != name {
		previous = current
	}
	if err := s.write(name + "\n" + previous + "\n"); err != nil {
		return fmt.Errorf("keep the choice of context: %w", err)
	}
	return nil
}

func (s State) write(content string) error {
	dir := filepath.Dir(s.path)
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return err
	}
	tmp, err := os.CreateTemp(dir, "context-*") // made with mode 0600
	if err != nil {
		return err
	}
	_, err = tmp.WriteString(content)
	if err = errors.Join(err, tmp.Sync(), tmp.Close()); err == nil {
		err = os.Rename(tmp.Name(), s.path)
	}
	if err != nil {
		return errors.Join(err, os.Remove(tmp.Name()))
	}
	return nil
}
