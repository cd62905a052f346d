package journal

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"

	"github.com/midwatch-cli/midwatch/fleet/change"
)

// keeper reads the keeper's row; zero where there is none.
func keeper(ctx context.Context, q queries) (k change.Keeper, err error) {
	var beat int64
	var env string
	err = q.QueryRowContext(ctx, "SELECT pid, host, beat, env FROM keeper").Scan(&k.PID, &k.Host, &beat, &env)
	switch {
	case errors.Is(err, sql.ErrNoRows):
		return change.Keeper{}, nil
	case err != nil:
		return change.Keeper{}, err
	}
	k.Beat = timeOf(beat)
	return k, json.Unmarshal([]byte(env), &k.Env)
}

// Keeper is described at change.Journal.
func (j *Journal) Keeper(ctx context.Context) (change.Keeper, error) {
	j.mu.Lock()
	defer j.mu.Unlock()
	k, err := keeper(ctx, j.db)
	if err != nil {
		return k, explain(j.path, err)
	}
	return k, nil
}

// Keep is described at change.Journal.
func (j *Journal) Keep(ctx context.Context, k, dead change.Keeper) (kept bool, err error) {
	env, err := json.Marshal(k.Env)
	if err != nil {
		return false, err
	}
	err = j.write(ctx, normal, func(tx *sql.Tx) error {
		ctx := context.WithoutCancel(ctx)
		is, err := keeper(ctx, tx)
		if err != nil {
			return err
		}
		kept = is.IsZero() || is.Same(k) || is.Same(dead) || j.now().Sub(is.Beat) > change.KeeperLost
		if !kept {
			return nil
		}
		_, err = tx.ExecContext(ctx, `INSERT INTO keeper (one, pid, host, beat, env) VALUES (1, ?, ?, ?, ?)
			ON CONFLICT (one) DO UPDATE SET pid = excluded.pid, host = excluded.host, beat = excluded.beat, env = excluded.env`,
			k.PID, k.Host, nanos(j.now()), string(env))
		return err
	})
	if err != nil {
		return false, explain(j.path, err)
	}
	return kept, nil
}

// Leave is described at change.Journal.
func (j *Journal) Leave(ctx context.Context, k change.Keeper) (left bool, err error) {
	err = j.write(ctx, normal, func(tx *sql.Tx) error {
		ctx := context.WithoutCancel(ctx)
		var waiting int
		row := tx.QueryRowContext(ctx, "SELECT COUNT(*) FROM batches b JOIN steps s ON s.batch = b.id WHERE b.until > 0 AND "+inForce)
		if err := row.Scan(&waiting); err != nil || waiting > 0 {
			return err
		}
		left = true
		_, err := tx.ExecContext(ctx, "DELETE FROM keeper WHERE pid = ? AND host = ?", k.PID, k.Host)
		return err
	})
	if err != nil {
		return false, explain(j.path, err)
	}
	return left, nil
}
