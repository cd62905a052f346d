package service

import (
	"context"
	"slices"
	"sync/atomic"
	"time"

	"github.com/midwatch-cli/midwatch/fleet"
	"github.com/midwatch-cli/midwatch/fleet/registry"
)

// LabelDraining is set to true in an instance's entry while it is taken out of
// use: nobody sends it new calls.
const LabelDraining = "draining"

// Directory is what the services know of each other: the registry's set, kept
// up to date by one watch, without instances that are being taken out of use.
// It is safe for concurrent use.
type Directory struct {
	services atomic.Pointer[map[string][]fleet.Instance]
}

// Of lists the instances of a service, by id. The caller must not change it.
func (d *Directory) Of(service string) []fleet.Instance {
	if m := d.services.Load(); m != nil {
		return (*m)[service]
	}
	return nil
}

// Follow watches the registry until ctx ends. While the registry is out of
// reach the last set stays.
func (d *Directory) Follow(ctx context.Context, r registry.Registry) {
	const pause = 500 * time.Millisecond
	for ctx.Err() == nil {
		_ = r.Watch(ctx, func(set registry.Set) error {
			m := make(map[string][]fleet.Instance, len(set.Services))
			for _, s := range set.Services {
				m[s.Name] = slices.DeleteFunc(slices.Clone(s.Instances), func(in fleet.Instance) bool { return in.Labels[LabelDraining] == "true" })
			}
			d.services.Store(&m)
			return nil
		})
		rest(ctx, pause)
	}
}

// rest waits for d or for the end of ctx.
func rest(ctx context.Context, d time.Duration) {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-ctx.Done():
	}
}
