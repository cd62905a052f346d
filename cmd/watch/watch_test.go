package watch_test

import (
	"bytes"
	"context"
	"encoding/json"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/midwatch-cli/midwatch/cmd/app"
	"github.com/midwatch-cli/midwatch/cmd/cmdtest"
	"github.com/midwatch-cli/midwatch/cmd/watch"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// stream is what a command has written so far.
type stream struct {
	mu   sync.Mutex
	text bytes.Buffer
	news chan struct{}
}

func (s *stream) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.text.Write(p)
	select {
	case s.news <- struct{}{}:
	default:
	}
	return len(p), nil
}

func (s *stream) String() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.text.String()
}

// sees waits for a text.
func (s *stream) sees(t *testing.T, want string) {
	t.Helper()
	over := time.After(20 * time.Second)
	for !strings.Contains(s.String(), want) {
		select {
		case <-s.news:
		case <-over:
			t.Fatalf("never saw %q:\n%s", want, s.String())
		}
	}
}

// fleet is an inventory file and a service that can be told how it is.
type fleet struct {
	path string
	addr string
	down atomic.Bool
}

func newFleet(t *testing.T) *fleet {
	t.Helper()
	f := &fleet{path: filepath.Join(t.TempDir(), "fleet.yaml")}
	f.addr = cmdtest.Handler(t, func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		if f.down.Load() {
			w.WriteHeader(http.StatusServiceUnavailable)
			_, _ = w.Write([]byte(`{"status":"DOWN"}`))
			return
		}
		_, _ = w.Write([]byte(`{"status":"UP"}`))
	})
	cmdtest.Write(t, f.path, "pay 1="+f.addr)
	return f
}

// watched runs watch on it in the background; the returned function ends it.
func (f *fleet) watched(t *testing.T, args ...string) (out, errs *stream, end func() cmdtest.Result) {
	t.Helper()
	out, errs = &stream{news: make(chan struct{}, 1)}, &stream{news: make(chan struct{}, 1)}
	ctx, stop := context.WithCancel(t.Context())
	c := cmdtest.Command{New: watch.New, Context: ctx, Prepare: func(a *app.App) { a.IO.Out, a.IO.Err = out, errs }}
	done := make(chan cmdtest.Result, 1)
	go func() {
		done <- c.Run(t, append([]string{"--attempts", "1", "--interval", "100ms", "--registry", "file://" + f.path}, args...)...)
	}()
	var once sync.Once
	var result cmdtest.Result
	end = func() cmdtest.Result {
		once.Do(func() {
			stop()
			result = <-done
		})
		return result
	}
	t.Cleanup(func() { end() })
	return out, errs, end
}

func TestEvents(t *testing.T) {
	f := newFleet(t)
	out, errs, end := f.watched(t)
	errs.sees(t, "watching 1 instance of 1 service\n")
	f.down.Store(true)
	out.sees(t, "Z  pay/1 up -> down: ")
	f.down.Store(false)
	out.sees(t, "  pay/1 down -> up\n")
	cmdtest.Write(t, f.path, "pay 1="+f.addr+" 2="+f.addr)
	out.sees(t, "  pay/2 is new")
	cmdtest.Write(t, f.path, "pay 1="+f.addr, "order 1="+f.addr)
	out.sees(t, "  pay/2 is gone")
	out.sees(t, "  order is new")
	cmdtest.Write(t, f.path, "pay 1="+f.addr)
	out.sees(t, "  order is gone")
	cmdtest.Write(t, f.path, "pay 1=localhost"+f.addr[strings.LastIndexByte(f.addr, ':'):])
	out.sees(t, "  pay/1 address "+f.addr+" -> localhost:")
	end()
	for line := range strings.Lines(out.String()) {
		if _, err := time.Parse(time.RFC3339, strings.Fields(line)[0]); err != nil {
			t.Errorf("%q does not begin with its time", line)
		}
	}
}

func TestJSONLines(t *testing.T) {
	f := newFleet(t)
	out, errs, end := f.watched(t, "-o", "jsonl")
	errs.sees(t, "watching")
	cmdtest.Write(t, f.path, "pay 1="+f.addr+" 2="+f.addr)
	out.sees(t, `"instance_new"`)
	f.down.Store(true)
	out.sees(t, `"down"`)
	end()
	kinds := map[string]bool{}
	for line := range strings.Lines(out.String()) {
		var e map[string]any
		if err := json.Unmarshal([]byte(line), &e); err != nil {
			t.Fatalf("%q: %v", line, err)
		}
		for _, key := range []string{"event", "at", "source"} {
			if _, ok := e[key]; !ok {
				t.Errorf("%q has no %s", line, key)
			}
		}
		kind, _ := e["event"].(string)
		kinds[kind] = true
		// A watched item has the shape of a listed one.
		if kind == "instance_new" && (e["instance"] != "2" || e["address"] != f.addr) {
			t.Errorf("%q is not about the new instance", line)
		}
	}
	if !kinds["instance_new"] {
		t.Errorf("saw %v", kinds)
	}
}

func TestNames(t *testing.T) {
	f := newFleet(t)
	out, errs, end := f.watched(t, "-o", "name", "--registry-only")
	errs.sees(t, "watching")
	f.down.Store(true) // nobody asks
	cmdtest.Write(t, f.path, "pay 1="+f.addr+" 2="+f.addr)
	out.sees(t, "pay/2\n")
	end()
	if got := out.String(); got != "pay/2\n" {
		t.Errorf("wrote %q", got)
	}
}

// TestLostAndBack: what cannot be read is a registry that is lost, and nothing
// of it is called gone.
func TestLostAndBack(t *testing.T) {
	f := newFleet(t)
	out, errs, end := f.watched(t)
	errs.sees(t, "watching")
	broken := f.path + ".broken"
	cmdtest.Write(t, broken, "pay 1=nonsense:port")
	rename(t, broken, f.path)
	out.sees(t, "  registry file does not answer, its last set is kept: ")
	cmdtest.Write(t, broken, "pay 1="+f.addr)
	rename(t, broken, f.path)
	out.sees(t, "  registry file answers again")
	end()
	if text := out.String(); strings.Contains(text, "gone") || strings.Contains(text, "new") {
		t.Errorf("told more than that:\n%s", text)
	}
}

func rename(t *testing.T, from, to string) {
	t.Helper()
	if err := os.Rename(from, to); err != nil {
		t.Fatal(err)
	}
}

func TestSelected(t *testing.T) {
	f := newFleet(t)
	cmdtest.Write(t, f.path, "pay 1="+f.addr, "order 1="+f.addr)
	out, errs, end := f.watched(t, "pay")
	errs.sees(t, "watching 1 instance of 1 service\n")
	f.down.Store(true)
	out.sees(t, "pay/1 up -> down")
	end()
	if strings.Contains(out.String(), "order") {
		t.Errorf("order was not asked for:\n%s", out)
	}
}

func TestQuiet(t *testing.T) {
	f := newFleet(t)
	r := cmdtest.Command{New: watch.New}.Run(t, "-q", "--timeout", "300ms", "--registry", "file://"+f.path)
	if r.Err != nil || r.Out+r.Errs != "" {
		t.Errorf("ended with %v and %q", r.Err, r.Out+r.Errs)
	}
}

func TestSilentFromTheStart(t *testing.T) {
	r := cmdtest.Command{New: watch.New}.Run(t, "--timeout", "1s", "--interval", "100ms", "--registry", "etcd://"+cmdtest.Closed(t))
	if r.Err != nil || !strings.Contains(r.Errs, "watching 0 instances of 0 services\nregistry etcd: ") || strings.Contains(r.Out, "gone") {
		t.Errorf("ended with %v: %s%s", r.Err, r.Out, r.Errs)
	}
}

func TestWrongUsage(t *testing.T) {
	for _, args := range []string{"--interval 1ms", "--attempts 0", "-o junit", "[a", "-l a(", "--registry ectd://x", "--registry file:///nowhere/at/all.yaml"} {
		r := cmdtest.Command{New: watch.New}.Run(t, append([]string{"--timeout", "20s"}, strings.Fields(args)...)...)
		if r.Code() != app.Usage {
			t.Errorf("%s: ended with %d, %v; want 2", args, r.Code(), r.Err)
		}
	}
}
