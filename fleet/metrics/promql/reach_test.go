package promql_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/midwatch-cli/midwatch/fleet/metrics/promql"
)

func TestReach(t *testing.T) {
	for text, want := range map[string]time.Duration{
		"up": 0, "1 + 1": 0, `"a"`: 0, "up[5m]": 5 * time.Minute, "rate(a[1m]) / rate(b[2m] offset 1m)": 3 * time.Minute,
		"max_over_time(rate(a[1m])[10m:1m] offset 2m)": 13 * time.Minute, "a offset -5m": 0, "rate(a[1m] offset -2m)": 0,
	} {
		e, err := promql.Parse(text)
		if err != nil || e.Reach() != want {
			t.Errorf("%s: %v, %v, want %v", text, e.Reach(), err, want)
		}
	}
}

func TestFunctions(t *testing.T) {
	all := promql.Functions()
	if !slices.IsSorted(all) || !slices.Contains(all, "rate") || !slices.Contains(all, "histogram_quantile") || slices.Contains(all, "mad_over_time") {
		t.Error(all)
	}
	for _, name := range all {
		if _, err := promql.Parse(name + "(up)"); err != nil && strings.Contains(err.Error(), "unknown function") {
			t.Errorf("%s: %v", name, err)
		}
	}
}
