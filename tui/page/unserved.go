package page

import (
	"strings"

	"github.com/midwatch-cli/midwatch/fleet"
)

// Unserved says why a fleet has no service, and what to do about it: that nothing is
// registered is known only where every registry answered.
func Unserved(s *fleet.Snapshot) []string {
	var lost []*fleet.SourceView
	registered := 0
	for i := range s.Sources {
		src := &s.Sources[i]
		if registered += src.Services; src.Reason != "" {
			lost = append(lost, src)
		}
	}
	switch {
	case len(lost) > 0:
		names := make([]string, len(lost))
		for i, src := range lost {
			names[i] = src.Name + " (" + Reason(src.Reason) + ")"
		}
		lines := []string{"? What is registered is not known: no answer from " + strings.Join(names, ", ")}
		if hint := lost[0].Hint; hint != "" {
			lines = append(lines, hint)
		}
		return append(lines, ":sources says more")
	case registered > 0:
		return []string{"None of the services that are registered was chosen.", "q quits; start it with other names, or without any"}
	}
	return []string{"No service is registered.", ":sources says what the registries answer"}
}

// Reason is why a registry was not read, in words: not found.
func Reason(r fleet.Reason) string {
	if r == "body" {
		return "not readable"
	}
	return strings.ReplaceAll(string(r), "_", " ")
}
