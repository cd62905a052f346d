package series_test

import (
	"context"
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/prometheus/prometheus/model/histogram"
	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/model/value"
	"github.com/prometheus/prometheus/storage"
	"github.com/prometheus/prometheus/tsdb/chunkenc"

	"github.com/midwatch-cli/midwatch/fleet/metrics"
	"github.com/midwatch-cli/midwatch/fleet/metrics/series"
)

// three is three targets: one has a zone, one says a zone on its page, one has
// none at all.
func three(t testing.TB) *series.Store {
	t.Helper()
	s := series.New(series.Options{})
	for _, in := range []struct{ instance, zone, said string }{{"a", "z1", "z9"}, {"b", "", "z2"}, {"c", "", ""}} {
		page(
			t, s.Target(metrics.NewLabels("instance", in.instance, "zone", in.zone)), 1000,
			line(1, "__name__", "up", "zone", in.said), line(2, "__name__", "calls", "code", "200"), line(3, "__name__", "calls", "code", "500"),
		)
	}
	return s
}

// Matchers are about the joined labels, and a label that is not there is empty.
func TestMatchers(t *testing.T) {
	s := three(t)
	for _, c := range []struct {
		ms   []string // name, operator, value
		want string
	}{
		{[]string{"__name__", "=", "up"}, "up/a up/b up/c"},
		{[]string{"__name__", "=~", "u.*|calls"}, "calls200/a calls500/a calls200/b calls500/b calls200/c calls500/c up/a up/b up/c"},
		{[]string{"__name__", "!=", "calls"}, "up/a up/b up/c"},
		{[]string{"__name__", "=", "up", "zone", "=", "z1"}, "up/a"},
		{[]string{"__name__", "=", "up", "zone", "=", "z2"}, "up/b"},
		{[]string{"__name__", "=", "up", "zone", "=", "z9"}, ""},
		{[]string{"__name__", "=", "up", "exported_zone", "=", "z9"}, "up/a"},
		{[]string{"__name__", "=", "up", "zone", "=", ""}, "up/c"},
		{[]string{"__name__", "=", "up", "zone", "!=", ""}, "up/a up/b"},
		{[]string{"__name__", "=", "up", "zone", "!=", "z1"}, "up/b up/c"},
		{[]string{"__name__", "=", "up", "zone", "=~", "z1|z2"}, "up/a up/b"},
		{[]string{"__name__", "=", "up", "zone", "=~", ".*"}, "up/a up/b up/c"},
		{[]string{"__name__", "=", "up", "zone", "!~", "z.*"}, "up/c"},
		{[]string{"code", "=", "500", "instance", "!=", "b"}, "calls500/a calls500/c"},
		{[]string{"code", "=", "500", "code", "!=", "500"}, ""},
		{[]string{"nothing", "=", "x"}, ""},
		{[]string{"nothing", "=", "", "instance", "=", "b"}, "calls200/b calls500/b up/b"},
	} {
		var ms []*labels.Matcher
		for i := 0; i < len(c.ms); i += 3 {
			kind := map[string]labels.MatchType{"=": labels.MatchEqual, "!=": labels.MatchNotEqual, "=~": labels.MatchRegexp, "!~": labels.MatchNotRegexp}[c.ms[i+1]]
			ms = append(ms, labels.MustNewMatcher(kind, c.ms[i], c.ms[i+2]))
		}
		var got []string
		for _, l := range selected(t, s, nil, ms...) {
			got = append(got, l.Get("__name__")+l.Get("code")+"/"+l.Get("instance"))
		}
		slices.SortFunc(got, func(a, b string) int { return strings.Compare(a[len(a)-1:]+a, b[len(b)-1:]+b) })
		want := strings.Fields(c.want)
		slices.SortFunc(want, func(a, b string) int { return strings.Compare(a[len(a)-1:]+a, b[len(b)-1:]+b) })
		if !slices.Equal(got, want) {
			t.Errorf("%v: %v", c.ms, got)
		}
	}
}

func selected(t testing.TB, s *series.Store, hints *storage.SelectHints, ms ...*labels.Matcher) []labels.Labels {
	t.Helper()
	q, err := s.Querier(math.MinInt64, math.MaxInt64)
	if err != nil {
		t.Fatal(err)
	}
	defer q.Close()
	var list []labels.Labels
	set := q.Select(context.Background(), true, hints, ms...)
	for set.Next() {
		list = append(list, set.At().Labels())
	}
	if set.Err() != nil || set.Warnings() != nil {
		t.Error(set.Err(), set.Warnings())
	}
	if !slices.IsSortedFunc(list, labels.Compare) {
		t.Errorf("not sorted: %v", list)
	}
	return list
}

func TestLabels(t *testing.T) {
	q, err := three(t).Querier(math.MinInt64, math.MaxInt64)
	if err != nil {
		t.Fatal(err)
	}
	ctx := context.Background()
	b := labels.MustNewMatcher(labels.MatchEqual, "instance", "b")
	for _, c := range []struct {
		want string
		ask  func() ([]string, error)
	}{
		{"__name__ code exported_zone instance zone", func() ([]string, error) { l, _, err := q.LabelNames(ctx, nil); return l, err }},
		{"__name__ code instance zone", func() ([]string, error) { l, _, err := q.LabelNames(ctx, nil, b); return l, err }},
		{"z1 z2", func() ([]string, error) { l, _, err := q.LabelValues(ctx, "zone", nil); return l, err }},
		{"z2", func() ([]string, error) { l, _, err := q.LabelValues(ctx, "zone", nil, b); return l, err }},
		{"calls", func() ([]string, error) {
			l, _, err := q.LabelValues(ctx, "__name__", &storage.LabelHints{Limit: 1})
			return l, err
		}},
	} {
		got, err := c.ask()
		if err != nil || strings.Join(got, " ") != c.want {
			t.Errorf("%v %v, not %s", got, err, c.want)
		}
	}
}

func TestLimit(t *testing.T) {
	if got := selected(t, three(t), &storage.SelectHints{Start: 0, End: 2000, Limit: 2}); len(got) != 2 {
		t.Errorf("%v", got)
	}
	if got := selected(t, three(t), &storage.SelectHints{Start: 1001, End: 2000}); len(got) != 0 {
		t.Errorf("%v", got)
	}
}

// A question sees what was there when it began, in all of its selects.
func TestLaterPagesDoNotShow(t *testing.T) {
	s := series.New(series.Options{})
	target := s.Target(nil)
	at := int64(0)
	more := func(n int) {
		for range n {
			at++
			target.Begin(at)
			a, _ := target.Series(labels.FromStrings("__name__", "a"))
			own, _ := target.Series(labels.FromStrings("__name__", "own"))
			h, _ := target.Series(labels.FromStrings("__name__", "h"))
			target.Append(a, at, float64(at))
			target.Append(own, at-1, float64(at))
			target.AppendHistogram(h, at, &histogram.FloatHistogram{Count: 1, ZeroCount: 1})
			target.Finish()
		}
	}
	for range 40 {
		more(1)
		q, err := s.Querier(math.MinInt64, math.MaxInt64)
		if err != nil {
			t.Fatal(err)
		}
		want := at
		more(3)
		set := q.Select(context.Background(), false, nil)
		for set.Next() {
			n, last := int64(0), int64(0)
			for it := set.At().Iterator(nil); it.Next() != chunkenc.ValNone; n++ {
				last = it.AtT()
			}
			if set.At().Labels().Get("__name__") == "own" {
				last++
			}
			if n != want || last != want {
				t.Fatalf("%s: %d samples, the last at %d, not %d", set.At().Labels(), n, last, want)
			}
		}
	}
}

// The newest sample is the one that a whole read ends with.
func TestInstants(t *testing.T) {
	s := series.New(series.Options{})
	target := s.Target(nil)
	for at := int64(1); at <= 60; at++ {
		var lines []sample
		if at%20 < 10 {
			lines = append(lines, line(float64(at), "__name__", "gaps"))
		}
		page(t, target, at*1000, append(lines, line(float64(at), "__name__", "a"))...)
	}
	read := func(q storage.Queryable, start, end int64) string {
		querier, err := q.Querier(start, end)
		if err != nil {
			t.Fatal(err)
		}
		got := ""
		set := querier.Select(context.Background(), true, &storage.SelectHints{Start: start, End: end})
		for set.Next() {
			last := ""
			for it := set.At().Iterator(nil); it.Next() != chunkenc.ValNone; {
				at, v := it.At()
				last = fmt.Sprint(at, " ", value.IsStaleNaN(v), " ", v, " ")
			}
			got += set.At().Labels().String() + last
		}
		return got
	}
	for end := int64(0); end < 62_000; end += 500 {
		if whole, quick := read(s, end-5000, end), read(s.Instants(), end-5000, end); whole != quick {
			t.Errorf("until %d: %s, not %s", end, quick, whole)
		}
	}
}

func TestSeek(t *testing.T) {
	s := series.New(series.Options{})
	target := s.Target(nil)
	for at := int64(10); at <= 50; at += 10 {
		page(t, target, at, line(float64(at), "__name__", "a"))
	}
	q, err := s.Querier(0, 100)
	if err != nil {
		t.Fatal(err)
	}
	set := q.Select(context.Background(), false, nil)
	set.Next()
	it := set.At().Iterator(nil)
	for _, c := range []struct{ to, want int64 }{{0, 10}, {10, 10}, {11, 20}, {5, 20}, {45, 50}, {50, 50}, {51, 0}, {10, 0}} {
		kind := it.Seek(c.to)
		if c.want == 0 {
			if kind != chunkenc.ValNone {
				t.Errorf("%d: %s", c.to, kind)
			}
			continue
		}
		if kind != chunkenc.ValFloat || it.AtT() != c.want || it.AtST() != 0 {
			t.Errorf("%d: %s at %d", c.to, kind, it.AtT())
		}
	}
	if it.Next() != chunkenc.ValNone || it.Err() != nil {
		t.Error("after the end")
	}
	it = set.At().Iterator(it)
	if it.Next() != chunkenc.ValFloat || it.AtT() != 10 {
		t.Error("used again")
	}
}

// What is handed out as a histogram may be changed by who got it.
func TestHistogramsAreCopies(t *testing.T) {
	s := series.New(series.Options{})
	target := s.Target(nil)
	target.Begin(1)
	id, _ := target.Series(labels.FromStrings("__name__", "h"))
	if target.AppendHistogram(id, 1, &histogram.FloatHistogram{Count: 1, PositiveSpans: []histogram.Span{{Length: 2}}}) {
		t.Error("a histogram without its buckets")
	}
	target.AppendHistogram(id, 1, &histogram.FloatHistogram{Count: 2, ZeroCount: 2})
	target.Finish()
	var into histogram.FloatHistogram
	for range 2 {
		q, err := s.Querier(0, 10)
		if err != nil {
			t.Fatal(err)
		}
		set := q.Select(context.Background(), false, nil)
		set.Next()
		it := set.At().Iterator(nil)
		it.Next()
		_, a := it.AtFloatHistogram(nil)
		_, b := it.AtFloatHistogram(&into)
		if a.Count != 2 || b != &into || b.Count != 2 {
			t.Errorf("%v %v", a, b)
		}
		a.Count, b.Count = 7, 8
	}
	if n := s.Counts().Dropped[series.Invalid]; n != 1 {
		t.Errorf("%d invalid", n)
	}
}

// A recorded page has its own stale markers.
func TestCommit(t *testing.T) {
	s := series.New(series.Options{})
	target := s.Target(nil)
	page(t, target, 1, line(1, "__name__", "a"), line(1, "__name__", "b"))
	target.Begin(2)
	a, _ := target.Series(labels.FromStrings("__name__", "a"))
	target.Append(a, 2, math.Float64frombits(value.StaleNaN))
	target.Commit()
	want(t, all(t, s), `
		{__name__="a"} 1@1 stale@2
		{__name__="b"} 1@1
	`)
}

// A target that is ended while its page comes in: the page is too late.
func TestEndedMeanwhile(t *testing.T) {
	s := series.New(series.Options{})
	target := s.Target(order1)
	page(t, target, 1, line(1, "__name__", "a"))
	target.Begin(2)
	a, _ := target.Series(labels.FromStrings("__name__", "a"))
	target.Append(a, 2, 2)
	s.Keep(3, func(metrics.Labels) bool { return false })
	target.Finish()
	want(t, all(t, s), `
		{__name__="a", instance="order-1", service="order"} 1@1 stale@3
	`)
	if n := s.Counts().Dropped[series.Ended]; n != 1 {
		t.Errorf("%d", n)
	}
}

func TestReasons(t *testing.T) {
	seen := map[string]bool{}
	for r := series.Expired; ; r++ {
		word := r.String()
		if word == "unknown" {
			break
		}
		if seen[word] || word != strings.ToLower(word) {
			t.Errorf("%q", word)
		}
		seen[word] = true
	}
	if len(seen) != 10 {
		t.Errorf("%v", seen)
	}
}
