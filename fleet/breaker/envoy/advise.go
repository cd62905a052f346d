package envoy

import (
	"context"
	"errors"
	"fmt"

	"github.com/midwatch-cli/midwatch/fleet"
	"github.com/midwatch-cli/midwatch/fleet/breaker"
	"github.com/midwatch-cli/midwatch/probe"
)

// Advise says what an order does beside what it is for, or why it cannot be
// given. Whether the runtime can be written is in the bootstrap, which is read;
// nothing is tried.
func (a *admin) Advise(ctx context.Context, at breaker.Site, name string, o fleet.Order) ([]string, error) {
	v, err := a.read(ctx, at)
	if err != nil {
		return nil, err
	}
	c, err := v.one(at, name)
	if err != nil {
		return nil, err
	}
	if err := v.refuse(at, c, o); err != nil {
		return nil, err
	}
	layer, known, err := a.layer(ctx, at, v)
	if err != nil {
		return nil, err
	}
	if known && layer < 0 {
		return nil, noLayer(at)
	}
	if err := v.overruled(at, c, o, layer); err != nil {
		return nil, err
	}
	const forgets = "it is in this Envoy's memory: a restart forgets it, and no other Envoy sees it"
	if o.Verb == fleet.Reset {
		effects := []string{"removes " + maintenance + name + " from the admin layer and nothing else"}
		if c.shut() {
			effects = append(effects, "its max_requests is 0 besides: calls stay refused")
		}
		return effects, nil
	}
	calls := "calls that HTTP routes send there get"
	if percent := percentOf(o.Share); percent < 100 {
		calls = fmt.Sprintf("about %d of 100 calls that HTTP routes send there get", percent)
	}
	return []string{
		calls + ` 503 "maintenance mode" with x-envoy-overloaded: true; calls under way go on`,
		"TCP proxying does not look at it", forgets,
	}, nil
}

// layer finds the layer that can be written: in the bootstrap, else, where
// nobody shows that, by whether there are any layers at all.
func (a *admin) layer(ctx context.Context, at breaker.Site, v *view) (index int, known bool, err error) {
	body, err := a.get(ctx, at, "/config_dump?mask=bootstrap.layered_runtime")
	switch {
	case err == nil:
		if index, known = adminLayer(body); known {
			return index, true, nil
		}
	case ctx.Err() != nil:
		return -1, false, err
	}
	return -1, len(v.runtime.Layers) == 0, nil
}

// overruled refuses an order that another layer of the runtime would undo: a
// trip, where one above the admin layer has a value of its own; a reset, where
// one holds the cluster once the admin layer's value is gone.
func (v *view) overruled(at breaker.Site, c *cluster, o fleet.Order, layer int) error {
	if layer < 0 {
		return nil // not known: reading afterwards shows it
	}
	values := v.runtime.Entries[maintenance+c.name].Layers
	for i := len(values) - 1; i >= 0; i-- {
		if values[i] == "" || i == layer {
			continue
		}
		if i < layer && o.Verb == fleet.Trip || o.Verb == fleet.Reset && percent(values[i]) == 0 {
			return nil
		}
		return &fleet.Error{
			Reason: probe.ReasonPolicy, Err: errors.ErrUnsupported,
			Detail: fmt.Sprintf("envoy at %s: the runtime layer %q has %s%s at %s, and only the admin layer can be written", at.Base, v.runtime.layer(i), maintenance, c.name, values[i]),
			Hint:   "change it where that layer comes from",
		}
	}
	return nil
}
