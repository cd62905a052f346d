package resolve_test

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/midwatch-cli/midwatch/cmd/app"
	"github.com/midwatch-cli/midwatch/cmd/cmdtest"
	"github.com/midwatch-cli/midwatch/cmd/resolve"
)

// kept is a command whose state folder lives as long as the test.
func kept(t *testing.T) (cmdtest.Command, string) {
	t.Helper()
	dir := t.TempDir()
	return cmdtest.Command{New: resolve.New, Env: map[string]string{"XDG_STATE_HOME": dir}}, filepath.Join(dir, "midwatch")
}

func three(t *testing.T) string {
	t.Helper()
	up := cmdtest.Up(t)
	return cmdtest.Inventory(t, "pay 1="+up+" 2="+up+" 3="+up)
}

func TestRoundRobin(t *testing.T) {
	c, _ := kept(t)
	url := three(t)
	var got []string
	for range 7 {
		r := c.Run(t, "pay", "--policy", "round-robin", "-o", "name", "--registry", url)
		if r.Err != nil {
			t.Fatal(r.Err)
		}
		got = append(got, strings.TrimSpace(r.Out))
	}
	want := []string{"pay/1", "pay/2", "pay/3", "pay/1", "pay/2", "pay/3", "pay/1"}
	if !slices.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
}

// TestRoundRobinAtOnce: scripts that run at the same time get a turn each.
func TestRoundRobinAtOnce(t *testing.T) {
	c, _ := kept(t)
	url := three(t)
	var mu sync.Mutex
	turns := map[string]int{}
	var wg sync.WaitGroup
	for range 12 {
		wg.Go(func() {
			r := c.Run(t, "pay", "--policy", "round-robin", "-o", "name", "--registry", url)
			mu.Lock()
			defer mu.Unlock()
			turns[strings.TrimSpace(r.Out)]++
		})
	}
	wg.Wait()
	for _, id := range []string{"pay/1", "pay/2", "pay/3"} {
		if turns[id] != 4 {
			t.Errorf("%s had %d of 12 turns: %v", id, turns[id], turns)
		}
	}
}

// TestCursorOfItsOwn: a service does not move another one's.
func TestCursorOfItsOwn(t *testing.T) {
	c, _ := kept(t)
	up := cmdtest.Up(t)
	url := cmdtest.Inventory(t, "pay 1="+up+" 2="+up, "order 1="+up+" 2="+up)
	var got []string
	for _, name := range []string{"pay", "order", "pay", "order"} {
		r := c.Run(t, name, "--policy", "round-robin", "-o", "name", "--registry", url)
		got = append(got, strings.TrimSpace(r.Out))
	}
	if want := []string{"pay/1", "order/1", "pay/2", "order/2"}; !slices.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
}

// TestCursorFile: it is the user's alone, and one that is broken is begun anew.
func TestCursorFile(t *testing.T) {
	c, dir := kept(t)
	url := three(t)
	ask := func() string {
		t.Helper()
		r := c.Run(t, "pay", "--policy", "round-robin", "-o", "name", "--registry", url)
		if r.Err != nil {
			t.Fatal(r.Err)
		}
		return strings.TrimSpace(r.Out)
	}
	ask()
	for name, want := range map[string]os.FileMode{dir: 0o700, filepath.Join(dir, "cursor.json"): 0o600, filepath.Join(dir, "cursor.lock"): 0o600} {
		if info, err := os.Stat(name); err != nil || info.Mode().Perm() != want {
			t.Errorf("%s: %v, %v, want %v", name, info.Mode(), err, want)
		}
	}
	if err := os.WriteFile(filepath.Join(dir, "cursor.json"), []byte("{broken"), 0o600); err != nil {
		t.Fatal(err)
	}
	if got := ask(); got != "pay/1" {
		t.Errorf("after a broken file: %s, want pay/1", got)
	}
	if got := ask(); got != "pay/2" {
		t.Errorf("then: %s, want pay/2", got)
	}
}

// TestCursorIsBounded: a machine that resolves thousands of names keeps so
// many cursors and no more.
func TestCursorIsBounded(t *testing.T) {
	c, dir := kept(t)
	var text strings.Builder
	text.WriteString("{")
	for i := range 1500 {
		fmt.Fprintf(&text, "%q:%q,", fmt.Sprintf("x%d", i), "1")
	}
	text.WriteString(`"last":"1"}`)
	if err := os.MkdirAll(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(dir, "cursor.json")
	if err := os.WriteFile(path, []byte(text.String()), 0o600); err != nil {
		t.Fatal(err)
	}
	if r := c.Run(t, "pay", "--policy", "round-robin", "--registry", three(t)); r.Err != nil {
		t.Fatal(r.Err)
	}
	data, err := os.ReadFile(path)
	if n := strings.Count(string(data), ":\""); err != nil || n > 1000 {
		t.Errorf("keeps %d cursors (%v)", n, err)
	}
	if !strings.Contains(string(data), "pay") {
		t.Error("the newest was forgotten")
	}
}

func TestCursorCannotBeKept(t *testing.T) {
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "midwatch"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	for name, env := range map[string]map[string]string{
		"no home":     {"HOME": "", "XDG_STATE_HOME": ""},
		"in the way":  {"XDG_STATE_HOME": dir},
		"no such way": {"XDG_STATE_HOME": filepath.Join(dir, "midwatch", "below")},
	} {
		t.Run(name, func(t *testing.T) {
			c := cmdtest.Command{New: resolve.New, Env: env}
			r := c.Run(t, "pay", "--policy", "round-robin", "--registry", three(t))
			if r.Err == nil || r.Out != "" || !strings.Contains(r.Err.Error(), "cursor cannot be kept") {
				t.Errorf("ended with %v and %q", r.Err, r.Out)
			}
			if r := c.Run(t, "pay", "--registry", three(t)); r.Err != nil {
				t.Errorf("other policies need no cursor: %v", r.Err)
			}
		})
	}
}

func TestOnlyWhatIsUp(t *testing.T) {
	up := cmdtest.Up(t)
	url := cmdtest.Inventory(
		t,
		"mixed up="+up+" refused="+cmdtest.Closed(t)+" leaving="+cmdtest.Health(t, 503, `{"status":"OUT_OF_SERVICE"}`)+
			" denied="+cmdtest.Health(t, 401, "{}")+" ill="+cmdtest.Health(t, 200, `{"status":"degraded"}`),
		"none 1="+cmdtest.Closed(t), "empty",
	)
	for _, tt := range []struct {
		args  string
		code  app.Code
		out   string
		error string
	}{
		{"mixed --all -o name", app.OK, "mixed/up\n", ""},
		{"mixed", app.OK, up + "\n", ""},
		{"mixed --instance refused", app.CannotSay, "", "no instance of mixed is up"},
		{"none", app.CannotSay, "", "no instance of none is up"},
		{"none -o wide", app.CannotSay, "", "no instance of none is up"},
		{"none -o name", app.CannotSay, "", "exit code 3"},
		{"empty", app.CannotSay, "", "no instance of empty is up"},
		{"mixd", app.CannotSay, "", "no such service: mixd"},
		{"mixed --zone nowhere", app.CannotSay, "", "no instance matched"},
		{"m* n*", app.Usage, "", "accepts 1 arg"},
		{"*", app.Usage, "", "services have that name"},
		{"mixed --policy best", app.Usage, "", "--policy"},
		{"mixed --attempts 0", app.Usage, "", "--attempts"},
	} {
		t.Run(tt.args, func(t *testing.T) {
			r := cmdtest.Command{New: resolve.New}.Run(t, append(strings.Fields(tt.args), "--registry", url)...)
			if tt.args == "m* n*" {
				if r.Err == nil {
					t.Error("took two names")
				}
				return
			}
			if r.Code() != tt.code || r.Out != tt.out {
				t.Errorf("ended with %d (%v) and %q, want %d and %q", r.Code(), r.Err, r.Out, tt.code, tt.out)
			}
			if tt.error != "" && !strings.Contains(r.Err.Error(), tt.error) {
				t.Errorf("says %q, want %q", r.Err, tt.error)
			}
		})
	}
}

// TestSilentRegistry: a name that is not found because nobody answered is not
// called unknown.
func TestSilentRegistry(t *testing.T) {
	r := cmdtest.Command{New: resolve.New}.Run(t, "pay", "--registry", "etcd://"+cmdtest.Closed(t))
	if r.Code() != app.CannotSay || !strings.Contains(r.Err.Error(), "registry etcd") || strings.Contains(r.Err.Error(), "no such service") {
		t.Errorf("ended with %d, %v", r.Code(), r.Err)
	}
}

func TestSeeded(t *testing.T) {
	url := three(t)
	for _, policy := range []string{"random", "weighted", "two-choices"} {
		seen := map[string]bool{}
		for range 4 {
			r := cmdtest.Command{New: resolve.New}.Run(t, "pay", "--policy", policy, "--seed", "11", "-o", "name", "--registry", url)
			seen[r.Out] = true
		}
		if len(seen) != 1 && policy != "two-choices" { // which measures as well
			t.Errorf("%s: one seed gave %v", policy, seen)
		}
	}
}
