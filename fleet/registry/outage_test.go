package registry_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/midwatch-cli/midwatch/fleet"
	"github.com/midwatch-cli/midwatch/fleet/registry"
)

// answers is a registry that gives one answer after another to List. An answer
// is the names of services ("-" for none), or ! and what went wrong.
func answers(name string, script ...string) *registry.Source {
	next := 0
	return registry.NewSource("prod", registry.Location{Name: name, Scheme: "memory"}, nil, scripted{func(context.Context) (registry.Set, error) {
		word := script[next]
		next++
		if what, bad := strings.CutPrefix(word, "!"); bad {
			return registry.Set{}, errors.New(what)
		}
		return setOf(word), nil
	}}, nil)
}

// scripted is a registry of which only List is used, and that closes well.
type scripted struct {
	list func(context.Context) (registry.Set, error)
}

func (s scripted) List(ctx context.Context) (registry.Set, error) { return s.list(ctx) }
func (s scripted) Watch(ctx context.Context, _ func(registry.Set) error) error {
	<-ctx.Done()
	return ctx.Err()
}
func (s scripted) Close() error { return nil }

// setOf makes a set of the services named, each with one instance.
func setOf(words string) registry.Set {
	var set registry.Set
	for name := range strings.FieldsSeq(strings.Trim(words, "-")) {
		set.Services = append(set.Services, service(name, "1"))
	}
	return set
}

// TestSourceThroughOutages walks a source through good and bad answers, ten
// seconds apart, and looks at all that its state says after each.
func TestSourceThroughOutages(t *testing.T) {
	type step struct {
		answer string
		holds  string // the services it shows
		seq    uint64
		since  int // the answer at which the present outage began, from 1; 0: well
	}
	for _, c := range []struct {
		why   string
		steps []step
	}{
		{"well, and the same again", []step{{"a", "a", 1, 0}, {"a", "a", 1, 0}, {"a b", "a b", 2, 0}}},
		{"empty is a set", []step{{"-", "", 1, 0}, {"-", "", 1, 0}, {"a", "a", 2, 0}, {"-", "", 3, 0}}},
		{"an outage keeps the set and its beginning", []step{{"a", "a", 1, 0}, {"!no", "a", 2, 2}, {"!no", "a", 2, 2}, {"!no", "a", 2, 2}, {"a", "a", 3, 0}}},
		{"another failure of the same outage is news, its beginning stays", []step{{"a", "a", 1, 0}, {"!no", "a", 2, 2}, {"!other", "a", 3, 2}, {"!no", "a", 4, 2}}},
		{"flapping", []step{{"a", "a", 1, 0}, {"!no", "a", 2, 2}, {"a", "a", 3, 0}, {"!no", "a", 4, 4}, {"a", "a", 5, 0}}},
		{"never well", []step{{"!no", "none", 1, 1}, {"!no", "none", 1, 1}, {"!gone", "none", 2, 1}}},
		{"ill from the start, then well", []step{{"!no", "none", 1, 1}, {"a", "a", 2, 0}}},
		{"back with another set is one change", []step{{"a", "a", 1, 0}, {"!no", "a", 2, 2}, {"b", "b", 3, 0}}},
		{"back and empty: that is what it says now", []step{{"a", "a", 1, 0}, {"!no", "a", 2, 2}, {"-", "", 3, 0}}},
	} {
		t.Run(c.why, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				var words []string
				for _, s := range c.steps {
					words = append(words, s.answer)
				}
				s := answers("one", words...)
				began, last := time.Now(), uint64(0)
				at := func(n int) time.Time { return began.Add(time.Duration(n) * 10 * time.Second) }
				for i, want := range c.steps {
					<-time.After(10 * time.Second)
					st := s.Read(t.Context())
					if got := shown(st); got != want.holds || st.Seq != want.seq {
						t.Fatalf("answer %d: holds %q at %d, want %q at %d", i+1, got, st.Seq, want.holds, want.seq)
					}
					if well := want.since == 0; well != (st.Err == nil) || well != st.Since.IsZero() || !well && !st.Since.Equal(at(want.since)) {
						t.Fatalf("answer %d: since %v (%v), want answer %d", i+1, st.Since, st.Err, want.since)
					}
					if want.since == 0 && !st.AsOf.Equal(at(i+1)) {
						t.Fatalf("answer %d: as of %v, want now", i+1, st.AsOf)
					}
					if got := told(s.Changed()); got != (want.seq != last) {
						t.Fatalf("answer %d: told %v, the count went from %d to %d", i+1, got, last, want.seq)
					}
					last = st.Seq
				}
			})
		})
	}
}

// shown is what a state holds, "none" where there never was a set.
func shown(st registry.State) string {
	if st.Set == nil {
		return "none"
	}
	var all []string
	for _, svc := range st.Set.Services {
		all = append(all, svc.Name)
	}
	return strings.Join(all, " ")
}

// told says whether a change waits to be seen, and sees it.
func told(changed <-chan struct{}) bool {
	select {
	case <-changed:
		return true
	default:
		return false
	}
}

// TestChangesAreTakenTogether: however much happened, who was not looking is
// told once, and sees the last state.
func TestChangesAreTakenTogether(t *testing.T) {
	s := answers("one", "a", "b", "!no", "c", "c")
	for range 4 {
		s.Read(t.Context())
	}
	if !told(s.Changed()) || told(s.Changed()) {
		t.Error("want to be told once")
	}
	if st := s.State(); st.Seq != 4 || shown(st) != "c" {
		t.Errorf("got %s at %d", shown(st), st.Seq)
	}
	s.Read(t.Context())
	if told(s.Changed()) {
		t.Error("told of nothing")
	}
}

// TestAsOfIsTheFarSidesWord: a far side that says how old its answer is, is
// believed, and a newer answer of the same content is no change.
func TestAsOfIsTheFarSidesWord(t *testing.T) {
	asOf := time.Date(2026, 1, 2, 3, 4, 5, 0, time.FixedZone("odd", 5*3600+45*60))
	s := registry.NewSource("", registry.Location{Name: "x"}, nil, scripted{func(context.Context) (registry.Set, error) {
		asOf = asOf.Add(time.Minute)
		set := setOf("a")
		set.AsOf = asOf
		return set, nil
	}}, nil)
	first := s.Read(t.Context())
	second := s.Read(t.Context())
	if !first.AsOf.Equal(asOf.Add(-time.Minute)) || !second.AsOf.Equal(asOf) || second.Seq != 1 {
		t.Errorf("%v, then %v at %d", first.AsOf, second.AsOf, second.Seq)
	}
}

// TestOldStatesStay: a state that was handed out does not change.
func TestOldStatesStay(t *testing.T) {
	s := answers("one", "a", "b c", "!no")
	first := s.Read(t.Context())
	s.Read(t.Context())
	s.Read(t.Context())
	if shown(first) != "a" || first.Err != nil || first.Seq != 1 {
		t.Errorf("the first state has become %+v", first)
	}
}

func TestStateView(t *testing.T) {
	loc, err := registry.ParseLocation("east=consul://h:1?token=s3cr3t")
	if err != nil {
		t.Fatal(err)
	}
	since := time.Unix(5, 0)
	health := &registry.Driver{Abilities: []registry.Ability{registry.HasHealth}}
	set := registry.Set{Services: []fleet.Service{service("a", "1", "2"), service("b")}, Warnings: []fleet.Warning{{Where: "w", Detail: "d"}}}
	for _, c := range []struct {
		why                  string
		st                   registry.State
		reason               fleet.Reason
		detail, hint         string
		services, instances  int
		warnings             int
		health, hasSinceTime bool
	}{
		{why: "nothing yet", st: registry.State{Location: loc}},
		{why: "a set", st: registry.State{Location: loc, Set: &set, Driver: health}, services: 2, instances: 2, warnings: 1, health: true},
		{
			why: "an outage beside the set", st: registry.State{Location: loc, Set: &set, Since: since, Err: fmt.Errorf("dial: %w", syscall.ECONNREFUSED)},
			reason: "refused", detail: "east: connection refused", hint: "is the address right, and is it running?", services: 2, instances: 2, warnings: 1, hasSinceTime: true,
		},
		{why: "its own words", st: registry.State{Location: loc, Err: &fleet.Error{Reason: "policy", Detail: "d", Hint: "h"}}, reason: "policy", detail: "d", hint: "h"},
		{why: "its own words without a reason", st: registry.State{Location: loc, Err: registry.Misconfigured("", "", "odd")}, reason: "internal", detail: "odd"},
	} {
		t.Run(c.why, func(t *testing.T) {
			v := c.st.View()
			if v.Reason != c.reason || v.Detail != c.detail || v.Hint != c.hint {
				t.Errorf("got %q %q %q", v.Reason, v.Detail, v.Hint)
			}
			if v.Services != c.services || v.Instances != c.instances || len(v.Warnings) != c.warnings || v.HasHealth != c.health || v.Since.IsZero() == c.hasSinceTime {
				t.Errorf("got %+v", v)
			}
			if v.Name != "east" || v.URL != "consul://h:1?token=***" {
				t.Errorf("named %q, at %q", v.Name, v.URL)
			}
		})
	}
}

// TestSourceSlowFirstSet: a first set that comes just before patience ends is
// taken, and the source is then left alone however long nothing happens.
func TestSourceSlowFirstSet(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		watches := 0
		s := registry.NewSource("", registry.Location{Name: "x"}, nil, script{watch: func(ctx context.Context, emit func(registry.Set) error) error {
			watches++
			select {
			case <-time.After(9900 * time.Millisecond):
			case <-ctx.Done():
				return ctx.Err()
			}
			if err := emit(setOf("a")); err != nil {
				return err
			}
			<-ctx.Done()
			return ctx.Err()
		}}, nil)
		stop := run(t, s)
		<-time.After(time.Hour)
		synctest.Wait()
		if st := s.State(); shown(st) != "a" || st.Err != nil || watches != 1 {
			t.Errorf("after an hour: %+v, %d watches", st, watches)
		}
		stop()
		if st := s.State(); st.Err != nil {
			t.Errorf("being stopped is no outage: %v", st.Err)
		}
	})
}

// TestSourceLeavesAtOnce: a source that is waiting to try again does not keep
// anybody waiting.
func TestSourceLeavesAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := registry.NewSource("", registry.Location{Name: "x"}, nil, script{watch: func(context.Context, func(registry.Set) error) error {
			return errors.New("no")
		}}, nil)
		stop := run(t, s)
		<-time.After(time.Minute)
		synctest.Wait()
		before := time.Now()
		stop()
		if took := time.Since(before); took != 0 {
			t.Errorf("it took %v to leave", took)
		}
	})
}

// TestSourceWatchAfterRead: what was read once is not news when the watch says
// the same.
func TestSourceWatchAfterRead(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := registry.NewSource("", registry.Location{Name: "x"}, nil, script{
			list: func(context.Context) (registry.Set, error) { return setOf("a"), nil },
			watch: func(ctx context.Context, emit func(registry.Set) error) error {
				if err := emit(setOf("a")); err != nil {
					return err
				}
				<-ctx.Done()
				return ctx.Err()
			},
		}, nil)
		s.Read(t.Context())
		told(s.Changed())
		defer run(t, s)()
		synctest.Wait()
		if told(s.Changed()) || s.State().Seq != 1 {
			t.Error("the same set is news")
		}
	})
}

// TestMeaningIsAppliedOnce for each set that arrives, also through a Watch, and
// its warnings come after those of the registry.
func TestMeaningIsAppliedOnce(t *testing.T) {
	calls := []string{}
	s := registry.NewSource("ctx", registry.Location{Name: "x"}, nil, scripted{func(context.Context) (registry.Set, error) {
		set := setOf("b a")
		set.Warnings = []fleet.Warning{{Where: "registry", Detail: "first"}}
		return set, nil
	}}, func(svc *fleet.Service) []fleet.Warning {
		calls = append(calls, svc.Context+" "+svc.String())
		return []fleet.Warning{{Where: svc.Name, Detail: "odd"}}
	})
	st := s.Read(t.Context())
	s.State()
	if !slices.Equal(calls, []string{"ctx x:b", "ctx x:a"}) {
		t.Errorf("applied to %q", calls)
	}
	var where []string
	for _, w := range st.Set.Warnings {
		where = append(where, w.Where)
	}
	if !slices.Equal(where, []string{"registry", "b", "a"}) {
		t.Errorf("warnings of %q", where)
	}
}
