package breakers_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/midwatch-cli/midwatch/fleet"
	"github.com/midwatch-cli/midwatch/fleet/diff"
	"github.com/midwatch-cli/midwatch/probe"
	"github.com/midwatch-cli/midwatch/tui/page"
	"github.com/midwatch-cli/midwatch/tui/page/breakers"
	"github.com/midwatch-cli/midwatch/tui/page/pagetest"
	"github.com/midwatch-cli/midwatch/tui/theme"
)

const (
	closed, half, open, forced, off = fleet.BreakerClosed, fleet.BreakerHalfOpen, fleet.BreakerOpen, fleet.BreakerForcedOpen, fleet.BreakerDisabled
)

// told is a view after passes, 5 s apart, in which the breaker order/payment was
// in these states, one an instance.
func told(width, height int, passes ...[]fleet.BreakerState) *page.View {
	v := view(width, height)
	var before *fleet.Snapshot
	for i, states := range passes {
		s := &fleet.Snapshot{Seq: uint64(i), At: at().Add(time.Duration(i) * 5 * time.Second), Services: []fleet.ServiceView{owner("order", "payment", states...)}}
		for j := range s.Services[0].Instances {
			s.Services[0].Instances[j].Plan.Admin = &fleet.Administration{}
		}
		v.History.Add(s)
		if before != nil {
			v.Events = append(v.Events, diff.Between(before, s)...)
		}
		before, v.Snapshot, v.Now = s, s, s.At
	}
	return v
}

// below is what stands below the table, without the blank lines.
func below(t *testing.T, v *page.View) string {
	t.Helper()
	screen := pagetest.Screen(t, breakers.New(), v)
	_, foot, ok := strings.Cut(screen, " order/payment ")
	if !ok {
		return ""
	}
	return strings.TrimRight(" order/payment "+foot, "\n")
}

// TestStory: below the table stands on how many instances the breaker of the cursor
// is in which state, when it was in which on each, the worst first, and what changed
// last.
func TestStory(t *testing.T) {
	v := told(90, 30,
		[]fleet.BreakerState{closed, closed, off}, []fleet.BreakerState{closed, open, off}, []fleet.BreakerState{closed, open, off}, []fleet.BreakerState{closed, half, off},
		[]fleet.BreakerState{closed, open, off}, []fleet.BreakerState{forced, open, off}, []fleet.BreakerState{forced, open, off}, []fleet.BreakerState{closed, open, off})
	got := below(t, v)
	want := strings.TrimPrefix(`
 order/payment open on 1 · disabled on 1 · closed on 1               03:04:05 to 03:04:40
   all      o✗✗!✗✗✗✗
   order-1  ─✗✗!✗✗✗✗  ✗ open 2 m 35 s
   order-2  oooooooo  o disabled 3 m 35 s
   order-0  ─────##─  ─ closed 1 m 35 s
 03:04:40 ─ order-0 forced open → closed after 10 s
 03:04:30 # order-0 closed → forced open
 03:04:25 ✗ order-1 half open → open after 5 s: 10% failed
 03:04:20 ! order-1 open → half open after 10 s: 10% failed
 03:04:10 ✗ order-1 closed → open: 10% failed`, "\n")
	if got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
	v.Events = nil
	v.Theme = theme.New(theme.Options{ASCII: true, Colorless: true})
	if got := below(t, v); !strings.Contains(got, "order-0  -----##-  - closed") || !strings.Contains(got, "x order-1 half open -> open after 5 s\n") || strings.ContainsFunc(got, func(r rune) bool { return r > '~' }) {
		t.Errorf("in ASCII, and after its events are forgotten:\n%s", got)
	}
}

// TestStoryOfMany: where there is no room for all instances the worst are shown,
// and the last changes keep their place.
func TestStoryOfMany(t *testing.T) {
	calm, after := make([]fleet.BreakerState, 40), make([]fleet.BreakerState, 40)
	for i := range calm {
		calm[i], after[i] = closed, closed
	}
	after[33], after[7] = open, half
	v := told(90, 20, calm, after)
	got := below(t, v)
	for _, want := range []string{
		"open on 1 · half open on 1 · closed on 38", "   all       ─✗\n   order-33  ─✗  ✗ open 34 m 5 s\n   order-7   ─!  ! half open 8 m 5 s\n", "   order-0   ──", "and 31 more: closed",
		"03:04:10 ✗ order-33 closed → open", "! order-7 closed → half open",
	} {
		if !strings.Contains(got, want) {
			t.Errorf("%q is not seen:\n%s", want, got)
		}
	}
	for height := 1; height < 30; height++ {
		for _, width := range []int{1, 10, 40, 80, 200} {
			v.Width, v.Height = width, height
			lines := pagetest.Drawn(t, breakers.New(), v)
			if height > 1 && width >= 40 && !strings.HasPrefix(lines[1], "▌✗ order") {
				t.Errorf("%dx%d: %q", width, height, lines)
			}
		}
	}
	v.Width, v.Height = 90, 6
	if got := below(t, v); !strings.HasPrefix(got, " order/payment open on 1 ·") && got != "" {
		t.Errorf("small: %q", got)
	}
	v.Height = 7
	if got := below(t, v); !strings.HasPrefix(got, " order/payment open on 1 ·") {
		t.Errorf("small: %q", got)
	}
}

// TestStoryUnread: an instance that did not say is neither closed nor left out, and
// one that is alone needs no sum.
func TestStoryUnread(t *testing.T) {
	v := told(90, 24, []fleet.BreakerState{closed, closed}, []fleet.BreakerState{closed, closed})
	in := &v.Snapshot.Services[0].Instances[1]
	in.Breakers, in.BreakersWhy = nil, fleet.Why{Reason: probe.ReasonTimeout}
	v.History.Add(v.Snapshot)
	got := below(t, v)
	for _, want := range []string{"unknown on 1 · closed on 1", "order-1  ─??  ? not read: timeout", "03:04:10 ? order-1 closed → unknown\n"} {
		if !strings.Contains(got+"\n", want) {
			t.Errorf("%q is not seen:\n%s", want, got)
		}
	}
	v = told(90, 24, []fleet.BreakerState{closed}, []fleet.BreakerState{closed})
	if got := below(t, v); strings.Contains(got, "all ") || !strings.Contains(got, "order-0  ──  ─ closed") || !strings.Contains(got, "it has not changed since this began") {
		t.Errorf("one instance:\n%s", got)
	}
	v = view(90, 24, owner("order", "payment", closed))
	if got := below(t, v); !strings.Contains(got, "   order-0  ─ closed 1 m") {
		t.Errorf("nothing is remembered:\n%s", got)
	}
}

// TestStoryGone: the cursor waits for a breaker that is not there, and says so.
func TestStoryGone(t *testing.T) {
	v := told(90, 24, []fleet.BreakerState{open})
	p := breakers.New()
	p.See(v)
	v.Snapshot = &fleet.Snapshot{At: at(), Services: []fleet.ServiceView{owner("user", "db", closed)}}
	if got := pagetest.Screen(t, p, v); !strings.Contains(got, "order/payment is not here any more") {
		t.Errorf("one that is gone:\n%s", got)
	}
}

// TestStoryIsCheap: a group of many instances costs no more lines than are seen.
func TestStoryIsCheap(t *testing.T) {
	var states []fleet.BreakerState
	for i := range 2000 {
		states = append(states, []fleet.BreakerState{closed, open}[i%2])
	}
	v := told(200, 60, states)
	lines := pagetest.Drawn(t, breakers.New(), v)
	if n := strings.Count(strings.Join(lines, "\n"), "order-"); n == 0 || n > 60 {
		t.Errorf("%d instances are written:\n%s", n, fmt.Sprint(lines))
	}
}
