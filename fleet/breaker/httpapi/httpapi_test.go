package httpapi_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"math"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/failsafe-go/failsafe-go"
	"github.com/failsafe-go/failsafe-go/circuitbreaker"

	"github.com/midwatch-cli/midwatch/fleet"
	"github.com/midwatch-cli/midwatch/fleet/breaker"
	"github.com/midwatch-cli/midwatch/fleet/breaker/breakertest"
	"github.com/midwatch-cli/midwatch/fleet/breaker/httpapi"
	"github.com/midwatch-cli/midwatch/fleet/breaker/httpapi/serve"
	"github.com/midwatch-cli/midwatch/probe"
)

func TestMain(m *testing.M) { breakertest.Main(m) }

// The far end of the suite is the real one: package serve in front of breakers
// of failsafe-go.
func TestConformance(t *testing.T) { breakertest.Run(t, freshWorld) }

// library is a breaker of failsafe-go.
type library struct {
	name string
	circuitbreaker.CircuitBreaker[any]
}

func (l library) Name() string { return l.name }

func (l library) Status() serve.Status {
	return serve.NewStatus(map[circuitbreaker.State]serve.State{
		circuitbreaker.ClosedState: serve.Closed, circuitbreaker.OpenState: serve.Open, circuitbreaker.HalfOpenState: serve.HalfOpen,
	}[l.State()])
}

func (l library) Verbs() []serve.Verb { return []serve.Verb{serve.Reset, serve.TryHalfOpen} }

func (l library) Do(v serve.Verb) error {
	if v == serve.Reset {
		l.Close()
	} else {
		l.HalfOpen()
	}
	return nil
}

// far is a service with two breakers and one of an odd name.
type far struct {
	server *serve.Server
	calls  map[string]func(func() error) error
}

func newFar() *far {
	f := &far{server: &serve.Server{Drains: true, DrainEffects: []string{"its own /health says draining"}}, calls: map[string]func(func() error) error{}}
	for _, name := range []string{"payment", "edge/shop/s1", "100% #;?"} {
		var guard *serve.Guard
		words := map[circuitbreaker.State]serve.State{circuitbreaker.ClosedState: serve.Closed, circuitbreaker.OpenState: serve.Open, circuitbreaker.HalfOpenState: serve.HalfOpen}
		b := circuitbreaker.NewBuilder[any]().WithFailureThreshold(3).WithDelay(time.Hour).
			OnStateChanged(func(e circuitbreaker.StateChangedEvent) { guard.Changed(words[e.OldState], words[e.NewState]) }).Build()
		guard = f.server.Add(library{name, b})
		f.calls[name] = guard.Wrap(failsafe.With[any](b).Run)
	}
	return f
}

const secret = "t0ken-of-the-suite"

func freshWorld(t testing.TB) breakertest.World {
	f := newFar()
	front := breakertest.Front(t, f.server, secret)
	return breakertest.World{
		Driver: httpapi.Driver(),
		Open:   func(t testing.TB) breaker.Admin { return open(t, front.Client(t), "") },
		Site:   breaker.Site{Base: front.URL},
		Names:  []string{"payment", "edge/shop/s1"},
		Call:   func(_ testing.TB, name string) bool { return f.calls[name](func() error { return nil }) == nil },
		Trouble: func(_ testing.TB, name string) {
			for range 3 {
				_ = f.calls[name](func() error { return errors.New("ill") })
			}
		},
		Break: front.Break, Secret: secret,
	}
}

func open(t testing.TB, client *http.Client, path string) breaker.Admin {
	t.Helper()
	a, err := httpapi.Driver().Open(breaker.Options{Client: client, API: fleet.BreakerAPI{Path: path}, Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	return a
}

// answering opens an Admin at a server that gives one answer to everything.
func answering(t testing.TB, code int, kind, body string) (breaker.Admin, breaker.Site) {
	front := breakertest.Front(t, http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", kind)
		w.WriteHeader(code)
		_, _ = io.WriteString(w, body)
	}), "")
	return open(t, front.Client(t), ""), breaker.Site{Base: front.URL}
}

func within(t testing.TB) context.Context {
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	t.Cleanup(cancel)
	return ctx
}

func TestOddNames(t *testing.T) {
	f := newFar()
	front := breakertest.Front(t, f.server, "")
	a, at := open(t, front.Client(t), ""), breaker.Site{Base: front.URL}
	for name := range f.calls {
		b, err := a.Set(within(t), at, name, fleet.Order{Verb: fleet.Trip})
		if err != nil || b.Name != name || b.State != fleet.BreakerForcedOpen {
			t.Errorf("%q: %+v, %v", name, b, err)
		}
	}
	for _, name := range []string{"", "edge", "edge/shop", "100%25 #;?", "Payment", "..", "payment/../payment"} {
		if _, err := a.Set(within(t), at, name, fleet.Order{Verb: fleet.Trip}); !errors.Is(err, fleet.ErrNotFound) {
			t.Errorf("%q: %v, want not found", name, err)
		}
	}
}

// TestRequests: an order is one POST and one GET.
func TestRequests(t *testing.T) {
	f := newFar()
	var mu sync.Mutex
	var got []string
	front := breakertest.Front(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		r.Body = io.NopCloser(strings.NewReader(string(body)))
		mu.Lock()
		got = append(got, r.Method+" "+r.URL.EscapedPath()+" "+string(body))
		mu.Unlock()
		f.server.ServeHTTP(w, r)
	}), "")
	a, at := open(t, front.Client(t), ""), breaker.Site{Base: front.URL}
	o := fleet.Order{Verb: fleet.Trip, Share: 0.5, By: "me", Reason: `"why"`, Change: "01J", TTL: 90 * time.Second}
	b, err := a.Set(within(t), at, "edge/shop/s1", o)
	if err != nil || b.Share != 0.5 || b.Hold.By != "me" || b.Hold.Reason != `"why"` || b.Hold.Change != "01J" || time.Until(b.Hold.Until) < 80*time.Second {
		t.Errorf("%+v, %v", b, err)
	}
	if _, err := a.Set(within(t), at, "payment", fleet.Order{Verb: fleet.Bypass, Share: 0.5}); err != nil {
		t.Error(err)
	}
	want := []string{
		`POST /midwatch/breakers/edge%2Fshop%2Fs1 {"verb":"trip","share":0.5,"by":"me","reason":"\"why\"","change":"01J","ttlSeconds":90}`,
		`GET /midwatch/breakers/edge%2Fshop%2Fs1 `,
		`POST /midwatch/breakers/payment {"verb":"bypass"}`,
		`GET /midwatch/breakers/payment `,
	}
	mu.Lock()
	defer mu.Unlock()
	if !slices.Equal(got, want) {
		t.Errorf("asked was\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}

func TestBases(t *testing.T) {
	for _, c := range []struct{ served, configured, base string }{
		{"", "", ""}, {"", "", "/"}, {"/ops", "/ops", ""}, {"/ops", "/ops/", ""}, {"/ops", "", "/ops"}, {"/ops", "/other", "/ops/"}, {"/", "/", ""},
	} {
		s := &serve.Server{Path: c.served}
		front := breakertest.Front(t, s, "")
		if list, err := open(t, front.Client(t), c.configured).List(within(t), breaker.Site{Base: front.URL + c.base}); err != nil || list == nil {
			t.Errorf("%+v: %v, %v", c, list, err)
		}
	}
	for _, base := range []string{"", "unix:///run/a.sock", "127.0.0.1:80", "http://", "ftp://a", "http://a b", "::"} {
		if _, err := open(t, http.DefaultClient, "").List(within(t), breaker.Site{Base: base}); !errors.Is(err, errors.ErrUnsupported) {
			t.Errorf("%q: %v", base, err)
		}
	}
}

func TestListReads(t *testing.T) {
	a, at := answering(t, 200, "application/json", `{"future":1,"breakers":[
		{"breaker":"b","state":"HALF-OPEN","observed":"half open","failureRate":1.5,"slowRate":0,"calls":-7,"rejected":9,"since":"yesterday","share":0.5},
		{"breaker":"a","state":"isolated","observed":"?","failureRate":null,"calls":3,"since":"2026-01-02T03:04:05.5+02:00","heldBy":"me","until":"2026-01-02T04:00:00Z","verbs":["trip","explode","trip"]},
		{"breaker":"c","state":"forced_open","share":1,"verbs":[]}]}`)
	list, err := a.List(within(t), at)
	if err != nil || len(list) != 3 {
		t.Fatalf("%+v, %v", list, err)
	}
	if b := list[0]; b.Name != "a" || b.State != fleet.BreakerUnknown || b.Word != "isolated" || !math.IsNaN(b.FailureRate) || !math.IsNaN(b.SlowRate) || b.Calls != 3 || b.Rejected != -1 ||
		!b.Since.Equal(time.Date(2026, 1, 2, 1, 4, 5, 5e8, time.UTC)) || b.Since.Location() != time.UTC || b.Hold.By != "me" || b.Hold.Until.IsZero() || !slices.Equal(b.Verbs, []fleet.Verb{fleet.Trip}) {
		t.Errorf("%+v", b)
	}
	if b := list[1]; b.State != fleet.BreakerHalfOpen || b.Observed != fleet.BreakerHalfOpen || b.Word != "" || !math.IsNaN(b.FailureRate) || b.SlowRate != 0 || b.Calls != -1 || b.Rejected != 9 || !b.Since.IsZero() || b.Verbs != nil || b.Share != 0 {
		t.Errorf("%+v", b)
	}
	if b := list[2]; b.Verbs == nil || len(b.Verbs) != 0 || b.Share != 0 || b.API != httpapi.Name {
		t.Errorf("%+v", b)
	}
}

// TestWhatIsNoAnswer: every answer that is none is an error with its reason.
func TestWhatIsNoAnswer(t *testing.T) {
	const plain, page = "application/json", "text/html"
	for _, c := range []struct {
		code       int
		kind, body string
		reason     fleet.Reason
		is         error
		says       string
	}{
		{200, plain, ``, probe.ReasonBody, nil, "empty"},
		{200, plain, `{}`, probe.ReasonBody, nil, `no "breakers"`},
		{200, plain, `{"breakers":null}`, probe.ReasonBody, nil, `no "breakers"`},
		{200, plain, `[]`, probe.ReasonBody, nil, "not the JSON"},
		{200, plain, `{"breakers":{}}`, probe.ReasonBody, nil, "not the JSON"},
		{200, plain, `{"breakers":[{"breaker":"a","calls":"many"}]}`, probe.ReasonBody, nil, "not the JSON"},
		{200, plain, `{"breakers":[{"state":"open"}]}`, probe.ReasonBody, nil, "no name"},
		{200, plain, `{"breakers":[{"breaker":"a"},{"breaker":"a"}]}`, probe.ReasonBody, nil, "twice"},
		{200, plain, "{\"breakers\":[\x1b[31m", probe.ReasonBody, nil, `{"breakers":[`},
		{200, page, `<html>log in</html>`, probe.ReasonPage, nil, "HTML"},
		{200, plain, `<!doctype html>`, probe.ReasonPage, nil, "HTML"},
		{302, page, ``, probe.ReasonRedirect, nil, "302"},
		{401, plain, `{"detail":"a bearer token is needed"}`, probe.ReasonAuth, fleet.ErrDenied, "a bearer token is needed"},
		{403, plain, `{"message":"CSRF"}`, probe.ReasonAuth, fleet.ErrDenied, "CSRF"},
		{404, plain, `{"error":"nothing here"}`, probe.ReasonNotFound, fleet.ErrNotFound, "nothing here"},
		{404, page, `<html>`, probe.ReasonNotFound, fleet.ErrNotFound, "HTML"},
		{405, plain, ``, probe.ReasonNotFound, errors.ErrUnsupported, "method not allowed"},
		{429, plain, ``, probe.ReasonLimited, nil, "429"},
		{500, "text/plain", `java.lang.Exception`, probe.ReasonStatus, nil, "java.lang.Exception"},
		{503, page, `<h1>`, probe.ReasonGateway, nil, "503"},
	} {
		a, at := answering(t, c.code, c.kind, c.body)
		_, err := a.List(within(t), at)
		reason, text := fleet.ReasonOf(err)
		if err == nil || reason != c.reason || c.is != nil && !errors.Is(err, c.is) || !strings.Contains(text, c.says) || !strings.Contains(text, at.Base) {
			t.Errorf("%d %q: %s, %v; want %s and %q", c.code, c.body, reason, err, c.reason, c.says)
		}
		if strings.ContainsAny(text, "\x1b\n") {
			t.Errorf("%d %q: control characters in %q", c.code, c.body, text)
		}
	}
	a, at := answering(t, 404, plain, `{}`)
	_, err := a.List(within(t), at)
	var said *fleet.Error
	if !errors.As(err, &said) || !strings.Contains(said.Hint, "breakers.path") {
		t.Errorf("nothing says what to do about %v", err)
	}
}

// TestAnotherBreaker: a server that answers with another breaker is not
// believed.
func TestAnotherBreaker(t *testing.T) {
	a, at := answering(t, 200, "application/json", `{"breaker":"user","state":"forced_open"}`)
	if _, err := a.Set(within(t), at, "payment", fleet.Order{Verb: fleet.Trip}); err == nil || errors.Is(err, breaker.ErrNoEffect) {
		t.Errorf("%v", err)
	}
}

func TestNoEffectSaysTheWord(t *testing.T) {
	a, at := answering(t, 200, "application/json", `{"breaker":"payment","state":"isolated"}`)
	_, err := a.Set(within(t), at, "payment", fleet.Order{Verb: fleet.Trip})
	if !errors.Is(err, breaker.ErrNoEffect) || !strings.Contains(err.Error(), `"isolated"`) {
		t.Errorf("%v", err)
	}
}

// TestGoneAfterwards: what cannot be read back was still ordered.
func TestGoneAfterwards(t *testing.T) {
	front := breakertest.Front(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method == http.MethodGet {
			w.WriteHeader(http.StatusNotFound)
		}
	}), "")
	a, at := open(t, front.Client(t), ""), breaker.Site{Base: front.URL}
	_, err := a.Set(within(t), at, "payment", fleet.Order{Verb: fleet.Trip})
	if err == nil || errors.Is(err, fleet.ErrNotFound) || !strings.Contains(err.Error(), "the order was taken") {
		t.Errorf("%v", err)
	}
}

func TestDrains(t *testing.T) {
	f := newFar()
	front := breakertest.Front(t, f.server, "")
	a, at := open(t, front.Client(t), "").(breaker.Drainer), breaker.Site{Base: front.URL}
	leave := f.server.Enter()
	got, err := a.SetDrain(within(t), at, "", true, fleet.Order{Verb: fleet.Trip, By: "me", Reason: "move", Change: "01J", TTL: time.Minute})
	if err != nil || !got.On || got.Text != "draining" || got.InFlight != 1 || got.Hold.By != "me" || got.Hold.Change != "01J" || got.Hold.Until.IsZero() || !f.server.Draining() {
		t.Errorf("%+v, %v", got, err)
	}
	leave()
	if got, err := a.Drained(within(t), at, ""); err != nil || got.Text != "drained" || got.InFlight != 0 {
		t.Errorf("%+v, %v", got, err)
	}
	for on, want := range map[bool]int{true: 1, false: 0} {
		if effects, err := a.DrainEffects(within(t), at, "", on); err != nil || len(effects) != want {
			t.Errorf("effects of %v: %q, %v", on, effects, err)
		}
	}
	if _, err := a.Drained(within(t), at, "payment"); !errors.Is(err, errors.ErrUnsupported) {
		t.Errorf("a breaker was drained: %v", err)
	}
	f.server.Drains = false
	if _, err := a.SetDrain(within(t), at, "", true, fleet.Order{}); !errors.Is(err, errors.ErrUnsupported) {
		t.Errorf("a service that cannot be drained: %v", err)
	}
	for _, c := range []struct {
		code int
		body string
		is   error
	}{{404, ``, errors.ErrUnsupported}, {501, ``, errors.ErrUnsupported}, {403, ``, fleet.ErrDenied}, {200, `{"on":false}`, breaker.ErrNoEffect}} {
		a, at := answering(t, c.code, "application/json", c.body)
		if _, err := a.(breaker.Drainer).SetDrain(within(t), at, "", true, fleet.Order{}); !errors.Is(err, c.is) {
			t.Errorf("%d %s: %v, want %v", c.code, c.body, err, c.is)
		}
	}
	b, at := answering(t, 200, "application/json", `{"on":true,"inFlight":-9}`)
	if got, err := b.(breaker.Drainer).Drained(within(t), at, ""); err != nil || got.Text != "draining" || got.InFlight != -1 {
		t.Errorf("%+v, %v", got, err)
	}
	b, at = answering(t, 200, "application/json", `{}`)
	if got, err := b.(breaker.Drainer).Drained(within(t), at, ""); err == nil {
		t.Errorf("an answer that does not say was read as %+v", got)
	}
}

func TestEventsRead(t *testing.T) {
	a, at := answering(t, 200, "application/json", `{"events":[
		{"at":"2026-01-02T03:04:06Z","breaker":"a","kind":"transition","from":"open","to":"half_open"},
		{"at":"when?","breaker":"a","kind":"lost"},
		{"at":"2026-01-02T03:04:05Z","breaker":"a","kind":"odd","text":"more"}]}`)
	events, err := a.(breaker.Historian).Events(within(t), at, "a")
	if err != nil || len(events) != 2 || events[0].Kind != "odd" || events[0].Text != "more" || events[1].From != fleet.BreakerOpen || events[1].To != fleet.BreakerHalfOpen {
		t.Errorf("%+v, %v", events, err)
	}
	f := newFar()
	front := breakertest.Front(t, f.server, "")
	at = breaker.Site{Base: front.URL}
	h := open(t, front.Client(t), "").(breaker.Historian)
	for name := range f.calls {
		if _, err := h.(breaker.Admin).Set(within(t), at, name, fleet.Order{Verb: fleet.Trip}); err != nil {
			t.Fatal(err)
		}
	}
	if all, err := h.Events(within(t), at, ""); err != nil || len(all) != len(f.calls) {
		t.Errorf("%+v, %v", all, err)
	}
	if _, err := h.Events(within(t), at, "absent"); !errors.Is(err, fleet.ErrNotFound) {
		t.Errorf("%v", err)
	}
	for _, body := range []string{`{}`, `{"events":1}`} {
		a, at := answering(t, 200, "application/json", body)
		if got, err := a.(breaker.Historian).Events(within(t), at, "a"); err == nil {
			t.Errorf("%s was read as %+v", body, got)
		}
	}
}

// FuzzAnswers: whatever a far end answers, what comes back is well formed or an
// error.
func FuzzAnswers(f *testing.F) {
	for _, body := range []string{
		`{"breakers":[{"breaker":"a","state":"open","failureRate":0.5,"calls":1e3}]}`, `{"breaker":"a","state":"closed","since":"2026-01-02T03:04:05Z"}`,
		`{"on":true,"inFlight":3}`, `{"events":[{"at":"2026-01-02T03:04:05Z","breaker":"a"}]}`, `{"breakers":[null]}`, `null`, `{"breakers":[{"breaker":"a","failureRate":1e999}]}`,
	} {
		f.Add(200, body)
	}
	f.Add(404, `{"detail":"no"}`)
	var mu sync.Mutex
	code, body := 200, ""
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		mu.Lock()
		defer mu.Unlock()
		w.WriteHeader(code)
		_, _ = io.WriteString(w, body)
	}))
	f.Cleanup(server.Close)
	a, at := open(f, server.Client(), ""), breaker.Site{Base: server.URL}
	f.Fuzz(func(t *testing.T, c int, b string) {
		if c < 200 || c > 599 {
			return // net/http sends no such answer
		}
		mu.Lock()
		code, body = c, b
		mu.Unlock()
		list, err := a.List(within(t), at)
		for i, x := range list {
			if err != nil || x.Name == "" || x.FailureRate < 0 || x.FailureRate > 1 || x.Calls < -1 || i > 0 && list[i-1].Name >= x.Name {
				t.Fatalf("%+v beside %v", list, err)
			}
		}
		if b, err := a.Set(within(t), at, "a", fleet.Order{Verb: fleet.Trip}); err == nil && b.State != fleet.BreakerForcedOpen {
			t.Fatalf("%+v", b)
		}
		_, _ = a.(breaker.Drainer).Drained(within(t), at, "")
		_, _ = a.(breaker.Historian).Events(within(t), at, "a")
	})
}

// BenchmarkThousand is one order on 1,000 instances, 64 at a time: POST and GET
// each, over connections of their own. Server and client share the machine.
func BenchmarkThousand(b *testing.B) {
	const instances = 1000
	transport := &http.Transport{MaxIdleConnsPerHost: 64, MaxIdleConns: 64}
	defer transport.CloseIdleConnections()
	a := open(b, &http.Client{Transport: transport}, "")
	server := httptest.NewServer(newFar().server)
	defer server.Close()
	verbs := []fleet.Verb{fleet.Trip, fleet.Reset}
	for n := 0; b.Loop(); n++ {
		var all sync.WaitGroup
		slots := make(chan struct{}, 64)
		for range instances {
			slots <- struct{}{}
			all.Go(func() {
				defer func() { <-slots }()
				if _, err := a.Set(within(b), breaker.Site{Base: server.URL}, "payment", fleet.Order{Verb: verbs[n%2]}); err != nil {
					b.Error(err)
				}
			})
		}
		all.Wait()
	}
	b.ReportMetric(float64(b.Elapsed().Microseconds())/float64(b.N*instances), "µs/instance")
}

func ExampleDriver() {
	body, _ := json.Marshal(httpapi.Driver().Abilities)
	fmt.Println(string(body))
	// Output: ["drain","events","holds","observe"]
}
