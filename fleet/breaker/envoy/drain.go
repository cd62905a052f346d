package envoy

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"

	"github.com/midwatch-cli/midwatch/fleet"
	"github.com/midwatch-cli/midwatch/fleet/breaker"
	"github.com/midwatch-cli/midwatch/probe"
)

// whole refuses everything but the proxy itself: a cluster is tripped, and a
// single host can be taken out by whoever names it to Envoy only.
func whole(at breaker.Site, name string) error {
	if name == "" {
		return nil
	}
	return &fleet.Error{
		Reason: probe.ReasonPolicy, Err: errors.ErrUnsupported,
		Detail: fmt.Sprintf("envoy at %s: it drains itself, not %q", at.Base, name), Hint: "trip the cluster, or drain the host in its registry",
	}
}

// Drained reads /ready. It shows what /healthcheck/fail did; that listeners
// were drained shows nowhere.
func (a *admin) Drained(ctx context.Context, at breaker.Site, name string) (breaker.DrainState, error) {
	if err := whole(at, name); err != nil {
		return breaker.DrainState{}, err
	}
	code, body, err := a.ask(ctx, at, http.MethodGet, "/ready")
	if err != nil {
		return breaker.DrainState{}, err
	}
	state := breaker.DrainState{Text: strings.TrimSpace(string(body)), InFlight: -1}
	switch {
	case code == http.StatusOK && state.Text == "LIVE",
		code == http.StatusServiceUnavailable && (state.Text == "INITIALIZING" || state.Text == "PRE_INITIALIZING"):
	case code == http.StatusServiceUnavailable && state.Text == "DRAINING":
		state.On = true
	case code != http.StatusOK:
		return breaker.DrainState{}, refused(at, http.MethodGet, "/ready", code, body)
	default:
		return breaker.DrainState{}, unreadable(at, "/ready", errors.New("no word of Envoy's"), body)
	}
	state.InFlight, err = a.inFlight(ctx, at)
	return state, err
}

// inFlight is how many calls the proxy has in hand, over all its HTTP
// listeners but its own admin interface; below 0 where it does not count.
func (a *admin) inFlight(ctx context.Context, at breaker.Site) (int, error) {
	path := "/stats?format=json&filter=" + url.QueryEscape(activeCalls)
	body, err := a.get(ctx, at, path)
	if err != nil {
		return -1, err
	}
	var s stats
	if err := s.decode(body); err != nil {
		return -1, unreadable(at, path, err, body)
	}
	sum := -1
	for name, n := range s {
		if name != "http.admin.downstream_rq_active" {
			sum = max(sum, 0) + int(n)
		}
	}
	return sum, nil
}

// SetDrain makes the proxy fail its health checks, or stop that.
func (a *admin) SetDrain(ctx context.Context, at breaker.Site, name string, on bool, _ fleet.Order) (breaker.DrainState, error) {
	now, err := a.Drained(ctx, at, name)
	if err != nil || now.On == on {
		return now, err
	}
	path := "/healthcheck/ok"
	if on {
		path = "/healthcheck/fail"
	}
	a.log.DebugContext(ctx, "envoy: drain", "at", at.Base, "path", path)
	if err := a.post(ctx, at, path); err != nil {
		return now, err
	}
	if now, err = a.Drained(ctx, at, name); err != nil {
		return now, fmt.Errorf("after %s: %w", path, err)
	}
	if now.On != on {
		return now, &fleet.Error{
			Reason: probe.ReasonReported, Err: breaker.ErrNoEffect,
			Detail: fmt.Sprintf("envoy at %s: it took %s, and /ready says %q", at.Base, path, now.Text),
		}
	}
	return now, nil
}

// DrainEffects says what else a drain does. It asks nothing.
func (a *admin) DrainEffects(_ context.Context, at breaker.Site, name string, on bool) ([]string, error) {
	if err := whole(at, name); err != nil {
		return nil, err
	}
	if !on {
		return []string{"its /ready says LIVE again; listeners that somebody drained stay shut"}, nil
	}
	return []string{
		"its own /ready will say 503 DRAINING",
		"its ordinary replies will carry connection: close, and x-envoy-immediate-health-check-fail where it has a health_check filter",
		"new calls still come until whoever sends them asks that filter: without one, nobody in front notices",
		"it is in this Envoy's memory: a restart forgets it",
	}, nil
}
