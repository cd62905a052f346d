// Package web asks one question over HTTP and reads the whole answer: of admin
// APIs, of pages of metrics. What went wrong is a *fleet.Error that names the
// address and its reason; it wraps fleet.ErrDenied, fleet.ErrNotFound and
// errors.ErrUnsupported where the answer says so, and the context's error where
// that ended.
package web

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"mime"
	"net/http"
	"net/url"
	"strings"

	"github.com/midwatch-cli/midwatch/fleet"
	"github.com/midwatch-cli/midwatch/probe"
	"github.com/midwatch-cli/midwatch/probe/health"
)

// JSON is the media type of most questions and answers.
const JSON = "application/json"

const (
	defaultLimit = 8 << 20
	excerpt      = 120 // bytes of an answer that an error repeats
)

// Question is one request. The zero Method is GET, or POST where there is a
// body.
type Question struct {
	Method string
	URL    string
	Accept string // empty: JSON
	Body   []byte // empty: none
	Type   string // of the Body; empty: JSON
	Limit  int64  // of the answer's body, in bytes; 0: 8 MiB
	Packed string // Accept-Encoding, of who unpacks by himself; empty: none
}

// Answer is a whole answer, of whatever status. All of it is untrusted.
type Answer struct {
	Where string // the address that was asked, for messages
	Code  int
	Type  string // Content-Type as it was sent
	// Packed is its Content-Encoding, where the question asked for one.
	Packed string
	Body   []byte
}

// Ask sends a question. An answer of any status is none of its errors: see
// Answer.Err.
func Ask(ctx context.Context, client *http.Client, q Question) (*Answer, error) {
	s, err := Open(ctx, client, q)
	if err != nil {
		return nil, err
	}
	defer s.Close()
	return s.Whole()
}

// ErrLong says that an answer is longer than its question allows.
var ErrLong = errors.New("the answer is too long")

var (
	errStatus = errors.New("not answered")
	errBody   = errors.New("the answer cannot be read")
)

// place is an address without what may be a secret in it.
func place(u *url.URL) string {
	bare := url.URL{Scheme: u.Scheme, Host: u.Host, Path: u.Path, RawPath: u.RawPath}
	return bare.String()
}

// TooLong says that the body is longer than it may be.
func (a *Answer) TooLong(limit int64) error {
	return &fleet.Error{Reason: probe.ReasonBody, Detail: fmt.Sprintf("%s: the answer is longer than %d MiB", a.Where, limit>>20), Err: ErrLong}
}

// Failed says what the network did.
func (a *Answer) Failed(ctx context.Context, err error) error {
	if ended := ctx.Err(); ended != nil && !errors.Is(err, ended) {
		err = fmt.Errorf("%w: %w", ended, err)
	}
	_, reason, text := probe.Classify(err)
	return &fleet.Error{Reason: reason, Detail: a.Where + ": " + text, Err: err}
}

// OK says whether the status is one of success.
func (a *Answer) OK() bool { return a.Code >= 200 && a.Code < 300 }

// Err is what a status other than success comes to; nil for success.
func (a *Answer) Err() error {
	if a.OK() {
		return nil
	}
	words := a.Words()
	if words == "" {
		words = strings.ToLower(http.StatusText(a.Code))
	}
	e := &fleet.Error{Reason: probe.ReasonStatus, Detail: fmt.Sprintf("%s: %d: %s", a.Where, a.Code, words), Err: errStatus}
	switch a.Code {
	case http.StatusUnauthorized, http.StatusForbidden, http.StatusProxyAuthRequired:
		e.Reason, e.Err = probe.ReasonAuth, fleet.ErrDenied
		e.Hint = "the profile's credentials may not do that, or were not sent: see auth and allowHosts"
	case http.StatusNotFound, http.StatusGone:
		e.Reason, e.Err = probe.ReasonNotFound, fleet.ErrNotFound
	case http.StatusMethodNotAllowed, http.StatusNotImplemented:
		e.Reason, e.Err = probe.ReasonNotFound, errors.ErrUnsupported
	case http.StatusTooManyRequests:
		e.Reason = probe.ReasonLimited
	case http.StatusBadGateway, http.StatusServiceUnavailable, http.StatusGatewayTimeout:
		e.Reason = probe.ReasonGateway
	default:
		if a.Code >= 300 && a.Code < 400 {
			e.Reason = probe.ReasonRedirect
		}
	}
	return e
}

// Words is what an error's answer says, on one line: the detail of a problem
// (RFC 9457) or what some other JSON object has for it, else its first bytes.
func (a *Answer) Words() string {
	var said struct {
		Detail  any `json:"detail"`
		Message any `json:"message"`
		Error   any `json:"error"`
		Title   any `json:"title"`
	}
	if json.Unmarshal(a.Body, &said) == nil {
		for _, v := range []any{said.Detail, said.Message, said.Error, said.Title} {
			if text, ok := v.(string); ok && text != "" {
				return health.Clean(text, 2*excerpt)
			}
		}
	}
	if a.page() {
		return "an HTML page"
	}
	return health.Clean(string(a.Body), excerpt)
}

// page says whether the answer is for people's eyes.
func (a *Answer) page() bool {
	kind, _, _ := mime.ParseMediaType(a.Type)
	return kind == "text/html" || bytes.HasPrefix(bytes.TrimSpace(a.Body), []byte("<"))
}

// Read decodes an answer of success as JSON; other answers are Err.
func (a *Answer) Read(into any) error {
	if err := a.Err(); err != nil {
		return err
	}
	if err := json.Unmarshal(a.Body, into); err != nil {
		return a.Unreadable("it is not the JSON that was asked for")
	}
	return nil
}

// Unreadable says that the answer is none, with its first bytes.
func (a *Answer) Unreadable(why string) error {
	e := &fleet.Error{Reason: probe.ReasonBody, Detail: a.Where + ": " + why, Err: errBody}
	switch text := a.Words(); {
	case len(a.Body) == 0:
		e.Detail += ": the answer is empty"
	case a.page():
		e.Reason, e.Detail = probe.ReasonPage, a.Where+": an HTML page: a login form, or an application that answers every path"
	case text != "":
		e.Detail += ": " + text
	}
	return e
}

// Base is where an API lies below an address, without a slash at its end: the
// path that the address itself names wins over the configured one, which wins
// over the usual one.
func Base(address, configured, usual string) (string, error) {
	u, err := url.Parse(address)
	if err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" {
		return "", &fleet.Error{Reason: probe.ReasonProtocol, Detail: fmt.Sprintf("%q is no address of an HTTP server", health.Clean(address, excerpt)), Err: errors.ErrUnsupported}
	}
	path := strings.TrimRight(u.EscapedPath(), "/")
	if path == "" {
		path = usual
		if configured != "" {
			path = configured
		}
		path = strings.TrimRight("/"+strings.Trim(path, "/"), "/")
	}
	return u.Scheme + "://" + u.Host + path, nil
}

// Segment writes a name as one segment of a path, or as one value of a query:
// all that could mean something else is percent-encoded, dots too where they
// stand alone.
func Segment(name string) string {
	const hex = "0123456789ABCDEF"
	dots := strings.Trim(name, ".") == ""
	var b strings.Builder
	for i := range len(name) {
		c := name[i]
		switch {
		case c >= 'a' && c <= 'z', c >= 'A' && c <= 'Z', c >= '0' && c <= '9', c == '-', c == '_', c == '~', c == '.' && !dots:
			b.WriteByte(c)
		default:
			b.WriteByte('%')
			b.WriteByte(hex[c>>4])
			b.WriteByte(hex[c&15])
		}
	}
	return b.String()
}
