// Package memory is a registry that lives in the process: the reference
// implementation of the contract, with all abilities. Tests and demonstrations
// change it and break it by hand.
package memory

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"sync"
	"time"

	"github.com/midwatch-cli/midwatch/fleet"
	"github.com/midwatch-cli/midwatch/fleet/registry"
)

// errClosed ends what still runs when a client is closed.
var errClosed = errors.New("memory: closed")

// Store is the far end. It is safe for concurrent use and needs no closing.
type Store struct {
	mu       sync.Mutex
	services map[fleet.Ref]map[string]*entry
	about    map[fleet.Ref]fleet.Service // labels and dependencies
	warnings []fleet.Warning
	gate     *gate
	changed  chan struct{} // closed and replaced at each change
}

// entry is one instance and its lease.
type entry struct {
	instance fleet.Instance
	drained  *fleet.Instance // what it was before maintenance
	ttl      time.Duration
	expiry   *time.Timer // nil without a lease
}

// NewStore makes an empty store.
func NewStore() *Store {
	return &Store{
		services: map[fleet.Ref]map[string]*entry{},
		about:    map[fleet.Ref]fleet.Service{},
		changed:  make(chan struct{}),
	}
}

// change runs f under the lock and wakes who watches.
func (s *Store) change(f func()) {
	s.mu.Lock()
	defer s.mu.Unlock()
	f()
	close(s.changed)
	s.changed = make(chan struct{})
}

// Put adds or replaces a service with all its instances. Context and source of
// its Ref are ignored, as a registry knows neither.
func (s *Store) Put(svc fleet.Service) {
	ref := local(svc.Ref)
	s.change(func() {
		s.remove(ref)
		s.about[ref] = fleet.Service{Ref: ref, Labels: maps.Clone(svc.Labels), DependsOn: slices.Clone(svc.DependsOn)}
		s.services[ref] = map[string]*entry{}
		for _, in := range svc.Instances {
			if in.ID == "" {
				in.ID = in.Addr
			}
			s.services[ref][in.ID] = &entry{instance: clone(in)}
		}
	})
}

// Drop removes a service.
func (s *Store) Drop(r fleet.Ref) {
	s.change(func() { s.remove(local(r)) })
}

// Warn adds a warning to every set, as an unreadable entry would.
func (s *Store) Warn(w fleet.Warning) {
	s.change(func() { s.warnings = append(s.warnings, w) })
}

// Break makes every read and write go through a gate first, until heal is
// called: an error from it is the far end's failure, and a gate that waits for
// its context is a far end that hangs. Who watches meets the gate at once.
func (s *Store) Break(f func(ctx context.Context) error) (heal func()) {
	g := &gate{f: f, healed: make(chan struct{})}
	s.change(func() { s.gate = g })
	return sync.OnceFunc(func() {
		s.change(func() { s.gate = nil })
		close(g.healed)
	})
}

// remove forgets a service; the lock is held.
func (s *Store) remove(ref fleet.Ref) {
	for _, e := range s.services[ref] {
		e.stop()
	}
	delete(s.services, ref)
	delete(s.about, ref)
}

// stop ends the lease.
func (e *entry) stop() {
	if e.expiry != nil {
		e.expiry.Stop()
	}
}

// set copies what there is; the lock is held.
func (s *Store) set() registry.Set {
	set := registry.Set{Warnings: slices.Clone(s.warnings)}
	for ref, about := range s.about {
		svc := fleet.Service{Ref: ref, Labels: maps.Clone(about.Labels), DependsOn: slices.Clone(about.DependsOn)}
		for _, e := range s.services[ref] {
			svc.Instances = append(svc.Instances, clone(e.instance))
		}
		set.Services = append(set.Services, svc)
	}
	registry.Sort(set.Services)
	return set
}

// local leaves out what a registry does not know of a service.
func local(r fleet.Ref) fleet.Ref { return fleet.Ref{Namespace: r.Namespace, Name: r.Name} }

// clone copies an instance so that neither side sees the other's changes.
func clone(in fleet.Instance) fleet.Instance {
	in.Labels, in.Endpoints = maps.Clone(in.Labels), maps.Clone(in.Endpoints)
	if in.Claimed != nil {
		claim := *in.Claimed
		in.Claimed = &claim
	}
	return in
}

// Client is one connection to a store.
type Client struct {
	store  *Store
	closed chan struct{}
	once   sync.Once
}

// Open connects to the store.
func (s *Store) Open() *Client { return &Client{store: s, closed: make(chan struct{})} }

// Close makes what still runs return.
func (c *Client) Close() error {
	c.once.Do(func() { close(c.closed) })
	return nil
}

// pass asks the gate, and says that the far end may be used.
func (c *Client) pass(ctx context.Context) error {
	c.store.mu.Lock()
	gate := c.store.gate
	c.store.mu.Unlock()
	asked := error(nil)
	if gate != nil && ctx.Err() == nil {
		asked = gate.ask(ctx, c.closed)
	}
	select {
	case <-c.closed:
		return errClosed
	default:
	}
	if err := ctx.Err(); err != nil {
		return registry.Explain("memory", err)
	}
	return registry.Explain("memory", asked)
}

// gate is a fault that lasts until it is healed.
type gate struct {
	f      func(context.Context) error
	healed chan struct{}
}

// ask calls the gate. Healing and closing end a call that hangs; healed is
// well.
func (g *gate) ask(ctx context.Context, closed chan struct{}) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	stop := make(chan struct{})
	defer close(stop)
	go func() {
		select {
		case <-closed:
		case <-g.healed:
		case <-stop:
		}
		cancel()
	}()
	err := g.f(ctx)
	select {
	case <-g.healed:
		return nil
	default:
		return err
	}
}

// List returns what the store holds.
func (c *Client) List(ctx context.Context) (registry.Set, error) {
	if err := c.pass(ctx); err != nil {
		return registry.Set{}, err
	}
	c.store.mu.Lock()
	defer c.store.mu.Unlock()
	return c.store.set(), nil
}

// Watch emits the whole set at once and after each change. Changes that come
// while emit runs are taken together.
func (c *Client) Watch(ctx context.Context, emit func(registry.Set) error) error {
	for {
		if err := c.pass(ctx); err != nil {
			return err
		}
		c.store.mu.Lock()
		set, changed := c.store.set(), c.store.changed
		c.store.mu.Unlock()
		if err := emit(set); err != nil {
			return err
		}
		select {
		case <-ctx.Done():
			return registry.Explain("memory", ctx.Err())
		case <-c.closed:
			return errClosed
		case <-changed:
		}
	}
}

// Register adds or replaces an entry. With a lease it goes by itself when no
// heartbeat comes.
func (c *Client) Register(ctx context.Context, e registry.Entry) (fleet.Key, error) {
	if err := c.pass(ctx); err != nil {
		return fleet.Key{}, err
	}
	k := fleet.Key{Ref: fleet.Ref{Namespace: e.Namespace, Name: e.Service}, Instance: e.Instance.ID}
	if k.Instance == "" {
		k.Instance = e.Instance.Addr
	}
	in := clone(e.Instance)
	in.ID = k.Instance
	s := c.store
	s.change(func() {
		if s.services[k.Ref] == nil {
			s.services[k.Ref], s.about[k.Ref] = map[string]*entry{}, fleet.Service{Ref: k.Ref}
		}
		if old := s.services[k.Ref][k.Instance]; old != nil {
			old.stop()
		}
		if in.Claimed == nil {
			up := fleet.Up
			in.Claimed = &up
		}
		added := &entry{instance: in, ttl: e.TTL}
		if e.TTL > 0 {
			added.expiry = time.AfterFunc(e.TTL, func() { s.expire(k, added) })
		}
		s.services[k.Ref][k.Instance] = added
	})
	return k, nil
}

// expire removes an entry whose lease ran out, unless it was replaced.
func (s *Store) expire(k fleet.Key, e *entry) {
	s.change(func() {
		if s.services[k.Ref][k.Instance] == e {
			s.take(k)
		}
	})
}

// take removes one instance, and its service with the last; the lock is held.
func (s *Store) take(k fleet.Key) {
	s.services[k.Ref][k.Instance].stop()
	delete(s.services[k.Ref], k.Instance)
	if len(s.services[k.Ref]) == 0 {
		s.remove(k.Ref)
	}
}

// edit runs f on one entry; fleet.ErrNotFound where there is none.
func (c *Client) edit(ctx context.Context, k fleet.Key, f func(e *entry)) error {
	if err := c.pass(ctx); err != nil {
		return err
	}
	k.Ref = local(k.Ref)
	err := fmt.Errorf("memory: %s: %w", k, fleet.ErrNotFound)
	c.store.change(func() {
		if e := c.store.services[k.Ref][k.Instance]; e != nil {
			f(e)
			err = nil
		}
	})
	return err
}

// Deregister removes an entry.
func (c *Client) Deregister(ctx context.Context, k fleet.Key) error {
	return c.edit(ctx, k, func(*entry) { c.store.take(fleet.Key{Ref: local(k.Ref), Instance: k.Instance}) })
}

// Heartbeat renews an entry's lease.
func (c *Client) Heartbeat(ctx context.Context, k fleet.Key) error {
	return c.edit(ctx, k, func(e *entry) {
		e.instance.LastSeen = time.Now()
		if e.expiry != nil {
			e.expiry.Reset(e.ttl)
		}
	})
}

// SetMaintenance claims maintenance for an instance, or what it was before.
func (c *Client) SetMaintenance(ctx context.Context, k fleet.Key, on bool, why string) error {
	return c.edit(ctx, k, func(e *entry) {
		switch {
		case on:
			if e.drained == nil {
				before := clone(e.instance)
				e.drained = &before
			}
			claim := fleet.Maintenance
			e.instance.Claimed, e.instance.ClaimNote = &claim, why
		case e.drained != nil:
			e.instance.Claimed, e.instance.ClaimNote = e.drained.Claimed, e.drained.ClaimNote
			e.drained = nil
		}
	})
}

// Options of the driver: none.
type Options struct{}

// Driver is the row of the table. What it opens is empty, and only who holds
// it can fill it.
func Driver() *registry.Driver {
	return &registry.Driver{
		Name:       "memory",
		Schemes:    []string{"memory"},
		Summary:    "a registry inside the process, for tests and rehearsals",
		Abilities:  []registry.Ability{registry.CanWatch, registry.CanRegister, registry.CanDrain, registry.HasHealth},
		NewOptions: func() any { return &Options{} },
		Open: func(context.Context, registry.Location, any, registry.Env) (registry.Registry, error) {
			return NewStore().Open(), nil
		},
	}
}
