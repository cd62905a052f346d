package peertest

import (
	"crypto/sha256"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/midwatch-cli/midwatch/fleet/breaker/breakertest"
)

// SpringName is how the real applications are called in the must-run list.
const SpringName = "breaker/actuator"

// SpringUser and SpringPassword are who may read and write where an
// application's profile "secured" is on.
const (
	SpringUser     = "operator"
	SpringPassword = "peer-password"
)

// StartSpring starts applications of testdata/peers/spring in one process, each
// with arguments of its own and on a loopback port of its own choice. They end
// with the test. With -short there are none: Java takes its time.
func StartSpring(t testing.TB, apps ...[]string) (addrs []string) {
	t.Helper()
	if testing.Short() {
		breakertest.Missing(t, SpringName, "-short starts no Java")
	}
	dir := t.TempDir() // Tomcat leaves folders behind where it is ended
	args := []string{"-Xmx384m", "-XX:TieredStopAtLevel=1", "-XX:-UsePerfData", "-Djava.io.tmpdir=" + dir, "-jar", springJar(t)}
	for i, own := range apps {
		if i > 0 {
			args = append(args, "--")
		}
		args = append(args, own...)
	}
	// The context of a test ends before its cleanups run.
	cmd := exec.CommandContext(t.Context(), "java", args...)
	cmd.Cancel = func() error { return cmd.Process.Signal(syscall.SIGTERM) }
	cmd.Dir, cmd.WaitDelay = dir, 10*time.Second
	log := &output{}
	cmd.Stdout, cmd.Stderr = log, log
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	ended := make(chan struct{})
	go func() { _ = cmd.Wait(); close(ended) }()
	t.Cleanup(func() {
		<-ended
		if text := log.String(); t.Failed() {
			t.Logf("the log of the applications ends:\n%s", text[max(0, len(text)-3000):])
		}
	})
	Eventually(t, 4*time.Minute, "the applications are ready", func() bool {
		select {
		case <-ended:
			t.Fatalf("the applications ended")
		default:
		}
		found := readyLine.FindAllStringSubmatch(log.String(), -1)
		for _, f := range found[min(len(addrs), len(found)):] {
			addrs = append(addrs, "127.0.0.1:"+f[1])
		}
		return len(addrs) == len(apps)
	})
	return addrs
}

// readyLine is what an application says; they start one after the other.
var readyLine = regexp.MustCompile(`(?m)^ready on port (\d+)$`)

// Eventually waits until ok says so.
func Eventually(t testing.TB, limit time.Duration, what string, ok func() bool) {
	t.Helper()
	end := time.NewTimer(limit)
	defer end.Stop()
	tick := time.NewTicker(50 * time.Millisecond)
	defer tick.Stop()
	for !ok() {
		select {
		case <-tick.C:
		case <-end.C:
			t.Fatalf("not seen within %v: %s", limit, what)
		}
	}
}

// springJar is the applications' archive, built once for each state of its
// sources and kept in the cache of .ci/run.
func springJar(t testing.TB) string {
	t.Helper()
	for _, tool := range []string{"java", "mvn"} {
		if _, err := exec.LookPath(tool); err != nil {
			breakertest.Missing(t, SpringName, "no "+tool+" on this machine")
		}
	}
	cache := os.Getenv("MIDWATCH_CI_CACHE")
	if cache == "" {
		home, err := os.UserCacheDir()
		if err != nil {
			t.Fatal(err)
		}
		cache = filepath.Join(home, "midwatch-ci")
	}
	sources := os.DirFS(filepath.Join(moduleRoot(t), "testdata", "peers", "spring"))
	jar := filepath.Join(cache, "peers", "spring-"+digest(t, sources)+".jar")
	if _, err := os.Stat(jar); err == nil {
		return jar
	}
	build := t.TempDir()
	if err := os.CopyFS(build, sources); err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), "mvn", "-q", "-B", "package")
	cmd.Dir = build
	if out, err := cmd.CombinedOutput(); err != nil {
		breakertest.Missing(t, SpringName, fmt.Sprintf("mvn package: %v\n%s", err, out[max(0, len(out)-4000):]))
	}
	keep(t, filepath.Join(build, "target", "peer.jar"), jar)
	return jar
}

// moduleRoot is the folder of go.mod.
func moduleRoot(t testing.TB) string {
	t.Helper()
	dir, err := os.Getwd()
	for err == nil {
		if _, missing := os.Stat(filepath.Join(dir, "go.mod")); missing == nil {
			return dir
		}
		if filepath.Dir(dir) == dir {
			err = fs.ErrNotExist
		}
		dir = filepath.Dir(dir)
	}
	t.Fatal("no go.mod above this folder: ", err)
	return ""
}

// digest names the state of files.
func digest(t testing.TB, files fs.FS) string {
	sum := sha256.New()
	err := fs.WalkDir(files, ".", func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		data, err := fs.ReadFile(files, name)
		fmt.Fprintf(sum, "%s\n%d\n%s", name, len(data), data)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return fmt.Sprintf("%x", sum.Sum(nil)[:8])
}

// keep copies a file to a place where another test may be putting the same: the
// last one wins, and both are whole.
func keep(t testing.TB, from, to string) {
	data, err := os.ReadFile(from)
	if err == nil {
		err = os.MkdirAll(filepath.Dir(to), 0o755)
	}
	part := fmt.Sprintf("%s.%d", to, os.Getpid())
	if err == nil {
		err = os.WriteFile(part, data, 0o644)
	}
	if err == nil {
		err = os.Rename(part, to)
	}
	if err != nil {
		t.Fatal(err)
	}
}

// output is what a process prints.
type output struct {
	mu   sync.Mutex
	text []byte
}

func (o *output) Write(p []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.text = append(o.text, p...)
	return len(p), nil
}

func (o *output) String() string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return string(o.text)
}
