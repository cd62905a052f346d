package form

import (
	"bytes"
	"encoding/json"
	"fmt"

	"github.com/goccy/go-yaml"
)

// Schema is the JSON Schema (2020-12) of a file whose top is the slot.
func Schema(title string, top Slot) []byte {
	defs := map[string]any{}
	s := top.Schema(defs)
	s["$schema"] = "https://json-schema.org/draft/2020-12/schema"
	s["title"] = title
	s["$defs"] = defs
	var out bytes.Buffer
	enc := json.NewEncoder(&out)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", "  ")
	if err := enc.Encode(s); err != nil {
		// Maps, slices, words and numbers always encode.
		panic(fmt.Sprintf("form: schema: %v", err))
	}
	return out.Bytes()
}

// Encode writes what Slot.Value returns as YAML; nothing is an empty mapping.
func Encode(v any) ([]byte, error) {
	if v == nil {
		return []byte("{}\n"), nil
	}
	out, err := yaml.MarshalWithOptions(v, yaml.Indent(2), yaml.IndentSequence(true))
	if err != nil {
		return nil, fmt.Errorf("write YAML: %w", err)
	}
	return out, nil
}
