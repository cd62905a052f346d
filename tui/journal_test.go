package tui_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	tea "charm.land/bubbletea/v2"

	"github.com/midwatch-cli/midwatch/fleet"
	"github.com/midwatch-cli/midwatch/fleet/change"
	"github.com/midwatch-cli/midwatch/tui"
	"github.com/midwatch-cli/midwatch/tui/desk"
	"github.com/midwatch-cli/midwatch/tui/page/pagetest"
	"github.com/midwatch-cli/midwatch/tui/theme"
)

// made are the changes of the night: a breaker is held open for another while, an
// instance is out without an end, and one change is over.
func made() []desk.Change {
	trip := pagetest.Order("1KZQ3TNV9J", fleet.Trip, ref("order"), "payment", 4, at().Add(-9*time.Minute-9*time.Second), 10*time.Minute)
	last := &trip.Batch.Steps[3]
	last.State, last.Now, last.Error = change.Failed, "", "401 after a read that was let in: CSRF"
	over := pagetest.Order("1KZQ1AAAAA", fleet.Bypass, ref("gateway"), "order", 2, at().Add(-5*time.Hour), 0)
	for i := range over.Batch.Steps {
		r := &over.Batch.Steps[i]
		r.Put, r.PutBy, r.PutAt = change.PutBack, "1KZQ1BBBBB", at().Add(-4*time.Hour)
	}
	drained := pagetest.Drained("1KZQ2BCDEF", fleet.Key{Ref: ref("user"), Instance: "user-1"}, at().Add(-3*time.Hour))
	return []desk.Change{trip, drained, pagetest.Stands(over.Batch, at())}
}

// endless are those of the night that have no end.
func endless() []desk.Change { return made()[1:2] }

// TestReminder: what is in force is said on the pages, in as many words as there
// is room for, and runs down with the clock.
func TestReminder(t *testing.T) {
	overdue := func() []desk.Change {
		c := made()
		c[0].Stand = change.StandOverdue
		return c
	}
	interrupted := func() []desk.Change {
		c := made()[:1]
		c[0].Stand = change.StandInterrupted
		return c
	}
	for _, tt := range []struct {
		name    string
		changes []desk.Change
		width   int
		want    string
	}{
		{"one with an end", made()[:1], 80, "! trip order/payment in force, ends in 51 s · sort: worst"},
		{"several", made(), 80, "! 2 changes in force, one ends in 51 s · sort: worst"},
		{"narrow", made(), 40, "! 2 in force · sort: worst"},
		{"without an end", endless(), 80, "! 1 change in force: drain user/user-1 · sort: worst"},
		{"overdue", overdue(), 80, "✗ 1 change overdue, 1 in force · sort: worst"},
		{"interrupted", interrupted(), 80, "! 1 change interrupted · sort: worst"},
		{"over", made()[2:], 80, "fleet                                                              sort: worst"},
		{"too narrow for both", made(), 24, "! 2 in force"},
	} {
		d := start(t, theme.Options{}, tt.width, 24, night())
		d.send(tui.JournalMsg(1, tt.changes, nil))
		if screen := d.screen(); !strings.Contains(screen, tt.want) {
			t.Errorf("%s: %q is not said:\n%s", tt.name, tt.want, screen)
		}
	}
	d := start(t, theme.Options{}, 80, 24, night())
	d.send(tui.JournalMsg(1, made()[:1], nil))
	d.now = d.now.Add(50 * time.Second)
	d.send(tui.TickMsg())
	if screen := d.screen(); !strings.Contains(screen, "ends in 1 s") {
		t.Errorf("it does not run down:\n%s", screen)
	}
	d.now = d.now.Add(time.Second)
	d.send(tui.TickMsg())
	if screen := d.screen(); !strings.Contains(screen, "ends now") {
		t.Errorf("at its end:\n%s", screen)
	}
	d.press(":")
	d.types("changes")
	d.press("enter")
	if screen := d.screen(); strings.Contains(screen, "in force, ends") {
		t.Errorf("it is said twice:\n%s", screen)
	}
}

// TestJournalIsDrawnOnce: a reading without news draws no frame, nor does the
// clock where nothing ends; one that comes late is no news at all.
func TestJournalIsDrawnOnce(t *testing.T) {
	d := start(t, theme.Options{}, 80, 24, night())
	frames := func(m tea.Msg) int {
		d.app.View()
		before := d.app.Drawn()
		d.send(m)
		d.app.View()
		return d.app.Drawn() - before
	}
	if n := frames(tui.JournalMsg(2, endless(), nil)); n != 1 {
		t.Errorf("%d frames for the first reading", n)
	}
	for n, m := range []tea.Msg{
		tui.JournalMsg(3, endless(), nil), tui.TickMsg(), // read anew, and the same
		tui.JournalMsg(1, made(), nil), // asked for before
	} {
		if frames(m) != 0 {
			t.Errorf("message %d is drawn", n)
		}
	}
	changed := endless()
	changed[0].Batch.Steps[0].Put = change.PutBack
	if n := frames(tui.JournalMsg(4, changed, nil)); n != 1 {
		t.Errorf("%d frames for news", n)
	}
	lost := errors.New("locked")
	for _, want := range []int{1, 0} {
		if n := frames(tui.JournalMsg(5+1-want, nil, lost)); n != want {
			t.Errorf("%d frames for a failure, want %d", n, want)
		}
	}
	d.press(":")
	d.types("changes")
	d.press("enter")
	if screen := d.screen(); !strings.Contains(screen, "as last read: locked") || !strings.Contains(screen, "1KZQ2BCDEF") {
		t.Errorf("what was read before is lost:\n%s", screen)
	}
	d = start(t, theme.Options{}, 80, 24, night())
	d.send(tui.JournalMsg(1, made(), nil))
	d.press(":")
	d.types("changes")
	d.press("enter")
	d.app.View()
	if frames(tui.TickMsg()) != 1 {
		t.Error("a page that runs down is not drawn each second")
	}
}

// reader is a Desk that only reads.
type reader struct {
	desk.Desk
	changes []desk.Change
	err     error
	times   int
}

func (r *reader) Changes(ctx context.Context) ([]desk.Change, error) {
	if _, limited := ctx.Deadline(); !limited {
		return nil, errors.New("it may take for ever")
	}
	r.times++
	return r.changes, r.err
}

// TestJournalIsRead: at the start, and again after each reading.
func TestJournalIsRead(t *testing.T) {
	r := &reader{changes: made()}
	app := tui.New(tui.Options{Desk: r, Now: at, Zone: time.UTC})
	app.Update(tea.WindowSizeMsg{Width: 80, Height: 24})
	app.Update(tui.SnapshotMsg(night()))
	_, again := app.Update(tui.Read(app))
	if again == nil || r.times != 1 {
		t.Fatalf("read %d times, and not again", r.times)
	}
	if _, read := app.Update(tui.JournalDueMsg()); read == nil {
		t.Error("when it is time nothing is read")
	} else if _, again := app.Update(read()); again == nil || r.times != 2 {
		t.Errorf("read %d times", r.times)
	}
	if _, more := app.Update(tui.JournalMsg(9, made(), nil)); more != nil {
		t.Error("a reading beside those begins a series of its own")
	}
	none := tui.New(tui.Options{Now: at})
	if _, read := none.Update(tui.JournalDueMsg()); read != nil {
		t.Error("there is nothing to be read")
	}
}
