package app_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/midwatch-cli/midwatch/cmd/app"
	"github.com/midwatch-cli/midwatch/cmd/term"
	"github.com/midwatch-cli/midwatch/fleet"
)

// words says what a reading holds: INSTANCE:STATUS, and what is wrong with it.
func words(r app.Reading) string {
	var all []string
	for _, svc := range r.Snapshot.Services {
		if len(svc.Instances) == 0 {
			all = append(all, svc.Name+":none")
		}
		for _, in := range svc.Instances {
			all = append(all, in.ID+":"+in.Status.String())
		}
	}
	for _, m := range r.Missing {
		all = append(all, "missing:"+m.Name)
	}
	for _, src := range r.Snapshot.Sources {
		if src.Reason != "" {
			all = append(all, src.Name+":"+string(src.Reason))
		}
	}
	return strings.Join(all, " ")
}

func TestLookOnce(t *testing.T) {
	w := newWorld(t)
	w.flags(t, "--registry", w.fleet(t, "fleet.yaml", "order "+up(t)+" "+down(t), "user "+up(t)))
	for _, c := range []struct {
		look  app.Look
		names string
		want  string
	}{
		{app.Look{}, "", "order-1:up order-2:down user-1:up"},
		{app.Look{}, "user", "user-1:up"},
		{app.Look{Asking: app.Nothing}, "", "order-1:unknown order-2:unknown user-1:unknown"},
		{app.Look{Selection: app.Selection{Instance: "order-2"}}, "", "order-2:down"},
		{app.Look{}, "usr", "missing:usr"},
	} {
		c.look.Probing, c.look.Watching.Interval = probing(), time.Second
		shown := 0
		err := c.look.Run(t.Context(), w.App, strings.Fields(c.names), func(r app.Reading) error {
			shown++
			if got := words(r); got != c.want {
				t.Errorf("%+v %s: %s, want %s", c.look, c.names, got, c.want)
			}
			return app.End(app.NotWell)
		})
		if shown != 1 || !errors.Is(err, app.End(app.NotWell)) {
			t.Errorf("shown %d times, ended with %v", shown, err)
		}
	}
}

// TestLookRefuses: what is wrong is found before anything is opened.
func TestLookRefuses(t *testing.T) {
	w := newWorld(t) // without a registry: opening would be another refusal
	show := func(app.Reading) error { t.Error("shown"); return nil }
	interval := app.Watching{Interval: time.Second}
	for want, look := range map[string]app.Look{
		"--probe-timeout 0s":      {Watching: interval},
		"--interval 0s":           {Probing: probing()},
		"--zone":                  {Probing: probing(), Watching: interval, Selection: app.Selection{Zone: "["}},
		"no registry is named":    {Asking: app.Nothing, Watching: interval}, // what is not asked needs no probes
		"no registry is named, a": {Probing: probing(), Watching: interval},
	} {
		refused(t, want, look.Run(t.Context(), w.App, nil, show), app.Usage, want)
	}
	path := w.write(t, "fleet.yaml", "services:\n  - nam: order\n")
	w.flags(t, "--registry", "file://"+path)
	for _, watch := range []bool{false, true} {
		look := app.Look{Asking: app.Nothing, Watching: app.Watching{Watch: watch, Interval: time.Second}}
		refused(t, fmt.Sprintf("watched %v", watch), look.Run(t.Context(), w.App, nil, show), app.Usage, "fleet.yaml:2", "nam")
	}
}

// TestLookWatches follows a file that is replaced, until its context ends: the
// last reading's end is the command's.
func TestLookWatches(t *testing.T) {
	for _, held := range []bool{true, false} {
		w := newWorld(t)
		good, bad := up(t), down(t)
		w.flags(t, "--registry", w.fleet(t, "fleet.yaml", "order "+good))
		ctx, stop := context.WithCancel(t.Context())
		defer stop()
		// Each state, and what the file becomes when it was seen.
		steps := []struct {
			want string
			next []string
		}{
			{"order-1:up", []string{"order " + good + " " + bad}},
			{"order-1:up order-2:down", []string{"order", "user " + good}},
			{"order:none user-1:up", []string{"user " + good}},
			{"user-1:up missing:order", nil},
		}
		asking := app.Everything
		if held {
			asking = app.Nothing
		}
		look := app.Look{Asking: asking, Probing: probing(), Watching: app.Watching{Watch: true, Interval: 200 * time.Millisecond}}
		end := look.Run(ctx, w.App, []string{"order", "user*"}, func(r app.Reading) error {
			if len(steps) == 0 {
				return app.End(app.CannotSay) // one that was under way when the context ended
			}
			want := steps[0].want
			if held {
				want = strings.NewReplacer(":up", ":unknown", ":down", ":unknown").Replace(want)
			}
			if got := strings.TrimSuffix(words(r), " missing:user*"); got != want {
				return app.End(app.NotWell) // a state may be shown several times
			}
			next := steps[0].next
			if steps = steps[1:]; next == nil {
				stop()
				return app.End(app.CannotSay)
			}
			w.write(t, "fleet.yaml", inventory(next...))
			return app.End(app.NotWell)
		})
		if len(steps) > 0 || !errors.Is(end, app.End(app.CannotSay)) {
			t.Errorf("held %v: never came to %v; ended with %v", held, steps, end)
		}
	}
}

// TestLookWatchesOnATerminal draws anew each time; off it, and quietly,
// nothing is cleared.
func TestLookWatchesOnATerminal(t *testing.T) {
	for _, c := range []struct {
		tty, quiet bool
		want       string
	}{
		{true, false, term.Redraw + "seen\n" + term.Redraw + "seen\n"},
		{false, false, "seen\nseen\n"},
		{true, true, "seen\nseen\n"},
	} {
		w := newWorld(t)
		w.flags(t, "--registry", w.fleet(t, "fleet.yaml", "order "+closed(t)))
		w.IO.OutTTY, w.IO.Quiet = c.tty, c.quiet
		ctx, stop := context.WithCancel(t.Context())
		defer stop()
		seen := 0
		look := app.Look{Asking: app.Nothing, Watching: app.Watching{Watch: true, Interval: 100 * time.Millisecond}}
		if err := look.Run(ctx, w.App, nil, func(app.Reading) error {
			if seen++; seen <= 2 {
				_, _ = fmt.Fprintln(w.IO.Out, "seen")
			}
			if seen == 2 {
				stop()
			}
			return nil
		}); err != nil {
			t.Error(err)
		}
		if got := strings.TrimSuffix(w.out.String(), term.Redraw); got != c.want {
			t.Errorf("%+v: %q", c, got)
		}
	}
}

// TestLookEndsWithItsReader: nobody reads standard output any more; the last
// verdict stays.
func TestLookEndsWithItsReader(t *testing.T) {
	w := newWorld(t)
	r, out, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = out.Close() }()
	stdout := os.Stdout
	os.Stdout = out
	w.IO = term.System()
	os.Stdout = stdout
	w.flags(t, "--registry", w.fleet(t, "fleet.yaml", "order "+down(t)))
	shown := 0
	look := app.Look{Probing: probing(), Watching: app.Watching{Watch: true, Interval: 100 * time.Millisecond}}
	end := look.Run(t.Context(), w.App, nil, func(reading app.Reading) error {
		if shown++; shown == 2 {
			_ = r.Close()
		}
		_, _ = io.WriteString(w.IO.Out, words(reading)+"\n")
		return app.End(app.NotWell)
	})
	if shown < 2 || !errors.Is(end, app.End(app.NotWell)) {
		t.Errorf("shown %d times, ended with %v", shown, end)
	}
}

// TestLookSaysHowFarItIs: a pass that is long tells on standard error, and the
// line is gone before the answer is written.
func TestLookSaysHowFarItIs(t *testing.T) {
	var asked atomic.Int32
	slow := slowServer(t, &asked)
	w := newWorld(t)
	w.flags(t, "--registry", w.fleet(t, "fleet.yaml", "order "+slow+" "+closed(t)))
	w.IO.ErrTTY = true
	look := app.Look{Probing: probing(), Watching: app.Watching{Interval: time.Second}}
	look.Probing.HealthPath = "/health"
	if err := look.Run(t.Context(), w.App, nil, func(app.Reading) error {
		if !strings.Contains(w.errs.String(), "1 of 2 instances asked") || !strings.HasSuffix(w.errs.String(), "\r\x1b[K") {
			t.Errorf("before the answer: %q", w.errs)
		}
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	if asked.Load() != 1 {
		t.Errorf("asked %d times", asked.Load())
	}
}

// slowServer answers well after more time than a person waits without a word.
func slowServer(t *testing.T, asked *atomic.Int32) string {
	t.Helper()
	return serve(t, func(w http.ResponseWriter, r *http.Request) {
		asked.Add(1)
		select {
		case <-time.After(800 * time.Millisecond):
		case <-r.Context().Done():
		}
		_, _ = io.WriteString(w, `{"status":"UP"}`)
	})
}

// TestWatchOverContexts: what a dead context cannot say does not hold up the
// others, and numbers of merged snapshots grow.
func TestWatchOverContexts(t *testing.T) {
	w := newWorld(t).flags(t, "--all-contexts")
	dead := closed(t)
	w.config(t, "contexts:\n  - name: a\n    registries: ["+w.fleet(t, "a.yaml", "order "+up(t))+"]\n"+
		"  - name: b\n    registries: [\"etcd://"+dead+"\"]\n  - name: c\n    registries: ["+w.fleet(t, "c.yaml", "user "+up(t))+"]\n")
	s := w.open(t)
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	snaps := s.Watch(ctx, compile(t), 100*time.Millisecond, app.Everything)
	var last *fleet.Snapshot
	for range 3 {
		snap, ok := <-snaps
		if !ok {
			t.Fatal("it ended by itself")
		}
		if got := words(app.Reading{Snapshot: snap}); got != "order-1:up user-1:up etcd:refused" {
			t.Errorf("got %s", got)
		}
		if snap.Context != "" || last != nil && (snap.Seq <= last.Seq || snap.At.Before(last.At)) {
			t.Errorf("context %q, seq %d after %+v", snap.Context, snap.Seq, last)
		}
		last = snap
	}
	stop()
	if drained(snaps) != nil {
		t.Error("the channel is not closed after the end")
	}
}

// drained reads on until the channel is closed.
func drained(snaps <-chan *fleet.Snapshot) error {
	over := time.After(10 * time.Second)
	for {
		select {
		case _, ok := <-snaps:
			if !ok {
				return nil
			}
		case <-over:
			return errors.New("never")
		}
	}
}

// TestWatchIsNewestOnly: a slow reader gets what is so now, not a queue.
func TestWatchIsNewestOnly(t *testing.T) {
	w := newWorld(t)
	var asked atomic.Int32
	addr := serve(t, func(rw http.ResponseWriter, _ *http.Request) {
		asked.Add(1)
		_, _ = io.WriteString(rw, `{"status":"UP"}`)
	})
	s := w.flags(t, "--registry", w.fleet(t, "fleet.yaml", "order "+addr)).open(t)
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	snaps := s.Watch(ctx, compile(t), 100*time.Millisecond, app.Everything)
	first := <-snaps
	for at, over := asked.Load(), time.Now().Add(10*time.Second); asked.Load() < at+5 && time.Now().Before(over); {
		<-time.After(10 * time.Millisecond)
	}
	if second := <-snaps; second.Seq < first.Seq+3 {
		t.Errorf("after a pause came number %d, the one before was %d", second.Seq, first.Seq)
	}
	stop()
	if drained(snaps) != nil {
		t.Error("the channel is not closed after the end")
	}
}
