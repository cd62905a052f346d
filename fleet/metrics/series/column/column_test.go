package column_test

import (
	"encoding/binary"
	"math"
	"math/rand/v2"
	"testing"

	"github.com/prometheus/prometheus/model/value"

	"github.com/midwatch-cli/midwatch/fleet/metrics/series/column"
)

var (
	absent = math.Float64frombits(column.Absent)
	held   = math.Float64frombits(column.Held)
	stale  = math.Float64frombits(value.StaleNaN)
	nan    = math.Float64frombits(value.NormalNaN)
)

func TestRoundTrip(t *testing.T) {
	for _, c := range []struct {
		name   string
		values []float64
		bytes  int // at most
	}{
		{"nothing", nil, 1},
		{"absent", []float64{absent, absent, absent}, 0},
		{"constant", []float64{7, 7, 7, 7, 7, 7, 7, 7}, 2},
		{"zero", []float64{0, 0, 0}, 2},
		{"minus zero", []float64{math.Copysign(0, -1), math.Copysign(0, -1)}, 9},
		{"zeros of both signs", []float64{0, math.Copysign(0, -1), 0}, 12},
		{"constant fraction", []float64{0.1, 0.1, 0.1, 0.1}, 9},
		{"a counter", []float64{1e6, 1e6 + 3, 1e6 + 5, 1e6 + 10, 1e6 + 10, 1e6 + 12, 1e6 + 12, 1e6 + 20}, 10},
		{"a steady counter", []float64{100, 110, 120, 130, 140, 150, 160, 170}, 5},
		{"a reset", []float64{1000, 1010, 0, 10}, 10},
		{"down", []float64{5, 4, 3, -2}, 6},
		{"fractions", []float64{0.5, 0.25, 0.75, 0.5}, 13},
		{"large", []float64{1 << 53, 1<<53 + 2, 1e300, -1e300}, 36},
		{"the largest whole", []float64{1<<53 - 1, -(1<<53 - 1), 1<<53 - 1}, 34},
		{"infinities", []float64{math.Inf(1), 1, math.Inf(-1), nan}, 36},
		{"not a number", []float64{nan, nan, nan}, 9},
		{"ends", []float64{1, 2, 3, stale, absent, absent, absent, absent}, 8},
		{"held", []float64{held, held, held, held}, 2},
		{"mixed", []float64{absent, 1, held, 2, stale, 3, absent}, 8},
		{"only an end", []float64{stale, absent}, 2},
		{"all bits", []float64{math.Float64frombits(1), math.Float64frombits(1 << 63), math.Float64frombits(math.MaxUint64)}, 30},
	} {
		packed := column.Append([]byte("before"), c.values)[6:]
		if len(packed) > c.bytes {
			t.Errorf("%s: %d bytes", c.name, len(packed))
		}
		same(t, c.name, packed, c.values)
	}
}

func same(t *testing.T, name string, packed []byte, want []float64) {
	t.Helper()
	got := make([]float64, len(want))
	if !column.Read(packed, got) {
		t.Errorf("%s: cannot be read", name)
	}
	for i := range want {
		if math.Float64bits(got[i]) != math.Float64bits(want[i]) {
			t.Errorf("%s: place %d: %v, not %v", name, i, got[i], want[i])
		}
	}
}

// Whole numbers of every size, and every width of bits.
func TestWidths(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	for n := 1; n <= column.Max; n += 3 {
		for width := range 64 {
			values, counts := make([]float64, n), make([]float64, n)
			for i := range values {
				values[i] = math.Float64frombits(r.Uint64() >> width &^ (1 << 62))
				counts[i] = float64(int64(r.Uint64()>>(width/6+11)) - 1<<51)
			}
			same(t, "bits", column.Append(nil, values), values)
			same(t, "counts", column.Append(nil, counts), counts)
		}
	}
}

func FuzzRoundTrip(f *testing.F) {
	for _, seed := range [][]float64{{1, 2, 3}, {absent, stale, held, nan}, {0.1, 0.2}, {1 << 53, -5}} {
		var b []byte
		for _, v := range seed {
			b = binary.LittleEndian.AppendUint64(b, math.Float64bits(v))
		}
		f.Add(b)
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		var values []float64
		for ; len(data) >= 8 && len(values) < column.Max; data = data[8:] {
			values = append(values, math.Float64frombits(binary.LittleEndian.Uint64(data)))
		}
		same(t, "fuzz", column.Append(nil, values), values)
	})
}

// Whatever the bytes are, reading them ends without harm.
func FuzzRead(f *testing.F) {
	f.Add([]byte{}, uint8(3))
	f.Add(column.Append(nil, []float64{1, 2, 4, absent, stale}), uint8(5))
	f.Add(column.Append(nil, []float64{0.1, 0.2, 0.4}), uint8(64))
	f.Fuzz(func(_ *testing.T, data []byte, n uint8) {
		column.Read(data, make([]float64, n))
	})
}

func BenchmarkAppend(b *testing.B) {
	for name, values := range columns() {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			var dst []byte
			for b.Loop() {
				dst = column.Append(dst[:0], values)
			}
			b.ReportMetric(float64(len(dst))/float64(len(values)), "B/value")
		})
	}
}

func BenchmarkRead(b *testing.B) {
	for name, values := range columns() {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			packed := column.Append(nil, values)
			into := make([]float64, len(values))
			for b.Loop() {
				column.Read(packed, into)
			}
		})
	}
}

func columns() map[string][]float64 {
	r := rand.New(rand.NewPCG(3, 4))
	constant, counter, sum := make([]float64, 16), make([]float64, 16), make([]float64, 16)
	for i := range 16 {
		constant[i] = 12
		counter[i], sum[i] = 123_456, 1234.5
		if i > 0 {
			counter[i], sum[i] = counter[i-1]+float64(r.IntN(100)), sum[i-1]+r.Float64()
		}
	}
	return map[string][]float64{"constant": constant, "counter": counter, "sum": sum}
}
