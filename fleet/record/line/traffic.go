package line

import "github.com/midwatch-cli/midwatch/fleet"

// traffic is what metrics said of a service or an instance. A number that nobody
// gave is left out.
type traffic struct {
	Window seconds `json:"windowSeconds,omitzero"`
	Rate   *number `json:"rate,omitzero"`
	Errors *number `json:"errorRatio,omitzero"`
	P50    *number `json:"p50Seconds,omitzero"`
	P95    *number `json:"p95Seconds,omitzero"`
	P99    *number `json:"p99Seconds,omitzero"`
	Over   bool    `json:"p99Exceeded,omitzero"`
	Why    string  `json:"why,omitzero"`
}

func trafficOf(t *fleet.Traffic) *traffic {
	if t == nil {
		return nil
	}
	return &traffic{
		Window: seconds(t.Window), Rate: rateOf(t.Rate), Errors: rateOf(t.Errors),
		P50: rateOf(t.P50), P95: rateOf(t.P95), P99: rateOf(t.P99), Over: t.Over, Why: t.Why,
	}
}

func (t *traffic) fleet() *fleet.Traffic {
	if t == nil {
		return nil
	}
	return &fleet.Traffic{
		Window: t.Window.duration(), Rate: t.Rate.rate(), Errors: t.Errors.rate(),
		P50: t.P50.rate(), P95: t.P95.rate(), P99: t.P99.rate(), Over: t.Over, Why: t.Why,
	}
}
