package page

import (
	"encoding/json"
	"errors"
	"math"
	"slices"
	"strconv"
	"strings"

	"github.com/midwatch-cli/midwatch/fleet"
	"github.com/midwatch-cli/midwatch/fleet/breaker"
)

// List reads GET circuitbreakers: all breakers, sorted by name. Since 2.0 it is
// an object with a state for each; the whole 1.x line has an array of names, and
// then named is true and all states are unknown.
func List(data []byte) (list []fleet.Breaker, named bool, err error) {
	top, err := readObject(data)
	if err != nil {
		return nil, false, err
	}
	all := top["circuitbreakers"]
	list = []fleet.Breaker{}
	switch {
	case isArray(all):
		var names []json.RawMessage
		if err := json.Unmarshal(all, &names); err != nil {
			return nil, false, err
		}
		for _, raw := range names {
			var name string
			if json.Unmarshal(raw, &name) == nil {
				list = append(list, fleet.NewBreaker(name, fleet.BreakerUnknown))
			}
		}
		named = true
	case isObject(all):
		var byName map[string]json.RawMessage
		if err := json.Unmarshal(all, &byName); err != nil {
			return nil, false, err
		}
		for name, raw := range byName {
			list = append(list, readBreaker(name, raw))
		}
	default:
		return nil, false, errors.New("it has no circuitBreakers")
	}
	return tidy(list), named, nil
}

// tidy sorts by name, and drops what has none or is there twice.
func tidy(list []fleet.Breaker) []fleet.Breaker {
	slices.SortFunc(list, func(a, b fleet.Breaker) int { return strings.Compare(a.Name, b.Name) })
	list = slices.CompactFunc(list, func(a, b fleet.Breaker) bool { return a.Name == b.Name })
	return slices.DeleteFunc(list, func(b fleet.Breaker) bool { return b.Name == "" })
}

// readBreaker reads a breaker's own object. Whatever of it cannot be read is not known.
func readBreaker(name string, raw json.RawMessage) fleet.Breaker {
	b := fleet.NewBreaker(name, fleet.BreakerUnknown)
	o, err := readObject(raw)
	if err != nil {
		return b
	}
	b.State = state(o.text("state"))
	b.FailureRate, b.SlowRate = rate(o["failurerate"]), rate(o["slowcallrate"])
	b.Calls, b.Rejected = count(o["bufferedcalls"]), count(o["notpermittedcalls"])
	return b
}

// state reads a state's word; one that is new to us is unknown.
func state(word string) fleet.BreakerState {
	s, err := fleet.ParseBreakerState(word)
	if err != nil {
		return fleet.BreakerUnknown
	}
	return s
}

// rate reads "62.5%" as 0.625. Below 0 there were too few calls: "-1.0%".
func rate(raw json.RawMessage) float64 {
	var s string
	if json.Unmarshal(raw, &s) != nil {
		s = string(raw)
	}
	percent, err := strconv.ParseFloat(strings.TrimSpace(strings.TrimSuffix(strings.TrimSpace(s), "%")), 64)
	if err != nil {
		return math.NaN()
	}
	return share(percent)
}

// share makes a share of 1 of a percentage.
func share(percent float64) float64 {
	if !(percent >= 0) || math.IsInf(percent, 0) {
		return math.NaN()
	}
	return min(percent/100, 1)
}

// count reads a number of calls; below 0 where there is none.
func count(raw json.RawMessage) int64 {
	var n *int64
	if json.Unmarshal(raw, &n) != nil || n == nil || *n < 0 {
		return -1
	}
	return *n
}

// Health reads the health of the component circuitBreakers, or of the whole
// service with that component in it: the breakers that register an indicator,
// sorted. It takes the state, never the status: forced open and disabled are
// both UNKNOWN there.
func Health(data []byte) ([]fleet.Breaker, error) {
	component, err := readObject(data)
	if err != nil {
		return nil, err
	}
	for _, inside := range []string{"components", "details"} { // details: Boot 2.0 to 2.2, and its v2 type later
		parts, err := readObject(component[inside])
		if err != nil || parts["circuitbreakers"] == nil {
			continue
		}
		if component, err = readObject(parts["circuitbreakers"]); err != nil {
			return nil, err
		}
		break
	}
	if !isObject(component["details"]) {
		return nil, errors.New("it shows no details of circuitBreakers")
	}
	var byName map[string]json.RawMessage
	if err := json.Unmarshal(component["details"], &byName); err != nil {
		return nil, err
	}
	list := []fleet.Breaker{}
	for name, raw := range byName {
		if o, err := readObject(raw); err == nil && isObject(o["details"]) {
			list = append(list, readBreaker(name, o["details"]))
		}
	}
	return tidy(list), nil
}

// The series that Samples reads.
const (
	seriesState    = "resilience4j_circuitbreaker_state"
	seriesFailure  = "resilience4j_circuitbreaker_failure_rate"
	seriesSlow     = "resilience4j_circuitbreaker_slow_call_rate"
	seriesBuffered = "resilience4j_circuitbreaker_buffered_calls"
)

// Series are the names of the series that Samples reads.
func Series() []string { return []string{seriesState, seriesFailure, seriesSlow, seriesBuffered} }

// Samples reads breakers from a page of metrics, sorted. The counter of calls
// that were not permitted is left alone: it stands still while forced open.
func Samples(samples []breaker.Sample) []fleet.Breaker {
	byName := map[string]*fleet.Breaker{}
	for _, s := range samples {
		if !slices.Contains(Series(), s.Name) || s.Labels["name"] == "" {
			continue
		}
		b := byName[s.Labels["name"]]
		if b == nil {
			made := fleet.NewBreaker(s.Labels["name"], fleet.BreakerUnknown)
			b = &made
			byName[made.Name] = b
		}
		switch s.Name {
		case seriesState:
			if s.Value == 1 {
				b.State = state(s.Labels["state"])
			}
		case seriesFailure:
			b.FailureRate = share(s.Value)
		case seriesSlow:
			b.SlowRate = share(s.Value)
		case seriesBuffered: // one for each kind: successful, failed
			if s.Value >= 0 && s.Value < 1<<53 {
				b.Calls = max(b.Calls, 0) + int64(s.Value)
			}
		}
	}
	list := []fleet.Breaker{}
	for _, b := range byName {
		list = append(list, *b)
	}
	return tidy(list)
}

// Changed reads the answer to an order: whose breaker it says it changed, and
// the state it says that one is in.
func Changed(data []byte) (name string, now fleet.BreakerState, err error) {
	o, err := readObject(data)
	if err != nil {
		return "", fleet.BreakerUnknown, err
	}
	if name = o.text("circuitbreakername"); name == "" {
		return "", fleet.BreakerUnknown, errors.New("it names no breaker")
	}
	return name, state(o.text("currentstate")), nil
}
