package metrics

import (
	"context"
	"errors"
	"slices"

	"github.com/midwatch-cli/midwatch/cmd/app"
	"github.com/midwatch-cli/midwatch/cmd/measure"
	"github.com/midwatch-cli/midwatch/fleet"
	"github.com/midwatch-cli/midwatch/fleet/document/measured"
	"github.com/midwatch-cli/midwatch/fleet/metrics"
	"github.com/midwatch-cli/midwatch/fleet/metrics/red"
)

// row is a service, or an instance, with its numbers and what is known of it
// beside them.
type row struct {
	measured.Line
	why     string // why nothing at all is known of it
	unread  bool   // something of it could not be read
	zone    string // of an instance
	version string
}

// compute asks for the numbers, and puts them beside what the registries hold.
func (o *options) compute(ctx context.Context, a *app.App, s *measure.Session, r measure.Reading) (*table, error) {
	t := &table{o: o, session: s, reading: r, asked: o.asking(a, s, &r)}
	var err error
	if t.report, err = red.Compute(ctx, s.Plain, t.asked); err == nil && s.Server != "" && nameless(&t.report) {
		// Prometheus calls it job where nobody names it otherwise.
		t.asked.Service = []string{"job"}
		t.report, err = red.Compute(ctx, s.Plain, t.asked)
	}
	switch {
	case errors.Is(err, metrics.ErrExpression):
		return nil, err
	case err != nil:
		t.failed = err
	}
	t.report.Warnings = append(t.report.Warnings, r.Odd()...)
	services := r.Snapshot
	if services == nil {
		services = t.found()
	}
	f := t.finder()
	for i := range services.Services {
		svc := &services.Services[i]
		if o.by == "service" {
			t.rows = append(t.rows, t.service(svc, f))
			continue
		}
		for j := range svc.Instances {
			t.rows = append(t.rows, t.instance(&svc.Instances[j], f))
		}
	}
	t.sort()
	return t, nil
}

// nameless says that no row knows its service.
func nameless(r *red.Report) bool {
	return !slices.ContainsFunc(r.Services, func(row red.Row) bool { return row.Labels.Get("service") != "" })
}

// found are the services that a server knows, where no registry says which there
// are; those that were selected of them.
func (t *table) found() *fleet.Snapshot {
	var all []fleet.Service
	by := map[string]int{}
	for i := range t.report.Services {
		if name := t.report.Services[i].Labels.Get(t.asked.Service[0]); name != "" {
			by[name] = len(all)
			all = append(all, fleet.Service{Ref: fleet.Ref{Source: "prometheus", Name: name}})
		}
	}
	for i := range t.report.Instances {
		l := t.report.Instances[i].Labels
		name, id := l.Get(t.asked.Service[0]), l.Get(metrics.LabelInstance)
		if at, there := by[name]; there && id != "" {
			all[at].Instances = append(all[at].Instances, fleet.Instance{ID: id, Addr: id})
		}
	}
	selected, missing := t.session.Select(all)
	t.reading.Missing = missing
	snap := &fleet.Snapshot{At: t.reading.At}
	for _, s := range selected {
		v := fleet.ServiceView{Ref: s.Ref}
		for _, in := range s.Instances {
			v.Instances = append(v.Instances, fleet.InstanceView{Key: fleet.Key{Ref: s.Ref, Instance: in.ID}, Instance: in})
		}
		snap.Services = append(snap.Services, v)
	}
	return snap
}

// finder finds the rows of a report by what they are about.
type finder struct {
	t       *table
	several bool // contexts are open, and series say of which they are
	rows    map[place]*red.Row
}

// place is a service, or an instance, as labels name it.
type place struct {
	fleet.Ref
	instance string
}

func (t *table) finder() *finder {
	f := &finder{t: t, several: len(t.session.Contexts()) > 1, rows: map[place]*red.Row{}}
	put := func(rows []red.Row, instance bool) {
		for i := range rows {
			l := rows[i].Labels
			p := place{fleet.Ref{Context: l.Get(metrics.LabelContext), Source: l.Get(metrics.LabelSource), Namespace: l.Get(metrics.LabelNamespace), Name: l.Get(metrics.LabelService)}, l.Get(metrics.LabelInstance)}
			if t.session.Server != "" {
				p.Ref = fleet.Ref{Name: l.Get(t.asked.Service[0])}
			}
			if instance == (p.instance != "") {
				f.rows[p] = &rows[i]
			}
		}
	}
	put(t.report.Services, false)
	put(t.report.Instances, true)
	return f
}

// of is the row of a service, or of its instance with one of these names; nil where
// there is none.
func (f *finder) of(ref fleet.Ref, instances ...string) *red.Row {
	switch {
	case f.t.session.Server != "":
		ref = fleet.Ref{Name: ref.Name}
	case !f.several:
		ref.Context = ""
	}
	if len(instances) == 0 {
		return f.rows[place{ref, ""}]
	}
	for _, id := range instances {
		if r := f.rows[place{ref, id}]; r != nil && id != "" {
			return r
		}
	}
	return nil
}

func (t *table) service(svc *fleet.ServiceView, f *finder) row {
	r := row{Line: measured.Line{Key: fleet.Key{Ref: svc.Ref}}}
	if found := f.of(svc.Ref); found != nil {
		r.Row = *found
	}
	var in []*fleet.InstanceView
	for i := range svc.Instances {
		in = append(in, &svc.Instances[i])
	}
	return t.explained(r, in)
}

func (t *table) instance(in *fleet.InstanceView, f *finder) row {
	r := row{Line: measured.Line{Key: in.Key}, zone: in.Zone, version: in.Version}
	names := []string{in.ID}
	if t.session.Server != "" {
		names = append(names, in.Addr) // what Prometheus calls an instance
	}
	if found := f.of(in.Ref, names...); found != nil {
		r.Row = *found
	}
	return t.explained(r, []*fleet.InstanceView{in})
}

// explained adds to a row what passes saw of its instances.
func (t *table) explained(r row, of []*fleet.InstanceView) row {
	var silent, failed *fleet.InstanceView
	if t.session.Server == "" {
		for _, in := range of {
			switch {
			case measure.Silent(in):
				silent = in
			case in.Scrape.Why.Reason != "":
				r.Unread++
				failed = in
			}
		}
	}
	r.unread = r.Unread > 0
	if r.Row.Rate.OK {
		return r
	}
	switch {
	case t.failed != nil:
		_, r.why = fleet.ReasonOf(t.failed)
	case failed != nil:
		r.why = failed.Scrape.Why.Detail
	case silent != nil && silent.Plan.Metrics == nil:
		r.why = "nobody says where its metrics are"
	case silent != nil:
		r.why = "no metrics: " + silent.Scrape.Why.Detail
	case len(of) == 0:
		r.why = "no instances"
	case r.Row.Rate.Why != "":
		r.why = r.Row.Rate.Why
	case t.session.Server != "":
		r.why = "the server has no such series"
	default:
		r.why = red.WhyNotScraped
	}
	r.Row.Numbers = nothing(r.Row.Numbers, r.why)
	r.Row.Saturation = idle(r.Row.Saturation, r.why)
	return r
}

// nothing gives the same reason to all numbers that are n/a.
func nothing(n red.Numbers, why string) red.Numbers {
	for _, v := range []*red.Value{&n.Requests, &n.Rate, &n.Errors, &n.ClientErrors, &n.P50, &n.P95, &n.P99, &n.Mean, &n.Max} {
		because(v, why)
	}
	return n
}

func idle(s red.Saturation, why string) red.Saturation {
	for _, v := range []*red.Value{&s.CPU, &s.Memory, &s.Heap, &s.HeapShare, &s.Goroutines, &s.Threads, &s.OpenFiles} {
		if v.Why == "" { // a page that counts no calls may have these
			because(v, why)
		}
	}
	return s
}

func because(v *red.Value, why string) {
	if !v.OK {
		v.Why = why
	}
}
