//go:build unix

package journal

import (
	"io/fs"
	"syscall"
)

// access says why a file or folder cannot be written to.
func access(path string) error {
	const write = 2 // W_OK
	if err := syscall.Access(path, write); err != nil {
		return &fs.PathError{Op: "access", Path: path, Err: err}
	}
	return nil
}
