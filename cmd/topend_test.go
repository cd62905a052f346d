package cmd_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"regexp"
	"runtime"
	"strings"
	"syscall"
	"testing"
	"time"

	tea "charm.land/bubbletea/v2"
	"github.com/creack/pty"
	"github.com/hinshun/vt10x"
	xterm "golang.org/x/term"

	"github.com/midwatch-cli/midwatch/fleet"
	"github.com/midwatch-cli/midwatch/tui"
)

// The modes that a program switches on a terminal: DEC's private ones, how keys
// with modifiers are sent, and kitty's keys, which are a stack.
var (
	privateMode  = regexp.MustCompile(`\x1b\[\?([0-9;]+)([hl])`)
	modifiedKeys = regexp.MustCompile(`\x1b\[>4(;[0-9]+)?m`)
	kittyKeys    = regexp.MustCompile(`\x1b\[([<>])[0-9]*u`)
)

// untouched is the mode of a terminal that nobody has used: what is typed is seen,
// in whole lines, and signals come from keys.
func untouched(t *testing.T) *xterm.State {
	t.Helper()
	person, program, err := pty.Open()
	if err != nil {
		t.Fatal(err)
	}
	defer person.Close()
	defer program.Close()
	state, err := xterm.GetState(int(program.Fd()))
	if err != nil {
		t.Fatal(err)
	}
	return state
}

// asBefore says what is not as it was on the terminal.
func (s *screen) asBefore() {
	s.t.Helper()
	if after, err := xterm.GetState(int(s.pty.Fd())); err != nil || *after != *untouched(s.t) {
		s.t.Error("the terminal is not in the mode it was in")
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.vt.CursorVisible() || s.vt.Mode()&vt10x.ModeAltScreen != 0 {
		s.t.Error("the cursor is hidden, or the other screen is left on")
	}
	if s.vt.Mode()&vt10x.ModeMouseMask != 0 {
		s.t.Error("the mouse is left on")
	}
	if c := s.vt.Cursor().Attr; c.FG != vt10x.DefaultFG || c.BG != vt10x.DefaultBG {
		s.t.Error("a colour is left on")
	}
	for _, fault := range leftOn(string(s.raw)) {
		s.t.Error(fault)
	}
}

// leftOn are the modes that are not as a terminal has them at first: the cursor is
// shown, lines are wrapped, everything else is off.
func leftOn(raw string) (faults []string) {
	last := map[string]string{}
	for _, m := range privateMode.FindAllStringSubmatch(raw, -1) {
		for mode := range strings.SplitSeq(m[1], ";") {
			last[mode] = m[2]
		}
	}
	for mode, is := range last {
		if on := mode == "25" || mode == "7"; (is == "h") != on {
			faults = append(faults, "the mode "+mode+" is left as "+is)
		}
	}
	if all := modifiedKeys.FindAllStringSubmatch(raw, -1); len(all) > 0 && all[len(all)-1][1] != "" {
		faults = append(faults, "keys with modifiers are left as "+all[len(all)-1][0])
	}
	depth := 0
	for _, m := range kittyKeys.FindAllStringSubmatch(raw, -1) {
		if m[1] == ">" {
			depth++
		} else {
			depth = max(0, depth-1)
		}
	}
	if depth > 0 {
		faults = append(faults, "the keys of kitty are left on")
	}
	return faults
}

// TestLeftOn: what a program forgets is found.
func TestLeftOn(t *testing.T) {
	for raw, faults := range map[string]int{
		"":                             0,
		"\x1b[?1049h\x1b[?1049l":       0,
		"\x1b[?25l":                    1,
		"\x1b[?25l\x1b[?25h":           0,
		"\x1b[?1002h\x1b[?1006h":       2,
		"\x1b[?1002;1006h\x1b[?1002l":  1,
		"\x1b[?1000l\x1b[?25h\x1b[?7h": 0,
		"\x1b[>4;2m":                   1,
		"\x1b[>4;2m\x1b[>4m":           0,
		"\x1b[>1u\x1b[>1u\x1b[<1u":     1,
		"\x1b[>1u\x1b[<1u":             0,
		"\x1b[?2004h\x1b[?2004l\x1b[m": 0,
	} {
		if got := leftOn(raw); len(got) != faults {
			t.Errorf("%q: %v, want %d", raw, got, faults)
		}
	}
}

// TestTerminalTopEnds: however it is ended, the terminal is as it was, and the
// code says how.
func TestTerminalTopEnds(t *testing.T) {
	up := serve(t, "up")
	url := inventory(t, up, up)
	signal := func(sig os.Signal) func(*screen) {
		return func(s *screen) { _ = s.cmd.Process.Signal(sig) }
	}
	for _, tt := range []struct {
		name string
		end  func(s *screen)
		code int
	}{
		{"q", func(s *screen) { s.types("q") }, 0},
		{"ctrl-c", func(s *screen) { s.types("\x03") }, 0},
		{"in the help", func(s *screen) { s.types("?"); s.sees("On this page"); _ = s.cmd.Process.Signal(syscall.SIGTERM) }, 143},
		{"TERM", signal(syscall.SIGTERM), 143},
		{"HUP", signal(syscall.SIGHUP), 129},
		{"INT", signal(syscall.SIGINT), 130},
	} {
		t.Run(tt.name, func(t *testing.T) {
			s := onTerminal(t, "top", "--registry", url, "--attempts", "1")
			s.sees("payment", "q quit")
			tt.end(s)
			if code := s.code(); code != tt.code {
				t.Errorf("ended with %d, want %d\n%s", code, tt.code, s.text())
			}
			s.asBefore()
			if strings.Contains(s.text(), "payment") || strings.Contains(s.text(), "error") {
				t.Errorf("leaves on the screen:\n%s", s.text())
			}
		})
	}
}

// TestTerminalTopIsClosed: the window is closed while it runs: it ends by itself,
// as one that was hung up.
func TestTerminalTopIsClosed(t *testing.T) {
	up := serve(t, "up")
	s := onTerminal(t, "top", "--registry", inventory(t, up, up), "--attempts", "1")
	s.sees("payment", "q quit")
	if err := s.pty.Close(); err != nil {
		t.Fatal(err)
	}
	if code := s.code(); code != 129 {
		t.Errorf("ended with %d, want 129", code)
	}
}

// TestTerminalTopPanics: a fault of our own leaves a terminal that can be typed
// on, and says what it was.
func TestTerminalTopPanics(t *testing.T) {
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	for _, where := range []string{"Update", "View"} {
		t.Run(where, func(t *testing.T) {
			s := commandOnTerminal(t, exec.Command(self, where), roleVariable+"=panics")
			s.sees("payment", "q quit")
			s.types("p")
			if code := s.code(); code != 3 {
				t.Errorf("ended with %d, want 3", code)
			}
			s.asBefore()
			if text := s.text(); !strings.Contains(string(s.raw), "a fault in "+where) {
				t.Errorf("does not say what it was:\n%s", text)
			}
		})
	}
}

// panicOnTerminal is the dashboard with a clock that has a fault: once a key was
// pressed it panics where it is asked from Update, or from View.
func panicOnTerminal(where string) {
	feed := make(chan *fleet.Snapshot, 1)
	feed <- &fleet.Snapshot{Services: []fleet.ServiceView{{Ref: fleet.Ref{Source: "here", Name: "payment"}, Status: fleet.Up}}, Sources: []fleet.SourceView{{Name: "here"}}}
	pressed := false
	now := func() time.Time {
		pressed = pressed || calledFrom("tui.(*App).press")
		if pressed && calledFrom("tui.(*App)."+where) {
			panic("a fault in " + where)
		}
		return time.Now()
	}
	err := tui.Run(context.Background(), os.Stdout, tui.Options{Feed: feed, Now: now, Fixed: true})
	fmt.Fprintln(os.Stderr, err)
	if errors.Is(err, tea.ErrProgramPanic) {
		os.Exit(3)
	}
}

// calledFrom says whether a function is among those that are running.
func calledFrom(name string) bool {
	pcs := make([]uintptr, 100)
	frames := runtime.CallersFrames(pcs[:runtime.Callers(1, pcs)])
	for {
		f, more := frames.Next()
		if strings.HasSuffix(f.Function, name) {
			return true
		}
		if !more {
			return false
		}
	}
}
