package query

import (
	"cmp"
	"context"
	"fmt"
	"math"
	"slices"
	"strings"
	"time"

	"github.com/midwatch-cli/midwatch/fleet/gate"
	"github.com/midwatch-cli/midwatch/fleet/metrics"
)

// truth is what a term comes to.
type truth uint8

const (
	so     truth = iota + 1
	notSo        // there was something to compare, and nothing satisfied it
	noData       // nothing was compared
)

// evaluation asks for the parts of one rule at one moment, each once.
type evaluation struct {
	ctx     context.Context
	over    metrics.Querier
	at      time.Time
	answers map[string]metrics.Answer
	gaps    []*metrics.Term // where there was nothing to compare
}

func (e *evaluation) ask(expr string, explain bool) (metrics.Answer, error) {
	if a, ok := e.answers[expr]; ok && (!explain || a.Selected != nil) {
		return a, nil
	}
	a, err := e.over.Query(e.ctx, metrics.Question{Expr: expr, At: e.at, Explain: explain})
	if err != nil {
		return metrics.Answer{}, err
	}
	if explain && a.Selected == nil {
		a.Selected = []metrics.Selected{}
	}
	e.answers[expr] = a
	return a, nil
}

// blank says that an answer has nothing in it: no element, or the number that
// scalar() makes of that.
func blank(a *metrics.Answer) bool {
	if a.Kind == metrics.Scalar {
		return math.IsNaN(first(a))
	}
	return len(a.Series) == 0
}

// first is the value of a scalar.
func first(a *metrics.Answer) float64 {
	if len(a.Series) == 0 || len(a.Series[0].Points) == 0 {
		return math.NaN()
	}
	return a.Series[0].Points[0].V
}

// judge tells whether a term is so, is not so, or has nothing to go by. What is
// missing is noted in gaps.
func (e *evaluation) judge(t *metrics.Term) (truth, error) {
	if t.Kind == metrics.Number {
		return so, nil
	}
	a, err := e.ask(t.Expr, false)
	if err != nil {
		return 0, err
	}
	if t.Kind == metrics.Comparison && a.Kind == metrics.Scalar {
		return e.numbers(t, first(&a))
	}
	if !blank(&a) {
		return so, nil
	}
	switch t.Kind {
	case metrics.Absence:
		return notSo, nil
	case metrics.Either:
		return e.either(t)
	case metrics.Without:
		if left, err := e.judge(&t.Parts[0]); err != nil || left != so {
			return left, err
		}
		return notSo, nil // all was taken away
	case metrics.Both:
		if all, err := e.all(t); err != nil || all != so {
			return all, err
		}
		return notSo, nil // each for elements of its own
	case metrics.Comparison:
		return e.comparison(t)
	default:
		if all, err := e.all(t); err != nil || all != so {
			return all, err
		}
		e.gaps = append(e.gaps, t)
		return noData, nil
	}
}

// all judges the parts of a term that needs each of them: one that is not so
// decides, whatever the others lack.
func (e *evaluation) all(t *metrics.Term) (truth, error) {
	worst, known := so, len(e.gaps)
	for i := range t.Parts {
		switch part, err := e.judge(&t.Parts[i]); {
		case err != nil:
			return 0, err
		case part == notSo:
			e.gaps = e.gaps[:known]
			return notSo, nil
		case part == noData:
			worst = noData
		}
	}
	return worst, nil
}

// either judges the parts of a term that needs one of them: one that is known
// is enough to know.
func (e *evaluation) either(t *metrics.Term) (truth, error) {
	known := noData
	for i := range t.Parts {
		part, err := e.judge(&t.Parts[i])
		if err != nil {
			return 0, err
		}
		if part == notSo {
			known = notSo
		}
	}
	return known, nil
}

// comparison judges one of vectors that has no answer.
func (e *evaluation) comparison(t *metrics.Term) (truth, error) {
	all, err := e.all(t)
	if err != nil || all != so || t.Pairs == "" {
		if all == so {
			all = notSo
		}
		return all, err
	}
	pairs, err := e.ask(t.Pairs, false)
	if err != nil {
		return 0, err
	}
	if blank(&pairs) {
		e.gaps = append(e.gaps, t)
		return noData, nil
	}
	return notSo, nil
}

// numbers judges a comparison of two numbers, which has an answer whatever they
// are.
func (e *evaluation) numbers(t *metrics.Term, answer float64) (truth, error) {
	all, err := e.all(t)
	switch {
	case err != nil || all == noData:
		return all, err
	case answer != 0:
		return so, nil
	}
	return notSo, nil
}

// what is the calculation that the values of a term come from.
func what(t *metrics.Term) string {
	expr := t.Expr
	if t.Kind == metrics.Comparison {
		expr = t.Parts[0].Expr
	}
	if len(expr) > 60 || strings.Contains(expr, "\n") {
		return ""
	}
	return expr
}

// satisfied are the elements of an answer that is so, each beside what it was
// held against.
func (e *evaluation) satisfied(t *metrics.Term, a metrics.Answer) ([]gate.Value, error) {
	switch t.Kind {
	case metrics.Both, metrics.Without:
		return e.satisfied(&t.Parts[0], a)
	case metrics.Either:
		return e.alternatives(t, a)
	case metrics.Comparison:
		if a.Kind == metrics.Scalar {
			return e.compared(t)
		}
		values := valuesOf(a, t)
		limits, err := e.limits(t, true)
		if err != nil {
			return nil, err
		}
		for i := range values {
			values[i].Limit = limits(values[i].Labels)
		}
		return sorted(values, t.Op), nil
	}
	return valuesOf(a, t), nil
}

// alternatives are the elements of an answer to "or", each as its own side has
// it.
func (e *evaluation) alternatives(t *metrics.Term, a metrics.Answer) ([]gate.Value, error) {
	var values []gate.Value
	left := a.Series
	for i := range t.Parts {
		side, err := e.ask(t.Parts[i].Expr, false)
		if err != nil {
			return nil, err
		}
		its := map[string]bool{}
		for k := range side.Series {
			its[same(side.Series[k].Labels)] = true
		}
		var mine, others []metrics.Series
		for k := range left {
			if its[same(left[k].Labels)] {
				mine = append(mine, left[k])
			} else {
				others = append(others, left[k])
			}
		}
		left = others
		found, err := e.satisfied(&t.Parts[i], metrics.Answer{Kind: a.Kind, Series: mine})
		if err != nil {
			return nil, err
		}
		values = append(values, found...)
	}
	return values, nil
}

// compared are the values of what is not so, the nearest to it first.
func (e *evaluation) compared(t *metrics.Term) ([]gate.Value, error) {
	switch t.Kind {
	case metrics.Both, metrics.Without:
		return e.compared(&t.Parts[0])
	case metrics.Either:
		var values []gate.Value
		for i := range t.Parts {
			found, err := e.compared(&t.Parts[i])
			if err != nil {
				return nil, err
			}
			values = append(values, found...)
		}
		return values, nil
	case metrics.Comparison:
	default:
		if len(t.Parts) == 1 {
			return e.compared(&t.Parts[0])
		}
		return nil, nil
	}
	if t.Parts[0].Kind == metrics.Number {
		return nil, nil
	}
	a, err := e.ask(t.Parts[0].Expr, false)
	if err != nil {
		return nil, err
	}
	values := valuesOf(a, t)
	if len(values) == 0 && len(t.Parts[0].Parts) > 0 {
		return e.compared(&t.Parts[0])
	}
	limits, err := e.limits(t, false)
	if err != nil {
		return nil, err
	}
	for i := range values {
		values[i].Limit = limits(values[i].Labels)
	}
	return sorted(values, t.Op), nil
}

// others are the values of a comparison that holds for some, but not for these.
func (e *evaluation) others(t *metrics.Term, satisfied []gate.Value) ([]gate.Value, error) {
	if t.Kind != metrics.Comparison {
		return nil, nil
	}
	all, err := e.compared(t)
	is := make(map[string]bool, len(satisfied))
	for i := range satisfied {
		is[same(satisfied[i].Labels)] = true
	}
	return slices.DeleteFunc(all, func(v gate.Value) bool { return is[same(v.Labels)] }), err
}

// limits finds what elements of a comparison were held against; NaN where that
// is not one number. With two vectors it is known of those that satisfied it.
func (e *evaluation) limits(t *metrics.Term, satisfied bool) (func(metrics.Labels) float64, error) {
	always := func(v float64) func(metrics.Labels) float64 {
		return func(metrics.Labels) float64 { return v }
	}
	limit := &t.Parts[1]
	switch {
	case limit.Kind == metrics.Number:
		return always(limit.Value), nil
	case t.Limits == "":
		a, err := e.ask(limit.Expr, false)
		return always(first(&a)), err
	case !satisfied:
		return always(math.NaN()), nil
	}
	a, err := e.ask(t.Limits, false)
	if err != nil {
		return nil, err
	}
	by := make(map[string]float64, len(a.Series))
	for i := range a.Series {
		if len(a.Series[i].Points) > 0 {
			by[same(a.Series[i].Labels)] = a.Series[i].Points[0].V
		}
	}
	return func(l metrics.Labels) float64 {
		if v, ok := by[same(l)]; ok {
			return v
		}
		return math.NaN()
	}, nil
}

// same is what labels have in common with those of the other side of an
// operator: all but the name.
func same(l metrics.Labels) string {
	var b strings.Builder
	for _, one := range l {
		if one.Name != metrics.LabelName {
			fmt.Fprintf(&b, "%q=%q,", one.Name, one.Value)
		}
	}
	return b.String()
}

// valuesOf are the elements of a term's answer; a native histogram has no value of its
// own and counts as NaN.
func valuesOf(a metrics.Answer, t *metrics.Term) []gate.Value {
	values := make([]gate.Value, 0, len(a.Series))
	for i := range a.Series {
		v := gate.Value{Labels: a.Series[i].Labels, What: what(t), V: math.NaN(), Op: t.Op, Limit: math.NaN()}
		if p := a.Series[i].Points; len(p) > 0 {
			v.V = p[0].V
		}
		values = append(values, v)
	}
	return values
}

// sorted puts those first that satisfy a comparison most, or come nearest to it;
// what is not a number comes last.
func sorted(values []gate.Value, op string) []gate.Value {
	slices.SortStableFunc(values, func(a, b gate.Value) int {
		an, bn := math.IsNaN(a.V), math.IsNaN(b.V)
		switch {
		case an || bn:
			if an == bn {
				return a.Labels.Compare(b.Labels)
			}
			if an {
				return 1
			}
			return -1
		case op == ">" || op == ">=":
			return cmp.Or(cmp.Compare(b.V, a.V), a.Labels.Compare(b.Labels))
		case op == "<" || op == "<=":
			return cmp.Or(cmp.Compare(a.V, b.V), a.Labels.Compare(b.Labels))
		}
		return a.Labels.Compare(b.Labels)
	})
	return values
}
