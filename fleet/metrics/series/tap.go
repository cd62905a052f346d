package series

import (
	"math"
	"slices"

	"github.com/midwatch-cli/midwatch/fleet/metrics"
	"github.com/midwatch-cli/midwatch/fleet/metrics/series/index"
	"github.com/midwatch-cli/midwatch/fleet/metrics/series/loose"
	"github.com/midwatch-cli/midwatch/fleet/metrics/series/plain"
)

// Tap hands over what becomes visible in a store, for who keeps it elsewhere. It
// belongs to one goroutine.
type Tap struct {
	store *Store
	known map[tapped]*flow
	next  uint64
}

// tapped is a series of a target.
type tapped struct {
	target *Target
	set    *index.Set
}

// flow is how far a series was handed over.
type flow struct {
	id   uint64
	last int64 // time of its last sample
}

// Taken takes what a Tap hands over. A series comes before its samples, once,
// under a number of its own: the next one after that of the series before.
type Taken interface {
	// Series has the labels of a target, and those of one of its series.
	Series(id uint64, target, series metrics.Labels)
	// Sample has its own time where it is not that of the page it was on.
	Sample(id uint64, at int64, own bool, v float64)
	Native(id uint64, at int64, h metrics.Native)
}

// Tap returns a tap that has handed over nothing yet.
func (s *Store) Tap() *Tap { return &Tap{store: s, known: map[tapped]*flow{}} }

// Read hands over what has become visible since the last Read, and is still in
// the window: series by series, each in the order of time. Wanted chooses among
// targets; nil is all of them.
func (t *Tap) Read(wanted func(target metrics.Labels) bool, to Taken) {
	here := make(map[tapped]*flow, len(t.known))
	wants := map[*Target]bool{}
	var samples []loose.Sample
	for _, e := range t.store.match(nil, span{mint: math.MinInt64, maxt: math.MaxInt64, published: math.MaxUint64}) {
		want, asked := wants[e.target]
		if !asked {
			want = wanted == nil || wanted(e.target.labels)
			wants[e.target] = want
		}
		key := tapped{e.target, e.set}
		f := t.known[key]
		switch {
		case !want && f == nil:
			continue
		case !want:
			here[key] = f
			continue
		case f == nil:
			f = &flow{id: t.next, last: math.MinInt64}
			t.next++
			to.Series(f.id, e.target.labels, plain.Labels(e.set.Labels))
		}
		here[key] = f
		samples = e.read(samples[:0])
		from := f.last
		for i := range samples {
			s := &samples[i]
			if s.At <= from {
				continue
			}
			f.last = s.At
			if s.H != nil {
				to.Native(f.id, s.At, plain.Native(s.H))
				continue
			}
			to.Sample(f.id, s.At, e.loose != nil && !e.onPage(s.At), s.V)
		}
	}
	t.known = here // what is no longer there gets another number when it comes again
}

// onPage says whether a target had a page at a time.
func (e *entry) onPage(at int64) bool {
	return slices.ContainsFunc(e.pages, func(p page) bool { return p.at == at }) ||
		slices.ContainsFunc(e.blocks, func(b *block) bool { return slices.Contains(b.at, at) })
}
