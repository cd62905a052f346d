package web_test

import (
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/midwatch-cli/midwatch/fleet"
	"github.com/midwatch-cli/midwatch/fleet/web"
	"github.com/midwatch-cli/midwatch/probe"
)

func TestStream(t *testing.T) {
	far := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		sent, _ := io.ReadAll(r.Body)
		w.Header().Set("Content-Type", "text/odd")
		w.WriteHeader(http.StatusAccepted)
		_, _ = io.WriteString(w, r.Method+" "+r.Header.Get("Content-Type")+" "+string(sent)+strings.Repeat(".", 100))
	}))
	defer far.Close()
	ask := func(q web.Question) *web.Stream {
		q.URL = far.URL + "/p?token=hush"
		s, err := web.Open(t.Context(), far.Client(), q)
		if err != nil {
			t.Fatal(err)
		}
		return s
	}
	s := ask(web.Question{Body: []byte("a=b"), Type: "application/x-www-form-urlencoded"})
	defer s.Close()
	if s.Head.Where != far.URL+"/p" || s.Head.Code != 202 || s.Head.Type != "text/odd" || !s.Head.OK() {
		t.Errorf("%+v", s.Head)
	}
	start := make([]byte, 44)
	if _, err := io.ReadFull(s, start); err != nil || string(start) != "POST application/x-www-form-urlencoded a=b.." {
		t.Errorf("%q %v", start, err)
	}
	rest, err := s.Whole()
	if err != nil || string(rest.Body) != strings.Repeat(".", 98) || rest.Code != 202 {
		t.Errorf("%+v %v", rest, err)
	}
	s = ask(web.Question{Body: []byte("{}")})
	defer s.Close()
	if whole, err := s.Whole(); err != nil || !strings.HasPrefix(string(whole.Body), "POST application/json {}") {
		t.Errorf("%+v %v", whole, err)
	}
}

// TestStreamBound reads exactly what is allowed, and says when there is more.
func TestStreamBound(t *testing.T) {
	far := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, `"0123456789"`) }))
	defer far.Close()
	for limit, long := range map[int64]bool{11: true, 12: false, 13: false} {
		s, err := web.Open(t.Context(), far.Client(), web.Question{URL: far.URL, Limit: limit})
		if err != nil {
			t.Fatal(err)
		}
		read, err := io.ReadAll(s)
		if errors.Is(err, web.ErrLong) != long || int64(len(read)) > limit {
			t.Errorf("limit %d: %d bytes and %v", limit, len(read), err)
		}
		if reason, _ := fleet.ReasonOf(err); long && reason != probe.ReasonBody {
			t.Errorf("limit %d: %q", limit, reason)
		}
		if _, again := s.Read(make([]byte, 8)); long && !errors.Is(again, web.ErrLong) {
			t.Errorf("limit %d, read again: %v", limit, again)
		}
		s.Close()
	}
}

// TestStreamCut is an answer that ends too early: its error is the stream's, also
// through a decoder.
func TestStreamCut(t *testing.T) {
	far := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Length", "100")
		_, _ = io.WriteString(w, `{"a":1`)
	}))
	defer far.Close()
	s, err := web.Open(t.Context(), far.Client(), web.Question{URL: far.URL})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	err = json.NewDecoder(s).Decode(&struct{}{})
	if reason, text := fleet.ReasonOf(err); reason != probe.ReasonClosed || !strings.Contains(text, far.URL) {
		t.Errorf("%q: %v", reason, err)
	}
}
