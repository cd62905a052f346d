package etcd

import (
	"context"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"strings"
	"syscall"
	"testing"
	"time"

	"go.etcd.io/etcd/api/v3/v3rpc/rpctypes"
	clientv3 "go.etcd.io/etcd/client/v3"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/midwatch-cli/midwatch/fleet"
	"github.com/midwatch-cli/midwatch/fleet/registry"
)

// explaining makes a link that only explains.
func explaining(user string, last error) *link {
	l := &link{where: "etcd at h:1", last: &lastFailure{}, config: clientv3.Config{Username: user, DialTimeout: 5 * time.Second}}
	l.last.set(last)
	return l
}

// TestExplain has what etcd's client and gRPC return, and what we make of it.
func TestExplain(t *testing.T) {
	refused := &net.OpError{Op: "dial", Net: "tcp", Err: syscall.ECONNREFUSED}
	unavailable := func(text string) error { return status.Error(codes.Unavailable, text) }
	for name, c := range map[string]struct {
		err    error
		user   string
		last   error
		reason fleet.Reason
		words  string
		hint   string
		is     error
	}{
		"refused":               {err: unavailable("connection error: desc = ..."), last: refused, reason: registry.ReasonRefused, words: "connection refused", hint: "is it running?", is: syscall.ECONNREFUSED},
		"lost, then refused":    {err: errLost, last: refused, reason: registry.ReasonRefused, words: "connection refused"},
		"lost":                  {err: errLost, reason: registry.ReasonClosed, words: "the connection is lost"},
		"no authority":          {err: unavailable("handshake"), last: x509.UnknownAuthorityError{}, reason: registry.ReasonUntrusted, words: "not trusted", hint: "?ca=FILE"},
		"a refusal of long ago": {err: rpctypes.ErrGRPCNoSpace, last: refused, reason: registry.ReasonStatus, words: "mvcc: database space exceeded"},
		"closed":                {err: errClosed, reason: registry.ReasonClosed, words: "the registry was closed", is: errClosed},
		"our own time is over":  {err: context.DeadlineExceeded, reason: registry.ReasonTimeout, words: "no answer in 5s"},
		"gRPC's deadline":       {err: status.Error(codes.DeadlineExceeded, "x"), reason: registry.ReasonTimeout, words: "no answer in 5s"},
		"denied":                {err: rpctypes.ErrPermissionDenied, reason: registry.ReasonAuth, words: "permission denied", is: fleet.ErrDenied},
		"denied to a user":      {err: rpctypes.ErrPermissionDenied, user: "ops", reason: registry.ReasonAuth, words: "permission denied to the user ops", hint: "/PREFIX", is: fleet.ErrDenied},
		"denied to a watch":     {err: status.Error(codes.FailedPrecondition, "rpc error: code = PermissionDenied desc = etcdserver: permission denied"), reason: registry.ReasonAuth, words: "permission denied", is: fleet.ErrDenied},
		"no user":               {err: rpctypes.ErrGRPCUserEmpty, reason: registry.ReasonAuth, words: "it wants a user", hint: "password=env:NAME", is: fleet.ErrDenied},
		"wrong password":        {err: rpctypes.ErrAuthFailed, user: "ops", reason: registry.ReasonAuth, words: "the user ops is not known or the password is wrong", is: fleet.ErrDenied},
		"token gone":            {err: rpctypes.ErrInvalidAuthToken, user: "ops", reason: registry.ReasonAuth, words: "permission denied", is: fleet.ErrDenied},
		"a proxy's refusal":     {err: status.Error(codes.Unauthenticated, "who are you"), reason: registry.ReasonAuth, words: "permission denied", is: fleet.ErrDenied},
		"no leader":             {err: rpctypes.ErrNoLeader, reason: registry.ReasonStatus, words: "no leader"},
		"corrupt":               {err: rpctypes.ErrCorrupt, reason: registry.ReasonStatus, words: "corrupt cluster"},
		"cut":                   {err: unavailable("error reading from server: EOF"), reason: registry.ReasonClosed, words: "closed without a whole answer"},
		"closing":               {err: unavailable("transport is closing"), reason: registry.ReasonClosed, words: "closed without a whole answer"},
		"reset":                 {err: unavailable("read tcp: connection reset by peer"), reason: registry.ReasonReset, words: "connection reset"},
		"a web server":          {err: unavailable(`error reading server preface: http2: frame too large, note that the frame header looked like an HTTP/1.1 header`), reason: registry.ReasonProtocol, words: "does not speak etcd's protocol", hint: "?tls"},
		"another gRPC server":   {err: status.Error(codes.Unimplemented, "unknown service etcdserverpb.KV"), reason: registry.ReasonStatus, words: "unknown service etcdserverpb.KV"},
		"a slow dial":           {err: unavailable("dial tcp: i/o timeout"), reason: registry.ReasonTimeout, words: "no answer in time"},
		"nothing known":         {err: unavailable("what"), reason: registry.ReasonClosed, words: "the connection is lost"},
		"not of gRPC":           {err: io.ErrUnexpectedEOF, reason: registry.ReasonClosed, words: "closed without a whole answer"},
		"line breaks":           {err: status.Error(codes.Unknown, "one\ntwo"), reason: registry.ReasonStatus, words: "one two"},
	} {
		err := explaining(c.user, c.last).explain(t.Context(), c.err)
		var said *fleet.Error
		if !errors.As(err, &said) {
			t.Errorf("%s: %v is no *fleet.Error", name, err)
			continue
		}
		if said.Reason != c.reason || !strings.HasPrefix(said.Detail, "etcd at h:1: ") || !strings.Contains(said.Detail, c.words) || !strings.Contains(said.Hint, c.hint) {
			t.Errorf("%s: %q %q, hint %q\nwant %q %q, hint %q", name, said.Reason, said.Detail, said.Hint, c.reason, c.words, c.hint)
		}
		if c.is != nil && !errors.Is(err, c.is) {
			t.Errorf("%s: does not wrap %v", name, c.is)
		}
	}
}

// TestExplainContext has the caller's own end in every error, whatever else is
// known.
func TestExplainContext(t *testing.T) {
	refused := &net.OpError{Op: "dial", Net: "tcp", Err: syscall.ECONNREFUSED}
	cancelled, cancel := context.WithCancel(t.Context())
	cancel()
	late, stop := context.WithTimeout(t.Context(), 0)
	defer stop()
	for name, c := range map[string]struct {
		ctx    context.Context
		last   error
		reason fleet.Reason
		is     error
	}{
		"cancelled":                   {cancelled, nil, registry.ReasonCancelled, context.Canceled},
		"cancelled in an outage":      {cancelled, refused, registry.ReasonCancelled, context.Canceled},
		"late":                        {late, nil, registry.ReasonTimeout, context.DeadlineExceeded},
		"late because nobody listens": {late, refused, registry.ReasonRefused, context.DeadlineExceeded},
	} {
		err := explaining("", c.last).explain(c.ctx, status.Error(codes.DeadlineExceeded, "x"))
		var said *fleet.Error
		if !errors.As(err, &said) || said.Reason != c.reason || !errors.Is(err, c.is) {
			t.Errorf("%s: %v (%+v)", name, err, said)
		}
	}
	ours := &fleet.Error{Reason: "secret", Detail: "as it is"}
	if err := explaining("", nil).explain(t.Context(), fmt.Errorf("round it: %w", ours)); !errors.Is(err, ours) || explaining("", nil).explain(t.Context(), nil) != nil {
		t.Errorf("what is explained stays: %v", err)
	}
}
