package render_test

import (
	"encoding/json"
	"encoding/xml"
	"fmt"
	"reflect"
	"regexp"
	"strings"
	"testing"

	"github.com/goccy/go-yaml"
	"github.com/prometheus/common/expfmt"
	"github.com/prometheus/common/model"

	"github.com/midwatch-cli/midwatch/cmd/render"
	"github.com/midwatch-cli/midwatch/fleet"
	"github.com/midwatch-cli/midwatch/fleet/document"
	"github.com/midwatch-cli/midwatch/fleet/gate"
)

// written is standard output off a terminal.
func written(t *testing.T, o render.Options, j render.Judged) string {
	t.Helper()
	io, out, _ := device{}.open()
	if o.Now.IsZero() {
		o.Now = at
	}
	if err := render.Verdict(io, o, j); err != nil {
		t.Fatal(err)
	}
	return out.String()
}

// worlds is the scenes and what hostile services make of them.
func worlds() []scene {
	all := scenes()
	for i, text := range attacks {
		all = append(all, scene{fmt.Sprint("hostile ", i), hostile(text), gate.Rules{}})
	}
	return all
}

func TestFormats(t *testing.T) {
	if got := len(render.Formats(false)); got != 6 {
		t.Errorf("%d formats without a verdict", got)
	}
	if got := len(render.Formats(true)); got != 12 {
		t.Errorf("%d formats with a verdict", got)
	}
}

func TestJSONIsTheDocument(t *testing.T) {
	for _, sc := range worlds() {
		j := judged(sc.snap, sc.rules)
		want := generic(t, j.Document)
		var got any
		text := written(t, render.Options{Format: render.FormatJSON}, j)
		if err := json.Unmarshal([]byte(text), &got); err != nil {
			t.Fatalf("%s: %v", sc.name, err)
		}
		if !reflect.DeepEqual(got, want) {
			t.Errorf("%s: the document differs", sc.name)
		}
		if strings.Count(text, "\n") != 1 {
			t.Errorf("%s: %d lines off a terminal", sc.name, strings.Count(text, "\n"))
		}
		io, out, _ := device{width: 80}.open()
		if err := render.Verdict(io, render.Options{Format: render.FormatJSON}, j); err != nil {
			t.Fatal(err)
		}
		var indented any
		if err := json.Unmarshal(out.Bytes(), &indented); err != nil || !reflect.DeepEqual(indented, want) {
			t.Errorf("%s: on a terminal the document differs: %v", sc.name, err)
		}
		if !strings.Contains(out.String(), "\n  \"kind\": \"Check\",\n") {
			t.Errorf("%s: not indented on a terminal", sc.name)
		}
		io, out, _ = device{}.open()
		io.ASCII, io.OutTTY = true, true
		if err := render.Verdict(io, render.Options{Format: render.FormatJSON}, j); err != nil {
			t.Fatal(err)
		}
		if err := json.Unmarshal(out.Bytes(), &indented); err != nil || !reflect.DeepEqual(indented, want) {
			t.Errorf("%s: in ASCII the values differ: %v", sc.name, err)
		}
	}
}

func generic(t *testing.T, d any) any {
	t.Helper()
	b, err := json.Marshal(d)
	if err != nil {
		t.Fatal(err)
	}
	var v any
	if err := json.Unmarshal(b, &v); err != nil {
		t.Fatal(err)
	}
	return v
}

func TestYAMLIsTheDocument(t *testing.T) {
	for _, sc := range worlds() {
		j := judged(sc.snap, sc.rules)
		text := written(t, render.Options{Format: render.FormatYAML}, j)
		var v any
		if err := yaml.Unmarshal([]byte(text), &v); err != nil {
			t.Errorf("%s: %v", sc.name, err)
			continue
		}
		if got, want := generic(t, v), generic(t, j.Document); !reflect.DeepEqual(got, want) {
			t.Errorf("%s: the document differs: %s", sc.name, differing("", got, want))
		}
	}
}

// differing finds the first place where two values differ.
func differing(path string, got, want any) string {
	switch w := want.(type) {
	case map[string]any:
		g, _ := got.(map[string]any)
		for k := range w {
			if !reflect.DeepEqual(g[k], w[k]) {
				return differing(path+"."+k, g[k], w[k])
			}
		}
	case []any:
		g, _ := got.([]any)
		for i := range w {
			if i >= len(g) || !reflect.DeepEqual(g[i], w[i]) {
				return differing(fmt.Sprint(path, i), append(g, make([]any, len(w))...)[i], w[i])
			}
		}
	}
	return fmt.Sprintf("%s: got %#v, want %#v", path, got, want)
}

func TestJSONLinesAreTheItems(t *testing.T) {
	j := judged(broken(), gate.Rules{})
	lines := strings.Split(strings.TrimSuffix(written(t, render.Options{Format: render.FormatJSONL}, j), "\n"), "\n")
	items := generic(t, j.Document).(map[string]any)["items"].([]any)
	if len(lines) != len(items) {
		t.Fatalf("%d lines for %d items", len(lines), len(items))
	}
	for i, line := range lines {
		var got any
		if err := json.Unmarshal([]byte(line), &got); err != nil || !reflect.DeepEqual(got, items[i]) {
			t.Errorf("line %d: %v", i+1, err)
		}
	}
}

func TestNamesAreKeys(t *testing.T) {
	got := written(t, render.Options{Format: render.FormatName}, judged(degraded(), gate.Rules{}))
	if want := "payment/payment-1\npayment/payment-2\npayment/payment-3\nuser/user-1\nuser/user-2\n"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestJQ(t *testing.T) {
	j := judged(broken(), gate.Rules{})
	for expr, want := range map[string]string{
		".counts.instances": "14\n",
		".verdict":          "failed\n",
		".tookSeconds":      "0.21\n",
		`.items[] | select(.status=="down") | .instance`: "payment-2\npayment-3\n",
		"[.services[].service] | length":                 "6\n",
		".counts | {up, down}":                           `{"down":2,"up":9}` + "\n",
		"empty":                                          "",
		".missing":                                       "null\n",
		"halt":                                           "",
		"[.items[].attempts] | add":                      "14\n",
		`.items[0] | "\(.service)\t\(.status)"`:          "catalogue\tup\n",
		`[env | length] | .[0]`:                          "0\n",
		`.roots[0].victims | map(.service) | join(", ")`:      "order, gateway\n",
		`.errors[] | .source + " " + (.ageSeconds|tostring) `: "consul 40\n",
	} {
		if got := written(t, render.Options{JQ: expr}, j); got != want {
			t.Errorf("%s: got %q, want %q", expr, got, want)
		}
	}
	io, _, _ := device{}.open()
	if err := render.Verdict(io, render.Options{JQ: ".verdict | .x"}, j); err == nil || !strings.Contains(err.Error(), "--jq") {
		t.Errorf("an expression that fails: %v", err)
	}
}

func TestTemplate(t *testing.T) {
	j := judged(broken(), gate.Rules{})
	for text, want := range map[string]string{
		"{{.verdict}}":                         "failed\n",
		"{{.counts.instances}}":                "14\n",
		"{{if gt .counts.down 1}}bad{{end}}\n": "bad\n",
		`{{range .items}}{{if eq .status "down"}}{{.instance}} {{end}}{{end}}`: "payment-2 payment-3 \n",
		`{{json .counts}}`: `{"answered":12,"degraded":1,"down":2,"instances":14,"maintenance":0,"services":6,"unknown":2,"up":9}` + "\n",
		`{{join "," (index .services 3).dependsOn}}{{range keys .counts}}{{slice . 0 1}}{{end}}`: "paymentaddimsuu\n",
		"::notice::{{.verdict}}": "::notice::failed\n",
	} {
		if got := written(t, render.Options{Template: text}, j); got != want {
			t.Errorf("%s: got %q, want %q", text, got, want)
		}
	}
	io, _, _ := device{}.open()
	if err := render.Verdict(io, render.Options{Template: "{{.verdikt}}"}, j); err == nil || !strings.Contains(err.Error(), "verdikt") {
		t.Errorf("a field that is not there: %v", err)
	}
}

func TestLineOfAStream(t *testing.T) {
	for _, c := range []struct {
		o    render.Options
		want string
	}{
		{render.Options{Format: render.FormatJSONL}, `{"event":"status","n":1}` + "\n"},
		{render.Options{JQ: ".event"}, "status\n"},
		{render.Options{Template: "{{.n}}"}, "1\n"},
	} {
		io, out, _ := device{}.open()
		if err := render.Line(io, c.o, map[string]any{"event": "status", "n": 1}); err != nil || out.String() != c.want {
			t.Errorf("%v: %q, %v", c.o, out, err)
		}
	}
}

func TestValidate(t *testing.T) {
	for _, c := range []struct {
		o       render.Options
		verdict bool
		want    string // a part of the error; empty: none
	}{
		{render.Options{}, false, ""},
		{render.Options{Format: "wide"}, false, ""},
		{render.Options{Format: "junit"}, true, ""},
		{render.Options{Format: "junit"}, false, "want table, wide, json, yaml, jsonl, name"},
		{render.Options{Format: "xml\x1b"}, true, `xml\x1b`},
		{render.Options{JQ: ".a"}, false, ""},
		{render.Options{JQ: ".a["}, false, "--jq"},
		{render.Options{JQ: "nosuch(1)"}, false, "--jq"},
		{render.Options{Template: "{{.a}}"}, false, ""},
		{render.Options{Template: "{{.a"}, false, "--template"},
		{render.Options{Template: "x", JQ: "."}, false, "exclude"},
		{render.Options{JQ: ".", Format: "json"}, false, ""},
		{render.Options{JQ: ".", Format: "yaml"}, false, "-o yaml"},
	} {
		err := c.o.Validate(c.verdict)
		if (err == nil) != (c.want == "") || err != nil && !strings.Contains(err.Error(), c.want) {
			t.Errorf("%+v: got %v, want %q", c.o, err, c.want)
		}
	}
}

func TestJUnitIsXML(t *testing.T) {
	type suites struct {
		Tests, Failures, Errors, Skipped int `xml:",attr"`
		Cases                            []struct {
			Name    string    `xml:"name,attr"`
			Failure *struct{} `xml:"failure"`
			Error   *struct{} `xml:"error"`
			Skipped *struct{} `xml:"skipped"`
		} `xml:"testsuite>testcase"`
	}
	for _, sc := range worlds() {
		j := judged(sc.snap, sc.rules)
		text := written(t, render.Options{Format: render.FormatJUnit}, j)
		var got struct {
			Tests    int `xml:"tests,attr"`
			Failures int `xml:"failures,attr"`
			Errors   int `xml:"errors,attr"`
			Skipped  int `xml:"skipped,attr"`
			suites
		}
		if err := xml.Unmarshal([]byte(text), &got); err != nil {
			t.Errorf("%s: %v", sc.name, err)
			continue
		}
		var f, e, s int
		for _, c := range got.Cases {
			if c.Failure != nil {
				f++
			}
			if c.Error != nil {
				e++
			}
			if c.Skipped != nil {
				s++
			}
		}
		if f != got.Failures || e != got.Errors || s != got.Skipped || len(got.Cases) != got.Tests {
			t.Errorf("%s: %d %d %d of %d, said %d %d %d of %d", sc.name, f, e, s, len(got.Cases), got.Failures, got.Errors, got.Skipped, got.Tests)
		}
		if red := f+e > 0; red != (j.ExitCode != 0) {
			t.Errorf("%s: red is %v under exit code %d", sc.name, red, j.ExitCode)
		}
	}
}

func TestTAPCounts(t *testing.T) {
	point := regexp.MustCompile(`^(not )?ok (\d+) - [^#]*(\\#[^#]*)*( # SKIP [a-z]+)?$`)
	for _, sc := range worlds() {
		j := judged(sc.snap, sc.rules)
		lines := strings.Split(strings.TrimSuffix(written(t, render.Options{Format: render.FormatTAP}, j), "\n"), "\n")
		if lines[0] != "TAP version 14" {
			t.Fatalf("%s: begins with %q", sc.name, lines[0])
		}
		n, red := 0, false
		for _, l := range lines[2:] {
			if strings.HasPrefix(l, " ") || strings.HasPrefix(l, "# ") {
				continue
			}
			m := point.FindStringSubmatch(l)
			n++
			if m == nil || m[2] != fmt.Sprint(n) {
				t.Errorf("%s: %q is no test point %d", sc.name, l, n)
				continue
			}
			red = red || m[1] != ""
		}
		if lines[1] != fmt.Sprintf("1..%d", n) || red != (j.ExitCode != 0) {
			t.Errorf("%s: plan %s for %d points, red %v under code %d", sc.name, lines[1], n, red, j.ExitCode)
		}
	}
}

func TestPrometheusIsAnExposition(t *testing.T) {
	for _, sc := range worlds() {
		parser := expfmt.NewTextParser(model.UTF8Validation)
		families, err := parser.TextToMetricFamilies(strings.NewReader(written(t, render.Options{Format: render.FormatPrometheus}, judged(sc.snap, sc.rules))))
		if err != nil {
			t.Errorf("%s: %v", sc.name, err)
			continue
		}
		c := sc.snap.Counts()
		if got := len(families["midwatch_instance_up"].GetMetric()); got != c.Instances {
			t.Errorf("%s: %d instances, want %d", sc.name, got, c.Instances)
		}
		if got := len(families["midwatch_registry_up"].GetMetric()); got != len(sc.snap.Sources) {
			t.Errorf("%s: %d registries, want %d", sc.name, got, len(sc.snap.Sources))
		}
		has := 0.0
		for _, m := range families["midwatch_instance_status"].GetMetric() {
			has += m.GetGauge().GetValue()
		}
		if int(has) != c.Instances {
			t.Errorf("%s: %v statuses for %d instances", sc.name, has, c.Instances)
		}
	}
}

func TestNagiosState(t *testing.T) {
	for _, c := range []struct {
		code int
		v    gate.Verdict
		want int
		word string
	}{
		{0, gate.Verdict{Outcome: gate.Passed}, 0, "OK"},
		{0, gate.Verdict{Outcome: gate.Passed, Degraded: 1}, 1, "WARNING"},
		{1, gate.Verdict{Outcome: gate.Failed}, 2, "CRITICAL"},
		{3, gate.Verdict{Outcome: gate.Unknown}, 3, "UNKNOWN"},
		{124, gate.Verdict{Outcome: gate.Failed}, 2, "CRITICAL"},
	} {
		if got := render.NagiosState(c.code, c.v); got != c.want {
			t.Errorf("%d %v: state %d, want %d", c.code, c.v, got, c.want)
		}
		line := written(t, render.Options{Format: render.FormatNagios}, render.Judged{Document: document.Check(well(), c.v, c.code, false), Snapshot: well(), Verdict: c.v, ExitCode: c.code})
		if !strings.HasPrefix(line, "MIDWATCH "+c.word+" - ") {
			t.Errorf("line %q, want %s", line, c.word)
		}
	}
}

func TestNagiosPipeOnlyBeforeData(t *testing.T) {
	for _, sc := range worlds() {
		first, rest, _ := strings.Cut(written(t, render.Options{Format: render.FormatNagios}, judged(sc.snap, sc.rules)), "\n")
		if strings.Count(first, "|") != 1 || strings.Contains(rest, "|") {
			t.Errorf("%s: %q", sc.name, first)
		}
	}
}

func TestAnnotationsAreFew(t *testing.T) {
	m := fresh()
	for i := range 40 {
		m.add(fmt.Sprintf("svc%02d", i), 2)
		m.answer(fmt.Sprintf("svc%02d-1", i), 3, "timeout", "no answer", 0)
	}
	io, _, errw := device{}.open()
	if err := render.ReportGitHub(io, render.Options{Now: at}, judged(m.snapshot(), gate.Rules{}), ""); err != nil {
		t.Fatal(err)
	}
	lines := strings.Split(strings.TrimSuffix(errw.String(), "\n"), "\n")
	if len(lines) != 10 || lines[9] != "::error title=midwatch::31 more are not well" {
		t.Errorf("%d annotations, the last %q", len(lines), lines[len(lines)-1])
	}
}

func TestAnnotationsAreOnePerRoot(t *testing.T) {
	io, _, errw := device{}.open()
	if err := render.ReportGitHub(io, render.Options{Now: at}, judged(broken(), gate.Rules{}), ""); err != nil {
		t.Fatal(err)
	}
	if n := strings.Count(errw.String(), "payment is down"); n != 1 {
		t.Errorf("payment is told %d times", n)
	}
	if strings.Contains(errw.String(), "order is") {
		t.Errorf("a victim has an annotation of its own:\n%s", errw)
	}
}

func TestNilSnapshot(t *testing.T) {
	for _, f := range render.Formats(true) {
		io, out, _ := device{}.open()
		v := gate.Verdict{Outcome: gate.Unknown, Findings: []gate.Finding{{Outcome: gate.Unknown, Text: "nothing answered"}}}
		j := render.Judged{Document: document.Wait(nil, v, 124, document.Waited{}), Verdict: v, ExitCode: 124}
		if err := render.Verdict(io, render.Options{Format: f}, j); err != nil {
			t.Errorf("%s: %v", f, err)
		}
		if f == render.FormatNagios && !strings.Contains(out.String(), "nothing answered") {
			t.Errorf("%s: %q", f, out)
		}
	}
}

func TestLinesStandForTheScreen(t *testing.T) {
	for _, d := range []device{{}, {width: 80}} {
		io, out, _ := d.open()
		j := judged(well(), gate.Rules{})
		j.Lines = []string{"✓ order: 4 of 4 at 2.4.1 and up for 30 s"}
		if err := render.Verdict(io, render.Options{Now: at}, j); err != nil {
			t.Fatal(err)
		}
		if got := out.String(); got != j.Lines[0]+"\n" {
			t.Errorf("got %q", got)
		}
	}
}

func TestSummary(t *testing.T) {
	for _, c := range []struct {
		s    *fleet.Snapshot
		want string
	}{
		{broken(), "14 instances of 6 services: 9 up, 1 degraded, 2 down, 2 unknown (12 of 14 answered)"},
		{degraded(), "5 instances of 2 services: 3 up, 1 degraded, 1 in maintenance (5 of 5 answered)"},
		{emptyService(), "no instances of 1 service"},
	} {
		if got := render.Summary(c.s); got != c.want {
			t.Errorf("got %q, want %q", got, c.want)
		}
	}
}
