package consul

import (
	"github.com/hashicorp/consul/api"

	"github.com/midwatch-cli/midwatch/fleet"
)

// InstanceOf is the decoding of one entry, for the fuzzer and the tables.
func InstanceOf(raw []byte) (fleet.Instance, error) {
	e, err := decodeEntry(raw)
	if err != nil {
		return fleet.Instance{}, err
	}
	return e.instance(), nil
}

// NextIndex is the rule for the index of a blocking query.
func NextIndex(last, got uint64) uint64 { return nextIndex(last, &api.QueryMeta{LastIndex: got}) }

// Addressable is the rule for names in paths.
func Addressable(name string) bool { return addressable(name) }
