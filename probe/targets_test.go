package probe_test

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/midwatch-cli/midwatch/probe"
	"github.com/midwatch-cli/midwatch/probe/probetest"
)

func TestTargetAsPeopleWriteIt(t *testing.T) {
	for want, target := range map[string]probe.Target{
		"http://127.0.0.1:80/health":        {Kind: probe.HTTP, Address: "127.0.0.1:80", Path: "/health"},
		"https://[::1]:443/":                {Kind: probe.HTTP, Scheme: "https", Address: "[::1]:443", Path: "/"},
		"http+unix:///run/a.sock:/health":   {Kind: probe.HTTP, Network: "unix", Address: "/run/a.sock", Path: "/health"},
		"grpc://a:1":                        {Kind: probe.GRPC, Address: "a:1"},
		"grpcs://a:1/orders.v1":             {Kind: probe.GRPC, Scheme: "grpcs", Address: "a:1", Path: "orders.v1"},
		"grpc://a:1/*":                      {Kind: probe.GRPC, Address: "a:1", Path: "/*"},
		"tcp://a:1":                         {Kind: probe.TCP, Address: "a:1"},
		"tls://a:1":                         {Kind: probe.TLS, Address: "a:1"},
		"dns:order.example":                 {Kind: probe.DNS, Address: "10.0.0.1:53", Path: "order.example"},
		"grpc+unix:///run/a.sock:orders.v1": {Kind: probe.GRPC, Network: "unix", Address: "/run/a.sock", Path: "orders.v1"},
	} {
		if got := target.String(); got != want {
			t.Errorf("got %s, want %s", got, want)
		}
	}
}

func TestOutcomesHaveWords(t *testing.T) {
	var zero probe.Outcome
	for o, want := range map[probe.Outcome]string{zero: "unknown", probe.Pass: "pass", probe.Warn: "warn", probe.Fail: "fail", 99: "unknown"} {
		if o.String() != want {
			t.Errorf("%d is %q, want %q", o, o, want)
		}
	}
}

// TestClassify: what the target did to us is its failure, all else leaves open
// how it is, however deep the error lies.
func TestClassify(t *testing.T) {
	for err, want := range map[error]string{
		nil: "pass ", syscall.ECONNREFUSED: "fail refused", syscall.ECONNRESET: "fail reset", io.EOF: "fail closed", io.ErrUnexpectedEOF: "fail closed",
		context.DeadlineExceeded: "fail timeout", context.Canceled: "unknown cancelled", syscall.EHOSTUNREACH: "unknown no_route", syscall.EMFILE: "unknown internal",
		&net.DNSError{Err: "x", Name: "a"}: "unknown resolve", tls.RecordHeaderError{}: "unknown wrong_scheme", errors.New("new"): "unknown protocol",
	} {
		for _, wrapped := range []error{err, wrap("%w", err), wrap("asking: %w", wrap("again: %w", err)), errors.Join(err)} {
			outcome, reason, text := probe.Classify(wrapped)
			if got := outcome.String() + " " + string(reason); got != want || (text == "") != (err == nil) {
				t.Errorf("%v: got %s, %q; want %s", wrapped, got, text, want)
			}
		}
	}
}

func wrap(format string, err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf(format, err)
}

// TestHostHeader: what the server is told about whom is meant.
func TestHostHeader(t *testing.T) {
	p, err := probe.NewHTTP(probe.HTTPOptions{})
	if err != nil {
		t.Fatal(err)
	}
	hosts := make(chan string, 1)
	say := func(c net.Conn) {
		for line := range strings.SplitSeq(question(c), "\r\n") {
			if host, ok := strings.CutPrefix(line, "Host: "); ok {
				hosts <- host
			}
		}
		_, _ = io.WriteString(c, "HTTP/1.1 200 OK\r\nContent-Length: 15\r\n\r\n{\"status\":\"UP\"}")
	}
	address := probetest.Raw(t, say)
	var lc net.ListenConfig
	socket, err := lc.Listen(t.Context(), "unix", filepath.Join(t.TempDir(), "s"))
	if err != nil {
		t.Fatal(err)
	}
	probetest.RawOn(t, socket, say)
	targets := map[string]probe.Target{
		address:              health(address),
		"order.example":      {Kind: probe.HTTP, Address: address, Host: "order.example", Path: "/", Named: true},
		"order.example:8080": {Kind: probe.HTTP, Address: address, Host: "order.example:8080", Path: "/", Named: true},
		"localhost":          {Kind: probe.HTTP, Network: "unix", Address: socket.Addr().String(), Path: "/", Named: true},
	}
	if six, err := lc.Listen(t.Context(), "tcp6", "[::1]:0"); err == nil {
		probetest.RawOn(t, six, say)
		_, port, _ := net.SplitHostPort(six.Addr().String())
		targets["[::1]:"+port] = health("[::1%lo]:" + port) // the zone means something here only
	}
	for want, target := range targets {
		r := probed(t, p, target, 5*time.Second)
		if r.Outcome != probe.Pass {
			t.Errorf("%s: got %s (%s) %q", target, r.Outcome, r.Reason, r.Detail)
			continue
		}
		if got := <-hosts; got != want {
			t.Errorf("%s: Host is %q, want %q", target, got, want)
		}
	}
}

// TestClientWithoutTransport uses that of net/http, and no client leads to a
// socket.
func TestClientWithoutTransport(t *testing.T) {
	p, err := probe.NewHTTP(probe.HTTPOptions{Client: &http.Client{}})
	if err != nil {
		t.Fatal(err)
	}
	address := answering(t, "HTTP/1.1 200 OK\r\nContent-Length: 15\r\nConnection: close\r\n\r\n{\"status\":\"UP\"}")
	if r := probed(t, p, health(address), 5*time.Second); r.Outcome != probe.Pass {
		t.Errorf("got %s (%s) %q", r.Outcome, r.Reason, r.Detail)
	}
	r := probed(t, p, probe.Target{Kind: probe.HTTP, Network: "unix", Address: "/run/a.sock", Path: "/"}, 5*time.Second)
	if r.Outcome != probe.Unknown || r.Reason != probe.ReasonInternal || !strings.Contains(r.Detail, "socket") {
		t.Errorf("got %s (%s) %q", r.Outcome, r.Reason, r.Detail)
	}
}

// TestHeadersAreChecked before anything is asked, and secrets stay secret.
func TestHeadersAreChecked(t *testing.T) {
	for name, value := range map[string]string{"Authorization": "Bearer s3cret\r\nX-Admin: yes", "Bad Name": "s3cret", "X-\n": "s3cret", "": "s3cret", "X": "s3cret\x00"} {
		_, err := probe.NewHTTP(probe.HTTPOptions{Headers: http.Header{name: {value}}})
		if err == nil || strings.Contains(err.Error(), "s3cret") {
			t.Errorf("%q: %v", name, err)
		}
	}
}

// TestPhasesOverTLS: each in its order, on the way of our own.
func TestPhasesOverTLS(t *testing.T) {
	ca := probetest.NewCA(t)
	cert := ca.Cert(t, time.Now().Add(-day), time.Now().Add(90*day), "localhost")
	ln := probetest.Listen(t)
	serve(t, ln, &cert, func(w http.ResponseWriter, r *http.Request) {
		<-time.After(80 * time.Millisecond)
		up(w, r)
		_ = http.NewResponseController(w).Flush()
		<-time.After(80 * time.Millisecond)
	})
	p, err := probe.NewHTTP(probe.HTTPOptions{TLS: &tls.Config{RootCAs: ca.Pool(), MinVersion: tls.VersionTLS12}, Slow: -1})
	if err != nil {
		t.Fatal(err)
	}
	_, port, _ := net.SplitHostPort(ln.Addr().String())
	r := probed(t, p, probe.Target{Kind: probe.HTTP, Scheme: "https", Address: "localhost:" + port, Path: "/", Named: true}, 20*time.Second)
	if r.Outcome != probe.Pass {
		t.Fatalf("got %s (%s) %q", r.Outcome, r.Reason, r.Detail)
	}
	var names []string
	took := map[string]time.Duration{}
	for _, ph := range r.Phases {
		names = append(names, ph.Name)
		took[ph.Name] = ph.Took
	}
	if want := []string{"resolve", "dial", "tls", "send", "wait", "body"}; !slices.Equal(names, want) {
		t.Errorf("phases %q, want %q", names, want)
	}
	if took["wait"] < 70*time.Millisecond || took["body"] < 70*time.Millisecond {
		t.Errorf("waited %s for the head and %s for the body", took["wait"], took["body"])
	}
	if !slices.ContainsFunc(r.Trace, func(s string) bool { return strings.Contains(s, "HTTP/2.0") }) {
		t.Errorf("not asked over HTTP/2: %q", r.Trace)
	}
}

// TestExcerpt explains what did not pass, and is not kept of what did.
func TestExcerpt(t *testing.T) {
	long := strings.Repeat("é", 300)
	for body, want := range map[string]string{
		`{"status":"UP"}`: "", `{"status":"DOWN"}`: `{"status":"DOWN"}`, `{"status":"odd"} `: `{"status":"odd"} `,
		`{"status":"DOWN","x":"` + long + `"}`: (`{"status":"DOWN","x":"` + long)[:200], "DOWN\n\xff": "DOWN\n\ufffd",
	} {
		both(t, probe.HTTPOptions{}, func(t *testing.T, p probe.Prober) {
			r := probed(t, p, health(answering(t, fmt.Sprintf("HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s", len(body), body))), 5*time.Second)
			if r.Excerpt != want {
				t.Errorf("%q: %s with excerpt %q, want %q", body, r.Outcome, r.Excerpt, want)
			}
		})
	}
}

// TestResultKeepsLittle: ten thousand of them are kept at once.
func TestResultKeepsLittle(t *testing.T) {
	p, err := probe.NewHTTP(probe.HTTPOptions{})
	if err != nil {
		t.Fatal(err)
	}
	r := probed(t, p, health(answering(t, "HTTP/1.1 200 OK\r\nContent-Length: 15\r\n\r\n{\"status\":\"UP\"}")), 5*time.Second)
	if cap(r.Phases) != len(r.Phases) || len(r.Phases) == 0 || r.Trace != nil || r.Excerpt != "" {
		t.Errorf("%d phases in the room of %d, %d steps, excerpt %q", len(r.Phases), cap(r.Phases), len(r.Trace), r.Excerpt)
	}
}

// TestAttemptsUnderTheCallersEnd: no attempt is given more than is left of it.
func TestAttemptsUnderTheCallersEnd(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithTimeout(t.Context(), 1500*time.Millisecond)
		defer cancel()
		s := &script{steps: []step{{after: time.Hour}}}
		r := (&probe.Attempts{Prober: s}).Probe(ctx, probe.Target{})
		if r.Attempts != 1 || s.given[0] != 1500*time.Millisecond || r.Took != 1500*time.Millisecond || r.Reason != probe.ReasonTimeout {
			t.Errorf("%d attempts, given %v, took %s: %s (%s)", r.Attempts, s.given, r.Took, r.Outcome, r.Reason)
		}
	})
}

// TestPoolPutsBack what was taken and waited for its turn when the end came.
func TestPoolPutsBack(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithTimeout(t.Context(), 2500*time.Millisecond)
		defer cancel()
		var ran atomic.Int64
		var jobs []probe.Job
		for i := range 20 {
			jobs = append(jobs, probe.Job{Host: fmt.Sprint(i % 2), Do: func(context.Context) []probe.Job { ran.Add(1); return nil }})
		}
		left := probe.Pool{Parallel: 4, PerHost: 2, QPS: 1}.Run(ctx, jobs)
		if ran.Load() != 3 || len(left) != 17 {
			t.Errorf("ran %d and left %d of 20 at one a second", ran.Load(), len(left))
		}
	})
}
