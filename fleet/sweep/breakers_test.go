package sweep_test

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
	"github.com/midwatch-cli/midwatch/fleet/sweep"
	"github.com/midwatch-cli/midwatch/probe"
)

// desk is the admin side: the breakers of a memory.Far, what was read, and what
// is done before.
type desk struct {
	memory.Far
	before func(ctx context.Context, at breaker.Site) error

	mu   sync.Mutex
	read []string // bases, as they came
}

type counted struct {
	breaker.Admin
	desk *desk
}

func (c counted) List(ctx context.Context, at breaker.Site) ([]fleet.Breaker, error) {
	c.desk.mu.Lock()
	c.desk.read = append(c.desk.read, at.Base)
	c.desk.mu.Unlock()
	if c.desk.before != nil {
		if err := c.desk.before(ctx, at); err != nil {
			return nil, err
		}
	}
	return c.Admin.List(ctx, at)
}

func (d *desk) admin(a fleet.Administration) (breaker.Admin, error) {
	if a.API != memory.Name {
		return nil, &fleet.Error{Reason: probe.ReasonNotFound, Detail: "there is no breaker API " + a.API, Hint: "known are memory"}
	}
	opened, err := d.Driver().Open(breaker.Options{})
	return counted{opened, d}, err
}

// administered plans /health, and breakers at memory://ADDRESS for all whose
// address does not begin with a nine.
func administered(_ *fleet.Service, in *fleet.Instance) fleet.Plan {
	p := named("/health")(nil, in)
	if !strings.HasPrefix(in.Addr, "9") {
		p.Admin = &fleet.Administration{API: memory.Name, Base: "memory://" + in.Addr}
	}
	return p
}

// reading is a sweeper over f that reads breakers of d.
func reading(f *far, d *desk) *sweep.Sweeper {
	s := sweeper(f, administered)
	s.Breakers = sweep.Reader{Admin: d.admin, Time: time.Second}
	s.Pool.Parallel = 4
	return s
}

// states are the breakers of the instances in order: "payment=open;-" where the
// second has none, or why they were not read.
func states(s *fleet.Snapshot) string {
	var all []string
	for i := range s.Services {
		for j := range s.Services[i].Instances {
			v := &s.Services[i].Instances[j]
			word := "-"
			if v.BreakersWhy.Reason != "" {
				word = "?" + string(v.BreakersWhy.Reason)
			}
			for k, b := range v.Breakers {
				if k == 0 {
					word = ""
				}
				word += b.Name + "=" + b.State.String() + " "
			}
			all = append(all, strings.TrimSpace(word))
		}
	}
	return strings.Join(all, ";")
}

func TestBreakersAreReadInTheSamePass(t *testing.T) {
	f, all := everywhere(2, at("/health", well))
	f.answers["9.0.0.1:80"] = at("/health", well)
	d := &desk{}
	d.Put("memory://"+all[0], fleet.NewBreaker("user", fleet.BreakerClosed))
	d.Put("memory://"+all[0], fleet.NewBreaker("payment", fleet.BreakerOpen))
	snap := pass(t, reading(f, d), service("order", all[0], all[1]), service("plain", "9.0.0.1:80"))
	expect(t, snap, "degraded:breaker up up")
	if got := states(snap); got != "payment=open user=closed;-;-" {
		t.Errorf("read %s", got)
	}
	if len(d.read) != 2 {
		t.Errorf("read at %v", d.read)
	}
	expectAsked(t, f, 3)
}

// TestBreakersAlone: nothing is probed, what the registry claims is there.
func TestBreakersAlone(t *testing.T) {
	f, all := everywhere(2, at("/health", well))
	d := &desk{}
	d.Put("memory://"+all[0], fleet.NewBreaker("payment", fleet.BreakerClosed))
	s := reading(f, d)
	s.Breakers.Only = true
	var mu sync.Mutex
	var told []string
	s.Progress = func(done, total int) {
		mu.Lock()
		defer mu.Unlock()
		told = append(told, fmt.Sprint(done, "/", total))
	}
	order := service("order", all...)
	claimed := fleet.Maintenance
	order.Instances[1].Claimed = &claimed
	snap := pass(t, s, order, service("plain", "9.0.0.1:80"))
	expect(t, snap, "unknown:unasked maintenance:draining unknown:unasked")
	expectAsked(t, f, 0)
	if got := states(snap); got != "payment=closed;-;-" {
		t.Errorf("read %s", got)
	}
	slices.Sort(told)
	if !slices.Equal(told, []string{"1/2", "2/2"}) {
		t.Errorf("progress %v", told)
	}
}

func TestBreakersAreNotWanted(t *testing.T) {
	f, all := everywhere(1, at("/health", well))
	d := &desk{}
	d.Put("memory://"+all[0], fleet.NewBreaker("payment", fleet.BreakerOpen))
	s := reading(f, d)
	s.Breakers = sweep.Reader{}
	snap := pass(t, s, service("order", all...))
	expect(t, snap, "up")
	if len(d.read) != 0 || states(snap) != "-" {
		t.Errorf("read at %v: %s", d.read, states(snap))
	}
}

// TestUnreadableBreakers are kept as such, and change no status.
func TestUnreadableBreakers(t *testing.T) {
	for _, tt := range []struct {
		name   string
		admin  *fleet.Administration
		before func(context.Context, breaker.Site) error
		want   fleet.Why
		hint   string
	}{
		{"read", &fleet.Administration{API: memory.Name, Base: "memory://x"}, nil, fleet.Why{}, ""},
		{"nobody says how", nil, nil, fleet.Why{}, ""},
		{
			"policy", &fleet.Administration{API: memory.Name, Refused: "another host"}, nil,
			fleet.Why{Reason: probe.ReasonPolicy, Detail: "another host"},
			"",
		},
		{
			"no such API", &fleet.Administration{API: "odd", Base: "odd://x"}, nil,
			fleet.Why{Reason: probe.ReasonNotFound, Detail: "there is no breaker API odd"},
			"known are memory",
		},
		{
			"denied", &fleet.Administration{API: memory.Name, Base: "memory://x"},
			func(context.Context, breaker.Site) error {
				return &fleet.Error{Reason: probe.ReasonAuth, Detail: "401 at /breakers", Hint: "set auth", Err: fleet.ErrDenied}
			},
			fleet.Why{Reason: probe.ReasonAuth, Detail: "401 at /breakers"},
			"set auth",
		},
		{
			"silent", &fleet.Administration{API: memory.Name, Base: "memory://x"},
			func(ctx context.Context, _ breaker.Site) error { <-ctx.Done(); return ctx.Err() },
			fleet.Why{Reason: probe.ReasonTimeout},
			"",
		},
		{
			"in nobody's words", &fleet.Administration{API: memory.Name, Base: "memory://x"},
			func(context.Context, breaker.Site) error { return errors.New("odd") },
			fleet.Why{Reason: probe.ReasonProtocol, Detail: "odd"},
			"",
		},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				f, all := everywhere(1, at("/health", well))
				d := &desk{before: tt.before}
				s := reading(f, d)
				s.Plan = func(svc *fleet.Service, in *fleet.Instance) fleet.Plan {
					p := named("/health")(svc, in)
					p.Admin = tt.admin
					return p
				}
				start := time.Now()
				snap := pass(t, s, service("order", all...))
				expect(t, snap, "up")
				in := &snap.Services[0].Instances[0]
				if tt.want.Reason == probe.ReasonTimeout {
					in.BreakersWhy.Detail = "" // in the words of the network
					if took := time.Since(start); took != time.Second {
						t.Errorf("the bound of their own is %v", took)
					}
				}
				if in.BreakersWhy != tt.want || in.BreakersHint != tt.hint || len(in.Breakers) != 0 {
					t.Errorf("got %+v, hint %q, %v", in.BreakersWhy, in.BreakersHint, in.Breakers)
				}
			})
		})
	}
}

// TestTimeRunsOutBeforeBreakers: those not read in time are unasked, not empty.
func TestTimeRunsOutBeforeBreakers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		_, all := everywhere(3, at("/health", well))
		d := &desk{before: func(ctx context.Context, _ breaker.Site) error { <-ctx.Done(); return ctx.Err() }}
		s := reading(&far{}, d)
		s.Breakers.Only, s.Breakers.Time, s.Pool.Parallel = true, time.Hour, 2
		ctx, stop := context.WithTimeout(t.Context(), time.Second)
		defer stop()
		snap := s.Pass(ctx, sweep.Input{Services: []fleet.Service{service("order", all...)}})
		if got := states(snap); got != "?unasked;?unasked;?unasked" || len(d.read) != 2 {
			t.Errorf("%s, %d were read", got, len(d.read))
		}
	})
}

// TestEqualSitesAreReadOnce: two sources that name the same instance, and not
// two instances behind one gateway.
func TestEqualSitesAreReadOnce(t *testing.T) {
	f, all := everywhere(2, at("/health", well))
	d := &desk{}
	d.Put("memory://"+all[0], fleet.NewBreaker("payment", fleet.BreakerClosed))
	d.Put("memory://gateway", fleet.NewBreaker("user", fleet.BreakerClosed))
	one, other := service("order", all[0]), service("order", all[0])
	other.Source = "consul"
	snap := pass(t, reading(f, d), one, other)
	if got := states(snap); got != "payment=closed;payment=closed" || len(d.read) != 1 {
		t.Errorf("%s after %d readings", got, len(d.read))
	}
	d.read = nil
	s := reading(f, d)
	s.Plan = func(svc *fleet.Service, in *fleet.Instance) fleet.Plan {
		p := administered(svc, in)
		p.Admin.Base = "memory://gateway"
		return p
	}
	if snap = pass(t, s, service("order", all...)); states(snap) != "user=closed;user=closed" || len(d.read) != 2 {
		t.Errorf("behind a gateway: %s after %d readings", states(snap), len(d.read))
	}
}

// TestBreakersKeepToTheLimits: probes and readings of one host share its limit,
// whatever port or path they go to.
func TestBreakersKeepToTheLimits(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := &far{answers: map[string]map[string]probe.Result{}}
		var hosts []string
		for i := range 8 {
			hosts = append(hosts, fmt.Sprintf("[2001:db8::1]:%d", 1000+i))
			f.answers[hosts[i]] = at("/health", well)
		}
		var mu sync.Mutex
		now, most := 0, 0
		busy := func() {
			mu.Lock()
			now++
			most = max(most, now)
			mu.Unlock()
			<-time.After(time.Millisecond)
			mu.Lock()
			now--
			mu.Unlock()
		}
		f.before = func(context.Context, probe.Target) { busy() }
		d := &desk{before: func(context.Context, breaker.Site) error { busy(); return nil }}
		s := reading(f, d)
		s.Pool = probe.Pool{Parallel: 16, PerHost: 3}
		s.Plan = func(svc *fleet.Service, in *fleet.Instance) fleet.Plan {
			p := administered(svc, in)
			p.Admin.Base = "memory://[2001:db8::1]/" + strings.Trim(in.Addr, "[]")
			return p
		}
		pass(t, s, service("order", hosts...))
		if most != 3 || len(d.read) != 8 {
			t.Errorf("%d at once at the host, %d read", most, len(d.read))
		}
	})
}
