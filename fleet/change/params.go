package change

import (
	"encoding/json"
	"time"

	"github.com/midwatch-cli/midwatch/fleet"
)

// Entry is the Params of a register intent: what is to be written.
type Entry struct {
	Address string
	Zone    string            `json:",omitempty"`
	Version string            `json:",omitempty"`
	Weight  int               `json:",omitempty"`
	Labels  map[string]string `json:",omitempty"`
	TTL     time.Duration     `json:",omitempty"` // 0: until it is deregistered
}

// RegisterIntent is the intent to write an entry. An empty instance id means
// its address.
func RegisterIntent(contextName string, t Target, e Entry) (Intent, error) {
	if t.Instance == "" {
		t.Instance = e.Address
	}
	params, err := json.Marshal(e)
	return Intent{Kind: KindRegister, Context: contextName, Target: t, Params: params}, err
}

// Observe is the Params of a deregister intent.
type Observe struct {
	For time.Duration // how long to look whether the entry comes back
}

// DeregisterIntent is the intent to remove an entry and to look for a while
// whether it stays away: a living service may write itself again.
func DeregisterIntent(contextName string, t Target, o Observe) (Intent, error) {
	params, err := json.Marshal(o)
	return Intent{Kind: KindDeregister, Context: contextName, Target: t, Params: params}, err
}

// Order is the Params of a breaker intent.
type Order struct {
	Verb  fleet.Verb
	Share float64 `json:",omitempty"` // of the calls that a trip refuses; 0 is all
}

// BreakerIntent is the intent to give an order to a breaker. The target names
// the breaker, the instance's address and how it is administered.
func BreakerIntent(contextName string, t Target, o Order) (Intent, error) {
	params, err := json.Marshal(o)
	return Intent{Kind: KindBreaker, Context: contextName, Target: t, Params: params}, err
}

// Ways to drain an instance.
const (
	ViaRegistry = "registry" // registry.Drainer: the registry hands it out no more
	ViaAdmin    = "admin"    // breaker.Drainer: its admin API, or its proxy's
)

// Drain is the Params of a drain intent.
type Drain struct {
	On  bool   // take it out; else put it back
	Via string // ViaRegistry or ViaAdmin
}

// DrainIntent is the intent to take an instance out, or to put it back. With
// ViaAdmin the target says how it is administered, and Breaker names a proxy's
// server or is empty for the instance itself.
func DrainIntent(contextName string, t Target, d Drain) (Intent, error) {
	params, err := json.Marshal(d)
	return Intent{Kind: KindDrain, Context: contextName, Target: t, Params: params}, err
}
