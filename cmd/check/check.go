// Package check is `midwatch check`: probe now, verdict in the exit code.
package check

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/midwatch-cli/midwatch/cmd/app"
	"github.com/midwatch-cli/midwatch/cmd/condition"
	"github.com/midwatch-cli/midwatch/cmd/render"
	"github.com/midwatch-cli/midwatch/cmd/term"
	"github.com/midwatch-cli/midwatch/fleet"
	"github.com/midwatch-cli/midwatch/fleet/document"
	"github.com/midwatch-cli/midwatch/fleet/gate"
	"github.com/midwatch-cli/midwatch/fleet/selection"
)

type options struct {
	names   []string
	look    app.Look
	gate    gateFlags
	queries condition.Flags
	reports []string
}

const example = `  midwatch check                                   everything, as configured
  midwatch check payment order --zone b            some services, in one zone
  midwatch check --registry consul://127.0.0.1:8500 -o json
  midwatch check --fail-on degraded --max-unknown 5%
  midwatch check --ignore inventory:auth           a known neighbour
  midwatch check --max-error-rate 1% --max-p99 300ms
  midwatch check --fail-on-query 'go_goroutines > 5000' --collect 30s
  midwatch check --explain payment                 how was it asked, and why so?
  midwatch check --report junit=check.xml          a report beside the screen`

// New returns the command.
func New(a *app.App) *cobra.Command {
	var o options
	cmd := &cobra.Command{
		Use: "check [SERVICE...]", Short: "Probe now, verdict in the exit code", Example: example,
		Long: `check reads the registries, asks every selected instance how it is, and ends with
0 (well), 1 (something is down) or 3 (something could not be found out). The root
cause is named before the services that wait for it.

What statuses do not say, expressions do: --fail-on-query takes any PromQL over the
metrics of the instances and what midwatch sees itself, and fails where it holds as an
alert would. Without data it is not known: 3, never a pass.

SERVICE is a name or a glob (ord*, !canary, consul:payment, payment/payment-2).`,
		ValidArgsFunction: a.ServiceArgs,
		RunE: func(cmd *cobra.Command, args []string) error {
			o.names = args
			return run(cmd.Context(), a, &o)
		},
	}
	o.look.Selection.Add(cmd, a)
	o.look.Probing.Add(cmd, a)
	o.gate.add(cmd, a)
	o.queries.AddCheck(cmd, a)
	o.look.Watching.Add(cmd)
	f := cmd.Flags()
	f.BoolVar(&o.look.Probing.Explain, "explain", false, "show how each instance was asked, and why so")
	f.StringArrayVar(&o.reports, "report", nil, "write a further report: `KIND=PATH`, repeatable (junit=check.xml)")
	a.CompleteFunc(cmd, "report", func(context.Context) []string {
		var kinds []string
		for _, f := range render.Formats(true) {
			kinds = append(kinds, string(f)+"=")
		}
		return kinds
	})
	a.AddOutput(cmd, true)
	return cmd
}

func run(ctx context.Context, a *app.App, o *options) error {
	rules, err := o.gate.rules()
	if err != nil {
		return err
	}
	queries, err := o.queries.Parse(o.names, o.look.Selection.Namespace)
	if err != nil {
		return err
	}
	if o.queries.Print {
		return queries.Print(a.IO.Out)
	}
	reports, err := render.ParseReports(o.reports, a.IO.Quiet)
	if err != nil {
		return &app.Error{Code: app.Usage, Err: err}
	}
	rules.MinHealthy = queries.MinHealthy
	queries.Prepare(a, &o.look.Probing)
	o.look.Before = func(ctx context.Context, s *app.Session, sel *selection.Selection) error {
		if err := queries.Open(a, s); err != nil {
			return err
		}
		o.look.Asking = queries.Asking()
		return queries.Gather(ctx, a, s, sel, o.look.Watching.Interval)
	}
	return o.look.Run(ctx, a, o.names, func(r app.Reading) error {
		if rules.Queries, err = queries.Ask(ctx, r.Snapshot); err != nil {
			return err
		}
		return show(a, o, rules, reports, r)
	})
}

// show judges and renders: the code is computed before anything is written.
func show(a *app.App, o *options, rules gate.Rules, reports []render.Report, r app.Reading) error {
	if len(r.Snapshot.Sources) == 0 && len(rules.Queries) > 0 {
		r.Missing = nil // no registry was asked: names only narrow what expressions are about
	}
	for _, m := range r.Missing {
		rules.Missing = append(rules.Missing, gate.Missing{Name: m.Name, Suggestions: m.Suggestions})
	}
	v := gate.Check(r.Snapshot, rules)
	ended := app.Ended{Code: app.CodeOf(v.Outcome), Warned: v.Degraded > 0}
	code := int(ended.Code)
	j := render.Judged{
		Document: document.Check(r.Snapshot, v, code, o.look.Probing.Explain), Snapshot: r.Snapshot, Verdict: v, ExitCode: code, Explain: o.look.Probing.Explain,
	}
	if len(r.Missing) > 0 && len(r.Snapshot.Services) > 0 {
		var names []string
		for _, m := range r.Missing {
			names = append(names, m.Name)
		}
		j.Title = "no such service: " + strings.Join(names, ", ") + "; " + render.Summary(r.Snapshot)
	}
	if !a.IO.Quiet {
		for _, text := range strayIgnores(rules.Ignore, r.Snapshot) {
			fmt.Fprintln(a.IO.Err, term.Clean("warning: --ignore "+text+" matches no service: reasons are "+strings.Join(fleet.Reasons(), ", ")))
		}
	}
	out := a.Output
	out.Now = r.Snapshot.At
	if out.Now.IsZero() {
		out.Now = time.Now()
	}
	if err := render.Verdict(a.IO, out, j); err != nil {
		return err
	}
	if err := render.WriteReports(a.IO, out, reports, j); err != nil {
		return &app.Error{Code: app.Usage, Err: err}
	}
	if a.IO.CI == term.GitHub && !a.IO.Quiet && out.Format != render.FormatGitHub {
		if err := render.ReportGitHub(a.IO, out, j, a.Getenv("GITHUB_STEP_SUMMARY")); err != nil {
			return err
		}
	}
	if ended.Code == app.OK && !ended.Warned {
		return nil
	}
	return ended
}

// strayIgnores finds the texts that were read as SOURCE:SERVICE and match
// nothing: perhaps a reason was misspelt.
func strayIgnores(ignores []gate.Ignore, s *fleet.Snapshot) []string {
	var stray []string
	for _, i := range ignores {
		if i.Reason != "" || !strings.Contains(i.Text, ":") {
			continue
		}
		if !slices.ContainsFunc(s.Services, func(v fleet.ServiceView) bool { return i.Match(v.Ref) }) {
			stray = append(stray, i.Text)
		}
	}
	return stray
}

// gateFlags are what the verdict is told.
type gateFlags struct {
	failOn       []string
	ignore       []string
	maxUnknown   string
	minInstances int
}

func (g *gateFlags) add(cmd *cobra.Command, a *app.App) {
	f := cmd.Flags()
	f.StringSliceVar(&g.failOn, "fail-on", nil, "`STATUS`es that fail beside down: degraded, unknown, maintenance")
	f.StringArrayVar(&g.ignore, "ignore", nil, "`SERVICE[:reason]` that is not held against the fleet; repeatable, still shown and counted")
	f.StringVar(&g.maxUnknown, "max-unknown", "0", "so many instances may be unknown: `N|P%`")
	f.IntVar(&g.minInstances, "min-instances", 1, "a service with fewer instances fails; 0 lets an empty one pass")
	a.Complete(cmd, "fail-on", "degraded", "unknown", "maintenance", "down")
	a.CompleteFunc(cmd, "ignore", a.ServiceNames)
	a.NoComplete(cmd, "max-unknown", "min-instances")
}

func (g *gateFlags) rules() (gate.Rules, error) {
	r := gate.Rules{MinInstances: g.minInstances}
	if g.minInstances < 0 {
		return r, app.Usagef("", "--min-instances %d: must not be negative", g.minInstances)
	}
	for _, word := range g.failOn {
		st, err := fleet.ParseStatus(word)
		if err != nil || st == fleet.Up {
			return r, app.Usagef("", "--fail-on %q: want degraded, unknown, maintenance or down", word)
		}
		r.FailOn = append(r.FailOn, st)
	}
	var err error
	if r.MaxUnknown, err = gate.ParseAmount(g.maxUnknown); err != nil {
		return r, app.Usagef("", "--max-unknown: %v", err)
	}
	for _, text := range g.ignore {
		i, err := parseIgnore(text)
		if err != nil {
			return r, err
		}
		r.Ignore = append(r.Ignore, i)
	}
	return r, nil
}

// parseIgnore reads SERVICE[:reason]. A source's name in front, as in
// consul:payment, is told from a reason by what the words are: a reason is one
// of the closed list.
func parseIgnore(text string) (gate.Ignore, error) {
	name, reason := text, ""
	if i := strings.LastIndexByte(text, ':'); i >= 0 && fleet.IsReason(text[i+1:]) {
		name, reason = text[:i], text[i+1:]
	}
	p, err := selection.ParsePattern(name)
	if err != nil {
		return gate.Ignore{}, app.Usagef("want SERVICE or SERVICE:reason; reasons are "+strings.Join(fleet.Reasons(), ", "), "--ignore %q: %v", text, err)
	}
	if p.Not {
		return gate.Ignore{}, app.Usagef("", "--ignore %q: a negated name ignores nothing", text)
	}
	return gate.Ignore{Match: p.Match, Reason: fleet.Reason(reason), Text: text}, nil
}
