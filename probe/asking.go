package probe

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"time"

	"github.com/midwatch-cli/midwatch/probe/http1"
)

// asking is a question under way: it grows the Result.
type asking struct {
	ctx    context.Context
	target Target
	start  time.Time
	limit  time.Duration // how long it may take; 0 if nobody said
	now    string        // the phase it is in
	dialed time.Duration // how long the dial took
	result Result
}

// begin starts the clock.
func begin(ctx context.Context, t Target) *asking {
	a := &asking{ctx: ctx, target: t, start: time.Now()}
	if end, ok := ctx.Deadline(); ok {
		a.limit = roundLimit(end.Sub(a.start))
	}
	a.result = Result{Target: t, At: a.start.Round(0), Attempts: 1}
	return a
}

// roundLimit takes off the microseconds between setting a limit and asking.
func roundLimit(d time.Duration) time.Duration {
	if d > 100*time.Millisecond {
		return d.Round(10 * time.Millisecond)
	}
	return d.Round(time.Millisecond)
}

func (a *asking) doing(phase string) { a.now = phase }

// phase adds to a phase; a redirect runs through each of them twice.
func (a *asking) phase(name string, took time.Duration) {
	if took <= 0 {
		return
	}
	phases := a.result.Phases
	for i := range phases {
		if phases[i].Name == name {
			phases[i].Took += took
			return
		}
	}
	if phases == nil {
		phases = make([]Phase, 0, 6)
	}
	a.result.Phases = append(phases, Phase{name, took})
}

// linked takes down how connecting went.
func (a *asking) linked(l *link, err error) {
	a.doing("dial")
	if l.resolve > 0 && l.dial == 0 {
		a.doing("resolve")
	}
	a.phase("resolve", l.resolve)
	a.phase("dial", l.dial)
	a.dialed = l.resolve + l.dial
	a.result.Trace = append(a.result.Trace, l.trace...)
	if err == nil {
		a.doing("send")
	}
}

func (a *asking) note(text string) { a.result.Trace = append(a.result.Trace, text) }

// answered takes down what every reply shows.
func (a *asking) answered(reply *answer) {
	r := &a.result
	r.Answered, r.Code = true, reply.status
	r.Print = fingerprint(reply.status, reply.body)
	// A cache's Date is that of another day.
	if reply.header.Get("Age") != "" {
		return
	}
	if peer, err := http.ParseTime(reply.header.Get("Date")); err == nil {
		// A Date has whole seconds.
		r.Skew = peer.Sub(time.Now().Truncate(time.Second)).Round(time.Second)
	}
}

// excerpt keeps the start of the body.
func (a *asking) excerpt(reply *answer) {
	start := reply.body[:min(len(reply.body), excerptSize)]
	a.result.Excerpt = strings.ToValidUTF8(string(start), "\uFFFD")
}

// fingerprint is FNV-1a over the status and the start of the body.
func fingerprint(status int, body []byte) uint64 {
	const offset, prime = 14695981039346656037, 1099511628211
	h := (uint64(offset) ^ uint64(status)) * prime
	for _, c := range body[:min(len(body), 64<<10)] {
		h = (h ^ uint64(c)) * prime
	}
	return h
}

// fail ends the question with an error instead of an answer.
func (a *asking) fail(err error) Result {
	if errors.Is(a.ctx.Err(), context.Canceled) {
		err = context.Canceled // whatever our hanging up looked like
	}
	var foreign *http1.ProtocolError
	if errors.As(err, &foreign) {
		a.result.Answered = true
		if foreign.TLS {
			return a.end(Unknown, ReasonScheme, textPlainToTLS)
		}
		return a.end(Unknown, ReasonProtocol, foreign.Error())
	}
	if errors.Is(err, http1.ErrRequest) || errors.Is(err, errSocketClient) {
		return a.end(Unknown, ReasonInternal, err.Error())
	}
	outcome, reason, text := Classify(err)
	switch reason {
	case ReasonTimeout:
		text = a.timeoutText()
	case ReasonCertificate, ReasonUntrusted, ReasonScheme, ReasonProtocol:
		a.result.Answered = true // it spoke, if not as we wished
	}
	return a.end(outcome, reason, text)
}

func (a *asking) timeoutText() string {
	switch {
	case a.now == "dial" || a.now == "resolve":
		return "no connection in " + roundLimit(a.dialed).String()
	case a.limit > 0:
		return "no answer in " + a.limit.String()
	default:
		return "no answer in " + roundLimit(time.Since(a.start)).String()
	}
}

// endInTime is end, and a warning where all went well but slowly.
func (a *asking) endInTime(outcome Outcome, reason Reason, text string, slow time.Duration) Result {
	if took := time.Since(a.start); outcome == Pass && slow > 0 && took > slow {
		return a.end(Warn, ReasonSlow, "answered in "+took.Round(time.Millisecond).String()+", slower than "+slow.String())
	}
	return a.end(outcome, reason, text)
}

// end makes the Result. Texts are valid UTF-8 from here on, so that they
// survive JSON.
func (a *asking) end(outcome Outcome, reason Reason, text string) Result {
	r := a.result
	r.Outcome, r.Reason, r.Detail = outcome, reason, strings.ToValidUTF8(text, "\uFFFD")
	r.Took = time.Since(a.start)
	return r
}
