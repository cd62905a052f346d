package report

import (
	"bytes"
	"fmt"
	"slices"
	"strings"

	"github.com/midwatch-cli/midwatch/fleet"
	"github.com/midwatch-cli/midwatch/fleet/gate"
)

// markdown makes any text a plain one in Markdown and HTML: nothing in it is
// markup, a link, a mention or a cell's end.
func (j *Account) markdown(s string) string {
	s = strings.NewReplacer(
		`\`, `\\`, "`", "\\`", "*", `\*`, "_", `\_`, "[", `\[`, "]", `\]`, "~", `\~`, "!", `\!`, "$", `\$`,
		"<", "&lt;", ">", "&gt;", "&", "&amp;", "|", "&#124;", "@", "&#64;", "#", "&#35;", "://", ":&#47;&#47;", "www.", "www&#46;", "WWW.", "WWW&#46;",
	).Replace(strings.TrimLeft(j.clean(s), " "))
	// Marks at the start of a line make lists, quotes and rules of it, and so does
	// a number with its dot.
	if s != "" && strings.ContainsRune("-+=", rune(s[0])) {
		return `\` + s
	}
	rest := strings.TrimLeft(s, "0123456789")
	if at := len(s) - len(rest); at > 0 && rest != "" && strings.ContainsRune(".)", rune(rest[0])) && (len(rest) == 1 || rest[1] == ' ') {
		return s[:at] + `\` + rest
	}
	return s
}

// Markdown writes a verdict for a job summary or a comment: the sentence, what
// is not well, and what to do next.
func Markdown(b *bytes.Buffer, j *Account) {
	word := map[fleet.Status]string{fleet.Up: "well", fleet.Degraded: "well, with warnings", fleet.Unknown: "could not tell", fleet.Down: "not well"}[j.Status()]
	fmt.Fprintf(b, "### midwatch: %s\n\n%s\n", strings.TrimSpace(j.clean(Sign(j.Status()))+" "+word), j.markdown(j.Title))
	if len(j.Rows) > 0 {
		b.WriteString("\n| | Service | Up | Status | Why |\n|---|---|---|---|---|\n")
	}
	for i := range j.Rows {
		r := &j.Rows[i]
		why := j.markdown(r.Why)
		for _, u := range r.Under {
			why += "<br>" + j.markdown(strings.Join(strings.Fields(u), " "))
		}
		fmt.Fprintf(b, "| %s | %s | %s | %s | %s |\n", j.clean(Sign(r.Status)), j.markdown(r.Ref.Name), r.Up(), r.Status, why)
	}
	j.queryRows(b)
	notes := j.Notes
	for _, f := range withoutQueries(j.Verdict.Findings) {
		if !known(j.Snapshot, f.Key.Ref) && (f.Key.Name != "" || f.Key.Source == "") {
			notes = append(slices.Clip(notes), f.Text) // no row and no registry's line says it
		}
	}
	if len(notes) > 0 {
		b.WriteByte('\n')
	}
	for _, n := range notes {
		b.WriteString("- " + j.markdown(n) + "\n")
	}
	if j.Hint != "" {
		b.WriteString("\nNext: " + j.markdown(j.Hint) + "\n")
	}
}

// known says whether a service is in a snapshot.
func known(s *fleet.Snapshot, r fleet.Ref) bool {
	for i := range s.Services {
		if s.Services[i].Ref == r {
			return true
		}
	}
	return false
}

// mostAnnotations is how many of a step GitHub shows.
const mostAnnotations = 10

// Annotations writes workflow commands of GitHub Actions, for standard error:
// one for each root cause, then one for each other service or registry the
// verdict rests on.
func Annotations(b *bytes.Buffer, j *Account) {
	var all []string
	add := func(level, title, text string) {
		all = append(all, fmt.Sprintf("::%s title=%s::%s\n", level, property(j.clean(title)), message(j.clean(text))))
	}
	level := "error"
	if j.Verdict.Outcome == gate.Passed {
		level = "warning"
	}
	told := make(map[fleet.Ref]bool)
	for _, r := range j.Snapshot.Roots {
		for _, v := range r.Victims {
			told[v] = true
		}
	}
	rows := make(map[fleet.Ref]*Row, len(j.Rows))
	for i := range j.Rows {
		r := &j.Rows[i]
		rows[r.Ref] = r
		if r.Root && !told[r.Ref] {
			told[r.Ref] = true
			add(level, r.Ref.Name+" is "+r.Status.String(), strings.Join(strings.Fields(strings.Join(append([]string{r.Up() + " serve", r.Why}, r.Under...), ". ")), " "))
		}
	}
	for i := range j.Verdict.Queries {
		m := &j.Verdict.Queries[i]
		if st, text := Asked(m); st == fleet.Down {
			add("error", "midwatch: query", text)
		} else if st != fleet.Up {
			add("error", "midwatch: "+strings.ReplaceAll(string(m.Reason), "_", " "), text)
		}
	}
	for _, f := range withoutQueries(j.Verdict.Findings) {
		if told[f.Key.Ref] {
			continue
		}
		told[f.Key.Ref] = true
		if r := rows[f.Key.Ref]; r != nil {
			add("error", r.Ref.Name+" is "+r.Status.String(), r.Why)
			continue
		}
		add("error", "midwatch: "+strings.ReplaceAll(string(f.Reason), "_", " "), f.Text)
	}
	if rest := len(all) - mostAnnotations; rest > 0 {
		all = all[:mostAnnotations-1]
		add(level, "midwatch", fmt.Sprintf("%d more are not well", rest+1))
	}
	b.WriteString(strings.Join(all, ""))
}

// message escapes the text of a workflow command.
func message(s string) string {
	return strings.NewReplacer("%", "%25", "\r", "%0D", "\n", "%0A").Replace(s)
}

// property escapes a property of a workflow command.
func property(s string) string {
	return strings.NewReplacer("%", "%25", "\r", "%0D", "\n", "%0A", ":", "%3A", ",", "%2C").Replace(s)
}
