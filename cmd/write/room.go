package write

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/midwatch-cli/midwatch/cmd/app"
	"github.com/midwatch-cli/midwatch/fleet"
	"github.com/midwatch-cli/midwatch/fleet/change"
)

// usualUnavailable is how much of a service may be out of use.
const usualUnavailable = "50%"

// room refuses a plan that would leave a service with too few instances that
// serve. What does not serve already is not counted against it.
func (w *Flags) room(snap *fleet.Snapshot, plan *change.Plan) error {
	allowed := w.MaxUnavailable
	if allowed == "" {
		allowed = usualUnavailable
	}
	most, err := limit(allowed)
	if err != nil {
		return err
	}
	out := map[fleet.Ref]map[string]bool{}
	for i := range plan.Steps {
		s := &plan.Steps[i]
		if s.Err != nil {
			continue // it stays where it is
		}
		t := s.Intent.Target
		ref := fleet.Ref{Context: s.Intent.Context, Source: t.Source, Namespace: t.Namespace, Name: t.Service}
		if out[ref] == nil {
			out[ref] = map[string]bool{}
		}
		out[ref][t.Instance] = true
	}
	for i := range snap.Services {
		s := &snap.Services[i]
		if out[s.Ref] == nil || w.AllowEmpty {
			continue
		}
		serving, taken, last := 0, 0, ""
		for _, in := range s.Instances {
			if in.Status != fleet.Up && in.Status != fleet.Degraded {
				continue
			}
			serving++
			if out[s.Ref][in.ID] {
				taken++
				last = in.ID
			}
		}
		total := len(s.Instances)
		gone := total - serving + taken
		switch {
		case taken == 0:
		case taken == serving:
			text := fmt.Sprintf("no instance of %s would serve any more: all %d that do of its %d are taken out", s.Name, serving, total)
			if serving == 1 {
				text = fmt.Sprintf("%s is the last of %s that serves, of %s", last, s.Name, app.Count(total, "instance"))
			}
			return &app.Error{Code: app.NotWell, Err: fmt.Errorf("%s: nothing was changed", text), Hint: "--allow-empty does it all the same"}
		case gone > most(total):
			return &app.Error{Code: app.NotWell, Err: fmt.Errorf("%d of %d of %s would not serve, and --max-unavailable is %s: nothing was changed", gone, total, s.Name, allowed), Hint: "take out fewer, or more is allowed by --max-unavailable " + strconv.Itoa(gone)}
		}
	}
	return nil
}

// limit reads N or N%: how many of a total, rounded down.
func limit(text string) (func(total int) int, error) {
	digits, percent := strings.CutSuffix(text, "%")
	n, err := strconv.Atoi(digits)
	if err != nil || n < 0 || percent && n > 100 {
		return nil, app.Usagef("want a number of instances, or a percentage such as 50%", "--max-unavailable %q", text)
	}
	if percent {
		return func(total int) int { return total * n / 100 }, nil
	}
	return func(int) int { return n }, nil
}
