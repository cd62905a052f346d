package measure_test

import (
	"fmt"
	"net/http"
	"slices"
	"testing"

	"github.com/midwatch-cli/midwatch/cmd/cmdtest"
	"github.com/midwatch-cli/midwatch/cmd/measure"
)

// TestOdd: what was not kept of a page is said, and that a page counts for
// several.
func TestOdd(t *testing.T) {
	twice := func() string {
		return cmdtest.Handler(t, func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "text/plain; version=0.0.4")
			_, _ = fmt.Fprint(w, "reads_total 1\nreads_total 2\n")
		})
	}
	var well page
	one, dead := well.serve(t), cmdtest.Closed(t)
	const note = "1 dropped, of a series that the page has already: reads_total"
	for _, c := range []struct {
		service string
		want    []string
	}{
		{"order o-1=" + one, nil},
		{"order o-1=" + dead + " o-2=" + dead, nil},
		{"order o-1=" + twice() + " o-2=" + one, []string{"the page of order/o-1: " + note}},
		{"order o-1=" + twice() + " o-2=" + twice() + " o-3=" + twice(), []string{"the page of order/o-1: " + note + "; and of 2 more instances"}},
		{"order o-1=" + one + " o-2=" + one, []string{"order/o-1 and o-2 have one page: what it counts is counted for each"}},
		{"order o-1=" + one + " o-2=" + one + " o-3=" + one, []string{"order/o-1 and 2 more instances have one page: what it counts is counted for each"}},
	} {
		var lines []string
		got := cmdtest.Command{New: asking{show: func(_ *measure.Session, r measure.Reading) error {
			lines = r.Odd()
			return nil
		}}.new}.Run(t, "--registry", cmdtest.Inventory(t, c.service))
		if got.Err != nil || !slices.Equal(lines, c.want) {
			t.Errorf("%s: %v, %q", c.service, got.Err, lines)
		}
	}
}
