package play_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/midwatch-cli/midwatch/fleet"
	"github.com/midwatch-cli/midwatch/fleet/record"
	"github.com/midwatch-cli/midwatch/fleet/record/line"
	"github.com/midwatch-cli/midwatch/fleet/record/play"
)

// A dashboard takes a player for a live feed.
var _ fleet.Feed = (*play.Player)(nil)

var start = time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)

// recorded writes passes, one every ten seconds, over the contexts in turn: an
// instance is up, or down in those passes that are named.
func recorded(t *testing.T, n int, down []int, contexts ...string) *record.Recording {
	t.Helper()
	path := filepath.Join(t.TempDir(), "a"+record.Extension)
	w, err := record.Create(path, line.Header{Contexts: contexts, Start: start}, false)
	if err != nil {
		t.Fatal(err)
	}
	for i := range n {
		ref := fleet.Ref{Context: contexts[i%len(contexts)], Source: "etcd", Name: "payment"}
		in := fleet.InstanceView{Key: fleet.Key{Ref: ref, Instance: "1"}, Instance: fleet.Instance{ID: "1"}, Status: fleet.Up}
		if slices.Contains(down, i) {
			in.Status = fleet.Down
		}
		s := &fleet.Snapshot{
			Seq: uint64(i/len(contexts) + 1), Context: ref.Context, At: start.Add(time.Duration(i) * 10 * time.Second),
			Services: []fleet.ServiceView{{Ref: ref, Instances: []fleet.InstanceView{in}}},
		}
		if err := w.Pass(record.Pass{Snapshot: s}); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(start, ""); err != nil {
		t.Fatal(err)
	}
	r, err := record.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = r.Close() })
	return r
}

// playing runs a player in a bubble; the test's end is its own.
func playing(t *testing.T, r *record.Recording, o play.Options) *play.Player {
	t.Helper()
	p := play.New(r, o)
	run(t, p)
	return p
}

func run(t *testing.T, p *play.Player) {
	t.Helper()
	ctx, stop := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- p.Run(ctx) }()
	t.Cleanup(func() {
		stop()
		if err := <-done; err != nil {
			t.Error(err)
		}
	})
}

// stands says where a player stands, in words: the pass, the seconds of the
// recording, and its state.
func stands(p *play.Player) string {
	synctest.Wait()
	s := p.State()
	words := fmt.Sprintf("%d of %d at %v", s.Pass, s.Passes, s.Now.Sub(start))
	if s.Paused {
		words += " paused"
	}
	if s.Ended {
		words += " ended"
	}
	return words
}

func expect(t *testing.T, p *play.Player, want string) {
	t.Helper()
	if got := stands(p); got != want {
		t.Errorf("%s, want %s", got, want)
	}
}

func TestSpeeds(t *testing.T) {
	r := recorded(t, 5, nil, "")
	for _, tt := range []struct {
		speed float64
		after time.Duration
		want  string
	}{
		{0, 0, "0 of 5 at 0s"},
		{0, 9 * time.Second, "0 of 5 at 9s"},
		{0, 10 * time.Second, "1 of 5 at 10s"},
		{1, 39 * time.Second, "3 of 5 at 39s"},
		{1, time.Hour, "4 of 5 at 40s ended"},
		{2, 15 * time.Second, "3 of 5 at 30s"},
		{0.1, 99 * time.Second, "0 of 5 at 9.9s"},
		{0.1, 100 * time.Second, "1 of 5 at 10s"},
		{play.Max, 0, "4 of 5 at 40s ended"},
	} {
		synctest.Test(t, func(t *testing.T) {
			p := playing(t, r, play.Options{Speed: tt.speed})
			synctest.Wait()
			time.Sleep(tt.after)
			expect(t, p, tt.want)
		})
	}
}

// TestHands: what a person does while it plays.
func TestHands(t *testing.T) {
	r := recorded(t, 10, nil, "")
	synctest.Test(t, func(t *testing.T) {
		p := playing(t, r, play.Options{})
		expect(t, p, "0 of 10 at 0s")
		time.Sleep(24 * time.Second)
		expect(t, p, "2 of 10 at 24s")
		p.Pause()
		time.Sleep(time.Hour)
		expect(t, p, "2 of 10 at 24s paused")
		p.Pause()
		expect(t, p, "2 of 10 at 24s paused")
		p.Resume()
		time.Sleep(5 * time.Second)
		expect(t, p, "2 of 10 at 29s")
		time.Sleep(time.Second)
		expect(t, p, "3 of 10 at 30s")
		p.SetSpeed(10)
		time.Sleep(1500 * time.Millisecond)
		expect(t, p, "4 of 10 at 45s")
		p.SetSpeed(1)
		time.Sleep(4 * time.Second)
		expect(t, p, "4 of 10 at 49s")
		p.Seek(start.Add(13 * time.Second))
		expect(t, p, "1 of 10 at 13s")
		time.Sleep(7 * time.Second)
		expect(t, p, "2 of 10 at 20s")
		p.Seek(start.Add(-time.Hour))
		expect(t, p, "0 of 10 at 0s")
		p.Seek(start.Add(time.Hour))
		expect(t, p, "9 of 10 at 1m30s ended")
		time.Sleep(time.Hour)
		p.Step(-2)
		expect(t, p, "7 of 10 at 1m10s paused")
		p.Step(1)
		expect(t, p, "8 of 10 at 1m20s paused")
		p.Step(-100)
		expect(t, p, "0 of 10 at 0s paused")
		p.Step(100)
		expect(t, p, "9 of 10 at 1m30s paused ended")
		p.Step(-1)
		p.Step(-1) // both count, however soon
		expect(t, p, "7 of 10 at 1m10s paused")
		p.SetSpeed(play.Max)
		p.Resume()
		expect(t, p, "9 of 10 at 1m30s ended")
	})
}

func TestBeginsAnywhere(t *testing.T) {
	r := recorded(t, 5, nil, "")
	synctest.Test(t, func(t *testing.T) {
		p := playing(t, r, play.Options{From: 3, Paused: true})
		time.Sleep(time.Minute)
		expect(t, p, "3 of 5 at 30s paused")
		expect(t, playing(t, r, play.Options{From: 100}), "4 of 5 at 40s ended")
	})
}

func TestStepsToEvents(t *testing.T) {
	r := recorded(t, 10, []int{3, 4, 8}, "") // events at 3, 5, 8, 9
	synctest.Test(t, func(t *testing.T) {
		p := playing(t, r, play.Options{Paused: true})
		synctest.Wait()
		var seen []int
		for p.StepEvent(false) {
			synctest.Wait()
			seen = append(seen, p.State().Pass)
		}
		for p.StepEvent(true) {
			synctest.Wait()
			seen = append(seen, p.State().Pass)
		}
		if got := fmt.Sprint(seen); got != "[3 5 8 9 8 5 3]" {
			t.Errorf("%s", got)
		}
		expect(t, p, "3 of 10 at 30s paused")
	})
}

// TestSince: events are numbered as the snapshots of the feed are, and what is
// to come is not told.
func TestSince(t *testing.T) {
	r := recorded(t, 10, []int{3, 4, 8}, "")
	synctest.Test(t, func(t *testing.T) {
		p := playing(t, r, play.Options{From: 6, Paused: true})
		synctest.Wait()
		words := func(seq uint64) string {
			events, gap := p.Since(seq)
			if gap {
				t.Error("a gap")
			}
			var all []string
			for _, e := range events {
				all = append(all, fmt.Sprintf("%d:%s", e.Seq, e.To))
			}
			return strings.Join(all, " ")
		}
		for seq, want := range map[uint64]string{0: "4:down 6:up", 3: "4:down 6:up", 4: "6:up", 6: "", 99: ""} {
			if got := words(seq); got != want {
				t.Errorf("since %d: %q, want %q", seq, got, want)
			}
		}
		p.Step(-2)
		synctest.Wait()
		if got := words(0); got != "4:down" {
			t.Errorf("after going back: %q", got)
		}
	})
}

// TestLatest: as a hub does it: the newest, in place of what nobody read; closed
// at the end.
func TestLatest(t *testing.T) {
	r := recorded(t, 5, nil, "prod", "test")
	synctest.Test(t, func(t *testing.T) {
		p := play.New(r, play.Options{})
		ctx, stop := context.WithCancel(t.Context())
		early, short := p.Latest(t.Context()), p.Latest(ctx)
		running, end := context.WithCancel(t.Context())
		done := make(chan error, 1)
		go func() { done <- p.Run(running) }()
		synctest.Wait()
		if s := <-early; s.Seq != 1 || s.Context != "prod" || len(s.Services) != 1 {
			t.Errorf("the first: %+v", s)
		}
		time.Sleep(25 * time.Second)
		synctest.Wait()
		if s := <-early; s.Seq != 3 || s.Context != "" || len(s.Services) != 2 || s.Services[0].Context != "prod" {
			t.Errorf("the newest: %+v", s)
		}
		stop()
		synctest.Wait()
		<-short
		if s, ok := <-short; ok {
			t.Errorf("after its context: %+v", s)
		}
		late := p.Latest(t.Context())
		if s := <-late; s.Seq != 3 {
			t.Errorf("who comes later: %+v", s)
		}
		end()
		if err := <-done; err != nil {
			t.Error(err)
		}
		if _, ok := <-late; ok {
			t.Error("open after the end")
		}
		after := p.Latest(t.Context())
		if s := <-after; s == nil || s.Seq != 3 {
			t.Errorf("after the end: %+v", s)
		}
		if _, ok := <-after; ok {
			t.Error("open after the end")
		}
		if _, ok := <-p.Each(t.Context()); ok {
			t.Error("frames after the end")
		}
	})
}

// TestEach: a slow reader misses nothing, at whatever speed, and playing waits
// for it.
func TestEach(t *testing.T) {
	r := recorded(t, 9, nil, "prod", "test")
	for _, speed := range []float64{1, 100, play.Max} {
		synctest.Test(t, func(t *testing.T) {
			p := play.New(r, play.Options{Speed: speed, From: 2})
			frames := p.Each(t.Context())
			gone, leave := context.WithCancel(t.Context())
			p.Each(gone) // nobody reads it
			leave()
			run(t, p)
			var seen []int
			for f := range frames {
				if len(f.Passes) != 2 || f.Passes[f.Pass%2].Snapshot.Seq != uint64(f.Pass/2+1) {
					t.Errorf("frame %d: %+v", f.Pass, f.Passes)
				}
				seen = append(seen, f.Pass)
				time.Sleep(35 * time.Second)
			}
			if got := fmt.Sprint(seen); got != "[2 3 4 5 6 7 8]" {
				t.Errorf("%s", got)
			}
		})
	}
}

// TestCannotGoOn: a recording that cannot be read ends the feed, and says why.
func TestCannotGoOn(t *testing.T) {
	path := filepath.Join(t.TempDir(), "a.jsonl")
	text := string((&line.Header{Contexts: []string{""}}).Append(nil)) + "\n" +
		`{"kind":"Snapshot","seq":1,"at":"2026-01-02T03:04:05Z"}` + "\n" + `{"kind":"Change","seq":2,"at":"2026-01-02T03:04:06Z","services":7}` + "\n"
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	r, err := record.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	synctest.Test(t, func(t *testing.T) {
		p := play.New(r, play.Options{})
		frames, latest := p.Each(t.Context()), p.Latest(t.Context())
		done := make(chan error, 1)
		go func() { done <- p.Run(t.Context()) }()
		<-frames
		if _, ok := <-frames; ok {
			t.Error("a frame that cannot be")
		}
		var e *record.Error
		if err := <-done; !errors.As(err, &e) || e.Line != 3 || !errors.Is(p.State().Err, err) {
			t.Errorf("%v, %v", err, p.State().Err)
		}
		if s := <-latest; s == nil || s.Seq != 1 {
			t.Errorf("%+v", s)
		}
		if _, ok := <-latest; ok {
			t.Error("the feed is open")
		}
	})
}
