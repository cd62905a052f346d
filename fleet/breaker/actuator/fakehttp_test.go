package actuator_test

import (
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/midwatch-cli/midwatch/fleet/breaker/breakertest"
)

const actuatorType = "application/vnd.spring-boot.actuator.v3+json"

// ServeHTTP answers as Tomcat does, or Netty, with Spring Security in front of
// the actuator where there is a password.
func (f *fake) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.seen = append(f.seen, r.Method+" "+r.RequestURI)
	if r.Method == http.MethodPost {
		f.writes++
	}
	raw, _, _ := strings.Cut(r.RequestURI, "?")
	if !f.netty && regexp.MustCompile(`(?i)%2f|%5c|%0`).MatchString(raw) {
		htmlPage(w, http.StatusBadRequest, "HTTP Status 400 – Bad Request")
		return
	}
	if f.password != "" && !f.admitted(w, r, raw) {
		return
	}
	segments := strings.Split(strings.TrimPrefix(raw, "/"), "/")
	for i, s := range segments {
		s, _, _ = strings.Cut(s, ";") // path parameters are taken off, and with them the end of a name
		decoded, err := url.PathUnescape(s)
		if err != nil {
			htmlPage(w, http.StatusBadRequest, "HTTP Status 400 – Bad Request")
			return
		}
		segments[i] = decoded
	}
	own := strings.Split(strings.TrimPrefix(f.path, "/"), "/")
	if len(segments) < len(own) || !slices.Equal(segments[:len(own)], own) {
		f.fail(w, r, http.StatusNotFound)
		return
	}
	rest := segments[len(own):]
	if accept := r.Header.Get("Accept"); accept == "text/plain" && (len(rest) == 0 || rest[0] != "prometheus") {
		w.Header().Set("Accept", actuatorType+", application/vnd.spring-boot.actuator.v2+json, application/json")
		w.WriteHeader(http.StatusNotAcceptable)
		return
	}
	f.route(w, r, rest)
}

func (f *fake) route(w http.ResponseWriter, r *http.Request, rest []string) {
	list := "circuitbreakers"
	if f.mapped != "" {
		list = f.mapped
	}
	reads := r.Method == http.MethodGet
	switch {
	case len(rest) == 0 && reads:
		f.json(w, r, map[string]any{"_links": f.links(r, list)})
	case len(rest) == 1 && rest[0] == list && !f.hidden:
		if !reads {
			f.notAllowed(w, r, "GET")
			return
		}
		f.json(w, r, f.list())
	case len(rest) == 2 && rest[0] == list && !f.hidden && !f.readOnly && rest[1] != "":
		f.one(w, r, rest[1])
	case len(rest) >= 1 && len(rest) <= 3 && rest[0] == "circuitbreakerevents" && reads && !f.hidden:
		f.events(w, r, rest[1:])
	case len(rest) == 2 && rest[0] == "health" && rest[1] == "circuitBreakers" && reads:
		f.health(w, r)
	case len(rest) == 1 && rest[0] == "prometheus" && reads:
		w.Header().Set("Content-Type", "text/plain;version=0.0.4;charset=utf-8")
		io.WriteString(w, f.exposition())
	case len(rest) == 1 && rest[0] == "serviceregistry" && f.registry != "":
		f.serviceregistry(w, r)
	default:
		f.fail(w, r, http.StatusNotFound)
	}
}

// one is the endpoint of a breaker.
func (f *fake) one(w http.ResponseWriter, r *http.Request, name string) {
	if r.Method == http.MethodOptions {
		w.Header().Set("Allow", "POST,OPTIONS")
		w.Header().Set("Accept-Patch", "")
		return
	}
	if r.Method != http.MethodPost {
		f.notAllowed(w, r, "POST")
		return
	}
	kind, _, _ := strings.Cut(r.Header.Get("Content-Type"), ";")
	if kind != "application/json" && kind != actuatorType && kind != "application/vnd.spring-boot.actuator.v2+json" {
		w.Header().Set("Accept", actuatorType+", application/vnd.spring-boot.actuator.v2+json, application/json")
		f.fail(w, r, http.StatusUnsupportedMediaType)
		return
	}
	data, _ := io.ReadAll(r.Body)
	var body map[string]any
	if q := r.URL.Query().Get("updateState"); q != "" {
		body = map[string]any{"updateState": q}
	} else if json.Unmarshal(data, &body) != nil {
		f.fail(w, r, http.StatusBadRequest)
		return
	}
	word, isWord := body["updateState"].(string)
	states := map[string]string{"forceopen": "FORCED_OPEN", "close": "CLOSED", "disable": "DISABLED"}
	to := states[strings.NewReplacer("-", "", "_", "", " ", "").Replace(strings.ToLower(word))]
	switch {
	case isWord && word == "":
		f.fail(w, r, http.StatusInternalServerError)
	case to == "":
		f.fail(w, r, http.StatusBadRequest)
	default:
		if f.fault != breakertest.NoEffect {
			f.to(name, to)
		}
		f.json(w, r, map[string]any{"circuitBreakerName": name, "currentState": to, "message": name + " state has been changed successfully"})
	}
}

func (f *fake) links(r *http.Request, list string) map[string]any {
	ids := []string{"health", "health/{*path}", "prometheus"}
	if !f.hidden {
		ids = append(ids, "circuitbreakers", "circuitbreakerevents", "circuitbreakerevents/{name}", "circuitbreakerevents/{name}/{eventType}")
		if !f.readOnly {
			ids = append(ids, "circuitbreakers/{name}")
		}
	}
	if f.registry != "" {
		ids = append(ids, "serviceregistry")
	}
	out := map[string]any{"self": map[string]any{"href": "http://" + r.Host + f.path, "templated": false}}
	for _, id := range ids {
		key := strings.NewReplacer("/", "-", "{*", "", "{", "", "}", "").Replace(id)
		at := id
		if id == "circuitbreakers" || strings.HasPrefix(id, "circuitbreakers/") {
			at = list + strings.TrimPrefix(id, "circuitbreakers")
		}
		out[key] = map[string]any{"href": "http://" + r.Host + f.path + "/" + at, "templated": strings.Contains(id, "{")}
	}
	return out
}

func (f *fake) list() any {
	if f.version == 1 {
		return map[string]any{"circuitBreakers": slices.Sorted(maps.Keys(f.breakers))}
	}
	all := map[string]any{}
	for name, b := range f.breakers {
		all[name] = b.details()
	}
	return map[string]any{"circuitBreakers": named(all)}
}

// named are members whose keys are data, which no naming strategy touches.
type named map[string]any

func (b *fakeBreaker) details() map[string]any {
	rate, slow := "-1.0%", "-1.0%"
	if len(b.calls) >= 5 {
		rate, slow = fmt.Sprintf("%.1f%%", float64(b.failed())*100/float64(len(b.calls))), "0.0%"
	}
	return map[string]any{
		"failureRate": rate, "slowCallRate": slow, "failureRateThreshold": "50.0%", "slowCallRateThreshold": "100.0%",
		"bufferedCalls": len(b.calls), "failedCalls": b.failed(), "slowCalls": 0, "slowFailedCalls": 0, "notPermittedCalls": b.notPermitted, "state": b.state,
	}
}

func (f *fake) events(w http.ResponseWriter, r *http.Request, of []string) {
	out := []any{}
	for _, name := range slices.Sorted(maps.Keys(f.breakers)) {
		if len(of) > 0 && of[0] != name {
			continue
		}
		for _, e := range f.breakers[name].events {
			if len(of) < 2 || strings.EqualFold(of[1], e["type"].(string)) {
				out = append(out, e)
			}
		}
	}
	f.json(w, r, map[string]any{"circuitBreakerEvents": out})
}

func (f *fake) health(w http.ResponseWriter, r *http.Request) {
	if f.noHealth {
		w.WriteHeader(http.StatusNotFound)
		return
	}
	all := named{}
	for name, b := range f.breakers {
		status := map[string]string{"CLOSED": "UP", "OPEN": "CIRCUIT_OPEN", "HALF_OPEN": "CIRCUIT_HALF_OPEN"}[b.state]
		if status == "" {
			status = "UNKNOWN"
		}
		all[name] = map[string]any{"status": status, "details": b.details()}
	}
	snake := f.snake
	f.snake = false // health is written with the actuator's own mapper
	f.json(w, r, map[string]any{"status": "UP", "details": all})
	f.snake = snake
}

func (f *fake) serviceregistry(w http.ResponseWriter, r *http.Request) {
	if f.registry == "none" {
		f.fail(w, r, http.StatusInternalServerError)
		return
	}
	if r.Method == http.MethodGet {
		status, override := "UP", "UNKNOWN"
		if f.status != "" {
			status, override = f.status, f.status
		}
		if f.registry == "consul" {
			f.json(w, r, status)
			return
		}
		f.json(w, r, map[string]any{"overriddenStatus": override, "status": status})
		return
	}
	var body struct{ Status string }
	if json.NewDecoder(r.Body).Decode(&body) != nil || body.Status == "" {
		f.fail(w, r, http.StatusBadRequest)
		return
	}
	switch {
	case f.registry == "consul" && body.Status != "UP" && body.Status != "OUT_OF_SERVICE":
		f.fail(w, r, http.StatusInternalServerError)
	case f.registry == "consul" && body.Status == "UP", body.Status == "CANCEL_OVERRIDE":
		f.status = ""
	default:
		f.status = body.Status
	}
}

// json writes a value with the application's naming of members.
func (f *fake) json(w http.ResponseWriter, r *http.Request, v any) {
	kind := actuatorType
	if r.Header.Get("Accept") == "application/json" {
		kind = "application/json"
	}
	w.Header().Set("Content-Type", kind)
	if f.snake {
		v = snaked(v)
	}
	data, _ := json.Marshal(v)
	w.Write(data)
}

func snaked(v any) any {
	switch v := v.(type) {
	case map[string]any:
		out := map[string]any{}
		for key, value := range v {
			out[regexp.MustCompile(`([A-Z])`).ReplaceAllStringFunc(key, func(s string) string { return "_" + strings.ToLower(s) })] = snaked(value)
		}
		return out
	case named:
		out := named{}
		for key, value := range v {
			out[key] = snaked(value)
		}
		return out
	case []any:
		for i := range v {
			v[i] = snaked(v[i])
		}
	}
	return v
}

// fail is the error page of Boot.
func (f *fake) fail(w http.ResponseWriter, r *http.Request, code int) {
	raw, _, _ := strings.Cut(r.RequestURI, "?")
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(code)
	fmt.Fprintf(w, `{"timestamp":%q,"status":%d,"error":%q,"path":%q}`, time.Now().Format(time.RFC3339), code, http.StatusText(code), raw)
}

func (f *fake) notAllowed(w http.ResponseWriter, r *http.Request, allow string) {
	w.Header().Set("Allow", allow)
	f.fail(w, r, http.StatusMethodNotAllowed)
}

func htmlPage(w http.ResponseWriter, code int, title string) {
	w.Header().Set("Content-Type", "text/html;charset=utf-8")
	w.WriteHeader(code)
	fmt.Fprintf(w, "<!doctype html><html lang=\"en\"><head><title>%s</title></head><body><h1>%s</h1></body></html>", title, title)
}

// admitted is Spring Security: its firewall, its credentials, its protection
// against forged requests, its login page.
func (f *fake) admitted(w http.ResponseWriter, r *http.Request, raw string) bool {
	denied := func(code int) bool {
		if code == http.StatusUnauthorized {
			w.Header().Set("WWW-Authenticate", `Basic realm="Realm"`)
		}
		if f.errorOpen {
			f.fail(w, r, code)
		} else {
			w.WriteHeader(code)
		}
		return false
	}
	if regexp.MustCompile(`(?i)%25|%3b|;`).MatchString(raw) {
		if f.errorOpen {
			return denied(http.StatusBadRequest)
		}
		return denied(http.StatusUnauthorized)
	}
	if raw == "/login" && r.Method == http.MethodGet && f.csrf != "" {
		f.loginPage(w)
		return false
	}
	forged := f.csrf != "" && r.Method == http.MethodPost && !f.tokenIn(r)
	if forged && f.errorOpen {
		return denied(http.StatusForbidden)
	}
	user, password, _ := r.BasicAuth()
	if user != "operator" || password != f.password {
		if strings.HasPrefix(r.Header.Get("Accept"), "text/html") {
			w.Header().Set("Location", "http://"+r.Host+"/login")
			w.WriteHeader(http.StatusFound)
			return false
		}
		return denied(http.StatusUnauthorized)
	}
	if forged {
		w.Header().Set("Set-Cookie", "JSESSIONID=D838C793237BCCA62370735EF9A0F4C2; Path=/; HttpOnly")
		return denied(http.StatusUnauthorized)
	}
	return true
}

func (f *fake) loginPage(w http.ResponseWriter) {
	session, token := fmt.Sprintf("SESSION%d", len(f.tokens)), fmt.Sprintf("token+%d/=", len(f.tokens))
	f.tokens[session] = token
	w.Header().Set("Content-Type", "text/html;charset=UTF-8")
	if f.csrf == "cookie" {
		w.Header().Add("Set-Cookie", "XSRF-TOKEN="+token+"; Path=/")
		io.WriteString(w, `<!DOCTYPE html><html><body><div id="app"></div></body></html>`)
		return
	}
	w.Header().Add("Set-Cookie", "JSESSIONID="+session+"; Path=/; HttpOnly")
	fmt.Fprintf(w, "<!DOCTYPE html>\n<html><body><form method=\"post\" action=\"/login\">\n<input type=\"password\" id=\"password\" name=\"password\" required>\n<input name=\"_csrf\" type=\"hidden\" value=\"%s\" />\n</form></body></html>", strings.ReplaceAll(token, "+", "&#43;"))
}

// tokenIn says whether a request carries the token it was given.
func (f *fake) tokenIn(r *http.Request) bool {
	if f.csrf == "cookie" {
		c, err := r.Cookie("XSRF-TOKEN")
		return err == nil && c.Value != "" && c.Value == r.Header.Get("X-XSRF-TOKEN")
	}
	c, err := r.Cookie("JSESSIONID")
	return err == nil && f.tokens[c.Value] != "" && f.tokens[c.Value] == r.Header.Get("X-CSRF-TOKEN")
}
