package layout

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"strconv"
	"strings"

	"github.com/midwatch-cli/midwatch/fleet"
)

// endpointsKey is the one entry of our metadata that is an object: further
// addresses by role.
const endpointsKey = "endpoints"

// update is a value of the official gRPC naming form:
//
//	orders/10.2.0.5:9000  {"Op":0,"Addr":"10.2.0.5:9000","Metadata":{"weight":"3"}}
//
// Op is always 0 in what is stored. Metadata may be any JSON; ours is an object
// of texts and may hold id, zone, version, weight, depends_on and endpoints.
type update struct {
	Op       int             `json:"Op"`
	Addr     string          `json:"Addr"`
	Metadata json.RawMessage `json:"Metadata"`
}

// naming reads an entry of the official form.
func (e *Entry) naming(value []byte) error {
	var u update
	if err := json.Unmarshal(value, &u); err != nil {
		return fmt.Errorf("not the JSON of gRPC naming: %w", err)
	}
	if u.Op != 0 {
		return fmt.Errorf("its operation is %d, not an address added", u.Op)
	}
	if !strings.HasPrefix(u.Addr, "/") || !Printable(u.Addr) {
		if err := CheckAddr(u.Addr); err != nil {
			return err
		}
	}
	m := flatten(u.Metadata)
	in := fleet.Instance{ID: u.Addr, Addr: u.Addr}
	if id := m.own("id"); id != "" {
		in.ID = id
		delete(m, "id")
		delete(m, "midwatch_id")
	}
	var roles map[string]string
	if raw, ok := m[endpointsKey]; ok && json.Unmarshal([]byte(raw), &roles) == nil {
		in.Endpoints = roles
		delete(m, endpointsKey)
	}
	m.describe(&in)
	e.Instances, e.DependsOn = []fleet.Instance{in}, m.dependsOn()
	return nil
}

// Encode writes an instance in the official form. Fields come after labels:
// where a label has the name of a field, the field wins.
func Encode(in fleet.Instance) (value string, err error) {
	object := make(map[string]any, len(in.Labels)+5)
	for k, v := range maps.All(in.Labels) {
		object[k] = v
	}
	for key, v := range map[string]string{"id": in.ID, "zone": in.Zone, "version": in.Version} {
		if v != "" {
			object[key] = v
			delete(object, "midwatch_"+key)
		}
	}
	if in.ID == in.Addr {
		delete(object, "id") // it is the address that names it
	}
	if in.Weight > 0 {
		object["weight"] = strconv.Itoa(in.Weight)
		delete(object, "midwatch_weight")
	}
	if len(in.Endpoints) > 0 {
		object[endpointsKey] = in.Endpoints
	}
	if in.Weight < 0 {
		return "", errors.New("a weight is never negative")
	}
	data, err := json.Marshal(struct {
		Op       int
		Addr     string
		Metadata any
	}{0, in.Addr, object})
	return string(data), err
}
