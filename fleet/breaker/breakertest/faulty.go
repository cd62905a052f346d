package breakertest

import (
	"bytes"
	"fmt"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"
)

// Faulty is a server in front of an HTTP far end that can be told to fail.
type Faulty struct {
	URL string

	next   http.Handler
	secret string
	mu     sync.Mutex
	how    Fault         // empty: it works
	healed chan struct{} // closed when a fault ends
	asked  int
}

// Front serves a far end that wants a bearer token, unless secret is empty, and
// that Break makes fail. It ends with the test.
func Front(t testing.TB, next http.Handler, secret string) *Faulty {
	f := &Faulty{next: next, secret: secret}
	server := httptest.NewServer(f)
	f.URL = server.URL
	t.Cleanup(server.Close)
	return f
}

// Client is a client that carries the token, without connections that outlive
// the test.
func (f *Faulty) Client(t testing.TB) *http.Client {
	transport := &http.Transport{}
	t.Cleanup(transport.CloseIdleConnections)
	return &http.Client{
		Transport:     bearer{transport, f.secret},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
}

// bearer sends a token with every request.
type bearer struct {
	next   http.RoundTripper
	secret string
}

// RoundTrip sends one request.
func (b bearer) RoundTrip(r *http.Request) (*http.Response, error) {
	r = r.Clone(r.Context())
	if b.secret != "" {
		r.Header.Set("Authorization", "Bearer "+b.secret)
	}
	return b.next.RoundTrip(r)
}

// Break makes the far end fail until heal is called; it is a World's Break.
func (f *Faulty) Break(_ testing.TB, how Fault) (heal func()) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.how, f.healed = how, make(chan struct{})
	var once sync.Once
	return func() {
		once.Do(func() {
			f.mu.Lock()
			defer f.mu.Unlock()
			f.how = ""
			close(f.healed)
		})
	}
}

// Asked is how many requests came.
func (f *Faulty) Asked() int {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.asked
}

// ServeHTTP answers, or fails as it was told.
func (f *Faulty) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	f.mu.Lock()
	how, healed := f.how, f.healed
	f.asked++
	f.mu.Unlock()
	if f.secret != "" && r.Header.Get("Authorization") != "Bearer "+f.secret {
		how = Deny
	}
	switch how {
	case Refuse:
		f.cut(w, "")
	case Hang:
		select {
		case <-healed:
		case <-r.Context().Done():
		}
	case Half:
		answer := httptest.NewRecorder()
		f.next.ServeHTTP(answer, r)
		body := answer.Body.Bytes()
		f.cut(w, fmt.Sprintf("HTTP/1.1 %d OK\r\nContent-Type: %s\r\nContent-Length: %d\r\n\r\n%s",
			answer.Code, answer.Header().Get("Content-Type"), len(body), body[:len(body)/2]))
	case Garbage:
		_, _ = bytes.NewBufferString("\x00\x01}{ nobody can read this").WriteTo(w)
	case Deny:
		http.Error(w, "no right", http.StatusForbidden)
	case NoEffect:
		if r.Method == http.MethodPost {
			w.Header().Set("Content-Type", "application/json")
			_, _ = bytes.NewBufferString("{}").WriteTo(w)
			return
		}
		f.next.ServeHTTP(w, r)
	default:
		f.next.ServeHTTP(w, r)
	}
}

// cut writes raw bytes and ends the connection.
func (f *Faulty) cut(w http.ResponseWriter, raw string) {
	conn, _, err := http.NewResponseController(w).Hijack()
	if err != nil {
		return // it has ended by itself
	}
	_, _ = conn.Write([]byte(raw))
	_ = conn.Close()
}
