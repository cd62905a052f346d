// Package promqltest runs the test files of Prometheus' own PromQL engine over
// our store. It is a module of its own, because what it imports brings half of
// the clouds along, which the tool does not.
package promqltest

import (
	"context"
	"errors"
	"math"
	"slices"

	"github.com/prometheus/prometheus/model/histogram"
	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/storage"

	"github.com/midwatch-cli/midwatch/fleet/metrics/series"
)

// Way is how samples get into the store.
type Way int

// The ways. The first two are taken by pages that are scraped, so both are
// tested; the third is the first, read the quick way that our engine has for
// instants.
const (
	Pages    Way = iota // all samples of one time are a page
	OwnTimes            // each sample has a time of its own
	Instants            // as Pages
)

// Querier reads all samples, or the quick way.
func (s *Storage) Querier(mint, maxt int64) (storage.Querier, error) {
	if s.way == Instants {
		return s.Instants().Querier(mint, maxt)
	}
	return s.Store.Querier(mint, maxt)
}

// window is longer than anything in the test files.
const window = 1 << 40 // ms

// Storage is a store as the test files want to fill it: by appenders that come
// with any labels and any times.
type Storage struct {
	*series.Store
	target *series.Target
	way    Way
	at     int64 // of the latest page
}

// Close does nothing: there is nothing but memory.
func (s *Storage) Close() error { return nil }

// StartTime is before everything.
func (s *Storage) StartTime() (int64, error) { return math.MinInt64, nil }

var errUnused = errors.New("not used by the test files")

// ChunkQuerier is not there: PromQL does not need it.
func (s *Storage) ChunkQuerier(int64, int64) (storage.ChunkQuerier, error) { return nil, errUnused }

// Appender is the old one; the test files use the other.
func (s *Storage) Appender(context.Context) storage.Appender { panic(errUnused) }

// AppenderV2 collects samples, and puts them into the store at its Commit.
func (s *Storage) AppenderV2(context.Context) storage.AppenderV2 { return &appender{to: s} }

type sample struct {
	labels labels.Labels
	at     int64
	v      float64
	h      *histogram.FloatHistogram
}

type appender struct {
	to      *Storage
	samples []sample
}

// Append keeps a sample until Commit. Start times are not stored.
func (a *appender) Append(_ storage.SeriesRef, l labels.Labels, _, at int64, v float64, h *histogram.Histogram, fh *histogram.FloatHistogram, _ storage.AppendV2Options) (storage.SeriesRef, error) {
	if h != nil {
		fh = h.ToFloat(nil)
	}
	if fh != nil {
		fh = fh.Copy()
	}
	a.samples = append(a.samples, sample{l, at, v, fh})
	return 1, nil
}

// Rollback forgets what was collected.
func (a *appender) Rollback() error {
	a.samples = nil
	return nil
}

// Commit puts what was collected into the store.
func (a *appender) Commit() error {
	slices.SortStableFunc(a.samples, func(x, y sample) int { return int(x.at - y.at) })
	s := a.to
	for rest := a.samples; len(rest) > 0; {
		n := len(rest)
		if s.way != OwnTimes && rest[0].at > s.at {
			// All samples of the earliest time.
			n = 1
			for n < len(rest) && rest[n].at == rest[0].at {
				n++
			}
		}
		// Samples of times before the latest page keep their own, whatever way.
		s.at = max(s.at+1, rest[n-1].at)
		s.target.Begin(s.at)
		for _, one := range rest[:n] {
			if err := s.append(one); err != nil {
				return err
			}
		}
		s.target.Commit()
		rest = rest[n:]
	}
	return nil
}

func (s *Storage) append(one sample) error {
	id, ok := s.target.Series(one.labels)
	if ok && one.h != nil {
		ok = s.target.AppendHistogram(id, one.at, one.h)
	} else if ok {
		ok = s.target.Append(id, one.at, one.v)
	}
	if !ok {
		return errors.New("a sample was refused: " + one.labels.String())
	}
	return nil
}
