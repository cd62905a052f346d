package joined_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/prometheus/prometheus/model/labels"
	"go.uber.org/goleak"

	"github.com/midwatch-cli/midwatch/fleet"
	"github.com/midwatch-cli/midwatch/fleet/metrics"
	"github.com/midwatch-cli/midwatch/fleet/metrics/joined"
	"github.com/midwatch-cli/midwatch/fleet/metrics/promql"
	"github.com/midwatch-cli/midwatch/fleet/metrics/red"
	"github.com/midwatch-cli/midwatch/fleet/metrics/series"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

var now = time.Unix(2000, 0)

// gathered is a store with two pages ten seconds apart: payment fails 4 of 10
// calls, order has none, and stock counts nothing.
func gathered(t *testing.T) *series.Store {
	t.Helper()
	s := series.New(series.Options{})
	for step := range 2 {
		at := now.Add(time.Duration(step-1) * 10 * time.Second).UnixMilli()
		for service, counts := range map[string]map[string]float64{"payment": {"200": 6, "500": 4}, "order": {"200": 0}, "stock": nil} {
			target := s.Target(metrics.NewLabels("source", "file", "service", service, "instance", service+"-1"))
			target.Begin(at)
			put := func(v float64, pairs ...string) {
				id, ok := target.Series(labels.FromStrings(pairs...))
				if !ok || !target.Append(id, at, v) {
					t.Fatal("not appended")
				}
			}
			for code, n := range counts {
				put(float64(step+1)*n, "__name__", "http_requests_total", "code", code, "method", "get")
			}
			put(1, "__name__", "up")
			target.Finish()
		}
		own := s.Target(nil)
		own.Begin(at)
		id, _ := own.Series(labels.FromStrings("__name__", "midwatch_service_up_ratio", "source", "file", "service", "payment"))
		own.Append(id, at, 0.5)
		own.Finish()
	}
	return s
}

// said is an answer in short.
func said(a metrics.Answer, err error) string {
	if err != nil {
		return "error: " + err.Error()
	}
	var lines []string
	for _, s := range a.Series {
		lines = append(lines, fmt.Sprintf("%s %.4g", s.Labels.Get("service"), s.Points[len(s.Points)-1].V))
	}
	return strings.Join(lines, ", ")
}

// counting counts questions on their way to another.
type counting struct {
	metrics.Querier
	mu    sync.Mutex
	asked []string
	err   error
}

func (c *counting) Query(ctx context.Context, q metrics.Question) (metrics.Answer, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.asked = append(c.asked, q.Expr)
	if c.err != nil {
		return metrics.Answer{}, c.err
	}
	return c.Querier.Query(ctx, q)
}

func TestNumbersAreThereWhenAskedFor(t *testing.T) {
	q := joined.New(joined.Options{Own: gathered(t), RED: red.Options{Window: time.Minute}})
	for expr, want := range map[string]string{
		"midwatch_service_error_ratio":      "payment 0.4",
		"midwatch_instance_error_ratio":     "payment 0.4",
		"midwatch_service_request_rate > 0": "payment 1",
		"midwatch_service_error_ratio > 0.1 and on (service) midwatch_service_up_ratio < 1": "payment 0.4",
		"midwatch_service_error_ratio * on (service) up":                                    "payment 0.4",
		`{service="payment",__name__=~"midwatch_service_(error|up)_ratio"}`:                 "payment 0.4, payment 0.5",
		"sum(up)":                              " 3",
		"midwatch_service_latency_seconds > 0": "",
		"up ==":                                "error: 1:6: unexpected end of input",
	} {
		if got := said(q.Query(t.Context(), metrics.Question{Expr: expr, At: now})); got != want {
			t.Errorf("%s: %s, want %s", expr, got, want)
		}
	}
}

// TestWhoHasNoNumber is told with the reason.
func TestWhoHasNoNumber(t *testing.T) {
	q := joined.New(joined.Options{Own: gathered(t), RED: red.Options{Window: time.Minute}})
	for expr, want := range map[string]string{
		"midwatch_service_error_ratio > 0.1":                        "[[order (no calls in the window) stock (its page counts no calls)]]",
		`midwatch_instance_error_ratio{service="order"}`:            "[[order-1 (no calls in the window) stock-1 (its page counts no calls)]]",
		"up == 0 or on (service) midwatch_service_request_rate < 1": "[[] [stock (its page counts no calls)]]",
		"up": "[[]]",
	} {
		a, err := q.Query(t.Context(), metrics.Question{Expr: expr, At: now, Explain: true})
		var lacks [][]string
		for _, s := range a.Selected {
			lacks = append(lacks, s.Lacks)
		}
		if got := fmt.Sprint(lacks); err != nil || got != want {
			t.Errorf("%s lacks %s, want %s (%v)", expr, got, want, err)
		}
	}
}

// TestOnceForAMoment: numbers are computed once, however many ask for them, and
// anew for another moment.
func TestOnceForAMoment(t *testing.T) {
	server := &counting{Querier: promql.New(gathered(t), 0)}
	q := joined.New(joined.Options{Own: series.New(series.Options{}), Server: server, RED: red.Options{Window: time.Minute}})
	var all sync.WaitGroup
	for range 8 {
		all.Go(func() {
			if got := said(q.Query(t.Context(), metrics.Question{Expr: "midwatch_service_error_ratio", At: now})); got != "payment 0.4" {
				t.Error(got)
			}
		})
	}
	all.Wait()
	once := len(server.asked)
	if once == 0 || once > 5 {
		t.Errorf("the server was asked %d questions: %q", once, server.asked)
	}
	if got := said(q.Query(t.Context(), metrics.Question{Expr: "midwatch_service_error_ratio", At: now.Add(time.Hour)})); got != "" || len(server.asked) != 2*once {
		t.Errorf("an hour later: %q after %d questions", got, len(server.asked))
	}
}

// TestAServerBesideWhatIsOurs: each answers for what it has, and none for both.
func TestAServerBesideWhatIsOurs(t *testing.T) {
	server := &counting{Querier: promql.New(gathered(t), 0)}
	own := series.New(series.Options{})
	target := own.Target(nil)
	target.Begin(now.UnixMilli())
	id, _ := target.Series(labels.FromStrings("__name__", "midwatch_instance_up", "service", "payment"))
	target.Append(id, now.UnixMilli(), 1)
	target.Finish()
	q := joined.New(joined.Options{Own: own, Server: server, RED: red.Options{Window: time.Minute}})
	ask := func(expr string) string { return said(q.Query(t.Context(), metrics.Question{Expr: expr, At: now})) }
	if got := ask("sum by (service) (up)"); got != "order 1, payment 1, stock 1" || len(server.asked) != 1 {
		t.Errorf("the server's: %s, %q", got, server.asked)
	}
	if got := ask("midwatch_instance_up"); got != "payment 1" || len(server.asked) != 1 {
		t.Errorf("ours: %s, %q", got, server.asked)
	}
	if got := ask("midwatch_instance_up == 1 and on (service) midwatch_service_error_ratio > 0.1"); got != "payment 1" {
		t.Errorf("ours, and computed of the server's: %s", got)
	}
	_, err := q.Query(t.Context(), metrics.Question{Expr: "up and midwatch_instance_up", At: now})
	if !errors.Is(err, metrics.ErrExpression) || fleet.HintOf(err) == "" {
		t.Errorf("both: %v", err)
	}
	server.err = &fleet.Error{Reason: "refused", Detail: "nobody there"}
	if got := ask("midwatch_service_request_rate"); got != "payment 1, order 0" && got != "order 0, payment 1" {
		t.Errorf("what was computed is known: %s", got)
	}
	later := metrics.Question{Expr: "midwatch_service_request_rate", Start: now, End: now.Add(time.Minute), Step: time.Minute}
	if _, err := q.Query(t.Context(), later); !errors.Is(err, server.err) {
		t.Errorf("nobody answers: %v", err)
	}
	if _, err := q.Query(t.Context(), later); !errors.Is(err, server.err) {
		t.Errorf("an error was kept: %v", err)
	}
}

// TestJobsAreServices where a server names none otherwise.
func TestJobsAreServices(t *testing.T) {
	far := series.New(series.Options{})
	for job, codes := range map[string][]string{"pay": {"200", "500"}, "idle": nil} {
		target := far.Target(metrics.NewLabels("job", job, "instance", "10.0.0.1:80"))
		for step := range 2 {
			at := now.Add(time.Duration(step-1) * 15 * time.Second).UnixMilli()
			target.Begin(at)
			for _, code := range codes {
				id, _ := target.Series(labels.FromStrings("__name__", "http_requests_total", "code", code))
				target.Append(id, at, float64(10*step))
			}
			id, _ := target.Series(labels.FromStrings("__name__", "up"))
			target.Append(id, at, 1)
			target.Finish()
		}
	}
	q := joined.New(joined.Options{Own: series.New(series.Options{}), Server: promql.New(far, 0), RED: red.Options{Window: time.Minute}})
	a, err := q.Query(t.Context(), metrics.Question{Expr: `midwatch_service_error_ratio{service="pay"} > 0.1`, At: now, Explain: true})
	if got := said(a, err); got != "pay 0.5" || fmt.Sprint(a.Selected[0].Lacks) != "[idle (its page counts no calls)]" {
		t.Errorf("%s, lacks %v", got, a.Selected)
	}
}

func TestComputes(t *testing.T) {
	for expr, want := range map[string]bool{
		"midwatch_service_error_ratio > 1": true, "sum(midwatch_instance_latency_seconds) > 1": true, "midwatch_instance_up == 0": false, "up": false, "up ==": false,
	} {
		if got := joined.Computes(expr); got != want {
			t.Errorf("%s: %v", expr, got)
		}
	}
}
