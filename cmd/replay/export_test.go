package replay

import (
	"github.com/midwatch-cli/midwatch/cmd/app"
	"github.com/midwatch-cli/midwatch/fleet"
	"github.com/midwatch-cli/midwatch/fleet/record"
)

// Again is what a pass would have come to that was about less.
func Again(p record.Pass, w app.Wanted) *fleet.Snapshot { return again(0, p, w) }

// Answered, Asking and Writing are the table of commands.
var Answered, Asking, Writing = answered, asking, writing
