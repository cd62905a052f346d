package kind

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/midwatch-cli/midwatch/fleet"
	"github.com/midwatch-cli/midwatch/fleet/breaker"
	"github.com/midwatch-cli/midwatch/fleet/change"
	"github.com/midwatch-cli/midwatch/probe"
)

func openBreaker(env Env, i change.Intent) (change.Change, error) {
	var o change.Order
	if err := json.Unmarshal(i.Params, &o); err != nil {
		return nil, fmt.Errorf("the parameters of a breaker change cannot be read: %w", err)
	}
	admin, err := administer(env, i.Target)
	if err != nil {
		return nil, err
	}
	return &order{target: i.Target, admin: admin, at: site(i.Target, i.Context), order: fleet.Order{Verb: o.Verb, Share: o.Share}}, nil
}

// administer finds what administers a target.
func administer(env Env, t change.Target) (breaker.Admin, error) {
	switch {
	case t.Admin == nil || env.Admin == nil:
		return nil, fmt.Errorf("%s: nobody says how it is administered: %w", t.Name(), change.ErrUnable)
	case t.Admin.Refused != "":
		return nil, &fleet.Error{Reason: probe.ReasonPolicy, Detail: t.Name() + ": " + t.Admin.Refused}
	}
	return env.Admin(*t.Admin)
}

// order is an order to a breaker.
type order struct {
	target change.Target
	admin  breaker.Admin
	at     breaker.Site
	order  fleet.Order
	marks  change.Marks
	read   *fleet.Breaker // what the far side read back after a write, until After is asked
}

// orderBefore is the Before of an order.
type orderBefore struct {
	State   string
	Word    string     `json:",omitempty"` // the far side's own, of a state that is none of ours
	OneOpen bool       `json:",omitempty"`
	Share   float64    `json:",omitempty"`
	Hold    fleet.Hold `json:",omitzero"`
}

func orderWas(b *fleet.Breaker) orderBefore {
	return orderBefore{State: b.State.String(), Word: b.Word, OneOpen: b.OneOpen, Share: b.Share, Hold: b.Hold}
}

// breaker is what was there, as far as an order changes it.
func (w orderBefore) breaker() (fleet.Breaker, error) {
	s, err := fleet.ParseBreakerState(w.State)
	return fleet.Breaker{State: s, Word: w.Word, OneOpen: w.OneOpen, Share: w.Share, Hold: w.Hold}, err
}

func readOrder(b change.Before) (fleet.Breaker, error) {
	var w orderBefore
	err := json.Unmarshal(b, &w)
	if err == nil {
		var was fleet.Breaker
		if was, err = w.breaker(); err == nil {
			return was, nil
		}
	}
	return fleet.Breaker{}, fmt.Errorf("what was there before cannot be read: %w", err)
}

func (c *order) Mark(m change.Marks) {
	c.marks = m
	c.order.By, c.order.Reason, c.order.Change, c.order.TTL = m.By, m.Reason, m.Change, m.TTL
}

func (c *order) String() string {
	return fmt.Sprintf("%s breaker %s of %s/%s%s", c.order.Verb, c.target.Breaker, c.target.Service, c.target.Instance, shareWords(c.order.Share))
}

func shareWords(share float64) string {
	if share <= 0 || share >= 1 {
		return ""
	}
	return fmt.Sprintf(" for %.4g%% of its calls", share*100)
}

// look reads the breaker. It is fleet.ErrNotFound only where the instance was
// read and has no such breaker: an API that is not there says nothing of it.
func (c *order) look(ctx context.Context) (*fleet.Breaker, error) {
	list, err := c.admin.List(ctx, c.at)
	if errors.Is(err, fleet.ErrNotFound) {
		err = notRead{err}
	}
	if err != nil {
		return nil, err
	}
	if b := breaker.Find(list, c.target.Breaker); b != nil {
		return b, nil
	}
	return nil, &fleet.Error{Reason: probe.ReasonNotFound, Detail: fmt.Sprintf("%s/%s has no breaker %q", c.target.Service, c.target.Instance, c.target.Breaker), Err: fleet.ErrNotFound}
}

// notRead is an error of reading a list, whatever the far side did not find: its
// words and its reason are kept, and that something was not found is not.
type notRead struct{ err error }

func (n notRead) Error() string { return n.err.Error() }

// As finds the words for people.
func (n notRead) As(target any) bool { return errors.As(n.err, target) }

func (c *order) Prepare(ctx context.Context) (change.Before, error) {
	b, err := c.look(ctx)
	if err != nil {
		return nil, err
	}
	verbs := b.Verbs
	if verbs == nil {
		verbs = c.admin.Verbs()
	}
	if !slices.Contains(verbs, c.order.Verb) {
		return nil, &fleet.Error{
			Reason: probe.ReasonPolicy, Hint: "midwatch registries says which orders an API can give", Err: errors.ErrUnsupported,
			Detail: fmt.Sprintf("%s cannot be given to breaker %s of %s by %s, which %s", c.order.Verb, b.Name, c.target.Service, c.target.Admin.API, verbList(verbs)),
		}
	}
	return json.Marshal(orderWas(b))
}

func verbList(verbs []fleet.Verb) string {
	var words []string
	for _, v := range verbs {
		words = append(words, string(v))
	}
	if len(words) == 0 {
		return "only reads"
	}
	return "can: " + strings.Join(words, ", ")
}

func (c *order) Describe(ctx context.Context, b change.Before) (was, will string, effects []string, err error) {
	before, err := readOrder(b)
	if err != nil {
		return "", "", nil, err
	}
	if a, ok := c.admin.(breaker.Advisor); ok {
		if effects, err = a.Advise(ctx, c.at, c.target.Breaker, c.order); err != nil {
			return "", "", nil, err
		}
	}
	wanted := fleet.Breaker{State: c.order.Verb.State(), Share: c.order.Share}
	return breakerWords(&before), breakerWords(&wanted), effects, nil
}

// breakerWords is a breaker's state for people.
func breakerWords(b *fleet.Breaker) string {
	words := b.State.Words() + shareWords(b.Share)
	if b.Word != "" {
		words += fmt.Sprintf(" (%q)", b.Word)
	}
	if h := b.Hold; h.By != "" || h.Reason != "" {
		words += " (" + holdWords(h) + ")"
	}
	return words
}

func holdWords(h fleet.Hold) string {
	switch {
	case h.By == "":
		return h.Reason
	case h.Reason == "":
		return h.By
	}
	return h.By + ": " + h.Reason
}

// Do gives the order. Where it takes the place of another hold the far side is
// not told an end: it would leave the breaker to itself, and not as it was held.
func (c *order) Do(ctx context.Context, b change.Before) error {
	before, err := readOrder(b)
	if err != nil {
		return err
	}
	o := c.order
	if before.State.Held() {
		o.TTL = 0
	}
	return c.set(ctx, o)
}

// set gives an order and keeps what was read back.
func (c *order) set(ctx context.Context, o fleet.Order) error {
	c.read = nil
	b, err := c.admin.Set(ctx, c.at, c.target.Breaker, o)
	if err == nil {
		c.read = &b
	}
	return err
}

func (c *order) After(ctx context.Context, b change.Before) (change.Seen, error) {
	before, err := readOrder(b)
	if err != nil {
		return change.Seen{}, err
	}
	now := c.read
	if c.read = nil; now == nil {
		ctx, stop := change.Outlive(ctx)
		defer stop()
		if now, err = c.look(ctx); err != nil {
			return change.Seen{}, err
		}
	}
	return change.Seen{
		Text: breakerWords(now), OK: breaker.Took(now, c.order) || c.opened(now),
		Changed: now.State != before.State || breakerShare(now) != breakerShare(&before) || !sameHold(&before, now), Back: c.back(&before, now), Since: now.Since,
	}, nil
}

// opened says whether a breaker is open as a trip leaves it where nothing tells
// that from one that opened by itself.
func (c *order) opened(now *fleet.Breaker) bool { return c.order.Verb == fleet.Trip && now.OneOpen }

// back says whether nothing is left of the order.
func (c *order) back(before, now *fleet.Breaker) bool {
	return asBefore(before, now) && (!c.opened(now) || before.State == fleet.BreakerOpen)
}

// asBefore says whether a breaker is as it was, as far as anybody can put it
// back: into open, half open and closed it goes by itself.
func asBefore(before, now *fleet.Breaker) bool {
	if !before.State.Held() || before.State == fleet.BreakerMetricsOnly {
		return now.State == before.State || !now.State.Held() && now.State != fleet.BreakerUnknown
	}
	return now.State == before.State && breakerShare(now) == breakerShare(before)
}

// sameHold says whether somebody holds a breaker who held it before.
func sameHold(before, now *fleet.Breaker) bool {
	a, b := before.Hold, now.Hold
	return !before.State.Held() || a.By == b.By && a.Reason == b.Reason && a.Change == b.Change
}

// breakerShare is the share that counts: it means something in forced open only.
func breakerShare(b *fleet.Breaker) float64 {
	if b.State != fleet.BreakerForcedOpen || b.Share <= 0 || b.Share >= 1 {
		return 1
	}
	return b.Share
}

// ours says whether a breaker is still as the order left it.
func (c *order) ours(now *fleet.Breaker) bool {
	wanted := c.order.Verb.State()
	switch {
	case foreign(now.Hold, c.marks):
		return false
	case wanted.Held():
		return c.opened(now) || now.State == wanted && breakerShare(now) == breakerShare(&fleet.Breaker{State: wanted, Share: c.order.Share})
	}
	return !now.State.Held()
}

// foreign says that a mark in the far system is not ours.
func foreign(h fleet.Hold, m change.Marks) bool {
	return h.Change != "" && m.Change != "" && h.Change != m.Change
}

func (c *order) Undo(ctx context.Context, b change.Before) error {
	before, err := readOrder(b)
	if err != nil {
		return err
	}
	now, err := c.look(ctx)
	if errors.Is(err, fleet.ErrNotFound) {
		return nil // with its process it forgot the order too
	}
	if err != nil || c.back(&before, now) && sameHold(&before, now) || !c.ours(now) {
		return err
	}
	verb, exact := fleet.VerbTo(before.State)
	o := fleet.Order{Verb: verb, By: c.marks.By, Reason: c.marks.Reason, Change: c.marks.Change}
	if exact && before.State.Held() {
		o.Share, o.By, o.Reason, o.Change = before.Share, before.Hold.By, before.Hold.Reason, before.Hold.Change
		if until := before.Hold.Until; !until.IsZero() {
			o.TTL = max(time.Until(until), time.Second)
		}
	}
	return c.set(ctx, o)
}

// Lost says whether the far side forgot the order: what is there now is what a
// process begins with, and nobody ordered it.
func (c *order) Lost(ctx context.Context) (bool, error) {
	now, err := c.look(ctx)
	if err != nil {
		return false, err
	}
	return c.order.Verb.State().Held() && !now.State.Held() && !c.opened(now) && now.State != fleet.BreakerUnknown && now.Hold.IsZero(), nil
}

// Held says who holds the breaker, as Before has it.
func (c *order) Held(b change.Before) (h fleet.Hold, held bool) {
	before, err := readOrder(b)
	return before.Hold, err == nil && before.State.Held()
}

// Wanted says whether the state in a Before is the one that is ordered.
func (c *order) Wanted(b change.Before) bool {
	before, err := readOrder(b)
	return err == nil && breaker.Wanted(&before, c.order)
}

// Made says whether the state in a Before is what this change orders.
func (c *order) Made(b change.Before) bool {
	before, err := readOrder(b)
	return err == nil && c.ours(&before)
}
