package journal

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"time"

	"github.com/midwatch-cli/midwatch/fleet/change"
)

// What a commit waits for.
const (
	full   = "FULL"   // the disk
	normal = "NORMAL" // the operating system
)

// write runs one transaction. Ctx bounds waiting for it; once it has begun it
// is not broken off.
func (j *Journal) write(ctx context.Context, durable string, do func(tx *sql.Tx) error) (err error) {
	j.mu.Lock()
	defer j.mu.Unlock()
	if err := ctx.Err(); err != nil {
		return err
	}
	ctx = context.WithoutCancel(ctx)
	if j.sync != durable {
		if _, err := j.db.ExecContext(ctx, "PRAGMA synchronous="+durable); err != nil {
			return err
		}
		j.sync = durable
	}
	tx, err := j.db.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	if err := do(tx); err != nil {
		return errors.Join(err, tx.Rollback())
	}
	return tx.Commit()
}

// nanos is a time as it is kept.
func nanos(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return t.UnixNano()
}

func timeOf(n int64) time.Time {
	if n == 0 {
		return time.Time{}
	}
	return time.Unix(0, n)
}

// tries is how often another id is made where somebody has it: with 32,768 in
// an eighth of a second that is never, twice.
const tries = 8

// Begin is described at change.Journal.
func (j *Journal) Begin(ctx context.Context, b *change.Batch) error {
	var err error
	for range tries {
		b.ID = change.NewID(b.At)
		if err = j.begin(ctx, b); code(err) != sqliteConstraint {
			break
		}
	}
	switch {
	case errors.Is(err, change.ErrNoKeeper):
		return err
	case err != nil:
		b.ID = ""
		return explain(j.path, err)
	}
	return nil
}

func (j *Journal) begin(ctx context.Context, b *change.Batch) error {
	return j.write(ctx, full, func(tx *sql.Tx) error {
		ctx := context.WithoutCancel(ctx)
		if !b.Keeper.IsZero() {
			k, err := keeper(ctx, tx)
			if err != nil {
				return err
			}
			if k.PID != b.Keeper.PID || k.Host != b.Keeper.Host || j.now().Sub(k.Beat) > change.KeeperLost {
				return change.ErrNoKeeper
			}
		}
		if err := insertBatch(ctx, tx, b); err != nil {
			return err
		}
		if err := insertSteps(ctx, tx, b); err != nil {
			return err
		}
		j.hook(change.InsideBegin)
		return nil
	})
}

func insertBatch(ctx context.Context, tx *sql.Tx, b *change.Batch) error {
	who, err := json.Marshal(b.Who)
	if err != nil {
		return err
	}
	origin, err := json.Marshal(b.Origin)
	if err != nil {
		return err
	}
	_, err = tx.ExecContext(ctx, `INSERT INTO batches (id, at, what, context, who, reason, origin, until, keeper_pid, keeper_host, reapply, undoes, retries, override, finished)
		VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
		b.ID, nanos(b.At), b.What, b.Context, string(who), b.Reason, string(origin), nanos(b.Until), b.Keeper.PID, b.Keeper.Host, b.Reapply, b.Undoes, b.Retries, b.Override, nanos(b.Finished))
	return err
}

func insertSteps(ctx context.Context, tx *sql.Tx, b *change.Batch) error {
	insert, err := tx.PrepareContext(ctx, `INSERT INTO steps (batch, n, of, undo, intent, key, holds, what, was, will, before, state, error) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`)
	if err != nil {
		return err
	}
	for i := range b.Steps {
		s := &b.Steps[i]
		intent, err := json.Marshal(s.Intent)
		if err != nil {
			return errors.Join(err, insert.Close())
		}
		if _, err := insert.ExecContext(ctx, b.ID, s.N, s.Of, s.Undo, string(intent), s.Intent.Key(), s.Intent.Holds() || !b.Until.IsZero(), s.What, s.Was, s.Will, string(s.Before), string(s.State), s.Error); err != nil {
			return errors.Join(err, insert.Close())
		}
	}
	return insert.Close()
}

// Record is described at change.Journal.
func (j *Journal) Record(ctx context.Context, id string, steps []change.Record) error {
	if len(steps) == 0 {
		return nil
	}
	err := j.write(ctx, normal, func(tx *sql.Tx) error {
		if err := j.record(context.WithoutCancel(ctx), tx, id, steps); err != nil {
			return err
		}
		j.hook(change.InsideRecord)
		return nil
	})
	if err != nil {
		return explain(j.path, err)
	}
	return nil
}

func (j *Journal) record(ctx context.Context, tx *sql.Tx, id string, steps []change.Record) error {
	var undoes string
	if err := tx.QueryRowContext(ctx, "SELECT undoes FROM batches WHERE id = ?", id).Scan(&undoes); err != nil {
		return err
	}
	result, err := tx.PrepareContext(ctx, "UPDATE steps SET state = ?, now = ?, changed = ?, error = ?, began = ?, ended = ? WHERE batch = ? AND n = ?")
	if err != nil {
		return err
	}
	defer func() { _ = result.Close() }() // the transaction's end says whether it was written
	put, err := tx.PrepareContext(ctx, "UPDATE steps SET put = ?, put_by = ?, put_at = ? WHERE batch = ? AND n = ? AND put = ''")
	if err != nil {
		return err
	}
	defer func() { _ = put.Close() }()
	replace, err := tx.PrepareContext(ctx, "UPDATE steps SET put = 'replaced', put_by = ?, put_at = ? WHERE key = ? AND batch <> ? AND put = '' AND undo = 0")
	if err != nil {
		return err
	}
	defer func() { _ = replace.Close() }()
	// What the undone change replaced is in force again, unless both go back to the
	// same: then the undo ended both.
	restore, err := tx.PrepareContext(ctx, `UPDATE steps SET put = '', put_by = '', put_at = 0
		FROM (SELECT key, before FROM steps WHERE batch = ?1 AND n = ?2) AS undone
		WHERE put = 'replaced' AND put_by = ?1 AND steps.undo = 0 AND steps.key = undone.key AND steps.before <> undone.before`)
	if err != nil {
		return err
	}
	defer func() { _ = restore.Close() }()
	at := nanos(j.now())
	for i := range steps {
		s := &steps[i]
		if _, err := result.ExecContext(ctx, string(s.State), s.Now, s.Changed, s.Error, nanos(s.Began), nanos(s.Ended), id, s.N); err != nil {
			return err
		}
		switch {
		case s.Undo && s.State == change.Done:
			if _, err = put.ExecContext(ctx, string(change.PutBack), id, at, undoes, s.Of); err == nil {
				_, err = restore.ExecContext(ctx, undoes, s.Of)
			}
		case s.Undo && s.State == change.Left:
			_, err = put.ExecContext(ctx, string(change.PutReplaced), id, at, undoes, s.Of)
		case !s.Undo && s.State == change.Done:
			_, err = replace.ExecContext(ctx, id, at, s.Intent.Key(), id)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// Finish is described at change.Journal.
func (j *Journal) Finish(ctx context.Context, id string, at time.Time) error {
	return j.one(ctx, "UPDATE batches SET finished = ? WHERE id = ?", nanos(at), id)
}

// Again is described at change.Journal.
func (j *Journal) Again(ctx context.Context, id string, n int) error {
	return j.one(ctx, "UPDATE steps SET again = again + 1 WHERE batch = ? AND n = ?", id, n)
}

func (j *Journal) one(ctx context.Context, statement string, args ...any) error {
	err := j.write(ctx, normal, func(tx *sql.Tx) error {
		_, err := tx.ExecContext(context.WithoutCancel(ctx), statement, args...)
		return err
	})
	if err != nil {
		return explain(j.path, err)
	}
	return nil
}
