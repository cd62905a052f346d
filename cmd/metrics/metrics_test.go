package metrics_test

import (
	"cmp"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/midwatch-cli/midwatch/cmd/app"
	"github.com/midwatch-cli/midwatch/cmd/cmdtest"
	"github.com/midwatch-cli/midwatch/cmd/metrics"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

var update = flag.Bool("update", false, "write the golden files")

// night is when all of it happens.
var night = time.Date(2026, 1, 2, 2, 14, 0, 0, time.UTC)

// counted is how a service fares: calls per second and instance, how many of a
// thousand fail, and how many take more than 1 s; its instances; from which
// minute on it is so, before which nothing fails.
type counted struct {
	rate, failed, slow float64
	instances          int
	since              int
	label              string // of the service
}

// fleet is the one of the screens' sketch, over an hour of minutes.
func fleet(services map[string]counted) []cmdtest.Sample {
	var all []cmdtest.Sample
	type counter struct{ ok, failed, fast, slow float64 }
	now := map[string]*counter{}
	for minute := range 71 {
		after := time.Duration(minute) * time.Minute
		for _, name := range []string{"inventory", "order", "payment", "user"} {
			s, there := services[name]
			for n := range s.instances {
				if !there {
					continue
				}
				id := fmt.Sprintf("10.0.0.%d:80", n+1)
				key := name + id
				if now[key] == nil {
					now[key] = &counter{}
				}
				c, calls := now[key], s.rate*60
				failed, slow := 0.0, 0.0
				if minute >= s.since {
					failed, slow = calls*s.failed/1000, calls*s.slow/1000
				}
				c.ok, c.failed, c.fast, c.slow = c.ok+calls-failed, c.failed+failed, c.fast+calls-slow, c.slow+slow
				of := []string{s.label, name, "instance", id}
				put := func(metric string, v float64, more ...string) {
					all = append(all, cmdtest.Sample{After: after, Name: metric, Labels: append(append([]string{}, of...), more...), V: v})
				}
				put("http_requests_total", c.ok, "code", "200")
				put("http_requests_total", c.failed, "code", "500")
				put("http_request_duration_seconds_bucket", c.fast, "le", "0.01")
				put("http_request_duration_seconds_bucket", c.fast, "le", "1")
				put("http_request_duration_seconds_bucket", c.fast+c.slow, "le", "2.5")
				put("http_request_duration_seconds_bucket", c.fast+c.slow, "le", "+Inf")
				put("http_request_duration_seconds_sum", c.fast*0.008+c.slow*1.5)
				put("http_request_duration_seconds_count", c.fast+c.slow)
				put("process_resident_memory_bytes", 50e6*float64(n+1))
				put("process_cpu_seconds_total", float64(minute)*15)
				put("process_open_fds", 20)
				put("process_max_fds", 1000)
				put("go_goroutines", 40)
			}
		}
	}
	return all
}

func sketch() map[string]counted {
	return map[string]counted{
		"payment": {rate: 14, failed: 382, slow: 60, instances: 3, since: 68, label: "service"},
		"order":   {rate: 30, failed: 91, slow: 20, instances: 4, since: 68, label: "service"},
		"user":    {rate: 150, instances: 2, label: "service"},
	}
}

// screen runs metrics against a server with a fleet, on a terminal of so many
// columns; on none where they are 0.
func screen(t *testing.T, columns int, services map[string]counted, args ...string) (cmdtest.Result, string) {
	t.Helper()
	url := cmdtest.Prometheus(t, cmdtest.Stored(night.Add(-70*time.Minute), fleet(services)))
	c := cmdtest.Command{New: metrics.New, Prepare: func(a *app.App) {
		a.Now = func() time.Time { return night }
		if columns > 0 {
			a.IO.OutTTY = true
			a.IO.Wide = func() int { return columns }
		}
	}}
	return c.Run(t, append(args, "--utc", "--prometheus", url)...), url
}

// registry is an inventory of the sketch's fleet, and of inventory, of which no
// server knows anything.
func registry(t *testing.T) string {
	t.Helper()
	text := "services:\n"
	for _, s := range []struct {
		name string
		n    int
	}{{"payment", 3}, {"order", 4}, {"user", 2}, {"inventory", 2}} {
		text += "  - name: " + s.name + "\n    instances:\n"
		for i := range s.n {
			text += fmt.Sprintf("      - {id: %s-%d, address: \"10.0.0.%d:80\", zone: %c, version: 2.4.1}\n", s.name, i+1, i+1, "ab"[i%2])
		}
	}
	path := filepath.Join(t.TempDir(), "fleet.yaml")
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return "file://" + path
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

// TestScreens are what people see of the sketch's fleet.
func TestScreens(t *testing.T) {
	at := registry(t)
	for _, c := range []struct {
		name    string
		columns int
		args    []string
	}{
		{"sketch", 100, nil},
		{"narrow", 60, nil},
		{"ascii", 80, []string{"--ascii"}},
		{"wide", 180, []string{"-o", "wide"}},
		{"instances", 100, []string{"--by", "instance"}},
		{"by-rate", 80, []string{"--sort", "rate"}},
		{"by-rate-up", 80, []string{"--sort", "-rate"}},
		{"by-service", 80, []string{"--sort", "service"}},
		{"selected", 80, []string{"payment", "user", "--zone", "a"}},
		{"explained", 80, []string{"payment", "inventory", "--explain"}},
		{"long", 80, []string{"--window", "15m"}},
	} {
		r, url := screen(t, c.columns, sketch(), append(c.args, "--registry", at)...)
		if r.Err != nil {
			t.Errorf("%s: %v\n%s", c.name, r.Err, r.Errs)
		}
		golden(t, c.name, strings.ReplaceAll(r.Out, url, "http://PROMETHEUS"))
	}
}

// TestEveryColumnSorts: numbers from the highest, what is n/a last in any case.
func TestEveryColumnSorts(t *testing.T) {
	at := registry(t)
	names := []string{
		"source", "service", "rate", "errors", "p50", "p95", "p99", "calls", "client-errors", "mean", "max", "cpu", "memory", "heap", "threads", "goroutines", "pools", "fds",
		"restarts", "signature",
	}
	for _, by := range []string{"service", "instance"} {
		for _, name := range names {
			for _, back := range []string{"", "-"} {
				r, _ := screen(t, 0, sketch(), "--by", by, "--sort", back+name, "-o", "wide", "--no-headers", "--registry", at)
				lines := strings.Split(strings.TrimSpace(r.Out), "\n")
				if r.Err != nil || len(lines) != map[string]int{"service": 4, "instance": 11}[by] {
					t.Fatalf("%s%s: %v\n%s", back, name, r.Err, r.Out)
				}
				if last := lines[len(lines)-1]; (name == "rate" || name == "errors" || name == "p99" || name == "memory") && !strings.Contains(last, "\tinventory\t") {
					t.Errorf("%s%s: what is n/a is not last:\n%s", back, name, r.Out)
				}
			}
		}
	}
	for flag, first := range map[string]string{"rate": "user", "-rate": "payment", "errors": "payment", "-errors": "user", "service": "inventory", "-service": "user", "memory": "order"} {
		r, _ := screen(t, 0, sketch(), "--sort="+flag, "--no-headers", "--registry", at)
		if !strings.HasPrefix(r.Out, first+"\t") {
			t.Errorf("--sort %s:\n%s", flag, r.Out)
		}
	}
}

// TestWithoutRegistry: a server is enough; then its services are those there are.
func TestWithoutRegistry(t *testing.T) {
	r, _ := screen(t, 0, sketch(), "-o", "name")
	if r.Err != nil || r.Out != "order\npayment\nuser\n" {
		t.Errorf("%v, %q, %s", r.Err, r.Out, r.Errs)
	}
	r, _ = screen(t, 0, sketch(), "-o", "name", "--by", "instance", "pay*")
	if r.Err != nil || r.Out != "payment/10.0.0.1:80\npayment/10.0.0.2:80\npayment/10.0.0.3:80\n" {
		t.Errorf("%v, %q, %s", r.Err, r.Out, r.Errs)
	}
	r, _ = screen(t, 0, sketch(), "paymnt")
	if r.Code() != app.CannotSay || !strings.Contains(r.Errs, "error: no such service: paymnt\nhint: did you mean payment?\n") {
		t.Errorf("ended with %d, %s", r.Code(), r.Errs)
	}
	r, url := screen(t, 0, sketch(), "zzz")
	if r.Code() != app.CannotSay || !strings.Contains(r.Errs, "hint: midwatch metrics --prometheus "+url+" shows") {
		t.Errorf("ended with %d, %s", r.Code(), r.Errs)
	}
}

// TestServerCouldNotRead: an instance that the server could not read is said, and
// the code is that of one that we could not read.
func TestServerCouldNotRead(t *testing.T) {
	all := fleet(sketch())
	for minute := range 71 {
		all = append(all, cmdtest.Sample{After: time.Duration(minute) * time.Minute, Name: "up", Labels: []string{"service", "payment", "instance", "10.0.0.9:80"}})
	}
	slices.SortStableFunc(all, func(a, b cmdtest.Sample) int { return cmp.Compare(a.After, b.After) })
	url := cmdtest.Prometheus(t, cmdtest.Stored(night.Add(-70*time.Minute), all))
	for args, want := range map[string]string{
		"":              "error: metrics of 1 instance of payment could not be read by the server\n",
		"--by instance": "error: metrics of payment/10.0.0.9:80 could not be read by the server\n",
		"order":         "",
	} {
		c := cmdtest.Command{New: metrics.New, Prepare: func(a *app.App) { a.Now = func() time.Time { return night } }}
		r := c.Run(t, append(strings.Fields(args), "--prometheus", url)...)
		code := app.OK
		if want != "" {
			code = app.CannotSay
		}
		if r.Code() != code || strings.Count(r.Errs, "error: ") != strings.Count(want, "error: ") || !strings.Contains(r.Errs, want) {
			t.Errorf("%s: ended with %d, %s", args, r.Code(), r.Errs)
		}
		if args == "" && !strings.Contains(r.Out, "1 instance not read") {
			t.Errorf("%s", r.Out)
		}
		r = c.Run(t, append(strings.Fields(args), "--prometheus", url, "-o", "json", "--jq", `.counts.unread, (.errors[]|.service+" "+.instance+" "+.reason)`)...)
		says := "0\n"
		if want != "" {
			says = "1\npayment 10.0.0.9:80 no_data\n"
		}
		if r.Out != says {
			t.Errorf("%s: errors are %q", args, r.Out)
		}
	}
}

// TestJobs: where no series has a label service, Prometheus' own word is job.
func TestJobs(t *testing.T) {
	services := sketch()
	for name, s := range services {
		s.label = "job"
		services[name] = s
	}
	r, _ := screen(t, 0, services, "--registry", registry(t), "-o", "json", "--jq", `.items[]|select(.rate != null)|"\(.service) \(.rate|round) \(.instances)"`)
	if r.Err != nil || r.Out != "order 120 4\npayment 42 3\nuser 300 2\n" {
		t.Errorf("%v, %q, %s", r.Err, r.Out, r.Errs)
	}
}

// TestNothingThere: a server without such series has no data, which is no 0.
func TestNothingThere(t *testing.T) {
	r, _ := screen(t, 0, nil, "--registry", registry(t), "-o", "json", "--jq", `.exitCode, .items[0].rate, .items[0].why.rate`)
	if r.Code() != app.CannotSay || r.Out != "3\nnull\n\"the server has no such series\"\n" && r.Out != "3\nnull\nthe server has no such series\n" {
		t.Errorf("ended with %d, %q", r.Code(), r.Out)
	}
	if !strings.Contains(r.Errs, "error: no data: ") {
		t.Errorf("said %q", r.Errs)
	}
	r, _ = screen(t, 0, nil)
	if r.Code() != app.CannotSay {
		t.Errorf("without a registry it ended with %d", r.Code())
	}
}
