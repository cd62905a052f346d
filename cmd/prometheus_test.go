package cmd_test

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/midwatch-cli/midwatch/cmd/cmdtest"
	"github.com/midwatch-cli/midwatch/fleet/metrics"
	"github.com/midwatch-cli/midwatch/fleet/metrics/metricstest"
	"github.com/midwatch-cli/midwatch/fleet/metrics/server"
)

// guarded starts a Prometheus that scrapes two instances, one of them down, and a
// gateway before it, below /prometheus, that wants a token and a tenant.
func guarded(t *testing.T) (gateway string) {
	t.Helper()
	start := time.Now()
	pages := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/plain; version=0.0.4")
		_, _ = io.WriteString(w, "# TYPE calls_total counter\ncalls_total{code=\"200\"} 90\ncalls_total{code=\"500\"} 10\n")
		n := 1000 + time.Since(start).Milliseconds() // a tenth of these fail
		_, _ = fmt.Fprintf(w, "# TYPE http_requests_total counter\nhttp_requests_total{code=\"200\"} %d\nhttp_requests_total{code=\"500\"} %d\n", 9*n, n)
	}))
	t.Cleanup(pages.Close)
	far := metricstest.StartPrometheus(t, fmt.Sprintf(`
global: {scrape_interval: 500ms, scrape_timeout: 500ms}
scrape_configs:
- job_name: fleet
  relabel_configs: [{action: labeldrop, regex: job}]
  static_configs:
  - {targets: [%q], labels: {service: order, instance: order-1}}
  - {targets: [%q], labels: {service: order, instance: order-2}}
`, strings.TrimPrefix(pages.URL, "http://"), cmdtest.Closed(t)))
	s, err := server.Open(server.Options{URL: far.URL, Client: &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}})
	if err != nil {
		t.Fatal(err)
	}
	metricstest.Until(t, 30*time.Second, "it has scraped both", func() bool {
		a, err := s.Query(t.Context(), metrics.Question{Expr: "count(count_over_time(up[1m]) > 8) == 2 and count(calls_total) == 2"})
		return err == nil && len(a.Series) == 1
	})
	to, err := url.Parse(far.URL)
	if err != nil {
		t.Fatal(err)
	}
	forward := &httputil.ReverseProxy{Rewrite: func(r *httputil.ProxyRequest) { r.SetURL(to) }, Transport: &http.Transport{DisableKeepAlives: true}}
	front := httptest.NewServer(http.StripPrefix("/prometheus", http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch {
		case r.Header.Get("Authorization") != "Bearer open-sesame":
			http.Error(w, "who are you", http.StatusUnauthorized)
		case r.Header.Get("X-Scope-OrgID") != "shop":
			http.Error(w, "no org id", http.StatusUnauthorized)
		default:
			forward.ServeHTTP(w, r)
		}
	})))
	t.Cleanup(front.Close)
	return front.URL + "/prometheus"
}

// TestPrometheusByTheTool asks a real Prometheus by command lines: the instances
// of the registry are out of reach, and nobody asks them.
func TestPrometheusByTheTool(t *testing.T) {
	gateway := guarded(t)
	_, port, _ := strings.Cut(strings.TrimPrefix(gateway, "http://"), ":")
	elsewhere := "http://localhost:" + port // another name: the token is not for it
	o := newOperator(t, "mira", "services: [{name: order, instances: [{id: order-1, address: '"+cmdtest.Closed(t)+"'}]}]", `
contexts:
  - name: prod
    registries: [file://fleet.yaml]
    prometheus: {url: "`+gateway+`", profile: gateway}
profiles:
  gateway: {headers: {X-Scope-OrgID: shop}, auth: {bearer: env:GATEWAY_TOKEN}}
`)
	delete(o.env, "MIDWATCH_REGISTRY")
	o.env["GATEWAY_TOKEN"] = "open-sesame"

	o.says(t, 0, []string{"query", "sum by (code) (calls_total)"}, `{code="200"}`, "90", `{code="500"}`, "10")
	o.says(t, 0, []string{"query", "max_over_time(up[3s])", "-o", "json", "--jq", `.items[]|[.metric.instance,.value[1]]|join(" ")`}, "order-1 1", "order-2 0")
	o.says(t, 0, []string{"query", `calls_total{code="500"}`, "--explain"}, `calls_total{code="500"}`)
	o.says(t, 0, []string{"query", "sum(up)", "--range", "1s", "--step", "500ms", "-o", "json", "--jq", ".items[0].values|length"}, "3")
	o.says(t, 3, []string{"query", "nothing_of_the_kind"}, "no data")
	o.says(t, 2, []string{"query", "sum(calls_total"}, "1:16: unclosed left parenthesis")
	o.says(t, 2, []string{"query", "up * on (service) calls_total"}, "many-to-many")

	o.says(t, 3, []string{"metrics", "--window", "3s", "-o", "json", "--jq", `.items[]|[.service,(.errorRatio*1000|round)]|join(" ")`}, "order 100", "metrics of 1 instance of order could not be read by the server")

	// A URL of the flag or the environment wins, and gets no token that was for
	// another.
	out, errs := o.does(t, 3, "query", "up", "--prometheus", elsewhere+"/prometheus")
	if !strings.Contains(errs, "401") || !strings.Contains(errs, "profile") || strings.Contains(out+errs, "open-sesame") {
		t.Errorf("%s%s", out, errs)
	}
	env := o.as("mira")
	env.env["MIDWATCH_PROMETHEUS"] = "http://" + cmdtest.Closed(t)
	env.says(t, 3, []string{"query", "up"}, "refused")
	env.says(t, 0, []string{"query", "up", "--prometheus", gateway}, "order-1")
	o.says(t, 3, []string{"query", "up", "--prometheus", strings.TrimSuffix(gateway, "/prometheus") + "/nowhere"}, "404", "/api/v1")
	o.says(t, 2, []string{"query", "up", "--prometheus", "http://mira:hush@" + strings.TrimPrefix(gateway, "http://")}, "credentials in a URL are refused")
}
