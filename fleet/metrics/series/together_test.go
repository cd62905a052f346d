package series_test

import (
	"context"
	"fmt"
	"math"
	"sync"
	"testing"
	"time"

	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/tsdb/chunkenc"

	"github.com/midwatch-cli/midwatch/fleet/metrics"
	"github.com/midwatch-cli/midwatch/fleet/metrics/series"
)

// Questions are asked while pages come in, targets end, and the window moves:
// none sees half a page. All series of a page have its time as their value.
func TestQuestionsWhilePagesComeIn(t *testing.T) {
	const targets, width, pages = 4, 20, 200
	s := series.New(series.Options{Window: 40 * time.Second})
	var writers, readers sync.WaitGroup
	done := make(chan struct{})
	for i := range targets {
		writers.Go(func() {
			for at := int64(1); at <= pages; at++ {
				target := s.Target(metrics.NewLabels("instance", fmt.Sprint(i)))
				target.Begin(at * 1000)
				for n := range width {
					l := labels.FromStrings("__name__", "a", "n", fmt.Sprint(n))
					if at%7 == 0 {
						l = labels.FromStrings("__name__", "b", "n", fmt.Sprint(n), "at", fmt.Sprint(at))
					}
					if id, ok := target.Series(l); ok {
						target.Append(id, at*1000, float64(at))
					}
				}
				target.Finish()
				if at%50 == 0 {
					s.Keep(at*1000+500, func(l metrics.Labels) bool { return l.Get("instance") != fmt.Sprint(i) })
				}
			}
		})
	}
	for range 2 {
		readers.Go(func() {
			for {
				select {
				case <-done:
					return
				default:
				}
				torn(t, s, width)
				s.Counts()
			}
		})
	}
	writers.Wait()
	close(done)
	readers.Wait()
	torn(t, s, width)
}

// torn looks for pages that are not whole: each time of a target has all its
// series or none.
func torn(t *testing.T, s *series.Store, width int) {
	type key struct {
		instance string
		at       int64
	}
	count := map[key]int{}
	q, err := s.Querier(math.MinInt64, math.MaxInt64)
	if err != nil {
		t.Error(err)
		return
	}
	set := q.Select(context.Background(), false, nil, labels.MustNewMatcher(labels.MatchEqual, "__name__", "a"))
	for set.Next() {
		it := set.At().Iterator(nil)
		for it.Next() == chunkenc.ValFloat {
			at, v := it.At()
			if v == v && v != float64(at/1000) {
				t.Errorf("%v at %d", v, at)
			}
			count[key{set.At().Labels().Get("instance"), at}]++
		}
	}
	for k, n := range count {
		if n != width {
			t.Errorf("%v: %d of %d", k, n, width)
		}
	}
}
