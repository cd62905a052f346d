package peertest

import (
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"testing"

	"github.com/midwatch-cli/midwatch/fleet/breaker/breakertest"
)

// HAProxyName is how the real HAProxy is called in the must-run list.
const HAProxyName = "breaker/haproxy"

// HAProxy is a running HAProxy: a frontend, and two backends of one server
// each, orders/o1 with a health check and payments/p1.
type HAProxy struct {
	// Base, Operator and TCP are addresses of its runtime API: unix:// at the
	// levels admin and operator, and tcp:// at the level admin.
	Base, Operator, TCP string
	// Up are the upstreams, by the names of their servers.
	Up map[string]*breakertest.Upstream
	// Front is its frontend, as http://.
	Front string
}

const haproxyConfig = `
global
    stats socket unix@%[1]s/h.sock mode 600 level admin
    stats socket unix@%[1]s/o.sock mode 600 level operator
    stats socket ipv4@127.0.0.1:%[2]d level admin
defaults
    mode http
    timeout connect 1s
    timeout check 5s
    timeout client 5s
    timeout server 5s
frontend fe
    bind 127.0.0.1:%[3]d
    monitor-uri /alive
    use_backend payments if { path_beg /payments }
    default_backend orders
backend orders
    option httpchk GET /health
    default-server inter 50ms fall 2 rise 1
    server o1 %[4]s check weight 100
backend payments
    server p1 %[5]s weight 100
`

// StartHAProxy starts one; it ends with the test. More backends are given by
// their configuration, from the address of the first upstream.
func StartHAProxy(t testing.TB, more func(upstream string) string) *HAProxy {
	t.Helper()
	program := breakertest.Program(t, HAProxyName, "haproxy")
	dir, ports := SocketDir(t), breakertest.Ports(t, 2)
	h := &HAProxy{
		Base: "unix://" + dir + "/h.sock", Operator: "unix://" + dir + "/o.sock", TCP: "tcp://127.0.0.1:" + strconv.Itoa(ports[0]),
		Up:    map[string]*breakertest.Upstream{"orders/o1": breakertest.NewUpstream(t), "payments/p1": breakertest.NewUpstream(t)},
		Front: "http://127.0.0.1:" + strconv.Itoa(ports[1]),
	}
	first := h.Up["orders/o1"].Addr
	text := fmt.Sprintf(haproxyConfig, dir, ports[0], ports[1], first, h.Up["payments/p1"].Addr)
	if more != nil {
		text += more(first)
	}
	if err := os.WriteFile(filepath.Join(dir, "h.cfg"), []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	ready := func() bool { return answers(t, h.Front+"/alive") }
	breakertest.Start(t, dir, ready, program, "-f", "h.cfg", "-db")
	return h
}

// URL is where calls to a server go in.
func (h *HAProxy) URL(server string) string { return h.Front + "/" + filepath.Dir(server) }
