package promql

import (
	"fmt"
	"slices"

	"github.com/prometheus/prometheus/model/histogram"
	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/promql"
	"github.com/prometheus/prometheus/util/annotations"

	"github.com/midwatch-cli/midwatch/fleet"
	"github.com/midwatch-cli/midwatch/fleet/metrics"
	"github.com/midwatch-cli/midwatch/probe"
)

// maxNotes is how many warnings, and how many infos, an answer has: one for each
// family would drown it.
const maxNotes = 10

// answerOf copies what the engine found: its memory is used again.
func answerOf(r *promql.Result, expr *Expr) (metrics.Answer, error) {
	var a metrics.Answer
	switch v := r.Value.(type) {
	case promql.Vector:
		a.Kind, a.Series = metrics.Vector, ofVector(v)
	case promql.Matrix:
		a.Kind, a.Series = metrics.Matrix, ofMatrix(v)
	case promql.Scalar:
		a.Kind, a.Series = metrics.Scalar, []metrics.Series{{Points: []metrics.Point{{T: v.T, V: v.V}}}}
	case promql.String:
		a.Kind, a.Text = metrics.String, v.V
	default:
		return a, &fleet.Error{Reason: probe.ReasonInternal, Detail: fmt.Sprintf("the engine answered with %T", r.Value)}
	}
	if a.Kind != metrics.Vector || !expr.sorts() {
		slices.SortStableFunc(a.Series, func(x, y metrics.Series) int { return x.Labels.Compare(y.Labels) })
	}
	a.Warnings, a.Infos = notes(r.Warnings, expr.text)
	return a, nil
}

func ofVector(v promql.Vector) []metrics.Series {
	list := make([]metrics.Series, len(v))
	points := make([]metrics.Point, len(v))
	for i := range v {
		list[i].Labels = labelsOf(v[i].Metric)
		if v[i].H != nil {
			list[i].Histograms = []metrics.HistogramPoint{histogramOf(v[i].T, v[i].H)}
			continue
		}
		points[i] = metrics.Point{T: v[i].T, V: v[i].F}
		list[i].Points = points[i : i+1 : i+1]
	}
	return list
}

func ofMatrix(m promql.Matrix) []metrics.Series {
	list := make([]metrics.Series, len(m))
	for i := range m {
		s := metrics.Series{Labels: labelsOf(m[i].Metric)}
		if n := len(m[i].Floats); n > 0 {
			s.Points = make([]metrics.Point, n)
			for j, p := range m[i].Floats {
				s.Points[j] = metrics.Point{T: p.T, V: p.F}
			}
		}
		for _, p := range m[i].Histograms {
			s.Histograms = append(s.Histograms, histogramOf(p.T, p.H))
		}
		list[i] = s
	}
	return list
}

func labelsOf(l labels.Labels) metrics.Labels {
	n := l.Len()
	if n == 0 {
		return nil
	}
	list := make(metrics.Labels, 0, n)
	l.Range(func(l labels.Label) { list = append(list, metrics.Label{Name: l.Name, Value: l.Value}) })
	return list
}

// histogramOf spells a histogram out as Prometheus' HTTP API does: all buckets
// that hold something, from the lowest bound up.
func histogramOf(at int64, h *histogram.FloatHistogram) metrics.HistogramPoint {
	p := metrics.HistogramPoint{T: at, Count: h.Count, Sum: h.Sum}
	for it := h.AllBucketIterator(); it.Next(); {
		b := it.At()
		if b.Count == 0 {
			continue
		}
		p.Buckets = append(p.Buckets, metrics.Bucket{
			Lower: b.Lower, Upper: b.Upper, LowerInclusive: b.LowerInclusive, UpperInclusive: b.UpperInclusive, Count: b.Count,
		})
	}
	return p
}

// notes are the engine's annotations, with their places in the expression.
func notes(found annotations.Annotations, expr string) (warnings, infos []string) {
	if len(found) == 0 {
		return nil, nil
	}
	warnings, infos = found.AsStrings(expr, 0, 0)
	return few(warnings), few(infos)
}

// few sorts notes, which come in no order, and leaves out those beyond maxNotes.
func few(list []string) []string {
	slices.Sort(list)
	if len(list) > maxNotes {
		list = append(list[:maxNotes:maxNotes], fmt.Sprintf("and %d more", len(list)-maxNotes))
	}
	return slices.Clip(list)
}
