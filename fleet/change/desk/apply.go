package desk

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/midwatch-cli/midwatch/fleet"

	"github.com/midwatch-cli/midwatch/fleet/change"
)

// gone says that what an error is about is not there any more.
func gone(err error) bool { return errors.Is(err, fleet.ErrNotFound) }

func (d *desk) Apply(ctx context.Context, p change.Plan, o change.Options) (change.Outcome, error) {
	if held := p.Conflicts(); len(held) > 0 && !o.Override {
		return change.Outcome{}, &change.ConflictError{Held: held}
	}
	whole := p
	todo := d.todo(&p, &o)
	b := d.batch(&p, o)
	if len(p.Steps) == 0 {
		return change.Outcome{Batch: b, Results: results(&whole, todo, nil)}, nil
	}
	if d.Journal != nil {
		d.Hook(change.BeforeBegin)
		if err := d.Journal.Begin(ctx, b); err != nil {
			return change.Outcome{}, err
		}
		d.Hook(change.AfterBegin)
	}
	r := &run{desk: d, plan: &p, options: o, batch: b, results: make([]change.Result, len(p.Steps))}
	err := r.all(ctx)
	return change.Outcome{Batch: b, Results: results(&whole, todo, r.results)}, err
}

// todo leaves those steps in a plan that are not as ordered already, and returns
// their places.
func (d *desk) todo(p *change.Plan, o *change.Options) (places []int) {
	var steps []change.Step
	for i := range p.Steps {
		if !o.Skips(&p.Steps[i]) {
			steps, places = append(steps, p.Steps[i]), append(places, i)
		}
	}
	p.Steps = steps
	return places
}

// results are those of a whole plan: of what was left as it is too.
func results(p *change.Plan, todo []int, of []change.Result) []change.Result {
	if len(todo) == len(p.Steps) {
		return of
	}
	all := make([]change.Result, len(p.Steps))
	for i := range all {
		all[i] = change.Result{Step: p.Steps[i], N: i, State: change.Done, Now: p.Steps[i].Was}
	}
	for n, i := range todo {
		all[i] = of[n]
		all[i].N = i
	}
	return all
}

// batch is a plan as it is written down.
func (d *desk) batch(p *change.Plan, o change.Options) *change.Batch {
	now := d.Now()
	b := &change.Batch{
		At: now, What: p.What, Context: p.Context, Who: d.Who, Reason: o.Reason,
		Reapply: o.Reapply, Retries: p.Retries, Override: o.Override, Steps: make([]change.Record, len(p.Steps)),
	}
	if d.Origin != nil {
		b.Origin = d.Origin()
	}
	if p.Undoes != nil {
		b.Undoes = p.Undoes.ID
	}
	if o.TTL > 0 {
		b.Until, b.Keeper = now.Add(o.TTL), o.Keeper
	}
	for i := range p.Steps {
		s := &p.Steps[i]
		b.Steps[i] = change.Record{N: i, Of: s.Of, Undo: s.Undo, Intent: s.Intent, What: s.What, Was: s.Was, Will: s.Will, Before: s.Before, State: change.Intended}
		if o.TTL > 0 && s.First != nil {
			b.Steps[i].Before, b.Steps[i].Was = s.First, s.FirstWas
		}
	}
	return b
}

// run is a plan that is being carried out.
type run struct {
	desk    *desk
	plan    *change.Plan
	options change.Options
	batch   *change.Batch
	results []change.Result

	mu      sync.Mutex
	failed  int   // so many steps
	stopped error // why no more are begun
}

// Why steps were not begun any more.
var (
	errStopped = errors.New("stopped after too many failures")
	errOver    = errors.New("not begun, as the change's time was over")
)

func (r *run) all(ctx context.Context) error {
	for i := range r.results {
		r.results[i] = change.Result{Step: r.plan.Steps[i], N: i, State: change.NotDone}
	}
	known := make(chan int, len(r.results)) // never full: who works does not wait for the journal
	written := make(chan struct{})
	go func() {
		defer close(written)
		r.write(ctx, known)
	}()
	how := lanes{workers: workersOf(r.plan.Steps, r.options.Parallel), batch: r.options.Batch, pause: r.options.Pause}
	pausing, stop := ctx, func() {}
	if end := r.batch.Until; !end.IsZero() {
		pausing, stop = context.WithTimeout(ctx, end.Sub(r.desk.Now()))
	}
	defer stop()
	begun := how.run(pausing, r.plan.Steps, func(i int) bool {
		on := r.one(ctx, &r.results[i])
		known <- i
		return on
	})
	for i := begun; i < len(r.results); i++ {
		r.results[i].Err = r.why(ctx)
		known <- i
	}
	close(known)
	<-written
	return r.finish(ctx)
}

// why says why no more steps are begun; nil where they are.
func (r *run) why(ctx context.Context) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	switch end := r.batch.Until; {
	case r.stopped != nil:
		return r.stopped
	case !end.IsZero() && !r.desk.Now().Before(end):
		return errOver // whoever puts it back may have begun
	}
	return ctx.Err()
}

// one does a step, unless it is too late. It says whether to go on.
func (r *run) one(ctx context.Context, res *change.Result) bool {
	d := r.desk
	undoing := res.Undo
	if res.Err = r.why(ctx); res.Err != nil {
		return false
	}
	res.Began = d.Now()
	ctx = fleet.WithChange(ctx, r.batch.ID)
	if undoing {
		d.undo(ctx, res, r.plan.Undoes)
	} else {
		d.apply(ctx, res, r.batch)
	}
	res.Ended = d.Now()
	r.mu.Lock()
	defer r.mu.Unlock()
	if res.State == change.Failed || res.State == change.Unknown {
		r.failed++
	}
	if most := r.options.MaxFailures; most > 0 && r.failed >= most && r.stopped == nil {
		r.stopped = errStopped
	}
	return r.stopped == nil
}

// gather is how long results are waited for that are written down with others,
// and groupMost how many those are at most. What is lost with the process by
// then stays Intended, and is settled by reading.
const (
	gather    = 25 * time.Millisecond
	groupMost = 256
)

// write writes results down as they come, in groups.
func (r *run) write(ctx context.Context, known <-chan int) {
	for first := range known {
		group := []int{first}
		enough := time.NewTimer(gather)
	gathering:
		for len(group) < groupMost {
			select {
			case i, ok := <-known:
				if !ok {
					break gathering
				}
				group = append(group, i)
			case <-enough.C:
				break gathering
			}
		}
		enough.Stop()
		r.record(ctx, group)
	}
}

func (r *run) record(ctx context.Context, group []int) {
	steps := make([]change.Record, len(group))
	for n, i := range group {
		r.into(&r.batch.Steps[i], &r.results[i])
		steps[n] = r.batch.Steps[i]
	}
	if j := r.desk.Journal; j != nil {
		r.desk.Hook(change.BeforeRecord)
		ctx, stop := change.Outlive(ctx)
		err := j.Record(ctx, r.batch.ID, steps)
		stop()
		if err != nil {
			r.stop(fmt.Errorf("stopped, as results cannot be written down: %w", err))
		} else {
			r.desk.Hook(change.AfterRecord)
		}
	}
	if r.options.Progress != nil {
		for _, i := range group {
			r.options.Progress(r.results[i])
		}
	}
}

// into is a result as the journal keeps it.
func (r *run) into(rec *change.Record, res *change.Result) {
	rec.State, rec.Now, rec.Changed, rec.Began, rec.Ended = res.State, res.Now, res.Changed, res.Began, res.Ended
	if res.Err != nil {
		rec.Error = res.Err.Error()
	}
}

func (r *run) stop(err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.stopped == nil || errors.Is(r.stopped, errStopped) {
		r.stopped = err
	}
}

// finish says that all is known. A journal that failed is the command's error:
// what was sent is known to nobody else.
func (r *run) finish(ctx context.Context) error {
	if r.stopped != nil && !errors.Is(r.stopped, errStopped) {
		return r.stopped
	}
	r.batch.Finished = r.desk.Now()
	j := r.desk.Journal
	if j == nil {
		return nil
	}
	ctx, stop := change.Outlive(ctx)
	defer stop()
	r.desk.Hook(change.BeforeFinish)
	if err := j.Finish(ctx, r.batch.ID, r.batch.Finished); err != nil {
		return err
	}
	r.desk.Hook(change.AfterFinish)
	return nil
}

func (d *desk) Undo(ctx context.Context, b *change.Batch, o change.Options) (change.Outcome, error) {
	ctx = context.WithoutCancel(ctx)
	p, err := d.undoing(b)
	if err != nil {
		return change.Outcome{}, err
	}
	return d.Apply(ctx, p, o)
}
