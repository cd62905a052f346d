package desk_test

import (
	"context"
	"encoding/json"
	"maps"
	"slices"
	"testing"
	"time"

	"github.com/midwatch-cli/midwatch/fleet"
	"github.com/midwatch-cli/midwatch/fleet/change"
	"github.com/midwatch-cli/midwatch/fleet/change/desk"
	"github.com/midwatch-cli/midwatch/fleet/change/kind"
	"github.com/midwatch-cli/midwatch/fleet/registry"
	"github.com/midwatch-cli/midwatch/fleet/registry/etcd"
	"github.com/midwatch-cli/midwatch/fleet/registry/etcd/embedded"
	"github.com/midwatch-cli/midwatch/fleet/registry/memory"
)

// world is a registry, and what can be done to it behind a change's back.
type world struct {
	name string
	open func(t *testing.T) *hooked // a connection of its own: another process
}

// hooked is a registry whose calls can be interfered with: before returns an
// error instead of the call, after instead of its answer.
type hooked struct {
	registry.Registry
	registry.Registrar
	before, after func(call string) error
	calls         []string
}

func (h *hooked) around(call string, do func() error) error {
	h.calls = append(h.calls, call)
	if h.before != nil {
		if err := h.before(call); err != nil {
			return err
		}
	}
	err := do()
	if h.after != nil {
		if failed := h.after(call); failed != nil {
			return failed
		}
	}
	return err
}

func (h *hooked) List(ctx context.Context) (set registry.Set, err error) {
	err = h.around("list", func() (err error) { set, err = h.Registry.List(ctx); return err })
	if err != nil {
		return registry.Set{}, err
	}
	return set, nil
}

func (h *hooked) Watch(ctx context.Context, emit func(registry.Set) error) error {
	return h.around("watch", func() error { return h.Registry.Watch(ctx, emit) })
}

func (h *hooked) Register(ctx context.Context, e registry.Entry) (k fleet.Key, err error) {
	return k, h.around("register", func() (err error) { k, err = h.Registrar.Register(ctx, e); return err })
}

func (h *hooked) Deregister(ctx context.Context, k fleet.Key) error {
	return h.around("deregister", func() error { return h.Registrar.Deregister(ctx, k) })
}

func (h *hooked) writes() int {
	n := 0
	for _, c := range h.calls {
		if c == "register" || c == "deregister" {
			n++
		}
	}
	return n
}

// env finds the one registry there is.
func (h *hooked) env() kind.Env {
	return kind.Env{Registry: func(source string) (registry.Registry, error) {
		if source != "reg" {
			return nil, fleet.ErrNotFound
		}
		return h, nil
	}}
}

// desk is one that keeps no journal.
func (h *hooked) desk() change.Desk { return desk.New(desk.Setup{Env: h.env()}) }

// apply carries a plan out.
func apply(t *testing.T, d change.Desk, p change.Plan) []change.Result {
	t.Helper()
	return applyIn(t.Context(), t, d, p)
}

func applyIn(ctx context.Context, t *testing.T, d change.Desk, p change.Plan) []change.Result {
	t.Helper()
	out, err := d.Apply(ctx, p, change.Options{})
	if err != nil {
		t.Fatal(err)
	}
	return out.Results
}

// undo takes back what came of a plan, as another process that read it would.
func undo(t *testing.T, d change.Desk, results []change.Result) []change.Result {
	t.Helper()
	return undoIn(t.Context(), t, d, results)
}

func undoIn(ctx context.Context, t *testing.T, d change.Desk, results []change.Result) []change.Result {
	t.Helper()
	b := &change.Batch{}
	for i, r := range results {
		b.Steps = append(b.Steps, change.Record{N: i, Intent: r.Intent, What: r.What, Before: r.Before, State: r.State})
	}
	out, err := d.Undo(ctx, b, change.Options{})
	if err != nil {
		t.Fatal(err)
	}
	return out.Results
}

// holds is what the registry holds of payment, as one line an entry.
func (h *hooked) holds(t *testing.T) []string {
	t.Helper()
	set, err := h.Registry.List(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	var lines []string
	for _, s := range set.Services {
		for _, in := range s.Instances {
			labels := maps.Clone(in.Labels)
			for _, own := range []string{"zone", "version", "weight"} {
				delete(labels, own) // some keep the fields among the labels
			}
			text, err := json.Marshal([]any{s.Namespace, s.Name, in.ID, in.Addr, in.Zone, in.Version, in.Weight, len(labels), labels["team"]})
			if err != nil {
				t.Fatal(err)
			}
			lines = append(lines, string(text))
		}
	}
	slices.Sort(lines)
	return lines
}

func (h *hooked) put(t *testing.T, id, addr string) {
	t.Helper()
	_, err := h.Registrar.Register(context.Background(), registry.Entry{
		Namespace: "shop", Service: "payment",
		Instance: fleet.Instance{ID: id, Addr: addr, Zone: "b", Version: "2.4.1", Weight: 3, Labels: map[string]string{"team": "shop"}},
	})
	if err != nil {
		t.Fatal(err)
	}
}

func (h *hooked) take(t *testing.T, id string) {
	t.Helper()
	if err := h.Registrar.Deregister(context.Background(), key(id)); err != nil {
		t.Fatal(err)
	}
}

func key(id string) fleet.Key { return target(id).Key() }

func target(id string) change.Target {
	return change.Target{Source: "reg", Namespace: "shop", Service: "payment", Instance: id}
}

// inWorlds runs a test over each kind of registry, each time over a fresh one.
func inWorlds(t *testing.T, test func(t *testing.T, w world)) {
	t.Run("memory", func(t *testing.T) {
		store := memory.NewStore()
		test(t, world{"memory", func(*testing.T) *hooked {
			c := store.Open()
			return &hooked{Registry: c, Registrar: c}
		}})
	})
	t.Run("etcd", func(t *testing.T) {
		server, err := embedded.Start(t.Context(), t.TempDir())
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(server.Close)
		test(t, world{"etcd", func(t *testing.T) *hooked {
			loc, err := registry.ParseLocation("reg=" + server.URL())
			if err != nil {
				t.Fatal(err)
			}
			d := etcd.Driver()
			reg, err := d.Open(t.Context(), loc, d.NewOptions(), registry.Env{})
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { _ = reg.Close() })
			w, ok := registry.As[registry.Registrar](reg)
			if !ok {
				t.Fatal("etcd cannot be written to")
			}
			return &hooked{Registry: reg, Registrar: w}
		}})
	})
}

func registering(t *testing.T, id, addr string) change.Intent {
	t.Helper()
	i, err := change.RegisterIntent("prod", target(id), change.Entry{Address: addr, Zone: "c", Version: "3.0.0", Weight: 7, Labels: map[string]string{"team": "new"}})
	if err != nil {
		t.Fatal(err)
	}
	return i
}

func deregistering(t *testing.T, id string, look time.Duration) change.Intent {
	t.Helper()
	i, err := change.DeregisterIntent("prod", target(id), change.Observe{For: look})
	if err != nil {
		t.Fatal(err)
	}
	return i
}

// intents are the kinds of change, over an entry that is there and one that is
// not.
func intents(t *testing.T) map[string]change.Intent {
	return map[string]change.Intent{
		"register a new one":     registering(t, "payment-9", "10.0.0.9:80"),
		"register over another":  registering(t, "payment-1", "10.0.0.8:80"),
		"register at its place":  registering(t, "payment-1", "10.0.0.1:80"),
		"register by address":    registering(t, "", "10.0.0.1:80"),
		"deregister":             deregistering(t, "payment-1", 0),
		"deregister by address":  deregistering(t, "10.0.0.1:80", 0),
		"deregister the only id": deregistering(t, "10.0.0.3:80", 0),
	}
}
