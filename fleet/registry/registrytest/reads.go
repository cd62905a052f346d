package registrytest

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"go.uber.org/goleak"

	"github.com/midwatch-cli/midwatch/fleet"
	"github.com/midwatch-cli/midwatch/fleet/registry"
)

// errStop is what emit returns to end a Watch.
var errStop = errors.New("enough")

func listWhole(s *session) {
	r := s.open()
	for range 3 {
		s.same("List does not return the seed", s.list(r), s.Seed)
	}
}

func listAllOrError(s *session) {
	r := s.open()
	for _, f := range []Fault{HalfCalls, HalfAnswer, Refuse, Garbage} {
		if s.cannot(Hand(f)) {
			continue
		}
		heal := s.Break(s, f)
		for range 4 {
			set, err := r.List(s.within(3 * time.Second))
			switch {
			case err != nil && (len(set.Services) > 0 || len(set.Warnings) > 0):
				s.Errorf("%s: an error (%v) and a set beside it", f, err)
			case err == nil && f == HalfCalls:
				s.same("half-calls: neither an error nor the whole set", set, s.Seed)
			case err == nil:
				s.Errorf("%s: no error, but this set:\n%s", f, lines(set.Services))
			}
		}
		heal()
		s.healed(r, f)
	}
}

// healed waits until the registry answers again.
func (s *session) healed(r registry.Registry, f Fault) {
	s.Helper()
	Eventually(s, s.settle(), "List works again after "+string(f), func() bool {
		set, err := r.List(s.within(time.Second))
		return err == nil && len(s.missingSeeds(set)) == 0
	})
}

func listReason(s *session) {
	r := s.open()
	for _, f := range []Fault{Refuse, HalfAnswer, Garbage, Hang, Deny} {
		if s.cannot(Hand(f)) {
			continue
		}
		heal := s.Break(s, f)
		_, err := r.List(s.within(time.Second))
		var said *fleet.Error
		switch {
		case err == nil:
			s.Errorf("%s: no error", f)
		case !errors.As(err, &said) || said.Reason == "" || said.Detail == "":
			s.Errorf("%s: %v (%T) is no *fleet.Error with a reason", f, err, err)
		}
		heal()
		s.healed(r, f)
	}
}

func listDenied(s *session) {
	if s.cannot(Hand(Deny)) {
		return
	}
	r := s.open()
	defer s.Break(s, Deny)()
	set, err := r.List(s.within(3 * time.Second))
	if !errors.Is(err, fleet.ErrDenied) || len(set.Services) > 0 {
		s.Errorf("got %d services and the error %v, want fleet.ErrDenied", len(set.Services), err)
	}
}

func listUnreadable(s *session) {
	if s.cannot(HandUnreadable) {
		return
	}
	r := s.open()
	named := s.Unreadable(s)
	if named == "" {
		s.Fatal("the world does not say how the unreadable entry is called")
	}
	var set registry.Set
	warned := eventually(s.settle(), func() bool {
		set = s.list(r)
		for _, w := range set.Warnings {
			if strings.Contains(w.Where+" "+w.Detail, named) && w.Detail != "" {
				return true
			}
		}
		return false
	})
	if !warned {
		s.Errorf("no warning names %q: %+v", named, set.Warnings)
	}
	if missing := s.missingSeeds(set); len(missing) > 0 {
		s.Errorf("lost over one unreadable entry: %v", missing)
	}
}

func listSameName(s *session) {
	if s.cannot(HandNamespaces) {
		return
	}
	got := s.list(s.open())
	for _, a := range s.Seed {
		for _, b := range s.Seed {
			if a.Name == b.Name && a.Ref != b.Ref && addrs(got, a.Ref) == addrs(got, b.Ref) {
				s.Errorf("%s and %s have the same instances: %s", a.Ref, b.Ref, addrs(got, a.Ref))
			}
		}
	}
	s.same("one name in two namespaces", got, s.Seed)
}

func listCancel(s *session) {
	r := s.open()
	cancelled, cancel := context.WithCancel(context.Background())
	cancel()
	s.ended(r, cancelled, context.Canceled)
	if s.cannot(Hand(Hang)) {
		return
	}
	defer s.Break(s, Hang)()
	ctx, cancel := context.WithCancel(context.Background())
	defer time.AfterFunc(100*time.Millisecond, cancel).Stop()
	s.ended(r, ctx, context.Canceled)
}

func listDeadline(s *session) {
	r := s.open()
	if !s.cannot(Hand(Hang)) {
		defer s.Break(s, Hang)()
		s.ended(r, s.within(100*time.Millisecond), context.DeadlineExceeded)
		return
	}
	past, cancel := context.WithDeadline(context.Background(), time.Now().Add(-time.Second))
	defer cancel()
	s.ended(r, past, context.DeadlineExceeded)
}

// ended checks that List ends with its context and says so.
func (s *session) ended(r registry.Registry, ctx context.Context, want error) {
	s.Helper()
	began := time.Now()
	set, err := r.List(ctx)
	if took := time.Since(began); took > 1100*time.Millisecond {
		s.Errorf("List returned after %v", took)
	}
	if !errors.Is(err, want) || len(set.Services) > 0 {
		s.Errorf("got %d services and the error %v, want %v", len(set.Services), err, want)
	}
}

func listEmpty(s *session) {
	r := s.open()
	for _, svc := range s.Seed {
		s.Drop(s, svc.Ref)
	}
	Eventually(s, s.settle(), "an empty registry is an empty set", func() bool { return len(s.list(r).Services) == 0 })
	s.watch(r).await("the empty set", func(set registry.Set) bool { return len(set.Services) == 0 })
}

func watchFirst(s *session) {
	w := s.watch(s.open())
	w.await("the present set", func(registry.Set) bool { return true })
	sets, _ := w.told()
	s.same("the first set is not the seed", sets[0], s.Seed)
}

// watchChanges walks one service through its life.
func watchChanges(s *session) {
	w := s.watch(s.open())
	first := s.Seed[0].Ref
	w.await("the present set", func(set registry.Set) bool { return len(s.missingSeeds(set)) == 0 })
	ref := s.service("suite-life").Ref
	for _, step := range []struct {
		what  string
		ports []int
		want  string
	}{
		{"add", []int{18001}, "127.0.0.1:18001"},
		{"add an instance", []int{18001, 18002}, "127.0.0.1:18001,127.0.0.1:18002"},
		{"change an address", []int{18001, 18003}, "127.0.0.1:18001,127.0.0.1:18003"},
		{"remove one", []int{18003}, "127.0.0.1:18003"},
		{"remove the last", nil, "absent"},
		{"put back", []int{18004}, "127.0.0.1:18004"},
	} {
		if step.ports == nil {
			s.Drop(s, ref)
		} else {
			s.Put(s, s.service(ref.Name, step.ports...))
		}
		w.await(step.what+": "+step.want, func(set registry.Set) bool { return addrs(set, ref) == step.want })
	}
	sets, _ := w.told()
	for i, set := range sets {
		if missing := s.missingSeeds(set); len(missing) > 0 {
			s.Errorf("set %d of %d is not whole: %v", i+1, len(sets), missing)
		}
	}
	s.Drop(s, first)
	w.await("a whole service removed", func(set registry.Set) bool { return addrs(set, first) == "absent" && addrs(set, ref) != "absent" })
}

func watchRemoveAll(s *session) {
	w := s.watch(s.open())
	w.await("the present set", func(set registry.Set) bool { return len(s.missingSeeds(set)) == 0 })
	for _, svc := range s.Seed {
		s.Drop(s, svc.Ref)
	}
	w.await("an empty set, once everything was taken away", func(set registry.Set) bool {
		for _, svc := range set.Services {
			if len(svc.Instances) > 0 {
				return false
			}
		}
		return true
	})
}

func watchOutage(s *session) {
	w := s.watch(s.open())
	w.await("the present set", func(set registry.Set) bool { return len(s.missingSeeds(set)) == 0 })
	for i, f := range Faults() {
		if s.cannot(Hand(f)) {
			continue
		}
		_, before := w.told()
		heal := s.Break(s, f)
		svc := s.service(fmt.Sprintf("suite-outage-%d", i), 18100+i)
		s.Put(s, svc)
		w.wait(700*time.Millisecond, func(_ []registry.Set, errs []error) bool { return len(errs) > len(before)+1 })
		heal()
		w.await("a change during the outage by "+string(f), func(set registry.Set) bool {
			return addrs(set, svc.Ref) == svc.Instances[0].Addr && len(s.missingSeeds(set)) == 0
		})
		sets, _ := w.told()
		for _, set := range sets {
			if missing := s.missingSeeds(set); len(missing) > 0 {
				s.Fatalf("an outage by %s made a set without %v", f, missing)
			}
		}
	}
}

func watchCoalesce(s *session) {
	w := s.watch(s.open())
	w.await("the present set", func(registry.Set) bool { return true })
	release := w.hold()
	defer release()
	burst := s.Burst
	if burst == 0 {
		burst = 1000
	}
	ref := s.service("suite-burst").Ref
	before, _ := w.told()
	for i := range burst {
		s.Put(s, s.service(ref.Name, 20000+i))
	}
	release()
	last := fmt.Sprintf("127.0.0.1:%d", 20000+burst-1)
	w.await("the last of the changes", func(set registry.Set) bool { return addrs(set, ref) == last })
	after, _ := w.told()
	if n := len(after) - len(before); n > burst/10 {
		s.Errorf("%d changes behind a slow reader made %d sets", burst, n)
	}
}

func watchEmitError(s *session) {
	r := s.open()
	began := time.Now()
	err := r.Watch(s.within(s.settle()), func(registry.Set) error { return errStop })
	if !errors.Is(err, errStop) || time.Since(began) > s.settle() {
		s.Errorf("Watch returned %v, want the error of emit", err)
	}
	calls := 0
	done := make(chan error, 1)
	first := make(chan struct{})
	ctx := s.within(2 * s.settle())
	go func() {
		done <- r.Watch(ctx, func(registry.Set) error {
			if calls++; calls == 1 {
				close(first)
				return nil
			}
			return errStop
		})
	}()
	<-first
	s.Put(s, s.service("suite-stop", 18200))
	if err := <-done; !errors.Is(err, errStop) {
		s.Errorf("Watch returned %v after a change, want the error of emit", err)
	}
}

func watchCancel(s *session) {
	r := s.open()
	s.list(r)
	before := goleak.IgnoreCurrent()
	w := s.watch(r)
	w.await("the present set", func(registry.Set) bool { return true })
	w.stop()
	if _, errs := w.told(); len(errs) != 1 || !errors.Is(errs[0], context.Canceled) {
		s.Errorf("Watch returned %v, want the context's error", errs)
	}
	var left error
	if !eventually(5*time.Second, func() bool { left = goleak.Find(before); return left == nil }) {
		s.Errorf("a goroutine is left: %v", left)
	}
}

func closeReturns(s *session) {
	r := s.open()
	done, first := make(chan error, 1), make(chan struct{})
	ctx := s.within(time.Minute)
	told := false
	go func() {
		done <- r.Watch(ctx, func(registry.Set) error {
			if !told {
				told = true
				close(first)
			}
			return nil
		})
	}()
	<-first
	if err := r.Close(); err != nil {
		s.Errorf("Close: %v", err)
	}
	select {
	case err := <-done:
		if err == nil {
			s.Errorf("Watch ended without an error, though its context did not end")
		}
	case <-time.After(2 * time.Second):
		s.Errorf("Watch still runs 2 s after Close")
	}
}
