package red

import (
	"cmp"
	"math"
	"slices"
	"strconv"
	"strings"

	"github.com/midwatch-cli/midwatch/fleet/metrics"
	"github.com/midwatch-cli/midwatch/fleet/metrics/red/page"
	"github.com/midwatch-cli/midwatch/fleet/metrics/red/signature"
)

// part is one signature on one instance: which of its series count.
type part struct {
	m        signature.Match
	t        *page.Target
	by       string // the value of the label that a view is of
	calls    []*page.Counter
	native   bool // calls are counted by native histograms
	judged   bool // a label of calls has a status
	layer    string
	families map[string]bool // as the page spells them
}

// chosen finds the parts that an instance's page has: the first signature of
// each protocol, and the views beside them.
func (c *computation) chosen(t *page.Target) (main, views []*part) {
	var covered signature.Protocol
	prefixed := "" // the signature that may be there under several prefixes
	taken := map[*page.Counter]bool{}
	for _, m := range c.matches(t) {
		view := false
		if covered&m.Covers != 0 && (m.Prefix == "" || m.Name != prefixed) {
			if view = m.View != ""; !view {
				continue
			}
		}
		p := &part{m: m, t: t, families: map[string]bool{}}
		p.findCalls()
		if len(p.calls) == 0 || slices.ContainsFunc(p.calls, func(s *page.Counter) bool { return taken[s] }) {
			continue
		}
		if view {
			views = append(views, p.split()...)
			continue
		}
		for _, s := range p.calls {
			taken[s] = true
		}
		covered |= m.Covers
		if prefixed = ""; m.Prefix != "" {
			prefixed = m.Name
		}
		main = append(main, p)
	}
	return main, views
}

// findCalls takes the first family whose series tell a status, else the first
// that is there.
func (p *part) findCalls() {
	for _, family := range p.m.Calls {
		name := signature.Parse(family)
		_, series := p.t.Lookup(p.m.Spellings(family, name.Part))
		native := false
		if name.Part == signature.Count {
			if _, whole := p.t.Lookup(p.m.Spellings(family, signature.Plain)); hasHistograms(whole) {
				series, native = whole, true
			}
		}
		series = p.kept(series)
		if len(series) == 0 {
			continue
		}
		judged := slices.ContainsFunc(series, func(s *page.Counter) bool { _, ok := p.m.Judge(s.Get); return ok })
		if p.calls != nil && !judged {
			continue
		}
		p.calls, p.native, p.judged = series, native, judged
		if judged {
			break
		}
	}
	if label := p.m.Outermost; label != "" && len(p.calls) > 0 {
		p.layer = p.outermost(label)
		p.calls = p.kept(p.calls)
	}
}

// kept leaves out series that the signature does not look at.
func (p *part) kept(series []*page.Counter) []*page.Counter {
	var kept []*page.Counter
	for _, s := range series {
		if has(s, p.m.Keep, true) && !has(s, p.m.Drop, false) &&
			(p.layer == "" || has(s, signature.Label{Name: p.m.Outermost, Value: p.layer}, true)) &&
			(p.by == "" || has(s, signature.Label{Name: p.m.By, Value: p.by}, true)) {
			kept = append(kept, s)
		}
	}
	return kept
}

func has(s *page.Counter, l signature.Label, unasked bool) bool {
	if l.Name == "" {
		return unasked
	}
	v, _ := s.Get(l.Name)
	return v == l.Value
}

// outermost is the layer that most calls passed; of those with as many, the one
// that took longest, because the others are inside.
func (p *part) outermost(label string) string {
	calls, took := map[string]float64{}, map[string]float64{}
	for _, s := range p.calls {
		layer, _ := s.Get(label)
		calls[layer] += p.grown(s)
	}
	for _, family := range p.m.Times {
		_, sums := p.t.Lookup(p.m.Spellings(family, signature.Sum))
		for _, s := range sums {
			layer, _ := s.Get(label)
			took[layer] += p.t.Increase(s.Points)
		}
	}
	best, first := "", true
	for layer, n := range calls {
		if first || cmp.Or(cmp.Compare(n, calls[best]), cmp.Compare(took[layer], took[best]), strings.Compare(layer, best)) > 0 {
			best, first = layer, false
		}
	}
	return best
}

// split makes a part for each value of the label that a view has.
func (p *part) split() []*part {
	if p.m.By == "" {
		return []*part{p}
	}
	values := map[string]bool{}
	var parts []*part
	for _, s := range p.calls {
		v, _ := s.Get(p.m.By)
		if values[v] || v == "" {
			continue
		}
		values[v] = true
		one := *p
		one.by, one.families = v, map[string]bool{}
		one.calls = one.kept(p.calls)
		parts = append(parts, &one)
	}
	return parts
}

// grown is by how much calls grew.
func (p *part) grown(s *page.Counter) float64 { return p.t.Increase(p.points(s)) }

// points are the counts of calls of a series.
func (p *part) points(s *page.Counter) []metrics.Point {
	if p.native {
		return page.Counts(s.Histograms)
	}
	return s.Points
}

func hasHistograms(series []*page.Counter) bool {
	return slices.ContainsFunc(series, func(s *page.Counter) bool { return len(s.Histograms) > 0 })
}

// working leaves out what is no work: probes, and scrapes.
func working(series []*page.Counter) []*page.Counter {
	var kept []*page.Counter
	for _, s := range series {
		if !slices.ContainsFunc(s.Spelled, func(l metrics.Label) bool { return signature.Housekeeping(l.Name, l.Value) }) {
			kept = append(kept, s)
		}
	}
	return kept
}

// timer is a family of durations.
type timer struct {
	unit    float64 // in seconds
	guessed string  // the unit, where it was
	unknown bool    // nothing tells the unit

	histogram, summary bool // it has buckets, of whatever traffic; quantiles

	native, buckets, sums, counts, quantiles []*page.Counter
}

// timer finds the signature's durations; nil where the page has none.
func (p *part) timer() *timer {
	for _, family := range p.m.Times {
		for _, lead := range []signature.Part{signature.Count, signature.Plain, signature.Bucket} {
			name, found := p.t.Lookup(p.m.Spellings(family, lead))
			if len(found) == 0 || lead == signature.Plain && !hasHistograms(found) {
				continue
			}
			return p.timerOf(name)
		}
	}
	return nil
}

func (p *part) timerOf(name signature.Name) *timer {
	at := func(part signature.Part) []*page.Counter {
		all := p.kept(p.t.Series[signature.Name{Stem: name.Stem, Unit: name.Unit, Part: part}])
		p.used(all)
		return all
	}
	t := &timer{buckets: at(signature.Bucket), sums: at(signature.Sum), counts: at(signature.Count)}
	for _, s := range at(signature.Plain) {
		if len(s.Histograms) > 0 {
			t.native = append(t.native, s)
		} else if _, ok := s.Get("quantile"); ok {
			t.quantiles = append(t.quantiles, s)
		}
	}
	t.histogram, t.summary = len(t.buckets)+len(t.native) > 0, len(t.quantiles) > 0
	t.setUnit(cmp.Or(name.Unit, p.m.Unit))
	for _, series := range []*[]*page.Counter{&t.native, &t.buckets, &t.sums, &t.counts, &t.quantiles} {
		*series = working(*series)
	}
	return t
}

// setUnit takes the unit that a name has, or guesses: who counts milliseconds
// has bounds in the hundreds.
func (t *timer) setUnit(u signature.Unit) {
	if u != signature.NoUnit {
		t.unit = u.InSeconds()
		return
	}
	highest := 0.0
	for _, s := range t.buckets {
		if le := leOf(s); finite(le) {
			highest = max(highest, le)
		}
	}
	for _, s := range t.native {
		if buckets := s.Histograms[len(s.Histograms)-1].Buckets; len(buckets) > 0 {
			highest = max(highest, buckets[len(buckets)-1].Upper)
		}
	}
	switch {
	case highest == 0:
		t.unit, t.unknown = 1, true
	case highest > 100:
		t.unit, t.guessed = signature.Milliseconds.InSeconds(), "unit guessed: ms"
	default:
		t.unit, t.guessed = signature.Seconds.InSeconds(), "unit guessed: s"
	}
}

func leOf(s *page.Counter) float64 {
	text, _ := s.Get("le")
	le, err := strconv.ParseFloat(text, 64)
	if err != nil {
		return math.NaN()
	}
	return le
}

// used notes the families that were read.
func (p *part) used(all ...[]*page.Counter) {
	for _, series := range all {
		for _, s := range series {
			p.families[s.Labels.Name()] = true
		}
	}
}
