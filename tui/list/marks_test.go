package list_test

import (
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/midwatch-cli/midwatch/fleet"
	"github.com/midwatch-cli/midwatch/tui/list"
	"github.com/midwatch-cli/midwatch/tui/page"
	"github.com/midwatch-cli/midwatch/tui/theme"
)

// rows is a list of what a snapshot has, of which some is hidden.
type rows struct {
	list.List[int]
	v *page.View
}

func newRows(there ...int) *rows {
	r := &rows{v: &page.View{Theme: theme.New(theme.Options{}), Width: 80, Height: 20}}
	r.see(there)
	return r
}

// see is a new snapshot.
func (r *rows) see(there []int, hidden ...int) {
	r.v.Snapshot = &fleet.Snapshot{}
	if r.Anew(r.v, "") {
		for _, k := range there {
			if slices.Contains(hidden, k) {
				r.Hide(k)
			} else {
				r.Keys = append(r.Keys, k)
			}
		}
	}
	r.Settle(r.v, 0)
}

func (r *rows) press(key string) {
	for _, b := range slices.Concat(r.Marking(), r.Motion()) {
		if slices.Contains(b.Keys, key) {
			b.Do(r.v)
			return
		}
	}
}

// TestMarksThatAreGone: where all that was marked has gone, an order is not about what
// happens to be under the cursor: that is said once, or the person chooses anew.
func TestMarksThatAreGone(t *testing.T) {
	for name, c := range map[string]struct {
		keys []string
		want [][]int // one order after the other
	}{
		"nothing once, then the cursor": {nil, [][]int{nil, {2}}},
		"the cursor was moved":          {[]string{"down"}, [][]int{{3}}},
		"another one is marked":         {[]string{"space"}, [][]int{{2}, {2}}},
		"all are marked, and none":      {[]string{"M", "M"}, [][]int{{2}}},
	} {
		r := newRows(1, 2, 3)
		r.press("space") // the cursor goes on to 2
		if got := r.Chosen(); !slices.Equal(got, []int{1}) {
			t.Fatalf("%s: chose %v", name, got)
		}
		r.see([]int{2, 3})
		for _, k := range c.keys {
			r.press(k)
		}
		for _, want := range c.want {
			if got := r.Chosen(); !slices.Equal(got, want) {
				t.Errorf("%s: chose %v, want %v", name, got, want)
			}
		}
	}
	r := newRows(1, 2, 3)
	r.press("space")
	r.press("space")
	if r.see([]int{2, 3}); !slices.Equal(r.Chosen(), []int{2}) {
		t.Error("one of two is there still")
	}
	if r.see([]int{1, 2, 3}); !slices.Equal(r.Chosen(), []int{2}) {
		t.Error("what came back was not marked by anybody")
	}
}

// TestUnmark: what is done loses its mark, seen or not; that is no loss that somebody
// has to hear of.
func TestUnmark(t *testing.T) {
	r := newRows(1, 2, 3, 4)
	r.press("M")
	r.see([]int{1, 2, 3, 4}, 3, 4)
	r.Unmark(func(k int) bool { return k == 1 || k == 3 })
	if got := r.Chosen(); !slices.Equal(got, []int{2, 4}) || r.Marks() != 2 {
		t.Errorf("%d are left: %v", r.Marks(), got)
	}
	r.Unmark(func(int) bool { return true })
	if got := r.Chosen(); !slices.Equal(got, []int{1}) || r.Marks() != 0 {
		t.Errorf("%d are left: %v", r.Marks(), got)
	}
}

// TestMarksProperty: whatever is pressed, comes, goes and is hidden, an order is about
// what was marked and is there, each once; without marks about the row of the cursor,
// and never about one that took the place of another.
func TestMarksProperty(t *testing.T) {
	rnd := rand.New(rand.NewPCG(7, 11))
	for range 300 {
		r := newRows(0, 1, 2, 3, 4, 5)
		marked := map[int]bool{}
		for range 40 {
			switch rnd.IntN(4) {
			case 0:
				if k, ok := r.Current(); ok && !r.Cursor.Gone() {
					marked[k] = !marked[k]
				}
				r.press("space")
			case 1:
				r.press([]string{"up", "down", "g", "G"}[rnd.IntN(4)])
			case 2:
				done := rnd.IntN(6)
				r.Unmark(func(k int) bool { return k == done })
				delete(marked, done)
			case 3:
				var there, hidden []int
				for k := range 6 {
					switch rnd.IntN(5) {
					case 0:
						delete(marked, k)
					case 1:
						there, hidden = append(there, k), append(hidden, k)
					default:
						there = append(there, k)
					}
				}
				rnd.Shuffle(len(there), func(i, j int) { there[i], there[j] = there[j], there[i] })
				r.see(there, hidden...)
			}
			var want []int
			for k, on := range marked {
				if on {
					want = append(want, k)
				}
			}
			slices.Sort(want)
			got := r.Chosen()
			if slices.Sort(got); len(want) > 0 && !slices.Equal(got, want) || r.Marks() != len(want) {
				t.Fatalf("chose %v of %d marks, want %v", got, r.Marks(), want)
			}
			if k, ok := r.Current(); len(want) == 0 && len(got) > 0 && (!ok || got[0] != k || len(got) > 1 || r.Cursor.Gone()) {
				t.Fatalf("chose %v, the cursor is on %d, gone %v", got, k, r.Cursor.Gone())
			}
		}
	}
}
