package render_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/common/expfmt"
	"github.com/prometheus/common/model"

	"github.com/midwatch-cli/midwatch/cmd/render"
	"github.com/midwatch-cli/midwatch/cmd/term"
	"github.com/midwatch-cli/midwatch/fleet"
	"github.com/midwatch-cli/midwatch/fleet/gate"
	"github.com/midwatch-cli/midwatch/fleet/metrics/observed"
	"github.com/midwatch-cli/midwatch/fleet/selection"
	"github.com/midwatch-cli/midwatch/probe"
)

// TestNamesAreTakenBack: each line of -o name, given back as an argument, selects
// that very instance and no other.
func TestNamesAreTakenBack(t *testing.T) {
	for _, sc := range scenes() {
		var services []fleet.Service
		want := map[string]bool{}
		for i := range sc.snap.Services {
			v := &sc.snap.Services[i]
			s := fleet.Service{Ref: v.Ref}
			for k := range v.Instances {
				s.Instances = append(s.Instances, v.Instances[k].Instance)
				want[v.Name+" "+v.Instances[k].ID] = true
			}
			services = append(services, s)
		}
		for line := range strings.Lines(written(t, render.Options{Format: render.FormatName}, judged(sc.snap, sc.rules))) {
			sel, err := selection.Selector{Names: []string{strings.TrimSuffix(line, "\n")}}.Compile()
			if err != nil {
				t.Fatal(err)
			}
			got, unknown := sel.Apply(services)
			if len(got) != 1 || len(got[0].Instances) != 1 || len(unknown) > 0 {
				t.Errorf("%s: %q selects %v, not %v", sc.name, line, got, unknown)
				continue
			}
			delete(want, got[0].Name+" "+got[0].Instances[0].ID)
		}
		if len(want) > 0 {
			t.Errorf("%s: no name selects %v", sc.name, slices.Collect(maps.Keys(want)))
		}
	}
}

// TestExpositionIsTheSnapshot: parsed by Prometheus' own reader, every value is the
// one of the snapshot, and there are no others but of the families that the
// store has too, which have tests of their own.
func TestExpositionIsTheSnapshot(t *testing.T) {
	for _, sc := range scenes() {
		want := map[string]float64{}
		put := func(name string, v float64, labels ...string) {
			labels = slices.DeleteFunc(labels, func(l string) bool { return strings.HasSuffix(l, "=") })
			slices.Sort(labels)
			want[name+fmt.Sprint(labels)] = v
		}
		for i := range sc.snap.Services {
			for k := range sc.snap.Services[i].Instances {
				in := &sc.snap.Services[i].Instances[k]
				base := []string{"context=" + in.Context, "source=" + in.Source, "namespace=" + in.Namespace, "service=" + in.Name, "instance=" + in.ID, "zone=" + in.Zone, "version=" + in.Version}
				one := func(name string, v float64, extra ...string) { put(name, v, slices.Concat(base, extra)...) }
				one("midwatch_instance_up", map[bool]float64{true: 1}[in.Status.Serves()])
				for st := fleet.Up; st <= fleet.Down; st++ {
					one("midwatch_instance_status", map[bool]float64{true: 1}[in.Status == st], "status="+st.String())
				}
				one("midwatch_probe_duration_seconds", in.Probes[0].Took.Seconds(), "kind="+string(in.Probes[0].Target.Kind), "phase=total")
				for _, ph := range in.Probes[0].Phases {
					one("midwatch_probe_duration_seconds", ph.Took.Seconds(), "kind="+string(in.Probes[0].Target.Kind), "phase="+ph.Name)
				}
			}
		}
		for i := range sc.snap.Sources {
			s := &sc.snap.Sources[i]
			put("midwatch_registry_up", map[bool]float64{true: 1}[s.Reason == ""], "context="+s.Context, "source="+s.Name)
			if s.Reason == "" || !s.AsOf.IsZero() {
				put("midwatch_registry_instances", float64(s.Instances), "context="+s.Context, "source="+s.Name)
			}
		}
		parser := expfmt.NewTextParser(model.UTF8Validation)
		families, err := parser.TextToMetricFamilies(strings.NewReader(written(t, render.Options{Format: render.FormatPrometheus}, judged(sc.snap, sc.rules))))
		if err != nil {
			t.Fatalf("%s: %v", sc.name, err)
		}
		got := map[string]float64{}
		for name, f := range families {
			if strings.HasPrefix(name, "midwatch_query_") {
				continue // of the verdict, not of the snapshot
			}
			if !slices.ContainsFunc(observed.Families(), func(f observed.Family) bool { return f.Name == name }) {
				t.Errorf("%s: the store has no %s", sc.name, name)
			}
			if f.GetHelp() == "" || f.GetType().String() != "GAUGE" {
				t.Errorf("%s: %s is a %v and says %q", sc.name, name, f.GetType(), f.GetHelp())
			}
			for _, m := range f.GetMetric() {
				var labels []string
				for _, l := range m.GetLabel() {
					labels = append(labels, l.GetName()+"="+l.GetValue())
				}
				if name == "midwatch_instance_up" || name == "midwatch_instance_status" || strings.HasPrefix(name, "midwatch_probe_duration") || name == "midwatch_registry_up" || name == "midwatch_registry_instances" {
					got[name+fmt.Sprint(labels)] = m.GetGauge().GetValue()
				}
			}
		}
		if !maps.Equal(got, want) {
			t.Errorf("%s: got %v\nwant %v", sc.name, got, want)
		}
	}
}

// TestNoHeadersInEveryFormat: it takes the line of names from tables and changes
// nothing else.
func TestNoHeadersInEveryFormat(t *testing.T) {
	for _, f := range render.Formats(true) {
		for _, d := range []device{{}, {width: 300}} {
			write := func(no bool) string {
				io, out, _ := d.open()
				if err := render.Verdict(io, render.Options{Format: f, Now: at, NoHeaders: no}, judged(broken(), gate.Rules{})); err != nil {
					t.Fatal(err)
				}
				return out.String()
			}
			with, without := write(false), write(true)
			if f != render.FormatTable && f != render.FormatWide {
				if with != without {
					t.Errorf("%s: --no-headers changes it", f)
				}
				continue
			}
			_, rest, _ := strings.Cut(with, "\n")
			if d.width == 0 && without != rest {
				t.Errorf("%s: got\n%s\nwant\n%s", f, without, rest)
			}
			if strings.Contains(without, "STATUS") || strings.Count(without, "\n") != strings.Count(with, "\n")-1 {
				t.Errorf("%s, width %d: got\n%s", f, d.width, without)
			}
		}
	}
}

// TestColumnsOffATerminal: their names are what scripts read. They are added to,
// never renamed, and do not depend on what the fleet holds.
func TestColumnsOffATerminal(t *testing.T) {
	for f, want := range map[render.Format]string{
		render.FormatTable: "SERVICE\tNAMESPACE\tSOURCE\tCONTEXT\tUP\tSTATUS\tWHY",
		render.FormatWide:  "SERVICE\tNAMESPACE\tSOURCE\tCONTEXT\tUP\tSTATUS\tVERSIONS\tZONES\tWHY",
	} {
		for _, sc := range worlds() {
			lines := strings.Split(written(t, render.Options{Format: f}, judged(sc.snap, sc.rules)), "\n")
			if lines[0] != want {
				t.Errorf("%s, %s: %q, want %q", sc.name, f, lines[0], want)
			}
			for _, l := range lines[1 : len(lines)-1] {
				if strings.Count(l, "\t") != strings.Count(want, "\t") || strings.Contains(l, "\t\t") || strings.HasSuffix(l, "\t") {
					t.Errorf("%s, %s: %q does not have the columns of %q", sc.name, f, l, want)
				}
			}
		}
	}
}

// TestEveryServiceHasOneRow: off a terminal a table holds every service once.
func TestEveryServiceHasOneRow(t *testing.T) {
	for _, sc := range scenes() {
		seen := map[string]int{}
		for line := range strings.Lines(written(t, render.Options{NoHeaders: true}, judged(sc.snap, sc.rules))) {
			seen[strings.Split(line, "\t")[0]]++
		}
		for i := range sc.snap.Services {
			if n := seen[sc.snap.Services[i].Name]; n != 1 {
				t.Errorf("%s: %s has %d rows", sc.name, sc.snap.Services[i].Name, n)
			}
		}
		if len(seen) != len(sc.snap.Services) {
			t.Errorf("%s: rows %v", sc.name, seen)
		}
	}
}

// TestJQForEverEndsWithItsReader: neither a reader that has gone nor a person who
// has had enough waits for an expression without an end.
func TestJQForEverEndsWithItsReader(t *testing.T) {
	ends := func(t *testing.T, io *term.IO, o render.Options) {
		t.Helper()
		done := make(chan error, 2)
		go func() {
			done <- render.Verdict(io, o, judged(well(), gate.Rules{}))
			done <- render.Line(io, o, 1)
		}()
		for range 2 {
			select {
			case err := <-done:
				if err != nil {
					t.Error(err)
				}
			case <-time.After(20 * time.Second):
				t.Fatal("it goes on")
			}
		}
	}
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = w.Close() }()
	if err := r.Close(); err != nil {
		t.Fatal(err)
	}
	old := os.Stdout
	os.Stdout = w
	io := term.System()
	os.Stdout = old
	ends(t, io, render.Options{JQ: "repeat(1)"})
	enough := make(chan struct{})
	close(enough)
	quiet, out, _ := device{}.open()
	ends(t, quiet, render.Options{JQ: "repeat(1)", Interrupted: enough})
	if out.Len() > 64<<20 {
		t.Errorf("%d bytes after it was ended", out.Len())
	}
}

// TestHintOfAVerdict: the next action is the decider's own, else about the root,
// else about what nobody could ask; nothing where all is well.
func TestHintOfAVerdict(t *testing.T) {
	blind := fresh()
	blind.add("user", 1)
	blind.answer("user-1", probe.Unknown, probe.ReasonAuth, "401 at /health", time.Millisecond)
	odd := fresh()
	odd.add("a b", 1)
	odd.answer("a b-1", probe.Unknown, probe.ReasonAuth, "401 at /health", time.Millisecond)
	for _, c := range []struct {
		name  string
		snap  *fleet.Snapshot
		rules gate.Rules
		hint  string // given
		want  string
	}{
		{"well", well(), gate.Rules{}, "", ""},
		{"well, given", well(), gate.Rules{}, "see the logs", "hint: see the logs\n"},
		{"a root", allDown(), gate.Rules{}, "", "hint: midwatch instances payment -o wide · midwatch doctor payment\n"},
		{"a doubt beside a failure", broken(), gate.Rules{}, "", "hint: midwatch instances payment -o wide · midwatch doctor payment\n"},
		{"the decider's own", silent(), gate.Rules{}, "", "hint: midwatch doctor\n"},
		{"missing", fresh().snapshot(), gate.Rules{Missing: []gate.Missing{{Name: "paymnt", Suggestions: []string{"payment"}}}}, "", "hint: did you mean payment?\n"},
		{"unknown", blind.snapshot(), gate.Rules{}, "", "hint: midwatch check --explain user\n"},
		{"a name that cannot be copied", odd.snapshot(), gate.Rules{}, "", "hint: midwatch check --explain\n"},
	} {
		io, _, errw := device{width: 100}.open()
		j := judged(c.snap, c.rules)
		j.Hint = c.hint
		if err := render.Verdict(io, render.Options{Now: at}, j); err != nil {
			t.Fatal(err)
		}
		if errw.String() != c.want {
			t.Errorf("%s: got %q, want %q", c.name, errw, c.want)
		}
	}
}

// TestTemplateOfAStreamNamesWhatIsMissing: an event without the field is an error
// with its place, and nothing of the line is written.
func TestTemplateOfAStreamNamesWhatIsMissing(t *testing.T) {
	io, out, _ := device{}.open()
	err := render.Line(io, render.Options{Template: "{{.event}} {{.service}}"}, map[string]any{"event": "source_lost"})
	if err == nil || !strings.Contains(err.Error(), `--template:1:13: at <.service>`) || out.Len() > 0 {
		t.Errorf("wrote %q, %v", out, err)
	}
}

// TestLinesAreJSON: whatever an item holds, it is one line that is read back.
func TestLinesAreJSON(t *testing.T) {
	for _, text := range attacks {
		io, out, _ := device{}.open()
		if err := render.Line(io, render.Options{Format: render.FormatJSON}, map[string]any{text: text}); err != nil {
			t.Fatal(err)
		}
		var got map[string]string
		if err := json.Unmarshal(out.Bytes(), &got); err != nil || len(got) != 1 || strings.Count(out.String(), "\n") != 1 {
			t.Errorf("%q: %q, %v", text, out, err)
		}
	}
}
