package probe_test

import (
	"bytes"
	"compress/gzip"
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/midwatch-cli/midwatch/probe"
	"github.com/midwatch-cli/midwatch/probe/probetest"
)

// rebuild makes the bytes of a recorded reply again: recordings have no
// carriage returns, are not compressed, and end in a line feed of their own.
func rebuild(t *testing.T, file string) []byte {
	t.Helper()
	raw, err := os.ReadFile(filepath.Join("health", "testdata", "wire", "pages", file+".http"))
	if err != nil {
		t.Fatal(err)
	}
	at := bytes.Index(raw, []byte("HTTP/1."))
	if at < 0 {
		t.Fatalf("%s holds no reply", file)
	}
	var out bytes.Buffer
	rest := string(raw[at:])
	for {
		head, body, _ := strings.Cut(rest, "\n\n")
		if strings.HasPrefix(head, "HTTP/1.1 1") {
			out.WriteString(strings.ReplaceAll(head, "\n", "\r\n") + "\r\n\r\n")
			rest = body
			continue
		}
		gzipped, length := strings.Contains(head, "Content-Encoding: gzip"), -1
		for _, line := range strings.Split(head, "\n") {
			name, value, _ := strings.Cut(line, ": ")
			if strings.EqualFold(name, "Content-Length") {
				length, _ = strconv.Atoi(value)
				continue
			}
			if !strings.EqualFold(name, "Transfer-Encoding") {
				out.WriteString(line + "\r\n")
			}
		}
		switch {
		case gzipped:
			var b bytes.Buffer
			w := gzip.NewWriter(&b)
			_, _ = io.WriteString(w, body)
			_ = w.Close()
			body = b.String()
		case length >= 0 && length < len(body):
			body = body[:length]
		}
		if !strings.Contains(head, " 204") {
			fmt.Fprintf(&out, "Content-Length: %d\r\n", len(body))
		}
		out.WriteString("\r\n" + body)
		return out.Bytes()
	}
}

// TestRecorded replays recorded replies to both paths, with the verdicts of the
// recordings' own table (where the table of outcomes differs, it wins).
func TestRecorded(t *testing.T) {
	for _, c := range []struct {
		file    string
		outcome probe.Outcome
		reason  probe.Reason
	}{
		{"odd-text-ok", probe.Pass, ""},
		{"odd-empty-200", probe.Pass, ""},
		{"odd-204", probe.Pass, ""},
		{"odd-103-then-200", probe.Pass, ""},
		{"odd-status-no-reason", probe.Pass, ""},
		{"odd-http10", probe.Pass, ""},
		{"odd-200-gzip", probe.Pass, ""},
		{"odd-200-json-as-text", probe.Fail, probe.ReasonReported},
		{"odd-200-text-as-json", probe.Pass, ""},
		{"odd-200-down", probe.Fail, probe.ReasonReported},
		{"odd-200-degraded", probe.Warn, probe.ReasonReported},
		{"odd-200-cut-json", probe.Warn, probe.ReasonBody},
		{"odd-200-html", probe.Unknown, probe.ReasonPage},
		{"odd-200-stale", probe.Unknown, probe.ReasonStale},
		{"odd-200-unknown-word", probe.Unknown, probe.ReasonReported},
		{"odd-500-up", probe.Fail, probe.ReasonStatus},
		{"odd-503-empty", probe.Fail, probe.ReasonStatus},
		{"odd-503-seconds", probe.Fail, probe.ReasonReported},
		{"odd-429", probe.Warn, probe.ReasonLimited},
		{"odd-401", probe.Unknown, probe.ReasonAuth},
		{"odd-403", probe.Unknown, probe.ReasonAuth},
		{"odd-404", probe.Unknown, probe.ReasonNotFound},
		{"odd-405", probe.Unknown, probe.ReasonNotFound},
		{"odd-302-loop", probe.Unknown, probe.ReasonRedirect},
		{"odd-302-no-location", probe.Unknown, probe.ReasonRedirect},
		{"odd-envoy-fail", probe.Fail, probe.ReasonDraining},
		{"odd-envoy-degraded", probe.Warn, probe.ReasonReported},
		{"nginx-502-refused", probe.Fail, probe.ReasonGateway},
		{"nginx-504-timeout", probe.Fail, probe.ReasonGateway},
		{"haproxy-503-no-server", probe.Fail, probe.ReasonGateway},
		{"haproxy-504", probe.Fail, probe.ReasonGateway},
		{"nginx-401-basic", probe.Unknown, probe.ReasonAuth},
		{"nginx-403", probe.Unknown, probe.ReasonAuth},
		{"nginx-404", probe.Unknown, probe.ReasonNotFound},
		{"tls-client-cert-required", probe.Unknown, probe.ReasonAuth},
		{"tls-port-spoken-plain-nginx", probe.Unknown, probe.ReasonScheme},
		{"tls-port-spoken-plain-go", probe.Unknown, probe.ReasonScheme},
		{"terminus-fail", probe.Fail, probe.ReasonReported},
		{"django-warn-json", probe.Warn, probe.ReasonReported},
		{"k8s-apiserver-fail", probe.Fail, probe.ReasonReported},
		{"fastapi-health", probe.Pass, ""},
		{"prometheus-healthy", probe.Pass, ""},
		{"etcd-health", probe.Pass, ""},
		{"lightship-starting-health", probe.Fail, probe.ReasonReported},
	} {
		t.Run(c.file, func(t *testing.T) {
			raw := rebuild(t, c.file)
			both(t, probe.HTTPOptions{}, func(t *testing.T, p probe.Prober) {
				r := probed(t, p, health(answering(t, string(raw))), 5*time.Second)
				if r.Outcome != c.outcome || r.Reason != c.reason {
					t.Errorf("got %s (%s) %q; want %s (%s)", r.Outcome, r.Reason, r.Detail, c.outcome, c.reason)
				}
				if c.reason == probe.ReasonGateway && !strings.HasPrefix(r.Detail, "the gateway answers: 50") {
					t.Errorf("it is not said to be the gateway's: %q", r.Detail)
				}
			})
		})
	}
}

// TestRecordedTransport: recordings whose bytes matter as they came.
func TestRecordedTransport(t *testing.T) {
	for _, c := range []struct {
		name, raw string
		outcome   probe.Outcome
		reason    probe.Reason
	}{
		{"odd-lf-only", "HTTP/1.1 200 OK\nContent-Type: text/plain\nContent-Length: 2\n\nOK", probe.Pass, ""},
		{"odd-half-body", "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 100\r\n\r\n{\"status\":\"UP\"}", probe.Warn, probe.ReasonBody},
		{"half a body that is not well", "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{\"status\":\"DOWN\"}", probe.Fail, probe.ReasonReported},
		{"chunked", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nf\r\n{\"status\":\"UP\"}\r\n0\r\n\r\n", probe.Pass, ""},
		{"two content types and nothing else", "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Type: application/json\r\nContent-Length: 0\r\n\r\n", probe.Pass, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			both(t, probe.HTTPOptions{}, func(t *testing.T, p probe.Prober) {
				r := probed(t, p, health(answering(t, c.raw)), 5*time.Second)
				if r.Outcome != c.outcome || r.Reason != c.reason {
					t.Errorf("got %s (%s) %q; want %s (%s)", r.Outcome, r.Reason, r.Detail, c.outcome, c.reason)
				}
			})
		})
	}
}

// TestRecordedRedirects: what a redirect leads to decides, not that it leads
// somewhere.
func TestRecordedRedirects(t *testing.T) {
	pages := map[string]string{
		"/301-slash": string(rebuild(t, "odd-301-slash")), "/text-ok": string(rebuild(t, "odd-text-ok")),
		"/302-login": string(rebuild(t, "odd-302-login")), "/login?next=%2F302-login": string(rebuild(t, "odd-200-html")),
	}
	both(t, probe.HTTPOptions{}, func(t *testing.T, p probe.Prober) {
		address := probetest.Raw(t, func(c net.Conn) {
			_, _ = io.WriteString(c, pages[strings.Fields(question(c) + " none none")[1]])
		})
		for path, want := range map[string]probe.Reason{"/301-slash": "", "/302-login": probe.ReasonPage} {
			target := health(address)
			target.Path = path
			if r := probed(t, p, target, 5*time.Second); r.Reason != want {
				t.Errorf("%s: got %s (%s) %q", path, r.Outcome, r.Reason, r.Detail)
			}
		}
	})
}

func TestNamedAndGuessed(t *testing.T) {
	both(t, probe.HTTPOptions{}, func(t *testing.T, p probe.Prober) {
		bare := health(answering(t, "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"))
		if r := probed(t, p, bare, 5*time.Second); r.Outcome != probe.Pass || !r.Bare {
			t.Errorf("named: got %s (%s), bare %v", r.Outcome, r.Reason, r.Bare)
		}
		bare.Named = false
		if r := probed(t, p, bare, 5*time.Second); r.Outcome != probe.Unknown || !r.Bare {
			t.Errorf("guessed: got %s (%s), bare %v", r.Outcome, r.Reason, r.Bare)
		}
	})
}

func TestStrict(t *testing.T) {
	for strict, want := range map[bool]probe.Outcome{false: probe.Pass, true: probe.Warn} {
		both(t, probe.HTTPOptions{Strict: strict}, func(t *testing.T, p probe.Prober) {
			r := probed(t, p, health(answering(t, string(rebuild(t, "odd-200-up-component-down")))), 5*time.Second)
			if r.Outcome != want || len(r.Health.Components) != 2 {
				t.Errorf("got %s (%s) %+v, want %s", r.Outcome, r.Reason, r.Health, want)
			}
		})
	}
}
