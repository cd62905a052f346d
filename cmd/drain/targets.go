package drain

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

// targets are the instances that are meant.
type targets struct {
	*draining
	app       *app.App
	session   *app.Session
	selection *selection.Selection
	names     []string // as they were written

	fleet    *wiring.Fleet   // the one context they are in
	snapshot *fleet.Snapshot // who is meant
	whole    *fleet.Snapshot // how their services are; nil where nobody counts what stays
}

// read finds who is meant now.
func (t *targets) read(ctx context.Context) error {
	r, err := t.session.Pass(ctx, t.selection, app.Places, nil)
	if err != nil {
		return err
	}
	t.snapshot = r.Snapshot
	return t.found(r)
}

// found refuses a reading that does not say who is meant.
func (t *targets) found(r app.Reading) error {
	nothing := func(hint, format string, args ...any) error {
		return &app.Error{Code: app.CannotSay, Err: fmt.Errorf("%s: nothing was changed", fmt.Sprintf(format, args...)), Hint: hint}
	}
	if err := write.Unread(r, t.names); err != nil {
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
	for _, f := range t.session.Fleets {
		if contexts[f.Context] {
			t.fleet = f
		}
	}
	return nil
}

// steps are what is wanted of each of them, and the way to it. Those that there
// is no way to are among them, as what cannot be done, as long as there is one to
// another.
func (t *targets) steps(ctx context.Context, old change.Plan) ([]change.Step, error) {
	if len(old.Steps) > 0 { // who is there may have changed
		if err := t.read(ctx); err != nil {
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
func (t *targets) step(in *fleet.InstanceView) (change.Step, error) {
	k := in.Key
	via, refused := t.way(in)
	target := change.Target{Source: k.Source, Namespace: k.Namespace, Service: k.Name, Instance: k.Instance, Address: in.Addr, Breaker: t.server}
	if via == change.ViaAdmin {
		target.Admin = in.Plan.Admin
	}
	intent, err := change.DrainIntent(k.Context, target, change.Drain{On: t.on, Via: via})
	return change.Step{Intent: intent, Err: refused}, err
}

// way finds how an instance can be drained: by the registry, which callers
// look at, where it can; else by its own admin API.
func (t *targets) way(in *fleet.InstanceView) (string, error) {
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
	case t.via == change.ViaRegistry && byRegistry, t.via == "" && byRegistry && t.server == "":
		return change.ViaRegistry, nil
	case t.via != change.ViaRegistry && byAdmin:
		return change.ViaAdmin, nil
	}
	text := in.Key.String() + ": "
	switch {
	case t.via == change.ViaRegistry:
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
func (t *targets) nor(in *fleet.InstanceView, can bool) string {
	if can || t.via == change.ViaAdmin || t.server != "" {
		return ""
	}
	return ", and registry " + in.Key.Source + " takes no instance out of use either"
}

// health is how the whole services are, for who counts what stays.
func (t *targets) health(ctx context.Context) (*fleet.Snapshot, error) {
	whole := app.Selection{Namespace: t.draining.selection.Namespace}
	var names []string
	for i := range t.snapshot.Services {
		if s := &t.snapshot.Services[i]; len(s.Instances) > 0 {
			names = append(names, s.Source+":"+s.Name)
		}
	}
	sel, err := whole.Compile(names)
	if err != nil {
		return nil, err
	}
	progress := t.app.IO.Progress()
	defer progress.Done()
	r, err := t.session.Pass(ctx, sel, app.HealthOnly, func(done, total int) { progress.Count(done, total, "instances asked") })
	if err != nil {
		return nil, err
	}
	t.whole = r.Snapshot
	return t.whole, nil
}

// says is the plan in sentences: how many of how many, and how many stay.
func (t *targets) says(p change.Plan) []screen.Passage {
	var parts []screen.Passage
	var refs []fleet.Ref
	at := map[fleet.Ref]int{}
	for i := range p.Steps {
		target := p.Steps[i].Intent.Target
		ref := target.Key().Ref
		ref.Context, ref.Source = p.Steps[i].Intent.Context, target.Source
		n, known := at[ref]
		if !known {
			n = len(parts)
			at[ref], parts, refs = n, append(parts, screen.Passage{}), append(refs, ref)
		}
		parts[n].Steps = append(parts[n].Steps, i)
	}
	for n, ref := range refs {
		parts[n].Says = t.sentence(&p, parts[n].Steps, ref)
	}
	return parts
}

// sentence says how many of a service are taken out or put back, how, and how
// many serve then.
func (t *targets) sentence(p *change.Plan, steps []int, ref fleet.Ref) string {
	page := t.flags.Page()
	n, so, cannot := page.Split(p, steps)
	of := " of " + app.Count(t.session.Size(ref), "instance") + " of " + ref.Name + t.where()
	if n == 0 {
		word := " in service"
		if t.on {
			word = " out of service"
		}
		return fmt.Sprintf("%d%s: so many are%s already, and there is nothing to do%s.", so, of, word, screen.Besides(0, cannot))
	}
	line := "This puts "
	if t.on {
		line = "This takes "
	}
	if t.server != "" {
		line += "server " + t.server + " of "
	}
	line += fmt.Sprint(n, of)
	if t.on {
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
func (t *targets) staying(ref fleet.Ref, out map[string]bool) string {
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

// where names the context and how it is guarded: (prod, protected).
func (t *targets) where() string {
	var words []string
	if t.fleet.Context != "" {
		words = append(words, t.fleet.Context)
	}
	if t.fleet.Protected {
		words = append(words, "protected")
	}
	if len(words) == 0 {
		return ""
	}
	return " (" + strings.Join(words, ", ") + ")"
}
