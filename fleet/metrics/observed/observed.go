// Package observed makes series of what midwatch itself sees: a snapshot in the
// words that PromQL asks in. They are the same in the store beside what is
// scraped, and in the exposition that commands write; docs/series.md lists them.
package observed

// Family is the series of one name. All are gauges: what was so when the pass
// ended.
type Family struct {
	Name   string
	Help   string   // one line
	Labels []string // further ones, beside those of whose they are
	Whose  Whose
}

// Whose is what a family is about, which decides the labels of its series.
type Whose uint8

// What a family may be about.
const (
	Instances Whose = iota
	Services
	Sources
	Passes
)

// Labels are the names of the labels that say whose a series is; those that are
// empty are left out.
func (w Whose) Labels() []string {
	switch w {
	case Instances:
		return []string{"context", "source", "namespace", "service", "instance", "zone", "version"}
	case Services:
		return []string{"context", "source", "namespace", "service"}
	case Sources:
		return []string{"context", "source"}
	case Passes:
	}
	return []string{"context"}
}

// place is where a family is in the table.
type place uint8

const (
	instanceUp place = iota
	instanceStatus
	instanceFlaky
	probeSuccess
	probeDuration
	certificateExpiry
	breakerState
	breakerFailures
	breakerSlow
	breakerCalls
	breakerRejected
	breakerSince
	scrapeSuccess
	scrapeDuration
	scrapeSamples
	scrapeDropped
	serviceStatus
	serviceInstances
	serviceUp
	registryUp
	registryServices
	registryInstances
	registryAge
	sweepDuration
	sweepEnd
	places
)

// table has a row for each family. Names and meanings are a contract: rows are
// added, never changed.
var table = [places]Family{
	instanceUp:        {"midwatch_instance_up", "1 where the instance is up or degraded, 0 where it is not or nobody knows.", nil, Instances},
	instanceStatus:    {"midwatch_instance_status", "1 for the status the instance has, 0 for the others.", []string{"status"}, Instances},
	instanceFlaky:     {"midwatch_instance_flaky", "1 where it took a retry to pass.", nil, Instances},
	probeSuccess:      {"midwatch_probe_success", "1 where the deciding probe passed, with a warning or without, 0 where it failed or settled nothing.", []string{"kind"}, Instances},
	probeDuration:     {"midwatch_probe_duration_seconds", "Time of the deciding probe by phase; phase total is the whole.", []string{"kind", "phase"}, Instances},
	certificateExpiry: {"midwatch_certificate_expiry_seconds", "Unix time at which the certificate that the instance showed ends, the earliest of several.", nil, Instances},
	breakerState:      {"midwatch_breaker_state", "1 for the state the breaker is in, 0 for the others.", []string{"breaker", "state"}, Instances},
	breakerFailures:   {"midwatch_breaker_failure_ratio", "Share of the calls in the breaker's window that failed, 0 to 1.", []string{"breaker"}, Instances},
	breakerSlow:       {"midwatch_breaker_slow_ratio", "Share of the calls in the breaker's window that were slow, 0 to 1.", []string{"breaker"}, Instances},
	breakerCalls:      {"midwatch_breaker_calls", "Calls in the breaker's window.", []string{"breaker"}, Instances},
	breakerRejected:   {"midwatch_breaker_rejected", "Calls that the breaker refused, as it counts them: it may begin anew.", []string{"breaker"}, Instances},
	breakerSince:      {"midwatch_breaker_since_seconds", "Unix time at which the breaker entered its state.", []string{"breaker"}, Instances},
	scrapeSuccess:     {"midwatch_scrape_success", "1 where the page of metrics was read, 0 where it could not be.", nil, Instances},
	scrapeDuration:    {"midwatch_scrape_duration_seconds", "Time it took to read the page of metrics.", nil, Instances},
	scrapeSamples:     {"midwatch_scrape_samples", "Samples of the page of metrics that were kept.", nil, Instances},
	scrapeDropped:     {"midwatch_scrape_samples_dropped", "Samples of the page of metrics that were not kept.", nil, Instances},
	serviceStatus:     {"midwatch_service_status", "1 for the status the service has, 0 for the others.", []string{"status"}, Services},
	serviceInstances:  {"midwatch_service_instances", "Instances of the service by status.", []string{"status"}, Services},
	serviceUp:         {"midwatch_service_up_ratio", "Share of the service's instances that are up or degraded, 0 to 1; 0 where it has none.", nil, Services},
	registryUp:        {"midwatch_registry_up", "1 where the registry answered at its last read.", nil, Sources},
	registryServices:  {"midwatch_registry_services", "Services the registry holds.", nil, Sources},
	registryInstances: {"midwatch_registry_instances", "Instances the registry holds.", nil, Sources},
	registryAge:       {"midwatch_registry_age_seconds", "Age of what the registry holds, as it was last read.", nil, Sources},
	sweepDuration:     {"midwatch_sweep_duration_seconds", "Time of the pass over all instances.", nil, Passes},
	sweepEnd:          {"midwatch_sweep_timestamp_seconds", "Unix time at which the pass ended.", nil, Passes},
}

// Families lists all there are, in the order of the documentation.
func Families() []Family {
	all := table
	return all[:]
}
