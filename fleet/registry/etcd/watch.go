package etcd

import (
	"context"
	"errors"
	"time"

	"go.etcd.io/etcd/api/v3/v3rpc/rpctypes"
	clientv3 "go.etcd.io/etcd/client/v3"

	"github.com/midwatch-cli/midwatch/fleet/registry"
)

// Changes that follow each other closer than quiet are one set, but none waits
// longer than gather for others.
const (
	quiet  = 15 * time.Millisecond
	gather = 200 * time.Millisecond
)

// Watch lists, and then follows all changes from that revision on. When the
// revision is gone (compaction), it lists again; when the connection is lost
// and cannot be made again at once, or the cluster has no leader, it returns.
func (r *Registry) Watch(ctx context.Context, emit func(registry.Set) error) error {
	for {
		err := r.follow(ctx, emit)
		if !errors.Is(err, rpctypes.ErrCompacted) {
			return err
		}
	}
}

// emitError is what the reader's function returned: it is not explained.
type emitError struct{ error }

// follow is one list and the changes after it.
func (r *Registry) follow(ctx context.Context, emit func(registry.Set) error) error {
	now, err := r.read(ctx, r.prefix, true)
	if err != nil {
		return err
	}
	bound, cancel := r.link.bound(ctx)
	defer cancel(nil)
	client, err := r.link.connect(bound)
	if err == nil {
		watched, stop := r.link.broken(bound, client)
		defer stop()
		err = r.changes(watched, client, now, emit)
	}
	var fromEmit emitError
	if errors.As(err, &fromEmit) {
		return fromEmit.error
	}
	if cause := context.Cause(bound); errors.Is(cause, errClosed) {
		err = cause
	}
	return r.link.explain(ctx, err)
}

// changes emits the set it is given and then one after each change.
func (r *Registry) changes(ctx context.Context, client *clientv3.Client, now reading, emit func(registry.Set) error) error {
	if err := emit(now.set()); err != nil {
		return emitError{err}
	}
	key, end := span(r.prefix)
	// A watcher of its own, so that its streams end with it in every case.
	watcher := clientv3.NewWatcher(client)
	defer func() { _ = watcher.Close() }()
	// The client follows by itself where one connection ends and the next can
	// be made; progress reports keep what it follows from being compacted.
	answers := watcher.Watch(clientv3.WithRequireLeader(ctx), key,
		clientv3.WithRange(end), clientv3.WithRev(now.revision+1), clientv3.WithProgressNotify())
	for {
		changed, err := r.next(ctx, answers, now)
		if err != nil {
			return err
		}
		if !changed {
			continue
		}
		if err := emit(now.set()); err != nil {
			return emitError{err}
		}
	}
}

// next waits for a change and takes those that follow it closely with it.
func (r *Registry) next(ctx context.Context, answers clientv3.WatchChan, now reading) (changed bool, err error) {
	answer, open := <-answers
	if changed, err = r.apply(ctx, answer, open, now); err != nil || !changed {
		return changed, err
	}
	latest := time.NewTimer(gather)
	defer latest.Stop()
	pause := time.NewTimer(quiet)
	defer pause.Stop()
	for {
		select {
		case answer, open := <-answers:
			if _, err := r.apply(ctx, answer, open, now); err != nil {
				return false, err
			}
			pause.Reset(quiet)
		case <-pause.C:
			return true, nil
		case <-latest.C:
			return true, nil
		}
	}
}

// apply enters one answer of the watch into the records.
func (r *Registry) apply(ctx context.Context, answer clientv3.WatchResponse, open bool, now reading) (changed bool, err error) {
	if err := answer.Err(); err != nil {
		return false, err
	}
	if !open {
		if cause := context.Cause(ctx); cause != nil {
			return false, cause
		}
		return false, errLost
	}
	for _, event := range answer.Events {
		if event.Type == clientv3.EventTypeDelete {
			delete(now.records, string(event.Kv.Key))
		} else {
			now.records[string(event.Kv.Key)] = r.record(event.Kv)
		}
	}
	return len(answer.Events) > 0, nil
}
