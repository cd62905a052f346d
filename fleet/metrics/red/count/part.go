package count

import (
	"cmp"
	"maps"
	"slices"
	"strings"

	"github.com/midwatch-cli/midwatch/fleet/metrics"
	"github.com/midwatch-cli/midwatch/fleet/metrics/red/page"
	"github.com/midwatch-cli/midwatch/fleet/metrics/red/signature"
)

// What may be missing, in the words in which it is said.
const (
	NoNumbers       = "its counters are no numbers"
	NoErrors        = "its page has no error data"
	StrangeStatuses = "its statuses are not understood"
	SpoiltErrors    = "its counts of errors are no numbers"
	NoTimes         = "its page has no durations"
	NotTimed        = "no durations in the window"
	OnlyMean        = "no histogram: only an average"
	NoBuckets       = "the text form hides its histogram's buckets"
	NoQuantile      = "its summary has no such quantile"
	SpoiltSum       = "the sum of its durations is no number"
	NoUnit          = "the unit of its durations is not known"
)

// Part is one signature on one instance's page, and the series that count its
// calls.
type Part struct {
	signature.Match
	Of    string          // the value of Match.By that a view is of
	Calls []*page.Counter // also those that are no work: see Tally

	target   *page.Target
	native   bool // calls are counted by native histograms
	judged   bool // a label of calls has a status
	layer    string
	families map[string]bool
}

// Families are what Tally read, as the page spells them; sorted.
func (p *Part) Families() []string { return slices.Sorted(maps.Keys(p.families)) }

// Parts finds the parts of a page: the first signature of each protocol, and
// other views of the same calls. Matches are those of signature.Find.
func Parts(t *page.Target, matches []signature.Match) (main, views []*Part) {
	var covered signature.Protocol
	prefixed := "" // the signature that may be there under several prefixes
	taken := map[*page.Counter]bool{}
	for _, m := range matches {
		view := covered&m.Covers != 0 && (m.Prefix == "" || m.Name != prefixed)
		if view && m.View == "" {
			continue
		}
		p := &Part{Match: m, target: t, families: map[string]bool{}}
		p.find()
		if len(p.Calls) == 0 || slices.ContainsFunc(p.Calls, func(s *page.Counter) bool { return taken[s] }) {
			continue
		}
		if view {
			views = append(views, p.split()...)
			continue
		}
		for _, s := range p.Calls {
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

// find takes the first family of calls whose series tell a status, else the first
// that is there.
func (p *Part) find() {
	for _, family := range p.Match.Calls {
		name := signature.Parse(family)
		_, series := p.target.Lookup(p.Spellings(family, name.Part))
		native := false
		if name.Part == signature.Count {
			if _, whole := p.target.Lookup(p.Spellings(family, signature.Plain)); hasHistograms(whole) {
				series, native = whole, true
			}
		}
		if series = p.kept(series); len(series) == 0 {
			continue
		}
		judged := slices.ContainsFunc(series, func(s *page.Counter) bool { _, ok := p.Judge(s.Get); return ok })
		if p.Calls != nil && !judged {
			continue
		}
		p.Calls, p.native, p.judged = series, native, judged
		if judged {
			break
		}
	}
	if p.Outermost != "" && len(p.Calls) > 0 {
		p.layer = p.outermost()
		p.Calls = p.kept(p.Calls)
	}
}

// kept leaves out series that the signature does not look at.
func (p *Part) kept(series []*page.Counter) []*page.Counter {
	is := func(s *page.Counter, name, value string) bool { v, _ := s.Get(name); return v == value }
	var kept []*page.Counter
	for _, s := range series {
		switch {
		case p.Keep.Name != "" && !is(s, p.Keep.Name, p.Keep.Value):
		case p.Drop.Name != "" && is(s, p.Drop.Name, p.Drop.Value):
		case p.layer != "" && !is(s, p.Outermost, p.layer):
		case p.Of != "" && !is(s, p.By, p.Of):
		default:
			kept = append(kept, s)
		}
	}
	return kept
}

// outermost is the layer that most calls passed; of those with as many, the one
// that took longest, because the others are inside.
func (p *Part) outermost() string {
	calls, took := map[string]float64{}, map[string]float64{}
	for _, s := range p.Calls {
		layer, _ := s.Get(p.Outermost)
		calls[layer] += p.grown(s)
	}
	for _, family := range p.Times {
		_, sums := p.target.Lookup(p.Spellings(family, signature.Sum))
		for _, s := range sums {
			layer, _ := s.Get(p.Outermost)
			took[layer] += p.target.Increase(s.Points)
		}
	}
	return slices.MaxFunc(slices.Sorted(maps.Keys(calls)), func(a, b string) int {
		return cmp.Or(cmp.Compare(calls[a], calls[b]), cmp.Compare(took[a], took[b]), strings.Compare(b, a))
	})
}

// split makes a part for each value of the label that a view has.
func (p *Part) split() []*Part {
	if p.By == "" {
		return []*Part{p}
	}
	seen := map[string]bool{"": true}
	var parts []*Part
	for _, s := range p.Calls {
		v, _ := s.Get(p.By)
		if seen[v] {
			continue
		}
		seen[v] = true
		one := *p
		one.Of, one.families = v, map[string]bool{}
		one.Calls = one.kept(p.Calls)
		parts = append(parts, &one)
	}
	return parts
}

// Points are the samples of a series of calls.
func (p *Part) Points(s *page.Counter) []metrics.Point {
	if p.native {
		return page.Counts(s.Histograms)
	}
	return s.Points
}

// grown is by how much calls grew.
func (p *Part) grown(s *page.Counter) float64 { return p.target.Increase(p.Points(s)) }

func isSpoilt(p metrics.Point) bool { return !finite(p.V) }

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

// Work are the series of calls that are work.
func (p *Part) Work() []*page.Counter { return working(p.Calls) }

// used notes the families that were read.
func (p *Part) used(series []*page.Counter) {
	for _, s := range series {
		p.families[s.Labels.Name()] = true
	}
}
