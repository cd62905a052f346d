// Package judge says how a fleet is: evidence in, statuses, causes and victims
// out. It is pure.
package judge

import (
	"fmt"
	"slices"
	"strings"

	"github.com/midwatch-cli/midwatch/fleet"
	"github.com/midwatch-cli/midwatch/probe"
)

// Instance makes an instance's status from its own evidence: what the registry
// claims (nil: nothing), what came of asking it, the deciding result first (see
// Decide), and its own breakers. It is the only place that makes one, and the
// rows of the table of semantics follow each other in it.
func Instance(claimed *fleet.Status, r []probe.Result, b []fleet.Breaker) (fleet.Status, fleet.Why) {
	claim := fleet.StatusNone
	if claimed != nil {
		claim = *claimed
	}
	for i := range r {
		if r[i].Health.Draining {
			return fleet.Maintenance, fleet.Why{Reason: probe.ReasonDraining, Detail: "it says that it is leaving"}
		}
	}
	outcome, why := reading(r)
	switch open := refusing(b); {
	case claim == fleet.Maintenance:
		return fleet.Maintenance, fleet.Why{Reason: probe.ReasonDraining, Detail: "the registry has it in maintenance"}
	case outcome == probe.Fail:
		return fleet.Down, why
	case outcome == probe.Unknown && claim == fleet.Down:
		return fleet.Down, fleet.Why{Reason: fleet.ReasonClaimed, Detail: join("the registry says down, asking it settled nothing", why.Detail)}
	case outcome == probe.Unknown:
		return fleet.Unknown, why
	case outcome == probe.Pass && claim == fleet.Down:
		return fleet.Degraded, fleet.Why{Reason: fleet.ReasonClaimed, Detail: "it answers well, the registry would not send it calls"}
	case outcome == probe.Warn:
		return fleet.Degraded, why
	case open != "":
		return fleet.Degraded, fleet.Why{Reason: fleet.ReasonBreaker, Detail: open}
	}
	return fleet.Up, why
}

// Decide puts the result that decides first and keeps the order of the others.
// Results are answers to alternatives: the first that speaks decides, and where
// none does the one that says most about why. With every, each is a question of
// its own and the worst decides.
func Decide(every bool, r []probe.Result) []probe.Result {
	best := 0
	for i := range r {
		if weight(every, &r[i]) > weight(every, &r[best]) {
			best = i
		}
	}
	if best > 0 {
		first := r[best]
		copy(r[1:best+1], r[:best])
		r[0] = first
	}
	return r
}

// weight orders results for Decide.
func weight(every bool, r *probe.Result) int {
	outcome := outcomeOf(r)
	switch {
	case every:
		return [...]int{probe.Pass: 1, probe.Unknown: 2, probe.Warn: 3, probe.Fail: 4}[outcome]
	case outcome == probe.Pass, outcome == probe.Warn, outcome == probe.Fail && r.Answered:
		return 6
	case outcome == probe.Fail:
		return 5 // no answer at all, perhaps to the wrong protocol
	case !r.Target.Named && r.Reason == probe.ReasonProtocol:
		return 0 // the protocol was a guess, and wrong: whatever else is known says more
	case r.Reason == probe.ReasonAuth:
		return 4 // credentials are missing: a thing to do
	case r.Reason == probe.ReasonAlike, r.Health.Dialect != "":
		return 3
	case r.Target.Kind == probe.TCP:
		return 1 // told only where nothing else answered
	case r.Answered && r.Reason != probe.ReasonNotFound:
		return 3 // a page, a redirect: more than that a guessed path is not there
	case r.Answered:
		return 2
	}
	return 0
}

// outcomeOf is a result's outcome as a status may use it: a port that answers
// proves nothing (a mesh answers for the dead) unless somebody named that probe.
func outcomeOf(r *probe.Result) probe.Outcome {
	if r.Outcome == probe.Pass && r.Target.Kind == probe.TCP && !r.Target.Named {
		return probe.Unknown
	}
	return r.Outcome
}

// reading is what the deciding result comes to, in few words.
func reading(r []probe.Result) (probe.Outcome, fleet.Why) {
	if len(r) == 0 {
		return probe.Unknown, fleet.Why{Reason: fleet.ReasonUnasked, Detail: "it was not asked"}
	}
	first := &r[0]
	outcome := outcomeOf(first)
	if outcome != first.Outcome {
		spoke := ""
		if i := slices.IndexFunc(r, func(r probe.Result) bool { return r.Reason == probe.ReasonProtocol }); i >= 0 {
			spoke = " (" + r[i].Detail + ")"
		}
		return outcome, fleet.Why{Reason: probe.ReasonTCPOnly, Detail: "only its port answers" + spoke + ": set health_path, or probe: tcp in its profile"}
	}
	why := fleet.Why{Reason: first.Reason, Detail: first.Detail}
	if !namesComponent(first) {
		why.Detail = join(first.Detail, strings.Join(unwell(first), ", "))
	}
	if outcome == probe.Pass {
		why = fleet.Why{}
		if first.Health.Lie {
			why = fleet.Why{Reason: probe.ReasonComponent, Detail: strings.Join(unwell(first), ", ")}
		}
	}
	return outcome, why
}

// namesComponent says whether the detail already speaks of a component that is
// unwell: five words are enough.
func namesComponent(r *probe.Result) bool {
	for _, c := range r.Health.Components {
		if c.Word.Unwell() && c.Name != "" && strings.Contains(r.Detail, c.Name) {
			return true
		}
	}
	return false
}

// unwell names the components that are not well, at most three.
func unwell(r *probe.Result) []string {
	var names []string
	for _, c := range r.Health.Components {
		if c.Word.Unwell() {
			names = append(names, c.Name+" "+c.Text)
		}
	}
	return atMost(3, names)
}

// refusing says which breakers are open; empty when none is.
func refusing(b []fleet.Breaker) string {
	var open []string
	for i := range b {
		if b[i].State.Refuses() {
			open = append(open, b[i].Refusing()+b[i].Hold.Parenthesis())
		}
	}
	return strings.Join(atMost(3, open), ", ")
}

// atMost cuts a list for people: the first n and how many more.
func atMost(n int, words []string) []string {
	if len(words) <= n {
		return words
	}
	return append(words[:n:n], fmt.Sprintf("%d more", len(words)-n))
}

// join is "what: more", without more where there is none or what holds it.
func join(what, more string) string {
	switch {
	case more == "" || strings.Contains(what, more):
		return what
	case what == "":
		return more
	}
	return what + ": " + more
}
