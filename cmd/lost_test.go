package cmd_test

import (
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	contract "github.com/midwatch-cli/midwatch/fleet/breaker/httpapi/serve"
)

// idle is a breaker that is closed.
type idle struct{}

func (idle) Name() string            { return "payment" }
func (idle) Status() contract.Status { return contract.NewStatus(contract.Closed) }
func (idle) Verbs() []contract.Verb  { return []contract.Verb{contract.Reset} }
func (idle) Do(contract.Verb) error  { return nil }

// TestUndoNeedsNoRegistry: how a breaker is reached stands in the journal. That the
// registry is gone, or has lost the instance, keeps nobody from taking it back.
func TestUndoNeedsNoRegistry(t *testing.T) {
	for name, lose := range map[string]func(t *testing.T, inventory string){
		"it is there":     func(*testing.T, string) {},
		"it is gone":      func(t *testing.T, path string) { remove(t, path) },
		"it is damaged":   func(t *testing.T, path string) { put(t, path, "services: [{") },
		"it lost it":      func(t *testing.T, path string) { put(t, path, "services: []\n") },
		"its folder went": func(t *testing.T, path string) { remove(t, filepath.Dir(path)) },
	} {
		t.Run(name, func(t *testing.T) {
			far := &contract.Server{}
			guard := far.Add(idle{})
			server := httptest.NewServer(far)
			defer server.Close()
			dir := t.TempDir()
			inventory := filepath.Join(dir, "inventory", "fleet.yaml")
			put(t, inventory, "services:\n  - name: order\n    instances: [{id: order-1, address: \""+strings.TrimPrefix(server.URL, "http://")+"\", labels: {profile: midwatch}}]\n")
			env := map[string]string{"XDG_STATE_HOME": filepath.Join(dir, "state")}
			if code, _, errs := runWith(t, env, "breakers", "trip", "order/payment", "--yes", "--registry", "file://"+inventory); code != 0 || guard.State() != contract.ForcedOpen {
				t.Fatalf("%d: %s, %s", code, guard.State(), errs)
			}
			_, id, _ := runWith(t, env, "changes", "-o", "name")
			lose(t, inventory)
			if code, _, errs := runWith(t, env, "changes", "undo", strings.TrimSpace(id), "--yes"); code != 0 || guard.State() != contract.Closed {
				t.Errorf("%d: %s, %s", code, guard.State(), errs)
			}
		})
	}
}

func put(t *testing.T, path, text string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

func remove(t *testing.T, path string) {
	t.Helper()
	if err := os.RemoveAll(path); err != nil {
		t.Fatal(err)
	}
}
