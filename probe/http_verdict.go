package probe

import (
	"fmt"

	"github.com/midwatch-cli/midwatch/probe/health"
)

// verdict reads a whole answer by its status alone.
func verdict(reply *answer, _, named bool) (v health.Verdict, outcome Outcome, reason Reason, text string, bare bool) {
	switch {
	case reply.status >= 500:
		return v, Fail, ReasonStatus, fmt.Sprint(reply.status), false
	case reply.status >= 300:
		return v, Unknown, ReasonStatus, fmt.Sprint(reply.status), false
	case named:
		return v, Pass, ReasonNone, "", true
	default:
		return v, Unknown, ReasonBody, fmt.Sprint(reply.status, ", and its body speaks no dialect"), true
	}
}
