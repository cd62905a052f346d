package envoy

import "github.com/midwatch-cli/midwatch/fleet"

// Decode is what List makes of its three pages, for the fuzzer.
func Decode(clusters, stats, runtime []byte) ([]fleet.Breaker, error) {
	var v view
	if err := v.decodeClusters(clusters); err != nil {
		return nil, err
	}
	if err := v.stats.decode(stats); err != nil {
		return nil, err
	}
	if err := v.runtime.decode(runtime); err != nil {
		return nil, err
	}
	list := []fleet.Breaker{}
	for i := range v.clusters {
		list = append(list, v.breaker(&v.clusters[i]))
	}
	return list, nil
}

// AdminLayer is what Advise makes of a dump of the bootstrap.
var AdminLayer = adminLayer
