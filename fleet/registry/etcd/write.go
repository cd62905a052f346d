package etcd

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"go.etcd.io/etcd/api/v3/v3rpc/rpctypes"
	clientv3 "go.etcd.io/etcd/client/v3"

	"github.com/midwatch-cli/midwatch/fleet"
	"github.com/midwatch-cli/midwatch/fleet/registry"
	"github.com/midwatch-cli/midwatch/fleet/registry/etcd/layout"
)

// Register writes the entry in the official gRPC naming form, at
// PREFIX/[NAMESPACE/]SERVICE/ADDRESS. An entry of the same instance elsewhere
// in the service is taken away in the same transaction; one of another instance
// at this address is not written over: registry.ErrTaken. With a TTL it hangs on
// a lease of its own, rounded up to whole seconds.
func (r *Registry) Register(ctx context.Context, e registry.Entry) (fleet.Key, error) {
	w, err := r.writing(e)
	if err != nil {
		return fleet.Key{}, err
	}
	for range rereads {
		doomed, mod, err := r.room(ctx, w)
		if err != nil {
			return fleet.Key{}, err
		}
		if done, err := r.put(ctx, w, e.TTL, doomed, mod); err != nil || done {
			return w.k, err
		}
	}
	return fleet.Key{}, &fleet.Error{
		Reason: registry.ReasonStatus, Detail: fmt.Sprintf("%s: %s was written by somebody else each time it was to be written", r.link.where, w.key),
		Hint: "look who else registers at this address",
	}
}

// CheckEntry says what Register would refuse.
func (r *Registry) CheckEntry(ctx context.Context, e registry.Entry) error {
	w, err := r.writing(e)
	if err == nil {
		_, _, err = r.room(ctx, w)
	}
	return err
}

// written is an entry as it goes into etcd.
type written struct {
	k          fleet.Key
	addr       string
	key, value string
}

// writing encodes an entry, if it can be written so that it is read back.
func (r *Registry) writing(e registry.Entry) (written, error) {
	k := fleet.Key{Ref: fleet.Ref{Namespace: e.Namespace, Name: e.Service}, Instance: e.Instance.ID}
	if k.Instance == "" {
		k.Instance = e.Instance.Addr
	}
	if err := r.writable(e); err != nil {
		return written{}, err
	}
	e.Instance.ID = k.Instance
	value, err := layout.Encode(e.Instance)
	if err != nil {
		return written{}, registry.Misconfigured("", "", "etcd: %s: %w", k, err)
	}
	w := written{k: k, addr: e.Instance.Addr, key: r.below(k.Ref) + layout.EscapeSegment(e.Instance.Addr), value: value}
	return w, r.readable(k, w.key, w.value)
}

// room returns the keys under which the instance stands elsewhere, and the
// revision of what stands at its own (0: nothing). The key of this form is the
// address, so that another instance there would be lost without a word.
func (r *Registry) room(ctx context.Context, w written) (doomed []string, mod int64, err error) {
	got, err := r.read(ctx, r.below(w.k.Ref), false)
	if err != nil {
		return nil, 0, err
	}
	for _, rec := range got.records {
		switch {
		case rec.key == w.key && rec.err == nil && w.k.Instance != w.addr && !rec.is(w.k):
			other := fleet.Key{Ref: rec.entry.Ref, Instance: rec.entry.Instances[0].ID}
			return nil, 0, &fleet.Error{
				Reason: registry.ReasonStatus, Detail: fmt.Sprintf("%s holds %s at %s: its key is the address, so that %s would take its place", r.link.where, other, w.addr, w.k.Instance),
				Hint: fmt.Sprintf("midwatch deregister %s/%s first, or register under that id", other.Name, other.Instance), Err: registry.ErrTaken,
			}
		case rec.key == w.key:
			mod = rec.mod
		case rec.err == nil && rec.is(w.k):
			doomed = append(doomed, rec.key)
		}
	}
	slices.Sort(doomed)
	return doomed, mod, nil
}

// put writes the entry if its key is still as it was read.
func (r *Registry) put(ctx context.Context, w written, ttl time.Duration, doomed []string, mod int64) (done bool, err error) {
	err = r.link.do(ctx, func(ctx context.Context, c *clientv3.Client) error {
		var options []clientv3.OpOption
		var lease clientv3.LeaseID
		if ttl > 0 {
			granted, err := c.Grant(ctx, int64((ttl+time.Second-1)/time.Second))
			if err != nil {
				return err
			}
			lease = granted.ID
			options = append(options, clientv3.WithLease(lease))
		}
		ops := []clientv3.Op{clientv3.OpPut(w.key, w.value, options...)}
		for _, key := range doomed {
			ops = append(ops, clientv3.OpDelete(key))
		}
		answer, err := c.Txn(ctx).If(clientv3.Compare(clientv3.ModRevision(w.key), "=", mod)).Then(ops...).Commit()
		if done = err == nil && answer.Succeeded; !done && lease != 0 {
			// Ours alone, and nothing may hang on it. It would run out as well.
			_, _ = c.Revoke(context.WithoutCancel(ctx), lease)
		}
		return err
	})
	return done, err
}

// writable says what keeps an entry from being written so that it can be read
// back.
func (r *Registry) writable(e registry.Entry) error {
	if r.layout != layout.Auto && r.layout != layout.Naming {
		return registry.Misconfigured("", "leave layout out of the URL, or say layout=naming",
			"etcd: entries are written in the form of gRPC naming, and layout=%s would not show them", r.layout)
	}
	switch {
	case e.Service == "" || strings.Contains(e.Service, "/") || !layout.Printable(e.Service):
		return registry.Misconfigured("", "a name has no slash and no control character", "etcd: %q cannot be the name of a service", e.Service)
	case e.Namespace != "" && (slices.Contains(strings.Split(e.Namespace, "/"), "") || !layout.Printable(e.Namespace)):
		return registry.Misconfigured("", "", "etcd: %q cannot be a namespace", e.Namespace)
	case e.TTL < 0:
		return registry.Misconfigured("", "", "etcd: a time to live of %v", e.TTL)
	case strings.HasPrefix(e.Instance.Addr, "/") && layout.Printable(e.Instance.Addr):
		return nil
	}
	if err := layout.CheckAddr(e.Instance.Addr); err != nil {
		return registry.Misconfigured("", "write HOST:PORT, IPv6 as [::1]:PORT", "etcd: %w", err)
	}
	return nil
}

// readable says whether an entry would be read back under the key it has for
// us. It is not where a namespace begins like the prefix of a library, or where
// an id is no UTF-8.
func (r *Registry) readable(k fleet.Key, key, value string) error {
	back, err := layout.Decode(r.layout, r.prefix, key, []byte(value))
	if err != nil {
		return registry.Misconfigured("", "", "etcd: %q could not be read back: %w", k.String(), err)
	}
	if read := (fleet.Key{Ref: back.Ref, Instance: back.Instances[0].ID}); read != k {
		return registry.Misconfigured("", "take another namespace or id, or name a prefix in the URL", "etcd: %q would be read back as %q", k.String(), read.String())
	}
	return nil
}

// below is the prefix of a service's entries in the form we write.
func (r *Registry) below(ref fleet.Ref) string {
	if ref.Namespace != "" {
		return r.prefix + ref.Namespace + "/" + ref.Name + "/"
	}
	return r.prefix + ref.Name + "/"
}

// find returns the records of an instance: where we write them, else anywhere
// below the prefix, as other layouts name keys by other rules.
func (r *Registry) find(ctx context.Context, k fleet.Key) ([]record, error) {
	for _, prefix := range slices.Compact([]string{r.below(k.Ref), r.prefix}) {
		found, err := r.search(ctx, prefix, k)
		if err != nil || len(found) > 0 {
			return found, err
		}
	}
	return nil, r.gone(k)
}

// search returns the records of an instance below a prefix, by key.
func (r *Registry) search(ctx context.Context, prefix string, k fleet.Key) (found []record, err error) {
	got, err := r.read(ctx, prefix, false)
	if err != nil {
		return nil, err
	}
	for _, rec := range got.records {
		if rec.err == nil && rec.is(k) {
			found = append(found, rec)
		}
	}
	slices.SortFunc(found, func(a, b record) int { return strings.Compare(a.key, b.key) })
	return found, nil
}

// is says whether a record that can be read holds an instance.
func (rec *record) is(k fleet.Key) bool {
	return rec.entry.Ref == (fleet.Ref{Namespace: k.Namespace, Name: k.Name}) &&
		slices.ContainsFunc(rec.entry.Instances, func(in fleet.Instance) bool { return in.ID == k.Instance })
}

// gone says that an instance is not there.
func (r *Registry) gone(k fleet.Key) error {
	return &fleet.Error{Reason: registry.ReasonNotFound, Detail: fmt.Sprintf("%s holds no %s", r.link.where, k), Err: fleet.ErrNotFound}
}

// Deregister deletes the instance's keys. It never revokes a lease: others may
// hang on it, and some libraries register again when theirs is gone.
func (r *Registry) Deregister(ctx context.Context, k fleet.Key) error {
	for range rereads {
		found, err := r.find(ctx, k)
		if err != nil {
			return err
		}
		var same []clientv3.Cmp
		var ops []clientv3.Op
		for _, rec := range found {
			same = append(same, clientv3.Compare(clientv3.ModRevision(rec.key), "=", rec.mod))
			ops = append(ops, clientv3.OpDelete(rec.key))
		}
		done := false
		err = r.link.do(ctx, func(ctx context.Context, c *clientv3.Client) error {
			answer, err := c.Txn(ctx).If(same...).Then(ops...).Commit()
			if err == nil {
				done = answer.Succeeded
			}
			return err
		})
		if err != nil || done {
			return err
		}
	}
	return &fleet.Error{
		Reason: registry.ReasonStatus, Detail: fmt.Sprintf("%s: %s was written again each time it was to be deleted", r.link.where, k),
		Hint: "stop the instance: it keeps registering itself",
	}
}

// Heartbeat keeps the entry's lease alive once. An entry without a lease only
// has to be there.
func (r *Registry) Heartbeat(ctx context.Context, k fleet.Key) error {
	found, err := r.find(ctx, k)
	if err != nil {
		return err
	}
	for _, rec := range found {
		if rec.lease == clientv3.NoLease {
			continue
		}
		err := r.link.do(ctx, func(ctx context.Context, c *clientv3.Client) error {
			_, err := c.KeepAliveOnce(ctx, rec.lease)
			return err
		})
		if errors.Is(err, rpctypes.ErrLeaseNotFound) {
			return r.gone(k)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// SideEffects says what else a deregistration does, by the library that wrote
// the entry (wire reference 0.4, seen on the real ones for go-zero, go-kit and
// Kratos).
func (r *Registry) SideEffects(ctx context.Context, k fleet.Key, verb string) ([]string, error) {
	if verb != "deregister" {
		return nil, nil
	}
	found, err := r.find(ctx, k)
	if err != nil {
		return nil, err
	}
	var out []string
	for _, rec := range found {
		switch rec.entry.Layout {
		case layout.Zero:
			out = append(out, "a living go-zero instance writes its key again at once: it will come back")
		case layout.Kitex:
			out = append(out, "a living Kitex instance looks for its key every 30 s and registers again")
		case layout.Kratos:
			out = append(out, "a living Kratos instance does not notice, and stays away until its lease ends or it starts again")
		case layout.Micro:
			out = append(out, "a living go-micro instance stays away as long as its lease lives, and registers again once it is gone")
		}
		if n := len(rec.entry.Instances); n > 1 {
			out = append(out, fmt.Sprintf("the key %s holds %d instances: all of them go", rec.key, n))
		}
	}
	return slices.Compact(out), nil
}
