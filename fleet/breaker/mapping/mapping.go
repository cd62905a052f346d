// Package mapping drives admin APIs that exist already, a service's own
// hand-written one most of all, by what a profile says of them
// (fleet.BreakerMapping): requests with a template for path and body, JSON
// pointers into the answer, and what its words mean. No code is needed.
//
// For {"breakers":[{"name":"orders","state":"HalfOpen","failure_count":3}]}:
//
//	breakers:
//	  api: mapping
//	  mapping:
//	    list: {path: /admin/circuits}
//	    items: /breakers
//	    name: /name
//	    state: /state
//	    set:
//	      trip: {path: "/admin/circuits/{name}/open", body: '{"by":"{by}","why":"{reason}"}'}
//	      reset: {path: "/admin/circuits/{name}/close"}
//
// Templates know {name}, {by}, {reason} and {change}, texts, and {ttlSeconds}
// and {share}, numbers. A breaker is listed before anything is ordered of it and
// listed again afterwards: such APIs answer well, and make a breaker, where
// there is none of that name.
package mapping

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"

	"github.com/midwatch-cli/midwatch/fleet"
	"github.com/midwatch-cli/midwatch/fleet/breaker"
	"github.com/midwatch-cli/midwatch/fleet/web"
	"github.com/midwatch-cli/midwatch/probe"
)

// Name is the driver's name.
const Name = "mapping"

// Driver is the row of the table. An Admin has those of the verbs that its
// mapping says how to give.
func Driver() *breaker.Driver {
	return &breaker.Driver{
		Name: Name, Schemes: []string{"http", "https"}, Verbs: fleet.Verbs(),
		Summary:   "an admin API that exists already, as breakers.mapping of the profile describes it",
		Abilities: []breaker.Ability{breaker.CanAdvise},
		Open:      func(o breaker.Options) (breaker.Admin, error) { return open(o) },
	}
}

// admin asks instances by one mapping.
type admin struct {
	client *http.Client
	path   string // in front of the mapping's own
	list   request
	read   reader
	set    map[fleet.Verb]request
}

// Problem is one thing that is wrong with a mapping.
type Problem struct {
	Key     string // below breakers.mapping: set.trip.path
	Message string
}

// Check finds what is wrong with a mapping, in the order of its keys.
func Check(m *fleet.BreakerMapping) []Problem {
	_, problems := compileAll(m)
	return problems
}

func open(o breaker.Options) (*admin, error) {
	m := o.API.Mapping
	if m == nil {
		return nil, &fleet.Error{Reason: probe.ReasonInternal, Detail: "breakers.mapping is missing: it says how the API is asked"}
	}
	a, problems := compileAll(m)
	if len(problems) > 0 {
		return nil, &fleet.Error{Reason: probe.ReasonInternal, Detail: "breakers.mapping." + problems[0].Key + ": " + problems[0].Message}
	}
	a.client, a.path = o.Client, o.API.Path
	return a, nil
}

// compileAll makes what can be made of a mapping, and says what is wrong with
// it.
func compileAll(m *fleet.BreakerMapping) (a *admin, problems []Problem) {
	a = &admin{set: map[fleet.Verb]request{}}
	a.list, problems = compile(m.List, http.MethodGet, "list")
	if a.list.names("name") {
		problems = append(problems, Problem{"list", "{name} has no place there: it asks for all breakers"})
	}
	wrong := a.read.compile(m)
	problems = append(problems, wrong...)
	for _, verb := range slices.Sorted(maps.Keys(m.Set)) {
		key := "set." + string(verb)
		r, wrong := compile(m.Set[verb], http.MethodPost, key)
		switch {
		case verb.State() == fleet.BreakerUnknown:
			wrong = []Problem{{key, "is no order"}}
		case len(wrong) == 0 && !r.names("name"):
			wrong = []Problem{{key, "neither path nor body has {name}: nobody would know which breaker is meant"}}
		}
		a.set[verb] = r
		problems = append(problems, wrong...)
	}
	return a, problems
}

// Verbs are those of the mapping.
func (a *admin) Verbs() []fleet.Verb {
	var verbs []fleet.Verb
	for _, v := range fleet.Verbs() {
		if _, ok := a.set[v]; ok {
			verbs = append(verbs, v)
		}
	}
	return verbs
}

// ask sends a request of the mapping.
func (a *admin) ask(ctx context.Context, at breaker.Site, r request, v values) (*web.Answer, error) {
	base, err := web.Base(at.Base, a.path, "")
	if err != nil {
		return nil, err
	}
	path, body := r.fill(v)
	return web.Ask(ctx, a.client, web.Question{Method: r.method, URL: base + path, Body: body})
}

// List reads all breakers.
func (a *admin) List(ctx context.Context, at breaker.Site) ([]fleet.Breaker, error) {
	answer, err := a.ask(ctx, at, a.list, values{})
	if err != nil {
		return nil, err
	}
	return a.read.list(answer)
}

// find lists, and finds one.
func (a *admin) find(ctx context.Context, at breaker.Site, name string) (fleet.Breaker, error) {
	list, err := a.List(ctx, at)
	if err != nil {
		return fleet.Breaker{}, err
	}
	b := breaker.Find(list, name)
	if b == nil {
		return fleet.Breaker{}, &fleet.Error{Reason: probe.ReasonNotFound, Detail: fmt.Sprintf("%s: there is no breaker %q", at.Base, name), Hint: hint(list), Err: fleet.ErrNotFound}
	}
	return *b, nil
}

// hint lists what there is.
func hint(list []fleet.Breaker) string {
	const enough = 8
	var names []string
	for _, b := range list[:min(len(list), enough)] {
		names = append(names, b.Name)
	}
	if len(names) == 0 {
		return "it lists none"
	}
	return "it lists " + strings.Join(names, ", ")
}

// Advise refuses what the mapping has no words for. What else an order does it
// does not say.
func (a *admin) Advise(_ context.Context, at breaker.Site, _ string, o fleet.Order) ([]string, error) {
	_, err := a.request(at, o)
	return nil, err
}

// request is that of an order.
func (a *admin) request(at breaker.Site, o fleet.Order) (request, error) {
	r, ok := a.set[o.Verb]
	switch {
	case !ok:
		return r, &fleet.Error{Reason: probe.ReasonNotFound, Detail: fmt.Sprintf("%s: breakers.mapping.set has no %q", at.Base, o.Verb), Err: errors.ErrUnsupported}
	case o.Share > 0 && o.Share < 1 && !r.names("share"):
		return r, &fleet.Error{Reason: probe.ReasonNotFound, Detail: at.Base + ": a share of calls is not in the mapping", Hint: "{share} in breakers.mapping.set." + string(o.Verb) + " says where it goes", Err: errors.ErrUnsupported}
	}
	return r, nil
}

// Set lists, orders, and lists again.
func (a *admin) Set(ctx context.Context, at breaker.Site, name string, o fleet.Order) (fleet.Breaker, error) {
	r, err := a.request(at, o)
	if err != nil {
		return fleet.Breaker{}, err
	}
	before, err := a.find(ctx, at, name)
	if err != nil || breaker.Wanted(&before, o) {
		return before, err
	}
	answer, err := a.ask(ctx, at, r, valuesOf(name, o))
	if err == nil {
		err = answer.Err()
	}
	if err != nil {
		return before, refused(err)
	}
	after, err := a.find(ctx, at, name)
	switch {
	case err != nil:
		reason, text := fleet.ReasonOf(err)
		return fleet.Breaker{}, &fleet.Error{Reason: reason, Detail: "the order was taken, reading it back failed: " + text, Err: listed(err)}
	case !took(before, after, o):
		return after, &fleet.Error{
			Reason: probe.ReasonReported, Err: breaker.ErrNoEffect,
			Detail: fmt.Sprintf("%s: %s was answered well, breaker %q was %s and is %s", answer.Where, o.Verb, name, wordOf(before), wordOf(after)),
			Hint:   "breakers.mapping.states says what its words mean",
		}
	}
	if o.Verb == fleet.Trip && after.State == fleet.BreakerForcedOpen {
		after.Share = o.Share
	}
	return after, nil
}

// took says whether an order shows. Many such APIs have one word for an open
// breaker, whoever opened it: there, a trip shows where it was not open before.
func took(before, after fleet.Breaker, o fleet.Order) bool {
	wanted := o
	wanted.Share = 0 // no API we know shows it
	return breaker.Took(&after, wanted) || o.Verb == fleet.Trip && after.State == fleet.BreakerOpen && before.State != fleet.BreakerOpen
}

// refused is the error of an order. The breaker is there, it was listed: that
// nothing is found is the path's doing.
func refused(err error) error {
	if !errors.Is(err, fleet.ErrNotFound) {
		return err
	}
	reason, text := fleet.ReasonOf(err)
	return &fleet.Error{Reason: reason, Detail: text, Hint: "the breaker is listed: is the path in breakers.mapping.set right?", Err: errPath}
}

// listed is the error of a list after an order: that something is not there any
// more does not mean that it never was.
func listed(err error) error {
	if errors.Is(err, fleet.ErrNotFound) || errors.Is(err, errors.ErrUnsupported) {
		return errGone
	}
	return err
}

var (
	errPath = errors.New("nothing is at the mapping's path")
	errGone = errors.New("it cannot be read back")
)

// wordOf is the state of a breaker, in the far side's word where it is not ours.
func wordOf(b fleet.Breaker) string {
	if b.Word != "" {
		return fmt.Sprintf("%q", b.Word)
	}
	return b.State.Words()
}
