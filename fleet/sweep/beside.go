package sweep

import (
	"sync"

	"github.com/midwatch-cli/midwatch/fleet"
)

// Beside joins the newest snapshots of several contexts.
type Beside struct {
	mu     sync.Mutex
	latest []*fleet.Snapshot
	seq    uint64
	out    chan *fleet.Snapshot
}

// SideBySide joins so many contexts.
func SideBySide(contexts int) *Beside {
	return &Beside{latest: make([]*fleet.Snapshot, contexts), out: make(chan *fleet.Snapshot, 1)}
}

// Put gives the newest snapshot of a context, by its place. From the first one of
// the last context on there is a joined one after each, numbered anew where there
// are several.
func (b *Beside) Put(context int, s *fleet.Snapshot) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.latest[context] = s
	for _, l := range b.latest {
		if l == nil {
			return
		}
	}
	merged := fleet.Merge(b.latest)
	if len(b.latest) > 1 {
		b.seq++
		merged.Seq = b.seq
	}
	offer(b.out, merged)
}

// Latest delivers the newest joined snapshot; a slow reader skips.
func (b *Beside) Latest() <-chan *fleet.Snapshot { return b.out }

// Close ends it: nothing is put after it.
func (b *Beside) Close() { close(b.out) }
