package sweep

import (
	"context"
	"sync"

	"github.com/midwatch-cli/midwatch/fleet"
	"github.com/midwatch-cli/midwatch/fleet/diff"
)

// keptEvents is how many events a hub remembers for Since.
const keptEvents = 4096

// Hub is the live fleet.Feed: one writer publishes, anybody reads.
type Hub struct {
	mu      sync.Mutex
	last    *fleet.Snapshot
	events  []fleet.Event // oldest first
	dropped uint64        // number of the newest snapshot whose events were dropped
	readers map[chan *fleet.Snapshot]struct{}
	closed  bool
}

// NewHub returns an empty hub.
func NewHub() *Hub { return &Hub{readers: map[chan *fleet.Snapshot]struct{}{}} }

// Publish numbers a snapshot, derives its events and hands it to the readers.
// The snapshot is frozen from here on.
func (h *Hub) Publish(s *fleet.Snapshot) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.closed {
		return
	}
	s.Seq = 1
	if h.last != nil {
		s.Seq = h.last.Seq + 1
	}
	h.events = append(h.events, diff.Between(h.last, s)...)
	if cut := len(h.events) - keptEvents; cut > 0 {
		h.dropped = h.events[cut-1].Seq
		h.events = append([]fleet.Event(nil), h.events[cut:]...)
	}
	h.last = s
	for ch := range h.readers {
		offer(ch, s)
	}
}

// offer puts the newest snapshot in a reader's cell, in place of an unread one.
// Only the holder of the hub's lock writes to the cell.
func offer(ch chan *fleet.Snapshot, s *fleet.Snapshot) {
	select {
	case <-ch:
	default:
	}
	ch <- s
}

// Latest delivers the newest snapshot, then each newer one; a slow reader
// skips. The channel is closed when ctx or the hub ends.
func (h *Hub) Latest(ctx context.Context) <-chan *fleet.Snapshot {
	ch := make(chan *fleet.Snapshot, 1)
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.last != nil {
		ch <- h.last
	}
	if h.closed {
		close(ch)
		return ch
	}
	h.readers[ch] = struct{}{}
	context.AfterFunc(ctx, func() {
		h.mu.Lock()
		defer h.mu.Unlock()
		if _, ok := h.readers[ch]; ok {
			delete(h.readers, ch)
			close(ch)
		}
	})
	return ch
}

// Since returns the events of the snapshots after seq; gap says that some of
// them are no longer there.
func (h *Hub) Since(seq uint64) (events []fleet.Event, gap bool) {
	h.mu.Lock()
	defer h.mu.Unlock()
	for i := range h.events {
		if h.events[i].Seq > seq {
			return append([]fleet.Event(nil), h.events[i:]...), seq < h.dropped
		}
	}
	return nil, seq < h.dropped
}

// Close ends the feed: readers get what is still in their cell, then the end.
func (h *Hub) Close() {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.closed {
		return
	}
	h.closed = true
	for ch := range h.readers {
		delete(h.readers, ch)
		close(ch)
	}
}
