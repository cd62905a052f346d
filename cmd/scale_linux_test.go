package cmd_test

import "syscall"

func bindToLoopback(fd uintptr) error {
	return syscall.SetsockoptString(int(fd), syscall.SOL_SOCKET, syscall.SO_BINDTODEVICE, "lo")
}
