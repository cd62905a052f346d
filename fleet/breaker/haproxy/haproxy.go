// Package haproxy reads and switches the servers of an HAProxy by its runtime
// API, a stats socket on a unix path or a TCP port.
//
// A breaker is a server of a backend, BACKEND/SERVER. Tripped is its forced
// maintenance, `set server B/S state maint`; reset is `state ready`. What
// somebody ordered (srv_admin_state) and what checks observe (srv_op_state) are
// told apart: maintenance is forced open, down by checks is open. A drain is no
// state of the breaker; it is the Drainer's, `state drain`. All of it lives in
// the memory of one process: a reload forgets it.
//
// Wire: HAProxy's management guide, 9.3 (Unix Socket commands), and replies
// recorded from 2.6.12 in testdata/wire. Every reply ends with an empty line,
// and the success of a write is that line alone.
package haproxy

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"slices"
	"strings"
	"time"

	"github.com/midwatch-cli/midwatch/fleet"
	"github.com/midwatch-cli/midwatch/fleet/breaker"
	"github.com/midwatch-cli/midwatch/probe"
)

// Name is the driver's name.
const Name = "haproxy"

// Driver is the row of the table.
func Driver() *breaker.Driver {
	return &breaker.Driver{
		Name: Name, Schemes: []string{"unix", "tcp"}, Summary: "HAProxy's runtime API: the servers of its backends", Verbs: verbs(),
		Abilities: []breaker.Ability{breaker.CanDrain, breaker.CanAdvise, breaker.Observes},
		Open: func(o breaker.Options) (breaker.Admin, error) {
			return &admin{dial: o.Dial, log: o.Log, now: time.Now}, nil
		},
	}
}

func verbs() []fleet.Verb { return []fleet.Verb{fleet.Trip, fleet.Reset} }

// admin asks one connection a question: the socket closes after each line. It
// keeps nothing between calls.
type admin struct {
	dial func(ctx context.Context, network, address string) (net.Conn, error)
	log  *slog.Logger
	now  func() time.Time
}

func (a *admin) Verbs() []fleet.Verb { return verbs() }

func (a *admin) List(ctx context.Context, at breaker.Site) ([]fleet.Breaker, error) {
	servers, err := a.read(ctx, at)
	if err != nil {
		return nil, err
	}
	now := a.now()
	list := make([]fleet.Breaker, len(servers))
	for i := range servers {
		list[i] = servers[i].breaker(now)
	}
	return list, nil
}

func (a *admin) Set(ctx context.Context, at breaker.Site, name string, o fleet.Order) (fleet.Breaker, error) {
	before, err := a.one(ctx, at, name)
	if err != nil {
		return fleet.Breaker{}, err
	}
	now := before.breaker(a.now())
	if err := refuse(at, before, o); err != nil {
		return now, err
	}
	// What is inherited or observed is not what was ordered, so Wanted will not do.
	if o.Verb == fleet.Trip && before.admin&forcedMaint != 0 || o.Verb == fleet.Reset && !now.State.Held() {
		return now, nil
	}
	if err := a.setState(ctx, at, before, word(o.Verb)); err != nil {
		return now, err
	}
	after, err := a.one(ctx, at, name)
	if err != nil {
		return fleet.Breaker{}, fmt.Errorf("after `set server %s state %s`: %w", name, word(o.Verb), err)
	}
	now = after.breaker(a.now())
	if o.Verb == fleet.Trip && after.admin&forcedMaint == 0 || !breaker.Took(&now, o) {
		return now, noEffect(at, after, word(o.Verb))
	}
	return now, nil
}

// word is the state of `set server` that carries out an order.
func word(v fleet.Verb) string {
	if v == fleet.Trip {
		return "maint"
	}
	return "ready"
}

// one reads one server; fleet.ErrNotFound where the listing has none of the
// name.
func (a *admin) one(ctx context.Context, at breaker.Site, name string) (*server, error) {
	servers, err := a.read(ctx, at)
	if err != nil {
		return nil, err
	}
	return pick(at, servers, name)
}

func pick(at breaker.Site, servers []server, name string) (*server, error) {
	if s := find(servers, name); s != nil {
		return s, nil
	}
	return nil, &fleet.Error{
		Reason: probe.ReasonNotFound, Detail: fmt.Sprintf("haproxy at %s: there is no server %q", at.Base, name),
		Hint: "a server is named as BACKEND/SERVER", Err: fleet.ErrNotFound,
	}
}

// read reads all servers, sorted by name: both tables over one connection.
func (a *admin) read(ctx context.Context, at breaker.Site) ([]server, error) {
	replies, err := a.ask(ctx, at, "show servers state", "show stat -1 4 -1")
	if err != nil {
		return nil, err
	}
	servers, err := decodeState(replies[0])
	if err == nil {
		err = join(servers, replies[1])
	}
	if err != nil {
		return nil, &fleet.Error{Reason: probe.ReasonBody, Detail: fmt.Sprintf("haproxy at %s: %v", at.Base, err), Err: err}
	}
	slices.SortFunc(servers, func(x, y server) int { return cmp.Compare(x.full(), y.full()) })
	return servers, nil
}

// setState sends the one kind of write there is.
func (a *admin) setState(ctx context.Context, at breaker.Site, s *server, state string) error {
	if err := sayable(at, s); err != nil {
		return err
	}
	a.log.DebugContext(ctx, "haproxy: set server", "at", at.Base, "server", s.full(), "state", state)
	replies, err := a.ask(ctx, at, "set server "+s.full()+" state "+state)
	if err != nil {
		return err
	}
	text := strings.TrimSpace(replies[0])
	switch text {
	case "":
		return nil
	case "No such server.", "No such backend.":
		return &fleet.Error{Reason: probe.ReasonNotFound, Detail: fmt.Sprintf("haproxy at %s: %s: %s", at.Base, s.full(), text), Err: fleet.ErrNotFound}
	}
	return &fleet.Error{Reason: probe.ReasonReported, Detail: fmt.Sprintf("haproxy at %s: set server %s state %s: it says %q", at.Base, s.full(), state, short(text))}
}

// sayable refuses a server whose name would not stand for itself in a command
// line. HAProxy's configuration allows letters, digits and -_.: only; there is
// nothing to be gained from quoting what it never has, and a second command to
// be lost.
func sayable(at breaker.Site, s *server) error {
	for _, part := range []string{s.backend, s.name} {
		if sayableName(part) {
			continue
		}
		return &fleet.Error{
			Reason: probe.ReasonPolicy, Err: errors.ErrUnsupported,
			Detail: fmt.Sprintf("haproxy at %s: the name %q cannot be put into a command of its runtime API: letters, digits and -_.: can", at.Base, s.full()),
		}
	}
	return nil
}

// sayableName says whether a name needs no quoting.
func sayableName(name string) bool {
	return name != "" && strings.Trim(name, "-_.:abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789") == ""
}

// refuse says why an order cannot be given of a server at all.
func refuse(at breaker.Site, s *server, o fleet.Order) error {
	no := func(format string, args ...any) error {
		return &fleet.Error{
			Reason: probe.ReasonPolicy, Err: errors.ErrUnsupported,
			Detail: fmt.Sprintf("haproxy at %s: %s", at.Base, fmt.Sprintf(format, args...)),
		}
	}
	switch {
	case o.Verb != fleet.Trip && o.Verb != fleet.Reset:
		return no("it cannot %s a server: trip and reset are all", o.Verb)
	case o.Verb == fleet.Trip && o.Share > 0 && o.Share < 1:
		return no("maintenance takes a server out whole; a share is a matter of weights")
	case o.Verb == fleet.Reset && s.admin&(forcedMaint|inheritedMaint) == inheritedMaint:
		return no("%s is in maintenance because %s is, which it tracks: reset that one", s.full(), cmp.Or(s.tracked, "another server"))
	}
	return sayable(at, s)
}

// noEffect words a write that was taken and does not show.
func noEffect(at breaker.Site, s *server, state string) error {
	why := ""
	switch {
	case s.admin&inheritedMaint != 0 && s.tracked != "":
		why = ": it follows " + s.tracked
	case s.agent != "":
		why = ": its agent says " + s.agent
	case s.uweight == 0:
		why = ": its weight is 0"
	}
	return &fleet.Error{
		Reason: probe.ReasonReported, Err: breaker.ErrNoEffect,
		Detail: fmt.Sprintf("haproxy at %s: it took `set server %s state %s`, and %s is %s%s", at.Base, s.full(), state, s.full(), s.words(), why),
	}
}
