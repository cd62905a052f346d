package journal_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/midwatch-cli/midwatch/fleet"
	"github.com/midwatch-cli/midwatch/fleet/change"
	"github.com/midwatch-cli/midwatch/fleet/change/journal"
)

// noon is when tests are.
var noon = time.Date(2026, 1, 2, 12, 0, 0, 0, time.UTC)

func open(t testing.TB, dir string) *journal.Journal {
	t.Helper()
	j, err := journal.Open(t.Context(), dir, journal.Options{Now: func() time.Time { return noon }})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = j.Close() })
	return j
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// trip is the intent to trip breaker payment of an instance of order.
func trip(t testing.TB, instance string) change.Intent {
	t.Helper()
	i, err := change.BreakerIntent("prod", change.Target{
		Source: "etcd", Service: "order", Instance: instance, Address: "10.0.0.1:80", Breaker: "payment",
		Admin: &fleet.Administration{API: "httpapi", Base: "http://10.0.0.1:80", Profile: "go", Credentials: true},
	}, change.Order{Verb: fleet.Trip, Share: 0.5})
	must(t, err)
	return i
}

// batch is one with n targets.
func batch(t testing.TB, n int) *change.Batch {
	t.Helper()
	b := &change.Batch{
		At: noon, What: "trip order/payment", Context: "prod", Reason: "db move", Reapply: true, Override: true, Retries: "0000000000",
		Who:    change.Who{User: "root", SudoUser: "alice", Host: "bastion-1", Terminal: "pts/3", Run: "https://ci/7", PID: 4711},
		Origin: change.Origin{Config: "/etc/midwatch.yaml", Context: "prod", Registries: []string{"etcd://10.0.0.5:2379"}, Env: []string{"TOKEN"}, UserAgent: "midwatch/1"},
	}
	for k := range n {
		b.Steps = append(b.Steps, change.Record{
			N: k, Of: k + 1, Intent: trip(t, fmt.Sprintf("order-%d", k+1)), What: "trip breaker payment", Was: "closed", Will: "forced open",
			Before: change.Before(`{"State":"closed"}`), State: change.Intended,
		})
	}
	return b
}

// done is a batch that was begun, and done on all targets.
func done(t testing.TB, j *journal.Journal, b *change.Batch) {
	t.Helper()
	must(t, j.Begin(t.Context(), b))
	for i := range b.Steps {
		b.Steps[i].State = change.Done
	}
	must(t, j.Record(t.Context(), b.ID, b.Steps))
	must(t, j.Finish(t.Context(), b.ID, noon.Add(time.Second)))
}

// reread is a batch as another process reads it.
func reread(t testing.TB, dir, id string) *change.Batch {
	t.Helper()
	j := open(t, dir)
	defer func() { _ = j.Close() }()
	b, err := j.Batch(t.Context(), id)
	must(t, err)
	return b
}

// same compares batches as they are written down: an instant is the same in
// whatever zone.
func same(t testing.TB, got, want *change.Batch) {
	t.Helper()
	text := func(b *change.Batch) string {
		data, err := json.MarshalIndent(b, "", " ")
		must(t, err)
		return string(data)
	}
	utc := *got
	utc.Steps = append([]change.Record(nil), got.Steps...)
	times(reflect.ValueOf(&utc).Elem())
	if text(&utc) != text(want) {
		t.Errorf("got\n%s\nwant\n%s", text(&utc), text(want))
	}
}

// times puts all times of a value into UTC.
func times(v reflect.Value) {
	switch {
	case v.Type() == reflect.TypeFor[time.Time]():
		if at := v.Interface().(time.Time); !at.IsZero() {
			v.Set(reflect.ValueOf(at.UTC()))
		}
	case v.Kind() == reflect.Struct:
		for i := range v.NumField() {
			if v.Type().Field(i).IsExported() {
				times(v.Field(i))
			}
		}
	case v.Kind() == reflect.Slice && v.Type().Elem().Kind() == reflect.Struct:
		for i := range v.Len() {
			times(v.Index(i))
		}
	}
}

func TestAllIsKept(t *testing.T) {
	dir := t.TempDir()
	j := open(t, dir)
	b := batch(t, 3)
	b.Until = noon.Add(10 * time.Minute)
	must(t, j.Begin(t.Context(), b))
	same(t, reread(t, dir, b.ID), b)

	b.Steps[0].State, b.Steps[0].Now, b.Steps[0].Changed = change.Done, "forced open", true
	b.Steps[1].State, b.Steps[1].Error = change.Failed, "401"
	b.Steps[2].State, b.Steps[2].Error = change.Unknown, "no answer"
	for i := range b.Steps {
		b.Steps[i].Began, b.Steps[i].Ended = noon.Add(time.Second), noon.Add(2*time.Second)
	}
	must(t, j.Record(t.Context(), b.ID, b.Steps[:1]))
	must(t, j.Record(t.Context(), b.ID, b.Steps[1:]))
	must(t, j.Record(t.Context(), b.ID, nil))
	must(t, j.Again(t.Context(), b.ID, 0))
	b.Finished, b.Steps[0].Again = noon.Add(3*time.Second), 1
	must(t, j.Finish(t.Context(), b.ID, b.Finished))
	same(t, reread(t, dir, b.ID), b)
}

func TestItIsTheUsersAlone(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "state", "midwatch")
	j := open(t, dir)
	must(t, j.Begin(t.Context(), batch(t, 1)))
	for _, c := range []struct {
		name string
		mode os.FileMode
	}{{dir, 0o700}, {filepath.Join(dir, journal.File), 0o600}, {filepath.Join(dir, journal.File+"-wal"), 0o600}} {
		if info, err := os.Stat(c.name); err != nil || info.Mode().Perm() != c.mode {
			t.Errorf("%s: %v, %v, want %v", c.name, info.Mode(), err, c.mode)
		}
	}
	must(t, j.Close())
	must(t, os.Chmod(filepath.Join(dir, journal.File), 0o644))
	open(t, dir)
	if info, err := os.Stat(filepath.Join(dir, journal.File)); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("opened to everybody, it stays so: %v, %v", info.Mode(), err)
	}
}

func TestIDs(t *testing.T) {
	j := open(t, t.TempDir())
	first, second := batch(t, 1), batch(t, 1)
	done(t, j, first)
	second.At = noon.Add(time.Minute)
	done(t, j, second)
	if first.ID >= second.ID || len(first.ID) != 10 {
		t.Errorf("ids %s and %s do not sort by time", first.ID, second.ID)
	}
	for _, id := range []string{first.ID, strings.ToLower(first.ID), " " + first.ID[:9], strings.ReplaceAll(first.ID, "0", "o")} {
		if b, err := j.Batch(t.Context(), id); err != nil || b.ID != first.ID {
			t.Errorf("%q: %v", id, err)
		}
	}
	if _, err := j.Batch(t.Context(), first.ID[:2]); !errors.Is(err, change.ErrAmbiguous) || !strings.Contains(err.Error(), first.ID) || !strings.Contains(err.Error(), second.ID) {
		t.Errorf("an ambiguous beginning: %v", err)
	}
	for _, id := range []string{"", "ZZZZ", "%", "a'b", first.ID + "0"} {
		if _, err := j.Batch(t.Context(), id); !errors.Is(err, fleet.ErrNotFound) {
			t.Errorf("%q: %v", id, err)
		}
	}
}

// TestAnIDIsNeverGivenTwice: where chance gives one that is taken, another is
// made.
func TestAnIDIsNeverGivenTwice(t *testing.T) {
	j := open(t, t.TempDir())
	ids := map[string]bool{}
	for range 400 { // all in one eighth of a second: two of them alike are more likely than not
		b := batch(t, 1)
		must(t, j.Begin(t.Context(), b))
		ids[b.ID] = true
	}
	if len(ids) != 400 {
		t.Errorf("%d ids for 400 batches", len(ids))
	}
}

// ids lists what a filter finds.
func ids(t *testing.T, j *journal.Journal, f change.Filter) string {
	t.Helper()
	found, err := j.Batches(t.Context(), f)
	must(t, err)
	var all []string
	for _, b := range found {
		all = append(all, b.What)
	}
	return strings.Join(all, " ")
}

func TestFilters(t *testing.T) {
	j := open(t, t.TempDir())
	for n, c := range []struct {
		what, context string
		ttl           time.Duration
		state         change.State
	}{
		{"held", "prod", 0, change.Done},
		{"failed", "prod", 0, change.Failed},
		{"ending", "prod", time.Hour, change.Done},
		{"ended", "prod", time.Minute, change.Unknown},
		{"elsewhere", "test", time.Minute, change.Done},
	} {
		b := batch(t, 0)
		i, err := change.BreakerIntent(c.context, change.Target{Service: c.what, Breaker: "x"}, change.Order{Verb: fleet.Trip})
		must(t, err)
		b.What, b.Context, b.At = c.what, c.context, noon.Add(time.Duration(n)*time.Second)
		b.Steps = []change.Record{{Intent: i, State: change.Intended}}
		if c.ttl > 0 {
			b.Until = noon.Add(c.ttl)
		}
		must(t, j.Begin(t.Context(), b))
		b.Steps[0].State = c.state
		must(t, j.Record(t.Context(), b.ID, b.Steps))
		must(t, j.Finish(t.Context(), b.ID, noon))
	}
	unfinished := batch(t, 0)
	unfinished.What, unfinished.At = "unfinished", noon.Add(-time.Hour)
	must(t, j.Begin(t.Context(), unfinished))
	for _, c := range []struct {
		filter change.Filter
		want   string
	}{
		{change.Filter{}, "elsewhere ended ending failed held unfinished"},
		{change.Filter{Limit: 2}, "elsewhere ended"},
		{change.Filter{Context: "test"}, "elsewhere"},
		{change.Filter{Open: true}, "elsewhere ended ending held unfinished"},
		{change.Filter{Due: noon}, ""},
		{change.Filter{Due: noon.Add(time.Minute)}, "elsewhere ended"},
		{change.Filter{Due: noon.Add(time.Minute), Context: "prod"}, "ended"},
		{change.Filter{Due: noon.Add(24 * time.Hour), Open: true}, "elsewhere ended ending"},
	} {
		if got := ids(t, j, c.filter); got != c.want {
			t.Errorf("%+v: %s, want %s", c.filter, got, c.want)
		}
	}
}

// TestWhatBecomesOfAStep: a later change of the same target is in its place; an
// undo takes it back; one that was left alone is not ours any more.
func TestWhatBecomesOfAStep(t *testing.T) {
	dir := t.TempDir()
	j := open(t, dir)
	first, second, undo := batch(t, 3), batch(t, 1), batch(t, 3)
	done(t, j, first)
	held, err := j.Held(t.Context(), []change.Intent{trip(t, "order-1"), trip(t, "order-3"), trip(t, "order-7")})
	must(t, err)
	if len(held) != 1 || held[0].ID != first.ID || len(held[0].Steps) != 2 || held[0].Steps[1].N != 2 || held[0].Who.Name() != "alice" {
		t.Errorf("held: %+v", held)
	}
	done(t, j, second)
	undo.Undoes = first.ID
	for i := range undo.Steps {
		undo.Steps[i].Undo, undo.Steps[i].Of = true, i
	}
	must(t, j.Begin(t.Context(), undo))
	undo.Steps[0].State, undo.Steps[1].State, undo.Steps[2].State = change.Done, change.Done, change.Left
	must(t, j.Record(t.Context(), undo.ID, undo.Steps))
	b := reread(t, dir, first.ID)
	for i, want := range []struct {
		put change.Put
		by  string
	}{{change.PutReplaced, second.ID}, {change.PutBack, undo.ID}, {change.PutReplaced, undo.ID}} {
		if s := b.Steps[i]; s.Put != want.put || s.PutBy != want.by || !s.PutAt.Equal(noon) || s.InForce(b) {
			t.Errorf("step %d: %s by %s at %v, in force %v", i, s.Put, s.PutBy, s.PutAt, s.InForce(b))
		}
	}
	held, err = j.Held(t.Context(), []change.Intent{trip(t, "order-1"), trip(t, "order-2"), trip(t, "order-3")})
	must(t, err)
	if len(held) != 1 || held[0].ID != second.ID {
		t.Errorf("held afterwards: %+v", held)
	}
}

func TestKeeper(t *testing.T) {
	ctx := context.Background()
	now := noon
	j, err := journal.Open(ctx, t.TempDir(), journal.Options{Now: func() time.Time { return now }})
	must(t, err)
	defer func() { _ = j.Close() }()
	a, b := change.Keeper{PID: 1, Host: "n1", Env: []string{"TOKEN"}}, change.Keeper{PID: 2, Host: "n1"}
	keep := func(k, dead change.Keeper, want bool) {
		t.Helper()
		if got, err := j.Keep(ctx, k, dead); err != nil || got != want {
			t.Errorf("keeper %d: %v, %v, want %v", k.PID, got, err, want)
		}
	}
	ending := batch(t, 1)
	ending.Until, ending.Keeper = noon.Add(time.Hour), a
	if err := j.Begin(ctx, ending); !errors.Is(err, change.ErrNoKeeper) {
		t.Errorf("begun without a keeper: %v", err)
	}
	keep(a, change.Keeper{}, true)
	keep(b, change.Keeper{}, false)
	keep(a, change.Keeper{}, true)
	if k, err := j.Keeper(ctx); err != nil || !k.Same(a) || !k.Beat.Equal(now) || len(k.Env) != 1 {
		t.Errorf("%+v, %v", k, err)
	}
	done(t, j, ending)
	if left, err := j.Leave(ctx, a); err != nil || left {
		t.Errorf("left with something to put back: %v, %v", left, err)
	}
	keep(b, a, true) // a is known to be dead
	keep(a, change.Keeper{}, false)
	now = now.Add(change.KeeperLost + time.Second)
	keep(a, change.Keeper{}, true) // nothing was heard of b
	another := batch(t, 1)
	another.Until, another.Keeper = now.Add(time.Hour), b
	if err := j.Begin(ctx, another); !errors.Is(err, change.ErrNoKeeper) {
		t.Errorf("begun with another's keeper: %v", err)
	}
	undo := batch(t, 1)
	undo.Undoes, undo.Steps[0].Undo, undo.Steps[0].Of = ending.ID, true, 0
	done(t, j, undo)
	if left, err := j.Leave(ctx, a); err != nil || !left {
		t.Errorf("not left with nothing to do: %v, %v", left, err)
	}
	if k, err := j.Keeper(ctx); err != nil || !k.IsZero() {
		t.Errorf("%+v, %v", k, err)
	}
}
