package consul_test

import (
	"context"
	"encoding/pem"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/midwatch-cli/midwatch/fleet"
	"github.com/midwatch-cli/midwatch/fleet/registry"
)

func TestWrongOptions(t *testing.T) {
	for url, want := range map[string]string{
		"consul://a,b":                         "one address",
		"consul://a?wait=1ms":                  "option wait",
		"consul://a?wait=1h":                   "option wait",
		"consul://a?timeout=0s":                "option timeout",
		"consul://a?consistency=eventual":      "option consistency",
		"consul://a?agent=http://b:8500":       "option agent",
		"consul://a?agent=u@b":                 "option agent",
		"consul://a?token=" + secretToken:      "by reference",
		"consul://ops@a":                       "password",
		"consul://a?password=env:P":            "password",
		"consul://a?ca=/nonexistent.pem":       "/nonexistent.pem",
		"consul+unix:///run/c.sock?agent=b:80": "socket",
		"consul://a?tag=x":                     `"tag"`,
	} {
		_, err := tryOpen(t, testEnv(), url)
		var said *fleet.Error
		if !errors.Is(err, registry.ErrConfig) || !errors.As(err, &said) || !strings.Contains(said.Detail, want) {
			t.Errorf("%s: %v, want wrong configuration with %q", url, err, want)
		}
		if strings.Contains(fmt.Sprintf("%+v", err), secretToken) {
			t.Errorf("%s: the token is in %v", url, err)
		}
	}
	missing := errors.New("no such variable")
	env := registry.Env{Secret: func(context.Context, fleet.SecretRef) (fleet.Secret, error) { return fleet.Secret{}, missing }}
	if _, err := tryOpen(t, env, "consul://a?token=env:T"); !errors.Is(err, missing) {
		t.Errorf("a token that cannot be resolved: %v", err)
	}
	if _, err := tryOpen(t, registry.Env{}, "consul://a?token=env:T"); !errors.Is(err, registry.ErrConfig) {
		t.Errorf("nobody resolves tokens: %v", err)
	}
}

// Every option arrives in the requests.
func TestOptionsArrive(t *testing.T) {
	for query, want := range map[string]string{
		"":                        "GET /v1/health/service/orders?stale=",
		"?consistency=default":    "GET /v1/health/service/orders",
		"?consistency=consistent": "GET /v1/health/service/orders?consistent=",
		"?dc=dc1":                 "GET /v1/health/service/orders?dc=dc1&stale=",
		"?partition=east":         "GET /v1/health/service/orders?partition=east&stale=",
		"?filter=" + url.QueryEscape(`Service.Meta.version == "2.4.1"`): "GET /v1/health/service/orders?filter=Service.Meta.version+%3D%3D+%222.4.1%22&stale=",
	} {
		f := newFake(t)
		newHands(t, f.addr(), "").seed(t)
		f.requests = nil
		r := open(t, testEnv(), "consul://"+f.addr()+query)
		set, err := r.List(t.Context())
		if got := strings.Join(f.requests, "\n"); err != nil || !strings.Contains(got+"\n", want+"\n") {
			t.Errorf("%s: %v\n%s\nwant %s", query, err, got, want)
		}
		if strings.Contains(query, "filter") && (len(set.Services) != 1 || len(set.Services[0].Instances) != 1) {
			t.Errorf("filtered: %+v", set.Services)
		}
		r.Close()
	}
}

func TestServers(t *testing.T) {
	f := newFake(t)
	r := open(t, testEnv(), "consul://"+f.addr()+"?servers=true")
	defer r.Close()
	set, err := r.List(t.Context())
	if err != nil || len(set.Services) != 1 || set.Services[0].Name != "consul" || set.Services[0].Instances[0].Addr != "127.0.0.1:8300" {
		t.Errorf("%v, %+v", err, set.Services)
	}
}

// How old an answer is, is the server's word.
func TestAge(t *testing.T) {
	f := newFake(t)
	f.lastContact, f.headless = 90_000, true
	r := open(t, testEnv(), "consul://"+f.addr())
	defer r.Close()
	set, err := r.List(t.Context())
	if age := time.Since(set.AsOf); err != nil || age < 89*time.Second || age > 100*time.Second {
		t.Errorf("%v, age %v", err, age)
	}
	if !strings.Contains(fmt.Sprint(set.Warnings), "no leader") {
		t.Errorf("warnings: %v", set.Warnings)
	}
}

// Paid editions have namespaces: one name in two of them is two services.
func TestNamespaces(t *testing.T) {
	entry := func(ns, id string) string {
		return fmt.Sprintf(`{"Node":{"Node":"n","Address":"10.0.0.1"},"Service":{"ID":%q,"Service":"pay","Port":80,"Namespace":%q},"Checks":[]}`, id, ns)
	}
	var asked []string
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		asked = append(asked, r.URL.Query().Get("ns"))
		w.Header().Set("X-Consul-LastContact", "0")
		w.Header().Set("X-Consul-KnownLeader", "true")
		if r.URL.Path == "/v1/catalog/services" {
			fmt.Fprint(w, `{"pay":[]}`)
			return
		}
		fmt.Fprintf(w, "[%s,%s,%s]", entry("b", "2"), entry("a", "1"), entry("b", "1"))
	}))
	defer server.Close()
	r := open(t, testEnv(), "consul://"+strings.TrimPrefix(server.URL, "http://")+"?namespace=*")
	defer r.Close()
	set, err := r.List(t.Context())
	if err != nil || len(set.Services) != 2 || set.Services[0].Namespace != "a" || set.Services[1].Namespace != "b" || len(set.Services[1].Instances) != 2 {
		t.Errorf("%v, %+v", err, set.Services)
	}
	if set.Services[1].Instances[0].ID != "n/1" || strings.Join(asked, ",") != "*,*" {
		t.Errorf("not sorted, or asked %v", asked)
	}
}

// Behind a gateway, over TLS with a CA of one's own, over a socket.
func TestWaysIn(t *testing.T) {
	f := newFake(t)
	stripped := http.StripPrefix("/consul", f)
	secure := httptest.NewTLSServer(stripped)
	defer secure.Close()
	ca := filepath.Join(t.TempDir(), "ca.pem")
	if err := os.WriteFile(ca, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: secure.Certificate().Raw}), 0o600); err != nil {
		t.Fatal(err)
	}
	dir, err := os.MkdirTemp("", "c") // a socket's path has to be short
	if err != nil {
		t.Fatal(err)
	}
	defer os.RemoveAll(dir)
	socket := filepath.Join(dir, "c.sock")
	listener, err := net.Listen("unix", socket)
	if err != nil {
		t.Fatal(err)
	}
	local := &httptest.Server{Listener: listener, Config: &http.Server{Handler: f}}
	local.Start()
	defer local.Close()
	host := strings.TrimPrefix(secure.URL, "https://")
	for url, reason := range map[string]fleet.Reason{
		"consul://" + host + "/consul?ca=" + ca: "",
		"consul+unix://" + socket:               "",
		"consul://" + host + "/consul?tls=true": registry.ReasonUntrusted,
		"consul://" + host + "/consul":          registry.ReasonScheme,
	} {
		r := open(t, testEnv(), url)
		_, err := r.List(t.Context())
		var said *fleet.Error
		if reason == "" && err != nil || reason != "" && (!errors.As(err, &said) || said.Reason != reason) {
			t.Errorf("%s: %v", url, err)
		}
		r.Close()
	}
}

// What the surroundings give is used, unless options ask for something of
// their own.
func TestTransportOfTheSurroundings(t *testing.T) {
	f := newFake(t)
	used := 0
	shared := &http.Transport{}
	defer shared.CloseIdleConnections()
	env := testEnv()
	env.Transport = tripper(func(r *http.Request) (*http.Response, error) {
		used++
		return shared.RoundTrip(r)
	})
	r := open(t, env, "consul://"+f.addr())
	defer r.Close()
	if _, err := r.List(t.Context()); err != nil || used == 0 {
		t.Errorf("%v, used %d times", err, used)
	}
}

type tripper func(*http.Request) (*http.Response, error)

func (f tripper) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }
