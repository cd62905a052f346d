package actuator

import (
	"context"
	"fmt"
	"net/http"
	"strings"

	"github.com/midwatch-cli/midwatch/fleet"
	"github.com/midwatch-cli/midwatch/fleet/breaker"
)

// Advise says what else an order does, or why it cannot be given here. The index
// has the link circuitbreakers-name only where orders are taken; where there is
// no index, or the name is one that servers refuse in paths, OPTIONS tells.
func (a *admin) Advise(ctx context.Context, at breaker.Site, name string, o fleet.Order) ([]string, error) {
	f, err := a.reach(ctx, at)
	if err != nil {
		return nil, err
	}
	if err := f.can(name, o); err != nil {
		return nil, err
	}
	links, known := map[string]string(nil), false
	if f.gateway == nil { // which has no index
		links, known = f.links(ctx)
	}
	if known {
		if own := f.ownPath(links["circuitbreakers"]); own != "" {
			f.mapped["circuitbreakers"] = own
		}
		_, listed := links["circuitbreakers"]
		_, writable := links["circuitbreakers-name"]
		switch {
		case !listed:
			return nil, f.absent("circuitbreakers", links, known)
		case !writable:
			return nil, f.readOnly(http.StatusNotFound)
		}
	}
	if !known || refusable(name) != "" {
		if err := f.mayOrder(ctx, name); err != nil {
			return nil, err
		}
	}
	return effects(o.Verb), nil
}

// mayOrder asks what may be done with a breaker. An OPTIONS that is refused in
// some way of its own tells nothing: the order itself will.
func (f *far) mayOrder(ctx context.Context, name string) error {
	reply, err := f.options(ctx, name)
	if err != nil {
		return err
	}
	refused := refusable(name)
	switch {
	case reply.code == http.StatusOK && reply.header.Get("Allow") != "" && !strings.Contains(reply.header.Get("Allow"), http.MethodPost):
		return f.unsupported("it takes no POST, only "+reply.header.Get("Allow"), hintReadOnly)
	case refused != "" && (reply.code == http.StatusBadRequest || reply.code == http.StatusUnauthorized || reply.code == http.StatusForbidden):
		// Where the list is refused as well it is not the name.
		if _, err := f.getMapped(ctx, "circuitbreakers"); err != nil {
			return err
		}
		return f.refusedName(refused, reply.code)
	case reply.code == http.StatusUnauthorized, reply.code == http.StatusForbidden:
		return f.refusal(reply)
	case reply.code == http.StatusNotFound:
		if _, err := f.getMapped(ctx, "circuitbreakers"); err != nil {
			return err
		}
		return f.readOnly(reply.code)
	case reply.code >= http.StatusBadGateway && reply.code <= http.StatusGatewayTimeout:
		return f.passedOn(reply)
	}
	return nil
}

// effects are what else an order does.
func effects(v fleet.Verb) []string {
	out := []string{"the breaker's counters start again at zero"}
	if v != fleet.Reset {
		out = append(out, fmt.Sprintf("it stays %s until it is reset or the process restarts", v.State().Words()))
	}
	return out
}
