package history

import (
	"math"
	"slices"
	"strings"
	"time"

	"github.com/midwatch-cli/midwatch/fleet"
	"github.com/midwatch-cli/midwatch/probe"
)

// Number is one of the numbers of a service or an instance.
type Number uint8

// The numbers.
const (
	Rate Number = iota
	Errors
	P50
	P95
	P99
	numbers
)

// phases are those of a probe that are remembered, in their order.
var phases = [...]string{"resolve", "dial", "tls", "send", "wait", "body"}

// Phases are the phases of a probe that are remembered, in their order.
func Phases() []string { return slices.Clone(phases[:]) }

// Pass is what one pass said of a service or an instance.
type Pass struct {
	There   bool // it was in that pass; else all the rest says nothing
	Asked   bool // it was probed
	Flaky   bool // it took a retry to pass
	Status  fleet.Status
	Outcome probe.Outcome // of the deciding probe
	numbers [numbers]float32
	took    uint32 // microseconds
	phases  [len(phases)]uint32
}

// Number is one of its numbers; NaN where nobody measured.
func (p *Pass) Number(n Number) float64 {
	if !p.There {
		return math.NaN()
	}
	return float64(p.numbers[n])
}

// Took is how long the deciding probe took.
func (p *Pass) Took() time.Duration { return time.Duration(p.took) * time.Microsecond }

func passOf(s fleet.Status, t *fleet.Traffic) Pass {
	p := Pass{There: true, Status: s}
	nan := math.NaN()
	of := [numbers]float64{nan, nan, nan, nan, nan}
	if t != nil {
		of = [numbers]float64{Rate: t.Rate, Errors: t.Errors, P50: t.P50, P95: t.P95, P99: t.P99}
	}
	for i, v := range of {
		p.numbers[i] = float32(v)
	}
	return p
}

// ask takes the deciding probe.
func (p *Pass) ask(r *probe.Result) {
	p.Asked, p.Outcome, p.took = true, r.Outcome, micro(r.Took)
	for i := range r.Phases {
		if at := slices.Index(phases[:], r.Phases[i].Name); at >= 0 {
			p.phases[at] = max(1, micro(r.Phases[i].Took)) // 0 is none
		}
	}
}

// micro is a duration in microseconds, as far as there is room for it.
func micro(d time.Duration) uint32 { return uint32(max(0, min(d/time.Microsecond, math.MaxUint32))) }

// Life is how a service or an instance fared.
type Life struct {
	of          *History
	first, last uint64     // numbers of the passes it was in
	at          time.Time  // of the last one
	passes      [Kept]Pass // each at its number modulo Kept
	failures    []Failure
	breakers    []switching
}

// put takes the newest pass. Those since the last one, it was not in.
func (l *Life) put(p Pass) {
	for n := max(l.last+1, l.of.floor); n < l.of.seen; n++ {
		l.passes[n%Kept] = Pass{}
	}
	l.passes[l.of.seen%Kept], l.last = p, l.of.seen
	l.at = l.of.times[l.last%Kept]
}

// Pass is what the i-th of the history's passes said, the oldest first.
func (l *Life) Pass(i int) Pass {
	if n := l.of.floor + uint64(i); n >= l.first && n <= l.last {
		return l.passes[n%Kept]
	}
	return Pass{}
}

// Last fills numbers with those of the latest passes, the newest last; NaN where
// there is none.
func (l *Life) Last(of Number, into []float64) []float64 {
	from := l.of.Passes() - len(into)
	for i := range into {
		into[i] = math.NaN()
		if from+i >= 0 {
			p := l.Pass(from + i)
			into[i] = p.Number(of)
		}
	}
	return into
}

// Seen is when it was there last.
func (l *Life) Seen() time.Time { return l.at }

// Gone is when it was found missing; zero while it is there.
func (l *Life) Gone() time.Time {
	if l.last >= l.of.seen {
		return time.Time{}
	}
	return l.of.times[max(l.last+1, l.of.floor)%Kept]
}

// Usual is how long a phase took in the middle of the passes in which it went
// well; an unnamed phase is all of them together. False where that is not known.
func (l *Life) Usual(phase string) (time.Duration, bool) {
	at := slices.Index(phases[:], phase)
	if at < 0 && phase != "" {
		return 0, false
	}
	all := make([]uint32, 0, Kept)
	for i := range l.of.Passes() {
		p := l.Pass(i)
		if !p.Asked || p.Outcome != probe.Pass && p.Outcome != probe.Warn {
			continue
		}
		if took := p.took; at < 0 {
			all = append(all, took)
		} else if took = p.phases[at]; took > 0 {
			all = append(all, took)
		}
	}
	if len(all) == 0 {
		return 0, false
	}
	slices.Sort(all)
	return time.Duration(all[len(all)/2]) * time.Microsecond, true
}

// rewind takes back what came after a pass; false where nothing is left.
func (l *Life) rewind(seen uint64, to time.Time) bool {
	if l.first > seen {
		return false
	}
	if l.last > seen {
		for l.last = seen; l.last > max(l.first, l.of.floor) && !l.passes[l.last%Kept].There; {
			l.last--
		}
		l.at = l.of.times[l.last%Kept]
	}
	l.failures = slices.DeleteFunc(l.failures, func(f Failure) bool { return !f.From.Before(to) })
	for i := range l.failures {
		f := &l.failures[i]
		if !f.Last.Before(to) {
			f.Last = l.at
		}
		if !f.Until.Before(to) {
			f.Until, f.Turned = time.Time{}, false
		}
	}
	kept := l.breakers[:0]
	for _, b := range l.breakers {
		if b.rewind(seen, to) {
			kept = append(kept, b)
		}
	}
	clear(l.breakers[len(kept):])
	l.breakers = kept
	return true
}

// kept is a text that does not hold on to the answer it was cut from.
func kept(s string) string {
	const most = 300
	if len(s) > most {
		s = strings.ToValidUTF8(s[:most], "") + "…"
	}
	return strings.Clone(s)
}

// push appends and keeps the last n, in the same memory.
func push[T any](all []T, one T, n int) []T {
	if len(all) < n {
		return append(all, one)
	}
	copy(all, all[len(all)-n+1:])
	all = all[:n]
	all[n-1] = one
	return all
}
