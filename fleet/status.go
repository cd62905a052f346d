package fleet

import (
	"fmt"

	"github.com/midwatch-cli/midwatch/probe"
)

// Status is how an instance or a service is. The order is the order of worse:
// the worst of several is the greatest.
type Status uint8

// The statuses. The zero value is no status at all, so that one nobody set
// can never pass for up.
const (
	StatusNone Status = iota
	Up
	Maintenance
	Unknown
	Degraded
	Down
)

// String returns the lower-case word used in JSON and on screens.
func (s Status) String() string {
	switch s {
	case Up:
		return "up"
	case Maintenance:
		return "maintenance"
	case Unknown:
		return "unknown"
	case Degraded:
		return "degraded"
	case Down:
		return "down"
	case StatusNone:
		return ""
	}
	return fmt.Sprintf("status(%d)", uint8(s))
}

// ParseStatus reads the word of a status.
func ParseStatus(word string) (Status, error) {
	for s := Up; s <= Down; s++ {
		if s.String() == word {
			return s, nil
		}
	}
	return StatusNone, fmt.Errorf("unknown status %q: want up, maintenance, unknown, degraded or down", word)
}

// Serves says whether calls should reach an instance in this status.
func (s Status) Serves() bool { return s == Up || s == Degraded }

// Reason says why, as data: one closed list, the probe's reasons and those below.
type Reason = probe.Reason

// The reasons that only a fleet can have; the others are the probe's.
const (
	ReasonClaimed     Reason = "claimed"      // the registry says so
	ReasonBreaker     Reason = "breaker"      // one of its own breakers is open
	ReasonNoInstances Reason = "no_instances" // the service is known and empty
	ReasonNoService   Reason = "no_service"   // no source knows a service of this name
	ReasonVantage     Reason = "vantage"      // nothing of the source answers from here
	ReasonDependency  Reason = "dependency"   // it waits for another service
	ReasonUnasked     Reason = "unasked"      // time ran out before it was asked
	ReasonExpression  Reason = "expression"   // the question cannot be answered by anybody: see metrics.ErrExpression
	ReasonQuery       Reason = "query"        // an expression over metrics says so
	ReasonNoData      Reason = "no_data"      // an expression is about series that are not there
)

// Why explains a status.
type Why struct {
	Reason Reason
	Detail string // one line for people; may hold text of the service, untrusted
}
