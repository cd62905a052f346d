// Package data writes documents as JSON, YAML and lines of JSON, and what jq
// expressions and templates make of them. What it writes holds nothing that a
// terminal or a build system would obey; the values stay what they were. With
// ascii, only ASCII is written.
package data

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"unicode"
	"unicode/utf8"

	"github.com/midwatch-cli/midwatch/cmd/term"
	"github.com/midwatch-cli/midwatch/fleet/document"
)

// Lines writes each item of a document as a line of JSON.
func Lines(w io.Writer, d document.Document, ascii bool) error {
	var e encoder
	_, items := d.Split()
	for item := range items {
		line, err := e.encode(item, ascii)
		if err != nil {
			return err
		}
		if _, err := w.Write(append(line, '\n')); err != nil {
			return err
		}
	}
	return nil
}

// Line writes one value as a line of JSON.
func Line(w io.Writer, item any, ascii bool) error {
	line, err := encode(item, ascii)
	if err != nil {
		return err
	}
	_, err = w.Write(append(line, '\n'))
	return err
}

// encode is the JSON of a value, on one line, safe to print.
func encode(v any, ascii bool) ([]byte, error) {
	var e encoder
	return e.encode(v, ascii)
}

// encoder is encode for many values in one buffer: what it returns holds until
// the next call.
type encoder struct {
	b    bytes.Buffer
	enc  *json.Encoder
	line []byte
}

func (e *encoder) encode(v any, ascii bool) ([]byte, error) {
	if own, ok := v.(interface{ AppendJSON([]byte) []byte }); ok {
		e.line = own.AppendJSON(e.line[:0])
		return harmless(e.line, ascii), nil
	}
	if e.enc == nil {
		e.enc = json.NewEncoder(&e.b)
		e.enc.SetEscapeHTML(false)
	}
	e.b.Reset()
	if err := e.enc.Encode(v); err != nil {
		return nil, fmt.Errorf("the document cannot be written: %w", err)
	}
	return harmless(bytes.TrimSuffix(e.b.Bytes(), []byte("\n")), ascii), nil
}

// harmless escapes in JSON what a terminal obeys or hides (the encoder does it
// for the lower control characters only) and what build systems take for
// commands anywhere in a line. The values stay what they were. What is looked
// for stands only in strings.
func harmless(b []byte, ascii bool) []byte {
	if !suspect(b) {
		return b
	}
	bad := func(r rune) bool { return r > '~' && (ascii || !unicode.IsPrint(r)) }
	var out bytes.Buffer
	out.Grow(len(b) + 64)
	for i := 0; i < len(b); {
		r, n := utf8.DecodeRune(b[i:])
		switch {
		case r == '#':
			out.WriteString(`\u0023`)
		case bad(r) && r > 0xffff:
			r -= 0x10000
			fmt.Fprintf(&out, `\u%04x\u%04x`, 0xd800+r>>10, 0xdc00+r&0x3ff)
		case bad(r):
			fmt.Fprintf(&out, `\u%04x`, r)
		default:
			out.Write(b[i : i+n])
		}
		i += n
	}
	return out.Bytes()
}

// suspect says that there may be something to escape: a byte beyond ~, or two
// hashes. It is asked of every byte that is written, so eight are looked at in
// one go.
func suspect(b []byte) bool {
	const ones, high = 0x0101010101010101, 0x8080808080808080
	rest := b
	for ; len(rest) >= 8; rest = rest[8:] {
		// One more sets the high bit of what was 0x7f and has none yet.
		if w := binary.LittleEndian.Uint64(rest); (w|(w+ones))&high != 0 {
			return true
		}
	}
	for _, c := range rest {
		if c > '~' {
			return true
		}
	}
	return bytes.Contains(b, []byte("##"))
}

// JSON writes a document item by item, so that a great fleet is never in
// memory a second time; on a terminal it is indented.
func JSON(w io.Writer, d document.Document, indent, ascii bool) error {
	to := w
	var whole bytes.Buffer
	if indent {
		to = &whole
	}
	outer, items := d.Split()
	head, err := encode(outer, ascii)
	if err != nil {
		return err
	}
	// A quote in a string is escaped: this can only be the field.
	open, tail, ok := bytes.Cut(head, []byte(`"items":[]`))
	if !ok {
		return errors.New("the document has no items")
	}
	if _, err := fmt.Fprintf(to, `%s"items":[`, open); err != nil {
		return err
	}
	var e encoder
	comma := ""
	for item := range items {
		line, err := e.encode(item, ascii)
		if err != nil {
			return err
		}
		if _, err := io.WriteString(to, comma); err != nil {
			return err
		}
		if _, err := to.Write(line); err != nil {
			return err
		}
		comma = ","
	}
	if _, err := fmt.Fprintf(to, "]%s\n", tail); err != nil || !indent {
		return err
	}
	var b bytes.Buffer
	if err := json.Indent(&b, whole.Bytes(), "", "  "); err != nil {
		return fmt.Errorf("the document cannot be written: %w", err)
	}
	_, err = w.Write(b.Bytes())
	return err
}

// value is the document as jq and templates see it: numbers are int or float64,
// texts are clean, so that what is printed from them is harmless.
func value(d any) (any, error) {
	b, err := json.Marshal(d)
	if err != nil {
		return nil, fmt.Errorf("the document cannot be read: %w", err)
	}
	dec := json.NewDecoder(bytes.NewReader(b))
	dec.UseNumber()
	var v any
	if err := dec.Decode(&v); err != nil {
		return nil, fmt.Errorf("the document cannot be read: %w", err)
	}
	return simple(v), nil
}

func simple(v any) any {
	switch v := v.(type) {
	case json.Number:
		if i, err := v.Int64(); err == nil {
			return int(i)
		}
		f, _ := v.Float64()
		return f
	case string:
		return term.Clean(v)
	case []any:
		for i := range v {
			v[i] = simple(v[i])
		}
	case map[string]any:
		for k, field := range v {
			delete(v, k)
			v[term.Clean(k)] = simple(field)
		}
	}
	return v
}
