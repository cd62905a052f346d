package widget_test

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/charmbracelet/x/ansi"

	"github.com/midwatch-cli/midwatch/tui/theme"
	"github.com/midwatch-cli/midwatch/tui/widget"
)

// texts are what services are called and say, and nobody should.
func texts() []string {
	return []string{
		"", "a", "payment", " two words ", strings.Repeat("x", 300), "日本語サービス", strings.Repeat("日", 40), "e\u0301\u0301", "\u0301", "👩‍👩‍👧‍👦", "🏳️‍🌈 x",
		"\x1b[31mred\x1b[0m", "\u009b2J", "\u202egnp.exe", "a\u200bb", "a\nb\tc", "\xff\xfe", "שלום", "✓ ✗ – … ›", "ﷺ", "─│┌",
	}
}

func random(r *rand.Rand) []widget.Span {
	all := make([]widget.Span, r.IntN(5))
	for i := range all {
		all[i] = widget.Span{Text: texts()[r.IntN(len(texts()))], Tone: theme.Tone(r.IntN(11))}
	}
	return all
}

func themes() []*theme.Theme {
	return []*theme.Theme{theme.New(theme.Options{}), theme.New(theme.Options{Colorless: true}), theme.New(theme.Options{ASCII: true}), theme.New(theme.Options{ASCII: true, Colorless: true, Light: true})}
}

// shown is a line as a terminal shows it.
func shown(th *theme.Theme, l widget.Line, width int) string {
	var b strings.Builder
	widget.Write(&b, th, l, width)
	return ansi.Strip(b.String())
}

// TestAnyLineFits: a line is never wider than there is room for, a lit one fills it;
// what is cut says so, and in ASCII everything is ASCII.
func TestAnyLineFits(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	for n := range 6000 {
		th := themes()[n%4]
		l := widget.Line{Left: random(r), Right: random(r), Lit: r.IntN(2) == 0}
		width := r.IntN(90)
		got := shown(th, l, width)
		w := ansi.StringWidthWc(got)
		whole := widget.SpansWidth(th, l.Left)
		switch {
		case w > width:
			t.Fatalf("%d columns on %d: %q", w, width, got)
		case l.Lit && w != width:
			t.Fatalf("lit, %d columns of %d: %q", w, width, got)
		case strings.ContainsAny(got, "\x1b\n\r\t\a\u009b\u202e\u200b"):
			t.Fatalf("%q is obeyed", got)
		case th.ASCII && strings.ContainsFunc(got, func(r rune) bool { return r > '~' }):
			t.Fatalf("%q is no ASCII", got)
		case whole > width && width > 0 && len(l.Right) == 0 && !strings.ContainsAny(got, "…~"):
			t.Fatalf("%d columns cut to %d, and it is not seen: %q", whole, width, got)
		}
	}
}

// TestCutIsBeginning: what is cut is the beginning of the text, as much of it as
// there is room for but for a wide character, and a sign.
func TestCutIsBeginning(t *testing.T) {
	for _, th := range themes() {
		for _, text := range texts() {
			text = th.Text(text)
			for width := range 50 {
				got := widget.Cut(th, text, width)
				w := widget.Width(got)
				if w > width {
					t.Errorf("%q in %d: %q takes %d", text, width, got, w)
				}
				if widget.Width(text) <= width && width > 0 {
					if got != text {
						t.Errorf("%q has room in %d and is %q", text, width, got)
					}
					continue
				}
				if kept := strings.TrimRight(got, "…~"); !strings.HasPrefix(text, kept) || width > 0 && w < width-1 && !strings.Contains(text, "\u200d") {
					t.Errorf("%q in %d: %q", text, width, got)
				}
			}
		}
	}
}

// TestAnyTable: whatever stands in a table and however wide the screen is, each line
// fits, the names stand above their columns, what must not leave does not, and the
// rows are those from the first that is seen on.
func TestAnyTable(t *testing.T) {
	for seed := range uint64(100) {
		r := rand.New(rand.NewPCG(seed, 3))
		columns := make([]widget.Column, 1+r.IntN(6))
		for c := range columns {
			columns[c] = widget.Column{Name: fmt.Sprint("C", c), Right: r.IntN(3) == 0, Min: r.IntN(12), Flex: r.IntN(2) == 0, Leave: r.IntN(6), Wide: r.IntN(4) == 0, Sort: widget.Sort(r.IntN(3))}
		}
		columns[0].Leave = 0
		cells, rows := map[[2]int][]widget.Span{}, r.IntN(30)
		for i := range rows {
			for c := range columns {
				cells[[2]int{i, c}] = random(r)
			}
		}
		table := widget.Table{
			Columns: columns, Rows: rows, Cursor: r.IntN(rows+1) - 1, Height: r.IntN(12), Row: func(i int) [][]widget.Span {
				row := make([][]widget.Span, len(columns))
				for c := range columns {
					row[c] = slices.Clone(cells[[2]int{i, c}])
				}
				return row
			},
		}
		if rows > 0 {
			table.Top = r.IntN(rows)
		}
		if r.IntN(2) == 0 {
			table.Marked = func(i int) bool { return i%2 == 0 }
		}
		for _, th := range themes() {
			width := r.IntN(140)
			lines := table.Draw(th, width)
			if width == 0 || table.Height == 0 {
				if len(lines) != 0 {
					t.Fatalf("seed %d: lines without room", seed)
				}
				continue
			}
			if want := 1 + max(0, min(rows-table.Top, table.Height-1)); len(lines) != want {
				t.Fatalf("seed %d: %d lines, want %d", seed, len(lines), want)
			}
			for i, l := range lines {
				if w := ansi.StringWidthWc(shown(th, l, width)); w > width {
					t.Fatalf("seed %d: %d columns on %d", seed, w, width)
				}
				if lit := i > 0 && table.Top+i-1 == table.Cursor; l.Lit != lit {
					t.Fatalf("seed %d: row %d is lit: %v", seed, i, l.Lit)
				}
			}
			for x := -2; x < width+3; x++ {
				if c, ok := table.At(th, width, x); ok && (c < 0 || c >= len(columns) || x >= width) {
					t.Fatalf("seed %d: column %d at %d", seed, c, x)
				}
			}
		}
	}
}

// TestCursorSticks: against a list that is told by hand: the cursor is on its key for
// as long as that is there, takes it back when it returns, and is always seen.
func TestCursorSticks(t *testing.T) {
	for seed := range uint64(300) {
		r := rand.New(rand.NewPCG(seed, 4))
		var c widget.Cursor[int]
		keys, want, known := []int{}, 0, false
		for range 120 {
			height := r.IntN(9) - 1
			switch r.IntN(6) {
			case 0:
				keys = r.Perm(r.IntN(20))
				c.Settle(keys, height)
			case 1:
				by := []int{-1, 1, 5, -5, 1 << 30, -1 << 30}[r.IntN(6)]
				c.Move(by, keys, height)
				if len(keys) > 0 {
					want, known = keys[c.Row], true
				}
			case 2:
				c.Scroll(r.IntN(13)-6, keys, height)
				if len(keys) > 0 && !c.Gone() {
					want, known = keys[c.Row], true
				}
			case 3:
				want, known = r.IntN(20), true
				c.On(want)
				c.Settle(keys, height)
			default:
				if len(keys) > 0 {
					at := r.IntN(len(keys))
					keys = slices.Delete(slices.Clone(keys), at, at+1)
				}
				c.Settle(keys, height)
			}
			if !known && len(keys) > 0 {
				c.Settle(keys, height)
				want, known = keys[c.Row], true
			}
			at := slices.Index(keys, want)
			switch {
			case len(keys) == 0:
				continue
			case c.Row < 0 || c.Row >= len(keys):
				t.Fatalf("seed %d: row %d of %d", seed, c.Row, len(keys))
			case at >= 0 && (c.Row != at || c.Gone()):
				t.Fatalf("seed %d: on row %d, and %d is in %d", seed, c.Row, want, at)
			case at < 0 && !c.Gone():
				t.Fatalf("seed %d: %d is not there, and is said to be", seed, want)
			case c.Top < 0 || c.Row < c.Top || c.Row >= c.Top+max(height, 1):
				t.Fatalf("seed %d: row %d is not seen: %d from %d", seed, c.Row, height, c.Top)
			}
		}
	}
}

// numbers are what no metric should be.
func numbers() []float64 {
	return []float64{math.NaN(), math.Inf(1), math.Inf(-1), 0, -1, -1e300, 1e-320, 1e-9, 1, 2, 5, 41, 1e300, math.MaxFloat64, math.MaxFloat64}
}

// TestSparkOfAnything: as many columns as there are, a blank where there is no
// number, whatever the others are; what is without end hides none of the others.
func TestSparkOfAnything(t *testing.T) {
	r := rand.New(rand.NewPCG(5, 5))
	for _, th := range themes() {
		for range 600 {
			values := make([]float64, r.IntN(30))
			for i := range values {
				values[i] = numbers()[r.IntN(len(numbers()))]
			}
			width := r.IntN(20)
			got := []rune(widget.Spark(th, values, width))
			if len(got) != width {
				t.Fatalf("%d columns, want %d", len(got), width)
			}
			for i := range width {
				at := len(values) - width + i
				blank := at < 0 || math.IsNaN(values[at]) || math.IsInf(values[at], 0)
				if (got[i] == ' ') != blank {
					t.Fatalf("%v in %d: %q at %d", values, width, string(got), i)
				}
			}
		}
	}
	if got := widget.Spark(themes()[0], []float64{1, 4, math.Inf(1), 4}, 4); got != "▂▅ ▅" {
		t.Errorf("beside what has no end: %q", got)
	}
}

// TestChartOfAnything: so many lines of so many columns, whatever was measured and
// whenever; a time without a number has no bar, and the scale is one.
func TestChartOfAnything(t *testing.T) {
	for seed := range uint64(200) {
		r := rand.New(rand.NewPCG(seed, 6))
		n := r.IntN(40)
		c := widget.Chart{
			Title: texts()[r.IntN(len(texts()))], Width: 20 + r.IntN(60), Height: 4 + r.IntN(5), Value: func(v float64) string { return fmt.Sprint(v) },
			Clock: func(at time.Time) string { return at.Format("15:04:05") }, Tone: theme.Trend,
		}
		at := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
		none := true
		for range n {
			at = at.Add([]time.Duration{0, time.Second, time.Second, -time.Hour, 1 << 62}[r.IntN(5)])
			v := numbers()[r.IntN(len(numbers()))]
			none = none && (math.IsNaN(v) || math.IsInf(v, 0))
			c.Times, c.Values = append(c.Times, at), append(c.Values, v)
		}
		for _, th := range themes() {
			lines := c.Draw(th)
			if len(lines) != c.Height {
				t.Fatalf("seed %d: %d lines of %d", seed, len(lines), c.Height)
			}
			for i, l := range lines {
				if w := widget.SpansWidth(th, l.Left); w != c.Width {
					t.Fatalf("seed %d: line %d has %d columns of %d: %q", seed, i, w, c.Width, l.Words(th))
				}
				if none && i > 0 && i < c.Height-1 && strings.TrimSpace(l.Left[2].Text) != "" {
					t.Fatalf("seed %d: bars of nothing: %q", seed, l.Left[2].Text)
				}
			}
			if scale := lines[1].Words(th); strings.Contains(scale, "Inf") || strings.Contains(scale, "NaN") {
				t.Fatalf("seed %d: the scale is %q", seed, scale)
			}
		}
	}
}

// FuzzWrite: no text, however odd, makes a line wider than it may be.
func FuzzWrite(f *testing.F) {
	for i, text := range texts() {
		f.Add(text, texts()[len(texts())-1-i], i*3)
	}
	f.Fuzz(func(t *testing.T, left, right string, width int) {
		width = max(0, width%200)
		for _, th := range themes() {
			l := widget.Line{Left: []widget.Span{{Text: left}, {Text: right, Tone: theme.Bad}}, Right: []widget.Span{{Text: right}}, Lit: width%2 == 0}
			if got := shown(th, l, width); ansi.StringWidthWc(got) > width {
				t.Errorf("%q, %q in %d: %q", left, right, width, got)
			}
			if got := widget.Say(th, l); strings.ContainsAny(got, "\x1b\n\r\a") {
				t.Errorf("said: %q", got)
			}
			if got := l.Words(th); strings.ContainsAny(got, "\x1b\n\r\a") || strings.HasSuffix(got, " ") {
				t.Errorf("in words: %q", got)
			}
		}
	})
}
