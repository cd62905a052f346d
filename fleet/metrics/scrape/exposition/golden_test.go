package exposition_test

import (
	"flag"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/prometheus/prometheus/model/histogram"
	"github.com/prometheus/prometheus/model/labels"

	"github.com/midwatch-cli/midwatch/fleet"
	"github.com/midwatch-cli/midwatch/fleet/metrics/scrape"
	"github.com/midwatch-cli/midwatch/fleet/metrics/scrape/exposition"
)

var update = flag.Bool("update", false, "write the golden files")

// book is a visitor that writes down what it is told.
type book struct {
	ids      map[string]uint32 // by labels
	names    []string          // by id
	places   int               // for how many series there is place; 0: for all
	news     int               // how often it was asked
	lines    []string
	unhappy  []string // what must not happen
	everAt   int64
	explicit int // samples with another time than everAt
}

func (b *book) New(l labels.Labels) (uint32, bool) {
	b.news++
	name := l.String()
	if b.places > 0 && len(b.names) >= b.places {
		return 0, false
	}
	if id, ok := b.ids[name]; ok {
		return id, true
	}
	if b.ids == nil {
		b.ids = map[string]uint32{}
	}
	b.ids[name] = uint32(len(b.names))
	b.names = append(b.names, name)
	return b.ids[name], true
}

func (b *book) Value(id uint32, at int64, v float64) {
	b.write(id, at, fmt.Sprint(v))
}

func (b *book) Histogram(id uint32, at int64, h *histogram.FloatHistogram) {
	b.write(id, at, h.String())
}

func (b *book) write(id uint32, at int64, what string) {
	if int(id) >= len(b.names) {
		b.unhappy = append(b.unhappy, fmt.Sprintf("a sample of %d", id))
		return
	}
	if at != b.everAt {
		b.explicit++
		what = fmt.Sprintf("%s @%d", what, at)
	}
	b.lines = append(b.lines, b.names[id]+" "+what)
}

// typeOf is the media type that a recorded page came with.
func typeOf(name string) string {
	switch filepath.Ext(strings.TrimSuffix(name, ".gz")) {
	case ".om":
		return "application/openmetrics-text; version=1.0.0; charset=utf-8"
	case ".pb":
		return "application/vnd.google.protobuf; proto=io.prometheus.client.MetricFamily; encoding=delimited"
	case ".html":
		return "text/html"
	case ".json":
		return "application/json"
	}
	return "text/plain; version=0.0.4"
}

// said is one row of the golden table.
func said(r exposition.Report, err error) string {
	if err != nil {
		reason, text := fleet.ReasonOf(err)
		return fmt.Sprintf("refused, %s: %s", reason, text)
	}
	row := fmt.Sprintf("%s: %d kept", r.Form, r.Samples)
	if r.Dropped > 0 {
		row += fmt.Sprintf(", %d dropped", r.Dropped)
	}
	if r.Native {
		row += ", hides native histograms"
	}
	for _, n := range r.Notes {
		row += "\n    " + string(n)
	}
	return row
}

// TestOddPages asks a server for each page that is wrong, or looks it: what is
// kept, what is dropped and said, what is refused and for which line. What is
// read again is the same again.
func TestOddPages(t *testing.T) {
	names, err := filepath.Glob("testdata/odd/*")
	if err != nil || len(names) != 39 {
		t.Fatalf("%d pages, %v", len(names), err)
	}
	server, client := served(t, func(w http.ResponseWriter, r *http.Request) {
		data, err := os.ReadFile(filepath.Join("testdata/odd", filepath.Base(r.URL.Path)))
		if err != nil {
			t.Error(err)
		}
		w.Header().Set("Content-Type", typeOf(r.URL.Path))
		if strings.HasSuffix(r.URL.Path, ".gz") {
			w.Header().Set("Content-Encoding", "gzip")
		}
		_, _ = w.Write(data)
	})
	asker := scrape.NewAsker()
	var table strings.Builder
	for _, name := range names {
		base := filepath.Base(name)
		var d exposition.Decoder
		v := &book{everAt: 1}
		row, samples := "", ""
		for again := range 2 {
			v.lines = nil
			var report exposition.Report
			answer, err := asker.Ask(within(t), client, server.URL+"/"+base, false)
			if err == nil {
				report, err = d.Decode(answer.Body, answer.Type, 1, v)
				answer.Release()
			}
			got, kept := strings.ReplaceAll(said(report, err), server.URL, ""), strings.Join(v.lines, "\n")
			if again == 1 && (got != row || kept != samples) {
				t.Errorf("%s: again it is\n%s\n%s\nand was\n%s\n%s", base, got, kept, row, samples)
			}
			if row, samples = got, kept; err == nil && len(v.lines) != report.Samples || err != nil && v.news+len(v.lines) > 0 || len(v.unhappy) > 0 {
				t.Errorf("%s: %d samples of %+v, %v, %v", base, len(v.lines), report, err, v.unhappy)
			}
		}
		fmt.Fprintf(&table, "%s\n    %s\n", base, row)
	}
	golden(t, "testdata/odd.golden", table.String())
}

// golden compares a file with what it should be, or writes it.
func golden(t *testing.T, name, want string) {
	t.Helper()
	if *update {
		if err := os.WriteFile(name, []byte(want), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	got, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	if string(got) != want {
		t.Errorf("%s says\n%s\nand now it is\n%s", name, got, want)
	}
}
