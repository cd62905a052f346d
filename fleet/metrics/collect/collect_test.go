package collect_test

import (
	"context"
	"fmt"
	"io"
	"math"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/model/value"
	"github.com/prometheus/prometheus/tsdb/chunkenc"
	"go.uber.org/goleak"

	"github.com/midwatch-cli/midwatch/fleet"
	"github.com/midwatch-cli/midwatch/fleet/metrics"
	"github.com/midwatch-cli/midwatch/fleet/metrics/collect"
	"github.com/midwatch-cli/midwatch/fleet/metrics/observed"
	"github.com/midwatch-cli/midwatch/fleet/metrics/series"
	"github.com/midwatch-cli/midwatch/probe"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// world is a collector, its store, and a clock that goes on by itself.
type world struct {
	t     *testing.T
	store *series.Store
	*collect.Collector
	now    atomic.Int64 // Unix milliseconds
	client *http.Client
	asked  sync.Map // profile and credentials
}

// began is where the clock of each world begins.
const began = 1_800_000_000_000

func newWorld(t *testing.T, change ...func(*collect.Options)) *world {
	t.Helper()
	w := &world{t: t, store: series.New(series.Options{})}
	w.now.Store(began)
	transport := &http.Transport{MaxIdleConnsPerHost: 100, DisableCompression: true}
	w.client = &http.Client{Transport: transport, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	t.Cleanup(transport.CloseIdleConnections)
	o := collect.Options{
		Store: w.store,
		Now:   func() time.Time { return time.UnixMilli(w.now.Add(1)) },
		Client: func(profile string, credentials bool) (*http.Client, error) {
			w.asked.Store(fmt.Sprint(profile, " ", credentials), true)
			return w.client, nil
		},
	}
	for _, c := range change {
		c(&o)
	}
	w.Collector = collect.New(o)
	return w
}

// serve starts a server.
func serve(t *testing.T, answer http.HandlerFunc) string {
	t.Helper()
	server := httptest.NewServer(answer)
	t.Cleanup(server.Close)
	return server.URL
}

// page answers with a page in text at one path.
func page(path, body string) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != path {
			http.NotFound(w, r)
			return
		}
		w.Header().Set("Content-Type", "text/plain; version=0.0.4")
		_, _ = io.WriteString(w, body)
	}
}

// at is an instance of the service order with a page at a named address.
func at(instance, url string) metrics.Target {
	return metrics.Target{
		Key: fleet.Key{Ref: fleet.Ref{Context: "prod", Source: "etcd", Name: "order"}, Instance: instance}, Zone: "a", Version: "1",
		Page: fleet.Exposition{URLs: []string{url}, Named: true},
	}
}

// guessed is one whose page may be at several places.
func guessed(instance, base string, paths ...string) metrics.Target {
	t := at(instance, "")
	t.Page = fleet.Exposition{}
	for _, p := range paths {
		t.Page.URLs = append(t.Page.URLs, base+p)
	}
	return t
}

func (w *world) collect(target metrics.Target) fleet.Scrape {
	w.t.Helper()
	ctx, cancel := context.WithTimeout(w.t.Context(), time.Minute)
	defer cancel()
	return w.Collect(ctx, target)
}

// latest is the newest sample of each series of a name, by the labels that are
// not the same for all; a stale marker is "stale".
func (w *world) latest(name string) map[string]string {
	w.t.Helper()
	q, err := w.store.Querier(math.MinInt64, math.MaxInt64)
	if err != nil {
		w.t.Fatal(err)
	}
	defer q.Close()
	found := map[string]string{}
	set := q.Select(w.t.Context(), true, nil, labels.MustNewMatcher(labels.MatchEqual, "__name__", name))
	for set.Next() {
		s := set.At()
		v := ""
		for it := s.Iterator(nil); ; {
			kind := it.Next()
			if kind == chunkenc.ValNone {
				break
			}
			if kind == chunkenc.ValFloatHistogram {
				_, h := it.AtFloatHistogram(nil)
				v = fmt.Sprintf("histogram of %v", h.Count)
				continue
			}
			_, f := it.At()
			if v = fmt.Sprint(f); value.IsStaleNaN(f) {
				v = "stale"
			}
		}
		found[labels.NewBuilder(s.Labels()).Del("__name__", "source", "service", "zone", "version").Labels().String()] = v
	}
	return found
}

// expect compares the newest samples of a name, given as labels and value.
func (w *world) expect(name string, pairs ...string) {
	w.t.Helper()
	want := map[string]string{}
	for i := 0; i+1 < len(pairs); i += 2 {
		want[pairs[i]] = pairs[i+1]
	}
	got := w.latest(name)
	if fmt.Sprint(got) != fmt.Sprint(want) {
		w.t.Errorf("%s is %v, want %v", name, got, want)
	}
}

func snapshot(targets ...metrics.Target) *fleet.Snapshot {
	s := &fleet.Snapshot{Context: "prod", Services: []fleet.ServiceView{{Ref: fleet.Ref{Context: "prod", Source: "etcd", Name: "order"}}}}
	for _, t := range targets {
		s.Services[0].Instances = append(s.Services[0].Instances, fleet.InstanceView{Key: t.Key, Instance: fleet.Instance{Zone: t.Zone, Version: t.Version}})
	}
	return s
}

// TestCollect: what a page holds is in the store, under the labels of the
// instance, with what Prometheus adds.
func TestCollect(t *testing.T) {
	var n atomic.Int64
	url := serve(t, func(w http.ResponseWriter, r *http.Request) {
		page("/metrics", fmt.Sprintf("# TYPE a counter\na{i=\"1\"} %d\na{i=\"2\",instance=\"x\"} 7\n", n.Add(1)))(w, r)
	})
	w := newWorld(t)
	target := at("order-1", url+"/metrics")
	target.Page.Profile, target.Page.Credentials = "go", true
	for range 3 {
		got := w.collect(target)
		if got.Why.Reason != "" || got.URL != url+"/metrics" || got.Form != "text" || got.Samples != 2 || got.Dropped != 0 || got.Note != "" || got.At.UnixMilli() <= began || got.Took <= 0 {
			t.Fatalf("%+v", got)
		}
	}
	w.expect("a", `{i="1", instance="order-1"}`, "3", `{exported_instance="x", i="2", instance="order-1"}`, "7")
	w.expect("up", `{instance="order-1"}`, "1")
	w.expect("scrape_samples_scraped", `{instance="order-1"}`, "2")
	if d := w.latest("scrape_duration_seconds")[`{instance="order-1"}`]; d == "" || strings.HasPrefix(d, "0 ") {
		t.Errorf("took %q", d)
	}
	if _, ok := w.asked.Load("go true"); !ok {
		t.Error("another client was taken")
	}
}

// TestContexts: their name is a label where there are several.
func TestContexts(t *testing.T) {
	url := serve(t, page("/m", "a 1\n"))
	w := newWorld(t, func(o *collect.Options) { o.Contexts = true })
	w.collect(at("order-1", url+"/m"))
	w.expect("a", `{context="prod", instance="order-1"}`, "1")
	other := snapshot()
	other.Context = "test"
	w.Observe(other)
	w.expect("a", `{context="prod", instance="order-1"}`, "1")
	w.Observe(snapshot())
	w.expect("a", `{context="prod", instance="order-1"}`, "stale")
}

// TestEnds: a series that is not there any more ends, and all do when a page
// cannot be read or its instance has gone; up says which.
func TestEnds(t *testing.T) {
	var body atomic.Value
	body.Store("a 1\nb 1\n")
	url := serve(t, func(w http.ResponseWriter, r *http.Request) { page("/m", body.Load().(string))(w, r) })
	w := newWorld(t)
	target := at("order-1", url+"/m")
	w.collect(target)
	body.Store("a 2\n")
	w.collect(target)
	w.expect("a", `{instance="order-1"}`, "2")
	w.expect("b", `{instance="order-1"}`, "stale")
	body.Store("a 3\nb!\n")
	got := w.collect(target)
	if got.Why.Reason != probe.ReasonBody || got.Why.Detail != url+`/m: line 2: parsing "!": invalid syntax: b!` || got.Form != "" || got.Samples != 0 || got.URL == "" {
		t.Errorf("%+v", got)
	}
	w.expect("a", `{instance="order-1"}`, "stale")
	w.expect("up", `{instance="order-1"}`, "0")
	w.expect("scrape_samples_scraped", `{instance="order-1"}`, "0")
	body.Store("a 4\n")
	w.collect(target)
	w.expect("a", `{instance="order-1"}`, "4")
	w.expect("up", `{instance="order-1"}`, "1")
	w.Observe(snapshot(target))
	w.expect("a", `{instance="order-1"}`, "4")
	moved := target
	moved.Version = "2"
	w.Observe(snapshot(moved))
	w.expect("a", `{instance="order-1"}`, "stale")
	w.collect(moved)
	w.Observe(snapshot())
	for _, name := range []string{"a", "up", "scrape_duration_seconds"} {
		w.expect(name, `{instance="order-1"}`, "stale")
	}
}

// TestNotAsked: what must not be asked is not, and says so.
func TestNotAsked(t *testing.T) {
	w := newWorld(t)
	target := at("order-1", serve(t, func(http.ResponseWriter, *http.Request) { t.Error("it was asked") })+"/m")
	target.Page.Refused = "its host is another one's"
	if got := w.collect(target); got.Why != (fleet.Why{Reason: probe.ReasonPolicy, Detail: "its host is another one's"}) {
		t.Errorf("%+v", got)
	}
	if w.expect("up"); w.store.Counts().Series != 0 {
		t.Errorf("%+v", w.store.Counts())
	}
	failing := newWorld(t, func(o *collect.Options) {
		o.Client = func(string, bool) (*http.Client, error) {
			return nil, &fleet.Error{Reason: probe.ReasonPolicy, Detail: "no such secret", Hint: "set it"}
		}
	})
	target.Page.Refused = ""
	if got := failing.collect(target); got.Why.Detail != "no such secret" || got.Hint != "set it" {
		t.Errorf("%+v", got)
	}
}

// TestTimes: samples may have their own, but not any.
func TestTimes(t *testing.T) {
	const minute = 60_000
	url := serve(t, page("/m", fmt.Sprintf("a{i=\"now\"} 1 %d\na{i=\"soon\"} 1 %d\na{i=\"far\"} 1 %d\na{i=\"old\"} 1 %d\na{i=\"ancient\"} 1 %d\nb 2\n",
		began, began+9*minute, began+11*minute, began-14*minute, began-16*minute)))
	w := newWorld(t)
	got := w.collect(at("order-1", url+"/m"))
	if got.Samples != 4 || got.Dropped != 2 || !strings.Contains(got.Note, "1 dropped, as more than ten minutes ahead; 1 dropped, as too old") {
		t.Errorf("%+v", got)
	}
	w.expect("a", `{i="ancient", instance="order-1"}`, "", `{i="far", instance="order-1"}`, "",
		`{i="now", instance="order-1"}`, "1", `{i="old", instance="order-1"}`, "1", `{i="soon", instance="order-1"}`, "1")
}

// TestObserved: what a pass saw is there beside what was scraped, joins with it,
// and ends with what it was about.
func TestObserved(t *testing.T) {
	for _, contexts := range []bool{false, true} {
		w := newWorld(t, func(o *collect.Options) {
			o.Contexts, o.Observed = contexts, func(s *fleet.Snapshot, each func(metrics.Labels, float64)) {
				observed.Visit(s, false, func(_ *observed.Family, l metrics.Labels, v float64) { each(l, v) })
			}
		})
		url := serve(t, page("/m", "a 1\n"))
		targets := []metrics.Target{at("order-1", url+"/m"), at("order-2", url+"/m"), at("order-3", url+"/m")}
		label := ""
		if contexts {
			label = `context="prod", `
		}
		for _, here := range [][]int{{0, 1, 2}, {0, 1, 2}, {2, 0}, {0}, {1, 0}} {
			var now []metrics.Target
			for _, i := range here {
				now = append(now, targets[i])
				w.collect(targets[i])
			}
			s := snapshot(now...)
			for i := range s.Services[0].Instances {
				in := &s.Services[0].Instances[i]
				in.Probes, in.Status = []probe.Result{{Outcome: probe.Pass}}, fleet.Up
			}
			w.Observe(s)
			seen, scraped := w.latest("midwatch_instance_up"), w.latest("a")
			for i := range targets {
				want := map[bool]string{true: "1", false: "stale"}[slices.Contains(here, i)]
				set := fmt.Sprintf(`{%sinstance="order-%d"}`, label, i+1)
				if seen[set] != want || scraped[set] != want {
					t.Errorf("%v: %s: %q and %q, want %q: %v", here, set, seen[set], scraped[set], want, seen)
				}
			}
		}
		w.Observe(snapshot())
		for set, v := range w.latest("midwatch_instance_up") {
			if v != "stale" {
				t.Errorf("%s is %s", set, v)
			}
		}
	}
}

// TestManyAtOnce: instances are read beside each other, and each for itself.
func TestManyAtOnce(t *testing.T) {
	url := serve(t, func(w http.ResponseWriter, r *http.Request) {
		page(r.URL.Path, "a{p=\""+r.URL.Path+"\"} 1\n")(w, r)
	})
	w := newWorld(t)
	var all sync.WaitGroup
	for i := range 40 {
		for range 3 {
			all.Go(func() {
				if got := w.collect(at(fmt.Sprint("order-", i%20), fmt.Sprintf("%s/%d", url, i%20))); got.Samples != 1 {
					t.Errorf("%+v", got)
				}
			})
		}
	}
	all.Wait()
	if got := w.latest("a"); len(got) != 20 {
		t.Errorf("%d series: %v", len(got), got)
	}
	if i := slices.Sorted(func(yield func(string) bool) {
		for k := range w.latest("a") {
			if !yield(k) {
				return
			}
		}
	}); i[0] != `{instance="order-0", p="/0"}` {
		t.Errorf("%v", i)
	}
}
