package red

import "github.com/midwatch-cli/midwatch/fleet/metrics/red/page"

// Saturation is how loaded the processes are. Of a service it is their sum; of
// shares, the worst.
type Saturation struct {
	CPU        Value // cores in use: 1 is one of them
	Memory     Value // resident, in bytes
	Heap       Value // in use, in bytes
	HeapShare  Value // of its limit
	Goroutines Value
	Threads    Value
	OpenFiles  Value  // share of the limit
	Pools      []Pool // sorted by kind and name
}

// Pool is a pool of connections or threads.
type Pool struct {
	Kind    string // hikaricp, tomcat, ...
	Name    string // as the page has it, untrusted; empty where there is one
	Busy    float64
	Max     float64
	Share   Value // busy of max
	Waiting Value
}

func gaugeNames() []string   { return []string{"up", "midwatch_instance_up"} }
func counterNames() []string { return []string{page.StartTime} }

func saturationOf(*page.Target) Saturation {
	n := none(WhyNoData)
	return Saturation{CPU: n, Memory: n, Heap: n, HeapShare: n, Goroutines: n, Threads: n, OpenFiles: n}
}

func saturationOfAll([]*instance) Saturation { return saturationOf(nil) }
