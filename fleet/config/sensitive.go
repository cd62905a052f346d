package config

import (
	"maps"
	"net/textproto"
	"slices"
	"strings"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"

	"github.com/midwatch-cli/midwatch/fleet"
	"github.com/midwatch-cli/midwatch/fleet/config/form"
)

const refHint = "env:NAME, file:PATH or {cmd: [program, argument, ...]}"

// secret is a reference to a secret.
type secret struct{ dst *fleet.SecretRef }

func (s secret) Decode(d *form.Decoder, n ast.Node, at string) {
	if _, ok := n.(ast.MapNode); ok {
		s.command(d, n, at)
		return
	}
	if n.Type() == ast.NullType || n.Type() == ast.SequenceType {
		d.FailNode(n, at, "want a reference to a secret, not "+form.KindOf(n), refHint)
		return
	}
	word, isText := "", false
	switch t := n.(type) {
	case *ast.StringNode:
		word, isText = t.Value, true
	case *ast.LiteralNode:
		word, isText = t.Value.Value, true
	}
	ref, ok := reference(word)
	if !isText || !ok {
		// Whatever else stands here may be the secret itself.
		d.FailNode(n, at, "a secret is given by reference only", refHint)
		return
	}
	if ref.File != "" {
		ref.File = d.Path(n, at, ref.File)
	}
	*s.dst = ref
}

// reference reads env:NAME and file:PATH.
func reference(word string) (fleet.SecretRef, bool) {
	ref, err := fleet.ParseSecretRef(word)
	if err != nil || ref.IsZero() || form.HasControl(word) || ref.Env != "" && !form.Plain(ref.Env) {
		return fleet.SecretRef{}, false
	}
	return ref, true
}

// command reads {cmd: [program, argument, ...]}.
func (s secret) command(d *form.Decoder, n ast.Node, at string) {
	var args []string
	entries := d.Mapping(n, at)
	if len(entries) == 0 {
		d.FailNode(n, at, "want a reference to a secret, not an empty mapping", refHint)
	}
	for _, e := range entries {
		below := form.Join(at, e.Key)
		switch {
		case e.Key != "cmd":
			d.FailNode(e.Node, below, "unknown key", "a reference is "+refHint)
		case e.Value.Type() != ast.SequenceType:
			d.FailNode(e.Value, below, "a command is a list: the program, then its arguments", "it is never given to a shell")
		default:
			form.ListOf(&args, func(s *string) form.Slot { return form.Text(s, "", nil) }).Decode(d, e.Value, below)
			if len(d.List(e.Value, below)) == 0 {
				d.FailNode(e.Value, below, "names no program", "")
			}
		}
	}
	*s.dst = fleet.SecretRef{Cmd: args}
}

const refPattern = "^(env|file):."

func (s secret) Schema(map[string]any) map[string]any {
	return map[string]any{"anyOf": []any{
		map[string]any{"type": "string", "pattern": refPattern},
		map[string]any{
			"type": "object", "additionalProperties": false, "required": []string{"cmd"},
			"properties": map[string]any{"cmd": map[string]any{
				"type": "array", "minItems": 1, "items": map[string]any{"type": "string", "minLength": 1},
				"description": "a program and its arguments, never a shell; what it prints is the secret",
			}},
		},
	}}
}

func (s secret) Value() any { return refValue(*s.dst) }

func refValue(ref fleet.SecretRef) any {
	if len(ref.Cmd) > 0 {
		return yaml.MapSlice{{Key: "cmd", Value: ref.Cmd}}
	}
	if ref.IsZero() {
		return nil
	}
	return ref.String()
}

// headers are sent with every probe: plain text, or references.
type headers struct{ dst *map[string]fleet.Header }

func (h headers) Decode(d *form.Decoder, n ast.Node, at string) {
	first := map[string]string{}
	for _, e := range d.Mapping(n, at) {
		below, name := form.Join(at, e.Key), textproto.CanonicalMIMEHeaderKey(e.Key)
		switch {
		case !isToken(e.Key):
			d.FailNode(e.Node, below, "is not the name of a header", "")
			continue
		case name == "Host" || name == "Content-Length" || name == "Transfer-Encoding" || name == "Connection":
			d.FailNode(e.Node, below, "is set by the protocol and cannot be given", "")
			continue
		case first[name] != "":
			d.FailNode(e.Node, below, "is given twice, also as "+first[name], "case does not tell headers apart")
			continue
		}
		first[name] = e.Key
		if v, ok := header(d, e.Value, below, name); ok {
			if *h.dst == nil {
				*h.dst = map[string]fleet.Header{}
			}
			(*h.dst)[name] = v
		}
	}
}

func header(d *form.Decoder, n ast.Node, at, name string) (fleet.Header, bool) {
	var v fleet.Header
	before := d.Failed()
	s, isText := n.(*ast.StringNode)
	switch {
	case n.Type() == ast.MappingType || provesWho(name):
		secret{&v.Ref}.Decode(d, n, at)
	case isText && looksLikeRef(s.Value):
		secret{&v.Ref}.Decode(d, n, at)
	case isText && looksLikeProof(s.Value):
		d.FailNode(n, at, "a secret is given by reference only", refHint)
	default:
		v.Text, _ = d.Text(n, at)
	}
	return v, d.Failed() == before
}

func looksLikeRef(s string) bool {
	return strings.HasPrefix(s, "env:") || strings.HasPrefix(s, "file:")
}

// looksLikeProof knows credentials by their scheme, whatever the header is called.
func looksLikeProof(s string) bool {
	s = strings.ToLower(s)
	return strings.HasPrefix(s, "bearer ") || strings.HasPrefix(s, "basic ") || strings.HasPrefix(s, "eyj")
}

// provesWho says whether a name, of a header or of an option, is that of a
// credential. It errs on the side of a reference where plain text would do.
func provesWho(name string) bool {
	name = strings.ToLower(name)
	for part := range strings.FieldsFuncSeq(name, func(c rune) bool { return c == '-' || c == '_' || c == '.' }) {
		for _, end := range []string{"authorization", "auth", "cookie", "token", "secret", "password", "passwd", "passphrase", "key", "credential", "credentials", "session", "signature", "jwt"} {
			if strings.HasSuffix(part, end) {
				return true
			}
		}
	}
	return false
}

// isSecretOption says whether a registry's option holds a secret. The key of a
// client certificate is a file, not a secret.
func isSecretOption(name string) bool { return name != "key" && provesWho(name) }

// isToken knows the token of RFC 9110, 5.6.2.
func isToken(s string) bool {
	return s != "" && !strings.ContainsFunc(s, func(c rune) bool {
		return !form.IsWordRune(c) && !strings.ContainsRune("!#$%&'*+-.^_`|~", c)
	})
}

func (h headers) Schema(defs map[string]any) map[string]any {
	return map[string]any{
		"type": form.OrNothing("object"), "propertyNames": map[string]any{"pattern": "^[!#$%&'*+.^_`|~0-9A-Za-z-]+$"},
		"additionalProperties": map[string]any{"anyOf": []any{
			map[string]any{"type": "string", "minLength": 1}, secret{}.Schema(defs),
		}},
	}
}

func (h headers) Value() any {
	var out yaml.MapSlice
	for _, name := range slices.Sorted(maps.Keys(*h.dst)) {
		v := (*h.dst)[name]
		shown := refValue(v.Ref)
		if shown == nil {
			shown = v.Text
		}
		out = append(out, yaml.MapItem{Key: name, Value: shown})
	}
	if out == nil {
		return nil
	}
	return out
}
