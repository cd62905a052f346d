package resolve

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/midwatch-cli/midwatch/fleet"
)

var three = []*fleet.InstanceView{
	{Instance: fleet.Instance{ID: "a"}}, {Instance: fleet.Instance{ID: "b"}}, {Instance: fleet.Instance{ID: "c"}},
}

// after chooses the one that follows the cursor, and then the others.
func after(cursor string) []*fleet.InstanceView {
	at := slices.IndexFunc(three, func(v *fleet.InstanceView) bool { return v.ID == cursor })
	return slices.Concat(three[at+1:], three[:at+1])
}

// take takes one turn of a service.
func take(t *testing.T, dir string, ref fleet.Ref) string {
	t.Helper()
	chosen, err := turn(dir, ref, after)
	if err != nil {
		t.Fatal(err)
	}
	return chosen[0].ID
}

// TestTurnsGoRound: from run to run, for each service of each context by
// itself.
func TestTurnsGoRound(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "state", "midwatch") // made when it is needed
	order := fleet.Ref{Context: "prod", Source: "etcd", Name: "order"}
	others := []fleet.Ref{
		{Context: "test", Source: "etcd", Name: "order"},
		{Context: "prod", Source: "consul", Name: "order"},
		{Context: "prod", Source: "etcd", Namespace: "shop", Name: "order"},
		{Context: "prod", Source: "etcd", Name: "user"},
	}
	var got []string
	for i := range 7 {
		got = append(got, take(t, dir, order))
		if i < len(others) {
			if first := take(t, dir, others[i]); first != "a" {
				t.Errorf("%+v goes on at %s", others[i], first)
			}
		}
	}
	if strings.Join(got, " ") != "a b c a b c a" {
		t.Errorf("got %v", got)
	}
	for path, want := range map[string]os.FileMode{dir: 0o700, filepath.Join(dir, "cursor.json"): 0o600, filepath.Join(dir, "cursor.lock"): 0o600} {
		if info, err := os.Stat(path); err != nil || info.Mode().Perm() != want {
			t.Errorf("%s: %v, %v, want %v", path, info, err, want)
		}
	}
}

// TestTurnsAtOnce: two scripts at the same time never get the same turn.
func TestTurnsAtOnce(t *testing.T) {
	dir := t.TempDir()
	var mu sync.Mutex
	taken := map[string]int{}
	var all sync.WaitGroup
	for range 30 {
		all.Go(func() {
			id := take(t, dir, fleet.Ref{Name: "order"})
			mu.Lock()
			defer mu.Unlock()
			taken[id]++
		})
	}
	all.Wait()
	if taken["a"] != 10 || taken["b"] != 10 || taken["c"] != 10 {
		t.Errorf("30 turns of three: %v", taken)
	}
}

// TestNobodyToChoose keeps whose turn it was.
func TestNobodyToChoose(t *testing.T) {
	dir, ref := t.TempDir(), fleet.Ref{Name: "order"}
	take(t, dir, ref)
	chosen, err := turn(dir, ref, func(string) []*fleet.InstanceView { return nil })
	if err != nil || chosen != nil {
		t.Errorf("%v, %v", chosen, err)
	}
	if got := take(t, dir, ref); got != "b" {
		t.Errorf("goes on at %s", got)
	}
}

// TestSpoiledCursor: a file that cannot be read costs a turn, no more.
func TestSpoiledCursor(t *testing.T) {
	dir, ref := t.TempDir(), fleet.Ref{Name: "order"}
	for _, spoiled := range []string{"", "{", "[]", `{"x":1}`, "\x00"} {
		if err := os.WriteFile(filepath.Join(dir, "cursor.json"), []byte(spoiled), 0o600); err != nil {
			t.Fatal(err)
		}
		if first, second := take(t, dir, ref), take(t, dir, ref); first != "a" || second != "b" {
			t.Errorf("%q: %s, then %s", spoiled, first, second)
		}
	}
}

// TestCursorsAreBounded: the file does not grow with every service there ever
// was, and the one that was just asked for is kept.
func TestCursorsAreBounded(t *testing.T) {
	dir, ref := t.TempDir(), fleet.Ref{Name: "order"}
	many := map[string]string{}
	for i := range maxCursors + 50 {
		many[fmt.Sprint("service-", i)] = "x"
	}
	data, err := json.Marshal(many)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "cursor.json"), data, 0o600); err != nil {
		t.Fatal(err)
	}
	take(t, dir, ref)
	kept := map[string]string{}
	if data, err = os.ReadFile(filepath.Join(dir, "cursor.json")); err == nil {
		err = json.Unmarshal(data, &kept)
	}
	if err != nil || len(kept) != maxCursors {
		t.Errorf("%d are kept, %v", len(kept), err)
	}
	if got := take(t, dir, ref); got != "b" {
		t.Errorf("its own was forgotten: %s", got)
	}
}

// TestCursorCannotBeKept says so and chooses nobody.
func TestCursorCannotBeKept(t *testing.T) {
	dir := t.TempDir()
	file := filepath.Join(dir, "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	taken := filepath.Join(dir, "taken") // where the cursor should stand is a folder
	if err := os.MkdirAll(filepath.Join(taken, "cursor.json"), 0o700); err != nil {
		t.Fatal(err)
	}
	for where, want := range map[string]string{"": "set XDG_STATE_HOME or HOME", file: "not a directory", filepath.Join(file, "below"): "not a directory", taken: "is a directory"} {
		chosen, err := turn(where, fleet.Ref{Name: "order"}, after)
		if err == nil || chosen != nil || !strings.HasPrefix(err.Error(), "the round-robin cursor cannot be kept: ") || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v, %v", where, chosen, err)
		}
	}
}
