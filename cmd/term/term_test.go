package term_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"os"
	"strings"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/goleak"

	"github.com/midwatch-cli/midwatch/cmd/term"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// files are three files that are no terminal, with an environment.
func files(t *testing.T, env map[string]string) *term.IO {
	t.Helper()
	f, err := os.Open(os.DevNull)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = f.Close() })
	return term.SystemFor(f, f, f, func(name string) string { return env[name] })
}

func TestFactsOfTheEnvironment(t *testing.T) {
	for _, c := range []struct {
		env          map[string]string
		color, ascii bool
		ci           term.CI
		width        int
	}{
		{nil, false, true, term.NoCI, 80},
		{map[string]string{"LANG": "en_US.UTF-8"}, false, false, term.NoCI, 80},
		{map[string]string{"LANG": "C.utf8"}, false, false, term.NoCI, 80},
		{map[string]string{"LANG": "en_US.UTF-8", "LC_ALL": "C"}, false, true, term.NoCI, 80},
		{map[string]string{"LANG": "de_DE.ISO-8859-1", "LC_CTYPE": "de_DE.UTF-8"}, false, false, term.NoCI, 80},
		{map[string]string{"LANG": "broken", "LC_ALL": "???"}, false, true, term.NoCI, 80},
		{map[string]string{"LANG": "en_US.UTF-8", "TERM": "dumb"}, false, true, term.NoCI, 80},
		{map[string]string{"CLICOLOR_FORCE": "1"}, true, true, term.NoCI, 80},
		{map[string]string{"CLICOLOR_FORCE": "0"}, false, true, term.NoCI, 80},
		{map[string]string{"CLICOLOR_FORCE": "1", "NO_COLOR": "1"}, false, true, term.NoCI, 80},
		{map[string]string{"CI": "true", "GITHUB_ACTIONS": "true"}, false, true, term.GitHub, 80},
		{map[string]string{"CI": "1"}, false, true, term.OtherCI, 80},
		{map[string]string{"CI": "false"}, false, true, term.NoCI, 80},
		{map[string]string{"GITLAB_CI": "true"}, false, true, term.GitLab, 80},
		{map[string]string{"TF_BUILD": "True"}, false, true, term.Azure, 80},
		{map[string]string{"TEAMCITY_VERSION": "2025.1"}, false, true, term.TeamCity, 80},
		{map[string]string{"COLUMNS": "132"}, false, true, term.NoCI, 132},
		{map[string]string{"COLUMNS": "5"}, false, true, term.NoCI, 20},
		{map[string]string{"COLUMNS": "-1"}, false, true, term.NoCI, 80},
	} {
		io := files(t, c.env)
		if io.OutTTY || io.ErrTTY {
			t.Fatal("a file is no terminal")
		}
		if io.OutColor != c.color || io.ASCII != c.ascii || io.CI != c.ci || io.Width() != c.width {
			t.Errorf("%v: colour %v, ascii %v, ci %q, width %d", c.env, io.OutColor, io.ASCII, io.CI, io.Width())
		}
		if io.OutASCII() {
			t.Errorf("%v: a file takes UTF-8 whatever the locale is", c.env)
		}
	}
}

func TestApply(t *testing.T) {
	io := files(t, map[string]string{"CI": "1", "LANG": "C.UTF-8"})
	if err := io.Apply(term.Settings{Color: "always", ASCII: true, NoCI: true, Quiet: true}); err != nil {
		t.Fatal(err)
	}
	if !io.OutColor || !io.ErrColor || !io.ASCII || !io.OutASCII() || io.CI != term.NoCI || !io.Quiet {
		t.Errorf("the flags are not in force: %+v", io)
	}
	if err := io.Apply(term.Settings{Color: "never"}); err != nil || io.OutColor || io.ErrColor {
		t.Errorf("never: %v, %v", io.OutColor, err)
	}
	if err := io.Apply(term.Settings{Color: "sometimes"}); err == nil || !strings.Contains(err.Error(), "auto, always or never") {
		t.Errorf("got %v", err)
	}
}

func TestClosedStandardOutput(t *testing.T) {
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = w.Close() }()
	out := term.SystemFor(nil, w, nil, func(string) string { return "" })
	if _, err := io.WriteString(out.Out, "one\n"); err != nil {
		t.Fatal(err)
	}
	select {
	case <-out.Gone():
		t.Fatal("gone before it went")
	default:
	}
	if err := r.Close(); err != nil {
		t.Fatal(err)
	}
	for range 3 {
		if n, err := io.WriteString(out.Out, "two\n"); n != 4 || err != nil {
			t.Errorf("a write nobody reads: %d, %v", n, err)
		}
	}
	select {
	case <-out.Gone():
	default:
		t.Error("nobody was told")
	}
}

func TestOtherWriteErrorsAreTold(t *testing.T) {
	full, err := os.OpenFile("/dev/full", os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = full.Close() }()
	out := term.SystemFor(nil, full, nil, func(string) string { return "" })
	if _, err := io.WriteString(out.Out, "x"); !errors.Is(err, syscall.ENOSPC) {
		t.Errorf("got %v", err)
	}
}

// console is a terminal in front of which somebody types.
type console struct {
	io.Reader
	shown  bytes.Buffer
	closed bool
}

func (c *console) Write(b []byte) (int, error)     { return c.shown.Write(b) }
func (c *console) Close() error                    { c.closed = true; return nil }
func (c *console) SetReadDeadline(time.Time) error { return os.ErrNoDeadline }

func asked(typed string) (*term.IO, *console) {
	t, _, _ := term.Test("yes\n") // what is piped in is no answer
	c := &console{Reader: strings.NewReader(typed)}
	t.Console = func() (term.Console, error) { return c, nil }
	return t, c
}

func TestConfirm(t *testing.T) {
	for typed, want := range map[string]bool{
		"y\n": true, "yes\n": true, " YES \r\n": true, "n\n": false, "\n": false, "": false, "yep\n": false, "y": true, "\x1b[A\n": false,
	} {
		io, c := asked(typed)
		got, err := io.Confirm(t.Context(), "Open breaker \x1b[2Jpayment?")
		if got != want || err != nil {
			t.Errorf("%q: got %v, %v", typed, got, err)
		}
		if c.shown.String() != `Open breaker \x1b[2Jpayment? [y/N] ` || !c.closed {
			t.Errorf("shown %q, closed %v", c.shown.String(), c.closed)
		}
	}
}

func TestTypeName(t *testing.T) {
	for typed, want := range map[string]bool{"order\n": true, " order\n": true, "Order\n": false, "ord\n": false, "\n": false, "y\n": false} {
		io, _ := asked(typed)
		if got, err := io.TypeName(t.Context(), "Type the service's name to go on:", "order"); got != want || err != nil {
			t.Errorf("%q: got %v, %v", typed, got, err)
		}
	}
	io, _ := asked("\n")
	if got, err := io.TypeName(t.Context(), "Name:", ""); got || err != nil {
		t.Errorf("no name: %v, %v", got, err)
	}
}

func TestNobodyToAsk(t *testing.T) {
	io, _, _ := term.Test("yes\n")
	if ok, err := io.Confirm(t.Context(), "Really?"); ok || !errors.Is(err, term.ErrNoTerminal) {
		t.Errorf("no terminal: %v, %v", ok, err)
	}
	io, c := asked("y\n")
	io.CI = term.GitHub
	if ok, err := io.Confirm(t.Context(), "Really?"); ok || !errors.Is(err, term.ErrNoTerminal) || c.shown.Len() > 0 {
		t.Errorf("in a build: %v, %v", ok, err)
	}
	c.Reader = broken{}
	io.CI = term.NoCI
	if ok, err := io.Confirm(t.Context(), "Really?"); ok || !errors.Is(err, term.ErrNoTerminal) {
		t.Errorf("a terminal that breaks: %v, %v", ok, err)
	}
}

type broken struct{}

func (broken) Read([]byte) (int, error) { return 0, syscall.EIO }

func TestQuestionEndsWithTheContext(t *testing.T) {
	typing, hand := io.Pipe()
	defer func() { _ = hand.Close() }()
	io, c := asked("")
	c.Reader = typing
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if ok, err := io.Confirm(ctx, "Really?"); ok || !errors.Is(err, context.Canceled) || !c.closed {
		t.Errorf("got %v, %v", ok, err)
	}
}

// screen is a standard error that is a terminal.
func screen() (*term.IO, *bytes.Buffer) {
	t, _, errw := term.Test("")
	t.ErrTTY = true
	t.Wide = func() int { return 30 }
	return t, errw
}

func TestProgressIsRedrawn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		io, errw := screen()
		p := io.Progress()
		p.Set("7 of 14 instances asked\x1b[2J and a text that is too long")
		time.Sleep(450 * time.Millisecond)
		p.Set("14 of 14")
		time.Sleep(100 * time.Millisecond)
		p.Say("registry consul: refused")
		time.Sleep(100 * time.Millisecond)
		p.Done()
		p.Done()
		want := "\r⠙ 7 of 14 instances asked\\x1…\x1b[K" + "\r⠹ 14 of 14\x1b[K" + "\r\x1b[Kregistry consul: refused\n" + "\r⠸ 14 of 14\x1b[K" + "\r\x1b[K"
		if got := errw.String(); got != want {
			t.Errorf("got  %q\nwant %q", got, want)
		}
	})
}

func TestQuickWorkShowsNoProgress(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		io, errw := screen()
		p := io.Progress()
		p.Set("7 of 14")
		time.Sleep(300 * time.Millisecond)
		p.Done()
		if errw.Len() > 0 {
			t.Errorf("got %q", errw)
		}
	})
}

func TestProgressInPlainLines(t *testing.T) {
	for name, change := range map[string]func(*term.IO){
		"no terminal": func(t *term.IO) { t.ErrTTY = false },
		"a build":     func(t *term.IO) { t.CI = term.GitLab },
		"dumb":        func(t *term.IO) { t.Dumb, t.ASCII = true, true },
	} {
		synctest.Test(t, func(t *testing.T) {
			io, errw := screen()
			change(io)
			p := io.Progress()
			time.Sleep(20 * time.Second)
			p.Set("3/4 up")
			time.Sleep(50 * time.Second)
			p.Say("a line")
			p.Done()
			if got, want := errw.String(), "3/4 up\n3/4 up\na line\n"; got != want {
				t.Errorf("%s: got %q, want %q", name, got, want)
			}
		})
	}
}

// TestProgressCounts: the last count is the one that is drawn, and a text takes
// its place.
func TestProgressCounts(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		io, errw := screen()
		io.ErrTTY = false
		p := io.Progress()
		for n := range 8 {
			p.Count(n, 14, "instances asked\x1b")
		}
		time.Sleep(40 * time.Second)
		p.Set("almost")
		time.Sleep(30 * time.Second)
		p.Done()
		if got, want := errw.String(), "7 of 14 instances asked\\x1b\nalmost\n"; got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	})
}

func TestProgressWhenQuiet(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		io, errw := screen()
		io.Quiet = true
		p := io.Progress()
		p.Set("3/4 up")
		p.Say("a line")
		time.Sleep(time.Minute)
		p.Done()
		if errw.Len() > 0 {
			t.Errorf("got %q", errw)
		}
	})
}

func TestASCIIProgress(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		io, errw := screen()
		io.ASCII = true
		p := io.Progress()
		p.Set("3/4 → up · 日")
		time.Sleep(450 * time.Millisecond)
		p.Done()
		if got, want := errw.String(), "\r/ 3/4 -> up - \\u65e5\x1b[K\r\x1b[K"; got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	})
}

func TestFileHasNoTerminal(t *testing.T) {
	var b bytes.Buffer
	f := term.File(&b)
	if f.OutTTY || f.OutColor || f.OutASCII() || f.Quiet || f.Width() != 80 {
		t.Errorf("a file is %+v", f)
	}
	if _, err := f.Confirm(t.Context(), "Really?"); !errors.Is(err, term.ErrNoTerminal) {
		t.Errorf("got %v", err)
	}
}
