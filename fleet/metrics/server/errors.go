package server

import (
	"encoding/json"
	"errors"
	"net/http"
	"regexp"
	"strings"

	"github.com/midwatch-cli/midwatch/fleet"
	"github.com/midwatch-cli/midwatch/fleet/metrics"
	"github.com/midwatch-cli/midwatch/fleet/metrics/promql"
	"github.com/midwatch-cli/midwatch/fleet/web"
	"github.com/midwatch-cli/midwatch/probe"
	"github.com/midwatch-cli/midwatch/probe/health"
)

// longest bounds what is repeated of a server's words.
const longest = 400

func cut(text string) string { return health.Clean(text, longest) }

// The hints.
const (
	hintBase    = "the URL names what stands before /api/v1: Mimir's is http://HOST/prometheus, VictoriaMetrics' cluster's http://HOST:8481/select/0/prometheus"
	hintAuth    = "credentials, and a tenant's X-Scope-OrgID, come from a profile: prometheus: {url: URL, profile: NAME} in midwatch.yaml"
	hintLess    = "ask for less: fewer series, a shorter range, a larger step"
	hintTimeout = "the server gave up: ask for less, or give it longer with --timeout"
	hintLogin   = "a login stands before it: the URL has to be one that programs may ask, with the credentials of a profile"
)

// refused is what an answer other than success comes to: by its status where
// that is not the API's own, else by the API's words.
func refused(s *web.Stream, q metrics.Question) error {
	whole, err := s.Whole()
	if err != nil {
		return err
	}
	var said struct {
		Status    string `json:"status"`
		ErrorType string `json:"errorType"`
		Error     string `json:"error"`
	}
	if json.Unmarshal(whole.Body, &said) == nil && said.Status == "error" {
		r := reply{errorType: said.ErrorType, said: said.Error}
		return r.failed(whole, q)
	}
	return hinted(whole.Err())
}

// hinted adds what to do to an error of the web.
func hinted(err error) error {
	var e *fleet.Error
	if !errors.As(err, &e) {
		return err
	}
	switch e.Reason {
	case probe.ReasonAuth:
		e.Hint = hintAuth
	case probe.ReasonNotFound:
		e.Hint = hintBase
	case probe.ReasonRedirect, probe.ReasonPage:
		e.Hint = hintLogin
	}
	return e
}

// errServer says that the server answered that it could not.
var errServer = errors.New("the server could not answer")

// failed is what the API says went wrong, by its errorType. VictoriaMetrics has
// the status there.
func (r *reply) failed(a *web.Answer, q metrics.Question) error {
	if a.Code == http.StatusUnauthorized || a.Code == http.StatusForbidden || a.Code == http.StatusTooManyRequests {
		return hinted(a.Err())
	}
	text := cut(r.said)
	e := &fleet.Error{Reason: probe.ReasonStatus, Detail: a.Where + ": " + strings.Trim(cut(r.errorType)+": "+text, ": "), Err: errServer}
	switch r.errorType {
	case "bad_data", "400", "execution", "422":
		return r.judged(e, q)
	case "timeout", "canceled", "503":
		e.Reason, e.Hint = probe.ReasonTimeout, hintTimeout
	case "unavailable":
		e.Reason = probe.ReasonStarting
	case "too_many_requests", "429":
		e.Reason, e.Hint = probe.ReasonLimited, hintLess
	case "not_found":
		e.Reason, e.Hint, e.Err = probe.ReasonNotFound, hintBase, fleet.ErrNotFound
	}
	return e
}

var (
	// place begins the words about an expression that cannot be parsed.
	place = regexp.MustCompile(`^(\d+:\d+|unknown position): `)
	// tooMuch knows the servers' own bounds.
	tooMuch = regexp.MustCompile(`(?i)too many|exceed|limit|maximum|err-mimir-max|too large`)
	// broken knows what hindered a server: its store, other servers.
	broken = regexp.MustCompile(`(?i)expanding series|rpc error|context (deadline|canceled)|connection|unavailable|no such host|i/o timeout|cannot fetch|storage node`)
	// parameter begins words about a parameter.
	parameter = regexp.MustCompile(`^invalid parameter "([a-z]+)": `)
	// repeated begins VictoriaMetrics' words: the question again.
	repeated = regexp.MustCompile(`^error when executing query=.* for \((time|start)=[^()]*\): `)
	// faulty begins words about what an expression joins or asks for.
	faulty = regexp.MustCompile(`^(found duplicate|many-to-many|multiple matches|vector cannot contain|duplicate|cannot evaluate .*: duplicate|grouping labels|invalid|unsupported|unknown|expected)`)
)

// judged tells a faulty expression from what else the API calls bad data, or an
// execution that failed.
func (r *reply) judged(e *fleet.Error, q metrics.Question) error {
	text := r.said
	about := parameter.FindStringSubmatch(text)
	_, wrong := promql.Parse(q.Expr)
	switch {
	case about != nil && about[1] != "query":
		return e // ours, not the user's
	case about != nil:
		text = strings.TrimPrefix(text, about[0])
	default:
		text = strings.TrimPrefix(text, repeated.FindString(text))
	}
	unread := wrong != nil && (r.errorType == "bad_data" || r.errorType == "400")
	switch {
	case about != nil, unread, faulty.MatchString(text):
	case tooMuch.MatchString(text):
		e.Reason, e.Hint = probe.ReasonLimited, hintLess
		return e
	case broken.MatchString(text):
		return e
	}
	if wrong != nil && !place.MatchString(text) {
		return wrong // the server names no place, and we find one
	}
	return promql.Refused(cut(text))
}

// unreadable is a success that is none of the API's. Its first bytes say whether
// it is a page.
func unreadable(s *web.Stream, first []byte, err error) error {
	var known *fleet.Error
	if errors.As(err, &known) {
		if errors.Is(err, web.ErrLong) {
			known.Hint = hintLess
		}
		return known
	}
	began := *s.Head
	began.Body = first
	return hinted(began.Unreadable("it is no answer of Prometheus' API (" + cut(err.Error()) + ")"))
}
