package service

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"strings"
	"time"

	"github.com/midwatch-cli/midwatch/fleet"
	"github.com/midwatch-cli/midwatch/fleet/plain"
	"github.com/midwatch-cli/midwatch/tui/history"
	"github.com/midwatch-cli/midwatch/tui/list"
	"github.com/midwatch-cli/midwatch/tui/page"
	"github.com/midwatch-cli/midwatch/tui/theme"
	"github.com/midwatch-cli/midwatch/tui/widget"
)

// writer gathers the lines below the table.
type writer struct {
	v     *page.View
	lines []widget.Line
}

// label is how much room the name of a line has.
const label = 15

// row is a line: what it is about, and what there is. Nothing makes no line.
func (w *writer) row(name string, spans ...widget.Span) {
	if len(spans) > 0 {
		w.lines = append(w.lines, widget.Line{Left: append([]widget.Span{{Text: fmt.Sprintf("   %-*s", label-3, name), Tone: theme.Dim}}, spans...)})
	}
}

// around is what stands below the table: the service in words, its traffic, its
// neighbours, its breakers, how its instances are spread, and how they are asked.
func (p *Page) around(v *page.View) []widget.Line {
	s, life := p.of, v.History.Of(p.ref)
	w := &writer{v: v, lines: []widget.Line{widget.Blank(), page.About(s.Name, s.Status, s.Why, p.counted())}}
	if p.gone {
		w.lines[1] = since(v, s.Name, life)
	}
	w.traffic(s)
	w.trend(life)
	p.meets(w, "depends on", false)
	p.meets(w, "called by", true)
	w.row("breakers", breakers(s)...)
	w.row("versions", versions(s)...)
	w.row("zones", zones(s)...)
	if p.usual != "" {
		w.row("probes", widget.Span{Text: p.usual, Tone: theme.Dim})
	}
	return w.lines
}

// counted is how many instances serve, and that they differ.
func (p *Page) counted() string {
	text := fmt.Sprintf("%d of %d serve", p.of.Serving, len(p.of.Instances))
	if n := len(tally(p.of, func(in *fleet.InstanceView) string { return in.Version })); n > 1 {
		text += fmt.Sprintf(", %d versions", n)
	}
	return text
}

// since says that something is gone and, where that is known, since when.
func since(v *page.View, name string, l *history.Life) widget.Line {
	line := page.Gone(name)
	if l != nil && !l.Gone().IsZero() {
		line.Left = append(line.Left, widget.Span{Text: ": since " + v.Clock(l.Gone()) + ", as it was at " + v.Clock(l.Seen()), Tone: theme.Dim})
	}
	return line
}

func (w *writer) traffic(s *fleet.ServiceView) {
	t := page.Traffic(s.Traffic)
	numbers := []widget.Span{
		{Text: page.Rate(t.Rate) + "  "},
		{Text: page.Share(t.Errors) + " errors  ", Tone: page.ErrorTone(t.Errors)},
		{Text: fmt.Sprintf("p50 %s  p95 %s  p99 %s", page.Seconds(t.P50), page.Seconds(t.P95), page.P99(&t))},
	}
	if t.Why != "" {
		numbers = append(numbers, widget.Span{Text: "  " + t.Why, Tone: theme.Dim})
	}
	w.row("traffic", numbers...)
}

// trend is how the numbers went over the passes that are remembered.
func (w *writer) trend(l *history.Life) {
	h := w.v.History
	n := h.Passes()
	if l == nil || n < 2 {
		return
	}
	long := " in " + plain.Duration(h.At(n-1).Sub(h.At(0)).Truncate(time.Second))
	width := min(40, n, (w.v.Width-label-len("rate   errors   p99 ")-len(long))/3)
	if width < 4 {
		return
	}
	var spans []widget.Span
	for _, of := range []struct {
		name   string
		number history.Number
	}{{"rate ", history.Rate}, {"  errors ", history.Errors}, {"  p99 ", history.P99}} {
		values := l.Last(of.number, make([]float64, n))
		if !slices.ContainsFunc(values, func(v float64) bool { return !math.IsNaN(v) }) {
			spans = append(spans, widget.Span{Text: of.name + page.None, Tone: theme.Dim})
			continue
		}
		spans = append(spans, widget.Span{Text: of.name, Tone: theme.Dim}, widget.Span{Text: widget.Spark(w.v.Theme, values, width), Tone: theme.Trend})
	}
	w.row("trend", append(spans, widget.Span{Text: long, Tone: theme.Dim})...)
}

// breakers are those of the service by name, with the states they are in.
func breakers(s *fleet.ServiceView) (spans []widget.Span) {
	type state struct {
		name string
		n    [fleet.BreakerMetricsOnly + 1]int
	}
	var all []*state
	for i := range s.Instances {
		for k := range s.Instances[i].Breakers {
			b := &s.Instances[i].Breakers[k]
			at := slices.IndexFunc(all, func(st *state) bool { return st.name == b.Name })
			if at < 0 {
				at, all = len(all), append(all, &state{name: b.Name})
			}
			all[at].n[b.State]++
		}
	}
	for i, st := range all {
		if i > 0 {
			spans = append(spans, widget.Span{Text: " · ", Tone: theme.Rule})
		}
		spans = append(spans, widget.Span{Text: st.name})
		for _, is := range fleet.BreakerStates() {
			if st.n[is] > 0 {
				spans = append(spans, widget.Span{Text: fmt.Sprintf(" %s on %d", is.Words(), st.n[is]), Tone: theme.Breaker(is)})
			}
		}
	}
	return spans
}

// share is the instances that have something in common.
type share struct {
	value       string // "": they do not say
	all, serves int
}

// tally takes instances by what they say, the most frequent first; nothing where
// none of them says anything.
func tally(s *fleet.ServiceView, of func(*fleet.InstanceView) string) (all []share) {
	at, said := map[string]int{}, false
	for i := range s.Instances {
		in := &s.Instances[i]
		value := of(in)
		n, known := at[value]
		if !known {
			n = len(all)
			at[value], all = n, append(all, share{value: value})
		}
		said = said || value != ""
		if all[n].all++; in.Status.Serves() {
			all[n].serves++
		}
	}
	if !said {
		return nil
	}
	slices.SortStableFunc(all, func(a, b share) int { return cmp.Or(cmp.Compare(b.all, a.all), list.Natural(a.value, b.value)) })
	return all
}

// versions are those that run, and on how many instances; several are said to be
// a drift.
func versions(s *fleet.ServiceView) (spans []widget.Span) {
	all := tally(s, func(in *fleet.InstanceView) string { return in.Version })
	if len(all) > 1 {
		spans = append(spans, widget.Span{Text: fmt.Sprintf("! %d versions: ", len(all)), Tone: theme.Warn})
	}
	for i, one := range all {
		text := cmp.Or(one.value, "not said") + fmt.Sprintf(" on %d", one.all)
		if i > 0 {
			text = ", " + text
		}
		spans = append(spans, widget.Span{Text: text})
	}
	return spans
}

// zones are how many instances of each zone serve: one without any stands out.
func zones(s *fleet.ServiceView) (spans []widget.Span) {
	all := tally(s, func(in *fleet.InstanceView) string { return in.Zone })
	slices.SortStableFunc(all, func(a, b share) int { return list.Natural(a.value, b.value) })
	for i, one := range all {
		if i > 0 {
			spans = append(spans, widget.Span{Text: " · ", Tone: theme.Rule})
		}
		spans = append(spans, widget.Span{Text: cmp.Or(one.value, "not said") + " "})
		sign, tone := "", theme.Plain
		switch {
		case one.serves == 0:
			sign, tone = "✗ ", theme.Bad
		case one.serves < one.all:
			sign, tone = "! ", theme.Warn
		}
		spans = append(spans, widget.Span{Text: fmt.Sprintf("%s%d of %d", sign, one.serves, one.all), Tone: tone})
	}
	if len(all) > 0 {
		spans = append(spans, widget.Span{Text: " serve", Tone: theme.Dim})
	}
	return spans
}

// asked is how many instances tell how long a probe of their service takes.
const asked = 32

// noticed is how long a phase takes that is worth a word.
const noticed = 50 * time.Microsecond

// usual is how long a probe usually takes, and its phases: in the middle of the
// instances.
func usual(v *page.View, s *fleet.ServiceView) string {
	middle := func(phase string) (time.Duration, bool) {
		var all []time.Duration
		for i := range s.Instances[:min(len(s.Instances), asked)] {
			if l := v.History.Life(s.Instances[i].Key); l != nil {
				if took, ok := l.Usual(phase); ok {
					all = append(all, took)
				}
			}
		}
		if len(all) == 0 {
			return 0, false
		}
		slices.Sort(all)
		return all[len(all)/2], true
	}
	whole, ok := middle("")
	if !ok {
		return ""
	}
	var parts []string
	for _, phase := range history.Phases() {
		if took, ok := middle(phase); ok && took >= noticed {
			parts = append(parts, phase+" "+plain.Duration(took))
		}
	}
	text := "usually " + plain.Duration(whole)
	if len(parts) > 0 {
		text += ": " + strings.Join(parts, " · ")
	}
	return text
}
