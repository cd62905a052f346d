package render_test

import (
	"strings"
	"testing"
	"time"

	"github.com/mattn/go-runewidth"

	"github.com/midwatch-cli/midwatch/cmd/render"
	"github.com/midwatch-cli/midwatch/cmd/term"
	"github.com/midwatch-cli/midwatch/fleet"
	"github.com/midwatch-cli/midwatch/fleet/document/kinds"
)

// sample has a cell of every kind.
func sample() render.View {
	return render.View{
		Document: kinds.Schemas(at),
		Names:    []string{"order/order-1", "order/order-2"},
		Lead:     [][]render.Cell{{render.Text("two instances")}, {render.Said(fleet.Up, "order-1"), render.Said(fleet.Down, "order-2")}},
		Notes:    []string{"one is draining"},
		Hint:     "midwatch undrain order",
		Table: render.Table{
			Columns: []render.Column{
				{Name: "INSTANCE_ID"}, {Name: "STATUS"}, {Name: "CALLS", Right: true}, {Name: "SEEN"}, {Name: "LEASE"}, {Name: "ZONE", Wide: true}, {Name: "NOTHING"}, {Name: "NOTE", Flex: true},
			},
			Rows: []render.Row{
				{Cells: []render.Cell{
					render.Text("order-1"), render.Status(fleet.Up), render.Number(1204), render.Age(at.Add(-4 * time.Second)), render.Took(8 * time.Second),
					render.Text("a"), render.Text(""), render.Text("a note that is long enough to be broken on a terminal of eighty columns, and then again"),
				}},
				{Cells: []render.Cell{
					render.Text("order-2"), render.Status(fleet.Maintenance), render.Number(7), render.Age(time.Time{}), render.Took(0),
					render.Text(""), render.Text(""), render.Text("tab\there"),
				}, Under: []string{"waits    for 3 calls"}},
			},
		},
	}
}

func TestTable(t *testing.T) {
	for _, d := range devices {
		for _, f := range []render.Format{"", render.FormatWide} {
			io, out, errw := d.open()
			if err := render.Write(io, render.Options{Format: f, Now: at}, sample()); err != nil {
				t.Fatal(err)
			}
			golden(t, "table/"+d.name+"-"+string(f)+".txt", shown(out, errw))
		}
	}
}

func TestOffATerminal(t *testing.T) {
	io, out, errw := device{}.open()
	if err := render.Write(io, render.Options{Now: at}, sample()); err != nil {
		t.Fatal(err)
	}
	lines := strings.Split(strings.TrimSuffix(out.String(), "\n"), "\n")
	if len(lines) != 3 {
		t.Fatalf("got %d lines, want a header and every row:\n%s", len(lines), out)
	}
	if want := "INSTANCE_ID\tSTATUS\tCALLS\tSEEN\tLEASE\tNOTHING\tNOTE"; lines[0] != want {
		t.Errorf("header %q, want %q", lines[0], want)
	}
	if want := "order-2\tmaintenance\t7\t-\t-\t-\ttab here"; lines[2] != want {
		t.Errorf("row %q, want %q", lines[2], want)
	}
	if got := strings.Split(lines[1], "\t")[3]; got != "2026-01-02T03:04:01.678Z" {
		t.Errorf("a time is %q, want an absolute one", got)
	}
	if got := errw.String(); got != "one is draining\nhint: midwatch undrain order\n" {
		t.Errorf("standard error holds %q", got)
	}
}

func TestNoHeaders(t *testing.T) {
	for _, d := range devices {
		io, out, _ := d.open()
		if err := render.Write(io, render.Options{Now: at, NoHeaders: true}, sample()); err != nil {
			t.Fatal(err)
		}
		if strings.Contains(out.String(), "INSTANCE") {
			t.Errorf("%s: names of columns are there:\n%s", d.name, out)
		}
	}
}

func TestNamesAreNeverCut(t *testing.T) {
	long := strings.Repeat("very-long-name-", 10)
	v := render.View{Table: render.Table{
		Columns: []render.Column{{Name: "SERVICE"}, {Name: "WHY", Flex: true}, {Name: "ALSO", Flex: true}},
		Rows:    []render.Row{{Cells: []render.Cell{render.Text(long), render.Text("x " + long), render.Text(strings.Repeat("word ", 100))}}},
	}}
	io, out, _ := device{width: 40}.open()
	if err := render.Write(io, render.Options{}, v); err != nil {
		t.Fatal(err)
	}
	if strings.Count(out.String(), long) != 2 {
		t.Errorf("a name was cut:\n%s", out)
	}
	if !strings.Contains(out.String(), "…") {
		t.Errorf("nothing says that text was cut:\n%s", out)
	}
	io, out, _ = device{width: 40}.open()
	if err := render.Write(io, render.Options{Format: render.FormatWide}, v); err != nil {
		t.Fatal(err)
	}
	if got := strings.Count(out.String(), "word"); got != 100 {
		t.Errorf("wide shows %d words of 100", got)
	}
}

func TestSeveralFlexibleColumnsShareTheTerminal(t *testing.T) {
	v := render.View{Table: render.Table{
		Columns: []render.Column{{Name: "A"}, {Name: "B", Flex: true}, {Name: "C", Flex: true}, {Name: "STATUS"}},
		Rows: []render.Row{
			{Cells: []render.Cell{render.Text("a"), render.Text(strings.Repeat("b ", 60)), render.Text("short enough"), render.Status(fleet.Down)}},
			{Cells: []render.Cell{render.Text("a"), render.Text("b"), render.Text("c"), render.Status(fleet.Up)}},
		},
	}}
	io, out, _ := device{width: 60, color: true}.open()
	if err := render.Write(io, render.Options{}, v); err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(plain(out.String())) {
		if w := runewidth.StringWidth(strings.TrimRight(line, "\n")); w > 60 {
			t.Errorf("%d columns: %q", w, line)
		}
	}
	if !strings.Contains(out.String(), "\x1b[31m✗ down\x1b[0m") || !strings.Contains(out.String(), "\x1b[32m✓ up\x1b[0m") {
		t.Errorf("a status behind a broken column has no colour:\n%s", out)
	}
}

// plain takes colours away.
func plain(s string) string {
	for _, c := range []string{"31", "32", "33", "34", "35", "0"} {
		s = strings.ReplaceAll(s, "\x1b["+c+"m", "")
	}
	return s
}

func TestColourOnlyUnderlines(t *testing.T) {
	for _, sc := range scenes() {
		write := func(color bool) string {
			io, out, _ := device{width: 100, color: color}.open()
			if err := render.Verdict(io, render.Options{Now: at}, judged(sc.snap, sc.rules)); err != nil {
				t.Fatal(err)
			}
			return out.String()
		}
		if with, without := write(true), write(false); plain(with) != without {
			t.Errorf("%s: colour changes more than colour:\n%q\n%q", sc.name, with, without)
		} else if with == without && sc.name != "missing" {
			t.Errorf("%s: no colour", sc.name)
		}
	}
}

func TestWideCharactersStayAligned(t *testing.T) {
	names := []string{"plain", "日本語サービス", "émile", "e\u0301mile", "😀", "ＦＵＬＬ", "·…→"}
	tb := render.Table{Columns: []render.Column{{Name: "SERVICE"}, {Name: "MARK"}}}
	for _, n := range names {
		tb.Rows = append(tb.Rows, render.Row{Cells: []render.Cell{render.Text(n), render.Text("|")}})
	}
	io, out, _ := device{width: 80}.open()
	if err := render.Write(io, render.Options{}, render.View{Table: tb}); err != nil {
		t.Fatal(err)
	}
	want := -1
	for i, line := range strings.Split(strings.TrimSuffix(out.String(), "\n"), "\n")[1:] {
		before, _, _ := strings.Cut(line, "|")
		w := wide(before)
		if want < 0 {
			want = w
		}
		if w != want {
			t.Errorf("%s: the mark stands in column %d, want %d", names[i], w, want)
		}
	}
}

func TestDuration(t *testing.T) {
	for d, want := range map[time.Duration]string{
		0:                              "0 s",
		400 * time.Microsecond:         "0.4 ms",
		210 * time.Millisecond:         "210 ms",
		2 * time.Second:                "2 s",
		2345 * time.Millisecond:        "2.3 s",
		40 * time.Second:               "40 s",
		72 * time.Second:               "1 m 12 s",
		5 * time.Minute:                "5 m",
		3*time.Hour + 5*time.Minute:    "3 h 5 m",
		3*time.Hour + 5*time.Second:    "3 h",
		100 * time.Hour:                "4 d",
		-72 * time.Second:              "-1 m 12 s",
		59*time.Second + 900*1000*1000: "1 m",
		9*time.Second + 990*1000*1000:  "10 s",
		999*time.Millisecond + 999999:  "1 s",
	} {
		if got := term.Duration(d); got != want {
			t.Errorf("%v: got %q, want %q", int64(d), got, want)
		}
	}
}

func TestTimesNameTheirZone(t *testing.T) {
	v := render.View{Table: render.Table{Columns: []render.Column{{Name: "AT"}}, Rows: []render.Row{{Cells: []render.Cell{render.Age(at)}}}}}
	io, out, _ := device{width: 80}.open()
	if err := render.Write(io, render.Options{UTC: true}, v); err != nil {
		t.Fatal(err)
	}
	if got := out.String(); got != "AT\n2026-01-02 03:04:05 UTC\n" {
		t.Errorf("got %q", got)
	}
}

func TestNothingToShow(t *testing.T) {
	v := sample()
	v.Table.Rows = nil
	for _, d := range devices {
		io, out, _ := d.open()
		if err := render.Write(io, render.Options{}, v); err != nil {
			t.Fatal(err)
		}
		header := strings.Contains(out.String(), "INSTANCE_ID")
		if header != (d.width == 0) {
			t.Errorf("%s: an empty table is\n%s", d.name, out)
		}
	}
}

func TestQuietWritesNothing(t *testing.T) {
	for _, f := range render.Formats(true) {
		io, out, errw := device{}.open()
		io.Quiet = true
		if err := render.Verdict(io, render.Options{Format: f}, judged(broken(), scenes()[1].rules)); err != nil {
			t.Fatal(err)
		}
		if err := render.Write(io, render.Options{Format: f}, sample()); err != nil {
			t.Fatal(err)
		}
		if err := render.Line(io, render.Options{}, 1); err != nil || out.Len()+errw.Len() > 0 {
			t.Errorf("%s: %v, wrote %q %q", f, err, out, errw)
		}
	}
}
