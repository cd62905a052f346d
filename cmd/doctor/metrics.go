package doctor

import (
	"context"
	"fmt"
	"net/url"
	"time"

	"github.com/midwatch-cli/midwatch/fleet/document"
	"github.com/midwatch-cli/midwatch/fleet/metrics"
	"github.com/midwatch-cli/midwatch/fleet/metrics/series"
	"github.com/midwatch-cli/midwatch/fleet/wiring"
	"github.com/midwatch-cli/midwatch/probe"
)

// metrics reads the instance's page of metrics. What comes of it says nothing of
// its health, and changes nothing but its own line; where it was not reached it
// is not tried.
func (w *walk) metrics(ctx context.Context) {
	if !w.reached {
		return
	}
	page, health := w.in.Plan.Metrics, w.in.Probes[0].Reason
	switch {
	case !w.in.Answered(), health == probe.ReasonProtocol, health == probe.ReasonScheme:
		w.d.add(w.in.Key, "metrics", "skipped", "", "not tried", 0)
		return
	case page == nil:
		w.d.add(w.in.Key, "metrics", "skipped", "", "not tried: nobody names an HTTP port that may have them", 0)
		return
	}
	read := wiring.Measure(w.session.Fleets, series.Options{}, 0).Collector(w.fleet()).
		Collect(ctx, metrics.Target{Key: w.in.Key, Zone: w.in.Zone, Version: w.in.Version, Page: *page})
	result, detail := document.StepResult("ok"), ""
	switch {
	case read.Why.Reason == "":
		detail = fmt.Sprintf("GET %s: %d samples (%s) in %v", pathOf(read.URL), read.Samples, read.Form, read.Took.Round(100*time.Microsecond))
		if read.Dropped > 0 {
			detail += fmt.Sprintf(", %d dropped", read.Dropped)
		}
		if read.Note != "" {
			detail += ": " + read.Note
		}
	case !page.Named && page.Refused == "" && read.Why.Reason != probe.ReasonAuth:
		result, detail = "skipped", "none found: "+read.Why.Detail // nobody says that it has any
	default:
		result, detail = "warning", read.Why.Detail
	}
	w.d.add(w.in.Key, "metrics", result, read.Why.Reason, detail, read.Took)
	w.d.steps[len(w.d.steps)-1].Hint = read.Hint
}

// pathOf is what was asked for of an address.
func pathOf(address string) string {
	u, err := url.Parse(address)
	if err != nil {
		return address
	}
	return u.RequestURI()
}
