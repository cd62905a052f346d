// Package describe is all that is known of one thing, in words: of a service, an
// instance, a breaker, a registry, an event, a change. What a page of its own says
// of it is part of that.
package describe

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/midwatch-cli/midwatch/fleet"
	"github.com/midwatch-cli/midwatch/fleet/plain"
	"github.com/midwatch-cli/midwatch/tui/page"
	"github.com/midwatch-cli/midwatch/tui/page/changes"
	"github.com/midwatch-cli/midwatch/tui/page/instance"
	"github.com/midwatch-cli/midwatch/tui/page/service"
	"github.com/midwatch-cli/midwatch/tui/theme"
	"github.com/midwatch-cli/midwatch/tui/widget"
)

// Place describes what a place is about; nothing where that is not there.
func Place(v *page.View, of page.Place) (title string, lines []widget.Line) {
	w := &writer{v: v}
	switch of.Kind {
	case page.Service:
		w.service(of.Key.Ref)
	case page.Instance:
		w.instance(of.Key)
	case page.Breakers:
		w.breaker(of)
	case page.Sources:
		w.source(of.Key.Ref)
	case page.Events:
		w.event(of)
	case page.Changes, page.Change:
		w.page(changes.NewOne(of.Item))
	case page.Fleet, page.Map:
	}
	return Name(of), w.lines
}

// Name is what a place is about, as commands understand it; empty where it is
// about nothing that has a name.
func Name(of page.Place) string {
	switch of.Kind {
	case page.Service:
		return of.Key.Ref.Name
	case page.Instance:
		return of.Key.String()
	case page.Breakers:
		if of.Item == "" {
			return ""
		}
		return of.Key.Ref.Name + "/" + of.Item
	case page.Sources:
		return of.Key.Source
	case page.Events:
		switch {
		case of.Key.Instance != "":
			return of.Key.String()
		case of.Key.Name != "":
			return of.Key.Name
		}
		return of.Key.Source
	case page.Changes, page.Change:
		return of.Item
	case page.Fleet, page.Map:
	}
	return ""
}

// writer gathers lines.
type writer struct {
	v     *page.View
	lines []widget.Line
}

const nameWidth = 12

// field is a name and what it says; nothing where that is empty.
func (w *writer) field(name string, tone theme.Tone, text string) {
	if text == "" {
		return
	}
	w.lines = append(w.lines, widget.Line{Left: []widget.Span{{Text: fmt.Sprintf("   %-*s ", nameWidth, name), Tone: theme.Dim}, {Text: text, Tone: tone}}})
}

// pairs are metadata, one a line.
func (w *writer) pairs(name string, m map[string]string) {
	for _, k := range slices.Sorted(maps.Keys(m)) {
		w.field(name, theme.Plain, k+"="+m[k])
		name = ""
	}
}

// part begins a part.
func (w *writer) part(title string) {
	w.lines = append(w.lines, widget.Blank(), widget.Text(theme.Strong, " "+title))
}

// page is a page in full.
func (w *writer) page(p page.Page) {
	whole := *w.v
	whole.Whole, whole.Unwell = true, false
	p.See(&whole)
	w.lines = append(w.lines, p.Draw(&whole)...)
}

func (w *writer) service(ref fleet.Ref) {
	s := page.FindService(w.v.Snapshot, ref)
	if s == nil {
		return
	}
	w.lines = append(w.lines, page.About(s.Name, s.Status, s.Why, ""))
	w.field("name", theme.Plain, ref.String())
	w.field("context", theme.Plain, ref.Context)
	w.field("why", theme.Plain, string(s.Why.Reason))
	for i, b := range s.BlockedBy {
		w.field(first(i, "waits for"), theme.Warn, b.String())
	}
	for i := range w.v.Snapshot.Roots {
		if r := &w.v.Snapshot.Roots[i]; r.Ref == ref {
			for k, victim := range r.Victims {
				w.field(first(k, "blocks"), theme.Warn, victim.String())
			}
		}
	}
	w.field("versions", theme.Plain, page.Tally(s.Instances, func(in *fleet.InstanceView) string { return in.Version }))
	w.field("zones", theme.Plain, page.Tally(s.Instances, func(in *fleet.InstanceView) string { return in.Zone }))
	w.field("depends on", theme.Plain, strings.Join(s.DependsOn, ", "))
	w.pairs("labels", s.Labels)
	w.part("Instances")
	w.page(service.New(ref))
	w.happened(func(e *fleet.Event) bool { return e.Key.Ref == ref })
}

// first is the name of a field of several lines: it stands before the first one.
func first(i int, name string) string {
	if i > 0 {
		return ""
	}
	return name
}

func (w *writer) instance(k fleet.Key) {
	if page.FindInstance(w.v.Snapshot, k) == nil {
		return
	}
	w.page(instance.New(k))
	w.happened(func(e *fleet.Event) bool { return e.Key == k })
}

// most is how many events are told.
const most = 20

// happened are the last events that are about it, the newest first.
func (w *writer) happened(about func(*fleet.Event) bool) {
	n := 0
	for i := len(w.v.Events) - 1; i >= 0 && n < most; i-- {
		if e := &w.v.Events[i]; about(e) {
			if n++; n == 1 {
				w.part("What happened")
			}
			l := page.Event(w.v, e)
			l.Left[0].Text = "  " + l.Left[0].Text
			w.lines = append(w.lines, l)
		}
	}
}

// breaker is one of a service, on each instance that has it.
func (w *writer) breaker(of page.Place) {
	s := page.FindService(w.v.Snapshot, of.Key.Ref)
	if s == nil {
		return
	}
	for i := range s.Instances {
		in := &s.Instances[i]
		for k := range in.Breakers {
			if b := &in.Breakers[k]; b.Name == of.Item && (of.Key.Instance == "" || of.Key == in.Key) {
				w.state(in, b)
			}
		}
	}
	w.happened(func(e *fleet.Event) bool { return e.Key.Ref == of.Key.Ref && e.Breaker == of.Item })
}

// state is a breaker on one instance.
func (w *writer) state(in *fleet.InstanceView, b *fleet.Breaker) {
	if len(w.lines) > 0 {
		w.lines = append(w.lines, widget.Blank())
	}
	w.lines = append(w.lines, widget.Line{Left: []widget.Span{
		{Text: " " + in.Key.String(), Tone: theme.Strong}, {Text: " has it ", Tone: theme.Dim}, {Text: b.State.Words(), Tone: theme.Breaker(b.State)},
	}})
	w.field("its word", theme.Plain, b.Word)
	if b.Observed != fleet.BreakerUnknown && b.Observed != b.State {
		w.field("by itself", theme.Breaker(b.Observed), b.Observed.Words())
	}
	w.field("failures", theme.Plain, page.Share(b.FailureRate))
	w.field("slow", theme.Plain, page.Share(b.SlowRate))
	w.field("calls", theme.Plain, count(b.Calls))
	w.field("rejected", theme.Plain, count(b.Rejected))
	if !b.Since.IsZero() {
		w.field("since", theme.Plain, w.v.Clock(b.Since)+", for "+plain.Duration(max(0, w.v.Snapshot.At.Sub(b.Since))))
	}
	hold := w.v.Holder.Of(in.Key, b)
	if hold.IsZero() {
		hold = b.Hold
	}
	if !hold.IsZero() {
		w.field("held by", theme.Warn, page.Held(w.v, hold))
		w.field("change", theme.Plain, hold.Change)
	}
	verbs := make([]string, len(b.Verbs))
	for i := range b.Verbs {
		verbs[i] = string(b.Verbs[i])
	}
	w.field("takes", theme.Plain, strings.Join(verbs, ", "))
	w.field("read by", theme.Plain, b.API)
}

// count is a number; n/a where nobody counts.
func count(n int64) string {
	if n < 0 {
		return page.None
	}
	return fmt.Sprint(n)
}

// source is a registry.
func (w *writer) source(r fleet.Ref) {
	for i := range w.v.Snapshot.Sources {
		s := &w.v.Snapshot.Sources[i]
		if s.Context != r.Context || s.Name != r.Source {
			continue
		}
		w.field("name", theme.Plain, s.Name)
		w.field("context", theme.Plain, s.Context)
		w.field("url", theme.Plain, s.URL)
		switch {
		case s.Reason == "" && s.AsOf.IsZero():
			w.field("state", theme.Doubt, "? not read yet")
		case s.Reason == "":
			w.field("state", theme.Good, "✓ answers")
		default:
			w.field("state", theme.Bad, "✗ "+string(s.Reason)+": "+s.Detail)
			w.field("since", theme.Plain, w.v.Clock(s.Since)+": its last set is kept")
			w.field("hint", theme.Plain, s.Hint)
		}
		if s.AsOf.IsZero() {
			w.field("as of", theme.Bad, "never read")
		} else {
			w.field("as of", theme.Plain, w.v.Clock(s.AsOf)+", "+plain.Duration(max(0, w.v.Snapshot.At.Sub(s.AsOf)))+" old")
		}
		w.field("holds", theme.Plain, fmt.Sprintf("%d services, %d instances", s.Services, s.Instances))
		w.field("health", theme.Plain, claims(s.HasHealth))
		w.field("vantage", theme.Doubt, s.Vantage)
		for k := range s.Warnings {
			w.field(first(k, "warnings"), theme.Warn, s.Warnings[k].Where+": "+s.Warnings[k].Detail)
		}
	}
	w.happened(func(e *fleet.Event) bool {
		return e.Key.Name == "" && e.Key.Source == r.Source && e.Key.Context == r.Context
	})
}

func claims(health bool) string {
	if health {
		return "it says itself how instances are"
	}
	return "it says nothing of how instances are"
}

// event is what happened, and what it happened to.
func (w *writer) event(of page.Place) {
	e := page.FindEvent(w.v.Events, of)
	if e == nil {
		return
	}
	w.lines = append(w.lines, page.Event(w.v, e))
	w.field("at", theme.Plain, e.At.In(w.v.Zone).Format("2006-01-02 15:04:05.000 MST"))
	w.field("what", theme.Plain, string(e.Kind))
	w.field("from", theme.Plain, e.From)
	w.field("to", theme.Plain, e.To)
	w.field("why", theme.Plain, string(e.Why.Reason))
	w.field("", theme.Plain, e.Why.Detail)
	w.field("breaker", theme.Plain, e.Breaker)
	now := page.Place{Kind: page.Service, Key: fleet.Key{Ref: e.Key.Ref}}
	switch {
	case e.Key.Instance != "":
		now = page.Place{Kind: page.Instance, Key: e.Key}
	case e.Key.Name == "":
		now = page.Place{Kind: page.Sources, Key: e.Key}
	}
	if _, lines := Place(w.v, now); len(lines) > 0 {
		w.part("As it is now")
		w.lines = append(w.lines, lines...)
	}
}
