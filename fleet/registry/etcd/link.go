package etcd

import (
	"context"
	"crypto/tls"
	"errors"
	"net"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	clientv3 "go.etcd.io/etcd/client/v3"
	"go.uber.org/zap"
	"google.golang.org/grpc"
	"google.golang.org/grpc/backoff"
	"google.golang.org/grpc/connectivity"
	"google.golang.org/grpc/credentials"

	"github.com/midwatch-cli/midwatch/fleet"
	"github.com/midwatch-cli/midwatch/fleet/registry"
)

// errClosed is the cause of every failure after Close.
var errClosed = errors.New("the registry was closed")

// Pings tell a dead connection from a quiet one. etcd refuses clients that
// ping more often than every 5 s.
const (
	pingAfter   = 10 * time.Second
	pingTimeout = 3 * time.Second
)

// link is the connection to the cluster, made when it is first needed: with a
// user the client of etcd asks for a token at once.
type link struct {
	config clientv3.Config
	secret func(ctx context.Context) (fleet.Secret, error) // nil: no user
	where  string                                          // names the far end in errors
	last   *lastFailure

	life   context.Context // ends with close
	end    context.CancelCauseFunc
	turn   chan struct{} // holds a token while nobody connects
	client *clientv3.Client

	answered atomic.Bool // it has answered a question
}

// newLink prepares a link; nothing is sent.
func newLink(endpoints []string, loc registry.Location, o *Options, config *tls.Config, env registry.Env) *link {
	l := &link{where: "etcd at " + strings.Join(loc.Hosts, ","), last: &lastFailure{secure: config != nil}, turn: make(chan struct{}, 1)}
	l.turn <- struct{}{}
	l.life, l.end = context.WithCancelCause(context.Background())
	l.config = clientv3.Config{
		Endpoints:            endpoints,
		DialTimeout:          o.Timeout,
		DialKeepAliveTime:    pingAfter,
		DialKeepAliveTimeout: pingTimeout,
		TLS:                  config,
		Username:             loc.User,
		// A client that does not know any better tries a hundred times.
		MaxUnaryRetries: uint(2 * len(endpoints)),
		Logger:          zap.NewNop(),
		DialOptions: []grpc.DialOption{
			grpc.WithUserAgent(env.UserAgent),
			grpc.WithContextDialer(l.last.dial),
			grpc.WithChainUnaryInterceptor(failFast),
			grpc.WithConnectParams(grpc.ConnectParams{
				Backoff:           backoff.Config{BaseDelay: 100 * time.Millisecond, Multiplier: 1.6, Jitter: 0.2, MaxDelay: time.Second},
				MinConnectTimeout: o.Timeout,
			}),
		},
	}
	if config != nil {
		if len(config.Certificates) == 0 {
			config.GetClientCertificate = l.last.wantsCertificate
		}
		l.config.DialOptions = append(l.config.DialOptions,
			grpc.WithTransportCredentials(&handshake{credentials.NewTLS(config), config.ServerName, l.last}))
	}
	if loc.User != "" {
		l.secret = func(ctx context.Context) (fleet.Secret, error) { return env.Secret(ctx, o.Password) }
	}
	return l
}

// failFast makes a call fail when no connection can be made. etcd's client lets
// calls wait for one until their time is over, and then nobody knows why.
func failFast(ctx context.Context, method string, question, answer any, conn *grpc.ClientConn, invoke grpc.UnaryInvoker, options ...grpc.CallOption) error {
	if conn.GetState() == connectivity.TransientFailure {
		conn.ResetConnectBackoff() // this call fails, the next one finds a fresh attempt
	}
	return invoke(ctx, method, question, answer, conn, append(options, grpc.WaitForReady(false))...)
}

// connect returns the client, making it if there is none yet. One caller at a
// time makes it; ctx bounds the wait.
func (l *link) connect(ctx context.Context) (*clientv3.Client, error) {
	if err := l.ended(ctx); err != nil {
		return nil, err
	}
	select {
	case <-l.turn:
		defer func() { l.turn <- struct{}{} }()
	case <-ctx.Done():
		return nil, ctx.Err()
	case <-l.life.Done():
		return nil, errClosed
	}
	if err := l.ended(ctx); err != nil {
		return nil, err
	}
	if l.client != nil {
		return l.client, nil
	}
	config := l.config
	if l.secret != nil {
		secret, err := l.secret(ctx)
		if err != nil {
			return nil, err
		}
		config.Password = secret.Reveal()
	}
	// The client lives as long as the link, its making only as long as ctx.
	life, cancel := context.WithCancel(l.life)
	config.Context = life
	stop := context.AfterFunc(ctx, cancel)
	client, err := clientv3.New(config)
	if err == nil && !stop() {
		_ = client.Close()
		err = ctx.Err()
	}
	if err != nil {
		stop()
		cancel()
		return nil, err
	}
	l.client = client
	context.AfterFunc(l.life, cancel)
	return client, nil
}

// ended says whether there is no point in asking.
func (l *link) ended(ctx context.Context) error {
	if l.life.Err() != nil {
		return errClosed
	}
	return ctx.Err()
}

// bound is ctx, ended by close as well.
func (l *link) bound(ctx context.Context) (context.Context, context.CancelCauseFunc) {
	ctx, cancel := context.WithCancelCause(ctx)
	stop := context.AfterFunc(l.life, func() { cancel(errClosed) })
	return ctx, func(cause error) {
		stop()
		cancel(cause)
	}
}

// do asks one question: f gets the client and a context that ends in time.
// Its errors are explained.
func (l *link) do(ctx context.Context, f func(ctx context.Context, c *clientv3.Client) error) error {
	asking, cancel := l.bound(ctx)
	defer cancel(nil)
	asking, stop := context.WithTimeout(asking, l.config.DialTimeout)
	defer stop()
	client, err := l.connect(asking)
	if err == nil {
		err = f(asking, client)
	}
	if err == nil {
		l.answered.Store(true)
		return nil
	}
	if l.life.Err() != nil {
		err = errClosed
	}
	err = l.explain(ctx, err)
	if l.answered.Load() {
		return err
	}
	return l.misspoken(asking, err)
}

// broken ends the returned context when the connection is lost and cannot be
// made again, with the reason as its cause. stop frees it and waits until
// nothing of it runs.
func (l *link) broken(ctx context.Context, client *clientv3.Client) (watched context.Context, stop func()) {
	watched, cancel := context.WithCancelCause(ctx)
	var running sync.WaitGroup
	running.Go(func() {
		conn := client.ActiveConnection()
		for {
			state := conn.GetState()
			if state == connectivity.TransientFailure {
				cancel(errLost)
				return
			}
			if !conn.WaitForStateChange(watched, state) {
				return
			}
		}
	})
	return watched, func() {
		cancel(nil)
		running.Wait()
	}
}

// close ends the client.
func (l *link) close() error {
	l.end(errClosed)
	<-l.turn // whoever connects has seen the end
	defer func() { l.turn <- struct{}{} }()
	if l.client == nil {
		return nil
	}
	err := l.client.Close()
	l.client = nil
	if errors.Is(err, context.Canceled) {
		return nil // the end of its own context
	}
	return err
}

// lastFailure keeps why the last attempt to connect failed: what gRPC makes of
// it is a text only.
type lastFailure struct {
	secure bool        // a handshake follows: only its end says that there is no failure
	wanted atomic.Bool // the far end asked for a certificate, and we have none
	mu     sync.Mutex
	err    error
	at     string // what was dialled last
}

// set stores the failure, or that there was none.
func (f *lastFailure) set(err error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.err = err
}

// get returns the failure of the last attempt.
func (f *lastFailure) get() error {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.err
}

// target returns what was dialled last.
func (f *lastFailure) target() string {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.at
}

// wantsCertificate is called where the far end asks for one; we show none.
func (f *lastFailure) wantsCertificate(*tls.CertificateRequestInfo) (*tls.Certificate, error) {
	f.wanted.Store(true)
	return &tls.Certificate{}, nil
}

// dial connects for gRPC.
func (f *lastFailure) dial(ctx context.Context, target string) (net.Conn, error) {
	conn, err := dial(ctx, target)
	f.mu.Lock()
	f.at = target
	f.mu.Unlock()
	if err != nil || !f.secure {
		f.set(err)
	}
	return conn, err
}

// dial connects to host:port or to unix:PATH, as gRPC names them.
func dial(ctx context.Context, target string) (net.Conn, error) {
	network, address := "tcp", target
	if path, ok := strings.CutPrefix(target, "unix:"); ok {
		network, address = "unix", strings.TrimPrefix(path, "//")
	}
	return (&net.Dialer{}).DialContext(ctx, network, address)
}

// handshake keeps why a TLS handshake failed, and holds the certificate to the
// name that was asked for: gRPC takes the endpoint's, whatever is configured.
type handshake struct {
	credentials.TransportCredentials
	name string // empty: the endpoint's
	last *lastFailure
}

// ClientHandshake is the wrapped one.
func (h *handshake) ClientHandshake(ctx context.Context, authority string, raw net.Conn) (net.Conn, credentials.AuthInfo, error) {
	if h.name != "" {
		authority = h.name
	}
	conn, info, err := h.TransportCredentials.ClientHandshake(ctx, authority, raw)
	h.last.set(err)
	return conn, info, err
}

// Clone keeps the wrapping.
func (h *handshake) Clone() credentials.TransportCredentials {
	return &handshake{h.TransportCredentials.Clone(), h.name, h.last}
}
