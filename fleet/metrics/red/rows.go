package red

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/midwatch-cli/midwatch/fleet/metrics/red/count"
	"github.com/midwatch-cli/midwatch/fleet/metrics/red/page"
	"github.com/midwatch-cli/midwatch/fleet/metrics/red/signature"
)

// instance is a page with what was counted of it.
type instance struct {
	*page.Target
	tally *count.Tally
	used  used
	views map[viewKey]*count.Tally
}

// used are families by signature.
type used map[string]map[string]bool

type viewKey struct{ name, of, signature string }

// rows makes a row for each instance and each service, sorted by labels.
func (c *computation) rows(targets page.Targets) (instances, services []Row) {
	byService := map[string][]*instance{}
	for _, key := range slices.Sorted(maps.Keys(targets)) { // sums do not depend on the order of an answer
		in := c.count(targets[key])
		row := rowOf([]*instance{in})
		row.Labels = in.Labels
		instances = append(instances, row)
		service := fmt.Sprintf("%q", in.Service)
		byService[service] = append(byService[service], in)
	}
	for _, all := range byService {
		row := rowOf(all)
		row.Labels = all[0].Service
		services = append(services, row)
	}
	byLabels := func(a, b Row) int { return a.Labels.Compare(b.Labels) }
	slices.SortFunc(instances, byLabels)
	slices.SortFunc(services, byLabels)
	return instances, services
}

// count counts the calls of one page.
func (c *computation) count(t *page.Target) *instance {
	in := &instance{Target: t, tally: count.New(), used: used{}, views: map[viewKey]*count.Tally{}}
	main, views := count.Parts(t, c.matches(t))
	for _, p := range main {
		in.tally.Add(p.Tally(), 1)
		in.used.note(p.Name, p.Families()...)
	}
	why := unread(t)
	switch {
	case why != "":
	case len(main) == 0:
		why = WhyNotCounted
	case t.First == t.Last:
		why = WhyOneScrape
	case t.Elapsed() <= 0:
		why = WhyProcesses
	case in.tally.Why[WhyNumber]: // of one protocol at least: what the others count is not all
		why, in.tally = WhyNumber, count.New()
	}
	rate := func(n *count.Tally) {
		n.Instances = 1
		switch {
		case why != "":
			n.Why[why] = true
			return
		case n.Why[WhyNumber]:
			return
		}
		n.Scraped, n.Rates = 1, n.Calls/t.Elapsed().Seconds()
	}
	rate(in.tally)
	for _, p := range views {
		n := p.Tally()
		rate(n)
		in.views[viewKey{p.View, p.Of, p.Name}] = n
	}
	return in
}

// unread is why nothing was read of a page in the window; empty where something
// was.
func unread(t *page.Target) string {
	if t.Scrapes > 0 {
		return ""
	}
	read := false
	for name, series := range t.Gauges {
		v, ok := series[0].Latest()
		switch {
		case name == presentName: // it is there, and that is all
		case ok && v == 0 && slices.ContainsFunc(readNames, func(n string) bool { return signature.Parse(n) == name }):
			return WhyUnread
		default:
			read = true
		}
	}
	if read {
		return ""
	}
	return WhyNotScraped
}

// rowOf adds instances up.
func rowOf(all []*instance) Row {
	r := Row{Instances: len(all), Saturation: saturationOf(all)}
	for _, in := range all {
		r.seen(in.Target)
		r.Restarts += in.Restarts
	}
	sum, families, views := count.New(), used{}, map[viewKey]*count.Tally{}
	for _, in := range all {
		present := in.presence(r.First, r.Last)
		sum.Add(in.tally, present)
		for name, of := range in.used {
			families.note(name, slices.Collect(maps.Keys(of))...)
		}
		for key, n := range in.views {
			if views[key] == nil {
				views[key] = count.New()
			}
			views[key].Add(n, present)
		}
	}
	r.Numbers, r.Signatures, r.Views = numbersOf(sum), families.list(), viewList(views)
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

// presence is the share of a service's time for which one instance was there:
// in a rolling deployment one goes where another comes, and their rates do not
// add up. An interval between scrapes is only when it happened to be scraped.
func (in *instance) presence(first, last time.Time) float64 {
	span := last.Sub(first)
	if span <= 0 || in.Scrapes == 0 {
		return 1
	}
	there := time.Duration(in.Last-in.First)*time.Millisecond + in.Interval()
	return min(1, there.Seconds()/span.Seconds())
}

func (u used) note(signature string, families ...string) {
	if u[signature] == nil {
		u[signature] = map[string]bool{}
	}
	for _, f := range families {
		u[signature][f] = true
	}
}

func (u used) list() []Used {
	var list []Used
	for _, name := range slices.Sorted(maps.Keys(u)) {
		list = append(list, Used{Signature: name, Families: slices.Sorted(maps.Keys(u[name]))})
	}
	return list
}

func viewList(views map[viewKey]*count.Tally) []View {
	var list []View
	for key, n := range views {
		list = append(list, View{Name: key.name, Of: key.of, Signature: key.signature, Numbers: numbersOf(n)})
	}
	slices.SortFunc(list, func(a, b View) int {
		return cmp.Or(strings.Compare(a.Name, b.Name), strings.Compare(a.Of, b.Of))
	})
	return list
}
