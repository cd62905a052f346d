package catalog_test

import (
	"strings"
	"testing"

	"github.com/midwatch-cli/midwatch/fleet/registry/consul/catalog"
)

// TestDecodeTakes: what of an entry may be missing, null or odd without an
// instance being lost, and what may not.
func TestDecodeTakes(t *testing.T) {
	node, service := `"Node":{"Node":"n1","Address":"10.0.0.1"}`, `"Service":{"ID":"a","Service":"s","Port":80}`
	for _, c := range []struct {
		name, raw string
		want      string // address; or "!" and a part of the error
	}{
		{"no checks", "{" + node + "," + service + "}", "10.0.0.1:80"},
		{"null for all there can be", "{" + node + `,"Service":{"ID":"a","Service":"s","Port":80,"Tags":null,"Meta":null,"Ports":null,"TaggedAddresses":null,"Weights":null,"Locality":null},"Checks":null}`, "10.0.0.1:80"},
		{"a check that is null", "{" + node + "," + service + `,"Checks":[null]}`, "10.0.0.1:80"},
		{"fields of a later version", "{" + node + "," + service + `,"Peer":{"x":[1]},"Later":true}`, "10.0.0.1:80"},
		{"the service's address only", `{"Node":{"Node":"n1"},"Service":{"ID":"a","Service":"s","Address":"h","Port":80}}`, "h:80"},
		{"a socket and no address", `{"Node":{"Node":"n1"},"Service":{"ID":"a","Service":"s","SocketPath":"/run/a.sock"}}`, "/run/a.sock"},
		{"a slash in the id", `{"Node":{"Node":"n1","Address":"h"},"Service":{"ID":"a/b","Service":"s","Port":80}}`, "h:80"},

		{"no service", "{" + node + "}", "!no service id"},
		{"no id", "{" + node + `,"Service":{"Service":"s","Port":80}}`, "!no service id"},
		{"no name", "{" + node + `,"Service":{"ID":"a","Port":80}}`, "!no name"},
		{"no node", "{" + service + "}", "!no node"},
		{"nowhere", `{"Node":{"Node":"n1"},` + service + "}", "!no address"},
		{"a port in words", "{" + node + `,"Service":{"ID":"a","Service":"s","Port":"80"}}`, "!cannot unmarshal"},
		{"half a port", "{" + node + `,"Service":{"ID":"a","Service":"s","Port":80.5}}`, "!cannot unmarshal"},
		{"metadata of another kind", "{" + node + `,"Service":{"ID":"a","Service":"s","Port":80,"Meta":{"a":1}}}`, "!cannot unmarshal"},
		{"cut off", "{" + node + `,"Service":{"ID":"a"`, "!unexpected end"},
		{"nothing", "", "!unexpected end"},
		{"two of them", "{" + node + "," + service + "}{}", "!invalid character"},
	} {
		e, err := catalog.Decode([]byte(c.raw))
		if part, wrong := strings.CutPrefix(c.want, "!"); wrong {
			if err == nil || !strings.Contains(err.Error(), part) {
				t.Errorf("%s: %v, want %q", c.name, err, part)
			}
			continue
		}
		if err != nil || e.Addr() != c.want || !strings.HasPrefix(e.ID(), "n1/a") {
			t.Errorf("%s: %q, %v; want %q", c.name, e.Addr(), err, c.want)
		}
	}
}
