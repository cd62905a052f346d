package list_test

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/midwatch-cli/midwatch/fleet"
	"github.com/midwatch-cli/midwatch/tui/list"
	"github.com/midwatch-cli/midwatch/tui/page"
	"github.com/midwatch-cli/midwatch/tui/theme"
	"github.com/midwatch-cli/midwatch/tui/widget"
)

// item is a row: its key, and what it is sorted by.
type item struct {
	key   string
	bad   int
	count float64
}

// items is a page of them, made as pages are.
type items struct {
	list list.List[string]
	rows []item
	show func(item) bool
}

func (p *items) columns() []list.Column[item] {
	cell := func(say func(item) string) func(item) []widget.Span {
		return func(t item) []widget.Span { return []widget.Span{{Text: say(t)}} }
	}
	return []list.Column[item]{
		{Column: widget.Column{Name: "  NAME"}, Cell: cell(func(t item) string { return t.key }), By: list.Words(func(t item) string { return t.key })},
		{Column: widget.Column{Name: "COUNT", Leave: 2}, Cell: cell(func(t item) string { return fmt.Sprint(t.count) }), By: list.Most(func(t item) float64 { return t.count })},
		{Column: widget.Column{Name: "NOTE", Leave: 12, Wide: true}, Cell: cell(func(item) string { return "-" })},
	}
}

// see does what pages do when there is something new.
func (p *items) see(v *page.View, all []item) {
	if p.list.Anew(v, "") {
		p.rows = p.rows[:0]
		for _, t := range all {
			if p.show != nil && !p.show(t) {
				p.list.Hide(t.key)
				continue
			}
			p.rows = append(p.rows, t)
		}
		usual := list.Usual[item]{Name: "worst", Turned: "best", By: list.Worst(func(t item) int { return t.bad })}
		list.Arrange(&p.list, usual, p.columns(), p.rows)
		for _, t := range p.rows {
			p.list.Keys = append(p.list.Keys, t.key)
		}
	}
	p.list.Settle(v, 2)
}

func (p *items) cells(i int) [][]widget.Span { return list.Cells(p.columns(), p.rows[i]) }

// press does what a key does, and shows the list what came of it.
func (p *items) press(v *page.View, all []item, key string) {
	for _, b := range slices.Concat(p.list.Sorting(), p.list.Marking(), p.list.Motion()) {
		if slices.Contains(b.Keys, key) {
			b.Do(v)
			p.see(v, all)
			return
		}
	}
	panic("no key " + key)
}

func (p *items) on() string {
	key, _ := p.list.Current()
	return key
}

func view(height int) *page.View {
	return &page.View{Snapshot: &fleet.Snapshot{}, Theme: theme.New(theme.Options{Colorless: true}), Width: 60, Height: height, Zone: time.UTC}
}

func some(names ...string) (all []item) {
	for i, name := range names {
		all = append(all, item{name, i % 3, float64(i)})
	}
	return all
}

// anew is the next snapshot.
func anew(v *page.View) *page.View {
	next := *v
	next.Snapshot = &fleet.Snapshot{}
	return &next
}

// TestVeiledIsNotGone: a row that a filter hides is there; one that has left is not,
// whatever the filter.
func TestVeiledIsNotGone(t *testing.T) {
	p, v := &items{}, view(10)
	all := some("a", "b", "c")
	p.see(v, all)
	p.press(v, all, "G")
	on := p.on()
	p.show = func(t item) bool { return t.key != on }
	v = anew(v)
	p.see(v, all)
	if !p.list.Veiled() || !p.list.Cursor.Gone() || p.list.Hidden() != 1 || p.list.Notes()[0] != "1 hidden" {
		t.Errorf("hidden: %v %v %v", p.list.Veiled(), p.list.Cursor.Gone(), p.list.Notes())
	}
	left := slices.DeleteFunc(slices.Clone(all), func(t item) bool { return t.key == on })
	v = anew(v)
	if p.see(v, left); p.list.Veiled() || !p.list.Cursor.Gone() {
		t.Error("what has left is said to be hidden")
	}
	p.show, v = nil, anew(v)
	if p.see(v, all); p.on() != on || p.list.Veiled() || p.list.Cursor.Gone() {
		t.Errorf("it is back, and the cursor is on %s", p.on())
	}
	if (&list.List[string]{}).Veiled() {
		t.Error("nothing is hidden before there ever was a row")
	}
}

// TestNothingInItsPlace: where the row of the cursor has gone, neither a mark nor a
// wish is about what stands in its place.
func TestNothingInItsPlace(t *testing.T) {
	p, v := &items{}, view(10)
	all := some("a", "b", "c")
	p.see(v, all)
	on := p.on()
	v = anew(v)
	left := slices.DeleteFunc(slices.Clone(all), func(t item) bool { return t.key == on })
	p.see(v, left)
	if got := p.list.Chosen(); len(got) != 0 {
		t.Errorf("a wish is about %v", got)
	}
	p.press(v, left, "space")
	if p.list.Marks() != 0 {
		t.Errorf("marked: %v", p.list.Chosen())
	}
	if _, at := p.list.Rows(func(string) page.Place { return page.Place{} }); at >= 0 {
		t.Errorf("the cursor is said to be on row %d", at)
	}
	p.press(v, left, "down")
	p.press(v, left, "space")
	if p.list.Marks() != 1 {
		t.Error("what the cursor was put on cannot be marked")
	}
}

// TestMarksStay: marks go with their keys, wherever those stand and whether they are
// shown; those of what has left are forgotten, and a wish is about each once.
func TestMarksStay(t *testing.T) {
	for seed := range uint64(200) {
		r := rand.New(rand.NewPCG(seed, 8))
		p, v := &items{}, view(4+r.IntN(12))
		marked, hidden := map[string]bool{}, map[string]bool{}
		p.show = func(t item) bool { return !hidden[t.key] }
		all := some("a", "b", "c", "d", "e", "f", "g")
		p.see(v, all)
		for range 80 {
			switch r.IntN(7) {
			case 0:
				v = anew(v)
				all = slices.Clone(all)
				r.Shuffle(len(all), func(i, j int) { all[i], all[j] = all[j], all[i] })
				for i := range all {
					all[i].bad = r.IntN(4)
				}
				if len(all) > 0 && r.IntN(3) == 0 {
					delete(marked, all[0].key)
					all = all[1:]
				}
				p.see(v, all)
			case 1:
				key := string(rune('a' + r.IntN(7)))
				hidden[key] = !hidden[key]
				v = anew(v)
				p.see(v, all)
			case 2:
				if on, ok := p.list.Current(); ok && !p.list.Cursor.Gone() {
					if marked[on] = !marked[on]; !marked[on] {
						delete(marked, on)
					}
				}
				p.press(v, all, "space")
			case 3:
				every := true
				for _, key := range p.list.Keys {
					every = every && marked[key]
				}
				if every {
					clear(marked)
				} else {
					for _, key := range p.list.Keys {
						marked[key] = true
					}
				}
				p.press(v, all, "M")
			default:
				p.press(v, all, []string{"up", "down", "G", "g", "s", "<", "r", "pgdown"}[r.IntN(8)])
			}
			if p.list.Marks() != len(marked) {
				t.Fatalf("seed %d: %d marks, want %v", seed, p.list.Marks(), marked)
			}
			if len(marked) == 0 {
				continue
			}
			chosen := slices.Sorted(slices.Values(p.list.Chosen()))
			if len(slices.Compact(slices.Clone(chosen))) != len(chosen) || len(chosen) != len(marked) || slices.ContainsFunc(chosen, func(k string) bool { return !marked[k] }) {
				t.Fatalf("seed %d: a wish is about %v, want %v", seed, chosen, marked)
			}
		}
	}
}

// TestEveryOrder: in each order that can be chosen all rows are there, once; they
// stand in it, what has no number last both ways; and the way round is said.
func TestEveryOrder(t *testing.T) {
	for seed := range uint64(60) {
		r := rand.New(rand.NewPCG(seed, 9))
		p, v := &items{}, view(40)
		var all []item
		for i := range r.IntN(20) {
			all = append(all, item{fmt.Sprint("t-", i), r.IntN(4) - 1, []float64{math.NaN(), 0, 1, -3, math.Inf(1)}[r.IntN(5)]})
		}
		p.see(v, all)
		seen := map[string]bool{}
		for range 8 {
			notes := strings.Join(p.list.Notes(), " ")
			seen[notes] = true
			if len(p.list.Keys) != len(all) {
				t.Fatalf("seed %d: %d rows of %d", seed, len(p.list.Keys), len(all))
			}
			for i := 1; i < len(p.rows); i++ {
				a, b := p.rows[i-1], p.rows[i]
				ok := true
				switch notes {
				case "sort: worst":
					ok = b.bad < 0 || a.bad >= b.bad
				case "sort: best":
					ok = b.bad < 0 || a.bad >= 0 && a.bad <= b.bad
				case "sort: name":
					ok = list.Natural(a.key, b.key) < 0
				case "sort: name, z to a":
					ok = list.Natural(a.key, b.key) > 0
				case "sort: count":
					ok = math.IsNaN(b.count) || a.count >= b.count
				case "sort: count, least first":
					ok = math.IsNaN(b.count) || a.count <= b.count
				default:
					t.Fatalf("seed %d: %q", seed, notes)
				}
				if !ok {
					t.Fatalf("seed %d: %s: %+v before %+v", seed, notes, a, b)
				}
			}
			p.press(v, all, []string{"s", "r", ">", "<"}[r.IntN(4)])
		}
		if len(all) > 0 && len(seen) < 2 {
			t.Errorf("seed %d: orders %v", seed, seen)
		}
	}
}

// TestClicks: a click on a name sorts, on a row it puts the cursor there, and beside
// them it does nothing; a second one is on the row only while that is still there.
func TestClicks(t *testing.T) {
	p, v := &items{}, view(12)
	all := some("a", "b", "c", "d")
	p.see(v, all)
	click := func(line, column int) bool {
		again := p.list.Click(v, line, column, list.Plain(p.columns()), p.cells)
		p.see(v, all)
		return again
	}
	rows := slices.Clone(p.list.Keys)
	for i, key := range rows {
		again := click(i+1, 5)
		if p.on() != key || again != (i == 0) { // the cursor was on the first
			t.Errorf("line %d: on %s, again %v", i+1, p.on(), again)
		}
		if !click(i+1, 5) {
			t.Errorf("line %d: not again", i+1)
		}
	}
	on := p.on()
	for _, at := range [][2]int{{-1, 3}, {len(rows) + 1, 3}, {99, 3}, {0, 59}, {0, 400}, {0, -3}} {
		if click(at[0], at[1]) || p.on() != on {
			t.Errorf("%v: on %s", at, p.on())
		}
	}
	if click(0, 4); strings.Join(p.list.Notes(), "") != "sort: name" {
		t.Errorf("on a name: %v", p.list.Notes())
	}
	click(0, 4)
	if click(0, 4); strings.Join(p.list.Notes(), "") != "sort: worst" || !p.list.Usual() {
		t.Errorf("three times: %v", p.list.Notes())
	}
	left := slices.DeleteFunc(slices.Clone(all), func(t item) bool { return t.key == on })
	all, v = left, anew(v)
	p.see(v, all)
	if row := p.list.Cursor.Row + 1; click(row, 5) {
		t.Error("the second click is on what stands in its place")
	}
}

// TestLinesBelow: what stands below gives way to rows on a small screen, and never
// takes more lines than there are.
func TestLinesBelow(t *testing.T) {
	all := some("a", "b", "c", "d", "e", "f", "g", "h")
	for height := range 30 {
		for _, n := range []int{0, 1, 4, 50} {
			p, v := &items{}, view(height)
			p.see(v, all)
			p.list.Settle(v, n)
			foot := func() []widget.Line { return slices.Repeat([]widget.Line{widget.Text(theme.Plain, "below")}, n) }
			lines := p.list.Draw(v, list.Plain(p.columns()), p.cells, foot)
			below := 0
			for _, l := range lines {
				if l.Words(v.Theme) == "below" {
					below++
				}
			}
			rows := 0
			for _, l := range lines {
				if l.Lit {
					rows++
				}
			}
			switch at := p.list.Foot(v); {
			case len(lines) > height:
				t.Errorf("%d lines on %d", len(lines), height)
			case height >= 2 && rows != 1:
				t.Errorf("%d high: %d rows are lit", height, rows)
			case below > 0 && (at < 0 || lines[at].Words(v.Theme) != "below" || lines[at-1].Words(v.Theme) == "below"):
				t.Errorf("%d high, %d below: they begin at %d", height, n, at)
			case below == 0 && at >= 0:
				t.Errorf("%d high: nothing is below, at %d", height, at)
			case below < min(n, height-5):
				t.Errorf("%d high: %d of %d below", height, below, n)
			}
		}
	}
	p, v := &items{}, view(5)
	v.Whole = true
	p.see(v, all)
	lines := p.list.Draw(v, list.Plain(p.columns()), p.cells, func() []widget.Line { return []widget.Line{widget.Text(theme.Plain, "below")} })
	if len(lines) != 1+len(all)+2 || slices.ContainsFunc(lines, func(l widget.Line) bool { return l.Lit }) {
		t.Errorf("the whole has %d lines", len(lines))
	}
}

// TestAnewOnce: rows are made anew when something they depend on is another, and only
// then.
func TestAnewOnce(t *testing.T) {
	var l list.List[string]
	v := view(10)
	made := func(what string, want bool, filter string) {
		t.Helper()
		if got := l.Anew(v, filter); got != want {
			t.Errorf("%s: %v", what, got)
		}
		if l.Anew(v, filter) {
			t.Errorf("%s: twice", what)
		}
	}
	made("first", true, "")
	v.Height, v.Width = 3, 9
	made("another size", false, "")
	made("a filter", true, "a")
	v.Unwell = true
	made("only unwell", true, "a")
	v.Wide = true
	made("wide", true, "a")
	v = anew(v)
	made("another snapshot", true, "a")
	l.Again()
	made("asked for", true, "a")
}
