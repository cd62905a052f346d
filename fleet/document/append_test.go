package document_test

import (
	"bytes"
	"encoding/json"
	"math"
	"math/rand/v2"
	"reflect"
	"slices"
	"testing"
	"time"

	"github.com/midwatch-cli/midwatch/fleet"
	"github.com/midwatch-cli/midwatch/fleet/document"
)

// encoded is a value as encoding/json writes it, without escaping for HTML.
func encoded(t *testing.T, v any) string {
	t.Helper()
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(v); err != nil {
		t.Fatal(err)
	}
	return string(bytes.TrimSuffix(b.Bytes(), []byte("\n")))
}

// TestAppendJSONIsTheSame: what is written by hand is what encoding/json makes
// of the same item, whatever is in the fleet.
func TestAppendJSONIsTheSame(t *testing.T) {
	seen := 0
	for seed := range uint64(300) {
		d := dice{rand.New(rand.NewPCG(seed, 4)), math.NaN()}
		_, items := document.Instances(d.snapshot(), d.chance()).Split()
		for item := range items {
			in := item.(*document.Instance)
			const before = "before,"
			if got, want := string(in.AppendJSON([]byte(before))), before+encoded(t, in); got != want {
				t.Fatalf("seed %d: wrote\n%s, encoding/json writes\n%s", seed, got, want)
			}
			seen++
		}
	}
	if seen < 500 {
		t.Errorf("only %d instances were compared", seen)
	}
}

// TestAppendJSONKnowsEveryField: of an item in which nothing is empty, too, and
// of one in which everything is.
func TestAppendJSONKnowsEveryField(t *testing.T) {
	var full, empty document.Instance
	fill(reflect.ValueOf(&full).Elem(), 0)
	for name, in := range map[string]*document.Instance{"full": &full, "empty": &empty} {
		want := encoded(t, in)
		if name == "empty" {
			// encoding/json tells nil from empty. Items are made without nil.
			want = encoded(t, document.Instance{Probes: []document.Probe{}, Plan: []document.Origin{}, Labels: map[string]string{}, Endpoints: map[string]string{}, Breakers: []document.BreakerInfo{}})
		}
		if got := string(in.AppendJSON(nil)); got != want {
			t.Errorf("%s: wrote\n%s, encoding/json writes\n%s", name, got, want)
		}
	}
}

// fill puts something into every field.
func fill(v reflect.Value, n int) {
	switch {
	case v.Type() == reflect.TypeFor[document.Time]():
		v.Set(reflect.ValueOf(document.Time{Time: at.Add(time.Duration(n) * time.Second)}))
		return
	case v.Type() == reflect.TypeFor[document.Phases]():
		v.Set(reflect.ValueOf(document.Phases{{Name: "dialSeconds", Took: 0.25}, {Name: "waitSeconds", Took: 1}}))
		return
	}
	switch v.Kind() {
	case reflect.Struct:
		for i := range v.NumField() {
			fill(v.Field(i), n+i+1)
		}
	case reflect.Slice:
		v.Set(reflect.MakeSlice(v.Type(), 2, 2))
		fill(v.Index(0), n+1)
		fill(v.Index(1), n+2)
	case reflect.Map:
		v.Set(reflect.ValueOf(map[string]string{"b": "1", "a": "2"}))
	case reflect.Pointer:
		v.Set(reflect.New(v.Type().Elem()))
		fill(v.Elem(), n+1)
	case reflect.String:
		v.SetString(string(rune('a' + n%26)))
	case reflect.Bool:
		v.SetBool(true)
	case reflect.Int:
		v.SetInt(int64(n) + 1)
	case reflect.Float64:
		v.SetFloat(float64(n) + 0.5)
	}
}

// TestSecondsAreWrittenAlike: by hand and by encoding/json, also numbers that no
// duration comes to.
func TestSecondsAreWrittenAlike(t *testing.T) {
	same := func(s document.Seconds) {
		t.Helper()
		in := document.Instance{LeaseSeconds: &s, Probes: []document.Probe{}, Plan: []document.Origin{}, Labels: map[string]string{}, Endpoints: map[string]string{}, Breakers: []document.BreakerInfo{}}
		if got, want := string(in.AppendJSON(nil)), encoded(t, in); got != want {
			t.Errorf("%v: wrote %s, want %s", float64(s), got, want)
		}
	}
	for _, s := range []document.Seconds{
		0, document.Seconds(math.Copysign(0, -1)), 1e-6, 9.99999e-4, 0.1, 0.999999, 1, 1.5, 10, 100.000001, 999999999.999999, 1e9, 1e9 + 0.5, 1e15, 1e20, 1e21, 1e300,
		-1, -0.25, -1e-6, 1e-7, 1e-9, 5e-7, 1.0000001, 0.1 + 0.2, math.MaxFloat64, math.SmallestNonzeroFloat64,
	} {
		same(s)
	}
	d := rand.New(rand.NewPCG(1, 5))
	for range 3000 {
		took := time.Duration(d.Int64N(int64(1) << (10 + d.IntN(50))))
		same(document.SecondsOf(took))
		same(document.SecondsOf(-took))
		same(document.SecondsOf(took) + document.SecondsOf(took/3))
	}
}

// TestAppendJSONAllocates: it is there because a check of a great fleet writes
// thousands.
func TestAppendJSONAllocates(t *testing.T) {
	_, items := document.Instances(example(), false).Split()
	for item := range items {
		in := item.(*document.Instance)
		in.Labels, in.Breakers = map[string]string{"job": "order"}, nil
		room := in.AppendJSON(nil)
		if n := testing.AllocsPerRun(50, func() { room = in.AppendJSON(room[:0]) }); n > 0 {
			t.Errorf("%s: %v allocations", in.Instance, n)
		}
	}
}

// TestItemsAreTheirOwn: items are made in each other's room, and nothing of the
// last one shows.
func TestItemsAreTheirOwn(t *testing.T) {
	for seed := range uint64(60) {
		d := dice{rand.New(rand.NewPCG(seed, 6)), math.NaN()}
		s, explain := d.snapshot(), d.chance()
		var together, alone []string
		for item := range document.Instances(s, explain).Items.All() {
			together = append(together, encoded(t, item))
		}
		for i := range s.Services {
			for _, in := range s.Services[i].Instances {
				one := &fleet.Snapshot{Services: []fleet.ServiceView{{Ref: s.Services[i].Ref, Instances: []fleet.InstanceView{in}}}}
				for item := range document.Instances(one, explain).Items.All() {
					alone = append(alone, encoded(t, item))
				}
			}
		}
		if !slices.Equal(together, alone) {
			t.Fatalf("seed %d: together\n%s, alone\n%s", seed, together, alone)
		}
	}
}
