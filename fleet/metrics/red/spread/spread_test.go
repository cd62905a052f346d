package spread

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/prometheus/prometheus/model/histogram"
	"github.com/prometheus/prometheus/promql"
	"github.com/prometheus/prometheus/promql/parser/posrange"

	"github.com/midwatch-cli/midwatch/fleet/metrics"
)

var inf = math.Inf(1)

// random makes the cumulative counts of a classic histogram.
func random(r *rand.Rand, bounds []float64) []Bound {
	var all []Bound
	below := 0.0
	for _, le := range bounds {
		if r.IntN(3) > 0 {
			below += float64(r.IntN(50))
		}
		all = append(all, Bound{le, below})
	}
	return append(all, Bound{inf, below + float64(r.IntN(5))})
}

var layouts = [][]float64{
	{.005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10},
	{.1, .5, 1},
	{.003, .03, .1, .3, 1.5, 10},
	{0, 5, 10, 25, 50, 75, 100, 250, 500, 750, 1000, 2500, 5000, 7500, 10000},
	{.5},
	{-1, 0, 1},
}

func close(a, b float64) bool { return a == b || math.Abs(a-b) <= 1e-9*max(math.Abs(a), math.Abs(b)) }

// TestQuantileClassic holds quantiles to Prometheus' own.
func TestQuantileClassic(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	for i := range 3000 {
		bounds := random(r, layouts[i%len(layouts)])
		q := []float64{.5, .95, .99, .01, 1}[r.IntN(5)]
		var buckets promql.Buckets
		for _, b := range bounds {
			buckets = append(buckets, promql.Bucket{UpperBound: b.LE, Count: b.N})
		}
		want, _, _, _, _, _ := promql.BucketQuantile(q, buckets)
		s := Classic(slices.Clone(bounds), bounds[len(bounds)-1].N)
		if s.Total() == 0 {
			if !math.IsNaN(want) {
				t.Fatalf("%v: nothing, Prometheus says %g", bounds, want)
			}
			continue
		}
		got, in := s.Quantile(q)
		if !close(got, max(want, 0)) {
			t.Fatalf("%v at %g: %g, Prometheus says %g", bounds, q, got, want)
		}
		if in.Open() != (want == bounds[len(bounds)-2].LE && bounds[len(bounds)-2].N < q*s.Total()) && want > 0 {
			t.Fatalf("%v at %g: %g is in %+v", bounds, q, got, in)
		}
	}
}

// nativeOf makes a native histogram, and the same as metrics has it.
func nativeOf(r *rand.Rand, schema int32) (*histogram.FloatHistogram, *metrics.HistogramPoint) {
	h := &histogram.FloatHistogram{Schema: schema, ZeroThreshold: 1e-128}
	if r.IntN(4) == 0 {
		h.ZeroCount = float64(r.IntN(5))
		h.Count += h.ZeroCount
	}
	n := 1 + r.IntN(20)
	// From some microseconds on.
	h.PositiveSpans = []histogram.Span{{Offset: int32(math.Ldexp(-15, int(schema))) + int32(r.IntN(3)), Length: uint32(n)}}
	for range n {
		c := float64(r.IntN(20))
		h.PositiveBuckets = append(h.PositiveBuckets, c)
		h.Count += c
	}
	p := &metrics.HistogramPoint{Count: h.Count, Sum: h.Count}
	for it := h.AllBucketIterator(); it.Next(); {
		if b := it.At(); b.Count > 0 {
			p.Buckets = append(p.Buckets, metrics.Bucket{Lower: b.Lower, Upper: b.Upper, LowerInclusive: b.LowerInclusive, UpperInclusive: b.UpperInclusive, Count: b.Count})
		}
	}
	h.Sum = h.Count
	return h, p
}

// TestQuantileNative holds quantiles of native histograms to Prometheus' own, for
// every resolution.
func TestQuantileNative(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 4))
	for i := range 2000 {
		h, p := nativeOf(r, int32(i%13-4))
		s := Native(p, 1)
		if s.Total() == 0 {
			continue
		}
		for _, q := range []float64{.5, .95, .99} {
			want, _ := promql.HistogramQuantile(q, h, "", posrange.PositionRange{})
			got, in := s.Quantile(q)
			if close(got, in.Upper) && want > got {
				// Half of the calls are below an empty stretch, half above: any value
				// in it is right, and Prometheus takes its end from 0.5 on.
				next := slices.IndexFunc(s, func(b Bucket) bool { return b.Lower >= in.Upper })
				if got = s[next].Lower; q < .5 {
					t.Fatalf("%g is not where both are right", q)
				}
			}
			if !(math.Abs(got-want) <= 1e-6*want) {
				t.Fatalf("schema %d, %v at %g: %g, Prometheus says %g", h.Schema, p.Buckets, q, got, want)
			}
		}
	}
}

// TestNativeCustom: custom buckets are read as classic ones.
func TestNativeCustom(t *testing.T) {
	s := Native(&metrics.HistogramPoint{Count: 10, Buckets: []metrics.Bucket{
		{Lower: math.Inf(-1), Upper: 100, Count: 5}, {Lower: 100, Upper: 300, Count: 4}, {Lower: 300, Upper: inf, Count: 1},
	}}, 1e-3)
	for q, want := range map[float64]float64{.25: .05, .5: .1, .7: .2, .99: .3} {
		if got, in := s.Quantile(q); !close(got, want) || in.Open() != (q == .99) {
			t.Errorf("%g: %g in %+v, want %g", q, got, in, want)
		}
	}
}

// TestNativeOdd: what is no count is left out.
func TestNativeOdd(t *testing.T) {
	s := Native(&metrics.HistogramPoint{Buckets: []metrics.Bucket{
		{Lower: 0, Upper: 1, Count: math.NaN()},
		{Lower: 1, Upper: 2, Count: inf},
		{Lower: 2, Upper: 1, Count: 3},
		{Lower: math.NaN(), Upper: 1, Count: 3},
		{Lower: 2, Upper: 4, Count: -3},
		{Lower: -4, Upper: -2, Count: 1},
		{Lower: 4, Upper: 8, Count: 1},
	}}, 1)
	if got := fmt.Sprint(s); got != fmt.Sprint(Spread{{Lower: 0, Upper: 0, N: 1}, {Lower: 4, Upper: 8, N: 1, powers: true}}) {
		t.Error(got)
	}
}

func TestJoin(t *testing.T) {
	for _, c := range []struct {
		name string
		in   []Bucket
		want Spread
	}{
		{"nothing", nil, nil},
		{"same bounds", []Bucket{{Lower: 0, Upper: 1, N: 2}, {Lower: 0, Upper: 1, N: 3}}, Spread{{Lower: 0, Upper: 1, N: 5}}},
		{"side by side", []Bucket{{Lower: 1, Upper: 2, N: 3}, {Lower: 0, Upper: 1, N: 2}}, Spread{{Lower: 0, Upper: 1, N: 2}, {Lower: 1, Upper: 2, N: 3}}},
		{"one within another", []Bucket{{Lower: 0, Upper: 10, N: 1}, {Lower: 1, Upper: 2, N: 1}}, Spread{{Lower: 0, Upper: 10, N: 2, Coarse: true}}},
		{"crossing", []Bucket{{Lower: 0, Upper: 2, N: 1}, {Lower: 1, Upper: 3, N: 1}, {Lower: 3, Upper: 4, N: 1}}, Spread{{Lower: 0, Upper: 3, N: 2, Coarse: true}, {Lower: 3, Upper: 4, N: 1}}},
		{"to infinity", []Bucket{{Lower: 1, Upper: inf, N: 1}, {Lower: 10, Upper: inf, N: 1}, {Lower: 2, Upper: 5, N: 1}}, Spread{{Lower: 1, Upper: inf, N: 3, Coarse: true}}},
		{"no width", []Bucket{{Lower: 0, Upper: 0, N: 1}, {Lower: 0, Upper: 0, N: 1}, {Lower: 0, Upper: 1, N: 1}}, Spread{{Lower: 0, Upper: 0, N: 2}, {Lower: 0, Upper: 1, N: 1}}},
		{"empty ones", []Bucket{{Lower: 0, Upper: 1}, {Lower: 1, Upper: 2, N: math.NaN()}}, nil},
	} {
		if got := Join(slices.Clone(c.in)); fmt.Sprint(got) != fmt.Sprint(c.want) {
			t.Errorf("%s: %v, want %v", c.name, got, c.want)
		}
	}
}

// TestClassicOdd: what pages get wrong.
func TestClassicOdd(t *testing.T) {
	for _, c := range []struct {
		name   string
		bounds []Bound
		total  float64
		want   Spread
	}{
		{"unsorted, without the last", []Bound{{.5, 3}, {.1, 1}}, 5, Spread{{Lower: 0, Upper: .1, N: 1}, {Lower: .1, Upper: .5, N: 2}, {Lower: .5, Upper: inf, N: 2}}},
		{"a bound twice", []Bound{{.1, 1}, {.1, 1}, {inf, 2}}, 2, Spread{{Lower: 0, Upper: .1, N: 1}, {Lower: .1, Upper: inf, N: 1}}},
		{"falling", []Bound{{.1, 5}, {.5, 3}, {1, 7}, {inf, 6}}, 6, Spread{{Lower: 0, Upper: .1, N: 5}, {Lower: .5, Upper: 1, N: 2}}},
		{"below zero", []Bound{{-1, 2}, {0, 3}, {1, 4}, {inf, 4}}, 4, Spread{{Lower: 0, Upper: 0, N: 2}, {Lower: 0, Upper: 0, N: 1}, {Lower: 0, Upper: 1, N: 1}}},
		{"no number", []Bound{{.1, math.NaN()}, {.5, inf}, {inf, 4}}, 4, Spread{{Lower: .5, Upper: inf, N: 4}}},
		{"nothing", nil, 0, nil},
	} {
		if got := Classic(slices.Clone(c.bounds), c.total); fmt.Sprint(got) != fmt.Sprint(c.want) {
			t.Errorf("%s: %v, want %v", c.name, got, c.want)
		}
	}
	if s := Classic([]Bound{{inf, 3}}, 3); !s.Shapeless() {
		t.Errorf("%v has a shape", s)
	}
}

// TestSince takes an earlier state away, also where the resolution changed.
func TestSince(t *testing.T) {
	before := Spread{{Lower: 1, Upper: 1.5, N: 2}, {Lower: 1.5, Upper: 2, N: 3}}
	after := Spread{{Lower: 1, Upper: 2, N: 9}, {Lower: 4, Upper: 8, N: 1}}
	if got, want := fmt.Sprint(after.Since(before)), fmt.Sprint(Spread{{Lower: 1, Upper: 2, N: 4, Coarse: true}, {Lower: 4, Upper: 8, N: 1}}); got != want {
		t.Errorf("%s, want %s", got, want)
	}
	if got := before.Since(before); len(got) != 0 {
		t.Errorf("nothing was added: %v", got)
	}
	if len(before) != 2 || before[0].N != 2 {
		t.Errorf("it changed what it was given: %v", before)
	}
}

// TestOrder: however histograms of all kinds are merged, the answer is the same,
// no call is lost, and a quantile lies where the calls are.
func TestOrder(t *testing.T) {
	r := rand.New(rand.NewPCG(5, 6))
	for range 500 {
		var all []Spread
		total := 0.0
		for i := range 2 + r.IntN(6) {
			var s Spread
			if i%3 == 2 {
				_, p := nativeOf(r, int32(r.IntN(8)-2))
				s = Native(p, 1)
			} else {
				bounds := random(r, layouts[r.IntN(len(layouts))])
				s = Classic(bounds, 0)
			}
			total += s.Total()
			all = append(all, s)
		}
		whole := Join(slices.Concat(all...))
		r.Shuffle(len(all), func(i, j int) { all[i], all[j] = all[j], all[i] })
		var stepwise Spread
		for _, s := range all {
			stepwise = Join(slices.Concat(stepwise, s))
		}
		if fmt.Sprint(whole) != fmt.Sprint(stepwise) {
			t.Fatalf("at once %v, one by one %v", whole, stepwise)
		}
		if whole.Total() != total {
			t.Fatalf("%g calls of %g", whole.Total(), total)
		}
		if total == 0 {
			continue
		}
		last := 0.0
		for q := 0.0; q <= 1; q += .05 {
			v, in := whole.Quantile(q)
			if !(v >= last) || v < in.Lower || v > in.Upper || math.IsInf(v, 0) {
				t.Fatalf("%v at %g: %g, before it %g", whole, q, v, last)
			}
			last = v
		}
		scaled := slices.Clone(whole)
		for i := range scaled {
			scaled[i].N *= 7
		}
		for _, q := range []float64{.5, .95, .99} {
			a, _ := whole.Quantile(q)
			if b, _ := scaled.Quantile(q); !close(a, b) {
				t.Fatalf("%v at %g: %g, seven times as many %g", whole, q, a, b)
			}
		}
	}
}

func FuzzClassic(f *testing.F) {
	f.Add(0.1, 1.0, 0.5, 3.0, 5.0, 0.99)
	f.Add(math.NaN(), inf, -1.0, -5.0, math.NaN(), 0.5)
	f.Fuzz(func(t *testing.T, le1, n1, le2, n2, total, q float64) {
		if math.IsNaN(le1) || math.IsNaN(le2) || !(q >= 0 && q <= 1) {
			return // who reads pages leaves such bounds out
		}
		s := Classic([]Bound{{le1, n1}, {le2, n2}}, total)
		if !(s.Total() > 0) || math.IsInf(s.Total(), 0) {
			return
		}
		if v, _ := s.Quantile(q); !(v >= 0) || math.IsInf(v, 1) {
			t.Errorf("%v at %g: %g", s, q, v)
		}
	})
}
