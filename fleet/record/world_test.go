package record_test

import (
	"fmt"
	"math/rand/v2"
	"path/filepath"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/midwatch-cli/midwatch/fleet"
	"github.com/midwatch-cli/midwatch/fleet/record"
	"github.com/midwatch-cli/midwatch/fleet/record/line"
	"github.com/midwatch-cli/midwatch/probe"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

var start = time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)

// world makes passes over a little fleet in which something happens now and
// then.
type world struct {
	rng  *rand.Rand
	now  time.Time
	seq  map[string]uint64
	ill  map[string]bool
	more int // instances beyond two
}

func newWorld(seed uint64) *world {
	return &world{rng: rand.New(rand.NewPCG(seed, 1)), now: start, seq: map[string]uint64{}, ill: map[string]bool{}}
}

func (w *world) pass(context string) record.Pass {
	w.now = w.now.Add(time.Duration(4500+w.rng.IntN(1000)) * time.Millisecond)
	w.seq[context]++
	s := &fleet.Snapshot{Seq: w.seq[context], Context: context, At: w.now, Took: time.Duration(w.rng.IntN(1e9))}
	s.Sources = []fleet.SourceView{{Context: context, Name: "etcd", URL: "etcd://127.0.0.1:2379", AsOf: w.now}}
	if w.rng.IntN(8) == 0 {
		w.more = w.rng.IntN(3)
	}
	for _, name := range []string{"order", "payment"} {
		ref := fleet.Ref{Context: context, Source: "etcd", Name: name}
		v := fleet.ServiceView{Ref: ref, Status: fleet.Up, Labels: map[string]string{"team": "shop"}}
		for i := range 2 + w.more {
			id := fmt.Sprintf("%s-%d", name, i+1)
			if key := context + id; w.rng.IntN(6) == 0 {
				w.ill[key] = !w.ill[key]
			}
			v.Instances = append(v.Instances, w.instance(ref, id))
		}
		s.Services = append(s.Services, v)
	}
	return record.Pass{Snapshot: s}
}

func (w *world) instance(ref fleet.Ref, id string) fleet.InstanceView {
	t := probe.Target{Kind: probe.HTTP, Address: "127.0.0.1:9101", Path: "/health", Named: true}
	in := fleet.InstanceView{
		Key: fleet.Key{Ref: ref, Instance: id}, Instance: fleet.Instance{ID: id, Addr: t.Address, Lease: time.Duration(w.rng.IntN(9)) * time.Second},
		Status: fleet.Up, Attempts: 1, Plan: fleet.Plan{Candidates: []probe.Target{t}, Admin: &fleet.Administration{API: "httpapi"}},
		Probes:   []probe.Result{{Target: t, Outcome: probe.Pass, Code: 200, At: w.now, Took: time.Duration(w.rng.IntN(1e7)), Answered: true}},
		Breakers: []fleet.Breaker{fleet.NewBreaker("user", fleet.BreakerClosed)},
	}
	in.Breakers[0].FailureRate, in.Breakers[0].SlowRate = 0.25, 0 // NaN is equal to nothing
	if w.ill[ref.Context+id] {
		in.Status, in.Why = fleet.Down, fleet.Why{Reason: probe.ReasonTimeout, Detail: "no answer in 2s"}
		in.Probes[0].Outcome, in.Breakers[0].State = probe.Fail, fleet.BreakerOpen
	}
	return in
}

// write makes a recording of passes, its name, and how it was counted.
func write(t *testing.T, name string, passes []record.Pass) (string, line.End) {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	w, err := record.Create(path, line.Header{Version: "0.1.0", Contexts: []string{""}, Start: start, Interval: 5 * time.Second}, false)
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range passes {
		if err := w.Pass(p); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(start.Add(time.Hour), "Ctrl-C"); err != nil {
		t.Fatal(err)
	}
	return path, w.Counts()
}

func open(t *testing.T, path string) *record.Recording {
	t.Helper()
	r, err := record.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = r.Close() })
	return r
}

// passes are n of them, over contexts in turn.
func passes(n int, seed uint64, contexts ...string) []record.Pass {
	w := newWorld(seed)
	var all []record.Pass
	for i := range n {
		all = append(all, w.pass(contexts[i%len(contexts)]))
	}
	return all
}
