package fleet

import (
	"fmt"
	"time"
)

// The defaults. What people read of them is made from the same constants by
// DefaultsTable.
const (
	DialTimeout    = time.Second            // to connect
	ProbeTimeout   = 2 * time.Second        // a whole probe
	SlowAfter      = time.Second            // a slower answer is a warning
	AttemptsBudget = 4 * time.Second        // over all attempts at one target
	Attempts       = 2                      // at dialling, after a reset, after a timeout
	AttemptPause   = 200 * time.Millisecond // between attempts, with jitter
	Parallel       = 256                    // probes at once in one command
	ParallelHost   = 4                      // ... to one host address
	Interval       = 5 * time.Second        // between passes of top and -w
	WaitInterval   = 2 * time.Second        // between looks of wait
	IntervalJitter = 0.2                    // share of the interval by which passes are spread
	PollInterval   = 5 * time.Second        // between reads of a registry that cannot be watched
	MaxUnavailable = 0.5                    // share of a service that drains may take out
	DrainGrace     = 30 * time.Second       // until a drained instance counts as drained where calls in flight are not known
	ClockSkew      = 2 * time.Second        // a peer's clock further off is shown
	CIProgress     = 30 * time.Second       // between lines of progress in CI
	CIAnnotations  = 10                     // at most, one per root cause
)

// Default is one row of the table of defaults.
type Default struct{ What, Value, Meaning string }

// DefaultsTable is what help and documentation print.
func DefaultsTable() []Default {
	percent := func(share float64) string { return fmt.Sprintf("%.0f%%", 100*share) }
	return []Default{
		{
			"probe", fmt.Sprintf("dial %v, whole %v, %v over all attempts", DialTimeout, ProbeTimeout, AttemptsBudget),
			"a readiness probe's or registry check's own timeout wins; --probe-timeout",
		},
		{"slow", SlowAfter.String(), "a slower answer is a warning; slow in a profile"},
		{
			"attempts", fmt.Sprintf("%d, %v apart with jitter", Attempts, AttemptPause),
			"for dial, reset and timeout; 1 for status and body; in wait each pass is one; --attempts",
		},
		{
			"parallel", fmt.Sprintf("%d for the command, %d per host address", Parallel, ParallelHost),
			"spread so that no service gets its burst at once; --parallel, --qps",
		},
		{"what is asked", "readiness before health", "guesses are tried on one instance per service and remembered for the rest"},
		{"interval", fmt.Sprintf("%v with %s jitter; %v in wait", Interval, percent(IntervalJitter), WaitInterval), "between passes of -w and watch; a change of a registry is looked at at once; --interval"},
		{
			"registry", fmt.Sprintf("watched where it can be, else at most every %v", PollInterval),
			"back-off with jitter; one request in flight per source",
		},
		{"user agent", "midwatch/VERSION", "writes add the change's id; traceparent with sampled=00"},
		{"taking out", percent(MaxUnavailable), "at most so much of a service is drained at once, and never its last healthy instance; --max-unavailable, --allow-empty"},
		{"grace", DrainGrace.String(), "until an instance counts as drained where calls in flight are not known; --grace"},
		{"clock", ClockSkew.String(), "a peer's clock that is further off is shown"},
		{"proxies", "registries and admin gateways", "instances are never asked through the environment's proxies; proxy in a profile"},
		{"signals", "130, 143, 129", "INT, TERM and HUP finish the instance in hand, journal it and stop"},
		{"in CI", fmt.Sprintf("a line every %v, at most %d annotations", CIProgress, CIAnnotations), "no questions; one annotation per root cause"},
	}
}
