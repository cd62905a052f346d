package red

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/midwatch-cli/midwatch/fleet/metrics/red/page"
	"github.com/midwatch-cli/midwatch/fleet/metrics/red/signature"
)

// Saturation is how loaded the processes are. Of a service it is their sum; of
// shares, the worst.
type Saturation struct {
	CPU        Value // cores in use: 1 is one of them
	Memory     Value // resident, in bytes
	Heap       Value // in use, in bytes
	HeapShare  Value // of its limit
	Goroutines Value
	Threads    Value
	OpenFiles  Value  // share of the limit
	Pools      []Pool // sorted by kind and name
}

// Pool is a pool of connections or threads.
type Pool struct {
	Kind    string // hikaricp, tomcat, ...
	Name    string // as the page has it, untrusted; empty where there is one
	Busy    Value
	Max     Value
	Share   Value // busy of max
	Waiting Value // for one of them
}

// saturationOf reads what pages say of the processes, and adds it up.
func saturationOf(all []*instance) Saturation {
	var s Saturation
	worst := func(value func(*page.Target) Value) Value { return worstOf(all, value) }
	sum := func(value func(*page.Target) Value) Value { return sumOf(all, value) }
	s.CPU = sum(cpuOf)
	s.Memory = sum(gaugeOf(memory))
	s.Heap = sum(gaugeOf(heap))
	s.HeapShare = worst(ratioOf(heap, heapLimit))
	s.Goroutines = sum(gaugeOf(goroutines))
	s.Threads = sum(gaugeOf(threads))
	s.OpenFiles = worst(ratioOf(openFiles, fileLimit))
	s.Pools = poolsOf(all)
	return s
}

// sumOf adds a value of all instances.
func sumOf(all []*instance, value func(*page.Target) Value) Value {
	if len(all) == 1 {
		return value(all[0].Target)
	}
	var total float64
	n, why := 0, WhyNoData
	for _, in := range all {
		v := value(in.Target)
		if !v.OK {
			why = v.Why
			continue
		}
		total, n = total+v.V, n+1
	}
	switch n {
	case 0:
		return none(why)
	case len(all):
		return some(total)
	}
	return some(total, fmt.Sprintf("of %d of %d instances", n, len(all)))
}

// worstOf is the highest value of all instances.
func worstOf(all []*instance, value func(*page.Target) Value) Value {
	n, worst, why := 0, 0.0, WhyNoData
	for _, in := range all {
		v := value(in.Target)
		if !v.OK {
			why = v.Why
			continue
		}
		worst, n = max(worst, v.V), n+1
	}
	switch n {
	case 0:
		return none(why)
	case 1:
		return some(worst)
	}
	return some(worst, fmt.Sprintf("worst of %d instances", n))
}

// found are the series of the first of several readings that a page has.
func (r readings) found(t *page.Target) []*page.Counter {
	for _, one := range r {
		var kept []*page.Counter
		for _, s := range t.Gauges[signature.Parse(one.family)] {
			if v, _ := s.Get(one.label); one.label == "" || v == one.value {
				kept = append(kept, s)
			}
		}
		if len(kept) > 0 {
			return kept
		}
	}
	return nil
}

// sum adds the series up. Those below 0 say that they do not know.
func (r readings) sum(t *page.Target) (total float64, ok bool) {
	for _, s := range r.found(t) {
		if v, is := s.Latest(); is {
			total, ok = total+v, true
		}
	}
	return total, ok
}

func gaugeOf(r readings) func(*page.Target) Value {
	return func(t *page.Target) Value {
		if v, ok := r.sum(t); ok {
			return some(v)
		}
		return none(WhyNoData)
	}
}

// limited says whether a limit is one: some stacks write the largest number for
// none.
func limited(limit float64) bool { return limit > 0 && limit != 1<<31-1 && limit < 1<<62 }

func ratioOf(busy, limit readings) func(*page.Target) Value {
	return func(t *page.Target) Value {
		v, ok := busy.sum(t)
		most, known := limit.sum(t)
		if !ok || !known || !limited(most) {
			return none(WhyNoData)
		}
		return some(v / most)
	}
}

// cpuOf is by how much the seconds of the processor grew, each second.
func cpuOf(t *page.Target) Value {
	for _, family := range cpuCounters {
		name := signature.Parse(family)
		series := t.Series[name]
		if len(series) == 0 {
			continue
		}
		if t.Elapsed() <= 0 {
			return none(WhyOneScrape)
		}
		var seconds float64
		for _, s := range series {
			seconds += t.Increase(s.Points) * name.Unit.InSeconds()
		}
		return some(seconds / t.Elapsed().Seconds())
	}
	// A share of all cores, as the process itself has watched it.
	usage, ok := cpuUsage.sum(t)
	cores, known := cpuCount.sum(t)
	if !ok || !known {
		return none(WhyNoData)
	}
	return some(usage*cores, "as its page calculates it")
}

// poolsOf are the pools of all instances, by kind and name.
func poolsOf(all []*instance) []Pool {
	type key struct{ kind, name string }
	found := map[key][]Pool{}
	for _, in := range all {
		for i := range pools {
			if u := pools[i].unless; u != "" && len(in.Gauges[signature.Parse(u)]) > 0 {
				continue
			}
			for _, p := range pools[i].of(in.Target) {
				found[key{p.Kind, p.Name}] = append(found[key{p.Kind, p.Name}], p)
			}
		}
	}
	var list []Pool
	for _, k := range slices.SortedFunc(maps.Keys(found), func(a, b key) int {
		return cmp.Or(strings.Compare(a.kind, b.kind), strings.Compare(a.name, b.name))
	}) {
		list = append(list, together(found[k]))
	}
	return list
}

// together adds pools of several instances up.
func together(all []Pool) Pool {
	if len(all) == 1 {
		return all[0]
	}
	p := Pool{Kind: all[0].Kind, Name: all[0].Name}
	add := func(of func(*Pool) Value) Value {
		var total float64
		n := 0
		for i := range all {
			if v := of(&all[i]); v.OK {
				total, n = total+v.V, n+1
			}
		}
		if n == 0 {
			return of(&all[0])
		}
		return some(total)
	}
	p.Busy, p.Max, p.Waiting = add(func(p *Pool) Value { return p.Busy }), add(func(p *Pool) Value { return p.Max }), add(func(p *Pool) Value { return p.Waiting })
	p.Share = none(WhyNoData)
	for _, one := range all {
		if one.Share.OK && (!p.Share.OK || one.Share.V > p.Share.V) {
			p.Share = some(one.Share.V, fmt.Sprintf("worst of %d instances", len(all)))
		}
	}
	return p
}

// of are the pools of one kind of an instance.
func (k *poolKind) of(t *page.Target) []Pool {
	value := func(family, name string) Value {
		if family == "" {
			return none(WhyNoData)
		}
		for _, s := range t.Gauges[signature.Parse(family)] {
			if v, _ := s.Get(k.label); k.label != "" && v != name || k.only.label != "" && family == k.only.family && !k.only.holds(s) {
				continue
			}
			if v, ok := s.Latest(); ok {
				return some(v)
			}
		}
		return none(WhyNoData)
	}
	names := map[string]bool{}
	for _, s := range t.Gauges[signature.Parse(cmp.Or(k.busy, k.free))] {
		name, _ := s.Get(k.label)
		names[name] = true
	}
	var list []Pool
	for name := range names {
		p := Pool{Kind: k.kind, Name: name, Busy: value(k.busy, name), Max: value(k.most, name), Waiting: value(k.waiting, name), Share: none(WhyNoData)}
		if free := value(k.free, name); k.free != "" && free.OK && p.Max.OK {
			p.Busy = some(max(p.Max.V-free.V, 0))
		}
		if p.Max.OK && !limited(p.Max.V) {
			p.Max = none(WhyNoLimit)
		}
		if p.Busy.OK && p.Max.OK {
			p.Share = some(p.Busy.V / p.Max.V)
		} else if !p.Max.OK {
			p.Share = p.Max
		}
		list = append(list, p)
	}
	return list
}
