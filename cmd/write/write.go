package write

import (
	"context"
	"errors"
	"fmt"
	"os"
	"time"

	"github.com/midwatch-cli/midwatch/cmd/app"
	"github.com/midwatch-cli/midwatch/cmd/term"
	"github.com/midwatch-cli/midwatch/fleet"
	"github.com/midwatch-cli/midwatch/fleet/change"
	"github.com/midwatch-cli/midwatch/fleet/change/desk"
	"github.com/midwatch-cli/midwatch/fleet/change/journal"
	"github.com/midwatch-cli/midwatch/fleet/change/keeper"
	"github.com/midwatch-cli/midwatch/fleet/change/kind"
	"github.com/midwatch-cli/midwatch/fleet/config"
	"github.com/midwatch-cli/midwatch/fleet/registry"
	"github.com/midwatch-cli/midwatch/fleet/wiring"
)

// Writer writes to one context.
type Writer struct {
	Context string

	app     *app.App
	fleet   *wiring.Fleet
	flags   *Flags
	journal *journal.Journal // nil: none is kept, or none is there to be read
	desk    change.Desk
	keep    func(ctx context.Context, j change.Journal) (change.Keeper, error)
	origin  func() change.Origin
	pid     int
	batch   *change.Batch // of the last Make
}

// Proposal is what a command wants to change.
type Proposal struct {
	// Intents says what is to be changed. It is asked again before the first
	// write: a selection may have another answer then.
	Intents func(ctx context.Context) ([]change.Intent, error)
	// Plan is for commands whose plan is no list of intents; it comes before
	// Intents. Old is what was planned before, or zero.
	Plan func(ctx context.Context, old change.Plan) (change.Plan, error)
	// Says is what the plan means, in sentences for people; may be nil.
	Says func(p change.Plan) []string
	// Fleet is how the instances are, for commands that take some out of use;
	// nil for others.
	Fleet func(ctx context.Context) (*fleet.Snapshot, error)
	// Retry is the command that goes on with what failed, without the change's
	// id: midwatch breakers trip --retry; empty: there is none.
	Retry string
}

// Intents is the Proposal of changes that are always the same.
func Intents(intents ...change.Intent) Proposal {
	return Proposal{Intents: func(context.Context) ([]change.Intent, error) { return intents, nil }}
}

// New returns the writer to a context of the session. It is refused where
// nothing may be written, and where what would be done could not be written
// down. Whoever gets it closes it.
func New(ctx context.Context, s *app.Session, f *wiring.Fleet, flags *Flags) (*Writer, error) {
	if s.ReadOnly(f) {
		return nil, &app.Error{Code: app.NotWell, Err: errors.New("writes are refused here: read-only"), Hint: "the context, --read-only or MIDWATCH_READ_ONLY says so, and nothing else takes it back"}
	}
	if err := flags.check(); err != nil {
		return nil, err
	}
	a := s.App()
	w := &Writer{app: a, fleet: f, flags: flags, Context: f.Context, pid: os.Getpid()}
	w.origin = func() change.Origin { return s.Origin(f.Context) }
	if err := w.open(ctx); err != nil {
		return nil, err
	}
	dir := stateDir(a)
	w.keep = func(ctx context.Context, j change.Journal) (change.Keeper, error) {
		return keeper.Ensure(ctx, j, dir, KeepCommand()...)
	}
	setup := desk.Setup{Env: kind.Env{Registry: f.Registry, Admin: f.Admin}, Who: who(a), Origin: w.origin, Now: a.Now}
	if w.journal != nil {
		setup.Journal = w.journal
	}
	w.desk = desk.New(setup)
	return w, nil
}

// KeepCommand is the command line of a keeper.
func KeepCommand() []string { return []string{"changes", "keep"} }

func stateDir(a *app.App) string { return config.StateDir(a.Getenv) }

// open opens the journal: to read for a dry run, which makes none.
func (w *Writer) open(ctx context.Context) (err error) {
	switch {
	case w.flags.DryRun:
		w.journal, err = journal.Read(ctx, stateDir(w.app), journal.Options{Now: w.app.Now})
		if err != nil {
			w.journal = nil // a plan can be shown all the same
		}
		return nil
	case w.flags.NoJournal:
		return nil
	}
	w.journal, err = journal.Open(ctx, stateDir(w.app), journal.Options{Now: w.app.Now})
	if err != nil {
		return journalError(err)
	}
	return nil
}

// journalError is a change that was not made, as it could not be written down.
func journalError(err error) error {
	e := &app.Error{Code: app.NotWell, Err: fmt.Errorf("nothing was changed: %w", err)}
	var known *fleet.Error
	if errors.As(err, &known) {
		e.Hint = known.Hint
	}
	return e
}

// Close closes the journal.
func (w *Writer) Close() {
	if w.journal != nil {
		_ = w.journal.Close() // what was written was committed
	}
}

// Desk plans and carries out, for what Make does not do.
func (w *Writer) Desk() change.Desk { return w.desk }

// ErrNotConfirmed is returned when the answer was no.
var ErrNotConfirmed = errors.New("nothing was changed")

// Make plans, shows, asks, does and reads back. The results are nil for a dry
// run.
func (w *Writer) Make(ctx context.Context, p Proposal) ([]change.Result, error) {
	if err := w.settleFirst(ctx); err != nil {
		return nil, err
	}
	read := func(ctx context.Context, old change.Plan) (change.Plan, error) {
		switch {
		case w.flags.Retry != "":
			return w.retry(ctx)
		case p.Plan != nil:
			plan, err := p.Plan(ctx, old)
			return plan, planError(err)
		}
		intents, err := p.Intents(ctx)
		if err != nil {
			return change.Plan{}, err
		}
		plan, err := w.desk.Replan(ctx, old, intents)
		return plan, planError(err)
	}
	plan, err := w.agree(ctx, &p, read)
	if err != nil || w.flags.DryRun {
		return nil, err
	}
	return w.carryOut(ctx, &p, plan)
}

func (w *Writer) retry(ctx context.Context) (change.Plan, error) {
	b, err := w.Find(ctx, w.flags.Retry)
	if err != nil {
		return change.Plan{}, err
	}
	if b.Context != w.Context {
		return change.Plan{}, app.Usagef("--context "+b.Context, "change %s was made in context %q, and this is %q", b.ID, b.Context, w.Context)
	}
	plan, err := w.desk.PlanRetry(ctx, b)
	if err == nil && len(plan.Steps) == 0 {
		err = &app.Error{Code: app.NotWell, Err: fmt.Errorf("change %s left nothing to do: nothing was changed", b.ID)}
	}
	return plan, planError(err)
}

// agree plans until what was agreed to is what is there: the plan is read again
// before the first write.
func (w *Writer) agree(ctx context.Context, p *Proposal, read func(context.Context, change.Plan) (change.Plan, error)) (change.Plan, error) {
	plan, err := read(ctx, change.Plan{})
	for err == nil {
		if err = w.allowed(ctx, p, &plan); err != nil {
			break
		}
		var kept change.Keeper
		if kept, err = w.keeper(ctx); err != nil {
			break
		}
		if w.flags.DryRun {
			w.tell(p, &plan, kept)
			return plan, w.show(&plan, nil, app.OK)
		}
		if err = w.confirm(ctx, p, &plan, kept); err != nil {
			break
		}
		var again change.Plan
		if again, err = read(ctx, plan); err != nil {
			break
		}
		if plan.Same(&again) {
			return again, w.allowed(ctx, p, &again)
		}
		if w.flags.Yes || w.flags.Confirm != "" {
			return plan, &app.Error{Code: app.NotWell, Err: errors.New("what is there changed since the plan was shown: nothing was changed"), Hint: "run it again to see the new plan"}
		}
		if !w.app.IO.Quiet {
			fmt.Fprintln(w.app.IO.Err, "What is there changed meanwhile. The plan is now:")
		}
		plan = again
	}
	return plan, err
}

// allowed holds the plan against the flags and against what others have in
// force.
func (w *Writer) allowed(ctx context.Context, p *Proposal, plan *change.Plan) error {
	if n := w.flags.Expect; n > 0 && n != len(plan.Steps) {
		return &app.Error{Code: app.NotWell, Err: fmt.Errorf("the plan has %d targets, and %d were expected: nothing was changed", len(plan.Steps), n)}
	}
	if held := plan.Conflicts(); len(held) > 0 && !w.flags.Override {
		return conflict(held)
	}
	if p.Fleet == nil {
		return nil
	}
	snap, err := p.Fleet(ctx)
	if err != nil {
		return err
	}
	return w.flags.room(snap, plan)
}

func conflict(held []change.Holding) error {
	hint := "--override does it all the same"
	for _, h := range held {
		if h.Batch != "" && h.By != change.SomeoneElse {
			hint = "midwatch changes show " + h.Batch + " says more, midwatch changes undo " + h.Batch + " ends it; " + hint
			break
		}
	}
	return &app.Error{Code: app.NotWell, Err: fmt.Errorf("nothing was changed: %w", &change.ConflictError{Held: held}), Hint: hint}
}

// planError gives an error of planning its code.
func planError(err error) error {
	var said *app.Error
	var known *fleet.Error
	switch {
	case err == nil, errors.As(err, &said):
		return err
	case errors.Is(err, registry.ErrTaken) && errors.As(err, &known):
		return &app.Error{Code: app.NotWell, Err: err, Hint: known.Hint}
	case errors.Is(err, change.ErrUnable):
		return &app.Error{Code: app.Usage, Err: err, Hint: "midwatch registries says which can"}
	case errors.Is(err, errors.ErrUnsupported), errors.Is(err, change.ErrIsUndo):
		return &app.Error{Code: app.NotWell, Err: fmt.Errorf("nothing was changed: %w", err)}
	}
	return err
}

// carryOut does what was agreed to.
func (w *Writer) carryOut(ctx context.Context, p *Proposal, plan change.Plan) ([]change.Result, error) {
	options := w.options()
	var out change.Outcome
	for {
		kept, err := w.keeper(ctx)
		if err != nil {
			return nil, err
		}
		options.Keeper = kept
		out, err = w.desk.Apply(ctx, plan, options)
		if errors.Is(err, change.ErrNoKeeper) && ctx.Err() == nil {
			continue // it left while somebody thought about the plan
		}
		if len(out.Results) == 0 && err != nil {
			return nil, applyError(err)
		}
		w.batch = out.Batch
		return out.Results, w.finish(ctx, p, &plan, &out, err)
	}
}

// finish shows what came of a plan and, where that was promised, stays to put it
// back: whatever became of the answer or of the journal.
func (w *Writer) finish(ctx context.Context, p *Proposal, plan *change.Plan, out *change.Outcome, broken error) error {
	code := codeOf(out.Results)
	shown := w.show(plan, out, code)
	w.after(ctx, p, out)
	stayed := w.stay(ctx, code)
	switch failed := (&app.Error{}); {
	case broken != nil:
		return &app.Error{Code: max(code, app.Partial), Err: broken}
	case errors.As(stayed, &failed):
		return stayed
	case shown != nil:
		return &app.Error{Code: max(code, app.CannotSay), Err: fmt.Errorf("it was done, and the answer could not be written: %w", shown)}
	}
	return stayed
}

func (w *Writer) options() change.Options {
	f := w.flags
	return change.Options{
		Reason: f.Reason, TTL: f.TTL, Reapply: f.Reapply, Override: f.Override,
		Batch: f.Batch, Pause: f.Pause, MaxFailures: f.MaxFailures,
	}
}

// applyError is an Apply that sent nothing.
func applyError(err error) error {
	var held *change.ConflictError
	if errors.As(err, &held) {
		return conflict(held.Held)
	}
	return journalError(err)
}

// codeOf says how results end: all done is 0, none is 1, some is 4.
func codeOf(results []change.Result) app.Code {
	done := 0
	for i := range results {
		if results[i].State == change.Done {
			done++
		}
	}
	switch {
	case done == len(results):
		return app.OK
	case done == 0:
		return app.NotWell
	default:
		return app.Partial
	}
}

// stay keeps the command in the foreground until what it did is put back.
func (w *Writer) stay(ctx context.Context, code app.Code) error {
	if !w.flags.Wait || w.flags.TTL == 0 || w.batch == nil {
		return app.End(code)
	}
	w.note("put back %s, or at Ctrl-C; a second Ctrl-C leaves it changed", w.at(w.batch.Until))
	for left := w.batch.Until.Sub(w.app.Now()); left > 0 && ctx.Err() == nil; left = w.batch.Until.Sub(w.app.Now()) {
		t := time.NewTimer(min(left, time.Second)) // looked at again: the machine may have slept
		select {
		case <-t.C:
		case <-ctx.Done():
		}
		t.Stop()
	}
	if err := w.Undo(ctx); err != nil {
		return &app.Error{Code: app.Partial, Err: err, Hint: "midwatch changes undo " + w.batch.ID}
	}
	w.note("put back")
	return app.End(code)
}

// Undo takes back what Make did.
func (w *Writer) Undo(ctx context.Context) error {
	if w.batch == nil {
		return nil
	}
	out, err := w.desk.Undo(ctx, w.batch, change.Options{Reason: "its command ended"})
	if err != nil {
		return err
	}
	for _, r := range out.Results {
		if r.Err != nil {
			return fmt.Errorf("%s was not undone: %w", r.Intent.Target.Name(), r.Err)
		}
	}
	return nil
}

// note writes a line for people to standard error.
func (w *Writer) note(format string, args ...any) {
	if !w.app.IO.Quiet {
		fmt.Fprintln(w.app.IO.Err, term.Clean(fmt.Sprintf(format, args...)))
	}
}
