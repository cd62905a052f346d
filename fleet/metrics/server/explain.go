package server

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/prometheus/prometheus/promql/parser"

	"github.com/midwatch-cli/midwatch/fleet/metrics"
	"github.com/midwatch-cli/midwatch/fleet/metrics/promql"
)

// lookback is how old a sample may be to count as the present one, in a server
// that nobody told otherwise.
const lookback = 5 * time.Minute

// examples is how many series of a selector are named.
const examples = 3

// parse reads an expression as the newest servers do. It is for looking at: the
// server has the last word on what an expression may be.
func parse(expr string) (parser.Expr, error) {
	return parser.NewParser(parser.Options{EnableExperimentalFunctions: true}).ParseExpr(expr)
}

// arranged sorts what the expression itself does not: Prometheus sends the
// series of an instant in no order.
func arranged(q metrics.Question, a metrics.Answer) metrics.Answer {
	// An expression that we cannot read may be one that sorts.
	if expr, err := promql.Parse(q.Expr); a.Kind == metrics.Vector && (err != nil || expr.Sorts()) {
		return a
	}
	slices.SortStableFunc(a.Series, func(a, b metrics.Series) int { return a.Labels.Compare(b.Labels) })
	return a
}

// window is what a selector reads: its series between two times, the first
// excluded.
type window struct {
	text       string // as it stands in the expression
	selector   string // without range, offset and @
	start, end time.Time
	newest     bool // of each series its newest sample alone counts
}

// windows lists the selectors of an expression, in its order.
func windows(q metrics.Question, expr parser.Expr) (list []window) {
	start, end := q.Start, q.End
	if q.Step == 0 {
		start, end = q.At, q.At
	}
	parser.Inspect(expr, func(n parser.Node, path []parser.Node) error {
		v, ok := n.(*parser.VectorSelector)
		if !ok {
			return nil
		}
		bare := parser.VectorSelector{Name: v.Name, LabelMatchers: v.LabelMatchers}
		w := window{text: v.String(), selector: bare.String(), start: start, end: end}
		reach, ranged := lookback, false
		for _, outer := range path {
			switch outer := outer.(type) {
			case *parser.SubqueryExpr:
				w.at(outer.Timestamp, outer.StartOrEnd, start, end)
				w.shift(outer.OriginalOffset)
				w.start = w.start.Add(-outer.Range)
			case *parser.MatrixSelector:
				reach, ranged, w.text = outer.Range, true, outer.String()
			}
		}
		w.at(v.Timestamp, v.StartOrEnd, start, end)
		w.shift(v.OriginalOffset)
		w.newest = !ranged && w.start.Equal(w.end)
		w.start = w.start.Add(-reach)
		list = append(list, w)
		return nil
	})
	return list
}

// at is the modifier @.
func (w *window) at(fixed *int64, edge parser.ItemType, start, end time.Time) {
	switch {
	case fixed != nil:
		w.start = time.UnixMilli(*fixed)
	case edge == parser.START:
		w.start = start
	case edge == parser.END:
		w.start = end
	default:
		return
	}
	w.end = w.start
}

func (w *window) shift(offset time.Duration) {
	w.start, w.end = w.start.Add(-offset), w.end.Add(-offset)
}

// explain asks what each selector of the expression found. The API's own
// statistics do not tell selectors apart, and not every server has them.
func (s *Server) explain(ctx context.Context, q metrics.Question, a metrics.Answer) (metrics.Answer, error) {
	expr, err := parse(q.Expr)
	if err != nil {
		a.Infos = append(a.Infos, "which series it rests on cannot be told: the server knows this expression, and we do not")
		return a, nil
	}
	if q.Step == 0 && q.At.IsZero() {
		q.At = time.Now()
	}
	for _, w := range windows(q, expr) {
		found, err := s.selected(ctx, w)
		switch {
		case ctx.Err() != nil:
			return metrics.Answer{}, err
		case err != nil: // the answer itself stands
			a.Warnings = append(a.Warnings, "what "+w.text+" selects could not be asked: "+err.Error())
			continue
		}
		a.Selected = append(a.Selected, found)
	}
	return a, nil
}

// selected asks what a selector finds in its window: how many series, how many
// samples, and the names of some.
func (s *Server) selected(ctx context.Context, w window) (metrics.Selected, error) {
	found := metrics.Selected{Selector: w.text}
	over := fmt.Sprintf("_over_time(%s[%dms])", w.selector, max(w.end.Sub(w.start).Milliseconds(), 1))
	each := "last" + over
	if w.newest {
		each = w.selector
	}
	ask := func(expr string) (metrics.Answer, error) {
		return s.ask(ctx, metrics.Question{Expr: expr, At: w.end})
	}
	count, err := ask("count(" + each + ")")
	if err != nil {
		return found, err
	}
	found.Series = single(count)
	if found.Samples = found.Series; !w.newest {
		sum, err := ask("sum(count" + over + ")")
		if err != nil {
			return found, err
		}
		found.Samples = single(sum)
	}
	few, err := ask(fmt.Sprintf("topk(%d, %s)", examples, each))
	if err != nil {
		return found, err
	}
	for _, one := range few.Series {
		found.Examples = append(found.Examples, one.Labels)
	}
	slices.SortFunc(found.Examples, metrics.Labels.Compare)
	return found, nil
}

// single is the number that an aggregation over everything came to: 0 where
// there was nothing.
func single(a metrics.Answer) int {
	if len(a.Series) == 1 && len(a.Series[0].Points) == 1 {
		return int(a.Series[0].Points[0].V)
	}
	return 0
}
