package health

import (
	"bytes"
	"encoding/json"
	"slices"
	"strings"
	"unicode/utf8"
)

// Bounds of a tree of components; what lies beyond them is not looked at.
const (
	maxDepth      = 8
	maxComponents = 500
)

// value is one value of a JSON document as it was written, without blanks
// around it; empty if there is none. It is part of a document that is valid.
type value string

// member is one of an object.
type member struct {
	name  string
	value value
}

// object is the members of a JSON object in the order of their names, so that
// the same body always gives the same Verdict. Of two with the same name the
// last counts.
type object []member

// document is a body that is a JSON object or a JSON array.
type document struct {
	answer Answer
	object object  // nil if it is an array
	array  []value // nil if it is an object
	status string  // the word under "status", if that is a string; see has
}

// parse takes the outermost level apart. Control characters inside strings,
// which hand-written pages let through, are not JSON and are forgiven.
func parse(a *Answer, body []byte) (*document, bool) {
	if !json.Valid(body) {
		calmed := bytes.Map(func(r rune) rune {
			if r < ' ' {
				return ' '
			}
			return r
		}, body)
		if body = bytes.TrimSpace(calmed); !json.Valid(body) {
			return nil, false
		}
	}
	d := &document{answer: *a}
	if whole := value(body); body[0] == '[' {
		d.array, _ = asArray(whole)
	} else {
		d.object, _ = asObject(whole)
	}
	d.status, _ = asString(d.object.get("status"))
	return d, true
}

// says tells whether the document has a word of its own under "status".
func (d *document) says() bool { return d.status != "" }

// has tells whether the object has a member of that form: '{', '[' or '"'.
func (d *document) has(name string, form byte) bool { return formOf(d.object.get(name)) == form }

// typed tells whether the Content-Type names a dialect; it only settles what
// the body leaves open.
func (d *document) typed(part string) bool {
	return strings.Contains(strings.ToLower(d.answer.Header("Content-Type")), part)
}

// detail is what the object itself says beside its word.
func (d *document) detail() string { return detailOf(d.object, false) }

// formOf is the first byte of a value: '{', '[', '"', 't', 'f', 'n', a digit; 0
// if there is none.
func formOf(v value) byte {
	if v == "" {
		return 0
	}
	return v[0]
}

// asString gives the text of a string; part of the document, where it can be.
func asString(v value) (string, bool) {
	if formOf(v) != '"' {
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

func asObject(v value) (object, bool) {
	if formOf(v) != '{' {
		return nil, false
	}
	o := make(object, 0, 4)
	for at := v.next(1); v[at] != '}'; at = v.next(at) {
		end := v.end(at)
		name, _ := asString(v[at:end])
		at = v.next(end)
		end = v.end(at)
		o, at = append(o, member{name, v[at:end]}), end
	}
	return o.inOrder(), true
}

func asArray(v value) ([]value, bool) {
	if formOf(v) != '[' {
		return nil, false
	}
	a := []value{}
	for at := v.next(1); v[at] != ']'; at = v.next(at) {
		end := v.end(at)
		a, at = append(a, v[at:end]), end
	}
	return a, true
}

// next steps over blanks and what stands between values.
func (v value) next(at int) int {
	for strings.IndexByte(" \t\r\n,:", v[at]) >= 0 {
		at++
	}
	return at
}

// end is where the value ends that begins at a place.
func (v value) end(at int) int {
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
func (o object) inOrder() object {
	if len(o) < 2 {
		return o
	}
	slices.SortStableFunc(o, func(a, b member) int { return strings.Compare(a.name, b.name) })
	kept := o[:1]
	for _, m := range o[1:] {
		if last := &kept[len(kept)-1]; last.name == m.name {
			*last = m
		} else {
			kept = append(kept, m)
		}
	}
	return kept
}

// get gives a member; nothing if it is not there.
func (o object) get(name string) value {
	at, ok := slices.BinarySearchFunc(o, name, func(m member, name string) int { return strings.Compare(m.name, name) })
	if !ok {
		return ""
	}
	return o[at].value
}

// wordIn is what a value says where a word is expected: a string, a boolean, or
// an object that has the word inside ({"code":"UP"}). Numbers are codes of
// HTTP, or counts: no words.
func wordIn(v value) (string, bool) {
	switch formOf(v) {
	case '"':
		s, ok := asString(v)
		return s, ok && strings.Trim(s, " 0123456789") != ""
	case 't':
		return "true", true
	case 'f':
		return "false", true
	case '{':
		o, _ := asObject(v)
		for _, name := range [...]string{"code", "status"} {
			if s, ok := asString(o.get(name)); ok && s != "" {
				return s, true
			}
		}
	}
	return "", false
}

// wordOf finds the word of an object under the names that are in use.
func wordOf(o object) (name, text string, ok bool) {
	for _, name := range [...]string{"status", "health", "state", "healthStatus", "overallStatus", "overall", "AggregatedStatus"} {
		if text, ok := wordIn(o.get(name)); ok {
			return name, text, true
		}
	}
	for _, name := range [...]string{"healthy", "isHealthy", "ok", "passed", "alive", "live", "ready", "up"} {
		if form := formOf(o.get(name)); form == 't' || form == 'f' {
			text, _ := wordIn(o.get(name))
			return name, text, true
		}
	}
	for _, name := range [...]string{"Status", "Health", "State", "STATUS", "Healthy"} {
		if text, ok := wordIn(o.get(name)); ok {
			return name, text, true
		}
	}
	return "", "", false
}

// detailOf is the text that says why: an error, a message, a cause; of inner
// objects too, where asked for.
func detailOf(o object, inner bool) string {
	for _, name := range [...]string{"error", "output", "message", "exception", "rootCause", "description", "reason", "cause", "detail", "details", "data"} {
		v := o.get(name)
		switch formOf(v) {
		case '"':
			if s, _ := asString(v); s != "" {
				return s
			}
		case '[':
			if a, _ := asArray(v); len(a) > 0 && name != "data" {
				if s := detailOfItem(a[0]); s != "" {
					return s
				}
			}
		case '{':
			if in, _ := asObject(v); inner || name == "error" {
				if s := detailOf(in, false); s != "" {
					return s
				}
			}
		}
	}
	return ""
}

// detailOfItem is the text of one of several errors.
func detailOfItem(v value) string {
	if s, ok := asString(v); ok {
		return s
	}
	o, _ := asObject(v)
	return detailOf(o, false)
}
