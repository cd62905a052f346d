package red

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/midwatch-cli/midwatch/fleet/metrics/red/count"
	"github.com/midwatch-cli/midwatch/fleet/metrics/red/page"
	"github.com/midwatch-cli/midwatch/fleet/metrics/red/signature"
)

// maxSteps bounds a history: no screen is wider.
const maxSteps = 10_000

// stretch is the time between two scrapes, in Unix milliseconds.
type stretch struct{ from, to int64 }

func (s stretch) compare(o stretch) int {
	return cmp.Or(cmp.Compare(s.from, o.from), cmp.Compare(s.to, o.to))
}

// flow is the calls of one instance over time.
type flow struct {
	*page.Target
	calls map[stretch]float64
}

// history asks for the calls of a longer time and gives each row its rates. They
// end where all of its instances that are there have been scraped.
func (c *computation) history(ctx context.Context, names []string, r *Report) error {
	h := c.o.History
	if h.Range/h.Step > maxSteps {
		h.Range = maxSteps * h.Step
	}
	want := strings.TrimPrefix(quoted(c.wanted(names, false))+"|"+signature.Spelled(page.StartTime), "|")
	samples, err := c.ask(ctx, c.matching(want)+window(h.Range+h.Step))
	if err != nil {
		return err
	}
	to := c.o.At.UnixMilli()
	instances, services := map[string][]flow{}, map[string][]flow{}
	for _, t := range c.sorter.Sort(samples, to-(h.Range+h.Step).Milliseconds(), to) {
		f := flow{t, map[stretch]float64{}}
		main, _ := count.Parts(t, c.matches(t))
		for _, p := range main {
			for _, s := range p.Work() {
				t.Growth(p.Points(s), func(from, to int64, n float64) { f.calls[stretch{from, to}] += n })
			}
		}
		if len(main) > 0 && t.First < t.Last {
			instance, service := fmt.Sprintf("%q", t.Labels), fmt.Sprintf("%q", t.Service)
			instances[instance] = append(instances[instance], f)
			services[service] = append(services[service], f)
		}
	}
	for i := range r.Instances {
		r.Instances[i].History = h.rates(instances[fmt.Sprintf("%q", r.Instances[i].Labels)])
	}
	for i := range r.Services {
		r.Services[i].History = h.rates(services[fmt.Sprintf("%q", r.Services[i].Labels)])
	}
	return nil
}

// rates are those of each step, the latest last. Calls between two scrapes are
// spread evenly.
func (h History) rates(flows []flow) []Value {
	n := max(int(h.Range/h.Step), 1)
	rates := make([]Value, n)
	for i := range rates {
		rates[i] = none(WhyNotThen)
	}
	if len(flows) == 0 {
		return rates
	}
	first, end := known(flows)
	step := h.Step.Milliseconds()
	begin := end - int64(n)*step
	calls := make([]float64, n)
	for _, f := range flows {
		for _, s := range slices.SortedFunc(maps.Keys(f.calls), stretch.compare) { // sums are the same each time
			shared(s, begin, step, f.calls[s], calls)
		}
	}
	for i := range rates {
		from := begin + int64(i)*step
		if there := min(from+step, end) - max(from, first); there*2 >= step {
			rates[i] = some(calls[i] / float64(there) * 1000)
		}
	}
	return rates
}

// known is the time of which all instances that are still there are known.
func known(flows []flow) (first, end int64) {
	first = flows[0].First
	for _, f := range flows {
		first, end = min(first, f.First), max(end, f.Last)
	}
	latest := end
	for _, f := range flows {
		if f.Last >= latest-2*f.Interval().Milliseconds() { // else it has gone
			end = min(end, f.Last)
		}
	}
	return first, end
}

// shared adds calls of a stretch to the steps that it covers.
func shared(s stretch, begin, step int64, amount float64, calls []float64) {
	for i := max(0, (s.from-begin)/step); i < int64(len(calls)); i++ {
		from := begin + i*step
		if from >= s.to {
			return
		}
		if part := min(s.to, from+step) - max(s.from, from); part > 0 {
			calls[i] += amount * float64(part) / float64(s.to-s.from)
		}
	}
}
