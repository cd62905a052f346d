package drain_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/spf13/cobra"
	"go.uber.org/goleak"

	"github.com/midwatch-cli/midwatch/cmd/app"
	"github.com/midwatch-cli/midwatch/cmd/cmdtest"
	"github.com/midwatch-cli/midwatch/cmd/drain"
	"github.com/midwatch-cli/midwatch/fleet/breaker"
	"github.com/midwatch-cli/midwatch/fleet/breaker/memory"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// world is a fleet whose instances are drained by APIs that live in this process.
type world struct {
	far    memory.Far
	home   string
	fleet  string // the inventory
	config string // contexts of midwatch.yaml; empty: --registry
	tty    int    // columns of a terminal; 0: there is none
	types  string
}

// newWorld has services of instances, each "id=address", or "id=address!" where
// nobody says how it is administered.
func newWorld(t *testing.T, services map[string][]string) *world {
	t.Helper()
	w := &world{home: t.TempDir()}
	text := "services:\n"
	for _, name := range []string{"payment", "user"} {
		text += "  - name: " + name + "\n    instances:\n"
		for _, one := range services[name] {
			id, addr, _ := strings.Cut(one, "=")
			api := "memory"
			if bare, ok := strings.CutSuffix(addr, "!"); ok {
				addr, api = bare, ""
			}
			text += fmt.Sprintf("      - {id: %s, address: %q, labels: {breakers_api: %q}}\n", id, addr, api)
		}
		if len(services[name]) == 0 {
			text = strings.TrimSuffix(text, "\n") + " []\n"
		}
	}
	path := filepath.Join(w.home, "fleet.yaml")
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	w.fleet = "file://" + path
	return w
}

func (w *world) run(t *testing.T, args ...string) cmdtest.Result {
	t.Helper()
	return w.as(t, drain.New, args...)
}

func (w *world) as(t *testing.T, command func(*app.App) *cobra.Command, args ...string) cmdtest.Result {
	t.Helper()
	c := cmdtest.Command{New: command, Env: map[string]string{"XDG_STATE_HOME": w.home, "XDG_CONFIG_HOME": w.home}, Prepare: func(a *app.App) {
		a.Breakers = func(string) (*breaker.Driver, error) { return w.far.Driver(), nil }
		if w.tty > 0 {
			a.IO.OutTTY, a.IO.ErrTTY, a.IO.Wide = true, true, func() int { return w.tty }
		}
		if w.types != "" {
			cmdtest.Answers(a, w.types+"\n")
		}
	}}
	if w.config == "" {
		return c.Run(t, append(args, "--registry", w.fleet, "--utc", "--attempts", "1")...)
	}
	path := filepath.Join(w.home, "midwatch.yaml")
	if err := os.WriteFile(path, []byte(strings.ReplaceAll(w.config, "FLEET", w.fleet)), 0o600); err != nil {
		t.Fatal(err)
	}
	return c.Run(t, append(args, "--config", path, "--utc", "--attempts", "1")...)
}

// ends holds how a command ended against what it has to be.
func ends(t *testing.T, what string, r cmdtest.Result, code app.Code, texts ...string) {
	t.Helper()
	said := r.Out + r.Errs
	if r.Err != nil {
		said += r.Err.Error() + "\nhint: " + r.Hint() + "\n"
	}
	if r.Code() != code {
		t.Errorf("%s: ended with %d, want %d\n%s", what, r.Code(), code, said)
	}
	for _, text := range texts {
		if not, ok := strings.CutPrefix(text, "!"); ok == strings.Contains(said, not) {
			t.Errorf("%s: %q has to be there: %v\n%s", what, not, !ok, said)
		}
	}
}

// TestDrainScreen: the plan, the question, the answer, as people see them.
func TestDrainScreen(t *testing.T) {
	a, b, c := cmdtest.Up(t), cmdtest.Up(t), cmdtest.Health(t, 503, `{"status":"DOWN"}`)
	w := newWorld(t, map[string][]string{"payment": {"payment-1=" + a, "payment-2=" + b, "payment-3=" + c, "payment-4=" + cmdtest.Up(t)}})
	w.config = "contexts:\n  - {name: prod, protected: true, registries: [\"FLEET\"]}\n"
	w.tty, w.types = 80, "payment"
	r := w.run(t, "payment/payment-2", "--context", "prod", "--reason", "kernel update")
	ends(t, "drain", r, app.OK)
	if r.Out != "✓ payment-2\n" {
		t.Errorf("got\n%s", r.Out)
	}
	plan, summary, _ := strings.Cut(r.Errs, "took out ")
	want := "This takes 1 of 4 instances of payment (prod, protected) out of use, by its\n" +
		"  admin API (memory); 2 go on serving, 1 does not serve as it is.\n" +
		"  payment-2  ready  →  out of service: no new calls, those in flight finish\n"
	if plan != want {
		t.Errorf("got\n%swant\n%s", plan, want)
	}
	if !strings.HasPrefix(summary, "1 of 1. change ") || !strings.Contains(summary, "undo: midwatch changes undo ") {
		t.Error(summary)
	}
	w.types = ""
	ends(t, "put back", w.as(t, drain.NewUndrain, "payment/payment-2", "--context", "prod", "--confirm", "payment"), app.OK, "✓ payment-2", "This puts 1 of 4 instances", "put back 1 of 1.")
}

// TestWhatStays: the last that serves stays, and no more are out than is allowed;
// those that do not serve as it is count as out.
func TestWhatStays(t *testing.T) {
	up, down, odd := func() string { return cmdtest.Up(t) }, cmdtest.Closed(t), cmdtest.Health(t, 401, `{}`)
	w := newWorld(t, map[string][]string{
		"payment": {"payment-1=" + up(), "payment-2=" + up(), "payment-3=" + up(), "payment-4=" + down},
		"user":    {"user-1=" + up(), "user-2=" + odd},
	})
	for _, c := range []struct {
		args string
		code app.Code
		says []string
	}{
		{"payment/payment-1", app.OK, []string{"; 2 go on serving, 1 does not serve as it is."}},
		{"payment/payment-4", app.OK, []string{"; 3 go on serving."}},
		{"payment/payment-1 payment/payment-2", app.NotWell, []string{"3 of 4 of payment would not serve, and --max-unavailable is 50%: nothing was changed", "hint: take out fewer, or more is allowed by --max-unavailable 3"}},
		{"payment/payment-1 payment/payment-2 --max-unavailable 3", app.OK, []string{"; 1 goes on serving, 1 does not serve as it is."}},
		{"payment --max-unavailable 100%", app.NotWell, []string{"no instance of payment would serve any more: all 3 that do of its 4 are taken out: nothing was changed", "hint: --allow-empty"}},
		{"user/user-1 --max-unavailable 100%", app.NotWell, []string{"user-1 is the last of user that serves, of 2 instances: nothing was changed"}},
		{"user/user-1 --allow-empty", app.OK, []string{"; 0 go on serving, 1 does not serve as it is."}},
		{"payment/payment-1 user/user-2", app.OK, []string{"This takes 1 of 4 instances of payment out of use", "This takes 1 of 2 instances of user out of use"}},
	} {
		ends(t, c.args, w.run(t, append(strings.Fields(c.args), "--dry-run")...), c.code, c.says...)
	}
}

// TestMixed: those that there is no way to are told in the plan, and the others
// are done.
func TestMixed(t *testing.T) {
	w := newWorld(t, map[string][]string{"payment": {"payment-1=" + cmdtest.Up(t) + "!", "payment-2=" + cmdtest.Up(t), "payment-3=" + cmdtest.Up(t)}})
	r := w.run(t, "payment/payment-1", "payment/payment-2", "--yes")
	ends(t, "mixed", r, app.Partial,
		"This takes 1 of 3 instances of payment out of use, by its admin API (memory), 1 cannot be done; 2 go on serving.",
		"payment-1  cannot be done: payment/payment-1: nobody says how it is administered, and registry file takes no instance out of use either",
		"took out 1 of 2.", " · retry: midwatch drain --retry ")
	_, retry, _ := strings.Cut(r.Errs, "--retry ")
	id := strings.TrimSpace(strings.SplitN(retry, "\n", 2)[0])
	ends(t, "retry", w.run(t, "--retry", id, "--yes"), app.Usage, "nobody says how it is administered")
	ends(t, "retry of another kind", w.as(t, drain.NewUndrain, "--retry", id), app.Usage, "is no undrain: it is drain ")
	ends(t, "none", w.run(t, "payment/payment-1", "--yes"), app.Usage, "payment/payment-1: nobody says", "hint: midwatch registries says which can; set profile or breakers.api")
}

// TestAlready: what is out is left as it is, and what is in service too.
func TestAlready(t *testing.T) {
	w := newWorld(t, map[string][]string{"payment": {"payment-1=" + cmdtest.Up(t), "payment-2=" + cmdtest.Up(t)}})
	ends(t, "undrain", w.as(t, drain.NewUndrain, "payment"), app.OK, "2 of 2 instances of payment: so many are in service already, and there is nothing to do.", "nothing was changed")
	ends(t, "drain", w.run(t, "payment/payment-1", "--yes"), app.OK, "took out 1 of 1. change ")
	ends(t, "again", w.run(t, "payment/payment-1"), app.OK, "by its admin API\talready\t", "payment-1  draining (", "nothing was changed")
	ends(t, "it is held", w.as(t, drain.NewUndrain, "payment", "--yes", "-o", "json", "--jq", ".items[].changed"), app.OK, "true\n", "false\n")
}

// TestRefused: what is refused before anything is sent.
func TestRefused(t *testing.T) {
	up := cmdtest.Up(t)
	w := newWorld(t, map[string][]string{"payment": {"payment-1=" + up, "payment-2=" + up}})
	for _, c := range []struct {
		name, config, args string
		code               app.Code
		says               []string
	}{
		{"nobody", "", "", app.Usage, []string{"which instances?", "hint: such as drain payment/payment-2"}},
		{"nowhere", "", "paymnt", app.CannotSay, []string{"no such service: paymnt: nothing was changed", "hint: did you mean payment?"}},
		{"a zone without any", "", "payment --zone x", app.CannotSay, []string{"no instance matched: nothing was changed"}},
		{"a way that is none", "", "payment --via mail", app.Usage, []string{`--via "mail": want registry or admin`}},
		{"a file drains nobody", "", "payment --via registry", app.Usage, []string{"payment/payment-1: registry file takes no instance out of use"}},
		{"a server by the registry", "", "payment --via registry --server s", app.Usage, []string{"--server is drained by way of its proxy's admin API"}},
		{"a server of what has none", "", "payment --server s --yes", app.NotWell, []string{`"s" is drained with its instance only`}},
		{"a change and a service", "", "payment --retry 1KZQ", app.Usage, []string{"name no service beside it"}},
		{"no time", "", "payment --probe-timeout 0s", app.Usage, []string{"--probe-timeout"}},
		{"more than expected", "", "payment --expect 1 --yes", app.NotWell, []string{"the plan has 2 targets, and 1 were expected"}},
		{"nobody to ask", "", "payment/payment-1", app.Usage, []string{"there is no terminal to ask on"}},
		{"several contexts", "contexts:\n  - {name: a, registries: [\"FLEET\"]}\n  - {name: b, registries: [\"FLEET\"]}\n", "payment --all-contexts --yes", app.Usage, []string{"these instances are in several contexts", "hint: choose one with --context"}},
		{"read-only", "contexts:\n  - {name: a, readOnly: true, registries: [\"FLEET\"]}\n", "payment/payment-1 --context a --yes", app.NotWell, []string{"read-only"}},
		{"a registry that is silent", "contexts:\n  - {name: a, registries: [\"FLEET\", \"etcd://127.0.0.1:1\"]}\n", "payment/payment-1 --context a --yes", app.CannotSay, []string{"registry etcd: ", "hint: SOURCE:SERVICE means the services of one registry alone"}},
		{"one that is not meant", "contexts:\n  - {name: a, registries: [\"FLEET\", \"etcd://127.0.0.1:1\"]}\n", "file:payment/payment-1 --context a --dry-run", app.OK, []string{"This takes 1 of 2 instances of payment (a) out of use"}},
	} {
		w.config = c.config
		ends(t, c.name, w.run(t, strings.Fields(c.args)...), c.code, c.says...)
	}
}
