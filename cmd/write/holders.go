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
	type target struct {
		key     fleet.Key
		breaker string
		state   fleet.BreakerState
	}
	held := map[target]fleet.Hold{}
	for _, b := range open { // the newest first: it is the one that counts
		for i := range b.Steps {
			s := &b.Steps[i]
			if s.Intent.Kind != change.KindBreaker || !s.InForce(b) {
				continue
			}
			k := s.Intent.Target.Key()
			k.Context, k.Source = s.Intent.Context, s.Intent.Target.Source
			t := target{k, s.Intent.Target.Breaker, fleet.Verb(s.Intent.Verb()).State()}
			if _, newer := held[t]; !newer {
				held[t] = fleet.Hold{By: b.Who.String(), Reason: b.Reason, Change: b.ID, Until: b.Until}
			}
		}
	}
	return func(k fleet.Key, b *fleet.Breaker) fleet.Hold { return held[target{k, b.Name, b.State}] }
}
