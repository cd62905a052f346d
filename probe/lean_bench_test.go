package probe_test

import (
	"bufio"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/midwatch-cli/midwatch/probe"
)

// elsewhere starts the test binary as a server of its own process and returns
// its address.
func elsewhere(b *testing.B) string {
	b.Helper()
	cmd := exec.CommandContext(b.Context(), os.Args[0])
	cmd.Env = append(os.Environ(), serverEnv+"=1")
	stdin, err := cmd.StdinPipe()
	if err != nil {
		b.Fatal(err)
	}
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		b.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() {
		_ = stdin.Close()
		_ = cmd.Wait()
	})
	line, err := bufio.NewReader(stdout).ReadString('\n')
	if err != nil {
		b.Fatal(err)
	}
	return strings.TrimSpace(line)
}

// BenchmarkLean is what one probe over the lean path allocates, attempts
// included, as a sweep asks it.
func BenchmarkLean(b *testing.B) {
	target := health(elsewhere(b))
	web, err := probe.NewHTTP(probe.HTTPOptions{DialTimeout: 10 * time.Second})
	if err != nil {
		b.Fatal(err)
	}
	p := &probe.Attempts{Prober: probe.Mux{probe.HTTP: web}, Max: 1, Timeout: 20 * time.Second, Whole: 20 * time.Second}
	b.ReportAllocs()
	b.SetParallelism(32)
	u, s := cpu()
	b.ResetTimer()
	b.RunParallel(func(pb *testing.PB) {
		for pb.Next() {
			if r := p.Probe(b.Context(), target); !r.Answered {
				b.Errorf("%s (%s) %s", r.Outcome, r.Reason, r.Detail)
			}
		}
	})
	u1, s1 := cpu()
	b.ReportMetric(1e6*(u1-u)/float64(b.N), "user-us/op")
	b.ReportMetric(1e6*(s1-s)/float64(b.N), "system-us/op")
}
