package top_test

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/midwatch-cli/midwatch/cmd/app"
	"github.com/midwatch-cli/midwatch/cmd/write"
	"github.com/midwatch-cli/midwatch/fleet"
	"github.com/midwatch-cli/midwatch/fleet/change"
	changedesk "github.com/midwatch-cli/midwatch/fleet/change/desk"
	"github.com/midwatch-cli/midwatch/fleet/change/journal"
	"github.com/midwatch-cli/midwatch/fleet/change/keeper"
	"github.com/midwatch-cli/midwatch/fleet/demo"
	"github.com/midwatch-cli/midwatch/fleet/selection"
	"github.com/midwatch-cli/midwatch/tui/desk"
)

// onDemo is the world of the demo's fleet, which no context names: a real etcd, and
// services whose breakers act.
func onDemo(t *testing.T) *world {
	t.Helper()
	f, err := demo.Start(t.Context(), demo.Options{Dir: t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(f.Close)
	if err := f.Settle(t.Context()); err != nil {
		t.Fatal(err)
	}
	return &world{home: t.TempDir(), env: map[string]string{}, fleet: "etcd=" + f.URL}
}

// keeps makes this process the one that puts changes back.
func (w *world) keeps(t *testing.T) *journal.Journal {
	t.Helper()
	j, err := journal.Open(t.Context(), filepath.Join(w.home, "midwatch"), journal.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = j.Close() })
	if kept, err := j.Keep(t.Context(), keeper.Self(), change.Keeper{}); err != nil || !kept {
		t.Fatalf("%v, %v", kept, err)
	}
	return j
}

// sees waits until a pass of the dashboard's session shows something of an instance.
func sees(t *testing.T, s *app.Session, what string, k fleet.Key, is func(*fleet.InstanceView) bool) {
	t.Helper()
	for over := time.After(15 * time.Second); ; {
		r, err := s.Pass(t.Context(), selection.Exactly(k), app.Everything, nil)
		if err != nil {
			t.Fatal(err)
		}
		for i := range r.Snapshot.Services {
			for j := range r.Snapshot.Services[i].Instances {
				if in := &r.Snapshot.Services[i].Instances[j]; in.Key == k && is(in) {
					return
				}
			}
		}
		select {
		case <-over:
			t.Fatalf("%s is not seen: %+v", what, r.Snapshot.Services)
		case <-time.After(50 * time.Millisecond):
		}
	}
}

func breakerIs(name string, state fleet.BreakerState) func(*fleet.InstanceView) bool {
	return func(in *fleet.InstanceView) bool {
		for _, b := range in.Breakers {
			if b.Name == name {
				return b.State == state
			}
		}
		return false
	}
}

// TestOnTheDemo: trip with an end, as its plan says by this keeper, and put back when
// that is there; drain, and put back; all in a fleet without a context.
func TestOnTheDemo(t *testing.T) {
	w := onDemo(t)
	j := w.keeps(t)
	s, _ := w.open(t)
	of := func(service, instance string) fleet.Key {
		return fleet.Key{Ref: fleet.Ref{Source: "etcd", Name: service}, Instance: instance}
	}

	trip := in("", "etcd", wish(desk.Trip, "order:payment"))
	trip.TTL, trip.Reason = time.Hour, "db"
	m := w.make(t, trip, true)
	m.says(t, "This opens breaker payment on 2 of 2 instances of order.\n", fmt.Sprintf(" UTC (1 h) by keeper %d on %s.", os.Getpid(), keeper.Host()), "Opened on 2 of 2.", "!error")
	sees(t, s, "the trip", of("order", "order-1"), breakerIs("payment", fleet.BreakerForcedOpen))
	all := w.journal(t)
	if len(all) != 1 || all[0].Until.Sub(all[0].At) != time.Hour || all[0].Keeper.PID != os.Getpid() || len(all[0].Origin.Registries) != 1 {
		t.Fatalf("%+v", all)
	}
	settled, err := changedesk.PutBackDue(t.Context(), j, write.Opener(s.App(), j), change.Filter{}, all[0].Until.Add(time.Second))
	if err != nil || len(settled) != 1 || settled[0].Err != nil {
		t.Fatalf("%+v, %v", settled, err)
	}
	sees(t, s, "that it was put back", of("order", "order-1"), breakerIs("payment", fleet.BreakerClosed))

	drain := in("", "etcd", wish(desk.Drain, "payment/payment-2"))
	m = w.make(t, drain, true)
	m.says(t, "This takes 1 of 3 instances of payment out of use, by its admin API (httpapi); 2 go on serving.", "Took out 1 of 1.", "!error")
	sees(t, s, "the drain", of("payment", "payment-2"), func(in *fleet.InstanceView) bool { return in.Status == fleet.Maintenance })
	listed, err := w.desk(t).Changes(t.Context())
	if err != nil || len(listed) < 2 || listed[0].Batch.ID != m.Change || listed[0].Stand != change.StandInForce {
		t.Errorf("%+v, %v", listed, err)
	}
	w.make(t, in("", "etcd", wish(desk.Undrain, "payment/payment-2")), true).says(t, "This puts 1 of 3 instances of payment back into use", "Put back 1 of 1.", "!error")
	sees(t, s, "that it is back", of("payment", "payment-2"), func(in *fleet.InstanceView) bool { return in.Status == fleet.Up })
	w.make(t, in("", "etcd", wish(desk.Drain, "payment")), true).says(t, "no instance of payment would serve any more")

	// Another fleet's dashboard does not list them.
	other := &world{home: w.home, env: w.env, fleet: "file://" + w.write(t, "other.yaml", "services: []\n")}
	if listed, err := other.desk(t).Changes(t.Context()); err != nil || len(listed) != 0 {
		t.Errorf("%+v, %v", listed, err)
	}
}
