package sources

import (
	"cmp"
	"fmt"
	"math"
	"slices"

	"github.com/midwatch-cli/midwatch/fleet"
	"github.com/midwatch-cli/midwatch/tui/list"
	"github.com/midwatch-cli/midwatch/tui/page"
	"github.com/midwatch-cli/midwatch/tui/theme"
	"github.com/midwatch-cli/midwatch/tui/widget"
)

// cover is how much is known of the instances that come from a source: by the
// source, and by asking them.
type cover struct {
	instances, answered                int
	versions, zones, weights, claims   int // that it says
	metrics, asked, breakers, admin    int // read, and where somebody knows how
	statuses                           [fleet.Down + 1]int
	labels                             map[string]int // instances by the key of a label
	services, depends, labelled, empty int            // services; those that say what they call, have labels, have no instance
}

// covering reads it from a snapshot, for each source.
func covering(s *fleet.Snapshot) map[key]*cover {
	all := map[key]*cover{}
	for i := range s.Services {
		svc := &s.Services[i]
		k := key{svc.Context, svc.Source}
		c := all[k]
		if c == nil {
			c = &cover{labels: map[string]int{}}
			all[k] = c
		}
		c.services++
		c.depends += one(len(svc.DependsOn) > 0)
		c.labelled += one(len(svc.Labels) > 0)
		c.empty += one(len(svc.Instances) == 0)
		for j := range svc.Instances {
			c.add(&svc.Instances[j])
		}
	}
	return all
}

func one(is bool) int {
	if is {
		return 1
	}
	return 0
}

func (c *cover) add(in *fleet.InstanceView) {
	c.instances++
	c.statuses[cmp.Or(in.Status, fleet.Unknown)]++
	c.answered += one(in.Answered())
	c.versions += one(in.Version != "")
	c.zones += one(in.Zone != "")
	c.weights += one(in.Weight != 0)
	c.claims += one(in.Claimed != nil)
	c.asked += one(in.Scrape.URL != "")
	c.metrics += one(in.Scrape.URL != "" && in.Scrape.Why.Reason == "")
	c.admin += one(in.Plan.Admin != nil || in.BreakersWhy.Reason != "" || len(in.Breakers) > 0)
	c.breakers += one(in.BreakersWhy.Reason == "" && (in.Plan.Admin != nil || len(in.Breakers) > 0))
	for name := range in.Labels {
		c.labels[name]++
	}
}

// answering is the share of the instances that answered; NaN where there are none.
func (c *cover) answering() float64 {
	if c.instances == 0 {
		return math.NaN()
	}
	return float64(c.answered) / float64(c.instances)
}

// tone is how bad it is that so many do, of all.
func tone(do, all int) theme.Tone {
	switch {
	case all == 0:
		return theme.Dim
	case do == 0:
		return theme.Bad
	case do < all:
		return theme.Warn
	}
	return theme.Plain
}

// of is so many of all; n/a where there are none.
func of(n, all int) string {
	if all == 0 {
		return page.None
	}
	return fmt.Sprintf("%d of %d", n, all)
}

// writer writes what is known of one source.
type writer struct {
	v     *page.View
	lines []widget.Line
}

func (w *writer) row(name string, spans ...widget.Span) {
	w.lines = append(w.lines, widget.Line{Left: append([]widget.Span{{Text: fmt.Sprintf("   %-11s ", name), Tone: theme.Dim}}, spans...)})
}

func (w *writer) say(name, text string, tone theme.Tone) {
	w.row(name, widget.Span{Text: text, Tone: tone})
}

// about is what is known of one: its fault and what to do, its warnings, what
// comes from it, and when that changed last.
func (p *Page) about(v *page.View, s *row) []widget.Line {
	name := s.Name
	if page.TellsApart(p.of).Contexts {
		name = s.Context + ": " + name
	}
	w := &writer{v: v, lines: []widget.Line{widget.Text(theme.Strong, " "+name)}}
	w.say("url", s.URL, theme.Plain)
	if s.Reason != "" {
		w.say("fault", page.Reason(s.Reason)+": "+s.Detail, theme.Bad)
		if s.AsOf.IsZero() {
			w.say("since", v.Clock(s.Since)+", it was never read", theme.Plain)
		} else {
			w.say("since", v.Clock(s.Since)+", its last set is kept", theme.Plain)
		}
		if s.Hint != "" {
			w.say("hint", s.Hint, theme.Plain)
		}
	}
	if s.Vantage != "" {
		w.say("vantage", s.Vantage, theme.Doubt)
	}
	for i := range s.Warnings[:min(len(s.Warnings), told)] {
		w.say("warning", s.Warnings[i].Where+": "+s.Warnings[i].Detail, theme.Warn)
	}
	if more := len(s.Warnings) - told; more > 0 {
		w.say("", fmt.Sprintf("and %d more warnings", more), theme.Warn)
	}
	if s.instances > 0 {
		w.answers(s)
		w.says(s)
	}
	w.changed(s)
	return w.lines
}

// told is how many warnings are told in full.
const told = 8

// answers is what came of asking its instances.
func (w *writer) answers(s *row) {
	spans := []widget.Span{{Text: of(s.answered, s.instances) + " instances", Tone: tone(s.answered, s.instances)}}
	for _, st := range [...]fleet.Status{fleet.Up, fleet.Degraded, fleet.Maintenance, fleet.Unknown, fleet.Down} {
		if n := s.statuses[st]; n > 0 {
			sign, tone := theme.Mark(st)
			spans = append(spans, widget.Span{Text: " · ", Tone: theme.Rule}, widget.Span{Text: fmt.Sprintf("%s %d %s", sign, n, st), Tone: tone})
		}
	}
	w.row("answer", spans...)
	w.row("read", widget.Span{Text: "metrics " + of(s.metrics, s.asked), Tone: tone(s.metrics, s.asked)}, widget.Span{Text: " · ", Tone: theme.Rule},
		widget.Span{Text: "breakers " + of(s.breakers, s.admin), Tone: tone(s.breakers, s.admin)})
}

// says is how much the source itself says.
func (w *writer) says(s *row) {
	text := "version " + of(s.versions, s.instances) + " · zone " + of(s.zones, s.instances)
	if s.weights > 0 {
		text += " · weight " + of(s.weights, s.instances)
	}
	if s.depends > 0 {
		text += fmt.Sprintf(" · what they call %d of %d services", s.depends, s.services)
	}
	w.say("says", text, theme.Plain)
	switch {
	case s.claims > 0:
		w.say("health", "its own, of "+of(s.claims, s.instances), theme.Plain)
	case s.HasHealth:
		w.say("health", "its own, of none of them", theme.Warn)
	default:
		w.say("health", "none of its own: what is known comes from asking", theme.Dim)
	}
	if len(s.labels) > 0 {
		names := make([]string, 0, len(s.labels))
		for name := range s.labels {
			names = append(names, name)
		}
		slices.SortFunc(names, func(a, b string) int {
			return cmp.Or(cmp.Compare(s.labels[b], s.labels[a]), list.Natural(a, b))
		})
		text := ""
		for i, name := range names {
			if i > 0 {
				text += " · "
			}
			text += fmt.Sprintf("%s %d", name, s.labels[name])
		}
		w.say("labels", text, theme.Plain)
	}
	if s.empty > 0 {
		w.say("empty", fmt.Sprintf("%d services have no instance", s.empty), theme.Warn)
	}
}

// changed is when what it says changed last, and how often it failed, as far as
// that was seen.
func (w *writer) changed(s *row) {
	var last, lost *fleet.Event
	outages := 0
	for i := range w.v.Events {
		e := &w.v.Events[i]
		if e.Key.Context != s.Context || e.Key.Source != s.Name {
			continue
		}
		switch e.Kind {
		case fleet.EventSourceLost:
			outages, lost = outages+1, e
		case fleet.EventServiceNew, fleet.EventServiceGone, fleet.EventInstanceNew, fleet.EventInstanceGone, fleet.EventVersion, fleet.EventAddress, fleet.EventClaim:
			last = e
		case fleet.EventSourceBack, fleet.EventStatus, fleet.EventBreaker:
		}
	}
	if last == nil {
		w.say("last change", "none was seen since this began", theme.Dim)
	} else {
		w.row("last change", widget.Span{Text: w.v.Clock(last.At) + " ", Tone: theme.Dim}, widget.Span{Text: last.Sentence()})
	}
	switch {
	case outages == 1:
		w.say("outages", "1, at "+w.v.Clock(lost.At), theme.Warn)
	case outages > 1:
		w.say("outages", fmt.Sprintf("%d, the last at %s", outages, w.v.Clock(lost.At)), theme.Warn)
	}
}
