package report

import (
	"bytes"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/midwatch-cli/midwatch/fleet"
	"github.com/midwatch-cli/midwatch/probe"
)

// Nagios writes the line of a monitoring plug-in with its performance
// data, and one line more for each service that is not well.
func Nagios(b *bytes.Buffer, j *Account) {
	word := []string{"OK", "WARNING", "CRITICAL", "UNKNOWN"}[State(j.ExitCode, j.Verdict)]
	text := func(s string) string { return strings.ReplaceAll(j.clean(s), "|", "/") }
	c := j.Snapshot.Counts()
	fmt.Fprintf(b, "MIDWATCH %s - %s", word, text(j.Title))
	for _, r := range j.Snapshot.Roots {
		fmt.Fprintf(b, "; %s", text(r.Ref.Name))
	}
	b.WriteString(" |")
	for _, one := range []struct {
		name string
		n    int
	}{{"up", c.Up}, {"degraded", c.Degraded}, {"down", c.Down}, {"unknown", c.Unknown}, {"maintenance", c.Maintenance}, {"answered", c.Answered}} {
		fmt.Fprintf(b, " %s=%d;;;0;%d", one.name, one.n, c.Instances)
	}
	fmt.Fprintf(b, " time=%ss;;;0\n", seconds(j.Snapshot.Took))
	for i := range j.Rows {
		r := &j.Rows[i]
		fmt.Fprintf(b, "%s %s %s: %s\n", text(r.Ref.Name), r.Up(), r.Status, text(r.Why))
	}
	for _, n := range j.Notes {
		b.WriteString(text(n) + "\n")
	}
}

// metric is one family of an exposition.
type metric struct {
	name, help string
	samples    []string
}

func (m *metric) add(clean func(string) string, value float64, labels ...string) {
	var b strings.Builder
	for i := 0; i < len(labels); i += 2 {
		if i > 0 {
			b.WriteByte(',')
		}
		b.WriteString(labels[i] + `="` + strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(clean(labels[i+1])) + `"`)
	}
	m.samples = append(m.samples, fmt.Sprintf("%s{%s} %s\n", m.name, b.String(), strconv.FormatFloat(value, 'g', -1, 64)))
}

// Prometheus writes what midwatch saw in the text exposition format, under
// the names it has as series everywhere.
func Prometheus(b *bytes.Buffer, j *Account) {
	s := j.Snapshot
	up := metric{name: "midwatch_instance_up", help: "1 where the instance is up or degraded, 0 where it is not or nobody knows."}
	status := metric{name: "midwatch_instance_status", help: "1 for the status the instance has, 0 for the others."}
	took := metric{name: "midwatch_probe_duration_seconds", help: "Time of the deciding probe by phase; phase total is the whole."}
	registryUp := metric{name: "midwatch_registry_up", help: "1 where the registry answered at its last read."}
	held := metric{name: "midwatch_registry_instances", help: "Instances the registry holds."}
	for i := range s.Services {
		for k := range s.Services[i].Instances {
			in := &s.Services[i].Instances[k]
			labels := []string{
				"context", in.Context, "source", in.Source, "namespace", in.Namespace, "service", in.Name, "instance", in.ID,
				"zone", in.Zone, "version", in.Version,
			}
			up.add(j.clean, truth(in.Status.Serves()), labels...)
			for st := fleet.Up; st <= fleet.Down; st++ {
				is := in.Status == st || in.Status == fleet.StatusNone && st == fleet.Unknown
				status.add(j.clean, truth(is), append(slices.Clip(labels), "status", st.String())...)
			}
			if len(in.Probes) > 0 {
				for _, phase := range phases(&in.Probes[0]) {
					took.add(j.clean, phase.Took.Seconds(), append(slices.Clip(labels), "phase", phase.Name)...)
				}
			}
		}
	}
	for i := range s.Sources {
		v := &s.Sources[i]
		registryUp.add(j.clean, truth(v.Reason == ""), "context", v.Context, "source", v.Name)
		held.add(j.clean, float64(v.Instances), "context", v.Context, "source", v.Name)
	}
	for _, m := range []metric{up, status, took, registryUp, held} {
		if len(m.samples) == 0 {
			continue
		}
		fmt.Fprintf(b, "# HELP %s %s\n# TYPE %s gauge\n%s", m.name, m.help, m.name, strings.Join(m.samples, ""))
	}
}

// phases are those of a probe, each once, and the total.
func phases(r *probe.Result) []probe.Phase {
	out := []probe.Phase{{Name: "total", Took: r.Took}}
	for _, ph := range r.Phases {
		if i := slices.IndexFunc(out, func(o probe.Phase) bool { return o.Name == ph.Name }); i >= 0 {
			out[i].Took += ph.Took
		} else {
			out = append(out, ph)
		}
	}
	return out
}

func truth(is bool) float64 {
	if is {
		return 1
	}
	return 0
}
