package doctor

import (
	"context"
	"fmt"
	"net"
	"net/netip"
	"time"

	"github.com/midwatch-cli/midwatch/cmd/app"
	"github.com/midwatch-cli/midwatch/fleet"
	"github.com/midwatch-cli/midwatch/fleet/document"
	"github.com/midwatch-cli/midwatch/fleet/gate"
	"github.com/midwatch-cli/midwatch/fleet/wiring"
	"github.com/midwatch-cli/midwatch/probe"
)

// diagnose walks the way of a call to the worst instance.
func diagnose(ctx context.Context, s *app.Session, r app.Reading, name string) diagnosis {
	d := diagnosis{head: name, outcome: gate.Passed}
	for i := range r.Snapshot.Sources {
		if src := &r.Snapshot.Sources[i]; src.Reason != "" {
			d.add(fleet.Key{Ref: fleet.Ref{Context: src.Context, Source: src.Name}}, "registry", "failed", src.Reason, src.Name+": "+src.Detail, 0)
			d.steps[len(d.steps)-1].Hint = src.Hint
			d.outcome, d.words, d.next = gate.Unknown, "The registry cannot be read, so nothing is known of the service.", src.Hint
		}
	}
	in := worst(r.Snapshot)
	if in == nil {
		d.nobody(r, name)
		return d
	}
	d.words = "" // there is more to say than that of the registries
	w := walk{d: &d, in: in, session: s, silent: d.outcome}
	w.registry(r.Snapshot)
	if in.Plan.Refused != "" || len(in.Plan.Candidates) == 0 {
		d.outcome = gate.Unknown
		d.add(in.Key, "policy", "failed", probe.ReasonPolicy, in.Plan.Refused, 0)
		d.words, d.next = "midwatch refuses to ask that address.", "if it is right, allow it: allowHosts or allowSockets in a profile"
	} else {
		w.path(ctx)
	}
	w.judge()
	if last := &d.steps[len(d.steps)-1]; last.Hint == "" {
		last.Hint = d.next
	}
	w.metrics(ctx)
	return d
}

// worst is the instance that most needs a doctor.
func worst(s *fleet.Snapshot) *fleet.InstanceView {
	var found *fleet.InstanceView
	for i := range s.Services {
		for j := range s.Services[i].Instances {
			if in := &s.Services[i].Instances[j]; found == nil || in.Status > found.Status {
				found = in
			}
		}
	}
	return found
}

// nobody words that there is no instance to ask.
func (d *diagnosis) nobody(r app.Reading, name string) {
	switch {
	case d.outcome == gate.Unknown:
	case len(r.Missing) > 0:
		d.outcome = gate.Unknown
		d.words = "No registry knows a service of that name."
		d.next = "midwatch services lists what there is"
		if len(r.Missing[0].Suggestions) > 0 {
			d.next = "did you mean " + r.Missing[0].Suggestions[0] + "?"
		}
		d.add(fleet.Key{Ref: fleet.Ref{Name: name}}, "registry", "failed", fleet.ReasonNoService, "no such service: "+name, 0)
	case len(r.Snapshot.Services) > 0:
		d.outcome = gate.Failed
		d.add(fleet.Key{Ref: r.Snapshot.Services[0].Ref}, "registry", "failed", fleet.ReasonNoInstances, name+" is known and has no instances", 0)
		d.words, d.next = "The service is known, but nothing of it is registered.", "is it running, and does it reach its registry?"
	default:
		d.outcome = gate.Unknown
		d.add(fleet.Key{Ref: fleet.Ref{Name: name}}, "registry", "failed", fleet.ReasonNoInstances, "no instance matches the selection", 0)
		d.words = "Nothing matched what was asked for."
	}
}

func (d *diagnosis) add(k fleet.Key, step string, result document.StepResult, reason fleet.Reason, detail string, took time.Duration) {
	d.steps = append(d.steps, document.DoctorStep{
		Ref: document.RefOf(k.Ref), Instance: k.Instance, Step: step, Result: result, Reason: string(reason), Detail: detail, TookSeconds: document.SecondsOf(took),
	})
}

// walk is the way to one instance.
type walk struct {
	d       *diagnosis
	in      *fleet.InstanceView
	session *app.Session
	silent  gate.Outcome // what it comes to by registries that did not answer
	reached bool         // its health could be asked for
}

// registry says where the entry stands and how fresh it is.
func (w *walk) registry(s *fleet.Snapshot) {
	in := w.in
	w.d.head = fmt.Sprintf("%s in %s", in.Key, in.Source)
	for i := range s.Sources {
		if src := &s.Sources[i]; src.Name == in.Source && src.Context == in.Context {
			w.d.head += " (" + src.URL + ")"
			if src.Reason != "" {
				return // it was said already
			}
		}
	}
	detail := "its entry is there"
	if in.Lease > 0 {
		detail += fmt.Sprintf(", its lease ends in %v", in.Lease.Round(time.Second))
	}
	if !in.LastSeen.IsZero() {
		detail += fmt.Sprintf(", last sign of life %v ago", s.At.Sub(in.LastSeen).Round(time.Second))
	}
	result := document.StepResult("ok")
	if in.Claimed != nil {
		detail += ", the registry calls it " + in.Claimed.String()
		if in.ClaimNote != "" {
			detail += " (" + in.ClaimNote + ")"
		}
		if *in.Claimed != fleet.Up {
			result = "warning"
		}
	}
	w.d.add(in.Key, "registry", result, "", detail, 0)
}

// path asks address, TCP, TLS and health, and stops where a step fails.
func (w *walk) path(ctx context.Context) {
	t := w.in.Plan.Candidates[0]
	if len(w.in.Probes) > 0 {
		t = w.in.Probes[0].Target
	}
	prober := w.prober()
	if t.Network != "unix" && !w.address(ctx, prober, t) {
		return
	}
	if !w.step(ctx, prober, "tcp", probe.Target{Kind: probe.TCP, Network: t.Network, Address: t.Address, Named: true}) {
		return
	}
	if t.Scheme == "https" || t.Scheme == "grpcs" || t.Kind == probe.TLS {
		if !w.step(ctx, prober, "tls", probe.Target{Kind: probe.TLS, Network: t.Network, Address: t.Address, Host: t.Host}) {
			return
		}
	}
	w.health()
}

func (w *walk) prober() probe.Prober {
	return w.fleet().Sweeper().Prober(w.in.Plan.Profile, w.in.Plan.Credentials)
}

// fleet is the context of the instance.
func (w *walk) fleet() *wiring.Fleet {
	for _, f := range w.session.Fleets {
		if f.Context == w.in.Context {
			return f
		}
	}
	return w.session.Fleets[0]
}

// address says whether the host is an address already, or resolves to one.
func (w *walk) address(ctx context.Context, p probe.Prober, t probe.Target) bool {
	host, _, err := net.SplitHostPort(t.Address)
	if err != nil {
		host = t.Address
	}
	if _, err := netip.ParseAddr(host); err == nil {
		w.d.add(w.in.Key, "address", "ok", "", t.Address+" is literal", 0)
		return true
	}
	return w.step(ctx, p, "dns", probe.Target{Kind: probe.DNS, Path: host})
}

// step asks one question; where its answer is bad, the diagnosis ends with it.
func (w *walk) step(ctx context.Context, p probe.Prober, name string, t probe.Target) bool {
	r := p.Probe(ctx, t)
	w.result(name, &r)
	return r.Outcome == probe.Pass || r.Outcome == probe.Warn
}

// health is the answer that the pass already has.
func (w *walk) health() {
	if len(w.in.Probes) == 0 {
		w.d.outcome = gate.Unknown
		w.d.words = "It was not asked how it is: time ran out."
		return
	}
	r := &w.in.Probes[0]
	w.reached = true
	w.result(string(r.Target.Kind), r)
	if w.d.words == "" {
		w.d.words = "Nothing is wrong with it, seen from here."
		if w.in.Status != fleet.Up {
			w.d.words = fmt.Sprintf("It answers, and is %s: %s.", w.in.Status, w.in.Why.Detail)
		}
	}
}

// judge makes the end that of check, where what the registry claims counts and
// maintenance is no failure.
func (w *walk) judge() {
	switch {
	case w.in.Status == fleet.Maintenance:
		w.d.outcome = w.silent
		w.d.words, w.d.next = fmt.Sprintf("It is in maintenance: %s. That is no failure.", w.in.Why.Detail), ""
	case w.in.Why.Reason == fleet.ReasonVantage:
		w.d.outcome = gate.Unknown
		w.d.words, w.d.next = "Nothing of its source answers from here: "+w.in.Why.Detail+".", "run it from inside the fleet's network"
	case w.in.Status == fleet.Unknown:
		w.d.outcome = max(w.d.outcome, gate.Unknown)
	case w.in.Status == fleet.Down:
		w.d.outcome = gate.Failed
	case w.silent == gate.Unknown && w.d.outcome == gate.Unknown:
		w.d.words += " A registry did not answer: there may be more of it."
	}
}

// result notes an answer and, where it is not well, what it means.
func (w *walk) result(name string, r *probe.Result) {
	detail := r.Detail
	if r.Outcome == probe.Pass {
		detail = fmt.Sprintf("%s in %v", well(name), r.Took.Round(100*time.Microsecond))
	}
	if name == string(probe.HTTP) {
		detail = "GET " + r.Target.Path + ": " + detail
	}
	if off := r.Skew.Abs(); off > fleet.ClockSkew {
		detail += fmt.Sprintf("; its clock is %v %s ours", off, map[bool]string{true: "ahead of", false: "behind"}[r.Skew > 0])
	}
	result := document.StepResult("ok")
	switch outcome := r.Outcome; {
	case outcome == probe.Fail && r.Reason == probe.ReasonResolve:
		result, w.d.outcome = "failed", max(w.d.outcome, gate.Unknown) // a name that is not known here says nothing of its health
	case outcome == probe.Fail:
		result, w.d.outcome = "failed", gate.Failed
	case outcome == probe.Unknown:
		result, w.d.outcome = "failed", max(w.d.outcome, gate.Unknown)
	case outcome == probe.Warn:
		result = "warning"
	}
	w.d.add(w.in.Key, name, result, r.Reason, detail, r.Took)
	if r.Outcome == probe.Fail || r.Outcome == probe.Unknown {
		w.d.words, w.d.next = meaning(name, r.Reason, w.in)
	}
}

func well(step string) string {
	switch step {
	case "tcp":
		return "connected"
	case "tls":
		return "shook hands"
	case "dns":
		return "resolved"
	default:
		return "answered well"
	}
}
