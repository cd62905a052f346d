package line

import (
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strconv"
	"strings"

	"github.com/midwatch-cli/midwatch/fleet"
	"github.com/midwatch-cli/midwatch/fleet/record/line/figure"
	"github.com/midwatch-cli/midwatch/probe/health/rawjson"
)

// Pass is what is kept of one pass over one context.
type Pass struct {
	Snapshot *fleet.Snapshot
	// Known is every service of the sources, where not all of them were selected:
	// names in dependencies mean those too.
	Known []fleet.Ref
	// Holds are who held breakers at the time, by what the recorder's own journal
	// said.
	Holds []Held
}

// Held is one breaker that somebody held.
type Held struct {
	Key     fleet.Key
	Breaker string
	Hold    fleet.Hold
}

// Record is a pass as lines have it.
type Record struct{ snapshot snapshot }

// RecordOf makes the record of a pass. It shares maps and texts with the
// snapshot, which is frozen.
func RecordOf(p Pass) *Record { return &Record{snapshotOf(&p)} }

// Pass is what the record is of. What it points at is its own: the record may
// be changed afterwards.
func (r *Record) Pass() Pass { return r.snapshot.pass() }

// Append appends the whole line, without its end.
func (r *Record) Append(b []byte) []byte { return appendJSON(b, &r.snapshot) }

// AppendChange appends the line that says what is different from the pass
// before, without its end: an object has the members that changed, null for
// those that are empty now; a list that is as long as it was is an object of
// the places that changed, counted from 0. Everything else is as in a whole
// line.
func (r *Record) AppendChange(b []byte, before *Record) []byte {
	was, head := before.snapshot, r.snapshot.Head
	was.Head = head // is written in any case
	head.Kind = KindChange
	b = appendJSON(b, head)
	b = b[:len(b)-1] // its members go on
	d := differ{fields: map[reflect.Type][]field{}}
	return append(d.members(b, reflect.ValueOf(&was).Elem(), reflect.ValueOf(&r.snapshot).Elem(), true), '}')
}

// Decode reads a whole line.
func Decode(data []byte) (*Record, error) {
	r := &Record{}
	if err := json.Unmarshal(data, &r.snapshot); err != nil {
		return nil, fault(err)
	}
	return r, nil
}

// Change makes the record that of the next pass, by the line that says what is
// different. After an error it is of no use.
func (r *Record) Change(data []byte) error {
	r.snapshot.Head = Head{} // is written in any case
	d := differ{fields: map[reflect.Type][]field{}}
	text, ok := rawjson.Parse(data)
	if !ok {
		return fault(json.Unmarshal(data, new(json.RawMessage)))
	}
	if err := d.apply(reflect.ValueOf(&r.snapshot).Elem(), text); err != nil {
		return err
	}
	r.snapshot.Kind = KindSnapshot
	return nil
}

// differ compares and changes records. It remembers what their types are.
type differ struct{ fields map[reflect.Type][]field }

// field is a member that a type of ours has.
type field struct {
	name  string // as it stands in lines, with quotes and colon
	index []int
}

// of lists the members of a struct, those of embedded ones among them.
func (d *differ) of(t reflect.Type) []field {
	known, ok := d.fields[t]
	if ok {
		return known
	}
	for _, f := range reflect.VisibleFields(t) {
		name, _, _ := strings.Cut(f.Tag.Get("json"), ",")
		if f.Anonymous {
			continue
		}
		known = append(known, field{`"` + name + `":`, f.Index})
	}
	d.fields[t] = known
	return known
}

// part says whether a type is compared by its members, and not as a whole.
func part(t reflect.Type) bool {
	return t.Kind() == reflect.Struct && t != reflect.TypeFor[figure.Moment]()
}

// value appends what makes one value the other; nothing, and false, where they
// are the same.
func (d *differ) value(b []byte, was, is reflect.Value) ([]byte, bool) {
	t := is.Type()
	switch {
	case part(t):
		start := len(b)
		b = append(b, '{')
		if b = d.members(b, was, is, false); len(b) == start+1 {
			return b[:start], false
		}
		return append(b, '}'), true
	case t.Kind() == reflect.Slice && part(t.Elem()) && was.Len() == is.Len() && is.Len() > 0:
		start := len(b)
		for i := range is.Len() {
			mark, joint := len(b), byte(',')
			if mark == start {
				joint = '{'
			}
			b = append(strconv.AppendInt(append(b, joint, '"'), int64(i), 10), '"', ':')
			var changed bool
			if b, changed = d.value(b, was.Index(i), is.Index(i)); !changed {
				b = b[:mark]
			}
		}
		if len(b) == start {
			return b, false
		}
		return append(b, '}'), true
	case same(was, is):
		return b, false
	case is.IsZero():
		return append(b, "null"...), true
	}
	return appendJSON(b, is.Interface()), true
}

// same compares what is written as a whole.
func same(a, b reflect.Value) bool {
	if a.Comparable() && a.Kind() != reflect.Pointer {
		return a.Equal(b)
	}
	return reflect.DeepEqual(a.Interface(), b.Interface())
}

// members appends the members that changed; more says that some stand before.
func (d *differ) members(b []byte, was, is reflect.Value, more bool) []byte {
	for _, f := range d.of(is.Type()) {
		mark := len(b)
		if more {
			b = append(b, ',')
		}
		b = append(b, f.name...)
		var changed bool
		if b, changed = d.value(b, was.FieldByIndex(f.index), is.FieldByIndex(f.index)); !changed {
			b = b[:mark]
			continue
		}
		more = true
	}
	return b
}

// apply changes a value as the text says.
func (d *differ) apply(dst reflect.Value, text rawjson.Value) error {
	t := dst.Type()
	switch {
	case text == "null":
		dst.SetZero()
		return nil
	case part(t):
		members, ok := text.Object()
		if !ok {
			return misplaced(text, t)
		}
		fields := d.of(t)
		for _, m := range members {
			at := slices.IndexFunc(fields, func(f field) bool { return f.name[1:len(f.name)-2] == m.Name })
			if at < 0 {
				continue // of a later version
			}
			if err := d.apply(dst.FieldByIndex(fields[at].index), m.Value); err != nil {
				return within(m.Name, err)
			}
		}
		return nil
	case t.Kind() == reflect.Slice && part(t.Elem()) && text.Form() == '{':
		places, _ := text.Object()
		for _, m := range places {
			i, err := strconv.ParseUint(m.Name, 10, 31)
			if err != nil || int(i) >= dst.Len() {
				return fmt.Errorf("%q is no place in a list of %d", m.Name, dst.Len())
			}
			if err := d.apply(dst.Index(int(i)), m.Value); err != nil {
				return within(m.Name, err)
			}
		}
		return nil
	}
	return set(dst, text)
}

// set makes a value the one that is written. Nothing of what it was shows
// through.
func set(dst reflect.Value, text rawjson.Value) error {
	dst.SetZero()
	switch into := dst.Addr().Interface().(type) {
	case *string:
		said, ok := text.Text()
		if !ok {
			return misplaced(text, dst.Type())
		}
		*into = strings.Clone(said) // the line is not kept for it
		return nil
	case json.Unmarshaler:
		return into.UnmarshalJSON([]byte(text))
	default:
		return json.Unmarshal([]byte(text), into)
	}
}

// misfit is what is wrong with a member, and which it is.
type misfit struct {
	path string // outermost first, joined by dots
	err  error
}

func (m *misfit) Error() string { return m.path + ": " + m.err.Error() }
func (m *misfit) Unwrap() error { return m.err }

// within says in which member something is wrong.
func within(name string, err error) error {
	var inner *misfit
	if errors.As(err, &inner) {
		return &misfit{name + "." + inner.path, inner.err}
	}
	return &misfit{name, fault(err)}
}

func misplaced(text rawjson.Value, t reflect.Type) error {
	const much = 40
	return fmt.Errorf("%.*q is not of the form of %s", much, string(text), t.Name())
}
