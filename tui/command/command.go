// Package command is the table behind ":": which words there are, what may follow
// them, and what a mistyped one was meant to be. What is typed, what is offered, the
// help page and the manual all read the one table. It knows no page and no fleet.
package command

import (
	"slices"
	"strings"

	"github.com/midwatch-cli/midwatch/fleet"
	"github.com/midwatch-cli/midwatch/fleet/match"
)

// Command is a word that does something.
type Command struct {
	Name string
	Also []string // further words for it
	Arg  string   // what follows it, as people read it: DURATION; in brackets where it may be left out; empty: nothing does
	Does string   // in a few words
	// Offers are what may follow it; nil where that is open.
	Offers func() []string
	// Do does it, and returns why it cannot be done.
	Do func(arg string) error
}

// Table is all commands, in the order in which they are offered and explained.
type Table []Command

// Words are all words of the table.
func (t Table) Words() []string {
	var words []string
	for i := range t {
		words = append(append(words, t[i].Name), t[i].Also...)
	}
	return words
}

// Find is the command of a word; nil where there is none.
func (t Table) Find(word string) *Command {
	for i := range t {
		if t[i].Name == word || slices.Contains(t[i].Also, word) {
			return &t[i]
		}
	}
	return nil
}

// Usage is a command as it is typed.
func (c *Command) Usage() string { return strings.TrimSpace(c.Name + " " + c.Arg) }

// Run does what was typed behind a command's word.
func (c *Command) Run(arg string) error {
	switch {
	case arg != "" && c.Arg == "":
		return &fleet.Error{Detail: c.Name + " takes nothing behind it"}
	case arg == "" && c.Arg != "" && c.Arg[0] != '[':
		return &fleet.Error{Detail: "want " + c.Usage()}
	}
	return c.Do(arg)
}

// Cut is a line's first word, and what follows it; space says that something
// may follow.
func Cut(line string) (word, arg string, space bool) {
	word, arg, space = strings.Cut(strings.TrimLeft(line, " "), " ")
	return word, strings.TrimSpace(arg), space
}

// Complete returns what a line may become, the likeliest first: words that begin
// with it, names that do, other words for the same, names that contain it. Behind
// a word it is what may follow it.
func (t Table) Complete(line string, names []string) []string {
	word, _, space := Cut(line)
	if c := t.Find(word); c != nil && space {
		return c.complete(word, line)
	}
	typed := strings.ToLower(strings.TrimLeft(line, " "))
	var first, named, also, within []string
	for i := range t {
		if strings.HasPrefix(t[i].Name, typed) {
			first = append(first, t[i].Name)
			continue
		}
		for _, w := range t[i].Also {
			if strings.HasPrefix(w, typed) {
				also = append(also, w)
			}
		}
	}
	for _, n := range names {
		switch low := strings.ToLower(n); {
		case typed == "" && strings.Contains(n, "/"):
		case strings.HasPrefix(low, typed):
			named = append(named, n)
		case strings.Contains(low, typed):
			within = append(within, n)
		}
	}
	return slices.Concat(first, named, also, within)
}

// complete offers what may follow.
func (c *Command) complete(word, line string) (lines []string) {
	if c.Offers == nil {
		return nil
	}
	_, typed, _ := strings.Cut(strings.TrimLeft(line, " "), " ")
	typed = strings.ToLower(strings.TrimLeft(typed, " "))
	var within []string
	for _, o := range c.Offers() {
		switch low := strings.ToLower(o); {
		case strings.HasPrefix(low, typed):
			lines = append(lines, word+" "+o)
		case strings.Contains(low, typed):
			within = append(within, word+" "+o)
		}
	}
	return append(lines, within...)
}

// Hint is the first few of what a line may become; where there is one command
// only, what it does.
func (t Table) Hint(line string, lines []string) string {
	word, _, space := Cut(line)
	if c := t.Find(word); c != nil && (len(lines) <= 1 && !space || len(lines) == 0) {
		return c.Usage() + ": " + c.Does
	}
	text := ""
	for i, l := range lines {
		if i == 8 {
			return text + "  …"
		}
		if i > 0 {
			text += "  "
		}
		if space {
			_, l, _ = Cut(l)
		}
		text += l
	}
	return text
}

// longest is how long a word may be that was meant to be another one.
const longest = 100

// Unknown says that a word is none, and which one it may have been meant to be, else
// where all of them stand.
func (t Table) Unknown(word string, names []string) error {
	e := &fleet.Error{Detail: "there is no place and no command " + word}
	if len(word) > longest {
		e.Detail = "there is no place and no command of such a name"
		return e
	}
	if near := match.Nearest(word, append(t.Words(), names...)); len(near) > 0 {
		e.Hint = "did you mean " + near[0] + "?"
	} else if t.Find("help") != nil {
		e.Hint = "help lists what there is"
	}
	return e
}
