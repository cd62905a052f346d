// Package dialog is what is drawn in place of the page and takes the keys: forms,
// plans that want an answer, what came of them.
package dialog

import (
	"github.com/midwatch-cli/midwatch/tui/page"
	"github.com/midwatch-cli/midwatch/tui/widget"
)

// Dialog is one dialog. Its methods are called by one goroutine.
type Dialog interface {
	// Press takes a key by its name, and what it types. Over: the dialog is closed,
	// before the intent is obeyed.
	Press(v *page.View, key, text string) (want page.Intent, over bool)
	// Draw returns at most v.Height lines. It changes nothing.
	Draw(v *page.View) []widget.Line
	// Keys are those that the footer shows, with what they do.
	Keys() [][2]string
}

// Wheeled is a dialog that the wheel of a mouse scrolls.
type Wheeled interface {
	Wheel(v *page.View, by int)
}
