package demo

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/midwatch-cli/midwatch/fleet/demo/service"
)

// enough is how many calls an instance has to have answered.
const enough = 5

// Settle waits until what the fleet shows is what it will go on showing: every
// instance is registered, has answered enough calls to judge it by (unless a
// fault keeps it from answering), and the faults that show in the share of
// errors do. It takes about a second and ends early with ctx, saying what is
// missing.
func (f *Fleet) Settle(ctx context.Context) error {
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for {
		missing := f.missing()
		if len(missing) == 0 {
			return nil
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			return fmt.Errorf("demo: not settled: %s: %w", strings.Join(missing, ", "), ctx.Err())
		}
	}
}

// missing lists what has not shown yet.
func (f *Fleet) missing() (missing []string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, m := range f.members {
		if m.Draining() {
			continue // it has left on purpose
		}
		registered := false
		for _, known := range f.known.Of(m.Service) {
			registered = registered || known.ID == m.ID
		}
		if !registered {
			missing = append(missing, m.ID+" is not registered")
			continue
		}
		if why := m.unsettled(f.condition(m), f.starved(m.Service)); why != "" {
			missing = append(missing, m.ID+" "+why)
		}
		if f.condition(m) != (service.Condition{}) || f.starved(m.Service) {
			continue // it may never call what it depends on
		}
		for _, to := range m.DependsOn {
			if f.useless(to) && !m.Refuses(to) {
				missing = append(missing, "the breaker of "+m.ID+" to "+to+" is not open")
			}
		}
	}
	return missing
}

// openingErrors is a share of errors that opens breakers, for all the attempts
// at several instances.
const openingErrors = 0.9

// useless says whether every instance of a service fails so that breakers to it
// open. The caller holds the lock.
func (f *Fleet) useless(name string) bool {
	for _, m := range f.members {
		if c := f.condition(m); m.Service == name && !c.Hang && !c.Crash && c.Errors < openingErrors {
			return false
		}
	}
	return true
}

// unsettled says what the instance's last ten seconds do not show yet.
func (m member) unsettled(c service.Condition, starved bool) string {
	total, failed := m.Calls()
	switch {
	case c.Hang, c.Crash, c.Latency > 0: // callers do not wait for it, so it answers few or none
	case starved:
	case total < enough:
		return fmt.Sprintf("has answered %d calls", total)
	case c.Errors > service.MaxErrors && !m.Failing():
		return fmt.Sprintf("shows %d errors in %d calls", failed, total)
	}
	return ""
}

// starved says whether calls cannot be relied on to reach a service: every
// instance of something on the way to it answers too little. The caller holds
// the lock.
func (f *Fleet) starved(name string) bool {
	for _, way := range before(name) {
		blocked := true
		for _, m := range f.members {
			if m.Service != way {
				continue
			}
			c := f.condition(m)
			blocked = blocked && (c.Hang || c.Crash || c.Latency > 0 || c.Errors >= blockingErrors)
		}
		if blocked {
			return true
		}
	}
	return false
}

// blockingErrors is a share of errors that trying again does not make good.
const blockingErrors = 0.75

// before lists what a call passes before it comes to a service: a checkout goes
// from the gateway to user and order, and an order to user, inventory and
// payment, in this order.
func before(name string) []string {
	order := []string{"gateway", "user", "order", "inventory", "payment"}
	return order[:slices.Index(order, name)]
}
