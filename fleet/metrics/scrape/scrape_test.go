package scrape_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"math"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/midwatch-cli/midwatch/fleet"
	"github.com/midwatch-cli/midwatch/fleet/metrics/scrape"
	"github.com/midwatch-cli/midwatch/probe"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// typeOf is the media type that a recorded page came with.
func typeOf(name string) string {
	if filepath.Ext(name) == ".om" {
		return "application/openmetrics-text; version=1.0.0; charset=utf-8"
	}
	return "text/plain; version=0.0.4"
}

// lines counts the lines with a value.
func lines(page []byte) (n int) {
	for line := range bytes.Lines(bytes.TrimPrefix(page, []byte("\xef\xbb\xbf"))) {
		if line = bytes.TrimSpace(line); len(line) > 0 && line[0] != '#' {
			n++
		}
	}
	return n
}

// TestRecordedPages: every line with a value of every page that a server gave is
// a sample.
func TestRecordedPages(t *testing.T) {
	names, err := filepath.Glob("exposition/testdata/wire/*m")
	if err != nil || len(names) < 17 {
		t.Fatalf("%d pages, %v", len(names), err)
	}
	for _, name := range names {
		data, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		samples, err := scrape.Read(data, typeOf(name))
		if err != nil || len(samples) != lines(data) || len(samples) == 0 {
			t.Errorf("%s: %d samples of %d lines, %v", name, len(samples), lines(data), err)
		}
		for i := range samples {
			s := &samples[i]
			if s.Name == "" || !slices.IsSortedFunc(s.Labels, func(a, b scrape.Label) int { return strings.Compare(a.Name, b.Name) }) {
				t.Errorf("%s: %+v", name, s)
			}
		}
	}
}

func TestSamples(t *testing.T) {
	const page = "# HELP a text\n# TYPE a gauge\na{z=\"1\",b=\"x\\\"\\\\\\n\",} 1.5 1700000000123\na NaN\n{\"b.c\",d=\"ä\"} +Inf\nn_bucket{le=\"0.1\"} 3\n"
	samples, err := scrape.Read([]byte(page), "text/plain")
	if err != nil || len(samples) != 4 {
		t.Fatalf("%+v, %v", samples, err)
	}
	first := samples[0]
	if first.Name != "a" || first.Value != 1.5 || !first.At.Equal(time.UnixMilli(1700000000123)) ||
		!slices.Equal(first.Labels, []scrape.Label{{Name: "b", Value: "x\"\\\n"}, {Name: "z", Value: "1"}}) || first.Label("z") != "1" || first.Label("y") != "" {
		t.Errorf("%+v", first)
	}
	if !math.IsNaN(samples[1].Value) || !samples[1].At.IsZero() || len(samples[1].Labels) != 0 || samples[2].Name != "b.c" || !math.IsInf(samples[2].Value, 1) || samples[3].Label("le") != "0.1" {
		t.Errorf("%+v", samples[1:])
	}
	om, err := scrape.Read([]byte("# TYPE a counter\na_total{x=\"1\"} 5 # {trace_id=\"t\"} 0.3 1.0\na_created{x=\"1\"} 1.7\n# EOF\n"), "")
	if err != nil || om[0].Name != "a_total" || om[0].Value != 5 {
		t.Errorf("%+v, %v", om, err)
	}
	for _, empty := range []string{"", "\n", "# EOF\n", "# just a comment"} {
		if got, err := scrape.Read([]byte(empty), ""); err != nil || len(got) != 0 {
			t.Errorf("%q: %+v, %v", empty, got, err)
		}
	}
}

// TestZeroByte: a page is not taken to end where its first zero byte is.
func TestZeroByte(t *testing.T) {
	for _, page := range []string{"\x00", "a 1\n\x00b 2\n", "a 1\n\x00"} {
		if got, err := scrape.Read([]byte(page), ""); err == nil || got != nil {
			t.Errorf("%q is read as %+v", page, got)
		}
	}
}

func TestTooMany(t *testing.T) {
	var page strings.Builder
	for i := range 200_001 {
		fmt.Fprintf(&page, "a{i=\"%d\"} 1\n", i)
	}
	if got, err := scrape.Read([]byte(page.String()), ""); err == nil || got != nil || !strings.Contains(err.Error(), "200000") {
		t.Errorf("%d samples, %v", len(got), err)
	}
}

// served answers one page and writes down what was asked for.
func served(t *testing.T, answer func(w http.ResponseWriter, r *http.Request)) (*httptest.Server, *http.Client) {
	t.Helper()
	server := httptest.NewServer(http.HandlerFunc(answer))
	t.Cleanup(server.Close)
	client := server.Client()
	client.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	return server, client
}

func within(t *testing.T) context.Context {
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	t.Cleanup(cancel)
	return ctx
}

func TestGetFails(t *testing.T) {
	for name, c := range map[string]struct {
		answer func(w http.ResponseWriter, r *http.Request)
		reason fleet.Reason
		is     error
	}{
		"no right":    {func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(403) }, probe.ReasonAuth, fleet.ErrDenied},
		"not there":   {func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(404) }, probe.ReasonNotFound, fleet.ErrNotFound},
		"ill":         {func(w http.ResponseWriter, _ *http.Request) { http.Error(w, "collector failed", 500) }, probe.ReasonStatus, nil},
		"elsewhere":   {func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, "/login", http.StatusFound) }, probe.ReasonRedirect, nil},
		"a page":      {func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "<html>") }, probe.ReasonPage, nil},
		"JSON":        {func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, `{"a":1}`) }, probe.ReasonBody, nil},
		"half a line": {func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "a 1\nb{x=\"") }, probe.ReasonBody, nil},
		"without end": {func(w http.ResponseWriter, _ *http.Request) {
			line := bytes.Repeat([]byte("# "+strings.Repeat("x", 1<<16)+"\n"), 16)
			for range 40 {
				if _, err := w.Write(line); err != nil {
					return
				}
			}
		}, probe.ReasonBody, nil},
		"cut": {func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Length", "100")
			_, _ = io.WriteString(w, "a 1\n")
		}, probe.ReasonClosed, nil},
	} {
		t.Run(name, func(t *testing.T) {
			server, client := served(t, c.answer)
			page, err := scrape.Get(within(t), client, server.URL+"/metrics")
			reason, text := fleet.ReasonOf(err)
			if err == nil || reason != c.reason || page.Samples != nil || c.is != nil && !errors.Is(err, c.is) || !strings.Contains(text, server.URL) {
				t.Errorf("%s, %v", reason, err)
			}
		})
	}
	server, client := served(t, func(w http.ResponseWriter, r *http.Request) { <-r.Context().Done() })
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	if _, err := scrape.Get(ctx, client, server.URL); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("%v", err)
	}
	ended, stop := context.WithCancel(t.Context())
	stop()
	if _, err := scrape.Get(ended, client, server.URL); !errors.Is(err, context.Canceled) {
		t.Errorf("%v", err)
	}
}

// FuzzRead: whatever comes, there is an answer, and it is whole or none.
func FuzzRead(f *testing.F) {
	names, _ := filepath.Glob("exposition/testdata/odd/*")
	for _, name := range names {
		data, err := os.ReadFile(name)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(data, typeOf(name))
	}
	f.Add([]byte("# TYPE a histogram\na_bucket{le=\"1\"} 1 # {} 1\n# EOF\n"), "application/openmetrics-text")
	f.Fuzz(func(t *testing.T, page []byte, kind string) {
		samples, err := scrape.Read(bytes.Clone(page), kind)
		if err != nil {
			if samples != nil || strings.ContainsAny(err.Error(), "\n\x1b\x00") {
				t.Fatalf("%d samples beside %q", len(samples), err)
			}
			return
		}
		for _, s := range samples {
			if s.Name == "" && len(s.Labels) == 0 {
				t.Fatalf("a sample of nothing: %+v", s)
			}
		}
	})
}

func ExampleRead() {
	samples, err := scrape.Read([]byte("up{job=\"a\"} 1\n"), "text/plain")
	fmt.Println(samples[0].Name, samples[0].Label("job"), samples[0].Value, err)
	// Output: up a 1 <nil>
}
