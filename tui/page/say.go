package page

import (
	"cmp"
	"maps"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/midwatch-cli/midwatch/fleet"
	"github.com/midwatch-cli/midwatch/fleet/plain"
	"github.com/midwatch-cli/midwatch/tui/theme"
	"github.com/midwatch-cli/midwatch/tui/widget"
)

// Held is who holds something, why, and for how long still: oncall-1: "db move",
// ends in 51 s.
func Held(v *View, h fleet.Hold) string {
	text := h.By
	if h.Reason != "" {
		text += ": " + strconv.Quote(h.Reason)
	}
	switch left := h.Until.Sub(v.Now); {
	case h.Until.IsZero():
	case left <= -time.Second:
		text += ", should have ended " + plain.Duration((-left).Truncate(time.Second)) + " ago"
	case left < time.Second:
		text += ", ends now"
	default:
		text += ", ends in " + plain.Duration(left.Truncate(time.Second))
	}
	return text
}

// HoldOf is who holds a breaker of an instance: the journal's word goes before the
// far side's.
func HoldOf(v *View, k fleet.Key, b *fleet.Breaker) fleet.Hold {
	if hold := v.Holder.Of(k, b); !hold.IsZero() {
		return hold
	}
	return b.Hold
}

// None stands where there is no number: never a 0.
const None = "n/a"

// Known says that something is a number that can be measured: one below 0 or
// without end is a fault of who measured, and no number.
func Known(v float64) bool { return v >= 0 && !math.IsInf(v, 0) }

// Rate is calls a second: 41/s, 0.4/s, 12k/s.
func Rate(v float64) string {
	switch {
	case !Known(v):
		return None
	case v == 0:
		return "0/s"
	case v < 0.05:
		return "<0.1/s"
	case v < 9999.5:
		return short(v) + "/s"
	case v < 999.5e3:
		return strconv.FormatFloat(v/1e3, 'f', 0, 64) + "k/s"
	case v < 999.5e6:
		return short(v/1e6) + "M/s"
	case v < 999.5e9:
		return short(v/1e9) + "G/s"
	}
	return ">999G/s"
}

// short is a number with two digits at least, and none behind the point that nobody
// needs.
func short(v float64) string {
	if v < 9.95 {
		return strconv.FormatFloat(v, 'f', 1, 64)
	}
	return strconv.FormatFloat(v, 'f', 0, 64)
}

// Share is a share of calls: 38%, 0.4%, 0%. It is 100% where it is all of them, not
// where it is nearly so; more than all is all.
func Share(v float64) string {
	switch {
	case !Known(v):
		return None
	case v >= 1:
		return "100%"
	case v >= 0.9995:
		return ">99.9%"
	case v > 0.9949:
		return strconv.FormatFloat(v*100, 'f', 1, 64) + "%"
	case v == 0:
		return "0%"
	case v < 0.001:
		return "<0.1%"
	case v < 0.0995:
		return strconv.FormatFloat(v*100, 'f', 1, 64) + "%"
	}
	return strconv.FormatFloat(v*100, 'f', 0, 64) + "%"
}

// longest is how long something can have taken that still says anything.
const longest = 999 * 24 * time.Hour

// Seconds is a duration that was measured: 6 ms, 1.9 s.
func Seconds(v float64) string {
	switch {
	case !Known(v):
		return None
	case v > longest.Seconds():
		return ">" + plain.Duration(longest)
	}
	return plain.Duration(time.Duration(v * float64(time.Second)))
}

// ErrorTone is how bad a share of errors is.
func ErrorTone(v float64) theme.Tone {
	switch {
	case !Known(v):
		return theme.Dim
	case v >= 0.05:
		return theme.Bad
	case v >= 0.01:
		return theme.Warn
	}
	return theme.Plain
}

// NumberTone is text, or dim where there is no number.
func NumberTone(v float64) theme.Tone {
	if !Known(v) {
		return theme.Dim
	}
	return theme.Plain
}

// Traffic is what metrics say; NaN everywhere where nobody measures.
func Traffic(t *fleet.Traffic) fleet.Traffic {
	if t != nil {
		return *t
	}
	nan := math.NaN()
	return fleet.Traffic{Rate: nan, Errors: nan, P50: nan, P95: nan, P99: nan, Why: "metrics are not read"}
}

// P99 is the slowest hundredth; what was beyond the highest bound says so.
func P99(t *fleet.Traffic) string {
	if t.Over && Known(t.P99) {
		return ">" + strings.TrimPrefix(Seconds(t.P99), ">")
	}
	return Seconds(t.P99)
}

// Badness is how bad a status is; one that nobody set is unknown.
func Badness(s fleet.Status) int { return int(cmp.Or(s, fleet.Unknown)) }

// Status is sign and word.
func Status(s fleet.Status) []widget.Span {
	sign, tone := theme.Mark(s)
	return []widget.Span{{Text: sign + " " + cmp.Or(s.String(), "unknown"), Tone: tone}}
}

// most is how many instances are shown as one sign each.
const most = 12

// Bar is the instances of a service: a sign each, and their number where there
// are many.
func Bar(s *fleet.ServiceView) []widget.Span {
	if len(s.Instances) == 0 {
		return []widget.Span{{Text: "none", Tone: theme.Dim}}
	}
	var n [fleet.Down + 1]int
	for i := range s.Instances {
		n[s.Instances[i].Status]++
	}
	n[fleet.Unknown] += n[fleet.StatusNone]
	bar := make([]widget.Span, 0, 5)
	for _, st := range [...]fleet.Status{fleet.Up, fleet.Degraded, fleet.Maintenance, fleet.Unknown, fleet.Down} {
		if n[st] == 0 {
			continue
		}
		sign, tone := theme.Mark(st)
		text := ""
		switch {
		case len(s.Instances) <= most:
			text = strings.Repeat(sign, n[st])
		case len(bar) > 0:
			text = " " + sign + strconv.Itoa(n[st])
		default:
			text = sign + strconv.Itoa(n[st])
		}
		bar = append(bar, widget.Span{Text: text, Tone: tone})
	}
	return bar
}

// Tally says which values there are and, where they differ, how often:
// 2.4.1 ×3, 2.4.0.
func Tally(in []fleet.InstanceView, field func(*fleet.InstanceView) string) string {
	var values [tallied]string
	var n [tallied]int
	known, other := 0, 0
next:
	for i := range in {
		f := field(&in[i])
		if f == "" {
			continue
		}
		for k := range known {
			if values[k] == f {
				n[k]++
				continue next
			}
		}
		if known == tallied {
			other++
			continue
		}
		values[known], n[known] = f, 1
		known++
	}
	switch known {
	case 0:
		return "–"
	case 1:
		return values[0]
	}
	text := make([]byte, 0, 64)
	for i := range known {
		if i > 0 {
			text = append(text, ", "...)
		}
		if text = append(text, values[i]...); n[i] > 1 {
			text = strconv.AppendInt(append(text, " ×"...), int64(n[i]), 10)
		}
	}
	if other > 0 {
		text = append(text, ", others"...)
	}
	return string(text)
}

// tallied is how many values a tally lists.
const tallied = 4

// OpenBreakers says how many of a service's breakers, counted on each of its
// instances, refuse calls: "1 open"; where none does, what is worst of the others.
// Those of an instance that could not be read count as one of which nobody knows.
func OpenBreakers(s *fleet.ServiceView) (text string, tone theme.Tone) {
	switch n := standing(s.Instances); {
	case n.refusing > 0:
		return strconv.Itoa(n.refusing) + " open", theme.Bad
	case n.trying > 0:
		return strconv.Itoa(n.trying) + " half", theme.Warn
	case n.other > 0:
		return strconv.Itoa(n.other) + " off", theme.Warn
	case n.unknown > 0:
		return strconv.Itoa(n.unknown) + " unknown", theme.Doubt
	case n.all > 0:
		return "closed", theme.Dim
	}
	return "–", theme.Dim
}

// BreakerRank is how bad OpenBreakers is: those that refuse weigh most; below 0
// there are none.
func BreakerRank(in ...fleet.InstanceView) int {
	n := standing(in)
	if n.all+n.unknown == 0 {
		return -1
	}
	return n.refusing*1e8 + n.trying*1e5 + min(n.other, 99)*1e3 + min(n.unknown, 999)
}

// counted is how breakers stand, each counted on every instance.
type counted struct{ refusing, trying, other, unknown, all int }

func standing(in []fleet.InstanceView) (n counted) {
	for i := range in {
		if in[i].BreakersWhy.Reason != "" {
			n.unknown++
		}
		for k := range in[i].Breakers {
			n.all++
			switch st := in[i].Breakers[k].State; {
			case st.Refuses():
				n.refusing++
			case st == fleet.BreakerHalfOpen:
				n.trying++
			case st == fleet.BreakerUnknown:
				n.unknown++
			case st != fleet.BreakerClosed:
				n.other++
			}
		}
	}
	return n
}

// Labels are metadata in one line, by key: team=shop tier=1.
func Labels(labels map[string]string) string {
	text := make([]byte, 0, 64)
	for i, k := range slices.Sorted(maps.Keys(labels)) {
		if i > 0 {
			text = append(text, ' ')
		}
		text = append(append(append(text, k...), '='), labels[k]...)
	}
	return string(text)
}
