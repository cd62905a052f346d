package desk

import (
	"encoding/json"
	"errors"

	"github.com/midwatch-cli/midwatch/fleet"
	"github.com/midwatch-cli/midwatch/fleet/change"
)

// ErrNone is wrapped where there is no Desk: nothing can be changed, and nothing is
// known of changes.
var ErrNone = errors.New("nothing can be changed here")

// Sight is how the target of a step that is in force looks in a snapshot: what is
// read there anyway says whether it is still as it was left.
type Sight struct {
	Text    string // what is there now; empty where the snapshot does not say
	Drifted bool   // it is not as it was left, and not by us
}

// Eye looks at the targets of changes in one snapshot. Steps are of one service
// mostly, one instance after the other: it goes on where it found the last one.
type Eye struct {
	Snapshot *fleet.Snapshot
	service  *fleet.ServiceView
	next     int
}

// Look says how a step of a batch looks. It says nothing where the snapshot was
// begun before the step was done, has no such instance, or could not read it.
func (e *Eye) Look(b *change.Batch, r *change.Record) Sight {
	if !r.InForce(b) || !e.Snapshot.At.Add(-e.Snapshot.Took).After(r.Ended) {
		return Sight{}
	}
	in := e.find(r.Intent.Instance())
	if in == nil {
		return Sight{}
	}
	var s Sight
	switch r.Intent.Kind {
	case change.KindBreaker:
		s = ofBreaker(in, b, r)
	case change.KindDrain:
		s = ofDrain(in, r)
	}
	s.Drifted = s.Drifted && r.State == change.Done // of others nobody knows how they were left
	return s
}

func (e *Eye) find(k fleet.Key) *fleet.InstanceView {
	if e.service == nil || e.service.Ref != k.Ref {
		e.service, e.next = nil, 0
		for i := range e.Snapshot.Services {
			if e.Snapshot.Services[i].Ref == k.Ref {
				e.service = &e.Snapshot.Services[i]
			}
		}
	}
	if e.service == nil {
		return nil
	}
	in := e.service.Instances
	for i := range in {
		if at := (e.next + i) % len(in); in[at].Key == k {
			e.next = at + 1
			return &in[at]
		}
	}
	return nil
}

func ofBreaker(in *fleet.InstanceView, batch *change.Batch, r *change.Record) Sight {
	if in.BreakersWhy.Reason != "" {
		return Sight{}
	}
	for i := range in.Breakers {
		b := &in.Breakers[i]
		if b.Name != r.Intent.Target.Breaker {
			continue
		}
		verb := fleet.Verb(r.Intent.Verb())
		holds := b.State == verb.State() || b.OneOpen && verb == fleet.Trip
		foreign := b.Hold.Change != "" && b.Hold.Change != batch.ID
		return Sight{Text: b.State.Words(), Drifted: b.State != fleet.BreakerUnknown && (!holds || foreign)}
	}
	return Sight{}
}

// ofDrain looks at an instance that was taken out. One that its own API took out
// may look as before: only a registry says for certain that it hands one out again.
func ofDrain(in *fleet.InstanceView, r *change.Record) Sight {
	var d change.Drain
	if r.Intent.Target.Breaker != "" || json.Unmarshal(r.Intent.Params, &d) != nil || !d.On {
		return Sight{}
	}
	switch in.Status {
	case fleet.Maintenance:
		return Sight{Text: "out of use"}
	case fleet.Up, fleet.Degraded:
		if d.Via == change.ViaRegistry {
			return Sight{Text: "back in use", Drifted: true}
		}
	case fleet.StatusNone, fleet.Unknown, fleet.Down:
	}
	return Sight{}
}

// Holder says who holds breakers by one reading of the journal.
type Holder struct {
	of func(k fleet.Key, b *fleet.Breaker) fleet.Hold
}

// NewHolder returns what a reading says (change.Holders).
func NewHolder(changes []Change) *Holder {
	batches := make([]*change.Batch, len(changes))
	for i := range changes {
		batches[i] = changes[i].Batch
	}
	return &Holder{change.Holders(batches)}
}

// Of is who holds a breaker of an instance; the zero Hold where nobody does, or
// nothing was read.
func (h *Holder) Of(k fleet.Key, b *fleet.Breaker) fleet.Hold {
	if h == nil || h.of == nil {
		return fleet.Hold{}
	}
	return h.of(k, b)
}

// Same says that two readings of the journal have nothing new for people.
func Same(a, b []Change) bool {
	if len(a) != len(b) {
		return false
	}
	for i := range a {
		if a[i].Stand != b[i].Stand || !sameBatch(a[i].Batch, b[i].Batch) {
			return false
		}
	}
	return true
}

func sameBatch(a, b *change.Batch) bool {
	if a == b {
		return true
	}
	if a.ID != b.ID || !a.Until.Equal(b.Until) || !a.Finished.Equal(b.Finished) || a.Keeper.PID != b.Keeper.PID || len(a.Steps) != len(b.Steps) {
		return false
	}
	for i := range a.Steps {
		x, y := &a.Steps[i], &b.Steps[i]
		if x.State != y.State || x.Now != y.Now || x.Changed != y.Changed || x.Error != y.Error || x.Put != y.Put || x.PutBy != y.PutBy || x.Again != y.Again {
			return false
		}
	}
	return true
}
