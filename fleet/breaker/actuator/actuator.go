// Package actuator administers the circuit breakers of Resilience4j, 1.x and 2.x,
// behind Spring Boot's actuator, Boot 2 and 3. It is two rows of the table of
// admin APIs: actuator asks the instance itself, springbootadmin asks through a
// Spring Boot Admin server that can reach what we cannot.
//
// Trip is FORCE_OPEN, reset is CLOSE, bypass is DISABLE; there is no way to ask
// for half open, nor to refuse a share of the calls. The endpoint makes a breaker
// of any name it does not know and answers 200, so names are listed first; it
// forgets all counts when an order is repeated, so what is as ordered is left
// alone; and every order is read back.
//
// A list is one request for Resilience4j 2.x. For 1.x, which lists names only,
// the health page is asked for states, and the page of metrics for those that
// are not there. When a state was entered is told by Events alone: asking for it
// with each list would double its cost.
//
// Errors are *fleet.Error. Reading that is refused wraps fleet.ErrDenied. What no
// credentials would change wraps errors.ErrUnsupported: an endpoint that is not
// exposed or read-only, a name that the server refuses in paths. An Admin is safe
// for concurrent use, starts no goroutines and keeps nothing between calls.
//
// Wire: GET {base}/circuitbreakers, POST {base}/circuitbreakers/NAME, GET
// {base}/circuitbreakerevents, {base}/health/circuitBreakers, {base}/prometheus,
// GET and POST {base}/serviceregistry, and {base} itself, the index; see package
// page and testdata/wire.
package actuator

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"

	"github.com/midwatch-cli/midwatch/fleet"
	"github.com/midwatch-cli/midwatch/fleet/breaker"
	"github.com/midwatch-cli/midwatch/fleet/breaker/actuator/page"
	"github.com/midwatch-cli/midwatch/probe"
)

// Name is the name of the driver that asks instances themselves.
const Name = "actuator"

// defaultPath is where Spring Boot has its actuator.
const defaultPath = "/actuator"

// Driver is the row of the table for actuators that can be reached.
func Driver() *breaker.Driver {
	return driver(Name, "Resilience4j behind Spring Boot's actuator")
}

func driver(name, summary string) *breaker.Driver {
	return &breaker.Driver{
		Name: name, Schemes: []string{"http", "https"}, Summary: summary,
		Verbs:     []fleet.Verb{fleet.Trip, fleet.Reset, fleet.Bypass},
		Abilities: []breaker.Ability{breaker.CanDrain, breaker.HasEvents, breaker.CanAdvise},
		Open:      func(o breaker.Options) (breaker.Admin, error) { return open(name, o) },
	}
}

// admin is an Admin of either driver.
type admin struct {
	name    string // of the driver
	options breaker.Options
	login   string // the page that hands out tokens against forged requests; empty: none is wanted
}

func open(name string, o breaker.Options) (breaker.Admin, error) {
	a := &admin{name: name, options: o}
	switch csrf := o.API.CSRF; {
	case csrf == "":
	case csrf == "spring":
		a.login = "/login"
	case strings.HasPrefix(csrf, "/"):
		a.login = csrf
	default:
		return nil, &fleet.Error{Reason: probe.ReasonPolicy, Detail: fmt.Sprintf("breakers.csrf: %q is no way to fetch a token", csrf), Hint: "write spring, or the path of the page that holds the token"}
	}
	return a, nil
}

// words are the orders as the endpoint takes them.
func words(v fleet.Verb) string {
	switch v {
	case fleet.Trip:
		return "FORCE_OPEN"
	case fleet.Reset:
		return "CLOSE"
	case fleet.Bypass:
		return "DISABLE"
	case fleet.HalfOpen:
	}
	return ""
}

// Verbs are trip, reset and bypass.
func (a *admin) Verbs() []fleet.Verb { return []fleet.Verb{fleet.Trip, fleet.Reset, fleet.Bypass} }

// can says why an order cannot be given at all.
func (f *far) can(name string, o fleet.Order) error {
	switch {
	case words(o.Verb) == "":
		return f.impossible(fmt.Sprintf("Resilience4j takes no order %s over HTTP", o.Verb), "it knows trip, reset and bypass")
	case o.Verb == fleet.Trip && o.Share > 0 && o.Share < 1:
		return f.impossible("Resilience4j refuses all calls or none, not a share of them", "leave the share out")
	case name == "." || name == "..":
		return f.impossible(fmt.Sprintf("no path can name the breaker %q", name), "")
	}
	return nil
}

// List returns every breaker of the instance.
func (a *admin) List(ctx context.Context, at breaker.Site) ([]fleet.Breaker, error) {
	f, err := a.reach(ctx, at)
	if err != nil {
		return nil, err
	}
	return f.list(ctx)
}

// list reads the breakers, and the states of those that are only named.
func (f *far) list(ctx context.Context) ([]fleet.Breaker, error) {
	reply, err := f.getMapped(ctx, "circuitbreakers")
	if err != nil {
		return nil, err
	}
	list, named, err := page.List(reply.body)
	if err != nil {
		return nil, f.unreadable(reply, err)
	}
	if named {
		if err := f.fillStates(ctx, list); err != nil {
			return nil, err
		}
	}
	for i := range list {
		list[i].API = f.admin.name
	}
	return list, nil
}

// fillStates asks for the states of breakers that were only named: the health
// page first, and the page of metrics for those that it does not have. A state
// that neither has stays unknown, and the names stay an answer.
func (f *far) fillStates(ctx context.Context, list []fleet.Breaker) error {
	fill := func(found []fleet.Breaker) {
		for i := range list {
			if b := breaker.Find(found, list[i].Name); b != nil && list[i].State == fleet.BreakerUnknown {
				list[i] = *b
			}
		}
	}
	reply, err := f.send(ctx, http.MethodGet, f.path("health")+"/circuitBreakers", nil)
	if err == nil && (reply.code == http.StatusOK || reply.code == http.StatusServiceUnavailable) {
		var found []fleet.Breaker
		if found, err = page.Health(reply.body); err == nil {
			fill(found)
		}
	}
	unknown := slices.ContainsFunc(list, func(b fleet.Breaker) bool { return b.State == fleet.BreakerUnknown })
	if unknown && ctx.Err() == nil && f.admin.options.Scrape != nil {
		var samples []breaker.Sample
		if samples, err = f.admin.options.Scrape(ctx, f.base+f.path("prometheus")+"?includedNames="+strings.Join(page.Series(), "&includedNames=")); err == nil {
			fill(page.Samples(samples))
		}
	}
	if ctx.Err() != nil {
		return f.broken(ctx.Err())
	}
	if err != nil {
		f.admin.options.Log.DebugContext(ctx, "states of breakers are not known", "instance", f.where, "error", err)
	}
	return nil
}

// Set carries out an order and reads the breaker back.
func (a *admin) Set(ctx context.Context, at breaker.Site, name string, o fleet.Order) (fleet.Breaker, error) {
	f, err := a.reach(ctx, at)
	if err != nil {
		return fleet.Breaker{}, err
	}
	if err := f.can(name, o); err != nil {
		return fleet.Breaker{}, err
	}
	list, err := f.list(ctx)
	if err != nil {
		return fleet.Breaker{}, err
	}
	before := breaker.Find(list, name)
	switch {
	case before == nil:
		return fleet.Breaker{}, f.unknown(name, list)
	case breaker.Wanted(before, o):
		return *before, nil
	}
	reply, err := f.order(ctx, name, o)
	if err != nil {
		return *before, err
	}
	return f.readBack(ctx, reply, name, o)
}

// readBack is the breaker after an order, and what is wrong with it.
func (f *far) readBack(ctx context.Context, reply *answer, name string, o fleet.Order) (fleet.Breaker, error) {
	list, err := f.list(ctx)
	if err != nil {
		reason, text := fleet.ReasonOf(err)
		return fleet.Breaker{}, &fleet.Error{Reason: reason, Detail: f.where + " took the order, and cannot be read back: " + text, Hint: "list its breakers: it may well be as ordered", Err: err}
	}
	after := breaker.Find(list, name)
	taken, now, unread := page.Changed(reply.body)
	switch {
	case unread == nil && taken != name:
		// Something between us and the endpoint cut or changed the name.
		return fleet.Breaker{}, &fleet.Error{
			Reason: probe.ReasonProtocol, Detail: fmt.Sprintf("%s: the order for %q reached a breaker called %q", f.where, name, page.Line(taken)),
			Hint: "a proxy may rewrite paths; a breaker of that name may exist now, until the process restarts",
		}
	case after == nil:
		return fleet.Breaker{}, &fleet.Error{Reason: probe.ReasonReported, Detail: fmt.Sprintf("%s: the breaker %q is gone after the order", f.where, name)}
	case after.State == fleet.BreakerUnknown && unread == nil:
		after.State = now // the endpoint's own word, where nothing else tells states
	}
	if !breaker.Took(after, o) {
		return *after, &fleet.Error{Reason: probe.ReasonReported, Detail: fmt.Sprintf("%s: %s was answered well, and %q is %s", f.where, words(o.Verb), name, after.State.Words()), Err: breaker.ErrNoEffect}
	}
	return *after, nil
}

// unknown says that a name is not in the list.
func (f *far) unknown(name string, list []fleet.Breaker) error {
	names := make([]string, len(list))
	hint := ""
	for i := range list {
		names[i] = page.Line(list[i].Name)
		if strings.EqualFold(list[i].Name, name) {
			hint = fmt.Sprintf("names are case-sensitive: there is %q", names[i])
		}
	}
	if hint == "" {
		hint = "it has " + page.Line(strings.Join(names, ", "))
	}
	if len(names) == 0 {
		hint = "it has none: breakers may come into being with the first call"
	}
	return &fleet.Error{Reason: probe.ReasonNotFound, Detail: fmt.Sprintf("%s has no breaker %q", f.where, name), Hint: hint, Err: fleet.ErrNotFound}
}

// Events returns what happened, oldest first. All breakers are asked for also
// where one is wanted and its name is no plain word: servers refuse some names
// in paths.
func (a *admin) Events(ctx context.Context, at breaker.Site, name string) ([]breaker.Event, error) {
	f, err := a.reach(ctx, at)
	if err != nil {
		return nil, err
	}
	const id = "circuitbreakerevents"
	rest := ""
	if name != "" && plain(name) {
		rest = "/" + name
	}
	reply, err := f.getMapped(ctx, id, rest)
	if err != nil {
		return nil, err
	}
	events, err := page.Events(reply.body)
	if err != nil {
		return nil, f.unreadable(reply, err)
	}
	return slices.DeleteFunc(events, func(e breaker.Event) bool { return name != "" && e.Breaker != name }), nil
}

// plain says that a name is written in a path as it is.
func plain(name string) bool {
	for _, r := range name {
		if (r < 'a' || r > 'z') && (r < 'A' || r > 'Z') && (r < '0' || r > '9') && r != '-' && r != '_' {
			return false
		}
	}
	return true
}

// impossible is what this API cannot do, wherever it is.
func (f *far) impossible(what, hint string) error {
	return &fleet.Error{Reason: probe.ReasonPolicy, Detail: f.where + ": " + what, Hint: hint, Err: errors.ErrUnsupported}
}

// unsupported is a refusal of this far side that no credentials would change.
func (f *far) unsupported(what, hint string) error {
	return &fleet.Error{Reason: probe.ReasonNotFound, Detail: f.where + ": " + what, Hint: hint, Err: errors.ErrUnsupported}
}
