package condition_test

import (
	"context"
	"errors"
	"io"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/spf13/cobra"
	"go.uber.org/goleak"

	"github.com/midwatch-cli/midwatch/cmd/app"
	"github.com/midwatch-cli/midwatch/cmd/cmdtest"
	"github.com/midwatch-cli/midwatch/cmd/condition"
	"github.com/midwatch-cli/midwatch/fleet/gate"
	"github.com/midwatch-cli/midwatch/fleet/selection"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// judge is a command with nothing but conditions: as check has them, or as wait has.
func judge(wait bool, after func(*app.App, *condition.Set, app.Reading) error) cmdtest.Command {
	return cmdtest.Command{New: func(a *app.App) *cobra.Command {
		var flags condition.Flags
		var look app.Look
		cmd := &cobra.Command{Use: "judge"}
		look.Selection.Add(cmd, a)
		look.Probing.Add(cmd, a)
		look.Watching.Add(cmd)
		if wait {
			flags.AddWait(cmd, a)
		} else {
			flags.AddCheck(cmd, a)
		}
		cmd.RunE = func(cmd *cobra.Command, args []string) error {
			set, err := flags.Parse(args, look.Selection.Namespace)
			if err != nil {
				return err
			}
			if flags.Print {
				return set.Print(a.IO.Out)
			}
			set.Prepare(a, &look.Probing)
			look.Before = func(ctx context.Context, s *app.Session, sel *selection.Selection) error {
				if err := set.Open(a, s); err != nil {
					return err
				}
				look.Asking = set.Asking()
				return set.Gather(ctx, a, s, sel, look.Watching.Interval)
			}
			return look.Run(cmd.Context(), a, args, func(r app.Reading) error {
				if _, err := set.Ask(cmd.Context(), r.Snapshot); err != nil {
					return err
				}
				return after(a, set, r)
			})
		}
		return cmd
	}}
}

// counter is a service that counts what it is asked for its metrics.
func counter(t *testing.T) (addr string, reads *atomic.Int32) {
	reads = new(atomic.Int32)
	return cmdtest.Handler(t, func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/metrics" {
			w.Header().Set("Content-Type", "text/plain; version=0.0.4")
			_, _ = io.WriteString(w, "# TYPE reads_total counter\nreads_total "+strings.Repeat("1", int(reads.Add(1)))+"\n")
			return
		}
		w.Header().Set("Content-Type", "application/json")
		_, _ = io.WriteString(w, `{"status":"UP"}`)
	}), reads
}

func TestGathering(t *testing.T) {
	for _, c := range []struct {
		name  string
		args  []string
		least int32 // pages that are read
		most  int32
		holds bool
		known bool
	}{
		{"nothing to ask", nil, 0, 0, false, false},
		{"once", []string{"--fail-on-query", "reads_total > 0"}, 1, 1, true, true},
		{"a rate of one reading", []string{"--fail-on-query", "rate(reads_total[1m]) > 0"}, 1, 1, false, false},
		{"a rate", []string{"--fail-on-query", "rate(reads_total[1m]) > 0", "--collect", "200ms"}, 3, 9, true, true},
		{"at every interval", []string{"--fail-on-query", "reads_total > 0", "--collect", "300ms", "--interval", "100ms"}, 3, 9, true, true},
	} {
		t.Run(c.name, func(t *testing.T) {
			addr, reads := counter(t)
			var got []gate.Measured
			r := judge(false, func(_ *app.App, s *condition.Set, _ app.Reading) error {
				got = s.Measured()
				return nil
			}).Run(t, append(c.args, "--registry", cmdtest.Inventory(t, "a 1="+addr))...)
			if n := reads.Load(); r.Err != nil || n < c.least || n > c.most {
				t.Errorf("%v after %d pages\n%s", r.Err, n, r.Errs)
			}
			if len(c.args) > 0 && (len(got) != 1 || got[0].Holds != c.holds || got[0].Known != c.known) {
				t.Errorf("%+v", got)
			}
		})
	}
}

// TestGatheringEnds with its context: what was gathered until then is judged.
func TestGatheringEnds(t *testing.T) {
	addr, _ := counter(t)
	start := time.Now()
	asked := false
	r := judge(false, func(_ *app.App, s *condition.Set, _ app.Reading) error {
		asked = true
		return nil
	}).Run(t, "--fail-on-query", "up == 0", "--collect", "10m", "--timeout", "300ms", "--registry", cmdtest.Inventory(t, "a 1="+addr))
	if took := time.Since(start); took > 30*time.Second || !asked || r.Err != nil {
		t.Errorf("it took %v, asked %v: %v", took, asked, r.Err)
	}
}

func TestPrint(t *testing.T) {
	never := func(*app.App, *condition.Set, app.Reading) error { return errors.New("asked") }
	r := judge(false, never).Run(t, "a", "--fail-on-query", "x  >1", "--max-p99", "1s", "--fail-on-query", "y == bool 0", "--print", "--registry", "etcd://127.0.0.1:1")
	want := "midwatch_service_latency_seconds{quantile=\"0.99\",service=\"a\"} > 1\nx  >1\ny == 0\n"
	if r.Err != nil || r.Out != want {
		t.Errorf("%v:\n%swant\n%s", r.Err, r.Out, want)
	}
	r = judge(true, never).Run(t, "--fail-on-query", "x > 1", "--for-query", "y > 2", "--print")
	if r.Err != nil || r.Out != "y > 2\nx > 1\n" {
		t.Errorf("%v:\n%s", r.Err, r.Out)
	}
}

func TestWrongUsage(t *testing.T) {
	for _, c := range []struct {
		args string
		says string
		hint string
	}{
		{"--fail-on-query x", "--fail-on-query x: it decides nothing", "compare it: x == 0"},
		{"--fail-on-query x>", "--fail-on-query x>: 1:3: ", ""},
		{"--max-error-rate 1", "--max-error-rate", ""},
		{"--max-p99 x", "--max-p99", ""},
		{"--min-healthy -1", "--min-healthy", ""},
		{"--window -1s", "--window -1s: must not be negative", "durations look like 30s, 5m"},
		{"--collect -5s", "--collect -5s: must not be negative", "durations look like 30s, 5m"},
	} {
		r := judge(false, nil).Run(t, strings.Fields(c.args)...)
		if r.Code() != app.Usage || !strings.HasPrefix(r.Err.Error(), c.says) || !strings.HasPrefix(r.Hint(), c.hint) {
			t.Errorf("%s: %d %v (%s)", c.args, r.Code(), r.Err, r.Hint())
		}
	}
}

// TestAtFaultWhenAsked: what joins what cannot be joined is wrong usage as well.
func TestAtFaultWhenAsked(t *testing.T) {
	addr, _ := counter(t)
	r := judge(false, func(*app.App, *condition.Set, app.Reading) error { return nil }).
		Run(t, "--fail-on-query", "up > on () midwatch_instance_status", "--registry", cmdtest.Inventory(t, "a 1="+addr))
	if r.Code() != app.Usage || !strings.Contains(r.Err.Error(), "many-to-many") || r.Hint() == "" {
		t.Errorf("%d %v", r.Code(), r.Err)
	}
}

func TestNeverKnown(t *testing.T) {
	addr, _ := counter(t)
	r := judge(true, func(_ *app.App, s *condition.Set, _ app.Reading) error {
		text := s.NeverKnown("a: 1/1 up; no data: nothing matched no series; it is not so: up == 0")
		if text != "a: 1/1 up; nothing > 1 never had data: nothing matched no series; it is not so: up == 0" {
			t.Error(text)
		}
		if !s.Hold[0].Wanted || s.Fail[0].Wanted || len(s.All()) != 2 || s.All()[0] != s.Hold[0] {
			t.Errorf("%+v", s)
		}
		return nil
	}).Run(t, "--for-query", "nothing > 1", "--fail-on-query", "up == 0", "--registry", cmdtest.Inventory(t, "a 1="+addr))
	if r.Err != nil {
		t.Error(r.Err)
	}
}

// prometheus is a server that knows one series of a job, and counts what it is
// asked.
func prometheus(t *testing.T) (url string, asked *atomic.Int32) {
	asked = new(atomic.Int32)
	addr := cmdtest.Handler(t, func(w http.ResponseWriter, r *http.Request) {
		asked.Add(1)
		w.Header().Set("Content-Type", "application/json")
		switch expr := r.FormValue("query"); {
		case strings.HasSuffix(expr, "> 5") && strings.HasPrefix(expr, "queue"):
			_, _ = io.WriteString(w, `{"status":"success","data":{"resultType":"vector","result":[{"metric":{"__name__":"queue","job":"a"},"value":[1,"7"]}]}}`)
		case expr == "queue":
			_, _ = io.WriteString(w, `{"status":"success","data":{"resultType":"vector","result":[{"metric":{"__name__":"queue","job":"a"},"value":[1,"7"]}]}}`)
		case expr == "broken > 1":
			w.WriteHeader(http.StatusServiceUnavailable)
			_, _ = io.WriteString(w, `{"status":"error","errorType":"timeout","error":"query timed out in expression evaluation"}`)
		default:
			_, _ = io.WriteString(w, `{"status":"success","data":{"resultType":"vector","result":[]}}`)
		}
	})
	return "http://" + addr, asked
}

// TestAServerAnswers in place of the instances, whose pages then are not read; what
// midwatch sees is still its own.
func TestAServerAnswers(t *testing.T) {
	addr, reads := counter(t)
	url, asked := prometheus(t)
	for _, c := range []struct {
		expr  string
		known bool
		holds bool
		text  string
	}{
		{"queue > 5", true, true, `{job="a"}: queue 7 > 5`},
		{"queue > 9", true, false, `it is not so: queue > 9; {job="a"} with 7`},
		{"other > 9", false, false, "no data: "},
		{"broken > 1", false, false, "could not be asked: "},
		{"midwatch_instance_up == 0", true, false, "it is not so: midwatch_instance_up == 0; a/1 with 1"},
		{"midwatch_service_error_ratio > 0.5", false, false, "no data: midwatch_service_error_ratio matched no series"},
	} {
		r := judge(false, func(_ *app.App, s *condition.Set, _ app.Reading) error {
			m := s.Measured()[0]
			if m.Known != c.known || m.Holds != c.holds || !strings.HasPrefix(m.Text, c.text) || strings.Contains(m.Hint, "--collect") {
				t.Errorf("%s: %+v", c.expr, m)
			}
			return nil
		}).Run(t, "--fail-on-query", c.expr, "--prometheus", url, "--registry", cmdtest.Inventory(t, "a 1="+addr))
		if r.Err != nil {
			t.Errorf("%s: %v", c.expr, r.Err)
		}
	}
	if reads.Load() != 0 || asked.Load() == 0 {
		t.Errorf("%d pages of the instance were read, the server was asked %d times", reads.Load(), asked.Load())
	}
	r := judge(false, nil).Run(t, "--fail-on-query", "queue > 1 and midwatch_instance_up", "--prometheus", url, "--registry", cmdtest.Inventory(t, "a 1="+addr))
	if r.Code() != app.Usage {
		t.Errorf("both in one: %d %v", r.Code(), r.Err)
	}
	r = judge(false, nil).Run(t, "--fail-on-query", "queue > 1", "--prometheus", "ftp://x", "--registry", cmdtest.Inventory(t, "a 1="+addr))
	if r.Code() != app.Usage {
		t.Errorf("no URL: %d %v", r.Code(), r.Err)
	}
}

// TestNoRegistryAtAll: a server is enough.
func TestNoRegistryAtAll(t *testing.T) {
	url, _ := prometheus(t)
	var text string
	r := judge(false, func(_ *app.App, s *condition.Set, r app.Reading) error {
		if len(r.Snapshot.Sources) != 0 {
			t.Errorf("%+v", r.Snapshot)
		}
		text = s.Measured()[0].Text
		return nil
	}).Run(t, "--fail-on-query", "queue > 5", "--prometheus", url)
	if r.Err != nil || text != `{job="a"}: queue 7 > 5` {
		t.Errorf("%v: %s", r.Err, text)
	}
}
