package history_test

import (
	"fmt"
	"math"
	"math/rand/v2"
	"reflect"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/midwatch-cli/midwatch/fleet"
	"github.com/midwatch-cli/midwatch/probe"
	"github.com/midwatch-cli/midwatch/tui/history"
)

func at(i int) time.Time {
	return time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC).Add(time.Duration(i) * 5 * time.Second)
}

func key(name string) fleet.Key {
	return fleet.Key{Ref: fleet.Ref{Source: "etcd", Name: name}, Instance: "1"}
}

// pass is a snapshot of one service; rate below 0: nobody measures.
func pass(i int, name string, status fleet.Status, rate float64) *fleet.Snapshot {
	in := fleet.InstanceView{Key: key(name), Status: status, Probes: []probe.Result{{Outcome: probe.Pass, Took: 3 * time.Millisecond, Phases: []probe.Phase{{Name: "dial", Took: time.Millisecond}, {Name: "wait", Took: 2 * time.Millisecond}}}}}
	if status == fleet.Down {
		in.Probes[0], in.Why = probe.Result{Outcome: probe.Fail, Took: 2 * time.Second}, fleet.Why{Reason: probe.ReasonTimeout, Detail: "no answer"}
	}
	s := fleet.ServiceView{Ref: in.Ref, Status: status, Instances: []fleet.InstanceView{in}}
	if rate >= 0 {
		s.Traffic = &fleet.Traffic{Rate: rate, Errors: math.NaN(), P99: 0.1}
		s.Instances[0].Traffic = s.Traffic
	}
	return &fleet.Snapshot{At: at(i), Services: []fleet.ServiceView{s}}
}

func numbers(l *history.Life, n history.Number, count int) string {
	var words []string
	for _, v := range l.Last(n, make([]float64, count)) {
		words = append(words, fmt.Sprint(v))
	}
	return strings.Join(words, " ")
}

func TestRemembers(t *testing.T) {
	var h history.History
	k := key("pay")
	if h.Of(k.Ref) != nil || h.Life(k) != nil || h.Passes() != 0 {
		t.Error("remembers what it never saw")
	}
	h.Add(pass(0, "pay", fleet.Down, -1))
	h.Add(pass(1, "pay", fleet.Up, 1))
	if got := numbers(h.Of(k.Ref), history.Rate, 4); got != "NaN NaN NaN 1" {
		t.Errorf("two passes: %s", got)
	}
	for i := 2; i < 3*history.Kept; i++ {
		h.Add(pass(i, "pay", fleet.Up, float64(i)))
	}
	last := 3*history.Kept - 1
	if h.Passes() != history.Kept || !h.At(0).Equal(at(last-history.Kept+1)) || !h.At(history.Kept-1).Equal(at(last)) {
		t.Errorf("%d passes from %s to %s", h.Passes(), h.At(0), h.At(history.Kept-1))
	}
	for _, l := range []*history.Life{h.Of(k.Ref), h.Life(k)} {
		if got, want := numbers(l, history.Rate, 2), fmt.Sprint(last-1, " ", last); got != want {
			t.Errorf("rates %s, want %s", got, want)
		}
		if got := numbers(l, history.Errors, 1) + numbers(l, history.P99, 1); got != "NaN0.10000000149011612" {
			t.Errorf("errors and p99: %s", got)
		}
		if p := l.Pass(0); !p.There || p.Status != fleet.Up || p.Number(history.Rate) != float64(last-history.Kept+1) {
			t.Errorf("the oldest pass: %+v", p)
		}
	}
	h.Add(pass(last+1, "pay", fleet.Up, -1))
	if got := numbers(h.Of(k.Ref), history.Rate, 1); got != "NaN" {
		t.Errorf("no number became %s", got)
	}
}

// TestGaps: passes in which something was not there are gaps, also when it is back.
func TestGaps(t *testing.T) {
	var h history.History
	for i := range 9 {
		name := "pay"
		if i >= 3 && i < 6 {
			name = "other"
		}
		h.Add(pass(i, name, fleet.Up, float64(i)))
		l := h.Life(key("pay"))
		if gone := l.Gone(); i >= 3 && i < 6 && (!gone.Equal(at(3)) || !l.Seen().Equal(at(2))) || name == "pay" && (!gone.IsZero() || !l.Seen().Equal(at(i))) {
			t.Errorf("pass %d: gone %s, seen %s", i, gone, l.Seen())
		}
	}
	if got := numbers(h.Life(key("pay")), history.Rate, 9); got != "0 1 2 NaN NaN NaN 6 7 8" {
		t.Errorf("rates: %s", got)
	}
	if got := numbers(h.Of(key("other").Ref), history.Rate, 9); got != "NaN NaN NaN 3 4 5 NaN NaN NaN" {
		t.Errorf("rates of the other: %s", got)
	}
	if p := h.Life(key("pay")).Pass(4); p.There || !math.IsNaN(p.Number(history.P50)) || p.Took() != 0 {
		t.Errorf("a pass it was not in: %+v", p)
	}
}

func TestUsual(t *testing.T) {
	var h history.History
	for i := range 9 {
		s := pass(i, "pay", fleet.Up, -1)
		if i == 4 {
			s = pass(i, "pay", fleet.Down, -1)
		}
		s.Services[0].Instances[0].Probes[0].Took += time.Duration(i) * time.Millisecond
		h.Add(s)
	}
	l := h.Life(key("pay"))
	for phase, want := range map[string]string{"": "8ms true", "dial": "1ms true", "wait": "2ms true", "tls": "0s false", "x": "0s false"} {
		took, ok := l.Usual(phase)
		if got := fmt.Sprint(took, ok); got != want {
			t.Errorf("%q: %s, want %s", phase, got, want)
		}
	}
	if got := h.Life(key("pay")).Pass(4); got.Took() != 2*time.Second+4*time.Millisecond || got.Outcome != probe.Fail {
		t.Errorf("the one that failed: %+v", got)
	}
}

// TestFailures: an outage is one failure however many passes it has, and is there
// when the passes around it are forgotten.
func TestFailures(t *testing.T) {
	var h history.History
	up := func(i int) { h.Add(pass(i, "pay", fleet.Up, 1)) }
	down := func(i int, reason probe.Reason, detail string) {
		s := pass(i, "pay", fleet.Down, 1)
		in := &s.Services[0].Instances[0]
		in.Why = fleet.Why{Reason: reason, Detail: detail}
		in.Probes[0].Phases = []probe.Phase{{Name: "dial", Took: time.Millisecond}}
		h.Add(s)
	}
	up(0)
	down(1, probe.ReasonTimeout, "no answer in 2s")
	down(2, probe.ReasonTimeout, "no answer in 3s")
	unasked := pass(3, "pay", fleet.Down, 1)
	unasked.Services[0].Instances[0].Probes = nil
	h.Add(unasked)
	down(4, probe.ReasonRefused, "connection refused")
	up(5)
	for i := 6; i < 3*history.Kept; i++ {
		up(i)
	}
	down(3*history.Kept, probe.ReasonTimeout, "again")
	all := h.Life(key("pay")).Failures()
	say := func(f history.Failure) string {
		rel := func(t time.Time) any {
			if t.IsZero() {
				return "-"
			}
			return int(t.Sub(at(0)) / (5 * time.Second))
		}
		return fmt.Sprint(rel(f.Begun), rel(f.From), rel(f.Last), rel(f.Until), f.Turned, f.Passes, f.Status, f.Took, f.Phases, f.Why)
	}
	for i, want := range []string{
		"1 1 2 4 true 2 down 2s [{dial 1ms}] {timeout no answer in 3s}",
		"1 4 4 5 false 1 down 2s [{dial 1ms}] {refused connection refused}",
		"360 360 360-false 1 down 2s [{dial 1ms}] {timeout again}",
	} {
		if got := say(all[i]); got != want {
			t.Errorf("failure %d: %s\nwant       %s", i, got, want)
		}
	}
	if len(all) != 3 {
		t.Errorf("%d failures", len(all))
	}
	for i := range 3 * history.Failures {
		up(3*history.Kept + 2*i + 1)
		down(3*history.Kept+2*i+2, probe.ReasonTimeout, strings.Repeat("é", 4000))
	}
	all = h.Life(key("pay")).Failures()
	if last := all[len(all)-1]; len(all) != history.Failures || len(last.Why.Detail) > 310 || !strings.HasSuffix(last.Why.Detail, "é…") {
		t.Errorf("%d failures, the last with %d bytes", len(all), len(last.Why.Detail))
	}
}

// TestPlayedFromEarlier: a feed that goes back in time leaves what one leaves that
// came there straight, as far as that is remembered.
func TestPlayedFromEarlier(t *testing.T) {
	world := make([]*fleet.Snapshot, 300)
	r := rand.New(rand.NewPCG(1, 2))
	for i := range world {
		world[i] = pass(i, []string{"pay", "pay", "pay", "user"}[r.IntN(4)], []fleet.Status{fleet.Up, fleet.Down}[max(0, r.IntN(8)-6)], float64(i))
	}
	say := func(h *history.History) (words []any) {
		for _, name := range []string{"pay", "user"} {
			for _, l := range []*history.Life{h.Of(key(name).Ref), h.Life(key(name))} {
				if l == nil {
					continue
				}
				words = append(words, numbers(l, history.Rate, 5), l.Seen(), l.Gone())
				for _, f := range l.Failures() {
					f.Passes, f.Took, f.Phases, f.Why = 0, 0, nil, fleet.Why{} // of the last pass: it is not known any more
					words = append(words, f)
				}
			}
		}
		return words
	}
	for range 100 {
		var straight, turned history.History
		end, stop := 20+r.IntN(100), 0
		for i := range end {
			turned.Add(world[i])
		}
		stop = 6 + r.IntN(end-6)
		for i := range stop {
			straight.Add(world[i])
		}
		turned.Add(world[stop-1])
		if got, want := fmt.Sprint(say(&turned)...), fmt.Sprint(say(&straight)...); got != want {
			t.Fatalf("%d passes, back to %d:\n got %s\nwant %s", end, stop, got, want)
		}
	}
	var h history.History
	for i := 100; i < 300; i++ {
		h.Add(world[i])
	}
	h.Add(world[0])
	var fresh history.History
	fresh.Add(world[0])
	if !reflect.DeepEqual(say(&h), say(&fresh)) || h.Passes() != 1 {
		t.Errorf("before all that is known: %v, want %v", say(&h), say(&fresh))
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

// TestAllocatesNothing: where nobody comes or goes, a pass costs no memory.
func TestAllocatesNothing(t *testing.T) {
	var h history.History
	fill := func(status fleet.Status) *fleet.Snapshot {
		s := pass(0, "pay", status, 1)
		s.Services[0].Instances[0].Breakers = []fleet.Breaker{fleet.NewBreaker("a", fleet.BreakerClosed), fleet.NewBreaker("b", fleet.BreakerClosed)}
		return s
	}
	for _, s := range []*fleet.Snapshot{fill(fleet.Up), fill(fleet.Down)} {
		h.Add(s)
		if n := testing.AllocsPerRun(500, func() { h.Add(s) }); n != 0 {
			t.Errorf("%s: %v allocations", s.Services[0].Status, n)
		}
	}
}

// TestMoreIsKnownOfAPass: its numbers come after its verdicts, and it is one pass all
// the same, with one point in a chart and one failure.
func TestMoreIsKnownOfAPass(t *testing.T) {
	var h history.History
	k := key("pay")
	add := func(i int, number uint64, status fleet.Status, rate float64) {
		s := pass(i, "pay", status, rate)
		s.Pass = number
		h.Add(s)
	}
	add(0, 1, fleet.Down, -1)
	if got := numbers(h.Of(k.Ref), history.Rate, 2); h.Passes() != 1 || got != "NaN NaN" {
		t.Errorf("before there are numbers: %d passes, %s", h.Passes(), got)
	}
	add(0, 1, fleet.Down, 3)
	if got := numbers(h.Of(k.Ref), history.Rate, 2) + numbers(h.Life(k), history.Rate, 2); h.Passes() != 1 || got != "NaN 3NaN 3" {
		t.Errorf("with numbers: %d passes, %s", h.Passes(), got)
	}
	add(1, 2, fleet.Down, 3)
	add(1, 2, fleet.Down, 4)
	add(2, 3, fleet.Up, 4)
	add(2, 3, fleet.Up, 5)
	if got := numbers(h.Life(k), history.Rate, 4); h.Passes() != 3 || got != "NaN 3 4 5" {
		t.Errorf("%d passes, %s", h.Passes(), got)
	}
	all := h.Life(k).Failures()
	if len(all) != 1 || all[0].Passes != 2 || !all[0].From.Equal(at(0)) || !all[0].Last.Equal(at(1)) || !all[0].Until.Equal(at(2)) {
		t.Errorf("failed %+v", all)
	}
	add(2, 0, fleet.Up, 6) // of a recording: each is a pass of its own
	add(2, 0, fleet.Up, 7)
	if got := numbers(h.Life(k), history.Rate, 3); h.Passes() != 5 || got != "5 6 7" {
		t.Errorf("%d passes, %s", h.Passes(), got)
	}
}
