package tui

import (
	"slices"
	"strconv"
	"strings"
	"time"

	tea "charm.land/bubbletea/v2"

	"github.com/midwatch-cli/midwatch/fleet"
	"github.com/midwatch-cli/midwatch/fleet/plain"
	"github.com/midwatch-cli/midwatch/tui/command"
	"github.com/midwatch-cli/midwatch/tui/page"
	"github.com/midwatch-cli/midwatch/tui/reading"
	"github.com/midwatch-cli/midwatch/tui/theme"
)

// commands are the words behind ":". This table is what is offered, what is done,
// the help page, and the list in docs/dashboard.md.
func (a *App) commands() command.Table {
	return slices.Concat(a.pageCommands(), a.viewCommands(), a.feedCommands(), a.tape.Commands(func() *time.Location { return a.o.Zone }), a.changing.Commands(), a.outside.Commands(), command.Table{
		{Name: "help", Also: []string{"h", "?"}, Does: "keys and commands", Do: always(a.help)},
		{Name: "q", Also: []string{"quit", "q!", "exit"}, Does: "quit", Do: always(a.changing.Quit)},
	})
}

// pageCommands go to the pages there are, filtered by what follows.
func (a *App) pageCommands() (t command.Table) {
	for _, p := range []struct {
		kind page.Kind
		also []string
		does string
	}{
		{page.Fleet, []string{"services", "service", "svc"}, "every service"},
		{page.Breakers, []string{"breaker", "br", "cb"}, "every circuit breaker"},
		{page.Events, []string{"event", "ev"}, "what happened"},
		{page.Sources, []string{"source", "registries", "reg"}, "the registries"},
		{page.Changes, []string{"change", "journal"}, "what was changed, and how it stands"},
		{page.Map, []string{"dependencies", "deps", "xray"}, "who calls whom"},
	} {
		if pageOf(page.Place{Kind: p.kind}) == nil {
			continue
		}
		c := command.Command{Name: string(p.kind), Also: p.also, Does: p.does, Do: func(words string) error { return a.goFiltered(p.kind, words) }}
		if _, ok := pageOf(page.Place{Kind: p.kind}).(page.Filtered); ok {
			c.Arg = "[WORDS]"
		}
		t = append(t, c)
	}
	return t
}

// goFiltered goes to a page, and filters it where words say so.
func (a *App) goFiltered(kind page.Kind, words string) error {
	a.open(page.Place{Kind: kind})
	if words == "" {
		return nil
	}
	return a.filter(words)
}

func (a *App) filter(words string) error {
	f, ok := a.top().(page.Filtered)
	if !ok {
		return &fleet.Error{Detail: a.top().Place().Name() + " has nothing to filter"}
	}
	return f.SetFilter(words)
}

// viewCommands change how it is shown.
func (a *App) viewCommands() command.Table {
	return command.Table{
		{Name: "filter", Arg: "[WORDS]", Does: "only what the words select; without words everything", Do: a.filter},
		{Name: "unwell", Does: "only what is not well, or all again", Do: always(func() { a.unwell = !a.unwell })},
		{Name: "wide", Does: "more columns, or as it fits", Do: always(func() { a.wide = !a.wide })},
		{Name: "utc", Does: "times in UTC, or in local time again", Do: always(func() {
			if a.o.Zone == time.UTC {
				a.inZone(time.Local)
				return
			}
			a.inZone(time.UTC)
		})},
		{Name: "local", Does: "times of where midwatch runs", Do: always(func() { a.inZone(time.Local) })},
		{Name: "zone", Arg: "ZONE", Does: "times of another place: Europe/Berlin", Offers: zones, Do: func(name string) error {
			a.do(loadZone(name))
			return nil
		}},
		{Name: "palette", Arg: "NAME", Does: "colours for a ground that is dark or light; color-blind: none that rest on red and green", Offers: palettes, Do: a.palette},
		{Name: "mouse", Arg: "on|off", Does: "clicks and the wheel are midwatch's, or left to the terminal", Offers: func() []string { return []string{"on", "off"} }, Do: a.mouse},
	}
}

// feedCommands are about what is read. What nobody can do to the feed is no command.
func (a *App) feedCommands() (t command.Table) {
	if a.o.Hands.Interval != nil {
		t = append(t, command.Command{Name: "every", Also: []string{"interval", "refresh-rate"}, Arg: "DURATION", Does: "read so often", Offers: intervals, Do: a.every})
	}
	if a.o.Hands.Refresh != nil {
		t = append(t, command.Command{Name: "refresh", Also: []string{"reload"}, Does: "read now", Do: always(a.refresh)})
	}
	return append(t, command.Command{Name: "pause", Also: []string{"resume"}, Does: "keep what comes and do not show it, or go on", Do: always(a.pause)})
}

func intervals() []string { return []string{"1s", "2s", "5s", "10s", "30s", "1m", "5m"} }

// always is a command that nothing can keep from being done.
func always(do func()) func(string) error {
	return func(string) error {
		do()
		return nil
	}
}

// shortest is the shortest interval, as --interval has it.
const shortest = 100 * time.Millisecond

func (a *App) every(text string) error {
	d, err := time.ParseDuration(text)
	if n, notANumber := strconv.ParseFloat(text, 64); err != nil && notANumber == nil {
		d, err = time.Duration(n*float64(time.Second)), nil
	}
	switch {
	case err != nil:
		return &fleet.Error{Detail: text + " is no duration", Hint: "2s, 1m30s"}
	case d < shortest:
		return &fleet.Error{Detail: "want at least " + plain.Duration(shortest)}
	}
	a.o.Hands.Interval(d)
	a.o.Interval = d
	a.note = "read every " + plain.Duration(d) + " from now on"
	return nil
}

func (a *App) refresh() {
	a.o.Hands.Refresh()
	a.note = "reading now"
}

// zoneMsg is a time zone that was asked for.
type zoneMsg struct {
	zone *time.Location
	err  error
}

// loadZone reads a time zone: it may be in a file.
func loadZone(name string) tea.Cmd {
	return func() tea.Msg {
		zone, err := time.LoadLocation(name)
		return zoneMsg{zone, err}
	}
}

// takeZone shows times of a zone that was found.
func (a *App) takeZone(m zoneMsg) {
	a.fresh = false
	if m.err != nil {
		a.note = m.err.Error() + ": want a name as Europe/Berlin"
		return
	}
	a.inZone(m.zone)
}

func (a *App) inZone(zone *time.Location) {
	a.o.Zone = zone
	a.note = "times are of " + zone.String() + " (" + a.zoneName() + ")"
}

// zoneName is the zone as it is called at this time of the year: CET, CEST.
func (a *App) zoneName() string { return a.o.Now().In(a.o.Zone).Format("MST") }

// zones are the ones that are offered; every other name is taken too.
func zones() []string {
	return []string{
		"UTC", "Local", "Africa/Cairo", "Africa/Johannesburg", "Africa/Lagos", "America/Chicago", "America/Denver", "America/Los_Angeles", "America/New_York",
		"America/Sao_Paulo", "Asia/Dubai", "Asia/Kolkata", "Asia/Seoul", "Asia/Shanghai", "Asia/Singapore", "Asia/Tokyo", "Australia/Sydney", "Europe/Berlin",
		"Europe/Kyiv", "Europe/London", "Europe/Paris", "Europe/Zurich", "Pacific/Auckland",
	}
}

func palettes() []string { return []string{"dark", "light", "color-blind"} }

func (a *App) palette(name string) error {
	o := a.o.Theme
	switch strings.ToLower(name) {
	case "dark", "light":
		o.Light, a.o.Fixed = name == "light", true
	case "color-blind", "colour-blind":
		o.ColorBlind = !o.ColorBlind
	default:
		return &fleet.Error{Detail: "want one of " + strings.Join(palettes(), ", ")}
	}
	a.o.Theme, a.theme = o, theme.New(o)
	if o.Colorless {
		a.note = "colours are off: --color, NO_COLOR"
	}
	return nil
}

func (a *App) mouse(word string) error {
	if word != "on" && word != "off" {
		return &fleet.Error{Detail: "want on or off"}
	}
	a.mouseOff = word == "off"
	return nil
}

// help lists the keys of where one is, and all commands.
func (a *App) help() {
	a.dialogs = append(a.dialogs, reading.Help(a.top().Keys(), a.keys(), a.commands(), a.changing.Allowed()))
}
