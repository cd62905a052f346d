package series_test

import (
	"context"
	"fmt"
	"math"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/prometheus/model/histogram"
	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/model/value"
	"github.com/prometheus/prometheus/tsdb/chunkenc"
	"go.uber.org/goleak"

	"github.com/midwatch-cli/midwatch/fleet/metrics"
	"github.com/midwatch-cli/midwatch/fleet/metrics/series"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// dump is everything that matches, one line a series, sorted by labels:
// {...} 1@1000 stale@2000.
func dump(t testing.TB, s *series.Store, mint, maxt int64, ms ...*labels.Matcher) string {
	t.Helper()
	q, err := s.Querier(mint, maxt)
	if err != nil {
		t.Fatal(err)
	}
	var b strings.Builder
	var it chunkenc.Iterator
	set := q.Select(context.Background(), true, nil, ms...)
	for set.Next() {
		b.WriteString(set.At().Labels().String())
		it = set.At().Iterator(it)
		for kind := it.Next(); kind != chunkenc.ValNone; kind = it.Next() {
			if kind == chunkenc.ValFloatHistogram {
				at, h := it.AtFloatHistogram(nil)
				fmt.Fprintf(&b, " h%g@%d", h.Count, at)
				continue
			}
			at, v := it.At()
			if value.IsStaleNaN(v) {
				fmt.Fprintf(&b, " stale@%d", at)
			} else {
				fmt.Fprintf(&b, " %g@%d", v, at)
			}
		}
		if err := it.Err(); err != nil {
			t.Fatal(err)
		}
		b.WriteByte('\n')
	}
	if err := set.Err(); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func all(t testing.TB, s *series.Store) string {
	t.Helper()
	return dump(t, s, math.MinInt64, math.MaxInt64)
}

func want(t *testing.T, got, want string) {
	t.Helper()
	want = strings.ReplaceAll(strings.TrimLeft(want, "\n"), "\t", "")
	if got != want {
		t.Errorf("got\n%swant\n%s", got, want)
	}
}

// sample is one line of a page: its labels as pairs, and its value.
type sample struct {
	labels []string
	v      float64
}

func line(v float64, pairs ...string) sample { return sample{pairs, v} }

func page(t testing.TB, target *series.Target, at int64, lines ...sample) {
	t.Helper()
	target.Begin(at)
	for _, l := range lines {
		id, ok := target.Series(labels.FromStrings(l.labels...))
		if ok {
			target.Append(id, at, l.v)
		}
	}
	target.Finish()
}

var order1 = metrics.NewLabels("service", "order", "instance", "order-1")

func TestPagesAndStaleMarkers(t *testing.T) {
	s := series.New(series.Options{})
	target := s.Target(order1)
	page(t, target, 1000, line(1, "__name__", "a"), line(10, "__name__", "b", "code", "200"))
	page(t, target, 2000, line(2, "__name__", "a"))
	page(t, target, 3000, line(3, "__name__", "a"), line(30, "__name__", "b", "code", "200"))
	target.Lost(4000)
	target.Lost(5000)
	page(t, target, 6000, line(6, "__name__", "a"))
	want(t, all(t, s), `
		{__name__="a", instance="order-1", service="order"} 1@1000 2@2000 3@3000 stale@4000 6@6000
		{__name__="b", code="200", instance="order-1", service="order"} 10@1000 stale@2000 30@3000 stale@4000
	`)
	want(t, dump(t, s, 2000, 3000, labels.MustNewMatcher(labels.MatchEqual, "code", "200")), `
		{__name__="b", code="200", instance="order-1", service="order"} stale@2000 30@3000
	`)
	if c := s.Counts(); c.Targets != 1 || c.Series != 2 || c.Appended != 9 || len(c.Dropped) != 0 {
		t.Errorf("%+v", c)
	}
}

// What a page says of labels that the target has becomes exported_*, and an
// empty label is none.
func TestClashes(t *testing.T) {
	s := series.New(series.Options{})
	target := s.Target(order1)
	page(
		t, target, 1000, line(1, "__name__", "a", "service", "x"),
		line(2, "__name__", "a", "service", "x", "exported_service", "y"),
		line(3, "__name__", "a", "service", "", "instance", "z", "empty", ""),
	)
	want(t, all(t, s), `
		{__name__="a", exported_exported_service="x", exported_service="y", instance="order-1", service="order"} 2@1000
		{__name__="a", exported_instance="z", instance="order-1", service="order"} 3@1000
		{__name__="a", exported_service="x", instance="order-1", service="order"} 1@1000
	`)
	target.Begin(2000)
	if _, ok := target.Series(labels.New(labels.Label{Name: "a", Value: "1"}, labels.Label{Name: "a", Value: "2"})); ok {
		t.Error("a label was there twice")
	}
	if n := s.Counts().Dropped[series.Invalid]; n != 1 {
		t.Errorf("%d invalid", n)
	}
}

func TestOwnTimes(t *testing.T) {
	s := series.New(series.Options{Window: time.Minute})
	target := s.Target(nil)
	target.Begin(100_000)
	a, _ := target.Series(labels.FromStrings("__name__", "a"))
	b, _ := target.Series(labels.FromStrings("__name__", "b"))
	for _, c := range []struct {
		at int64
		v  float64
		ok bool
	}{
		{90_000, 1, true},
		{90_000, 1, true}, // the same again
		{90_000, 2, false},
		{80_000, 1, false},
		{30_000, 1, false},
		{100_000 + 600_001, 1, false},
		{95_000, 2, true},
		{100_000, 3, true},
		{100_000, 3, false},
	} {
		if ok := target.Append(a, c.at, c.v); ok != c.ok {
			t.Errorf("%v at %d: %v", c.v, c.at, ok)
		}
	}
	target.Append(b, 100_000, 1)
	target.Finish()
	// What has its own times does not get stale.
	target.Begin(110_000)
	target.Append(b, 105_000, 2)
	target.Finish()
	target.Lost(120_000)
	want(t, all(t, s), `
		{__name__="a"} 1@90000 2@95000 3@100000 stale@110000
		{__name__="b"} 1@100000 2@105000 stale@110000
	`)
	got := s.Counts().Dropped
	if got[series.OutOfOrder] != 1 || got[series.Duplicate] != 2 || got[series.TooOld] != 1 || got[series.Future] != 1 {
		t.Errorf("%v", got)
	}
	// The page after an abandoned one may say the same.
	target.Begin(130_000)
	target.Append(a, 125_000, 7)
	target.Begin(130_000)
	if !target.Append(a, 125_000, 8) {
		t.Error("refused for what was never visible")
	}
	target.Finish()
	if got := all(t, s); !strings.Contains(got, "8@125000") || strings.Contains(got, "7@125000") {
		t.Error(got)
	}
}

func TestHistograms(t *testing.T) {
	s := series.New(series.Options{})
	target := s.Target(nil)
	h := func(n float64) *histogram.FloatHistogram {
		return &histogram.FloatHistogram{Count: n, Sum: n, PositiveSpans: []histogram.Span{{Length: 1}}, PositiveBuckets: []float64{n}}
	}
	for at := int64(1); at <= 3; at++ {
		target.Begin(at * 1000)
		id, _ := target.Series(labels.FromStrings("__name__", "h"))
		if !target.AppendHistogram(id, at*1000, h(float64(at))) || target.AppendHistogram(id, at*1000, h(9)) || target.Append(id, at*1000, 1) {
			t.Error("one sample a page")
		}
		target.Finish()
	}
	target.Lost(4000)
	page(t, target, 5000, line(7, "__name__", "h"))
	want(t, all(t, s), `
		{__name__="h"} h1@1000 h2@2000 h3@3000 stale@4000 7@5000
	`)
}

func TestWindow(t *testing.T) {
	s := series.New(series.Options{Window: 10 * time.Second})
	target := s.Target(nil)
	target.Begin(1000)
	once, _ := target.Series(labels.FromStrings("__name__", "once"))
	target.Append(once, 1000, 1)
	target.Finish()
	for at := int64(2000); at <= 30_000; at += 1000 {
		page(t, target, at, line(float64(at), "__name__", "a"))
	}
	if got := strings.Fields(all(t, s)); len(got) != 12 || got[1] != "20000@20000" {
		t.Error(got)
	}
	if target.Known(once) || target.Append(once, 30_000, 1) {
		t.Error("the ID of a series that was forgotten")
	}
	c := s.Counts()
	if c.Series != 1 || c.Dropped[series.Expired] != 20 {
		t.Errorf("%+v", c)
	}
	// Its slot is another one's now.
	target.Begin(31_000)
	other, _ := target.Series(labels.FromStrings("__name__", "other"))
	if target.Append(once, 31_000, 1) || !target.Append(other, 31_000, 2) {
		t.Error("a void ID names another series")
	}
	target.Finish()
	if got := dump(t, s, 31_000, 31_000, labels.MustNewMatcher(labels.MatchEqual, "__name__", "other")); got != "{__name__=\"other\"} 2@31000\n" {
		t.Error(got)
	}
}

func TestMaxPages(t *testing.T) {
	s := series.New(series.Options{MaxPages: 40})
	target := s.Target(nil)
	for at := int64(1000); at <= 200_000; at += 1000 {
		target.Begin(at)
		a, _ := target.Series(labels.FromStrings("__name__", "a"))
		own, _ := target.Series(labels.FromStrings("__name__", "own"))
		target.Append(a, at, float64(at))
		target.Append(own, at-1, float64(at))
		target.Finish()
	}
	for name, most := range map[string]int{"a": 40 + 16, "own": 80 + 24} {
		got := strings.Fields(dump(t, s, math.MinInt64, math.MaxInt64, labels.MustNewMatcher(labels.MatchEqual, "__name__", name)))[1:]
		if len(got) < 40 || len(got) > most || !strings.HasPrefix(got[len(got)-1], "200000@") {
			t.Errorf("%s: %d samples", name, len(got))
		}
	}
	if n := s.Counts().Dropped[series.Crowded]; n < 400-(40+16)-(80+24) || n > 400-2*40 {
		t.Errorf("%d crowded out", n)
	}
}

func TestMaxSeries(t *testing.T) {
	s := series.New(series.Options{MaxPerTarget: 3, MaxSeries: 5})
	for i := range 2 {
		target := s.Target(metrics.NewLabels("instance", fmt.Sprint(i)))
		var lines []sample
		for n := range 10 {
			lines = append(lines, line(float64(n), "__name__", "a", "n", fmt.Sprint(n)))
		}
		page(t, target, 1000, lines...)
	}
	c := s.Counts()
	if c.Series != 5 || c.Dropped[series.TargetFull] != 7 || c.Dropped[series.StoreFull] != 8 {
		t.Errorf("%+v", c)
	}
}

// A page that is all labels, and other ones each time.
func TestMaxLabelBytes(t *testing.T) {
	s := series.New(series.Options{Window: 10 * time.Second, MaxLabelBytes: 100_000})
	target := s.Target(nil)
	long := strings.Repeat("x", 990)
	for at := int64(1000); at <= 60_000; at += 1000 {
		target.Begin(at)
		for n := range 30 {
			if id, ok := target.Series(labels.FromStrings("__name__", "a", "n", fmt.Sprint(at, n, long))); ok {
				target.Append(id, at, 1)
			}
		}
		target.Finish()
		if n := s.Counts().Series; n > 100 {
			t.Fatalf("%d series of a thousand bytes", n)
		}
	}
	// It goes on when the window has moved.
	if got := dump(t, s, 50_000, 60_000); got == "" || s.Counts().Dropped[series.TargetFull] == 0 {
		t.Errorf("%q, %v", got, s.Counts())
	}
}

// A quarter of a million series at once: those beyond the bound are counted.
func TestManySeries(t *testing.T) {
	s := series.New(series.Options{})
	target := s.Target(nil)
	target.Begin(1000)
	b := labels.NewScratchBuilder(2)
	for n := range 250_000 {
		b.Reset()
		b.Add("__name__", "a")
		b.Add("n", strconv.Itoa(n))
		if id, ok := target.Series(b.Labels()); ok {
			target.Append(id, 1000, 1)
		}
	}
	target.Finish()
	if c := s.Counts(); c.Series != 200_000 || c.Dropped[series.TargetFull] != 50_000 {
		t.Errorf("%+v", c)
	}
}

func TestKeep(t *testing.T) {
	s := series.New(series.Options{Window: 10 * time.Second})
	stays, goes := s.Target(metrics.NewLabels("instance", "stays")), s.Target(metrics.NewLabels("instance", "goes"))
	keep := func(l metrics.Labels) bool { return l.Get("instance") == "stays" }
	page(t, stays, 1000, line(1, "__name__", "a"))
	page(t, goes, 1000, line(1, "__name__", "a"))
	void, _ := goes.Series(labels.FromStrings("__name__", "a"))
	s.Keep(2000, keep)
	want(t, all(t, s), `
		{__name__="a", instance="goes"} 1@1000 stale@2000
		{__name__="a", instance="stays"} 1@1000
	`)
	s.Keep(3000, keep)
	page(t, stays, 13_000, line(13, "__name__", "a"))
	s.Keep(13_000, keep)
	want(t, all(t, s), `
		{__name__="a", instance="stays"} 13@13000
	`)
	if c := s.Counts(); c.Targets != 1 || c.Series != 1 {
		t.Errorf("%+v", c)
	}
	// It comes back, and so does its place.
	page(t, goes, 14_000, line(14, "__name__", "a"))
	if s.Target(metrics.NewLabels("instance", "goes")) != goes {
		t.Error("the target was made again")
	}
	if goes.Known(void) {
		t.Error("an ID of its earlier life")
	}
	want(t, all(t, s), `
		{__name__="a", instance="goes"} 14@14000
		{__name__="a", instance="stays"} 13@13000
	`)
}
