package history_test

import (
	"fmt"
	"math"
	"runtime"
	"testing"
	"time"

	"github.com/midwatch-cli/midwatch/fleet"
	"github.com/midwatch-cli/midwatch/probe"
	"github.com/midwatch-cli/midwatch/tui/history"
)

func at(i int) time.Time {
	return time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC).Add(time.Duration(i) * 5 * time.Second)
}

// pass is a snapshot of one service; rate below 0: nobody measures.
func pass(i int, name string, status fleet.Status, rate float64) *fleet.Snapshot {
	ref := fleet.Ref{Source: "etcd", Name: name}
	in := fleet.InstanceView{Key: fleet.Key{Ref: ref, Instance: "1"}, Status: status, Probes: []probe.Result{{Outcome: probe.Pass}}}
	if status == fleet.Down {
		in.Probes[0], in.Why = probe.Result{Outcome: probe.Fail, Took: 2 * time.Second}, fleet.Why{Reason: probe.ReasonTimeout, Detail: "no answer"}
	}
	s := fleet.ServiceView{Ref: ref, Status: status, Instances: []fleet.InstanceView{in}}
	if rate >= 0 {
		s.Traffic = &fleet.Traffic{Rate: rate, Errors: math.NaN(), P99: 0.1}
	}
	return &fleet.Snapshot{At: at(i), Services: []fleet.ServiceView{s}}
}

func TestRemembers(t *testing.T) {
	var h history.History
	key := fleet.Key{Ref: fleet.Ref{Source: "etcd", Name: "pay"}, Instance: "1"}
	if h.Of(key.Ref) != nil || h.Life(key) != nil {
		t.Error("remembers what it never saw")
	}
	h.Add(pass(0, "pay", fleet.Down, -1))
	for i := 1; i < 3*history.Kept; i++ {
		h.Add(pass(i, "pay", fleet.Up, float64(i)))
	}
	n, l := h.Of(key.Ref), h.Life(key)
	if len(n.Rate) != history.Kept || n.Rate[history.Kept-1] != 3*history.Kept-1 || n.P99[0] != 0.1 || !math.IsNaN(n.Errors[0]) {
		t.Errorf("numbers: %d of them, %v", len(n.Rate), n.Rate)
	}
	if len(l.Statuses) != history.Kept || l.Statuses[0] != fleet.Up {
		t.Errorf("statuses: %v", l.Statuses)
	}
	if len(l.Failures) != 1 || l.Failures[0].Why.Detail != "no answer" || !l.Failures[0].At.Equal(at(0)) || l.Failures[0].Took != 2*time.Second {
		t.Errorf("a failure is forgotten with the passes around it: %+v", l.Failures)
	}
	for i := range 2 * history.Failures {
		h.Add(pass(i, "pay", fleet.Down, -1))
	}
	if l := h.Life(key); len(l.Failures) != history.Failures || !l.Failures[history.Failures-1].At.Equal(at(2*history.Failures-1)) {
		t.Errorf("failures: %d", len(l.Failures))
	}
	if n := h.Of(key.Ref); !math.IsNaN(n.Rate[history.Kept-1]) {
		t.Error("no number became one")
	}
}

// TestForgets: what is gone for long is forgotten, so that a day of a feed whose
// instances come and go leaves the memory flat.
func TestForgets(t *testing.T) {
	var h history.History
	held := func() uint64 {
		runtime.GC()
		var m runtime.MemStats
		runtime.ReadMemStats(&m)
		return m.HeapAlloc
	}
	day := func(from int) {
		for i := range 17280 {
			h.Add(pass(from+i, fmt.Sprint("pay-", (from+i)/30), fleet.Down, 1))
		}
	}
	day(0)
	first := held()
	day(17280)
	if second := held(); second > first+100<<10 {
		t.Errorf("%d bytes after a day, %d after two", first, second)
	}
	if h.Of(fleet.Ref{Source: "etcd", Name: "pay-1"}) != nil {
		t.Error("still knows what was gone a day ago")
	}
	runtime.KeepAlive(&h)
}
