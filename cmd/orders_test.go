package cmd_test

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"testing"

	contract "github.com/midwatch-cli/midwatch/fleet/breaker/httpapi/serve"
)

// far is a service with breakers of its own, on loopback: its orders are counted.
type far struct {
	addr   string
	orders atomic.Int64
}

func newFar(t *testing.T, h http.Handler) *far {
	t.Helper()
	f := &far{}
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method == http.MethodPost {
			f.orders.Add(1)
		}
		h.ServeHTTP(w, r)
	}))
	t.Cleanup(s.Close)
	f.addr = s.Listener.Addr().String()
	return f
}

// speaking is a server of our own contract with breaker payment.
func speaking() *contract.Server {
	s := &contract.Server{}
	s.Add(still{})
	return s
}

// orders is what POST gets of it instead.
func orders(code int, header, body string) http.Handler {
	s := speaking()
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method != http.MethodPost {
			s.ServeHTTP(w, r)
			return
		}
		if name, value, ok := strings.Cut(header, ": "); ok {
			w.Header().Set(name, value)
		}
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(code)
		_, _ = io.WriteString(w, body)
	})
}

// actuator is a Spring Boot application behind Spring Security: reading is let
// in, and orders are refused for want of a CSRF token.
func actuator(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Content-Type", "application/vnd.spring-boot.actuator.v3+json")
	switch {
	case r.Method == http.MethodPost:
		w.WriteHeader(http.StatusForbidden)
	case r.URL.Path == "/actuator":
		fmt.Fprintf(w, `{"_links":{"self":{"href":"http://%[1]s/actuator"},"circuitbreakers":{"href":"http://%[1]s/actuator/circuitbreakers"},"circuitbreakers-name":{"href":"http://%[1]s/actuator/circuitbreakers/{name}","templated":true}}}`, r.Host)
	case r.URL.Path == "/actuator/circuitbreakers":
		fmt.Fprint(w, `{"circuitBreakers":{"payment":{"failureRate":"-1.0%","slowCallRate":"-1.0%","failureRateThreshold":"50.0%","slowCallRateThreshold":"100.0%","bufferedCalls":0,"failedCalls":0,"slowCalls":0,"slowFailedCalls":0,"notPermittedCalls":0,"state":"CLOSED"}}}`)
	default:
		http.NotFound(w, r)
	}
}

// circuits is an admin API that somebody wrote by hand, whose words are its own.
type circuits struct {
	state string
	after string // an order puts it there
}

func (c *circuits) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.Method == http.MethodPost {
		c.state = c.after
		return
	}
	fmt.Fprintf(w, `{"breakers":[{"name":"payment","state":%q}]}`, c.state)
}

const mapped = `profiles:
  own:
    breakers:
      api: mapping
      mapping:
        list: {path: /circuits}
        items: /breakers
        name: /name
        state: /state
        set:
          trip: {path: "/circuits/{name}/open"}
  guarded:
    extends: midwatch
    auth: {bearer: "env:TOKEN"}
`

// ordered trips payment of a service whose instances are at these places, and
// returns how that ended.
func ordered(t *testing.T, profile string, args []string, at ...*far) (code int, out, errs string) {
	t.Helper()
	dir := t.TempDir()
	var text strings.Builder
	text.WriteString("services:\n  - name: order\n    instances:\n")
	for i, f := range at {
		fmt.Fprintf(&text, "      - {id: order-%d, address: %q, labels: {profile: %s}}\n", i+1, f.addr, profile)
	}
	for name, content := range map[string]string{"fleet.yaml": text.String(), "midwatch.yaml": mapped} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	line := append([]string{"breakers", "trip", "--yes", "--config", filepath.Join(dir, "midwatch.yaml"), "--registry", "file://" + filepath.Join(dir, "fleet.yaml")}, args...)
	return runWith(t, map[string]string{"TOKEN": "t0ken-of-the-test", "XDG_STATE_HOME": dir}, line...)
}

// TestBadOrders: what goes wrong between us and a service's own breakers, as it
// is said, with the code.
func TestBadOrders(t *testing.T) {
	const refused = `{"error":"no"}`
	well := func() *far { return newFar(t, speaking()) }
	for _, c := range []struct {
		name    string
		profile string
		args    []string
		at      []*far
		code    int
		sent    []int64 // orders, by instance
		says    []string
	}{
		{"it is done", "midwatch", []string{"order/payment"}, []*far{well(), well()}, 0, []int64{1, 1}, []string{"opened on 2 of 2. change "}},
		{"an unknown breaker", "midwatch", []string{"order/paiment"}, []*far{well()}, 3, []int64{0}, []string{"error: no such breaker: order/paiment\nhint: did you mean order/payment?\n", "error: nothing was changed"}},
		{
			"half of them refuse", "midwatch",
			[]string{"order/payment"},
			[]*far{well(), newFar(t, orders(401, "WWW-Authenticate: Bearer", refused)), well(), newFar(t, orders(403, "", refused))},
			4,
			[]int64{1, 1, 1, 1},
			[]string{"order/order-2\tfailed\tclosed\t", "401", "order/order-4\tfailed\tclosed\t", "403", "opened on 2 of 4. change ", "retry: midwatch breakers trip --retry "},
		},
		{
			"it answers 200 and does nothing", "midwatch",
			[]string{"order/payment"},
			[]*far{newFar(t, orders(200, "", `{"name":"payment","state":"forced_open"}`))},
			1,
			[]int64{1},
			[]string{"trip was answered well, and breaker \"payment\" is closed", "opened on 0 of 1. change "},
		},
		{
			"CSRF", "spring",
			[]string{"order/payment"},
			[]*far{newFar(t, http.HandlerFunc(actuator))},
			1,
			[]int64{1},
			[]string{"order/order-1\tfailed\tclosed\t", "403", "CSRF", "hint: "},
		},
		{
			"a wrong token", "guarded",
			[]string{"order/payment"},
			[]*far{newFar(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				w.WriteHeader(http.StatusUnauthorized)
				_, _ = io.WriteString(w, "you said "+r.Header.Get("Authorization"))
			}))},
			3,
			[]int64{0},
			[]string{"error: breakers of order/order-1 could not be read: ", "401: you said ***", "nothing was changed"},
		},
		{
			"a word that is not mapped", "own",
			[]string{"order/payment"},
			[]*far{newFar(t, &circuits{"Closed", "Kaputt"})},
			1,
			[]int64{1},
			[]string{`was answered well, breaker "payment" was closed and is "Kaputt"`, "hint: breakers.mapping.states says what its words mean"},
		},
		{
			"a word that is not mapped, before", "own",
			[]string{"order/payment"},
			[]*far{newFar(t, &circuits{"Kaputt", "Forced Open"})},
			0,
			[]int64{1},
			[]string{"  order-1  unknown (\"Kaputt\")  →  forced open\n", "opened on 1 of 1."},
		},
		{
			"a share that it has no word for", "own",
			[]string{"order/payment", "--percent", "20"},
			[]*far{newFar(t, &circuits{"Closed", "ForcedOpen"})},
			1,
			[]int64{0},
			[]string{"error: nothing was changed: ", "a share of calls is not in the mapping", "hint: {share} in breakers.mapping.set.trip says where it goes"},
		},
		{
			"a share of Resilience4j", "spring",
			[]string{"order/payment", "--percent", "20"},
			[]*far{newFar(t, http.HandlerFunc(actuator))},
			1,
			[]int64{0},
			[]string{"error: nothing was changed: "},
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			code, out, errs := ordered(t, c.profile, c.args, c.at...)
			if code != c.code {
				t.Errorf("ended with %d, want %d\n%s%s", code, c.code, out, errs)
			}
			for _, text := range c.says {
				if !strings.Contains(out+errs, text) {
					t.Errorf("%q is not said:\n%s%s", text, out, errs)
				}
			}
			if strings.Contains(out+errs, "t0ken") {
				t.Errorf("the secret is shown:\n%s%s", out, errs)
			}
			var sent []int64
			for _, f := range c.at {
				sent = append(sent, f.orders.Load())
			}
			if !slices.Equal(sent, c.sent) {
				t.Errorf("orders were sent %v times, want %v\n%s%s", sent, c.sent, out, errs)
			}
		})
	}
}

// TestOrdersComplete: the addresses of the breakers there are, and the changes
// there were.
func TestOrdersComplete(t *testing.T) {
	f := newFar(t, speaking())
	dir := t.TempDir()
	path := filepath.Join(dir, "fleet.yaml")
	text := fmt.Sprintf("services:\n  - name: order\n    instances: [{id: order-1, address: %q, labels: {profile: midwatch}}]\n", f.addr)
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	env := map[string]string{"XDG_STATE_HOME": dir, "MIDWATCH_REGISTRY": "file://" + path}
	offered := func(words ...string) string {
		_, out, _ := runWith(t, env, append([]string{"__complete"}, words...)...)
		all, _, _ := strings.Cut(out, ":")
		return strings.Join(strings.Fields(all), " ")
	}
	if code, _, errs := runWith(t, env, "breakers", "trip", "order/payment", "--yes"); code != 0 {
		t.Fatal(errs)
	}
	id := offered("breakers", "trip", "--retry", "")
	if len(id) != 10 {
		t.Errorf("changes: %q", id)
	}
	for words, want := range map[string]string{
		"breakers trip |":             "order/payment",
		"breakers reset order/|":      "order/payment",
		"breakers reset other/|":      "",
		"breakers trip order/payment": "",
		"breakers list |":             "order/payment",
		"breakers show |":             "order/payment",
		"breakers trip --breaker|":    "payment",
		"drain |":                     "order order/order-1",
		"undrain order/o|":            "order order/order-1",
		"undrain --retry|":            id,
		"drain --server|":             "payment",
		"changes undo |":              id,
	} {
		line := strings.Fields(strings.TrimSuffix(words, "|"))
		if strings.HasSuffix(words, " |") || !strings.HasSuffix(words, "/|") && !strings.HasSuffix(words, "o|") {
			line = append(line, "")
		}
		if got := offered(line...); got != want {
			t.Errorf("%s: offers %q, want %q", words, got, want)
		}
	}
}
