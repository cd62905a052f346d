package red

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/midwatch-cli/midwatch/fleet/metrics/red/page"
)

// instance is a target with what was counted of it.
type instance struct {
	*page.Target
	tally *tally
	used  map[string]map[string]bool // families by signature
	views map[viewKey]*tally
}

type viewKey struct{ name, of, signature string }

// rows makes a row for each instance and each service, sorted by labels.
func (c *computation) rows(targets page.Targets) (instances, services []Row) {
	byService := map[string][]*instance{}
	for _, key := range slices.Sorted(maps.Keys(targets)) { // sums do not depend on the order of an answer
		in := c.count(targets[key])
		row := in.row()
		row.Labels = in.Labels
		row.Saturation = saturationOf(in.Target)
		instances = append(instances, row)
		service := fmt.Sprintf("%q", in.Service)
		byService[service] = append(byService[service], in)
	}
	for _, key := range slices.Sorted(maps.Keys(byService)) {
		services = append(services, serviceRow(byService[key]))
	}
	byLabels := func(a, b Row) int { return a.Labels.Compare(b.Labels) }
	slices.SortFunc(instances, byLabels)
	slices.SortFunc(services, byLabels)
	return instances, services
}

// count counts the calls of one target.
func (c *computation) count(t *page.Target) *instance {
	in := &instance{Target: t, tally: newTally(), used: map[string]map[string]bool{}, views: map[viewKey]*tally{}}
	main, views := c.chosen(t)
	for _, p := range main {
		in.tally.add(p.tally())
		if in.used[p.m.Name] == nil {
			in.used[p.m.Name] = map[string]bool{}
		}
		maps.Copy(in.used[p.m.Name], p.families)
	}
	in.tally.instances = 1
	elapsed := t.Elapsed()
	why := ""
	switch {
	case unread(t):
		why = WhyUnread
	case len(main) == 0:
		why = WhyNotCounted
	case t.First == t.Last:
		why = WhyOneScrape
	case elapsed <= 0:
		why = WhyProcesses
	}
	rate := func(n *tally) {
		if n.instances = 1; why != "" {
			n.why[why] = true
			return
		}
		n.scraped, n.rates = 1, n.calls/elapsed.Seconds()
	}
	rate(in.tally)
	for _, p := range views {
		n := p.tally()
		rate(n)
		in.views[viewKey{p.m.View, p.by, p.m.Name}] = n
	}
	return in
}

// unread says whether a Prometheus server could not read its page.
func unread(t *page.Target) bool {
	up := t.Gauges["up"]
	return t.Scrapes == 0 && len(up) > 0 && len(up[0].Points) > 0 && up[0].Points[len(up[0].Points)-1].V == 0
}

func (in *instance) row() Row {
	r := Row{Numbers: in.tally.numbers(), Restarts: in.Restarts, Instances: 1}
	r.seen(in.Target)
	r.Signatures = usedList(in.used)
	r.Views = viewList(in.views)
	return r
}

// seen notes when samples were taken.
func (r *Row) seen(t *page.Target) {
	if t.Scrapes == 0 {
		return
	}
	first, last := time.UnixMilli(t.First).UTC(), time.UnixMilli(t.Last).UTC()
	if r.First.IsZero() || first.Before(r.First) {
		r.First = first
	}
	if last.After(r.Last) {
		r.Last = last
	}
}

// serviceRow adds instances up.
func serviceRow(all []*instance) Row {
	r := Row{Labels: all[0].Service, Instances: len(all)}
	sum, used, views := newTally(), map[string]map[string]bool{}, map[viewKey]*tally{}
	for _, in := range all {
		r.seen(in.Target)
		r.Restarts += in.Restarts
	}
	for _, in := range all {
		present := in.presence(r.First, r.Last)
		sum.addWeighted(in.tally, present)
		for name, families := range in.used {
			if used[name] == nil {
				used[name] = map[string]bool{}
			}
			maps.Copy(used[name], families)
		}
		for key, n := range in.views {
			if views[key] == nil {
				views[key] = newTally()
			}
			views[key].addWeighted(n, present)
		}
	}
	r.Numbers = sum.numbers()
	r.Signatures = usedList(used)
	r.Views = viewList(views)
	r.Saturation = saturationOfAll(all)
	return r
}

// presence is the share of a service's time for which one instance was there:
// in a rolling deployment one goes where another comes, and their rates do not
// add up. Up to an interval between scrapes at each end is only when it happened
// to be scraped.
func (in *instance) presence(first, last time.Time) float64 {
	span := last.Sub(first)
	if span <= 0 || in.Scrapes == 0 {
		return 1
	}
	there := time.Duration(in.Last-in.First)*time.Millisecond + 2*in.Interval()
	return min(1, there.Seconds()/span.Seconds())
}

func (t *tally) addWeighted(o *tally, present float64) {
	rates := t.rates
	t.add(o)
	t.rates = rates + o.rates*present
}

func usedList(used map[string]map[string]bool) []Used {
	var list []Used
	for _, name := range slices.Sorted(maps.Keys(used)) {
		list = append(list, Used{Signature: name, Families: slices.Sorted(maps.Keys(used[name]))})
	}
	return list
}

func viewList(views map[viewKey]*tally) []View {
	var list []View
	for key, n := range views {
		list = append(list, View{Name: key.name, Of: key.of, Signature: key.signature, Numbers: n.numbers()})
	}
	slices.SortFunc(list, func(a, b View) int {
		return cmp.Or(strings.Compare(a.Name, b.Name), strings.Compare(a.Of, b.Of))
	})
	return list
}

// The reasons, the one that explains most first.
var rateWhys = []string{WhyUnread, WhyNotCounted, WhyOneScrape, WhyProcesses}

var timeWhys = []string{WhyNotTimed, WhyUnit, WhyMean, WhyQuantile, WhyNoBuckets, WhyNoTimes}

func (t *tally) first(whys []string) string {
	for _, why := range whys {
		if t.why[why] {
			return why
		}
	}
	return whys[len(whys)-1]
}

func none(why string) Value { return Value{Why: why} }

// some is a number, if it is one.
func some(v float64, approx string) Value {
	if !finite(v) || v < 0 {
		return none(WhyNumber)
	}
	return Value{V: v, OK: true, Approx: approx}
}

// numbers divides what was counted.
func (t *tally) numbers() Numbers {
	if t.scraped == 0 {
		n := none(t.first(rateWhys))
		return Numbers{n, n, n, n, n, n, n, n, n}
	}
	if t.calls == 0 && t.why[WhyNumber] {
		n := none(WhyNumber)
		return Numbers{n, n, n, n, n, n, n, n, n}
	}
	of := ""
	if t.scraped < t.instances {
		of = fmt.Sprintf("of %d of %d instances", t.scraped, t.instances)
	}
	return Numbers{
		Requests: some(t.calls, of), Rate: some(t.rates, of),
		Errors:       t.ratio(t.failed, t.errors),
		ClientErrors: t.ratio(t.refused, t.clients),
		P50:          t.at(0.5), P95: t.at(0.95), P99: t.at(0.99),
		Mean: t.mean(), Max: t.max(),
	}
}

// ratio is a share of the calls.
func (t *tally) ratio(n float64, told bool) Value {
	switch {
	case !told:
		return none(t.first([]string{WhyStatuses, WhyNoErrors}))
	case t.known <= 0:
		return none(WhyNoCalls)
	}
	return some(min(n/t.known, 1), share(t.known, t.calls))
}

// at is a quantile of the durations.
func (t *tally) at(q float64) Value {
	if len(t.spread) > 0 {
		if t.spread.Shapeless() {
			return none(WhyBounds)
		}
		seconds, in := t.spread.Quantile(q)
		coarse := ""
		if in.Coarse {
			coarse = "of histograms with other bounds"
		}
		v := some(seconds, joinedText(t.guessed, share(t.timed, t.calls), coarse))
		v.Over = v.OK && in.Open()
		return v
	}
	if w, ok := t.quantiles[q]; ok {
		return some(w.v, joinedText(w.text("as its page calculates it"), t.guessed))
	}
	why := t.first(timeWhys)
	if t.calls == 0 && why != WhyMean && why != WhyNoTimes && why != WhyUnit && why != WhyNoBuckets {
		why = WhyNoCalls
	}
	return none(why)
}

// text says what the worst was chosen from.
func (w worst) text(single string) string {
	switch {
	case w.sources > 1:
		return fmt.Sprintf("worst of %d instances", w.sources)
	case w.series > 1:
		return fmt.Sprintf("worst of %d series", w.series)
	}
	return single
}

func (t *tally) mean() Value {
	switch {
	case t.count > 0:
		return some(t.sum/t.count, joinedText(t.guessed, share(t.averaged, t.calls)))
	case t.averages.weight > 0:
		return some(t.averages.sum/t.averages.weight, t.averages.of)
	case t.averages.loose.series > 0:
		return some(t.averages.loose.v, joinedText(t.averages.loose.text(""), t.averages.of))
	case t.why[WhyUnit]:
		return none(WhyUnit)
	case t.why[WhyNoTimes] && !t.why[WhyMean]:
		return none(WhyNoTimes)
	case t.calls == 0:
		return none(WhyNoCalls)
	}
	return none(WhyNotTimed)
}

func (t *tally) max() Value {
	if !t.hasMaximum {
		return none(WhyNoMax)
	}
	return some(t.maximum, "of the last minutes")
}

// joinedText puts what is said of a number into one line.
func joinedText(parts ...string) string {
	return strings.Join(slices.DeleteFunc(parts, func(s string) bool { return s == "" }), ", ")
}
