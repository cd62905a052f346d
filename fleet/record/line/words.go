package line

import (
	"fmt"

	"github.com/midwatch-cli/midwatch/fleet"
	"github.com/midwatch-cli/midwatch/probe"
	"github.com/midwatch-cli/midwatch/probe/health"
)

// The numbers of Go are words here: numbers change when one comes between.
type (
	status       fleet.Status
	outcome      probe.Outcome
	word         health.Word
	breakerState fleet.BreakerState
)

// MarshalText is the word.
func (s status) MarshalText() ([]byte, error) { return []byte(fleet.Status(s).String()), nil }

// UnmarshalText reads it.
func (s *status) UnmarshalText(text []byte) error {
	return meant(s, text, fleet.Down, func(s fleet.Status) status { return status(s) })
}

// MarshalText is the word.
func (o outcome) MarshalText() ([]byte, error) { return []byte(probe.Outcome(o).String()), nil }

// UnmarshalText reads it.
func (o *outcome) UnmarshalText(text []byte) error {
	return meant(o, text, probe.Fail, func(o probe.Outcome) outcome { return outcome(o) })
}

// MarshalText is the word.
func (w word) MarshalText() ([]byte, error) { return []byte(health.Word(w).String()), nil }

// UnmarshalText reads it.
func (w *word) UnmarshalText(text []byte) error {
	return meant(w, text, health.Unknown, func(w health.Word) word { return word(w) })
}

// MarshalText is the word.
func (s breakerState) MarshalText() ([]byte, error) {
	return []byte(fleet.BreakerState(s).String()), nil
}

// UnmarshalText reads it.
func (s *breakerState) UnmarshalText(text []byte) error {
	return meant(s, text, fleet.BreakerMetricsOnly, func(s fleet.BreakerState) breakerState { return breakerState(s) })
}

// meant finds the value whose word a text is, up to the last there is.
func meant[T any, V interface {
	~uint8
	String() string
}](dst *T, text []byte, last V, as func(V) T) error {
	for v := V(0); v <= last; v++ {
		if v.String() == string(text) {
			*dst = as(v)
			return nil
		}
	}
	return fmt.Errorf("%q is no word of this list", text)
}
