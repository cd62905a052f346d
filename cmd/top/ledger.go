package top

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"time"

	"github.com/midwatch-cli/midwatch/cmd/app"
	"github.com/midwatch-cli/midwatch/cmd/write"
	"github.com/midwatch-cli/midwatch/fleet/change"
	"github.com/midwatch-cli/midwatch/fleet/change/journal"
	"github.com/midwatch-cli/midwatch/fleet/change/keeper"
	"github.com/midwatch-cli/midwatch/fleet/config"
	"github.com/midwatch-cli/midwatch/fleet/document"
)

// ledger is the last reading of the journal, which is looked at every other second.
// While its files are as they were, what it said is still so, and only how it stands
// moves with time.
type ledger struct {
	mu    sync.Mutex
	files string // as they were; empty: not to be relied on
	read  time.Time
	all   []*change.Batch
}

// ledgerLasts is after how long it is read anew in any case: what is over leaves the
// list with its day.
const ledgerLasts = time.Minute

// changes are what write.List says now.
func (l *ledger) changes(ctx context.Context, a *app.App) ([]document.Looked, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	files, now := stamp(config.StateDir(a.Getenv)), a.Now()
	if files == "" || files != l.files || now.Sub(l.read) >= ledgerLasts || now.Before(l.read) {
		l.files = ""
		looked, err := list(ctx, a, now)
		if err != nil {
			return nil, err
		}
		l.all = l.all[:0:0]
		for i := range looked {
			l.all = append(l.all, looked[i].Batch)
		}
		l.files, l.read = files, now
		return looked, nil
	}
	looked := make([]document.Looked, len(l.all))
	for i, b := range l.all {
		looked[i] = document.Looked{Batch: b, Stand: b.Stand(now, keeper.Alive)}
	}
	return looked, nil
}

func list(ctx context.Context, a *app.App, now time.Time) ([]document.Looked, error) {
	j, err := write.Read(ctx, a)
	if errors.Is(err, journal.ErrNone) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	defer func() { _ = j.Close() }()
	return write.List(ctx, j, nil, now, false)
}

// stamp is how the files of a journal look from outside. It is empty where they were
// written to just now: another write may look the same then.
func stamp(dir string) string {
	text := ""
	for _, name := range []string{journal.File, journal.File + "-wal"} {
		info, err := os.Stat(filepath.Join(dir, name))
		if errors.Is(err, os.ErrNotExist) {
			text += "none "
			continue
		}
		if err != nil || time.Since(info.ModTime()).Abs() < 2*time.Second {
			return ""
		}
		text += fmt.Sprint(info.Size(), info.ModTime().UnixNano(), " ")
	}
	return text
}
