package serve_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"net/http/httptest"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/goccy/go-yaml"

	"github.com/midwatch-cli/midwatch/fleet/breaker/httpapi/serve"
)

// openAPI is docs/breaker-api.yaml.
type openAPI struct{ doc map[string]any }

func readOpenAPI(t *testing.T) openAPI {
	t.Helper()
	data, err := os.ReadFile("../../../../docs/breaker-api.yaml")
	if err != nil {
		t.Fatal(err)
	}
	var doc map[string]any
	if err := yaml.Unmarshal(data, &doc); err != nil {
		t.Fatal(err)
	}
	return openAPI{doc}
}

// at follows keys, and references on the way.
func (o openAPI) at(from any, keys ...string) any {
	for _, key := range keys {
		m, _ := o.resolve(from).(map[string]any)
		from = m[key]
	}
	return o.resolve(from)
}

func (o openAPI) resolve(v any) any {
	m, _ := v.(map[string]any)
	if ref, ok := m["$ref"].(string); ok {
		return o.at(o.doc, strings.Split(strings.TrimPrefix(ref, "#/"), "/")...)
	}
	return v
}

// wrong says how a value departs from a schema. Properties that the schema does
// not name are wrong: the server writes what is written down and no more.
func (o openAPI) wrong(schema, v any, at string) (problems []string) {
	s, _ := o.resolve(schema).(map[string]any)
	say := func(format string, args ...any) { problems = append(problems, at+": "+fmt.Sprintf(format, args...)) }
	if s == nil {
		say("has no schema")
		return problems
	}
	types, _ := s["type"].([]any)
	if types == nil {
		types = []any{s["type"]}
	}
	if kind := kindOf(v); !slices.Contains(types, any(kind)) && !(kind == "integer" && slices.Contains(types, any("number"))) {
		say("is %s, want %v", kind, types)
		return problems
	}
	switch v := v.(type) {
	case map[string]any:
		properties, _ := s["properties"].(map[string]any)
		required, _ := s["required"].([]any)
		for _, key := range required {
			if _, ok := v[key.(string)]; !ok {
				say("lacks %s", key)
			}
		}
		for _, key := range slices.Sorted(maps.Keys(v)) {
			problems = append(problems, o.wrong(properties[key], v[key], at+"."+key)...)
		}
	case []any:
		for i := range v {
			problems = append(problems, o.wrong(s["items"], v[i], fmt.Sprintf("%s[%d]", at, i))...)
		}
	case string:
		if enum, ok := s["enum"].([]any); ok && !slices.Contains(enum, any(v)) {
			say("%q is none of %v", v, enum)
		}
		if _, err := time.Parse(time.RFC3339, v); s["format"] == "date-time" && (err != nil || !strings.HasSuffix(v, "Z")) {
			say("%q is no time in UTC", v)
		}
		if s["minLength"] != nil && v == "" {
			say("is empty")
		}
	case float64:
		for key, bad := range map[string]func(limit float64) bool{
			"minimum":          func(l float64) bool { return v < l },
			"exclusiveMinimum": func(l float64) bool { return v <= l },
			"maximum":          func(l float64) bool { return v > l },
		} {
			if limit, err := json.Marshal(s[key]); s[key] != nil && err == nil {
				var n float64
				if json.Unmarshal(limit, &n) != nil || bad(n) {
					say("%v is beyond %s %v", v, key, n)
				}
			}
		}
	}
	return problems
}

func kindOf(v any) string {
	switch v := v.(type) {
	case nil:
		return "null"
	case bool:
		return "boolean"
	case string:
		return "string"
	case float64:
		if v == float64(int64(v)) {
			return "integer"
		}
		return "number"
	case []any:
		return "array"
	}
	return "object"
}

// TestOpenAPI asks everything that docs/breaker-api.yaml describes, in ways that
// bring about every status it names, and holds each answer to its schema. What
// the server answers besides is wrong, and so is what the page names and nobody
// ever saw.
func TestOpenAPI(t *testing.T) {
	o := readOpenAPI(t)
	seen := map[string]bool{}
	for _, c := range contractCases() {
		l := newLibrary("a/b")
		l.status.FailureRate, l.status.SlowRate, l.status.Calls = 0.5, 0.25, 12
		s := &serve.Server{Drains: true, DrainEffects: []string{"its own /health says draining"}}
		s.Add(l).Changed(serve.Closed, serve.Open)
		s.Add(newLibrary("user"))
		if c.prepare != nil {
			c.prepare(s, l)
		}
		verb, path, _ := strings.Cut(c.request, " ")
		r := httptest.NewRequestWithContext(t.Context(), verb, serve.Path+strings.ReplaceAll(path, "{name}", "a%2Fb"), strings.NewReader(c.body))
		if c.body != "" {
			r.Header.Set("Content-Type", "application/json")
		}
		if c.edit != nil {
			c.edit(r)
		}
		w := httptest.NewRecorder()
		s.ServeHTTP(w, r)
		described := strings.ToLower(verb)
		if w.Code == http.StatusMethodNotAllowed {
			described = "get" // of the methods that are there
		}
		template := strings.ReplaceAll(path, "paymant", "{name}")
		answer := o.at(o.doc, "paths", template, described, "responses", fmt.Sprint(w.Code))
		kind, _, _ := strings.Cut(w.Header().Get("Content-Type"), ";")
		schema := o.at(answer, "content", kind, "schema")
		var body any
		if err := json.Unmarshal(w.Body.Bytes(), &body); err != nil || w.Code != c.code || schema == nil {
			t.Errorf("%s %s: %d %s %s: not described, or not %d: %v", c.request, c.body, w.Code, kind, w.Body, c.code, err)
			continue
		}
		for _, problem := range o.wrong(schema, body, "answer") {
			t.Errorf("%s %s: %s", c.request, c.body, problem)
		}
		seen[template+" "+described+" "+fmt.Sprint(w.Code)] = true
	}
	paths, _ := o.at(o.doc, "paths").(map[string]any)
	for path, methods := range paths {
		for method, operation := range methods.(map[string]any) {
			answers, _ := o.at(operation, "responses").(map[string]any)
			for code := range answers {
				// The server tells no events apart from none.
				if key := path + " " + method + " " + code; !seen[key] && !(strings.HasSuffix(path, "events") && code == "501") && !(code == "403" && method == "get") {
					t.Errorf("%s is described, and was never seen", key)
				}
			}
		}
	}
}

type contractCase struct {
	request, body string
	code          int
	edit          func(*http.Request)
	prepare       func(*serve.Server, *library)
}

func contractCases() (cases []contractCase) {
	locked := func(s *serve.Server, _ *library) { s.Token = "t" }
	const one = "POST /breakers/{name}"
	for _, path := range []string{"/breakers", "/breakers/{name}", "/breakers/{name}/events", "/events", "/drain"} {
		cases = append(cases, contractCase{request: "GET " + path, code: 200}, contractCase{request: "GET " + path, code: 401, prepare: locked},
			contractCase{request: "DELETE " + path, code: 405})
	}
	for _, path := range []string{"/breakers/paymant", "/breakers/paymant/events"} {
		cases = append(cases, contractCase{request: "GET " + path, code: 404})
	}
	for _, body := range []string{
		`{"verb":"trip","by":"me","reason":"why","change":"01J","ttlSeconds":60,"share":0.5}`, `{"verb":"bypass"}`, `{"verb":"reset"}`, `{"verb":"half-open"}`,
	} {
		cases = append(cases, contractCase{request: one, body: body, code: 200})
	}
	for request, good := range map[string]string{one: `{"verb":"reset"}`, "POST /drain": `{"on":true,"by":"me","ttlSeconds":60}`} {
		cases = append(cases, contractCase{request: request, body: good, code: 200}, contractCase{request: request, body: good, code: 401, prepare: locked},
			contractCase{request: request, body: good, code: 403, prepare: func(s *serve.Server, _ *library) { s.ReadOnly = true }},
			contractCase{request: request, body: good, code: 415, edit: func(r *http.Request) { r.Header.Del("Content-Type") }},
			contractCase{request: request, body: "{", code: 400}, contractCase{request: request, body: strings.Repeat(" ", 70<<10), code: 413})
	}
	undrained := func(s *serve.Server, _ *library) { s.Drains = false }
	return append(cases,
		contractCase{request: "POST /drain", body: `{"on":true}`, code: 501, prepare: undrained}, contractCase{request: "GET /drain", code: 501, prepare: undrained},
		contractCase{request: "POST /breakers/paymant", body: `{"verb":"trip"}`, code: 404}, contractCase{request: one, body: `{"verb":"close"}`, code: 501},
		contractCase{request: one, body: `{"verb":"reset"}`, code: 409, prepare: func(_ *serve.Server, l *library) { l.set(serve.Open); l.fail = errors.New("no") }})
}

// TestOpenAPIAndPageAgree: every field and status that the page tells of is
// described, and the reverse.
func TestOpenAPIAndPageAgree(t *testing.T) {
	o := readOpenAPI(t)
	data, err := os.ReadFile("../../../../docs/breaker-api.md")
	if err != nil {
		t.Fatal(err)
	}
	page := string(data)
	for _, kind := range []string{"Breaker", "Order", "Drain", "DrainOrder", "Event", "Problem"} {
		properties, _ := o.at(o.doc, "components", "schemas", kind, "properties").(map[string]any)
		if len(properties) == 0 {
			t.Errorf("%s is not described", kind)
		}
		for field := range properties {
			if !strings.Contains(page, "`"+field+"`") && !strings.Contains(page, `"`+field+`":`) {
				t.Errorf("the page says nothing of %s.%s", kind, field)
			}
		}
	}
	for _, kind := range []string{"State", "Verb"} {
		words, _ := o.at(o.doc, "components", "schemas", kind, "enum").([]any)
		for _, word := range words {
			if !strings.Contains(page, "`"+word.(string)+"`") {
				t.Errorf("the page says nothing of %s", word)
			}
		}
	}
}
