package actuator_test

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/midwatch-cli/midwatch/fleet/breaker/breakertest"
)

// fake is an application with Resilience4j and the actuator, in this process. It
// behaves as the recordings in testdata/wire do; TestRecordingsFake says so.
type fake struct {
	version   int    // of Resilience4j: 1 lists names only
	path      string // the actuator's
	snake     bool   // the application writes its JSON in snake case
	readOnly  bool
	hidden    bool   // circuitbreakers is not exposed
	noHealth  bool   // no details of breakers in its health
	netty     bool   // takes %2F in paths
	mapped    string // another path for circuitbreakers; empty: its own
	password  string // Spring Security, user operator; empty: none
	csrf      string // session or cookie; empty: no protection
	errorOpen bool   // the error dispatch is open: 403 and a page for what is denied
	registry  string // eureka, consul, none (registers nowhere); empty: no serviceregistry

	mu       sync.Mutex
	fault    breakertest.Fault
	breakers map[string]*fakeBreaker
	status   string // what was ordered of serviceregistry; empty: nothing
	tokens   map[string]string
	clock    time.Time
	seen     []string // request lines
	writes   int      // POSTs that came
}

// fakeBreaker is one breaker: a window of 5 calls, open at 50% from 5 on.
type fakeBreaker struct {
	state        string
	calls        []bool // true: failed
	notPermitted int
	events       []map[string]any
}

func newFake(names ...string) *fake {
	f := &fake{version: 2, path: "/actuator", breakers: map[string]*fakeBreaker{}, tokens: map[string]string{}, clock: time.Date(2026, 11, 23, 4, 27, 11, 350711421, time.UTC)}
	for _, name := range names {
		f.breakers[name] = &fakeBreaker{state: "CLOSED"}
	}
	return f
}

// to changes a breaker's state as the endpoint does: the same again is a fresh
// state without counts and without an event. f.mu is held.
func (f *fake) to(name, state string) {
	b := f.breakers[name]
	if b == nil { // get or create: the phantom
		b = &fakeBreaker{state: "CLOSED"}
		f.breakers[name] = b
	}
	if b.state != state {
		f.event(name, "STATE_TRANSITION", nil, b.state+"_TO_"+state)
	}
	b.state, b.calls, b.notPermitted = state, nil, 0
}

func (f *fake) event(name, kind string, message, transition any) {
	f.clock = f.clock.Add(14563 * time.Microsecond)
	f.breakers[name].events = append(f.breakers[name].events, map[string]any{
		"circuitBreakerName": name, "type": kind, "creationTime": f.clock.Format("2006-01-02T15:04:05.999999999Z07:00") + "[Etc/UTC]",
		"errorMessage": message, "durationInMs": nil, "stateTransition": transition,
	})
}

// call is one call through a breaker.
func (f *fake) call(name string, fails bool) bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	b := f.breakers[name]
	if b.state == "OPEN" || b.state == "FORCED_OPEN" {
		b.notPermitted++
		return false
	}
	if b.state == "DISABLED" {
		return !fails
	}
	b.calls = append(b.calls, fails)
	if fails {
		f.event(name, "ERROR", "example.fleet.App$Upstream: upstream said 503", nil)
	}
	if len(b.calls) >= 5 && b.failed()*2 >= len(b.calls) {
		f.event(name, "STATE_TRANSITION", nil, b.state+"_TO_OPEN")
		b.state = "OPEN"
	}
	return !fails
}

func (b *fakeBreaker) failed() (n int) {
	for _, failed := range b.calls {
		if failed {
			n++
		}
	}
	return n
}

// trouble makes a breaker open by itself.
func (f *fake) trouble(name string) {
	for range 5 {
		f.call(name, true)
	}
}

// stateOf is a breaker's state; empty where there is none.
func (f *fake) stateOf(name string) string {
	f.mu.Lock()
	defer f.mu.Unlock()
	if b := f.breakers[name]; b != nil {
		return b.state
	}
	return ""
}

// taken returns the request lines since it was last asked.
func (f *fake) taken() []string {
	f.mu.Lock()
	defer f.mu.Unlock()
	seen := f.seen
	f.seen = nil
	return seen
}

// server is an HTTP server on loopback that spoils answers as a fault says, and
// can be out of reach for those who dial through it.
type server struct {
	addr    string
	handler http.Handler
	spoil   func() breakertest.Fault
	refuses atomic.Bool
}

func serve(t testing.TB, handler http.Handler, spoil func() breakertest.Fault) *server {
	t.Helper()
	s := &server{handler: handler, spoil: spoil}
	far := httptest.NewServer(http.HandlerFunc(s.answer))
	t.Cleanup(func() { far.CloseClientConnections(); far.Close() })
	s.addr = far.Listener.Addr().String()
	return s
}

// dial is how a world's client reaches it. A port that nobody listens on would
// be anybody's meanwhile.
func (s *server) dial(ctx context.Context, network, address string) (net.Conn, error) {
	if s.refuses.Load() {
		return nil, &net.OpError{Op: "dial", Net: network, Err: os.NewSyscallError("connect", syscall.ECONNREFUSED)}
	}
	return (&net.Dialer{}).DialContext(ctx, network, address)
}

func (s *server) answer(w http.ResponseWriter, r *http.Request) {
	switch s.spoil() {
	case breakertest.Hang:
		<-r.Context().Done()
	case breakertest.Half:
		w.Header().Set("Content-Type", "application/json")
		w.Header().Set("Content-Length", "4000")
		io.WriteString(w, `{"circuitBreakers":{"payment":{"state":"CLOSED"}`)
		panic(http.ErrAbortHandler)
	case breakertest.Garbage:
		w.Write([]byte("\x00\x01\xff\xfe{{{"))
	case breakertest.Deny:
		w.Header().Set("WWW-Authenticate", `Basic realm="Realm"`)
		w.WriteHeader(http.StatusUnauthorized)
	default:
		s.handler.ServeHTTP(w, r)
	}
}

// breaks makes the hand of a world for a server and what spoils it.
func breaks(s *server, set func(breakertest.Fault)) func(testing.TB, breakertest.Fault) func() {
	return func(_ testing.TB, how breakertest.Fault) func() {
		if how == breakertest.Refuse {
			s.refuses.Store(true)
			return func() { s.refuses.Store(false) }
		}
		set(how)
		return func() { set("") }
	}
}

func (f *fake) setFault(how breakertest.Fault) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.fault = how
}

// currentFault is the fault of the wire; NoEffect is none.
func (f *fake) currentFault() breakertest.Fault {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.fault
}

// exposition is its page of metrics, in the form of Boot 2: with a comma at the
// end of labels.
func (f *fake) exposition() string {
	var b strings.Builder
	for name, br := range f.breakers {
		for _, s := range []string{"closed", "open", "half_open", "forced_open", "disabled", "metrics_only"} {
			value := 0.0
			if strings.EqualFold(s, br.state) {
				value = 1
			}
			fmt.Fprintf(&b, "resilience4j_circuitbreaker_state{name=%q,state=%q,} %v\n", name, s, value)
		}
		fmt.Fprintf(&b, "resilience4j_circuitbreaker_failure_rate{name=%q,} -1.0\n", name)
		fmt.Fprintf(&b, "resilience4j_circuitbreaker_buffered_calls{kind=\"failed\",name=%q,} %d\n", name, br.failed())
		fmt.Fprintf(&b, "resilience4j_circuitbreaker_buffered_calls{kind=\"successful\",name=%q,} %d\n", name, len(br.calls)-br.failed())
	}
	return b.String()
}
