// Package page sorts series by the instance whose page they are of, and says by
// how much its counters grew.
package page

import (
	"cmp"
	"math"
	"slices"
	"strings"
	"time"

	"github.com/midwatch-cli/midwatch/fleet/metrics"
	"github.com/midwatch-cli/midwatch/fleet/metrics/red/signature"
)

// Counter is one series of a page. It may be a gauge, or a native histogram.
type Counter struct {
	metrics.Series
	Spelled []metrics.Label // its labels with underscores, without the name
}

// Get returns the value of a label that is spelled with underscores, also where
// a label of ours of that name took its place.
func (c *Counter) Get(name string) (string, bool) {
	const moved = "exported_"
	for _, l := range c.Spelled {
		if l.Name == name || len(l.Name) == len(moved)+len(name) && strings.HasPrefix(l.Name, moved) && l.Name[len(moved):] == name {
			return l.Value, true
		}
	}
	return "", false
}

// Within says whether c is among what o is of: it has all labels of o.
func (c *Counter) Within(o *Counter) bool {
	return !slices.ContainsFunc(o.Spelled, func(l metrics.Label) bool {
		v, ok := c.Get(l.Name)
		return !ok || v != l.Value
	})
}

// Latest is the value of the last sample; ok says that it is a number from 0 on.
func (c *Counter) Latest() (v float64, ok bool) {
	if len(c.Points) == 0 {
		return 0, false
	}
	v = c.Points[len(c.Points)-1].V
	return v, finite(v) && v >= 0
}

// Target is one instance and what its page held in a window.
type Target struct {
	Service, Labels metrics.Labels
	Series          map[signature.Name][]*Counter
	Gauges          map[signature.Name][]*Counter // the latest, of whatever time
	First, Last     int64                         // of its scrapes, Unix milliseconds
	Scrapes         int                           // at least so many
	Restarts        int                           // that were seen

	changes []change
	again   map[int64]bool // times at which a series was scraped that had been before; nil: not looked for
	lost    int64          // milliseconds of which nothing is known
}

// Targets are instances by what tells them apart.
type Targets map[string]*Target

// Sorter sorts series. It remembers names, and is not for several goroutines.
type Sorter struct {
	Service  []string // the labels that make a service
	Instance string   // and the one that makes an instance

	names  map[string]signature.Name
	labels map[string]string
}

// Sort puts series to the instances that they are of. Of each it takes the
// samples of a window, in Unix milliseconds: after from, until to.
func (s *Sorter) Sort(series []metrics.Series, from, to int64) Targets {
	all := Targets{}
	for _, one := range series {
		one.Points = inside(one.Points, func(p *metrics.Point) int64 { return p.T }, from, to)
		one.Histograms = inside(one.Histograms, func(p *metrics.HistogramPoint) int64 { return p.T }, from, to)
		if len(one.Points)+len(one.Histograms) == 0 {
			continue
		}
		t := s.Target(all, one.Labels)
		t.saw(&one)
		if name := s.Name(one.Labels.Name()); name.Stem != "" && name.Part != signature.Created {
			t.Series[name] = append(t.Series[name], &Counter{Series: one, Spelled: s.spell(one.Labels)})
		}
	}
	for _, t := range all {
		t.starts()
	}
	return all
}

// Gauges puts the latest values of gauges to the instances that they are of.
func (s *Sorter) Gauges(all Targets, series []metrics.Series) {
	for _, one := range series {
		t, name := s.Target(all, one.Labels), s.Name(one.Labels.Name())
		t.Gauges[name] = append(t.Gauges[name], &Counter{Series: one, Spelled: s.spell(one.Labels)})
	}
}

// inside are the samples of a window.
func inside[P any](points []P, at func(*P) int64, from, to int64) []P {
	search := func(t int64) int {
		i, _ := slices.BinarySearchFunc(points, t, func(p P, t int64) int { return cmp.Compare(at(&p), t) })
		return i
	}
	return points[search(from+1):search(to+1)]
}

// Target finds the instance that labels are of, or makes it.
func (s *Sorter) Target(all Targets, l metrics.Labels) *Target {
	var service metrics.Labels
	var key strings.Builder
	for _, name := range s.Service {
		value := l.Get(name)
		key.WriteString(value)
		key.WriteByte(0xff)
		if value != "" {
			service = append(service, metrics.Label{Name: name, Value: value})
		}
	}
	instance := l.Get(s.Instance)
	key.WriteString(instance)
	t := all[key.String()]
	if t == nil {
		labels := slices.Clone(service)
		if instance != "" {
			labels = append(labels, metrics.Label{Name: s.Instance, Value: instance})
		}
		t = &Target{Service: sorted(service), Labels: sorted(labels), Series: map[signature.Name][]*Counter{}, Gauges: map[signature.Name][]*Counter{}}
		all[key.String()] = t
	}
	return t
}

func sorted(l metrics.Labels) metrics.Labels {
	slices.SortFunc(l, func(a, b metrics.Label) int { return strings.Compare(a.Name, b.Name) })
	return l
}

// Name takes a name apart, once.
func (s *Sorter) Name(raw string) signature.Name {
	n, ok := s.names[raw]
	if !ok {
		if s.names == nil {
			s.names = map[string]signature.Name{}
		}
		n = signature.Parse(raw)
		s.names[raw] = n
	}
	return n
}

// spell writes labels with underscores.
func (s *Sorter) spell(l metrics.Labels) []metrics.Label {
	if s.labels == nil {
		s.labels = map[string]string{}
	}
	out := make([]metrics.Label, 0, len(l))
	for _, label := range l {
		if label.Name == metrics.LabelName {
			continue
		}
		name, ok := s.labels[label.Name]
		if !ok {
			name = signature.Underscored(label.Name)
			s.labels[label.Name] = name
		}
		out = append(out, metrics.Label{Name: name, Value: label.Value})
	}
	return out
}

// saw notes when a series was scraped.
func (t *Target) saw(s *metrics.Series) {
	note := func(first, last int64, n int) {
		if t.Scrapes == 0 {
			t.First, t.Last = first, last
		}
		t.First, t.Last, t.Scrapes = min(t.First, first), max(t.Last, last), max(t.Scrapes, n)
	}
	if n := len(s.Points); n > 0 {
		note(s.Points[0].T, s.Points[n-1].T, n)
	}
	if n := len(s.Histograms); n > 0 {
		note(s.Histograms[0].T, s.Histograms[n-1].T, n)
	}
}

// Elapsed is the time that its counters tell of.
func (t *Target) Elapsed() time.Duration {
	return time.Duration(t.Last-t.First-t.lost) * time.Millisecond
}

// Interval is the mean time between its scrapes; 0 where there was one.
func (t *Target) Interval() time.Duration {
	if t.Scrapes < 2 {
		return 0
	}
	return time.Duration(t.Last-t.First) * time.Millisecond / time.Duration(t.Scrapes-1)
}

// Lookup finds the series of a family by the likeliest of its names.
func (t *Target) Lookup(names []signature.Name) (signature.Name, []*Counter) {
	for _, name := range names {
		if s := t.Series[name]; len(s) > 0 {
			return name, s
		}
	}
	return signature.Name{}, nil
}

func finite(v float64) bool { return !math.IsNaN(v) && !math.IsInf(v, 0) }
