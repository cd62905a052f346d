package cmd_test

import (
	"testing"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

// flagsOf lists the flags a command declares itself.
func flagsOf(c *cobra.Command) []*pflag.Flag {
	var flags []*pflag.Flag
	c.LocalNonPersistentFlags().VisitAll(func(f *pflag.Flag) { flags = append(flags, f) })
	if !c.HasParent() {
		c.PersistentFlags().VisitAll(func(f *pflag.Flag) { flags = append(flags, f) })
	}
	return flags
}

func TestEveryFlagHasItsHelp(t *testing.T) {
	root := tree()
	seen := map[string]string{}
	for name, c := range commands(root) {
		for _, f := range flagsOf(c) {
			if f.Usage == "" {
				t.Errorf("midwatch %s --%s has no help", name, f.Name)
			}
			// One word per idea: the same short letter is the same flag everywhere.
			if f.Shorthand == "" {
				continue
			}
			if other, ok := seen[f.Shorthand]; ok && other != f.Name {
				t.Errorf("-%s is --%s in one command and --%s in midwatch %s", f.Shorthand, other, f.Name, name)
			}
			seen[f.Shorthand] = f.Name
		}
	}
}
