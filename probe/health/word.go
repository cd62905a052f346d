package health

import (
	"bytes"
	"strings"
	"unicode"
	"unicode/utf8"
)

// ParseWord looks a word up in the table of the wire reference, section B2,
// whatever its case and whether its parts are joined by dashes, blanks or
// underscores. NoWord means that it is in no row. Draining and starting are the
// rows that say a service leaves, or is not there yet.
func ParseWord(text string) (word Word, draining, starting bool) {
	const longest = 40 // longer than any row: no word at all
	if text = strings.Trim(text, " \t\r\n.!,;:'\""); len(text) > longest {
		return NoWord, false, false
	}
	var room [longest]byte
	key := folded(room[:0], text)
	if word, draining, starting = lookUp(string(key)); word != NoWord {
		return word, draining, starting
	}
	// "Not ready", "not_serving": what is not well is ill. Not more than that:
	// "not down" is no praise.
	if what, ok := bytes.CutPrefix(key, []byte("not_")); ok {
		if word, _, _ = lookUp(string(what)); word == Well {
			return Ill, false, false
		}
	}
	return NoWord, false, false
}

// folded appends a text as the table has its words: lower case, its parts
// joined by underscores.
func folded(to []byte, text string) []byte {
	for i := range len(text) {
		c := text[i]
		switch {
		case c >= utf8.RuneSelf:
			// Some letters beyond ASCII have a lower case within it.
			return folded(to[:0], strings.Map(func(r rune) rune { return min(unicode.ToLower(r), utf8.RuneSelf-1) }, text))
		case c == '-' || c == ' ':
			c = '_'
		case c >= 'A' && c <= 'Z':
			c |= 0x20
		}
		to = append(to, c)
	}
	return to
}

// lookUp is the table itself.
func lookUp(key string) (word Word, draining, starting bool) {
	switch key {
	case "up", "ok", "pass", "passed", "passing", "healthy", "alive", "live", "ready", "serving", "running", "success",
		"true", "working", "available", "green", "server_is_ready", "server_is_not_shutting_down", "normal",
		"up_and_running":
		return Well, false, false
	case "warn", "warning", "degraded", "partial", "partially_available", "impaired", "slow", "yellow", "unstable":
		return Warn, false, false
	case "down", "fail", "failed", "failing", "error", "critical", "unhealthy", "unavailable", "not_serving", "fatal",
		"dead", "false", "red", "server_is_not_ready", "timeout":
		return Ill, false, false
	case "out_of_service", "maintenance", "draining", "shutting_down", "server_is_shutting_down":
		return Ill, true, false
	case "starting", "initializing", "pre_initializing", "pending", "startup", "spinning_up", "healthcheck_spinning_up",
		"didn't_run_yet":
		return Unknown, false, true
	case "unknown", "service_unknown", "none", "undetermined":
		return Unknown, false, false
	}
	return NoWord, false, false
}

// parseLead is ParseWord for texts that begin with their word and go on after a
// colon: "Unavailable: connection refused". Rest is what follows.
func parseLead(text string) (lead, rest string, word Word) {
	if word, _, _ = ParseWord(text); word != NoWord {
		return text, "", word
	}
	lead, rest, found := strings.Cut(text, ":")
	if !found {
		return "", text, NoWord
	}
	if word, _, _ = ParseWord(lead); word == NoWord {
		return "", text, NoWord
	}
	return lead, strings.TrimSpace(rest), word
}

// sentence finds the word in a line made for people: "Prometheus Server is
// Healthy.", "Service is not ready", "Warning: slow", "Service ready.", "status:
// DOWN". A word that merely stands somewhere in a text says nothing.
func sentence(text string) (word string, ok bool) {
	const most = 10
	if lead, _, w := parseLead(text); w != NoWord {
		return lead, true
	}
	parts := strings.Fields(text)
	if len(parts) < 2 || len(parts) > most {
		return "", false
	}
	for i, p := range parts[:len(parts)-1] {
		switch strings.ToLower(p) {
		case "is", "are", "am":
			rest := strings.Join(parts[i+1:], " ")
			if w, _, _ := ParseWord(rest); w != NoWord {
				return rest, true
			}
		}
	}
	if len(parts) == 2 {
		if w, _, _ := ParseWord(parts[1]); w != NoWord && !strings.EqualFold(parts[0], "no") {
			return parts[1], true
		}
	}
	return "", false
}
