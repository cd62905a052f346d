package server_test

import (
	"io"
	"math"
	"net/http"
	"net/http/httptest"
	"net/url"
	"reflect"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/midwatch-cli/midwatch/fleet"
	"github.com/midwatch-cli/midwatch/fleet/metrics"
	"github.com/midwatch-cli/midwatch/fleet/metrics/metricstest"
	"github.com/midwatch-cli/midwatch/fleet/metrics/server"
	"github.com/midwatch-cli/midwatch/probe"
)

const empty = `{"status":"success","data":{"resultType":"vector","result":[]}}`

func TestOpen(t *testing.T) {
	for raw, want := range map[string]string{
		"http://h:9090":                                "http://h:9090",
		"http://h:9090/":                               "http://h:9090",
		"https://mimir/prometheus/":                    "https://mimir/prometheus",
		"http://h/select/0:1/prometheus":               "http://h/select/0:1/prometheus",
		"http://h/a%2Fb":                               "http://h/a%2Fb",
		"http://h:9090/graph?g0.expr=up":               "http://h:9090",
		"http://h/p/api/v1":                            "http://h/p",
		"http://h/p/api/v1/query?query=up":             "http://h/p",
		"http://h/p/api/v1/query_range/":               "http://h/p",
		"http://[::1]:9090/#x":                         "http://[::1]:9090",
		"http://h?extra_label=tenant=shop&dedup=false": "http://h",
	} {
		s, err := server.Open(server.Options{URL: raw})
		if err != nil || s.String() != want {
			t.Errorf("%s: %v %v, want %s", raw, s, err, want)
		}
	}
	for _, raw := range []string{"", "h:9090", "ftp://h", "/p", "http://", "http://operator:hush@h", "http://operator@h", "http://h h", "http://%zz"} {
		_, err := server.Open(server.Options{URL: raw})
		if reason, text := fleet.ReasonOf(err); err == nil || reason != probe.ReasonPolicy || strings.Contains(text+fleet.HintOf(err), "hush") {
			t.Errorf("%s: %q: %v", raw, reason, err)
		}
	}
}

// asked keeps the questions that come in.
type asked struct {
	mu   sync.Mutex
	all  []*http.Request
	code func(r *http.Request) int // 0 answers
}

func (a *asked) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	_ = r.ParseForm()
	a.mu.Lock()
	a.all = append(a.all, r)
	a.mu.Unlock()
	if code := a.code(r); code != 0 {
		w.WriteHeader(code)
		return
	}
	_, _ = io.WriteString(w, empty)
}

func TestQuestions(t *testing.T) {
	far := &asked{code: func(*http.Request) int { return 0 }}
	web := httptest.NewServer(far)
	t.Cleanup(web.Close)
	s := opened(t, web.URL+"/base?extra_label=tenant%3Dshop")
	at := time.UnixMilli(1_700_000_000_042)
	for _, q := range []metrics.Question{
		{Expr: `up{a="b&c=d"} + 1`, At: at},
		{Expr: "up"},
		{Expr: "up", Start: at, End: at.Add(time.Hour), Step: 1500 * time.Millisecond},
		{Expr: "up", At: time.UnixMilli(-1)},
	} {
		if _, err := s.Query(t.Context(), q); err != nil {
			t.Fatal(err)
		}
	}
	for i, want := range []struct {
		path string
		form url.Values
	}{
		{"/base/api/v1/query", url.Values{"query": {`up{a="b&c=d"} + 1`}, "time": {"1700000000.042"}}},
		{"/base/api/v1/query", url.Values{"query": {"up"}}},
		{"/base/api/v1/query_range", url.Values{"query": {"up"}, "start": {"1700000000.042"}, "end": {"1700003600.042"}, "step": {"1.5"}}},
		{"/base/api/v1/query", url.Values{"query": {"up"}, "time": {"-0.001"}}},
	} {
		r := far.all[i]
		if r.Method != http.MethodPost || r.URL.Path != want.path || !reflect.DeepEqual(r.PostForm, want.form) || r.URL.RawQuery != "extra_label=tenant%3Dshop" {
			t.Errorf("question %d was %s %s %v, want %s %v", i, r.Method, r.URL, r.PostForm, want.path, want.form)
		}
	}
}

// TestGet is a server, or a proxy before it, that refuses POST.
func TestGet(t *testing.T) {
	far := &asked{code: func(r *http.Request) int {
		if r.Method == http.MethodPost {
			return http.StatusMethodNotAllowed
		}
		return 0
	}}
	web := httptest.NewServer(far)
	t.Cleanup(web.Close)
	s := opened(t, web.URL+"/?a=b")
	for range 2 {
		if _, err := s.Query(t.Context(), metrics.Question{Expr: "up == 1"}); err != nil {
			t.Fatal(err)
		}
	}
	var methods []string
	for _, r := range far.all {
		methods = append(methods, r.Method)
	}
	last := far.all[len(far.all)-1]
	if strings.Join(methods, " ") != "POST GET GET" || last.URL.RawQuery != "a=b&query=up+%3D%3D+1" {
		t.Errorf("it was asked by %v, at last %s", methods, last.URL)
	}
	// One that refuses both is told from one that answers.
	far.code = func(*http.Request) int { return http.StatusMethodNotAllowed }
	if _, err := opened(t, web.URL).Query(t.Context(), metrics.Question{Expr: "up"}); err == nil {
		t.Error("nobody answered, and that was taken")
	}
}

// TestShapes are answers that are good, and unlike those of Prometheus 2.42.
func TestShapes(t *testing.T) {
	one := []metrics.Series{{Labels: metrics.NewLabels("a", "b"), Points: []metrics.Point{{T: 1500, V: 2}}}}
	for name, c := range map[string]struct {
		body string
		want metrics.Answer
	}{
		"keys in another order": {
			`{"infos":["i"],"data":{"result":[{"value":[1.5,"2"],"metric":{"a":"b"}}],"stats":{"x":[1,{}]},"resultType":"vector"},"warnings":["w"],"status":"success"}`,
			metrics.Answer{Kind: metrics.Vector, Series: one, Warnings: []string{"w"}, Infos: []string{"i"}},
		},
		"blanks": {
			" { \"status\" : \"success\" ,\n \"data\" : { \"resultType\" : \"matrix\" , \"result\" : [ { \"metric\" : { \"a\" : \"b\" } , \"values\" : [ [ 1.5 , \"2\" ] ] } ] } } \n",
			metrics.Answer{Kind: metrics.Matrix, Series: one},
		},
		"a partial answer": {
			`{"status":"success","isPartial":true,"data":{"resultType":"vector","result":[{"metric":{"a":"b"},"value":[1.5,"2"]}]}}`,
			metrics.Answer{Kind: metrics.Vector, Series: one, Warnings: []string{"the answer is partial: not all that the server knows of could be read"}},
		},
		"a partial answer of Thanos": {
			`{"status":"success","data":{"resultType":"vector","result":[{"metric":{"a":"b"},"value":[1.5,"2"]}],"analysis":{}},"warnings":["No StoreAPIs matched for this query","receive series from Addr: 10.0.0.1:10901: rpc error"]}`,
			metrics.Answer{Kind: metrics.Vector, Series: one, Warnings: []string{"No StoreAPIs matched for this query", "receive series from Addr: 10.0.0.1:10901: rpc error"}},
		},
		"nulls": {
			`{"status":"success","warnings":null,"infos":null,"data":{"resultType":"matrix","result":null}}`,
			metrics.Answer{Kind: metrics.Matrix},
		},
		"labels without a value": {
			`{"status":"success","data":{"resultType":"vector","result":[{"metric":{"z":"","a":"b"},"value":[1.5,"2"]}]}}`,
			metrics.Answer{Kind: metrics.Vector, Series: one},
		},
		"floats and histograms in one series": {
			`{"status":"success","data":{"resultType":"matrix","result":[{"metric":{},"values":[[1,"-Inf"],[2,"1e3"]],"histograms":[[3,{"count":"1","sum":"NaN","buckets":[[1,"-4","-2","1"],[2,"0","1","0.5"]]}],[4,{"count":"0","sum":"0"}]]}]}}`,
			metrics.Answer{Kind: metrics.Matrix, Series: []metrics.Series{{
				Labels: metrics.Labels{}, Points: []metrics.Point{{T: 1000, V: math.Inf(-1)}, {T: 2000, V: 1000}},
				Histograms: []metrics.HistogramPoint{
					{T: 3000, Count: 1, Sum: math.Inf(1), Buckets: []metrics.Bucket{{Lower: -4, Upper: -2, LowerInclusive: true, Count: 1}, {Lower: 0, Upper: 1, Count: 0.5}}},
					{T: 4000},
				},
			}}},
		},
	} {
		t.Run(name, func(t *testing.T) {
			a, err := answering(t, 200, "application/json", strings.Replace(c.body, `"NaN"`, `"+Inf"`, 1)).Query(t.Context(), metrics.Question{Expr: "up"})
			if err != nil || !reflect.DeepEqual(a, c.want) {
				t.Errorf("%+v %v\nwant %+v", a, err, c.want)
			}
		})
	}
}

// TestShapesRefused are answers that look like the API's and are not.
func TestShapesRefused(t *testing.T) {
	for _, result := range []string{
		`{"resultType":"vector","result":[{"metric":{"a":"b"}}]}`,
		`{"resultType":"vector","result":[{"metric":{"a":"b"},"value":[1]}]}`,
		`{"resultType":"vector","result":[{"metric":{"a":"b"},"value":[1,"2","3"]}]}`,
		`{"resultType":"vector","result":[{"metric":{"a":"b"},"value":[1,2]}]}`,
		`{"resultType":"vector","result":[{"metric":{"a":"b"},"value":[1,"two"]}]}`,
		`{"resultType":"vector","result":[{"metric":{"a":"b"},"value":[1,"1e999"]}]}`,
		`{"resultType":"vector","result":[{"metric":{"a":"b"},"value":["1","2"]}]}`,
		`{"resultType":"vector","result":[{"metric":{"a":"b"},"value":[1e300,"2"]}]}`,
		`{"resultType":"vector","result":[{"metric":{"a":1},"value":[1,"2"]}]}`,
		`{"resultType":"vector","result":{}}`,
		`{"resultType":"vector","result":[],"result":[]}`,
		`{"resultType":"vector"}`,
		`{"result":[]}`,
		`{"resultType":"matrix","result":[{"metric":{},"values":5}]}`,
		`{"resultType":"matrix","result":[{"metric":{},"values":[]}]}`,
		`{"resultType":"matrix","result":[{"metric":{},"values":[[1,"2"],[]]}]}`,
		`{"resultType":"matrix","result":[{"metric":{},"values":[[1,"2"],null]}]}`,
		`{"resultType":"matrix","result":[{"metric":{},"histograms":[[1]]}]}`,
		`{"resultType":"matrix","result":[{"metric":{},"histograms":[[1,{"count":"1","sum":"1","buckets":[[4,"1","2","3"]]}]]}]}`,
		`{"resultType":"matrix","result":[{"metric":{},"histograms":[[1,{"count":"1","sum":"1","buckets":[[0,"1","2"]]}]]}]}`,
		`{"resultType":"scalar","result":[]}`,
		`{"resultType":"scalar","result":null}`,
		`{"resultType":"string","result":[1,2]}`,
		`{"resultType":"string","result":[1]}`,
		`null`, `[]`, `"up"`,
	} {
		a, err := answering(t, 200, "application/json", `{"status":"success","data":`+result+`}`).Query(t.Context(), metrics.Question{Expr: "up"})
		if reason, _ := fleet.ReasonOf(err); err == nil || reason != probe.ReasonBody {
			t.Errorf("%s was taken: %+v %v", result, a, err)
		}
	}
}

// TestVictoriaMetrics is what was recorded of VictoriaMetrics 1.151.
func TestVictoriaMetrics(t *testing.T) {
	far := httptest.NewServer(play(t, "victoriametrics-1.151"))
	t.Cleanup(far.Close)
	s := opened(t, far.URL)
	at := time.Unix(1795912664, 0)
	instant := func(expr string) (metrics.Answer, error) {
		return s.Query(t.Context(), metrics.Question{Expr: expr, At: at})
	}
	for expr, want := range map[string]struct {
		kind   metrics.Kind
		series int
		value  float64
	}{
		"up": {metrics.Vector, 3, 0},
		`http_requests_total{instance="shop-1",code="200"}[3s]`: {metrics.Matrix, 1, 13000},
		"1/0":                            {metrics.Vector, 1, math.Inf(1)}, // it has no scalars
		`"text"`:                         {metrics.Vector, 0, 0},           // nor strings
		"sum(rate(http_requests_total))": {metrics.Vector, 1, 87.30333333333334},
	} {
		a, err := instant(expr)
		if err != nil || a.Kind != want.kind || len(a.Series) != want.series || len(a.Series) > 0 && !metricstest.Near(a.Series[0].Points[0].V, want.value) {
			t.Errorf("%s: %+v %v", expr, a, err)
		}
	}
	for expr, want := range map[string]string{
		"sum(up":                               "1:7: unclosed left parenthesis",
		"":                                     "1:1: no expression found in input",
		"nosuch(up)":                           `1:1: unknown function with name "nosuch"`,
		"up * on(service) http_requests_total": `cannot evaluate "up * on(service) http_requests_total": duplicate time series`,
		`label_replace(http_requests_total, "code","x","","")`: `duplicate output timeseries`,
	} {
		if _, err := instant(expr); err == nil || !strings.HasPrefix(err.Error(), want) {
			t.Errorf("%s: %v, want %s", expr, err, want)
		}
	}
	a, err := s.Query(t.Context(), metrics.Question{Expr: "sum(up)", Start: at.Add(-3 * time.Second), End: at, Step: time.Second})
	if err != nil || a.Kind != metrics.Matrix || len(a.Series[0].Points) != 4 {
		t.Errorf("%+v %v", a, err)
	}
	a, err = s.Query(t.Context(), metrics.Question{Expr: `sum(rate(http_requests_total{code="200"}[5s]))`, At: at, Explain: true})
	if err != nil || len(a.Selected) != 1 || a.Selected[0].Series != 2 || a.Selected[0].Samples != 10 || len(a.Selected[0].Examples) != 2 {
		t.Errorf("%+v %v", a.Selected, err)
	}
}
