package count

import (
	"cmp"
	"maps"
	"math"
	"slices"
	"strconv"

	"github.com/midwatch-cli/midwatch/fleet/metrics"
	"github.com/midwatch-cli/midwatch/fleet/metrics/red/page"
	"github.com/midwatch-cli/midwatch/fleet/metrics/red/signature"
	"github.com/midwatch-cli/midwatch/fleet/metrics/red/spread"
)

// guessedBound tells seconds from milliseconds where a name has no unit: who
// counts milliseconds has bounds above it.
const guessedBound = 100

// timer is a family of durations.
type timer struct {
	unit    float64 // in seconds
	guessed string  // what it was guessed to be
	unknown bool    // nothing tells the unit

	histogram, summary, sum bool // it has buckets, of whatever traffic; quantiles; sums

	native, buckets, sums, counts, quantiles []*page.Counter
}

// timer finds the signature's durations; nil where the page has none.
func (p *Part) timer() *timer {
	for _, family := range p.Times {
		for _, lead := range []signature.Part{signature.Count, signature.Plain, signature.Bucket} {
			name, found := p.target.Lookup(p.Spellings(family, lead))
			if len(found) == 0 || lead == signature.Plain && !hasHistograms(found) {
				continue
			}
			if t := p.timerOf(name); t.histogram || t.summary || t.sum {
				return t
			}
		}
	}
	return nil
}

func (p *Part) timerOf(name signature.Name) *timer {
	at := func(part signature.Part) []*page.Counter {
		all := p.kept(p.target.Series[signature.Name{Stem: name.Stem, Unit: name.Unit, Part: part}])
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
	t.histogram, t.summary, t.sum = len(t.buckets)+len(t.native) > 0, len(t.quantiles) > 0, len(t.sums) > 0
	t.setUnit(cmp.Or(name.Unit, p.Unit))
	for _, series := range []*[]*page.Counter{&t.native, &t.buckets, &t.sums, &t.counts, &t.quantiles} {
		*series = working(*series)
	}
	return t
}

// setUnit takes the unit that a name has, or guesses.
func (t *timer) setUnit(u signature.Unit) {
	if u != signature.NoUnit {
		t.unit = u.InSeconds()
		return
	}
	highest := 0.0
	for _, s := range t.buckets {
		if le := boundOf(s); finite(le) {
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
		t.unknown = true
	case highest > guessedBound:
		t.unit, t.guessed = signature.Milliseconds.InSeconds(), "unit guessed: ms"
	default:
		t.unit, t.guessed = signature.Seconds.InSeconds(), "unit guessed: s"
	}
}

// boundOf is the bound of a bucket's series, whichever way it is written; NaN
// where it is no number.
func boundOf(s *page.Counter) float64 {
	text, _ := s.Get("le")
	le, err := strconv.ParseFloat(text, 64)
	if err != nil {
		return math.NaN()
	}
	return le
}

// times counts durations.
func (p *Part) times(t *Tally, calls []*page.Counter) {
	p.gauges(t, calls)
	timer := p.timer()
	if timer == nil {
		switch {
		case len(t.Quantiles) > 0:
		case t.Averages.Of != "":
			t.Why[OnlyMean] = true
		default:
			t.Why[NoTimes] = true
		}
		return
	}
	if timer.unknown {
		t.Why[NoUnit] = true
		return
	}
	t.Guessed = timer.guessed
	p.sums(t, timer)
	for _, c := range timer.quantiles {
		text, _ := c.Get("quantile")
		q, err := strconv.ParseFloat(text, 64)
		if v, ok := c.Latest(); ok && err == nil {
			t.Quantiles[q] = t.Quantiles[q].and(v * timer.unit)
		}
	}
	s, hidden := p.spread(timer)
	switch {
	case s.Total() > 0:
		t.Spread, t.Timed = s, t.Calls
	case hidden:
		t.Why[NoBuckets] = true
	case timer.histogram:
		t.Why[NotTimed] = true
	case timer.summary:
		t.Why[NoQuantile] = true
	default:
		t.Why[OnlyMean] = true
	}
}

// sums counts seconds, and the calls that took them. One duration that is no
// number spoils a sum for good.
func (p *Part) sums(t *Tally, timer *timer) {
	if len(timer.sums)+len(timer.native) == 0 {
		return
	}
	add := func(sums, counts []metrics.Point) {
		if slices.ContainsFunc(sums, func(p metrics.Point) bool { return !finite(p.V) }) {
			t.Why[SpoiltSum] = true
		}
		t.Sum += p.target.Increase(sums) * timer.unit
		t.Count += p.target.Increase(counts)
	}
	if len(timer.native) > 0 {
		for _, c := range timer.native {
			add(page.Sums(c.Histograms), page.Counts(c.Histograms))
		}
	} else {
		for _, c := range timer.sums {
			add(c.Points, nil)
		}
		for _, c := range timer.counts {
			add(nil, c.Points)
		}
	}
	if t.Why[SpoiltSum] {
		t.Sum, t.Count = 0, 0
	}
	if t.Count > 0 {
		t.Averaged = t.Calls
	}
}

// spread merges all histograms of a timer; hidden says that none of them has a
// bucket but the one to infinity.
func (p *Part) spread(timer *timer) (s spread.Spread, hidden bool) {
	var all []spread.Bucket
	if len(timer.native) > 0 {
		for _, c := range timer.native {
			all = append(all, p.target.Spread(c.Histograms, timer.unit)...)
		}
		return spread.Join(all), false
	}
	totals, sets, bounded := map[string]float64{}, map[string][]spread.Bound{}, false
	for _, c := range timer.counts {
		totals[keyOf(c)] += p.target.Increase(c.Points)
	}
	for _, c := range timer.buckets {
		if le := boundOf(c); !math.IsNaN(le) {
			bounded = bounded || finite(le)
			key := keyOf(c)
			sets[key] = append(sets[key], spread.Bound{LE: le * timer.unit, N: p.target.Increase(c.Points)})
		}
	}
	if !bounded {
		return nil, len(timer.buckets) > 0
	}
	for _, key := range slices.Sorted(maps.Keys(sets)) { // sums are the same each time
		all = append(all, spread.Classic(sets[key], totals[key])...)
	}
	return spread.Join(all), false
}

// keyOf is what the series of one histogram have in common.
func keyOf(c *page.Counter) string {
	var key []byte
	for _, l := range c.Spelled {
		if l.Name != "le" {
			key = append(append(append(append(key, l.Name...), 0xff), l.Value...), 0xff)
		}
	}
	return string(key)
}

// gauges takes averages, maxima and quantiles that a page has as gauges.
func (p *Part) gauges(t *Tally, calls []*page.Counter) {
	latest := func(family string, take func(s *page.Counter, v float64)) {
		if family == "" {
			return
		}
		name, series := p.target.Lookup(p.Spellings(family, signature.Parse(family).Part))
		series = working(p.kept(series))
		p.used(series)
		for _, s := range series {
			if v, ok := s.Latest(); ok {
				take(s, v*cmp.Or(name.Unit, p.Unit).InSeconds())
			}
		}
	}
	latest(p.Match.Averages, func(s *page.Counter, v float64) {
		t.Averages.Of = p.AveragesOf
		joins := func(c *page.Counter) bool { return c.Within(s) }
		if !slices.ContainsFunc(calls, joins) {
			t.Averages.Loose = t.Averages.Loose.and(v)
			return
		}
		for _, c := range calls {
			if joins(c) {
				n := p.grown(c)
				t.Averages.Sum, t.Averages.Weight = t.Averages.Sum+v*n, t.Averages.Weight+n
			}
		}
	})
	latest(p.Maxima, func(_ *page.Counter, v float64) { t.Maximum = t.Maximum.and(v) })
	for q, family := range p.Match.Quantiles {
		latest(family, func(_ *page.Counter, v float64) { t.Quantiles[q] = t.Quantiles[q].and(v) })
	}
}
