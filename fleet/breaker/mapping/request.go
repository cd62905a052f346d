package mapping

import (
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"github.com/midwatch-cli/midwatch/fleet"
	"github.com/midwatch-cli/midwatch/fleet/web"
)

// request is one request of a mapping, checked.
type request struct {
	method     string
	path, body template
}

// values are what templates are filled with. Texts are the keys name, by,
// reason and change, numbers ttlSeconds and share.
type values map[string]string

// texts and numbers are what a template may name.
func texts() []string   { return []string{"name", "by", "reason", "change"} }
func numbers() []string { return []string{"ttlSeconds", "share"} }

func valuesOf(name string, o fleet.Order) values {
	share := o.Share
	if share <= 0 || share > 1 {
		share = 1
	}
	return values{
		"name": name, "by": o.By, "reason": o.Reason, "change": o.Change,
		"ttlSeconds": strconv.FormatFloat(o.TTL.Seconds(), 'f', -1, 64), "share": strconv.FormatFloat(share, 'f', -1, 64),
	}
}

// compile checks a request; method is what an empty one means, key where it
// stands.
func compile(m fleet.MappedRequest, method, key string) (r request, problems []Problem) {
	say := func(below, message string) { problems = append(problems, Problem{key + "." + below, message}) }
	r.method = method
	if m.Method != "" {
		r.method = m.Method
	}
	if !slices.Contains([]string{http.MethodGet, http.MethodPost, http.MethodPut, http.MethodPatch, http.MethodDelete}, r.method) {
		say("method", fmt.Sprintf("want GET, POST, PUT, PATCH or DELETE, not %q", m.Method))
	}
	var err error
	if r.path, err = parse(m.Path); err != nil {
		say("path", err.Error())
	} else if !strings.HasPrefix(m.Path, "/") || strings.HasPrefix(m.Path, "//") || strings.ContainsAny(m.Path, " #\\") {
		say("path", "want a path that starts with a slash")
	}
	if r.body, err = parse(m.Body); err != nil {
		say("body", err.Error())
		return r, problems
	}
	// A name with everything in it that could break out of its place.
	sample := values{"ttlSeconds": "0.5", "share": "1"}
	for _, key := range texts() {
		sample[key] = "\"\\\n}\x00/"
	}
	if _, body := r.fill(sample); len(body) > 0 && !json.Valid(body) {
		say("body", "want JSON, with texts such as {name} between quotes")
	}
	return r, problems
}

// names says whether the request has a place for a value.
func (r request) names(key string) bool { return r.path.names(key) || r.body.names(key) }

// fill writes the request: each value as its place wants it.
func (r request) fill(v values) (path string, body []byte) {
	path = r.path.fill(v, web.Segment)
	if len(r.body) == 0 {
		return path, nil
	}
	return path, []byte(r.body.fill(v, inString))
}

// inString writes a text as it stands between the quotes of a JSON string.
func inString(text string) string {
	quoted, err := json.Marshal(text)
	if err != nil {
		return "" // a string always encodes
	}
	return string(quoted[1 : len(quoted)-1])
}

// template is text with places for values: literal parts and names of values in
// turn, beginning with a literal part. The empty one has no parts.
type template []string

// parse finds the places. A word between braces is one: it is not JSON.
func parse(text string) (template, error) {
	var t template
	literal := 0
	for i := 0; i < len(text); i++ {
		if text[i] != '{' {
			continue
		}
		end := i + 1
		for end < len(text) && (text[end]|0x20 >= 'a' && text[end]|0x20 <= 'z') {
			end++
		}
		if end == i+1 || end == len(text) || text[end] != '}' {
			continue
		}
		word := text[i+1 : end]
		if !slices.Contains(texts(), word) && !slices.Contains(numbers(), word) {
			return nil, fmt.Errorf("{%s} stands for nothing: known are {%s}", word, strings.Join(append(texts(), numbers()...), "}, {"))
		}
		t = append(t, text[literal:i], word)
		literal = end + 1
		i = end
	}
	if text == "" {
		return nil, nil
	}
	return append(t, text[literal:]), nil
}

func (t template) names(key string) bool {
	for i := 1; i < len(t); i += 2 {
		if t[i] == key {
			return true
		}
	}
	return false
}

func (t template) fill(v values, escape func(string) string) string {
	var b strings.Builder
	for i, part := range t {
		switch {
		case i%2 == 0:
			b.WriteString(part)
		case slices.Contains(numbers(), part):
			b.WriteString(v[part])
		default:
			b.WriteString(escape(v[part]))
		}
	}
	return b.String()
}
