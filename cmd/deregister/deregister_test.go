package deregister_test

import (
	"context"
	"strings"
	"testing"

	"github.com/spf13/cobra"
	clientv3 "go.etcd.io/etcd/client/v3"

	"github.com/midwatch-cli/midwatch/cmd/app"
	"github.com/midwatch-cli/midwatch/cmd/cmdtest"
	"github.com/midwatch-cli/midwatch/cmd/deregister"
	"github.com/midwatch-cli/midwatch/fleet/registry/etcd/embedded"
)

// start runs an etcd that holds pay/1 and pay/2.
func start(t *testing.T) *embedded.Server {
	t.Helper()
	s, err := embedded.Start(t.Context(), t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.Close)
	for id, addr := range map[string]string{"1": "127.0.0.1:9001", "2": "127.0.0.1:9002"} {
		value := `{"Op":0,"Addr":"` + addr + `","Metadata":{"id":"` + id + `"}}`
		if _, err := s.Client().Put(t.Context(), "pay/"+addr, value); err != nil {
			t.Fatal(err)
		}
	}
	return s
}

func count(t *testing.T, s *embedded.Server) int {
	t.Helper()
	got, err := s.Client().Get(t.Context(), "", clientv3.WithPrefix(), clientv3.WithCountOnly())
	if err != nil {
		t.Fatal(err)
	}
	return int(got.Count)
}

func run(t *testing.T, s *embedded.Server, args ...string) cmdtest.Result {
	t.Helper()
	return cmdtest.Command{New: deregister.New}.Run(t, append([]string{"--registry", s.URL()}, args...)...)
}

func TestRemoved(t *testing.T) {
	for _, tt := range []struct {
		args string
		left int
	}{
		{"pay/1", 1},
		{"pay/127.0.0.1:9001", 1}, // an address names it too
		{"pay/1 pay/2", 0},
	} {
		s := start(t)
		r := run(t, s, append(strings.Fields(tt.args), "--observe", "0s", "--yes")...)
		if r.Err != nil || !strings.Contains(r.Out, "\tdone\t") {
			t.Errorf("%s: ended with %v\n%s", tt.args, r.Err, r.Out)
		}
		if n := count(t, s); n != tt.left {
			t.Errorf("%s: %d entries are left, want %d", tt.args, n, tt.left)
		}
	}
}

func TestPlanOnly(t *testing.T) {
	s := start(t)
	r := run(t, s, "pay/1", "pay/2", "--dry-run", "-o", "name")
	if r.Err != nil || r.Out != "pay/1\npay/2\n" || count(t, s) != 2 {
		t.Errorf("ended with %v and %q, %d entries", r.Err, r.Out, count(t, s))
	}
}

func TestAsked(t *testing.T) {
	for typed, code := range map[string]app.Code{"\n": app.NotWell, "y\n": app.OK} {
		s := start(t)
		c := cmdtest.Command{New: deregister.New, Prepare: func(a *app.App) { cmdtest.Answers(a, typed) }}
		r := c.Run(t, "pay/1", "--observe", "0s", "--registry", s.URL())
		if r.Code() != code || !strings.Contains(r.Errs, "deregister pay/1 from etcd") || !strings.Contains(r.Errs, "127.0.0.1:9001  →  no entry") {
			t.Errorf("%q: ended with %d\n%s", typed, r.Code(), r.Errs)
		}
		if gone := count(t, s) == 1; gone != (code == app.OK) {
			t.Errorf("%q: gone is %v", typed, gone)
		}
	}
}

// lives writes what is deleted again, as a living service does.
func lives(t *testing.T, s *embedded.Server) {
	t.Helper()
	ctx, stop := context.WithCancel(t.Context())
	changes := s.Client().Watch(ctx, "pay/127.0.0.1:9001", clientv3.WithPrevKV(), clientv3.WithFilterPut())
	done := make(chan struct{})
	go func() {
		defer close(done)
		for c := range changes {
			for _, e := range c.Events {
				_, _ = s.Client().Put(ctx, string(e.Kv.Key), string(e.PrevKv.Value))
			}
		}
	}()
	t.Cleanup(func() {
		stop()
		<-done
	})
}

// TestComesBack: a change that did not last is no change.
func TestComesBack(t *testing.T) {
	s := start(t)
	lives(t, s)
	r := run(t, s, "pay/1", "--observe", "20s", "--yes")
	if r.Code() != app.NotWell || !strings.Contains(r.Out, "\tfailed\t") || !strings.Contains(r.Out, "127.0.0.1:9001") {
		t.Errorf("ended with %d:\n%s", r.Code(), r.Out)
	}
	if !strings.Contains(r.Out, "came back") && !strings.Contains(r.Out, "there again") {
		t.Errorf("does not say that it came back:\n%s", r.Out)
	}
	// One that stays away beside it: some of the targets.
	r = run(t, s, "pay/1", "pay/2", "--observe", "1s", "--yes")
	if r.Code() != app.Partial {
		t.Errorf("ended with %d, want 4:\n%s", r.Code(), r.Out)
	}
}

func TestRefused(t *testing.T) {
	s := start(t)
	for _, tt := range []struct {
		args string
		code app.Code
		says string
	}{
		{"pay", app.Usage, `"pay" is no SERVICE/INSTANCE`},
		{"/1", app.Usage, "no SERVICE/INSTANCE"},
		{"pay/", app.Usage, "no SERVICE/INSTANCE"},
		{"pay/1 --observe -1s", app.Usage, "must not be negative"},
		{"pay/1 --source other", app.Usage, "no registry is called"},
		{"pay/9", app.CannotSay, "nothing was changed"},
		{"nobody/1", app.CannotSay, "nothing was changed"},
		{"pay/1 pay/9", app.CannotSay, "nothing was changed"},
		{"pay/1 --read-only", app.NotWell, "read-only"},
		{"pay/1 -n stage", app.CannotSay, "nothing was changed"},
	} {
		r := run(t, s, append(strings.Fields(tt.args), "--yes")...)
		if r.Code() != tt.code || !strings.Contains(r.Err.Error(), tt.says) {
			t.Errorf("%s: ended with %d, %v; want %d, %q", tt.args, r.Code(), r.Err, tt.code, tt.says)
		}
	}
	if n := count(t, s); n != 2 {
		t.Errorf("%d entries are left, want both", n)
	}
}

func TestCompletesInstances(t *testing.T) {
	s := start(t)
	var offered []string
	c := cmdtest.Command{New: func(a *app.App) *cobra.Command {
		cmd := deregister.New(a)
		cmd.Args = nil
		cmd.RunE = func(cmd *cobra.Command, _ []string) error {
			offered, _ = cmd.ValidArgsFunction(cmd, nil, "")
			return nil
		}
		return cmd
	}}
	if r := c.Run(t, "--registry", s.URL()); r.Err != nil {
		t.Fatal(r.Err)
	}
	if got := strings.Join(offered, " "); got != "pay/1 pay/2" {
		t.Errorf("offers %q", got)
	}
}
