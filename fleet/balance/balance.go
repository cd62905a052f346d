// Package balance picks the instances to use, by the policies that load
// balancers have. It is pure: its randomness and its cursor are handed in.
package balance

import (
	"cmp"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"time"

	"github.com/midwatch-cli/midwatch/fleet"
)

// Policy is a way to choose.
type Policy string

// The policies.
const (
	Random       Policy = "random"
	RoundRobin   Policy = "round-robin"   // the next after the last one, by a cursor that is kept
	LeastLatency Policy = "least-latency" // the quickest answer to this call's own probe
	TwoChoices   Policy = "two-choices"   // the quicker of two picked by chance
	Weighted     Policy = "weighted"      // by chance, in proportion to the weights
)

// Policies lists them, for help and completion.
func Policies() []string {
	return []string{string(Random), string(RoundRobin), string(LeastLatency), string(TwoChoices), string(Weighted)}
}

// Parse reads the name of a policy.
func Parse(s string) (Policy, error) {
	if slices.Contains(Policies(), s) {
		return Policy(s), nil
	}
	return "", fmt.Errorf("unknown policy %q: want %s", s, strings.Join(Policies(), ", "))
}

// Options are what a choice depends on besides the instances.
type Options struct {
	Policy Policy
	Zone   string     // instances of this zone come first; the others only if it has none
	Rand   *rand.Rand // for random, two-choices and weighted
	Cursor string     // round-robin: the id that was chosen last
}

// Order returns the usable instances of a service in the order they should be
// used: the first is the choice, the others are to be tried after it. Only
// what is up is usable: never what is draining, unknown, degraded or down. It
// is empty where there is none.
func Order(in []fleet.InstanceView, o Options) []*fleet.InstanceView {
	var near, far []*fleet.InstanceView
	for i := range in {
		if in[i].Status != fleet.Up {
			continue
		}
		if o.Zone != "" && in[i].Zone != o.Zone {
			far = append(far, &in[i])
		} else {
			near = append(near, &in[i])
		}
	}
	return append(order(near, o), order(far, o)...)
}

func order(in []*fleet.InstanceView, o Options) []*fleet.InstanceView {
	slices.SortFunc(in, func(a, b *fleet.InstanceView) int { return cmp.Compare(a.ID, b.ID) })
	switch o.Policy {
	case RoundRobin:
		i, found := slices.BinarySearchFunc(in, o.Cursor, func(v *fleet.InstanceView, id string) int { return cmp.Compare(v.ID, id) })
		if found {
			i++
		}
		if i < len(in) {
			return slices.Concat(in[i:], in[:i])
		}
		return in
	case LeastLatency:
		slices.SortStableFunc(in, quicker)
		return in
	case TwoChoices:
		o.Rand.Shuffle(len(in), func(i, j int) { in[i], in[j] = in[j], in[i] })
		if len(in) > 1 && quicker(in[1], in[0]) < 0 {
			in[0], in[1] = in[1], in[0]
		}
		return in
	case Weighted:
		return weighted(in, o.Rand)
	default: // Random
		o.Rand.Shuffle(len(in), func(i, j int) { in[i], in[j] = in[j], in[i] })
		return in
	}
}

// quicker compares by the time the deciding probe took; what was not asked
// comes last.
func quicker(a, b *fleet.InstanceView) int { return cmp.Compare(latency(a), latency(b)) }

func latency(v *fleet.InstanceView) time.Duration {
	if len(v.Probes) == 0 {
		return time.Duration(1<<63 - 1)
	}
	return v.Probes[0].Took
}

// weight is the share of an instance; one that nobody gave counts as 1. What a
// registry holds may be any number: bounded, no sum of them overflows.
func weight(v *fleet.InstanceView) int64 { return int64(min(max(v.Weight, 1), math.MaxInt32)) }

// weighted draws without replacement, in proportion to the weights.
func weighted(in []*fleet.InstanceView, r *rand.Rand) []*fleet.InstanceView {
	left := slices.Clone(in)
	out := make([]*fleet.InstanceView, 0, len(in))
	for len(left) > 0 {
		total := int64(0)
		for _, v := range left {
			total += weight(v)
		}
		n := r.Int64N(total)
		i := slices.IndexFunc(left, func(v *fleet.InstanceView) bool {
			n -= weight(v)
			return n < 0
		})
		out = append(out, left[i])
		left = slices.Delete(left, i, i+1)
	}
	return out
}
