package top

import (
	"cmp"
	"errors"
	"fmt"
	"strings"

	"github.com/midwatch-cli/midwatch/cmd/app"
	"github.com/midwatch-cli/midwatch/cmd/write"
	"github.com/midwatch-cli/midwatch/fleet"
	"github.com/midwatch-cli/midwatch/fleet/selection"
	"github.com/midwatch-cli/midwatch/tui/desk"
)

// those are the targets of a wish.
type those struct {
	selection *selection.Selection
	services  []string // theirs, as write.Unread reads them
	breakers  []selection.OneBreaker
}

// meant finds them; whole says that instances are meant, not breakers of them.
func meant(wish *desk.Wish, whole bool) (of those, err error) {
	if len(wish.Targets) == 0 {
		return of, app.Usagef("", "nothing was changed: nothing was chosen")
	}
	keys := make([]fleet.Key, 0, len(wish.Targets))
	for _, t := range wish.Targets {
		switch {
		case t.Key.Context != wish.Context:
			return of, app.Usagef("choose targets of one context", "nothing was changed: %s is in another context", t.Key.Name)
		case whole != (t.Breaker == ""):
			return of, app.Usagef("", "nothing was changed: it is not said which breaker of %s, or that none is meant", t.Key.Name)
		}
		keys = append(keys, t.Key)
		of.services = append(of.services, t.Key.Source+":"+t.Key.Name)
		of.breakers = append(of.breakers, selection.OneBreaker{Key: t.Key, Breaker: t.Breaker})
	}
	of.selection = selection.Exactly(keys...)
	return of, nil
}

// none says why there is no breaker to give an order to: "there is none" and "it
// could not be found out" are two answers.
func none(r app.Reading, services []string, err error) error {
	nothing := func(hint, format string, args ...any) error {
		return &app.Error{Code: app.CannotSay, Err: fmt.Errorf("nothing was changed: "+format, args...), Hint: hint}
	}
	if unread := write.Unread(r, services); unread != nil {
		return unread
	}
	for _, m := range r.Missing {
		return nothing("", "%s is not there any more", m.Name)
	}
	for i := range r.Snapshot.Services {
		for j := range r.Snapshot.Services[i].Instances {
			if in := &r.Snapshot.Services[i].Instances[j]; in.BreakersWhy.Reason != "" {
				return nothing(in.BreakersHint, "breakers of %s could not be read: %s", in.Key, in.BreakersWhy.Detail)
			}
		}
	}
	return nothing("some appear at the first call", "%w", cmp.Or(err, errors.New("there is no such breaker")))
}

// said is an error as the dashboard has it: what a command would say, with what to
// do about it. That the answer was no is none, nor is what the results say.
func said(err error) error {
	var ended app.Ended
	var known *app.Error
	switch {
	case err == nil, errors.Is(err, write.ErrNotConfirmed), errors.As(err, &ended):
		return nil
	case errors.As(err, &known):
		reason, _ := fleet.ReasonOf(err)
		return &fleet.Error{Reason: reason, Detail: err.Error(), Hint: here(cmp.Or(known.Hint, fleet.HintOf(err))), Err: err}
	}
	return err
}

// here is a hint as it is of use on the dashboard: flags are those of commands.
func here(hint string) string {
	parts := strings.Split(hint, "; ")
	for i, p := range parts {
		switch {
		case strings.HasPrefix(p, "--allow-empty "):
			parts[i] = "the form can allow it: how many, all"
		case strings.HasPrefix(p, "take out fewer, or more "):
			parts[i] = "take out fewer; the form can allow it: how many, all; as a command: more " + strings.TrimPrefix(p, "take out fewer, or more ")
		case strings.HasPrefix(p, "add --wait"):
			parts[i] = "choose never in the form; as a command: " + p
		case strings.HasPrefix(p, "midwatch changes show "):
			parts[i] = ":changes says more, and U there ends it"
		case strings.Contains(p, "--") && !strings.Contains(p, "midwatch "):
			parts[i] = "as a command: " + p
		}
	}
	return strings.Join(parts, "; ")
}
