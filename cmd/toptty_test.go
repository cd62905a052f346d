package cmd_test

import (
	"strings"
	"syscall"
	"testing"

	"github.com/creack/pty"
	"github.com/hinshun/vt10x"
	xterm "golang.org/x/term"
)

// resize makes the terminal another size, as a window does that is dragged.
func (s *screen) resize(cols, rows uint16) {
	s.t.Helper()
	s.mu.Lock()
	s.vt.Resize(int(cols), int(rows))
	s.mu.Unlock()
	if err := pty.Setsize(s.pty, &pty.Winsize{Cols: cols, Rows: rows}); err != nil {
		s.t.Fatal(err)
	}
}

func (s *screen) sees(texts ...string) {
	s.t.Helper()
	for _, text := range texts {
		s.wait("showed "+text, func(all string) bool { return strings.Contains(all, text) })
	}
}

// asBefore says what is not as it was on the terminal.
func (s *screen) asBefore(before *xterm.State) {
	s.t.Helper()
	if after, err := xterm.GetState(int(s.pty.Fd())); err == nil && *after != *before {
		s.t.Error("the terminal is not in the mode it was in")
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.vt.CursorVisible() || s.vt.Mode()&vt10x.ModeAltScreen != 0 {
		s.t.Error("the cursor is hidden, or the other screen is left on")
	}
	if on, off := strings.LastIndex(string(s.raw), "\x1b[?2004h"), strings.LastIndex(string(s.raw), "\x1b[?2004l"); on > off {
		s.t.Error("bracketed paste is left on")
	}
}

// TestTerminalTop: the dashboard on a demo fleet with something wrong in it, from
// the start to a terminal that is as it was.
func TestTerminalTop(t *testing.T) {
	s := onTerminal(t, "demo", "--fault", "payment:errors=40%", "--", "top", "--interval", "1s", "--palette", "dark")
	before, err := xterm.GetState(int(s.pty.Fd()))
	if err != nil {
		t.Fatal(err)
	}
	s.sees("▌", "payment", "gateway", "SERVICE", "live", "q quit")
	if s.vt.Mode()&vt10x.ModeAltScreen == 0 {
		t.Error("not on a screen of its own")
	}
	s.wait("measured", func(text string) bool { return strings.Contains(text, "/s") && strings.Contains(text, "%") })
	if c := s.colour("payment"); c == vt10x.DefaultFG && s.colour("✗") == vt10x.DefaultFG {
		t.Error("nothing has a colour")
	}
	s.types("/inv")
	s.wait("filtered", func(text string) bool {
		return strings.Contains(text, "inventory") && !strings.Contains(text, "gateway")
	})
	s.types("\r\x1b")
	s.sees("gateway")
	s.types("gl") // payment, the worst, is the first
	s.sees("fleet › payment", "called by", "order")
	s.types("\r")
	s.sees("fleet › payment › payment-", "Registered in etcd")
	s.types("hh")
	s.wait("went back", func(text string) bool { return !strings.Contains(text, "›") && strings.Contains(text, "gateway") })
	s.types(":sources\r")
	s.sees("etcd://127.0.0.1")
	s.types("h")
	s.resize(40, 10)
	s.wait("fits", func(text string) bool {
		return strings.Contains(text, "payment") && !strings.Contains(text, "VERSIONS")
	})
	s.resize(120, 30)
	s.sees("VERSIONS", "p pause")
	s.types("?")
	s.sees("Everywhere")
	s.types("q") // closes the help
	s.sees("gateway")
	s.types("q")
	if code := s.code(); code != 0 {
		t.Errorf("ended with %d", code)
	}
	s.asBefore(before)
}

// TestTerminalTopSignals: signals and Ctrl-C leave the terminal as it was.
func TestTerminalTopSignals(t *testing.T) {
	up := serve(t, "up")
	url := inventory(t, up, up)
	for _, tt := range []struct {
		name string
		end  func(s *screen)
		code int
	}{
		{"TERM", func(s *screen) { _ = s.cmd.Process.Signal(syscall.SIGTERM) }, 143},
		{"HUP", func(s *screen) { _ = s.cmd.Process.Signal(syscall.SIGHUP) }, 129},
		{"INT", func(s *screen) { _ = s.cmd.Process.Signal(syscall.SIGINT) }, 130},
		{"ctrl-c", func(s *screen) { s.types("\x03") }, 0},
	} {
		s := onTerminal(t, "top", "--registry", url, "--attempts", "1")
		before, err := xterm.GetState(int(s.pty.Fd()))
		if err != nil {
			t.Fatal(err)
		}
		s.sees("payment", "q quit")
		tt.end(s)
		if code := s.code(); code != tt.code {
			t.Errorf("%s: ended with %d, want %d\n%s", tt.name, code, tt.code, s.text())
		}
		s.asBefore(before)
	}
}

// TestTerminalTopTimeout: --timeout ends it well; NO_COLOR and --ascii are heeded.
func TestTerminalTopTimeout(t *testing.T) {
	up := serve(t, "up")
	s := onTerminal(t, "top", "--registry", inventory(t, up, up), "--attempts", "1", "--timeout", "2s", "--color", "never", "--ascii")
	s.sees("+ payment")
	if code := s.code(); code != 0 {
		t.Errorf("ended with %d\n%s", code, s.text())
	}
	if strings.Contains(string(s.raw), "\x1b[38;") || strings.Contains(string(s.raw), "\x1b[48;") {
		t.Errorf("wrote a colour: %q", s.raw)
	}
}
