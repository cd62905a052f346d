package replay

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/midwatch-cli/midwatch/cmd/app"
	"github.com/midwatch-cli/midwatch/cmd/render"
	"github.com/midwatch-cli/midwatch/cmd/term"
	"github.com/midwatch-cli/midwatch/fleet"
	"github.com/midwatch-cli/midwatch/fleet/document"
	"github.com/midwatch-cli/midwatch/fleet/document/recorded"
	"github.com/midwatch-cli/midwatch/fleet/document/value"
)

// show says what a recording holds, and how it was at the moment that is looked
// at.
func show(a *app.App, t *tape) error {
	past, err := t.open(nil)
	if err != nil {
		return wrong(err)
	}
	defer past.Close()
	stands := t.past.moment()
	s := fleet.Merge(stands.snapshots(app.Wanted{Asking: app.Everything}))
	services := t.services(s)
	d := t.document(s, services)
	v := render.View{Document: d, Notes: t.notes(a, d), Hint: "midwatch replay " + t.recording.Name + " -- check"}
	contexts, sources, namespaces := app.Several(s)
	v.Table.Columns = []render.Column{
		{Name: "CONTEXT", Wide: !contexts},
		{Name: "SOURCE", Wide: !sources},
		{Name: "NAMESPACE", Wide: !namespaces},
		{Name: "SERVICE"},
		{Name: "UP", Right: true},
		{Name: "STATUS"},
		{Name: "EVENTS", Right: true},
		{Name: "LAST EVENT"},
	}
	for _, one := range services {
		ref := one.ref
		up, status := "", render.Text("gone")
		if one.view != nil {
			up, status = fmt.Sprintf("%d/%d", one.view.Serving, len(one.view.Instances)), render.Status(one.view.Status)
		}
		v.Names = append(v.Names, ref.Name)
		v.Table.Rows = append(v.Table.Rows, render.Row{Cells: []render.Cell{
			render.Text(ref.Context), render.Text(ref.Source), render.Text(ref.Namespace), render.Text(ref.Name),
			render.Text(up), status, render.Number(one.events), render.Text(when(a, one.last)),
		}})
	}
	a.Output.Now = t.at
	return render.Write(a.IO, a.Output, v)
}

// service is one of a recording.
type service struct {
	ref    fleet.Ref
	view   *fleet.ServiceView // as it was; nil: it was gone, or not there yet
	events int
	last   time.Time
}

// services are those of a moment and those that something happened to.
func (t *tape) services(s *fleet.Snapshot) []*service {
	found := map[fleet.Ref]*service{}
	for i := range s.Services {
		found[s.Services[i].Ref] = &service{ref: s.Services[i].Ref, view: &s.Services[i]}
	}
	events, _ := t.recording.Events()
	for i := range events {
		ref := events[i].Key.Ref
		if ref.Name == "" {
			continue // of a registry
		}
		if found[ref] == nil {
			found[ref] = &service{ref: ref}
		}
		found[ref].events++
		found[ref].last = events[i].At
	}
	var all []*service
	for _, one := range found {
		all = append(all, one)
	}
	slices.SortFunc(all, func(a, b *service) int { return a.ref.Compare(b.ref) })
	return all
}

func (t *tape) document(s *fleet.Snapshot, services []*service) recorded.Doc {
	r := t.recording
	first, last := r.Span()
	c := s.Counts()
	events, _ := r.Events()
	d := recorded.Doc{
		Head: document.HeadOf("Replay", s.Context, t.at), File: r.Name, SizeBytes: r.Size(), Version: r.Version,
		Contexts: value.Some(r.Contexts), Selection: value.Some(r.Selection),
		First: value.TimeOf(first), Last: value.TimeOf(last), IntervalSeconds: document.SecondsOf(r.Interval), Ended: r.End.Why, Cut: r.Cut,
		Counts: recorded.Counts{Passes: r.Passes(), Services: c.Services, Instances: c.Instances, Events: r.End.Events, Series: r.End.Series, Samples: r.End.Samples},
		Events: map[string]int{}, Errors: document.Failures(s),
	}
	for i := range events {
		d.Events[string(events[i].Kind)]++
	}
	items := make([]recorded.Service, len(services))
	for i, one := range services {
		items[i] = recorded.Service{Ref: document.RefOf(one.ref), Events: one.events, LastEvent: value.TimeOf(one.last)}
		if one.view != nil {
			status := document.Status(one.view.Status.String())
			items[i].Status, items[i].Up, items[i].Total = &status, one.view.Serving, len(one.view.Instances)
		}
	}
	d.Items = value.ItemsOf(items)
	return d
}

// notes say what the table has no place for.
func (t *tape) notes(a *app.App, d recorded.Doc) []string {
	r := t.recording
	first, last := r.Span()
	notes := []string{fmt.Sprintf("%s: %s in %s from %s to %s, %s, midwatch %s", r.Name, passes(r.Passes()), term.Duration(last.Sub(first)),
		when(a, first), when(a, last), term.Size(r.Size()), r.Version)}
	if len(d.Events) > 0 {
		var kinds []string
		for kind, n := range d.Events {
			kinds = append(kinds, fmt.Sprintf("%d %s", n, kind))
		}
		slices.Sort(kinds)
		notes = append(notes, app.Count(d.Counts.Events, "event")+": "+strings.Join(kinds, ", "))
	}
	if d.Counts.Samples > 0 {
		notes = append(notes, fmt.Sprintf("metrics: %d samples of %d series", d.Counts.Samples, d.Counts.Series))
	}
	if len(r.Selection) > 0 {
		notes = append(notes, "recorded was "+strings.Join(r.Selection, " "))
	}
	return notes
}

func passes(n int) string {
	if n == 1 {
		return "1 pass"
	}
	return fmt.Sprintf("%d passes", n)
}

// when is a time: for people with its zone, else as documents have it.
func when(a *app.App, at time.Time) string {
	switch {
	case at.IsZero():
		return ""
	case !a.IO.OutTTY:
		return at.UTC().Format("2006-01-02T15:04:05.000Z")
	case a.Global.UTC:
		at = at.UTC()
	default:
		at = at.Local()
	}
	return at.Format("2006-01-02 15:04:05 MST")
}
