package judge_test

import (
	"testing"

	"github.com/midwatch-cli/midwatch/fleet"
	"github.com/midwatch-cli/midwatch/fleet/judge"
	"github.com/midwatch-cli/midwatch/probe"
	"github.com/midwatch-cli/midwatch/probe/health"
)

var (
	up          = fleet.Up
	down        = fleet.Down
	maintenance = fleet.Maintenance
	unknown     = fleet.Unknown
	degraded    = fleet.Degraded
)

func answer(o probe.Outcome, reason probe.Reason, detail string) probe.Result {
	return probe.Result{Target: probe.Target{Kind: probe.HTTP}, Outcome: o, Reason: reason, Detail: detail}
}

var (
	pass     = answer(probe.Pass, "", "200 at /health")
	fail     = answer(probe.Fail, probe.ReasonTimeout, "no answer in 2s")
	doubt    = answer(probe.Unknown, probe.ReasonAuth, "401 at /health")
	warn     = answer(probe.Warn, probe.ReasonSlow, "answered in 1.4s")
	leaving  = withVerdict(answer(probe.Fail, probe.ReasonDraining, "503"), health.Verdict{Draining: true})
	openPay  = fleet.Breaker{Name: "payment", State: fleet.BreakerOpen}
	forced   = fleet.Breaker{Name: "stock", State: fleet.BreakerForcedOpen}
	halfOpen = fleet.Breaker{Name: "user", State: fleet.BreakerHalfOpen}
)

func withVerdict(r probe.Result, v health.Verdict) probe.Result {
	r.Health = v
	return r
}

func because(r fleet.Reason, detail string) fleet.Why { return fleet.Why{Reason: r, Detail: detail} }

// TestJudge quotes the table "From outcomes to an instance's status" row by row.
func TestJudge(t *testing.T) {
	for _, tt := range []struct {
		row      string
		claimed  *fleet.Status
		probes   []probe.Result
		breakers []fleet.Breaker
		want     fleet.Status
		why      fleet.Why
	}{
		// | maintenance or draining, or explicit Draining in the answer | any | maintenance (`draining`) |
		{"maintenance | pass", &maintenance, []probe.Result{pass}, nil, maintenance, because("draining", "the registry has it in maintenance")},
		{"maintenance | fail", &maintenance, []probe.Result{fail}, nil, maintenance, because("draining", "the registry has it in maintenance")},
		{"maintenance | unknown", &maintenance, []probe.Result{doubt}, nil, maintenance, because("draining", "the registry has it in maintenance")},
		{"maintenance | warn, breaker", &maintenance, []probe.Result{warn}, []fleet.Breaker{openPay}, maintenance, because("draining", "the registry has it in maintenance")},
		{"maintenance | not asked", &maintenance, nil, nil, maintenance, because("draining", "the registry has it in maintenance")},
		{"up | draining in the answer", &up, []probe.Result{leaving}, nil, maintenance, because("draining", "it says that it is leaving")},
		{"down | draining in the answer", &down, []probe.Result{leaving}, nil, maintenance, because("draining", "it says that it is leaving")},
		{"nothing | draining in the second answer", nil, []probe.Result{fail, leaving}, nil, maintenance, because("draining", "it says that it is leaving")},
		// | any | fail | down |
		{"nothing | fail", nil, []probe.Result{fail}, nil, down, because("timeout", "no answer in 2s")},
		{"up | fail", &up, []probe.Result{fail}, nil, down, because("timeout", "no answer in 2s")},
		{"down | fail", &down, []probe.Result{fail}, nil, down, because("timeout", "no answer in 2s")},
		{"degraded | fail", &degraded, []probe.Result{fail}, nil, down, because("timeout", "no answer in 2s")},
		{"unknown | fail", &unknown, []probe.Result{fail}, nil, down, because("timeout", "no answer in 2s")},
		{"nothing | fail, breaker", nil, []probe.Result{fail}, []fleet.Breaker{openPay}, down, because("timeout", "no answer in 2s")},
		{"nothing | fail first, then pass", nil, []probe.Result{fail, pass}, nil, down, because("timeout", "no answer in 2s")},
		// | down | unknown | down (`claimed`) |
		{"down | unknown", &down, []probe.Result{doubt}, nil, down, because("claimed", "the registry says down, asking it settled nothing: 401 at /health")},
		{"down | not asked", &down, nil, nil, down, because("claimed", "the registry says down, asking it settled nothing: it was not asked")},
		// | other or nothing | unknown | unknown |
		{"nothing | unknown", nil, []probe.Result{doubt}, nil, unknown, because("auth", "401 at /health")},
		{"up | unknown", &up, []probe.Result{doubt}, nil, unknown, because("auth", "401 at /health")},
		{"degraded | unknown", &degraded, []probe.Result{doubt}, nil, unknown, because("auth", "401 at /health")},
		{"unknown | unknown", &unknown, []probe.Result{doubt}, nil, unknown, because("auth", "401 at /health")},
		{"nothing | unknown, breaker", nil, []probe.Result{doubt}, []fleet.Breaker{openPay}, unknown, because("auth", "401 at /health")},
		{"nothing | not asked", nil, nil, nil, unknown, because("unasked", "it was not asked")},
		// | down | pass | degraded (`claimed`: the registry would not send it calls) |
		{"down | pass", &down, []probe.Result{pass}, nil, degraded, because("claimed", "it answers well, the registry would not send it calls")},
		{"down | pass, breaker", &down, []probe.Result{pass}, []fleet.Breaker{openPay}, degraded, because("claimed", "it answers well, the registry would not send it calls")},
		// | any | warn, or one of its own breakers open | degraded |
		{"nothing | warn", nil, []probe.Result{warn}, nil, degraded, because("slow", "answered in 1.4s")},
		{"up | warn", &up, []probe.Result{warn}, nil, degraded, because("slow", "answered in 1.4s")},
		{"down | warn", &down, []probe.Result{warn}, nil, degraded, because("slow", "answered in 1.4s")},
		{"nothing | pass, breaker open", nil, []probe.Result{pass}, []fleet.Breaker{halfOpen, openPay}, degraded, because("breaker", "breaker payment open")},
		{"up | pass, breaker forced open", &up, []probe.Result{pass}, []fleet.Breaker{forced, openPay}, degraded, because("breaker", "breaker stock forced open, breaker payment open")},
		{"nothing | pass, breaker held", nil, []probe.Result{pass}, []fleet.Breaker{{Name: "stock", State: fleet.BreakerForcedOpen, Share: 0.3, Hold: fleet.Hold{By: "oncall-1", Reason: "db move"}}}, degraded, because("breaker", `breaker stock forced open for 30% of calls (oncall-1: "db move")`)},
		{"up | warn, breaker open", &up, []probe.Result{warn}, []fleet.Breaker{openPay}, degraded, because("slow", "answered in 1.4s")},
		// | any | pass | up |
		{"nothing | pass", nil, []probe.Result{pass}, nil, up, fleet.Why{}},
		{"up | pass", &up, []probe.Result{pass}, nil, up, fleet.Why{}},
		{"unknown | pass", &unknown, []probe.Result{pass}, nil, up, fleet.Why{}},
		{"degraded | pass", &degraded, []probe.Result{pass}, nil, up, fleet.Why{}},
		{"nothing | pass, breaker half open", nil, []probe.Result{pass}, []fleet.Breaker{halfOpen}, up, fleet.Why{}},
	} {
		t.Run(tt.row, func(t *testing.T) {
			got, why := judge.Instance(tt.claimed, tt.probes, tt.breakers)
			if got != tt.want || why != tt.why {
				t.Errorf("got %v %+v\nwant %v %+v", got, why, tt.want, tt.why)
			}
		})
	}
}

// TestJudgeIsTotal walks over every combination there is: a status always comes
// out, up only when nothing speaks against it, and never without evidence.
func TestJudgeIsTotal(t *testing.T) {
	claims := []*fleet.Status{nil, &up, &maintenance, &unknown, &degraded, &down}
	for _, claimed := range claims {
		for _, o := range []probe.Outcome{probe.Unknown, probe.Pass, probe.Warn, probe.Fail} {
			for _, b := range [][]fleet.Breaker{nil, {openPay}, {halfOpen}} {
				got, why := judge.Instance(claimed, []probe.Result{answer(o, "x", "y")}, b)
				if got < fleet.Up || got > fleet.Down {
					t.Errorf("%v %v: no status", claimed, o)
				}
				if (got == fleet.Up) != (why == fleet.Why{}) {
					t.Errorf("%v %v: %v because %+v", claimed, o, got, why)
				}
				if got == fleet.Up && o != probe.Pass {
					t.Errorf("%v %v: up", claimed, o)
				}
				if got == fleet.Down && o != probe.Fail && (claimed == nil || *claimed != fleet.Down) {
					t.Errorf("%v %v: down without anybody saying so", claimed, o)
				}
			}
		}
	}
}

func TestJudgeTCP(t *testing.T) {
	port := func(named bool, o probe.Outcome) []probe.Result {
		return []probe.Result{{Target: probe.Target{Kind: probe.TCP, Named: named}, Outcome: o, Reason: map[probe.Outcome]probe.Reason{probe.Fail: probe.ReasonRefused}[o]}}
	}
	for _, tt := range []struct {
		name   string
		probes []probe.Result
		want   fleet.Status
		reason fleet.Reason
	}{
		{"a port alone proves nothing", port(false, probe.Pass), unknown, probe.ReasonTCPOnly},
		{"unless its profile says so", port(true, probe.Pass), up, ""},
		{"a closed port proves enough", port(false, probe.Fail), down, probe.ReasonRefused},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if got, why := judge.Instance(nil, tt.probes, nil); got != tt.want || why.Reason != tt.reason {
				t.Errorf("got %v %+v", got, why)
			}
		})
	}
}

// TestOnlyAPortAnswers is a bug that was: of a server that speaks neither HTTP
// nor gRPC it was said that its answer is not HTTP, which is true of a guess and
// no reason. The other rows of the table stand beside it.
func TestOnlyAPortAnswers(t *testing.T) {
	said := func(kind probe.Kind, o probe.Outcome, reason probe.Reason, detail string) probe.Result {
		return probe.Result{Target: probe.Target{Kind: kind}, Outcome: o, Reason: reason, Detail: detail, Answered: reason != probe.ReasonClosed && reason != probe.ReasonTimeout}
	}
	accepts := said(probe.TCP, probe.Pass, "", "")
	foreign := said(probe.HTTP, probe.Unknown, probe.ReasonProtocol, `not HTTP: the answer begins "SSH-2.0"`)
	neither := said(probe.GRPC, probe.Unknown, probe.ReasonProtocol, "it does not speak HTTP/2")
	named := foreign
	named.Target.Named = true
	for _, tt := range []struct {
		name   string
		probes []probe.Result
		want   fleet.Status
		why    fleet.Why
	}{
		{
			"neither HTTP nor gRPC",
			[]probe.Result{foreign, foreign, neither, accepts},
			unknown,
			fleet.Why{Reason: probe.ReasonTCPOnly, Detail: `only its port answers (not HTTP: the answer begins "SSH-2.0"): set health_path, or probe: tcp in its profile`},
		},
		{"the port was not asked", []probe.Result{foreign, neither}, unknown, fleet.Why{Reason: probe.ReasonProtocol, Detail: foreign.Detail}},
		{"somebody named the path", []probe.Result{named, accepts}, unknown, fleet.Why{Reason: probe.ReasonProtocol, Detail: foreign.Detail}},
		{
			"HTTP without that path",
			[]probe.Result{said(probe.HTTP, probe.Unknown, probe.ReasonNotFound, "404"), neither, accepts},
			unknown,
			fleet.Why{Reason: probe.ReasonNotFound, Detail: "404"},
		},
		{
			"it speaks TLS",
			[]probe.Result{said(probe.HTTP, probe.Unknown, probe.ReasonScheme, "TLS"), neither, accepts},
			unknown,
			fleet.Why{Reason: probe.ReasonScheme, Detail: "TLS"},
		},
		{
			"it hangs up",
			[]probe.Result{said(probe.HTTP, probe.Fail, probe.ReasonClosed, "closed"), said(probe.GRPC, probe.Fail, probe.ReasonClosed, "closed"), accepts},
			down,
			fleet.Why{Reason: probe.ReasonClosed, Detail: "closed"},
		},
		{"it is silent", []probe.Result{said(probe.HTTP, probe.Fail, probe.ReasonTimeout, "late")}, down, fleet.Why{Reason: probe.ReasonTimeout, Detail: "late"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if got, why := judge.Instance(nil, judge.Decide(false, tt.probes), nil); got != tt.want || why != tt.why {
				t.Errorf("got %v %+v, want %v %+v", got, why, tt.want, tt.why)
			}
		})
	}
}

func TestJudgeNamesComponents(t *testing.T) {
	parts := []health.Component{
		{Name: "cache", Word: health.Warn, Text: "degraded"},
		{Name: "db", Word: health.Ill, Text: "DOWN"},
		{Name: "disk", Word: health.Well, Text: "UP"},
		{Name: "mail", Word: health.Ill, Text: "DOWN"},
		{Name: "queue", Word: health.Ill, Text: "DOWN"},
	}
	bad := withVerdict(answer(probe.Fail, probe.ReasonReported, "503 DOWN at /health"), health.Verdict{Components: parts})
	if got, why := judge.Instance(nil, []probe.Result{bad}, nil); got != down ||
		why != because("reported", "503 DOWN at /health: cache degraded, db DOWN, mail DOWN, 1 more") {
		t.Errorf("got %v %+v", got, why)
	}
	// A component that is down under a good word is shown and changes nothing.
	lie := withVerdict(pass, health.Verdict{Lie: true, Components: parts[1:3]})
	if got, why := judge.Instance(nil, []probe.Result{lie}, nil); got != up || why != because("component", "db DOWN") {
		t.Errorf("got %v %+v", got, why)
	}
	// What the prober already said is not said twice.
	said := withVerdict(answer(probe.Warn, probe.ReasonComponent, "db DOWN under a good word"), health.Verdict{Components: parts[1:2]})
	if _, why := judge.Instance(nil, []probe.Result{said}, nil); why.Detail != "db DOWN under a good word" {
		t.Errorf("got %+v", why)
	}
}

func TestDecide(t *testing.T) {
	named := func(name string, r probe.Result) probe.Result { r.Target.Path = name; return r }
	answered := func(r probe.Result) probe.Result { r.Answered = true; return r }
	notFound := answered(answer(probe.Unknown, probe.ReasonNotFound, "404"))
	tcp := probe.Result{Target: probe.Target{Kind: probe.TCP}, Outcome: probe.Pass, Answered: true}
	for _, tt := range []struct {
		name  string
		every bool
		in    []probe.Result
		want  string
	}{
		{"nothing", false, nil, ""},
		{"the first that speaks", false, []probe.Result{named("a", notFound), named("b", pass), named("c", answered(fail))}, "bac"},
		{"an answer before silence", false, []probe.Result{named("a", fail), named("b", pass)}, "ba"},
		{"silence before a missing path", false, []probe.Result{named("a", notFound), named("b", fail)}, "ba"},
		{"of doubts, missing credentials", false, []probe.Result{named("a", notFound), named("b", doubt)}, "ba"},
		{"of doubts, one that answers everything alike", false, []probe.Result{named("a", notFound), named("b", answer(probe.Unknown, probe.ReasonAlike, ""))}, "ba"},
		{"of doubts, an answer before an open port", false, []probe.Result{named("a", tcp), named("b", notFound)}, "ba"},
		{"of doubts, a page before a missing path", false, []probe.Result{named("a", notFound), named("b", answered(answer(probe.Unknown, probe.ReasonPage, "")))}, "ba"},
		{"an open port before nothing", false, []probe.Result{named("a", answer(probe.Unknown, probe.ReasonProtocol, "")), named("b", tcp)}, "ba"},
		{"the first of equals", false, []probe.Result{named("a", pass), named("b", answered(fail))}, "ab"},
		{"every: the worst", true, []probe.Result{named("a", pass), named("b", warn), named("c", fail), named("d", doubt)}, "cabd"},
		{"every: a warning before a doubt", true, []probe.Result{named("a", doubt), named("b", warn)}, "ba"},
		{"every: a doubt before a pass", true, []probe.Result{named("a", pass), named("b", doubt)}, "ba"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			var got string
			for _, r := range judge.Decide(tt.every, tt.in) {
				got += r.Target.Path
			}
			if got != tt.want {
				t.Errorf("got %s, want %s", got, tt.want)
			}
		})
	}
}

// A server with no health page answered the gRPC guess in HTTP/1.1: "set
// probe" would be the wrong advice.
func TestWrongGuessOfGRPCSaysLessThanNoPath(t *testing.T) {
	missing := probe.Result{Target: probe.Target{Kind: probe.HTTP, Path: "/health"}, Reason: probe.ReasonNotFound, Detail: "404: no such path", Answered: true}
	foreign := probe.Result{Target: probe.Target{Kind: probe.GRPC}, Reason: probe.ReasonProtocol, Detail: "it does not speak HTTP/2", Answered: true}
	if first := judge.Decide(false, []probe.Result{missing, foreign})[0]; first.Reason != probe.ReasonNotFound {
		t.Errorf("%s decides, want what HTTP said", first.Reason)
	}
	foreign.Target.Named = true
	if first := judge.Decide(false, []probe.Result{missing, foreign})[0]; first.Reason != probe.ReasonProtocol {
		t.Errorf("%s decides, want the probe that was named", first.Reason)
	}
}
