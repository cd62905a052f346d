package document

import (
	"iter"

	"github.com/midwatch-cli/midwatch/fleet"
	"github.com/midwatch-cli/midwatch/fleet/document/value"
)

// FleetDoc is a list read from registries: of services or of instances.
type FleetDoc[T any] struct {
	Head
	Counts   Counts    `json:"counts" doc:"how many there are of what"`
	Items    Items[T]  `json:"items" doc:"the answer, sorted by key"`
	Sources  []Source  `json:"sources" doc:"the registries, in the order of configuration"`
	Warnings []Warning `json:"warnings" doc:"cycles, ambiguous dependencies"`
	Errors   []Error   `json:"errors" doc:"registries that did not answer"`
}

// Split is described at Document.
func (d FleetDoc[T]) Split() (any, iter.Seq[any]) {
	items := d.Items.Any()
	d.Items = Items[T]{}
	return d, items
}

// Services lists the services of a snapshot.
func Services(s *fleet.Snapshot) FleetDoc[Service] {
	return listed("Services", s, value.ItemsFrom(func(yield func(Service) bool) {
		for i := range s.Services {
			if !yield(service(&s.Services[i])) {
				return
			}
		}
	}))
}

// Instances lists the instances of a snapshot. With explain every item says
// how it is asked and why so.
func Instances(s *fleet.Snapshot, explain bool) FleetDoc[Instance] {
	return listed("Instances", s, instances(s, explain))
}

func listed[T any](kind string, s *fleet.Snapshot, items Items[T]) FleetDoc[T] {
	return FleetDoc[T]{
		Head: HeadOf(kind, s.Context, s.At), Counts: counts(s), Items: items,
		Sources: SourcesOf(s), Warnings: WarningsOf(s.Warnings), Errors: Failures(s),
	}
}

// EventKind is the word of an event.
type EventKind string

// Enum lists the words.
func (EventKind) Enum() []string {
	return []string{
		"service_new", "service_gone", "instance_new", "instance_gone", "status", "version", "address", "claim", "breaker", "source_lost", "source_back",
	}
}

// EventHead is what stands before the item in a watched line.
type EventHead struct {
	APIVersion string    `json:"apiVersion" doc:"the contract: midwatch/v1"`
	Kind       string    `json:"kind" doc:"Event"`
	Event      EventKind `json:"event" doc:"what happened"`
	Seq        int64     `json:"seq" doc:"number of the snapshot it appeared in"`
	At         Time      `json:"at" doc:"when it was seen"`
	From       string    `json:"from" doc:"the word before: a status, a version, an address, a breaker's state"`
	To         string    `json:"to" doc:"the word after"`
	Breaker    string    `json:"breaker" doc:"the breaker's name, for events of one"`
}

// InstanceEvent is an event of an instance: the item as it is listed, and what
// happened to it. Of one that is gone it is the item as it was last.
type InstanceEvent struct {
	EventHead
	Instance
}

// ServiceEvent is an event of a service.
type ServiceEvent struct {
	EventHead
	Service
}

// SourceEvent is an event of a registry.
type SourceEvent struct {
	EventHead
	Source
}

// Event is a watched line: an InstanceEvent, a ServiceEvent or a SourceEvent.
// The item is looked for in the snapshot after the event, then in the one
// before; either may be nil.
func Event(e fleet.Event, before, after *fleet.Snapshot) any {
	h := EventHead{APIVersion, "Event", EventKind(e.Kind), int64(e.Seq), value.TimeOf(e.At), e.From, e.To, e.Breaker}
	both := []*fleet.Snapshot{after, before}
	switch {
	case e.Key.Instance != "":
		for _, s := range both {
			if v := findService(s, e.Key.Ref); v != nil {
				for i := range v.Instances {
					if v.Instances[i].ID == e.Key.Instance {
						return InstanceEvent{h, instance(&v.Instances[i], false)}
					}
				}
			}
		}
		in := instance(&fleet.InstanceView{Key: e.Key, Why: e.Why}, false)
		in.Ref, in.Instance = ref(e.Key.Ref), e.Key.Instance
		return InstanceEvent{h, in}
	case e.Key.Name != "":
		for _, s := range both {
			if v := findService(s, e.Key.Ref); v != nil {
				return ServiceEvent{h, service(v)}
			}
		}
		return ServiceEvent{h, service(&fleet.ServiceView{Ref: e.Key.Ref, Why: e.Why})}
	}
	for _, s := range both {
		if s == nil {
			continue
		}
		for i := range s.Sources {
			if v := &s.Sources[i]; v.Name == e.Key.Source && v.Context == e.Key.Context {
				return SourceEvent{h, source(v, e.At)}
			}
		}
	}
	return SourceEvent{h, source(&fleet.SourceView{Context: e.Key.Context, Name: e.Key.Source, Reason: e.Why.Reason, Detail: e.Why.Detail}, e.At)}
}

func findService(s *fleet.Snapshot, r fleet.Ref) *fleet.ServiceView {
	if s == nil {
		return nil
	}
	for i := range s.Services {
		if s.Services[i].Ref == r {
			return &s.Services[i]
		}
	}
	return nil
}
