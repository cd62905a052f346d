package probe

import (
	"context"
	"crypto/tls"
	"errors"
	"net"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/midwatch-cli/midwatch/probe/http1"
	"github.com/midwatch-cli/midwatch/probe/veil"
	"github.com/midwatch-cli/midwatch/probe/wire"
)

const excerptSize = 200

// errOurs is a question we cannot put, whoever is at the other end.
var errOurs = errors.New("not asked")

// asking is a question under way: it grows the Result.
type asking struct {
	ctx    context.Context
	target Target
	start  time.Time
	limit  time.Duration // how long it may take; 0 if nobody said
	now    string        // the phase it is in
	phases [6]Phase      // those it went through
	known  int           // how many
	veil   *veil.Veil
	reply  wire.Answer
	lean   http1.Response // what the reply's texts stand in; nil over net/http
	result Result
}

// room is that of questions that are over, for the next.
var room = sync.Pool{New: func() any { return new(asking) }}

// over gives the room back; nothing of the question is used afterwards but the
// Result, which is a copy.
func (a *asking) over() {
	a.lean.Release()
	*a = asking{}
	room.Put(a)
}

// begin starts the clock.
func begin(ctx context.Context, t Target) *asking {
	a := room.Get().(*asking)
	a.ctx, a.target, a.start = ctx, t, time.Now()
	if end, ok := ctx.Deadline(); ok {
		a.limit = wire.Round(end.Sub(a.start))
	}
	a.result = Result{Target: t, At: a.start.Round(0), Attempts: 1}
	return a
}

// phase adds to a phase; a redirect runs through each of them twice.
func (a *asking) phase(name string, took time.Duration) {
	a.now = name
	if took <= 0 {
		return
	}
	for i := range a.phases[:a.known] {
		if a.phases[i].Name == name {
			a.phases[i].Took += took
			return
		}
	}
	a.phases[a.known] = Phase{name, took}
	a.known++
}

// connect dials the target. The connection ends with ctx.
func (a *asking) connect(ctx context.Context, d *wire.Dialer) (*wire.Link, error) {
	l, err := d.Connect(ctx, a.target.Network, a.target.Address)
	if l.Resolve > 0 {
		a.phase("resolve", l.Resolve)
	}
	if l.Dial > 0 {
		a.phase("dial", l.Dial)
	}
	if err != nil {
		return nil, err
	}
	if l.Peer != "" {
		a.note("the name led to " + l.Peer)
	}
	a.now = "send"
	return l, nil
}

// handshake speaks TLS on conn, which it closes beside an error.
func (a *asking) handshake(ctx context.Context, conn net.Conn, cfg *tls.Config, protocols ...string) (*tls.Conn, error) {
	begun := time.Now()
	secure, err := wire.Handshake(ctx, conn, cfg, authority(a.target), protocols...)
	a.phase("tls", time.Since(begun))
	if err != nil {
		return nil, err
	}
	state := secure.ConnectionState()
	a.note(strings.TrimRight(tls.VersionName(state.Version)+" to "+wire.ServerName(cfg, authority(a.target))+" "+state.NegotiatedProtocol, " "))
	return secure, nil
}

// authority is what the Host header says.
func authority(t Target) string {
	switch {
	case t.Host != "":
		return t.Host
	case t.Network == "unix":
		return "localhost"
	}
	if before, after, ok := strings.Cut(t.Address, "%"); ok {
		// The zone of an IPv6 address means something on this machine only.
		if _, port, ok := strings.Cut(after, "]"); ok {
			return before + "]" + port
		}
	}
	return t.Address
}

func (a *asking) note(text string) { a.result.Trace = append(a.result.Trace, text) }

// answered takes down what every reply shows.
func (a *asking) answered(reply *wire.Answer) {
	r := &a.result
	r.Answered, r.Code = true, reply.Status
	a.veil.Hide(reply.Body)
	r.Print = reply.Print()
	// A cache's Date is that of another day.
	if reply.Header.Get("Age") != "" {
		return
	}
	if peer, ok := wire.Date(reply.Header.Get("Date")); ok {
		r.Skew = peer.Sub(time.Now().Truncate(time.Second)).Round(time.Second) // a Date has whole seconds
	}
}

// fail ends the question with an error instead of an answer.
func (a *asking) fail(err error) *Result {
	outcome, reason, text := a.classify(err)
	switch reason {
	case ReasonCertificate, ReasonUntrusted, ReasonScheme, ReasonProtocol:
		a.result.Answered = true // it spoke, if not as we wished
	case ReasonAuth:
		a.result.Answered = a.result.Answered || wire.IsAlert(err)
	}
	return a.end(outcome, reason, text)
}

// classify is Classify with what only the question knows: whether we hung up
// ourselves, and how long was waited.
func (a *asking) classify(err error) (Outcome, Reason, string) {
	if errors.Is(a.ctx.Err(), context.Canceled) {
		err = context.Canceled // whatever our hanging up looked like
	}
	var foreign *http1.ProtocolError
	switch {
	case errors.As(err, &foreign) && foreign.TLS:
		return Unknown, ReasonScheme, wire.PlainToTLS
	case errors.As(err, &foreign):
		return Unknown, ReasonProtocol, foreign.Error()
	case errors.Is(err, http1.ErrRequest), errors.Is(err, errOurs):
		return Unknown, ReasonInternal, err.Error()
	}
	outcome, reason, text := Classify(err)
	if reason == ReasonTimeout {
		text = a.timeoutText()
	}
	return outcome, reason, text
}

func (a *asking) timeoutText() string {
	waited := a.limit
	if waited <= 0 || a.now == "dial" || a.now == "resolve" {
		waited = wire.Round(time.Since(a.start))
	}
	switch a.now {
	case "dial", "resolve":
		return "no connection in " + waited.String()
	case "body":
		return "no end in " + waited.String()
	default:
		return "no answer in " + waited.String()
	}
}

// endInTime is end, and a warning where all went well but slowly.
func (a *asking) endInTime(outcome Outcome, reason Reason, text string, slow time.Duration) *Result {
	took := time.Since(a.start)
	if outcome == Pass && slow > 0 && took > slow {
		outcome, reason = Warn, ReasonSlow
		text = "answered in " + took.Round(time.Millisecond).String() + ", slower than " + slow.String()
	}
	return a.end(outcome, reason, text)
}

// end makes the Result. Texts are valid UTF-8 from here on, so that they
// survive JSON. What passed needs no explanation: it keeps no excerpt. Results
// are large: it is copied only where it is handed out.
func (a *asking) end(outcome Outcome, reason Reason, text string) *Result {
	r := &a.result
	r.Outcome, r.Reason, r.Detail = outcome, reason, strings.ToValidUTF8(a.veil.Text(text), "\uFFFD")
	for i := range r.Trace {
		r.Trace[i] = strings.ToValidUTF8(a.veil.Text(r.Trace[i]), "\uFFFD")
	}
	if body := a.reply.Body; outcome != Pass && len(body) > 0 {
		r.Excerpt = strings.ToValidUTF8(string(body[:min(len(body), excerptSize)]), "\uFFFD")
	}
	r.Phases = slices.Clone(a.phases[:a.known])
	r.Took = time.Since(a.start)
	return r
}
