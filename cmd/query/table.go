package query

import (
	"cmp"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/midwatch-cli/midwatch/cmd/app"
	"github.com/midwatch-cli/midwatch/cmd/render"
	"github.com/midwatch-cli/midwatch/cmd/render/chart"
	"github.com/midwatch-cli/midwatch/fleet/document/measured"
	"github.com/midwatch-cli/midwatch/fleet/metrics"
)

func table(columns []render.Column, rows [][]render.Cell) render.Table {
	t := render.Table{Columns: columns}
	for _, cells := range rows {
		t.Rows = append(t.Rows, render.Row{Cells: cells})
	}
	return t
}

// samples has a row for each sample, whole and exact.
func samples(series []metrics.Series) render.Table {
	var rows [][]render.Cell
	for i := range series {
		s := &series[i]
		metric := render.Text(notation(s.Labels))
		for _, p := range s.Points {
			rows = append(rows, []render.Cell{metric, render.Text(measured.Number(p.V)), stamp(p.T)})
		}
		for j := range s.Histograms {
			h := &s.Histograms[j]
			rows = append(rows, []render.Cell{metric, render.Text(histogram(h, measured.Number)), stamp(h.T)})
		}
	}
	return table([]render.Column{{Name: "METRIC", Flex: true}, {Name: "VALUE", Right: true}, {Name: "TIME"}}, rows)
}

func stamp(t int64) render.Cell {
	return render.Text(time.UnixMilli(t).UTC().Format("2006-01-02T15:04:05.000Z"))
}

// histogram is a native histogram in short.
func histogram(h *metrics.HistogramPoint, number func(float64) string) string {
	return "count " + number(h.Count) + ", sum " + number(h.Sum)
}

// notation is a set of labels as PromQL reads one: names that are no plain words
// stand in quotes, that of the family inside of the braces. Nothing where it is
// empty.
func notation(labels metrics.Labels) string {
	var parts []string
	name := labels.Name()
	if name != "" && !plain(name, ":") {
		parts, name = append(parts, strconv.Quote(name)), ""
	}
	for _, l := range labels {
		if l.Name == metrics.LabelName {
			continue
		}
		label := l.Name
		if !plain(label, "") {
			label = strconv.Quote(label)
		}
		parts = append(parts, label+"="+strconv.Quote(l.Value))
	}
	if len(parts) == 0 {
		return name
	}
	return name + "{" + strings.Join(parts, ", ") + "}"
}

// plain says that a name needs no quotes in PromQL; it may have more characters
// than words of a program have.
func plain(name, more string) bool {
	for i, r := range name {
		if r != '_' && (r < 'a' || r > 'z') && (r < 'A' || r > 'Z') && (i == 0 || r < '0' || r > '9') && !strings.ContainsRune(more, r) {
			return false
		}
	}
	return name != ""
}

// labelled is how the series of an answer are told apart on a terminal.
type labelled struct {
	columns []render.Column
	cells   [][]render.Cell // of each series
	common  string          // what all of them have, and the columns do not
}

// label gives a column to each label in which series differ, as far as the
// terminal is wide enough beside so many columns more; else one to what differs.
// What they have in common is said once.
func label(a *app.App, series []metrics.Series, beside int) labelled {
	differ, common := compared(series)
	room := a.IO.Width() - beside
	if width(differ, series) > room && slices.Contains(differ, metrics.LabelInstance) {
		// An instance has one zone and one version: they tell nothing apart.
		differ = slices.DeleteFunc(differ, func(name string) bool { return name == metrics.LabelZone || name == metrics.LabelVersion })
	}
	l := labelled{cells: make([][]render.Cell, len(series))}
	if len(series) > 1 && len(common) > 0 {
		l.common = "all are " + notation(common)
	}
	if width(differ, series) > room || len(differ) == 0 {
		l.columns = []render.Column{{Name: "METRIC", Flex: true}}
		for i := range series {
			of := series[i].Labels
			if len(series) > 1 {
				of = slices.DeleteFunc(slices.Clone(of), func(one metrics.Label) bool { return !slices.Contains(differ, one.Name) })
			}
			l.cells[i] = []render.Cell{render.Text(cmp.Or(notation(of), "value"))}
		}
		return l
	}
	for _, name := range differ {
		l.columns = append(l.columns, render.Column{Name: heading(name)})
	}
	for i := range series {
		for _, name := range differ {
			text := series[i].Labels.Get(name)
			if name == metrics.LabelName {
				text = notation(metrics.Labels{{Name: name, Value: text}})
			}
			l.cells[i] = append(l.cells[i], render.Text(text))
		}
	}
	return l
}

// valueWidth is the room for one value.
const valueWidth = 12

// elements has a row for each element of a vector.
func elements(a *app.App, series []metrics.Series) (render.Table, string) {
	l := label(a, series, valueWidth)
	rows := l.cells
	for i := range series {
		s, value := &series[i], render.Text("")
		if n := len(s.Histograms); n > 0 {
			value = render.Text(histogram(&s.Histograms[n-1], chart.Number))
		} else if n := len(s.Points); n > 0 {
			value = render.Text(chart.Number(s.Points[n-1].V))
		}
		rows[i] = append(rows[i], value)
	}
	return table(append(l.columns, render.Column{Name: "VALUE", Right: true}), rows), l.common
}

// heading is a label as the name of a column.
func heading(label string) string {
	if label == metrics.LabelName {
		return "METRIC"
	}
	return strings.ToUpper(label)
}

// order is how labels are shown: what is asked about first.
func order(name string) int {
	at := slices.Index([]string{
		metrics.LabelName, metrics.LabelContext, metrics.LabelSource, metrics.LabelNamespace, metrics.LabelService, metrics.LabelInstance, metrics.LabelZone, metrics.LabelVersion,
	}, name)
	if at < 0 {
		return math.MaxInt
	}
	return at
}

// compared finds the names of labels in which series differ, in the order they
// are shown, and the labels that all have in common. Of a single series all
// differ.
func compared(series []metrics.Series) (differ []string, common metrics.Labels) {
	count := map[metrics.Label]int{}
	for i := range series {
		for _, l := range series[i].Labels {
			count[l]++
			if !slices.Contains(differ, l.Name) {
				differ = append(differ, l.Name)
			}
		}
	}
	if len(series) > 1 {
		for _, l := range series[0].Labels {
			if count[l] == len(series) {
				common = append(common, l)
				differ = slices.DeleteFunc(differ, func(name string) bool { return name == l.Name })
			}
		}
	}
	slices.SortStableFunc(differ, func(a, b string) int {
		return cmp.Or(cmp.Compare(order(a), order(b)), strings.Compare(a, b))
	})
	return differ, common
}

// width is how wide columns of these labels are.
func width(columns []string, series []metrics.Series) int {
	whole := 0
	for _, name := range columns {
		most := len(heading(name))
		for i := range series {
			most = max(most, utf8.RuneCountInString(series[i].Labels.Get(name)))
		}
		whole += most + 2
	}
	return whole
}
