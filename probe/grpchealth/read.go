package grpchealth

import (
	"slices"
	"strings"

	"github.com/midwatch-cli/midwatch/probe/health"
)

// Read is what one service says, as a Verdict. The words of the protocol are
// rows of the table of words.
func Read(s Said) health.Verdict {
	v := ReadAll([]Said{s})
	v.Components = nil
	return v
}

// ReadAll is what several services say: each is a component, and the worst
// speaks for the whole.
func ReadAll(all []Said) health.Verdict {
	parts := make([]health.Component, len(all))
	for i, s := range all {
		w, _, _ := health.ParseWord(s.Word)
		if w == health.NoWord {
			w = health.Unknown // a number that the protocol does not know
		}
		parts[i] = health.Component{Name: health.Clean(s.Service, 120), Word: w, Text: s.Word}
		if s.Service == "" {
			parts[i].Name = "server"
		}
	}
	slices.SortFunc(parts, func(a, b health.Component) int { return strings.Compare(a.Name, b.Name) })
	return health.Whole("grpc", parts)
}
