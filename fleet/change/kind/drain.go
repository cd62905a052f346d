package kind

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/midwatch-cli/midwatch/fleet"
	"github.com/midwatch-cli/midwatch/fleet/breaker"
	"github.com/midwatch-cli/midwatch/fleet/change"
	"github.com/midwatch-cli/midwatch/fleet/registry"
)

func openDrain(env Env, i change.Intent) (change.Change, error) {
	var d change.Drain
	if err := json.Unmarshal(i.Params, &d); err != nil {
		return nil, fmt.Errorf("the parameters of a drain change cannot be read: %w", err)
	}
	c := &drain{target: i.Target, params: d}
	switch d.Via {
	case change.ViaRegistry:
		reg, err := env.Registry(i.Target.Source)
		if err != nil {
			return nil, err
		}
		w, ok := registry.As[registry.Drainer](reg)
		if !ok {
			return nil, fmt.Errorf("%s: instances cannot be taken out here: %w", i.Target.Source, change.ErrUnable)
		}
		c.far = registryDrain{key: i.Target.Key(), reg: reg, drainer: w}
	case change.ViaAdmin:
		admin, err := administer(env, i.Target)
		if err != nil {
			return nil, err
		}
		w, ok := admin.(breaker.Drainer)
		if !ok {
			return nil, fmt.Errorf("%s takes no instance out: %w", i.Target.Admin.API, change.ErrUnable)
		}
		c.far = adminDrain{at: site(i.Target, i.Context), name: i.Target.Breaker, drainer: w}
	default:
		return nil, fmt.Errorf("nothing is drained by way of %q: %w", d.Via, fleet.ErrNotFound)
	}
	return c, nil
}

// drains is what takes an instance out and puts it back.
type drains interface {
	look(ctx context.Context) (breaker.DrainState, error)
	set(ctx context.Context, on bool, m change.Marks) error
	effects(ctx context.Context, on bool) ([]string, error)
	where() string
}

// registryDrain takes an instance out of a registry.
type registryDrain struct {
	key     fleet.Key
	reg     registry.Registry
	drainer registry.Drainer
}

func (r registryDrain) look(ctx context.Context) (breaker.DrainState, error) {
	e, err := entryOf(ctx, r.reg, r.key)
	switch {
	case err != nil:
		return breaker.DrainState{}, err
	case e == nil:
		return breaker.DrainState{}, fmt.Errorf("%s/%s: %w in the registry", r.key.Name, r.key.Instance, fleet.ErrNotFound)
	}
	d := breaker.DrainState{Text: "in service", InFlight: -1}
	if claimed := e.Instance.Claimed; claimed != nil && *claimed == fleet.Maintenance {
		d = breaker.DrainState{On: true, Text: "out of service", InFlight: -1, Hold: holdOf(e.Instance.ClaimNote)}
	}
	return d, nil
}

func (r registryDrain) set(ctx context.Context, on bool, m change.Marks) error {
	return r.drainer.SetMaintenance(ctx, r.key, on, noteOf(m))
}

func (r registryDrain) effects(ctx context.Context, on bool) ([]string, error) {
	verb := "undrain"
	if on {
		verb = "drain"
	}
	return sideEffects(ctx, r.reg, r.key, verb)
}

func (r registryDrain) where() string { return "the registry" }

// A registry keeps one note with an instance that is out. Ours begins with the
// change and who made it, so that another operator's midwatch knows them.
const noteMark = "midwatch "

func noteOf(m change.Marks) string {
	note := m.By
	if m.Change != "" {
		note = noteMark + m.Change + " by " + m.By
	}
	switch {
	case note == "":
		return m.Reason
	case m.Reason == "":
		return note
	}
	return note + ": " + m.Reason
}

func holdOf(note string) fleet.Hold {
	rest, ours := strings.CutPrefix(note, noteMark)
	id, rest, by := strings.Cut(rest, " by ")
	if !ours || !by || strings.ContainsRune(id, ' ') {
		return fleet.Hold{Reason: note}
	}
	who, why, _ := strings.Cut(rest, ": ")
	return fleet.Hold{By: who, Reason: why, Change: id}
}

// adminDrain takes an instance out by an admin API.
type adminDrain struct {
	at      breaker.Site
	name    string
	drainer breaker.Drainer
}

func (a adminDrain) look(ctx context.Context) (breaker.DrainState, error) {
	return a.drainer.Drained(ctx, a.at, a.name)
}

func (a adminDrain) set(ctx context.Context, on bool, m change.Marks) error {
	_, err := a.drainer.SetDrain(ctx, a.at, a.name, on, fleet.Order{By: m.By, Reason: m.Reason, Change: m.Change, TTL: m.TTL})
	return err
}

func (a adminDrain) effects(ctx context.Context, on bool) ([]string, error) {
	return a.drainer.DrainEffects(ctx, a.at, a.name, on)
}

func (a adminDrain) where() string { return "its admin API" }

// drain takes an instance out of use, or puts it back.
type drain struct {
	target change.Target
	params change.Drain
	far    drains
	marks  change.Marks
}

// drainBefore is the Before of a drain.
type drainBefore struct {
	On   bool
	Text string
	Hold fleet.Hold `json:",omitzero"`
}

func readDrain(b change.Before) (drainBefore, error) {
	var d drainBefore
	if err := json.Unmarshal(b, &d); err != nil {
		return d, fmt.Errorf("what was there before cannot be read: %w", err)
	}
	return d, nil
}

func (c *drain) Mark(m change.Marks) { c.marks = m }

func (c *drain) String() string {
	verb := "undrain"
	if c.params.On {
		verb = "drain"
	}
	name := c.target.Service + "/" + c.target.Instance
	if c.target.Breaker != "" {
		name = c.target.Breaker + " of " + name
	}
	return verb + " " + name + " by " + c.far.where()
}

func (c *drain) Prepare(ctx context.Context) (change.Before, error) {
	d, err := c.far.look(ctx)
	if err != nil {
		return nil, err
	}
	return json.Marshal(drainBefore{On: d.On, Text: d.Text, Hold: d.Hold})
}

func (c *drain) Describe(ctx context.Context, b change.Before) (was, will string, effects []string, err error) {
	before, err := readDrain(b)
	if err != nil {
		return "", "", nil, err
	}
	will = "in service"
	if c.params.On {
		will = "out of service: no new calls, those in flight finish"
	}
	effects, err = c.far.effects(ctx, c.params.On)
	return drainWords(before.Text, before.Hold), will, effects, err
}

func drainWords(text string, h fleet.Hold) string {
	if h.By != "" || h.Reason != "" {
		return text + " (" + holdWords(h) + ")"
	}
	return text
}

func (c *drain) Do(ctx context.Context, b change.Before) error {
	before, err := readDrain(b)
	if err != nil {
		return err
	}
	if before.On && c.params.On {
		// It is out already: whose mark it bears is left as it is.
		if now, err := c.far.look(ctx); err != nil || now.On {
			return err
		}
	}
	return c.far.set(ctx, c.params.On, c.marks)
}

func (c *drain) After(ctx context.Context, b change.Before) (change.Seen, error) {
	before, err := readDrain(b)
	if err != nil {
		return change.Seen{}, err
	}
	ctx, stop := change.Outlive(ctx)
	defer stop()
	now, err := c.far.look(ctx)
	if err != nil {
		return change.Seen{}, err
	}
	text := drainWords(now.Text, now.Hold)
	if now.InFlight > 0 {
		text = fmt.Sprintf("%s, %d in flight", text, now.InFlight)
	}
	return change.Seen{Text: text, OK: now.On == c.params.On, Changed: now.On != before.On, Back: now.On == before.On}, nil
}

func (c *drain) Undo(ctx context.Context, b change.Before) error {
	before, err := readDrain(b)
	if err != nil {
		return err
	}
	now, err := c.far.look(ctx)
	switch {
	case errors.Is(err, fleet.ErrNotFound):
		return nil // it is gone, and with it what was done to it
	case err != nil, now.On == before.On, foreign(now.Hold, c.marks):
		return err
	}
	m := c.marks
	if before.On {
		m = change.Marks{By: before.Hold.By, Reason: before.Hold.Reason, Change: before.Hold.Change}
		if until := before.Hold.Until; !until.IsZero() {
			m.TTL = max(time.Until(until), time.Second)
		}
	}
	return c.far.set(ctx, before.On, m)
}

// Lost says whether the far side forgot that the instance is out.
func (c *drain) Lost(ctx context.Context) (bool, error) {
	now, err := c.far.look(ctx)
	return err == nil && c.params.On && !now.On && now.Hold.IsZero(), err
}

// Held says who holds the instance out, as Before has it.
func (c *drain) Held(b change.Before) (h fleet.Hold, held bool) {
	before, err := readDrain(b)
	return before.Hold, err == nil && before.On
}

// Made says whether what a Before has is what this change did.
func (c *drain) Made(b change.Before) bool {
	before, err := readDrain(b)
	return err == nil && before.On == c.params.On && !foreign(before.Hold, c.marks)
}

// Wanted says whether an instance is where it is wanted, as a Before has it.
func (c *drain) Wanted(b change.Before) bool {
	before, err := readDrain(b)
	return err == nil && before.On == c.params.On
}
