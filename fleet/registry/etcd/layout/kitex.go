package layout

import (
	"encoding/json"
	"fmt"

	"github.com/midwatch-cli/midwatch/fleet"
)

// kitexInstance is a value of Kitex' registry-etcd:
//
//	kitex/registry-etcd/orders/10.2.0.5:8888  {"network":"tcp","address":"10.2.0.5:8888","weight":10,"tags":{"cluster":"b"}}
type kitexInstance struct {
	Network string          `json:"network"`
	Address string          `json:"address"`
	Weight  int             `json:"weight"`
	Tags    json.RawMessage `json:"tags"`
}

// kitex reads an entry of Kitex.
func (e *Entry) kitex(value []byte) error {
	var k kitexInstance
	if err := json.Unmarshal(value, &k); err != nil {
		return fmt.Errorf("not the JSON of Kitex: %w", err)
	}
	if k.Network != "tcp" && k.Network != "tcp4" && k.Network != "tcp6" {
		return fmt.Errorf("its network is %q: only tcp can be asked", k.Network)
	}
	if err := CheckAddr(k.Address); err != nil {
		return err
	}
	in := fleet.Instance{ID: k.Address, Addr: k.Address, Weight: max(0, k.Weight)}
	m := flatten(k.Tags)
	weight := in.Weight
	m.describe(&in)
	if weight > 0 {
		in.Weight = weight
	}
	e.Instances, e.DependsOn = []fleet.Instance{in}, m.dependsOn()
	return nil
}
