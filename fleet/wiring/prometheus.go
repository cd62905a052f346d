package wiring

import (
	"cmp"
	"context"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"time"

	promconfig "github.com/prometheus/common/config"
	"golang.org/x/net/http/httpproxy"

	"github.com/midwatch-cli/midwatch/fleet"
	"github.com/midwatch-cli/midwatch/fleet/config"
	"github.com/midwatch-cli/midwatch/fleet/metrics"
	"github.com/midwatch-cli/midwatch/fleet/metrics/server"
	"github.com/midwatch-cli/midwatch/probe"
)

// longQuestion is the longest that a question, or its token, may take where their
// connections cannot be told apart.
const longQuestion = 10 * time.Minute

// peer is a Prometheus server and the client it is asked with.
type peer struct {
	*server.Server
	client *http.Client
}

// Prometheus returns the server that has the metrics of the context, and whether
// there is one: that of Settings, else the configuration's. It asks nothing. Its
// errors are *fleet.Error: a URL that is none, a secret or a certificate that is
// not there.
func (f *Fleet) Prometheus() (metrics.Querier, bool, error) {
	at := f.prometheus
	if at.URL == "" {
		return nil, false, nil
	}
	made, err := f.peers.of(at, f.settings.Now, func() (*peer, error) { return f.probers.peer(at) })
	if err != nil {
		return nil, true, err
	}
	return made.Server, true, nil
}

// chosen is the server that counts. One that a flag names is asked with the
// credentials of the configured one where it is the same host, asked in the same
// way, and with none elsewhere.
func chosen(flag string, configured config.Prometheus) config.Prometheus {
	if flag == "" {
		return configured
	}
	at := config.Prometheus{URL: flag}
	a, errA := url.Parse(flag)
	b, errB := url.Parse(configured.URL)
	if errA == nil && errB == nil && a.Scheme == b.Scheme && a.Host == b.Host {
		at.Profile = configured.Profile
	}
	return at
}

// peer makes a client and the server it asks. The address is the user's own, so
// the profile's credentials go there whatever the way.
func (p *probers) peer(at config.Prometheus) (*peer, error) {
	var with fleet.Profile
	if at.Profile != "" {
		if with = p.resolver.Profile(at.Profile); with.Name != at.Profile {
			return nil, &fleet.Error{Reason: probe.ReasonPolicy, Detail: fmt.Sprintf("prometheus: there is no profile %q", at.Profile), Err: fleet.ErrNotFound}
		}
	}
	client, err := p.peerClient(with)
	if err != nil {
		return nil, &fleet.Error{Reason: probe.ReasonPolicy, Detail: fmt.Sprintf("prometheus: profile %q: %v", at.Profile, err), Err: err}
	}
	s, err := server.Open(server.Options{URL: at.URL, Client: client})
	if err != nil {
		return nil, err
	}
	return &peer{s, client}, nil
}

// peerClient asks with a profile's headers, credentials, TLS and proxy, else
// through the environment's proxy, as registries are asked. It follows nothing.
func (p *probers) peerClient(f fleet.Profile) (*http.Client, error) {
	header := http.Header{}
	if err := p.headers(f, true, header); err != nil {
		return nil, err
	}
	over, err := p.peerTransport(f)
	if err != nil {
		return nil, err
	}
	header.Set("User-Agent", cmp.Or(header.Get("User-Agent"), p.settings.UserAgent))
	return &http.Client{
		Transport:     &headed{next: &veiling{next: over, names: proofs(f)}, header: header},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}, nil
}

func (p *probers) peerTransport(f fleet.Profile) (http.RoundTripper, error) {
	if f.Auth.OAuth2 != nil {
		return p.transport(f, true, true, promconfig.WithKeepAlivesDisabled(),
			promconfig.WithDialContextFunc(func(ctx context.Context, network, address string) (net.Conn, error) {
				return p.dialFor(ctx, network, address, longQuestion)
			}))
	}
	secure, err := tlsOf(f.TLS, true)
	if err != nil {
		return nil, err
	}
	environment := httpproxy.FromEnvironment().ProxyFunc()
	over := &http.Transport{
		DialContext: connect, TLSClientConfig: secure, TLSHandshakeTimeout: fleet.ProbeTimeout,
		Proxy:               func(r *http.Request) (*url.URL, error) { return environment(r.URL) },
		MaxIdleConnsPerHost: fleet.ParallelHost, IdleConnTimeout: idleConnection, MaxResponseHeaderBytes: mostHeader, ForceAttemptHTTP2: true,
	}
	if f.Proxy != "" {
		u, err := url.Parse(f.Proxy)
		if err != nil {
			return nil, fmt.Errorf("proxy: not a URL")
		}
		over.Proxy = http.ProxyURL(u)
	}
	return over, nil
}
