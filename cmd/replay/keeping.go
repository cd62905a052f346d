package replay

import (
	"time"

	"github.com/midwatch-cli/midwatch/cmd/app"
	"github.com/midwatch-cli/midwatch/fleet"
	"github.com/midwatch-cli/midwatch/fleet/metrics"
	"github.com/midwatch-cli/midwatch/fleet/record"
	"github.com/midwatch-cli/midwatch/fleet/record/pages"
)

// keeping fills a store of series with what instances said, and what passes saw,
// up to a moment. What a command did not ask for is not kept for it: neither
// other services nor pages, where only passes count.
type keeping struct {
	past    *past
	wanted  app.Wanted
	reader  *record.Reader
	sampler *record.Sampler
	pages   *pages.In
	seen    metrics.Collector
	next    int // the pass that is kept next
	passes  []kept
}

// kept is a pass that was, and when it began and ended.
type kept struct {
	pass         int
	began, ended time.Time
}

// gather keeps all up to a pass that is not kept yet.
func (p *past) gather(pass int, w app.Wanted) error {
	if w.Measures == nil {
		return nil
	}
	p.keeps.Lock()
	defer p.keeps.Unlock()
	if p.kept == nil || p.kept.wanted.Measures != w.Measures {
		if err := p.keep(w, p.tape.at); err != nil {
			return err
		}
	}
	p.kept.wanted = w
	for ; p.kept.next <= pass; p.kept.next++ {
		if err := p.kept.pass(p.kept.next); err != nil {
			return err
		}
	}
	return nil
}

// keep begins with what is in the window of the store at a time.
func (p *past) keep(w app.Wanted, at time.Time) (err error) {
	if p.kept != nil {
		p.kept.close()
		p.kept = nil
	}
	r := p.tape.recording
	from := at.Add(-w.Measures.Window)
	k := &keeping{
		past: p, wanted: w, reader: r.Reader(), pages: pages.Into(w.Measures.Store), seen: w.Measures.Observer(p.contexts() > 1), next: max(r.Find(from), 0),
	}
	if k.sampler, err = r.Sampler(from); err != nil {
		return err
	}
	p.kept = k
	return nil
}

func (k *keeping) close() {
	k.reader.Close()
	k.sampler.Close()
}

// pass keeps the samples that came with a pass, and what it saw.
func (k *keeping) pass(n int) error {
	all, err := k.reader.At(n)
	if err != nil {
		return err
	}
	place := k.past.tape.recording.Place(n)
	passes := k.past.chosen(all)
	here := map[string]bool{}
	var own *fleet.Snapshot // of the context that was looked at
	for i, one := range passes {
		s := again(i, one, k.wanted)
		k.instances(s, here)
		if s.Context == place.Context {
			own = s
		}
	}
	if k.wanted.Asking&app.Metrics != 0 {
		k.pages.Keep(func(target metrics.Labels) (metrics.Labels, bool) { return k.as(target, here) })
		if err := k.sampler.Read(n, k.pages); err != nil {
			return err
		}
	}
	if own != nil {
		k.seen.Observe(own)
		k.passes = append(k.passes, kept{n, own.At.Add(-own.Took), place.At})
	}
	return nil
}

// instances notes the labels of the instances of a snapshot.
func (k *keeping) instances(s *fleet.Snapshot, here map[string]bool) {
	for i := range s.Services {
		for j := range s.Services[i].Instances {
			in := &s.Services[i].Instances[j]
			t := metrics.Target{Key: in.Key, Zone: in.Zone, Version: in.Version}
			if k.past.contexts() == 1 {
				t.Key.Context = ""
			}
			here[pages.Key(t.Labels())] = true
		}
	}
}

// as says under which labels the pages of a target are kept: its context is one
// of them where there are several.
func (k *keeping) as(target metrics.Labels, here map[string]bool) (metrics.Labels, bool) {
	if name := target.Get(metrics.LabelContext); k.past.contexts() == 1 && name != "" && len(k.past.tape.recording.Contexts) > 1 {
		if !k.past.open(name) {
			return nil, false
		}
		var without metrics.Labels
		for _, l := range target {
			if l.Name != metrics.LabelContext {
				without = append(without, l)
			}
		}
		target = without
	}
	return target, here[pages.Key(target)]
}

// Gathered says what was kept of a time before the moment.
func (p *past) Gathered(back time.Duration) (start, began time.Time, passes int) {
	m := p.moment()
	p.keeps.Lock()
	defer p.keeps.Unlock()
	if p.kept == nil {
		return m.now, m.now, 0
	}
	all := p.kept.passes
	for len(all) > 0 && all[len(all)-1].pass > m.pass {
		all = all[:len(all)-1] // kept ahead
	}
	if len(all) == 0 {
		return m.now, m.now, 0
	}
	first := len(all) - 1
	for limit := all[first].ended.Add(-back); first > 0 && all[first].ended.After(limit); {
		first--
	}
	return all[first].began, all[first].ended, len(all) - first
}
