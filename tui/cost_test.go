package tui_test

import (
	"fmt"
	"runtime"
	"testing"

	"github.com/midwatch-cli/midwatch/fleet"
	"github.com/midwatch-cli/midwatch/tui/theme"
)

// TestCostOfAKey: on every page a key and its frame cost as much with 5,000
// instances as with 50: rows that are not seen are not made.
func TestCostOfAKey(t *testing.T) {
	for _, s := range shots() {
		cost := func(snapshots ...*fleet.Snapshot) (allocs, bytes float64) {
			d := start(t, theme.Options{}, 120, 40, snapshots...)
			d.press(s.keys...)
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
		services := [2]int{50, 200}
		if s.name == "service-marked" || s.name == "contexts-service" || s.name == "service" {
			services = [2]int{1, 1}
		}
		fewAllocs, fewBytes := cost(many(services[0], 50), waned(many(services[0], 50)))
		allocs, bytes := cost(many(services[1], 5000), waned(many(services[1], 5000)))
		t.Logf("%-10s %.0f and %.0f allocations, %.0f and %.0f bytes", s.name, fewAllocs, allocs, fewBytes, bytes)
		if allocs > 1.2*fewAllocs || bytes > 1.2*fewBytes {
			t.Errorf("%s: 5000 instances: %.0f allocations and %.0f bytes, 50: %.0f and %.0f", s.name, allocs, bytes, fewAllocs, fewBytes)
		}
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
