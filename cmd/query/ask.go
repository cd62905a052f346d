package query

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/midwatch-cli/midwatch/cmd/app"
	"github.com/midwatch-cli/midwatch/cmd/measure"
	"github.com/midwatch-cli/midwatch/cmd/term"
	"github.com/midwatch-cli/midwatch/fleet"
	gate "github.com/midwatch-cli/midwatch/fleet/gate/query"
	"github.com/midwatch-cli/midwatch/fleet/match"
	"github.com/midwatch-cli/midwatch/fleet/metrics"
	"github.com/midwatch-cli/midwatch/fleet/metrics/joined"
	"github.com/midwatch-cli/midwatch/fleet/metrics/promql"
)

// result is a question with what came of it.
type result struct {
	o        *options
	session  *measure.Session
	reading  measure.Reading
	question metrics.Question
	answer   metrics.Answer
	err      error     // the expression is at fault
	why      fleet.Why // why there is no answer
	hint     string    // what to do about that
	note     string    // of an answer without elements that is one all the same
	silent   bool      // nobody answered
	odd      []string  // what may be wrong with what was read
}

// ask asks, and finds out what an empty answer means.
func (o *options) ask(ctx context.Context, s *measure.Session, r measure.Reading) *result {
	res := &result{o: o, session: s, reading: r, question: o.question(r.At)}
	q := res.question
	q.Explain = o.explain || s.Server == "" // a server has to be asked for that
	answer, err := s.Over.Query(ctx, q)
	switch {
	case errors.Is(err, metrics.ErrExpression):
		res.err = o.misplaced(err)
	case err != nil:
		res.failed(err)
	default:
		res.answer = answer
		if len(answer.Series) == 0 && answer.Kind != metrics.String {
			res.nothing(ctx)
		}
		res.doubt()
	}
	return res
}

// doubt finds what may be wrong with an answer: pages of which not all was kept,
// and a time to look back at of which only a part was gathered.
func (r *result) doubt() {
	if !measure.OnlyOwn(r.o.families()) {
		r.odd = r.reading.Odd()
	}
	if r.session.Server != "" || r.o.known == nil || r.reading.Gathered == 0 || len(r.answer.Series) == 0 || joined.Computes(r.o.expr) {
		return
	}
	// A reading takes a moment, so that what was gathered is a little shorter.
	if reach := r.o.known.Reach(); reach > r.reading.Gathered+max(time.Second, reach/10) {
		r.odd = append(r.odd, fmt.Sprintf("it looks back %s, and %s: a rate over that comes out too low", term.Duration(reach), gathered(r.reading.Gathered)))
	}
}

func (r *result) failed(err error) {
	r.silent = true
	r.why.Reason, r.why.Detail = fleet.ReasonOf(err)
	r.hint = fleet.HintOf(err)
}

// nothing tells "nothing is so" from "there is nothing to ask about".
func (r *result) nothing(ctx context.Context) {
	rule, err := promql.ParseRule(r.o.expr)
	if err == nil {
		c := gate.Condition{Rule: rule, Over: r.session.Over}
		switch m := c.Ask(ctx, r.snapshot()); {
		case m.Err != nil:
			r.failed(m.Err)
			return
		case m.Known:
			r.note = m.Text
			return
		}
	}
	selected := r.answer.Selected
	if len(selected) == 0 { // a server was not asked for it
		q := r.question
		q.Explain = true
		if answer, err := r.session.Over.Query(ctx, q); err == nil {
			selected = answer.Selected
		}
	}
	r.why = fleet.Why{Reason: fleet.ReasonNoData, Detail: "no data: " + r.lacks(ctx, selected)}
}

// snapshot is the last pass; of a server an empty one.
func (r *result) snapshot() *fleet.Snapshot {
	if r.reading.Snapshot == nil {
		return &fleet.Snapshot{At: r.question.At}
	}
	s := *r.reading.Snapshot
	s.At = r.question.At
	return &s
}

// lacks says what is missing, and leaves a hint.
func (r *result) lacks(ctx context.Context, selected []metrics.Selected) string {
	gathers := r.session.Server == ""
	reach := r.o.reach()
	short := gathers && reach > r.reading.Gathered
	for _, s := range selected {
		switch {
		case s.Series > 0, short && joined.Computes(r.o.expr):
			continue
		case len(s.Lacks) > 0:
			return s.Selector + " is not known: " + strings.Join(s.Lacks, ", ")
		case gathers:
			r.hint = r.near(ctx, selected)
		}
		return s.Selector + " matched no series"
	}
	if short {
		r.hint = "--collect " + span(reach) + " gathers first"
		if joined.Computes(r.o.expr) {
			return "rates take two readings at least, and " + gathered(r.reading.Gathered)
		}
		return fmt.Sprintf("it looks back %s, and %s", term.Duration(reach), gathered(r.reading.Gathered))
	}
	return "the expression came to nothing, although all its series are there"
}

func gathered(d time.Duration) string {
	if d <= 0 {
		return "the instances were read once"
	}
	return "only " + term.Duration(d.Round(100*time.Millisecond)) + " were gathered"
}

// span is a duration as a flag takes it, without what is nothing.
func span(d time.Duration) string {
	text := d.String()
	if strings.HasSuffix(text, "m0s") {
		text = strings.TrimSuffix(text, "0s")
	}
	if strings.HasSuffix(text, "h0m") {
		text = strings.TrimSuffix(text, "0m")
	}
	return text
}

// near looks for names like those that matched nothing.
func (r *result) near(ctx context.Context, selected []metrics.Selected) string {
	q := metrics.Question{Expr: `count by (__name__) ({__name__!=""})`, At: r.question.At}
	answer, err := r.session.Over.Query(ctx, q)
	if err != nil || len(answer.Series) == 0 {
		return ""
	}
	var have, found []string
	for i := range answer.Series {
		have = append(have, answer.Series[i].Labels.Name())
	}
	for _, sel := range r.o.known.Selectors() {
		matched := func(s metrics.Selected) bool { return s.Selector == sel.Text && s.Series > 0 }
		if slices.ContainsFunc(selected, matched) || slices.Contains(have, sel.Name) { // it is not the name that is wrong
			continue
		}
		for _, name := range match.Nearest(sel.Name, have) {
			if !slices.Contains(found, name) {
				found = append(found, name)
			}
		}
	}
	if len(found) == 0 {
		return "midwatch query 'count by (__name__) ({__name__!=\"\"})' lists the names there are"
	}
	return "did you mean " + strings.Join(found, " or ") + "?"
}

// code is how the command ends, for all but what the registries could not say.
func (r *result) code() app.Code {
	if r.why.Reason != "" {
		return app.CannotSay
	}
	return app.OK
}

// reach is how far the expression looks back.
func (o *options) reach() time.Duration {
	switch {
	case o.known == nil:
		return 0
	case joined.Computes(o.expr):
		return max(o.known.Reach(), measure.UsualGather)
	}
	return o.known.Reach()
}

// families are the names that the expression selects by; empty for a selector
// that has none.
func (o *options) families() (names []string) {
	if o.known == nil {
		return nil
	}
	for _, s := range o.known.Selectors() {
		names = append(names, s.Name)
	}
	return names
}
