package change

import (
	"encoding/json"
	"fmt"

	"github.com/midwatch-cli/midwatch/fleet"
)

// Ways to drain an instance.
const (
	ViaRegistry = "registry" // registry.Drainer: the registry hands it out no more
	ViaAdmin    = "admin"    // breaker.Drainer: its admin API, or its proxy's
)

// Drain is the Params of a drain intent.
type Drain struct {
	On     bool   // take it out; else put it back
	Via    string // ViaRegistry or ViaAdmin
}

// DrainIntent is the intent to take an instance out, or to put it back. With
// ViaAdmin the target says how it is administered, and Breaker names a proxy's
// server or is empty for the instance itself.
func DrainIntent(contextName string, t Target, d Drain) (Intent, error) {
	if d.Via != ViaRegistry && d.Via != ViaAdmin {
		return Intent{}, fmt.Errorf("nothing is drained by way of %q: %w", d.Via, fleet.ErrNotFound)
	}
	params, err := json.Marshal(d)
	return Intent{Kind: "drain", Context: contextName, Target: t, Params: params}, err
}

func openDrain(env Env, i Intent) (Change, error) {
	var d Drain
	if err := json.Unmarshal(i.Params, &d); err != nil {
		return nil, fmt.Errorf("the parameters of a drain change cannot be read: %w", err)
	}
	return nil, ErrUnable
}
