package replay_test

import (
	"context"
	"os"
	"testing"
	"time"

	"github.com/midwatch-cli/midwatch/cmd/app"
	"github.com/midwatch-cli/midwatch/cmd/replay"
	"github.com/midwatch-cli/midwatch/cmd/term"
	"github.com/midwatch-cli/midwatch/fleet"
	"github.com/midwatch-cli/midwatch/fleet/metrics/series"
	"github.com/midwatch-cli/midwatch/fleet/record"
	"github.com/midwatch-cli/midwatch/fleet/wiring"
)

// demo is a recording of the demo fleet: something happens to it.
const demo = "../../testdata/recordings/demo.jsonl.zst"

// walking calls do with a film of a recording, paused at a moment.
func walking(t *testing.T, file, at string, sel app.Selection, do func(app.Film, func(want uint64) *fleet.Snapshot)) error {
	t.Helper()
	io, _, _ := term.Test("")
	a := app.New(io, func(string) string { return "" })
	return replay.In(t.Context(), a, "top", file, at, "1", func(ctx context.Context) error {
		ctx, stop := context.WithTimeout(ctx, 30*time.Second)
		defer stop()
		s, err := a.Open(ctx, app.Probing{Explain: true})
		if err != nil {
			return err
		}
		defer s.Close()
		chosen, err := sel.Compile(nil)
		if err != nil {
			return err
		}
		f := s.Past().Play(ctx, app.Wanted{
			Asking: app.Everything | app.Metrics, Measures: wiring.Measure(nil, series.Options{}, 0),
			Select: func(_ int, all []fleet.Service) []fleet.Service { some, _ := chosen.Apply(all); return some },
		})
		f.Pause()
		do(f, func(want uint64) *fleet.Snapshot {
			t.Helper()
			for s := range f.Feed {
				if s.Seq == want {
					return s
				}
			}
			t.Fatalf("snapshot %d did not come", want)
			return nil
		})
		return nil
	})
}

// numbers are what the metrics say of a service.
func numbers(t *testing.T, s *fleet.Snapshot, name string) fleet.Traffic {
	t.Helper()
	for i := range s.Services {
		if s.Services[i].Name == name {
			return *s.Services[i].Traffic
		}
	}
	t.Fatalf("no %s in %d", name, s.Seq)
	return fleet.Traffic{}
}

// TestWalk: whichever way one comes to a pass, it is the same, with the same
// numbers, and the passes before it are at hand.
func TestWalk(t *testing.T) {
	err := walking(t, demo, "", app.Selection{}, func(f app.Film, at func(uint64) *fleet.Snapshot) {
		at(1)
		for range 29 {
			f.Step(1)
		}
		waited := numbers(t, at(30), "order")
		if waited.Rate <= 0 {
			t.Fatalf("no numbers: %+v", waited)
		}
		_, last := f.Span()
		f.Seek(last)
		at(58)
		f.Step(-28)
		if back := numbers(t, at(30), "order"); back != waited {
			t.Errorf("back: %+v, want %+v", back, waited)
		}
		trail := f.Trail(30)
		if len(trail) != 30 || trail[0].Seq != 1 || trail[29].Seq != 30 {
			t.Errorf("a trail of %d", len(trail))
		}
		if !f.StepEvent(true) {
			t.Fatal("nothing happened before")
		}
		s := <-f.Feed
		if before := f.Events()[0].Pass + 1; s.Seq >= 30 || s.Seq < uint64(before) {
			t.Errorf("the event before 30 is in %d", s.Seq)
		}
	})
	if err != nil {
		t.Fatal(err)
	}
}

// TestWalkChosen: only what is selected is shown, and stepped to.
func TestWalkChosen(t *testing.T) {
	all := 0
	if err := walking(t, demo, "", app.Selection{}, func(f app.Film, _ func(uint64) *fleet.Snapshot) { all = len(f.Events()) }); err != nil {
		t.Fatal(err)
	}
	sel := app.Selection{Instance: "payment-2"}
	if err := walking(t, demo, "-30s", sel, func(f app.Film, at func(uint64) *fleet.Snapshot) {
		if n := len(f.Events()); n == 0 || n >= all {
			t.Errorf("%d events of %d", n, all)
		}
		for _, e := range f.Events() {
			if e.Key.Instance != "payment-2" {
				t.Errorf("%+v", e.Event)
			}
		}
		s := <-f.Feed
		if len(s.Services) != 1 || len(s.Services[0].Instances) != 1 {
			t.Errorf("shows %d services", len(s.Services))
		}
	}); err != nil {
		t.Fatal(err)
	}
}

// TestWalkCannotGoOn: what is damaged while it is played ends the feed, and the
// error says where.
func TestWalkCannotGoOn(t *testing.T) {
	data, err := os.ReadFile(demo)
	if err != nil {
		t.Fatal(err)
	}
	path := file(t, "a"+record.Extension)
	if err := os.WriteFile(path, data, 0o600); err != nil {
		t.Fatal(err)
	}
	err = walking(t, path, "", app.Selection{}, func(f app.Film, at func(uint64) *fleet.Snapshot) {
		at(1)
		if err := os.WriteFile(path, make([]byte, len(data)), 0o600); err != nil {
			t.Fatal(err)
		}
		_, last := f.Span()
		f.Seek(last)
		for range f.Feed {
		}
	})
	if err == nil {
		t.Fatal("what is damaged was played to its end")
	}
	if got := err.Error(); len(got) < len(path) || got[:len(path)] != path {
		t.Errorf("says %v", err)
	}
}
