package cmd_test

import (
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/midwatch-cli/midwatch/fleet/breaker/breakertest"
	"github.com/midwatch-cli/midwatch/fleet/breaker/peertest"
)

const springs = `
services:
  - name: order
    instances: [{id: order-1, address: "%[1]s", labels: {profile: spring}}]
  - name: vault
    instances: [{id: vault-1, address: "%[2]s", labels: {profile: guarded}}]
  - name: open
    instances: [{id: open-1, address: "%[2]s", labels: {profile: tokenless}}]
`

const springProfiles = `
profiles:
  guarded: {extends: spring, auth: {basic: {username: operator, password: "env:PEER"}}, breakers: {csrf: spring}}
  tokenless: {extends: spring, auth: {basic: {username: operator, password: "env:PEER"}}}
`

func TestSpringByTheTool(t *testing.T) {
	up := breakertest.NewUpstream(t)
	apps := peertest.StartSpring(t, []string{"--peer.upstream=http://" + up.Addr}, []string{"--spring.profiles.active=secured"})
	anna := newOperator(t, "anna", fmt.Sprintf(springs, apps[0], apps[1]), springProfiles)
	anna.env["PEER"] = peertest.SpringPassword
	call := func(name string) string { return "http://" + apps[0] + "/call?name=" + url.QueryEscape(name) }

	p := &peer{service: "order", breaker: "payment", api: "actuator", calls: through(t, call("payment")), reached: up.Calls.Load}
	p.story(t, anna)
	t.Run("events", func(t *testing.T) {
		anna.says(t, 0, []string{"breakers", "events", "order/payment"}, "forced open", "closed")
	})
	t.Run("bypass", func(t *testing.T) {
		anna.says(t, 0, []string{"breakers", "bypass", "order/payment", "--yes"}, "done", "disabled")
		p.traffic(t, "bypassed", 50)
		anna.says(t, 0, []string{"breakers", "reset", "order/payment", "--yes"}, "done")
		anna.says(t, 1, []string{"breakers", "half-open", "order/payment", "--yes"}, "half-open")
	})
	t.Run("drain", func(t *testing.T) {
		registered := func(want string) {
			t.Helper()
			req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "http://"+apps[0]+"/actuator/serviceregistry", nil)
			if err != nil {
				t.Fatal(err)
			}
			resp, err := http.DefaultClient.Do(req)
			if err != nil {
				t.Fatal(err)
			}
			defer resp.Body.Close()
			if body, err := io.ReadAll(resp.Body); err != nil || !strings.Contains(string(body), `"status":"`+want+`"`) {
				t.Errorf("its own registration is %s, %v; want %s", body, err, want)
			}
		}
		anna.says(t, 0, []string{"drain", "order", "--yes", "--allow-empty", "--reason", "kernel update"}, "done", "OUT_OF_SERVICE")
		registered("OUT_OF_SERVICE")
		anna.says(t, 0, []string{"undrain", "order", "--yes"}, "done")
		registered("UP")
	})
	t.Run("names", func(t *testing.T) { springNames(t, anna, call) })
	t.Run("secured", func(t *testing.T) { springSecured(t, anna) })
}

// names lists what a service has.
func (o operator) names(t *testing.T, service string) (names []string) {
	t.Helper()
	for _, b := range o.reads(t, 0, "breakers", "list", service).Items {
		names = append(names, b.Breaker)
	}
	return names
}

// springNames: names that a path does not carry as they are, by --breaker, which
// takes them literally, are driven or refused with the reason; and nothing comes
// into being, by them or by what a server could make of them.
func springNames(t *testing.T, anna operator, call func(name string) string) {
	before := anna.names(t, "order")
	for _, name := range []string{"with space", "100%", "x#y", "semi;colon", "a+b"} {
		if !slices.Contains(before, name) {
			t.Errorf("%q is not listed: %q", name, before)
		}
		anna.says(t, 0, []string{"breakers", "trip", "order", "--breaker", name, "--yes"}, "done", "forced open")
		if passed := breakertest.Through(t, 1, call(name)); passed != 0 {
			t.Errorf("%q is tripped, and a call passed", name)
		}
		anna.says(t, 0, []string{"breakers", "reset", "order/" + name, "--yes"}, "done", "closed")
		if passed := breakertest.Through(t, 1, call(name)); passed != 1 {
			t.Errorf("%q is reset, and a call did not pass", name)
		}
	}
	anna.says(t, 1, []string{"breakers", "trip", "order", "--breaker", "a/b", "--yes"}, "this server refuses %2F in paths (400)")
	anna.says(t, 1, []string{"breakers", "trip", "order/a/b", "--yes"}, "this server refuses %2F in paths (400)")
	for _, name := range []string{"nope", "semi", "100", "x", "with", "with%20space", "PAYMENT", "payment;x", "../payment", "payment?x=1", "payment/"} {
		anna.does(t, 3, "breakers", "trip", "order", "--breaker", name, "--yes")
	}
	if after := anna.names(t, "order"); !slices.Equal(after, before) {
		t.Errorf("there were %q, now there are %q", before, after)
	}
}

// springSecured: basic authentication and Spring's protection against forged
// requests, with a profile that fetches its token and one that does not. The
// password is shown by neither.
func springSecured(t *testing.T, anna operator) {
	before := anna.names(t, "vault")
	for _, verb := range []string{"trip", "reset"} {
		anna.says(t, 0, []string{"breakers", verb, "vault/payment", "--yes"}, "done")
	}
	anna.says(t, 1, []string{"breakers", "trip", "vault", "--breaker", "100%", "--yes"}, "this server refuses %25 in paths")

	trip := []string{"breakers", "trip", "open/payment", "--yes"}
	anna.says(t, 1, trip, "CSRF protection", "set breakers.csrf: spring in its profile")
	if state, _, _ := anna.breaker(t, "open", "payment"); state != "closed" {
		t.Errorf("refused, it is %s", state)
	}
	wrong := anna.as("anna")
	wrong.env["PEER"] = "wrong-password"
	for _, o := range []operator{anna, wrong} {
		for _, args := range [][]string{trip, {"breakers", "list", "open"}, {"check", "open", "-v"}, {"changes", "list", "--all", "-o", "json"}, {"changes", "export"}, {"config", "show"}} {
			_, out, errs := runWith(t, o.env, args...)
			if strings.Contains(out+errs, o.env["PEER"]) {
				t.Errorf("%q shows the password:\n%s%s", args, out, errs)
			}
		}
	}
	wrong.says(t, 3, []string{"breakers", "list", "open"}, "401")
	if after := anna.names(t, "vault"); !slices.Equal(after, before) {
		t.Errorf("there were %q, now there are %q", before, after)
	}
}
