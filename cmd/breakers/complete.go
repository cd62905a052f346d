package breakers

import (
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/midwatch-cli/midwatch/cmd/app"
	"github.com/midwatch-cli/midwatch/fleet"
	"github.com/midwatch-cli/midwatch/fleet/selection"
)

// addresses completes SERVICE/BREAKER with the breakers there are that take an
// order; without one, with all. Behind a service that was typed only its own
// instances are asked.
func addresses(a *app.App, order fleet.Verb) cobra.CompletionFunc {
	return func(cmd *cobra.Command, args []string, word string) ([]string, cobra.ShellCompDirective) {
		var services []string
		if service, _, typed := strings.Cut(word, "/"); typed {
			services = []string{service}
		}
		all := a.BreakerWords(cmd.Context(), services, order, func(f selection.Found) string { return selection.Address(f.In.Key, f.Breaker.Name) })
		all = slices.DeleteFunc(all, func(address string) bool { return slices.Contains(args, address) })
		return all, cobra.ShellCompDirectiveNoFileComp
	}
}
