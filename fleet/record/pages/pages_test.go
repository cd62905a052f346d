package pages_test

import (
	"context"
	"fmt"
	"math"
	"math/rand/v2"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/midwatch-cli/midwatch/fleet"
	"github.com/midwatch-cli/midwatch/fleet/metrics"
	"github.com/midwatch-cli/midwatch/fleet/metrics/promql"
	"github.com/midwatch-cli/midwatch/fleet/metrics/series"
	"github.com/midwatch-cli/midwatch/fleet/metrics/series/plain"
	"github.com/midwatch-cli/midwatch/fleet/record"
	"github.com/midwatch-cli/midwatch/fleet/record/line"
	"github.com/midwatch-cli/midwatch/fleet/record/pages"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

var start = time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)

// world is a store that instances come to, with pages that change.
type world struct {
	rng   *rand.Rand
	now   time.Time
	store *series.Store
	count map[string]float64
}

func newWorld(seed uint64) *world {
	return &world{rng: rand.New(rand.NewPCG(seed, 2)), now: start, store: series.New(series.Options{Window: 5 * time.Minute}), count: map[string]float64{}}
}

func labels(instance string) metrics.Labels {
	return metrics.NewLabels("source", "etcd", "service", "payment", "instance", instance)
}

// pass reads all instances once: some have no page, some are gone, some lose
// series or get others.
func (w *world) pass() time.Time {
	w.now = w.now.Add(time.Duration(4000+w.rng.IntN(2000)) * time.Millisecond)
	for i := range 4 {
		w.page(fmt.Sprint("payment-", i), w.now.Add(-time.Duration(w.rng.IntN(900))*time.Millisecond).UnixMilli())
	}
	own := w.store.Target(nil)
	own.Begin(w.now.UnixMilli())
	w.append(own, "midwatch_instance_up", "1", w.now.UnixMilli(), 1)
	own.Finish()
	if w.rng.IntN(5) == 0 {
		gone := fmt.Sprint("payment-", w.rng.IntN(4))
		w.store.Keep(w.now.UnixMilli(), func(l metrics.Labels) bool { return l.Get("instance") != gone })
	}
	return w.now
}

func (w *world) page(instance string, at int64) {
	t := w.store.Target(labels(instance))
	if w.rng.IntN(6) == 0 {
		t.Lost(at)
		return
	}
	t.Begin(at)
	w.append(t, "up", "", at, 1)
	for path := range 6 {
		if w.rng.IntN(5) == 0 {
			continue // it is not on the page today
		}
		key := fmt.Sprint(instance, path)
		if w.count[key] += float64(w.rng.IntN(3)); w.rng.IntN(20) == 0 {
			w.count[key] = 0
		}
		w.append(t, "requests_total", fmt.Sprint(path), at, w.count[key])
	}
	if w.rng.IntN(2) == 0 {
		w.append(t, "odd", "nan", at, math.NaN())
		w.append(t, "odd", "infinite", at, math.Inf(w.rng.IntN(2)*2-1))
	}
	// One that says itself when it was so, as bridges do.
	w.append(t, "bridged", "", at-int64(w.rng.IntN(30_000)), float64(w.rng.IntN(9)))
	id, ok := t.Series(plain.Set(metrics.NewLabels("__name__", "latency_seconds")))
	if w.count["h"+instance] += float64(w.rng.IntN(4)); ok {
		n := w.count["h"+instance]
		t.AppendHistogram(id, at, plain.Histogram(metrics.Native{
			Schema: 0, Count: n, Sum: n / 2, PositiveSpans: []metrics.Span{{Offset: 1, Length: 2}}, PositiveBuckets: []float64{n / 4, 3 * n / 4},
		}))
	}
	t.Finish()
}

func (w *world) append(t *series.Target, name, path string, at int64, v float64) {
	if id, ok := t.Series(plain.Set(metrics.NewLabels("__name__", name, "path", path))); ok {
		t.Append(id, at, v)
	}
}

// recorded makes passes over a world while they are recorded, and hands the
// store to look after each.
func recorded(t *testing.T, w *world, n int, look func(pass int, at time.Time)) *record.Recording {
	t.Helper()
	path := filepath.Join(t.TempDir(), "a"+record.Extension)
	to, err := record.Create(path, line.Header{Contexts: []string{""}, Start: start, Metrics: true}, false)
	if err != nil {
		t.Fatal(err)
	}
	out := pages.From(w.store, to)
	for i := range n {
		at := w.pass()
		out.Write("")
		if err := to.Pass(record.Pass{Snapshot: &fleet.Snapshot{Seq: uint64(i + 1), At: at}}); err != nil {
			t.Fatal(err)
		}
		look(i, at)
	}
	if err := to.Close(w.now, ""); err != nil {
		t.Fatal(err)
	}
	r, err := record.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = r.Close() })
	return r
}

// questions are asked about a moment, in what is left of the window.
func questions(at time.Time) (all []metrics.Question) {
	for _, expr := range []string{
		`{__name__=~".+", instance!=""}`,
		`count_over_time({__name__=~"up|requests_total|odd"}[2m])`,
		`sum by (instance) (rate(requests_total[1m]))`,
		`increase(requests_total[3m])`,
		`last_over_time(bridged[2m])`,
		`changes(bridged[2m])`,
		`histogram_quantile(0.9, sum(rate(latency_seconds[2m])))`,
		`present_over_time(up[20s])`,
		`absent(up{instance="payment-1"})`,
		`timestamp(bridged)`,
	} {
		all = append(all,
			metrics.Question{Expr: expr, At: at},
			metrics.Question{Expr: expr, Start: at.Add(-time.Minute), End: at, Step: 7 * time.Second})
	}
	return all
}

// answers are what a store says to the questions, in words: NaN is itself.
func answers(t *testing.T, store *series.Store, at time.Time) (said []string) {
	t.Helper()
	q := promql.New(store, 0)
	for _, one := range questions(at) {
		if one.Step > 0 && strings.HasPrefix(one.Expr, "{") {
			continue // names that differ by nothing else
		}
		a, err := q.Query(context.Background(), one)
		if err != nil {
			t.Fatalf("%s: %v", one.Expr, err)
		}
		for _, s := range a.Series {
			said = append(said, fmt.Sprintf("%s %v: %v %v %v", one.Expr, one.Step, s.Labels, s.Points, s.Histograms))
		}
	}
	return said
}

func compare(t *testing.T, what string, got, want []string) {
	t.Helper()
	if reflect.DeepEqual(got, want) {
		return
	}
	for i := range max(len(got), len(want)) {
		var g, w string
		if i < len(got) {
			g = got[i]
		}
		if i < len(want) {
			w = want[i]
		}
		if g != w {
			t.Fatalf("%s, answer %d of %d:\ngot  %s\nwant %s", what, i, len(want), g, w)
		}
	}
}

// TestTheSameAnswers: whatever is asked about whatever moment, a store that was
// filled from a recording up to it answers as the one did that was recorded.
func TestTheSameAnswers(t *testing.T) {
	for seed := range uint64(4) {
		const passes = 90 // beyond the window, and beyond whole passes
		w := newWorld(seed)
		want := make([][]string, passes)
		var times []time.Time
		r := recorded(t, w, passes, func(n int, at time.Time) {
			want[n], times = answers(t, w.store, at), append(times, at)
		})
		if r.End.Samples < 1000 || r.End.Series < 20 {
			t.Fatalf("%+v", r.End)
		}
		// From the beginning, pass by pass; and from the middle, at once.
		store := series.New(series.Options{Window: 5 * time.Minute})
		fill(t, r, store, time.Time{}, passes, func(n int) {
			if n%10 == 9 {
				compare(t, fmt.Sprintf("seed %d, pass %d", seed, n), answers(t, store, times[n]), want[n])
			}
		})
		for _, n := range []int{20, 65, 89} {
			store := series.New(series.Options{Window: 5 * time.Minute})
			fill(t, r, store, times[n].Add(-5*time.Minute), n+1, func(int) {})
			compare(t, fmt.Sprintf("seed %d, from the middle to pass %d", seed, n), answers(t, store, times[n]), want[n])
		}
	}
}

func fill(t *testing.T, r *record.Recording, store *series.Store, after time.Time, passes int, look func(n int)) {
	t.Helper()
	s, err := r.Sampler(after)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	in := pages.Into(store)
	for n := range passes {
		if err := s.Read(n, in); err != nil {
			t.Fatal(err)
		}
		look(n)
	}
}

// TestOnlyWhatIsWanted: targets can be left out, kept under other labels, and
// come and go.
func TestOnlyWhatIsWanted(t *testing.T) {
	w := newWorld(7)
	var times []time.Time
	r := recorded(t, w, 40, func(_ int, at time.Time) { times = append(times, at) })
	s, err := r.Sampler(time.Time{})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	store := series.New(series.Options{})
	in := pages.Into(store)
	count := func(n int) (words string) {
		a, err := promql.New(store, 0).Query(t.Context(), metrics.Question{Expr: `count by (instance, as) (count_over_time(up[10m]))`, At: times[n]})
		if err != nil {
			t.Fatal(err)
		}
		for _, s := range a.Series {
			words += s.Labels.Get("as") + s.Labels.Get("instance") + " "
		}
		return words
	}
	read := func(n int, as func(metrics.Labels) (metrics.Labels, bool)) {
		in.Keep(as)
		if err := s.Read(n, in); err != nil {
			t.Fatal(err)
		}
	}
	only := func(instance string) func(metrics.Labels) (metrics.Labels, bool) {
		return func(l metrics.Labels) (metrics.Labels, bool) { return l, l.Get("instance") == instance }
	}
	read(10, only("payment-1"))
	if got := count(10); got != "payment-1 " {
		t.Errorf("%q", got)
	}
	read(20, only("payment-2"))
	if got := count(20); got != "payment-1 payment-2 " {
		t.Errorf("%q", got)
	}
	read(39, func(l metrics.Labels) (metrics.Labels, bool) {
		return metrics.NewLabels("as", "other", "instance", l.Get("instance")), l.Get("instance") < "payment-2"
	})
	if got := count(39); got != "otherpayment-0 otherpayment-1 payment-1 payment-2 " {
		t.Errorf("%q", got)
	}
}

// TestWhatPassesSeeIsLeftOut: it is in the passes.
func TestWhatPassesSeeIsLeftOut(t *testing.T) {
	r := recorded(t, newWorld(1), 5, func(int, time.Time) {})
	s, err := r.Sampler(time.Time{})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	store := series.New(series.Options{})
	if err := s.Read(4, pages.Into(store)); err != nil {
		t.Fatal(err)
	}
	a, err := promql.New(store, 0).Query(t.Context(), metrics.Question{Expr: `count_over_time(midwatch_instance_up[10m])`, At: r.Place(4).At})
	if err != nil || len(a.Series) != 0 {
		t.Errorf("%v, %v", a.Series, err)
	}
}
