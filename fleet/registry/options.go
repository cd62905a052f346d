package registry

import (
	"cmp"
	"fmt"
	"reflect"
	"strconv"
	"strings"
	"time"

	"github.com/midwatch-cli/midwatch/fleet"
	"github.com/midwatch-cli/midwatch/fleet/match"
)

// TokenOptions are embedded in the options of drivers that take a token.
type TokenOptions struct {
	Token fleet.SecretRef `option:"token" help:"reference to the token: env:NAME or file:PATH"`
}

// Option describes one field of a driver's options: its documentation, its
// schema and the key it is set by.
type Option struct {
	Name    string
	Type    string // text, yes/no, number, duration, list, reference
	Default string // as it would be written; empty where there is none
	Help    string
	OneOf   []string // the accepted words, from the tag `oneof:"a,b"`
}

// Validator is implemented by options whose fields have to agree with each
// other. Decode calls it once all values are set; its error is shown as it is.
type Validator interface {
	Validate() error
}

// field is one settable field of an options struct.
type field struct {
	Option
	value reflect.Value
}

// fields lists the tagged fields of a pointer to a struct, those of embedded
// structs in their place.
func fields(options any) []field {
	v := reflect.ValueOf(options)
	if v.Kind() != reflect.Pointer || v.IsNil() || v.Elem().Kind() != reflect.Struct {
		panic(fmt.Sprintf("registry: options must be a pointer to a struct, not %T", options))
	}
	var out []field
	var walk func(v reflect.Value)
	walk = func(v reflect.Value) {
		for i := range v.NumField() {
			f, tag := v.Type().Field(i), v.Type().Field(i).Tag
			name, tagged := tag.Lookup("option")
			switch {
			case f.Anonymous && !tagged:
				walk(v.Field(i))
			case tagged:
				o := Option{Name: name, Help: tag.Get("help"), Type: typeWord(v.Field(i)), Default: show(v.Field(i))}
				if words := tag.Get("oneof"); words != "" {
					o.OneOf = strings.Split(words, ",")
				}
				out = append(out, field{o, v.Field(i)})
			}
		}
	}
	walk(v.Elem())
	return out
}

// Describe lists the options of a driver, a pointer to a struct with its
// defaults, in the order of the fields.
func Describe(options any) []Option {
	var out []Option
	for _, f := range fields(options) {
		out = append(out, f.Option)
	}
	return out
}

// OptionProblem is what is wrong with one option.
type OptionProblem struct {
	Key     string // the option
	Message string // with its name; repeats no secret
	Hint    string // what to do about it; may be empty
}

// OptionProblems are all that is wrong with options: errors.As finds them in
// what Decode returns, for whoever knows the place of each.
type OptionProblems []OptionProblem

// Error has a line for each.
func (p OptionProblems) Error() string {
	lines := make([]string, len(p))
	for i := range p {
		lines[i] = p[i].Message
	}
	return strings.Join(lines, "\n")
}

// Decode sets the tagged fields of a pointer to a struct. Values are texts, as
// in a URL, or already of the field's type, as from a file. All problems are
// reported at once, each by the option's name; a refused secret is never
// repeated.
func Decode[V any](options any, values map[string]V) error {
	byName := map[string]field{}
	var names []string
	for _, f := range fields(options) {
		byName[f.Name] = f
		names = append(names, f.Name)
	}
	var problems OptionProblems
	var hints []string
	for _, key := range sortedKeys(values) {
		f, ok := byName[key]
		if !ok {
			hint := unknownHint(key, names)
			problems = append(problems, OptionProblem{key, fmt.Sprintf("option %q is not known", key), hint})
			hints = append(hints, hint)
			continue
		}
		if err := f.set(values[key]); err != nil {
			problems = append(problems, OptionProblem{key, fmt.Sprintf("option %s: %s", key, err), ""})
		}
	}
	if len(problems) > 0 {
		return Misconfigured("", cmp.Or(hints...), "%w", problems)
	}
	if v, ok := options.(Validator); ok {
		return v.Validate()
	}
	return nil
}

// unknownHint says what was probably meant, or what there is.
func unknownHint(key string, names []string) string {
	if near := Nearest(key, names); near != "" {
		return fmt.Sprintf("did you mean %s?", near)
	}
	if len(names) == 0 {
		return "this kind of registry has no options"
	}
	return "there are: " + strings.Join(names, ", ")
}

// set stores one value.
func (f field) set(value any) error {
	if text, ok := value.(string); ok {
		return f.parse(text)
	}
	v := reflect.ValueOf(value)
	if !v.IsValid() || !v.Type().AssignableTo(f.value.Type()) {
		return fmt.Errorf("want %s, not a value of another kind", f.want())
	}
	f.value.Set(v)
	return f.allowed()
}

// want says what the option takes.
func (f field) want() string {
	if len(f.OneOf) > 0 {
		return "one of " + strings.Join(f.OneOf, ", ")
	}
	return f.Type
}

// parse reads the text of one value.
func (f field) parse(text string) error {
	switch p := f.value.Addr().Interface().(type) {
	case *string:
		*p = text
	case *bool:
		b, err := strconv.ParseBool(cmp.Or(text, "true")) // ?tls alone switches it on
		if err != nil {
			return fmt.Errorf("%q is not true or false", text)
		}
		*p = b
	case *int:
		n, err := strconv.Atoi(text)
		if err != nil {
			return fmt.Errorf("%q is not a whole number", text)
		}
		*p = n
	case *time.Duration:
		d, err := time.ParseDuration(text)
		if err != nil || d < 0 {
			return fmt.Errorf("%q is not a duration, as 30s or 5m", text)
		}
		*p = d
	case *[]string:
		*p = nil
		for _, item := range strings.Split(text, ",") {
			if item = strings.TrimSpace(item); item != "" {
				*p = append(*p, item)
			}
		}
	case *fleet.SecretRef:
		ref, err := fleet.ParseSecretRef(text)
		if err != nil {
			return err
		}
		*p = ref
	}
	return f.allowed()
}

// allowed checks the value against the accepted words.
func (f field) allowed() error {
	if len(f.OneOf) == 0 {
		return nil
	}
	text := show(f.value)
	for _, word := range f.OneOf {
		if word == text {
			return nil
		}
	}
	if near := Nearest(text, f.OneOf); near != "" {
		return fmt.Errorf("%q is not %s; did you mean %s?", text, f.want(), near)
	}
	return fmt.Errorf("%q is not %s", text, f.want())
}

// typeWord names a field's type for people. A type that cannot be decoded is a
// fault of the driver, found by every test that touches its options.
func typeWord(v reflect.Value) string {
	switch v.Interface().(type) {
	case string:
		return "text"
	case bool:
		return "yes/no"
	case int:
		return "number"
	case time.Duration:
		return "duration"
	case []string:
		return "list"
	case fleet.SecretRef:
		return "reference"
	}
	panic(fmt.Sprintf("registry: an option cannot be a %s", v.Type()))
}

// show writes a field's value as it is written in a URL; zero values are empty.
func show(v reflect.Value) string {
	if v.IsZero() {
		return ""
	}
	if list, ok := v.Interface().([]string); ok {
		return strings.Join(list, ",")
	}
	return fmt.Sprint(v.Interface())
}

// Nearest finds the word that was probably meant; empty where none is near.
func Nearest(word string, known []string) string {
	if near := match.Nearest(word, known); len(near) > 0 {
		return near[0]
	}
	return ""
}
