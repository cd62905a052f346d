package history

import (
	"slices"
	"time"

	"github.com/midwatch-cli/midwatch/fleet"
)

// Change is a breaker that went into another state.
type Change struct {
	At    time.Time
	State fleet.BreakerState
}

// switching is one breaker of an instance. Its first change is how it was found.
type switching struct {
	name    string
	changes []Change
}

// Breaker is what a breaker of an instance did: how it was found first, or before
// what is remembered, and each change since; nil where nobody knows it. A time in
// which it could not be read is a change to unknown.
func (l *Life) Breaker(name string) []Change {
	if i := l.breaker(name); i >= 0 {
		return l.breakers[i].changes
	}
	return nil
}

func (l *Life) breaker(name string) int {
	return slices.IndexFunc(l.breakers, func(b switching) bool { return b.name == name })
}

// mostBreakers is how many breakers of an instance are followed.
const mostBreakers = 200

// switched takes the states its breakers are in.
func (l *Life) switched(in *fleet.InstanceView, at time.Time) {
	for i := range in.Breakers {
		b := &in.Breakers[i]
		k := i
		if k >= len(l.breakers) || l.breakers[k].name != b.Name { // mostly they are as they were
			if k = l.breaker(b.Name); k < 0 {
				if len(l.breakers) >= mostBreakers {
					continue
				}
				k, l.breakers = len(l.breakers), append(l.breakers, switching{name: kept(b.Name)})
			}
		}
		l.breakers[k].take(b.State, at)
	}
	if in.BreakersWhy.Reason == "" {
		return
	}
	for i := range l.breakers {
		l.breakers[i].take(fleet.BreakerUnknown, at)
	}
}

func (b *switching) take(s fleet.BreakerState, at time.Time) {
	if n := len(b.changes); n == 0 || b.changes[n-1].State != s {
		b.changes = push(b.changes, Change{at, s}, Changes)
	}
}

// rewind takes back the changes that were not before a time, but for the first.
func (b *switching) rewind(to time.Time) {
	for n := len(b.changes); n > 1 && !b.changes[n-1].At.Before(to); n-- {
		b.changes = b.changes[:n-1]
	}
}
