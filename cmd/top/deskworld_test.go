package top_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/spf13/cobra"
	"go.uber.org/goleak"

	"github.com/midwatch-cli/midwatch/cmd/app"
	"github.com/midwatch-cli/midwatch/cmd/cmdtest"
	"github.com/midwatch-cli/midwatch/cmd/term"
	"github.com/midwatch-cli/midwatch/cmd/top"
	"github.com/midwatch-cli/midwatch/fleet"
	"github.com/midwatch-cli/midwatch/fleet/breaker/httpapi/serve"
	"github.com/midwatch-cli/midwatch/fleet/change"
	"github.com/midwatch-cli/midwatch/fleet/change/journal"
	"github.com/midwatch-cli/midwatch/tui/desk"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// far is one instance on loopback: its health, and its breakers by our contract.
type far struct {
	*serve.Server
	addr string

	mu     sync.Mutex
	orders int                                           // that it was sent
	post   func(http.ResponseWriter, *http.Request) bool // answers an order instead, where it says so
	sick   bool
}

// still is a breaker that only does what it is ordered.
type still string

func (s still) Name() string       { return string(s) }
func (still) Status() serve.Status { return serve.NewStatus(serve.Closed) }
func (still) Verbs() []serve.Verb  { return []serve.Verb{serve.Reset} }
func (still) Do(serve.Verb) error  { return nil }

func newFar(t *testing.T, breakers ...string) *far {
	t.Helper()
	f := &far{Server: &serve.Server{Drains: true}}
	for _, name := range breakers {
		f.Add(still(name))
	}
	s := httptest.NewServer(f)
	t.Cleanup(s.Close)
	f.addr = s.Listener.Addr().String()
	return f
}

func (f *far) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.URL.Path == "/health" {
		f.health(w)
		return
	}
	if r.Method == http.MethodPost {
		f.mu.Lock()
		f.orders++
		post := f.post
		f.mu.Unlock()
		if post != nil && post(w, r) {
			return
		}
	}
	f.Server.ServeHTTP(w, r)
}

func (f *far) health(w http.ResponseWriter) {
	f.mu.Lock()
	sick := f.sick
	f.mu.Unlock()
	w.Header().Set("Content-Type", "application/json")
	switch {
	case sick:
		w.WriteHeader(http.StatusServiceUnavailable)
		_, _ = io.WriteString(w, `{"status":"DOWN"}`)
	case f.Draining():
		w.WriteHeader(http.StatusServiceUnavailable)
		_, _ = io.WriteString(w, `{"status":"DRAINING"}`)
	default:
		_, _ = io.WriteString(w, `{"status":"UP"}`)
	}
}

// answers has every order answered so, and not obeyed.
func (f *far) answers(status int, body string) {
	f.post = func(w http.ResponseWriter, _ *http.Request) bool {
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(status)
		_, _ = io.WriteString(w, body)
		return true
	}
}

func (f *far) ordered() int {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.orders
}

// world is a fleet of such instances, and somebody's home.
type world struct {
	home   string
	fleet  string            // its registry
	env    map[string]string // besides
	flags  []string          // before anything else
	config string            // midwatch.yaml; FLEET stands for the registry; empty: --registry
}

// newWorld has services of instances, in the order of their names.
func newWorld(t *testing.T, services map[string][]*far) *world {
	t.Helper()
	w := &world{home: t.TempDir(), env: map[string]string{}}
	text := "services:\n"
	names := make([]string, 0, len(services))
	for name := range services {
		names = append(names, name)
	}
	slices.Sort(names)
	for _, name := range names {
		text += "  - name: " + name + "\n    instances:\n"
		for i, f := range services[name] {
			text += fmt.Sprintf("      - {id: %s-%d, address: %q, labels: {profile: far}}\n", name, i+1, f.addr)
		}
	}
	w.fleet = "file=file://" + w.write(t, "fleet.yaml", text)
	w.config = "contexts:\n  - {name: prod, registries: [\"FLEET\"]}\n"
	return w
}

func (w *world) write(t *testing.T, name, text string) string {
	t.Helper()
	path := filepath.Join(w.home, name)
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// args are the global flags.
func (w *world) args(t *testing.T) []string {
	t.Helper()
	if w.config == "" {
		return append(slices.Clone(w.flags), "--registry", w.fleet, "--utc")
	}
	config := strings.ReplaceAll(w.config, "FLEET", w.fleet) + "profiles:\n  far: {extends: midwatch, auth: {bearer: \"env:FAR_TOKEN\"}}\n"
	return append(slices.Clone(w.flags), "--config", w.write(t, "midwatch.yaml", config), "--utc")
}

const token = "t0ken-of-the-far-side"

func (w *world) getenv(name string) string {
	if v, ok := w.env[name]; ok {
		return v
	}
	switch name {
	case "XDG_STATE_HOME", "XDG_CONFIG_HOME", "HOME":
		return w.home
	case "FAR_TOKEN":
		return token
	}
	return ""
}

// open opens the session of a dashboard, and its desk.
func (w *world) open(t *testing.T) (*app.Session, desk.Desk) {
	t.Helper()
	streams, out, errs := term.Test("")
	a := app.New(streams, w.getenv)
	root := &cobra.Command{Use: "midwatch"}
	a.AddGlobal(root)
	if err := errors.Join(root.ParseFlags(w.args(t)), a.Begin()); err != nil {
		t.Fatal(err)
	}
	s, err := a.Open(t.Context(), app.Probing{Attempts: 1, Parallel: 8})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		s.Close()
		if out.Len()+errs.Len() > 0 {
			t.Errorf("wrote on the terminal that the dashboard is drawn on: %q %q", out, errs)
		}
	})
	return s, top.NewDesk(s)
}

// desk is that of a dashboard, which has looked into the journal.
func (w *world) desk(t *testing.T) desk.Desk {
	t.Helper()
	_, d := w.open(t)
	_, _ = d.Changes(t.Context())
	return d
}

// journal lists the changes there are, the oldest first.
func (w *world) journal(t *testing.T) []*change.Batch {
	t.Helper()
	j, err := journal.Read(t.Context(), filepath.Join(w.getenv("XDG_STATE_HOME"), "midwatch"), journal.Options{})
	if errors.Is(err, journal.ErrNone) {
		return nil
	}
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = j.Close() }()
	all, err := j.Batches(t.Context(), change.Filter{})
	if err != nil {
		t.Fatal(err)
	}
	slices.Reverse(all)
	return all
}

// run runs a command of the same user.
func (w *world) run(t *testing.T, c cmdtest.Command, args ...string) cmdtest.Result {
	t.Helper()
	c.Env = map[string]string{"XDG_STATE_HOME": w.getenv("XDG_STATE_HOME"), "XDG_CONFIG_HOME": w.home, "FAR_TOKEN": token}
	return c.Run(t, append(args, w.args(t)...)...)
}

// someone answers every question so, and remembers what was said.
type someone struct {
	says  bool
	asked []desk.Question
	told  []string
	done  []change.Result
	of    int
	on    func(n int) // the n-th question, before the answer
}

func (s *someone) Ask(ctx context.Context, q desk.Question) (bool, error) {
	s.asked = append(s.asked, q)
	if s.on != nil {
		s.on(len(s.asked))
	}
	return s.says, ctx.Err()
}

func (s *someone) Tell(line string) { s.told = append(s.told, line) }

func (s *someone) Done(r change.Result, of int) { s.done, s.of = append(s.done, r), of }

// ref is a service of the world; of one of its instances where one is named.
func key(service, instance string) fleet.Key {
	return fleet.Key{Ref: fleet.Ref{Context: "prod", Source: "file", Name: service}, Instance: instance}
}

// in makes it a wish of another context.
func in(context, source string, w desk.Wish) desk.Wish {
	w.Context = context
	for i := range w.Targets {
		w.Targets[i].Key.Context, w.Targets[i].Key.Source = context, source
	}
	return w
}

// wish is what is wanted of targets, each SERVICE, SERVICE/INSTANCE, or one of them
// with a breaker: order:payment, order/order-1:payment.
func wish(verb desk.Verb, targets ...string) desk.Wish {
	w := desk.Wish{Verb: verb, Context: "prod"}
	for _, text := range targets {
		who, breaker, _ := strings.Cut(text, ":")
		service, instance, _ := strings.Cut(who, "/")
		w.Targets = append(w.Targets, desk.Target{Key: key(service, instance), Breaker: breaker})
	}
	return w
}

// made is a wish that came to an end.
type made struct {
	someone
	desk.End
	err error
}

// make has a wish made by somebody who says yes, or no, to everything.
func (w *world) make(t *testing.T, wish desk.Wish, yes bool) *made {
	t.Helper()
	m := &made{someone: someone{says: yes}}
	m.End, m.err = w.desk(t).Make(t.Context(), wish, &m.someone)
	return m
}

// text is all that anybody sees of it.
func (m *made) text() string {
	var b strings.Builder
	for _, q := range m.asked {
		b.WriteString(strings.Join(q.Lines, "\n") + "\n")
	}
	b.WriteString(strings.Join(append(m.told, m.Lines...), "\n") + "\n")
	for _, all := range [][]change.Result{m.done, m.Results} {
		for _, r := range all {
			fmt.Fprintf(&b, "%s %s: %s -> %s", r.Intent.Target.Name(), r.State, r.Was, r.Now)
			if r.Err != nil {
				fmt.Fprintf(&b, ": %v; hint: %s", r.Err, fleet.HintOf(r.Err))
			}
			b.WriteByte('\n')
		}
	}
	if m.err != nil {
		fmt.Fprintf(&b, "error: %v; hint: %s\n", m.err, fleet.HintOf(m.err))
	}
	return b.String()
}

// says fails where texts are not among what is seen; one that begins with ! must
// not be.
func (m *made) says(t *testing.T, texts ...string) {
	t.Helper()
	all := m.text()
	if strings.Contains(all, token) {
		t.Errorf("a secret is seen:\n%s", all)
	}
	for _, text := range texts {
		if not, ok := strings.CutPrefix(text, "!"); ok == strings.Contains(all, not) {
			t.Errorf("%q has to be there: %v\n%s", not, !ok, all)
		}
	}
}

// states are how breakers of instances are, by the instances themselves.
func states(name string, all ...*far) string {
	var words []string
	for _, f := range all {
		words = append(words, string(f.Guard(name).State()))
	}
	return strings.Join(words, " ")
}
