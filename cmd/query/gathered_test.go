package query_test

import (
	"fmt"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"

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
