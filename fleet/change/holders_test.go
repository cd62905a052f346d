package change_test

import (
	"testing"
	"time"

	"github.com/midwatch-cli/midwatch/fleet"
	"github.com/midwatch-cli/midwatch/fleet/change"
)

// TestHolders: the newest change that is in force on a breaker holds it, in the
// state that it ordered and in no other.
func TestHolders(t *testing.T) {
	at := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	key := fleet.Key{Ref: fleet.Ref{Context: "prod", Source: "etcd", Name: "order"}, Instance: "order-1"}
	batch := func(id string, age time.Duration, verb fleet.Verb, spoil func(r *change.Record)) *change.Batch {
		i, err := change.BreakerIntent("prod", change.Target{Source: "etcd", Service: "order", Instance: "order-1", Breaker: "payment"}, change.Order{Verb: verb})
		if err != nil {
			t.Fatal(err)
		}
		if i.Instance() != key {
			t.Fatalf("it is about %v", i.Instance())
		}
		b := &change.Batch{ID: id, At: at.Add(-age), Who: change.Who{User: "oncall-1"}, Reason: id, Until: at, Steps: []change.Record{{Intent: i, State: change.Done}}}
		if spoil != nil {
			spoil(&b.Steps[0])
		}
		return b
	}
	old, now := batch("old", time.Hour, fleet.Trip, nil), batch("new", time.Minute, fleet.Trip, nil)
	for _, tt := range []struct {
		name    string
		batches []*change.Batch
		state   fleet.BreakerState
		oneOpen bool
		want    string
	}{
		{"none", nil, fleet.BreakerForcedOpen, false, ""},
		{"one", []*change.Batch{old}, fleet.BreakerForcedOpen, false, "old"},
		{"the newest", []*change.Batch{old, now}, fleet.BreakerForcedOpen, false, "new"},
		{"in any order", []*change.Batch{now, old}, fleet.BreakerForcedOpen, false, "new"},
		{"it opened by itself", []*change.Batch{now}, fleet.BreakerOpen, false, ""},
		{"one word for both", []*change.Batch{now}, fleet.BreakerOpen, true, "new"},
		{"reset by another hand", []*change.Batch{now}, fleet.BreakerClosed, false, ""},
		{"another order", []*change.Batch{batch("off", 0, fleet.Bypass, nil), now}, fleet.BreakerDisabled, false, "off"},
		{"taken back", []*change.Batch{batch("gone", 0, fleet.Trip, func(r *change.Record) { r.Put = change.PutBack }), now}, fleet.BreakerForcedOpen, false, "new"},
		{"failed", []*change.Batch{batch("bad", 0, fleet.Trip, func(r *change.Record) { r.State = change.Failed })}, fleet.BreakerForcedOpen, false, ""},
		{"an entry", []*change.Batch{batch("entry", 0, fleet.Trip, func(r *change.Record) { r.Intent.Kind = change.KindRegister })}, fleet.BreakerForcedOpen, false, ""},
	} {
		of := change.Holders(tt.batches)
		var got fleet.Hold
		if of != nil {
			b := fleet.NewBreaker("payment", tt.state)
			b.OneOpen = tt.oneOpen
			got = of(key, &b)
			if other := fleet.NewBreaker("user", tt.state); !of(key, &other).IsZero() {
				t.Errorf("%s: another breaker is held", tt.name)
			}
		}
		if got.Change != tt.want || tt.want != "" && (got.By != "oncall-1" || got.Reason != tt.want || !got.Until.Equal(at)) {
			t.Errorf("%s: held by %+v, want %q", tt.name, got, tt.want)
		}
	}
}
