package envoy

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/midwatch-cli/midwatch/fleet"
	"github.com/midwatch-cli/midwatch/fleet/breaker"
	"github.com/midwatch-cli/midwatch/probe"
)

const (
	// maxBody bounds a page: the clusters of a large mesh are some megabytes.
	maxBody = 64 << 20
	// longest bounds a question whatever its context says.
	longest = 20 * time.Second
)

// target is where a path of the admin interface is, and who asks.
func (a *admin) target(at breaker.Site, path string) (*http.Client, string, error) {
	u, err := url.Parse(at.Base)
	switch {
	case err == nil && u.Scheme == "unix" && u.Host == "" && u.Path != "":
		return a.overSocket(u.Path), "http://envoy" + a.path + path, nil
	case err == nil && (u.Scheme == "http" || u.Scheme == "https") && u.Host != "" && u.User == nil && u.RawQuery == "" && u.Fragment == "":
		return a.client, strings.TrimRight(at.Base, "/") + a.path + path, nil
	}
	// What stands before an @ may be a password.
	base := at.Base[strings.LastIndexByte(at.Base, '@')+1:]
	return nil, "", &fleet.Error{
		Reason: probe.ReasonPolicy, Detail: fmt.Sprintf("%q is no address of Envoy's admin interface", base),
		Hint: "want http://host:port or unix:///path",
	}
}

// overSocket is a client for a unix socket. Its connections are not kept: the
// next question may be of another Envoy, and a socket costs next to nothing.
func (a *admin) overSocket(path string) *http.Client {
	return &http.Client{
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		Transport: &http.Transport{DisableKeepAlives: true, DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
			return a.dial(ctx, "unix", path)
		}},
	}
}

// get reads a page that is answered 200.
func (a *admin) get(ctx context.Context, at breaker.Site, path string) ([]byte, error) {
	code, body, err := a.ask(ctx, at, http.MethodGet, path)
	if err == nil && code != http.StatusOK {
		err = refused(at, http.MethodGet, path, code, body)
	}
	return body, err
}

// post writes, which Envoy answers 200 OK.
func (a *admin) post(ctx context.Context, at breaker.Site, path string) error {
	code, body, err := a.ask(ctx, at, http.MethodPost, path)
	switch {
	case err != nil:
		return err
	case code == http.StatusServiceUnavailable && bytes.Contains(body, []byte("No admin layer")):
		return noLayer(at)
	case code != http.StatusOK:
		return refused(at, http.MethodPost, path, code, body)
	}
	return nil
}

// ask sends one request and reads the whole answer.
func (a *admin) ask(ctx context.Context, at breaker.Site, method, path string) (int, []byte, error) {
	client, address, err := a.target(at, path)
	if err != nil {
		return 0, nil, err
	}
	ctx, cancel := context.WithTimeout(ctx, longest)
	defer cancel()
	code, body, err := exchange(ctx, client, method, address)
	if err != nil {
		if ctx.Err() != nil {
			err = ctx.Err()
		}
		_, reason, text := probe.Classify(err)
		return 0, nil, &fleet.Error{Reason: reason, Detail: fmt.Sprintf("envoy at %s: %s %s: %s", at.Base, method, bare(path), text), Err: err}
	}
	return code, body, nil
}

func exchange(ctx context.Context, client *http.Client, method, address string) (int, []byte, error) {
	req, err := http.NewRequestWithContext(ctx, method, address, nil)
	if err != nil {
		return 0, nil, err
	}
	resp, err := client.Do(req)
	if err != nil {
		return 0, nil, err
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(io.LimitReader(resp.Body, maxBody+1))
	if err == nil && len(body) > maxBody {
		err = fmt.Errorf("the answer is longer than %d bytes", maxBody)
	}
	return resp.StatusCode, body, err
}

// bare is a path without its query.
func bare(path string) string {
	path, _, _ = strings.Cut(path, "?")
	return path
}

// refused words an answer of another code than 200.
func refused(at breaker.Site, method, path string, code int, body []byte) error {
	e := &fleet.Error{Reason: probe.ReasonStatus, Detail: fmt.Sprintf("envoy at %s: %s %s: %d: %q", at.Base, method, bare(path), code, short(body))}
	switch code {
	case http.StatusUnauthorized, http.StatusForbidden, http.StatusProxyAuthRequired:
		e.Reason, e.Err = probe.ReasonAuth, fleet.ErrDenied
		e.Hint = "Envoy itself asks nobody who they are: something in front of it does"
	case http.StatusNotFound, http.StatusMethodNotAllowed:
		e.Reason = probe.ReasonNotFound
		e.Hint = "want the address of Envoy's admin interface; if something in front rewrites paths, say the path before /clusters"
	case http.StatusBadGateway, http.StatusServiceUnavailable, http.StatusGatewayTimeout:
		e.Reason = probe.ReasonGateway
	}
	if code >= 300 && code < 400 {
		e.Reason = probe.ReasonRedirect
	}
	return e
}

// noLayer words that this Envoy's runtime cannot be written.
func noLayer(at breaker.Site) error {
	return &fleet.Error{
		Reason: probe.ReasonPolicy, Err: errors.ErrUnsupported,
		Detail: fmt.Sprintf("envoy at %s: it has no admin layer, so its runtime cannot be changed while it runs", at.Base),
		Hint:   "its bootstrap wants layered_runtime: {layers: [..., {name: admin, admin_layer: {}}]}",
	}
}

// unreadable words an answer that is none.
func unreadable(at breaker.Site, path string, err error, body []byte) error {
	return &fleet.Error{Reason: probe.ReasonBody, Detail: fmt.Sprintf("envoy at %s: GET %s: %v: %q", at.Base, bare(path), err, short(body)), Err: err}
}

// short is the beginning of a text of the far side.
func short(body []byte) string {
	const most = 120
	return string(bytes.TrimSpace(body[:min(len(body), most)]))
}
