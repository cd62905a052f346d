package instance

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/midwatch-cli/midwatch/fleet"
	"github.com/midwatch-cli/midwatch/probe/health"
	"github.com/midwatch-cli/midwatch/tui/list"
	"github.com/midwatch-cli/midwatch/tui/theme"
	"github.com/midwatch-cli/midwatch/tui/widget"
)

// node is a component in the tree of them.
type node struct {
	name  string
	own   *health.Component // nil: only its parts are known
	kids  []*node
	worst int // of itself and all below it
}

// grave is how bad what a component says of itself is.
func grave(w health.Word) int {
	switch w {
	case health.Ill:
		return 4
	case health.Warn:
		return 3
	case health.Unknown:
		return 2
	case health.NoWord:
		return 1
	case health.Well:
	}
	return 0
}

// deepest is how many levels a tree of components has.
const deepest = 8

// tree makes a tree of components, whose names are paths; those that are not well
// stand before the others, wherever they are in it.
func tree(all []health.Component) *node {
	root := &node{}
	for i := range all {
		at := root
		for _, name := range strings.SplitN(all[i].Name, "/", deepest) { // a name is the far side's: what it is made of has no end
			k := slices.IndexFunc(at.kids, func(n *node) bool { return n.name == name })
			if k < 0 {
				k, at.kids = len(at.kids), append(at.kids, &node{name: name})
			}
			at = at.kids[k]
		}
		at.own = &all[i]
	}
	root.settle()
	return root
}

// settle sorts what is below a node.
func (n *node) settle() {
	if n.own != nil {
		n.worst = grave(n.own.Word)
	}
	for _, k := range n.kids {
		k.settle()
		n.worst = max(n.worst, k.worst)
	}
	slices.SortStableFunc(n.kids, func(a, b *node) int { return cmp.Or(cmp.Compare(b.worst, a.worst), list.Natural(a.name, b.name)) })
}

// calm is the part of components that are well, where there are many of them: it
// is folded until one asks for it.
const (
	calm     = "well"
	manyWell = 12
)

// components are what the instance says of its parts.
func (w *writer) components(in *fleet.InstanceView) {
	for i := range in.Probes {
		all := in.Probes[i].Health.Components
		if len(all) == 0 {
			continue
		}
		unwell := 0
		for k := range all {
			if all[k].Word.Unwell() {
				unwell++
			}
		}
		inShort := widget.Span{Text: fmt.Sprintf("%d of %d are not well", unwell, len(all)), Tone: theme.Bad}
		if unwell == 0 {
			inShort = widget.Span{Text: fmt.Sprintf("%d, none is unwell", len(all)), Tone: theme.Good}
		}
		title := "Components"
		if i > 0 {
			title += " (" + string(in.Probes[i].Target.Kind) + ")"
		}
		w.part(fmt.Sprint("components ", i), title, inShort)
		w.grove(tree(all))
	}
}

// grove writes the components of an instance.
func (w *writer) grove(root *node) {
	well := root.kids
	for len(well) > 0 && well[0].worst > 0 {
		well = well[1:]
	}
	for _, n := range root.kids[:len(root.kids)-len(well)] {
		w.branch(n, 0)
	}
	if w.shut {
		return
	}
	if len(well) > manyWell {
		var names []string
		for _, n := range well {
			names = append(names, n.name)
		}
		w.begin(calm, "   ", fmt.Sprintf("%d are well", len(well)), true, []widget.Span{{Text: strings.Join(names, ", "), Tone: theme.Dim}})
	}
	for _, n := range well {
		w.branch(n, 0)
	}
}

// said is how many lines what an unwell component says may have.
const said = 4

// branch writes a component and those below it.
func (w *writer) branch(n *node, depth int) {
	indent := strings.Repeat("  ", depth)
	l := widget.Line{Left: []widget.Span{{Text: "   " + indent + "└ ", Tone: theme.Rule}}}
	if c := n.own; c == nil {
		l.Left = append(l.Left, widget.Span{Text: n.name})
		w.add(l)
	} else {
		sign, tone := wordSign(c.Word)
		l.Left = append(l.Left, widget.Span{Text: sign + " ", Tone: tone}, widget.Span{Text: n.name + " "}, widget.Span{Text: c.Text, Tone: tone})
		detail := w.v.Theme.Text(c.Detail)
		room := w.v.Width - widget.SpansWidth(w.v.Theme, l.Left) - 3
		if !c.Word.Unwell() || widget.Width(detail) <= room {
			l.Left = append(l.Left, widget.Span{Text: "  " + detail, Tone: theme.Dim})
			detail = ""
		}
		w.add(l)
		for _, text := range wrap(detail, w.v.Width-len(indent)-8, said) {
			w.add(widget.Text(theme.Dim, "       "+indent+text))
		}
	}
	for _, k := range n.kids {
		w.branch(k, depth+1)
	}
}

// wordSign is the sign of what a component says of itself.
func wordSign(w health.Word) (string, theme.Tone) {
	switch w {
	case health.Well:
		return "✓", theme.Good
	case health.Warn:
		return "!", theme.Warn
	case health.Ill:
		return "✗", theme.Bad
	case health.NoWord, health.Unknown:
	}
	return "?", theme.Doubt
}

// wrap breaks a text into lines of at most so many columns, between words where
// that goes. What is in more lines than there may be is left out, and seen to be.
func wrap(text string, width, most int) (lines []string) {
	if width < 8 {
		return nil
	}
	for text = strings.TrimSpace(text); text != ""; text = strings.TrimLeft(text, " ") {
		if len(lines) == most {
			lines[most-1] += " …"
			return lines
		}
		at := fitting(text, width-2)
		if space := strings.LastIndexByte(text[:at], ' '); at < len(text) && space > at/2 {
			at = space
		}
		lines, text = append(lines, text[:at]), text[at:]
	}
	return lines
}

// fitting is how much of a text fits into so many columns: at least a character.
func fitting(text string, width int) int {
	used := 0
	for i, r := range text {
		if used += widget.Width(string(r)); used > width && i > 0 {
			return i
		}
	}
	return len(text)
}
