package document_test

import (
	"encoding/json"
	"math"
	"strings"
	"testing"
	"time"

	"github.com/midwatch-cli/midwatch/fleet"
	"github.com/midwatch-cli/midwatch/fleet/document"
	"github.com/midwatch-cli/midwatch/fleet/document/measured"
	"github.com/midwatch-cli/midwatch/fleet/metrics"
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
