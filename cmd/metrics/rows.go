package metrics

import (
	"cmp"
	"context"
	"errors"
	"slices"
	"strings"

	"github.com/midwatch-cli/midwatch/cmd/app"
	"github.com/midwatch-cli/midwatch/cmd/measure"
	"github.com/midwatch-cli/midwatch/fleet"
	"github.com/midwatch-cli/midwatch/fleet/document"
	"github.com/midwatch-cli/midwatch/fleet/document/measured"
	"github.com/midwatch-cli/midwatch/fleet/metrics"
	"github.com/midwatch-cli/midwatch/fleet/metrics/red"
)

// row is a service, or an instance, with its numbers and what is known of it
// beside them.
type row struct {
	measured.Line
	why     string           // why nothing at all is known of it
	unread  bool             // something of it could not be read
	errors  []document.Error // of what could not be read, where the last pass does not say it
	late    bool             // some of those: only the last pass could read them
	zone    string           // of an instance
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
	several := len(s.Contexts()) > 1
	ix := t.indexed(several)
	for i := range services.Services {
		svc := &services.Services[i]
		of := t.of(svc.Ref, several)
		if o.by == "service" {
			t.rows = append(t.rows, t.service(svc, &ix, of))
			continue
		}
		for j := range svc.Instances {
			t.rows = append(t.rows, t.instance(&svc.Instances[j], &ix, of))
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
	places := map[string]int{}
	for i := range t.report.Services {
		if name := t.report.Services[i].Labels.Get(t.asked.Service[0]); name != "" {
			places[name] = len(all)
			all = append(all, fleet.Service{Ref: fleet.Ref{Source: "prometheus", Name: name}})
		}
	}
	for i := range t.report.Instances {
		l := t.report.Instances[i].Labels
		name, id := l.Get(t.asked.Service[0]), l.Get(metrics.LabelInstance)
		if at, ok := places[name]; ok && id != "" {
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

// index says where the rows of a report are, and how many instances of each
// service were not read, by what is said of a service in labels.
type index struct {
	services, instances map[string]int
	unread              map[string][]string // the instances, as the server names them
}

func (t *table) indexed(several bool) index {
	ix := index{map[string]int{}, map[string]int{}, map[string][]string{}}
	of := func(l metrics.Labels) string {
		if t.session.Server != "" {
			return l.Get(t.asked.Service[0])
		}
		context := ""
		if several {
			context = l.Get(metrics.LabelContext)
		}
		return keyed(context, l.Get(metrics.LabelSource), l.Get(metrics.LabelNamespace), l.Get(metrics.LabelService))
	}
	for i := range t.report.Services {
		ix.services[of(t.report.Services[i].Labels)] = i
	}
	for i := range t.report.Instances {
		one := &t.report.Instances[i]
		service := of(one.Labels)
		ix.instances[keyed(service, one.Labels.Get(metrics.LabelInstance))] = i
		if one.Rate.Why == red.WhyUnread {
			ix.unread[service] = append(ix.unread[service], one.Labels.Get(metrics.LabelInstance))
		}
	}
	return ix
}

func keyed(parts ...string) string { return strings.Join(parts, "\xff") }

// of is what is said of a service in labels.
func (t *table) of(ref fleet.Ref, several bool) string {
	switch {
	case t.session.Server != "":
		return ref.Name
	case several:
		return keyed(ref.Context, ref.Source, ref.Namespace, ref.Name)
	}
	return keyed("", ref.Source, ref.Namespace, ref.Name)
}

func (t *table) service(svc *fleet.ServiceView, ix *index, of string) row {
	r := row{Line: measured.Line{Key: fleet.Key{Ref: svc.Ref}}}
	if at, ok := ix.services[of]; ok {
		r.Row = t.report.Services[at]
	}
	if t.session.Server != "" {
		r.Unread = len(ix.unread[of])
		for _, id := range ix.unread[of] {
			r.errors = append(r.errors, unreadBy(fleet.Key{Ref: svc.Ref, Instance: id}))
		}
	}
	var in []*fleet.InstanceView
	for i := range svc.Instances {
		in = append(in, &svc.Instances[i])
	}
	return t.explained(r, in, ix, of)
}

func (t *table) instance(in *fleet.InstanceView, ix *index, of string) row {
	r := row{Line: measured.Line{Key: in.Key}, zone: in.Zone, version: in.Version}
	at, ok := ix.instances[keyed(of, in.ID)]
	if !ok && t.session.Server != "" {
		at, ok = ix.instances[keyed(of, in.Addr)]
	}
	if ok {
		r.Row = t.report.Instances[at]
	}
	if t.session.Server != "" && r.Row.Rate.Why == red.WhyUnread {
		r.Unread++
		r.errors = append(r.errors, unreadBy(in.Key))
	}
	return t.explained(r, []*fleet.InstanceView{in}, ix, of)
}

// explained adds to a row what passes saw of its instances.
func (t *table) explained(r row, of []*fleet.InstanceView, ix *index, service string) row {
	var silent, failed *fleet.InstanceView
	once, odd := "", "" // odd is what a page may lack a rate for
	if t.session.Server == "" {
		for _, in := range of {
			switch {
			case measure.Silent(in):
				silent = in
			case in.Scrape.Why.Reason != "":
				r.Unread++
				failed = in
			default:
				odd = cmp.Or(odd, in.Scrape.Note)
				if at, ok := ix.instances[keyed(service, in.ID)]; ok && t.report.Instances[at].Rate.Why == red.WhyOneScrape {
					once = cmp.Or(r.missed(t, in), once)
				}
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
	case once != "":
		r.why = once
	case silent != nil && silent.Plan.Metrics == nil:
		r.why = "nobody says where its metrics are"
	case silent != nil:
		r.why = "no metrics: " + silent.Scrape.Why.Detail
	case len(of) == 0:
		r.why = "no instances"
	case r.Row.Rate.Why != "":
		if r.why = r.Row.Rate.Why; odd != "" {
			r.why += ": " + odd
		}
	case t.session.Server != "":
		r.why = "the server has no such series"
	default:
		r.why = red.WhyNotScraped
	}
	r.Row.Numbers = nothing(r.Row.Numbers, r.why)
	r.Row.Saturation = idle(r.Row.Saturation, r.why)
	return r
}

// missed notes an instance that only the last pass could read, and says why that
// is not enough; nothing where no pass failed.
func (r *row) missed(t *table, in *fleet.InstanceView) string {
	s, ok := t.reading.Missed(in)
	if !ok {
		return ""
	}
	r.Unread++
	r.late = true
	why := red.WhyOneScrape + ": before, " + s.Why.Detail
	r.errors = append(r.errors, errorOf(in.Key, s.Why.Reason, why, s.Hint))
	return why
}

// unreadBy is an instance that a server could not read.
func unreadBy(k fleet.Key) document.Error {
	return errorOf(k, fleet.ReasonNoData, "the server could not read its metrics", "")
}

func errorOf(k fleet.Key, reason fleet.Reason, detail, hint string) document.Error {
	return document.Error{Context: k.Context, Source: k.Source, Namespace: k.Namespace, Service: k.Name, Instance: k.Instance, Reason: string(reason), Detail: detail, Hint: hint}
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
