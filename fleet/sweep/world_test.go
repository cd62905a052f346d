package sweep_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"runtime"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/midwatch-cli/midwatch/fleet"
	"github.com/midwatch-cli/midwatch/fleet/profile"
	"github.com/midwatch-cli/midwatch/fleet/registry"
	"github.com/midwatch-cli/midwatch/fleet/registry/memory"
	"github.com/midwatch-cli/midwatch/fleet/sweep"
	"github.com/midwatch-cli/midwatch/probe"
)

// server answers on loopback and counts what it is asked.
func server(t *testing.T, asked *atomic.Int64, h http.HandlerFunc) string {
	t.Helper()
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		asked.Add(1)
		h(w, r)
	}))
	t.Cleanup(s.Close)
	return s.Listener.Addr().String()
}

// at one path it answers with a body, everywhere else not found.
func only(path, body string) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != path {
			http.NotFound(w, r)
			return
		}
		fmt.Fprint(w, body)
	}
}

// TestRealServers guesses at real servers with the real plans and probes.
func TestRealServers(t *testing.T) {
	rules, err := profile.Rules{}.Compile()
	if err != nil {
		t.Fatal(err)
	}
	web, err := probe.NewHTTP(probe.HTTPOptions{})
	if err != nil {
		t.Fatal(err)
	}
	prober := &probe.Attempts{Max: 1, Timeout: 2 * time.Second, Prober: probe.Mux{probe.HTTP: web, probe.TCP: probe.TCPProber{}, probe.GRPC: probe.GRPCProber{}}}
	for _, c := range []struct {
		name    string
		handler http.HandlerFunc
		want    string
		again   int64 // questions of a second pass over three instances
	}{
		{"spring", only("/actuator/health", `{"status":"UP"}`), "up up up", 3},
		{"spring, down", only("/actuator/health", `{"status":"DOWN"}`), strings.Repeat(" down:reported", 3)[1:], 3},
		{"a path of its own with a word", only("/healthz", "ok"), "up up up", 3},
		{"a path of its own without a word", only("/status", ""), "up up up", 3},
		{"everything alike", func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusOK) }, strings.Repeat(" unknown:alike", 3)[1:], 3},
		{"an application of one page", func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, "<!DOCTYPE html><title>shop</title>") }, strings.Repeat(" unknown:page", 3)[1:], 3},
		{"credentials", func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusUnauthorized) }, strings.Repeat(" unknown:auth", 3)[1:], 3},
	} {
		t.Run(c.name, func(t *testing.T) {
			var asked atomic.Int64
			s := &sweep.Sweeper{Plan: rules.Resolve, Prober: func(string, bool) probe.Prober { return prober }, Pool: probe.Pool{Parallel: 8}, Now: time.Now}
			svc := service("a", server(t, &asked, c.handler), server(t, &asked, c.handler), server(t, &asked, c.handler))
			expect(t, pass(t, s, svc), c.want)
			asked.Store(0)
			expect(t, pass(t, s, svc), c.want)
			if n := asked.Load(); n != c.again {
				t.Errorf("%d questions in the second pass, want %d", n, c.again)
			}
		})
	}
}

// TestAnOutageOfTheRegistryKeepsTheFleet: its last set stays, nothing is gone
// while nobody knows, and what really happened is told afterwards.
func TestAnOutageOfTheRegistryKeepsTheFleet(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f, all := everywhere(4, at("/health", well))
		store := memory.NewStore()
		store.Put(service("a", all[:2]...))
		store.Put(service("b", all[2]))
		keeper := registry.NewKeeper(registry.NewSource("test", registry.Location{Name: "memory", Scheme: "memory"}, memory.Driver(), store.Open(), nil))
		l := &sweep.Loop{
			Sweeper: sweeper(f, named("/health")), Hub: sweep.NewHub(), Pace: sweep.NewPace(time.Second), Changed: keeper.Changed(), Settle: 100 * time.Millisecond,
			Input: func() (sweep.Input, bool) {
				states := keeper.States()
				return sweep.Input{Services: registry.Union(states), Sources: []fleet.SourceView{states[0].View()}}, states[0].Set != nil || states[0].Err != nil
			},
		}
		ctx, cancel := context.WithCancel(t.Context())
		watching, looping := make(chan struct{}), make(chan struct{})
		go func() { defer close(watching); keeper.Run(ctx) }()
		go func() { defer close(looping); l.Run(ctx) }()
		latest := l.Hub.Latest(t.Context())

		time.Sleep(5 * time.Second)
		heal := store.Break(func(context.Context) error { return errors.New("the far side burns") })
		time.Sleep(30 * time.Second)
		during := <-latest
		if c := during.Counts(); c.Services != 2 || c.Up != 3 || during.Sources[0].Reason == "" || during.Sources[0].Since.IsZero() {
			t.Errorf("during the outage: %+v, source %+v", c, during.Sources[0])
		}
		store.Put(service("a", all[1], all[3])) // one goes, one comes
		store.Drop(fleet.Ref{Name: "b"})
		time.Sleep(5 * time.Second)
		heal()
		time.Sleep(15 * time.Second)
		after := <-latest
		if after.Counts().Up != 2 || after.Sources[0].Reason != "" {
			t.Errorf("after the outage: %+v, source %+v", after.Counts(), after.Sources[0])
		}
		events, gap := l.Hub.Since(0)
		var got []string
		for _, e := range events {
			if e.Seq <= during.Seq && e.Kind != fleet.EventSourceLost {
				t.Errorf("during the outage: %s of %v", e.Kind, e.Key)
			}
			got = append(got, strings.TrimSuffix(fmt.Sprint(e.Kind, " ", e.Key.Name, " ", e.Key.Instance), " "))
		}
		want := []string{
			"source_lost ", "source_back ", "instance_gone a " + all[0], "instance_new a " + all[3],
			"instance_gone b " + all[2], "service_gone b",
		}
		if !slices.Equal(got, want) || gap {
			t.Errorf("events %q, gap %v\nwant   %q", got, gap, want)
		}
		cancel()
		<-watching
		<-looping
	})
}

// quick answers at once and allocates nothing.
type quick struct{}

func (quick) Probe(_ context.Context, t probe.Target) probe.Result {
	r := well
	r.Target = t
	return r
}

// TestTenThousandInstances: what a pass itself costs beside its questions.
func TestTenThousandInstances(t *testing.T) {
	const instances, each = 10_000, 100
	var services []fleet.Service
	all := addrs(instances)
	for i := 0; i < instances; i += each {
		services = append(services, service(fmt.Sprintf("s-%04d", i), all[i:i+each]...))
	}
	for name, c := range map[string]struct {
		plan   func(*fleet.Service, *fleet.Instance) fleet.Plan
		allocs float64 // an instance
		bytes  uint64
	}{
		"named":   {named("/health"), 5, 2100},
		"guessed": {guessing("/ready", "/health"), 8, 2900},
	} {
		t.Run(name, func(t *testing.T) {
			s := sweeper(nil, c.plan)
			s.Terse, s.Pool = true, probe.Pool{Parallel: 256, PerHost: 4}
			s.Prober = func(string, bool) probe.Prober { return quick{} }
			if up := pass(t, s, services...).Counts().Up; up != instances {
				t.Fatalf("%d up", up)
			}
			var before, after runtime.MemStats
			runtime.ReadMemStats(&before)
			snap := s.Pass(t.Context(), sweep.Input{Services: services})
			runtime.ReadMemStats(&after)
			runtime.KeepAlive(snap)
			allocs := float64(after.Mallocs-before.Mallocs) / instances
			bytes := (after.TotalAlloc - before.TotalAlloc) / instances
			t.Logf("%.1f allocations and %d bytes an instance", allocs, bytes)
			if allocs > c.allocs || bytes > c.bytes {
				t.Errorf("%.1f allocations and %d bytes an instance; want at most %.0f and %d", allocs, bytes, c.allocs, c.bytes)
			}
		})
	}
}
