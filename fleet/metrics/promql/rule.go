package promql

import (
	"fmt"
	"slices"
	"strings"

	"github.com/prometheus/prometheus/promql/parser"

	"github.com/midwatch-cli/midwatch/fleet"
	"github.com/midwatch-cli/midwatch/fleet/metrics"
)

// ParseRule reads an expression that has to decide something. One that cannot
// be parsed, or decides nothing, is a *fleet.Error that wraps
// metrics.ErrExpression; of one that decides nothing the hint says what would.
func ParseRule(text string) (metrics.Rule, error) {
	expr, err := Parse(text)
	if err != nil {
		return metrics.Rule{}, err
	}
	if hint := undecided(expr.root); hint != "" {
		return metrics.Rule{}, &fleet.Error{Reason: fleet.ReasonExpression, Detail: "it decides nothing: its answer is there as long as its series are", Hint: hint, Err: metrics.ErrExpression}
	}
	asked := whole(expr.root)
	r := metrics.Rule{Text: text, Term: term(asked, instant)}
	if asked == expr.root {
		r.Expr = text // as it was written, so that it is found again in the far side's log
	}
	return r, nil
}

// whole is what a rule is asked as: of vectors, what is satisfied instead of 0
// and 1.
func whole(e parser.Expr) parser.Expr {
	if b, ok := bare(e).(*parser.BinaryExpr); ok && b.ReturnBool && b.Type() == parser.ValueTypeVector {
		return filtering(b, false)
	}
	return e
}

// instant asks for a part as it stands.
func instant(e parser.Expr) string { return bare(e).String() }

// within asks for a part of a subquery: whether it had an answer at any of its
// steps.
func within(s *parser.SubqueryExpr, outer func(parser.Expr) string) func(parser.Expr) string {
	return func(e parser.Expr) string {
		inner := *s
		if inner.Expr = grouped(e); e.Type() == parser.ValueTypeScalar {
			inner.Expr = &parser.Call{Func: parser.Functions["vector"], Args: parser.Expressions{bare(e)}}
		}
		return outer(&parser.Call{Func: parser.Functions["last_over_time"], Args: parser.Expressions{&inner}})
	}
}

// grouped is an expression that can stand beside any operator.
func grouped(e parser.Expr) parser.Expr {
	switch bare(e).(type) {
	case *parser.BinaryExpr, *parser.UnaryExpr:
		return &parser.ParenExpr{Expr: bare(e)}
	}
	return bare(e)
}

// filtering is a comparison with or without bool.
func filtering(b *parser.BinaryExpr, values bool) *parser.BinaryExpr {
	same := *b
	same.LHS, same.RHS, same.ReturnBool = grouped(b.LHS), grouped(b.RHS), values
	return &same
}

// turned is a comparison read from behind: a < b for b > a.
func turned(b *parser.BinaryExpr) *parser.BinaryExpr {
	back := *filtering(b, false)
	back.LHS, back.RHS = back.RHS, back.LHS
	back.Op = mirrored(b.Op)
	if b.VectorMatching == nil {
		return &back
	}
	m := *b.VectorMatching
	switch m.Card {
	case parser.CardManyToOne:
		m.Card = parser.CardOneToMany
	case parser.CardOneToMany:
		m.Card = parser.CardManyToOne
	}
	m.FillValues.LHS, m.FillValues.RHS = m.FillValues.RHS, m.FillValues.LHS
	back.VectorMatching = &m
	return &back
}

func mirrored(op parser.ItemType) parser.ItemType {
	switch op {
	case parser.GTR:
		return parser.LSS
	case parser.LSS:
		return parser.GTR
	case parser.GTE:
		return parser.LTE
	case parser.LTE:
		return parser.GTE
	}
	return op
}

// term takes an expression apart. Ask makes PromQL of a part.
func term(e parser.Expr, ask func(parser.Expr) string) metrics.Term {
	e = bare(e)
	t := metrics.Term{Expr: ask(e)}
	switch n := e.(type) {
	case *parser.NumberLiteral:
		t.Kind, t.Value = metrics.Number, n.Val
	case *parser.AggregateExpr:
		t.Parts = emptying(ask, n.Expr)
	case *parser.UnaryExpr:
		t.Parts = emptying(ask, n.Expr)
	case *parser.SubqueryExpr:
		t.Parts = emptying(within(n, ask), n.Expr)
	case *parser.Call:
		call(&t, n, ask)
	case *parser.BinaryExpr:
		binary(&t, n, ask)
	}
	return t
}

func call(t *metrics.Term, n *parser.Call, ask func(parser.Expr) string) {
	switch n.Func.Name {
	case "absent", "absent_over_time":
		t.Kind = metrics.Absence
	case "scalar":
		t.Kind, t.Parts = metrics.Single, []metrics.Term{term(n.Args[0], ask)}
	default:
		for _, arg := range n.Args {
			if s, ok := bare(arg).(*parser.SubqueryExpr); ok {
				t.Parts = append(t.Parts, emptying(within(s, ask), s.Expr)...)
				continue
			}
			t.Parts = append(t.Parts, emptying(ask, arg)...)
		}
	}
}

func binary(t *metrics.Term, n *parser.BinaryExpr, ask func(parser.Expr) string) {
	left, right := term(n.LHS, ask), term(n.RHS, ask)
	switch {
	case n.Op == parser.LAND:
		t.Kind = metrics.Both
	case n.Op == parser.LOR:
		t.Kind = metrics.Either
	case n.Op == parser.LUNLESS:
		t.Kind = metrics.Without
	case n.Op.IsComparisonOperator() && (!n.ReturnBool || n.Type() == parser.ValueTypeScalar):
		t.Kind, t.Op = metrics.Comparison, n.Op.String()
		if n.LHS.Type() == parser.ValueTypeScalar && n.RHS.Type() != parser.ValueTypeScalar {
			left, right, t.Op = right, left, mirrored(n.Op).String()
		}
		if n.VectorMatching != nil {
			t.Pairs, t.Limits = ask(filtering(n, true)), ask(turned(n))
		}
	default:
		t.Parts = slices.DeleteFunc([]metrics.Term{left, right}, func(p metrics.Term) bool { return !p.Empties() })
		return
	}
	t.Parts = []metrics.Term{left, right}
}

// emptying are the terms of those expressions that can be empty though there
// are samples.
func emptying(ask func(parser.Expr) string, of ...parser.Expr) (parts []metrics.Term) {
	for _, e := range of {
		if t := term(e, ask); t.Empties() {
			parts = append(parts, t)
		}
	}
	return parts
}

// undecided says what to do about an expression that decides nothing; empty
// where it does.
func undecided(e parser.Expr) string {
	e = bare(e)
	switch e.Type() {
	case parser.ValueTypeString:
		return "a text decides nothing: compare a value, as in: up == 0"
	case parser.ValueTypeMatrix:
		return "a range decides nothing: make a value of it and compare that, as in: rate(http_requests_total[5m]) > 10"
	}
	if b, ok := e.(*parser.BinaryExpr); ok && b.Op.IsComparisonOperator() || decides(e) {
		return ""
	}
	if b := loose(e); b != nil {
		return "leave out bool: " + b.String() + " is there whether it is so or not"
	}
	if b, ok := e.(*parser.BinaryExpr); ok && b.Op == parser.LOR {
		side := b.LHS
		if decides(side) {
			side = b.RHS
		}
		return fmt.Sprintf("compare both sides: %s is there whatever the other one is", side)
	}
	if strings.Contains(e.String(), "\n") || len(e.String()) > 200 {
		return "compare it, as in: up == 0"
	}
	if _, ok := e.(*parser.VectorSelector); ok {
		return "compare it: " + e.String() + " == 0"
	}
	return "compare it: " + grouped(e).String() + " > 0"
}

// decides says whether an answer is empty where something is not so.
func decides(e parser.Expr) bool {
	switch n := bare(e).(type) {
	case *parser.BinaryExpr:
		switch {
		case n.Op == parser.LOR:
			return decides(n.LHS) && decides(n.RHS)
		case n.Op.IsComparisonOperator() && !n.ReturnBool:
			return true
		case n.Op.IsComparisonOperator():
			return false
		}
		return decides(n.LHS) || decides(n.RHS)
	case *parser.AggregateExpr:
		return decides(n.Expr)
	case *parser.UnaryExpr:
		return decides(n.Expr)
	case *parser.SubqueryExpr:
		return decides(n.Expr)
	case *parser.Call:
		switch n.Func.Name {
		case "absent", "absent_over_time":
			return true
		case "scalar":
			return false
		}
		return slices.ContainsFunc(n.Args, decides)
	}
	return false
}

// loose is a comparison with bool that was meant to decide; nil where there is
// none.
func loose(e parser.Expr) (found *parser.BinaryExpr) {
	parser.Inspect(e, func(n parser.Node, _ []parser.Node) error {
		if b, ok := n.(*parser.BinaryExpr); ok && b.ReturnBool && found == nil {
			found = b
		}
		return nil
	})
	return found
}
