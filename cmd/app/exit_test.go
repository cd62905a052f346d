package app_test

import (
	"errors"
	"fmt"
	"testing"

	"github.com/midwatch-cli/midwatch/cmd/app"
	"github.com/midwatch-cli/midwatch/fleet/gate"
)

// TestCodes is the contract: the numbers, and what Nagios makes of them.
func TestCodes(t *testing.T) {
	want := map[app.Code]int{0: 0, 1: 2, 2: 3, 3: 3, 4: 2, 5: 2, 6: 2, 124: 2, 129: 3, 130: 3, 143: 3}
	last := app.Code(-1)
	for _, row := range app.Codes() {
		nagios, known := want[row.Code]
		if !known || row.Nagios != nagios || row.Code.Nagios() != nagios || row.Meaning == "" {
			t.Errorf("%d is %d for Nagios (%q), want %d", row.Code, row.Nagios, row.Meaning, nagios)
		}
		if row.Code <= last {
			t.Errorf("%d stands after %d", row.Code, last)
		}
		last = row.Code
		delete(want, row.Code)
	}
	if len(want) > 0 {
		t.Errorf("the table lacks %v", want)
	}
	for _, unknown := range []app.Code{7, -1, 255} {
		if got := unknown.Nagios(); got != 3 {
			t.Errorf("%d, which nobody knows, is %d", unknown, got)
		}
	}
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
