package actuator_test

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/midwatch-cli/midwatch/fleet"
	"github.com/midwatch-cli/midwatch/fleet/breaker"
	"github.com/midwatch-cli/midwatch/fleet/breaker/actuator"
	"github.com/midwatch-cli/midwatch/fleet/breaker/breakertest"
)

// Putting back takes the override away where the registry knows overrides: UP
// would be another one.
func TestDrain(t *testing.T) {
	for registry, back := range map[string]string{"eureka": "UP", "consul": "UP"} {
		f := newFake("payment")
		f.registry = registry
		a, at := start(t, f, fleet.BreakerAPI{})
		d := a.(breaker.Drainer)
		out, err := d.SetDrain(t.Context(), at, "", true, fleet.Order{})
		if err != nil || !out.On || out.Text != "OUT_OF_SERVICE" || out.InFlight >= 0 {
			t.Errorf("%s: %+v, %v", registry, out, err)
		}
		in, err := d.SetDrain(t.Context(), at, "", false, fleet.Order{})
		if err != nil || in.On || in.Text != back || f.status != "" {
			t.Errorf("%s: %+v, %v, and what is left is %q", registry, in, err, f.status)
		}
		const get, post = "GET /actuator/serviceregistry", "POST /actuator/serviceregistry"
		sent(t, f, get, post, get, get, post, get)
		if _, err := d.SetDrain(t.Context(), at, "", false, fleet.Order{}); err != nil {
			t.Errorf("%s: %v", registry, err)
		}
		sent(t, f, get)
	}
}

// Somebody's override that is down is out of use as well; an instance that is
// down by itself is not drained.
func TestDrained(t *testing.T) {
	for status, on := range map[string]bool{"DOWN": true, "OUT_OF_SERVICE": true, "UP": false, "": false} {
		f := newFake()
		f.registry, f.status = "eureka", status
		a, at := start(t, f, fleet.BreakerAPI{})
		if s, err := a.(breaker.Drainer).Drained(t.Context(), at, ""); err != nil || s.On != on {
			t.Errorf("%s: %+v, %v", status, s, err)
		}
	}
}

func TestDrainEffects(t *testing.T) {
	f := newFake()
	f.registry = "eureka"
	a, at := start(t, f, fleet.BreakerAPI{})
	d := a.(breaker.Drainer)
	out, err := d.DrainEffects(t.Context(), at, "", true)
	if err != nil || !slices.ContainsFunc(out, func(s string) bool { return strings.HasPrefix(s, "its own /actuator/health will say 503") }) {
		t.Errorf("%q, %v", out, err)
	}
	if back, err := d.DrainEffects(t.Context(), at, "", false); err != nil || len(back) != 1 {
		t.Errorf("%q, %v", back, err)
	}
	f.mu.Lock()
	f.registry = "consul"
	f.mu.Unlock()
	if out, err := d.DrainEffects(t.Context(), at, "", true); err != nil || len(out) != 1 {
		t.Errorf("%q, %v", out, err)
	}
	if back, err := d.DrainEffects(t.Context(), at, "", false); err != nil || len(back) != 0 {
		t.Errorf("%q, %v", back, err)
	}
	if f.writes > 0 {
		t.Error("it wrote")
	}
}

// What cannot be drained, and why.
func TestDrainRefusals(t *testing.T) {
	const entry, post = "GET /actuator/serviceregistry", "POST /actuator/serviceregistry"
	up := "eureka/24-serviceregistry"
	for name, c := range map[string]struct {
		answers map[string]string
		reason  fleet.Reason
		is      error
		words   string
	}{
		"registers nowhere":  {map[string]string{entry: "eureka/24-serviceregistry-on-server"}, "not_found", errors.ErrUnsupported, "this service registers nowhere: its serviceregistry answers 500"},
		"not exposed":        {map[string]string{entry: "resilience4j-2/41-not-exposed-list", "GET /actuator": "resilience4j-2/41-not-exposed-index"}, "not_found", errors.ErrUnsupported, "serviceregistry is not exposed (404)"},
		"no actuator":        {map[string]string{entry: "resilience4j-2/41-not-exposed-list", "GET /actuator": "resilience4j-2/43-base-path-old-index"}, "not_found", nil, "there is no actuator"},
		"denied":             {map[string]string{entry: "security/01-list-anonymous"}, "auth", fleet.ErrDenied, "reading is not allowed"},
		"not an entry":       {map[string]string{entry: "resilience4j-2/03-events-empty"}, "body", nil, "cannot be read"},
		"the word is not":    {map[string]string{entry: up, post: "eureka/24-serviceregistry-on-server-post"}, "not_found", errors.ErrUnsupported, "does not take OUT_OF_SERVICE (500)"},
		"CSRF":               {map[string]string{entry: up, post: "security/02-post-basic"}, "auth", fleet.ErrDenied, "answers 401 to OUT_OF_SERVICE, and lets the same credentials read: that is its CSRF protection"},
		"read-only":          {map[string]string{entry: up, post: "resilience4j-2/50-read-only-post"}, "not_found", errors.ErrUnsupported, "serviceregistry is read-only (404)"},
		"something is wrong": {map[string]string{entry: up, post: "resilience4j-2/19-bad-json"}, "status", nil, "answers 400"},
		"no effect":          {map[string]string{entry: up, post: "eureka/24-serviceregistry-out"}, "reported", breaker.ErrNoEffect, "OUT_OF_SERVICE was answered well, and its status is UP"},
	} {
		t.Run(name, func(t *testing.T) {
			at := playback(t, c.answers)
			d := opened(t, actuator.Driver(), options("", fleet.BreakerAPI{})).(breaker.Drainer)
			s, err := d.SetDrain(t.Context(), at, "", true, fleet.Order{})
			says(t, err, c.reason, c.is, c.words)
			if s.On {
				t.Errorf("%+v", s)
			}
			if c.answers[post] == "" {
				_, err = d.DrainEffects(t.Context(), at, "", true)
				says(t, err, c.reason, c.is, c.words)
			}
			_, err = d.Drained(t.Context(), at, "payment")
			says(t, err, "policy", errors.ErrUnsupported, "an instance is drained as a whole")
		})
	}
	f := newFake()
	f.registry, f.fault = "eureka", breakertest.Garbage
	a, at := start(t, f, fleet.BreakerAPI{})
	_, err := a.(breaker.Drainer).SetDrain(t.Context(), at, "", true, fleet.Order{})
	says(t, err, "body", nil, "cannot be read")
}
