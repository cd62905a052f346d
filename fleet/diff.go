package fleet

import (
	"slices"

	"github.com/midwatch-cli/midwatch/fleet/match"
)

// Diff returns what happened between two snapshots of a feed: sources first,
// then services and their instances by key. The first snapshot (old nil) is no
// news. While a source does not answer nothing of it is gone: nobody knows.
func Diff(old, new *Snapshot) []Event {
	if old == nil || new == nil {
		return nil
	}
	d := differ{seq: new.Seq, next: new}
	d.sources(old)
	match.Pairs(old.Services, new.Services, func(a, b *ServiceView) int { return a.Ref.Compare(b.Ref) },
		func(was, is *ServiceView) {
			switch {
			case was == nil:
				d.add(EventServiceNew, Key{Ref: is.Ref}, "", is.Status.String(), is.Why)
				d.instances(nil, is.Instances)
			case is == nil && !d.failed(was.Ref):
				d.instances(was.Instances, nil)
				d.add(EventServiceGone, Key{Ref: was.Ref}, was.Status.String(), "", Why{})
			case is != nil:
				d.instances(was.Instances, is.Instances)
			}
		})
	return d.events
}

// differ gathers events.
type differ struct {
	seq    uint64
	next   *Snapshot
	events []Event
}

func (d *differ) add(kind EventKind, k Key, from, to string, why Why) {
	d.events = append(d.events, Event{Seq: d.seq, At: d.next.At, Kind: kind, Key: k, From: from, To: to, Why: why})
}

// failed says whether a service's source did not answer last time.
func (d *differ) failed(r Ref) bool {
	return slices.ContainsFunc(d.next.Sources, func(s SourceView) bool {
		return s.Name == r.Source && s.Context == r.Context && s.Reason != ""
	})
}

// sources tells which were lost and which came back. One that was not there
// before counts as well before.
func (d *differ) sources(old *Snapshot) {
	for i := range d.next.Sources {
		is := &d.next.Sources[i]
		was := slices.IndexFunc(old.Sources, func(s SourceView) bool { return s.Name == is.Name && s.Context == is.Context })
		lost := was >= 0 && old.Sources[was].Reason != ""
		key := Key{Ref: Ref{Context: is.Context, Source: is.Name}}
		switch {
		case !lost && is.Reason != "":
			d.add(EventSourceLost, key, "", string(is.Reason), Why{is.Reason, is.Detail})
		case lost && is.Reason == "":
			d.add(EventSourceBack, key, string(old.Sources[was].Reason), "", Why{})
		}
	}
}

// instances tells what happened to those of one service.
func (d *differ) instances(old, new []InstanceView) {
	match.Pairs(old, new, func(a, b *InstanceView) int { return a.Key.Compare(b.Key) }, func(was, is *InstanceView) {
		switch {
		case was == nil:
			d.add(EventInstanceNew, is.Key, "", is.Status.String(), is.Why)
			return
		case is == nil:
			if !d.failed(was.Ref) {
				d.add(EventInstanceGone, was.Key, was.Status.String(), "", Why{})
			}
			return
		}
		for _, change := range [...]struct {
			kind     EventKind
			from, to string
		}{
			{EventAddress, was.Addr, is.Addr},
			{EventVersion, was.Version, is.Version},
			{EventClaim, claimWord(was.Claimed), claimWord(is.Claimed)},
			{EventStatus, was.Status.String(), is.Status.String()},
		} {
			if change.from != change.to {
				d.add(change.kind, is.Key, change.from, change.to, is.Why)
			}
		}
	})
}

// claimWord is the word of a claim; empty for none.
func claimWord(claimed *Status) string {
	if claimed == nil {
		return ""
	}
	return claimed.String()
}
