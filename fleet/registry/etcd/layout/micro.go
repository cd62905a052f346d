package layout

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"maps"

	"github.com/midwatch-cli/midwatch/fleet"
)

// microService is a value of go-micro, v4 to v6:
//
//	/micro/registry/orders/orders-7f3a  {"name":"orders","version":"2.4.1","metadata":{},"endpoints":[...],
//	    "nodes":[{"id":"orders-7f3a","address":"10.2.0.5:9000","metadata":{}}]}
//
// Slashes in names are dashes in the key, so the name is the value's.
type microService struct {
	Name     string          `json:"name"`
	Version  string          `json:"version"`
	Metadata json.RawMessage `json:"metadata"`
	Nodes    []struct {
		ID       string          `json:"id"`
		Address  string          `json:"address"`
		Metadata json.RawMessage `json:"metadata"`
	} `json:"nodes"`
}

// micro reads an entry of go-micro. What a node says wins over what its service
// says.
func (e *Entry) micro(value []byte) error {
	var s microService
	if err := json.Unmarshal(value, &s); err != nil {
		return fmt.Errorf("not the JSON of go-micro: %w", err)
	}
	if len(s.Nodes) == 0 {
		return errors.New("it names no node")
	}
	for _, node := range s.Nodes {
		if err := CheckAddr(node.Address); err != nil {
			return err
		}
		m := metadata{}
		maps.Copy(m, flatten(s.Metadata))
		maps.Copy(m, flatten(node.Metadata))
		in := fleet.Instance{ID: cmp.Or(node.ID, node.Address), Addr: node.Address, Version: s.Version}
		m.describe(&in)
		e.Instances = append(e.Instances, in)
		e.DependsOn = append(e.DependsOn, m.dependsOn()...)
	}
	e.Ref.Name = cmp.Or(s.Name, e.Ref.Name)
	return nil
}
