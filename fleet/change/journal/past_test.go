package journal_test

import (
	"database/sql"
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"

	_ "modernc.org/sqlite"

	"github.com/midwatch-cli/midwatch/fleet"
	"github.com/midwatch-cli/midwatch/fleet/change"
	"github.com/midwatch-cli/midwatch/fleet/change/journal"
)

// old fills a journal with changes that are long over.
func old(tb testing.TB, dir string, batches int) {
	tb.Helper()
	db, err := sql.Open("sqlite", filepath.Join(dir, journal.File))
	must(tb, err)
	defer func() { must(tb, db.Close()) }()
	tx, err := db.Begin()
	must(tb, err)
	for n := range batches {
		id := fmt.Sprintf("0%09d", n)
		_, err = tx.Exec(`INSERT INTO batches (id, at, what, context, who, reason, origin, until, keeper_pid, keeper_host, reapply, undoes, retries, override, finished)
			VALUES (?, ?, 'trip order/payment', 'prod', '{}', '', '{}', ?, 0, '', 0, '', '', 0, 1)`, id, n+1, (n%2)*(n+2))
		must(tb, err)
		_, err = tx.Exec(`INSERT INTO steps (batch, n, of, undo, intent, key, holds, what, was, will, before, state, put, put_by) VALUES (?, 0, 0, 0, '{}', 'k', 1, '', '', '', '{}', 'done', 'undone', 'x')`, id)
		must(tb, err)
	}
	must(tb, tx.Commit())
}

// BenchmarkLongPast: what is asked by every command that reads, and by the keeper
// each second, does not grow with what is over.
func BenchmarkLongPast(b *testing.B) {
	dir := b.TempDir()
	j, err := journal.Open(b.Context(), dir, journal.Options{})
	must(b, err)
	defer func() { _ = j.Close() }()
	old(b, dir, 100_000)
	for name, f := range map[string]change.Filter{
		"open": {Open: true}, "due": {Due: time.Now()}, "newest": {Limit: 50}, "since": {Since: time.Now()},
	} {
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				found, err := j.Batches(b.Context(), f)
				if must(b, err); name != "newest" && len(found) > 0 {
					b.Fatalf("%d found", len(found))
				}
			}
		})
	}
	b.Run("held", func(b *testing.B) {
		i, err := change.BreakerIntent("prod", change.Target{Service: "order"}, change.Order{Verb: fleet.Trip})
		must(b, err)
		for b.Loop() {
			_, err := j.Held(b.Context(), []change.Intent{i})
			must(b, err)
		}
	})
}

// TestAnOlderJournal: what an older midwatch wrote is brought up to date by the
// first who writes, and nothing of it is lost.
func TestAnOlderJournal(t *testing.T) {
	dir := t.TempDir()
	db, err := sql.Open("sqlite", filepath.Join(dir, journal.File))
	must(t, err)
	for _, statement := range []string{
		journal.First, "PRAGMA user_version=1",
		`INSERT INTO batches (id, at, what, context, who, reason, origin, until, keeper_pid, keeper_host, reapply, undoes, retries, override, finished)
			VALUES ('1K9XQ2M7AB', 1, 'deregister payment/payment-1', 'prod', '{}', '', '{}', 2, 0, '', 0, '', '', 0, 1)`,
		`INSERT INTO steps (batch, n, of, undo, intent, key, holds, what, was, will, before, state) VALUES ('1K9XQ2M7AB', 0, 0, 0, '{"Kind":"deregister"}', 'k', 0, '', '', '', '{}', 'done')`,
	} {
		_, err = db.Exec(statement)
		must(t, err)
	}
	must(t, db.Close())
	r, err := journal.Read(t.Context(), dir, journal.Options{})
	must(t, err)
	if found, err := r.Batches(t.Context(), change.Filter{}); err != nil || len(found) != 1 {
		t.Errorf("read as it is: %+v, %v", found, err)
	}
	must(t, r.Close())
	for range 2 {
		j, err := journal.Open(t.Context(), dir, journal.Options{})
		must(t, err)
		for name, f := range map[string]change.Filter{"open": {Open: true}, "due": {Due: time.Now()}, "since": {Since: time.Now()}} {
			if found, err := j.Batches(t.Context(), f); err != nil || len(found) != 1 || !found[0].Due(time.Now()) {
				t.Errorf("%s: %+v, %v", name, found, err)
			}
		}
		must(t, j.Close())
	}
}

// TestRemoved: whoever holds a journal open can tell that it is nobody's any more.
func TestRemoved(t *testing.T) {
	dir := t.TempDir()
	j := open(t, dir)
	if j.Removed() {
		t.Error("it is there")
	}
	must(t, os.Remove(filepath.Join(dir, journal.File)))
	if !j.Removed() {
		t.Error("it is gone")
	}
	_ = open(t, dir)
	if !j.Removed() {
		t.Error("another is in its place")
	}
}

// TestRecent: what is over and old is left out where it is not wanted.
func TestRecent(t *testing.T) {
	j := open(t, t.TempDir())
	made := func(at time.Time, until time.Time, over bool) string {
		b := batch(t, 1)
		b.At, b.Until = at, until
		must(t, j.Begin(t.Context(), b))
		if over {
			b.Steps[0].State = change.Failed
			must(t, j.Record(t.Context(), b.ID, b.Steps))
			must(t, j.Finish(t.Context(), b.ID, at))
		}
		return b.ID
	}
	_ = made(noon.Add(-48*time.Hour), time.Time{}, true)
	held := made(noon.Add(-47*time.Hour), noon, false)
	young := made(noon.Add(-time.Hour), time.Time{}, true)
	found, err := j.Batches(t.Context(), change.Filter{Since: noon.Add(-24 * time.Hour)})
	if err != nil || len(found) != 2 || found[0].ID != young || found[1].ID != held {
		t.Errorf("%+v, %v", found, err)
	}
}
