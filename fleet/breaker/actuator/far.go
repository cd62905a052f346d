package actuator

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"path"
	"strings"
	"time"

	"github.com/midwatch-cli/midwatch/fleet"
	"github.com/midwatch-cli/midwatch/fleet/breaker"
	"github.com/midwatch-cli/midwatch/fleet/breaker/actuator/page"
	"github.com/midwatch-cli/midwatch/probe"
)

const (
	// maxReply bounds one reply: 10,000 breakers are some 3 MiB.
	maxReply = 32 << 20
	// maxTime bounds one request whose context has no nearer deadline: Boot's
	// streams accept and never answer.
	maxTime = 10 * time.Second
)

var errTooLong = errors.New("the answer is too long")

// far is one actuator for the length of one call.
type far struct {
	admin   *admin
	base    string            // scheme, host and the path of the site; no slash at its end
	actuate string            // the actuator's path below it
	mapped  map[string]string // endpoints that have another path there than their name
	gateway *page.Instance    // as a Spring Boot Admin server lists it; nil where it is asked directly
	where   string            // names it in messages
}

// answer is what came back.
type answer struct {
	code   int
	header http.Header
	body   []byte
}

// reach finds the actuator of a site.
func (a *admin) reach(ctx context.Context, at breaker.Site) (*far, error) {
	u, err := url.Parse(at.Base)
	if err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" {
		return nil, &fleet.Error{Reason: probe.ReasonPolicy, Detail: fmt.Sprintf("%q is no address of an actuator", page.Line(redacted(at.Base))), Hint: "want http://host:port/base or https://host:port/base", Err: err}
	}
	f := &far{admin: a, mapped: map[string]string{}, base: u.Scheme + "://" + u.Host + strings.TrimRight(u.EscapedPath(), "/")}
	if a.name == GatewayName {
		f.where = "the Spring Boot Admin server at " + u.Host
		return f, f.findInstance(ctx, at)
	}
	switch own := a.options.API.Path; {
	case own != "":
		f.actuate = strings.TrimRight("/"+strings.Trim(own, "/"), "/")
	case strings.Trim(u.Path, "/") != "": // it takes the place of the usual one
		f.actuate, f.base, u.Path = strings.TrimRight(u.EscapedPath(), "/"), u.Scheme+"://"+u.Host, ""
	default:
		f.actuate = defaultPath
	}
	f.where = "the actuator at " + u.Host + strings.TrimRight(u.Path, "/") + f.actuate
	return f, nil
}

// redacted takes what may be a password out of an address that cannot be read.
func redacted(address string) string {
	if _, after, found := strings.Cut(address, "@"); found {
		return "***@" + after
	}
	return address
}

// path is where an endpoint is, below base.
func (f *far) path(id string) string {
	if own := f.mapped[id]; own != "" {
		return own
	}
	return f.actuate + "/" + id
}

// send asks one question. The error is for no whole answer.
func (f *far) send(ctx context.Context, method, path string, body io.Reader, more ...http.Header) (*answer, error) {
	ctx, cancel := context.WithTimeout(ctx, maxTime)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, method, f.base+path, body)
	if err != nil {
		return nil, f.broken(err)
	}
	// JSON and nothing else: with an Accept for HTML Spring Security sends the
	// browser to its login page, where others get a 401.
	req.Header.Set("Accept", "application/json")
	if body != nil {
		req.Header.Set("Content-Type", "application/json")
	}
	for _, h := range more {
		for key, values := range h {
			req.Header[key] = values
		}
	}
	resp, err := f.admin.options.Client.Do(req)
	if err != nil {
		return nil, f.broken(err)
	}
	defer resp.Body.Close()
	data, err := io.ReadAll(io.LimitReader(resp.Body, maxReply+1))
	if err == nil && len(data) > maxReply {
		err = errTooLong
	}
	if err != nil {
		return nil, f.broken(err)
	}
	return &answer{code: resp.StatusCode, header: resp.Header, body: data}, nil
}

// getMapped reads an endpoint, under its own path where the actuator has mapped
// it elsewhere. A refusal is an error.
func (f *far) getMapped(ctx context.Context, id string, rest ...string) (*answer, error) {
	more := strings.Join(rest, "")
	reply, err := f.send(ctx, http.MethodGet, f.path(id)+more, nil)
	if err != nil {
		return nil, err
	}
	if reply.code == http.StatusNotFound && f.gateway != nil {
		return nil, f.absent(id, nil, false)
	}
	if reply.code == http.StatusNotFound {
		links, known := f.links(ctx)
		own := f.ownPath(links[id])
		if own == "" || own == f.path(id) {
			return nil, f.absent(id, links, known)
		}
		f.mapped[id] = own
		if reply, err = f.send(ctx, http.MethodGet, own+more, nil); err != nil {
			return nil, err
		}
	}
	if err := f.refusal(reply); err != nil {
		return nil, err
	}
	return reply, nil
}

// links reads the index; known is false where there is none to read.
func (f *far) links(ctx context.Context) (links map[string]string, known bool) {
	index := f.actuate
	if index == "" {
		index = "/"
	}
	reply, err := f.send(ctx, http.MethodGet, index, nil)
	if err != nil || reply.code != http.StatusOK {
		return nil, false
	}
	links, err = page.Links(reply.body)
	return links, err == nil
}

// ownPath is an endpoint's path, from its link: only that of the link counts,
// and only below the site, so that an index leads nowhere else.
func (f *far) ownPath(link string) string {
	u, err := url.Parse(f.base)
	if link == "" || err != nil || path.Clean(link) != link {
		return ""
	}
	below, found := strings.CutPrefix(link, u.Path+f.actuate+"/")
	if !found {
		return ""
	}
	escaped := url.URL{Path: f.actuate + "/" + below}
	return escaped.EscapedPath()
}

// order posts one, with a token where the profile wants one.
func (f *far) order(ctx context.Context, name string, o fleet.Order) (*answer, error) {
	reply, err := f.post(ctx, f.path("circuitbreakers")+"/"+url.PathEscape(name), `{"updateState":"`+words(o.Verb)+`"}`)
	if err != nil {
		return nil, err
	}
	if reply.code == http.StatusOK && !page.IsHTML(reply.header.Get("Content-Type"), reply.body) {
		return reply, nil
	}
	return nil, f.refusedOrder(ctx, reply, name, o)
}

// post sends a body that changes something.
func (f *far) post(ctx context.Context, path, body string) (*answer, error) {
	var token http.Header
	if f.admin.login != "" {
		var err error
		if token, err = f.token(ctx); err != nil {
			return nil, err
		}
	}
	return f.send(ctx, http.MethodPost, path, strings.NewReader(body), token)
}

// broken is for no whole answer.
func (f *far) broken(err error) error {
	if errors.Is(err, errTooLong) {
		return &fleet.Error{Reason: probe.ReasonBody, Detail: f.where + ": " + err.Error(), Err: err}
	}
	_, reason, text := probe.Classify(err)
	return &fleet.Error{Reason: reason, Detail: f.where + ": " + text, Err: err}
}
