package collect_test

import (
	"compress/gzip"
	"fmt"
	"io"
	"net/http"
	"os"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/midwatch-cli/midwatch/fleet"
	"github.com/midwatch-cli/midwatch/fleet/metrics"
	"github.com/midwatch-cli/midwatch/fleet/metrics/collect"
	"github.com/midwatch-cli/midwatch/probe"
)

// stream writes until the other side has had enough, and says how much that was.
func stream(sent *atomic.Int64, most int, part func(i int) string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/plain; version=0.0.4")
		for i := 0; int(sent.Load()) < most; i++ {
			n, err := io.WriteString(w, part(i))
			sent.Add(int64(n))
			if err != nil {
				return
			}
		}
	}
}

// beside collects from a bad instance and a well one at once; what the bad one
// does changes nothing for the other.
func (w *world) beside(bad metrics.Target) fleet.Scrape {
	w.t.Helper()
	well := at("order-well", serve(w.t, page("/metrics", "a 1\n"))+"/metrics")
	var all sync.WaitGroup
	all.Go(func() {
		for range 3 {
			if got := w.collect(well); got.Why.Reason != "" || got.Samples != 1 {
				w.t.Errorf("the well one: %+v", got)
			}
		}
	})
	got := w.collect(bad)
	all.Wait()
	w.expect("up", `{instance="order-well"}`, "1", `{instance="order-1"}`, map[bool]string{true: "1", false: "0"}[got.Why.Reason == ""])
	return got
}

// TestBadPages: each is told for what it is, what was read is bounded, and the
// others are as well as before.
func TestBadPages(t *testing.T) {
	var sent atomic.Int64
	line := strings.Repeat("x", 1<<20)
	for name, c := range map[string]struct {
		answer http.HandlerFunc
		reason fleet.Reason
		detail string
	}{
		"500 MB": {stream(&sent, 500<<20, func(i int) string {
			return strings.Repeat("http_requests_total{path=\"/"+strconv.Itoa(i)+"\"} 1\n", 1000)
		}), probe.ReasonBody, "longer than 32 MiB"},
		"a line without end": {stream(&sent, 500<<20, func(int) string { return line }), probe.ReasonBody, "longer than 32 MiB"},
		"a page as HTML": {func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "text/html")
			_, _ = io.WriteString(w, "<!doctype html><form action=/login>")
		}, probe.ReasonPage, "an HTML page"},
		"JSON":      {func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, `{"a":[1,2]}`) }, probe.ReasonBody, "it is JSON"},
		"elsewhere": {func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, "/login", http.StatusFound) }, probe.ReasonRedirect, ": 302"},
		"denied":    {func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(401) }, probe.ReasonAuth, ": 401"},
		"not there": {http.NotFound, probe.ReasonNotFound, ": 404"},
		"a slow drip": {func(w http.ResponseWriter, r *http.Request) {
			for r.Context().Err() == nil {
				_, _ = io.WriteString(w, "a")
				_ = http.NewResponseController(w).Flush()
				select {
				case <-r.Context().Done():
				case <-time.After(10 * time.Millisecond):
				}
			}
		}, probe.ReasonTimeout, ""},
		"a gzip bomb": {func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Encoding", "gzip")
			z := gzip.NewWriter(w)
			for range 1000 {
				if _, err := io.WriteString(z, line); err != nil {
					return
				}
			}
			_ = z.Close()
		}, probe.ReasonBody, "longer than 32 MiB"},
		"packed otherwise": {func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Encoding", "br")
			_, _ = io.WriteString(w, "\x0b\x02")
		}, probe.ReasonBody, `packed with "br"`},
	} {
		t.Run(name, func(t *testing.T) {
			sent.Store(0)
			patience := time.Minute // unpacking takes what it takes on a busy machine
			if c.reason == probe.ReasonTimeout {
				patience = 3 * time.Second
			}
			w := newWorld(t, func(o *collect.Options) { o.Timeout = patience })
			got := w.beside(at("order-1", serve(t, c.answer)+"/metrics"))
			if got.Why.Reason != c.reason || !strings.Contains(got.Why.Detail, c.detail) || got.Samples != 0 || len(got.Why.Detail) > 400 {
				t.Errorf("%+v", got)
			}
			if n := sent.Load(); n > 60<<20 { // and what the network holds
				t.Errorf("%d MiB were sent", n>>20)
			}
		})
	}
}

// TestOddPages are read, and what is odd of them is told.
func TestOddPages(t *testing.T) {
	for name, c := range map[string]struct {
		body          string
		kept, dropped int
		note          string
	}{
		"NaN and infinities": {"a{i=\"1\"} NaN\na{i=\"2\"} +Inf\na{i=\"3\"} -Inf\n", 3, 0, ""},
		"twice the same":     {"a 1\na 2\na 3\n", 1, 2, "2 dropped, of a series that the page has already: a"},
		"in the future":      {"a 1 99999999999999\nb 1\n", 1, 1, "more than ten minutes ahead"},
		"cut":                {"a 1\nb 12", 2, 0, "its last line has no end"},
		"nothing":            {"", 0, 0, "it holds no samples"},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			target := at("order-1", serve(t, page("/metrics", c.body))+"/metrics")
			for range 2 {
				if got := w.collect(target); got.Samples != c.kept || got.Dropped != c.dropped || !strings.Contains(got.Note, c.note) || (got.Note == "") != (c.note == "") {
					t.Errorf("%+v", got)
				}
			}
		})
	}
	w := newWorld(t)
	w.collect(at("order-1", serve(t, page("/m", "a{i=\"1\"} NaN\na{i=\"2\"} +Inf\n"))+"/m"))
	w.expect("a", `{i="1", instance="order-1"}`, "NaN", `{i="2", instance="order-1"}`, "+Inf")
}

// TestTimesOfItsOwn: a page whose samples bring times that are not ours is told,
// with how far off they are, also the second time.
func TestTimesOfItsOwn(t *testing.T) {
	for name, c := range map[string]struct {
		off  []time.Duration // of each sample; 0: it brings none
		note string
	}{
		"behind":     {[]time.Duration{-3 * time.Minute, -4 * time.Minute}, "all its samples bring times of their own, as far as 4m"},
		"ahead":      {[]time.Duration{5 * time.Minute}, "all its samples bring times of their own, as far as "},
		"one of two": {[]time.Duration{-3 * time.Minute, 0}, ""},
		"none":       {[]time.Duration{0, 0}, ""},
	} {
		t.Run(name, func(t *testing.T) {
			now := time.Now()
			w := newWorld(t, func(o *collect.Options) { o.Now = func() time.Time { return now } })
			body := ""
			for i, off := range c.off {
				body += fmt.Sprintf("a{i=\"%d\"} 1", i)
				if off != 0 {
					body += fmt.Sprintf(" %d", now.Add(off).UnixMilli())
				}
				body += "\n"
			}
			target := at("order-1", serve(t, page("/metrics", body))+"/metrics")
			for range 2 {
				got := w.collect(target)
				if got.Why.Reason != "" || !strings.Contains(got.Note, c.note) || strings.Contains(got.Note, "of their own") != (c.note != "") {
					t.Errorf("%+v", got)
				}
				if c.note != "" && strings.Contains(got.Note, "behind") != (c.off[0] < 0) {
					t.Errorf("%+v", got)
				}
				now = now.Add(10 * time.Second)
			}
		})
	}
}

// TestMillion: of a target with a million series some are kept, the rest is
// counted, and memory stays within what those take.
func TestMillion(t *testing.T) {
	if testing.Short() {
		t.Skip("a million series")
	}
	var page strings.Builder
	for i := range 1_000_000 {
		fmt.Fprintf(&page, "a{i=\"%d\"} 1\n", i)
	}
	body := page.String()
	w := newWorld(t)
	target := at("order-1", serve(t, func(rw http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(rw, body) })+"/metrics")
	for range 2 {
		got := w.beside(target)
		if got.Samples < 199_000 || got.Samples > 200_000 || got.Samples+got.Dropped != 1_000_000 || !strings.Contains(got.Note, "200000 series") {
			t.Fatalf("%+v", got)
		}
	}
	page.Reset()
	var m runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&m)
	if held := int(m.HeapAlloc) - len(body); held > 200<<20 {
		t.Errorf("%d MiB are held", held>>20)
	}
	runtime.KeepAlive(w)
}

// TestLargeAtOnce: however many instances have pages without end, few of them
// are read at once beyond the first megabyte.
func TestLargeAtOnce(t *testing.T) {
	if testing.Short() {
		t.Skip("many large pages")
	}
	line := strings.Repeat("x", 1<<20)
	url := serve(t, func(w http.ResponseWriter, _ *http.Request) {
		for range 100 {
			if _, err := io.WriteString(w, line); err != nil {
				return
			}
		}
	})
	w := newWorld(t, func(o *collect.Options) { o.Timeout = time.Minute })
	runtime.GC()
	var before runtime.MemStats
	runtime.ReadMemStats(&before)
	var most atomic.Int64
	done := make(chan struct{})
	var watch sync.WaitGroup
	watch.Go(func() {
		for tick := time.NewTicker(50 * time.Millisecond); ; {
			select {
			case <-done:
				tick.Stop()
				return
			case <-tick.C:
				var m runtime.MemStats
				runtime.ReadMemStats(&m)
				most.Store(max(most.Load(), int64(m.HeapInuse)-int64(before.HeapInuse)))
			}
		}
	})
	var targets []metrics.Target
	for i := range 32 {
		targets = append(targets, at(fmt.Sprint("order-", i), url+"/metrics"))
	}
	if said := w.everywhere(targets); said["body"] != 32 {
		t.Errorf("%v", said)
	}
	close(done)
	watch.Wait()
	if most.Load() > 600<<20 { // 32 of 1 MiB, 4 of 32 and what they grew from, and garbage
		t.Errorf("%d MiB at once", most.Load()>>20)
	}
	t.Logf("%d MiB at once", most.Load()>>20)
}

// TestNative: an instance that hides native histograms in text is asked for the
// other form, and from then on its service is.
func TestNative(t *testing.T) {
	var asked sync.Map
	read := func(name string) []byte {
		data, err := os.ReadFile("../scrape/exposition/testdata/wire/" + name)
		if err != nil {
			t.Fatal(err)
		}
		return data
	}
	inText, inProtobuf := read("go-client.prom"), read("go-client.pb")
	var n atomic.Int64
	answer := func(canNative bool) http.HandlerFunc {
		return func(w http.ResponseWriter, r *http.Request) {
			n.Add(1)
			asked.Store(r.Header.Get("Accept"), true)
			if canNative && strings.Contains(r.Header.Get("Accept"), "application/vnd.google.protobuf") {
				w.Header().Set("Content-Type", "application/vnd.google.protobuf; proto=io.prometheus.client.MetricFamily; encoding=delimited")
				_, _ = w.Write(inProtobuf)
				return
			}
			w.Header().Set("Content-Type", "text/plain; version=0.0.4")
			_, _ = w.Write(inText)
		}
	}
	for _, c := range []struct{ can, quick bool }{{true, false}, {false, false}, {true, true}, {false, true}} {
		n.Store(0)
		can := c.can
		w := newWorld(t, func(o *collect.Options) {
			if now := o.Now; c.quick { // both forms within a millisecond
				o.Now = func() time.Time { return now().Truncate(10 * time.Millisecond) }
			}
		})
		url := serve(t, answer(can))
		form := map[bool]string{true: "protobuf", false: "text"}[can]
		for i := range 4 {
			w.now.Add(20)
			if got := w.collect(at(fmt.Sprint("order-", i%2), url+"/metrics")); got.Form != form || got.Samples < 100 || got.Dropped != 0 {
				t.Errorf("%+v", got)
			}
		}
		if n.Load() != 5 {
			t.Errorf("asked %d times", n.Load())
		}
		native, classic := w.latest("http_request_both_seconds"), w.latest("http_request_both_seconds_count")
		if len(classic) == 0 || len(native) == 0 == can {
			t.Errorf("%v, %v", native, classic)
		}
		w.expect("up", `{instance="order-0"}`, "1", `{instance="order-1"}`, "1")
	}
}
