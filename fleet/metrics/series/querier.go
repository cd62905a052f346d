package series

import (
	"context"
	"slices"
	"strings"

	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/storage"
	"github.com/prometheus/prometheus/util/annotations"
)

// Querier answers from what is visible at each of its Selects. mint and maxt
// are Unix milliseconds, both included.
func (s *Store) Querier(mint, maxt int64) (storage.Querier, error) {
	return &querier{store: s, mint: mint, maxt: maxt}, nil
}

type querier struct {
	store      *Store
	mint, maxt int64
}

func (q *querier) Close() error { return nil }

// Select finds series. The set it returns is a picture of the moment: it does
// not change when pages come in.
func (q *querier) Select(_ context.Context, sorted bool, hints *storage.SelectHints, ms ...*labels.Matcher) storage.SeriesSet {
	mint, maxt := q.mint, q.maxt
	if hints != nil && !hints.DisableTrimming {
		mint, maxt = hints.Start, hints.End
	}
	found := q.store.match(ms, mint, maxt)
	list := make([]storage.Series, len(found))
	for i := range found {
		list[i] = &found[i]
	}
	if sorted {
		slices.SortFunc(list, func(a, b storage.Series) int { return labels.Compare(a.Labels(), b.Labels()) })
	}
	if hints != nil && hints.Limit > 0 && len(list) > hints.Limit {
		list = list[:hints.Limit]
	}
	return &seriesSet{list: list, at: -1}
}

// LabelNames are the names of labels of matching series, sorted.
func (q *querier) LabelNames(_ context.Context, hints *storage.LabelHints, ms ...*labels.Matcher) ([]string, annotations.Annotations, error) {
	return q.collect(hints, ms, func(l labels.Label, add func(string)) { add(l.Name) })
}

// LabelValues are the values of a label of matching series, sorted.
func (q *querier) LabelValues(_ context.Context, name string, hints *storage.LabelHints, ms ...*labels.Matcher) ([]string, annotations.Annotations, error) {
	return q.collect(hints, ms, func(l labels.Label, add func(string)) {
		if l.Name == name {
			add(l.Value)
		}
	})
}

func (q *querier) collect(hints *storage.LabelHints, ms []*labels.Matcher, pick func(labels.Label, func(string))) ([]string, annotations.Annotations, error) {
	seen := map[string]struct{}{}
	add := func(v string) { seen[v] = struct{}{} }
	found := q.store.match(ms, q.mint, q.maxt)
	for i := range found {
		found[i].Labels().Range(func(l labels.Label) { pick(l, add) })
	}
	list := make([]string, 0, len(seen))
	for v := range seen {
		list = append(list, strings.Clone(v))
	}
	slices.Sort(list)
	list, _ = hints.ApplyLimit(list)
	return list, nil, nil
}

// seriesSet hands out series one after another.
type seriesSet struct {
	list []storage.Series
	at   int
}

func (s *seriesSet) Next() bool {
	s.at++
	return s.at < len(s.list)
}

func (s *seriesSet) At() storage.Series { return s.list[s.at] }

func (s *seriesSet) Err() error { return nil }

func (s *seriesSet) Warnings() annotations.Annotations { return nil }
