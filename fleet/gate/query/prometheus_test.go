package query_test

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/promql/parser"

	"github.com/midwatch-cli/midwatch/fleet"
	"github.com/midwatch-cli/midwatch/fleet/metrics"
	"github.com/midwatch-cli/midwatch/fleet/metrics/metricstest"
	"github.com/midwatch-cli/midwatch/fleet/metrics/server"
)

// apart gives every name in an expression a prefix, so that the rows of a table
// live beside each other in one server.
func apart(t *testing.T, expr, prefix string) string {
	t.Helper()
	e, err := parser.NewParser(parser.Options{}).ParseExpr(expr)
	if err != nil {
		return expr
	}
	parser.Inspect(e, func(n parser.Node, _ []parser.Node) error {
		if v, ok := n.(*parser.VectorSelector); ok {
			v.Name = prefix + v.Name
			for i, m := range v.LabelMatchers {
				if m.Name == metrics.LabelName {
					v.LabelMatchers[i] = labels.MustNewMatcher(m.Type, m.Name, v.Name)
				}
			}
		}
		return nil
	})
	return e.String()
}

// page has the series of all rows, each sample with its time.
func page(t *testing.T, rows []row, at time.Time) (text string, n int) {
	t.Helper()
	var b strings.Builder
	for i, r := range rows {
		for _, line := range r.series {
			l, values, err := parser.NewParser(parser.Options{}).ParseSeriesDesc(line)
			if err != nil {
				t.Fatal(err)
			}
			n++
			var pairs []string
			l.Range(func(l labels.Label) {
				if l.Name != metrics.LabelName {
					pairs = append(pairs, l.Name+"="+strconv.Quote(l.Value))
				}
			})
			for k, v := range values {
				fmt.Fprintf(&b, "row%02d_%s{%s} %v %d\n", i, l.Get(metrics.LabelName), strings.Join(pairs, ","), v.Value, at.Add(time.Duration(k+1-len(values))*15*time.Second).UnixMilli())
			}
		}
	}
	return b.String(), n
}

// TestConditionsDocOverPrometheus: over a real server every row of the table comes
// to the same, in the same words.
func TestConditionsDocOverPrometheus(t *testing.T) {
	t.Parallel()
	rows, at := documented(t), time.Now().Truncate(time.Second)
	text, n := page(t, rows, at)
	pages := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/plain; version=0.0.4")
		_, _ = io.WriteString(w, text)
	}))
	t.Cleanup(pages.Close)
	far := metricstest.StartPrometheus(t, fmt.Sprintf(`
global: {scrape_interval: 1s, scrape_timeout: 1s}
scrape_configs:
- job_name: rows
  honor_labels: true
  metric_relabel_configs: [{action: labeldrop, regex: job|instance}]
  static_configs: [{targets: [%q]}]
`, strings.TrimPrefix(pages.URL, "http://")))
	client := &http.Client{Transport: &http.Transport{}}
	t.Cleanup(client.CloseIdleConnections)
	q, err := server.Open(server.Options{URL: far.URL, Client: client})
	if err != nil {
		t.Fatal(err)
	}
	metricstest.Until(t, 30*time.Second, "it holds all series", func() bool {
		a, err := q.Query(t.Context(), metrics.Question{Expr: `count({__name__=~"row.*"})`, At: at})
		return err == nil && len(a.Series) == 1 && int(a.Series[0].Points[0].V) == n
	})
	for i, r := range rows {
		prefix := fmt.Sprintf("row%02d_", i)
		got := strings.ReplaceAll(comesTo(t, apart(t, r.expr, prefix), q, &fleet.Snapshot{At: at}), prefix, "")
		if got != r.want && !strings.HasPrefix(r.want, "refused: ") {
			t.Errorf("%s over %v\n     is %s\ndocs say %s", r.expr, r.series, got, r.want)
		}
	}
}
