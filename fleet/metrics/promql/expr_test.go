package promql_test

import (
	"reflect"
	"testing"
	"time"

	"github.com/midwatch-cli/midwatch/fleet/metrics"
	"github.com/midwatch-cli/midwatch/fleet/metrics/promql"
)

func parse(t *testing.T, text string) *promql.Expr {
	t.Helper()
	e, err := promql.Parse(text)
	if err != nil {
		t.Fatal(err)
	}
	return e
}

func TestSelectors(t *testing.T) {
	got := parse(t, `sum(rate(a{x="1"}[5m] offset 1h)) / {__name__="b", y=~".+"} + avg_over_time({z!=""}[10m:1m]) - -c @ 10`).Selectors()
	want := []promql.Selector{
		{Text: `a{x="1"}[5m] offset 1h`, Name: "a", Range: 5 * time.Minute, Offset: time.Hour},
		{Text: `{__name__="b",y=~".+"}`, Name: "b"},
		{Text: `{z!=""}`},
		{Text: `c @ 10.000`, Name: "c"},
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("%+v", got)
	}
}

func TestKinds(t *testing.T) {
	for text, want := range map[string]metrics.Kind{
		`a`: metrics.Vector, `a[5m]`: metrics.Matrix, `1`: metrics.Scalar, `"a"`: metrics.String, `(a > 1)`: metrics.Vector, `a[5m:]`: metrics.Matrix,
	} {
		if got := parse(t, text).Kind(); got != want {
			t.Errorf("%s: %s", text, got)
		}
	}
	if got := parse(t, "sum  by(a)\n( b )").String(); got != "sum by (a) (b)" {
		t.Error(got)
	}
}

func FuzzParse(f *testing.F) {
	for _, seed := range []string{`a`, `sum by (le) (rate(a_bucket{x=~"y"}[5m] offset -1m)) > bool 3`, `{"a.b"}`, `a[`, `rat(a)`, `"\xff"`, `a @ end()`} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		e, err := promql.Parse(text)
		if err != nil {
			return
		}
		e.Kind()
		for _, s := range e.Selectors() {
			if s.Text == "" {
				t.Error("a selector without a text")
			}
		}
		// What is printed means the same.
		again, err := promql.Parse(e.String())
		if err != nil || again.String() != e.String() {
			t.Errorf("%q: %v", e.String(), err)
		}
	})
}
