package gate

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/midwatch-cli/midwatch/fleet"
	"github.com/midwatch-cli/midwatch/fleet/metrics"
	"github.com/midwatch-cli/midwatch/probe"
)

// Query is a PromQL expression as a Condition: it holds as an alert does. Whether
// one that does not hold was held against anything is found out by asking for
// its parts, and only then; so it is the same over series in memory and over a
// Prometheus server. It remembers whether it ever had data, and is for one
// goroutine.
type Query struct {
	Rule    metrics.Rule
	Over    metrics.Querier
	Flag    string // what it stands for: "--max-error-rate 1%"; empty where it was written as PromQL
	What    string // what its values are, in a word; empty: the left side of its comparison says it
	Unit    Unit   // of its values
	Explain bool   // always count what the answer rests on, not only where there is none

	last Measured
	knew bool
}

// String is the expression.
func (q *Query) String() string { return q.Rule.Text }

// Last is what it came to when it was last asked.
func (q *Query) Last() Measured { return q.last }

// Knew says whether there has ever been data to decide it with.
func (q *Query) Knew() bool { return q.knew }

// Eval asks it at the time of the snapshot: Passed where it holds, Failed where
// it does not, Unknown where nothing was compared or nobody answered.
func (q *Query) Eval(ctx context.Context, s *fleet.Snapshot) Finding {
	m := q.Ask(ctx, s)
	f := Finding{Outcome: Failed, Reason: fleet.ReasonQuery, Text: m.Text, Hint: m.Hint, Query: &m}
	switch {
	case !m.Known:
		f.Outcome, f.Reason = Unknown, m.Reason
	case m.Holds:
		f.Outcome = Passed
	}
	if len(m.Values) > 0 {
		f.Key, f.Value = m.Values[0].Key, &m.Values[0]
	}
	return f
}

// Ask asks it at the time of the snapshot, whose instances its values are found
// among.
func (q *Query) Ask(ctx context.Context, s *fleet.Snapshot) Measured {
	e := &evaluation{ctx: ctx, over: q.Over, at: s.At, answers: map[string]metrics.Answer{}}
	m := Measured{Query: q.Rule.Expr, Flag: q.Flag, At: s.At, What: q.What, Unit: q.Unit, Series: -1, Samples: -1}
	values, err := q.measure(e, &m)
	if err != nil {
		m.unasked(err)
	} else {
		m.More = max(len(values)-mostValues, 0)
		m.Values = values[:len(values)-m.More]
		found := places(s)
		for i := range m.Values {
			m.Values[i].Key = found.key(m.Values[i].Labels)
		}
		m.tell(&q.Rule, values)
	}
	q.last, q.knew = m, q.knew || m.Known
	return m
}

// measure asks, and returns the values that satisfied the rule or did not.
func (q *Query) measure(e *evaluation, m *Measured) ([]Value, error) {
	answer, err := e.ask(q.Rule.Expr, q.Explain)
	if err != nil {
		return nil, err
	}
	m.Warnings = answer.Warnings
	m.count(answer.Selected)
	t, err := e.judge(&q.Rule.Term)
	if err != nil {
		return nil, err
	}
	switch t {
	case so:
		m.Known, m.Holds = true, true
		return e.satisfied(&q.Rule.Term, answer)
	case notSo:
		m.Known = true
		for _, t := range e.gaps {
			m.Lacking = append(m.Lacking, t.Expr)
		}
		return e.compared(&q.Rule.Term)
	default:
		return nil, m.missing(e)
	}
}

// count notes what an answer rests on.
func (m *Measured) count(selected []metrics.Selected) {
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
func (m *Measured) unasked(err error) {
	m.Known, m.Holds, m.Err, m.Reason = false, false, err, probe.ReasonInternal
	m.Text = "could not be asked: " + err.Error()
	var said *fleet.Error
	if errors.As(err, &said) {
		m.Reason, m.Hint = said.Reason, said.Hint
	}
}

// missing says what was not there to be compared.
func (m *Measured) missing(e *evaluation) error {
	m.Reason = fleet.ReasonNoData
	var texts []string
	for _, t := range e.gaps {
		answer, err := e.ask(t.Expr, true)
		if err != nil {
			return err
		}
		m.count(answer.Selected)
		text, hint := gap(t, answer)
		texts = append(texts, text)
		if m.Hint == "" {
			m.Hint = hint
		}
	}
	m.Text = "no data: " + strings.Join(texts, "; ")
	return nil
}

// gap is why a term has no answer, and what to do about it.
func gap(t *metrics.Term, answer metrics.Answer) (text, hint string) {
	var there []string
	for _, s := range answer.Selected {
		if s.Series == 0 {
			return s.Selector + " matched no series", "midwatch query " + quoted(s.Selector) + " shows whether the name is right; --collect 30s gathers first"
		}
		samples := ""
		if s.Samples >= 0 {
			samples = " with " + counted(s.Samples, "sample")
		}
		there = append(there, fmt.Sprintf("%s matched %d series%s", s.Selector, s.Series, samples))
	}
	switch {
	case t.Pairs != "":
		return "no two elements have the labels to be compared in " + t.Expr, "name the labels that both sides have: on (service), or sum by (service) on both"
	case len(there) == 0:
		return t.Expr + " came to nothing", "midwatch query " + quoted(t.Expr) + " shows what there is"
	}
	return t.Expr + " came to nothing, although " + strings.Join(there, ", "), "--collect 30s gathers first: a rate takes two samples"
}

// quoted is a text for a shell.
func quoted(text string) string { return "'" + strings.ReplaceAll(text, "'", `'\''`) + "'" }

func counted(n int, thing string) string {
	if n == 1 {
		return "1 " + thing
	}
	return fmt.Sprintf("%d %ss", n, thing)
}

// places finds what labels are about among the instances of a snapshot.
type placed struct {
	services  map[string][]*fleet.ServiceView
	addresses map[string][]fleet.Key // of instances, for labels that name no service
}

func places(s *fleet.Snapshot) *placed {
	p := &placed{services: map[string][]*fleet.ServiceView{}, addresses: map[string][]fleet.Key{}}
	for i := range s.Services {
		v := &s.Services[i]
		p.services[v.Name] = append(p.services[v.Name], v)
		for j := range v.Instances {
			if addr := v.Instances[j].Addr; addr != "" {
				p.addresses[addr] = append(p.addresses[addr], v.Instances[j].Key)
			}
		}
	}
	return p
}

// key is the instance or service that labels are about. Where they say less
// than a key, it is what there is one of; a service that is not in the snapshot
// is named as the labels have it.
func (p *placed) key(l metrics.Labels) fleet.Key {
	name, instance := l.Get(metrics.LabelService), l.Get(metrics.LabelInstance)
	if name == "" {
		if keys := p.addresses[instance]; instance != "" && len(keys) == 1 {
			return keys[0]
		}
		return fleet.Key{}
	}
	said := fleet.Ref{Context: l.Get(metrics.LabelContext), Source: l.Get(metrics.LabelSource), Namespace: l.Get(metrics.LabelNamespace), Name: name}
	var refs []fleet.Ref
	var keys []fleet.Key
	for _, v := range p.services[name] {
		if said.Context != "" && said.Context != v.Context || said.Source != "" && said.Source != v.Source || said.Namespace != "" && said.Namespace != v.Namespace {
			continue
		}
		refs = append(refs, v.Ref)
		for j := range v.Instances {
			if in := &v.Instances[j]; instance != "" && (in.ID == instance || in.Addr == instance) {
				keys = append(keys, in.Key)
			}
		}
	}
	switch {
	case len(keys) == 1:
		return keys[0]
	case len(refs) == 1 && instance == "":
		return fleet.Key{Ref: refs[0]}
	}
	return fleet.Key{Ref: said, Instance: instance}
}
