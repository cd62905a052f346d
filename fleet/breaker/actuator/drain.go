package actuator

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/midwatch-cli/midwatch/fleet"
	"github.com/midwatch-cli/midwatch/fleet/breaker"
	"github.com/midwatch-cli/midwatch/fleet/breaker/actuator/page"
	"github.com/midwatch-cli/midwatch/probe"
)

// The words of Spring Cloud's serviceregistry. UP would set an override of its
// own that also covers an instance that is down: putting back is taking the
// override away, where the registry knows overrides.
const (
	outOfService   = "OUT_OF_SERVICE"
	cancelOverride = "CANCEL_OVERRIDE"
	up             = "UP"
)

// How often and how far apart a registry is read again that does not show a
// change yet.
const (
	readsAgain = 5
	readPause  = 200 * time.Millisecond
)

// Drained reads the instance's entry in the registry it is in.
func (a *admin) Drained(ctx context.Context, at breaker.Site, name string) (breaker.DrainState, error) {
	f, err := a.reach(ctx, at)
	if err != nil {
		return breaker.DrainState{}, err
	}
	if err := f.wholeOnly(name); err != nil {
		return breaker.DrainState{}, err
	}
	entry, err := f.registration(ctx)
	return drainState(entry), err
}

// SetDrain takes the instance out of service in the registry it is in, or puts
// it back.
func (a *admin) SetDrain(ctx context.Context, at breaker.Site, name string, on bool, _ fleet.Order) (breaker.DrainState, error) {
	f, err := a.reach(ctx, at)
	if err != nil {
		return breaker.DrainState{}, err
	}
	if err := f.wholeOnly(name); err != nil {
		return breaker.DrainState{}, err
	}
	entry, err := f.registration(ctx)
	if err != nil || drainState(entry).On == on {
		return drainState(entry), err
	}
	word := outOfService
	if !on {
		if word = cancelOverride; entry.Override == "" {
			word = up
		}
	}
	reply, err := f.post(ctx, f.path("serviceregistry"), `{"status":"`+word+`"}`)
	if err != nil {
		return drainState(entry), err
	}
	if reply.code != http.StatusOK {
		return drainState(entry), f.refusedDrain(reply, word)
	}
	return f.drainAfter(ctx, word, on)
}

// drainAfter reads the entry back. A registry may be slow to show a change.
func (f *far) drainAfter(ctx context.Context, word string, on bool) (breaker.DrainState, error) {
	for again := readsAgain; ; again-- {
		entry, err := f.registration(ctx)
		now := drainState(entry)
		switch {
		case err != nil:
			return now, err
		case now.On == on:
			return now, nil
		case again == 0:
			return now, &fleet.Error{Reason: probe.ReasonReported, Detail: fmt.Sprintf("%s: %s was answered well, and its status is %s", f.where, word, page.Line(now.Text)), Err: breaker.ErrNoEffect}
		}
		pause := time.NewTimer(readPause)
		select {
		case <-ctx.Done():
			pause.Stop()
			return now, f.broken(ctx.Err())
		case <-pause.C:
		}
	}
}

// DrainEffects says what else a drain does.
func (a *admin) DrainEffects(ctx context.Context, at breaker.Site, name string, on bool) ([]string, error) {
	f, err := a.reach(ctx, at)
	if err != nil {
		return nil, err
	}
	if err := f.wholeOnly(name); err != nil {
		return nil, err
	}
	entry, err := f.registration(ctx)
	switch {
	case err != nil:
		return nil, err
	case !on && entry.Override != "":
		return []string{"the registry's override is taken away: its status is the instance's own again"}, nil
	case !on:
		return nil, nil
	}
	effects := []string{"callers stop when they next read the registry: that can take a minute"}
	if entry.Override != "" { // Eureka, whose client's health follows the override
		effects = append(effects, "its own /actuator/health will say 503: probes that ask that path fail")
	}
	return effects, nil
}

// wholeOnly refuses to drain a part of an instance.
func (f *far) wholeOnly(name string) error {
	if name == "" {
		return nil
	}
	return f.impossible(fmt.Sprintf("an instance is drained as a whole, not its %q", name), "")
}

// registration reads the entry.
func (f *far) registration(ctx context.Context) (page.Registration, error) {
	const id = "serviceregistry"
	reply, err := f.send(ctx, http.MethodGet, f.path(id), nil)
	switch {
	case err != nil:
		return page.Registration{}, err
	case reply.code == http.StatusInternalServerError:
		return page.Registration{}, f.unsupported("this service registers nowhere: its serviceregistry answers 500", "drain it where calls are sent to it: a registry or a proxy")
	case reply.code == http.StatusNotFound:
		links, known := f.links(ctx)
		return page.Registration{}, f.absent(id, links, known)
	}
	if err := f.refusal(reply); err != nil {
		return page.Registration{}, err
	}
	entry, err := page.ReadRegistration(reply.body)
	if err != nil {
		return page.Registration{}, f.unreadable(reply, err)
	}
	return entry, nil
}

// drainState is what an entry means. Down by an override is out as well; down by
// the instance's own word is not a drain.
func drainState(r page.Registration) breaker.DrainState {
	s := breaker.DrainState{Text: r.Status, InFlight: -1}
	s.On = strings.EqualFold(r.Status, outOfService) || strings.EqualFold(r.Override, outOfService) || strings.EqualFold(r.Override, "DOWN")
	return s
}

// refusedDrain says why the entry was not changed.
func (f *far) refusedDrain(r *answer, word string) error {
	code := fmt.Sprintf("%s answers %d to %s", f.where, r.code, word)
	switch r.code {
	case http.StatusInternalServerError:
		return f.unsupported(fmt.Sprintf("its registry does not take %s (500)", word), "drain it where calls are sent to it: a registry or a proxy")
	case http.StatusUnauthorized, http.StatusForbidden:
		return f.deniedPost(r, code)
	case http.StatusNotFound, http.StatusMethodNotAllowed:
		return f.unsupported(fmt.Sprintf("serviceregistry is read-only (%d)", r.code), strings.ReplaceAll(hintReadOnly, "circuitbreakers", "serviceregistry"))
	}
	if err := f.refusal(r); err != nil {
		return err
	}
	return &fleet.Error{Reason: probe.ReasonStatus, Detail: code + quote(r)}
}
