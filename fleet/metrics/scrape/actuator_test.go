package scrape_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/url"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/midwatch-cli/midwatch/fleet"
	"github.com/midwatch-cli/midwatch/fleet/metrics/scrape"
	"github.com/midwatch-cli/midwatch/probe"
)

// replies are answers below /actuator/metrics, by path and query.
type replies map[string]struct {
	Code int
	Type string
	Body string
}

// recorded are those that Spring Boot 3.5 gave.
func recorded(t testing.TB) replies {
	t.Helper()
	data, err := os.ReadFile("exposition/testdata/wire/spring-actuator.json")
	if err != nil {
		t.Fatal(err)
	}
	var r replies
	if err := json.Unmarshal(data, &r); err != nil || len(r) < 10 {
		t.Fatalf("%d replies, %v", len(r), err)
	}
	return r
}

func (r replies) ServeHTTP(w http.ResponseWriter, q *http.Request) {
	at := strings.TrimPrefix(q.URL.Path, "/actuator/metrics")
	if tag := q.URL.Query().Get("tag"); tag != "" {
		at += "?tag=" + tag
	}
	reply, ok := r[at]
	if !ok {
		w.WriteHeader(http.StatusNotFound)
		return
	}
	w.Header().Set("Content-Type", reply.Type)
	w.WriteHeader(max(reply.Code, 200))
	_, _ = io.WriteString(w, reply.Body)
}

func (r replies) set(at, body string) replies {
	one := r[at]
	one.Code, one.Body = 200, body
	r[at] = one
	return r
}

// TestActuator: what Spring's actuator says of its meters is what its page of
// metrics would have said.
func TestActuator(t *testing.T) {
	asked := []string{}
	answers := recorded(t)
	server, client := served(t, func(w http.ResponseWriter, r *http.Request) {
		asked = append(asked, r.URL.RequestURI())
		answers.ServeHTTP(w, r)
	})
	var a scrape.Asker
	answer, err := a.Ask(within(t), client, server.URL+"/actuator/metrics?x=1", false)
	if err != nil {
		t.Fatal(err)
	}
	const want = `http_server_requests_seconds_count{outcome="CLIENT_ERROR"} 4
http_server_requests_seconds_sum{outcome="CLIENT_ERROR"} 0.022218873
http_server_requests_seconds_max{outcome="CLIENT_ERROR"} 0.011631042
http_server_requests_seconds_count{outcome="SUCCESS"} 9
http_server_requests_seconds_sum{outcome="SUCCESS"} 0.234970969
http_server_requests_seconds_max{outcome="SUCCESS"} 0.142723424
http_server_requests_seconds_count{outcome="SERVER_ERROR"} 1
http_server_requests_seconds_sum{outcome="SERVER_ERROR"} 0.024876927
http_server_requests_seconds_max{outcome="SERVER_ERROR"} 0.024876927
process_start_time_seconds 1.795914119429e+09
process_cpu_usage 0
system_cpu_count 2
jvm_memory_used_bytes{area="heap"} 3.6522496e+07
jvm_memory_max_bytes{area="heap"} 4.02653182e+08
jvm_threads_live_threads 24
process_files_open_files 17
process_files_max_files 20000
`
	if string(answer.Body) != want || answer.Form != scrape.Actuator || answer.Note != "it took 13 requests, and the service counts them" {
		t.Errorf("%s: %s\n%s", answer.Form, answer.Note, answer.Body)
	}
	if len(asked) != 13 || !slices.Contains(asked, "/actuator/metrics/jvm.memory.used?tag=area%3Aheap") {
		t.Errorf("asked %d times: %v", len(asked), asked)
	}
	if samples, err := scrape.Read(answer.Body, answer.Type); err != nil || len(samples) != 17 {
		t.Errorf("%v, %v", samples, err)
	}
}

// TestActuatorShapes: what is not as recorded.
func TestActuatorShapes(t *testing.T) {
	const names = `{"names":["http.server.requests","jvm.threads.live","hikaricp.connections.active"]}`
	for name, c := range map[string]struct {
		answers replies
		want    string
	}{
		"one value of the tag": {
			replies{}.set("", names).set("/http.server.requests", `{"baseUnit":"milliseconds","measurements":[{"statistic":"COUNT","value":2},{"statistic":"TOTAL_TIME","value":1500},{"statistic":"MAX","value":1000}],"availableTags":[{"tag":"outcome","values":["SUCCESS"]},{"tag":"uri","values":["/a","/b"]}]}`),
			"http_server_requests_seconds_count{outcome=\"SUCCESS\"} 2\nhttp_server_requests_seconds_sum{outcome=\"SUCCESS\"} 1.5\nhttp_server_requests_seconds_max{outcome=\"SUCCESS\"} 1\n",
		},
		"by status": {
			replies{}.set("", names).set("/http.server.requests", `{"measurements":[{"statistic":"COUNT","value":3}],"availableTags":[{"tag":"status","values":["200","500"]}]}`).
				set("/http.server.requests?tag=status:200", `{"measurements":[{"statistic":"COUNT","value":2}]}`).set("/http.server.requests?tag=status:500", `{"measurements":[{"statistic":"COUNT","value":1}]}`),
			"http_server_requests_seconds_count{status=\"200\"} 2\nhttp_server_requests_seconds_count{status=\"500\"} 1\n",
		},
		"too many values": {
			replies{}.set("", names).set("/http.server.requests", `{"measurements":[{"statistic":"COUNT","value":3}],"availableTags":[{"tag":"status","values":["1","2","3","4","5","6","7","8","9"]}]}`),
			"http_server_requests_seconds_count 3\n",
		},
		"a name to escape": {
			replies{}.set("", names).set("/hikaricp.connections.active", `{"measurements":[{"statistic":"VALUE","value":3}],"availableTags":[{"tag":"pool","values":["a\"b\\c\nd&e"]}]}`),
			`hikaricp_connections_active{pool="a\"b\\c\nd&e"} 3` + "\n",
		},
		"gone since":       {replies{}.set("", names).set("/jvm.threads.live", `{"measurements":[{"statistic":"VALUE","value":7}]}`), "jvm_threads_live_threads 7\n"},
		"all gone":         {replies{}.set("", names), ""},
		"none that helps":  {replies{}.set("", `{"names":["a","b"]}`), ""},
		"no names":         {replies{}.set("", `{"names":[]}`), ""},
		"names of another": {replies{}.set("", `{"names":"order"}`), ""},
		"no JSON":          {replies{}.set("", names).set("/jvm.threads.live", "<html>"), ""},
		"no measurements":  {replies{}.set("", names).set("/jvm.threads.live", "{}"), ""},
	} {
		t.Run(name, func(t *testing.T) {
			server, client := served(t, c.answers.ServeHTTP)
			var a scrape.Asker
			answer, err := a.Ask(within(t), client, server.URL+"/actuator/metrics", false)
			if err == nil {
				_, err = scrape.Read(answer.Body, answer.Type)
			}
			if c.want == "" {
				if reason, text := fleet.ReasonOf(err); err == nil || reason != probe.ReasonBody && reason != probe.ReasonPage || len(text) > 300 {
					t.Errorf("%+v, %v", answer, err)
				}
			} else if err != nil || string(answer.Body) != c.want {
				t.Errorf("%v\n%s", err, answer.Body)
			}
		})
	}
}

// TestActuatorFails: one answer that fails is the whole page's, never a part.
func TestActuatorFails(t *testing.T) {
	for _, at := range []string{"/http.server.requests", "/http.server.requests?tag=outcome:SERVER_ERROR", "/process.files.max"} {
		answers := recorded(t)
		one := answers[at]
		one.Code = http.StatusServiceUnavailable
		answers[at] = one
		server, client := served(t, answers.ServeHTTP)
		var a scrape.Asker
		_, err := a.Ask(within(t), client, server.URL+"/actuator/metrics", false)
		if reason, text := fleet.ReasonOf(err); reason != probe.ReasonGateway || !strings.Contains(text, "/actuator/metrics/"+strings.SplitN(at[1:], "?", 2)[0]+": 503") {
			t.Errorf("%s: %v", at, err)
		}
	}
}

// everywhere answers every question alike.
type everywhere []byte

func (e everywhere) RoundTrip(*http.Request) (*http.Response, error) {
	return &http.Response{StatusCode: 200, Header: http.Header{}, Body: io.NopCloser(bytes.NewReader(e))}, nil
}

// FuzzAnswer: whatever a service answers, to all that it is asked, comes to a
// page that can be read, or is refused.
func FuzzAnswer(f *testing.F) {
	for _, r := range recorded(f) {
		f.Add([]byte(r.Body))
	}
	f.Add([]byte(`{"request_count":1,"error_count":2,"response_time_ms":0.5}`))
	f.Add([]byte(`{"names":["http.server.requests","jvm.memory.used"],"measurements":[{"statistic":"COUNT","value":1e999},{"statistic":"VALUE","value":-1}],"availableTags":[{"tag":"outcome","values":["\u0000","\ud800","a:b"]}]}`))
	f.Fuzz(func(t *testing.T, body []byte) {
		var a scrape.Asker
		answer, err := a.Ask(t.Context(), &http.Client{Transport: everywhere(body)}, (&url.URL{Scheme: "http", Host: "a"}).String(), false)
		if err == nil && answer.Form != "" {
			_, err = scrape.Read(answer.Body, answer.Type)
			if err != nil {
				t.Fatalf("%s of %q cannot be read: %v", answer.Body, body, err)
			}
			answer.Release()
		}
		var known *fleet.Error
		if err != nil && (!errors.As(err, &known) || strings.ContainsAny(err.Error(), "\n\x1b")) {
			t.Fatalf("%q", err)
		}
	})
}
