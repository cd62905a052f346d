package report_test

import (
	"errors"
	"io"
	"maps"
	"testing"
	"time"

	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/model/textparse"

	"github.com/midwatch-cli/midwatch/cmd/render/report"
	"github.com/midwatch-cli/midwatch/cmd/term"
	"github.com/midwatch-cli/midwatch/fleet"
	"github.com/midwatch-cli/midwatch/fleet/gate"
	"github.com/midwatch-cli/midwatch/fleet/metrics"
	"github.com/midwatch-cli/midwatch/fleet/metrics/observed"
	"github.com/midwatch-cli/midwatch/probe"
)

// readBack reads an exposition with Prometheus' own parser, as plain text or as
// OpenMetrics.
func readBack(t *testing.T, page, kind string) map[string]float64 {
	t.Helper()
	if kind != "text/plain" {
		page += "# EOF\n"
	}
	parser, err := textparse.New([]byte(page), kind, labels.NewSymbolTable(), textparse.ParserOptions{})
	if err != nil {
		t.Fatal(err)
	}
	got := map[string]float64{}
	var set labels.Labels
	for {
		entry, err := parser.Next()
		switch {
		case errors.Is(err, io.EOF):
			return got
		case err != nil:
			t.Fatalf("%s: %v in\n%s", kind, err, page)
		case entry == textparse.EntrySeries:
			_, _, v := parser.Series()
			parser.Labels(&set)
			if _, twice := got[set.String()]; twice {
				t.Errorf("%s twice", set)
			}
			got[set.String()] = v
		}
	}
}

// checkExposition compares what was written with the series of the store.
func checkExposition(t *testing.T, a *report.Account) {
	t.Helper()
	want := map[string]float64{}
	observed.Visit(a.Snapshot, true, func(_ *observed.Family, l metrics.Labels, v float64) {
		var pairs []string
		for _, label := range l {
			value := term.Clean(label.Value)
			if a.ASCII {
				value = term.ASCII(value)
			}
			pairs = append(pairs, label.Name, value)
		}
		want[labels.FromStrings(pairs...).String()] = v
	})
	page := text(report.Prometheus, a)
	for _, kind := range []string{"text/plain", "application/openmetrics-text"} {
		if got := readBack(t, page, kind); !maps.Equal(got, want) {
			t.Errorf("%s: got %v\nwant %v", kind, got, want)
		}
	}
}

// hostile is a service whose every text is the same.
func hostile(word string) *report.Account {
	v := one(word, fleet.Up, fleet.Down)
	for i := range v.Instances {
		in := &v.Instances[i]
		in.Zone, in.Version = word, word
		in.Probes = []probe.Result{{Target: probe.Target{Kind: probe.HTTP}, Took: time.Millisecond}}
		b := fleet.NewBreaker(word, fleet.BreakerOpen)
		b.Rejected = 3
		in.Breakers = []fleet.Breaker{b}
		in.Scrape = fleet.Scrape{Samples: 12, Took: time.Second}
	}
	a := account(gate.Rules{}, v)
	a.Snapshot.Sources = []fleet.SourceView{{Name: word, Instances: 2}}
	return a
}

// TestExpositionReadsBack: what is written is what the store has, whatever a
// service calls itself.
func TestExpositionReadsBack(t *testing.T) {
	for _, word := range []string{"order", `a"b\c`, "a\nb\tc", `\n`, "\x1b[31mred", "ünï\u202ecode", "{}=,#", "\xff\xfe", "::error::x", `"} 1`, " ", "a\rb"} {
		a := hostile(word)
		checkExposition(t, a)
		a.ASCII = true
		checkExposition(t, a)
	}
}

func FuzzExposition(f *testing.F) {
	f.Add("order")
	f.Add(`a"b\`)
	f.Add("\n\x00\u2028")
	f.Fuzz(func(t *testing.T, word string) {
		if term.Clean(word) != "" {
			checkExposition(t, hostile(word))
		}
	})
}
