package tui

import (
	"time"

	tea "charm.land/bubbletea/v2"

	"github.com/midwatch-cli/midwatch/tui/dialog"
	"github.com/midwatch-cli/midwatch/tui/page"
)

// wheelRows is how many rows the wheel scrolls by, and soon how long after a click
// another one on the same line is its second.
const (
	wheelRows = 3
	soon      = 500 * time.Millisecond
)

// click is where one clicked last, and when.
type click struct {
	y  int
	at time.Time
	on page.Page
}

// mouseMode is what the terminal reports: as little as there is, and nothing
// where the terminal shall select text by itself.
func (a *App) mouseMode() tea.MouseMode {
	if a.mouseOff {
		return tea.MouseModeNone
	}
	return tea.MouseModeCellMotion
}

// point takes what the mouse did. A click never writes: it chooses a row, sorts,
// goes to a page of the path, and its second opens the row. Dialogs and a line
// that is typed take none.
func (a *App) point(msg tea.MouseMsg) {
	m := msg.Mouse()
	switch msg.(type) {
	case tea.MouseWheelMsg:
		switch m.Button {
		case tea.MouseWheelUp:
			a.wheel(-wheelRows)
		case tea.MouseWheelDown:
			a.wheel(wheelRows)
		}
	case tea.MouseClickMsg:
		if m.Button == tea.MouseLeft && !a.asking.Asks() && len(a.dialogs) == 0 && a.shown != nil {
			a.click(m.X, m.Y)
		}
	}
}

// wheel scrolls the dialog that is open, else the page.
func (a *App) wheel(by int) {
	v := a.view()
	if n := len(a.dialogs); n > 0 {
		if d, ok := a.dialogs[n-1].(dialog.Wheeled); ok {
			d.Wheel(&v, by)
			a.see()
		}
		return
	}
	if p, ok := a.top().(page.Pointed); ok && a.shown != nil {
		p.Wheel(&v, by)
		a.see()
	}
}

// click is a click on a place of the screen.
func (a *App) click(x, y int) {
	now := a.o.Now()
	twice := a.clicked.y == y && a.clicked.on == a.top() && now.Sub(a.clicked.at) < soon
	a.clicked = click{y, now, a.top()}
	if twice { // the third is the first of the next two
		a.clicked.on = nil
	}
	l := a.layout()
	first := l.PageAt()
	switch {
	case y == l.PathAt():
		if i := a.crumbs().At(a.theme, a.firstCrumb(), x); i >= 0 {
			a.open(a.trail.Path()[i].Place())
			a.see()
		}
	case y >= first && y < first+l.Page:
		p, ok := a.top().(page.Pointed)
		if !ok {
			return
		}
		v := a.view()
		a.obey(p.Click(&v, y-first, x, twice))
		a.see()
	}
}
