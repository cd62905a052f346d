package cmd

import (
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"github.com/midwatch-cli/midwatch/cmd/app"
)

// topics are pages of help that belong to no command: `midwatch help defaults`.
// Those made from tables in code are made when they are asked for.
func topics() []*cobra.Command {
	page := func(use, short string, text func() string) *cobra.Command {
		c := &cobra.Command{Use: use, Short: short}
		c.SetHelpFunc(func(c *cobra.Command, _ []string) { fmt.Fprint(c.OutOrStdout(), text()) })
		return c
	}
	return []*cobra.Command{
		page("exit-codes", "What the exit codes mean", exitCodes),
		page("defaults", "What holds where nobody says otherwise", defaults),
		page("environment", "The variables that are read", func() string { return environment }),
		page("selecting", "How services and instances are named", func() string { return selecting }),
	}
}

func exitCodes() string {
	var b strings.Builder
	for _, row := range app.Codes() {
		fmt.Fprintf(&b, "%4d  %s\n", row.Code, row.Meaning)
	}
	b.WriteString("\nA certain failure beats a doubt: something down is 1 even when a registry is silent.\nDegraded alone is 0; --fail-on degraded makes it 1. Maintenance is no failure.\nThe code never depends on the output format. go run turns every code into 1.\n")
	return b.String()
}

func defaults() string {
	var b strings.Builder
	for _, row := range app.DefaultsTable() {
		fmt.Fprintf(&b, "%-14s %s\n%-14s %s\n", row.What, row.Value, "", row.Meaning)
	}
	return b.String()
}

const environment = `MIDWATCH_CONFIG         the configuration file, as --config
MIDWATCH_CONTEXT        contexts, comma separated, as --context; none for no context
MIDWATCH_REGISTRY       registry URLs separated by spaces, as --registry
MIDWATCH_READ_ONLY      anything: every write is refused
XDG_CONFIG_HOME         where midwatch/midwatch.yaml is looked for
XDG_STATE_HOME          where the chosen context and the round-robin cursor are kept

With no file and no flag, the one registry that these show is used:
CONSUL_HTTP_ADDR        and CONSUL_HTTP_TOKEN, CONSUL_HTTP_SSL, CONSUL_CACERT, ...
ETCDCTL_ENDPOINTS       and ETCDCTL_USER, ETCDCTL_PASSWORD, ETCDCTL_CACERT, ...

NO_COLOR, CLICOLOR, CLICOLOR_FORCE, TERM, LANG, LC_ALL, COLUMNS   how a terminal is drawn on
CI, GITHUB_ACTIONS, GITHUB_STEP_SUMMARY, GITLAB_CI, TF_BUILD, TEAMCITY_VERSION   --no-ci ignores them
HTTPS_PROXY, HTTP_PROXY, NO_PROXY   for registries; instances are never asked through them
`

const selecting = `SERVICE arguments are names or globs; the same words work in every command:

  payment                 every service of that name, in every source
  ord* !order-canary      globs, and what is taken out again
  consul:payment          of one source
  shop/payment            of one namespace, or
  payment/payment-2       one instance

  -l team=shop,tier!=test,zone in (a,b)   metadata of the registry
  --zone b  --service-version 2.4.1  --instance ID  -n NAMESPACE
`
