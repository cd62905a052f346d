package render_test

import (
	"fmt"
	"time"

	"github.com/midwatch-cli/midwatch/cmd/render"
	"github.com/midwatch-cli/midwatch/fleet"
	"github.com/midwatch-cli/midwatch/fleet/document"
	"github.com/midwatch-cli/midwatch/fleet/gate"
	"github.com/midwatch-cli/midwatch/fleet/judge"
	"github.com/midwatch-cli/midwatch/probe"
)

var at = time.Date(2026, 1, 2, 3, 4, 5, 678_000_000, time.UTC)

// made is a fleet under construction.
type made struct {
	services []fleet.Service
	answers  map[string]probe.Result
	sources  []fleet.SourceView
	claims   map[string]fleet.Status
}

func fresh() *made {
	return &made{
		answers: map[string]probe.Result{}, claims: map[string]fleet.Status{},
		sources: []fleet.SourceView{{Context: "prod", Name: "etcd", URL: "etcd://127.0.0.1:2379", AsOf: at}},
	}
}

// add adds a service of n instances that answer well.
func (m *made) add(name string, n int, depends ...string) {
	s := fleet.Service{Ref: fleet.Ref{Context: "prod", Source: "etcd", Name: name}, DependsOn: depends}
	for i := range n {
		id := fmt.Sprintf("%s-%d", name, i+1)
		s.Instances = append(s.Instances, fleet.Instance{ID: id, Addr: fmt.Sprintf("127.0.0.1:%d", 9100+i), Version: "2.4.1", Zone: string(rune('a' + i%2))})
		m.answer(id, probe.Pass, "", "", 3*time.Millisecond)
	}
	m.services = append(m.services, s)
}

// answer says what comes of asking an instance.
func (m *made) answer(id string, o probe.Outcome, why probe.Reason, detail string, took time.Duration) {
	m.answers[id] = probe.Result{
		Target: probe.Target{Kind: probe.HTTP, Address: "127.0.0.1:9100", Path: "/health", Named: true}, Outcome: o, Reason: why, Detail: detail,
		At: at, Took: took, Attempts: 1, Answered: why != probe.ReasonTimeout && why != probe.ReasonRefused,
		Phases: []probe.Phase{{Name: "dial", Took: 400 * time.Microsecond}, {Name: "wait", Took: took / 2}},
		Trace:  []string{"GET /health"},
	}
}

func (m *made) snapshot() *fleet.Snapshot {
	for i := range m.services {
		for k := range m.services[i].Instances {
			if c, ok := m.claims[m.services[i].Instances[k].ID]; ok {
				m.services[i].Instances[k].Claimed = &c
			}
		}
	}
	return judge.Assemble(judge.Parts{
		Seq: 1, Context: "prod", At: at, Took: 210 * time.Millisecond, Services: m.services, Sources: m.sources,
		Evidence: func(_ *fleet.Service, in *fleet.Instance) judge.Evidence {
			return judge.Evidence{
				Probes: []probe.Result{m.answers[in.ID]},
				Plan: fleet.Plan{Profile: "spring", Origins: []fleet.Origin{
					{What: "profile", Value: "spring", From: `label "profile"`}, {What: "path", Value: "/health", From: "guess"},
				}},
			}
		},
	})
}

// well is a fleet in which nothing is wrong.
func well() *fleet.Snapshot {
	m := fresh()
	for name, n := range map[string]int{"user": 3, "order": 4, "payment": 3, "inventory": 2, "gateway": 1, "catalogue": 1} {
		m.add(name, n)
	}
	m.sources = append(m.sources, fleet.SourceView{Context: "prod", Name: "consul", AsOf: at})
	return m.snapshot()
}

// broken is the fleet of the sketches: payment is down and blocks two others,
// one is unknown, two are well, and a registry does not answer.
func broken() *fleet.Snapshot {
	m := fresh()
	m.add("payment", 3)
	m.add("order", 4, "payment")
	m.add("gateway", 2, "order")
	m.add("inventory", 2)
	m.add("user", 2)
	m.add("catalogue", 1)
	m.answer("payment-2", probe.Fail, probe.ReasonTimeout, "no answer in 2 s", 2*time.Second)
	m.answer("payment-3", probe.Fail, probe.ReasonRefused, "127.0.0.1:9103 refuses connections", time.Millisecond)
	for _, id := range []string{"inventory-1", "inventory-2"} {
		m.answer(id, probe.Unknown, probe.ReasonAuth, `401 at /health: no credentials in profile "spring"`, 2*time.Millisecond)
	}
	m.answer("order-3", probe.Warn, probe.ReasonSlow, "1.4 s, slow is above 1 s", 1400*time.Millisecond)
	m.sources = append(m.sources, fleet.SourceView{
		Context: "prod", Name: "consul", AsOf: at.Add(-40 * time.Second), Reason: probe.ReasonRefused,
		Detail: "127.0.0.1:8500 refuses connections", Hint: "is consul running?", Since: at.Add(-38 * time.Second),
	})
	return m.snapshot()
}

// drained is a fleet that is well, with something taken out and something
// degraded and flaky.
func degraded() *fleet.Snapshot {
	m := fresh()
	m.add("payment", 3)
	m.add("user", 2)
	m.claims["payment-1"] = fleet.Maintenance
	m.answer("user-2", probe.Warn, probe.ReasonSlow, "1.4 s, slow is above 1 s", 1400*time.Millisecond)
	r := m.answers["user-1"]
	r.Flaky, r.Attempts = true, 2
	m.answers["user-1"] = r
	return m.snapshot()
}

// silent is a fleet that is well, under a registry that does not answer.
func silent() *fleet.Snapshot {
	m := fresh()
	m.add("user", 2)
	m.sources[0].Reason, m.sources[0].Detail, m.sources[0].Hint = probe.ReasonTimeout, "no answer in 2 s", "midwatch doctor"
	m.sources[0].AsOf = at.Add(-72 * time.Second)
	return m.snapshot()
}

// hostile has what a hostile service would put everywhere.
func hostile(text string) *fleet.Snapshot {
	m := fresh()
	m.add(text, 2, text+"2")
	m.add(text+"2", 1)
	m.sources = append(m.sources, fleet.SourceView{Name: text, Reason: probe.ReasonProtocol, Detail: text, Hint: text, Vantage: text, Warnings: []fleet.Warning{{Where: text, Detail: text}}})
	for i := range m.services {
		s := &m.services[i]
		s.Namespace, s.Labels = text, map[string]string{text: text}
		for k := range s.Instances {
			in := &s.Instances[k]
			in.Addr, in.Zone, in.Version, in.ClaimNote, in.Labels = text, text, text, text, map[string]string{text: text}
			r := m.answers[in.ID]
			r.Outcome, r.Reason, r.Detail, r.Excerpt, r.Trace, r.Target.Path = probe.Fail, probe.ReasonBody, text, text, []string{text}, text
			m.answers[in.ID] = r
		}
	}
	snap := m.snapshot()
	for i := range snap.Services {
		for k := range snap.Services[i].Instances {
			snap.Services[i].Instances[k].Scrape = fleet.Scrape{URL: text, Form: text, Why: fleet.Why{Reason: probe.ReasonBody, Detail: text}}
		}
	}
	return snap
}

func judged(s *fleet.Snapshot, rules gate.Rules) render.Judged {
	v := gate.Check(s, rules)
	code := map[gate.Outcome]int{gate.Passed: 0, gate.Failed: 1, gate.Unknown: 3}[v.Outcome]
	return render.Judged{Document: document.Check(s, v, code, false), Snapshot: s, Verdict: v, ExitCode: code}
}
