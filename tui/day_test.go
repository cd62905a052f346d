package tui_test

import (
	"cmp"
	"fmt"
	"os"
	"runtime"
	"strconv"
	"testing"
	"time"

	"github.com/midwatch-cli/midwatch/fleet"
	"github.com/midwatch-cli/midwatch/fleet/change"
	"github.com/midwatch-cli/midwatch/probe"
	"github.com/midwatch-cli/midwatch/tui"
	"github.com/midwatch-cli/midwatch/tui/desk"
	"github.com/midwatch-cli/midwatch/tui/history"
	"github.com/midwatch-cli/midwatch/tui/page/pagetest"
	"github.com/midwatch-cli/midwatch/tui/theme"
)

// passesOfDay is how many passes the day below has: MIDWATCH_DAY_PASSES=86400 are
// all that a day has at 1 Hz, as .ci/bench says.
func passesOfDay(t *testing.T) int {
	n, err := strconv.Atoi(cmp.Or(os.Getenv("MIDWATCH_DAY_PASSES"), "3360"))
	if err != nil {
		t.Fatal(err)
	}
	if testing.Short() {
		n = min(n, 600)
	}
	return n
}

// TestDayOfFeed: a day in which services, instances and breakers come and go under
// new names, things fail and heal, changes are made and put back, and a person walks
// through all of it, leaves the heap as it was in the first quarter of the day.
func TestDayOfFeed(t *testing.T) {
	passes := passesOfDay(t)
	d := start(t, theme.Options{}, 120, 40)
	var first, last []float64
	for i := range passes {
		d.now = at().Add(time.Duration(i) * time.Second)
		d.take(daily(i))
		if i%20 == 0 {
			d.app.Update(tui.JournalMsg(i+1, journalOf(i), nil))
		}
		if i%2 == 0 {
			d.send(tui.TickMsg())
		}
		person(d, i)
		d.app.View()
		switch quarter := i * 4 / passes; {
		case i%history.Kept < history.Kept-1: // one looks when what is gone was just forgotten
		case quarter == 0 && i > 4*generation: // all that is remembered is full by then
			first = append(first, heap())
		case quarter == 3:
			last = append(last, heap())
		}
	}
	runtime.KeepAlive(d)
	if testing.Short() {
		return // not even what is remembered is full
	}
	before, after := mean(first), mean(last)
	t.Logf("%d passes: %.2f MB in the first quarter (%d looks), %.2f MB in the last (%d)", passes, before/1e6, len(first), after/1e6, len(last))
	if len(first) < 2 || len(last) < 2 || after > 1.1*before {
		t.Errorf("the heap grew from %.2f MB to %.2f MB in %d passes", before/1e6, after/1e6, passes)
	}
}

// heap is how many bytes are in use that something refers to.
func heap() float64 {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return float64(m.HeapAlloc)
}

func mean(of []float64) (m float64) {
	for _, v := range of {
		m += v / float64(len(of))
	}
	return m
}

// generation is how many passes a service has a name for.
const generation = 150

// daily is the fleet in a pass: 20 services that have another name in each
// generation, 5 that keep theirs, and instances and breakers that live shorter.
func daily(pass int) *fleet.Snapshot {
	s := &fleet.Snapshot{Seq: uint64(pass + 1), Context: "prod", At: at().Add(time.Duration(pass) * time.Second)}
	for i := range 25 {
		name := fmt.Sprintf("old-%d", i)
		if i >= 5 {
			name = fmt.Sprintf("svc-%d-%d", i, (pass+i*7)/generation)
		}
		svc := fleet.ServiceView{Ref: ref(name), Status: fleet.Up, Serving: 3, Traffic: traffic(float64(pass%100), float64(pass%7)/100, 0.01)}
		for j := range 3 {
			id := fmt.Sprint(name, "-", j)
			if j == 2 {
				id = fmt.Sprint(name, "-", (pass+i)/40) // is started anew all the time
			}
			in := fleet.InstanceView{Key: fleet.Key{Ref: svc.Ref, Instance: id}, Status: fleet.Up, Attempts: 1, Traffic: svc.Traffic}
			in.Instance = fleet.Instance{ID: id, Addr: fmt.Sprintf("10.0.%d.%d:80", i, j), Version: fmt.Sprint("1.", (pass+i*11)/300), Labels: map[string]string{"build": strconv.Itoa(pass / 50)}}
			in.Probes = []probe.Result{{Target: probe.Target{Kind: probe.HTTP, Address: in.Addr, Path: "/health"}, Outcome: probe.Pass, At: s.At, Took: time.Millisecond, Answered: true, Phases: []probe.Phase{{Name: "dial", Took: time.Millisecond}}}}
			in.Breakers = []fleet.Breaker{fleet.NewBreaker("next", fleet.BreakerClosed), fleet.NewBreaker(fmt.Sprint("call-", (pass+j)/60), fleet.BreakerClosed)}
			if (pass+i*13+j)%31 < 2 {
				in.Status, in.Why = fleet.Down, fleet.Why{Reason: probe.ReasonTimeout, Detail: fmt.Sprint("no answer to request ", pass)}
				in.Probes[0].Outcome, in.Breakers[0].State = probe.Fail, fleet.BreakerOpen
				svc.Status, svc.Why = fleet.Degraded, in.Why
			}
			svc.Instances = append(svc.Instances, in)
		}
		s.Services = append(s.Services, svc)
	}
	for i := range 3 { // and one after the other a registry fails
		src := fleet.SourceView{Context: "prod", Name: fmt.Sprint("etcd-", i), AsOf: s.At}
		if pass/100%3 == i {
			src.Reason, src.Detail = probe.ReasonRefused, fmt.Sprint("refused in pass ", pass)
		}
		s.Sources = append(s.Sources, src)
	}
	return s
}

// journalOf is the journal in a pass: a trip of now, and some of before that are
// over.
func journalOf(pass int) (all []desk.Change) {
	for n := range 5 {
		begun := at().Add(time.Duration(pass-n*20) * time.Second)
		trip := pagetest.Order(fmt.Sprintf("1KZQ%06d", pass-n*20+1000), fleet.Trip, ref("old-1"), "next", 4, begun, 10*time.Minute)
		if n > 0 {
			for i := range trip.Batch.Steps {
				trip.Batch.Steps[i].Put = change.PutBack
			}
			trip = pagetest.Stands(trip.Batch, begun)
		}
		all = append(all, trip)
	}
	return all
}

// person presses what somebody presses in a pass: they go everywhere, filter, mark,
// sort, pause, and look back.
func person(d *dash, pass int) {
	switch pass % 60 {
	case 0:
		d.press("g", "down", "down", "enter") // a service
	case 3:
		d.press("enter") // an instance
	case 6:
		d.press("esc", "down", "space", "M")
	case 9:
		d.press(":")
		d.types("events")
		d.press("enter")
	case 12:
		d.press("down", "/")
		d.types(fmt.Sprint("svc-", pass%50))
		d.press("enter")
	case 15:
		d.press(":")
		d.types(fmt.Sprintf("svc-%d-%d", 5+pass%20, pass/generation)) // one that may be gone soon
		d.press("enter", "enter")
	case 18:
		d.press("[", "[", "]")
	case 21:
		d.press(":")
		d.types("breakers")
		d.press("enter", "M", "space", "s", "s", "r")
	case 24:
		d.press("ctrl+z")
	case 27:
		d.press("p")
	case 33:
		d.press("p", "ctrl+z", "w")
	case 36:
		d.press(":")
		d.types("changes")
		d.press("enter", "enter", "esc")
	case 39:
		d.press(":")
		d.types("sources")
		d.press("enter", "?", "esc")
	case 42:
		d.press(":")
		d.types("fleet")
		d.press("enter", "/")
		d.types(fmt.Sprint("!svc-", pass))
		d.press("enter", "M")
	case 45:
		d.press("s", "/", "ctrl+u", "enter", "w")
	}
}
