package keeper

import (
	"os"
	"os/exec"
	"syscall"
)

// detachedProcess is CreateProcess's flag for one without a console.
const detachedProcess = 0x00000008

// detach gives a process no console: what ends the terminal does not end it.
func detach(c *exec.Cmd) {
	c.SysProcAttr = &syscall.SysProcAttr{CreationFlags: syscall.CREATE_NEW_PROCESS_GROUP | detachedProcess}
}

// lives says whether a process of this machine lives.
func lives(pid int) bool {
	p, err := os.FindProcess(pid)
	if err != nil {
		return false
	}
	return p.Release() == nil
}

// end ends a process of this machine.
func end(pid int) error {
	p, err := os.FindProcess(pid)
	if err != nil {
		return err
	}
	return p.Kill()
}
