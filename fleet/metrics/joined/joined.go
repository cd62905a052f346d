// Package joined answers PromQL from several places as if they were one: what
// midwatch saw and scraped, the numbers of services that are computed when
// somebody asks for them, and a Prometheus server where there is one.
//
// Series whose names begin with midwatch_ are our own and answered from memory.
// All others are the server's where there is one. An expression that asks for
// both is refused: no one has both. Where a server names no service, as of
// Prometheus without relabelling, the job is taken for the service.
package joined

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/storage"

	"github.com/midwatch-cli/midwatch/fleet"
	"github.com/midwatch-cli/midwatch/fleet/metrics"
	"github.com/midwatch-cli/midwatch/fleet/metrics/promql"
	"github.com/midwatch-cli/midwatch/fleet/metrics/red"
	"github.com/midwatch-cli/midwatch/fleet/metrics/series"
)

// Options say who has what.
type Options struct {
	Own      *series.Store   // what midwatch saw and, without a server, scraped
	Server   metrics.Querier // has all series but our own; nil: they are in Own too
	Lookback time.Duration   // how old a sample in memory may be to count as the present one; 0 is five minutes
	RED      red.Options     // of what numbers are computed, but for the moment
}

// Querier is a metrics.Querier. It may be used by several goroutines.
type Querier struct {
	o        Options
	memory   *promql.Engine // over Own
	engine   *promql.Engine // over Own and what was computed
	computed *series.Store

	mu     sync.Mutex // held while numbers are computed
	at     time.Time  // of the last report
	report red.Report
	err    error
}

// New makes a Querier.
func New(o Options) *Querier {
	q := &Querier{o: o, computed: series.New(series.Options{})}
	q.memory, q.engine = promql.New(o.Own, o.Lookback), promql.New(both{o.Own, q.computed}, o.Lookback)
	return q
}

// own says that a name is one of ours.
func own(name string) bool { return strings.HasPrefix(name, "midwatch_") }

// needs is what an expression is about.
type needs struct{ ours, theirs, numbers bool }

func needsOf(e *promql.Expr) (n needs) {
	for _, s := range e.Selectors() {
		switch {
		case own(s.Name):
			n.ours = true
			n.numbers = n.numbers || slices.Contains(numbers(), s.Name)
		case s.Name == "":
			// Whoever selects by other labels means what is there, whatever its name.
			n.theirs, n.numbers = true, true
		default:
			n.theirs = true
		}
	}
	return n
}

// numbers are the names of what is computed.
func numbers() []string {
	return []string{
		red.SeriesRequestRate, red.SeriesErrorRatio, red.SeriesClientErrors, red.SeriesLatency,
		red.InstanceRequestRate, red.InstanceErrorRatio, red.InstanceClientErrors, red.InstanceLatency,
	}
}

// Computes says whether an expression is about numbers that are computed over a
// window, so that somebody has to gather first.
func Computes(expr string) bool {
	e, err := promql.Parse(expr)
	return err == nil && slices.ContainsFunc(e.Selectors(), func(s promql.Selector) bool { return slices.Contains(numbers(), s.Name) })
}

// Query answers one question.
func (q *Querier) Query(ctx context.Context, question metrics.Question) (metrics.Answer, error) {
	e, err := promql.Parse(question.Expr)
	if err != nil {
		return metrics.Answer{}, err
	}
	n := needsOf(e)
	if q.o.Server != nil {
		switch {
		case n.ours && n.theirs:
			return metrics.Answer{}, &fleet.Error{
				Reason: fleet.ReasonExpression, Detail: "it asks for series of midwatch's own (midwatch_*) and for those of the Prometheus server in one expression",
				Hint: "ask for them in two expressions", Err: metrics.ErrExpression,
			}
		case n.theirs:
			return q.o.Server.Query(ctx, question)
		}
	}
	if !n.numbers {
		return q.memory.Query(ctx, question)
	}
	at := question.At
	switch {
	case question.Step > 0:
		at = question.End
	case at.IsZero():
		at = time.Now()
		question.At = at
	}
	r, err := q.compute(ctx, at)
	if err != nil {
		return metrics.Answer{}, err
	}
	a, err := q.engine.Query(ctx, question)
	for _, s := range e.Selectors() {
		for i := range a.Selected {
			if a.Selected[i].Selector == s.Text {
				a.Selected[i].Lacks = lacks(&r, s.Name)
			}
		}
	}
	return a, err
}

// compute makes the numbers of a moment, once.
func (q *Querier) compute(ctx context.Context, at time.Time) (red.Report, error) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.at.Equal(at) && q.err == nil && !q.at.IsZero() {
		return q.report, nil
	}
	o := q.o.RED
	o.At = at
	var from metrics.Querier = q.memory
	if q.o.Server != nil {
		from = q.o.Server
	}
	r, err := red.Compute(ctx, from, o)
	if err == nil && q.o.Server != nil && nameless(&r) {
		o.Service = []string{job}
		r, err = red.Compute(ctx, from, o)
	}
	q.at, q.report, q.err = at, r, err
	if err != nil {
		return r, err
	}
	page := q.computed.Target(nil)
	page.Begin(at.UnixMilli())
	for _, s := range red.Series(r) {
		b := labels.NewScratchBuilder(len(s.Labels))
		for _, l := range s.Labels {
			b.Add(called(l.Name), l.Value)
		}
		b.Sort()
		if id, ok := page.Series(b.Labels()); ok {
			page.Append(id, s.Points[0].T, s.Points[0].V)
		}
	}
	page.Finish()
	return r, nil
}

// job is what Prometheus calls a service where nobody names it otherwise.
const job = "job"

// nameless says that there are rows, and none is of a service by name.
func nameless(r *red.Report) bool {
	return len(r.Services) > 0 && !slices.ContainsFunc(r.Services, func(row red.Row) bool { return row.Labels.Get(metrics.LabelService) != "" })
}

// called is the name of a label as series of our own have it.
func called(name string) string {
	if name == job {
		return metrics.LabelService
	}
	return name
}

// lacks are the services or instances without a number of that name, with the
// reason.
func lacks(r *red.Report, name string) (all []string) {
	rows, subject := r.Services, metrics.LabelService
	if strings.HasPrefix(name, "midwatch_instance_") {
		rows, subject = r.Instances, metrics.LabelInstance
	}
	for i := range rows {
		var v red.Value
		switch name {
		case red.SeriesRequestRate, red.InstanceRequestRate:
			v = rows[i].Rate
		case red.SeriesErrorRatio, red.InstanceErrorRatio:
			v = rows[i].Errors
		case red.SeriesClientErrors, red.InstanceClientErrors:
			v = rows[i].ClientErrors
		case red.SeriesLatency, red.InstanceLatency:
			v = rows[i].P99
		default:
			return nil
		}
		if !v.OK {
			all = append(all, fmt.Sprintf("%s (%s)", cmp.Or(rows[i].Labels.Get(subject), rows[i].Labels.Get(job)), v.Why))
		}
	}
	return all
}

// both is one storage made of two, which have no series in common.
type both struct{ first, second *series.Store }

// Querier asks both.
func (b both) Querier(mint, maxt int64) (storage.Querier, error) {
	one, err := b.first.Querier(mint, maxt)
	if err != nil {
		return nil, err
	}
	two, err := b.second.Querier(mint, maxt)
	if err != nil {
		return nil, err
	}
	return storage.NewMergeQuerier([]storage.Querier{one, two}, nil, storage.ChainedSeriesMerge), nil
}
