package change

import (
	"encoding/json"
	"strings"

	"github.com/midwatch-cli/midwatch/fleet"
)

// Key is what an intent is about, as one word: two intents with the same key
// get in each other's way.
func (i Intent) Key() string {
	t := i.Target
	return strings.Join([]string{i.Row().Of, i.Context, t.Source, t.Namespace, t.Service, t.Instance, t.Breaker}, "\x1f")
}

// Instance is what an intent is about as snapshots name it.
func (i Intent) Instance() fleet.Key {
	k := i.Target.Key()
	k.Context, k.Source = i.Context, i.Target.Source
	return k
}

// Holds says that an intent, once done, holds something that somebody has to
// end: a breaker that is forced, an instance that is out.
func (i Intent) Holds() bool {
	switch i.Kind {
	case KindBreaker:
		var o Order
		return json.Unmarshal(i.Params, &o) == nil && o.Verb.State().Held()
	case KindDrain:
		var d Drain
		return json.Unmarshal(i.Params, &d) == nil && d.On
	}
	return false
}

// Verb is what the intent does, in one word: trip, drain, register.
func (i Intent) Verb() string {
	switch i.Kind {
	case KindBreaker:
		var o Order
		if json.Unmarshal(i.Params, &o) == nil && o.Verb != "" {
			return string(o.Verb)
		}
	case KindDrain:
		var d Drain
		if json.Unmarshal(i.Params, &d) == nil && !d.On {
			return "undrain"
		}
	}
	return i.Kind
}

// About is what a plan with this intent is about, in one line: a breaker is
// tripped on all instances of its service, an instance is drained by itself.
func (i Intent) About() string {
	if i.Kind == KindBreaker {
		return i.Verb() + " " + i.Target.Service + "/" + i.Target.Breaker
	}
	name := i.Target.Service + "/" + i.Target.Instance
	if i.Target.Breaker != "" {
		name += " " + i.Target.Breaker
	}
	return i.Verb() + " " + name
}
