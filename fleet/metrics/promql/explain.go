package promql

import (
	"context"
	"slices"
	"strings"

	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/model/value"
	"github.com/prometheus/prometheus/storage"
	"github.com/prometheus/prometheus/tsdb/chunkenc"
	"github.com/prometheus/prometheus/util/annotations"

	"github.com/midwatch-cli/midwatch/fleet/metrics"
)

const equal = labels.MatchEqual

// maxExamples is how many series stand for all that a selector matched.
const maxExamples = 3

// explained is a storage that keeps what was asked of it. One question uses it.
type explained struct {
	storage.Queryable
	selectors []Selector
	found     []metrics.Selected
}

// Querier is the storage's own, watched.
func (e *explained) Querier(mint, maxt int64) (storage.Querier, error) {
	q, err := e.Queryable.Querier(mint, maxt)
	if err != nil {
		return nil, err
	}
	return &watched{Querier: q, by: e}, nil
}

type watched struct {
	storage.Querier
	by *explained
}

// Select counts what it hands on: the series with samples in the time that the
// selector looks at, its range or the lookback, and all those samples, or the
// newest one where no other counts; the markers at the ends of series are none.
// The engine asks in the order of the selectors.
func (w *watched) Select(ctx context.Context, sorted bool, hints *storage.SelectHints, ms ...*labels.Matcher) storage.SeriesSet {
	set := w.Querier.Select(ctx, sorted, hints, ms...)
	s := metrics.Selected{Selector: selector(ms)}
	if at := len(w.by.found); at < len(w.by.selectors) {
		s.Selector = w.by.selectors[at].Text
	}
	again := &replayed{SeriesSet: set}
	var examples []labels.Labels
	var it chunkenc.Iterator
	for set.Next() {
		series := set.At()
		again.list = append(again.list, series)
		n := 0
		for it = series.Iterator(it); ; {
			kind := it.Next()
			if kind == chunkenc.ValNone {
				break
			}
			if kind == chunkenc.ValFloat {
				if _, v := it.At(); value.IsStaleNaN(v) {
					continue
				}
			}
			n++
		}
		if n == 0 {
			continue
		}
		s.Series++
		s.Samples += n
		examples = withFirst(examples, series.Labels())
	}
	for _, l := range examples {
		s.Examples = append(s.Examples, labelsOf(l))
	}
	w.by.found = append(w.by.found, s)
	return again
}

// withFirst is the first maxExamples of a sorted list and one more: a storage
// hands series out in no order, and the same series are to be named each time.
func withFirst(list []labels.Labels, l labels.Labels) []labels.Labels {
	at, _ := slices.BinarySearchFunc(list, l, labels.Compare)
	if at == maxExamples {
		return list
	}
	list = slices.Insert(list, at, l)
	return list[:min(len(list), maxExamples)]
}

// selector is matchers as PromQL.
func selector(ms []*labels.Matcher) string {
	list := make([]string, len(ms))
	for i, m := range ms {
		list[i] = m.String()
	}
	return "{" + strings.Join(list, ",") + "}"
}

// replayed hands out again what was read from a set, with its errors.
type replayed struct {
	storage.SeriesSet
	list []storage.Series
	next int
}

func (r *replayed) Next() bool {
	if r.next == len(r.list) {
		return false
	}
	r.next++
	return true
}

func (r *replayed) At() storage.Series { return r.list[r.next-1] }

func (r *replayed) Warnings() annotations.Annotations { return r.SeriesSet.Warnings() }
