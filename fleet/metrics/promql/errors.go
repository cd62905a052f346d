package promql

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"regexp"
	"strings"

	"github.com/prometheus/prometheus/promql"
	"github.com/prometheus/prometheus/promql/parser"

	"github.com/midwatch-cli/midwatch/fleet"
	"github.com/midwatch-cli/midwatch/fleet/match"
	"github.com/midwatch-cli/midwatch/fleet/metrics"
	"github.com/midwatch-cli/midwatch/probe"
)

// wrong is an error that says both what the engine said and that the expression
// is at fault.
type wrong struct{ cause error }

func (w *wrong) Error() string { return w.cause.Error() }

// Unwrap is for errors.Is and errors.As.
func (w *wrong) Unwrap() []error { return []error{metrics.ErrExpression, w.cause} }

// parsing is what is wrong with an expression, with its place: "1:14: ...".
func parsing(err error) error {
	detail, what := err.Error(), err.Error()
	var list parser.ParseErrors
	var one *parser.ParseErr
	switch {
	case errors.As(err, &list) && len(list) > 0:
		one = &list[0]
	case errors.As(err, &one):
	}
	if one != nil {
		what = one.Err.Error()
		detail = placed(one.PositionRange.StartPosInput(one.Query, one.LineOffset) + ": " + what)
	}
	return &fleet.Error{Reason: fleet.ReasonExpression, Detail: detail, Hint: hint(what), Err: &wrong{err}}
}

// hints are what to do about the mistakes that people make: the first that
// matches is given. $1 is what the pattern found.
func hints() []struct {
	said *regexp.Regexp
	hint string
} {
	return []struct {
		said *regexp.Regexp
		hint string
	}{
		{regexp.MustCompile(`^expected type range vector in call to function "(\w+)", got instant vector`), "say over how long: $1(name[5m])"},
		{regexp.MustCompile(`^expected type instant vector in .*, got range vector`), "put a function around it: rate(name[5m])"},
		{regexp.MustCompile(`^ranges only allowed for vector selectors`), "only a selector takes [5m]; over a calculation it is a subquery: (...)[5m:30s]"},
		{regexp.MustCompile(`at least one non-empty matcher`), `name something: up, or {service="order"}`},
		{regexp.MustCompile(`^unexpected "="`), "to compare is =="},
		{regexp.MustCompile(`^function "(\w+)" is not enabled`), "$1 is experimental: a Prometheus server refuses it too, unless it was told not to"},
		{regexp.MustCompile(`missing unit character in duration|not a valid duration string|bad number or duration syntax`), "durations have a unit: 30s, 5m, 1h"},
		{regexp.MustCompile(`^comparisons between scalars must use BOOL modifier`), "write bool after the comparison: 1 > bool 0"},
		{regexp.MustCompile(`^unclosed left parenthesis`), "a ) is missing"},
	}
}

// hint is what to do about a mistake; empty where there is nothing to say.
func hint(what string) string {
	if name, ok := strings.CutPrefix(what, "unknown function with name "); ok {
		name = strings.Trim(name, `"`)
		var known []string
		for n := range maps.Keys(parser.Functions) {
			if !parser.Functions[n].Experimental {
				known = append(known, n)
			}
		}
		if near := match.Nearest(name, known); len(near) > 0 {
			return "did you mean " + either(near) + "?"
		}
		return "the functions are those of https://prometheus.io/docs/prometheus/latest/querying/functions/"
	}
	for _, h := range hints() {
		if found := h.said.FindStringSubmatchIndex(what); found != nil {
			return string(h.said.ExpandString(nil, h.hint, what, found))
		}
	}
	return ""
}

// either lists alternatives: a, b or c.
func either(list []string) string {
	if n := len(list); n > 1 {
		return strings.Join(list[:n-1], ", ") + " or " + list[n-1]
	}
	return list[0]
}

// evaluating says why a question was not answered: time, size, or a fault that
// only shows when series meet, such as two that match one.
func evaluating(ctx context.Context, err error) error {
	var (
		late      promql.ErrQueryTimeout
		cancelled promql.ErrQueryCanceled
		many      promql.ErrTooManySamples
		storage   promql.ErrStorage
	)
	fail := func(r fleet.Reason, hint, format string, args ...any) error {
		return &fleet.Error{Reason: r, Detail: fmt.Sprintf(format, args...), Hint: hint, Err: err}
	}
	switch ended := ctx.Err(); {
	case errors.Is(ended, context.Canceled):
		return &fleet.Error{Reason: probe.ReasonCancelled, Detail: "the question was given up before it was answered", Err: ended}
	case ended != nil:
		return &fleet.Error{Reason: probe.ReasonTimeout, Detail: "time ran out before the question was answered", Err: ended}
	case errors.As(err, &late):
		return fail(probe.ReasonTimeout, narrower, "the question took longer than %s and was stopped", timeout)
	case errors.As(err, &cancelled):
		return fail(probe.ReasonCancelled, "", "the question was given up before it was answered")
	case errors.As(err, &many):
		return fail(probe.ReasonLimited, narrower, "the answer would take more than %d samples in memory at once", maxSamples)
	case errors.As(err, &storage), strings.HasPrefix(err.Error(), "unexpected error: "):
		return fail(probe.ReasonInternal, "", "the question was not answered: %v", err)
	}
	var list parser.ParseErrors
	if errors.As(err, &list) {
		return parsing(err)
	}
	return &fleet.Error{Reason: fleet.ReasonExpression, Detail: err.Error(), Hint: joining(err.Error()), Err: &wrong{err}}
}

const narrower = "select fewer series, or ask about a shorter time or in longer steps"

// joining is what to do about series that do not fit together.
func joining(what string) string {
	switch {
	case strings.Contains(what, "many-to-many matching not allowed"), strings.Contains(what, "multiple matches for labels"):
		return "make one side unique: on(...) or ignoring(...), with group_left where many are meant to match one"
	case strings.Contains(what, "the same labelset"):
		return "the name was all that told them apart: select one family, or aggregate"
	}
	return ""
}
