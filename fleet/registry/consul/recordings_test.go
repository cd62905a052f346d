package consul_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"
)

// recording is one request to a real Consul 1.15.4 and its reply.
type recording struct {
	name, method, path, body string
	sent                     http.Header
	code                     int
	header                   http.Header
	reply                    string
}

// recorded reads one file of testdata/wire: the request's lines behind "> ",
// an empty line, the reply.
func recorded(t testing.TB, name string) recording {
	t.Helper()
	data, err := os.ReadFile(filepath.Join("testdata", "wire", name))
	if err != nil {
		t.Fatal(err)
	}
	request, reply, _ := strings.Cut(string(data), "\n\n")
	r := recording{name: name, sent: http.Header{}, header: http.Header{}}
	for i, line := range strings.Split(request, "\n") {
		line = strings.TrimPrefix(line, "> ")
		key, value, isHeader := strings.Cut(line, ": ")
		switch filter, isFilter := strings.CutPrefix(line, "filter="); {
		case i == 0:
			r.method, r.path, _ = strings.Cut(line, " ")
		case isFilter:
			r.path += "?filter=" + url.QueryEscape(filter)
		case strings.HasPrefix(line, "{"):
			r.body = line
		case isHeader:
			r.sent.Set(key, value)
		}
	}
	head, body, _ := strings.Cut(reply, "\n\n")
	for i, line := range strings.Split(head, "\n") {
		if i == 0 {
			r.code, _ = strconv.Atoi(strings.Fields(line)[1])
			continue
		}
		key, value, _ := strings.Cut(line, ": ")
		r.header.Set(key, value)
	}
	r.reply = strings.TrimSpace(body)
	return r
}

// names lists the recordings whose names match, in their order.
func recordings(t testing.TB, from, to string) (names []string) {
	t.Helper()
	all, err := filepath.Glob(filepath.Join("testdata", "wire", "*.http"))
	if err != nil || len(all) == 0 {
		t.Fatal("no recordings", err)
	}
	for _, path := range all {
		if name := filepath.Base(path); name >= from && name < to {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return names
}

// unused are recordings of requests the driver never makes.
var unused = map[string]bool{
	"11-catalog-service-orders.http": true, "20-agent-services.http": true,
	"25-agent-health-text.http": true, "26-agent-health-users.http": true,
	"30-status-leader.http": true, // names a port
}

// play sends the recorded requests, in order, and compares what comes back. A
// real agent tells the catalog of a write on its own time, so reads are asked
// again until they agree or it has had its time.
func play(t *testing.T, base string, names []string) {
	for _, name := range names {
		if unused[name] {
			continue
		}
		t.Run(name, func(t *testing.T) {
			want := recorded(t, name)
			differs := want.compare(t, base)
			if want.method == http.MethodGet {
				for end := time.Now().Add(3 * time.Second); len(differs) > 0 && time.Now().Before(end); {
					differs = want.compare(t, base)
				}
			}
			for _, d := range differs {
				t.Error(d)
			}
		})
	}
	http.DefaultClient.CloseIdleConnections()
}

// compare sends the request once and says how the reply differs.
func (r recording) compare(t *testing.T, base string) (differs []string) {
	req, err := http.NewRequest(r.method, base+r.path, strings.NewReader(r.body))
	if err != nil {
		t.Fatal(err)
	}
	req.Header = r.sent
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	var got bytes.Buffer
	_, _ = got.ReadFrom(resp.Body)
	check := func(what, got, want string) {
		if got != want {
			differs = append(differs, fmt.Sprintf("%s\n     got: %s\nrecorded: %s", what, got, want))
		}
	}
	check("status", strconv.Itoa(resp.StatusCode), strconv.Itoa(r.code))
	for _, key := range []string{"Content-Type", "X-Consul-Default-Acl-Policy", "X-Consul-Results-Filtered-By-Acls"} {
		check(key, resp.Header.Get(key), r.header.Get(key))
	}
	for _, key := range []string{"X-Consul-Index", "X-Consul-Lastcontact", "X-Consul-Knownleader"} {
		if r.code == http.StatusOK {
			check(key+" is there", strconv.FormatBool(resp.Header.Get(key) != ""), strconv.FormatBool(r.header.Get(key) != ""))
		}
	}
	check("body", bareBody(got.String()), bareBody(r.reply))
	return differs
}

// bareBody is a body without what differs from run to run: indexes, the
// node's id, and the output of a check that had just begun.
func bareBody(body string) string {
	var v any
	if json.Unmarshal([]byte(body), &v) != nil {
		return strings.TrimSpace(body)
	}
	var walk func(v any) any
	walk = func(v any) any {
		switch v := v.(type) {
		case []any:
			for i := range v {
				v[i] = walk(v[i])
			}
		case map[string]any:
			delete(v, "CreateIndex")
			delete(v, "ModifyIndex")
			if _, isNode := v["Datacenter"]; isNode {
				delete(v, "ID")
				delete(v, "Meta")
			}
			if v["Type"] == "http" {
				delete(v, "Output")
			}
			for k := range v {
				v[k] = walk(v[k])
			}
		}
		return v
	}
	out, _ := json.Marshal(walk(v))
	return string(out)
}

// TestRecordingsFake holds the fake to what the real one said.
func TestRecordingsFake(t *testing.T) {
	f := newFake(t)
	play(t, f.http.URL, recordings(t, "01", "40"))
	guarded := newFake(t)
	guarded.deny, guarded.tokens = true, map[string]fakeRights{secretToken: allRights()}
	play(t, guarded.http.URL, recordings(t, "40", "99"))
}

// TestRecordingsReal shows that the recordings still are what a real one says.
func TestRecordingsReal(t *testing.T) {
	s := startAgent(t, "", "")
	play(t, "http://"+s.addr, recordings(t, "01", "40"))
	guarded := startConsul(t)
	play(t, "http://"+guarded.addr, recordings(t, "40", "99"))
}

// playback is a server that answers paths with recordings, whatever the query.
func playback(t testing.TB, answers map[string]string) string {
	t.Helper()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		name, ok := answers[r.Method+" "+r.URL.Path]
		if !ok {
			t.Errorf("nothing is recorded for %s %s", r.Method, r.URL.Path)
			http.NotFound(w, r)
			return
		}
		rec := recorded(t, name)
		for key, values := range rec.header {
			if key != "Transfer-Encoding" && key != "Content-Length" {
				w.Header()[key] = values
			}
		}
		w.WriteHeader(rec.code)
		_, _ = w.Write([]byte(rec.reply))
	}))
	t.Cleanup(server.Close)
	return strings.TrimPrefix(server.URL, "http://")
}
