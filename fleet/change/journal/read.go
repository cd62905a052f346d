package journal

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/midwatch-cli/midwatch/fleet"
	"github.com/midwatch-cli/midwatch/fleet/change"
)

// queries is what reads: the file, or a transaction.
type queries interface {
	QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error)
	QueryRowContext(ctx context.Context, query string, args ...any) *sql.Row
}

// Batch is described at change.Journal.
func (j *Journal) Batch(ctx context.Context, id string) (*change.Batch, error) {
	id = change.CleanID(id)
	if id == "" || strings.Trim(id, change.Letters) != "" {
		return nil, fmt.Errorf("%q is no change's id: %w", id, fleet.ErrNotFound)
	}
	found, err := j.batches(ctx, "b.id >= ? AND b.id < ?", []any{id, id + "\x7f"}, 3)
	switch {
	case err != nil:
		return nil, err
	case len(found) == 0:
		return nil, fmt.Errorf("no change is called %s: %w", id, fleet.ErrNotFound)
	case len(found) > 1:
		var ids []string
		for _, b := range found {
			ids = append(ids, b.ID)
		}
		return nil, fmt.Errorf("%w as %s: %s", change.ErrAmbiguous, id, strings.Join(ids, ", "))
	}
	return found[0], nil
}

// Batches is described at change.Journal.
func (j *Journal) Batches(ctx context.Context, f change.Filter) ([]*change.Batch, error) {
	var where []string
	var args []any
	if f.Context != "" || f.Exact {
		where, args = append(where, "b.context = ?"), append(args, f.Context)
	}
	switch {
	case !f.Due.IsZero():
		where = append(where, "b.id IN ("+someInForce+") AND b.until > 0 AND b.until <= ? AND (b.finished > 0 OR b.until <= ?)")
		args = append(args, nanos(f.Due), nanos(f.Due.Add(-change.Making)))
	case f.Open:
		where = append(where, "b.id IN ("+unfinished+" UNION "+someInForce+")")
	case !f.Since.IsZero():
		where = append(where, "b.id IN (SELECT id FROM batches WHERE at >= ? UNION "+unfinished+" UNION "+someInForce+")")
		args = append(args, nanos(f.Since))
	}
	if len(where) == 0 {
		where = []string{"1"}
	}
	return j.batches(ctx, strings.Join(where, " AND "), args, f.Limit)
}

// batches reads batches with their steps, the newest first.
func (j *Journal) batches(ctx context.Context, where string, args []any, limit int) ([]*change.Batch, error) {
	if limit <= 0 {
		limit = -1
	}
	j.mu.Lock()
	defer j.mu.Unlock()
	// One transaction, so that steps and batches are of one moment.
	tx, err := j.db.BeginTx(ctx, &sql.TxOptions{ReadOnly: true})
	if err != nil {
		return nil, explain(j.path, err)
	}
	defer func() { _ = tx.Rollback() }()               // nothing was written
	order := " ORDER BY +b.at DESC, b.id DESC LIMIT ?" // sorted, as they are few
	if where == "1" {
		order = " ORDER BY b.at DESC, b.id DESC LIMIT ?"
	}
	found, err := selectBatches(ctx, tx, where+order, append(slices.Clone(args), limit))
	if err == nil {
		err = selectSteps(ctx, tx, found, "1")
	}
	if err != nil {
		return nil, explain(j.path, err)
	}
	return found, nil
}

func selectBatches(ctx context.Context, q queries, where string, args []any) (found []*change.Batch, err error) {
	rows, err := q.QueryContext(ctx, `SELECT b.id, b.at, b.what, b.context, b.who, b.reason, b.origin, b.until, b.keeper_pid, b.keeper_host, b.reapply, b.undoes, b.retries, b.override, b.finished
		FROM batches b WHERE `+where, args...)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	for rows.Next() {
		b := &change.Batch{}
		var at, until, finished int64
		var who, origin string
		if err := rows.Scan(&b.ID, &at, &b.What, &b.Context, &who, &b.Reason, &origin, &until, &b.Keeper.PID, &b.Keeper.Host, &b.Reapply, &b.Undoes, &b.Retries, &b.Override, &finished); err != nil {
			return nil, err
		}
		b.At, b.Until, b.Finished = timeOf(at), timeOf(until), timeOf(finished)
		if err := errors.Join(json.Unmarshal([]byte(who), &b.Who), json.Unmarshal([]byte(origin), &b.Origin)); err != nil {
			return nil, fmt.Errorf("change %s: %w", b.ID, err)
		}
		found = append(found, b)
	}
	return found, rows.Err()
}

// selectSteps reads the steps of batches into them.
func selectSteps(ctx context.Context, q queries, batches []*change.Batch, where string, args ...any) (err error) {
	byID := map[string]*change.Batch{}
	ids := make([]string, len(batches))
	for i, b := range batches {
		byID[b.ID], ids[i] = b, b.ID
	}
	list, err := json.Marshal(ids)
	if err != nil {
		return err
	}
	rows, err := q.QueryContext(ctx, `SELECT s.batch, s.n, s.of, s.undo, s.intent, s.what, s.was, s.will, s.before, s.state, s.now, s.changed, s.error, s.began, s.ended, s.again, s.put, s.put_by, s.put_at
		FROM steps s JOIN batches b ON b.id = s.batch WHERE s.batch IN (SELECT value FROM json_each(?)) AND `+where+` ORDER BY s.batch, s.n`, append([]any{string(list)}, args...)...)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	for rows.Next() {
		var s change.Record
		var id, intent, before string
		var began, ended, putAt int64
		if err := rows.Scan(&id, &s.N, &s.Of, &s.Undo, &intent, &s.What, &s.Was, &s.Will, &before, &s.State, &s.Now, &s.Changed, &s.Error, &began, &ended, &s.Again, &s.Put, &s.PutBy, &putAt); err != nil {
			return err
		}
		if before != "" {
			s.Before = change.Before(before)
		}
		s.Began, s.Ended, s.PutAt = timeOf(began), timeOf(ended), timeOf(putAt)
		if err := json.Unmarshal([]byte(intent), &s.Intent); err != nil {
			return fmt.Errorf("change %s: %w", id, err)
		}
		byID[id].Steps = append(byID[id].Steps, s)
	}
	return rows.Err()
}

// Held is described at change.Journal.
func (j *Journal) Held(ctx context.Context, intents []change.Intent) ([]*change.Batch, error) {
	keys := make([]string, len(intents))
	for i := range intents {
		keys[i] = intents[i].Key()
	}
	list, err := json.Marshal(keys)
	if err != nil {
		return nil, err
	}
	const these = "s.key IN (SELECT value FROM json_each(?)) AND " + inForce
	j.mu.Lock()
	defer j.mu.Unlock()
	found, err := selectBatches(ctx, j.db, "b.id IN (SELECT s.batch FROM steps s JOIN batches b ON b.id = s.batch WHERE "+these+") ORDER BY b.at DESC, b.id DESC", []any{string(list)})
	if err == nil {
		err = selectSteps(ctx, j.db, found, these, string(list))
	}
	if err != nil {
		return nil, explain(j.path, err)
	}
	return found, nil
}
