package query_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/prometheus/prometheus/promql/parser"

	"github.com/midwatch-cli/midwatch/fleet"
	"github.com/midwatch-cli/midwatch/fleet/gate/query"
	"github.com/midwatch-cli/midwatch/fleet/metrics/promql"
	"github.com/midwatch-cli/midwatch/fleet/selection"
)

func TestSugar(t *testing.T) {
	const by = " by (context, source, namespace, service) "
	for _, c := range []struct {
		flag  func(string, string) (query.Sugar, error)
		text  string
		where string
		want  string
	}{
		{query.MaxErrorRate, "1%", "", "midwatch_service_error_ratio > 0.01"},
		{query.MaxErrorRate, "0.1%", `service="a"`, `midwatch_service_error_ratio{service="a"} > 0.001`},
		{query.MaxErrorRate, "7%", "", "midwatch_service_error_ratio > 0.07"},
		{query.MaxErrorRate, "0%", "", "midwatch_service_error_ratio > 0"},
		{query.MaxP99, "300ms", "", `midwatch_service_latency_seconds{quantile="0.99"} > 0.3`},
		{query.MaxP99, "1m", `service=~"a|b"`, `midwatch_service_latency_seconds{quantile="0.99",service=~"a|b"} > 60`},
		{query.MinHealthy, "3", "", "sum" + by + `(midwatch_instance_status{status=~"up|degraded|unknown"}) < 3`},
		{
			query.MinHealthy, "90%", `service="a"`,
			"sum" + by + `(midwatch_instance_status{status=~"up|degraded|unknown",service="a"}) / count` + by + `(midwatch_instance_status{status="maintenance",service="a"} == 0) < 0.9`,
		},
		{query.MaxErrorRate, "1", "", `error: --max-error-rate "1" is no share: want 0% to 100%`},
		{query.MaxErrorRate, "101%", "", `error: --max-error-rate "101%" is no share: want 0% to 100%`},
		{query.MaxErrorRate, "-1%", "", `error: --max-error-rate "-1%" is no share: want 0% to 100%`},
		{query.MaxErrorRate, "NaN%", "", `error: --max-error-rate "NaN%" is no share: want 0% to 100%`},
		{query.MaxP99, "300", "", `error: --max-p99 "300" is no duration: want 300ms or 1.5s`},
		{query.MaxP99, "0s", "", `error: --max-p99 "0s" is no duration: want 300ms or 1.5s`},
		{query.MinHealthy, "many", "", `error: --min-healthy "many" is neither a number nor a share: want 3 or 90%`},
	} {
		s, err := c.flag(c.text, c.where)
		got := s.Expr
		if err != nil {
			got = "error: " + err.Error()
		}
		if got != c.want {
			t.Errorf("%s where %s\n got %s\nwant %s", c.text, c.where, got, c.want)
		}
		if err == nil && !strings.HasSuffix(s.Flag, " "+c.text) {
			t.Errorf("%s is called %s", c.text, s.Flag)
		}
	}
}

// TestMinHealthy over what midwatch sees: maintenance is not counted, what is
// unknown is not held against a service, and a share is exact.
func TestMinHealthy(t *testing.T) {
	for _, c := range []struct {
		text, fleet string // a letter for each instance: up, down, maintenance, unknown
		want        string
	}{
		{"90%", "uuuuuuuuud", "false"},
		{"90%", "uuuuuuuudd", "a: healthy 80% < 90%"},
		{"90%", "uuuuuuuuudmmm", "false"},
		{"90%", "u?????????", "false"},
		{"90%", "mmm", "false"},
		{"93%", strings.Repeat("u", 93) + strings.Repeat("d", 7), "false"},
		{"100%", "u", "false"},
		{"100%", "ud", "a: healthy 50% < 100%"},
		{"0%", "d", "false"},
		{"1", "dd", "a: healthy 0 < 1"},
		{"1", "du", "false"},
		{"90%", "", "unknown"},
	} {
		s, err := query.MinHealthy(c.text, "")
		if err != nil {
			t.Fatal(err)
		}
		var lines []string
		for i, letter := range c.fleet {
			for l, status := range map[rune]string{'u': "up", 'd': "down", 'm': "maintenance", '?': "unknown"} {
				v := 0
				if l == letter {
					v = 1
				}
				lines = append(lines, fmt.Sprintf(`midwatch_instance_status{source="x",service="a",instance="a-%d",status="%s"} %d`, i, status, v))
			}
		}
		q := condition(t, s.Expr, over(t, lines...))
		q.Flag, q.What, q.Unit = s.Flag, s.What, s.Unit
		m := q.Ask(t.Context(), snap())
		got := fmt.Sprint(m.Holds)
		switch {
		case !m.Known:
			got = "unknown"
		case m.Holds:
			got = m.Text
		}
		if got != c.want {
			t.Errorf("--min-healthy %s of %q: %s, want %s (%s)", c.text, c.fleet, got, c.want, m.Text)
		}
	}
}

func TestWhere(t *testing.T) {
	for _, c := range []struct {
		names     string
		namespace string
		want      string
	}{
		{"", "", ""},
		{"payment", "", `service="payment"`},
		{"payment order", "", `service=~"payment|order"`},
		{"ord* !canary", "", `service=~"ord.*",service!="canary"`},
		{"!a !b?", "", `service!~"a|b."`},
		{"consul:payment", "", `service="payment"`},
		{"!consul:payment", "", ""},
		{"shop/payment", "", `service=~"shop|payment"`},
		{"!payment/payment-2", "", ""},
		{"a.b", "", `service="a.b"`},
		{"a.b*", "", `service=~"a\\.b.*"`},
		{"[ab]*", "", `service=~".*"`},
		{"![ab]*", "", ""},
		{"größe", "shop", `service="größe",namespace="shop"`},
		{"", "sh*", `namespace=~"sh.*"`},
		{`q"q`, "", `service="q\"q"`},
	} {
		if got := query.Where(strings.Fields(c.names), c.namespace); got != c.want {
			t.Errorf("%s in %q\n got %s\nwant %s", c.names, c.namespace, got, c.want)
		}
	}
}

// FuzzWhere: what names and a namespace select is selected by their matchers too.
func FuzzWhere(f *testing.F) {
	for _, s := range [][3]string{{"payment", "", "payment"}, {"ord* !canary", "", "order"}, {"shop/pay", "sh*", "pay"}, {"consul:a.b !c/d", "", "a.b"}, {"![a-c]", "", "x"}, {`\*`, "", "*"}, {"a ?", "ns", "é"}} {
		f.Add(s[0], s[1], s[2])
	}
	p := parser.NewParser(parser.Options{})
	f.Fuzz(func(t *testing.T, names, namespace, service string) {
		sel, err := selection.Selector{Names: strings.Fields(names), Namespace: namespace}.Compile()
		if err != nil {
			return
		}
		where := query.Where(strings.Fields(names), namespace)
		e, err := p.ParseExpr("x{" + where + "}")
		if err != nil {
			if strings.ToValidUTF8(names+namespace, "") != names+namespace {
				return
			}
			t.Fatalf("%q in %q: {%s}: %v", names, namespace, where, err)
		}
		for _, ns := range []string{"", namespace, "shop"} {
			found, _ := sel.Apply([]fleet.Service{{Ref: fleet.Ref{Source: "consul", Namespace: ns, Name: service}, Instances: []fleet.Instance{{ID: "d"}}}})
			for _, m := range e.(*parser.VectorSelector).LabelMatchers {
				value := map[string]string{"service": service, "namespace": ns, "__name__": "x"}[m.Name]
				if len(found) > 0 && !m.Matches(value) {
					t.Errorf("%q in %q selects %q of %q, {%s} does not", names, namespace, service, ns, where)
				}
			}
		}
	})
}

// FuzzSugar: what is taken makes an expression that decides something.
func FuzzSugar(f *testing.F) {
	for _, s := range []string{"1%", "0.001%", "1e-9%", "300ms", "1h2m3.5s", "3", "90%", "1e3%", "+5%", "0x1p-2%", "9999999h", "1ns"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, text string) {
		for _, flag := range []func(string, string) (query.Sugar, error){query.MaxErrorRate, query.MaxP99, query.MinHealthy} {
			s, err := flag(text, `service=~"a|b"`)
			if err != nil {
				continue
			}
			if _, err := promql.ParseRule(s.Expr); err != nil {
				t.Errorf("%s stands for %s: %v", s.Flag, s.Expr, err)
			}
		}
	})
}
