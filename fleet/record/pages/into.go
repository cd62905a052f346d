package pages

import (
	"github.com/midwatch-cli/midwatch/fleet/metrics"
	"github.com/midwatch-cli/midwatch/fleet/metrics/series"
	"github.com/midwatch-cli/midwatch/fleet/metrics/series/plain"
	"github.com/midwatch-cli/midwatch/fleet/record/line"
)

// In reads samples of a recording into a store: it is a record.Sink. It belongs to
// one goroutine.
type In struct {
	store *series.Store
	// as says under which labels the series of a target are kept, and whether they
	// are at all; nil: under its own.
	as      func(target metrics.Labels) (metrics.Labels, bool)
	series  []*known
	targets map[string]*target
}

// target is one of the recording.
type target struct {
	labels metrics.Labels // in the recording
	to     *series.Target // in the store; nil: not wanted
	asked  bool
	late   []sample // with times of their own, until its page comes
}

// known is one series of the recording.
type known struct {
	of     *target
	labels metrics.Labels
	id     series.ID
	in     *series.Target // that the id is of; nil: there is none
}

type sample struct {
	*known
	at     int64
	v      float64
	native *metrics.Native
}

// Into reads into a store.
func Into(store *series.Store) *In { return &In{store: store, targets: map[string]*target{}} }

// Keep says from now on under which labels the series of a target are kept, and
// whether they are at all.
func (in *In) Keep(as func(target metrics.Labels) (metrics.Labels, bool)) {
	in.as = as
	for _, t := range in.targets {
		t.asked = false
	}
}

// Series is described at record.Sink.
func (in *In) Series(s line.Series) error {
	key := Key(s.Target)
	t := in.targets[key]
	if t == nil {
		t = &target{labels: s.Target}
		in.targets[key] = t
	}
	for _, l := range s.Labels {
		in.series = append(in.series, &known{of: t, labels: l})
	}
	return nil
}

// Samples is described at record.Sink.
func (in *In) Samples(s line.Samples) error {
	pages := map[*target][]sample{}
	var order []*target
	add := func(one sample) {
		t := one.of
		if in.find(t); t.to == nil {
			return
		}
		if s.Own {
			t.late = append(t.late, one)
			return
		}
		if pages[t] == nil {
			order = append(order, t)
		}
		pages[t] = append(pages[t], one)
	}
	for _, p := range s.Points {
		add(sample{known: in.series[p.Series], at: s.T, v: p.V})
	}
	for i := range s.Histograms {
		h := &s.Histograms[i]
		add(sample{known: in.series[h.Series], at: s.T, native: &h.Native})
	}
	for _, t := range order {
		t.page(s.T, append(t.late, pages[t]...))
		t.late = nil
	}
	return nil
}

// find finds where a target is kept.
func (in *In) find(t *target) {
	if t.asked {
		return
	}
	t.asked, t.to = true, nil
	labels, wanted := t.labels, true
	if in.as != nil {
		labels, wanted = in.as(t.labels)
	}
	if wanted {
		t.to = in.store.Target(labels)
	}
}

// page keeps one page. It has its own stale markers.
func (t *target) page(at int64, samples []sample) {
	t.to.Begin(at)
	for _, s := range samples {
		if s.in != t.to || !t.to.Known(s.id) {
			s.in = nil
			if id, ok := t.to.Series(plain.Set(s.labels)); ok {
				s.id, s.in = id, t.to
			}
		}
		switch {
		case s.in == nil: // the store counts it
		case s.native != nil:
			t.to.AppendHistogram(s.id, s.at, plain.Histogram(*s.native))
		default:
			t.to.Append(s.id, s.at, s.v)
		}
	}
	t.to.Commit()
}
