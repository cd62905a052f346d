package promql_test

import (
	"errors"
	"testing"

	"github.com/midwatch-cli/midwatch/fleet"
	"github.com/midwatch-cli/midwatch/fleet/metrics"
	"github.com/midwatch-cli/midwatch/fleet/metrics/promql"
)

// TestRefused: what a server says of an expression is said as we say it.
func TestRefused(t *testing.T) {
	for words, want := range map[string][2]string{
		`1:6: parse error: expected type range vector in call to function "rate", got instant vector`: {`1:6: expected type range vector in call to function "rate", got instant vector`, "say over how long: rate(name[5m])"},
		"unknown position: parse error: no expression found in input":                                 {"1:1: no expression found in input", ""},
		"found duplicate series: many-to-many matching not allowed":                                   {"found duplicate series: many-to-many matching not allowed", "make one side unique: on(...) or ignoring(...), with group_left where many are meant to match one"},
		"":         {"", ""},
		":: a: b":  {":: a: b", ""},
		"1:a: b c": {"1:a: b c", ""},
	} {
		err := promql.Refused(words)
		if reason, text := fleet.ReasonOf(err); reason != fleet.ReasonExpression || text != want[0] || fleet.HintOf(err) != want[1] || !errors.Is(err, metrics.ErrExpression) {
			t.Errorf("%q: %q %q, hint %q", words, reason, text, fleet.HintOf(err))
		}
	}
	// The same mistake, here and there.
	_, here := promql.Parse("rate(up)")
	there := promql.Refused(`1:6: parse error: expected type range vector in call to function "rate", got instant vector`)
	if here.Error() != there.Error() || fleet.HintOf(here) != fleet.HintOf(there) {
		t.Errorf("%v, %v", here, there)
	}
}
