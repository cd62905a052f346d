package demo

import (
	"context"
	"errors"
	"strings"
	"time"

	"github.com/midwatch-cli/midwatch/fleet"
	"github.com/midwatch-cli/midwatch/fleet/demo/service"
	"github.com/midwatch-cli/midwatch/fleet/registry"
)

const (
	leaseTime = 15 * time.Second
	heartbeat = 4 * time.Second
	lookAgain = 200 * time.Millisecond // whether an instance is being taken out of use
)

// entry is what an instance says of itself in the registry.
func (m member) entry() registry.Entry {
	web, grpc := m.Addrs()
	e := registry.Entry{Service: m.Service, TTL: leaseTime, Instance: fleet.Instance{
		ID: m.ID, Addr: web, Zone: zone(m.n), Version: m.Version,
		Labels: map[string]string{"scheme": "http", "health_path": "/health", "metrics_path": m.MetricsPath(), "profile": "midwatch"},
	}}
	if m.Draining() {
		e.Instance.Labels[service.LabelDraining] = "true"
	}
	if len(m.DependsOn) > 0 {
		e.Instance.Labels["depends_on"] = strings.Join(m.DependsOn, ",")
	}
	if grpc != "" {
		e.Instance.Endpoints = map[string]string{"grpc": grpc}
	}
	return e
}

// beat keeps an instance registered until ctx ends. It goes on while the
// instance is crashed, as an agent beside it would: what its probe says and
// what the registry says then differ, and stay so.
func (m member) beat(ctx context.Context, r registry.Registrar, k fleet.Key) {
	tick := time.NewTicker(heartbeat)
	defer tick.Stop()
	look := time.NewTicker(lookAgain)
	defer look.Stop()
	written := false // that it is being taken out of use
	for {
		select {
		case <-tick.C:
		case <-look.C:
			if now := m.Draining(); now != written {
				if _, err := r.Register(ctx, m.entry()); err == nil {
					written = now
				}
			}
			continue
		case <-ctx.Done():
			return
		}
		if err := r.Heartbeat(ctx, k); errors.Is(err, fleet.ErrNotFound) {
			_, _ = r.Register(ctx, m.entry()) // tried again at the next beat
		}
	}
}
