// Package condition is what commands with conditions in PromQL have in common:
// the flags, the expressions they stand for, who is asked, and how long is
// gathered first.
package condition

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/midwatch-cli/midwatch/cmd/app"
	"github.com/midwatch-cli/midwatch/cmd/measure"
	"github.com/midwatch-cli/midwatch/fleet"
	"github.com/midwatch-cli/midwatch/fleet/gate"
	"github.com/midwatch-cli/midwatch/fleet/gate/query"
	"github.com/midwatch-cli/midwatch/fleet/metrics"
	"github.com/midwatch-cli/midwatch/fleet/metrics/joined"
	"github.com/midwatch-cli/midwatch/fleet/metrics/promql"
)

// leastGathers is in how many intervals is gathered at least.
const leastGathers = 4

// Flags are the conditions of a command, as they were written.
type Flags struct {
	Print   bool          // say what would be asked, and nothing else
	Collect time.Duration // gather so long first
	Window  time.Duration // over which rates of services are

	source                  measure.Source
	hold, fail              []string
	errorRate, p99, healthy string
	once                    bool // judged once, after gathering
}

// AddCheck declares those of a command that judges once: what must not hold.
func (f *Flags) AddCheck(cmd *cobra.Command, a *app.App) {
	f.add(cmd, a)
	f.once = true
	fl := cmd.Flags()
	fl.StringVar(&f.errorRate, "max-error-rate", "", "a service fails where more of its calls do: `P%`")
	fl.StringVar(&f.p99, "max-p99", "", "a service fails where 99 of 100 calls take longer: `DURATION`")
	fl.StringVar(&f.healthy, "min-healthy", "", "a service fails where fewer of its instances are not down: `N|P%` (default: one that is down fails)")
	fl.DurationVar(&f.Collect, "collect", 0, "gather metrics so long before judging (default: 10s where rates of services are asked for, else once)")
	a.NoComplete(cmd, "max-error-rate", "max-p99", "min-healthy", "collect")
}

// AddWait declares those of a command that judges again and again: what has to
// hold, and what must not.
func (f *Flags) AddWait(cmd *cobra.Command, a *app.App) {
	f.add(cmd, a)
	cmd.Flags().StringArrayVar(&f.hold, "for-query", nil, "what to wait for, in PromQL: `EXPR`, repeatable; all have to hold")
	a.Complete(cmd, "for-query", examples()...)
}

func (f *Flags) add(cmd *cobra.Command, a *app.App) {
	fl := cmd.Flags()
	fl.StringArrayVar(&f.fail, "fail-on-query", nil, "what must not be, in PromQL: `EXPR`, repeatable")
	fl.BoolVar(&f.Print, "print", false, "print the expressions that would be asked, one a line, and do nothing")
	fl.DurationVar(&f.Window, "window", 0, "over which midwatch_service_error_ratio and the like are computed (default: 1m; 5m where a Prometheus server answers)")
	f.source.Add(cmd, a)
	a.Complete(cmd, "fail-on-query", examples()...)
	a.NoComplete(cmd, "window")
}

// examples are beginnings of expressions.
func examples() []string {
	return []string{"midwatch_service_error_ratio > 0.01", `midwatch_service_latency_seconds{quantile="0.99"} > 0.3`, "midwatch_service_up_ratio < 0.9", "midwatch_instance_up == 0", "up == 0"}
}

// Set is what the flags of a command line stand for.
type Set struct {
	Hold       []*query.Condition // that have to hold, as they were written
	Fail       []*query.Condition // that must not; those that flags stand for come first
	MinHealthy bool               // one of them says how many may be down
	Collect    time.Duration

	source   measure.Source
	server   string // who answers; empty: what is gathered
	window   time.Duration
	computes bool // of rates that have to be gathered first
	once     bool // it is judged once, so that somebody has to gather first
}

// Parse reads them. Names and namespace are the selection, which expressions
// that flags stand for are narrowed to. Its errors are wrong usage.
func (f *Flags) Parse(names []string, namespace string) (*Set, error) {
	switch {
	case f.Window < 0:
		return nil, app.Usagef("durations look like 30s, 5m", "--window %v: must not be negative", f.Window)
	case f.Collect < 0:
		return nil, app.Usagef("durations look like 30s, 5m", "--collect %v: must not be negative", f.Collect)
	}
	s := &Set{MinHealthy: f.healthy != "", Collect: f.Collect, source: f.source, window: f.Window, once: f.once}
	where := query.Where(names, namespace)
	for _, flag := range []struct {
		text string
		of   func(text, where string) (query.Sugar, error)
	}{{f.errorRate, query.MaxErrorRate}, {f.p99, query.MaxP99}, {f.healthy, query.MinHealthy}} {
		if flag.text == "" {
			continue
		}
		sugar, err := flag.of(flag.text, where)
		if err != nil {
			return nil, &app.Error{Code: app.Usage, Err: err}
		}
		c, err := f.condition(s, sugar.Flag, sugar.Expr)
		if err != nil {
			return nil, err
		}
		c.Flag, c.What, c.Unit = sugar.Flag, sugar.What, sugar.Unit
		s.Fail = append(s.Fail, c)
	}
	for _, list := range []struct {
		flag  string
		texts []string
		into  *[]*query.Condition
	}{{"--for-query", f.hold, &s.Hold}, {"--fail-on-query", f.fail, &s.Fail}} {
		for _, text := range list.texts {
			c, err := f.condition(s, list.flag, text)
			if err != nil {
				return nil, err
			}
			c.Wanted = list.flag == "--for-query"
			*list.into = append(*list.into, c)
		}
	}
	return s, nil
}

func (f *Flags) condition(s *Set, flag, text string) (*query.Condition, error) {
	rule, err := promql.ParseRule(text)
	if err != nil {
		return nil, &app.Error{Code: app.Usage, Err: fmt.Errorf("%s %s: %w", flag, text, err), Hint: fleet.HintOf(err)}
	}
	s.computes = s.computes || joined.Computes(text)
	c := &query.Condition{Rule: rule}
	if f.once {
		// Once, a verdict can afford to say what it rests on.
		c.Explain, c.Gather = true, "--collect 30s gathers more"
	}
	return c, nil
}

// All are the expressions, those that have to hold first.
func (s *Set) All() []*query.Condition { return slices.Concat(s.Hold, s.Fail) }

// Any says whether there are expressions.
func (s *Set) Any() bool { return len(s.Hold)+len(s.Fail) > 0 }

// Print writes what would be asked, one expression a line.
func (s *Set) Print(w io.Writer) error {
	for _, c := range s.All() {
		if _, err := fmt.Fprintln(w, c.Rule.Expr); err != nil {
			return err
		}
	}
	return nil
}

// Measured is what each of them came to when it was last asked.
func (s *Set) Measured() []gate.Measured {
	var all []gate.Measured
	for _, c := range s.All() {
		all = append(all, c.Last())
	}
	return all
}

// NeverKnown is a text about them in which those that had no data at any look are
// said never to have had any.
func (s *Set) NeverKnown(text string) string {
	for _, c := range s.All() {
		if missing, lacks := strings.CutPrefix(c.Last().Text, "no data: "); lacks && !c.Knew() {
			text = strings.Replace(text, "no data: "+missing, c.String()+" never had data: "+missing, 1)
		}
	}
	return text
}

// Wrong is an expression that turned out to be at fault when it was asked, as
// wrong usage; nil where none was.
func (s *Set) Wrong() error {
	for _, c := range s.All() {
		if m := c.Last(); errors.Is(m.Err, metrics.ErrExpression) {
			return &app.Error{Code: app.Usage, Err: fmt.Errorf("%s %s: %w", cmp.Or(m.Flag, "query"), m.Query, m.Err), Hint: m.Hint}
		}
	}
	return nil
}
