package render_test

import (
	"fmt"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/mattn/go-runewidth"
	"github.com/olekukonko/tablewriter/pkg/twwidth"

	"github.com/midwatch-cli/midwatch/cmd/render"
	"github.com/midwatch-cli/midwatch/cmd/term"
	"github.com/midwatch-cli/midwatch/fleet"
)

// drawing is what a table looks like on a device, line by line.
func drawing(t *testing.T, d device, o render.Options, tb render.Table) []string {
	t.Helper()
	io, out, _ := d.open()
	if err := render.Write(io, o, render.View{Table: tb}); err != nil {
		t.Fatal(err)
	}
	return strings.Split(strings.TrimSuffix(out.String(), "\n"), "\n")
}

// eastAsian is set in the process in which ambiguous characters are wide.
const eastAsian = "RUNEWIDTH_EASTASIAN"

// wide is how many columns a text takes: by another measure than the layout's,
// but where only the layout's knows how the locale was read.
func wide(s string) int {
	if os.Getenv(eastAsian) != "" {
		return twwidth.Width(s)
	}
	return runewidth.StringWidth(s)
}

// texts makes a row of plain cells.
func texts(cells ...string) render.Row {
	var r render.Row
	for _, c := range cells {
		r.Cells = append(r.Cells, render.Text(c))
	}
	return r
}

// TestEveryWidth: whatever the width, columns begin below each other, names stay
// whole, no words are lost with -o wide, and nothing is wider than the terminal
// unless the names alone are.
func TestEveryWidth(t *testing.T) {
	why := []string{
		"no answer in 2 s", strings.Repeat("word ", 60), "日本語 サービス は 応答 しま せん " + strings.Repeat("待機 ", 30), strings.Repeat("e\u0301a\u0308 ", 50), "",
	}
	tb := render.Table{Columns: []render.Column{{Tight: true}, {Name: "NAME"}, {Name: "N", Right: true}, {Name: "WHY", Flex: true}, {Name: "MORE", Flex: true}}}
	for i, w := range why {
		tb.Rows = append(tb.Rows, render.Row{Cells: []render.Cell{
			render.Sign(fleet.Down), render.Text(fmt.Sprint("svc-", i)), render.Number(i * 99), render.Text(w), render.Text(why[len(why)-1-i]),
		}})
	}
	for _, width := range []int{40, 60, 80, 120, 200} {
		for _, f := range []render.Format{render.FormatTable, render.FormatWide} {
			lines := drawing(t, device{width: width}, render.Options{Format: f}, tb)
			head := lines[0]
			at := map[string]int{}
			for _, c := range []string{"NAME", "WHY", "MORE"} {
				at[c] = wide(head[:strings.Index(head, c)])
			}
			for i, line := range lines {
				// Two flexible columns of 20 at least beside 19 columns of names.
				if w := wide(line); w > max(width, 61) {
					t.Errorf("width %d, %s, line %d: %d columns: %q", width, f, i, w, line)
				}
				for c, col := range at {
					if before := cell(line, col-1, col); strings.TrimSpace(before) != "" {
						t.Errorf("width %d, %s, line %d: column %s has no gap before it: %q", width, f, i, c, line)
					}
				}
				if strings.Contains(line, "svc-") {
					if n := cell(line, at["NAME"]+7, at["WHY"]-2); strings.HasSuffix(n, " ") {
						t.Errorf("width %d: a number does not stand at the right: %q", width, line)
					}
				}
			}
			if f == render.FormatWide {
				if n := strings.Count(strings.Join(lines, "\n"), "word"); n != 120 {
					t.Errorf("width %d: %d words of 120", width, n)
				}
			}
		}
	}
}

// cell is the part of a line between two columns of the terminal.
func cell(line string, from, to int) string {
	var b strings.Builder
	at := 0
	for _, r := range line {
		w := wide(string(r))
		if at >= from && at+w <= to && w > 0 {
			b.WriteRune(r)
		}
		at += w
	}
	return b.String()
}

// TestDotsFitTheColumn: the dots that say that text was cut once stood two
// columns behind the edge of the terminal.
func TestDotsFitTheColumn(t *testing.T) {
	for width := 30; width < 60; width++ {
		for word := 1; word < 9; word++ {
			tb := render.Table{Columns: []render.Column{{Name: "A"}, {Name: "B", Flex: true}}, Rows: []render.Row{texts("a", strings.Repeat(strings.Repeat("x", word)+" ", 200))}}
			lines := drawing(t, device{width: width}, render.Options{}, tb)
			if len(lines) != 4 || !strings.HasSuffix(lines[3], " …") {
				t.Fatalf("width %d: %q", width, lines)
			}
			for _, l := range lines {
				if w := wide(l); w > width {
					t.Errorf("width %d, words of %d: %d columns: %q", width, word, w, l)
				}
			}
		}
	}
}

func TestKindsOfColumns(t *testing.T) {
	tb := render.Table{
		Columns: []render.Column{{Tight: true}, {Name: "ID"}, {Name: "EMPTY"}, {Name: "FLEX", Flex: true}, {Name: "CALLS", Right: true}, {Name: "EXTRA", Wide: true}, {Name: "RAW", Plain: true}, {Name: "TIGHT", Tight: true}, {Name: "END"}},
		Rows: []render.Row{
			{Cells: []render.Cell{render.Sign(fleet.Up), render.Text("a"), render.Text(""), render.Text(""), render.Number(7), render.Text("x"), render.Text("r"), render.Text("t"), render.Text("e")}},
			{Cells: []render.Cell{render.Sign(fleet.Unknown), render.Text("bb"), render.Text(""), render.Text("f"), render.Number(1204), render.Text(""), render.Text(""), render.Text(""), render.Text("")}},
		},
	}
	for _, c := range []struct {
		d    device
		o    render.Options
		want string
	}{
		{device{width: 80}, render.Options{}, "  ID  FLEX  CALLS  TIGHT END\n✓ a             7  t     e\n? bb  f      1204  –     –"},
		{device{width: 80}, render.Options{Format: render.FormatWide}, "  ID  FLEX  CALLS  EXTRA  TIGHT END\n✓ a             7  x      t     e\n? bb  f      1204  –      –     –"},
		{device{width: 80, ascii: true}, render.Options{NoHeaders: true}, "+ a         7  t e\n? bb  f  1204  - -"},
		{device{}, render.Options{}, "ID\tEMPTY\tFLEX\tCALLS\tRAW\tTIGHT\tEND\na\t-\t-\t7\tr\tt\te\nbb\t-\tf\t1204\t-\t-\t-"},
		{device{}, render.Options{Format: render.FormatWide, NoHeaders: true}, "a\t-\t-\t7\tx\tr\tt\te\nbb\t-\tf\t1204\t-\t-\t-\t-"},
	} {
		if got := strings.Join(drawing(t, c.d, c.o, tb), "\n"); got != c.want {
			t.Errorf("%+v %+v: got\n%s\nwant\n%s", c.d, c.o, got, c.want)
		}
	}
}

func TestLinesBelowARow(t *testing.T) {
	tb := render.Table{Columns: []render.Column{{Name: "A"}, {Name: "B", Flex: true}}, Rows: []render.Row{texts("a", strings.Repeat("word ", 8)), texts("b", "c")}}
	tb.Rows[0].Under = []string{"blocks    x, y", "and\nmore"}
	want := "A  B\na  word word word word word word\n   word word\n    blocks    x, y\n    and more\nb  c"
	if got := strings.Join(drawing(t, device{width: 36}, render.Options{}, tb), "\n"); got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
	if got := drawing(t, device{}, render.Options{}, tb); len(got) != 3 {
		t.Errorf("off a terminal a row is a line: %q", got)
	}
}

// TestMarksOfManyKindsStayAligned: combining marks, wide characters and emoji
// take the room that the layout thinks they take. Of clusters (flags, skins) no two
// terminals think alike.
func TestMarksOfManyKindsStayAligned(t *testing.T) {
	names := []string{"plain", "e\u0301\u0323", "日本", "ｶﾀｶﾅ", "한글", "नमस्ते", "❤\ufe0f", "👍", "1\ufe0f\u20e3", "👨\u200d👩", "ไทย", "עברית", "\u202eevil", "a\tb", "…·–→"}
	for _, d := range []device{{width: 80}, {width: 80, ascii: true}} {
		tb := render.Table{Columns: []render.Column{{Name: "NAME"}, {Name: "STATUS"}, {Name: "WHY", Flex: true}}}
		for _, n := range names {
			tb.Rows = append(tb.Rows, render.Row{Cells: []render.Cell{render.Text(n), render.Status(fleet.Down), render.Text(n)}})
		}
		lines := drawing(t, d, render.Options{}, tb)
		at := wide(lines[0][:strings.Index(lines[0], "STATUS")])
		for i, line := range lines[1:] {
			if got := wide(line[:strings.Index(line, " down")-len("x")]); strings.Contains(line, "x down") && got != at {
				t.Errorf("%q: the status stands in column %d, want %d", names[i], got, at)
			}
			if before, _, ok := strings.Cut(line, "✗"); ok && wide(before) != at {
				t.Errorf("%q: the status stands in column %d, want %d", names[i], wide(before), at)
			}
		}
	}
}

// TestEastAsianTerminal: where the locale makes ambiguous characters wide, our own
// signs are, and columns stay below each other. The width tables are read when a
// process starts, so it is another process that looks.
func TestEastAsianTerminal(t *testing.T) {
	if os.Getenv(eastAsian) != "" {
		if runewidth.StringWidth("·") != 2 {
			t.Fatal("the locale was not heeded")
		}
		t.Run("marks", TestMarksOfManyKindsStayAligned)
		t.Run("characters", TestWideCharactersStayAligned)
		t.Run("widths", TestEveryWidth)
		return
	}
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), self, "-test.run=^TestEastAsianTerminal$")
	cmd.Env = append(os.Environ(), eastAsian+"=1", "LC_ALL=ja_JP.UTF-8")
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Errorf("%v:\n%s", err, out)
	}
}

// TestColourOfCellsBehindWideText: colour is put on by place; the place is right
// behind text of any width.
func TestColourOfCellsBehindWideText(t *testing.T) {
	for _, name := range []string{"a", "日本語", "e\u0301e\u0301", "👍", "down", "✗ down"} {
		tb := render.Table{Columns: []render.Column{{Name: "N"}, {Name: "S"}, {Name: "W"}, {Name: "WHY", Flex: true}}}
		tb.Rows = []render.Row{{Cells: []render.Cell{render.Text(name), render.Status(fleet.Down), render.Word(fleet.Maintenance), render.Text("down")}}}
		got := drawing(t, device{width: 80, color: true}, render.Options{}, tb)[1]
		if !strings.HasPrefix(got, name+" ") || !strings.HasSuffix(got, "  \x1b[31m✗ down\x1b[0m  \x1b[34mmaintenance\x1b[0m  down") {
			t.Errorf("%s: %q", name, got)
		}
	}
}

func TestDurationsAtTheirBounds(t *testing.T) {
	for _, c := range []struct {
		d    time.Duration
		want string
	}{
		{1, "0.0 ms"},
		{50 * time.Microsecond, "0.1 ms"},
		{949 * time.Microsecond, "0.9 ms"},
		{time.Millisecond, "1 ms"},
		{1500 * time.Microsecond, "2 ms"},
		{999*time.Millisecond + 400*time.Microsecond, "999 ms"},
		{999*time.Millisecond + 500*time.Microsecond, "1 s"},
		{1049 * time.Millisecond, "1 s"},
		{1050 * time.Millisecond, "1.1 s"},
		{9949 * time.Millisecond, "9.9 s"},
		{9950 * time.Millisecond, "9.9 s"},
		{10 * time.Second, "10 s"},
		{59400 * time.Millisecond, "59 s"},
		{59900 * time.Millisecond, "1 m"},
		{60 * time.Second, "1 m"},
		{61 * time.Second, "1 m 1 s"},
		{59*time.Minute + 59*time.Second, "59 m 59 s"},
		{59*time.Minute + 59500*time.Millisecond, "1 h"},
		{time.Hour + 59*time.Second, "1 h"},
		{time.Hour + time.Minute, "1 h 1 m"},
		{23*time.Hour + 59*time.Minute + 59*time.Second, "23 h 59 m"},
		{24 * time.Hour, "1 d"},
		{36 * time.Hour, "1 d"},
		{48 * time.Hour, "2 d"},
		{1<<63 - 1, "106751 d"},
		{-1 << 63, "-106751 d"},
		{-500 * time.Millisecond, "-500 ms"},
	} {
		if got := term.Duration(c.d); got != c.want {
			t.Errorf("%d ns: got %q, want %q", int64(c.d), got, c.want)
		}
	}
}

// TestTheLeastDuration: it has no counterpart above zero; turning it round once
// never ended.
func TestTheLeastDuration(t *testing.T) {
	if got := term.Duration(time.Time{}.Sub(at)); got != "-106751 d" {
		t.Errorf("got %q", got)
	}
}

func TestAges(t *testing.T) {
	zone := time.FixedZone("IST", 5*3600+1800)
	for _, c := range []struct {
		name     string
		at       time.Time
		now      time.Time
		utc      bool
		tty, off string
	}{
		{"a moment ago", at.Add(-59900 * time.Millisecond), at, false, "1 m", "2026-01-02T03:03:05.778Z"},
		{"now", at, at, false, "0 s", "2026-01-02T03:04:05.678Z"},
		{"to come", at.Add(time.Hour), at, false, "0 s", "2026-01-02T04:04:05.678Z"},
		{"never", time.Time{}, at, false, "–", "-"},
		{"36 hours", at.Add(-36 * time.Hour), at, false, "1 d", "2025-12-31T15:04:05.678Z"},
		{"of another zone", at.In(zone), at, false, "0 s", "2026-01-02T03:04:05.678Z"},
		{"no clock", at.In(zone), time.Time{}, true, "2026-01-02 03:04:05 UTC", "2026-01-02T03:04:05.678Z"},
		{"long gone", time.Unix(0, 0), at, false, "20455 d", "1970-01-01T00:00:00.000Z"},
	} {
		tb := render.Table{Columns: []render.Column{{Name: "X"}, {Name: "SEEN"}}, Rows: []render.Row{{Cells: []render.Cell{render.Text("x"), render.Age(c.at)}}, {Cells: []render.Cell{render.Text("x"), render.Age(at)}}}}
		o := render.Options{Now: c.now, UTC: c.utc, NoHeaders: true}
		if got := drawing(t, device{width: 80}, o, tb)[0]; got != "x  "+c.tty {
			t.Errorf("%s, on a terminal: %q, want %q", c.name, got, c.tty)
		}
		if got := drawing(t, device{}, o, tb)[0]; got != "x\t"+c.off {
			t.Errorf("%s: %q, want %q", c.name, got, c.off)
		}
	}
}

func TestTookOffATerminalIsSeconds(t *testing.T) {
	for d, want := range map[time.Duration]string{
		0: "-", 1: "0.000000001", 210 * time.Millisecond: "0.21", 2 * time.Second: "2", time.Hour: "3600", -time.Second: "-1", 1500 * time.Microsecond: "0.0015",
	} {
		tb := render.Table{Columns: []render.Column{{Name: "TOOK"}}, Rows: []render.Row{{Cells: []render.Cell{render.Took(d)}}}}
		if got := drawing(t, device{}, render.Options{NoHeaders: true}, tb)[0]; got != want {
			t.Errorf("%v: %q, want %q", d, got, want)
		}
	}
}

// TestSpareColumns: where a terminal is too narrow spare columns are left out,
// the highest first, and -o wide keeps them all.
func TestSpareColumns(t *testing.T) {
	tb := render.Table{
		Columns: []render.Column{{Name: "NAME"}, {Name: "FIRST", Spare: 1}, {Name: "SECOND", Spare: 2}, {Name: "WHY", Flex: true}},
		Rows:    []render.Row{texts("payment", "1", "2", strings.Repeat("word ", 10))},
	}
	for _, tt := range []struct {
		width int
		wide  bool
		want  string
	}{
		{80, false, "NAME FIRST SECOND WHY"},
		{44, false, "NAME FIRST SECOND WHY"},
		{43, false, "NAME FIRST WHY"},
		{35, false, "NAME WHY"},
		{10, false, "NAME WHY"},
		{10, true, "NAME FIRST SECOND WHY"},
	} {
		o := render.Options{}
		if tt.wide {
			o.Format = render.FormatWide
		}
		lines := drawing(t, device{width: tt.width}, o, tb)
		if got := strings.Join(strings.Fields(lines[0]), " "); got != tt.want {
			t.Errorf("at %d, wide %v: %s, want %s", tt.width, tt.wide, got, tt.want)
		}
		for _, line := range lines {
			if w := wide(line); w > tt.width && tt.width > 30 {
				t.Errorf("at %d: %d columns: %q", tt.width, w, line)
			}
		}
	}
}
