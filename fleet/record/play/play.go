// Package play plays recordings: as a fleet.Feed that can be paused, sought in,
// stepped and played at any speed, or pass by pass for whoever must not miss
// one.
package play

import (
	"context"
	"math"
	"slices"
	"sync"
	"time"

	"github.com/midwatch-cli/midwatch/fleet"
	"github.com/midwatch-cli/midwatch/fleet/record"
)

// Max is the speed of who waits for nothing.
var Max = math.Inf(1)

// Options say how playing begins.
type Options struct {
	Speed  float64 // 1 is as it was, 2 twice as fast, Max at once; 0 is 1
	From   int     // the pass to begin with, counted from 0
	Paused bool    // that pass, and no more
	// Contexts are those that are looked at: steps go to their passes and events.
	// Nil: all.
	Contexts []string
	// Counts says which events are stepped to; nil: all.
	Counts func(*fleet.Event) bool
}

// Frame is where a recording stands: the newest pass over each context.
type Frame struct {
	Pass   int // counted from 0; the one that has just come
	Passes []record.Pass
}

// Snapshot is the frame as a feed shows it: contexts side by side, its number
// that of the pass, counted from 1. It is the frame's own.
func (f *Frame) Snapshot() *fleet.Snapshot {
	snaps := make([]*fleet.Snapshot, len(f.Passes))
	for i := range f.Passes {
		snaps[i] = f.Passes[i].Snapshot
	}
	s := *fleet.Merge(snaps)
	s.Seq = uint64(f.Pass + 1)
	return &s
}

// State is where playing stands.
type State struct {
	Pass   int // that is shown, counted from 0; below 0: none yet
	Passes int
	Now    time.Time // of the recording
	Speed  float64
	Paused bool
	Ended  bool  // the last pass is shown: there is only going back
	Err    error // why it cannot go on
}

// Player plays one recording. Its methods may be called by any goroutine, while
// Run runs in one; what they ask for is shown by the feed a moment later.
type Player struct {
	recording *record.Recording
	contexts  []string
	events    []record.Event // that are looked at
	wake      chan struct{}  // something was asked for

	mu     sync.Mutex
	pass   int       // that is shown; below 0: none yet
	target int       // that is to be shown next, whatever the time; below 0: none
	speed  float64   // never 0
	paused bool      //
	clock  time.Time // the recording's time ...
	since  time.Time // ... at this time of ours
	err    error
	over   bool // Run has returned
	last   *fleet.Snapshot
	frame  Frame
	latest map[chan *fleet.Snapshot]struct{}
	newest map[chan Frame]struct{}
	each   map[*follower]struct{}
}

// follower is one reader that gets every frame.
type follower struct {
	ctx    context.Context
	frames chan Frame
}

// New returns a player of a recording that has at least one pass. It plays
// while Run runs.
func New(r *record.Recording, o Options) *Player {
	if o.Speed == 0 {
		o.Speed = 1
	}
	p := &Player{
		recording: r, contexts: o.Contexts, events: counted(r, o), wake: make(chan struct{}, 1), pass: -1, speed: o.Speed, paused: o.Paused,
		latest: map[chan *fleet.Snapshot]struct{}{}, newest: map[chan Frame]struct{}{}, each: map[*follower]struct{}{},
	}
	p.goTo(o.From, time.Time{})
	return p
}

// counted are the events of a recording that are looked at.
func counted(r *record.Recording, o Options) []record.Event {
	all, _ := r.Events()
	if o.Contexts == nil && o.Counts == nil {
		return all
	}
	var some []record.Event
	for i := range all {
		if e := &all[i]; (o.Contexts == nil || slices.Contains(o.Contexts, e.Key.Context)) && (o.Counts == nil || o.Counts(&e.Event)) {
			some = append(some, *e)
		}
	}
	return some
}

// Run plays until ctx ends, or the recording cannot be read: that is the error.
// At the end of the recording it stays, for those who go back.
func (p *Player) Run(ctx context.Context) error {
	reader := p.recording.Reader()
	defer reader.Close()
	defer p.end()
	for {
		pass, wait := p.due()
		if wait > 0 {
			if !p.sleep(ctx, wait) {
				return nil
			}
			continue
		}
		passes, err := reader.At(pass)
		if err != nil {
			p.mu.Lock()
			p.err = err
			p.mu.Unlock()
			return err
		}
		p.show(ctx, Frame{pass, passes})
		if ctx.Err() != nil {
			return nil
		}
	}
}

// due says which pass is next, and how long until then.
func (p *Player) due() (pass int, wait time.Duration) {
	const long = math.MaxInt64
	p.mu.Lock()
	defer p.mu.Unlock()
	next := p.pass + 1
	switch {
	case p.target >= 0:
		return p.target, 0
	case p.paused || next >= p.recording.Passes():
		return 0, long
	case math.IsInf(p.speed, 1):
		return next, 0
	}
	left := float64(p.recording.Place(next).At.Sub(p.clock))/p.speed - float64(time.Since(p.since))
	return next, time.Duration(min(max(left, 0), long/2))
}

// sleep waits, until something is asked for at the most; false when ctx ends.
func (p *Player) sleep(ctx context.Context, d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return false
	case <-timer.C:
	case <-p.wake:
	}
	return true
}

// show publishes a frame: to those who want the newest at once, and to those who
// want each as soon as they take it.
func (p *Player) show(ctx context.Context, f Frame) {
	snap := f.Snapshot()
	p.mu.Lock()
	switch {
	case p.target == f.Pass:
		p.target = -1
	case p.target >= 0: // something else was asked for meanwhile
		p.mu.Unlock()
		return
	}
	p.pass, p.last, p.frame = f.Pass, snap, f
	if at := p.recording.Place(f.Pass).At; p.clock.Before(at) {
		p.set(at)
	}
	for ch := range p.latest {
		offer(ch, snap)
	}
	for ch := range p.newest {
		offer(ch, f)
	}
	followers := make([]*follower, 0, len(p.each))
	for one := range p.each {
		followers = append(followers, one)
	}
	p.mu.Unlock()
	for _, one := range followers {
		select {
		case one.frames <- f:
		case <-one.ctx.Done():
		case <-ctx.Done():
		}
	}
	if f.Pass == p.recording.Passes()-1 {
		p.dismiss()
	}
}

// offer puts the newest in a reader's cell, in place of an unread one.
func offer[T any](ch chan T, one T) {
	select {
	case <-ch:
	default:
	}
	ch <- one
}

// dismiss ends those who follow: there is nothing to come.
func (p *Player) dismiss() {
	p.mu.Lock()
	defer p.mu.Unlock()
	for one := range p.each {
		close(one.frames)
	}
	clear(p.each)
}

// end closes all channels.
func (p *Player) end() {
	p.dismiss()
	p.mu.Lock()
	defer p.mu.Unlock()
	p.over = true
	for ch := range p.latest {
		close(ch)
	}
	for ch := range p.newest {
		close(ch)
	}
	clear(p.latest)
	clear(p.newest)
}

// Each delivers every frame from now on, in order: playing waits for the
// reader. The channel is closed behind the last pass, and when ctx or Run ends.
func (p *Player) Each(ctx context.Context) <-chan Frame {
	one := &follower{ctx, make(chan Frame)}
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.over {
		close(one.frames)
		return one.frames
	}
	p.each[one] = struct{}{}
	return one.frames
}

// Latest is described at fleet.Feed.
func (p *Player) Latest(ctx context.Context) <-chan *fleet.Snapshot {
	p.mu.Lock()
	defer p.mu.Unlock()
	return reader(ctx, p, p.latest, p.last, p.last != nil)
}

// Newest delivers the frame that is shown and then each one after it, also behind
// the last for those who go back. A slow reader skips. The channel is closed when
// ctx or Run ends.
func (p *Player) Newest(ctx context.Context) <-chan Frame {
	p.mu.Lock()
	defer p.mu.Unlock()
	return reader(ctx, p, p.newest, p.frame, p.last != nil)
}

// reader makes a reader's cell, with what is shown in it if anything is. The
// player is locked.
func reader[T any](ctx context.Context, p *Player, all map[chan T]struct{}, shown T, any bool) <-chan T {
	ch := make(chan T, 1)
	if any {
		ch <- shown
	}
	if p.over {
		close(ch)
		return ch
	}
	all[ch] = struct{}{}
	context.AfterFunc(ctx, func() {
		p.mu.Lock()
		defer p.mu.Unlock()
		if _, ok := all[ch]; ok {
			delete(all, ch)
			close(ch)
		}
	})
	return ch
}

// Since is described at fleet.Feed. What is behind the pass that is shown has
// not happened yet, also where it was shown before.
func (p *Player) Since(seq uint64) (events []fleet.Event, gap bool) {
	p.mu.Lock()
	shown := p.pass
	p.mu.Unlock()
	_, dropped := p.recording.Events()
	all := p.events
	for i := range all {
		if all[i].Pass <= shown && uint64(all[i].Pass) >= seq {
			e := all[i].Event
			e.Seq = uint64(all[i].Pass + 1)
			events = append(events, e)
		}
	}
	return events, dropped && len(all) > 0 && seq <= uint64(all[0].Pass)
}

// Events are those of the whole recording that are looked at, in order. Nobody
// writes to them.
func (p *Player) Events() []record.Event { return p.events }

// Span is when the first and the last pass of the recording were.
func (p *Player) Span() (first, last time.Time) { return p.recording.Span() }

// Now is the recording's time.
func (p *Player) Now() time.Time {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.now()
}

func (p *Player) now() time.Time {
	now := p.clock
	next := p.pass + 1
	if p.paused || p.pass < 0 || p.target >= 0 || math.IsInf(p.speed, 1) || next >= p.recording.Passes() {
		return now
	}
	now = now.Add(time.Duration(float64(time.Since(p.since)) * p.speed))
	if at := p.recording.Place(next).At; now.After(at) {
		return at // it is about to come
	}
	return now
}

// set sets the recording's time.
func (p *Player) set(t time.Time) { p.clock, p.since = t, time.Now() }

// State says where playing stands.
func (p *Player) State() State {
	p.mu.Lock()
	defer p.mu.Unlock()
	return State{
		Pass: p.pass, Passes: p.recording.Passes(), Now: p.now(), Speed: p.speed, Paused: p.paused,
		Ended: p.pass == p.recording.Passes()-1, Err: p.err,
	}
}
