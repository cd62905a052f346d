package etcd

import (
	"context"
	"errors"
	"fmt"

	"go.etcd.io/etcd/api/v3/mvccpb"
	"go.etcd.io/etcd/api/v3/v3rpc/rpctypes"
	clientv3 "go.etcd.io/etcd/client/v3"

	"github.com/midwatch-cli/midwatch/fleet"
	"github.com/midwatch-cli/midwatch/fleet/registry"
	"github.com/midwatch-cli/midwatch/fleet/registry/etcd/layout"
)

const (
	pageSize = 1000 // keys in one answer
	rereads  = 3    // how often a reading that was overtaken starts again
)

// record is one key as it was read.
type record struct {
	key   string
	mod   int64 // the revision of its last change
	lease clientv3.LeaseID
	entry layout.Entry
	err   error // why the entry cannot be read
}

// reading is all records below a prefix at one revision.
type reading struct {
	revision int64
	records  map[string]record
}

// List reads all keys below the prefix, in pages of one revision. Any member of
// the cluster may answer: the set can be behind by what that member is behind.
func (r *Registry) List(ctx context.Context) (registry.Set, error) {
	got, err := r.read(ctx, r.prefix, true)
	if err != nil {
		return registry.Set{}, err
	}
	set := got.set()
	if len(got.records) == 0 {
		set.Warnings = append(set.Warnings, r.misspelled(ctx)...)
	}
	return set, nil
}

// read reads everything below a prefix. A serializable reading that a lagging
// member cannot finish is done again through the leader.
func (r *Registry) read(ctx context.Context, prefix string, serializable bool) (reading, error) {
	var got reading
	for attempt := 1; ; attempt++ {
		err := r.link.do(ctx, func(ctx context.Context, c *clientv3.Client) (err error) {
			got, err = r.pages(ctx, c, prefix, serializable)
			return err
		})
		overtaken := errors.Is(err, rpctypes.ErrCompacted) || errors.Is(err, rpctypes.ErrFutureRev)
		if err == nil || !overtaken || attempt == rereads {
			return got, err
		}
		serializable = false
	}
}

// pages reads page after page, all at the revision of the first.
func (r *Registry) pages(ctx context.Context, c *clientv3.Client, prefix string, serializable bool) (reading, error) {
	got := reading{records: make(map[string]record)}
	key, end := span(prefix)
	for {
		options := []clientv3.OpOption{clientv3.WithRange(end), clientv3.WithLimit(pageSize), clientv3.WithRev(got.revision)}
		if serializable {
			options = append(options, clientv3.WithSerializable())
		}
		page, err := c.Get(ctx, key, options...)
		if err != nil {
			return reading{}, err
		}
		if got.revision == 0 {
			got.revision = page.Header.GetRevision()
		}
		for _, kv := range page.Kvs {
			got.records[string(kv.Key)] = r.record(kv)
		}
		if !page.More || len(page.Kvs) == 0 {
			return got, nil
		}
		key = string(page.Kvs[len(page.Kvs)-1].Key) + "\x00"
	}
}

// span is the range of keys below a prefix.
func span(prefix string) (key, end string) {
	if prefix == "" {
		return "\x00", "\x00"
	}
	return prefix, clientv3.GetPrefixRangeEnd(prefix)
}

// record decodes one key.
func (r *Registry) record(kv *mvccpb.KeyValue) record {
	out := record{key: string(kv.Key), mod: kv.ModRevision, lease: clientv3.LeaseID(kv.Lease)}
	out.entry, out.err = layout.Decode(r.layout, r.prefix, out.key, kv.Value)
	return out
}

// misspelled says where entries are when there are none where the user looks: a
// slash at the start of a key is easily missed. What cannot be found out is not
// said.
func (r *Registry) misspelled(ctx context.Context) []fleet.Warning {
	if r.prefix == "" {
		return nil
	}
	other := layout.OtherSpelling(r.prefix)
	var found int64
	err := r.link.do(ctx, func(ctx context.Context, c *clientv3.Client) error {
		got, err := c.Get(ctx, other, clientv3.WithPrefix(), clientv3.WithCountOnly(), clientv3.WithSerializable())
		if err == nil {
			found = got.Count
		}
		return err
	})
	if err != nil || found == 0 {
		return nil
	}
	return []fleet.Warning{{
		Where:  r.prefix,
		Detail: fmt.Sprintf("no key starts with it, but %d with %s: write etcd://%s/%s", found, other, r.host, other[:len(other)-1]),
	}}
}
