package query_test

import (
	"fmt"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/midwatch-cli/midwatch/cmd/app"
	"github.com/midwatch-cli/midwatch/cmd/cmdtest"
	"github.com/midwatch-cli/midwatch/cmd/query"
)

// clocked runs query off a terminal, with the clock as it is.
func clocked(t *testing.T, args ...string) cmdtest.Result {
	t.Helper()
	return cmdtest.Command{New: query.New}.Run(t, args...)
}

// TestGatheredTooLittle: where less was gathered than an expression looks back,
// the answer says that it is less than exact.
func TestGatheredTooLittle(t *testing.T) {
	var n atomic.Int64
	at := cmdtest.Inventory(t, "order o-1="+cmdtest.Handler(t, func(w http.ResponseWriter, _ *http.Request) {
		_, _ = fmt.Fprintf(w, "reads_total %d\n", n.Add(100))
	}))
	const says = "warning: it looks back 10 s, and only "
	for _, c := range []struct {
		expr string
		warn bool
	}{
		{"rate(reads_total[10s])", true},
		{"rate(reads_total[1s])", false},
		{"reads_total", false},
		{"midwatch_service_request_rate", false},
	} {
		args := []string{c.expr, "--collect", "600ms", "--interval", "200ms", "--registry", at}
		if r := clocked(t, args...); strings.Contains(r.Errs, says) != c.warn {
			t.Errorf("%s: %s", c.expr, r.Errs)
		}
		if r := clocked(t, append(args, "-o", "json", "--jq", ".warnings|length")...); r.Out != map[bool]string{true: "1\n", false: "0\n"}[c.warn] {
			t.Errorf("%s: %q warnings", c.expr, r.Out)
		}
	}
}

// TestFoundIsNotSuggested: the hint is about the name that matched nothing, and
// not about one beside it.
func TestFoundIsNotSuggested(t *testing.T) {
	at := cmdtest.Inventory(t, "order o-1="+cmdtest.Handler(t, func(w http.ResponseWriter, _ *http.Request) {
		_, _ = fmt.Fprint(w, "reads_total 1\nwrites_total 2\n")
	}))
	for _, c := range []struct{ expr, hint string }{
		{"up and nope", "hint: midwatch query 'count by (__name__)"},
		{"up and raeds_total", "hint: did you mean reads_total?\n"},
		{"raeds_total and up", "hint: did you mean reads_total?\n"},
		{"raeds_total and raeds_total", "hint: did you mean reads_total?\n"},
		{`writes_total and reads_total{a="b"}`, "hint: midwatch query 'count by (__name__)"},
	} {
		if r := clocked(t, c.expr, "--registry", at); r.Code() != app.CannotSay || !strings.Contains(r.Errs, c.hint) {
			t.Errorf("%s: ended with %d, %s", c.expr, r.Code(), r.Errs)
		}
	}
}

// TestNamesAreQuoted: what is printed can be asked for.
func TestNamesAreQuoted(t *testing.T) {
	at := cmdtest.Inventory(t, "order o-1="+cmdtest.Handler(t, func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/plain; version=1.0.0; escaping=allow-utf-8")
		_, _ = fmt.Fprint(w, "{\"http.server.requests\",\"a.b\"=\"c\"} 1\njob:rate 2\n")
	}))
	for expr, want := range map[string]string{
		`{"http.server.requests"}`: `{"http.server.requests", "a.b"="c", instance="o-1", service="order"`,
		`{__name__="job:rate"}`:    `job:rate{instance="o-1", service="order"`,
	} {
		r := clocked(t, expr, "--registry", at, "--no-headers")
		if r.Err != nil || !strings.HasPrefix(r.Out, want) {
			t.Fatalf("%s: %v, %s%s", expr, r.Err, r.Out, r.Errs)
		}
		metric, _, _ := strings.Cut(r.Out, "\t")
		if again := clocked(t, metric, "--registry", at, "--no-headers"); again.Err != nil || !strings.HasPrefix(again.Out, metric) {
			t.Errorf("%s: %v, %s%s", metric, again.Err, again.Out, again.Errs)
		}
	}
}
