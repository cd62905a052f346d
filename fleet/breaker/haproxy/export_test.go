package haproxy

import (
	"time"

	"github.com/midwatch-cli/midwatch/fleet"
)

// Decode is what List makes of both tables, for the fuzzer.
func Decode(state, stat string) ([]fleet.Breaker, error) {
	servers, err := decodeState(state)
	if err != nil {
		return nil, err
	}
	if err := join(servers, stat); err != nil {
		return nil, err
	}
	list := []fleet.Breaker{}
	for i := range servers {
		list = append(list, servers[i].breaker(time.Unix(1e9, 0)))
	}
	return list, nil
}
