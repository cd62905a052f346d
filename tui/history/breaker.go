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
	told    uint64 // number of the pass that said its state last
}

// Breaker is what a breaker of an instance did: how it was found first, or before
// what is remembered, and each change since; nil where nobody knows it. A time in
// which nobody could say is a change to unknown.
func (l *Life) Breaker(name string) []Change {
	if i := l.breaker(name); i >= 0 {
		return l.breakers[i].changes
	}
	return nil
}

// Spell is what a breaker was in during a slice of time; the zero one is that its
// instance was not there, or that it was not known yet.
type Spell struct {
	Known bool
	State fleet.BreakerState
}

// Spells are the states of a breaker over the passes that are remembered, in so
// many slices of them, oldest first; of each slice the worst one. There are no more
// slices than passes.
func (l *Life) Spells(name string, many int) []Spell {
	n := l.of.Passes()
	many = max(0, min(many, n))
	all := make([]Spell, many)
	changes, at := l.Breaker(name), -1
	for i := range n {
		for at+1 < len(changes) && !changes[at+1].At.After(l.of.At(i)) {
			at++
		}
		if p := l.Pass(i); at < 0 || !p.There || many == 0 {
			continue
		}
		if s := &all[i*many/n]; !s.Known || changes[at].State.Rank() > s.State.Rank() {
			*s = Spell{true, changes[at].State}
		}
	}
	return all
}

func (l *Life) breaker(name string) int {
	return slices.IndexFunc(l.breakers, func(b switching) bool { return b.name == name })
}

// mostBreakers is how many breakers of an instance are followed.
const mostBreakers = 200

// switched takes the states its breakers are in. Of one that is not among them
// nobody knows, and for as long as we remember it is not forgotten.
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
		l.breakers[k].told = l.of.seen
	}
	for i := range l.breakers {
		if b := &l.breakers[i]; b.told != l.of.seen {
			b.take(fleet.BreakerUnknown, at)
		}
	}
	if len(in.Breakers) > 0 { // else it is the instance that does not say
		l.breakers = slices.DeleteFunc(l.breakers, func(b switching) bool { return l.of.seen-b.told >= Kept })
	}
}

func (b *switching) take(s fleet.BreakerState, at time.Time) {
	if n := len(b.changes); n == 0 || b.changes[n-1].State != s {
		b.changes = push(b.changes, Change{at, s}, Changes)
	}
}

// rewind takes back the changes that were not before a time; false where nothing
// is left.
func (b *switching) rewind(seen uint64, to time.Time) bool {
	for len(b.changes) > 0 && !b.changes[len(b.changes)-1].At.Before(to) {
		b.changes = b.changes[:len(b.changes)-1]
	}
	b.told = min(b.told, seen)
	return len(b.changes) > 0
}
