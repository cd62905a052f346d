package environ

import (
	"fmt"
	"strings"

	"github.com/midwatch-cli/midwatch/fleet/config"
)

const head = `## midwatch.yaml: which fleets there are and how they are asked.
## Lines with two signs explain; take one sign off the others to use them.
## Check it with ` + "`midwatch config validate`" + `; every key: ` + "`midwatch config schema`" + `.
## Secrets are references, never values: env:NAME, file:PATH, {cmd: [program, argument]}.

`

const rest = `#    ## Which services have which profile, and what they call.
#    services:
#      - match: "order*"
#        profile: shop
#        dependsOn: [payment, inventory]
#    ## Refuse every write, or want the service's name typed before one.
#    readOnly: true
#    protected: true
#    ## The dashboard may change things without being asked by :write; readOnly wins.
#    write: true

## Profiles say how a kind of service is asked. Built in are spring, quarkus,
## dotnet, go, node, python, envoy, haproxy, midwatch and plain.
#profiles:
#  shop:
#    extends: spring
#    health:
#      path: [/internal/ready, /internal/health]
#    ports:
#      admin: 9090
#    slow: 500ms
#    auth:
#      bearer: env:SHOP_TOKEN
#    ## Tokens go to instances over verified TLS or loopback only, unless allowed here.
#    allowHosts: [10.0.0.0/8, .shop.internal]
`

const example = `#contexts:
#  - name: prod
#    registries:
#      - consul://10.0.0.5:8500
#      - name: etcd-b
#        url: etcd://10.0.0.6:2379
#        ca: /etc/ssl/etcd-ca.pem
`

// Init is the commented file that `config init` writes: with the candidates
// the environment shows, or with an example that is commented out. The file is
// right as it is, and still right with its comments taken off.
func Init(found []Candidate) ([]byte, error) {
	var b strings.Builder
	b.WriteString(head)
	var usable []Candidate
	for _, c := range found {
		if c.Supported {
			usable = append(usable, c)
			continue
		}
		fmt.Fprintf(&b, "## %s is set, but this version cannot read %s.\n", c.Variable, c.Kind)
	}
	if len(usable) == 0 {
		b.WriteString("## No registry was found in the environment; this is what one looks like.\n" + example + rest)
		return []byte(b.String()), nil
	}
	b.WriteString("contexts:\n  - name: default\n    registries:\n")
	for _, c := range usable {
		shown, err := config.ShowRegistry(c.Registry)
		if err != nil {
			return nil, err
		}
		fmt.Fprintf(&b, "      ## from %s\n", c.Variable)
		for line := range strings.Lines(string(shown)) {
			b.WriteString("    " + line)
		}
	}
	b.WriteString(rest)
	return []byte(b.String()), nil
}
