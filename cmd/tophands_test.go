package cmd_test

import (
	"encoding/base64"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/hinshun/vt10x"
)

// linked is an inventory of a service of so many instances at an address, with a
// link.
func linked(t *testing.T, address string, instances int) string {
	t.Helper()
	text := "services:\n  - name: payment\n    labels: {runbook: \"https://wiki.example/payment?a=1&b=2\"}\n    instances:\n"
	for i := range instances {
		text += fmt.Sprintf("      - {id: payment-%02d, address: %q}\n", i+1, address)
	}
	path := filepath.Join(t.TempDir(), "fleet.yaml")
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return "file://" + path
}

// copied waits until a text was handed to the terminal's clipboard.
func (s *screen) copied(text string) {
	s.t.Helper()
	s.wait("copied "+text, func(string) bool {
		s.mu.Lock()
		defer s.mu.Unlock()
		return strings.Contains(string(s.raw), "\x1b]52;c;"+base64.StdEncoding.EncodeToString([]byte(text))+"\a")
	})
}

// TestTerminalTopTakesAlong: names for the clipboard, pages for a file, links for
// the browser, and reading now, on a real terminal.
func TestTerminalTopTakesAlong(t *testing.T) {
	var ill atomic.Bool
	far := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		if ill.Load() {
			w.WriteHeader(http.StatusServiceUnavailable)
		}
		_, _ = io.WriteString(w, `{"status":"UP"}`)
	}))
	t.Cleanup(far.Close)
	s := onTerminal(t, "top", "--registry", linked(t, far.Listener.Addr().String(), 40), "--attempts", "1", "--interval", "1h")
	s.sees("payment", "q quit", "up")
	ill.Store(true)
	s.types("\x12") // ctrl-r
	s.sees("down", "reading now")
	s.types("c")
	s.sees("copied payment")
	s.copied("payment")
	s.types("l")
	s.sees("fleet › payment", "payment-01")
	s.types(":copy\r")
	s.copied("payment/payment-01")
	s.types(":save ~/payment.txt\r")
	s.sees("saved ")
	s.types(":save ~/payment.txt\r")
	s.sees("is there already")
	data, err := os.ReadFile(filepath.Join(filepath.Dir(s.home()), "payment.txt"))
	if err != nil || !strings.Contains(string(data), "payment-40") || strings.Contains(string(data), "\x1b") || strings.Contains(s.text(), "payment-20") {
		t.Errorf("%v: saved, with rows that are not seen:\n%s", err, data)
	}
	s.types("d/says\r")
	s.sees("payment/payment-01", "1 of ")
	s.types("\x1b")
	s.wait("looked for nothing", func(text string) bool { return !strings.Contains(text, "/says") })
	s.types("q")
	s.wait("closed", func(text string) bool { return strings.Contains(text, "q quit") })
	s.types("y")
	s.sees(`"service": "payment"`)
	s.types("q")
	s.wait("closed", func(text string) bool { return strings.Contains(text, "q quit") })
	s.types("o") // nobody sits at this terminal
	s.sees("https://wiki.example/payment?a=1&b=2", "no browser here")
	s.copied("https://wiki.example/payment?a=1&b=2")
	s.types("q:suspend\r") // it leads its session
	s.sees("no shell waits here")
	s.types("q")
	if code := s.code(); code != 0 {
		t.Errorf("ended with %d", code)
	}
	s.asBefore()
}

// TestTerminalTopIsSuspended: it leaves the terminal to the shell that it was
// started from, as it was, and comes back when that says so.
func TestTerminalTopIsSuspended(t *testing.T) {
	shell, err := exec.LookPath("sh")
	if err != nil {
		t.Fatal("no shell: ", err)
	}
	up := serve(t, "up")
	s := commandOnTerminal(t, exec.Command(shell, "-i"), "PS1=shell> ")
	prompted := func(text string) bool { return strings.HasSuffix(strings.TrimSpace(text), "shell>") }
	s.wait("prompted", prompted)
	for i := range 2 { // also a second time
		s.types("midwatch top --attempts 1 --registry " + linked(t, up, 2) + "\r")
		s.sees("payment", "q quit", "live")
		s.types(":suspend\r")
		s.wait("suspended", prompted)
		s.mu.Lock()
		if s.vt.Mode()&vt10x.ModeAltScreen != 0 || s.vt.Mode()&vt10x.ModeMouseMask != 0 || !s.vt.CursorVisible() {
			t.Error("the shell has a screen that is not its own")
		}
		s.mu.Unlock()
		s.types(fmt.Sprintf("echo is$((5+%d))here\r", i)) // it is seen what is typed
		s.wait("echoed", func(text string) bool { return strings.Contains(text, fmt.Sprintf("is%dhere", 5+i)) && prompted(text) })
		s.types("fg\r")
		s.sees("payment", "q quit", "live")
		s.types("d")
		s.sees("payment is up", "esc close")
		s.types("qq")
		s.wait("left", prompted)
	}
	s.types("exit\r")
	if code := s.code(); code != 0 {
		t.Errorf("ended with %d:\n%s", code, s.text())
	}
	s.asBefore()
}

// TestTerminalTopIsWrapped: a shell without job control, as scripts are run by, is
// nobody who would bring it back.
func TestTerminalTopIsWrapped(t *testing.T) {
	shell, err := exec.LookPath("sh")
	if err != nil {
		t.Fatal("no shell: ", err)
	}
	s := commandOnTerminal(t, exec.Command(shell, "-c", "midwatch top --attempts 1 --registry "+linked(t, serve(t, "up"), 2)+"; echo done"))
	s.sees("payment", "q quit")
	s.types(":suspend\r")
	s.sees("no shell waits here", "live")
	s.types("q")
	s.sees("done")
	if code := s.code(); code != 0 {
		t.Errorf("ended with %d", code)
	}
	s.asBefore()
}
