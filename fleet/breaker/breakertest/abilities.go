package breakertest

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/midwatch-cli/midwatch/fleet"
	"github.com/midwatch-cli/midwatch/fleet/breaker"
)

func abilityDeclared(s *session) {
	a := s.Open(s)
	_, drains := a.(breaker.Drainer)
	_, tells := a.(breaker.Historian)
	_, advises := a.(breaker.Advisor)
	for ability, there := range map[breaker.Ability]bool{breaker.CanDrain: drains, breaker.HasEvents: tells, breaker.CanAdvise: advises} {
		if declared := s.Driver.Has(ability); declared != there {
			s.Errorf("%s: declared %v, there %v", ability, declared, there)
		}
	}
	if s.Driver.Name == "" || s.Driver.Summary == "" || len(s.Driver.Schemes) == 0 {
		s.Errorf("the driver has no name, summary or scheme: %+v", s.Driver)
	}
	for _, v := range s.Driver.Verbs {
		if !slices.Contains(fleet.Verbs(), v) {
			s.Errorf("%s is no order", v)
		}
	}
}

func abilityHolds(s *session) {
	if !s.Driver.Has(breaker.KeepsHolds) {
		return
	}
	a := s.Open(s)
	o := order(fleet.Trip)
	s.set(a, s.Names[0], o)
	b := breaker.Find(s.list(a), s.Names[0])
	if b.Hold.By != o.By || b.Hold.Reason != o.Reason || b.Hold.Change != o.Change {
		s.Errorf("the hold is %+v, ordered was %+v", b.Hold, o)
	}
	// Ordered again it is the same, and somebody else's.
	since := b.Since
	o.By, o.Change, o.TTL = "somebody else", "1K9XQ2M7AC", time.Hour
	s.set(a, s.Names[0], o)
	b = breaker.Find(s.list(a), s.Names[0])
	if b.Hold.By != o.By || b.Hold.Change != o.Change || b.Hold.Until.IsZero() || !b.Since.Equal(since) {
		s.Errorf("ordered again by another, since %v: %+v", since, b)
	}
	s.set(a, s.Names[0], order(fleet.Reset))
	if b = breaker.Find(s.list(a), s.Names[0]); !b.Hold.IsZero() {
		s.Errorf("after the reset it is held by %+v", b.Hold)
	}
}

func abilityObserve(s *session) {
	if !s.Driver.Has(breaker.Observes) || len(s.Driver.Verbs) == 0 {
		return
	}
	a := s.Open(s)
	s.set(a, s.Names[0], order(fleet.Trip))
	if b := breaker.Find(s.list(a), s.Names[0]); b.Observed == fleet.BreakerForcedOpen {
		s.Errorf("what it observes is what was ordered: %+v", b)
	}
}

func abilityEvents(s *session) {
	if !s.Driver.Has(breaker.HasEvents) {
		return
	}
	a := s.Open(s)
	h, ok := a.(breaker.Historian)
	if !ok {
		s.Fatal("events are declared, and the Admin is no Historian")
	}
	if !s.cannot(HandTrouble) {
		s.Trouble(s, s.Names[0])
	} else {
		s.set(a, s.Names[0], order(fleet.Trip))
	}
	s.eventually("an event of "+s.Names[0], func() bool {
		events, err := h.Events(s.within(s.settle()), s.Site, s.Names[0])
		if err != nil {
			s.Fatalf("Events: %v", err)
		}
		for i := range events {
			if events[i].Breaker != s.Names[0] || events[i].At.IsZero() || i > 0 && events[i].At.Before(events[i-1].At) {
				s.Errorf("event %d of %+v", i, events)
			}
		}
		return slices.ContainsFunc(events, func(e breaker.Event) bool { return e.To.Refuses() })
	})
}

func abilityDrain(s *session) {
	if !s.Driver.Has(breaker.CanDrain) {
		return
	}
	a := s.Open(s)
	d, ok := a.(breaker.Drainer)
	if !ok {
		s.Fatal("drain is declared, and the Admin is no Drainer")
	}
	for _, on := range []bool{true, true, false, false} {
		if _, err := d.DrainEffects(s.within(s.settle()), s.Site, s.DrainName, on); err != nil {
			s.Errorf("DrainEffects: %v", err)
		}
		got, err := d.SetDrain(s.within(s.settle()), s.Site, s.DrainName, on, fleet.Order{By: "suite", Reason: "the suite tries it"})
		if err != nil || got.On != on || got.Text == "" {
			s.Fatalf("SetDrain %v: %+v, %v", on, got, err)
		}
		if now, err := d.Drained(s.within(s.settle()), s.Site, s.DrainName); err != nil || now.On != on {
			s.Errorf("after SetDrain %v it reads %+v, %v", on, now, err)
		}
	}
}

func safeSecret(s *session) {
	if s.cannot(HandSecret) {
		return
	}
	a := s.Open(s)
	for _, how := range Faults() {
		if s.cannot(Hand(how)) || how == Hang {
			continue
		}
		heal := s.Break(s, how)
		_, listErr := a.List(s.within(s.settle()), s.Site)
		_, setErr := a.Set(s.within(s.settle()), s.Site, s.Names[0], order(fleet.Trip))
		heal()
		for _, err := range []error{listErr, setErr} {
			if text := fmt.Sprintf("%v %+v %#v", err, err, err); strings.Contains(text, s.Secret) {
				s.Errorf("%s: the credential is in %s", how, text)
			}
		}
	}
}
