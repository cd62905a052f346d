package query

import (
	"fmt"
	"math"
	"strings"

	"github.com/midwatch-cli/midwatch/fleet"
	"github.com/midwatch-cli/midwatch/fleet/gate"
	"github.com/midwatch-cli/midwatch/fleet/metrics"
)

// tell says what a known answer came to, with the values beside the rule.
func tell(m *gate.Measured, r *metrics.Rule, f *found) {
	switch {
	case !m.Known:
	case m.Holds:
		m.Text = holding(m, r, f.others)
		if !m.Wanted && len(m.Values) > 0 {
			m.Hint = next(m, r)
		}
	default:
		m.Text = falling(m, r, f.values)
		if len(m.Lacking) > 0 {
			m.Text += "; no data for " + few(m.Lacking)
		}
	}
}

// mostTold is how many values are said in one line.
const mostTold = 3

// holding is about values that satisfied the rule, and of one that has to hold
// also about those that did not.
func holding(m *gate.Measured, r *metrics.Rule, others []gate.Value) string {
	if len(m.Values) == 0 {
		return "it is so: " + r.Text
	}
	var lines []string
	for i := range m.Values[:min(len(m.Values), mostTold)] {
		lines = append(lines, m.Line(&m.Values[i]))
	}
	text := strings.Join(lines, ", ")
	if n := len(m.Values) + m.More - len(lines); n > 0 {
		text += fmt.Sprintf(" (and %d more)", n)
	}
	if len(others) > 0 {
		text += fmt.Sprintf("; not of %d: %s", len(others), with(m, &others[0]))
	}
	return text
}

// next is where somebody looks who is told that this must not hold.
func next(m *gate.Measured, r *metrics.Rule) string {
	switch {
	case strings.Contains(r.Expr, "midwatch_service_error_ratio"), strings.Contains(r.Expr, "midwatch_service_latency_seconds"):
		if name := m.Values[0].Key.Name; name != "" && !strings.ContainsFunc(name, special) {
			return "midwatch metrics " + name
		}
		return "midwatch metrics"
	case m.Flag == "" && r.Kind == metrics.Comparison:
		return "midwatch query " + quoted(r.Parts[0].Expr)
	}
	return ""
}

// special says that a letter may mean something to a shell.
func special(c rune) bool {
	return (c < 'a' || c > 'z') && (c < 'A' || c > 'Z') && (c < '0' || c > '9') && !strings.ContainsRune("._-", c)
}

// with is a value and what it is about.
func with(m *gate.Measured, v *gate.Value) string {
	value := m.Unit.Format(v.V, false)
	if s := m.Subject(v); s != "" {
		return s + " with " + value
	}
	return value
}

// emptyWindow is why values are not numbers, as a rule.
const emptyWindow = " of NaN: 0/0, as where there are no calls in the window"

// falling is about values of which none satisfied the rule.
func falling(m *gate.Measured, r *metrics.Rule, values []gate.Value) string {
	text := "it is not so: " + r.Text
	if m.Flag != "" {
		text = m.What + " is within " + m.Flag
	}
	nan := 0
	for i := range values {
		if math.IsNaN(values[i].V) {
			nan++
		}
	}
	switch {
	case len(values) == 0:
		return text
	case nan == len(values):
		return text + "; " + counted(nan, "value") + emptyWindow
	case len(values) == 1:
		text += "; "
	default:
		text += fmt.Sprintf("; of %d the nearest is ", len(values))
	}
	text += with(m, &m.Values[0])
	if nan > 0 {
		text += "; " + counted(nan, "value") + emptyWindow
	}
	return text
}

// missing says what was not there to be compared.
func missing(m *gate.Measured, e *evaluation, gather string) error {
	m.Reason = fleet.ReasonNoData
	var texts []string
	var selected []metrics.Selected
	for _, t := range e.gaps {
		answer, err := e.ask(t.Expr, true)
		if err != nil {
			return err
		}
		selected = append(selected, answer.Selected...)
		text, hint := gap(t, answer, gather)
		texts = append(texts, text)
		if m.Hint == "" {
			m.Hint = hint
		}
	}
	count(m, selected)
	m.Text = "no data: " + strings.Join(texts, "; ")
	return nil
}

// gap is why a term has no answer, and what to do about it.
func gap(t *metrics.Term, answer metrics.Answer, gather string) (text, hint string) {
	also := func(hint string) string {
		if gather == "" {
			return hint
		}
		return hint + "; " + gather
	}
	var there []string
	for _, s := range answer.Selected {
		switch {
		case s.Series == 0 && len(s.Lacks) > 0:
			return s.Selector + " matched no series: " + few(s.Lacks), also("midwatch metrics shows what there is")
		case s.Series == 0:
			hint := "midwatch query " + quoted(s.Selector) + " shows whether the name is right"
			if strings.Contains(s.Selector, "{") {
				hint += "; if none means 0, compare (sum(...) or vector(0))" // counters of errors are often born with the first one
			}
			return s.Selector + " matched no series", also(hint)
		case s.Samples < 0:
			there = append(there, s.Selector+" matched "+counted(s.Series, "series"))
		default:
			there = append(there, s.Selector+" matched "+counted(s.Series, "series")+" with "+counted(s.Samples, "sample"))
		}
	}
	switch {
	case t.Pairs != "":
		return "no two elements have the labels to be compared in " + t.Expr, "name the labels that both sides have: on (service), or sum by (service) on both"
	case len(there) == 0:
		return t.Expr + " came to nothing", "midwatch query " + quoted(t.Expr) + " shows what there is"
	}
	return t.Expr + " came to nothing, although " + strings.Join(there, ", "), also("a rate takes two samples in its range")
}

// few are the first of many.
func few(all []string) string {
	const most = 5
	if len(all) <= most {
		return strings.Join(all, ", ")
	}
	return fmt.Sprintf("%s and %d more", strings.Join(all[:most], ", "), len(all)-most)
}

// quoted is a text for a shell.
func quoted(text string) string { return "'" + strings.ReplaceAll(text, "'", `'\''`) + "'" }

func counted(n int, thing string) string {
	if n == 1 || strings.HasSuffix(thing, "s") {
		return fmt.Sprintf("%d %s", n, thing)
	}
	return fmt.Sprintf("%d %ss", n, thing)
}
