package instance

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/midwatch-cli/midwatch/fleet"
	"github.com/midwatch-cli/midwatch/fleet/plain"
	"github.com/midwatch-cli/midwatch/probe"
	"github.com/midwatch-cli/midwatch/tui/history"
	"github.com/midwatch-cli/midwatch/tui/page"
	"github.com/midwatch-cli/midwatch/tui/strip"
	"github.com/midwatch-cli/midwatch/tui/theme"
	"github.com/midwatch-cli/midwatch/tui/widget"
)

// identity is what the registry says of it.
func (w *writer) identity(in *fleet.InstanceView) {
	w.part("registered", "Registered in "+in.Key.Source, widget.Span{Text: strings.Join(slices.DeleteFunc([]string{in.Addr, in.Version, in.Zone}, func(s string) bool { return s == "" }), " · "), Tone: theme.Dim})
	w.field("address", in.Addr)
	w.field("version", in.Version)
	w.field("zone", in.Zone)
	if in.Weight != 0 {
		w.field("weight", fmt.Sprint(in.Weight))
	}
	if in.Claimed != nil {
		w.row("claims", append(page.Status(*in.Claimed), widget.Span{Text: "  " + in.ClaimNote, Tone: theme.Dim})...)
	}
	if !in.LastSeen.IsZero() {
		w.field("last seen", plain.Duration(max(0, w.v.Snapshot.At.Sub(in.LastSeen)))+" ago")
	}
	if in.Lease > 0 {
		w.field("lease", "ends in "+plain.Duration(in.Lease))
	}
	pairs := func(name string, m map[string]string) {
		for _, k := range slices.Sorted(maps.Keys(m)) {
			w.row(name, widget.Span{Text: k + "=", Tone: theme.Dim}, widget.Span{Text: m[k]})
			name = ""
		}
	}
	pairs("labels", in.Labels)
	pairs("endpoints", in.Endpoints)
}

// outcome is the sign of a probe's outcome.
func outcome(o probe.Outcome) (string, theme.Tone) {
	switch o {
	case probe.Pass:
		return "✓ pass", theme.Good
	case probe.Warn:
		return "! warn", theme.Warn
	case probe.Fail:
		return "✗ fail", theme.Bad
	case probe.Unknown:
	}
	return "? unknown", theme.Doubt
}

// probes are what was asked in the last pass, with phases and components.
func (w *writer) probes(in *fleet.InstanceView) {
	w.part("probes", "Probes", inShort(in.Probes)...)
	if len(in.Probes) == 0 {
		w.row("none", widget.Span{Text: "it was not asked in this pass", Tone: theme.Dim})
	}
	for i := range in.Probes {
		r := &in.Probes[i]
		sign, tone := outcome(r.Outcome)
		w.told(string(r.Target.Kind), []widget.Span{{Text: sign, Tone: tone}}, r.Target.String(), answer(r))
		w.phases(r, i == 0)
		if !r.Expires.IsZero() {
			w.row("", w.expires(r.Expires))
		}
		w.story("", r.Detail, theme.Plain)
	}
	if in.Attempts > 1 {
		w.row("attempts", widget.Span{Text: fmt.Sprint(in.Attempts)})
	}
	if in.Flaky {
		w.row("flaky", widget.Span{Text: "it took a retry to pass", Tone: theme.Warn})
	}
}

// expires is until when a certificate is good.
func (w *writer) expires(until time.Time) widget.Span {
	text, left := "certificate until "+until.In(w.v.Zone).Format(time.DateOnly), until.Sub(w.v.Snapshot.At)
	if left <= 0 {
		return widget.Span{Text: "! " + text + ", expired " + plain.Duration(-left) + " ago", Tone: theme.Warn}
	}
	return widget.Span{Text: text + ", in " + plain.Duration(left), Tone: theme.Dim}
}

// inShort is how the deciding probe was answered.
func inShort(all []probe.Result) []widget.Span {
	if len(all) == 0 {
		return nil
	}
	sign, tone := outcome(all[0].Outcome)
	return []widget.Span{{Text: sign, Tone: tone}, {Text: "  " + answer(&all[0]), Tone: theme.Dim}}
}

// phases are bars, each from where the one before it ended. How long each usually
// takes is known of the deciding probe.
func (w *writer) phases(r *probe.Result, deciding bool) {
	room, sum := min(40, w.v.Width-nameWidth-38), time.Duration(0)
	var life *history.Life
	if deciding {
		life = w.v.History.Life(w.in.Key)
	}
	for _, ph := range r.Phases {
		spans := []widget.Span{{Text: fmt.Sprintf("%-8s%7s", ph.Name, plain.Duration(ph.Took))}}
		usual := ""
		if life != nil {
			if took, ok := life.Usual(ph.Name); ok {
				usual = "usually " + plain.Duration(took)
			}
		}
		spans = append(spans, widget.Span{Text: fmt.Sprintf("  %-15s ", usual), Tone: theme.Dim})
		if room >= 8 && r.Took > 0 {
			from := max(0, min(int(float64(sum)/float64(r.Took)*float64(room)), room-1))
			long := max(1, min(int(float64(ph.Took)/float64(r.Took)*float64(room)), room-from))
			spans = append(spans, widget.Span{Text: strings.Repeat(" ", from) + strings.Repeat(bar(w.v.Theme), long), Tone: theme.Trend})
		}
		sum += max(0, ph.Took)
		w.row("", spans...)
	}
	if len(r.Phases) > 0 {
		w.row("", widget.Span{Text: fmt.Sprintf("%-8s%7s", "in all", plain.Duration(r.Took)), Tone: theme.Dim})
	}
}

func bar(th *theme.Theme) string {
	if th.ASCII {
		return "#"
	}
	return "█"
}

// answer is how a probe was answered, in short.
func answer(r *probe.Result) string {
	var words []string
	if r.Code != 0 {
		words = append(words, fmt.Sprint(r.Code))
	}
	if r.Reason != "" {
		words = append(words, string(r.Reason))
	}
	if r.Health.Dialect != "" {
		words = append(words, r.Health.Dialect)
	}
	if len(r.Phases) == 0 && r.Took > 0 {
		words = append(words, plain.Duration(r.Took))
	}
	return strings.Join(words, " · ")
}

// history is how it fared: a sign for each of the last passes, and its failures,
// which stay when the passes around them are forgotten.
func (w *writer) history(l *history.Life) {
	if l == nil {
		return
	}
	w.part("history", "History", outages(l))
	h := w.v.History
	var spans []widget.Span
	for i := max(0, h.Passes()-max(10, min(history.Kept, w.v.Width-nameWidth-6))); i < h.Passes(); i++ {
		sign, tone := " ", theme.Plain // it was not there
		if p := l.Pass(i); p.There {
			sign, tone = theme.Mark(p.Status)
		}
		if n := len(spans); n > 0 && spans[n-1].Tone == tone {
			spans[n-1].Text += sign
			continue
		}
		spans = append(spans, widget.Span{Text: sign, Tone: tone})
	}
	w.row("passes", spans...)
	name, all := "failures", l.Failures()
	for i := len(all) - 1; i >= 0; i-- {
		w.failure(name, &all[i])
		name = ""
	}
	if len(all) == 0 {
		w.row(name, widget.Span{Text: "none since this began", Tone: theme.Dim})
	}
}

// outages is how often it failed.
func outages(l *history.Life) widget.Span {
	n := len(l.Failures())
	switch n {
	case 0:
		return widget.Span{Text: "no failure", Tone: theme.Dim}
	case 1:
		return widget.Span{Text: "1 failure", Tone: theme.Warn}
	}
	return widget.Span{Text: fmt.Sprint(n, " failures"), Tone: theme.Warn}
}

// failure is one outage, or the part of one that has the same reason.
func (w *writer) failure(name string, f *history.Failure) {
	sign, tone := theme.Mark(f.Status)
	passes := "1 pass"
	if f.Passes > 1 {
		passes = fmt.Sprint(f.Passes, " passes")
	}
	long, how := f.Until.Sub(f.From), ", then otherwise"
	switch {
	case f.Until.IsZero():
		long, how = w.v.Snapshot.At.Sub(f.Begun), " so far"
	case !f.Turned:
		long, how = f.Until.Sub(f.Begun), ", well again "+w.v.Clock(f.Until)
	}
	spans := []widget.Span{{Text: w.v.Clock(f.From) + " ", Tone: theme.Dim}, {Text: sign + " " + f.Status.String(), Tone: tone}}
	w.told(name, spans, cmp.Or(f.Why.Detail, string(f.Why.Reason)), passes+", "+plain.Duration(max(0, long).Truncate(time.Second))+how)
	var phases []string
	for _, ph := range f.Phases {
		phases = append(phases, ph.Name+" "+plain.Duration(ph.Took))
	}
	w.row("", widget.Span{Text: strings.Join(append(phases, "in all "+plain.Duration(f.Took)), " · "), Tone: theme.Dim})
}

// traffic is what its metrics say, and how they were read.
func (w *writer) traffic(in *fleet.InstanceView) {
	t := page.Traffic(in.Traffic)
	w.part("metrics", "Metrics", widget.Span{Text: page.Rate(t.Rate) + "  " + page.Share(t.Errors) + " errors  p99 " + page.P99(&t), Tone: theme.Dim})
	if !w.shut && w.charts(w.v.History.Life(in.Key)) {
		w.add(widget.Blank())
	}
	w.row("rate", widget.Span{Text: page.Rate(t.Rate), Tone: page.NumberTone(t.Rate)})
	w.row("errors", widget.Span{Text: page.Share(t.Errors), Tone: page.ErrorTone(t.Errors)})
	w.row("durations", widget.Span{Text: fmt.Sprintf("p50 %s  p95 %s  p99 %s", page.Seconds(t.P50), page.Seconds(t.P95), page.P99(&t))})
	if t.Why != "" {
		w.row("", widget.Span{Text: t.Why, Tone: theme.Dim})
	}
	s := &in.Scrape
	switch {
	case s.Why.Reason != "":
		w.row("scrape", widget.Span{Text: "? " + string(s.Why.Reason), Tone: theme.Doubt}, widget.Span{Text: "  " + s.Why.Detail}, widget.Span{Text: "  " + s.URL, Tone: theme.Dim})
		w.field("", s.Hint)
	case s.URL != "":
		w.row("scrape", widget.Span{Text: fmt.Sprintf("%d samples in %s", s.Samples, plain.Duration(s.Took))}, widget.Span{Text: "  " + s.URL + "  " + s.Form, Tone: theme.Dim})
		w.field("", s.Note)
	}
}

// breakers are its own, one a line.
func (w *writer) breakers(in *fleet.InstanceView) {
	if len(in.Breakers) == 0 && in.BreakersWhy.Reason == "" {
		return
	}
	text, tone := page.OpenBreakers(&fleet.ServiceView{Instances: []fleet.InstanceView{*in}})
	w.part("breakers", "Breakers", widget.Span{Text: text, Tone: tone})
	life := w.v.History.Life(in.Key)
	for i := range in.Breakers {
		b := &in.Breakers[i]
		spans := []widget.Span{{Text: b.State.Words(), Tone: theme.Breaker(b.State)}, {Text: fmt.Sprintf("  fail %s  slow %s", page.Share(b.FailureRate), page.Share(b.SlowRate))}}
		if b.Rejected >= 0 {
			spans = append(spans, widget.Span{Text: fmt.Sprint("  rejected ", b.Rejected)})
		}
		if !b.Since.IsZero() {
			spans = append(spans, widget.Span{Text: "  since " + w.v.Clock(b.Since), Tone: theme.Dim})
		}
		to := page.Place{Kind: page.Breakers, Key: fleet.Key{Ref: in.Ref}, Item: b.Name}
		w.row(b.Name, spans...)
		w.leads(to)
		if hold := page.HoldOf(w.v, in.Key, b); hold.By != "" {
			w.row("", widget.Span{Text: "held by " + page.Held(w.v, hold), Tone: theme.Warn})
			w.leads(to)
		}
		if n := min(w.v.History.Passes(), w.v.Width-nameWidth-6); life != nil && n > 1 {
			w.row("", strip.Of(life.Spells(b.Name, n))...)
			w.leads(to)
		}
	}
	if in.BreakersWhy.Reason != "" {
		w.row("not read", widget.Span{Text: string(in.BreakersWhy.Reason), Tone: theme.Doubt}, widget.Span{Text: "  " + in.BreakersWhy.Detail})
		w.story("", in.BreakersHint, theme.Plain)
	}
}

// plan is how it is asked, and who said so.
func (w *writer) plan(in *fleet.InstanceView) {
	if len(in.Plan.Origins) == 0 {
		return
	}
	w.part("plan", "Asked as", widget.Span{Text: in.Plan.Origins[0].What + " " + in.Plan.Origins[0].Value, Tone: theme.Dim})
	for _, o := range in.Plan.Origins {
		w.row(o.What, widget.Span{Text: o.Value}, widget.Span{Text: "  " + o.From, Tone: theme.Dim})
	}
}
