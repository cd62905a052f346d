package actuator_test

import (
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/midwatch-cli/midwatch/fleet"
	"github.com/midwatch-cli/midwatch/fleet/breaker"
	"github.com/midwatch-cli/midwatch/fleet/breaker/actuator"
)

// What a recorded reply to a read means, in words.
func TestReadRefusalsRecorded(t *testing.T) {
	const list, index = "GET /actuator/circuitbreakers", "GET /actuator"
	for name, c := range map[string]struct {
		answers map[string]string
		reason  fleet.Reason
		is      error
		words   []string
	}{
		"no credentials":      {map[string]string{list: "security/01-list-anonymous"}, "auth", fleet.ErrDenied, []string{"answers 401: reading is not allowed", "give the profile credentials"}},
		"wrong credentials":   {map[string]string{list: "security/04-error-open-bad-password"}, "auth", fleet.ErrDenied, []string{"401"}},
		"a role is missing":   {map[string]string{list: "security/04-error-open-role-missing"}, "auth", fleet.ErrDenied, []string{"403"}},
		"sent to log in":      {map[string]string{list: "security/01-list-anonymous-html"}, "auth", fleet.ErrDenied, []string{"sends us to /login: no credentials were accepted"}},
		"a page to log in":    {map[string]string{list: "security/02-login-page"}, "auth", fleet.ErrDenied, []string{"answers with a page to log in"}},
		"not exposed":         {map[string]string{list: "resilience4j-2/41-not-exposed-list", index: "resilience4j-2/41-not-exposed-index"}, "not_found", errors.ErrUnsupported, []string{"there is an actuator, and circuitbreakers is not exposed (404)", "management.endpoints.web.exposure.include"}},
		"access none":         {map[string]string{list: "resilience4j-2/52-none-list", index: "resilience4j-2/41-not-exposed-index"}, "not_found", errors.ErrUnsupported, []string{"not exposed"}},
		"another base path":   {map[string]string{list: "resilience4j-2/43-base-path-old-list", index: "resilience4j-2/43-base-path-old-index"}, "not_found", nil, []string{"there is no actuator (404)", "Set breakers.path in its profile"}},
		"another context":     {map[string]string{list: "resilience4j-2/53-context-path-outside", index: "resilience4j-2/53-context-path-outside"}, "not_found", nil, []string{"there is no actuator (404)"}},
		"not the list":        {map[string]string{list: "resilience4j-2/01-index"}, "body", nil, []string{`the answer cannot be read: {"_links":{"self"`}},
		"no JSON to be had":   {map[string]string{list: "resilience4j-2/02-list-accept-text"}, "not_found", nil, []string{"answers 406"}},
		"something is broken": {map[string]string{list: "resilience4j-2/06-events-unknown-type"}, "status", nil, []string{`answers 500: {"timestamp"`}},
	} {
		t.Run(name, func(t *testing.T) {
			at := playback(t, c.answers)
			a := opened(t, actuator.Driver(), options("", fleet.BreakerAPI{}))
			got, err := a.List(t.Context(), at)
			says(t, err, c.reason, c.is, append(c.words, "the actuator at "+at.Addr+"/actuator")...)
			_, err = a.Set(t.Context(), at, "inventory", fleet.Order{Verb: fleet.Trip})
			says(t, err, c.reason, c.is, c.words...)
			if got != nil {
				t.Errorf("beside the error there is %+v", got)
			}
		})
	}
}

// Answers nobody has recorded.
func TestReadRefusals(t *testing.T) {
	for _, c := range []struct {
		code   int
		header http.Header
		body   string
		reason fleet.Reason
		words  string
	}{
		{http.StatusBadGateway, nil, "<html>502</html>", "gateway", "a gateway in front of the actuator at "},
		{http.StatusServiceUnavailable, nil, "", "gateway", "answers 503"},
		{http.StatusGatewayTimeout, nil, "", "gateway", "answers 504"},
		{http.StatusTooManyRequests, nil, "", "limited", "too many requests"},
		{http.StatusMovedPermanently, http.Header{"Location": {"https://x/actuator?token=t"}}, "", "redirect", "redirects to /actuator (301)"},
		{http.StatusFound, http.Header{"Location": {"https://sso.example/oauth2/authorize?x=y"}}, "", "auth", "sends us to /oauth2/authorize: no credentials were accepted"},
		{http.StatusProxyAuthRequired, nil, "", "auth", "407"},
		{http.StatusTeapot, nil, "\x1b[31mtea\n", "status", "answers 418: [31mtea"},
		{http.StatusOK, http.Header{"Content-Type": {"text/html"}}, "<html><body>Welcome</body></html>", "page", "answers with a page for people"},
		{http.StatusOK, nil, "", "body", "the answer cannot be read"},
		{http.StatusNoContent, nil, "", "status", "answers 204"},
		{http.StatusMethodNotAllowed, nil, "", "not_found", "405"},
	} {
		s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			for key, values := range c.header {
				w.Header()[key] = values
			}
			w.WriteHeader(c.code)
			w.Write([]byte(c.body))
		}))
		is := error(nil)
		if c.reason == "auth" {
			is = fleet.ErrDenied
		}
		a := opened(t, actuator.Driver(), options("", fleet.BreakerAPI{}))
		_, err := a.List(t.Context(), breaker.Site{Base: s.URL})
		says(t, err, c.reason, is, c.words)
		_, err = a.(breaker.Historian).Events(t.Context(), breaker.Site{Base: s.URL}, "")
		says(t, err, c.reason, is, c.words)
		s.Close()
	}
}

// What a recorded reply to an order means that followed a list that was let in.
func TestOrderRefusalsRecorded(t *testing.T) {
	for name, c := range map[string]struct {
		breaker, reply, options string
		csrf                    string
		reason                  fleet.Reason
		is                      error
		words                   []string
	}{
		"read-only":              {"inventory", "resilience4j-2/50-read-only-post", "", "", "not_found", errors.ErrUnsupported, []string{"it is read-only: breakers are listed, and take no orders (404)", "access=unrestricted"}},
		"capped":                 {"inventory", "resilience4j-2/51-max-read-only-post", "", "", "not_found", errors.ErrUnsupported, []string{"read-only", "max-permitted"}},
		"CSRF":                   {"inventory", "security/02-post-basic", "", "", "auth", fleet.ErrDenied, []string{`answers 401 to FORCE_OPEN of "inventory", and lets the same credentials read: that is its CSRF protection`, "CSRF (set breakers.csrf: spring in its profile"}},
		"CSRF, open errors":      {"inventory", "security/04-error-open-post-basic", "", "", "auth", fleet.ErrDenied, []string{"403", "CSRF protection, or a role that they lack"}},
		"a percent sign":         {"50%off", "security/03-csrf-off-percent", "security/02-encoded-percent", "", "not_found", errors.ErrUnsupported, []string{"this server refuses %25 in paths (401)"}},
		"a semicolon":            {"ledger;v=1", "security/03-csrf-off-percent", "security/02-encoded-semicolon", "", "not_found", errors.ErrUnsupported, []string{"this server refuses %3B in paths (401)"}},
		"a percent and CSRF":     {"50%off", "security/02-post-basic", "security/02-options-basic", "", "auth", fleet.ErrDenied, []string{"CSRF"}},
		"a slash":                {"orders/eu", "resilience4j-2/22-name-slash-encoded", "", "", "not_found", errors.ErrUnsupported, []string{"this server refuses %2F in paths (400)", "another name would do"}},
		"a slash, decoded":       {"orders/eu", "resilience4j-2/22-name-slash-raw", "", "", "not_found", errors.ErrUnsupported, []string{"something in between decodes %2F in paths"}},
		"an unknown order":       {"inventory", "resilience4j-2/18-value-NOSUCH", "", "", "status", nil, []string{"answers 400 to FORCE_OPEN", "does not know that order"}},
		"another type":           {"inventory", "resilience4j-2/19-text", "", "", "status", nil, []string{"415", "has changed the type of our body"}},
		"no POST":                {"inventory", "resilience4j-2/20-list-POST", "", "", "not_found", errors.ErrUnsupported, []string{"it lets no POST through (405)", "older than 1.6"}},
		"a listener throws":      {"inventory", "resilience4j-2/18-value-empty", "", "", "status", nil, []string{"answers 500"}},
		"a type it will not":     {"inventory", "resilience4j-2/19-accept-text", "", "", "not_found", nil, []string{"406"}},
		"a page for people":      {"inventory", "security/02-login-page", "", "", "auth", fleet.ErrDenied, []string{"page to log in"}},
		"sent to log in":         {"inventory", "security/01-list-anonymous-html", "", "", "auth", fleet.ErrDenied, []string{"sends us to /login"}},
		"the token is of no use": {"inventory", "security/04-error-open-post-basic", "", "spring", "auth", fleet.ErrDenied, []string{"with a token against forged requests too", "may lack the role"}},
	} {
		t.Run(name, func(t *testing.T) {
			escaped := strings.NewReplacer("%", "%25", "/", "%2F", ";", "%3B").Replace(c.breaker)
			answers := map[string]string{
				"GET /actuator/circuitbreakers": "resilience4j-2/02-list-no-calls", "POST /actuator/circuitbreakers/" + escaped: c.reply,
				"GET /login": "security/02-login-page",
			}
			if c.options != "" {
				answers["OPTIONS /actuator/circuitbreakers/"+escaped] = c.options
			}
			at := playback(t, answers)
			b, err := opened(t, actuator.Driver(), options("", fleet.BreakerAPI{CSRF: c.csrf})).Set(t.Context(), at, c.breaker, fleet.Order{Verb: fleet.Trip})
			says(t, err, c.reason, c.is, append(c.words, "the actuator at "+at.Addr)...)
			if b.State != fleet.BreakerClosed {
				t.Errorf("it is said to be %s", b.State)
			}
		})
	}
}

// The token is fetched anew for each order, and a page without one is said.
func TestCSRF(t *testing.T) {
	f := newFake("payment")
	f.password, f.csrf = secret, "session"
	a, at := start(t, f, fleet.BreakerAPI{CSRF: "spring"})
	for _, v := range []fleet.Verb{fleet.Trip, fleet.Reset} {
		if _, err := a.Set(t.Context(), at, "payment", fleet.Order{Verb: v}); err != nil {
			t.Fatal(err)
		}
	}
	if len(f.tokens) != 2 {
		t.Errorf("%d tokens were fetched", len(f.tokens))
	}
	at = playback(t, map[string]string{"GET /actuator/circuitbreakers": "resilience4j-2/02-list-no-calls", "GET /own/form": "resilience4j-2/41-not-exposed-text"})
	_, err := opened(t, actuator.Driver(), options("", fleet.BreakerAPI{CSRF: "/own/form"})).Set(t.Context(), at, "inventory", fleet.Order{Verb: fleet.Trip})
	says(t, err, "auth", fleet.ErrDenied, "/own/form (404) hands out no token", "exempt its actuator")
}

// Advice: what can be ordered, and what not, found out without an order.
func TestAdvise(t *testing.T) {
	trip := fleet.Order{Verb: fleet.Trip}
	advise := func(f *fake, name string, o fleet.Order) ([]string, error) {
		a, at := start(t, f, fleet.BreakerAPI{})
		got, err := a.(breaker.Advisor).Advise(t.Context(), at, name, o)
		if f.writes > 0 || len(f.breakers) != 3 {
			t.Errorf("%q: %d orders, %d breakers", name, f.writes, len(f.breakers))
		}
		return got, err
	}
	three := func() *fake { return newFake("payment", "a/b", "50%off") }

	got, err := advise(three(), "payment", trip)
	if fmt.Sprint(got) != "[the breaker's counters start again at zero it stays forced open until it is reset or the process restarts]" || err != nil {
		t.Errorf("%q, %v", got, err)
	}
	if got, err := advise(three(), "payment", fleet.Order{Verb: fleet.Reset}); len(got) != 1 || err != nil {
		t.Errorf("%q, %v", got, err)
	}
	if _, err := advise(three(), "50%off", trip); err != nil {
		t.Error(err)
	}
	f := three()
	f.mapped = "cb"
	if _, err := advise(f, "50%off", trip); err != nil {
		t.Error(err)
	}
	f = three()
	f.netty = true
	if _, err := advise(f, "a/b", trip); err != nil {
		t.Error(err)
	}
	_, err = advise(three(), "a/b", trip)
	says(t, err, "not_found", errors.ErrUnsupported, "this server refuses %2F in paths (400)")
	f = three()
	f.readOnly = true
	_, err = advise(f, "payment", trip)
	says(t, err, "not_found", errors.ErrUnsupported, "it is read-only")
	sent(t, f, "GET /actuator")
	f = three()
	f.hidden = true
	_, err = advise(f, "payment", trip)
	says(t, err, "not_found", errors.ErrUnsupported, "circuitbreakers is not exposed")
}

// Without an index OPTIONS tells; what neither tells, the order will.
func TestAdviseOptions(t *testing.T) {
	const one = "OPTIONS /actuator/circuitbreakers/inventory"
	for name, c := range map[string]struct {
		options, list string
		reason        fleet.Reason
		is            error
		words         string
	}{
		"may":          {"resilience4j-2/20-one-OPTIONS", "", "", nil, ""},
		"may, guarded": {"security/02-options-basic", "", "", nil, ""},
		"says nothing": {"resilience4j-2/20-one-GET", "", "", nil, ""},
		"read-only":    {"resilience4j-2/50-read-only-options-one", "resilience4j-2/50-read-only-list", "not_found", errors.ErrUnsupported, "it is read-only"},
		"not exposed":  {"resilience4j-2/50-read-only-options-one", "resilience4j-2/41-not-exposed-list", "not_found", nil, "there is no actuator"},
		"denied":       {"security/01-list-anonymous", "", "auth", fleet.ErrDenied, "reading is not allowed"},
	} {
		t.Run(name, func(t *testing.T) {
			answers := map[string]string{"GET /actuator": "resilience4j-2/43-base-path-old-index", one: c.options}
			if c.list != "" {
				answers["GET /actuator/circuitbreakers"] = c.list
			}
			_, err := opened(t, actuator.Driver(), options("", fleet.BreakerAPI{})).(breaker.Advisor).Advise(t.Context(), playback(t, answers), "inventory", fleet.Order{Verb: fleet.Trip})
			if c.reason == "" {
				if err != nil {
					t.Error(err)
				}
				return
			}
			says(t, err, c.reason, c.is, c.words)
		})
	}
}
