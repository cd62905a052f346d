package change

import (
	"context"
	"errors"
	"time"
)

// Journal keeps what was changed. Several processes share one. Its methods are
// safe for concurrent use. Errors are *fleet.Error with what to do about them.
type Journal interface {
	// Begin gives the batch its id and keeps it with all its steps, as Intended.
	// It is on disk when Begin returns. Where the batch names a keeper that is
	// not there any more, it is ErrNoKeeper and nothing is kept.
	Begin(ctx context.Context, b *Batch) error
	// Record keeps how steps ended: State, Now, Changed, Error and the times. A
	// step of an undo that was done marks the step it took back, and what that one
	// had replaced is in force again; any other marks older ones of the same target
	// as replaced.
	Record(ctx context.Context, id string, steps []Record) error
	// Finish says that whoever made the batch has seen all its results.
	Finish(ctx context.Context, id string, at time.Time) error
	// Again counts that a step was set again.
	Again(ctx context.Context, id string, n int) error
	// Batch finds a batch by its id or the beginning of it: fleet.ErrNotFound,
	// or ErrAmbiguous where several begin so.
	Batch(ctx context.Context, id string) (*Batch, error)
	// Batches lists batches, the newest first.
	Batches(ctx context.Context, f Filter) ([]*Batch, error)
	// Held lists the batches that are in force on what the intents are about
	// (Intent.Key), each with the steps concerned only.
	Held(ctx context.Context, intents []Intent) ([]*Batch, error)

	// Keeper is the keeper there is, or was: Beat says when it was last seen
	// alive. Zero where there is none.
	Keeper(ctx context.Context) (Keeper, error)
	// Keep makes the process the one keeper, or says again that it is alive. It
	// is false where another is, of which something was heard for KeeperLost, and
	// which is not the one known to be dead.
	Keep(ctx context.Context, k, dead Keeper) (bool, error)
	// Leave ends being the keeper, where nothing is left that has an end. It is
	// false where something is.
	Leave(ctx context.Context, k Keeper) (bool, error)
	Close() error
}

// Filter says which batches are wanted.
type Filter struct {
	Context string    // empty: of all contexts
	Exact   bool      // the empty Context is the one without a name
	Open    bool      // only those that are in force, or of which not all results are known
	Since   time.Time // only those that are open, or were made since; zero: all
	Due     time.Time // only those that should have been put back by then; zero: all
	Limit   int       // the newest so many; 0: all
}

// KeeperBeat is how often a keeper says that it is alive, and KeeperLost how
// long nothing is heard of one that is not.
const (
	KeeperBeat = 3 * time.Second
	KeeperLost = 5 * KeeperBeat
)

// Errors of a journal.
var (
	ErrNoKeeper  = errors.New("there is no keeper any more")
	ErrAmbiguous = errors.New("several changes begin so")
)
