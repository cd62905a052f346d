// Package proposal makes plans of what is wanted: it finds the breakers or the
// instances that are meant, says what is to be done to each, and puts it into
// sentences. Commands and the dashboard propose changes in the same words.
package proposal

import (
	"strings"

	"github.com/midwatch-cli/midwatch/cmd/write/screen"
	"github.com/midwatch-cli/midwatch/fleet"
	"github.com/midwatch-cli/midwatch/fleet/change"
	"github.com/midwatch-cli/midwatch/fleet/wiring"
)

// passages are the parts of a plan, one for each answer of by, in their order.
func passages[K comparable](p *change.Plan, by func(ref fleet.Ref, t change.Target) K) (parts []screen.Passage, of []K) {
	at := map[K]int{}
	for i := range p.Steps {
		t := p.Steps[i].Intent.Target
		ref := t.Key().Ref
		ref.Context, ref.Source = p.Steps[i].Intent.Context, t.Source
		k := by(ref, t)
		n, known := at[k]
		if !known {
			n = len(parts)
			at[k], parts, of = n, append(parts, screen.Passage{}), append(of, k)
		}
		parts[n].Steps = append(parts[n].Steps, i)
	}
	return parts, of
}

// where names a context and how it is guarded: (prod, protected).
func where(f *wiring.Fleet) string {
	var words []string
	if f.Context != "" {
		words = append(words, f.Context)
	}
	if f.Protected {
		words = append(words, "protected")
	}
	if len(words) == 0 {
		return ""
	}
	return " (" + strings.Join(words, ", ") + ")"
}
