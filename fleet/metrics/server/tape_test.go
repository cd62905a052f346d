package server_test

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
)

// recordVariable names a folder below testdata/wire; the replies of the real
// server are written there, in place of those that are.
const recordVariable = "MIDWATCH_TEST_RECORD"

// recording is a question and its reply, as a file of testdata/wire holds them:
// the question's lines behind "> ", an empty line, the reply.
type recording struct {
	method, path string
	form         url.Values
	code         int
	header       http.Header
	body         string
}

// key tells questions apart. How long we wait is none of it.
func (r *recording) key() string {
	form := url.Values{}
	for name, values := range r.form {
		if name != "timeout" {
			form[name] = values
		}
	}
	return r.method + " " + r.path + " " + form.Encode()
}

func (r *recording) String() string {
	var b strings.Builder
	fmt.Fprintf(&b, "> %s %s\n", r.method, r.path)
	for name, values := range r.form {
		for _, v := range values {
			if name != "timeout" {
				fmt.Fprintf(&b, "> %s\n", url.Values{name: {v}}.Encode())
			}
		}
	}
	lines := strings.Split(strings.TrimSpace(b.String()), "\n")
	slices.Sort(lines[1:])
	fmt.Fprintf(&b, "\nHTTP/1.1 %d %s\n", r.code, http.StatusText(r.code))
	head := fmt.Sprintf("HTTP/1.1 %d %s\n", r.code, http.StatusText(r.code))
	for _, name := range []string{"Allow", "Content-Type"} {
		if v := r.header.Get(name); v != "" {
			head += name + ": " + v + "\n"
		}
	}
	return strings.Join(lines, "\n") + "\n\n" + head + "\n" + r.body + "\n"
}

// recorded reads one file.
func recorded(t testing.TB, file string) *recording {
	t.Helper()
	data, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	asked, reply, _ := strings.Cut(string(data), "\n\n")
	head, body, _ := strings.Cut(reply, "\n\n")
	r := &recording{form: url.Values{}, header: http.Header{}, body: strings.TrimSuffix(body, "\n")}
	for i, line := range strings.Split(asked, "\n") {
		line = strings.TrimPrefix(line, "> ")
		if i == 0 {
			r.method, r.path, _ = strings.Cut(line, " ")
			continue
		}
		values, err := url.ParseQuery(line)
		if err != nil {
			t.Fatalf("%s: %v", file, err)
		}
		for name, v := range values {
			r.form[name] = append(r.form[name], v...)
		}
	}
	for i, line := range strings.Split(head, "\n") {
		name, value, _ := strings.Cut(line, ": ")
		if i > 0 {
			r.header.Set(name, value)
		} else if _, err := fmt.Sscanf(line, "HTTP/1.1 %d", &r.code); err != nil {
			t.Fatalf("%s: %v", file, err)
		}
	}
	return r
}

// tape answers with what was recorded: an http.RoundTripper, and a handler.
type tape struct {
	t     testing.TB
	mu    sync.Mutex
	files map[string]*recording // by key
}

func play(t testing.TB, folder string) *tape {
	t.Helper()
	files, err := filepath.Glob(filepath.Join("testdata", "wire", folder, "*.http"))
	if err != nil || len(files) == 0 {
		t.Fatal("no recordings in ", folder, err)
	}
	p := &tape{t: t, files: map[string]*recording{}}
	for _, file := range files {
		r := recorded(t, file)
		p.files[r.key()] = r
	}
	return p
}

// ServeHTTP answers as was recorded; what nobody asked then fails the test.
func (p *tape) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if err := r.ParseForm(); err != nil {
		p.t.Error(err)
	}
	asked := recording{method: r.Method, path: r.URL.Path, form: r.Form}
	p.mu.Lock()
	reply := p.files[asked.key()]
	p.mu.Unlock()
	if reply == nil {
		p.t.Errorf("nobody recorded %s", asked.key())
		http.NotFound(w, r)
		return
	}
	for name, values := range reply.header {
		w.Header()[name] = values
	}
	w.WriteHeader(reply.code)
	_, _ = io.WriteString(w, reply.body)
}

// recorder keeps what goes through it.
type recorder struct {
	t      testing.TB
	folder string
	name   func() string // of the next file
	mu     sync.Mutex
	known  map[string]bool
}

// RoundTrip asks and writes down.
func (r *recorder) RoundTrip(req *http.Request) (*http.Response, error) {
	var sent []byte
	if req.Body != nil {
		sent, _ = io.ReadAll(req.Body)
		req = req.Clone(req.Context())
		req.Body = io.NopCloser(bytes.NewReader(sent))
	}
	resp, err := http.DefaultTransport.RoundTrip(req)
	if err != nil {
		return resp, err
	}
	body, err := io.ReadAll(resp.Body)
	resp.Body.Close()
	resp.Body = io.NopCloser(bytes.NewReader(body))
	if err != nil {
		return resp, err
	}
	form, _ := url.ParseQuery(string(sent))
	for name, values := range req.URL.Query() {
		form[name] = append(form[name], values...)
	}
	kept := recording{method: req.Method, path: req.URL.Path, form: form, code: resp.StatusCode, header: resp.Header, body: string(body)}
	r.mu.Lock()
	defer r.mu.Unlock()
	if !r.known[kept.key()] {
		r.known[kept.key()] = true
		if err := os.WriteFile(filepath.Join(r.folder, r.name()+".http"), []byte(kept.String()), 0o600); err != nil {
			r.t.Error(err)
		}
	}
	return resp, nil
}
