package replay

import (
	"context"
	"slices"
	"sync"
	"time"

	"github.com/midwatch-cli/midwatch/cmd/app"
	"github.com/midwatch-cli/midwatch/fleet"
	"github.com/midwatch-cli/midwatch/fleet/metrics/series"
	"github.com/midwatch-cli/midwatch/fleet/record"
	"github.com/midwatch-cli/midwatch/fleet/record/play"
	"github.com/midwatch-cli/midwatch/fleet/wiring"
)

// What is kept of where somebody walks: for history, and for going back a little
// without reading anything again.
const (
	mostTrail      = 90
	leastTrail     = 8
	trailInstances = 60_000                 // in all snapshots of the trail
	filmWindow     = 3 * time.Minute        // of series: numbers are of the last minute
	haste          = 400 * time.Millisecond // after so long, numbers of passes that are only history are left out
)

// film is a recording that somebody walks through. One goroutine shows it; the
// trail and where it stands may be asked for by any.
type film struct {
	past   *past
	wanted app.Wanted
	player *play.Player
	reader *record.Reader
	next   int // the pass that follows the trail

	mu     sync.Mutex
	stands moment
	trail  []*fleet.Snapshot // guarded by mu, the oldest first
}

// Play is described at app.Past.
func (p *past) Play(ctx context.Context, w app.Wanted) app.Film {
	ctx, p.stop = context.WithCancel(ctx)
	r := p.tape.recording
	f := &film{past: p, wanted: w, reader: r.Reader(), stands: p.stands}
	f.player = play.New(r, play.Options{Speed: p.tape.speed, From: p.tape.from, Contexts: p.names, Counts: f.counts})
	f.player.Seek(p.tape.at) // a moment may be behind its pass
	p.film, p.done = f, make(chan struct{})
	out := make(chan *fleet.Snapshot, 1)
	frames := f.player.Newest(ctx)
	run := make(chan error, 1)
	go func() { run <- f.player.Run(ctx) }()
	go func() {
		f.run(ctx, frames, out)
		p.stop()
		if err := <-run; p.err == nil {
			p.err = err
		}
		f.reader.Close()
		close(p.done)
		close(out)
	}()
	return app.Film{Player: f.player, Feed: out, Trail: f.until}
}

// counts says whether an event is about what is looked at. Of what is selected by
// more than names, only the name is known here.
func (f *film) counts(e *fleet.Event) bool {
	if e.Key.Name == "" || f.wanted.Select == nil {
		return true // of a registry
	}
	one := fleet.Service{Ref: e.Key.Ref}
	if e.Key.Instance != "" {
		one.Instances = []fleet.Instance{{ID: e.Key.Instance}}
	}
	return len(f.wanted.Select(0, []fleet.Service{one})) > 0
}

// run shows what the player goes to, until there is no more or it cannot be read.
func (f *film) run(ctx context.Context, frames <-chan play.Frame, out chan *fleet.Snapshot) {
	var shown *fleet.Snapshot
	for frame := range frames {
		snap, err := f.at(ctx, frame.Pass)
		if err != nil {
			f.past.err = err
			return
		}
		if ctx.Err() != nil {
			return
		}
		if snap == shown {
			continue // what is new is not looked at
		}
		shown = snap
		select {
		case <-out:
		default:
		}
		out <- snap
	}
}

// at is the snapshot of a pass: one of the trail, or made now, as are those
// before it that history is about.
func (f *film) at(ctx context.Context, pass int) (*fleet.Snapshot, error) {
	began := time.Now()
	if len(f.trail) == 0 || pass < int(f.trail[0].Seq)-1 || pass-f.next >= f.length() {
		if err := f.begin(pass); err != nil {
			return nil, err
		}
	}
	for ; f.next <= pass; f.next++ {
		if err := f.read(ctx, f.next, f.next < pass && time.Since(began) > haste); err != nil {
			return nil, err
		}
	}
	place := f.past.tape.recording.Place(pass)
	f.mu.Lock()
	defer f.mu.Unlock()
	n := len(f.trail) - 1
	for n > 0 && int(f.trail[n].Seq)-1 > pass {
		n--
	}
	f.stands.pass, f.stands.now = pass, place.At
	return f.trail[n], nil
}

// begin begins a new trail that leads to a pass.
func (f *film) begin(pass int) error {
	r := f.past.tape.recording
	f.next = max(0, pass-f.length()+1)
	if f.wanted.Measures != nil {
		f.wanted.Measures = wiring.Measure(nil, series.Options{Window: filmWindow}, 0)
		f.past.keeps.Lock()
		err := f.past.keep(f.wanted, r.Place(f.next).At)
		f.past.keeps.Unlock()
		if err != nil {
			return err
		}
	}
	f.mu.Lock()
	f.trail = nil
	f.mu.Unlock()
	// Passes before the first over what is looked at have nothing to show.
	for ; f.next+1 < r.Passes() && f.next < pass; f.next++ {
		if passes, err := f.reader.At(f.next); err != nil || len(f.past.chosen(passes)) > 0 {
			return err
		}
	}
	return nil
}

// read puts a pass behind the trail. In a hurry it gets no numbers.
func (f *film) read(ctx context.Context, n int, hurry bool) error {
	place := f.past.tape.recording.Place(n)
	passes, err := f.reader.At(n)
	if err != nil {
		return err
	}
	if err := f.past.gather(n, f.wanted); err != nil {
		return err
	}
	if len(f.trail) > 0 && !f.past.open(place.Context) {
		return nil // nothing of what is looked at has changed
	}
	m := moment{n, place.At, f.past.chosen(passes)}
	w := f.wanted
	if hurry {
		w.Measures = nil
	}
	snap := &fleet.Snapshot{At: place.At}
	if len(m.passes) > 0 {
		one := *m.shown(ctx, w)
		snap = &one
	}
	snap.Seq = uint64(n + 1)
	f.mu.Lock()
	defer f.mu.Unlock()
	f.stands = m
	if over := len(f.trail) + 1 - f.length(); over > 0 {
		f.trail = slices.Delete(f.trail, 0, over)
	}
	f.trail = append(f.trail, snap)
	return nil
}

// length is how long a trail may be: less where snapshots are large.
func (f *film) length() int {
	instances := 1
	for _, one := range f.stands.passes {
		instances += one.Snapshot.Counts().Instances
	}
	return min(max(trailInstances/instances, leastTrail), mostTrail)
}

// until is described at app.Film.
func (f *film) until(seq uint64) []*fleet.Snapshot {
	f.mu.Lock()
	defer f.mu.Unlock()
	n := len(f.trail)
	for n > 0 && f.trail[n-1].Seq > seq {
		n--
	}
	return slices.Clone(f.trail[:n])
}

// moment is where it stands.
func (f *film) moment() moment {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.stands
}
