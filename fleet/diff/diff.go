// Package diff tells what happened between two snapshots. It is pure.
package diff

import (
	"fmt"
	"math"
	"slices"
	"strings"

	"github.com/midwatch-cli/midwatch/fleet"
	"github.com/midwatch-cli/midwatch/fleet/match"
)

// Between returns what happened between two snapshots of a feed: sources first,
// then services and their instances by key, and last of each instance its
// breakers by name. The first snapshot (old nil) is no news. While a source does
// not answer nothing of it is gone, and breakers that could not be read have not
// changed: nobody knows.
func Between(old, new *fleet.Snapshot) []fleet.Event {
	if old == nil || new == nil {
		return nil
	}
	d := differ{seq: new.Seq, next: new}
	d.sources(old)
	match.Pairs(old.Services, new.Services, func(a, b *fleet.ServiceView) int { return a.Ref.Compare(b.Ref) },
		func(was, is *fleet.ServiceView) {
			switch {
			case was == nil:
				d.add(fleet.EventServiceNew, fleet.Key{Ref: is.Ref}, "", is.Status.String(), is.Why)
				d.instances(nil, is.Instances)
			case is == nil && !d.failed(was.Ref):
				d.instances(was.Instances, nil)
				d.add(fleet.EventServiceGone, fleet.Key{Ref: was.Ref}, was.Status.String(), "", fleet.Why{})
			case is != nil:
				d.instances(was.Instances, is.Instances)
			}
		})
	return d.events
}

// differ gathers events.
type differ struct {
	seq    uint64
	next   *fleet.Snapshot
	events []fleet.Event
}

func (d *differ) add(kind fleet.EventKind, k fleet.Key, from, to string, why fleet.Why) {
	d.events = append(d.events, fleet.Event{Seq: d.seq, At: d.next.At, Kind: kind, Key: k, From: from, To: to, Why: why})
}

// failed says whether a service's source did not answer last time.
func (d *differ) failed(r fleet.Ref) bool {
	return slices.ContainsFunc(d.next.Sources, func(s fleet.SourceView) bool {
		return s.Name == r.Source && s.Context == r.Context && s.Reason != ""
	})
}

// sources tells which were lost and which came back. One that was not there
// before counts as well before.
func (d *differ) sources(old *fleet.Snapshot) {
	for i := range d.next.Sources {
		is := &d.next.Sources[i]
		was := slices.IndexFunc(old.Sources, func(s fleet.SourceView) bool { return s.Name == is.Name && s.Context == is.Context })
		lost := was >= 0 && old.Sources[was].Reason != ""
		key := fleet.Key{Ref: fleet.Ref{Context: is.Context, Source: is.Name}}
		switch {
		case !lost && is.Reason != "":
			d.add(fleet.EventSourceLost, key, "", string(is.Reason), fleet.Why{Reason: is.Reason, Detail: is.Detail})
		case lost && is.Reason == "":
			d.add(fleet.EventSourceBack, key, string(old.Sources[was].Reason), "", fleet.Why{})
		}
	}
}

// instances tells what happened to those of one service.
func (d *differ) instances(old, new []fleet.InstanceView) {
	match.Pairs(old, new, func(a, b *fleet.InstanceView) int { return a.Key.Compare(b.Key) }, func(was, is *fleet.InstanceView) {
		switch {
		case was == nil:
			d.add(fleet.EventInstanceNew, is.Key, "", is.Status.String(), is.Why)
			return
		case is == nil:
			if !d.failed(was.Ref) {
				d.add(fleet.EventInstanceGone, was.Key, was.Status.String(), "", fleet.Why{})
			}
			return
		}
		for _, change := range [...]struct {
			kind     fleet.EventKind
			from, to string
		}{
			{fleet.EventAddress, was.Addr, is.Addr},
			{fleet.EventVersion, was.Version, is.Version},
			{fleet.EventClaim, claimWord(was.Claimed), claimWord(is.Claimed)},
			{fleet.EventStatus, was.Status.String(), is.Status.String()},
		} {
			if change.from != change.to {
				d.add(change.kind, is.Key, change.from, change.to, is.Why)
			}
		}
		d.breakers(was, is)
	})
}

// breakers tells which of an instance's breakers are in another state. Some
// libraries make them at the first call: one that is new is news only where it
// refuses.
func (d *differ) breakers(was, is *fleet.InstanceView) {
	if !read(was) || !read(is) {
		return
	}
	match.Pairs(was.Breakers, is.Breakers, func(a, b *fleet.Breaker) int { return strings.Compare(a.Name, b.Name) }, func(a, b *fleet.Breaker) {
		from := ""
		switch {
		case b == nil, a == nil && !b.State.Refuses():
			return
		case a != nil && a.State == b.State:
			return
		case a != nil:
			from = a.State.String()
		}
		d.add(fleet.EventBreaker, is.Key, from, b.State.String(), fleet.Why{Reason: fleet.ReasonBreaker, Detail: because(b)})
		d.events[len(d.events)-1].Breaker = b.Name
	})
}

// read says whether an instance's breakers are known.
func read(v *fleet.InstanceView) bool { return v.Plan.Admin != nil && v.BreakersWhy == fleet.Why{} }

// because says who put a breaker into its state, else what it counted.
func because(b *fleet.Breaker) string {
	if words := b.Hold.Words(); words != "" {
		return words
	}
	var parts []string
	for _, rate := range []struct {
		share float64
		word  string
	}{{b.FailureRate, "failed"}, {b.SlowRate, "slow"}} {
		if !math.IsNaN(rate.share) && rate.share > 0 {
			parts = append(parts, fmt.Sprintf("%.3g%% %s", 100*rate.share, rate.word))
		}
	}
	if len(parts) > 0 && b.Calls >= 0 {
		parts[len(parts)-1] += fmt.Sprintf(" of %d calls", b.Calls)
	}
	return strings.Join(parts, ", ")
}

// claimWord is the word of a claim; empty for none.
func claimWord(claimed *fleet.Status) string {
	if claimed == nil {
		return ""
	}
	return claimed.String()
}
