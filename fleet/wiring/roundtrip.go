package wiring

import (
	"crypto/rand"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"sync/atomic"

	"github.com/midwatch-cli/midwatch/fleet"
	"github.com/midwatch-cli/midwatch/probe/veil"
)

// headed adds a profile's headers to requests; those that an adapter sets
// itself are the question and stay. Requests of a change bear its id.
type headed struct {
	next   http.RoundTripper
	header http.Header
}

// RoundTrip sends a copy.
func (h *headed) RoundTrip(req *http.Request) (*http.Response, error) {
	req = req.Clone(req.Context())
	for name, values := range h.header {
		if _, own := req.Header[name]; !own {
			req.Header[name] = values
		}
	}
	if agent := fleet.AgentFor(req.Context(), req.Header.Get("User-Agent")); agent != "" {
		req.Header.Set("User-Agent", agent)
	}
	return h.next.RoundTrip(req)
}

// CloseIdleConnections is what http.Client asks for.
func (h *headed) CloseIdleConnections() { closeIdle(h.next) }

func closeIdle(over http.RoundTripper) {
	if c, ok := over.(interface{ CloseIdleConnections() }); ok {
		c.CloseIdleConnections()
	}
}

// proofs are the headers that prove who we are, whoever sets them: a profile, an
// adapter that fetched a token, or a transport that did.
func proofs(f fleet.Profile) []string {
	names := []string{"Authorization", "Proxy-Authorization", "Cookie", "X-Csrf-Token", "X-Xsrf-Token"}
	for _, name := range slices.Sorted(maps.Keys(f.Headers)) {
		if !f.Headers[name].Ref.IsZero() {
			names = append(names, name)
		}
	}
	return names
}

// veiling hides in answers what proved who we are in their questions.
type veiling struct {
	next  http.RoundTripper
	names []string
	last  atomic.Pointer[hiding]
}

// hiding is that of the headers of some question; most questions have the same.
type hiding struct {
	values [][]string // of the names, in their order
	*veil.Veil
}

// RoundTrip hides also in what is said of an answer that is none.
func (v *veiling) RoundTrip(req *http.Request) (*http.Response, error) {
	resp, err := v.next.RoundTrip(req)
	if err != nil {
		hide := v.of(req.Header)
		if text := err.Error(); hide.Text(text) != text {
			err = errors.New(hide.Text(text))
		}
		return resp, err
	}
	sent := req.Header
	if resp.Request != nil {
		sent = resp.Request.Header // a transport that fetches tokens adds them
	}
	if hide := v.of(sent); hide != nil {
		resp.Status, resp.Body = hide.Text(resp.Status), hide.Body(resp.Body)
		for name, values := range resp.Header {
			if name != "Set-Cookie" { // nobody shows those, and one may be sent back
				for i := range values {
					values[i] = hide.Text(values[i])
				}
			}
		}
	}
	return resp, nil
}

// of is what hides these headers.
func (v *veiling) of(sent http.Header) *veil.Veil {
	values := make([][]string, len(v.names))
	for i, name := range v.names {
		values[i] = sent[http.CanonicalHeaderKey(name)]
	}
	last := v.last.Load()
	if last == nil || !slices.EqualFunc(last.values, values, slices.Equal) {
		last = &hiding{values, veil.New(sent, v.names)}
		v.last.Store(last)
	}
	return last.Veil
}

// CloseIdleConnections is what http.Client asks for.
func (v *veiling) CloseIdleConnections() { closeIdle(v.next) }

// traceparent is a trace context (W3C, level 1) that nobody has to keep: its flag
// says that it is not sampled, which whoever is asked passes on.
func traceparent() string {
	var id [24]byte
	_, _ = rand.Read(id[:]) // it never fails
	return fmt.Sprintf("00-%x-%x-00", id[:16], id[16:])
}
