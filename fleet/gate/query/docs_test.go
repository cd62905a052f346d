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

// TestFlagsDoc holds the table of flags to what they stand for.
func TestFlagsDoc(t *testing.T) {
	doc, err := os.ReadFile("../../../docs/conditions.md")
	if err != nil {
		t.Fatal(err)
	}
	rows := 0
	for _, row := range regexp.MustCompile("(?m)^\\| `(--[a-z0-9-]+) ([^`]+)` \\| `([^`]+)` \\|$").FindAllStringSubmatch(string(doc), -1) {
		rows++
		s, err := map[string]func(string, string) (query.Sugar, error){
			"--max-error-rate": query.MaxErrorRate, "--max-p99": query.MaxP99, "--min-healthy": query.MinHealthy,
		}[row[1]](row[2], "")
		if want := strings.ReplaceAll(row[3], `\|`, "|"); err != nil || s.Expr != want {
			t.Errorf("%s %s stands for\n     %s, %v\ndocs say %s", row[1], row[2], s.Expr, err, want)
		}
	}
	if rows != 4 {
		t.Errorf("%d rows", rows)
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
