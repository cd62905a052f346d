package red

import (
	"context"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/midwatch-cli/midwatch/fleet/metrics"
	"github.com/midwatch-cli/midwatch/fleet/metrics/red/page"
	"github.com/midwatch-cli/midwatch/fleet/metrics/red/signature"
)

// computation is one call of Compute.
type computation struct {
	q        metrics.Querier
	o        Options
	table    []signature.Signature
	sorter   *page.Sorter
	found    map[string][]signature.Match // by the names of a page
	warnings []string
}

// run asks three questions: for the latest gauges, for the names of families
// that signatures know, and for the samples of those that may be used.
func (c *computation) run(ctx context.Context) (Report, error) {
	r := Report{At: c.o.At, Window: c.o.Window}
	gauges, err := c.ask(ctx, c.matching(signature.Spelled(gaugeNames()...)))
	if err != nil {
		return r, err
	}
	names, err := c.names(ctx, max(c.o.Window, c.o.History.Range))
	if err != nil {
		return r, err
	}
	want := quoted(c.wanted(names, true)) + "|" + signature.Spelled(counterNames()...)
	samples, err := c.ask(ctx, c.matching(strings.TrimPrefix(want, "|"))+window(c.o.Window))
	if err != nil {
		return r, err
	}
	to := c.o.At.UnixMilli()
	targets := c.sorter.Sort(samples, to-c.o.Window.Milliseconds(), to)
	c.sorter.Gauges(targets, gauges)
	r.Instances, r.Services = c.rows(targets)
	if c.o.History.Step > 0 {
		if err := c.history(ctx, names, &r); err != nil {
			return r, err
		}
	}
	r.Warnings = c.warnings
	return r, nil
}

// ask asks one question about the end of the window.
func (c *computation) ask(ctx context.Context, expr string) ([]metrics.Series, error) {
	a, err := c.q.Query(ctx, metrics.Question{Expr: expr, At: c.o.At})
	if err != nil {
		return nil, err
	}
	for _, w := range a.Warnings {
		if !slices.Contains(c.warnings, w) {
			c.warnings = append(c.warnings, w)
		}
	}
	return a.Series, nil
}

// names asks for the families that signatures know, as they are spelled. Buckets,
// which are most of a page, are not looked at.
func (c *computation) names(ctx context.Context, w time.Duration) ([]string, error) {
	series, err := c.ask(ctx, "group by (__name__) (last_over_time("+c.matching(signature.Pattern(c.table))+window(w)+"))")
	if err != nil {
		return nil, err
	}
	names := make([]string, 0, len(series))
	for _, s := range series {
		names = append(names, s.Labels.Name())
	}
	return names, nil
}

// wanted are the names whose samples are asked for: of the signatures that the
// names are of, with their buckets or without.
func (c *computation) wanted(names []string, buckets bool) []string {
	has := map[signature.Name]bool{}
	for _, name := range names {
		has[c.sorter.Name(name)] = true
	}
	stems := map[string]bool{}
	for _, m := range signature.Find(c.table, has) {
		for _, family := range m.Families() {
			stems[m.Prefix+signature.Parse(family).Stem] = true
		}
	}
	want := map[string]bool{}
	for _, name := range names {
		n := c.sorter.Name(name)
		if !stems[n.Stem] || n.Part == signature.Created {
			continue
		}
		want[name] = true
		if base, ok := strings.CutSuffix(name, "count"); ok && n.Part == signature.Count && buckets {
			want[base+"bucket"] = true
		}
	}
	return slices.Sorted(maps.Keys(want))
}

// matches are the signatures that an instance's page may have.
func (c *computation) matches(t *page.Target) []signature.Match {
	names := slices.Collect(maps.Keys(t.Series))
	slices.SortFunc(names, func(a, b signature.Name) int {
		return strings.Compare(a.Stem+" "+string(a.Unit)+" "+strconv.Itoa(int(a.Part)), b.Stem+" "+string(b.Unit)+" "+strconv.Itoa(int(b.Part)))
	})
	key := fmt.Sprint(names)
	found, ok := c.found[key]
	if !ok {
		has := make(map[signature.Name]bool, len(names))
		for _, n := range names {
			has[n] = true
		}
		found = signature.Find(c.table, has)
		c.found[key] = found
	}
	return found
}

// quoted is a regular expression for names as they are.
func quoted(names []string) string {
	all := make([]string, 0, len(names))
	for _, name := range names {
		all = append(all, regexp.QuoteMeta(name))
	}
	return strings.Join(all, "|")
}

// matching selects series whose names match.
func (c *computation) matching(pattern string) string {
	var b strings.Builder
	b.WriteString("{__name__=~" + strconv.Quote(pattern))
	for _, m := range c.o.Where {
		name := m.Name
		if !plain(name) {
			name = strconv.Quote(name)
		}
		b.WriteString("," + name + m.Op + strconv.Quote(m.Value))
	}
	b.WriteByte('}')
	return b.String()
}

// plain says whether a label's name needs no quotes in PromQL.
func plain(name string) bool {
	for i, r := range name {
		if r != '_' && (r < 'a' || r > 'z') && (r < 'A' || r > 'Z') && (i == 0 || r < '0' || r > '9') {
			return false
		}
	}
	return name != ""
}

func window(w time.Duration) string {
	return "[" + strconv.FormatInt(max(w.Milliseconds(), 1), 10) + "ms]"
}
