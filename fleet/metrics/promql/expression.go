package promql

import (
	"errors"
	"slices"
	"strings"
	"time"

	"github.com/prometheus/prometheus/promql/parser"

	"github.com/midwatch-cli/midwatch/fleet"
	"github.com/midwatch-cli/midwatch/fleet/metrics"
	"github.com/midwatch-cli/midwatch/probe"
)

// Expression is what is known of an expression before it is asked.
type Expression struct {
	Kind  metrics.Kind  // of its answer at an instant
	Reach time.Duration // how far it looks back beyond the latest samples: its ranges and offsets
	Names []string      // of the metrics that it selects by their names, sorted; each once
	All   bool          // it selects none but by names
}

// Parse reads an expression. One that cannot be read is a *fleet.Error that wraps
// metrics.ErrExpression; its text begins with the place, as LINE:COLUMN.
func Parse(text string) (Expression, error) {
	root, err := parser.NewParser(parser.Options{}).ParseExpr(text)
	if err != nil {
		detail := err.Error()
		var all parser.ParseErrors
		if errors.As(err, &all) && len(all) > 0 {
			place := all[0].PositionRange.StartPosInput(text, 0)
			if !strings.Contains(place, ":") {
				place = "1:1" // of nothing at all
			}
			detail = place + ": " + all[0].Err.Error()
		}
		return Expression{}, &fleet.Error{Reason: probe.ReasonBody, Detail: detail, Err: metrics.ErrExpression}
	}
	e := Expression{Kind: kinds()[root.Type()], All: true}
	parser.Inspect(root, func(n parser.Node, path []parser.Node) error {
		s, ok := n.(*parser.VectorSelector)
		if !ok {
			return nil
		}
		if e.All = e.All && s.Name != ""; s.Name != "" {
			e.Names = append(e.Names, s.Name)
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
		e.Reach = max(e.Reach, back)
		return nil
	})
	slices.Sort(e.Names)
	e.Names = slices.Compact(e.Names)
	return e, nil
}

func kinds() map[parser.ValueType]metrics.Kind {
	return map[parser.ValueType]metrics.Kind{
		parser.ValueTypeVector: metrics.Vector, parser.ValueTypeMatrix: metrics.Matrix, parser.ValueTypeScalar: metrics.Scalar, parser.ValueTypeString: metrics.String,
	}
}

// Functions are the names of the functions there are, sorted; those that are
// experimental and switched off are left out.
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
