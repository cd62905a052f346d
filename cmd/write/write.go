package write

import (
	"context"
	"errors"
	"fmt"
	"os"

	"github.com/midwatch-cli/midwatch/cmd/app"
	"github.com/midwatch-cli/midwatch/cmd/write/screen"
	"github.com/midwatch-cli/midwatch/fleet"
	"github.com/midwatch-cli/midwatch/fleet/change"
	"github.com/midwatch-cli/midwatch/fleet/change/desk"
	"github.com/midwatch-cli/midwatch/fleet/change/journal"
	"github.com/midwatch-cli/midwatch/fleet/change/keeper"
	"github.com/midwatch-cli/midwatch/fleet/change/kind"
	"github.com/midwatch-cli/midwatch/fleet/config"
	"github.com/midwatch-cli/midwatch/fleet/wiring"
)

// Writer writes to one context.
type Writer struct {
	Context string

	app     *app.App
	front   Front
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
	// Steps says what is to be changed: the intents, and, where that is known by
	// then, why one of them cannot be done. It is asked again before the first
	// write: a selection may have another answer then. Old is what was planned
	// before, or zero.
	Steps func(ctx context.Context, old change.Plan) ([]change.Step, error)
	// Plan is for commands whose plan is no list of intents; it comes before
	// Steps.
	Plan func(ctx context.Context, old change.Plan) (change.Plan, error)
	// Says is the plan in sentences; nil: each step says what it does.
	Says func(p change.Plan) []screen.Passage
	// Fleet is how the instances are, for commands that take some out of use;
	// nil for others.
	Fleet func(ctx context.Context) (*fleet.Snapshot, error)
	// Retry is the command that goes on with what failed, without the change's
	// id: midwatch breakers trip --retry; empty: there is none.
	Retry string
}

// Intents is the Proposal of changes that are always the same.
func Intents(intents ...change.Intent) Proposal {
	steps := make([]change.Step, len(intents))
	for i := range intents {
		steps[i].Intent = intents[i]
	}
	return Proposal{Steps: func(context.Context, change.Plan) ([]change.Step, error) { return steps, nil }}
}

// New is For the terminal that the command was typed on.
func New(ctx context.Context, s *app.Session, f *wiring.Fleet, flags *Flags) (*Writer, error) {
	return For(ctx, s, f, flags, terminal{s.App()})
}

// For returns the writer to a context of the session, for those in front of it.
// It is refused where nothing may be written, and where what would be done could
// not be written down. Whoever gets it closes it.
func For(ctx context.Context, s *app.Session, f *wiring.Fleet, flags *Flags, front Front) (*Writer, error) {
	if s.ReadOnly(f) {
		return nil, &app.Error{Code: app.NotWell, Err: errors.New("writes are refused here: read-only"), Hint: "the context, --read-only or MIDWATCH_READ_ONLY says so, and nothing else takes it back"}
	}
	if err := flags.check(); err != nil {
		return nil, err
	}
	a := s.App()
	w := &Writer{app: a, front: front, fleet: f, flags: flags, Context: f.Context, pid: os.Getpid()}
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
