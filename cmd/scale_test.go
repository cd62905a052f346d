package cmd_test

import (
	"bufio"
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// The scale benchmark measures whole processes: the binary as it is shipped
// against the same sweep written with a plain net/http client. `.ci/bench`
// runs it. The test binary plays the server and the plain client when
// roleVariable says so.
const roleVariable = "MIDWATCH_SCALE_ROLE"

// playRole runs the role this process was started for; false if none.
func playRole() bool {
	switch os.Getenv(roleVariable) {
	case "server":
		serveMany()
	case "breakers":
		serveBreakers()
	case "client":
		plainSweep(os.Args[1])
	case "pages":
		servePages()
	case "launcher":
		launch(os.Args[1:])
	case "dashboard":
		showSynthetic()
	case "frames":
		showBare(false)
	case "letter":
		showBare(true)
	case "panics":
		panicOnTerminal(os.Args[1])
	default:
		return false
	}
	return true
}

// serveMany answers HTTP on one port of every address of 127.0.0.0/8. Its
// listener is bound to the loopback device, so nobody else can reach it.
func serveMany() {
	lc := net.ListenConfig{Control: func(_, _ string, c syscall.RawConn) error {
		var bindErr error
		err := c.Control(func(fd uintptr) { bindErr = bindToLoopback(fd) })
		return cmp.Or(err, bindErr)
	}}
	l, err := lc.Listen(context.Background(), "tcp4", "0.0.0.0:0")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return
	}
	fmt.Println(l.Addr().(*net.TCPAddr).Port)
	go func() {
		// The parent holds the other end of standard input: the server ends with it.
		_, _ = io.Copy(io.Discard, os.Stdin)
		_ = l.Close()
	}()
	const reply = "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 15\r\nConnection: close\r\n\r\n{\"status\":\"UP\"}"
	for {
		c, err := l.Accept()
		if err != nil {
			return
		}
		go func() {
			defer c.Close()
			in := bufio.NewReaderSize(c, 1024)
			for {
				line, err := in.ReadSlice('\n')
				if err != nil {
					return
				}
				if len(line) <= 2 {
					break
				}
			}
			_, _ = io.WriteString(c, reply)
		}()
	}
}

// plainResult is what the plain client keeps of each instance: less than we do.
type plainResult struct {
	Target string  `json:"target"`
	Status string  `json:"status"`
	Took   float64 `json:"tookSeconds"`
	Error  string  `json:"error,omitempty"`
}

// plainSweep is the same sweep as a plain client does it: 256 workers, a new
// connection each, the answer read, judged and written as JSON.
func plainSweep(file string) {
	var groups []struct {
		Targets []string `json:"targets"`
	}
	data, err := os.ReadFile(file)
	if err == nil {
		err = json.Unmarshal(data, &groups)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return
	}
	var results []plainResult
	for _, g := range groups {
		for _, target := range g.Targets {
			results = append(results, plainResult{Target: target})
		}
	}
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	work := make(chan *plainResult)
	var wg sync.WaitGroup
	for range 256 {
		wg.Go(func() {
			for r := range work {
				plainAsk(client, r)
			}
		})
	}
	for i := range results {
		work <- &results[i]
	}
	close(work)
	wg.Wait()
	well := 0
	for i := range results {
		if results[i].Status == "UP" {
			well++
		}
	}
	if err := json.NewEncoder(os.Stdout).Encode(map[string]any{"up": well, "items": results}); err != nil {
		fmt.Fprintln(os.Stderr, err)
	}
}

func plainAsk(client *http.Client, r *plainResult) {
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	start := time.Now()
	defer func() { r.Took = time.Since(start).Seconds() }()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+r.Target+"/health", nil)
	if err != nil {
		r.Error = err.Error()
		return
	}
	resp, err := client.Do(req)
	if err != nil {
		r.Error = err.Error()
		return
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(io.LimitReader(resp.Body, 1<<20))
	var answer struct {
		Status string `json:"status"`
	}
	if err == nil {
		err = json.Unmarshal(body, &answer)
	}
	if err != nil || resp.StatusCode != http.StatusOK {
		r.Error = fmt.Sprint(resp.StatusCode, err)
		return
	}
	r.Status = answer.Status
}

// usage is what a finished process cost.
type usage struct {
	user, whole float64 // seconds of CPU
	rss         float64 // MiB at its peak
	wall        float64
	said        string // on standard output
}

// measure runs a command through a launcher: the peak memory that Linux reports
// of a process is at least that of the one that started it, and this one is
// large.
func measure(b *testing.B, env []string, want string, name string, args ...string) usage {
	b.Helper()
	c := exec.Command(must(os.Executable()), append([]string{name}, args...)...)
	c.Env = append(os.Environ(), roleVariable+"=launcher", launchedVariable+"="+strings.Join(env, "\n"))
	var out, said strings.Builder
	c.Stdout, c.Stderr = &out, &said
	if err := c.Run(); err != nil || !strings.Contains(out.String(), want) {
		b.Fatalf("%s %v: %v, its output lacks %q:\n%.400s%.400s", name, args, err, want, out.String(), said.String())
	}
	u := usage{said: out.String()}
	_, line, ok := strings.Cut(said.String(), launchedVariable+" ")
	if _, err := fmt.Sscan(line, &u.user, &u.whole, &u.rss, &u.wall); !ok || err != nil {
		b.Fatalf("%s %v: no usage in %.400q: %v", name, args, said.String(), err)
	}
	return u
}

// launchedVariable holds what is added to the environment of the launched
// command, and begins the line with its usage.
const launchedVariable = "MIDWATCH_SCALE_LAUNCHED"

// launch runs a command on its own streams and writes what it cost.
func launch(args []string) {
	c := exec.Command(args[0], args[1:]...)
	for _, v := range os.Environ() {
		if !strings.HasPrefix(v, roleVariable+"=") && !strings.HasPrefix(v, launchedVariable+"=") {
			c.Env = append(c.Env, v)
		}
	}
	c.Env = append(c.Env, strings.Split(os.Getenv(launchedVariable), "\n")...)
	c.Stdout, c.Stderr = os.Stdout, os.Stderr
	start := time.Now()
	if err := c.Run(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return
	}
	wall := time.Since(start).Seconds()
	user := c.ProcessState.UserTime().Seconds()
	rss := 0.0
	if r, ok := c.ProcessState.SysUsage().(*syscall.Rusage); ok {
		rss = float64(r.Maxrss) / 1024
	}
	fmt.Fprintln(os.Stderr, launchedVariable, user, user+c.ProcessState.SystemTime().Seconds(), rss, wall)
}

func median(values []float64) float64 {
	v := slices.Sorted(slices.Values(values))
	return v[len(v)/2]
}

// buildBinary makes the binary as it is shipped.
func buildBinary(b *testing.B) string {
	b.Helper()
	bin := filepath.Join(b.TempDir(), "midwatch")
	c := exec.Command("go", "build", "-ldflags=-s -w", "-o", bin, "..")
	if out, err := c.CombinedOutput(); err != nil {
		b.Fatalf("%v\n%s", err, out)
	}
	return bin
}

// manyInstances writes a file_sd list of n instances at n addresses.
func manyInstances(b *testing.B, dir string, n, port int) string {
	b.Helper()
	type group struct {
		Targets []string          `json:"targets"`
		Labels  map[string]string `json:"labels"`
	}
	var groups []group
	for i := range n {
		if i%100 == 0 {
			groups = append(groups, group{Labels: map[string]string{"job": fmt.Sprintf("service-%03d", i/100), "health_path": "/health"}})
		}
		g := &groups[len(groups)-1]
		g.Targets = append(g.Targets, fmt.Sprintf("127.%d.%d.%d:%d", 1+i/62500, i/250%250, 1+i%250, port))
	}
	data, err := json.Marshal(groups)
	if err != nil {
		b.Fatal(err)
	}
	name := filepath.Join(dir, fmt.Sprintf("fleet-%d.json", n))
	if err := os.WriteFile(name, data, 0o600); err != nil {
		b.Fatal(err)
	}
	return name
}

// startServer starts this test binary as a server in one of its roles.
func startServer(b *testing.B, role string) (port int) {
	b.Helper()
	self, err := os.Executable()
	if err != nil {
		b.Fatal(err)
	}
	c := exec.Command(self)
	c.Env = append(os.Environ(), roleVariable+"="+role)
	c.Stderr = os.Stderr
	in, err := c.StdinPipe()
	if err != nil {
		b.Fatal(err)
	}
	out, err := c.StdoutPipe()
	if err != nil {
		b.Fatal(err)
	}
	if err := c.Start(); err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() {
		_ = in.Close()
		_ = c.Wait()
	})
	line, err := bufio.NewReader(out).ReadString('\n')
	if err != nil {
		b.Fatal(err)
	}
	if port, err = strconv.Atoi(strings.TrimSpace(line)); err != nil {
		b.Fatal(err)
	}
	return port
}

// BenchmarkScale prints the ratios that bound the sweep: a one-shot check of
// 10,000 instances against the plain client, in interleaved pairs.
func BenchmarkScale(b *testing.B) {
	if runtime.GOOS != "linux" {
		b.Skip("the addresses of 127.0.0.0/8 answer on Linux only")
	}
	bin, self := buildBinary(b), must(os.Executable())
	port := startServer(b, "server")
	dir := b.TempDir()
	home := []string{"HOME=" + dir, "XDG_CONFIG_HOME=" + dir, "XDG_STATE_HOME=" + dir, "MIDWATCH_CONFIG="}
	check := func(n int) usage {
		file := manyInstances(b, dir, n, port)
		return measure(b, home, fmt.Sprintf(`"up":%d`, n), bin, "check", "-o", "json", "--attempts", "1", "--probe-timeout", "10s", "--slow", "10s", "--registry", "file://"+file)
	}
	plain := func(n int) usage {
		return measure(b, []string{roleVariable + "=client"}, fmt.Sprintf(`"up":%d`, n), self, manyInstances(b, dir, n, port))
	}
	check(1000)
	plain(1000)
	for b.Loop() {
		var user, whole, rss []float64
		cpu := map[int][]float64{}
		for range 9 {
			ours, theirs := check(10000), plain(10000)
			user = append(user, ours.user/theirs.user)
			whole = append(whole, ours.whole/theirs.whole)
			rss = append(rss, ours.rss-check(1).rss)
			for _, n := range []int{100, 1000} {
				cpu[n] = append(cpu[n], check(n).whole)
			}
			cpu[10000] = append(cpu[10000], ours.whole)
		}
		b.ReportMetric(0, "ns/op")
		b.ReportMetric(median(user), "user-CPU/plain")
		b.ReportMetric(median(whole), "whole-CPU/plain")
		b.ReportMetric(median(rss), "MiB-above-one")
		b.ReportMetric(median(cpu[1000])/median(cpu[100]), "CPU-1000/100")
		b.ReportMetric(median(cpu[10000])/median(cpu[1000]), "CPU-10000/1000")
		bound(b, "user CPU against the plain client", median(user), 0.45)
		bound(b, "whole CPU against the plain client", median(whole), 0.7)
		bound(b, "MiB above checking one instance", median(rss), 32)
		bound(b, "CPU of 1,000 against 100", median(cpu[1000])/median(cpu[100]), 10.5)
		bound(b, "CPU of 10,000 against 1,000", median(cpu[10000])/median(cpu[1000]), 10.5)
	}
}

// BenchmarkStart prints how long `version` and shell completion take against
// `kubectl version --client`, and which imports cost start time.
func BenchmarkStart(b *testing.B) {
	kubectl := os.Getenv("MIDWATCH_BENCH_KUBECTL")
	if kubectl == "" {
		b.Skip("MIDWATCH_BENCH_KUBECTL names no kubectl; .ci/bench finds Debian's")
	}
	bin := buildBinary(b)
	dir := b.TempDir()
	home := []string{"HOME=" + dir, "XDG_CONFIG_HOME=" + dir, "MIDWATCH_CONFIG="}
	version := func() usage { return measure(b, home, "", bin, "version") }
	complete := func() usage { return measure(b, home, "check", bin, "__complete", "ch") }
	other := func() usage { return measure(b, home, "", kubectl, "version", "--client") }
	version()
	other()
	for b.Loop() {
		var v, c []float64
		for range 21 {
			k := other()
			v = append(v, version().wall/k.wall)
			c = append(c, complete().wall/k.wall)
		}
		b.ReportMetric(0, "ns/op")
		b.ReportMetric(median(v), "version/kubectl")
		b.ReportMetric(median(c), "completion/kubectl")
		bound(b, "version against kubectl", median(v), 0.5)
		bound(b, "completion against kubectl", median(c), 0.5)
	}
	b.Log("imports that cost start time:\n" + initCosts(b, bin))
}

// initCosts lists the dearest package initialisations.
func initCosts(b *testing.B, bin string) string {
	c := exec.Command(bin, "version")
	c.Env = append(os.Environ(), "GODEBUG=inittrace=1")
	out, err := c.CombinedOutput()
	if err != nil {
		b.Fatal(err)
	}
	type cost struct {
		pkg   string
		clock float64
	}
	var costs []cost
	for _, m := range regexp.MustCompile(`(?m)^init (\S+) @\S+ ms, (\S+) ms clock`).FindAllStringSubmatch(string(out), -1) {
		ms, err := strconv.ParseFloat(m[2], 64)
		if err != nil {
			b.Fatal(err)
		}
		costs = append(costs, cost{m[1], ms})
	}
	slices.SortFunc(costs, func(a, b cost) int { return cmp.Compare(b.clock, a.clock) })
	var text strings.Builder
	for _, c := range costs[:min(12, len(costs))] {
		fmt.Fprintf(&text, "%8.3f ms  %s\n", c.clock, c.pkg)
	}
	return text.String()
}

func bound(b *testing.B, what string, got, limit float64) {
	b.Helper()
	b.Logf("%-40s %.2f (at most %.2f)", what, got, limit)
	if got > limit {
		b.Errorf("%s: %.2f, the limit is %.2f", what, got, limit)
	}
}

func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}
