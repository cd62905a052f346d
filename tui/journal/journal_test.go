package journal_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/midwatch-cli/midwatch/fleet"
	"github.com/midwatch-cli/midwatch/fleet/change"
	"github.com/midwatch-cli/midwatch/tui/desk"
	"github.com/midwatch-cli/midwatch/tui/journal"
	"github.com/midwatch-cli/midwatch/tui/page/pagetest"
	"github.com/midwatch-cli/midwatch/tui/theme"
	"github.com/midwatch-cli/midwatch/tui/widget"
)

// shelf is a desk on which a journal lies.
type shelf struct {
	desk.Desk
	changes []desk.Change
	err     error
	hangs   bool
}

func (s *shelf) Changes(ctx context.Context) ([]desk.Change, error) {
	if s.hangs {
		<-ctx.Done()
		return nil, ctx.Err()
	}
	return s.changes, s.err
}

func trip(id string, ttl time.Duration) desk.Change {
	return pagetest.Order(id, fleet.Trip, fleet.Ref{Source: "etcd", Name: "order"}, "payment", 2, pagetest.At(), ttl)
}

// read reads once and takes it.
func read(t *testing.T, j *journal.Journal, again bool) (news, goesOn bool) {
	t.Helper()
	m, ok := j.Read(again)().(journal.Reading)
	if !ok {
		t.Fatal("it was not read")
	}
	news, next := j.Take(m)
	return news, next != nil
}

// TestNone: without a desk there is a reason, and nothing is read.
func TestNone(t *testing.T) {
	j := journal.New(nil, desk.ErrNone)
	if !errors.Is(j.Err, desk.ErrNone) || j.Read(true) != nil || j.Changes != nil {
		t.Errorf("%+v", j)
	}
	if j = journal.New(&shelf{}, desk.ErrNone); j.Err != nil || j.Changes != nil {
		t.Errorf("before the first reading: %+v", j)
	}
}

// TestReadings: what is news, what stays after a failure, and that the reading that
// goes on goes on whatever came of it.
func TestReadings(t *testing.T) {
	s := &shelf{}
	j := journal.New(s, nil)
	lost := &fleet.Error{Detail: "locked"}
	one, two := trip("1A", 0), trip("1A", 0)
	for _, tt := range []struct {
		about   string
		changes []desk.Change
		err     error
		news    bool
		known   int
		failed  bool
	}{
		{"the first is news, even of nothing", nil, nil, true, 0, false},
		{"the same is none", nil, nil, false, 0, false},
		{"a change", []desk.Change{one}, nil, true, 1, false},
		{"read anew, and the same", []desk.Change{two}, nil, false, 1, false},
		{"a failure", nil, lost, true, 1, true},
		{"the same failure", nil, &fleet.Error{Detail: "locked"}, false, 1, true},
		{"another failure", nil, errors.New("gone"), true, 1, true},
		{"well again, and nothing is new beside that", []desk.Change{one}, nil, true, 1, false},
		{"it was forgotten", nil, nil, true, 0, false},
	} {
		s.changes, s.err = tt.changes, tt.err
		news, goesOn := read(t, &j, true)
		if news != tt.news || !goesOn || len(j.Changes) != tt.known || (j.Err != nil) != tt.failed || j.Changes == nil {
			t.Errorf("%s: news %v, goes on %v, %d changes, %v", tt.about, news, goesOn, len(j.Changes), j.Err)
		}
	}
	if _, goesOn := read(t, &j, false); goesOn {
		t.Error("one that was read beside the others goes on")
	}
}

// TestLate: a reading that comes after a later one says nothing any more.
func TestLate(t *testing.T) {
	s := &shelf{changes: []desk.Change{trip("1A", 0)}}
	j := journal.New(s, nil)
	first := j.Read(true)().(journal.Reading)
	s.changes = nil
	second := j.Read(false)().(journal.Reading)
	if news, _ := j.Take(second); !news || len(j.Changes) != 0 {
		t.Errorf("the later one: %v", j.Changes)
	}
	if news, next := j.Take(first); news || next == nil || len(j.Changes) != 0 {
		t.Errorf("the late one: news %v, goes on %v, %v", news, next != nil, j.Changes)
	}
}

// TestHolders: who holds a breaker comes with the changes, and stays with them.
func TestHolders(t *testing.T) {
	s := &shelf{changes: []desk.Change{trip("1A", time.Hour)}}
	j := journal.New(s, nil)
	b := fleet.NewBreaker("payment", fleet.BreakerForcedOpen)
	key := fleet.Key{Ref: fleet.Ref{Source: "etcd", Name: "order"}, Instance: "order-1"}
	if !j.Holder.Of(key, &b).IsZero() {
		t.Error("somebody holds it before anything was read")
	}
	read(t, &j, true)
	if h := j.Holder.Of(key, &b); h.Change != "1A" || h.Reason != "db move" {
		t.Errorf("held by %+v", h)
	}
	before := j.Holder
	if read(t, &j, true); j.Holder != before {
		t.Error("the same reading is another holder: lists would be made anew")
	}
	s.err = errors.New("locked")
	if read(t, &j, true); j.Holder != before {
		t.Error("a failure forgot who holds it")
	}
}

// TestHangs: a journal that another process holds is given up after a while, and
// read again two seconds later.
func TestHangs(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		j := journal.New(&shelf{hangs: true}, nil)
		begun := time.Now()
		m := j.Read(true)().(journal.Reading)
		if took := time.Since(begun); took != 10*time.Second || !errors.Is(m.Err, context.DeadlineExceeded) {
			t.Errorf("%v after %v", m.Err, took)
		}
		_, next := j.Take(m)
		begun = time.Now()
		if _, ok := next().(journal.Due); !ok || time.Since(begun) != 2*time.Second {
			t.Errorf("read again after %v", time.Since(begun))
		}
	})
}

// said is what the reminder says beside notes, in so many columns.
func said(j *journal.Journal, now time.Time, notes string, room int) string {
	th := theme.New(theme.Options{Colorless: true})
	text := ""
	for _, s := range j.Remind(th, now, []widget.Span{{Text: notes}}, room) {
		text += s.Text
	}
	return strings.TrimSpace(text)
}

// TestReminder: what somebody should know of, in as many words as there is room
// for; what is worse goes first, and notes give way to it.
func TestReminder(t *testing.T) {
	stand := func(s change.Stand, c desk.Change) desk.Change {
		c.Stand = s
		return c
	}
	ends, endless := trip("1A", time.Minute), trip("1B", 0)
	soon := trip("1C", 20*time.Second)
	other := pagetest.Order("1D", fleet.Bypass, fleet.Ref{Source: "etcd", Name: "gateway"}, "order", 1, pagetest.At(), 0)
	for _, tt := range []struct {
		about   string
		changes []desk.Change
		room    int
		want    string
	}{
		{"nothing", nil, 80, "sort: worst"},
		{"one that ends", []desk.Change{ends}, 80, "! trip order/payment in force, ends in 50 s · sort: worst"},
		{"less room", []desk.Change{ends}, 54, "! 1 change in force, ends in 50 s · sort: worst"},
		{"and less", []desk.Change{ends}, 40, "! 1 change in force · sort: worst"},
		{"and less", []desk.Change{ends}, 30, "! 1 in force · sort: worst"},
		{"notes give way", []desk.Change{ends}, 20, "! 1 change in force"},
		{"no room at all", []desk.Change{ends}, 5, "sort: worst"},
		{"one without an end", []desk.Change{endless}, 80, "! 1 change in force: trip order/payment · sort: worst"},
		{"several", []desk.Change{ends, endless}, 80, "! 2 changes in force, one ends in 50 s · sort: worst"},
		{"overdue", []desk.Change{stand(change.StandOverdue, ends)}, 80, "✗ 1 change overdue · sort: worst"},
		{"overdue among others", []desk.Change{endless, stand(change.StandOverdue, ends)}, 80, "✗ 1 change overdue, 1 in force · sort: worst"},
		{"interrupted", []desk.Change{stand(change.StandInterrupted, endless)}, 80, "! 1 change interrupted · sort: worst"},
		{"the one in force is meant, not one that is being made", []desk.Change{endless, stand(change.StandRunning, other)}, 80, "! 1 change in force: trip order/payment · sort: worst"},
		{"nor is its end", []desk.Change{ends, stand(change.StandRunning, soon)}, 80, "! trip order/payment in force, ends in 50 s · sort: worst"},
		{"in part, and drifted", []desk.Change{stand(change.StandPartial, endless), stand(change.StandDrifted, endless)}, 80, "! 2 changes in force · sort: worst"},
		{"over", []desk.Change{stand(change.StandUndone, ends)}, 80, "sort: worst"},
	} {
		j := journal.New(&shelf{changes: tt.changes}, nil)
		read(t, &j, true)
		if got := said(&j, pagetest.At().Add(10*time.Second), "sort: worst ", tt.room); got != tt.want {
			t.Errorf("%s, %d columns: %q, want %q", tt.about, tt.room, got, tt.want)
		}
	}
}

// TestUnread: a journal that cannot be read any more says nothing of how long changes
// take still: they may be over, and others may be there. Where there is none, nobody
// misses it.
func TestUnread(t *testing.T) {
	at := pagetest.At()
	s := &shelf{changes: []desk.Change{trip("1A", time.Minute)}}
	j := journal.New(s, nil)
	read(t, &j, true)
	j.Drawn(at)
	s.err = &fleet.Error{Detail: "locked"}
	read(t, &j, true)
	if !j.Moved(at) {
		t.Error("it is not drawn anew")
	}
	for room, want := range map[int]string{
		80: "? journal not read, 1 in force when it was · sort: worst", 40: "? journal not read · sort: worst", 22: "? journal not read", 9: "sort: worst",
	} {
		if got := said(&j, at.Add(time.Hour), "sort: worst ", room); got != want {
			t.Errorf("%d columns: %q, want %q", room, got, want)
		}
	}
	if j.Drawn(at); j.Moved(at.Add(time.Minute)) {
		t.Error("nothing runs down that nobody knows of")
	}
	s.err = nil
	read(t, &j, true)
	if got := said(&j, at, "", 80); got != "! trip order/payment in force, ends in 60 s" && got != "! trip order/payment in force, ends in 1 m" {
		t.Errorf("read again: %q", got)
	}

	j = journal.New(&shelf{err: errors.New("locked")}, nil)
	read(t, &j, true)
	if got := said(&j, at, "sort: worst ", 80); got != "? journal not read, what is in force is not known · sort: worst" {
		t.Errorf("never read: %q", got)
	}
	j = journal.New(nil, &fleet.Error{Detail: "a recording is played", Err: desk.ErrNone})
	if got := said(&j, at, "sort: worst ", 80); got != "sort: worst" {
		t.Errorf("there is none: %q", got)
	}
}

// TestMoved: what ends runs down with the clock; what does not is still.
func TestMoved(t *testing.T) {
	at := pagetest.At()
	for _, tt := range []struct {
		about string
		ttl   time.Duration
		moves bool
	}{{"it ends", time.Minute, true}, {"it has no end", 0, false}} {
		j := journal.New(&shelf{changes: []desk.Change{trip("1A", tt.ttl)}}, nil)
		if j.Moved(at) {
			t.Error("nothing was read, and it moves")
		}
		read(t, &j, true)
		if !j.Moved(at) {
			t.Errorf("%s: what was read is not seen", tt.about)
		}
		j.Drawn(at)
		if j.Moved(at.Add(100*time.Millisecond)) && tt.ttl == 0 {
			t.Errorf("%s: it moves within a second", tt.about)
		}
		if got := j.Moved(at.Add(time.Second)); got != tt.moves {
			t.Errorf("%s: moved %v", tt.about, got)
		}
	}
	j := journal.New(&shelf{changes: []desk.Change{trip("1A", time.Minute)}}, nil)
	read(t, &j, true)
	if got := said(&j, at.Add(time.Hour), "", 80); !strings.Contains(got, "ends now") {
		t.Errorf("long after its end: %q", got)
	}
}

// TestRemindingIsCheap: a frame walks through no change; the words are those of
// before until a second has gone by, or another reading says otherwise.
func TestRemindingIsCheap(t *testing.T) {
	s := &shelf{}
	for range 500 {
		s.changes = append(s.changes, trip("1A", time.Hour))
	}
	j := journal.New(s, nil)
	read(t, &j, false)
	now := pagetest.At().Add(time.Minute)
	j.Drawn(now)
	said := func(at time.Time) string {
		return j.Remind(theme.New(theme.Options{Colorless: true}), at, nil, 100)[0].Text
	}
	before := said(now)
	if allocs := testing.AllocsPerRun(100, func() { j.Moved(now) }); allocs > 1 {
		t.Errorf("%v allocations for words that are known", allocs)
	}
	if after := said(now.Add(time.Second)); after == before || !strings.Contains(before, "500 changes in force") {
		t.Errorf("%q after %q", after, before)
	}
	s.changes = s.changes[:1]
	read(t, &j, false)
	if got := said(now); !strings.Contains(got, "in force, ends in 59 m") {
		t.Errorf("after another reading: %q", got)
	}
}
