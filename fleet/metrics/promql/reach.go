package promql

import (
	"slices"
	"time"

	"github.com/prometheus/prometheus/promql/parser"
)

// Reach is how far an expression looks back beyond the latest samples: its ranges
// and offsets, also those of subqueries around them.
func (e *Expr) Reach() time.Duration {
	var reach time.Duration
	parser.Inspect(e.root, func(n parser.Node, path []parser.Node) error {
		s, ok := n.(*parser.VectorSelector)
		if !ok {
			return nil
		}
		back := s.OriginalOffset
		for _, outer := range path {
			switch o := outer.(type) {
			case *parser.MatrixSelector:
				back += o.Range
			case *parser.SubqueryExpr:
				back += o.Range + o.OriginalOffset
			}
		}
		reach = max(reach, back)
		return nil
	})
	return reach
}

// Functions are the names of the functions there are, sorted; those that are
// experimental, and refused, are left out.
func Functions() []string {
	var names []string
	for name, f := range parser.Functions {
		if !f.Experimental {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return names
}
