package sweep_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/midwatch-cli/midwatch/fleet"
	"github.com/midwatch-cli/midwatch/fleet/breaker"
	"github.com/midwatch-cli/midwatch/fleet/metrics"
	"github.com/midwatch-cli/midwatch/fleet/sweep"
	"github.com/midwatch-cli/midwatch/probe"
)

// shelf collects: what it was asked for, and what passes it was told of.
type shelf struct {
	before func(ctx context.Context, t metrics.Target) error

	mu       sync.Mutex
	targets  []metrics.Target
	observed []*fleet.Snapshot
}

func (s *shelf) Collect(ctx context.Context, t metrics.Target) fleet.Scrape {
	s.mu.Lock()
	s.targets = append(s.targets, t)
	s.mu.Unlock()
	if t.Page.Refused != "" {
		return fleet.Scrape{Why: fleet.Why{Reason: probe.ReasonPolicy, Detail: t.Page.Refused}}
	}
	out := fleet.Scrape{URL: t.Page.URLs[0], Samples: len(t.Key.Instance)}
	if s.before != nil {
		if err := s.before(ctx, t); err != nil {
			out = fleet.Scrape{URL: t.Page.URLs[0], Hint: "do something"}
			out.Why.Reason, out.Why.Detail = fleet.ReasonOf(err)
		}
	}
	return out
}

func (s *shelf) Observe(snap *fleet.Snapshot) { s.observed = append(s.observed, snap) }

// exposing plans /health, and a page at /metrics for all whose address does not
// begin with a nine; a refused one where it begins with an eight.
func exposing(_ *fleet.Service, in *fleet.Instance) fleet.Plan {
	p := named("/health")(nil, in)
	switch in.Addr[0] {
	case '9':
	case '8':
		p.Metrics = &fleet.Exposition{Refused: "another host"}
	default:
		p.Metrics = &fleet.Exposition{URLs: []string{"http://" + in.Addr + "/metrics"}, Profile: "go"}
	}
	return p
}

// scraping is a sweeper over f that reads metrics into s.
func scraping(f *far, s *shelf) *sweep.Sweeper {
	w := sweeper(f, exposing)
	w.Metrics = sweep.Scraper{Collector: s, Time: time.Second}
	w.Pool.Parallel = 4
	return w
}

// scrapes are those of the instances in order: the samples, or why not, or -.
func scrapes(s *fleet.Snapshot) string {
	var all []string
	for i := range s.Services {
		for j := range s.Services[i].Instances {
			v := &s.Services[i].Instances[j].Scrape
			switch {
			case *v == fleet.Scrape{}:
				all = append(all, "-")
			case v.Why.Reason != "":
				all = append(all, string(v.Why.Reason))
			default:
				all = append(all, fmt.Sprint(v.Samples))
			}
		}
	}
	return strings.Join(all, " ")
}

func TestMetricsAreReadInTheSamePass(t *testing.T) {
	f, all := everywhere(2, at("/health", well))
	f.answers["8.0.0.1:80"], f.answers["9.0.0.1:80"] = at("/health", well), at("/health", unwell)
	s := &shelf{}
	order := service("order", all...)
	order.Context = "prod"
	order.Instances[0].Zone, order.Instances[0].Version = "a", "2.4"
	snap := pass(t, scraping(f, s), order, service("plain", "8.0.0.1:80", "9.0.0.1:80"))
	expect(t, snap, "up up up down:reported")
	if got, want := scrapes(snap), fmt.Sprint(len(all[0]), " ", len(all[1]), " policy -"); got != want {
		t.Errorf("read %s, want %s", got, want)
	}
	if why := snap.Services[1].Instances[0].Scrape.Why; why.Detail != "another host" {
		t.Errorf("refused: %+v", why)
	}
	slices.SortFunc(s.targets, func(a, b metrics.Target) int { return strings.Compare(a.Key.Instance, b.Key.Instance) })
	want := metrics.Target{
		Key: fleet.Key{Ref: fleet.Ref{Context: "prod", Source: "memory", Name: "order"}, Instance: all[0]}, Zone: "a", Version: "2.4",
		Page: fleet.Exposition{URLs: []string{"http://" + all[0] + "/metrics"}, Profile: "go"},
	}
	if len(s.targets) != 3 || s.targets[2].Page.Refused == "" || fmt.Sprintf("%+v", s.targets[0]) != fmt.Sprintf("%+v", want) {
		t.Errorf("collected %+v", s.targets)
	}
	if len(s.observed) != 1 || s.observed[0] != snap {
		t.Errorf("%d passes were told of", len(s.observed))
	}
}

// TestMetricsAlone: nothing is probed, what the registry claims is there.
func TestMetricsAlone(t *testing.T) {
	f, all := everywhere(2, at("/health", well))
	s := &shelf{}
	w := scraping(f, s)
	w.Metrics.Only = true
	var mu sync.Mutex
	var told []string
	w.Progress = func(done, total int) {
		mu.Lock()
		defer mu.Unlock()
		told = append(told, fmt.Sprint(done, "/", total))
	}
	snap := pass(t, w, service("order", all...), service("plain", "8.0.0.1:80", "9.0.0.1:80"))
	expect(t, snap, "unknown:unasked unknown:unasked unknown:unasked unknown:unasked")
	expectAsked(t, f, 0)
	if got, want := scrapes(snap), fmt.Sprint(len(all[0]), " ", len(all[1]), " policy -"); got != want {
		t.Errorf("read %s, want %s", got, want)
	}
	slices.Sort(told)
	if !slices.Equal(told, []string{"1/3", "2/3", "3/3"}) {
		t.Errorf("progress %v", told)
	}
}

func TestMetricsAreNotWanted(t *testing.T) {
	f, all := everywhere(1, at("/health", well))
	w := scraping(f, nil)
	w.Metrics = sweep.Scraper{}
	if snap := pass(t, w, service("order", all...)); scrapes(snap) != "-" {
		t.Errorf("read %s", scrapes(snap))
	}
}

// TestUnreadableMetrics are kept as such, and change no status.
func TestUnreadableMetrics(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f, all := everywhere(2, at("/health", well))
		s := &shelf{before: func(ctx context.Context, t metrics.Target) error {
			if t.Key.Instance == all[1] {
				<-ctx.Done()
				return ctx.Err()
			}
			return &fleet.Error{Reason: probe.ReasonNotFound, Detail: "404 at /metrics"}
		}}
		start := time.Now()
		snap := pass(t, scraping(f, s), service("order", all...))
		expect(t, snap, "up up")
		if got := scrapes(snap); got != "not_found timeout" || snap.Services[0].Instances[0].Scrape.Hint != "do something" {
			t.Errorf("read %s", got)
		}
		if took := time.Since(start); took != time.Second {
			t.Errorf("the bound of their own is %v", took)
		}
	})
}

// TestTimeRunsOutBeforeMetrics: those not read in time are unasked, not without.
func TestTimeRunsOutBeforeMetrics(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		_, all := everywhere(3, at("/health", well))
		s := &shelf{before: func(ctx context.Context, _ metrics.Target) error { <-ctx.Done(); return ctx.Err() }}
		w := scraping(&far{}, s)
		w.Metrics.Only, w.Metrics.Time, w.Pool.Parallel = true, time.Hour, 2
		ctx, stop := context.WithTimeout(t.Context(), time.Second)
		defer stop()
		snap := w.Pass(ctx, sweep.Input{Services: []fleet.Service{service("order", all...), service("plain", "8.0.0.1:80")}})
		if got := scrapes(snap); got != "unasked unasked unasked policy" || len(s.targets) != 3 {
			t.Errorf("%s, %d were read", got, len(s.targets))
		}
		if len(s.observed) != 0 {
			t.Error("half a pass was kept")
		}
		if in := snap.Services[0].Instances[0]; in.Scrape.Hint != "" {
			t.Errorf("a hint for what was not asked: %q", in.Scrape.Hint)
		}
	})
}

// TestMetricsKeepToTheLimits: probes, breakers and pages of one host share its
// limit, and how instances are is asked first.
func TestMetricsKeepToTheLimits(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := &far{answers: map[string]map[string]probe.Result{}}
		var hosts []string
		for i := range 8 {
			hosts = append(hosts, fmt.Sprintf("[2001:db8::1]:%d", 1000+i))
			f.answers[hosts[i]] = at("/health", well)
		}
		var mu sync.Mutex
		now, most, probed, early := 0, 0, 0, 0
		busy := func(page bool) {
			mu.Lock()
			now++
			most = max(most, now)
			if page && probed < len(hosts)-2 {
				early++
			} else if !page {
				probed++
			}
			mu.Unlock()
			<-time.After(time.Millisecond)
			mu.Lock()
			now--
			mu.Unlock()
		}
		f.before = func(context.Context, probe.Target) { busy(false) }
		s := &shelf{before: func(context.Context, metrics.Target) error { busy(true); return nil }}
		w := scraping(f, s)
		w.Breakers = sweep.Reader{Admin: func(fleet.Administration) (breaker.Admin, error) { return nil, context.Canceled }}
		w.Pool = probe.Pool{Parallel: 16, PerHost: 3}
		pass(t, w, service("order", hosts...))
		if most != 3 || len(s.targets) != 8 || early > 0 {
			t.Errorf("%d at once at the host, %d read, %d of them before the probes", most, len(s.targets), early)
		}
	})
}
