package list_test

import (
	"strconv"
	"testing"

	"github.com/midwatch-cli/midwatch/tui/list"

	"github.com/midwatch-cli/midwatch/fleet"
	"github.com/midwatch-cli/midwatch/tui/page"
	"github.com/midwatch-cli/midwatch/tui/theme"
	"github.com/midwatch-cli/midwatch/tui/widget"
)

// TestRowsThatAreSeen: of 5,000 rows a frame makes those that are seen, each once,
// wherever the cursor is and however much stands below them. Every page with rows
// draws them by this.
func TestRowsThatAreSeen(t *testing.T) {
	for _, height := range []int{1, 2, 6, 30, 100} {
		var l list.List[int]
		for i := range 5000 {
			l.Keys = append(l.Keys, i)
		}
		v := &page.View{Snapshot: &fleet.Snapshot{}, Theme: theme.New(theme.Options{}), Width: 80, Height: height}
		for _, by := range []int{0, 10, 1 << 30, -40} {
			l.Cursor.Move(by, l.Keys, height)
			l.Settle(v, 2)
			made := map[int]int{}
			lines := l.Draw(v, []widget.Column{{Name: "N"}}, func(i int) [][]widget.Span {
				made[i]++
				return [][]widget.Span{{{Text: strconv.Itoa(i)}}}
			}, func() []widget.Line { return make([]widget.Line, 2) })
			if len(lines) > height || len(made) > max(0, height-1) || made[l.Cursor.Row] != min(1, height-1) {
				t.Errorf("%d lines of %d, rows %v, the cursor is on %d", len(lines), height, made, l.Cursor.Row)
			}
			for row, times := range made {
				if times != 1 {
					t.Errorf("row %d was made %d times", row, times)
				}
			}
		}
	}
}
