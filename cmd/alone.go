package cmd

import (
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"github.com/midwatch-cli/midwatch/cmd/app"
	"github.com/midwatch-cli/midwatch/fleet/config"
	"github.com/midwatch-cli/midwatch/fleet/config/environ"
	"github.com/midwatch-cli/midwatch/fleet/registry/all"
)

// waysOut is what to do where there is no fleet to look at.
const waysOut = `
No fleet is known here. Three ways out:

  midwatch top --registry etcd://HOST:2379          names a registry
  midwatch config init                              looks round, and writes a file
  midwatch demo                                     brings a fleet of its own
`

// alone is midwatch without a command: the dashboard, where there is a terminal
// and something to look at; else help.
func alone(cmd *cobra.Command, a *app.App) error {
	if !a.IO.OutTTY || a.IO.Dumb || a.IO.Quiet || a.IO.Screen() == nil {
		return cmd.Help()
	}
	known, err := knows(a)
	if err != nil {
		return &app.Error{Code: app.Usage, Err: err}
	}
	if !known {
		defer fmt.Fprint(a.IO.Out, waysOut)
		return cmd.Help()
	}
	top, _, err := cmd.Find([]string{"top"})
	if err != nil {
		return err
	}
	top.SetContext(cmd.Context())
	return top.RunE(top, nil)
}

// knows says whether there is a fleet to look at: a registry that is named, a
// context, or registries in the environment. More than one of what only one can
// be used of is something too: who looks is told to choose.
func knows(a *app.App) (bool, error) {
	g := &a.Global
	if len(g.Registries)+len(g.Contexts) > 0 || g.AllContexts || strings.TrimSpace(a.Getenv("MIDWATCH_REGISTRY")) != "" {
		return true, nil
	}
	f, err := a.Config()
	if err != nil {
		return false, err
	}
	choice, err := f.Choose("", a.Getenv, config.StateIn(a.Getenv))
	if err != nil || len(choice.Contexts) > 0 {
		return true, nil // what is wrong is said when it is opened
	}
	found, err := environ.Look(a.Getenv, all.Schemes())
	if err != nil {
		return true, nil
	}
	for _, c := range found {
		if c.Supported {
			return true, nil
		}
	}
	return false, nil
}
