package demo

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/midwatch-cli/midwatch/fleet"
	"github.com/midwatch-cli/midwatch/fleet/demo/service"
	"github.com/midwatch-cli/midwatch/fleet/registry"
)

// diary is a registry that writes down what is asked of it.
type diary struct {
	mu    sync.Mutex
	lines []string
	gone  bool // the entry is gone: the next heartbeat says so
	out   bool // it is out of reach
	began time.Time
}

func (d *diary) note(what string) {
	d.lines = append(d.lines, fmt.Sprintf("%v %s", time.Since(d.began), what))
}

func (d *diary) Register(_ context.Context, e registry.Entry) (fleet.Key, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.note("register " + e.Instance.ID)
	if d.out {
		return fleet.Key{}, errors.New("out of reach")
	}
	d.gone = false
	return fleet.Key{Ref: fleet.Ref{Name: e.Service}, Instance: e.Instance.ID}, nil
}

func (d *diary) Deregister(context.Context, fleet.Key) error { return nil }

func (d *diary) Heartbeat(_ context.Context, k fleet.Key) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.note("heartbeat " + k.Instance)
	switch {
	case d.gone:
		return &fleet.Error{Reason: registry.ReasonNotFound, Detail: "gone", Err: fleet.ErrNotFound}
	case d.out:
		return errors.New("out of reach")
	}
	return nil
}

func (d *diary) set(gone, out bool) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.gone, d.out = gone, out
}

// TestBeat keeps an entry alive, and writes it again when it is gone.
func TestBeat(t *testing.T) {
	in, err := service.New(service.Spec{Service: "payment", ID: "payment-2", Version: "2"}, &service.Directory{}, t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	defer in.Close()
	synctest.Test(t, func(t *testing.T) {
		d := &diary{began: time.Now()}
		ctx, cancel := context.WithCancel(t.Context())
		var running sync.WaitGroup
		running.Go(func() {
			member{in, 2}.beat(ctx, d, fleet.Key{Ref: fleet.Ref{Name: "payment"}, Instance: "payment-2"})
		})
		<-time.After(2*heartbeat + heartbeat/2)
		d.set(true, true)
		<-time.After(2 * heartbeat)
		d.set(true, false)
		<-time.After(2 * heartbeat)
		cancel()
		running.Wait()
		want := []string{
			"4s heartbeat payment-2",
			"8s heartbeat payment-2",
			"12s heartbeat payment-2", "12s register payment-2",
			"16s heartbeat payment-2", "16s register payment-2",
			"20s heartbeat payment-2", "20s register payment-2",
			"24s heartbeat payment-2",
		}
		if !slices.Equal(d.lines, want) {
			t.Errorf("got\n%s\nwant\n%s", strings.Join(d.lines, "\n"), strings.Join(want, "\n"))
		}
	})
	if leaseTime < 3*heartbeat {
		t.Errorf("a lease of %v does not outlive two lost heartbeats of %v", leaseTime, heartbeat)
	}
}

func TestEntry(t *testing.T) {
	for _, c := range []struct {
		spec service.Spec
		n    int
		want fleet.Instance
	}{
		{service.Spec{Service: "payment", ID: "payment-2", Version: "2.4.1"}, 2, fleet.Instance{ID: "payment-2", Zone: "b", Version: "2.4.1"}},
		{service.Spec{Service: "order", ID: "order-1", Version: "1", DependsOn: []string{"inventory", "user"}}, 1, fleet.Instance{ID: "order-1", Zone: "a", Version: "1"}},
	} {
		in, err := service.New(c.spec, &service.Directory{}, t.TempDir())
		if err != nil {
			t.Fatal(err)
		}
		e := member{in, c.n}.entry()
		in.Close()
		web, grpc := in.Addrs()
		got := e.Instance
		if e.Service != c.spec.Service || e.TTL != leaseTime || got.ID != c.want.ID || got.Zone != c.want.Zone || got.Version != c.want.Version || got.Addr != web {
			t.Errorf("got %+v", e)
		}
		if got.Labels["depends_on"] != strings.Join(c.spec.DependsOn, ",") || got.Labels["health_path"] != "/health" || got.Labels["scheme"] != "http" {
			t.Errorf("%s: labels %v", got.ID, got.Labels)
		}
		if got.Endpoints["grpc"] != grpc || (grpc != "") != (c.spec.Service == "order") {
			t.Errorf("%s: endpoints %v, listens at %q", got.ID, got.Endpoints, grpc)
		}
	}
}

// TestStarved has which services calls may not reach under which faults.
func TestStarved(t *testing.T) {
	for faults, want := range map[string]string{
		"":                              "",
		"payment:hang":                  "",
		"inventory:crash":               "payment",
		"user:hang":                     "inventory order payment",
		"user#1:hang":                   "",
		"user#1:hang user#2:crash":      "inventory order payment",
		"user#1:hang user#2:errors=10%": "",
		"gateway:latency=5s":            "inventory order payment user",
		"order:errors=40%":              "",
		"order:errors=100%":             "inventory payment",
		"inventory:errors=80%":          "payment",
		"order#1:hang order#2:hang":     "inventory payment",
	} {
		f := &Fleet{}
		for _, p := range plan() {
			for n := 1; n <= p.instances; n++ {
				f.members = append(f.members, member{&service.Instance{Spec: service.Spec{Service: p.name, ID: p.id(n)}}, n})
			}
		}
		for text := range strings.FieldsSeq(faults) {
			fault, err := ParseFault(text)
			if err != nil {
				t.Fatal(err)
			}
			f.faults = append(f.faults, fault)
		}
		var got []string
		for _, p := range plan() {
			if f.starved(p.name) {
				got = append(got, p.name)
			}
		}
		if strings.Join(got, " ") != want {
			t.Errorf("%q starves %v, want %q", faults, got, want)
		}
	}
}

// TestPlan holds the plan against itself.
func TestPlan(t *testing.T) {
	total := 0
	for _, p := range plan() {
		total += p.instances
		if p.instances < 2 || p.version == "" {
			t.Errorf("%+v", p)
		}
		for _, name := range p.dependsOn {
			if _, ok := partOf(name); !ok || name == p.name {
				t.Errorf("%s depends on %s", p.name, name)
			}
		}
		if before(p.name) == nil && p.name != "gateway" {
			t.Errorf("nothing comes before %s", p.name)
		}
	}
	if total != 11 || zone(1) != "a" || zone(2) != "b" || zone(3) != "a" {
		t.Errorf("%d instances, zones %s %s %s", total, zone(1), zone(2), zone(3))
	}
	if _, ok := partOf("payments"); ok {
		t.Error("there is no service payments")
	}
}

func TestIsLoopback(t *testing.T) {
	for host, want := range map[string]bool{
		"127.0.0.1:80": true, "127.9.9.9:1": true, "localhost:80": true, "localhost": true, "[::1]:80": true, "127.0.0.1": true,
		"evil.example:80": false, "10.0.0.1:80": false, "0.0.0.0:80": false, "": false, "localhost.evil.example": false, "127.0.0.1.evil.example:80": false,
	} {
		if got := isLoopback(host); got != want {
			t.Errorf("%q: %v", host, got)
		}
	}
}
