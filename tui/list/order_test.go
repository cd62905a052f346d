package list_test

import (
	"cmp"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/midwatch-cli/midwatch/tui/list"
)

func TestNaturalAndVersion(t *testing.T) {
	for _, tt := range []struct {
		by   func(a, b string) int
		want string // in order
	}{
		{list.Natural, " |-|1|2|10|a|a01|a1|a2|a2b|a10|b|é"},
		{list.Natural, "payment-2|payment-10|payment-10b|payment-99999999999999999999998|payment-99999999999999999999999"},
		{list.Version, "|0.9|1.9|1.10|2.0.0-alpha|2.0.0-alpha.2|2.0.0-alpha.10|2.0.0-rc.1|2.0.0|2.0.0+1|v2.0.0|2.0.1|v10"},
	} {
		want := strings.Split(tt.want, "|")
		got := slices.Clone(want)
		rand.New(rand.NewPCG(1, 1)).Shuffle(len(got), func(i, j int) { got[i], got[j] = got[j], got[i] })
		slices.SortFunc(got, tt.by)
		if !slices.Equal(got, want) {
			t.Errorf("%q\nwant %q", got, want)
		}
	}
	for _, tt := range [][2]string{{"1.9", "1.10"}, {"v1.9", "1.10"}, {"2.0.0-rc.1", "2.0.0"}, {"2.0.0-rc.2", "2.0.0-rc.10"}, {"2.0.0+9", "v2.0.1"}, {"", "0"}} {
		if list.Version(tt[0], tt[1]) >= 0 || list.Version(tt[1], tt[0]) <= 0 {
			t.Errorf("%q is not older than %q", tt[0], tt[1])
		}
	}
}

// FuzzCompare: both comparisons are orders: the other way round they say the
// opposite, only equal texts are the same, and three texts stand in a row.
func FuzzCompare(f *testing.F) {
	f.Add("a1", "a01", "a1b")
	f.Add("v1.0-rc1", "1.0", "1.0+x")
	f.Add("1-", "1", "v1")
	f.Fuzz(func(t *testing.T, a, b, c string) {
		for _, by := range []func(a, b string) int{list.Natural, list.Version} {
			if by(a, b) != -by(b, a) || (by(a, b) == 0) != (a == b) {
				t.Errorf("%q, %q: %d and %d", a, b, by(a, b), by(b, a))
			}
			three := []string{a, b, c}
			slices.SortFunc(three, by)
			if by(three[0], three[2]) > 0 {
				t.Errorf("no order: %q", three)
			}
		}
	})
}

type thing struct {
	id int
	n  float64
	s  string
	t  time.Time
}

// TestOrderOfRows: whatever rows there are, an order makes a permutation of them,
// the same of the same rows; what has no value stands last both ways, and what
// compares the same stays as it stood.
func TestOrderOfRows(t *testing.T) {
	at := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	orders := map[string]list.Order[thing]{
		"most": list.Most(func(t thing) float64 { return t.n }), "worst": list.Worst(func(t thing) int {
			if math.IsNaN(t.n) {
				return -1
			}
			return int(t.n)
		}),
		"words": list.Words(func(t thing) string { return t.s }), "versions": list.Versions(func(t thing) string { return t.s }),
		"newest": list.Newest(func(t thing) time.Time { return t.t }), "longest": list.Longest(func(t thing) time.Time { return t.t }),
	}
	compare := map[string]func(a, b thing) int{
		"most": func(a, b thing) int { return cmp.Compare(b.n, a.n) }, "worst": func(a, b thing) int { return cmp.Compare(b.n, a.n) },
		"words": func(a, b thing) int { return list.Natural(a.s, b.s) }, "versions": func(a, b thing) int { return list.Version(b.s, a.s) },
		"newest": func(a, b thing) int { return b.t.Compare(a.t) }, "longest": func(a, b thing) int { return a.t.Compare(b.t) },
	}
	r := rand.New(rand.NewPCG(3, 4))
	for range 200 {
		rows := make([]thing, r.IntN(30))
		for i := range rows {
			rows[i] = thing{id: i, n: math.NaN()}
			if r.IntN(3) > 0 {
				n := r.IntN(5)
				rows[i] = thing{i, float64(n), fmt.Sprint("1.", n*4), at.Add(time.Duration(n) * time.Second)}
			}
		}
		for name, o := range orders {
			for _, turned := range []bool{false, true} {
				got := slices.Clone(rows)
				o.Sort(got, turned)
				if !slices.IsSortedFunc(got, func(a, b thing) int {
					by := compare[name](a, b)
					if turned {
						by = -by
					}
					none := func(t thing) int {
						if t.s == "" {
							return 1
						}
						return 0
					}
					if none(a)+none(b) > 0 {
						by = none(a) - none(b)
					}
					return cmp.Or(by, cmp.Compare(a.id, b.id))
				}) {
					t.Fatalf("%s, %v: %v of %v", name, turned, got, rows)
				}
				again := slices.Clone(rows)
				if o.Sort(again, turned); fmt.Sprint(again) != fmt.Sprint(got) {
					t.Fatalf("%s: twice the same rows, and %v, then %v", name, got, again)
				}
				slices.SortFunc(got, func(a, b thing) int { return cmp.Compare(a.id, b.id) })
				if fmt.Sprint(got) != fmt.Sprint(rows) {
					t.Fatalf("%s: %v are other rows than %v", name, got, rows)
				}
			}
		}
	}
	var none list.Order[thing]
	rows := []thing{{id: 1}, {id: 2}}
	if none.Sort(rows, true); rows[0].id != 2 {
		t.Errorf("turned round: %v", rows)
	}
}
