// Package screen is how plans, and what came of them, look to people: who is
// changed from what to what, once what is the same for all, and of many targets
// groups. It makes lines and prints nothing.
package screen

import (
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/midwatch-cli/midwatch/cmd/term"
	"github.com/midwatch-cli/midwatch/fleet"
	"github.com/midwatch-cli/midwatch/fleet/change"
)

// Passage is a part of a plan as people read it: what it says, the steps it is
// about, and what follows from them.
type Passage struct {
	Says  string
	Steps []int    // their places in the plan
	Then  []string // below the steps
}

// mostLines is how many steps of a passage are shown one by one, and
// mostColumns in how many columns at most.
const (
	mostLines   = 20
	mostColumns = 3
)

// Page is where a plan is shown: on a terminal so wide, or, 0, elsewhere, where
// nothing is broken and each step has a line.
type Page struct {
	Width   int
	Options change.Options // how the plan is to be carried out
}

// Plan is a plan in lines: what it says, each step under it, what else it does,
// and who has some of it in hand. Without passages each step says itself what it
// does.
func (p Page) Plan(plan *change.Plan, parts []Passage) (lines []string) {
	if parts == nil {
		parts = passages(plan)
	}
	for _, part := range parts {
		lines = append(lines, p.Fitted(0, part.Says)...)
		if len(part.Steps) > mostLines {
			lines = append(lines, p.inGroups(plan, part.Steps)...)
		} else {
			lines = append(lines, p.oneByOne(plan, &part)...)
		}
		for _, line := range append(effects(plan, part.Steps), part.Then...) {
			lines = append(lines, p.Fitted(0, line)...)
		}
	}
	for _, h := range plan.Conflicts() {
		lines = append(lines, p.Fitted(0, "In the hands of "+h.String())...)
	}
	return lines
}

// passages are those of a plan of which nobody says more.
func passages(plan *change.Plan) (all []Passage) {
	if len(plan.Steps) > mostLines {
		return []Passage{{Says: fmt.Sprintf("%s: %d targets", plan.What, len(plan.Steps)), Steps: Every(plan)}}
	}
	for i := range plan.Steps {
		all = append(all, Passage{Says: plan.Steps[i].What, Steps: []int{i}})
	}
	return all
}

// Every is all places of a plan.
func Every(plan *change.Plan) []int {
	places := make([]int, len(plan.Steps))
	for i := range places {
		places[i] = i
	}
	return places
}

// Fitted are the lines of a text: on a terminal one that is too long goes on
// below, indented.
func (p Page) Fitted(indent int, text string) []string {
	lines := []string{term.Clean(text)}
	if p.Width > 0 {
		lines = fit(p.Width-indent, text)
	}
	for i := range lines {
		lines[i] = strings.Repeat(" ", indent) + lines[i]
	}
	return lines
}

// fit breaks a text at blanks so that it fits; what goes on is indented.
func fit(room int, text string) (lines []string) {
	line := ""
	for _, word := range strings.SplitAfter(term.Clean(text), " ") {
		if strings.TrimSpace(line) != "" && utf8.RuneCountInString(line+strings.TrimRight(word, " ")) > room {
			lines, line = append(lines, strings.TrimRight(line, " ")), "  "
		}
		line += word
	}
	return append(lines, line)
}

// Split counts the steps of a passage that are carried out, those that are as
// ordered already and are left so, and those that cannot be done.
func (p Page) Split(plan *change.Plan, places []int) (todo, already, cannot int) {
	for _, i := range places {
		switch s := &plan.Steps[i]; {
		case s.Err != nil:
			cannot++
		case p.Options.Skips(s):
			already++
		default:
			todo++
		}
	}
	return todo, already, cannot
}

// Besides goes on with a sentence about what is done: with what is not.
func Besides(already, cannot int) (words string) {
	if already > 0 {
		words += ", " + Verb(already, "is", "are") + " so already"
	}
	if cannot > 0 {
		words += fmt.Sprintf(", %d cannot be done", cannot)
	}
	return words
}

// Verb is a number and a verb: 1 is, 2 are.
func Verb(n int, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return fmt.Sprintf("%d %s", n, many)
}

// labels names the steps of a passage by what differs between them: the
// instance, where all are of one service and breaker.
func labels(plan *change.Plan, places []int) []string {
	names := make([]string, len(places))
	if len(places) == 0 {
		return names
	}
	first := plan.Steps[places[0]].Intent.Target
	alike := !slices.ContainsFunc(places, func(i int) bool {
		t := plan.Steps[i].Intent.Target
		return t.Service != first.Service || t.Breaker != first.Breaker || t.Source != first.Source || t.Namespace != first.Namespace
	})
	for n, i := range places {
		t := plan.Steps[i].Intent.Target
		if names[n] = t.Name(); alike {
			names[n] = t.Instance
		}
		names[n] = term.Clean(names[n])
	}
	return names
}

// oneByOne shows what each step was and what it will be, and below them those
// that cannot be done, with the reason.
func (p Page) oneByOne(plan *change.Plan, part *Passage) (lines []string) {
	names := labels(plan, part.Steps)
	cells, cannot := make([]entry, 0, len(names)), []string{}
	for n, i := range part.Steps {
		s := &plan.Steps[i]
		if s.Err != nil {
			cannot = append(cannot, names[n]+"  cannot be done: "+reason(s.Err))
			continue
		}
		if part.Says == s.What {
			names[n] = "" // it was named just now
		}
		e := entry{names[n], term.Clean(s.Was), "→  " + term.Clean(s.Will)}
		if p.Options.Skips(s) {
			e.then = "already"
		}
		cells = append(cells, e)
	}
	for _, line := range p.columns(cells) {
		lines = append(lines, "  "+line)
	}
	for _, line := range cannot {
		lines = append(lines, p.Fitted(2, line)...)
	}
	return lines
}

// entry is a step in three columns.
type entry struct{ name, was, then string }

// columns lays entries out below one another, on a terminal side by side too, as
// far as they fit.
func (p Page) columns(cells []entry) []string {
	count := utf8.RuneCountInString
	pad := func(s string, width int) string { return s + strings.Repeat(" ", width-count(s)) }
	name, was, whole := 0, 0, 0
	for _, c := range cells {
		name, was = max(name, count(c.name)), max(was, count(c.was))
	}
	entries := make([]string, len(cells))
	for i, c := range cells {
		if entries[i] = pad(c.was, was) + "  " + c.then; name > 0 {
			entries[i] = pad(c.name, name) + "  " + entries[i]
		}
		whole = max(whole, count(entries[i]))
	}
	const gap = 6
	side := 1
	if p.Width > 0 && len(entries) > 3 {
		side = min(max((p.Width-2+gap)/(whole+gap), 1), mostColumns)
	}
	rows := (len(entries) + side - 1) / side
	lines := make([]string, rows)
	for i, e := range entries {
		line := &lines[i%rows]
		*line = pad(*line, i/rows*(whole+gap)) + e
	}
	return lines
}

// inGroups shows how many steps go from what to what, and names those of small
// groups.
func (p Page) inGroups(plan *change.Plan, places []int) (lines []string) {
	names := labels(plan, places)
	groups := grouped(len(places), func(n int) (string, string) {
		s := &plan.Steps[places[n]]
		switch {
		case s.Err != nil:
			return "cannot be done: " + alike(s.Err, s.Intent.Target), names[n]
		case p.Options.Skips(s):
			return s.Was + "  already", names[n]
		}
		return s.Was + "  →  " + s.Will, names[n]
	})
	for i, g := range groups {
		if i == mostLines {
			return append(lines, fmt.Sprintf("  and %d groups more; --dry-run -o wide has a row for each target", len(groups)-i))
		}
		lines = append(lines, p.Fitted(2, fmt.Sprintf("%*d  %s", len(fmt.Sprint(len(places))), len(g.names), g.line()))...)
	}
	return lines
}

// group is steps of which the same can be said.
type group struct {
	text  string
	names []string
}

// grouped puts those together of which the same is said, the largest first.
func grouped(n int, of func(i int) (text, name string)) []group {
	var all []group
	at := map[string]int{}
	for i := range n {
		text, name := of(i)
		k, known := at[text]
		if !known {
			k = len(all)
			at[text], all = k, append(all, group{text: text})
		}
		all[k].names = append(all[k].names, name)
	}
	slices.SortStableFunc(all, func(a, b group) int { return len(b.names) - len(a.names) })
	return all
}

// line is what is said of a group, and of whom where they are few.
func (g *group) line() string {
	if len(g.names) > 3 {
		return g.text
	}
	return g.text + " (" + strings.Join(g.names, ", ") + ")"
}

// who names a group: of a large one the first, and how many more.
func (g *group) who() string {
	few := g.names[:min(len(g.names), 3)]
	return strings.Join(few, ", ") + more(len(g.names)-len(few))
}

// effects are what else a passage does: once where it is the same for all.
func effects(plan *change.Plan, places []int) (lines []string) {
	var order []string
	of := map[string][]string{}
	doable, names := 0, labels(plan, places)
	for n, i := range places {
		s := &plan.Steps[i]
		if s.Err != nil {
			continue
		}
		doable++
		for _, e := range s.SideEffects {
			if of[e] == nil {
				order = append(order, e)
			}
			of[e] = append(of[e], names[n])
		}
	}
	for _, e := range order {
		switch n := len(of[e]); {
		case n == doable:
			lines = append(lines, "Also: "+e+".")
		case n <= 3:
			lines = append(lines, "Also, on "+strings.Join(of[e], ", ")+": "+e+".")
		default:
			lines = append(lines, fmt.Sprintf("Also, on %d of them: %s.", n, e))
		}
	}
	return lines
}

// reason is why something is not done, with what to do about it.
func reason(err error) string {
	text := err.Error()
	if hint := fleet.HintOf(err); hint != "" && !strings.Contains(text, hint) {
		text += " (" + hint + ")"
	}
	return text
}

// alike is a reason without the target's own name and address, so that those of
// many targets can be told together.
func alike(err error, t change.Target) string {
	var own []string
	add := func(s string) {
		if s != "" {
			own = append(own, s, "…")
		}
	}
	if t.Admin != nil {
		add(t.Admin.Base)
		_, rest, _ := strings.Cut(t.Admin.Base, "://")
		add(rest)
	}
	add(t.Name())
	add(t.Service + "/" + t.Instance)
	add(t.Address)
	return strings.NewReplacer(own...).Replace(reason(err))
}
