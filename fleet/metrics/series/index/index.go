// Package index finds series by their labels.
//
// Label sets as pages have them are kept once, with the targets that hold them:
// a thousand instances of one service have the same ones. The labels of a target
// are not here; whoever asks joins them.
package index

import (
	"cmp"
	"iter"
	"maps"
	"slices"

	"github.com/prometheus/common/model"
	"github.com/prometheus/prometheus/model/labels"

	"github.com/midwatch-cli/midwatch/fleet/metrics"
)

// Index is for one goroutine at a time, or several that only read.
type Index struct {
	series   int
	sets     map[uint64]*Set // by hash
	families map[string]*Family
}

// Family is all label sets of one name.
type Family struct {
	Name string
	Sets []*Set
}

// Set is a label set without the labels of targets. Its labels never change.
type Set struct {
	Labels  labels.Labels
	Holders []Holder // by place

	hash   uint64
	next   *Set // another one with the same hash
	family *Family
	at     int // in its family
}

// Holder is a target that has a series of these labels: its place in the store,
// and which of its series that is.
type Holder struct{ Place, Slot uint32 }

// New makes an empty index.
func New() *Index {
	return &Index{sets: map[uint64]*Set{}, families: map[string]*Family{}}
}

// Series is how many series there are, over all sets and holders.
func (x *Index) Series() int { return x.series }

// Families are in no order.
func (x *Index) Families() iter.Seq[*Family] { return maps.Values(x.families) }

// Named is the family of a name; nil where there is none.
func (x *Index) Named(name string) *Family { return x.families[name] }

// Find finds a label set by its labels and their hash; nil where there is none.
func (x *Index) Find(l labels.Labels, hash uint64) *Set {
	for s := x.sets[hash]; s != nil; s = s.next {
		if labels.Equal(s.Labels, l) {
			return s
		}
	}
	return nil
}

// Intern finds a label set or keeps a copy.
func (x *Index) Intern(l labels.Labels, hash uint64) *Set {
	if s := x.Find(l, hash); s != nil {
		return s
	}
	s := &Set{Labels: l.Copy(), hash: hash, next: x.sets[hash]}
	x.sets[hash] = s
	name := s.Labels.Get(metrics.LabelName)
	f := x.families[name]
	if f == nil {
		f = &Family{Name: name}
		x.families[name] = f
	}
	s.family, s.at = f, len(f.Sets)
	f.Sets = append(f.Sets, s)
	return s
}

// Holder says where among its holders a target is, or would be.
func (s *Set) Holder(place uint32) (int, bool) {
	return slices.BinarySearchFunc(s.Holders, place, func(h Holder, place uint32) int { return cmp.Compare(h.Place, place) })
}

// Add says that a target holds the set, which it did not.
func (x *Index) Add(s *Set, place, slot uint32) {
	at, _ := s.Holder(place)
	s.Holders = slices.Insert(s.Holders, at, Holder{place, slot})
	x.series++
}

// Remove takes a holder away, and what nothing holds any longer with it.
func (x *Index) Remove(s *Set, place uint32) {
	at, ok := s.Holder(place)
	if !ok {
		return
	}
	s.Holders = slices.Delete(s.Holders, at, at+1)
	x.series--
	if len(s.Holders) > 0 {
		return
	}
	f := s.family
	last := f.Sets[len(f.Sets)-1]
	f.Sets[s.at], last.at = last, s.at
	f.Sets[len(f.Sets)-1] = nil
	f.Sets = f.Sets[:len(f.Sets)-1]
	if len(f.Sets) == 0 {
		delete(x.families, f.Name)
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

// OnPage is what is kept of a page's labels: without empty values, and with
// those renamed that clash with labels of the target.
func OnPage(l labels.Labels, target metrics.Labels) labels.Labels {
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
