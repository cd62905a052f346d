package health

import "strings"

// readPlain is a word or one sentence: OK, true, LIVE, "Prometheus Server is
// Healthy.".
func readPlain(text string) (Verdict, bool) {
	line, more, _ := strings.Cut(text, "\n")
	line = strings.TrimSpace(line)
	word, _, _ := ParseWord(line)
	if strings.TrimSpace(more) != "" {
		// A bad word has its reasons under it; a good one may be any page's.
		if !word.Unwell() {
			return Verdict{}, false
		}
		v := say("text", line)
		v.Detail, _, _ = strings.Cut(strings.TrimSpace(more), "\n")
		return v, true
	}
	if word != NoWord {
		return say("text", line), true
	}
	if word, ok := sentence(line); ok {
		v := say("text", word)
		if v.Word != Well {
			v.Detail = line
		}
		return v, true
	}
	return Verdict{}, false
}

// readOpenMetrics is health in the clothes of metrics, as django-health-check
// writes it for whoever asks so: a gauge for the whole that is 1 or 0.
func readOpenMetrics(text string) (Verdict, bool) {
	for line := range strings.SplitSeq(text, "\n") {
		name, value, _ := strings.Cut(strings.TrimSpace(line), " ")
		if !strings.HasSuffix(name, "_overall_status") {
			continue
		}
		switch value {
		case "1", "1.0":
			return Verdict{Dialect: "openmetrics", Word: Well, Text: "1"}, true
		case "0", "0.0":
			return Verdict{Dialect: "openmetrics", Word: Ill, Text: "0", Detail: name + " is 0"}, true
		}
	}
	return Verdict{}, false
}
