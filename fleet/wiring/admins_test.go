package wiring_test

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"net/http"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/midwatch-cli/midwatch/fleet"
	"github.com/midwatch-cli/midwatch/fleet/breaker"
	"github.com/midwatch-cli/midwatch/fleet/wiring"
	"github.com/midwatch-cli/midwatch/probe"
)

// plainAPI is an admin API whose only breaker bears the name that the far side
// answers; it is opened as often as opened says.
type plainAPI struct {
	opened  atomic.Int32
	options breaker.Options // of the last one
	fails   error
}

func (p *plainAPI) driver(name string) (*breaker.Driver, error) {
	if name != "plain" {
		return nil, &fleet.Error{Detail: fmt.Sprintf("there is no breaker API %q", name), Hint: "known are plain", Err: fleet.ErrNotFound}
	}
	return &breaker.Driver{Name: "plain", Schemes: []string{"http", "https", "tcp"}, Open: func(o breaker.Options) (breaker.Admin, error) {
		p.opened.Add(1)
		p.options = o
		return plainAdmin{o}, p.fails
	}}, nil
}

type plainAdmin struct{ o breaker.Options }

func (a plainAdmin) List(ctx context.Context, at breaker.Site) ([]fleet.Breaker, error) {
	ctx, cancel := context.WithTimeout(ctx, 5*time.Second)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, at.Base+"/breakers", nil)
	if err != nil {
		return nil, err
	}
	req.Header.Set("Accept", "text/plain")
	resp, err := a.o.Client.Do(req)
	if err != nil {
		return nil, err
	}
	defer func() { _ = resp.Body.Close() }()
	if resp.StatusCode != http.StatusOK {
		return nil, errors.New(resp.Status)
	}
	name, err := io.ReadAll(resp.Body)
	return []fleet.Breaker{fleet.NewBreaker(string(name), fleet.BreakerClosed)}, err
}

func (plainAdmin) Set(context.Context, breaker.Site, string, fleet.Order) (fleet.Breaker, error) {
	return fleet.Breaker{}, errors.ErrUnsupported
}
func (plainAdmin) Verbs() []fleet.Verb { return nil }

// list reads the breakers of a server by a profile.
func list(t *testing.T, f *wiring.Fleet, a fleet.Administration) ([]fleet.Breaker, error) {
	t.Helper()
	a.API = "plain"
	admin, err := f.Admin(a)
	if err != nil {
		return nil, err
	}
	return admin.List(t.Context(), breaker.Site{Base: a.Base})
}

func TestAdminsAskAsTheirProfilesSay(t *testing.T) {
	far := record(t, func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, "payment") })
	ca := newAuthority(t)
	overTLS := recordTLS(t, ca.server(t, "", time.Time{}, false), func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, "payment") })
	basic := "Basic " + base64.StdEncoding.EncodeToString([]byte("midwatch:"+secrets["PASSWORD"]))
	all := proving()
	all["tls"] = fleet.Profile{Name: "tls", TLS: fleet.TLSSettings{CA: ca.file("ca.pem")}, Auth: fleet.Auth{Bearer: fleet.SecretRef{Env: "TOKEN"}}}
	all["untrusting"] = fleet.Profile{Name: "untrusting"}
	all["proxied"] = fleet.Profile{Name: "proxied", Proxy: forwarder(t).URL, Auth: fleet.Auth{Bearer: fleet.SecretRef{Env: "TOKEN"}}}
	all["traced"] = fleet.Profile{Name: "traced", Headers: map[string]fleet.Header{"traceparent": {Text: "ours"}}}
	all["agent"] = fleet.Profile{Name: "agent", Headers: map[string]fleet.Header{"User-Agent": {Text: "other"}, "Accept": {Text: "everything"}}}
	for _, tt := range []struct {
		profile     string
		credentials bool
		far         *recorder
		want        map[string]string // headers; empty: it must not be there
	}{
		{"basic", true, far, map[string]string{"Authorization": basic, "User-Agent": "midwatch/test"}},
		{"basic", false, far, map[string]string{"Authorization": ""}},
		{"header", true, far, map[string]string{"X-Api-Key": secrets["KEY"], "X-Team": "shop"}},
		{"header", false, far, map[string]string{"X-Api-Key": "", "X-Team": "shop"}},
		{"tls", true, overTLS, map[string]string{"Authorization": "Bearer " + secrets["TOKEN"]}},
		{"untrusting", true, overTLS, nil},
		{"proxied", true, far, map[string]string{"Authorization": "Bearer " + secrets["TOKEN"]}},
		{"agent", false, far, map[string]string{"User-Agent": "other", "Accept": "text/plain"}},
		{"", true, far, map[string]string{"Authorization": ""}},
		{"traced", true, far, map[string]string{"Traceparent": "ours"}},
	} {
		t.Run(fmt.Sprintf("%s %v", tt.profile, tt.credentials), func(t *testing.T) {
			s := settings()
			s.Breakers = (&plainAPI{}).driver
			f := open(t, s, all[tt.profile])
			tt.far.taken()
			found, err := list(t, f, fleet.Administration{Profile: tt.profile, Base: tt.far.URL, Credentials: tt.credentials})
			if tt.want == nil {
				if reason, text := fleet.ReasonOf(err); reason != probe.ReasonUntrusted {
					t.Fatalf("reason %q: %s", reason, text)
				}
				return
			}
			if err != nil || len(found) != 1 || found[0].Name != "payment" {
				t.Fatalf("%v, %v", found, err)
			}
			req := tt.far.one(t)
			for name, want := range tt.want {
				if got := req.Header.Get(name); got != want {
					t.Errorf("%s: %q, want %q", name, got, want)
				}
			}
		})
	}
}

// TestFarSidesKnowWhatForAndThatItIsUs: what is asked for a change bears its id,
// and nothing of ours makes a trace.
func TestFarSidesKnowWhatForAndThatItIsUs(t *testing.T) {
	far := record(t, func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, "payment") })
	s := settings()
	s.Breakers = (&plainAPI{}).driver
	f := open(t, s)
	admin, err := f.Admin(fleet.Administration{API: "plain", Base: far.URL})
	if err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		ctx  context.Context
		want string
	}{
		{t.Context(), "midwatch/test"},
		{fleet.WithChange(t.Context(), "1K9XQ2M7AB"), "midwatch/test change/1K9XQ2M7AB"},
		{fleet.WithChange(t.Context(), ""), "midwatch/test"},
	} {
		if _, err := admin.List(tt.ctx, breaker.Site{Base: far.URL}); err != nil {
			t.Fatal(err)
		}
		if got := far.one(t).Header.Get("User-Agent"); got != tt.want {
			t.Errorf("%q, want %q", got, tt.want)
		}
	}
	f.Sweeper().Prober("", false).Probe(t.Context(), web(far.addr(), "/health"))
	if _, err := admin.List(t.Context(), breaker.Site{Base: far.URL}); err != nil {
		t.Fatal(err)
	}
	seen := far.taken()
	first, second := seen[0].Header.Get("Traceparent"), seen[1].Header.Get("Traceparent")
	if !regexp.MustCompile("^00-[0-9a-f]{32}-[0-9a-f]{16}-00$").MatchString(first) || first != second {
		t.Errorf("%q, %q", first, second)
	}
}

// TestHeadersAreBounded: what is no answer is not read for ever.
func TestHeadersAreBounded(t *testing.T) {
	far := record(t, func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("X-Long", strings.Repeat("x", 200<<10))
	})
	s := settings()
	s.Breakers = (&plainAPI{}).driver
	if _, err := list(t, open(t, s), fleet.Administration{Base: far.URL}); err == nil || !strings.Contains(err.Error(), "header") {
		t.Errorf("got %v", err)
	}
}

func TestAdminsWithTokens(t *testing.T) {
	far := record(t, func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, "payment") })
	issuer := record(t, func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		fmt.Fprint(w, `{"access_token":"issued","token_type":"Bearer","expires_in":3600}`)
	})
	p := fleet.Profile{Name: "oauth", Auth: fleet.Auth{OAuth2: &fleet.OAuth2{ClientID: "midwatch", ClientSecret: fleet.SecretRef{Env: "CLIENT"}, TokenURL: issuer.URL}}}
	s := settings()
	s.Breakers = (&plainAPI{}).driver
	f := open(t, s, p)
	for range 2 {
		if _, err := list(t, f, fleet.Administration{Profile: "oauth", Base: far.URL, Credentials: true}); err != nil {
			t.Fatal(err)
		}
		if got := far.one(t).Header.Get("Authorization"); got != "Bearer issued" {
			t.Errorf("sent %q", got)
		}
	}
	if n := len(issuer.taken()); n != 1 {
		t.Errorf("%d tokens were fetched", n)
	}
	if _, err := list(t, f, fleet.Administration{Profile: "oauth", Base: far.URL}); err != nil || far.one(t).Header.Get("Authorization") != "" {
		t.Errorf("without credentials: %v", err)
	}
}

func TestAdminsAreOpenedOnce(t *testing.T) {
	far := record(t, func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, "payment") })
	api := &plainAPI{}
	s := settings()
	s.Breakers = api.driver
	f := open(t, s, proving()["basic"])
	var wg sync.WaitGroup
	for range 20 {
		wg.Go(func() {
			if _, err := list(t, f, fleet.Administration{Profile: "basic", Base: far.URL, Credentials: true}); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	if n := api.opened.Load(); n != 1 {
		t.Errorf("opened %d times", n)
	}
	if _, err := list(t, f, fleet.Administration{Profile: "basic", Base: far.URL}); err != nil || api.opened.Load() != 2 {
		t.Errorf("without credentials it is another: %v", err)
	}
	if api.options.API.API != "plain" || api.options.Log == nil || api.options.Dial == nil {
		t.Errorf("it got %+v", api.options)
	}
}

// TestConnectionsAreKept: the second question needs no new one.
func TestConnectionsAreKept(t *testing.T) {
	far := record(t, func(w http.ResponseWriter, r *http.Request) { fmt.Fprint(w, r.RemoteAddr) })
	s := settings()
	s.Breakers = (&plainAPI{}).driver
	f := open(t, s)
	seen := map[string]bool{}
	for range 5 {
		found, err := list(t, f, fleet.Administration{Base: far.URL})
		if err != nil {
			t.Fatal(err)
		}
		seen[found[0].Name] = true
	}
	if len(seen) != 1 {
		t.Errorf("%d connections for five questions", len(seen))
	}
}

func TestNothingIsFollowed(t *testing.T) {
	elsewhere := record(t, nil)
	far := record(t, func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, elsewhere.URL, http.StatusFound) })
	s := settings()
	s.Breakers = (&plainAPI{}).driver
	if _, err := list(t, open(t, s), fleet.Administration{Base: far.URL}); err == nil || !strings.Contains(err.Error(), "302") {
		t.Errorf("got %v", err)
	}
	if len(elsewhere.taken()) != 0 {
		t.Error("the other place was asked")
	}
}

func TestAdminsThatCannotBe(t *testing.T) {
	api := &plainAPI{}
	s := settings()
	s.Breakers = api.driver
	f := open(t, s,
		fleet.Profile{Name: "lost", Auth: fleet.Auth{Bearer: fleet.SecretRef{Env: "NOT_THERE"}}},
		fleet.Profile{Name: "file", TLS: fleet.TLSSettings{CA: filepath.Join(t.TempDir(), "none.pem")}},
		fleet.Profile{Name: "proxied", Proxy: "http://127.0.0.1:1"})
	for _, tt := range []struct {
		name   string
		a      fleet.Administration
		fails  error
		reason fleet.Reason
		want   string
	}{
		{"refused", fleet.Administration{API: "plain", Refused: "another host"}, nil, probe.ReasonPolicy, "another host"},
		{"no such API", fleet.Administration{API: "plian"}, nil, probe.ReasonNotFound, `there is no breaker API "plian"`},
		{"a profile that is gone", fleet.Administration{API: "plain", Profile: "was"}, nil, probe.ReasonPolicy, `there is no profile "was"`},
		{"a secret that is not there", fleet.Administration{API: "plain", Profile: "lost", Credentials: true}, nil, probe.ReasonPolicy, `profile "lost": secret env:NOT_THERE: the variable is not set`},
		{"a file that is not there", fleet.Administration{API: "plain", Profile: "file"}, nil, probe.ReasonPolicy, "tls.ca"},
		{"wrong options", fleet.Administration{API: "plain"}, errors.New("no mapping"), probe.ReasonPolicy, "no mapping"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			api.fails = tt.fails
			_, err := f.Admin(tt.a)
			if reason, text := fleet.ReasonOf(err); reason != tt.reason || !strings.Contains(text, tt.want) {
				t.Errorf("%s: %s", reason, text)
			}
		})
	}
	api.fails = nil
	if _, err := f.Admin(fleet.Administration{API: "plain", Profile: "lost"}); err != nil {
		t.Errorf("without credentials no secret is looked for: %v", err)
	}
	if _, err := f.Admin(fleet.Administration{API: "plain", Profile: "proxied"}); err != nil {
		t.Fatal(err)
	}
	if _, err := api.options.Dial(t.Context(), "tcp", "127.0.0.1:1"); err == nil || !strings.Contains(err.Error(), "its proxy is for HTTP") {
		t.Errorf("a socket through a proxy: %v", err)
	}
}

// TestNobodyIsAskedThere: where nobody is asked no admin API is, whatever name led
// there, and whatever a journal says.
func TestNobodyIsAskedThere(t *testing.T) {
	api := &plainAPI{}
	s := settings()
	s.Breakers = api.driver
	f := open(t, s, fleet.Profile{Name: "oauth", Auth: fleet.Auth{OAuth2: &fleet.OAuth2{ClientID: "midwatch", ClientSecret: fleet.SecretRef{Env: "CLIENT"}, TokenURL: "http://169.254.1.1/token"}}})
	for _, host := range []string{"169.254.169.254", "[fe80::1]", "[::ffff:169.254.169.254]", "100.100.100.200", "[fd00:ec2::254]"} {
		_, err := list(t, f, fleet.Administration{Base: "http://" + host + ":80"})
		if _, reason, text := probe.Classify(err); reason != probe.ReasonPolicy || !strings.Contains(text, "never asked") {
			t.Errorf("%s: %s: %s", host, reason, text)
		}
		if _, err := api.options.Dial(t.Context(), "tcp", host+":80"); err == nil || !strings.Contains(err.Error(), "never asked") {
			t.Errorf("%s over a socket: %v", host, err)
		}
	}
	if _, err := list(t, f, fleet.Administration{Profile: "oauth", Base: "http://127.0.0.1:1", Credentials: true}); err == nil || !strings.Contains(err.Error(), "never asked") {
		t.Errorf("for a token: %v", err)
	}
}

// TestSchemesComeFromTheTable: an API that is not the web's is reached by its
// own scheme.
func TestSchemesComeFromTheTable(t *testing.T) {
	s := settings()
	s.Breakers = func(name string) (*breaker.Driver, error) {
		if name == "odd" {
			return &breaker.Driver{Name: name, Schemes: []string{"unix", "tcp"}}, nil
		}
		return (&plainAPI{}).driver(name)
	}
	f := open(t, s)
	for api, want := range map[string]string{"odd": "tcp://10.0.0.5:1", "plain": "http://10.0.0.5:1", "nobody's": "http://10.0.0.5:1"} {
		plan := f.Sweeper().Plan(&fleet.Service{}, &fleet.Instance{Addr: "10.0.0.5:1", Labels: map[string]string{"breakers_api": api}})
		if plan.Admin == nil || plan.Admin.Base != want {
			t.Errorf("%s: %+v, want %s", api, plan.Admin, want)
		}
	}
}

// TestPagesOfMetrics are read with the profile's credentials, where its metrics
// are.
func TestPagesOfMetrics(t *testing.T) {
	far := record(t, func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/plain; version=0.0.4")
		fmt.Fprint(w, "# TYPE resilience4j_circuitbreaker_state gauge\nresilience4j_circuitbreaker_state{name=\"payment\",state=\"open\"} 1\nresilience4j_circuitbreaker_state{name=\"payment\",state=\"closed\"} 0\n")
	})
	p := fleet.Profile{Name: "shop", Extends: "spring", Breakers: fleet.BreakerAPI{API: "metrics"}, Auth: fleet.Auth{Bearer: fleet.SecretRef{Env: "TOKEN"}}}
	f := open(t, settings(), p)
	plan := f.Sweeper().Plan(&fleet.Service{}, &fleet.Instance{Addr: far.addr(), Labels: map[string]string{"profile": "shop"}})
	admin, err := f.Admin(*plan.Admin)
	if err != nil {
		t.Fatal(err)
	}
	found, err := admin.List(t.Context(), breaker.Site{Base: plan.Admin.Base})
	if err != nil || len(found) != 1 || found[0].Name != "payment" || found[0].State != fleet.BreakerOpen {
		t.Fatalf("%+v, %v", found, err)
	}
	if req := far.one(t); req.URL.Path != "/actuator/prometheus" || req.Header.Get("Authorization") != "Bearer "+secrets["TOKEN"] {
		t.Errorf("asked %s with %q", req.URL.Path, req.Header.Get("Authorization"))
	}
}

// TestSecretsThrownBack: what was sent as a secret is in no answer, as an error
// repeats its first words; what is no secret stays.
func TestSecretsThrownBack(t *testing.T) {
	far := record(t, func(w http.ResponseWriter, r *http.Request) {
		_, password, _ := r.BasicAuth()
		fmt.Fprintf(w, "%s|%s|%s|%s", r.Header.Get("Authorization"), r.Header.Get("X-Api-Key"), r.Header.Get("X-Team"), password)
	})
	for profile, want := range map[string]string{"basic": "*|||*", "header": "|*|shop|", "": "|||"} {
		s := settings()
		s.Breakers = (&plainAPI{}).driver
		found, err := list(t, open(t, s, proving()[profile]), fleet.Administration{Profile: profile, Base: far.URL, Credentials: profile != ""})
		if err != nil || len(found) != 1 {
			t.Fatalf("%s: %+v, %v", profile, found, err)
		}
		if got := regexp.MustCompile(`\*+`).ReplaceAllString(found[0].Name, "*"); got != want {
			t.Errorf("%s: %q, want %q", profile, found[0].Name, want)
		}
	}
}
