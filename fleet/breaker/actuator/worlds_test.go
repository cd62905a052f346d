package actuator_test

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"testing"

	"github.com/midwatch-cli/midwatch/fleet"
	"github.com/midwatch-cli/midwatch/fleet/breaker"
	"github.com/midwatch-cli/midwatch/fleet/breaker/actuator"
	"github.com/midwatch-cli/midwatch/fleet/breaker/breakertest"
)

func TestMain(m *testing.M) { breakertest.Main(m) }

const secret = "fake-password-7"

// withPassword sends the credentials a profile would have.
type withPassword struct {
	next     http.RoundTripper
	password string
}

func (p withPassword) RoundTrip(r *http.Request) (*http.Response, error) {
	r = r.Clone(r.Context())
	if p.password != "" {
		r.SetBasicAuth("operator", p.password)
	}
	return p.next.RoundTrip(r)
}

// client is one as a profile makes it: it follows no redirects.
func client(password string) *http.Client { return clientBy(password, nil) }

func clientBy(password string, dial func(context.Context, string, string) (net.Conn, error)) *http.Client {
	transport := &http.Transport{DisableKeepAlives: true, DialContext: dial}
	return &http.Client{Transport: withPassword{transport, password}, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
}

// options are those an Admin is opened with.
func options(password string, api fleet.BreakerAPI) breaker.Options {
	return breaker.Options{Client: client(password), Dial: (&net.Dialer{}).DialContext, API: api, Log: slog.New(slog.DiscardHandler)}
}

// opened opens an Admin, which has to work.
func opened(t testing.TB, d *breaker.Driver, o breaker.Options) breaker.Admin {
	t.Helper()
	a, err := d.Open(o)
	if err != nil {
		t.Fatal(err)
	}
	return a
}

// scrape reads a page of metrics as far as these tests need it.
func scrape(c *http.Client) func(context.Context, string) ([]breaker.Sample, error) {
	return func(ctx context.Context, at string) (samples []breaker.Sample, err error) {
		req, err := http.NewRequestWithContext(ctx, http.MethodGet, at, nil)
		if err != nil {
			return nil, err
		}
		resp, err := c.Do(req)
		if err != nil {
			return nil, err
		}
		defer resp.Body.Close()
		if resp.StatusCode != http.StatusOK {
			return nil, errors.New(resp.Status)
		}
		for lines := bufio.NewScanner(resp.Body); lines.Scan(); {
			name, rest, ok := strings.Cut(lines.Text(), "{")
			labels, value, _ := strings.Cut(rest, "} ")
			if !ok || strings.HasPrefix(name, "#") {
				continue
			}
			s := breaker.Sample{Name: name, Labels: map[string]string{}}
			for pair := range strings.SplitSeq(strings.TrimSuffix(labels, ","), "\",") {
				key, text, _ := strings.Cut(pair, "=\"")
				s.Labels[key] = strings.TrimSuffix(text, "\"")
			}
			if s.Value, err = strconv.ParseFloat(value, 64); err != nil {
				return nil, err
			}
			samples = append(samples, s)
		}
		return samples, nil
	}
}

// fakeWorld is the world of a fake.
func fakeWorld(t testing.TB, f *fake, api fleet.BreakerAPI, scraped bool) breakertest.World {
	f.password = secret
	s := serve(t, f, f.currentFault)
	return breakertest.World{
		Driver: actuator.Driver(),
		Open: func(t testing.TB) breaker.Admin {
			o := options(secret, api)
			o.Client = clientBy(secret, s.dial)
			if scraped {
				o.Scrape = scrape(o.Client)
			}
			return opened(t, actuator.Driver(), o)
		},
		Site: breaker.Site{Key: fleet.Key{Ref: fleet.Ref{Name: "shop"}, Instance: "shop-1"}, Addr: s.addr, Base: "http://" + s.addr},
		// The first is driven; the second has to stay as it is.
		Names:   []string{"payment", "orders us"},
		Call:    func(_ testing.TB, name string) bool { return f.call(name, false) },
		Trouble: func(_ testing.TB, name string) { f.trouble(name) },
		Break:   breaks(s, f.setFault),
		Secret:  secret,
	}
}

func fresh() *fake {
	f := newFake("payment", "orders us", "UsersClient#get(String,int)", "inventory")
	f.registry = "eureka"
	return f
}

// TestConformance runs the suite on each kind of application there is.
func TestConformance(t *testing.T) {
	for name, world := range map[string]func(t testing.TB) breakertest.World{
		"2.x": func(t testing.TB) breakertest.World {
			return fakeWorld(t, fresh(), fleet.BreakerAPI{API: actuator.Name}, false)
		},
		"1.x, states from health": func(t testing.TB) breakertest.World {
			f := fresh()
			f.version, f.registry = 1, "consul"
			return fakeWorld(t, f, fleet.BreakerAPI{}, false)
		},
		"1.x, states from metrics": func(t testing.TB) breakertest.World {
			f := fresh()
			f.version, f.noHealth = 1, true
			return fakeWorld(t, f, fleet.BreakerAPI{}, true)
		},
		"snake case, another path, csrf by session": func(t testing.TB) breakertest.World {
			f := fresh()
			f.snake, f.path, f.csrf = true, "/ops/manage", "session"
			return fakeWorld(t, f, fleet.BreakerAPI{Path: "/ops/manage/", CSRF: "spring"}, false)
		},
		"mapped endpoint, csrf by cookie, open errors": func(t testing.TB) breakertest.World {
			f := fresh()
			f.mapped, f.csrf, f.errorOpen = "cb", "cookie", true
			return fakeWorld(t, f, fleet.BreakerAPI{CSRF: "spring"}, false)
		},
	} {
		t.Run(name, func(t *testing.T) { breakertest.Run(t, world) })
	}
}

// gatewayWorld is the world of a fake behind a fake Spring Boot Admin server.
func gatewayWorld(t testing.TB, f *fake, api fleet.BreakerAPI, csrf string) (breakertest.World, *fakeGateway) {
	f.password = "known to the gateway alone"
	g := &fakeGateway{list: []*fakeEntry{
		{id: "9a0b7c6d5e4f", name: "shop", serviceURL: "http://10.1.2.4:8080/", managementURL: "http://10.1.2.4:8081/actuator"},
		{id: "54a1aa9b862f", name: "shop", serviceURL: "http://10.1.2.3:8080/", managementURL: "http://10.1.2.3:8081/actuator", far: f, endpoints: []string{"health", "circuitbreakers", "circuitbreakerevents", "serviceregistry", "prometheus"}},
	}}
	g.guard.password, g.guard.csrf, g.guard.tokens = secret, csrf, map[string]string{}
	fault := func() breakertest.Fault { return f.currentFault() }
	s := serve(t, g, fault)
	return breakertest.World{
		Driver: actuator.Gateway(),
		Open: func(t testing.TB) breaker.Admin {
			o := options(secret, api)
			o.Client = clientBy(secret, s.dial)
			return opened(t, actuator.Gateway(), o)
		},
		Site:    breaker.Site{Key: fleet.Key{Ref: fleet.Ref{Name: "shop"}, Instance: "shop-1"}, Addr: "10.1.2.3:8080", Base: "http://" + s.addr},
		Names:   []string{"payment", "orders us"},
		Call:    func(_ testing.TB, name string) bool { return f.call(name, false) },
		Trouble: func(_ testing.TB, name string) { f.trouble(name) },
		Break:   breaks(s, f.setFault),
		Secret:  secret,
	}, g
}

// TestConformanceGateway runs the suite through a Spring Boot Admin server.
func TestConformanceGateway(t *testing.T) {
	t.Run("2.x", func(t *testing.T) {
		breakertest.Run(t, func(t testing.TB) breakertest.World {
			w, _ := gatewayWorld(t, fresh(), fleet.BreakerAPI{API: actuator.GatewayName}, "")
			return w
		})
	})
	t.Run("1.x, csrf by cookie", func(t *testing.T) {
		breakertest.Run(t, func(t testing.TB) breakertest.World {
			f := fresh()
			f.version = 1
			w, _ := gatewayWorld(t, f, fleet.BreakerAPI{CSRF: "spring"}, "cookie")
			return w
		})
	})
}

// address is the host and port of a site.
func address(t testing.TB, base string) string {
	t.Helper()
	u, err := url.Parse(base)
	if err != nil {
		t.Fatal(err)
	}
	return u.Host
}

// says holds an error to a reason, words of its text and of its hint, and what it
// wraps.
func says(t testing.TB, err error, reason fleet.Reason, is error, words ...string) {
	t.Helper()
	var known *fleet.Error
	if !errors.As(err, &known) {
		t.Fatalf("the error is %v, want a *fleet.Error", err)
	}
	text := known.Detail + " | " + known.Hint
	for _, word := range words {
		if !strings.Contains(text, word) {
			t.Errorf("%q is not in: %s", word, text)
		}
	}
	if known.Reason != reason || is != nil && !errors.Is(err, is) || is == nil && (errors.Is(err, errors.ErrUnsupported) || errors.Is(err, fleet.ErrDenied) || errors.Is(err, fleet.ErrNotFound)) {
		t.Errorf("%s: its reason is %q, want %q; it wraps %v, want %v", text, known.Reason, reason, known.Err, is)
	}
	if strings.Contains(fmt.Sprintf("%v %+v %#v", err, err, known), secret) {
		t.Errorf("the credential is in %s", text)
	}
}
