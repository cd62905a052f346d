package demo

import (
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/midwatch-cli/midwatch/fleet"
	"github.com/midwatch-cli/midwatch/fleet/demo/service"
)

// bare is a fleet of real instances without registry and load: what faults do
// to it is all there is.
func bare(t *testing.T) *Fleet {
	t.Helper()
	f, dir := &Fleet{known: &service.Directory{}}, t.TempDir()
	for _, p := range plan() {
		for n := 1; n <= p.instances; n++ {
			in, err := service.New(service.Spec{Service: p.name, ID: p.id(n), Version: p.version, DependsOn: p.dependsOn}, f.known, dir)
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(in.Close)
			f.members = append(f.members, member{in, n})
		}
	}
	return f
}

// set sets faults, or lifts those that begin with a minus.
func set(t *testing.T, f *Fleet, faults ...string) {
	t.Helper()
	for _, text := range faults {
		text, lift := strings.CutPrefix(text, "-")
		fault, err := ParseFault(text)
		if err == nil && lift {
			err = f.LiftFault(fault)
		} else if err == nil {
			err = f.SetFault(fault)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
}

// of finds a member by its id.
func of(t *testing.T, f *Fleet, id string) member {
	t.Helper()
	for _, m := range f.members {
		if m.ID == id {
			return m
		}
	}
	t.Fatalf("there is no %s", id)
	return member{}
}

// TestConditions: what several faults come to at one instance. Faults of one
// kind replace each other at the same place only; of those that meet, the last
// one counts.
func TestConditions(t *testing.T) {
	f := bare(t)
	for _, c := range []struct {
		change string // after what the rows before it set
		faults string
		want   service.Condition // of payment-2
	}{
		{"", "", service.Condition{}},
		{"payment:errors=40%", "payment:errors=40%", service.Condition{Errors: 0.4}},
		{"payment#2:errors=10%", "payment:errors=40% payment#2:errors=10%", service.Condition{Errors: 0.1}},
		{"payment:errors=30%", "payment:errors=30% payment#2:errors=10%", service.Condition{Errors: 0.1}},
		{"-payment#2:errors=99%", "payment:errors=30%", service.Condition{Errors: 0.3}},
		{"payment#2:latency=1s", "payment:errors=30% payment#2:latency=1s", service.Condition{Errors: 0.3, Latency: time.Second}},
		{"payment#1:hang", "payment:errors=30% payment#2:latency=1s payment#1:hang", service.Condition{Errors: 0.3, Latency: time.Second}},
		{"payment:crash", "payment:errors=30% payment#2:latency=1s payment#1:hang payment:crash", service.Condition{Errors: 0.3, Latency: time.Second, Crash: true}},
		{"-payment:crash -payment#1:hang", "payment:errors=30% payment#2:latency=1s", service.Condition{Errors: 0.3, Latency: time.Second}},
		{"-payment:errors=1% payment:hang", "payment#2:latency=1s payment:hang", service.Condition{Latency: time.Second, Hang: true}},
		{"-payment:hang -payment#2:latency=1s", "", service.Condition{}},
	} {
		set(t, f, strings.Fields(c.change)...)
		var words []string
		for _, fault := range f.Faults() {
			words = append(words, fault.String())
		}
		if strings.Join(words, " ") != c.faults {
			t.Errorf("%q: in force are %v, want %s", c.change, words, c.faults)
		}
		if got := f.condition(of(t, f, "payment-2")); got != c.want {
			t.Errorf("%q: %+v, want %+v", c.change, got, c.want)
		}
		if got := f.condition(of(t, f, "user-2")); got != (service.Condition{}) {
			t.Errorf("%q: it hits user-2: %+v", c.change, got)
		}
	}
	// Whoever holds a list of faults does not hold the fleet's own.
	set(t, f, "user:hang", "order:hang")
	held := f.Faults()
	set(t, f, "-user:hang")
	if held[0].Service != "user" || len(held) != 2 {
		t.Errorf("the list that was handed out changed: %v", held)
	}
}

// TestLiftWhatIsNotSet says so, and changes nothing.
func TestLiftWhatIsNotSet(t *testing.T) {
	f := bare(t)
	set(t, f, "payment#2:hang")
	for _, text := range []string{"payment:hang", "payment#1:hang", "payment#2:crash", "user#2:hang"} {
		fault, err := ParseFault(text)
		if err != nil {
			t.Fatal(err)
		}
		if err := f.LiftFault(fault); !errors.Is(err, fleet.ErrNotFound) || err.Error() != "no fault "+text+" is in force" {
			t.Errorf("%s: %v", text, err)
		}
	}
	if got := f.Faults(); len(got) != 1 || got[0].String() != "payment#2:hang" {
		t.Errorf("in force are %v", got)
	}
}

// TestAdminAPI has every answer of the admin API, one after the other.
func TestAdminAPI(t *testing.T) {
	f := bare(t)
	api := f.admin()
	for i, c := range []struct {
		method, target, kind, body string
		code                       int
		want                       string // the whole answer, or a part of an error
	}{
		{"GET", "/admin/faults", "", "", 200, `{"faults":[]}`},
		{"POST", "/admin/faults", "application/json", `{"fault":"payment#2:hang"}`, 200, `{"faults":["payment#2:hang"]}`},
		{"POST", "/admin/faults", "application/json; charset=utf-8", `{"fault":"user:errors=12.5%"}`, 200, `{"faults":["payment#2:hang","user:errors=12.5%"]}`},
		{"POST", "/admin/faults", "application/json", `{"fault":"user:errors=50%"}`, 200, `{"faults":["payment#2:hang","user:errors=50%"]}`},
		{"GET", "/admin/faults", "", "", 200, `{"faults":["payment#2:hang","user:errors=50%"]}`},
		// What a page in a browser could send is refused.
		{"POST", "/admin/faults", "text/plain", `{"fault":"user:hang"}`, 415, "the body has to be application/json"},
		{"POST", "/admin/faults", "", `{"fault":"user:hang"}`, 415, "application/json"},
		{"GET", "http://evil.example/admin/faults", "", "", 403, "loopback"},
		{"DELETE", "http://127.0.0.1.evil.example:80/admin/faults", "", "", 403, "loopback"},
		// What cannot be meant.
		{"POST", "/admin/faults", "application/json", `{"fault":"user:hagn"}`, 400, "did you mean hang?"},
		{"POST", "/admin/faults", "application/json", `{"fault":""}`, 400, "want a service"},
		{"POST", "/admin/faults", "application/json", `{"fault":`, 400, "the body has to be"},
		{"POST", "/admin/faults", "application/json", `{"fualt":"user:hang"}`, 400, "the body has to be"},
		{"POST", "/admin/faults", "application/json", `{"fault":"` + strings.Repeat("x", 8<<10) + `"}`, 400, "the body has to be"},
		{"PUT", "/admin/faults", "application/json", `{}`, 405, ""},
		{"GET", "/admin/nonsense", "", "", 404, ""},
		{"DELETE", "/admin/faults?fault=order:hang", "", "", 404, "no fault order:hang is in force"},
		{"DELETE", "/admin/faults?fault=nonsense", "", "", 400, "want a service"},
		{"GET", "/admin/faults", "", "", 200, `{"faults":["payment#2:hang","user:errors=50%"]}`},
		{"DELETE", "/admin/faults?fault=payment%232:hang", "", "", 200, `{"faults":["user:errors=50%"]}`},
		{"POST", "/admin/faults", "application/json", `{"fault":"order#1:latency=1s"}`, 200, `{"faults":["user:errors=50%","order#1:latency=1s"]}`},
		{"DELETE", "/admin/faults", "", "", 200, `{"faults":[]}`},
		{"DELETE", "/admin/faults", "", "", 200, `{"faults":[]}`},
	} {
		r := httptest.NewRequestWithContext(t.Context(), c.method, c.target, strings.NewReader(c.body))
		if strings.HasPrefix(c.target, "/") {
			r.Host = "127.0.0.1:4711"
		}
		if c.kind != "" {
			r.Header.Set("Content-Type", c.kind)
		}
		w := httptest.NewRecorder()
		api.ServeHTTP(w, r)
		got := strings.TrimSpace(w.Body.String())
		if w.Code != c.code || c.code == http.StatusOK && got != c.want || !strings.Contains(got, c.want) {
			t.Errorf("%d: %s %s %s: %d %s, want %d %s", i, c.method, c.target, c.body, w.Code, got, c.code, c.want)
		}
	}
	if c := f.condition(of(t, f, "user-1")); c != (service.Condition{}) {
		t.Errorf("all is lifted, and user-1 is %+v", c)
	}
}

// TestAdminOfAClosedFleet refuses a fault that nothing could show.
func TestAdminOfAClosedFleet(t *testing.T) {
	f := &Fleet{closed: true}
	r := httptest.NewRequestWithContext(t.Context(), http.MethodPost, "http://localhost/admin/faults", strings.NewReader(`{"fault":"user:hang"}`))
	r.Header.Set("Content-Type", "application/json")
	w := httptest.NewRecorder()
	f.admin().ServeHTTP(w, r)
	if w.Code != http.StatusInternalServerError || !strings.Contains(w.Body.String(), "the fleet was closed") {
		t.Errorf("%d %s", w.Code, w.Body)
	}
}

// TestUnsettled: what an instance has to show before the fleet counts as
// settled, by the fault it is under.
func TestUnsettled(t *testing.T) {
	in, err := service.New(service.Spec{Service: "payment", ID: "payment-1"}, &service.Directory{}, t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	defer in.Close()
	m := member{in, 1}
	web, _ := in.Addrs()
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	pay := func(times int) {
		for range times {
			r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, "http://"+web+"/payments", strings.NewReader("{}"))
			if err != nil {
				t.Fatal(err)
			}
			answer, err := client.Do(r)
			if err != nil {
				t.Fatal(err)
			}
			_ = answer.Body.Close()
		}
	}
	expect := func(when string, c service.Condition, starved bool, want string) {
		t.Helper()
		if got := m.unsettled(c, starved); got != want {
			t.Errorf("%s: %q, want %q", when, got, want)
		}
	}
	failing := service.Condition{Errors: 0.5}
	expect("at first", service.Condition{}, false, "has answered 0 calls")
	expect("at first, out of reach", service.Condition{}, true, "")
	for kind, c := range map[string]service.Condition{"hang": {Hang: true}, "crash": {Crash: true}, "latency": {Latency: 1}} {
		expect(kind, c, false, "")
	}
	pay(enough - 1)
	expect("not enough", service.Condition{}, false, fmt.Sprintf("has answered %d calls", enough-1))
	pay(1)
	expect("enough", service.Condition{}, false, "")
	expect("enough, and its errors do not show", failing, false, "shows 0 errors in 5 calls")
	expect("so few that they never will", service.Condition{Errors: service.MaxErrors}, false, "")
	if err := m.Apply(failing); err != nil {
		t.Fatal(err)
	}
	pay(6)
	expect("they show", failing, false, "")
}
