package outside

import (
	"cmp"
	"fmt"
	"strings"

	tea "charm.land/bubbletea/v2"
	"github.com/charmbracelet/x/ansi"

	"github.com/midwatch-cli/midwatch/fleet"
	"github.com/midwatch-cli/midwatch/tui/describe"
	"github.com/midwatch-cli/midwatch/tui/page"
	"github.com/midwatch-cli/midwatch/tui/theme"
	"github.com/midwatch-cli/midwatch/tui/widget"
)

// longest is how many bytes go into a clipboard: of more, terminals take nothing
// and say nothing.
const longest = 74_000

// kinds are what can be copied.
func kinds() []string { return []string{"name", "address", "id", "url", "raw", "row", "page"} }

// Clip puts a text into the person's clipboard: by the terminal, wherever that is
// (OSC 52). It has the lines of the text, which are the caller's, and nothing else
// that is obeyed by what it is pasted into. What is it in a word or two.
func (o *Outside) Clip(text, what string) error {
	if o.world.NoClipboard {
		return &fleet.Error{Detail: "there is no clipboard here", Hint: ":save FILE writes a page"}
	}
	lines := strings.Split(strings.TrimRight(text, "\n"), "\n")
	for i := range lines {
		lines[i] = theme.Clean(lines[i])
	}
	if text = strings.Join(lines, "\n"); text == "" {
		return &fleet.Error{Detail: "there is no " + cmp.Or(what, "name") + " to copy"}
	}
	if len(text) > longest {
		return &fleet.Error{Detail: fmt.Sprintf("%s is too long for a clipboard: %d kB", what, len(text)/1000), Hint: ":save FILE writes a page"}
	}
	o.screen.Do(o.osc52(text))
	o.screen.Say("copied " + what + o.doubt())
	return nil
}

// osc52 asks the terminal. GNU screen does not know that and has to be told to pass
// it on, in small pieces; tmux knows it.
func (o *Outside) osc52(text string) tea.Cmd {
	if o.world.Getenv("STY") != "" && o.world.Getenv("TMUX") == "" {
		const piece = 768
		return tea.Raw(ansi.ScreenPassthrough(ansi.SetSystemClipboard(text), piece))
	}
	return tea.SetClipboard(text)
}

// doubt is said where a clipboard is known to stay as it was for some: no terminal
// answers whether it took something.
func (o *Outside) doubt() string {
	if o.world.Getenv("TMUX") != "" {
		return " · tmux needs: set -g set-clipboard on"
	}
	return ""
}

func (o *Outside) copyName(of page.Place) error { return o.copyOf(of, "name") }

// copy copies what a word says.
func (o *Outside) copy(what string) error {
	switch what {
	case "page":
		return o.Clip(strings.Join(o.whole(), "\n"), "the page")
	case "":
		what = "name"
	}
	return o.with(func(of page.Place) error { return o.copyOf(of, what) })
}

func (o *Outside) copyOf(of page.Place, what string) error {
	v := o.screen.View()
	text := ""
	switch what {
	case "name":
		text = theme.Clean(describe.Name(of))
		what = text
	case "address":
		text = address(&v, of)
	case "id":
		text = theme.Clean(id(of))
	case "url":
		text = theme.Clean(asked(&v, of))
	case "row":
		text = o.row(&v)
	case "raw":
		if o.world.Raw != nil {
			text = strings.Join(o.world.Raw(&v, of), "\n")
		}
	default:
		return &fleet.Error{Detail: "want one of " + strings.Join(kinds(), ", ")}
	}
	return o.Clip(text, what)
}

// address is where it is: of a service, where all of its instances are.
func address(v *page.View, of page.Place) string {
	if of.Key.Instance != "" {
		if in := page.FindInstance(v.Snapshot, of.Key); in != nil {
			return theme.Clean(in.Addr)
		}
		return ""
	}
	if s := page.FindService(v.Snapshot, of.Key.Ref); s != nil {
		all := make([]string, len(s.Instances))
		for i := range s.Instances {
			all[i] = theme.Clean(s.Instances[i].Addr)
		}
		return strings.Join(all, "\n")
	}
	return theme.Clean(asked(v, of))
}

// id is what its registry calls it.
func id(of page.Place) string {
	switch {
	case of.Kind == page.Change || of.Kind == page.Changes:
		return of.Item
	case of.Key.Instance != "":
		return of.Key.Instance
	case of.Kind == page.Sources:
		return of.Key.Source
	}
	return of.Key.Ref.String()
}

// asked is what is asked of an instance, or where a registry is.
func asked(v *page.View, of page.Place) string {
	if in := page.FindInstance(v.Snapshot, of.Key); in != nil && len(in.Probes) > 0 {
		return in.Probes[0].Target.String()
	}
	if of.Kind != page.Sources {
		return ""
	}
	for i := range v.Snapshot.Sources {
		if s := &v.Snapshot.Sources[i]; s.Context == of.Key.Context && s.Name == of.Key.Source {
			return s.URL
		}
	}
	return ""
}

// row is the row of the cursor as it stands there, with all of its columns.
func (o *Outside) row(v *page.View) string {
	wide := *v
	wide.Width = 1 << 10
	for _, l := range o.screen.Page().Draw(&wide) {
		if l.Lit {
			l.Right = nil
			if len(l.Left) > 0 { // the sign of the cursor
				l.Left = append([]widget.Span{}, l.Left[1:]...)
			}
			return strings.TrimSpace(l.Words(v.Theme))
		}
	}
	return ""
}
