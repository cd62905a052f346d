package config

import (
	"fmt"
	"slices"
	"strings"

	"github.com/midwatch-cli/midwatch/fleet/config/form"
)

// Choice is which contexts a command is about, and who said so.
type Choice struct {
	Contexts []*Context // none: there is no file, or none was wanted
	From     string     // --context, MIDWATCH_CONTEXT, context use, the only one; empty where there are none
}

// Choose picks contexts: those of the flag (comma separated; none is no
// context at all), else of $MIDWATCH_CONTEXT, else the one that was chosen with
// `context use`, else the only one. Several of which none is chosen are an
// *Error, and so is a name nobody knows.
func (f *File) Choose(words string, env Getenv, state State) (Choice, error) {
	from := "--context"
	if words == "" {
		words, from = env("MIDWATCH_CONTEXT"), "MIDWATCH_CONTEXT"
	}
	if words != "" {
		return f.named(words, from)
	}
	if len(f.Contexts) == 0 {
		return Choice{}, nil
	}
	current, _, err := state.Read()
	switch {
	case err != nil:
		return Choice{}, err
	case current != "":
		return f.named(current, "context use")
	case len(f.Contexts) == 1:
		return Choice{Contexts: []*Context{&f.Contexts[0]}, From: "the only one"}, nil
	}
	return Choice{}, &Error{Problems: []Problem{{
		File: f.Path, Message: fmt.Sprintf("has %d contexts and none is chosen", len(f.Contexts)),
		Hint: "--context NAME, or `midwatch context use NAME`: " + strings.Join(f.Names(), ", "),
	}}}
}

func (f *File) named(words, from string) (Choice, error) {
	if words == "none" {
		return Choice{}, nil
	}
	choice, problems := Choice{From: from}, []Problem(nil)
	for word := range strings.SplitSeq(words, ",") {
		word = strings.TrimSpace(word)
		c := f.Context(word)
		switch {
		case c == nil:
			problems = append(problems, Problem{Path: from, Message: "there is no context " + form.Quote(word), Hint: f.nearest(word)})
		case !slices.Contains(choice.Contexts, c):
			choice.Contexts = append(choice.Contexts, c)
		}
	}
	if len(problems) > 0 {
		return Choice{}, &Error{Problems: problems}
	}
	return choice, nil
}

// Named returns the context of that name. One that does not exist, and a list
// of several, are an *Error.
func (f *File) Named(name string) (*Context, error) {
	if c := f.Context(name); c != nil {
		return c, nil
	}
	return nil, form.Wrong("", "there is no context "+form.Quote(name), f.nearest(name), nil)
}

// nearest is the hint that belongs to an unknown context.
func (f *File) nearest(name string) string {
	if len(f.Contexts) == 0 {
		return "no configuration has any: `midwatch config init` writes one"
	}
	return form.DidYouMean(name, f.Names())
}
