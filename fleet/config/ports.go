package config

import (
	"slices"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"

	"github.com/midwatch-cli/midwatch/fleet/config/form"
)

// ports are numbers by role.
type ports struct{ dst *map[string]int }

// roles returns the roles a port can have.
func roles() []string { return []string{"admin", "health", "metrics"} }

func (p ports) Decode(d *form.Decoder, n ast.Node, at string) {
	for _, e := range d.Mapping(n, at) {
		if !slices.Contains(roles(), e.Key) {
			d.FailNode(e.Node, form.Join(at, e.Key), "unknown role", form.DidYouMean(e.Key, roles()))
			continue
		}
		port := 0
		form.Number(&port, 1, 65535).Decode(d, e.Value, form.Join(at, e.Key))
		if *p.dst == nil {
			*p.dst = map[string]int{}
		}
		(*p.dst)[e.Key] = port
	}
}

func (p ports) Schema(defs map[string]any) map[string]any {
	properties := map[string]any{}
	for _, role := range roles() {
		port := form.Number(nil, 1, 65535).Schema(defs)
		port["description"] = "the port for " + role
		properties[role] = port
	}
	return map[string]any{"type": form.OrNothing("object"), "additionalProperties": false, "properties": properties}
}

func (p ports) Value() any {
	var out yaml.MapSlice
	for _, role := range roles() {
		if port := (*p.dst)[role]; port != 0 {
			out = append(out, yaml.MapItem{Key: role, Value: port})
		}
	}
	if out == nil {
		return nil
	}
	return out
}
