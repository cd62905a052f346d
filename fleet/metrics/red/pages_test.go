package red_test

import (
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/common/model"
	"github.com/prometheus/prometheus/model/histogram"
	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/model/textparse"

	"github.com/midwatch-cli/midwatch/fleet/metrics"
)

// line is one sample of a page.
type line struct {
	labels  labels.Labels
	v       float64
	fh      *histogram.FloatHistogram
	counter bool // it counts, or is a part of what counts
}

var mediaTypes = map[string]string{
	".prom": "text/plain", ".om": "application/openmetrics-text",
	".pb": "application/vnd.google.protobuf; proto=io.prometheus.client.MetricFamily; encoding=delimited",
}

// readPage reads a recorded page with Prometheus' parser.
func readPage(t testing.TB, name string) []line {
	t.Helper()
	data, err := os.ReadFile(filepath.Join("testdata", name))
	if err != nil {
		t.Fatal(err)
	}
	return readText(t, name, data)
}

// readText reads what a page of that name holds.
func readText(t testing.TB, name string, data []byte) []line {
	t.Helper()
	p, err := textparse.New(data, mediaTypes[filepath.Ext(name)], labels.NewSymbolTable(), textparse.ParserOptions{FallbackContentType: "text/plain"})
	if err != nil {
		t.Fatal(err)
	}
	types := map[string]string{}
	var lines []line
	for {
		entry, err := p.Next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		var l line
		switch entry {
		case textparse.EntryType:
			family, kind := p.Type()
			types[string(family)] = string(kind)
			continue
		case textparse.EntrySeries:
			_, _, l.v = p.Series()
		case textparse.EntryHistogram:
			_, _, h, fh := p.Histogram()
			if l.fh = fh; h != nil {
				l.fh = h.ToFloat(nil)
			}
		default:
			continue
		}
		p.Labels(&l.labels)
		lines = append(lines, l)
	}
	for i := range lines {
		lines[i].counter = counts(lines[i].labels.Get(model.MetricNameLabel), types) || lines[i].fh != nil
	}
	return lines
}

// counts says whether a series counts, by the type of its family, or by its name
// where there is none.
func counts(name string, types map[string]string) bool {
	for _, suffix := range []string{"", "_total", "_count", "_sum", "_bucket"} {
		family, ok := strings.CutSuffix(name, suffix)
		if !ok {
			continue
		}
		switch types[family] {
		case "counter":
			return true
		case "histogram", "summary":
			return suffix == "_count" || suffix == "_sum" || suffix == "_bucket"
		case "gauge", "unknown", "untyped": // Dubbo's counters are called gauges
			return strings.HasSuffix(name, "_total")
		}
	}
	return false
}

// scrape puts a page into memory as one instance's, with its counters multiplied.
func (m *memory) scrape(page []line, target metrics.Labels, at time.Time, times float64) {
	for _, l := range page {
		e := entry{target: target, labels: l.labels, at: at.UnixMilli(), v: l.v, fh: l.fh}
		if l.counter {
			e.v *= times
			if l.fh != nil {
				e.fh = l.fh.Copy().Mul(times)
			}
		}
		m.entries = append(m.entries, e)
	}
}
