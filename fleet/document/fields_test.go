package document_test

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/midwatch-cli/midwatch/fleet/document/kinds"
)

// TestFieldsAreOnlyAdded: testdata/fields.txt holds every field there ever was,
// with its type. -update adds to it and takes nothing away, so that neither a
// new golden file nor a new schema can hide that a field is gone or another.
func TestFieldsAreOnlyAdded(t *testing.T) {
	const file = "testdata/fields.txt"
	var now []string
	for _, k := range kinds.All() {
		now = append(now, fieldsOf(k.Kind, schema(t, k.Kind))...)
	}
	slices.Sort(now)
	now = slices.Compact(now)
	raw, err := os.ReadFile(filepath.FromSlash(file))
	if err != nil && !*update {
		t.Fatal(err)
	}
	ever := strings.Fields(string(raw))
	if *update {
		ever = append(ever, now...)
		slices.Sort(ever)
		ever = slices.Compact(ever)
		if err := os.WriteFile(filepath.FromSlash(file), []byte(strings.Join(ever, "\n")+"\n"), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	for _, field := range ever {
		if !slices.Contains(now, field) {
			t.Errorf("%s is gone, or of another type: whoever reads it is broken", field)
		}
	}
	for _, field := range now {
		if !slices.Contains(ever, field) {
			t.Errorf("%s is new: -update adds it to %s", field, file)
		}
	}
	if len(now) < 200 {
		t.Errorf("only %d fields were found", len(now))
	}
}

// fieldsOf lists the fields of a schema as path:type.
func fieldsOf(path string, s map[string]any) (fields []string) {
	if either, ok := s["anyOf"].([]any); ok {
		null := slices.ContainsFunc(either, func(one any) bool { return one.(map[string]any)["type"] == "null" })
		for _, one := range either {
			one := one.(map[string]any)
			if one["type"] == "null" {
				continue
			}
			for _, f := range fieldsOf(path, one) {
				if where, _, _ := strings.Cut(f, ":"); null && where == path {
					f += "|null"
				}
				fields = append(fields, f)
			}
		}
		return fields
	}
	kind := fmt.Sprint(s["type"])
	if several, ok := s["type"].([]any); ok {
		kind = strings.Trim(strings.ReplaceAll(fmt.Sprint(several), " ", "|"), "[]")
	}
	if s["const"] != nil {
		kind = fmt.Sprint("=", s["const"])
	}
	if words, ok := s["enum"].([]any); ok {
		kind = "word"
		for _, w := range words {
			fields = append(fields, path+"="+fmt.Sprint(w))
		}
	}
	fields = append(fields, path+":"+kind)
	if items, ok := s["items"].(map[string]any); ok {
		fields = append(fields, fieldsOf(path+"[]", items)...)
	}
	if more, ok := s["additionalProperties"].(map[string]any); ok {
		fields = append(fields, fieldsOf(path+"{}", more)...)
	}
	properties, _ := s["properties"].(map[string]any)
	required, _ := s["required"].([]any)
	for name, p := range properties {
		fields = append(fields, fieldsOf(path+"."+name, p.(map[string]any))...)
		if !slices.Contains(required, any(name)) {
			fields = append(fields, path+"."+name+":optional")
		}
	}
	return fields
}
