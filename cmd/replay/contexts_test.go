package replay_test

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/midwatch-cli/midwatch/cmd/cmdtest"
	"github.com/midwatch-cli/midwatch/fleet"
	"github.com/midwatch-cli/midwatch/fleet/record"
	"github.com/midwatch-cli/midwatch/fleet/record/line"
)

// TestContexts: a recording of several is asked about all of them or about some,
// with the words that a configuration would be.
func TestContexts(t *testing.T) {
	order := guarded(t)
	config := file(t, "midwatch.yaml")
	text := fmt.Sprintf("contexts:\n  - {name: prod, registries: [%q]}\n  - {name: test, registries: [%q]}\n",
		cmdtest.Inventory(t, "order 1="+order, "user 1="+cmdtest.Closed(t)), cmdtest.Inventory(t, "order 1="+order))
	if err := os.WriteFile(config, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	path := file(t, "a"+record.Extension)
	if r := run(t, "record", "--config", config, "--all-contexts", "--to", path, "--attempts", "1", "--interval", "100ms", "--duration", "3s"); r.code != 0 {
		t.Fatalf("%+v", r)
	}
	both := firstOf(t, path, "prod", "test")
	for _, contexts := range [][]string{{"--all-contexts"}, {"--context", "prod"}, {"--context", "test"}, {"--context", "test,prod"}} {
		for _, line := range []string{
			"check -o json", "check order", "services -o wide", "instances -o name", "query up", "query sum(http_requests_total)by(service,context)",
			"query midwatch_instance_up --jq .items", "wait order --for up -o json", "check --fail-on-query up<1",
		} {
			live := slices.Concat(words(line), contexts, []string{"--config", config})
			if live[0] == "check" {
				live = append(live, "--attempts", "1")
			}
			want := masked(run(t, live...))
			replayed := contexts
			if contexts[0] == "--all-contexts" {
				replayed = nil
			}
			got := masked(run(t, slices.Concat([]string{"replay", path, "--at", both, "--speed", "max", "--"}, words(line), replayed)...))
			got.errs = strings.ReplaceAll(got.errs, "the recording ends at TIME\n", "")
			gathered := func(e end) end {
				e.out, e.errs = strings.ReplaceAll(e.out, " over DURATION", ""), strings.ReplaceAll(e.errs, " over DURATION", "")
				return e
			}
			same(t, live, withoutGuesses(gathered(got)), withoutGuesses(gathered(want)))
		}
	}
	if r := run(t, "replay", path, "--", "check", "--context", "none"); r.code != 1 {
		t.Errorf("none is no choice: %+v", r)
	}
	if r := run(t, "replay", path, "--", "check", "--context", "prod,live"); r.code != 2 || !strings.Contains(r.errs, `the recording has no context "live": it has prod, test`) {
		t.Errorf("%+v", r)
	}
	if r := run(t, "replay", path, "--jq", "[(.contexts|join(\",\")), (.items|length)]|@csv"); r.out != "\"prod,test\",3\n" {
		t.Errorf("%+v", r)
	}
}

// firstOf is the first time by which there was a pass over each context.
func firstOf(t *testing.T, path string, contexts ...string) string {
	t.Helper()
	r, err := record.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	seen := map[string]bool{}
	for n := range r.Passes() {
		if seen[r.Place(n).Context] = true; len(seen) == len(contexts) {
			return r.Place(n).At.Format(time.RFC3339Nano)
		}
	}
	t.Fatalf("there are passes over %v only", seen)
	return ""
}

// withoutGuesses leaves out the paths that were tried: the first pass tries more.
func withoutGuesses(e end) end {
	if at := strings.Index(e.out, `"probes":`); at >= 0 {
		var kept []string
		for i, part := range strings.Split(e.out, `"probes":[`) {
			if i > 0 {
				_, part, _ = strings.Cut(part, `],"attempts"`)
			}
			kept = append(kept, part)
		}
		e.out = strings.Join(kept, "")
	}
	return e
}

// TestHolds: by whom a breaker was held then, not by whom it is now.
func TestHolds(t *testing.T) {
	p := pass(t, registries(t)[:2])
	in := &p.Snapshot.Services[slices.IndexFunc(p.Snapshot.Services, func(s fleet.ServiceView) bool { return s.Name == "order" })].Instances[0]
	p.Holds = []record.Held{{Key: in.Key, Breaker: "user", Hold: fleet.Hold{By: "oncall-7", Reason: "moved", Change: "1K9", Until: p.Snapshot.At.Add(time.Minute)}}}
	path := filepath.Join(t.TempDir(), "a.jsonl")
	w, err := record.Create(path, line.Header{Contexts: []string{""}}, false)
	if err != nil {
		t.Fatal(err)
	}
	if err := w.Pass(p); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(p.Snapshot.At, ""); err != nil {
		t.Fatal(err)
	}
	if r := run(t, "replay", path, "--", "breakers", "show", "order/user", "--jq", ".items[0].heldBy"); r.out != "oncall-7\n" {
		t.Errorf("%+v", r)
	}
	if r := run(t, "replay", path, "--", "breakers", "order/user"); !strings.Contains(r.out, "oncall-7") {
		t.Errorf("%+v", r)
	}
}

// TestEventsOfBreakers are those that were seen until then.
func TestEventsOfBreakers(t *testing.T) {
	p := pass(t, registries(t)[:2])
	path := filepath.Join(t.TempDir(), "a.jsonl")
	w, err := record.Create(path, line.Header{Contexts: []string{""}}, false)
	if err != nil {
		t.Fatal(err)
	}
	at := p.Snapshot.At
	for i, state := range []fleet.BreakerState{fleet.BreakerClosed, fleet.BreakerOpen, fleet.BreakerHalfOpen, fleet.BreakerClosed} {
		s := *p.Snapshot
		s.Seq, s.At = uint64(i+1), at.Add(time.Duration(i)*time.Minute)
		s.Services = slices.Clone(s.Services)
		for j := range s.Services {
			if s.Services[j].Name != "order" {
				continue
			}
			s.Services[j].Instances = slices.Clone(s.Services[j].Instances)
			in := &s.Services[j].Instances[0]
			in.Breakers = slices.Clone(in.Breakers)
			in.Breakers[0].State = state
		}
		if err := w.Pass(record.Pass{Snapshot: &s}); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(at, ""); err != nil {
		t.Fatal(err)
	}
	const jq = `[.items[]|.from+">"+.to]|join(" ")`
	for _, tt := range []struct{ at, address, want string }{
		{"", "order/payment", "closed>open open>half_open half_open>closed\n"},
		{"+1m", "order/payment", "closed>open\n"},
		{"+0s", "order/payment", "\n"},
		{"", "order/user", "\n"},
		{"", "order", "closed>open open>half_open half_open>closed\n"},
	} {
		args := []string{"replay", path}
		if tt.at != "" {
			args = append(args, "--at", tt.at)
		}
		if r := run(t, append(args, "--", "breakers", "events", tt.address, "--jq", jq)...); r.out != tt.want || r.code != 0 {
			t.Errorf("--at %q %s: %+v, want %q", tt.at, tt.address, r, tt.want)
		}
	}
}
