package cmd_test

import (
	"cmp"
	"os"
	"os/exec"
	"runtime"
	"testing"
	"time"
)

// BenchmarkTopFirst prints how long the dashboard takes from its start until it
// shows the first services of 5,000 instances, of which none serves metrics, beside
// a check of the same: who is called at night looks for verdicts, and those wait for
// no page of metrics. MIDWATCH_BENCH_TOP is a binary to measure in place of this
// tree's.
func BenchmarkTopFirst(b *testing.B) {
	if runtime.GOOS != "linux" {
		b.Skip("the addresses of 127.0.0.0/8 answer on Linux only")
	}
	bin := cmp.Or(os.Getenv("MIDWATCH_BENCH_TOP"), buildBinary(b))
	dir := b.TempDir()
	home := []string{"HOME=" + dir, "XDG_CONFIG_HOME=" + dir, "XDG_STATE_HOME=" + dir, "MIDWATCH_CONFIG=", "TERM=xterm-256color", "LANG=C.UTF-8"}
	registry := "file://" + manyInstances(b, dir, 5000, startServer(b, "server"))
	for b.Loop() {
		b.ReportMetric(0, "ns/op")
		var top, check []float64
		for range 3 {
			check = append(check, measure(b, home, `"up":5000`, bin, "check", "-o", "json", "--attempts", "1", "--registry", registry).wall)
			c := exec.Command(bin, "top", "--attempts", "1", "--registry", registry)
			c.Env = append(os.Environ(), home...)
			start := time.Now()
			startPane(b, c, "service-000")
			top = append(top, time.Since(start).Seconds())
			_ = c.Process.Kill() // the next one has the machine to itself
		}
		b.ReportMetric(median(top), "s-top")
		b.ReportMetric(median(check), "s-check")
		b.Logf("first services after %.2f s, a check in %.2f s", median(top), median(check))
		bound(b, "first services against a check", median(top)/median(check), 2)
	}
}
