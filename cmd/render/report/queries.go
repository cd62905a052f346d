package report

import (
	"bytes"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"

	"github.com/midwatch-cli/midwatch/fleet"
	"github.com/midwatch-cli/midwatch/fleet/gate"
	"github.com/midwatch-cli/midwatch/fleet/metrics"
)

// Asked is an expression of a verdict in one line, and the status whose sign it
// has.
func Asked(m *gate.Measured) (fleet.Status, string) {
	text := m.Text
	if !m.Known {
		text = m.Name() + ": " + text
	}
	switch m.Outcome() {
	case gate.Passed:
		return fleet.Up, text
	case gate.Failed:
		return fleet.Down, text
	case gate.Unknown:
	}
	return fleet.Unknown, text
}

// AllAsked are the expressions of a verdict, a line each, but for the one that
// the title says already.
func AllAsked(v *gate.Verdict, title string) (lines []string) {
	for i := range v.Queries {
		if m := &v.Queries[i]; !strings.HasPrefix(title, m.Text) {
			_, text := Asked(m)
			lines = append(lines, text)
		}
	}
	return lines
}

// Decisive is what an expression says where expressions alone decided; empty
// otherwise.
func Decisive(v *gate.Verdict) string {
	text := ""
	for _, f := range v.Findings {
		switch {
		case f.Outcome != v.Outcome:
		case f.Query == nil:
			return ""
		case text == "":
			text = f.Text
		}
	}
	return text
}

// queryCases are the expressions of a verdict as test cases: they are a suite of
// their own, beside the instances that they are about.
func queryCases(v *gate.Verdict) []oneCase {
	var all []oneCase
	for i := range v.Queries {
		m := &v.Queries[i]
		reason := m.Reason
		if m.Known {
			reason = fleet.ReasonQuery
		}
		all = append(all, oneCase{suite: "queries", name: m.Name(), outcome: m.Outcome(), status: m.Outcome().String(), reason: string(reason), text: m.Text})
	}
	return all
}

// queryRows are the expressions of a verdict as a table of Markdown.
func (j *Account) queryRows(b *bytes.Buffer) {
	if len(j.Verdict.Queries) > 0 {
		b.WriteString("\n| | Query | It came to |\n|---|---|---|\n")
	}
	for i := range j.Verdict.Queries {
		m := &j.Verdict.Queries[i]
		st, _ := Asked(m)
		fmt.Fprintf(b, "| %s | %s | %s |\n", j.clean(Sign(st)), j.markdown(m.Name()), j.markdown(m.Text))
	}
}

// perfdata are the values of a verdict's expressions as the Monitoring Plugins
// Development Guidelines have them: 'label'=value[UOM];warn;crit, U for what is
// no number.
func (j *Account) perfdata() string {
	var b strings.Builder
	for i := range j.Verdict.Queries {
		m := &j.Verdict.Queries[i]
		for k := range m.Values {
			v := &m.Values[k]
			label := strings.TrimSpace(m.Subject(v) + " " + what(m, v))
			value, unit := "U", ""
			if !math.IsNaN(v.V) && !math.IsInf(v.V, 0) {
				value = plain(v.V)
				if m.Unit == gate.Seconds {
					unit = "s"
				}
			}
			fmt.Fprintf(&b, " '%s'=%s%s;;%s", strings.NewReplacer("'", "", "=", ":", "|", "/").Replace(j.clean(label)), value, unit, critical(m, v))
		}
	}
	return b.String()
}

func what(m *gate.Measured, v *gate.Value) string {
	if m.What != "" {
		return m.What
	}
	if v.What != "" {
		return v.What
	}
	return m.Name()
}

func plain(v float64) string { return strconv.FormatFloat(v, 'f', -1, 64) }

// critical is the range outside of which a value is not well; @ turns it inside
// out.
func critical(m *gate.Measured, v *gate.Value) string {
	if math.IsNaN(v.Limit) || math.IsInf(v.Limit, 0) {
		return ""
	}
	limit := plain(v.Limit)
	ranges := map[string][2]string{ // where it must not hold, and where it has to
		">": {"~:" + limit, limit + ":"}, ">=": {"~:" + limit, limit + ":"}, "<": {limit + ":", "~:" + limit}, "<=": {limit + ":", "~:" + limit},
		"==": {"@" + limit + ":" + limit, limit + ":" + limit}, "!=": {limit + ":" + limit, "@" + limit + ":" + limit},
	}
	if m.Wanted {
		return ranges[v.Op][1]
	}
	return ranges[v.Op][0]
}

// exposeQueries writes the expressions of a verdict in the text exposition
// format: whether each holds, where that is known, and the values beside it.
func (j *Account) exposeQueries(b *bytes.Buffer) {
	var holds, values bytes.Buffer
	for i := range j.Verdict.Queries {
		m := &j.Verdict.Queries[i]
		if m.Known {
			v := 0.0
			if m.Holds {
				v = 1
			}
			j.sample(&holds, metrics.NewLabels(metrics.LabelName, "midwatch_query_holds", "query", m.Query), v)
		}
		for k := range m.Values {
			l := []string{metrics.LabelName, "midwatch_query_value", "query", m.Query}
			for _, one := range m.Values[k].Labels {
				switch {
				case one.Name == metrics.LabelName || strings.ContainsFunc(one.Name, unnamed):
				case one.Name == "query":
					l = append(l, "exported_query", one.Value)
				default:
					l = append(l, one.Name, one.Value)
				}
			}
			j.sample(&values, metrics.NewLabels(l...), m.Values[k].V)
		}
	}
	for _, f := range []struct {
		name, help string
		samples    *bytes.Buffer
	}{
		{"midwatch_query_holds", "1 where the expression holds, 0 where it does not; left out where that is not known.", &holds},
		{"midwatch_query_value", "What the expression came to, a few of its elements.", &values},
	} {
		if f.samples.Len() > 0 {
			fmt.Fprintf(b, "# HELP %s %s\n# TYPE %s gauge\n%s", f.name, f.help, f.name, f.samples.Bytes())
		}
	}
}

// unnamed says that a letter cannot stand in the name of a label without quotes.
func unnamed(r rune) bool {
	return r != '_' && (r < '0' || r > '9') && (r < 'a' || r > 'z') && (r < 'A' || r > 'Z')
}

// withoutQueries are the findings that are not about expressions.
func withoutQueries(all []gate.Finding) []gate.Finding {
	return slices.DeleteFunc(slices.Clone(all), func(f gate.Finding) bool { return f.Query != nil })
}
