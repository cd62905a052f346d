package top

import (
	"os"
	"syscall"

	"github.com/midwatch-cli/midwatch/fleet"
)

// alone says why nobody would bring this process back if it stopped: a shell with
// job control puts what it starts into a group of its own, within its session. One
// that leads its session (tmux new midwatch, ssh -t HOST midwatch) or was left
// behind by its shell has none, and a stopped one would stay so.
func alone() error {
	session, group := sessionOf(0), syscall.Getpgrp()
	if session == group || session != 0 && session != sessionOf(os.Getppid()) {
		return &fleet.Error{Detail: "no shell waits here that could bring midwatch back", Hint: "q quits; a shell that midwatch is started from is one"}
	}
	return nil
}

// sessionOf is the session of a process; 0 where that cannot be said.
func sessionOf(pid int) int {
	id, _, errno := syscall.RawSyscall(syscall.SYS_GETSID, uintptr(pid), 0, 0)
	if errno != 0 {
		return 0
	}
	return int(id)
}
