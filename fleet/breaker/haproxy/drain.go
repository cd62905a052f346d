package haproxy

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/midwatch-cli/midwatch/fleet"
	"github.com/midwatch-cli/midwatch/fleet/breaker"
	"github.com/midwatch-cli/midwatch/probe"
)

// whole refuses the name of the instance itself: the runtime API has no drain
// of a whole HAProxy that could be taken back.
func whole(at breaker.Site, name string) error {
	if name != "" {
		return nil
	}
	return &fleet.Error{
		Reason: probe.ReasonPolicy, Err: errors.ErrUnsupported,
		Detail: fmt.Sprintf("haproxy at %s: it drains one server at a time, not itself", at.Base), Hint: "name a server: BACKEND/SERVER",
	}
}

// Drained says whether a server gets no new calls because somebody said so. In
// maintenance it is out too, and with a weight of 0.
func (a *admin) Drained(ctx context.Context, at breaker.Site, name string) (breaker.DrainState, error) {
	if err := whole(at, name); err != nil {
		return breaker.DrainState{}, err
	}
	s, err := a.one(ctx, at, name)
	if err != nil {
		return breaker.DrainState{}, err
	}
	return s.drainState(), nil
}

func (s *server) drainState() breaker.DrainState {
	state := breaker.DrainState{Text: strings.ToLower(s.words()), InFlight: int(s.current)}
	state.On = s.draining() || s.state() == fleet.BreakerForcedOpen || s.uweight == 0
	if s.uweight == 0 {
		state.Text += ", weight 0"
	}
	return state
}

// SetDrain drains a server or puts it back. One that is tripped is left alone:
// `state drain` would let calls that are bound to it in again, and `state
// ready` would end the trip.
func (a *admin) SetDrain(ctx context.Context, at breaker.Site, name string, on bool, _ fleet.Order) (breaker.DrainState, error) {
	if err := whole(at, name); err != nil {
		return breaker.DrainState{}, err
	}
	before, err := a.one(ctx, at, name)
	if err != nil {
		return breaker.DrainState{}, err
	}
	now := before.drainState()
	if err := refuseDrain(at, before, on); err != nil {
		return now, err
	}
	if on && (before.admin&forcedDrain != 0 || before.state() == fleet.BreakerForcedOpen) || !on && !now.On {
		return now, nil
	}
	state := "ready"
	if on {
		state = "drain"
	}
	if err := a.setState(ctx, at, before, state); err != nil {
		return now, err
	}
	after, err := a.one(ctx, at, name)
	if err != nil {
		return breaker.DrainState{}, fmt.Errorf("after `set server %s state %s`: %w", name, state, err)
	}
	if now = after.drainState(); now.On != on {
		return now, noEffect(at, after, state)
	}
	return now, nil
}

// refuseDrain says why a server cannot be drained or put back.
func refuseDrain(at breaker.Site, s *server, on bool) error {
	no := func(hint, format string, args ...any) error {
		return &fleet.Error{
			Reason: probe.ReasonPolicy, Err: errors.ErrUnsupported,
			Detail: fmt.Sprintf("haproxy at %s: %s", at.Base, fmt.Sprintf(format, args...)), Hint: hint,
		}
	}
	switch {
	case !on && s.state() == fleet.BreakerForcedOpen:
		return no("reset it: midwatch breakers reset", "%s is in maintenance, which is not a drain", s.full())
	case !on && s.admin&(forcedDrain|inheritedDrain) == inheritedDrain:
		return no("put that one back", "%s is drained because the server it tracks is", s.full())
	}
	return sayable(at, s)
}

// DrainEffects says what else a drain of the server does.
func (a *admin) DrainEffects(ctx context.Context, at breaker.Site, name string, on bool) ([]string, error) {
	if err := whole(at, name); err != nil {
		return nil, err
	}
	servers, s, more, err := a.asked(ctx, at, name, func(s *server) error { return refuseDrain(at, s, on) })
	if err != nil {
		return nil, err
	}
	var effects []string
	if on {
		effects = append(effects, "calls bound to it by a cookie or a stick table still reach it; its checks go on")
		effects = append(effects, alone(servers, s)...)
	}
	effects = append(effects, followers(servers, s, on, "drained")...)
	return append(append(effects, forgets), more...), nil
}
