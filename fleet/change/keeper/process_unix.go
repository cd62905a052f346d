//go:build unix

package keeper

import (
	"errors"
	"os/exec"
	"syscall"
)

// detach gives a process a session of its own: what ends the terminal does not
// end it.
func detach(c *exec.Cmd) { c.SysProcAttr = &syscall.SysProcAttr{Setsid: true} }

// lives says whether a process of this machine lives, whoever's it is.
func lives(pid int) bool {
	err := syscall.Kill(pid, 0)
	return err == nil || errors.Is(err, syscall.EPERM)
}

// end has a process of this machine end by itself.
func end(pid int) error { return syscall.Kill(pid, syscall.SIGTERM) }
