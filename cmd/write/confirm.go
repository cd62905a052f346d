package write

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/midwatch-cli/midwatch/cmd/app"
	"github.com/midwatch-cli/midwatch/cmd/term"
	"github.com/midwatch-cli/midwatch/fleet/change"
	"github.com/midwatch-cli/midwatch/fleet/change/keeper"
)

// at is a time of day for people, with its zone; the day too where it is
// another.
func (w *Writer) at(t time.Time) string {
	if w.app.Global.UTC {
		t = t.UTC()
	} else {
		t = t.Local()
	}
	now := w.app.Now().In(t.Location())
	if t.YearDay() != now.YearDay() || t.Year() != now.Year() {
		return "at " + t.Format("2006-01-02 15:04:05 MST")
	}
	return "at " + t.Format("15:04:05 MST")
}

// by says who puts a change back.
func (w *Writer) by(kept change.Keeper) string {
	switch {
	case w.flags.Wait:
		return "by this command, which stays"
	case kept.IsZero():
		return "by a keeper on " + keeper.Host()
	}
	return fmt.Sprintf("by keeper %d on %s", kept.PID, kept.Host)
}

// keeper finds who puts the change back, and starts one where nobody is there;
// zero where nobody has to, or where it is only shown.
func (w *Writer) keeper(ctx context.Context) (change.Keeper, error) {
	if w.flags.TTL == 0 || w.flags.Wait {
		return change.Keeper{}, nil
	}
	const stay = "add --wait: the command stays and puts it back at its end"
	switch {
	case w.app.IO.CI != term.NoCI:
		return change.Keeper{}, app.Usagef(stay, "--ttl in a build: nothing stays alive that could put it back")
	case w.pid == 1:
		return change.Keeper{}, app.Usagef(stay, "--ttl as the first process of a container: nothing stays alive that could put it back")
	case w.flags.DryRun:
		return change.Keeper{}, nil
	}
	k, err := w.keep(ctx, w.journal)
	if err != nil {
		return k, journalError(err)
	}
	if lacks := keeper.Lacks(k, w.origin().Env); len(lacks) > 0 {
		return k, &app.Error{
			Code: app.NotWell, Err: fmt.Errorf("keeper %d was started without $%s and could not put it back: nothing was changed", k.PID, strings.Join(lacks, ", $")),
			Hint: fmt.Sprintf("keep the secret in a file (file:PATH), or end the keeper (kill %d) so that one is started from here; %s", k.PID, stay),
		}
	}
	return k, nil
}

// confirm shows the plan and asks. The default answer is No.
func (w *Writer) confirm(ctx context.Context, q Question, plan *change.Plan) error {
	hint := "--yes, or --dry-run to see the plan"
	agreed, err := w.flags.Yes, error(nil)
	if w.fleet.Protected {
		q.Name, agreed, err = w.flags.typed(plan)
		hint = "this context is protected: --confirm " + q.Name
		if err == nil && q.Name == "" {
			err = &app.Error{Code: app.NotWell, Err: ErrNotConfirmed} // no name lets a plan of nothing through
		}
	}
	if agreed || err != nil {
		w.front.Show(q)
		return err
	}
	ok, err := w.front.Ask(ctx, q)
	return answer(ok, err, hint)
}

// typed is the name that has to be typed in a protected context, and whether
// --confirm has it.
func (w *Flags) typed(plan *change.Plan) (service string, agreed bool, err error) {
	service, err = oneService(plan)
	if err == nil && w.Confirm != "" && w.Confirm != service {
		err = &app.Error{Code: app.NotWell, Err: fmt.Errorf("--confirm %s is not the service's name: nothing was changed", w.Confirm), Hint: "the service is " + service}
	}
	return service, w.Confirm != "", err
}

// oneService is the service that a plan is about: one name that is typed must
// not let changes of other services through.
func oneService(plan *change.Plan) (string, error) {
	if len(plan.Steps) == 0 {
		return "", nil
	}
	owner := func(i int) change.Target {
		t := plan.Steps[i].Intent.Target
		return change.Target{Source: t.Source, Namespace: t.Namespace, Service: t.Service}
	}
	first := owner(0)
	for i := range plan.Steps {
		if other := owner(i); other != first { // those of one name are several services too
			return "", app.Usagef("change "+inFull(first, other)+" and "+inFull(other, first)+" one after the other", "this context is protected: one service at a time")
		}
	}
	return first.Service, nil
}

// inFull is a service's name, with where it is where another one has the same.
func inFull(t, other change.Target) string {
	if t.Service != other.Service {
		return t.Service
	}
	return strings.TrimPrefix(t.Namespace+"/", "/") + t.Service + " in " + t.Source
}

func answer(ok bool, err error, hint string) error {
	switch {
	case errors.Is(err, term.ErrNoTerminal):
		return &app.Error{Code: app.Usage, Err: errors.New("nothing was changed: there is no terminal to ask on"), Hint: hint}
	case err != nil:
		return err
	case !ok:
		return &app.Error{Code: app.NotWell, Err: ErrNotConfirmed}
	}
	return nil
}
