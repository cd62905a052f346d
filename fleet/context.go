package fleet

import "context"

type changeKey struct{}

// WithChange says in a context for which change far systems are asked.
func WithChange(ctx context.Context, id string) context.Context {
	return context.WithValue(ctx, changeKey{}, id)
}

// AgentFor is what we call ourselves to a far system: with the change that it is
// asked for, where it is for one.
func AgentFor(ctx context.Context, agent string) string {
	switch id, _ := ctx.Value(changeKey{}).(string); {
	case id == "":
		return agent
	case agent == "":
		return "change/" + id
	default:
		return agent + " change/" + id
	}
}
