package document_test

import (
	"encoding/json"
	"math"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/midwatch-cli/midwatch/fleet"
	"github.com/midwatch-cli/midwatch/fleet/document"
	"github.com/midwatch-cli/midwatch/fleet/document/measured"
	"github.com/midwatch-cli/midwatch/fleet/metrics"
	"github.com/midwatch-cli/midwatch/fleet/metrics/red"
	"github.com/midwatch-cli/midwatch/probe"
)

// scraped gives the instances of a snapshot pages of metrics: all were read but
// one.
func scraped(s *fleet.Snapshot) *fleet.Snapshot {
	for i := range s.Services {
		for j := range s.Services[i].Instances {
			s.Services[i].Instances[j].Scrape = fleet.Scrape{URL: "http://127.0.0.1:9001/metrics", Form: "text", At: at, Samples: 12}
		}
	}
	s.Services[1].Instances[1].Scrape = fleet.Scrape{
		URL: "http://127.0.0.1:9102/metrics", At: at, Why: fleet.Why{Reason: probe.ReasonTimeout, Detail: "GET http://127.0.0.1:9102/metrics: no answer in 2s"}, Hint: "is it stuck?",
	}
	return s
}

// query is an answer with everything there may be in one.
func query(s *fleet.Snapshot) measured.QueryDoc {
	gathered := document.SecondsOf(30 * time.Second)
	return measured.Query(measured.Asked{
		Context: "prod", Question: metrics.Question{Expr: "rate(http_requests_total[30s])", At: at}, Snapshot: scraped(s), Gathered: &gathered,
		Answer: metrics.Answer{
			Kind: metrics.Vector,
			Series: []metrics.Series{
				{Labels: metrics.NewLabels("service", "payment", "instance", "payment-1"), Points: []metrics.Point{{T: at.UnixMilli(), V: 41.25}}},
				{Labels: metrics.NewLabels("service", "payment", "instance", "payment-3"), Histograms: []metrics.HistogramPoint{{
					T: at.UnixMilli(), Count: 3, Sum: 1.5, Buckets: []metrics.Bucket{{Lower: 0.25, Upper: 0.5, UpperInclusive: true, Count: 2}, {Lower: 0.5, Upper: math.Inf(1), Count: 1}},
				}}},
			},
			Warnings: []string{"PromQL warning: bucket label \"le\" is missing"}, Infos: []string{"PromQL info: metric might not be a counter"},
			Selected: []metrics.Selected{{Selector: "http_requests_total", Series: 2, Samples: 12, Examples: []metrics.Labels{metrics.NewLabels("service", "payment")}}, {Selector: "up", Samples: -1}},
		},
	})
}

// measuredMetrics are metrics with everything there may be in them.
func measuredMetrics(s *fleet.Snapshot) measured.MetricsDoc {
	known := func(v float64) red.Value { return red.Value{V: v, OK: true} }
	none := func(why string) red.Value { return red.Value{Why: why} }
	numbers := red.Numbers{
		Requests: known(410), Rate: known(41), Errors: known(0.382), ClientErrors: none(red.WhyNotWhose), P50: known(0.012),
		P95: red.Value{V: 1.9, OK: true, Approx: "worst of 3 instances"}, P99: red.Value{V: 2, OK: true, Over: true}, Mean: known(0.3), Max: none(red.WhyNoMax),
	}
	n := none(red.WhyNotCounted)
	nothing := red.Numbers{Requests: n, Rate: n, Errors: n, ClientErrors: n, P50: n, P95: n, P99: n, Mean: n, Max: n}
	idle := red.Saturation{CPU: n, Memory: n, Heap: n, HeapShare: n, Goroutines: n, Threads: n, OpenFiles: n}
	scraped(s)
	return measured.Metrics(measured.Measured{
		Context: "prod", At: at, By: "service", Window: 10 * time.Second, Step: 2 * time.Second, Snapshot: s, Asked: true, Warnings: []string{"PromQL warning: odd"},
		Rows: []measured.Line{
			{Key: fleet.Key{Ref: s.Services[0].Ref}, Row: red.Row{Numbers: nothing, Saturation: idle, Instances: 4}},
			{Key: fleet.Key{Ref: s.Services[1].Ref}, Unread: 1, Row: red.Row{
				Numbers: numbers, Instances: 2, Restarts: 1, First: at.Add(-10 * time.Second), Last: at,
				Signatures: []red.Used{{Signature: "micrometer", Families: []string{"http_server_requests_seconds_count"}}},
				Views:      []red.View{{Name: "upstream", Of: "user", Signature: "envoy", Numbers: numbers}},
				History:    []red.Value{none(red.WhyNotThen), known(40), known(42)},
				Saturation: red.Saturation{
					CPU: known(0.25), Memory: known(1 << 28), Heap: known(1 << 27), HeapShare: known(0.5), Goroutines: none(red.WhyNoData), Threads: known(40), OpenFiles: known(0.01),
					Pools: []red.Pool{{Kind: "hikaricp", Name: "main", Busy: known(8), Max: known(10), Share: known(0.8), Waiting: none(red.WhyNoData)}},
				},
			}},
		},
	})
}

// TestMetricsSayWhatIsMissing: what is n/a is null and has its reason; nothing is 0
// that nobody counted.
func TestMetricsSayWhatIsMissing(t *testing.T) {
	d := decoded(t, measuredMetrics(example()))
	for _, c := range []struct {
		path []any
		want any
	}{
		{[]any{"items", 0, "rate"}, nil},
		{[]any{"items", 0, "why", "rate"}, red.WhyNotCounted},
		{[]any{"items", 0, "saturation", "why", "memoryBytes"}, red.WhyNotCounted},
		{[]any{"items", 0, "history"}, []any{}},
		{[]any{"items", 1, "rate"}, 41.0},
		{[]any{"items", 1, "why"}, map[string]any{"clientErrorRatio": red.WhyNotWhose, "maxSeconds": red.WhyNoMax}},
		{[]any{"items", 1, "atLeast"}, []any{"p99Seconds"}},
		{[]any{"items", 1, "approximate"}, map[string]any{"p95Seconds": "worst of 3 instances"}},
		{[]any{"items", 1, "history", 0}, nil},
		{[]any{"items", 1, "saturation", "pools", 0, "waiting"}, nil},
		{[]any{"items", 1, "unread"}, 1.0},
		{[]any{"counts", "measured"}, 1.0},
		{[]any{"counts", "unread"}, 1.0},
		{[]any{"errors", 1, "instance"}, "payment-2"},
		{[]any{"from"}, "instances"},
	} {
		if got := pick(t, d, c.path...); !reflect.DeepEqual(got, c.want) {
			t.Errorf("%v: %v, want %v", c.path, got, c.want)
		}
	}
	// Of a server nothing was read.
	d = decoded(t, measured.Metrics(measured.Measured{From: "http://127.0.0.1:9090", By: "instance", Snapshot: scraped(example())}))
	if pick(t, d, "from") != "http://127.0.0.1:9090" || pick(t, d, "counts", "read") != 0.0 || pick(t, d, "historyStepSeconds") != nil {
		t.Errorf("%v", d)
	}
}

// TestResultsAsPrometheusWritesThem: the elements are those of Prometheus' HTTP
// API, to the letter.
func TestResultsAsPrometheusWritesThem(t *testing.T) {
	second := int64(1_435_781_451_781)
	up := metrics.NewLabels(metrics.LabelName, "up", "job", "node")
	for _, c := range []struct {
		name   string
		answer metrics.Answer
		want   string
	}{
		{"vector", metrics.Answer{Kind: metrics.Vector, Series: []metrics.Series{{Labels: up, Points: []metrics.Point{{T: second, V: 1}}}}}, `{"metric":{"__name__":"up","job":"node"},"value":[1435781451.781,"1"]}`},
		{"whole second", metrics.Answer{Kind: metrics.Vector, Series: []metrics.Series{{Points: []metrics.Point{{T: 1_435_781_451_000, V: math.NaN()}}}}}, `{"metric":{},"value":[1435781451,"NaN"]}`},
		{"small part of a second", metrics.Answer{Kind: metrics.Scalar, Series: []metrics.Series{{Points: []metrics.Point{{T: 1_435_781_451_007, V: math.Inf(-1)}}}}}, `{"metric":{},"value":[1435781451.007,"-Inf"]}`},
		{"before 1970", metrics.Answer{Kind: metrics.Scalar, Series: []metrics.Series{{Points: []metrics.Point{{T: -1500, V: 1e21}}}}}, `{"metric":{},"value":[-1.500,"1e+21"]}`},
		{"matrix", metrics.Answer{Kind: metrics.Matrix, Series: []metrics.Series{{Labels: up, Points: []metrics.Point{{T: 1000, V: 0.1}, {T: 2000, V: 1e-7}}}}}, `{"metric":{"__name__":"up","job":"node"},"values":[[1,"0.1"],[2,"1e-07"]]}`},
		{"string", metrics.Answer{Kind: metrics.String, Text: "a\n\"b\""}, `{"metric":{},"value":[1435781451.781,"a\n\"b\""]}`},
		{"histogram", metrics.Answer{Kind: metrics.Vector, Series: []metrics.Series{{Histograms: []metrics.HistogramPoint{{T: 1000, Count: 3, Sum: 2, Buckets: []metrics.Bucket{
			{Lower: -1, Upper: 1, Count: 1, LowerInclusive: true, UpperInclusive: true}, {Lower: 1, Upper: 2, Count: 1, UpperInclusive: true}, {Lower: 2, Upper: 3, LowerInclusive: true}, {Lower: 3, Upper: math.Inf(1), Count: 1},
		}}}}}}, `{"metric":{},"histogram":[1,{"count":"3","sum":"2","buckets":[[3,"-1","1","1"],[0,"1","2","1"],[1,"2","3","0"],[2,"3","+Inf","1"]]}]}`},
		{"histograms", metrics.Answer{Kind: metrics.Matrix, Series: []metrics.Series{{Histograms: []metrics.HistogramPoint{{T: 1000}}}}}, `{"metric":{},"histograms":[[1,{"count":"0","sum":"0"}]]}`},
	} {
		d := measured.Query(measured.Asked{Question: metrics.Question{At: time.UnixMilli(second)}, Answer: c.answer})
		raw, err := json.Marshal(d.Items)
		if err != nil || string(raw) != "["+c.want+"]" {
			t.Errorf("%s: %s, %v, want [%s]", c.name, raw, err, c.want)
		}
		if d.Counts.Items != 1 {
			t.Errorf("%s: %d items are counted", c.name, d.Counts.Items)
		}
	}
	raw, err := json.Marshal(measured.Found{})
	if err != nil || string(raw) != `{"metric":{}}` {
		t.Errorf("nothing: %s, %v", raw, err)
	}
}

// TestQueryOfARange says from when to when, and what a server did not say is
// null.
func TestQueryOfARange(t *testing.T) {
	d := measured.Query(measured.Asked{
		From: "http://127.0.0.1:9090", Question: metrics.Question{Expr: "up", Start: at.Add(-time.Minute), End: at, Step: 15 * time.Second},
		Answer: metrics.Answer{Kind: metrics.Matrix}, Why: fleet.Why{Reason: probe.ReasonNotFound, Detail: "no series matches up"}, ExitCode: 3,
	})
	text := string(indented(t, d))
	for _, want := range []string{
		`"at": "2026-01-02T03:04:05.678Z"`, `"start": "2026-01-02T03:03:05.678Z"`, `"end": "2026-01-02T03:04:05.678Z"`, `"stepSeconds": 15`, `"collectedSeconds": null`,
		`"from": "http://127.0.0.1:9090"`, `"items": []`, `"reason": "not_found"`, `"errors": []`, `"sources": []`, `"warnings": []`, `"selected": []`,
	} {
		if !strings.Contains(text, want) {
			t.Errorf("lacks %s:\n%s", want, text)
		}
	}
	if _, items := d.Split(); items == nil {
		t.Error("no items beside the rest")
	}
}
