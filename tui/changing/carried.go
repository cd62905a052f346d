package changing

import (
	"cmp"

	"github.com/midwatch-cli/midwatch/fleet/change"
	"github.com/midwatch-cli/midwatch/tui/desk"
	"github.com/midwatch-cli/midwatch/tui/page"
)

// carried says whether an order was carried out on all of a target that it was about:
// what failed, was not begun or is not known keeps its mark, so that the order can be
// given again.
func carried(wished []desk.Target, results []change.Result, t desk.Target) bool {
	if !about(wished, t) {
		return false
	}
	done := false
	for i := range results {
		r := &results[i]
		of, key := &r.Intent.Target, r.Intent.Instance()
		if key.Ref != t.Key.Ref || t.Key.Instance != "" && t.Key != key || t.Breaker != "" && t.Breaker != of.Breaker {
			continue
		}
		if r.State != change.Done {
			return false
		}
		done = true
	}
	return done
}

// about says whether a wish is about a target of a page, which may name no breaker
// yet, or about all of its service.
func about(wished []desk.Target, t desk.Target) bool {
	for _, w := range wished {
		if w.Key.Ref == t.Key.Ref && (w.Key.Instance == t.Key.Instance || w.Key.Instance == "") && (w.Breaker == t.Breaker || t.Breaker == "") {
			return true
		}
	}
	return false
}

// noBreaker says why there is none to give an order to: that none is there, and that
// it could not be found out, are two answers.
func noBreaker(v *page.View, targets []desk.Target) string {
	for _, t := range targets {
		of := page.FindService(v.Snapshot, t.Key.Ref)
		if of == nil {
			continue
		}
		for i := range of.Instances {
			in := &of.Instances[i]
			if why := in.BreakersWhy; why.Reason != "" && (t.Key.Instance == "" || t.Key == in.Key) {
				return "breakers of " + in.Key.Instance + " could not be read: " + cmp.Or(why.Detail, string(why.Reason))
			}
		}
	}
	return "no breaker is known here: those of its callers are on :map"
}
