package render

import (
	"bytes"
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/midwatch-cli/midwatch/cmd/render/report"
	"github.com/midwatch-cli/midwatch/cmd/term"
	"github.com/midwatch-cli/midwatch/fleet"
)

// screen is what check shows people: one line when all is well, otherwise what
// is not, the cause before its victims; off a terminal every service is a row.
func screen(t *term.IO, p *pen, o Options, j *Judged) error {
	var b bytes.Buffer
	notes := aside(p, j)
	if !p.tty {
		if j.Lines == nil {
			notes = append(notes, report.AllAsked(&j.Verdict, j.title())...)
		}
		switch {
		case j.Lines != nil:
			for _, l := range j.Lines {
				b.WriteString(p.line(l))
			}
		case j.Explain:
			explained(j.Snapshot).write(&b, p, o)
		default:
			fleetTable(p, j.Snapshot, true, true).write(&b, p, o)
		}
		if _, err := t.Out.Write(b.Bytes()); err != nil {
			return err
		}
		return Notes(t, append(notes, j.title()), j.nextHint())
	}
	for _, l := range j.Lines {
		b.WriteString(p.line(l))
	}
	if j.Lines == nil {
		check(&b, p, o, j)
		for i := range j.Verdict.Queries {
			b.WriteString(p.signed(report.Asked(&j.Verdict.Queries[i])))
		}
	}
	if j.Explain {
		b.WriteByte('\n')
		whole := o
		whole.Format = FormatWide
		explained(j.Snapshot).write(&b, p, whole)
	}
	for _, n := range notes {
		b.WriteString(p.line(n))
	}
	if _, err := t.Out.Write(b.Bytes()); err != nil {
		return err
	}
	return Notes(t, nil, j.nextHint())
}

// nextHint is the hint of a verdict that is not plainly well.
func (j *Judged) nextHint() string {
	if j.status() == fleet.Up && j.Hint == "" {
		return ""
	}
	return j.hint()
}

// check draws the screen of check on a terminal.
func check(b *bytes.Buffer, p *pen, o Options, j *Judged) {
	s := j.Snapshot
	for _, f := range j.Verdict.Findings {
		if f.Query != nil {
			continue // it has a line of its own
		}
		if f.Key.Name != "" && !slices.ContainsFunc(s.Services, func(v fleet.ServiceView) bool { return v.Name == f.Key.Name }) || f.Key.Ref == (fleet.Ref{}) {
			b.WriteString(p.signed(fleet.Unknown, f.Text))
		}
	}
	if len(s.Services) == 0 {
		return
	}
	c := s.Counts()
	unwell := slices.ContainsFunc(s.Services, func(v fleet.ServiceView) bool { return v.Status != fleet.Up && v.Status != fleet.Maintenance })
	if j.Verdict.Headline != "" && j.Verdict.Headline != "no such service" && unwell {
		b.WriteString(p.signed(j.status(), j.Verdict.Headline))
	}
	if !unwell {
		words := tally(c)
		if c.Up == c.Instances {
			words = "all up"
		}
		left := fmt.Sprintf("%s, %s: %s", plural(c.Services, "service"), plural(c.Instances, "instance"), words)
		st := j.status()
		if report.Decisive(&j.Verdict) != "" {
			st = fleet.Up // expressions have lines of their own
		}
		b.WriteString(p.apart(p.sign(st)+" "+p.clean(left), whence(s), st))
	}
	if unwell || o.Format == FormatWide {
		fleetTable(p, s, o.Format == FormatWide, false).write(b, p, o)
	}
	if !unwell {
		return
	}
	if up := wellNames(s); o.Format != FormatWide && len(up) > 0 {
		verb := "services are up: "
		if len(up) == 1 {
			verb = "service is up: "
		}
		text := fmt.Sprintf("%d more %s", len(up), verb)
		b.WriteString("  " + p.line(text+list(up, p.width-widthOf(text)-2)))
	}
	b.WriteByte('\n')
	if c.Instances == 0 {
		b.WriteString(p.line(Summary(s)))
		return
	}
	b.WriteString(p.line(fmt.Sprintf("%d of %d answered · %s", c.Answered, c.Instances, tally(c))))
}

// signed is a line with the sign of a status before it.
func (p *pen) signed(s fleet.Status, text string) string {
	return p.underline(s, p.sign(s)) + " " + p.line(text)
}

// apart puts two texts at the ends of a line, or on two lines where they do not
// fit. The left one begins with the sign of the status.
func (p *pen) apart(left, right string, s fleet.Status) string {
	right = p.clean(right)
	gap := min(p.width, 80) - widthOf(left) - widthOf(right)
	sign := p.sign(s)
	left = p.underline(s, sign) + strings.TrimPrefix(left, sign)
	if gap < 3 {
		return left + "\n  " + right + "\n"
	}
	return left + strings.Repeat(" ", gap) + right + "\n"
}

// whence says where a snapshot is from and how long it took.
func whence(s *fleet.Snapshot) string {
	var names, parts []string
	for i := range s.Sources {
		if n := s.Sources[i].Name; !slices.Contains(names, n) {
			names = append(names, n)
		}
	}
	for _, part := range []string{s.Context, strings.Join(names, ", "), term.Duration(s.Took)} {
		if part != "" {
			parts = append(parts, part)
		}
	}
	return strings.Join(parts, " · ")
}

// aside is what must be said beside any table: what was ignored, what is flaky,
// the vantage, warnings, and last the registries that are stale.
func aside(p *pen, j *Judged) []string {
	s := j.Snapshot
	var notes []string
	flaky := 0
	for i := range s.Services {
		for k := range s.Services[i].Instances {
			if s.Services[i].Instances[k].Flaky {
				flaky++
			}
		}
	}
	if flaky > 0 {
		notes = append(notes, plural(flaky, "instance")+" answered only when asked again (flaky)")
	}
	if len(j.Verdict.Ignored) > 0 {
		var names []string
		for _, g := range j.Verdict.Ignored {
			if !slices.Contains(names, g.Reason) {
				names = append(names, g.Reason)
			}
		}
		notes = append(notes, fmt.Sprintf("%d ignored: %s", len(j.Verdict.Ignored), strings.Join(names, ", ")))
	}
	for _, w := range s.Warnings {
		notes = append(notes, "warning: "+w.Where+": "+w.Detail)
	}
	for i := range s.Sources {
		v := &s.Sources[i]
		if n := len(v.Warnings); n > 0 {
			notes = append(notes, fmt.Sprintf("warning: registry %s: %s: %s", v.Name, v.Warnings[0].Where, v.Warnings[0].Detail)+more(n-1))
		}
		if v.Vantage != "" {
			notes = append(notes, "registry "+v.Name+": "+v.Vantage)
		}
	}
	for i := range s.Sources {
		if v := &s.Sources[i]; v.Reason != "" {
			notes = append(notes, stale(p, s, v))
		}
	}
	return notes
}

// more says that there are others.
func more(n int) string {
	if n < 1 {
		return ""
	}
	return fmt.Sprintf(" (and %d more)", n)
}

// stale says that a registry did not answer, and how old what is shown is.
func stale(p *pen, s *fleet.Snapshot, v *fleet.SourceView) string {
	now := p.now
	if now.IsZero() {
		now = s.At
	}
	age := "nothing read from it yet"
	if !v.AsOf.IsZero() {
		age = term.Duration(max(now.Sub(v.AsOf), 0)) + " old"
	}
	text := fmt.Sprintf("registry %s: %s, %s", v.Name, age, strings.ReplaceAll(string(v.Reason), "_", " "))
	if v.Detail != "" {
		text += ": " + v.Detail
	}
	return text
}

// wellNames are the services that need no row.
func wellNames(s *fleet.Snapshot) []string {
	var names []string
	for i := range s.Services {
		if s.Services[i].Status == fleet.Up {
			names = append(names, s.Services[i].Name)
		}
	}
	return names
}

// fleetTable has a row for each service. Unless every column is wanted, as off a
// terminal, those that say nothing new are left out.
func fleetTable(p *pen, s *fleet.Snapshot, all, every bool) *Table {
	same := func(of func(fleet.Ref) string) bool {
		return !slices.ContainsFunc(s.Services, func(v fleet.ServiceView) bool { return of(v.Ref) != of(s.Services[0].Ref) })
	}
	tb := &Table{Columns: []Column{
		{Tight: true},
		{Name: "SERVICE"},
		{Name: "NAMESPACE", Wide: !every && same(func(r fleet.Ref) string { return r.Namespace })},
		{Name: "SOURCE", Wide: !every && len(s.Sources) < 2 && same(func(r fleet.Ref) string { return r.Source })},
		{Name: "CONTEXT", Wide: !every && same(func(r fleet.Ref) string { return r.Context })},
		{Name: "UP"},
		{Name: "STATUS"},
		{Name: "VERSIONS", Wide: true},
		{Name: "ZONES", Wide: true},
		{Name: "WHY", Flex: true},
	}}
	at := views(s)
	for _, r := range rows(p, s, all) {
		v := at[r.Ref]
		tb.Rows = append(tb.Rows, Row{Under: r.Under, Cells: []Cell{
			Sign(r.Status), Text(r.Ref.Name), Text(r.Ref.Namespace), Text(r.Ref.Source), Text(r.Ref.Context), Text(r.Up()), Word(r.Status),
			Text(values(v, func(in *fleet.InstanceView) string { return in.Version })),
			Text(values(v, func(in *fleet.InstanceView) string { return in.Zone })), Text(r.Why),
		}})
	}
	return tb
}

// views finds the services of a snapshot by name.
func views(s *fleet.Snapshot) map[fleet.Ref]*fleet.ServiceView {
	at := make(map[fleet.Ref]*fleet.ServiceView, len(s.Services))
	for i := range s.Services {
		at[s.Services[i].Ref] = &s.Services[i]
	}
	return at
}

// rows are the services, roots first with their victims below them, then the
// others by status. Without all, what is up is left out, and so is a victim
// that is itself well.
func rows(p *pen, s *fleet.Snapshot, all bool) []report.Row {
	var out []report.Row
	done := make(map[fleet.Ref]bool, len(s.Services))
	add := func(v *fleet.ServiceView, root bool, under ...string) {
		done[v.Ref] = true
		out = append(out, report.Row{
			Ref: v.Ref, Status: v.Status, Serving: v.Serving, Total: len(v.Instances), Why: whyOf(v, s.At, p.zone()), Under: under, Root: root,
		})
	}
	at := views(s)
	for i := range s.Roots {
		if v := at[s.Roots[i].Ref]; v != nil {
			add(v, true, below(&s.Roots[i])...)
		}
	}
	var rest []*fleet.ServiceView
	for i := range s.Services {
		v := &s.Services[i]
		if !done[v.Ref] && (all || v.Status != fleet.Up && v.Why.Reason != fleet.ReasonDependency) {
			rest = append(rest, v)
		}
	}
	slices.SortStableFunc(rest, func(a, b *fleet.ServiceView) int { return cmp.Compare(b.Status, a.Status) })
	for _, v := range rest {
		add(v, false)
	}
	return out
}

// explained is how each instance was asked, and what came of each question.
func explained(s *fleet.Snapshot) *Table {
	tb := &Table{Columns: []Column{{Name: "INSTANCE"}, {Name: "WHAT"}, {Name: "VALUE", Flex: true}, {Name: "FROM", Flex: true}}}
	for i := range s.Services {
		for k := range s.Services[i].Instances {
			in := &s.Services[i].Instances[k]
			add := func(what, value, from string) {
				tb.Rows = append(tb.Rows, Row{Cells: []Cell{Text(in.Key.String()), Text(what), Text(value), Text(from)}})
			}
			for _, o := range in.Plan.Origins {
				add(o.What, o.Value, o.From)
			}
			if in.Plan.Refused != "" {
				add("refused", in.Plan.Refused, "policy")
			}
			for m := range in.Probes {
				r := &in.Probes[m]
				for _, step := range r.Trace {
					add("step", "", step)
				}
				answer := r.Outcome.String() + " after " + term.Duration(r.Took)
				if why := report.InWords(fleet.Why{Reason: r.Reason, Detail: r.Detail}); why != "" {
					answer += ", " + why
				}
				add("asked", r.Target.String(), answer)
			}
			if a := in.Plan.Admin; a != nil && a.Refused == "" {
				answer := plural(len(in.Breakers), "breaker")
				if in.BreakersWhy.Reason != "" {
					answer = "could not be read: " + report.InWords(in.BreakersWhy)
				}
				add("breakers", a.Base, answer)
			}
			if m := &in.Scrape; m.Why != (fleet.Why{}) {
				add("metrics", m.URL, "could not be read: "+report.InWords(m.Why))
			} else if m.URL != "" {
				add("metrics", m.URL, plural(m.Samples, "sample")+" as "+m.Form+" after "+term.Duration(m.Took))
			}
			add("status", in.Status.String(), report.InWords(in.Why))
		}
	}
	return tb
}
