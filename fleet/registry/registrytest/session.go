package registrytest

import (
	"bytes"
	"context"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/midwatch-cli/midwatch/fleet"
	"github.com/midwatch-cli/midwatch/fleet/registry"
	"github.com/midwatch-cli/midwatch/fleet/worldtest"
)

// oneCase is a rule and how it is checked.
type oneCase struct {
	name string
	rule string
	from string // where it was learned
	run  func(s *session)
}

// try runs the case on a world.
func (c oneCase) try(t testing.TB, w World) {
	t.Helper()
	t.Cleanup(func() {
		if t.Failed() {
			from := ""
			if c.from != "" {
				from = " (learned from " + c.from + ")"
			}
			t.Logf("the rule of %s: %s%s", c.name, c.rule, from)
		}
	})
	if problems := w.check(); len(problems) > 0 {
		t.Fatalf("the world is not complete:\n%s", strings.Join(problems, "\n"))
	}
	c.run(&session{TB: t, World: w, logs: &lockedBuffer{}})
}

// Try runs one case on a world and returns what it found wrong, without
// failing t. It shows that the suite can fail: hand it a world that is broken
// on purpose.
func Try(t testing.TB, name string, w World) []string {
	t.Helper()
	all := cases()
	i := slices.IndexFunc(all, func(c oneCase) bool { return c.name == name })
	if i < 0 {
		t.Fatalf("no case is called %s", name)
	}
	return worldtest.Failures(t, func(t testing.TB) { all[i].try(t, w) })
}

// Names lists the cases.
func Names() (names []string) {
	for _, c := range cases() {
		names = append(names, c.name)
	}
	return names
}

// lockedBuffer gathers log lines from many goroutines.
type lockedBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *lockedBuffer) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *lockedBuffer) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}

// session is one case at work on one world.
type session struct {
	testing.TB
	World
	logs *lockedBuffer
}

// open opens the registry and closes it with the test.
func (s *session) open() registry.Registry {
	s.Helper()
	r := s.Open(s.TB, registry.Env{
		UserAgent: "midwatch/test",
		Secret:    func(context.Context, fleet.SecretRef) (fleet.Secret, error) { return fleet.NewSecret(s.Secret), nil },
		Log:       slog.New(slog.NewTextHandler(s.logs, &slog.HandlerOptions{Level: slog.LevelDebug})),
	})
	if r == nil {
		s.Fatal("Open returned nothing")
	}
	s.Cleanup(func() {
		if err := r.Close(); err != nil {
			s.Errorf("Close: %v", err)
		}
	})
	return r
}

// within is a context that ends in d or with the test.
func (s *session) within(d time.Duration) context.Context {
	ctx, cancel := context.WithTimeout(context.Background(), d)
	s.Cleanup(cancel)
	return ctx
}

// list reads the whole set, which has to work.
func (s *session) list(r registry.Registry) registry.Set {
	s.Helper()
	set, err := r.List(s.within(s.settle()))
	if err != nil {
		s.Fatalf("List: %v", err)
	}
	s.wellFormed(set)
	return set
}

// wellFormed checks what holds for every set.
func (s *session) wellFormed(set registry.Set) {
	s.Helper()
	for i, svc := range set.Services {
		if svc.Context != "" || svc.Source != "" {
			s.Errorf("%s: context and source belong to whoever opened the registry", svc.Ref)
		}
		if svc.Name == "" {
			s.Errorf("a service without a name: %+v", svc)
		}
		if i > 0 && set.Services[i-1].Compare(svc.Ref) >= 0 {
			s.Errorf("not sorted, or twice: %s before %s", set.Services[i-1].Ref, svc.Ref)
		}
		for j, in := range svc.Instances {
			if in.ID == "" || in.Addr == "" {
				s.Errorf("%s: an instance without id or address: %+v", svc.Ref, in)
			}
			if j > 0 && svc.Instances[j-1].ID >= in.ID {
				s.Errorf("%s: instances not sorted, or twice: %s before %s", svc.Ref, svc.Instances[j-1].ID, in.ID)
			}
		}
	}
}

// lines writes services so that differences can be seen.
func lines(services []fleet.Service) string {
	var out []string
	for _, svc := range services {
		out = append(out, fmt.Sprintf("%s labels=%v dependsOn=%v", svc.Ref, notNil(svc.Labels), svc.DependsOn))
		for _, in := range svc.Instances {
			claimed := "-"
			if in.Claimed != nil {
				claimed = in.Claimed.String()
			}
			out = append(out, fmt.Sprintf("%s  %s at %s zone=%s version=%s weight=%d claimed=%s labels=%v endpoints=%v",
				svc.Ref, in.ID, in.Addr, in.Zone, in.Version, in.Weight, claimed, notNil(in.Labels), notNil(in.Endpoints)))
		}
	}
	slices.Sort(out)
	return strings.Join(out, "\n")
}

func notNil(m map[string]string) map[string]string {
	if m == nil {
		return map[string]string{}
	}
	return m
}

// same compares a set with what it has to be.
func (s *session) same(what string, got registry.Set, want []fleet.Service) {
	s.Helper()
	if g, w := lines(got.Services), lines(want); g != w {
		s.Errorf("%s\n got:\n%s\nwant:\n%s", what, g, w)
	}
}

// service makes a service of the suite's own.
func (s *session) service(name string, ports ...int) fleet.Service {
	svc := fleet.Service{Ref: fleet.Ref{Namespace: s.Namespace, Name: name}}
	for _, port := range ports {
		addr := fmt.Sprintf("127.0.0.1:%d", port)
		svc.Instances = append(svc.Instances, fleet.Instance{ID: addr, Addr: addr})
	}
	return svc
}

// addrs lists the addresses of a service in a set, by commas; "absent" where
// it is not there or has no instance, which is the same to whoever calls it.
func addrs(set registry.Set, ref fleet.Ref) string {
	var out []string
	for _, svc := range set.Services {
		if svc.Ref == ref {
			for _, in := range svc.Instances {
				out = append(out, in.Addr)
			}
		}
	}
	if len(out) == 0 {
		return "absent"
	}
	slices.Sort(out)
	return strings.Join(out, ",")
}

// find returns the instance of a key.
func find(set registry.Set, k fleet.Key) *fleet.Instance {
	for _, svc := range set.Services {
		if svc.Ref != k.Ref {
			continue
		}
		for i := range svc.Instances {
			if svc.Instances[i].ID == k.Instance {
				return &svc.Instances[i]
			}
		}
	}
	return nil
}

// missingSeeds says which seeded services are not whole in a set.
func (s *session) missingSeeds(set registry.Set) (missing []string) {
	for _, svc := range s.Seed {
		if addrs(set, svc.Ref) != addrs(registry.Set{Services: s.Seed}, svc.Ref) {
			missing = append(missing, svc.String())
		}
	}
	return missing
}
