package change

import (
	"time"

	"github.com/midwatch-cli/midwatch/fleet"
)

// Holders says who holds a breaker, by batches: most far sides keep no such
// thing. Where several are in force on one, the newest counts. What is in force
// by the journal and not in the far side (it was reset by another hand, the
// instance restarted) is held by nobody. Without batches it is nil.
func Holders(batches []*Batch) func(k fleet.Key, b *fleet.Breaker) fleet.Hold {
	type target struct {
		key     fleet.Key
		breaker string
		state   fleet.BreakerState
	}
	type holder struct {
		hold fleet.Hold
		at   time.Time
	}
	held := map[target]holder{}
	for _, b := range batches {
		for i := range b.Steps {
			s := &b.Steps[i]
			if s.Intent.Kind != KindBreaker || !s.InForce(b) {
				continue
			}
			t := target{s.Intent.Instance(), s.Intent.Target.Breaker, fleet.Verb(s.Intent.Verb()).State()}
			if other, taken := held[t]; !taken || b.At.After(other.at) {
				held[t] = holder{fleet.Hold{By: b.Who.String(), Reason: b.Reason, Change: b.ID, Until: b.Until}, b.At}
			}
		}
	}
	if len(held) == 0 {
		return nil
	}
	return func(k fleet.Key, b *fleet.Breaker) fleet.Hold {
		state := b.State
		if b.OneOpen { // the far side has one word for both
			state = fleet.BreakerForcedOpen
		}
		return held[target{k, b.Name, state}].hold
	}
}
