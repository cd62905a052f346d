package write

import (
	"context"
	"fmt"

	"github.com/midwatch-cli/midwatch/cmd/app"
	"github.com/midwatch-cli/midwatch/cmd/term"
	"github.com/midwatch-cli/midwatch/cmd/write/screen"
	"github.com/midwatch-cli/midwatch/fleet/change"
	"github.com/midwatch-cli/midwatch/fleet/selection"
)

// Retry goes on with the change of flags.Retry, which the command has to have
// made: verb is what its steps do, and command what is typed to go on. It goes
// to the context the change was made in, whatever context is chosen now.
func Retry(ctx context.Context, a *app.App, flags *Flags, verb, command string) error {
	return retry(ctx, a, flags, verb, command, terminal{a})
}

// GoOn is Retry for those in front, whatever the steps of the change do.
func GoOn(ctx context.Context, a *app.App, flags *Flags, id string, front Front) error {
	flags.Retry = id
	return retry(ctx, a, flags, "", "", front)
}

func retry(ctx context.Context, a *app.App, flags *Flags, verb, command string, front Front) error {
	j, err := Read(ctx, a)
	if err != nil {
		return noSuch(flags.Retry, err)
	}
	b, err := Find(ctx, j, flags.Retry)
	if closed := j.Close(); err == nil {
		err = closed
	}
	if err != nil {
		return err
	}
	if err := madeBy(b, verb); err != nil {
		return err
	}
	s, err := a.Reopen(ctx, b.Origin)
	if err != nil {
		return err
	}
	defer s.Close()
	w, err := For(ctx, s, s.Fleets[0], flags, front)
	if err != nil {
		return err
	}
	defer w.Close()
	_, err = w.Make(ctx, Proposal{Retry: command, Says: func(p change.Plan) []screen.Passage {
		said := fmt.Sprintf("This goes on with %s: %s, by %s, %s ago: %d of %s.", b.ID, b.What, b.Who.String(),
			term.Duration(max(a.Now().Sub(b.At), 0)), len(p.Steps), app.Count(len(b.Steps), "target"))
		return []screen.Passage{{Says: said, Steps: screen.Every(&p)}}
	}})
	return err
}

// madeBy refuses a change that another command made.
func madeBy(b *change.Batch, verb string) error {
	if b.Undoes != "" {
		return app.Usagef("midwatch changes undo "+b.Undoes, "change %s takes %s back: it is gone on with by undoing that again", b.ID, b.Undoes)
	}
	for i := range b.Steps {
		if made := b.Steps[i].Intent.Verb(); verb != "" && made != verb {
			return app.Usagef("midwatch changes show "+b.ID, "change %s is no %s: it is %s", b.ID, verb, b.What)
		}
	}
	return nil
}

// Unread refuses to write where a registry is silent that may hold some of what
// is meant: nobody knows then who is left out. Names are services as they were
// written; none means every one.
func Unread(r app.Reading, names []string) error {
	for i := range r.Snapshot.Sources {
		src := &r.Snapshot.Sources[i]
		if src.Reason == "" || !mayMean(names, src.Name) {
			continue
		}
		hint := src.Hint
		if len(r.Snapshot.Sources) > 1 {
			hint = "SOURCE:SERVICE means the services of one registry alone"
		}
		return &app.Error{Code: app.CannotSay, Err: fmt.Errorf("registry %s: %s: nothing was changed", src.Name, src.Detail), Hint: hint}
	}
	return nil
}

func mayMean(names []string, source string) bool {
	for _, n := range names {
		if p, err := selection.ParsePattern(n); err != nil || !p.Not && p.Of(source) {
			return true
		}
	}
	return len(names) == 0
}
