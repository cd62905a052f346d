package fleet

import "time"

// The defaults. What people read of them, cmd/app makes from the same constants.
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
