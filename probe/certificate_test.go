package probe_test

import (
	"crypto/tls"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/midwatch-cli/midwatch/probe"
	"github.com/midwatch-cli/midwatch/probe/probetest"
)

const day = 24 * time.Hour

// TestExpiry: the same certificate over TLS alone and under HTTPS.
func TestExpiry(t *testing.T) {
	ca := probetest.NewCA(t)
	for _, c := range []struct {
		name       string
		left       time.Duration
		warn, fail int
		body       string
		outcome    probe.Outcome
		reason     probe.Reason
		detail     string
	}{
		{"long", 90 * day, 30, 7, `{"status":"UP"}`, probe.Pass, "", ""},
		{"nobody minds", day, 0, 0, `{"status":"UP"}`, probe.Pass, "", ""},
		{"soon", 20*day + time.Hour, 30, 7, `{"status":"UP"}`, probe.Warn, probe.ReasonExpiring, "in 20 days"},
		{"very soon", 3*day + time.Hour, 30, 7, `{"status":"UP"}`, probe.Fail, probe.ReasonExpiring, "in 3 days"},
		{"only a warning", 3*day + time.Hour, 30, 0, `{"status":"UP"}`, probe.Warn, probe.ReasonExpiring, "in 3 days"},
		{"soon, and down", 20 * day, 30, 7, `{"status":"DOWN"}`, probe.Fail, probe.ReasonReported, ""},
		{"very soon, and nobody knows", 3*day + time.Hour, 30, 7, `{"status":"FROBNICATED"}`, probe.Fail, probe.ReasonExpiring, "in 3 days"},
		{"soon, and nobody knows", 20 * day, 30, 7, `{"status":"FROBNICATED"}`, probe.Unknown, probe.ReasonReported, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			cert := ca.Cert(t, time.Now().Add(-day), time.Now().Add(c.left), "localhost")
			ln := probetest.Listen(t)
			serve(t, ln, &cert, func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte(c.body)) })
			trust := &tls.Config{RootCAs: ca.Pool(), MinVersion: tls.VersionTLS12}
			p, err := probe.NewHTTP(probe.HTTPOptions{TLS: trust, WarnDays: c.warn, FailDays: c.fail})
			if err != nil {
				t.Fatal(err)
			}
			target := probe.Target{Kind: probe.HTTP, Scheme: "https", Address: ln.Addr().String(), Host: "localhost", Path: "/", Named: true}
			r := probed(t, p, target, 5*time.Second)
			if r.Outcome != c.outcome || r.Reason != c.reason || !strings.Contains(r.Detail, c.detail) || !r.Expires.Equal(cert.Leaf.NotAfter) {
				t.Errorf("got %s (%s) %q, ends %s; want %s (%s) %q", r.Outcome, r.Reason, r.Detail, r.Expires, c.outcome, c.reason, c.detail)
			}
			if c.body != `{"status":"UP"}` {
				return
			}
			target.Kind, target.Scheme = probe.TLS, ""
			if r := probed(t, probe.TLSProber{Config: trust, WarnDays: c.warn, FailDays: c.fail}, target, 5*time.Second); r.Outcome != c.outcome || r.Reason != c.reason {
				t.Errorf("TLS alone: got %s (%s) %q", r.Outcome, r.Reason, r.Detail)
			}
		})
	}
}

// TestVerificationOff: what nobody wanted verified is at best a warning, with
// the fault that verifying would have found (recording tls-expired-insecure).
func TestVerificationOff(t *testing.T) {
	ca := probetest.NewCA(t)
	for _, c := range []struct {
		name     string
		from, to time.Duration
		host     string
		ca       *probetest.CA
		outcome  probe.Outcome
		reason   probe.Reason
		part     string
	}{
		{"right all the same", -day, day, "localhost", ca, probe.Pass, "", ""},
		{"expired", -9 * day, -day, "localhost", ca, probe.Warn, probe.ReasonCertificate, "verification is off: its certificate ended"},
		{"another name", -day, day, "other.example", ca, probe.Warn, probe.ReasonCertificate, "verification is off: its certificate is for other.example"},
		{"nobody's", -day, day, "localhost", probetest.NewCA(t), probe.Warn, probe.ReasonUntrusted, "verification is off: its certificate is signed by nobody we trust"},
	} {
		t.Run(c.name, func(t *testing.T) {
			cert := c.ca.Cert(t, time.Now().Add(c.from), time.Now().Add(c.to), c.host)
			ln := probetest.Listen(t)
			serve(t, ln, &cert, up)
			p, err := probe.NewHTTP(probe.HTTPOptions{TLS: &tls.Config{RootCAs: ca.Pool(), InsecureSkipVerify: true}}) // the case
			if err != nil {
				t.Fatal(err)
			}
			r := probed(t, p, probe.Target{Kind: probe.HTTP, Scheme: "https", Address: ln.Addr().String(), Host: "localhost", Named: true}, 5*time.Second)
			if r.Outcome != c.outcome || r.Reason != c.reason || !strings.Contains(r.Detail, c.part) {
				t.Errorf("got %s (%s) %q", r.Outcome, r.Reason, r.Detail)
			}
		})
	}
}

// TestServerNames: a profile's server name wins over the target's, and that
// over the address; HTTP/2 is spoken where it is offered.
func TestServerNames(t *testing.T) {
	ca := probetest.NewCA(t)
	cert := ca.Cert(t, time.Now().Add(-day), time.Now().Add(day), "order.example")
	ln := probetest.Listen(t)
	hosts := make(chan string, 9)
	serve(t, ln, &cert, func(w http.ResponseWriter, r *http.Request) {
		hosts <- r.Host + " " + r.Proto
		up(w, r)
	})
	for _, c := range []struct{ host, name, want string }{
		{"order.example", "", "order.example HTTP/2.0"},
		{"order.example:443", "", "order.example:443 HTTP/2.0"},
		{"inner", "order.example", "inner HTTP/2.0"},
		{"", "order.example", ln.Addr().String() + " HTTP/2.0"},
	} {
		p, err := probe.NewHTTP(probe.HTTPOptions{TLS: &tls.Config{RootCAs: ca.Pool(), ServerName: c.name, MinVersion: tls.VersionTLS12}})
		if err != nil {
			t.Fatal(err)
		}
		r := probed(t, p, probe.Target{Kind: probe.HTTP, Scheme: "https", Address: ln.Addr().String(), Host: c.host, Path: "/health"}, 5*time.Second)
		if r.Outcome != probe.Pass {
			t.Errorf("%+v: got %s (%s) %q", c, r.Outcome, r.Reason, r.Detail)
			continue
		}
		if got := <-hosts; got != c.want {
			t.Errorf("%+v: it was asked as %q", c, got)
		}
		if trace := strings.Join(r.Trace, "\n"); !strings.Contains(trace, "TLS 1.3 to order.example h2") {
			t.Errorf("the trace says %q", trace)
		}
	}
}

// TestProxy: what a proxy does on the way is not the service's.
func TestProxy(t *testing.T) {
	ask := func(t *testing.T, proxy string) probe.Result {
		u, err := url.Parse(proxy)
		if err != nil {
			t.Fatal(err)
		}
		tr := &http.Transport{Proxy: http.ProxyURL(u), DisableKeepAlives: true}
		p, err := probe.NewHTTP(probe.HTTPOptions{Client: &http.Client{Transport: tr}})
		if err != nil {
			t.Fatal(err)
		}
		return probed(t, p, health("10.255.255.1:80"), 5*time.Second)
	}
	if r := ask(t, "http://"+probetest.ClosedPort(t)); r.Outcome != probe.Unknown || r.Reason != probe.ReasonNoRoute || !strings.Contains(r.Detail, "the proxy") {
		t.Errorf("a proxy that is away: got %s (%s) %q", r.Outcome, r.Reason, r.Detail)
	}
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.RequestURI != "http://10.255.255.1:80/health" {
			t.Errorf("the proxy was asked for %q", r.RequestURI)
		}
		w.WriteHeader(http.StatusBadGateway)
	}))
	defer srv.Close()
	if r := ask(t, srv.URL); r.Outcome != probe.Fail || r.Reason != probe.ReasonGateway {
		t.Errorf("a proxy that cannot reach it: got %s (%s) %q", r.Outcome, r.Reason, r.Detail)
	}
}

// tokens is a transport that fetches a token of its own first, as OAuth2 does.
type tokens struct{ from string }

func (s tokens) RoundTrip(r *http.Request) (*http.Response, error) {
	req, err := http.NewRequestWithContext(r.Context(), http.MethodGet, s.from, nil)
	if err != nil {
		return nil, err
	}
	resp, err := (&http.Client{Transport: &http.Transport{DisableKeepAlives: true}}).Do(req)
	if err != nil {
		return nil, err
	}
	defer resp.Body.Close()
	return nil, http.ErrNotSupported
}

// TestTokenServer: its failure is no failure of the instance.
func TestTokenServer(t *testing.T) {
	p, err := probe.NewHTTP(probe.HTTPOptions{Client: &http.Client{Transport: tokens{"http://" + probetest.ClosedPort(t)}}})
	if err != nil {
		t.Fatal(err)
	}
	r := probed(t, p, health("127.0.0.1:1"), 5*time.Second)
	if r.Outcome != probe.Unknown || r.Reason != probe.ReasonAuth || !strings.Contains(r.Detail, "cannot get a token") {
		t.Errorf("got %s (%s) %q", r.Outcome, r.Reason, r.Detail)
	}
}
