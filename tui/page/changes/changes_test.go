package changes_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/midwatch-cli/midwatch/fleet"
	"github.com/midwatch-cli/midwatch/fleet/change"
	"github.com/midwatch-cli/midwatch/probe"
	"github.com/midwatch-cli/midwatch/tui/desk"
	"github.com/midwatch-cli/midwatch/tui/page"
	"github.com/midwatch-cli/midwatch/tui/page/changes"
	"github.com/midwatch-cli/midwatch/tui/page/pagetest"
)

func ref(name string) fleet.Ref { return fleet.Ref{Context: "prod", Source: "etcd", Name: name} }

func ago(d time.Duration) time.Time { return pagetest.At().Add(-d) }

// stood is a change as it stands now.
func stood(c desk.Change, change ...func(*change.Batch)) desk.Change {
	for _, f := range change {
		f(c.Batch)
	}
	return pagetest.Stands(c.Batch, pagetest.At())
}

// back is a change of which the first so many steps were taken back.
func back(n int) func(*change.Batch) {
	return func(b *change.Batch) {
		for i := range n {
			b.Steps[i].Put, b.Steps[i].PutBy, b.Steps[i].PutAt = change.PutBack, "1KUNDO0000", ago(time.Minute)
		}
	}
}

// failed is a change of which the last steps failed.
func failed(from int) func(*change.Batch) {
	return func(b *change.Batch) {
		for i := from; i < len(b.Steps); i++ {
			b.Steps[i].State, b.Steps[i].Now, b.Steps[i].Error = change.Failed, "", "401: who are you?"
		}
	}
}

func unfinished(b *change.Batch) { b.Finished = time.Time{} }

// order is the service whose breaker payment is in these states.
func order(states ...fleet.BreakerState) fleet.ServiceView {
	s := fleet.ServiceView{Ref: ref("order"), Status: fleet.Up}
	for i, st := range states {
		s.Instances = append(s.Instances, fleet.InstanceView{
			Key: fleet.Key{Ref: s.Ref, Instance: fmt.Sprint("order-", i+1)}, Status: fleet.Up, Breakers: []fleet.Breaker{fleet.NewBreaker("payment", st)},
		})
	}
	return s
}

func view(width, height int, of ...desk.Change) *page.View {
	v := pagetest.View(&fleet.Snapshot{}, width, height)
	v.Changes = append([]desk.Change{}, of...)
	return v
}

func trip(id string, before, ttl time.Duration) desk.Change {
	return pagetest.Order(id, fleet.Trip, ref("order"), "payment", 4, ago(before), ttl)
}

// row is the words of the row of a change.
func row(t *testing.T, screen, id string) string {
	t.Helper()
	for line := range strings.Lines(screen) {
		if words := strings.Fields(strings.TrimLeft(line, "▌ ")); len(words) > 2 && words[1] == id {
			return strings.Join(words, " ")
		}
	}
	t.Fatalf("no row of %s:\n%s", id, screen)
	return ""
}

// TestRows: every stand, in the order in which somebody has to look at them, with
// who, when, and how long it still takes.
func TestRows(t *testing.T) {
	drained := pagetest.Drained("1KDRAIN000", fleet.Key{Ref: ref("user"), Instance: "user-1"}, ago(3*time.Hour+5*time.Minute))
	v := view(160, 30,
		stood(trip("1KDONE0000", 20*time.Hour, time.Hour), back(4)),
		drained,
		stood(trip("1KPART0000", 2*time.Minute, 10*time.Minute), back(1), failed(3)),
		stood(trip("1KFORCE000", 9*time.Minute+9*time.Second, 10*time.Minute)),
		stood(trip("1KBROKEN00", time.Minute, 0), unfinished),
		stood(trip("1KOVER0000", 10*time.Minute, 6*time.Minute)),
		stood(pagetest.Order("1KFAIL0000", fleet.Trip, ref("order"), "payment", 1, ago(time.Hour), 0), failed(0)),
	)
	v.Changes[3].Batch.Steps[2].State = change.Failed
	p := changes.New()
	screen := pagetest.Screen(t, p, v)
	at := -1
	for _, want := range []string{
		"✗ 1KOVER0000 trip order/payment 4 of 4 oncall-1 10 m 4 m ago overdue db move",
		"! 1KBROKEN00 trip order/payment 4 of 4 oncall-1 1 m – interrupted db move",
		"! 1KFORCE000 trip order/payment 3 of 4 oncall-1 9 m in 51 s in force on 3 of 4 db move",
		"! 1KDRAIN000 drain user/user-1 etcd oncall-2 3 h 5 m – in force",
		"! 1KPART0000 trip order/payment 3 of 4 oncall-1 2 m in 8 m partial: in force on 2 of 4 db move",
		"✗ 1KFAIL0000 trip order/payment order-1 oncall-1 1 h – failed db move",
		"✓ 1KDONE0000 trip order/payment 4 of 4 oncall-1 20 h – undone db move",
	} {
		id := strings.Fields(want)[1]
		if got := row(t, screen, id); got != want {
			t.Errorf("got  %s\nwant %s", got, want)
		}
		if i := strings.Index(screen, id); i < at {
			t.Errorf("%s is not below what has to be seen before it", id)
		} else {
			at = i
		}
	}
	if got := fmt.Sprint(p.Notes(v)); got != "[5 open]" || !p.Ticks(v) {
		t.Errorf("notes %s, ticks %v", got, p.Ticks(v))
	}
	if i, ok := pagetest.Press(t, p, v, "enter").(page.Open); !ok || i.Place != (page.Place{Kind: page.Change, Item: "1KOVER0000"}) {
		t.Errorf("enter opens %+v", i)
	}
}

// TestFoot: the change of the cursor in words: who ends it, and what one can do.
func TestFoot(t *testing.T) {
	for _, tt := range []struct {
		of   desk.Change
		want []string
	}{
		{stood(trip("1KFORCE000", 9*time.Minute, 10*time.Minute)), []string{
			"! trip order/payment is in force", `oncall-1@bastion-1, pts/3, 02:55:05, 9 m ago: "db move"`,
			"ends in 1 m, by keeper 4711 on bastion-1; U takes it back, as does midwatch changes undo 1KFORCE000",
		}},
		{stood(trip("1KFORCE000", 0, 10*time.Minute), func(b *change.Batch) { b.Keeper = change.Keeper{} }), []string{"ends in 10 m, by process 812 of bastion-1 while that lives"}},
		{stood(trip("1KFORCE000", time.Minute, 0)), []string{"it has no end: U takes it back, as does midwatch changes undo 1KFORCE000"}},
		{stood(trip("1KOVER0000", time.Hour, time.Minute)), []string{"is overdue", "midwatch changes settle"}},
		{stood(trip("1KOVER0000", time.Hour, time.Minute), back(4)), []string{"is undone", "undone by 1KUNDO0000 at 03:03:05"}},
		{stood(trip("1KFAIL0000", time.Hour, 0), failed(0)), []string{"is failed", "order/order-1 payment: 401: who are you?"}},
		{stood(pagetest.Order("1KRESET000", fleet.Reset, ref("order"), "payment", 1, ago(time.Hour), 0)), []string{"is done", "it holds nothing"}},
		{stood(trip("1KUNDO0000", time.Hour, 0), func(b *change.Batch) { b.Undoes = "1KFORCE000"; b.Steps[0].Undo = true }), []string{"it takes back 1KFORCE000"}},
	} {
		screen := pagetest.Screen(t, changes.New(), view(120, 12, tt.of))
		for _, want := range tt.want {
			if !strings.Contains(screen, want) {
				t.Errorf("%q is not said:\n%s", want, screen)
			}
		}
	}
}

// TestCountdown: how long a change still holds runs down with the clock alone.
func TestCountdown(t *testing.T) {
	v := view(100, 12, trip("1KFORCE000", 0, 10*time.Minute))
	p := changes.New()
	for _, want := range []string{"in 10 m", "in 9 m 59 s", "in 9 m 58 s"} {
		if got := row(t, pagetest.Screen(t, p, v), "1KFORCE000"); !strings.Contains(got, want) || !p.Ticks(v) {
			t.Errorf("%s, want %s", got, want)
		}
		v.Now = v.Now.Add(time.Second)
	}
	for after, want := range map[time.Duration]string{10 * time.Minute: "now", 10*time.Minute + 3*time.Second: "3 s ago", 9*time.Minute + 9*time.Second: "in 51 s"} {
		v.Now = pagetest.At().Add(after)
		if got := row(t, pagetest.Screen(t, p, v), "1KFORCE000"); !strings.Contains(got, " "+want+" ") {
			t.Errorf("after %v: %s, want %s", after, got, want)
		}
	}
	if p := changes.New(); p.Ticks(v) {
		t.Error("nothing moves")
	}
	over := view(100, 12, stood(trip("1KDONE0000", 20*time.Minute, 10*time.Minute), back(4)))
	p = changes.New()
	p.See(over)
	if p.Ticks(over) {
		t.Error("what is over moves")
	}
}

// TestDrift: what was read of the targets says that they are not as they were
// left; older readings, and those that failed, say nothing.
func TestDrift(t *testing.T) {
	const forced, closed = fleet.BreakerForcedOpen, fleet.BreakerClosed
	trips := func(n int) desk.Change {
		return stood(pagetest.Order("1KFORCE000", fleet.Trip, ref("order"), "payment", n, ago(time.Minute), 0))
	}
	unread := order(closed)
	unread.Instances[0].BreakersWhy.Reason = probe.ReasonTimeout
	foreign := order(forced)
	foreign.Instances[0].Breakers[0].Hold.Change = "1KOTHER000"
	word := order(fleet.BreakerOpen)
	word.Instances[0].Breakers[0].OneOpen = true
	user := fleet.Key{Ref: ref("user"), Instance: "user-1"}
	drained := pagetest.Drained("1KFORCE000", user, ago(time.Hour))
	instance := func(s fleet.Status) fleet.ServiceView {
		return fleet.ServiceView{Ref: user.Ref, Instances: []fleet.InstanceView{{Key: user, Status: s}}}
	}
	for _, tt := range []struct {
		name    string
		change  desk.Change
		service fleet.ServiceView
		took    time.Duration
		want    string
	}{
		{"as it was left", trips(2), order(forced, forced), 0, "in force"},
		{"one was reset", trips(2), order(forced, closed), 0, "drifted: closed on 1 of 2, not by us"},
		{"all were", trips(1), order(closed), 0, "drifted: closed, not by us"},
		{"it is another's", trips(1), foreign, 0, "drifted: forced open, not by us"},
		{"one word for both", trips(1), word, 0, "in force"},
		{"nobody could read it", trips(1), unread, 0, "in force"},
		{"it cannot be told", trips(1), order(fleet.BreakerUnknown), 0, "in force"},
		{"instances are gone", trips(3), order(forced), 0, "in force"},
		{"the pass began before", trips(1), order(closed), 2 * time.Minute, "in force"},
		{"a service that is not there", trips(1), fleet.ServiceView{Ref: ref("user")}, 0, "in force"},
		{"out of use", drained, instance(fleet.Maintenance), 0, "in force"},
		{"back in use", drained, instance(fleet.Up), 0, "drifted: back in use, not by us"},
		{"down says nothing of it", drained, instance(fleet.Down), 0, "in force"},
	} {
		v := view(120, 12, tt.change)
		v.Snapshot.Services, v.Snapshot.Took = []fleet.ServiceView{tt.service}, tt.took
		if got := row(t, pagetest.Screen(t, changes.New(), v), "1KFORCE000"); !strings.Contains(got+" db move", " "+tt.want+" db move") {
			t.Errorf("%s: %s, want %s", tt.name, got, tt.want)
		}
	}
}

func TestFilterAndUnwell(t *testing.T) {
	v := view(120, 20, trip("1KFORCE000", time.Minute, 0), stood(trip("1KDONE0000", time.Hour, 0), back(4)),
		pagetest.Drained("1KDRAIN000", fleet.Key{Ref: ref("user"), Instance: "user-1"}, ago(time.Hour)))
	p := changes.New()
	for _, tt := range []struct {
		filter string
		unwell bool
		want   []string
		notes  string
	}{
		{"", false, []string{"1KFORCE000", "1KDRAIN000", "1KDONE0000"}, "2 open"},
		{"", true, []string{"1KFORCE000", "1KDRAIN000"}, "2 open · 1 hidden"},
		{"trip", false, []string{"1KFORCE000", "1KDONE0000"}, "2 open · 1 hidden"},
		{"order-3", false, []string{"1KFORCE000", "1KDONE0000"}, "2 open · 1 hidden"},
		{"oncall-2", false, []string{"1KDRAIN000"}, "2 open · 2 hidden"},
		{"undone", false, []string{"1KDONE0000"}, "2 open · 2 hidden"},
		{"undone", true, []string{"No change matches undone"}, "2 open · 3 hidden"},
	} {
		if err := p.SetFilter(tt.filter); err != nil {
			t.Fatal(err)
		}
		v.Unwell = tt.unwell
		screen := pagetest.Screen(t, p, v)
		for _, id := range []string{"1KFORCE000", "1KDRAIN000", "1KDONE0000"} {
			if wanted := strings.Contains(strings.Join(tt.want, " "), id); strings.Contains(screen, id) != wanted {
				t.Errorf("%q, %v: %s is to be seen: %v\n%s", tt.filter, tt.unwell, id, wanted, screen)
			}
		}
		if !strings.Contains(screen, tt.want[0]) {
			t.Errorf("%q: %s is not said:\n%s", tt.filter, tt.want[0], screen)
		}
		if got := strings.Join(p.Notes(v), " · "); got != tt.notes || p.Filter() != tt.filter {
			t.Errorf("%q: notes %q, want %q", tt.filter, got, tt.notes)
		}
	}
}

// TestNothing: why there is nothing to be seen.
func TestNothing(t *testing.T) {
	none := &fleet.Error{Detail: "a recording is played", Err: desk.ErrNone}
	lost := &fleet.Error{Reason: probe.ReasonInternal, Detail: "disk is full", Hint: "make room"}
	over := stood(trip("1KDONE0000", time.Hour, 0), back(4))
	for _, tt := range []struct {
		name    string
		changes []desk.Change
		err     error
		unwell  bool
		want    []string
	}{
		{"before the first reading", nil, nil, false, []string{"Reading the journal"}},
		{"no desk", nil, none, false, []string{"Nothing can be changed here.", "a recording is played"}},
		{"never read", nil, lost, false, []string{"? The journal cannot be read.", "disk is full", "make room"}},
		{"plain", nil, errors.New("odd"), false, []string{"? The journal cannot be read.", "odd"}},
		{"empty", []desk.Change{}, nil, false, []string{"✓ Nothing is in force, and nothing was changed within a day."}},
		{"all over", []desk.Change{over}, nil, true, []string{"✓ Nothing is in force.", "ctrl-z shows what is over: 1"}},
		{"lost later", []desk.Change{over}, lost, false, []string{"1KDONE0000"}},
	} {
		p, v := changes.New(), view(80, 10)
		v.Changes, v.Journal, v.Unwell = tt.changes, tt.err, tt.unwell
		screen := pagetest.Screen(t, p, v)
		for _, want := range tt.want {
			if !strings.Contains(screen, want) {
				t.Errorf("%s: %q is not said:\n%s", tt.name, want, screen)
			}
		}
		if notes := fmt.Sprint(p.Notes(v)); (tt.name == "lost later") != strings.Contains(notes, "✗ as last read: disk is full") {
			t.Errorf("%s: notes %s", tt.name, notes)
		}
		if len(tt.changes) == 0 {
			if i := pagetest.Press(t, p, v, "enter"); i != nil {
				t.Errorf("%s: nothing opens %+v", tt.name, i)
			}
		}
	}
}

// TestColumns: what each width has room for. The sign, what, and how it stands are
// never missing.
func TestColumns(t *testing.T) {
	other := trip("1KSTAGE000", time.Hour, 0)
	for width, want := range map[int]string{
		200: "CHANGE WHAT WHERE WHO SINCE ENDS NOW REASON",
		100: "CHANGE WHAT WHERE WHO SINCE ENDS NOW REASON",
		80:  "CHANGE WHAT WHERE WHO SINCE ENDS NOW",
		60:  "CHANGE WHAT WHO ENDS NOW",
		40:  "WHAT ENDS NOW",
	} {
		lines := pagetest.Drawn(t, changes.New(), view(width, 12, trip("1KFORCE000", 9*time.Minute+9*time.Second, 10*time.Minute)))
		if got := strings.Join(strings.Fields(lines[0]), " "); got != want {
			t.Errorf("%d columns: %s\nwant %s", width, got, want)
		}
		if !strings.HasPrefix(lines[1], "▌!") || !strings.Contains(lines[1], "trip order") || !strings.Contains(lines[1], "in force") {
			t.Errorf("%d columns: %q", width, lines[1])
		}
	}
	other.Batch.Context = "stage"
	if lines := pagetest.Drawn(t, changes.New(), view(160, 12, trip("1KFORCE000", 0, 0), other)); !strings.Contains(lines[0], "CONTEXT") || !strings.Contains(strings.Join(lines, "\n"), "stage") {
		t.Errorf("two contexts: %s", lines[0])
	}
}

// TestCursorSticks: to a change, wherever it stands; one that is gone is said to
// be.
func TestCursorSticks(t *testing.T) {
	p, v := changes.New(), view(100, 12, trip("1KA0000000", time.Minute, 0), trip("1KB0000000", 2*time.Minute, 0))
	p.See(v)
	pagetest.Press(t, p, v, "down")
	v.Changes = append([]desk.Change{trip("1KC0000000", 0, 0)}, v.Changes...)
	if lit := pagetest.Lit(pagetest.Drawn(t, p, v)); !strings.Contains(lit, "1KB0000000") {
		t.Errorf("lit is %s", lit)
	}
	v.Changes = v.Changes[:2]
	if screen := pagetest.Screen(t, p, v); !strings.Contains(screen, "1KB0000000 is not here any more") {
		t.Errorf("gone:\n%s", screen)
	}
}

// TestUndo: U is about the change under the cursor, on its own page about that one,
// and about nothing where there is none.
func TestUndo(t *testing.T) {
	v := pagetest.View(&fleet.Snapshot{}, 100, 20)
	v.Changes = []desk.Change{pagetest.Order("1KFORCE000", fleet.Trip, fleet.Ref{Context: "prod", Source: "etcd", Name: "order"}, "payment", 2, pagetest.At(), time.Hour)}
	for name, p := range map[string]page.Page{"changes": changes.New(), "change": changes.NewOne("1KFORCE000")} {
		pagetest.Screen(t, p, v)
		w, ok := pagetest.Press(t, p, v, "U").(page.Want)
		if !ok || w.Wish.Verb != desk.Undo || w.Wish.Change != "1KFORCE000" || w.Wish.Context != "prod" {
			t.Errorf("%s: %+v", name, w)
		}
		for _, b := range p.Keys() {
			if b.Shown == "U" && !b.Write {
				t.Errorf("%s: U does not say that it writes", name)
			}
		}
	}
	v.Changes = []desk.Change{}
	p := changes.New()
	pagetest.Screen(t, p, v)
	if w, ok := pagetest.Press(t, p, v, "U").(page.Want); !ok || w.Wish.Change != "" {
		t.Errorf("of nothing: %+v", w)
	}
}

// TestSorted: by the columns, and back to what somebody has to do something about.
func TestSorted(t *testing.T) {
	v := pagetest.View(&fleet.Snapshot{}, 140, 20)
	order := fleet.Ref{Source: "etcd", Name: "order"}
	v.Now = pagetest.At().Add(time.Minute)
	v.Changes = []desk.Change{
		pagetest.Order("1B", fleet.Trip, order, "payment", 1, pagetest.At(), 2*time.Hour),
		pagetest.Order("1A", fleet.Reset, order, "user", 1, pagetest.At().Add(-time.Hour), 0),
		pagetest.Order("1C", fleet.Trip, order, "user", 1, pagetest.At().Add(-time.Minute), time.Hour),
	}
	p := changes.New()
	first := func() string {
		for line := range strings.Lines(pagetest.Screen(t, p, v)) {
			for _, id := range []string{"1A", "1B", "1C"} {
				if strings.Contains(line, " "+id+" ") {
					return id
				}
			}
		}
		return ""
	}
	usual := first()
	for _, tt := range []struct{ column, want string }{{"CHANGE", "1A"}, {"ENDS", "1C"}, {"SINCE", "1A"}, {"WHAT", "1A"}} {
		for range 12 {
			if strings.Contains(strings.Join(p.Notes(v), " "), strings.ToLower(tt.column)) {
				break
			}
			pagetest.Press(t, p, v, "s")
			pagetest.Screen(t, p, v)
		}
		if got := first(); got != tt.want {
			t.Errorf("by %s %s stands first, want %s; %v", tt.column, got, tt.want, p.Notes(v))
		}
	}
	for range 12 {
		if len(p.Notes(v)) > 0 && !strings.Contains(strings.Join(p.Notes(v), " "), "sort: ") {
			break
		}
		pagetest.Press(t, p, v, "s")
		pagetest.Screen(t, p, v)
	}
	if got := first(); got != usual {
		t.Errorf("back in the usual order %s stands first, want %s", got, usual)
	}
}

// TestPlaces: a change has its id for a name, and its rows are about what was changed.
func TestPlaces(t *testing.T) {
	order := fleet.Ref{Context: "prod", Source: "etcd", Name: "order"}
	v := pagetest.View(&fleet.Snapshot{}, 80, 24)
	v.Changes = []desk.Change{
		pagetest.Order("01J9K", fleet.Trip, order, "payment", 2, pagetest.At(), 0),
		pagetest.Drained("01J9L", fleet.Key{Ref: order, Instance: "order-3"}, pagetest.At()),
	}
	all, one, drain := changes.New(), changes.NewOne("01J9K"), changes.NewOne("01J9L")
	for _, p := range []page.Page{all, one, drain} {
		p.See(v)
	}
	if rows, at := all.Rows(); len(rows) != 2 || at != 0 || rows[0].Kind != page.Change || rows[0].Item == rows[1].Item {
		t.Errorf("changes: %+v, %d", rows, at)
	}
	if rows, at := one.Rows(); len(rows) != 2 || at != 0 || rows[1] != (page.Place{Kind: page.Breakers, Key: fleet.Key{Ref: order, Instance: "order-2"}, Item: "payment"}) {
		t.Errorf("targets: %+v, %d", rows, at)
	}
	if rows, _ := drain.Rows(); len(rows) != 1 || rows[0] != (page.Place{Kind: page.Instance, Key: fleet.Key{Ref: order, Instance: "order-3"}}) {
		t.Errorf("a drain: %+v", rows)
	}
	if rows, at := changes.NewOne("none").Rows(); len(rows) != 0 || at >= 0 {
		t.Errorf("one that is not there: %+v, %d", rows, at)
	}
}
