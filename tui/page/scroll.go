package page

import "github.com/midwatch-cli/midwatch/tui/widget"

// Scroll is lines that are longer than the screen.
type Scroll struct {
	top, lines int
}

// Motion are the keys that scroll.
func (s *Scroll) Motion() []Binding { return Motion(s.Move) }

// Move scrolls by so many lines.
func (s *Scroll) Move(v *View, by int) { s.top = max(0, min(s.top+by, s.lines-v.Height)) }

// Fit takes how many lines there are.
func (s *Scroll) Fit(v *View, lines int) {
	s.lines = lines
	s.top = max(0, min(s.top, lines-v.Height))
}

// Below is how many lines are below those that are seen.
func (s *Scroll) Below(v *View) int { return max(0, s.lines-s.top-v.Height) }

// Seen are the lines that are seen.
func (s *Scroll) Seen(v *View, lines []widget.Line) []widget.Line {
	top := min(s.top, len(lines))
	return lines[top:min(len(lines), top+max(0, v.Height))]
}
