// Package rawjson takes JSON apart in place: every Value is a part of the document
// as it was written, and nothing is decoded that nobody asks for. A health page
// is small and mostly thrown away; decoding it into maps was a third of what a
// probe cost.
package rawjson

import (
	"bytes"
	"encoding/json"
	"slices"
	"strings"
	"unicode/utf8"
)

// Value is one value of a JSON document as it was written, without blanks
// around it; empty if there is none. It is part of a document that is valid.
type Value string

// Member is one of an object.
type Member struct {
	Name  string
	Value Value
}

// Object is the members of a JSON object in the order of their names, so that
// the same body always gives the same Verdict. Of two with the same name the
// last counts.
type Object []Member

// Parse looks whether a body is valid JSON and takes a copy of it. Control
// characters inside strings, which hand-written pages let through, are not JSON
// and are forgiven.
func Parse(body []byte) (Value, bool) {
	if json.Valid(body) {
		return Value(bytes.TrimSpace(body)), true
	}
	calmed := bytes.TrimSpace(bytes.Map(func(r rune) rune {
		if r < ' ' {
			return ' '
		}
		return r
	}, body))
	return Value(calmed), json.Valid(calmed)
}

// Form is the first byte of a value: '{', '[', '"', 't', 'f', 'n', a digit; 0
// if there is none.
func (v Value) Form() byte {
	if v == "" {
		return 0
	}
	return v[0]
}

// Text gives the text of a string; part of the document, where it can be.
func (v Value) Text() (string, bool) {
	if v.Form() != '"' {
		return "", false
	}
	text := string(v[1 : len(v)-1])
	if strings.IndexByte(text, '\\') < 0 && utf8.ValidString(text) {
		return text, true
	}
	var s string
	err := json.Unmarshal([]byte(v), &s)
	return s, err == nil
}

// Object takes an object apart; false if it is none.
func (v Value) Object() (Object, bool) {
	if v.Form() != '{' {
		return nil, false
	}
	o := make(Object, 0, 4)
	for at := v.next(1); v[at] != '}'; at = v.next(at) {
		end := v.end(at)
		name, _ := v[at:end].Text()
		at = v.next(end)
		end = v.end(at)
		o, at = append(o, Member{name, v[at:end]}), end
	}
	return o.inOrder(), true
}

// Array takes an array apart; false if it is none.
func (v Value) Array() ([]Value, bool) {
	if v.Form() != '[' {
		return nil, false
	}
	a := []Value{}
	for at := v.next(1); v[at] != ']'; at = v.next(at) {
		end := v.end(at)
		a, at = append(a, v[at:end]), end
	}
	return a, true
}

// next steps over blanks and what stands between values.
func (v Value) next(at int) int {
	for strings.IndexByte(" \t\r\n,:", v[at]) >= 0 {
		at++
	}
	return at
}

// end is where the value ends that begins at a place.
func (v Value) end(at int) int {
	for depth := 0; ; at++ {
		switch v[at] {
		case '"':
			for at++; v[at] != '"'; at++ {
				if v[at] == '\\' {
					at++
				}
			}
		case '{', '[':
			depth++
			continue
		case '}', ']':
			depth--
		default:
			if depth > 0 {
				continue
			}
			for at < len(v) && strings.IndexByte(" \t\r\n,]}", v[at]) < 0 {
				at++
			}
			return at
		}
		if depth == 0 {
			return at + 1
		}
	}
}

// inOrder sorts by name and takes out what comes again later.
func (o Object) inOrder() Object {
	if len(o) < 2 {
		return o
	}
	slices.SortStableFunc(o, func(a, b Member) int { return strings.Compare(a.Name, b.Name) })
	kept := o[:1]
	for _, m := range o[1:] {
		if last := &kept[len(kept)-1]; last.Name == m.Name {
			*last = m
		} else {
			kept = append(kept, m)
		}
	}
	return kept
}

// Get gives a member; nothing if it is not there.
func (o Object) Get(name string) Value {
	const few = 8
	if len(o) <= few {
		for i := range o {
			if o[i].Name == name {
				return o[i].Value
			}
		}
		return ""
	}
	at, ok := slices.BinarySearchFunc(o, name, func(m Member, name string) int { return strings.Compare(m.Name, name) })
	if !ok {
		return ""
	}
	return o[at].Value
}
