package desk

import (
	"encoding/json"

	"github.com/midwatch-cli/midwatch/fleet/change"
)

// stands is what two readings of one thing have to have in common. Words leave
// things out, a weight or a label; what was prepared does not. But an instance
// that lives gives signs of it all the time, and how the registry finds it is no
// part of its entry: those are looked away from.
func stands(b change.Before) string {
	var v any
	if json.Unmarshal(b, &v) != nil {
		return string(b)
	}
	text, err := json.Marshal(lasting(v))
	if err != nil {
		return string(b)
	}
	return string(text)
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
