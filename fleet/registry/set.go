package registry

import (
	"cmp"
	"reflect"
	"slices"
	"time"

	"github.com/midwatch-cli/midwatch/fleet"
)

// Sort brings services and their instances into the order every set has, in
// place. What is in order already is not written to.
func Sort(services []fleet.Service) {
	slices.SortFunc(services, func(a, b fleet.Service) int { return a.Compare(b.Ref) })
	for _, svc := range services {
		if !slices.IsSortedFunc(svc.Instances, byID) {
			slices.SortFunc(svc.Instances, byID)
		}
	}
}

func byID(a, b fleet.Instance) int { return cmp.Compare(a.ID, b.ID) }

// Equal says whether two sets say the same. Signs of life (LastSeen, Lease,
// AsOf) are left out: they change without anything having changed.
func Equal(a, b Set) bool {
	if len(a.Services) != len(b.Services) || !slices.Equal(a.Warnings, b.Warnings) {
		return false
	}
	for i, x := range a.Services {
		y := b.Services[i]
		if x.Ref != y.Ref || len(x.Instances) != len(y.Instances) || !slices.Equal(x.DependsOn, y.DependsOn) || !reflect.DeepEqual(x.Labels, y.Labels) {
			return false
		}
		for j, in := range x.Instances {
			other := y.Instances[j]
			in.LastSeen, other.LastSeen = time.Time{}, time.Time{}
			in.Lease, other.Lease = 0, 0
			if !reflect.DeepEqual(in, other) {
				return false
			}
		}
	}
	return true
}
