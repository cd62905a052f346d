package serve_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/goleak"

	"github.com/midwatch-cli/midwatch/fleet/breaker/httpapi/serve"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// library is a breaker whose state the test sets.
type library struct {
	name string

	mu     sync.Mutex
	status serve.Status
	verbs  []serve.Verb
	done   []serve.Verb
	fail   error
}

func newLibrary(name string) *library {
	l := &library{name: name, status: serve.NewStatus(serve.Closed), verbs: []serve.Verb{serve.Reset, serve.TryHalfOpen}}
	l.status.Rejected = 0
	return l
}

func (l *library) Name() string { return l.name }

func (l *library) Status() serve.Status {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.status
}

func (l *library) Verbs() []serve.Verb { return l.verbs }

func (l *library) Do(v serve.Verb) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.fail != nil {
		return l.fail
	}
	l.done = append(l.done, v)
	l.status.State = map[serve.Verb]serve.State{serve.Reset: serve.Closed, serve.TryHalfOpen: serve.HalfOpen}[v]
	return nil
}

func (l *library) set(s serve.State) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.status.State = s
}

func (l *library) did() []serve.Verb {
	l.mu.Lock()
	defer l.mu.Unlock()
	return slices.Clone(l.done)
}

// answer is one answer of a server.
type answer struct {
	code int
	head http.Header
	body map[string]any
}

// ask asks the server; a body makes it a POST.
func ask(t *testing.T, h http.Handler, path, body string, edit ...func(*http.Request)) answer {
	t.Helper()
	r := httptest.NewRequestWithContext(t.Context(), http.MethodGet, "http://127.0.0.1"+path, nil)
	if body != "" {
		r = httptest.NewRequestWithContext(t.Context(), http.MethodPost, "http://127.0.0.1"+path, strings.NewReader(body))
		r.Header.Set("Content-Type", "application/json")
	}
	for _, f := range edit {
		f(r)
	}
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	a := answer{code: w.Code, head: w.Header()}
	if err := json.Unmarshal(w.Body.Bytes(), &a.body); err != nil {
		t.Fatalf("%s %s: %d %s: %v", r.Method, path, w.Code, w.Body, err)
	}
	want := "application/json"
	if w.Code != http.StatusOK {
		want = "application/problem+json"
	}
	if got := w.Header().Get("Content-Type"); got != want {
		t.Errorf("%s %s: %d is %s, want %s", r.Method, path, w.Code, got, want)
	}
	return a
}

// must asks, and the code has to be 200.
func must(t *testing.T, h http.Handler, path, body string) map[string]any {
	t.Helper()
	a := ask(t, h, path, body)
	if a.code != http.StatusOK {
		t.Fatalf("%s %s: %d %v", path, body, a.code, a.body)
	}
	return a.body
}

func TestOneBreaker(t *testing.T) {
	l := newLibrary("payment")
	l.status.FailureRate, l.status.Calls = 0.25, 8
	s := &serve.Server{}
	s.Add(l)
	got := must(t, s, "/midwatch/breakers/payment", "")
	since, err := time.Parse(time.RFC3339, fmt.Sprint(got["since"]))
	if err != nil || since.Location() != time.UTC || time.Since(since) > time.Minute {
		t.Errorf("since is %v: want RFC 3339, UTC", got["since"])
	}
	delete(got, "since")
	want := `{"breaker":"payment","calls":8,"failureRate":0.25,"observed":"closed","rejected":0,"slowRate":null,"state":"closed","verbs":["trip","reset","bypass","half-open"]}`
	if text := encode(t, got); text != want {
		t.Errorf("got  %s\nwant %s", text, want)
	}
}

func encode(t *testing.T, v any) string {
	t.Helper()
	text, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func TestTheListIsSortedAndNeverNull(t *testing.T) {
	s := &serve.Server{}
	if text := encode(t, must(t, s, "/midwatch/breakers", "")); text != `{"breakers":[]}` {
		t.Errorf("an empty server lists %s", text)
	}
	if text := encode(t, must(t, s, "/midwatch/events", "")); text != `{"events":[]}` {
		t.Errorf("an empty server tells %s", text)
	}
	for _, name := range []string{"user", "edge/shop/s1", "", "payment"} {
		s.Add(newLibrary(name))
	}
	var names []string
	for _, b := range must(t, s, "/midwatch/breakers", "")["breakers"].([]any) {
		names = append(names, b.(map[string]any)["breaker"].(string))
	}
	if want := []string{"edge/shop/s1", "payment", "unnamed", "user"}; !slices.Equal(names, want) {
		t.Errorf("listed are %v, want %v", names, want)
	}
}

// TestOrders: each order from each state, what it makes of the breaker and of
// the calls.
func TestOrders(t *testing.T) {
	for _, c := range []struct {
		observed serve.State
		orders   []serve.Verb
		state    string
		pass     serve.Pass
		done     []serve.Verb
	}{
		{serve.Closed, nil, "closed", serve.Protected, nil},
		{serve.Open, nil, "open", serve.Protected, nil},
		{serve.Closed, []serve.Verb{serve.Trip}, "forced_open", serve.Refused, nil},
		{serve.Open, []serve.Verb{serve.Trip}, "forced_open", serve.Refused, nil},
		{serve.Open, []serve.Verb{serve.Bypass}, "disabled", serve.Unprotected, nil},
		{serve.Closed, []serve.Verb{serve.Trip, serve.Bypass}, "disabled", serve.Unprotected, nil},
		{serve.Closed, []serve.Verb{serve.Bypass, serve.Trip}, "forced_open", serve.Refused, nil},
		{serve.Closed, []serve.Verb{serve.Reset}, "closed", serve.Protected, nil}, // a library's counts are not forgotten for nothing
		{serve.Closed, []serve.Verb{serve.Trip, serve.Reset}, "closed", serve.Protected, nil},
		{serve.Open, []serve.Verb{serve.Reset}, "closed", serve.Protected, []serve.Verb{serve.Reset}},
		{serve.Open, []serve.Verb{serve.Trip, serve.Reset}, "closed", serve.Protected, []serve.Verb{serve.Reset}},
		{serve.Open, []serve.Verb{serve.Reset, serve.Reset}, "closed", serve.Protected, []serve.Verb{serve.Reset}},
		{serve.Open, []serve.Verb{serve.TryHalfOpen}, "half_open", serve.Protected, []serve.Verb{serve.TryHalfOpen}},
		{serve.Open, []serve.Verb{serve.Bypass, serve.TryHalfOpen}, "half_open", serve.Protected, []serve.Verb{serve.TryHalfOpen}},
		{serve.HalfOpen, []serve.Verb{serve.TryHalfOpen}, "half_open", serve.Protected, nil},
	} {
		t.Run(fmt.Sprint(c.observed, c.orders), func(t *testing.T) {
			l := newLibrary("payment")
			l.set(c.observed)
			s := &serve.Server{}
			s.Add(l)
			var last map[string]any
			for _, v := range c.orders {
				last = must(t, s, "/midwatch/breakers/payment", `{"verb":"`+string(v)+`"}`)
			}
			got := must(t, s, "/midwatch/breakers/payment", "")
			if got["state"] != c.state || last != nil && encode(t, last) != encode(t, got) {
				t.Errorf("the state is %v, want %s; the last order answered %v", got["state"], c.state, last)
			}
			if held := c.state == "forced_open" || c.state == "disabled"; held && got["observed"] != string(c.observed) {
				t.Errorf("it observes %v, want %s", got["observed"], c.observed)
			}
			if pass := s.Allow("payment"); pass != c.pass {
				t.Errorf("a call goes %v, want %v", pass, c.pass)
			}
			if done := l.did(); !slices.Equal(done, c.done) {
				t.Errorf("the library did %v, want %v", done, c.done)
			}
		})
	}
}

func TestHolds(t *testing.T) {
	s := &serve.Server{}
	s.Add(newLibrary("payment"))
	const at = "/midwatch/breakers/payment"
	first := must(t, s, at, `{"verb":"trip","by":"oncall-1","reason":"db move","change":"01J9K","ttlSeconds":600,"someday":"more"}`)
	until, err := time.Parse(time.RFC3339, fmt.Sprint(first["until"]))
	if left := time.Until(until); err != nil || left < 590*time.Second || left > 600*time.Second {
		t.Errorf("until is %v, %v away", first["until"], left)
	}
	for key, want := range map[string]string{"heldBy": "oncall-1", "reason": "db move", "change": "01J9K"} {
		if first[key] != want {
			t.Errorf("%s is %v, want %q", key, first[key], want)
		}
	}
	second := must(t, s, at, `{"verb":"trip","by":"oncall-2"}`)
	if second["heldBy"] != "oncall-2" || second["reason"] != nil || second["until"] != nil || second["since"] != first["since"] {
		t.Errorf("the same order of somebody else made of %v\n%v", first, second)
	}
	if n := len(must(t, s, at+"/events", "")["events"].([]any)); n != 1 {
		t.Errorf("there are %d events, want one: the second order changed nothing", n)
	}
	if third := must(t, s, at, `{"verb":"reset","by":"oncall-1"}`); third["heldBy"] != nil {
		t.Errorf("after the reset: %v", third)
	}
}

func TestTTL(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &serve.Server{Drains: true}
		l := newLibrary("payment")
		s.Add(l)
		const at = "/midwatch/breakers/payment"
		must(t, s, at, `{"verb":"trip","by":"me","ttlSeconds":60}`)
		must(t, s, "/midwatch/drain", `{"on":true,"ttlSeconds":60}`)
		l.set(serve.Open)
		time.Sleep(59 * time.Second)
		if s.Allow("payment") != serve.Refused || !s.Draining() {
			t.Errorf("it ended too early")
		}
		time.Sleep(time.Second)
		if s.Allow("payment") != serve.Protected || s.Draining() {
			t.Errorf("it did not end")
		}
		got := must(t, s, at, "")
		if got["state"] != "open" || got["heldBy"] != nil || got["until"] != nil {
			t.Errorf("after its time: %v", got)
		}
		var kinds []string
		for _, e := range must(t, s, at+"/events", "")["events"].([]any) {
			e := e.(map[string]any)
			kinds = append(kinds, fmt.Sprint(e["kind"], " ", e["from"], " ", e["to"]))
		}
		if want := []string{"order closed forced_open", "expired forced_open open"}; !slices.Equal(kinds, want) {
			t.Errorf("the events are %q, want %q", kinds, want)
		}
	})
}

func TestShare(t *testing.T) {
	s := &serve.Server{}
	s.Add(newLibrary("payment"))
	for _, c := range []struct {
		share   string
		refused int
		shown   any
	}{{"0.25", 25, 0.25}, {"0.1", 10, 0.1}, {"0.999", 99, 0.999}, {"1", 100, nil}, {"1e-9", 0, 1e-9}} {
		got := must(t, s, "/midwatch/breakers/payment", `{"verb":"trip","share":`+c.share+`}`)
		if got["state"] != "forced_open" || got["share"] != c.shown {
			t.Errorf("%s: %v", c.share, got)
		}
		refused := 0
		for range 100 {
			if s.Allow("payment") == serve.Refused {
				refused++
			}
		}
		if refused < c.refused-1 || refused > c.refused+1 {
			t.Errorf("%s: %d of 100 calls were refused", c.share, refused)
		}
	}
}

func TestWrap(t *testing.T) {
	l := newLibrary("payment")
	l.status.Rejected = -1
	errOpen, errIll := errors.New("open"), errors.New("ill")
	s := &serve.Server{}
	protected := 0
	call := s.Add(l).Wrap(func(call func() error) error {
		protected++
		if l.Status().State == serve.Open {
			return errOpen
		}
		return call()
	})
	ran := 0
	work := func() error { ran++; return nil }
	const at = "/midwatch/breakers/payment"
	for _, step := range []struct {
		order          string
		observed       serve.State
		err            error
		ran, protected int
		rejected       float64
	}{
		{"", serve.Closed, nil, 1, 1, 0},
		{"", serve.Open, errOpen, 1, 2, 1},
		{"trip", serve.Closed, serve.ErrRefused, 1, 2, 2},
		{"bypass", serve.Open, nil, 2, 2, 2},
		{"reset", serve.Closed, nil, 3, 3, 2},
	} {
		if step.order != "" {
			must(t, s, at, `{"verb":"`+step.order+`"}`)
		}
		l.set(step.observed)
		if err := call(work); !errors.Is(err, step.err) {
			t.Errorf("%s, %s: %v, want %v", step.order, step.observed, err, step.err)
		}
		if got := must(t, s, at, "")["rejected"]; ran != step.ran || protected != step.protected || got != step.rejected {
			t.Errorf("%s, %s: ran %d, protected %d, rejected %v; want %+v", step.order, step.observed, ran, protected, got, step)
		}
	}
	if err := call(func() error { return errIll }); !errors.Is(err, errIll) {
		t.Errorf("a call that fails says %v", err)
	}
	if got := must(t, s, at, "")["rejected"]; got != 2.0 {
		t.Errorf("a call that fails counts as rejected: %v", got)
	}
}

func TestRejectedWithoutWrap(t *testing.T) {
	l := newLibrary("payment")
	s := &serve.Server{}
	s.Add(l)
	for _, c := range []struct {
		library int64
		refuse  bool
		want    any
	}{{-1, false, nil}, {5, false, 5.0}, {5, true, 6.0}, {-1, true, 2.0}} {
		l.mu.Lock()
		l.status.Rejected = c.library
		l.mu.Unlock()
		if c.refuse {
			must(t, s, "/midwatch/breakers/payment", `{"verb":"trip"}`)
			s.Allow("payment")
			must(t, s, "/midwatch/breakers/payment", `{"verb":"reset"}`)
		}
		if got := must(t, s, "/midwatch/breakers/payment", "")["rejected"]; got != c.want {
			t.Errorf("%+v: rejected is %v", c, got)
		}
	}
}

func TestALibraryThatCannot(t *testing.T) {
	l := newLibrary("payment")
	l.verbs = nil
	s := &serve.Server{}
	s.Add(l)
	const at = "/midwatch/breakers/payment"
	if got := encode(t, must(t, s, at, "")["verbs"]); got != `["trip","reset","bypass"]` {
		t.Errorf("its verbs are %s", got)
	}
	if a := ask(t, s, at, `{"verb":"half-open"}`); a.code != http.StatusNotImplemented {
		t.Errorf("half-open: %d %v", a.code, a.body)
	}
	must(t, s, at, `{"verb":"reset"}`) // it is closed: nothing to do
	l.set(serve.Open)
	if a := ask(t, s, at, `{"verb":"reset"}`); a.code != http.StatusNotImplemented {
		t.Errorf("reset of an open one: %d %v", a.code, a.body)
	}
	must(t, s, at, `{"verb":"trip"}`)
	if got := must(t, s, at, `{"verb":"reset"}`); got["state"] != "open" {
		t.Errorf("what was held is left to itself: %v", got)
	}
	l.verbs, l.fail = []serve.Verb{serve.Reset}, errors.New("not in this state")
	if a := ask(t, s, at, `{"verb":"reset"}`); a.code != http.StatusConflict || a.body["detail"] != "not in this state" {
		t.Errorf("a library that refuses: %d %v", a.code, a.body)
	}
}

func TestDrain(t *testing.T) {
	s := &serve.Server{Drains: true, DrainEffects: []string{"its own /health says draining"}}
	if got := encode(t, must(t, s, "/midwatch/drain", "")); got != `{"effects":["its own /health says draining"],"inFlight":null,"on":false,"text":"ready"}` {
		t.Errorf("at first: %s", got)
	}
	enter, leave := make(chan struct{}), make(chan struct{})
	far := httptest.NewServer(s.Count(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		enter <- struct{}{}
		<-leave
	})))
	defer far.Close()
	var calls sync.WaitGroup
	calls.Go(func() {
		if resp, err := far.Client().Get(far.URL); err == nil {
			_, _ = io.Copy(io.Discard, resp.Body)
			resp.Body.Close()
		}
	})
	<-enter
	got := must(t, s, "/midwatch/drain", `{"on":true,"by":"me","reason":"move","change":"01J"}`)
	if got["on"] != true || got["text"] != "draining" || got["inFlight"] != 1.0 || got["heldBy"] != "me" || got["reason"] != "move" || got["change"] != "01J" || !s.Draining() {
		t.Errorf("with a call in flight: %v", got)
	}
	leave <- struct{}{}
	calls.Wait()
	far.Close() // waits for the handler
	if got := must(t, s, "/midwatch/drain", ""); got["text"] != "drained" || got["inFlight"] != 0.0 {
		t.Errorf("with none: %v", got)
	}
	done := s.Enter()
	if s.InFlight() != 1 {
		t.Errorf("in flight are %d", s.InFlight())
	}
	done()
	done() // twice is once
	if s.InFlight() != 0 {
		t.Errorf("in flight are %d", s.InFlight())
	}
	for range 2 {
		if got := must(t, s, "/midwatch/drain", `{"on":false}`); got["on"] != false || got["text"] != "ready" || got["heldBy"] != nil || s.Draining() {
			t.Errorf("put back: %v", got)
		}
	}
	if a := ask(t, s, "/midwatch/drain", `{}`); a.code != http.StatusBadRequest {
		t.Errorf("neither on nor off: %d", a.code)
	}
}

func TestEvents(t *testing.T) {
	s := &serve.Server{}
	user, payment := s.Add(newLibrary("user")), s.Add(newLibrary("payment"))
	payment.Changed(serve.Closed, serve.Open)
	user.Changed(serve.Closed, serve.HalfOpen)
	must(t, s, "/midwatch/breakers/user", `{"verb":"trip","by":"me","reason":"why"}`)
	var got []string
	before := ""
	for _, e := range must(t, s, "/midwatch/events", "")["events"].([]any) {
		e := e.(map[string]any)
		got = append(got, fmt.Sprintf("%v %v %v>%v %v", e["breaker"], e["kind"], e["from"], e["to"], e["text"]))
		if at := e["at"].(string); at < before {
			t.Errorf("%s comes after %s", at, before)
		} else {
			before = at
		}
	}
	want := []string{"payment transition closed>open <nil>", "user transition closed>half_open <nil>", "user order closed>forced_open trip by me: why"}
	if !slices.Equal(got, want) {
		t.Errorf("got  %q\nwant %q", got, want)
	}
	for range 300 {
		payment.Changed(serve.Open, serve.HalfOpen)
	}
	if n := len(must(t, s, "/midwatch/breakers/payment/events", "")["events"].([]any)); n != 100 {
		t.Errorf("%d events are kept, want 100", n)
	}
}

func TestReplaced(t *testing.T) {
	s := &serve.Server{}
	s.Add(newLibrary("payment")).Changed(serve.Closed, serve.Open)
	must(t, s, "/midwatch/breakers/payment", `{"verb":"trip","by":"me"}`)
	s.Add(newLibrary("payment"))
	if got := must(t, s, "/midwatch/breakers/payment", ""); got["state"] != "forced_open" || got["heldBy"] != "me" || s.Allow("payment") != serve.Refused {
		t.Errorf("the one in its place is %v", got)
	}
	if n := len(must(t, s, "/midwatch/events", "")["events"].([]any)); n != 2 {
		t.Errorf("%d events are left, want 2", n)
	}
	if s.Allow("absent") != serve.Protected {
		t.Errorf("a breaker that nobody added is not left to itself")
	}
}

func TestAtOnce(t *testing.T) {
	s := &serve.Server{Drains: true}
	l := newLibrary("payment")
	g := s.Add(l)
	call := g.Wrap(func(call func() error) error { return call() })
	var all sync.WaitGroup
	for i := range 8 {
		all.Go(func() {
			for range 50 {
				switch i {
				case 0:
					must(t, s, "/midwatch/breakers/payment", `{"verb":"trip","ttlSeconds":0.000001,"share":0.5}`)
				case 1:
					must(t, s, "/midwatch/breakers/payment", `{"verb":"reset"}`)
				case 2:
					must(t, s, "/midwatch/drain", `{"on":true}`)
				case 3:
					must(t, s, "/midwatch/breakers", "")
				case 4:
					must(t, s, "/midwatch/events", "")
				case 5:
					g.Changed(serve.Closed, serve.Open)
				case 6:
					s.Add(newLibrary("other"))
				default:
					_ = call(func() error { return nil })
				}
			}
		})
	}
	all.Wait()
}

// BenchmarkAllow is what a call costs that nobody ordered anything about.
func BenchmarkAllow(b *testing.B) {
	s := &serve.Server{}
	g := s.Add(newLibrary("payment"))
	b.RunParallel(func(p *testing.PB) {
		for p.Next() {
			g.Allow()
		}
	})
}
