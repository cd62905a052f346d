package series_test

import (
	"context"
	"fmt"
	"math"
	"math/rand/v2"
	"runtime"
	"testing"
	"time"

	"github.com/prometheus/prometheus/model/histogram"
	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/storage"
	"github.com/prometheus/prometheus/tsdb/chunkenc"

	"github.com/midwatch-cli/midwatch/fleet/metrics"
	"github.com/midwatch-cli/midwatch/fleet/metrics/series"
)

// The benchmark's fleet: targets of services with 50 instances each, pages of a
// thousand series as services have them: half do not change, a third counts in
// whole numbers, the rest are sums of seconds and gauges.
type benchFleet struct {
	store   *series.Store
	targets []*series.Target
	ids     [][]series.ID
	values  [][]float64
	r       *rand.Rand
	at      int64
}

const benchWidth = 1000

func newBenchFleet(targets int) *benchFleet {
	f := &benchFleet{store: series.New(series.Options{Window: 5 * time.Minute}), r: rand.New(rand.NewPCG(1, 1)), at: 1_700_000_000_000}
	for i := range targets {
		target := f.store.Target(metrics.NewLabels(
			"source", "etcd", "service", fmt.Sprintf("service-%d", i/50), "instance", fmt.Sprintf("service-%d-%d", i/50, i), "zone", "eu-1a", "version", "1.2.3",
		))
		target.Begin(f.at)
		ids, values := make([]series.ID, benchWidth), make([]float64, benchWidth)
		for n := range ids {
			ids[n], _ = target.Series(benchLabels(n))
			values[n] = float64(f.r.IntN(1_000_000))
			if n%6 == 5 {
				values[n] = f.r.Float64() * 1000
			}
			target.Append(ids[n], f.at, values[n])
		}
		target.Finish()
		f.targets, f.ids, f.values = append(f.targets, target), append(f.ids, ids), append(f.values, values)
	}
	return f
}

func benchLabels(n int) labels.Labels {
	return labels.FromStrings(
		"__name__", fmt.Sprintf("http_server_requests_seconds_%d_bucket", n/20), "method", "GET", "uri", fmt.Sprintf("/api/v1/orders/%d", n%4), "status", "200", "le", fmt.Sprint(n%20),
	)
}

// page is the next page of each target.
func (f *benchFleet) page() {
	f.at += 5000
	for i, target := range f.targets {
		values := f.values[i]
		for n := range values {
			switch n % 6 {
			case 3, 4:
				values[n] += float64(f.r.IntN(50))
			case 5:
				values[n] += f.r.Float64()
			}
		}
		target.Begin(f.at)
		for n, id := range f.ids[i] {
			target.Append(id, f.at, values[n])
		}
		target.Finish()
	}
}

// One sample of a series that is known, its share of stale markers, packing and
// dropping included.
func BenchmarkAppend(b *testing.B) {
	f := newBenchFleet(20)
	for range 60 {
		f.page()
	}
	b.ReportAllocs()
	b.ResetTimer()
	n := 0
	for b.Loop() {
		f.page()
		n += len(f.targets) * benchWidth
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(n), "ns/sample")
}

// What a thousand targets take that are read every 5 s, for a window of five
// minutes.
func BenchmarkMemory(b *testing.B) {
	for b.Loop() {
		before := heap()
		f := newBenchFleet(1000)
		first := heap() - before
		for range 70 {
			f.page()
		}
		// Of the benchmark itself: an ID and a value for each series.
		own := uint64(len(f.targets) * benchWidth * 12)
		total := heap() - before - own
		n := float64(len(f.targets) * benchWidth)
		b.ReportMetric(float64(total)/n, "B/series")
		b.ReportMetric(float64(first-own)/n, "B/series-at-first")
		runtime.KeepAlive(f)
	}
}

func heap() uint64 {
	runtime.GC()
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.HeapAlloc
}

func BenchmarkSelect(b *testing.B) {
	f := newBenchFleet(1000)
	for range 70 {
		f.page()
	}
	name := labels.MustNewMatcher(labels.MatchEqual, "__name__", "http_server_requests_seconds_7_bucket")
	for _, c := range []struct {
		name  string
		step  int64
		ms    []*labels.Matcher
		wants int
	}{
		{"family of a service", 1, []*labels.Matcher{name, labels.MustNewMatcher(labels.MatchEqual, "service", "service-7")}, 50 * 20},
		{"family of a service, latest", 0, []*labels.Matcher{name, labels.MustNewMatcher(labels.MatchEqual, "service", "service-7")}, 50 * 20},
		{"family", 1, []*labels.Matcher{name}, 1000 * 20},
		{"one instance", 1, []*labels.Matcher{labels.MustNewMatcher(labels.MatchEqual, "instance", "service-7-355")}, benchWidth},
		{"a label of the page", 1, []*labels.Matcher{labels.MustNewMatcher(labels.MatchEqual, "le", "7"), labels.MustNewMatcher(labels.MatchEqual, "zone", "eu-1a")}, 1000 * 50},
	} {
		b.Run(c.name, func(b *testing.B) {
			b.ReportAllocs()
			samples := 0
			for b.Loop() {
				q, err := f.store.Querier(math.MinInt64, math.MaxInt64)
				if err != nil {
					b.Fatal(err)
				}
				hints := &storage.SelectHints{Start: f.at - 300_000, End: f.at, Step: c.step}
				set, n := q.Select(context.Background(), false, hints, c.ms...), 0
				var it chunkenc.Iterator
				for set.Next() {
					n++
					set.At().Labels()
					for it = set.At().Iterator(it); it.Next() != chunkenc.ValNone; {
						samples++
					}
				}
				if n != c.wants {
					b.Fatalf("%d series", n)
				}
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*c.wants), "ns/series")
		})
	}
}

// The first page of a target whose label sets are another's too, or nobody's.
func BenchmarkFirstPage(b *testing.B) {
	for _, c := range []struct {
		name string
		own  bool
	}{{"shared", false}, {"its own", true}} {
		b.Run(c.name, func(b *testing.B) {
			b.ReportAllocs()
			s := series.New(series.Options{MaxSeries: 1 << 30})
			lines := make([]labels.Labels, benchWidth)
			for n := range lines {
				lines[n] = benchLabels(n)
			}
			before, targets := heap(), 0
			for b.Loop() {
				target := s.Target(metrics.NewLabels("service", "a", "instance", fmt.Sprint(targets)))
				targets++
				if c.own {
					b.StopTimer()
					for n := range lines {
						lines[n] = labels.NewBuilder(lines[n]).Set("pod", fmt.Sprint("pod-7d4b9c-", targets)).Labels()
					}
					b.StartTimer()
				}
				target.Begin(1000)
				for _, l := range lines {
					id, _ := target.Series(l)
					target.Append(id, 1000, 1)
				}
				target.Finish()
			}
			n := float64(targets * benchWidth)
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/n, "ns/series")
			b.ReportMetric(float64(heap()-before)/n, "B/series")
			runtime.KeepAlive(s)
		})
	}
}

// A million series from one target: what is beyond the bound costs nothing to
// keep.
func BenchmarkTooManySeries(b *testing.B) {
	for b.Loop() {
		s := series.New(series.Options{})
		target := s.Target(nil)
		before := heap()
		target.Begin(1000)
		for n := range 1_000_000 {
			id, ok := target.Series(labels.FromStrings("__name__", "a", "n", fmt.Sprint(n)))
			if ok {
				target.Append(id, 1000, 1)
			}
		}
		target.Finish()
		b.ReportMetric(float64(heap()-before)/(1<<20), "MiB")
		b.ReportMetric(float64(s.Counts().Series), "series")
		runtime.KeepAlive(s)
	}
}

// One loose sample: with a time of its own, or a native histogram.
func BenchmarkAppendLoose(b *testing.B) {
	for _, c := range []struct {
		name      string
		histogram bool
	}{{"own times", false}, {"histograms", true}} {
		b.Run(c.name, func(b *testing.B) {
			b.ReportAllocs()
			before := heap()
			s := series.New(series.Options{Window: 5 * time.Minute})
			target := s.Target(nil)
			ids := make([]series.ID, benchWidth)
			at, n := int64(1_000_000), 0
			for b.Loop() {
				at += 5000
				target.Begin(at)
				for i := range ids {
					if n < len(ids) {
						ids[i], _ = target.Series(benchLabels(i))
					}
					if c.histogram {
						target.AppendHistogram(ids[i], at, benchHistogram(float64(at)))
					} else {
						target.Append(ids[i], at-1000, float64(at))
					}
					n++
				}
				target.Finish()
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(n), "ns/sample")
			b.ReportMetric(float64(heap()-before)/benchWidth, "B/series")
			runtime.KeepAlive(s)
		})
	}
}

func benchHistogram(n float64) *histogram.FloatHistogram {
	h := &histogram.FloatHistogram{Schema: 3, Count: 40 * n, Sum: n, PositiveSpans: []histogram.Span{{Offset: -10, Length: 20}, {Offset: 5, Length: 20}}}
	for range 40 {
		h.PositiveBuckets = append(h.PositiveBuckets, n)
	}
	return h
}
