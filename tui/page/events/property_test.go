package events_test

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/midwatch-cli/midwatch/fleet"
	"github.com/midwatch-cli/midwatch/tui/page"
	"github.com/midwatch-cli/midwatch/tui/page/events"
	"github.com/midwatch-cli/midwatch/tui/page/pagetest"
)

// kinds are all there are.
func kinds() []fleet.EventKind {
	return []fleet.EventKind{
		fleet.EventServiceNew, fleet.EventServiceGone, fleet.EventInstanceNew, fleet.EventInstanceGone, fleet.EventVersion, fleet.EventAddress,
		fleet.EventClaim, fleet.EventStatus, fleet.EventBreaker, fleet.EventSourceLost, fleet.EventSourceBack,
	}
}

// some is an event of any kind, of which nothing may be known.
func some(r *rand.Rand, i int) fleet.Event {
	words := []string{"", "up", "down", "unknown", "open", "closed", "half_open", "1.0", "\x1b[2J", "\u202ex", strings.Repeat("y", 300), "日本"}
	word := func() string { return words[r.IntN(len(words))] }
	e := event(i, kinds()[r.IntN(len(kinds()))], key(word()), word(), word())
	e.Key.Name, e.Breaker, e.Why.Detail = word(), word(), word()
	return e
}

// on is the event that the page's cursor is on.
func on(p *events.Page) (page.Place, bool) {
	all, at := p.Rows()
	if at < 0 {
		return page.Place{}, false
	}
	return all[at], true
}

// TestCursorStays: one who has gone away from the newest stays on the same event,
// whatever comes, is forgotten at the other end, is filtered or sorted, for as long
// as it is there.
func TestCursorStays(t *testing.T) {
	for seed := range uint64(150) {
		r := rand.New(rand.NewPCG(seed, 1))
		p := events.New()
		var all []fleet.Event
		for i := range 30 {
			all = append(all, some(r, i))
		}
		v := view(4+r.IntN(20), all...)
		p.See(v)
		pagetest.Press(t, p, v, "down")
		want, _ := on(p)
		for i := range 60 {
			switch r.IntN(5) {
			case 0, 1:
				all = append(slices.Clone(all), some(r, 30+i))
				all = all[max(0, len(all)-40):]
			case 2:
				pagetest.Press(t, p, v, []string{"s", "<", "r"}[r.IntN(3)])
			case 3:
				if err := p.SetFilter([]string{"", "", "up", "source=etcd", "日本"}[r.IntN(5)]); err != nil {
					t.Fatal(err)
				}
			default:
				v = view(4+r.IntN(20), all...)
				pagetest.Drawn(t, p, v)
				pagetest.Press(t, p, v, []string{"down", "down", "pgdown", "end"}[r.IntN(4)])
				if at, ok := on(p); ok {
					want = at
				}
			}
			v = view(4+r.IntN(20), all...)
			pagetest.Drawn(t, p, v)
			rows, at := p.Rows()
			follows := slices.Contains(p.Notes(v), "follows")
			if there := slices.Contains(rows, want); !follows && there && (at < 0 || rows[at] != want) {
				t.Fatalf("seed %d: on row %d, and not on %+v", seed, at, want)
			}
			if follows && len(rows) > 0 && at != 0 {
				t.Fatalf("seed %d: it follows from row %d", seed, at)
			}
			if follows && len(rows) > 0 {
				want = rows[0]
			}
		}
	}
}

// TestEveryEvent: each event has one row, or is counted among those that are hidden;
// the filter shows those that have its words, and they stand the newest first.
func TestEveryEvent(t *testing.T) {
	for seed := range uint64(150) {
		r := rand.New(rand.NewPCG(seed, 2))
		var all []fleet.Event
		for i := range r.IntN(40) {
			all = append(all, some(r, i))
		}
		for _, filter := range []string{"", "down", "up down", "source=etcd", "source=consul", "no such thing"} {
			p, v := events.New(), view(50, all...)
			if err := p.SetFilter(filter); err != nil {
				t.Fatal(err)
			}
			v.Unwell = r.IntN(2) == 0
			p.See(v)
			rows, _ := p.Rows()
			hidden := 0
			for _, note := range p.Notes(v) {
				if n, ok := strings.CutSuffix(note, " hidden"); ok {
					_, _ = fmt.Sscan(n, &hidden)
				}
			}
			if len(rows)+hidden != len(all) {
				t.Fatalf("seed %d: %d rows and %d hidden of %d", seed, len(rows), hidden, len(all))
			}
			last := len(all)
			for _, row := range rows {
				at := slices.IndexFunc(all, func(e fleet.Event) bool { return page.EventPlace(&e) == row })
				if at < 0 || at >= last {
					t.Fatalf("seed %d: row %+v is event %d, after %d", seed, row, at, last)
				}
				last = at
				sentence := strings.ToLower(all[at].Sentence())
				for _, word := range strings.Fields(filter) {
					if !strings.Contains(word, "=") && !strings.Contains(sentence, word) {
						t.Fatalf("seed %d: %q has no %q", seed, sentence, word)
					}
				}
				if filter == "source=consul" {
					t.Fatalf("seed %d: of etcd: %+v", seed, row)
				}
			}
		}
	}
}

// TestAnySize: whatever happened, on every screen.
func TestAnySize(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 3))
	var all []fleet.Event
	for i := range 60 {
		all = append(all, some(r, i))
	}
	for _, size := range [][2]int{{1, 1}, {2, 50}, {300, 3}, {20, 6}, {40, 10}, {80, 24}, {0, 0}} {
		for range 30 {
			p, v := events.New(), view(size[1], all[:r.IntN(len(all))]...)
			v.Width, v.Wide, v.Whole = size[0], r.IntN(2) == 0, false
			pagetest.Drawn(t, p, v)
			p.Wheel(v, r.IntN(9)-4)
			p.Click(v, r.IntN(60)-2, r.IntN(310)-2, r.IntN(2) == 0)
			pagetest.Drawn(t, p, v)
		}
	}
}
