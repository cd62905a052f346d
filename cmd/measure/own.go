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

// Asks says what instances have to be asked for beside their metrics, for an
// expression that selects these names, of which an empty one may be any; and
// whether it is about what passes see at all.
func Asks(names []string) (asking app.Asking, sees bool) {
	health, breakers := false, false
	for _, name := range names {
		own, is := strings.CutPrefix(name, prefix)
		switch {
		case name == "":
			health, breakers = true, true
		case !is, slices.Contains(computed(), name):
			continue
		case strings.HasPrefix(own, "registry_"), strings.HasPrefix(own, "scrape_"), strings.HasPrefix(own, "sweep_"):
		case strings.HasPrefix(own, "breaker_"):
			breakers = true
		default:
			health = true
		}
		sees = true
	}
	switch {
	case health && breakers:
		return app.Everything, sees
	case health:
		return app.HealthOnly, sees
	case breakers:
		return app.BreakersOnly, sees
	}
	return app.Nothing, sees
}

// OnlyOwn says that an expression which selects these names is about nothing but
// what midwatch sees itself: its answer lacks nothing of what instances did not
// say.
func OnlyOwn(names []string) bool {
	return len(names) > 0 && !slices.ContainsFunc(names, func(name string) bool { return !strings.HasPrefix(name, prefix) || slices.Contains(computed(), name) })
}
