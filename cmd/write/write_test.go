package write_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/spf13/cobra"

	"github.com/midwatch-cli/midwatch/cmd/app"
	"github.com/midwatch-cli/midwatch/cmd/render"
	"github.com/midwatch-cli/midwatch/cmd/term"
	"github.com/midwatch-cli/midwatch/cmd/write"
	"github.com/midwatch-cli/midwatch/fleet"
	"github.com/midwatch-cli/midwatch/fleet/change"
	"github.com/midwatch-cli/midwatch/fleet/registry"
)

// person sits at a terminal: thinks, and types an answer.
type person struct {
	asked  bytes.Buffer
	types  string
	thinks func()
}

func (p *person) Read(b []byte) (int, error) {
	if p.thinks != nil {
		p.thinks()
	}
	return copy(b, p.types+"\n"), nil
}
func (p *person) Write(b []byte) (int, error)     { return p.asked.Write(b) }
func (p *person) Close() error                    { return nil }
func (p *person) SetReadDeadline(time.Time) error { return nil }

// writing is a session over one registry in memory that holds payment-1 and
// user-1.
type writing struct {
	*world
	session *app.Session
	writer  *write.Writer // of the last make
	reg     registry.Registry
	flags   write.Flags
}

func newWriting(t *testing.T, args ...string) *writing {
	t.Helper()
	w := &writing{world: newWorld(t)}
	// A context, so that what a context says can be added.
	w.config(t, "contexts:\n  - {name: plain, registries: [\"memory://\"]}\n"+
		"  - {name: guarded, protected: true, registries: [\"memory://\"]}\n"+
		"  - {name: frozen, readOnly: true, registries: [\"memory://\"]}\n")
	w.world.flags(t, args...)
	if len(w.Global.Contexts) == 0 {
		w.Global.Contexts = []string{"plain"}
	}
	w.session = w.open(t)
	w.reg = w.session.Fleets[0].Keeper().Sources()[0].Registry()
	w.put(t, "payment", "payment-1", "10.0.0.1:80")
	w.put(t, "user", "user-1", "10.0.0.2:80")
	return w
}

// put writes an entry as somebody else would.
func (w *writing) put(t *testing.T, service, id, addr string) {
	t.Helper()
	r, ok := registry.As[registry.Registrar](w.reg)
	if !ok {
		t.Fatal("no registrar")
	}
	if _, err := r.Register(t.Context(), registry.Entry{Service: service, Instance: fleet.Instance{ID: id, Addr: addr}}); err != nil {
		t.Error(err)
	}
}

// holds lists what the registry holds.
func (w *writing) holds(t *testing.T) string {
	t.Helper()
	set, err := w.reg.List(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	var all []string
	for _, s := range set.Services {
		for _, in := range s.Instances {
			all = append(all, in.ID+"="+in.Addr)
		}
	}
	return strings.Join(all, " ")
}

// make makes the writer and the changes.
func (w *writing) make(ctx context.Context, t *testing.T, intents ...change.Intent) ([]change.Result, error) {
	t.Helper()
	writer, err := write.New(ctx, w.session, w.session.Fleets[0], &w.flags)
	if err != nil {
		return nil, err
	}
	t.Cleanup(writer.Close)
	w.writer = writer
	return writer.Make(ctx, write.Intents(intents...))
}

func register(t *testing.T, service, id, addr string) change.Intent {
	t.Helper()
	i, err := change.RegisterIntent("plain", change.Target{Source: "memory", Service: service, Instance: id}, change.Entry{Address: addr})
	if err != nil {
		t.Fatal(err)
	}
	return i
}

func deregister(t *testing.T, service, id string, observe time.Duration) change.Intent {
	t.Helper()
	i, err := change.DeregisterIntent("plain", change.Target{Source: "memory", Service: service, Instance: id}, change.Observe{For: observe})
	if err != nil {
		t.Fatal(err)
	}
	return i
}

const before = "payment-1=10.0.0.1:80 user-1=10.0.0.2:80"

// TestConfirm: who is asked, what is a yes, and that nothing is written
// without one.
func TestConfirm(t *testing.T) {
	for _, c := range []struct {
		name, context string
		types         string // at the terminal; empty: there is none
		changing      write.Flags
		writes        bool
		asked         string
		code          app.Code
		says          []string
	}{
		{name: "yes", types: "y", writes: true, asked: "Go on? [y/N] "},
		{name: "YES", types: "YES", writes: true, asked: "Go on? [y/N] "},
		{name: "no", types: "n", asked: "Go on? [y/N] ", code: app.NotWell, says: []string{"nothing was changed"}},
		{name: "enter is no", types: " ", asked: "Go on? [y/N] ", code: app.NotWell, says: []string{"nothing was changed"}},
		{name: "--yes", changing: write.Flags{Yes: true}, writes: true},
		{name: "no terminal", code: app.Usage, says: []string{"nothing was changed: there is no terminal to ask on", "hint: --yes, or --dry-run to see the plan"}},
		{name: "protected: typed", context: "guarded", types: "payment", writes: true, asked: "Type the service's name to go on: "},
		{name: "protected: y is no name", context: "guarded", types: "y", asked: "Type the service's name to go on: ", code: app.NotWell, says: []string{"nothing was changed"}},
		{name: "protected: --yes is no name either", context: "guarded", changing: write.Flags{Yes: true}, code: app.Usage, says: []string{"no terminal", "hint: this context is protected: --confirm payment"}},
		{name: "protected: --confirm", context: "guarded", changing: write.Flags{Confirm: "payment"}, writes: true},
		{name: "protected: another name", context: "guarded", changing: write.Flags{Confirm: "paymnet", Yes: true}, code: app.NotWell, says: []string{"--confirm paymnet is not the service's name: nothing was changed", "hint: the service is payment"}},
		{name: "--confirm is no --yes elsewhere", changing: write.Flags{Confirm: "payment"}, code: app.Usage, says: []string{"no terminal"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			var args []string
			if c.context != "" {
				args = []string{"--context", c.context}
			}
			w := newWriting(t, args...)
			w.flags = c.changing
			someone := &person{types: c.types}
			if c.types != "" {
				w.IO.Console = func() (term.Console, error) { return someone, nil }
			}
			results, err := w.make(t.Context(), t, register(t, "payment", "payment-2", "10.0.0.3:80"))
			after := before
			if c.writes {
				after = "payment-1=10.0.0.1:80 payment-2=10.0.0.3:80 user-1=10.0.0.2:80"
				if err != nil || len(results) != 1 || results[0].State != change.Done || !results[0].Changed {
					t.Errorf("%+v, %v", results, err)
				}
			} else {
				refused(t, c.name, err, c.code, c.says...)
			}
			if got := w.holds(t); got != after {
				t.Errorf("the registry holds %s, want %s", got, after)
			}
			if got := someone.asked.String(); got != c.asked {
				t.Errorf("asked %q, want %q", got, c.asked)
			}
			for _, part := range []string{"register payment/payment-2 at 10.0.0.3:80 in memory\n", "  no entry  →  10.0.0.3:80\n"} {
				if !strings.Contains(w.errs.String(), part) {
					t.Errorf("the plan %q lacks %q", w.errs, part)
				}
			}
		})
	}
}

// TestProtectedIsOneServiceAtATime: the name that was typed does not let the
// changes of another service through.
func TestProtectedIsOneServiceAtATime(t *testing.T) {
	w := newWriting(t, "--context", "guarded")
	w.flags.Confirm = "payment"
	_, err := w.make(t.Context(), t, deregister(t, "payment", "payment-1", 0), deregister(t, "user", "user-1", 0))
	refused(t, "two services", err, app.Usage, "one service at a time", "hint: change payment and user one after the other")
	if got := w.holds(t); got != before {
		t.Errorf("the registry holds %s", got)
	}
	w.put(t, "payment", "payment-2", "10.0.0.3:80")
	if _, err := w.make(t.Context(), t, deregister(t, "payment", "payment-1", 0), deregister(t, "payment", "payment-2", 0)); err != nil {
		t.Errorf("two instances of one: %v", err)
	}
}

// TestProtectedNamesakes: services of one name in two registries or namespaces are two,
// and one typed name does not let both through.
func TestProtectedNamesakes(t *testing.T) {
	for _, c := range []struct {
		hint string
		of   [2]change.Target
	}{
		{"change shop/order in memory and order in memory one after the other", [2]change.Target{{Source: "memory", Namespace: "shop", Service: "order"}, {Source: "memory", Service: "order"}}},
		{"change order in a and order in b one after the other", [2]change.Target{{Source: "a", Service: "order"}, {Source: "b", Service: "order"}}},
	} {
		plan := &change.Plan{Steps: []change.Step{{Intent: change.Intent{Target: c.of[0]}}, {Intent: change.Intent{Target: c.of[1]}}}}
		_, err := write.OneService(plan)
		refused(t, c.hint, err, app.Usage, "one service at a time", "hint: "+c.hint)
		plan.Steps[1] = plan.Steps[0]
		if name, err := write.OneService(plan); name != "order" || err != nil {
			t.Errorf("one: %q, %v", name, err)
		}
	}
}

// TestReadOnly: any layer switches writing off, and none on.
func TestReadOnly(t *testing.T) {
	for name, c := range map[string]struct{ env, args string }{
		"flag":                    {"", "--read-only"},
		"variable":                {"MIDWATCH_READ_ONLY=1", ""},
		"context":                 {"", "--context frozen"},
		"the flag off is no":      {"MIDWATCH_READ_ONLY=yes", "--read-only=false"},
		"nor is it for a context": {"", "--context frozen --read-only=false"},
	} {
		w := newWriting(t, strings.Fields(c.args)...)
		key, value, _ := strings.Cut(c.env, "=")
		w.env[key] = value
		w.flags.Yes = true
		_, err := w.make(t.Context(), t, deregister(t, "payment", "payment-1", 0))
		refused(t, name, err, app.NotWell, "writes are refused here: read-only", "hint: the context, --read-only or MIDWATCH_READ_ONLY")
		if got := w.holds(t); got != before {
			t.Errorf("%s: the registry holds %s", name, got)
		}
	}
}

// TestDryRun shows the plan and writes nothing, in a protected context too.
func TestDryRun(t *testing.T) {
	w := newWriting(t, "--context", "guarded")
	w.flags.DryRun = true
	results, err := w.make(t.Context(), t, register(t, "payment", "payment-1", "10.0.0.9:80"), deregister(t, "user", "user-1", 0))
	if err != nil || results != nil || w.holds(t) != before {
		t.Errorf("%v, %v; the registry holds %s", results, err, w.holds(t))
	}
	want := "CHANGE\tWAS\tWILL BE\tALSO\n" +
		"register payment/payment-1 at 10.0.0.9:80 in memory\t10.0.0.1:80\t10.0.0.9:80\t-\n" +
		"deregister user/user-1 from memory\t10.0.0.2:80\tno entry\t-\n"
	if w.out.String() != want {
		t.Errorf("got\n%swant\n%s", w.out, want)
	}
	w.out.Reset()
	w.Output.Format = render.FormatJSON
	if _, err := w.make(t.Context(), t, deregister(t, "user", "user-1", 0)); err != nil {
		t.Fatal(err)
	}
	var doc struct {
		Kind     string
		ExitCode int
		Items    []struct{ Service, Instance, Change, Was, Will, State string }
	}
	if err := json.Unmarshal(w.out.Bytes(), &doc); err != nil {
		t.Fatal(err)
	}
	if doc.Kind != "Plan" || doc.ExitCode != 0 || len(doc.Items) != 1 || doc.Items[0].State != "planned" || doc.Items[0].Change != "deregister" || doc.Items[0].Will != "no entry" {
		t.Errorf("got %s", w.out)
	}
}

// TestChangedBeforeTheWrite: while the person was thinking, somebody else
// changed what is there. What was agreed to is no longer what would be done.
func TestChangedBeforeTheWrite(t *testing.T) {
	w := newWriting(t)
	asked := 0
	w.IO.Console = func() (term.Console, error) {
		answers := []string{"y", "n"}
		asked++
		return &person{types: answers[asked-1], thinks: func() { w.put(t, "payment", "payment-1", fmt.Sprintf("10.9.9.%d:80", asked)) }}, nil
	}
	_, err := w.make(t.Context(), t, deregister(t, "payment", "payment-1", 0))
	if !errors.Is(err, write.ErrNotConfirmed) || asked != 2 || !strings.Contains(w.errs.String(), "What is there changed meanwhile. The plan is now:\nderegister payment/payment-1 from memory\n  10.9.9.1:80  →  no entry\n") {
		t.Errorf("asked %d times, %v: %s", asked, err, w.errs)
	}
	if got := w.holds(t); got != "payment-1=10.9.9.2:80 user-1=10.0.0.2:80" {
		t.Errorf("the registry holds %s", got)
	}
	// With --yes there is nobody to be asked again.
	w = newWriting(t)
	w.flags.Yes = true
	reads := 0
	writer, err := write.New(t.Context(), w.session, w.session.Fleets[0], &w.flags)
	if err != nil {
		t.Fatal(err)
	}
	defer writer.Close()
	_, err = writer.Make(t.Context(), write.Proposal{Steps: func(context.Context, change.Plan) ([]change.Step, error) {
		if reads++; reads > 1 {
			w.put(t, "payment", "payment-1", "10.9.9.9:80")
		}
		return []change.Step{{Intent: deregister(t, "payment", "payment-1", 0)}}, nil
	}})
	refused(t, "changed", err, app.NotWell, "changed since the plan was shown: nothing was changed", "hint: run it again to see the new plan")
	if got := w.holds(t); got != "payment-1=10.9.9.9:80 user-1=10.0.0.2:80" {
		t.Errorf("the registry holds %s", got)
	}
	// Gone altogether: there is nothing left to be planned.
	w = newWriting(t)
	w.IO.Console = func() (term.Console, error) {
		return &person{types: "y", thinks: func() {
			r, _ := registry.As[registry.Registrar](w.reg)
			_ = r.Deregister(t.Context(), fleet.Key{Ref: fleet.Ref{Name: "payment"}, Instance: "payment-1"})
		}}, nil
	}
	if _, err := w.make(t.Context(), t, deregister(t, "payment", "payment-1", 0)); !errors.Is(err, fleet.ErrNotFound) {
		t.Errorf("gone: %v", err)
	}
}

// TestResults: all done is 0, some 4, none 1; what was done can be taken back.
func TestResults(t *testing.T) {
	w := newWriting(t)
	w.flags.Yes = true
	w.put(t, "payment", "payment-2", "10.0.0.3:80")
	comesBack(t, w, "payment-1")
	// payment-1 is written again as soon as it is gone, payment-2 stays away.
	intents := []change.Intent{deregister(t, "payment", "payment-1", 10*time.Second), deregister(t, "payment", "payment-2", 0)}
	results, err := w.make(t.Context(), t, intents...)
	if !errors.Is(err, app.End(app.Partial)) || len(results) != 2 || results[0].State != change.Failed || results[1].State != change.Done {
		t.Fatalf("%+v, %v", results, err)
	}
	want := "CHANGE\tRESULT\tWAS\tNOW\n" +
		"deregister payment/payment-1 from memory\tfailed\t10.0.0.1:80\tit came back: 10.0.0.1:80\n" +
		"deregister payment/payment-2 from memory\tdone\t10.0.0.3:80\tno entry\n"
	if w.out.String() != want {
		t.Errorf("got\n%swant\n%s", w.out, want)
	}
	if got := w.holds(t); got != before {
		t.Errorf("the registry holds %s", got)
	}
	writer := w.writer
	_, err = w.make(t.Context(), t, intents[0])
	if !errors.Is(err, app.End(app.NotWell)) {
		t.Errorf("none done: %v", err)
	}
	if err := writer.Undo(t.Context()); err != nil {
		t.Fatal(err)
	}
	if got := w.holds(t); got != "payment-1=10.0.0.1:80 payment-2=10.0.0.3:80 user-1=10.0.0.2:80" {
		t.Errorf("after undo the registry holds %s", got)
	}
	w.session.Close()
	if err := writer.Undo(t.Context()); err == nil || !strings.Contains(err.Error(), "payment/payment-2 was not undone: ") {
		t.Errorf("undo without a registry: %v", err)
	}
}

// comesBack writes an entry again whenever it is gone, as a living service
// does.
func comesBack(t *testing.T, w *writing, id string) {
	t.Helper()
	ctx, stop := context.WithCancel(t.Context())
	var living sync.WaitGroup
	living.Go(func() {
		_ = w.reg.Watch(ctx, func(registry.Set) error {
			if !strings.Contains(w.holds(t), id+"=") {
				w.put(t, "payment", id, "10.0.0.1:80")
			}
			return nil
		})
	})
	t.Cleanup(func() { stop(); living.Wait() })
}

// TestInterruptedInTheMiddle: the change in hand is finished and shown, the
// next one is not begun.
func TestInterruptedInTheMiddle(t *testing.T) {
	w := newWriting(t)
	w.flags.Yes = true
	ctx, stop := context.WithCancel(t.Context())
	watching, end := context.WithCancel(t.Context())
	var seeing sync.WaitGroup
	seeing.Go(func() {
		_ = w.reg.Watch(watching, func(set registry.Set) error {
			if len(set.Services) == 1 {
				stop()
			}
			return nil
		})
	})
	results, err := w.make(ctx, t, deregister(t, "payment", "payment-1", 300*time.Millisecond), deregister(t, "user", "user-1", 0))
	end()
	seeing.Wait()
	if !errors.Is(err, app.End(app.Partial)) || len(results) != 2 || results[0].State != change.Done || results[1].State != change.NotDone {
		t.Errorf("%+v, %v", results, err)
	}
	if got := w.holds(t); got != "user-1=10.0.0.2:80" || !strings.Contains(w.out.String(), "\tnot done\t10.0.0.2:80\tcontext canceled\n") {
		t.Errorf("the registry holds %s; said\n%s", got, w.out)
	}
}

// TestUnableAndAbsent: what cannot be planned is said before anybody is asked.
func TestUnableAndAbsent(t *testing.T) {
	w := newWriting(t)
	_, err := w.make(t.Context(), t, deregister(t, "payment", "payment-7", 0))
	if !errors.Is(err, fleet.ErrNotFound) {
		t.Errorf("absent: %v", err)
	}
	f := newWorld(t)
	s := f.flags(t, "--registry", f.fleet(t, "fleet.yaml", "payment 10.0.0.1:80")).open(t)
	writer, err := write.New(t.Context(), s, s.Fleets[0], &write.Flags{Yes: true})
	if err != nil {
		t.Fatal(err)
	}
	defer writer.Close()
	i := register(t, "payment", "payment-2", "10.0.0.3:80")
	i.Target.Source = "file"
	_, err = writer.Make(t.Context(), write.Intents(i))
	refused(t, "a file", err, app.Usage, "file: entries cannot be written here", "hint: midwatch registries says which can")
}

// TestQuestionEndsWithItsContext: Ctrl-C at the question is no answer, and no
// refusal of the person's.
func TestQuestionEndsWithItsContext(t *testing.T) {
	w := newWriting(t)
	ctx, stop := context.WithCancel(t.Context())
	waiting, release := make(chan struct{}), make(chan struct{})
	someone := &person{types: "y", thinks: func() { close(waiting); <-release }}
	w.IO.Console = func() (term.Console, error) { return someone, nil }
	go func() { <-waiting; stop() }()
	_, err := w.make(ctx, t, deregister(t, "payment", "payment-1", 0))
	close(release)
	if !errors.Is(err, context.Canceled) || errors.Is(err, write.ErrNotConfirmed) || w.holds(t) != before {
		t.Errorf("%v; the registry holds %s", err, w.holds(t))
	}
}

// TestPlanIsClean: what a service calls itself never reaches the terminal, and
// a quiet command shows no plan.
func TestPlanIsClean(t *testing.T) {
	w := newWriting(t)
	w.flags.Yes = true
	if _, err := w.make(t.Context(), t, register(t, "payment", "\x1b[2J::error::x", "10.0.0.3:80")); err != nil {
		t.Fatal(err)
	}
	if all := w.errs.String() + w.out.String(); strings.ContainsRune(all, '\x1b') || !strings.Contains(all, `\x1b[2J`) {
		t.Errorf("got %q", all)
	}
	quiet := newWriting(t, "-q")
	quiet.flags.Yes = true
	if _, err := quiet.make(t.Context(), t, deregister(t, "payment", "payment-1", 0)); err != nil || quiet.errs.Len()+quiet.out.Len() > 0 {
		t.Errorf("quietly: %v, %q %q", err, quiet.errs, quiet.out)
	}
}

// TestNamesOfChanges: -o name prints what midwatch accepts back, and a stream
// that fails is the command's error beside what was done.
func TestNamesOfChanges(t *testing.T) {
	w := newWriting(t)
	w.flags.Yes, w.Output.Format = true, render.FormatName
	intent := register(t, "payment", "payment-2", "10.0.0.3:80")
	if _, err := w.make(t.Context(), t, intent); err != nil || w.out.String() != "payment/payment-2\n" {
		t.Errorf("%v, %q", err, w.out)
	}
	full := fmt.Errorf("disk full")
	w.IO.Out = failing{full}
	if results, err := w.make(t.Context(), t, intent); !errors.Is(err, full) || len(results) != 1 || results[0].Changed {
		t.Errorf("%+v, %v", results, err)
	}
}

type failing struct{ err error }

func (f failing) Write([]byte) (int, error) { return 0, f.err }

func TestChangingFlags(t *testing.T) {
	var c write.Flags
	cmd := &cobra.Command{Use: "register"}
	c.Add(cmd, newWorld(t).App)
	if c != (write.Flags{}) {
		t.Errorf("without flags: %+v", c)
	}
	if err := cmd.ParseFlags([]string{"--dry-run", "-y", "--confirm", "payment"}); err != nil || c != (write.Flags{DryRun: true, Yes: true, Confirm: "payment"}) {
		t.Errorf("%+v, %v", c, err)
	}
}

// TestReasonsAreShort: far systems take them in URLs and headers.
func TestReasonsAreShort(t *testing.T) {
	w := newWriting(t)
	w.flags = write.Flags{Yes: true, Reason: strings.Repeat("because ", 200)}
	_, err := w.make(t.Context(), t, deregister(t, "payment", "payment-1", 0))
	refused(t, "a long reason", err, app.Usage, "--reason: 1600 bytes, at most 1000")
	w.flags.Reason = "because\x1b[2J"
	_, err = w.make(t.Context(), t, deregister(t, "payment", "payment-1", 0))
	refused(t, "no text", err, app.Usage, "cannot be printed")
	if got := w.holds(t); got != before {
		t.Errorf("the registry holds %s", got)
	}
}

// What can be done about failures is said once each, however many failed.
func TestHints(t *testing.T) {
	failed := func(hint string) change.Result {
		return change.Result{Err: fmt.Errorf("not done: %w", &fleet.Error{Detail: "401", Hint: hint})}
	}
	results := []change.Result{{}, failed("set csrf"), failed(""), {Err: errors.New("reset")}, failed("set csrf"), failed("b"), failed("c"), failed("d")}
	if got := write.HintOf(results); got != "set csrf · b · c" {
		t.Errorf("got %q", got)
	}
}
