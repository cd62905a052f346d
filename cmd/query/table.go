package query

import (
	"fmt"
	"math"
	"slices"
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

// notation is a set of labels as Prometheus writes one; nothing where it is
// empty.
func notation(labels metrics.Labels) string {
	var parts []string
	for _, l := range labels {
		if l.Name != metrics.LabelName {
			parts = append(parts, fmt.Sprintf("%s=%q", l.Name, l.Value))
		}
	}
	if len(parts) == 0 {
		return labels.Name()
	}
	return labels.Name() + "{" + strings.Join(parts, ", ") + "}"
}

// elements has a column for each label in which the elements of a vector differ,
// as far as the terminal is wide enough; what they have in common is said below.
func elements(a *app.App, series []metrics.Series) (render.Table, []string) {
	differ, common := compared(series)
	value := func(s *metrics.Series) render.Cell {
		if n := len(s.Histograms); n > 0 {
			return render.Text(histogram(&s.Histograms[n-1], chart.Number))
		}
		if n := len(s.Points); n > 0 {
			return render.Text(chart.Number(s.Points[n-1].V))
		}
		return render.Text("")
	}
	var columns []render.Column
	var rows [][]render.Cell
	if width(differ, series) > a.IO.Width() || len(differ) == 0 {
		columns, common = []render.Column{{Name: "METRIC", Flex: true}}, nil
		for i := range series {
			rows = append(rows, []render.Cell{render.Text(notation(series[i].Labels)), value(&series[i])})
		}
	} else {
		for _, name := range differ {
			columns = append(columns, render.Column{Name: heading(name)})
		}
		for i := range series {
			var cells []render.Cell
			for _, name := range differ {
				cells = append(cells, render.Text(series[i].Labels.Get(name)))
			}
			rows = append(rows, append(cells, value(&series[i])))
		}
	}
	t := table(append(columns, render.Column{Name: "VALUE", Right: true}), rows)
	if len(common) > 0 && len(series) > 1 {
		return t, []string{"all are " + notation(common)}
	}
	return t, nil
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
		if x, y := order(a), order(b); x != y {
			if x < y {
				return -1
			}
			return 1
		}
		return strings.Compare(a, b)
	})
	return differ, common
}

// width is how wide a table with these columns is, with its values.
func width(columns []string, series []metrics.Series) int {
	whole := 12
	for _, name := range columns {
		most := len(heading(name))
		for i := range series {
			most = max(most, utf8.RuneCountInString(series[i].Labels.Get(name)))
		}
		whole += most + 2
	}
	return whole
}
