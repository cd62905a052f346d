package write_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/midwatch-cli/midwatch/cmd/app"
	"github.com/midwatch-cli/midwatch/cmd/term"
	"github.com/midwatch-cli/midwatch/cmd/write"
	"github.com/midwatch-cli/midwatch/fleet"
	"github.com/midwatch-cli/midwatch/fleet/change"
	"github.com/midwatch-cli/midwatch/fleet/change/journal"
	"github.com/midwatch-cli/midwatch/fleet/change/keeper"
)

// writes is a writer to the context.
func (w *writing) writes(t *testing.T) *write.Writer {
	t.Helper()
	writer, err := write.New(t.Context(), w.session, w.session.Fleets[0], &w.flags)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(writer.Close)
	return writer
}

// journal is the one of the world, as another process sees it.
func (w *writing) journal(t *testing.T) *journal.Journal {
	t.Helper()
	j, err := journal.Open(t.Context(), filepath.Join(w.dir, "state", "midwatch"), journal.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = j.Close() })
	return j
}

// TestWhoPutsItBack: where nobody could, --ttl is refused before anything is
// changed.
func TestWhoPutsItBack(t *testing.T) {
	lives := change.Keeper{PID: 4711, Host: "bastion-1"}
	for _, c := range []struct {
		name  string
		spoil func(w *writing, writer *write.Writer)
		code  app.Code
		says  []string
	}{
		{"a build", func(w *writing, _ *write.Writer) { w.IO.CI = term.GitHub }, app.Usage, []string{"--ttl in a build", "hint: add --wait"}},
		{"the first process of a container", func(_ *writing, writer *write.Writer) { writer.As(1) }, app.Usage, []string{"first process of a container", "hint: add --wait"}},
		{"none begins", func(_ *writing, writer *write.Writer) {
			writer.Keep(change.Keeper{}, &fleet.Error{Detail: "no keeper could be started", Hint: "look there"})
		}, app.NotWell, []string{"nothing was changed: no keeper could be started", "hint: look there"}},
		{"its keeper has not the secret", func(_ *writing, writer *write.Writer) { writer.Needs("TOKEN") }, app.NotWell, []string{"keeper 4711 was started without $TOKEN and could not put it back: nothing was changed", "hint: keep the secret in a file"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := newWriting(t)
			w.flags = write.Flags{Yes: true, TTL: time.Hour}
			writer := w.writes(t)
			writer.Keep(lives, nil)
			c.spoil(w, writer)
			_, err := writer.Make(t.Context(), write.Intents(deregister(t, "payment", "payment-1", 0)))
			refused(t, c.name, err, c.code, c.says...)
			if got := w.holds(t); got != before {
				t.Errorf("the registry holds %s", got)
			}
		})
	}
}

// TestTheKeeperIsNamed: the plan says who puts it back and when; a keeper that
// left meanwhile is started again.
func TestTheKeeperIsNamed(t *testing.T) {
	w := newWriting(t, "--utc")
	w.flags = write.Flags{Yes: true, TTL: time.Hour, Reason: "db move"}
	j := w.journal(t)
	self := change.Keeper{PID: os.Getpid(), Host: keeper.Host()}
	if _, err := j.Keep(t.Context(), self, change.Keeper{}); err != nil {
		t.Fatal(err)
	}
	writer := w.writes(t)
	writer.Keep(self, nil)
	if _, err := writer.Make(t.Context(), write.Intents(deregister(t, "payment", "payment-1", 0))); err != nil {
		t.Fatal(err)
	}
	if want := fmt.Sprintf(" UTC (1 h) by keeper %d on %s.\n", self.PID, self.Host); !strings.Contains(w.errs.String(), want) {
		t.Errorf("%q lacks %q", w.errs, want)
	}
	found, err := j.Batches(t.Context(), change.Filter{Open: true})
	if err != nil || len(found) != 1 {
		t.Fatalf("%+v, %v", found, err)
	}
	b := found[0]
	if b.Reason != "db move" || !b.Keeper.Same(self) || b.Until.Sub(b.At) != time.Hour || b.Origin.Context != "plain" || !filepath.IsAbs(b.Origin.Config) || b.Who.PID != os.Getpid() || b.Who.User == "" {
		t.Errorf("%+v", b)
	}
}

// TestOverdueFirst: whoever changes something puts back what is overdue in the
// same context, and says so; elsewhere it is left.
func TestOverdueFirst(t *testing.T) {
	w := newWriting(t)
	w.flags = write.Flags{Yes: true, TTL: time.Second, Wait: true}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	writer := w.writes(t)
	_, err := writer.Make(ctx, write.Intents(deregister(t, "payment", "payment-1", 0)))
	if !errors.Is(err, context.Canceled) {
		t.Errorf("cancelled before it began: %v", err)
	}
	if _, err = writer.Make(t.Context(), write.Intents(deregister(t, "payment", "payment-1", 0))); err != nil {
		t.Fatal(err)
	}
	if got := w.holds(t); got != before || !strings.HasSuffix(w.errs.String(), "put back\n") {
		t.Errorf("the registry holds %s; %s", got, w.errs)
	}
	w.errs.Reset()
	write.Overdue(t.Context(), w.App)
	if w.errs.Len() > 0 {
		t.Errorf("it is put back, and %s", w.errs)
	}
}

// TestRoom: the last instance that serves stays, and no more are taken out than
// is allowed.
func TestRoom(t *testing.T) {
	const up, down, unknown, ill = fleet.Up, fleet.Down, fleet.Unknown, fleet.Degraded
	for _, c := range []struct {
		name   string
		status []fleet.Status
		out    []int
		flags  write.Flags
		says   string // empty: it is allowed
		code   app.Code
	}{
		{"one of four", []fleet.Status{up, up, up, up}, []int{0}, write.Flags{}, "", 0},
		{"two of four", []fleet.Status{up, ill, up, up}, []int{0, 1}, write.Flags{}, "", 0},
		{"three of four", []fleet.Status{up, up, up, up}, []int{0, 1, 2}, write.Flags{}, "3 of 4 of order would not serve, and --max-unavailable is 50%", app.NotWell},
		{"three of four are allowed", []fleet.Status{up, up, up, up}, []int{0, 1, 2}, write.Flags{MaxUnavailable: "3"}, "", 0},
		{"all, and so many are allowed", []fleet.Status{up, up}, []int{0, 1}, write.Flags{MaxUnavailable: "100%"}, "no instance of order would serve any more: all 2 that do of its 2 are taken out: nothing was changed", app.NotWell},
		{"the last that serves", []fleet.Status{up, down, unknown}, []int{0}, write.Flags{MaxUnavailable: "100%"}, "order-0 is the last of order that serves, of 3 instances: nothing was changed", app.NotWell},
		{"the last, and it is meant", []fleet.Status{up, down}, []int{0}, write.Flags{AllowEmpty: true}, "", 0},
		{"some are down already", []fleet.Status{up, up, down, down}, []int{0}, write.Flags{}, "3 of 4 of order", app.NotWell},
		{"what is down already", []fleet.Status{up, down, down, down}, []int{1, 2}, write.Flags{}, "", 0},
		{"half of one is none", []fleet.Status{up, up, up}, []int{0, 1}, write.Flags{MaxUnavailable: "50%"}, "2 of 3 of order", app.NotWell},
		{"no number", []fleet.Status{up}, nil, write.Flags{MaxUnavailable: "some"}, `--max-unavailable "some"`, app.Usage},
		{"more than all", []fleet.Status{up}, nil, write.Flags{MaxUnavailable: "101%"}, `--max-unavailable "101%"`, app.Usage},
	} {
		ref := fleet.Ref{Context: "prod", Source: "etcd", Name: "order"}
		view := fleet.ServiceView{Ref: ref}
		for k, s := range c.status {
			view.Instances = append(view.Instances, fleet.InstanceView{Key: fleet.Key{Ref: ref}, Instance: fleet.Instance{ID: fmt.Sprint("order-", k)}, Status: s})
		}
		var plan change.Plan
		for _, k := range c.out {
			plan.Steps = append(plan.Steps, change.Step{Intent: change.Intent{Context: "prod", Target: change.Target{Source: "etcd", Service: "order", Instance: fmt.Sprint("order-", k)}}})
		}
		err := c.flags.Room(&fleet.Snapshot{Services: []fleet.ServiceView{view}}, &plan)
		if c.says == "" {
			if err != nil {
				t.Errorf("%s: %v", c.name, err)
			}
			continue
		}
		refused(t, c.name, err, c.code, c.says)
	}
}

// TestManyAreSummed: a plan of many targets is told in groups.
func TestManyAreSummed(t *testing.T) {
	w := newWriting(t)
	w.flags = write.Flags{Yes: true, DryRun: true}
	var intents []change.Intent
	for n := range 30 {
		intents = append(intents, register(t, "payment", fmt.Sprintf("payment-%d", n+10), "10.0.0.9:80"))
	}
	if _, err := w.writes(t).Make(t.Context(), write.Intents(intents...)); err != nil {
		t.Fatal(err)
	}
	if got := w.errs.String(); !strings.Contains(got, "30 targets\n  30  no entry  →  10.0.0.9:80\n") || strings.Count(got, "\n") > 3 {
		t.Errorf("%s", got)
	}
	if strings.Count(w.out.String(), "\n") != 31 {
		t.Errorf("the answer has %d lines", strings.Count(w.out.String(), "\n"))
	}
}

// TestRuns: a CI run is named by its address.
func TestRuns(t *testing.T) {
	for want, env := range map[string][]string{
		"https://github.com/a/b/actions/runs/7": {"GITHUB_SERVER_URL=https://github.com", "GITHUB_REPOSITORY=a/b", "GITHUB_RUN_ID=7"},
		"https://gitlab/job/7":                  {"CI_JOB_URL=https://gitlab/job/7"},
		"ci":                                    nil,
	} {
		w := newWorld(t, env...)
		if w.IO.CI = term.OtherCI; write.Run(w.App) != want {
			t.Errorf("%q, want %q", write.Run(w.App), want)
		}
	}
	if got := write.Run(newWorld(t).App); got != "" {
		t.Errorf("outside of one: %q", got)
	}
}

// broken is a standard output that takes nothing.
type broken struct{}

func (broken) Write([]byte) (int, error) { return 0, errors.New("no space left on device") }

// TestAPromiseIsKeptWhateverBecomesOfTheAnswer: --wait puts back also where the
// answer could not be written. It went, and left the change for nobody.
func TestAPromiseIsKeptWhateverBecomesOfTheAnswer(t *testing.T) {
	w := newWriting(t)
	w.flags = write.Flags{Yes: true, TTL: time.Second, Wait: true}
	w.IO.Out = broken{}
	_, err := w.make(t.Context(), t, deregister(t, "payment", "payment-1", 0))
	refused(t, "a full disk", err, app.CannotSay, "it was done, and the answer could not be written: no space left on device")
	if got := w.holds(t); got != before || !strings.HasSuffix(w.errs.String(), "put back\n") {
		t.Errorf("the registry holds %s; %s", got, w.errs)
	}
}
