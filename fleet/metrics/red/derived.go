package red

import (
	"time"

	"github.com/midwatch-cli/midwatch/fleet/metrics"
)

// The names of derived series: these of services, and the same of instances.
const (
	SeriesRequestRate  = "midwatch_service_request_rate"       // per second
	SeriesErrorRatio   = "midwatch_service_error_ratio"        // from 0 to 1
	SeriesClientErrors = "midwatch_service_client_error_ratio" // from 0 to 1
	SeriesLatency      = "midwatch_service_latency_seconds"    // by quantile: 0.5, 0.95, 0.99

	InstanceRequestRate  = "midwatch_instance_request_rate"
	InstanceErrorRatio   = "midwatch_instance_error_ratio"
	InstanceClientErrors = "midwatch_instance_client_error_ratio"
	InstanceLatency      = "midwatch_instance_latency_seconds"
)

// Series are the numbers of a report as series of one sample each, so that
// conditions in PromQL read the same for all stacks. They have the labels of
// their rows. What is n/a has no series. A quantile beyond the highest bound of
// its histogram is that bound, as in Prometheus.
func Series(r Report) []metrics.Series {
	var all []metrics.Series
	for _, row := range r.Services {
		all = row.series(all, r.At, [4]string{SeriesRequestRate, SeriesErrorRatio, SeriesClientErrors, SeriesLatency})
	}
	for _, row := range r.Instances {
		all = row.series(all, r.At, [4]string{InstanceRequestRate, InstanceErrorRatio, InstanceClientErrors, InstanceLatency})
	}
	return all
}

func (r *Row) series(all []metrics.Series, at time.Time, names [4]string) []metrics.Series {
	for _, one := range []struct {
		name, quantile string
		v              Value
	}{
		{names[0], "", r.Rate},
		{names[1], "", r.Errors},
		{names[2], "", r.ClientErrors},
		{names[3], "0.5", r.P50},
		{names[3], "0.95", r.P95},
		{names[3], "0.99", r.P99},
	} {
		if !one.v.OK {
			continue
		}
		pairs := []string{metrics.LabelName, one.name, "quantile", one.quantile}
		for _, l := range r.Labels {
			pairs = append(pairs, l.Name, l.Value)
		}
		all = append(all, metrics.Series{Labels: metrics.NewLabels(pairs...), Points: []metrics.Point{{T: at.UnixMilli(), V: one.v.V}}})
	}
	return all
}
