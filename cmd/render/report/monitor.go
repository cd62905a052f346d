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
	samples    bytes.Buffer
}

// add writes a sample. The labels are those of labels, and one more where extra
// has a name and a value.
func (m *metric) add(value float64, labels string, extra ...string) {
	m.samples.WriteString(m.name + "{" + labels)
	if len(extra) == 2 {
		m.samples.WriteString(`,` + extra[0] + `="` + extra[1] + `"`)
	}
	m.samples.WriteString("} " + strconv.FormatFloat(value, 'g', -1, 64) + "\n")
}

// labels writes names and values, one after the other, as the exposition wants
// them.
func (j *Account) labels(pairs ...string) string {
	var b strings.Builder
	for i := 0; i < len(pairs); i += 2 {
		if i > 0 {
			b.WriteByte(',')
		}
		value := j.clean(pairs[i+1])
		if strings.ContainsAny(value, `\"`) {
			value = strings.ReplaceAll(strings.ReplaceAll(value, `\`, `\\`), `"`, `\"`)
		}
		b.WriteString(pairs[i] + `="` + value + `"`)
	}
	return b.String()
}

// Prometheus writes what midwatch saw in the text exposition format, under the
// names it has as series everywhere.
func Prometheus(b *bytes.Buffer, j *Account) {
	s := j.Snapshot
	up := &metric{name: "midwatch_instance_up", help: "1 where the instance is up or degraded, 0 where it is not or nobody knows."}
	status := &metric{name: "midwatch_instance_status", help: "1 for the status the instance has, 0 for the others."}
	took := &metric{name: "midwatch_probe_duration_seconds", help: "Time of the deciding probe by phase; phase total is the whole."}
	registryUp := &metric{name: "midwatch_registry_up", help: "1 where the registry answered at its last read."}
	held := &metric{name: "midwatch_registry_instances", help: "Instances the registry holds."}
	for i := range s.Services {
		for k := range s.Services[i].Instances {
			in := &s.Services[i].Instances[k]
			labels := j.labels(
				"context", in.Context, "source", in.Source, "namespace", in.Namespace, "service", in.Name, "instance", in.ID,
				"zone", in.Zone, "version", in.Version,
			)
			up.add(truth(in.Status.Serves()), labels)
			for st := fleet.Up; st <= fleet.Down; st++ {
				is := in.Status == st || in.Status == fleet.StatusNone && st == fleet.Unknown
				status.add(truth(is), labels, "status", st.String())
			}
			if len(in.Probes) > 0 {
				for _, phase := range phases(&in.Probes[0]) {
					took.add(phase.Took.Seconds(), labels, "phase", phase.Name)
				}
			}
		}
	}
	for i := range s.Sources {
		v := &s.Sources[i]
		labels := j.labels("context", v.Context, "source", v.Name)
		registryUp.add(truth(v.Reason == ""), labels)
		held.add(float64(v.Instances), labels)
	}
	for _, m := range []*metric{up, status, took, registryUp, held} {
		if m.samples.Len() > 0 {
			fmt.Fprintf(b, "# HELP %s %s\n# TYPE %s gauge\n%s", m.name, m.help, m.name, m.samples.Bytes())
		}
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
