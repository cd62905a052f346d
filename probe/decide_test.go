package probe_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"unicode"

	"github.com/midwatch-cli/midwatch/probe"
	payload "github.com/midwatch-cli/midwatch/probe/health"
)

// decide reads and decides an answer made up for a test.
func decide(status int, body string, named, strict bool, headers ...string) probe.Decision {
	h := http.Header{}
	for i := 0; i+1 < len(headers); i += 2 {
		h.Set(headers[i], headers[i+1])
	}
	a := payload.Answer{Status: status, Header: h.Get, Body: []byte(body)}
	return probe.Decide(a, payload.Read(a), named, strict)
}

// TestEveryStatus takes every status there can be through the table, with a body
// that says well, one that says ill, and none.
func TestEveryStatus(t *testing.T) {
	const up, down = `{"status":"UP"}`, `{"status":"DOWN"}`
	auth := map[int]bool{401: true, 403: true, 407: true}
	notFound := map[int]bool{404: true, 405: true, 406: true, 422: true, 501: true}
	for status := -1; status < 1100; status++ {
		var well, ill, bare string // outcome and reason on a named path
		switch {
		case status < 200 || status > 599:
			well = "unknown protocol"
		case auth[status]:
			well = "unknown auth"
		case notFound[status]:
			well = "unknown not_found"
		case status == 429:
			well = "warn limited"
		case status < 300:
			well, ill, bare = "pass ", "fail reported", "pass "
		case status < 400:
			well = "unknown redirect"
		case status < 500:
			well = "unknown status"
		default:
			well, ill, bare = "fail status", "fail reported", "fail status"
		}
		for body, want := range map[string]string{up: well, down: ill, "": bare} {
			if want == "" {
				want = well // the body does not matter
			}
			d := decide(status, body, true, false)
			if got := d.Outcome.String() + " " + string(d.Reason); got != want {
				t.Errorf("%d %s: %s, want %s", status, body, got, want)
			}
			if d.Outcome != probe.Pass && (d.Reason == "reported" == strings.Contains(d.Detail, fmt.Sprint(status))) {
				t.Errorf("%d %s: the detail %q says its word or its status, one of them", status, body, d.Detail)
			}
			if d.Bare != (status >= 200 && status < 300 && body == "") {
				t.Errorf("%d %s: bare %v", status, body, d.Bare)
			}
		}
		if d := decide(status, "", false, false); d.Outcome == probe.Pass {
			t.Errorf("%d: a guessed path passes without a word: %+v", status, d)
		}
	}
}

// TestWhichRuleWins has answers two rows of the table could claim.
func TestWhichRuleWins(t *testing.T) {
	const fail, degraded, age = "X-Envoy-Immediate-Health-Check-Fail", "X-Envoy-Degraded", "Age"
	for what, c := range map[string]struct {
		status  int
		body    string
		headers []string
		want    string
	}{
		"Envoy's header over credentials":      {401, "", []string{fail, "true"}, "fail draining"},
		"Envoy's header over a limit":          {429, "", []string{fail, "true"}, "fail draining"},
		"Envoy's header over a cache":          {200, "OK", []string{fail, "true", age, "99"}, "fail draining"},
		"Envoy's header over a page":           {200, "<html>", []string{fail, "true"}, "fail draining"},
		"Envoy's header over no status":        {0, "", []string{fail, "true"}, "fail draining"},
		"a refused question over a degraded":   {404, "", []string{degraded, "true"}, "unknown not_found"},
		"an ill word over a degraded":          {200, "DOWN", []string{degraded, "true"}, "fail reported"},
		"a starting word over a degraded":      {200, "starting", []string{degraded, "true"}, "unknown starting"},
		"a warning over a degraded":            {200, "WARN", []string{degraded, "true"}, "warn reported"},
		"a degraded over nothing":              {200, "", []string{degraded, "true"}, "warn reported"},
		"a cache over a word":                  {200, "DOWN", []string{age, "99"}, "unknown stale"},
		"a cache over a degraded":              {200, "OK", []string{degraded, "true", age, "99"}, "unknown stale"},
		"a cache over a leaving word":          {200, "OUT_OF_SERVICE", []string{age, "99"}, "unknown stale"},
		"a cache over a page":                  {200, "<html>", []string{age, "99"}, "unknown stale"},
		"a cache over broken JSON":             {200, "{", []string{age, "99"}, "unknown stale"},
		"a server error over a cache":          {500, "", []string{age, "99"}, "fail status"},
		"a server error over a page":           {502, "<html>", nil, "fail status"},
		"a server error over broken JSON":      {500, `{"status":"UP"`, nil, "fail status"},
		"a server error over a good word":      {503, `{"status":"UP"}`, nil, "fail status"},
		"a server error over a good component": {503, `{"status":"DOWN","components":{"a":{"status":"UP"}}}`, nil, "fail reported"},
		"a good word over an error's text":     {200, `{"status":"UP","error":"x"}`, nil, "pass "},
		"a limit over a bad word":              {429, "DOWN", nil, "warn limited"},
	} {
		d := decide(c.status, c.body, true, false, c.headers...)
		if got := d.Outcome.String() + " " + string(d.Reason); got != c.want {
			t.Errorf("%s: %s (%s), want %s", what, got, d.Detail, c.want)
		}
	}
}

// TestDetails: whatever a service writes, what people are shown of it is one
// short printable line.
func TestDetails(t *testing.T) {
	const longest = 700
	hostile := strings.Repeat("\x1b[2J\u202e::error::\n\xff<b>", 1000)
	for _, status := range []int{200, 204, 302, 404, 429, 500, 503} {
		for _, body := range []string{
			hostile, `{"status":"` + hostile + `"}`, `{"status":"DOWN","error":"` + hostile + `"}`, `{"error":"` + hostile + `"}`,
			`{"status":"UP","components":{"` + hostile + `":{"status":"DOWN","error":"` + hostile + `"}}}`, `{"` + hostile + `":"` + hostile + `"}`,
			"[-]" + hostile, "DOWN\n" + hostile, hostile + "): OK\nA(): Warning: x",
		} {
			for _, strict := range []bool{false, true} {
				d := decide(status, body, true, strict, "Retry-After", hostile, "Age", hostile)
				if len(d.Detail) > longest || strings.ContainsFunc(d.Detail, func(r rune) bool { return !unicode.IsPrint(r) }) {
					t.Errorf("%d %.40q: %d bytes: %q", status, body, len(d.Detail), d.Detail)
				}
			}
		}
	}
}
