package metrics_test

import (
	"fmt"
	"net/http"
	"regexp"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/midwatch-cli/midwatch/cmd/app"
	"github.com/midwatch-cli/midwatch/cmd/cmdtest"
	"github.com/midwatch-cli/midwatch/cmd/metrics"
	"github.com/midwatch-cli/midwatch/fleet/metrics/red"
)

// service counts ten calls more each time its page is read, of which one failed;
// with durations as a histogram, as an average alone, or not at all.
type service struct {
	times string // histogram, mean, none

	mu    sync.Mutex
	reads int
	clock time.Duration // how far a reading moves it, from the second one on
}

// now is a time that only readings move, so that none comes late, however long it
// takes.
func (s *service) now() time.Time {
	s.mu.Lock()
	defer s.mu.Unlock()
	return night.Add(time.Duration(max(s.reads-1, 0)) * s.clock)
}

func (s *service) serve(t *testing.T) string {
	t.Helper()
	return cmdtest.Handler(t, func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/metrics" {
			http.NotFound(w, r)
			return
		}
		s.mu.Lock()
		s.reads++
		n := s.reads
		s.mu.Unlock()
		w.Header().Set("Content-Type", "text/plain; version=0.0.4")
		_, _ = fmt.Fprintf(w, "# TYPE http_requests_total counter\nhttp_requests_total{code=\"200\"} %d\nhttp_requests_total{code=\"500\"} %d\n", 9*n, n)
		if s.times == "none" {
			return
		}
		_, _ = fmt.Fprintf(w, "http_request_duration_seconds_sum %v\nhttp_request_duration_seconds_count %d\n", 0.2*float64(n), 10*n)
		if s.times == "histogram" {
			_, _ = fmt.Fprintf(w, "http_request_duration_seconds_bucket{le=\"0.1\"} %d\nhttp_request_duration_seconds_bucket{le=\"+Inf\"} %d\n", 9*n, 10*n)
		}
	})
}

func (s *service) read() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.reads
}

func run(t *testing.T, tty bool, args ...string) cmdtest.Result {
	t.Helper()
	return cmdtest.Command{New: metrics.New, Prepare: func(a *app.App) {
		a.IO.OutTTY = tty
		a.IO.Wide = func() int { return 100 }
	}}.Run(t, args...)
}

// clocked runs metrics of one service by the clock that its readings move.
func (s *service) clocked(t *testing.T, tty bool, args ...string) cmdtest.Result {
	t.Helper()
	c := cmdtest.Command{New: metrics.New, Prepare: func(a *app.App) {
		a.IO.OutTTY, a.Now = tty, s.now
		a.IO.Wide = func() int { return 100 }
	}}
	return c.Run(t, append(args, "--registry", cmdtest.Inventory(t, "order o-1="+s.serve(t)))...)
}

// TestTwoReadings: off a terminal a page is read at both ends of the window, and
// no more.
func TestTwoReadings(t *testing.T) {
	s := &service{times: "histogram", clock: 300 * time.Millisecond}
	r := s.clocked(t, false, "--window", "300ms", "-o", "json", "--jq", `.items[0]|[.requests, .errorRatio, .atLeast[]?, (.history|length)]|map(tostring)|join(" ")`)
	if r.Err != nil || r.Out != "10 0.1 p95Seconds p99Seconds 0\n" || s.read() != 2 {
		t.Errorf("%v, %q, %d readings, %s", r.Err, r.Out, s.read(), r.Errs)
	}
	s = &service{times: "histogram", clock: 100 * time.Millisecond}
	if r = s.clocked(t, false, "--window", "300ms", "--interval", "100ms", "-q"); r.Err != nil || s.read() != 4 {
		t.Errorf("%v: with --interval there were %d readings", r.Err, s.read())
	}
}

// TestDrawn: on a terminal there are as many readings as it takes to draw the
// window.
func TestDrawn(t *testing.T) {
	s := &service{times: "histogram", clock: time.Second}
	r := s.clocked(t, true, "--window", "2s")
	if r.Err != nil || s.read() != 3 || !regexp.MustCompile(`(?m)^  SERVICE +RATE +ERRORS +P50 +P95 +P99 +LAST 2 S\n✗ order +10 /s +10% +\d+ ms +>100 ms +>100 ms +[▁-█]+$`).MatchString(r.Out) {
		t.Errorf("%v, %d readings\n%s", r.Err, s.read(), r.Out)
	}
}

// TestPartly: what a page does not say is n/a with its reason, also where the
// rest is known.
func TestPartly(t *testing.T) {
	mean, none, whole := &service{times: "mean"}, &service{times: "none"}, &service{times: "histogram"}
	at := cmdtest.Inventory(t, "mean m-1="+mean.serve(t), "none n-1="+none.serve(t), "whole w-1="+whole.serve(t)+" w-2="+cmdtest.Closed(t), "bare b-1="+cmdtest.Up(t), "empty")
	r := run(t, false, "--window", "200ms", "--sort", "service", "--registry", at)
	for _, want := range []string{
		`(?m)^mean\t\d+(\.\d+)?\t0\.1\t-\t-\t-\tp50, p95, p99: no histogram: only an average$`,
		`(?m)^none\t\d+(\.\d+)?\t0\.1\t-\t-\t-\tp50, p95, p99: its page has no durations$`,
		`(?m)^whole\t\d+(\.\d+)?\t0\.1\t0\.\d+\t0\.1\t0\.1\t1 instance not read$`,
		`(?m)^bare\t-\t-\t-\t-\t-\tno metrics: 404 at `,
		`(?m)^empty\t-\t-\t-\t-\t-\tno instances$`,
	} {
		if !regexp.MustCompile(want).MatchString(r.Out) {
			t.Errorf("lacks %s:\n%s", want, r.Out)
		}
	}
	if r.Code() != app.CannotSay || !strings.Contains(r.Errs, "3 of 5 services measured, read from 3 of 5 instances over ") || !strings.Contains(r.Errs, "error: metrics of whole/w-2 could not be read") {
		t.Errorf("ended with %d, %s", r.Code(), r.Errs)
	}
	if got := regexp.MustCompile(`(?m)^(\w+)\t`).FindAllString(r.Out, -1); strings.Join(got, "") != "SERVICE\tbare\tempty\tmean\tnone\twhole\t" {
		t.Errorf("order %q", got)
	}
}

// TestRunning: -w shows a window that moves.
func TestRunning(t *testing.T) {
	s := &service{times: "histogram"}
	began := time.Now()
	r := run(t, false, "-w", "--window", "1500ms", "--interval", "500ms", "--timeout", "5s", "-o", "json", "--jq", `[.items[0].requests, .windowSeconds, (.items[0].history|length > 0)]|map(tostring)|join(" ")`, "--registry", cmdtest.Inventory(t, "order o-1="+s.serve(t)))
	lines := strings.Split(strings.TrimSpace(r.Out), "\n")
	if len(lines) < 3 || r.Err != nil || time.Since(began) < time.Second {
		t.Fatalf("%v after %v:\n%s%s", r.Err, time.Since(began), r.Out, r.Errs)
	}
	for _, line := range lines {
		if !regexp.MustCompile(`^\d+ (0\.[3-9]\d*|1(\.[0-5]\d*)?) true$`).MatchString(line) {
			t.Errorf("%q", line)
		}
	}
	r = run(t, false, "-w", "--window", "1500ms", "--interval", "500ms", "--timeout", "5s", "--registry", cmdtest.Inventory(t, "order o-1="+s.serve(t)))
	said := regexp.MustCompile(` measured, .* over (.+)`).FindAllStringSubmatch(r.Errs, -1)
	if len(said) < 3 {
		t.Errorf("%d windows were said:\n%s", len(said), r.Errs)
	}
	for _, line := range said {
		if over, err := time.ParseDuration(strings.ReplaceAll(line[1], " ", "")); err != nil || over > 1500*time.Millisecond {
			t.Errorf("said %q of a window of 1.5 s: %v", line[0], err)
		}
	}
}

// TestNotKept: samples of a page that were not kept are said, in every form.
func TestNotKept(t *testing.T) {
	twice := cmdtest.Handler(t, func(w http.ResponseWriter, _ *http.Request) {
		_, _ = fmt.Fprint(w, "http_requests_total{code=\"200\"} 1\nhttp_requests_total{code=\"200\"} 2\n")
	})
	args := []string{"--window", "200ms", "--registry", cmdtest.Inventory(t, "order o-1="+twice)}
	const want = "the page of order/o-1: 1 dropped, of a series that the page has already"
	if r := run(t, false, args...); r.Err != nil || !strings.Contains(r.Errs, "warning: "+want) {
		t.Errorf("%v, %s", r.Err, r.Errs)
	}
	if r := run(t, false, append(args, "-o", "json", "--jq", ".warnings[].detail")...); r.Err != nil || !strings.HasPrefix(r.Out, want) {
		t.Errorf("%v, %s%s", r.Err, r.Out, r.Errs)
	}
}

func TestWrongUsage(t *testing.T) {
	for _, c := range []struct{ args, says string }{
		{"--by zone", "--by"},
		{"--sort speed", "--sort"},
		{"--window=-1s", "--window"},
		{"--window=0", "--window"},
		{"--interval 1ms", "--interval"},
		{"-o junit", "junit"},
		{"[a", "[a"},
		{"--parallel 0", "--parallel"},
	} {
		r := run(t, false, append(strings.Fields(c.args), "--registry", cmdtest.Inventory(t, "order"))...)
		if r.Code() != app.Usage || !strings.Contains(r.Err.Error(), c.says) {
			t.Errorf("%s: ended with %d, %v", c.args, r.Code(), r.Err)
		}
	}
}

// TestSortByWhatServicesDoNotHave: it is refused, and not sorted by something else.
func TestSortByWhatServicesDoNotHave(t *testing.T) {
	for _, name := range []string{"instance", "zone", "version", "-zone", "VERSION"} {
		at := cmdtest.Inventory(t, "order")
		if r := run(t, false, "--sort="+name, "--registry", at); r.Code() != app.Usage || r.Hint() != "--by instance" {
			t.Errorf("%s: ended with %d, %v, hint %q", name, r.Code(), r.Err, r.Hint())
		}
		if r := run(t, false, "--sort="+name, "--by", "instance", "--window", "100ms", "--registry", at); r.Code() == app.Usage {
			t.Errorf("%s: %v", name, r.Err)
		}
	}
}

// TestFirstReadingFailed: of an instance that only the last pass could read there
// is no rate, which is said, and is no success.
func TestFirstReadingFailed(t *testing.T) {
	for _, by := range []string{"service", "instance"} {
		well := &service{times: "none"}
		var reads atomic.Int64
		late := cmdtest.Handler(t, func(w http.ResponseWriter, r *http.Request) {
			if r.URL.Path != "/metrics" {
				http.NotFound(w, r)
				return
			}
			if reads.Add(1) == 1 {
				w.WriteHeader(http.StatusServiceUnavailable)
				return
			}
			_, _ = fmt.Fprint(w, "http_requests_total{code=\"200\"} 1\n")
		})
		at := cmdtest.Inventory(t, "order o-1="+well.serve(t), "pay p-1="+late)
		r := run(t, false, "--by", by, "--window", "200ms", "--registry", at)
		if r.Code() != app.CannotSay || !strings.Contains(r.Errs, "error: metrics of pay/p-1 could be read once only: ") || !strings.Contains(r.Out, red.WhyOneScrape+": before, ") {
			t.Errorf("by %s it ended with %d, %s%s", by, r.Code(), r.Out, r.Errs)
		}
		reads.Store(0)
		r = run(t, false, "--by", by, "--window", "200ms", "--registry", at, "-o", "json", "--jq", `.exitCode, .counts.unread, (.errors[]|.service+"/"+.instance), .items[1].unread`)
		if r.Code() != app.CannotSay || r.Out != "3\n1\npay/p-1\n1\n" {
			t.Errorf("by %s it ended with %d, %q, %s", by, r.Code(), r.Out, r.Errs)
		}
	}
}

// TestTimesOfItsOwn: a page whose samples are not of the window has no rate
// because of that.
func TestTimesOfItsOwn(t *testing.T) {
	for word, off := range map[string]time.Duration{"behind": -4 * time.Minute, "ahead": 5 * time.Minute} {
		stamp := time.Now().Add(off).UnixMilli()
		at := cmdtest.Inventory(t, "order o-1="+cmdtest.Handler(t, func(w http.ResponseWriter, _ *http.Request) {
			_, _ = fmt.Fprintf(w, "http_requests_total{code=\"200\"} 1 %d\n", stamp)
		}))
		r := run(t, false, "--window", "200ms", "--registry", at)
		if r.Code() != app.CannotSay || !strings.Contains(r.Out, "all its samples bring times of their own, as far as ") || !strings.Contains(r.Out, word) {
			t.Errorf("%s: ended with %d, %s%s", word, r.Code(), r.Out, r.Errs)
		}
	}
}
