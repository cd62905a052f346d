package series

import (
	"cmp"
	"slices"

	"github.com/prometheus/common/model"
	"github.com/prometheus/prometheus/model/labels"

	"github.com/midwatch-cli/midwatch/fleet/metrics"
)

// index finds series by their labels. Label sets as pages have them are kept
// once, with the targets that hold them: a thousand instances of one service
// have the same ones. The store's lock guards it.
type index struct {
	series   int
	sets     map[uint64]*set // by hash
	families map[string]*family
}

// family is all label sets of one name.
type family struct {
	name string
	sets []*set
}

// set is a label set without the labels of targets. It is made once, and only
// its holders change.
type set struct {
	labels  labels.Labels
	hash    uint64
	next    *set // another one with the same hash
	family  *family
	at      int      // in its family
	holders []holder // by place
}

// holder is a target that has a series of these labels, and where.
type holder struct{ place, slot uint32 }

func newIndex() index {
	return index{sets: map[uint64]*set{}, families: map[string]*family{}}
}

func (x *index) find(l labels.Labels, hash uint64) *set {
	for s := x.sets[hash]; s != nil; s = s.next {
		if labels.Equal(s.labels, l) {
			return s
		}
	}
	return nil
}

// intern finds a label set or keeps a copy.
func (x *index) intern(l labels.Labels, hash uint64) *set {
	if s := x.find(l, hash); s != nil {
		return s
	}
	s := &set{labels: l.Copy(), hash: hash, next: x.sets[hash]}
	x.sets[hash] = s
	name := s.labels.Get(metrics.LabelName)
	f := x.families[name]
	if f == nil {
		f = &family{name: name}
		x.families[name] = f
	}
	s.family, s.at = f, len(f.sets)
	f.sets = append(f.sets, s)
	return s
}

func (s *set) holder(place uint32) (int, bool) {
	return slices.BinarySearchFunc(s.holders, place, func(h holder, place uint32) int { return cmp.Compare(h.place, place) })
}

// add says that a target holds the set, which it did not.
func (x *index) add(s *set, place, slot uint32) {
	at, _ := s.holder(place)
	s.holders = slices.Insert(s.holders, at, holder{place, slot})
	x.series++
}

// remove takes a holder away, and what nothing holds any longer with it.
func (x *index) remove(s *set, place uint32) {
	at, ok := s.holder(place)
	if !ok {
		return
	}
	s.holders = slices.Delete(s.holders, at, at+1)
	x.series--
	if len(s.holders) > 0 {
		return
	}
	f := s.family
	last := f.sets[len(f.sets)-1]
	f.sets[s.at], last.at = last, s.at
	f.sets[len(f.sets)-1] = nil
	f.sets = f.sets[:len(f.sets)-1]
	if len(f.sets) == 0 {
		delete(x.families, f.name)
	}
	if x.sets[s.hash] == s {
		if s.next == nil {
			delete(x.sets, s.hash)
		} else {
			x.sets[s.hash] = s.next
		}
		return
	}
	for p := x.sets[s.hash]; p != nil; p = p.next {
		if p.next == s {
			p.next = s.next
			return
		}
	}
}

// onPage is what is kept of a page's labels: without empty values, and with
// those renamed that clash with labels of the target.
func onPage(l labels.Labels, target metrics.Labels) labels.Labels {
	clash := false
	for _, have := range target {
		clash = clash || l.Has(have.Name)
	}
	if !clash {
		return l.WithoutEmpty()
	}
	b := labels.NewBuilder(l)
	var moved []labels.Label
	for _, have := range target {
		if v := l.Get(have.Name); v != "" {
			moved = append(moved, labels.Label{Name: have.Name, Value: v})
		}
		b.Del(have.Name)
	}
	slices.SortStableFunc(moved, func(a, b labels.Label) int { return len(a.Name) - len(b.Name) })
	for _, m := range moved {
		name := model.ExportedLabelPrefix + m.Name
		for b.Get(name) != "" || target.Get(name) != "" {
			name = model.ExportedLabelPrefix + name
		}
		b.Set(name, m.Value)
	}
	return b.Labels().WithoutEmpty()
}
