package proposal

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/midwatch-cli/midwatch/cmd/app"
	"github.com/midwatch-cli/midwatch/cmd/write"
	"github.com/midwatch-cli/midwatch/cmd/write/screen"
	"github.com/midwatch-cli/midwatch/fleet"
	"github.com/midwatch-cli/midwatch/fleet/breaker"
	"github.com/midwatch-cli/midwatch/fleet/change"
	"github.com/midwatch-cli/midwatch/fleet/registry"
	"github.com/midwatch-cli/midwatch/fleet/selection"
	"github.com/midwatch-cli/midwatch/fleet/wiring"
)

// Instances is to take instances out of use, or to put them back.
type Instances struct {
	Session   *app.Session
	Selection *selection.Selection
	Names     []string // the same as it was written: see write.Unread
	Out       bool     // out of use; else back into it
	Via       string   // change.ViaRegistry or change.ViaAdmin; empty: the registry where it can, else the admin API
	Server    string   // a proxy's server, instead of the proxy itself
	Flags     *write.Flags

	fleet    *wiring.Fleet   // the one context they are in
	snapshot *fleet.Snapshot // who is meant
	whole    *fleet.Snapshot // how their services are; nil where nobody counts what stays
}

// Read finds who is meant now.
func (t *Instances) Read(ctx context.Context) error {
	r, err := t.Session.Pass(ctx, t.Selection, app.Places, nil)
	if err != nil {
		return err
	}
	t.snapshot = r.Snapshot
	return t.found(r)
}

// found refuses a reading that does not say who is meant.
func (t *Instances) found(r app.Reading) error {
	nothing := func(hint, format string, args ...any) error {
		return &app.Error{Code: app.CannotSay, Err: fmt.Errorf("%s: nothing was changed", fmt.Sprintf(format, args...)), Hint: hint}
	}
	if err := write.Unread(r, t.Names); err != nil {
		return err
	}
	if len(r.Missing) > 0 {
		m := r.Missing[0]
		hint := "midwatch instances lists what the registries hold"
		if len(m.Suggestions) > 0 {
			hint = "did you mean " + strings.Join(m.Suggestions, " or ") + "?"
		}
		return nothing(hint, "no such service: %s", m.Name)
	}
	contexts := map[string]bool{}
	for i := range r.Snapshot.Services {
		if len(r.Snapshot.Services[i].Instances) > 0 {
			contexts[r.Snapshot.Services[i].Context] = true
		}
	}
	if len(contexts) == 0 {
		return nothing("midwatch instances lists what the registries hold", "no instance matched")
	}
	if len(contexts) > 1 {
		return app.Usagef("choose one with --context", "these instances are in several contexts")
	}
	for _, f := range t.Session.Fleets {
		if contexts[f.Context] {
			t.fleet = f
		}
	}
	return nil
}

// Fleet is the context that is written to, once they were read.
func (t *Instances) Fleet() *wiring.Fleet { return t.fleet }

// Proposal is the change; retry is what is typed to go on with what failed.
func (t *Instances) Proposal(retry string) write.Proposal {
	p := write.Proposal{Steps: t.steps, Says: t.says, Retry: retry}
	if t.Out && t.Server == "" { // a proxy's servers are no instances of ours
		p.Fleet = t.health
	}
	return p
}

// steps are what is wanted of each of them, and the way to it. Those that there
// is no way to are among them, as what cannot be done, as long as there is one to
// another.
func (t *Instances) steps(ctx context.Context, old change.Plan) ([]change.Step, error) {
	if len(old.Steps) > 0 { // who is there may have changed
		if err := t.Read(ctx); err != nil {
			return nil, err
		}
	}
	var steps []change.Step
	var refused error
	possible := false
	for i := range t.snapshot.Services {
		s := &t.snapshot.Services[i]
		for j := range s.Instances {
			step, err := t.step(&s.Instances[j])
			if err != nil {
				return nil, err
			}
			if possible = possible || step.Err == nil; refused == nil {
				refused = step.Err
			}
			steps = append(steps, step)
		}
	}
	if !possible {
		return nil, &app.Error{Code: app.Usage, Err: refused, Hint: fleet.HintOf(refused)}
	}
	return steps, nil
}

// step is what is wanted of one instance.
func (t *Instances) step(in *fleet.InstanceView) (change.Step, error) {
	k := in.Key
	via, refused := t.way(in)
	target := change.Target{Source: k.Source, Namespace: k.Namespace, Service: k.Name, Instance: k.Instance, Address: in.Addr, Breaker: t.Server}
	if via == change.ViaAdmin {
		target.Admin = in.Plan.Admin
	}
	intent, err := change.DrainIntent(k.Context, target, change.Drain{On: t.Out, Via: via})
	return change.Step{Intent: intent, Err: refused}, err
}

// way finds how an instance can be drained: by the registry, which callers
// look at, where it can; else by its own admin API.
func (t *Instances) way(in *fleet.InstanceView) (string, error) {
	byRegistry, byAdmin := false, false
	if reg, err := t.fleet.Registry(in.Key.Source); err == nil {
		_, byRegistry = registry.As[registry.Drainer](reg)
	}
	var refused error
	if a := in.Plan.Admin; a != nil {
		admin, err := t.fleet.Admin(*a)
		_, drains := admin.(breaker.Drainer)
		byAdmin, refused = err == nil && drains, err
	}
	switch {
	case t.Via == change.ViaRegistry && byRegistry, t.Via == "" && byRegistry && t.Server == "":
		return change.ViaRegistry, nil
	case t.Via != change.ViaRegistry && byAdmin:
		return change.ViaAdmin, nil
	}
	text := in.Key.String() + ": "
	switch {
	case t.Via == change.ViaRegistry:
		text += "registry " + in.Key.Source + " takes no instance out of use"
	case refused != nil:
		text += refused.Error()
	case in.Plan.Admin != nil:
		text += "its API " + in.Plan.Admin.API + " takes nothing out of use" + t.nor(in, byRegistry)
	default:
		text += "nobody says how it is administered" + t.nor(in, byRegistry)
	}
	return change.ViaAdmin, &fleet.Error{Detail: text, Hint: "midwatch registries says which can; set profile or breakers.api", Err: errors.ErrUnsupported}
}

// nor says that the registry is no way either, unless it was not asked for.
func (t *Instances) nor(in *fleet.InstanceView, can bool) string {
	if can || t.Via == change.ViaAdmin || t.Server != "" {
		return ""
	}
	return ", and registry " + in.Key.Source + " takes no instance out of use either"
}

// health is how the whole services are, for who counts what stays.
func (t *Instances) health(ctx context.Context) (*fleet.Snapshot, error) {
	var services []fleet.Key
	for i := range t.snapshot.Services {
		if s := &t.snapshot.Services[i]; len(s.Instances) > 0 {
			services = append(services, fleet.Key{Ref: s.Ref})
		}
	}
	progress := t.Session.App().IO.Progress()
	defer progress.Done()
	r, err := t.Session.Pass(ctx, selection.Exactly(services...), app.HealthOnly, func(done, total int) { progress.Count(done, total, "instances asked") })
	if err != nil {
		return nil, err
	}
	t.whole = r.Snapshot
	return t.whole, nil
}

// says is the plan in sentences: how many of how many, and how many stay.
func (t *Instances) says(p change.Plan) []screen.Passage {
	parts, refs := passages(&p, func(ref fleet.Ref, _ change.Target) fleet.Ref { return ref })
	for n, ref := range refs {
		parts[n].Says = t.sentence(&p, parts[n].Steps, ref)
	}
	return parts
}

// sentence says how many of a service are taken out or put back, how, and how
// many serve then.
func (t *Instances) sentence(p *change.Plan, steps []int, ref fleet.Ref) string {
	page := t.Flags.Page()
	n, so, cannot := page.Split(p, steps)
	of := " of " + app.Count(t.Session.Size(ref), "instance") + " of " + ref.Name + where(t.fleet)
	if n == 0 {
		word := " in service"
		if t.Out {
			word = " out of service"
		}
		return fmt.Sprintf("%d%s: so many are%s already, and there is nothing to do%s.", so, of, word, screen.Besides(0, cannot))
	}
	line := "This puts "
	if t.Out {
		line = "This takes "
	}
	if t.Server != "" {
		line += "server " + t.Server + " of "
	}
	line += fmt.Sprint(n, of)
	if t.Out {
		line += " out of use"
	} else {
		line += " back into use"
	}
	out, way := map[string]bool{}, ""
	for _, i := range steps {
		if s := &p.Steps[i]; s.Err == nil && !page.Options.Skips(s) {
			out[s.Intent.Target.Instance], way = true, by(s.Intent.Target)
		}
	}
	return line + way + screen.Besides(so, cannot) + t.staying(ref, out) + "."
}

// by names what takes an instance out: the registry, which callers look at, or
// its own API.
func by(t change.Target) string {
	if t.Admin == nil {
		return ", by registry " + t.Source
	}
	return ", by its admin API (" + t.Admin.API + ")"
}

// staying says how many go on serving.
func (t *Instances) staying(ref fleet.Ref, out map[string]bool) string {
	if t.whole == nil || len(out) == 0 {
		return ""
	}
	stay, other := 0, 0
	for i := range t.whole.Services {
		s := &t.whole.Services[i]
		for j := range s.Instances {
			switch in := &s.Instances[j]; {
			case s.Ref != ref || out[in.ID]:
			case in.Status == fleet.Up || in.Status == fleet.Degraded:
				stay++
			default:
				other++
			}
		}
	}
	line := "; " + screen.Verb(stay, "goes", "go") + " on serving"
	if other > 0 {
		line += ", " + screen.Verb(other, "does", "do") + " not serve as it is"
	}
	return line
}
