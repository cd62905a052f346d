package gate

import (
	"context"
	"strings"

	"github.com/midwatch-cli/midwatch/fleet"
)

// All holds where each of its conditions does. What is known not to hold decides
// before what is not known. Of none it holds always.
type All []Condition

// String is all of them.
func (a All) String() string {
	var all []string
	for _, c := range a {
		all = append(all, c.String())
	}
	return strings.Join(all, " and ")
}

// Eval is the worst of theirs, the first of equals, with the texts of all.
func (a All) Eval(ctx context.Context, s *fleet.Snapshot) Finding {
	worst := Finding{Outcome: Passed}
	var texts []string
	for i, c := range a {
		f := c.Eval(ctx, s)
		if f.Text != "" {
			texts = append(texts, f.Text)
		}
		if i == 0 || f.Outcome > worst.Outcome {
			worst = f
		}
	}
	worst.Text = strings.Join(texts, "; ")
	return worst
}

// Terminal is the first end that one of them knows of.
func (a All) Terminal(ctx context.Context, s *fleet.Snapshot) (Finding, bool) {
	for _, c := range a {
		if t, ok := c.(Terminator); ok {
			if f, over := t.Terminal(ctx, s); over {
				return f, true
			}
		}
	}
	return Finding{}, false
}
