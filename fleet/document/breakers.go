package document

import (
	"iter"
	"math"
	"time"

	"github.com/midwatch-cli/midwatch/fleet"
	"github.com/midwatch-cli/midwatch/fleet/document/value"
)

// BreakersDoc is the answer of breakers.
type BreakersDoc struct {
	Head
	Counts   BreakerCounts  `json:"counts" doc:"how many there are of what"`
	Items    Items[Breaker] `json:"items" doc:"every breaker of every instance, sorted by key"`
	Sources  []Source       `json:"sources" doc:"the registries, in the order of configuration"`
	Warnings []Warning      `json:"warnings" doc:"cycles, ambiguous dependencies"`
	Errors   []Error        `json:"errors" doc:"registries that did not answer, and instances whose breakers could not be read"`
}

// Split is described at Document.
func (d BreakersDoc) Split() (any, iter.Seq[any]) {
	items := d.Items.Any()
	d.Items = Items[Breaker]{}
	return d, items
}

// BreakerCounts is how many there are of what. The seven states always add up to
// breakers.
type BreakerCounts struct {
	Services    int `json:"services" doc:"services that have one of the breakers"`
	Instances   int `json:"instances" doc:"instances that have one"`
	Unread      int `json:"unread" doc:"instances whose breakers could not be read"`
	Breakers    int `json:"breakers" doc:"breakers, one for each instance that has it"`
	Closed      int `json:"closed" doc:"that let calls pass"`
	HalfOpen    int `json:"halfOpen" doc:"that let a few pass, to try"`
	Open        int `json:"open" doc:"that refuse calls by themselves"`
	ForcedOpen  int `json:"forcedOpen" doc:"that are held open"`
	Disabled    int `json:"disabled" doc:"that are bypassed: calls pass unprotected"`
	MetricsOnly int `json:"metricsOnly" doc:"that only count"`
	Unknown     int `json:"unknown" doc:"in a state nobody could tell"`
}

// BreakerState is the word of a breaker's state.
type BreakerState string

// Enum lists the words.
func (BreakerState) Enum() []string {
	var words []string
	for _, s := range fleet.BreakerStates() {
		words = append(words, s.String())
	}
	return words
}

// Breaker is one breaker of one instance.
type Breaker struct {
	Ref
	Instance string `json:"instance" doc:"its owner, the caller"`
	BreakerInfo
}

// BreakerInfo is a breaker as its owner reports it.
type BreakerInfo struct {
	Breaker     string        `json:"breaker" doc:"its name"`
	State       BreakerState  `json:"state" doc:"what it acts as"`
	Word        string        `json:"word" doc:"the far side's own word for a state that is none of these, or empty"`
	Observed    *BreakerState `json:"observed" doc:"what it would be by itself; null where the far side does not tell the two apart"`
	Share       *float64      `json:"share" doc:"of the calls that it refuses while it is forced open, 1 is all; null otherwise"`
	FailureRate *float64      `json:"failureRate" doc:"0 to 1; null where nobody gives one"`
	SlowRate    *float64      `json:"slowRate" doc:"0 to 1; null where nobody gives one"`
	Calls       *int64        `json:"calls" doc:"in its window; null where nobody counts"`
	Rejected    *int64        `json:"rejected" doc:"calls refused by it; null where nobody counts"`
	Since       Time          `json:"since" doc:"when it entered its state; null where nobody says"`
	HeldBy      string        `json:"heldBy" doc:"who put it there: itself, a person, someone else; empty where it is closed"`
	Hold        *Hold         `json:"hold" doc:"who ordered it and why; null where nobody knows"`
	Verbs       []string      `json:"verbs" doc:"what can be ordered of it"`
	API         string        `json:"api" doc:"the admin API that it was read by"`
}

// Hold is who put a thing where it is, and why.
type Hold struct {
	By     string `json:"by" doc:"a person or a tool"`
	Reason string `json:"reason" doc:"in their words"`
	Change string `json:"change" doc:"id of the change, where it was one of ours"`
	Until  Time   `json:"until" doc:"when it ends by itself; null: never, or not known"`
}

// BreakerOf makes an item. A hold that is zero is what the far side says.
func BreakerOf(in *fleet.InstanceView, b *fleet.Breaker, hold fleet.Hold) Breaker {
	return Breaker{ref(in.Key.Ref), in.Key.Instance, infoOf(b, hold)}
}

func infoOf(b *fleet.Breaker, hold fleet.Hold) BreakerInfo {
	if hold.IsZero() {
		hold = b.Hold
	}
	info := BreakerInfo{
		Breaker: b.Name, State: BreakerState(b.State.String()), Word: b.Word, FailureRate: known(b.FailureRate), SlowRate: known(b.SlowRate),
		Calls: counted(b.Calls), Rejected: counted(b.Rejected), Since: value.TimeOf(b.Since), HeldBy: HeldBy(b.State, hold), Verbs: make([]string, len(b.Verbs)), API: b.API,
	}
	if b.Observed != fleet.BreakerUnknown {
		observed := BreakerState(b.Observed.String())
		info.Observed = &observed
	}
	if b.State == fleet.BreakerForcedOpen {
		share := 1.0
		if b.Share > 0 && b.Share < 1 {
			share = b.Share
		}
		info.Share = &share
	}
	if !hold.IsZero() {
		info.Hold = &Hold{hold.By, hold.Reason, hold.Change, value.TimeOf(hold.Until)}
	}
	for i, v := range b.Verbs {
		info.Verbs[i] = string(v)
	}
	return info
}

// HeldBy is who put a breaker into its state, in a word: the person who holds
// it, itself where it went there alone, someone else where it cannot have; empty
// where it is closed, or nobody knows its state.
func HeldBy(state fleet.BreakerState, hold fleet.Hold) string {
	switch {
	case hold.By != "":
		return hold.By
	case state.Held() || !hold.IsZero():
		return "someone else"
	case state == fleet.BreakerOpen, state == fleet.BreakerHalfOpen:
		return "itself"
	}
	return ""
}

// known is a number; nil where it is none.
func known(n float64) *float64 {
	if math.IsNaN(n) || math.IsInf(n, 0) {
		return nil
	}
	return &n
}

// counted is a count; nil where nobody counts.
func counted(n int64) *int64 {
	if n < 0 {
		return nil
	}
	return &n
}

// Breakers is the document of breakers: those that were asked for, sorted by
// key, and the instances of a snapshot whose breakers could not be read.
func Breakers(s *fleet.Snapshot, items []Breaker, unread []*fleet.InstanceView) BreakersDoc {
	d := BreakersDoc{
		Head: HeadOf("Breakers", s.Context, s.At), Items: value.ItemsOf(items), Sources: SourcesOf(s), Warnings: WarningsOf(s.Warnings), Errors: Failures(s),
	}
	c := &d.Counts
	c.Breakers, c.Unread = len(items), len(unread)
	of := map[BreakerState]*int{"closed": &c.Closed, "half_open": &c.HalfOpen, "open": &c.Open, "forced_open": &c.ForcedOpen, "disabled": &c.Disabled, "metrics_only": &c.MetricsOnly}
	for i := range items {
		it := &items[i]
		if other := i == 0 || it.Ref != items[i-1].Ref; other {
			c.Services++
			c.Instances++
		} else if it.Instance != items[i-1].Instance {
			c.Instances++
		}
		if n := of[it.State]; n != nil {
			*n++
		} else {
			c.Unknown++
		}
	}
	for _, in := range unread {
		d.Errors = append(d.Errors, Error{
			Context: in.Key.Context, Source: in.Key.Source, Namespace: in.Key.Namespace, Service: in.Key.Name, Instance: in.Key.Instance,
			Reason: string(in.BreakersWhy.Reason), Detail: in.BreakersWhy.Detail, Hint: in.BreakersHint,
		})
	}
	return d
}

// BreakerEvent is a thing that happened to a breaker, as its owner remembers it.
type BreakerEvent struct {
	Ref
	Instance string       `json:"instance" doc:"its owner, the caller"`
	Breaker  string       `json:"breaker" doc:"its name"`
	At       Time         `json:"at" doc:"when it happened, by the owner's clock"`
	Event    string       `json:"event" doc:"what, in the far side's words"`
	From     BreakerState `json:"from" doc:"the state before, of a transition; unknown otherwise"`
	To       BreakerState `json:"to" doc:"the state after"`
	Text     string       `json:"text" doc:"one line more"`
}

// BreakerEvents is a timeline, oldest first.
func BreakerEvents(context string, at time.Time, items []BreakerEvent, errs []Error) List[BreakerEvent] {
	return ListOf("BreakerEvents", context, at, items, errs)
}
