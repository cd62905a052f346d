// Package series keeps what targets said of themselves: series in memory, for a
// bounded window of time, to be asked by Prometheus' PromQL engine.
//
// A target is appended to by one goroutine at a time, page by page: Begin,
// Append for each sample, Finish. A page becomes visible at once, when it is
// finished; what was appended before is never changed again. So questions are
// answered while pages come in, and never see half of one.
//
// The rules are those of Prometheus' scrape loop: a series that a page no longer
// has gets a stale marker, unless its samples carry times of their own; a page
// that could not be read ends all series of its target; labels of a page that
// clash with those of the target become exported_*.
package series

import (
	"math"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/prometheus/prometheus/model/value"

	"github.com/midwatch-cli/midwatch/fleet/metrics"
	"github.com/midwatch-cli/midwatch/fleet/metrics/series/column"
	"github.com/midwatch-cli/midwatch/fleet/metrics/series/index"
)

// Window is for how long samples are kept where nobody says otherwise.
const Window = 15 * time.Minute

// Options bound a store. A bound that is 0 is its default.
type Options struct {
	// Window is for how long samples are kept, before the latest page of their
	// target: 15 minutes.
	Window time.Duration
	// MaxPages is how many pages of a target are kept, and how many samples of a
	// series that has times of its own: 2,000, and a few more, as the oldest ones
	// go several at a time.
	MaxPages int
	// MaxPerTarget is how many series a target may have: 200,000.
	MaxPerTarget int
	// MaxSeries is how many series all targets may have: 2,000,000.
	MaxSeries int
	// MaxLabelBytes is how long all label sets of a target may be: 64 MiB.
	MaxLabelBytes int
}

func (o Options) withDefaults() Options {
	for _, d := range []struct {
		have *int
		want int
	}{{&o.MaxPages, 2_000}, {&o.MaxPerTarget, 200_000}, {&o.MaxSeries, 2_000_000}, {&o.MaxLabelBytes, 64 << 20}} {
		if *d.have <= 0 {
			*d.have = d.want
		}
	}
	o.MaxPerTarget = min(o.MaxPerTarget, slotMask)
	if o.Window <= 0 {
		o.Window = Window
	}
	return o
}

// Reason says why samples were dropped.
type Reason uint8

// Why samples are dropped.
const (
	Expired    Reason = iota // they left the window of time
	Crowded                  // they were more than Options.MaxPages
	OutOfOrder               // older than the latest sample of their series, or than their target's latest page
	Duplicate                // a second value for the same time; the first one stays
	Future                   // their own time is more than ten minutes ahead of their page
	TooOld                   // their own time lies before the window
	TargetFull               // their series would be one more than Options.MaxPerTarget, or Options.MaxLabelBytes
	StoreFull                // their series would be one more than Options.MaxSeries
	Invalid                  // their series has a label twice, or the histogram contradicts itself
	Ended                    // their target was ended while its page came in
	reasons
)

// String is a word for the reason: lower case with underscores.
func (r Reason) String() string {
	return [...]string{"expired", "crowded", "out_of_order", "duplicate", "future", "too_old", "target_full", "store_full", "invalid", "ended", "unknown"}[min(r, reasons)]
}

// Counts is what a store holds, and what it dropped since it was made.
type Counts struct {
	Targets, Series int
	Appended        uint64            // samples, stale markers among them, since the beginning
	Dropped         map[Reason]uint64 // samples; only reasons that occurred
}

// Store holds the series of many targets. It may be used by several goroutines,
// but see Target.
type Store struct {
	opt      Options
	windowMS int64

	appended atomic.Uint64
	dropped  [reasons]atomic.Uint64
	scratch  sync.Pool // *[]byte
	builders sync.Pool // *labels.ScratchBuilder

	// mu guards everything that questions read: the index, and what targets have
	// published. It is held for moments: pages are filled outside of it.
	mu        sync.RWMutex
	targets   map[string]*Target
	places    []*Target // by place; nil where one was forgotten
	free      []uint32  // places that are nil
	index     *index.Index
	published uint64 // counts pages of all targets
}

// New makes an empty store.
func New(o Options) *Store {
	o = o.withDefaults()
	return &Store{opt: o, windowMS: o.Window.Milliseconds(), targets: map[string]*Target{}, index: index.New()}
}

// Target finds the target with these labels, or makes it. They are kept: do not
// change them. One that was forgotten and is used again is the same, unless it
// was made anew meanwhile: then its pages are dropped, as of one that was ended.
func (s *Store) Target(l metrics.Labels) *Target {
	key := keyOf(l)
	s.mu.Lock()
	defer s.mu.Unlock()
	t := s.targets[key]
	if t == nil {
		t = newTarget(s, key, l)
		s.attach(t)
	}
	return t
}

// attach gives a target its place. s.mu is held.
func (s *Store) attach(t *Target) {
	if n := len(s.free); n > 0 {
		t.place, s.free = s.free[n-1], s.free[:n-1]
		s.places[t.place] = t
	} else {
		t.place = uint32(len(s.places)) //nolint:gosec // there are not that many targets
		s.places = append(s.places, t)
	}
	s.targets[t.key] = t
	t.gone, t.due = false, 1+int(t.place)%blockPages
}

// Keep ends the targets that keep does not want: their series get stale markers
// at that moment (Unix milliseconds), and when the window has passed they are
// forgotten. A target that is ended and gets another page lives on.
func (s *Store) Keep(at int64, keep func(metrics.Labels) bool) {
	s.mu.RLock()
	targets := make([]*Target, 0, len(s.targets))
	for _, t := range s.targets {
		targets = append(targets, t)
	}
	s.mu.RUnlock()
	for _, t := range targets {
		if keep(t.labels) {
			continue
		}
		// One at a time, so that questions are not kept waiting.
		s.mu.Lock()
		t.end(at)
		s.mu.Unlock()
	}
}

// Counts says what is here, and what was dropped.
func (s *Store) Counts() Counts {
	c := Counts{Appended: s.appended.Load(), Dropped: map[Reason]uint64{}}
	for r := range s.dropped {
		if n := s.dropped[r].Load(); n > 0 {
			c.Dropped[Reason(r)] = n //nolint:gosec // a handful
		}
	}
	s.mu.RLock()
	defer s.mu.RUnlock()
	c.Targets, c.Series = len(s.targets), s.index.Series()
	return c
}

func (s *Store) drop(r Reason, n int) {
	if n > 0 {
		s.dropped[r].Add(uint64(n))
	}
}

// keyOf makes one string of labels, the same for the same labels only.
func keyOf(l metrics.Labels) string {
	var b strings.Builder
	for _, label := range l {
		b.WriteString(label.Name)
		b.WriteByte(0xff) // in no valid UTF-8, so in no label
		b.WriteString(label.Value)
		b.WriteByte(0xff)
	}
	return b.String()
}

// isSample says whether a row has a number at that place: stale markers are.
func isSample(v float64) bool {
	b := math.Float64bits(v)
	return b != column.Absent && b != column.Held
}

// isAbsent says whether a row has nothing at that place.
func isAbsent(v float64) bool { return math.Float64bits(v) == column.Absent }

// isLive says whether a series goes on after this.
func isLive(v float64) bool { return !isAbsent(v) && !value.IsStaleNaN(v) }

// normal is a value as it is stored: one NaN, and the stale marker.
func normal(v float64) float64 {
	if math.IsNaN(v) && !value.IsStaleNaN(v) {
		return math.Float64frombits(value.NormalNaN)
	}
	return v
}
