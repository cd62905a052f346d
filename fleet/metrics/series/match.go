package series

import (
	"math"

	"github.com/prometheus/prometheus/model/labels"

	"github.com/midwatch-cli/midwatch/fleet/metrics"
)

// match finds the series whose joined labels, those of the target and those of
// the page, satisfy all matchers, and that have a page between the times.
func (s *Store) match(ms []*labels.Matcher, mint, maxt int64) []entry {
	s.mu.RLock()
	defer s.mu.RUnlock()
	wanted := s.matchTargets(ms, mint, maxt)
	if len(wanted.groups) == 0 {
		return nil
	}
	var found []entry
	for name, f := range s.index.families {
		if !wanted.name(name, ms) {
			continue
		}
		for _, set := range f.sets {
			found = wanted.of(set, found)
		}
	}
	return found
}

// wanted is the targets that satisfy the matchers of their labels.
type wanted struct {
	views  []*view // by place; nil where the target is not wanted
	groups []group
}

// group is wanted targets that have labels of the same names. What matchers
// have to be asked of a page's labels depends on that: a matcher for zone is
// about the target's label where it has one, else about the page's.
type group struct {
	targets int
	ms      []*labels.Matcher
}

func (s *Store) matchTargets(ms []*labels.Matcher, mint, maxt int64) wanted {
	w := wanted{views: make([]*view, len(s.places))}
	groups := map[string]int{}
	for place, t := range s.places {
		if t == nil || t.newest < mint || !matches(t.labels, ms) {
			continue
		}
		g, ok := groups[t.names]
		if !ok {
			g = len(w.groups)
			groups[t.names] = g
			w.groups = append(w.groups, group{ms: rest(t.labels, ms)})
		}
		w.groups[g].targets++
		w.views[place] = t.view(g, mint, maxt)
	}
	return w
}

// matches asks those matchers that are about labels of the target.
func matches(l metrics.Labels, ms []*labels.Matcher) bool {
	for _, m := range ms {
		if v := l.Get(m.Name); v != "" && !m.Matches(v) {
			return false
		}
	}
	return true
}

// rest is the matchers that are about labels of the page.
func rest(l metrics.Labels, ms []*labels.Matcher) []*labels.Matcher {
	var list []*labels.Matcher
	for _, m := range ms {
		if l.Get(m.Name) == "" && m.Name != metrics.LabelName {
			list = append(list, m)
		}
	}
	return list
}

// name asks the matchers that are about names.
func (w *wanted) name(name string, ms []*labels.Matcher) bool {
	for _, m := range ms {
		if m.Name == metrics.LabelName && !m.Matches(name) {
			return false
		}
	}
	return true
}

// of adds the wanted series of a label set.
func (w *wanted) of(s *set, found []entry) []entry {
	for g := range w.groups {
		ok := true
		for _, m := range w.groups[g].ms {
			if !m.Matches(s.labels.Get(m.Name)) {
				ok = false
				break
			}
		}
		if !ok {
			continue
		}
		for _, h := range s.holders {
			if v := w.views[h.place]; v != nil && v.group == g {
				found = append(found, v.entry(s, h.slot))
			}
		}
	}
	return found
}

// view is what is visible of a target at a moment.
type view struct {
	target     *Target
	group      int
	mint, maxt int64
	pages      []page
}

func (t *Target) view(group int, mint, maxt int64) *view {
	if t.newest != math.MinInt64 {
		mint = max(mint, t.newest-t.store.windowMS)
	}
	return &view{target: t, group: group, mint: mint, maxt: maxt, pages: t.pages}
}

// entry is a series that was found: a storage.Series.
type entry struct {
	*view
	set    *set
	slot   uint32
	points []point
	joined labels.Labels
}

func (v *view) entry(s *set, slot uint32) entry {
	e := entry{view: v, set: s, slot: slot}
	if tail := v.target.loose[slot]; tail != nil {
		e.points = tail.points
	}
	return e
}

// Labels are those of the target and those of the page.
func (e *entry) Labels() labels.Labels {
	if !e.joined.IsEmpty() {
		return e.joined
	}
	own := e.target.labels
	b := labels.NewScratchBuilder(len(own) + 8)
	i := 0
	e.set.labels.Range(func(l labels.Label) {
		for ; i < len(own) && own[i].Name < l.Name; i++ {
			b.Add(own[i].Name, own[i].Value)
		}
		b.Add(l.Name, l.Value)
	})
	for ; i < len(own); i++ {
		b.Add(own[i].Name, own[i].Value)
	}
	e.joined = b.Labels()
	return e.joined
}
