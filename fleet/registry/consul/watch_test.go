package consul_test

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/midwatch-cli/midwatch/fleet"
	"github.com/midwatch-cli/midwatch/fleet/registry"
	"github.com/midwatch-cli/midwatch/fleet/registry/consul"
)

func TestNextIndex(t *testing.T) {
	for _, c := range []struct{ last, got, want uint64 }{
		{0, 17, 17},
		{17, 18, 18},
		{17, 17, 17},
		{17, 16, 1}, // went backwards: from the beginning
		{0, 0, 1},   // 0 would not block
		{17, 0, 1},
	} {
		if got := consul.NextIndex(c.last, c.got); got != c.want {
			t.Errorf("after %d, %d: %d, want %d", c.last, c.got, got, c.want)
		}
	}
}

// watching is a Watch in the background.
type watching struct {
	t    *testing.T
	sets chan registry.Set
	done chan error
	stop context.CancelFunc
	last registry.Set
}

func watch(t *testing.T, r registry.Registry) *watching {
	ctx, cancel := context.WithCancel(context.Background())
	w := &watching{t: t, sets: make(chan registry.Set, 1000), done: make(chan error, 1), stop: cancel}
	go func() { w.done <- r.Watch(ctx, func(s registry.Set) error { w.sets <- s; return nil }) }()
	t.Cleanup(func() {
		cancel()
		if err := <-w.done; !errors.Is(err, context.Canceled) {
			t.Errorf("Watch ended with %v", err)
		}
		r.Close()
	})
	return w
}

// until waits for a set that is as wanted.
func (w *watching) until(what string, ok func(find func(id string) fleet.Instance) bool) {
	w.t.Helper()
	end := time.NewTimer(5 * time.Second)
	defer end.Stop()
	for {
		select {
		case w.last = <-w.sets:
		case <-end.C:
			w.t.Fatalf("not seen: %s; the last set: %+v", what, w.last.Services)
		}
		if ok(func(id string) fleet.Instance { return instance(w.last, id) }) {
			return
		}
	}
}

// instance finds an instance by its id; one without an id where there is none.
func instance(set registry.Set, id string) fleet.Instance {
	for _, svc := range set.Services {
		for _, in := range svc.Instances {
			if in.ID == id {
				return in
			}
		}
	}
	return fleet.Instance{}
}

// watchEverything changes what can change and waits for it to be seen.
func watchEverything(t *testing.T, addr string, h *hands, token string) {
	w := watch(t, open(t, testEnv(), "consul://"+addr+token))
	type finder = func(id string) fleet.Instance
	put := func(path, body string) { t.Helper(); h.call(t, http.MethodPut, path, body, nil) }
	claims := func(id, want, note string) func(finder) bool {
		return func(find finder) bool {
			in := find(id)
			return in.Claimed != nil && in.Claimed.String() == want && strings.Contains(in.ClaimNote, note)
		}
	}
	w.until("the seed", claims("node-1/orders-1", "up", ""))
	put("/v1/agent/check/warn/service:orders-1?note=slow", "")
	w.until("a warning", claims("node-1/orders-1", "degraded", "ttl: slow"))
	put("/v1/agent/check/fail/service:orders-1?note=gone", "")
	w.until("critical", claims("node-1/orders-1", "down", "ttl: gone"))
	put("/v1/agent/service/maintenance/orders-1?enable=true&reason=new+disk", "")
	w.until("maintenance", claims("node-1/orders-1", "maintenance", "new disk"))
	put("/v1/agent/service/maintenance/orders-1?enable=false", "")
	w.until("back", claims("node-1/orders-1", "down", "ttl: gone"))
	put("/v1/agent/service/register", `{"ID":"orders-1","Name":"orders","Address":"127.0.0.1","Port":9101,"Tags":["canary"],"Meta":{"version":"3"}}`)
	w.until("other tags and metadata", func(find finder) bool {
		in := find("node-1/orders-1")
		return in.Version == "3" && in.Labels["tag.canary"] == "true" && in.Labels["tag.v2"] == ""
	})
	put("/v1/agent/service/register", `{"ID":"bare","Name":"bare","Port":1}`)
	w.until("one without a check", claims("node-1/bare", "up", ""))
	put("/v1/agent/service/deregister/bare", "")
	w.until("that one gone", func(find finder) bool { return find("node-1/bare").ID == "" })
	put("/v1/agent/service/register", `{"ID":"brief","Name":"brief","Port":1,"Check":{"TTL":"1s","Status":"passing"}}`)
	w.until("one with a heartbeat", claims("node-1/brief", "up", ""))
	w.until("its heartbeat missed", claims("node-1/brief", "down", "expired"))
	put("/v1/catalog/deregister", `{"Node":"ext-1","ServiceID":"ledger-1"}`)
	w.until("one without an agent gone", func(find finder) bool { return find("ext-1/ledger-1").ID == "" })
}

func TestWatchFake(t *testing.T) {
	f := newFake(t)
	h := newHands(t, f.addr(), "")
	h.seed(t)
	watchEverything(t, f.addr(), h, "")
}

func TestWatchReal(t *testing.T) {
	s := startConsul(t)
	s.fresh(t)
	watchEverything(t, s.addr, s.hands, "?token=env:T")
}

// An index that went backwards, as after a restored snapshot, is seen when the
// block runs out, and the watch goes on from there.
func TestIndexGoesBackwards(t *testing.T) {
	f := newFake(t)
	h := newHands(t, f.addr(), "")
	h.seed(t)
	f.mu.Lock()
	for range 50 {
		f.move("services", "checks")
	}
	f.mu.Unlock()
	w := watch(t, open(t, testEnv(), "consul://"+f.addr()+"?wait=1s"))
	w.until("the seed", func(func(string) fleet.Instance) bool { return true })
	f.mu.Lock()
	f.index, f.tables = 3, map[string]uint64{"services": 2, "checks": 3}
	delete(f.services["node-1"], "users-1")
	f.mu.Unlock()
	w.until("what was restored", func(find func(string) fleet.Instance) bool { return find("node-1/users-1").ID == "" })
	f.update("node-1", "service:orders-1", "warning", "later")
	w.until("a change after it", func(find func(string) fleet.Instance) bool {
		return find("node-1/orders-1").ClaimNote == "ttl: later"
	})
}

// While nothing changes, nothing is asked and nothing is emitted.
func TestWatchIsQuiet(t *testing.T) {
	f := newFake(t)
	newHands(t, f.addr(), "").seed(t)
	f.mu.Lock()
	f.requests = nil
	f.mu.Unlock()
	w := watch(t, open(t, testEnv(), "consul://"+f.addr()))
	w.until("the seed", func(func(string) fleet.Instance) bool { return true })
	// Something that is not shown moves the index: it is read, not emitted.
	f.mu.Lock()
	f.move("checks")
	f.mu.Unlock()
	f.update("node-1", "service:orders-2", "warning", "now")
	w.until("a change", func(find func(string) fleet.Instance) bool { return find("node-1/orders-2").ClaimNote == "ttl: now" })
	if len(w.sets) > 0 {
		t.Errorf("%d more sets", len(w.sets))
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	lists := 0
	for _, r := range f.requests {
		if strings.HasPrefix(r, "GET /v1/health/service/orders") {
			lists++
		}
		if strings.HasPrefix(r, "GET /v1/health/state/any") && !strings.Contains(r, "filter=CheckID+%3D%3D+%22%22") {
			t.Errorf("asks for every check there is: %s", r)
		}
	}
	if lists > 3 {
		t.Errorf("read %d times for two changes", lists)
	}
}

// An index that never blocks is not asked without a pause.
func TestWatchIsPaced(t *testing.T) {
	f := newFake(t)
	f.spin = true
	r := open(t, testEnv(), "consul://"+f.addr())
	defer r.Close()
	ctx, cancel := context.WithTimeout(t.Context(), 1200*time.Millisecond)
	defer cancel()
	if err := r.Watch(ctx, func(registry.Set) error { return nil }); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("Watch: %v", err)
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	if len(f.requests) > 20 {
		t.Errorf("%d requests in 1.2 s: %v", len(f.requests), f.requests)
	}
}
