package consul_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/midwatch-cli/midwatch/fleet"
	"github.com/midwatch-cli/midwatch/fleet/registry"
)

// refusal checks that an error is a refusal with a hint, and holds no secret.
func refusal(t *testing.T, err error, hint string) {
	t.Helper()
	var said *fleet.Error
	if !errors.Is(err, fleet.ErrDenied) || !errors.As(err, &said) || said.Reason != registry.ReasonAuth || !strings.Contains(said.Hint, hint) {
		t.Errorf("got %v (%+v), want fleet.ErrDenied, reason auth, a hint with %q", err, said, hint)
	}
	if strings.Contains(fmt.Sprintf("%+v %#v", err, said), secretToken) {
		t.Errorf("the token is in %+v", err)
	}
}

// A read without rights is answered 200 with nothing in it.
func TestRecordedAccess(t *testing.T) {
	for _, c := range []struct {
		name, catalog, health, token string
		denied                       bool
		hint                         string
	}{
		{"no token under default deny", "40-acl-no-token-services.http", "41-acl-no-token-health.http", "", true, "?token=env:CONSUL_HTTP_TOKEN"},
		{"unknown token", "42-acl-bad-token.http", "", "?token=env:T", true, "does not know this token"},
		{"good token, nothing registered", "44-acl-good-token.http", "", "?token=env:T", false, ""},
		{"no ACLs, nothing registered", "01-catalog-services-empty.http", "", "", false, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			answers := map[string]string{"GET /v1/catalog/services": c.catalog, "GET /v1/health/state/any": c.catalog}
			if c.health != "" {
				answers["GET /v1/health/service/consul"] = c.health
			}
			r := open(t, testEnv(), "consul://"+playback(t, answers)+c.token)
			defer r.Close()
			set, err := r.List(t.Context())
			if len(set.Services) > 0 {
				t.Errorf("services: %+v", set.Services)
			}
			if !c.denied {
				if err != nil || len(set.Warnings) > 0 {
					t.Errorf("error %v, warnings %v", err, set.Warnings)
				}
				return
			}
			refusal(t, err, c.hint)
			ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
			defer cancel()
			refusal(t, r.Watch(ctx, func(registry.Set) error { t.Error("a set was emitted"); return nil }), c.hint)
		})
	}
}

// accessCase is what a token may do and what a list then is.
type accessCase struct {
	name    string
	rules   string     // for the real one
	rights  fakeRights // for the fake
	denied  bool
	warning string
}

func accessCases() []accessCase {
	return []accessCase{
		{"everything", operatorRules, allRights(), false, ""},
		{"nothing", ``, fakeRights{}, true, ""},
		{"services, not their nodes", `service_prefix "" { policy = "read" }`, fakeRights{service: true}, true, ""},
	}
}

// checkAccess lists with a token's rights and compares.
func checkAccess(t *testing.T, addr string, c accessCase) {
	t.Helper()
	r := open(t, testEnv(), "consul://"+addr+"?token=env:T")
	defer r.Close()
	set, err := r.List(t.Context())
	switch {
	case c.denied:
		refusal(t, err, "service:read")
	case err != nil || len(set.Services) != 3:
		t.Errorf("%d services, error %v", len(set.Services), err)
	case c.warning == "" && len(set.Warnings) > 0, c.warning != "" && !strings.Contains(fmt.Sprint(set.Warnings), c.warning):
		t.Errorf("warnings %v, want %q", set.Warnings, c.warning)
	}
}

func TestAccessFake(t *testing.T) {
	for _, c := range accessCases() {
		t.Run(c.name, func(t *testing.T) {
			f := newFake(t)
			f.deny, f.tokens = true, map[string]fakeRights{secretToken: c.rights, "root": allRights()}
			newHands(t, f.addr(), "root").seed(t)
			checkAccess(t, f.addr(), c)
		})
	}
}

// The real one under default deny: what a token, a poor one, a partial one and
// none see.
func TestAccessReal(t *testing.T) {
	s := startConsul(t)
	s.fresh(t)
	for _, c := range accessCases() {
		t.Run(c.name, func(t *testing.T) {
			s.rights(t, c.rules)
			checkAccess(t, s.addr, c)
		})
	}
	list := func(t *testing.T, rules, token string) (registry.Set, error) {
		s.rights(t, rules)
		r := open(t, testEnv(), "consul://"+s.addr+token)
		defer r.Close()
		return r.List(t.Context())
	}
	t.Run("one service only", func(t *testing.T) {
		set, err := list(t, `service "orders" { policy = "read" } node_prefix "" { policy = "read" }`, "?token=env:T")
		if err != nil || len(set.Services) != 1 || !strings.Contains(fmt.Sprint(set.Warnings), "partial") {
			t.Errorf("%+v, %v: want orders alone and a warning that this is a part", set, err)
		}
	})
	t.Run("the nodes of one only", func(t *testing.T) {
		set, err := list(t, `service_prefix "" { policy = "read" } node "ext-1" { policy = "read" }`, "?token=env:T")
		if err != nil || len(set.Services) != 1 || !strings.Contains(fmt.Sprint(set.Warnings), "no instance of orders, users") {
			t.Errorf("%+v, %v: want ledger alone and a warning that names the others", set, err)
		}
	})
	t.Run("no token", func(t *testing.T) {
		_, err := list(t, operatorRules, "")
		refusal(t, err, "CONSUL_HTTP_TOKEN")
	})
	t.Run("may read, not write", func(t *testing.T) {
		s.rights(t, `service_prefix "" { policy = "read" } node_prefix "" { policy = "read" } agent_prefix "" { policy = "read" }`)
		r := open(t, testEnv(), "consul://"+s.addr+"?token=env:T")
		defer r.Close()
		reg, _ := registry.As[registry.Registrar](r)
		_, err := reg.Register(t.Context(), registry.Entry{Service: "x", Instance: fleet.Instance{Addr: "127.0.0.1:1"}})
		refusal(t, err, "service:write")
		d, _ := registry.As[registry.Drainer](r)
		k := fleet.Key{Ref: fleet.Ref{Name: "orders"}, Instance: "node-1/orders-1"}
		refusal(t, d.SetMaintenance(t.Context(), k, true, "x"), "service:write")
		k.Name, k.Instance = "ledger", "ext-1/ledger-1"
		refusal(t, d.SetMaintenance(t.Context(), k, true, "x"), "service:write")
	})
}

// Some services are listed without an instance, others are whole.
func TestPartialWarns(t *testing.T) {
	f := newFake(t)
	newHands(t, f.addr(), "").seed(t)
	f.deny, f.anonymous = true, fakeRights{service: true, node: true}
	list := func() registry.Set {
		r := open(t, testEnv(), "consul://"+f.addr())
		defer r.Close()
		set, err := r.List(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		return set
	}
	if set := list(); len(set.Warnings) > 0 || len(set.Services) != 3 {
		t.Errorf("an anonymous reader who sees the servers sees it all: %+v", set)
	}
	f.remove("node-1", "consul") // not to be seen: so neither may be others
	if set := list(); !strings.Contains(fmt.Sprint(set.Warnings), "partial") {
		t.Errorf("no warning, though the servers are not shown: %+v", set.Warnings)
	}
	f.mu.Lock()
	f.fail = nil
	f.raw["ghost"] = ""
	f.mu.Unlock()
	if set := list(); !strings.Contains(fmt.Sprint(set.Warnings), "ghost") || len(set.Services) != 3 {
		t.Errorf("a service without instances under deny: %+v", set)
	}
}

// The token goes to the configured address as a header, and nothing of the
// official tool's environment gets in beside it.
func TestEnvironmentStaysOut(t *testing.T) {
	for key, value := range map[string]string{
		"CONSUL_HTTP_ADDR": "127.0.0.1:1", "CONSUL_HTTP_TOKEN": "from-the-environment", "CONSUL_HTTP_TOKEN_FILE": "/nonexistent",
		"CONSUL_NAMESPACE": "other", "CONSUL_PARTITION": "other", "CONSUL_HTTP_SSL": "true", "CONSUL_CACERT": "/nonexistent", "CONSUL_HTTP_AUTH": "u:p",
	} {
		t.Setenv(key, value)
	}
	f := newFake(t)
	r := open(t, testEnv(), "consul://"+f.addr())
	defer r.Close()
	if _, err := r.List(t.Context()); err != nil {
		t.Fatal(err)
	}
	withToken := open(t, testEnv(), "consul://ops@"+f.addr()+"?token=env:T&password=env:P")
	defer withToken.Close()
	if _, err := withToken.List(t.Context()); err != nil {
		t.Fatal(err)
	}
	first, last := http.Header(f.headers[0]), http.Header(f.headers[len(f.headers)-1])
	if first.Get("X-Consul-Token") != "" || first.Get("Authorization") != "" || first.Get("User-Agent") != "midwatch/test" {
		t.Errorf("sent without being configured: %v", first)
	}
	if user, pass, ok := (&http.Request{Header: last}).BasicAuth(); last.Get("X-Consul-Token") != secretToken || !ok || user != "ops" || pass != secretToken {
		t.Errorf("not sent: %v", last)
	}
	env := testEnv()
	env.Secret = func(_ context.Context, ref fleet.SecretRef) (fleet.Secret, error) {
		return fleet.NewSecret("ops:" + ref.Env), nil
	}
	both := open(t, env, "consul://ops@"+f.addr()+"?password=env:CONSUL_HTTP_AUTH")
	defer both.Close()
	if _, err := both.List(t.Context()); err != nil {
		t.Fatal(err)
	}
	if _, pass, _ := (&http.Request{Header: f.headers[len(f.headers)-1]}).BasicAuth(); pass != "CONSUL_HTTP_AUTH" {
		t.Errorf("of USER:PASSWORD %q was sent", pass)
	}
	if got := f.requests[0]; got != "GET /v1/catalog/services?stale=" {
		t.Errorf("request %q", got)
	}
}
