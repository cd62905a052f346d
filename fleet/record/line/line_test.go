package line_test

import (
	"errors"
	"math"
	"math/rand/v2"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/midwatch-cli/midwatch/fleet"
	"github.com/midwatch-cli/midwatch/fleet/metrics"
	"github.com/midwatch-cli/midwatch/fleet/record/line"
	"github.com/midwatch-cli/midwatch/probe"
)

var at = time.Date(2026, 1, 2, 3, 4, 5, 678_000_000, time.UTC)

// TestLinesAsTheyAreWritten: the format is a contract. What it says here is in
// docs/recordings.md.
func TestLinesAsTheyAreWritten(t *testing.T) {
	ref := fleet.Ref{Source: "etcd", Name: "payment"}
	in := fleet.InstanceView{
		Key: fleet.Key{Ref: ref, Instance: "payment-1"}, Instance: fleet.Instance{ID: "payment-1", Addr: "127.0.0.1:9101"},
		Status: fleet.Up, Attempts: 1, Breakers: []fleet.Breaker{fleet.NewBreaker("user", fleet.BreakerClosed)},
		Probes: []probe.Result{{
			Target: probe.Target{Kind: probe.HTTP, Address: "127.0.0.1:9101", Path: "/health"}, Outcome: probe.Pass, Code: 200, At: at,
			Took: 300 * time.Microsecond, Phases: []probe.Phase{{Name: "dial", Took: 40 * time.Microsecond}}, Answered: true, Attempts: 1,
		}},
	}
	before := &fleet.Snapshot{
		Seq: 1, At: at, Took: 210 * time.Millisecond,
		Services: []fleet.ServiceView{{Ref: ref, Status: fleet.Up, Serving: 1, Instances: []fleet.InstanceView{in}}},
	}
	after := *before
	after.Seq, after.At, after.Took = 2, at.Add(5*time.Second), 200*time.Millisecond
	down := in
	down.Status, down.Why, down.Breakers = fleet.Down, fleet.Why{Reason: "timeout", Detail: "no answer in 2s"}, nil
	down.Probes = []probe.Result{in.Probes[0]}
	down.Probes[0].Outcome, down.Probes[0].Code, down.Probes[0].Answered = probe.Fail, 0, false
	after.Services = []fleet.ServiceView{before.Services[0]}
	after.Services[0].Instances = []fleet.InstanceView{down}
	was, is := line.RecordOf(line.Pass{Snapshot: before}), line.RecordOf(line.Pass{Snapshot: &after})
	h := line.Header{Version: "0.1.0", Contexts: []string{"prod"}, Start: at, Interval: 5 * time.Second, Selection: []string{"payment"}, Metrics: true}
	e := fleet.Event{Seq: 2, At: at, Kind: fleet.EventStatus, Key: in.Key, From: "up", To: "down", Why: down.Why}
	end := line.End{At: at, Why: "Ctrl-C", Lines: 9, Passes: 2, Events: 1, Series: 3, Samples: 40}
	series := line.Series{First: 3, Target: metrics.NewLabels("service", "payment"), Labels: []metrics.Labels{metrics.NewLabels("__name__", "up", "job", `a"b`), metrics.NewLabels("__name__", "x")}}
	var values line.Values
	first := line.Samples{T: at.UnixMilli(), Own: true, Points: []line.Sample{{0, 1}, {1, 2.5}, {4, math.NaN()}, {5, math.Inf(1)}}}
	then := line.Samples{T: at.UnixMilli() + 5000, Points: []line.Sample{{0, 1}, {1, line.Stale()}, {4, math.NaN()}}}
	for want, got := range map[string][]byte{
		`{"apiVersion":"midwatch/v1","kind":"Recording","version":"0.1.0","contexts":["prod"],"start":"2026-01-02T03:04:05.678Z","intervalSeconds":5,` +
			`"selection":["payment"],"metrics":true}`: h.Append(nil),
		`{"kind":"Snapshot","seq":1,"at":"2026-01-02T03:04:05.678Z","tookSeconds":0.21,"services":[{"source":"etcd","service":"payment","status":"up",` +
			`"serving":1,"instances":[{"instance":"payment-1","address":"127.0.0.1:9101","status":"up","probes":[{"target":{"kind":"http",` +
			`"address":"127.0.0.1:9101","path":"/health"},"outcome":"pass","code":200,"at":"2026-01-02T03:04:05.678Z","tookSeconds":0.0003,` +
			`"phases":[{"phase":"dial","tookSeconds":0.00004}],"answered":true,"attempts":1}],"breakers":[{"breaker":"user","state":"closed","calls":-1,` +
			`"rejected":-1}],"attempts":1}]}]}`: was.Append(nil),
		`{"kind":"Change","seq":2,"at":"2026-01-02T03:04:10.678Z","tookSeconds":0.2,"services":{"0":{"instances":{"0":{"status":"down",` +
			`"why":{"reason":"timeout","detail":"no answer in 2s"},"probes":{"0":{"outcome":"fail","code":null,"answered":null}},"breakers":null}}}}}`: is.AppendChange(nil, was),
		`{"kind":"Event","source":"etcd","service":"payment","instance":"payment-1","seq":2,"at":"2026-01-02T03:04:05.678Z","event":"status",` +
			`"from":"up","to":"down","why":{"reason":"timeout","detail":"no answer in 2s"}}`: line.AppendEvent(nil, &e),
		`{"kind":"Series","count":2,"first":3,"target":{"service":"payment"},"series":[{"__name__":"up","job":"a\"b"},{"__name__":"x"}]}`: series.Append(nil),
		`{"kind":"Samples","at":"2026-01-02T03:04:05.678Z","count":4,"own":true,"runs":[[0,1,2.5],[4,"NaN","+Inf"]]}`:                     values.Append(nil, &first),
		`{"kind":"End","at":"2026-01-02T03:04:05.678Z","why":"Ctrl-C","lines":9,"passes":2,"events":1,"series":3,"samples":40}`:           end.Append(nil),
	} {
		if string(got) != want {
			t.Errorf("got  %s\nwant %s", got, want)
		}
	}
	if got, want := string(values.Append(nil, &then)), `{"kind":"Samples","at":"2026-01-02T03:04:10.678Z","count":3,"runs":[[0,null,"stale"],[4,null]]}`; got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
	native := line.Histogram{Series: 7, Native: metrics.Native{
		Schema: 3, ZeroThreshold: 1e-9, ZeroCount: 1, Count: 7, Sum: math.NaN(), PositiveSpans: []metrics.Span{{Offset: -4, Length: 2}, {Offset: 3, Length: 1}},
		PositiveBuckets: []float64{1, 2, 3}, Gauge: true,
	}}
	if got, want := string(values.Append(nil, &line.Samples{T: 0, Histograms: []line.Histogram{native}})),
		`{"kind":"Samples","at":"1970-01-01T00:00:00Z","count":1,"runs":[],"histograms":[{"series":7,"schema":3,"zeroThreshold":1e-09,"zeroCount":1,`+
			`"count":7,"sum":"NaN","positive":{"spans":[[-4,2],[3,1]],"counts":[1,2,3]},"gauge":true}]}`; got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
	if got, err := line.DecodeHeader(h.Append(nil)); err != nil || !reflect.DeepEqual(got, h) {
		t.Errorf("%+v, %v", got, err)
	}
	if got, err := line.DecodeEnd(end.Append(nil)); err != nil || got != end {
		t.Errorf("%+v, %v", got, err)
	}
	if got, err := line.DecodeSeries(series.Append(nil)); err != nil || !reflect.DeepEqual(got, series) {
		t.Errorf("%+v, %v", got, err)
	}
}

func TestHeads(t *testing.T) {
	for _, tt := range []struct {
		text string
		want line.Head
		bad  bool
	}{
		{text: `{"kind":"End"}`, want: line.Head{Kind: "End"}},
		{text: ` {"kind":"Snapshot","seq":7,"context":"a","services":[`, want: line.Head{Kind: "Snapshot", Seq: 7, Context: "a"}}, // the rest is read by who needs it
		{text: `{"by":"somebody","seq":7,"kind":"Change"}`, want: line.Head{Kind: "Change", Seq: 7}},
		{text: `{"by":["somebody",{}],"kind":"Change","more":1,"seq":3}`, want: line.Head{Kind: "Change"}},
		{text: ``, bad: true},
		{text: `[]`, bad: true},
		{text: `"kind"`, bad: true},
		{text: `{}`, bad: true},
		{text: `{"kind":7}`, bad: true},
		{text: `{"kind":"Change","seq":-1}`, bad: true},
		{text: `{"kind":"Change","at":"noon"}`, bad: true},
		{text: `{"kind":"Samples","count":-1}`, bad: true},
		{text: `{"kind":"Cha`, bad: true},
	} {
		got, err := line.HeadOf([]byte(tt.text))
		if (err != nil) != tt.bad || err == nil && got != tt.want {
			t.Errorf("%s: %+v, %v", tt.text, got, err)
		}
	}
}

func TestHeadersOfOthers(t *testing.T) {
	for text, want := range map[string]error{
		`{"apiVersion":"midwatch/v2","kind":"Recording","contexts":{"changed":true}}`: line.ErrNewer,
		`{"apiVersion":"midwatch/v1","kind":"Check"}`:                                 line.ErrOther,
		`{"kind":"Recording"}`: line.ErrOther,
		`{"apiVersion":"midwatch/v1","kind":"Recording","start":7}`: line.ErrOther,
		`hello`: line.ErrOther,
		``:      line.ErrOther,
		`{"apiVersion":"midwatch/v1","kind":"Recording","start":"2026-01-02T03:04:05Z","colour":"red"}`: nil,
	} {
		if _, err := line.DecodeHeader([]byte(text)); !errors.Is(err, want) || want == nil && err != nil {
			t.Errorf("%s: %v, want %v", text, err, want)
		}
	}
}

// TestSamplesAddUp: what is written after what was comes back, specials too, and
// both sides forget together.
func TestSamplesAddUp(t *testing.T) {
	var w, r line.Values
	want := []line.Samples{
		{T: 1, Points: []line.Sample{{0, 1}, {1, math.Copysign(0, -1)}, {2, math.NaN()}, {3, line.Stale()}, {9, 1e-300}}},
		{T: -5, Points: []line.Sample{{0, 1}, {1, 0}, {2, math.NaN()}, {3, 4}, {8, math.Inf(-1)}, {9, 1e-300}}},
		{T: 1 << 40},
		{T: 3, Points: []line.Sample{{9, 1e-300}, {9, 2}, {0, 1}}}, // out of order and twice: not ours to judge
	}
	for i, s := range want {
		if i == 3 {
			w.Forget()
			r.Forget()
		}
		text := w.Append(nil, &s)
		got, err := r.Decode(text, 10)
		if err != nil {
			t.Fatalf("%v: %s", err, text)
		}
		if got.T != s.T || len(got.Points) != len(s.Points) {
			t.Fatalf("%+v, want %+v", got, s)
		}
		for j, p := range got.Points {
			if w := s.Points[j]; p.Series != w.Series || math.Float64bits(p.V) != math.Float64bits(w.V) {
				t.Errorf("%d: %+v, want %+v by %s", i, p, w, text)
			}
		}
		if i == 3 && strings.Contains(string(text), "null") {
			t.Errorf("it remembers: %s", text)
		}
	}
}

// TestHistogramsSurvive, whatever they hold.
func TestHistogramsSurvive(t *testing.T) {
	for seed := range uint64(200) {
		f := &filler{chance: rand.New(rand.NewPCG(seed, 3))}
		if seed == 0 {
			f.chance = nil
		}
		var want line.Histogram
		f.fill(reflect.ValueOf(&want).Elem(), "Histogram")
		want.Series %= 10
		for _, side := range []struct {
			spans   []metrics.Span
			buckets *[]float64
		}{{want.PositiveSpans, &want.PositiveBuckets}, {want.NegativeSpans, &want.NegativeBuckets}} {
			n := 0
			for i := range side.spans {
				side.spans[i].Length %= 5
				n += int(side.spans[i].Length)
			}
			*side.buckets = nil
			for i := range n {
				*side.buckets = append(*side.buckets, float64(i)/3)
			}
		}
		var w, r line.Values
		text := w.Append(nil, &line.Samples{Histograms: []line.Histogram{want}})
		got, err := r.Decode(text, 10)
		if err != nil || len(got.Histograms) != 1 {
			t.Fatalf("%v: %s", err, text)
		}
		if d := differences(reflect.ValueOf(want), reflect.ValueOf(got.Histograms[0]), "Histogram"); d != nil {
			t.Fatalf("%s\n%s", strings.Join(d, "\n"), text)
		}
	}
}

func TestWrongLines(t *testing.T) {
	record := func(text string) error {
		_, err := line.Decode([]byte(text))
		return err
	}
	change := func(text string) error {
		r, err := line.Decode([]byte(`{"kind":"Snapshot","services":[{"service":"a","instances":[{"instance":"1"}]}]}`))
		if err != nil {
			t.Fatal(err)
		}
		return r.Change([]byte(text))
	}
	samples := func(text string) error {
		var v line.Values
		_, err := v.Decode([]byte(text), 3)
		return err
	}
	event := func(text string) error {
		_, err := line.DecodeEvent([]byte(text))
		return err
	}
	series := func(text string) error {
		_, err := line.DecodeSeries([]byte(text))
		return err
	}
	end := func(text string) error {
		_, err := line.DecodeEnd([]byte(text))
		return err
	}
	for _, tt := range []struct {
		read func(string) error
		text string
		says string // empty: nothing is wrong with it
	}{
		{record, `{"kind":"Snapshot","colour":"red","services":[{"service":"a","moons":2}]}`, ""},
		{record, `{"kind":"Snapshot","services":7}`, "services is no place for a number"},
		{record, `{"kind":"Snapshot","services":[{"status":"splendid"}]}`, `"splendid" is no word`},
		{record, `{"kind":"Snapshot"`, "not JSON at column"},
		{record, `{"kind":"Snapshot","tookSeconds":"long"}`, `"long" is no number of seconds`},
		{change, `{"kind":"Change","services":{"0":{"colour":"red","instances":{"0":{"status":"up"}}}}}`, ""},
		{change, `{"kind":"Change","services":{"1":{"status":"up"}}}`, `services: "1" is no place in a list of 1`},
		{change, `{"kind":"Change","services":{"-1":{}}}`, "is no place"},
		{change, `{"kind":"Change","services":{"0":{"instances":{"x":{}}}}}`, `services.0.instances: "x" is no place in a list of 1`},
		{change, `{"kind":"Change","services":{"0":[]}}`, `services.0: "[]" is not of the form of service`},
		{change, `{"kind":"Change","services":{"0":{"service":7}}}`, `services.0.service: "7" is not of the form of string`},
		{change, `{"kind":"Change","services":"all"}`, "services: here is no place for a string"},
		{change, `{"kind":"Change","at":"noon"}`, "is no time"},
		{change, `{"kind":"Change",`, "not JSON"},
		{change, `7`, "not of the form of snapshot"},
		{event, `{"kind":"Event","seq":"first"}`, "seq is no place for a string"},
		{series, `{"kind":"Series","series":{}}`, "series is no place for a object"},
		{end, `{"kind":"End","lines":"many"}`, "lines is no place for a string"},
		{samples, `{"kind":"Samples","at":"2026-01-02T03:04:05Z","count":3,"runs":[[0,1,2,3]],"colour":"red"}`, ""},
		{samples, `{"kind":"Samples","at":"2026-01-02T03:04:05Z","runs":[]}`, ""},
		{samples, `{"kind":"Samples","at":"2026-01-02T03:04:05Z","count":2,"runs":[[0,1]]}`, "there are 2 samples, and holds 1"},
		{series, `{"kind":"Series","count":2,"series":[{}]}`, "there are 2 series, and holds 1"},
		{samples, `{"kind":"Samples","at":"2026-01-02T03:04:05Z"}`, "without runs"},
		{samples, `{"kind":"Samples","runs":[]}`, "is no time"},
		{samples, `{"kind":"Samples","at":"2026-01-02T03:04:05Z","runs":[[1]]}`, "is no run"},
		{samples, `{"kind":"Samples","at":"2026-01-02T03:04:05Z","runs":[7]}`, "is no run"},
		{samples, `{"kind":"Samples","at":"2026-01-02T03:04:05Z","runs":[[3,1]]}`, "there are 3"},
		{samples, `{"kind":"Samples","at":"2026-01-02T03:04:05Z","runs":[[2,1,1]]}`, "there are 3"},
		{samples, `{"kind":"Samples","at":"2026-01-02T03:04:05Z","runs":[[18446744073709551615,1,1]]}`, "there are 3"},
		{samples, `{"kind":"Samples","at":"2026-01-02T03:04:05Z","runs":[[0.5,1]]}`, "there are 3"},
		{samples, `{"kind":"Samples","at":"2026-01-02T03:04:05Z","runs":[[0,null]]}`, "as it was, and was not there"},
		{samples, `{"kind":"Samples","at":"2026-01-02T03:04:05Z","runs":[[0,"much"]]}`, "is no number"},
		{samples, `{"kind":"Samples","at":"2026-01-02T03:04:05Z","count":1,"runs":[],"histograms":[{"series":3}]}`, "series 3: there are 3"},
		{samples, `{"kind":"Samples","at":"2026-01-02T03:04:05Z","count":1,"runs":[],"histograms":[{"positive":{"spans":[[0,2]],"counts":[1]}}]}`, "1 buckets are counted, of 2"},
		{samples, `{"kind":"Samples","at":"2026-01-02T03:04:05Z","count":1,"runs":[],"histograms":[{"negative":{"spans":[[0,-1]]}}]}`, "is no span"},
		{samples, `{"kind":"Samples","at":"2026-01-02T03:04:05Z","count":1,"runs":[],"histograms":[{"positive":{"spans":[[5000000000,0]]}}]}`, "is no span"},
		{samples, `{"kind":"Samples","at":"2026-01-02T03:04:05Z","count":1,"runs":[],"histograms":7}`, "no place for a number"},
		{samples, `[`, "not JSON"},
		{samples, `[]`, "is no time"},
	} {
		err := tt.read(tt.text)
		if (err == nil) != (tt.says == "") || err != nil && !strings.Contains(err.Error(), tt.says) {
			t.Errorf("%s: %v, want %q", tt.text, err, tt.says)
		}
	}
}

// FuzzLine: no line makes a panic, and what was read is written as what is read
// as the same.
func FuzzLine(f *testing.F) {
	small := []byte(`{"kind":"Snapshot","seq":1,"at":"2026-01-02T03:04:05Z","services":[{"service":"a","instances":[{"instance":"1","claimed":"up","labels":{"a":"b"},` +
		`"probes":[{"outcome":"pass","phases":[{"phase":"dial","tookSeconds":0.1}]}],"breakers":[{"state":"open","calls":-1,"rejected":3,"verbs":[]}]},{"plan":{"admin":{}}}]}]}`)
	f.Add(small)
	f.Add([]byte(`{"kind":"Change","seq":2,"services":{"0":{"instances":{"1":{"status":"down","labels":null,"probes":{"0":{"at":"@5.000000001"}}}}}}}`))
	f.Add([]byte(`{"kind":"Change","holds":[],"services":[{"instances":[{"claimed":""}]}]}`))
	f.Add([]byte(`{"kind":"Samples","at":"2026-01-02T03:04:05Z","count":5,"runs":[[0,1,"NaN",1e3],[2,null,"stale"]]}`))
	f.Add([]byte(`{"kind":"Series","count":2,"first":0,"series":[{"__name__":"up"},{}]}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		_, _ = line.HeadOf(data)
		_, _ = line.DecodeHeader(data)
		_, _ = line.DecodeEnd(data)
		_, _ = line.DecodeEvent(data)
		_, _ = line.DecodeSeries(data)
		var values line.Values
		if s, err := values.Decode(data, 5); err == nil {
			var again line.Values
			if got, err := again.Decode((&line.Values{}).Append(nil, &s), 5); err != nil || got.Count() != s.Count() {
				t.Fatalf("%+v became %+v, %v", s, got, err)
			}
		}
		same := func(r *line.Record) {
			text := r.Append(nil)
			again, err := line.Decode(text)
			if err != nil {
				t.Fatalf("%v\n%s", err, text)
			}
			if got := again.Append(nil); string(got) != string(text) {
				t.Fatalf("%s\nbecame\n%s", text, got)
			}
		}
		if r, err := line.Decode(data); err == nil {
			same(r)
		}
		if r, _ := line.Decode(small); r.Change(data) == nil {
			same(r)
		}
	})
}
