package serve_test

import (
	"bytes"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"github.com/midwatch-cli/midwatch/fleet/breaker/httpapi/serve"
)

func TestNames(t *testing.T) {
	names := []string{"a/b", "a b", "100%", "#1", "a;b", "a?b", "..", ".", "%2F", "ä€", "a+b", `"quoted"`, "a\nb"}
	s := &serve.Server{}
	mux := http.NewServeMux()
	mux.Handle(serve.Path+"/", s)
	far := httptest.NewServer(mux)
	defer far.Close()
	for _, name := range names {
		s.Add(newLibrary(name))
	}
	for _, name := range names {
		escaped := strings.ReplaceAll(url.PathEscape(name), ".", "%2E")
		resp, err := far.Client().Post(far.URL+"/midwatch/breakers/"+escaped, "application/json", strings.NewReader(`{"verb":"trip"}`))
		if err != nil {
			t.Fatal(err)
		}
		var got map[string]any
		err = json.NewDecoder(resp.Body).Decode(&got)
		resp.Body.Close()
		if err != nil || got["breaker"] != name || got["state"] != "forced_open" {
			t.Errorf("%q at %s: %d %v, %v", name, escaped, resp.StatusCode, got, err)
		}
	}
	if n := len(must(t, s, "/midwatch/breakers", "")["breakers"].([]any)); n != len(names) {
		t.Errorf("there are %d breakers, %d were added", n, len(names))
	}
}

func TestWhatIsRefused(t *testing.T) {
	header := func(key, value string) func(*http.Request) {
		return func(r *http.Request) { r.Header.Set(key, value) }
	}
	method := func(m string) func(*http.Request) { return func(r *http.Request) { r.Method = m } }
	const one, trip = "/midwatch/breakers/payment", `{"verb":"trip"}`
	for name, c := range map[string]struct {
		path, body string
		edit       func(*http.Request)
		code       int
		allow      string
	}{
		"an unknown breaker":        {"/midwatch/breakers/paymant", trip, nil, 404, ""},
		"an unknown breaker, read":  {"/midwatch/breakers/paymant", "", nil, 404, ""},
		"an unknown path":           {"/midwatch/brakers", "", nil, 404, ""},
		"a path below":              {one + "/events/more", "", nil, 404, ""},
		"another below":             {one + "/history", "", nil, 404, ""},
		"the base alone":            {"/midwatch/", "", nil, 404, ""},
		"another base":              {"/breakers", "", nil, 404, ""},
		"a name that ends too soon": {"/midwatch/breakers/", "", nil, 404, ""},
		"no such order":             {one, `{"verb":"close"}`, nil, 501, ""},
		"no order":                  {one, `{}`, nil, 501, ""},
		"no JSON":                   {one, `verb=trip`, nil, 400, ""},
		"a list":                    {one, `[]`, nil, 400, ""},
		"a verb that is a number":   {one, `{"verb":1}`, nil, 400, ""},
		"a share of nothing":        {one, `{"verb":"trip","share":0}`, nil, 400, ""},
		"a share above all":         {one, `{"verb":"trip","share":1.1}`, nil, 400, ""},
		"a share of a bypass":       {one, `{"verb":"bypass","share":0.5}`, nil, 400, ""},
		"a time that was":           {one, `{"verb":"trip","ttlSeconds":-1}`, nil, 400, ""},
		"a time for ever":           {one, `{"verb":"trip","ttlSeconds":1e300}`, nil, 400, ""},
		"a body without end":        {one, `{"verb":"trip","reason":"` + strings.Repeat("a", 70<<10) + `"}`, nil, 413, ""},
		"a form":                    {one, trip, header("Content-Type", "application/x-www-form-urlencoded"), 415, ""},
		"plain text":                {one, trip, header("Content-Type", "text/plain"), 415, ""},
		"no type":                   {one, trip, header("Content-Type", ""), 415, ""},
		"a page elsewhere":          {one, trip, header("Origin", "https://evil.example"), 403, ""},
		"a page of its own":         {one, trip, header("Sec-Fetch-Site", "same-origin"), 403, ""},
		"DELETE":                    {one, "", method(http.MethodDelete), 405, "GET, POST"},
		"PUT of the list":           {"/midwatch/breakers", "", method(http.MethodPut), 405, "GET"},
		"POST of events":            {one + "/events", trip, nil, 405, "GET"},
		"POST of all events":        {"/midwatch/events", trip, nil, 405, "GET"},
		"a drain that nobody heeds": {"/midwatch/drain", `{"on":true}`, nil, 501, ""},
	} {
		t.Run(name, func(t *testing.T) {
			l := newLibrary("payment")
			s := &serve.Server{}
			s.Add(l)
			edit := c.edit
			if edit == nil {
				edit = func(*http.Request) {}
			}
			a := ask(t, s, c.path, c.body, edit)
			if a.code != c.code || a.head.Get("Allow") != c.allow || a.body["status"] != float64(c.code) || a.body["detail"] == "" {
				t.Errorf("%d, Allow %q, %v; want %d, %q", a.code, a.head.Get("Allow"), a.body, c.code, c.allow)
			}
			list := must(t, s, "/midwatch/breakers", "")["breakers"].([]any)
			if len(list) != 1 || list[0].(map[string]any)["state"] != "closed" || len(l.did()) != 0 {
				t.Errorf("something changed: %v", list)
			}
		})
	}
}

func TestTypesOfJSON(t *testing.T) {
	s := &serve.Server{}
	s.Add(newLibrary("payment"))
	a := ask(t, s, "/midwatch/breakers/payment", `{"verb":"trip"}`, func(r *http.Request) {
		r.Header.Set("Content-Type", "Application/JSON; charset=utf-8")
	})
	if a.code != http.StatusOK || a.head.Get("Cache-Control") != "no-store" {
		t.Errorf("%d %v", a.code, a.head)
	}
}

func TestToken(t *testing.T) {
	s := &serve.Server{Token: "s3cret"}
	s.Add(newLibrary("payment"))
	for auth, code := range map[string]int{
		"": 401, "Bearer": 401, "Bearer s3cre": 401, "Bearer s3crets": 401, "Basic s3cret": 401, "s3cret": 401,
		"Bearer s3cret": 200, "bearer s3cret": 200,
	} {
		for _, body := range []string{"", `{"verb":"trip"}`} {
			a := ask(t, s, "/midwatch/breakers/payment", body, func(r *http.Request) { r.Header.Set("Authorization", auth) })
			if a.code != code || code == 401 && a.head.Get("WWW-Authenticate") != "Bearer" {
				t.Errorf("%q: %d, want %d", auth, a.code, code)
			}
			if strings.Contains(encode(t, a.body), "s3cret") {
				t.Errorf("the answer holds the token: %v", a.body)
			}
		}
	}
}

func TestReadOnly(t *testing.T) {
	s := &serve.Server{ReadOnly: true, Drains: true}
	s.Add(newLibrary("payment"))
	must(t, s, "/midwatch/breakers/payment", "")
	for path, body := range map[string]string{"/midwatch/breakers/payment": `{"verb":"trip"}`, "/midwatch/drain": `{"on":true}`} {
		if a := ask(t, s, path, body); a.code != http.StatusForbidden || s.Draining() {
			t.Errorf("%s: %d %v", path, a.code, a.body)
		}
	}
}

func TestMounts(t *testing.T) {
	for path, at := range map[string]string{"": "/midwatch", "/ops/breakers": "/ops/breakers", "/": "", "/admin/": "/admin"} {
		s := &serve.Server{Path: path}
		s.Add(newLibrary("a/b"))
		must(t, s, at+"/breakers/a%2Fb", "")
	}
	s := &serve.Server{Path: "/"}
	s.Add(newLibrary("a/b"))
	must(t, http.StripPrefix("/deep", s), "/deep/breakers/a%2Fb", "")
}

func FuzzOrder(f *testing.F) {
	for _, body := range []string{`{"verb":"trip","ttlSeconds":60}`, `{"verb":"half-open"}`, `{"on":true}`, `{"share":1e-400}`, `[`, `null`, `{"verb":"trip","ttlSeconds":9e18}`} {
		f.Add("/midwatch/breakers/a", []byte(body))
	}
	f.Add("/midwatch/drain", []byte(`{"on":false,"ttlSeconds":0}`))
	f.Add("/midwatch/breakers/%zz", []byte(`{}`))
	f.Fuzz(func(t *testing.T, path string, body []byte) {
		s := &serve.Server{Drains: true}
		s.Add(newLibrary("a"))
		r := httptest.NewRequestWithContext(t.Context(), http.MethodPost, "http://127.0.0.1/", bytes.NewReader(body))
		r.Header.Set("Content-Type", "application/json")
		r.URL.Path = path
		w := httptest.NewRecorder()
		s.ServeHTTP(w, r)
		var got map[string]any
		if err := json.Unmarshal(w.Body.Bytes(), &got); err != nil {
			t.Fatalf("%d %s: %v", w.Code, w.Body, err)
		}
		if list := must(t, s, "/midwatch/breakers", "")["breakers"].([]any); len(list) != 1 {
			t.Fatalf("a breaker came into being: %v", list)
		}
	})
}
