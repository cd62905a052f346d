package query_test

import (
	"errors"
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/midwatch-cli/midwatch/fleet"
	"github.com/midwatch-cli/midwatch/fleet/gate/query"
	"github.com/midwatch-cli/midwatch/fleet/metrics/promql"
)

// query makes a condition over data.
func condition(t testing.TB, expr string, d *data) *query.Condition {
	t.Helper()
	rule, err := promql.ParseRule(expr)
	if err != nil {
		t.Fatalf("%s: %v", expr, err)
	}
	return &query.Condition{Rule: rule, Over: d}
}

// TestConditionsDoc holds the table of docs/conditions.md to what is done.
func TestConditionsDoc(t *testing.T) {
	doc, err := os.ReadFile("../../../docs/conditions.md")
	if err != nil {
		t.Fatal(err)
	}
	rows := 0
	for line := range strings.Lines(string(doc)) {
		cells := regexp.MustCompile("^\\| `(.+?)` \\| ?(.*?) ?\\| (.+) \\|$").FindStringSubmatch(strings.TrimSpace(line))
		if cells == nil {
			continue
		}
		rows++
		expr, want := cells[1], cells[3]
		var series []string
		for _, m := range regexp.MustCompile("`([^`]+)`").FindAllStringSubmatch(cells[2], -1) {
			series = append(series, m[1])
		}
		if got := comesTo(t, expr, series); got != want {
			t.Errorf("%s over %v\n     is %s\ndocs say %s", expr, series, got, want)
		}
	}
	if rows < 30 {
		t.Errorf("%d rows only: the table is not read as it is written", rows)
	}
}

func comesTo(t *testing.T, expr string, series []string) string {
	t.Helper()
	rule, err := promql.ParseRule(expr)
	var said *fleet.Error
	if errors.As(err, &said) {
		if said.Hint != "" {
			return "refused: " + said.Hint
		}
		return "refused: " + said.Detail
	}
	if err != nil {
		t.Fatal(err)
	}
	q := query.Condition{Rule: rule, Over: over(t, series...)}
	m := q.Ask(t.Context(), snap())
	switch {
	case m.Err != nil:
		return "error: " + m.Err.Error()
	case !m.Known:
		return "no data: " + m.Text
	case m.Holds:
		return "so: " + m.Text
	}
	return "not so: " + m.Text
}
