// Package journal keeps what was changed in a SQLite file that all midwatch
// processes of a user share: $XDG_STATE_HOME/midwatch/journal.db, its folder the
// user's alone (0700), the file too (0600).
//
// An intent is on disk (synchronous=FULL) before the first request is sent.
// Results are committed without waiting for the disk (NORMAL): what a power cut
// takes from them stays intended, and is settled by reading the far systems,
// while a process that is killed loses nothing that it committed.
package journal

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"modernc.org/sqlite"

	"github.com/midwatch-cli/midwatch/fleet"
	"github.com/midwatch-cli/midwatch/fleet/change"
)

// File is the journal's name in the state folder.
const File = "journal.db"

// version is that of the schema: a file that has a higher one was written by a
// newer midwatch.
func version() int { return len(schema()) }

// busy is how long a write waits for those of other processes.
const busy = 10 * time.Second

// Results of SQLite that are told apart.
const (
	sqliteBusy       = 5
	sqliteReadOnly   = 8
	sqliteIOErr      = 10
	sqliteCorrupt    = 11
	sqliteFull       = 13
	sqliteCantOpen   = 14
	sqliteConstraint = 19
	sqliteNotADB     = 26
)

// Options are for tests and for commands that say how they go on.
type Options struct {
	// Hook is called inside transactions; nil: never.
	Hook func(change.Boundary)
	Now  func() time.Time // nil: the clock
}

// Journal is an open journal.
type Journal struct {
	db   *sql.DB
	path string
	hook func(change.Boundary)
	now  func() time.Time

	file fs.FileInfo // as it was opened; nil where it is only read

	mu   sync.Mutex // one transaction at a time, on the one connection
	sync string     // what the connection waits for at a commit
}

var _ change.Journal = (*Journal)(nil)

// Open opens the journal in a folder for writing, and makes both where they are
// not there.
func Open(ctx context.Context, dir string, o Options) (*Journal, error) {
	if dir == "" {
		return nil, noFolder()
	}
	path := filepath.Join(dir, File)
	if err := touch(dir, path); err != nil {
		return nil, explain(path, err)
	}
	j := open(path, o, url.Values{"_txlock": {"immediate"}})
	var err error
	for deadline := time.Now().Add(busy); ; {
		// Several processes may make the file at once: SQLite does not wait for the
		// turn to WAL as it does for other locks.
		if err = j.prepare(ctx); code(err) != sqliteBusy || time.Now().After(deadline) || ctx.Err() != nil {
			break
		}
		pause(ctx, 5*time.Millisecond)
	}
	if err != nil {
		return nil, errors.Join(explain(path, err), j.db.Close())
	}
	if j.file, err = os.Stat(path); err != nil {
		return nil, errors.Join(explain(path, err), j.db.Close())
	}
	return j, nil
}

// Removed says whether somebody took the file away, or put another in its place:
// what is written to this one is read by nobody.
func (j *Journal) Removed() bool {
	now, err := os.Stat(j.path)
	return errors.Is(err, fs.ErrNotExist) || err == nil && j.file != nil && !os.SameFile(now, j.file)
}

func pause(ctx context.Context, d time.Duration) {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
	case <-ctx.Done():
	}
}

// touch makes the folder and the file, for the user alone.
func touch(dir, path string) error {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return err
	}
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return err
	}
	info, err := f.Stat()
	if err == nil && info.Mode().Perm()&0o077 != 0 {
		err = f.Chmod(0o600)
	}
	return errors.Join(err, f.Close())
}

// ErrNone is returned where there is no journal to read: nothing was ever
// changed from here.
var ErrNone = errors.New("there is no journal yet")

// Read opens the journal in a folder for reading. It never makes one, nor
// writes to it: where no process has it open, its log is folded in and the file
// is read as it stands, without a lock; else what is in the log is read too.
func Read(ctx context.Context, dir string, o Options) (*Journal, error) {
	path := filepath.Join(dir, File)
	info, err := os.Stat(path)
	switch {
	case dir == "", errors.Is(err, fs.ErrNotExist), err == nil && info.Size() == 0:
		return nil, ErrNone
	case err != nil:
		return nil, explain(path, err)
	}
	how := url.Values{"immutable": {"1"}}
	if log, err := os.Stat(path + "-wal"); err == nil && log.Size() > 0 {
		how = url.Values{"mode": {"ro"}}
	}
	j := open(path, o, how)
	if err := j.check(ctx); err != nil {
		return nil, errors.Join(explain(path, err), j.db.Close())
	}
	return j, nil
}

func open(path string, o Options, how url.Values) *Journal {
	how.Add("_pragma", fmt.Sprintf("busy_timeout(%d)", busy.Milliseconds()))
	u := url.URL{Scheme: "file", OmitHost: true, Path: filepath.ToSlash(path), RawQuery: how.Encode()}
	db, err := sql.Open("sqlite", u.String())
	if err != nil {
		panic(err) // the driver's name is wrong, in this line
	}
	db.SetMaxOpenConns(1)
	j := &Journal{db: db, path: path, hook: o.Hook, now: o.Now}
	if j.hook == nil {
		j.hook = func(change.Boundary) {}
	}
	if j.now == nil {
		j.now = time.Now
	}
	return j
}

// prepare makes the file a journal of this version.
func (j *Journal) prepare(ctx context.Context) error {
	v, err := j.version(ctx)
	if err != nil {
		return err
	}
	if v > version() {
		return errNewer
	}
	if _, err := j.db.ExecContext(ctx, "PRAGMA journal_mode=WAL"); err != nil {
		return err
	}
	if v == version() {
		return nil
	}
	return j.write(ctx, full, func(tx *sql.Tx) error {
		var v int
		if err := tx.QueryRowContext(ctx, "PRAGMA user_version").Scan(&v); err != nil || v >= version() {
			return err // another process was quicker
		}
		_, err := tx.ExecContext(ctx, strings.Join(schema()[v:], "")+fmt.Sprintf("PRAGMA user_version=%d;", version()))
		return err
	})
}

// check says whether the file can be read.
func (j *Journal) check(ctx context.Context) error {
	v, err := j.version(ctx)
	switch {
	case err != nil:
		return err
	case v > version():
		return errNewer
	case v == 0:
		return ErrNone
	}
	return nil
}

func (j *Journal) version(ctx context.Context) (v int, err error) {
	return v, j.db.QueryRowContext(ctx, "PRAGMA user_version").Scan(&v)
}

// Close closes the file.
func (j *Journal) Close() error { return j.db.Close() }

var errNewer = errors.New("it was written by a newer midwatch")

// without is the way out where a change has to be made all the same.
const without = "a change can be made without one by --no-journal with --reason: nothing will know how to undo it"

// explain words what is wrong with the file, and what to do about it.
func explain(path string, err error) error {
	e := &fleet.Error{Detail: "the journal " + path + " cannot be used: ", Err: err}
	if errors.Is(err, ErrNone) {
		return err
	}
	switch c := code(err); {
	case errors.Is(err, errNewer):
		e.Detail += errNewer.Error()
		e.Hint = "use that midwatch, or another XDG_STATE_HOME; " + without
	case c == sqliteCorrupt, c == sqliteNotADB:
		e.Detail += "it is damaged"
		e.Hint = "move it away with its -wal and -shm; " + without
	case c == sqliteFull:
		e.Detail += "there is no space left"
		e.Hint = "free some there; " + without
	case c == sqliteIOErr:
		e.Detail += "the disk failed, or is full (" + err.Error() + ")"
		e.Hint = "look at the disk; " + without
	case c == sqliteReadOnly, errors.Is(err, fs.ErrPermission), isReadOnly(err):
		e.Detail += "it cannot be written to"
		e.Hint = "set XDG_STATE_HOME to a folder of yours; " + without
	case c == sqliteBusy:
		e.Detail += "another process has held it for " + busy.String()
		e.Hint = "midwatch changes says who; " + without
	case errors.Is(err, context.Canceled), errors.Is(err, context.DeadlineExceeded):
		e.Detail += "there was no time for it"
	default:
		var named *fs.PathError
		if errors.As(err, &named) {
			err = named.Err
		}
		e.Detail += err.Error()
		e.Hint = without
	}
	return e
}

// isReadOnly says that a file system takes no writes.
func isReadOnly(err error) bool { return strings.Contains(err.Error(), "read-only file system") }

// code is SQLite's primary result; 0 where the error is none of its own.
func code(err error) int {
	var e *sqlite.Error
	if errors.As(err, &e) {
		return e.Code() & 0xff
	}
	return 0
}
