package page

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/midwatch-cli/midwatch/fleet/metrics"
	"github.com/midwatch-cli/midwatch/fleet/metrics/red/signature"
)

const second = int64(1000)

// began is the time of the first scrape.
const began = 1_795_000_000 * second

var nan = math.NaN()

// scraped makes a series with a value each ten seconds; NaN is a scrape without
// it.
func scraped(name string, values ...float64) metrics.Series {
	s := metrics.Series{Labels: metrics.NewLabels("__name__", name, "service", "orders", "instance", "1")}
	for i, v := range values {
		if !math.IsNaN(v) {
			s.Points = append(s.Points, metrics.Point{T: began + int64(i)*10*second, V: v})
		}
	}
	return s
}

func sorter() *Sorter { return &Sorter{Service: []string{"service"}, Instance: "instance"} }

// only sorts series of one instance.
func only(t *testing.T, series ...metrics.Series) *Target {
	t.Helper()
	all := sorter().Sort(series, began-1, began+1000*second)
	if len(all) != 1 {
		t.Fatalf("%d targets", len(all))
	}
	for _, target := range all {
		return target
	}
	return nil
}

func TestIncrease(t *testing.T) {
	const start = 1_794_990_000.0
	for _, c := range []struct {
		name   string
		starts []float64 // what process_start_time_seconds says; none: the page has no such
		values []float64
		want   float64
	}{
		{"it grows", nil, []float64{100, 150, 175}, 75},
		{"it stands", nil, []float64{100, 100, 100}, 0},
		{"one scrape", nil, []float64{100}, 0},
		{"a scrape is missing", nil, []float64{100, nan, 175}, 75},
		{"it starts again", nil, []float64{5000, 12, 15}, 15},
		{"it starts again, twice", nil, []float64{10, 4, 9, 2}, 11},
		{"it starts again at nothing", nil, []float64{10, 0, 0}, 0},
		{"born in the window", nil, []float64{nan, 7, 9}, 9},
		{"born at the last scrape", nil, []float64{nan, nan, 7}, 7},
		{"born, and the process is the same", []float64{start, start, start}, []float64{nan, 7, 9}, 9},
		{"the process is new, and its counter is higher", []float64{start, 1_795_000_005, 1_795_000_005}, []float64{5, 20, 30}, 30},
		{"the process is new, and its counter is lower", []float64{start, 1_795_000_005, 1_795_000_005}, []float64{50, 20, 30}, 30},
		{"born with a new process", []float64{start, 1_795_000_005, 1_795_000_005}, []float64{nan, 20, 30}, 30},
		{"the start jitters", []float64{start, start + 1.5, start}, []float64{5, 20, 30}, 25},
		{"another process answers, and then the first", []float64{start, start - 500, start}, []float64{1000, 20, 1010}, 0},
		{"another one that is younger, but was there", []float64{start, start + 900, start + 900}, []float64{1000, 20, 30}, 10},
		{"born at another process", []float64{start, start - 500, start - 500}, []float64{nan, 20, 30}, 10},
		{"not a number", nil, []float64{100, math.Inf(1), 200}, 0},
		{"below zero", nil, []float64{-5, -3, 4}, 9},
		{"falling below zero", nil, []float64{5, -3, -1}, 2},
		{"fractions", nil, []float64{0.25, 0.5}, 0.25},
	} {
		t.Run(c.name, func(t *testing.T) {
			// Another series of the page says when it was scraped.
			steady := make([]float64, len(c.values))
			series := []metrics.Series{scraped("x_total", c.values...), scraped("steady", steady...)}
			if c.starts != nil {
				series = append(series, scraped(StartTime, c.starts...))
			}
			target := only(t, series...)
			x := target.Series[signature.Parse("x_total")]
			if len(x) != 1 {
				t.Fatalf("%d series", len(x))
			}
			if got := target.Increase(x[0].Points); got != c.want {
				t.Errorf("%v grew by %g, want %g", c.values, got, c.want)
			}
		})
	}
}

// TestOwnTimes: a series whose samples have times of their own, so that its first
// one lies before the window, was not born in it.
func TestOwnTimes(t *testing.T) {
	lagging := scraped("x_total", nan, 1_000_000, 1_000_010)
	for i := range lagging.Points {
		lagging.Points[i].T -= 2 * second
	}
	another := scraped("y_total", nan, nan, 500)
	another.Points[0].T -= 3 * second
	target := only(t, scraped("steady", 1, 1, 1), lagging, another)
	if got := target.Increase(lagging.Points); got != 10 {
		t.Errorf("grew by %g, want 10", got)
	}
	if got := target.Increase(another.Points); got != 0 {
		t.Errorf("grew by %g, want 0", got)
	}
}

// TestIncreaseNaN: values that are no numbers neither count nor make the next one
// count whole.
func TestIncreaseNaN(t *testing.T) {
	s := scraped("x_total", 100, 0, 200)
	s.Points[1].V = nan
	target := only(t, s)
	if got := target.Increase(s.Points); got != 0 {
		t.Errorf("grew by %g", got)
	}
	s.Points[0].V, s.Points[1].V = nan, 150
	if got := target.Increase(s.Points); got != 50 {
		t.Errorf("grew by %g", got)
	}
}

// TestIncreaseAdds: cut anywhere, a window's parts come to the whole, resets
// among them.
func TestIncreaseAdds(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 1))
	for range 300 {
		values := make([]float64, 3+r.IntN(10))
		v := float64(r.IntN(100))
		for i := range values {
			if v += float64(r.IntN(10)); r.IntN(6) == 0 {
				v = float64(r.IntN(3))
			}
			values[i] = v
		}
		s := scraped("x_total", values...)
		whole := only(t, s).Increase(s.Points)
		cut := 1 + r.IntN(len(values)-2)
		first, second := s, s
		first.Points, second.Points = s.Points[:cut+1], s.Points[cut:]
		if sum := only(t, first).Increase(first.Points) + only(t, second).Increase(second.Points); sum != whole || whole < 0 {
			t.Fatalf("%v: %g, cut at %d %g", values, whole, cut, sum)
		}
	}
}

func TestElapsed(t *testing.T) {
	target := only(t, scraped("x_total", 1, 2, 3, 4), scraped(StartTime, 100, 100, 50, 50))
	if target.Elapsed() != 20*time.Second { // ten were lost
		t.Errorf("elapsed %s", target.Elapsed())
	}
	if target.Interval() != 10*time.Second || target.Scrapes != 4 || target.Restarts != 0 {
		t.Errorf("every %s, %d scrapes, %d restarts", target.Interval(), target.Scrapes, target.Restarts)
	}
	target = only(t, scraped("x_total", 1, 2, 3), scraped(StartTime, 100, 1_795_000_005, 1_795_000_005))
	if target.Elapsed() != 20*time.Second || target.Restarts != 1 {
		t.Errorf("elapsed %s, %d restarts", target.Elapsed(), target.Restarts)
	}
	if target = only(t, scraped("x_total", 1)); target.Elapsed() != 0 || target.Interval() != 0 {
		t.Errorf("elapsed %s, every %s", target.Elapsed(), target.Interval())
	}
}

// TestWindow: the beginning is not of the window, the end is.
func TestWindow(t *testing.T) {
	s := scraped("x_total", 1, 2, 4, 8, 16)
	h := metrics.Series{Labels: metrics.NewLabels("__name__", "h", "service", "orders", "instance", "1")}
	for _, p := range s.Points {
		h.Histograms = append(h.Histograms, metrics.HistogramPoint{T: p.T, Count: p.V})
	}
	all := sorter().Sort([]metrics.Series{s, h}, began, began+30*second)
	for _, target := range all {
		if target.First != began+10*second || target.Last != began+30*second {
			t.Errorf("from %d to %d", target.First-began, target.Last-began)
		}
		if got := len(target.Series[signature.Parse("h")][0].Histograms); got != 3 {
			t.Errorf("%d histograms", got)
		}
	}
	if got := sorter().Sort([]metrics.Series{s, h}, began+40*second, began+50*second); len(got) != 0 {
		t.Errorf("%d targets of nothing", len(got))
	}
	if len(s.Points) != 5 {
		t.Error("it changed what it was given")
	}
}

func TestSort(t *testing.T) {
	one := func(pairs ...string) metrics.Series {
		return metrics.Series{Labels: metrics.NewLabels(append(pairs, "__name__", "x_total")...), Points: []metrics.Point{{T: began, V: 1}}}
	}
	s := &Sorter{Service: []string{"namespace", "service"}, Instance: "instance"}
	all := s.Sort([]metrics.Series{
		one("service", "a", "instance", "1"),
		one("service", "a", "instance", "2"),
		one("service", "a", "instance", "1", "code", "500"),
		one("namespace", "a", "service", "", "instance", "1"),
		one("namespace", "a", "instance", "1"),
		one("job", "x"),
	}, 0, began)
	var got []string
	for _, target := range all {
		got = append(got, fmt.Sprint(target.Service, target.Labels, len(target.Series[signature.Parse("x_total")])))
	}
	slices.Sort(got)
	want := "[[] [] 1 [{namespace a}] [{instance 1} {namespace a}] 2 [{service a}] [{instance 1} {service a}] 2 [{service a}] [{instance 2} {service a}] 1]"
	if fmt.Sprint(got) != want {
		t.Errorf("%v\nwant %s", got, want)
	}
}

func TestCounter(t *testing.T) {
	s := sorter()
	all := s.Sort([]metrics.Series{{
		Labels: metrics.NewLabels("__name__", "x", "service", "orders", "exported_service", "shop", "http.route", "/x", "instance", "1"),
		Points: []metrics.Point{{T: began, V: -1}},
	}}, 0, began)
	for _, target := range all {
		c := target.Series[signature.Parse("x")][0]
		for label, want := range map[string]string{"http_route": "/x", "instance": "1", "service": "shop", "exported_service": "shop", "none": ""} {
			if got, _ := c.Get(label); got != want {
				t.Errorf("%s: %q, want %q", label, got, want)
			}
		}
		if _, ok := c.Latest(); ok {
			t.Error("-1 is a value")
		}
		if !c.Within(&Counter{Spelled: []metrics.Label{{Name: "http_route", Value: "/x"}}}) || c.Within(&Counter{Spelled: []metrics.Label{{Name: "http_route", Value: "/y"}}}) || c.Within(&Counter{Spelled: []metrics.Label{{Name: "code", Value: ""}}}) {
			t.Error("within")
		}
	}
	if _, ok := (&Counter{}).Latest(); ok {
		t.Error("nothing is a value")
	}
}

// TestGauges: their instances are there, though nothing of them was scraped in
// the window.
func TestGauges(t *testing.T) {
	s := sorter()
	all := Targets{}
	s.Gauges(all, []metrics.Series{scraped("process.open_fds", 4)})
	for _, target := range all {
		if len(target.Gauges[signature.Parse("process_open_fds")]) != 1 || target.Scrapes != 0 {
			t.Errorf("%+v", target)
		}
	}
	if len(all) != 1 {
		t.Errorf("%d targets", len(all))
	}
}

func buckets(counts ...float64) []metrics.Bucket {
	var all []metrics.Bucket
	lower := 0.25
	for _, n := range counts {
		if n > 0 {
			all = append(all, metrics.Bucket{Lower: lower, Upper: 2 * lower, UpperInclusive: true, Count: n})
		}
		lower *= 2
	}
	return all
}

// TestSpread: what was added to a native histogram.
func TestSpread(t *testing.T) {
	at := func(i int, counts ...float64) metrics.HistogramPoint {
		p := metrics.HistogramPoint{T: began + int64(i)*10*second, Buckets: buckets(counts...)}
		for _, n := range counts {
			p.Count += n
		}
		return p
	}
	for _, c := range []struct {
		name   string
		points []metrics.HistogramPoint
		starts []float64
		want   string // calls by upper bound
	}{
		{"it grows", []metrics.HistogramPoint{at(0, 5, 1), at(1, 7, 1, 2), at(2, 9, 1, 2)}, nil, "0.5:4 2:2"},
		{"it starts again", []metrics.HistogramPoint{at(0, 5, 1), at(1, 1), at(2, 3, 1)}, nil, "0.5:3 1:1"},
		{"born in the window", []metrics.HistogramPoint{at(1, 5), at(2, 6)}, nil, "0.5:6"},
		{"a new process", []metrics.HistogramPoint{at(0, 5), at(1, 9), at(2, 9)}, []float64{100, 1_795_000_005, 1_795_000_005}, "0.5:9"},
		{"another process", []metrics.HistogramPoint{at(0, 5), at(1, 9), at(2, 10)}, []float64{1000, 100, 100}, "0.5:1"},
		{"one scrape", []metrics.HistogramPoint{at(0, 5)}, nil, ""},
	} {
		h := metrics.Series{Labels: metrics.NewLabels("__name__", "h", "service", "orders", "instance", "1"), Histograms: c.points}
		series := []metrics.Series{h, scraped("steady", 1, 1, 1)}
		if c.starts != nil {
			series = append(series, scraped(StartTime, c.starts...))
		}
		target := only(t, series...)
		got := ""
		for _, b := range target.Spread(h.Histograms, 1) {
			got += fmt.Sprintf("%g:%g ", b.Upper, b.N)
		}
		if c.want += " "; got != c.want && got+" " != c.want {
			t.Errorf("%s: %s, want %s", c.name, got, c.want)
		}
	}
	target := only(t, scraped("steady", 1, 1))
	points := []metrics.HistogramPoint{{T: began, Count: 4, Sum: 2}, {T: began + 10*second, Count: 10, Sum: 8}}
	if n, s := target.Increase(Counts(points)), target.Increase(Sums(points)); n != 6 || s != 6 {
		t.Errorf("%g calls, %g seconds", n, s)
	}
}
