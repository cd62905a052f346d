package document_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/midwatch-cli/midwatch/fleet"
	"github.com/midwatch-cli/midwatch/fleet/change"
	"github.com/midwatch-cli/midwatch/fleet/document"
	"github.com/midwatch-cli/midwatch/fleet/document/kinds"
	"github.com/midwatch-cli/midwatch/fleet/document/recorded"
	"github.com/midwatch-cli/midwatch/fleet/document/value"
	"github.com/midwatch-cli/midwatch/fleet/gate"
	"github.com/midwatch-cli/midwatch/probe"
	"github.com/midwatch-cli/midwatch/probe/health"
)

var update = flag.Bool("update", false, "write the golden files")

var at = time.Date(2026, 1, 2, 3, 4, 5, 678_000_000, time.UTC)

// example is the fleet of the contract: three services, fourteen instances, one
// of them down, and a registry that does not answer.
func example() *fleet.Snapshot {
	up := fleet.Up
	ref := func(name string) fleet.Ref { return fleet.Ref{Context: "prod", Source: "etcd", Name: name} }
	answered := probe.Result{
		Target: probe.Target{Kind: probe.HTTP, Address: "127.0.0.1:9001", Path: "/health"}, Outcome: probe.Pass, Code: 200, At: at,
		Took: 3 * time.Millisecond, Answered: true, Attempts: 1, Expires: at.AddDate(0, 1, 0), Trace: []string{"dialled 127.0.0.1:9001"},
		Phases: []probe.Phase{{Name: "dial", Took: 400 * time.Microsecond}, {Name: "wait", Took: 2 * time.Millisecond}},
		Health: health.Verdict{Dialect: "spring", Word: health.Well, Text: "UP", Components: []health.Component{{Name: "db", Word: health.Well, Text: "UP"}}},
	}
	hung := probe.Result{
		Target: probe.Target{Kind: probe.HTTP, Address: "127.0.0.1:9102", Path: "/health"}, Outcome: probe.Fail, Reason: probe.ReasonTimeout,
		Detail: "no answer in 2s", At: at, Took: 2 * time.Second, Attempts: 2, Phases: []probe.Phase{{Name: "dial", Took: 400 * time.Microsecond}},
	}
	service := func(name string, n int, depends ...string) fleet.ServiceView {
		v := fleet.ServiceView{Ref: ref(name), Status: fleet.Up, Serving: n, DependsOn: depends, Labels: map[string]string{"team": "shop"}}
		for i := range n {
			id := fmt.Sprintf("%s-%d", name, i+1)
			v.Instances = append(v.Instances, fleet.InstanceView{
				Key:      fleet.Key{Ref: v.Ref, Instance: id},
				Instance: fleet.Instance{ID: id, Addr: fmt.Sprintf("127.0.0.1:90%02d", i), Zone: "a", Version: "2.4.1", Labels: map[string]string{"zone": "a"}},
				Status:   fleet.Up, Probes: []probe.Result{answered}, Attempts: 1,
				Plan: fleet.Plan{Profile: "spring", Origins: []fleet.Origin{{What: "path", Value: "/health", From: "guess"}}},
			})
		}
		return v
	}
	payment := service("payment", 3)
	payment.Status, payment.Serving, payment.Why = fleet.Degraded, 2, fleet.Why{Reason: probe.ReasonTimeout, Detail: "payment-2"}
	second := &payment.Instances[1]
	second.Addr, second.Zone, second.Labels = "127.0.0.1:9102", "b", map[string]string{"zone": "b"}
	second.Status, second.Why = fleet.Down, fleet.Why{Reason: probe.ReasonTimeout, Detail: "no answer in 2s"}
	second.Probes, second.Attempts = []probe.Result{hung}, 2
	first := &payment.Instances[0]
	first.Claimed, first.ClaimNote, first.Weight, first.Lease, first.LastSeen = &up, "ttl check", 10, 8*time.Second, at.Add(-4*time.Second)
	first.Endpoints = map[string]string{"grpc": "127.0.0.1:9901"}
	order := service("order", 4, "payment")
	order.Status, order.BlockedBy, order.Why = fleet.Degraded, []fleet.Ref{ref("payment")}, fleet.Why{Reason: fleet.ReasonDependency, Detail: "waits for payment"}
	withBreakers(&order)
	return &fleet.Snapshot{
		Seq: 7, Context: "prod", At: at, Took: 210 * time.Millisecond,
		Services: []fleet.ServiceView{order, payment, service("user", 7)},
		Sources: []fleet.SourceView{
			{Context: "prod", Name: "etcd", URL: "etcd://127.0.0.1:2379", AsOf: at, Services: 3, Instances: 14, Warnings: []fleet.Warning{{Where: "payment/x", Detail: "no address"}}},
			{
				Context: "prod", Name: "consul", URL: "consul://127.0.0.1:8500", AsOf: at.Add(-40 * time.Second), Reason: probe.ReasonRefused,
				Detail: "connection refused", Hint: "is consul running?", Since: at.Add(-38 * time.Second), HasHealth: true,
			},
		},
		Roots:    []fleet.Root{{Ref: ref("payment"), Victims: []fleet.Ref{ref("order")}}},
		Warnings: []fleet.Warning{{Where: "order dependsOn", Detail: "stock is not known to any source"}},
	}
}

// documents is one document of every kind.
func documents() map[string]any {
	s := example()
	v := gate.Verdict{
		Outcome: gate.Failed,
		Findings: []gate.Finding{
			{Outcome: gate.Failed, Reason: probe.ReasonTimeout, Key: s.Services[1].Instances[1].Key, Text: "payment-2 no answer in 2s"},
			{Outcome: gate.Unknown, Reason: probe.ReasonRefused, Key: fleet.Key{Ref: fleet.Ref{Context: "prod", Source: "consul"}}, Text: "registry consul: connection refused", Hint: "is consul running?"},
		},
		Queries: queries(s),
		Ignored: []gate.Ignored{{Key: fleet.Key{Ref: s.Services[2].Ref}, Reason: "user: moving house"}},
	}
	v.Findings = append(v.Findings, v.Queries[0].Findings()...)
	v.Findings = append(v.Findings, v.Queries[2].Findings()...)
	plan := change.Plan{Context: "prod", Steps: []change.Step{{
		Intent: change.Intent{Kind: "register", Context: "prod", Target: change.Target{Source: "etcd", Service: "payment", Instance: "payment-4"}},
		What:   "register payment/payment-4 at 127.0.0.1:9104 in etcd", Was: "no entry", Will: "127.0.0.1:9104",
	}, {
		Intent: change.Intent{Kind: "deregister", Context: "prod", Target: change.Target{Source: "etcd", Service: "payment", Instance: "payment-2"}},
		What:   "deregister payment/payment-2 in etcd", Was: "127.0.0.1:9102", Will: "no entry", SideEffects: []string{"a living instance writes itself again"},
	}}}
	results := []change.Result{
		{Step: plan.Steps[0], State: change.Done, Now: "127.0.0.1:9104", Changed: true},
		{Step: plan.Steps[1], State: change.Failed, Now: "127.0.0.1:9102", Err: errors.New("it came back")},
	}
	return map[string]any{
		"BreakerEvents": document.BreakerEvents("prod", at, []document.BreakerEvent{{
			Ref: document.RefOf(s.Services[0].Ref), Instance: "order-1", Breaker: "payment", At: document.Time{Time: at.Add(-3 * time.Minute)},
			Event: "STATE_TRANSITION", From: "closed", To: "open", Text: "CLOSED_TO_OPEN",
		}}, nil),
		"Breakers": breakers(s),
		"Changes":  document.Changes("prod", at, []document.Looked{looked(plan)}, nil),
		"Check":    document.Check(s, v, 1, true),
		"Config": document.Config(at, []document.Problem{{
			File: "midwatch.yaml", Line: 7, Column: 3, Path: "contexts[1].registries[0].address", Detail: "not a URL", Hint: "such as etcd://127.0.0.1:2379",
		}}),
		"Contexts": document.Contexts(at, []document.Context{{Name: "prod", Chosen: true, Registries: []string{"etcd://127.0.0.1:2379"}, Protected: true}}),
		"Doctor": document.Doctor("prod", at, []document.DoctorStep{{
			Ref: document.RefOf(s.Services[1].Ref), Instance: "payment-2", Step: "http", Result: "failed", Reason: "timeout",
			Detail: "GET /health: no headers in 2 s", TookSeconds: document.SecondsOf(2 * time.Second), Hint: "midwatch instances payment",
		}}, nil),
		"Event":      document.Event(fleet.Event{Seq: 8, At: at, Kind: fleet.EventStatus, Key: s.Services[1].Instances[1].Key, From: "up", To: "down"}, nil, s),
		"Instances":  document.Instances(s, false),
		"Plan":       document.Plan(at, plan, outcome(results), false, 4),
		"Metrics":    measuredMetrics(s),
		"Query":      query(s),
		"Registries": document.Registries(at, []document.Registry{{Of: "services", Name: "etcd", Schemes: []string{"etcd", "etcds"}, Summary: "etcd 3", Abilities: []string{"watch"}, Verbs: []string{}, Options: []document.RegistryOption{{Name: "layout", Default: "auto", Help: "how entries are written"}}}}),
		"Replay":     replay(s),
		"Resolve":    document.Resolve(s, []*fleet.InstanceView{&s.Services[1].Instances[0]}, "p2c"),
		"Schemas":    kinds.Schemas(at),
		"Services":   document.Services(s),
		"Version":    document.Version(at, document.Build{Version: "1.4.0", Commit: "abc", Date: "2026-01-01T00:00:00Z", Go: "go1.26", OS: "linux", Arch: "amd64"}),
		"Wait":       document.Wait(s, gate.Verdict{Outcome: gate.Passed}, 0, document.Waited{For: "up", Done: true, HeldSeconds: 30, StableForSeconds: 30, Passes: 6, WaitedSeconds: 72.5}),
	}
}

// replay is what a recording of a fleet holds.
func replay(s *fleet.Snapshot) recorded.Doc {
	ill := document.Status("down")
	return recorded.Doc{
		Head: document.HeadOf("Replay", "prod", at), File: "incident.jsonl.zst", SizeBytes: 28_556, Version: "1.4.0", Contexts: []string{"prod"}, Selection: []string{"payment"},
		First: document.Time{Time: at.Add(-3 * time.Minute)}, Last: document.Time{Time: at}, IntervalSeconds: 5, Ended: "ended by interrupt",
		Counts: recorded.Counts{Passes: 37, Services: 1, Instances: 3, Events: 1, Series: 120, Samples: 4_440}, Events: map[string]int{"status": 1},
		Items:  value.ItemsOf([]recorded.Service{{Ref: document.RefOf(s.Services[1].Ref), Status: &ill, Up: 1, Total: 3, Events: 1, LastEvent: document.Time{Time: at}}}),
		Errors: document.Failures(s),
	}
}

func indented(t *testing.T, d any) []byte {
	t.Helper()
	b, err := json.MarshalIndent(d, "", "  ")
	if err != nil {
		t.Fatal(err)
	}
	return append(b, '\n')
}

func golden(t *testing.T, name string, got []byte) {
	t.Helper()
	path := filepath.Join("testdata", name)
	if *update {
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, got, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got, want) {
		t.Errorf("%s differs (-update writes it):\n%s", path, firstDifference(got, want))
	}
}

func firstDifference(got, want []byte) string {
	g, w := strings.Split(string(got), "\n"), strings.Split(string(want), "\n")
	for i := range g {
		if i >= len(w) || g[i] != w[i] {
			return fmt.Sprintf("line %d: got %q, want %q", i+1, g[i], slices.Concat(w, make([]string, len(g)))[i])
		}
	}
	return fmt.Sprintf("got %d lines, want %d", len(g), len(w))
}

func TestGoldenOfEveryKind(t *testing.T) {
	docs := documents()
	for _, k := range kinds.All() {
		d, ok := docs[k.Kind]
		if !ok {
			t.Errorf("no golden document of kind %s", k.Kind)
			continue
		}
		golden(t, k.Kind+".json", indented(t, d))
		s, err := kinds.Schema(k.Kind)
		if err != nil {
			t.Fatal(err)
		}
		golden(t, "schema/"+k.Kind+".json", append(s, '\n'))
	}
	if len(docs) != len(kinds.All()) {
		t.Errorf("%d golden documents for %d kinds", len(docs), len(kinds.All()))
	}
}

// contract is the example of the conventions, to the letter.
const contract = `{"apiVersion":"midwatch/v1","kind":"Check","context":"prod","at":"2026-01-02T03:04:05.678Z","tookSeconds":0.21,
 "verdict":"failed","exitCode":1,
 "counts":{"services":3,"instances":14,"up":13,"maintenance":0,"unknown":0,"degraded":0,"down":1,"answered":13},
 "items":[{"context":"prod","source":"etcd","namespace":"","service":"payment","instance":"payment-2","address":"127.0.0.1:9102","zone":"b","version":"2.4.1",
           "status":"down","claimed":null,"why":{"reason":"timeout","detail":"no answer in 2s"},
           "probes":[{"kind":"http","target":"http://127.0.0.1:9102/health","outcome":"fail","reason":"timeout","tookSeconds":2.0,"phases":{"dialSeconds":0.0004}}],
           "attempts":2,"flaky":false,"labels":{"zone":"b"}}],
 "services":[{"context":"prod","source":"etcd","namespace":"","service":"payment","status":"degraded","up":2,"total":3,"why":{"reason":"timeout","detail":"payment-2"},"blockedBy":[]}],
 "roots":[{"source":"etcd","namespace":"","service":"payment","victims":[{"source":"etcd","namespace":"","service":"order"}]}],
 "errors":[{"source":"consul","reason":"refused","detail":"connection refused"}]}`

func TestCheckHoldsTheContract(t *testing.T) {
	var want any
	if err := json.Unmarshal([]byte(contract), &want); err != nil {
		t.Fatal(err)
	}
	if why := missing("", want, decoded(t, documents()["Check"])); why != "" {
		t.Error(why)
	}
}

// missing says what of want is not in got. A list holds what some member of it
// holds.
func missing(path string, want, got any) string {
	switch w := want.(type) {
	case map[string]any:
		g, ok := got.(map[string]any)
		if !ok {
			return fmt.Sprintf("%s: got %v, want an object", path, got)
		}
		for k := range w {
			if _, ok := g[k]; !ok {
				return path + "." + k + " is not there"
			}
			if why := missing(path+"."+k, w[k], g[k]); why != "" {
				return why
			}
		}
	case []any:
		g, ok := got.([]any)
		if !ok {
			return fmt.Sprintf("%s: got %v, want a list", path, got)
		}
		for _, item := range w {
			why := path + " is empty"
			for _, candidate := range g {
				if why = missing(path+"[]", item, candidate); why == "" {
					break
				}
			}
			if why != "" {
				return why
			}
		}
		if len(w) == 0 && len(g) != 0 {
			return fmt.Sprintf("%s: got %v, want nothing", path, g)
		}
	default:
		if !reflect.DeepEqual(want, got) {
			return fmt.Sprintf("%s: got %v, want %v", path, got, want)
		}
	}
	return ""
}

func decoded(t *testing.T, d any) any {
	t.Helper()
	var v any
	if err := json.Unmarshal(indented(t, d), &v); err != nil {
		t.Fatal(err)
	}
	return v
}

func TestOuterFieldsOfEveryKind(t *testing.T) {
	for name, d := range documents() {
		v := decoded(t, d).(map[string]any)
		if v["apiVersion"] != "midwatch/v1" || v["kind"] != name {
			t.Errorf("%s: apiVersion %v, kind %v", name, v["apiVersion"], v["kind"])
		}
		if name == "Event" {
			continue // a watched line is an item
		}
		for _, field := range []string{"context", "counts", "items", "errors"} {
			if _, ok := v[field]; !ok {
				t.Errorf("%s has no %s", name, field)
			}
		}
		if _, ok := v["items"].([]any); !ok {
			t.Errorf("%s: items are %v", name, v["items"])
		}
	}
}

func TestWatchedItemIsAListedItem(t *testing.T) {
	s := example()
	listed := decoded(t, document.Instances(s, false)).(map[string]any)["items"].([]any)[5].(map[string]any)
	watched := decoded(t, documents()["Event"]).(map[string]any)
	if listed["instance"] != "payment-2" {
		t.Fatalf("the sixth item is %v", listed["instance"])
	}
	for k, v := range listed {
		if !reflect.DeepEqual(watched[k], v) {
			t.Errorf("%s: watched %v, listed %v", k, watched[k], v)
		}
	}
	if watched["event"] != "status" || watched["from"] != "up" || watched["to"] != "down" {
		t.Errorf("event %v from %v to %v", watched["event"], watched["from"], watched["to"])
	}
}

func TestEventFindsItsItem(t *testing.T) {
	s := example()
	gone := fleet.Key{Ref: s.Services[0].Ref, Instance: "order-9"}
	before := example()
	before.Services[0].Instances[0].ID, before.Services[0].Instances[0].Key = "order-9", gone
	for _, c := range []struct {
		name   string
		e      fleet.Event
		before *fleet.Snapshot
		want   map[string]any
	}{
		{"gone, as it was last", fleet.Event{Kind: fleet.EventInstanceGone, Key: gone}, before, map[string]any{"instance": "order-9", "address": "127.0.0.1:9000", "event": "instance_gone"}},
		{"gone, never seen", fleet.Event{Kind: fleet.EventInstanceGone, Key: gone}, nil, map[string]any{"instance": "order-9", "service": "order", "address": ""}},
		{"service", fleet.Event{Kind: fleet.EventServiceNew, Key: fleet.Key{Ref: s.Services[2].Ref}}, nil, map[string]any{"service": "user", "total": 7.0}},
		{"service never seen", fleet.Event{Kind: fleet.EventServiceGone, Key: fleet.Key{Ref: fleet.Ref{Name: "old"}}}, nil, map[string]any{"service": "old", "total": 0.0}},
		{"source", fleet.Event{Kind: fleet.EventSourceLost, Key: fleet.Key{Ref: fleet.Ref{Context: "prod", Source: "consul"}}, At: at}, nil, map[string]any{"source": "consul", "ok": false, "ageSeconds": 40.0}},
		{"source never seen", fleet.Event{Kind: fleet.EventSourceLost, Key: fleet.Key{Ref: fleet.Ref{Source: "zk"}}, Why: fleet.Why{Reason: probe.ReasonTimeout}}, nil, map[string]any{"source": "zk", "reason": "timeout", "ageSeconds": nil}},
	} {
		got := decoded(t, document.Event(c.e, c.before, s)).(map[string]any)
		for k, v := range c.want {
			if !reflect.DeepEqual(got[k], v) {
				t.Errorf("%s: %s is %v, want %v", c.name, k, got[k], v)
			}
		}
	}
}

func TestEmptyFleetHasNoNulls(t *testing.T) {
	for name, d := range map[string]any{
		"Check":    document.Check(&fleet.Snapshot{At: at}, gate.Verdict{Outcome: gate.Unknown}, 3, false),
		"Wait":     document.Wait(nil, gate.Verdict{}, 124, document.Waited{For: "up"}),
		"Services": document.Services(&fleet.Snapshot{At: at}),
		"Resolve":  document.Resolve(&fleet.Snapshot{At: at}, nil, "random"),
		"Doctor":   document.Doctor("", at, nil, nil),
	} {
		v := decoded(t, d).(map[string]any)
		if v["context"] != nil {
			t.Errorf("%s: context is %v, want null where there is none or several", name, v["context"])
		}
		for k, field := range v {
			if field == nil && k != "context" && k != "wait" && k != "at" {
				t.Errorf("%s: %s is null", name, k)
			}
		}
	}
}

func TestSplitIsTheWhole(t *testing.T) {
	for name, d := range documents() {
		doc, ok := d.(document.Document)
		if !ok {
			continue // a watched line is an item itself
		}
		outer, items := doc.Split()
		head := decoded(t, outer).(map[string]any)
		if n := len(head["items"].([]any)); n != 0 {
			t.Errorf("%s: the outer part holds %d items", name, n)
		}
		var list []any
		for item := range items {
			list = append(list, decoded(t, item))
		}
		head["items"] = list
		if !reflect.DeepEqual(head, decoded(t, d)) {
			t.Errorf("%s: the parts are not the whole", name)
		}
		for range items {
			break // a reader may stop at the first
		}
	}
}

func TestTimesAndSeconds(t *testing.T) {
	east := time.FixedZone("", 2*3600)
	for _, c := range []struct {
		in   any
		want string
	}{
		{document.Time{Time: at.In(east)}, `"2026-01-02T03:04:05.678Z"`},
		{document.Time{}, `null`},
		{document.SecondsOf(210 * time.Millisecond), `0.21`},
		{document.SecondsOf(2 * time.Second), `2`},
		{document.SecondsOf(400*time.Microsecond + 3*time.Nanosecond), `0.0004`},
		{document.SecondsOf(0), `0`},
	} {
		b, err := json.Marshal(c.in)
		if err != nil || string(b) != c.want {
			t.Errorf("%v: got %s, %v; want %s", c.in, b, err, c.want)
		}
	}
}

func TestExplainOnlyWhereAsked(t *testing.T) {
	s := example()
	for _, explain := range []bool{false, true} {
		for item := range document.Check(s, gate.Verdict{}, 0, explain).Items.All() {
			if got := len(item.Plan) > 0; got != explain {
				t.Errorf("explain %v: %s has a plan: %v", explain, item.Instance, got)
			}
			if item.Service == "user" && (len(item.Probes[0].Trace) > 0) != explain {
				t.Errorf("explain %v: trace %v", explain, item.Probes[0].Trace)
			}
		}
	}
}

// outcome is what came of a plan that was written down.
func outcome(results []change.Result) *change.Outcome {
	if results == nil {
		return nil
	}
	return &change.Outcome{Batch: &change.Batch{ID: "1K9XQ2M7AB", Until: at.Add(10 * time.Minute)}, Results: results}
}

// looked is a change that was made on two targets and is in force on one, where
// somebody looked.
func looked(p change.Plan) document.Looked {
	b := &change.Batch{
		ID: "1K9XQ2M7AB", At: at, What: "register payment/payment-4 and 1 more", Context: "prod", Reason: "db move",
		Who:   change.Who{User: "root", SudoUser: "alice", Host: "bastion-1", Terminal: "pts/3", PID: 4712},
		Until: at.Add(10 * time.Minute), Keeper: change.Keeper{PID: 4711, Host: "bastion-1"}, Finished: at.Add(time.Second),
	}
	for i, s := range p.Steps {
		b.Steps = append(b.Steps, change.Record{N: i, Intent: s.Intent, What: s.What, Was: s.Was, Will: s.Will, State: change.Done, Now: s.Will, Changed: true, Ended: at.Add(time.Second)})
	}
	b.Steps[1].Put, b.Steps[1].PutBy, b.Steps[1].PutAt = change.PutBack, "1K9XQ3000C", at.Add(time.Minute)
	return document.Looked{
		Batch: b, Stand: change.StandDrifted, Note: "no entry, not by us",
		Now: []change.Standing{{Step: &b.Steps[0], Now: "no entry"}},
	}
}
