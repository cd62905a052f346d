package tape

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/midwatch-cli/midwatch/fleet"
	"github.com/midwatch-cli/midwatch/tui/command"
)

// Commands are the words behind : that a recording understands; none in the
// present.
func (t *Tape) Commands(zone func() *time.Location) command.Table {
	if t == nil {
		return nil
	}
	return command.Table{{
		Name: "seek", Arg: "WHERE", Does: "go to a place of the recording: " + seekable,
		Offers: func() []string { return []string{"start", "end", "50%", "+1m", "-1m"} },
		Do:     func(words string) error { return t.seek(words, zone()) },
	}}
}

// seek goes to a place in the recording, and says what is wrong with the words.
func (t *Tape) seek(words string, zone *time.Location) error {
	now := t.player.State()
	at, why := place(words, &now, zone)
	if why != "" {
		return &fleet.Error{Detail: why}
	}
	t.player.Seek(at)
	t.Look()
	return nil
}

// seekable are the words that place understands.
const seekable = "such as 02:11:40, +30s, -5m, 50%, start, end"

// place reads a place in a recording: a time of day, the first since it began; a
// share of it; some time on or back; RFC 3339.
func place(words string, now *Playing, zone *time.Location) (at time.Time, why string) {
	words = strings.TrimSpace(words)
	switch words {
	case "start":
		return now.First, ""
	case "end":
		return now.Last, ""
	case "":
		return at, seekable
	}
	if share, ok := strings.CutSuffix(words, "%"); ok {
		v, err := strconv.ParseFloat(share, 64)
		if err != nil || !(v >= 0 && v <= 100) {
			return at, "want a share from 0% to 100%"
		}
		return now.First.Add(time.Duration(v / 100 * float64(now.Last.Sub(now.First)))), ""
	}
	if d, err := time.ParseDuration(words); err == nil {
		if words[0] != '+' && words[0] != '-' {
			return at, "+" + words + " or -" + words + "?"
		}
		return within(now.Now.Add(d), now), ""
	}
	at, ok := moment(words, now.First, zone)
	switch {
	case !ok:
		return at, seekable
	case at.Before(now.First.Truncate(time.Second)) || at.After(now.Last):
		layout := "15:04:05"
		if now.Last.Sub(now.First) >= 12*time.Hour {
			layout = time.DateTime
		}
		return at, fmt.Sprintf("the recording is from %s to %s", now.First.In(zone).Format(layout), now.Last.In(zone).Format(layout))
	}
	return within(at, now), ""
}

// within is a time, or the end of the recording that it is beyond.
func within(t time.Time, now *Playing) time.Time {
	switch {
	case t.Before(now.First):
		return now.First
	case t.After(now.Last):
		return now.Last
	}
	return t
}

// moment reads a time; one of a day is the first since another.
func moment(words string, first time.Time, zone *time.Location) (time.Time, bool) {
	for _, layout := range []string{time.RFC3339, "2006-01-02T15:04Z07:00"} {
		if t, err := time.Parse(layout, words); err == nil {
			return t, true
		}
	}
	for _, layout := range []string{time.DateTime, "2006-01-02 15:04"} {
		if t, err := time.ParseInLocation(layout, words, zone); err == nil {
			return t, true
		}
	}
	for _, layout := range []string{time.TimeOnly, "15:04"} {
		clock, err := time.Parse(layout, words)
		if err != nil {
			continue
		}
		day := first.In(zone)
		t := time.Date(day.Year(), day.Month(), day.Day(), clock.Hour(), clock.Minute(), clock.Second(), 0, zone)
		if t.Before(first.Truncate(time.Second)) {
			t = t.AddDate(0, 0, 1)
		}
		return t, true
	}
	return time.Time{}, false
}
