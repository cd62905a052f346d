package query

import (
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/midwatch-cli/midwatch/cmd/app"
	"github.com/midwatch-cli/midwatch/cmd/measure"
	"github.com/midwatch-cli/midwatch/fleet/metrics/promql"
)

// completer offers functions and the series of our own for the expression, then
// services. Asking instances for their metrics would keep the shell waiting.
func completer(a *app.App) cobra.CompletionFunc {
	return func(cmd *cobra.Command, args []string, word string) ([]string, cobra.ShellCompDirective) {
		if len(args) > 0 {
			return a.ServiceArgs(cmd, args[1:], word)
		}
		// What stands before the name that is being typed stays.
		at := strings.LastIndexFunc(word, func(r rune) bool {
			return r != '_' && r != ':' && (r < '0' || r > '9') && (r < 'a' || r > 'z') && (r < 'A' || r > 'Z')
		}) + 1
		var out []string
		for _, name := range words() {
			if strings.HasPrefix(name, word[at:]) {
				out = append(out, word[:at]+name)
			}
		}
		return out, cobra.ShellCompDirectiveNoFileComp | cobra.ShellCompDirectiveNoSpace
	}
}

// words are what an expression may begin with.
func words() []string {
	var out []string
	for _, name := range promql.Functions() {
		out = append(out, name+"(")
	}
	out = append(out, "sum", "avg", "min", "max", "count", "topk", "bottomk", "quantile")
	out = append(out, measure.Own()...)
	slices.Sort(out)
	return out
}
