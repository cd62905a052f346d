package consul

import (
	"context"
	"errors"
	"io"
	"net/http"
	"sync"
	"time"

	"github.com/hashicorp/consul/api"

	"github.com/midwatch-cli/midwatch/fleet"
	"github.com/midwatch-cli/midwatch/fleet/registry"
)

// maxReply bounds one reply: 10,000 instances of one service are some 30 MiB.
const maxReply = 256 << 20

// placeholder keeps the library from filling a field by itself; the door
// takes it away.
const placeholder = "midwatch"

// errClosed ends what still runs when the registry is closed.
var errClosed = errors.New("the registry was closed")

// client is one Consul, read through one address. It is safe for concurrent
// use.
type client struct {
	options Options
	address string // host:port reads go to, or the path of a socket
	scheme  string
	prefix  string // path in front of /v1, for gateways
	door    *door
	own     *http.Transport // nil where the transport is not ours
	reads   *api.Client

	life context.Context // ends with Close
	stop context.CancelFunc

	mu   sync.Mutex
	held map[fleet.Key]agent // entries this client registered, and where: what heartbeats need
}

func newClient(o Options, loc registry.Location, d *door, own *http.Transport) (*client, error) {
	c := &client{options: o, scheme: "http", prefix: loc.Path, door: d, own: own, held: map[fleet.Key]agent{}}
	if o.Enabled() {
		c.scheme = "https"
	}
	address := ""
	if len(loc.Hosts) > 0 {
		address = loc.Hosts[0]
	}
	if socket, ok := socketOf(loc); ok {
		c.address = socket
		address = "localhost"
	} else {
		address = withPort(address, o.Enabled())
		c.address = address
	}
	reads, err := c.connect(address)
	if err != nil {
		return nil, err
	}
	c.reads = reads
	c.life, c.stop = context.WithCancel(context.Background())
	return c, nil
}

// connect makes an API client for one address behind our door.
//
// The library fills what is empty from CONSUL_HTTP_TOKEN and its kin. That
// must not happen: a credential goes only to the address it was configured
// with, and which variables count is decided by the configuration. So its
// fields are filled with what the door takes away again.
func (c *client) connect(address string) (*api.Client, error) {
	hc := &http.Client{Transport: c.door, CheckRedirect: func(*http.Request, []*http.Request) error {
		return http.ErrUseLastResponse // a redirect is an answer, and not Consul's
	}}
	made, err := api.NewClient(&api.Config{
		Address: address, Scheme: c.scheme, PathPrefix: c.prefix, HttpClient: hc,
		Token: placeholder, Namespace: placeholder, Partition: placeholder,
	})
	if err != nil {
		return nil, registry.Misconfigured("", "", "consul at %s: %w", address, err)
	}
	return made, nil
}

// Close ends what still runs and frees the connections.
func (c *client) Close() error {
	c.stop()
	if c.own != nil {
		c.own.CloseIdleConnections()
	}
	return nil
}

// begin binds a call to the life of the client.
func (c *client) begin(ctx context.Context) (context.Context, context.CancelFunc) {
	ctx, cancel := context.WithCancelCause(ctx)
	off := context.AfterFunc(c.life, func() { cancel(errClosed) })
	return ctx, func() { off(); cancel(nil) }
}

// where names the far end in messages.
func (c *client) where() string { return "consul at " + c.address }

// query returns the options of one read.
func (c *client) query(ctx context.Context) *api.QueryOptions {
	q := &api.QueryOptions{
		Datacenter: c.options.DC,
		Namespace:  c.options.Namespace,
		Partition:  c.options.Partition,
		AllowStale: c.options.Consistency == "stale", RequireConsistent: c.options.Consistency == "consistent",
	}
	return q.WithContext(ctx)
}

// get reads one path into out within the time for one request.
func (c *client) get(ctx context.Context, from *api.Client, path string, out any, q *api.QueryOptions) (*api.QueryMeta, error) {
	limit := c.options.Timeout
	if q.WaitTime > 0 {
		limit += q.WaitTime + q.WaitTime/16 // the server adds so much, for jitter
	}
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	return from.Raw().Query(path, out, q.WithContext(ctx))
}

// do runs one write within the time for one request.
func (c *client) do(ctx context.Context, write func(ctx context.Context) error) error {
	ctx, cancel := context.WithTimeout(ctx, c.options.Timeout)
	defer cancel()
	return write(ctx)
}

// door is the one way out to Consul: it sends the credentials, and only those
// that were configured, and bounds what comes back.
type door struct {
	next            http.RoundTripper
	token, password fleet.Secret
	user, agent     string
}

// RoundTrip sends one request.
func (d *door) RoundTrip(req *http.Request) (*http.Response, error) {
	out := req.Clone(req.Context())
	out.Header.Del("X-Consul-Token")
	if !d.token.IsZero() {
		out.Header.Set("X-Consul-Token", d.token.Reveal())
	}
	if d.user != "" {
		out.SetBasicAuth(d.user, d.password.Reveal())
	}
	if agent := fleet.AgentFor(req.Context(), d.agent); agent != "" {
		out.Header.Set("User-Agent", agent)
	}
	params := out.URL.Query()
	for _, key := range []string{"ns", "partition"} {
		if params.Get(key) == placeholder {
			params.Del(key)
		}
	}
	out.URL.RawQuery = params.Encode()
	resp, err := d.next.RoundTrip(out)
	if err != nil {
		return nil, err
	}
	limit := int64(maxReply)
	if resp.StatusCode != http.StatusOK {
		limit = maxExcerpt
	}
	resp.Body = &bounded{ReadCloser: resp.Body, left: limit}
	return resp, nil
}

// bounded ends a body that is too long: with an error, so that a part is never
// taken for the whole; an error's text is just cut.
type bounded struct {
	io.ReadCloser
	left int64
}

var errTooLong = errors.New("the answer is too long")

func (b *bounded) Read(p []byte) (int, error) {
	if b.left <= 0 {
		return 0, errTooLong
	}
	n, err := b.ReadCloser.Read(p[:min(int64(len(p)), b.left)])
	b.left -= int64(n)
	return n, err
}

// pause waits, but not longer than the context lives.
func pause(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return context.Cause(ctx)
	case <-timer.C:
		return nil
	}
}
