package etcd

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"go.etcd.io/etcd/api/v3/v3rpc/rpctypes"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/midwatch-cli/midwatch/fleet"
	"github.com/midwatch-cli/midwatch/fleet/registry"
)

// errLost ends a watch whose connection is gone.
var errLost = errors.New("the connection is lost")

// explain turns what etcd's client returned into our words. Ctx is the
// caller's: its end is what the error wraps.
func (l *link) explain(ctx context.Context, err error) error {
	var known *fleet.Error
	switch {
	case err == nil || errors.As(err, &known):
		return err
	case errors.Is(err, errClosed):
		return &fleet.Error{Reason: registry.ReasonClosed, Detail: l.where + ": " + errClosed.Error(), Err: err}
	case errors.Is(ctx.Err(), context.Canceled):
		return registry.Explain(l.where, ctx.Err())
	case denied(err):
		return l.denied(err)
	}
	if cause := l.last.get(); cause != nil && unreachable(err) {
		if refused := l.refused(errors.Join(ctx.Err(), err, cause)); refused != nil {
			return refused
		}
		said := &fleet.Error{Reason: registry.ReasonInternal}
		errors.As(registry.Explain(l.where, cause), &said)
		said.Err = errors.Join(ctx.Err(), err, cause)
		return said
	}
	if ctx.Err() != nil {
		return registry.Explain(l.where, ctx.Err())
	}
	reason, words, hint := l.reasonOf(err)
	if reason == "" {
		return registry.Explain(l.where, err)
	}
	return &fleet.Error{Reason: reason, Detail: l.where + ": " + words, Hint: hint, Err: err}
}

// unreachable says whether an error may come from a connection that is not
// there.
func unreachable(err error) bool {
	code := status.Code(err)
	return code == codes.Unavailable || code == codes.DeadlineExceeded || errors.Is(err, errLost) || errors.Is(err, context.DeadlineExceeded)
}

// denied says whether etcd does not let us. A watch reports it as text only.
func denied(err error) bool {
	for _, known := range []error{rpctypes.ErrPermissionDenied, rpctypes.ErrAuthFailed, rpctypes.ErrUserEmpty, rpctypes.ErrInvalidAuthToken} {
		if errors.Is(err, known) || strings.Contains(err.Error(), known.Error()) {
			return true
		}
	}
	code := status.Code(err)
	return code == codes.PermissionDenied || code == codes.Unauthenticated
}

// denied says what to do about it.
func (l *link) denied(err error) error {
	words, hint := "permission denied", ""
	switch {
	case strings.Contains(err.Error(), rpctypes.ErrUserEmpty.Error()):
		words, hint = "it wants a user", "write etcd://USER@HOST:2379?password=env:NAME"
	case strings.Contains(err.Error(), rpctypes.ErrAuthFailed.Error()):
		words, hint = fmt.Sprintf("the user %s is not known or the password is wrong", l.config.Username), "is the password that of this user?"
	case l.config.Username != "":
		words = fmt.Sprintf("permission denied to the user %s", l.config.Username)
		hint = "name a prefix its role may read, as in etcd://USER@HOST:2379/PREFIX, or grant it"
	}
	return &fleet.Error{Reason: registry.ReasonAuth, Detail: l.where + ": " + words, Hint: hint, Err: fmt.Errorf("%w: %w", fleet.ErrDenied, err)}
}

// reasonOf reads what gRPC says in words only. An empty reason means that the
// general explanation knows better.
func (l *link) reasonOf(err error) (reason fleet.Reason, words, hint string) {
	text := status.Convert(err).Message()
	switch {
	case errors.Is(err, errLost):
		return registry.ReasonClosed, errLost.Error(), ""
	case status.Code(err) == codes.DeadlineExceeded || errors.Is(err, context.DeadlineExceeded):
		return registry.ReasonTimeout, fmt.Sprintf("no answer in %v", l.config.DialTimeout), ""
	case strings.HasPrefix(text, "etcdserver: "):
		return registry.ReasonStatus, strings.TrimPrefix(text, "etcdserver: "), ""
	case strings.Contains(text, "deadline exceeded"), strings.Contains(text, "i/o timeout"):
		return registry.ReasonTimeout, "no answer in time", ""
	case strings.Contains(text, "EOF"), strings.Contains(text, "closed"), strings.Contains(text, "closing"):
		return registry.ReasonClosed, "closed without a whole answer", ""
	case strings.Contains(text, "reset by peer"), strings.Contains(text, "broken pipe"):
		return registry.ReasonReset, "connection reset", ""
	case strings.Contains(text, "preface"), strings.Contains(text, "http2"), strings.Contains(text, "frame"), strings.Contains(text, "content-type"):
		return registry.ReasonProtocol, "it does not speak etcd's protocol", "is it the client port, and does it want TLS (?tls)?"
	}
	switch status.Code(err) {
	case codes.Unavailable:
		return registry.ReasonClosed, "the connection is lost", ""
	case codes.Internal, codes.Unknown, codes.Unimplemented, codes.DataLoss, codes.ResourceExhausted:
		if _, ok := status.FromError(err); ok {
			return registry.ReasonStatus, strings.Join(strings.Fields(text), " "), ""
		}
	}
	return "", "", ""
}
