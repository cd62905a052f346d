package page_test

import (
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/midwatch-cli/midwatch/fleet"
	"github.com/midwatch-cli/midwatch/fleet/breaker"
	"github.com/midwatch-cli/midwatch/fleet/breaker/actuator/page"
)

// reply is the body of a recorded reply.
func reply(t testing.TB, name string) []byte {
	t.Helper()
	data, err := os.ReadFile(filepath.Join("..", "testdata", "wire", name+".http"))
	if err != nil {
		t.Fatal(err)
	}
	_, answer, _ := strings.Cut(string(data), "\n\n")
	_, body, _ := strings.Cut(answer, "\n\n")
	return []byte(body)
}

// replies are all recorded replies of 200 whose names hold one of some words.
func replies(t testing.TB, words ...string) map[string][]byte {
	t.Helper()
	out := map[string][]byte{}
	files, err := filepath.Glob(filepath.Join("..", "testdata", "wire", "*", "*.http"))
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range files {
		data, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		name := strings.TrimSuffix(filepath.ToSlash(strings.TrimPrefix(file, filepath.Join("..", "testdata", "wire")+string(filepath.Separator))), ".http")
		if slices.ContainsFunc(words, func(w string) bool { return strings.Contains(name, w) }) && strings.Contains(string(data), "\nHTTP/1.1 200") {
			out[name] = reply(t, name)
		}
	}
	if len(out) == 0 {
		t.Fatal("nothing is recorded of", words)
	}
	return out
}

func TestListRecorded(t *testing.T) {
	n := 0
	for name, body := range replies(t, "-list", "02-list", "04-list") {
		list, named, err := page.List(body)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		n++
		if named != strings.Contains(name, "resilience4j-1/") || len(list) < 8 {
			t.Errorf("%s: %d breakers, only named: %v", name, len(list), named)
		}
		for _, b := range list {
			if (b.State == fleet.BreakerUnknown) != named || !named && (b.Calls < 0 || b.Rejected < 0) {
				t.Errorf("%s: %+v", name, b)
			}
		}
	}
	if n < 25 {
		t.Errorf("only %d lists are recorded", n)
	}
	for _, c := range []struct {
		name string
		want fleet.Breaker
	}{
		{"resilience4j-2/05-list-after-rejection", fleet.Breaker{State: fleet.BreakerOpen, FailureRate: 0.8, SlowRate: 0, Calls: 5, Rejected: 1}},
		{"resilience4j-2/11-list-forced-open-after-wait", fleet.Breaker{State: fleet.BreakerForcedOpen, FailureRate: math.NaN(), SlowRate: math.NaN(), Rejected: 3}},
		{"resilience4j-2/15-list-disabled", fleet.Breaker{State: fleet.BreakerDisabled, FailureRate: math.NaN(), SlowRate: math.NaN()}},
		{"resilience4j-2/17-list-metrics-only", fleet.Breaker{State: fleet.BreakerMetricsOnly, FailureRate: 1, Calls: 6}},
		{"resilience4j-2/08-list-half-open", fleet.Breaker{State: fleet.BreakerHalfOpen, FailureRate: math.NaN(), SlowRate: math.NaN(), Calls: 1}},
		{"resilience4j-2/44-snake-list", fleet.Breaker{State: fleet.BreakerOpen, FailureRate: 1, SlowRate: 0, Calls: 5, Rejected: 0}},
		{"resilience4j-2/02-list-no-calls", fleet.Breaker{State: fleet.BreakerClosed, FailureRate: math.NaN(), SlowRate: math.NaN()}},
	} {
		list, _, err := page.List(reply(t, c.name))
		if err != nil {
			t.Errorf("%s: %v", c.name, err)
			continue
		}
		b := breaker.Find(list, "inventory")
		if b == nil || !same(*b, c.want) {
			t.Errorf("%s: %+v, want %+v", c.name, b, c.want)
		}
	}
}

// same compares what the far side tells; NaN is NaN.
func same(a, b fleet.Breaker) bool {
	eq := func(x, y float64) bool { return x == y || math.IsNaN(x) && math.IsNaN(y) }
	return a.State == b.State && eq(a.FailureRate, b.FailureRate) && eq(a.SlowRate, b.SlowRate) && a.Calls == b.Calls && a.Rejected == b.Rejected
}

func TestListForms(t *testing.T) {
	for body, want := range map[string]fleet.Breaker{
		`{"circuitBreakers":{"a":{"state":"OPEN","failureRate":"62.5%","slowCallRate":"1.0E-4%","bufferedCalls":16,"notPermittedCalls":41}}}`:              {State: fleet.BreakerOpen, FailureRate: 0.625, SlowRate: 1e-6, Calls: 16, Rejected: 41},
		`{"circuit-breakers":{"a":{"State":"half-open","failure-rate":"100.00001%","Slow_Call_Rate":"-1.0%","buffered-calls":0,"NOT_PERMITTED_CALLS":0}}}`: {State: fleet.BreakerHalfOpen, FailureRate: 1, SlowRate: math.NaN()},
		`{"CircuitBreakers":{"a":{"state":"MELTED","failureRate":"NaN%","slowCallRate":"Infinity%","bufferedCalls":-3,"new":{"x":1}}},"more":1}`:           {FailureRate: math.NaN(), SlowRate: math.NaN(), Calls: -1, Rejected: -1},
		`{"circuitbreakers":{"a":{"state":null,"failureRate":50,"slowCallRate":null,"bufferedCalls":"7","notPermittedCalls":1.5}}}`:                        {FailureRate: 0.5, SlowRate: math.NaN(), Calls: -1, Rejected: -1},
		`{"circuitBreakers":{"a":null}}`:               {FailureRate: math.NaN(), SlowRate: math.NaN(), Calls: -1, Rejected: -1},
		`{"circuitBreakers":["a","a",7,null]}`:         {FailureRate: math.NaN(), SlowRate: math.NaN(), Calls: -1, Rejected: -1},
		` {"circuitBreakers":{"a":{"state":"OPEN"}}} `: {State: fleet.BreakerOpen, FailureRate: math.NaN(), SlowRate: math.NaN(), Calls: -1, Rejected: -1},
	} {
		list, _, err := page.List([]byte(body))
		if err != nil || len(list) != 1 && !strings.Contains(body, "null]") || !same(*breaker.Find(list, "a"), want) {
			t.Errorf("%s: %+v, %v", body, list, err)
		}
	}
	for _, body := range []string{`{"circuitBreakers":{}}`, `{"circuitBreakers":[]}`} {
		if list, _, err := page.List([]byte(body)); err != nil || list == nil || len(list) != 0 {
			t.Errorf("%s: %v, %v: none is an answer", body, list, err)
		}
	}
	for _, body := range []string{``, `null`, `[]`, `"x"`, `{}`, `{"circuitBreakers":null}`, `{"circuitBreakers":"x"}`, `{"circuitBreakers":{"a":`, `<html>`, `{"timestamp":"x","status":404}`} {
		if list, _, err := page.List([]byte(body)); err == nil || list != nil {
			t.Errorf("%s: %v, and no error", body, list)
		}
	}
}

func TestHealthRecorded(t *testing.T) {
	for name, want := range map[string]fleet.BreakerState{
		"resilience4j-1/07-health-inventory-open":      fleet.BreakerOpen,
		"resilience4j-1/07-health-root-inventory-open": fleet.BreakerOpen,
		"resilience4j-1/08-health-half-open":           fleet.BreakerHalfOpen,
		"resilience4j-1/09-health-component-503":       fleet.BreakerClosed,
		"resilience4j-1/11-health-forced-open":         fleet.BreakerForcedOpen,
		"resilience4j-1/15-health-disabled":            fleet.BreakerDisabled,
		"resilience4j-1/17-health-metrics-only":        fleet.BreakerMetricsOnly,
		"resilience4j-1/44-snake-health":               fleet.BreakerForcedOpen,
	} {
		list, err := page.Health(reply(t, name))
		if err != nil || len(list) < 8 {
			t.Errorf("%s: %d, %v", name, len(list), err)
			continue
		}
		if b := breaker.Find(list, "inventory"); b.State != want {
			t.Errorf("%s: inventory is %s, want %s", name, b.State, want)
		}
	}
	for _, body := range []string{`{"status":"UP"}`, `{"status":"UP","components":{"db":{"status":"UP"}}}`, `{"components":{"circuitBreakers":7}}`, ``, `[]`} {
		if list, err := page.Health([]byte(body)); err == nil {
			t.Errorf("%s: %v, and no error", body, list)
		}
	}
	v2 := `{"status":"UP","details":{"circuitBreakers":{"status":"UP","details":{"a":{"status":"UNKNOWN","details":{"state":"FORCED_OPEN"}}}}}}`
	if list, err := page.Health([]byte(v2)); err != nil || len(list) != 1 || list[0].State != fleet.BreakerForcedOpen {
		t.Errorf("%v, %v", list, err)
	}
}

func TestEventsRecorded(t *testing.T) {
	for name, body := range replies(t, "-events") {
		events, err := page.Events(body)
		if err != nil {
			t.Errorf("%s: %v", name, err)
		}
		for i, e := range events {
			if e.At.IsZero() || e.Breaker == "" || e.Kind == "" || i > 0 && e.At.Before(events[i-1].At) || (e.Kind == "STATE_TRANSITION") != (e.To != fleet.BreakerUnknown) {
				t.Errorf("%s: event %d is %+v", name, i, e)
			}
		}
	}
	events, err := page.Events(reply(t, "resilience4j-2/15-events-transitions"))
	if err != nil || len(events) != 6 {
		t.Fatalf("%v, %v", events, err)
	}
	last := events[5]
	if last.From != fleet.BreakerClosed || last.To != fleet.BreakerDisabled || last.At.Nanosecond() != 964598713 || events[1].To != fleet.BreakerHalfOpen || events[4].From != fleet.BreakerForcedOpen {
		t.Errorf("%+v", events)
	}
}

func TestEventForms(t *testing.T) {
	berlin := time.FixedZone("", 3600)
	for text, want := range map[string]time.Time{
		"2026-03-14T10:15:30.123456789+01:00[Europe/Berlin]": time.Date(2026, 3, 14, 10, 15, 30, 123456789, berlin),
		"2026-03-14T10:15:30Z":                               time.Date(2026, 3, 14, 10, 15, 30, 0, time.UTC),
		"2026-03-14T10:15Z[Etc/UTC]":                         time.Date(2026, 3, 14, 10, 15, 0, 0, time.UTC),
		"2026-03-14T10:15+01:00":                             time.Date(2026, 3, 14, 10, 15, 0, 0, berlin),
		"yesterday":                                          {},
		"2026-03-14T10:15:30.1Z[America/New_York]x":          time.Date(2026, 3, 14, 10, 15, 30, 100000000, time.UTC),
	} {
		events, err := page.Events([]byte(`{"circuit_breaker_events":[{"circuit_breaker_name":"a","type":"NEW_KIND","creation_time":"` + text + `","error_message":null},7]}`))
		if err != nil || len(events) != 1 || !events[0].At.Equal(want) || events[0].Kind != "NEW_KIND" {
			t.Errorf("%s: %+v, %v", text, events, err)
		}
	}
	events, err := page.Events([]byte(`{"circuitBreakerEvents":[
		{"circuitBreakerName":"a","type":"ERROR","creationTime":"2026-03-14T10:15:31Z","errorMessage":"a \u001b[31m\nb","durationInMs":118},
		{"circuitBreakerName":"a","type":"STATE_TRANSITION","creationTime":"2026-03-14T10:15:30Z","stateTransition":"HALF_OPEN_TO_FORCED_OPEN"},
		{"circuitBreakerName":"a","type":"STATE_TRANSITION","creationTime":"2026-03-14T10:15:32Z","stateTransition":"MELTED"}]}`))
	if err != nil || len(events) != 3 {
		t.Fatal(events, err)
	}
	if e := events[0]; e.From != fleet.BreakerHalfOpen || e.To != fleet.BreakerForcedOpen {
		t.Errorf("%+v", e)
	}
	if e := events[1]; e.Text != "a [31m b after 118 ms" {
		t.Errorf("%q", e.Text)
	}
	for _, body := range []string{``, `{}`, `{"circuitBreakerEvents":null}`, `{"circuitBreakerEvents":{}}`, `[]`} {
		if events, err := page.Events([]byte(body)); err == nil {
			t.Errorf("%s: %v, and no error", body, events)
		}
	}
}

func TestChanged(t *testing.T) {
	for _, name := range []string{"resilience4j-2/11-force-open", "resilience4j-1/11-force-open", "resilience4j-2/44-snake-post"} {
		if of, now, err := page.Changed(reply(t, name)); of != "inventory" || now != fleet.BreakerForcedOpen || err != nil {
			t.Errorf("%s: %q, %s, %v", name, of, now, err)
		}
	}
	if of, _, err := page.Changed(reply(t, "resilience4j-2/22-name-semicolon-raw")); of != "ledger" || err != nil {
		t.Errorf("%q, %v", of, err)
	}
	for _, body := range []string{``, `{}`, `{"circuitBreakerName":7}`} {
		if _, _, err := page.Changed([]byte(body)); err == nil {
			t.Errorf("%s: no error", body)
		}
	}
}

func TestSamples(t *testing.T) {
	sample := func(series, name, label, value string, v float64) breaker.Sample {
		return breaker.Sample{Name: "resilience4j_circuitbreaker_" + series, Labels: map[string]string{"name": name, label: value, "application": "orders"}, Value: v}
	}
	list := page.Samples([]breaker.Sample{
		sample("state", "b", "state", "closed", 0), sample("state", "b", "state", "forced_open", 1), sample("failure_rate", "b", "group", "x", 62.5), sample("slow_call_rate", "b", "group", "x", -1),
		sample("buffered_calls", "b", "kind", "failed", 10), sample("buffered_calls", "b", "kind", "successful", 6), sample("not_permitted_calls_total", "b", "kind", "not_permitted", 41),
		sample("state", "a", "state", "melted", 1), sample("buffered_calls", "a", "kind", "failed", math.NaN()),
		{Name: "up", Value: 1},
		{Name: "resilience4j_circuitbreaker_state"},
	})
	if len(list) != 2 || list[0].Name != "a" || list[0].State != fleet.BreakerUnknown || list[0].Calls != -1 {
		t.Fatalf("%+v", list)
	}
	if !same(list[1], fleet.Breaker{State: fleet.BreakerForcedOpen, FailureRate: 0.625, SlowRate: math.NaN(), Calls: 16, Rejected: -1}) {
		t.Errorf("%+v", list[1])
	}
}

// BenchmarkList reads a list of eight breakers: it is read of every instance in
// each pass.
func BenchmarkList(b *testing.B) {
	body := reply(b, "resilience4j-2/05-list-after-rejection")
	b.SetBytes(int64(len(body)))
	b.ReportAllocs()
	for b.Loop() {
		if _, _, err := page.List(body); err != nil {
			b.Fatal(err)
		}
	}
}
