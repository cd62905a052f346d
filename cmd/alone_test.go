package cmd_test

import (
	"strings"
	"testing"
)

// TestAlone: without a command and without a terminal there is help, whatever is
// configured.
func TestAlone(t *testing.T) {
	code, out, errs := runWith(t, map[string]string{"MIDWATCH_REGISTRY": "file:///nowhere.yaml"})
	if code != 0 || !strings.Contains(out, "midwatch check") || strings.Contains(out, "Three ways out") || errs != "" {
		t.Errorf("ended with %d\n%s%s", code, out, errs)
	}
}

// TestTerminalAlone: on a terminal it is the dashboard, where there is something
// to look at, else help with the ways out.
func TestTerminalAlone(t *testing.T) {
	up := serve(t, "up")
	s := onTerminal(t, "--registry", inventory(t, up, up), "--color", "never")
	s.sees("payment", "SERVICE", "q quit")
	s.types("q")
	if code := s.code(); code != 0 {
		t.Errorf("ended with %d\n%s", code, s.text())
	}
	s = onTerminal(t)
	s.sees("Three ways out", "midwatch demo")
	if code := s.code(); code != 0 {
		t.Errorf("ended with %d\n%s", code, s.text())
	}
}
