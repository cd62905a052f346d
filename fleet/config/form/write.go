package form

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"

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
	out, err := yaml.MarshalWithOptions(v, yaml.Indent(2), yaml.IndentSequence(true), yaml.CustomMarshaler(plainText))
	if err != nil {
		return nil, fmt.Errorf("write YAML: %w", err)
	}
	return out, nil
}

// JSON writes what Slot.Value returns as JSON, with the keys in the same order.
func JSON(v any) ([]byte, error) {
	text, err := Encode(v)
	if err != nil {
		return nil, err
	}
	line, err := yaml.YAMLToJSON(text)
	if err != nil {
		return nil, fmt.Errorf("write JSON: %w", err)
	}
	var out bytes.Buffer
	if err := json.Indent(&out, bytes.TrimSpace(line), "", "  "); err != nil {
		return nil, fmt.Errorf("write JSON: %w", err)
	}
	out.WriteByte('\n')
	return out.Bytes(), nil
}

// plainText writes a text, in quotes too where the encoder knows of no need for
// them and YAML reads something else: numbers that are none, the sign of a key,
// the marks of a document.
func plainText(s string) ([]byte, error) {
	switch word := strings.TrimLeft(strings.ToLower(s), "+-"); {
	case word == ".inf", word == ".nan", s == "?", strings.HasPrefix(s, "? "), strings.HasPrefix(s, "---"), strings.HasPrefix(s, "..."):
		return json.Marshal(s)
	}
	return yaml.Marshal(s)
}
