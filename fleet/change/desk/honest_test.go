package desk_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/midwatch-cli/midwatch/fleet"
	"github.com/midwatch-cli/midwatch/fleet/breaker"
	"github.com/midwatch-cli/midwatch/fleet/breaker/memory"
	"github.com/midwatch-cli/midwatch/fleet/change"
	"github.com/midwatch-cli/midwatch/fleet/change/desk"
	"github.com/midwatch-cli/midwatch/fleet/change/journal"
	"github.com/midwatch-cli/midwatch/fleet/registry"
	registries "github.com/midwatch-cli/midwatch/fleet/registry/memory"
)

// scene is breakers in memory, what is done to those who ask, and a desk.
type scene struct {
	far   *memory.Far
	admin *rough
	j     *journal.Journal
	desk  change.Desk
}

// rough is an Admin that can be made to fail, to be slow, and to be watched.
type rough struct {
	breaker.Admin
	mu     sync.Mutex
	fails  map[string]error // by Base
	set    func(at breaker.Site, o fleet.Order)
	orders []fleet.Order
	asked  []string // the changes that it was asked for
}

func (r *rough) failing(base string, err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.fails == nil {
		r.fails = map[string]error{}
	}
	r.fails[base] = err
}

func (r *rough) why(base string) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.fails[base]
}

func (r *rough) List(ctx context.Context, at breaker.Site) ([]fleet.Breaker, error) {
	if err := r.why(at.Base); err != nil {
		return nil, err
	}
	return r.Admin.List(ctx, at)
}

func (r *rough) Set(ctx context.Context, at breaker.Site, name string, o fleet.Order) (fleet.Breaker, error) {
	if err := r.why(at.Base); err != nil {
		return fleet.Breaker{}, err
	}
	r.mu.Lock()
	r.orders, r.asked = append(r.orders, o), append(r.asked, fleet.AgentFor(ctx, ""))
	set := r.set
	r.mu.Unlock()
	if set != nil {
		set(at, o)
	}
	return r.Admin.Set(ctx, at, name, o)
}

func newScene(t *testing.T, instances int) *scene {
	t.Helper()
	s := &scene{far: &memory.Far{}}
	for n := range instances {
		s.far.Put(base(n), fleet.NewBreaker("payment", fleet.BreakerClosed))
	}
	a, err := s.far.Driver().Open(breaker.Options{})
	must(t, err)
	s.admin = &rough{Admin: a}
	s.j, err = journal.Open(t.Context(), t.TempDir(), journal.Options{})
	must(t, err)
	t.Cleanup(func() { _ = s.j.Close() })
	s.desk = desk.New(setup(adminEnv(s.admin), s.j, "alice"))
	return s
}

func (s *scene) states(t *testing.T, instances int) string {
	t.Helper()
	var all []string
	for n := range instances {
		list, err := s.admin.Admin.List(context.Background(), breaker.Site{Base: base(n)})
		must(t, err)
		all = append(all, list[0].State.String())
	}
	return strings.Join(all, " ")
}

// order carries an order out on the first n instances.
func (s *scene) order(t *testing.T, n int, verb fleet.Verb, o change.Options) *change.Batch {
	t.Helper()
	p, err := s.desk.Plan(t.Context(), ordering(t, n, verb))
	must(t, err)
	return done(t, s.desk, p, o).Batch
}

// kept is a batch as the journal has it.
func (s *scene) kept(t *testing.T, id string) *change.Batch {
	t.Helper()
	b, err := s.j.Batch(t.Context(), id)
	must(t, err)
	return b
}

func (s *scene) undo(t *testing.T, id string) change.Outcome {
	t.Helper()
	out, err := s.desk.Undo(t.Context(), s.kept(t, id), change.Options{})
	must(t, err)
	return out
}

// TestAPageThatIsGoneIsNoInstanceThatIsGone: a 404 for the whole API says
// nothing of the breaker. It was taken for a restart that forgot the order, and
// the change for undone, while the breaker stayed tripped.
func TestAPageThatIsGoneIsNoInstanceThatIsGone(t *testing.T) {
	s := newScene(t, 1)
	b := s.order(t, 1, fleet.Trip, change.Options{TTL: time.Hour})
	s.admin.failing(base(0), &fleet.Error{Reason: "not_found", Detail: "http://order-1/midwatch/breakers: 404", Err: fleet.ErrNotFound})
	if r := s.undo(t, b.ID).Results[0]; r.State == change.Done || r.Err == nil {
		t.Errorf("%s, %v", r.State, r.Err)
	}
	if kept := s.kept(t, b.ID); kept.Steps[0].Put != "" || kept.Tally().InForce != 1 {
		t.Errorf("the journal takes it for %q", kept.Steps[0].Put)
	}
	s.admin.failing(base(0), nil)
	if r := s.undo(t, b.ID).Results[0]; r.State != change.Done || s.states(t, 1) != "closed" {
		t.Errorf("%s, %v: %s", r.State, r.Err, s.states(t, 1))
	}
}

// TestNothingIsBegunAfterTheEnd: a change of many that is still being made when
// its time is over goes no further. What it did later was nobody's to put back:
// the journal had it as put back already.
func TestNothingIsBegunAfterTheEnd(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newScene(t, 4)
		defer func() { must(t, s.j.Close()) }()
		p, err := s.desk.Plan(t.Context(), ordering(t, 4, fleet.Trip))
		must(t, err)
		made := make(chan change.Outcome)
		go func() {
			out, err := s.desk.Apply(t.Context(), p, change.Options{TTL: 90 * time.Second, Batch: 1, Pause: time.Minute})
			if err != nil {
				t.Error(err)
			}
			made <- out
		}()
		time.Sleep(91 * time.Second) // two are done, the third would be begun at two minutes
		open, err := s.j.Batches(t.Context(), change.Filter{Open: true})
		must(t, err)
		if !open[0].Due(time.Now().Add(change.Making)) {
			t.Error("it is not due")
		}
		out := <-made
		if took := time.Since(p.At); took > 95*time.Second {
			t.Errorf("it paused on for %v", took)
		}
		if r := out.Results; r[0].State != change.Done || r[1].State != change.Done || r[2].State != change.NotDone || r[3].State != change.NotDone || r[2].Err == nil {
			t.Errorf("%v %v %v %v: %v", r[0].State, r[1].State, r[2].State, r[3].State, r[2].Err)
		}
		settled, err := desk.PutBackDue(t.Context(), s.j, opener(s.desk), change.Filter{}, time.Now())
		if err != nil || len(settled) != 1 || settled[0].Err != nil {
			t.Fatalf("%+v, %v", settled, err)
		}
		if got := s.states(t, 4); got != "closed closed closed closed" {
			t.Error(got)
		}
	})
}

// TestWhatIsBeingMadeIsNotPutBack: whoever puts back leaves the steps in hand
// time to finish.
func TestWhatIsBeingMadeIsNotPutBack(t *testing.T) {
	s := newScene(t, 1)
	b := s.order(t, 1, fleet.Trip, change.Options{TTL: time.Minute})
	b.Finished = time.Time{}
	if end := b.Until; b.Due(end) || b.Due(end.Add(change.Making-time.Second)) || !b.Due(end.Add(change.Making)) {
		t.Error("one that is being made is due at its end, and no sooner and no later than those in hand are finished")
	}
	b.Finished = time.Now()
	if !b.Due(b.Until) {
		t.Error("one that was made is due at its end")
	}
}

// TestTheFarSideEndsNothingOverAnotherHold: a far side that ends an order by
// itself leaves the breaker closed, and not as it was held before.
func TestTheFarSideEndsNothingOverAnotherHold(t *testing.T) {
	s := newScene(t, 1)
	held := fleet.NewBreaker("payment", fleet.BreakerDisabled)
	held.Hold = fleet.Hold{By: "bob", Reason: "test"}
	s.far.Put(base(0), held)
	b := s.order(t, 1, fleet.Trip, change.Options{TTL: time.Hour, Override: true})
	if ttl := s.admin.orders[0].TTL; ttl != 0 {
		t.Errorf("the far side would end it after %v", ttl)
	}
	if r := s.undo(t, b.ID).Results[0]; r.State != change.Done || s.states(t, 1) != "disabled" {
		t.Errorf("%s, %v: %s", r.State, r.Err, s.states(t, 1))
	}
	s.order(t, 1, fleet.Reset, change.Options{Override: true})
	s.order(t, 1, fleet.Trip, change.Options{TTL: time.Hour})
	if ttl := s.admin.orders[len(s.admin.orders)-1].TTL; ttl == 0 {
		t.Error("over nobody's hold the far side may end it by itself too")
	}
}

// TestWhatWasReplacedComesBack: with a change undone, what it stood in the place
// of is in force again, with its end. The same order again is no other change of
// the breaker: it goes back to where the first began.
func TestWhatWasReplacedComesBack(t *testing.T) {
	for _, verb := range []fleet.Verb{fleet.Reset, fleet.Bypass} {
		t.Run(string(verb), func(t *testing.T) {
			s := newScene(t, 2)
			first := s.order(t, 2, fleet.Trip, change.Options{TTL: time.Hour})
			second := s.order(t, 1, verb, change.Options{Override: true})
			if got := s.kept(t, first.ID).Tally(); got.Replaced != 1 || got.InForce != 1 {
				t.Fatalf("%+v", got)
			}
			s.undo(t, second.ID)
			if got := s.states(t, 2); got != "forced_open forced_open" {
				t.Errorf("it is %s", got)
			}
			now := s.kept(t, first.ID)
			if got := now.Tally(); got.InForce != 2 || got.Replaced != 0 || !now.Due(now.Until) {
				t.Errorf("of the first is left: %+v", got)
			}
			s.undo(t, first.ID)
			if got := s.states(t, 2); got != "closed closed" || s.kept(t, first.ID).Tally().InForce != 0 {
				t.Errorf("in the end it is %s", got)
			}
		})
	}
}

// TestWhatCannotBeReadIsNotWrittenDownAgain: what cannot be put back is tried
// for hours, and each try would be a change in the journal.
func TestWhatCannotBeReadIsNotWrittenDownAgain(t *testing.T) {
	s := newScene(t, 3)
	b := s.order(t, 3, fleet.Trip, change.Options{TTL: time.Minute})
	s.admin.failing(base(1), errors.New("connection refused"))
	for range 5 {
		settled, err := desk.PutBackDue(t.Context(), s.j, opener(s.desk), change.Filter{}, b.Until)
		if err != nil || len(settled) != 1 || settled[0].Err == nil || !strings.Contains(settled[0].Err.Error(), "order/order-2 payment: ") || !strings.Contains(settled[0].Err.Error(), "connection refused") {
			t.Fatalf("%+v, %v", settled, err)
		}
	}
	all, err := s.j.Batches(t.Context(), change.Filter{})
	if err != nil || len(all) != 2 {
		t.Errorf("%d changes are written down, %v", len(all), err)
	}
	if got := s.states(t, 3); got != "closed forced_open closed" {
		t.Error(got)
	}
	s.admin.failing(base(1), nil)
	settled, err := desk.PutBackDue(t.Context(), s.j, opener(s.desk), change.Filter{}, b.Until)
	if err != nil || len(settled) != 1 || settled[0].Err != nil || s.states(t, 3) != "closed closed closed" {
		t.Errorf("%+v, %v: %s", settled, err, s.states(t, 3))
	}
	if fmt.Sprint(s.kept(t, b.ID).Stand(time.Now(), nil)) != string(change.StandUndone) {
		t.Errorf("%+v", s.kept(t, b.ID))
	}
}

// TestFarSystemsAreToldTheChange: who asks them can say what for; an undo is a
// change of its own.
func TestFarSystemsAreToldTheChange(t *testing.T) {
	s := newScene(t, 1)
	b := s.order(t, 1, fleet.Trip, change.Options{})
	out := s.undo(t, b.ID)
	if want := []string{"change/" + b.ID, "change/" + out.Batch.ID}; !slices.Equal(s.admin.asked, want) {
		t.Errorf("%q, want %q", s.admin.asked, want)
	}
}

// TestWhatIsGoneForGoodIsNotOverdueForEver: an instance that nobody can reach is
// gone where its registry, which has others, does not have it any more.
func TestWhatIsGoneForGoodIsNotOverdueForEver(t *testing.T) {
	refused := &fleet.Error{Reason: "refused", Detail: "http://order-1: connection refused"}
	for _, c := range []struct {
		name     string
		lists    []string
		registry error
		fails    error
		gone     bool
	}{
		{"scaled down", []string{"order-2"}, nil, refused, true},
		{"still listed", []string{"order-1", "order-2"}, nil, refused, false},
		{"the registry has nothing at all", nil, nil, refused, false},
		{"the registry is silent", []string{"order-2"}, errors.New("no route"), refused, false},
		{"it answers", []string{"order-2"}, nil, &fleet.Error{Reason: "status", Detail: "500"}, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := newScene(t, 1)
			b := s.order(t, 1, fleet.Trip, change.Options{TTL: time.Hour})
			store := registries.NewStore()
			service := fleet.Service{Ref: fleet.Ref{Name: "order"}}
			for _, id := range c.lists {
				service.Instances = append(service.Instances, fleet.Instance{ID: id, Addr: "10.0.0.1:80"})
			}
			if len(c.lists) > 0 {
				store.Put(service)
			}
			reg := store.Open()
			defer func() { _ = reg.Close() }()
			env := adminEnv(s.admin)
			env.Registry = func(string) (registry.Registry, error) { return reg, c.registry }
			s.admin.failing(base(0), c.fails)
			settled, err := desk.PutBackDue(t.Context(), s.j, opener(desk.New(setup(env, s.j, "alice"))), change.Filter{}, b.Until)
			if err != nil || len(settled) != 1 || (settled[0].Err == nil) != c.gone {
				t.Errorf("%+v, %v", settled, err)
			}
			if got := s.kept(t, b.ID).Tally(); (got.InForce == 0) != c.gone || got.Undone != 0 {
				t.Errorf("%+v", got)
			}
		})
	}
}

// TestBehindBothNothingIsInForce: an undo that goes back to where the first began
// leaves nothing of the first.
func TestBehindBothNothingIsInForce(t *testing.T) {
	s := newScene(t, 1)
	first := s.order(t, 1, fleet.Trip, change.Options{TTL: time.Hour})
	second := s.order(t, 1, fleet.Trip, change.Options{TTL: 2 * time.Hour})
	s.undo(t, second.ID)
	if got := s.kept(t, first.ID).Tally(); s.states(t, 1) != "closed" || got.InForce != 0 {
		t.Errorf("%s, %+v", s.states(t, 1), got)
	}
}
