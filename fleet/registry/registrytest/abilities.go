package registrytest

import (
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/midwatch-cli/midwatch/fleet"
	"github.com/midwatch-cli/midwatch/fleet/registry"
)

// abilityDeclared holds what a registry can do against what it says.
func abilityDeclared(s *session) {
	r := s.open()
	_, registrar := registry.As[registry.Registrar](r)
	_, drainer := registry.As[registry.Drainer](r)
	claims := false
	for _, svc := range s.list(r).Services {
		for _, in := range svc.Instances {
			claims = claims || in.Claimed != nil
		}
	}
	for _, a := range []struct {
		ability registry.Ability
		works   bool
	}{{registry.CanRegister, registrar}, {registry.CanDrain, drainer}, {registry.HasHealth, claims}} {
		if declared := s.Driver.Has(a.ability); declared != a.works {
			s.Errorf("%s: declared %v, there %v", a.ability, declared, a.works)
		}
	}
	for _, a := range s.Driver.Abilities {
		switch a {
		case registry.CanWatch, registry.CanRegister, registry.CanDrain, registry.HasHealth:
		default:
			s.Errorf("%s is no ability", a)
		}
	}
	if s.Driver.Name == "" || s.Driver.Summary == "" || len(s.Driver.Schemes) == 0 {
		s.Errorf("the driver has no name, summary or scheme: %+v", s.Driver)
	}
}

// abilityWatch checks that changes arrive faster than anybody polls.
func abilityWatch(s *session) {
	if !s.Driver.Has(registry.CanWatch) {
		return
	}
	w := s.watch(s.open())
	w.await("the present set", func(registry.Set) bool { return true })
	for i := range 3 {
		svc := s.service("suite-push", 18300+i)
		s.Put(s, svc)
		if !w.wait(3*time.Second, func(sets []registry.Set, _ []error) bool {
			return addrs(sets[len(sets)-1], svc.Ref) == svc.Instances[0].Addr
		}) {
			s.Fatalf("a change was not seen within 3 s: that is polling")
		}
	}
}

// registrar opens the registry as one that can register; nil where the driver
// does not declare it.
func (s *session) registrar() (registry.Registry, registry.Registrar) {
	if !s.Driver.Has(registry.CanRegister) {
		return nil, nil
	}
	r := s.open()
	reg, ok := registry.As[registry.Registrar](r)
	if !ok {
		s.Fatal("register is declared, and the registry is no Registrar")
	}
	return r, reg
}

// entry is an instance the suite registers. Without a lease to be had it is
// registered for good.
func (s *session) entry(port int) registry.Entry {
	addr := fmt.Sprintf("127.0.0.1:%d", port)
	return registry.Entry{
		Namespace: s.Namespace, Service: "suite-registered",
		Instance: fleet.Instance{ID: fmt.Sprintf("suite-%d", port), Addr: addr, Version: "1.2.3", Labels: map[string]string{"team": "watch"}},
		TTL:      max(s.TTL, time.Minute),
	}
}

// register registers an entry, which has to work.
func (s *session) register(reg registry.Registrar, e registry.Entry) fleet.Key {
	s.Helper()
	k, err := reg.Register(s.within(s.settle()), e)
	if err != nil {
		s.Fatalf("Register: %v", err)
	}
	if k.Name != e.Service || k.Namespace != e.Namespace || k.Instance == "" || k.Context != "" || k.Source != "" {
		s.Fatalf("Register returned the key %+v for %+v", k, e)
	}
	return k
}

// is says whether the instance of a key is in a set, at an address.
func is(k fleet.Key, addr string) func(registry.Set) bool {
	return func(set registry.Set) bool {
		in := find(set, k)
		return in != nil && in.Addr == addr
	}
}

// isNot says that it is not there.
func isNot(k fleet.Key) func(registry.Set) bool {
	return func(set registry.Set) bool { return find(set, k) == nil }
}

func registerShows(s *session) {
	r, reg := s.registrar()
	if reg == nil {
		return
	}
	w := s.watch(r)
	w.await("the present set", func(registry.Set) bool { return true })
	e := s.entry(18400)
	k := s.register(reg, e)
	w.await("the registered entry, by its key", is(k, e.Instance.Addr))
	if !is(k, e.Instance.Addr)(s.list(r)) {
		s.Errorf("Watch shows %s, List does not", k)
	}
	if missing := s.missingSeeds(s.list(r)); len(missing) > 0 {
		s.Errorf("registering cost %v", missing)
	}
}

func registerOtherID(s *session) {
	r, reg := s.registrar()
	if reg == nil {
		return
	}
	first := s.entry(18410)
	k := s.register(reg, first)
	second := first
	second.Instance.ID = "suite-other"
	var said error
	if c, ok := registry.As[registry.Checker](r); ok {
		said = c.CheckEntry(s.within(s.settle()), second)
	}
	k2, err := reg.Register(s.within(s.settle()), second)
	if errors.Is(err, registry.ErrTaken) != errors.Is(said, registry.ErrTaken) {
		s.Errorf("Register says %v, CheckEntry said %v", err, said)
	}
	set := s.list(r)
	if !is(k, first.Instance.Addr)(set) {
		s.Errorf("%s was there and is gone: Register of %s gave %v", k, second.Instance.ID, err)
	}
	if err == nil && !is(k2, first.Instance.Addr)(set) || err != nil && !errors.Is(err, registry.ErrTaken) {
		s.Errorf("%s: %v", second.Instance.ID, err)
	}
	s.register(reg, first) // the same instance is never in its own way
}

func registerTwice(s *session) {
	r, reg := s.registrar()
	if reg == nil {
		return
	}
	e := s.entry(18401)
	first, second := s.register(reg, e), s.register(reg, e)
	if first != second {
		s.Errorf("the key changed from %s to %s", first, second)
	}
	Eventually(s, s.settle(), "one entry, registered twice", func() bool { return addrs(s.list(r), first.Ref) == e.Instance.Addr })
	other := s.entry(18402)
	s.register(reg, other)
	both := e.Instance.Addr + "," + other.Instance.Addr
	Eventually(s, s.settle(), "two entries of one service", func() bool { return addrs(s.list(r), first.Ref) == both })
}

func deregisterGone(s *session) {
	r, reg := s.registrar()
	if reg == nil {
		return
	}
	w := s.watch(r)
	e, stays := s.entry(18403), s.entry(18404)
	k, other := s.register(reg, e), s.register(reg, stays)
	w.await("the registered entry", is(k, e.Instance.Addr))
	if err := reg.Deregister(s.within(s.settle()), k); err != nil {
		s.Fatalf("Deregister: %v", err)
	}
	w.await("the entry gone", isNot(k))
	if !is(other, stays.Instance.Addr)(s.list(r)) {
		s.Errorf("its neighbour %s went too", other)
	}
}

func deregisterAbsent(s *session) {
	_, reg := s.registrar()
	if reg == nil {
		return
	}
	k := s.register(reg, s.entry(18405))
	if err := reg.Deregister(s.within(s.settle()), k); err != nil {
		s.Fatalf("Deregister: %v", err)
	}
	for what, absent := range map[string]fleet.Key{
		"an entry that was deregistered": k,
		"an unknown service":             {Ref: fleet.Ref{Namespace: s.Namespace, Name: "suite-nobody"}, Instance: k.Instance},
	} {
		if err := reg.Deregister(s.within(s.settle()), absent); !errors.Is(err, fleet.ErrNotFound) {
			s.Errorf("Deregister of %s: %v, want fleet.ErrNotFound", what, err)
		}
	}
}

// deregisterComeback plays a living instance that writes itself again.
func deregisterComeback(s *session) {
	r, reg := s.registrar()
	if reg == nil {
		return
	}
	w := s.watch(r)
	e := s.entry(18406)
	k := s.register(reg, e)
	w.await("the registered entry", is(k, e.Instance.Addr))
	if err := reg.Deregister(s.within(s.settle()), k); err != nil {
		s.Fatalf("Deregister: %v", err)
	}
	w.await("the entry gone", isNot(k))
	if back := s.register(reg, e); back != k {
		s.Errorf("it came back as %s, was %s", back, k)
	}
	w.await("the entry back again", is(k, e.Instance.Addr))
}

func heartbeatAbsent(s *session) {
	_, reg := s.registrar()
	if reg == nil {
		return
	}
	k := s.register(reg, s.entry(18407))
	if err := reg.Heartbeat(s.within(s.settle()), k); err != nil {
		s.Errorf("Heartbeat of a living entry: %v", err)
	}
	if err := reg.Deregister(s.within(s.settle()), k); err != nil {
		s.Fatalf("Deregister: %v", err)
	}
	if err := reg.Heartbeat(s.within(s.settle()), k); !errors.Is(err, fleet.ErrNotFound) {
		s.Errorf("Heartbeat of an entry that is gone: %v, want fleet.ErrNotFound", err)
	}
}

func heartbeatKeeps(s *session) {
	r, reg := s.registrar()
	if reg == nil || s.cannot(HandLease) {
		return
	}
	e := s.entry(18408)
	e.TTL = s.TTL
	k := s.register(reg, e)
	w := s.watch(r)
	w.await("the registered entry", is(k, e.Instance.Addr))
	beat := time.NewTicker(s.TTL / 4)
	defer beat.Stop()
	for end := time.After(2*s.TTL + s.TTL/2); ; {
		select {
		case <-beat.C:
			if err := reg.Heartbeat(s.within(s.settle()), k); err != nil {
				s.Fatalf("Heartbeat: %v", err)
			}
			continue
		case <-end:
		}
		break
	}
	if in := find(s.list(r), k); in == nil || in.Claimed != nil && *in.Claimed == fleet.Down {
		s.Fatalf("an entry with heartbeats did not live for two and a half times its lease: %+v", in)
	}
	s.Settle = s.settle() + 3*s.TTL
	w.await("an entry without heartbeats gone, or claimed down", func(set registry.Set) bool {
		in := find(set, k)
		return in == nil || in.Claimed != nil && *in.Claimed == fleet.Down
	})
}

// drainer opens the registry as one that can drain, and takes the first
// instance of the seed; nil where the driver does not declare it.
func (s *session) drainer() (registry.Registry, registry.Drainer, fleet.Key) {
	if !s.Driver.Has(registry.CanDrain) {
		return nil, nil, fleet.Key{}
	}
	r := s.open()
	d, ok := registry.As[registry.Drainer](r)
	if !ok {
		s.Fatal("drain is declared, and the registry is no Drainer")
	}
	for _, svc := range s.Seed {
		for _, in := range svc.Instances {
			if in.Claimed == nil || *in.Claimed != fleet.Maintenance {
				return r, d, fleet.Key{Ref: svc.Ref, Instance: in.ID}
			}
		}
	}
	s.Fatal("Seed has no instance that is not in maintenance")
	return nil, nil, fleet.Key{}
}

// claimed is the claim on an instance; the word gone where it is not there.
func claimed(set registry.Set, k fleet.Key) (word, note string) {
	in := find(set, k)
	switch {
	case in == nil:
		return "gone", ""
	case in.Claimed == nil:
		return "nothing", in.ClaimNote
	}
	return in.Claimed.String(), in.ClaimNote
}

func drainWorks(s *session) {
	r, d, k := s.drainer()
	if d == nil {
		return
	}
	before, _ := claimed(s.list(r), k)
	w := s.watch(r)
	set := func(on bool) {
		s.Helper()
		if err := d.SetMaintenance(s.within(s.settle()), k, on, "suite: new disk"); err != nil {
			s.Fatalf("SetMaintenance(%v): %v", on, err)
		}
	}
	for range 2 {
		set(true)
		w.await("claimed maintenance", func(got registry.Set) bool { word, _ := claimed(got, k); return word == "maintenance" })
		if word, note := claimed(s.list(r), k); word != "maintenance" || !strings.Contains(note, "new disk") {
			s.Errorf("List says %s (%q), want maintenance and why", word, note)
		}
	}
	for range 2 {
		set(false)
		w.await("put back to "+before, func(got registry.Set) bool { word, _ := claimed(got, k); return word == before })
	}
	s.same("drained and put back", s.list(r), s.Seed)
}

func drainAbsent(s *session) {
	_, d, k := s.drainer()
	if d == nil {
		return
	}
	k.Instance += "-nobody"
	for _, on := range []bool{true, false} {
		if err := d.SetMaintenance(s.within(s.settle()), k, on, "x"); !errors.Is(err, fleet.ErrNotFound) {
			s.Errorf("SetMaintenance(%v) of an instance nobody knows: %v, want fleet.ErrNotFound", on, err)
		}
	}
}
