package top

import (
	"github.com/midwatch-cli/midwatch/cmd/app"
	"github.com/midwatch-cli/midwatch/tui/desk"
)

// NewDesk returns the desk of a session.
func NewDesk(s *app.Session) desk.Desk { return newDesk(s, app.Probing{Attempts: 1, Parallel: 8}) }

// Begins says whether changes are allowed from the start.
func Begins(d desk.Desk, flag bool) bool { return d.(*writing).begins(flag) }

// What else the tests of this package see of it.
var (
	Here = here // a hint as it is of use on the dashboard
	Live = live
	Raw  = raw
)

// And how addresses are opened.
var (
	Browser = browser
	Browse  = browse
)
