package query

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/midwatch-cli/midwatch/cmd/app"
	"github.com/midwatch-cli/midwatch/cmd/measure"
	"github.com/midwatch-cli/midwatch/cmd/render"
	"github.com/midwatch-cli/midwatch/fleet/document"
	"github.com/midwatch-cli/midwatch/fleet/document/measured"
	"github.com/midwatch-cli/midwatch/fleet/metrics"
)

// show renders an answer. The code is computed before anything is written.
func (r *result) show(a *app.App) error {
	doubts := r.reading.Doubts(measure.OnlyOwn(r.o.families()))
	code := max(r.code(), doubts.Code())
	v := r.view(a)
	v.Document = r.document(code)
	if err := render.Write(a.IO, a.Output, v); err != nil {
		return err
	}
	doubts.Tell(a)
	if r.why.Reason != "" && !r.reading.Empty() {
		a.Complain(r.why.Detail, r.hint)
	}
	return app.End(code)
}

func (r *result) document(code app.Code) measured.QueryDoc {
	asked := measured.Asked{
		Context: r.session.Context(), From: r.session.Server, Question: r.question, Answer: r.answer, Snapshot: r.reading.Snapshot,
		Why: r.why, Hint: r.hint, ExitCode: int(code),
	}
	if r.session.Server == "" {
		gathered := document.SecondsOf(r.reading.Gathered)
		asked.Gathered = &gathered
	}
	for _, line := range r.odd {
		asked.Warnings = append(asked.Warnings, document.Warning{Where: "metrics", Detail: line})
	}
	return measured.Query(asked)
}

// view is the answer for people and for other programs.
func (r *result) view(a *app.App) render.View {
	v := render.View{Names: names(r.answer.Series)}
	common := ""
	switch wide := a.Output.Format == render.FormatWide; {
	case r.answer.Kind == metrics.String:
		v.Table = table([]render.Column{{Name: "VALUE", Flex: true}}, [][]render.Cell{{render.Text(r.answer.Text)}})
	case !a.IO.OutTTY || wide:
		v.Table = samples(r.answer.Series)
	case r.answer.Kind == metrics.Matrix:
		v.Lead = r.chart(a)
		v.Table, common = r.lines(a, v.Lead != nil)
	default:
		v.Table, common = elements(a, r.answer.Series)
	}
	notes := []string{common, r.note, r.from(a)}
	if r.o.explain {
		notes = append(notes, r.explained()...)
	}
	for _, line := range slices.Concat(r.odd, r.answer.Warnings, r.answer.Infos) {
		notes = append(notes, "warning: "+line)
	}
	v.Notes = measure.Wrapped(a, notes...)
	return v
}

// from says what was answered, when, and by whom.
func (r *result) from(a *app.App) string {
	var b strings.Builder
	fmt.Fprintf(&b, "%d series", len(r.answer.Series))
	if r.answer.Kind == metrics.Scalar || r.answer.Kind == metrics.String {
		b.Reset()
		b.WriteString(string(r.answer.Kind))
	}
	if q := &r.question; q.Step > 0 {
		fmt.Fprintf(&b, " from %s to %s every %s", clock(a, q.Start), clock(a, q.End), span(q.Step))
	} else {
		fmt.Fprintf(&b, " at %s", clock(a, q.At))
	}
	if r.silent {
		return ""
	}
	return b.String() + r.reading.From()
}

// clock is a moment for people: with its zone, and its date where it is not of
// today.
func clock(a *app.App, t time.Time) string {
	zone := time.Local
	if a.Global.UTC || !a.IO.OutTTY {
		zone = time.UTC
	}
	t = t.In(zone)
	if now := a.Now().In(zone); now.YearDay() == t.YearDay() && now.Year() == t.Year() {
		return t.Format("15:04:05 MST")
	}
	return t.Format("2006-01-02 15:04:05 MST")
}

// explained says what each selector found.
func (r *result) explained() []string {
	var lines []string
	for _, s := range r.answer.Selected {
		line := s.Selector + ": " + fmt.Sprintf("%d series", s.Series)
		if s.Samples >= 0 {
			line += ", " + app.Count(s.Samples, "sample")
		}
		if len(s.Examples) > 0 {
			line += ", such as"
		}
		lines = append(lines, line)
		for _, labels := range s.Examples {
			lines = append(lines, "  "+notation(labels))
		}
		if len(s.Lacks) > 0 {
			lines = append(lines, "  not of "+strings.Join(s.Lacks, ", "))
		}
	}
	if len(lines) == 0 {
		lines = append(lines, "no series was looked for")
	}
	return lines
}

// names are the services and instances that an answer is about, as midwatch takes
// them; each once.
func names(series []metrics.Series) (names []string) {
	seen := map[string]bool{}
	for i := range series {
		l := series[i].Labels
		name := l.Get(metrics.LabelService)
		if in := l.Get(metrics.LabelInstance); name != "" && in != "" {
			name += "/" + in
		}
		if name != "" && !seen[name] {
			seen[name] = true
			names = append(names, name)
		}
	}
	return names
}
