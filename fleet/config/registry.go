package config

import (
	"maps"
	"net/url"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"

	"github.com/midwatch-cli/midwatch/fleet/config/form"
)

// source is a registry: [NAME=]URL, or a mapping with url, name and options.
type source struct{ dst *Registry }

func registrySlot(r *Registry) form.Slot { return source{r} }

func (s source) Decode(d *form.Decoder, n ast.Node, at string) {
	if _, ok := n.(ast.MapNode); !ok {
		if n.Type() == ast.NullType || n.Type() == ast.SequenceType {
			d.WrongType(n, at, "a registry's URL, or a mapping with url")
			return
		}
		s.url(d, n, at)
		return
	}
	given := false
	for _, e := range d.Mapping(n, at) {
		below := form.Join(at, e.Key)
		switch e.Key {
		case "url":
			given = true
			name := s.dst.Name
			s.url(d, e.Value, below)
			if name != "" {
				s.dst.Name = name
			}
		case "name":
			var name string
			form.Text(&name, form.NamePattern, form.BadName).Decode(d, e.Value, below)
			if name != "" {
				s.dst.Name = name
			}
		default:
			if strings.Contains(e.Key, "://") {
				// Between braces and brackets, YAML takes HOST:PORT apart.
				d.FailNode(n, at, "want a registry's URL, or a mapping with url", "put the URL in quotes")
				return
			}
			s.option(d, e, below)
		}
	}
	if !given {
		d.FailNode(n, form.Join(at, "url"), "is missing", "as in etcd://127.0.0.1:2379")
	}
}

func (s source) url(d *form.Decoder, n ast.Node, at string) {
	var raw string
	form.Text(&raw, "", badRegistryURL).Decode(d, n, at)
	if raw == "" {
		return
	}
	name, rest := splitName(raw)
	if s.dst.Name = name; name == "" {
		s.dst.Name = schemeOf(rest)
	} else if wrong := form.BadName(name); wrong != "" {
		d.FailNode(n, at, "the name before = "+wrong, form.NameHint)
	}
	s.dst.URL = fileURL(d, rest)
	values, err := queryOf(rest)
	if err != nil {
		d.FailNode(n, at, "the part after ? cannot be read", "options are written ?key=value&key=value")
	}
	for _, key := range slices.Sorted(maps.Keys(values)) {
		for _, v := range values[key] {
			ref, ok := reference(v)
			switch {
			case isSecretOption(key) && !ok:
				d.FailNode(n, at, "option "+form.Quote(key)+": a secret is given by reference only", "env:NAME or file:PATH")
			case isPathOption(key) && !filepath.IsAbs(v), ref.File != "" && !filepath.IsAbs(ref.File):
				d.FailNode(n, at, "option "+form.Quote(key)+": want a whole path here", "beside url, a path may be relative to this file")
			}
		}
	}
}

// fileURL makes the path of a relative file one that starts from the folder of
// the configuration.
func fileURL(d *form.Decoder, raw string) string {
	rest, ok := strings.CutPrefix(raw, "file://")
	if !ok || strings.HasPrefix(rest, "/") || rest == "" || filepath.IsAbs(rest) {
		return raw
	}
	folder := (&url.URL{Path: filepath.ToSlash(d.Dir())}).EscapedPath()
	target, query, has := strings.Cut(rest, "?")
	if target = path.Join(folder, target); has {
		target += "?" + query
	}
	return "file://" + target
}

// isPathOption says whether a registry's option names a file.
func isPathOption(name string) bool { return name == "ca" || name == "cert" || name == "key" }

// splitName takes NAME= off a registry's URL.
func splitName(raw string) (name, rest string) {
	if before, after, ok := strings.Cut(raw, "="); ok && !strings.ContainsAny(before, ":/?@") {
		return before, after
	}
	return "", raw
}

// schemeOf is the kind of registry; that it is reached over a socket is no
// part of it.
func schemeOf(raw string) string {
	scheme, _, _ := strings.Cut(raw, ":")
	return strings.TrimSuffix(strings.ToLower(scheme), "+unix")
}

func queryOf(raw string) (url.Values, error) {
	_, query, _ := strings.Cut(raw, "?")
	return url.ParseQuery(query)
}

// badRegistryURL checks what holds for every driver; the rest of a URL is the
// driver's own.
func badRegistryURL(raw string) string {
	_, rest := splitName(raw)
	scheme, after, ok := strings.Cut(rest, "://")
	if !ok || strings.HasPrefix(raw, "=") || scheme == "" || strings.ContainsFunc(scheme, func(c rune) bool { return !form.IsWordRune(c) && !strings.ContainsRune("+-.", c) }) {
		return "is not a registry's URL: want [NAME=]SCHEME://HOST:PORT"
	}
	address, _, _ := strings.Cut(after, "?")
	authority, _, _ := strings.Cut(address, "/")
	user, port, ok := strings.Cut(authority, ":")
	// A password may hold / or ?, and then it looks like a port that is none.
	odd := ok && strings.Contains(after, "@") && strings.Trim(port, "0123456789,") != ""
	if ok && (strings.Contains(authority, "@") && !strings.Contains(user, "@") || odd && !strings.Contains(user, "@") && !strings.HasPrefix(authority, "[")) {
		return "a password in a URL is refused: give password: env:NAME beside url"
	}
	return ""
}

func (s source) option(d *form.Decoder, e form.Entry, at string) {
	var o Option
	before := d.Failed()
	switch v := e.Value.(type) {
	case *ast.SequenceNode:
		var list []string
		if form.Texts(&list, nil).Decode(d, e.Value, at); len(v.Values) == 0 {
			d.FailNode(e.Value, at, "is empty", "leave the key out")
		}
		o.Text = strings.Join(list, ",")
	case *ast.NullNode:
		d.FailNode(e.Value, at, "is empty", "")
	case *ast.IntegerNode, *ast.FloatNode, *ast.BoolNode:
		o.Text = v.GetToken().Value
	case *ast.MappingNode:
		secret{&o.Ref}.Decode(d, e.Value, at)
	default:
		o.Text, _ = d.Text(e.Value, at)
	}
	if isSecretOption(e.Key) && o.Ref.IsZero() && d.Failed() == before {
		secret{&o.Ref}.Decode(d, e.Value, at)
	}
	if isPathOption(e.Key) && o.Text != "" {
		o.Text = d.Path(e.Value, at, o.Text)
	}
	if !o.Ref.IsZero() {
		o.Text = o.Ref.String()
	}
	if d.Failed() > before {
		return
	}
	if s.dst.Options == nil {
		s.dst.Options = map[string]Option{}
	}
	s.dst.Options[e.Key] = o
}

func (s source) Schema(defs map[string]any) map[string]any {
	const name = "registry"
	if defs[name] == nil {
		address := map[string]any{"type": "string", "pattern": "^([A-Za-z0-9][A-Za-z0-9._-]*=)?[A-Za-z0-9_-]+://"}
		properties := map[string]any{
			"url":  map[string]any{"type": "string", "pattern": address["pattern"], "description": "[NAME=]SCHEME://[USER@]HOST[,HOST]/PREFIX?option=value"},
			"name": map[string]any{"type": "string", "pattern": form.NamePattern, "description": "what its services' source is called; the scheme where it is not given"},
		}
		for key, help := range map[string]string{"token": "reference to a token", "password": "reference to the password of the URL's user"} {
			ref := secret{}.Schema(defs)
			ref["description"] = help
			properties[key] = ref
		}
		defs[name] = map[string]any{"anyOf": []any{address, map[string]any{
			"type": "object", "required": []string{"url"}, "properties": properties,
			"description":          "further keys are the driver's options: see `midwatch registries`",
			"additionalProperties": true,
		}}}
	}
	return map[string]any{"$ref": "#/$defs/" + name}
}

func (s source) Value() any {
	named := s.dst.Name
	if named == schemeOf(s.dst.URL) {
		named = ""
	}
	if len(s.dst.Options) == 0 {
		if named == "" {
			return s.dst.URL
		}
		return named + "=" + s.dst.URL
	}
	var out yaml.MapSlice
	if named != "" {
		out = append(out, yaml.MapItem{Key: "name", Value: named})
	}
	out = append(out, yaml.MapItem{Key: "url", Value: s.dst.URL})
	for _, key := range slices.Sorted(maps.Keys(s.dst.Options)) {
		o := s.dst.Options[key]
		shown := refValue(o.Ref)
		if shown == nil {
			shown = plain(o.Text)
		}
		out = append(out, yaml.MapItem{Key: key, Value: shown})
	}
	return out
}

// plain shows true and false as such; every other text stays one.
func plain(s string) any {
	switch s {
	case "true":
		return true
	case "false":
		return false
	}
	return s
}
