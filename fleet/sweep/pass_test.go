package sweep_test

import (
	"context"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/midwatch-cli/midwatch/fleet"
	"github.com/midwatch-cli/midwatch/fleet/sweep"
	"github.com/midwatch-cli/midwatch/probe"
)

// counting counts questions, and how many are asked at once at most.
type counting struct {
	probe.Prober
	pause time.Duration

	mu             sync.Mutex
	n, most, now   int
	hosts, peak    map[string]int
	stopOnQuestion func(n int)
}

func (c *counting) Probe(ctx context.Context, t probe.Target) probe.Result {
	host, _, _ := strings.Cut(t.Address, ":")
	c.mu.Lock()
	if c.hosts == nil {
		c.hosts, c.peak = map[string]int{}, map[string]int{}
	}
	c.n++
	c.now++
	c.hosts[host]++
	c.most = max(c.most, c.now)
	c.peak[host] = max(c.peak[host], c.hosts[host])
	n := c.n
	c.mu.Unlock()
	if c.stopOnQuestion != nil {
		c.stopOnQuestion(n)
	}
	if c.pause > 0 {
		timer := time.NewTimer(c.pause)
		select {
		case <-timer.C:
		case <-ctx.Done():
			timer.Stop()
		}
	}
	r := c.Prober.Probe(ctx, t)
	if end := ctx.Err(); end != nil {
		r = probe.Result{Target: t, Reason: probe.ReasonCancelled}
		if end == context.DeadlineExceeded {
			r.Outcome, r.Reason = probe.Fail, probe.ReasonTimeout // as probe.Prober promises
		}
	}
	c.mu.Lock()
	c.now--
	c.hosts[host]--
	c.mu.Unlock()
	return r
}

func TestNamedPaths(t *testing.T) {
	for _, c := range []struct {
		name   string
		script map[string]probe.Result
		want   string
		asked  []string
	}{
		{"the first is there", at("/a", well, "/b", unwell), "up", []string{"/a"}},
		{"the first is not, the second is", at("/b", well), "up", []string{"/a", "/b"}},
		{"the second decides", at("/b", unwell), "down:reported", []string{"/a", "/b"}},
		{"the first fails: no second opinion", at("/a", unwell, "/b", well), "down:reported", []string{"/a"}},
		{"the first is denied: no second opinion", at("/a", denied, "/b", well), "unknown:auth", []string{"/a"}},
		{"the first is out of reach", at("/a", refused, "/b", well), "down:refused", []string{"/a"}},
		{"none is there", at(), "unknown:not_found", []string{"/a", "/b", "/c"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			f, all := everywhere(1, c.script)
			expect(t, pass(t, sweeper(f, named("/a", "/b", "/c")), service("a", all...)), c.want)
			var asked []string
			for _, line := range f.asked {
				asked = append(asked, strings.Fields(line)[1])
			}
			if !slices.Equal(asked, c.asked) {
				t.Errorf("asked %q, want %q", asked, c.asked)
			}
		})
	}
}

func TestEveryServiceOfAServerIsAsked(t *testing.T) {
	every := func(_ *fleet.Service, in *fleet.Instance) fleet.Plan {
		p := fleet.Plan{Every: true}
		for _, name := range []string{"shop.Orders", "shop.Stock", "shop.Mail"} {
			p.Candidates = append(p.Candidates, probe.Target{Kind: probe.GRPC, Address: in.Addr, Path: name, Named: true})
		}
		return p
	}
	for _, c := range []struct {
		name   string
		script map[string]probe.Result
		want   string
	}{
		{"all well", at("*", well), "up"},
		{"the last is not", at("*", well, "shop.Mail", unwell), "down:reported"},
		{"one is not known there", at("*", well, "shop.Stock", missing), "unknown:not_found"},
		{"unwell is worse than unknown", at("*", missing, "shop.Mail", unwell), "down:reported"},
	} {
		t.Run(c.name, func(t *testing.T) {
			f, all := everywhere(1, c.script)
			expect(t, pass(t, sweeper(f, every), service("a", all...)), c.want)
			expectAsked(t, f, 3)
		})
	}
}

func TestEqualTargetsAreAskedOnce(t *testing.T) {
	f, _ := everywhere(1, at("/health", well))
	b := service("b", "10.0.0.1:80")
	other := service("a", "10.0.0.1:80")
	other.Source = "consul"
	for name, plan := range map[string]func(*fleet.Service, *fleet.Instance) fleet.Plan{"named": named("/health"), "guessed": guessing("/health")} {
		t.Run(name, func(t *testing.T) {
			f.forget()
			snap := pass(t, sweeper(f, plan), service("a", "10.0.0.1:80"), other, b)
			expect(t, snap, "up up up")
			expectAsked(t, f, 1)
		})
	}
}

// TestEqualTargetsOfDifferentAddresses is a bug that was: two services of one
// host with one admin port have equal targets behind different addresses.
func TestEqualTargetsOfDifferentAddresses(t *testing.T) {
	f, _ := everywhere(1, at("/health", well))
	plan := func(*fleet.Service, *fleet.Instance) fleet.Plan {
		return fleet.Plan{Candidates: []probe.Target{{Kind: probe.HTTP, Address: "10.0.0.1:80", Path: "/health", Named: true}}}
	}
	expect(t, pass(t, sweeper(f, plan), service("a", "10.0.0.1:1000"), service("b", "10.0.0.1:2000")), "up up")
	expectAsked(t, f, 1)
}

func TestOtherCredentialsAreAnotherQuestion(t *testing.T) {
	f, _ := everywhere(1, at("/health", well))
	plan := func(s *fleet.Service, in *fleet.Instance) fleet.Plan {
		p := named("/health")(s, in)
		p.Profile, p.Credentials = s.Name, s.Name == "b"
		return p
	}
	s := sweeper(f, plan)
	var asked []string
	s.Prober = func(profile string, credentials bool) probe.Prober {
		if credentials {
			profile += " with credentials"
		}
		asked = append(asked, profile)
		return f
	}
	pass(t, s, service("a", "10.0.0.1:80"), service("b", "10.0.0.1:80"))
	slices.Sort(asked)
	if want := []string{"a", "b with credentials"}; !slices.Equal(asked, want) {
		t.Errorf("asked as %q, want %q", asked, want)
	}
	expectAsked(t, f, 2)
}

// TestEqualTargetsUnderCancellation: who waits for another's answer ends with
// the pass too, and is unknown.
func TestEqualTargetsUnderCancellation(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f, _ := everywhere(1, at("/health", well))
		s := sweeper(f, named("/health"))
		hang := &counting{Prober: f, pause: time.Hour}
		s.Prober = func(string, bool) probe.Prober { return hang }
		s.Pool.Parallel = 8
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		var services []fleet.Service
		for _, name := range []string{"a", "b", "c", "d"} {
			services = append(services, service(name, "10.0.0.1:80"))
		}
		snap := s.Pass(ctx, sweep.Input{Services: services})
		expect(t, snap, strings.Repeat(" unknown:unasked", 4)[1:])
		if hang.n != 1 {
			t.Errorf("asked %d times", hang.n)
		}
	})
}

func TestWhatMustNotBeAskedIsNot(t *testing.T) {
	f, all := everywhere(2, at("/health", well))
	s := sweeper(f, func(v *fleet.Service, in *fleet.Instance) fleet.Plan {
		if in.Addr == all[0] {
			return fleet.Plan{Refused: "169.254.169.254 is a link-local address"}
		}
		return named("/health")(v, in)
	})
	var total int
	s.Progress = func(_, n int) { total = n }
	snap := pass(t, s, service("a", all...))
	expect(t, snap, "unknown:policy up")
	if v := snap.Services[0].Instances[0]; !strings.Contains(v.Why.Detail, "link-local") {
		t.Errorf("why: %+v", v.Why)
	}
	expectAsked(t, f, 0, all[0])
	if total != 1 {
		t.Errorf("progress counts %d, want the one that is asked", total)
	}
}

func TestNothingToAsk(t *testing.T) {
	f, all := everywhere(2, at())
	none := sweeper(f, func(*fleet.Service, *fleet.Instance) fleet.Plan { return fleet.Plan{} })
	expect(t, pass(t, none, service("a", all...)), "unknown:unasked unknown:unasked")
	expectAsked(t, f, 0)
	snap := pass(t, none, service("empty"))
	if v := snap.Services[0]; v.Status != fleet.Down || v.Why.Reason != fleet.ReasonNoInstances {
		t.Errorf("a service without instances is %v, %+v", v.Status, v.Why)
	}
	if snap = pass(t, none); len(snap.Services) != 0 || snap.Context != "test" {
		t.Errorf("nothing at all: %+v", snap)
	}
}

// TestTimeRunsOut: what was not asked, or did not answer in our time, is
// unknown, never down.
func TestTimeRunsOut(t *testing.T) {
	for name, plan := range map[string]func(*fleet.Service, *fleet.Instance) fleet.Plan{"named": named("/health"), "guessed": guessing("/ready", "/health")} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				f, all := everywhere(20, at("/health", well))
				s := sweeper(f, plan)
				slow := &counting{Prober: f, pause: time.Second}
				s.Prober = func(string, bool) probe.Prober { return slow }
				s.Pool.Parallel = 2
				ctx, cancel := context.WithTimeout(t.Context(), 5500*time.Millisecond)
				defer cancel()
				start := time.Now()
				snap := s.Pass(ctx, sweep.Input{Services: []fleet.Service{service("a", all...)}})
				c := snap.Counts()
				if c.Down != 0 || c.Up == 0 || c.Up+c.Unknown != 20 {
					t.Errorf("%+v", c)
				}
				if took := time.Since(start); took != 5500*time.Millisecond || snap.Took != took {
					t.Errorf("took %v, and the snapshot says %v", took, snap.Took)
				}
				for _, v := range snap.Services[0].Instances {
					if v.Status == fleet.Unknown && v.Why.Reason != fleet.ReasonUnasked {
						t.Errorf("%s is %v: %+v", v.ID, v.Status, v.Why)
					}
				}
			})
		})
	}
}

// early says timeout at the deadline, before its context knows of it.
type early struct{}

func (early) Probe(ctx context.Context, t probe.Target) probe.Result {
	end, _ := ctx.Deadline()
	<-time.After(time.Until(end))
	r := timeout
	r.Target = t
	return r
}

// blind is a context whose end is seen late.
type blind struct{ context.Context }

func (blind) Err() error            { return nil }
func (blind) Done() <-chan struct{} { return nil }

// TestADeadlineThatTheConnectionSeesFirst is a bug that was: connections have
// the deadline too and may end a moment before the context, and then our own
// impatience was the instance's failure.
func TestADeadlineThatTheConnectionSeesFirst(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := sweeper(nil, named("/health"))
		s.Prober = func(string, bool) probe.Prober { return early{} }
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		expect(t, s.Pass(blind{ctx}, sweep.Input{Services: []fleet.Service{service("a", "10.0.0.1:80")}}), "unknown:unasked")
	})
}

func TestCancelledIsUnknown(t *testing.T) {
	f, all := everywhere(10, at("/health", well))
	s := sweeper(f, named("/health"))
	ctx, cancel := context.WithCancel(t.Context())
	stop := &counting{Prober: f, stopOnQuestion: func(n int) {
		if n == 4 {
			cancel()
		}
	}}
	s.Prober = func(string, bool) probe.Prober { return stop }
	c := s.Pass(ctx, sweep.Input{Services: []fleet.Service{service("a", all...)}}).Counts()
	if c.Up != 3 || c.Unknown != 7 {
		t.Errorf("%+v, want 3 up and 7 unknown", c)
	}
}

func TestLimits(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := &far{answers: map[string]map[string]probe.Result{}}
		var all []string
		for _, port := range []string{"1", "2", "3", "4", "5", "6", "7", "8", "9"} {
			all = append(all, "10.0.0.1:"+port, "10.0.0.2:"+port, "[fe80::1]:"+port)
		}
		s := sweeper(f, named("/health"))
		slow := &counting{Prober: f, pause: time.Second}
		s.Prober = func(string, bool) probe.Prober { return slow }
		s.Pool = probe.Pool{Parallel: 7, PerHost: 3}
		pass(t, s, service("a", all...))
		if slow.most != 7 || slow.peak["10.0.0.1"] != 3 || slow.peak["10.0.0.2"] != 3 || slow.n != len(all) {
			t.Errorf("%d at once, per host %v, %d in all", slow.most, slow.peak, slow.n)
		}
	})
}

func TestProgressCountsEachInstanceOnce(t *testing.T) {
	f, all := everywhere(30, at("/health", bare))
	f.answers[all[3]], f.answers[all[5]] = at("*", refused), at("/other", well)
	for name, plan := range map[string]func(*fleet.Service, *fleet.Instance) fleet.Plan{"named": named("/health"), "guessed": guessing("/ready", "/health")} {
		t.Run(name, func(t *testing.T) {
			s := sweeper(f, plan)
			s.Pool.Parallel = 8
			var mu sync.Mutex
			var seen []int
			s.Progress = func(done, total int) {
				mu.Lock()
				defer mu.Unlock()
				seen = append(seen, done)
				if total != 30 {
					t.Errorf("%d of %d", done, total)
				}
			}
			for range 2 {
				seen = nil
				pass(t, s, service("a", all[:10]...), service("b", all[10:]...))
				slices.Sort(seen)
				if len(seen) != 30 || seen[0] != 1 || seen[29] != 30 || len(slices.Compact(seen)) != 30 {
					t.Errorf("told %v", seen)
				}
			}
		})
	}
}

// TestEvidenceIsEachOnesOwn: equal ids in two sources, two namespaces, two
// services, and even twice in one service, are not mixed.
func TestEvidenceIsEachOnesOwn(t *testing.T) {
	f := &far{answers: map[string]map[string]probe.Result{
		"10.0.0.1:80": at("*", well), "10.0.0.2:80": at("*", unwell), "10.0.0.3:80": at("*", denied), "10.0.0.4:80": at("*", refused), "10.0.0.5:80": at("*", well),
	}}
	one := func(source, namespace, name, addr string) fleet.Service {
		return fleet.Service{
			Ref:       fleet.Ref{Source: source, Namespace: namespace, Name: name},
			Instances: []fleet.Instance{{ID: "i-1", Addr: addr}},
		}
	}
	twice := one("etcd", "", "b", "10.0.0.4:80")
	twice.Instances = append(twice.Instances, fleet.Instance{ID: "i-1", Addr: "10.0.0.5:80"})
	s := sweeper(f, named("/health"))
	s.Pool.Parallel = 4
	for range 20 {
		expect(t, pass(t, s, one("consul", "", "a", "10.0.0.1:80"), one("etcd", "", "a", "10.0.0.2:80"), one("etcd", "shop", "a", "10.0.0.3:80"), twice),
			"up down:reported unknown:auth down:refused up")
	}
}

func TestSelectionKnowsTheRest(t *testing.T) {
	f, all := everywhere(3, at("/health", well))
	a, b := service("a", all[0]), service("b", all[1])
	a.DependsOn = []string{"b", "c"}
	s := sweeper(f, named("/health"))
	s.Select = func(all []fleet.Service) []fleet.Service { return all[:1] }
	in := sweep.Input{
		Services: []fleet.Service{a, b},
		Sources:  []fleet.SourceView{{Name: "memory", Services: 2}},
		Warnings: []fleet.Warning{{Where: "x", Detail: "y"}},
	}
	snap := s.Pass(t.Context(), in)
	if len(snap.Services) != 1 || len(snap.Sources) != 1 {
		t.Fatalf("%+v", snap)
	}
	expectAsked(t, f, 0, all[1])
	var said []string
	for _, w := range snap.Warnings {
		said = append(said, w.Where+": "+w.Detail)
	}
	// b is known, though not selected; c is not.
	if text := strings.Join(said, "\n"); !strings.Contains(text, "x: y") || !strings.Contains(text, `"c"`) && !strings.Contains(text, " c") || strings.Contains(text, `"b"`) {
		t.Errorf("warnings: %s", text)
	}
}

// TestMemoryIsOfTheServicesThereAre: a fleet whose services come and go does
// not grow what is remembered.
func TestMemoryIsOfTheServicesThereAre(t *testing.T) {
	f, all := everywhere(1, at("/health", well))
	s := sweeper(f, guessing("/ready", "/health"))
	pass(t, s, service("a", all...))
	pass(t, s, service("b", all...))
	f.forget()
	pass(t, s, service("a", all...))
	expectAsked(t, f, 2)
}
