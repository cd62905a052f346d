package desk

import (
	"context"
	"sync"
	"time"

	"github.com/midwatch-cli/midwatch/fleet/change"
)

// perFar is how many steps of one far system are done at once.
const perFar = 4

// lanes says how many steps go at once.
type lanes struct {
	workers int
	batch   int           // so many, then a pause; 0: all
	pause   time.Duration // between two batches
}

// workersOf is how many steps are done at once: as many as the kind that takes
// it most carefully allows, and no more than wanted, where that is above 0.
func workersOf(steps []change.Step, wanted int) int {
	n := change.Parallel
	for i := range steps {
		n = min(n, steps[i].Intent.Row().Parallel)
	}
	if wanted > 0 {
		n = min(n, wanted)
	}
	return n
}

// far is the far system of a step.
func far(s *change.Step) string {
	if a := s.Intent.Target.Admin; a != nil {
		return a.Base
	}
	return s.Intent.Target.Source
}

// run calls do for each step, begun in order, until one returns false; those
// begun by then are finished. It returns how many were begun. That ctx ends
// keeps the pauses short and no more: do knows itself what that means.
func (l lanes) run(ctx context.Context, steps []change.Step, do func(i int) bool) int {
	size := l.batch
	if size <= 0 {
		size = max(len(steps), 1)
	}
	begun := 0
	for begun < len(steps) {
		end := min(begun+size, len(steps))
		n, on := l.wave(steps, begun, end, do)
		if begun = n; !on {
			break
		}
		if begun < len(steps) && l.pause > 0 {
			select {
			case <-time.After(l.pause):
			case <-ctx.Done():
			}
		}
	}
	return begun
}

// wave runs the steps from one place to another.
func (l lanes) wave(steps []change.Step, from, to int, do func(i int) bool) (begun int, on bool) {
	if l.workers <= 1 {
		for i := from; i < to; i++ {
			if !do(i) {
				return i + 1, false
			}
		}
		return to, true
	}
	places := map[string]chan struct{}{}
	for i := from; i < to; i++ {
		if key := far(&steps[i]); places[key] == nil {
			places[key] = make(chan struct{}, perFar)
		}
	}
	var mu sync.Mutex
	next, goesOn := from, true
	take := func() (int, bool) {
		mu.Lock()
		defer mu.Unlock()
		if !goesOn || next >= to {
			return 0, false
		}
		next++
		return next - 1, true
	}
	var working sync.WaitGroup
	for range min(l.workers, to-from) {
		working.Go(func() {
			for i, ok := take(); ok; i, ok = take() {
				place := places[far(&steps[i])]
				place <- struct{}{}
				if !do(i) {
					mu.Lock()
					goesOn = false
					mu.Unlock()
				}
				<-place
			}
		})
	}
	working.Wait()
	return next, goesOn
}
