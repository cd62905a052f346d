package form

import (
	"maps"
	"slices"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"
)

// OrNothing is the schema's type of a mapping or list below whose key nothing
// may stand: all of it may be commented out.
func OrNothing(kind string) []string { return []string{kind, "null"} }

// Slot is a place for a value: it decodes one, describes what may stand there,
// and gives it back. The file's form is made of slots (package config's keys), so that what
// is read, what the schema says and what is shown cannot differ.
type Slot interface {
	// Decode reads n, which stands at a path, or reports why it cannot.
	Decode(d *Decoder, n ast.Node, at string)
	// Schema describes the slot as JSON Schema; shared parts go into defs.
	Schema(defs map[string]any) map[string]any
	// Value is what encodes to YAML; nil where nothing was said.
	Value() any
}

// Field is one key of a mapping.
type Field[T any] struct {
	Key      string
	Help     string // the schema's description
	Required bool
	Slot     func(*T) Slot // where in a T its value lives
}

// Object is a mapping with known keys.
type Object[T any] struct {
	Dst    *T
	Name   string // of its schema, where it is shared
	Fields []Field[T]
}

func (o Object[T]) keys() []string {
	keys := make([]string, len(o.Fields))
	for i, f := range o.Fields {
		keys[i] = f.Key
	}
	return keys
}

// Decode reads a mapping; unknown, repeated and missing keys are problems.
func (o Object[T]) Decode(d *Decoder, n ast.Node, at string) {
	if _, ok := n.(ast.MapNode); !ok && n.Type() != ast.NullType {
		d.WrongType(n, at, "a mapping")
		return
	}
	given := map[string]bool{}
	for _, e := range d.Mapping(n, at) {
		given[e.Key] = true
		i := slices.IndexFunc(o.Fields, func(f Field[T]) bool { return f.Key == e.Key })
		if i < 0 {
			d.FailNode(e.Node, Join(at, e.Key), "unknown key", DidYouMean(e.Key, o.keys()))
			continue
		}
		o.Fields[i].Slot(o.Dst).Decode(d, e.Value, Join(at, e.Key))
	}
	for _, f := range o.Fields {
		if f.Required && !given[f.Key] {
			d.FailNode(n, Join(at, f.Key), "is missing", "")
		}
	}
}

// Schema describes the mapping; one with a name goes into defs.
func (o Object[T]) Schema(defs map[string]any) map[string]any {
	if o.Name != "" && defs[o.Name] != nil {
		return map[string]any{"$ref": "#/$defs/" + o.Name}
	}
	properties, required := map[string]any{}, []string{}
	for _, f := range o.Fields {
		s := f.Slot(o.Dst).Schema(defs)
		s["description"] = f.Help
		properties[f.Key] = s
		if f.Required {
			required = append(required, f.Key)
		}
	}
	s := map[string]any{"type": OrNothing("object"), "additionalProperties": false, "properties": properties}
	if len(required) > 0 {
		s["type"], s["required"] = "object", required
	}
	if o.Name == "" {
		return s
	}
	defs[o.Name] = s
	return map[string]any{"$ref": "#/$defs/" + o.Name}
}

// Value is what was said, in the order of the fields.
func (o Object[T]) Value() any {
	var out yaml.MapSlice
	for _, f := range o.Fields {
		if v := f.Slot(o.Dst).Value(); v != nil {
			out = append(out, yaml.MapItem{Key: f.Key, Value: v})
		}
	}
	if out == nil {
		return nil
	}
	return out
}

// ListOf is a list of equal things.
func ListOf[T any](dst *[]T, item func(*T) Slot) Slot { return listOf[T]{dst, item} }

type listOf[T any] struct {
	dst  *[]T
	item func(*T) Slot
}

func (l listOf[T]) Decode(d *Decoder, n ast.Node, at string) {
	for i, item := range d.List(n, at) {
		var v T
		l.item(&v).Decode(d, item, Index(at, i))
		*l.dst = append(*l.dst, v)
	}
}

func (l listOf[T]) Schema(defs map[string]any) map[string]any {
	return map[string]any{"type": OrNothing("array"), "items": l.item(new(T)).Schema(defs)}
}

func (l listOf[T]) Value() any {
	var out []any
	for i := range *l.dst {
		out = append(out, l.item(&(*l.dst)[i]).Value())
	}
	if out == nil {
		return nil
	}
	return out
}

// MapOf is a mapping whose keys are names given by the user; named tells a
// thing its name.
func MapOf[T any](dst *map[string]T, named func(*T, string), item func(*T) Slot) Slot {
	return mapOf[T]{dst, named, item}
}

type mapOf[T any] struct {
	dst   *map[string]T
	named func(*T, string)
	item  func(*T) Slot
}

func (m mapOf[T]) Decode(d *Decoder, n ast.Node, at string) {
	for _, e := range d.Mapping(n, at) {
		if wrong := BadName(e.Key); wrong != "" {
			d.FailNode(e.Node, Join(at, e.Key), wrong, NameHint)
			continue
		}
		var v T
		m.named(&v, e.Key)
		m.item(&v).Decode(d, e.Value, Join(at, e.Key))
		if *m.dst == nil {
			*m.dst = map[string]T{}
		}
		(*m.dst)[e.Key] = v
	}
}

func (m mapOf[T]) Schema(defs map[string]any) map[string]any {
	return map[string]any{
		"type":                 OrNothing("object"),
		"propertyNames":        map[string]any{"pattern": NamePattern},
		"additionalProperties": m.item(new(T)).Schema(defs),
	}
}

func (m mapOf[T]) Value() any {
	var out yaml.MapSlice
	for _, name := range slices.Sorted(maps.Keys(*m.dst)) {
		v := (*m.dst)[name]
		shown := m.item(&v).Value()
		if shown == nil {
			shown = yaml.MapSlice{}
		}
		out = append(out, yaml.MapItem{Key: name, Value: shown})
	}
	if out == nil {
		return nil
	}
	return out
}

// Optional is a thing that exists only where the file names it.
func Optional[T any](dst **T, item func(*T) Slot) Slot { return optional[T]{dst, item} }

type optional[T any] struct {
	dst  **T
	item func(*T) Slot
}

func (o optional[T]) Decode(d *Decoder, n ast.Node, at string) {
	*o.dst = new(T)
	o.item(*o.dst).Decode(d, n, at)
}

func (o optional[T]) Schema(defs map[string]any) map[string]any { return o.item(new(T)).Schema(defs) }

func (o optional[T]) Value() any {
	if *o.dst == nil {
		return nil
	}
	return o.item(*o.dst).Value()
}
