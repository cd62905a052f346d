package probe

import (
	"context"
	"net"

	"github.com/midwatch-cli/midwatch/probe/wire"
)

// Dial is for the transport of a Client: it dials like the net package, but
// never where nobody is asked (link-local addresses and cloud metadata), also if
// a name leads there.
func Dial(ctx context.Context, network, address string) (net.Conn, error) {
	d := net.Dialer{Control: wire.Guard}
	return d.DialContext(ctx, network, address)
}

// Classify says what an error of the network, of TLS or of a context means for
// the target that was asked: the first rows of the table "From an answer to an
// outcome". The text is one line for people and may quote the far side. A nil
// error is Pass.
func Classify(err error) (Outcome, Reason, string) {
	cause, text := wire.Explain(err)
	return outcomeOf(cause), Reason(cause), text
}

// outcomeOf: what the target did to us is a failure of it, and all else leaves
// open how it is.
func outcomeOf(cause wire.Cause) Outcome {
	switch cause {
	case wire.None:
		return Pass
	case wire.Refused, wire.Reset, wire.Closed, wire.Timeout, wire.Certificate:
		return Fail
	default:
		return Unknown
	}
}
