// Package query asks for PromQL expressions as conditions of a gate: whether one
// holds, does not, or has nothing to be held against.
package query

import (
	"context"
	"errors"

	"github.com/midwatch-cli/midwatch/fleet"
	"github.com/midwatch-cli/midwatch/fleet/gate"
	"github.com/midwatch-cli/midwatch/fleet/metrics"
	"github.com/midwatch-cli/midwatch/probe"
)

// mostValues is how many values a record holds.
const mostValues = 10

// Condition is a PromQL expression as a gate.Condition: it holds as an alert
// does. Whether one that does not hold was held against anything is found out by
// asking for its parts, and only then; so it is the same over series in memory
// and over a Prometheus server. It remembers whether it ever had data, and is
// for one goroutine.
type Condition struct {
	Rule    metrics.Rule
	Over    metrics.Querier
	Flag    string    // what it stands for: "--max-error-rate 1%"; empty where it was written as PromQL
	What    string    // what its values are, in a word; empty: the left side of its comparison says it
	Unit    gate.Unit // of its values
	Wanted  bool      // it has to hold; otherwise it must not
	Explain bool      // always count what the answer rests on, not only where there is none

	last gate.Measured
	knew bool
}

// String is the expression.
func (c *Condition) String() string { return c.Rule.Text }

// Last is what it came to when it was last asked.
func (c *Condition) Last() gate.Measured { return c.last }

// Knew says whether there has ever been data to decide it with.
func (c *Condition) Knew() bool { return c.knew }

// Eval asks it at the time of the snapshot: Passed where it holds, Failed where
// it does not, Unknown where nothing was compared or nobody answered.
func (c *Condition) Eval(ctx context.Context, s *fleet.Snapshot) gate.Finding {
	m := c.Ask(ctx, s)
	f := gate.Finding{Outcome: gate.Failed, Reason: fleet.ReasonQuery, Text: m.Text, Hint: m.Hint, Query: &m}
	switch {
	case !m.Known:
		f.Outcome, f.Reason = gate.Unknown, m.Reason
	case m.Holds:
		f.Outcome = gate.Passed
	}
	if len(m.Values) > 0 {
		f.Key, f.Value = m.Values[0].Key, &m.Values[0]
	}
	return f
}

// Ask asks it at the time of the snapshot, whose instances its values are found
// among.
func (c *Condition) Ask(ctx context.Context, s *fleet.Snapshot) gate.Measured {
	e := &evaluation{ctx: ctx, over: c.Over, at: s.At, answers: map[string]metrics.Answer{}}
	m := gate.Measured{Query: c.Rule.Expr, Flag: c.Flag, At: s.At, Wanted: c.Wanted, What: c.What, Unit: c.Unit, Series: -1, Samples: -1}
	values, err := c.measure(e, &m)
	if err != nil {
		unasked(&m, err)
	} else {
		m.More = max(len(values)-mostValues, 0)
		m.Values = values[:len(values)-m.More]
		if len(m.Values) > 0 {
			found := places(s)
			for i := range m.Values {
				m.Values[i].Key = found.key(m.Values[i].Labels)
			}
		}
		tell(&m, &c.Rule, values)
	}
	c.last, c.knew = m, c.knew || m.Known
	return m
}

// measure asks, and returns the values that satisfied the rule or did not.
func (c *Condition) measure(e *evaluation, m *gate.Measured) ([]gate.Value, error) {
	answer, err := e.ask(c.Rule.Expr, c.Explain)
	if err != nil {
		return nil, err
	}
	m.Warnings = answer.Warnings
	count(m, answer.Selected)
	t, err := e.judge(&c.Rule.Term)
	if err != nil {
		return nil, err
	}
	switch t {
	case so:
		m.Known, m.Holds = true, true
		return e.satisfied(&c.Rule.Term, answer)
	case notSo:
		m.Known = true
		for _, t := range e.gaps {
			m.Lacking = append(m.Lacking, t.Expr)
		}
		for _, s := range answer.Selected {
			m.Lacking = append(m.Lacking, s.Lacks...)
		}
		return e.compared(&c.Rule.Term)
	default:
		return nil, missing(m, e)
	}
}

// count notes what an answer rests on.
func count(m *gate.Measured, selected []metrics.Selected) {
	if len(selected) == 0 {
		return
	}
	m.Series, m.Samples = 0, 0
	for _, s := range selected {
		m.Series += s.Series
		if s.Samples < 0 {
			m.Samples = -1
		}
		if m.Samples >= 0 {
			m.Samples += s.Samples
		}
	}
}

// unasked says why there is no answer.
func unasked(m *gate.Measured, err error) {
	m.Known, m.Holds, m.Err, m.Reason = false, false, err, probe.ReasonInternal
	m.Text = "could not be asked: " + err.Error()
	var said *fleet.Error
	if errors.As(err, &said) {
		m.Reason, m.Hint = said.Reason, said.Hint
	}
}
