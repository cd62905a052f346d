package service

import (
	"context"
	"database/sql"
	"fmt"
	"net/url"
	"path/filepath"
	"strings"

	_ "modernc.org/sqlite" // the driver "sqlite"
)

// maxOrders bounds the file: the oldest orders are overwritten.
const maxOrders = 500

// store is an instance's way into the database file of its service. Instances
// of one service share the file. It is safe for concurrent use.
type store struct{ db *sql.DB }

// openStore opens the file, and makes it if it is not there yet.
func openStore(dir, service string) (*store, error) {
	options := url.Values{"_pragma": {"busy_timeout(2000)", "journal_mode(WAL)", "synchronous(OFF)"}}
	// What means something in a URI is escaped: a folder may be called 90%.
	path := strings.NewReplacer("%", "%25", "?", "%3f", "#", "%23").Replace(filepath.ToSlash(filepath.Join(dir, service+".db")))
	db, err := sql.Open("sqlite", "file:"+path+"?"+options.Encode())
	if err != nil {
		return nil, err
	}
	db.SetMaxOpenConns(2)
	for _, statement := range []string{
		`CREATE TABLE IF NOT EXISTS users (id INTEGER PRIMARY KEY, name TEXT NOT NULL)`,
		`INSERT OR IGNORE INTO users VALUES (7, 'Grace')`,
		`CREATE TABLE IF NOT EXISTS orders (slot INTEGER PRIMARY KEY, number INTEGER NOT NULL)`,
	} {
		if _, err := db.ExecContext(context.Background(), statement); err != nil {
			_ = db.Close() // the first error says more
			return nil, fmt.Errorf("database of %s: %w", service, err)
		}
	}
	return &store{db}, nil
}

// user reads a user.
func (s *store) user(ctx context.Context) error {
	var name string
	return s.db.QueryRowContext(ctx, `SELECT name FROM users WHERE id = 7`).Scan(&name)
}

// order writes the next order down.
func (s *store) order(ctx context.Context) error {
	_, err := s.db.ExecContext(ctx, `INSERT OR REPLACE INTO orders
		SELECT (coalesce(max(number), 0) + 1) % ?, coalesce(max(number), 0) + 1 FROM orders`, maxOrders)
	return err
}

// ping says whether the file can be read.
func (s *store) ping(ctx context.Context) error {
	var one int
	return s.db.QueryRowContext(ctx, `SELECT 1`).Scan(&one)
}

// close closes the file.
func (s *store) close() { _ = s.db.Close() }
