package breakers_test

import (
	"cmp"
	"fmt"
	"math"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/midwatch-cli/midwatch/cmd/app"
	"github.com/midwatch-cli/midwatch/cmd/breakers"
	"github.com/midwatch-cli/midwatch/cmd/cmdtest"
	"github.com/midwatch-cli/midwatch/fleet"
	"github.com/midwatch-cli/midwatch/fleet/breaker"
	"github.com/midwatch-cli/midwatch/fleet/breaker/httpapi"
	"github.com/midwatch-cli/midwatch/fleet/breaker/memory"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// night is when all of it happens.
var night = time.Date(2026, 1, 2, 2, 14, 0, 0, time.UTC)

// world is a fleet whose breakers live in this process: order of four instances,
// gateway of two, edge of one, and plain, of which nobody says how breakers are
// read.
type world struct {
	far      memory.Far
	registry string
	tty      bool
	columns  int // of the terminal; 0: 106
	holders  func(k fleet.Key, b *fleet.Breaker) fleet.Hold
}

func newWorld(t *testing.T) *world {
	t.Helper()
	w := &world{}
	text := "services:\n"
	for _, s := range []struct {
		name, api string
		n         int
	}{{"order", "memory", 4}, {"gateway", "memory", 2}, {"edge", "memory", 1}, {"plain", "", 1}} {
		text += "  - name: " + s.name + "\n    instances:\n"
		for i := range s.n {
			text += fmt.Sprintf("      - {id: %s-%d, address: %q, labels: {breakers_api: %q}}\n", s.name, i+1, addr(s.name, i+1), s.api)
		}
	}
	file := filepath.Join(t.TempDir(), "fleet.yaml")
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	w.registry = "file://" + file
	return w
}

// addr is where an instance is; nothing is ever asked there.
func addr(service string, n int) string {
	return fmt.Sprintf("10.%d.%d.%d:80", len(service), service[0], n)
}

// put gives an instance a breaker.
func (w *world) put(service string, n int, name string, state fleet.BreakerState, more ...func(*fleet.Breaker)) {
	b := fleet.NewBreaker(name, state)
	for _, f := range more {
		f(&b)
	}
	w.far.Put("memory://"+addr(service, n), b)
}

func since(ago time.Duration) func(*fleet.Breaker) {
	return func(b *fleet.Breaker) { b.Since = night.Add(-ago) }
}

func counted(failed, slow float64, calls, rejected int64) func(*fleet.Breaker) {
	return func(b *fleet.Breaker) { b.FailureRate, b.SlowRate, b.Calls, b.Rejected = failed, slow, calls, rejected }
}

func heldBy(h fleet.Hold) func(*fleet.Breaker) { return func(b *fleet.Breaker) { b.Hold = h } }

// screens is the fleet of the screens' sketch.
func (w *world) screens() {
	n := math.NaN()
	for i := 1; i <= 3; i++ {
		w.put("order", i, "payment", fleet.BreakerOpen, since(time.Duration(i)*time.Minute), counted(0.62, 0, 50, 400))
	}
	w.put("order", 4, "payment", fleet.BreakerClosed, since(time.Hour), counted(0.1, 0, 50, 4))
	for i := 1; i <= 4; i++ {
		w.put("order", i, "inventory", fleet.BreakerForcedOpen, since(9*time.Minute), counted(n, n, -1, 22),
			heldBy(fleet.Hold{By: "oncall-1", Reason: "db move", Change: "01J9K", Until: night.Add(51 * time.Second)}),
			func(b *fleet.Breaker) { b.Observed = fleet.BreakerClosed })
		w.put("order", i, "user", fleet.BreakerClosed, since(time.Hour), counted(0, 0, 10, 0))
	}
	for i := 1; i <= 2; i++ {
		w.put("gateway", i, "order", fleet.BreakerClosed, since(2*time.Hour), counted(0.004, 0, 500, 0))
		w.put("gateway", i, "user", fleet.BreakerClosed, since(2*time.Hour))
	}
	w.put("edge", 1, "shop/s1", fleet.BreakerClosed)
}

// run runs breakers with arguments, on a terminal where the world has one.
func (w *world) run(t *testing.T, args ...string) cmdtest.Result {
	t.Helper()
	command := cmdtest.Command{New: breakers.New, Prepare: func(a *app.App) {
		a.Now = func() time.Time { return night }
		a.Holders = w.holders
		a.Breakers = func(api string) (*breaker.Driver, error) {
			if api == "httpapi" {
				return httpapi.Driver(), nil
			}
			return w.far.Driver(), nil
		}
		if w.tty {
			a.IO.OutTTY = true
			a.IO.Wide = func() int { return cmp.Or(w.columns, 106) }
		}
	}}
	return command.Run(t, append(args, "--registry", w.registry, "--utc")...)
}

// lines compares standard output line by line, blanks at ends left out.
func lines(t *testing.T, what, got, want string) {
	t.Helper()
	trim := func(s string) string {
		var out []string
		for line := range strings.Lines(s) {
			out = append(out, strings.TrimRight(line, " \n"))
		}
		return strings.Trim(strings.Join(out, "\n"), "\n")
	}
	if trim(got) != trim(want) {
		t.Errorf("%s: got\n%s\nwant\n%s", what, trim(got), trim(want))
	}
}

// handled serves the breaker contract badly.
func handled(t *testing.T, status int, body string) string {
	t.Helper()
	return cmdtest.Handler(t, func(rw http.ResponseWriter, _ *http.Request) {
		rw.Header().Set("Content-Type", "application/json")
		rw.WriteHeader(status)
		fmt.Fprint(rw, body)
	})
}

// contract answers the list of breakers, and nothing else.
func contract(list string) http.HandlerFunc {
	return func(rw http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/midwatch/breakers" {
			http.NotFound(rw, r)
			return
		}
		rw.Header().Set("Content-Type", "application/json")
		fmt.Fprint(rw, list)
	}
}
