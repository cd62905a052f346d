// Package wait is `midwatch wait`: until it is so, or time runs out.
package wait

import (
	"cmp"
	"context"
	"errors"
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
	"github.com/midwatch-cli/midwatch/fleet/gate/query"
)

type options struct {
	names        []string
	sel          app.Selection
	probing      app.Probing
	watching     app.Watching
	queries      condition.Flags
	word         string
	wordless     bool // only expressions are waited for
	failOn       []string
	minHealthy   string
	minInstances int
	allowMixed   bool
	okIfAbsent   bool
	mustExist    bool
	stableFor    time.Duration
	consecutive  int
	grace        time.Duration
	reports      []string
}

const example = `  midwatch wait order --for up --timeout 5m
  midwatch wait order --for version=2.4.1 --min-healthy 100% --stable-for 30s --timeout 5m
  midwatch wait payment --for up --fail-on down --timeout 2m
  midwatch wait user --for count=3 --timeout 1m
  midwatch wait payment/payment-2 --for drained --timeout 2m
  midwatch wait legacy --for gone --ok-if-absent --timeout 1m
  midwatch wait order --for-query 'midwatch_service_error_ratio < 0.01' --stable-for 30s --timeout 5m
  midwatch wait order --for version=2.4.1 --fail-on-query 'midwatch_service_error_ratio > 0.05' --timeout 5m`

// New returns the command.
func New(a *app.App) *cobra.Command {
	var o options
	cmd := &cobra.Command{
		Use: "wait [SERVICE...]", Short: "Wait until services are as they should be", Example: example,
		Long: `wait looks again and again until every selected service is as --for says: up, down,
gone, drained, count=N or version=V. It ends with 0 when it is so, 1 when --fail-on
saw what it should not, 3 when it cannot be told, 124 when --timeout ran out first.
A service that is not there yet is waited for.

What is richer than these words is PromQL over the metrics of the instances and what
midwatch sees itself: --for-query has to hold as well, or alone where --for is not
given; where --fail-on-query holds, waiting ends at once.`,
		ValidArgsFunction: a.ServiceArgs,
		RunE: func(cmd *cobra.Command, args []string) error {
			o.names = args
			o.wordless = !slices.ContainsFunc([]string{"for", "min-healthy", "min-instances", "allow-mixed", "ok-if-absent", "grace"}, cmd.Flags().Changed)
			return run(cmd.Context(), a, &o)
		},
	}
	o.sel.Add(cmd, a)
	o.probing.Add(cmd, a)
	o.watching.AddInterval(cmd, fleet.WaitInterval)
	f := cmd.Flags()
	f.StringVar(&o.word, "for", "up", "what to wait for: `WORD` is up, down, gone, drained, count=N or version=V")
	f.StringSliceVar(&o.failOn, "fail-on", nil, "`STATUS`es of an instance that end the waiting at once: down, degraded, unknown, maintenance")
	f.StringVar(&o.minHealthy, "min-healthy", "100%", "so many instances must be up: `N|P%`")
	f.IntVar(&o.minInstances, "min-instances", -1, "so many instances must be registered (default: as many as at the start)")
	f.BoolVar(&o.allowMixed, "allow-mixed", false, "version=V holds although other versions run beside it")
	f.BoolVar(&o.okIfAbsent, "ok-if-absent", false, "gone and drained hold for what was never seen")
	f.BoolVar(&o.mustExist, "must-exist", false, "fail at once where a service is not there")
	f.DurationVar(&o.stableFor, "stable-for", 0, "it must be so for this long without a break")
	f.IntVar(&o.consecutive, "consecutive", 1, "it must be so in so many looks in a row")
	f.DurationVar(&o.grace, "grace", fleet.DrainGrace, "drained: how long an instance must be out, since calls in flight are not known")
	f.StringArrayVar(&o.reports, "report", nil, "write a further report: `KIND=PATH`, repeatable")
	o.queries.AddWait(cmd, a)
	a.Complete(cmd, "for", "up", "down", "gone", "drained", "count=", "version=")
	a.Complete(cmd, "fail-on", "down", "degraded", "unknown", "maintenance")
	a.NoComplete(cmd, "min-healthy", "min-instances", "stable-for", "consecutive", "grace", "report")
	a.AddOutput(cmd, true)
	return cmd
}

// want makes the waiter and the patience out of the flags.
func (o *options) want() (*gate.Waiter, gate.Patience, error) {
	w, err := gate.ParseWant(o.word)
	if err != nil {
		return nil, gate.Patience{}, app.Usagef("what is richer than these words is PromQL: --for-query", "%v", err)
	}
	if w.MinHealthy, err = gate.ParseAmount(o.minHealthy); err != nil {
		return nil, gate.Patience{}, app.Usagef("", "--min-healthy: %v", err)
	}
	w.MinInstances, w.AllowMixed, w.OKIfAbsent = o.minInstances, o.allowMixed, o.okIfAbsent
	p := gate.Patience{StableFor: o.steady(), Consecutive: o.consecutive}
	for _, word := range o.failOn {
		st, err := fleet.ParseStatus(word)
		if err != nil || st == fleet.Up {
			return nil, p, app.Usagef("", "--fail-on %q: want down, degraded, unknown or maintenance", word)
		}
		p.FailOn = append(p.FailOn, st)
	}
	switch {
	case o.minInstances < -1:
		return nil, p, app.Usagef("", "--min-instances %d: must not be negative", o.minInstances)
	case o.stableFor < 0 || o.grace < 0:
		return nil, p, app.Usagef("", "--stable-for and --grace must not be negative")
	case o.consecutive < 1:
		return nil, p, app.Usagef("", "--consecutive %d: must be at least 1", o.consecutive)
	}
	return &gate.Waiter{Want: w, Names: plainNames(o.names)}, p, nil
}

// plainNames are the arguments that name one service, which must be there;
// globs select among what is.
func plainNames(args []string) []string {
	var names []string
	for _, arg := range args {
		if !strings.ContainsAny(arg, "*?[]!/:") {
			names = append(names, arg)
		}
	}
	return names
}

func run(ctx context.Context, a *app.App, o *options) error {
	waiter, patience, err := o.want()
	if err != nil {
		return err
	}
	queries, err := o.queries.Parse(o.names, o.sel.Namespace)
	if err != nil {
		return err
	}
	if o.queries.Print {
		return queries.Print(a.IO.Out)
	}
	if err := errors.Join(o.probing.Check(), o.watching.Check()); err != nil {
		return err
	}
	sel, err := o.sel.Compile(o.names)
	if err != nil {
		return err
	}
	reports, err := render.ParseReports(o.reports, a.IO.Quiet)
	if err != nil {
		return &app.Error{Code: app.Usage, Err: err}
	}
	o.probing.Attempts = 1 // each look is one
	queries.Prepare(a, &o.probing)
	s, err := a.Open(ctx, o.probing)
	if err != nil {
		return err
	}
	defer s.Close()
	if err := queries.Open(a, s); err != nil {
		return err
	}
	start := a.Now()
	watching, stop := context.WithCancel(ctx)
	defer stop()
	progress := a.IO.Progress()
	patience.Tick = func(w gate.Wait) { progress.Set(status(w, o, a.Now().Sub(start), a.Global.Timeout)) }
	cond := ending{Condition: o.all(waiter, queries), queries: queries, wrong: s.ConfigError, missing: func() []app.Missing { return nil }}
	if o.mustExist {
		cond.missing = func() []app.Missing { return s.MissingIn(sel) }
	}
	w := gate.Until(watching, s.Watch(watching, sel, o.watching.Interval, queries.Asking()), cond, patience)
	progress.Done()
	if err := cmp.Or(s.ConfigError(), queries.Wrong()); err != nil {
		return err
	}
	return finish(ctx, a, o, queries, s.MissingIn(sel), reports, w, a.Now().Sub(start))
}

// all is what has to be so: the word, unless only expressions were given, that
// each expression holds that has to, and that there is data by which those do
// not that must not.
func (o *options) all(waiter *gate.Waiter, queries *condition.Set) gate.All {
	var all gate.All
	if o.wordless = o.wordless && len(queries.Hold) > 0; !o.wordless {
		all = append(all, waiter)
	}
	for _, c := range queries.All() {
		all = append(all, c)
	}
	return all
}

// status is the line of progress.
func status(w gate.Wait, o *options, waited, timeout time.Duration) string {
	text := w.Finding.Text
	if o.stableFor > 0 {
		text += fmt.Sprintf(" · stable %v of %v", w.Held.Round(time.Second), o.stableFor)
	}
	text += fmt.Sprintf(" · %v", waited.Round(time.Second))
	if timeout > 0 {
		text += fmt.Sprintf(" of %v", timeout)
	}
	return text
}

// ending ends the waiting where it is of no use: what is configured is wrong, a
// service that must be there is not, or an expression holds that must not.
type ending struct {
	gate.Condition
	queries *condition.Set
	wrong   func() error
	missing func() []app.Missing
}

// Terminal says whether waiting is over.
func (e ending) Terminal(ctx context.Context, s *fleet.Snapshot) (gate.Finding, bool) {
	if t, ok := e.Condition.(gate.Terminator); ok {
		if f, over := t.Terminal(ctx, s); over {
			return f, true
		}
	}
	if err := cmp.Or(e.wrong(), e.queries.Wrong()); err != nil {
		return gate.Finding{Outcome: gate.Unknown, Text: err.Error()}, true // run returns the error itself
	}
	missing := e.missing()
	if len(missing) == 0 {
		return gate.Finding{}, false
	}
	name := missing[0]
	f := gate.Finding{Outcome: gate.Unknown, Reason: fleet.ReasonNoService, Key: fleet.Key{Ref: fleet.Ref{Name: name.Name}}, Text: "no such service: " + name.Name}
	if len(name.Suggestions) > 0 {
		f.Hint = "did you mean " + strings.Join(name.Suggestions, " or ") + "?"
	}
	return f, true
}

// steady is how long it must be so without a break: what is drained may have
// calls in flight that nobody counts.
func (o *options) steady() time.Duration {
	if o.word == string(gate.ForDrained) {
		return max(o.stableFor, o.grace)
	}
	return o.stableFor
}

// finish says what it came to.
func finish(ctx context.Context, a *app.App, o *options, queries *condition.Set, missing []app.Missing, reports []render.Report, w gate.Wait, waited time.Duration) error {
	f := w.Finding
	code := app.CodeOf(f.Outcome)
	headline := ""
	if !w.Done {
		if ctx.Err() != nil && !errors.Is(ctx.Err(), context.DeadlineExceeded) {
			return ctx.Err()
		}
		code = app.TimedOut
		headline = "time ran out"
		if f.Outcome == gate.Passed && o.steady() > 0 {
			f.Text += fmt.Sprintf(" for %v of %v", w.Held.Round(time.Second), o.steady())
		}
		if f.Outcome != gate.Unknown {
			f.Outcome = gate.Failed
		}
		f.Text = queries.NeverKnown(f.Text)
		if w.Snapshot == nil {
			f.Text, f.Outcome, missing = "not one look at the fleet was finished", gate.Unknown, nil
		}
		if f.Reason != "" && f.Key.Name == "" && f.Key.Source != "" {
			missing = nil // a registry is silent: who knows what it holds
		}
		for _, m := range missing {
			f.Text = m.Name + " never appeared"
			if len(m.Suggestions) > 0 {
				f.Hint = "did you mean " + strings.Join(m.Suggestions, " or ") + "?"
			}
		}
	}
	v := gate.Verdict{Outcome: f.Outcome, Headline: headline, Queries: queries.Measured()}
	if f.Outcome != gate.Passed {
		v.Findings = []gate.Finding{f}
	}
	snap := w.Snapshot
	if snap == nil {
		snap = &fleet.Snapshot{At: a.Now()}
	}
	j := render.Judged{
		Document: document.Wait(snap, v, int(code), document.Waited{
			For: o.waitedFor(), ForQueries: texts(queries.Hold), FailOnQueries: texts(queries.Fail), Done: w.Done, HeldSeconds: document.SecondsOf(w.Held), StableForSeconds: document.SecondsOf(o.steady()),
			Passes: w.Passes, WaitedSeconds: document.SecondsOf(waited),
		}),
		Snapshot: snap, Verdict: v, ExitCode: int(code), Hint: f.Hint, Title: title(f, headline, o, waited), Lines: []string{title(f, headline, o, waited)},
	}
	if err := render.Verdict(a.IO, a.Output, j); err != nil {
		return err
	}
	if err := render.WriteReports(a.IO, a.Output, reports, j); err != nil {
		return &app.Error{Code: app.Usage, Err: err}
	}
	if a.IO.CI == term.GitHub && !a.IO.Quiet && a.Output.Format != render.FormatGitHub {
		if err := render.ReportGitHub(a.IO, a.Output, j, a.Getenv("GITHUB_STEP_SUMMARY")); err != nil {
			return err
		}
	}
	return app.End(code)
}

// waitedFor is the word that was waited for; empty where only expressions were.
func (o *options) waitedFor() string {
	if o.wordless {
		return ""
	}
	return o.word
}

func texts(all []*query.Condition) []string {
	var out []string
	for _, c := range all {
		out = append(out, c.String())
	}
	return out
}

// title is the line that is the answer.
func title(f gate.Finding, headline string, o *options, waited time.Duration) string {
	switch {
	case headline != "":
		return fmt.Sprintf("%s after %v: %s", headline, waited.Round(time.Second), f.Text)
	case f.Outcome == gate.Passed && o.steady() > 0:
		return fmt.Sprintf("%s for %v", f.Text, o.steady())
	default:
		return f.Text
	}
}
