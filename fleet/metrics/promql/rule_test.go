package promql_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/prometheus/prometheus/promql/parser"

	"github.com/midwatch-cli/midwatch/fleet"
	"github.com/midwatch-cli/midwatch/fleet/metrics"
	"github.com/midwatch-cli/midwatch/fleet/metrics/promql"
)

// drawn is a term as one line: its kind, then what it is asked by, then its parts.
func drawn(t *metrics.Term) string {
	kinds := [...]string{"calc", "number", "cmp", "and", "or", "unless", "absent", "scalar"}
	text := kinds[t.Kind] + t.Op + "<" + t.Expr + ">"
	if t.Pairs != "" {
		text += "pairs<" + t.Pairs + ">limits<" + t.Limits + ">"
	}
	var parts []string
	for i := range t.Parts {
		parts = append(parts, drawn(&t.Parts[i]))
	}
	if parts != nil {
		text += "(" + strings.Join(parts, ", ") + ")"
	}
	return text
}

func TestRulesTakenApart(t *testing.T) {
	for expr, want := range map[string]string{
		`up==0`:             `cmp==<up==0>(calc<up>, number<0>)`,
		`(up == 0)`:         `cmp==<(up == 0)>(calc<up>, number<0>)`,
		`up == bool 0`:      `cmp==<up == 0>(calc<up>, number<0>)`,
		`-1 < x`:            `cmp><-1 < x>(calc<x>, number<-1>)`,
		`x >= y`:            `cmp>=<x >= y>pairs<x >= bool y>limits<y <= x>(calc<x>, calc<y>)`,
		`a + b > 2 * c`:     `cmp><a + b > 2 * c>pairs<(a + b) > bool (2 * c)>limits<(2 * c) < (a + b)>(calc<a + b>, calc<2 * c>)`,
		`1 < x < 5`:         `cmp<<1 < x < 5>(cmp><1 < x>(calc<x>, number<1>), number<5>)`,
		`rate(x[5m]) > 0.5`: `cmp><rate(x[5m]) > 0.5>(calc<rate(x[5m])>, number<0.5>)`,
		`x > on (service) group_left (team) y`: `cmp><x > on (service) group_left (team) y>pairs<x > bool on (service) group_left (team) y>` +
			`limits<y < on (service) group_right (team) x>(calc<x>, calc<y>)`,
		`count by (service) (up == 0) > 2`: `cmp><count by (service) (up == 0) > 2>(calc<count by (service) (up == 0)>(cmp==<up == 0>(calc<up>, number<0>)), number<2>)`,
		`count(up == 0)`:                   `calc<count(up == 0)>(cmp==<up == 0>(calc<up>, number<0>))`,
		`a > 1 and b unless c < 2`: `unless<a > 1 and b unless c < 2>(and<a > 1 and b>(cmp><a > 1>(calc<a>, number<1>), calc<b>), ` +
			`cmp<<c < 2>(calc<c>, number<2>))`,
		`a == 1 or absent(b)`:                    `or<a == 1 or absent(b)>(cmp==<a == 1>(calc<a>, number<1>), absent<absent(b)>)`,
		`absent_over_time(a[5m])`:                `absent<absent_over_time(a[5m])>`,
		`scalar(a) > bool 1`:                     `cmp><scalar(a) > bool 1>(scalar<scalar(a)>(calc<a>), number<1>)`,
		`time() - a > 60`:                        `cmp><time() - a > 60>(calc<time() - a>, number<60>)`,
		`sum(a > bool 1) > 2`:                    `cmp><sum(a > bool 1) > 2>(calc<sum(a > bool 1)>, number<2>)`,
		`-(a > 1)`:                               `calc<-(a > 1)>(cmp><a > 1>(calc<a>, number<1>))`,
		`(a > 1) * b`:                            `calc<(a > 1) * b>(cmp><a > 1>(calc<a>, number<1>))`,
		`label_replace(a > 1, "x", "y", "", "")`: `calc<label_replace(a > 1, "x", "y", "", "")>(cmp><a > 1>(calc<a>, number<1>))`,
		`max_over_time((a > 1)[5m:1m] offset 1h) `: `calc<max_over_time((a > 1)[5m:1m] offset 1h) >(cmp><last_over_time((a > 1)[5m:1m] offset 1h)>(` +
			`calc<last_over_time(a[5m:1m] offset 1h)>, number<last_over_time(vector(1)[5m:1m] offset 1h)>))`,
		`min_over_time((sum_over_time((a > scalar(b))[10s:5s]) > 3)[5m:])`: `calc<min_over_time((sum_over_time((a > scalar(b))[10s:5s]) > 3)[5m:])>(` +
			`cmp><last_over_time((sum_over_time((a > scalar(b))[10s:5s]) > 3)[5m:])>(` +
			`calc<last_over_time(sum_over_time((a > scalar(b))[10s:5s])[5m:])>(cmp><last_over_time(last_over_time((a > scalar(b))[10s:5s])[5m:])>(` +
			`calc<last_over_time(last_over_time(a[10s:5s])[5m:])>, scalar<last_over_time(last_over_time(vector(scalar(b))[10s:5s])[5m:])>(` +
			`calc<last_over_time(last_over_time(b[10s:5s])[5m:])>))), number<last_over_time(vector(3)[5m:])>))`,
	} {
		r, err := promql.ParseRule(expr)
		if err != nil {
			t.Errorf("%s: %v", expr, err)
			continue
		}
		if got := drawn(&r.Term); got != want {
			t.Errorf("%s\n got %s\nwant %s", expr, got, want)
		}
		if r.Text != expr {
			t.Errorf("%q is remembered as %q", expr, r.Text)
		}
	}
}

// TestWhatDecidesNothing is refused, with what to write instead.
func TestWhatDecidesNothing(t *testing.T) {
	for expr, want := range map[string]string{
		"up":                               "compare it: up == 0",
		`up{service="a"}`:                  `compare it: up{service="a"} == 0`,
		"sum(up)":                          "compare it: sum(up) > 0",
		"a / b":                            "compare it: (a / b) > 0",
		"1":                                "compare it: 1 > 0",
		`"text"`:                           "a text decides nothing",
		"up[5m]":                           "a range decides nothing",
		"(up > 1)[5m:1m]":                  "a range decides nothing",
		"a > 1 or b":                       "compare both sides: b is there",
		"a or b > 1":                       "compare both sides: a is there",
		"a and b":                          "compare it",
		"a unless b":                       "compare it",
		"count(up == 0) or vector(0)":      "compare both sides: vector(0) is there",
		"(a > bool 1) and (b < bool 1)":    "leave out bool: a > bool 1",
		"sum(up == bool 0)":                "leave out bool: up == bool 0",
		"scalar(up == 0)":                  "compare it: scalar(up == 0) > 0",
		"up ==":                            "",
		"up = 0":                           "to compare is ==",
		"rate(up)":                         "say over how long: rate(name[5m])",
		"":                                 "",
		strings.Repeat("up + ", 99) + "up": "compare it, as in: up == 0",
	} {
		_, err := promql.ParseRule(expr)
		var said *fleet.Error
		if !errors.As(err, &said) || !errors.Is(err, metrics.ErrExpression) || !strings.HasPrefix(said.Hint, want) || want == "" && said.Hint != "" {
			t.Errorf("%q: %v, %+v; want the hint %q", expr, err, said, want)
		}
	}
	if _, err := promql.ParseRule("sum(up) >\n  => 3"); err == nil || !strings.HasPrefix(err.Error(), "2:3: ") {
		t.Errorf("the place is not in %v", err)
	}
}

// FuzzParseRule: whatever is taken, each of its parts can be asked by itself, at
// an instant.
func FuzzParseRule(f *testing.F) {
	for _, s := range []string{
		"up == 0", "a > on (b) group_left (c) d", "1 < x < 5", "count(up == bool 0) > 2 and absent(b)", "max_over_time((a > scalar(b))[5m:1m] @ 3 offset -1m) > 1",
		"-a > -b", "a{b!~\"c\"}[5m] > 1", "histogram_quantile(0.9, rate(a[5m])) >= 1 or b unless ignoring (c) d <= 3", "a ^ -1 > 1 == bool 2", "{\"a.b\"} > 0", "1 > bool 2",
	} {
		f.Add(s)
	}
	p := parser.NewParser(parser.Options{})
	f.Fuzz(func(t *testing.T, s string) {
		r, err := promql.ParseRule(s)
		if err != nil {
			var said *fleet.Error
			if !errors.As(err, &said) || said.Detail == "" || !errors.Is(err, metrics.ErrExpression) {
				t.Errorf("%q: %#v", s, err)
			}
			return
		}
		if !r.Empties() {
			t.Errorf("%q decides nothing: %s", s, drawn(&r.Term))
		}
		var each func(*metrics.Term)
		each = func(term *metrics.Term) {
			for _, expr := range []string{term.Expr, term.Pairs, term.Limits} {
				if expr == "" && term.Pairs == "" {
					continue
				}
				e, err := p.ParseExpr(expr)
				if err != nil {
					t.Errorf("%q: part %q: %v", s, expr, err)
				} else if k := e.Type(); k != parser.ValueTypeVector && k != parser.ValueTypeScalar {
					t.Errorf("%q: part %q is a %s", s, expr, k)
				}
			}
			for i := range term.Parts {
				each(&term.Parts[i])
			}
		}
		each(&r.Term)
	})
}
