package health

import (
	"fmt"
	"strings"
)

// Complaint puts a Verdict that is not good into few words: "db down: timeout (and 2 more)", else
// the word itself and what goes with it.
func (v Verdict) Complaint() string {
	var first *Component
	more := 0
	for i := range v.Components {
		switch c := &v.Components[i]; {
		case !c.Word.Unwell():
		case first == nil:
			first = c
		case first.Word == Warn && c.Word == Ill:
			first = c
			more++
		default:
			more++
		}
	}
	if first == nil {
		if v.Detail == "" || strings.EqualFold(v.Detail, v.Text) {
			return "says " + v.Text
		}
		return v.Text + ": " + v.Detail
	}
	text := first.Name + " " + strings.ToLower(first.Text)
	if first.Text == "false" {
		text = first.Name + " failed" // a flag, not a word
	}
	if first.Detail != "" {
		text += ": " + first.Detail
	}
	if more > 0 {
		text += fmt.Sprintf(" (and %d more)", more)
	}
	return text
}
