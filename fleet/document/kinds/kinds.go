// Package kinds is the table of all documents, whatever package makes them: their
// names, what they are, and their JSON Schemas.
package kinds

import (
	"encoding/json"
	"fmt"
	"reflect"
	"strings"
	"time"

	"github.com/midwatch-cli/midwatch/fleet/document"
	"github.com/midwatch-cli/midwatch/fleet/document/jsonschema"
	"github.com/midwatch-cli/midwatch/fleet/document/measured"
	"github.com/midwatch-cli/midwatch/fleet/document/recorded"
)

// kind is a row of the table of documents: its name, what it is, and the types
// it may be.
type kind struct {
	name, summary string
	types         []reflect.Type
}

// kinds is the table of documents, by name.
func kinds() []kind {
	return []kind{
		{"BreakerEvents", "what happened to circuit breakers, as their owners remember it", typesOf(document.List[document.BreakerEvent]{})},
		{"Breakers", "circuit breakers, instance by instance", typesOf(document.BreakersDoc{})},
		{"Changes", "changes that were made, and how they stand", typesOf(document.List[document.Changed]{})},
		{"Check", "the fleet after one pass, and the verdict", typesOf(document.CheckDoc{})},
		{"Config", "what is wrong with the configuration", typesOf(document.List[document.Problem]{})},
		{"Contexts", "the configured contexts", typesOf(document.List[document.Context]{})},
		{"Doctor", "a diagnosis of one service, step by step", typesOf(document.List[document.DoctorStep]{})},
		{"Event", "one line of watch: an item and what happened to it", typesOf(document.InstanceEvent{}, document.ServiceEvent{}, document.SourceEvent{})},
		{"Instances", "the instances the registries hold", typesOf(document.FleetDoc[document.Instance]{})},
		{"Metrics", "rate, errors and durations of services, or of instances", typesOf(measured.MetricsDoc{})},
		{"Plan", "changes, before and after they were made", typesOf(document.PlanDoc{})},
		{"Query", "the answer to an expression in PromQL", typesOf(measured.QueryDoc{})},
		{"Registries", "the kinds of registry that can be read", typesOf(document.List[document.Registry]{})},
		{"Replay", "what a recording holds", typesOf(recorded.Doc{})},
		{"Resolve", "the instances to use, in order of choice", typesOf(document.List[document.Resolved]{})},
		{"Schemas", "the kinds of document", typesOf(document.List[Item]{})},
		{"Services", "the services the registries hold", typesOf(document.FleetDoc[document.Service]{})},
		{"Version", "what this binary was made from", typesOf(document.List[document.Build]{})},
		{"Wait", "the last look of a waiting, and the verdict", typesOf(document.CheckDoc{})},
	}
}

func typesOf(values ...any) []reflect.Type {
	types := make([]reflect.Type, len(values))
	for i, v := range values {
		types[i] = reflect.TypeOf(v)
	}
	return types
}

// Item is a kind of document.
type Item struct {
	Kind    string `json:"kind" doc:"as in midwatch schema KIND"`
	Summary string `json:"summary" doc:"one line"`
}

// Schemas lists the kinds there are.
func Schemas(at time.Time) document.List[Item] { return document.ListOf("Schemas", "", at, All(), nil) }

// All lists the kinds of document, by name.
func All() []Item {
	var items []Item
	for _, k := range kinds() {
		items = append(items, Item{k.name, k.summary})
	}
	return items
}

// Schema is the JSON Schema (draft 2020-12) of a kind, made from the types that
// are encoded. Case does not matter in the name of a kind.
func Schema(name string) ([]byte, error) {
	var names []string
	for _, k := range kinds() {
		if !strings.EqualFold(k.name, name) {
			names = append(names, k.name)
			continue
		}
		var s map[string]any
		for _, t := range k.types {
			one := jsonschema.Of(t)
			one["properties"].(map[string]any)["kind"] = map[string]any{"const": k.name}
			one["properties"].(map[string]any)["apiVersion"] = map[string]any{"const": document.APIVersion}
			if len(k.types) == 1 {
				s = one
			} else if s == nil {
				s = map[string]any{"anyOf": []any{one}}
			} else {
				s["anyOf"] = append(s["anyOf"].([]any), one)
			}
		}
		s["$schema"] = "https://json-schema.org/draft/2020-12/schema"
		s["title"] = document.APIVersion + " " + k.name
		s["description"] = k.summary
		return json.MarshalIndent(s, "", "  ")
	}
	return nil, fmt.Errorf("no document is of kind %q: want %s", name, strings.Join(names, ", "))
}
