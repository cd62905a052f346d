package breakers

import (
	"context"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/midwatch-cli/midwatch/cmd/app"
	"github.com/midwatch-cli/midwatch/fleet"
	"github.com/midwatch-cli/midwatch/fleet/selection"
)

// addresses completes SERVICE/BREAKER with the breakers there are that take an
// order; of those that only read, with all. Behind a service that was typed only
// its own instances are asked.
func addresses(a *app.App, order fleet.Verb) cobra.CompletionFunc {
	return func(cmd *cobra.Command, args []string, word string) ([]string, cobra.ShellCompDirective) {
		var services []string
		if service, _, typed := strings.Cut(word, "/"); typed {
			services = []string{service}
		}
		all := found(cmd.Context(), a, services, order, func(f selection.Found) string { return selection.Address(f.In.Key, f.Breaker.Name) })
		all = slices.DeleteFunc(all, func(address string) bool { return slices.Contains(args, address) })
		return all, cobra.ShellCompDirectiveNoFileComp
	}
}

// names completes --breaker.
func names(a *app.App) func(context.Context) []string {
	return func(ctx context.Context) []string {
		return found(ctx, a, nil, "", func(f selection.Found) string { return f.Breaker.Name })
	}
}

// found are words about breakers of services that take an order; none is all.
func found(ctx context.Context, a *app.App, services []string, order fleet.Verb, word func(selection.Found) string) []string {
	return a.Offer(ctx, func(ctx context.Context, s *app.Session) (words []string) {
		sel, err := selection.Selector{Names: services}.Compile()
		if err != nil {
			return nil
		}
		r, err := s.Pass(ctx, sel, app.BreakersOnly, nil)
		if err != nil {
			return nil
		}
		all, _ := selection.Breakers{}.Find(r.Snapshot)
		for _, f := range all {
			if order == "" || slices.Contains(f.Breaker.Verbs, order) {
				words = append(words, word(f))
			}
		}
		return words
	})
}
