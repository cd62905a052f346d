package config

import (
	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"

	"github.com/midwatch-cli/midwatch/fleet/config/form"
)

// peer is a Prometheus server: its URL, or a mapping with url and profile.
type peer struct{ dst *Prometheus }

func (p peer) address() form.Slot { return form.Text(&p.dst.URL, "", badURL) }

func (p peer) mapping() form.Slot {
	return form.Object[Prometheus]{Dst: p.dst, Fields: []form.Field[Prometheus]{
		{Key: "url", Help: "what stands before /api/v1, as in http://127.0.0.1:9090", Required: true, Slot: func(*Prometheus) form.Slot { return p.address() }},
		{Key: "profile", Help: "whose credentials, headers, TLS and proxy it is asked with", Slot: func(v *Prometheus) form.Slot {
			return form.Text(&v.Profile, form.NamePattern, form.BadName)
		}},
	}}
}

func (p peer) Decode(d *form.Decoder, n ast.Node, at string) {
	switch _, isMapping := n.(ast.MapNode); {
	case isMapping:
		p.mapping().Decode(d, n, at)
	case n.Type() == ast.NullType || n.Type() == ast.SequenceType:
		d.WrongType(n, at, "the URL of a Prometheus server, or a mapping with url")
	default:
		p.address().Decode(d, n, at)
	}
}

func (p peer) Schema(defs map[string]any) map[string]any {
	return map[string]any{"anyOf": []any{p.address().Schema(defs), p.mapping().Schema(defs)}}
}

func (p peer) Value() any {
	if p.dst.Profile == "" {
		return p.address().Value()
	}
	return yaml.MapSlice{{Key: "url", Value: p.dst.URL}, {Key: "profile", Value: p.dst.Profile}}
}
