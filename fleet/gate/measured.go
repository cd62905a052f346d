package gate

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/midwatch-cli/midwatch/fleet"
	"github.com/midwatch-cli/midwatch/fleet/metrics"
)

// Measured is what an expression came to at one moment: the record that a
// verdict rests on.
type Measured struct {
	Query    string // PromQL, as it was asked
	Flag     string // the flag that it stands for; empty where it was written as PromQL
	At       time.Time
	Known    bool         // there was data to decide it with
	Holds    bool         // never without Known
	Wanted   bool         // it has to hold; otherwise it must not
	Text     string       // one line for people, with the value beside the rule; holds texts of services, untrusted
	Reason   fleet.Reason // why it is not known: no_data, or why nobody answered
	Hint     string       // what to do next; may be empty
	Values   []Value      // those that satisfied it, or of what did not, the nearest first; a few
	More     int          // values that are left out
	What     string       // what the values are: "error rate", or the left side of the comparison; empty where that is too long to say
	Unit     Unit         // of the values
	Lacking  []string     // parts that had no data, where others were enough to know
	Series   int          // that the answer rests on; -1 where nobody counted
	Samples  int          // of these; -1 where nobody counted
	Warnings []string     // of whoever answered; untrusted
	Err      error        // why it could not be asked; nil where it was
}

// Value is an element of an answer beside what it was held against.
type Value struct {
	Key    fleet.Key // the instance or service it is about, where its labels name one
	Labels metrics.Labels
	What   string // the calculation that it comes from; empty where that is too long to be said
	V      float64
	Op     string  // the comparison it was held in; empty where the answer is not that of one
	Limit  float64 // what it was held against; NaN where that is not one number
}

// Unit says how values look to people.
type Unit uint8

// The units.
const (
	Plain   Unit = iota
	Ratio        // 0 to 1, told as a percentage
	Seconds      // told as a duration
)

// Format is a value for people: with four digits, or exactly.
func (u Unit) Format(v float64, exact bool) string {
	digits := 4
	if exact {
		digits = -1
	}
	switch {
	case math.IsNaN(v) || math.IsInf(v, 0):
		return strconv.FormatFloat(v, 'g', -1, 64)
	case u == Ratio:
		return number(v*100, digits) + "%"
	case u == Seconds && math.Abs(v) < 1:
		return number(v*1000, digits) + " ms"
	case u == Seconds:
		return number(v, digits) + " s"
	}
	return number(v, digits)
}

// number is a float without the noise of binary fractions and, between a
// millionth and a million million, without an exponent.
func number(v float64, digits int) string {
	if digits < 0 {
		digits = 15
	}
	short, err := strconv.ParseFloat(strconv.FormatFloat(v, 'g', digits, 64), 64)
	if a := math.Abs(short); err != nil || a != 0 && (a < 1e-6 || a >= 1e12) {
		return strconv.FormatFloat(v, 'g', digits, 64)
	}
	return strconv.FormatFloat(short, 'f', -1, 64)
}

// Beside is the value, how it was compared and with what: "38.2% > 1%".
func (v *Value) Beside(u Unit) string {
	value := u.Format(v.V, false)
	if v.Op == "" || math.IsNaN(v.Limit) {
		return value
	}
	limit := u.Format(v.Limit, true)
	if value == limit && v.V != v.Limit {
		value = u.Format(v.V, true)
	}
	return value + " " + v.Op + " " + limit
}

// Subject is what a value is about: payment, payment/payment-2, and those of
// its labels that say more; empty where there are none.
func (v *Value) Subject() string {
	var parts []string
	switch {
	case v.Key.Instance != "":
		parts = append(parts, v.Key.String())
	case v.Key.Name != "":
		parts = append(parts, v.Key.Name)
	}
	var rest []string
	for _, l := range v.Labels {
		if l.Name == metrics.LabelName || v.Key.Name != "" && slices.Contains(identity(), l.Name) {
			continue
		}
		rest = append(rest, l.Name+"="+strconv.Quote(l.Value))
	}
	if len(rest) > 0 {
		parts = append(parts, "{"+strings.Join(rest, ", ")+"}")
	}
	return strings.Join(parts, " ")
}

// identity are the labels that a Key stands for.
func identity() []string {
	return []string{
		metrics.LabelContext, metrics.LabelSource, metrics.LabelNamespace, metrics.LabelService, metrics.LabelInstance,
		metrics.LabelZone, metrics.LabelVersion,
	}
}

// Outcome is what it means for a verdict.
func (m *Measured) Outcome() Outcome {
	switch {
	case !m.Known:
		return Unknown
	case m.Holds == m.Wanted:
		return Passed
	}
	return Failed
}

// Name is the flag that an expression stands for, else the expression.
func (m *Measured) Name() string { return cmp.Or(m.Flag, m.Query) }

// Findings are what the record says where an expression must not hold: each
// value that satisfies it, or that it could not be told; nothing where it does
// not hold.
func (m *Measured) Findings() []Finding {
	switch {
	case !m.Known:
		return []Finding{{Outcome: Unknown, Reason: m.Reason, Text: m.Text, Hint: m.Hint, Query: m}}
	case !m.Holds:
		return nil
	case len(m.Values) == 0:
		return []Finding{{Outcome: Failed, Reason: fleet.ReasonQuery, Text: m.Text, Hint: m.Hint, Query: m}}
	}
	var found []Finding
	for i := range m.Values {
		v := &m.Values[i]
		found = append(found, Finding{Outcome: Failed, Reason: fleet.ReasonQuery, Key: v.Key, Text: m.Line(v), Hint: m.Hint, Query: m, Value: v})
	}
	if m.More > 0 {
		found[len(found)-1].Text += fmt.Sprintf(" (and %d more)", m.More)
	}
	return found
}

// Line is a value in words: "payment: error rate 38.2% > 1%".
func (m *Measured) Line(v *Value) string {
	text := v.Beside(m.Unit)
	if what := cmp.Or(m.What, v.What); what != "" {
		text = what + " " + text
	}
	if s := m.Subject(v); s != "" {
		return s + ": " + text
	}
	return text
}

// Subject is what a value is about. A flag says for itself which of a service's
// values it means.
func (m *Measured) Subject(v *Value) string {
	if m.Flag != "" && v.Key.Name != "" {
		return (&Value{Key: v.Key}).Subject()
	}
	return v.Subject()
}
