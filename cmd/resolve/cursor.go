package resolve

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"

	"github.com/midwatch-cli/midwatch/fleet"
)

// maxCursors bounds the file: the oldest services are forgotten at random,
// which costs one turn.
const maxCursors = 1000

// turn reads the cursor of a service, lets choose take its turn and keeps the
// choice, under a lock: two scripts at once get two instances.
func turn(dir string, ref fleet.Ref, choose func(cursor string) []*fleet.InstanceView) ([]*fleet.InstanceView, error) {
	fail := func(err error) ([]*fleet.InstanceView, error) {
		return nil, fmt.Errorf("the round-robin cursor cannot be kept: %w", err)
	}
	if dir == "" {
		return fail(errors.New("there is no state folder: set XDG_STATE_HOME or HOME"))
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return fail(err)
	}
	lock, err := os.OpenFile(filepath.Join(dir, "cursor.lock"), os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return fail(err)
	}
	defer func() { _ = lock.Close() }() // closing lets the lock go
	if err := syscall.Flock(int(lock.Fd()), syscall.LOCK_EX); err != nil {
		return fail(err)
	}
	path := filepath.Join(dir, "cursor.json")
	cursors := map[string]string{}
	data, err := os.ReadFile(path)
	if err == nil {
		// A file that cannot be read is a turn that is begun anew, no more.
		if json.Unmarshal(data, &cursors) != nil {
			cursors = map[string]string{}
		}
	} else if !errors.Is(err, fs.ErrNotExist) {
		return fail(err)
	}
	key := ref.Context + "\x00" + ref.String()
	chosen := choose(cursors[key])
	if len(chosen) == 0 {
		return nil, nil
	}
	cursors[key] = chosen[0].ID
	for k := range cursors {
		if len(cursors) > maxCursors && k != key {
			delete(cursors, k)
		}
	}
	if data, err = json.Marshal(cursors); err != nil {
		return fail(err)
	}
	next := path + ".new"
	if err := os.WriteFile(next, data, 0o600); err != nil {
		return fail(err)
	}
	if err := os.Rename(next, path); err != nil {
		return fail(err)
	}
	return chosen, nil
}
