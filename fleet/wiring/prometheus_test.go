package wiring_test

import (
	"compress/gzip"
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/midwatch-cli/midwatch/fleet"
	"github.com/midwatch-cli/midwatch/fleet/config"
	"github.com/midwatch-cli/midwatch/fleet/metrics"
	"github.com/midwatch-cli/midwatch/fleet/wiring"
	"github.com/midwatch-cli/midwatch/probe"
)

const upIsOne = `{"status":"success","data":{"resultType":"vector","result":[{"metric":{"__name__":"up"},"value":[1,"1"]}]}}`

func prometheus(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, upIsOne) }

// fleetWith opens a context without registries that has a Prometheus server.
func fleetWith(t *testing.T, s wiring.Settings, at config.Prometheus, profiles map[string]fleet.Profile) *wiring.Fleet {
	t.Helper()
	f, err := wiring.Open(t.Context(), config.Context{Prometheus: at}, profiles, s)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = f.Close() })
	return f
}

// up asks the server of a context.
func up(t *testing.T, f *wiring.Fleet) error {
	t.Helper()
	q, has, err := f.Prometheus()
	if !has {
		t.Fatal("it has no Prometheus")
	}
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
	defer cancel()
	a, err := q.Query(ctx, metrics.Question{Expr: "up"})
	if err == nil && (len(a.Series) != 1 || a.Series[0].Points[0].V != 1) {
		t.Errorf("%+v", a)
	}
	return err
}

func TestPrometheusIsAskedAsItsProfileSays(t *testing.T) {
	far := record(t, prometheus)
	ca := newAuthority(t)
	ca.issue(t, "client", clientCertificate())
	mutual := recordTLS(t, ca.server(t, "", time.Time{}, true), prometheus)
	tokens := record(t, token)
	all := proving()
	withCA := fleet.TLSSettings{CA: ca.file("ca.pem")}
	all["anonymous"] = fleet.Profile{Name: "anonymous", TLS: withCA}
	withCA.Cert, withCA.Key = ca.file("client.pem"), ca.file("client.key")
	all["certificate"] = fleet.Profile{Name: "certificate", TLS: withCA}
	all["tenant"] = fleet.Profile{Name: "tenant", Extends: "basic", Headers: map[string]fleet.Header{"X-Scope-OrgID": {Text: "shop|payments"}}}
	all["oauth"] = oauth("oauth", tokens.URL+"/token")
	all["proxied"] = fleet.Profile{Name: "proxied", Extends: "bearer", Proxy: forwarder(t).URL}
	basic := "Basic " + base64.StdEncoding.EncodeToString([]byte("midwatch:"+secrets["PASSWORD"]))
	for _, c := range []struct {
		profile string
		far     *recorder
		want    map[string]string // headers; nil: it is refused
	}{
		{"", far, map[string]string{"Authorization": "", "User-Agent": "midwatch/test", "Accept-Encoding": "gzip", "Content-Type": "application/x-www-form-urlencoded"}},
		{"plain", far, map[string]string{"Authorization": "", "X-Team": "shop"}},
		{"basic", far, map[string]string{"Authorization": basic}},
		{"bearer", far, map[string]string{"Authorization": "Bearer " + secrets["TOKEN"]}},
		{"header", far, map[string]string{"X-Api-Key": secrets["KEY"]}},
		{"tenant", far, map[string]string{"Authorization": basic, "X-Scope-Orgid": "shop|payments"}},
		{"oauth", far, map[string]string{"Authorization": "Bearer granted-health"}},
		{"proxied", far, map[string]string{"Authorization": "Bearer " + secrets["TOKEN"]}},
		{"certificate", mutual, map[string]string{"Authorization": ""}},
		{"anonymous", mutual, nil},
		{"", mutual, nil},
	} {
		t.Run(c.profile, func(t *testing.T) {
			c.far.taken()
			err := up(t, fleetWith(t, settings(), config.Prometheus{URL: c.far.URL + "/base", Profile: c.profile}, all))
			if c.want == nil {
				if reason, _ := fleet.ReasonOf(err); err == nil || !fleet.IsReason(string(reason)) {
					t.Errorf("%q: %v", reason, err)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			req := c.far.one(t)
			if req.URL.Path != "/base/api/v1/query" || req.Method != http.MethodPost {
				t.Errorf("%s %s", req.Method, req.URL)
			}
			for name, want := range c.want {
				if got := req.Header.Get(name); got != want {
					t.Errorf("%s: %q, want %q", name, got, want)
				}
			}
		})
	}
}

// TestPrometheusOfAFlag: it wins, and is sent credentials only where they were
// meant for.
func TestPrometheusOfAFlag(t *testing.T) {
	far, other := record(t, prometheus), record(t, prometheus)
	configured := config.Prometheus{URL: far.URL, Profile: "bearer"}
	for _, c := range []struct {
		flag string
		far  *recorder
		want string
	}{
		{"", far, "Bearer " + secrets["TOKEN"]},
		{far.URL + "/base", far, "Bearer " + secrets["TOKEN"]},
		{other.URL, other, ""},
	} {
		s := settings()
		s.Prometheus = c.flag
		if err := up(t, fleetWith(t, s, configured, proving())); err != nil {
			t.Fatal(err)
		}
		if got := c.far.one(t).Header.Get("Authorization"); got != c.want {
			t.Errorf("%q: Authorization is %q, want %q", c.flag, got, c.want)
		}
	}
	if len(far.taken())+len(other.taken()) != 0 {
		t.Error("another one was asked as well")
	}
	s := settings()
	s.Prometheus = other.URL
	if err := up(t, fleetWith(t, s, config.Prometheus{}, nil)); err != nil {
		t.Error(err)
	}
}

func TestPrometheusThatCannotBe(t *testing.T) {
	for name, c := range map[string]struct {
		at   config.Prometheus
		want string
	}{
		"no URL":      {config.Prometheus{URL: "ftp://h"}, "http://"},
		"a password":  {config.Prometheus{URL: "http://u:" + secrets["PASSWORD"] + "@h"}, "credentials in a URL are refused"},
		"no profile":  {config.Prometheus{URL: "http://h", Profile: "nosuch"}, `no profile "nosuch"`},
		"no secret":   {config.Prometheus{URL: "http://h", Profile: "secretless"}, `profile "secretless"`},
		"no file":     {config.Prometheus{URL: "http://h", Profile: "fileless"}, "tls.ca"},
		"no such key": {config.Prometheus{URL: "http://h", Profile: "keyless"}, "tls.cert"},
	} {
		t.Run(name, func(t *testing.T) {
			err := up(t, fleetWith(t, settings(), c.at, map[string]fleet.Profile{
				"secretless": {Name: "secretless", Auth: fleet.Auth{Bearer: fleet.SecretRef{Env: "NOSUCH"}}},
				"fileless":   {Name: "fileless", TLS: fleet.TLSSettings{CA: "/nonexistent/ca.pem"}},
				"keyless":    {Name: "keyless", TLS: fleet.TLSSettings{Cert: "/nonexistent/c.pem", Key: "/nonexistent/k.pem"}},
			}))
			var e *fleet.Error
			if !errors.As(err, &e) || e.Reason != probe.ReasonPolicy || !strings.Contains(e.Detail, c.want) {
				t.Errorf("%T: %v", err, err)
			}
			noSecret(t, fmt.Sprint(err)+fleet.HintOf(err))
		})
	}
	if q, has, err := fleetWith(t, settings(), config.Prometheus{}, nil).Prometheus(); q != nil || has || err != nil {
		t.Errorf("nobody named one, and there is %v, %v, %v", q, has, err)
	}
}

// TestPrometheusThatRepeats: what proves who we are is in no error, though the
// server says it, compressed or not.
func TestPrometheusThatRepeats(t *testing.T) {
	for name, h := range map[string]http.HandlerFunc{
		"as an error of the API": func(w http.ResponseWriter, r *http.Request) {
			w.WriteHeader(http.StatusInternalServerError)
			fmt.Fprintf(w, `{"status":"error","errorType":"internal","error":"seen: %s"}`, r.Header.Get("Authorization"))
		},
		"as a warning, gzipped": func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Content-Encoding", "gzip")
			z := gzip.NewWriter(w)
			fmt.Fprintf(z, `{"status":"success","warnings":[%q],"data":{"resultType":"vector","result":[]}}`, r.Header.Get("Authorization"))
			_ = z.Close()
		},
		"as a page": func(w http.ResponseWriter, r *http.Request) {
			fmt.Fprintf(w, "you are %s", r.Header.Get("Authorization"))
		},
	} {
		t.Run(name, func(t *testing.T) {
			far := record(t, h)
			q, _, err := fleetWith(t, settings(), config.Prometheus{URL: far.URL, Profile: "bearer"}, proving()).Prometheus()
			if err != nil {
				t.Fatal(err)
			}
			a, err := q.Query(t.Context(), metrics.Question{Expr: "up"})
			if got := far.one(t).Header.Get("Authorization"); got == "" {
				t.Error("no credential was sent: the test says nothing")
			}
			noSecret(t, fmt.Sprint(a, err, fleet.HintOf(err)))
		})
	}
}

// TestPrometheusThroughTheEnvironmentsProxy. The address is one that Go asks
// through a proxy, unlike 127.0.0.1.
func TestPrometheusThroughTheEnvironmentsProxy(t *testing.T) {
	far, proxy := record(t, prometheus), forwarder(t)
	for _, name := range []string{"HTTP_PROXY", "http_proxy"} {
		t.Setenv(name, proxy.URL)
	}
	t.Setenv("NO_PROXY", "")
	t.Setenv("no_proxy", "")
	_, port, _ := strings.Cut(far.addr(), ":")
	if err := up(t, fleetWith(t, settings(), config.Prometheus{URL: "http://0.0.0.0:" + port, Profile: "bearer"}, proving())); err != nil {
		t.Fatal(err)
	}
	proxy.one(t)
	far.one(t)
}
