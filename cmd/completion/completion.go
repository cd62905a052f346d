// Package completion is `midwatch completion`: scripts for shells.
package completion

import (
	"strings"

	"github.com/spf13/cobra"

	"github.com/midwatch-cli/midwatch/cmd/app"
)

const example = `  midwatch completion bash > /etc/bash_completion.d/midwatch
  midwatch completion zsh > "${fpath[1]}/_midwatch"
  midwatch completion fish > ~/.config/fish/completions/midwatch.fish`

// New returns the command.
func New(a *app.App) *cobra.Command {
	shells := []string{"bash", "zsh", "fish", "powershell"}
	return &cobra.Command{
		Use: "completion SHELL", Short: "Print the completion script of a shell", Example: example,
		Long: "completion prints a script that completes commands, flags and live names: services,\ninstances, zones and contexts are looked up as you type, for a second at most.",
		Args: cobra.ExactArgs(1), ValidArgs: shells,
		RunE: func(cmd *cobra.Command, args []string) error {
			root := cmd.Root()
			switch args[0] {
			case "bash":
				return root.GenBashCompletionV2(a.IO.Out, true)
			case "zsh":
				return root.GenZshCompletion(a.IO.Out)
			case "fish":
				return root.GenFishCompletion(a.IO.Out, true)
			case "powershell":
				return root.GenPowerShellCompletionWithDesc(a.IO.Out)
			}
			return app.Usagef("there are: "+strings.Join(shells, ", "), "no completion for the shell %q", args[0])
		},
	}
}
