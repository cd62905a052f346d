package series_test

import (
	"cmp"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/prometheus/model/histogram"
	"github.com/prometheus/prometheus/model/labels"

	"github.com/midwatch-cli/midwatch/fleet/metrics"
	"github.com/midwatch-cli/midwatch/fleet/metrics/series"
)

// The store is held against a model that keeps everything in lists, and knows
// the rules in the plainest way.

const modelWindow = 60_000

// modelSample is a sample as dump writes it.
type modelSample struct {
	at   int64
	text string
}

type modelSeries struct {
	samples []modelSample
	live    bool // in the last page, at its time
}

func (m *modelSeries) last() int64 {
	if n := len(m.samples); n > 0 {
		return m.samples[n-1].at
	}
	return math.MinInt64
}

func (m *modelSeries) add(s modelSample) {
	m.samples = append(m.samples, s)
	slices.SortStableFunc(m.samples, func(a, b modelSample) int { return cmp.Compare(a.at, b.at) })
}

type modelTarget struct {
	newest int64
	series map[string]*modelSeries // by joined labels, as text
}

func (m *modelTarget) stale(at int64, in map[string]bool) {
	for key, s := range m.series {
		if s.live && !in[key] {
			s.add(modelSample{at, "stale"})
		}
		s.live = in[key]
	}
	m.newest = at
}

// modelLine is one line of a random page.
type modelLine struct {
	name, n string
	at      int64
	v       float64
	h       *histogram.FloatHistogram
}

func (l modelLine) text() string {
	if l.h != nil {
		return fmt.Sprintf("h%g", l.h.Count)
	}
	return fmt.Sprintf("%g", l.v)
}

// page says what of a page is kept, in order, or nothing.
func (m *modelTarget) page(instance string, at int64, lines []modelLine, finish bool) (accepted []bool) {
	pending := map[string][]modelSample{}
	in := map[string]bool{}
	for _, l := range lines {
		key := labels.FromStrings("__name__", l.name, "n", l.n, "instance", instance).String()
		s := m.series[key]
		last, said := int64(math.MinInt64), ""
		if s != nil && len(s.samples) > 0 {
			last, said = s.last(), s.samples[len(s.samples)-1].text
		}
		if p := pending[key]; len(p) > 0 {
			last, said = p[len(p)-1].at, p[len(p)-1].text
		}
		ok := at > m.newest && l.at <= at+600_000 && l.at >= at-modelWindow && l.at >= last && (l.at != at || !in[key])
		if again := l.at == last; ok && again {
			accepted = append(accepted, said == l.text())
			continue
		}
		if ok {
			pending[key] = append(pending[key], modelSample{l.at, l.text()})
			in[key] = in[key] || l.at == at
		}
		accepted = append(accepted, ok)
	}
	if !finish || at <= m.newest {
		return accepted
	}
	for key, p := range pending {
		if m.series[key] == nil {
			m.series[key] = &modelSeries{}
		}
		for _, s := range p {
			m.series[key].add(s)
		}
	}
	m.stale(at, in)
	return accepted
}

// end is what Keep does; false where the target is forgotten.
func (m *modelTarget) end(at int64) bool {
	if at > m.newest {
		m.stale(at, nil)
	}
	for _, s := range m.series {
		if s.last() >= m.newest-modelWindow {
			return true
		}
	}
	return false
}

func dumpModel(targets map[string]*modelTarget, mint, maxt int64) string {
	lines := map[string]string{}
	for _, m := range targets {
		if m.newest < mint {
			continue
		}
		for key, s := range m.series {
			var b strings.Builder
			for _, p := range s.samples {
				if p.at >= max(mint, m.newest-modelWindow) && p.at <= maxt {
					fmt.Fprintf(&b, " %s@%d", p.text, p.at)
				}
			}
			if b.Len() > 0 {
				lines[key] = b.String()
			}
		}
	}
	var b strings.Builder
	for _, key := range slices.Sorted(func(yield func(string) bool) {
		for k := range lines {
			if !yield(k) {
				return
			}
		}
	}) {
		b.WriteString(key + lines[key] + "\n")
	}
	return b.String()
}

// some leaves out series without samples, which the model does not list.
func some(dump string) string {
	var b strings.Builder
	for line := range strings.Lines(dump) {
		if !strings.HasSuffix(line, "}\n") {
			b.WriteString(line)
		}
	}
	return b.String()
}

func randomLines(r *rand.Rand, at int64) []modelLine {
	var lines []modelLine
	for range r.IntN(12) {
		l := modelLine{name: string(rune('a' + r.IntN(4))), n: fmt.Sprint(r.IntN(3)), at: at}
		switch r.IntN(6) {
		case 0:
			l.v = r.NormFloat64()
		case 1:
			l.v = math.NaN()
		case 2:
			l.v = 7
		default:
			l.v = float64(r.IntN(1000))
		}
		if l.name == "c" { // it has times of its own, at times
			l.at += int64(r.IntN(20_000)) - 15_000
			if r.IntN(30) == 0 {
				l.at += 700_000 * int64(r.IntN(3)-1)
			}
		}
		if l.name == "d" && r.IntN(3) > 0 {
			n := float64(r.IntN(10) + 1)
			l.h = &histogram.FloatHistogram{
				Count: n, Sum: 1, PositiveSpans: []histogram.Span{{Offset: int32(r.IntN(3)), Length: 1}}, PositiveBuckets: []float64{n},
			}
		}
		lines = append(lines, l)
	}
	return lines
}

func TestModel(t *testing.T) {
	seeds := uint64(24)
	if testing.Short() {
		seeds = 6
	}
	for seed := range seeds {
		if !t.Run(fmt.Sprint(seed), func(t *testing.T) { againstModel(t, rand.New(rand.NewPCG(seed, 1))) }) {
			return
		}
	}
}

func againstModel(t *testing.T, r *rand.Rand) {
	s := series.New(series.Options{Window: modelWindow * time.Millisecond})
	model := map[string]*modelTarget{}
	now := int64(1_000_000)
	for range 400 {
		now += int64(r.IntN(4000))
		instance := fmt.Sprint(r.IntN(3))
		target := s.Target(metrics.NewLabels("instance", instance))
		m := model[instance]
		if m == nil {
			m = &modelTarget{newest: math.MinInt64, series: map[string]*modelSeries{}}
			model[instance] = m
		}
		switch r.IntN(20) {
		case 0:
			target.Lost(now)
			m.page(instance, now, nil, true)
		case 1:
			now += modelWindow * int64(r.IntN(3)) / 2 // a long pause
		case 2, 3:
			s.Keep(now, func(l metrics.Labels) bool { return l.Get("instance") != instance })
			if !m.end(now) {
				delete(model, instance)
			}
		default:
			at := now - int64(r.IntN(300))
			lines := randomLines(r, at)
			finish := r.IntN(10) > 0
			accepted := m.page(instance, at, lines, finish)
			target.Begin(at)
			for i, l := range lines {
				id, _ := target.Series(labels.FromStrings("__name__", l.name, "n", l.n))
				var ok bool
				if l.h != nil {
					ok = target.AppendHistogram(id, l.at, l.h.Copy())
				} else {
					ok = target.Append(id, l.at, l.v)
				}
				if ok != accepted[i] {
					t.Fatalf("%+v at %d: %v", l, at, ok)
				}
			}
			if finish {
				target.Finish()
			}
		}
		mint, maxt := int64(math.MinInt64), int64(math.MaxInt64)
		if r.IntN(2) == 0 {
			mint, maxt = now-int64(r.IntN(modelWindow)), now-int64(r.IntN(modelWindow/2))
		}
		if got, want := some(dump(t, s, mint, maxt)), dumpModel(model, mint, maxt); got != want {
			t.Fatalf("%d to %d, at %d\n%s\nwant\n%s", mint, maxt, now, got, want)
		}
	}
}
