package document_test

import (
	"encoding/json"
	"errors"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/midwatch-cli/midwatch/fleet"
	"github.com/midwatch-cli/midwatch/fleet/change"
	"github.com/midwatch-cli/midwatch/fleet/document"
	"github.com/midwatch-cli/midwatch/fleet/gate"
	"github.com/midwatch-cli/midwatch/probe"
	"github.com/midwatch-cli/midwatch/probe/health"
)

// pick follows a path of names and indexes into decoded JSON.
func pick(t *testing.T, v any, path ...any) any {
	t.Helper()
	for i, step := range path {
		switch step := step.(type) {
		case string:
			m, ok := v.(map[string]any)
			if !ok {
				t.Fatalf("%v: %v is no object", path[:i+1], v)
			}
			if v, ok = m[step]; !ok {
				t.Fatalf("%v: not there", path[:i+1])
			}
		case int:
			l, ok := v.([]any)
			if !ok || step >= len(l) {
				t.Fatalf("%v: %v has no such member", path[:i+1], v)
			}
			v = l[step]
		}
	}
	return v
}

func single(in fleet.InstanceView) *fleet.Snapshot {
	in.Ref = fleet.Ref{Source: "etcd", Name: "pay"}
	in.Key = fleet.Key{Ref: in.Ref, Instance: in.ID}
	return &fleet.Snapshot{At: at, Services: []fleet.ServiceView{{Ref: in.Ref, Instances: []fleet.InstanceView{in}}}}
}

// TestWhatIsNotKnownIsNull: no value is made up where nobody gave one; and none
// is lost that is small.
func TestWhatIsNotKnownIsNull(t *testing.T) {
	up, none := fleet.Up, fleet.StatusNone
	for _, c := range []struct {
		name string
		in   fleet.InstanceView
		path []any
		want any
	}{
		{"no claim", fleet.InstanceView{}, []any{"claimed"}, nil},
		{"a claim", fleet.InstanceView{Instance: fleet.Instance{Claimed: &up}}, []any{"claimed"}, "up"},
		{"a claim without a word", fleet.InstanceView{Instance: fleet.Instance{Claimed: &none}}, []any{"claimed"}, "unknown"},
		{"no status", fleet.InstanceView{}, []any{"status"}, "unknown"},
		{"no lease", fleet.InstanceView{}, []any{"leaseSeconds"}, nil},
		{"a lease that ran out", fleet.InstanceView{Instance: fleet.Instance{Lease: -time.Second}}, []any{"leaseSeconds"}, nil},
		{"a lease", fleet.InstanceView{Instance: fleet.Instance{Lease: 1500 * time.Millisecond}}, []any{"leaseSeconds"}, 1.5},
		{"never seen", fleet.InstanceView{}, []any{"lastSeen"}, nil},
		{"seen", fleet.InstanceView{Instance: fleet.Instance{LastSeen: at}}, []any{"lastSeen"}, "2026-01-02T03:04:05.678Z"},
		{"not asked", fleet.InstanceView{}, []any{"probes"}, []any{}},
		{"no labels", fleet.InstanceView{}, []any{"labels"}, map[string]any{}},
		{"no endpoints", fleet.InstanceView{}, []any{"endpoints"}, map[string]any{}},
		{"no plan", fleet.InstanceView{}, []any{"plan"}, []any{}},
		{"no word of its own", fleet.InstanceView{Probes: []probe.Result{{}}}, []any{"probes", 0, "health"}, nil},
		{"a word that no dialect spoke", fleet.InstanceView{Probes: []probe.Result{{Health: health.Verdict{Word: health.Well}}}}, []any{"probes", 0, "health"}, nil},
		{"no components", fleet.InstanceView{Probes: []probe.Result{{Health: health.Verdict{Dialect: "text"}}}}, []any{"probes", 0, "health", "components"}, []any{}},
		{"no word in a dialect", fleet.InstanceView{Probes: []probe.Result{{Health: health.Verdict{Dialect: "text"}}}}, []any{"probes", 0, "health", "word"}, "none"},
		{"no phases", fleet.InstanceView{Probes: []probe.Result{{}}}, []any{"probes", 0, "phases"}, map[string]any{}},
		{"no trace", fleet.InstanceView{Probes: []probe.Result{{}}}, []any{"probes", 0, "trace"}, []any{}},
		{"no certificate", fleet.InstanceView{Probes: []probe.Result{{}}}, []any{"probes", 0, "expires"}, nil},
		{"asked, and not counted", fleet.InstanceView{Probes: []probe.Result{{}}}, []any{"probes", 0, "attempts"}, 1.0},
		{"an outcome that nobody set", fleet.InstanceView{Probes: []probe.Result{{}}}, []any{"probes", 0, "outcome"}, "unknown"},
		{"a clock behind ours", fleet.InstanceView{Probes: []probe.Result{{Skew: -90 * time.Second}}}, []any{"probes", 0, "skewSeconds"}, -90.0},
	} {
		item := pick(t, decoded(t, document.Instances(single(c.in), true)), "items", 0)
		if got := pick(t, item, c.path...); !reflect.DeepEqual(got, c.want) {
			t.Errorf("%s: %v is %#v, want %#v", c.name, c.path, got, c.want)
		}
	}
}

// TestPhasesAddUp: a phase that was gone through twice, as with a redirect, is
// told with the sum.
func TestPhasesAddUp(t *testing.T) {
	in := fleet.InstanceView{Probes: []probe.Result{{Phases: []probe.Phase{{Name: "dial", Took: 3 * time.Millisecond}, {Name: "wait", Took: time.Second}, {Name: "dial", Took: time.Millisecond}}}}}
	phases := pick(t, decoded(t, document.Instances(single(in), false)), "items", 0, "probes", 0, "phases")
	if want := map[string]any{"dialSeconds": 0.004, "waitSeconds": 1.0}; !reflect.DeepEqual(phases, want) {
		t.Errorf("%v, want %v", phases, want)
	}
}

// TestSecondsAreExact: to the microsecond, without the tails of binary numbers
// and without exponents in what people wait for.
func TestSecondsAreExact(t *testing.T) {
	for d, want := range map[time.Duration]string{
		time.Nanosecond:                         "0",
		500 * time.Nanosecond:                   "0.000001", // half rounds away from zero
		time.Microsecond:                        "0.000001",
		100 * time.Millisecond:                  "0.1",
		300*time.Millisecond + time.Microsecond: "0.300001",
		time.Second + 100*time.Millisecond:      "1.1",
		-1500 * time.Millisecond:                "-1.5",
		24 * 365 * time.Hour:                    "31536000",
		7*24*time.Hour + time.Microsecond:       "604800.000001",
	} {
		raw, err := json.Marshal(document.SecondsOf(d))
		if err != nil || string(raw) != want {
			t.Errorf("%v: %s, %v; want %s", d, raw, err, want)
		}
	}
}

// TestTimesAreUTC: whatever zone a time is in, and on whatever side of a new
// year, with three digits always.
func TestTimesAreUTC(t *testing.T) {
	for in, want := range map[string]string{
		"2026-01-01T00:30:00+01:00":           `"2025-12-31T23:30:00.000Z"`,
		"2026-01-01T00:30:00.1234567-11:30":   `"2026-01-01T12:00:00.123Z"`,
		"2026-06-01T00:00:00.9999999Z":        `"2026-06-01T00:00:00.999Z"`,
		"0001-01-01T00:00:00Z":                `null`,
		"0001-01-01T01:00:00+01:00":           `null`,
		"9999-12-31T23:59:59.999999999+00:00": `"9999-12-31T23:59:59.999Z"`,
		"1969-12-31T23:59:59.001Z":            `"1969-12-31T23:59:59.001Z"`,
	} {
		moment, err := time.Parse(time.RFC3339Nano, in)
		if err != nil {
			t.Fatal(err)
		}
		raw, err := json.Marshal(document.Time{Time: moment})
		if err != nil || string(raw) != want {
			t.Errorf("%s: %s, %v; want %s", in, raw, err, want)
		}
	}
}

// TestTextsAreKept: whoever reads JSON gets what the service said, and what is
// no text at all is no broken document.
func TestTextsAreKept(t *testing.T) {
	for _, text := range hostile {
		in := fleet.InstanceView{Why: fleet.Why{Detail: text}, Instance: fleet.Instance{ID: "1", Addr: text, Labels: map[string]string{text: text}}}
		item := pick(t, decoded(t, document.Instances(single(in), false)), "items", 0)
		want := strings.ToValidUTF8(text, "\ufffd")
		if strings.HasPrefix(text, "\xff\xfe") {
			want = "\ufffd\ufffd broken"
		}
		for _, path := range [][]any{{"address"}, {"why", "detail"}, {"labels", want}} {
			if got := pick(t, item, path...); got != want {
				t.Errorf("%v: %q, want %q", path, got, want)
			}
		}
	}
}

// TestServicesGather: versions and zones of the instances, each once and sorted,
// the empty ones left out, in whatever order the instances stand.
func TestServicesGather(t *testing.T) {
	v := fleet.ServiceView{Ref: fleet.Ref{Name: "pay"}, Serving: 2}
	for _, one := range [][2]string{{"2.10", "b"}, {"2.9", ""}, {"", "a"}, {"2.10", "b"}, {"2.9", "a"}} {
		v.Instances = append(v.Instances, fleet.InstanceView{Instance: fleet.Instance{Version: one[0], Zone: one[1]}})
	}
	for range 3 {
		item := pick(t, decoded(t, document.Services(&fleet.Snapshot{Services: []fleet.ServiceView{v}})), "items", 0)
		if got := pick(t, item, "versions"); !reflect.DeepEqual(got, []any{"2.10", "2.9"}) {
			t.Errorf("versions %v", got)
		}
		if got := pick(t, item, "zones"); !reflect.DeepEqual(got, []any{"a", "b"}) {
			t.Errorf("zones %v", got)
		}
		if pick(t, item, "up") != 2.0 || pick(t, item, "total") != 5.0 {
			t.Errorf("%v", item)
		}
		slices.Reverse(v.Instances)
	}
}

// TestContexts: one context is named, several or none are null; each item says
// its own all the same.
func TestContexts(t *testing.T) {
	s := &fleet.Snapshot{Services: []fleet.ServiceView{{Ref: fleet.Ref{Context: "prod", Name: "a"}}, {Ref: fleet.Ref{Context: "test", Name: "a"}}}}
	for context, want := range map[string]any{"": nil, "prod": "prod"} {
		s.Context = context
		for _, doc := range []any{document.Services(s), document.Check(s, gate.Verdict{}, 0, false), document.Resolve(s, nil, "random"), document.Plan(at, change.Plan{Context: context}, nil, true, 0)} {
			if got := pick(t, decoded(t, doc), "context"); got != want {
				t.Errorf("%T: context %v, want %v", doc, got, want)
			}
		}
	}
	items := decoded(t, document.Services(s))
	if pick(t, items, "items", 0, "context") != "prod" || pick(t, items, "items", 1, "context") != "test" {
		t.Errorf("%v", items)
	}
}

// TestAges: how old a set is, seen at the time of the snapshot; null where there
// is none, and never less than nothing, whatever a clock does.
func TestAges(t *testing.T) {
	for _, c := range []struct {
		asOf, at time.Time
		want     any
	}{
		{at.Add(-90 * time.Second), at, 90.0},
		{at, at, 0.0},
		{at.Add(time.Second), at, 0.0},
		{time.Time{}, at, nil},
		{at, time.Time{}, nil},
	} {
		s := &fleet.Snapshot{At: c.at, Sources: []fleet.SourceView{{Name: "etcd", AsOf: c.asOf, Reason: probe.ReasonTimeout, Detail: "no answer"}, {Name: "well", AsOf: c.asOf}}}
		d := decoded(t, document.Services(s))
		if got := pick(t, d, "sources", 0, "ageSeconds"); got != c.want {
			t.Errorf("%v at %v: %v, want %v", c.asOf, c.at, got, c.want)
		}
		if got := pick(t, d, "errors", 0, "ageSeconds"); got != c.want {
			t.Errorf("in errors: %v at %v: %v, want %v", c.asOf, c.at, got, c.want)
		}
		if errs := pick(t, d, "errors").([]any); len(errs) != 1 || pick(t, d, "sources", 0, "ok") != false || pick(t, d, "sources", 1, "ok") != true {
			t.Errorf("%v", d)
		}
	}
}

// TestPlanStates: a step without a result is planned, each end has its word,
// and what went wrong is said beside what is there now.
func TestPlanStates(t *testing.T) {
	var p change.Plan
	for _, name := range []string{"a", "b", "c", "d", "e"} {
		p.Steps = append(p.Steps, change.Step{Intent: change.Intent{Kind: "register", Target: change.Target{Service: "pay", Instance: name}}, What: "register " + name, Was: "no entry", Will: "10.0.0.1:1"})
	}
	results := []change.Result{
		{Step: p.Steps[0], State: change.Done, Now: "10.0.0.1:1", Changed: true},
		{Step: p.Steps[1], State: change.Failed, Now: "no entry", Err: errors.New("denied")},
		{Step: p.Steps[2], State: change.Unknown, Err: errors.New("cannot be read back")},
		{Step: p.Steps[3], State: change.NotDone},
	}
	rows := func(results []change.Result) (list []string) {
		for item := range document.Plan(at, p, outcome(results), false, 0).Items.All() {
			list = append(list, strings.Join([]string{item.Instance, string(item.State), item.Now, map[bool]string{true: "changed"}[item.Changed], item.Error}, "|"))
			if !slices.Contains(document.ChangeState("").Enum(), string(item.State)) {
				t.Errorf("%s is no word of the schema", item.State)
			}
		}
		return list
	}
	want := []string{"a|done|10.0.0.1:1|changed|", "b|failed|no entry||denied", "c|unknown|||cannot be read back", "d|not_done|||", "e|planned|||"}
	if got := rows(results); !slices.Equal(got, want) {
		t.Errorf("%q\nwant %q", got, want)
	}
	if got := rows(nil); !slices.Equal(got, []string{"a|planned|||", "b|planned|||", "c|planned|||", "d|planned|||", "e|planned|||"}) {
		t.Errorf("before: %q", got)
	}
	d := document.Plan(at, p, nil, true, 1)
	if d.Counts.Items != 5 || !d.DryRun || d.ExitCode != 1 {
		t.Errorf("%+v", d)
	}
}

// TestWordsOfTheSchemaAreThoseOfTheCode: a status, an outcome or a verdict whose
// word no schema knows could not be read back.
func TestWordsOfTheSchemaAreThoseOfTheCode(t *testing.T) {
	for s := fleet.StatusNone; s <= fleet.Down; s++ {
		got := pick(t, decoded(t, document.Instances(single(fleet.InstanceView{Status: s}), false)), "items", 0, "status").(string)
		if !slices.Contains(document.Status("").Enum(), got) {
			t.Errorf("status %q", got)
		}
	}
	for o := probe.Unknown; o <= probe.Fail; o++ {
		if !slices.Contains(document.Outcome("").Enum(), o.String()) {
			t.Errorf("outcome %q", o)
		}
	}
	for _, o := range []gate.Outcome{gate.Passed, gate.Unknown, gate.Failed} {
		if !slices.Contains(document.Verdict("").Enum(), o.String()) {
			t.Errorf("verdict %q", o)
		}
	}
	for _, kind := range eventKinds {
		if !slices.Contains(document.EventKind("").Enum(), string(kind)) {
			t.Errorf("event %q", kind)
		}
	}
	if n := len(document.EventKind("").Enum()); n != len(eventKinds) {
		t.Errorf("the schema knows %d events, %d are tried", n, len(eventKinds))
	}
}

var eventKinds = []fleet.EventKind{
	fleet.EventServiceNew, fleet.EventServiceGone, fleet.EventInstanceNew, fleet.EventInstanceGone, fleet.EventStatus, fleet.EventBreaker,
	fleet.EventVersion, fleet.EventAddress, fleet.EventClaim, fleet.EventSourceLost, fleet.EventSourceBack,
}

// TestEventOfEveryKind: each event, with the snapshot after it, the one before,
// both and none: the newest item there is, in a line that holds the schema.
func TestEventOfEveryKind(t *testing.T) {
	ref := fleet.Ref{Context: "prod", Source: "etcd", Name: "pay"}
	at1, at2 := at, at.Add(time.Second)
	world := func(addr string, when time.Time) *fleet.Snapshot {
		return &fleet.Snapshot{
			At: when, Sources: []fleet.SourceView{{Context: "test", Name: "etcd", URL: "wrong"}, {Context: "prod", Name: "etcd", URL: addr, AsOf: at1}},
			Services: []fleet.ServiceView{
				{Ref: fleet.Ref{Source: "etcd", Name: "pay"}, Status: fleet.Down},
				{Ref: ref, Status: fleet.Up, Labels: map[string]string{"seen": addr}, Instances: []fleet.InstanceView{{Key: fleet.Key{Ref: ref, Instance: "1"}, Instance: fleet.Instance{ID: "1", Addr: addr}, Status: fleet.Up}}},
			},
		}
	}
	events := schema(t, "Event")
	for _, kind := range eventKinds {
		key, field := fleet.Key{Ref: ref, Instance: "1"}, []any{"address"}
		switch {
		case strings.HasPrefix(string(kind), "service"):
			key, field = fleet.Key{Ref: ref}, []any{"labels", "seen"}
		case strings.HasPrefix(string(kind), "source"):
			key, field = fleet.Key{Ref: fleet.Ref{Context: "prod", Source: "etcd"}}, []any{"url"}
		}
		for _, c := range []struct {
			before, after *fleet.Snapshot
			want          any
		}{
			{world("old", at1), world("new", at2), "new"},
			{world("old", at1), nil, "old"},
			{world("old", at1), &fleet.Snapshot{At: at2}, "old"},
			{nil, world("new", at2), "new"},
			{nil, nil, nil},
			{&fleet.Snapshot{}, &fleet.Snapshot{}, nil},
		} {
			e := fleet.Event{Seq: 9, At: at2, Kind: kind, Key: key, From: "a", To: "b", Why: fleet.Why{Reason: probe.ReasonTimeout, Detail: "no answer"}}
			line := decoded(t, document.Event(e, c.before, c.after))
			if why := violates(string(kind), events, line); why != "" {
				t.Error(why)
			}
			if c.want != nil {
				if got := pick(t, line, field...); got != c.want {
					t.Errorf("%s: %v is %v, want %v", kind, field, got, c.want)
				}
			} else if why := line.(map[string]any); pick(t, why, "source") != "etcd" || pick(t, why, "context") != "prod" || !said(why, "timeout") {
				t.Errorf("%s of what nobody saw: %v", kind, line)
			}
			for name, want := range map[string]any{"event": string(kind), "seq": 9.0, "from": "a", "to": "b", "at": "2026-01-02T03:04:06.678Z", "kind": "Event"} {
				if got := pick(t, line, name); got != want {
					t.Errorf("%s: %s is %v, want %v", kind, name, got, want)
				}
			}
		}
	}
}

// said tells whether the reason stands in a line, for whatever kind of item.
func said(line map[string]any, reason string) bool {
	if why, ok := line["why"].(map[string]any); ok {
		return why["reason"] == reason
	}
	return line["reason"] == reason
}
