package cmd_test

import (
	"database/sql"
	"errors"
	"fmt"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	_ "modernc.org/sqlite"

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

// TestSettleDoesWhatItCan: of a change that was broken off, and should have ended,
// one instance that is out of reach keeps no other from being put back.
func TestSettleDoesWhatItCan(t *testing.T) {
	dir := t.TempDir()
	env := map[string]string{"XDG_STATE_HOME": filepath.Join(dir, "state")}
	var guards []*contract.Guard
	var servers []*httptest.Server
	text := "services:\n  - name: order\n    instances:\n"
	for n := range 2 {
		far := &contract.Server{}
		guards = append(guards, far.Add(idle{}))
		server := httptest.NewServer(far)
		defer server.Close()
		servers = append(servers, server)
		text += fmt.Sprintf("      - {id: order-%d, address: %q, labels: {profile: midwatch}}\n", n+1, strings.TrimPrefix(server.URL, "http://"))
	}
	inventory := filepath.Join(dir, "fleet.yaml")
	put(t, inventory, text)
	if code, _, errs := runWith(t, env, "breakers", "trip", "order/payment", "--yes", "--registry", "file://"+inventory); code != 0 {
		t.Fatalf("%d: %s", code, errs)
	}
	db, err := sql.Open("sqlite", filepath.Join(dir, "state", "midwatch", "journal.db"))
	if err != nil {
		t.Fatal(err)
	}
	// As its command left it that was killed, long ago.
	_, err = db.Exec(`UPDATE batches SET finished = 0, until = 1, who = '{"User":"alice","Host":"elsewhere","PID":1}'; UPDATE steps SET state = 'intended'`)
	if err := errors.Join(err, db.Close()); err != nil {
		t.Fatal(err)
	}
	servers[1].Close()
	code, _, errs := runWith(t, env, "changes", "settle")
	if guards[0].State() != contract.Closed || guards[1].State() != contract.ForcedOpen || code == 0 {
		t.Errorf("%d: %s, %s: %s", code, guards[0].State(), guards[1].State(), errs)
	}
}
