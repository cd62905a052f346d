package list

import (
	"strings"

	"github.com/midwatch-cli/midwatch/tui/page"
	"github.com/midwatch-cli/midwatch/tui/widget"
)

// Usual is the order that a page has by itself. Where it has no name it goes
// without saying, and so does that there are others.
type Usual[T any] struct {
	Name, Turned string // in a word, and the other way round
	By           Order[T]
}

// offer is an order that can be chosen.
type offer struct {
	column        string // "": the usual one
	first, turned string
	falling       bool
}

// way is how rows stand in it.
func (o *offer) way(turned bool) widget.Sort {
	if o.falling != turned {
		return widget.Falling
	}
	return widget.Rising
}

// Arrange puts rows in the order that was chosen and says whether that is the
// page's own. The orders that can be chosen are those of the columns.
func Arrange[K comparable, T any](l *List[K], usual Usual[T], columns []Column[T], rows []T) (own bool) {
	l.orders = append(l.orders[:0], offer{first: usual.Name, turned: usual.Turned})
	by := &usual.By
	for i := range columns {
		c := &columns[i]
		if c.By.value == nil {
			continue
		}
		name := title(c.Name)
		l.orders = append(l.orders, offer{name, c.By.first, c.By.turned, c.By.falling})
		if name == l.order.column {
			by = &c.By
		}
	}
	by.Sort(rows, l.order.turned)
	return by == &usual.By && !l.order.turned
}

// offered is the order that is in force; nil before rows were arranged. Where the
// column of the one that was chosen is not there it is the usual one.
func (l *List[K]) offered() *offer {
	if len(l.orders) == 0 {
		return nil
	}
	return &l.orders[l.at()]
}

// at is its place among those that can be chosen.
func (l *List[K]) at() int {
	for i := range l.orders {
		if l.orders[i].column == l.order.column {
			return i
		}
	}
	return 0
}

// Usual says that rows stand in the page's own order.
func (l *List[K]) Usual() bool { return l.at() == 0 && !l.order.turned }

// sorted is the order in words.
func (l *List[K]) sorted() string {
	o := l.offered()
	switch {
	case o == nil:
		return ""
	case o.column == "" && l.order.turned:
		return o.turned
	case o.column == "":
		return o.first
	case l.order.turned:
		return strings.ToLower(o.column) + ", " + o.turned
	}
	return strings.ToLower(o.column)
}

// SortBy sorts by a column: once as it is, again the other way round, and then as
// usual. What cannot be sorted by changes nothing.
func (l *List[K]) SortBy(column string) {
	column = title(column)
	for i := range l.orders {
		switch {
		case l.orders[i].column != column || column == "":
			continue
		case l.order.column != column:
			l.order = chosen{column: column}
		case !l.order.turned:
			l.order.turned = true
		default:
			l.order = chosen{}
		}
		return
	}
}

// Sorting are the keys that choose an order.
func (l *List[K]) Sorting() []page.Binding {
	next := func(by int) func(*page.View) page.Intent {
		return func(*page.View) page.Intent {
			if n := len(l.orders); n > 0 {
				l.order = chosen{column: l.orders[(l.at()+by+n)%n].column}
			}
			return nil
		}
	}
	return []page.Binding{
		{Keys: []string{"s", ">"}, Shown: "s", Does: "sort", Late: true, Quiet: l.sorted() == "", Do: next(1)},
		{Keys: []string{"<"}, Shown: "<", Does: "sort by the column before", Quiet: true, Do: next(-1)},
		{Keys: []string{"r"}, Shown: "r", Does: "sort the other way round", Quiet: true, Do: func(*page.View) page.Intent {
			l.order.turned = !l.order.turned
			return nil
		}},
	}
}
