package exposition_test

import (
	"bytes"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"

	"github.com/midwatch-cli/midwatch/fleet/metrics/scrape/exposition"
)

const text = "text/plain; version=0.0.4"

// decode reads a page that must be readable.
func decode(t *testing.T, d *exposition.Decoder, v *book, page string) exposition.Report {
	t.Helper()
	v.lines, v.news = nil, 0
	report, err := d.Decode([]byte(page), text, v.everAt, v)
	if err != nil || len(v.unhappy) > 0 {
		t.Fatalf("%q: %v, %v", page, err, v.unhappy)
	}
	if report.Samples != len(v.lines) {
		t.Errorf("%q: %d samples, said to be %d", page, len(v.lines), report.Samples)
	}
	return report
}

// TestAgain: whatever changes between two pages, the second says what it would
// have said alone, and only what is new in it is named.
func TestAgain(t *testing.T) {
	const base = "# HELP a x\n# TYPE a counter\na{i=\"1\"} 1\na{i=\"2\"} 2\n# TYPE h histogram\nh_bucket{le=\"1\"} 3\nh_bucket{le=\"+Inf\"} 4\nh_sum 1.5\nh_count 4\n"
	for name, c := range map[string]struct {
		page string
		news int
	}{
		"the same":            {base, 0},
		"other values":        {strings.NewReplacer(" 1\n", " 17\n", " 1.5\n", " 1.25e3\n", " 4\n", " NaN\n").Replace(base), 0},
		"longer":              {base + "z 1\n", 1},
		"one more, first":     {"z 1\n" + base, 1},
		"one more, within":    {strings.Replace(base, "a{i=\"2\"}", "a{i=\"3\"} 3\na{i=\"2\"}", 1), 1},
		"one less":            {strings.Replace(base, "a{i=\"1\"} 1\n", "", 1), 0},
		"the other way":       {"h_count 4\nh_sum 1\na{i=\"2\"} 2\na{i=\"1\"} 1\n", 2}, // of another type now
		"without comments":    {"a{i=\"1\"} 1\na{i=\"2\"} 2\n", 0},
		"another help":        {strings.Replace(base, "# HELP a x", "# HELP a another", 1), 0},
		"without last end":    {strings.TrimSuffix(base, "\n"), 0},
		"with times":          {strings.ReplaceAll(base, "\na", "\n a") + "t 1 1700000000000\n", 3},
		"with one time":       {strings.Replace(base, "} 1\n", "} 1 1700000000000\n", 1), 0},
		"with blanks":         {strings.ReplaceAll(base, "} ", "}   "), 0},
		"with CRLF":           {strings.ReplaceAll(base, "\n", "\r\n"), 0},
		"with a BOM":          {"\xef\xbb\xbf" + base, 0},
		"one twice":           {base + "a{i=\"1\"} 7\n", 0},
		"one twice, as other": {base + "a{i=\"1\",} 7\n", 1},
		"empty":               {"", 0},
		"nothing in common":   {"x 1\ny 2\n", 2},
		"OpenMetrics":         {"# TYPE a counter\na_total 1\n# EOF\n", 1},
	} {
		t.Run(name, func(t *testing.T) {
			var again, alone exposition.Decoder
			v, w := &book{everAt: 5}, &book{everAt: 5}
			decode(t, &again, v, base)
			if v.news != 6 {
				t.Errorf("%d series are named at first", v.news)
			}
			want := decode(t, &alone, w, c.page)
			for range 3 {
				got := decode(t, &again, v, c.page)
				if !slices.Equal(v.lines, w.lines) || said(got, nil) != said(want, nil) {
					t.Errorf("again\n%s\n%v\nalone\n%s\n%v", said(got, nil), v.lines, said(want, nil), w.lines)
				}
				if v.news > c.news {
					t.Errorf("%d series are named, %d are new", v.news, c.news)
				}
				if c.page != base {
					c.news = min(c.news, strings.Count(c.page, ",}")) // but for what is written in two ways
				}
			}
			again.Forget()
			if decode(t, &again, v, c.page); !slices.Equal(v.lines, w.lines) {
				t.Errorf("forgotten\n%v\nalone\n%v", v.lines, w.lines)
			}
		})
	}
}

// TestValues: what is not parsed by the parser is read as it would be.
func TestValues(t *testing.T) {
	var d exposition.Decoder
	v := &book{everAt: 1}
	decode(t, &d, v, "a 0\nb 1\n")
	for text, want := range map[string]float64{
		"1": 1, "-1": -1, "0": 0, "-0": math.Copysign(0, -1), "+7": 7, ".5": .5, "5.": 5, "1e3": 1000, "1E+3": 1000, "0.1": 0.1, "123456.789": 123456.789,
		"999999999999999": 999999999999999, "9007199254740993": 9007199254740992, "4.9e-324": 4.9e-324, "1.7954e+09": 1.7954e9, "0.30000000000000004": 0.30000000000000004,
		"NaN": math.NaN(), "Nan": math.NaN(), "+Inf": math.Inf(1), "-Inf": math.Inf(-1), "infinity": math.Inf(1), "000000000000000000001": 1, "0.000000000000001": 1e-15,
	} {
		decode(t, &d, v, "a "+text+"\nb 1\n")
		if v.news > 0 || len(v.lines) != 2 || v.lines[0] != fmt.Sprintf("{__name__=\"a\"} %v", want) {
			t.Errorf("%s is read as %v", text, v.lines)
		}
	}
	for _, bad := range []string{"", "-", ".", "1_0", "0x1p4", "1e400", "1 x", "1.2.3", "--1", "1-", "five"} {
		v.lines = nil
		if _, err := d.Decode([]byte("a "+bad+"\nb 1\n"), text, 1, v); err == nil || len(v.lines) > 0 {
			t.Errorf("%q is read: %v", bad, v.lines)
		}
	}
}

// TestNotANumber: there is one NaN only; others mean something to who answers.
func TestNotANumber(t *testing.T) {
	var d exposition.Decoder
	v := bits{}
	for range 2 {
		if _, err := d.Decode([]byte("a NaN\n"), text, 1, &v); err != nil {
			t.Fatal(err)
		}
	}
	if !slices.Equal(v.bits, []uint64{0x7ff8000000000001, 0x7ff8000000000001}) {
		t.Errorf("%x", v.bits)
	}
}

type bits struct {
	book
	bits []uint64
}

func (b *bits) Value(_ uint32, _ int64, v float64) { b.bits = append(b.bits, math.Float64bits(v)) }

// TestBounds: what is beyond them is counted and said, and the rest is kept.
func TestBounds(t *testing.T) {
	var page strings.Builder
	for i := range exposition.MaxSeries + 1000 {
		fmt.Fprintf(&page, "a{i=\"%d\"} 1\n", i)
	}
	var d exposition.Decoder
	v := &book{}
	for range 2 {
		report := decode(t, &d, v, page.String()+"z 1\n")
		if report.Samples != exposition.MaxSeries || report.Dropped != 1001 || report.Beyond != 1001 || len(report.Notes) != 1 || !strings.Contains(string(report.Notes[0]), `a{i="200000"}`) {
			t.Fatalf("%+v", report)
		}
	}
	if v.news != 0 {
		t.Errorf("%d series are named again", v.news)
	}
	long := "a{x=\"" + strings.Repeat("x", 70_000) + "\"} 1\n"
	for range 2 {
		if report := decode(t, &d, v, "b 1\n"+long+"c 2\n"); report.Samples != 2 || report.Dropped != 1 || len(report.Notes[0]) > 250 {
			t.Errorf("%+v", report)
		}
	}
	if _, err := d.Decode([]byte("b 1\nbad line\n"+long), text, 0, v); err == nil || !strings.Contains(err.Error(), "line 2") {
		t.Errorf("%v", err)
	}
}

// TestNoPlace: series that the store has no place for are asked about again, but
// once for each page only.
func TestNoPlace(t *testing.T) {
	var d exposition.Decoder
	v := &book{places: 2}
	const page = "a 1\nb 2\nc 3\nd 4\n"
	for i := range 3 {
		report := decode(t, &d, v, page)
		if report.Samples != 2 || report.Dropped != 2 || !strings.Contains(string(report.Notes[0]), "no place: c") || i > 0 && v.news != 1 {
			t.Errorf("%+v, asked %d times", report, v.news)
		}
	}
	v.places = 3
	if report := decode(t, &d, v, page); report.Samples != 3 || report.Dropped != 1 {
		t.Errorf("%+v", report)
	}
}

// TestTimes: a page may say when, and then the same series may be there twice.
func TestTimes(t *testing.T) {
	var d exposition.Decoder
	v := &book{everAt: 9}
	for range 2 {
		report := decode(t, &d, v, "a 1 100\na 2 200\nb 3\na 4\n")
		want := []string{`{__name__="a"} 1 @100`, `{__name__="a"} 2 @200`, `{__name__="b"} 3`}
		if !slices.Equal(v.lines, want) || report.Dropped != 1 {
			t.Errorf("%v, %+v", v.lines, report)
		}
	}
}

// TestShared: instances that write the same do not each remember it.
func TestShared(t *testing.T) {
	page, err := os.ReadFile("testdata/wire/spring-boot-3.prom")
	if err != nil {
		t.Fatal(err)
	}
	decoders := make([]exposition.Decoder, 200)
	v := &bits{}
	runtime.GC()
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	for i := range decoders {
		v.book, v.bits = book{}, nil
		if _, err := decoders[i].Decode(page, text, 1, v); err != nil {
			t.Fatal(err)
		}
	}
	runtime.GC()
	runtime.ReadMemStats(&after)
	if each := (int(after.HeapAlloc) - int(before.HeapAlloc)) / len(decoders); each > len(page)/2 {
		t.Errorf("each of %d remembers %d bytes of a page of %d", len(decoders), each, len(page))
	}
	runtime.KeepAlive(decoders)
}

// TestNothingStays: pages that were read again and again leave nothing behind.
func TestNothingStays(t *testing.T) {
	page, err := os.ReadFile("testdata/wire/spring-boot-3.prom")
	if err != nil {
		t.Fatal(err)
	}
	var d exposition.Decoder
	v := &bits{}
	if _, err := d.Decode(page, text, 1, v); err != nil {
		t.Fatal(err)
	}
	if n := testing.AllocsPerRun(20, func() {
		v.bits = v.bits[:0]
		if _, err := d.Decode(page, text, 1, v); err != nil {
			t.Error(err)
		}
	}); n > 0 {
		t.Errorf("%v allocations for a page that is known", n)
	}
	runtime.KeepAlive(v)
}

// TestNames: what the parser leaves in is taken out, and what can be no series
// refuses its page.
func TestNames(t *testing.T) {
	var d exposition.Decoder
	v := &book{}
	decode(t, &d, v, " \t a{x=\"\",y=\"1\"} 1\n{\"b.c\",\"d.e\"=\"f\"} 2\n")
	if want := []string{`{__name__="a", y="1"} 1 @0`, `{__name__="b.c", "d.e"="f"} 2 @0`}; !slices.Equal(v.lines, []string{strings.TrimSuffix(want[0], " @0"), strings.TrimSuffix(want[1], " @0")}) {
		t.Errorf("%q", v.lines)
	}
	for page, want := range map[string]string{
		"ok 1\n{\"\"} 1\n":                   "line 2: it has no name",
		"ok 1\n\na{x=\"1\",x=\"2\"} 1\n":     `line 3: label "x" is there twice`,
		"ok 1\na{__name__=\"b\"} 1\n":        `line 2: label "__name__" is there twice`,
		"# TYPE a counter\n# x\n\n  a{ 1\n":  "line 4: expected label name",
		"\n\n!\n":                            "line 3: expected a valid start token",
		"a{x=\"1\n2\"} 1\nb 2\n# TYPE c d\n": "line 4: invalid metric type",
		"a 1\n# TYPE b c\n":                  `line 2: invalid metric type "c": # TYPE b c`,
		"a 1\n# HELP b \xff\n":               "line 2: help text",
		"a 1\n\x1b[31mred\x1b[0m\x07 2\n":    "line 2: expected a valid start token",
	} {
		v.lines = nil
		_, err := d.Decode([]byte(page), text, 0, v)
		if err == nil || !strings.Contains(err.Error(), want) || len(v.lines) > 0 || strings.ContainsAny(err.Error(), "\n\x1b\x07") {
			t.Errorf("%q: %v, want %s", page, err, want)
		}
	}
}

// TestKinds: what a page is read as.
func TestKinds(t *testing.T) {
	const om = "# TYPE a counter\na_total 1\n# EOF\n"
	for _, c := range []struct{ page, kind, want string }{
		{"a 1\n", "text/plain", "text: 1 kept"},
		{"a 1\n", "Text/Plain; Version=0.0.4", "text: 1 kept"},
		{"a 1\n", "", "text: 1 kept\n    it is sent as nothing, and read as text"},
		{"a 1\n", "application/json", "text: 1 kept\n    it is sent as application/json, and read as text"},
		{"a 1\n", "\x1b[31m;;", "text: 1 kept\n    it is sent as [31m;;, and read as text"},
		{om, "application/openmetrics-text; version=1.0.0; charset=utf-8", "openmetrics: 1 kept"},
		{om, "text/plain", "openmetrics: 1 kept\n    it is OpenMetrics, sent as text/plain"},
		{"{\"a\"} 1\n", "text/plain", "text: 1 kept"},
		{"{\"a\":1}\n", "text/plain", "refused, body: it is JSON, and no metrics that are known"},
		{" [1]\n", "application/json", "refused, body: it is JSON, and no metrics that are known"},
		{"{}", "application/json", "refused, body: it is JSON, and no metrics that are known"},
		{"\n <!DOCTYPE html>", "text/plain", "refused, page: an HTML page: a login form, or an application that answers every path"},
		{"\x1f\x8b\x08", "text/plain", "refused, body: it is compressed, and no Content-Encoding says so"},
		{"", "application/vnd.google.protobuf; proto=io.prometheus.client.MetricFamily; encoding=text", `refused, body: it is protobuf with encoding "text", where delimited was asked for`},
	} {
		var d exposition.Decoder
		report, err := d.Decode([]byte(c.page), c.kind, 0, &book{})
		if got := said(report, err); got != c.want {
			t.Errorf("%q as %q:\n%s, want\n%s", c.page, c.kind, got, c.want)
		}
	}
}

// TestNative: a page in text says that it hides histograms, and in protobuf it
// has them, the classic ones too.
func TestNative(t *testing.T) {
	for name, native := range map[string]bool{
		"go-client.prom": true, "go-client.om": true, "go-client.pb": false, "otel-go-utf8.om": true, "otel-go-utf8.pb": false, "prometheus.pb": false,
		"spring-boot-3.prom": false, "node-prom-client.prom": false, "python-client.om": false, "haproxy.prom": false,
	} {
		page, err := os.ReadFile("testdata/wire/" + name)
		if err != nil {
			t.Fatal(err)
		}
		var d exposition.Decoder
		v := &book{}
		for range 2 {
			v.lines = nil
			report, err := d.Decode(page, typeOf(name), 0, v)
			if err != nil || report.Native != native || report.Samples == 0 || len(report.Notes) > 0 {
				t.Errorf("%s: %+v, %v", name, report, err)
			}
		}
		has := func(part string) bool {
			return slices.ContainsFunc(v.lines, func(l string) bool { return strings.Contains(l, part) })
		}
		if name == "go-client.pb" && (!has(`"http_request_native_seconds"`) || !has(`"http_request_both_seconds"`) || !has(`"http_request_both_seconds_bucket"`) || !has("{count:")) {
			t.Errorf("%s", strings.Join(v.lines, "\n"))
		}
	}
}

// FuzzDecode: a page after another says what it says alone; a refused page
// leaves nothing behind, and what is said is one clean line.
func FuzzDecode(f *testing.F) {
	names, _ := filepath.Glob("testdata/odd/*")
	for _, name := range names {
		page, err := os.ReadFile(name)
		if err != nil {
			f.Fatal(err)
		}
		f.Add([]byte("a{i=\"1\"} 1\nb 2\n"), page, typeOf(name))
		f.Add(page, bytes.ReplaceAll(page, []byte("1"), []byte("2")), typeOf(name))
	}
	native, err := os.ReadFile("testdata/wire/otel-go-utf8.pb")
	if err != nil {
		f.Fatal(err)
	}
	f.Add(native[:len(native)/2], native, typeOf(".pb"))
	f.Fuzz(func(t *testing.T, before, page []byte, kind string) {
		var again, alone exposition.Decoder
		v, w := &book{everAt: 3}, &book{everAt: 3}
		_, _ = again.Decode(before, kind, 3, v)
		want, failed := alone.Decode(page, kind, 3, w)
		for range 2 {
			v.lines = nil
			got, err := again.Decode(page, kind, 3, v)
			if said(got, err) != said(want, failed) || !slices.Equal(v.lines, w.lines) || len(v.unhappy) > 0 {
				t.Fatalf("again\n%s\n%q\nalone\n%s\n%q\n%v", said(got, err), v.lines, said(want, failed), w.lines, v.unhappy)
			}
		}
		if failed != nil && (len(w.lines) > 0 || strings.ContainsAny(failed.Error(), "\n\x1b\x00\r")) {
			t.Fatalf("%d samples beside %q", len(w.lines), failed)
		}
		for _, n := range want.Notes {
			if strings.ContainsAny(string(n), "\n\x1b\x00\r") || len(n) > 400 {
				t.Fatalf("%q", n)
			}
		}
	})
}
