package page

import (
	"errors"
	"math"
	"slices"
	"strconv"
	"strings"

	"github.com/midwatch-cli/midwatch/fleet"
	"github.com/midwatch-cli/midwatch/fleet/breaker"
	"github.com/midwatch-cli/midwatch/probe/health/rawjson"
)

// List reads GET circuitbreakers: all breakers, sorted by name. Since 2.0 it is
// an object with a state for each; the whole 1.x line has an array of names, and
// then named is true and all states are unknown.
func List(data []byte) (list []fleet.Breaker, named bool, err error) {
	top, err := readObject(data)
	if err != nil {
		return nil, false, err
	}
	all := top.get("circuitbreakers")
	switch all.Form() {
	case '[':
		names, _ := all.Array()
		list = make([]fleet.Breaker, 0, len(names))
		for _, one := range names {
			name, _ := one.Text()
			list = append(list, fleet.NewBreaker(strings.Clone(name), fleet.BreakerUnknown))
		}
		named = true
	case '{':
		byName := inside(all)
		list = make([]fleet.Breaker, 0, len(byName))
		for _, m := range byName {
			list = append(list, readBreaker(m.Name, inside(m.Value)))
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

// readBreaker reads a breaker's own object. Whatever of it cannot be read is not
// known.
func readBreaker(name string, o object) fleet.Breaker {
	b := fleet.NewBreaker(strings.Clone(name), fleet.BreakerUnknown)
	word, _ := o.get("state").Text()
	b.State = state(word)
	b.FailureRate, b.SlowRate = rate(o.get("failurerate")), rate(o.get("slowcallrate"))
	b.Calls, b.Rejected = count(o.get("bufferedcalls")), count(o.get("notpermittedcalls"))
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
func rate(v rawjson.Value) float64 {
	s, isText := v.Text()
	if !isText {
		s = string(v)
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
func count(v rawjson.Value) int64 {
	n, err := strconv.ParseInt(string(v), 10, 64)
	if err != nil || n < 0 {
		return -1
	}
	return n
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
	for _, parts := range []string{"components", "details"} { // details: Boot 2.0 to 2.2, and its v2 type later
		if own := inside(component.get(parts)).get("circuitbreakers"); own.Form() == '{' {
			component = inside(own)
			break
		}
	}
	details := component.get("details")
	if details.Form() != '{' {
		return nil, errors.New("it shows no details of circuitBreakers")
	}
	list := []fleet.Breaker{}
	for _, m := range inside(details) {
		if own := inside(m.Value).get("details"); own.Form() == '{' {
			list = append(list, readBreaker(m.Name, inside(own)))
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
