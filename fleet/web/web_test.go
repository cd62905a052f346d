package web_test

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/midwatch-cli/midwatch/fleet"
	"github.com/midwatch-cli/midwatch/fleet/web"
	"github.com/midwatch-cli/midwatch/probe"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// far is a server that answers in one way.
func far(t *testing.T, answer http.HandlerFunc) (string, *http.Client) {
	t.Helper()
	server := httptest.NewServer(answer)
	t.Cleanup(server.Close)
	return server.URL, server.Client()
}

func within(t *testing.T) context.Context {
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	t.Cleanup(cancel)
	return ctx
}

func TestQuestions(t *testing.T) {
	for name, c := range map[string]struct {
		q    web.Question
		want string
	}{
		"a question":       {web.Question{}, "GET application/json  "},
		"with a body":      {web.Question{Body: []byte("{}")}, "POST application/json application/json {}"},
		"another method":   {web.Question{Method: http.MethodPut, Body: []byte("1")}, "PUT application/json application/json 1"},
		"an order, empty":  {web.Question{Method: http.MethodPost}, "POST application/json  "},
		"in another shape": {web.Question{Accept: "text/plain"}, "GET text/plain  "},
	} {
		t.Run(name, func(t *testing.T) {
			base, client := far(t, func(w http.ResponseWriter, r *http.Request) {
				body, _ := io.ReadAll(r.Body)
				w.Header().Set("Content-Type", "x/y")
				_, _ = io.WriteString(w, r.Method+" "+r.Header.Get("Accept")+" "+r.Header.Get("Content-Type")+" "+string(body))
			})
			c.q.URL = base + "/a?token=s3cret"
			a, err := web.Ask(within(t), client, c.q)
			if err != nil || string(a.Body) != c.want || a.Code != 200 || a.Type != "x/y" || a.Where != base+"/a" || !a.OK() {
				t.Errorf("%+v, %v; want %q", a, err, c.want)
			}
		})
	}
}

// TestWhatGoesWrong: each has its reason, names the address, and repeats no
// query.
func TestWhatGoesWrong(t *testing.T) {
	gone := httptest.NewServer(nil)
	gone.Close()
	for name, c := range map[string]struct {
		answer http.HandlerFunc
		url    string
		limit  int64
		reason fleet.Reason
	}{
		"nobody":     {nil, gone.URL, 0, probe.ReasonRefused},
		"no address": {nil, "http://a b/", 0, probe.ReasonInternal},
		"too long":   {func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "12345") }, "", 4, probe.ReasonBody},
		"closed":     {func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }, "", 0, probe.ReasonClosed},
		"less than said": {func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Length", "9")
			_, _ = io.WriteString(w, "1")
		}, "", 0, probe.ReasonClosed},
		"TLS to plain":     {func(http.ResponseWriter, *http.Request) {}, "https", 0, probe.ReasonScheme},
		"exactly so long":  {func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "1234") }, "", 4, ""},
		"an empty answer":  {func(http.ResponseWriter, *http.Request) {}, "", 4, ""},
		"an answer of 500": {func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(500) }, "", 0, ""},
	} {
		t.Run(name, func(t *testing.T) {
			at, client := c.url, http.DefaultClient
			if c.answer != nil {
				at, client = far(t, c.answer)
				if c.url == "https" {
					at = strings.Replace(at, "http:", "https:", 1)
				}
			}
			a, err := web.Ask(within(t), client, web.Question{URL: at + "/x?token=s3cret", Limit: c.limit})
			reason, text := fleet.ReasonOf(err)
			if reason != c.reason || (err == nil) != (c.reason == "") || (a == nil) != (err != nil) {
				t.Errorf("%s, %v", reason, err)
			}
			if err != nil && c.reason != probe.ReasonInternal && (!strings.Contains(text, at+"/x") || strings.Contains(text, "s3cret")) {
				t.Errorf("%v", err)
			}
		})
	}
}

func TestTheContextEnds(t *testing.T) {
	base, client := far(t, func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/half" {
			w.WriteHeader(http.StatusOK)
			_ = http.NewResponseController(w).Flush()
		}
		<-r.Context().Done()
	})
	for _, path := range []string{"/never", "/half"} {
		ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
		_, err := web.Ask(ctx, client, web.Question{URL: base + path})
		cancel()
		if reason, _ := fleet.ReasonOf(err); reason != probe.ReasonTimeout || !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("%s: %s, %v", path, reason, err)
		}
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := web.Ask(ctx, client, web.Question{URL: base}); !errors.Is(err, context.Canceled) {
		t.Errorf("%v", err)
	}
}

func TestWords(t *testing.T) {
	for body, want := range map[string]string{
		`{"title":"Not Found","detail":"no such breaker"}`: "no such breaker",
		`{"title":"Not Found"}`:                            "Not Found",
		`{"message":"m","error":"e"}`:                      "m",
		`{"error":{"deep":1}}`:                             `{"error":{"deep":1}}`,
		"plain\x1b[31m\ntext":                              "plain [31m text",
		"  <html>":                                         "an HTML page",
		"":                                                 "",
		`{"detail":"` + strings.Repeat("a", 500) + `"}`: strings.Repeat("a", 500),
	} {
		a := &web.Answer{Body: []byte(body)}
		got := a.Words()
		if got != want && (len(want) < 300 || len(got) > 260) {
			t.Errorf("%q: %q, want %q", body, got, want)
		}
	}
}

func TestBase(t *testing.T) {
	for _, c := range []struct{ address, configured, usual, want string }{
		{"http://a", "", "/usual", "http://a/usual"},
		{"http://a/", "", "/usual", "http://a/usual"},
		{"http://a:1", "/conf/", "/usual", "http://a:1/conf"},
		{"https://a/own/", "/conf", "/usual", "https://a/own"},
		{"http://a/own%2Fpath", "", "", "http://a/own%2Fpath"},
		{"http://a", "", "", "http://a"},
		{"http://a", "/", "/usual", "http://a"},
		{"http://[::1]:80", "conf", "", "http://[::1]:80/conf"},
		{"unix:///x", "", "", ""},
		{"a:80", "", "", ""},
		{"", "", "", ""},
		{"http://", "", "", ""},
		{"http://%zz", "", "", ""},
	} {
		got, err := web.Base(c.address, c.configured, c.usual)
		if got != c.want || (err == nil) != (c.want != "") || err != nil && !errors.Is(err, errors.ErrUnsupported) {
			t.Errorf("%+v: %q, %v", c, got, err)
		}
	}
}

// FuzzSegment: a name is one segment, and comes back as it was.
func FuzzSegment(f *testing.F) {
	for _, name := range []string{"a/b", "..", ".", "100%", "#;? +", "ä", "\x00", "a.b"} {
		f.Add(name)
	}
	f.Fuzz(func(t *testing.T, name string) {
		escaped := web.Segment(name)
		if strings.ContainsAny(escaped, "/?#;+&= \"\\") || escaped == "." || escaped == ".." {
			t.Fatalf("%q is written as %q", name, escaped)
		}
		if back, err := url.PathUnescape(escaped); err != nil || back != name {
			t.Fatalf("%q comes back as %q, %v", name, back, err)
		}
		if back, err := url.QueryUnescape(escaped); err != nil || back != name {
			t.Fatalf("%q comes back as %q from a query, %v", name, back, err)
		}
	})
}

func TestUnreadable(t *testing.T) {
	for _, c := range []struct {
		a      web.Answer
		reason fleet.Reason
		says   string
	}{
		{web.Answer{Where: "http://a", Code: 200}, probe.ReasonBody, "empty"},
		{web.Answer{Where: "http://a", Code: 200, Type: "text/html", Body: []byte("x")}, probe.ReasonPage, "HTML"},
		{web.Answer{Where: "http://a", Code: 200, Body: []byte("what?")}, probe.ReasonBody, "what?"},
	} {
		err := c.a.Unreadable("why")
		if reason, text := fleet.ReasonOf(err); reason != c.reason || !strings.HasPrefix(text, "http://a: ") || !strings.Contains(text, c.says) {
			t.Errorf("%s, %v", reason, err)
		}
		var into struct{}
		if c.a.Read(&into) == nil {
			t.Errorf("%q was read", c.a.Body)
		}
	}
}
