package app

import (
	"bytes"
	"encoding/json"
	"reflect"

	"github.com/midwatch-cli/midwatch/fleet/change"
)

// stands says whether two readings found the same to go back to. Words leave
// things out, a weight or a label; what was prepared does not. But an instance
// that lives gives signs of it all the time, and how the registry finds it is no
// part of its entry: those are looked away from.
func stands(a, b change.Before) bool {
	if bytes.Equal(a, b) {
		return true
	}
	var x, y any
	if json.Unmarshal(a, &x) != nil || json.Unmarshal(b, &y) != nil {
		return false
	}
	return reflect.DeepEqual(lasting(x), lasting(y))
}

// lasting takes the signs of life out of a decoded Before. Labels and endpoints
// are somebody's own words and stay whole.
func lasting(v any) any {
	switch v := v.(type) {
	case []any:
		for i := range v {
			v[i] = lasting(v[i])
		}
	case map[string]any:
		for key := range v {
			switch key {
			case "LastSeen", "Lease", "TTL", "Claimed", "ClaimNote":
				delete(v, key)
			case "Labels", "Endpoints":
			default:
				v[key] = lasting(v[key])
			}
		}
	}
	return v
}
