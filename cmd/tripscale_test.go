package cmd_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"syscall"
	"testing"

	contract "github.com/midwatch-cli/midwatch/fleet/breaker/httpapi/serve"
)

// still is a library's breaker that is closed and stays so.
type still struct{}

func (still) Name() string            { return "payment" }
func (still) Status() contract.Status { return contract.NewStatus(contract.Closed) }
func (still) Verbs() []contract.Verb  { return []contract.Verb{contract.Reset} }
func (still) Do(contract.Verb) error  { return nil }

// serveBreakers answers the breaker contract on one port of every address of
// 127.0.0.0/8, with a breaker of its own for each.
func serveBreakers() {
	lc := net.ListenConfig{Control: func(_, _ string, c syscall.RawConn) error {
		var bindErr error
		err := c.Control(func(fd uintptr) { bindErr = bindToLoopback(fd) })
		return errors.Join(err, bindErr)
	}}
	l, err := lc.Listen(context.Background(), "tcp4", "0.0.0.0:0")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return
	}
	fmt.Println(l.Addr().(*net.TCPAddr).Port)
	var all sync.Map
	server := &http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		host, _, _ := net.SplitHostPort(r.Context().Value(http.LocalAddrContextKey).(net.Addr).String())
		s, ok := all.Load(host)
		if !ok {
			made := &contract.Server{}
			made.Add(still{})
			s, _ = all.LoadOrStore(host, made)
		}
		s.(*contract.Server).ServeHTTP(w, r)
	})}
	go func() {
		_, _ = io.Copy(io.Discard, os.Stdin)
		_ = server.Close()
	}()
	_ = server.Serve(l)
}

// BenchmarkTrip prints what it costs to trip one breaker on 1,000 instances,
// journal included, against the same orders sent by xargs and curl, in
// interleaved pairs.
func BenchmarkTrip(b *testing.B) {
	if runtime.GOOS != "linux" {
		b.Skip("the addresses of 127.0.0.0/8 answer on Linux only")
	}
	const n = 1000
	bin := buildBinary(b)
	port := startServer(b, "breakers")
	dir := b.TempDir()
	home := []string{"HOME=" + dir, "XDG_CONFIG_HOME=" + dir, "XDG_STATE_HOME=" + dir, "MIDWATCH_CONFIG="}
	var entries, urls strings.Builder
	for i := range n {
		at := fmt.Sprintf("127.9.%d.%d:%d", i/250, 1+i%250, port)
		fmt.Fprintf(&entries, "  - targets: [%q]\n    labels: {job: order, profile: midwatch}\n", at)
		fmt.Fprintf(&urls, "http://%s/midwatch/breakers/payment\n", at)
	}
	registry, list := filepath.Join(dir, "fleet.yaml"), filepath.Join(dir, "urls")
	for name, text := range map[string]string{registry: entries.String(), list: urls.String()} {
		if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
			b.Fatal(err)
		}
	}
	trip := func() usage {
		return measure(b, home, `"exitCode":0`, bin, "breakers", "trip", "order/payment", "--yes", "--reason", "a benchmark", "-o", "json", "--registry", "file://"+registry)
	}
	curl := func() usage {
		const each = `curl -s -o /dev/null -w '%{http_code}\n' -H 'Content-Type: application/json' -d '{"verb":"reset"}'`
		return measure(b, nil, "200", "sh", "-c", "xargs -P 64 -n 1 "+each+" <"+list+" | sort | uniq -c | grep -x ' *"+fmt.Sprint(n)+" 200'")
	}
	trip()
	curl()
	for b.Loop() {
		var cpu, wall []float64
		for range 5 {
			ours, theirs := trip(), curl()
			cpu = append(cpu, ours.whole/theirs.whole)
			wall = append(wall, ours.wall/theirs.wall)
		}
		b.ReportMetric(0, "ns/op")
		b.ReportMetric(median(cpu), "CPU/curl")
		b.ReportMetric(median(wall), "wall/curl")
		bound(b, "CPU against xargs and curl", median(cpu), 0.125)
		bound(b, "wall time against xargs and curl", median(wall), 1)
	}
}
