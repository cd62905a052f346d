package server_test

import (
	"context"
	"fmt"
	"math"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/midwatch-cli/midwatch/fleet"
	"github.com/midwatch-cli/midwatch/fleet/metrics"
	"github.com/midwatch-cli/midwatch/fleet/metrics/collect"
	"github.com/midwatch-cli/midwatch/fleet/metrics/metricstest"
	"github.com/midwatch-cli/midwatch/fleet/metrics/promql"
	"github.com/midwatch-cli/midwatch/fleet/metrics/series"
	"github.com/midwatch-cli/midwatch/probe"
)

// How long a page stays as it is, and how many there are.
const (
	pageTime = 300 * time.Millisecond
	pages    = 60
)

// member is an instance of the fleet that both scrape.
type member struct{ service, instance, zone string }

func members() []member {
	return []member{{"shop", "shop-1", "a"}, {"shop", "shop-2", "b"}, {"cart", "cart-1", "a"}}
}

// down says whether an instance answers 503 in place of a page.
func (m member) down(n int) bool { return m.instance == "shop-2" && n >= 28 && n < 32 }

// page is the n-th page of an instance: counters, of which some start again, well
// above 0 (2.42 reaches back otherwise to a 0 that was not long ago); gauges, of
// which some are NaN and infinite; a classic histogram; a summary; series that
// come and go; samples with times of their own; labels that clash with ours.
func (m member) page(n int, began time.Time) string {
	var b strings.Builder
	say := func(format string, args ...any) { fmt.Fprintf(&b, format+"\n", args...) }
	runs, start := n, began
	if m.instance == "shop-2" && n >= 32 { // it was started anew
		runs, start = n-32, began.Add(32*pageTime)
	}
	weight := float64(5 + slices.Index(members(), m)) // no two alike, so that none tie
	say("page_number %d", n)
	say("# HELP process_start_time_seconds When it began.\n# TYPE process_start_time_seconds gauge\nprocess_start_time_seconds %v", float64(start.UnixMilli())/1000)
	say("# TYPE http_requests_total counter")
	for i, path := range []string{"/", "/order"} {
		say(`http_requests_total{code="200",path=%q} %v`, path, 300+1000*float64(i)+10*weight*float64(runs)+float64(runs%3))
		say(`http_requests_total{code="500",path=%q,} %v`, path, 500+float64(runs/4)*weight)
	}
	say("# TYPE temperature gauge")
	value := 20 + weight*math.Sin(float64(n)/3)
	switch {
	case n%11 == 7:
		value = math.NaN()
	case n%17 == 5:
		value = math.Inf(1)
	}
	say("temperature{sensor=\"odd\"} %v\ntemperature{sensor=\"even\"} %v", value, 20+weight*math.Cos(float64(n)/5))
	say("# TYPE latency_seconds histogram")
	for i, le := range []string{"0.1", "0.5", "1.0", "+Inf"} {
		say(`latency_seconds_bucket{le=%q} %v`, le, 100+float64(runs)*weight*[]float64{3, 7, 9, 10}[i])
	}
	say("latency_seconds_sum %v\nlatency_seconds_count %v", 50+0.4*weight*float64(runs), 100+10*weight*float64(runs))
	say("# TYPE work_seconds summary\nwork_seconds{quantile=\"0.5\"} %v\nwork_seconds{quantile=\"0.99\"} NaN\nwork_seconds_sum %v\nwork_seconds_count %d", weight/10, weight*float64(runs), runs)
	if n >= 10 && n < 40 {
		say(`job_running{job_id="a"} %d`, n)
	}
	if n >= 35 {
		say(`job_running{job_id="b"} 1`)
	}
	say(`service_info{release="1.%d",instance="its own",service=""} 1`, len(m.instance))
	say("pushed_total %v %d", 200+5*float64(n/2), began.Add(time.Duration(n/2)*2*pageTime).UnixMilli()) // some time ago
	return b.String()
}

// moving serves the pages of the fleet as time goes by, below /INSTANCE; below
// /replay/INSTANCE the page that it is told to.
type moving struct {
	start  atomic.Int64 // Unix milliseconds; 0: it has not begun, and is down
	replay sync.Map     // page number by instance; below 0: none
}

func (f *moving) began() time.Time { return time.UnixMilli(f.start.Load()) }

func (f *moving) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	name, again := strings.CutPrefix(r.URL.Path, "/replay")
	at := slices.IndexFunc(members(), func(m member) bool { return "/"+m.instance == name })
	if at < 0 {
		http.NotFound(w, r)
		return
	}
	m := members()[at]
	n := int(time.Since(f.began()) / pageTime)
	down := f.start.Load() == 0 || n < 0 || m.down(n)
	if again {
		told, _ := f.replay.Load(m.instance)
		n, _ = told.(int)
		down = n < 0
	}
	if down {
		w.WriteHeader(http.StatusServiceUnavailable)
		return
	}
	w.Header().Set("Content-Type", "text/plain; version=0.0.4")
	_, _ = w.Write([]byte(m.page(n, f.began())))
}

// ours is a collector, its store, and what answers from that.
type ours struct {
	*collect.Collector
	querier metrics.Querier
	now     atomic.Int64 // Unix milliseconds; 0: the clock's
}

func newOurs(t testing.TB) *ours {
	t.Helper()
	store, o := series.New(series.Options{}), &ours{}
	client := &http.Client{Transport: &http.Transport{}}
	t.Cleanup(client.CloseIdleConnections)
	o.Collector = collect.New(collect.Options{
		Store: store, Client: func(string, bool) (*http.Client, error) { return client, nil },
		Now: func() time.Time {
			if ms := o.now.Load(); ms != 0 {
				return time.UnixMilli(ms)
			}
			return time.Now()
		},
	})
	o.querier = promql.New(store, 0)
	return o
}

// target is an instance as a pass hands it to the collector.
func (m member) target(base string) metrics.Target {
	return metrics.Target{
		Key: fleet.Key{Ref: fleet.Ref{Name: m.service}, Instance: m.instance}, Zone: m.zone,
		Page: fleet.Exposition{URLs: []string{base + "/" + m.instance}, Named: true},
	}
}

// startMoving starts the fleet and a Prometheus that scrapes it, with the labels
// that we give: no job, and the instance by its name.
func startMoving(t testing.TB) (far *metricstest.Prometheus, f *moving, base string) {
	t.Helper()
	f = &moving{}
	web := httptest.NewServer(f)
	t.Cleanup(web.Close)
	var config strings.Builder
	fmt.Fprintf(&config, "global: {scrape_interval: %v, scrape_timeout: %v}\nscrape_configs:\n- job_name: fleet\n  relabel_configs: [{action: labeldrop, regex: job}]\n  static_configs:\n", pageTime, pageTime)
	for _, m := range members() {
		fmt.Fprintf(&config, "  - {targets: [%q], labels: {__metrics_path__: /%s, service: %s, instance: %s, zone: %s}}\n",
			strings.TrimPrefix(web.URL, "http://"), m.instance, m.service, m.instance, m.zone)
	}
	far = metricstest.StartPrometheus(t, config.String())
	f.start.Store(time.Now().Truncate(time.Second).Add(1137 * time.Millisecond).UnixMilli())
	return far, f, web.URL
}

// sameQuestions are asked of both. All ranges are whole seconds, so that one
// moment off all samples keeps every end of every range off them; of subqueries,
// whose steps are whole seconds, the inner ranges are moved by %dms to the same
// end.
func sameQuestions() []string {
	return []string{
		"up",
		"sum by (service) (up)",
		"scrape_samples_scraped",
		"http_requests_total",
		`sum by (service, code) (rate(http_requests_total[5s]))`,
		`sum(increase(http_requests_total{code="500"}[8s])) by (instance)`,
		`irate(http_requests_total{path="/"}[3s])`,
		`rate(http_requests_total[1s])`,
		`sum(rate(http_requests_total{code=~"5.."}[5s])) / sum(rate(http_requests_total[5s]))`,
		`histogram_quantile(0.95, sum by (le, service) (rate(latency_seconds_bucket[5s])))`,
		`histogram_quantile(0.5, rate(latency_seconds_bucket[4s]))`,
		`sum by (service) (rate(latency_seconds_sum[5s])) / sum by (service) (rate(latency_seconds_count[5s]))`,
		`topk(2, sum by (instance) (rate(http_requests_total[5s])))`,
		`bottomk(1, temperature{sensor="even"})`,
		`avg_over_time(temperature{sensor="even"}[6s])`,
		`max_over_time(temperature{sensor="odd"}[3s])`,
		`quantile_over_time(0.9, temperature{sensor="even"}[9s])`,
		`stddev_over_time(temperature{sensor="even"}[5s])`,
		`count_over_time(temperature[4s])`,
		`last_over_time(job_running[5s])`,
		"job_running",
		`absent(job_running{job_id="a"})`,
		`absent(job_running{job_id="nobody"})`,
		`absent_over_time(job_running{job_id="b"}[2s])`,
		`http_requests_total{code="500"} offset 4s`,
		`rate(http_requests_total[3s] offset 2s)`,
		`max_over_time(sum by (service) (temperature{sensor="even"})[6s:1s])`,
		`avg_over_time(sum(rate(http_requests_total[2s] offset %dms))[5s:1s])`,
		`resets(http_requests_total{path="/"}[12s])`,
		`changes(temperature{sensor="odd"}[5s])`,
		`delta(temperature{sensor="even"}[5s])`,
		`idelta(temperature{sensor="even"}[2s])`,
		`deriv(temperature{sensor="even"}[4s])`,
		`predict_linear(temperature{sensor="even"}[4s], 10)`,
		`label_replace(up, "number", "$1", "instance", ".*-(.*)")`,
		`label_join(up, "where", "/", "zone", "instance")`,
		`sum by (instance) (rate(http_requests_total[5s])) * on (instance) group_left (zone) up`,
		`rate(http_requests_total[5s]) * on (service, instance) group_left (release) service_info`,
		`quantile(0.5, temperature{sensor="even"})`,
		`stdvar by (sensor) (temperature{sensor="even"})`,
		`count_values("n", up)`,
		`up == 0 or absent(up == 0)`,
		`temperature > 22 and on (instance) up == 1`,
		`service_info unless on (instance) (up == 0)`,
		`work_seconds`,
		`sum without (quantile) (work_seconds{quantile="0.5"}) + scalar(sum(up))`,
		`timestamp(http_requests_total{code="500",path="/"})`,
		`process_start_time_seconds`,
		`changes(process_start_time_seconds[12s])`,
		`pushed_total`,
		`increase(pushed_total[8s])`,
		`clamp_max(temperature{sensor="odd"}, 21)`,
		`sort_desc(sum by (instance) (http_requests_total))`,
		`{service="cart",zone="a",__name__=~"latency.*"}`,
	}
}

// TestSameAsPrometheus: the same pages, read by Prometheus 2.42 and by us, come
// to the same answers.
//
// Exactly so where our clock stands at Prometheus' own moments: the pages that it
// saw are handed to us again, each at the time of its sample. And roughly so where
// each asked in its own time.
//
// Prometheus took the sample at the left end of a range as part of it until 3.0,
// and we do as it has done since: every moment here is such that no sample lies
// at an end.
func TestSameAsPrometheus(t *testing.T) {
	t.Parallel()
	far, f, base := startMoving(t)
	live := newOurs(t)
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	defer cancel()
	live.follow(ctx, f, base)
	theirs := opened(t, far.URL)
	end := time.Now().Add(-pageTime)
	again := newOurs(t)
	free := again.repeat(ctx, t, theirs, f, base, end)

	// The last moment off all samples.
	at := end.Truncate(time.Second).Add(time.Duration(free) * time.Millisecond)
	if at.After(end) {
		at = at.Add(-time.Second)
	}
	compared := 0
	for _, expr := range sameQuestions() {
		if strings.Contains(expr, "%d") {
			expr = fmt.Sprintf(expr, 1000-free)
		}
		for _, q := range []metrics.Question{
			{Expr: expr, At: at},
			{Expr: expr, At: at.Add(-6 * time.Second)},
			{Expr: expr, Start: at.Add(-12 * time.Second), End: at, Step: time.Second},
		} {
			want, err := theirs.Query(ctx, q)
			if err != nil {
				t.Fatalf("%s: %v", expr, err)
			}
			got, err := again.querier.Query(ctx, q)
			if err != nil {
				t.Fatalf("%s: %v", expr, err)
			}
			if why := differ(got, want, metricstest.Near); why != "" {
				t.Errorf("%s, step %v: %s\n  ours: %s\ntheirs: %s", expr, q.Step, why, short(got), short(want))
			}
			for _, one := range want.Series {
				compared += len(one.Points)
			}
		}
	}
	if compared < 2000 {
		t.Errorf("only %d values were compared: the test says little", compared)
	}
	roughlySame(ctx, t, live.querier, theirs, at)
}

// follow reads the pages of the fleet as time goes by, to the last.
func (o *ours) follow(ctx context.Context, f *moving, base string) {
	tick := time.NewTicker(pageTime)
	defer tick.Stop()
	for time.Since(f.began()) < pages*pageTime && ctx.Err() == nil {
		var wg sync.WaitGroup
		for _, m := range members() {
			wg.Go(func() { o.Collect(ctx, m.target(base)) })
		}
		wg.Wait()
		<-tick.C
	}
}

// repeat reads the pages that Prometheus read, each at the time it has for them,
// and returns a millisecond of the second that no sample has.
func (o *ours) repeat(ctx context.Context, t *testing.T, theirs metrics.Querier, f *moving, base string, until time.Time) (free int) {
	t.Helper()
	raw := func(name, instance string) []metrics.Point {
		a, err := theirs.Query(ctx, metrics.Question{Expr: fmt.Sprintf("%s{instance=%q}[10m]", name, instance), At: until})
		if err != nil || len(a.Series) != 1 {
			t.Fatalf("%s of %s: %+v %v", name, instance, a, err)
		}
		return a.Series[0].Points
	}
	var taken [1000]bool
	taken[0] = true // the steps of subqueries
	for n := range pages {
		taken[f.began().Add(time.Duration(n)*pageTime).UnixMilli()%1000] = true
	}
	failed := 0
	for _, m := range members() {
		seen := map[int64]int{}
		for _, p := range raw("page_number", m.instance) {
			seen[p.T] = int(p.V)
		}
		for _, p := range raw("up", m.instance) {
			n, ok := seen[p.T]
			if ok != (p.V == 1) {
				t.Fatalf("%s at %d: up is %v, and it has the page: %v", m.instance, p.T, p.V, ok)
			}
			if !ok {
				n = -1
				if p.T > f.start.Load() {
					failed++
				}
			}
			f.replay.Store(m.instance, n)
			o.now.Store(p.T)
			taken[p.T%1000] = true
			got := o.Collect(ctx, m.target(base+"/replay"))
			if ok != (got.Why.Reason == "") || !ok && got.Why.Reason != probe.ReasonGateway {
				t.Fatalf("%s at %d: %+v", m.instance, p.T, got)
			}
		}
	}
	if free = slices.Index(taken[:], false); free < 0 || failed == 0 {
		t.Fatalf("no millisecond is free of samples, or none of the scrapes failed (%d)", failed)
	}
	return free
}

// roughlySame compares what each saw in its own time: within a tenth.
func roughlySame(ctx context.Context, t *testing.T, live, theirs metrics.Querier, at time.Time) {
	t.Helper()
	tenth := func(a, b float64) bool {
		return metricstest.Near(a, b) || math.Abs(a-b) <= 0.1*max(math.Abs(a), math.Abs(b))
	}
	for _, expr := range []string{
		"up",
		"count by (service) (http_requests_total)",
		`sum by (service) (rate(http_requests_total{code="200",instance!="shop-2"}[10s]))`,
		`sum by (service) (increase(latency_seconds_count{instance!="shop-2"}[10s]))`,
		`histogram_quantile(0.95, sum by (le) (rate(latency_seconds_bucket[10s])))`,
		`absent(job_running{job_id="a"})`,
		`count_over_time(pushed_total[6s])`,
		`work_seconds`,
		`resets(http_requests_total{path="/",code="200"}[18s])`,
	} {
		q := metrics.Question{Expr: expr, At: at}
		want, err := theirs.Query(ctx, q)
		if err != nil {
			t.Fatal(err)
		}
		got, err := live.Query(ctx, q)
		if err != nil {
			t.Fatal(err)
		}
		if why := differ(got, want, tenth); why != "" || len(want.Series) == 0 {
			t.Errorf("in its own time: %s: %s\n  ours: %s\ntheirs: %s", expr, why, short(got), short(want))
		}
	}
}

// differ says how two answers do; empty where they are the same.
func differ(got, want metrics.Answer, near func(a, b float64) bool) string {
	if got.Kind != want.Kind || len(got.Series) != len(want.Series) {
		return fmt.Sprintf("a %s of %d series, want a %s of %d", got.Kind, len(got.Series), want.Kind, len(want.Series))
	}
	for i, w := range want.Series {
		g := got.Series[i]
		if g.Labels.Compare(w.Labels) != 0 {
			return fmt.Sprintf("series %d is %v, want %v", i, g.Labels, w.Labels)
		}
		if !slices.EqualFunc(g.Points, w.Points, func(a, b metrics.Point) bool { return a.T == b.T && near(a.V, b.V) }) {
			return fmt.Sprintf("%v: %v, want %v", w.Labels, g.Points, w.Points)
		}
	}
	return ""
}

func short(a metrics.Answer) string {
	text := fmt.Sprint(a.Series)
	return text[:min(len(text), 600)]
}
