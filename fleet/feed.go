package fleet

import (
	"cmp"
	"context"
	"strings"
	"time"
)

// EventKind names what happened.
type EventKind string

// The events of a fleet.
const (
	EventServiceNew   EventKind = "service_new"
	EventServiceGone  EventKind = "service_gone"
	EventInstanceNew  EventKind = "instance_new"
	EventInstanceGone EventKind = "instance_gone"
	EventStatus       EventKind = "status"      // an instance's status changed
	EventVersion      EventKind = "version"     // an instance runs another version
	EventAddress      EventKind = "address"     // an instance with an id of its own moved
	EventClaim        EventKind = "claim"       // the registry changed its mind about an instance
	EventBreaker      EventKind = "breaker"     // one of an instance's breakers is in another state
	EventSourceLost   EventKind = "source_lost" // a registry stopped answering; its last set is kept
	EventSourceBack   EventKind = "source_back"
)

// Event is one difference between two snapshots of a feed.
type Event struct {
	Seq  uint64 // of the snapshot it appeared in
	At   time.Time
	Kind EventKind
	Key  Key // Instance is empty for events of a service, Name too for events of a source
	// Breaker is the name of the breaker, for events of one.
	Breaker string
	From    string // the word before: a status, a version, an address, a breaker's state
	To      string
	Why     Why
}

// Who is what the event is about, as midwatch accepts it back: an instance, a
// service, or the name of a source.
func (e Event) Who() string {
	switch {
	case e.Key.Instance != "":
		return e.Key.String()
	case e.Key.Name != "":
		return e.Key.Name
	}
	return e.Key.Source
}

// Sentence is the event for people, in one line without its time. It may hold text
// of services: untrusted.
func (e Event) Sentence() string {
	who, why := e.Who(), ""
	if e.Why.Detail != "" {
		why = ": " + e.Why.Detail
	}
	dash := func(s string) string { return cmp.Or(s, "-") }
	switch e.Kind {
	case EventServiceNew, EventInstanceNew:
		return who + " is new" + why
	case EventServiceGone, EventInstanceGone:
		return who + " is gone" + why
	case EventStatus:
		return who + " " + e.From + " -> " + e.To + why
	case EventVersion, EventAddress, EventClaim:
		return who + " " + string(e.Kind) + " " + dash(e.From) + " -> " + dash(e.To) + why
	case EventBreaker:
		return who + " breaker " + e.Breaker + " " + dash(e.From) + " -> " + e.To + why
	case EventSourceLost:
		return "registry " + who + " does not answer, its last set is kept" + why
	case EventSourceBack:
		return "registry " + who + " answers again"
	}
	return who + " " + string(e.Kind) + why
}

// Feed is a stream of snapshots. A live hub and a recorded file are both one.
type Feed interface {
	// Latest delivers the newest snapshot and then each newer one. A slow
	// reader skips, it never blocks the writer. The channel is closed when ctx
	// ends or the feed does.
	Latest(ctx context.Context) <-chan *Snapshot
	// Since returns the events after the snapshot with this number, in order;
	// gap says that some of them were dropped.
	Since(seq uint64) (events []Event, gap bool)
}

// Worded is the event with the words for people in place of those of the code: half
// open.
func (e Event) Worded() Event {
	if e.Kind == EventBreaker {
		e.From, e.To = strings.ReplaceAll(e.From, "_", " "), strings.ReplaceAll(e.To, "_", " ")
	}
	return e
}
