package signature

import (
	"strconv"
	"strings"
)

// Part is which series of a family one is.
type Part uint8

// The parts. A counter is Total, or Plain where its writer leaves the suffix
// out; a gauge, a quantile of a summary and a native histogram are Plain.
const (
	Plain Part = iota
	Total
	Count
	Sum
	Bucket
	Max
	Created
)

// Unit is the unit of a duration, by the suffix of its name; empty where the
// name has none.
type Unit string

// The units.
const (
	NoUnit       Unit = ""
	Seconds      Unit = "s"
	Milliseconds Unit = "ms"
	Microseconds Unit = "us"
	Nanoseconds  Unit = "ns"
)

// InSeconds is how many seconds one of the unit is; without a unit it is one.
func (u Unit) InSeconds() float64 {
	switch u {
	case Milliseconds:
		return 1e-3
	case Microseconds:
		return 1e-6
	case Nanoseconds:
		return 1e-9
	}
	return 1
}

// Name is a metric's name taken apart, whichever way it is spelled:
// http.server.request.duration_seconds_bucket and
// http_server_request_duration_bucket have one stem.
type Name struct {
	Stem string
	Unit Unit
	Part Part
}

var parts = []struct {
	suffix string
	part   Part
}{{"_bucket", Bucket}, {"_count", Count}, {"_sum", Sum}, {"_total", Total}, {"_max", Max}, {"_created", Created}}

var units = []struct {
	suffix string
	unit   Unit
}{
	{"_seconds", Seconds},
	{"_milliseconds", Milliseconds},
	{"_ms", Milliseconds},
	{"_microseconds", Microseconds},
	{"_usec", Microseconds},
	{"_us", Microseconds},
	{"_nanoseconds", Nanoseconds},
	{"_ns", Nanoseconds},
}

// Parse takes a name apart. What a recording rule made (it has a colon) is
// nobody's own: it has no stem.
func Parse(name string) Name {
	if strings.Contains(name, ":") {
		return Name{}
	}
	n := Name{Stem: Underscored(name)}
	for _, p := range parts {
		if stem, ok := strings.CutSuffix(n.Stem, p.suffix); ok && stem != "" {
			n.Stem, n.Part = stem, p.part
			break
		}
	}
	// Names like server_requests_seconds_bucket_seconds_bucket are written too.
	for again := true; again; {
		again = false
		if stem, ok := strings.CutSuffix(n.Stem, "_bucket"); ok && stem != "" {
			n.Stem, again = stem, true
		}
		for _, u := range units {
			if stem, ok := strings.CutSuffix(n.Stem, u.suffix); ok && stem != "" {
				n.Stem, again = stem, true
				if n.Unit == NoUnit {
					n.Unit = u.unit
				}
				break
			}
		}
	}
	return n
}

// Underscored spells a name of a metric or a label with underscores: names with
// dots, and both ways in which dots are escaped for those who do not read them
// (https://prometheus.io/docs/instrumenting/escaping_schemes/).
func Underscored(name string) string {
	switch {
	case strings.HasPrefix(name, "U__"):
		name = unescaped(name[len("U__"):])
	case strings.Contains(name, "_dot_"):
		name = strings.ReplaceAll(strings.ReplaceAll(name, "_dot_", "."), "__", "_")
	}
	if !strings.ContainsAny(name, ".-/") {
		return name
	}
	return strings.Map(func(r rune) rune {
		if r == '.' || r == '-' || r == '/' {
			return '_'
		}
		return r
	}, name)
}

// unescaped undoes the scheme "values": _2e_ is a dot, __ an underscore.
func unescaped(s string) string {
	var b strings.Builder
	for {
		before, rest, found := strings.Cut(s, "_")
		b.WriteString(before)
		if !found {
			return b.String()
		}
		code, after, _ := strings.Cut(rest, "_")
		r, err := strconv.ParseUint(code, 16, 21)
		switch {
		case code == "" && rest != "":
			b.WriteByte('_')
		case err == nil && code != rest:
			b.WriteRune(rune(r))
		default: // not of the scheme
			b.WriteByte('_')
			after = rest
		}
		s = after
	}
}
