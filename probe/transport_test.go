package probe_test

import (
	"bytes"
	"compress/gzip"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"runtime"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/midwatch-cli/midwatch/probe"
	"github.com/midwatch-cli/midwatch/probe/probetest"
)

// both runs a test on the lean path and over net/http.
func both(t *testing.T, o probe.HTTPOptions, run func(t *testing.T, p probe.Prober)) {
	t.Helper()
	for _, path := range []string{"lean", "net/http"} {
		t.Run(path, func(t *testing.T) {
			if path == "net/http" {
				o.Client = &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
			}
			p, err := probe.NewHTTP(o)
			if err != nil {
				t.Fatal(err)
			}
			run(t, p)
		})
	}
}

// answering is a raw server that takes the question and says these bytes.
func answering(t *testing.T, raw string) string {
	return probetest.Raw(t, func(c net.Conn) {
		question(c)
		_, _ = io.WriteString(c, raw)
	})
}

// question reads up to the end of the header and returns it.
func question(c net.Conn) string {
	var b []byte
	one := make([]byte, 1)
	for !bytes.HasSuffix(b, []byte("\r\n\r\n")) {
		if _, err := c.Read(one); err != nil {
			break
		}
		b = append(b, one[0])
	}
	return string(b)
}

// hold keeps a connection until the far side lets go.
func hold(c net.Conn) { _, _ = io.Copy(io.Discard, c) }

// drip writes slowly, for as long as the far side listens.
func drip(c net.Conn, text string) {
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for i := range len(text) {
		if _, err := io.WriteString(c, text[i:i+1]); err != nil {
			return
		}
		<-tick.C
	}
	hold(c)
}

func probed(t *testing.T, p probe.Prober, target probe.Target, limit time.Duration) probe.Result {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), limit)
	defer cancel()
	start := time.Now()
	r := p.Probe(ctx, target)
	for _, complaint := range probetest.Complaints(&r, target, time.Since(start)) {
		t.Error(complaint)
	}
	return r
}

func health(address string) probe.Target {
	return probe.Target{Kind: probe.HTTP, Address: address, Path: "/health", Named: true}
}

// TestTransport: the odd-* recordings whose oddity is in the transport, as
// behaviours of a raw server, with the verdicts of the recordings' table.
func TestTransport(t *testing.T) {
	const head = "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"
	for _, c := range []struct {
		name    string
		do      func(c net.Conn)
		outcome probe.Outcome
		reason  probe.Reason
		detail  string
		code    int
	}{
		{"close", func(net.Conn) {}, probe.Fail, probe.ReasonClosed, "closed without an answer", 0},
		{"reset", probetest.Abort, probe.Fail, probe.ReasonReset, "connection reset", 0},
		{"reset-mid-body", func(c net.Conn) {
			_, _ = io.WriteString(c, head+"Content-Length: 100\r\n\r\n{\"status\":")
			<-time.After(50 * time.Millisecond) // a reset overtakes what is not read yet
			probetest.Abort(c)
		}, probe.Fail, probe.ReasonReset, "200, but in the body: connection reset", 200},
		{"hang", hold, probe.Fail, probe.ReasonTimeout, "no answer in 400ms", 0},
		{"slow-headers", func(c net.Conn) { drip(c, "HTTP/1.1 200 OK\r\n") }, probe.Fail, probe.ReasonTimeout, "no answer in 400ms", 0},
		{"drip-headers", func(c net.Conn) { drip(c, head+"X-Slow: yes\r\nX-Slower: yes\r\n\r\n") }, probe.Fail, probe.ReasonTimeout, "no answer in 400ms", 0},
		{"slow-body", func(c net.Conn) {
			_, _ = io.WriteString(c, head+"Content-Length: 15\r\n\r\n")
			hold(c)
		}, probe.Fail, probe.ReasonTimeout, "200, but in the body: no end in 400ms", 200},
		{"drip", func(c net.Conn) {
			_, _ = io.WriteString(c, head+"Content-Length: 100\r\n\r\n")
			drip(c, `{"status":"UP"}                                                     `)
		}, probe.Fail, probe.ReasonTimeout, "200, but in the body: no end in 400ms", 200},
		{"never-ending", func(c net.Conn) {
			_, _ = io.WriteString(c, "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream; charset=utf-8\r\nTransfer-Encoding: chunked\r\n\r\n")
			drip(c, "10\r\ndata: {\"tick\":0}\r\n")
		}, probe.Unknown, probe.ReasonBody, "200 and an endless stream of events", 200},
		{"not-http", func(c net.Conn) { _, _ = io.WriteString(c, "-ERR unknown command 'GET'\r\n") }, probe.Unknown, probe.ReasonProtocol, "", 0},
		{"bad-status-line", func(c net.Conn) { _, _ = io.WriteString(c, "HTTP/one 200 fine\r\n\r\nOK") }, probe.Unknown, probe.ReasonProtocol, "", 0},
		{"two-lengths", func(c net.Conn) {
			_, _ = io.WriteString(c, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 15\r\n\r\nOK")
		}, probe.Unknown, probe.ReasonProtocol, "", 0},
		{"empty body where one was promised", func(c net.Conn) { _, _ = io.WriteString(c, head+"Content-Length: 15\r\n\r\n") }, probe.Fail, probe.ReasonClosed, "200, but in the body: closed without an answer", 200},
		{"gzip-unasked-bad", func(c net.Conn) {
			_, _ = io.WriteString(c, head+"Content-Length: 15\r\nContent-Encoding: gzip\r\n\r\n{\"status\":\"UP\"}")
		}, probe.Unknown, probe.ReasonBody, "content encoding: declared gzip, is not: gzip: invalid header", 200},
		{"brotli, which nobody asked for", func(c net.Conn) {
			_, _ = io.WriteString(c, head+"Content-Length: 2\r\nContent-Encoding: br\r\n\r\n\x0b\x02")
		}, probe.Unknown, probe.ReasonBody, "content encoding br was not asked for", 200},
		{"tls-port-spoken-plain-go", func(c net.Conn) {
			_, _ = io.WriteString(c, "HTTP/1.0 400 Bad Request\r\n\r\nClient sent an HTTP request to an HTTPS server.\n")
		}, probe.Unknown, probe.ReasonScheme, "spoke plain HTTP to a port that speaks TLS", 400},
		{"tls-port-spoken-plain-nginx", func(c net.Conn) {
			_, _ = io.WriteString(c, "HTTP/1.1 400 Bad Request\r\nServer: nginx/1.22.1\r\nContent-Type: text/html\r\nConnection: close\r\n\r\n<html>\n<head><title>400 The plain HTTP request was sent to HTTPS port</title></head>")
		}, probe.Unknown, probe.ReasonScheme, "spoke plain HTTP to a port that speaks TLS", 400},
		{"tls-client-cert-required", func(c net.Conn) {
			_, _ = io.WriteString(c, "HTTP/1.1 400 Bad Request\r\nServer: nginx/1.22.1\r\nContent-Type: text/html\r\n\r\n<html>\n<head><title>400 No required SSL certificate was sent</title></head>")
		}, probe.Unknown, probe.ReasonAuth, "it wants a client certificate", 400},
		{"tls-port-spoken-plain-openssl", func(c net.Conn) { _, _ = c.Write([]byte{0x15, 3, 1, 0, 2, 2, 70}) }, probe.Unknown, probe.ReasonScheme, "spoke plain HTTP to a port that speaks TLS", 0},
		{"302-no-location", func(c net.Conn) { _, _ = io.WriteString(c, "HTTP/1.1 302 Found\r\nContent-Length: 0\r\n\r\n") }, probe.Unknown, probe.ReasonRedirect, "302 without a Location", 302},
		{"302-loop", func(c net.Conn) {
			_, _ = io.WriteString(c, "HTTP/1.1 302 Found\r\nLocation: /health\r\nContent-Length: 0\r\n\r\n")
		}, probe.Unknown, probe.ReasonRedirect, "302 to /health", 302},
	} {
		t.Run(c.name, func(t *testing.T) {
			both(t, probe.HTTPOptions{}, func(t *testing.T, p probe.Prober) {
				address := probetest.Raw(t, func(conn net.Conn) {
					question(conn)
					c.do(conn)
				})
				limit := 5 * time.Second
				if c.reason == probe.ReasonTimeout {
					limit = 400 * time.Millisecond
				}
				r := probed(t, p, health(address), limit)
				if r.Outcome != c.outcome || r.Reason != c.reason || r.Code != c.code || c.detail != "" && r.Detail != c.detail {
					t.Errorf("got %s (%s) %d %q; want %s (%s) %d %q", r.Outcome, r.Reason, r.Code, r.Detail, c.outcome, c.reason, c.code, c.detail)
				}
				if r.Took > limit+2*time.Second {
					t.Errorf("took %s of %s", r.Took, limit)
				}
				if r.Code != 0 && !r.Answered {
					t.Error("a status came, and Answered is false")
				}
			})
		})
	}
}

func TestHugeBody(t *testing.T) {
	for _, kind := range []string{"plain", "gzip"} {
		t.Run(kind, func(t *testing.T) {
			chunk := bytes.Repeat([]byte("well well "), 100<<10)
			head := fmt.Sprintf("HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: %d\r\n\r\n", 1<<30)
			if kind == "gzip" {
				var b bytes.Buffer
				w := gzip.NewWriter(&b)
				for range 64 {
					_, _ = w.Write(chunk) // some 64 MiB in some 64 KiB
				}
				_ = w.Close()
				chunk = b.Bytes()
				head = fmt.Sprintf("HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: %d\r\n\r\n", len(chunk))
			}
			both(t, probe.HTTPOptions{}, func(t *testing.T, p probe.Prober) {
				var sent atomic.Int64
				address := probetest.Raw(t, func(c net.Conn) {
					question(c)
					_, _ = io.WriteString(c, head)
					for range 1 << 10 {
						n, err := c.Write(chunk)
						sent.Add(int64(n))
						if err != nil || kind == "gzip" {
							return
						}
					}
				})
				var before, after runtime.MemStats
				runtime.ReadMemStats(&before)
				r := probed(t, p, health(address), 20*time.Second)
				runtime.ReadMemStats(&after)
				if r.Code != 200 || !r.Answered || len(r.Excerpt) > 200 {
					t.Errorf("got %s (%s) %q, an excerpt of %d", r.Outcome, r.Reason, r.Detail, len(r.Excerpt))
				}
				if n := sent.Load(); n > 64<<20 {
					t.Errorf("it could send %d MiB", n>>20)
				}
				if grown := after.TotalAlloc - before.TotalAlloc; grown > 24<<20 {
					t.Errorf("allocated %d MiB", grown>>20)
				}
			})
		})
	}
}

// TestRequest: what is sent, on both paths.
func TestRequest(t *testing.T) {
	both(t, probe.HTTPOptions{UserAgent: "midwatch/7", Headers: http.Header{"authorization": {"Bearer s3cret"}, "host": {"elsewhere"}}}, func(t *testing.T, p probe.Prober) {
		got := make(chan string, 1)
		address := probetest.Raw(t, func(c net.Conn) {
			got <- question(c)
			_, _ = io.WriteString(c, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nOK")
		})
		target := health(address)
		target.Host, target.Path = "order.example", "/health?full=1&x=%2F"
		r := probed(t, p, target, 5*time.Second)
		if strings.Contains(fmt.Sprintf("%+v", r), "s3cret") {
			t.Error("the credentials stand in the result")
		}
		lines := strings.Split(<-got, "\r\n")
		for _, want := range []string{
			"Host: order.example", "User-Agent: midwatch/7", "Authorization: Bearer s3cret", "Connection: close", "Accept-Encoding: identity",
			"Accept: application/health+json, application/json;q=0.9, text/plain;q=0.5, */*;q=0.1",
		} {
			n := 0
			for _, line := range lines {
				if line == want {
					n++
				}
			}
			if n != 1 {
				t.Errorf("%q stands %d times in %q", want, n, lines)
			}
		}
		if lines[0] != "GET /health?full=1&x=%2F HTTP/1.1" || len(lines) != 9 {
			t.Errorf("sent %q", lines)
		}
	})
}

func TestRedirect(t *testing.T) {
	both(t, probe.HTTPOptions{Headers: http.Header{"Authorization": {"Bearer s3cret"}}}, func(t *testing.T, p probe.Prober) {
		var elsewhere atomic.Int64
		other := probetest.Raw(t, func(c net.Conn) {
			elsewhere.Add(1)
			question(c)
			_, _ = io.WriteString(c, "HTTP/1.1 200 OK\r\nContent-Length: 15\r\n\r\n{\"status\":\"UP\"}")
		})
		var here string
		here = probetest.Raw(t, func(c net.Conn) {
			q := question(c)
			path := strings.Fields(q + " none none")[1]
			to := map[string]string{
				"/slash": "/health", "/whole": "http://" + here + "/health", "/named": "http://order.example/health", "/relative/": "../health?a=b#c",
				"/other": "http://" + other + "/health", "/noscheme": "//" + other + "/health", "/tls": "https://" + here + "/health",
				"/user": "http://user@" + other + "/health", "/twice": "/slash", "/odd": "http://[::1", "/file": "file:///etc/passwd",
			}[path]
			switch {
			case to != "":
				_, _ = fmt.Fprintf(c, "HTTP/1.1 307 Temporary Redirect\r\nLocation: %s\r\nContent-Length: 0\r\n\r\n", to)
			case !strings.Contains(q, "Authorization: Bearer s3cret"):
				_, _ = io.WriteString(c, "HTTP/1.1 401 Unauthorized\r\nContent-Length: 0\r\n\r\n")
			default:
				_, _ = io.WriteString(c, "HTTP/1.1 200 OK\r\nContent-Length: 15\r\n\r\n{\"status\":\"UP\"}")
			}
		})
		for _, c := range []struct {
			path, host string
			outcome    probe.Outcome
			reason     probe.Reason
			part       string
		}{
			{"/slash", "", probe.Pass, "", ""},
			{"/whole", "", probe.Pass, "", ""},
			{"/whole", "order.example", probe.Pass, "", ""},
			{"/named", "order.example", probe.Pass, "", ""},
			{"/relative/", "", probe.Pass, "", ""},
			{"/named", "", probe.Unknown, probe.ReasonRedirect, "another host"},
			{"/other", "", probe.Unknown, probe.ReasonRedirect, "another host"},
			{"/noscheme", "", probe.Unknown, probe.ReasonRedirect, "another host"},
			{"/user", "", probe.Unknown, probe.ReasonRedirect, "another host"},
			{"/tls", "", probe.Unknown, probe.ReasonRedirect, "another host"},
			{"/file", "", probe.Unknown, probe.ReasonRedirect, "another host"},
			{"/odd", "", probe.Unknown, probe.ReasonRedirect, "cannot be read"},
			{"/twice", "", probe.Unknown, probe.ReasonRedirect, "307 to /health"},
		} {
			target := probe.Target{Kind: probe.HTTP, Address: here, Host: c.host, Path: c.path, Named: true}
			r := probed(t, p, target, 5*time.Second)
			if r.Outcome != c.outcome || r.Reason != c.reason || !strings.Contains(r.Detail, c.part) {
				t.Errorf("%s as %q: got %s (%s) %q", c.path, c.host, r.Outcome, r.Reason, r.Detail)
			}
			if c.outcome == probe.Pass && !strings.Contains(strings.Join(r.Trace, "\n"), "followed") {
				t.Errorf("%s: the trace does not tell of the redirect: %q", c.path, r.Trace)
			}
		}
		if n := elsewhere.Load(); n != 0 {
			t.Errorf("another host was asked %d times", n)
		}
	})
}

func TestClockSkew(t *testing.T) {
	for _, c := range []struct {
		off  time.Duration
		more string
		want time.Duration
	}{{time.Hour, "", time.Hour}, {-90 * time.Second, "", -90 * time.Second}, {0, "", 0}, {-24 * time.Hour, "Age: 86400\r\n", 0}} {
		p, err := probe.NewHTTP(probe.HTTPOptions{})
		if err != nil {
			t.Fatal(err)
		}
		date := time.Now().Add(c.off).UTC().Format(http.TimeFormat)
		r := probed(t, p, health(answering(t, "HTTP/1.1 200 OK\r\nDate: "+date+"\r\n"+c.more+"Content-Length: 2\r\n\r\nOK")), 5*time.Second)
		if d := r.Skew - c.want; d > time.Second || d < -2*time.Second {
			t.Errorf("a clock %s off is shown as %s", c.off, r.Skew)
		}
	}
}

func TestSlowIsAWarning(t *testing.T) {
	both(t, probe.HTTPOptions{Slow: 30 * time.Millisecond}, func(t *testing.T, p probe.Prober) {
		address := probetest.Raw(t, func(c net.Conn) {
			question(c)
			<-time.After(60 * time.Millisecond)
			_, _ = io.WriteString(c, "HTTP/1.1 200 OK\r\nContent-Length: 15\r\n\r\n{\"status\":\"UP\"}")
		})
		r := probed(t, p, health(address), 5*time.Second)
		if r.Outcome != probe.Warn || r.Reason != probe.ReasonSlow || !strings.Contains(r.Detail, "slower than 30ms") {
			t.Errorf("got %s (%s) %q", r.Outcome, r.Reason, r.Detail)
		}
	})
}

func TestPrint(t *testing.T) {
	p, err := probe.NewHTTP(probe.HTTPOptions{})
	if err != nil {
		t.Fatal(err)
	}
	prints := map[uint64]string{}
	for _, raw := range []string{"200 OK\r\n\r\n", "204 No\r\n\r\n", "200 OK\r\n\r\na", "200 OK\r\n\r\nb", "404 No\r\n\r\na"} {
		r := probed(t, p, health(answering(t, "HTTP/1.1 "+raw)), 5*time.Second)
		if before, ok := prints[r.Print]; ok {
			t.Errorf("%q and %q look alike", before, raw)
		}
		prints[r.Print] = raw
		if again := probed(t, p, health(answering(t, "HTTP/1.1 "+raw)), 5*time.Second); again.Print != r.Print {
			t.Errorf("%q does not look like itself", raw)
		}
	}
}

func TestPathOfARegistryCannotSplitTheRequest(t *testing.T) {
	both(t, probe.HTTPOptions{}, func(t *testing.T, p probe.Prober) {
		var asked atomic.Int64
		address := probetest.Raw(t, func(c net.Conn) { asked.Add(1); question(c) })
		target := health(address)
		target.Path = "/health HTTP/1.1\r\nX-Admin: yes\r\n\r\n"
		r := probed(t, p, target, time.Second)
		if r.Outcome != probe.Unknown || r.Reason != probe.ReasonInternal {
			t.Errorf("got %s (%s) %q", r.Outcome, r.Reason, r.Detail)
		}
	})
}
