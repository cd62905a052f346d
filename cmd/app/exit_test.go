package app_test

import (
	"errors"
	"fmt"
	"testing"

	"github.com/midwatch-cli/midwatch/cmd/app"
	"github.com/midwatch-cli/midwatch/fleet/gate"
)

// TestCodes is the contract: the numbers.
func TestCodes(t *testing.T) {
	names := map[app.Code]app.Code{
		app.OK: 0, app.NotWell: 1, app.Usage: 2, app.CannotSay: 3, app.Partial: 4, app.Undone: 5, app.HalfDone: 6,
		app.TimedOut: 124, app.HungUp: 129, app.Interrupt: 130, app.Killed: 143,
	}
	for got, number := range names {
		if got != number {
			t.Errorf("a code called %d is %d", number, got)
		}
	}
}

func TestCodeOf(t *testing.T) {
	for outcome, want := range map[gate.Outcome]app.Code{gate.Passed: app.OK, gate.Failed: app.NotWell, gate.Unknown: app.CannotSay, 0: app.CannotSay, 77: app.CannotSay} {
		if got := app.CodeOf(outcome); got != want {
			t.Errorf("%v: %d, want %d", outcome, got, want)
		}
	}
}

func TestEnds(t *testing.T) {
	if app.End(app.OK) != nil {
		t.Error("a good end is an error")
	}
	err := fmt.Errorf("x: %w", app.End(app.Partial))
	var ended app.Ended
	if !errors.As(err, &ended) || ended.Code != app.Partial || ended.Warned || ended.Error() != "exit code 4" {
		t.Errorf("got %v", err)
	}
	cause := errors.New("cause")
	wrong := &app.Error{Code: app.Usage, Err: fmt.Errorf("bad: %w", cause)}
	if !errors.Is(wrong, cause) || wrong.Error() != "bad: cause" {
		t.Errorf("got %v", wrong)
	}
	refused(t, "Usagef", app.Usagef("do that", "%q is %d", "x", 7), app.Usage, `"x" is 7`, "hint: do that")
}
