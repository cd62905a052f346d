package kind

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"time"

	"github.com/midwatch-cli/midwatch/fleet"
	"github.com/midwatch-cli/midwatch/fleet/change"
	"github.com/midwatch-cli/midwatch/fleet/registry"
)

// entryBefore is the Before of both kinds.
type entryBefore struct {
	Was *registry.Entry // nil: there was none
}

func readBefore(b change.Before) (entryBefore, error) {
	var e entryBefore
	if err := json.Unmarshal(b, &e); err != nil {
		return e, fmt.Errorf("what was there before cannot be read: %w", err)
	}
	return e, nil
}

// prepareEntry reads what is there.
func prepareEntry(ctx context.Context, reg registry.Registry, k fleet.Key) (*registry.Entry, change.Before, error) {
	was, err := entryOf(ctx, reg, k)
	if err != nil {
		return nil, nil, err
	}
	b, err := json.Marshal(entryBefore{Was: was})
	return was, b, err
}

type register struct {
	target change.Target
	entry  registry.Entry
	reg    registry.Registry
	writer registry.Registrar
}

func openRegister(env Env, i change.Intent) (change.Change, error) {
	var e change.Entry
	if err := json.Unmarshal(i.Params, &e); err != nil {
		return nil, fmt.Errorf("the parameters of a register change cannot be read: %w", err)
	}
	reg, w, err := registrar(env, i.Target)
	if err != nil {
		return nil, err
	}
	return &register{target: i.Target, reg: reg, writer: w, entry: registry.Entry{
		Namespace: i.Target.Namespace, Service: i.Target.Service, TTL: e.TTL,
		Instance: fleet.Instance{ID: i.Target.Instance, Addr: e.Address, Zone: e.Zone, Version: e.Version, Weight: e.Weight, Labels: e.Labels},
	}}, nil
}

func (c *register) String() string {
	return fmt.Sprintf("register %s/%s at %s in %s", c.target.Service, c.target.Instance, c.entry.Instance.Addr, c.target.Source)
}

func (c *register) Prepare(ctx context.Context) (change.Before, error) {
	if checker, ok := registry.As[registry.Checker](c.reg); ok {
		if err := checker.CheckEntry(ctx, c.entry); err != nil {
			return nil, err
		}
	}
	_, b, err := prepareEntry(ctx, c.reg, c.target.Key())
	return b, err
}

func (c *register) Describe(ctx context.Context, b change.Before) (was, will string, effects []string, err error) {
	before, err := readBefore(b)
	if err != nil {
		return "", "", nil, err
	}
	effects, err = sideEffects(ctx, c.reg, c.target.Key(), "register")
	return words(before.Was), words(&c.entry), effects, err
}

func (c *register) Do(ctx context.Context, _ change.Before) error {
	_, err := c.writer.Register(ctx, c.entry)
	return err
}

func (c *register) After(ctx context.Context, b change.Before) (change.Seen, error) {
	before, e, err := readBack(ctx, c.reg, c.target.Key(), b)
	if err != nil {
		return change.Seen{}, err
	}
	want := &c.entry.Instance
	return change.Seen{
		Text:    words(e),
		OK:      e != nil && e.Instance.Addr == want.Addr && (want.Version == "" || e.Instance.Version == want.Version),
		Changed: !same(before.Was, e), Back: same(before.Was, e),
	}, nil
}

func (c *register) Undo(ctx context.Context, b change.Before) error {
	before, err := readBefore(b)
	if err != nil {
		return err
	}
	now, err := entryOf(ctx, c.reg, c.target.Key())
	ours := now != nil && now.Instance.Addr == c.entry.Instance.Addr
	switch {
	case err != nil || same(before.Was, now):
		return err
	case before.Was == nil && !ours:
		return nil
	case before.Was == nil:
		return ignoreAbsent(c.writer.Deregister(ctx, c.target.Key()))
	}
	if ours && now.Instance.ID != before.Was.Instance.ID {
		// What was there had this address for another id.
		if err := ignoreAbsent(c.writer.Deregister(ctx, keyOf(c.target, now))); err != nil {
			return err
		}
	}
	_, err = c.writer.Register(ctx, *before.Was)
	return err
}

type deregister struct {
	target change.Target
	reg    registry.Registry
	writer registry.Registrar
	watch  time.Duration // how long After looks whether the entry comes back
}

func openDeregister(env Env, i change.Intent) (change.Change, error) {
	var o change.Observe
	if err := json.Unmarshal(i.Params, &o); err != nil {
		return nil, fmt.Errorf("the parameters of a deregister change cannot be read: %w", err)
	}
	reg, w, err := registrar(env, i.Target)
	if err != nil {
		return nil, err
	}
	return &deregister{target: i.Target, reg: reg, writer: w, watch: o.For}, nil
}

func (c *deregister) String() string {
	return fmt.Sprintf("deregister %s/%s from %s", c.target.Service, c.target.Instance, c.target.Source)
}

func (c *deregister) Prepare(ctx context.Context) (change.Before, error) {
	was, b, err := prepareEntry(ctx, c.reg, c.target.Key())
	if err == nil && was == nil {
		return nil, fmt.Errorf("%s/%s: %w in %s", c.target.Service, c.target.Instance, fleet.ErrNotFound, c.target.Source)
	}
	return b, err
}

func (c *deregister) Describe(ctx context.Context, b change.Before) (was, will string, effects []string, err error) {
	before, err := readBefore(b)
	if err != nil {
		return "", "", nil, err
	}
	effects, err = sideEffects(ctx, c.reg, c.target.Key(), "deregister")
	return words(before.Was), words(nil), effects, err
}

func (c *deregister) Do(ctx context.Context, b change.Before) error {
	before, err := readBefore(b)
	if err != nil {
		return err
	}
	return ignoreAbsent(c.writer.Deregister(ctx, keyOf(c.target, before.Was)))
}

// errBack ends the watch of After.
var errBack = errors.New("it came back")

func (c *deregister) After(ctx context.Context, b change.Before) (change.Seen, error) {
	before, e, err := readBack(ctx, c.reg, c.target.Key(), b)
	if err != nil {
		return change.Seen{}, err
	}
	k := keyOf(c.target, before.Was)
	switch {
	case e != nil && e.Instance.ID == k.Instance:
		return change.Seen{Text: "it came back: " + words(e), Changed: !same(before.Was, e), Back: same(before.Was, e)}, nil
	case c.watch <= 0 || ctx.Err() != nil:
		return change.Seen{Text: words(nil), OK: true, Changed: before.Was != nil, Back: before.Was == nil}, nil
	}
	back, err := c.observe(ctx, k)
	if err != nil {
		return change.Seen{}, err
	}
	if back != nil {
		return change.Seen{Text: "it came back: " + words(back), Changed: !same(before.Was, back), Back: same(before.Was, back)}, nil
	}
	return change.Seen{Text: words(nil), OK: true, Changed: before.Was != nil, Back: before.Was == nil}, nil
}

// observe looks for a while whether the entry comes back, and returns it if it
// did. Where ctx ends earlier, it was away as long as anybody looked.
func (c *deregister) observe(ctx context.Context, k fleet.Key) (back *registry.Entry, err error) {
	watching, stop := context.WithTimeout(ctx, c.watch)
	defer stop()
	looked := false
	err = c.reg.Watch(watching, func(set registry.Set) error {
		looked = true
		if back = find(set, k); back != nil && back.Instance.ID == k.Instance {
			return errBack
		}
		return nil
	})
	switch {
	case errors.Is(err, errBack):
		return back, nil
	case ctx.Err() != nil, looked && watching.Err() != nil:
		return nil, nil
	}
	return nil, fmt.Errorf("whether it stays away could not be seen: %w", err)
}

func (c *deregister) Undo(ctx context.Context, b change.Before) error {
	before, err := readBefore(b)
	if err != nil || before.Was == nil {
		return err
	}
	k := keyOf(c.target, before.Was)
	if now, err := entryOf(ctx, c.reg, k); err != nil || now != nil && now.Instance.ID == k.Instance {
		return err // it was never removed, or is there again by its own hand
	}
	_, err = c.writer.Register(ctx, *before.Was)
	return err
}

// readBack reads what is there now, whether or not ctx has ended.
func readBack(ctx context.Context, reg registry.Registry, k fleet.Key, b change.Before) (entryBefore, *registry.Entry, error) {
	before, err := readBefore(b)
	if err != nil {
		return before, nil, err
	}
	ctx, stop := change.Outlive(ctx)
	defer stop()
	now, err := entryOf(ctx, reg, k)
	return before, now, err
}

// find returns the entry of an id, or else of an address.
func find(set registry.Set, k fleet.Key) (found *registry.Entry) {
	for i := range set.Services {
		s := &set.Services[i]
		if s.Name != k.Name || s.Namespace != k.Namespace {
			continue
		}
		for _, in := range s.Instances {
			if in.ID == k.Instance || in.Addr == k.Instance && found == nil {
				found = &registry.Entry{Namespace: s.Namespace, Service: s.Name, Instance: in, TTL: in.Lease}
			}
			if in.ID == k.Instance {
				return found
			}
		}
	}
	return found
}

// same says whether two entries, nil for none, say the same of an instance but
// for signs of life and what the registry itself says of it.
func same(a, b *registry.Entry) bool {
	if a == nil || b == nil {
		return a == b
	}
	x, y := &a.Instance, &b.Instance
	return x.ID == y.ID && x.Addr == y.Addr && x.Zone == y.Zone && x.Version == y.Version && x.Weight == y.Weight &&
		maps.Equal(x.Labels, y.Labels) && maps.Equal(x.Endpoints, y.Endpoints)
}

// ignoreAbsent: what is not there need not be removed.
func ignoreAbsent(err error) error {
	if errors.Is(err, fleet.ErrNotFound) {
		return nil
	}
	return err
}
