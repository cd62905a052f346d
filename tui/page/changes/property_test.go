package changes_test

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/midwatch-cli/midwatch/fleet"
	"github.com/midwatch-cli/midwatch/fleet/change"
	"github.com/midwatch-cli/midwatch/tui/desk"
	"github.com/midwatch-cli/midwatch/tui/page"
	"github.com/midwatch-cli/midwatch/tui/page/changes"
	"github.com/midwatch-cli/midwatch/tui/page/pagetest"
)

// some is a change of any kind that stands in any way.
func some(r *rand.Rand, id string) desk.Change {
	verbs := []fleet.Verb{fleet.Trip, fleet.Reset, fleet.Bypass, fleet.HalfOpen}
	before := []time.Duration{-time.Hour, 0, time.Second, time.Minute, 20 * time.Hour}[r.IntN(5)]
	ttl := []time.Duration{0, time.Second, time.Minute, 90 * time.Minute}[r.IntN(4)]
	n := 1 + r.IntN(5)
	c := pagetest.Order(id, verbs[r.IntN(len(verbs))], ref("order"), []string{"payment", "\x1b[2J", strings.Repeat("z", 200)}[r.IntN(3)], n, ago(before), ttl)
	ways := []func(*change.Batch){back(r.IntN(n + 1)), failed(r.IntN(n + 1)), unfinished, func(b *change.Batch) {
		b.Reason, b.Who.Terminal = "\u202ex\n"+strings.Repeat("why ", 60), "日本"
	}, func(*change.Batch) {}}
	return stood(c, ways[r.IntN(len(ways))], ways[r.IntN(len(ways))])
}

func many(r *rand.Rand, n int) (all []desk.Change) {
	for i := range n {
		all = append(all, some(r, fmt.Sprintf("1K%08d", i)))
	}
	return all
}

// on is the change that the page's cursor is on; empty where it is on none.
func on(p interface{ Rows() ([]page.Place, int) }) string {
	all, at := p.Rows()
	if at < 0 {
		return ""
	}
	return all[at].Item
}

// TestEveryChange: each change has one row or is hidden; those that hold something
// are counted, and stand above those that do not.
func TestEveryChange(t *testing.T) {
	for seed := range uint64(150) {
		r := rand.New(rand.NewPCG(seed, 1))
		all := many(r, r.IntN(20))
		p, v := changes.New(), view(160, 40, all...)
		v.Unwell = r.IntN(3) == 0
		p.See(v)
		open := 0
		for _, c := range all {
			if c.Stand.Open() {
				open++
			}
		}
		rows, _ := p.Rows()
		notes := strings.Join(p.Notes(v), " · ")
		if want := fmt.Sprint(open, " open"); open > 0 && !strings.HasPrefix(notes, want) || open == 0 && strings.Contains(notes, "open") {
			t.Fatalf("seed %d: %q, want %q", seed, notes, want)
		}
		if want := len(all); !v.Unwell && len(rows) != want || v.Unwell && len(rows) != open {
			t.Fatalf("seed %d: %d rows of %d, %d open", seed, len(rows), want, open)
		}
		over := false
		for _, row := range rows {
			at := slices.IndexFunc(all, func(c desk.Change) bool { return c.Batch.ID == row.Item })
			switch is := all[at].Stand.Open(); {
			case is && over:
				t.Fatalf("seed %d: %s holds something, and stands below what is over", seed, row.Item)
			case !is:
				over = true
			}
		}
	}
}

// TestStaysOnChange: the cursor stays on its change, however the journal is read
// anew, filtered and sorted; nothing is undone in place of one that has gone.
func TestStaysOnChange(t *testing.T) {
	for seed := range uint64(150) {
		r := rand.New(rand.NewPCG(seed, 2))
		all := many(r, 12)
		p, v := changes.New(), view(120, 20, all...)
		p.See(v)
		want := on(p)
		for range 60 {
			switch r.IntN(5) {
			case 0:
				now := slices.Clone(all)
				r.Shuffle(len(now), func(i, j int) { now[i], now[j] = now[j], now[i] })
				v = view(20+r.IntN(140), 3+r.IntN(20), now[:r.IntN(len(now)+1)]...)
			case 1:
				_ = p.SetFilter([]string{"", "", "trip", "in force", "nothing at all"}[r.IntN(5)])
			case 2:
				pagetest.Press(t, p, v, []string{"s", "<", "r"}[r.IntN(3)])
			default:
				pagetest.Drawn(t, p, v)
				pagetest.Press(t, p, v, []string{"up", "down", "G", "pgup"}[r.IntN(4)])
				if at := on(p); at != "" {
					want = at
				}
			}
			pagetest.Drawn(t, p, v)
			rows, at := p.Rows()
			there := slices.ContainsFunc(rows, func(row page.Place) bool { return row.Item == want })
			if there && (at < 0 || rows[at].Item != want) {
				t.Fatalf("seed %d: on row %d, and not on %s", seed, at, want)
			}
			undo, ok := pagetest.Press(t, p, v, "U").(page.Want)
			if !ok || undo.Wish.Verb != desk.Undo || there && undo.Wish.Change != want || !there && undo.Wish.Change != "" {
				t.Fatalf("seed %d: on %s (there: %v), and %+v is undone", seed, want, there, undo.Wish)
			}
		}
	}
}

// TestEveryTarget: the page of a change has a row for each of its targets, in the
// order of the plan, or says that there are hidden ones.
func TestEveryTarget(t *testing.T) {
	for seed := range uint64(100) {
		r := rand.New(rand.NewPCG(seed, 3))
		c := some(r, "1KONE00000")
		p, v := changes.NewOne("1KONE00000"), view(20+r.IntN(160), 4+r.IntN(24), c)
		v.Unwell = r.IntN(2) == 0
		_ = p.SetFilter([]string{"", "", "order-1", "failed"}[r.IntN(4)])
		pagetest.Drawn(t, p, v)
		rows, _ := p.Rows()
		hidden := 0
		for _, note := range p.Notes(v) {
			_, _ = fmt.Sscanf(note, "%d hidden", &hidden)
		}
		if len(rows)+hidden != len(c.Batch.Steps) {
			t.Fatalf("seed %d: %d rows and %d hidden of %d", seed, len(rows), hidden, len(c.Batch.Steps))
		}
		for i := 1; i < len(rows); i++ {
			if rows[i].Key.Instance <= rows[i-1].Key.Instance {
				t.Fatalf("seed %d: %v after %v", seed, rows[i], rows[i-1])
			}
		}
		pagetest.Drawn(t, p, view(80, 12))
		if notes := strings.Join(p.Notes(v), " "); !strings.Contains(notes, "as it was last read") {
			t.Fatalf("seed %d: the journal forgot it, and it is said to be %q", seed, notes)
		}
	}
}

// TestAnyScreen: whatever was changed, on every screen, clicked at anywhere.
func TestAnyScreen(t *testing.T) {
	r := rand.New(rand.NewPCG(4, 4))
	for _, size := range [][2]int{{1, 1}, {2, 50}, {300, 3}, {20, 6}, {40, 10}, {80, 24}, {0, 0}} {
		for range 25 {
			all := many(r, r.IntN(9))
			v := view(size[0], size[1], all...)
			for _, p := range []page.Page{changes.New(), changes.NewOne("1K00000001")} {
				pagetest.Drawn(t, p, v)
				p.(page.Pointed).Wheel(v, r.IntN(9)-4)
				p.(page.Pointed).Click(v, r.IntN(60)-2, r.IntN(310)-2, r.IntN(2) == 0)
				pagetest.Press(t, p, v, "enter")
				pagetest.Drawn(t, p, v)
			}
		}
	}
}

// TestShouldHaveEnded: a change whose end has passed and that is still read as in
// force does not end in the past: it should have ended.
func TestShouldHaveEnded(t *testing.T) {
	v := view(120, 12, trip("1KFORCE000", 0, 10*time.Minute))
	v.Now = v.Now.Add(10*time.Minute + 5*time.Second)
	for name, p := range map[string]page.Page{"all": changes.New(), "one": changes.NewOne("1KFORCE000")} {
		screen := pagetest.Screen(t, p, v)
		if !strings.Contains(screen, "should have ended 5 s ago, by keeper 4711") || strings.Contains(screen, "ends 5 s ago") {
			t.Errorf("%s:\n%s", name, screen)
		}
	}
}

// TestMadeAhead: a change of a machine whose clock is ahead was made just now.
func TestMadeAhead(t *testing.T) {
	screen := pagetest.Screen(t, changes.New(), view(120, 12, trip("1KAHEAD000", -time.Hour, 2*time.Hour)))
	if strings.Contains(screen, "-1 h") || !strings.Contains(screen, "0 s ago") {
		t.Errorf("made in an hour:\n%s", screen)
	}
}

// TestUnreadable: a journal that cannot be read any more is shown as it was read
// last, and that is said; one that never was is not said to be empty.
func TestUnreadable(t *testing.T) {
	v := view(120, 12, trip("1KFORCE000", 0, 10*time.Minute))
	v.Journal = &fleet.Error{Detail: "no such disk", Err: errors.New("x")}
	p := changes.New()
	if screen := pagetest.Screen(t, p, v); !strings.Contains(screen, "1KFORCE000") || !strings.Contains(strings.Join(p.Notes(v), " "), "✗ as last read: no such disk") {
		t.Errorf("as last read: %v\n%s", p.Notes(v), screen)
	}
	v.Changes = nil
	if screen := pagetest.Screen(t, changes.New(), v); strings.Contains(screen, "Nothing is in force") || !strings.Contains(screen, "? The journal cannot be read.") {
		t.Errorf("never read:\n%s", screen)
	}
}
