package consul

import "github.com/hashicorp/consul/api"

// NextIndex is the rule for the index of a blocking query.
func NextIndex(last, got uint64) uint64 { return nextIndex(last, &api.QueryMeta{LastIndex: got}) }

// Addressable is the rule for names in paths.
func Addressable(name string) bool { return addressable(name) }
