// Package spread merges histograms of durations, whatever their buckets, and
// reads quantiles from what they come to.
//
// Classic histograms are read as Prometheus' BucketQuantile reads them, native
// ones as its HistogramQuantile does
// (https://prometheus.io/docs/prometheus/latest/querying/functions/#histogram_quantile).
package spread

import (
	"cmp"
	"math"
	"slices"

	"github.com/midwatch-cli/midwatch/fleet/metrics"
)

// Bucket is a stretch of durations in seconds, above Lower up to Upper, and how
// many calls took that long.
type Bucket struct {
	Lower, Upper, N float64
	// Coarse says that it was made of buckets with other bounds.
	Coarse bool

	powers bool // of a native histogram: calls are spread by powers within it
}

// Open says that the bucket has no end.
func (b *Bucket) Open() bool { return math.IsInf(b.Upper, 1) }

// Spread is how long calls took: buckets that are not empty, sorted, none over
// another. Between them there was no call. So how many calls took at most so
// long is known for every duration that is not inside a bucket, and histograms
// of different layouts, classic and native, are merged on what is known of all
// of them. The order of merging does not matter.
type Spread []Bucket

// Join makes a spread of the buckets of several histograms: where buckets
// overlap, one is made of them. It reorders what it is given, and keeps it.
func Join(all []Bucket) Spread {
	slices.SortFunc(all, func(a, b Bucket) int {
		return cmp.Or(cmp.Compare(a.Lower, b.Lower), cmp.Compare(a.Upper, b.Upper), cmp.Compare(a.N, b.N))
	})
	out := all[:0]
	for _, b := range all {
		if n := len(out); n > 0 {
			last := &out[n-1]
			same := b.Lower == last.Lower && b.Upper == last.Upper
			if same || b.Lower < last.Upper {
				last.Coarse = last.Coarse || b.Coarse || !same
				last.Upper, last.N, last.powers = max(last.Upper, b.Upper), last.N+b.N, last.powers && b.powers
				continue
			}
		}
		out = append(out, b)
	}
	return slices.DeleteFunc(out, func(b Bucket) bool { return !(b.N > 0) })
}

// Since is what was added to a histogram after an earlier state of it.
func (s Spread) Since(before Spread) Spread {
	all := slices.Clone(s)
	for _, b := range before {
		b.N = -b.N
		all = append(all, b)
	}
	return Join(all)
}

// Bound is one series of a classic histogram: how many calls took at most LE
// seconds.
type Bound struct{ LE, N float64 }

// Classic makes a spread of one histogram's series, which it reorders. Where
// counts fall while bounds grow, what is below counts; where the highest bound
// is missing, total does.
func Classic(bounds []Bound, total float64) Spread {
	slices.SortFunc(bounds, func(a, b Bound) int { return cmp.Or(cmp.Compare(a.LE, b.LE), cmp.Compare(a.N, b.N)) })
	if n := len(bounds); n == 0 || !math.IsInf(bounds[n-1].LE, 1) {
		bounds = append(bounds, Bound{math.Inf(1), total})
	}
	var s Spread
	lower, below := 0.0, 0.0
	for _, b := range bounds {
		if b.N > below && finite(b.N) {
			s = append(s, Bucket{Lower: min(lower, max(b.LE, 0)), Upper: max(b.LE, 0), N: b.N - below})
			below = b.N
		}
		lower = max(b.LE, 0)
	}
	return s
}

// Native makes a spread of a native histogram, whose bounds are in a unit of so
// many seconds.
func Native(h *metrics.HistogramPoint, unit float64) Spread {
	s := make(Spread, 0, len(h.Buckets))
	for _, b := range h.Buckets {
		if b.Count > 0 && finite(b.Count) && b.Lower <= b.Upper {
			s = append(s, Bucket{Lower: max(b.Lower, 0) * unit, Upper: max(b.Upper, 0) * unit, N: b.Count, powers: exponential(b.Lower, b.Upper)})
		}
	}
	return Join(s)
}

// exponential says whether bounds are those of a native histogram that made them
// itself: each is the one before times 2 to the power of 2^-n, n from -4 to 8.
func exponential(lower, upper float64) bool {
	if lower <= 0 || math.IsInf(upper, 1) {
		return false
	}
	n := -math.Log2(math.Log2(upper / lower))
	return math.Abs(n-math.Round(n)) < 1e-6 && n > -4.5 && n < 8.5
}

// Total is how many calls there were.
func (s Spread) Total() float64 {
	var n float64
	for _, b := range s {
		n += b.N
	}
	return n
}

// Shapeless says that no bound is known but infinity.
func (s Spread) Shapeless() bool { return len(s) == 1 && s[0].Lower <= 0 && s[0].Open() }

// Quantile is the duration that a share q of the calls did not exceed, and the
// bucket that it is in. Within it calls are spread evenly, or by powers. Where
// the bucket is open it is its lower bound: it was exceeded. There must be a
// call.
func (s Spread) Quantile(q float64) (float64, Bucket) {
	rank, below := q*s.Total(), 0.0
	for i, b := range s {
		if below += b.N; below < rank && i < len(s)-1 {
			continue
		}
		share := min(max((rank-(below-b.N))/b.N, 0), 1)
		switch {
		case b.Open():
			return b.Lower, b
		case b.powers:
			return b.Lower * math.Pow(b.Upper/b.Lower, share), b
		}
		return b.Lower + (b.Upper-b.Lower)*share, b
	}
	return 0, Bucket{}
}

func finite(v float64) bool { return !math.IsNaN(v) && !math.IsInf(v, 0) }
