package config_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/goccy/go-yaml"

	"github.com/midwatch-cli/midwatch/fleet/config"
)

func TestSchema(t *testing.T) {
	golden(t, "testdata/schema.json", config.Schema())
	if again := string(config.Schema()); again != string(config.Schema()) {
		t.Error("made twice it differs")
	}
}

// schema is a JSON Schema with as much of the standard as ours uses.
type schema struct {
	defs map[string]any
}

func readSchema(t testing.TB) (schema, map[string]any) {
	t.Helper()
	var top map[string]any
	if err := json.Unmarshal(config.Schema(), &top); err != nil {
		t.Fatal(err)
	}
	defs, _ := top["$defs"].(map[string]any)
	return schema{defs}, top
}

func (s schema) deref(node map[string]any) map[string]any {
	if ref, ok := node["$ref"].(string); ok {
		return s.defs[strings.TrimPrefix(ref, "#/$defs/")].(map[string]any)
	}
	return node
}

// wrong says where a value breaks the schema; it is empty where it does not.
func (s schema) wrong(node map[string]any, v any, at string) string {
	node = s.deref(node)
	if choices, ok := node["anyOf"].([]any); ok {
		var all []string
		for _, one := range choices {
			w := s.wrong(one.(map[string]any), v, at)
			if w == "" {
				return ""
			}
			all = append(all, w)
		}
		return strings.Join(all, " or ")
	}
	kind := node["type"]
	if either, ok := kind.([]any); ok {
		if kind = either[0]; v == nil && slices.Contains(either, any("null")) {
			return ""
		}
	}
	switch kind {
	case "object":
		return s.wrongObject(node, v, at)
	case "array":
		list, ok := v.([]any)
		if !ok {
			return at + ": no list"
		}
		for i, item := range list {
			if w := s.wrong(node["items"].(map[string]any), item, fmt.Sprintf("%s[%d]", at, i)); w != "" {
				return w
			}
		}
	case "string":
		word, ok := v.(string)
		pattern, _ := node["pattern"].(string)
		words, _ := node["enum"].([]any)
		if !ok || !regexp.MustCompile(pattern).MatchString(word) || words != nil && !slices.Contains(words, any(word)) {
			return fmt.Sprintf("%s: %v is no such text", at, v)
		}
	case "boolean":
		if _, ok := v.(bool); !ok {
			return at + ": not true or false"
		}
	case "integer":
		n, ok := v.(uint64)
		if !ok || float64(n) < node["minimum"].(float64) || float64(n) > node["maximum"].(float64) {
			return at + ": no such number"
		}
	default:
		return at + ": the schema says nothing"
	}
	return ""
}

func (s schema) wrongObject(node map[string]any, v any, at string) string {
	m, ok := v.(map[string]any)
	if !ok {
		return at + ": no mapping"
	}
	required, _ := node["required"].([]any)
	for _, key := range required {
		if _, ok := m[key.(string)]; !ok {
			return fmt.Sprintf("%s.%s: missing", at, key)
		}
	}
	properties, _ := node["properties"].(map[string]any)
	for _, key := range slices.Sorted(maps.Keys(m)) {
		below := at + "." + key
		if names, ok := node["propertyNames"].(map[string]any); ok && !regexp.MustCompile(names["pattern"].(string)).MatchString(key) {
			return below + ": no such name"
		}
		sub, ok := properties[key].(map[string]any)
		if !ok {
			switch more := node["additionalProperties"].(type) {
			case bool:
				if !more {
					return below + ": unknown key"
				}
				continue
			case map[string]any:
				sub = more
			}
		}
		if w := s.wrong(sub, m[key], below); w != "" {
			return w
		}
	}
	return ""
}

// TestSchemaAndDecoderAgreeOnFiles gives the schema what the decoder takes and
// what it refuses. What the decoder alone can see is left out.
func TestSchemaAndDecoderAgreeOnFiles(t *testing.T) {
	s, top := readSchema(t)
	decode := func(data []byte) any {
		var v any
		if err := yaml.Unmarshal(data, &v); err != nil {
			t.Fatal(err)
		}
		return v
	}
	for _, name := range append(files(t, "valid-*.yaml"), files(t, "valid-*.show")...) {
		data, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		if w := s.wrong(top, decode(data), ""); w != "" {
			t.Errorf("%s is right and the schema refuses it: %s", name, w)
		}
	}
	for text, want := range map[string]string{
		"contexts: [{name: a, registries: ['etcd://a'], x: 1}]":            ".contexts[0].x: unknown key",
		"contexts: [{registries: ['etcd://a']}]":                           ".contexts[0].name: missing",
		"contexts: [{name: a b, registries: ['etcd://a']}]":                "is no such text",
		"contexts: [{name: a, registries: [a]}]":                           "is no such text",
		"contexts: [{name: a, registries: [{url: 'etcd://a', token: x}]}]": "is no such text",
		"profiles: {a: {scheme: ftp}}":                                     "is no such text",
		"profiles: {a: {ports: {admin: 70000}}}":                           "no such number",
		"profiles: {a: {ports: {other: 7}}}":                               "unknown key",
		"profiles: {a: {auth: {bearer: x}}}":                               "is no such text",
		"profiles: {a: {auth: {bearer: {cmd: x}}}}":                        "no list",
		"profiles: {a: {slow: soon}}":                                      "is no such text",
		"profiles: {a: {strict: 1}}":                                       "not true or false",
		"profiles: {'a b': {strict: true}}":                                "no such name",
	} {
		if w := s.wrong(top, decode([]byte(text)), ""); !strings.Contains(w, want) {
			t.Errorf("%s: the schema says %q, want %q", text, w, want)
		}
		if _, err := config.Parse("x.yaml", []byte(text), known()); err == nil {
			t.Errorf("%s: the decoder takes it", text)
		}
	}
}

// TestSchemaAndDecoderAgreeOnKeys walks every key of the schema: the decoder
// knows it there, and knows no other beside it.
func TestSchemaAndDecoderAgreeOnKeys(t *testing.T) {
	s, top := readSchema(t)
	keys := 0
	unknown := func(lines []string) bool {
		_, err := config.Parse("x.yaml", []byte(nest(lines)), config.Known{})
		return err != nil && strings.Contains(err.Error(), "unknown")
	}
	var walk func(node map[string]any, at []string)
	walk = func(node map[string]any, at []string) {
		node = s.deref(node)
		if items, ok := node["items"].(map[string]any); ok {
			walk(items, append(slices.Clone(at), "-"))
		}
		if choices, ok := node["anyOf"].([]any); ok {
			for _, one := range choices {
				walk(one.(map[string]any), at)
			}
		}
		if more, ok := node["additionalProperties"].(map[string]any); ok {
			walk(more, append(slices.Clone(at), "Some-Name"))
		}
		if either, ok := node["type"].([]any); node["type"] != "object" && (!ok || either[0] != "object") {
			return
		}
		if closed, ok := node["additionalProperties"].(bool); ok && !closed && !unknown(append(slices.Clone(at), "nosuchkey")) {
			t.Errorf("at %v the decoder takes any key", at)
		}
		properties, _ := node["properties"].(map[string]any)
		for key, sub := range properties {
			keys++
			below := append(slices.Clone(at), key)
			if unknown(below) {
				t.Errorf("the decoder does not know %v", below)
			}
			if m := sub.(map[string]any); m["description"] == nil {
				t.Errorf("%v has no description", below)
			}
			walk(sub.(map[string]any), below)
		}
	}
	walk(top, nil)
	if keys < 100 {
		t.Errorf("walked %d keys only", keys)
	}
}

// nest writes keys below each other, a dash as an item of a list.
func nest(keys []string) string {
	var b strings.Builder
	for i, key := range keys {
		b.WriteString(strings.Repeat("  ", i))
		if key == "-" {
			b.WriteString("-\n")
		} else {
			b.WriteString(key + ":\n")
		}
	}
	return b.String()
}
