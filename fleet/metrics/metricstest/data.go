package metricstest

import (
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/midwatch-cli/midwatch/fleet/metrics"
)

// Step is between the samples of Data, Samples is how many there are of a series
// that did not end.
const (
	Step    = 15 * time.Second
	Samples = 41
)

// odd are label values that somebody may get wrong.
const odd = "zähne \"x\" \\ \n <b>\x1b[31m 日本"

// Data are the series that every world holds, the newest samples at a moment.
func Data(at time.Time) []metrics.Series {
	var all []metrics.Series
	add := func(value func(i int) float64, labels ...string) {
		s := metrics.Series{Labels: metrics.NewLabels(labels...)}
		for i := range Samples {
			s.Points = append(s.Points, metrics.Point{T: timeOf(at, i), V: value(i)})
		}
		all = append(all, s)
	}
	// Out of order on purpose: an answer is sorted.
	for _, instance := range []string{"shop-2", "shop-1"} {
		add(func(i int) float64 { return float64(i) }, "__name__", "suite_gauge", "service", "shop", "instance", instance)
		for _, code := range []string{"500", "200"} {
			add(func(i int) float64 {
				switch {
				case code == "500":
					return 100 + 1.5*float64(i)
				case instance == "shop-2" && i >= 30: // it started again
					return 3 * float64(i-30)
				}
				return 1000 + 3*float64(i)
			}, "__name__", "suite_requests_total", "service", "shop", "instance", instance, "code", code)
		}
		for i, le := range []string{"0.1", "1", "+Inf"} {
			add(func(at int) float64 { return float64(at * []int{2, 6, 8}[i]) },
				"__name__", "suite_latency_seconds_bucket", "service", "shop", "instance", instance, "le", le)
		}
	}
	for _, v := range exact() {
		add(func(int) float64 { return v }, "__name__", "suite_exact", "instance", "shop-1", "v", nameOf(v))
	}
	add(func(int) float64 { return 1 }, "__name__", "suite_odd", "instance", "shop-1", "v", odd)
	add(func(i int) float64 { return float64(i) }, "__name__", "suite_ended", "instance", "shop-1")
	ended := &all[len(all)-1]
	ended.Points = ended.Points[:21] // the last five minutes ago, and seven seconds before the moment asked about
	return all
}

// Native is the native histogram that worlds hold that have such, a sample at
// each step: count, sum and three buckets that grow.
func Native(at time.Time) metrics.Series {
	s := metrics.Series{Labels: metrics.NewLabels("__name__", "suite_native", "instance", "shop-1")}
	for i := range Samples {
		n := float64(i + 1)
		s.Histograms = append(s.Histograms, metrics.HistogramPoint{
			T: timeOf(at, i), Count: 7 * n, Sum: 12.5 * n,
			Buckets: []metrics.Bucket{
				{Lower: -1e-128, Upper: 1e-128, LowerInclusive: true, UpperInclusive: true, Count: n},
				{Lower: 0.5, Upper: 1, UpperInclusive: true, Count: 2 * n},
				{Lower: 2, Upper: 4, UpperInclusive: true, Count: 4 * n},
			},
		})
	}
	return s
}

func timeOf(at time.Time, i int) int64 {
	return at.Add(time.Duration(i-Samples+1) * Step).UnixMilli()
}

// exact are values that a careless reader changes.
func exact() []float64 {
	return []float64{
		math.SmallestNonzeroFloat64, math.MaxFloat64, -math.MaxFloat64, 1.0 / 3, 0.1 + 0.2, 1 << 53, math.Copysign(0, -1),
		math.Inf(1), math.Inf(-1), math.NaN(),
	}
}

// nameOf writes a value so that it is told from every other.
func nameOf(v float64) string { return strconv.FormatFloat(v, 'g', -1, 64) }

// Page is Data, as a page of metrics whose samples bear their times.
func Page(at time.Time) string {
	var page strings.Builder
	for _, s := range Data(at) {
		var labels []string
		for _, l := range s.Labels {
			if l.Name != metrics.LabelName {
				value := strings.NewReplacer(`\`, `\\`, `"`, `\"`, "\n", `\n`).Replace(l.Value)
				labels = append(labels, fmt.Sprintf(`%s="%s"`, l.Name, value))
			}
		}
		for _, p := range s.Points {
			fmt.Fprintf(&page, "%s{%s} %s %d\n", s.Labels.Name(), strings.Join(labels, ","), nameOf(p.V), p.T)
		}
	}
	return page.String()
}

// find returns the series of Data with some labels.
func find(at time.Time, pairs ...string) []metrics.Series {
	want := metrics.NewLabels(pairs...)
	all := slices.DeleteFunc(Data(at), func(s metrics.Series) bool {
		return slices.ContainsFunc(want, func(l metrics.Label) bool { return s.Labels.Get(l.Name) != l.Value })
	})
	slices.SortFunc(all, func(a, b metrics.Series) int { return a.Labels.Compare(b.Labels) })
	return all
}
