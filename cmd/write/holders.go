package write

import (
	"context"

	"github.com/midwatch-cli/midwatch/cmd/app"
	"github.com/midwatch-cli/midwatch/fleet"
	"github.com/midwatch-cli/midwatch/fleet/change"
)

// Holders says who holds a breaker, by the changes of ours that are in force:
// most far sides keep no such thing. It is nil where there is no journal, or
// none that can be read. What is in force by the journal and not in the far side
// (it was reset by another hand, the instance restarted) is held by nobody.
func Holders(ctx context.Context, a *app.App) func(k fleet.Key, b *fleet.Breaker) fleet.Hold {
	j, err := Read(ctx, a)
	if err != nil {
		return nil
	}
	defer func() { _ = j.Close() }()
	open, err := j.Batches(ctx, change.Filter{Open: true})
	if err != nil {
		return nil
	}
	return change.Holders(open)
}
