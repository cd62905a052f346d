package report

import (
	"bytes"
	"fmt"
	"strconv"
	"strings"

	"github.com/midwatch-cli/midwatch/fleet/metrics"
	"github.com/midwatch-cli/midwatch/fleet/metrics/observed"
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
	fmt.Fprintf(b, " time=%ss;;;0%s\n", seconds(j.Snapshot.Took), j.perfdata())
	for i := range j.Rows {
		r := &j.Rows[i]
		fmt.Fprintf(b, "%s %s %s: %s\n", text(r.Ref.Name), r.Up(), r.Status, text(r.Why))
	}
	for i := range j.Verdict.Queries {
		_, line := Asked(&j.Verdict.Queries[i])
		b.WriteString(text(line) + "\n")
	}
	for _, n := range j.Notes {
		b.WriteString(text(n) + "\n")
	}
}

// Prometheus writes what midwatch saw in the text exposition format, under the
// names it has as series everywhere.
func Prometheus(b *bytes.Buffer, j *Account) {
	samples := map[string]*bytes.Buffer{} // of each family
	observed.Visit(j.Snapshot, true, func(f *observed.Family, l metrics.Labels, v float64) {
		into := samples[f.Name]
		if into == nil {
			into = &bytes.Buffer{}
			samples[f.Name] = into
		}
		j.sample(into, l, v)
	})
	for _, f := range observed.Families() {
		if of := samples[f.Name]; of != nil {
			fmt.Fprintf(b, "# HELP %s %s\n# TYPE %s gauge\n%s", f.Name, f.Help, f.Name, of.Bytes())
		}
	}
	j.exposeQueries(b)
}

// sample writes one value. Labels are sorted, so that the name comes first.
func (j *Account) sample(b *bytes.Buffer, l metrics.Labels, v float64) {
	b.WriteString(l.Name())
	sep := byte('{')
	for _, label := range l {
		if label.Name == metrics.LabelName {
			continue
		}
		value := j.clean(label.Value) // one line
		if strings.ContainsAny(value, `\"`) {
			value = strings.ReplaceAll(strings.ReplaceAll(value, `\`, `\\`), `"`, `\"`)
		}
		b.WriteByte(sep)
		b.WriteString(label.Name + `="` + value + `"`)
		sep = ','
	}
	if sep == ',' {
		b.WriteByte('}')
	}
	b.WriteString(" " + strconv.FormatFloat(v, 'g', -1, 64) + "\n")
}
