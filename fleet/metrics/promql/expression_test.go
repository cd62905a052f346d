package promql_test

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/midwatch-cli/midwatch/fleet"
	"github.com/midwatch-cli/midwatch/fleet/metrics"
	"github.com/midwatch-cli/midwatch/fleet/metrics/promql"
)

func TestParse(t *testing.T) {
	for _, c := range []struct {
		text  string
		kind  metrics.Kind
		reach time.Duration
		names string
		all   bool
	}{
		{"up", metrics.Vector, 0, "up", true},
		{"up[5m]", metrics.Matrix, 5 * time.Minute, "up", true},
		{"1 + 1", metrics.Scalar, 0, "", true},
		{`"a"`, metrics.String, 0, "", true},
		{"rate(a[1m]) / rate(b[2m] offset 1m)", metrics.Vector, 3 * time.Minute, "a b", true},
		{"max_over_time(rate(a[1m])[10m:1m] offset 2m)", metrics.Vector, 13 * time.Minute, "a", true},
		{"a offset -5m", metrics.Vector, 0, "a", true},
		{`sum by (service) ({job="x"}) + a + a`, metrics.Vector, 0, "a", false},
		{`{__name__="up"}`, metrics.Vector, 0, "", false},
	} {
		e, err := promql.Parse(c.text)
		if err != nil || e.Kind != c.kind || e.Reach != c.reach || strings.Join(e.Names, " ") != c.names || e.All != c.all {
			t.Errorf("%s: %+v, %v", c.text, e, err)
		}
	}
}

func TestParseSaysWhere(t *testing.T) {
	for text, place := range map[string]string{
		"sum(rate(up[5x]))": "1:13: ", "sum by (a)\n  (up +)": "2:8: ", "up == ": "1:7: ", "nosuch(up)": "1:1: ", "rate(up)": "1:6: ", "": "1:1: ", "up{a=~\"(\"}": "1:4: ",
	} {
		_, err := promql.Parse(text)
		var said *fleet.Error
		if !errors.As(err, &said) || !errors.Is(err, metrics.ErrExpression) || !strings.HasPrefix(said.Detail, place) {
			t.Errorf("%q: %v, want it at %s", text, err, place)
		}
	}
}

func TestFunctions(t *testing.T) {
	all := promql.Functions()
	if !slices.IsSorted(all) || !slices.Contains(all, "rate") || !slices.Contains(all, "histogram_quantile") || slices.Contains(all, "mad_over_time") {
		t.Error(all)
	}
	for _, name := range all {
		if _, err := promql.Parse(name); err != nil && strings.Contains(err.Error(), "unknown function") {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// FuzzParse: no expression breaks the reader, and what is read says what it is.
func FuzzParse(f *testing.F) {
	for _, seed := range []string{"up", "rate(a[5m])", "a offset 1d[5m:", "\x00", `"`, "sum(a) by (b) > bool 1", "a{b=\"\\xff\"}", "1e999"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		e, err := promql.Parse(text)
		if err == nil && (e.Kind == "" || e.Reach < 0) {
			t.Errorf("%q: %+v", text, e)
		}
		if err != nil && !errors.Is(err, metrics.ErrExpression) {
			t.Errorf("%q: %v", text, err)
		}
	})
}
