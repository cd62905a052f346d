package layout

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"net/url"

	"github.com/midwatch-cli/midwatch/fleet"
)

// kratosInstance is a value of Kratos:
//
//	/microservices/orders/orders-1  {"id":"orders-1","name":"orders","version":"2.4.1","metadata":{"zone":"b"},
//	    "endpoints":["http://127.0.0.1:9101?isSecure=false","grpc://127.0.0.1:9102?isSecure=false"]}
//
// Metadata and endpoints may be null.
type kratosInstance struct {
	ID        string          `json:"id"`
	Name      string          `json:"name"`
	Version   string          `json:"version"`
	Metadata  json.RawMessage `json:"metadata"`
	Endpoints []string        `json:"endpoints"`
}

// kratos reads an entry of Kratos. The first HTTP endpoint is the address,
// else the first of all.
func (e *Entry) kratos(at place, value []byte) error {
	var k kratosInstance
	if err := json.Unmarshal(value, &k); err != nil {
		return fmt.Errorf("not the JSON of Kratos: %w", err)
	}
	if len(k.Endpoints) == 0 {
		return errors.New("it names no endpoint")
	}
	in := fleet.Instance{ID: cmp.Or(k.ID, at.last), Version: k.Version, Endpoints: map[string]string{}}
	scheme := ""
	for _, text := range k.Endpoints {
		addr, kind, err := parseURL(text)
		if err != nil {
			return err
		}
		u, _ := url.Parse(text) // parseURL has read it
		secure := u != nil && u.Query().Get("isSecure") == "true"
		role, shown := cmp.Or(kind, "http"), addr
		if secure {
			shown = role + "s://" + addr
		}
		if _, taken := in.Endpoints[role]; !taken {
			in.Endpoints[role] = shown
		}
		if in.Addr == "" || role == "http" && scheme != "http" && scheme != "https" {
			in.Addr, scheme = addr, role
			if secure {
				scheme += "s"
			}
		}
	}
	m := flatten(k.Metadata)
	if m == nil {
		m = metadata{}
	}
	if m.own("scheme") == "" {
		m["scheme"] = scheme
	}
	m.describe(&in)
	e.Ref.Name = cmp.Or(k.Name, e.Ref.Name)
	e.Instances, e.DependsOn = []fleet.Instance{in}, m.dependsOn()
	return nil
}
