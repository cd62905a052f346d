package write

import (
	"context"

	"github.com/midwatch-cli/midwatch/cmd/app"
	"github.com/midwatch-cli/midwatch/fleet/change"
)

// Front is where those are who have to agree to a change, and are told what came
// of it: the terminal of a command, or the dashboard. Only what it looks like is
// its own: what is asked when, and what for, is the Writer's.
type Front interface {
	// Width is how long a line may be; 0: it is not broken.
	Width() int
	// Tell says something beside the plan.
	Tell(line string)
	// Show shows a plan that nobody is asked about.
	Show(q Question)
	// Ask shows a plan and returns whether they agree. Its error says that nobody
	// could be asked (term.ErrNoTerminal), or is that of a ctx that ended.
	Ask(ctx context.Context, q Question) (bool, error)
	// Working is called as the first target is begun, of so many. What it returns is
	// told each one as it is known, its place being that in the plan, and is over
	// when done is called, which may be more than once.
	Working(of int) (tell func(change.Result), done func())
	// End shows what came of a plan.
	End(e Ended) error
}

// Question is a plan, and what somebody is asked who has to agree to it.
type Question struct {
	Lines []string // the plan for people
	Name  string   // what has to be typed; empty: yes or no, and no is the default
	Again bool     // what is there changed since it was asked the last time
}

// Ended is what came of a plan.
type Ended struct {
	Plan    *change.Plan
	Outcome *change.Outcome // nil: it was shown and no more
	Code    app.Code
	Lines   []string // in sentences: how many, how to undo it, how to go on
}
