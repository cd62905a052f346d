package journal

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/midwatch-cli/midwatch/fleet"
)

// Writable says why nothing could be written down in a folder, as far as that is
// seen without writing there: Open may fail all the same. Nil where nothing is seen.
func Writable(dir string) error { return writable(dir, access) }

// writable asks can, which says why a file or folder cannot be written to: of the
// file, and of its folder or the one that it would be made in.
func writable(dir string, can func(path string) error) error {
	if dir == "" {
		return noFolder()
	}
	path := filepath.Join(dir, File)
	_, err := os.Stat(path)
	if err == nil {
		err = can(path)
	}
	for at := dir; err == nil || errors.Is(err, fs.ErrNotExist); at = filepath.Dir(at) {
		var info fs.FileInfo
		if info, err = os.Stat(at); errors.Is(err, fs.ErrNotExist) && at != filepath.Dir(at) {
			continue
		}
		if err == nil && !info.IsDir() {
			err = &fs.PathError{Op: "open", Path: at, Err: errors.New("not a folder")}
		}
		if err == nil {
			err = can(at)
		}
		break
	}
	if err != nil {
		return explain(path, err)
	}
	return nil
}

func noFolder() error {
	return &fleet.Error{Detail: "there is no folder for the journal", Hint: "set XDG_STATE_HOME or HOME; " + without}
}
