package write

import (
	"context"
	"slices"
	"time"

	"github.com/midwatch-cli/midwatch/fleet/change"
	"github.com/midwatch-cli/midwatch/fleet/change/keeper"
	"github.com/midwatch-cli/midwatch/fleet/document"
)

// recent is how long a change that is over is listed without being asked for.
const recent = 24 * time.Hour

// List are the changes of some contexts, of all where none is named, the newest
// first of each, and how they stand by the journal alone: those that somebody may
// have to do something about, and those of the last day; or all there are.
func List(ctx context.Context, j change.Journal, contexts []string, now time.Time, all bool) ([]document.Looked, error) {
	if len(contexts) == 0 {
		contexts = []string{""}
	}
	f := change.Filter{}
	if !all {
		f.Since = now.Add(-recent)
	}
	var looked []document.Looked
	for _, f.Context = range contexts {
		found, err := j.Batches(ctx, f)
		if err != nil {
			return nil, err
		}
		for _, b := range found {
			looked = append(looked, document.Looked{Batch: b, Stand: b.Stand(now, keeper.Alive)})
		}
	}
	return looked, nil
}

// Sort puts first what somebody may have to do something about.
func Sort(looked []document.Looked) {
	slices.SortStableFunc(looked, func(x, y document.Looked) int { return x.Stand.Rank() - y.Stand.Rank() })
}
