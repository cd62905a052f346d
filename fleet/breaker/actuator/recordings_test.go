package actuator_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/midwatch-cli/midwatch/fleet/breaker"
)

// recording is one request to a real application and its reply. The folders of
// testdata/wire: Resilience4j 2.4.0 on Boot 3.5.16, 1.7.1 on Boot 2.7.18, the
// former behind Spring Security, Spring Cloud 2025.0.1 with Eureka, and Spring
// Boot Admin 3.5.5.
type recording struct {
	name, method, path, body string
	sent                     http.Header
	code                     int
	header                   http.Header
	reply                    string
}

// recorded reads one file: the request's lines behind "> ", an empty line, the
// reply.
func recorded(t testing.TB, name string) recording {
	t.Helper()
	data, err := os.ReadFile(filepath.Join("testdata", "wire", name+".http"))
	if err != nil {
		t.Fatal(err)
	}
	asked, reply, _ := strings.Cut(string(data), "\n\n")
	r := recording{name: name, sent: http.Header{}, header: http.Header{}}
	for i, line := range strings.Split(asked, "\n") {
		line = strings.TrimPrefix(line, "> ")
		key, value, isHeader := strings.Cut(line, ": ")
		user, password, isUser := strings.Cut(line, ":")
		switch {
		case i == 0:
			r.method, r.path, _ = strings.Cut(line, " ")
		case strings.HasPrefix(line, "{"), strings.HasPrefix(line, "["), strings.HasPrefix(line, "updateState="):
			r.body = line
		case isHeader:
			r.sent.Set(key, value)
		case isUser && user == "operator":
			req := http.Request{Header: r.sent}
			req.SetBasicAuth(user, password)
		}
	}
	if r.sent.Get("Content-Type") == "" && strings.HasPrefix(r.body, "updateState=") {
		r.sent.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	head, body, _ := strings.Cut(reply, "\n\n")
	for i, line := range strings.Split(head, "\n") {
		if i == 0 {
			if fields := strings.Fields(line); len(fields) > 1 {
				r.code, _ = strconv.Atoi(fields[1])
			}
			continue
		}
		key, value, _ := strings.Cut(line, ": ")
		r.header.Set(key, value)
	}
	r.reply = strings.TrimSpace(body)
	return r
}

// recordings lists those of a folder whose names begin with one of some words.
func recordings(t testing.TB, folder string, starts ...string) (names []string) {
	t.Helper()
	all, err := filepath.Glob(filepath.Join("testdata", "wire", folder, "*.http"))
	if err != nil || len(all) == 0 {
		t.Fatal("no recordings", err)
	}
	for _, path := range all {
		name := strings.TrimSuffix(filepath.Base(path), ".http")
		if slices.ContainsFunc(starts, func(s string) bool { return strings.HasPrefix(name, s) }) {
			names = append(names, folder+"/"+name)
		}
	}
	slices.Sort(names)
	return names
}

// compare sends the request again and says how the reply differs.
func (r recording) compare(t *testing.T, base string) (differs []string) {
	path := strings.Replace(r.path, "circuitbreakers/../nosuch", "nosuch", 1) // curl made it so
	req, err := http.NewRequestWithContext(t.Context(), r.method, base+path, strings.NewReader(r.body))
	if err != nil {
		t.Fatal(err)
	}
	req.Header = r.sent.Clone()
	if req.Header.Get("Accept") == "" {
		req.Header.Set("Accept", "*/*")
	}
	resp, err := client("").Transport.RoundTrip(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	var got bytes.Buffer
	_, _ = got.ReadFrom(resp.Body)
	check := func(what, got, want string) {
		if got != want {
			differs = append(differs, fmt.Sprintf("%s: %s\n     got: %s\nrecorded: %s", r.name, what, got, want))
		}
	}
	check("status", strconv.Itoa(resp.StatusCode), strconv.Itoa(r.code))
	for _, key := range []string{"Content-Type", "Allow", "WWW-Authenticate"} {
		check(key, resp.Header.Get(key), r.header.Get(key))
	}
	check("body", bare(got.String()), bare(r.reply))
	return differs
}

// bare is a body without what differs from run to run: times, the look of pages
// for people, and the breaker users, which slow calls had opened.
func bare(body string) string {
	var v any
	if json.Unmarshal([]byte(body), &v) != nil {
		if i := strings.Index(body, "<h1>"); i >= 0 {
			return body[i:]
		}
		return strings.TrimSpace(body)
	}
	if m, ok := v.(map[string]any); ok {
		delete(m, "timestamp")
		delete(m, "_links")
		if list, ok := m["circuitBreakers"].(map[string]any); ok {
			delete(list, "users")
		}
	}
	out, _ := json.Marshal(v)
	return string(out)
}

// recordedApp is a fake with the breakers the recorded applications had.
func recordedApp() *fake {
	f := newFake("50%off", "UsersClient#get(String,int)", "inventory", "ledger;v=1", "orders us", "orders/eu", "payments", "users")
	return f
}

// TestRecordingsFake holds the fake to what the real ones said.
func TestRecordingsFake(t *testing.T) {
	play := func(f *fake, names []string, but ...string) {
		s := serve(t, f, f.currentFault)
		for _, name := range names {
			if slices.Contains(but, filepath.Base(name)) {
				continue
			}
			for _, d := range recorded(t, name).compare(t, "http://"+s.addr) {
				t.Error(d)
			}
		}
	}
	orders := []string{"03-", "12-force", "13-", "14-", "15-disable", "15-list", "16-", "18-", "19-", "20-", "21-unknown", "22-name"}
	unlike := []string{"20-one-HEAD", "20-trailing-slash", "22-name-slash-raw"} // HEAD has no body; Boot 2 takes a slash at the end
	two := recordedApp()
	play(two, recordings(t, "resilience4j-2", append(orders, "01-", "02-")...), append(unlike, "12-list-force-open-again")...)
	play(recordedApp(), recordings(t, "resilience4j-2", "02-"))
	old := recordedApp()
	old.version = 1
	play(old, recordings(t, "resilience4j-1", "01-", "02-", "13-", "18-", "19-", "20-", "21-", "22-name"), append(unlike, "19-accept-text", "02-list-accept-text", "21-list-after-unknown", "21-list-after-unknown-bad-value")...)
	phantom := recordedApp()
	phantom.version = 1
	play(phantom, []string{"resilience4j-1/21-unknown-name", "resilience4j-1/21-list-after-unknown"})
	hidden := recordedApp()
	hidden.hidden = true
	play(hidden, recordings(t, "resilience4j-2", "41-", "52-"), "41-not-exposed-text")
	readOnly := recordedApp()
	readOnly.readOnly = true
	play(readOnly, recordings(t, "resilience4j-2", "50-", "51-"), "50-read-only-get-one")
	elsewhere := recordedApp()
	elsewhere.path, elsewhere.mapped = "/manage", "cb"
	play(elsewhere, recordings(t, "resilience4j-2", "43-"))
	snake := recordedApp()
	snake.snake = true
	play(snake, recordings(t, "resilience4j-2", "44-snake-post"))
	netty := recordedApp()
	netty.netty = true
	play(netty, recordings(t, "resilience4j-2", "56-webflux-s", "56-webflux-plus", "56-webflux-force"))

	guarded := recordedApp()
	guarded.password, guarded.csrf = "secret", "session"
	play(guarded, recordings(t, "security", "01-", "02-"), "01-health-anonymous", "02-login-page", "02-post-basic-with-csrf-token", "02-state-after")
	free := recordedApp()
	free.password = "secret"
	play(free, recordings(t, "security", "03-"))
	open := recordedApp()
	open.password, open.csrf, open.errorOpen = "secret", "session", true
	play(open, recordings(t, "security", "04-"), "04-error-open-role-missing")
	cloud := recordedApp()
	cloud.registry = "eureka"
	play(cloud, []string{"eureka/24-serviceregistry", "eureka/24-serviceregistry-out", "eureka/24-serviceregistry-after-out", "eureka/24-serviceregistry-empty", "eureka/24-serviceregistry-cancel", "eureka/24-serviceregistry"})
	nowhere := recordedApp()
	nowhere.registry = "none"
	play(nowhere, recordings(t, "eureka", "24-serviceregistry-on-server"))
}

// TestRecordingsFakeGateway holds the fake Spring Boot Admin server to it too.
func TestRecordingsFakeGateway(t *testing.T) {
	f := newFake("100%", "a+b", "a/b", "inventory", "payment", "semi;colon", "with space", "x#y")
	f.registry = "eureka"
	g := &fakeGateway{list: []*fakeEntry{
		{id: "54a1aa9b862f", name: "shop", serviceURL: "http://127.0.0.1:19411/", managementURL: "http://127.0.0.1:19411/actuator", far: f, endpoints: []string{"health", "circuitbreakers", "circuitbreakerevents", "serviceregistry"}},
		{id: "71aba17b8d54", name: "dead", serviceURL: "http://127.0.0.1:19422/", managementURL: "http://127.0.0.1:19422/actuator", endpoints: []string{"health"}},
	}}
	s := serve(t, g, f.currentFault)
	for _, name := range recordings(t, "admin", "03", "04", "05", "07", "08", "09", "1") {
		for _, d := range recorded(t, name).compare(t, "http://"+s.addr) {
			t.Error(d)
		}
	}
}

// playback is a server that answers with recordings, by method and path; what
// has none is a failure of the test.
func playback(t testing.TB, answers map[string]string) breaker.Site {
	t.Helper()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		path, _, _ := strings.Cut(r.RequestURI, "?")
		name, ok := answers[r.Method+" "+path]
		if !ok {
			t.Errorf("nothing is recorded for %s %s", r.Method, r.RequestURI)
			http.NotFound(w, r)
			return
		}
		rec := recorded(t, name)
		for key, values := range rec.header {
			if key != "Transfer-Encoding" && key != "Content-Length" && key != "Connection" {
				w.Header()[key] = values
			}
		}
		w.WriteHeader(rec.code)
		_, _ = w.Write([]byte(rec.reply))
	}))
	t.Cleanup(server.Close)
	return breaker.Site{Addr: address(t, server.URL), Base: server.URL}
}
