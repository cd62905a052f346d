package cmd_test

import (
	"bytes"
	"cmp"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	tea "charm.land/bubbletea/v2"
	"github.com/creack/pty"

	"github.com/midwatch-cli/midwatch/fleet"
	"github.com/midwatch-cli/midwatch/probe"
	"github.com/midwatch-cli/midwatch/tui"
)

// BenchmarkDashboard prints what the dashboard costs on a terminal of 120 by 40:
// the share of a core with 5,000 instances of 200 services at 1 Hz, and what a key
// and its frame cost beside btop and htop on the same terminal, in the same run: CPU
// of all threads of the process by /proc, 20 keys a second that move the cursor down
// and up, less what the same time costs without keys, by their number.
//
// The goal is a quarter of btop's CPU. A Bubble Tea program that draws nothing but a
// letter, and one that only shows our frames as they are, are measured likewise:
// what they cost no dashboard on Bubble Tea can do without, and it is more than all
// of btop's. So CPU is bound against the latter: it is what our own code adds.
// MIDWATCH_BENCH_DASHBOARD_FOR=60s is how long it is looked at; 20s otherwise.
func BenchmarkDashboard(b *testing.B) {
	if runtime.GOOS != "linux" {
		b.Skip("/proc says what a process costs on Linux only")
	}
	long, err := time.ParseDuration(cmp.Or(os.Getenv("MIDWATCH_BENCH_DASHBOARD_FOR"), "20s"))
	if err != nil {
		b.Fatal(err)
	}
	play := func(role string) *exec.Cmd {
		c := exec.Command(must(os.Executable()))
		c.Env = append(os.Environ(), roleVariable+"="+role, "TERM=xterm-256color", "LANG=C.UTF-8")
		return c
	}
	for b.Loop() {
		b.ReportMetric(0, "ns/op")
		p := startPane(b, play("dashboard"), "svc-000")
		idle := p.cost(b, long, 0)
		b.ReportMetric(100*idle.cpu/idle.wall, "%-of-a-core")
		b.ReportMetric(idle.bytes/idle.wall, "bytes/s")
		bound(b, "% of a core, 5,000 instances at 1 Hz", 100*idle.cpu/idle.wall, 5)
		key := p.perKey(b)
		b.ReportMetric(1e6*key.cpu, "µs/key")
		b.ReportMetric(key.bytes, "bytes/key")
		frames := startPane(b, play("frames"), "svc-000").perKey(b)
		letter := startPane(b, play("letter"), "b").perKey(b)
		b.Logf("Bubble Tea alone: %.0f µs and %.0f bytes for a key with the same frames, %.0f µs with a letter", 1e6*frames.cpu, frames.bytes, 1e6*letter.cpu)
		bound(b, "CPU of a key against the bare frames", key.cpu/frames.cpu, 2)
		for _, name := range []string{"htop", "btop"} {
			if _, err := exec.LookPath(name); err != nil {
				b.Logf("%s is not here", name)
				continue
			}
			p := startPane(b, other(b, name), "CPU")
			idle, theirs := p.cost(b, long/2, 0), p.perKey(b)
			b.Logf("%s: %.1f%% of a core and %.0f bytes/s at 1 Hz, %.0f µs and %.0f bytes for a key", name, 100*idle.cpu/idle.wall, idle.bytes/idle.wall, 1e6*theirs.cpu, theirs.bytes)
			b.ReportMetric(key.cpu/theirs.cpu, "CPU/"+name)
			b.ReportMetric(key.bytes/theirs.bytes, "bytes/"+name)
			if name == "btop" {
				bound(b, "bytes of a key against btop", key.bytes/theirs.bytes, 0.25)
				b.Logf("%-40s %.2f (the goal is 0.25; Bubble Tea alone: %.2f, with a letter %.2f)", "CPU of a key against btop", key.cpu/theirs.cpu, frames.cpu/theirs.cpu, letter.cpu/theirs.cpu)
			}
		}
	}
}

// other is htop or btop, which looks once a second.
func other(b *testing.B, name string) *exec.Cmd {
	b.Helper()
	c := exec.Command("htop", "-d", "10")
	if name == "btop" {
		c = exec.Command("btop", "--utf-force")
	}
	home := b.TempDir()
	c.Env = append(os.Environ(), "TERM=xterm-256color", "LANG=C.UTF-8", "HOME="+home, "XDG_CONFIG_HOME="+home)
	if err := os.MkdirAll(filepath.Join(home, "btop"), 0o700); err != nil {
		b.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(home, "btop", "btop.conf"), []byte("update_ms = 1000\n"), 0o600); err != nil {
		b.Fatal(err)
	}
	return c
}

// pane is a terminal of 120 by 40 that only counts what is written to it.
type pane struct {
	cmd *exec.Cmd
	pty *os.File

	mu    sync.Mutex
	bytes int
	last  []byte // of what was written
	news  chan struct{}
}

// startPane runs a command on one until it shows a text.
func startPane(b *testing.B, c *exec.Cmd, text string) *pane {
	b.Helper()
	f, err := pty.StartWithSize(c, &pty.Winsize{Cols: 120, Rows: 40})
	if err != nil {
		b.Fatal(err)
	}
	p := &pane{cmd: c, pty: f, news: make(chan struct{}, 1)}
	done := make(chan struct{})
	go func() {
		defer close(done)
		part := make([]byte, 65536)
		for {
			n, err := f.Read(part)
			p.mu.Lock()
			p.bytes += n
			p.last = append(p.last[max(0, len(p.last)-1<<16):], part[:n]...)
			p.mu.Unlock()
			select {
			case p.news <- struct{}{}:
			default:
			}
			if err != nil {
				return
			}
		}
	}()
	b.Cleanup(func() {
		_ = c.Process.Kill()
		<-done
		_ = c.Wait()
		_ = f.Close()
	})
	over := time.After(20 * time.Second)
	for {
		p.mu.Lock()
		seen := bytes.Contains(p.last, []byte(text))
		p.mu.Unlock()
		if seen {
			return p
		}
		select {
		case <-p.news:
		case <-over:
			b.Fatalf("%s never shows %q: %q", c.Path, text, p.last)
		}
	}
}

// outlay is what something cost: seconds of CPU, bytes written, seconds that went by.
type outlay struct{ cpu, bytes, wall float64 }

// cost is what a time costs in which so many keys are pressed.
func (p *pane) cost(b *testing.B, long time.Duration, keys int) outlay {
	b.Helper()
	p.mu.Lock()
	written := p.bytes
	p.mu.Unlock()
	cpu, begun := ran(b, p.cmd.Process.Pid), time.Now()
	over := time.After(long)
	var beat <-chan time.Time
	if keys > 0 {
		ticker := time.NewTicker(long / time.Duration(keys))
		defer ticker.Stop()
		beat = ticker.C
	}
	for n := 0; ; {
		select {
		case <-beat:
			if _, err := p.pty.WriteString([]string{"\x1b[B", "\x1b[A"}[n%2]); err != nil {
				b.Fatal(err)
			}
			n++
			continue
		case <-over:
		}
		break
	}
	s := outlay{cpu: ran(b, p.cmd.Process.Pid) - cpu, wall: time.Since(begun).Seconds()}
	p.mu.Lock()
	defer p.mu.Unlock()
	s.bytes = float64(p.bytes - written)
	return s
}

// perKey is what one key and its frame cost above the time they take.
func (p *pane) perKey(b *testing.B) outlay {
	b.Helper()
	const keys, long = 200, 10 * time.Second
	idle, busy := p.cost(b, long, 0), p.cost(b, long, keys)
	return outlay{cpu: (busy.cpu - idle.cpu) / keys, bytes: (busy.bytes - idle.bytes) / keys}
}

// ran is how many seconds the threads of a process ran.
func ran(b *testing.B, pid int) (seconds float64) {
	b.Helper()
	files, err := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/schedstat", pid))
	if err != nil || len(files) == 0 {
		b.Fatalf("process %d: no threads, %v", pid, err)
	}
	for _, name := range files {
		var ns float64
		data, err := os.ReadFile(name)
		if err != nil {
			continue // it ended
		}
		if _, err := fmt.Sscan(string(data), &ns); err != nil {
			b.Fatal(err)
		}
		seconds += ns / 1e9
	}
	return seconds
}

// flipbook is a program that has two frames and shows them in turn, a key for each: what
// is left when nothing has to be thought of.
type flipbook struct {
	frames []tea.View
	n      int
}

func (*flipbook) Init() tea.Cmd    { return nil }
func (p *flipbook) View() tea.View { return p.frames[p.n%len(p.frames)] }

func (p *flipbook) Update(msg tea.Msg) (tea.Model, tea.Cmd) {
	if _, ok := msg.(tea.KeyPressMsg); ok {
		p.n++
	}
	return p, nil
}

// showBare shows letters, or else the frames that the dashboard has before and after
// a key.
func showBare(letters bool) {
	p := &flipbook{}
	if letters {
		p.frames = []tea.View{tea.NewView("a"), tea.NewView("b")}
		p.frames[0].AltScreen, p.frames[1].AltScreen, p.n = true, true, 1
	} else {
		feed := make(chan *fleet.Snapshot, 1)
		feed <- synthetic(200, 25, 0)
		app := tui.New(tui.Options{Feed: feed, Interval: time.Second, Fixed: true})
		first := app.Init()().(tea.BatchMsg)[0] // waits for the snapshot
		for _, msg := range []tea.Msg{tea.WindowSizeMsg{Width: 120, Height: 40}, first(), tea.KeyPressMsg{Code: tea.KeyDown}} {
			app.Update(msg)
			p.frames = append(p.frames, app.View())
		}
		p.frames = p.frames[1:]
	}
	if _, err := tea.NewProgram(p, tea.WithFPS(30)).Run(); err != nil {
		fmt.Fprintln(os.Stderr, err)
	}
}

// showSynthetic is the dashboard over a feed of 5,000 instances of 200 services,
// one snapshot a second, each with other numbers and a few other statuses.
func showSynthetic() {
	const services, per, kinds = 200, 25, 8
	var all [kinds]*fleet.Snapshot
	for k := range all {
		all[k] = synthetic(services, per, k)
	}
	feed := make(chan *fleet.Snapshot, 1)
	go func() {
		beat := time.NewTicker(time.Second)
		for n := 0; ; n++ {
			s := *all[n%kinds]
			s.Seq, s.At = uint64(n+1), time.Now()
			feed <- &s
			<-beat.C
		}
	}()
	if err := tui.Run(context.Background(), os.Stdout, tui.Options{Feed: feed, Interval: time.Second, Fixed: true}); err != nil {
		fmt.Fprintln(os.Stderr, err)
	}
}

// synthetic is a fleet whose numbers depend on k.
func synthetic(services, per, k int) *fleet.Snapshot {
	s := &fleet.Snapshot{Context: "prod", Sources: []fleet.SourceView{{Context: "prod", Name: "etcd", URL: "etcd://127.0.0.1:2379", Services: services, Instances: services * per}}}
	for i := range services {
		name := fmt.Sprintf("svc-%03d", i)
		svc := fleet.ServiceView{Ref: fleet.Ref{Context: "prod", Source: "etcd", Name: name}, Status: fleet.Up, Serving: per}
		svc.Traffic = &fleet.Traffic{Window: time.Minute, Rate: float64(100 + i + 7*k%13), Errors: float64(k%3) / 1000, P50: 0.002, P95: 0.01, P99: 0.02 + float64((i+k)%9)/1000}
		for j := range per {
			in := fleet.InstanceView{Key: fleet.Key{Ref: svc.Ref, Instance: fmt.Sprint(name, "-", j)}, Status: fleet.Up, Attempts: 1, Traffic: svc.Traffic}
			in.Instance = fleet.Instance{ID: in.Key.Instance, Addr: fmt.Sprintf("10.0.%d.%d:8080", i, j), Zone: string(rune('a' + j%3)), Version: "2.4.1"}
			in.Probes = []probe.Result{{Target: probe.Target{Kind: probe.HTTP, Address: in.Addr, Path: "/health"}, Outcome: probe.Pass, Code: 200, Took: 3 * time.Millisecond, Answered: true}}
			in.Breakers = []fleet.Breaker{fleet.NewBreaker("next", fleet.BreakerClosed)}
			if (i*per+j)%800 == k { // a few come and go
				in.Status, in.Why = fleet.Down, fleet.Why{Reason: probe.ReasonTimeout, Detail: "no answer in 2s"}
				in.Probes[0].Outcome, in.Breakers[0].State = probe.Fail, fleet.BreakerOpen
				svc.Status, svc.Why, svc.Serving = fleet.Degraded, fleet.Why{Reason: probe.ReasonTimeout, Detail: strings.Join([]string{in.Key.Instance, "no answer in 2s"}, " ")}, svc.Serving-1
			}
			svc.Instances = append(svc.Instances, in)
		}
		s.Services = append(s.Services, svc)
	}
	return s
}
