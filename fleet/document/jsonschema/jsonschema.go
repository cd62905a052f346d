// Package jsonschema makes JSON Schemas (draft 2020-12) of the types that
// documents are encoded from, by their json and doc tags. It is pure.
package jsonschema

import "reflect"

// Schemer is a type that is encoded otherwise than its kind says.
type Schemer interface{ JSONSchema() map[string]any }

// Of makes the schema of a type. Every field is always there, and more
// may come: nothing is optional and nothing is closed.
func Of(t reflect.Type) map[string]any {
	switch v := reflect.Zero(t).Interface().(type) {
	case Schemer:
		return v.JSONSchema()
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
		return map[string]any{"type": "array", "items": Of(t.Elem())}
	case reflect.Map:
		return map[string]any{"type": "object", "additionalProperties": Of(t.Elem())}
	case reflect.Pointer:
		return map[string]any{"anyOf": []any{Of(t.Elem()), map[string]any{"type": "null"}}}
	case reflect.Struct:
		properties, required := map[string]any{}, []any{}
		for _, f := range reflect.VisibleFields(t) {
			name := f.Tag.Get("json")
			if f.Anonymous || name == "" {
				continue
			}
			p := Of(f.Type)
			p["description"] = f.Tag.Get("doc")
			properties[name], required = p, append(required, name)
		}
		return map[string]any{"type": "object", "properties": properties, "required": required}
	}
	panic("jsonschema: a document holds no " + t.String())
}
