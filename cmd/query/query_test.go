package query_test

import (
	"flag"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/midwatch-cli/midwatch/cmd/app"
	"github.com/midwatch-cli/midwatch/cmd/cmdtest"
	"github.com/midwatch-cli/midwatch/cmd/query"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

var update = flag.Bool("update", false, "write the golden files")

// night is when all of it happens.
var night = time.Date(2026, 1, 2, 2, 14, 0, 0, time.UTC)

// history is ten minutes of two services with three instances each, and of a
// service with odd values, a sample a minute.
func history() []cmdtest.Sample {
	var all []cmdtest.Sample
	for minute := range 11 {
		after := time.Duration(minute) * time.Minute
		put := func(name string, v float64, labels ...string) {
			all = append(all, cmdtest.Sample{After: after, Name: name, Labels: labels, V: v})
		}
		for i, service := range []string{"order", "payment"} {
			for n := range 3 {
				id := fmt.Sprintf("%s-%d", service, n+1)
				put("http_requests_total", float64(minute*(n+1)*(i+1)*60), "service", service, "instance", id, "zone", string("ab"[n%2]), "version", "2.4.1")
				put("memory_bytes", float64(1+n)*1e7+float64(minute)*1e6, "service", service, "instance", id)
			}
		}
		put("temperature", -0.5*float64(minute), "service", "odd\x1b[31m", "instance", "::error::x")
	}
	return all
}

// server is a Prometheus with that history.
func server(t *testing.T) string {
	t.Helper()
	return cmdtest.Prometheus(t, cmdtest.Stored(night.Add(-10*time.Minute), history()))
}

// screen runs query on a terminal of so many columns.
func screen(t *testing.T, columns int, args ...string) cmdtest.Result {
	t.Helper()
	c := cmdtest.Command{New: query.New, Prepare: func(a *app.App) {
		a.Now = func() time.Time { return night }
		if columns > 0 {
			a.IO.OutTTY = true
			a.IO.Wide = func() int { return columns }
		}
	}}
	return c.Run(t, append(args, "--utc")...)
}

func golden(t *testing.T, name, got string) {
	t.Helper()
	path := filepath.Join("testdata", name+".txt")
	if *update {
		if err := os.MkdirAll("testdata", 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if got != string(want) {
		t.Errorf("%s (-update writes it):\n%s\nwant\n%s", path, got, want)
	}
}

// TestScreens are what people see. The server's address, which is another each
// time, is left out.
func TestScreens(t *testing.T) {
	url := server(t)
	for _, c := range []struct {
		name    string
		columns int
		args    []string
	}{
		{"vector", 80, []string{"http_requests_total"}},
		{"vector-narrow", 40, []string{"http_requests_total"}},
		{"single", 80, []string{`http_requests_total{instance="order-1"}`}},
		{"sum", 80, []string{"sum by (service) (http_requests_total)"}},
		{"wide", 100, []string{"sum by (service) (http_requests_total)", "-o", "wide"}},
		{"scalar", 80, []string{"1 / 3"}},
		{"string", 80, []string{`"some ` + "\x1b[2J" + `text"`}},
		{"ago", 80, []string{"sum(http_requests_total)", "--at", "5m"}},
		{"yesterday", 80, []string{"vector(1)", "--at", "2026-01-01T12:00:00Z"}},
		{"not-so", 80, []string{"sum by (service) (http_requests_total) > 1e9"}},
		{"chart", 80, []string{"sum(rate(http_requests_total[2m]))", "--range", "5m", "--step", "15s"}},
		{"chart-two", 80, []string{"sum by (service) (http_requests_total)", "--range", "10m"}},
		{"chart-two-ascii", 60, []string{"sum by (service) (http_requests_total)", "--range", "10m", "--ascii"}},
		{"sparks", 80, []string{"memory_bytes", "--range", "10m", "--step", "1m"}},
		{"sparks-ascii", 50, []string{"memory_bytes", "--range", "10m", "--step", "1m", "--ascii"}},
		{"matrix", 80, []string{`memory_bytes{service="order"}[3m]`}},
		{"explained", 80, []string{"sum by (service) (http_requests_total)", "--explain"}},
		{"explained-number", 80, []string{"1 + 1", "--explain"}},
		{"hostile", 80, []string{"temperature"}},
		{"no-headers", 80, []string{"memory_bytes", "--no-headers"}},
	} {
		r := screen(t, c.columns, append(c.args, "--prometheus", url)...)
		if r.Err != nil {
			t.Errorf("%s: %v\n%s", c.name, r.Err, r.Errs)
		}
		if strings.ContainsRune(r.Out+r.Errs, 0x1b) {
			t.Errorf("%s: an escape sequence reached the terminal", c.name)
		}
		golden(t, c.name, strings.ReplaceAll(r.Out, url, "http://PROMETHEUS"))
	}
}

// TestElsewhere: off a terminal there is a row for each sample, whole and exact.
func TestElsewhere(t *testing.T) {
	url := server(t)
	r := screen(t, 0, "memory_bytes{instance=\"order-1\"}", "--range", "2m", "--step", "1m", "--prometheus", url)
	want := "METRIC\tVALUE\tTIME\n" +
		"memory_bytes{instance=\"order-1\", service=\"order\"}\t18000000\t2026-01-02T02:12:00.000Z\n" +
		"memory_bytes{instance=\"order-1\", service=\"order\"}\t19000000\t2026-01-02T02:13:00.000Z\n" +
		"memory_bytes{instance=\"order-1\", service=\"order\"}\t20000000\t2026-01-02T02:14:00.000Z\n"
	if r.Err != nil || r.Out != want {
		t.Errorf("%v\n%s\nwant\n%s", r.Err, r.Out, want)
	}
	if want := "1 series from 02:12:00 UTC to 02:14:00 UTC every 1m, answered by " + url + "\n"; r.Errs != want {
		t.Errorf("said %q, want %q", r.Errs, want)
	}
}

// TestNames are what midwatch accepts back, each once.
func TestNames(t *testing.T) {
	url := server(t)
	for expr, want := range map[string]string{
		"http_requests_total":                                 "order/order-1 order/order-2 order/order-3 payment/payment-1 payment/payment-2 payment/payment-3",
		"sum by (service) (http_requests_total)":              "order payment",
		"sum by (service, zone) (http_requests_total)":        "order payment",
		"sum(http_requests_total)":                            "",
		`sum by (instance) (http_requests_total) > 1e3`:       "",
		`http_requests_total{instance=~".*-3"} offset 5m > 0`: "order/order-3 payment/payment-3",
	} {
		r := screen(t, 0, expr, "-o", "name", "--prometheus", url)
		if got := strings.Join(strings.Fields(r.Out), " "); got != want || r.Err != nil {
			t.Errorf("%s: %q, %v, want %q", expr, got, r.Err, want)
		}
	}
}

// TestServerHasTheLastWord: what only a server understands is asked of it, and
// what it refuses is wrong usage.
func TestServerHasTheLastWord(t *testing.T) {
	asked := ""
	url := "http://" + cmdtest.Handler(t, func(w http.ResponseWriter, r *http.Request) {
		asked = r.FormValue("query")
		w.Header().Set("Content-Type", "application/json")
		if strings.Contains(asked, "wrong") {
			w.WriteHeader(http.StatusBadRequest)
			_, _ = fmt.Fprint(w, `{"status":"error","errorType":"bad_data","error":"1:7: parse error: no such function"}`)
			return
		}
		_, _ = fmt.Fprint(w, `{"status":"success","data":{"resultType":"vector","result":[{"metric":{"service":"a"},"value":[1767320040,"7"]}]}}`)
	})
	r := screen(t, 0, "rollup(up[5m]) default 0", "-o", "name", "--prometheus", url)
	if r.Err != nil || strings.TrimSpace(r.Out) != "a" || asked != "rollup(up[5m]) default 0" {
		t.Errorf("%v, %q, asked %q", r.Err, r.Out, asked)
	}
	r = screen(t, 0, "rate (wrong)", "--prometheus", url)
	if r.Code() != app.Usage || !strings.Contains(r.Err.Error(), "rate (wrong)\n        ^") {
		t.Errorf("ended with %d, %v", r.Code(), r.Err)
	}
}

// TestServerIsNotThere: nobody answered is not "nothing is so".
func TestServerIsNotThere(t *testing.T) {
	url := "http://" + cmdtest.Closed(t)
	for _, expr := range []string{"up", "up == 0"} {
		r := screen(t, 0, expr, "--prometheus", url, "-o", "json", "--jq", `.why.reason, .exitCode`)
		if r.Code() != app.CannotSay || r.Out != "\"refused\"\n3\n" && r.Out != "refused\n3\n" {
			t.Errorf("%s: ended with %d, %q", expr, r.Code(), r.Out)
		}
		if !strings.Contains(r.Errs, "connection refused") {
			t.Errorf("%s: said %q", expr, r.Errs)
		}
	}
}

func TestNoData(t *testing.T) {
	url := server(t)
	for _, c := range []struct{ expr, says string }{
		{"nothing", "error: no data: nothing matched no series\n"},
		{"nothing > 1", "error: no data: nothing matched no series\n"},
		{"sum by (service) (http_requests_total) / on (service) nothing", "error: no data: nothing matched no series\n"},
		{"rate(http_requests_total[1s])", "the expression came to nothing, although all its series are there\n"},
	} {
		r := screen(t, 0, c.expr, "--prometheus", url)
		if r.Code() != app.CannotSay || !strings.Contains(r.Errs, c.says) && !strings.Contains(r.Errs, "matched no series") {
			t.Errorf("%s: ended with %d, %s", c.expr, r.Code(), r.Errs)
		}
	}
}

func TestWrongUsage(t *testing.T) {
	url := server(t)
	for _, c := range []struct {
		args []string
		says string
	}{
		{nil, "requires at least 1 arg"},
		{[]string{"up", "==", "0"}, `"==" is no name`},
		{[]string{"up", "--at", "soon"}, "is no time"},
		{[]string{"up", "--collect", "-1s"}, "--collect"},
		{[]string{"up", "--range", "-1s"}, "--range"},
		{[]string{"up", "--step", "1s"}, "--step is for a range"},
		{[]string{"up", "--range", "1h", "--step", "1ns"}, "--step"},
		{[]string{"up", "--range", "1000h", "--step", "1s"}, "steps"},
		{[]string{"up", "--window", "-1s"}, "--window"},
		{[]string{"up", "--interval", "1ms"}, "--interval"},
		{[]string{"up", "--parallel", "0"}, "--parallel"},
		{[]string{"up", "-o", "junit"}, "junit"},
		{[]string{"up", "order", "--prometheus", url}, "no instance is selected"},
		{[]string{"up", "--zone", "a", "--prometheus", url}, "no instance is selected"},
		{[]string{"up", "--prometheus", "127.0.0.1:9090"}, "the URL of Prometheus"},
		{[]string{"up", "[a", "--registry", "file:///nowhere.yaml"}, "[a"},
		{[]string{"sum(", "--prometheus", "none", "--registry", "file:///nowhere.yaml"}, "1:5: "},
	} {
		r := screen(t, 0, c.args...)
		if r.Err == nil || !strings.Contains(r.Err.Error(), c.says) {
			t.Errorf("%q: %v, want %q", c.args, r.Err, c.says)
		}
		if r.Code() != app.Usage && len(c.args) > 0 {
			t.Errorf("%q: ended with %d", c.args, r.Code())
		}
	}
}
