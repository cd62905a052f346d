package widget_test

import (
	"fmt"
	"math"
	"math/rand/v2"
	"strings"
	"testing"
	"time"
	"unicode"

	"github.com/charmbracelet/x/ansi"

	"github.com/midwatch-cli/midwatch/tui/theme"
	"github.com/midwatch-cli/midwatch/tui/widget"
)

func plain() *theme.Theme { return theme.New(theme.Options{Colorless: true}) }

func drawn(l widget.Line, width int) string {
	var b strings.Builder
	widget.Write(&b, plain(), l, width)
	return ansi.Strip(b.String())
}

func TestLine(t *testing.T) {
	left, right := []widget.Span{{Text: "payment"}, {Text: " is down"}}, []widget.Span{{Text: "live"}}
	for _, tt := range []struct {
		line  widget.Line
		width int
		want  string
	}{
		{widget.Line{Left: left}, 40, "payment is down"},
		{widget.Line{Left: left}, 15, "payment is down"},
		{widget.Line{Left: left}, 10, "payment i…"},
		{widget.Line{Left: left}, 7, "paymen…"},
		{widget.Line{Left: left}, 1, "…"},
		{widget.Line{Left: left}, 0, ""},
		{widget.Line{Left: left, Right: right}, 20, "payment is down live"},
		{widget.Line{Left: left, Right: right}, 15, "payment i… live"},
		{widget.Line{Left: left, Right: right}, 10, "payment i…"},
		{widget.Line{Right: right}, 6, "  live"},
		{widget.Line{Left: left, Lit: true}, 20, "payment is down     "},
		{widget.Text(theme.Bad, "日本語"), 5, "日本…"},
		{widget.Text(theme.Bad, "日本語"), 4, "日…"},
		{widget.Text(theme.Bad, "\x1b[31mx\n"), 20, `\x1b[31mx `},
		{widget.Blank(), 5, ""},
	} {
		if got := drawn(tt.line, tt.width); got != tt.want {
			t.Errorf("%v on %d: %q, want %q", tt.line, tt.width, got, tt.want)
		}
	}
}

func TestWidth(t *testing.T) {
	for text, want := range map[string]int{"": 0, "payment": 7, "日本": 4, "✓": 1, "é": 1, "🚀": 2} {
		if got := widget.Width(text); got != want {
			t.Errorf("%q: %d, want %d", text, got, want)
		}
	}
}

// TestWidthOfEverySign: what is told at once is what the tables say.
func TestWidthOfEverySign(t *testing.T) {
	for r := rune(' '); r <= unicode.MaxRune; r++ {
		if s := "é" + string(r); unicode.IsPrint(r) && (widget.Width(string(r)) != ansi.StringWidthWc(string(r)) || widget.Width(s) != ansi.StringWidthWc(s)) {
			t.Fatalf("%U: %d, want %d", r, widget.Width(string(r)), ansi.StringWidthWc(string(r)))
		}
	}
}

// TestCutIsThatOfTheTables: what is cut without the tables of Unicode is cut as with
// them.
func TestCutIsThatOfTheTables(t *testing.T) {
	signs := []rune("ab 9é×─▇…日🚀\u0301\ufe0f\u200d\u00ad✓›")
	for seed := range uint64(20000) {
		r := rand.New(rand.NewPCG(seed, 3))
		text := make([]rune, r.IntN(8))
		for i := range text {
			text[i] = signs[r.IntN(len(signs)*(1+int(seed%2))/2)]
		}
		s, width, th := string(text), r.IntN(7), theme.New(theme.Options{ASCII: seed%3 == 0})
		sign := "…"
		if th.ASCII {
			sign = "~"
		}
		want := s
		if ansi.StringWidthWc(s) > width {
			want = ansi.TruncateWc(s, width, sign)
		}
		if width == 0 {
			want = ""
		}
		if got := widget.Cut(th, s, width); got != want {
			t.Fatalf("%q in %d columns: %q, want %q", s, width, got, want)
		}
	}
}

// TestLinesAreApart: who adds to a row changes no other.
func TestLinesAreApart(t *testing.T) {
	table := widget.Table{Columns: []widget.Column{{Name: "N"}}, Rows: 3, Height: 4, Row: func(i int) [][]widget.Span { return [][]widget.Span{cell(fmt.Sprint(i))} }}
	lines := table.Draw(plain(), 40)
	want := drawn(lines[2], 40)
	_ = append(lines[1].Left, widget.Span{Text: "a"}, widget.Span{Text: "b"}, widget.Span{Text: "c"})
	if got := drawn(lines[2], 40); got != want {
		t.Errorf("%q became %q", want, got)
	}
}

func cell(text string) []widget.Span { return []widget.Span{{Text: text}} }

// TestTableDrawsWhatIsSeen: rows that are not seen are not even asked for.
func TestTableDrawsWhatIsSeen(t *testing.T) {
	var asked []int
	table := widget.Table{
		Columns: []widget.Column{{Name: "N"}}, Rows: 5000, Top: 100, Cursor: 102, Height: 6,
		Row: func(i int) [][]widget.Span {
			asked = append(asked, i)
			return [][]widget.Span{cell(fmt.Sprint(i))}
		},
	}
	lines := table.Draw(plain(), 40)
	if fmt.Sprint(asked) != "[100 101 102 103 104]" || len(lines) != 6 {
		t.Errorf("asked for %v, drew %d lines", asked, len(lines))
	}
	if !lines[3].Lit || drawn(lines[3], 10) != "▌102      " {
		t.Errorf("the cursor is at %q", drawn(lines[3], 10))
	}
	table.Top, table.Rows = 0, 0
	if lines := table.Draw(plain(), 40); len(lines) != 1 {
		t.Errorf("an empty table has %d lines", len(lines))
	}
}

// TestColumnsGiveWay: the greatest Leave goes first, those that can be cut are cut
// before, and what stays is cut at the edge.
func TestColumnsGiveWay(t *testing.T) {
	table := widget.Table{
		Columns: []widget.Column{
			{Name: "NAME", Flex: true, Min: 6}, {Name: "RATE", Right: true, Leave: 1}, {Name: "WHY", Flex: true, Min: 8, Leave: 3}, {Name: "ZONE", Leave: 2},
		},
		Rows: 1, Cursor: -1, Height: 2,
		Row: func(int) [][]widget.Span {
			return [][]widget.Span{cell("payment-service"), cell("41/s"), cell("no answer in 2s"), cell("eu-1")}
		},
	}
	for width, want := range map[int]string{
		80: " payment-service  41/s  no answer in 2s  eu-1",
		42: " payment-service  41/s  no answer i…  eu-1",
		40: " payment-service  41/s  no answer…  eu-1",
		34: " payment-se…  41/s  no answ…  eu-1",
		29: " payme…  41/s  no answ…  eu-1",
		28: " payment-service  41/s  eu-1",
		26: " payment-serv…  41/s  eu-1",
		16: " payment-…  41/s",
		14: " paymen…  41/s",
		9:  " payment…",
		3:  " p…",
	} {
		lines := table.Draw(plain(), width)
		if got := drawn(lines[1], width); got != want {
			t.Errorf("%d columns:\n got %q\nwant %q", width, got, want)
		}
	}
}

func TestCursor(t *testing.T) {
	var c widget.Cursor[string]
	at := func(what, key string, row int) {
		t.Helper()
		if got, _ := c.Key(); got != key || c.Row != row {
			t.Errorf("%s: on %q, row %d; want %q, row %d", what, got, c.Row, key, row)
		}
	}
	c.Settle(nil, 3)
	if _, ok := c.Key(); ok {
		t.Error("on a key before there is one")
	}
	keys := []string{"a", "b", "c", "d", "e"}
	c.Settle(keys, 3)
	at("first", "a", 0)
	c.Move(3, keys, 3)
	at("moved", "d", 3)
	if c.Top != 1 {
		t.Errorf("seen from %d, want 1", c.Top)
	}
	c.Settle([]string{"d", "a", "b"}, 3)
	at("its row moved", "d", 0)
	c.Settle([]string{"a", "b"}, 3)
	if !c.Gone() || c.Row != 0 {
		t.Errorf("gone: %v, row %d", c.Gone(), c.Row)
	}
	c.Settle(nil, 3)
	c.Settle(keys, 3)
	at("back", "d", 3)
	c.Settle([]string{"a", "b"}, 3)
	c.Move(-1, []string{"a", "b"}, 3)
	c.Settle(keys, 3)
	at("moved while it was gone", "a", 0)
	c.On("e")
	c.Settle(keys, 2)
	at("put on", "e", 4)
	c.Move(1<<30, keys, 2)
	at("the end", "e", 4)
	c.Move(-1<<30, keys, 2)
	at("the top", "a", 0)
	c.Move(1, nil, 2)
	at("no rows", "a", 0)
}

func TestSpark(t *testing.T) {
	nan := math.NaN()
	for _, tt := range []struct {
		values []float64
		want   string
	}{
		{nil, "     "},
		{[]float64{0, 0}, "   ▁▁"},
		{[]float64{5, 5, 5, 5, 5}, "▄▄▄▄▄"},
		{[]float64{0, 0, 0, 0, 8}, "▁▁▁▁▇"},
		{[]float64{9, 9, nan, 0, 0, 0, 0}, " ▁▁▁▁"},
		{[]float64{nan, nan}, "     "},
	} {
		if got := widget.Spark(plain(), tt.values, 5); got != tt.want {
			t.Errorf("%v: %q, want %q", tt.values, got, tt.want)
		}
	}
	if got := widget.Spark(theme.New(theme.Options{ASCII: true}), []float64{0, 4, 8}, 3); got != "_:#" {
		t.Errorf("ASCII: %q", got)
	}
	if got := widget.Spark(plain(), []float64{1}, 0); got != "" {
		t.Errorf("no room: %q", got)
	}
}

// TestChart: the greatest number and 0 at the left, the times below; what is not
// there is a gap, by number and by time, and never a 0.
func TestChart(t *testing.T) {
	at := time.Date(2026, 1, 2, 3, 4, 0, 0, time.UTC)
	nan := math.NaN()
	chart := widget.Chart{Title: "rate", Width: 24, Height: 4, Value: func(v float64) string { return fmt.Sprint(v) }, Clock: func(t time.Time) string { return t.Format("04:05") }}
	for i, v := range []float64{4, 8, nan, 0, 1, 2} {
		if i >= 4 {
			at = at.Add(20 * time.Second) // nothing came for a while
		}
		chart.Times, chart.Values = append(chart.Times, at), append(chart.Values, v)
		at = at.Add(5 * time.Second)
	}
	draw := func(th *theme.Theme) string {
		var lines []string
		for _, l := range chart.Draw(th) {
			if got := drawn(l, 80); widget.Width(got) != chart.Width {
				t.Errorf("%d columns on %d: %q", widget.Width(got), chart.Width, got)
			}
			lines = append(lines, strings.TrimRight(drawn(l, 80), " "))
		}
		return strings.Join(lines, "\n")
	}
	for name, tt := range map[string]struct {
		th   *theme.Theme
		want string
	}{
		"blocks": {plain(), "        rate 2\n     10│   ▅\n      0│  ▆█ ▁    ▂    ▃\n        03:50      05:05"},
		"ASCII":  {theme.New(theme.Options{ASCII: true, Colorless: true}), "        rate 2\n     10│   =\n      0│  +# _    .    -\n        03:50      05:05"},
	} {
		if got := draw(tt.th); got != tt.want {
			t.Errorf("%s:\n%s\nwant\n%s", name, got, tt.want)
		}
	}
	for n := range 40 { // any size, with nothing and with one number
		for _, values := range [][]float64{nil, {nan}, {0}, {math.Inf(1)}} {
			chart.Width, chart.Height, chart.Values, chart.Times = 20+n, 4+n/4, values, make([]time.Time, len(values))
			if lines := chart.Draw(plain()); len(lines) != chart.Height {
				t.Errorf("%d lines on %d", len(lines), chart.Height)
			}
		}
	}
}
