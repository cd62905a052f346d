package health

import (
	"strings"

	"github.com/midwatch-cli/midwatch/probe/health/rawjson"
)

// Bounds of a tree of components; what lies beyond them is not looked at.
const (
	maxDepth      = 8
	maxComponents = 500
)

// document is a body that is a JSON object or a JSON array.
type document struct {
	answer Answer
	object rawjson.Object  // nil if it is an array
	array  []rawjson.Value // nil if it is an object
	status string          // the word under "status", if that is a string; see has
}

// parse takes the outermost level apart.
func parse(a *Answer, body []byte) (*document, bool) {
	whole, ok := rawjson.Parse(body)
	if !ok {
		return nil, false
	}
	d := &document{answer: *a}
	d.object, _ = whole.Object()
	d.array, _ = whole.Array()
	d.status, _ = d.object.Get("status").Text()
	return d, true
}

// says tells whether the document has a word of its own under "status".
func (d *document) says() bool { return d.status != "" }

// has tells whether the object has a member of that form: '{', '[' or '"'.
func (d *document) has(name string, form byte) bool { return d.object.Get(name).Form() == form }

// typed tells whether the Content-Type names a dialect; it only settles what
// the body leaves open.
func (d *document) typed(part string) bool {
	return strings.Contains(strings.ToLower(d.answer.Header("Content-Type")), part)
}

// detail is what the object itself says beside its word.
func (d *document) detail() string { return detailOf(d.object, false) }

// wordIn is what a value says where a word is expected: a string, a boolean, or
// an object that has the word inside ({"code":"UP"}). Numbers are codes of
// HTTP, or counts: no words.
func wordIn(v rawjson.Value) (string, bool) {
	switch v.Form() {
	case '"':
		s, ok := v.Text()
		return s, ok && strings.Trim(s, " 0123456789") != ""
	case 't':
		return "true", true
	case 'f':
		return "false", true
	case '{':
		o, _ := v.Object()
		for _, name := range [...]string{"code", "status"} {
			if s, ok := o.Get(name).Text(); ok && s != "" {
				return s, true
			}
		}
	}
	return "", false
}

// wordOf finds the word of an object under the names that are in use.
func wordOf(o rawjson.Object) (name, text string, ok bool) {
	for _, name := range [...]string{"status", "health", "state", "healthStatus", "overallStatus", "overall", "AggregatedStatus"} {
		if text, ok := wordIn(o.Get(name)); ok {
			return name, text, true
		}
	}
	for _, name := range [...]string{"healthy", "isHealthy", "ok", "passed", "alive", "live", "ready", "up"} {
		if form := o.Get(name).Form(); form == 't' || form == 'f' {
			text, _ := wordIn(o.Get(name))
			return name, text, true
		}
	}
	for _, name := range [...]string{"Status", "Health", "State", "STATUS", "Healthy"} {
		if text, ok := wordIn(o.Get(name)); ok {
			return name, text, true
		}
	}
	return "", "", false
}

// detailOf is the text that says why: an error, a message, a cause; of inner
// objects too, where asked for.
func detailOf(o rawjson.Object, inner bool) string {
	for _, name := range [...]string{"error", "output", "message", "exception", "rootCause", "description", "reason", "cause", "detail", "details", "data"} {
		v := o.Get(name)
		switch v.Form() {
		case '"':
			if s, _ := v.Text(); s != "" {
				return s
			}
		case '[':
			if a, _ := v.Array(); len(a) > 0 && name != "data" {
				if s := detailOfItem(a[0]); s != "" {
					return s
				}
			}
		case '{':
			if in, _ := v.Object(); inner || name == "error" {
				if s := detailOf(in, false); s != "" {
					return s
				}
			}
		}
	}
	return ""
}

// detailOfItem is the text of one of several errors.
func detailOfItem(v rawjson.Value) string {
	if s, ok := v.Text(); ok {
		return s
	}
	o, _ := v.Object()
	return detailOf(o, false)
}
