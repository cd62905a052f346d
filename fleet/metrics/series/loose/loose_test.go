package loose_test

import (
	"fmt"
	"math"
	"math/rand/v2"
	"testing"

	"github.com/prometheus/prometheus/model/histogram"

	"github.com/midwatch-cli/midwatch/fleet/metrics/series/loose"
)

func histogramOf(r *rand.Rand, count float64) *histogram.FloatHistogram {
	h := &histogram.FloatHistogram{
		Schema: int32(r.IntN(3)), Count: count, Sum: count, ZeroThreshold: 0.01,
		PositiveSpans: []histogram.Span{{Offset: int32(r.IntN(3)), Length: 2}}, PositiveBuckets: []float64{count / 2, count / 2},
		NegativeSpans: []histogram.Span{}, NegativeBuckets: []float64{},
	}
	if r.IntN(10) == 0 {
		h.CounterResetHint = histogram.GaugeType
	}
	return h
}

// Whatever is packed meanwhile, a tail says what was added, in order, and a copy
// of it does not change.
func TestPackedOrNot(t *testing.T) {
	for seed := range uint64(30) {
		r := rand.New(rand.NewPCG(seed, 5))
		var tail loose.Tail
		var added []loose.Sample
		kind := 0
		for at := int64(1); at < 200; at++ {
			if r.IntN(15) == 0 {
				kind = r.IntN(3)
			}
			s := loose.Sample{At: at * 10, V: r.NormFloat64()}
			switch kind {
			case 1:
				s.V, s.H = 0, histogramOf(r, float64(at))
			case 2:
				s.V = float64(at)
			}
			kept := s
			if s.H != nil {
				kept.H = s.H.Copy()
			}
			added = append(added, kept)
			tail.Add(s, uint32(at))
			picture := tail
			if p, ok := tail.Ripe(); ok {
				p.Pack()
				tail.Replace(p)
			}
			check(t, &picture, added)
		}
		check(t, &tail, added)
		if tail.Len() != len(added) {
			t.Errorf("%d, not %d", tail.Len(), len(added))
		}
	}
}

func check(t *testing.T, tail *loose.Tail, want []loose.Sample) {
	t.Helper()
	got := tail.Read(nil, math.MinInt64, math.MaxInt64, math.MaxUint32)
	if len(got) != len(want) {
		t.Fatalf("%d samples, not %d", len(got), len(want))
	}
	for i := range got {
		g, w := got[i], want[i]
		if g.H != nil && w.H != nil { // a chunk may spell out empty buckets
			if gauge := w.H.CounterResetHint == histogram.GaugeType; gauge != (g.H.CounterResetHint == histogram.GaugeType) {
				t.Fatalf("%d: hint %v", i, g.H.CounterResetHint)
			}
			if i > 0 && g.H.CounterResetHint == histogram.NotCounterReset && (want[i-1].H == nil || w.H.DetectReset(want[i-1].H)) {
				t.Fatalf("%d: it does not go on", i)
			}
			g.H, w.H = g.H.Copy().Compact(0), w.H.Copy().Compact(0)
		}
		if g.At != w.At || !g.Same(w) {
			t.Fatalf("%d: %v %v, not %v %v", i, g, g.H, w, w.H)
		}
	}
}

func TestReadPart(t *testing.T) {
	var tail loose.Tail
	for at := int64(1); at <= 40; at++ {
		tail.Add(loose.Sample{At: at, V: float64(at)}, uint32(at))
		if p, ok := tail.Ripe(); ok {
			p.Pack()
			tail.Replace(p)
		}
	}
	got := ""
	for _, s := range tail.Read(nil, 14, 35, 33) {
		got += fmt.Sprint(s.V, " ")
	}
	if got != "14 15 16 17 18 19 20 21 22 23 24 25 26 27 28 29 30 31 32 33 " {
		t.Error(got)
	}
	if newest, some := tail.Newest(); newest != 40 || !some {
		t.Error(newest, some)
	}
}

func TestExpire(t *testing.T) {
	fill := func() *loose.Tail {
		var tail loose.Tail
		for at := int64(1); at <= 100; at++ {
			tail.Add(loose.Sample{At: at}, uint32(at))
			if p, ok := tail.Ripe(); ok {
				p.Pack()
				tail.Replace(p)
			}
		}
		return &tail
	}
	for _, c := range []struct {
		oldest                 int64
		most                   int
		expired, crowded, left int
	}{
		{0, 1000, 0, 0, 100},
		{16, 1000, 0, 0, 100},
		{17, 1000, 16, 0, 84},
		{50, 1000, 48, 0, 52},
		{101, 1000, 100, 0, 0},
		{0, 16, 0, 48, 52},
		{20, 16, 16, 32, 52},
	} {
		tail := fill()
		expired, crowded := tail.Expire(c.oldest, c.most)
		if expired != c.expired || crowded != c.crowded || tail.Len() != c.left {
			t.Errorf("%+v: %d, %d, %d", c, expired, crowded, tail.Len())
		}
	}
	var none loose.Tail
	if _, some := none.Newest(); some {
		t.Error("a sample in nothing")
	}
}
