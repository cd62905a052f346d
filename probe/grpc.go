package probe

import (
	"cmp"
	"context"
	"crypto/tls"
	"errors"
	"net"
	"net/http"
	"strings"
	"time"

	"github.com/midwatch-cli/midwatch/probe/grpchealth"
	"github.com/midwatch-cli/midwatch/probe/health"
	"github.com/midwatch-cli/midwatch/probe/veil"
	"github.com/midwatch-cli/midwatch/probe/wire"
)

// GRPCProber asks grpc.health.v1 of one service, of the whole server (an empty
// Path) or of every service (the Path "*"). Every question has a connection of
// its own; TLS is spoken where the Target's Scheme is grpcs.
type GRPCProber struct {
	UserAgent   string
	Headers     http.Header   // metadata of every call, such as Authorization; the names in any case
	Veil        *veil.Veil    // what is hidden in answers
	TLS         *tls.Config   // nil trusts the system's certificates; ServerName wins over Target.Host
	DialTimeout time.Duration // 0 is 1 s
	Resolver    *net.Resolver // nil: the system's
	Slow        time.Duration // slower answers are warnings; 0 is 1 s, below 0 never
	MaxMessage  int           // bytes of one answer; 0 is 1 MiB
	WarnDays    int           // a certificate that ends within so many days is a warning; 0 never
	FailDays    int           // ... is a failure
}

// Quiet is for main, once and first: see grpchealth.Quiet.
func Quiet() { grpchealth.Quiet() }

// Probe asks once.
func (p GRPCProber) Probe(ctx context.Context, t Target) Result {
	a := begin(ctx, t)
	a.veil = p.Veil
	c, state, err := p.open(ctx, a)
	if err != nil {
		return *a.fail(err)
	}
	defer func() { _ = c.Close() }()
	a.now = "wait"
	begun := time.Now()
	var v health.Verdict
	if t.Path == "*" {
		all, how, failed := c.All(ctx)
		a.note("asked for all services " + how)
		v, err = grpchealth.ReadAll(all), failed
	} else {
		said, failed := c.Check(ctx, strings.TrimPrefix(t.Path, "/"))
		v, err = grpchealth.Read(said), failed
	}
	a.phase("wait", time.Since(begun))
	if err != nil {
		return p.refused(ctx, a, c, err)
	}
	return p.said(a, v, state)
}

func (p GRPCProber) dialer() *wire.Dialer {
	return &wire.Dialer{Timeout: p.DialTimeout, Resolver: p.Resolver}
}

// open connects, secures the connection where it is to be, and hands it on.
func (p GRPCProber) open(ctx context.Context, a *asking) (*grpchealth.Client, *tls.ConnectionState, error) {
	link, err := a.connect(ctx, p.dialer())
	if err != nil {
		return nil, nil, err
	}
	var conn net.Conn = link
	o := grpchealth.Options{Authority: authority(a.target), UserAgent: p.UserAgent, MaxMessage: p.MaxMessage, Metadata: map[string][]string{}}
	for name, values := range p.Headers {
		o.Metadata[strings.ToLower(name)] = values
	}
	var state *tls.ConnectionState
	if a.target.Scheme == "grpcs" {
		secure, err := a.handshake(ctx, conn, p.TLS, "h2")
		if err != nil {
			return nil, nil, err
		}
		s := secure.ConnectionState()
		conn, state, o.Secure = secure, &s, true
	}
	c, err := grpchealth.Open(conn, o)
	return c, state, err
}

// said judges what the services say: the worst counts, and one that says
// SERVICE_UNKNOWN is not there to be asked.
func (p GRPCProber) said(a *asking, v health.Verdict, state *tls.ConnectionState) Result {
	r := &a.result
	r.Answered, r.Health = true, v
	d := word(0, v, true, false)
	if v.Text == "SERVICE_UNKNOWN" {
		d.Reason = ReasonNotFound
	}
	outcome, reason, text := d.Outcome, d.Reason, d.Detail
	if state != nil {
		c := lookAtCertificate(state, p.TLS, a.target, p.WarnDays, p.FailDays)
		r.Expires = c.ends
		outcome, reason, text = c.worse(outcome, reason, text)
	}
	return *a.endInTime(outcome, reason, text, cmp.Or(p.Slow, defaultSlow))
}

// Watch calls emit with what is so now and after each change, until ctx ends. A
// service that can be watched is; else, and for all services at once, it is
// asked again every so often (0 is 5 s), as it is when a stream ends.
func (p GRPCProber) Watch(ctx context.Context, t Target, every time.Duration, emit func(Result)) {
	every = cmp.Or(every, 5*time.Second)
	var last *Result
	tell := func(r Result) {
		if ctx.Err() == nil && (last == nil || last.Outcome != r.Outcome || last.Reason != r.Reason || last.Detail != r.Detail) {
			last = &r
			emit(r)
		}
	}
	for again := true; again; again = sleep(ctx, every) {
		limited, cancel := context.WithTimeout(ctx, 2*time.Second)
		r := p.Probe(limited, t)
		cancel()
		if tell(r); t.Path == "*" || r.Health.Dialect == "" {
			continue
		}
		// A stream that is silent may be a peer that is gone: it is left now and then.
		limited, cancel = context.WithTimeout(ctx, 12*every)
		a := begin(limited, t)
		if c, state, err := p.open(limited, a); err == nil {
			_ = c.Watch(limited, strings.TrimPrefix(t.Path, "/"), func(s grpchealth.Said) {
				now := begin(ctx, t)
				now.note("watched")
				tell(p.said(now, grpchealth.Read(s), state))
			})
			_ = c.Close()
		}
		cancel()
	}
}

// refused judges a call that did not come to a health status.
func (p GRPCProber) refused(ctx context.Context, a *asking, c *grpchealth.Client, err error) Result {
	if !c.Answered() && wire.HungUp(err) {
		t, name := a.target, wire.HostOnly(authority(a.target))
		if t.Scheme == "grpcs" {
			err = cmp.Or(p.dialer().Alert(ctx, t.Network, t.Address, p.TLS, name, "h2"), err)
		} else if l, failed := p.dialer().Connect(ctx, t.Network, t.Address); failed == nil {
			err = cmp.Or(grpchealth.SecondLook(ctx, l, p.TLS, name), err)
		}
	}
	var status *grpchealth.Error
	var foreign *grpchealth.Foreign
	switch {
	case ctx.Err() != nil:
		err = ctx.Err()
	case errors.As(err, &status):
		a.result.Answered, a.result.Code = true, int(status.Code)
		outcome, reason := grpcStatus(status.Name)
		return *a.end(outcome, reason, health.Clean(status.Error(), 240))
	case errors.As(err, &foreign):
		a.result.Answered = true
		reason := ReasonProtocol
		if foreign.TLS {
			reason = ReasonScheme
		}
		return *a.end(Unknown, reason, health.Clean(foreign.Error(), 240))
	}
	return *a.fail(err)
}

// grpcStatus is the row for what is no health status: codes about the question
// leave open how the service is, those about the server are as bad as a 5xx.
func grpcStatus(name string) (Outcome, Reason) {
	switch name {
	case "NOT_FOUND", "UNIMPLEMENTED":
		return Unknown, ReasonNotFound
	case "PERMISSION_DENIED", "UNAUTHENTICATED":
		return Unknown, ReasonAuth
	case "RESOURCE_EXHAUSTED":
		return Unknown, ReasonLimited // or an answer longer than we read
	case "DEADLINE_EXCEEDED":
		return Fail, ReasonTimeout
	case "UNAVAILABLE", "INTERNAL", "UNKNOWN", "ABORTED", "DATA_LOSS":
		return Fail, ReasonStatus
	default:
		return Unknown, ReasonStatus
	}
}
