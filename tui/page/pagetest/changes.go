package pagetest

import (
	"fmt"
	"time"

	"github.com/midwatch-cli/midwatch/fleet"
	"github.com/midwatch-cli/midwatch/fleet/change"
	"github.com/midwatch-cli/midwatch/tui/desk"
)

// Order is a change that gave an order to a breaker of the first so many instances
// of a service, all of them done; before is how long ago, ttl when it ends from
// then on.
func Order(id string, verb fleet.Verb, of fleet.Ref, breaker string, instances int, at time.Time, ttl time.Duration) desk.Change {
	b := &change.Batch{
		ID: id, At: at, What: fmt.Sprintf("%s %s/%s", verb, of.Name, breaker), Context: of.Context, Finished: at.Add(time.Second),
		Who: change.Who{User: "oncall-1", Host: "bastion-1", Terminal: "pts/3", PID: 812}, Reason: "db move",
	}
	if ttl > 0 {
		b.Until, b.Keeper = at.Add(ttl), change.Keeper{PID: 4711, Host: "bastion-1"}
	}
	for i := range instances {
		intent, err := change.BreakerIntent(of.Context, change.Target{
			Source: of.Source, Namespace: of.Namespace, Service: of.Name, Instance: fmt.Sprint(of.Name, "-", i+1), Breaker: breaker,
		}, change.Order{Verb: verb})
		if err != nil {
			panic(err) // plain data can be written down
		}
		b.Steps = append(b.Steps, change.Record{
			N: i, Intent: intent, What: b.What, Was: "closed", Will: verb.State().Words(), State: change.Done, Now: verb.State().Words(), Changed: true, Began: at, Ended: at,
		})
	}
	return Stands(b, at.Add(time.Second))
}

// Drained is a change that took an instance out of use in its registry.
func Drained(id string, k fleet.Key, at time.Time) desk.Change {
	intent, err := change.DrainIntent(k.Context, change.Target{Source: k.Source, Namespace: k.Namespace, Service: k.Name, Instance: k.Instance}, change.Drain{On: true, Via: change.ViaRegistry})
	if err != nil {
		panic(err) // plain data can be written down
	}
	return Stands(&change.Batch{
		ID: id, At: at, What: "drain " + k.Name + "/" + k.Instance, Context: k.Context, Finished: at.Add(time.Second), Who: change.Who{User: "oncall-2", Host: "bastion-1", PID: 99},
		Steps: []change.Record{{Intent: intent, Was: "in use", Will: "out of use", State: change.Done, Now: "out of use", Changed: true, Began: at, Ended: at}},
	}, at.Add(time.Second))
}

// Stands is a change as it stands at a time, when no process is alive any more.
func Stands(b *change.Batch, now time.Time) desk.Change {
	return desk.Change{Batch: b, Stand: b.Stand(now, func(string, int) bool { return false })}
}
