package line

import (
	"github.com/midwatch-cli/midwatch/fleet"
	"github.com/midwatch-cli/midwatch/fleet/record/line/figure"
)

// traffic is what metrics said of a service or an instance. A number that nobody
// gave is left out.
type traffic struct {
	Window figure.Seconds `json:"windowSeconds,omitzero"`
	Rate   *figure.Number `json:"rate,omitzero"`
	Errors *figure.Number `json:"errorRatio,omitzero"`
	P50    *figure.Number `json:"p50Seconds,omitzero"`
	P95    *figure.Number `json:"p95Seconds,omitzero"`
	P99    *figure.Number `json:"p99Seconds,omitzero"`
	Over   bool           `json:"p99Exceeded,omitzero"`
	Why    string         `json:"why,omitzero"`
}

func trafficOf(t *fleet.Traffic) *traffic {
	if t == nil {
		return nil
	}
	return &traffic{
		Window: figure.Seconds(t.Window), Rate: figure.RateOf(t.Rate), Errors: figure.RateOf(t.Errors),
		P50: figure.RateOf(t.P50), P95: figure.RateOf(t.P95), P99: figure.RateOf(t.P99), Over: t.Over, Why: t.Why,
	}
}

func (t *traffic) fleet() *fleet.Traffic {
	if t == nil {
		return nil
	}
	return &fleet.Traffic{
		Window: t.Window.Duration(), Rate: t.Rate.Rate(), Errors: t.Errors.Rate(),
		P50: t.P50.Rate(), P95: t.P95.Rate(), P99: t.P99.Rate(), Over: t.Over, Why: t.Why,
	}
}
