package replay_test

import (
	"context"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/midwatch-cli/midwatch/cmd"
	"github.com/midwatch-cli/midwatch/cmd/app"
	"github.com/midwatch-cli/midwatch/cmd/cmdtest"
	"github.com/midwatch-cli/midwatch/cmd/replay"
	"github.com/midwatch-cli/midwatch/cmd/term"
	"github.com/midwatch-cli/midwatch/fleet"
	"github.com/midwatch-cli/midwatch/fleet/breaker"
	"github.com/midwatch-cli/midwatch/fleet/judge"
	"github.com/midwatch-cli/midwatch/fleet/record"
	"github.com/midwatch-cli/midwatch/fleet/sweep"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// guarded answers health and breakers.
func guarded(t *testing.T) string {
	t.Helper()
	return cmdtest.Handler(t, func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		switch r.URL.Path {
		case "/health":
			fmt.Fprint(w, `{"status":"UP","components":{"payment":{"status":"UP"}}}`)
		case "/midwatch/breakers":
			fmt.Fprint(w, `{"breakers":[{"breaker":"payment","state":"open","failureRate":0.62,"calls":50,"rejected":1204,"since":"2026-01-02T03:04:05Z"},`+
				`{"breaker":"user","state":"forced_open","heldBy":"oncall-1","reason":"db move","slowRate":0.1,"calls":7}]}`)
		case "/metrics":
			w.Header().Set("Content-Type", "text/plain; version=0.0.4")
			fmt.Fprint(w, page)
		default:
			http.NotFound(w, r)
		}
	})
}

// page is what order says of itself. It does not change: who looks later sees the
// same.
const page = `# TYPE http_requests_total counter
http_requests_total{method="GET",code="200"} 512
http_requests_total{method="GET",code="500"} 7
# TYPE http_request_duration_seconds histogram
http_request_duration_seconds_bucket{le="0.1"} 500
http_request_duration_seconds_bucket{le="+Inf"} 519
http_request_duration_seconds_sum 14.5
http_request_duration_seconds_count 519
# TYPE process_resident_memory_bytes gauge
process_resident_memory_bytes 1.048576e+06
`

// registries are a fleet in which everything is to be seen, in two files; the
// third does not answer.
func registries(t *testing.T) []string {
	t.Helper()
	dir := t.TempDir()
	order, up := guarded(t), cmdtest.Up(t)
	ill := cmdtest.Health(t, 503, `{"status":"DOWN","components":{"db":{"status":"DOWN","details":{"error":"no connection"}}}}`)
	leaving, denied := cmdtest.Health(t, 503, `{"status":"OUT_OF_SERVICE"}`), cmdtest.Health(t, 401, `{}`)
	one := fmt.Sprintf(`services:
  - name: order
    labels: {team: shop}
    dependsOn: [payment, nobody]
    instances:
      - {id: order-1, address: %q, zone: a, version: 2.4.1, labels: {profile: midwatch, health_path: /health}}
  - name: payment
    dependsOn: [user]
    instances:
      - {id: payment-1, address: %q, zone: a, version: 2.4.0, weight: 3}
      - {id: payment-2, address: %q, zone: b, version: 2.4.1}
  - {name: empty, instances: []}
`, order, up, ill)
	two := fmt.Sprintf(`services:
  - {name: user, dependsOn: [order], instances: [{id: user-1, address: %q}, {id: user-2, address: %q}, {id: user-3, address: %q}]}
`, leaving, denied, cmdtest.Closed(t))
	var urls []string
	for i, text := range []string{one, two} {
		path := filepath.Join(dir, fmt.Sprintf("%d.yaml", i))
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		urls = append(urls, fmt.Sprintf("%s=file://%s", []string{"one", "two"}[i], path))
	}
	return append(urls, "gone=consul://"+cmdtest.Closed(t))
}

// end is how a command line ended.
type end struct {
	code      int
	out, errs string
}

// run runs a command line of the whole tool.
func run(t *testing.T, args ...string) end {
	t.Helper()
	return runFor(t, t.Context(), args...)
}

func runFor(t *testing.T, ctx context.Context, args ...string) end {
	t.Helper()
	home := t.TempDir()
	io, out, errs := term.Test("")
	code := cmd.Run(ctx, args, io, func(name string) string {
		switch name {
		case "HOME", "XDG_CONFIG_HOME", "XDG_STATE_HOME":
			return home
		}
		return ""
	})
	return end{code, out.String(), errs.String()}
}

// memory is a Past of one pass that was never in a file.
type memory struct{ pass record.Pass }

func (m memory) Contexts() []string { return []string{m.pass.Snapshot.Context} }
func (m memory) Inputs() []sweep.Input {
	s := m.pass.Snapshot
	return []sweep.Input{{Services: judge.Held(s), Sources: s.Sources, Warnings: s.Warnings}}
}

func (m memory) Pass(_ context.Context, w app.Wanted) ([]*fleet.Snapshot, error) {
	return []*fleet.Snapshot{replay.Again(m.pass, w)}, nil
}

func (m memory) Gathered(time.Duration) (start, began time.Time, passes int) {
	return m.pass.Snapshot.At, m.pass.Snapshot.At, 1
}

func (m memory) Watch(_ context.Context, w app.Wanted) <-chan *fleet.Snapshot {
	ch := make(chan *fleet.Snapshot, 1)
	ch <- replay.Again(m.pass, w)
	close(ch)
	return ch
}
func (memory) Play(context.Context, app.Wanted) app.Film { panic("nobody walks through it") }
func (memory) Err() error                                { return nil }
func (memory) Close()                                    {}
func (memory) Events(context.Context, breaker.Site, string) ([]breaker.Event, error) {
	return nil, nil
}

// remembered runs a command line on a pass in memory.
func remembered(t *testing.T, p record.Pass, args ...string) end {
	t.Helper()
	io, out, errs := term.Test("")
	a := app.New(io, func(string) string { return "" })
	a.Past = func([]string) (app.Past, error) { return memory{p}, nil }
	a.Now = func() time.Time { return p.Snapshot.At }
	a.Holders = func(fleet.Key, *fleet.Breaker) fleet.Hold { return fleet.Hold{} }
	root := cmd.New(a)
	root.SetArgs(args)
	root.SetOut(out)
	root.SetErr(errs)
	r := cmdtest.Result{Err: root.ExecuteContext(t.Context())}
	return end{int(r.Code()), out.String(), errs.String()}
}

// pass makes one real pass over registries, with all that can be asked.
func pass(t *testing.T, urls []string) record.Pass {
	t.Helper()
	io, _, _ := term.Test("")
	a := app.New(io, func(string) string { return "" })
	a.Global.Registries = urls
	s, err := a.Open(t.Context(), app.Probing{ProbeTimeout: 2 * time.Second, Attempts: 1, Parallel: 8, Explain: true})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	var all app.Selection
	sel, err := all.Compile(nil)
	if err != nil {
		t.Fatal(err)
	}
	r, err := s.Pass(t.Context(), sel, app.Everything, nil)
	if err != nil {
		t.Fatal(err)
	}
	// What a clock has beside the time is of this process only.
	r.Snapshot.At = r.Snapshot.At.Round(0)
	for i := range r.Snapshot.Sources {
		src := &r.Snapshot.Sources[i]
		src.AsOf, src.Since = src.AsOf.Round(0), src.Since.Round(0)
	}
	return record.Pass{Snapshot: r.Snapshot}
}

// file is where a test writes.
func file(t *testing.T, name string) string { return filepath.Join(t.TempDir(), name) }

func words(line string) []string { return strings.Fields(line) }
