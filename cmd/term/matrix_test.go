package term_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/creack/pty"

	"github.com/midwatch-cli/midwatch/cmd/term"
)

// TestColourMatrix: every rule that bears on colour against every other: NO_COLOR
// beats all but the flag, CLICOLOR_FORCE beats what the stream is.
func TestColourMatrix(t *testing.T) {
	_, program := terminal(t, 80)
	null, err := os.OpenFile(os.DevNull, os.O_RDWR, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = null.Close() }()
	for _, tty := range []bool{false, true} {
		for _, no := range []string{"", "1", "0"} { // any value but the empty one
			for _, force := range []string{"", "0", "1"} {
				for _, cli := range []string{"", "0", "1"} {
					for _, name := range []string{"", "xterm-256color", "dumb"} {
						for _, flag := range []string{"", "auto", "always", "never"} {
							out := null
							if tty {
								out = program
							}
							io := term.SystemFor(null, out, out, env("NO_COLOR", no, "CLICOLOR_FORCE", force, "CLICOLOR", cli, "TERM", name, "LANG", "C.UTF-8"))
							if err := io.Apply(term.Settings{Color: flag}); err != nil {
								t.Fatal(err)
							}
							want := flag == "always" || flag != "never" && no == "" && (force == "1" || tty && cli != "0" && name != "dumb")
							if io.OutColor != want || io.ErrColor != want {
								t.Errorf("tty %v, NO_COLOR=%q CLICOLOR_FORCE=%q CLICOLOR=%q TERM=%q --color=%q: %v, %v; want %v", tty, no, force, cli, name, flag, io.OutColor, io.ErrColor, want)
							}
						}
					}
				}
			}
		}
	}
}

// TestStreamsAreJudgedOneByOne: a pipe behind standard output leaves standard error
// what it is.
func TestStreamsAreJudgedOneByOne(t *testing.T) {
	_, program := terminal(t, 61)
	null, err := os.OpenFile(os.DevNull, os.O_RDWR, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = null.Close() }()
	for _, c := range []struct{ out, errw bool }{{false, true}, {true, false}} {
		pick := map[bool]*os.File{false: null, true: program}
		io := term.SystemFor(null, pick[c.out], pick[c.errw], env("TERM", "xterm", "LANG", "C.UTF-8"))
		if io.OutTTY != c.out || io.ErrTTY != c.errw || io.OutColor != c.out || io.ErrColor != c.errw || io.Width() != 61 {
			t.Errorf("%+v: %+v", c, io)
		}
	}
}

// TestASCIIMatrix: what standard output takes, by locale, terminal and flag. A
// file takes UTF-8 whatever the locale; --ascii holds for files too.
func TestASCIIMatrix(t *testing.T) {
	_, program := terminal(t, 80)
	null, err := os.OpenFile(os.DevNull, os.O_RDWR, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = null.Close() }()
	for _, c := range []struct {
		env  []string
		utf8 bool
	}{
		{nil, false},
		{[]string{"LANG", "C"}, false},
		{[]string{"LANG", "POSIX"}, false},
		{[]string{"LANG", "en_US"}, false},
		{[]string{"LANG", "en_US.UTF-8"}, true},
		{[]string{"LANG", "en_US.utf8"}, true},
		{[]string{"LANG", "ca_ES.UTF-8@valencia"}, true},
		{[]string{"LANG", "ja_JP.eucJP"}, false},
		{[]string{"LC_CTYPE", "UTF-8"}, true}, // as macOS sets it
		{[]string{"LC_CTYPE", "C.UTF-8", "LANG", "C"}, true},
		{[]string{"LC_ALL", "C", "LC_CTYPE", "C.UTF-8", "LANG", "C.UTF-8"}, false},
		{[]string{"LC_ALL", "C.UTF-8", "LC_CTYPE", "C"}, true},
		{[]string{"LC_ALL", "", "LANG", "C.UTF-8"}, true}, // set to nothing is not set
		{[]string{"LANG", "C.UTF-8", "TERM", "dumb"}, false},
	} {
		for _, tty := range []bool{false, true} {
			for _, flag := range []bool{false, true} {
				out := null
				if tty {
					out = program
				}
				io := term.SystemFor(null, out, null, env(c.env...))
				if err := io.Apply(term.Settings{ASCII: flag}); err != nil {
					t.Fatal(err)
				}
				if want := flag || tty && !c.utf8; io.OutASCII() != want {
					t.Errorf("%q, tty %v, --ascii %v: %v, want %v", c.env, tty, flag, io.OutASCII(), want)
				}
				if want := flag || !c.utf8; io.ASCII != want {
					t.Errorf("%q, --ascii %v: signs in ASCII %v, want %v", c.env, flag, io.ASCII, want)
				}
			}
		}
	}
}

// TestBuildSystems: the one that is named decides; CI alone is some build system;
// --no-ci is none.
func TestBuildSystems(t *testing.T) {
	for _, c := range []struct {
		env  []string
		want term.CI
	}{
		{nil, term.NoCI},
		{[]string{"CI", "true"}, term.OtherCI},
		{[]string{"CI", "1", "GITHUB_ACTIONS", "false"}, term.OtherCI},
		{[]string{"CI", "FALSE"}, term.NoCI},
		{[]string{"CI", "0"}, term.NoCI},
		{[]string{"GITHUB_ACTIONS", "true"}, term.GitHub},
		{[]string{"GITHUB_ACTIONS", "true", "GITLAB_CI", "true"}, term.GitHub},
		{[]string{"CI", "true", "GITLAB_CI", "true"}, term.GitLab},
		{[]string{"TF_BUILD", "True"}, term.Azure},
		{[]string{"TEAMCITY_VERSION", "2025.03"}, term.TeamCity},
		{[]string{"CI", "false", "TEAMCITY_VERSION", "2025.03"}, term.TeamCity},
		{[]string{"GITHUB_STEP_SUMMARY", "/x"}, term.NoCI},
	} {
		io := term.SystemFor(nil, nil, nil, env(c.env...))
		if io.CI != c.want {
			t.Errorf("%q: %q, want %q", c.env, io.CI, c.want)
		}
		if err := io.Apply(term.Settings{NoCI: true}); err != nil || io.CI != term.NoCI {
			t.Errorf("%q: --no-ci leaves %q, %v", c.env, io.CI, err)
		}
	}
}

func TestAnswers(t *testing.T) {
	long := strings.Repeat("y", 1<<20)
	for _, c := range []struct {
		typed       string
		yes, myName bool // Confirm, TypeName of "payment"
	}{
		{"y\n", true, false},
		{"Y\r\n", true, false},
		{"\tyes \n", true, false},
		{"yEs", true, false}, // ended without a newline
		{"n\n", false, false},
		{"no\n", false, false},
		{"\n", false, false},
		{"", false, false},
		{"yy\n", false, false},
		{"y y\n", false, false},
		{"n\ny\n", false, false}, // the first line is the answer
		{"\x1b[Ay\n", false, false},
		{"y\x1b[2J\n", false, false},
		{"\x03\n", false, false},
		{"y\x00\n", false, false},
		{long + "\n", false, false},
		{"payment\n", false, true},
		{"  payment\r\n", false, true},
		{"Payment\n", false, false},
		{"payment payment\n", false, false},
		{"payment\x1b[D\n", false, false},
		{"pay\bment\n", false, false},
	} {
		io, con := asked(c.typed)
		if got, err := io.Confirm(t.Context(), "Go on?"); got != c.yes || err != nil || !con.closed {
			t.Errorf("%.20q: yes %v, %v; want %v", c.typed, got, err, c.yes)
		}
		io, con = asked(c.typed)
		if got, err := io.TypeName(t.Context(), "Name?", "payment"); got != c.myName || err != nil || !con.closed {
			t.Errorf("%.20q: the name %v, %v; want %v", c.typed, got, err, c.myName)
		}
	}
}

// TestQuestionsAreHarmless: a name in a question is a service's own text.
func TestQuestionsAreHarmless(t *testing.T) {
	io, con := asked("\n")
	io.ASCII = true
	if _, err := io.TypeName(t.Context(), "Take out\n::error::\x1b[2J \u202e日 → now?", "x"); err != nil {
		t.Fatal(err)
	}
	if got, want := con.shown.String(), "Take out\n: :error::\\x1b[2J \\u202e\\u65e5 -> now? "; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

// deaf is a terminal that takes no question.
type deaf struct{ console }

func (*deaf) Write([]byte) (int, error) { return 0, io.ErrClosedPipe }

func TestTerminalThatTakesNoQuestion(t *testing.T) {
	tio, _, _ := term.Test("")
	d := &deaf{}
	d.Reader = strings.NewReader("y\n")
	tio.Console = func() (term.Console, error) { return d, nil }
	if ok, err := tio.Confirm(t.Context(), "Go on?"); ok || !errors.Is(err, term.ErrNoTerminal) || !errors.Is(err, io.ErrClosedPipe) || !d.closed {
		t.Errorf("got %v, %v, closed %v", ok, err, d.closed)
	}
}

// TestQuestionOnARealTerminalIsBrokenOff: Ctrl-C while nobody has typed anything
// ends the question at once, and no goroutine stays in the read.
func TestQuestionOnARealTerminalIsBrokenOff(t *testing.T) {
	person, name, err := openPTY(t)
	if err != nil {
		t.Fatal(err)
	}
	tio, _, _ := term.Test("")
	tio.Console = func() (term.Console, error) { return os.OpenFile(name, os.O_RDWR, 0) }
	ctx, cancel := context.WithCancel(t.Context())
	go func() {
		shown := make([]byte, 64)
		n, _ := person.Read(shown)
		if !strings.HasPrefix(string(shown[:n]), "Go on? [y/N] ") {
			t.Errorf("shown %q", shown[:n])
		}
		cancel()
	}()
	if ok, err := tio.Confirm(ctx, "Go on?"); ok || !errors.Is(err, context.Canceled) {
		t.Errorf("got %v, %v", ok, err)
	}
}

// openPTY is a terminal whose second end is opened by name, as /dev/tty is.
func openPTY(t *testing.T) (*os.File, string, error) {
	t.Helper()
	person, program, err := pty.Open()
	if err != nil {
		return nil, "", err
	}
	t.Cleanup(func() {
		_ = program.Close()
		_ = person.Close()
	})
	return person, program.Name(), nil
}

// TestProgressFitsEveryWidth: a line that wraps could not be erased again.
func TestProgressFitsEveryWidth(t *testing.T) {
	for _, width := range []int{1, 20, 21, 40, 80, 200} {
		synctest.Test(t, func(t *testing.T) {
			tio, errw := screen()
			tio.Wide = func() int { return width }
			p := tio.Progress()
			p.Set(strings.Repeat("日本 word ", 40))
			time.Sleep(450 * time.Millisecond)
			p.Done()
			line := strings.TrimPrefix(strings.TrimSuffix(errw.String(), "\x1b[K\r\x1b[K"), "\r")
			columns := 0
			for _, r := range line {
				columns++
				if r > 0x2e80 && r != '…' && r < 0x10000 {
					columns++
				}
			}
			if room := max(width, 20) - 1; columns > room || columns < room-3 || !strings.HasSuffix(line, "…") {
				t.Errorf("width %d: %d columns: %q", width, columns, line)
			}
		})
	}
}

// TestProgressFromManyHands: probes end in goroutines of their own.
func TestProgressFromManyHands(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		tio, errw := screen()
		p := tio.Progress()
		var hands sync.WaitGroup
		for i := range 20 {
			hands.Go(func() {
				p.Set(fmt.Sprint(i, " of 20"))
				time.Sleep(time.Duration(i) * 70 * time.Millisecond)
				p.Say(fmt.Sprint("line ", i))
			})
		}
		hands.Wait()
		p.Done()
		p.Set("too late")
		time.Sleep(time.Minute)
		got := errw.String()
		for i := range 20 {
			if !strings.Contains(got, fmt.Sprintf("line %d\n", i)) {
				t.Errorf("line %d is not there", i)
			}
		}
		if strings.Contains(got, "too late") || strings.Count(got, "\n") != 20 || strings.HasSuffix(got, "of 20\x1b[K") {
			t.Errorf("got %q", got)
		}
	})
}

// TestNothingToSayIsNotDrawn: work that has not said how far it is.
func TestNothingToSayIsNotDrawn(t *testing.T) {
	for _, tty := range []bool{true, false} {
		synctest.Test(t, func(t *testing.T) {
			tio, errw := screen()
			tio.ErrTTY = tty
			p := tio.Progress()
			time.Sleep(2 * time.Minute)
			p.Done()
			if errw.Len() > 0 {
				t.Errorf("tty %v: %q", tty, errw)
			}
		})
	}
}
