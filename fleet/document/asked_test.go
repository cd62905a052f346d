package document_test

import (
	"math"
	"strings"
	"testing"

	"github.com/midwatch-cli/midwatch/fleet"
	"github.com/midwatch-cli/midwatch/fleet/document"
	"github.com/midwatch-cli/midwatch/fleet/gate"
	"github.com/midwatch-cli/midwatch/fleet/metrics"
)

// queries are one expression that holds, one that does not, and one without data.
func queries(s *fleet.Snapshot) []gate.Measured {
	payment := s.Services[1].Ref
	of := func(service string) metrics.Labels { return metrics.NewLabels("source", "etcd", "service", service) }
	return []gate.Measured{
		{
			Query: "midwatch_service_error_ratio > 0.01", Flag: "--max-error-rate 1%", At: at, Known: true, Holds: true, Text: "payment: error rate 38.2% > 1%",
			What: "error rate", Unit: gate.Ratio, Series: 3, Samples: 3, More: 2,
			Values: []gate.Value{{Key: fleet.Key{Ref: payment}, Labels: of("payment"), V: 0.382, Op: ">", Limit: 0.01}},
		},
		{
			Query: "errors / calls > on (service) limit or absent(x)", At: at, Known: true, Text: "it is not so", Series: 4, Samples: -1, Lacking: []string{"x"}, Warnings: []string{"odd"},
			Values: []gate.Value{{Labels: of("user"), V: math.NaN(), Op: ">", Limit: math.NaN()}, {V: 1e-9}},
		},
		{Query: "up == 0", At: at, Reason: fleet.ReasonNoData, Text: "no data: up matched no series", Hint: "midwatch query 'up'", Series: -1, Samples: -1},
	}
}

// TestQueriesInDocuments: what is not known is null and never 0 or false.
func TestQueriesInDocuments(t *testing.T) {
	s := example()
	text := string(indented(t, document.Check(s, gate.Verdict{Queries: queries(s)}, 1, false)))
	for want, n := range map[string]int{
		`"holds": true`: 1, `"holds": false`: 1, `"holds": null`: 1, `"samples": null`: 2, `"series": null`: 1, `"threshold": "0.01"`: 1, `"threshold": null`: 2,
		`"value": "0.382"`: 1, `"value": "NaN"`: 1, `"value": "1e-09"`: 1, `"comparison": ""`: 1, `"values": []`: 1, `"lacking": []`: 2, `"flag": ""`: 2,
	} {
		if got := strings.Count(text, want); got != n {
			t.Errorf("%s stands there %d times, want %d:\n%s", want, got, n, text)
		}
	}
	if text := string(indented(t, document.Wait(s, gate.Verdict{}, 0, document.Waited{}))); !strings.Contains(text, `"forQueries": []`) || !strings.Contains(text, `"queries": []`) {
		t.Errorf("lists are null in %s", text)
	}
}
