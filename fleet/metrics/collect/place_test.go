package collect_test

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/midwatch-cli/midwatch/fleet/metrics"
	"github.com/midwatch-cli/midwatch/fleet/metrics/collect"
	"github.com/midwatch-cli/midwatch/probe"
)

// counted counts the questions by instance and path.
type counted struct {
	mu sync.Mutex
	n  map[string]int
}

func (c *counted) at(path string) int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.n[path]
}

func (c *counted) set(path string, n int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.n[path] = n
}

func (c *counted) count(next http.HandlerFunc) http.HandlerFunc {
	c.n = map[string]int{}
	return func(w http.ResponseWriter, r *http.Request) {
		c.mu.Lock()
		c.n[r.URL.Path]++
		c.mu.Unlock()
		next(w, r)
	}
}

// everywhere collects from instances at once.
func (w *world) everywhere(targets []metrics.Target) map[string]int {
	var all sync.WaitGroup
	var mu sync.Mutex
	said := map[string]int{}
	for _, t := range targets {
		all.Go(func() {
			got := w.collect(t)
			mu.Lock()
			defer mu.Unlock()
			said[strings.TrimSpace(string(got.Why.Reason)+" "+got.Form)]++
		})
	}
	all.Wait()
	return said
}

func instances(n int, base string, paths ...string) (list []metrics.Target) {
	for i := range n {
		list = append(list, guessed(fmt.Sprint("order-", i), base, paths...))
	}
	return list
}

// TestGuess: one instance finds out where the page is, for all and for later.
func TestGuess(t *testing.T) {
	var asked counted
	url := serve(t, asked.count(page("/actuator/prometheus", "a 1\n")))
	w := newWorld(t)
	targets := instances(20, url, "/metrics", "/actuator/prometheus", "/q/metrics")
	for pass := range 3 {
		if said := w.everywhere(targets); said["text"] != 20 {
			t.Fatalf("%v", said)
		}
		w.Observe(snapshot(targets...))
		if asked.at("/metrics") != 1 || asked.at("/q/metrics") != 0 || asked.at("/actuator/prometheus") != 20*(pass+1) {
			t.Errorf("asked %v", asked.n)
		}
	}
}

// TestOneWithoutPage: that one instance has no page at the usual places does not
// hide those of the others.
func TestOneWithoutPage(t *testing.T) {
	none, one := serve(t, http.NotFound), serve(t, page("/metrics", "a 1\n"))
	w := newWorld(t)
	for range 2 {
		if got := w.collect(guessed("order-bare", none, "/metrics", "/other")); got.Why.Reason != probe.ReasonNotFound {
			t.Errorf("%+v", got)
		}
		if got := w.collect(guessed("order-1", one, "/metrics", "/other")); got.Form != "text" {
			t.Errorf("%+v", got)
		}
	}
}

// TestGuessNothing: that there is no page is found out by a few instances, later by
// one in a pass, and is no sign of being down.
func TestGuessNothing(t *testing.T) {
	var asked counted
	url := serve(t, asked.count(http.NotFound))
	w := newWorld(t)
	targets := instances(20, url, "/metrics", "/actuator/prometheus")
	for pass := range 3 {
		if said := w.everywhere(targets); said["not_found"] != 20 {
			t.Fatalf("%v", said)
		}
		if asked.at("/metrics") != pass+3 || asked.at("/actuator/prometheus") != pass+3 {
			t.Errorf("asked %v", asked.n)
		}
		w.Observe(snapshot(targets...))
	}
	got := w.collect(targets[3])
	if got.Why.Detail != "404 at /metrics, /actuator/prometheus" || !strings.Contains(got.Hint, "metrics.path") {
		t.Errorf("%+v", got)
	}
	if w.expect("up"); w.store.Counts().Series != 0 {
		t.Errorf("%+v", w.store.Counts())
	}
}

// TestGuessFails: what was found where is told, the most telling first.
func TestGuessFails(t *testing.T) {
	answers := map[string]http.HandlerFunc{
		"/404":   http.NotFound,
		"/405":   func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(405) },
		"/html":  func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "<html>login") },
		"/away":  func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, "/login", http.StatusFound) },
		"/json":  func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, `{"status":"UP"}`) },
		"/empty": func(http.ResponseWriter, *http.Request) {},
		"/ok":    func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "OK") },
		"/401":   func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(401) },
		"/500":   func(w http.ResponseWriter, _ *http.Request) { http.Error(w, "collector failed", 500) },
		"/bad":   func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "a 1\nb{\n") },
		"/page":  func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "a 1\n") },
	}
	url := serve(t, func(w http.ResponseWriter, r *http.Request) { answers[r.URL.Path](w, r) })
	for _, c := range []struct {
		paths  string
		reason string
		detail string
		up     bool // it is said, and 0 but for a page
	}{
		{"/404 /405", "not_found", "no page at /404, /405", false},
		{"/404 /html", "page", "/html: an HTML page", false},
		{"/away /404", "redirect", "/away: 302", false},
		{"/404 /json /405", "body", "/json: it is JSON", false},
		{"/empty /404", "body", "/empty: it holds no samples", false},
		{"/ok /404", "body", "/ok: line 1: expected value after metric", false},
		{"/401 /404 /html", "auth", "/401: 401", true},
		{"/404 /500", "status", "/500: 500: collector failed", true},
		{"/bad /404 /json", "body", "/bad: line 2", true},
		{"/500 /401", "auth", "/401", true},
		{"/401 /500 /bad /json /empty /ok /html /away /404 /page", "", "", true},
	} {
		t.Run(c.paths, func(t *testing.T) {
			w := newWorld(t)
			got := w.collect(guessed("order-1", url, strings.Fields(c.paths)...))
			if string(got.Why.Reason) != c.reason || !strings.Contains(got.Why.Detail, c.detail) || c.reason != "" && c.reason != "status" && !strings.HasSuffix(c.detail, "line 2") && got.Hint == "" {
				t.Errorf("%+v", got)
			}
			up := map[bool]string{true: map[bool]string{true: "1", false: "0"}[c.reason == ""]}[c.up]
			if got := w.latest("up")[`{instance="order-1"}`]; got != up {
				t.Errorf("up is %q, want %q", got, up)
			}
		})
	}
}

// TestScoutIsDown: one that is down finds nothing out, and does not stop the
// others.
func TestScoutIsDown(t *testing.T) {
	var asked counted
	url := serve(t, asked.count(page("/metrics", "a 1\n")))
	gone, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	dead := "http://" + gone.Addr().String()
	gone.Close()
	w := newWorld(t)
	down := guessed("order-down", dead, "/nope", "/metrics", "/other")
	got := w.collect(down)
	if got.Why.Reason != probe.ReasonRefused || !strings.Contains(got.Why.Detail, dead+"/nope") {
		t.Errorf("%+v", got)
	}
	w.expect("up", `{instance="order-down"}`, "0")
	targets := append(instances(10, url, "/nope", "/metrics"), down)
	if said := w.everywhere(targets); said["text"] != 10 || said["refused"] != 1 {
		t.Errorf("%v", said)
	}
	if asked.at("/nope") > 2 {
		t.Errorf("asked %v", asked.n)
	}
}

// TestScoutsAreSlow: the others do not wait for one after another.
func TestScoutsAreSlow(t *testing.T) {
	url := serve(t, func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() })
	w := newWorld(t, func(o *collect.Options) { o.Timeout = 200 * time.Millisecond })
	started := time.Now()
	said := w.everywhere(instances(10, url, "/metrics", "/other"))
	if took := time.Since(started); said["timeout"] != 10 || took > 5*time.Second {
		t.Errorf("%v in %v", said, took)
	}
}

// TestMoved: an instance that has its page elsewhere than its service is asked
// there; where it has moved, it is found again.
func TestMoved(t *testing.T) {
	var asked counted
	where := "/metrics"
	url := serve(t, asked.count(func(w http.ResponseWriter, r *http.Request) { page(where, "a 1\n")(w, r) }))
	w := newWorld(t)
	target := guessed("order-1", url, "/metrics", "/other")
	w.collect(target)
	where = "/other"
	for range 3 {
		if got := w.collect(target); got.Form != "text" || got.URL != url+"/other" {
			t.Errorf("%+v", got)
		}
	}
	if asked.at("/metrics") > 3 {
		t.Errorf("asked %v", asked.n)
	}
	where = "/nowhere"
	got := w.collect(target)
	if got.Why.Reason != probe.ReasonNotFound {
		t.Errorf("%+v", got)
	}
	w.expect("up", `{instance="order-1"}`, "0")
}

// TestPorts: the same path at another port is another place.
func TestPorts(t *testing.T) {
	var first, second counted
	wrong, right := serve(t, first.count(http.NotFound)), serve(t, second.count(page("/metrics", "a 1\n")))
	w := newWorld(t)
	for i := range 3 {
		target := guessed(fmt.Sprint("order-", i), "")
		target.Page.URLs = []string{wrong + "/metrics", right + "/metrics"}
		if got := w.collect(target); got.URL != right+"/metrics" || got.Form != "text" {
			t.Errorf("%+v", got)
		}
	}
	if first.at("/metrics") != 1 || second.at("/metrics") != 3 {
		t.Errorf("asked %v and %v", first.n, second.n)
	}
}

// TestCancelled: the end of the context is the reason, whoever waits for whom.
func TestCancelled(t *testing.T) {
	begun := make(chan struct{}, 20)
	url := serve(t, func(_ http.ResponseWriter, r *http.Request) { begun <- struct{}{}; <-r.Context().Done() })
	w := newWorld(t)
	ctx, cancel := context.WithCancel(t.Context())
	var all sync.WaitGroup
	for _, target := range instances(5, url, "/metrics", "/other") {
		all.Go(func() {
			if got := w.Collect(ctx, target); got.Why.Reason != probe.ReasonCancelled {
				t.Errorf("%+v", got)
			}
		})
	}
	<-begun
	cancel()
	all.Wait()
}

// TestEqual: instances behind one address are asked for their page once in a
// pass, from the second on; each keeps it as its own.
func TestEqual(t *testing.T) {
	var asked counted
	var n atomic.Int64
	url := serve(t, asked.count(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/bad" {
			w.WriteHeader(500)
			return
		}
		page("/metrics", fmt.Sprintf("a %d\n", n.Add(1)))(w, r)
	}))
	for path, want := range map[string]string{"/metrics": "text", "/bad": "status"} {
		w := newWorld(t)
		var targets []metrics.Target
		for i := range 10 {
			targets = append(targets, at(fmt.Sprint("order-", i), url+path))
		}
		alone := at("order-alone", url+path+"?x=1")
		s := snapshot(append(targets, alone)...)
		for i := range s.Services[0].Instances {
			s.Services[0].Instances[i].Plan.Metrics = &append(targets, alone)[i].Page
		}
		w.Observe(s)
		for pass := range 3 {
			asked.set(path, 0)
			if said := w.everywhere(append(targets, alone)); said[want] != 11 || asked.at(path) != 2 {
				t.Fatalf("pass %d: %v, asked %d times", pass, said, asked.at(path))
			}
			if got := w.latest("a"); want == "text" && got[`{instance="order-3"}`] != got[`{instance="order-7"}`] {
				t.Errorf("%v", got)
			}
			w.Observe(s)
		}
	}
}

// TestEqualGivesUp: who asks for several, and has no time left, does not decide
// for the others.
func TestEqualGivesUp(t *testing.T) {
	begun := make(chan struct{}, 9)
	url := serve(t, func(w http.ResponseWriter, r *http.Request) {
		select {
		case begun <- struct{}{}:
		default:
		}
		if len(begun) == 1 {
			<-r.Context().Done()
			return
		}
		_, _ = io.WriteString(w, "a 1\n")
	})
	w := newWorld(t)
	first, second := at("order-1", url+"/m"), at("order-2", url+"/m")
	s := snapshot(first, second)
	s.Services[0].Instances[0].Plan.Metrics, s.Services[0].Instances[1].Plan.Metrics = &first.Page, &second.Page
	w.Observe(s)
	ctx, cancel := context.WithCancel(t.Context())
	var all sync.WaitGroup
	all.Go(func() {
		if got := w.Collect(ctx, first); got.Why.Reason != probe.ReasonCancelled {
			t.Errorf("%+v", got)
		}
	})
	for len(begun) == 0 {
		runtime.Gosched()
	}
	all.Go(func() {
		if got := w.collect(second); got.Form != "text" {
			t.Errorf("%+v", got)
		}
	})
	cancel()
	all.Wait()
}
