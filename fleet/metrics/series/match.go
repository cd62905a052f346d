package series

import (
	"math"
	"slices"
	"strings"

	"github.com/prometheus/prometheus/model/labels"

	"github.com/midwatch-cli/midwatch/fleet/metrics"
	"github.com/midwatch-cli/midwatch/fleet/metrics/series/index"
	"github.com/midwatch-cli/midwatch/fleet/metrics/series/loose"
)

// match finds the series whose joined labels, those of the target and those of
// the page, satisfy all matchers, and that have a page between the times.
func (s *Store) match(ms []*labels.Matcher, time span) []entry {
	s.mu.RLock()
	defer s.mu.RUnlock()
	wanted := s.matchTargets(ms, time)
	if len(wanted.groups) == 0 {
		return nil
	}
	var found []entry
	for _, f := range s.families(ms) {
		for _, set := range f.Sets {
			found = wanted.of(set, found)
		}
	}
	return found
}

// families are those whose names satisfy the matchers, by name: an answer that
// adds numbers up is the same each time.
func (s *Store) families(ms []*labels.Matcher) []*index.Family {
	var list []*index.Family
	for _, m := range ms {
		if m.Name == metrics.LabelName && m.Type == labels.MatchEqual {
			if f := s.index.Named(m.Value); f != nil && named(m.Value, ms) {
				list = append(list, f)
			}
			return list
		}
	}
	for f := range s.index.Families() {
		if named(f.Name, ms) {
			list = append(list, f)
		}
	}
	slices.SortFunc(list, func(a, b *index.Family) int { return strings.Compare(a.Name, b.Name) })
	return list
}

// named asks the matchers that are about names.
func named(name string, ms []*labels.Matcher) bool {
	for _, m := range ms {
		if m.Name == metrics.LabelName && !m.Matches(name) {
			return false
		}
	}
	return true
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

func (s *Store) matchTargets(ms []*labels.Matcher, time span) wanted {
	w := wanted{views: make([]*view, len(s.places))}
	groups := map[string]int{}
	for place, t := range s.places {
		if t == nil || t.newest < time.mint || !matches(t.labels, ms) {
			continue
		}
		g, ok := groups[t.names]
		if !ok {
			g = len(w.groups)
			groups[t.names] = g
			w.groups = append(w.groups, group{ms: rest(t.labels, ms)})
		}
		w.groups[g].targets++
		w.views[place] = t.view(g, time)
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

// of adds the wanted series of a label set.
func (w *wanted) of(s *index.Set, found []entry) []entry {
	for g := range w.groups {
		ok := true
		for _, m := range w.groups[g].ms {
			if !m.Matches(s.Labels.Get(m.Name)) {
				ok = false
				break
			}
		}
		if !ok {
			continue
		}
		for _, h := range s.Holders {
			if v := w.views[h.Place]; v != nil && v.group == g {
				found = append(found, v.entry(s, h.Slot))
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
	page       uint32 // number of the last one
	latest     bool
	blocks     []*block
	pages      []page
}

// view is what a question sees. The store's lock is held.
func (t *Target) view(group int, time span) *view {
	v := &view{target: t, group: group, mint: time.mint, maxt: time.maxt, page: t.number, latest: time.latest, blocks: t.blocks, pages: t.pages}
	if t.newest != math.MinInt64 {
		v.mint = max(v.mint, t.newest-t.store.windowMS)
	}
	for back := 1; back < recentPages && v.page > 0 && t.recent[v.page%recentPages] > time.published; back++ {
		v.page--
	}
	return v
}

// entry is a series that was found: a storage.Series.
type entry struct {
	*view
	set    *index.Set
	slot   uint32
	loose  *loose.Tail // nil where there is nothing loose
	joined labels.Labels
}

// entry is the series in a slot. The store's lock is held.
func (v *view) entry(s *index.Set, slot uint32) entry {
	e := entry{view: v, set: s, slot: slot}
	if t := v.target.loose[slot]; t != nil {
		picture := t.Tail
		e.loose = &picture
	}
	return e
}

// Labels are those of the target and those of the page.
func (e *entry) Labels() labels.Labels {
	if !e.joined.IsEmpty() {
		return e.joined
	}
	pool := &e.target.store.builders
	b, _ := pool.Get().(*labels.ScratchBuilder)
	if b == nil {
		b = &labels.ScratchBuilder{}
	}
	b.Reset()
	own := e.target.labels
	i := 0
	e.set.Labels.Range(func(l labels.Label) {
		for ; i < len(own) && own[i].Name < l.Name; i++ {
			b.Add(own[i].Name, own[i].Value)
		}
		b.Add(l.Name, l.Value)
	})
	for ; i < len(own); i++ {
		b.Add(own[i].Name, own[i].Value)
	}
	e.joined = b.Labels()
	pool.Put(b)
	return e.joined
}
