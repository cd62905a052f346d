package tui

import (
	"strings"

	"github.com/midwatch-cli/midwatch/tui/page"
)

// keys are the keys of every page. The page's own come first: what a page does
// not know falls through to these.
func (a *App) keys() []page.Binding {
	do := func(f func()) func(*page.View) page.Intent {
		return func(*page.View) page.Intent {
			f()
			return nil
		}
	}
	all := make([]page.Binding, 0, 10)
	if _, ok := a.top().(page.Filtered); ok {
		all = append(all, page.Binding{Keys: []string{"/"}, Shown: "/", Does: "filter", Do: do(a.askFilter)})
	}
	all = append(all, page.Binding{Keys: []string{":"}, Shown: ":", Does: "go", Do: do(a.askCommand)})
	if kind := a.top().Place().Kind; kind != page.Instance { // it is one thing
		all = append(all, page.Binding{Keys: []string{"ctrl+z"}, Shown: "ctrl-z", Does: either(a.unwell, "show all", "only unwell"), Do: do(func() { a.unwell = !a.unwell })})
		all = append(all, page.Binding{Keys: []string{"w"}, Shown: "w", Does: either(a.wide, "columns as they fit", "wide columns first"), Quiet: true, Do: do(func() { a.wide = !a.wide })})
	}
	if a.o.Hands.Refresh != nil {
		all = append(all, page.Binding{Keys: []string{"ctrl+r"}, Shown: "ctrl-r", Does: "read now", Quiet: true, Do: do(a.refresh)})
	}
	all = append(all, a.outside.Keys()...)
	all = append(all, []page.Binding{
		{Keys: []string{"esc", "alt+esc", "left", "h", "backspace"}, Shown: "esc", Does: "back", Quiet: len(a.trail.Path()) < 2, Do: do(a.back)},
		{Keys: []string{"[", "alt+left"}, Shown: "[", Does: "where one was before", Quiet: true, Do: do(func() { a.travel(-1) })},
		{Keys: []string{"]", "alt+right"}, Shown: "]", Does: "and forward again", Quiet: true, Do: do(func() { a.travel(1) })},
	}...)
	if a.tape.On() {
		all = append(all, a.tape.Keys(func(note string) { a.note = note })...)
	} else {
		all = append(all, page.Binding{Keys: []string{"p"}, Shown: "p", Does: either(a.paused, "go on", "pause"), Late: true, Do: do(a.pause)})
	}
	return append(all, []page.Binding{
		{Keys: []string{"?", "f1"}, Shown: "?", Does: "help", Do: do(a.help)},
		{Keys: []string{"q", "ctrl+c"}, Shown: "q", Does: "quit", Do: do(a.changing.Quit)},
	}...)
}

func either(now bool, yes, no string) string {
	if now {
		return yes
	}
	return no
}

// press does what a key does.
func (a *App) press(key, text string) {
	a.note = ""
	switch {
	case a.asking.Asks():
		a.asking.Press(key, text)
	case len(a.dialogs) > 0:
		a.pressDialog(key, text)
	default:
		a.pressPage(key)
	}
}

func (a *App) pressDialog(key, text string) {
	v := a.view()
	last := len(a.dialogs) - 1
	want, over := a.dialogs[last].Press(&v, key, text)
	if over {
		a.dialogs = a.dialogs[:last]
	}
	a.obey(want)
}

func (a *App) pressPage(key string) {
	v := a.view()
	for _, of := range [][]page.Binding{a.top().Keys(), a.keys()} {
		for _, b := range of {
			for _, k := range b.Keys {
				if k == key {
					a.obey(b.Do(&v))
					return
				}
			}
		}
	}
	a.note = page.Elsewhere(key)
}

// obey does what a page wants.
func (a *App) obey(i page.Intent) {
	switch i := i.(type) {
	case page.Open:
		a.open(i.Place)
	case page.Back:
		a.back()
	case page.Want:
		a.changing.Want(i)
	case page.Make:
		a.changing.Make(i.Wish)
	case page.Call:
		i()
	case page.Copy:
		if err := a.outside.Clip(i.Text, i.What); err != nil {
			a.note = err.Error()
		}
	case page.Link:
		a.outside.Follow(i.URL)
	case nil:
	}
}

// shown are the keys of the footer: the page's own before those of every page, what
// is wanted less often behind both, help and quit at the end.
func shown(own, all []page.Binding, writing bool) (words [][2]string) {
	put := func(of []page.Binding, late bool) {
		for _, b := range of {
			if !b.Quiet && b.Late == late && (writing || !b.Write) {
				words = append(words, [2]string{b.Shown, strings.ToLower(b.Does)})
			}
		}
	}
	end := len(all) - 2
	for _, late := range []bool{false, true} {
		put(own, late)
		put(all[:end], late)
	}
	put(all[end:], false)
	return words
}
