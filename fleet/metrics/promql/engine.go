// Package promql answers PromQL over series in memory, with Prometheus' own
// engine, and says what an expression is made of.
//
// Everything is as a Prometheus server has it without feature flags, so that an
// expression means the same here and there. See
// https://prometheus.io/docs/prometheus/latest/querying/basics/.
package promql

import (
	"context"
	"fmt"
	"time"

	"github.com/prometheus/prometheus/promql"
	"github.com/prometheus/prometheus/promql/parser"
	"github.com/prometheus/prometheus/storage"

	"github.com/midwatch-cli/midwatch/fleet"
	"github.com/midwatch-cli/midwatch/fleet/metrics"
)

// The bounds of a question; those of a Prometheus server.
const (
	maxSamples = 50_000_000
	maxSteps   = 11_000
	timeout    = 2 * time.Minute
)

// subqueryStep is the step of a subquery that names none: a server's default
// evaluation_interval.
const subqueryStep = time.Minute

// Engine answers questions over one storage. It is a metrics.Querier.
type Engine struct {
	engine *promql.Engine
	over   storage.Queryable
}

// instants is what a storage may have besides: itself, but quicker for questions
// about one instant, where only the newest sample of a series counts.
type instants interface{ Instants() storage.Queryable }

// New makes an engine. Lookback is how old a sample may be to count as the
// present one; 0 is five minutes, as in Prometheus.
func New(over storage.Queryable, lookback time.Duration) *Engine {
	return newEngine(over, Options(lookback))
}

func newEngine(over storage.Queryable, o promql.EngineOpts) *Engine {
	return &Engine{over: over, engine: promql.NewEngine(o)}
}

// Options are the settings of Prometheus' engine, as they are used here.
func Options(lookback time.Duration) promql.EngineOpts {
	return promql.EngineOpts{
		MaxSamples: maxSamples, Timeout: timeout, LookbackDelta: lookback,
		EnableAtModifier: true, EnableNegativeOffset: true,
		NoStepSubqueryIntervalFn: func(int64) int64 { return subqueryStep.Milliseconds() },
		Parser:                   newParser(),
	}
}

func newParser() parser.Parser { return parser.NewParser(parser.Options{}) }

// Query answers one question. An instant without a time is now.
func (e *Engine) Query(ctx context.Context, q metrics.Question) (metrics.Answer, error) {
	expr, err := Parse(q.Expr)
	if err != nil {
		return metrics.Answer{}, err
	}
	over := e.over
	if faster, ok := over.(instants); ok && q.Step == 0 {
		over = faster.Instants()
	}
	var seen *explained
	if q.Explain {
		seen = &explained{Queryable: over, selectors: expr.Selectors()}
		over = seen
	}
	query, err := e.prepare(ctx, over, q, expr)
	if err != nil {
		return metrics.Answer{}, err
	}
	defer query.Close()
	result := query.Exec(ctx)
	if result.Err != nil {
		return metrics.Answer{}, evaluating(ctx, result.Err)
	}
	a, err := answerOf(result, expr)
	if err != nil {
		return metrics.Answer{}, err
	}
	if seen != nil {
		a.Selected = seen.found
	}
	return a, nil
}

func (e *Engine) prepare(ctx context.Context, over storage.Queryable, q metrics.Question, expr *Expr) (promql.Query, error) {
	if q.Step == 0 {
		at := q.At
		if at.IsZero() {
			at = time.Now()
		}
		query, err := e.engine.NewInstantQuery(ctx, over, nil, q.Expr, at)
		if err != nil {
			return nil, evaluating(ctx, err)
		}
		return query, nil
	}
	if err := rangeOf(q, expr); err != nil {
		return nil, err
	}
	query, err := e.engine.NewRangeQuery(ctx, over, nil, q.Expr, q.Start, q.End, q.Step)
	if err != nil {
		return nil, evaluating(ctx, err)
	}
	return query, nil
}

// rangeOf says what is wrong with a question about a range.
func rangeOf(q metrics.Question, expr *Expr) error {
	wrong := func(hint, format string, args ...any) error {
		return &fleet.Error{Reason: fleet.ReasonExpression, Detail: fmt.Sprintf(format, args...), Hint: hint, Err: metrics.ErrExpression}
	}
	switch {
	case q.Step < time.Millisecond:
		return wrong("", "the step of a range is at least 1ms, not %s", q.Step)
	case q.End.Before(q.Start):
		return wrong("", "the range ends at %s, before it starts at %s", q.End.UTC().Format(time.RFC3339), q.Start.UTC().Format(time.RFC3339))
	case q.End.Sub(q.Start)/q.Step >= maxSteps:
		return wrong(fmt.Sprintf("a step of %s is the shortest", (q.End.Sub(q.Start)/maxSteps+time.Second).Truncate(time.Second)),
			"%s in steps of %s are more than %d points for each series", q.End.Sub(q.Start), q.Step, maxSteps)
	case expr.Kind() != metrics.Vector && expr.Kind() != metrics.Scalar:
		return wrong("ask at one instant, or put a function around it: rate(...)", "a range takes a vector or a scalar at each step, and this is %s", said(expr.Kind()))
	}
	return nil
}

// said is a kind in the words of the PromQL documentation.
func said(k metrics.Kind) string {
	switch k {
	case metrics.Matrix:
		return "a range vector"
	case metrics.Vector:
		return "an instant vector"
	case metrics.Scalar, metrics.String:
		return "a " + string(k)
	}
	return string(k)
}
