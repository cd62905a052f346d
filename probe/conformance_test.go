package probe_test

import (
	"bytes"
	"context"
	"crypto/tls"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"testing"
	"time"

	"github.com/midwatch-cli/midwatch/probe"
	"github.com/midwatch-cli/midwatch/probe/probetest"
)

// serve runs an HTTP server on ln until the test ends. With a certificate it
// speaks TLS, and HTTP/2.
func serve(t *testing.T, ln net.Listener, cert *tls.Certificate, h http.HandlerFunc) {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	srv := &http.Server{Handler: h, ErrorLog: log.New(io.Discard, "", 0), ReadHeaderTimeout: time.Minute, BaseContext: func(net.Listener) context.Context { return ctx }}
	done := make(chan struct{})
	go func() {
		defer close(done)
		if cert != nil {
			srv.TLSConfig = &tls.Config{Certificates: []tls.Certificate{*cert}, MinVersion: tls.VersionTLS12}
			_ = srv.ServeTLS(ln, "", "")
			return
		}
		_ = srv.Serve(ln)
	}()
	t.Cleanup(func() {
		cancel()
		_ = srv.Close()
		<-done
	})
}

func up(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Type", "application/json")
	_, _ = io.WriteString(w, `{"status":"UP"}`)
}

// httpWorld is the world of HTTP, over one of its two paths.
func httpWorld(client bool, ca *probetest.CA) probetest.World {
	secure := ca != nil
	at := func(ln net.Listener) probe.Target {
		target := probe.Target{Kind: probe.HTTP, Address: ln.Addr().String(), Path: "/health", Named: true}
		if secure {
			target.Scheme, target.Host = "https", "localhost"
		}
		return target
	}
	hand := func(h http.HandlerFunc) func(*testing.T, net.Listener) probe.Target {
		return func(t *testing.T, ln net.Listener) probe.Target {
			if secure {
				cert := ca.Cert(t, time.Now().Add(-time.Hour), time.Now().Add(99*24*time.Hour), "localhost")
				serve(t, ln, &cert, h)
			} else {
				serve(t, ln, nil, h)
			}
			return at(ln)
		}
	}
	w := probetest.World{
		CA: ca,
		Open: func(t *testing.T, s probetest.Settings) probe.Prober {
			o := probe.HTTPOptions{
				Resolver: s.Resolver, DialTimeout: s.DialTimeout,
				TLS: &tls.Config{RootCAs: s.Roots, MinVersion: tls.VersionTLS12},
			}
			if client {
				o.Client = &http.Client{Transport: &http.Transport{
					TLSClientConfig:   &tls.Config{RootCAs: s.Roots, MinVersion: tls.VersionTLS12, ServerName: "localhost"},
					DialContext:       (&net.Dialer{Resolver: s.Resolver, Timeout: s.DialTimeout}).DialContext,
					DisableKeepAlives: true,
				}}
			}
			p, err := probe.NewHTTP(o)
			if err != nil {
				t.Fatal(err)
			}
			return p
		},
		Serve: hand(up),
		ServeTLS: func(t *testing.T, ln net.Listener, cert tls.Certificate) probe.Target {
			serve(t, ln, &cert, up)
			return probe.Target{Kind: probe.HTTP, Scheme: "https", Address: ln.Addr().String(), Host: "localhost", Path: "/health", Named: true}
		},
		Unwell: hand(func(w http.ResponseWriter, _ *http.Request) {
			w.WriteHeader(http.StatusServiceUnavailable)
			_, _ = io.WriteString(w, `{"status":"DOWN"}`)
		}),
		Slow: func(t *testing.T, ln net.Listener, d time.Duration) (probe.Target, string) {
			return hand(func(w http.ResponseWriter, r *http.Request) {
				timer := time.NewTimer(d)
				defer timer.Stop()
				select {
				case <-timer.C:
					up(w, r)
				case <-r.Context().Done():
				}
			})(t, ln), "wait"
		},
		Endless: hand(func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Content-Length", fmt.Sprint(1<<30))
			for chunk := bytes.Repeat([]byte("all is well "), 4096); r.Context().Err() == nil; {
				if _, err := w.Write(chunk); err != nil {
					return
				}
			}
		}),
		Redirect: hand(func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, r.URL.Path+"x", http.StatusFound) }),
		Hostile: func(t *testing.T, ln net.Listener, text string) probe.Target {
			return hand(func(w http.ResponseWriter, _ *http.Request) {
				w.Header().Set("Content-Type", "application/json")
				_, _ = fmt.Fprintf(w, `{"status":"DOWN","detail":"%s","components":{"%s":{"status":"%s"}}}`, text, text, text)
			})(t, ln)
		},
	}
	if client {
		w.Cannot = map[string]string{"pass/unix": "no proxy and no token server leads to a socket of this machine"}
	}
	if secure {
		w.Cannot = map[string]string{"scheme/tls-port": "every target is https"}
		w.AtOnce = 100 // an HTTP/2 server hangs up on who has not begun within 2 s of the handshake
	}
	return w
}

func TestConformanceHTTPLean(t *testing.T) { probetest.Run(t, httpWorld(false, nil)) }

func TestConformanceHTTPClient(t *testing.T) { probetest.Run(t, httpWorld(true, nil)) }

func TestConformanceHTTPS(t *testing.T) { probetest.Run(t, httpWorld(false, probetest.NewCA(t))) }

func TestConformanceTCP(t *testing.T) {
	const portOnly = "whether the port accepts is all it asks"
	probetest.Run(t, probetest.World{
		Open: func(_ *testing.T, s probetest.Settings) probe.Prober {
			return probe.TCPProber{Resolver: s.Resolver, DialTimeout: s.DialTimeout}
		},
		Serve: func(t *testing.T, ln net.Listener) probe.Target {
			probetest.RawOn(t, ln, func(net.Conn) {})
			return probe.Target{Kind: probe.TCP, Address: ln.Addr().String()}
		},
		Cannot: map[string]string{
			"unwell": portOnly, "closed": portOnly, "reset": portOnly, "garbage": portOnly,
			"blackhole/accepted": portOnly, "cancel/while": portOnly,
			"tls/pass": portOnly, "tls/name": portOnly, "tls/expired": portOnly, "tls/not-yet": portOnly, "tls/untrusted": portOnly,
			"scheme/plain-port": portOnly, "scheme/tls-port": portOnly,
			"endless": portOnly, "redirect": portOnly, "slow/phase": portOnly, "hostile": portOnly,
		},
	})
}

func TestConformanceTLS(t *testing.T) {
	ca := probetest.NewCA(t)
	const nothingSaid = "it hangs up after the handshake and asks nothing"
	answer := func(t *testing.T, ln net.Listener, cert tls.Certificate, before func()) probe.Target {
		probetest.RawOn(t, ln, func(c net.Conn) {
			before()
			secure := tls.Server(c, &tls.Config{Certificates: []tls.Certificate{cert}, MinVersion: tls.VersionTLS12})
			if secure.HandshakeContext(context.Background()) == nil {
				_, _ = io.Copy(io.Discard, secure)
			}
		})
		return probe.Target{Kind: probe.TLS, Address: ln.Addr().String(), Host: "localhost"}
	}
	good := func(t *testing.T) tls.Certificate {
		return ca.Cert(t, time.Now().Add(-time.Hour), time.Now().Add(time.Hour), "localhost")
	}
	probetest.Run(t, probetest.World{
		CA: ca,
		Open: func(_ *testing.T, s probetest.Settings) probe.Prober {
			return probe.TLSProber{Config: &tls.Config{RootCAs: s.Roots, MinVersion: tls.VersionTLS12}, Resolver: s.Resolver, DialTimeout: s.DialTimeout}
		},
		Serve: func(t *testing.T, ln net.Listener) probe.Target { return answer(t, ln, good(t), func() {}) },
		ServeTLS: func(t *testing.T, ln net.Listener, cert tls.Certificate) probe.Target {
			return answer(t, ln, cert, func() {})
		},
		Slow: func(t *testing.T, ln net.Listener, d time.Duration) (probe.Target, string) {
			return answer(t, ln, good(t), func() { <-time.After(d) }), "tls"
		},
		Cannot: map[string]string{
			"scheme/tls-port": "every target speaks TLS",
			"unwell":          nothingSaid, "endless": nothingSaid, "redirect": nothingSaid, "hostile": nothingSaid,
		},
	})
}

func TestConformanceDNS(t *testing.T) {
	const behind = "the name is asked for, not the service behind it"
	const serverAway = "a name server that is away says nothing of the name: unknown, see the test of that"
	const udp = "it is asked over UDP"
	probetest.Run(t, probetest.World{
		AtOnce: 50, // what the queue of a UDP port holds
		Open:   func(*testing.T, probetest.Settings) probe.Prober { return probe.DNSProber{} },
		Serve: func(t *testing.T, ln net.Listener) probe.Target {
			_ = ln.Close() // the name server has a port of its own
			return probe.Target{Kind: probe.DNS, Path: "order.example", Address: probetest.NameServer(t, func(_ []byte, kind uint16) []byte {
				return map[uint16][]byte{1: {127, 0, 0, 1}, 28: make([]byte, 16)}[kind]
			})}
		},
		Slow: func(t *testing.T, ln net.Listener, d time.Duration) (probe.Target, string) {
			_ = ln.Close()
			return probe.Target{Kind: probe.DNS, Path: "order.example", Address: probetest.NameServer(t, func(_ []byte, kind uint16) []byte {
				<-time.After(d)
				return map[uint16][]byte{1: {127, 0, 0, 1}, 28: make([]byte, 16)}[kind]
			})}, "resolve"
		},
		Cannot: map[string]string{
			"pass/ipv6": udp, "pass/unix": udp, "closed": udp, "reset": udp, "cancel/dial": udp, "blackhole/dial": udp, "cancel/while": udp,
			"refused": serverAway, "garbage": serverAway, "blackhole/accepted": serverAway, "resolve": serverAway, "deadline/before": serverAway,
			"unwell": behind, "endless": behind, "redirect": behind, "hostile": behind,
			"tls/pass": behind, "tls/name": behind, "tls/expired": behind, "tls/not-yet": behind, "tls/untrusted": behind,
			"scheme/plain-port": behind, "scheme/tls-port": behind,
		},
	})
}
