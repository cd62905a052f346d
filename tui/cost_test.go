package tui_test

import (
	"fmt"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/midwatch-cli/midwatch/fleet"
	"github.com/midwatch-cli/midwatch/tui"
	"github.com/midwatch-cli/midwatch/tui/desk"
	"github.com/midwatch-cli/midwatch/tui/page/pagetest"
	"github.com/midwatch-cli/midwatch/tui/theme"
)

// TestCostOfAKey: on every page a key and its frame cost as much with 5,000
// instances, their events and changes of all of them as with 50: rows that are not
// seen are not made.
func TestCostOfAKey(t *testing.T) {
	for _, s := range shots() {
		cost := func(services, instances int) (allocs, bytes float64) {
			if strings.Contains(s.name, "service") { // all of one
				services = 1
			}
			d := start(t, theme.Options{}, 120, 40, many(services, instances), waned(many(services, instances)))
			if s.journal != nil {
				d.send(tui.JournalMsg(1, held(instances), nil))
			}
			d.press(s.keys...)
			return d.costOfAKey()
		}
		fewAllocs, fewBytes := cost(50, 50)
		allocs, bytes := cost(200, 5000)
		t.Logf("%-10s %.0f and %.0f allocations, %.0f and %.0f bytes", s.name, fewAllocs, allocs, fewBytes, bytes)
		if allocs > 1.2*fewAllocs || bytes > 1.2*fewBytes {
			t.Errorf("%s: 5000 instances: %.0f allocations and %.0f bytes, 50: %.0f and %.0f", s.name, allocs, bytes, fewAllocs, fewBytes)
		}
	}
}

// costOfAKey is what a key that moves the cursor and its frame allocate.
func (d *dash) costOfAKey() (allocs, bytes float64) {
	const frames = 200
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	for i := range frames {
		d.press([]string{"down", "up"}[i%2])
		d.app.View()
	}
	runtime.ReadMemStats(&after)
	return float64(after.Mallocs-before.Mallocs) / frames, float64(after.TotalAlloc-before.TotalAlloc) / frames
}

// held are changes, as many as there are instances: the first one is of all of
// these, and all are in force.
func held(instances int) (all []desk.Change) {
	for i := range instances {
		of := 1
		if i == 0 {
			of = instances
		}
		all = append(all, pagetest.Order(fmt.Sprintf("1KZQ%06d", i), fleet.Trip, ref(fmt.Sprintf("svc-%03d", i%50)), "next", of, at().Add(-time.Duration(i)*time.Second), 10*time.Hour))
	}
	return all
}

// BenchmarkKey is what a key that moves the cursor and its frame cost on each page,
// with 5,000 instances.
func BenchmarkKey(b *testing.B) {
	for _, s := range shots() {
		b.Run(s.name, func(b *testing.B) {
			d := start(b, theme.Options{}, 120, 40, many(200, 5000), waned(many(200, 5000)))
			if s.journal != nil {
				d.send(tui.JournalMsg(1, held(500), nil))
			}
			d.press(s.keys...)
			b.ReportAllocs()
			for i := 0; b.Loop(); i++ {
				d.press([]string{"down", "up"}[i%2])
				d.app.View()
			}
		})
	}
}

// waned is a fleet of which three of four services are down, and have breakers that
// are open.
func waned(s *fleet.Snapshot) *fleet.Snapshot {
	for i := range s.Services {
		for j := range s.Services[i].Instances {
			if in := &s.Services[i].Instances[j]; i%4 != 0 {
				in.Status = fleet.Down
				in.Breakers = []fleet.Breaker{fleet.NewBreaker(fmt.Sprint("b", j%3), fleet.BreakerOpen)}
			}
		}
	}
	return s
}
