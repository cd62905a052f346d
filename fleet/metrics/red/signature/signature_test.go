package signature

import (
	"fmt"
	"slices"
	"strings"
	"testing"
)

// TestTable: rows are whole, and one word each.
func TestTable(t *testing.T) {
	seen := map[string]bool{}
	table := Table()
	for i, s := range table {
		if s.Name == "" || strings.ContainsAny(s.Name, " _") || seen[s.Name] {
			t.Errorf("name %q: it is one word, once", s.Name)
		}
		seen[s.Name] = true
		if s.Stack == "" || s.Source == "" || s.Covers == 0 || len(s.Calls) == 0 {
			t.Errorf("%s: %+v", s.Name, s)
		}
		if (s.Averages != "") != (s.AveragesOf != "") {
			t.Errorf("%s: averages of what?", s.Name)
		}
		if s.View != "" && !slices.ContainsFunc(table[:i], func(o Signature) bool { return o.Covers&s.Covers != 0 }) {
			t.Errorf("%s: a view of what?", s.Name)
		}
		for _, f := range s.Families() {
			if Underscored(f) != f || Parse(f).Stem == "" {
				t.Errorf("%s: %s is not spelled as the table does", s.Name, f)
			}
		}
		for _, f := range s.Calls {
			if p := Parse(f).Part; p == Sum || p == Bucket || p == Max {
				t.Errorf("%s: %s does not count calls", s.Name, f)
			}
		}
		for _, f := range s.Times {
			if p := Parse(f).Part; p != Plain {
				t.Errorf("%s: %s is a part of a timer", s.Name, f)
			}
		}
	}
	Table()[0].Name = "changed"
	if Table()[0].Name == "changed" {
		t.Error("who asks for the table can change it")
	}
}

// names makes a page's set of names.
func names(raw ...string) map[Name]bool {
	has := map[Name]bool{}
	for _, r := range raw {
		has[Parse(r)] = true
	}
	return has
}

func TestFind(t *testing.T) {
	for _, c := range []struct {
		page string
		want string
	}{
		{"http_requests_total", "http"},
		{"http_requests", "http"}, // a counter without its suffix
		{"shop_http_requests_total", "http/shop_"},
		{"http_requests_total shop_http_requests_total", "http http/shop_"},
		{"a_http_requests_total b_http_request_duration_seconds_count", "http/a_ http/b_"},
		{"shop_client_http_requests_total outbound_http_requests_total", ""},
		{"promhttp_metric_handler_requests_total http_requests_created", ""},
		{"http_request_duration_highr_seconds_count http_requests_total", "fastapi http"},
		{"response_total", ""}, // Linkerd needs both
		{"response_total response_latency_ms_count", "linkerd"},
		{"foo_response_total foo_response_latency_ms_count", ""},
		{"http.server.request.duration", "otel-http"}, // a native histogram
		{"http_server_request_duration_seconds_bucket", ""},
		{"http_server_duration_count", "otel-http-old"},
		{"http_server_duration_seconds_count", "otel-http-old"},
		{"http_server_requests_seconds_count", "micrometer"},
		{"http_server_requests_code_total", "go-zero"},
		{"rpc_server_requests_code_total http_server_requests_code_total", "go-zero go-zero-rpc"},
		{"haproxy_server_http_responses_total", "haproxy-server"},
		{"nginx_http_requests_total", "nginx http/nginx_"},
		{"envoy_listener_http_downstream_rq_xx", ""},
		{"job:http_requests_total:sum", ""},
		{"", ""},
	} {
		var got []string
		for _, m := range Find(Table(), names(strings.Fields(c.page)...)) {
			one := m.Name
			if m.Prefix != "" {
				one += "/" + m.Prefix
			}
			got = append(got, one)
		}
		if strings.Join(got, " ") != c.want {
			t.Errorf("%s: %v, want %s", c.page, got, c.want)
		}
	}
}

// TestFindOrder: what is found does not depend on the order of a map.
func TestFindOrder(t *testing.T) {
	page := names("a_http_requests_total", "b_http_requests_total", "c_http_requests_total", "grpc_server_handled_total", "x_grpc_server_handled_total")
	want := ""
	for range 20 {
		var got []string
		for _, m := range Find(Table(), page) {
			got = append(got, fmt.Sprint(m.Name, m.Prefix))
		}
		if want == "" {
			want = strings.Join(got, " ")
		}
		if strings.Join(got, " ") != want {
			t.Fatalf("%v, before %s", got, want)
		}
	}
}

func TestSpellings(t *testing.T) {
	m := Match{Signature: &Signature{}, Prefix: "shop_"}
	if got := m.Spellings("http_requests_total", Total)[0]; got != (Name{"shop_http_requests", NoUnit, Total}) {
		t.Errorf("%+v", got)
	}
	if got := m.Spellings("http_latency_ms", Bucket); got[0] != (Name{"shop_http_latency", Milliseconds, Bucket}) || !slices.Contains(got, Name{"shop_http_latency", NoUnit, Bucket}) {
		t.Errorf("%+v", got)
	}
	if got := m.Spellings("rq_xx", Plain); !slices.Contains(got, Name{"shop_rq_xx", NoUnit, Plain}) {
		t.Errorf("%+v", got)
	}
}
