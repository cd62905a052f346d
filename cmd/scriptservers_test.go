package cmd_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"strings"
	"time"

	"github.com/rogpeppe/go-internal/testscript"
	clientv3 "go.etcd.io/etcd/client/v3"

	"github.com/midwatch-cli/midwatch/fleet/registry/etcd/embedded"
)

func expand(ts *testscript.TestScript, _ bool, args []string) {
	for _, name := range args {
		path := ts.MkAbs(name)
		data, err := os.ReadFile(path)
		ts.Check(err)
		text := os.Expand(string(data), func(key string) string {
			value := ts.Getenv(key)
			if value == "" {
				ts.Fatalf("%s: $%s stands for nothing", name, key)
			}
			return value
		})
		ts.Check(os.WriteFile(path, []byte(text), 0o600))
	}
}

func named(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: named NAME OTHER")
	}
	_, port, err := net.SplitHostPort(ts.Getenv(args[1]))
	ts.Check(err)
	ts.Setenv(args[0], net.JoinHostPort("localhost", port))
}

func bare(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: bare NAME OTHER")
	}
	_, rest, _ := strings.Cut(ts.Getenv(args[1]), "://")
	ts.Setenv(args[0], rest)
}

func address(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: address NAME FILE")
	}
	line, _, _ := strings.Cut(ts.ReadFile(args[1]), "\n")
	ts.Setenv(args[0], line)
}

func closed(ts *testscript.TestScript, _ bool, args []string) {
	for _, name := range args {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		ts.Check(err)
		ts.Setenv(name, l.Addr().String())
		ts.Check(l.Close())
	}
}

// etcdServer is an etcd of a script.
type etcdServer struct{ *embedded.Server }

func startEtcd(ts *testscript.TestScript, _ bool, args []string) {
	if len(args) != 1 {
		ts.Fatalf("usage: etcd NAME")
	}
	dir, err := os.MkdirTemp("", "midwatch-etcd")
	ts.Check(err)
	s, err := embedded.Start(context.Background(), dir)
	ts.Check(err)
	ts.Defer(func() {
		s.Close()
		_ = os.RemoveAll(dir)
	})
	worldOf(ts).etcds[args[0]] = &etcdServer{s}
	ts.Setenv(args[0], s.URL())
}

// livesOn is a service that writes its entry again whenever somebody deletes it.
func livesOn(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 || worldOf(ts).etcds[args[0]] == nil {
		ts.Fatalf("usage: livesOn ETCD KEY")
	}
	client := worldOf(ts).etcds[args[0]].Client()
	ctx, stop := context.WithCancel(context.Background())
	changes := client.Watch(ctx, args[1], clientv3.WithPrefix(), clientv3.WithPrevKV(), clientv3.WithFilterPut())
	done := make(chan struct{})
	go func() {
		defer close(done)
		for c := range changes {
			for _, e := range c.Events {
				if e.PrevKv != nil {
					_, _ = client.Put(ctx, string(e.PrevKv.Key), string(e.PrevKv.Value))
				}
			}
		}
	}()
	ts.Defer(func() {
		stop()
		<-done
	})
}

// listen serves HTTP on loopback until the script ends.
func listen(ts *testscript.TestScript, handler http.Handler) string {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	ts.Check(err)
	server := &http.Server{Handler: handler}
	go func() { _ = server.Serve(l) }()
	ts.Defer(func() { _ = server.Close() })
	return l.Addr().String()
}

func service(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: service NAME MODE")
	}
	handle, ok := modes[args[1]]
	if file, named := strings.CutPrefix(args[1], "@"); named {
		path := ts.MkAbs(file)
		handle, ok = func(w http.ResponseWriter, r *http.Request, done <-chan struct{}) {
			name, err := os.ReadFile(path)
			now, known := modes[strings.TrimSpace(string(name))]
			if err != nil || !known {
				now = modes["down"]
			}
			now(w, r, done)
		}, true
	}
	if !ok {
		ts.Fatalf("no mode is called %q", args[1])
	}
	done := make(chan struct{})
	addr := listen(ts, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { handle(w, r, done) }))
	ts.Defer(func() { close(done) })
	ts.Setenv(args[0], addr)
}

type mode func(w http.ResponseWriter, r *http.Request, done <-chan struct{})

// answers makes a mode that answers /health with a body, all else with 404.
func answers(status int, contentType, body string) mode {
	return answersAt("/health", status, contentType, body)
}

func answersAt(path string, status int, contentType, body string) mode {
	return func(w http.ResponseWriter, r *http.Request, _ <-chan struct{}) {
		if r.URL.Path != path {
			http.NotFound(w, r)
			return
		}
		w.Header().Set("Content-Type", contentType)
		w.WriteHeader(status)
		_, _ = io.WriteString(w, body)
	}
}

// measured is well, and has a page of metrics.
func measured(page string) mode {
	well, metrics := answers(200, "application/json", `{"status":"UP"}`), answersAt("/metrics", 200, "text/plain; version=0.0.4", page)
	return func(w http.ResponseWriter, r *http.Request, done <-chan struct{}) {
		if r.URL.Path == "/metrics" {
			metrics(w, r, done)
			return
		}
		well(w, r, done)
	}
}

// modes are what the servers of scripts do.
var modes = map[string]mode{
	"up":       answers(200, "application/json", `{"status":"UP"}`),
	"down":     answers(503, "application/json", `{"status":"DOWN","components":{"db":{"status":"DOWN","details":{"error":"no connection"}}}}`),
	"degraded": answers(200, "application/json", `{"status":"degraded"}`),
	"draining": answers(503, "application/json", `{"status":"OUT_OF_SERVICE"}`),
	"denied":   answers(401, "application/json", `{}`),
	"page":     answers(200, "text/html", "<!doctype html><html><body>Sign in</body></html>"),
	"hostile":  answers(503, "text/plain", "\x1b]0;owned\a\x1b[2J::error::fail\n##vso[task.complete]\xff\xfe | <b>|"),
	"hostileJSON": answers(503, "application/json",
		`{"status":"DOWN\u001b[31m","components":{"::error::fail":{"status":"DOWN","details":{"error":"\u001b]0;owned\u0007 ##[group]x\n::stop-commands::x\n##teamcity[x]"}}}}`),
	"waits":  answers(503, "application/json", `{"status":"DOWN","components":{"payment":{"status":"DOWN"}}}`),
	"busy":   measured("queue_depth 90\nqueue_limit 80\n"),
	"idle":   measured("queue_depth 3\nqueue_limit 80\n"),
	"counts": counts(),
	"own":    answersAt("/own/path", 200, "application/json", `{"status":"UP"}`),
	"bare": func(w http.ResponseWriter, r *http.Request, _ <-chan struct{}) {
		if r.URL.Path != "/healthz" {
			http.NotFound(w, r)
		}
	},
	"alike": func(w http.ResponseWriter, _ *http.Request, _ <-chan struct{}) {
		w.WriteHeader(200)
	},
	"hang": func(_ http.ResponseWriter, r *http.Request, done <-chan struct{}) {
		select {
		case <-done:
		case <-r.Context().Done():
		}
	},
	"endless": func(w http.ResponseWriter, r *http.Request, done <-chan struct{}) {
		w.Header().Set("Content-Type", "application/json")
		w.Header().Set("Content-Length", fmt.Sprint(1<<30))
		block := bytes.Repeat([]byte(" "), 1<<16)
		for range 1 << 14 {
			if _, err := w.Write(block); err != nil {
				return
			}
		}
	},
	"drip": func(w http.ResponseWriter, r *http.Request, done <-chan struct{}) {
		w.Header().Set("Content-Type", "application/json")
		tick := time.NewTicker(20 * time.Millisecond)
		defer tick.Stop()
		for {
			select {
			case <-done:
				return
			case <-r.Context().Done():
				return
			case <-tick.C:
				_, _ = io.WriteString(w, " ")
				if f, ok := w.(http.Flusher); ok {
					f.Flush()
				}
			}
		}
	},
	"loop": func(w http.ResponseWriter, r *http.Request, _ <-chan struct{}) {
		http.Redirect(w, r, r.URL.Path+"/x", http.StatusFound)
	},
	"slow": func(w http.ResponseWriter, r *http.Request, done <-chan struct{}) {
		timer := time.NewTimer(150 * time.Millisecond)
		defer timer.Stop()
		select {
		case <-done:
		case <-r.Context().Done():
		case <-timer.C:
			answers(200, "application/json", `{"status":"UP"}`)(w, r, done)
		}
	},
}

// rawModes are servers that speak no HTTP.
var rawModes = map[string]func(c net.Conn, done <-chan struct{}){
	// Takes the connection and hangs up.
	"hangsUp": func(net.Conn, <-chan struct{}) {},
	// Speaks first, and another protocol.
	"ssh": func(c net.Conn, _ <-chan struct{}) { _, _ = io.WriteString(c, "SSH-2.0-other\r\n") },
	// Takes the connection and says nothing.
	"mute": func(_ net.Conn, done <-chan struct{}) { <-done },
}

func raw(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 || rawModes[args[1]] == nil {
		ts.Fatalf("usage: raw NAME MODE")
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	ts.Check(err)
	done := make(chan struct{})
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			go func() {
				defer c.Close()
				rawModes[args[1]](c, done)
			}()
		}
	}()
	ts.Defer(func() {
		close(done)
		_ = l.Close()
	})
	ts.Setenv(args[0], l.Addr().String())
}

// consulModes are the answers of little Consuls, by path; see consulEntry.
var consulModes = map[string]func(backend string, w http.ResponseWriter, path string) any{
	// A reader without a token under a default policy of deny: 200, nothing,
	// and only headers tell.
	"denied": func(_ string, w http.ResponseWriter, path string) any {
		w.Header().Set("X-Consul-Default-Acl-Policy", "deny")
		w.Header().Set("X-Consul-Results-Filtered-By-Acls", "true")
		if strings.HasPrefix(path, "/v1/health/service/") {
			return []any{}
		}
		return map[string]any{}
	},
	// A token that is not known.
	"badToken": func(_ string, w http.ResponseWriter, _ string) any {
		w.WriteHeader(http.StatusForbidden)
		return nil
	},
	// Nothing registered but Consul itself.
	"empty": func(_ string, _ http.ResponseWriter, path string) any {
		if path == "/v1/catalog/services" {
			return map[string][]string{"consul": {}}
		}
		return []any{}
	},
	// Names and labels that want to be obeyed, at $A.
	"hostile": func(backend string, _ http.ResponseWriter, path string) any {
		switch {
		case path == "/v1/catalog/services":
			return map[string][]string{hostileName: {}}
		case strings.HasPrefix(path, "/v1/health/service/"):
			host, port, _ := strings.Cut(backend, ":")
			return []any{map[string]any{
				"Node": map[string]any{"Node": "n1\x1b[2J", "Address": host, "Datacenter": "dc1"},
				"Service": map[string]any{
					"ID": "::stop-commands::x\u009b31m", "Service": hostileName, "Address": host, "Port": json.Number(port),
					"Meta": map[string]string{"version": "\u202e1.4", "zone": "##[group]b\r\n::add-mask::b", "team": "##vso[task.x]\x1b]0;owned\a"},
					"Tags": []string{"::set-output::\x1b[31m"},
				},
				"Checks": []any{map[string]any{"Node": "n1", "CheckID": "c", "Name": "\x1b[1m", "Status": "critical", "Output": "\x1b[2J::error::x\n##teamcity[x]", "Notes": "\x1b"}},
			}}
		}
		return []any{}
	},
	// A service of three at $A: one that passes, one in maintenance, one whose
	// check is critical.
	"claims": func(backend string, _ http.ResponseWriter, path string) any {
		switch path {
		case "/v1/catalog/services":
			return map[string][]string{"consul": {}, "payment": {}}
		case "/v1/health/service/payment":
			return []any{
				consulEntry(backend, "payment-1", "service:payment-1", "passing"),
				consulEntry(backend, "payment-2", "_service_maintenance:payment-2", "critical"),
				consulEntry(backend, "payment-3", "service:payment-3", "critical"),
			}
		}
		return []any{}
	},
}

const hostileName = "::error::pay\x1b[2J"

func consulEntry(backend, id, check, status string) any {
	host, port, _ := strings.Cut(backend, ":")
	return map[string]any{
		"Node":    map[string]any{"Node": "n1", "Address": host, "Datacenter": "dc1"},
		"Service": map[string]any{"ID": id, "Service": "payment", "Address": host, "Port": json.Number(port), "Meta": map[string]string{"version": "2.4.1"}, "Weights": map[string]int{"Passing": 1, "Warning": 1}},
		"Checks":  []any{map[string]any{"Node": "n1", "CheckID": check, "Name": check, "Status": status, "ServiceID": id, "ServiceName": "payment", "Notes": "db move"}},
	}
}

func startConsul(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 || consulModes[args[1]] == nil {
		ts.Fatalf("usage: consul NAME MODE")
	}
	backend := ts.Getenv("A")
	addr := listen(ts, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		for _, h := range []string{"X-Consul-Index", "X-Consul-Lastcontact"} {
			w.Header().Set(h, "1")
		}
		w.Header().Set("X-Consul-Knownleader", "true")
		var body bytes.Buffer
		head := &headed{ResponseWriter: w, status: http.StatusOK}
		if answer := consulModes[args[1]](backend, head, r.URL.Path); answer != nil {
			_ = json.NewEncoder(&body).Encode(answer)
		} else {
			body.WriteString("ACL not found")
		}
		w.WriteHeader(head.status)
		_, _ = w.Write(body.Bytes())
	}))
	ts.Setenv(args[0], "consul://"+addr)
}

// headed keeps a status until the body is known.
type headed struct {
	http.ResponseWriter
	status int
}

func (h *headed) WriteHeader(status int) { h.status = status }
