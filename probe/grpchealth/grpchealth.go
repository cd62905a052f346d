// Package grpchealth asks the questions of grpc.health.v1 over one connection
// that exists already. It knows no targets and decides nothing. What a server
// says is returned as its own words (SERVING, NOT_SERVING, UNKNOWN,
// SERVICE_UNKNOWN), what it refuses as the error of its status, and what went
// wrong below gRPC as the error of the connection, with its type.
package grpchealth

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"strings"
	"sync/atomic"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/backoff"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/grpclog"
	"google.golang.org/grpc/health/grpc_health_v1"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"
)

// Bounds of what is read.
const (
	defaultMessage = 1 << 20
	maxHeader      = 64 << 10
	maxServices    = 100 // of a reflected server; grpc-go's own List has the same bound
)

// errEnded is what a connection that was told to end (by a GOAWAY, most of all)
// comes to: there is no second one.
var errEnded = errors.New("the server ended the connection")

// Options say how a connection is used.
type Options struct {
	Authority  string      // the :authority of every call
	UserAgent  string      // what goes before grpc-go's own
	Metadata   metadata.MD // sent with every call
	MaxMessage int         // bytes of one message; 0 is 1 MiB
	Secure     bool        // the connection speaks TLS, so the :scheme is https
}

// Said is what a server says of one of its services; the empty name is the
// server as a whole.
type Said struct {
	Service string
	Word    string
}

// Error is a status that the server itself gave.
type Error struct {
	Code    uint32 // of gRPC
	Name    string // NOT_FOUND, UNAVAILABLE, ...
	Message string // as the server wrote it: untrusted
}

// Error is one line.
func (e *Error) Error() string {
	if e.Message == "" {
		return e.Name
	}
	return e.Name + ": " + e.Message
}

// Foreign is a far side that does not speak HTTP/2, or not gRPC in it.
type Foreign struct {
	TLS  bool // it answered as a TLS server does
	What string
}

// Error is one line.
func (e *Foreign) Error() string { return e.What }

// Client asks over one connection. It is safe for concurrent use.
type Client struct {
	conn *grpc.ClientConn
	tap  *tap
	md   metadata.MD
}

// Open takes conn over; Close closes it. Nothing is sent before the first
// question.
func Open(conn net.Conn, o Options) (*Client, error) {
	t := &tap{Conn: conn}
	if o.MaxMessage == 0 {
		o.MaxMessage = defaultMessage
	}
	var given atomic.Bool
	give := func(context.Context, string) (net.Conn, error) {
		if given.Swap(true) {
			return nil, errEnded
		}
		return t, nil
	}
	options := []grpc.DialOption{
		grpc.WithContextDialer(give), grpc.WithTransportCredentials(handed{secure: o.Secure}), grpc.WithAuthority(o.Authority),
		grpc.WithNoProxy(), grpc.WithDisableServiceConfig(), grpc.WithDisableRetry(),
		grpc.WithIdleTimeout(0), grpc.WithMaxHeaderListSize(maxHeader),
		grpc.WithDefaultCallOptions(grpc.MaxCallRecvMsgSize(o.MaxMessage)),
		grpc.WithConnectParams(grpc.ConnectParams{Backoff: backoff.Config{BaseDelay: time.Hour, MaxDelay: time.Hour}, MinConnectTimeout: time.Hour}),
	}
	if o.UserAgent != "" { // else it would begin with a space, which RFC 9113, section 8.2.1, forbids
		options = append(options, grpc.WithUserAgent(o.UserAgent))
	}
	cc, err := grpc.NewClient("passthrough:///"+o.Authority, options...)
	if err != nil {
		_ = conn.Close()
		return nil, fmt.Errorf("open: %w", err)
	}
	return &Client{conn: cc, tap: t, md: o.Metadata}, nil
}

// Quiet keeps gRPC's own log, and what peers write into it, from the terminal.
// It is called once in a process, before anything else of gRPC runs.
func Quiet() { grpclog.SetLoggerV2(grpclog.NewLoggerV2(io.Discard, io.Discard, io.Discard)) }

// Close ends the connection and every question on it.
func (c *Client) Close() error {
	_ = c.tap.Close() // first, so that no goodbye waits for a peer that does not read
	return c.conn.Close()
}

// Answered tells whether a single byte came back.
func (c *Client) Answered() bool { return c.tap.read() > 0 }

// Check asks for one service.
func (c *Client) Check(ctx context.Context, service string) (Said, error) {
	var call call
	reply, err := grpc_health_v1.NewHealthClient(c.conn).Check(c.outgoing(ctx), &grpc_health_v1.HealthCheckRequest{Service: service}, call.options()...)
	if err != nil {
		return Said{}, c.explain(ctx, err, &call)
	}
	return Said{service, reply.GetStatus().String()}, nil
}

// Watch calls emit with what the server says now and after each change, until
// ctx ends or the stream does: it never returns nil. A server that cannot be
// watched gives UNIMPLEMENTED.
func (c *Client) Watch(ctx context.Context, service string, emit func(Said)) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	stream, err := grpc_health_v1.NewHealthClient(c.conn).Watch(c.outgoing(ctx), &grpc_health_v1.HealthCheckRequest{Service: service})
	if err != nil {
		return c.explain(ctx, err, &call{})
	}
	for {
		reply, err := stream.Recv()
		if errors.Is(err, io.EOF) {
			return io.ErrUnexpectedEOF // a watch does not end well
		}
		if err != nil {
			return c.explain(ctx, err, callOf(stream))
		}
		emit(Said{service, reply.GetStatus().String()})
	}
}

// outgoing adds what goes with every call.
func (c *Client) outgoing(ctx context.Context) context.Context {
	if len(c.md) == 0 {
		return ctx
	}
	return metadata.NewOutgoingContext(ctx, c.md)
}

// call remembers what came with a reply: only a server that speaks gRPC sends
// its content type.
type call struct{ header, trailer metadata.MD }

// options are for calls that are no streams.
func (c *call) options() []grpc.CallOption {
	return []grpc.CallOption{grpc.Header(&c.header), grpc.Trailer(&c.trailer)}
}

// callOf is for a stream that has ended.
func callOf(stream grpc.ClientStream) *call {
	header, _ := stream.Header()
	return &call{header, stream.Trailer()}
}

// spoke tells whether the reply is gRPC's.
func (c *call) spoke() bool {
	for _, md := range []metadata.MD{c.header, c.trailer} {
		if v := md.Get("content-type"); len(v) > 0 {
			return strings.HasPrefix(v[0], "application/grpc")
		}
	}
	return false
}

// explain tells the errors of the server from those of the connection, which
// grpc-go both gives as a status.
func (c *Client) explain(ctx context.Context, err error, call *call) error {
	s := status.Convert(err)
	said := &Error{uint32(s.Code()), name(s.Code()), s.Message()}
	// The server knows our deadline and may tell us of it a moment before we do.
	end, limited := ctx.Deadline()
	switch ours := s.Code() == codes.DeadlineExceeded || s.Code() == codes.Canceled; {
	case ctx.Err() != nil && (ours || !call.spoke()):
		return context.Cause(ctx)
	case ours && limited && time.Until(end) < 50*time.Millisecond:
		return context.DeadlineExceeded
	case call.spoke():
		return said
	}
	if foreign := c.tap.foreign(); foreign != nil {
		return foreign
	}
	if told := below(said); told != nil {
		return told
	}
	if failure := c.tap.failure(); failure != nil {
		return failure
	}
	if strings.Contains(said.Message, errEnded.Error()) {
		return fmt.Errorf("%w: %w", errEnded, io.ErrUnexpectedEOF)
	}
	return &Foreign{What: said.Message}
}

// name is a code as gRPC writes it.
func name(c codes.Code) string {
	if c == codes.Canceled {
		return "CANCELLED"
	}
	if text, ok := strings.CutPrefix(c.String(), "Code("); ok {
		return "code " + strings.TrimSuffix(text, ")")
	}
	var b strings.Builder
	for i, r := range c.String() {
		if i > 0 && r >= 'A' && r <= 'Z' && c != codes.OK {
			b.WriteByte('_')
		}
		b.WriteRune(r)
	}
	return strings.ToUpper(b.String())
}
