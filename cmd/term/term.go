// Package term is the ground between midwatch and the terminal: the three
// streams, what is known of them (terminal or not, width, colour, characters,
// CI), progress on standard error, questions to the person in front, and the
// one function that makes text of services safe to print. It knows nothing of
// fleets.
package term

import (
	"bytes"
	"fmt"
	"io"
	"os"
	"os/signal"
	"strconv"
	"strings"
	"syscall"
	"time"

	xterm "golang.org/x/term"
)

// CI names the build system the process runs in; empty outside of one.
type CI string

// The build systems whose output has forms of its own.
const (
	NoCI     CI = ""
	GitHub   CI = "github"
	GitLab   CI = "gitlab"
	Azure    CI = "azure"
	TeamCity CI = "teamcity"
	OtherCI  CI = "ci"
)

// IO is the streams of one command and what is known of them. Standard output
// is only for the answer; everything else goes to Err.
type IO struct {
	In  io.Reader
	Out io.Writer // swallows writes once nobody reads any more; see Gone
	Err io.Writer

	OutTTY   bool
	ErrTTY   bool
	OutColor bool // colour may underline words on Out
	ErrColor bool
	ASCII    bool // only ASCII may be drawn on a terminal, by its locale or by flag
	Dumb     bool // a terminal without cursor movement
	CI       CI
	Quiet    bool
	Wide     func() int // columns there are at the moment; never nil

	// Console opens the controlling terminal, for questions. It fails where
	// there is none.
	Console func() (Console, error)

	screen *os.File // behind Out, where that is a terminal

	gone  chan struct{}
	plain bool // --ascii was given: also off a terminal
}

// Console is a terminal that questions are asked on.
type Console interface {
	io.ReadWriteCloser
	SetReadDeadline(t time.Time) error
}

// Settings are the flags that bear on the streams.
type Settings struct {
	Color string // auto (also when empty), always, never
	ASCII bool   // --ascii
	NoCI  bool   // --no-ci
	Quiet bool   // -q
}

// System is the process's own streams. It is called once, at the start: from
// then on a closed standard output no longer ends the process by a signal.
func System() *IO {
	// Asked for and never read: a write to a closed pipe is an error then.
	signal.Notify(make(chan os.Signal, 1), syscall.SIGPIPE)
	return system(os.Stdin, os.Stdout, os.Stderr, os.Getenv)
}

// system is System for any files and environment.
func system(in, out, errw *os.File, getenv func(string) string) *IO {
	t := &IO{In: in, OutTTY: isTerminal(out), ErrTTY: isTerminal(errw), CI: detectCI(getenv), gone: make(chan struct{})}
	if t.OutTTY {
		t.screen = out
	}
	t.Out = &pipe{to: out, gone: t.gone}
	t.Err = &pipe{to: errw, gone: make(chan struct{})}
	t.OutColor, t.ErrColor = autoColor(getenv, t.OutTTY), autoColor(getenv, t.ErrTTY)
	t.ASCII, t.Dumb = !speaksUTF8(getenv), getenv("TERM") == "dumb"
	t.Wide = func() int { return columns(getenv, out, errw) }
	t.Console = openConsole
	return t
}

// Test is an IO on buffers: no terminal, no colour, UTF-8. Tests set what they
// need.
func Test(in string) (t *IO, out, errw *bytes.Buffer) {
	out, errw = &bytes.Buffer{}, &bytes.Buffer{}
	gone := make(chan struct{})
	t = &IO{
		In: strings.NewReader(in), Out: &pipe{to: out, gone: gone}, Err: errw,
		Wide: func() int { return 80 }, Console: func() (Console, error) { return nil, ErrNoTerminal }, gone: gone,
	}
	return t, out, errw
}

// File is an IO whose output is a file: no terminal, no questions. Reports are
// written with it.
func File(w io.Writer) *IO {
	return &IO{
		In: strings.NewReader(""), Out: w, Err: io.Discard,
		Wide: func() int { return 80 }, Console: func() (Console, error) { return nil, ErrNoTerminal }, gone: make(chan struct{}),
	}
}

// Apply puts the flags over what was found out.
func (t *IO) Apply(s Settings) error {
	switch s.Color {
	case "", "auto":
	case "always":
		t.OutColor, t.ErrColor = true, true
	case "never":
		t.OutColor, t.ErrColor = false, false
	default:
		return fmt.Errorf("--color %q: want auto, always or never", s.Color)
	}
	t.ASCII, t.plain = t.ASCII || s.ASCII, s.ASCII
	if t.Quiet = t.Quiet || s.Quiet; t.Quiet {
		t.Out = io.Discard // for every command alike, whatever it prints
	}
	if s.NoCI {
		t.CI = NoCI
	}
	return nil
}

// Width is the number of columns there are to draw on; at least 20.
func (t *IO) Width() int { return max(t.Wide(), 20) }

// Screen is the terminal behind Out, for who draws on the whole of it; nil where
// there is none.
func (t *IO) Screen() *os.File { return t.screen }

// OutASCII says whether standard output takes only ASCII. A file takes UTF-8
// whatever the locale is, unless the flag says otherwise.
func (t *IO) OutASCII() bool { return t.ASCII && t.OutTTY || t.plain }

// Gone is closed when nobody reads standard output any more. What is written
// from then on is swallowed, so that the verdict's code stays.
func (t *IO) Gone() <-chan struct{} { return t.gone }

// isTerminal says whether a file is one.
func isTerminal(f *os.File) bool { return f != nil && xterm.IsTerminal(int(f.Fd())) }

// columns asks the terminals how wide they are, then COLUMNS; 80 where nobody
// knows, as on a terminal that says 0.
func columns(getenv func(string) string, files ...*os.File) int {
	for _, f := range files {
		if f == nil {
			continue
		}
		if w, _, err := xterm.GetSize(int(f.Fd())); err == nil && w > 0 {
			return w
		}
	}
	if w, err := strconv.Atoi(getenv("COLUMNS")); err == nil && w > 0 {
		return w
	}
	return 80
}

// autoColor is the answer of --color auto.
func autoColor(getenv func(string) string, tty bool) bool {
	force := getenv("CLICOLOR_FORCE")
	switch {
	case getenv("NO_COLOR") != "":
		return false
	case force != "" && force != "0":
		return true
	}
	return tty && getenv("TERM") != "dumb" && getenv("CLICOLOR") != "0"
}

// speaksUTF8 reads the locale as the C library does: the first variable that
// is set decides. None set is the C locale.
func speaksUTF8(getenv func(string) string) bool {
	if getenv("TERM") == "dumb" {
		return false
	}
	for _, name := range []string{"LC_ALL", "LC_CTYPE", "LANG"} {
		if v := strings.ToLower(getenv(name)); v != "" {
			return strings.Contains(v, "utf-8") || strings.Contains(v, "utf8")
		}
	}
	return false
}

// detectCI finds the build system by the variables it sets.
func detectCI(getenv func(string) string) CI {
	for _, known := range []struct {
		name string
		ci   CI
	}{
		{"GITHUB_ACTIONS", GitHub},
		{"GITLAB_CI", GitLab},
		{"TF_BUILD", Azure},
		{"TEAMCITY_VERSION", TeamCity},
		{"CI", OtherCI},
	} {
		if v := getenv(known.name); v != "" && !strings.EqualFold(v, "false") && v != "0" {
			return known.ci
		}
	}
	return NoCI
}
