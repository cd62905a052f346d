package breakers_test

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/midwatch-cli/midwatch/cmd/app"
	"github.com/midwatch-cli/midwatch/cmd/breakers"
	"github.com/midwatch-cli/midwatch/cmd/cmdtest"
	"github.com/midwatch-cli/midwatch/fleet"
	"github.com/midwatch-cli/midwatch/fleet/breaker"
	"github.com/midwatch-cli/midwatch/fleet/breaker/memory"
	"github.com/midwatch-cli/midwatch/fleet/change"
	"github.com/midwatch-cli/midwatch/fleet/change/journal"
	"github.com/midwatch-cli/midwatch/probe"
)

// shop is a fleet whose breakers take orders, badly where they are told to. It
// counts what it is asked, by instance.
type shop struct {
	breaker.Admin
	far    memory.Far
	file   string // the registry
	home   string
	config string            // contexts of midwatch.yaml; empty: --registry
	env    map[string]string // besides
	tty    int               // columns of a terminal; 0: there is none
	types  string            // by whoever sits there

	mu      sync.Mutex
	lists   map[string]int
	sets    map[string]int
	dead    map[string]error        // nothing is answered but this
	refuses map[string]error        // orders are
	idle    map[string]bool         // orders are answered well, and do nothing
	verbs   map[string][]fleet.Verb // what a breaker of it can; all where it is not named
	onList  func(id string)
	onSet   func(id string)
}

// newShop has order of four instances with payment and user, and gateway of two
// with payment; all are closed.
func newShop(t *testing.T) *shop {
	t.Helper()
	s := &shop{
		home: t.TempDir(), lists: map[string]int{}, sets: map[string]int{}, dead: map[string]error{}, refuses: map[string]error{},
		idle: map[string]bool{}, verbs: map[string][]fleet.Verb{},
	}
	s.file = filepath.Join(s.home, "fleet.yaml")
	s.hold(t, 4, 2)
	for _, id := range []string{"order-1", "order-2", "order-3", "order-4"} {
		s.put(id, "payment", fleet.BreakerClosed)
		s.put(id, "user", fleet.BreakerClosed)
	}
	s.put("gateway-1", "payment", fleet.BreakerClosed)
	s.put("gateway-2", "payment", fleet.BreakerClosed)
	var err error
	if s.Admin, err = s.far.Driver().Open(breaker.Options{}); err != nil {
		t.Fatal(err)
	}
	return s
}

// hold makes the registry hold so many instances.
func (s *shop) hold(t *testing.T, orders, gateways int) {
	t.Helper()
	text := "services:\n"
	for _, one := range []struct {
		name string
		n    int
	}{{"order", orders}, {"gateway", gateways}} {
		text += "  - name: " + one.name + "\n    instances:\n"
		for i := range one.n {
			id := fmt.Sprintf("%s-%d", one.name, i+1)
			text += fmt.Sprintf("      - {id: %s, address: %q, labels: {breakers_api: shop}}\n", id, id+":80")
		}
	}
	if err := os.WriteFile(s.file+".new", []byte(text), 0o600); err != nil {
		t.Error(err)
	}
	if err := os.Rename(s.file+".new", s.file); err != nil {
		t.Error(err)
	}
}

func baseOf(id string) string { return "memory://" + id + ":80" }

func idOf(at breaker.Site) string {
	return strings.TrimSuffix(strings.TrimPrefix(at.Base, "memory://"), ":80")
}

func (s *shop) put(id, name string, state fleet.BreakerState, more ...func(*fleet.Breaker)) {
	b := fleet.NewBreaker(name, state)
	for _, f := range more {
		f(&b)
	}
	s.far.Put(baseOf(id), b)
}

func (s *shop) List(ctx context.Context, at breaker.Site) ([]fleet.Breaker, error) {
	id := idOf(at)
	s.mu.Lock()
	s.lists[id]++
	err, verbs, on := s.dead[id], s.verbs[id], s.onList
	s.mu.Unlock()
	if on != nil {
		on(id)
	}
	if err != nil {
		return nil, err
	}
	list, err := s.Admin.List(ctx, at)
	for i := range list {
		list[i].Verbs = verbs
	}
	return list, err
}

func (s *shop) Set(ctx context.Context, at breaker.Site, name string, o fleet.Order) (fleet.Breaker, error) {
	id := idOf(at)
	s.mu.Lock()
	s.sets[id]++
	err, idle, on := errors.Join(s.dead[id], s.refuses[id]), s.idle[id], s.onSet
	s.mu.Unlock()
	if on != nil {
		on(id)
	}
	if idle {
		err = &fleet.Error{Reason: probe.ReasonReported, Detail: id + ": trip was answered well, and it is closed", Err: breaker.ErrNoEffect}
	}
	if err != nil {
		return fleet.Breaker{}, err
	}
	return s.Admin.Set(ctx, at, name, o)
}

func (s *shop) driver(string) (*breaker.Driver, error) {
	d := *s.far.Driver()
	d.Name, d.Open = "shop", func(breaker.Options) (breaker.Admin, error) { return s, nil }
	return &d, nil
}

// run runs breakers with arguments.
func (s *shop) run(t *testing.T, args ...string) cmdtest.Result {
	t.Helper()
	return s.runUntil(t.Context(), t, args...)
}

func (s *shop) runUntil(ctx context.Context, t *testing.T, args ...string) cmdtest.Result {
	t.Helper()
	env := map[string]string{"XDG_STATE_HOME": s.home, "XDG_CONFIG_HOME": s.home}
	maps.Copy(env, s.env)
	command := cmdtest.Command{New: breakers.New, Env: env, Context: ctx, Prepare: func(a *app.App) {
		a.Breakers = s.driver
		if s.tty > 0 {
			a.IO.OutTTY, a.IO.ErrTTY, a.IO.Wide = true, true, func() int { return s.tty }
		}
		if s.types != "" {
			cmdtest.Answers(a, s.types+"\n")
		}
	}}
	if s.config == "" {
		return command.Run(t, append(args, "--registry", "file://"+s.file, "--utc")...)
	}
	path := filepath.Join(s.home, "midwatch.yaml")
	if err := os.WriteFile(path, []byte(strings.ReplaceAll(s.config, "FLEET", "file://"+s.file)), 0o600); err != nil {
		t.Fatal(err)
	}
	return command.Run(t, append(args, "--config", path, "--utc")...)
}

// asked is how often instances were asked for something: "order-1 order-2x2".
func asked(of map[string]int) string {
	var all []string
	for _, id := range slices.Sorted(maps.Keys(of)) {
		if of[id] > 1 {
			id = fmt.Sprintf("%sx%d", id, of[id])
		}
		all = append(all, id)
	}
	return strings.Join(all, " ")
}

// states are those of a breaker on its instances, in short.
func (s *shop) states(t *testing.T, name string, ids ...string) string {
	t.Helper()
	if len(ids) == 0 {
		ids = []string{"order-1", "order-2", "order-3", "order-4"}
	}
	var all []string
	for _, id := range ids {
		list, err := s.Admin.List(context.Background(), breaker.Site{Base: baseOf(id)})
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, breaker.Find(list, name).State.String())
	}
	return strings.Join(all, " ")
}

// journal lists the changes there are, the oldest first.
func (s *shop) journal(t *testing.T) []*change.Batch {
	t.Helper()
	j, err := journal.Read(t.Context(), filepath.Join(s.home, "midwatch"), journal.Options{})
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

// ends holds how a command ended against what it has to be, and that each text
// is in what it said; one with a bang in front is not.
func ends(t *testing.T, what string, r cmdtest.Result, code app.Code, texts ...string) {
	t.Helper()
	if r.Code() != code {
		t.Errorf("%s: ended with %d (%v), want %d\n%s%s", what, r.Code(), r.Err, code, r.Out, r.Errs)
	}
	said := r.Out + r.Errs
	if r.Err != nil {
		said += r.Err.Error() + "\nhint: " + r.Hint() + "\n"
	}
	for _, text := range texts {
		if not, ok := strings.CutPrefix(text, "!"); ok == strings.Contains(said, not) {
			t.Errorf("%s: %q has to be there: %v\n%s", what, not, !ok, said)
		}
	}
}

// timedOut is an instance that does not answer, unauthorised one that refuses
// orders after a read that was let in.
var (
	timedOut     = &fleet.Error{Reason: probe.ReasonTimeout, Detail: "no answer in 2 s"}
	unauthorised = &fleet.Error{
		Reason: probe.ReasonAuth, Detail: "401 after a read that was let in: CSRF", Hint: `set csrf: spring in profile "spring"`, Err: fleet.ErrDenied,
	}
)
