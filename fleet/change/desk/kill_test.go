//go:build unix

package desk_test

import (
	"context"
	"errors"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"os/exec"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/midwatch-cli/midwatch/fleet"
	"github.com/midwatch-cli/midwatch/fleet/change"
	"github.com/midwatch-cli/midwatch/fleet/change/desk"
	"github.com/midwatch-cli/midwatch/fleet/change/journal"
)

func TestMain(m *testing.M) {
	if os.Getenv("MIDWATCH_TEST_KILL") != "" {
		os.Exit(victim())
	}
	goleak.VerifyTestMain(m)
}

// victims is how many instances the killed process changes.
const victims = 3

// victim makes a change, or takes one back, and is killed when it passes a
// boundary for the nth time.
func victim() int {
	ctx := context.Background()
	nth, err := strconv.Atoi(os.Getenv("NTH"))
	if err != nil {
		return 2
	}
	var mu sync.Mutex
	passed, armed := 0, false
	hook := func(b change.Boundary) {
		mu.Lock()
		defer mu.Unlock()
		if !armed || string(b) != os.Getenv("BOUNDARY") {
			return
		}
		if passed++; passed == nth {
			_ = syscall.Kill(os.Getpid(), syscall.SIGKILL)
			select {} // it does not get any further
		}
	}
	arm := func() { mu.Lock(); armed = true; mu.Unlock() }
	j, err := journal.Open(ctx, os.Getenv("DIR"), journal.Options{Hook: hook})
	if err != nil {
		fmt.Println(err)
		return 2
	}
	s := setup(adminEnv(remote{os.Getenv("URL")}), j, "alice")
	s.Hook, s.Who.PID = hook, os.Getpid()
	d := desk.New(s)
	plan, err := d.Plan(ctx, ordering(&testing.T{}, victims, fleet.Trip))
	if err != nil {
		fmt.Println(err)
		return 2
	}
	undoing := os.Getenv("MIDWATCH_TEST_KILL") == "undo"
	if !undoing {
		arm()
	}
	out, err := d.Apply(ctx, plan, change.Options{TTL: ended})
	if err == nil && undoing {
		arm()
		_, err = d.Undo(ctx, out.Batch, change.Options{})
	}
	if err != nil {
		fmt.Println(err)
		return 2
	}
	return 0
}

// killed runs a victim. It is false where the boundary was not passed so often.
func killed(t *testing.T, what, dir, url string, b change.Boundary, nth int) bool {
	t.Helper()
	exe, err := os.Executable()
	must(t, err)
	c := exec.CommandContext(t.Context(), exe)
	c.Env = append(os.Environ(), "MIDWATCH_TEST_KILL="+what, "DIR="+dir, "URL="+url, "BOUNDARY="+string(b), "NTH="+strconv.Itoa(nth))
	out, err := c.CombinedOutput()
	var exit *exec.ExitError
	switch {
	case err == nil:
		return false
	case errors.As(err, &exit) && exit.Sys().(syscall.WaitStatus).Signal() == syscall.SIGKILL:
		return true
	}
	t.Fatalf("%v: %s", err, out)
	return false
}

const start = "closed closed closed"

// TestKilled kills a process at every boundary of a change, and of taking one
// back, when it passes it for the first and for the second time. The journal
// then tells the truth, undo restores, and what is overdue is put back.
func TestKilled(t *testing.T) {
	for _, what := range []string{"apply", "undo"} {
		for _, b := range change.Boundaries() {
			for nth := 1; nth <= 2; nth++ {
				for _, way := range []string{"undo", "settle", "overdue"} {
					t.Run(fmt.Sprintf("%s/%s/%d/%s", what, b, nth, way), func(t *testing.T) {
						t.Parallel()
						w, dir := newWires(t, victims), t.TempDir()
						if !killed(t, what, dir, w.server.URL, b, nth) {
							if nth == 1 {
								t.Fatalf("%s is never passed", b)
							}
							return
						}
						w.server.Close() // what the process had on its way is answered, or never will be
						aftermath(t, w, dir, what, way, b)
					})
				}
			}
		}
	}
}

// aftermath looks at what a killed process left, and puts it right.
func aftermath(t *testing.T, w *wires, dir, what, way string, b change.Boundary) {
	ctx := t.Context()
	j, err := journal.Open(ctx, dir, journal.Options{})
	must(t, err)
	defer func() { _ = j.Close() }()
	found, err := j.Batches(ctx, change.Filter{})
	must(t, err)
	begun := what == "undo" || b != change.BeforeBegin && b != change.InsideBegin
	if !begun {
		if len(found) != 0 || w.state(t, victims) != start {
			t.Errorf("nothing was begun, and there are %d batches and %s", len(found), w.state(t, victims))
		}
		return
	}
	first := found[len(found)-1]
	truth(t, w, found)
	d := desk.New(setup(adminEnv(w.admin), j, "bob"))
	switch way {
	case "undo":
		_, err := d.Undo(ctx, first, change.Options{})
		must(t, err)
	case "settle":
		for _, b := range found {
			if b.Finished.IsZero() {
				must(t, d.Settle(ctx, b))
			}
		}
		settled(t, w, j, first.ID)
		b, err := j.Batch(ctx, first.ID)
		must(t, err)
		_, err = d.Undo(ctx, b, change.Options{})
		must(t, err)
	case "overdue":
		all, err := desk.PutBackDue(ctx, j, opener(d), change.Filter{}, time.Now().Add(time.Hour))
		must(t, err)
		for _, s := range all {
			must(t, s.Err)
		}
	}
	if got := w.state(t, victims); got != start {
		t.Errorf("afterwards it is %s", got)
	}
	due, err := j.Batches(ctx, change.Filter{Due: time.Now().Add(time.Hour)})
	must(t, err)
	if len(due) > 0 {
		t.Errorf("%s is still to be put back: %+v", due[0].ID, due[0].Tally())
	}
}

// truth holds what the journal says against what is there: what is done by it
// was done, and what was done is at least intended by it.
func truth(t *testing.T, w *wires, found []*change.Batch) {
	t.Helper()
	states := strings.Fields(w.state(t, victims))
	first := found[len(found)-1]
	if first.Stand(time.Now(), func(string, int) bool { return false }) == change.StandRunning {
		t.Errorf("a killed process is said to run")
	}
	undoing := len(found) > 1
	for i, s := range first.Steps {
		tripped := states[i] == "forced_open"
		switch {
		case s.Put == change.PutBack && tripped:
			t.Errorf("%s is taken back by the journal, and tripped", s.Intent.Target.Name())
		case !undoing && s.State == change.Done && s.Put == "" && !tripped:
			t.Errorf("%s is done by the journal, and %s", s.Intent.Target.Name(), states[i])
		case tripped && s.State != change.Done && s.State != change.Intended:
			t.Errorf("%s is tripped, and %s by the journal", s.Intent.Target.Name(), s.State)
		}
	}
}

// settled fails unless the journal knows all there is to be known.
func settled(t *testing.T, w *wires, j change.Journal, id string) {
	t.Helper()
	b, err := j.Batch(t.Context(), id)
	must(t, err)
	if b.Finished.IsZero() {
		t.Error("it is not finished")
	}
	for i, state := range strings.Fields(w.state(t, victims)) {
		s := &b.Steps[i]
		if tripped := state == "forced_open"; tripped != s.InForce(b) || s.State == change.Intended {
			t.Errorf("%s is %s, and by the journal %s, %s", s.Intent.Target.Name(), state, s.State, s.Put)
		}
	}
}

// TestEveryBoundaryIsListed: a constant that is not in the list would have no
// case.
func TestEveryBoundaryIsListed(t *testing.T) {
	f, err := parser.ParseFile(token.NewFileSet(), "../boundary.go", nil, 0)
	must(t, err)
	listed := map[string]bool{}
	for _, b := range change.Boundaries() {
		if listed[string(b)] {
			t.Errorf("%s is listed twice", b)
		}
		listed[string(b)] = true
	}
	n := 0
	ast.Inspect(f, func(node ast.Node) bool {
		v, ok := node.(*ast.ValueSpec)
		if !ok || len(v.Values) != 1 {
			return true
		}
		n++
		if text, err := strconv.Unquote(v.Values[0].(*ast.BasicLit).Value); err != nil || !listed[text] {
			t.Errorf("%s has no case", v.Names[0].Name)
		}
		return true
	})
	if n != len(listed) || n == 0 {
		t.Errorf("%d constants for %d boundaries: %v", n, len(listed), slices.Collect(func(yield func(string) bool) {
			for b := range listed {
				yield(b)
			}
		}))
	}
}
