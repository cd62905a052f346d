package probe_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/midwatch-cli/midwatch/probe"
	payload "github.com/midwatch-cli/midwatch/probe/health"
)

// TestDecide is the table "From an answer to an outcome" for what HTTP answers,
// row by row.
func TestDecide(t *testing.T) {
	const named, strict, cut, neither = 1, 2, 4, 0
	const json = `{"status":"`
	for _, c := range []struct {
		status int
		body   string
		how    int
		want   string // outcome, reason, detail
	}{
		// The question was not taken.
		{401, "", named, "unknown auth 401: needs credentials"},
		{403, json + `DOWN"}`, named, "unknown auth 403: may not be asked with these credentials"},
		{407, "", named, "unknown auth 407: a proxy on the way needs credentials"},
		{404, json + `DOWN"}`, named, "unknown not_found 404: no such path"},
		{405, "", named, "unknown not_found 405: not to be asked by GET"},
		{406, "", named, "unknown not_found 406: has none of the forms we read"},
		{422, "", named, "unknown not_found 422: the path means something else there"},
		{501, "{}", named, "unknown not_found 501: no health checks there"},
		{400, json + `error"}`, named, "unknown status 400: bad request"},
		{418, "", neither, "unknown status 418: i'm a teapot"},
		{499, "", neither, "unknown status 499: not answered"},
		{302, "", named, "unknown redirect 302: the answer is elsewhere"},
		{304, "", named, "unknown redirect 304: the answer is elsewhere"},
		{100, "", named, "unknown protocol 100 is no final status"},
		{0, "", named, "unknown protocol 0 is no final status"},
		{999, "", named, "unknown protocol 999 is no final status"},
		// Asked too often.
		{429, "", neither, "warn limited 429: asked too often"},
		{429, json + `UP"}`, named, "warn limited 429: asked too often"},
		// 2xx: the word decides.
		{200, json + `UP"}`, neither, "pass"},
		{200, json + `DOWN"}`, neither, "fail reported says DOWN"},
		{200, json + `degraded"}`, neither, "warn reported says degraded"},
		{200, json + `starting"}`, neither, "unknown starting not ready yet: says starting"},
		{200, json + `FROB"}`, neither, "unknown reported says FROB"},
		{200, json + `unknown"}`, neither, "unknown reported says unknown"},
		{200, json + `OUT_OF_SERVICE"}`, neither, "fail draining says OUT_OF_SERVICE"},
		{200, json + `DOWN","error":"no space"}`, neither, "fail reported DOWN: no space"},
		// 2xx without a word.
		{200, "", named, "pass bare"},
		{204, "", neither, "unknown body 204, and nothing that speaks of health bare"},
		{200, "{}", neither, "unknown body 200, and nothing that speaks of health bare"},
		{200, "hello", named, "pass bare"},
		{200, `{"error":"db gone"}`, named, "unknown body no word, but an error: db gone"},
		// Pages and broken bodies.
		{200, "<html>", named, "unknown page an HTML page: a login form, or an application that answers every path"},
		{200, `{"status":"UP"`, named, "warn body 200, but its body is broken JSON"},
		{200, `{"status":"UP"`, neither, "unknown body 200, and broken JSON"},
		{200, `{"status":"UP"`, named | cut, "unknown body 200, but its body is longer than the 14 bytes that are read"},
		{200, json + `UP"}`, named | cut, "pass"},
		// Components under a good word.
		{200, json + `UP","components":{"db":{"status":"DOWN","details":{"error":"timeout"}}}}`, neither, "pass db down: timeout"},
		{200, json + `UP","components":{"db":{"status":"DOWN","details":{"error":"timeout"}}}}`, strict, "warn component says UP, but db down: timeout"},
		{200, json + `UP","components":{"db":{"status":"UNKNOWN"}}}`, strict, "pass"},
		// 5xx: a word can soften it.
		{500, "", named, "fail status 500 Internal Server Error"},
		{599, "", named, "fail status 599"},
		{500, "boom\nat line 7", named, "fail status 500: boom"},
		{500, "Internal Server Error", named, "fail status 500 Internal Server Error"},
		{503, "<html>", named, "fail status 503 Service Unavailable"},
		{500, json + `UP"}`, named, "fail status 500, though it says UP"},
		{503, json + `DOWN"}`, named, "fail reported says DOWN"},
		{500, json + `warning"}`, named, "warn reported says warning"},
		{503, json + `unknown"}`, named, "unknown reported says unknown"},
		{503, json + `starting"}`, named, "unknown starting not ready yet: says starting"},
		{503, json + `FROB"}`, named, "fail status 503 Service Unavailable"},
		{503, json + `OUT_OF_SERVICE"}`, named, "fail draining says OUT_OF_SERVICE"},
		{500, "SERVER_IS_NOT_READY", named, "fail reported says SERVER_IS_NOT_READY"},
		{503, `{"status":"UP`, named, "fail status 503 Service Unavailable"},
		{503, json + `DOWN","components":{"a":{"status":"UP"},"b":{"status":"WARN"},"c":{"status":"DOWN","error":"x"},"d":{"status":"DOWN"}}}`, named, "fail reported c down: x (and 2 more)"},
		{503, json + `DOWN","checks":{"a":false}}`, named, "fail reported a failed"},
		// What a service writes stays one printable line.
		{503, json + "DOWN\",\"error\":\"a\\u001b[2Jb\\nc\"}", named, "fail reported DOWN: a [2Jb c"},
	} {
		a := payload.Answer{Status: c.status, Header: http.Header{}.Get, Body: []byte(c.body), Cut: c.how&cut != 0}
		if got := decided(probe.Decide(a, payload.Read(a), c.how&named != 0, c.how&strict != 0)); got != c.want {
			t.Errorf("%d %s (%d): %s\nwant: %s", c.status, c.body, c.how, got, c.want)
		}
	}
}

func decided(d probe.Decision) string {
	parts := []string{d.Outcome.String()}
	if d.Reason != "" {
		parts = append(parts, string(d.Reason))
	}
	if d.Detail != "" {
		parts = append(parts, d.Detail)
	}
	if d.Bare {
		parts = append(parts, "bare")
	}
	return strings.Join(parts, " ")
}

func TestDecideHeaders(t *testing.T) {
	for _, c := range []struct {
		status      int
		body        string
		name, value string
		want        string
	}{
		{200, "OK", "X-Envoy-Immediate-Health-Check-Fail", "true", "fail draining Envoy's header says: fail health checks at once"},
		{404, "", "X-Envoy-Immediate-Health-Check-Fail", "true", "fail draining Envoy's header says: fail health checks at once"},
		{200, "OK", "X-Envoy-Degraded", "true", "warn reported says degraded"},
		{503, "", "X-Envoy-Degraded", "true", "warn reported says degraded"},
		{200, "OK", "Age", "86400", "unknown stale a cache answers, not the service: 86400 s old"},
		{200, "DOWN", "X-Cache", "HIT", "unknown stale a cache answers, not the service"},
		{503, "", "Age", "86400", "fail status 503 Service Unavailable"},
		{429, "", "Retry-After", "7", "warn limited 429: asked too often, again after 7"},
		{429, "", "Retry-After", "\x1b[2J" + strings.Repeat("x", 99), "warn limited 429: asked too often, again after [2J" + strings.Repeat("x", 34) + "..."},
	} {
		h := http.Header{}
		h.Set(c.name, c.value)
		a := payload.Answer{Status: c.status, Header: h.Get, Body: []byte(c.body)}
		if got := decided(probe.Decide(a, payload.Read(a), true, false)); got != c.want {
			t.Errorf("%d %q %s: %s: %s\nwant: %s", c.status, c.body, c.name, c.value, got, c.want)
		}
	}
}
