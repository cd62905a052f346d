package cmd_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/midwatch-cli/midwatch/fleet/breaker/breakertest"
	"github.com/midwatch-cli/midwatch/fleet/breaker/peertest"
)

// operator is a person at a terminal of their own: a home, which operators may
// share, and a fleet.
type operator struct {
	name string
	env  map[string]string
}

// newOperator sits down before a fleet. The inventory and the configuration
// are files.
func newOperator(t *testing.T, name, inventory, config string) operator {
	t.Helper()
	home := t.TempDir()
	for file, text := range map[string]string{"fleet.yaml": inventory, "midwatch.yaml": config} {
		if err := os.WriteFile(filepath.Join(home, file), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	o := operator{env: map[string]string{
		"HOME": home, "XDG_CONFIG_HOME": home, "XDG_STATE_HOME": home,
		"MIDWATCH_CONFIG": filepath.Join(home, "midwatch.yaml"), "MIDWATCH_REGISTRY": "file://" + filepath.Join(home, "fleet.yaml"),
		"MIDWATCH_PROBE_TIMEOUT": "30s", // a machine that builds and tests is no place to be quick
	}}
	return o.as(name)
}

// as is somebody else with the same home: sudo says who they are.
func (o operator) as(name string) operator {
	other := operator{name: name, env: map[string]string{}}
	for k, v := range o.env {
		other.env[k] = v
	}
	other.env["SUDO_USER"] = name
	return other
}

// elsewhere is somebody else whose journal is another.
func (o operator) elsewhere(t *testing.T, name string) operator {
	other := o.as(name)
	other.env["XDG_STATE_HOME"] = t.TempDir()
	return other
}

// does runs a command line, which has to end with the code, and returns what it
// printed and what it said.
func (o operator) does(t *testing.T, code int, args ...string) (out, errs string) {
	t.Helper()
	got, out, errs := runWith(t, o.env, args...)
	if got != code {
		t.Errorf("%s: %q ended with %d, want %d\n%s%s", o.name, args, got, code, out, errs)
	}
	return out, errs
}

// says runs a command line that has to end with the code and to say all of
// these.
func (o operator) says(t *testing.T, code int, args []string, words ...string) {
	t.Helper()
	out, errs := o.does(t, code, args...)
	for _, word := range words {
		if !strings.Contains(out+errs, word) {
			t.Errorf("%s: %q does not say %q:\n%s%s", o.name, args, word, out, errs)
		}
	}
}

// seen is what these tests read of documents.
type seen struct {
	Items []struct {
		ID, Breaker, State, HeldBy, Reason, Now, Status string

		Hold *struct{ Change string }
		Why  struct{ Reason, Detail string }
		Who  struct{ Name string }
	}
}

// reads runs a command line that prints a document.
func (o operator) reads(t *testing.T, code int, args ...string) (s seen) {
	t.Helper()
	out, _ := o.does(t, code, append(args, "-o", "json")...)
	if err := json.Unmarshal([]byte(out), &s); err != nil {
		t.Fatalf("%q: %v\n%s", args, err, out)
	}
	return s
}

// breaker is one as it is listed.
func (o operator) breaker(t *testing.T, service, name string) (state, heldBy, change string) {
	t.Helper()
	s := o.reads(t, 0, "breakers", "list", service)
	for _, b := range s.Items {
		if b.Breaker == name {
			if b.Hold != nil {
				change = b.Hold.Change
			}
			return b.State, b.HeldBy, change
		}
	}
	t.Fatalf("%s/%s is not listed: %+v", service, name, s)
	return "", "", ""
}

// peer is a breaker of a real far system, and the traffic through it.
type peer struct {
	service, breaker string
	api              string
	calls            func(n int) (passed int)
	reached          func() int64 // the upstream's own counter
}

// traffic sends 50 calls: all of them pass and reach the upstream, or none.
func (p *peer) traffic(t *testing.T, when string, want int) {
	t.Helper()
	const calls = 50
	before := p.reached()
	passed := p.calls(calls)
	if moved := int(p.reached() - before); passed != want || moved != want {
		t.Errorf("%s: of %d calls %d passed and %d reached the upstream, want %d", when, calls, passed, moved, want)
	}
}

// story is a night with a breaker, as it is typed: looked at, tripped, read
// back, reset, tripped again and undone; a second operator comes in between.
func (p *peer) story(t *testing.T, anna operator) {
	at := []string{p.service, "--breaker", p.breaker}
	with := func(words ...string) []string { return append(words[:len(words):len(words)], at...) }
	is := func(when, state, heldBy string) (change string) {
		t.Helper()
		got, holds, change := anna.breaker(t, p.service, p.breaker)
		who, _, _ := strings.Cut(holds, "@") // and on which machine
		if got != state || who != heldBy {
			t.Errorf("%s it is %s, held by %q; want %s, %q", when, got, holds, state, heldBy)
		}
		return change
	}

	is("before", "closed", "")
	anna.says(t, 0, with("breakers", "show"), p.breaker, "trip", p.api)
	p.traffic(t, "before", 50)
	anna.says(t, 0, with("breakers", "trip", "--dry-run"), "forced open")
	is("after a dry run", "closed", "")

	anna.says(t, 0, with("breakers", "trip", "--yes", "--reason", "payment db failover"), "done", "forced open", "undo: midwatch changes undo ")
	p.traffic(t, "tripped", 0)
	change := is("tripped", "forced_open", "anna")
	if list := anna.reads(t, 0, "changes", "list"); len(list.Items) != 1 || list.Items[0].ID != change || change == "" ||
		list.Items[0].Now != "in_force" || list.Items[0].Reason != "payment db failover" || list.Items[0].Who.Name != "anna" {
		t.Errorf("the change %q is listed as %+v", change, list.Items)
	}
	p.check(t, anna, "degraded", p.breaker)

	// The second operator is told who, when and why; one who has another journal
	// knows that it was somebody.
	anna.as("boris").says(t, 1, with("breakers", "reset", "--yes"), "anna", "payment db failover", "--override")
	anna.elsewhere(t, "carla").says(t, 1, with("breakers", "reset", "--yes"), "someone else", "--override")
	is("after the others' orders", "forced_open", "anna")
	p.traffic(t, "still tripped", 0)

	anna.says(t, 0, with("breakers", "reset", "--yes"), "done", "closed")
	p.traffic(t, "after the reset", 50)
	is("after the reset", "closed", "")
	p.check(t, anna, "up", "")

	anna.does(t, 0, with("breakers", "trip", "--yes")...)
	p.traffic(t, "tripped again", 0)
	change = is("tripped again", "forced_open", "anna")
	anna.says(t, 0, []string{"changes", "undo", change, "--yes"}, "done", "closed")
	p.traffic(t, "after the undo", 50)
	is("after the undo", "closed", "")
	for _, c := range anna.reads(t, 0, "changes", "list").Items {
		if c.Now == "in_force" {
			t.Errorf("still in force: %+v", c)
		}
	}
}

// check holds what check says of the owner.
func (p *peer) check(t *testing.T, o operator, status, detail string) {
	t.Helper()
	s := o.reads(t, 0, "check", p.service)
	if len(s.Items) != 1 || s.Items[0].Status != status || !strings.Contains(s.Items[0].Why.Detail, detail) {
		t.Errorf("check says %+v, want %s because of %q", s.Items, status, detail)
	}
}

// through counts the calls that pass on their way to a URL.
func through(t *testing.T, url string) func(n int) int {
	return func(n int) int { return breakertest.Through(t, n, url) }
}

const aProxy = `
services:
  - name: edge
    instances: [{id: edge-1, address: "ADDRESS", labels: {profile: PROFILE, admin: "ADMIN"}}]
`

func proxy(profile, address, admin string) string {
	return strings.NewReplacer("PROFILE", profile, "ADDRESS", strings.TrimPrefix(address, "http://"), "ADMIN", admin).Replace(aProxy)
}

func TestHAProxyByTheTool(t *testing.T) {
	h := peertest.StartHAProxy(t, nil)
	const server = "orders/o1"
	up := h.Up[server]
	p := &peer{service: "edge", breaker: server, api: "haproxy", calls: through(t, h.URL(server)), reached: up.Calls.Load}
	anna := newOperator(t, "anna", proxy("haproxy", h.Front, h.Base), "")
	p.story(t, anna)

	anna.says(t, 0, []string{"drain", "edge", "--server", server, "--yes", "--reason", "kernel update"}, "done")
	p.traffic(t, "drained", 0)
	anna.says(t, 0, []string{"undrain", "edge", "--server", server, "--yes"}, "done")
	p.traffic(t, "back in use", 50)

	// What anna holds boris may end, where he says that he means it.
	anna.does(t, 0, "breakers", "trip", "edge/"+server, "--yes")
	anna.as("boris").says(t, 0, []string{"breakers", "reset", "edge/" + server, "--yes", "--override", "--reason", "it is back"}, "done")
	p.traffic(t, "after boris' reset", 50)
	if list := anna.reads(t, 0, "changes", "list"); list.Items[0].Who.Name != "boris" || list.Items[1].Now != "replaced" {
		t.Errorf("boris' reset over anna's trip is listed as %+v", list.Items[:2])
	}

	// It opens by itself when its health check fails.
	up.Unwell.Store(true)
	peertest.Eventually(t, 10*time.Second, "the server is down by its health check", func() bool {
		state, heldBy, _ := anna.breaker(t, "edge", server)
		return state == "open" && heldBy == "itself"
	})
	p.check(t, anna, "degraded", server)
	p.traffic(t, "down by its health check", 0)
}

func TestEnvoyByTheTool(t *testing.T) {
	e := peertest.StartEnvoy(t, peertest.Runtime(), false)
	var anna operator
	for _, cluster := range e.Names {
		anna = newOperator(t, "anna", proxy("envoy", e.Checked, e.Base), "")
		up := e.Up[cluster]
		p := &peer{service: "edge", breaker: cluster, api: "envoy", calls: through(t, e.URL(cluster)), reached: up.Calls.Load}
		p.story(t, anna)
	}

	// It may shed a share of the calls only.
	share := []string{"edge", "--breaker", e.Names[0], "--yes"}
	anna.says(t, 0, append([]string{"breakers", "trip", "--percent", "50"}, share...), "forced open for 50% of its calls", "50% of the calls from edge to payments will be refused")
	before := e.Up[e.Names[0]].Calls.Load()
	passed := breakertest.Through(t, 200, e.URL(e.Names[0]))
	if reached := e.Up[e.Names[0]].Calls.Load() - before; int(reached) != passed || passed < 60 || passed > 140 {
		t.Errorf("a share of 50%%: of 200 calls %d passed and %d reached the upstream", passed, reached)
	}
	anna.does(t, 0, append([]string{"breakers", "reset"}, share...)...)

	// The whole proxy: its health_check filter says so, calls still pass.
	last := []string{"drain", "edge", "--yes", "--reason", "kernel update"}
	anna.says(t, 1, last, "--allow-empty")
	healthz := through(t, e.Checked+"/healthz")
	anna.says(t, 0, append(last, "--allow-empty"), "done", "503 DRAINING")
	if passed := healthz(1); passed != 0 {
		t.Error("drained, its health_check filter says that it is well")
	}
	anna.says(t, 0, []string{"undrain", "edge", "--yes"}, "done")
	if passed := healthz(1); passed != 1 {
		t.Error("put back, its health_check filter says that it is not well")
	}
}
