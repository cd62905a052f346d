package health

import "strings"

// readKubernetes is the verbose text of Kubernetes' healthz: a line a check,
// [+]NAME ok or [-]NAME failed: REASON, and "readyz check passed" at the end. A
// check that was excluded says ok and was not asked.
func readKubernetes(text string) (Verdict, bool) {
	v := Verdict{Dialect: "kubernetes"}
	for line := range strings.SplitSeq(text, "\n") {
		line = strings.TrimSpace(line)
		switch {
		case strings.HasPrefix(line, "[+]"), strings.HasPrefix(line, "[-]"):
			if len(v.Components) < maxComponents {
				v.Components = append(v.Components, kubernetesCheck(line))
			}
		case strings.HasSuffix(line, " check passed"):
			v.Word, v.Text = Well, line
		case strings.HasSuffix(line, " check failed"):
			v.Word, v.Text = Ill, line
		}
	}
	if len(v.Components) == 0 {
		return Verdict{}, false
	}
	if v.Word == NoWord {
		// Cut, or an old server: what the checks say.
		whole := Whole(v.Dialect, v.Components)
		v.Word, v.Text = whole.Word, whole.Text
	}
	return v, true
}

// kubernetesCheck reads one line.
func kubernetesCheck(line string) Component {
	name, rest, _ := strings.Cut(line[len("[+]"):], " ")
	switch {
	case strings.HasPrefix(rest, "excluded"):
		return Component{Name: name, Word: Unknown, Text: "excluded"}
	case line[1] == '+':
		return Component{Name: name, Word: Well, Text: "ok"}
	}
	_, why, _ := strings.Cut(rest, ":")
	return Component{Name: name, Word: Ill, Text: "failed", Detail: strings.TrimSpace(why)}
}
