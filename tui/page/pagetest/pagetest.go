// Package pagetest drives one page by hand, without the root: for the tests of
// pages.
package pagetest

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/charmbracelet/x/ansi"

	"github.com/midwatch-cli/midwatch/fleet"
	"github.com/midwatch-cli/midwatch/tui/history"
	"github.com/midwatch-cli/midwatch/tui/page"
	"github.com/midwatch-cli/midwatch/tui/theme"
	"github.com/midwatch-cli/midwatch/tui/widget"
)

// At is when the snapshots of tests are from.
func At() time.Time { return time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC) }

// View is a view of a snapshot at this size, in UTC and without colours.
func View(s *fleet.Snapshot, width, height int) *page.View {
	if s.At.IsZero() {
		s.At = At()
	}
	return &page.View{
		Snapshot: s, History: &history.History{}, Theme: theme.New(theme.Options{Colorless: true}),
		Width: width, Height: height, Now: s.At, Zone: time.UTC,
	}
}

// Drawn lets a page see and draw, and returns its lines as plain text. It fails
// when they are more or wider than there is room for.
func Drawn(t testing.TB, p page.Page, v *page.View) []string {
	t.Helper()
	p.See(v)
	var lines []string
	for _, l := range p.Draw(v) {
		var b strings.Builder
		widget.Write(&b, v.Theme, l, v.Width)
		line := strings.TrimRight(ansi.Strip(b.String()), " ")
		if w := widget.Width(line); w > v.Width {
			t.Errorf("%d columns on %d: %q", w, v.Width, line)
		}
		lines = append(lines, line)
	}
	if len(lines) > v.Height {
		t.Errorf("%d lines on %d", len(lines), v.Height)
	}
	return lines
}

// Screen is Drawn in one text.
func Screen(t testing.TB, p page.Page, v *page.View) string {
	t.Helper()
	return strings.Join(Drawn(t, p, v), "\n")
}

// Lit is the row of the cursor, one blank between its words.
func Lit(lines []string) string {
	for _, line := range lines {
		if row, ok := strings.CutPrefix(line, "▌"); ok {
			return strings.Join(strings.Fields(row), " ")
		}
	}
	return ""
}

// Press does what a key of the page does.
func Press(t testing.TB, p page.Page, v *page.View, key string) page.Intent {
	t.Helper()
	for _, b := range p.Keys() {
		if slices.Contains(b.Keys, key) {
			i := b.Do(v)
			p.See(v)
			return i
		}
	}
	t.Fatalf("%s has no key %s", p.Place().Kind, key)
	return nil
}
