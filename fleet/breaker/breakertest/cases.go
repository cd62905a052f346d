package breakertest

import (
	"context"
	"errors"
	"net/url"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/midwatch-cli/midwatch/fleet"
	"github.com/midwatch-cli/midwatch/fleet/breaker"
	"github.com/midwatch-cli/midwatch/probe"
)

func listWhole(s *session) {
	a := s.Open(s)
	first := s.list(a)
	for _, name := range s.Names {
		if b := breaker.Find(first, name); b == nil || b.State.Refuses() {
			s.Errorf("breaker %q: want it there and closed, got %+v", name, b)
		}
	}
	for range 2 {
		if again := s.list(a); !slices.EqualFunc(first, again, func(x, y fleet.Breaker) bool { return x.Name == y.Name && x.State == y.State }) {
			s.Errorf("another call gave %+v, the first %+v", again, first)
		}
	}
}

func listCancel(s *session) {
	a := s.Open(s)
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	start := time.Now()
	if _, err := a.List(ctx, s.Site); !errors.Is(err, context.Canceled) {
		s.Errorf("the error is %v, want the context's", err)
	}
	if took := time.Since(start); took > time.Second {
		s.Errorf("it took %v", took)
	}
}

func listDeadline(s *session) {
	if s.cannot(Hand(Hang)) {
		return
	}
	a := s.Open(s)
	heal := s.Break(s, Hang)
	defer heal()
	start := time.Now()
	if _, err := a.List(s.within(300*time.Millisecond), s.Site); err == nil {
		s.Errorf("a far end that hangs was listed")
	} else if reason, text := fleet.ReasonOf(err); reason != probe.ReasonTimeout {
		s.Errorf("the reason is %s (%s), want timeout", reason, text)
	}
	if took := time.Since(start); took > 2*time.Second {
		s.Errorf("it took %v", took)
	}
}

// address is the part of the site's address that an error has to name.
func (s *session) address() string {
	u, err := url.Parse(s.Site.Base)
	switch {
	case err != nil:
		return s.Site.Base
	case u.Host != "":
		return u.Host
	default:
		return u.Path
	}
}

func listFaults(s *session) {
	for _, how := range []Fault{Refuse, Half, Garbage} {
		if s.cannot(Hand(how)) {
			continue
		}
		a := s.Open(s)
		heal := s.Break(s, how)
		list, err := a.List(s.within(s.settle()), s.Site)
		heal()
		switch {
		case err == nil:
			s.Errorf("%s: no error, and the list %+v", how, list)
		case list != nil:
			s.Errorf("%s: a list beside the error %v", how, err)
		case s.Driver.Name != "memory" && !strings.Contains(err.Error(), s.address()):
			s.Errorf("%s: the error does not name %s: %v", how, s.address(), err)
		}
	}
}

func listDenied(s *session) {
	if s.cannot(Hand(Deny)) {
		return
	}
	a := s.Open(s)
	heal := s.Break(s, Deny)
	defer heal()
	_, err := a.List(s.within(s.settle()), s.Site)
	if !errors.Is(err, fleet.ErrDenied) {
		s.Errorf("the error is %v, want denied", err)
	}
}

func listTrouble(s *session) {
	if s.cannot(HandTrouble) {
		return
	}
	a := s.Open(s)
	name := s.Names[0]
	s.Trouble(s, name)
	s.eventually(name+" is open by itself", func() bool { return s.state(a, name) == fleet.BreakerOpen })
	if other := s.state(a, s.Names[1]); other.Refuses() {
		s.Errorf("%q is %s too", s.Names[1], other)
	}
}

func setEach(s *session) {
	a := s.Open(s)
	name := s.Names[0]
	verbs := slices.Clone(s.Driver.Verbs)
	if !slices.Equal(slices.Sorted(slices.Values(verbs)), slices.Sorted(slices.Values(a.Verbs()))) {
		s.Errorf("the driver declares %v, the Admin %v", verbs, a.Verbs())
	}
	// A way out of whatever the last order left, where there is one.
	if slices.Contains(verbs, fleet.Reset) {
		verbs = append(verbs, fleet.Reset)
	}
	for _, v := range verbs {
		got := s.set(a, name, order(v))
		if after := s.state(a, name); after != got.State && v != fleet.Reset && v != fleet.HalfOpen {
			s.Errorf("after %s it returned %s and the list says %s", v, got.State, after)
		}
	}
}

func setTwice(s *session) {
	a := s.Open(s)
	for _, v := range s.Driver.Verbs {
		first := s.set(a, s.Names[0], order(v))
		if second := s.set(a, s.Names[0], order(v)); second.State != first.State && v != fleet.Reset && v != fleet.HalfOpen {
			s.Errorf("%s twice: %s, then %s", v, first.State, second.State)
		}
	}
}

func setOne(s *session) {
	a := s.Open(s)
	if !slices.Contains(s.Driver.Verbs, fleet.Trip) {
		return
	}
	before := s.list(a)
	s.set(a, s.Names[0], order(fleet.Trip))
	after := s.list(a)
	if len(before) != len(after) {
		s.Errorf("there were %d breakers, now there are %d", len(before), len(after))
	}
	for i := range before {
		b := breaker.Find(after, before[i].Name)
		if before[i].Name != s.Names[0] && (b == nil || b.State != before[i].State) {
			s.Errorf("%q was %s and is %+v", before[i].Name, before[i].State, b)
		}
	}
}

func setUnknown(s *session) {
	a := s.Open(s)
	before := len(s.list(a))
	for _, v := range s.Driver.Verbs {
		_, err := a.Set(s.within(s.settle()), s.Site, s.unknown(), order(v))
		if !errors.Is(err, fleet.ErrNotFound) {
			s.Errorf("%s: the error is %v, want not found", v, err)
		}
	}
	after := s.list(a)
	if len(after) != before || breaker.Find(after, s.unknown()) != nil {
		s.Errorf("a breaker came into being: %+v", after)
	}
}

func setUnsupported(s *session) {
	a := s.Open(s)
	for _, v := range append(fleet.Verbs(), "nonsense") {
		if slices.Contains(s.Driver.Verbs, v) {
			continue
		}
		before := s.state(a, s.Names[0])
		if _, err := a.Set(s.within(s.settle()), s.Site, s.Names[0], order(v)); !errors.Is(err, errors.ErrUnsupported) {
			s.Errorf("%s: the error is %v, want unsupported", v, err)
		}
		if after := s.state(a, s.Names[0]); after != before {
			s.Errorf("%s is unsupported and turned %s to %s", v, before, after)
		}
	}
}

func setTraffic(s *session) {
	if s.cannot(HandCall) || !slices.Contains(s.Driver.Verbs, fleet.Trip) {
		return
	}
	a := s.Open(s)
	name := s.Names[0]
	s.eventually("calls pass at the start", func() bool { return s.Call(s, name) })
	s.set(a, name, order(fleet.Trip))
	s.eventually("calls are refused while it is tripped", func() bool { return !s.Call(s, name) })
	if !s.Call(s, s.Names[1]) {
		s.Errorf("calls through %q are refused too", s.Names[1])
	}
	s.set(a, name, order(fleet.Reset))
	s.eventually("calls pass after the reset", func() bool { return s.Call(s, name) })
	if slices.Contains(s.Driver.Verbs, fleet.Bypass) {
		s.set(a, name, order(fleet.Bypass))
		s.eventually("calls pass while it is bypassed", func() bool { return s.Call(s, name) })
		s.set(a, name, order(fleet.Reset))
	}
}

func setNoEffect(s *session) {
	if s.cannot(Hand(NoEffect)) || len(s.Driver.Verbs) == 0 {
		return
	}
	a := s.Open(s)
	heal := s.Break(s, NoEffect)
	defer heal()
	b, err := a.Set(s.within(s.settle()), s.Site, s.Names[0], order(fleet.Trip))
	if !errors.Is(err, breaker.ErrNoEffect) {
		s.Errorf("the error is %v, want no effect", err)
	}
	if b.State == fleet.BreakerForcedOpen {
		s.Errorf("it says forced open, and nothing was done")
	}
}

func setFaults(s *session) {
	for _, how := range []Fault{Refuse, Half, Garbage, Deny} {
		if s.cannot(Hand(how)) || len(s.Driver.Verbs) == 0 {
			continue
		}
		a := s.Open(s)
		heal := s.Break(s, how)
		b, err := a.Set(s.within(s.settle()), s.Site, s.Names[0], order(fleet.Trip))
		heal()
		if err == nil || b.State == fleet.BreakerForcedOpen {
			s.Errorf("%s: it returned %+v and %v", how, b, err)
		}
		if errors.Is(err, fleet.ErrNotFound) || errors.Is(err, errors.ErrUnsupported) {
			s.Errorf("%s: a far end that fails says nothing of what there is: %v", how, err)
		}
	}
}

func setCancel(s *session) {
	a := s.Open(s)
	if len(s.Driver.Verbs) == 0 {
		return
	}
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if _, err := a.Set(ctx, s.Site, s.Names[0], order(s.Driver.Verbs[0])); !errors.Is(err, context.Canceled) {
		s.Errorf("the error is %v, want the context's", err)
	}
	if st := s.state(a, s.Names[0]); st.Held() {
		s.Errorf("it is %s", st)
	}
}

func setConcurrent(s *session) {
	a := s.Open(s)
	var wg sync.WaitGroup
	for i := range 8 {
		wg.Go(func() {
			if i%2 == 0 || !slices.Contains(s.Driver.Verbs, fleet.Trip) {
				if _, err := a.List(s.within(s.settle()), s.Site); err != nil {
					s.Errorf("List: %v", err)
				}
				return
			}
			if _, err := a.Set(s.within(s.settle()), s.Site, s.Names[i%2], order(fleet.Trip)); err != nil {
				s.Errorf("Set: %v", err)
			}
		})
	}
	wg.Wait()
}
