package app

import (
	"context"
	"fmt"

	"github.com/midwatch-cli/midwatch/fleet"
	"github.com/midwatch-cli/midwatch/fleet/breaker"
	"github.com/midwatch-cli/midwatch/probe"
)

// Admin returns what reads and switches the breakers of an instance.
func (s *Session) Admin(k fleet.Key, a fleet.Administration) (breaker.Admin, error) {
	for _, f := range s.Fleets {
		if f.Context == k.Context {
			return f.Admin(a)
		}
	}
	return nil, fmt.Errorf("context %q is not open: %w", k.Context, fleet.ErrNotFound)
}

// Ask asks n instances over their admin APIs, many at once and each with a bound
// of its own. Do is called once for each that time was left for, from several
// goroutines; err is why there is nothing to ask with.
func (s *Session) Ask(ctx context.Context, n int, of func(i int) (fleet.Key, fleet.Administration), do func(ctx context.Context, i int, admin breaker.Admin, err error)) {
	jobs := make([]probe.Job, n)
	for i := range jobs {
		k, a := of(i)
		jobs[i] = probe.Job{Group: k.Ref.String(), Host: a.Base, Do: func(ctx context.Context) []probe.Job {
			ctx, stop := context.WithTimeout(ctx, fleet.AttemptsBudget)
			defer stop()
			admin, err := s.Admin(k, a)
			do(ctx, i, admin, err)
			return nil
		}}
	}
	probe.Pool{Parallel: fleet.Parallel, PerHost: fleet.ParallelHost}.Run(ctx, jobs)
}
