package record_test

import (
	"errors"
	"fmt"
	"math"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/midwatch-cli/midwatch/fleet/metrics"
	"github.com/midwatch-cli/midwatch/fleet/record"
	"github.com/midwatch-cli/midwatch/fleet/record/line"
)

// sampled writes the definitions of some series.
func sampled(w *record.Writer, n int) {
	var labels []metrics.Labels
	for i := range n {
		labels = append(labels, metrics.NewLabels("__name__", "requests_total", "path", fmt.Sprint(i)))
	}
	first := w.Series(nil, labels)
	s := line.Samples{T: start.UnixMilli()}
	for i := range n {
		s.Points = append(s.Points, line.Sample{Series: first + uint64(i), V: float64(i)})
	}
	w.Samples(s)
}

// sink keeps what it is handed, as name@time=value.
type sink struct {
	names []string
	got   []string
	err   error
}

func (s *sink) Series(l line.Series) error {
	for _, labels := range l.Labels {
		s.names = append(s.names, labels.Get("n"))
	}
	return s.err
}

func (s *sink) Samples(l line.Samples) error {
	for _, p := range l.Points {
		s.got = append(s.got, fmt.Sprintf("%s@%d=%v", s.names[p.Series], l.T-start.UnixMilli(), p.V))
	}
	return s.err
}

// writeSamples makes a recording of passes with samples of a few series, some
// of which come later, and returns all that was sampled with the pass it belongs
// to.
func writeSamples(t *testing.T, name string, n int) (path string, want [][]string) {
	t.Helper()
	path = filepath.Join(t.TempDir(), name)
	w, err := record.Create(path, line.Header{Contexts: []string{""}, Start: start, Metrics: true}, false)
	if err != nil {
		t.Fatal(err)
	}
	names := []string{}
	for i, p := range passes(n, 8, "") {
		if i%20 == 0 {
			names = append(names, fmt.Sprint("s", i))
			if first := w.Series(nil, []metrics.Labels{metrics.NewLabels("n", names[len(names)-1])}); first != uint64(len(names)-1) {
				t.Fatalf("its number is %d", first)
			}
		}
		at := p.Snapshot.At.UnixMilli()
		s := line.Samples{T: at}
		var of []string
		for j, name := range names {
			v := float64(j)
			if j%2 == 0 {
				v = float64(i / 3)
			}
			s.Points = append(s.Points, line.Sample{Series: uint64(j), V: v})
			of = append(of, fmt.Sprintf("%s@%d=%v", name, at-start.UnixMilli(), v))
		}
		w.Samples(s)
		want = append(want, of)
		if err := w.Pass(p); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(start, ""); err != nil {
		t.Fatal(err)
	}
	return path, want
}

// TestSamplesFromAnyTime: what was sampled after a time and up to a pass is
// handed over, once, values that were not written again too.
func TestSamplesFromAnyTime(t *testing.T) {
	for _, name := range []string{"a" + record.Extension, "a.jsonl"} {
		path, want := writeSamples(t, name, 150)
		r := open(t, path)
		for _, from := range []int{-1, 0, 10, 59, 60, 61, 100, 148} {
			after := start
			if from >= 0 {
				after = r.Place(from).At
			}
			s, err := r.Sampler(after)
			if err != nil {
				t.Fatal(err)
			}
			into := &sink{}
			for _, to := range []int{0, 0, 65, 20, 149} {
				if err := s.Read(to, into); err != nil {
					t.Fatal(err)
				}
				var expected []string
				for n := from + 1; n <= max(to, 0); n++ {
					expected = append(expected, want[n]...)
				}
				if to == 20 { // it was read further already
					continue
				}
				if strings.Join(into.got, " ") != strings.Join(expected, " ") {
					t.Fatalf("after %d up to %d: got %d, want %d", from, to, len(into.got), len(expected))
				}
			}
			s.Close()
		}
	}
}

func TestSinksThatFail(t *testing.T) {
	path, _ := writeSamples(t, "a.jsonl", 3)
	r := open(t, path)
	s, err := r.Sampler(time.Time{})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	full := errors.New("full")
	err = s.Read(2, &sink{err: full})
	var e *record.Error
	if !errors.Is(err, full) || !errors.As(err, &e) || e.Line != 2 {
		t.Errorf("%v", err)
	}
}

// TestSeriesInOrder: numbers are given one after the other.
func TestSeriesInOrder(t *testing.T) {
	path, _ := writeSamples(t, "a.jsonl", 3)
	text := strings.Replace(string(content(t, path)), `"first":0`, `"first":1`, 1)
	r := open(t, file(t, []byte(text)))
	s, err := r.Sampler(time.Time{})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	if err := s.Read(2, &sink{}); err == nil || !strings.Contains(err.Error(), "series 1 and on are defined where 0 is the next") {
		t.Errorf("%v", err)
	}
}

// TestSpecialValues go through a file.
func TestSpecialValues(t *testing.T) {
	path := filepath.Join(t.TempDir(), "a.jsonl")
	w, err := record.Create(path, line.Header{}, false)
	if err != nil {
		t.Fatal(err)
	}
	want := []float64{math.NaN(), line.Stale(), math.Inf(-1), 0, math.Copysign(0, -1)}
	w.Series(nil, make([]metrics.Labels, len(want)))
	s := line.Samples{T: 7}
	for i, v := range want {
		s.Points = append(s.Points, line.Sample{Series: uint64(i), V: v})
	}
	w.Samples(s)
	w.Samples(s)
	if err := errors.Join(w.Pass(passes(1, 1, "")[0]), w.Close(start, "")); err != nil {
		t.Fatal(err)
	}
	r := open(t, path)
	d, err := r.Sampler(time.Time{})
	if err != nil {
		t.Fatal(err)
	}
	defer d.Close()
	var got collected
	if err := d.Read(0, &got); err != nil || len(got) != 2*len(want) {
		t.Fatalf("%v, %v", got, err)
	}
	for i, v := range got {
		if math.Float64bits(v) != math.Float64bits(want[i%len(want)]) {
			t.Errorf("%d: %x, want %x", i, math.Float64bits(v), math.Float64bits(want[i%len(want)]))
		}
	}
}

type collected []float64

func (c *collected) Series(line.Series) error { return nil }
func (c *collected) Samples(s line.Samples) error {
	for _, p := range s.Points {
		*c = append(*c, p.V)
	}
	return nil
}
