package wiring

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/base64"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"os"

	promconfig "github.com/prometheus/common/config"

	"github.com/midwatch-cli/midwatch/fleet"
	"github.com/midwatch-cli/midwatch/fleet/profile"
	"github.com/midwatch-cli/midwatch/probe"
	"github.com/midwatch-cli/midwatch/probe/veil"
)

// probers makes what asks the instances of a profile, once for each profile,
// with its credentials and without: without, for places they must not go to.
type probers struct {
	ctx      context.Context // ends with close
	close    context.CancelFunc
	resolver *profile.Resolver
	settings Settings
	trace    string // by which what we ask is found in logs

	made kept[proberKey, probe.Prober]
}

type proberKey struct {
	profile     string
	credentials bool
}

func newProbers(ctx context.Context, r *profile.Resolver, s Settings) *probers {
	p := &probers{resolver: r, settings: s, trace: traceparent()}
	p.ctx, p.close = context.WithCancel(ctx)
	return p
}

// of returns the prober of a profile. What cannot be made (a secret that is
// not there, a missing certificate file) answers every question with why.
func (p *probers) of(name string, credentials bool) probe.Prober {
	made, err := p.made.of(proberKey{name, credentials}, p.settings.Now, func() (probe.Prober, error) {
		made, err := p.make(p.resolver.Profile(name), credentials)
		if err != nil {
			err = fmt.Errorf("profile %q: %w", name, err)
		}
		return made, err
	})
	if err != nil {
		return unable{err}
	}
	return made
}

// unable answers for what cannot be asked as the profile wants it: to ask in
// another way, we refuse.
type unable struct{ reason error }

func (u unable) Probe(_ context.Context, t probe.Target) probe.Result {
	return probe.Result{Target: t, Outcome: probe.Unknown, Reason: probe.ReasonPolicy, Detail: u.reason.Error()}
}

// Kinds that only net/http can carry, and we cannot.
var (
	errProxy  = errors.New("its proxy is for HTTP, and this is not")
	errOAuth2 = errors.New("gRPC is not asked with the tokens of oauth2")
)

func (p *probers) make(f fleet.Profile, credentials bool) (probe.Prober, error) {
	tlsConfig, err := tlsOf(f.TLS, credentials)
	if err != nil {
		return nil, err
	}
	header := http.Header{}
	if err := p.headers(f, credentials, header); err != nil {
		return nil, err
	}
	client, err := p.client(f, credentials)
	if err != nil {
		return nil, err
	}
	hide := veil.New(header, proofs(f))
	slow := p.settings.Slow
	if slow == 0 {
		slow = f.Slow
	}
	web, err := probe.NewHTTP(probe.HTTPOptions{
		UserAgent: p.settings.UserAgent, Headers: header, Client: client, TLS: tlsConfig, Veil: hide,
		Strict: f.Strict != nil && *f.Strict, Slow: slow, DialTimeout: fleet.DialTimeout,
		WarnDays: f.WarnDays, FailDays: f.FailDays,
	})
	if err != nil {
		return nil, err
	}
	mux := probe.Mux{
		probe.HTTP: web,
		probe.GRPC: probe.GRPCProber{
			UserAgent: p.settings.UserAgent, Headers: header, TLS: tlsConfig, Veil: hide, DialTimeout: fleet.DialTimeout, Slow: slow,
			WarnDays: f.WarnDays, FailDays: f.FailDays,
		},
		probe.TCP: probe.TCPProber{DialTimeout: fleet.DialTimeout, Slow: slow},
		probe.TLS: probe.TLSProber{Config: tlsConfig, DialTimeout: fleet.DialTimeout, Slow: slow, WarnDays: f.WarnDays, FailDays: f.FailDays},
		probe.DNS: probe.DNSProber{Slow: slow},
	}
	if credentials && f.Auth.OAuth2 != nil {
		mux[probe.GRPC] = unable{fmt.Errorf("profile %q: %w", f.Name, errOAuth2)}
	}
	if f.Proxy != "" {
		refuse := unable{fmt.Errorf("profile %q: %w", f.Name, errProxy)}
		mux[probe.GRPC], mux[probe.TCP], mux[probe.TLS] = refuse, refuse, refuse
	}
	return &probe.Attempts{
		Max: p.settings.Attempts, Timeout: p.settings.ProbeTimeout, Pause: fleet.AttemptPause,
		Whole: max(fleet.AttemptsBudget, p.settings.ProbeTimeout), Prober: mux,
	}, nil
}

// headers resolves what is sent with every request. Values that prove who we
// are go only where credentials may.
func (p *probers) headers(f fleet.Profile, credentials bool, into http.Header) error {
	into.Set("Traceparent", p.trace)
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
	if f.Proxy == "" && (!credentials || f.Auth.OAuth2 == nil) {
		return nil, nil
	}
	// Every question has a connection of its own.
	over, err := p.transport(f, credentials, false, promconfig.WithKeepAlivesDisabled(), promconfig.WithDialContextFunc(p.dial))
	if err != nil {
		return nil, err
	}
	return &http.Client{Transport: &veiling{next: over, names: proofs(f)}}, nil
}

// transport is a profile's TLS, proxy and OAuth2. Where the profile has no proxy,
// the environment's may be used.
func (p *probers) transport(f fleet.Profile, credentials, environment bool, options ...promconfig.HTTPClientOption) (http.RoundTripper, error) {
	c := promconfig.DefaultHTTPClientConfig
	c.FollowRedirects, c.ProxyFromEnvironment = false, environment && f.Proxy == ""
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
	oauth := credentials && f.Auth.OAuth2 != nil
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
	over, err := promconfig.NewRoundTripperFromConfigWithContext(p.ctx, c, "midwatch", options...)
	if err == nil && oauth {
		over = &tokens{next: over, url: f.Auth.OAuth2.TokenURL, turn: make(chan struct{}, 1)}
	}
	return over, err
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
