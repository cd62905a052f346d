package cmd

import (
	"fmt"

	"github.com/midwatch-cli/midwatch/cmd/measure"
	"github.com/midwatch-cli/midwatch/cmd/metrics"
	"github.com/midwatch-cli/midwatch/fleet"
	"github.com/midwatch-cli/midwatch/fleet/change"
)

// Default is one row of the table of defaults.
type Default struct{ What, Value, Meaning string }

// DefaultsTable is what help and documentation print.
func DefaultsTable() []Default {
	percent := func(share float64) string { return fmt.Sprintf("%.0f%%", 100*share) }
	return []Default{
		{
			"probe", fmt.Sprintf("dial %v, whole %v, %v over all attempts", fleet.DialTimeout, fleet.ProbeTimeout, fleet.AttemptsBudget),
			"a readiness probe's or registry check's own timeout wins; --probe-timeout",
		},
		{"slow", fleet.SlowAfter.String(), "a slower answer is a warning; slow in a profile"},
		{
			"attempts", fmt.Sprintf("%d, %v apart with jitter", fleet.Attempts, fleet.AttemptPause),
			"for dial, reset and timeout; 1 for status and body; in wait each pass is one; --attempts",
		},
		{
			"parallel", fmt.Sprintf("%d for the command, %d per host address", fleet.Parallel, fleet.ParallelHost),
			"spread so that no service gets its burst at once; --parallel, --qps",
		},
		{"what is asked", "readiness before health", "guesses are tried on one instance per service and remembered for the rest"},
		{
			"conditions", fmt.Sprintf("rates of services over %v (%v of a Prometheus server)", measure.UsualWindow, measure.ServerWindow),
			fmt.Sprintf("gathered for %v first by check, where nobody says how long; --window, --collect", measure.UsualGather),
		},
		{"metrics", fmt.Sprintf("over %v (%v of a Prometheus server)", metrics.Window, measure.ServerWindow), "every page is read at both ends of it; on a terminal more often, to draw it; --window, --interval"},
		{"interval", fmt.Sprintf("%v with %s jitter; %v in wait", fleet.Interval, percent(fleet.IntervalJitter), fleet.WaitInterval), "between passes of -w and watch; a change of a registry is looked at at once; --interval"},
		{
			"registry", fmt.Sprintf("watched where it can be, else at most every %v", fleet.PollInterval),
			"back-off with jitter; one request in flight per source",
		},
		{"user agent", "midwatch/VERSION", "of every request; over HTTP writes add the change's id; --user-agent"},
		{"traceparent", "a trace id for each command, not sampled", "with what instances and admin APIs are asked: logs show it, traces do not"},
		{
			"changing", fmt.Sprintf("%d targets at once, %v to read one", change.Parallel, change.ReadBack),
			"registries are written to one entry after the other; --batch, --pause, --max-failures",
		},
		{"taking out", percent(fleet.MaxUnavailable), "at most so much of a service is drained at once, and never its last healthy instance; --max-unavailable, --allow-empty"},
		{"grace", fleet.DrainGrace.String(), "until an instance counts as drained where calls in flight are not known; --grace"},
		{"clock", fleet.ClockSkew.String(), "doctor says where an instance's clock is further off"},
		{"proxies", "registries", "instances and their admin APIs are never asked through the environment's proxies; proxy in a profile"},
		{"signals", "130, 143, 129", "INT, TERM and HUP finish the instance in hand, journal it and stop"},
		{"in CI", fmt.Sprintf("a line every %v, at most %d annotations", fleet.CIProgress, fleet.CIAnnotations), "no questions; one annotation per root cause"},
	}
}
