package measure

import (
	"slices"
	"strings"

	"github.com/midwatch-cli/midwatch/cmd/app"
	"github.com/midwatch-cli/midwatch/fleet/metrics/observed"
	"github.com/midwatch-cli/midwatch/fleet/metrics/red"
)

// prefix is how the names of series of our own begin.
const prefix = "midwatch_"

// Own are the names of the series of what midwatch sees itself, and of those that
// it computes.
func Own() []string {
	var names []string
	for _, f := range observed.Families() {
		names = append(names, f.Name)
	}
	return append(names, computed()...)
}

// computed are the series that are calculated from what instances say.
func computed() []string {
	return []string{
		red.SeriesRequestRate, red.SeriesErrorRatio, red.SeriesClientErrors, red.SeriesLatency,
		red.InstanceRequestRate, red.InstanceErrorRatio, red.InstanceClientErrors, red.InstanceLatency,
	}
}

// Needs are what passes have to bring for an answer.
type Needs struct {
	Asking app.Asking // what instances are asked for beside their metrics; app.Nothing: nothing
	Sees   bool       // it is about what passes see, so that they are made also where a server answers
	Pages  bool       // it is about what instances say: their pages of metrics are read
}

// NeedsOf are those of an expression that selects these names, of which an empty
// one may be any.
func NeedsOf(names []string) Needs {
	n := Needs{Asking: app.Nothing, Pages: len(names) == 0}
	health, breakers := false, false
	for _, name := range names {
		own, is := strings.CutPrefix(name, prefix)
		switch {
		case name == "":
			health, breakers, n.Pages = true, true, true
		case !is, slices.Contains(computed(), name):
			n.Pages = true
			continue
		case strings.HasPrefix(own, "scrape_"):
			n.Pages = true
		case strings.HasPrefix(own, "registry_"), strings.HasPrefix(own, "sweep_"):
		case strings.HasPrefix(own, "breaker_"):
			breakers = true
		default:
			health = true
		}
		n.Sees = true
	}
	switch {
	case health && breakers:
		n.Asking = app.Everything
	case health:
		n.Asking = app.HealthOnly
	case breakers:
		n.Asking = app.BreakersOnly
	}
	return n
}

// OnlyOwn says that an expression which selects these names is about nothing but
// what midwatch sees itself: its answer lacks nothing of what instances did not
// say.
func OnlyOwn(names []string) bool {
	return len(names) > 0 && !slices.ContainsFunc(names, func(name string) bool { return !strings.HasPrefix(name, prefix) || slices.Contains(computed(), name) })
}
