package probe

import (
	"fmt"

	"github.com/midwatch-cli/midwatch/probe/health"
	"github.com/midwatch-cli/midwatch/probe/wire"
)

// verdict reads a whole answer by its status alone.
func verdict(reply *wire.Answer, _, named bool) (v health.Verdict, outcome Outcome, reason Reason, text string, bare bool) {
	switch {
	case reply.Status >= 500:
		return v, Fail, ReasonStatus, fmt.Sprint(reply.Status), false
	case reply.Status >= 300:
		return v, Unknown, ReasonStatus, fmt.Sprint(reply.Status), false
	case named:
		return v, Pass, ReasonNone, "", true
	default:
		return v, Unknown, ReasonBody, fmt.Sprint(reply.Status, ", and its body speaks no dialect"), true
	}
}
