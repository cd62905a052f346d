package health

import (
	"encoding/json"
	"maps"
	"slices"
	"strings"
)

// Bounds of a tree of components; what lies beyond them is not looked at.
const (
	maxDepth      = 8
	maxComponents = 500
)

// object is the members of a JSON object, each still to be decoded.
type object map[string]json.RawMessage

// document is a body that is a JSON object or a JSON array.
type document struct {
	answer *Answer
	object object            // nil if it is an array
	array  []json.RawMessage // nil if it is an object
	status string            // the word under "status", if that is a string; see has
}

// parse decodes the outermost level. Control characters inside strings, which
// hand-written pages let through, are not JSON and are forgiven.
func parse(a *Answer, body []byte) (*document, bool) {
	d := &document{answer: a}
	var into any = &d.object
	if body[0] == '[' {
		into = &d.array
	}
	if json.Unmarshal(body, into) != nil {
		calmed := slices.Clone(body)
		for i, c := range calmed {
			if c < ' ' {
				calmed[i] = ' '
			}
		}
		d.object, d.array = nil, nil
		if json.Unmarshal(calmed, into) != nil {
			return nil, false
		}
	}
	d.status, _ = asString(d.object["status"])
	return d, true
}

// says tells whether the document has a word of its own under "status".
func (d *document) says() bool { return d.status != "" }

// has tells whether the object has a member of that form: '{', '[' or '"'.
func (d *document) has(name string, form byte) bool { return formOf(d.object[name]) == form }

// typed tells whether the Content-Type names a dialect; it only settles what
// the body leaves open.
func (d *document) typed(part string) bool {
	return strings.Contains(strings.ToLower(d.answer.Header("Content-Type")), part)
}

// detail is what the object itself says beside its word.
func (d *document) detail() string { return detailOf(d.object, false) }

// formOf is the first byte of a value: '{', '[', '"', 't', 'f', 'n', a digit; 0
// if there is none.
func formOf(raw json.RawMessage) byte {
	if len(raw) == 0 {
		return 0
	}
	return raw[0]
}

func asString(raw json.RawMessage) (string, bool) {
	if formOf(raw) != '"' {
		return "", false
	}
	var s string
	err := json.Unmarshal(raw, &s)
	return s, err == nil
}

func asObject(raw json.RawMessage) (object, bool) {
	if formOf(raw) != '{' {
		return nil, false
	}
	var o object
	err := json.Unmarshal(raw, &o)
	return o, err == nil
}

func asArray(raw json.RawMessage) ([]json.RawMessage, bool) {
	if formOf(raw) != '[' {
		return nil, false
	}
	var a []json.RawMessage
	err := json.Unmarshal(raw, &a)
	return a, err == nil
}

// wordIn is what a value says where a word is expected: a string, a boolean, or
// an object that has the word inside ({"code":"UP"}). Numbers are codes of
// HTTP, or counts: no words.
func wordIn(raw json.RawMessage) (string, bool) {
	switch formOf(raw) {
	case '"':
		s, ok := asString(raw)
		return s, ok && strings.Trim(s, " 0123456789") != ""
	case 't':
		return "true", true
	case 'f':
		return "false", true
	case '{':
		o, _ := asObject(raw)
		for _, name := range [...]string{"code", "status"} {
			if s, ok := asString(o[name]); ok && s != "" {
				return s, true
			}
		}
	}
	return "", false
}

// wordOf finds the word of an object under the names that are in use.
func wordOf(o object) (name, text string, ok bool) {
	for _, name := range [...]string{"status", "health", "state", "healthStatus", "overallStatus", "overall", "AggregatedStatus"} {
		if text, ok := wordIn(o[name]); ok {
			return name, text, true
		}
	}
	for _, name := range [...]string{"healthy", "isHealthy", "ok", "passed", "alive", "live", "ready", "up"} {
		if form := formOf(o[name]); form == 't' || form == 'f' {
			text, _ := wordIn(o[name])
			return name, text, true
		}
	}
	for _, name := range [...]string{"Status", "Health", "State", "STATUS", "Healthy"} {
		if text, ok := wordIn(o[name]); ok {
			return name, text, true
		}
	}
	return "", "", false
}

// detailOf is the text that says why: an error, a message, a cause; of inner
// objects too, where asked for.
func detailOf(o object, inner bool) string {
	for _, name := range [...]string{"error", "output", "message", "exception", "rootCause", "description", "reason", "cause", "detail", "details", "data"} {
		raw := o[name]
		switch formOf(raw) {
		case '"':
			if s, _ := asString(raw); s != "" {
				return s
			}
		case '[':
			if a, _ := asArray(raw); len(a) > 0 && name != "data" {
				if s := detailOfItem(a[0]); s != "" {
					return s
				}
			}
		case '{':
			if in, _ := asObject(raw); inner || name == "error" {
				if s := detailOf(in, false); s != "" {
					return s
				}
			}
		}
	}
	return ""
}

// detailOfItem is the text of one of several errors.
func detailOfItem(raw json.RawMessage) string {
	if s, ok := asString(raw); ok {
		return s
	}
	o, _ := asObject(raw)
	return detailOf(o, false)
}

// sorted are the names of an object in order, so that the same body always
// gives the same Verdict.
func (o object) sorted() []string { return slices.Sorted(maps.Keys(o)) }
