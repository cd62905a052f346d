package cmd_test

import (
	"os/exec"
	"regexp"
	"strings"
	"testing"
)

// TestTerminalTopLooks: which colours and signs are written for what the terminal
// has and the person wants. What is told says it without them.
func TestTerminalTopLooks(t *testing.T) {
	const none, sixteen, few, all = `\x1b\[[0-9;]*(3[0-7]|9[0-7]|38;|48;)[0-9;]*m`, `\x1b\[[0-9;]*9[1-7]m`, `\x1b\[[0-9;]*38;5;[0-9]+`, `\x1b\[[0-9;]*38;2;[0-9]+`
	colours := []string{sixteen, few, all}
	url := inventory(t, serve(t, "up"), serve(t, "down"))
	for _, tt := range []struct {
		name  string
		env   []string
		flags string
		wants string // the sequences that are seen; none of them is
		ascii bool
	}{
		{"256 colours", nil, "", few, false},
		{"all colours", []string{"COLORTERM=truecolor"}, "", all, false},
		{"sixteen colours", []string{"TERM=xterm"}, "", sixteen, false},
		{"the Linux console", []string{"TERM=linux"}, "", sixteen, false},
		{"NO_COLOR", []string{"NO_COLOR=1", "COLORTERM=truecolor"}, "", none, false},
		{"NO_COLOR, any word", []string{"NO_COLOR=please"}, "", none, false},
		{"an empty NO_COLOR", []string{"NO_COLOR="}, "", few, false},
		{"--color never", []string{"COLORTERM=truecolor"}, "--color never", none, false},
		{"--color always beats NO_COLOR", []string{"NO_COLOR=1"}, "--color always", sixteen, false},
		{"CLICOLOR=0", []string{"CLICOLOR=0"}, "", none, false},
		{"--ascii", nil, "--ascii", few, true},
		{"--ascii without colour", nil, "--ascii --color never", none, true},
		{"a locale without UTF-8", []string{"LANG=C"}, "", few, true},
	} {
		t.Run(tt.name, func(t *testing.T) {
			args := append([]string{"top", "--registry", url, "--attempts", "1", "--palette", "dark"}, strings.Fields(tt.flags)...)
			s := commandOnTerminal(t, exec.Command("midwatch", args...), tt.env...)
			sign := "✓"
			if tt.ascii {
				sign = "+"
			}
			s.sees("payment", "degraded", sign)
			s.types("q")
			if code := s.code(); code != 0 {
				t.Errorf("ended with %d", code)
			}
			if tt.wants == none {
				if seen := regexp.MustCompile(none).Find(s.raw); seen != nil {
					t.Errorf("wrote a colour: %q", seen)
				}
			}
			for _, c := range colours {
				if seen := regexp.MustCompile(c).Match(s.raw); seen != (c == tt.wants) {
					t.Errorf("%s: %v", c, seen)
				}
			}
			if !strings.Contains(string(s.raw), "\x1b[1m") && !regexp.MustCompile(`\x1b\[(1;|[0-9;]*;1m)`).Match(s.raw) {
				t.Error("nothing has weight")
			}
			s.asBefore()
		})
	}
}

// TestTerminalTopDumb: on a terminal that cannot be drawn on it is said what to use
// instead, whatever else is asked for.
func TestTerminalTopDumb(t *testing.T) {
	for _, env := range [][]string{{"TERM=dumb"}, {"TERM=dumb", "CLICOLOR_FORCE=1"}} {
		s := commandOnTerminal(t, exec.Command("midwatch", "top", "--registry", inventory(t, serve(t, "up"), serve(t, "up"))), env...)
		s.sees("top needs a terminal", "midwatch watch")
		if code := s.code(); code != 2 {
			t.Errorf("%v: ended with %d", env, code)
		}
		if strings.Contains(string(s.raw), "\x1b") {
			t.Errorf("%v: wrote %q", env, s.raw)
		}
	}
}
