package probe

import (
	"crypto/tls"
	"fmt"
	"time"

	"github.com/midwatch-cli/midwatch/probe/wire"
)

// certificate is what there is to say of the certificate that was shown in a
// handshake that came about.
type certificate struct {
	ends    time.Time
	outcome Outcome // Pass, Warn or Fail
	reason  Reason
	text    string
}

// lookAtCertificate reads a finished handshake. Where verification was off, it
// is made up for here: what it finds is a warning, since somebody decided not
// to mind it.
func lookAtCertificate(state *tls.ConnectionState, cfg *tls.Config, t Target, warnDays, failDays int) certificate {
	c := certificate{ends: wire.ChainEnd(state), outcome: Pass}
	if err := wire.Doubt(state, cfg, authority(t)); err != nil {
		_, c.reason, c.text = Classify(err)
		c.outcome, c.text = Warn, "verification is off: "+c.text
		return c
	}
	left := time.Until(c.ends)
	days := func(n int) time.Duration { return time.Duration(n) * 24 * time.Hour }
	switch {
	case c.ends.IsZero():
		return c
	case failDays > 0 && left < days(failDays):
		c.outcome = Fail
	case warnDays > 0 && left < days(warnDays):
		c.outcome = Warn
	default:
		return c
	}
	c.reason = ReasonExpiring
	c.text = fmt.Sprintf("its certificate ends %s, in %d days", c.ends.UTC().Format(time.RFC3339), int(left/days(1)))
	return c
}

// worse puts the certificate's word beside that of the answer: its failure
// beats everything, its warning only what is well.
func (c certificate) worse(outcome Outcome, reason Reason, text string) (Outcome, Reason, string) {
	if c.outcome == Fail && outcome != Fail || c.outcome == Warn && outcome == Pass {
		return c.outcome, c.reason, c.text
	}
	return outcome, reason, text
}
