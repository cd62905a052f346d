package wiring_test

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/midwatch-cli/midwatch/fleet"
	"github.com/midwatch-cli/midwatch/probe"
)

// The profiles of tests, one for each way to prove who we are.
func proving() map[string]fleet.Profile {
	return map[string]fleet.Profile{
		"basic":  {Name: "basic", Auth: fleet.Auth{BasicUser: "midwatch", BasicPassword: fleet.SecretRef{Env: "PASSWORD"}}},
		"bearer": {Name: "bearer", Auth: fleet.Auth{Bearer: fleet.SecretRef{Env: "TOKEN"}}},
		"header": {Name: "header", Headers: map[string]fleet.Header{"X-Api-Key": {Ref: fleet.SecretRef{Env: "KEY"}}, "X-Team": {Text: "shop"}}},
		"plain":  {Name: "plain", Headers: map[string]fleet.Header{"X-Team": {Text: "shop"}}},
	}
}

func TestCredentialsGoOnlyWhereTheyMay(t *testing.T) {
	far := record(t, nil)
	basic := "Basic " + base64.StdEncoding.EncodeToString([]byte("midwatch:"+secrets["PASSWORD"]))
	for _, c := range []struct {
		profile     string
		credentials bool
		want        map[string]string // empty: it must not be there
	}{
		{"basic", true, map[string]string{"Authorization": basic}},
		{"basic", false, map[string]string{"Authorization": ""}},
		{"bearer", true, map[string]string{"Authorization": "Bearer " + secrets["TOKEN"]}},
		{"bearer", false, map[string]string{"Authorization": ""}},
		{"header", true, map[string]string{"Authorization": "", "X-Api-Key": secrets["KEY"], "X-Team": "shop"}},
		{"header", false, map[string]string{"X-Api-Key": "", "X-Team": "shop"}},
		{"plain", false, map[string]string{"X-Team": "shop", "User-Agent": "midwatch/test"}},
		{"", true, map[string]string{"Authorization": "", "X-Team": ""}},
	} {
		t.Run(fmt.Sprintf("%s %v", c.profile, c.credentials), func(t *testing.T) {
			f := open(t, settings(), proving()[c.profile])
			says(t, ask(t, f, c.profile, c.credentials, web(far.addr(), "/health")), probe.Pass, "")
			req := far.one(t)
			for name, want := range c.want {
				if got := req.Header.Get(name); got != want {
					t.Errorf("%s: %q, want %q", name, got, want)
				}
			}
		})
	}
}

// TestNoSecretIsLookedForInVain: where credentials must not go, they are not
// even fetched.
func TestNoSecretIsLookedForInVain(t *testing.T) {
	far := record(t, nil)
	s := settings()
	s.Secret = func(context.Context, fleet.SecretRef) (fleet.Secret, error) {
		t.Error("a secret was looked for")
		return fleet.Secret{}, errors.New("no")
	}
	for name, p := range proving() {
		says(t, ask(t, open(t, s, p), name, false, web(far.addr(), "/health")), probe.Pass, "")
	}
}

// TestRedirectsCarryNothingAway: another host is not asked at all; another path
// of the same one is, with the credentials.
func TestRedirectsCarryNothingAway(t *testing.T) {
	elsewhere := record(t, nil)
	var to atomic.Value
	handler := func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/health" {
			http.Redirect(w, r, to.Load().(string), http.StatusFound)
			return
		}
		fmt.Fprint(w, `{"status":"UP"}`)
	}
	ca := newAuthority(t)
	overTLS := recordTLS(t, ca.server(t, "", time.Time{}, false), handler)
	plain := record(t, handler)
	proxied := fleet.Profile{Name: "proxied", Proxy: forwarder(t).URL, Auth: fleet.Auth{Bearer: fleet.SecretRef{Env: "TOKEN"}}}
	secured := fleet.Profile{Name: "secured", TLS: fleet.TLSSettings{CA: ca.file("ca.pem")}, Auth: fleet.Auth{Bearer: fleet.SecretRef{Env: "TOKEN"}}}
	f := open(t, settings(), proving()["bearer"], proxied, secured)
	for name, c := range map[string]struct {
		far    *recorder
		target probe.Target
	}{
		"bearer":  {plain, web(plain.addr(), "/health")},
		"proxied": {plain, web(plain.addr(), "/health")},
		"secured": {overTLS, secure(overTLS.addr())},
	} {
		t.Run(name, func(t *testing.T) {
			to.Store(elsewhere.URL + "/health")
			says(t, ask(t, f, name, true, c.target), probe.Unknown, probe.ReasonRedirect)
			if n := len(elsewhere.taken()); n != 0 {
				t.Errorf("another host was asked %d times", n)
			}
			c.far.taken()
			to.Store("/ready")
			says(t, ask(t, f, name, true, c.target), probe.Pass, "")
			seen := c.far.taken()
			if len(seen) != 2 || seen[1].URL.Path != "/ready" || seen[1].Header.Get("Authorization") != "Bearer "+secrets["TOKEN"] {
				t.Errorf("the same host: %d requests", len(seen))
			}
		})
	}
}

// forwarder is a proxy for plain HTTP.
func forwarder(t *testing.T) *recorder {
	t.Helper()
	forward := &httputil.ReverseProxy{
		Rewrite:   func(*httputil.ProxyRequest) {}, // who asks a proxy names the whole URL
		Transport: &http.Transport{DisableKeepAlives: true},
	}
	return record(t, forward.ServeHTTP)
}

func TestProxyOfAProfile(t *testing.T) {
	far, proxy := record(t, nil), record(t, nil)
	p := fleet.Profile{Name: "proxied", Proxy: proxy.URL, Auth: fleet.Auth{Bearer: fleet.SecretRef{Env: "TOKEN"}}}
	f := open(t, settings(), p)
	says(t, ask(t, f, "proxied", true, web(far.addr(), "/health")), probe.Pass, "")
	if n := len(far.taken()); n != 0 {
		t.Errorf("it was asked %d times past its proxy", n)
	}
	req := proxy.one(t)
	if req.URL.Host != far.addr() || req.Header.Get("Authorization") != "Bearer "+secrets["TOKEN"] {
		t.Errorf("the proxy was asked for %s", req.URL)
	}
	// What a proxy for HTTP cannot carry is not asked past it.
	for _, kind := range []probe.Kind{probe.GRPC, probe.TCP, probe.TLS} {
		says(t, ask(t, f, "proxied", true, probe.Target{Kind: kind, Address: far.addr()}), probe.Unknown, probe.ReasonPolicy, `profile "proxied"`, "proxy")
	}
	if n := len(far.taken()); n != 0 {
		t.Errorf("it was asked %d times past its proxy", n)
	}
	proxy.Close()
	// A proxy that is gone says nothing of the service.
	if r := ask(t, f, "proxied", true, web(far.addr(), "/health")); r.Outcome != probe.Unknown {
		t.Errorf("with a dead proxy: %v, %s: %s", r.Outcome, r.Reason, r.Detail)
	}
}

// TestTheEnvironmentsProxiesAreNotForInstances. The address is one that Go
// would ask through a proxy, unlike 127.0.0.1.
func TestTheEnvironmentsProxiesAreNotForInstances(t *testing.T) {
	far, proxy := record(t, nil), record(t, nil)
	for _, name := range []string{"HTTP_PROXY", "http_proxy", "HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy"} {
		t.Setenv(name, proxy.URL)
	}
	t.Setenv("NO_PROXY", "")
	t.Setenv("no_proxy", "")
	_, port, _ := strings.Cut(far.addr(), ":")
	wild := "0.0.0.0:" + port
	tokens := record(t, token)
	_, tokenPort, _ := strings.Cut(tokens.addr(), ":")
	f := open(t, settings(), proving()["bearer"], oauth("oauth", "http://0.0.0.0:"+tokenPort+"/token"))
	for _, name := range []string{"", "bearer", "oauth"} {
		says(t, ask(t, f, name, true, web(wild, "/health")), probe.Pass, "")
		far.one(t)
	}
	if n := len(proxy.taken()); n != 0 {
		t.Errorf("the environment's proxy was asked %d times", n)
	}
}

func TestSlowStrictAndAttempts(t *testing.T) {
	yes := true
	slowly := func(w http.ResponseWriter, r *http.Request) {
		timer := time.NewTimer(60 * time.Millisecond)
		defer timer.Stop()
		select {
		case <-timer.C:
		case <-r.Context().Done():
		}
		fmt.Fprint(w, `{"status":"UP"}`)
	}
	ill := func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/vnd.spring-boot.actuator.v3+json")
		fmt.Fprint(w, `{"status":"UP","components":{"db":{"status":"DOWN"}}}`)
	}
	for _, c := range []struct {
		name    string
		profile fleet.Profile
		slow    time.Duration // the flag
		handler http.HandlerFunc
		outcome probe.Outcome
		reason  probe.Reason
	}{
		{"quick enough", fleet.Profile{}, 0, slowly, probe.Pass, ""},
		{"slower than the profile's limit", fleet.Profile{Slow: 20 * time.Millisecond}, 0, slowly, probe.Warn, probe.ReasonSlow},
		{"the flag is stricter", fleet.Profile{Slow: 5 * time.Second}, 20 * time.Millisecond, slowly, probe.Warn, probe.ReasonSlow},
		{"the flag is more patient", fleet.Profile{Slow: 20 * time.Millisecond}, 5 * time.Second, slowly, probe.Pass, ""},
		{"a component is shown", fleet.Profile{}, 0, ill, probe.Pass, ""},
		{"a component counts", fleet.Profile{Strict: &yes}, 0, ill, probe.Warn, probe.ReasonComponent},
	} {
		t.Run(c.name, func(t *testing.T) {
			far := record(t, c.handler)
			s := settings()
			s.Slow = c.slow
			c.profile.Name = "p"
			says(t, ask(t, open(t, s, c.profile), "p", false, web(far.addr(), "/health")), c.outcome, c.reason)
		})
	}
	s := settings()
	s.Attempts = 3
	if r := ask(t, open(t, s), "", false, web(closed(t), "/health")); r.Attempts != 3 || r.Reason != probe.ReasonRefused {
		t.Errorf("%d attempts: %s", r.Attempts, r.Detail)
	}
}

// closed is an address at which nobody listens any more.
func closed(t *testing.T) string {
	t.Helper()
	s := httptest.NewServer(http.NotFoundHandler())
	defer s.Close()
	return s.Listener.Addr().String()
}

// TestWhatCannotBeMadeAnswersWithWhy: nothing is asked in another way than the
// profile wants.
func TestWhatCannotBeMadeAnswersWithWhy(t *testing.T) {
	far := record(t, nil)
	junk := t.TempDir() + "/junk.pem"
	write(t, junk, []byte("no certificate"))
	for name, c := range map[string]struct {
		profile fleet.Profile
		words   []string
	}{
		"missing CA":            {fleet.Profile{TLS: fleet.TLSSettings{CA: "/nowhere/ca.pem"}}, []string{"tls.ca", "/nowhere/ca.pem", "no such file"}},
		"CA that is none":       {fleet.Profile{TLS: fleet.TLSSettings{CA: junk}}, []string{"tls.ca", junk, "holds no certificate"}},
		"missing certificate":   {fleet.Profile{TLS: fleet.TLSSettings{Cert: "/nowhere/c.pem", Key: "/nowhere/c.key"}}, []string{"tls.cert", "/nowhere/c.pem"}},
		"missing secret":        {fleet.Profile{Auth: fleet.Auth{Bearer: fleet.SecretRef{Env: "NOT_THERE"}}}, []string{"env:NOT_THERE", "not set"}},
		"missing password":      {fleet.Profile{Auth: fleet.Auth{BasicUser: "a", BasicPassword: fleet.SecretRef{Env: "NOT_THERE"}}}, []string{"env:NOT_THERE"}},
		"missing header":        {fleet.Profile{Headers: map[string]fleet.Header{"X-Key": {Ref: fleet.SecretRef{File: "/nowhere/key"}}}}, []string{"file:/nowhere/key"}},
		"missing OAuth2":        {fleet.Profile{Auth: fleet.Auth{OAuth2: &fleet.OAuth2{ClientID: "a", TokenURL: "http://127.0.0.1:1", ClientSecret: fleet.SecretRef{Env: "NOT_THERE"}}}}, []string{"env:NOT_THERE"}},
		"header not to be sent": {fleet.Profile{Headers: map[string]fleet.Header{"X-Bad": {Text: "a\r\nb"}}}, []string{"X-Bad"}},
	} {
		t.Run(name, func(t *testing.T) {
			c.profile.Name = "shop"
			f := open(t, settings(), c.profile)
			for _, kind := range []probe.Kind{probe.HTTP, probe.GRPC, probe.TCP, probe.TLS} {
				target := probe.Target{Kind: kind, Address: far.addr(), Path: "/health", Named: true}
				r := ask(t, f, "shop", true, target)
				says(t, r, probe.Unknown, probe.ReasonPolicy, append(c.words, `profile "shop": `)...)
				if r.Target != target || strings.Count(r.Detail, "profile") != 1 {
					t.Errorf("%+v", r)
				}
			}
			if n := len(far.taken()); n != 0 {
				t.Errorf("it was asked %d times all the same", n)
			}
		})
	}
}

// TestASecretThatComesLater: a long watch does not stay unable for ever, and
// does not look at every question either.
func TestASecretThatComesLater(t *testing.T) {
	far := record(t, nil)
	s := settings()
	var looked, there atomic.Int64
	s.Secret = func(ctx context.Context, ref fleet.SecretRef) (fleet.Secret, error) {
		looked.Add(1)
		if there.Load() == 0 {
			return fleet.Secret{}, errors.New("not yet")
		}
		return resolve(ctx, ref)
	}
	now := time.Unix(1000, 0)
	s.Now = func() time.Time { return now }
	f := open(t, s, proving()["bearer"])
	for range 5 {
		says(t, ask(t, f, "bearer", true, web(far.addr(), "/health")), probe.Unknown, probe.ReasonPolicy, "not yet")
	}
	there.Store(1)
	now = now.Add(time.Minute)
	for range 5 {
		says(t, ask(t, f, "bearer", true, web(far.addr(), "/health")), probe.Pass, "")
	}
	if n := looked.Load(); n != 2 {
		t.Errorf("it was looked for %d times, want once and once again", n)
	}
}

// TestOneSecretDoesNotHoldTheOthers is a bug that was: while a program was
// asked for one profile's secret, no other profile could ask anything.
func TestOneSecretDoesNotHoldTheOthers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := settings()
		asked, release := make(chan struct{}), make(chan struct{})
		s.Secret = func(ctx context.Context, ref fleet.SecretRef) (fleet.Secret, error) {
			if ref.Env == "KEY" {
				close(asked) // once: those who want the same wait for it
				<-release
			}
			return resolve(ctx, ref)
		}
		f := open(t, s, proving()["header"], proving()["bearer"])
		probers := f.Sweeper().Prober
		var slow sync.WaitGroup
		for range 3 {
			slow.Go(func() { probers("header", true) })
		}
		<-asked
		quick := make(chan struct{})
		go func() {
			defer close(quick)
			probers("bearer", true)
			probers("header", false)
		}()
		select {
		case <-quick:
		case <-time.After(time.Second):
			t.Error("the others are held")
		}
		close(release)
		slow.Wait()
		<-quick
	})
}

// TestProbersAreKept: one for a profile, whoever sweeps.
func TestProbersAreKept(t *testing.T) {
	f := open(t, settings(), proving()["bearer"])
	first, second := f.Sweeper(), f.Sweeper()
	n := testing.AllocsPerRun(100, func() {
		first.Prober("bearer", true)
		second.Prober("bearer", true)
	})
	if n > 4 {
		t.Errorf("%v allocations for a prober that is there", n)
	}
}
