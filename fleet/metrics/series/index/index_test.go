package index_test

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/prometheus/prometheus/model/labels"

	"github.com/midwatch-cli/midwatch/fleet/metrics"
	"github.com/midwatch-cli/midwatch/fleet/metrics/series/index"
)

// Sets come and go with their holders; hashes may be the same for different
// sets.
func TestAgainstList(t *testing.T) {
	type series struct {
		labels      string
		place, slot uint32
	}
	r := rand.New(rand.NewPCG(1, 2))
	x := index.New()
	var list []series
	for range 6_000 {
		n := r.IntN(60)
		l := labels.FromStrings("__name__", fmt.Sprint("family", n%5), "n", fmt.Sprint(n))
		text, hash, place := l.String(), uint64(n%7), uint32(r.IntN(10))
		at := slices.IndexFunc(list, func(s series) bool { return s.labels == text && s.place == place })
		set := x.Find(l, hash)
		if held := slices.ContainsFunc(list, func(s series) bool { return s.labels == text }); held != (set != nil) {
			t.Fatalf("%s: found %v", l, set)
		}
		if at >= 0 {
			x.Remove(set, place)
			x.Remove(set, place) // twice is once
			list = slices.Delete(list, at, at+1)
			continue
		}
		slot := uint32(r.IntN(100))
		x.Add(x.Intern(l, hash), place, slot)
		list = append(list, series{text, place, slot})
	}
	var got []series
	for f := range x.Families() {
		for _, s := range f.Sets {
			if s.Labels.Get("__name__") != f.Name || len(s.Holders) == 0 {
				t.Errorf("%s in %s: %v", s.Labels, f.Name, s.Holders)
			}
			if !slices.IsSortedFunc(s.Holders, func(a, b index.Holder) int { return int(a.Place) - int(b.Place) }) {
				t.Errorf("%v", s.Holders)
			}
			for _, h := range s.Holders {
				got = append(got, series{s.Labels.String(), h.Place, h.Slot})
			}
		}
	}
	byAll := func(a, b series) int { return slices.Compare([]byte(fmt.Sprint(a)), []byte(fmt.Sprint(b))) }
	slices.SortFunc(got, byAll)
	slices.SortFunc(list, byAll)
	if !slices.Equal(got, list) || x.Series() != len(list) {
		t.Errorf("%d series, not %d", len(got), len(list))
	}
}

func TestOnPage(t *testing.T) {
	target := metrics.NewLabels("instance", "i", "service", "s", "exported_zone", "z")
	for _, c := range []struct{ have, want []string }{
		{[]string{"__name__", "a"}, []string{"__name__", "a"}},
		{[]string{"__name__", "a", "x", ""}, []string{"__name__", "a"}},
		{[]string{"service", "x"}, []string{"exported_service", "x"}},
		{[]string{"service", ""}, nil},
		{[]string{"service", "x", "exported_service", "y"}, []string{"exported_service", "y", "exported_exported_service", "x"}},
		{[]string{"service", "x", "exported_service", ""}, []string{"exported_service", "x"}},
		{[]string{"zone", "x"}, []string{"zone", "x"}},
		{[]string{"exported_zone", "x"}, []string{"exported_exported_zone", "x"}},
		{[]string{"service", "x", "instance", "y", "b", "c"}, []string{"exported_service", "x", "exported_instance", "y", "b", "c"}},
	} {
		if got := index.OnPage(labels.FromStrings(c.have...), target); !labels.Equal(got, labels.FromStrings(c.want...)) {
			t.Errorf("%v: %s", c.have, got)
		}
	}
}
