package fleet

import "time"

// BreakerState is the state of one circuit breaker on one instance.
type BreakerState uint8

// The states of a breaker.
const (
	BreakerUnknown BreakerState = iota
	BreakerClosed
	BreakerHalfOpen
	BreakerOpen
	BreakerForcedOpen
	BreakerDisabled
	BreakerMetricsOnly
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

// Refuses says whether calls are refused in this state.
func (s BreakerState) Refuses() bool { return s == BreakerOpen || s == BreakerForcedOpen }

// Breaker is one circuit breaker as its owner, the caller, reports it.
type Breaker struct {
	Name  string
	State BreakerState
	Since time.Time // when it entered the state; zero where nobody says
}
