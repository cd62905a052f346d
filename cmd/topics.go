package cmd

import (
	"fmt"
	"strings"

	"github.com/spf13/cobra"
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
		page("changing", "How changes are planned, written down and taken back", func() string { return changing }),
		page("selecting", "How services, instances and breakers are named", func() string { return selecting }),
	}
}

func exitCodes() string {
	var b strings.Builder
	for _, row := range Codes() {
		fmt.Fprintf(&b, "%4d  %s\n", row.Code, row.Meaning)
	}
	b.WriteString("\nA certain failure beats a doubt: something down is 1 even when a registry is silent.\nDegraded alone is 0; --fail-on degraded makes it 1. Maintenance is no failure.\nThe code never depends on the output format. go run turns every code into 1.\n")
	return b.String()
}

func defaults() string {
	var b strings.Builder
	for _, row := range DefaultsTable() {
		fmt.Fprintf(&b, "%-14s %s\n%-14s %s\n", row.What, row.Value, "", row.Meaning)
	}
	return b.String()
}

const environment = `MIDWATCH_CONFIG         the configuration file, as --config
MIDWATCH_CONTEXT        contexts, comma separated, as --context; none for no context
MIDWATCH_REGISTRY       registry URLs separated by spaces, as --registry
MIDWATCH_PROMETHEUS     URL of a server that answers PromQL, as --prometheus
MIDWATCH_READ_ONLY      anything: every write is refused
MIDWATCH_SCREEN_READER  anything: the dashboard says it in lines, as top --screen-reader
XDG_CONFIG_HOME         where midwatch/midwatch.yaml is looked for
XDG_STATE_HOME          where context, round-robin cursor and journal are kept

With no file and no flag, the one registry that these show is used:
CONSUL_HTTP_ADDR        and CONSUL_HTTP_TOKEN, CONSUL_HTTP_SSL, CONSUL_CACERT, ...
ETCDCTL_ENDPOINTS       and ETCDCTL_USER, ETCDCTL_PASSWORD, ETCDCTL_CACERT, ...

NO_COLOR, CLICOLOR, CLICOLOR_FORCE, TERM, LANG, LC_ALL, COLUMNS   how a terminal is drawn on
CI, GITHUB_ACTIONS, GITHUB_STEP_SUMMARY, GITLAB_CI, TF_BUILD, TEAMCITY_VERSION   --no-ci ignores them
HTTPS_PROXY, HTTP_PROXY, NO_PROXY   for registries and Prometheus; instances are never asked through them
`

const selecting = `SERVICE arguments are names or globs; the same words work in every command:

  payment                 every service of that name, in every source
  ord* !order-canary      globs, and what is taken out again
  consul:payment          of one source
  shop/payment            of one namespace, or
  payment/payment-2       one instance

  -l team=shop,tier!=test,zone in (a,b)   metadata of the registry
  --zone b  --service-version 2.4.1  --instance ID  -n NAMESPACE

Breakers are SERVICE/BREAKER, by their owner, the caller; the first slash splits.

  order/payment           order's breaker towards payment, on all instances
  */payment               everyone's towards payment
  order --breaker 'a/b'   a name as it is
`

const changing = `What midwatch writes is a change: an order to breakers (breakers trip, reset,
bypass, half-open), instances out of use and back (drain, undrain), a
registry's entries (register, deregister). All are made in the same way:

  plan      what was, what will be, on how many of how many, how, and what
            else happens; --dry-run ends here, --expect N refuses another number
  ask       the default answer is No; --yes does not ask, and is required where
            there is no terminal; a protected context wants the service's name
            (--confirm NAME), a read-only one refuses
  look      the plan is read again: where it is another now, nothing is written
  write     into the journal, before the first request: who, when, why
            (--reason), and what was there before
  do        with --batch N, --pause 10s and --max-failures N in steps; each
            target is read back. All done is 0, none is 1, some is 4
  retry     COMMAND --retry CHANGE does what a change did not do, no more
  undo      midwatch changes undo CHANGE puts back what was there

With --ttl 10m it is put back by itself, also when the terminal is gone; where
nothing can stay alive (a build, a container's first process) add --wait. What
somebody else has in force is refused, with who and why, but for --override.

  midwatch changes          what is in force
  midwatch changes settle   put back what is overdue, find out what broke off
`
