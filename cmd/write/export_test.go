package write

import (
	"context"

	"github.com/midwatch-cli/midwatch/fleet"
	"github.com/midwatch-cli/midwatch/fleet/change"
)

// Keep takes the place of starting a keeper.
func (w *Writer) Keep(k change.Keeper, err error) {
	w.keep = func(context.Context, change.Journal) (change.Keeper, error) { return k, err }
}

// Needs makes a variable hold a secret of the change.
func (w *Writer) Needs(name string) {
	w.origin = func() change.Origin { return change.Origin{Env: []string{name}} }
}

// As makes the command another process.
func (w *Writer) As(pid int) { w.pid = pid }

// Room is what --max-unavailable and --allow-empty say of a plan.
func (w *Flags) Room(snap *fleet.Snapshot, plan *change.Plan) error { return w.room(snap, plan) }

// OneService is the service that has to be typed for a plan.
var OneService = oneService

// Run names a CI run.
var Run = run
