package tui

import (
	"fmt"
	"strings"
	"time"

	"github.com/midwatch-cli/midwatch/fleet"
	"github.com/midwatch-cli/midwatch/fleet/plain"
	"github.com/midwatch-cli/midwatch/tui/chrome"
	"github.com/midwatch-cli/midwatch/tui/page"
	"github.com/midwatch-cli/midwatch/tui/theme"
	"github.com/midwatch-cli/midwatch/tui/widget"
)

// layout is how the lines of the screen are shared out.
func (a *App) layout() chrome.Layout { return chrome.NewLayout(a.height, a.tape.On()) }

// draw makes a frame: a line for each line of the screen, none wider than it.
func (a *App) draw() string {
	l := a.layout()
	lines := make([]widget.Line, 0, a.height)
	rule := widget.Text(theme.Rule, strings.Repeat("─", max(0, a.width)))
	if l.Header > 0 {
		lines = append(lines, a.header())
	}
	if l.Rules {
		lines = append(lines, rule)
	}
	if l.Path > 0 {
		lines = append(lines, a.path())
	}
	lines = append(lines, a.body(l.Page)...)
	if l.Rules {
		lines = append(lines, rule)
	}
	lines = append(lines, a.happened(l.Events)...)
	if l.Tape > 0 {
		v := a.view()
		lines = append(lines, a.tape.Draw(&v))
	}
	if l.Keys > 0 {
		lines = append(lines, a.footer())
	}
	var b strings.Builder
	b.Grow(len(a.frame) + len(a.frame)/8) // it will be about as long as the last one
	for i := range lines {
		if i > 0 {
			b.WriteByte('\n')
		}
		widget.Write(&b, a.theme, lines[i], a.width)
	}
	return b.String()
}

// body is the page, or the dialog above it, in exactly so many lines.
func (a *App) body(height int) []widget.Line {
	var lines []widget.Line
	v := a.view()
	switch {
	case height <= 0:
		return nil
	case len(a.dialogs) > 0:
		lines = a.dialogs[len(a.dialogs)-1].Draw(&v)
	case a.shown == nil && a.ended:
		lines = page.Middle(&v, "Nothing was read.", "q quits")
	case a.shown == nil && a.tape.On():
		lines = page.Middle(&v, "Reading the recording …")
	case a.shown == nil:
		lines = page.Middle(&v, "Reading the registries, asking every instance …")
	default:
		lines = a.top().Draw(&v)
	}
	for len(lines) < height {
		lines = append(lines, widget.Blank())
	}
	return lines[:height]
}

// header says whose fleet it is, how its sources are, and how fresh all this is.
func (a *App) header() widget.Line {
	l := widget.Line{Left: []widget.Span{{Text: " midwatch", Tone: theme.Strong}}}
	name := a.o.Context
	if a.shown != nil && a.shown.Context != "" {
		name = a.shown.Context
	}
	dot := widget.Span{Text: " · ", Tone: theme.Rule}
	if a.tape.On() {
		l.Left = append(l.Left, dot, widget.Span{Text: "REPLAY", Tone: theme.Bad})
	}
	if name != "" {
		l.Left = append(l.Left, dot, widget.Span{Text: name, Tone: theme.Accent})
	}
	if a.changing.Writing() {
		l.Left = append(l.Left, dot, widget.Span{Text: "writing", Tone: theme.Warn})
	}
	if a.shown != nil {
		several := page.Several(a.shown)
		for i := range a.shown.Sources {
			between := dot
			if i > 0 {
				between = widget.Span{Text: "  "}
			}
			l.Left = append(append(l.Left, between), source(a.shown, &a.shown.Sources[i], several)...)
		}
	}
	l.Right = a.freshness(a.width - 1 - widget.SpansWidth(a.theme, l.Left))
	return l
}

// freshness is whether what is seen is the present and, where there is room, when
// that was and how many instances answered.
func (a *App) freshness(room int) []widget.Span {
	word, tone := a.state()
	right := []widget.Span{{Text: word + " ", Tone: tone}}
	if a.shown == nil {
		return right
	}
	v, c := a.view(), a.counts
	for _, more := range []string{v.Clock(a.shown.At), fmt.Sprintf("%d of %d answer", c.Answered, c.Instances)} {
		longer := append([]widget.Span{{Text: more, Tone: theme.Dim}, {Text: " · ", Tone: theme.Rule}}, right...)
		if widget.SpansWidth(a.theme, longer) > room {
			break
		}
		right = longer
	}
	return right
}

// source is a registry: its name, with its context where there are several, and a
// sign, and for one that fails its age and why.
func source(s *fleet.Snapshot, src *fleet.SourceView, several bool) []widget.Span {
	name := src.Name
	if several {
		name = page.In(src.Context, name)
	}
	if src.Reason == "" {
		if src.AsOf.IsZero() {
			return []widget.Span{{Text: name + " "}, {Text: "? not read yet", Tone: theme.Doubt}}
		}
		return []widget.Span{{Text: name + " "}, {Text: "✓", Tone: theme.Good}}
	}
	age := "never read"
	if !src.AsOf.IsZero() {
		age = plain.Duration(max(0, s.At.Sub(src.AsOf))) + " old"
	}
	return []widget.Span{{Text: name + " "}, {Text: "✗ " + age + ", " + page.Reason(src.Reason), Tone: theme.Bad}}
}

// state is whether what is seen is the present.
func (a *App) state() (string, theme.Tone) {
	switch {
	case a.tape.On() && a.shown != nil && !a.ended:
		return "of " + a.shown.At.In(a.o.Zone).Format(time.DateOnly), theme.Warn
	case a.paused && a.ended:
		return "paused, the feed has ended", theme.Bad
	case a.paused && a.silent:
		return "paused, " + a.silence(), theme.Bad
	case a.paused && a.latest != a.shown:
		return "paused, there is newer", theme.Warn
	case a.paused:
		return "paused", theme.Warn
	case a.ended:
		return "the feed has ended", theme.Bad
	case a.silent:
		return a.silence(), theme.Bad
	case a.latest == nil:
		return "starting", theme.Dim
	}
	return "live", theme.Good
}

// silence is how long nothing has come.
func (a *App) silence() string {
	return "no news for " + plain.Duration(max(0, a.o.Now().Sub(a.arrived)).Truncate(time.Second))
}

// path is where one is, and what state the page is in. Its end is what counts.
func (a *App) path() widget.Line {
	state := a.pageState()
	l := widget.Line{Right: a.notes()}
	l.Left = a.crumbs().Spans(a.firstCrumb())
	l.Left = append(l.Left, state...)
	return l
}

// notes are the states that the page is in, and what is in force.
func (a *App) notes() []widget.Span {
	if a.shown == nil {
		return nil
	}
	v := a.view()
	notes := []widget.Span{{Text: strings.Join(a.top().Notes(&v), " · ") + " ", Tone: theme.Dim}}
	a.journal.Drawn(v.Now)
	if kind := a.top().Place().Kind; kind == page.Changes || kind == page.Change {
		return notes // what is in force is seen there
	}
	return a.journal.Remind(a.theme, v.Now, notes, a.width-widget.SpansWidth(a.theme, a.pageState())-widget.SpansWidth(a.theme, a.crumbs().Spans(len(a.trail.Path())-1))-1)
}

// crumbs are the names of the pages of the path. Where there are several contexts
// each begins with its own, unless it goes without saying.
func (a *App) crumbs() (names chrome.Path) {
	several, before := a.shown != nil && page.Several(a.shown), ""
	for _, p := range a.trail.Path() {
		at := p.Place()
		name := at.Name()
		if several && at.Key.Context != "" && at.Key.Context != before {
			name = page.In(at.Key.Context, name)
		}
		names, before = append(names, name), at.Key.Context
	}
	return names
}

// firstCrumb is the first page of the path that there is room for.
func (a *App) firstCrumb() int {
	return a.crumbs().First(a.theme, a.width-widget.SpansWidth(a.theme, a.notes())-widget.SpansWidth(a.theme, a.pageState())-1)
}

// pageState is what keeps rows from being seen.
func (a *App) pageState() (spans []widget.Span) {
	if f, ok := a.top().(page.Filtered); ok && f.Filter() != "" {
		spans = append(spans, widget.Span{Text: "  /" + f.Filter(), Tone: theme.Accent})
	}
	if a.unwell && a.top().Place().Kind != page.Instance {
		spans = append(spans, widget.Span{Text: "  only unwell", Tone: theme.Warn})
	}
	if m, ok := a.top().(page.Marked); ok && m.Marks() > 0 {
		spans = append(spans, widget.Span{Text: fmt.Sprintf("  %d marked", m.Marks()), Tone: theme.Accent})
	}
	return spans
}

// happened are the last events, the newest first.
func (a *App) happened(n int) []widget.Line {
	lines := make([]widget.Line, 0, n)
	v := a.view()
	for i := len(v.Events) - 1; i >= 0 && len(lines) < n; i-- {
		lines = append(lines, page.Event(&v, &v.Events[i]))
	}
	if len(lines) == 0 && n > 0 {
		lines = append(lines, widget.Text(theme.Dim, " nothing has happened since this began"))
	}
	for len(lines) < n {
		lines = append(lines, widget.Blank())
	}
	return lines
}

// footer is what is typed, else a note, else the keys.
func (a *App) footer() widget.Line {
	switch {
	case a.asking.Asks():
		return a.asking.Draw(a.theme, a.width)
	case a.note != "":
		return widget.Text(theme.Warn, " "+a.note)
	case len(a.dialogs) > 0:
		return chrome.Keys(a.theme, a.width, a.dialogs[len(a.dialogs)-1].Keys())
	}
	return chrome.Keys(a.theme, a.width, shown(a.top().Keys(), a.keys(), a.changing.Writing()))
}
