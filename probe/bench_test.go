package probe_test

import (
	"bufio"
	"context"
	"io"
	"net/http"
	"os"
	"os/exec"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/midwatch-cli/midwatch/probe"
)

// BenchmarkProbe asks a server of another process over the lean path and over a
// plain client of net/http with a new connection each, in turns, and reports
// the user and the whole CPU of the one as a share of the other.
func BenchmarkProbe(b *testing.B) {
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
	defer func() {
		_ = stdin.Close()
		_ = cmd.Wait()
	}()
	line, err := bufio.NewReader(stdout).ReadString('\n')
	if err != nil {
		b.Fatal(err)
	}
	address := strings.TrimSpace(line)
	p, err := probe.NewHTTP(probe.HTTPOptions{})
	if err != nil {
		b.Fatal(err)
	}
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	lean := func() {
		ctx, cancel := context.WithTimeout(b.Context(), 2*time.Second)
		defer cancel()
		if r := p.Probe(ctx, health(address)); !r.Answered {
			b.Errorf("%s (%s) %s", r.Outcome, r.Reason, r.Detail)
		}
	}
	plain := func() {
		ctx, cancel := context.WithTimeout(b.Context(), 2*time.Second)
		defer cancel()
		req, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+address+"/health", nil)
		if err != nil {
			b.Error(err)
			return
		}
		resp, err := client.Do(req)
		if err != nil {
			b.Error(err)
			return
		}
		defer resp.Body.Close()
		_, _ = io.Copy(io.Discard, resp.Body)
	}
	const round = 64 * 80
	var user, whole []float64
	for b.Loop() {
		lu, ls := spent(round, lean)
		pu, ps := spent(round, plain)
		user, whole = append(user, lu/pu), append(whole, (lu+ls)/(pu+ps))
		b.ReportMetric(1e6*lu/round, "lean-user-us")
		b.ReportMetric(1e6*pu/round, "plain-user-us")
	}
	b.ReportMetric(median(user), "user-ratio")
	b.ReportMetric(median(whole), "cpu-ratio")
}

// spent runs do n times on 64 goroutines and says what CPU that took, in
// seconds of user and of system time.
func spent(n int, do func()) (user, system float64) {
	u, s := cpu()
	var wg sync.WaitGroup
	for range 64 {
		wg.Go(func() {
			for range n / 64 {
				do()
			}
		})
	}
	wg.Wait()
	u1, s1 := cpu()
	return u1 - u, s1 - s
}

func cpu() (user, system float64) {
	var r syscall.Rusage
	_ = syscall.Getrusage(syscall.RUSAGE_SELF, &r)
	return float64(r.Utime.Nano()) / 1e9, float64(r.Stime.Nano()) / 1e9
}

func median(v []float64) float64 {
	slices.Sort(v)
	return v[len(v)/2]
}
