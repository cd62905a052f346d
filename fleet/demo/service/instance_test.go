package service

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

// newOne starts one instance until the test ends.
func newOne(t *testing.T, spec Spec, known *Directory) *Instance {
	t.Helper()
	in, err := New(spec, known, t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(in.Close)
	return in
}

// visit asks a page of an instance.
func visit(t *testing.T, in *Instance, method, path, body string) (code int, answer string) {
	t.Helper()
	w := httptest.NewRecorder()
	in.handler().ServeHTTP(w, httptest.NewRequestWithContext(t.Context(), method, path, strings.NewReader(body)))
	return w.Code, w.Body.String()
}

func TestHealthPage(t *testing.T) {
	in := newOne(t, Spec{Service: "user", ID: "user-1", Version: "1"}, &Directory{})
	if code, body := visit(t, in, http.MethodGet, "/health", ""); code != http.StatusOK || !strings.Contains(body, `"status":"UP"`) {
		t.Errorf("at first: %d %s", code, body)
	}
	if err := in.Apply(Condition{Errors: 0.5}); err != nil {
		t.Fatal(err)
	}
	codes := map[int]int{}
	for range 10 {
		code, _ := visit(t, in, http.MethodGet, "/users/7", "")
		codes[code]++
	}
	if codes[http.StatusOK] != 5 || codes[http.StatusInternalServerError] != 5 {
		t.Errorf("half of ten calls fail: %v", codes)
	}
	if total, failed := in.Calls(); total != 10 || failed != 5 || !in.Failing() {
		t.Errorf("%d of %d", failed, total)
	}
	code, body := visit(t, in, http.MethodGet, "/health", "")
	var p page
	if err := json.Unmarshal([]byte(body), &p); err != nil || code != http.StatusServiceUnavailable || p.Status != down || p.Components["requests"].Status != down || p.Components["db"].Status != up {
		t.Errorf("with too many errors: %d %s %v", code, body, err)
	}
	in.store.close()
	if err := in.Apply(Condition{}); err != nil {
		t.Fatal(err)
	}
	if code, body := visit(t, in, http.MethodGet, "/health", ""); code != http.StatusServiceUnavailable || !strings.Contains(body, `"db":{"status":"DOWN"}`) {
		t.Errorf("without its database: %d %s", code, body)
	}
}

func TestDependencyOutOfReach(t *testing.T) {
	in := newOne(t, Spec{Service: "gateway", ID: "gateway-1", DependsOn: []string{"order", "user"}}, &Directory{})
	for range 10 {
		if code, body := visit(t, in, http.MethodPost, "/checkout", "{}"); code != http.StatusBadGateway || !strings.Contains(body, "user: ") {
			t.Fatalf("%d %s", code, body)
		}
	}
	_, body := visit(t, in, http.MethodGet, "/health", "")
	if !strings.Contains(body, `"user":{"status":"DOWN"`) || strings.Contains(body, `"order"`) {
		t.Errorf("user is out of reach and order was never asked: %s", body)
	}
}

func TestBusinessRefuses(t *testing.T) {
	in := newOne(t, Spec{Service: "payment", ID: "payment-1"}, &Directory{})
	if code, _ := visit(t, in, http.MethodPost, "/payments", strings.Repeat("x", maxBody+1)); code != http.StatusRequestEntityTooLarge {
		t.Errorf("a body too large: %d", code)
	}
	if code, _ := visit(t, in, http.MethodGet, "/payments", ""); code != http.StatusMethodNotAllowed {
		t.Errorf("another method: %d", code)
	}
	if total, _ := in.Calls(); total != 0 {
		t.Errorf("%d of them were counted", total)
	}
}

func TestCallerThatLeftIsNotCounted(t *testing.T) {
	in := newOne(t, Spec{Service: "payment", ID: "payment-1"}, &Directory{})
	ctx, cancel := context.WithCancel(t.Context())
	err := in.serve(ctx, func(context.Context) error { cancel(); return errBad })
	if total, _ := in.Calls(); total != 0 || !errors.Is(err, errLeft) {
		t.Errorf("%d calls counted, %v", total, err)
	}
}

func TestCrashAndBack(t *testing.T) {
	in := newOne(t, Spec{Service: "order", ID: "order-1", DependsOn: []string{"user"}}, &Directory{})
	web, grpc := in.Addrs()
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	for _, c := range []Condition{{Crash: true}, {Crash: true}, {}, {}, {Crash: true}, {}} {
		if err := in.Apply(c); err != nil {
			t.Fatal(err)
		}
		if now, nowGRPC := in.Addrs(); now != web || nowGRPC != grpc {
			t.Errorf("moved from %s, %s to %s, %s", web, grpc, now, nowGRPC)
		}
		err := ask(t.Context(), client, http.MethodGet, "http://"+web+"/metrics.json", "")
		if (err != nil) != c.Crash {
			t.Errorf("%+v: %v", c, err)
		}
	}
}

func TestStore(t *testing.T) {
	dir := t.TempDir()
	s, err := openStore(dir, "order")
	if err != nil {
		t.Fatal(err)
	}
	defer s.close()
	again, err := openStore(dir, "order") // the other instance of the service
	if err != nil {
		t.Fatal(err)
	}
	defer again.close()
	for i := range maxOrders + 10 {
		if err := []*store{s, again}[i%2].order(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	var kept, last int
	if err := s.db.QueryRowContext(t.Context(), `SELECT count(*), max(number) FROM orders`).Scan(&kept, &last); err != nil || kept != maxOrders || last != maxOrders+10 {
		t.Errorf("%d orders kept, the last is %d, %v", kept, last, err)
	}
	if err := again.user(t.Context()); err != nil {
		t.Error(err)
	}
	if _, err := openStore(dir+"/none", "order"); err == nil {
		t.Error("opened in a folder that is not there")
	}
}
