package mapping_test

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
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/midwatch-cli/midwatch/fleet"
	"github.com/midwatch-cli/midwatch/fleet/breaker"
	"github.com/midwatch-cli/midwatch/fleet/breaker/breakertest"
	"github.com/midwatch-cli/midwatch/fleet/breaker/mapping"
	"github.com/midwatch-cli/midwatch/probe"
)

func TestMain(m *testing.M) { breakertest.Main(m) }

func TestConformance(t *testing.T) { breakertest.Run(t, freshWorld) }

// circuits is a service's own admin API, as somebody wrote it by hand: words of
// its own, and a POST for a name that is not there makes a breaker of it.
type circuits struct {
	mu   sync.Mutex
	all  map[string]*circuit
	last string // the last order: method, path and body
}

type circuit struct {
	Name     string `json:"name"`
	State    string `json:"state"`
	Failures int    `json:"failure_count"`
}

func newCircuits(names ...string) *circuits {
	c := &circuits{all: map[string]*circuit{}}
	for _, name := range names {
		c.all[name] = &circuit{Name: name, State: "Closed"}
	}
	return c
}

func (c *circuits) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	c.mu.Lock()
	defer c.mu.Unlock()
	w.Header().Set("Content-Type", "application/json")
	if r.Method == http.MethodGet {
		list := []*circuit{}
		for _, one := range c.all {
			list = append(list, one)
		}
		_ = json.NewEncoder(w).Encode(map[string]any{"breakers": list})
		return
	}
	body, _ := io.ReadAll(r.Body)
	c.last = r.Method + " " + r.URL.RequestURI() + " " + string(body)
	parts := strings.Split(r.URL.EscapedPath(), "/") // /admin/circuits/NAME/ACTION
	name, err := url.PathUnescape(parts[3])
	state := map[string]string{"isolate": "Isolated", "close": "Closed", "off": "Off", "open": "Open"}[parts[len(parts)-1]]
	if err != nil || state == "" {
		w.WriteHeader(http.StatusNotFound)
		return
	}
	if c.all[name] == nil {
		c.all[name] = &circuit{Name: name}
	}
	c.all[name].State = state
	_, _ = io.WriteString(w, `{"ok":true}`)
}

func (c *circuits) set(name, state string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.all[name].State = state
}

// call is one call through a breaker.
func (c *circuits) call(name string) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.all[name].State != "Open" && c.all[name].State != "Isolated"
}

// example is the mapping for circuits.
func example() *fleet.BreakerMapping {
	return &fleet.BreakerMapping{
		List: fleet.MappedRequest{Path: "/circuits"}, Items: "/breakers", Name: "/name", State: "/state",
		Fields: map[string]string{"calls": "/failure_count"},
		States: map[string]fleet.BreakerState{"isolated": fleet.BreakerForcedOpen, "Off": fleet.BreakerDisabled},
		Set: map[fleet.Verb]fleet.MappedRequest{
			fleet.Trip:   {Path: "/circuits/{name}/isolate", Body: `{"by":"{by}","why":"{reason}","ticket":{"id":"{change}"},"ttl":{ttlSeconds}}`},
			fleet.Reset:  {Path: "/circuits/{name}/close"},
			fleet.Bypass: {Path: "/circuits/{name}/off", Method: http.MethodPut},
		},
	}
}

const secret = "t0ken-of-the-suite"

func freshWorld(t testing.TB) breakertest.World {
	names := []string{"payment", "edge/shop/s1"}
	far := newCircuits(names...)
	front := breakertest.Front(t, far, secret)
	driver := *mapping.Driver()
	driver.Verbs = []fleet.Verb{fleet.Trip, fleet.Reset, fleet.Bypass} // those of the example
	return breakertest.World{
		Driver: &driver,
		Open:   func(t testing.TB) breaker.Admin { return open(t, front.Client(t), example()) },
		Site:   breaker.Site{Base: front.URL}, Names: names,
		Call:    func(_ testing.TB, name string) bool { return far.call(name) },
		Trouble: func(_ testing.TB, name string) { far.set(name, "Open") },
		Break:   front.Break, Secret: secret,
	}
}

func open(t testing.TB, client *http.Client, m *fleet.BreakerMapping) breaker.Admin {
	t.Helper()
	a, err := mapping.Driver().Open(breaker.Options{Client: client, API: fleet.BreakerAPI{Path: "/admin", Mapping: m}, Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	return a
}

func within(t testing.TB) context.Context {
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	t.Cleanup(cancel)
	return ctx
}

// answering opens an Admin at a server that gives one answer to everything.
func answering(t testing.TB, m *fleet.BreakerMapping, code int, body string) (breaker.Admin, breaker.Site) {
	front := breakertest.Front(t, http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(code)
		_, _ = io.WriteString(w, body)
	}), "")
	return open(t, front.Client(t), m), breaker.Site{Base: front.URL}
}

// TestTheIssue is the page that the mapping is there for.
func TestTheIssue(t *testing.T) {
	a, at := answering(t, example(), 200, `{"breakers":[{"name":"orders","state":"HalfOpen","failure_count":3}]}`)
	list, err := a.List(within(t), at)
	if err != nil || len(list) != 1 || list[0].Name != "orders" || list[0].State != fleet.BreakerHalfOpen || list[0].Calls != 3 || list[0].API != "mapping" {
		t.Errorf("%+v, %v", list, err)
	}
}

// TestPlaces: every value is escaped as its place wants it, and no name breaks
// out of it.
func TestPlaces(t *testing.T) {
	names := []string{"a/b", "100%", "#1;x", "a b", `quo"te`, `back\slash`, "..", "new\nline", "{name}", "{reason}", "ä", "a?b=c&d", "</script>"}
	far := newCircuits(names...)
	front := breakertest.Front(t, far, "")
	m := example()
	m.Set[fleet.Trip] = fleet.MappedRequest{Path: "/circuits/{name}/isolate?who={by}&name={name}", Body: `{"n":"{name}","why":"{reason}","x":"{change}","t":{ttlSeconds},"s":{share}}`}
	a, at := open(t, front.Client(t), m), breaker.Site{Base: front.URL}
	for _, name := range names {
		o := fleet.Order{Verb: fleet.Trip, By: name, Reason: "because of " + name, Change: name, TTL: 1500 * time.Millisecond, Share: 0.25}
		b, err := a.Set(within(t), at, name, o)
		if err != nil || b.Name != name || b.State != fleet.BreakerForcedOpen || b.Share != 0.25 {
			t.Errorf("%q: %+v, %v", name, b, err)
			continue
		}
		method, rest, _ := strings.Cut(far.last, " ")
		uri, body, _ := strings.Cut(rest, " ")
		u, err := url.ParseRequestURI(uri)
		if err != nil || method != http.MethodPost || u.Query().Get("who") != name || u.Query().Get("name") != name || len(u.Query()) != 2 {
			t.Errorf("%q went out as %s, %v", name, uri, err)
		}
		var got map[string]any
		if err := json.Unmarshal([]byte(body), &got); err != nil || got["n"] != name || got["why"] != "because of "+name || got["x"] != name || got["t"] != 1.5 || got["s"] != 0.25 {
			t.Errorf("%q went out as %s, %v", name, body, err)
		}
	}
	if list, err := a.List(within(t), at); err != nil || len(list) != len(names) {
		t.Errorf("there are %d breakers, %d were there: %v", len(list), len(names), err)
	}
}

// TestOneWordForOpen: a service that says Open whoever opened it.
func TestOneWordForOpen(t *testing.T) {
	far := newCircuits("orders")
	front := breakertest.Front(t, far, "")
	m := example()
	m.Set[fleet.Trip] = fleet.MappedRequest{Path: "/circuits/{name}/open"}
	a, at := open(t, front.Client(t), m), breaker.Site{Base: front.URL}
	b, err := a.Set(within(t), at, "orders", fleet.Order{Verb: fleet.Trip})
	if err != nil || b.State != fleet.BreakerOpen {
		t.Errorf("it was closed and is open: %+v, %v", b, err)
	}
	if b, err = a.Set(within(t), at, "orders", fleet.Order{Verb: fleet.Trip}); !errors.Is(err, breaker.ErrNoEffect) || b.State != fleet.BreakerOpen {
		t.Errorf("it was open and is open: nothing shows a hold: %+v, %v", b, err)
	}
	m.States["Open"] = fleet.BreakerForcedOpen
	a = open(t, front.Client(t), m)
	if b, err = a.Set(within(t), at, "orders", fleet.Order{Verb: fleet.Trip}); err != nil || b.State != fleet.BreakerForcedOpen {
		t.Errorf("the mapping says that it is one: %+v, %v", b, err)
	}
}

func TestUnknownWords(t *testing.T) {
	a, at := answering(t, example(), 200, `{"breakers":[{"name":"orders","state":"Melted"},{"name":"users","state":"ISOLATED"},{"name":"x"},{"name":"y","state":null}]}`)
	list, err := a.List(within(t), at)
	if err != nil || list[0].State != fleet.BreakerUnknown || list[0].Word != "Melted" || list[1].State != fleet.BreakerForcedOpen || list[1].Word != "" || list[2].State != fleet.BreakerUnknown {
		t.Errorf("%+v, %v", list, err)
	}
	_, err = a.Set(within(t), at, "orders", fleet.Order{Verb: fleet.Trip})
	var said *fleet.Error
	if !errors.Is(err, breaker.ErrNoEffect) || !strings.Contains(err.Error(), `"Melted"`) || !errors.As(err, &said) || !strings.Contains(said.Hint, "states") {
		t.Errorf("%v", err)
	}
}

func TestUnknownBreakerSaysWhichThereAre(t *testing.T) {
	front := breakertest.Front(t, newCircuits("orders", "users"), "")
	a, at := open(t, front.Client(t), example()), breaker.Site{Base: front.URL}
	_, err := a.Set(within(t), at, "order", fleet.Order{Verb: fleet.Trip})
	var said *fleet.Error
	if !errors.Is(err, fleet.ErrNotFound) || !errors.As(err, &said) || said.Hint != "it lists orders, users" {
		t.Errorf("%v", err)
	}
	if front.Asked() != 1 {
		t.Errorf("%d requests for a breaker that is not there, want the list alone", front.Asked())
	}
}

// TestWhatIsAlreadySo is not written again.
func TestWhatIsAlreadySo(t *testing.T) {
	front := breakertest.Front(t, newCircuits("orders"), "")
	a, at := open(t, front.Client(t), example()), breaker.Site{Base: front.URL}
	if b, err := a.Set(within(t), at, "orders", fleet.Order{Verb: fleet.Reset}); err != nil || b.State != fleet.BreakerClosed || front.Asked() != 1 {
		t.Errorf("%+v, %v, %d requests", b, err, front.Asked())
	}
}

// TestThePathIsWrong: a 404 to an order for a breaker that is listed is the
// mapping's fault.
func TestThePathIsWrong(t *testing.T) {
	front := breakertest.Front(t, newCircuits("orders"), "")
	m := example()
	m.Set[fleet.Trip] = fleet.MappedRequest{Path: "/circuits/{name}/explode"}
	a, at := open(t, front.Client(t), m), breaker.Site{Base: front.URL}
	_, err := a.Set(within(t), at, "orders", fleet.Order{Verb: fleet.Trip})
	reason, _ := fleet.ReasonOf(err)
	if err == nil || errors.Is(err, fleet.ErrNotFound) || reason != probe.ReasonNotFound {
		t.Errorf("%s, %v", reason, err)
	}
}

func TestShareIsInTheMappingOrUnsupported(t *testing.T) {
	front := breakertest.Front(t, newCircuits("orders"), "")
	a, at := open(t, front.Client(t), example()), breaker.Site{Base: front.URL}
	if _, err := a.Set(within(t), at, "orders", fleet.Order{Verb: fleet.Trip, Share: 0.5}); !errors.Is(err, errors.ErrUnsupported) || front.Asked() != 0 {
		t.Errorf("%v, %d requests", err, front.Asked())
	}
}

// TestShapes: lists and objects, deep and flat, and what their fields hold.
func TestShapes(t *testing.T) {
	plain := func(b fleet.Breaker) string {
		return fmt.Sprint(b.Name, " ", b.State, " ", b.Word)
	}
	for name, c := range map[string]struct {
		m    fleet.BreakerMapping
		body string
		want string // empty: an error
	}{
		"a list at the top":     {fleet.BreakerMapping{Name: "/id", State: "/s"}, `[{"id":"b","s":"open"},{"id":"a","s":"CLOSED"}]`, "a closed , b open "},
		"an empty list":         {fleet.BreakerMapping{Name: "/id"}, `[]`, "-"},
		"an object by name":     {fleet.BreakerMapping{Items: "/circuitBreakers", State: "/state"}, `{"circuitBreakers":{"a/b":{"state":"half-open"}}}`, "a/b half_open "},
		"words by name":         {fleet.BreakerMapping{}, `{"b":"open","a":"forced open"}`, "a forced_open , b open "},
		"an empty object":       {fleet.BreakerMapping{}, `{}`, "-"},
		"a name within":         {fleet.BreakerMapping{Name: "/title", State: "/s"}, `{"1":{"title":"pay","s":"open"},"2":{"s":"open"}}`, "2 open , pay open "},
		"a flag":                {fleet.BreakerMapping{State: "/open", States: map[string]fleet.BreakerState{"true": fleet.BreakerOpen, "false": fleet.BreakerClosed}}, `{"a":{"open":true},"b":{"open":false}}`, "a open , b closed "},
		"a number":              {fleet.BreakerMapping{State: "/s", States: map[string]fleet.BreakerState{"2": fleet.BreakerOpen}}, `{"a":{"s":2},"b":{"s":7}}`, "a open , b unknown 7"},
		"names that are digits": {fleet.BreakerMapping{Name: "/0", State: "/1"}, `[[17,"open"]]`, "17 open "},
		"escaped pointers":      {fleet.BreakerMapping{Items: "/a~1b/~0", State: "/x/0"}, `{"a/b":{"~":{"p":{"x":["closed"]}}}}`, "p closed "},
		"a state that is none":  {fleet.BreakerMapping{State: "/s"}, `{"a":{"s":{"deep":1}}}`, "a unknown "},
		"nothing there":         {fleet.BreakerMapping{Items: "/breakers"}, `{"brakers":[]}`, ""},
		"a word for a list":     {fleet.BreakerMapping{Items: "/breakers"}, `{"breakers":"none"}`, ""},
		"null for a list":       {fleet.BreakerMapping{Items: "/breakers"}, `{"breakers":null}`, ""},
		"no names":              {fleet.BreakerMapping{}, `[{"s":"open"}]`, ""},
		"a name that is none":   {fleet.BreakerMapping{Name: "/n"}, `[{"n":{}}]`, ""},
		"an empty name":         {fleet.BreakerMapping{}, `{"":"open"}`, ""},
		"the same name twice":   {fleet.BreakerMapping{Name: "/n"}, `[{"n":"a"},{"n":"a"}]`, ""},
		"two documents":         {fleet.BreakerMapping{}, `{} {}`, ""},
		"a page":                {fleet.BreakerMapping{}, `<html>`, ""},
	} {
		t.Run(name, func(t *testing.T) {
			c.m.List.Path = "/x"
			a, at := answering(t, &c.m, 200, c.body)
			list, err := a.List(within(t), at)
			var got []string
			for _, b := range list {
				got = append(got, plain(b))
			}
			text := strings.Join(got, ", ")
			if c.want == "-" && list != nil {
				text = "-"
			}
			if text != c.want || (err == nil) != (c.want != "") {
				t.Errorf("%q, %v; want %q", text, err, c.want)
			}
			if err != nil && !strings.Contains(err.Error(), at.Base) {
				t.Errorf("%v names no address", err)
			}
		})
	}
}

func TestFields(t *testing.T) {
	m := example()
	m.Fields = map[string]string{"failureRate": "/f", "slowRate": "/s", "calls": "/c", "rejected": "/r", "since": "/t", "by": "/b", "reason": "/w"}
	read := func(item string) fleet.Breaker {
		t.Helper()
		a, at := answering(t, m, 200, `{"breakers":[{"name":"a","state":"closed",`+item+`}]}`)
		list, err := a.List(within(t), at)
		if err != nil {
			t.Fatal(err)
		}
		return list[0]
	}
	b := read(`"f":0.25,"s":"12.5%","c":"17","r":3.0,"t":"2026-01-02T03:04:05+01:00","b":"me","w":"why"`)
	if b.FailureRate != 0.25 || b.SlowRate != 0.125 || b.Calls != 17 || b.Rejected != 3 || b.Hold.By != "me" || b.Hold.Reason != "why" || !b.Since.Equal(time.Date(2026, 1, 2, 2, 4, 5, 0, time.UTC)) {
		t.Errorf("%+v", b)
	}
	b = read(`"f":-1,"s":"-1.0%","c":-3,"r":"many","t":"soon","b":{},"w":null`)
	if !math.IsNaN(b.FailureRate) || !math.IsNaN(b.SlowRate) || b.Calls != -1 || b.Rejected != -1 || !b.Since.IsZero() || !b.Hold.IsZero() {
		t.Errorf("%+v", b)
	}
	b = read(`"f":62.5,"s":"1e-2%","c":1e300,"t":1767323045.5`)
	if !math.IsNaN(b.FailureRate) || b.SlowRate != 0.0001 || b.Calls != -1 || !b.Since.Equal(time.Date(2026, 1, 2, 3, 4, 5, 5e8, time.UTC)) {
		t.Errorf("%+v", b)
	}
	if b = read(`"t":1767323045500`); !b.Since.Equal(time.Date(2026, 1, 2, 3, 4, 5, 5e8, time.UTC)) {
		t.Errorf("%+v", b.Since)
	}
}

// TestWrongMappings are refused when they are opened, with the key that is
// wrong.
func TestWrongMappings(t *testing.T) {
	for name, c := range map[string]struct {
		spoil func(*fleet.BreakerMapping)
		says  string
	}{
		"no path":                 {func(m *fleet.BreakerMapping) { m.List = fleet.MappedRequest{} }, "list.path"},
		"a relative path":         {func(m *fleet.BreakerMapping) { m.List.Path = "x" }, "list.path"},
		"a blank in a path":       {func(m *fleet.BreakerMapping) { m.List.Path = "/a b" }, "list.path"},
		"a name in the list":      {func(m *fleet.BreakerMapping) { m.List.Path = "/x/{name}" }, "list: {name}"},
		"a method nobody has":     {func(m *fleet.BreakerMapping) { m.List.Method = "LIST" }, "list.method"},
		"a pointer without slash": {func(m *fleet.BreakerMapping) { m.Items = "breakers" }, "items: "},
		"a pointer half escaped":  {func(m *fleet.BreakerMapping) { m.State = "/a~" }, "state: "},
		"a pointer in fields":     {func(m *fleet.BreakerMapping) { m.Fields["calls"] = "x" }, "fields.calls: "},
		"a field nobody knows":    {func(m *fleet.BreakerMapping) { m.Fields["weather"] = "/x" }, "fields.weather: "},
		"an order nobody knows":   {func(m *fleet.BreakerMapping) { m.Set["explode"] = fleet.MappedRequest{Path: "/{name}"} }, "set.explode: "},
		"an order without a name": {func(m *fleet.BreakerMapping) { m.Set[fleet.Reset] = fleet.MappedRequest{Path: "/x"} }, "set.reset: neither"},
		"a place nobody fills":    {func(m *fleet.BreakerMapping) { m.Set[fleet.Reset] = fleet.MappedRequest{Path: "/{nam}"} }, "set.reset.path: {nam}"},
		"a body that is no JSON":  {func(m *fleet.BreakerMapping) { m.Set[fleet.Reset] = fleet.MappedRequest{Path: "/{name}", Body: "n=1"} }, "set.reset.body"},
		"a text without quotes": {func(m *fleet.BreakerMapping) {
			m.Set[fleet.Reset] = fleet.MappedRequest{Path: "/x", Body: `{"n":{name}}`}
		}, "set.reset.body"},
		"a place in a body, empty": {func(m *fleet.BreakerMapping) {
			m.Set[fleet.Reset] = fleet.MappedRequest{Path: "/x", Body: `{"n":"{id}"}`}
		}, "set.reset.body: {id}"},
	} {
		t.Run(name, func(t *testing.T) {
			m := example()
			c.spoil(m)
			_, err := mapping.Driver().Open(breaker.Options{Client: http.DefaultClient, API: fleet.BreakerAPI{Mapping: m}})
			if err == nil || !strings.Contains(err.Error(), c.says) {
				t.Errorf("%v; want %q", err, c.says)
			}
		})
	}
	if _, err := mapping.Driver().Open(breaker.Options{Client: http.DefaultClient}); err == nil || !strings.Contains(err.Error(), "breakers.mapping is missing") {
		t.Errorf("%v", err)
	}
	m := example()
	m.Set = nil
	if verbs := open(t, http.DefaultClient, m).Verbs(); len(verbs) != 0 {
		t.Errorf("a mapping that only reads has the verbs %v", verbs)
	}
	if verbs := open(t, http.DefaultClient, example()).Verbs(); !slices.Equal(verbs, []fleet.Verb{fleet.Trip, fleet.Reset, fleet.Bypass}) {
		t.Errorf("%v", verbs)
	}
}

// FuzzList: whatever comes, what is read is well formed.
func FuzzList(f *testing.F) {
	for _, body := range []string{`{"breakers":[{"name":"a","state":"Open","failure_count":3}]}`, `{"breakers":{"a":{"state":1e400}}}`, `[]`, `{"breakers":[[]]}`, `{"breakers":[{"name":1e99}]}`} {
		f.Add(body, "/breakers", "/name", "/state")
	}
	f.Add(`{"a":"open"}`, "", "", "")
	var mu sync.Mutex
	body := ""
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		mu.Lock()
		defer mu.Unlock()
		_, _ = io.WriteString(w, body)
	}))
	f.Cleanup(server.Close)
	f.Fuzz(func(t *testing.T, text, items, name, state string) {
		mu.Lock()
		body = text
		mu.Unlock()
		m := example()
		m.Items, m.Name, m.State = items, name, state
		a, err := mapping.Driver().Open(breaker.Options{Client: server.Client(), API: fleet.BreakerAPI{Mapping: m}})
		if err != nil {
			return
		}
		list, err := a.List(within(t), breaker.Site{Base: server.URL})
		for i, b := range list {
			if err != nil || b.Name == "" || b.FailureRate < 0 || b.FailureRate > 1 || i > 0 && list[i-1].Name >= b.Name {
				t.Fatalf("%+v beside %v", list, err)
			}
		}
	})
}

// FuzzTemplate: a name never leaves its place, whatever it and the template are.
func FuzzTemplate(f *testing.F) {
	f.Add(`{"n":"{name}"}`, "/x/{name}", "a")
	f.Add(`{"n":"{name}","m":"x{name}y"}`, "/x?n={name}", "\"}\\,/?#%2F..")
	f.Fuzz(func(t *testing.T, body, path, name string) {
		m := example()
		m.Set = map[fleet.Verb]fleet.MappedRequest{fleet.Trip: {Path: path, Body: body}}
		var got *http.Request
		var sent []byte
		client := &http.Client{Transport: roundTrip(func(r *http.Request) (*http.Response, error) {
			answer := &http.Response{StatusCode: 200, Header: http.Header{}, Request: r}
			quoted, _ := json.Marshal(name)
			answer.Body = io.NopCloser(strings.NewReader(`{"breakers":[{"name":` + string(quoted) + `,"state":"Closed"}]}`))
			if r.Method == http.MethodPost {
				got = r
				if r.Body != nil {
					sent, _ = io.ReadAll(r.Body)
				}
			}
			return answer, nil
		})}
		a, err := mapping.Driver().Open(breaker.Options{Client: client, API: fleet.BreakerAPI{Mapping: m}})
		if err != nil {
			return
		}
		_, _ = a.Set(within(t), breaker.Site{Base: "http://127.0.0.1:1"}, name, fleet.Order{Verb: fleet.Trip})
		if got == nil {
			return // the name does not survive JSON, or the path is no path
		}
		if len(sent) > 0 && !json.Valid(sent) {
			t.Fatalf("%q in %s went out as %s", name, body, sent)
		}
		if got.URL.Host != "127.0.0.1:1" || got.URL.Fragment != "" {
			t.Fatalf("%q in %s went out to %s", name, path, got.URL)
		}
	})
}

type roundTrip func(*http.Request) (*http.Response, error)

func (f roundTrip) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

// TestAdvise: what the mapping has no words for is refused before anything is
// asked, and said to be a matter of the mapping.
func TestAdvise(t *testing.T) {
	a, at := answering(t, example(), 500, "nobody asks")
	advisor, ok := a.(breaker.Advisor)
	if !ok {
		t.Fatal("it is no Advisor")
	}
	for _, tt := range []struct {
		order fleet.Order
		want  string
	}{
		{fleet.Order{Verb: fleet.Trip}, ""},
		{fleet.Order{Verb: fleet.Trip, Share: 1}, ""},
		{fleet.Order{Verb: fleet.Trip, Share: 0.2}, "a share of calls is not in the mapping"},
		{fleet.Order{Verb: fleet.HalfOpen}, `breakers.mapping.set has no "half-open"`},
	} {
		effects, err := advisor.Advise(within(t), at, "payment", tt.order)
		switch {
		case tt.want == "":
			if err != nil || effects != nil {
				t.Errorf("%+v: %v, %v", tt.order, effects, err)
			}
		case !errors.Is(err, errors.ErrUnsupported) || !strings.Contains(err.Error(), tt.want):
			t.Errorf("%+v: %v", tt.order, err)
		}
	}
}
