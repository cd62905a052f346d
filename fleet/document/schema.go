package document

import (
	"encoding/json"
	"fmt"
	"reflect"
	"strings"
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
		{"BreakerEvents", "what happened to circuit breakers, as their owners remember it", typesOf(List[BreakerEvent]{})},
		{"Breakers", "circuit breakers, instance by instance", typesOf(BreakersDoc{})},
		{"Changes", "changes that were made, and how they stand", typesOf(List[Changed]{})},
		{"Check", "the fleet after one pass, and the verdict", typesOf(CheckDoc{})},
		{"Config", "what is wrong with the configuration", typesOf(List[Problem]{})},
		{"Contexts", "the configured contexts", typesOf(List[Context]{})},
		{"Doctor", "a diagnosis of one service, step by step", typesOf(List[DoctorStep]{})},
		{"Event", "one line of watch: an item and what happened to it", typesOf(InstanceEvent{}, ServiceEvent{}, SourceEvent{})},
		{"Instances", "the instances the registries hold", typesOf(FleetDoc[Instance]{})},
		{"Plan", "changes, before and after they were made", typesOf(PlanDoc{})},
		{"Registries", "the kinds of registry that can be read", typesOf(List[Registry]{})},
		{"Resolve", "the instances to use, in order of choice", typesOf(List[Resolved]{})},
		{"Schemas", "the kinds of document", typesOf(List[KindItem]{})},
		{"Services", "the services the registries hold", typesOf(FleetDoc[Service]{})},
		{"Version", "what this binary was made from", typesOf(List[Build]{})},
		{"Wait", "the last look of a waiting, and the verdict", typesOf(CheckDoc{})},
	}
}

func typesOf(values ...any) []reflect.Type {
	types := make([]reflect.Type, len(values))
	for i, v := range values {
		types[i] = reflect.TypeOf(v)
	}
	return types
}

// Kinds lists the kinds of document, by name.
func Kinds() []KindItem {
	var items []KindItem
	for _, k := range kinds() {
		items = append(items, KindItem{k.name, k.summary})
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
			one := schemaOf(t)
			one["properties"].(map[string]any)["kind"] = map[string]any{"const": k.name}
			one["properties"].(map[string]any)["apiVersion"] = map[string]any{"const": APIVersion}
			if len(k.types) == 1 {
				s = one
			} else if s == nil {
				s = map[string]any{"anyOf": []any{one}}
			} else {
				s["anyOf"] = append(s["anyOf"].([]any), one)
			}
		}
		s["$schema"] = "https://json-schema.org/draft/2020-12/schema"
		s["title"] = APIVersion + " " + k.name
		s["description"] = k.summary
		return json.MarshalIndent(s, "", "  ")
	}
	return nil, fmt.Errorf("no document is of kind %q: want %s", name, strings.Join(names, ", "))
}

// schemaOf makes the schema of a type. Every field is always there, and more
// may come: nothing is optional and nothing is closed.
func schemaOf(t reflect.Type) map[string]any {
	switch v := reflect.Zero(t).Interface().(type) {
	case Time:
		return map[string]any{"type": []any{"string", "null"}, "format": "date-time"}
	case Phases:
		return map[string]any{"type": "object", "additionalProperties": schemaOf(reflect.TypeFor[Seconds]())}
	case interface{ itemType() reflect.Type }:
		return map[string]any{"type": "array", "items": schemaOf(v.itemType())}
	case interface{ Enum() []string }:
		if t.Kind() != reflect.Pointer {
			words := []any{}
			for _, w := range v.Enum() {
				words = append(words, w)
			}
			return map[string]any{"type": "string", "enum": words}
		}
	}
	switch t.Kind() {
	case reflect.String:
		return map[string]any{"type": "string"}
	case reflect.Bool:
		return map[string]any{"type": "boolean"}
	case reflect.Int, reflect.Int64:
		return map[string]any{"type": "integer"}
	case reflect.Float64:
		return map[string]any{"type": "number"}
	case reflect.Slice:
		return map[string]any{"type": "array", "items": schemaOf(t.Elem())}
	case reflect.Map:
		return map[string]any{"type": "object", "additionalProperties": schemaOf(t.Elem())}
	case reflect.Pointer:
		return map[string]any{"anyOf": []any{schemaOf(t.Elem()), map[string]any{"type": "null"}}}
	case reflect.Struct:
		properties, required := map[string]any{}, []any{}
		for _, f := range reflect.VisibleFields(t) {
			name := f.Tag.Get("json")
			if f.Anonymous || name == "" {
				continue
			}
			p := schemaOf(f.Type)
			p["description"] = f.Tag.Get("doc")
			properties[name], required = p, append(required, name)
		}
		return map[string]any{"type": "object", "properties": properties, "required": required}
	}
	panic("document: a document holds no " + t.String())
}
