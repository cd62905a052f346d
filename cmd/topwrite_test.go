package cmd_test

import (
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"

	"github.com/hinshun/vt10x"

	"github.com/midwatch-cli/midwatch/fleet/change"
	"github.com/midwatch-cli/midwatch/fleet/change/journal"
	"github.com/midwatch-cli/midwatch/fleet/change/keeper"
	"github.com/midwatch-cli/midwatch/fleet/registry/registrytest"
)

// ready waits for a question that takes keys.
func (s *screen) ready(asks string) {
	s.t.Helper()
	s.wait("asked "+asks, func(text string) bool { return strings.Contains(text, asks) && !strings.Contains(text, "a moment") })
}

// leaves closes a dialog. A key that followed at once would be one with alt.
func (s *screen) leaves(what string) {
	s.t.Helper()
	s.types("\x1b")
	s.wait("left "+what, func(text string) bool { return !strings.Contains(text, what) })
}

// keeps finds the process that puts back what the screen shows a plan of, and has
// it end with the test, whatever becomes of that.
func (s *screen) keeps() {
	s.t.Helper()
	found := regexp.MustCompile(`by keeper (\d+)`).FindStringSubmatch(s.text())
	if found == nil {
		s.t.Fatalf("nobody puts it back:\n%s", s.text())
	}
	pid, _ := strconv.Atoi(found[1])
	s.t.Cleanup(func() {
		if s.t.Failed() {
			if p, err := os.FindProcess(pid); err == nil {
				_ = p.Kill()
			}
			return
		}
		registrytest.Eventually(s.t, change.KeeperLost, "the keeper has ended", func() bool { return !keeper.Alive(keeper.Host(), pid) })
	})
}

// home is the state folder of whoever sits at the terminal.
func (s *screen) home() string {
	for _, pair := range s.cmd.Env {
		if dir, ok := strings.CutPrefix(pair, "XDG_STATE_HOME="); ok {
			return dir
		}
	}
	return ""
}

// changed lists what the journal of a demo has that keeps its things there, the newest
// first.
func (s *screen) changed(there string) []*change.Batch {
	s.t.Helper()
	found, err := filepath.Glob(filepath.Join(there, "midwatch-demo-*", "midwatch", journal.File))
	if err != nil || len(found) != 1 {
		s.t.Fatal(found, err)
	}
	j, err := journal.Read(s.t.Context(), filepath.Dir(found[0]), journal.Options{})
	if err != nil {
		s.t.Fatal(err)
	}
	defer func() { _ = j.Close() }()
	all, err := j.Batches(s.t.Context(), change.Filter{})
	if err != nil {
		s.t.Fatal(err)
	}
	return all
}

// TestTerminalTopWrites: as somebody does it on the demo's fleet: look for order,
// trip its breaker, see it in force, take it back; then an instance out of use, and
// nothing that was not agreed to.
func TestTerminalTopWrites(t *testing.T) {
	there := t.TempDir()
	s := commandOnTerminal(t, exec.Command("midwatch", "demo", "--", "top", "--interval", "1s", "--palette", "dark"), "TMPDIR="+there)
	s.sees("gateway", "live", "q quit")
	s.types("T")
	s.sees("this changes the fleet: :write allows it")
	s.types(":write\r")
	s.sees("Changes to this fleet are allowed from here until :readonly.", "[ No ]")
	s.types("y")
	s.sees("[ Yes ]")
	s.types("\r")
	s.sees("midwatch · writing ·")

	s.types("/ord\r")
	s.wait("filtered", func(text string) bool { return strings.Contains(text, "order") && !strings.Contains(text, "payment") })
	s.types("\r")
	s.sees("fleet › order", "order-1", "order-2")
	s.types("T")
	s.sees("Trip breaker", "back after  10m")
	s.types("\x1b[C\x1b[B") // payment is the second; on to the reason
	s.sees("Trip breaker payment")
	s.types("db failover\r")
	s.ready("Go on?  [ No ]")
	s.sees("This opens breaker payment on", "order-1", "Put back at")
	s.keeps()
	s.types("\r") // no is the answer that is lit
	s.sees("nothing was changed")

	s.types("T\x1b[C\r")
	s.ready("Go on?  [ No ]")
	s.resize(40, 10)
	s.ready("Go on?  [ No ]")
	s.resize(100, 30)
	s.sees("Put back at")
	s.types("y")
	s.sees("[ Yes ]", "enter does it")
	s.types("\r")
	s.sees("U undoes it.", "✓ order/order-1 payment  done  closed → forced open")
	s.leaves("U undoes it.")
	s.sees("trip order/payment in force, ends in ", "fleet › order")
	if all := s.changed(there); len(all) != 1 || all[0].Reason != "" || all[0].Until.IsZero() {
		t.Errorf("journalled %+v", all)
	}

	s.types(":result\r")
	s.sees("U undoes it.")
	s.types("U")
	s.sees("Undo change", "reason")
	s.types("\r")
	s.ready("Go on?  [ No ]")
	s.types("y")
	s.sees("[ Yes ]")
	s.types("\r")
	s.sees("Took back")
	s.leaves("Took back")
	s.wait("in force no more", func(text string) bool {
		return !strings.Contains(text, "in force") && strings.Contains(text, "fleet › order")
	})

	s.resize(80, 24)
	s.types(":payment/payment-2\r")
	s.sees("› payment-2", "payment-2 is up")
	s.types("D")
	s.sees("Drain payment-2: no new calls come")
	s.types("\t\t\x1b[D") // past where, and why
	s.sees("back after  5m")
	s.types("\r")
	s.ready("Go on?  [ No ]")
	s.keeps() // and ends with the demo, though it has something to put back
	s.sees("This takes 1 of 3 instances of payment out of use")
	s.types("y")
	s.sees("[ Yes ]")
	s.types("\r")
	s.sees("Took out 1 of 1.")
	s.leaves("Took out")
	s.sees("in force, ends in 4 m", "maintenance")
	if all := s.changed(there); len(all) != 3 || all[0].What != "drain payment/payment-2" {
		t.Errorf("journalled %+v", all)
	}
	s.types("q")
	if code := s.code(); code != 0 {
		t.Errorf("ended with %d", code)
	}
	s.asBefore()
	if text := s.text(); strings.Contains(text, "payment") {
		t.Errorf("leaves on the screen:\n%s", text)
	}
	if left, err := os.ReadDir(there); err != nil || len(left) > 0 {
		t.Errorf("leaves behind %v, %v", left, err)
	}
	if _, err := os.Stat(filepath.Join(s.home(), "midwatch", journal.File)); err == nil {
		t.Error("the demo wrote into the user's own journal")
	}
}

// TestTerminalTopWriteFlag: --write allows it from the start, a context that is
// read-only never does, and a protected one wants its service's name.
func TestTerminalTopWriteFlag(t *testing.T) {
	f := newFar(t, speaking())
	dir := t.TempDir()
	config := filepath.Join(dir, "midwatch.yaml")
	write := func(name, text string) {
		if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write(filepath.Join(dir, "fleet.yaml"), "services: [{name: order, instances: [{id: order-1, address: \""+f.addr+"\", labels: {profile: midwatch}}]}]\n")
	registry := "registries: [\"file://" + filepath.Join(dir, "fleet.yaml") + "\"]"
	write(config, "contexts:\n  - {name: still, readOnly: true, "+registry+"}\n  - {name: prod, protected: true, write: true, "+registry+"}\n")

	s := onTerminal(t, "top", "--write", "--context", "still", "--config", config, "--interval", "1s")
	s.sees("order", "midwatch · still")
	s.types("T")
	s.sees("still is read-only: writes are refused")
	s.types(":write\r")
	s.sees("still is read-only")
	s.types("q")
	s.code()
	if strings.Contains(string(s.raw), "· writing") {
		t.Error("it says that it writes")
	}

	s = onTerminal(t, "top", "--context", "prod", "--config", config, "--interval", "1s")
	s.sees("order", "midwatch · prod · writing")
	s.types("T")
	s.sees("Trip breaker payment on the one instance of order (prod)")
	s.types("\x1b[B\x1b[D\x1b[D\r")
	s.sees("Type order to go on:")
	s.wait("took keys", func(string) bool { s.types("\x7f"); s.types("o"); return strings.Contains(s.text(), "go on: o") })
	s.types("\x15order\r")
	s.sees("Opened on 1 of 1.")
	if f.orders.Load() != 1 {
		t.Errorf("%d orders", f.orders.Load())
	}
	s.leaves("U undoes it.")
	s.sees("in force: trip order/payment")
	s.types("q")
	if code := s.code(); code != 0 {
		t.Errorf("ended with %d", code)
	}
	s.asBefore()
}

// TestTerminalTopQuitsWhileChanging: who leaves while something is being made is
// asked, and told at the end what is left changed and how to take it back, on a
// terminal that is as it was.
func TestTerminalTopQuitsWhileChanging(t *testing.T) {
	for name, end := range map[string]func(s *screen){
		"q": func(s *screen) {
			s.leaves("being made")
			s.types("q")
			s.sees("A change is being made.", "Stop it and quit?  [ No ]")
			s.types("y")
			s.sees("[ Yes ]")
			s.types("\r")
			s.sees("stopping: what is in hand is finished")
		},
		"TERM": func(s *screen) {
			_ = s.cmd.Process.Signal(syscall.SIGTERM)
			s.wait("left its screen", func(string) bool {
				s.mu.Lock()
				defer s.mu.Unlock()
				return s.vt.Mode()&vt10x.ModeAltScreen == 0
			})
		},
	} {
		t.Run(name, func(t *testing.T) {
			held, let := make(chan struct{}), make(chan struct{})
			var once sync.Once
			server := speaking()
			slow := newFar(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				if r.Method == http.MethodPost {
					once.Do(func() { close(held) })
					<-let
				}
				server.ServeHTTP(w, r)
			}))
			fleet := filepath.Join(t.TempDir(), "fleet.yaml")
			if err := os.WriteFile(fleet, []byte("services: [{name: order, instances: [{id: order-1, address: \""+slow.addr+"\", labels: {profile: midwatch}}]}]\n"), 0o600); err != nil {
				t.Fatal(err)
			}
			s := onTerminal(t, "top", "--write", "--registry", "file://"+fleet, "--interval", "1s")
			s.sees("order", "· writing ·")
			s.types("T")
			s.sees("Trip breaker payment on the one instance of order")
			s.types("\x1b[B\x1b[D\x1b[D\r")
			s.ready("Go on?  [ No ]")
			s.types("y")
			s.sees("[ Yes ]")
			s.types("\r")
			<-held
			s.sees("being made", "X stop it")
			end(s)
			close(let)
			if code := s.code(); code != map[string]int{"q": 0, "TERM": 143}[name] {
				t.Errorf("ended with %d", code)
			}
			s.asBefore()
			if text := s.text(); !strings.Contains(text, "Opened on 1 of 1.") || !strings.Contains(text, "undo: midwatch changes undo ") {
				t.Errorf("does not say what is left changed:\n%s", text)
			}
		})
	}
}
