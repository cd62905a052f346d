package sweep_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/midwatch-cli/midwatch/fleet"
	"github.com/midwatch-cli/midwatch/fleet/sweep"
	"github.com/midwatch-cli/midwatch/probe"
	"github.com/midwatch-cli/midwatch/probe/health"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// far is a scripted far side: what each address answers at each path, and a
// record of what was asked. A path of "*" stands for all that are not named; an
// address without a script answers 404 everywhere.
type far struct {
	mu      sync.Mutex
	answers map[string]map[string]probe.Result // address, path
	asked   []string                           // "address path", as they came
	before  func(ctx context.Context, t probe.Target)
}

func (f *far) Probe(ctx context.Context, t probe.Target) probe.Result {
	if f.before != nil {
		f.before(ctx, t)
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	f.asked = append(f.asked, t.Address+" "+question(t))
	script := f.answers[t.Address]
	r, ok := script[question(t)]
	if !ok {
		r, ok = script["*"]
	}
	if !ok {
		r = missing
	}
	if ctx.Err() != nil {
		r = probe.Result{Reason: probe.ReasonCancelled, Detail: "cancelled"}
	}
	r.Target, r.Attempts = t, 1
	return r
}

// question is the path, or the kind where it is not HTTP.
func question(t probe.Target) string {
	if t.Kind == probe.HTTP || t.Kind == probe.GRPC && t.Named {
		return t.Path
	}
	return string(t.Kind)
}

// count is how often something with these words was asked; empty words count
// everything. It forgets nothing.
func (f *far) count(words ...string) int {
	f.mu.Lock()
	defer f.mu.Unlock()
	n := 0
	for _, line := range f.asked {
		if !slices.ContainsFunc(words, func(w string) bool { return !slices.Contains(strings.Fields(line), w) }) {
			n++
		}
	}
	return n
}

func (f *far) forget() {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.asked = nil
}

func (f *far) set(addr, path string, r probe.Result) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.answers[addr] == nil {
		f.answers[addr] = map[string]probe.Result{}
	}
	f.answers[addr][path] = r
}

// The answers of scripts.
var (
	well       = probe.Result{Outcome: probe.Pass, Answered: true, Code: 200, Print: 7, Health: health.Verdict{Dialect: "status", Word: health.Well}}
	unwell     = probe.Result{Outcome: probe.Fail, Reason: probe.ReasonReported, Answered: true, Code: 503}
	missing    = probe.Result{Reason: probe.ReasonNotFound, Answered: true, Code: 404, Print: 404, Detail: "404"}
	denied     = probe.Result{Reason: probe.ReasonAuth, Answered: true, Code: 401, Print: 401}
	bare       = probe.Result{Reason: probe.ReasonBody, Answered: true, Code: 200, Print: 1, Bare: true}
	refused    = probe.Result{Outcome: probe.Fail, Reason: probe.ReasonRefused}
	hungUp     = probe.Result{Outcome: probe.Fail, Reason: probe.ReasonClosed}
	timeout    = probe.Result{Outcome: probe.Fail, Reason: probe.ReasonTimeout}
	unresolved = probe.Result{Reason: probe.ReasonResolve}
	accepts    = probe.Result{Outcome: probe.Pass, Answered: true}
)

// at makes the script of one address: path, answer, path, answer.
func at(pairs ...any) map[string]probe.Result {
	script := map[string]probe.Result{}
	for i := 0; i < len(pairs); i += 2 {
		script[pairs[i].(string)] = pairs[i+1].(probe.Result)
	}
	return script
}

// service makes one whose instances are called by their addresses.
func service(name string, addrs ...string) fleet.Service {
	s := fleet.Service{Ref: fleet.Ref{Source: "memory", Name: name}}
	for _, a := range addrs {
		s.Instances = append(s.Instances, fleet.Instance{ID: a, Addr: a})
	}
	return s
}

// addrs are n addresses of one host each.
func addrs(n int) []string {
	all := make([]string, n)
	for i := range all {
		all[i] = fmt.Sprintf("10.0.%d.%d:80", i/250, 1+i%250)
	}
	return all
}

// guessing plans HTTP at several paths nobody named, then gRPC and TCP.
func guessing(paths ...string) func(*fleet.Service, *fleet.Instance) fleet.Plan {
	return func(_ *fleet.Service, in *fleet.Instance) fleet.Plan {
		var p fleet.Plan
		for _, path := range paths {
			p.Candidates = append(p.Candidates, probe.Target{Kind: probe.HTTP, Address: in.Addr, Path: path})
		}
		p.Candidates = append(p.Candidates, probe.Target{Kind: probe.GRPC, Address: in.Addr}, probe.Target{Kind: probe.TCP, Address: in.Addr})
		return p
	}
}

// named plans HTTP at paths that somebody named.
func named(paths ...string) func(*fleet.Service, *fleet.Instance) fleet.Plan {
	return func(_ *fleet.Service, in *fleet.Instance) fleet.Plan {
		var p fleet.Plan
		for _, path := range paths {
			p.Candidates = append(p.Candidates, probe.Target{Kind: probe.HTTP, Address: in.Addr, Path: path, Named: true})
		}
		return p
	}
}

// sweeper asks f as plan says, one question at a time.
func sweeper(f *far, plan func(*fleet.Service, *fleet.Instance) fleet.Plan) *sweep.Sweeper {
	return &sweep.Sweeper{
		Context: "test", Plan: plan, Now: time.Now,
		Prober: func(string, bool) probe.Prober { return f },
	}
}

func pass(t *testing.T, s *sweep.Sweeper, services ...fleet.Service) *fleet.Snapshot {
	t.Helper()
	snap := s.Pass(t.Context(), sweep.Input{Services: services})
	if c := snap.Counts(); c.Up+c.Maintenance+c.Unknown+c.Degraded+c.Down != c.Instances {
		t.Errorf("the counts do not add up: %+v", c)
	}
	return snap
}

// words is the statuses of the instances in order: "up up unknown:alike".
func words(s *fleet.Snapshot) string {
	var all []string
	for i := range s.Services {
		for j := range s.Services[i].Instances {
			v := &s.Services[i].Instances[j]
			w := v.Status.String()
			if v.Why.Reason != "" {
				w += ":" + string(v.Why.Reason)
			}
			all = append(all, w)
		}
	}
	return strings.Join(all, " ")
}

func expect(t *testing.T, s *fleet.Snapshot, want string) {
	t.Helper()
	if got := words(s); got != want {
		t.Errorf("statuses: %s\nwant:     %s", got, want)
	}
}

func expectAsked(t *testing.T, f *far, want int, words ...string) {
	t.Helper()
	if got := f.count(words...); got != want {
		t.Errorf("%q was asked %d times, want %d: %q", words, got, want, f.asked)
	}
}
