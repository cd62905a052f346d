package metrics

import (
	"cmp"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/midwatch-cli/midwatch/cmd/render"
	"github.com/midwatch-cli/midwatch/cmd/render/chart"
	"github.com/midwatch-cli/midwatch/cmd/term"
	"github.com/midwatch-cli/midwatch/fleet/metrics/red"
)

// column is one of the table: how it looks, to people and to programs, and what
// it is sorted by.
type column struct {
	render.Column
	of     func(r *row) red.Value // a number
	people func(v float64) string // how it looks on a terminal; elsewhere it is exact
	text   func(r *row) string    // in the place of a number
}

// columns are all that can be shown and sorted by, but for the first, the sign,
// and the last, which says how it went, or why nothing is known.
func columns(t *table) []column {
	byInstance := t != nil && t.o.by == "instance"
	contexts, sources, namespaces := false, false, false
	if t != nil {
		contexts, sources, namespaces = t.several()
	}
	number := func(name string, of func(*row) red.Value, people func(float64) string) column {
		return column{Column: render.Column{Name: name, Right: true}, of: of, people: people}
	}
	wide := func(c column) column {
		c.Wide = true
		return c
	}
	spare := func(c column, n int) column {
		c.Spare = n
		return c
	}
	text := func(name string, hidden bool, of func(*row) string) column {
		return column{Column: render.Column{Name: name, Wide: hidden}, text: of}
	}
	list := []column{
		text("CONTEXT", !contexts, func(r *row) string { return r.Key.Context }),
		text("SOURCE", !sources, func(r *row) string { return r.Key.Source }),
		text("NAMESPACE", !namespaces, func(r *row) string { return r.Key.Namespace }),
		text("SERVICE", false, func(r *row) string { return r.Key.Name }),
		text("INSTANCE", !byInstance, func(r *row) string { return r.Key.Instance }),
		number("RATE", func(r *row) red.Value { return r.Row.Rate }, perSecond),
		number("ERRORS", func(r *row) red.Value { return r.Row.Errors }, percent),
		spare(number("P50", func(r *row) red.Value { return r.Row.P50 }, seconds), 2),
		spare(number("P95", func(r *row) red.Value { return r.Row.P95 }, seconds), 1),
		number("P99", func(r *row) red.Value { return r.Row.P99 }, seconds),
		wide(number("CALLS", func(r *row) red.Value { return r.Row.Requests }, chart.Number)),
		wide(number("CLIENT ERRORS", func(r *row) red.Value { return r.Row.ClientErrors }, percent)),
		wide(number("MEAN", func(r *row) red.Value { return r.Row.Mean }, seconds)),
		wide(number("MAX", func(r *row) red.Value { return r.Row.Max }, seconds)),
		wide(number("CPU", func(r *row) red.Value { return r.Row.Saturation.CPU }, chart.Number)),
		wide(number("MEMORY", func(r *row) red.Value { return r.Row.Saturation.Memory }, bytes)),
		wide(number("HEAP", func(r *row) red.Value { return r.Row.Saturation.HeapShare }, percent)),
		wide(number("THREADS", func(r *row) red.Value { return r.Row.Saturation.Threads }, chart.Number)),
		wide(number("GOROUTINES", func(r *row) red.Value { return r.Row.Saturation.Goroutines }, chart.Number)),
		wide(number("POOLS", fullest, percent)),
		wide(number("FDS", func(r *row) red.Value { return r.Row.Saturation.OpenFiles }, percent)),
		wide(number("RESTARTS", func(r *row) red.Value { return red.Value{V: float64(r.Row.Restarts), OK: r.Row.Rate.OK} }, chart.Number)),
		wide(text("SIGNATURE", true, signatures)),
	}
	if byInstance {
		list = slices.Insert(list, 5, text("ZONE", true, func(r *row) string { return r.zone }), text("VERSION", true, func(r *row) string { return r.version }))
	} else {
		list = slices.DeleteFunc(list, func(c column) bool { return c.Name == "INSTANCE" })
	}
	return list
}

// word is a column's name as --sort takes it.
func word(name string) string { return strings.ReplaceAll(strings.ToLower(name), " ", "-") }

// sortable are the columns that --sort takes.
func sortable() []string {
	var names []string
	for _, c := range columns(nil) {
		names = append(names, word(c.Name))
	}
	return append(names, ofInstances()...)
}

// ofInstances are the columns that only rows for instances have.
func ofInstances() []string { return []string{"instance", "zone", "version"} }

// signatures are the conventions that a row was found by.
func signatures(r *row) string {
	var names []string
	for _, s := range r.Row.Signatures {
		names = append(names, s.Signature)
	}
	return strings.Join(names, ",")
}

// fullest is the share in use of the fullest pool.
func fullest(r *row) red.Value {
	worst := red.Value{Why: "its page has no pools"}
	for _, p := range r.Row.Saturation.Pools {
		if p.Share.OK && (!worst.OK || p.Share.V > worst.V) {
			worst = p.Share
		}
	}
	return worst
}

// cell is a value as it is shown.
func (c *column) cell(r *row, tty bool) render.Cell {
	if c.text != nil {
		return render.Text(c.text(r))
	}
	v := c.of(r)
	switch {
	case !v.OK && tty:
		return render.Text("n/a")
	case !v.OK:
		return render.Text("")
	case !tty:
		return render.Text(strconv.FormatFloat(v.V, 'f', -1, 64))
	case v.Over:
		return render.Text(">" + c.people(v.V))
	case v.Approx != "":
		return render.Text("~" + c.people(v.V))
	}
	return render.Text(c.people(v.V))
}

// compare orders two rows by a column: numbers from the highest, texts from A;
// what is n/a comes last in any case.
func (c *column) compare(a, b *row, back bool) int {
	turn := 1
	if back {
		turn = -1
	}
	if c.text != nil {
		return turn * strings.Compare(c.text(a), c.text(b))
	}
	x, y := c.of(a), c.of(b)
	switch {
	case x.OK != y.OK && x.OK:
		return -1
	case x.OK != y.OK:
		return 1
	}
	return turn * cmp.Compare(y.V, x.V)
}

// sort orders the rows by the column that was asked for, else the worst first.
func (t *table) sort() {
	name := strings.ToLower(t.o.sort)
	back := strings.HasPrefix(name, "-")
	by := worse
	all := columns(t)
	if at := slices.IndexFunc(all, func(c column) bool { return word(c.Name) == strings.TrimPrefix(name, "-") }); at >= 0 {
		by = func(a, b *row) int { return all[at].compare(a, b, back) }
	}
	slices.SortStableFunc(t.rows, func(a, b row) int { return cmp.Or(by(&a, &b), a.Key.Compare(b.Key)) })
}

// worse puts rows first of which more calls failed, then those that took longer.
// It does not look closely: rows that are as good as equal stay in the order of
// their names, so that a table that is redrawn does not dance. Those of which
// nothing is known come last.
func worse(a, b *row) int {
	failed := func(r *row) red.Value {
		v := r.Row.Errors
		v.V = math.Round(v.V * 1000)
		return v
	}
	slow := func(r *row) red.Value {
		v := r.Row.P99
		v.V = math.Round(math.Log2(max(v.V, 1e-9)) * 2)
		return v
	}
	known := func(r *row) red.Value { return red.Value{OK: r.Row.Rate.OK} }
	for _, of := range []func(*row) red.Value{known, failed, slow} {
		if n := (&column{of: of}).compare(a, b, false); n != 0 {
			return n
		}
	}
	return 0
}

// perSecond is a rate in three digits.
func perSecond(v float64) string {
	if v == 0 {
		return "0 /s"
	}
	unit := math.Pow(10, 2-math.Floor(math.Log10(v)))
	return chart.Number(math.Round(v*unit)/unit) + " /s"
}

// seconds is a duration; of one below a millisecond two digits are shown.
func seconds(v float64) string {
	if v < 0.0005 {
		return strconv.FormatFloat(v*1000, 'g', 2, 64) + " ms"
	}
	return term.Duration(time.Duration(math.Min(v*float64(time.Second), math.MaxInt64/2)))
}

// percent is a share in three digits: 38.2%, 0.12%, 100%.
func percent(v float64) string {
	switch p := 100 * v; {
	case p == 0:
		return "0%"
	case p >= 99.95:
		return strconv.FormatFloat(p, 'f', 0, 64) + "%"
	case p < 0.01:
		return "<0.01%"
	case p < 1:
		return strings.TrimRight(strconv.FormatFloat(p, 'f', 2, 64), "0") + "%"
	default:
		return strings.TrimSuffix(strconv.FormatFloat(p, 'f', 1, 64), ".0") + "%"
	}
}

// bytes is an amount of memory.
func bytes(v float64) string {
	for _, u := range []struct {
		of   float64
		name string
	}{{1 << 40, "TiB"}, {1 << 30, "GiB"}, {1 << 20, "MiB"}, {1 << 10, "KiB"}} {
		if v >= u.of {
			return strconv.FormatFloat(v/u.of, 'f', max(0, 1-int(math.Log10(v/u.of))), 64) + " " + u.name
		}
	}
	return strconv.FormatFloat(v, 'f', 0, 64) + " B"
}
