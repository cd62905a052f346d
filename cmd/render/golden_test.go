package render_test

import (
	"bytes"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/midwatch-cli/midwatch/cmd/render"
	"github.com/midwatch-cli/midwatch/cmd/term"
	"github.com/midwatch-cli/midwatch/fleet"
	"github.com/midwatch-cli/midwatch/fleet/gate"
	"github.com/midwatch-cli/midwatch/fleet/metrics"
	"github.com/midwatch-cli/midwatch/probe"
)

var update = flag.Bool("update", false, "write the golden files")

// golden compares what was written with a file.
func golden(t *testing.T, name, got string) {
	t.Helper()
	path := filepath.Join("testdata", name)
	if *update {
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if got != string(want) {
		t.Errorf("%s differs (-update writes it): got\n%s\nwant\n%s", path, got, want)
	}
}

// device is what the output can show.
type device struct {
	name  string
	width int // 0: no terminal
	color bool
	ascii bool
}

func (d device) open() (*term.IO, *bytes.Buffer, *bytes.Buffer) {
	io, out, errw := term.Test("")
	io.OutTTY, io.ErrTTY, io.OutColor = d.width > 0, d.width > 0, d.color
	io.Wide = func() int { return d.width }
	if d.ascii {
		io.ASCII = true
	}
	return io, out, errw
}

// shown is both streams, the second marked.
func shown(out, errw *bytes.Buffer) string {
	s := out.String()
	for line := range strings.Lines(errw.String()) {
		s += "2> " + line
	}
	return s
}

var devices = []device{
	{"80", 80, false, false}, {"120", 120, false, false}, {"color", 100, true, false}, {"ascii", 80, false, true}, {"pipe", 0, false, false},
}

type scene struct {
	name  string
	snap  *fleet.Snapshot
	rules gate.Rules
}

func scenes() []scene {
	return []scene{
		{"well", well(), gate.Rules{}},
		{"broken", broken(), gate.Rules{}},
		{"degraded", degraded(), gate.Rules{Ignore: []gate.Ignore{{Match: func(r fleet.Ref) bool { return r.Name == "user" }, Text: "user:slow"}}}},
		{"silent", silent(), gate.Rules{}},
		{"missing", fresh().snapshot(), gate.Rules{Missing: []gate.Missing{{Name: "paymnt", Suggestions: []string{"payment"}}}}},
		{"empty", emptyService(), gate.Rules{MinInstances: 1}},
		{"alldown", allDown(), gate.Rules{}},
		{"cycle", cycle(), gate.Rules{}},
		{"queries", well(), gate.Rules{Queries: queries()}},
		{"queries-broken", broken(), gate.Rules{Queries: queries()[1:]}},
	}
}

// queries are an expression that holds, one that does not, and one without data.
func queries() []gate.Measured {
	value := func(v float64) []gate.Value {
		ref := fleet.Ref{Context: "prod", Source: "etcd", Name: "payment"}
		return []gate.Value{{Key: fleet.Key{Ref: ref}, Labels: metrics.NewLabels("service", "payment", "source", "etcd"), V: v, Op: ">", Limit: 0.01}}
	}
	return []gate.Measured{
		{
			Query: "midwatch_service_error_ratio > 0.01", Flag: "--max-error-rate 1%", What: "error rate", Unit: gate.Ratio, At: at, Known: true, Holds: true,
			Text: "payment: error rate 38.2% > 1%", Values: value(0.382), Series: 6, Samples: 6,
		},
		{
			Query: "queue_depth > 80", At: at, Known: true, Text: "it is not so: queue_depth > 80; of 2 the nearest is payment with 12", Values: value(12),
			Series: 2, Samples: 2,
		},
		{
			Query: "nothing > 1", At: at, Reason: fleet.ReasonNoData, Text: "no data: nothing matched no series",
			Hint: "midwatch query 'nothing' shows whether the name is right", Series: 0, Samples: 0,
		},
	}
}

func emptyService() *fleet.Snapshot {
	m := fresh()
	m.add("payment", 0)
	return m.snapshot()
}

func allDown() *fleet.Snapshot {
	m := fresh()
	m.add("payment", 3)
	for _, id := range []string{"payment-1", "payment-2", "payment-3"} {
		m.answer(id, 3, "refused", "connection refused", time.Millisecond)
	}
	return m.snapshot()
}

func cycle() *fleet.Snapshot {
	m := fresh()
	m.add("a", 1, "b")
	m.add("b", 1, "a")
	m.answer("a-1", 3, "timeout", "no answer in 2 s", 2*time.Second)
	return m.snapshot()
}

func TestScreenOfCheck(t *testing.T) {
	for _, sc := range scenes() {
		for _, d := range devices {
			for _, f := range []render.Format{render.FormatTable, render.FormatWide} {
				io, out, errw := d.open()
				if err := render.Verdict(io, render.Options{Format: f, Now: at, UTC: true}, judged(sc.snap, sc.rules)); err != nil {
					t.Fatal(err)
				}
				golden(t, filepath.Join("check", sc.name+"-"+d.name+"-"+string(f)+".txt"), shown(out, errw))
			}
		}
	}
}

func TestFormatsOfCheck(t *testing.T) {
	for _, sc := range scenes() {
		for _, f := range render.Formats(true)[2:] {
			io, out, errw := device{}.open()
			if err := render.Verdict(io, render.Options{Format: f, Now: at}, judged(sc.snap, sc.rules)); err != nil {
				t.Fatal(err)
			}
			if sc.name == "broken" || sc.name == "degraded" || f != render.FormatJSON && f != render.FormatJSONL && f != render.FormatYAML {
				golden(t, filepath.Join("format", sc.name+"."+string(f)), shown(out, errw))
			}
		}
	}
}

func TestExplain(t *testing.T) {
	for _, d := range devices {
		io, out, errw := d.open()
		j := judged(broken(), gate.Rules{})
		j.Explain = true
		j.Snapshot.Services[0].Instances[0].Scrape = fleet.Scrape{URL: "http://127.0.0.1:9001/metrics", Form: "text", Samples: 120, Took: 12 * time.Millisecond}
		j.Snapshot.Services[1].Instances[0].Scrape = fleet.Scrape{Why: fleet.Why{Reason: probe.ReasonPolicy, Detail: "another host"}}
		if err := render.Verdict(io, render.Options{Now: at}, j); err != nil {
			t.Fatal(err)
		}
		golden(t, filepath.Join("explain", d.name+".txt"), shown(out, errw))
	}
}
