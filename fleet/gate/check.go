package gate

import (
	"cmp"
	"fmt"
	"slices"

	"github.com/midwatch-cli/midwatch/fleet"
)

// Rules are what `check` is told besides the snapshot.
type Rules struct {
	FailOn       []fleet.Status // statuses that fail beside down
	Ignore       []Ignore
	MaxUnknown   Amount // so many instances may be unknown
	MinInstances int    // a service with fewer fails; 1 makes a known but empty one fail
	MinHealthy   bool   // a query decides how many may be down: one that is, is a warning
	Missing      []Missing
	Queries      []Measured // expressions that must not hold, as they were asked at the time of the snapshot
}

// Missing is a name that was asked for and that no source knows.
type Missing struct {
	Name        string
	Suggestions []string
}

// Ignore takes instances out of the verdict, not out of sight.
type Ignore struct {
	Match  func(fleet.Ref) bool
	Reason fleet.Reason // only findings with this reason; empty: all of the service
	Text   string       // as it was written
}

func (r *Rules) ignored(ref fleet.Ref, why fleet.Reason) (string, bool) {
	for _, i := range r.Ignore {
		if i.Match(ref) && (i.Reason == "" || i.Reason == why) {
			return i.Text, true
		}
	}
	return "", false
}

// Check judges a snapshot by the statuses of its instances, and by what queries
// came to. A certain failure beats a doubt: something down, or a query that
// holds, is Failed even when a source is silent; nothing down but something
// unknown, a query without data, or a source that did not answer, is Unknown;
// degraded alone is Passed.
func Check(s *fleet.Snapshot, r Rules) Verdict {
	v := Verdict{Queries: r.Queries}
	c := checker{rules: r, verdict: &v}
	for _, m := range r.Missing {
		c.missing(m)
	}
	for i := range s.Services {
		c.service(&s.Services[i])
	}
	c.unknowns()
	for i := range r.Queries {
		c.query(&r.Queries[i])
	}
	for i := range s.Sources {
		c.source(&s.Sources[i])
	}
	unlisted := len(s.Sources) == 0 && len(r.Queries) > 0 // no registry was asked which services there are
	if len(s.Services) == 0 && len(v.Findings) == 0 && !unlisted {
		c.add(Finding{Outcome: Unknown, Reason: fleet.ReasonNoInstances, Text: "no service matched", Hint: "midwatch services lists what the registries hold"})
		v.Headline = "nothing matched"
	}
	v.Outcome = Passed
	for _, f := range v.Findings {
		v.Outcome = max(v.Outcome, f.Outcome)
	}
	slices.SortStableFunc(v.Findings, func(a, b Finding) int {
		return cmp.Or(cmp.Compare(b.Outcome, a.Outcome), a.Key.Compare(b.Key))
	})
	if c.instances > 0 && c.down == c.instances {
		v.Headline = "all down"
	}
	return v
}

type checker struct {
	rules     Rules
	verdict   *Verdict
	instances int // that count
	down      int
	unknown   []Finding
}

func (c *checker) add(f Finding) { c.verdict.Findings = append(c.verdict.Findings, f) }

func (c *checker) missing(m Missing) {
	f := Finding{
		Outcome: Unknown, Reason: fleet.ReasonNoService, Key: fleet.Key{Ref: fleet.Ref{Name: m.Name}},
		Text: "no such service: " + m.Name, Hint: "midwatch services lists what the registries hold",
	}
	if len(m.Suggestions) > 0 {
		f.Hint = "did you mean " + joinOr(m.Suggestions) + "?"
	}
	c.add(f)
	c.verdict.Headline = "no such service"
}

func (c *checker) service(s *fleet.ServiceView) {
	if n := len(s.Instances); n < c.rules.MinInstances {
		c.tooFew(s, n)
	}
	for i := range s.Instances {
		c.instance(&s.Instances[i])
	}
}

// tooFew is about the service alone: how its instances are is asked of each.
func (c *checker) tooFew(s *fleet.ServiceView, n int) {
	key := fleet.Key{Ref: s.Ref}
	if text, ok := c.rules.ignored(s.Ref, fleet.ReasonNoInstances); ok {
		c.verdict.Ignored = append(c.verdict.Ignored, Ignored{Key: key, Reason: text})
		return
	}
	text := fmt.Sprintf("%s has %d instances, wanted %d", s.Name, n, c.rules.MinInstances)
	switch n {
	case 0:
		text = s.Name + " is known but has no instances"
		c.verdict.Headline = "known but empty"
	case 1:
		text = fmt.Sprintf("%s has 1 instance, wanted %d", s.Name, c.rules.MinInstances)
	}
	if c.verdict.Headline == "" {
		c.verdict.Headline = text // no row of a table shows it
	}
	c.add(Finding{Outcome: Failed, Reason: fleet.ReasonNoInstances, Key: key, Text: text})
}

func (c *checker) instance(v *fleet.InstanceView) {
	if v.Status == fleet.Up || v.Status == fleet.Maintenance && !slices.Contains(c.rules.FailOn, v.Status) {
		c.instances++
		return
	}
	if text, ok := c.rules.ignored(v.Ref, v.Why.Reason); ok {
		c.verdict.Ignored = append(c.verdict.Ignored, Ignored{Key: v.Key, Reason: text})
		return
	}
	c.instances++
	if v.Status == fleet.Down {
		c.down++
	}
	f := Finding{Outcome: Failed, Reason: v.Why.Reason, Key: v.Key, Text: v.Key.Instance + " " + v.Why.Detail}
	switch {
	case slices.Contains(c.rules.FailOn, v.Status), v.Status == fleet.Down && !c.rules.MinHealthy:
		c.add(f)
	case v.Status == fleet.Down:
		c.verdict.Degraded++
	case v.Status == fleet.Degraded:
		c.verdict.Degraded++
	default:
		f.Outcome = Unknown
		c.unknown = append(c.unknown, f)
	}
}

// unknowns holds the unknown instances against the fleet if there are more
// than it may have.
func (c *checker) unknowns() {
	if len(c.unknown) > c.rules.MaxUnknown.AtMost(c.instances) {
		c.verdict.Findings = append(c.verdict.Findings, c.unknown...)
	}
}

// query holds it against the fleet where an expression holds, but for what is
// ignored, or where it cannot be told.
func (c *checker) query(m *Measured) {
	for _, f := range m.Findings() {
		if text, ok := c.rules.ignored(f.Key.Ref, f.Reason); ok && f.Key.Name != "" {
			c.verdict.Ignored = append(c.verdict.Ignored, Ignored{Key: f.Key, Reason: text})
			continue
		}
		c.add(f)
	}
}

func (c *checker) source(s *fleet.SourceView) {
	if s.Reason != "" {
		c.add(Finding{
			Outcome: Unknown, Reason: s.Reason, Key: fleet.Key{Ref: fleet.Ref{Context: s.Context, Source: s.Name}},
			Text: "registry " + s.Name + ": " + s.Detail, Hint: s.Hint,
		})
	}
}

func joinOr(words []string) string {
	switch n := len(words); n {
	case 0:
		return ""
	case 1:
		return words[0]
	default:
		out := words[0]
		for _, w := range words[1 : n-1] {
			out += ", " + w
		}
		return out + " or " + words[n-1]
	}
}
