package desk

import (
	"context"
	"fmt"
	"strings"

	"github.com/midwatch-cli/midwatch/fleet"
	"github.com/midwatch-cli/midwatch/fleet/change"
	"github.com/midwatch-cli/midwatch/fleet/change/kind"
)

func (d *desk) Plan(ctx context.Context, intents []change.Intent) (change.Plan, error) {
	return d.Replan(ctx, change.Plan{}, intents)
}

func (d *desk) Replan(ctx context.Context, old change.Plan, intents []change.Intent) (change.Plan, error) {
	known, of := map[string]error{}, map[string]int{}
	for i := range old.Steps {
		s := &old.Steps[i]
		if of[s.Intent.Key()] = s.Of; s.Err != nil {
			known[s.Intent.Key()] = s.Err
		}
	}
	p := change.Plan{Steps: make([]change.Step, len(intents)), Retries: old.Retries}
	taken := make(map[string]bool, len(intents))
	for n, i := range intents {
		key := i.Key()
		if taken[key] {
			return change.Plan{}, fmt.Errorf("%s is named twice", i.Target.Name())
		}
		taken[key] = true
		p.Steps[n] = change.Step{Intent: i, Of: n, Err: known[key]}
		if old.Retries != "" {
			p.Steps[n].Of = of[key]
		}
		p.Context = i.Context
	}
	if err := d.prepare(ctx, &p); err != nil {
		return change.Plan{}, err
	}
	return p, nil
}

// prepare reads what is there for each step. Where each target is a far system
// of its own, one that cannot be read fails alone, as long as another can.
func (d *desk) prepare(ctx context.Context, p *change.Plan) error {
	p.At = d.Now()
	alone := workersOf(p.Steps, 0) > 1
	lanes{workers: workersOf(p.Steps, 0)}.run(ctx, p.Steps, func(i int) bool {
		s := &p.Steps[i]
		if s.Err == nil {
			s.Err = d.read(ctx, s)
		}
		if s.What == "" {
			s.What = d.name(s.Intent)
		}
		return alone || s.Err == nil
	})
	var first error
	failed := 0
	for i := range p.Steps {
		if err := p.Steps[i].Err; err != nil {
			failed++
			if first == nil {
				first = err
			}
		}
	}
	switch {
	case ctx.Err() != nil:
		return ctx.Err()
	case first != nil && (!alone || failed == len(p.Steps)):
		return first
	}
	p.What = title(p.Steps)
	return d.conflicts(ctx, p)
}

// name is what a step does, where it could not be read.
func (d *desk) name(i change.Intent) string {
	if c, err := kind.Open(d.Env, i); err == nil {
		return c.String()
	}
	return i.Verb() + " " + i.Target.Name()
}

// read prepares one step.
func (d *desk) read(ctx context.Context, s *change.Step) error {
	ctx, stop := context.WithTimeout(ctx, change.ReadBack)
	defer stop()
	c, err := kind.Open(d.Env, s.Intent)
	if err != nil {
		return err
	}
	s.Change, s.What = c, c.String()
	b, err := c.Prepare(ctx)
	if err != nil {
		return err
	}
	was, will, effects, err := c.Describe(ctx, b)
	if err != nil {
		return err
	}
	s.Before, s.Was, s.Will, s.SideEffects, s.Stands = b, was, will, effects, stands(b)
	if _, can, held := holderOf(c, b); can && !held {
		s.Stands = "by itself"
	}
	if h, ok := c.(change.Holder); ok {
		s.Already = h.Wanted(b)
	}
	return nil
}

// conflicts finds who else has something in force on the targets: by the
// journal, and by what the far systems say.
func (d *desk) conflicts(ctx context.Context, p *change.Plan) error {
	byKey := map[string][]holdingStep{}
	if d.Journal != nil {
		intents := make([]change.Intent, len(p.Steps))
		for i := range p.Steps {
			intents[i] = p.Steps[i].Intent
		}
		batches, err := d.Journal.Held(ctx, intents)
		if err != nil {
			return err
		}
		for _, b := range batches {
			for i := range b.Steps {
				key := b.Steps[i].Intent.Key()
				byKey[key] = append(byKey[key], holdingStep{b, &b.Steps[i]})
			}
		}
	}
	for i := range p.Steps {
		if s := &p.Steps[i]; s.Err == nil && !s.Undo {
			s.Held = d.heldBy(s, byKey[s.Intent.Key()])
		}
	}
	return nil
}

// holdingStep is a step that is in force, and its batch.
type holdingStep struct {
	batch *change.Batch
	step  *change.Record
}

// heldBy says who else holds the target of a step. What the same operator made
// is no conflict, but for an end that was promised: a reset does not break it
// unasked.
func (d *desk) heldBy(s *change.Step, journalled []holdingStep) []change.Holding {
	var out []change.Holding
	mark, _, held := holderOf(s.Change, s.Before)
	explained := false
	for _, j := range journalled {
		b := j.batch
		if c, err := kind.Open(d.Env, j.step.Intent); err == nil && held {
			if h, ok := c.(change.Holder); ok && h.Made(s.Before) {
				explained = true
				takesPlace(s, j, d.Who)
			}
		}
		if b.Who.Is(d.Who) && (b.Until.IsZero() || s.Intent.Holds()) {
			continue
		}
		out = append(out, change.Holding{Batch: b.ID, What: b.What, By: b.Who.String(), At: b.At, Reason: b.Reason, Until: b.Until})
	}
	if held && !explained && len(out) == 0 {
		by := mark.By
		if by == "" {
			by = change.SomeoneElse
		}
		out = append(out, change.Holding{Batch: mark.Change, By: by, Reason: mark.Reason, Until: mark.Until})
	}
	return out
}

// takesPlace finds where a step goes back to that orders again what the same
// operator has in force, if it is given an end: to where that went back to, as
// whoever says when it ends does not want it held on after it.
func takesPlace(s *change.Step, j holdingStep, who change.Who) {
	if s.Already && j.batch.Who.Is(who) && j.step.Before != nil {
		s.First, s.FirstWas = j.step.Before, j.step.Was
	}
}

func (d *desk) PlanUndo(ctx context.Context, b *change.Batch) (change.Plan, error) {
	p, err := d.undoing(b)
	if err != nil {
		return change.Plan{}, err
	}
	lanes{workers: workersOf(p.Steps, 0)}.run(ctx, p.Steps, func(i int) bool {
		d.readUndo(ctx, &p.Steps[i], b)
		return true
	})
	return p, ctx.Err()
}

// undoing is the plan to take a batch back, nothing read yet.
func (d *desk) undoing(b *change.Batch) (change.Plan, error) {
	if b.Undoes != "" {
		return change.Plan{}, fmt.Errorf("change %s takes %s back: %w", b.ID, b.Undoes, change.ErrIsUndo)
	}
	p := change.Plan{Context: b.Context, Undoes: b, At: d.Now(), What: "undo " + b.What}
	for i := len(b.Steps) - 1; i >= 0; i-- {
		if r := &b.Steps[i]; r.State != change.NotDone && r.Put == "" && r.Before != nil {
			p.Steps = append(p.Steps, change.Step{Intent: r.Intent, Undo: true, Of: r.N, What: "undo " + r.What, Before: r.Before, Will: r.Was})
		}
	}
	return p, nil
}

// readUndo reads what is there now. What cannot be read or opened is tried all
// the same: undoing says then what is wrong.
func (d *desk) readUndo(ctx context.Context, s *change.Step, b *change.Batch) {
	c, err := kind.Open(d.Env, s.Intent)
	if err != nil {
		s.Was, s.Unread = "not known: "+err.Error(), err
		return
	}
	markWith(c, b)
	s.Change = c
	ctx, stop := context.WithTimeout(ctx, change.ReadBack)
	defer stop()
	seen, err := c.After(ctx, s.Before)
	switch {
	case gone(err), err != nil && kind.Vanished(ctx, d.Env, s.Intent, err):
		s.Was, s.Stands = "it is gone", "gone"
		return
	case err != nil:
		s.Was, s.Unread = "not known: "+err.Error(), err
		return
	case seen.Back:
		s.SideEffects = []string{"it is as before already: nothing will be written"}
	case !seen.OK:
		s.SideEffects = []string{"it is not as it was left: somebody changed it since, and it is left alone"}
	}
	s.Was, s.Stands = seen.Text, fmt.Sprint(seen.OK, seen.Back)
}

func (d *desk) PlanRetry(ctx context.Context, b *change.Batch) (change.Plan, error) {
	if b.Undoes != "" {
		if d.Journal == nil {
			return change.Plan{}, change.ErrIsUndo
		}
		first, err := d.Journal.Batch(ctx, b.Undoes)
		if err != nil {
			return change.Plan{}, err
		}
		return d.PlanUndo(ctx, first)
	}
	p := change.Plan{Context: b.Context, Retries: b.ID}
	for i := range b.Steps {
		if r := &b.Steps[i]; r.State != change.Done && r.Put == "" {
			p.Steps = append(p.Steps, change.Step{Intent: r.Intent, Of: r.N})
		}
	}
	if len(p.Steps) == 0 {
		return p, nil
	}
	return p, d.prepare(ctx, &p)
}

// title says what a plan does, in one line.
func title(steps []change.Step) string {
	var lines []string
	seen := map[string]bool{}
	for i := range steps {
		if line := steps[i].Intent.About(); !seen[line] {
			seen[line] = true
			lines = append(lines, line)
		}
	}
	switch {
	case len(lines) == 0:
		return "nothing"
	case len(lines) <= 3:
		return strings.Join(lines, ", ")
	}
	return fmt.Sprintf("%s and %d more", lines[0], len(lines)-1)
}

// holderOf is a change of something that can be held.
func holderOf(c change.Change, b change.Before) (by fleet.Hold, can, held bool) {
	h, can := c.(change.Holder)
	if !can || b == nil {
		return by, can, false
	}
	by, held = h.Held(b)
	return by, can, held
}
