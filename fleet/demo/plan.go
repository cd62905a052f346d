package demo

import (
	"fmt"

	"github.com/midwatch-cli/midwatch/fleet/demo/service"
)

// part is one service of the fleet.
type part struct {
	name      string
	instances int
	version   string
	dependsOn []string
}

// plan is the fleet:
//
//	gateway -> user, order        order -> user, inventory, payment
func plan() []part {
	return []part{
		{"gateway", 2, "1.9.0", []string{"order", "user"}},
		{"inventory", 2, "3.0.2", nil},
		{"order", 2, "2.4.1", []string{"inventory", "payment", "user"}},
		{"payment", 3, "2.4.1", nil},
		{"user", 2, "1.2.0", nil},
	}
}

// partOf finds a service by its name.
func partOf(name string) (part, bool) {
	for _, p := range plan() {
		if p.name == name {
			return p, true
		}
	}
	return part{}, false
}

// id names the n-th instance of a service, from 1: payment-2.
func (p part) id(n int) string { return fmt.Sprintf("%s-%d", p.name, n) }

// zone is where the n-th instance runs: a, b, a, ...
func zone(n int) string { return string(rune('a' + (n-1)%2)) }

// member is a running instance of a part.
type member struct {
	*service.Instance
	n int // from 1
}
