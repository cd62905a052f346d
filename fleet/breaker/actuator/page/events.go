package page

import (
	"errors"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/midwatch-cli/midwatch/fleet/breaker"
)

// Events reads GET circuitbreakerevents, oldest first. The time of an event is
// zero where it cannot be read.
func Events(data []byte) ([]breaker.Event, error) {
	top, err := readObject(data)
	if err != nil {
		return nil, err
	}
	all, ok := top.get("circuitbreakerevents").Array()
	if !ok {
		return nil, errors.New("it has no circuitBreakerEvents")
	}
	events := make([]breaker.Event, 0, len(all))
	for _, one := range all {
		if one.Form() != '{' {
			continue
		}
		o := inside(one)
		e := breaker.Event{At: moment(o.text("creationtime")), Breaker: o.text("circuitbreakername"), Kind: o.text("type"), Text: Line(o.text("errormessage"))}
		// Both sides may hold an underscore themselves: HALF_OPEN_TO_FORCED_OPEN.
		if from, to, ok := strings.Cut(o.text("statetransition"), "_TO_"); ok {
			e.From, e.To = state(from), state(to)
		}
		if took := count(o.get("durationinms")); took >= 0 && e.Text != "" {
			e.Text += " after " + strconv.FormatInt(took, 10) + " ms"
		}
		events = append(events, e)
	}
	slices.SortStableFunc(events, func(a, b breaker.Event) int { return a.At.Compare(b.At) })
	return events, nil
}

// moment reads Java's zoned text: nanoseconds, a zone's name in brackets behind
// the offset, no seconds where they are zero.
func moment(s string) time.Time {
	s, _, _ = strings.Cut(s, "[")
	for _, layout := range []string{time.RFC3339Nano, "2006-01-02T15:04Z07:00"} {
		if at, err := time.Parse(layout, s); err == nil {
			return at
		}
	}
	return time.Time{}
}
