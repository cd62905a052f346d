package probe

import "context"

// Mux asks each target with the prober of its kind.
type Mux map[Kind]Prober

// Probe hands t on. A kind without a prober is a target we cannot ask: Unknown.
func (m Mux) Probe(ctx context.Context, t Target) Result {
	if p := m[t.Kind]; p != nil {
		return p.Probe(ctx, t)
	}
	return *begin(ctx, t).end(Unknown, ReasonInternal, "nothing asks targets of kind "+string(t.Kind))
}
