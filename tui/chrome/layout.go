// Package chrome is what stands around a page: how the lines of the screen are
// shared out, the path, the keys.
package chrome

// Layout is how the lines of the screen are shared out.
type Layout struct {
	Header, Path, Page, Events, Tape, Keys int

	Rules bool // a line of its own above the path, and one below the page
}

// NewLayout gives the page of a screen of so many lines what the others leave: they
// give way on small screens. Tape: a recording is shown.
func NewLayout(height int, tape bool) Layout {
	l := Layout{Header: 1, Path: 1, Keys: 1}
	switch {
	case height >= 18:
		l.Rules, l.Events = true, 2
	case height >= 12:
		l.Events = 1
	case height < 3:
		l = Layout{}
	case height < 6:
		l.Path = 0
	}
	if tape && height >= 6 {
		l.Tape = 1
	}
	l.Page = height - l.Header - l.Path - l.Events - l.Tape - l.Keys
	if l.Rules {
		l.Page -= 2
	}
	return l
}

// PathAt is the line that the path is in; below 0 it has none.
func (l *Layout) PathAt() int {
	switch {
	case l.Path == 0:
		return -1
	case l.Rules:
		return l.Header + 1
	}
	return l.Header
}

// PageAt is the first line of the page.
func (l *Layout) PageAt() int {
	if l.Rules {
		return l.Header + 1 + l.Path
	}
	return l.Header + l.Path
}
