package form

import (
	"fmt"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/goccy/go-yaml/ast"
)

// Check says what is wrong with a text; it is empty where nothing is. It never
// repeats the text: somebody may have put a secret there.
type Check func(string) string

// Text is one line of text; wrong checks it and may be nil, the pattern is
// what the schema says of it and may be empty.
func Text(dst *string, pattern string, wrong Check) Slot { return text{dst, pattern, wrong} }

type text struct {
	dst     *string
	pattern string // for the schema; the check decides
	wrong   Check  // may be nil
}

func (t text) Decode(d *Decoder, n ast.Node, at string) {
	s, ok := d.Text(n, at)
	if !ok {
		return
	}
	if t.wrong != nil {
		if wrong := t.wrong(s); wrong != "" {
			d.FailNode(n, at, wrong, "")
			return
		}
	}
	*t.dst = s
}

func (t text) Schema(map[string]any) map[string]any {
	s := map[string]any{"type": "string", "minLength": 1}
	if t.pattern != "" {
		s["pattern"] = t.pattern
	}
	return s
}

func (t text) Value() any { return said(*t.dst) }

// said turns a zero value into nothing.
func said[T comparable](v T) any {
	var zero T
	if v == zero {
		return nil
	}
	return v
}

// Texts is a list of texts; one alone needs no list.
func Texts(dst *[]string, wrong Check) Slot { return texts{dst, wrong} }

type texts struct {
	dst   *[]string
	wrong Check
}

func (t texts) Decode(d *Decoder, n ast.Node, at string) {
	if n.Type() != ast.SequenceType {
		var one string
		text{&one, "", t.wrong}.Decode(d, n, at)
		if one != "" {
			*t.dst = []string{one}
		}
		return
	}
	ListOf(t.dst, func(s *string) Slot { return text{s, "", t.wrong} }).Decode(d, n, at)
}

func (t texts) Schema(map[string]any) map[string]any {
	one := map[string]any{"type": "string", "minLength": 1}
	return map[string]any{"anyOf": []any{one, map[string]any{"type": "array", "items": one}}}
}

func (t texts) Value() any {
	switch len(*t.dst) {
	case 0:
		return nil
	case 1:
		return (*t.dst)[0]
	}
	return *t.dst
}

// FilePath is a path; a relative one starts from the file's folder.
func FilePath(dst *string) Slot { return filePath{dst} }

type filePath struct{ dst *string }

func (p filePath) Decode(d *Decoder, n ast.Node, at string) {
	s, ok := d.Text(n, at)
	if ok {
		*p.dst = d.Path(n, at, s)
	}
}

func (p filePath) Schema(map[string]any) map[string]any {
	return map[string]any{"type": "string", "minLength": 1}
}

func (p filePath) Value() any { return said(*p.dst) }

// Path makes a path of the file one of the program.
func (d *Decoder) Path(n ast.Node, at, s string) string {
	if strings.HasPrefix(s, "~") {
		d.FailNode(n, at, "~ is not expanded here", "write the whole path, or one relative to this file")
	}
	if filepath.IsAbs(s) {
		return s
	}
	return filepath.Join(d.dir, s)
}

// OneWord is one of a few words.
func OneWord[T ~string](dst *T, words ...string) Slot { return word[T]{dst, words} }

type word[T ~string] struct {
	dst   *T
	words []string
}

func (w word[T]) Decode(d *Decoder, n ast.Node, at string) {
	s, ok := d.Text(n, at)
	if !ok {
		return
	}
	if !slices.Contains(w.words, s) {
		d.FailNode(n, at, fmt.Sprintf("want %s, not %s", oneOf(w.words), Quote(s)), "")
		return
	}
	*w.dst = T(s)
}

func (w word[T]) Schema(map[string]any) map[string]any {
	return map[string]any{"type": "string", "enum": w.words}
}

func (w word[T]) Value() any { return said(string(*w.dst)) }

// Flag is true or false.
func Flag(dst *bool) Slot { return flag{dst} }

type flag struct{ dst *bool }

func (f flag) Decode(d *Decoder, n ast.Node, at string) {
	b, ok := n.(*ast.BoolNode)
	if !ok {
		d.WrongType(n, at, "true or false")
		return
	}
	*f.dst = b.Value
}

func (f flag) Schema(map[string]any) map[string]any { return map[string]any{"type": "boolean"} }

func (f flag) Value() any { return said(*f.dst) }

// Tristate is true, false, or not said.
func Tristate(dst **bool) Slot { return tristate{dst} }

type tristate struct{ dst **bool }

func (t tristate) Decode(d *Decoder, n ast.Node, at string) {
	var b bool
	before := len(d.problems)
	flag{&b}.Decode(d, n, at)
	if len(d.problems) == before {
		*t.dst = &b
	}
}

func (t tristate) Schema(defs map[string]any) map[string]any { return flag{}.Schema(defs) }

func (t tristate) Value() any {
	if *t.dst == nil {
		return nil
	}
	return **t.dst
}

// Number is a whole number within bounds. 0 is "not said" and must lie outside
// of them.
func Number(dst *int, lowest, highest int) Slot { return number{dst, lowest, highest} }

type number struct {
	dst      *int
	min, max int
}

func (x number) Decode(d *Decoder, n ast.Node, at string) {
	i, ok := n.(*ast.IntegerNode)
	switch {
	case n.Type() == ast.FloatType:
		d.FailNode(n, at, "want a whole number", "")
		return
	case !ok:
		d.WrongType(n, at, "a whole number")
		return
	}
	v, err := strconv.Atoi(fmt.Sprint(i.Value))
	if err != nil || v < x.min || v > x.max {
		d.FailNode(n, at, fmt.Sprintf("%s is out of range", quoteNumber(i)), fmt.Sprintf("%d to %d", x.min, x.max))
		return
	}
	*x.dst = v
}

// quoteNumber shows a number as it was written, if that is short.
func quoteNumber(i *ast.IntegerNode) string {
	if s := fmt.Sprint(i.Value); len(s) <= 24 {
		return s
	}
	return "the number"
}

func (x number) Schema(map[string]any) map[string]any {
	return map[string]any{"type": "integer", "minimum": x.min, "maximum": x.max}
}

func (x number) Value() any { return said(*x.dst) }

// Duration is a Go duration of more than nothing.
func Duration(dst *time.Duration) Slot { return duration{dst} }

type duration struct{ dst *time.Duration }

func (x duration) Decode(d *Decoder, n ast.Node, at string) {
	if n.Type() == ast.IntegerType || n.Type() == ast.FloatType {
		d.FailNode(n, at, "a duration needs a unit", "as in 300ms, 2s, 1m30s")
		return
	}
	s, ok := d.Text(n, at)
	if !ok {
		return
	}
	v, err := time.ParseDuration(s)
	switch {
	case err != nil:
		d.FailNode(n, at, Quote(s)+" is no duration", "as in 300ms, 2s, 1m30s")
	case v <= 0:
		d.FailNode(n, at, Quote(s)+" is out of range", "more than 0")
	default:
		*x.dst = v
	}
}

func (x duration) Schema(map[string]any) map[string]any {
	return map[string]any{"type": "string", "pattern": `^\+?(([0-9]+(\.[0-9]*)?|\.[0-9]+)(ns|us|µs|μs|ms|s|m|h))+$`}
}

func (x duration) Value() any {
	if *x.dst == 0 {
		return nil
	}
	return x.dst.String()
}
