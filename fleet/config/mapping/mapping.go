// Package mapping is the form of profiles.NAME.breakers.mapping: how the file
// drives an admin API that exists already.
package mapping

import (
	"maps"
	"slices"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"

	"github.com/midwatch-cli/midwatch/fleet"
	"github.com/midwatch-cli/midwatch/fleet/config/form"
)

// Slot is the keys of profiles.NAME.breakers.mapping. What templates and pointers
// must hold is config.Known's to say.
func Slot(m *fleet.BreakerMapping) form.Slot {
	return form.Object[fleet.BreakerMapping]{Dst: m, Name: "mapping", Fields: []form.Field[fleet.BreakerMapping]{
		{Key: "list", Help: "the request that lists all breakers", Required: true, Slot: func(m *fleet.BreakerMapping) form.Slot { return requestSlot(&m.List) }},
		{Key: "items", Help: "JSON pointer to the list in the answer, or to an object of breakers by name; the answer itself where it is not given", Slot: func(m *fleet.BreakerMapping) form.Slot {
			return form.Text(&m.Items, "^/", badPointer)
		}},
		{Key: "name", Help: "JSON pointer to the name within an item; not needed in an object by name", Slot: func(m *fleet.BreakerMapping) form.Slot {
			return form.Text(&m.Name, "^/", badPointer)
		}},
		{Key: "state", Help: "JSON pointer to the word for its state within an item; the item itself where it is not given", Slot: func(m *fleet.BreakerMapping) form.Slot {
			return form.Text(&m.State, "^/", badPointer)
		}},
		{Key: "fields", Help: "JSON pointers to what else is said of a breaker", Slot: func(m *fleet.BreakerMapping) form.Slot {
			return byKey[string, string]{&m.Fields, breakerFacts(), "JSON pointer within an item to ", pointerSlot}
		}},
		{Key: "states", Help: "what its words mean; words of ours need no row", Slot: func(m *fleet.BreakerMapping) form.Slot { return meanings{&m.States} }},
		{Key: "set", Help: "the requests for orders; what is not there cannot be ordered", Slot: func(m *fleet.BreakerMapping) form.Slot {
			return byKey[fleet.Verb, fleet.MappedRequest]{&m.Set, fleet.Verbs(), "the request for ", requestSlot}
		}},
	}}
}

func requestSlot(r *fleet.MappedRequest) form.Slot {
	return form.Object[fleet.MappedRequest]{Dst: r, Fields: []form.Field[fleet.MappedRequest]{
		{Key: "method", Help: "GET for the list and POST for orders, where it is not given", Slot: func(r *fleet.MappedRequest) form.Slot {
			return form.OneWord(&r.Method, "GET", "POST", "PUT", "PATCH", "DELETE")
		}},
		{Key: "path", Help: "below the address; {name} is the breaker's name", Required: true, Slot: func(r *fleet.MappedRequest) form.Slot { return form.Text(&r.Path, "^/", form.BadPath) }},
		{Key: "body", Help: "JSON; {name}, {by}, {reason} and {change} stand between quotes, {ttlSeconds} and {share} are numbers", Slot: func(r *fleet.MappedRequest) form.Slot {
			return form.Text(&r.Body, "", nil)
		}},
	}}
}

func pointerSlot(s *string) form.Slot { return form.Text(s, "^/", badPointer) }

// breakerFacts are what a mapping may read beside name and state.
func breakerFacts() []string {
	return []string{"failureRate", "slowRate", "calls", "rejected", "since", "by", "reason"}
}

func badPointer(s string) string {
	if s[0] != '/' {
		return "want a JSON pointer, which starts with /"
	}
	return ""
}

// byKey is a mapping whose keys are some of a few words.
type byKey[K ~string, V any] struct {
	dst   *map[K]V
	keys  []K
	help  string // of each, with the key after it
	value func(*V) form.Slot
}

func (b byKey[K, V]) Decode(d *form.Decoder, n ast.Node, at string) {
	for _, e := range d.Mapping(n, at) {
		if !slices.Contains(b.keys, K(e.Key)) {
			words := make([]string, len(b.keys))
			for i, k := range b.keys {
				words[i] = string(k)
			}
			d.FailNode(e.Node, form.Join(at, e.Key), "unknown key", form.DidYouMean(e.Key, words))
			continue
		}
		var v V
		b.value(&v).Decode(d, e.Value, form.Join(at, e.Key))
		if *b.dst == nil {
			*b.dst = map[K]V{}
		}
		(*b.dst)[K(e.Key)] = v
	}
}

func (b byKey[K, V]) Schema(defs map[string]any) map[string]any {
	properties := map[string]any{}
	for _, k := range b.keys {
		one := b.value(new(V)).Schema(defs)
		one["description"] = b.help + string(k)
		properties[string(k)] = one
	}
	return map[string]any{"type": form.OrNothing("object"), "additionalProperties": false, "properties": properties}
}

func (b byKey[K, V]) Value() any {
	var out yaml.MapSlice
	for _, k := range b.keys {
		if v, ok := (*b.dst)[k]; ok {
			out = append(out, yaml.MapItem{Key: string(k), Value: b.value(&v).Value()})
		}
	}
	if out == nil {
		return nil
	}
	return out
}

// meanings are states by the far side's words, which may be any.
type meanings struct {
	dst *map[string]fleet.BreakerState
}

// stateWords are the words of ours.
func stateWords() (words []string) {
	for _, s := range fleet.BreakerStates() {
		words = append(words, s.String())
	}
	return words
}

func (m meanings) Decode(d *form.Decoder, n ast.Node, at string) {
	for _, e := range d.Mapping(n, at) {
		below := form.Join(at, e.Key)
		if e.Key == "" || e.Key[0] == '?' || form.HasControl(e.Key) { // YAML keeps ? for itself
			d.FailNode(e.Node, below, "is no word of an API", "")
			continue
		}
		before, word := d.Failed(), ""
		form.OneWord(&word, stateWords()...).Decode(d, e.Value, below)
		state, err := fleet.ParseBreakerState(word)
		if d.Failed() > before || err != nil {
			continue // it is a problem already
		}
		if *m.dst == nil {
			*m.dst = map[string]fleet.BreakerState{}
		}
		(*m.dst)[e.Key] = state
	}
}

func (m meanings) Schema(map[string]any) map[string]any {
	return map[string]any{
		"type": form.OrNothing("object"), "propertyNames": map[string]any{"pattern": "."},
		"additionalProperties": map[string]any{"type": "string", "enum": stateWords()},
	}
}

func (m meanings) Value() any {
	var out yaml.MapSlice
	for _, word := range slices.Sorted(maps.Keys(*m.dst)) {
		out = append(out, yaml.MapItem{Key: word, Value: (*m.dst)[word].String()})
	}
	if out == nil {
		return nil
	}
	return out
}
