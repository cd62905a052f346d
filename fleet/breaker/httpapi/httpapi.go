// Package httpapi reads and switches breakers over midwatch's own small
// contract (docs/breaker-api.md), for everything that has no admin API of its
// own: gobreaker, failsafe-go, Polly, hyperlane and more. Package serve is the
// server side for Go.
//
// An order is one POST and one GET: the contract answers an unknown name with
// 404 and never makes a breaker of it, and carries out no order that is in
// force already, so that nothing need be read before. What the POST answers is
// not taken for proof.
package httpapi

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"slices"

	"github.com/midwatch-cli/midwatch/fleet"
	"github.com/midwatch-cli/midwatch/fleet/breaker"
	"github.com/midwatch-cli/midwatch/fleet/web"
	"github.com/midwatch-cli/midwatch/probe"
)

// Name is the driver's name.
const Name = "httpapi"

// usual is the base path where nobody says another.
const usual = "/midwatch"

// Driver is the row of the table.
func Driver() *breaker.Driver {
	return &breaker.Driver{
		Name: Name, Schemes: []string{"http", "https"}, Verbs: fleet.Verbs(),
		Summary:   "midwatch's own small contract, for libraries without an admin API (docs/breaker-api.md)",
		Abilities: []breaker.Ability{breaker.CanDrain, breaker.HasEvents, breaker.KeepsHolds, breaker.Observes},
		Open: func(o breaker.Options) (breaker.Admin, error) {
			return admin{client: o.Client, path: o.API.Path}, nil
		},
	}
}

// admin asks instances over one client.
type admin struct {
	client *http.Client
	path   string // as configured; empty: the usual one
}

var (
	_ breaker.Drainer   = admin{}
	_ breaker.Historian = admin{}
)

// Verbs are all there are; what a single breaker cannot do it lists itself, and
// answers 501.
func (a admin) Verbs() []fleet.Verb { return fleet.Verbs() }

// ask asks below the base of a site.
func (a admin) ask(ctx context.Context, at breaker.Site, below string, body any) (*web.Answer, error) {
	base, err := web.Base(at.Base, a.path, usual)
	if err != nil {
		return nil, err
	}
	q := web.Question{URL: base + below}
	if body != nil {
		if q.Body, err = json.Marshal(body); err != nil {
			return nil, fmt.Errorf("%s: %w", q.URL, err)
		}
	}
	return web.Ask(ctx, a.client, q)
}

// below is the path of one breaker.
func below(name string) string { return "/breakers/" + web.Segment(name) }

// List reads all breakers.
func (a admin) List(ctx context.Context, at breaker.Site) ([]fleet.Breaker, error) {
	answer, err := a.ask(ctx, at, "/breakers", nil)
	if err != nil {
		return nil, err
	}
	list, err := readList(answer)
	if errors.Is(err, fleet.ErrNotFound) {
		return nil, notServed(err)
	}
	return list, err
}

// notServed is a 404 for what every server of the contract has.
func notServed(err error) error {
	reason, text := fleet.ReasonOf(err)
	return &fleet.Error{Reason: reason, Detail: text, Hint: "is it served there? breakers.path of the profile says where, " + usual + " is the usual place", Err: err}
}

// get reads one breaker.
func (a admin) get(ctx context.Context, at breaker.Site, name string) (fleet.Breaker, error) {
	answer, err := a.ask(ctx, at, below(name), nil)
	if err != nil {
		return fleet.Breaker{}, err
	}
	return readOne(answer, name)
}

// Set orders and reads back.
func (a admin) Set(ctx context.Context, at breaker.Site, name string, o fleet.Order) (fleet.Breaker, error) {
	if !slices.Contains(fleet.Verbs(), o.Verb) {
		return fleet.Breaker{}, &fleet.Error{Reason: probe.ReasonNotFound, Detail: fmt.Sprintf("%s: %q is no order", at.Base, o.Verb), Err: errors.ErrUnsupported}
	}
	if name == "" {
		return fleet.Breaker{}, &fleet.Error{Reason: probe.ReasonNotFound, Detail: at.Base + ": a breaker has a name", Err: fleet.ErrNotFound}
	}
	answer, err := a.ask(ctx, at, below(name), writeOrder(o))
	if err == nil {
		err = answer.Err()
	}
	if err != nil {
		return fleet.Breaker{}, err
	}
	b, err := a.get(ctx, at, name)
	switch {
	case err != nil:
		return fleet.Breaker{}, notReadBack(err)
	case !breaker.Took(&b, o):
		return b, &fleet.Error{
			Reason: probe.ReasonReported, Err: breaker.ErrNoEffect,
			Detail: fmt.Sprintf("%s: %s was answered well, and breaker %q is %s", answer.Where, o.Verb, name, wordOf(b)),
		}
	}
	return b, nil
}

// notReadBack is an error after an order that was taken. That something is not
// there any more does not mean that it never was.
func notReadBack(err error) error {
	reason, text := fleet.ReasonOf(err)
	if errors.Is(err, fleet.ErrNotFound) || errors.Is(err, errors.ErrUnsupported) {
		err = errGone
	}
	return &fleet.Error{Reason: reason, Detail: "the order was taken, reading it back failed: " + text, Err: err}
}

var errGone = errors.New("it cannot be read back")

// wordOf is the state of a breaker, in the far side's word where it is not ours.
func wordOf(b fleet.Breaker) string {
	if b.Word != "" {
		return fmt.Sprintf("%q", b.Word)
	}
	return b.State.Words()
}

// wholeInstance refuses what is not the instance itself.
func wholeInstance(at breaker.Site, name string) error {
	if name == "" {
		return nil
	}
	return &fleet.Error{Reason: probe.ReasonNotFound, Detail: fmt.Sprintf("%s: %q is drained with its instance only", at.Base, name), Err: errors.ErrUnsupported}
}

// drain asks for the drain, or orders it.
func (a admin) drain(ctx context.Context, at breaker.Site, name string, body any) (drained, error) {
	if err := wholeInstance(at, name); err != nil {
		return drained{}, err
	}
	answer, err := a.ask(ctx, at, "/drain", body)
	if err != nil {
		return drained{}, err
	}
	d, err := readDrain(answer)
	if errors.Is(err, fleet.ErrNotFound) { // a server may leave the drain out
		reason, text := fleet.ReasonOf(err)
		err = &fleet.Error{Reason: reason, Detail: text, Err: errors.ErrUnsupported}
	}
	return d, err
}

// Drained reads whether the instance is in use.
func (a admin) Drained(ctx context.Context, at breaker.Site, name string) (breaker.DrainState, error) {
	d, err := a.drain(ctx, at, name, nil)
	return d.state, err
}

// SetDrain takes the instance out of use, or puts it back, and reads back.
func (a admin) SetDrain(ctx context.Context, at breaker.Site, name string, on bool, o fleet.Order) (breaker.DrainState, error) {
	body := writeOrder(o)
	body.Verb, body.Share, body.On = "", nil, &on
	if _, err := a.drain(ctx, at, name, body); err != nil {
		return breaker.DrainState{}, err
	}
	d, err := a.drain(ctx, at, name, nil)
	switch {
	case err != nil:
		return breaker.DrainState{}, notReadBack(err)
	case d.state.On != on:
		return d.state, &fleet.Error{
			Reason: probe.ReasonReported, Err: breaker.ErrNoEffect,
			Detail: fmt.Sprintf("%s: the drain was answered well, and it says %q", at.Base, d.state.Text),
		}
	}
	return d.state, nil
}

// DrainEffects are what the instance itself says a drain does besides.
func (a admin) DrainEffects(ctx context.Context, at breaker.Site, name string, on bool) ([]string, error) {
	d, err := a.drain(ctx, at, name, nil)
	if err != nil || !on {
		return nil, err
	}
	return d.effects, nil
}

// Events reads what happened.
func (a admin) Events(ctx context.Context, at breaker.Site, name string) ([]breaker.Event, error) {
	path := "/events"
	if name != "" {
		path = below(name) + path
	}
	answer, err := a.ask(ctx, at, path, nil)
	if err != nil {
		return nil, err
	}
	return readEvents(answer)
}
