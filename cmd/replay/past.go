package replay

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/midwatch-cli/midwatch/cmd/app"
	"github.com/midwatch-cli/midwatch/cmd/term"
	"github.com/midwatch-cli/midwatch/fleet"
	"github.com/midwatch-cli/midwatch/fleet/breaker"
	"github.com/midwatch-cli/midwatch/fleet/judge"
	"github.com/midwatch-cli/midwatch/fleet/record"
	"github.com/midwatch-cli/midwatch/fleet/record/play"
	"github.com/midwatch-cli/midwatch/fleet/sweep"
)

// tape is a recording and the moment of it that is looked at.
type tape struct {
	recording *record.Recording
	from      int       // the pass that is shown, or the first of those that are
	at        time.Time // the recording's time then
	speed     float64
	past      *past // of the command; nil before it opened its contexts
}

// play runs a command with the recording in place of the fleet, its clock in
// place of ours, and nothing of what we keep ourselves: journal and cursor are
// of now.
func (t *tape) play(ctx context.Context, a *app.App, path string, command func(context.Context) error) error {
	getenv := a.Getenv
	a.Getenv = func(name string) string {
		switch name {
		case "HOME", "XDG_STATE_HOME", "LocalAppData":
			return ""
		}
		return getenv(name)
	}
	a.Past, a.Now, a.Holders = t.open, t.now, t.holder
	err := command(ctx)
	if t.past == nil {
		return err
	}
	t.past.Close()
	if broken := t.past.Err(); broken != nil {
		return wrong(broken)
	}
	var ended app.Ended
	late := errors.As(err, &ended) && ended.Code == app.TimedOut
	if t.past.over() && (late || path != "wait") && !a.IO.Quiet {
		_, last := t.recording.Span()
		fmt.Fprintln(a.IO.Err, term.Clean("the recording ends at "+last.Format(time.RFC3339)))
	}
	return err
}

func (t *tape) now() time.Time {
	switch {
	case t.past == nil:
		return t.at
	case t.past.film != nil:
		return t.past.film.player.Now()
	}
	return t.past.moment().now
}

func (t *tape) holder(k fleet.Key, b *fleet.Breaker) fleet.Hold {
	if t.past == nil {
		return fleet.Hold{}
	}
	for _, p := range t.past.moment().passes {
		for _, h := range p.Holds {
			if h.Key == k && h.Breaker == b.Name {
				return h.Hold
			}
		}
	}
	return fleet.Hold{}
}

// open opens contexts of the recording.
func (t *tape) open(names []string) (app.Past, error) {
	for _, name := range names {
		if !slices.Contains(t.recording.Contexts, name) {
			has := strings.Join(t.recording.Contexts, ", ")
			return nil, fmt.Errorf("the recording has no context %q: it has %s", name, cmp.Or(has, "one without a name"))
		}
	}
	p := &past{tape: t, names: names}
	reader := t.recording.Reader()
	defer reader.Close()
	passes, err := reader.At(t.from)
	if err != nil {
		return nil, err
	}
	p.stands = moment{pass: t.from, now: t.at, passes: p.chosen(passes)}
	if len(p.stands.passes) == 0 {
		return nil, fmt.Errorf("nothing was recorded of %s by then", strings.Join(names, ", "))
	}
	t.past = p
	return p, nil
}

// past is the opened contexts of a recording: an app.Past.
type past struct {
	tape  *tape
	names []string // of the open contexts; nil: all

	// stands is the moment that the command knows. While it watches it belongs to
	// the goroutine that shows passes, which is asked: what the command has not
	// taken yet has not happened for it.
	stands moment
	ask    chan chan moment
	done   chan struct{} // that goroutine has ended; nil: there was none
	stop   context.CancelFunc
	ended  bool // the last pass was shown
	err    error
	film   *film // somebody walks through it

	keeps sync.Mutex
	kept  *keeping // what fills the store of series; nil: nothing was asked for
}

// moment is a time of the recording, and the newest pass over each open context
// by then.
type moment struct {
	pass   int
	now    time.Time
	passes []record.Pass
}

// open says whether a context is.
func (p *past) open(name string) bool { return p.names == nil || slices.Contains(p.names, name) }

// contexts is how many are open.
func (p *past) contexts() int { return len(p.Contexts()) }

// chosen keeps the passes over open contexts, in their order.
func (p *past) chosen(passes []record.Pass) (kept []record.Pass) {
	for _, name := range p.Contexts() {
		for _, one := range passes {
			if one.Snapshot.Context == name {
				kept = append(kept, one)
			}
		}
	}
	return kept
}

// moment is where the command stands.
func (p *past) moment() moment {
	switch {
	case p.film != nil:
		return p.film.moment()
	case p.done == nil:
		return p.stands
	}
	answer := make(chan moment, 1)
	select {
	case p.ask <- answer:
		return <-answer
	case <-p.done:
		return p.stands
	}
}

// Contexts are the names of those that are open.
func (p *past) Contexts() []string {
	if p.names == nil {
		return p.tape.recording.Contexts
	}
	return p.names
}

// Inputs are what the registries held.
func (p *past) Inputs() []sweep.Input {
	passes := p.moment().passes
	inputs := make([]sweep.Input, len(passes))
	for i, one := range passes {
		s := one.Snapshot
		inputs[i] = sweep.Input{Services: judge.Held(s), Sources: s.Sources, Warnings: s.Warnings}
	}
	return inputs
}

// Pass is what a pass would have come to.
func (p *past) Pass(_ context.Context, w app.Wanted) ([]*fleet.Snapshot, error) {
	m := p.moment()
	if err := p.gather(m.pass, w); err != nil {
		return nil, err
	}
	return m.snapshots(w), nil
}

// again is what a pass over a context would have come to that was about less.
func again(context int, p record.Pass, w app.Wanted) *fleet.Snapshot {
	asking := w.Asking &^ (app.Metrics | app.Seen)
	var choose func([]fleet.Service) []fleet.Service
	if w.Select != nil {
		choose = func(all []fleet.Service) []fleet.Service { return w.Select(context, all) }
	}
	return judge.Again(p.Snapshot, judge.Another{Known: p.Known, Select: choose, Less: func(_ *fleet.InstanceView, e *judge.Evidence) {
		if asking != app.Everything && asking != app.HealthOnly {
			e.Probes = nil
		}
		if asking != app.Everything && asking != app.BreakersOnly {
			e.Breakers, e.BreakersWhy, e.BreakersHint = nil, fleet.Why{}, ""
		}
		if asking == app.Nothing && w.Asking&app.Metrics == 0 {
			e.Plan = fleet.Plan{}
		}
		if w.Asking&app.Metrics == 0 {
			e.Scrape, e.Plan.Metrics = nil, nil
		}
		if !w.Explain {
			e.Plan.Candidates, e.Plan.Origins = nil, nil
		}
	}})
}

// Watch shows one pass after the other.
func (p *past) Watch(ctx context.Context, w app.Wanted) <-chan *fleet.Snapshot {
	ctx, p.stop = context.WithCancel(ctx)
	out := make(chan *fleet.Snapshot)
	p.ask, p.done = make(chan chan moment), make(chan struct{})
	player := play.New(p.tape.recording, play.Options{Speed: p.tape.speed, From: p.tape.from})
	frames := player.Each(ctx)
	run := make(chan error, 1)
	go func() { run <- player.Run(ctx) }()
	go func() {
		p.show(ctx, w, frames, out)
		p.stop()
		if err := <-run; p.err == nil {
			p.err = err
		}
		close(p.done)
		close(out)
	}()
	return out
}

// show hands out what the frames come to, until the last, or until the time that
// the command has is over. Meanwhile it answers where the command stands.
func (p *past) show(ctx context.Context, w app.Wanted, frames <-chan play.Frame, out chan<- *fleet.Snapshot) {
	var until time.Time
	for {
		f, ok := p.next(frames)
		if !ok {
			p.ended = ctx.Err() == nil
			return
		}
		at := p.tape.recording.Place(f.Pass).At
		switch {
		case w.Within <= 0:
		case until.IsZero():
			until = at.Add(w.Within)
		case at.After(until):
			p.stands.now = until
			return
		}
		if p.err = p.gather(f.Pass, w); p.err != nil {
			return
		}
		next := moment{f.Pass, at, p.chosen(f.Passes)}
		if f.Pass == p.tape.from {
			next.now = p.tape.at
		} else if !p.open(p.tape.recording.Place(f.Pass).Context) {
			continue // nothing of what is looked at has changed
		}
		if len(next.passes) == p.contexts() && !p.hand(ctx, next, next.shown(ctx, w), out) {
			return
		}
	}
}

// next is the next frame; false behind the last.
func (p *past) next(frames <-chan play.Frame) (play.Frame, bool) {
	for {
		select {
		case f, ok := <-frames:
			return f, ok
		case answer := <-p.ask:
			answer <- p.stands
		}
	}
}

// hand hands out one snapshot; false when ctx ends first.
func (p *past) hand(ctx context.Context, next moment, snap *fleet.Snapshot, out chan<- *fleet.Snapshot) bool {
	for {
		select {
		case out <- snap:
			p.stands = next
			return true
		case answer := <-p.ask:
			answer <- p.stands
		case <-ctx.Done():
			return false
		}
	}
}

// snapshots is a moment as a pass would have seen it, context by context.
func (m *moment) snapshots(w app.Wanted) []*fleet.Snapshot {
	snaps := make([]*fleet.Snapshot, len(m.passes))
	for i, one := range m.passes {
		snaps[i] = again(i, one, w)
	}
	return snaps
}

// shown is a moment as a watcher sees it: side by side, with what metrics say.
func (m *moment) shown(ctx context.Context, w app.Wanted) *fleet.Snapshot {
	snaps := m.snapshots(w)
	for _, s := range snaps {
		if w.Measures != nil && w.Asking&app.Metrics != 0 {
			w.Measures.Traffic(ctx, s, m.now)
		}
	}
	s := fleet.Merge(snaps)
	if len(snaps) > 1 {
		s.Seq = uint64(m.pass + 1)
	}
	return s
}

// Err is why the recording could not be read to its end.
func (p *past) Err() error {
	select {
	case <-p.done:
		return p.err
	default:
		return nil
	}
}

// Close ends it.
func (p *past) Close() {
	if p.stop != nil {
		p.stop()
		<-p.done
	}
	if p.kept != nil {
		p.kept.close()
		p.kept = nil
	}
}

// over says whether the last pass was shown to a command that would have gone
// on.
func (p *past) over() bool { return p.done != nil && p.ended }

// Events are what happened to the breakers of an instance, as it was seen.
func (p *past) Events(_ context.Context, at breaker.Site, name string) ([]breaker.Event, error) {
	shown := p.moment().pass
	var found []breaker.Event
	all, _ := p.tape.recording.Events()
	for i := range all {
		e := &all[i]
		if e.Pass > shown || e.Kind != fleet.EventBreaker || e.Key != at.Key || name != "" && e.Breaker != name {
			continue
		}
		from, _ := fleet.ParseBreakerState(e.From) // one that was not there before has no word
		to, _ := fleet.ParseBreakerState(e.To)
		found = append(found, breaker.Event{At: e.At, Breaker: e.Breaker, Kind: "transition", From: from, To: to, Text: e.Why.Detail})
	}
	return found, nil
}
