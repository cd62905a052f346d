package cmd_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/creack/pty"
	"github.com/hinshun/vt10x"
)

// resize makes the terminal another size, as a window does that is dragged.
func (s *screen) resize(cols, rows uint16) {
	s.t.Helper()
	s.mu.Lock()
	if cols > 0 { // one of nothing is taken for the usual one
		s.vt.Resize(int(cols), int(rows))
	} else {
		s.vt.Resize(80, 24)
	}
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

// TestTerminalTop: the dashboard on a demo fleet with something wrong in it, from
// the start to a terminal that is as it was.
func TestTerminalTop(t *testing.T) {
	s := onTerminal(t, "demo", "--fault", "payment:errors=40%", "--", "top", "--interval", "1s", "--palette", "dark")
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
	s.sees("fleet › payment › payment-", "▾ Probes")
	s.types("hh")
	s.wait("went back", func(text string) bool { return !strings.Contains(text, "›") && strings.Contains(text, "gateway") })
	s.types(":sources\r")
	s.sees("etcd://127.0.0.1")
	s.types("h")
	s.sees("VERSIONS")
	for _, size := range []struct {
		cols, rows uint16
		shows      string // never empty: it shows something at any size
	}{{40, 10, "payment"}, {300, 100, "ZONES"}, {1, 1, "…"}, {0, 0, "VERSIONS"}, {20, 6, "paym"}, {2, 50, "…"}, {120, 30, "p pause"}} {
		s.resize(size.cols, size.rows)
		s.wait(fmt.Sprint("fitted ", size), func(text string) bool {
			return strings.Contains(text, size.shows) && (size.cols > 80 || !strings.Contains(text, "ZONES"))
		})
	}
	s.types("?")
	s.sees("Everywhere")
	s.types("q") // closes the help
	s.sees("gateway")
	s.types("q")
	if code := s.code(); code != 0 {
		t.Errorf("ended with %d", code)
	}
	s.asBefore()
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
