package document_test

import (
	"encoding/json"
	"fmt"
	"math"
	"math/rand/v2"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/midwatch-cli/midwatch/fleet"
	"github.com/midwatch-cli/midwatch/fleet/change"
	"github.com/midwatch-cli/midwatch/fleet/document"
	"github.com/midwatch-cli/midwatch/fleet/document/kinds"
	"github.com/midwatch-cli/midwatch/fleet/document/measured"
	"github.com/midwatch-cli/midwatch/fleet/gate"
	"github.com/midwatch-cli/midwatch/fleet/metrics"
	"github.com/midwatch-cli/midwatch/fleet/metrics/red"
	"github.com/midwatch-cli/midwatch/probe"
	"github.com/midwatch-cli/midwatch/probe/health"
)

// hostile are texts as a service, a registry or an operator may give them.
var hostile = []string{
	"", "payment", "\x1b[2J\x1b]0;x\a", "::error::x", "##vso[task.complete]", "a\nb\r\tc", "\x00", "\xff\xfe broken", "</script>&<b>",
	"\u2028\u202e", "ünïcödé 日本", `"quoted" \back\`, "null", "1e999", strings.Repeat("x", 5000),
}

// dice makes whatever a snapshot may hold.
type dice struct {
	*rand.Rand
	none float64 // stands for a rate that nobody gives
}

func (d dice) text() string { return hostile[d.IntN(len(hostile))] }

func (d dice) chance() bool { return d.IntN(2) == 0 }

func (d dice) texts() (list []string) {
	for range d.IntN(4) {
		list = append(list, d.text())
	}
	return list
}

func (d dice) pairs() map[string]string {
	if d.chance() {
		return nil
	}
	m := map[string]string{}
	for range d.IntN(4) {
		m[d.text()] = d.text()
	}
	return m
}

func (d dice) time() time.Time {
	if d.chance() {
		return time.Time{}
	}
	return at.Add(time.Duration(d.Int64N(int64(1e6 * time.Second)))).In(time.FixedZone("odd", d.IntN(20*3600)-10*3600))
}

func (d dice) took() time.Duration { return time.Duration(d.Int64N(int64(time.Hour))) }

func (d dice) ref() fleet.Ref {
	return fleet.Ref{Context: d.text(), Source: d.text(), Namespace: d.text(), Name: d.text()}
}

func (d dice) refs() (list []fleet.Ref) {
	for range d.IntN(3) {
		list = append(list, d.ref())
	}
	return list
}

func (d dice) why() fleet.Why { return fleet.Why{Reason: fleet.Reason(d.text()), Detail: d.text()} }

func (d dice) status() fleet.Status { return fleet.Status(d.IntN(int(fleet.Down) + 1)) }

func (d dice) warnings() (list []fleet.Warning) {
	for range d.IntN(3) {
		list = append(list, fleet.Warning{Where: d.text(), Detail: d.text()})
	}
	return list
}

func (d dice) probe() probe.Result {
	r := probe.Result{
		Target:  probe.Target{Kind: []probe.Kind{probe.HTTP, probe.GRPC, probe.TCP, probe.TLS, probe.DNS}[d.IntN(5)], Address: d.text(), Path: d.text()},
		Outcome: probe.Outcome(d.IntN(4)), Reason: fleet.Reason(d.text()), Detail: d.text(), Code: d.IntN(600), At: d.time(), Took: d.took(),
		Excerpt: d.text(), Answered: d.chance(), Attempts: d.IntN(4), Flaky: d.chance(), Expires: d.time(), Skew: d.took() - 30*time.Minute, Trace: d.texts(),
	}
	for _, name := range []string{"resolve", "dial", "tls", "wait", "wait"}[d.IntN(5):] {
		r.Phases = append(r.Phases, probe.Phase{Name: name, Took: d.took()})
	}
	if d.chance() {
		r.Health = health.Verdict{Dialect: d.text(), Word: health.Word(d.IntN(5)), Text: d.text(), Detail: d.text(), Draining: d.chance(), Starting: d.chance()}
		for range d.IntN(3) {
			r.Health.Components = append(r.Health.Components, health.Component{Name: d.text(), Word: health.Word(d.IntN(5)), Text: d.text(), Detail: d.text()})
		}
	}
	return r
}

func (d dice) service() fleet.ServiceView {
	v := fleet.ServiceView{
		Ref: d.ref(), Labels: d.pairs(), DependsOn: d.texts(), Status: d.status(), Why: d.why(), Serving: d.IntN(5), BlockedBy: d.refs(),
	}
	for i := range d.IntN(4) {
		in := fleet.InstanceView{Key: fleet.Key{Ref: v.Ref, Instance: fmt.Sprint(i)}, Status: d.status(), Why: d.why(), Attempts: d.IntN(4), Flaky: d.chance()}
		in.Instance = fleet.Instance{
			ID: fmt.Sprint(i), Addr: d.text(), Zone: d.text(), Version: d.text(), Weight: d.IntN(100), ClaimNote: d.text(),
			Labels: d.pairs(), Endpoints: d.pairs(), LastSeen: d.time(), Lease: d.took() - 30*time.Minute,
		}
		if d.chance() {
			claimed := d.status()
			in.Claimed = &claimed
		}
		for range d.IntN(3) {
			in.Probes = append(in.Probes, d.probe())
		}
		for range d.IntN(3) {
			in.Breakers = append(in.Breakers, d.breaker())
		}
		if d.chance() {
			in.BreakersWhy, in.BreakersHint = d.why(), d.text()
		}
		in.Plan = fleet.Plan{Profile: d.text(), Origins: []fleet.Origin{{What: d.text(), Value: d.text(), From: d.text()}}}
		v.Instances = append(v.Instances, in)
	}
	return v
}

func (d dice) breaker() fleet.Breaker {
	rates := []float64{d.none, 0, 1, d.Float64(), math.Inf(1), 1e-9}
	return fleet.Breaker{
		Name: d.text(), State: fleet.BreakerState(d.IntN(len(fleet.BreakerStates()))), Observed: fleet.BreakerState(d.IntN(len(fleet.BreakerStates()))),
		Share: d.Float64() * 1.5, FailureRate: rates[d.IntN(len(rates))], SlowRate: rates[d.IntN(len(rates))],
		Calls: d.Int64N(1000) - 1, Rejected: d.Int64N(1<<40) - 1, Since: d.time(), API: d.text(), Verbs: fleet.Verbs()[:d.IntN(4)],
		Hold: fleet.Hold{By: d.text(), Reason: d.text(), Change: d.text(), Until: d.time()},
	}
}

func (d dice) snapshot() *fleet.Snapshot {
	s := &fleet.Snapshot{Seq: d.Uint64N(1 << 40), Context: d.text(), At: d.time(), Took: d.took(), Warnings: d.warnings()}
	for range d.IntN(4) {
		s.Services = append(s.Services, d.service())
	}
	for range d.IntN(3) {
		s.Sources = append(s.Sources, fleet.SourceView{
			Context: d.text(), Name: d.text(), URL: d.text(), AsOf: d.time(), Reason: fleet.Reason(d.text()), Detail: d.text(), Hint: d.text(),
			Since: d.time(), HasHealth: d.chance(), Services: d.IntN(9), Instances: d.IntN(9), Warnings: d.warnings(), Vantage: d.text(),
		})
		s.Roots = append(s.Roots, fleet.Root{Ref: d.ref(), Cycle: d.refs(), Victims: d.refs()})
	}
	return s
}

func (d dice) verdict() gate.Verdict {
	v := gate.Verdict{Outcome: []gate.Outcome{gate.Passed, gate.Unknown, gate.Failed}[d.IntN(3)], Headline: d.text()}
	for range d.IntN(3) {
		v.Findings = append(v.Findings, gate.Finding{Outcome: gate.Failed, Reason: fleet.Reason(d.text()), Key: fleet.Key{Ref: d.ref(), Instance: d.text()}, Text: d.text(), Hint: d.text()})
		v.Ignored = append(v.Ignored, gate.Ignored{Key: fleet.Key{Ref: d.ref()}, Reason: d.text()})
		value := gate.Value{Key: fleet.Key{Ref: d.ref(), Instance: d.text()}, Labels: metrics.NewLabels(d.text(), d.text(), d.text(), d.text()), V: d.Float64(), Op: d.text(), Limit: math.Inf(d.IntN(3) - 1)}
		m := gate.Measured{
			Query: d.text(), Flag: d.text(), At: d.time(), Known: d.chance(), Holds: d.chance(), Text: d.text(), Reason: fleet.Reason(d.text()), Hint: d.text(), Values: []gate.Value{value},
			Lacking: d.texts(), Warnings: d.texts(), Series: d.IntN(3) - 1, Samples: d.IntN(3) - 1,
		}
		v.Queries = append(v.Queries, m)
		v.Findings = append(v.Findings, gate.Finding{Outcome: gate.Failed, Text: d.text(), Query: &m, Value: &value})
	}
	return v
}

func (d dice) plan() (change.Plan, []change.Result) {
	p := change.Plan{Context: d.text()}
	var results []change.Result
	states := []change.State{change.Done, change.Failed, change.Unknown, change.NotDone}
	for i := range d.IntN(4) {
		target := change.Target{Source: d.text(), Namespace: d.text(), Service: d.text(), Instance: d.text()}
		p.Steps = append(p.Steps, change.Step{Intent: change.Intent{Kind: d.text(), Context: d.text(), Target: target}, What: d.text(), Was: d.text(), Will: d.text(), SideEffects: d.texts()})
		if d.chance() && len(results) == i {
			r := change.Result{Step: p.Steps[i], State: states[d.IntN(len(states))], Now: d.text(), Changed: d.chance()}
			if d.chance() {
				r.Err = fmt.Errorf("%s", d.text())
			}
			results = append(results, r)
		}
	}
	return p, results
}

// looked are changes as a journal may have them.
func (d dice) looked(p change.Plan) []document.Looked {
	b := &change.Batch{ID: d.text(), What: d.text(), At: d.time(), Until: d.time(), Reason: d.text(), Who: change.Who{User: d.text(), Host: d.text()}}
	for i, s := range p.Steps {
		b.Steps = append(b.Steps, change.Record{N: i, Intent: s.Intent, What: s.What, State: change.Intended, Error: d.text(), Ended: d.time()})
	}
	stands := change.Stands()
	return []document.Looked{{Batch: b, Stand: stands[d.IntN(len(stands))], Note: d.text()}}
}

// answer is one to any question.
func (d dice) answer() metrics.Answer {
	a := metrics.Answer{Kind: []metrics.Kind{metrics.Vector, metrics.Matrix, metrics.Scalar, metrics.String}[d.IntN(4)], Text: d.text(), Warnings: d.texts(), Infos: d.texts()}
	values := []float64{d.none, math.Inf(1), math.Inf(-1), d.Float64(), 1e300, -5e-324}
	for range d.IntN(3) {
		s := metrics.Series{Labels: metrics.NewLabels(d.text(), d.text(), d.text(), d.text())}
		for range d.IntN(3) {
			s.Points = append(s.Points, metrics.Point{T: d.Int64N(1<<41) - 1<<40, V: values[d.IntN(len(values))]})
			s.Histograms = append(s.Histograms, metrics.HistogramPoint{T: d.Int64N(1 << 41), Sum: values[d.IntN(len(values))], Buckets: []metrics.Bucket{{Upper: math.Inf(1), Count: 1}}})
		}
		a.Series = append(a.Series, s)
		a.Selected = append(a.Selected, metrics.Selected{Selector: d.text(), Series: d.IntN(3), Samples: d.IntN(3) - 1, Examples: []metrics.Labels{s.Labels}, Lacks: d.texts()})
	}
	return a
}

// red is what may be known of a service.
func (d dice) red() red.Row {
	value := func() red.Value {
		return red.Value{V: []float64{0, d.Float64(), d.none, math.Inf(1), 1e300}[d.IntN(5)], OK: d.chance(), Why: d.text(), Over: d.chance(), Approx: d.text()}
	}
	n := red.Numbers{Requests: value(), Rate: value(), Errors: value(), ClientErrors: value(), P50: value(), P95: value(), P99: value(), Mean: value(), Max: value()}
	return red.Row{
		Numbers: n, Signatures: []red.Used{{Signature: d.text(), Families: d.texts()}}, Views: []red.View{{Name: d.text(), Of: d.text(), Numbers: n}}, History: []red.Value{value()},
		Saturation: red.Saturation{CPU: value(), Pools: []red.Pool{{Kind: d.text(), Name: d.text(), Busy: value()}}}, First: d.time(), Last: d.time(), Restarts: d.IntN(3),
	}
}

// documents is one document of each kind that is made of a fleet.
func (d dice) documents() map[string]any {
	s := d.snapshot()
	p, results := d.plan()
	docs := map[string]any{
		"Check": document.Check(s, d.verdict(), d.IntN(4), d.chance()), "Wait": document.Wait(s, d.verdict(), 0, document.Waited{For: d.text(), HeldSeconds: document.SecondsOf(d.took())}),
		"Services": document.Services(s), "Instances": document.Instances(s, d.chance()), "Plan": document.Plan(d.time(), p, outcome(results), d.chance(), d.IntN(5)),
		"Doctor": document.Doctor(d.text(), d.time(), []document.DoctorStep{{Ref: document.RefOf(d.ref()), Result: "skipped", Detail: d.text()}}, nil),
	}
	var chosen []*fleet.InstanceView
	for i := range s.Services {
		for j := range s.Services[i].Instances {
			chosen = append(chosen, &s.Services[i].Instances[j])
		}
	}
	docs["Changes"] = document.Changes(d.text(), d.time(), d.looked(p), nil)
	docs["Breakers"] = breakers(s)
	docs["Query"] = measured.Query(measured.Asked{
		Context: d.text(), From: d.text(), Question: metrics.Question{Expr: d.text(), At: d.time()}, Answer: d.answer(), Snapshot: s, Why: d.why(), Hint: d.text(),
	})
	docs["Metrics"] = measured.Metrics(measured.Measured{
		Context: d.text(), At: d.time(), By: "service", Window: d.took(), Snapshot: s, Asked: d.chance(), Warnings: d.texts(),
		Rows: []measured.Line{{Key: fleet.Key{Ref: d.ref(), Instance: d.text()}, Row: d.red()}},
	})
	docs["Resolve"] = document.Resolve(s, chosen, d.text())
	e := fleet.Event{Seq: d.Uint64N(1 << 40), At: d.time(), Kind: fleet.EventStatus, From: d.text(), To: d.text(), Why: d.why(), Key: fleet.Key{Ref: d.ref()}}
	if len(chosen) > 0 {
		e.Key = chosen[0].Key
	}
	docs["Event"] = document.Event(e, d.snapshot(), s)
	return docs
}

// TestWhateverIsInTheFleet: documents of random fleets full of hostile texts
// are JSON, and hold their schema and the conventions.
func TestWhateverIsInTheFleet(t *testing.T) {
	schemas := map[string]map[string]any{}
	for _, k := range kinds.All() {
		schemas[k.Kind] = schema(t, k.Kind)
	}
	for seed := range uint64(60) {
		d := dice{rand.New(rand.NewPCG(seed, 1)), math.NaN()}
		for kind, doc := range d.documents() {
			raw, err := json.Marshal(doc)
			if err != nil {
				t.Fatalf("seed %d, %s: %v", seed, kind, err)
			}
			var v any
			if err := json.Unmarshal(raw, &v); err != nil {
				t.Fatalf("seed %d, %s: %v", seed, kind, err)
			}
			if why := violates(kind, schemas[kind], v); why != "" {
				t.Fatalf("seed %d: %s", seed, why)
			}
			if why := unconventional(kind, v); why != "" {
				t.Fatalf("seed %d: %s", seed, why)
			}
		}
	}
}

// unconventional says what of a value is not as the conventions want it,
// wherever it stands: names of fields, times in UTC, whole lists.
func unconventional(path string, v any) string {
	switch v := v.(type) {
	case []any:
		for i, item := range v {
			if why := unconventional(fmt.Sprintf("%s[%d]", path, i), item); why != "" {
				return why
			}
		}
	case map[string]any:
		if strings.HasSuffix(path, ".labels") || strings.HasSuffix(path, ".endpoints") || strings.HasSuffix(path, ".metric") {
			return "" // keys are the registry's
		}
		_, reason := v["reason"]
		if strings.HasSuffix(path, ".approximate") || strings.HasSuffix(path, ".why") && !reason || strings.Contains(path, ".examples[") {
			return "" // keys are names: of the fields beside it, or of labels
		}
		for name, field := range v {
			here := path + "." + name
			text, isText := field.(string)
			_, isNumber := field.(float64)
			switch name {
			case "at", "asOf", "since", "expires", "lastSeen", "until":
				if _, err := time.Parse("2006-01-02T15:04:05.000Z", text); isText && err != nil {
					return fmt.Sprintf("%s: %s", here, err)
				}
			case "items", "services", "roots", "victims", "cycle", "findings", "ignored", "sources", "warnings", "errors", "blockedBy", "dependsOn", "versions", "zones", "probes", "plan", "components", "trace", "sideEffects", "verbs", "breakers":
				if _, ok := field.([]any); !ok && !isNumber {
					return fmt.Sprintf("%s is %v", here, field)
				}
			case "labels", "endpoints", "phases":
				if _, ok := field.(map[string]any); !ok {
					return fmt.Sprintf("%s is %v", here, field)
				}
			}
			if strings.HasSuffix(name, "Seconds") && field != nil && !isNumber {
				return fmt.Sprintf("%s is %v", here, field)
			}
			if first := name[0]; first < 'a' || first > 'z' || strings.ContainsAny(name, "_- ") {
				return here + ": not the spelling of a field"
			}
			if why := unconventional(here, field); why != "" {
				return why
			}
		}
	}
	return ""
}

// TestCountsAddUp: whatever the statuses are, the five add up to the whole, and
// items are as many as there are instances.
func TestCountsAddUp(t *testing.T) {
	for seed := range uint64(40) {
		s := dice{rand.New(rand.NewPCG(seed, 2)), math.NaN()}.snapshot()
		doc := document.Instances(s, false)
		c, n := doc.Counts, 0
		for range doc.Items.All() {
			n++
		}
		if c.Up+c.Maintenance+c.Unknown+c.Degraded+c.Down != c.Instances || n != c.Instances || c.Answered > c.Instances || c.Services != len(s.Services) {
			t.Errorf("seed %d: %+v with %d items", seed, c, n)
		}
		if check := document.Check(s, gate.Verdict{}, 0, false); check.Counts != c || len(check.Services) != c.Services {
			t.Errorf("seed %d: check counts %+v", seed, check.Counts)
		}
	}
}

// TestDocumentsLeaveTheSnapshotAlone: a snapshot is frozen, and what documents
// hand out twice is twice the same.
func TestDocumentsLeaveTheSnapshotAlone(t *testing.T) {
	for seed := range uint64(20) {
		s := dice{Rand: rand.New(rand.NewPCG(seed, 3))}.snapshot() // without NaN, which is not equal to itself
		same := dice{Rand: rand.New(rand.NewPCG(seed, 3))}.snapshot()
		for _, doc := range []document.Document{document.Check(s, gate.Verdict{}, 0, true), document.Services(s), document.Instances(s, true)} {
			first, second := indented(t, doc), indented(t, doc)
			if !slices.Equal(first, second) {
				t.Errorf("seed %d: %T differs when it is written twice", seed, doc)
			}
			_, items := doc.Split()
			for item := range items {
				_ = item
			}
			if !slices.Equal(first, indented(t, doc)) {
				t.Errorf("seed %d: %T differs after it was split", seed, doc)
			}
		}
		if !reflect.DeepEqual(s, same) {
			t.Errorf("seed %d: the snapshot was written to", seed)
		}
	}
}
