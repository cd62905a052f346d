package gate_test

import (
	"math"
	"testing"

	"github.com/midwatch-cli/midwatch/fleet"
	"github.com/midwatch-cli/midwatch/fleet/gate"
	"github.com/midwatch-cli/midwatch/fleet/metrics"
)

// TestMeasuredOutcomes: what has to hold and what must not are each other's
// reverse; what is not known is neither.
func TestMeasuredOutcomes(t *testing.T) {
	for _, c := range []struct {
		known, holds, wanted bool
		want                 gate.Outcome
		findings             int
	}{
		{true, true, false, gate.Failed, 1},
		{true, false, false, gate.Passed, 0},
		{true, true, true, gate.Passed, 1},
		{true, false, true, gate.Failed, 0},
		{false, false, false, gate.Unknown, 1},
		{false, false, true, gate.Unknown, 1},
	} {
		m := gate.Measured{Query: "x > 1", Known: c.known, Holds: c.holds, Wanted: c.wanted, Reason: fleet.ReasonNoData, Text: "t", Hint: "h"}
		if got := m.Outcome(); got != c.want {
			t.Errorf("%+v: %v", c, got)
		}
		found := m.Findings()
		if len(found) != c.findings {
			t.Fatalf("%+v: %+v", c, found)
		}
		for _, f := range found {
			if f.Query != &m || f.Text != "t" || f.Hint != "h" || (f.Outcome == gate.Unknown) == c.known || (f.Reason == fleet.ReasonQuery) != c.known {
				t.Errorf("%+v: %+v", c, f)
			}
		}
	}
}

func TestMeasuredInWords(t *testing.T) {
	ref := fleet.Ref{Source: "etcd", Name: "payment"}
	v := gate.Value{
		Key: fleet.Key{Ref: ref, Instance: "payment-2"}, Labels: metrics.NewLabels("service", "payment", "instance", "payment-2", "zone", "a", "path", "/a b"),
		What: "took", V: 2, Op: ">", Limit: 0.3,
	}
	m := gate.Measured{Query: "took > 0.3", Known: true, Holds: true, Values: []gate.Value{v, {V: 1, Op: ">", Limit: math.NaN()}}, More: 3}
	if got := m.Line(&m.Values[0]); got != `payment/payment-2 {path="/a b"}: took 2 > 0.3` || m.Name() != "took > 0.3" {
		t.Errorf("%s of %s", got, m.Name())
	}
	if found := m.Findings(); len(found) != 2 || found[1].Text != "1 (and 3 more)" || found[0].Key.Instance != "payment-2" {
		t.Errorf("%+v", found)
	}
	m.Flag, m.What, m.Unit = "--max-p99 300ms", "p99", gate.Seconds
	if got := m.Line(&m.Values[0]); got != "payment/payment-2: p99 2 s > 300 ms" || m.Name() != "--max-p99 300ms" {
		t.Errorf("%s of %s", got, m.Name())
	}
	nowhere := gate.Value{Labels: metrics.NewLabels("__name__", "up", "job", "a")}
	if got := nowhere.Subject(); got != `{job="a"}` {
		t.Error(got)
	}
	for text, want := range map[string]float64{"90%": 0.9, "3": 0} {
		a, err := gate.ParseAmount(text)
		if share, is := a.Share(); err != nil || share != want || is != (want > 0) {
			t.Errorf("%s: %v %v, %v", text, share, is, err)
		}
	}
}

// TestMeasuredInVerdicts joins the verdict about statuses.
func TestMeasuredInVerdicts(t *testing.T) {
	holds := gate.Measured{Query: "x > 1", Known: true, Holds: true, Values: []gate.Value{{Key: fleet.Key{Ref: fleet.Ref{Name: "a"}}, V: 2}}}
	falls, lacks := gate.Measured{Query: "y > 1", Known: true}, gate.Measured{Query: "z > 1", Reason: fleet.ReasonNoData}
	for _, c := range []struct {
		queries []gate.Measured
		fleet   string
		want    gate.Outcome
	}{
		{[]gate.Measured{falls}, "a up", gate.Passed},
		{[]gate.Measured{falls, lacks}, "a up", gate.Unknown},
		{[]gate.Measured{lacks, holds}, "a up", gate.Failed},
		{[]gate.Measured{lacks}, "a down", gate.Failed},
		{[]gate.Measured{falls}, "a unknown", gate.Unknown},
	} {
		if v := gate.Check(snap(c.fleet), gate.Rules{Queries: c.queries}); v.Outcome != c.want || len(v.Queries) != len(c.queries) {
			t.Errorf("%v beside %s: %v", c.queries, c.fleet, v.Outcome)
		}
	}
	nobody := &fleet.Snapshot{}
	if v := gate.Check(nobody, gate.Rules{Queries: []gate.Measured{falls}}); v.Outcome != gate.Passed {
		t.Errorf("no registry was asked: %+v", v)
	}
	nobody.Sources = []fleet.SourceView{{Name: "consul"}}
	if v := gate.Check(nobody, gate.Rules{Queries: []gate.Measured{falls}}); v.Outcome != gate.Unknown {
		t.Errorf("a registry was asked and has nothing: %+v", v)
	}
}
