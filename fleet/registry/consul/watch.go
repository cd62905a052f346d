package consul

import (
	"context"
	"encoding/json"
	"time"

	"github.com/hashicorp/consul/api"
	"golang.org/x/time/rate"

	"github.com/midwatch-cli/midwatch/fleet/registry"
)

// How often a watch may read at most: two at once, then one every pace. The
// far side's index also moves for what we do not show.
const (
	pace  = 500 * time.Millisecond
	burst = 2
)

// nothing is a filter that no check passes: its id is never empty. A blocking
// query wakes before the filter is applied, so that the reply is two bytes
// instead of every check there is.
const nothing = `CheckID == ""`

// Watch blocks on two indexes and reads the whole set when either moves:
//
//   - /v1/catalog/services moves with every service that is added, changed
//     (tags, metadata, address) or removed, also with those that have no check;
//   - /v1/health/state/any moves with every check: its status and output,
//     and maintenance, which is a check.
//
// An agent reports a check's new status at once and a mere new output only
// after minutes (check_update_interval), so a note may be as old as that.
//
// Two connections, however many services there are; one query per service, as
// many do, would hold a thousand open. What neither shows, a node's new
// address, and what a server that lagged behind missed, is seen when a block
// runs out (option wait): it reads again then too. A return of a query proves
// no change (blocking queries, api-docs/features/blocking), so a set is only
// emitted when it differs from the last.
func (c *client) Watch(ctx context.Context, emit func(registry.Set) error) error {
	ctx, end := c.begin(ctx)
	defer end()
	followers := []*follower{
		{client: c, path: "/v1/catalog/services"},
		{client: c, path: "/v1/health/state/any", filter: nothing},
	}
	// The indexes first, the set after: what changes in between is seen twice,
	// never missed.
	for _, f := range followers {
		if err := f.step(ctx); err != nil {
			return c.explain(ctx, c.where(), err)
		}
	}
	last, err := c.list(ctx)
	if err != nil {
		return err
	}
	if err := emit(last); err != nil {
		return err
	}
	return c.follow(ctx, followers, last, emit)
}

// follow emits each set that differs from the last until something fails.
func (c *client) follow(ctx context.Context, followers []*follower, last registry.Set, emit func(registry.Set) error) error {
	ctx, cancel := context.WithCancel(ctx)
	moved, failed := make(chan struct{}, 1), make(chan error, len(followers))
	done := make(chan struct{}, len(followers))
	for _, f := range followers {
		go func() {
			defer func() { done <- struct{}{} }()
			failed <- f.run(ctx, moved)
		}()
	}
	defer func() {
		cancel()
		for range followers {
			<-done
		}
		if c.own != nil {
			c.own.CloseIdleConnections() // each holds goroutines, and nobody may read for long
		}
	}()
	limit := rate.NewLimiter(rate.Every(pace), burst)
	for {
		select {
		case err := <-failed:
			return c.explain(ctx, c.where(), err)
		case <-moved:
		}
		if err := c.waitTurn(ctx, limit); err != nil {
			return c.explain(ctx, c.where(), err)
		}
		select { // what moved while we waited is in the list that follows
		case <-moved:
		default:
		}
		set, err := c.list(ctx)
		if err != nil {
			return err
		}
		if registry.Equal(last, set) {
			continue
		}
		last = set
		if err := emit(set); err != nil {
			return err
		}
	}
}

// waitTurn waits until the limiter lets one read through.
func (c *client) waitTurn(ctx context.Context, limit *rate.Limiter) error {
	return pause(ctx, limit.Reserve().Delay())
}

// follower blocks on the index of one path.
type follower struct {
	client *client
	path   string
	filter string
	index  uint64
}

// run signals each return of a blocking query until one fails. A signal that
// is still waiting to be read stands for the next one too.
func (f *follower) run(ctx context.Context, moved chan<- struct{}) error {
	limit := rate.NewLimiter(rate.Every(pace), burst)
	for {
		if err := f.client.waitTurn(ctx, limit); err != nil {
			return err
		}
		if err := f.step(ctx); err != nil {
			return err
		}
		select {
		case moved <- struct{}{}:
		default:
		}
	}
}

// step asks once and moves the index.
func (f *follower) step(ctx context.Context) error {
	q := f.client.query(ctx)
	q.Filter = f.filter
	if f.index > 0 {
		q.WaitIndex, q.WaitTime = f.index, f.client.options.Wait
	}
	var skipped json.RawMessage
	meta, err := f.client.get(ctx, f.client.reads, f.path, &skipped, q)
	if err != nil {
		return err
	}
	f.index = nextIndex(f.index, meta)
	return nil
}

// nextIndex is the index to block on after a reply. One that went backwards
// (a restored snapshot, another server) starts from the beginning; 0 would not
// block at all, so it is 1.
func nextIndex(last uint64, meta *api.QueryMeta) uint64 {
	next := meta.LastIndex
	if next < last {
		next = 0
	}
	return max(next, 1)
}
