package changes_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/midwatch-cli/midwatch/cmd/app"
	"github.com/midwatch-cli/midwatch/cmd/changes"
	"github.com/midwatch-cli/midwatch/cmd/cmdtest"
	"github.com/midwatch-cli/midwatch/fleet/change"
	"github.com/midwatch-cli/midwatch/fleet/change/journal"
	"github.com/midwatch-cli/midwatch/fleet/change/keeper"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// world is a journal and the command on it, at noon.
type world struct {
	t   *testing.T
	dir string
	j   *journal.Journal
	tty bool
}

var noon = time.Date(2026, 1, 2, 12, 0, 0, 0, time.UTC)

func newWorld(t *testing.T) *world {
	t.Helper()
	w := &world{t: t, dir: t.TempDir()}
	var err error
	w.j, err = journal.Open(t.Context(), filepath.Join(w.dir, "midwatch"), journal.Options{Now: func() time.Time { return noon }})
	must(t, err)
	t.Cleanup(func() { _ = w.j.Close() })
	return w
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// run runs the command.
func (w *world) run(args ...string) cmdtest.Result {
	w.t.Helper()
	return cmdtest.Command{
		New: changes.New, Env: map[string]string{"XDG_STATE_HOME": w.dir},
		Prepare: func(a *app.App) {
			a.Now = func() time.Time { return noon }
			a.IO.OutTTY = w.tty
			a.IO.Wide = func() int { return 160 }
		},
	}.Run(w.t, args...)
}

// made is a change that was made: what it is called, by whom, how long ago, how
// long it holds, and how its steps ended.
type made struct {
	what   string
	who    change.Who
	ago    time.Duration
	ttl    time.Duration
	states []change.State
	begun  bool // and never finished
}

// add writes a change down and returns its id.
func (w *world) add(m made) string {
	w.t.Helper()
	if m.who.User == "" {
		m.who = change.Who{User: "alice", Host: "bastion-1"}
	}
	b := &change.Batch{At: noon.Add(-m.ago), What: m.what, Context: "", Who: m.who, Reason: "db move", Origin: change.Origin{Registries: []string{"memory=memory://"}}}
	if m.ttl > 0 {
		b.Until = b.At.Add(m.ttl)
	}
	for k := range m.states {
		i, err := change.RegisterIntent("", change.Target{Source: "memory", Service: m.what, Instance: string(rune('a' + k))}, change.Entry{Address: "10.0.0.1:80"})
		must(w.t, err)
		b.Steps = append(b.Steps, change.Record{N: k, Intent: i, What: m.what, Was: "no entry", Will: "10.0.0.1:80", Before: change.Before(`{"Was":null}`), State: change.Intended})
	}
	must(w.t, w.j.Begin(w.t.Context(), b))
	if m.begun {
		return b.ID
	}
	for k, s := range m.states {
		b.Steps[k].State, b.Steps[k].Now = s, "10.0.0.1:80"
	}
	must(w.t, w.j.Record(w.t.Context(), b.ID, b.Steps))
	must(w.t, w.j.Finish(w.t.Context(), b.ID, b.At))
	return b.ID
}

// all is one change of each kind.
func (w *world) all() map[string]string {
	done, failed := change.Done, change.Failed
	return map[string]string{
		"forced":   w.add(made{what: "forced", ago: 2 * time.Minute, ttl: 10 * time.Minute, states: []change.State{done, done, failed}}),
		"overdue":  w.add(made{what: "overdue", ago: time.Hour - time.Minute, ttl: 55 * time.Minute, states: []change.State{done}}),
		"broken":   w.add(made{what: "broken", ago: time.Hour, states: []change.State{done}, begun: true, who: change.Who{User: "bob", Host: keeper.Host(), PID: 1 << 30}}),
		"running":  w.add(made{what: "running", ago: time.Minute, states: []change.State{done}, begun: true, who: change.Who{User: "bob", Host: keeper.Host(), PID: os.Getpid()}}),
		"plain":    w.add(made{what: "plain", ago: 3 * time.Hour, states: []change.State{done}}),
		"refused":  w.add(made{what: "refused", ago: 4 * time.Hour, states: []change.State{failed}}),
		"long ago": w.add(made{what: "long ago", ago: 48 * time.Hour, states: []change.State{done}}),
	}
}

func TestList(t *testing.T) {
	w := newWorld(t)
	ids := w.all()
	w.tty = true
	r := w.run()
	want := []string{
		"CHANGE WHAT WHERE WHO SINCE ENDS NOW",
		ids["overdue"] + " overdue memory alice 59 m 4 m ago overdue",
		ids["broken"] + " broken memory bob 1 h – interrupted",
		ids["running"] + " running memory bob 1 m – running",
		ids["forced"] + " forced 2 of 3 instances alice 2 m in 8 m in force",
		ids["plain"] + " plain memory alice 3 h – done",
		ids["refused"] + " refused memory alice 4 h – failed",
	}
	var got []string
	for line := range strings.Lines(r.Out) {
		if words := strings.Join(strings.Fields(line), " "); words != "" {
			got = append(got, words)
		}
	}
	if r.Err != nil || strings.Join(got, "\n") != strings.Join(want, "\n") || !strings.Contains(r.Errs, "hint: midwatch changes settle") {
		t.Errorf("%v\n%s\nwant\n%s\n%s", r.Err, strings.Join(got, "\n"), strings.Join(want, "\n"), r.Errs)
	}
	w.tty = false
	r = w.run("list", "--all", "-o", "name")
	if names := strings.Fields(r.Out); len(names) != 7 || names[6] != ids["long ago"] {
		t.Errorf("%q", names)
	}
	if r = w.run("list", "--context", "prod", "-o", "name"); r.Out != "" {
		t.Errorf("of another context: %s", r.Out)
	}
}

// TestVerify: only who asks for it has the targets read.
func TestVerify(t *testing.T) {
	w := newWorld(t)
	ids := w.all()
	for _, args := range [][]string{{"list", "--verify"}, {"show", ids["forced"]}} {
		r := w.run(append(args, "-o", "json")...)
		var doc struct {
			Items []struct {
				ID, Now, Note string
				Targets       []struct {
					Found   string
					Drifted bool
				}
			}
		}
		must(t, json.Unmarshal([]byte(r.Out), &doc))
		seen := false
		for _, item := range doc.Items {
			if item.ID != ids["forced"] {
				continue
			}
			seen = true
			if item.Now != "drifted" || item.Note != "2 of 2: no entry, not by us" || !item.Targets[0].Drifted || item.Targets[0].Found != "no entry" || item.Targets[2].Drifted {
				t.Errorf("%v: %+v", args, item)
			}
		}
		if !seen || r.Err != nil {
			t.Errorf("%v: %v\n%s", args, r.Err, r.Out)
		}
	}
}

func TestShow(t *testing.T) {
	w := newWorld(t)
	ids := w.all()
	w.tty = true
	r := w.run("show", strings.ToLower(ids["forced"]))
	for _, part := range []string{
		ids["forced"] + "  forced: drifted\n", `  by alice@bastion-1, 2 m ago: "db move"`, "  ends in 8 m\n", "forced/a", "no entry, not by us", "hint: midwatch changes undo " + ids["forced"],
	} {
		if !strings.Contains(r.Out+r.Errs, part) {
			t.Errorf("%q is not in\n%s%s", part, r.Out, r.Errs)
		}
	}
	r = w.run("show", "1")
	if r.Code() != app.Usage || !strings.Contains(r.Err.Error(), "several changes begin so") {
		t.Errorf("an ambiguous id: %v", r.Err)
	}
	r = w.run("show", "ZZZZZZZZZZ")
	if r.Code() != app.CannotSay || r.Hint() != "midwatch changes --all lists them" {
		t.Errorf("an unknown id: %v", r.Err)
	}
}

// TestSettle: what is overdue is put back, and what was broken off is found
// out; what is in force, and what runs, is left.
func TestSettle(t *testing.T) {
	w := newWorld(t)
	ids := w.all()
	r := w.run("settle", "--dry-run", "-o", "name")
	if got := strings.Fields(r.Out); r.Err != nil || len(got) != 2 {
		t.Errorf("%q, %v", got, r.Err)
	}
	r = w.run("settle", "-o", "json")
	if r.Err != nil {
		t.Errorf("%v\n%s", r.Err, r.Errs)
	}
	for name, want := range map[string]change.Stand{
		"overdue": change.StandReplaced, // there is no entry any more, and it was not us
		"broken":  change.StandFailed, "forced": change.StandInForce, "running": change.StandRunning, "plain": change.StandDone,
	} {
		b, err := w.j.Batch(t.Context(), ids[name])
		must(t, err)
		if got := b.Stand(noon, keeper.Alive); got != want && (name != "overdue" || got != change.StandUndone) {
			t.Errorf("%s is %s, want %s", name, got, want)
		}
	}
	if r = w.run("settle"); r.Err != nil || !strings.Contains(r.Errs, "nothing is overdue") {
		t.Errorf("again: %v, %s", r.Err, r.Errs)
	}
	if r = w.run("settle", "--read-only"); r.Code() != app.NotWell {
		t.Errorf("read-only: %v", r.Err)
	}
}

// TestSettleWhatCannotBe: a registry that is not known any more.
func TestSettleWhatCannotBe(t *testing.T) {
	w := newWorld(t)
	id := w.add(made{what: "overdue", ago: time.Hour, ttl: time.Minute, states: []change.State{change.Done}})
	b, err := w.j.Batch(t.Context(), id)
	must(t, err)
	b.Origin = change.Origin{Config: filepath.Join(w.dir, "gone.yaml"), Context: "prod"}
	b.At, b.Until = noon.Add(-time.Minute), noon.Add(-time.Second)
	b.Steps[0].Intent.Target.Service = "elsewhere"
	must(t, w.j.Begin(t.Context(), b))
	must(t, w.j.Record(t.Context(), b.ID, b.Steps))
	must(t, w.j.Finish(t.Context(), b.ID, noon))
	r := w.run("settle", "-o", "json")
	if r.Code() != app.Partial || !strings.Contains(r.Out, "gone.yaml") {
		t.Errorf("%v\n%s", r.Err, r.Out)
	}
	if r = w.run("settle"); r.Code() != app.NotWell {
		t.Errorf("nothing of it: %v", r.Err)
	}
	if r = w.run("list", "--verify"); r.Err != nil || !strings.Contains(r.Errs, "could not be verified: "+b.ID) {
		t.Errorf("%v\n%s", r.Err, r.Errs)
	}
}

func TestExport(t *testing.T) {
	w := newWorld(t)
	w.all()
	r := w.run("export")
	lines := strings.Split(strings.TrimSpace(r.Out), "\n")
	if r.Err != nil || len(lines) != 7 {
		t.Fatalf("%d lines, %v", len(lines), r.Err)
	}
	for _, line := range lines {
		var item struct {
			ID, What string
			Targets  []any
		}
		if err := json.Unmarshal([]byte(line), &item); err != nil || len(item.ID) != 10 || item.What == "" || len(item.Targets) == 0 {
			t.Errorf("%v: %s", err, line)
		}
	}
	if r = w.run("export", "-o", "json"); !strings.Contains(r.Out, `"kind":"Changes"`) {
		t.Errorf("%s", r.Out)
	}
}

// TestUndo: asked, done, and only once.
func TestUndo(t *testing.T) {
	w := newWorld(t)
	id := w.add(made{what: "forced", ago: 2 * time.Minute, ttl: time.Hour, states: []change.State{change.Done}})
	if r := w.run("undo", id); r.Code() != app.Usage || !strings.Contains(r.Err.Error(), "no terminal") {
		t.Errorf("%v", r.Err)
	}
	r := w.run("undo", id, "--yes")
	if r.Err != nil || !strings.Contains(r.Errs, "This takes back "+id+`: forced, by alice@bastion-1, 2 m ago ("db move").`) || !strings.Contains(r.Errs, "it is as before already") {
		t.Errorf("%v\n%s%s", r.Err, r.Out, r.Errs)
	}
	if r = w.run("undo", id, "--yes"); r.Code() != app.NotWell || !strings.Contains(r.Err.Error(), "nothing of change "+id+" is left") {
		t.Errorf("again: %v", r.Err)
	}
	if r = w.run("undo"); r.Code() == app.OK {
		t.Error("no change was named")
	}
	if r = w.run("frobnicate"); r.Code() != app.Usage || !strings.Contains(r.Hint(), "undo") {
		t.Errorf("%v, %s", r.Err, r.Hint())
	}
}

// TestNothingHostileIsShown: what far sides and their names say comes into the
// journal as it is, and out of it as words.
func TestNothingHostileIsShown(t *testing.T) {
	const hostile = "a\tb\nc\r\x1b[31md\x1b]0;owned\a\u202e\x00\xff::error::"
	w := newWorld(t)
	i, err := change.RegisterIntent("", change.Target{Source: hostile, Service: hostile, Instance: hostile}, change.Entry{Address: "10.0.0.1:80"})
	must(t, err)
	b := &change.Batch{At: noon, What: hostile, Who: change.Who{User: hostile, Host: hostile, Terminal: hostile, Run: hostile}, Reason: hostile, Until: noon.Add(-time.Hour), Finished: noon, Steps: []change.Record{
		{Intent: i, What: hostile, Was: hostile, Will: hostile, Now: hostile, Error: hostile, Before: change.Before("{}"), State: change.Intended},
	}}
	must(t, w.j.Begin(t.Context(), b))
	b.Steps[0].State = change.Unknown
	must(t, w.j.Record(t.Context(), b.ID, b.Steps))
	for _, tty := range []bool{false, true} {
		w.tty = tty
		for _, args := range [][]string{{}, {"list", "-o", "wide"}, {"show", b.ID}, {"list", "-o", "json"}, {"list", "-o", "yaml"}, {"export"}, {"list", "-o", "name"}} {
			r := w.run(args...)
			if strings.ContainsFunc(r.Out+r.Errs, func(c rune) bool { return c < ' ' && c != '\n' && c != '\t' || c == 0x7f || c == '\u202e' }) {
				t.Errorf("%v, tty %v: %q", args, tty, r.Out+r.Errs)
			}
			if len(args) == 0 && !tty {
				lines := strings.Split(strings.TrimRight(r.Out, "\n"), "\n")
				if len(lines) != 2 || strings.Count(lines[0], "\t") != strings.Count(lines[1], "\t") {
					t.Errorf("its table is %q", r.Out)
				}
			}
		}
	}
}
