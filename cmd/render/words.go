package render

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/midwatch-cli/midwatch/cmd/render/report"
	"github.com/midwatch-cli/midwatch/fleet"
)

// list joins names as long as they fit and says how many more there are.
func list(names []string, room int) string {
	text := ""
	for i, n := range names {
		next := n
		if i > 0 {
			next = text + ", " + n
		}
		if rest := len(names) - i; i > 0 && widthOf(next)+12 > room && rest > 1 {
			return fmt.Sprintf("%s and %d more", text, rest)
		}
		text = next
	}
	return text
}

// below is what stands under a root: who waits for it.
func below(r *fleet.Root) []string {
	var lines []string
	names := func(refs []fleet.Ref) string {
		words := make([]string, len(refs))
		for i, ref := range refs {
			words[i] = ref.Name
		}
		return list(words, 200)
	}
	if len(r.Cycle) > 0 {
		lines = append(lines, "cycle     "+names(r.Cycle)+" depend on each other")
	}
	if len(r.Victims) > 0 {
		lines = append(lines, "blocks    "+names(r.Victims))
	}
	return lines
}

// values gathers a field of the instances: "2.4.0 ×3, 2.4.1".
func values(v *fleet.ServiceView, field func(*fleet.InstanceView) string) string {
	count, order := map[string]int{}, []string{}
	for i := range v.Instances {
		f := field(&v.Instances[i])
		if f != "" && count[f] == 0 {
			order = append(order, f)
		}
		count[f]++
	}
	slices.Sort(order)
	if len(order) > 1 {
		for i, f := range order {
			if count[f] > 1 {
				order[i] = fmt.Sprintf("%s x%d", f, count[f])
			}
		}
	}
	return list(order, 60)
}

// whyOf says in few words why a service is not well: what it waits for, the
// breakers that are open, on how many instances and since when, then its
// instances, those with the same trouble together, the worst first.
func whyOf(v *fleet.ServiceView, now time.Time, zone *time.Location) string {
	var parts []string
	if len(v.BlockedBy) > 0 && v.Status != fleet.Up {
		names := make([]string, len(v.BlockedBy))
		for i, r := range v.BlockedBy {
			names[i] = r.Name
		}
		parts = append(parts, "waits for "+list(names, 40))
	}
	for i, r := range fleet.Refusals(v.Instances) {
		if i == 2 {
			parts = append(parts, "more breakers")
			break
		}
		parts = append(parts, r.Words(now, zone))
	}
	type trouble struct {
		status fleet.Status
		why    fleet.Why
		ids    []string
	}
	var troubles []trouble
	for i := range v.Instances {
		in := &v.Instances[i]
		if in.Status == fleet.Up || in.Status == fleet.Maintenance && v.Status != fleet.Maintenance || in.Why.Reason == fleet.ReasonBreaker {
			continue
		}
		k := slices.IndexFunc(troubles, func(t trouble) bool { return t.why == in.Why && t.status == in.Status })
		if k < 0 {
			troubles, k = append(troubles, trouble{status: in.Status, why: in.Why}), len(troubles)
		}
		troubles[k].ids = append(troubles[k].ids, in.ID)
	}
	slices.SortStableFunc(troubles, func(a, b trouble) int { return cmp.Compare(b.status, a.status) })
	for i, t := range troubles {
		if i == 3 {
			parts = append(parts, fmt.Sprintf("%d more", len(troubles)-3))
			break
		}
		who := strings.Join(t.ids, ", ") + " "
		switch {
		case len(t.ids) == len(v.Instances) && len(t.ids) > 1:
			who = ""
		case len(t.ids) > 3:
			who = fmt.Sprintf("%d of %d ", len(t.ids), len(v.Instances))
		}
		parts = append(parts, who+report.InWords(t.why))
	}
	if len(parts) == 0 && v.Status != fleet.Up {
		parts = append(parts, v.Why.Detail)
	}
	return strings.Join(parts, " · ")
}
