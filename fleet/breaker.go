package fleet

import (
	"fmt"
	"math"
	"strings"
	"time"
)

// BreakerState is the state of one circuit breaker on one instance.
type BreakerState uint8

// The states of a breaker.
const (
	BreakerUnknown     BreakerState = iota
	BreakerClosed                   // calls pass, failures are counted
	BreakerHalfOpen                 // a few calls pass, to try
	BreakerOpen                     // the breaker itself refuses calls
	BreakerForcedOpen               // somebody holds it open: it does not recover alone
	BreakerDisabled                 // calls pass unprotected: it never opens
	BreakerMetricsOnly              // calls pass and are counted: it never opens
)

// String returns the word used in JSON.
func (s BreakerState) String() string {
	switch s {
	case BreakerClosed:
		return "closed"
	case BreakerHalfOpen:
		return "half_open"
	case BreakerOpen:
		return "open"
	case BreakerForcedOpen:
		return "forced_open"
	case BreakerDisabled:
		return "disabled"
	case BreakerMetricsOnly:
		return "metrics_only"
	case BreakerUnknown:
		return "unknown"
	}
	return "unknown"
}

// Words is the state as people read it: forced open.
func (s BreakerState) Words() string { return strings.ReplaceAll(s.String(), "_", " ") }

// BreakerStates lists the states in their order.
func BreakerStates() []BreakerState {
	return []BreakerState{
		BreakerUnknown, BreakerClosed, BreakerHalfOpen, BreakerOpen, BreakerForcedOpen, BreakerDisabled, BreakerMetricsOnly,
	}
}

// ParseBreakerState reads a state's word, in any case and with dashes, blanks
// or nothing where the underscore is: HalfOpen is half_open.
func ParseBreakerState(word string) (BreakerState, error) {
	for s := BreakerUnknown; s <= BreakerMetricsOnly; s++ { // as most write it: nothing is made for it
		if strings.EqualFold(s.String(), word) {
			return s, nil
		}
	}
	marks := strings.NewReplacer("_", "", "-", "", " ", "")
	plain := strings.ToLower(marks.Replace(word))
	for _, s := range BreakerStates() {
		if marks.Replace(s.String()) == plain {
			return s, nil
		}
	}
	return BreakerUnknown, fmt.Errorf("%q is no state of a breaker: want closed, half_open, open, forced_open, disabled or metrics_only", word)
}

// Refuses says whether calls are refused in this state.
func (s BreakerState) Refuses() bool { return s == BreakerOpen || s == BreakerForcedOpen }

// Rank is how bad a state is: that of a closed one is 0.
func (s BreakerState) Rank() int {
	switch s {
	case BreakerClosed:
		return 0
	case BreakerMetricsOnly:
		return 1
	case BreakerDisabled:
		return 2
	case BreakerUnknown:
		return 3
	case BreakerHalfOpen:
		return 4
	case BreakerForcedOpen:
		return 5
	case BreakerOpen:
		return 6
	}
	return 3
}

// Held says whether the state is one that somebody put it in: a breaker never
// enters it, nor leaves it, by itself.
func (s BreakerState) Held() bool {
	return s == BreakerForcedOpen || s == BreakerDisabled || s == BreakerMetricsOnly
}

// Breaker is one circuit breaker as its owner, the caller, reports it. All
// texts are the far side's and untrusted.
type Breaker struct {
	Name        string
	State       BreakerState // what it acts as: what somebody ordered wins over what it observes
	OneOpen     bool         // it is open, and the far side has no other word for one that somebody opened
	Word        string       // the far side's own word for a state that is none of ours; empty otherwise
	Observed    BreakerState // what it would be by itself; BreakerUnknown where the far side does not tell the two apart
	Share       float64      // of the calls that it refuses while it is forced open; 0 is all
	FailureRate float64      // 0 to 1; NaN where nobody gives one or there were too few calls
	SlowRate    float64      // likewise
	Calls       int64        // in its window; below 0 where nobody counts
	Rejected    int64        // refused by it; below 0 where nobody counts
	Since       time.Time    // when it entered the state; zero where nobody says
	Hold        Hold         // who put it there, where the far side keeps that
	Verbs       []Verb       // what can be ordered of it; nil: what its API can
	Note        string       // what else the far side says of it, one line: MAINT (via orders/o1); 1 of 3 hosts ejected
	API         string       // the adapter that read it
}

// NewBreaker is a breaker of which nothing is known but its name and state.
func NewBreaker(name string, state BreakerState) Breaker {
	return Breaker{Name: name, State: state, FailureRate: math.NaN(), SlowRate: math.NaN(), Calls: -1, Rejected: -1}
}

// Hold is who put a breaker, or an instance, where it is, and why. The zero
// Hold is nobody, or nobody who is known.
type Hold struct {
	By     string    // a person or a tool
	Reason string    // in their words
	Change string    // id of the change, where it was one of ours
	Until  time.Time // when it ends by itself; zero: never, or not known
}

// IsZero says that nothing is known.
func (h Hold) IsZero() bool { return h == Hold{} }

// Verb is what can be ordered of a breaker.
type Verb string

// The orders.
const (
	Trip     Verb = "trip"      // hold it open: calls are refused at once
	Reset    Verb = "reset"     // leave it to itself again, closed
	Bypass   Verb = "bypass"    // take it out of the way: calls pass unprotected
	HalfOpen Verb = "half-open" // let a few calls through, to try
)

// Verbs lists the orders.
func Verbs() []Verb { return []Verb{Trip, Reset, Bypass, HalfOpen} }

// State is the state a breaker has once the order is carried out.
func (v Verb) State() BreakerState {
	switch v {
	case Trip:
		return BreakerForcedOpen
	case Reset:
		return BreakerClosed
	case Bypass:
		return BreakerDisabled
	case HalfOpen:
		return BreakerHalfOpen
	}
	return BreakerUnknown
}

// VerbTo is the order that brings a breaker back to a state it was in. Into
// open and half open a breaker goes by itself: being left to itself is the way
// back to them. Exact is false where the order is only the nearest.
func VerbTo(s BreakerState) (v Verb, exact bool) {
	switch s {
	case BreakerForcedOpen:
		return Trip, true
	case BreakerDisabled:
		return Bypass, true
	case BreakerClosed:
		return Reset, true
	case BreakerOpen, BreakerHalfOpen, BreakerMetricsOnly, BreakerUnknown:
	}
	return Reset, false
}

// Order is what is wanted of a breaker, and who wants it why.
type Order struct {
	Verb   Verb
	Share  float64       // of the calls that Trip refuses, above 0 up to 1; 0 is all
	By     string        // who orders it, for far sides that keep it
	Reason string        // why, likewise
	Change string        // id of the change, likewise
	TTL    time.Duration // after which the far side may end it by itself, where it can; 0: never
}
