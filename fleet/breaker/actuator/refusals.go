package actuator

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/midwatch-cli/midwatch/fleet"
	"github.com/midwatch-cli/midwatch/fleet/breaker/actuator/page"
	"github.com/midwatch-cli/midwatch/probe"
)

// Hints that are needed more than once.
const (
	hintCredentials = "give the profile credentials that may use the actuator"
	hintCSRF        = "CSRF (set breakers.csrf: spring in its profile, or let the service exempt its actuator from CSRF protection)"
	hintReadOnly    = "the service would have to set management.endpoint.circuitbreakers.access=unrestricted, and management.endpoints.access.max-permitted where it is set"
	hintPath        = "is the base path another one? Set breakers.path in its profile, and ports.admin where it has a port of its own"
	hintExpose      = "the service would have to add circuitbreakers to management.endpoints.web.exposure.include"
	hintProbed      = "the Spring Boot Admin server finds endpoints by the actuator's index, with the credentials it has for it; else it would have to list circuitbreakers in spring.boot.admin.probed-endpoints"
)

// refusal says what an answer to a read means that is not the page; nil where
// it may be.
func (f *far) refusal(r *answer) error {
	code := fmt.Sprintf("%s answers %d", f.where, r.code)
	switch {
	case r.code == http.StatusOK && page.IsHTML(r.header.Get("Content-Type"), r.body):
		return f.html(r)
	case r.code == http.StatusOK:
		return nil
	case r.code == http.StatusUnauthorized, r.code == http.StatusForbidden, r.code == http.StatusProxyAuthRequired:
		return &fleet.Error{Reason: probe.ReasonAuth, Detail: code + ": reading is not allowed", Hint: hintCredentials, Err: fleet.ErrDenied}
	case r.code >= http.StatusMultipleChoices && r.code < http.StatusBadRequest:
		return f.redirect(r)
	case r.code == http.StatusTooManyRequests:
		return &fleet.Error{Reason: probe.ReasonLimited, Detail: code + ": too many requests"}
	case r.code == http.StatusBadGateway, r.code == http.StatusServiceUnavailable, r.code == http.StatusGatewayTimeout:
		return f.passedOn(r)
	case r.code == http.StatusNotFound, r.code == http.StatusMethodNotAllowed, r.code == http.StatusNotAcceptable:
		return &fleet.Error{Reason: probe.ReasonNotFound, Detail: code + quote(r), Hint: hintPath}
	}
	return &fleet.Error{Reason: probe.ReasonStatus, Detail: code + quote(r)}
}

// html says what a page for people means.
func (f *far) html(r *answer) error {
	if _, login := page.Form(r.body); login {
		return &fleet.Error{Reason: probe.ReasonAuth, Detail: f.where + " answers with a page to log in", Hint: hintCredentials, Err: fleet.ErrDenied}
	}
	return &fleet.Error{Reason: probe.ReasonPage, Detail: f.where + " answers with a page for people" + quote(r), Hint: hintPath}
}

// redirect says what being sent elsewhere means. Nobody follows.
func (f *far) redirect(r *answer) error {
	to := r.header.Get("Location")
	if u, err := url.Parse(to); err == nil {
		to = u.Path // no query: it may hold anything
	}
	if strings.Contains(strings.ToLower(to), "login") || strings.Contains(strings.ToLower(to), "auth") {
		return &fleet.Error{Reason: probe.ReasonAuth, Detail: fmt.Sprintf("%s sends us to %s: no credentials were accepted", f.where, page.Line(to)), Hint: hintCredentials, Err: fleet.ErrDenied}
	}
	return &fleet.Error{Reason: probe.ReasonRedirect, Detail: fmt.Sprintf("%s redirects to %s (%d)", f.where, page.Line(to), r.code), Hint: hintPath}
}

// passedOn says what an answer of something in between means.
func (f *far) passedOn(r *answer) error {
	e := &fleet.Error{Reason: probe.ReasonGateway, Detail: fmt.Sprintf("a gateway in front of %s answers %d", f.where, r.code)}
	if f.gateway == nil {
		return e
	}
	what := map[int]string{
		http.StatusBadGateway: "it cannot reach the instance", http.StatusGatewayTimeout: "the instance does not answer it in time",
		http.StatusServiceUnavailable: "it knows the instance no longer",
	}[r.code]
	e.Detail = fmt.Sprintf("%s answers %d: %s", f.where, r.code, what)
	return e
}

// absent says why an endpoint is 404: what the index shows decides.
func (f *far) absent(id string, links map[string]string, known bool) error {
	_, listed := links[id]
	switch {
	case f.gateway != nil && !slices.Contains(f.gateway.Endpoints, id):
		return &fleet.Error{Reason: probe.ReasonGateway, Detail: fmt.Sprintf("%s knows of no endpoint %s of it (404)", f.where, id), Hint: hintProbed, Err: errors.ErrUnsupported}
	case f.gateway != nil:
		return f.unsupported("the endpoint "+id+" is gone (404)", hintExpose)
	case known && !listed:
		return f.unsupported("there is an actuator, and "+id+" is not exposed (404)", strings.Replace(hintExpose, "circuitbreakers", id, 1))
	case known:
		return f.unsupported(id+" is in the index and is not there (404)", hintExpose)
	}
	return &fleet.Error{Reason: probe.ReasonNotFound, Detail: f.where + ": there is no actuator (404)", Hint: hintPath}
}

// unreadable is a page that is not what was asked for.
func (f *far) unreadable(r *answer, err error) error {
	return &fleet.Error{Reason: probe.ReasonBody, Detail: fmt.Sprintf("%s: the answer cannot be read%s", f.where, quote(r)), Hint: hintPath, Err: err}
}

// quote is the beginning of an answer that is not understood.
func quote(r *answer) string {
	if text := page.Line(string(r.body)); text != "" {
		return ": " + text
	}
	return ""
}

// refusedOrder says why a POST was refused that followed a list that was not.
func (f *far) refusedOrder(ctx context.Context, r *answer, name string, o fleet.Order) error {
	code := fmt.Sprintf("%s answers %d to %s of %q", f.where, r.code, words(o.Verb), name)
	switch r.code {
	case http.StatusBadRequest:
		if refused := refusable(name); refused != "" {
			return f.refusedName(refused, r.code)
		}
		return &fleet.Error{Reason: probe.ReasonStatus, Detail: code + ": it does not know that order" + quote(r)}
	case http.StatusUnauthorized, http.StatusForbidden:
		return f.deniedOrder(ctx, r, name, code)
	case http.StatusNotFound:
		if strings.Contains(name, "/") {
			return f.unsupported("the order for "+fmt.Sprintf("%q", name)+" does not arrive (404): it is read-only, or something in between decodes %2F in paths", hintReadOnly)
		}
		return f.readOnly(r.code)
	case http.StatusMethodNotAllowed, http.StatusNotImplemented:
		return f.unsupported(fmt.Sprintf("it lets no POST through (%d)", r.code), "something in between lets only reading pass, or its Resilience4j is older than 1.6")
	case http.StatusUnsupportedMediaType:
		return &fleet.Error{Reason: probe.ReasonStatus, Detail: code + ": something in between has changed the type of our body from application/json"}
	}
	if err := f.refusal(r); err != nil {
		return err
	}
	return &fleet.Error{Reason: probe.ReasonStatus, Detail: code + quote(r)}
}

// readOnly is the refusal of an endpoint that can be read alone.
func (f *far) readOnly(code int) error {
	return f.unsupported(fmt.Sprintf("it is read-only: breakers are listed, and take no orders (%d)", code), hintReadOnly)
}

// deniedOrder tells what refuses an order where reading was let in: the name, or
// the POST. OPTIONS on the same path changes nothing and is no business of CSRF
// protection.
func (f *far) deniedOrder(ctx context.Context, r *answer, name, code string) error {
	if refused := refusable(name); refused != "" {
		if ask, err := f.options(ctx, name); err == nil && ask.code != http.StatusOK {
			return f.refusedName(refused, r.code)
		}
	}
	return f.deniedPost(r, code)
}

// deniedPost says what refuses a POST where the same credentials may read.
func (f *far) deniedPost(r *answer, code string) error {
	denied := &fleet.Error{Reason: probe.ReasonAuth, Err: fleet.ErrDenied}
	switch {
	case f.admin.login != "":
		denied.Detail = code + ": reading is allowed, and writing is not, with a token against forged requests too"
		denied.Hint = "these credentials may lack the role for orders"
	case r.code == http.StatusUnauthorized:
		denied.Detail, denied.Hint = code+", and lets the same credentials read: that is its CSRF protection", hintCSRF
	default:
		denied.Detail = code + ", and lets the same credentials read: that is its CSRF protection, or a role that they lack"
		denied.Hint = hintCSRF
	}
	return denied
}

// options asks what may be done with a breaker; it changes and makes nothing.
func (f *far) options(ctx context.Context, name string) (*answer, error) {
	return f.send(ctx, http.MethodOptions, f.path("circuitbreakers")+"/"+url.PathEscape(name), nil)
}

// refusable is what of a name servers refuse in paths, as it is written there;
// empty where none do. Tomcat refuses an encoded slash and backslash, Spring
// Security's firewall a percent sign and a semicolon too.
func refusable(name string) string {
	for _, c := range []string{"/", "\\", "%", ";"} {
		if strings.Contains(name, c) {
			return url.PathEscape(c)
		}
	}
	for _, r := range name {
		if r < ' ' || r == 0x7f {
			return url.PathEscape(string(r))
		}
	}
	return ""
}

// refusedName says that a breaker cannot be driven for its name.
func (f *far) refusedName(escaped string, code int) error {
	return f.unsupported(fmt.Sprintf("this server refuses %s in paths (%d)", escaped, code), "no client can drive a breaker of that name there; another name would do")
}
