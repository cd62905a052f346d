package red

import (
	"fmt"
	"maps"
	"math"
	"slices"
	"strconv"

	"github.com/midwatch-cli/midwatch/fleet/metrics"
	"github.com/midwatch-cli/midwatch/fleet/metrics/red/page"
	"github.com/midwatch-cli/midwatch/fleet/metrics/red/signature"
	"github.com/midwatch-cli/midwatch/fleet/metrics/red/spread"
)

// tally is what was counted: of one part, of an instance, or of a service. Two
// are added before anything is divided, so a service's numbers are those of all
// its calls.
type tally struct {
	calls     float64
	rates     float64 // per second, summed over instances
	instances int     // that were found
	scraped   int     // of them, with a rate
	counted   bool    // calls were

	known, failed, refused float64 // calls with a status, and of them
	errors, clients        bool    // somebody says which failed; which were the caller's fault

	timed      float64 // calls whose durations are in the spread
	spread     spread.Spread
	sum, count float64 // seconds, and of how many calls
	averaged   float64 // calls of the parts that these are of
	guessed    string
	averages   weighted
	maximum    float64
	hasMaximum bool
	quantiles  map[float64]worst

	why map[string]bool // what is missing, and why
}

// weighted is an average of averages, each weighted by the calls it is of; those
// of which nobody knows how many are not averaged: the worst is kept.
type weighted struct {
	sum, weight float64
	of          string
	loose       worst
}

func (w weighted) plus(o weighted) weighted {
	return weighted{w.sum + o.sum, w.weight + o.weight, max(w.of, o.of), w.loose.or(o.loose)}
}

// worst is the highest of several values.
type worst struct {
	v       float64
	series  int
	sources int // instances
}

func (w worst) or(o worst) worst {
	return worst{max(w.v, o.v), w.series + o.series, w.sources + o.sources}
}

func newTally() *tally { return &tally{quantiles: map[float64]worst{}, why: map[string]bool{}} }

// add takes another tally in.
func (t *tally) add(o *tally) {
	t.calls, t.rates = t.calls+o.calls, t.rates+o.rates
	t.instances, t.scraped = t.instances+o.instances, t.scraped+o.scraped
	t.known, t.failed, t.refused = t.known+o.known, t.failed+o.failed, t.refused+o.refused
	t.counted, t.errors, t.clients = t.counted || o.counted, t.errors || o.errors, t.clients || o.clients
	t.timed, t.sum, t.count, t.averaged = t.timed+o.timed, t.sum+o.sum, t.count+o.count, t.averaged+o.averaged
	t.spread = spread.Join(slices.Concat(t.spread, o.spread))
	if t.guessed == "" {
		t.guessed = o.guessed
	}
	t.averages = t.averages.plus(o.averages)
	t.maximum, t.hasMaximum = max(t.maximum, o.maximum), t.hasMaximum || o.hasMaximum
	for q, w := range o.quantiles {
		t.quantiles[q] = t.quantiles[q].or(w)
	}
	maps.Copy(t.why, o.why)
}

// tally counts one part.
func (p *part) tally() *tally {
	t := newTally()
	t.counted = true
	calls := working(p.calls)
	p.used(p.calls)
	usable := 0
	for _, s := range calls {
		if slices.ContainsFunc(p.points(s), func(p metrics.Point) bool { return finite(p.V) }) {
			usable++
		}
		n := p.grown(s)
		t.calls += n
		if p.judged {
			t.judge(&p.m, s, n)
		}
	}
	if len(calls) > 0 && usable == 0 {
		t.why[WhyNumber] = true
	}
	p.responses(t, calls)
	p.times(t, calls)
	return t
}

// judge counts calls of one status.
func (t *tally) judge(m *signature.Match, s *page.Counter, n float64) {
	t.known += n
	class, ok := m.Judge(s.Get)
	switch {
	case !ok, class == signature.Failed: // others have a status: it had none
		t.failed += n
	case class == signature.ClientFault:
		t.refused += n
	case class == signature.Unjudged:
		return
	}
	t.errors, t.clients = true, true
}

// responses counts failures where the calls themselves do not tell them.
func (p *part) responses(t *tally, calls []*page.Counter) {
	if p.m.Responses != "" {
		_, series := p.t.Lookup(p.m.Spellings(p.m.Responses, signature.Total))
		for _, s := range p.kept(series) {
			t.judge(&p.m, s, p.t.Increase(s.Points))
		}
		t.known = t.calls // an answer may come in a later scrape than its call
		p.used(series)
	}
	sum := func(families []string) (n float64, there bool) {
		for _, family := range families {
			_, series := p.t.Lookup(p.m.Spellings(family, signature.Total))
			for _, s := range working(p.kept(series)) {
				n += p.t.Increase(s.Points)
				there = true
			}
			p.used(series)
		}
		return n, there
	}
	if n, there := sum(p.m.Failed); there {
		t.failed, t.known, t.errors = n, t.calls, true
	}
	if n, there := sum(p.m.Refused); there {
		t.refused, t.known, t.clients = n, t.calls, true
	}
	switch {
	case t.errors:
	case p.judged && len(calls) == 0:
		t.errors, t.clients = true, true // it would tell
	case p.judged:
		t.why[WhyStatuses] = true
	default:
		t.why[WhyNoErrors] = true
	}
}

// times counts durations.
func (p *part) times(t *tally, calls []*page.Counter) {
	p.gauges(t, calls)
	timer := p.timer()
	if timer == nil {
		switch {
		case len(t.quantiles) > 0:
		case t.averages.of != "":
			t.why[WhyMean] = true
		default:
			t.why[WhyNoTimes] = true
		}
		return
	}
	if timer.unknown {
		t.why[WhyUnit] = true
		return
	}
	s, hidden := p.spreadOf(timer)
	for _, c := range timer.sums {
		t.sum += p.t.Increase(c.Points) * timer.unit
	}
	for _, c := range timer.counts {
		t.count += p.t.Increase(c.Points)
	}
	if len(timer.native) > 0 {
		t.sum, t.count = p.nativeSums(timer)
	}
	if t.guessed = timer.guessed; t.count > 0 {
		t.averaged = t.calls
	}
	p.summary(t, timer)
	switch {
	case s.Total() > 0:
		t.spread, t.timed = s, t.calls
	case hidden:
		t.why[WhyNoBuckets] = true
	case timer.histogram:
		t.why[WhyNotTimed] = true
	case timer.summary:
		t.why[WhyQuantile] = true
	default:
		t.why[WhyMean] = true
	}
}

// spreadOf merges all histograms of a timer.
func (p *part) spreadOf(timer *timer) (s spread.Spread, hidden bool) {
	var all []spread.Bucket
	if len(timer.native) > 0 {
		for _, c := range timer.native {
			all = append(all, p.t.Spread(c.Histograms, timer.unit)...)
		}
		return spread.Join(all), false
	}
	totals := map[string]float64{}
	for _, c := range timer.counts {
		totals[keyOf(c)] += p.t.Increase(c.Points)
	}
	sets := map[string][]spread.Bound{}
	finest := false
	for _, c := range timer.buckets {
		le := leOf(c)
		if math.IsNaN(le) {
			continue
		}
		finest = finest || finite(le)
		key := keyOf(c)
		sets[key] = append(sets[key], spread.Bound{LE: le * timer.unit, N: p.t.Increase(c.Points)})
	}
	if !finest {
		return nil, len(timer.buckets) > 0 // all of them are the one to infinity
	}
	for key, bounds := range sets {
		all = append(all, spread.Classic(bounds, totals[key])...)
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

// nativeSums are the seconds and the calls of native histograms.
func (p *part) nativeSums(timer *timer) (sum, count float64) {
	for _, c := range timer.native {
		sum += p.t.Increase(page.Sums(c.Histograms)) * timer.unit
		count += p.t.Increase(page.Counts(c.Histograms))
	}
	return sum, count
}

// summary takes the quantiles that a page has calculated itself.
func (p *part) summary(t *tally, timer *timer) {
	for _, c := range timer.quantiles {
		text, _ := c.Get("quantile")
		q, err := strconv.ParseFloat(text, 64)
		if v, ok := c.Latest(); ok && err == nil {
			t.quantile(q, v*timer.unit)
		}
	}
}

func (t *tally) quantile(q, v float64) {
	w := t.quantiles[q]
	t.quantiles[q] = worst{max(w.v, v), w.series + 1, 1}
}

// gauges takes averages, maxima and quantiles that a page has as gauges.
func (p *part) gauges(t *tally, calls []*page.Counter) {
	latest := func(family string, take func(s *page.Counter, v float64)) {
		if family == "" {
			return
		}
		name := signature.Parse(family)
		spelled, series := p.t.Lookup(p.m.Spellings(family, name.Part))
		unit := spelled.Unit
		if unit == signature.NoUnit {
			unit = p.m.Unit
		}
		series = working(p.kept(series))
		p.used(series)
		for _, s := range series {
			if v, ok := s.Latest(); ok {
				take(s, v*unit.InSeconds())
			}
		}
	}
	latest(p.m.Averages, func(s *page.Counter, v float64) {
		weight, joins := 0.0, false
		for _, c := range calls {
			if c.Within(s) {
				weight, joins = weight+p.grown(c), true
			}
		}
		one := weighted{sum: v * weight, weight: weight, of: p.m.AveragesOf}
		if !joins {
			one.loose = worst{v: v, series: 1, sources: 1}
		}
		t.averages = t.averages.plus(one)
	})
	latest(p.m.Maxima, func(_ *page.Counter, v float64) { t.maximum, t.hasMaximum = max(t.maximum, v), true })
	for q, family := range p.m.Quantiles {
		latest(family, func(_ *page.Counter, v float64) { t.quantile(q, v) })
	}
}

// share says of which share of the calls something is known.
func share(part, whole float64) string {
	if !(part < whole*0.9995) {
		return ""
	}
	return fmt.Sprintf("of %.0f%% of the calls", max(math.Round(part/whole*100), 1))
}

func finite(v float64) bool { return !math.IsNaN(v) && !math.IsInf(v, 0) }
