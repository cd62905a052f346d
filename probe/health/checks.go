package health

import (
	"strconv"
	"strings"
)

// readChecks is a map of check to text without a word for the whole:
// heptiolabs/healthcheck ("OK" or the error) and django-health-check ("OK",
// "working", "Warning: slow", "Unavailable: connection refused"). An empty map
// says nothing: heptio gives it for well and ill alike. Under a good status
// every text must be known, else a page of facts would be one of health.
func readChecks(d *document) (Verdict, bool) {
	if _, _, worded := wordOf(d.object); worded || len(d.object) == 0 {
		return Verdict{}, false
	}
	var all []Component
	for _, m := range d.object {
		text, ok := m.Value.Text()
		if !ok || envelope(m.Name) {
			return Verdict{}, false
		}
		c, known := checkText(m.Name, text)
		if !known && d.answer.Status < 500 {
			return Verdict{}, false
		}
		if len(all) < maxComponents {
			all = append(all, c)
		}
	}
	return Whole("checks", all), true
}

// envelope names the members of error pages and of pages of facts: no names of
// checks.
func envelope(name string) bool {
	switch name {
	case "message", "error", "path", "code", "detail", "title", "type", "trace", "timestamp", "reason", "status", "version":
		return true
	}
	return false
}

// checkText reads what is said of one check: a word, a word and more, or an
// error text, which is not known as such.
func checkText(name, text string) (Component, bool) {
	if lead, rest, word := parseLead(text); word != NoWord {
		return Component{name, word, lead, rest}, true
	}
	return Component{name, Ill, "failed", text}, false
}

// readDjangoText is django-health-check as plain text: a line a check, its label
// (which may hold anything) before ": ".
func readDjangoText(text string) (Verdict, bool) {
	var all []Component
	known := false
	for line := range strings.SplitSeq(text, "\n") {
		if line = strings.TrimSpace(line); line == "" {
			continue
		}
		name, rest, ok := strings.Cut(line, "): ")
		if !ok || len(all) >= maxComponents {
			return Verdict{}, false
		}
		c, isWord := checkText(name+")", rest)
		known = known || isWord
		all = append(all, c)
	}
	return Whole("checks", all), known
}

// readList is a list of checks with a name and a flag or a word each. Nothing
// speaks for the whole, so it is well as far as the status goes, and what is not
// well in it is shown.
func readList(d *document) (Verdict, bool) {
	var t tree
	for i, raw := range d.array {
		check, ok := raw.Object()
		if _, _, worded := wordOf(check); !ok || !worded {
			return Verdict{}, false
		}
		t.add(nameOf(check, "check "+strconv.Itoa(i+1)), raw, 0)
	}
	for _, c := range t.components {
		if c.Word != Unknown {
			return Verdict{Dialect: "checks", Word: Well, Components: t.components}, true
		}
	}
	return Verdict{}, false
}
