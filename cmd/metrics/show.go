package metrics

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"strings"
	"time"

	"github.com/midwatch-cli/midwatch/cmd/app"
	"github.com/midwatch-cli/midwatch/cmd/measure"
	"github.com/midwatch-cli/midwatch/cmd/render"
	"github.com/midwatch-cli/midwatch/cmd/render/chart"
	"github.com/midwatch-cli/midwatch/cmd/term"
	"github.com/midwatch-cli/midwatch/fleet"
	"github.com/midwatch-cli/midwatch/fleet/document"
	"github.com/midwatch-cli/midwatch/fleet/document/measured"
	"github.com/midwatch-cli/midwatch/fleet/metrics/red"
)

// From such a share of errors a row has a sign.
const (
	someErrors = 0.01
	manyErrors = 0.1
)

// show renders the table. The code is computed before anything is written.
func (t *table) show(a *app.App) error {
	doubts := t.reading.Doubts(false)
	code := max(doubts.Code(), t.code())
	v := render.View{Table: t.table(a), Document: t.document(code)}
	for i := range t.rows {
		v.Names = append(v.Names, nameOf(t.rows[i].Key))
	}
	slices.Sort(v.Names)
	var notes []string
	if t.failed == nil {
		notes = append(notes, t.summary())
	}
	if t.o.explain {
		notes = append(notes, t.explanations()...)
	}
	for _, line := range t.report.Warnings {
		notes = append(notes, "warning: "+line)
	}
	v.Notes = measure.Wrapped(a, notes...)
	if err := render.Write(a.IO, a.Output, v); err != nil {
		return err
	}
	doubts.Tell(a)
	t.tellLate(a)
	t.complain(a)
	return app.End(code)
}

// nameOf is what midwatch accepts back.
func nameOf(k fleet.Key) string {
	if k.Instance == "" {
		return k.Name
	}
	return k.Name + "/" + k.Instance
}

// code is 3 where nothing at all was measured, or a server could not read an
// instance, as it is where we could not.
func (t *table) code() app.Code {
	switch {
	case t.failed != nil, len(t.reading.Missing) > 0, !slices.ContainsFunc(t.rows, func(r row) bool { return r.Row.Rate.OK }):
		return app.CannotSay
	case slices.ContainsFunc(t.rows, func(r row) bool { return len(r.errors) > 0 }):
		return app.CannotSay
	}
	return app.OK
}

// tellLate says of which instances only the last pass could read the metrics, the
// first one of each row.
func (t *table) tellLate(a *app.App) {
	for i := range t.rows {
		r := &t.rows[i]
		if !r.late {
			continue
		}
		first, others := &r.errors[0], ""
		if n := len(r.errors); n > 1 {
			others = " and " + app.Count(n-1, "more instance")
		}
		k := fleet.Key{Ref: r.Key.Ref, Instance: first.Instance}
		a.Complain("metrics of "+k.String()+others+" could be read once only: "+first.Detail, "it can be read now: ask again")
	}
}

// complain says why nothing was measured, where nobody else says it.
func (t *table) complain(a *app.App) {
	switch {
	case t.failed != nil:
		_, detail := fleet.ReasonOf(t.failed)
		a.Complain(detail, fleet.HintOf(t.failed))
	case t.reading.Snapshot == nil && len(t.reading.Missing) > 0:
		for _, m := range t.reading.Missing {
			hint := "midwatch metrics --prometheus " + t.session.Server + " shows what the server has"
			if len(m.Suggestions) > 0 {
				hint = "did you mean " + strings.Join(m.Suggestions, " or ") + "?"
			}
			a.Complain("no such service: "+m.Name, hint)
		}
	case t.session.Server != "" && slices.ContainsFunc(t.rows, func(r row) bool { return r.unread }):
		for i := range t.rows {
			if r := &t.rows[i]; r.unread && r.Key.Instance == "" {
				a.Complain("metrics of "+app.Count(r.Unread, "instance")+" of "+nameOf(r.Key)+" could not be read by the server", "midwatch metrics --by instance "+r.Key.Name+" shows which")
			} else if r.unread {
				a.Complain("metrics of "+nameOf(r.Key)+" could not be read by the server", "")
			}
		}
	case t.code() == app.OK, t.reading.Empty(), slices.ContainsFunc(t.rows, func(r row) bool { return r.unread }):
	case len(t.rows) == 0:
		a.Complain("no data: there are no instances to read", "midwatch instances lists what the registries hold")
	default:
		a.Complain("no data: "+nameOf(t.rows[0].Key)+": "+t.rows[0].why, "midwatch check --explain says where metrics were looked for; metrics_path in a label or a profile says where they are")
	}
}

func (t *table) document(code app.Code) measured.MetricsDoc {
	m := measured.Measured{
		Context: t.session.Context(), From: t.session.Server, At: t.reading.At, By: t.by(), Window: t.window(), Step: t.asked.History.Step,
		Snapshot: t.reading.Snapshot, Asked: t.session.Server == "", Warnings: t.report.Warnings, ExitCode: int(code),
	}
	for i := range t.rows {
		m.Rows = append(m.Rows, t.rows[i].Line)
	}
	slices.SortStableFunc(m.Rows, func(a, b measured.Line) int { return a.Key.Compare(b.Key) })
	d := measured.Metrics(m)
	for i := range t.rows {
		d.Errors = append(d.Errors, t.rows[i].errors...)
		d.Counts.Unread += len(t.rows[i].errors)
	}
	if t.failed != nil {
		reason, detail := fleet.ReasonOf(t.failed)
		d.Errors = append(d.Errors, document.Error{Source: "prometheus", Reason: string(reason), Detail: detail, Hint: fleet.HintOf(t.failed)})
	}
	return d
}

// window is over how long the numbers are.
func (t *table) window() time.Duration {
	switch {
	case t.session.Server != "":
		return t.o.window
	case t.o.look.Watching.Watch:
		return min(t.reading.Gathered, t.o.window)
	}
	return t.reading.Gathered
}

// several says which of the columns of a reference are worth their place.
func (t *table) several() (contexts, sources, namespaces bool) {
	if t.reading.Snapshot == nil {
		return false, false, false
	}
	return app.Several(t.reading.Snapshot)
}

func (t *table) table(a *app.App) render.Table {
	all, tty := columns(t), a.IO.OutTTY
	if tty { // for people: what nobody knows of anything takes no room
		all = slices.DeleteFunc(all, func(c column) bool {
			return c.Wide && c.of != nil && !slices.ContainsFunc(t.rows, func(r row) bool { return c.of(&r).OK })
		})
	}
	tb := render.Table{Columns: []render.Column{{Tight: true}}}
	for _, c := range all {
		tb.Columns = append(tb.Columns, c.Column)
	}
	last := render.Column{Name: "WHY", Flex: true}
	if tty {
		last.Name = "LAST " + strings.ToUpper(term.Duration(t.asked.History.Range))
		if t.asked.History.Range == time.Minute {
			last.Name = "LAST MINUTE"
		}
	}
	tb.Columns = append(tb.Columns, last)
	for i := range t.rows {
		r := &t.rows[i]
		cells := []render.Cell{render.Sign(r.sign())}
		for j := range all {
			cells = append(cells, all[j].cell(r, tty))
		}
		tb.Rows = append(tb.Rows, render.Row{Cells: append(cells, render.Text(t.last(a, r)))})
	}
	return tb
}

// sign is the status whose sign a row has: what it says is in the row as well.
func (r *row) sign() fleet.Status {
	switch e := r.Row.Errors; {
	case e.OK && e.V >= manyErrors:
		return fleet.Down
	case e.OK && e.V >= someErrors:
		return fleet.Degraded
	case r.unread:
		return fleet.Unknown
	}
	return fleet.StatusNone
}

// last is how the rate went, on a terminal, and what is missing and why.
func (t *table) last(a *app.App, r *row) string {
	if !r.Row.Rate.OK {
		return r.why
	}
	var parts []string
	if a.IO.OutTTY {
		parts = append(parts, trend(a, r.Row.History))
	}
	parts = append(parts, lacks(r)...)
	if r.Unread > 0 {
		parts = append(parts, fmt.Sprintf("%s not read", app.Count(r.Unread, "instance")))
	}
	return strings.Join(slices.DeleteFunc(parts, func(s string) bool { return s == "" }), "  ")
}

// trend draws a history.
func trend(a *app.App, history []red.Value) string {
	values := make([]float64, len(history))
	for i, v := range history {
		if values[i] = v.V; !v.OK {
			values[i] = math.NaN()
		}
	}
	return chart.Spark(values, most, a.IO.OutASCII())
}

// lacks are the numbers of a row that are n/a, by their reason.
func lacks(r *row) []string {
	var reasons []string
	names := map[string][]string{}
	for _, n := range []struct {
		name string
		v    red.Value
	}{{"errors", r.Row.Errors}, {"p50", r.Row.P50}, {"p95", r.Row.P95}, {"p99", r.Row.P99}} {
		if n.v.OK {
			continue
		}
		if names[n.v.Why] == nil {
			reasons = append(reasons, n.v.Why)
		}
		names[n.v.Why] = append(names[n.v.Why], n.name)
	}
	for i, why := range reasons {
		if len(names[why]) < 4 {
			reasons[i] = strings.Join(names[why], ", ") + ": " + why
		}
	}
	return reasons
}

// summary says what the table is about.
func (t *table) summary() string {
	n := 0
	for i := range t.rows {
		if t.rows[i].Row.Rate.OK {
			n++
		}
	}
	text := fmt.Sprintf("%d of %s measured", n, app.Count(len(t.rows), t.o.by))
	if t.session.Server != "" {
		text += " over " + term.Duration(t.o.window)
	}
	read := t.reading
	if t.o.look.Watching.Watch { // what is older than the window is not in the numbers
		read.Gathered = min(read.Gathered, t.o.window)
	}
	return text + read.From()
}

// explanations are those of all rows, each once for the rows that share it.
func (t *table) explanations() (lines []string) {
	type explanation struct {
		rows  []string
		lines []string
	}
	var all []*explanation
	by := map[string]*explanation{}
	for i := range t.rows {
		text := t.explain(&t.rows[i])
		key := strings.Join(text, "\n")
		if by[key] == nil {
			by[key] = &explanation{lines: text}
			all = append(all, by[key])
		}
		by[key].rows = append(by[key].rows, nameOf(t.rows[i].Key))
	}
	for _, e := range all {
		slices.Sort(e.rows)
		lines = append(append(lines, strings.Join(e.rows, ", ")+": "+e.lines[0]), e.lines[1:]...)
	}
	return lines
}

// explain says what a row was read from, and in which way its numbers are less
// than exact.
func (t *table) explain(r *row) []string {
	var read, lines []string
	for _, s := range r.Row.Signatures {
		read = append(read, s.Signature+" from "+strings.Join(s.Families, ", "))
	}
	if len(read) == 0 {
		return []string{cmp.Or(r.why, "nothing was read")}
	}
	lines = append(lines, "read as "+strings.Join(read, "; "))
	var reasons []string
	missing := map[string][]string{}
	for _, c := range columns(t) {
		if c.of == nil {
			continue
		}
		switch v := c.of(r); {
		case !v.OK && v.Why != "":
			if missing[v.Why] == nil {
				reasons = append(reasons, v.Why)
			}
			missing[v.Why] = append(missing[v.Why], word(c.Name))
		case v.Over:
			lines = append(lines, "  "+word(c.Name)+" is more: the highest bound of the histogram was exceeded")
		case v.Approx != "":
			lines = append(lines, "  "+word(c.Name)+": "+v.Approx)
		}
	}
	for _, why := range reasons {
		lines = append(lines, "  n/a: "+strings.Join(missing[why], ", ")+": "+why)
	}
	for _, p := range r.Row.Saturation.Pools {
		lines = append(lines, fmt.Sprintf("  pool %s: %s of %s in use", strings.TrimRight(p.Kind+" "+p.Name, " "), amount(p.Busy), amount(p.Max)))
	}
	for i := range r.Row.Views {
		v := &r.Row.Views[i]
		lines = append(lines, strings.TrimRight("  "+v.Name+" "+v.Of, " ")+": "+viewed(v))
	}
	return lines
}

func amount(v red.Value) string {
	if !v.OK {
		return "n/a"
	}
	return chart.Number(v.V)
}

// viewed is another look at the same calls, in one line.
func viewed(v *red.View) string {
	var parts []string
	for _, n := range []struct {
		name string
		v    red.Value
		form func(float64) string
	}{{"rate", v.Rate, perSecond}, {"errors", v.Errors, percent}, {"p50", v.P50, seconds}, {"p95", v.P95, seconds}, {"p99", v.P99, seconds}} {
		if n.v.OK {
			parts = append(parts, n.name+" "+n.form(n.v.V))
		} else {
			parts = append(parts, n.name+" n/a")
		}
	}
	return strings.Join(parts, ", ")
}
