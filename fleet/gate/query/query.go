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
	Gather  string    // how more data is gathered, as a hint; empty: not at all
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

// Eval asks it at the time of the snapshot. One that is wanted is Passed where
// it holds and Failed where it does not; one that is not, the reverse. Where
// nothing was compared, or nobody answered, it is Unknown. That what is not
// wanted does not hold is not worth a word.
func (c *Condition) Eval(ctx context.Context, s *fleet.Snapshot) gate.Finding {
	m := c.Ask(ctx, s)
	f := gate.Finding{Outcome: m.Outcome(), Reason: fleet.ReasonQuery, Text: m.Text, Hint: m.Hint, Query: &m}
	if !m.Known {
		f.Reason = m.Reason
	}
	if !c.Wanted && f.Outcome == gate.Passed {
		f.Text = ""
	}
	if len(m.Values) > 0 {
		f.Key, f.Value = m.Values[0].Key, &m.Values[0]
	}
	return f
}

// Terminal ends the waiting where one that is not wanted holds, as Eval has seen
// it.
func (c *Condition) Terminal(context.Context, *fleet.Snapshot) (gate.Finding, bool) {
	m := c.last
	if c.Wanted || !m.Holds {
		return gate.Finding{}, false
	}
	f := m.Findings()[0]
	f.Text = m.Text
	return f, true
}

// Ask asks it at the time of the snapshot, whose instances its values are found
// among.
func (c *Condition) Ask(ctx context.Context, s *fleet.Snapshot) gate.Measured {
	e := &evaluation{ctx: ctx, over: c.Over, at: s.At, answers: map[string]metrics.Answer{}}
	m := gate.Measured{Query: c.Rule.Expr, Flag: c.Flag, At: s.At, Wanted: c.Wanted, What: c.What, Unit: c.Unit, Series: -1, Samples: -1}
	f, err := c.measure(e, &m)
	if err != nil {
		unasked(&m, err)
	} else {
		m.More = max(len(f.values)-mostValues, 0)
		m.Values = f.values[:len(f.values)-m.More]
		if len(m.Values) > 0 {
			at := places(s)
			for _, list := range [][]gate.Value{m.Values, f.others[:min(len(f.others), 1)]} {
				for i := range list {
					list[i].Key = at.key(list[i].Labels)
				}
			}
		}
		tell(&m, &c.Rule, f)
	}
	c.last, c.knew = m, c.knew || m.Known
	return m
}

// found are the values that satisfied a rule, or of a rule that none did, those
// that did not, the nearest first; and where one that is wanted holds, the
// others.
type found struct{ values, others []gate.Value }

// measure asks for the whole, and for parts where that does not tell.
func (c *Condition) measure(e *evaluation, m *gate.Measured) (*found, error) {
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
	f := &found{}
	switch t {
	case so:
		m.Known, m.Holds = true, true
		if f.values, err = e.satisfied(&c.Rule.Term, answer); err == nil && c.Wanted {
			f.others, err = e.others(&c.Rule.Term, f.values)
		}
	case notSo:
		m.Known = true
		for _, t := range e.gaps {
			m.Lacking = append(m.Lacking, t.Expr)
		}
		for _, s := range answer.Selected {
			m.Lacking = append(m.Lacking, s.Lacks...)
		}
		f.values, err = e.compared(&c.Rule.Term)
	default:
		err = missing(m, e, c.Gather)
	}
	return f, err
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
