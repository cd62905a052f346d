package signature

import (
	"fmt"
	"maps"
	"slices"
	"strings"
)

// Gives is what a signature says and what it does not, in words of
// documentation: names are in backticks, n/a is what is not given.
type Gives struct{ Calls, Errors, Durations string }

// Gives tells what the signature gives.
func (s *Signature) Gives() Gives {
	g := Gives{Calls: oneOf(s.Calls), Errors: "n/a", Durations: "n/a"}
	for _, only := range []struct {
		label Label
		op    string
	}{{s.Keep, "="}, {s.Drop, "!="}} {
		if only.label.Name != "" {
			g.Calls += fmt.Sprintf(", where `%s%s%q`", only.label.Name, only.op, only.label.Value)
		}
	}
	if s.Outermost != "" {
		g.Calls += fmt.Sprintf(", of the `%s` that most calls pass", s.Outermost)
	}
	switch {
	case s.Responses != "":
		g.Errors = fmt.Sprintf("`%s` by %s", s.Responses, oneOf(s.Status))
	case len(s.Failed) > 0:
		g.Errors = oneOf(s.Failed, " + ")
		if len(s.Refused) == 0 {
			g.Errors += "; whose fault: n/a"
		}
	case s.Status == nil:
		g.Errors = "the usual labels"
	case len(s.Status) > 0:
		g.Errors = "label " + oneOf(s.Status)
		if s.StatusRPC != "" {
			g.Errors += fmt.Sprintf("; `%s` where it is set", s.StatusRPC)
		}
	}
	switch {
	case len(s.Times) > 0:
		g.Durations = oneOf(s.Times)
		if s.Maxima != "" {
			g.Durations += fmt.Sprintf("; the longest: `%s`", s.Maxima)
		}
	case len(s.Quantiles) > 0:
		g.Durations = "gauges: " + oneOf(slices.Sorted(maps.Values(s.Quantiles)), ", ") + fmt.Sprintf("; average: `%s`", s.Averages)
	case s.Averages != "":
		g.Durations = fmt.Sprintf("n/a; average %s: `%s`", s.AveragesOf, s.Averages)
	}
	return g
}

// oneOf lists names in backticks.
func oneOf(names []string, between ...string) string {
	quoted := make([]string, 0, len(names))
	for _, n := range names {
		quoted = append(quoted, "`"+n+"`")
	}
	return strings.Join(quoted, strings.Join(append(between, " or ")[:1], ""))
}
