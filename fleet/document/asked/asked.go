// Package asked has the shape of expressions that a verdict rests on: what was
// asked, what it came to, and the values beside what they were held against.
package asked

import (
	"math"
	"strconv"

	"github.com/midwatch-cli/midwatch/fleet/document/value"
	"github.com/midwatch-cli/midwatch/fleet/gate"
)

// Query is an expression and what it came to.
type Query struct {
	Query    string     `json:"query" doc:"the expression, in PromQL"`
	Flag     string     `json:"flag" doc:"the flag that it stands for; empty where it was written as PromQL"`
	At       value.Time `json:"at" doc:"the moment it was asked about"`
	Holds    *bool      `json:"holds" doc:"it holds, as that of an alert does; null where that is not known"`
	Reason   string     `json:"reason" doc:"why it is not known, one word of a closed list; no_data where nothing was compared"`
	Text     string     `json:"text" doc:"one line for people"`
	Hint     string     `json:"hint" doc:"what to do next, or empty"`
	Values   []Value    `json:"values" doc:"a few of those that satisfied it, or of those that did not, the nearest first"`
	More     int        `json:"more" doc:"values beside these"`
	Lacking  []string   `json:"lacking" doc:"parts of the expression that had no data, where others were enough to know"`
	Series   *int       `json:"series" doc:"series that were looked at; null where nobody counted them"`
	Samples  *int       `json:"samples" doc:"samples that were looked at; null where nobody counted them"`
	Warnings []string   `json:"warnings" doc:"what may be wrong with the answer"`
}

// Value is an element of an answer.
type Value struct {
	Metric     map[string]string `json:"metric" doc:"its labels, as in Prometheus' HTTP API"`
	Value      string            `json:"value" doc:"the number as text, as in Prometheus' HTTP API"`
	Comparison string            `json:"comparison" doc:"how it was compared: ==, !=, >, <, >= or <=; empty where it was not"`
	Threshold  *string           `json:"threshold" doc:"what it was held against; null where that is not one number"`
}

// QueriesOf are the expressions of a verdict.
func QueriesOf(all []gate.Measured) []Query {
	out := make([]Query, len(all))
	for i := range all {
		m := &all[i]
		q := Query{
			Query: m.Query, Flag: m.Flag, At: value.TimeOf(m.At), Reason: string(m.Reason), Text: m.Text, Hint: m.Hint, Values: make([]Value, len(m.Values)),
			More: m.More, Lacking: value.Some(m.Lacking), Series: counted(m.Series), Samples: counted(m.Samples), Warnings: value.Some(m.Warnings),
		}
		if m.Known {
			q.Holds = &m.Holds
		}
		for k := range m.Values {
			q.Values[k] = *ValueOf(&m.Values[k])
		}
		out[i] = q
	}
	return out
}

// ValueOf is one value; nil of nil.
func ValueOf(v *gate.Value) *Value {
	if v == nil {
		return nil
	}
	out := &Value{Metric: make(map[string]string, len(v.Labels)), Value: number(v.V), Comparison: v.Op}
	for _, l := range v.Labels {
		out.Metric[l.Name] = l.Value
	}
	if v.Op != "" && !math.IsNaN(v.Limit) {
		limit := number(v.Limit)
		out.Threshold = &limit
	}
	return out
}

func counted(n int) *int {
	if n < 0 {
		return nil
	}
	return &n
}

// number is a number as Prometheus writes it.
func number(v float64) string {
	if a := math.Abs(v); a != 0 && (a < 1e-6 || a >= 1e21) {
		return strconv.FormatFloat(v, 'e', -1, 64)
	}
	return strconv.FormatFloat(v, 'f', -1, 64)
}
