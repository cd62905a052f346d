package scrape_test

import (
	"bytes"
	"compress/gzip"
	"io"
	"net/http"
	"strings"
	"sync"
	"testing"

	"github.com/midwatch-cli/midwatch/fleet"
	"github.com/midwatch-cli/midwatch/fleet/metrics/scrape"
	"github.com/midwatch-cli/midwatch/probe"
)

// TestAccept: what is asked for, as Prometheus has it.
func TestAccept(t *testing.T) {
	var accept, packed string
	server, client := served(t, func(_ http.ResponseWriter, r *http.Request) {
		accept, packed = r.Header.Get("Accept"), r.Header.Get("Accept-Encoding")
	})
	var a scrape.Asker
	for native, want := range map[bool]string{
		false: "application/openmetrics-text;version=1.0.0;charset=utf-8;escaping=allow-utf-8;q=0.6,text/plain;version=0.0.4;escaping=allow-utf-8;q=0.5,*/*;q=0.1",
		true:  "application/vnd.google.protobuf;proto=io.prometheus.client.MetricFamily;encoding=delimited;escaping=allow-utf-8;q=0.8,application/openmetrics-text;version=1.0.0;charset=utf-8;escaping=allow-utf-8;q=0.6,text/plain;version=0.0.4;escaping=allow-utf-8;q=0.5,*/*;q=0.1",
	} {
		answer, err := a.Ask(within(t), client, server.URL, native)
		if err != nil || accept != want || packed != "gzip" || answer.At.IsZero() || answer.Took <= 0 || answer.Where != server.URL {
			t.Errorf("asked for %q in %q: %+v, %v", accept, packed, answer, err)
		}
	}
}

// TestPacked: what is compressed is inflated, whole or not at all.
func TestPacked(t *testing.T) {
	page := strings.Repeat("# "+strings.Repeat("x", 100)+"\n", 2000) + "a 1\n"
	var packed bytes.Buffer
	z := gzip.NewWriter(&packed)
	_, _ = io.WriteString(z, page)
	_ = z.Close()
	broken := bytes.Clone(packed.Bytes())
	broken[len(broken)-5] ^= 1
	var a scrape.Asker
	for name, c := range map[string]struct {
		encoding, body string
		want           string
	}{
		"gzip":        {"gzip", packed.String(), ""},
		"x-gzip":      {"x-gzip", packed.String(), ""},
		"not":         {"", page, ""},
		"identity":    {"identity", page, ""},
		"cut":         {"gzip", packed.String()[:packed.Len()-20], "the packed answer is broken"},
		"wrong sum":   {"gzip", string(broken), "the packed answer is broken"},
		"not at all":  {"gzip", page, "the packed answer is broken"},
		"otherwise":   {"br", page, `it is packed with "br"`},
		"no encoding": {"", packed.String(), "it is compressed, and no Content-Encoding says so"},
	} {
		t.Run(name, func(t *testing.T) {
			server, client := served(t, func(w http.ResponseWriter, _ *http.Request) {
				if c.encoding != "" {
					w.Header().Set("Content-Encoding", c.encoding)
				}
				w.Header().Set("Content-Type", "text/plain")
				_, _ = io.WriteString(w, c.body)
			})
			for range 2 { // with what the first one left
				answer, err := a.Ask(within(t), client, server.URL, false)
				if err == nil {
					_, err = scrape.Read(answer.Body, answer.Type)
					answer.Release()
				}
				if (err == nil) != (c.want == "") || err != nil && !strings.Contains(err.Error(), c.want) {
					t.Errorf("%v, want %q", err, c.want)
				}
				if reason, _ := fleet.ReasonOf(err); err != nil && reason != probe.ReasonBody {
					t.Errorf("%s, %v", reason, err)
				}
			}
		})
	}
}

// TestBuffers: answers that are read at once do not share what they stand in,
// and one that is large is read whole.
func TestBuffers(t *testing.T) {
	server, client := served(t, func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "text/plain")
		_, _ = io.WriteString(w, strings.Repeat("# "+r.URL.Path+" 5678901234567890123456\n", 1<<16)) // 1.75 MiB
	})
	a := scrape.NewAsker()
	var all sync.WaitGroup
	for i := range 24 {
		all.Go(func() {
			path := "/" + string(rune('a'+i))
			answer, err := a.Ask(within(t), client, server.URL+path, false)
			if err != nil {
				t.Error(err)
				return
			}
			defer answer.Release()
			if n := bytes.Count(answer.Body, []byte("# "+path+" 5678901234567890123456\n")); n != 1<<16 || len(answer.Body) != n*28 {
				t.Errorf("%s: %d lines of %d bytes", path, n, len(answer.Body))
			}
		})
	}
	all.Wait()
}

// TestHand: the numbers of a service that counts by hand are a page.
func TestHand(t *testing.T) {
	server, client := served(t, nil)
	var a scrape.Asker
	for body, want := range map[string]string{
		`{"request_count": 1234, "error_count": 21, "response_time_ms": 12.5}`: "hand_requests_total 1234\nhand_errors_total 21\nhand_response_time_milliseconds 12.5\n",
		` {"service":"a","request_count": 1e6,"more":{"x":1}}`:                 "hand_requests_total 1e+06\n",
		`{"request_count": 0, "error_count": null}`:                            "hand_requests_total 0\n",
		`{"error_count": 21}`:       "",
		`{"request_count": "many"}`: "",
		`{"request_count": -1}`:     "",
		`[{"request_count": 1}]`:    "",
		`{"request_count": 1`:       "",
	} {
		server.Config.Handler = http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, body) })
		answer, err := a.Ask(within(t), client, server.URL, false)
		if err != nil {
			t.Fatal(err)
		}
		samples, err := scrape.Read(answer.Body, answer.Type)
		if want == "" {
			if err == nil || answer.Form != "" {
				t.Errorf("%s is read as %v", body, samples)
			}
		} else if err != nil || answer.Form != scrape.ByHand || string(answer.Body) != want || len(samples) != strings.Count(want, "\n") {
			t.Errorf("%s is %q, %v", body, answer.Body, err)
		}
		answer.Release()
	}
}
