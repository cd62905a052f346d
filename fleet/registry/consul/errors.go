package consul

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"strings"

	"github.com/hashicorp/consul/api"

	"github.com/midwatch-cli/midwatch/fleet"
	"github.com/midwatch-cli/midwatch/fleet/registry"
	"github.com/midwatch-cli/midwatch/fleet/registry/consul/catalog"
)

// maxExcerpt bounds what of an error's text is read.
const maxExcerpt = 1 << 10

// Hints that are needed more than once.
const (
	hintToken     = "give a token with service:read and node:read: ?token=env:CONSUL_HTTP_TOKEN"
	hintNotConsul = "is that the port of Consul's HTTP API (8500, with TLS 8501)?"
)

// explain says what went wrong with a request to where, as *fleet.Error. The
// far side's words are kept, without control characters and without our token.
func (c *client) explain(ctx context.Context, where string, err error) error {
	var known *fleet.Error
	if err == nil || errors.As(err, &known) {
		return err
	}
	if ended := ctx.Err(); ended != nil {
		if errors.Is(context.Cause(ctx), errClosed) {
			return &fleet.Error{Reason: registry.ReasonCancelled, Detail: where + ": " + errClosed.Error(), Err: errClosed}
		}
		return registry.Explain(where, ended)
	}
	var answer api.StatusError
	if errors.As(err, &answer) {
		return c.explainAnswer(ctx, where, answer)
	}
	var syntax *json.SyntaxError
	var kind *json.UnmarshalTypeError
	switch {
	case errors.As(err, &syntax), errors.As(err, &kind):
		return &fleet.Error{Reason: registry.ReasonProtocol, Detail: where + ": the answer is not Consul's: " + c.clean(err.Error()), Hint: hintNotConsul, Err: err}
	case errors.Is(err, errTooLong):
		return &fleet.Error{Reason: registry.ReasonBody, Detail: where + ": " + errTooLong.Error(), Hint: "narrow it with ?filter=", Err: err}
	case errors.Is(err, http.ErrSchemeMismatch):
		return &fleet.Error{Reason: registry.ReasonScheme, Detail: where + ": it speaks plain HTTP, not TLS", Hint: "leave tls, ca and cert out of the URL", Err: err}
	case strings.Contains(err.Error(), "malformed HTTP"), strings.Contains(err.Error(), "readLoopPeekFail"): // the latter: it talks before it is asked
		return &fleet.Error{Reason: registry.ReasonProtocol, Detail: where + ": it does not speak HTTP", Hint: hintNotConsul, Err: err}
	}
	return registry.Explain(where, err)
}

// explainAnswer says what a status other than 200 means. Consul reports most
// failures as 500 with a sentence, so the sentence decides.
func (c *client) explainAnswer(ctx context.Context, where string, answer api.StatusError) error {
	words := c.clean(answer.Body)
	says := func(part string) bool { return strings.Contains(strings.ToLower(answer.Body), part) }
	out := &fleet.Error{Reason: registry.ReasonStatus, Detail: where + ": " + words, Err: errors.New(words)}
	switch {
	case answer.Code == http.StatusForbidden, answer.Code == http.StatusUnauthorized, says("permission denied"), says("acl not found"):
		out.Reason, out.Err = registry.ReasonAuth, fleet.ErrDenied
		out.Hint = c.hintDenied(says("acl not found"))
	case says("no path to datacenter"):
		out.Reason, out.Err = registry.ReasonNotFound, fleet.ErrNotFound
		out.Detail = where + ": no datacenter " + c.clean(c.options.DC)
		out.Hint = c.hintDatacenter(ctx)
	case says("no cluster leader"):
		out.Detail, out.Hint = where+": the cluster has no leader", "reads work without one: leave ?consistency= at stale; writes wait for an election"
	case says("enterprise feature"), says("boolean expression"):
		hint := "leave namespace and partition out: this Consul has none"
		if says("boolean expression") {
			hint = "correct the option filter; its selectors are those of health entries, as Service.Meta.env"
		}
		return registry.Misconfigured("", hint, "%s: %s", where, words)
	case says("http request to an https server"):
		out.Reason, out.Detail, out.Hint = registry.ReasonScheme, where+": it speaks TLS", "add ?tls=true or ?ca=FILE"
	case answer.Code == http.StatusTooManyRequests:
		out.Reason, out.Detail = registry.ReasonLimited, where+": too many requests"
	case answer.Code == http.StatusNotFound:
		out.Reason, out.Err = registry.ReasonNotFound, fleet.ErrNotFound
	case answer.Code < http.StatusInternalServerError:
		out.Hint = hintNotConsul
	}
	if words == "" {
		out.Detail += http.StatusText(answer.Code)
	}
	return out
}

// hintDenied says what to do about a token, or about none.
func (c *client) hintDenied(unknown bool) string {
	switch {
	case c.door.token.IsZero():
		return hintToken
	case unknown:
		return "Consul does not know this token: it has expired, was deleted, or belongs to another datacenter"
	}
	return "the token lacks a right: it needs service:read and node:read, for writes also service:write and agent:read"
}

// hintDatacenter lists the datacentres there are, if that can be asked.
func (c *client) hintDatacenter(ctx context.Context) string {
	var known []string
	q := &api.QueryOptions{}
	if _, err := c.get(ctx, c.reads, "/v1/catalog/datacenters", &known, q); err != nil || len(known) == 0 {
		return "see consul catalog datacenters"
	}
	return "there are: " + c.clean(strings.Join(known, ", "))
}

// clean makes a line of the far side's words: no control characters, not
// endless, and never our own credentials, should it repeat them.
func (c *client) clean(s string) string {
	for _, secret := range []fleet.Secret{c.door.token, c.door.password} {
		if !secret.IsZero() {
			s = strings.ReplaceAll(s, secret.Reveal(), "***")
		}
	}
	return catalog.Line(s)
}
