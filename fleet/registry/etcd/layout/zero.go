package layout

import (
	"errors"
	"strings"

	"github.com/midwatch-cli/midwatch/fleet"
)

// zero reads an entry of go-zero, whose servers speak gRPC:
//
//	user.rpc/7587870401234567  10.2.0.5:8080
//
// The key ends in the id of its lease, or in a number given in its place; a
// living server writes it again when somebody deletes it.
func (e *Entry) zero(at place, value []byte) error {
	addr := strings.TrimSpace(string(value))
	if err := CheckAddr(addr); err != nil {
		return err
	}
	if !isLease(at.last) {
		return errors.New("the key does not end in a number, as those of go-zero do")
	}
	e.Instances = []fleet.Instance{{ID: addr, Addr: addr, Endpoints: map[string]string{"grpc": addr}}}
	return nil
}
