package document_test

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/midwatch-cli/midwatch/fleet/document/kinds"
)

func schema(t *testing.T, kind string) map[string]any {
	t.Helper()
	b, err := kinds.Schema(kind)
	if err != nil {
		t.Fatal(err)
	}
	var s map[string]any
	if err := json.Unmarshal(b, &s); err != nil {
		t.Fatal(err)
	}
	return s
}

func TestGoldenDocumentsHoldTheirSchema(t *testing.T) {
	for name, d := range documents() {
		if why := violates(name, schema(t, name), decoded(t, d)); why != "" {
			t.Error(why)
		}
	}
}

func TestSchemaRefusesWhatItShould(t *testing.T) {
	for _, c := range []struct {
		name  string
		spoil func(map[string]any)
	}{
		{"another kind", func(d map[string]any) { d["kind"] = "Services" }},
		{"another contract", func(d map[string]any) { d["apiVersion"] = "midwatch/v2" }},
		{"no items", func(d map[string]any) { delete(d, "items") }},
		{"a word for a number", func(d map[string]any) { d["exitCode"] = "1" }},
		{"half an instance", func(d map[string]any) { d["counts"].(map[string]any)["up"] = 1.5 }},
		{"an unknown status", func(d map[string]any) { d["items"].([]any)[0].(map[string]any)["status"] = "weird" }},
		{"an unknown claim", func(d map[string]any) { d["items"].([]any)[0].(map[string]any)["claimed"] = "weird" }},
		{"no time", func(d map[string]any) { d["at"] = "yesterday" }},
		{"a phase in words", func(d map[string]any) {
			d["items"].([]any)[0].(map[string]any)["probes"].([]any)[0].(map[string]any)["phases"].(map[string]any)["dialSeconds"] = "1s"
		}},
	} {
		d := decoded(t, documents()["Check"]).(map[string]any)
		c.spoil(d)
		if violates("Check", schema(t, "Check"), d) == "" {
			t.Errorf("%s: the schema lets it pass", c.name)
		}
	}
	d := decoded(t, documents()["Check"]).(map[string]any)
	d["more"] = true
	if why := violates("Check", schema(t, "Check"), d); why != "" {
		t.Errorf("a field that came later is refused: %s", why)
	}
}

func TestSchemaOfUnknownKind(t *testing.T) {
	_, err := kinds.Schema("Breakfast")
	if err == nil || !strings.Contains(err.Error(), "Services") {
		t.Errorf("got %v, want an error that lists the kinds", err)
	}
	if _, err := kinds.Schema("check"); err != nil {
		t.Errorf("case matters: %v", err)
	}
}

func TestEveryFieldIsDescribed(t *testing.T) {
	for _, k := range kinds.All() {
		walk(schema(t, k.Kind), k.Kind, func(path string, s map[string]any) {
			properties, _ := s["properties"].(map[string]any)
			for name, p := range properties {
				if p.(map[string]any)["const"] == nil && p.(map[string]any)["description"] == "" {
					t.Errorf("%s.%s has no description", path, name)
				}
			}
		})
	}
}

func walk(s any, path string, visit func(string, map[string]any)) {
	switch s := s.(type) {
	case map[string]any:
		visit(path, s)
		for k, v := range s {
			walk(v, path+"/"+k, visit)
		}
	case []any:
		for i, v := range s {
			walk(v, fmt.Sprint(path, "/", i), visit)
		}
	}
}

// violates says what of a value does not fit a schema. It knows the words that
// our schemas use, and no others.
func violates(path string, s map[string]any, v any) string {
	for word := range s {
		if !slices.Contains([]string{"$schema", "title", "description", "type", "properties", "required", "items", "additionalProperties", "enum", "const", "anyOf", "format"}, word) {
			return path + ": the schema says " + word
		}
	}
	if want, ok := s["const"]; ok && v != want {
		return fmt.Sprintf("%s: got %v, want %v", path, v, want)
	}
	if either, ok := s["anyOf"].([]any); ok {
		why := ""
		for _, one := range either {
			if why = violates(path, one.(map[string]any), v); why == "" {
				return ""
			}
		}
		return why
	}
	if want, ok := s["type"]; ok && !typeFits(want, v) {
		return fmt.Sprintf("%s: got %v, want %v", path, v, want)
	}
	if words, ok := s["enum"].([]any); ok && !slices.Contains(words, v) {
		return fmt.Sprintf("%s: got %v, want one of %v", path, v, words)
	}
	if text, ok := v.(string); ok && s["format"] == "date-time" {
		if _, err := time.Parse(time.RFC3339, text); err != nil {
			return fmt.Sprintf("%s: %v", path, err)
		}
	}
	switch v := v.(type) {
	case []any:
		of, _ := s["items"].(map[string]any)
		for i, item := range v {
			if why := violates(fmt.Sprintf("%s[%d]", path, i), of, item); why != "" {
				return why
			}
		}
	case map[string]any:
		return objectViolates(path, s, v)
	}
	return ""
}

func objectViolates(path string, s, v map[string]any) string {
	required, _ := s["required"].([]any)
	for _, name := range required {
		if _, ok := v[name.(string)]; !ok {
			return path + ": " + name.(string) + " is missing"
		}
	}
	properties, _ := s["properties"].(map[string]any)
	rest, _ := s["additionalProperties"].(map[string]any)
	for name, field := range v {
		one, ok := properties[name].(map[string]any)
		if !ok {
			one = rest
		}
		if why := violates(path+"."+name, one, field); one != nil && why != "" {
			return why
		}
	}
	return ""
}

func typeFits(want, v any) bool {
	if several, ok := want.([]any); ok {
		return slices.ContainsFunc(several, func(one any) bool { return typeFits(one, v) })
	}
	switch v := v.(type) {
	case nil:
		return want == "null"
	case string:
		return want == "string"
	case bool:
		return want == "boolean"
	case float64:
		return want == "number" || want == "integer" && v == float64(int64(v))
	case []any:
		return want == "array"
	case map[string]any:
		return want == "object"
	}
	return false
}
