package probe

import (
	"fmt"
	"net/http"
	"strings"

	"github.com/midwatch-cli/midwatch/probe/health"
)

// Decision is what a whole answer comes to.
type Decision struct {
	Outcome Outcome
	Reason  Reason
	Detail  string // one line for people; what it quotes is cleaned and bounded
	Bare    bool   // a 2xx that speaks no dialect
}

// Decide is the table "From an answer to an outcome" for what was answered over
// HTTP: a is the answer and v what health.Read made of it. Named says that
// somebody named the path, so that a bare 2xx counts as well; strict makes a
// warning of a component that is unwell under a good word. A proxy's 502, 503
// and 504 are told from the service's own by the caller.
func Decide(a health.Answer, v health.Verdict, named, strict bool) Decision {
	code := a.Status
	if v.Draining && v.Dialect == "envoy" {
		return Decision{Fail, ReasonDraining, "Envoy's header says: fail health checks at once", false}
	}
	switch {
	case code < 200 || code > 599:
		return Decision{Unknown, ReasonProtocol, fmt.Sprintf("%d is no final status", code), false}
	case code == http.StatusTooManyRequests:
		text := "429: asked too often"
		if after := a.Header("Retry-After"); after != "" {
			text += ", again after " + health.Clean(after, 40)
		}
		return Decision{Warn, ReasonLimited, text, false}
	case code == http.StatusNotImplemented || code >= 300 && code < 500:
		reason, text := questionRefused(code)
		return Decision{Unknown, reason, fmt.Sprintf("%d: %s", code, text), false}
	case code >= 500:
		return serverError(code, v)
	case v.Stale:
		text := "a cache answers, not the service"
		if age := a.Header("Age"); age != "" {
			text += ": " + health.Clean(age, 20) + " s old"
		}
		return Decision{Unknown, ReasonStale, text, false}
	case v.Page:
		text := v.Detail
		if text == "" {
			text = "an HTML page: a login form, or an application that answers every path"
		}
		return Decision{Unknown, ReasonPage, text, false}
	case v.Unreadable:
		return unreadable(a, v, named)
	}
	return word(code, v, named, strict)
}

// questionRefused are the statuses that are about the question, not about the
// service that was asked.
func questionRefused(code int) (Reason, string) {
	switch code {
	case http.StatusUnauthorized:
		return ReasonAuth, "needs credentials"
	case http.StatusForbidden:
		return ReasonAuth, "may not be asked with these credentials"
	case http.StatusProxyAuthRequired:
		return ReasonAuth, "a proxy on the way needs credentials"
	case http.StatusNotFound:
		return ReasonNotFound, "no such path"
	case http.StatusMethodNotAllowed:
		return ReasonNotFound, "not to be asked by GET"
	case http.StatusNotAcceptable:
		return ReasonNotFound, "has none of the forms we read"
	case http.StatusUnprocessableEntity:
		return ReasonNotFound, "the path means something else there"
	case http.StatusNotImplemented:
		return ReasonNotFound, "no health checks there"
	}
	if code < 400 {
		return ReasonRedirect, "the answer is elsewhere"
	}
	text := http.StatusText(code)
	if text == "" {
		text = "not answered"
	}
	return ReasonStatus, strings.ToLower(text)
}

// serverError is the row of the other 5xx: a word can soften it, none can turn
// it round.
func serverError(code int, v health.Verdict) Decision {
	switch v.Word {
	case health.Warn:
		return Decision{Warn, ReasonReported, v.Complaint(), false}
	case health.Unknown:
		return doubt(v)
	case health.Ill:
		return ill(v)
	case health.Well:
		return Decision{Fail, ReasonStatus, fmt.Sprintf("%d, though it says %s", code, v.Text), false}
	case health.NoWord:
	}
	text := fmt.Sprintf("%d %s", code, http.StatusText(code))
	if v.Detail != "" && !strings.EqualFold(v.Detail, http.StatusText(code)) {
		text = fmt.Sprintf("%d: %s", code, v.Detail)
	}
	return Decision{Fail, ReasonStatus, strings.TrimSpace(text), false}
}

// word is the row of 2xx.
func word(code int, v health.Verdict, named, strict bool) Decision {
	switch v.Word {
	case health.Ill:
		return ill(v)
	case health.Warn:
		return Decision{Warn, ReasonReported, v.Complaint(), false}
	case health.Unknown:
		return doubt(v)
	case health.Well:
		switch {
		case !v.Lie:
			return Decision{Outcome: Pass}
		case strict:
			return Decision{Warn, ReasonComponent, "says " + v.Text + ", but " + v.Complaint(), false}
		default:
			return Decision{Outcome: Pass, Detail: v.Complaint()}
		}
	case health.NoWord:
	}
	if named {
		return Decision{Outcome: Pass, Bare: true}
	}
	return Decision{Unknown, ReasonBody, fmt.Sprintf("%d, and nothing that speaks of health", code), true}
}

// ill is what says that it is not well, or that it leaves.
func ill(v health.Verdict) Decision {
	if v.Draining {
		return Decision{Fail, ReasonDraining, v.Complaint(), false}
	}
	return Decision{Fail, ReasonReported, v.Complaint(), false}
}

// doubt is what does not know itself whether it is well.
func doubt(v health.Verdict) Decision {
	switch {
	case v.Starting:
		return Decision{Unknown, ReasonStarting, "not ready yet: " + v.Complaint(), false}
	case v.Text == "":
		return Decision{Unknown, ReasonBody, "no word, but an error: " + v.Detail, false}
	}
	return Decision{Unknown, ReasonReported, v.Complaint(), false}
}

// unreadable is a body that began as JSON and did not end as such, or is still
// compressed. If it was ours to cut it, that says nothing of the service.
func unreadable(a health.Answer, v health.Verdict, named bool) Decision {
	what := "broken JSON"
	if v.Detail != "" {
		what = v.Detail
	}
	switch {
	case a.Cut:
		return Decision{Unknown, ReasonBody, fmt.Sprintf("%d, but its body is longer than the %d bytes that are read", a.Status, len(a.Body)), false}
	case named:
		return Decision{Warn, ReasonBody, fmt.Sprintf("%d, but its body is %s", a.Status, what), false}
	default:
		return Decision{Unknown, ReasonBody, fmt.Sprintf("%d, and %s", a.Status, what), false}
	}
}
