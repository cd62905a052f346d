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

	"github.com/midwatch-cli/midwatch/fleet"
	"github.com/midwatch-cli/midwatch/fleet/breaker"
	"github.com/midwatch-cli/midwatch/fleet/breaker/metrics"
	"github.com/midwatch-cli/midwatch/fleet/metrics/scrape"
	"github.com/midwatch-cli/midwatch/probe"
)

// How long connections to admin APIs are kept: while nobody asks, and where they
// cannot be told from those to a token server.
const (
	idleConnection = 30 * time.Second
	anyConnection  = 30 * time.Second
)

// mostHeader bounds the header of an answer: a thousand are read at once.
const mostHeader = 64 << 10

// admins opens what reads and switches breakers, once for each profile, API and
// whether credentials may be sent.
type admins struct {
	probers *probers
	made    kept[adminKey, *admin]
}

type adminKey struct {
	profile, api string
	credentials  bool
}

// admin is an open breaker.Admin and the client it asks with.
type admin struct {
	breaker.Admin
	client *http.Client
}

// Admin returns what reads and switches the breakers of an instance: what a
// Plan says of it is enough, as a journal keeps it. Its errors are *fleet.Error:
// the place must not be asked, there is no such API or profile, a secret is not
// there. It never asks the far side.
func (f *Fleet) Admin(a fleet.Administration) (breaker.Admin, error) {
	if a.Refused != "" {
		return nil, &fleet.Error{Reason: probe.ReasonPolicy, Detail: a.Refused}
	}
	p := f.admins.probers
	made, err := f.admins.made.of(adminKey{a.Profile, a.API, a.Credentials}, p.settings.Now, func() (*admin, error) {
		return f.admins.open(a)
	})
	if err != nil {
		return nil, err
	}
	return made.Admin, nil
}

// open makes an Admin.
func (m *admins) open(a fleet.Administration) (*admin, error) {
	p := m.probers
	driver, err := p.settings.Breakers(a.API)
	if err != nil {
		return nil, err
	}
	f := p.resolver.Profile(a.Profile)
	if f.Name != a.Profile {
		return nil, &fleet.Error{
			Reason: probe.ReasonPolicy, Detail: fmt.Sprintf("there is no profile %q", a.Profile),
			Hint: "its settings and credentials are needed to ask as before: midwatch config show", Err: fleet.ErrNotFound,
		}
	}
	failed := func(err error) error {
		return &fleet.Error{Reason: probe.ReasonPolicy, Detail: fmt.Sprintf("profile %q: %v", a.Profile, err), Err: err}
	}
	client, err := p.adminClient(f, a.Credentials)
	if err != nil {
		return nil, failed(err)
	}
	o := breaker.Options{Client: client, Dial: connect, Scrape: scraped(client), API: f.Breakers, Log: p.settings.Log}
	if o.API.API = a.API; a.API == metrics.Name {
		o.API.Path = cmp.Or(o.API.Path, f.MetricsPath)
	}
	if f.Proxy != "" {
		o.Dial = func(context.Context, string, string) (net.Conn, error) { return nil, failed(errProxy) }
	}
	opened, err := driver.Open(o)
	if err != nil {
		client.CloseIdleConnections()
		return nil, failed(err)
	}
	return &admin{opened, client}, nil
}

// scraped reads pages of metrics with a client.
func scraped(client *http.Client) func(context.Context, string) ([]breaker.Sample, error) {
	return func(ctx context.Context, url string) ([]breaker.Sample, error) {
		page, err := scrape.Get(ctx, client, url)
		if err != nil {
			return nil, err
		}
		samples := make([]breaker.Sample, len(page.Samples))
		for i, s := range page.Samples {
			labels := make(map[string]string, len(s.Labels))
			for _, l := range s.Labels {
				labels[l.Name] = l.Value
			}
			samples[i] = breaker.Sample{Name: s.Name, Labels: labels, Value: s.Value}
		}
		return samples, nil
	}
}

// close hangs up.
func (m *admins) close() {
	m.made.each(func(a *admin) { a.client.CloseIdleConnections() })
}

// adminClient is what asks admin APIs over HTTP: with the profile's headers,
// credentials, TLS and proxy, following nothing. Connections are kept, as a
// breaker is read before and after it is set.
func (p *probers) adminClient(f fleet.Profile, credentials bool) (*http.Client, error) {
	header := http.Header{}
	if err := p.headers(f, credentials, header); err != nil {
		return nil, err
	}
	over, err := p.adminTransport(f, credentials)
	if err != nil {
		return nil, err
	}
	header.Set("User-Agent", cmp.Or(header.Get("User-Agent"), p.settings.UserAgent))
	return &http.Client{
		Transport:     &headed{next: &veiling{next: over, names: proofs(f)}, header: header},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}, nil
}

func (p *probers) adminTransport(f fleet.Profile, credentials bool) (http.RoundTripper, error) {
	if credentials && f.Auth.OAuth2 != nil {
		return p.transport(f, credentials, false, promconfig.WithKeepAlivesDisabled(),
			promconfig.WithDialContextFunc(func(ctx context.Context, network, address string) (net.Conn, error) {
				return p.dialFor(ctx, network, address, anyConnection)
			}))
	}
	secure, err := tlsOf(f.TLS, credentials)
	if err != nil {
		return nil, err
	}
	over := &http.Transport{
		DialContext: connect, TLSClientConfig: secure, TLSHandshakeTimeout: fleet.ProbeTimeout, DisableCompression: true,
		MaxIdleConns: 0, MaxIdleConnsPerHost: fleet.ParallelHost, IdleConnTimeout: idleConnection, // one host for each of a thousand instances
		MaxResponseHeaderBytes: mostHeader,
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

// schemesOf returns what says by which schemes a breaker API is reached; nothing
// for one nobody knows. Every instance that has breakers is asked about.
func (s Settings) schemesOf() func(api string) []string {
	var known kept[string, []string]
	return func(api string) []string {
		schemes, err := known.of(api, s.Now, func() ([]string, error) {
			driver, err := s.Breakers(api)
			if err != nil {
				return nil, err
			}
			return driver.Schemes, nil
		})
		if err != nil {
			return nil
		}
		return schemes
	}
}
