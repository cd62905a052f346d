package wiring

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/base64"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"sync"

	promconfig "github.com/prometheus/common/config"

	"github.com/midwatch-cli/midwatch/fleet"
	"github.com/midwatch-cli/midwatch/fleet/profile"
	"github.com/midwatch-cli/midwatch/probe"
)

// probers makes what asks the instances of a profile, once for each profile,
// with its credentials and without: without, for places they must not go to.
type probers struct {
	ctx      context.Context
	resolver *profile.Resolver
	settings Settings

	mu   sync.Mutex
	made map[proberKey]probe.Prober
	idle []*http.Client
}

type proberKey struct {
	profile     string
	credentials bool
}

func newProbers(ctx context.Context, r *profile.Resolver, s Settings) *probers {
	return &probers{ctx: ctx, resolver: r, settings: s, made: map[proberKey]probe.Prober{}}
}

// of returns the prober of a profile. What cannot be made (a secret that is
// not there, a missing certificate file) answers every question with why.
func (p *probers) of(name string, credentials bool) probe.Prober {
	key := proberKey{name, credentials}
	p.mu.Lock()
	defer p.mu.Unlock()
	if made := p.made[key]; made != nil {
		return made
	}
	made, err := p.make(p.resolver.Profile(name), credentials)
	if err != nil {
		made = unable{reason: err}
	}
	p.made[key] = made
	return made
}

func (p *probers) close() {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, c := range p.idle {
		c.CloseIdleConnections()
	}
}

// unable answers for a prober that could not be made.
type unable struct{ reason error }

func (u unable) Probe(_ context.Context, t probe.Target) probe.Result {
	return probe.Result{Target: t, Outcome: probe.Unknown, Reason: probe.ReasonPolicy, Detail: u.reason.Error()}
}

func (p *probers) make(f fleet.Profile, credentials bool) (probe.Prober, error) {
	tlsConfig, err := tlsOf(f.TLS, credentials)
	if err != nil {
		return nil, fmt.Errorf("profile %q: %w", f.Name, err)
	}
	header := http.Header{}
	if err := p.headers(f, credentials, header); err != nil {
		return nil, fmt.Errorf("profile %q: %w", f.Name, err)
	}
	client, err := p.client(f, credentials)
	if err != nil {
		return nil, fmt.Errorf("profile %q: %w", f.Name, err)
	}
	slow := p.settings.Slow
	if slow == 0 {
		slow = f.Slow
	}
	web, err := probe.NewHTTP(probe.HTTPOptions{
		UserAgent: p.settings.UserAgent, Headers: header, Client: client, TLS: tlsConfig,
		Strict: f.Strict != nil && *f.Strict, Slow: slow, DialTimeout: fleet.DialTimeout,
		WarnDays: f.WarnDays, FailDays: f.FailDays,
	})
	if err != nil {
		return nil, fmt.Errorf("profile %q: %w", f.Name, err)
	}
	return probe.Attempts{
		Max: p.settings.Attempts, Timeout: p.settings.ProbeTimeout, Pause: fleet.AttemptPause,
		Whole: max(fleet.AttemptsBudget, p.settings.ProbeTimeout),
		Prober: probe.Mux{
			probe.HTTP: web,
			probe.TCP:  probe.TCPProber{DialTimeout: fleet.DialTimeout, Slow: slow},
			probe.TLS:  probe.TLSProber{Config: tlsConfig, DialTimeout: fleet.DialTimeout, Slow: slow, WarnDays: f.WarnDays, FailDays: f.FailDays},
			probe.DNS:  probe.DNSProber{Slow: slow},
		},
	}, nil
}

// headers resolves what is sent with every request. Values that prove who we
// are go only where credentials may.
func (p *probers) headers(f fleet.Profile, credentials bool, into http.Header) error {
	for name, h := range f.Headers {
		if h.Ref.IsZero() {
			into.Set(name, h.Text)
			continue
		}
		if !credentials {
			continue
		}
		value, err := p.settings.Secret(p.ctx, h.Ref)
		if err != nil {
			return err
		}
		into.Set(name, value.Reveal())
	}
	if !credentials {
		return nil
	}
	switch {
	case f.Auth.BasicUser != "":
		password, err := p.settings.Secret(p.ctx, f.Auth.BasicPassword)
		if err != nil {
			return err
		}
		into.Set("Authorization", "Basic "+base64.StdEncoding.EncodeToString([]byte(f.Auth.BasicUser+":"+password.Reveal())))
	case !f.Auth.Bearer.IsZero():
		token, err := p.settings.Secret(p.ctx, f.Auth.Bearer)
		if err != nil {
			return err
		}
		into.Set("Authorization", "Bearer "+token.Reveal())
	}
	return nil
}

// client is what asks where a proxy or OAuth2 is wanted; nil where not, so that
// the lean path serves.
func (p *probers) client(f fleet.Profile, credentials bool) (*http.Client, error) {
	oauth := credentials && f.Auth.OAuth2 != nil
	if f.Proxy == "" && !oauth {
		return nil, nil
	}
	c := promconfig.DefaultHTTPClientConfig
	c.FollowRedirects = false
	c.TLSConfig = promconfig.TLSConfig{
		CAFile: f.TLS.CA, ServerName: f.TLS.ServerName, InsecureSkipVerify: f.TLS.Insecure,
	}
	if credentials {
		c.TLSConfig.CertFile, c.TLSConfig.KeyFile = f.TLS.Cert, f.TLS.Key
	}
	if f.Proxy != "" {
		u, err := url.Parse(f.Proxy)
		if err != nil {
			return nil, fmt.Errorf("proxy: not a URL")
		}
		c.ProxyURL = promconfig.URL{URL: u}
	}
	if oauth {
		secret, err := p.settings.Secret(p.ctx, f.Auth.OAuth2.ClientSecret)
		if err != nil {
			return nil, err
		}
		c.OAuth2 = &promconfig.OAuth2{
			ClientID: f.Auth.OAuth2.ClientID, ClientSecret: promconfig.Secret(secret.Reveal()),
			TokenURL: f.Auth.OAuth2.TokenURL, Scopes: f.Auth.OAuth2.Scopes,
		}
	}
	client, err := promconfig.NewClientFromConfig(c, "midwatch")
	if err != nil {
		return nil, err
	}
	p.idle = append(p.idle, client)
	return client, nil
}

// tlsOf reads the files of TLS settings; nil where nothing is set.
func tlsOf(s fleet.TLSSettings, credentials bool) (*tls.Config, error) {
	if s.IsZero() {
		return nil, nil
	}
	c := &tls.Config{MinVersion: tls.VersionTLS12, ServerName: s.ServerName, InsecureSkipVerify: s.Insecure}
	if s.CA != "" {
		pem, err := os.ReadFile(s.CA)
		if err != nil {
			return nil, fmt.Errorf("tls.ca: %w", err)
		}
		c.RootCAs = x509.NewCertPool()
		if !c.RootCAs.AppendCertsFromPEM(pem) {
			return nil, fmt.Errorf("tls.ca: %s holds no certificate", s.CA)
		}
	}
	if s.Cert != "" && credentials {
		pair, err := tls.LoadX509KeyPair(s.Cert, s.Key)
		if err != nil {
			return nil, fmt.Errorf("tls.cert: %w", err)
		}
		c.Certificates = []tls.Certificate{pair}
	}
	return c, nil
}
