// Package promql answers PromQL over series in memory, with Prometheus' own
// engine.
package promql

import (
	"time"

	"github.com/prometheus/prometheus/promql"
	"github.com/prometheus/prometheus/promql/parser"
	"github.com/prometheus/prometheus/storage"
)

// The bounds of a question.
const (
	maxSamples = 50_000_000
	timeout    = 2 * time.Minute
)

// Engine answers questions over one storage.
type Engine struct {
	engine *promql.Engine
	over   storage.Queryable
}

// New makes an engine. Lookback is how old a sample may be to count as the
// present one; 0 is five minutes, as in Prometheus.
func New(over storage.Queryable, lookback time.Duration) *Engine {
	return &Engine{over: over, engine: promql.NewEngine(promql.EngineOpts{
		MaxSamples: maxSamples, Timeout: timeout, LookbackDelta: lookback,
		EnableAtModifier: true, EnableNegativeOffset: true,
		Parser: parser.NewParser(parser.Options{}),
	})}
}
