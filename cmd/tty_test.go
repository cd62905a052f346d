package cmd_test

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/creack/pty"
	"github.com/hinshun/vt10x"
	xterm "golang.org/x/term"

	"github.com/midwatch-cli/midwatch/fleet/registry/etcd/embedded"
)

// screen is a command on a terminal of 80 columns that understands what is
// written to it.
type screen struct {
	t     *testing.T
	cmd   *exec.Cmd
	pty   *os.File
	vt    vt10x.Terminal
	mu    sync.Mutex
	raw   []byte
	news  chan struct{}
	ended chan struct{}
	err   error
}

// onTerminal runs midwatch on one, as its controlling terminal.
func onTerminal(t *testing.T, args ...string) *screen {
	t.Helper()
	return commandOnTerminal(t, exec.Command("midwatch", args...))
}

// commandOnTerminal runs any command on one, with a home of its own.
func commandOnTerminal(t *testing.T, cmd *exec.Cmd, env ...string) *screen {
	t.Helper()
	home := t.TempDir()
	cmd.Env = append([]string{
		"PATH=" + os.Getenv("PATH"), "HOME=" + home, "XDG_STATE_HOME=" + filepath.Join(home, "state"),
		"XDG_CONFIG_HOME=" + filepath.Join(home, "config"), "TERM=xterm-256color", "LANG=C.UTF-8", "TZ=UTC",
	}, env...)
	f, err := pty.StartWithSize(cmd, &pty.Winsize{Cols: 80, Rows: 24})
	if err != nil {
		t.Fatal(err)
	}
	s := &screen{
		t: t, cmd: cmd, pty: f, vt: vt10x.New(vt10x.WithSize(80, 24)),
		news: make(chan struct{}, 1), ended: make(chan struct{}),
	}
	go s.read()
	t.Cleanup(func() {
		_ = cmd.Process.Kill()
		<-s.ended
		_ = f.Close()
	})
	return s
}

// read feeds the terminal until the command has ended and nothing is left.
func (s *screen) read() {
	buffer := make([]byte, 4096)
	for {
		n, err := s.pty.Read(buffer)
		s.mu.Lock()
		s.raw = append(s.raw, buffer[:n]...)
		_, _ = s.vt.Write(buffer[:n])
		s.mu.Unlock()
		select {
		case s.news <- struct{}{}:
		default:
		}
		if err != nil {
			break
		}
	}
	s.err = s.cmd.Wait()
	close(s.ended)
}

// shown is what stands on the terminal, without blanks at the end of lines.
func (s *screen) shown() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	all := strings.Split(s.vt.String(), "\n")
	for i := range all {
		all[i] = strings.TrimRight(all[i], " ")
	}
	for len(all) > 0 && all[len(all)-1] == "" {
		all = all[:len(all)-1]
	}
	return all
}

func (s *screen) text() string { return strings.Join(s.shown(), "\n") }

// wait waits until so is true of the screen.
func (s *screen) wait(what string, so func(text string) bool) {
	s.t.Helper()
	over := time.After(20 * time.Second)
	for !so(s.text()) {
		select {
		case <-s.news:
		case <-s.ended:
			if !so(s.text()) {
				s.t.Fatalf("ended (%v) and never %s:\n%s", s.err, what, s.text())
			}
		case <-over:
			s.t.Fatalf("never %s:\n%s", what, s.text())
		}
	}
}

func (s *screen) types(text string) {
	s.t.Helper()
	if _, err := s.pty.WriteString(text); err != nil {
		s.t.Fatal(err)
	}
}

// code waits for the end.
func (s *screen) code() int {
	s.t.Helper()
	select {
	case <-s.ended:
	case <-time.After(20 * time.Second):
		s.t.Fatalf("does not end:\n%s", s.text())
	}
	var exit *exec.ExitError
	if errors.As(s.err, &exit) {
		return exit.ExitCode()
	}
	return 0
}

// colour is the foreground where a text stands on the screen.
func (s *screen) colour(text string) vt10x.Color {
	s.t.Helper()
	for y, line := range s.shown() {
		if at := strings.Index(line, text); at >= 0 {
			s.mu.Lock()
			defer s.mu.Unlock()
			return s.vt.Cell(len([]rune(line[:at])), y).FG
		}
	}
	s.t.Fatalf("%q is not on the screen:\n%s", text, s.text())
	return 0
}

func TestTerminalCheck(t *testing.T) {
	s := onTerminal(t, "check", "--attempts", "1", "--registry", inventory(t, serve(t, "up"), serve(t, "down")))
	if code := s.code(); code != 1 {
		t.Errorf("ended with %d, want 1", code)
	}
	rows := s.shown()
	at := slices.IndexFunc(rows, func(r string) bool { return strings.Contains(r, "SERVICE") })
	if at < 0 || at+1 >= len(rows) {
		t.Fatalf("no table:\n%s", s.text())
	}
	head, row := []rune(rows[at]), []rune(rows[at+1])
	for _, column := range [][2]string{{"SERVICE", "payment"}, {"UP", "1/2"}, {"STATUS", "d"}, {"WHY", "payment-2"}} {
		want := strings.Index(string(head), column[0])
		if got := row[want:]; !strings.HasPrefix(string(got), column[1]) {
			t.Errorf("%s does not stand below %s:\n%s", column[1], column[0], s.text())
		}
	}
	if !strings.HasPrefix(string(row), "!") && !strings.HasPrefix(string(row), "✗") {
		t.Errorf("no symbol before the row:\n%s", s.text())
	}
	for _, r := range rows {
		if n := len([]rune(r)); n > 80 {
			t.Errorf("a row of %d columns", n)
		}
	}
	word := strings.Fields(string(row[strings.Index(string(head), "STATUS"):]))[0]
	if c := s.colour(word); c == vt10x.DefaultFG {
		t.Errorf("%s has no colour", word)
	}
}

func TestTerminalCheckWell(t *testing.T) {
	up := serve(t, "up")
	s := onTerminal(t, "check", "--attempts", "1", "--registry", inventory(t, up, up))
	if code := s.code(); code != 0 {
		t.Errorf("ended with %d, want 0", code)
	}
	if rows := s.shown(); len(rows) != 1 || !strings.HasPrefix(rows[0], "✓ 1 service, 2 instances: all up") {
		t.Errorf("want one line:\n%s", s.text())
	}
	if c := s.colour("✓"); c == vt10x.DefaultFG {
		t.Error("✓ has no colour")
	}
}

// TestTerminalPlain: neither colour nor signs where they are not wanted.
func TestTerminalPlain(t *testing.T) {
	up := serve(t, "up")
	s := onTerminal(t, "check", "--attempts", "1", "--color", "never", "--ascii", "--registry", inventory(t, up, up))
	if code := s.code(); code != 0 {
		t.Errorf("ended with %d, want 0", code)
	}
	if text := s.text(); !strings.HasPrefix(text, "+ 1 service") || slices.ContainsFunc([]rune(text), func(r rune) bool { return r > 127 }) {
		t.Errorf("want ASCII:\n%s", text)
	}
	if strings.Contains(string(s.raw), "\x1b[3") {
		t.Errorf("wrote a colour: %q", s.raw)
	}
}

// TestTerminalWatch: -w redraws in place, and Ctrl-C leaves the terminal as it
// was.
func TestTerminalWatch(t *testing.T) {
	up := serve(t, "up")
	url := inventory(t, up, up)
	path := strings.TrimPrefix(url, "file://")
	s := onTerminal(t, "check", "-w", "--interval", "100ms", "--attempts", "1", "--registry", url)
	before, err := xterm.GetState(int(s.pty.Fd()))
	if err != nil {
		t.Fatal(err)
	}
	s.wait("drawn", func(text string) bool { return strings.Contains(text, "2 instances: all up") })
	text := "services:\n  - {name: payment, instances: [{id: payment-1, address: \"" + up + "\"}]}\n"
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	s.wait("redrawn", func(text string) bool {
		return strings.Contains(text, "1 instance: all up") && !strings.Contains(text, "2 instances")
	})
	if rows := s.shown(); len(rows) > 2 {
		t.Errorf("what was drawn before is still there:\n%s", s.text())
	}
	s.types("\x03")
	if code := s.code(); code != 130 {
		t.Errorf("ended with %d, want 130", code)
	}
	if after, err := xterm.GetState(int(s.pty.Fd())); err == nil && *after != *before {
		t.Error("the terminal is not as it was")
	}
	if !s.vt.CursorVisible() || s.vt.Mode()&vt10x.ModeAltScreen != 0 {
		t.Error("the cursor is hidden, or the other screen is left on")
	}
	if strings.Contains(s.text(), "error") {
		t.Errorf("said more than was asked:\n%s", s.text())
	}
}

// TestTerminalQuestion: the plan, a question whose default is No, and a yes.
func TestTerminalQuestion(t *testing.T) {
	server, err := embedded.Start(t.Context(), t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	defer server.Close()
	entries := func() string {
		_, out, _ := run(t, "instances", "-o", "name", "--registry", server.URL())
		return out
	}
	for _, tt := range []struct {
		typed string
		code  int
		want  string
	}{
		{"\r", 1, ""},
		{"n\r", 1, ""},
		{"perhaps\r", 1, ""},
		{"\x04", 1, ""}, // the end of input
		{"\x03", 130, ""},
		{"y\r", 0, "payment/payment-1\n"},
	} {
		s := onTerminal(t, "register", "payment", "127.0.0.1:9000", "--id", "payment-1", "--registry", server.URL())
		s.wait("asked", func(text string) bool {
			return strings.Contains(text, "register payment/payment-1 at 127.0.0.1:9000") && strings.Contains(text, "[y/N]")
		})
		s.types(tt.typed)
		if code := s.code(); code != tt.code {
			t.Errorf("%q: ended with %d, want %d\n%s", tt.typed, code, tt.code, s.text())
		}
		if got := entries(); got != tt.want {
			t.Errorf("%q: the registry holds %q, want %q", tt.typed, got, tt.want)
		}
		if tt.code == 1 && !strings.Contains(s.text(), "nothing was changed") {
			t.Errorf("%q: does not say that nothing was changed:\n%s", tt.typed, s.text())
		}
	}
}
