// Package count counts the calls that a page tells of: how many, which failed,
// and how long they took, by the signatures that the page has.
package count

import (
	"fmt"
	"maps"
	"math"
	"slices"

	"github.com/midwatch-cli/midwatch/fleet/metrics/red/signature"
	"github.com/midwatch-cli/midwatch/fleet/metrics/red/spread"
)

// Tally is what was counted: of one part of a page, of an instance, or of a
// service. Tallies are added before anything is divided, so a service's numbers
// are those of all its calls.
type Tally struct {
	Calls     float64
	Rates     float64 // per second, summed over instances
	Instances int     // that were found
	Scraped   int     // of them, with a rate

	Errors, Clients             bool    // a page tells which failed; which were the caller's fault
	Failed, Refused             float64 // those
	JudgedErrors, JudgedClients float64 // of the calls of parts that tell

	strange float64 // calls of a part with a status that nobody understands

	Timed      float64 // calls of parts with buckets
	Spread     spread.Spread
	Averaged   float64 // calls of parts with sums
	Sum, Count float64 // seconds, and the calls that took them
	Guessed    string  // the unit, where it was
	Averages   Averages
	Maximum    Worst
	Quantiles  map[float64]Worst // that pages calculated themselves

	Why map[string]bool // what is missing
}

// New makes a tally of nothing.
func New() *Tally { return &Tally{Quantiles: map[float64]Worst{}, Why: map[string]bool{}} }

// Averages is an average of averages, each weighted by the calls that it is of.
type Averages struct {
	Sum, Weight float64 // seconds times calls, and calls
	Of          string  // what is averaged
	Loose       Worst   // of those of which nobody knows how many calls they are of
}

// Worst is the highest of several values.
type Worst struct {
	V         float64
	Series    int // there were so many
	Instances int // of so many
}

func (w Worst) or(o Worst) Worst {
	return Worst{max(w.V, o.V), w.Series + o.Series, w.Instances + o.Instances}
}

// and takes in one more value of the same instance.
func (w Worst) and(v float64) Worst { return Worst{max(w.V, v), w.Series + 1, 1} }

// From says what the worst was chosen from; single is said where it was not.
func (w Worst) From(single string) string {
	switch {
	case w.Instances > 1:
		return fmt.Sprintf("worst of %d instances", w.Instances)
	case w.Series > 1:
		return fmt.Sprintf("worst of %d series", w.Series)
	}
	return single
}

// Add takes another tally in. Of its rate a share counts.
func (t *Tally) Add(o *Tally, share float64) {
	t.Calls, t.Rates = t.Calls+o.Calls, t.Rates+o.Rates*share
	t.Instances, t.Scraped = t.Instances+o.Instances, t.Scraped+o.Scraped
	t.Failed, t.Refused = t.Failed+o.Failed, t.Refused+o.Refused
	t.JudgedErrors, t.JudgedClients = t.JudgedErrors+o.JudgedErrors, t.JudgedClients+o.JudgedClients
	t.Errors, t.Clients = t.Errors || o.Errors, t.Clients || o.Clients
	t.Timed, t.Spread = t.Timed+o.Timed, spread.Join(slices.Concat(t.Spread, o.Spread))
	t.Averaged, t.Sum, t.Count = t.Averaged+o.Averaged, t.Sum+o.Sum, t.Count+o.Count
	t.Guessed = max(t.Guessed, o.Guessed)
	t.Averages = Averages{
		t.Averages.Sum + o.Averages.Sum, t.Averages.Weight + o.Averages.Weight,
		max(t.Averages.Of, o.Averages.Of), t.Averages.Loose.or(o.Averages.Loose),
	}
	t.Maximum = t.Maximum.or(o.Maximum)
	for q, w := range o.Quantiles {
		t.Quantiles[q] = t.Quantiles[q].or(w)
	}
	maps.Copy(t.Why, o.Why)
}

// First returns the first of several reasons that is among those that something
// is missing for; empty where none is.
func (t *Tally) First(whys ...string) string {
	if i := slices.IndexFunc(whys, func(why string) bool { return t.Why[why] }); i >= 0 {
		return whys[i]
	}
	return ""
}

// Tally counts a part of a page.
func (p *Part) Tally() *Tally {
	t := New()
	calls := working(p.Calls)
	p.used(p.Calls)
	for _, s := range calls {
		if slices.ContainsFunc(p.Points(s), isSpoilt) { // how many calls it hides is not known
			t = New()
			t.Why[NoNumbers] = true
			return t
		}
		n := p.grown(s)
		t.Calls += n
		if p.judged {
			t.judge(p, s.Get, n)
		}
	}
	if p.judged && len(calls) == 0 {
		t.Errors, t.Clients = true, true // they would tell
	}
	p.responses(t)
	understood := max(t.Calls-t.strange, 0)
	if t.strange > 0 {
		t.Why[StrangeStatuses] = true
	}
	switch {
	case t.Errors:
		t.JudgedErrors = understood
	case t.Why[SpoiltErrors]:
	case p.judged:
		t.Why[StrangeStatuses] = true
	default:
		t.Why[NoErrors] = true
	}
	if t.Clients {
		t.JudgedClients = understood
	}
	p.times(t, calls)
	return t
}

// judge counts calls of one status.
func (t *Tally) judge(p *Part, get func(string) (string, bool), n float64) {
	class, ok := p.Match.Judge(get)
	switch {
	case !ok, class == signature.Failed: // other calls have a status: these got none
		t.Failed += n
	case class == signature.ClientFault:
		t.Refused += n
	case class == signature.Unjudged: // they may have failed, or not
		t.strange += n
		return
	}
	t.Errors, t.Clients = true, true
}

// responses counts failures where the calls themselves do not tell them.
func (p *Part) responses(t *Tally) {
	if p.Responses != "" {
		_, series := p.target.Lookup(p.Spellings(p.Responses, signature.Total))
		for _, s := range p.kept(series) {
			if slices.ContainsFunc(s.Points, isSpoilt) {
				t.Why[SpoiltErrors] = true
				continue
			}
			t.judge(p, s.Get, p.target.Increase(s.Points))
		}
		if p.used(series); t.Why[SpoiltErrors] { // how many it hides is not known
			t.Failed, t.Refused, t.strange, t.Errors, t.Clients = 0, 0, 0, false, false
		}
	}
	// One counter that is no number hides how many there were: then nobody tells.
	sum := func(families []string) (n float64, there bool) {
		spoilt := false
		for _, family := range families {
			_, series := p.target.Lookup(p.Spellings(family, signature.Total))
			for _, s := range working(p.kept(series)) {
				spoilt = spoilt || slices.ContainsFunc(s.Points, isSpoilt)
				n, there = n+p.target.Increase(s.Points), true
			}
			p.used(series)
		}
		if spoilt {
			t.Why[SpoiltErrors] = true
		}
		return n, there && !spoilt
	}
	if n, there := sum(p.Match.Failed); there {
		t.Failed, t.Errors = n, true
	}
	if n, there := sum(p.Match.Refused); there {
		t.Refused, t.Clients = n, true
	}
}

func finite(v float64) bool { return !math.IsNaN(v) && !math.IsInf(v, 0) }
