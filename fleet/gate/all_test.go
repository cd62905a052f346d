package gate_test

import (
	"context"
	"testing"

	"github.com/midwatch-cli/midwatch/fleet"
	"github.com/midwatch-cli/midwatch/fleet/gate"
)

// fixed is a condition that comes to what it says.
type fixed gate.Finding

func (f fixed) String() string                                     { return f.Text }
func (f fixed) Eval(context.Context, *fleet.Snapshot) gate.Finding { return gate.Finding(f) }

// last ends the waiting.
type last struct{ fixed }

func (l last) Terminal(context.Context, *fleet.Snapshot) (gate.Finding, bool) {
	return gate.Finding(l.fixed), true
}

func TestAll(t *testing.T) {
	passed, failed, unknown := fixed{Outcome: gate.Passed, Text: "p"}, fixed{Outcome: gate.Failed, Text: "f", Hint: "h"}, fixed{Outcome: gate.Unknown, Text: "u"}
	for _, c := range []struct {
		all  gate.All
		want gate.Outcome
		text string
		hint string
	}{
		{nil, gate.Passed, "", ""},
		{gate.All{passed}, gate.Passed, "p", ""},
		{gate.All{passed, unknown}, gate.Unknown, "p; u", ""},
		{gate.All{unknown, failed, passed}, gate.Failed, "u; f; p", "h"},
		{gate.All{failed, fixed{Outcome: gate.Failed}}, gate.Failed, "f", "h"},
	} {
		f := c.all.Eval(t.Context(), snap())
		if f.Outcome != c.want || f.Text != c.text || f.Hint != c.hint {
			t.Errorf("%v: %+v", c.all, f)
		}
		if _, ends := c.all.Terminal(t.Context(), snap()); ends {
			t.Errorf("%v ends", c.all)
		}
	}
	all := gate.All{passed, last{failed}}
	if f, ends := all.Terminal(t.Context(), snap()); !ends || f.Text != "f" || all.String() != "p and f" {
		t.Errorf("%v %v %s", f, ends, all)
	}
}
