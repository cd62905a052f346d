package proposal

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/midwatch-cli/midwatch/cmd/app"
	"github.com/midwatch-cli/midwatch/cmd/write"
	"github.com/midwatch-cli/midwatch/cmd/write/screen"
	"github.com/midwatch-cli/midwatch/fleet"
	"github.com/midwatch-cli/midwatch/fleet/change"
	"github.com/midwatch-cli/midwatch/fleet/selection"
	"github.com/midwatch-cli/midwatch/fleet/wiring"
)

// Breakers is an order to breakers.
type Breakers struct {
	Session   *app.Session
	Selection *selection.Selection // of the instances that have them
	Services  []string             // the same as it was written: see write.Unread
	Wanted    selection.Breakers
	Verb      fleet.Verb
	Percent   int // of the calls that a trip refuses; 0: all
	Flags     *write.Flags
	// None says why there is no breaker to give an order to; err is what is wrong
	// with what was asked for, if anything.
	None func(ctx context.Context, r app.Reading, err error) error

	fleet    *wiring.Fleet // the one context they are in
	snapshot *fleet.Snapshot
	names    map[fleet.Ref][]string // of the breakers that are meant, by their owner
	unread   map[fleet.Key]error    // instances that could not be asked
}

// Read finds the breakers that are meant.
func (t *Breakers) Read(ctx context.Context) error {
	progress := t.Session.App().IO.Progress()
	r, err := t.Session.Pass(ctx, t.Selection, app.BreakersOnly, func(done, total int) { progress.Count(done, total, "instances asked") })
	progress.Done()
	if err != nil {
		return err
	}
	t.snapshot, t.names, t.unread = r.Snapshot, map[fleet.Ref][]string{}, map[fleet.Key]error{}
	found, err := t.Wanted.Targets(r.Snapshot)
	var said *fleet.Error
	switch {
	case errors.As(err, &said) && !errors.Is(err, fleet.ErrNotFound):
		return &app.Error{Code: app.Usage, Err: said, Hint: said.Hint}
	case err != nil, len(found) == 0:
		return t.None(ctx, r, err)
	}
	if err := write.Unread(r, t.Services); err != nil {
		return err
	}
	for _, f := range found {
		t.mean(f.In.Key.Ref, f.Breaker.Name)
	}
	if err := t.addUnread(); err != nil {
		return err
	}
	return t.oneContext()
}

func (t *Breakers) mean(ref fleet.Ref, name string) {
	if !slices.Contains(t.names[ref], name) {
		t.names[ref] = append(t.names[ref], name)
	}
}

// addUnread puts the instances that could not be asked beside those that could:
// they are meant too. Of a service of which none could be asked it is known what
// is meant only where the breaker was named, and not by a glob.
func (t *Breakers) addUnread() error {
	for _, in := range t.Wanted.Unread(t.snapshot) {
		t.unread[in.Key] = &fleet.Error{Reason: in.BreakersWhy.Reason, Detail: in.BreakersWhy.Detail, Hint: in.BreakersHint}
		if len(t.names[in.Key.Ref]) > 0 {
			continue
		}
		names, exact := t.Wanted.Named(in.Key.Ref)
		if !exact {
			return &app.Error{
				Code: app.CannotSay, Hint: "name the breakers, or the services, that are meant",
				Err: fmt.Errorf("breakers of %s could not be read, and some of them may be meant: %s: nothing was changed", in.Key, in.BreakersWhy.Detail),
			}
		}
		for _, name := range names {
			t.mean(in.Key.Ref, name)
		}
	}
	return nil
}

// oneContext finds the context that is written to.
func (t *Breakers) oneContext() error {
	for ref := range t.names {
		for _, f := range t.Session.Fleets {
			if f.Context != ref.Context {
				continue
			}
			if t.fleet != nil && t.fleet != f {
				return app.Usagef("choose one with --context", "these breakers are in several contexts")
			}
			t.fleet = f
		}
	}
	return nil
}

// Fleet is the context that is written to, once they were read.
func (t *Breakers) Fleet() *wiring.Fleet { return t.fleet }

// Proposal is the change; retry is what is typed to go on with what failed.
func (t *Breakers) Proposal(retry string) write.Proposal {
	return write.Proposal{Steps: t.steps, Says: t.says, Retry: retry}
}

// steps are what is wanted of each instance that is there now. What could not be
// asked is among them, as what cannot be done.
func (t *Breakers) steps(ctx context.Context, old change.Plan) ([]change.Step, error) {
	if len(old.Steps) > 0 { // who is there may have changed
		r, err := t.Session.Pass(ctx, t.Selection, app.Places, nil)
		if err != nil {
			return nil, err
		}
		if err := write.Unread(r, t.Services); err != nil {
			return nil, err
		}
		t.snapshot = r.Snapshot
	}
	var steps []change.Step
	for i := range t.snapshot.Services {
		s := &t.snapshot.Services[i]
		for j := range s.Instances {
			for _, name := range t.names[s.Ref] {
				if !t.Wanted.Means(s.Instances[j].Key, name) {
					continue
				}
				step, err := t.step(&s.Instances[j], name)
				if err != nil {
					return nil, err
				}
				steps = append(steps, step)
			}
		}
	}
	return steps, nil
}

// step is an order to one breaker of one instance.
func (t *Breakers) step(in *fleet.InstanceView, name string) (change.Step, error) {
	k := in.Key
	o := change.Order{Verb: t.Verb}
	if t.shared() {
		o.Share = float64(t.Percent) / 100
	}
	intent, err := change.BreakerIntent(k.Context, change.Target{
		Source: k.Source, Namespace: k.Namespace, Service: k.Name, Instance: k.Instance, Address: in.Addr, Breaker: name, Admin: in.Plan.Admin,
	}, o)
	return change.Step{Intent: intent, Err: t.unread[k]}, err
}

// shared says that a share of the calls is meant, not all.
func (t *Breakers) shared() bool { return t.Percent > 0 && t.Percent < 100 }

// words are what an order does to a breaker, and what it means for the calls that
// the breaker protects.
func words(v fleet.Verb) (does, means string) {
	switch v {
	case fleet.Trip:
		return "opens", "will be refused at once"
	case fleet.Reset:
		return "closes", "will pass as long as they succeed"
	case fleet.Bypass:
		return "bypasses", "will pass unprotected, whatever becomes of them"
	case fleet.HalfOpen:
		return "half-opens", "will be tried a few at a time"
	}
	return "gives " + string(v) + " to", "will go as the breaker decides"
}

// says is the plan in sentences: what it does to whom, and to how many of them.
func (t *Breakers) says(p change.Plan) []screen.Passage {
	type group struct {
		ref     fleet.Ref
		breaker string
	}
	parts, of := passages(&p, func(ref fleet.Ref, t change.Target) group { return group{ref, t.Breaker} })
	_, means := words(t.Verb)
	for n, g := range of {
		var needed bool
		parts[n].Says, needed = t.sentence(&p, parts[n].Steps, g.ref, g.breaker)
		if !needed {
			continue
		}
		calls := "Calls"
		if t.shared() {
			calls = fmt.Sprintf("%d%% of the calls", t.Percent)
		}
		parts[n].Then = []string{fmt.Sprintf("%s from %s to %s %s.", calls, g.ref.Name, g.breaker, means)}
	}
	return parts
}

// sentence says on how many instances of how many something is done, and why
// not on the others.
func (t *Breakers) sentence(p *change.Plan, steps []int, ref fleet.Ref, name string) (line string, needed bool) {
	n, so, cannot := t.Flags.Page().Split(p, steps)
	of := app.Count(t.Session.Size(ref), "instance") + " of " + t.owner(ref)
	if n > 0 {
		does, _ := words(t.Verb)
		return fmt.Sprintf("This %s breaker %s on %d of %s%s.", does, name, n, of, screen.Besides(so, cannot)), true
	}
	return fmt.Sprintf("Breaker %s is %s on %d of %s already: there is nothing to do%s.", name, t.Verb.State().Words(), so, of, screen.Besides(0, cannot)), false
}

// owner names a service, where it is, and how that is guarded: order (prod,
// protected).
func (t *Breakers) owner(ref fleet.Ref) string {
	name := ref.Name
	for other := range t.names {
		if other.Name == ref.Name && other != ref {
			name = strings.TrimPrefix(ref.Namespace+"/", "/") + ref.Name + " in " + ref.Source
		}
	}
	return name + where(t.fleet)
}
