// Package envoy reads and switches the clusters of an Envoy by its admin
// interface.
//
// A breaker is a cluster. Envoy's own breakers are limits: such a cluster is
// open while calls are refused because one is reached. Tripped is maintenance
// mode, the runtime key upstream.maintenance_mode.CLUSTER: so many percent of
// the calls that HTTP routes send there are answered 503 at once. Reset removes
// that key from the admin layer and nothing else; there is no bypass and no
// half open. A cluster is forced open where the key is above 0 or its
// max_requests is 0. Other limits of 0, and gauges of connections, are not: calls
// still pass.
//
// Writing needs an admin layer in the bootstrap's layered_runtime, which many
// have not; Advise says so before anything is tried. What is written lives in
// one Envoy's memory.
//
// Wire: operations/admin.rst of its documentation, configuration/upstream/cluster_manager
// and configuration/operations/runtime.rst of envoyproxy/envoy, and replies
// recorded from 1.40.0 in testdata/wire. JSON comes in another order each time,
// without zeros, and holds integers up to 64 bits.
package envoy

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math"
	"net"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/midwatch-cli/midwatch/fleet"
	"github.com/midwatch-cli/midwatch/fleet/breaker"
	"github.com/midwatch-cli/midwatch/probe"
)

// Name is the driver's name.
const Name = "envoy"

// maintenance is the runtime key of a cluster without its name.
const maintenance = "upstream.maintenance_mode."

// Driver is the row of the table.
func Driver() *breaker.Driver {
	return &breaker.Driver{
		Name: Name, Schemes: []string{"http", "https", "unix"}, Summary: "Envoy's admin interface: its clusters, and the whole proxy for drains", Verbs: verbs(),
		Abilities: []breaker.Ability{breaker.CanDrain, breaker.CanAdvise, breaker.Observes},
		Open: func(o breaker.Options) (breaker.Admin, error) {
			return &admin{client: o.Client, dial: o.Dial, path: o.API.Path, log: o.Log}, nil
		},
	}
}

func verbs() []fleet.Verb { return []fleet.Verb{fleet.Trip, fleet.Reset} }

// admin asks over HTTP; it keeps nothing between calls but the client's
// connections.
type admin struct {
	client *http.Client
	dial   func(ctx context.Context, network, address string) (net.Conn, error)
	path   string // before every path, where something in front wants it
	log    *slog.Logger
}

func (a *admin) Verbs() []fleet.Verb { return verbs() }

// view is what one Envoy says of its clusters.
type view struct {
	clusters []cluster
	stats    stats
	runtime  runtime
}

func (a *admin) List(ctx context.Context, at breaker.Site) ([]fleet.Breaker, error) {
	v, err := a.read(ctx, at)
	if err != nil {
		return nil, err
	}
	list := make([]fleet.Breaker, len(v.clusters))
	for i := range v.clusters {
		list[i] = v.breaker(&v.clusters[i])
	}
	return list, nil
}

// read asks for clusters, numbers and runtime. What refuses calls is in all
// three.
func (a *admin) read(ctx context.Context, at breaker.Site) (*view, error) {
	var v view
	for _, page := range []struct {
		path   string
		decode func([]byte) error
	}{
		{"/clusters?format=json", v.decodeClusters},
		{"/stats?format=json&filter=" + url.QueryEscape(clusterStats), v.stats.decode},
		{"/runtime", v.runtime.decode},
	} {
		body, err := a.get(ctx, at, page.path)
		if err != nil {
			return nil, err
		}
		if err := page.decode(body); err != nil {
			return nil, unreadable(at, page.path, err, body)
		}
	}
	return &v, nil
}

// one picks a cluster; fleet.ErrNotFound where there is none of the name.
func (v *view) one(at breaker.Site, name string) (*cluster, error) {
	for i := range v.clusters {
		if v.clusters[i].name == name {
			return &v.clusters[i], nil
		}
	}
	return nil, &fleet.Error{Reason: probe.ReasonNotFound, Detail: fmt.Sprintf("envoy at %s: there is no cluster %q", at.Base, name), Err: fleet.ErrNotFound}
}

func (a *admin) Set(ctx context.Context, at breaker.Site, name string, o fleet.Order) (fleet.Breaker, error) {
	before, err := a.read(ctx, at)
	if err != nil {
		return fleet.Breaker{}, err
	}
	c, err := before.one(at, name)
	if err != nil {
		return fleet.Breaker{}, err
	}
	now := before.breaker(c)
	if err := before.refuse(at, c, o); err != nil {
		return now, err
	}
	value := ""
	if o.Verb == fleet.Trip {
		percent := percentOf(o.Share)
		o.Share, value = float64(percent)/100, strconv.FormatUint(percent, 10)
	}
	if breaker.Wanted(&now, o) || o.Verb == fleet.Reset && !now.State.Held() {
		return now, nil
	}
	if err := a.modify(ctx, at, maintenance+name, value); err != nil {
		return now, err
	}
	after, err := a.read(ctx, at)
	if err == nil {
		c, err = after.one(at, name)
	}
	if err != nil {
		return fleet.Breaker{}, fmt.Errorf("after /runtime_modify?%s%s=%s: %w", maintenance, name, value, err)
	}
	if now = after.breaker(c); breaker.Took(&now, o) {
		return now, nil
	}
	return now, errors.Join(noEffect(at, after, c), a.takeBack(ctx, at, before, after, maintenance+name, value))
}

// percentOf is the value of the key for a share of calls: whole percents, none
// of them 0.
func percentOf(share float64) uint64 {
	if share <= 0 || share >= 1 || math.IsNaN(share) {
		return 100
	}
	return max(1, uint64(math.Round(share*100)))
}

// modify writes a runtime key, or removes it from the admin layer where the
// value is empty. Envoy takes any key, also one of no cluster.
func (a *admin) modify(ctx context.Context, at breaker.Site, key, value string) error {
	a.log.DebugContext(ctx, "envoy: runtime_modify", "at", at.Base, "key", key, "value", value)
	// Envoy decodes %20 and takes + for itself.
	escaped := strings.ReplaceAll(url.QueryEscape(key), "+", "%20")
	return a.post(ctx, at, "/runtime_modify?"+escaped+"="+value)
}

// takeBack puts back what was in the admin layer before an order that had no
// effect: it would act once what overrules it goes. A value that is not ours is
// somebody else's order.
func (a *admin) takeBack(ctx context.Context, at breaker.Site, before, after *view, key, ours string) error {
	was := before.runtime.Entries[key].Layers
	for i, value := range after.runtime.Entries[key].Layers {
		old := ""
		if i < len(was) {
			old = was[i]
		}
		if value == ours && ours != old {
			return a.modify(ctx, at, key, old)
		}
	}
	return nil
}

// refuse says why an order cannot be given of a cluster, as far as reading its
// state shows.
func (v *view) refuse(at breaker.Site, c *cluster, o fleet.Order) error {
	no := func(hint, format string, args ...any) error {
		return &fleet.Error{
			Reason: probe.ReasonPolicy, Err: errors.ErrUnsupported,
			Detail: fmt.Sprintf("envoy at %s: %s", at.Base, fmt.Sprintf(format, args...)), Hint: hint,
		}
	}
	limit := fmt.Sprintf("cluster %q refuses all calls because its max_requests is 0", c.name)
	switch {
	case o.Verb != fleet.Trip && o.Verb != fleet.Reset:
		return no("", "it cannot %s a cluster: trip and reset are all", o.Verb)
	case o.Verb == fleet.Reset && c.shut() && v.runtime.percent(c.name) == 0:
		return no("change its configuration, or the runtime key circuit_breakers."+c.name+".default.max_requests", "%s, which a reset does not touch", limit)
	case o.Verb == fleet.Trip && c.shut() && percentOf(o.Share) < 100:
		return no("", "%s, so none of them can be let through", limit)
	}
	return nil
}

// noEffect words a write that was taken and does not show.
func noEffect(at breaker.Site, v *view, c *cluster) error {
	why := "and the cluster does not show it"
	e := v.runtime.Entries[maintenance+c.name]
	switch layer := v.runtime.decides(e); {
	case c.shut():
		why = "and its max_requests is 0"
	case layer >= 0:
		why = fmt.Sprintf("and the runtime layer %q says %s", v.runtime.layer(layer), e.Layers[layer])
	}
	return &fleet.Error{
		Reason: probe.ReasonReported, Err: breaker.ErrNoEffect,
		Detail: fmt.Sprintf("envoy at %s: it took the write of %s%s, %s", at.Base, maintenance, c.name, why),
	}
}

// decodeClusters reads the page of clusters, sorted by name.
func (v *view) decodeClusters(body []byte) (err error) {
	if v.clusters, err = decodeClusters(body); err != nil {
		return err
	}
	slices.SortStableFunc(v.clusters, func(x, y cluster) int { return cmp.Compare(x.name, y.name) })
	v.clusters = slices.CompactFunc(v.clusters, func(x, y cluster) bool { return x.name == y.name })
	return nil
}
