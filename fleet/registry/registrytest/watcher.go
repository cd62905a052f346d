package registrytest

import (
	"context"
	"sync"
	"time"

	"github.com/midwatch-cli/midwatch/fleet/registry"
)

// watcher watches a registry as a source does: it calls Watch again when it
// fails, and keeps all it was told.
type watcher struct {
	s      *session
	cancel context.CancelFunc
	done   chan struct{}

	mu      sync.Mutex
	sets    []registry.Set
	errs    []error
	inside  int
	changed chan struct{} // closed and replaced at each set and error
	gate    chan struct{} // emit waits for it to be closed; nil: it does not wait
}

// watch starts a watcher that stops with the test.
func (s *session) watch(r registry.Registry) *watcher {
	ctx, cancel := context.WithCancel(context.Background())
	w := &watcher{s: s, cancel: cancel, done: make(chan struct{}), changed: make(chan struct{})}
	go func() {
		defer close(w.done)
		for ctx.Err() == nil {
			err := r.Watch(ctx, w.emit)
			w.tell(func() { w.errs = append(w.errs, err) })
			pause := time.NewTimer(20 * time.Millisecond)
			select {
			case <-ctx.Done():
			case <-pause.C:
			}
			pause.Stop()
		}
	}()
	s.Cleanup(w.stop)
	return w
}

// tell changes the record and wakes whoever waits.
func (w *watcher) tell(change func()) {
	w.mu.Lock()
	defer w.mu.Unlock()
	change()
	close(w.changed)
	w.changed = make(chan struct{})
}

func (w *watcher) emit(set registry.Set) error {
	w.mu.Lock()
	w.inside++
	if w.inside > 1 {
		w.s.Errorf("emit was entered by two at a time")
	}
	gate := w.gate
	w.mu.Unlock()
	if gate != nil {
		<-gate
	}
	w.s.wellFormed(set)
	w.tell(func() {
		w.inside--
		w.sets = append(w.sets, set)
	})
	return nil
}

// hold makes emit wait until release is called.
func (w *watcher) hold() (release func()) {
	gate := make(chan struct{})
	w.mu.Lock()
	w.gate = gate
	w.mu.Unlock()
	return sync.OnceFunc(func() {
		w.mu.Lock()
		w.gate = nil
		w.mu.Unlock()
		close(gate)
	})
}

// stop ends the watching, which has to be quick.
func (w *watcher) stop() {
	w.s.Helper()
	w.cancel()
	select {
	case <-w.done:
	case <-time.After(2 * time.Second):
		w.s.Errorf("Watch did not return within 2 s of the end of its context")
	}
}

// wait waits until ok says so of the record, and says whether it did in time.
func (w *watcher) wait(within time.Duration, ok func(sets []registry.Set, errs []error) bool) bool {
	end := time.NewTimer(within)
	defer end.Stop()
	for {
		w.mu.Lock()
		fine, changed := ok(w.sets, w.errs), w.changed
		w.mu.Unlock()
		if fine {
			return true
		}
		select {
		case <-changed:
		case <-end.C:
			return false
		}
	}
}

// await waits until the newest set is as wanted.
func (w *watcher) await(what string, ok func(registry.Set) bool) {
	w.s.Helper()
	if !w.wait(w.s.settle(), func(sets []registry.Set, _ []error) bool { return len(sets) > 0 && ok(sets[len(sets)-1]) }) {
		last := "none"
		sets, errs := w.told()
		if len(sets) > 0 {
			last = lines(sets[len(sets)-1].Services)
		}
		w.s.Fatalf("not seen within %v: %s\n%d sets and %d errors (%v); the last set:\n%s", w.s.settle(), what, len(sets), len(errs), errs, last)
	}
}

// told returns the record so far.
func (w *watcher) told() ([]registry.Set, []error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	return append([]registry.Set(nil), w.sets...), append([]error(nil), w.errs...)
}
