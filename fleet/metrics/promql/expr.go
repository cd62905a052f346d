package promql

import (
	"time"

	"github.com/prometheus/prometheus/promql/parser"

	"github.com/midwatch-cli/midwatch/fleet/metrics"
)

// Expr is an expression that was parsed.
type Expr struct {
	text string
	root parser.Expr
}

// Parse reads an expression. Its errors are *fleet.Error that wrap
// metrics.ErrExpression; their text begins with the place.
func Parse(text string) (*Expr, error) {
	root, err := newParser().ParseExpr(text)
	if err != nil {
		return nil, parsing(err)
	}
	return &Expr{text: text, root: root}, nil
}

// String is the expression as Prometheus writes it, on one line.
func (e *Expr) String() string { return e.root.String() }

// Kind is what it comes to at an instant.
func (e *Expr) Kind() metrics.Kind { return kindOf(e.root) }

func kindOf(e parser.Expr) metrics.Kind {
	switch e.Type() {
	case parser.ValueTypeMatrix:
		return metrics.Matrix
	case parser.ValueTypeScalar:
		return metrics.Scalar
	case parser.ValueTypeString:
		return metrics.String
	case parser.ValueTypeVector, parser.ValueTypeNone:
		return metrics.Vector
	}
	return metrics.Vector
}

// Selector is one place of an expression that selects series.
type Selector struct {
	Text   string        // as PromQL, with its range and its offset
	Name   string        // of the family; empty where it is not one name
	Range  time.Duration // 0 where only the latest sample counts
	Offset time.Duration // into the past; below 0 into the future
}

// Selectors are in the order of the expression. Ranges of subqueries around them
// are not theirs.
func (e *Expr) Selectors() []Selector {
	var list []Selector
	var around *parser.MatrixSelector
	parser.Inspect(e.root, func(n parser.Node, _ []parser.Node) error {
		switch n := n.(type) {
		case *parser.MatrixSelector:
			around = n
		case *parser.VectorSelector:
			s := Selector{Text: n.String(), Name: n.Name, Offset: n.OriginalOffset}
			if around != nil {
				s.Text, s.Range, around = around.String(), around.Range, nil
			}
			if s.Name == "" {
				s.Name = nameOf(n)
			}
			list = append(list, s)
		}
		return nil
	})
	return list
}

// nameOf is the name that a selector gives between its braces.
func nameOf(n *parser.VectorSelector) string {
	for _, m := range n.LabelMatchers {
		if m.Name == metrics.LabelName && m.Type == equal {
			return m.Value
		}
	}
	return ""
}

// sorts says whether the order of an instant's answer is the expression's own.
func (e *Expr) sorts() bool {
	switch n := bare(e.root).(type) {
	case *parser.Call:
		switch n.Func.Name {
		case "sort", "sort_desc", "sort_by_label", "sort_by_label_desc":
			return true
		}
	case *parser.AggregateExpr:
		return n.Op == parser.TOPK || n.Op == parser.BOTTOMK
	}
	return false
}

// bare takes the parentheses off.
func bare(e parser.Expr) parser.Expr {
	for {
		switch in := e.(type) {
		case *parser.ParenExpr:
			e = in.Expr
		case *parser.StepInvariantExpr:
			e = in.Expr
		default:
			return e
		}
	}
}
