package measure_test

import (
	"context"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/spf13/cobra"
	"go.uber.org/goleak"

	"github.com/midwatch-cli/midwatch/cmd/app"
	"github.com/midwatch-cli/midwatch/cmd/cmdtest"
	"github.com/midwatch-cli/midwatch/cmd/measure"
	"github.com/midwatch-cli/midwatch/fleet/metrics"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// probe is a command that gathers and does something with each reading.
type asking struct {
	collect, every time.Duration
	needs          func(*measure.Session)
	show           func(*measure.Session, measure.Reading) error
}

func (p asking) new(a *app.App) *cobra.Command {
	var l measure.Look
	cmd := &cobra.Command{Use: "ask [SERVICE...]", RunE: func(cmd *cobra.Command, args []string) error {
		s, err := l.Open(cmd.Context(), a, args, measure.Window{})
		if err != nil {
			return err
		}
		defer s.Close()
		if p.needs != nil {
			p.needs(s)
		}
		return s.Run(cmd.Context(), p.collect, p.every, func(r measure.Reading) (func() error, error) {
			return func() error { return p.show(s, r) }, nil
		})
	}}
	l.Add(cmd, a)
	return cmd
}

// page counts how often it was read, and health how often it was asked.
type page struct {
	mu     sync.Mutex
	pages  int
	health int
}

func (p *page) serve(t *testing.T) string {
	t.Helper()
	return cmdtest.Handler(t, func(w http.ResponseWriter, r *http.Request) {
		p.mu.Lock()
		defer p.mu.Unlock()
		if r.URL.Path == "/metrics" {
			p.pages++
			w.Header().Set("Content-Type", "text/plain; version=0.0.4")
			_, _ = fmt.Fprintf(w, "reads_total %d\n", p.pages)
			return
		}
		p.health++
		w.Header().Set("Content-Type", "application/json")
		_, _ = fmt.Fprint(w, `{"status":"UP"}`)
	})
}

func (p *page) counts() (pages, health int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.pages, p.health
}

// value is the one value that an expression comes to; -1 where it comes to none.
func value(t *testing.T, over metrics.Querier, expr string, at time.Time) float64 {
	t.Helper()
	a, err := over.Query(t.Context(), metrics.Question{Expr: expr, At: at})
	if err != nil || len(a.Series) != 1 || len(a.Series[0].Points) != 1 {
		return -1
	}
	return a.Series[0].Points[0].V
}

// TestGathering makes a pass at both ends of a time, and at each interval between.
func TestGathering(t *testing.T) {
	for _, c := range []struct {
		collect, every time.Duration
		least, most    int
	}{
		{0, time.Second, 1, 1},
		{300 * time.Millisecond, time.Second, 2, 2},
		{400 * time.Millisecond, 100 * time.Millisecond, 3, 5},
		{250 * time.Millisecond, 0, 2, 4}, // no interval is the shortest
	} {
		var p page
		var r measure.Reading
		latest := -1.0
		got := cmdtest.Command{New: asking{collect: c.collect, every: c.every, show: func(s *measure.Session, reading measure.Reading) error {
			r, latest = reading, value(t, s.Over, "reads_total", reading.At)
			return nil
		}}.new}.Run(t, "--registry", cmdtest.Inventory(t, "order o-1="+p.serve(t)))
		pages, health := p.counts()
		if got.Err != nil || pages < c.least || pages > c.most || r.Passes != pages || health != 0 || latest != float64(pages) {
			t.Errorf("%v every %v: %v, %d pages, %d passes, %d probes, the latest is %v", c.collect, c.every, got.Err, pages, r.Passes, health, latest)
		}
		if c.collect == 0 && r.Gathered != 0 || c.collect > 0 && (r.Gathered <= 0 || r.Since() <= r.Gathered) {
			t.Errorf("%v every %v: gathered %v since %v", c.collect, c.every, r.Gathered, r.Since())
		}
	}
}

// TestNeeds: what an expression is about decides who is asked for what.
func TestNeeds(t *testing.T) {
	for _, c := range []struct {
		names         string
		pages, health bool
		sees, own     bool
	}{
		{"up", true, false, false, false},
		{"midwatch_instance_up", false, true, true, true},
		{"midwatch_service_up_ratio", false, true, true, true},
		{"midwatch_registry_up midwatch_sweep_duration_seconds", false, false, true, true},
		{"midwatch_scrape_success", true, false, true, true},
		{"midwatch_breaker_state", false, false, true, true},
		{"midwatch_breaker_state midwatch_instance_up", false, true, true, true},
		{"midwatch_service_error_ratio", true, false, false, false},
		{"up midwatch_instance_up", true, true, true, false},
		{"", true, false, false, false},
	} {
		names := strings.Fields(c.names)
		var p page
		up := -1.0
		needs := measure.NeedsOf(names)
		got := cmdtest.Command{New: asking{
			needs: func(s *measure.Session) { s.Needs = needs },
			show: func(s *measure.Session, r measure.Reading) error {
				up = value(t, s.Over, "midwatch_instance_up", r.At)
				return nil
			},
		}.new}.Run(t, "--registry", cmdtest.Inventory(t, "order o-1="+p.serve(t)))
		pages, health := p.counts()
		if got.Err != nil || pages > 0 != c.pages || health > 0 != c.health || needs.Sees != c.sees || measure.OnlyOwn(names) != c.own {
			t.Errorf("%s: %v, %d pages, %d probes, %+v, own %v", c.names, got.Err, pages, health, needs, measure.OnlyOwn(names))
		}
		if up == 1 != c.health {
			t.Errorf("%s: midwatch_instance_up is %v", c.names, up)
		}
	}
	if n := measure.NeedsOf([]string{""}); n.Asking != app.Everything || !n.Pages || !n.Sees {
		t.Errorf("a selector without a name: %+v", n)
	}
	if n := measure.NeedsOf([]string{"midwatch_breaker_state"}); n.Asking != app.BreakersOnly {
		t.Errorf("breakers alone: %+v", n)
	}
	if own := measure.Own(); !slices.Contains(own, "midwatch_instance_up") || !slices.Contains(own, "midwatch_service_error_ratio") {
		t.Errorf("of our own: %v", own)
	}
}

// server answers every question with 7.
func server(t *testing.T) string {
	t.Helper()
	return cmdtest.Prometheus(t, querier(func(_ context.Context, q metrics.Question) (metrics.Answer, error) {
		return metrics.Answer{Kind: metrics.Vector, Series: []metrics.Series{{Points: []metrics.Point{{T: q.At.UnixMilli(), V: 7}}}}}, nil
	}))
}

type querier func(context.Context, metrics.Question) (metrics.Answer, error)

func (q querier) Query(ctx context.Context, question metrics.Question) (metrics.Answer, error) {
	return q(ctx, question)
}

// TestWhoAnswers: the flag, else the environment, else the context; and none is
// the instances, whatever they say.
func TestWhoAnswers(t *testing.T) {
	one, other := server(t), server(t)
	var p page
	addr := p.serve(t)
	file := filepath.Join(t.TempDir(), "midwatch.yaml")
	write := func(contexts ...string) {
		t.Helper()
		text := "contexts:\n"
		for i, prometheus := range contexts {
			text += fmt.Sprintf("  - {name: c%d, registries: [%q]%s}\n", i, cmdtest.Inventory(t, "order o-1="+addr), prometheus)
		}
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	of := func(url string) string { return ", prometheus: " + url }
	for _, c := range []struct {
		name     string
		env      string
		contexts []string
		args     string
		server   string
		v        float64
		says     string
	}{
		{name: "nobody", contexts: []string{""}, args: "--context c0", v: 1},
		{name: "flag", contexts: []string{of(other)}, args: "--context c0 --prometheus " + one, server: one, v: 7},
		{name: "environment", env: one, contexts: []string{of(other)}, args: "--context c0", server: one, v: 7},
		{name: "flag over environment", env: other, contexts: []string{""}, args: "--context c0 --prometheus " + one, server: one, v: 7},
		{name: "context", contexts: []string{of(one)}, args: "--context c0", server: one, v: 7},
		{name: "none", env: other, contexts: []string{of(one)}, args: "--context c0 --prometheus none", v: 1},
		{name: "none in the environment", env: "none", contexts: []string{of(one)}, args: "--context c0", v: 1},
		{name: "two the same", contexts: []string{of(one), of(one)}, args: "--all-contexts", server: one, v: 7},
		{name: "one of two", contexts: []string{"", of(one)}, args: "--all-contexts", server: one, v: 7},
		{name: "two", contexts: []string{of(one), of(other)}, args: "--all-contexts", says: "several Prometheus servers"},
		{name: "no URL", contexts: []string{""}, args: "--context c0 --prometheus here", says: "the URL of Prometheus"},
	} {
		write(c.contexts...)
		p.pages = 0
		at, v := "", 0.0
		got := cmdtest.Command{
			New: asking{show: func(s *measure.Session, r measure.Reading) error {
				at, v = s.Server, value(t, s.Plain, "reads_total", r.At)
				return nil
			}}.new,
			Env: map[string]string{"MIDWATCH_PROMETHEUS": c.env, "MIDWATCH_CONFIG": file},
		}.Run(t, strings.Fields(c.args)...)
		pages, _ := p.counts()
		switch {
		case c.says != "":
			if got.Code() != app.Usage || !strings.Contains(got.Err.Error(), c.says) {
				t.Errorf("%s: ended with %d, %v", c.name, got.Code(), got.Err)
			}
		case got.Err != nil || at != c.server || v != c.v || pages > 0 != (c.server == ""):
			t.Errorf("%s: %v, asked %q, got %v, %d pages were read", c.name, got.Err, at, v, pages)
		}
	}
}

// TestServerAlone: no registry has to be named where a server answers.
func TestServerAlone(t *testing.T) {
	url := server(t)
	r := measure.Reading{}
	got := cmdtest.Command{New: asking{collect: time.Hour, needs: func(s *measure.Session) { s.Registries = true }, show: func(_ *measure.Session, reading measure.Reading) error {
		r = reading
		return nil
	}}.new}.Run(t, "--prometheus", url)
	if got.Err != nil || r.Snapshot != nil || r.From() != ", answered by "+url || r.Doubts(false).Code() != app.OK || r.Empty() {
		t.Errorf("%v, %+v", got.Err, r)
	}
	got = cmdtest.Command{New: asking{show: func(*measure.Session, measure.Reading) error { return nil }}.new}.Run(t)
	if got.Code() != app.Usage || !strings.Contains(got.Err.Error(), "--registry") {
		t.Errorf("with neither it ended with %d, %v, hint %q", got.Code(), got.Err, got.Hint())
	}
}

// TestOwnSeriesBesideAServer: what passes see is asked of the instances, also
// where a server has the rest; no page is read.
func TestOwnSeriesBesideAServer(t *testing.T) {
	var p page
	up, far := -1.0, -1.0
	from := ""
	got := cmdtest.Command{New: asking{
		needs: func(s *measure.Session) { s.Needs = measure.NeedsOf([]string{"midwatch_instance_up"}) },
		show: func(s *measure.Session, r measure.Reading) error {
			up, far, from = value(t, s.Over, "midwatch_instance_up", r.At), value(t, s.Over, "up", r.At), r.From()
			return nil
		},
	}.new}.Run(t, "--registry", cmdtest.Inventory(t, "order o-1="+p.serve(t)), "--prometheus", server(t))
	if pages, health := p.counts(); got.Err != nil || up != 1 || far != 7 || pages != 0 || health == 0 || from != ", seen of 1 instance" {
		t.Errorf("%v: midwatch_instance_up %v, up %v, %d pages, %d probes, %q", got.Err, up, far, pages, health, from)
	}
}
