package series

import (
	"context"
	"slices"
	"strings"

	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/storage"
	"github.com/prometheus/prometheus/util/annotations"
)

// Querier answers from what is visible now: pages that come in later do not
// show in any of its answers. mint and maxt are Unix milliseconds, both included.
func (s *Store) Querier(mint, maxt int64) (storage.Querier, error) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	return &querier{store: s, time: span{mint: mint, maxt: maxt, published: s.published}}, nil
}

// Instants is the store for instants of PromQL: of each series only the newest
// sample is read, where the hints of a Select say that no range is looked at.
// It is not for smoothed selectors, which look beyond the instant.
func (s *Store) Instants() storage.Queryable {
	return storage.QueryableFunc(func(mint, maxt int64) (storage.Querier, error) {
		s.mu.RLock()
		defer s.mu.RUnlock()
		return &querier{store: s, time: span{mint: mint, maxt: maxt, published: s.published}, instants: true}, nil
	})
}

type querier struct {
	store    *Store
	time     span
	instants bool
}

// span is what a question is about.
type span struct {
	mint, maxt int64
	published  uint64 // pages after that one came too late
	latest     bool   // of each series only its newest sample
}

func (q *querier) Close() error { return nil }

// Select finds series.
func (q *querier) Select(_ context.Context, sorted bool, hints *storage.SelectHints, ms ...*labels.Matcher) storage.SeriesSet {
	time := q.time
	if hints != nil && !hints.DisableTrimming {
		time.mint, time.maxt = hints.Start, hints.End
		time.latest = q.instants && hints.Step == 0 && hints.Range == 0
	}
	found := q.store.match(ms, time)
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
	found := q.store.match(ms, q.time)
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
