package dialog

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/midwatch-cli/midwatch/fleet/change"
	"github.com/midwatch-cli/midwatch/tui/desk"
	"github.com/midwatch-cli/midwatch/tui/page"
	"github.com/midwatch-cli/midwatch/tui/theme"
	"github.com/midwatch-cli/midwatch/tui/widget"
)

// longestReason is how long a reason may be, as for commands: some far systems
// take it in a URL.
const longestReason = 1000

// Form asks for the rest of a wish: on what, where, why, for how long. What it
// has in the end is shown as a plan first: nothing is changed by it.
type Form struct {
	wish   desk.Wish
	of     string    // what the change is that is undone
	size   int       // instances of the one service, where one of them is meant
	held   time.Time // when the key that opened it came last; zero: it was let go
	fields []*field
	at     int // the field that keys go to

	breaker, where, reason, after, last *field // nil: not asked for
}

// NewForm returns the form of what a page wants.
func NewForm(v *page.View, w page.Want) *Form {
	f := &Form{wish: w.Wish, held: v.Now}
	add := func(to **field, of *field) {
		*to = of
		f.fields = append(f.fields, of)
	}
	if len(w.Breakers) == 1 { // there is nothing to choose
		f.wish.Targets = slices.Clone(w.Wish.Targets)
		for i := range f.wish.Targets {
			f.wish.Targets[i].Breaker = w.Breakers[0]
		}
	} else if len(w.Breakers) > 1 {
		add(&f.breaker, &field{name: "breaker", options: w.Breakers})
	}
	if len(w.Wish.Targets) == 1 {
		key := w.Wish.Targets[0].Key
		if s := page.FindService(v.Snapshot, key.Ref); s != nil {
			f.size = len(s.Instances)
		}
		if key.Instance != "" && f.size > 1 {
			add(&f.where, &field{name: "where", options: []string{"this instance, " + key.Instance, fmt.Sprintf("all %d instances of %s", f.size, key.Name)}})
		}
	}
	f.reason = &field{name: "reason", longest: longestReason}
	f.fields = append(f.fields, f.reason)
	switch w.Wish.Verb {
	case desk.Trip, desk.Bypass:
		add(&f.after, backAfter("10m"))
	case desk.Drain:
		add(&f.after, backAfter("10m"))
		add(&f.last, &field{name: "how many", options: []string{"half at most, not the last", "all, the last one too"}})
	case desk.Undo:
		f.of = undone(v, w.Wish.Change)
	case desk.Retry:
		f.of = undone(v, w.Wish.Change)
		f.reason.text = w.Wish.Reason
		if w.Wish.TTL > 0 { // the rest ends as what was done does
			add(&f.after, backAfter(short(w.Wish.TTL)))
		}
	case desk.Reset, desk.HalfOpen, desk.Undrain: // nothing is held that could end by itself
	}
	return f
}

// undone is what a change did, in its own words.
func undone(v *page.View, id string) string {
	for i := range v.Changes {
		if v.Changes[i].Batch.ID == id {
			return v.Changes[i].Batch.What
		}
	}
	return ""
}

// Press edits; enter goes on to the plan.
func (f *Form) Press(v *page.View, key, text string) (page.Intent, bool) {
	switch key {
	case "esc", "ctrl+c":
		return nil, true
	case "tab", "down":
		f.at = (f.at + 1) % len(f.fields)
	case "shift+tab", "up":
		f.at = (f.at + len(f.fields) - 1) % len(f.fields)
	case "enter":
		if w, ok := f.done(); ok {
			return page.Make{Wish: w}, false
		}
	default:
		if fd := f.fields[f.at]; fd.options == nil || !f.leant(v.Now, text) {
			fd.press(key, text)
		}
	}
	if text == "" {
		f.held = time.Time{}
	}
	return nil, false
}

// repeats is how long after a key its first repetition comes at the latest.
const repeats = 700 * time.Millisecond

// leant says that a key is the one that opened the form, which is held still: T is
// not the breaker that begins with t.
func (f *Form) leant(now time.Time, text string) bool {
	if f.held.IsZero() || now.Sub(f.held) > repeats || text == "" || !strings.HasPrefix(strings.ToUpper(string(f.wish.Verb)), text) {
		f.held = time.Time{}
		return false
	}
	f.held = now
	return true
}

// done is the whole wish; false where a field has to be looked at again.
func (f *Form) done() (desk.Wish, bool) {
	w := f.now()
	w.Reason = strings.TrimSpace(f.reason.text)
	if f.last != nil {
		w.AllowEmpty = f.last.at == 1
	}
	if f.after != nil {
		var fault string
		if w.TTL, fault = duration(f.after.text); fault != "" {
			f.after.fault = fault
			for i := range f.fields {
				if f.fields[i] == f.after {
					f.at = i
				}
			}
			return w, false
		}
	}
	return w, true
}

// now is the wish with the targets that are chosen now.
func (f *Form) now() desk.Wish {
	w := f.wish
	w.Targets = append([]desk.Target(nil), w.Targets...)
	for i := range w.Targets {
		if f.breaker != nil {
			w.Targets[i].Breaker = f.breaker.options[f.breaker.at]
		}
		if f.where != nil && f.where.at == 1 {
			w.Targets[i].Key.Instance = ""
		}
	}
	return w
}

// Says is what will be done, in words.
func (f *Form) Says() string { return say(f.now(), f.size, f.of) }

// Draw draws the sentence and the fields; on small screens the field that keys go
// to is among what is seen.
func (f *Form) Draw(v *page.View) []widget.Line {
	lines, promise := paragraph(v, theme.Strong, f.Says()), f.promise(v)
	roomy := v.Height >= len(lines)+len(f.fields)+2+len(promise)
	if roomy {
		lines = append(lines, widget.Blank())
	}
	lit := 0
	for i, fd := range f.fields {
		lines = append(lines, fd.draw(v.Theme, v.Width, i == f.at))
		if fd.fault != "" {
			indent := fieldName + 2
			if indent+2+widget.Width(fd.fault) >= v.Width {
				indent = 2
			}
			lines = append(lines, paragraph(v, theme.Warn, strings.Repeat(" ", indent)+"! "+fd.fault)...)
		}
		if i == f.at {
			lit = len(lines)
		}
	}
	if roomy {
		lines = append(lines, widget.Blank())
		lines = append(lines, promise...)
	}
	top := max(0, min(lit-v.Height, len(lines)-v.Height))
	return lines[top:min(len(lines), top+max(0, v.Height))]
}

// promise is what happens before the person agrees: nothing, but that what is overdue
// in the same context is put back.
func (f *Form) promise(v *page.View) []widget.Line {
	n := 0
	for i := range v.Changes {
		if v.Changes[i].Stand == change.StandOverdue && v.Changes[i].Batch.Context == f.wish.Context {
			n++
		}
	}
	switch n {
	case 0:
		return paragraph(v, theme.Dim, "A plan comes first: nothing is changed before you agree to it.")
	case 1:
		return paragraph(v, theme.Warn, "A change is overdue and is put back first, without a question. Then a plan comes: nothing else is changed before you agree to it.")
	}
	return paragraph(v, theme.Warn, fmt.Sprintf("%d changes are overdue and are put back first, without a question. Then a plan comes: nothing else is changed before you agree to it.", n))
}

// Keys are those of a form.
func (f *Form) Keys() [][2]string {
	words := [][2]string{}
	if len(f.fields) > 1 {
		words = append(words, [2]string{"tab", "next"})
	}
	if fd := f.fields[f.at]; len(fd.options) > 1 || len(fd.steps) > 0 {
		words = append(words, [2]string{"←→", "choose"})
	}
	return append(words, [2]string{"enter", "plan"}, [2]string{"esc", "leave"})
}

// say is a wish in words. Size is how many instances the service has, where one
// is meant; of is what an undo takes back.
func say(w desk.Wish, size int, of string) string {
	does, means := words(w.Verb, len(w.Targets) > 1)
	if w.Verb == desk.Undo || w.Verb == desk.Retry {
		if of != "" {
			of = ", " + of
		}
		return does + " change " + w.Change + of + means
	}
	if len(w.Targets) != 1 {
		return does + " " + many(w.Targets) + in(w.Context) + means
	}
	t := w.Targets[0]
	whom := t.Key.Instance
	switch {
	case whom == "" && size == 1:
		whom = "the one instance of " + t.Key.Name
	case whom == "" && size > 1:
		whom = fmt.Sprintf("all %d instances of %s", size, t.Key.Name)
	case whom == "":
		whom = t.Key.Name
	}
	if t.Breaker != "" {
		whom = "breaker " + t.Breaker + " on " + whom
	}
	return does + " " + whom + in(w.Context) + means
}

func in(context string) string {
	if context == "" {
		return ""
	}
	return " (" + context + ")"
}

// many names the first few of several targets.
func many(all []desk.Target) string {
	names := make([]string, 0, 4)
	what := "instances"
	known := map[string]bool{}
	twice := slices.ContainsFunc(all, func(t desk.Target) bool {
		before := known[targetName(t)]
		known[targetName(t)] = true
		return before
	})
	for i, t := range all {
		if t.Breaker != "" {
			what = "breakers"
		}
		if i == 3 && len(all) > 4 {
			names = append(names, fmt.Sprintf("%d more", len(all)-i))
			break
		}
		name := targetName(t)
		if twice { // those of one name are told apart by where they are
			name = strings.TrimPrefix(t.Key.Namespace+"/", "/") + name + " in " + t.Key.Source
		}
		names = append(names, name)
	}
	return fmt.Sprintf("%d %s, %s", len(all), what, strings.Join(names, ", "))
}

// targetName is a target as commands take it.
func targetName(t desk.Target) string {
	name := t.Key.Instance
	if name == "" {
		name = t.Key.Name
	}
	if t.Breaker != "" {
		name += "/" + t.Breaker
	}
	return name
}

// words are what a verb does, and what that means; to many: for several breakers.
func words(v desk.Verb, many bool) (does, means string) {
	it, is := "it", "it is"
	if many {
		it, is = "them", "they are"
	}
	switch v {
	case desk.Trip:
		return "Trip", ": calls through " + it + " are refused at once."
	case desk.Reset:
		return "Reset", ": " + is + " closed and left alone, and may open again at once."
	case desk.Bypass:
		return "Bypass", ": calls pass unprotected, whatever becomes of them."
	case desk.HalfOpen:
		return "Half-open", ": a few calls are let through, and by them it is decided."
	case desk.Drain:
		return "Drain", ": no new calls come, those in flight finish."
	case desk.Undrain:
		return "Put back into use", ": calls come again."
	case desk.Retry:
		return "Go on with", ": what it did not do is tried again."
	case desk.Undo:
		return "Undo", ": what it changed is put back as it was."
	}
	return string(v), "."
}
