package query_test

import (
	"errors"
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/midwatch-cli/midwatch/fleet"
	"github.com/midwatch-cli/midwatch/fleet/gate/query"
	"github.com/midwatch-cli/midwatch/fleet/metrics"
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

// row is one of the table of docs/conditions.md.
type row struct {
	expr   string
	series []string
	want   string
}

func documented(t *testing.T) (rows []row) {
	t.Helper()
	doc, err := os.ReadFile("../../../docs/conditions.md")
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(doc)) {
		cells := regexp.MustCompile("^\\| `(.+?)` \\| ?(.*?) ?\\| ((?:so|not so|no data|refused): .+) \\|$").FindStringSubmatch(strings.TrimSpace(line))
		if cells == nil {
			continue
		}
		r := row{expr: cells[1], want: cells[3]}
		for _, m := range regexp.MustCompile("`([^`]+)`").FindAllStringSubmatch(cells[2], -1) {
			r.series = append(r.series, m[1])
		}
		rows = append(rows, r)
	}
	if len(rows) < 30 {
		t.Fatalf("%d rows only: the table is not read as it is written", len(rows))
	}
	return rows
}

// TestConditionsDoc holds the table of docs/conditions.md to what is done.
func TestConditionsDoc(t *testing.T) {
	for _, r := range documented(t) {
		if got := comesTo(t, r.expr, over(t, r.series...), snap()); got != r.want {
			t.Errorf("%s over %v\n     is %s\ndocs say %s", r.expr, r.series, got, r.want)
		}
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

// comesTo is what an expression comes to, in the words of the table.
func comesTo(t *testing.T, expr string, q metrics.Querier, at *fleet.Snapshot) string {
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
	c := query.Condition{Rule: rule, Over: q}
	m := c.Ask(t.Context(), at)
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
