package wiring_test

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/midwatch-cli/midwatch/fleet"
	"github.com/midwatch-cli/midwatch/fleet/breaker"
	breakers "github.com/midwatch-cli/midwatch/fleet/breaker/all"
	"github.com/midwatch-cli/midwatch/probe"
)

// awkward is a secret that looks otherwise in JSON, in HTML and in a URL.
const awkward = `a"b<c/d&e+f=g`

// echoes are answers of servers that repeat what they were asked with, as debug
// pages and badly made errors do. Pads move what is repeated over the place where
// an excerpt ends.
func echoes() map[string]http.HandlerFunc {
	lines := func(r *http.Request) string {
		var b strings.Builder
		for name, values := range r.Header {
			fmt.Fprintf(&b, "%s: %s\n", name, strings.Join(values, ", "))
			for _, v := range values {
				if _, token, ok := strings.Cut(v, " "); ok {
					plain, _ := base64.StdEncoding.DecodeString(token)
					fmt.Fprintf(&b, "%s %s\n", token, plain)
				}
			}
		}
		return b.String()
	}
	all := map[string]http.HandlerFunc{
		"as headers": func(w http.ResponseWriter, r *http.Request) {
			if v := r.Header.Get("Authorization") + r.Header.Get("X-Api-Key"); v != "" {
				w.Header().Set("Location", "/elsewhere?"+url.QueryEscape(v))
				w.Header().Set("Content-Encoding", v)
				w.Header().Set("Content-Type", v)
			}
			w.WriteHeader(http.StatusFound)
		},
		"in a URL": func(w http.ResponseWriter, r *http.Request) {
			w.WriteHeader(http.StatusBadRequest)
			fmt.Fprint(w, url.QueryEscape(r.Header.Get("Authorization")+r.Header.Get("X-Api-Key")))
		},
	}
	for _, code := range []int{200, 400, 401, 403, 404, 500, 503} {
		all[fmt.Sprint(code, " as JSON")] = func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Content-Type", "application/json")
			w.WriteHeader(code)
			_ = json.NewEncoder(w).Encode(map[string]any{"status": lines(r), "message": lines(r), "headers": r.Header})
		}
		for _, pad := range []int{0, 40, 90, 150, 190} {
			all[fmt.Sprint(code, " as text ", pad)] = func(w http.ResponseWriter, r *http.Request) {
				w.Header().Set("Content-Type", "text/plain")
				w.WriteHeader(code)
				fmt.Fprint(w, strings.Repeat("x", pad), " ", r.Header.Get("Authorization"), r.Header.Get("X-Api-Key"), "\n", lines(r))
			}
		}
	}
	return all
}

// showing are profiles with every kind of credential.
func showing(tokenURL string) map[string]fleet.Profile {
	return map[string]fleet.Profile{
		"basic":   {Auth: fleet.Auth{BasicUser: "midwatch", BasicPassword: fleet.SecretRef{Env: "PASSWORD"}}},
		"bearer":  {Auth: fleet.Auth{Bearer: fleet.SecretRef{Env: "TOKEN"}}},
		"header":  {Headers: map[string]fleet.Header{"X-Api-Key": {Ref: fleet.SecretRef{Env: "KEY"}}, "X-Team": {Text: "the shop's"}}},
		"awkward": {Headers: map[string]fleet.Header{"X-Api-Key": {Ref: fleet.SecretRef{Env: "AWKWARD"}}}},
		"oauth":   {Auth: fleet.Auth{OAuth2: &fleet.OAuth2{ClientID: "midwatch", ClientSecret: fleet.SecretRef{Env: "CLIENT"}, TokenURL: tokenURL}}},
	}
}

// shown fails if a text holds a secret, or enough of one to be of use.
func shown(t *testing.T, what, text string) {
	t.Helper()
	all := []string{"granted-token", "bWlkd2F0Y2g6aHVudGVyMg", awkward, url.QueryEscape(awkward)}
	for _, s := range secrets {
		all = append(all, s)
	}
	for _, s := range all {
		for n := len(s); n >= 8 || n == len(s); n-- {
			if strings.Contains(text, s[:n]) {
				t.Errorf("%s: %q is in: %s", what, s[:n], text)
				return
			}
		}
	}
}

// TestWhatIsRepeatedIsNotShown: a far side that repeats our credentials does not
// get them into errors, and from there into logs and the journal.
func TestWhatIsRepeatedIsNotShown(t *testing.T) {
	issuer := record(t, func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		fmt.Fprint(w, `{"access_token":"granted-token-value","token_type":"Bearer","expires_in":3600}`)
	})
	var profiles []fleet.Profile
	for name, p := range showing(issuer.URL) {
		p.Name = name
		p.Breakers.CSRF = "spring"
		p.Breakers.Mapping = &fleet.BreakerMapping{List: fleet.MappedRequest{Path: "/b"}, Name: "/name", State: "/state", Set: map[fleet.Verb]fleet.MappedRequest{fleet.Trip: {Path: "/b/{name}"}}}
		profiles = append(profiles, p)
	}
	f := open(t, settings(), profiles...)
	for name, answer := range echoes() {
		far := record(t, answer)
		for _, p := range profiles {
			for _, api := range breakers.Names() {
				driver, err := breakers.Driver(api)
				if err != nil || !slices.Contains(driver.Schemes, "http") {
					continue
				}
				admin, err := f.Admin(fleet.Administration{API: api, Profile: p.Name, Base: far.URL, Credentials: true})
				if err != nil {
					t.Fatal(err)
				}
				what := fmt.Sprint(api, " by ", p.Name, ", ", name)
				shown(t, what, everything(t, admin, breaker.Site{Base: far.URL, Key: fleet.Key{Ref: fleet.Ref{Name: "shop"}}}))
			}
			for _, kind := range []probe.Kind{probe.HTTP, probe.GRPC} {
				target := web(far.addr(), "/health")
				target.Kind = kind
				r := f.Sweeper().Prober(p.Name, true).Probe(t.Context(), target)
				shown(t, fmt.Sprint(kind, " probe by ", p.Name, ", ", name), fmt.Sprintf("%+v", r))
			}
		}
	}
}

// everything is all that is said when an Admin is asked everything it can.
func everything(t *testing.T, a breaker.Admin, at breaker.Site) string {
	var said []any
	list, err := a.List(t.Context(), at)
	said = append(said, list, err, fleet.HintOf(err))
	b, err := a.Set(t.Context(), at, "payment", fleet.Order{Verb: fleet.Trip})
	said = append(said, b, err, fleet.HintOf(err))
	if d, ok := a.(breaker.Drainer); ok {
		s, err := d.Drained(t.Context(), at, "")
		said = append(said, s, err, fleet.HintOf(err))
		s, err = d.SetDrain(t.Context(), at, "", true, fleet.Order{})
		said = append(said, s, err, fleet.HintOf(err))
	}
	if h, ok := a.(breaker.Historian); ok {
		events, err := h.Events(t.Context(), at, "payment")
		said = append(said, events, err, fleet.HintOf(err))
	}
	if v, ok := a.(breaker.Advisor); ok {
		effects, err := v.Advise(t.Context(), at, "payment", fleet.Order{Verb: fleet.Trip})
		said = append(said, effects, err, fleet.HintOf(err))
	}
	return fmt.Sprintf("%+v", said)
}
