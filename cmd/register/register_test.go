package register_test

import (
	"bytes"
	"context"
	"strings"
	"sync"
	"testing"
	"time"

	clientv3 "go.etcd.io/etcd/client/v3"

	"github.com/midwatch-cli/midwatch/cmd/app"
	"github.com/midwatch-cli/midwatch/cmd/cmdtest"
	"github.com/midwatch-cli/midwatch/cmd/register"
	"github.com/midwatch-cli/midwatch/cmd/term"
	"github.com/midwatch-cli/midwatch/fleet/registry/etcd/embedded"
)

func start(t *testing.T) *embedded.Server {
	t.Helper()
	s, err := embedded.Start(t.Context(), t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.Close)
	return s
}

// keys lists what the registry holds, values included.
func keys(t *testing.T, s *embedded.Server) map[string]string {
	t.Helper()
	got, err := s.Client().Get(t.Context(), "", clientv3.WithPrefix())
	if err != nil {
		t.Fatal(err)
	}
	all := map[string]string{}
	for _, kv := range got.Kvs {
		all[string(kv.Key)] = string(kv.Value)
	}
	return all
}

func run(t *testing.T, s *embedded.Server, args ...string) cmdtest.Result {
	t.Helper()
	return cmdtest.Command{New: register.New}.Run(t, append([]string{"--registry", s.URL()}, args...)...)
}

func TestWritten(t *testing.T) {
	s := start(t)
	r := run(t, s, "pay", "127.0.0.1:9000", "--id", "pay-1", "--zone", "b", "--service-version", "2.4.1", "--weight", "3", "--label", "team=shop", "--label", "note=a=b", "--yes")
	if r.Err != nil {
		t.Fatal(r.Err)
	}
	if !strings.Contains(r.Out, "register pay/pay-1 at 127.0.0.1:9000 in etcd\tdone\tno entry\t127.0.0.1:9000, version 2.4.1, zone b") {
		t.Errorf("says:\n%s", r.Out)
	}
	all := keys(t, s)
	if len(all) != 1 {
		t.Fatalf("the registry holds %v", all)
	}
	for key, value := range all {
		if !strings.HasPrefix(key, "pay/") {
			t.Errorf("the key is %q", key)
		}
		for _, want := range []string{`"Addr":"127.0.0.1:9000"`, `"id":"pay-1"`, `"zone":"b"`, `"version":"2.4.1"`, `"weight":"3"`, `"team":"shop"`, `"note":"a=b"`} {
			if !strings.Contains(value, want) {
				t.Errorf("lacks %s: %s", want, value)
			}
		}
	}
}

func TestPlanOnly(t *testing.T) {
	s := start(t)
	r := run(t, s, "pay", "127.0.0.1:9000", "--dry-run", "-o", "json")
	if r.Err != nil || !strings.Contains(r.Out, `"dryRun":true`) {
		t.Errorf("ended with %v:\n%s", r.Err, r.Out)
	}
	if all := keys(t, s); len(all) != 0 {
		t.Errorf("a dry run wrote %v", all)
	}
}

// TestAsked: the default answer is No.
func TestAsked(t *testing.T) {
	for _, tt := range []struct {
		typed string
		code  app.Code
	}{
		{"\n", app.NotWell},
		{"n\n", app.NotWell},
		{"", app.NotWell},
		{"yep\n", app.NotWell},
		{"y\n", app.OK},
		{"YES\n", app.OK},
	} {
		s := start(t)
		var c *cmdtest.Console
		command := cmdtest.Command{New: register.New, Prepare: func(a *app.App) { c = cmdtest.Answers(a, tt.typed) }}
		r := command.Run(t, "pay", "127.0.0.1:9000", "--registry", s.URL())
		if r.Code() != tt.code {
			t.Errorf("%q: ended with %d (%v), want %d", tt.typed, r.Code(), r.Err, tt.code)
		}
		if c.Asked.String() != "Go on? [y/N] " {
			t.Errorf("asked %q", c.Asked.String())
		}
		if written := len(keys(t, s)) == 1; written != (tt.code == app.OK) {
			t.Errorf("%q: written is %v", tt.typed, written)
		}
		if tt.code != app.OK && !strings.Contains(r.Err.Error(), "nothing was changed") {
			t.Errorf("%q: says %q", tt.typed, r.Err)
		}
	}
}

// TestNobodyToAsk: without a terminal, or in a build, --yes is needed.
func TestNobodyToAsk(t *testing.T) {
	s := start(t)
	r := run(t, s, "pay", "127.0.0.1:9000")
	if r.Code() != app.Usage || !strings.Contains(r.Hint(), "--yes") {
		t.Errorf("ended with %d, %v, hint %q", r.Code(), r.Err, r.Hint())
	}
	build := cmdtest.Command{New: register.New, Prepare: func(a *app.App) {
		cmdtest.Answers(a, "y\n")
		a.IO.CI = term.GitHub
	}}
	if r := build.Run(t, "pay", "127.0.0.1:9000", "--registry", s.URL()); r.Code() != app.Usage {
		t.Errorf("in a build: ended with %d, %v", r.Code(), r.Err)
	}
	if all := keys(t, s); len(all) != 0 {
		t.Errorf("wrote %v", all)
	}
}

func TestReadOnly(t *testing.T) {
	s := start(t)
	for name, c := range map[string]cmdtest.Command{
		"flag":     {New: register.New, Prepare: func(a *app.App) { a.Global.ReadOnly = true }},
		"variable": {New: register.New, Env: map[string]string{"MIDWATCH_READ_ONLY": "1"}},
	} {
		r := c.Run(t, "pay", "127.0.0.1:9000", "--yes", "--registry", s.URL())
		if r.Code() != app.NotWell || !strings.Contains(r.Err.Error(), "read-only") {
			t.Errorf("%s: ended with %d, %v", name, r.Code(), r.Err)
		}
	}
	if all := keys(t, s); len(all) != 0 {
		t.Errorf("wrote %v", all)
	}
}

// streams is a standard error that is read while it is written.
type streams struct {
	mu   sync.Mutex
	text bytes.Buffer
	news chan struct{}
}

func (s *streams) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.text.Write(p)
	select {
	case s.news <- struct{}{}:
	default:
	}
	return len(p), nil
}

func (s *streams) has(want string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return strings.Contains(s.text.String(), want)
}

// hold runs register --hold in the background, until it holds.
func hold(t *testing.T, s *embedded.Server, args ...string) (stop context.CancelFunc, end chan cmdtest.Result, said *streams) {
	t.Helper()
	said = &streams{news: make(chan struct{}, 1)}
	ctx, cancel := context.WithCancel(t.Context())
	t.Cleanup(cancel)
	c := cmdtest.Command{New: register.New, Context: ctx, Prepare: func(a *app.App) { a.IO.Err = said }}
	end = make(chan cmdtest.Result, 1)
	go func() {
		end <- c.Run(t, append([]string{"pay", "127.0.0.1:9000", "--hold", "--yes", "--registry", s.URL()}, args...)...)
	}()
	over := time.After(20 * time.Second)
	for !said.has("held: kept alive") {
		select {
		case <-said.news:
		case r := <-end:
			t.Fatalf("ended with %v", r.Err)
		case <-over:
			t.Fatal("never held")
		}
	}
	return cancel, end, said
}

// TestHeld: the entry outlives its lease while the command runs, and is gone
// with it.
func TestHeld(t *testing.T) {
	s := start(t)
	stop, end, said := hold(t, s, "--ttl", "1s")
	// Two leases long nothing may delete the key.
	watching, cancel := context.WithTimeout(t.Context(), 2*time.Second)
	defer cancel()
	for w := range s.Client().Watch(watching, "pay/", clientv3.WithPrefix(), clientv3.WithFilterPut()) {
		for _, e := range w.Events {
			t.Errorf("%s was deleted while it was held", e.Kv.Key)
		}
	}
	if all := keys(t, s); len(all) != 1 {
		t.Fatalf("the registry holds %v", all)
	}
	stop()
	r := <-end
	if r.Err != nil || !said.has("taken away") {
		t.Errorf("ended with %v", r.Err)
	}
	if all := keys(t, s); len(all) != 0 {
		t.Errorf("left %v", all)
	}
}

// TestHeldAndRemoved: it does not write again what somebody took away.
func TestHeldAndRemoved(t *testing.T) {
	s := start(t)
	_, end, _ := hold(t, s, "--ttl", "1s")
	if _, err := s.Client().Delete(t.Context(), "pay/", clientv3.WithPrefix()); err != nil {
		t.Fatal(err)
	}
	r := <-end
	if r.Code() != app.NotWell || !strings.Contains(r.Err.Error(), "pay/127.0.0.1:9000 is gone from etcd") {
		t.Errorf("ended with %d, %v", r.Code(), r.Err)
	}
	if all := keys(t, s); len(all) != 0 {
		t.Errorf("wrote it again: %v", all)
	}
}

func TestWrongUsage(t *testing.T) {
	s := start(t)
	for _, tt := range []struct{ args, says, hint string }{
		{"pay 127.0.0.1", `address "127.0.0.1"`, "want HOST:PORT"},
		{"pay 127.0.0.1:0", "address", ""},
		{"pay 127.0.0.1:65536", "address", ""},
		{"pay :80", "address", ""},
		{"pay/ment 127.0.0.1:80", `service "pay/ment"`, ""},
		{"pay 127.0.0.1:80 --ttl 5s", "--ttl 5s without --hold", "add --hold"},
		{"pay 127.0.0.1:80 --ttl -5s", "must not be negative", ""},
		{"pay 127.0.0.1:80 --weight -5", "must not be negative", ""},
		{"pay 127.0.0.1:80 --label x", `--label "x"`, "want KEY=VALUE"},
		{"pay 127.0.0.1:80 --label =x", `--label "=x"`, "want KEY=VALUE"},
		{"pay 127.0.0.1:80 --source other", `no registry is called "other"`, "there are: etcd"},
	} {
		r := run(t, s, append(strings.Fields(tt.args), "--yes")...)
		if r.Code() != app.Usage || !strings.Contains(r.Err.Error(), tt.says) || !strings.Contains(r.Hint(), tt.hint) {
			t.Errorf("%s: ended with %d, %v, hint %q; want 2, %q, %q", tt.args, r.Code(), r.Err, r.Hint(), tt.says, tt.hint)
		}
	}
	if all := keys(t, s); len(all) != 0 {
		t.Errorf("wrote %v", all)
	}
}
