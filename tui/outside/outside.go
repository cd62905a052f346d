// Package outside is what leaves the dashboard: names for the clipboard, pages for
// a file, addresses for the browser, the terminal for the shell. What comes of it
// is told to the screen; what takes time is done in commands.
package outside

import (
	"cmp"
	"context"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/midwatch-cli/midwatch/tui/reading"

	tea "charm.land/bubbletea/v2"

	"github.com/midwatch-cli/midwatch/fleet"
	"github.com/midwatch-cli/midwatch/tui/command"
	"github.com/midwatch-cli/midwatch/tui/describe"
	"github.com/midwatch-cli/midwatch/tui/dialog"
	"github.com/midwatch-cli/midwatch/tui/page"
	"github.com/midwatch-cli/midwatch/tui/theme"
	"github.com/midwatch-cli/midwatch/tui/widget"
)

// World is what is around the dashboard; what is not there is nil.
type World struct {
	Getenv func(name string) string
	// Browse opens an address with the person's own program; nil where there is
	// none. It does I/O and may block.
	Browse func(ctx context.Context, url string) error
	// Alone says why nobody would bring a stopped midwatch back; nil where a shell
	// would.
	Alone func() error
	// NoClipboard says that nothing reaches a terminal that has one.
	NoClipboard bool
	// Raw is the record of what a place is about, as JSON documents have it, in
	// lines; nothing where it is not there.
	Raw func(v *page.View, of page.Place) []string
}

// Screen is where things come from, and where it is told what became of them.
type Screen interface {
	Open(d dialog.Dialog)
	Say(note string)
	Do(c tea.Cmd)
	View() page.View
	// Page is the one that is seen.
	Page() page.Page
	// Head is what stands above it: whose fleet it is and how fresh, where one is.
	Head() []widget.Line
	// Busy says that a change is being made: it would stand still in the middle where
	// midwatch does, and hold the journal perhaps.
	Busy() bool
}

// Outside is the way out. One goroutine uses it.
type Outside struct {
	world  World
	screen Screen
}

// New returns it.
func New(w World, s Screen) *Outside {
	if w.Getenv == nil {
		w.Getenv = os.Getenv
	}
	return &Outside{world: w, screen: s}
}

// Msg says what came of a command.
type Msg struct {
	note string
	err  error
	url  string // that could not be opened
	stop bool   // it may be stopped: a shell is there
}

// Heard takes what came of a command.
func (o *Outside) Heard(m Msg) {
	switch {
	case m.stop && o.screen.Busy():
		o.screen.Say(sentence(errBusy()))
	case m.stop:
		o.screen.Do(tea.Suspend)
	case m.url != "":
		o.handOver(m.url, m.err)
	case m.err != nil:
		o.screen.Say(sentence(m.err))
	case m.note != "":
		o.screen.Say(m.note)
	}
}

// sentence is an error with what to do about it.
func sentence(err error) string {
	text := err.Error()
	if hint := fleet.HintOf(err); hint != "" {
		text += ": " + hint
	}
	return text
}

// Keys are those of every page: there are some only where the page is about
// something.
func (o *Outside) Keys() []page.Binding {
	if _, ok := o.screen.Page().(page.Listed); !ok {
		return nil
	}
	key := func(k, does string, quiet bool, do func(page.Place) error) page.Binding {
		return page.Binding{Keys: []string{k}, Shown: k, Does: does, Quiet: quiet, Late: true, Do: func(*page.View) page.Intent {
			if err := o.with(do); err != nil {
				o.screen.Say(sentence(err))
			}
			return nil
		}}
	}
	keys := []page.Binding{key("d", "describe", false, o.describe)}
	if o.world.Raw != nil {
		keys = append(keys, key("y", "raw record", true, o.raw))
	}
	keys = append(keys, key("c", "copy its name", true, o.copyName), key("o", "open a link of it", true, o.link))
	for _, own := range o.screen.Page().Keys() { // they come first
		keys = slices.DeleteFunc(keys, func(b page.Binding) bool { return slices.Contains(own.Keys, b.Keys[0]) })
	}
	return keys
}

// Commands are behind ":".
func (o *Outside) Commands() command.Table {
	of := func(do func(page.Place) error) func(string) error {
		return func(string) error { return o.with(do) }
	}
	t := command.Table{{Name: "describe", Does: "all that is known of what the cursor is on", Do: of(o.describe)}}
	if o.world.Raw != nil {
		t = append(t, command.Command{Name: "raw", Also: []string{"yaml", "json"}, Does: "its record, as -o json has it", Do: of(o.raw)})
	}
	return append(t, command.Table{
		{Name: "copy", Arg: "[WHAT]", Does: "its name, address, id, url, raw record or row, or the page, to the clipboard", Offers: kinds, Do: o.copy},
		{Name: "open", Also: []string{"link", "browse"}, Does: "a link of it: runbook, dashboard", Do: of(o.link)},
		{Name: "save", Arg: "FILE", Does: "the page to a file, with the rows that are not seen", Offers: o.names, Do: func(name string) error { return o.save(name, false) }},
		{Name: "save!", Arg: "FILE", Does: "the same, in place of a file that is there", Offers: o.names, Do: func(name string) error { return o.save(name, true) }},
		{Name: "suspend", Does: "leave the terminal to the shell for a while; fg comes back", Do: o.suspend},
	}...)
}

// with does something with what the cursor is on.
func (o *Outside) with(do func(page.Place) error) error {
	l, ok := o.screen.Page().(page.Listed)
	if !ok {
		return &fleet.Error{Detail: "this page is about nothing that has a name"}
	}
	rows, at := l.Rows()
	if at < 0 || at >= len(rows) {
		return &fleet.Error{Detail: "the cursor is on nothing"}
	}
	return do(rows[at])
}

// errGone is what is said of what is not there any more.
func errGone(of page.Place) error {
	return &fleet.Error{Detail: cmp.Or(theme.Clean(describe.Name(of)), "it") + " is not here any more"}
}

func (o *Outside) describe(of page.Place) error {
	v := o.screen.View()
	title, lines := describe.Place(&v, of)
	if len(lines) == 0 {
		return errGone(of)
	}
	o.screen.Open(reading.NewText(title, lines))
	return nil
}

func (o *Outside) raw(of page.Place) error {
	v := o.screen.View()
	record := o.world.Raw(&v, of)
	if len(record) == 0 {
		return errGone(of)
	}
	lines := make([]widget.Line, len(record))
	for i, text := range record {
		lines[i] = tinted(text)
	}
	o.screen.Open(reading.NewText(describe.Name(of), lines))
	return nil
}

// tinted is a line of JSON in which names are told from values.
func tinted(text string) widget.Line {
	indent := len(text) - len(strings.TrimLeft(text, " "))
	if name, value, ok := strings.Cut(text, `": `); ok && strings.HasPrefix(name[indent:], `"`) {
		return widget.Line{Left: []widget.Span{{Text: " " + name + `"`, Tone: theme.Accent}, {Text: ": " + value}}}
	}
	return widget.Text(theme.Plain, " "+text)
}

// names are what the file of a page may be called.
func (o *Outside) names() []string {
	v := o.screen.View()
	at := v.Snapshot.At
	if at.IsZero() {
		at = v.Now
	}
	name := strings.Map(func(r rune) rune {
		if r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || r == '-' || r == '_' {
			return r
		}
		return '_'
	}, o.screen.Page().Place().Name())
	return []string{name[:min(len(name), 60)] + at.In(v.Zone).Format("-20060102-150405") + ".txt"}
}

// whole is the page in full, a line each, with what stands above it.
func (o *Outside) whole() []string {
	v := o.screen.View()
	var text []string
	for _, l := range o.screen.Head() {
		text = append(text, l.Words(v.Theme))
	}
	v.Whole, v.Width, v.Height = true, 1<<10, 1<<14
	if at := v.Snapshot.At; !at.IsZero() {
		text = append(text, " "+at.In(v.Zone).Format(time.RFC3339))
	}
	text = append(text, "")
	for _, l := range o.screen.Page().Draw(&v) {
		text = append(text, l.Words(v.Theme))
	}
	for text[len(text)-1] == "" {
		text = text[:len(text)-1]
	}
	return text
}

// errBusy is what is said where midwatch may not stand still.
func errBusy() error {
	return &fleet.Error{Detail: "a change is being made and would stand still half way", Hint: ":result shows it, X in it stops it"}
}

// suspend stops the process, where somebody can bring it back.
func (o *Outside) suspend(string) error {
	if o.screen.Busy() {
		return errBusy()
	}
	alone := o.world.Alone
	o.screen.Do(func() tea.Msg {
		if alone != nil {
			if err := alone(); err != nil {
				return Msg{err: err}
			}
		}
		return Msg{stop: true}
	})
	return nil
}
