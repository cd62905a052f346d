package chart_test

import (
	"flag"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/mattn/go-runewidth"

	"github.com/midwatch-cli/midwatch/cmd/render/chart"
	"github.com/midwatch-cli/midwatch/fleet/metrics"
)

var update = flag.Bool("update", false, "write the golden files")

var start = time.Date(2026, 1, 2, 3, 4, 0, 0, time.UTC)

// wave is a line of n points, every so many seconds.
func wave(n, seconds int, f func(part float64) float64) chart.Line {
	var l chart.Line
	for i := range n {
		l = append(l, metrics.Point{T: start.Add(time.Duration(i*seconds) * time.Second).UnixMilli(), V: f(float64(i) / float64(n-1))})
	}
	return l
}

func options(width, height int) chart.Options {
	return chart.Options{Width: width, Height: height, Start: start, End: start.Add(5 * time.Minute), Zone: time.UTC}
}

func TestGolden(t *testing.T) {
	up := wave(21, 15, func(p float64) float64 { return 40 + 30*math.Sin(7*p) })
	steep := wave(301, 1, func(p float64) float64 { return 100 * p })
	gap := wave(5, 15, func(float64) float64 { return 1234567 })
	gap = append(gap, metrics.Point{T: start.Add(4 * time.Minute).UnixMilli(), V: 1234999})
	ascii := options(60, 6)
	ascii.ASCII = true
	for _, c := range []struct {
		name  string
		lines []chart.Line
		o     chart.Options
	}{
		{"one", []chart.Line{up}, options(80, 8)},
		{"two", []chart.Line{up, steep}, options(80, 8)},
		{"upon-each-other", []chart.Line{up, up, steep}, options(80, 8)},
		{"ascii", []chart.Line{up}, ascii},
		{"ascii-two", []chart.Line{up, steep}, ascii},
		{"gap", []chart.Line{gap}, options(60, 6)},
		{"nothing", []chart.Line{wave(21, 15, func(float64) float64 { return 0 })}, options(60, 6)},
		{"below", []chart.Line{wave(21, 15, func(p float64) float64 { return -0.05 - p/100 })}, options(60, 6)},
		{"small", []chart.Line{up}, options(10, 1)},
	} {
		got := strings.Join(chart.Draw(c.lines, c.o), "\n") + "\n"
		path := filepath.Join("testdata", c.name+".txt")
		if *update {
			if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
				t.Fatal(err)
			}
		}
		want, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		if got != string(want) {
			t.Errorf("%s (-update writes it):\n%s\nwant\n%s", path, got, want)
		}
	}
}

func TestNothingToDraw(t *testing.T) {
	for name, lines := range map[string][]chart.Line{
		"no line": nil, "no point": {nil},
		"no number": {wave(3, 15, func(p float64) float64 { return []float64{math.NaN(), math.Inf(1), math.Inf(-1)}[int(2*p)] })},
	} {
		if rows := chart.Draw(lines, options(80, 8)); rows != nil {
			t.Errorf("%s: drew %q", name, rows)
		}
	}
}

// TestAPeakStays: of many points in a column the odd one is not smoothed away.
func TestAPeakStays(t *testing.T) {
	for _, peak := range []float64{100, -100} {
		l := wave(3001, 1, func(float64) float64 { return 1 })
		l[1501].V = peak
		o := options(60, 8)
		o.End = start.Add(3000 * time.Second)
		rows := chart.Draw([]chart.Line{l}, o)
		edge := rows[0]
		if peak < 0 {
			edge = rows[len(rows)-3] // above the axis of time
		}
		if strings.Count(edge, "╮")+strings.Count(edge, "╭")+strings.Count(edge, "╰")+strings.Count(edge, "╯") < 2 {
			t.Errorf("%v is lost:\n%s", peak, strings.Join(rows, "\n"))
		}
	}
}

// TestOnlyPartOfTheTime: points before and after it are left out.
func TestOnlyPartOfTheTime(t *testing.T) {
	l := wave(61, 15, func(p float64) float64 { return p })
	o := options(60, 8)
	o.Start, o.End = start.Add(5*time.Minute), start.Add(10*time.Minute)
	rows := chart.Draw([]chart.Line{l}, o)
	if text := strings.Join(rows, "\n"); !strings.Contains(text, "03:09:00") || !strings.Contains(text, "03:14:00") {
		t.Error(text)
	}
	o.Start, o.End = start.Add(time.Hour), start.Add(2*time.Hour)
	if rows := chart.Draw([]chart.Line{l}, o); len(rows) == 0 || strings.ContainsAny(strings.Join(rows, ""), "╭╰╶╴") {
		t.Errorf("drew what is not there:\n%s", strings.Join(rows, "\n"))
	}
}

func TestMark(t *testing.T) {
	var marks string
	for i := range 6 {
		marks += chart.Mark(i, 6)
	}
	if marks != "*o+x" || chart.Mark(0, 1) != "" {
		t.Errorf("%q, and %q for a single one", marks, chart.Mark(0, 1))
	}
	line := wave(3, 60, math.Sqrt)
	text := strings.Join(chart.Draw([]chart.Line{line, line, line, line, line, line}, options(80, 4)), "\n")
	for _, m := range "*o+x" {
		if !strings.ContainsRune(text, m) {
			t.Errorf("%c is not seen:\n%s", m, text)
		}
	}
}

func TestSpark(t *testing.T) {
	nan := math.NaN()
	for _, c := range []struct {
		values      []float64
		width       int
		want, ascii string
	}{
		{[]float64{1, 2, 3, 4, 5, 6, 7, 8}, 20, "▁▂▃▄▅▆▇█", "_.,-=+*#"},
		{[]float64{300, 301, 299, 300}, 20, "▄▄▄▄", "----"},
		{[]float64{0, 0, 0}, 20, "▁▁▁", "___"},
		{[]float64{5}, 20, "▄", "-"},
		{[]float64{nan, 1, nan, 2}, 20, " ▁ █", " _ #"},
		{[]float64{nan, nan}, 20, "  ", "  "},
		{[]float64{math.Inf(1), 1, math.Inf(-1)}, 20, " ▄ ", " - "},
		{[]float64{-1, 1}, 20, "▁█", "_#"},
		{[]float64{math.MaxFloat64, -math.MaxFloat64}, 20, "█▁", "#_"},
		{[]float64{1, 1, 9, 1, 1, 1}, 3, "▁█▁", "_#_"},
		{[]float64{1, 2}, 0, "▄", "-"},
		{nil, 5, "", ""},
	} {
		if got := chart.Spark(c.values, c.width, false); got != c.want {
			t.Errorf("%v: %q, want %q", c.values, got, c.want)
		}
		if got := chart.Spark(c.values, c.width, true); got != c.ascii {
			t.Errorf("%v: %q, want %q", c.values, got, c.ascii)
		}
	}
}

func TestNumber(t *testing.T) {
	for v, want := range map[float64]string{
		0: "0", 1: "1", 0.012345: "0.01235", 41.25: "41.25", 1234: "1234", 9999.4: "9999", 9999.6: "10k", 12345: "12.35k", 999960: "1M", 1e6: "1M",
		123456789: "123.5M", 1e13: "10T", 1e15: "1e+15", 1e-5: "1e-05", -3.14159: "-3.142", 0.1: "0.1", 99.999: "100", 1.0 / 3: "0.3333",
		math.Inf(1): "+Inf", math.Inf(-1): "-Inf",
	} {
		if got := chart.Number(v); got != want {
			t.Errorf("%v: %q, want %q", v, got, want)
		}
	}
	if got := chart.Number(math.NaN()); got != "NaN" {
		t.Errorf("NaN: %q", got)
	}
}

// FuzzDraw: whatever the numbers and the room, there is a chart that fits and
// has nothing in it that a terminal could obey.
func FuzzDraw(f *testing.F) {
	f.Add(1.0, 2.0, 3.0, int16(80), int16(8), int32(15000), false)
	f.Add(-1e308, 1e308, math.Inf(1), int16(0), int16(-3), int32(0), true)
	f.Add(5e-324, 1e-320, 0.0, int16(200), int16(50), int32(1), false)
	f.Add(1e300, 1.0000000001e300, math.NaN(), int16(31), int16(3), int32(-60000), false)
	f.Fuzz(func(t *testing.T, a, b, c float64, width, height int16, step int32, ascii bool) {
		var lines []chart.Line
		for i, v := range []float64{a, b, c} {
			var l chart.Line
			for j := range 4 {
				l = append(l, metrics.Point{T: start.UnixMilli() + int64(j)*int64(step), V: v * float64(1+j*i)})
			}
			lines = append(lines, l)
		}
		o := options(int(width), min(int(height), 100))
		o.ASCII = ascii
		for _, row := range chart.Draw(lines, o) {
			if n := runewidth.StringWidth(row); n > max(int(width), 30)+1 {
				t.Errorf("%d columns in the room of %d: %q", n, width, row)
			}
			if strings.ContainsFunc(row, func(r rune) bool { return r < ' ' || ascii && r >= utf8.RuneSelf }) {
				t.Errorf("%q", row)
			}
		}
		for _, v := range []float64{a, b, c} {
			if n := len(chart.Number(v)); n > 10 {
				t.Errorf("%v takes %d columns: %s", v, n, chart.Number(v))
			}
		}
		if n := utf8.RuneCountInString(chart.Spark([]float64{a, b, c}, 10, ascii)); n != 3 {
			t.Errorf("%d bars of 3", n)
		}
	})
}
