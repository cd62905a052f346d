// Package pages is the metrics of a recording: what becomes visible in a store of
// series is written page by page, and read into another store, which then answers
// as the first one did.
package pages

import (
	"cmp"
	"slices"

	"github.com/midwatch-cli/midwatch/fleet/metrics"
	"github.com/midwatch-cli/midwatch/fleet/metrics/series"
	"github.com/midwatch-cli/midwatch/fleet/record"
	"github.com/midwatch-cli/midwatch/fleet/record/line"
)

// Out writes what a store gets. It belongs to one goroutine.
type Out struct {
	tap *series.Tap
	to  *record.Writer

	numbers []uint64 // of series in the recording, by the tap's
	news    map[string]*news
	order   []string // of news
	points  []point
}

// news is series of a target that are new.
type news struct {
	target metrics.Labels
	ids    []uint64 // the tap's
	labels []metrics.Labels
}

// point is one sample, under the tap's number of its series.
type point struct {
	id     uint64
	at     int64
	own    bool
	v      float64
	native *metrics.Native
}

// From writes what a store gets from now on, and what it has.
func From(store *series.Store, to *record.Writer) *Out {
	return &Out{tap: store.Tap(), to: to, news: map[string]*news{}}
}

// Write hands what has come of a context since the last time to the recording,
// whose next pass it belongs to. What passes see is left out: it is in them.
func (o *Out) Write(context string) {
	o.tap.Read(func(target metrics.Labels) bool {
		of := target.Get(metrics.LabelContext) // where there are several
		return target.Get(metrics.LabelInstance) != "" && (of == "" || of == context)
	}, (*taker)(o))
	for _, key := range o.order {
		n := o.news[key]
		first := o.to.Series(n.target, n.labels)
		for i, id := range n.ids {
			o.numbers[id] = first + uint64(i)
		}
	}
	clear(o.news)
	o.order = o.order[:0]
	for i := range o.points {
		o.points[i].id = o.numbers[o.points[i].id]
	}
	// Those with a time of their own stand before the page they were on.
	slices.SortFunc(o.points, func(a, b point) int {
		if a.own != b.own {
			return map[bool]int{true: -1, false: 1}[a.own]
		}
		return cmp.Or(cmp.Compare(a.at, b.at), cmp.Compare(a.id, b.id))
	})
	for rest := o.points; len(rest) > 0; {
		n := 1
		for n < len(rest) && rest[n].at == rest[0].at && rest[n].own == rest[0].own {
			n++
		}
		o.to.Samples(samplesOf(rest[:n]))
		rest = rest[n:]
	}
	o.points = o.points[:0]
}

func samplesOf(points []point) line.Samples {
	s := line.Samples{T: points[0].at, Own: points[0].own}
	for _, p := range points {
		if p.native != nil {
			s.Histograms = append(s.Histograms, line.Histogram{Series: p.id, Native: *p.native})
			continue
		}
		s.Points = append(s.Points, line.Sample{Series: p.id, V: p.v})
	}
	return s
}

// taker is an Out as a Tap sees it.
type taker Out

// Series is described at series.Taken.
func (t *taker) Series(id uint64, target, labels metrics.Labels) {
	t.numbers = append(t.numbers, 0) // the tap counts as we do
	key := Key(target)
	n := t.news[key]
	if n == nil {
		n = &news{target: target}
		t.news[key], t.order = n, append(t.order, key)
	}
	n.ids, n.labels = append(n.ids, id), append(n.labels, labels)
}

// Sample is described at series.Taken.
func (t *taker) Sample(id uint64, at int64, own bool, v float64) {
	t.points = append(t.points, point{id: id, at: at, own: own, v: v})
}

// Native is described at series.Taken.
func (t *taker) Native(id uint64, at int64, h metrics.Native) {
	t.points = append(t.points, point{id: id, at: at, native: &h})
}

// Key makes one string of labels, the same for the same labels only.
func Key(l metrics.Labels) string {
	var b []byte
	for _, one := range l {
		b = append(append(b, one.Name...), 0xff) // in no valid UTF-8, so in no label
		b = append(append(b, one.Value...), 0xff)
	}
	return string(b)
}
