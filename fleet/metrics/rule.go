package metrics

// Rule is an expression that decides something, as that of an alert does: it
// holds where its answer has an element, or is a number other than 0. It is
// taken apart so far as is needed to tell "it is not so" from "nothing was there
// to be compared" by asking for its parts, whoever answers.
//
// A comparison with bool that is the whole rule is asked for without, so that its
// answer holds the values; only one of two numbers keeps it.
type Rule struct {
	Text string // as it was written
	Term
}

// TermKind says how the parts of a term decide about the whole.
type TermKind uint8

// The kinds of terms.
const (
	Calculation TermKind = iota // has an answer where its parts have one; without parts, where there are samples
	Number                      // a number that stands in the expression
	Comparison                  // of the first part, whose values its answer has, with the second
	Both                        // and
	Either                      // or
	Without                     // unless
	Absence                     // absent(), absent_over_time(): that nothing is there is its answer
	Single                      // scalar(): NaN where its part has not one element
)

// Term is a part of a rule that can be asked for by itself.
type Term struct {
	Kind  TermKind
	Expr  string  // PromQL; of an instant, whatever the part stands in
	Parts []Term  // in order; a calculation has only those that can be empty though there are samples
	Value float64 // of a number

	// Of a comparison:
	Op     string // ==, !=, >, <, >=, <=, with the values on its left
	Pairs  string // PromQL with an element for each pair that was compared; empty unless two vectors are
	Limits string // PromQL with the second part's values of those that satisfied it, under the same labels but the name; empty unless two vectors are compared
}

// Empties says whether an answer without elements can have another cause than
// that there is nothing to ask about.
func (t *Term) Empties() bool { return t.Kind != Calculation && t.Kind != Number || len(t.Parts) > 0 }
