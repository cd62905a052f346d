// Package desk carries changes out: it plans by reading, writes down what is
// intended, does it on many targets at once, reads it back, and takes it back.
package desk

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/midwatch-cli/midwatch/fleet/change"
	"github.com/midwatch-cli/midwatch/fleet/change/kind"
)

// Setup is what a Desk works with.
type Setup struct {
	Env     kind.Env
	Journal change.Journal // nil: nothing is written down
	Who     change.Who
	Origin  func() change.Origin // how the context was opened, once it was read; nil: not known
	Now     func() time.Time     // nil: the clock
	// Hook is called at each boundary; nil: never. Tests end the process there.
	Hook func(change.Boundary)
}

// New returns the Desk of one context.
func New(s Setup) change.Desk {
	if s.Now == nil {
		s.Now = time.Now
	}
	if s.Hook == nil {
		s.Hook = func(change.Boundary) {}
	}
	return &desk{s}
}

type desk struct{ Setup }

// open makes the change of a step, which may come from another process, and
// tells it what to leave as a mark.
func (d *desk) open(s *change.Step, b *change.Batch) (change.Change, error) {
	c := s.Change
	if c == nil {
		var err error
		if c, err = kind.Open(d.Env, s.Intent); err != nil {
			return nil, err
		}
	}
	markWith(c, b)
	return c, nil
}

// markWith tells a change whose it is. An undo bears the marks of what it takes
// back: by them it knows it again.
func markWith(c change.Change, b *change.Batch) {
	m, ok := c.(change.Marker)
	if !ok {
		return
	}
	marks := change.Marks{By: b.Who.String(), Reason: b.Reason, Change: b.ID}
	if !b.Until.IsZero() {
		marks.TTL = max(time.Until(b.Until), time.Second)
	}
	m.Mark(marks)
}

// apply does one step and reads it back. A write that failed may have been made
// all the same: that too is settled by reading.
func (d *desk) apply(ctx context.Context, r *change.Result, b *change.Batch) {
	c, err := d.open(&r.Step, b)
	if err == nil {
		err = r.Step.Err
	}
	if err != nil {
		r.State, r.Err = change.Failed, err
		return
	}
	d.Hook(change.BeforeRequest)
	failed := d.within(ctx, func(ctx context.Context) error { return c.Do(ctx, r.Before) })
	d.Hook(change.AfterRequest)
	seen, err := c.After(ctx, r.Before)
	d.Hook(change.AfterReadBack)
	if err == nil {
		r.Now, r.Changed = seen.Text, seen.Changed && !r.Already
	}
	switch {
	case err != nil && failed != nil:
		r.State, r.Err = change.Unknown, fmt.Errorf("%w; and what is there now could not be read: %w", failed, err)
	case err != nil:
		r.State, r.Err = change.Unknown, fmt.Errorf("it was done and could not be read back: %w", err)
	case seen.OK && (failed == nil || r.Changed):
		r.State = change.Done
	case failed != nil:
		r.State, r.Err = change.Failed, failed
	default:
		r.State, r.Err = change.Failed, errors.New(seen.Text)
		if _, can, _ := holderOf(c, r.Before); can {
			r.Err = fmt.Errorf("it was asked for, and is %s", seen.Text)
		}
	}
}

// within bounds one request. A ctx that ends lets the request in hand finish,
// for so long that nobody has to wait for it who pressed Ctrl-C.
func (d *desk) within(ctx context.Context, do func(context.Context) error) error {
	inHand, stop := context.WithTimeout(context.WithoutCancel(ctx), change.ReadBack)
	defer stop()
	late := context.AfterFunc(ctx, func() {
		grace := time.NewTimer(Grace)
		defer grace.Stop()
		select {
		case <-grace.C:
			stop()
		case <-inHand.Done():
		}
	})
	defer late()
	return do(inHand)
}

// Grace is how long a request in hand may still take when the command is ended.
const Grace = time.Second

// undo takes one step back and reads what is there then.
func (d *desk) undo(ctx context.Context, u *change.Result, b *change.Batch) {
	ctx, stop := change.Outlive(ctx)
	defer stop()
	c, err := d.open(&u.Step, b)
	if err == nil {
		d.Hook(change.BeforeRequest)
		err = c.Undo(ctx, u.Before)
		d.Hook(change.AfterRequest)
	}
	if err != nil && kind.Vanished(ctx, d.Env, u.Intent, err) {
		u.State, u.Err = change.Left, fmt.Errorf("it is gone: its registry has it no more, and it does not answer: %w", err)
		return
	}
	if err != nil {
		u.State, u.Err = change.Failed, err
		return
	}
	seen, err := c.After(ctx, u.Before)
	d.Hook(change.AfterReadBack)
	switch {
	case err != nil && gone(err):
		u.State, u.Now = change.Done, "it is gone"
	case err != nil:
		u.State, u.Err = change.Unknown, fmt.Errorf("it was undone and could not be read back: %w", err)
	case seen.Back:
		u.State, u.Now, u.Changed = change.Done, seen.Text, u.Was != seen.Text
	case seen.OK:
		u.State, u.Now, u.Err = change.Failed, seen.Text, fmt.Errorf("it is not as before: %s", seen.Text)
	default:
		u.State, u.Now, u.Err = change.Left, seen.Text, fmt.Errorf("left alone, as somebody changed it since: %s", seen.Text)
	}
}
