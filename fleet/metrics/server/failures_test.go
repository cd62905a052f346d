package server_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/midwatch-cli/midwatch/fleet"
	"github.com/midwatch-cli/midwatch/fleet/metrics"
	"github.com/midwatch-cli/midwatch/fleet/metrics/server"
	"github.com/midwatch-cli/midwatch/fleet/web"
	"github.com/midwatch-cli/midwatch/probe"
)

// answering is a server that answers everything alike.
func answering(t testing.TB, code int, kind, body string) *server.Server {
	t.Helper()
	far := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", kind)
		w.WriteHeader(code)
		_, _ = io.WriteString(w, body)
	}))
	t.Cleanup(far.Close)
	return opened(t, far.URL)
}

func said(errorType, text string) string {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	_ = e.Encode(map[string]string{"status": "error", "errorType": errorType, "error": text})
	return b.String()
}

// TestRefusals is what becomes of answers that are none. Those of Thanos and
// Mimir are made from their sources; see docs/prometheus.md for what was seen.
func TestRefusals(t *testing.T) {
	const page = "<!DOCTYPE html><html><title>Sign in</title></html>"
	for name, c := range map[string]struct {
		code   int
		body   string
		expr   string
		reason fleet.Reason
		detail string // is in it
		hint   string // is in it
		fault  bool   // of the expression
	}{
		"parse":             {code: 400, body: said("bad_data", `invalid parameter "query": 1:4: parse error: unexpected end of input inside braces`), expr: "up{", reason: fleet.ReasonExpression, detail: "1:4: unexpected end of input inside braces", fault: true},
		"parse, no place":   {code: 400, body: said("bad_data", `it cannot be parsed`), expr: "up{", reason: fleet.ReasonExpression, detail: "1:4: unexpected", fault: true},
		"parse, other lang": {code: 400, body: said("400", "error when executing query=\"x default\" for (time=1795912664000, step=300000): unparsed data left: \"default\""), expr: "x default", reason: fleet.ReasonExpression, detail: "1:3: ", fault: true},
		"bad time":          {code: 400, body: said("bad_data", `invalid parameter "time": cannot parse "abc" to a valid timestamp`), reason: probe.ReasonStatus, detail: `bad_data: invalid parameter "time"`},
		"too many steps":    {code: 400, body: said("bad_data", "exceeded maximum resolution of 11,000 points per timeseries. Try decreasing the query resolution (?step=XX)"), reason: probe.ReasonLimited, detail: "11,000 points", hint: "larger step"},
		"too many samples":  {code: 422, body: said("execution", "query processing would load too many samples into memory in query execution"), reason: probe.ReasonLimited, detail: "too many samples", hint: "fewer series"},
		"mimir limit":       {code: 422, body: said("execution", "the query exceeded the maximum number of chunks (limit: 2000000 chunks) (err-mimir-max-chunks-per-query)"), reason: probe.ReasonLimited, detail: "err-mimir-max-chunks-per-query"},
		"join":              {code: 422, body: said("execution", `found duplicate series for the match group {limit="exceeded"} on the right hand-side`), reason: fleet.ReasonExpression, detail: "found duplicate series", fault: true},
		"thanos store":      {code: 422, body: said("execution", "expanding series: proxy Series(): rpc error: code = Aborted desc = fetch series: store unavailable"), reason: probe.ReasonStatus, detail: "expanding series"},
		"storage, other":    {code: 422, body: said("422", "cannot fetch data from storage node 10.0.0.1: dial tcp4: i/o timeout"), expr: "x default 1", reason: probe.ReasonStatus, detail: "storage node"},
		"timeout":           {code: 503, body: said("timeout", "query timed out in expression evaluation"), reason: probe.ReasonTimeout, detail: "query timed out", hint: "--timeout"},
		"cancelled":         {code: 503, body: said("canceled", "query was canceled in query execution"), reason: probe.ReasonTimeout, detail: "canceled"},
		"internal":          {code: 500, body: said("internal", "opening storage failed"), reason: probe.ReasonStatus, detail: "opening storage failed"},
		"unavailable":       {code: 503, body: said("unavailable", "TSDB not ready"), reason: probe.ReasonStarting, detail: "TSDB not ready"},
		"mimir too many":    {code: 429, body: said("too_many_requests", "too many outstanding requests"), reason: probe.ReasonLimited, detail: "too many outstanding requests"},
		"new error type":    {code: 418, body: said("teapot", "short and stout"), reason: probe.ReasonStatus, detail: "teapot: short and stout"},
		"no tenant":         {code: 401, body: "no org id\n", reason: probe.ReasonAuth, detail: "401: no org id", hint: "X-Scope-OrgID"},
		"forbidden":         {code: 403, body: said("bad_data", "tenant may not"), reason: probe.ReasonAuth, detail: "tenant may not", hint: "profile"},
		"not there":         {code: 404, body: "404 page not found\n", reason: probe.ReasonNotFound, detail: "404", hint: "/prometheus"},
		"not found":         {code: 404, body: said("not_found", "not found"), reason: probe.ReasonNotFound, detail: "not_found"},
		"gateway":           {code: 502, body: page, reason: probe.ReasonGateway, detail: "502"},
		"busy":              {code: 429, body: "slow down", reason: probe.ReasonLimited, detail: "slow down"},
		"redirect":          {code: 302, body: "", reason: probe.ReasonRedirect, detail: "302", hint: "login"},
		"login page":        {code: 200, body: page, reason: probe.ReasonPage, detail: "HTML page", hint: "login"},
		"nothing":           {code: 200, body: "", reason: probe.ReasonBody, detail: "empty"},
		"something else":    {code: 200, body: `{"hello":"world"}`, reason: probe.ReasonBody, detail: "no answer of Prometheus' API"},
		"another list":      {code: 200, body: `["up"]`, reason: probe.ReasonBody, detail: "no answer"},
		"streams of Loki":   {code: 200, body: `{"status":"success","data":{"resultType":"streams","result":[]}}`, reason: probe.ReasonBody, detail: "streams"},
		"error under 200":   {code: 200, body: said("execution", "vector cannot contain metrics with the same labelset"), reason: fleet.ReasonExpression, detail: "same labelset", fault: true},
		"escapes":           {code: 500, body: said("internal", "\x1b[31mred\r\n::error::x"), reason: probe.ReasonStatus, detail: "[31mred ::error::x"},
	} {
		t.Run(name, func(t *testing.T) {
			s := answering(t, c.code, "application/json", c.body)
			_, err := s.Query(t.Context(), metrics.Question{Expr: c.expr + strings.Repeat("up", 1-min(len(c.expr), 1)), At: time.Now()})
			var e *fleet.Error
			if !errors.As(err, &e) {
				t.Fatalf("the error is %v", err)
			}
			if e.Reason != c.reason || !strings.Contains(e.Detail, c.detail) || !strings.Contains(e.Hint, c.hint) || errors.Is(err, metrics.ErrExpression) != c.fault {
				t.Errorf("it is %q: %q, hint %q, of the expression %v\nwant %q: %q, hint %q, %v", e.Reason, e.Detail, e.Hint, errors.Is(err, metrics.ErrExpression), c.reason, c.detail, c.hint, c.fault)
			}
			if strings.ContainsAny(e.Detail, "\x1b\n\r") {
				t.Errorf("%q may reach a terminal", e.Detail)
			}
		})
	}
}

func TestBound(t *testing.T) {
	far := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.WriteString(w, `{"status":"success","data":{"resultType":"vector","result":[`)
		for i := 0; r.Context().Err() == nil; i++ {
			if _, err := fmt.Fprintf(w, `{"metric":{"n":"%d"},"value":[1,"1"]},`, i); err != nil {
				return // who asked has enough
			}
		}
	}))
	t.Cleanup(far.Close)
	s, err := server.Open(server.Options{URL: far.URL, Client: &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}, Limit: 1 << 20})
	if err != nil {
		t.Fatal(err)
	}
	_, err = s.Query(t.Context(), metrics.Question{Expr: "up"})
	if !errors.Is(err, web.ErrLong) || !strings.Contains(err.Error(), "longer than 1 MiB") || !strings.Contains(fleet.HintOf(err), "fewer series") {
		t.Errorf("the error is %v, its hint %q", err, fleet.HintOf(err))
	}
}

// TestCut is an answer that ends in the middle, wherever that is: never a
// shorter answer.
func TestCut(t *testing.T) {
	whole := `{"status":"success","data":{"resultType":"matrix","result":[{"metric":{"a":"b"},"values":[[1,"1"],[2,"2"]]}]},"warnings":["w"]}`
	for _, n := range []int{1, 20, 60, 80, 95, 101, 105, 110, 120, len(whole) - 1} {
		far := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Length", fmt.Sprint(len(whole)))
			_, _ = io.WriteString(w, whole[:n])
		}))
		_, err := opened(t, far.URL).Query(t.Context(), metrics.Question{Expr: "up"})
		far.Close()
		if reason, _ := fleet.ReasonOf(err); err == nil || reason != probe.ReasonClosed && reason != probe.ReasonReset {
			t.Errorf("cut after %d bytes: %q: %v", n, reason, err)
		}
		if _, err := answering(t, 200, "application/json", whole[:n]).Query(t.Context(), metrics.Question{Expr: "up"}); err == nil {
			t.Errorf("an answer of %q was taken", whole[:n])
		}
	}
	if _, err := answering(t, 200, "application/json", whole+"{").Query(t.Context(), metrics.Question{Expr: "up"}); err == nil {
		t.Error("an answer with more behind it was taken")
	}
}

func TestHang(t *testing.T) {
	for _, start := range []string{"", `{"status":"success","data":{"resultType":"vector","result":[`} {
		far := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			_, _ = io.Copy(io.Discard, r.Body)
			if start != "" {
				_, _ = io.WriteString(w, start)
				_ = http.NewResponseController(w).Flush()
			}
			<-r.Context().Done()
		}))
		ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
		_, err := opened(t, far.URL).Query(ctx, metrics.Question{Expr: "up"})
		cancel()
		if reason, _ := fleet.ReasonOf(err); reason != probe.ReasonTimeout || !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("after %q: %q: %v", start, reason, err)
		}
		far.Close()
	}
}

// TestNobody is an address where nobody listens.
func TestNobody(t *testing.T) {
	far := httptest.NewServer(http.NotFoundHandler())
	far.Close()
	_, err := opened(t, far.URL).Query(t.Context(), metrics.Question{Expr: "up"})
	if reason, text := fleet.ReasonOf(err); reason != probe.ReasonRefused || !strings.Contains(text, far.URL) {
		t.Errorf("%q: %s", reason, text)
	}
}

// TestExplainFails is an answer that stands though what it rests on cannot be
// asked.
func TestExplainFails(t *testing.T) {
	far := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if strings.HasPrefix(r.FormValue("query"), "count(") {
			w.WriteHeader(http.StatusUnprocessableEntity)
			_, _ = io.WriteString(w, said("execution", "too many samples"))
			return
		}
		_, _ = io.WriteString(w, `{"status":"success","data":{"resultType":"vector","result":[{"metric":{},"value":[1,"2"]}]}}`)
	}))
	t.Cleanup(far.Close)
	s := opened(t, far.URL)
	a, err := s.Query(t.Context(), metrics.Question{Expr: "sum(up)", Explain: true})
	if err != nil || len(a.Series) != 1 || len(a.Selected) != 0 || len(a.Warnings) != 1 || !strings.Contains(a.Warnings[0], "what up selects could not be asked") {
		t.Errorf("%+v %v", a, err)
	}
	a, err = s.Query(t.Context(), metrics.Question{Expr: "up default 1", Explain: true})
	if err != nil || len(a.Series) != 1 || len(a.Infos) != 1 {
		t.Errorf("%+v %v", a, err)
	}
}
