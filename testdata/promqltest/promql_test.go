package promqltest

import (
	"fmt"
	"math"
	"os"
	"os/exec"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	engine "github.com/prometheus/prometheus/promql"
	"github.com/prometheus/prometheus/promql/parser"
	"github.com/prometheus/prometheus/promql/promqltest"
	"github.com/prometheus/prometheus/storage"

	"github.com/midwatch-cli/midwatch/fleet/metrics/promql"
	"github.com/midwatch-cli/midwatch/fleet/metrics/series"
)

// excused are the cases that do not pass, by file and line, and why. One that
// passes fails the test: the list is not longer than it has to be.
var excused = []struct {
	file  string
	lines []int
	why   string
}{
	{
		"start_timestamps.test",
		[]int{
			8, 13, 18, 24, 29, 34, 47, 71, 79, 87, 149, 174, 194, 259, 282, 299, 326, 418, 422,
			438, 441, 444, 448, 465, 471, 477, 490, 507, 515, 520, 536,
		},
		"start times of counters are not stored; a Prometheus server does not use them either, but for --enable-feature=use-start-timestamps,st-storage",
	},
}

// files is how many test files this version of Prometheus has.
const files = 22

// options are our engine's, and on top what the test files take for granted:
// features that a server has only behind flags, and a smaller bound on samples.
func options() engine.EngineOpts {
	o := promql.Options(0)
	o.MaxSamples = promqltest.DefaultMaxSamplesPerQuery
	o.Parser = parser.NewParser(promqltest.TestParserOpts)
	o.EnableDelayedNameRemoval = true
	o.UseStartTimestamps = true
	return o
}

func open(way Way) func(testing.TB) storage.Storage {
	return func(testing.TB) storage.Storage {
		s := series.New(series.Options{Window: window * time.Millisecond, MaxPages: math.MaxInt32})
		return &Storage{Store: s, target: s.Target(nil), way: way, at: math.MinInt64 / 2}
	}
}

// some is a test that runs only the files it wants.
type some struct {
	*testing.T
	want func(file string) bool
	ran  int
}

func (s *some) Run(name string, f func(*testing.T)) bool {
	_, file, _ := strings.Cut(name, "/")
	if !s.want(file) {
		return true
	}
	s.ran++
	return s.T.Run(file, f)
}

func isExcused(file string) bool {
	for _, e := range excused {
		if e.file == file {
			return true
		}
	}
	return false
}

func run(t *testing.T, way Way, want func(file string) bool) int {
	s := &some{T: t, want: want}
	promqltest.RunBuiltinTestsWithStorage(s, promqltest.NewTestEngineWithOpts(t, options()), open(way))
	return s.ran
}

// smoothed has selectors that look beyond an instant. A server has them only
// behind a flag, and our parser refuses them.
const smoothed = "extended_vectors.test"

// Every file without an excused case passes whole, whichever way its samples
// came in.
func TestFiles(t *testing.T) {
	for name, way := range map[string]Way{"pages": Pages, "own times": OwnTimes, "instants": Instants} {
		t.Run(name, func(t *testing.T) {
			want := files - len(excused)
			if way == Instants {
				want--
			}
			ran := run(t, way, func(file string) bool { return !isExcused(file) && (way != Instants || file != smoothed) })
			if ran != want {
				t.Errorf("%d files ran, not %d", ran, want)
			}
		})
	}
}

// inside names the file that a process of TestExcused runs, and which way.
const inside = "PROMQLTEST_FILE"

// Of the other files exactly the excused cases fail. They run in a process of
// their own: a test cannot take back that a part of it failed.
func TestExcused(t *testing.T) {
	if os.Getenv(inside) != "" {
		t.Skip("this is that process")
	}
	for _, e := range excused {
		for _, way := range []Way{Pages, OwnTimes} {
			t.Run(fmt.Sprintf("%s/%d", e.file, way), func(t *testing.T) {
				cmd := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^TestInside$", "-test.v")
				cmd.Env = append(os.Environ(), inside+"="+strconv.Itoa(int(way))+":"+e.file)
				out, err := cmd.CombinedOutput()
				if err == nil {
					t.Fatal("everything passed")
				}
				failed, passed := cases(t, string(out), "FAIL"), cases(t, string(out), "PASS")
				if len(failed) == 0 || len(passed) == 0 {
					t.Fatalf("no cases ran:\n%s", out)
				}
				for _, line := range failed {
					if !slices.Contains(e.lines, line) {
						t.Errorf("%s:%d fails", e.file, line)
					}
				}
				for _, line := range e.lines {
					if !slices.Contains(failed, line) {
						t.Errorf("%s:%d passes, and is excused: %s", e.file, line, e.why)
					}
				}
			})
		}
	}
}

// TestInside is what TestExcused runs.
func TestInside(t *testing.T) {
	way, file, ok := strings.Cut(os.Getenv(inside), ":")
	if !ok {
		t.Skip("it is for TestExcused")
	}
	n, err := strconv.Atoi(way)
	if err != nil {
		t.Fatal(err)
	}
	run(t, Way(n), func(f string) bool { return f == file })
}

// cases are the lines of a test file whose cases came out that way, in the
// output of a verbose test.
func cases(t *testing.T, out, how string) []int {
	t.Helper()
	var lines []int
	for _, m := range regexp.MustCompile(`(?m)^\s*--- `+how+`: .*/line_(\d+)/`).FindAllStringSubmatch(out, -1) {
		n, err := strconv.Atoi(m[1])
		if err != nil {
			t.Fatal(err)
		}
		lines = append(lines, n)
	}
	return lines
}
