//go:build !linux

package cmd_test

import "errors"

func bindToLoopback(uintptr) error {
	return errors.New("only Linux binds a listener to a device")
}
