// Package tui is the dashboard: it draws the snapshots of a feed, page by page.
// The root, App, owns what is shared: the size, the stack of pages, dialogs, the
// feed. It does no I/O; pages are in tui/page and below.
package tui

import (
	"time"

	tea "charm.land/bubbletea/v2"
	"github.com/charmbracelet/colorprofile"

	"github.com/midwatch-cli/midwatch/fleet"
	"github.com/midwatch-cli/midwatch/fleet/diff"
	"github.com/midwatch-cli/midwatch/tui/changing"
	"github.com/midwatch-cli/midwatch/tui/desk"
	"github.com/midwatch-cli/midwatch/tui/dialog"
	"github.com/midwatch-cli/midwatch/tui/history"
	"github.com/midwatch-cli/midwatch/tui/journal"
	"github.com/midwatch-cli/midwatch/tui/outside"
	"github.com/midwatch-cli/midwatch/tui/page"
	fleetpage "github.com/midwatch-cli/midwatch/tui/page/fleet"
	"github.com/midwatch-cli/midwatch/tui/prompt"
	"github.com/midwatch-cli/midwatch/tui/tape"
	"github.com/midwatch-cli/midwatch/tui/theme"
	"github.com/midwatch-cli/midwatch/tui/trail"
)

// keptEvents is how many events the pages can show.
const keptEvents = 2000

// Options say what is shown, and how.
type Options struct {
	// Feed delivers snapshots, the newest only, and is closed at its end.
	Feed <-chan *fleet.Snapshot
	// Interval is between two snapshots: after a few of them without one, the
	// screen says so.
	Interval time.Duration
	// Context is what the header says before the first snapshot.
	Context string
	// Theme is how it looks; Light is found out from the terminal unless Fixed.
	Theme theme.Options
	Fixed bool
	Now   func() time.Time
	Zone  *time.Location
	// Desk makes changes and reads those that were made; nil where neither can be.
	Desk desk.Desk
	// Writing allows changes from the start; else :write asks once.
	Writing bool
	// Hands are what the person can do to the feed.
	Hands Hands
	// World is what is around the dashboard.
	World outside.World
}

// Hands are what can be done to a feed; what cannot be is nil. They return at
// once: what they ask for is seen in the feed.
type Hands struct {
	Refresh  func()                // reads now
	Interval func(d time.Duration) // reads so often from now on
	Player   tape.Player           // of the recording that the feed is; nil: it is the present
}

// App is the root: a tea.Model. One goroutine uses it.
type App struct {
	o     Options
	theme *theme.Theme

	width, height int
	trail         *trail.Trail // where one is; the last page of its path is seen
	dialogs       []dialog.Dialog
	asking        prompt.Line

	latest  *fleet.Snapshot // that came; nil before the first
	shown   *fleet.Snapshot // that is drawn: the latest, unless paused
	counts  fleet.Counts    // of shown: counted once, not for each frame
	arrived time.Time
	silent  bool // nothing has come for too long
	ended   bool // the feed is over
	history history.History
	events  []fleet.Event // oldest first
	before  []fleet.Event // those that had happened when it was paused
	journal journal.Journal
	tape    *tape.Tape // the recording that is shown; nil: it is the present

	unwell, wide, paused, quitting bool
	note                           string // one line for the person, until the next key
	mouseOff                       bool   // the terminal selects text by itself
	clicked                        click

	changing *changing.Changing
	outside  *outside.Outside
	waking   bool      // a dialog that takes no keys for a moment is drawn anew soon
	soon     []tea.Cmd // what Update hands back: it takes time

	frame string // what is drawn
	fresh bool   // frame is still right
	drawn int    // frames that were made, for tests
}

// New returns the root, on the page of the fleet.
func New(o Options) *App {
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Zone == nil {
		o.Zone = time.Local
	}
	a := &App{
		o: o, theme: theme.New(o.Theme), trail: trail.New(fleetpage.New(), pageOf), arrived: o.Now(),
		journal: journal.New(o.Desk, noJournal(&o)), tape: tape.New(o.Hands.Player),
	}
	a.changing, a.outside = changing.New(o.Desk, o.Writing, screen{a}), outside.New(o.World, screen{a})
	return a
}

// noJournal is why there is none to be read; nil where there is.
func noJournal(o *Options) error {
	switch {
	case o.Desk != nil:
		return nil
	case o.Hands.Player != nil:
		return &fleet.Error{Detail: "a recording is played: what was cannot be changed", Err: desk.ErrNone}
	}
	return &fleet.Error{Detail: "the dashboard was started without a journal", Err: desk.ErrNone}
}

// What comes to Update beside keys and sizes.
type (
	snapshotMsg struct{ snapshot *fleet.Snapshot }
	endedMsg    struct{}
	tickMsg     time.Time
	wakeMsg     struct{}
)

// Init asks for the first snapshot and for the terminal's background.
func (a *App) Init() tea.Cmd {
	commands := []tea.Cmd{a.next(), tick(), a.journal.Read(true)}
	if !a.o.Fixed {
		commands = append(commands, tea.RequestBackgroundColor)
	}
	return tea.Batch(commands...)
}

// next waits for a snapshot. It is the only command on the feed: each snapshot
// asks for the next one.
func (a *App) next() tea.Cmd {
	feed := a.o.Feed
	return func() tea.Msg {
		if s, ok := <-feed; ok {
			return snapshotMsg{s}
		}
		return endedMsg{}
	}
}

// tick is once a second: what is shown changes by it only when the feed falls
// silent.
func tick() tea.Cmd {
	return tea.Tick(time.Second, func(t time.Time) tea.Msg { return tickMsg(t) })
}

// Update takes what happened.
func (a *App) Update(msg tea.Msg) (tea.Model, tea.Cmd) {
	a.soon = nil
	a.happens(msg)
	return a, a.after()
}

// after is what has to be done after something happened.
func (a *App) after() tea.Cmd {
	if a.quitting {
		return tea.Quit
	}
	a.wake()
	return tea.Batch(a.soon...)
}

// do has Update hand a command back; nil is none.
func (a *App) do(c tea.Cmd) {
	if c != nil {
		a.soon = append(a.soon, c)
	}
}

func (a *App) happens(msg tea.Msg) {
	switch msg := msg.(type) {
	case tea.WindowSizeMsg:
		a.resize(msg.Width, msg.Height)
	case tea.KeyPressMsg:
		a.press(msg.String(), msg.Text)
		a.see()
	case tea.MouseMsg:
		a.point(msg)
	case tea.PasteMsg:
		a.paste(msg.Content)
	case tea.BackgroundColorMsg:
		a.background(msg.IsDark())
	case tea.ColorProfileMsg:
		a.colours(msg.Profile == colorprofile.ANSI)
	case snapshotMsg:
		a.fresh = !a.tape.Look() && a.fresh
		a.take(msg.snapshot)
		a.do(a.next())
	case zoneMsg:
		a.takeZone(msg)
	case outside.Msg:
		a.outside.Heard(msg)
		a.see()
	case tea.ResumeMsg:
		a.fresh = false
	case endedMsg:
		a.ended = true
		a.fresh = false
	case journal.Reading:
		news, next := a.journal.Take(msg)
		if a.do(next); news {
			a.see()
		}
	case journal.Due:
		a.do(a.journal.Read(true))
	case tickMsg:
		a.listen()
		a.elapse()
		a.fresh = !a.tape.Look() && a.fresh
		a.do(tick())
	case changing.Said:
		a.changing.Heard(msg)
		a.see()
	case wakeMsg:
		a.waking, a.fresh = false, false
	}
}

// paste goes to what takes text.
func (a *App) paste(text string) {
	switch {
	case a.asking.Asks():
		a.asking.Paste(text)
	case len(a.dialogs) > 0:
		a.pressDialog("", text)
	}
	a.see()
}

// wake has a dialog that takes no keys for a moment drawn anew when it does.
func (a *App) wake() {
	if len(a.dialogs) == 0 || a.waking {
		return
	}
	d, ok := a.dialogs[len(a.dialogs)-1].(interface {
		Waits(now time.Time) time.Duration
	})
	if !ok {
		return
	}
	if wait := d.Waits(a.o.Now()); wait > 0 {
		a.waking = true
		a.do(tea.Tick(wait, func(time.Time) tea.Msg { return wakeMsg{} }))
	}
}

// View draws, if anything changed.
func (a *App) View() tea.View {
	if !a.fresh {
		a.frame, a.fresh = a.draw(), true
		a.drawn++
	}
	v := tea.NewView(a.frame)
	v.AltScreen, v.MouseMode = true, a.mouseMode()
	v.WindowTitle = "midwatch"
	return v
}

// resize takes a new size. One of nothing, as some serial lines and containers
// say, is taken for the usual one.
func (a *App) resize(width, height int) {
	if width <= 0 || height <= 0 {
		width, height = 80, 24
	}
	if a.width, a.height = width, height; a.top() != nil {
		a.see()
	}
}

// colours takes whether the terminal has only its own sixteen.
func (a *App) colours(sixteen bool) {
	if a.o.Theme.Sixteen != sixteen {
		a.o.Theme.Sixteen = sixteen
		a.theme, a.fresh = theme.New(a.o.Theme), false
	}
}

func (a *App) background(dark bool) {
	if a.o.Fixed || a.o.Theme.Light == !dark {
		return
	}
	a.o.Theme.Light = !dark
	a.theme, a.fresh = theme.New(a.o.Theme), false
}

// take takes a snapshot: it is remembered in any case, and seen unless paused.
func (a *App) take(s *fleet.Snapshot) {
	if a.tape.On() {
		if a.latest != nil && s.Seq < a.latest.Seq {
			a.unsee(s)
		}
		a.events = a.tape.Recall(s, a.latest, &a.history, keptEvents)
	} else if a.latest != nil {
		a.events = append(a.events, diff.Between(a.latest, s)...)
		if over := len(a.events) - keptEvents; over > 0 {
			a.events = append(a.events[:0], a.events[over:]...)
		}
	}
	a.history.Add(s)
	a.latest, a.arrived, a.silent = s, a.o.Now(), false
	if !a.paused || a.shown == nil {
		a.show(s)
	}
	a.see()
	v := a.view()
	a.trail.Others(func(p page.Page) { p.See(&v) })
}

// listen notices when nothing has come for several intervals.
func (a *App) listen() {
	often := a.o.Interval
	if a.latest != nil {
		often = max(often, a.latest.Took) // an instance that hangs holds a pass up
	}
	silent := !a.ended && a.o.Interval > 0 && a.o.Now().Sub(a.arrived) > 3*often
	if silent || a.silent {
		a.fresh = false // the age is shown, and grows
	}
	a.silent = silent
}

// elapse is a second that went by: pages of which something moves with time are
// drawn anew, and so is what the path says of changes that end.
func (a *App) elapse() {
	if a.shown == nil {
		return
	}
	v := a.view()
	if t, ok := a.top().(page.Ticking); ok && t.Ticks(&v) {
		a.fresh = false
	}
	if a.journal.Moved(v.Now) {
		a.fresh = false
	}
}

// see lets the page arrange what it draws.
func (a *App) see() {
	a.fresh = false
	if a.shown == nil {
		return
	}
	v := a.view()
	a.top().See(&v)
}

// view is what the page on top draws from.
func (a *App) view() page.View {
	shown := a.shown
	if shown == nil {
		shown = &fleet.Snapshot{}
	}
	return page.View{
		Snapshot: shown, History: &a.history, Events: a.happenings(), Theme: a.theme,
		Width: a.width, Height: a.layout().Page, Now: a.now(), Zone: a.o.Zone,
		Unwell: a.unwell, Wide: a.wide, Writing: a.changing.Writing(),
		Changes: a.journal.Changes, Journal: a.journal.Err, Holder: a.journal.Holder,
	}
}

func (a *App) top() page.Page { return a.trail.Top() }
