package consul

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"path"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/hashicorp/consul/api"

	"github.com/midwatch-cli/midwatch/fleet"
	"github.com/midwatch-cli/midwatch/fleet/registry"
	"github.com/midwatch-cli/midwatch/fleet/registry/consul/catalog"
)

// parallel bounds the health requests of one pass.
const parallel = 8

// serversName is the service Consul's own servers register themselves as. It
// is in every cluster, so a reader who does not see it does not see it all.
const serversName = "consul"

// List reads the names of the catalog and the health of each, all or nothing.
func (c *client) List(ctx context.Context) (registry.Set, error) {
	ctx, end := c.begin(ctx)
	defer end()
	return c.list(ctx)
}

func (c *client) list(ctx context.Context) (registry.Set, error) {
	q := c.query(ctx)
	var catalog map[string]json.RawMessage // name -> its tags, which are read elsewhere
	meta, err := c.get(ctx, c.reads, "/v1/catalog/services", &catalog, q)
	if err != nil {
		return registry.Set{}, c.explain(ctx, c.where(), err)
	}
	if len(catalog) == 0 && (meta.DefaultACLPolicy == "deny" || meta.ResultsFilteredByACLs) {
		return registry.Set{}, c.denied("it shows no service at all")
	}
	s := &sweep{client: c, guarded: meta.DefaultACLPolicy == "deny"}
	s.see(meta)
	if _, visible := catalog[serversName]; !visible && s.guarded && c.homeNamespace() {
		s.filtered = true
	}
	var names []string
	for _, name := range slices.Sorted(maps.Keys(catalog)) {
		switch {
		case name == serversName && !c.options.Servers:
		case !addressable(name):
			s.warn(name, "its name cannot be asked for over HTTP")
		default:
			names = append(names, name)
		}
	}
	replies, err := c.healthOf(ctx, names)
	if err != nil {
		return registry.Set{}, c.explain(ctx, c.where(), err)
	}
	for i, r := range replies {
		s.add(names[i], r)
	}
	return s.set(names)
}

// homeNamespace says whether the namespace read is the one the servers are in.
func (c *client) homeNamespace() bool {
	usual := func(s string) bool { return s == "" || s == "default" || s == "*" }
	return usual(c.options.Namespace) && usual(c.options.Partition)
}

// denied is the error for an answer that ACLs emptied: Consul says 200.
func (c *client) denied(what string) error {
	detail := c.where() + ": denied: " + what
	if c.door.token.IsZero() {
		detail += ", no token was sent, and its default policy is deny"
	} else {
		detail += ", the token may not read it"
	}
	return &fleet.Error{Reason: registry.ReasonAuth, Detail: detail, Hint: c.hintDenied(false), Err: fleet.ErrDenied}
}

// addressable says whether a name survives as the end of a path: a server
// answers /v1/health/service/.. with a redirect elsewhere.
func addressable(name string) bool {
	return name != "" && path.Clean("/"+name) == "/"+name
}

// reply is one service's health as Consul sent it.
type reply struct {
	entries []json.RawMessage
	meta    *api.QueryMeta
}

// healthOf asks for the health of each name, several at a time. The first
// failure ends it: a part must never look whole.
func (c *client) healthOf(ctx context.Context, names []string) ([]reply, error) {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	replies := make([]reply, len(names))
	next := make(chan int)
	var workers sync.WaitGroup
	for range min(parallel, len(names)) {
		workers.Go(func() {
			for i := range next {
				r, err := c.health(ctx, names[i], c.query(ctx))
				if err != nil {
					cancel(err)
					return
				}
				replies[i] = r
			}
		})
	}
	for i := range names {
		select {
		case next <- i:
			continue
		case <-ctx.Done():
		}
		break
	}
	close(next)
	workers.Wait()
	return replies, context.Cause(ctx)
}

// health asks for one service. Passing ones only would hide the warnings too.
func (c *client) health(ctx context.Context, name string, q *api.QueryOptions) (reply, error) {
	q.Filter = c.options.Filter
	var r reply
	meta, err := c.get(ctx, c.reads, "/v1/health/service/"+name, &r.entries, q)
	r.meta = meta
	return r, err
}

// sweep gathers one pass over the catalog.
type sweep struct {
	client   *client
	services map[fleet.Ref]*fleet.Service
	warnings []fleet.Warning
	hidden   []string      // services of which no instance is shown under deny
	age      time.Duration // of the oldest reply, by the servers' word
	guarded  bool          // the default policy is deny
	filtered bool          // ACLs took something away
	headless bool          // a server without a leader answered
}

func (s *sweep) warn(where, detail string) {
	s.warnings = append(s.warnings, fleet.Warning{Where: where, Detail: detail})
}

// see takes note of what a reply says about itself.
func (s *sweep) see(meta *api.QueryMeta) {
	s.age = max(s.age, meta.LastContact)
	s.filtered = s.filtered || meta.ResultsFilteredByACLs
	s.headless = s.headless || !meta.KnownLeader
}

// add takes over the reply for one service. A service of the catalog without
// an instance went away between the two requests, or ACLs hide them (its nodes
// need node:read), or the filter does.
func (s *sweep) add(name string, r reply) {
	s.see(r.meta)
	if len(r.entries) == 0 && (s.guarded || r.meta.ResultsFilteredByACLs) && s.client.options.Filter == "" {
		s.hidden = append(s.hidden, name)
		return
	}
	for i, raw := range r.entries {
		e, err := catalog.Decode(raw)
		if err != nil {
			s.warn(name, fmt.Sprintf("entry %d cannot be read: %s", i+1, catalog.Line(err.Error())))
			continue
		}
		ref := fleet.Ref{Namespace: e.Service.Namespace, Name: e.Service.Service}
		if ref.Namespace == "" && s.client.options.Namespace != "*" {
			ref.Namespace = s.client.options.Namespace
		}
		if s.services == nil {
			s.services = map[fleet.Ref]*fleet.Service{}
		}
		at := s.services[ref]
		if at == nil {
			at = &fleet.Service{Ref: ref}
			s.services[ref] = at
		}
		at.Instances = append(at.Instances, e.Instance())
	}
}

// set is what was gathered, sorted, with what a reader should know of it.
func (s *sweep) set(asked []string) (registry.Set, error) {
	if len(asked) > 0 && len(s.hidden) == len(asked) {
		return registry.Set{}, s.client.denied("it shows names of services, and no instance of any (node:read is needed for them)")
	}
	set := registry.Set{Warnings: s.warnings}
	for _, at := range s.services {
		set.Services = append(set.Services, *at)
	}
	registry.Sort(set.Services)
	where := s.client.where()
	switch {
	case len(s.hidden) > 0:
		set.Warnings = append(set.Warnings, fleet.Warning{Where: where, Detail: "the list is partial: the token sees no instance of " + catalog.Line(strings.Join(s.hidden, ", "))})
	case s.filtered:
		set.Warnings = append(set.Warnings, fleet.Warning{Where: where, Detail: "the list is partial: ACLs hide a part of it"})
	}
	if s.headless {
		set.Warnings = append(set.Warnings, fleet.Warning{Where: where, Detail: "a server that knows no leader answered: it may be old"})
	}
	if s.age > 0 {
		set.AsOf = time.Now().Add(-s.age)
	}
	return set, nil
}
