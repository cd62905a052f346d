package term_test

import (
	"io"
	"os"
	"testing"

	"github.com/creack/pty"

	"github.com/midwatch-cli/midwatch/cmd/term"
)

// terminal is a real one, of so many columns; the first end is the person's.
func terminal(t *testing.T, columns uint16) (person, program *os.File) {
	t.Helper()
	person, program, err := pty.Open()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = program.Close()
		_ = person.Close()
	})
	if err := pty.Setsize(program, &pty.Winsize{Rows: 24, Cols: columns}); err != nil {
		t.Fatal(err)
	}
	return person, program
}

func env(pairs ...string) func(string) string {
	m := map[string]string{}
	for i := 0; i < len(pairs); i += 2 {
		m[pairs[i]] = pairs[i+1]
	}
	return func(name string) string { return m[name] }
}

func TestFactsOfATerminal(t *testing.T) {
	_, program := terminal(t, 97)
	for _, c := range []struct {
		name         string
		getenv       func(string) string
		color, ascii bool
	}{
		{"usual", env("TERM", "xterm", "LANG", "C.UTF-8"), true, false},
		{"no colour", env("TERM", "xterm", "LANG", "C.UTF-8", "NO_COLOR", "1"), false, false},
		{"CLICOLOR off", env("TERM", "xterm", "LANG", "C.UTF-8", "CLICOLOR", "0"), false, false},
		{"dumb", env("TERM", "dumb", "LANG", "C.UTF-8"), false, true},
		{"dumb and forced", env("TERM", "dumb", "CLICOLOR_FORCE", "1"), true, true},
		{"eight bits", env("TERM", "xterm", "LANG", "de_DE.ISO-8859-1"), true, true},
	} {
		io := term.SystemFor(program, program, program, c.getenv)
		if !io.OutTTY || !io.ErrTTY || io.Width() != 97 {
			t.Fatalf("%s: a terminal of 97 columns is %v, %v, %d", c.name, io.OutTTY, io.ErrTTY, io.Width())
		}
		if io.OutColor != c.color || io.OutASCII() != c.ascii {
			t.Errorf("%s: colour %v, ascii %v", c.name, io.OutColor, io.OutASCII())
		}
	}
}

func TestTerminalThatDoesNotSayHowWideItIs(t *testing.T) {
	_, program := terminal(t, 0)
	if got := term.SystemFor(nil, program, nil, env()).Width(); got != 80 {
		t.Errorf("width %d", got)
	}
	if got := term.SystemFor(nil, program, nil, env("COLUMNS", "66")).Width(); got != 66 {
		t.Errorf("width %d, COLUMNS says 66", got)
	}
}

func TestResize(t *testing.T) {
	_, program := terminal(t, 80)
	io := term.SystemFor(nil, program, nil, env())
	if err := pty.Setsize(program, &pty.Winsize{Rows: 24, Cols: 44}); err != nil {
		t.Fatal(err)
	}
	if got := io.Width(); got != 44 {
		t.Errorf("width %d after a change to 44", got)
	}
}

func TestQuestionOnATerminal(t *testing.T) {
	person, program := terminal(t, 80)
	tio, _, _ := term.Test("")
	tio.Console = func() (term.Console, error) { return program, nil }
	if _, err := io.WriteString(person, "yes\n"); err != nil {
		t.Fatal(err)
	}
	if ok, err := tio.Confirm(t.Context(), "Really?"); !ok || err != nil {
		t.Errorf("got %v, %v", ok, err)
	}
}
